import json
from typing import Any

import pytest
from aiohttp import web

from tests.unit.venues.polymarket.support import CONDITION, MARKET_ID, YES, LoopNetwork, serving
from twoleg.errors import VenueUnavailable
from twoleg.venues.polymarket.data_api import DataApi, HeldPosition
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.transport import HttpExchange, make_session

WALLET = "0x" + "12" * 20
ROW = {
    "proxy_wallet": WALLET,
    "token_id": YES,
    "condition_id": CONDITION,
    "current_size": 12.3456789,
    "entry_cost_usdc": 5.5,
    "current_value": 12.3,
    "redeemable": True,
    "mergeable": False,
    "negative_risk": True,
    "title": "Will it rain?",
    "outcome": "Yes",
    "status": "REDEEMABLE",
}


async def read(answers: list[Any], **arguments: Any) -> tuple[Any, list[dict[str, str]]]:
    asked: list[dict[str, str]] = []

    def respond(request: web.Request, _body: bytes) -> tuple[int, str]:
        assert request.path == "/v2/positions"
        asked.append(dict(request.query))
        return 200, json.dumps(answers[min(len(asked), len(answers)) - 1])

    async with serving(respond) as url, make_session(LoopNetwork()) as session:
        api = DataApi(
            http=HttpExchange(session, venue="polymarket"),
            urls=PolymarketUrls(data=url),
            options=PolymarketOptions(pages_max=3),
        )
        return await api.read_positions(WALLET, **arguments), asked


async def test_positions_of_all_pages_in_integers() -> None:
    first = {"data": [ROW], "pagination": {"has_more": True, "next_cursor": "c1"}}
    last = {"data": [], "pagination": {"has_more": False, "next_cursor": None}}
    found, asked = await read([first, last], status="REDEEMABLE")
    assert found == (
        HeldPosition(
            market_id=MARKET_ID,
            token=YES,
            outcome_label="Yes",
            size_e6=12_345_678,
            cost_micros=5_500_000,
            value_micros=12_300_000,
            is_redeemable=True,
            is_mergeable=False,
            neg_risk=True,
            title="Will it rain?",
        ),
    )
    query = {"user": WALLET, "limit": "500", "status": "REDEEMABLE"}
    assert asked == [query, query | {"cursor": "c1"}]


async def test_positions_without_end_are_unavailable() -> None:
    page = {"data": [ROW], "pagination": {"has_more": True, "next_cursor": "c1"}}
    with pytest.raises(VenueUnavailable, match="too_many_pages"):
        await read([page])


@pytest.mark.parametrize("answer", [{}, {"data": [{}], "pagination": {}}, []])
async def test_positions_that_cannot_be_read_are_unavailable(answer: Any) -> None:
    with pytest.raises(VenueUnavailable):
        await read([answer])
