"""Cash that orders took is gone at once: nothing is sized on it while its execution is open."""

import pytest

from tests.support.core import ONE, K, P, Rig, make_fill
from tests.support.exits import BIDS, exit_of, fire
from tests.support.siblings import exit_early, hedge, orders_of
from twoleg.core.events import (
    AnswerStatus,
    BooksVoid,
    CashReported,
    ExecutionFound,
    FillBooked,
    FillVoided,
    LegAnswer,
    MoneySettled,
    OrderBooked,
    TimerFired,
)
from twoleg.core.market import Direction, Side, Venue
from twoleg.core.orders import OrderSpec

S = AnswerStatus
CASH = 1_000 * ONE


def free(rig: Rig, venue: Venue) -> int:
    market = rig.engine.books().markets[rig.pair.market_on(venue)]
    return rig.executions.funds.free(market)


def with_cash(rig: Rig) -> Rig:
    for venue in Venue:
        rig.send(CashReported(venue, ((0, CASH),)))
    return rig


def cost(spec: OrderSpec) -> int:
    return spec.limit_e4 * spec.size_e6 // 10_000


def filled(spec: OrderSpec) -> LegAnswer:
    return LegAnswer(status=S.FILLED, filled_e6=spec.size_e6, notional_micros=cost(spec))


def held(rig: Rig) -> OrderSpec:
    """Kalshi's leg filled and is booked, Polymarket's missed, and there is no way out."""
    first, second = fire(rig)
    rig.send(BooksVoid((K, P), "disconnected"))
    rig.answer(first, S.FILLED, first.size_e6, cost(first))
    rig.answer(second, S.MISSED)
    rig.book_fill(first, first.size_e6, cost(first))
    return first


def test_cash_of_a_held_leg_is_not_free_before_its_venue_says_so() -> None:
    rig = with_cash(Rig())
    first = held(rig)
    assert rig.engine.open_executions == 1
    assert free(rig, Venue.KALSHI) <= CASH - cost(first)


def test_venue_is_believed_while_a_residual_is_held() -> None:
    rig = with_cash(Rig())
    first = held(rig)
    rig.send(CashReported(Venue.KALSHI, ((0, 300 * ONE),)))
    assert free(rig, Venue.KALSHI) <= 300 * ONE
    # It is in that figure: closing spends nothing of it once more.
    before = free(rig, Venue.KALSHI)
    rig.send(FillVoided(1, first.order_no, make_fill(first, first.size_e6, cost(first))))
    assert rig.engine.open_executions == 0
    assert free(rig, Venue.KALSHI) == 300 * ONE + cost(first) >= before


def test_venue_is_not_believed_while_an_order_is_out() -> None:
    rig = with_cash(Rig())
    fire(rig)
    before = free(rig, Venue.KALSHI)
    rig.send(CashReported(Venue.KALSHI, ((0, 5 * CASH),)))
    assert free(rig, Venue.KALSHI) == before


def test_fill_on_record_of_an_order_that_is_unknown_may_be_void() -> None:
    """The process died between the fill and the answer; the fill fails before the look-up ends."""
    first, second = fire(Rig())
    rig = with_cash(Rig())
    legs = ((first, LegAnswer(status=S.MISSED)), (second, None))
    booked = (OrderBooked(), OrderBooked(second.size_e6, cost(second)))
    rig.send(ExecutionFound(1, rig.pair, Direction.KALSHI_YES, legs, booked=booked))
    assert free(rig, Venue.POLYMARKET) <= CASH - cost(second)
    rig.send(FillVoided(1, second.order_no, make_fill(second, second.size_e6, cost(second))))
    # A look-up that still counts what failed changes nothing.
    rig.answer(second, S.FILLED, second.size_e6, cost(second))
    assert rig.engine.open_executions == 0
    assert free(rig, Venue.POLYMARKET) == CASH


@pytest.mark.parametrize("is_told", [False, True])
def test_leg_that_filled_before_a_restart_is_paid_for_once(*, is_told: bool) -> None:
    """Told without it, the cash is less by what the leg cost as soon as the leg is known."""
    first, second = fire(Rig())
    rig = with_cash(Rig())
    legs = ((first, filled(first)), (second, LegAnswer(status=S.MISSED)))
    rig.send(ExecutionFound(1, rig.pair, Direction.KALSHI_YES, legs))
    # Before its fills are read again, and after.
    assert free(rig, Venue.KALSHI) <= CASH - cost(first)
    if is_told:
        rig.send(FillBooked(1, first.order_no, make_fill(first, first.size_e6, cost(first))))
    rig.send(MoneySettled(1, first.order_no, first.size_e6, cost(first), 0))
    assert rig.engine.open_executions == 1
    # But for what was reserved for fees that were not taken.
    assert CASH - 2 * cost(first) < free(rig, Venue.KALSHI) <= CASH - cost(first)


