"""Executions of one pair beside each other: what they hold together is counted once."""

from collections.abc import Iterable, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.core import (
    LOT,
    ONE,
    PAIR_ID,
    K,
    P,
    Rig,
    alarms,
    event_sign,
    kalshi_market,
    make_fill,
    make_pair,
    order_spec,
    polymarket_market,
)
from tests.support.exits import fire
from tests.support.siblings import SIZE, cost, exit_early, hedge, orders_of, payouts_e6
from twoleg.core.events import (
    AnswerStatus,
    BooksVoid,
    ExecutionFound,
    FillBooked,
    FillVoided,
    LegAnswer,
    MoneySettled,
    OrderBooked,
    PositionReported,
    TimerFired,
)
from twoleg.core.execution import Execution, ExecutionState, OrderState, Signal
from twoleg.core.market import Direction, Market, Outcome, Polarity, Side, Venue
from twoleg.core.orders import OrderSpec
from twoleg.core.siblings import give_back, net

CASES = list(product(Polarity, Direction))
DUST = 7_000
PART = 5 * ONE
VOID_E6 = 8 * ONE
Trade = tuple[Venue, Outcome, Side, int]
MARKETS: dict[Venue, Market] = {
    Venue.KALSHI: kalshi_market(),
    Venue.POLYMARKET: polymarket_market(),
}


# -- two residuals that cover each other -------------------------------------------------------


def having(number: int, polarity: Polarity, trades: Iterable[Trade]) -> Execution:
    """An execution with these fills."""
    execution = Execution(number, make_pair(polarity), Direction.KALSHI_YES, 0)
    for order_no, (venue, outcome, side, size_e6) in enumerate(trades):
        spec = order_spec(
            MARKETS[venue], outcome, side, size_e6=size_e6, execution_no=number, order_no=order_no
        )
        order = OrderState(spec)
        order.filled_e6 = size_e6
        order.answer = LegAnswer(status=AnswerStatus.FILLED, filled_e6=size_e6)
        execution.orders.append(order)
    return execution


def exposure_e6(polarity: Polarity, trades: Iterable[Trade]) -> int:
    return sum(
        event_sign(polarity, venue, outcome, side) * size_e6
        for venue, outcome, side, size_e6 in trades
    )


TRADES = st.lists(
    st.tuples(
        st.sampled_from(Venue),
        st.sampled_from(Outcome),
        st.sampled_from(Side),
        st.integers(1, 30 * ONE),
    ),
    max_size=4,
)


@given(st.sampled_from(Polarity), TRADES, TRADES)
def test_two_cover_each_other_and_pay_what_they_pay_together(
    polarity: Polarity, first: list[Trade], second: list[Trade]
) -> None:
    one, other = having(1, polarity, first), having(2, polarity, second)
    sizes = [exposure_e6(polarity, trades) for trades in (first, second)]
    covered_e6 = min(map(abs, sizes)) if min(sizes) < 0 < max(sizes) else 0
    before = [execution.payout_micros() for execution in (one, other)]
    assert net(one, other) is (covered_e6 >= LOT)
    left = [execution.exposure_e6() for execution in (one, other)]
    if covered_e6 < LOT:
        assert (left, [one.payout_micros(), other.payout_micros()]) == (sizes, before)
        return
    assert left == [size - covered_e6 if size > 0 else size + covered_e6 for size in sizes]
    # Their own fills are on the venues as they were.
    assert [sum(e.exposure_e6(venue) for venue in Venue) for e in (one, other)] == sizes
    assert one.payout_micros() + other.payout_micros() == min(payouts_e6((one, other)))
    assert not net(one, other)


def bought(polarity: Polarity, sign: int, venue: Venue) -> Outcome:
    """The outcome whose purchase has this sign."""
    return next(o for o in Outcome if event_sign(polarity, venue, o, Side.BUY) == sign)


