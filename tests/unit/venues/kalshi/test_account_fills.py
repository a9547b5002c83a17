"""Fills of a whole Kalshi account, and orders that wait for rate tokens."""

from typing import Any

import pytest

from tests.unit.venues.kalshi.support import (
    FakeClock,
    ScriptedKalshi,
    kalshi_orders,
    ref,
    spec,
)
from tests.unit.venues.kalshi.test_orders import (
    FILLS,
    HISTORY,
    ORDERS,
    created,
    fill_row,
    fills_page,
    refused,
    row,
)
from twoleg.core.events import AnswerStatus
from twoleg.core.market import Outcome, Side
from twoleg.errors import VenueUnavailable
from twoleg.venues.kalshi.options import KalshiOptions

S = AnswerStatus


async def test_fills_of_the_account_are_told_as_what_they_acquired() -> None:
    venue = ScriptedKalshi()
    theirs = fill_row("t-2", "1.00", "0.4000") | {"order_id": "o-9", "book_side": "ask"}
    rows = [fill_row("t-1", "4.00"), theirs]
    venue.script(
        FILLS,
        fills_page(rows[0] | {"ticker": "KXONE"}, cursor="more"),
        fills_page(rows[1] | {"market_ticker": "KXTWO"}),
    )
    clock = FakeClock()
    async with kalshi_orders(venue, clock=clock) as orders:
        one, two = await orders.read_fills_since(1_790_000_000_999, {})
    assert (one.market_id, one.order_key, one.venue_order_id) == ("kalshi:KXONE", "", "o-1")
    assert (two.market_id, two.outcome, two.side) == ("kalshi:KXTWO", Outcome.NO, Side.BUY)
    assert (two.price_e4, two.notional_micros) == (6_000, 600_000)
    asked = venue.requests[0][2]
    assert (asked["min_ts"], asked["subaccount"], "order_id" in asked) == ("1790000000", "0", False)


@pytest.mark.parametrize(
    "reply", [(500, b""), (200, b"{"), fills_page(fill_row("t-1", "1.00")), fills_page(cursor="x")]
)
async def test_fills_of_the_account_that_cannot_be_read_are_unavailable(
    reply: tuple[int, Any],
) -> None:
    venue = ScriptedKalshi()
    venue.script(FILLS, reply)
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        with pytest.raises(VenueUnavailable):
            await orders.read_fills_since(0, {})


async def test_lists_of_the_account_leave_the_tokens_that_rollbacks_need() -> None:
    venue = ScriptedKalshi()
    venue.script(FILLS, fills_page())
    options = KalshiOptions(read_capacity=40, read_refill_per_s=1, read_reserved=20)
    async with kalshi_orders(venue, clock=FakeClock(), options=options) as orders:
        for _ in range(2):
            await orders.read_fills_since(0, {})
        with pytest.raises(VenueUnavailable, match="rate_budget_empty"):
            await orders.read_fills_since(0, {})
        assert await orders.read_fills(ref(venue_order_id="o-1")) == ()


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        ((200, {"order": row("executed", "25.00")}), "key-1"),
        (refused(404, "not_found"), ""),
    ],
)
async def test_order_of_a_fill_is_named(reply: tuple[int, Any], name: str) -> None:
    venue = ScriptedKalshi()
    venue.script(f"{HISTORY}/o-1", reply)
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        assert await orders.name_order("o-1") == name


async def test_order_held_back_tells_when_its_tokens_are_back() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, created("25.00"))
    clock = FakeClock()
    async with kalshi_orders(venue, clock=clock) as orders:
        for _ in range(6):
            await orders.send(orders.prepare(spec()))
        held = await orders.send(orders.prepare(spec()))
        clock.now_ns += (held.retry_after_ms - 1) * 1_000_000
        early = await orders.send(orders.prepare(spec()))
        clock.now_ns += early.retry_after_ms * 1_000_000
        again = await orders.send(orders.prepare(spec()))
    assert (held.status, held.retry_after_ms) == (S.NOT_SENT, 100)
    assert (early.code, early.retry_after_ms, again.status) == ("no_tokens", 1, S.FILLED)


async def test_order_refused_for_too_many_requests_tells_when_to_come_back() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, (429, {"error": "too many requests"}))
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        answer = await orders.send(orders.prepare(spec()))
    # Ten tokens for the order above the forty that are kept back, at a hundred a second.
    assert (answer.status, answer.retry_after_ms) == (S.REJECTED, 500)
