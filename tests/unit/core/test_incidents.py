"""What has lost real money elsewhere, as far as the core can prevent it; named by what happened."""

import pytest
from msgspec import structs

from tests.support.core import (
    EASY,
    KALSHI_FEES,
    LOT,
    PAIR_ID,
    T0_MS,
    K,
    P,
    Rig,
    alarms,
    crossing_books,
    fires,
    kalshi_market,
    notes,
    only,
    polymarket_market,
)
from twoleg.core.actions import Fire, LookUp, NoteKind, Resync
from twoleg.core.breaker import BreakerState
from twoleg.core.events import (
    BID,
    AnswerStatus,
    BooksVoid,
    LevelDelta,
    LevelsSet,
    MarketChanged,
    SequenceSeen,
    Subscribed,
    VenueStateChanged,
)
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, FeeSchedule, Outcome, Polarity, PriceGrid, Side, Venue
from twoleg.core.orders import OrderSpec

ONE = 1_000_000
FILLED, MISSED, UNKNOWN = AnswerStatus.FILLED, AnswerStatus.MISSED, AnswerStatus.UNKNOWN
NOT_SENT = AnswerStatus.NOT_SENT


def legs(rig: Rig) -> tuple[OrderSpec, OrderSpec]:
    (shot,) = fires(rig.quote())
    first, second = shot.orders
    return first, second


# -- A. The second leg ----------------------------------------------------------------------


def test_second_leg_missed_is_acted_on_in_the_very_answer_that_tells() -> None:
    rig = Rig()
    first, second = legs(rig)
    rig.fill(first)
    assert len(fires(rig.answer(second, MISSED))) == 1


def test_size_is_a_share_of_the_displayed_depth_never_all_of_it() -> None:
    rig = Rig(limits=Limits(edge_micros_min=1_000, unwind_loss_micros=0, edge_stable_ms=0))
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES, size_e6=40 * ONE)
    rig.send(rig.book(K, *kalshi))
    (shot,) = fires(rig.send(rig.book(P, *polymarket)))
    assert shot.orders[0].size_e6 <= 40 * ONE


def test_unwind_takes_the_leg_that_filled_and_not_the_other_in_the_tuple() -> None:
    for filled in (0, 1):
        rig = Rig(direction=Direction.KALSHI_NO)
        pair_of_legs = legs(rig)
        lone = pair_of_legs[filled]
        rig.fill(lone)
        (shot,) = fires(rig.answer(pair_of_legs[1 - filled], MISSED))
        (order,) = shot.orders
        if order.side is Side.SELL:
            assert (order.venue, order.outcome) == (lone.venue, lone.outcome)
        else:
            assert order.venue is not lone.venue


def test_hedged_tokens_are_not_sold_by_a_later_executions_rollback() -> None:
    rig = Rig()
    for order in legs(rig):
        rig.fill(order)
    rig.pass_ms(5_000)
    first, second = legs(rig)
    rig.fill(first, size_e6=6 * ONE)
    (shot,) = fires(rig.answer(second, MISSED))
    assert shot.orders[0].size_e6 == 6 * ONE


def test_collateral_of_leg_two_is_checked_before_leg_one_is_sent() -> None:
    rig = Rig(cash_micros=(1_000 * ONE, 5 * ONE))
    assert fires(rig.quote()) == []


def test_legs_have_equal_contracts_and_not_equal_dollars() -> None:
    first, second = legs(Rig())
    assert abs(first.size_e6 - second.size_e6) < 30_000
    assert second.spend_micros != first.size_e6 * first.limit_e4 // 10_000


def test_dollar_sized_buy_that_over_fills_is_hedged_on_reported_amounts() -> None:
    rig = Rig()
    first, second = legs(rig)
    got = second.size_e6 + 530_000
    rig.fill(first)
    (shot,) = fires(rig.answer(second, FILLED, got, second.spend_micros))
    (order,) = shot.orders
    assert order.size_e6 == (got - first.size_e6) // LOT * LOT


def test_sale_refused_for_balance_right_after_the_buy_becomes_a_purchase_of_the_complement() -> (
    None
):
    rig = Rig()
    first, second = legs(rig)
    rig.fill(second)
    rig.send(BooksVoid((K,), "disconnected"))
    (sale,) = fires(rig.answer(first, MISSED))
    assert sale.orders[0].side is Side.SELL
    (purchase,) = fires(rig.answer(sale.orders[0], AnswerStatus.REJECTED))
    (order,) = purchase.orders
    assert (order.venue, order.side, order.outcome) == (
        Venue.POLYMARKET,
        Side.BUY,
        second.outcome.other,
    )