def test_finished_execution_that_is_opened_again_costs_only_what_is_new() -> None:
    first, second = fire(Rig())
    rig = with_cash(Rig())
    booked = [(spec.size_e6, cost(spec), 0) for spec in (first, second)]
    rig.send(
        ExecutionFound(
            1,
            rig.pair,
            Direction.KALSHI_YES,
            ((first, filled(first)), (second, filled(second))),
            was_closed=True,
            booked=tuple(OrderBooked(*figures) for figures in booked),
            is_accounted=True,
        )
    )
    late = make_fill(second, ONE, ONE // 2, key="late")
    rig.send(FillBooked(1, second.order_no, late))
    assert free(rig, Venue.POLYMARKET) == CASH - ONE // 2
    rig.send(MoneySettled(1, first.order_no, *booked[0]))
    rig.send(MoneySettled(1, second.order_no, second.size_e6 + ONE, cost(second) + ONE // 2, 0))
    assert free(rig, Venue.POLYMARKET) == CASH - ONE // 2
    # But for a bound of fees that were not taken.
    assert CASH - ONE < free(rig, Venue.KALSHI) <= CASH


def test_reserve_shrinks_by_what_was_taken_of_it() -> None:
    rig = with_cash(Rig())
    first, _ = fire(rig)
    reserved = CASH - free(rig, Venue.KALSHI)
    assert reserved >= cost(first)
    rig.fill(first)
    # Spent now, not reserved and spent.
    assert CASH - free(rig, Venue.KALSHI) == reserved


def test_sale_of_a_residual_brings_its_cash() -> None:
    rig = with_cash(Rig())
    first = held(rig)
    rig.send(rig.book(K, BIDS, [(4_900, 100 * ONE)]))
    sale = exit_of(rig.send(TimerFired("retry:1")))
    assert (sale.side, sale.size_e6) == (Side.SELL, first.size_e6)
    proceeds = 4_700 * sale.size_e6 // 10_000
    rig.fill(sale, price_e4=4_700)
    assert rig.engine.open_executions == 0
    assert free(rig, Venue.KALSHI) == CASH - cost(first) + proceeds


def test_what_a_rollback_buys_is_reserved_while_it_is_out() -> None:
    rig = with_cash(Rig())
    first, second = fire(rig)
    for spec in (first, second):
        rig.answer(spec, S.FILLED, spec.size_e6, cost(spec))
        rig.book_fill(spec, spec.size_e6, cost(spec))
    before = free(rig, Venue.POLYMARKET)
    rig.seen.clear()
    rig.send(FillVoided(1, second.order_no, make_fill(second, second.size_e6, cost(second))))
    [bought] = orders_of(rig.seen)
    assert (bought.venue, bought.side) == (Venue.POLYMARKET, Side.BUY)
    assert rig.executions.funds.unhedged_micros >= cost(bought)
    # The first one's money came back with its fill, and is set aside for this one.
    assert free(rig, Venue.POLYMARKET) <= before + cost(second) - cost(bought)


def test_early_exit_that_is_stuck_half_way_is_naked() -> None:
    """Its sales need no cash; the leg that it could not sell stands alone all the same."""
    rig = Rig()
    hedge(rig)
    first, second = exit_early(rig)
    rig.send(BooksVoid((K, P), "disconnected"))
    rig.answer(first, S.FILLED, first.size_e6, cost(first))
    rig.answer(second, S.MISSED)
    # Who sold YES at some price stands as who bought NO for the rest of the dollar.
    assert rig.executions.funds.unhedged_micros >= first.size_e6 - cost(first)


def test_what_a_held_residual_buys_at_last_is_reserved_too() -> None:
    """It was tried again at a change of a book, not at news of the execution."""
    rig = with_cash(Rig())
    held(rig)
    rig.seen.clear()
    rig.pass_ms(3_000)
    rig.seen += rig.send(rig.book(K, [(100, ONE // 100)], [(9_900, 100 * ONE)]))
    rig.seen += rig.send(rig.book(P, [(5_000, 100 * ONE)], [(5_100, 100 * ONE)]))
    rig.seen += rig.send(TimerFired("retry:1"))
    bought = next(order for order in orders_of(rig.seen) if order.side is Side.BUY)
    assert bought.venue is Venue.POLYMARKET
    assert free(rig, Venue.POLYMARKET) <= CASH - cost(bought)


def test_what_a_late_answer_tells_is_reserved_until_its_fills_are_booked() -> None:
    """The execution had ended, and gave back what it had set aside."""
    rig = with_cash(Rig())
    first, second = fire(rig)
    for spec in (first, second):
        rig.answer(spec, S.MISSED)
    assert free(rig, Venue.KALSHI) == CASH
    rig.send(BooksVoid((K, P), "disconnected"))
    rig.answer(first, S.FILLED, first.size_e6, cost(first))
    assert rig.engine.open_executions == 1
    assert free(rig, Venue.KALSHI) <= CASH - cost(first)
    assert rig.executions.funds.unhedged_micros >= cost(first)