@pytest.mark.parametrize(("polarity", "venue"), list(product(Polarity, Venue)))
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("is_turned", [False, True])
def test_neither_is_left_with_a_debt_that_the_other_could_pay(
    polarity: Polarity, venue: Venue, sign: int, *, is_turned: bool
) -> None:
    """One bought what the other sold: whichever side it pays on, that is where it goes over."""
    outcome = bought(polarity, sign, venue)
    buyer = having(1, polarity, [(venue, outcome, Side.BUY, SIZE)])
    seller = having(2, polarity, [(venue, outcome, Side.SELL, SIZE)])
    assert (buyer.payout_micros(), seller.payout_micros()) == (0, -SIZE)
    assert net(seller, buyer) if is_turned else net(buyer, seller)
    assert (buyer.exposure_e6(), seller.exposure_e6()) == (0, 0)
    assert (buyer.payout_micros(), seller.payout_micros()) == (0, 0)


@pytest.mark.parametrize(("polarity", "direction"), CASES)
@pytest.mark.parametrize("is_turned", [False, True])
def test_purchases_on_both_sides_pay_a_dollar_between_them(
    polarity: Polarity, direction: Direction, *, is_turned: bool
) -> None:
    kalshi = direction.kalshi_outcome
    polymarket = direction.polymarket_outcome(polarity)
    one = having(1, polarity, [(Venue.KALSHI, kalshi, Side.BUY, SIZE)])
    other = having(2, polarity, [(Venue.POLYMARKET, polymarket, Side.BUY, SIZE - 2 * ONE)])
    assert net(other, one) if is_turned else net(one, other)
    assert one.payout_micros() + other.payout_micros() == SIZE - 2 * ONE
    assert abs(one.exposure_e6()) == 2 * ONE


@pytest.mark.parametrize("size_e6", [LOT - 1, LOT])
def test_less_than_a_lot_is_not_worth_a_note(size_e6: int) -> None:
    one = having(1, Polarity.SAME, [(Venue.KALSHI, Outcome.YES, Side.BUY, size_e6)])
    other = having(2, Polarity.SAME, [(Venue.KALSHI, Outcome.NO, Side.BUY, SIZE)])
    assert net(one, other) is (size_e6 == LOT)
    assert other.exposure_e6() == (-SIZE + LOT if size_e6 == LOT else -SIZE)


def test_residuals_of_one_sign_stay_whose_they_are() -> None:
    trades = [(Venue.KALSHI, Outcome.YES, Side.BUY, SIZE)]
    one, other = having(1, Polarity.SAME, trades), having(2, Polarity.SAME, trades)
    assert not net(one, other)
    assert (one.exposure_e6(), other.exposure_e6()) == (SIZE, SIZE)


# -- a purchase that fails, and the sale of what it brought ------------------------------------


def void(rig: Rig, order: OrderSpec, size_e6: int = SIZE) -> list[OrderSpec]:
    """A fill failed on chain; the orders that are sent for it."""
    return orders_of(rig.void_fill(order, size_e6, cost(order, size_e6)))


def wait(rig: Rig, *numbers: int, ms: int = 300) -> list[OrderSpec]:
    """Timers of these executions come due."""
    rig.pass_ms(ms)
    return orders_of([action for no in numbers for action in rig.send(TimerFired(f"retry:{no}"))])


@pytest.mark.parametrize(("polarity", "direction"), CASES)
@pytest.mark.parametrize("is_sale_first", [False, True])
def test_purchase_and_sale_that_both_fail_need_no_order(
    polarity: Polarity, direction: Direction, *, is_sale_first: bool
) -> None:
    rig = Rig(polarity=polarity, direction=direction)
    purchases = hedge(rig)
    sales = exit_early(rig)
    for sale in sales:
        rig.fill(sale, size_e6=SIZE)
    assert rig.engine.open_executions == 0
    rig.seen.clear()
    news = [purchases[1], sales[1]]
    for order in reversed(news) if is_sale_first else news:
        void(rig, order)
        rig.pass_ms(100)
    wait(rig, 1, 2)
    wait(rig, 1, 2, ms=10_000)
    assert orders_of(rig.seen) == []
    assert set(alarms(rig.seen)) == {"fill_voided"}
    executions = rig.executions
    assert (rig.engine.open_executions, rig.engine.carry_e6(PAIR_ID)) == (0, 0)
    assert executions.holdings.exposures_e6(PAIR_ID) == dict.fromkeys(Venue, 0)
    # What is left is Kalshi's purchase and its sale.
    gain = cost(sales[0], SIZE) - cost(purchases[0], SIZE)
    assert sum(executions._closed[number].net_micros() for number in (1, 2)) == gain
    assert rig.engine.tally.net_micros == gain
    assert (rig.engine.tally.hedged, rig.engine.tally.unhedged) == (2, 0)


