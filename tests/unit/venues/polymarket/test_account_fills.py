"""Fills of a whole Polymarket account, and orders that wait for rate tokens."""

import json
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from tests.unit.venues.polymarket.support import (
    CREDENTIALS,
    NO,
    Reply,
    client_of,
    market,
    spec,
)
from tests.unit.venues.polymarket.test_orders import KEY, Book, trade
from tests.unit.venues.polymarket.vectors import ADDRESS
from twoleg.core.events import AnswerStatus, Fill, FillStatus
from twoleg.core.market import Outcome, Side
from twoleg.errors import VenueUnavailable

SINCE_MS = 1_790_000_000_999
MAKER = "0x" + "cd" * 32


def made(**changes: Any) -> dict[str, Any]:
    """A resting order of ours in a trade: it sold NO at 0.48."""
    fields = {"order_id": MAKER, "matched_amount": "20", "price": "0.48", "asset_id": NO}
    return fields | {"side": "SELL", "owner": CREDENTIALS.key} | changes


async def fills_of(*trades: dict[str, Any]) -> tuple[Fill, ...]:
    book = Book()
    book.looks = [(None, list(trades))]
    terms = market()
    async with client_of(book) as client:
        fills = await client.orders.read_fills_since(SINCE_MS, {terms.id: terms})
    (request,) = book.requests
    assert dict(request.query) == {"after": "1790000000", "next_cursor": "MA=="}
    return fills


async def test_fills_of_the_account_are_those_of_takers_and_makers() -> None:
    taken = trade(1, status="CONFIRMED")
    rested = trade(2, trader_side="MAKER", maker_orders=[made(), made(owner="x", order_id="0x9")])
    one, two = await fills_of(taken, rested)
    assert (one.order_key, one.size_e6, one.status) == (KEY, 50_000_000, FillStatus.FINAL)
    assert (two.order_key, two.size_e6, two.fill_id) == (MAKER, 20_000_000, f"t2:{MAKER}")
    assert (two.outcome, two.side, two.price_e4) == (Outcome.NO, Side.SELL, 4_800)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"owner": CREDENTIALS.key, "maker_orders": [made()]}, KEY),
        ({"owner": "theirs", "maker_orders": [made()]}, MAKER),
        ({"owner": "theirs", "maker_orders": []}, KEY),
        (
            {
                "owner": "theirs",
                "maker_orders": [made(owner="another key", maker_address=ADDRESS.upper())],
            },
            MAKER,
        ),
    ],
)
async def test_trade_that_does_not_say_who_took_is_judged_by_its_parties(
    changes: dict[str, Any], key: str
) -> None:
    (fill,) = await fills_of(trade(1, trader_side=None, **changes))
    assert fill.order_key == key


async def test_trades_of_unknown_status_or_other_markets_are_told_and_left_out() -> None:
    strange = trade(1, status="MELTED")
    elsewhere = [trade(number, market="0xother") for number in (2, 3)]
    with capture_logs() as lines:
        assert await fills_of(strange, *elsewhere) == ()
    assert [line["event"] for line in lines].count("trade_in_other_market") == 1
    assert any("unknown_trade_status" in str(line) for line in lines)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, ""),
        (200, "nonsense"),
        (200, json.dumps({"data": [trade(1, size="x")], "next_cursor": "LTE="})),
        (200, json.dumps({"data": [trade(1, asset_id="7")], "next_cursor": "LTE="})),
    ],
)
async def test_account_that_cannot_be_read_is_unavailable(status: int, body: str) -> None:
    terms = market()
    async with client_of(lambda _request, _body: (status, body)) as client:
        with pytest.raises(VenueUnavailable):
            await client.orders.read_fills_since(0, {terms.id: terms})


async def test_order_is_named_by_its_hash() -> None:
    async with client_of(lambda _request, _body: (500, "")) as client:
        assert await client.orders.name_order(KEY.upper()) == KEY.lower()


async def test_order_held_back_tells_when_its_token_is_back() -> None:
    def respond(_request: web.Request, _body: bytes) -> Reply:
        return 400, '{"error":"order couldn\'t be fully filled"}'

    async with client_of(respond) as client:
        for _ in range(2):
            await client.orders.send(client.orders.prepare(spec()))
        held = await client.orders.send(client.orders.prepare(spec()))
        client.clock.now_ns += (held.retry_after_ms - 1) * 1_000_000
        early = await client.orders.send(client.orders.prepare(spec()))
        client.clock.now_ns += early.retry_after_ms * 1_000_000
        again = await client.orders.send(client.orders.prepare(spec()))
    assert (held.status, held.code, early.retry_after_ms) == (
        AnswerStatus.NOT_SENT,
        "no_tokens",
        1,
    )
    assert held.retry_after_ms > 1
    assert again.status is AnswerStatus.MISSED


async def test_refusal_for_too_many_orders_tells_when_to_come_back() -> None:
    def respond(_request: web.Request, _body: bytes) -> Any:
        return 429, "slow down", {"Retry-After": "7"}

    async with client_of(respond) as client:
        refused = await client.orders.send(client.orders.prepare(spec()))
        held = await client.orders.send(client.orders.prepare(spec()))
    assert (refused.status, refused.retry_after_ms) == (AnswerStatus.REJECTED, 7_000)
    assert (held.code, held.retry_after_ms) == ("no_tokens", 7_000)
