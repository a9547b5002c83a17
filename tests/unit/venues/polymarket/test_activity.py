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


async def test_venue_is_asked_for_money_alone_and_from_then_on() -> None:
    _, (query,) = await read(page())
    assert "TRADE" not in query["type"].split(",")
    assert {"REDEEM", "DEPOSIT", "WITHDRAWAL"} <= set(query["type"].split(","))
    assert query["exclude_deposits_withdrawals"] == "false"
    assert query["start"] == str(SINCE_S - 1)


@pytest.mark.parametrize(
    ("kind", "amounts", "micros"),
    [
        ("DEPOSIT", {}, 12_345_678),
        ("DEPOSIT", {"usdc_size": 0, "size": 2}, 2_000_000),
        ("WITHDRAWAL", {}, -12_345_678),
        ("WITHDRAWAL", {"usdc_size": -2}, -2_000_000),
    ],
)
async def test_money_in_and_out_is_signed(kind: str, amounts: dict[str, Any], micros: int) -> None:
    (found,), _ = await read(page(row(kind, condition_id=None, **amounts)))
    assert (found.kind.value, found.micros, found.market_id) == (kind.lower(), micros, "")


async def test_row_without_a_time_is_told_and_ends_no_reading() -> None:
    rows = page(row("REWARD", timestamp=0), cursor="c1"), page(row("REDEEM"))
    found, asked = await read(*rows)
    assert ([flow.ts_ms for flow in found], len(asked)) == ([0, (SINCE_S + 5) * 1_000], 2)


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