@pytest.mark.parametrize("is_sale_first", [False, True])
def test_failures_in_parts_are_covered_as_far_as_they_go(*, is_sale_first: bool) -> None:
    """More of one fails than of the other: only the rest is bought or sold."""
    rig = Rig()
    purchases, sales = hedge(rig), exit_early(rig)
    for sale in sales:
        rig.fill(sale, size_e6=SIZE)
    sizes = {purchases[1]: SIZE, sales[1]: SIZE - PART}
    for order in sorted(sizes, key=lambda order: order.execution_no, reverse=is_sale_first):
        assert void(rig, order, sizes[order]) == []
    # Five more were sold than bought.
    order, *more = wait(rig, 1, 2)
    assert (order.size_e6, more) == (PART, [])
    assert order.execution_no == 1
    rig.fill(order)
    assert (rig.engine.open_executions, rig.engine.carry_e6(PAIR_ID)) == (0, 0)
    both = [rig.executions._closed[number] for number in (1, 2)]
    assert sum(one.payout_micros() for one in both) == min(payouts_e6(both))


def test_failure_that_stands_alone_is_covered_after_a_moment() -> None:
    rig = Rig()
    purchases, sales = hedge(rig), exit_early(rig)
    for sale in sales:
        rig.fill(sale, size_e6=SIZE)
    assert void(rig, purchases[1]) == []
    assert [order.size_e6 for order in wait(rig, 1)] == [SIZE]


def test_failed_purchase_of_what_nobody_sold_is_covered_at_once() -> None:
    rig = Rig()
    purchases, _ = hedge(rig), exit_early(rig)
    assert [order.size_e6 for order in void(rig, purchases[1])] == [SIZE]


def test_what_covered_another_is_not_carried_to_the_next() -> None:
    """The next execution of the pair, and each of both if it opens again, finds nothing."""
    rig = Rig()
    purchases, sales = hedge(rig), exit_early(rig)
    for sale in sales:
        rig.fill(sale, size_e6=SIZE)
    void(rig, purchases[1])
    void(rig, sales[1])
    assert rig.engine.open_executions == 0
    late = make_fill(purchases[1], PART, cost(purchases[1], PART), key="late")
    rig.send(FillBooked(1, purchases[1].order_no, late))
    assert rig.executions._open[1].exposure_e6() == -PART
    exit_early(rig)
    assert rig.executions._open[3].carry_in_e6 == 0


# -- dust that one left and another took over --------------------------------------------------


def looked_after_e6(rig: Rig) -> int:
    return sum(e.exposure_e6() for e in rig.executions._open.values() if not e.is_quiet)


def whole_e6(rig: Rig) -> int:
    """All that certainly filled, on both venues."""
    if_no, if_yes = payouts_e6([*rig.executions._open.values(), *rig.executions._closed.values()])
    return if_yes - if_no


def with_dust(rig: Rig) -> tuple[OrderSpec, OrderSpec]:
    """An execution that closed with 0.007 contracts too many on Polymarket, in two fills."""
    first, second = fire(rig)
    rig.fill(first, size_e6=SIZE)
    rig.answer(second, AnswerStatus.FILLED, SIZE + DUST, cost(second, SIZE + DUST))
    rig.book_fill(second, PART, cost(second, PART))
    rest_e6 = SIZE + DUST - PART
    rig.book_fill(second, rest_e6, cost(second, rest_e6), key="rest")
    assert rig.engine.open_executions == 0
    assert abs(rig.engine.carry_e6(PAIR_ID)) == DUST
    return first, second


