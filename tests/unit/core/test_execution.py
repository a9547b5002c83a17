"""The execution's table, and the numbers that it is judged by."""

from itertools import product

import pytest
from msgspec import structs

from tests.support.core import K, kalshi_market, make_pair, order_spec, polymarket_market
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.execution import (
    IMPOSSIBLE,
    TRANSITIONS,
    Execution,
    ExecutionState,
    OrderState,
    Signal,
    advance,
)
from twoleg.core.market import Direction, Outcome, Polarity, Side, Venue
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.errors import IllegalTransition, InvariantBroken

S, G = ExecutionState, Signal
ONE = 1_000_000

# Every state's possible signals, written out a second time.
ROWS: dict[ExecutionState, dict[Signal, ExecutionState]] = {
    S.FIRING: {
        G.AWAITING: S.FIRING,
        G.UNRESOLVED: S.RESOLVING,
        G.FLAT: S.SETTLING,
        G.RESIDUAL: S.ROLLING_BACK,
        G.BOOKED: S.CLOSED,
    },
    S.RESOLVING: {
        G.UNRESOLVED: S.RESOLVING,
        G.FLAT: S.SETTLING,
        G.RESIDUAL: S.ROLLING_BACK,
        G.BOOKED: S.CLOSED,
    },
    S.ROLLING_BACK: {
        G.AWAITING: S.ROLLING_BACK,
        G.UNRESOLVED: S.RESOLVING,
        G.RESIDUAL: S.ROLLING_BACK,
        G.FLAT: S.SETTLING,
        G.BOOKED: S.CLOSED,
        G.BARRED: S.HOLDING,
    },
    S.HOLDING: {
        G.RETRY: S.ROLLING_BACK,
        G.RESIDUAL: S.HOLDING,
        G.FLAT: S.SETTLING,
        G.BOOKED: S.CLOSED,
    },
    S.SETTLING: {G.FLAT: S.SETTLING, G.BOOKED: S.CLOSED, G.RESIDUAL: S.ROLLING_BACK},
    S.CLOSED: {G.RESIDUAL: S.ROLLING_BACK, G.FLAT: S.SETTLING, G.BOOKED: S.CLOSED},
}


@pytest.mark.parametrize(("state", "signal"), list(product(S, G)))
def test_execution_has_a_row_or_raises(state: ExecutionState, signal: Signal) -> None:
    target = ROWS[state].get(signal)
    if target is None:
        with pytest.raises(IllegalTransition, match="execution: no row"):
            advance(state, signal)
    else:
        assert advance(state, signal) is target


def test_execution_table_has_no_other_rows() -> None:
    assert {(s, g): t for s, row in ROWS.items() for g, t in row.items()} == TRANSITIONS


def test_every_state_and_signal_has_a_row_or_a_reason_why_not() -> None:
    assert not TRANSITIONS.keys() & IMPOSSIBLE.keys()
    assert TRANSITIONS.keys() | IMPOSSIBLE.keys() == set(product(S, G))
    assert all(IMPOSSIBLE.values())


def make_execution(*orders: OrderState, polarity: Polarity = Polarity.SAME) -> Execution:
    execution = Execution(1, make_pair(polarity), Direction.KALSHI_YES, 0)
    execution.orders.extend(orders)
    return execution


def order(
    spec: OrderSpec,
    filled_e6: int = 0,
    status: AnswerStatus | None = AnswerStatus.FILLED,
    *,
    booked: int = 0,
    fee: int = 0,
) -> OrderState:
    state = OrderState(spec)
    state.answer = LegAnswer(status=status, filled_e6=filled_e6) if status else None
    state.filled_e6 = filled_e6
    if booked:
        state.booked_e6, state.is_settled = filled_e6, True
        state.booked_notional_micros, state.booked_fee_micros = booked, fee
    return state


YES = order_spec(kalshi_market())
NO = order_spec(polymarket_market(), Outcome.NO)


@pytest.mark.parametrize(
    ("orders", "signal"),
    [
        ([order(YES, status=None), order(NO, 10 * ONE)], G.AWAITING),
        ([order(YES, status=None), order(NO, status=AnswerStatus.UNKNOWN)], G.AWAITING),
        ([order(YES, status=AnswerStatus.UNKNOWN), order(NO, 10 * ONE)], G.UNRESOLVED),
        ([order(YES, status=AnswerStatus.DELAYED), order(NO, 10 * ONE)], G.UNRESOLVED),
        ([order(YES, 10 * ONE), order(NO, 10 * ONE - 9_999)], G.FLAT),
        ([order(YES, 10 * ONE), order(NO, 10 * ONE - 10_000)], G.RESIDUAL),
        ([order(YES, 10 * ONE), order(NO, 10 * ONE + 10_000)], G.RESIDUAL),
        ([order(YES, 10 * ONE), order(NO, status=AnswerStatus.MISSED)], G.RESIDUAL),
        ([order(YES, 10 * ONE, booked=1), order(NO, 10 * ONE)], G.FLAT),
        ([order(YES, 10 * ONE, booked=1), order(NO, 10 * ONE, booked=1)], G.BOOKED),
        (
            [order(YES, status=AnswerStatus.REJECTED), order(NO, status=AnswerStatus.NOT_SENT)],
            G.BOOKED,
        ),
    ],
)
def test_execution_is_judged_by_what_certainly_filled(
    orders: list[OrderState], signal: Signal
) -> None:
    assert make_execution(*orders).judge() is signal