def test_hedge_below_the_minimum_size_stops_nothing_and_is_carried() -> None:
    rig = Rig()
    first, second = legs(rig)
    rig.fill(first)
    rig.fill(second, size_e6=first.size_e6 - 9_900)
    (closed,) = notes(rig.seen, NoteKind.EXECUTION_CLOSED)
    assert closed["dust_e6"] == rig.engine.carry_e6(PAIR_ID) == 9_900


def test_same_displayed_liquidity_is_not_fired_at_again_before_its_deltas_arrive() -> None:
    rig = Rig(limits=structs.replace(EASY, exit_depth_share_e4_min=0))
    rig.send(rig.book(K, [], [(4_800, 40 * ONE)]))
    (shot,) = fires(rig.send(rig.book(P, [(5_500, 40 * ONE)], [])))
    taken = 0
    sent_ms = T0_MS + rig.now_ns // ONE
    while True:
        taken += shot.orders[0].size_e6
        for order in shot.orders:
            rig.fill(order)
        # The feed repeats the old depth with the old time.
        frame = LevelsSet(P, ((BID, 5_400, ONE),), -1, -1, sent_ms, sent_ms * ONE)
        again = fires(rig.send(frame))
        if not again:
            break
        (shot,) = again
    assert taken <= 40 * ONE


# -- B. Not knowing -------------------------------------------------------------------------


def test_time_out_is_not_taken_for_zero_and_nothing_is_sent_again() -> None:
    rig = Rig()
    first, second = legs(rig)
    actions = [*rig.answer(first, UNKNOWN), *rig.fill(second)]
    assert (only(actions, Fire), only(actions, LookUp)) == ([], [LookUp(1, 0)])
    for _ in range(5):
        assert fires(rig.answer(first, UNKNOWN)) == []


def test_answer_without_fills_is_not_booked_as_filled_whatever_its_status_says() -> None:
    rig = Rig()
    first, second = legs(rig)
    rig.answer(first, FILLED, 0)
    rig.answer(second, FILLED, 0)
    assert rig.engine.tally.missed == 1


def test_delayed_order_is_neither_filled_nor_unfilled() -> None:
    rig = Rig()
    first, second = legs(rig)
    rig.fill(first)
    actions = rig.answer(second, AnswerStatus.DELAYED)
    assert fires(actions) == []
    assert rig.engine.open_executions == 1
    rig.fill(second)
    assert rig.engine.tally.hedged == 1


def test_matched_fill_that_fails_on_chain_stands_the_other_leg_alone() -> None:
    rig = Rig()
    first, second = legs(rig)
    for order in (first, second):
        rig.fill(order)
    notional = second.limit_e4 * second.size_e6 // 10_000
    (shot,) = fires(rig.void_fill(second, second.size_e6, notional))
    assert shot.orders[0].size_e6 == first.size_e6
    assert notes(rig.seen, NoteKind.ALARM)[-1]["size_e6"] == second.size_e6


# -- C. Books -------------------------------------------------------------------------------


def test_fresh_yes_tick_does_not_make_a_stale_no_side_look_fresh() -> None:
    rig = Rig()
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    rig.send(rig.book(K, *kalshi, lag_ms=4_000))
    recv_ms = T0_MS + rig.now_ns // ONE
    rig.send(LevelDelta(K, BID, 4_400, LOT, recv_ms, recv_ms * ONE, 0, 0))
    assert fires(rig.send(rig.book(P, *polymarket))) == []


def test_quiet_level_is_not_stale_however_long_it_has_stood() -> None:
    rig = Rig()
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    rig.send(rig.book(K, *kalshi))
    rig.pass_ms(3_600_000)
    assert len(fires(rig.send(rig.book(P, *polymarket)))) == 1


def test_polymarket_dump_of_a_quiet_book_is_fresh_but_a_late_trade_book_is_not() -> None:
    rig = Rig()
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    rig.send(rig.book(K, *kalshi))
    # Asked for just now; its time stamp is that of its last change, an hour ago.
    assert len(fires(rig.send(rig.book(P, *polymarket, lag_ms=3_600_000)))) == 1

    late = Rig()
    late.send(late.book(P, *polymarket))
    late.send(late.book(P, *polymarket, lag_ms=4_000))
    assert fires(late.send(late.book(K, *kalshi))) == []


def test_sequence_gap_is_repaired_and_not_just_logged() -> None:
    rig = Rig()
    rig.send(Subscribed(Venue.KALSHI, 3, (K,)))
    assert len(only(rig.send(SequenceSeen(Venue.KALSHI, 3, 2)), Resync)) == 1


def test_sentinel_quotes_0_and_1_are_no_offer() -> None:
    rig = Rig()
    _, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    rig.send(rig.book(P, *polymarket))
    assert list(rig.send(rig.book(K, [(0, ONE)], [(10_000, ONE)]))) == []
    assert list(rig.send(rig.book(K, [(0, ONE)], [(0, 10 * ONE), (4_800, 0)]))) == []


