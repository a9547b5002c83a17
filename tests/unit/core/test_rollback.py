"""Which order closes a residual, and that its loss stays within the cap."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.core import (
    CENT,
    FREE,
    KALSHI_FEES,
    K,
    P,
    event_sign,
    exact_fee,
    kalshi_market,
    make_pair,
    order_spec,
    polymarket_market,
)
from twoleg.core.book import Book
from twoleg.core.events import ASK, BID, AnswerStatus, LegAnswer, Level
from twoleg.core.execution import Execution, OrderState
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, FeeSchedule, Market, Outcome, Polarity, Side, Venue
from twoleg.core.orders import OrderSpec
from twoleg.core.rollback import Exit, Place, choose_exit
from twoleg.core.specs import exit_spec
from twoleg.errors import InvariantBroken

ONE = 1_000_000
LIMITS = Limits()


def filled(spec: OrderSpec, size_e6: int, price_e4: int = 0) -> OrderState:
    order = OrderState(spec)
    notional = price_e4 * size_e6 // 10_000 if price_e4 else -1
    order.answer = LegAnswer(
        status=AnswerStatus.FILLED, filled_e6=size_e6, notional_micros=notional
    )
    order.filled_e6 = size_e6
    return order


def one_leg(
    market: Market,
    outcome: Outcome,
    size_e6: int = 10 * ONE,
    *,
    price_e4: int = 4_800,
    polarity: Polarity = Polarity.SAME,
) -> Execution:
    execution = Execution(1, make_pair(polarity), Direction.KALSHI_YES, 0)
    execution.orders.append(filled(order_spec(market, outcome), size_e6, price_e4))
    return execution


def place(market: Market, bids: list[Level], asks: list[Level]) -> Place:
    book = Book(market.id, market.grid)
    book.replace(bids, asks)
    return Place(market, book)


KALSHI, POLYMARKET = kalshi_market(fees=FREE), polymarket_market(fees=FREE)


def places(
    kalshi: tuple[list[Level], list[Level]], polymarket: tuple[list[Level], list[Level]]
) -> tuple[Place, Place]:
    return place(KALSHI, *kalshi), place(POLYMARKET, *polymarket)


DEEP = 100 * ONE


def test_residual_is_sold_where_that_brings_more() -> None:
    around = places(([(4_700, DEEP)], [(4_800, DEEP)]), ([(4_500, DEEP)], [(4_600, DEEP)]))
    found = choose_exit(one_leg(KALSHI, Outcome.YES), around, LIMITS)
    assert found is not None
    assert (found.market.id, found.outcome, found.side) == (K, Outcome.YES, Side.SELL)
    assert (found.size_e6, found.is_unwind, found.value_micros) == (10 * ONE, True, 470_000)
    # Two cents of room below the walked price, so that a moving book is still hit.
    assert found.limit_e4 == 4_500


def test_residual_is_completed_where_that_costs_less() -> None:
    around = places(([(4_000, DEEP)], [(4_800, DEEP)]), ([(5_300, DEEP)], [(5_400, DEEP)]))
    found = choose_exit(one_leg(KALSHI, Outcome.YES), around, LIMITS)
    assert found is not None
    assert (found.market.id, found.outcome, found.side) == (P, Outcome.NO, Side.BUY)
    assert not found.is_unwind
    # NO is offered at 1 − 0.53.
    assert (found.spend_micros, found.value_micros) == (4_700_000, 530_000)
    assert found.size_e6_min == found.spend_micros * 10_000 // found.limit_e4


def test_completing_reads_an_inverse_pair_the_other_way_round() -> None:
    around = places(([(4_000, DEEP)], [(4_800, DEEP)]), ([(4_600, DEEP)], [(4_700, DEEP)]))
    execution = one_leg(KALSHI, Outcome.YES, polarity=Polarity.INVERSE)
    found = choose_exit(execution, around, LIMITS)
    assert found is not None
    # Inverse: Polymarket YES covers Kalshi YES.
    assert (found.market.id, found.outcome, found.side) == (P, Outcome.YES, Side.BUY)


def test_polymarket_residual_may_buy_the_complement_when_selling_is_barred() -> None:
    around = places(([], []), ([(4_700, DEEP)], [(4_800, DEEP)]))
    execution = one_leg(POLYMARKET, Outcome.YES)
    execution.barred.append((Venue.POLYMARKET, Side.SELL))
    found = choose_exit(execution, around, LIMITS)
    assert found is not None
    assert (found.outcome, found.side, found.is_unwind) == (Outcome.NO, Side.BUY, True)


def test_kalshi_residual_is_never_bought_away() -> None:
    around = places(([(4_700, DEEP)], [(4_800, DEEP)]), ([], []))
    execution = one_leg(KALSHI, Outcome.YES)
    execution.barred.append((Venue.KALSHI, Side.SELL))
    assert choose_exit(execution, around, LIMITS) is None


def test_sale_is_reduce_only_on_kalshi_and_never_on_polymarket() -> None:
    for market in (KALSHI, POLYMARKET):
        around = (place(market, [(4_700, DEEP)], [(4_800, DEEP)]),)
        execution = one_leg(market, Outcome.YES)
        found = choose_exit(execution, around, LIMITS)
        assert found is not None
        spec = exit_spec(execution, found)
        assert (spec.side, spec.reduce_only) == (Side.SELL, market is KALSHI)


def test_exit_takes_what_the_book_holds_in_whole_lots() -> None:
    around = places(([(4_700, 3 * ONE + 5_555)], [(4_800, DEEP)]), ([], []))
    found = choose_exit(one_leg(KALSHI, Outcome.YES), around, LIMITS)
    assert found is not None
    assert found.size_e6 == 3 * ONE


def test_exit_leaves_dust_that_is_less_than_a_lot() -> None:
    around = places(([(4_700, 9_999)], [(4_800, DEEP)]), ([], []))
    assert choose_exit(one_leg(KALSHI, Outcome.YES), around, LIMITS) is None


def test_exit_walks_several_levels_down_to_its_limit() -> None:
    around = places(([(4_700, 6 * ONE), (4_650, DEEP)], [(4_800, DEEP)]), ([], []))
    found = choose_exit(one_leg(KALSHI, Outcome.YES), around, LIMITS)
    assert found is not None
    assert found.value_micros == 468_000
    assert found.limit_e4 == 4_500


def test_residual_beyond_the_loss_cap_is_not_closed() -> None:
    around = places(([(3_700, DEEP)], [(4_800, DEEP)]), ([(3_700, DEEP)], [(4_600, DEEP)]))
    assert choose_exit(one_leg(KALSHI, Outcome.YES), around, LIMITS) is None


def test_residual_without_any_book_is_not_closed() -> None:
    assert choose_exit(one_leg(KALSHI, Outcome.YES), (), LIMITS) is None


def test_purchase_below_the_venues_minimum_is_left_to_better_tries() -> None:
    tiny = one_leg(KALSHI, Outcome.YES, 4 * ONE)
    around = places(([], []), ([(5_300, DEEP)], [(5_400, DEEP)]))
    assert choose_exit(tiny, around, LIMITS) is None
    # Four shares may still be sold: the venue may refuse, but it is asked.
    own = one_leg(POLYMARKET, Outcome.YES, 4 * ONE)
    found = choose_exit(own, (place(POLYMARKET, [(4_700, DEEP)], []),), LIMITS)
    assert found is not None
    assert found.side is Side.SELL


def test_purchase_whose_limit_leaves_too_few_shares_is_left_to_better_tries() -> None:
    # Five shares at 0.47, but the order's size is what the spend buys at its limit of 0.49.
    five = one_leg(KALSHI, Outcome.YES, 5 * ONE)
    around = places(([], []), ([(5_300, DEEP)], [(5_400, DEEP)]))
    assert choose_exit(five, around, LIMITS) is None


def test_purchase_below_a_cent_is_none() -> None:
    market = polymarket_market(fees=FREE, size_e6_min=0, notional_micros_min=0)
    around = (place(market, [(9_900, DEEP)], []),)
    assert choose_exit(one_leg(KALSHI, Outcome.YES, 10_000), around, LIMITS) is None


def test_leg_without_told_money_counts_at_its_limit() -> None:
    around = places(([(4_100, DEEP)], []), ([], []))
    execution = Execution(1, make_pair(), Direction.KALSHI_YES, 0)
    execution.orders.append(filled(order_spec(KALSHI, limit_e4=5_200), 10 * ONE))
    assert choose_exit(execution, around, LIMITS) is None
    execution.orders[0] = filled(order_spec(KALSHI, limit_e4=5_000), 10 * ONE)
    assert choose_exit(execution, around, LIMITS) is not None


def test_selling_more_than_the_own_fill_is_a_broken_invariant() -> None:
    execution = one_leg(KALSHI, Outcome.YES, 3 * ONE)
    exit_ = Exit(
        market=KALSHI,
        outcome=Outcome.YES,
        side=Side.SELL,
        size_e6=3 * ONE + 10_000,
        limit_e4=4_000,
        spend_micros=0,
        size_e6_min=0,
        is_unwind=True,
        value_micros=0,
    )
    with pytest.raises(InvariantBroken, match="would sell 3010000 of 3000000"):
        exit_spec(execution, exit_)


LEVELS = st.lists(
    st.tuples(
        st.integers(1, 99).map(lambda cents: cents * 100),
        st.integers(1, 2_000).map(lambda n: n * 10_000),
    ),
    max_size=5,
)


@given(
    polarity=st.sampled_from(Polarity),
    venue=st.sampled_from(Venue),
    outcome=st.sampled_from(Outcome),
    lots=st.integers(1, 3_000),
    price_e4=st.integers(5, 95).map(lambda cents: cents * 100),
    rate=st.sampled_from((0, 70_000)),
    books=st.tuples(LEVELS, LEVELS, LEVELS, LEVELS),
)
def test_exit_reduces_the_exposure_within_the_loss_cap(
    *,
    polarity: Polarity,
    venue: Venue,
    outcome: Outcome,
    lots: int,
    price_e4: int,
    rate: int,
    books: tuple[list[Level], list[Level], list[Level], list[Level]],
) -> None:
    fees = FeeSchedule(rate_e6=rate, quantum_micros=10)
    kalshi, polymarket = kalshi_market(fees=fees), polymarket_market(fees=fees)
    around = (place(kalshi, books[0], books[1]), place(polymarket, books[2], books[3]))
    around = tuple(each for each in around if each.book.is_live)  # type: ignore[assignment]  # 0 to 2
    market = kalshi if venue is Venue.KALSHI else polymarket
    execution = one_leg(market, outcome, lots * 10_000, price_e4=price_e4, polarity=polarity)
    found = choose_exit(execution, around, LIMITS)
    if found is None:
        return
    spec = exit_spec(execution, found)
    before = execution.exposure_e6()
    change = event_sign(polarity, spec.venue, spec.outcome, spec.side) * spec.size_e6
    assert abs(before + change) < abs(before)
    assert spec.size_e6 % 10_000 == 0
    assert spec.market.grid.holds(spec.limit_e4)
    if spec.venue is Venue.POLYMARKET and spec.side is Side.BUY:
        assert spec.spend_micros % 10_000 == 0
        assert spec.spend_micros <= spec.size_e6
        assert spec.size_e6_min >= spec.market.size_e6_min
    if spec.side is Side.SELL:
        assert spec.size_e6 <= execution.own_e6(spec.venue, spec.outcome)
    # What a contract costs in all against what it brings at the worst price of the order.
    entry = Fraction(price_e4, 10_000)
    cost = entry + exact_fee(fees, entry, Fraction(1))
    limit = Fraction(spec.limit_e4, 10_000)
    brings = (limit if spec.side is Side.SELL else 1 - limit) - exact_fee(fees, limit, Fraction(1))
    # One price step and the rounding of the entry's fee.
    assert cost - brings <= Fraction(LIMITS.rollback_loss_micros_max + 2, ONE)


def test_exit_counts_its_own_fee_against_the_loss_cap() -> None:
    market = kalshi_market(fees=KALSHI_FEES)
    execution = one_leg(market, Outcome.YES, price_e4=5_000)
    # Cost 0.5175; at 0.42 nine and a half cents are lost before the exit's fee, eleven after it.
    assert choose_exit(execution, (place(market, [(4_200, DEEP)], []),), LIMITS) is None
    found = choose_exit(execution, (place(market, [(4_400, DEEP)], []),), LIMITS)
    assert found is not None
    assert found.limit_e4 >= 4_400


def test_book_of_the_exit_is_left_as_it_was() -> None:
    around = places(([(4_700, DEEP)], [(4_800, DEEP)]), ([], []))
    choose_exit(one_leg(KALSHI, Outcome.YES), around, LIMITS)
    assert around[0].book.levels(BID) == [(4_700, DEEP)]
    assert around[0].book.levels(ASK) == [(4_800, DEEP)]
    assert around[0].book.grid == CENT
