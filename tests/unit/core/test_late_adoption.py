"""A finished execution of an earlier process that a late fill opens again."""

from tests.support.core import K, P, Rig, fires, make_fill
from tests.support.exits import all_told, exit_of, fire
from twoleg.core.events import (
    AnswerStatus,
    BooksVoid,
    ExecutionFound,
    FillBooked,
    LegAnswer,
    MoneySettled,
    OrderBooked,
    PositionReported,
)
from twoleg.core.execution import Execution
from twoleg.core.market import Direction, Side, Venue
from twoleg.core.orders import OrderSpec
from twoleg.core.units import LOT_E6

ONE = 100 * LOT_E6
HELD_E6 = 20 * ONE
LATE_E6 = 5 * ONE


def reopened(late_e6: int) -> Rig:
    """An engine that was told the holdings, and then of the execution that they come from."""
    first, second = fire(Rig())
    known = LegAnswer(status=AnswerStatus.FILLED, filled_e6=HELD_E6, notional_micros=9 * ONE)
    orders = ((first, known), (second, known))
    rig = Rig()
    rig.send(PositionReported(K, HELD_E6, 0))
    rig.send(PositionReported(P, 0, HELD_E6))
    rig.quote()
    found = ExecutionFound(
        1,
        rig.pair,
        Direction.KALSHI_YES,
        orders,
        was_closed=True,
        booked=(OrderBooked(HELD_E6, 9 * ONE),) * 2,
        is_accounted=True,
    )
    rig.send(found)
    rig.seen.clear()
    if late_e6:
        rig.send(FillBooked(1, 1, make_fill(second, late_e6, late_e6 * 45 // 100, key="late")))
    for number, spec in enumerate((first, second)):
        extra_e6 = late_e6 if spec is second else 0
        rig.send(MoneySettled(1, number, HELD_E6 + extra_e6, 9 * ONE, 0))
    return rig


def test_late_fill_is_a_residual_of_its_own_size() -> None:
    rig = reopened(LATE_E6)
    assert rig.engine.open_executions == 1
    assert exit_of(all_told(rig)).size_e6 == LATE_E6


def test_what_was_in_the_holdings_is_not_counted_twice() -> None:
    rig = reopened(0)
    assert rig.engine.open_executions == 0
    holdings = rig.executions.holdings
    assert holdings.held_e6(rig.pair.id) == HELD_E6
    assert holdings.carry_e6(rig.pair.id) == 0
    assert holdings.exposures_e6(rig.pair.id) == {Venue.KALSHI: HELD_E6, Venue.POLYMARKET: -HELD_E6}


def sold_again() -> tuple[Rig, OrderSpec, OrderSpec]:
    """Polymarket's leg filled and was sold again, as Kalshi's missed: the purchase and the sale."""
    rig = Rig()
    first, second = fire(rig)
    rig.answer(first, AnswerStatus.MISSED)
    rig.send(BooksVoid((K,), "disconnected"))
    sale = exit_of(rig.fill(second))
    assert (sale.venue, sale.side) == (Venue.POLYMARKET, Side.SELL)
    rig.fill(sale)
    assert rig.engine.open_executions == 0
    return rig, second, sale


def cost(spec: OrderSpec) -> int:
    return spec.limit_e4 * spec.size_e6 // 10_000


def test_sale_of_tokens_that_never_came_is_about_to_fail_too() -> None:
    rig, bought, sale = sold_again()
    # The purchase failed: by the numbers of this moment the sale stands alone.
    assert fires(rig.void_fill(bought, bought.size_e6, cost(bought))) == []
    rig.pass_ms(5)
    assert fires(rig.void_fill(sale, sale.size_e6, cost(sale))) == []
    assert (rig.engine.open_executions, rig.engine.carry_e6(rig.pair.id)) == (0, 0)


def test_sale_that_stands_without_its_purchase_is_covered_after_a_moment() -> None:
    rig, bought, sale = sold_again()
    rig.void_fill(bought, bought.size_e6, cost(bought))
    assert exit_of(all_told(rig)).size_e6 == sale.size_e6


def test_late_sale_takes_what_an_early_exit_was_given_to_sell() -> None:
    rig, _, sale = sold_again()
    other = Execution(7, rig.pair, Direction.KALSHI_YES, rig.now_ns)
    key = (sale.venue, sale.outcome)
    other.inventory_e6[key] = sale.size_e6
    rig.executions._open[7] = other
    more = make_fill(sale, 2 * ONE, ONE, key="late")
    rig.send(FillBooked(1, sale.order_no, more))
    assert other.own_e6(*key) == sale.size_e6 - 2 * ONE
