"""A finished execution of an earlier process that a late fill opens again."""

from tests.support.core import K, P, Rig, make_fill
from tests.support.exits import all_told, exit_of, fire
from twoleg.core.events import (
    AnswerStatus,
    ExecutionFound,
    FillBooked,
    LegAnswer,
    MoneySettled,
    OrderBooked,
    PositionReported,
)
from twoleg.core.market import Direction, Venue
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
