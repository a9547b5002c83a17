"""A market pays: a residual of which the long leg is paid is none that an order could close."""

from itertools import product

import pytest

from tests.support.core import (
    ONE,
    PAIR_ID,
    K,
    P,
    Rig,
    notes,
)
from tests.support.exits import exit_of, fire
from tests.support.siblings import SIZE, cost, exit_early, hedge, orders_of
from twoleg.core.actions import NoteKind
from twoleg.core.breaker import BreakerState
from twoleg.core.events import (
    AnswerStatus,
    BooksVoid,
    MarketResolved,
    TimerFired,
)
from twoleg.core.execution import ExecutionState
from twoleg.core.market import Direction, LegMode, MarketId, Polarity, Venue
from twoleg.core.orders import OrderSpec

CASES = list(product(Polarity, Direction, Venue))
MARKETS: dict[Venue, MarketId] = {Venue.KALSHI: K, Venue.POLYMARKET: P}
MINUTE_MS = 60_001


def pays(rig: Rig, venue: Venue) -> list[OrderSpec]:
    """The market of the pair on a venue pays; the orders that are sent for it."""
    return orders_of(rig.send(MarketResolved(MARKETS[venue])))


def held(rig: Rig, venue: Venue) -> OrderSpec:
    """The leg on a venue filled, the other missed, and no book shows a way out: held, alarmed."""
    legs = {order.venue: order for order in fire(rig)}
    rig.send(BooksVoid((K, P), "disconnected"))
    rig.fill(legs[venue], size_e6=SIZE)
    rig.answer(legs[venue.other], AnswerStatus.MISSED)
    rig.pass_ms(1_000)
    rig.send(TimerFired("retry:1"))
    assert rig.executions._open[1].state is ExecutionState.HOLDING
    assert rig.executions.breaker.last_reason == "residual_held"
    return legs[venue]


def closed_as(rig: Rig) -> list[object]:
    return [fields["closed_as"] for fields in notes(rig.seen, NoteKind.EXECUTION_CLOSED)]


@pytest.mark.parametrize(("polarity", "direction", "venue"), CASES)
def test_residual_ends_with_the_market_that_pays_for_it(
    polarity: Polarity, direction: Direction, venue: Venue
) -> None:
    rig = Rig(polarity=polarity, direction=direction)
    leg = held(rig, venue)
    # The other one's payout is nobody's: what is held can still be sold.
    assert pays(rig, venue.other) == []
    assert (rig.engine.open_executions, closed_as(rig)) == (1, [])
    assert rig.executions.held_markets
    assert pays(rig, venue) == []
    assert (rig.engine.open_executions, closed_as(rig)) == (0, ["unhedged"])
    assert rig.executions.held_markets == {}
    tally = rig.engine.tally
    assert (tally.unhedged, tally.hedged, tally.rolled_back, tally.missed) == (1, 0, 0, 0)
    # Nobody knows yet what it pays: it counts as lost.
    assert tally.net_micros == -cost(leg, SIZE)
    assert rig.engine.marked_micros == 0


def test_breaker_cools_down_once_what_held_it_open_is_paid() -> None:
    rig = Rig()
    held(rig, Venue.KALSHI)
    breaker = rig.executions.breaker
    rig.pass_ms(MINUTE_MS)
    rig.send(TimerFired("retry:1"))
    rig.pass_ms(2 * MINUTE_MS)
    pays(rig, Venue.POLYMARKET)
    assert not breaker.allows(rig.now_ns)
    assert "residual_held" in breaker.why_closed(rig.now_ns)
    pays(rig, Venue.KALSHI)
    assert breaker.state is BreakerState.OPEN
    assert breaker.why_closed(rig.now_ns) == ""
    assert breaker.allows(rig.now_ns)


def test_short_leg_s_market_alone_leaves_the_long_one_to_be_sold() -> None:
    rig = Rig()
    held(rig, Venue.KALSHI)
    pays(rig, Venue.POLYMARKET)
    rig.pass_ms(1_000)
    order = exit_of(rig.send(rig.book(K, [(4_700, 100 * ONE)], [(4_900, 100 * ONE)])))
    assert (order.venue, order.size_e6) == (Venue.KALSHI, SIZE)


@pytest.mark.parametrize("mode", [LegMode.CONCURRENT, LegMode.KALSHI_FIRST])
@pytest.mark.parametrize(("polarity", "direction", "venue"), CASES)
def test_early_exit_ends_with_the_market_where_it_has_yet_to_sell(
    polarity: Polarity, direction: Direction, venue: Venue, mode: LegMode
) -> None:
    if mode is LegMode.KALSHI_FIRST and venue is Venue.POLYMARKET:
        mode = LegMode.POLYMARKET_FIRST
    rig = Rig(polarity=polarity, direction=direction)
    hedge(rig)
    sales = {order.venue: order for order in exit_early(rig, mode=mode)}
    rig.send(BooksVoid((K, P), "disconnected"))
    rig.seen.clear()
    rig.fill(sales[venue], size_e6=SIZE)
    if venue.other in sales:
        rig.answer(sales[venue.other], AnswerStatus.MISSED)
    assert rig.executions._open[2].state is ExecutionState.HOLDING
    assert pays(rig, venue) == []
    assert (list(rig.executions._open), closed_as(rig)) == ([2], [])
    assert pays(rig, venue.other) == []
    assert (rig.engine.open_executions, closed_as(rig)) == (0, ["unhedged"])
    assert abs(rig.engine.carry_e6(PAIR_ID)) == SIZE


@pytest.mark.parametrize("venue", Venue)
def test_closed_execution_stays_closed(venue: Venue) -> None:
    rig = Rig()
    hedge(rig)
    rig.seen.clear()
    pays(rig, venue)
    assert (rig.seen, rig.engine.open_executions) == ([], 0)
    assert rig.engine.tally.hedged == 1


@pytest.mark.parametrize("venue", Venue)
def test_execution_that_opens_again_after_its_market_paid_sends_no_order(venue: Venue) -> None:
    rig = Rig()
    _, second = hedge(rig)
    pays(rig, venue)
    orders = orders_of(rig.void_fill(second, SIZE, cost(second, SIZE)))
    if venue is Venue.POLYMARKET:
        # Kalshi's leg stands alone, and is there to be sold.
        assert [order.size_e6 for order in orders] == [SIZE]
        return
    assert orders == []
    assert (rig.engine.open_executions, closed_as(rig)) == (0, ["hedged", "unhedged"])
    assert (rig.engine.tally.hedged, rig.engine.tally.unhedged) == (0, 1)


def test_order_that_was_out_when_the_market_paid_is_waited_for() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.send(BooksVoid((K, P), "disconnected"))
    rig.fill(first, size_e6=SIZE)
    pays(rig, Venue.KALSHI)
    assert rig.engine.open_executions == 1
    rig.answer(second, AnswerStatus.UNKNOWN)
    assert rig.engine.open_executions == 1
    rig.answer(second, AnswerStatus.MISSED)
    assert (rig.engine.open_executions, closed_as(rig)) == (0, ["unhedged"])


def test_late_fill_after_the_end_makes_it_hedged() -> None:
    rig = Rig()
    held(rig, Venue.KALSHI)
    pays(rig, Venue.KALSHI)
    missed = rig.executions._closed[1].orders[1].spec
    rig.book_fill(missed, SIZE, 9 * ONE, key="late")
    assert (rig.engine.open_executions, closed_as(rig)) == (0, ["unhedged", "hedged"])
    assert rig.engine.carry_e6(PAIR_ID) == 0