@pytest.mark.parametrize(("polarity", "direction"), CASES)
def test_dust_counts_once_while_the_one_that_left_it_is_open_again(
    polarity: Polarity, direction: Direction
) -> None:
    rig = Rig(polarity=polarity, direction=direction)
    _, second = with_dust(rig)
    third, fourth = fire(rig)
    sign = 1 if direction is Direction.KALSHI_YES else -1
    assert looked_after_e6(rig) == whole_e6(rig) == -sign * DUST
    rig.send(BooksVoid((K, P), "disconnected"))
    void(rig, second, PART)
    assert looked_after_e6(rig) == whole_e6(rig) == sign * (PART - DUST)
    assert rig.executions._open[1].exposure_e6() == sign * PART
    rig.fill(third, size_e6=SIZE)
    assert looked_after_e6(rig) == whole_e6(rig) == sign * (SIZE + PART - DUST)
    rig.fill(fourth, size_e6=SIZE)
    # The next one is done; what it looked after is nobody's.
    assert list(rig.executions._open) == [1]
    assert rig.executions._open[1].exposure_e6() == sign * PART
    assert whole_e6(rig) == sign * (PART - DUST)


def test_one_that_opens_again_after_its_dust_was_used_up_is_not_given_it_again() -> None:
    rig = Rig()
    _, second = with_dust(rig)
    third, fourth = fire(rig)
    rig.fill(third, size_e6=SIZE)
    # The dust made up for what this one lacks.
    rig.fill(fourth, size_e6=SIZE - DUST)
    assert (rig.engine.open_executions, rig.engine.carry_e6(PAIR_ID)) == (0, 0)
    order, *more = void(rig, second, PART)
    assert (order.size_e6, more) == (PART, [])
    assert looked_after_e6(rig) == whole_e6(rig) == PART


# -- one that was found closed, and wakes up ---------------------------------------------------


def answer(size_e6: int) -> LegAnswer:
    return LegAnswer(status=AnswerStatus.FILLED, filled_e6=size_e6, notional_micros=9 * ONE)


def found_with_dust(*, is_accounted: bool, is_settled: bool) -> tuple[Rig, OrderSpec]:
    """One that was closed with dust is found again; then the next one of its pair fires."""
    first, second = fire(Rig())
    rig = Rig()
    if is_accounted:
        rig.send(PositionReported(K, SIZE, 0))
        rig.send(PositionReported(P, 0, SIZE + DUST))
    rig.send(
        ExecutionFound(
            1,
            rig.pair,
            Direction.KALSHI_YES,
            ((first, answer(SIZE)), (second, answer(SIZE + DUST))),
            was_closed=True,
            booked=(OrderBooked(SIZE, 9 * ONE), OrderBooked(SIZE + DUST, 9 * ONE)),
            is_accounted=is_accounted,
        )
    )
    if is_settled:
        settle(rig)
        assert rig.engine.open_executions == 0
    _ = exit_early(rig) if is_accounted else fire_beside(rig)
    return rig, second


def settle(rig: Rig) -> Sequence[object]:
    first = rig.send(MoneySettled(1, 0, SIZE, 9 * ONE, 0))
    return [*first, *rig.send(MoneySettled(1, 1, SIZE + DUST, 9 * ONE, 0))]


def fire_beside(rig: Rig) -> list[OrderSpec]:
    """The next one, as if it was found open: what became of its orders is not known."""
    orders = [structs.replace(spec, execution_no=2) for spec in fire(Rig())]
    unknown = tuple((spec, None) for spec in orders)
    rig.send(ExecutionFound(2, rig.pair, Direction.KALSHI_YES, unknown))
    return orders


@pytest.mark.parametrize("is_accounted", [False, True])
@pytest.mark.parametrize("is_settled", [False, True])
@pytest.mark.parametrize("news", ["void", "late"])
def test_one_that_was_found_closed_wakes_up_with_what_is_its_own(
    *, is_accounted: bool, is_settled: bool, news: str
) -> None:
    rig, second = found_with_dust(is_accounted=is_accounted, is_settled=is_settled)
    assert looked_after_e6(rig) == whole_e6(rig) == -DUST
    rig.send(BooksVoid((K, P), "disconnected"))
    fill = make_fill(second, PART, cost(second, PART), key="late" if news == "late" else "f")
    rig.send((FillBooked if news == "late" else FillVoided)(1, second.order_no, fill))
    own_e6 = -PART if news == "late" else PART
    assert rig.executions._open[1].exposure_e6() == own_e6
    assert rig.executions._open[1].state is ExecutionState.HOLDING
    assert looked_after_e6(rig) == whole_e6(rig) == own_e6 - DUST