def test_no_book_is_not_counted_in_addition_to_the_yes_book() -> None:
    rig = Rig()
    rig.send(rig.book(K, [(4_000, 10 * ONE)], [(4_800, 10 * ONE)]))
    book = rig.engine.books().books[K]
    for outcome in Outcome:
        assert sum(size for _, size in book.ladder(outcome, Side.BUY, 9)) == 10 * ONE


def test_tick_change_in_flight_waits_for_a_new_book() -> None:
    rig = Rig()
    rig.quote(lag_ms=2_000)
    rig.send(MarketChanged(kalshi_market(grid=PriceGrid.uniform(10))))
    _, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    assert fires(rig.send(rig.book(P, *polymarket))) == []


def test_hundreds_of_changes_leave_one_level_per_price() -> None:
    rig = Rig()
    rig.send(rig.book(P, [], []))
    for number in range(440):
        sized = ((BID, 100 * (1 + number % 9), LOT * (1 + number)),)
        rig.send(LevelsSet(P, sized, -1, -1, T0_MS + 1_000 + number, T0_MS * ONE))
    assert len(rig.engine.books().books[P].levels(BID)) == 9


# -- D. Money -------------------------------------------------------------------------------


def test_edge_that_the_real_fee_eats_is_none() -> None:
    # 0.50 + 0.48 is two cents before fees; Kalshi takes 1.75, Polymarket one.
    def quote(rate_e6: int) -> list[Fire]:
        fees = FeeSchedule(rate_e6=rate_e6, quantum_micros=10)
        rig = Rig(
            kalshi=kalshi_market(fees=structs.replace(KALSHI_FEES, rate_e6=rate_e6)),
            polymarket=polymarket_market(fees=fees),
        )
        rig.send(rig.book(K, [(4_900, 100 * ONE)], [(5_000, 100 * ONE)]))
        return fires(rig.send(rig.book(P, [(5_200, 100 * ONE)], [(5_300, 100 * ONE)])))

    assert len(quote(0)) == 1
    assert quote(70_000) == []


def test_fee_that_changes_on_a_known_market_counts_from_the_next_tick() -> None:
    rig = Rig()
    dear = FeeSchedule(rate_e6=400_000, quantum_micros=10)
    rig.send(MarketChanged(polymarket_market(fees=dear)))
    assert fires(rig.quote()) == []


def test_edge_that_is_too_good_is_refused_and_alarmed() -> None:
    rig = Rig()
    rig.send(rig.book(K, [(1_900, 100 * ONE)], [(2_000, 100 * ONE)]))
    actions = rig.send(rig.book(P, [(5_000, 100 * ONE)], [(5_100, 100 * ONE)]))
    assert (fires(actions), alarms(actions)) == ([], ["edge_too_good"])


# -- E. Guards ------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["unknown", "unavailable", "loss"])
def test_guard_sees_every_kind_of_failure_and_lets_no_further_order_leave(trouble: str) -> None:
    rig = Rig()
    for _ in range(5):
        rig.pass_ms(70_000)
        if trouble == "unavailable":
            # After the first time it is asked alone.
            for order in fires(rig.quote())[0].orders:
                is_closed = order.venue is Venue.KALSHI
                rig.answer(order, NOT_SENT if is_closed else MISSED, is_unavailable=is_closed)
            continue
        first, second = legs(rig)
        if trouble == "unknown":
            rig.answer(first, UNKNOWN)
            rig.answer(first, MISSED)
            rig.answer(second, MISSED)
        else:
            rig.fill(first)
            (shot,) = fires(rig.answer(second, MISSED))
            rig.fill(shot.orders[0], fee_micros=5 * ONE)
    assert rig.engine.breaker_state is BreakerState.OPEN
    rig.pass_ms(59_000)
    assert fires(rig.quote()) == []


def test_unwind_loss_is_in_the_result() -> None:
    rig = Rig(limits=EASY)
    first, second = legs(rig)
    rig.fill(first)
    (shot,) = fires(rig.answer(second, MISSED))
    rig.fill(shot.orders[0], fee_micros=3 * ONE)
    assert rig.engine.tally.net_micros < 0
    assert notes(rig.seen, NoteKind.EXECUTION_CLOSED)[0]["net_micros"] < 0  # type: ignore[operator]  # an int


def test_halted_market_is_not_tried_again_and_again() -> None:
    rig = Rig()
    rig.send(VenueStateChanged(Venue.KALSHI, is_open=False, reason="trading_is_paused"))
    for _ in range(335):
        rig.pass_ms(1_000)
        assert fires(rig.quote()) == []


def test_inverse_polarity_is_not_lost_between_pair_and_order() -> None:
    rig = Rig(polarity=Polarity.INVERSE)
    first, second = legs(rig)
    assert (first.outcome, second.outcome) == (Outcome.YES, Outcome.YES)
