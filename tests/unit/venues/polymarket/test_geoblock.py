import json
from typing import Any

import pytest

from tests.unit.venues.polymarket.support import LoopNetwork, serving
from twoleg.errors import ConfigError
from twoleg.venues.polymarket.geoblock import Access, Geoblock, probe_geoblock
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.transport import HttpExchange, make_session


async def probe(status: int, body: Any) -> Geoblock:
    async with (
        serving(lambda _request, _body: (status, json.dumps(body))) as url,
        make_session(LoopNetwork()) as session,
    ):
        return await probe_geoblock(
            http=HttpExchange(session, venue="polymarket"),
            urls=PolymarketUrls(geoblock=url + "/api/geoblock"),
            options=PolymarketOptions(),
        )


@pytest.mark.parametrize(
    ("blocked", "access", "may_trade"), [(True, Access.BLOCKED, False), (False, Access.OPEN, True)]
)
async def test_probe_tells_whether_and_where_and_keeps_no_address(
    access: Access, *, blocked: bool, may_trade: bool
) -> None:
    found = await probe(
        200, {"blocked": blocked, "ip": "203.0.113.9", "country": "US", "region": "NY"}
    )
    assert (found.access, found.may_trade, found.country, found.region) == (
        access,
        may_trade,
        "US",
        "NY",
    )
    assert str(found) == f"{access.value} US-NY"
    assert "203.0.113.9" not in repr(found)


@pytest.mark.parametrize(("status", "body"), [(503, {}), (403, {}), (200, {"ip": "x"}), (200, [])])
async def test_probe_that_fails_is_unknown_and_no_reason_to_stop(status: int, body: Any) -> None:
    found = await probe(status, body)
    assert (found.access, found.may_trade) == (Access.UNKNOWN, True)
    assert found.reason


async def test_probe_over_a_plain_url_to_a_stranger_is_refused() -> None:
    async with make_session(LoopNetwork()) as session:
        with pytest.raises(ConfigError):
            await probe_geoblock(
                http=HttpExchange(session, venue="polymarket"),
                urls=PolymarketUrls(geoblock="http://example.com"),
                options=PolymarketOptions(),
            )
