"""What a wallet did beside its trades."""

import json
from typing import Any

import pytest
from aiohttp import web

from tests.unit.venues.polymarket.support import CONDITION, MARKET_ID, LoopNetwork, serving
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Venue
from twoleg.errors import VenueUnavailable
from twoleg.venues.polymarket.activity import Activity
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.transport import HttpExchange, make_session

WALLET = "0x" + "12" * 20
SINCE_S = 1_790_000_000


def row(kind: str, **changes: Any) -> dict[str, Any]:
    told = {
        "type": kind,
        "timestamp": SINCE_S + 5,
        "transaction_hash": "0xaa",
        "condition_id": CONDITION,
        "usdc_size": 12.345678,
    }
    return told | changes


def page(*rows: Any, cursor: str | None = None) -> dict[str, Any]:
    return {"data": list(rows), "pagination": {"next_cursor": cursor}}


async def read(*pages: Any) -> tuple[tuple[CashFlow, ...], list[dict[str, str]]]:
    asked: list[dict[str, str]] = []

    def respond(request: web.Request, _body: bytes) -> tuple[int, str]:
        assert request.path == "/v2/activity"
        asked.append(dict(request.query))
        return 200, json.dumps(pages[min(len(asked), len(pages)) - 1])

    async with serving(respond) as url, make_session(LoopNetwork()) as session:
        activity = Activity(
            http=HttpExchange(session, venue="polymarket"),
            urls=PolymarketUrls(data=url),
            options=PolymarketOptions(pages_max=3),
            wallet=WALLET,
        )
        return await activity.read_flows(SINCE_S * 1_000 + 999), asked


async def test_redemptions_and_rebates_are_told_and_trades_are_not() -> None:
    found, asked = await read(
        page(row("TRADE"), row("REDEEM"), cursor="c1"),
        page(row("REWARD", condition_id=None), row("SPLIT"), row("REDEEM", timestamp=SINCE_S - 1)),
    )
    assert [(flow.kind, flow.market_id, flow.micros) for flow in found] == [
        (FlowKind.REDEMPTION, MARKET_ID, 12_345_678),
        (FlowKind.REBATE, "", 12_345_678),
    ]
    assert {(flow.venue, flow.shard) for flow in found} == {(Venue.POLYMARKET, 0)}
    assert len({flow.reference for flow in found}) == 2
    assert [query.get("cursor") for query in asked] == [None, "c1"]


async def test_pages_from_before_are_not_asked_for() -> None:
    found, asked = await read(page(row("REWARD", timestamp=SINCE_S - 1), cursor="c1"))
    assert (found, len(asked)) == ((), 1)


async def test_activity_without_end_is_unavailable() -> None:
    with pytest.raises(VenueUnavailable, match="too_many_pages"):
        await read(page(row("TRADE"), cursor="c1"))


@pytest.mark.parametrize("answer", [{}, {"data": [{}], "pagination": {}}, []])
async def test_activity_that_cannot_be_read_is_unavailable(answer: Any) -> None:
    with pytest.raises(VenueUnavailable):
        await read(answer)