def test_carry_alone_is_no_residual_of_an_execution_that_filled_nothing() -> None:
    execution = make_execution(order(YES, status=AnswerStatus.MISSED))
    execution.carry_in_e6 = 50_000
    assert execution.judge() is G.BOOKED


def test_carry_counts_as_exposure_where_something_filled() -> None:
    execution = make_execution(order(YES, 10 * ONE), order(NO, 10 * ONE - 5_000))
    execution.carry_in_e6 = 5_000
    assert execution.judge() is G.RESIDUAL
    assert execution.exposure_e6() == 10_000
    assert execution.exposure_e6(Venue.KALSHI) == 10 * ONE


def test_own_fill_is_what_was_bought_less_what_was_sold() -> None:
    sale = order_spec(kalshi_market(), side=Side.SELL, purpose=Purpose.ROLLBACK)
    execution = make_execution(order(YES, 10 * ONE), order(sale, 4 * ONE))
    assert execution.own_e6(Venue.KALSHI, Outcome.YES) == 6 * ONE
    assert execution.own_e6(Venue.KALSHI, Outcome.NO) == 0
    assert execution.own_e6(Venue.POLYMARKET, Outcome.YES) == 0


def test_net_of_a_hedged_execution_is_payout_less_cash() -> None:
    execution = make_execution(
        order(YES, 10 * ONE, booked=4_800_000, fee=175_000),
        order(NO, 10 * ONE, booked=4_500_000, fee=100_000),
    )
    assert execution.payout_micros() == 10 * ONE
    assert execution.spent_micros() == 9_575_000
    assert execution.net_micros() == 425_000


def test_net_of_an_unwound_execution_is_what_the_sale_left() -> None:
    sale = order_spec(kalshi_market(), side=Side.SELL, purpose=Purpose.ROLLBACK)
    execution = make_execution(
        order(YES, 10 * ONE, booked=4_800_000, fee=100_000),
        order(NO, status=AnswerStatus.MISSED),
        order(sale, 10 * ONE, booked=4_600_000, fee=100_000),
    )
    assert execution.net_micros() == -400_000


def test_both_outcomes_of_one_market_pay_a_dollar_together() -> None:
    market = polymarket_market()
    execution = make_execution(
        order(order_spec(market, Outcome.YES), 10 * ONE),
        order(order_spec(market, Outcome.NO), 9 * ONE),
    )
    assert execution.payout_micros() == 9 * ONE


def test_order_number_that_was_never_sent_is_a_broken_invariant() -> None:
    with pytest.raises(InvariantBroken, match="has no order 3"):
        make_execution(order(YES)).order(3)
    with pytest.raises(InvariantBroken):
        make_execution(order(YES)).order(-1)


@pytest.mark.parametrize(
    ("filled", "rolled_back", "name"),
    [(0, False, "missed"), (0, True, "missed"), (1, False, "hedged"), (1, True, "rolled_back")],
)
def test_execution_closes_under_a_name(filled: int, rolled_back: int, name: str) -> None:
    execution = make_execution(order(YES, filled), order(NO, status=AnswerStatus.MISSED))
    execution.rolled_back = bool(rolled_back)
    assert execution.closed_as() == name


@pytest.mark.parametrize(("is_unwind", "name"), [(False, "hedged"), (True, "rolled_back")])
def test_sequenced_execution_is_hedged_by_its_second_leg(is_unwind: bool, name: str) -> None:  # noqa: FBT001
    second = structs.replace(NO, order_no=1, purpose=Purpose.ROLLBACK, is_unwind=is_unwind)
    execution = make_execution(order(YES, 10 * ONE), order(second, 10 * ONE))
    execution.rolled_back = True
    assert execution.is_sequenced
    assert execution.closed_as() == name
    legs = [len(execution.leg_orders(venue)) for venue in Venue]
    assert legs == ([1, 0] if is_unwind else [1, 1])


def test_pairs_market_of_a_spec_decides_its_venue() -> None:
    assert (YES.venue, NO.venue, YES.market.id) == (Venue.KALSHI, Venue.POLYMARKET, K)