def test_news_of_nothing_leaves_one_that_was_found_closed_quiet() -> None:
    rig, _ = found_with_dust(is_accounted=False, is_settled=False)
    rig.seen.clear()
    settle(rig)
    assert list(rig.executions._open) == [2]
    assert alarms(rig.seen) == []
    assert looked_after_e6(rig) == whole_e6(rig) == -DUST


@pytest.mark.parametrize("is_live", [False, True])
@pytest.mark.parametrize("sale_first", [False, True])
def test_two_found_closed_that_covered_each_other_still_do(
    *, is_live: bool, sale_first: bool
) -> None:
    """A purchase that failed in part, and the sale of it: no record tells that they were netted."""
    before = Rig()
    purchases, sales = hedge(before), exit_early(before)
    rig = Rig()
    if is_live:
        rig.send(rig.book(K, [(4_700, 100 * ONE)], [(4_800, 100 * ONE)]))
        rig.send(rig.book(P, [(5_300, 100 * ONE)], [(5_400, 100 * ONE)]))
    for market in (K, P):
        rig.send(PositionReported(market, 0, 0))
    rig.seen.clear()
    events = [found_in_part(rig, 1, purchases), found_in_part(rig, 2, sales)]
    for event in reversed(events) if sale_first else events:
        rig.send(event)
    for number, orders in ((1, purchases), (2, sales)):
        for order, void_e6 in zip(orders, (0, VOID_E6), strict=True):
            size_e6 = SIZE - void_e6
            told = MoneySettled(number, order.order_no, size_e6, cost(order, size_e6), 0)
            rig.send(told)
    rig.pass_ms(5_000)
    for number in (1, 2):
        rig.send(TimerFired(f"retry:{number}"))
    assert orders_of(rig.seen) == []
    assert rig.engine.open_executions == 0


def found_in_part(rig: Rig, number: int, orders: Sequence[OrderSpec]) -> ExecutionFound:
    """Closed by an earlier process after part of its Polymarket order failed on chain."""
    known: list[tuple[OrderSpec, LegAnswer]] = []
    booked: list[OrderBooked] = []
    for order, void_e6 in zip(orders, (0, VOID_E6), strict=True):
        size_e6 = SIZE - void_e6
        micros = cost(order, size_e6)
        answer = LegAnswer(status=AnswerStatus.FILLED, filled_e6=size_e6, notional_micros=micros)
        known.append((order, answer))
        booked.append(OrderBooked(size_e6, micros, 0, void_e6))
    return ExecutionFound(
        number,
        rig.pair,
        Direction.KALSHI_YES,
        tuple(known),
        was_closed=True,
        booked=tuple(booked),
    )


@pytest.mark.parametrize("polarity", Polarity)
@pytest.mark.parametrize("failed", [0, 1])
def test_what_was_netted_against_a_fill_that_failed_is_given_back(
    polarity: Polarity, failed: int
) -> None:
    bought = (Venue.KALSHI, Outcome.YES, Side.BUY, SIZE)
    sold = (Venue.KALSHI, Outcome.YES, Side.SELL, SIZE)
    pair = [having(1, polarity, [bought]), having(2, polarity, [sold])]
    assert net(*pair)
    gone, left = pair[failed], pair[1 - failed]
    gone.orders[0].filled_e6 = 0
    assert abs(gone.exposure_e6()) == SIZE
    assert give_back(gone, [left]) == [left]
    assert gone.exposure_e6() == 0
    assert left.exposure_e6() == left.exposure_e6(Venue.KALSHI)
    assert give_back(gone, [left]) == give_back(left, [gone]) == []


def test_one_whose_only_fill_failed_looks_after_what_it_had_given() -> None:
    """Nobody is open to take it back: it is a residual, though nothing of its own filled."""
    one = having(1, Polarity.SAME, [(Venue.KALSHI, Outcome.YES, Side.BUY, SIZE)])
    other = having(2, Polarity.SAME, [(Venue.KALSHI, Outcome.YES, Side.SELL, SIZE)])
    assert net(one, other)
    assert one.judge() is not Signal.RESIDUAL
    one.orders[0].filled_e6 = 0
    assert give_back(one, []) == []
    assert one.judge() is Signal.RESIDUAL
