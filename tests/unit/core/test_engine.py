"""The gates in front of an execution, and what the engine remembers after it."""

import pytest
from msgspec import structs

from tests.support.core import (
    EASY,
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
    make_fill,
    make_pair,
    notes,
    only,
    polymarket_market,
    timers,
)
from tests.support.exits import all_told
from twoleg.core.actions import (
    ExecutionEnded,
    Fire,
    LookUp,
    NoteKind,
    ReadCash,
    Resync,
    SetTimer,
    SettleMoney,
)
from twoleg.core.breaker import BreakerState
from twoleg.core.events import (
    ASK,
    BID,
    AnswerStatus,
    BooksVoid,
    CashReported,
    ExecutionForgotten,
    ExecutionFound,
    FillBooked,
    GridChanged,
    InvariantReported,
    LastTrade,
    LegAnswer,
    Level,
    LevelDelta,
    LevelsSet,
    LimitsChanged,
    MarketChanged,
    MoneySettled,
    OrderAnswered,
    PairsChanged,
    PositionReported,
    SequenceSeen,
    StopRequested,
    Subscribed,
    TimerFired,
    VenueStateChanged,
)
from twoleg.core.execution import ExecutionState
from twoleg.core.limits import BreakerLimits, Limits
from twoleg.core.market import (
    Direction,
    Market,
    MarketId,
    Outcome,
    PairId,
    PairState,
    Polarity,
    PriceGrid,
    Side,
    Venue,
)
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.errors import InvariantBroken

ONE = 1_000_000
Sides = tuple[list[Level], list[Level]]
K2, P2 = MarketId("kalshi:KXB"), MarketId("polymarket:0xb")
MISSED, REJECTED = AnswerStatus.MISSED, AnswerStatus.REJECTED
UNKNOWN, FILLED = AnswerStatus.UNKNOWN, AnswerStatus.FILLED


def fire(rig: Rig) -> tuple[OrderSpec, OrderSpec]:
    (shot,) = fires(rig.quote())
    first, second = shot.orders
    return first, second


def requote(rig: Rig, ms: int = 10) -> list[Fire]:
    """The same books again, later."""
    rig.pass_ms(ms)
    return fires(rig.quote())


def hedge(rig: Rig, *, fee_micros: int = 0) -> tuple[OrderSpec, OrderSpec]:
    first, second = fire(rig)
    rig.fill(first, fee_micros=fee_micros)
    rig.fill(second, fee_micros=fee_micros)
    assert rig.engine.open_executions == 0
    return first, second


# -- opening --------------------------------------------------------------------------------


@pytest.mark.parametrize("polarity", Polarity)
@pytest.mark.parametrize("direction", Direction)
def test_crossing_tops_fire_both_legs_of_the_right_direction(
    polarity: Polarity, direction: Direction
) -> None:
    rig = Rig(polarity=polarity, direction=direction)
    (shot,) = fires(rig.quote())
    assert shot.direction is direction
    assert [order.outcome for order in shot.orders] == [
        direction.kalshi_outcome,
        direction.polymarket_outcome(polarity),
    ]
    assert notes(rig.seen, NoteKind.EXECUTION_OPENED)[0]["net_micros_planned"] == shot.net_micros


def test_tops_that_do_not_cross_fire_nothing() -> None:
    rig = Rig()
    rig.send(rig.book(K, [(4_700, 100 * ONE)], [(4_800, 100 * ONE)]))
    assert fires(rig.send(rig.book(P, [(4_700, 100 * ONE)], [(4_800, 100 * ONE)]))) == []


def test_deltas_and_level_sets_are_decided_on_like_snapshots() -> None:
    for last in ("delta", "levels"):
        rig = Rig()
        kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
        now = (T0_MS + rig.now_ns // ONE, (T0_MS + rig.now_ns // ONE) * ONE)
        asks = [(4_900, 100 * ONE)] if last == "delta" else kalshi[1]
        # Without these last levels the tops do not cross.
        bids = polymarket[0] if last == "delta" else [(4_000, 100 * ONE)]
        rig.send(Subscribed(Venue.KALSHI, 1, (K,)))
        rig.send(rig.book(K, kalshi[0], [(5_900, 100 * ONE)] if last == "delta" else asks))
        rig.send(rig.book(P, bids, polymarket[1]))
        assert fires(rig.seen) == []
        if last == "delta":
            rig.send(LevelDelta(K, ASK, 4_800, 100 * ONE, *now, 1, 1))
        else:
            changes = tuple((BID, price, size) for price, size in polymarket[0])
            rig.send(LevelsSet(P, changes, -1, -1, *now))
        assert len(fires(rig.seen)) == 1


def test_book_that_lags_is_not_traded() -> None:
    rig = Rig()
    assert fires(rig.quote(lag_ms=1_001)) == []
    assert len(requote(rig)) == 1


def test_one_side_that_lags_is_enough_not_to_trade() -> None:
    rig = Rig()
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    rig.send(rig.book(K, *kalshi))
    recv_ms = T0_MS + rig.now_ns // ONE
    rig.send(LevelDelta(K, BID, 4_400, 10_000, recv_ms - 5_000, recv_ms * ONE, 0, 0))
    assert fires(rig.send(rig.book(P, *polymarket))) == []
    rig.send(LevelDelta(K, BID, 4_400, 10_000, recv_ms, recv_ms * ONE, 0, 0))
    assert len(fires(rig.seen)) == 1


def test_void_book_is_not_traded_until_its_snapshot() -> None:
    rig = Rig()
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    rig.send(rig.book(K, *kalshi))
    rig.send(BooksVoid((K,), "disconnected"))
    assert rig.engine.live_books() == 0
    assert fires(rig.send(rig.book(P, *polymarket))) == []
    assert len(fires(rig.send(rig.book(K, *kalshi)))) == 1


def test_gap_stops_decisions_and_asks_for_snapshots() -> None:
    rig = Rig()
    rig.send(Subscribed(Venue.KALSHI, 1, (K,)))
    actions = rig.send(SequenceSeen(Venue.KALSHI, 1, 5))
    assert only(actions, Resync) == [Resync(Venue.KALSHI, (K,), "sequence_gap")]
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    assert fires(rig.send(rig.book(P, *polymarket))) == []
    assert len(fires(rig.send(rig.book(K, *kalshi)))) == 1


def test_one_execution_in_flight_per_market() -> None:
    rig = Rig()
    fire(rig)
    assert requote(rig) == []


def test_two_pairs_on_one_kalshi_market_do_not_fire_together() -> None:
    rig = Rig()
    rig.send(MarketChanged(polymarket_market(P2)))
    second = make_pair(pair_id=PairId("pair-b"), polymarket=P2)
    rig.send(PairsChanged((rig.pair, second)))
    fire(rig)
    _, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    assert fires(rig.send(rig.book(P2, *polymarket))) == []


def test_executions_at_once_are_capped() -> None:
    rig = Rig(limits=structs.replace(EASY, executions_max=1))
    rig.send(MarketChanged(kalshi_market(K2)))
    rig.send(MarketChanged(polymarket_market(P2)))
    other = make_pair(pair_id=PairId("pair-b"), kalshi=K2, polymarket=P2)
    rig.send(PairsChanged((rig.pair, other)))
    fire(rig)
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    rig.send(rig.book(K2, *kalshi))
    assert fires(rig.send(rig.book(P2, *polymarket))) == []


def test_stop_lets_nothing_new_start_and_finishes_what_is_open() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.send(StopRequested())
    rig.answer(second, MISSED)
    (unwind,) = fires(rig.fill(first))
    rig.fill(unwind.orders[0])
    assert rig.engine.open_executions == 0
    assert requote(rig) == []


@pytest.mark.parametrize("venue", Venue)
def test_closed_venue_is_not_traded_until_it_opens(venue: Venue) -> None:
    rig = Rig()
    assert alarms(rig.send(VenueStateChanged(venue, is_open=False, reason="paused"))) == [
        "venue_closed"
    ]
    assert fires(rig.quote()) == []
    rig.pass_ms(10**9)
    assert fires(rig.quote()) == []
    assert alarms(rig.send(VenueStateChanged(venue, is_open=True, reason="resumed"))) == [
        "venue_opened"
    ]
    assert len(requote(rig)) == 1


@pytest.mark.parametrize("cash", [(0, 1_000 * ONE), (1_000 * ONE, 0), (6 * ONE, 1_000 * ONE)])
def test_cash_must_be_there_on_both_venues_with_the_reserve_kept(cash: tuple[int, int]) -> None:
    assert fires(Rig(cash_micros=cash).quote()) == []


def test_cash_on_another_shard_cannot_be_used() -> None:
    rig = Rig(kalshi=kalshi_market(shard=2), cash_micros=(0, 1_000 * ONE))
    rig.send(CashReported(Venue.KALSHI, ((0, 1_000 * ONE), (2, 0))))
    assert fires(rig.quote()) == []
    rig.send(CashReported(Venue.KALSHI, ((2, 1_000 * ONE),)))
    assert len(requote(rig)) == 1


def test_cash_that_pays_for_a_smaller_size_is_used() -> None:
    rig = Rig(cash_micros=(9 * ONE, 1_000 * ONE))
    first, _ = fire(rig)
    assert 6 * ONE <= first.size_e6 <= 8 * ONE


def test_reservation_of_one_execution_is_not_there_for_another() -> None:
    rig = Rig(cash_micros=(16 * ONE, 1_000 * ONE))
    rig.send(MarketChanged(kalshi_market(K2)))
    rig.send(MarketChanged(polymarket_market(P2)))
    other = make_pair(pair_id=PairId("pair-b"), kalshi=K2, polymarket=P2)
    rig.send(PairsChanged((rig.pair, other)))
    first, _ = fire(rig)
    assert first.size_e6 == 20 * ONE
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    rig.send(rig.book(K2, *kalshi))
    assert fires(rig.send(rig.book(P2, *polymarket))) == []


def test_unhedged_cap_counts_the_legs_in_flight() -> None:
    rig = Rig(limits=structs.replace(EASY, unhedged_micros_max=15 * ONE))
    rig.send(MarketChanged(kalshi_market(K2)))
    rig.send(MarketChanged(polymarket_market(P2)))
    other = make_pair(pair_id=PairId("pair-b"), kalshi=K2, polymarket=P2)
    rig.send(PairsChanged((rig.pair, other)))
    fire(rig)
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    rig.send(rig.book(K2, *kalshi))
    assert fires(rig.send(rig.book(P2, *polymarket))) == []


def test_position_cap_leaves_what_is_not_held_yet() -> None:
    rig = Rig(limits=structs.replace(EASY, position_e6_max=30 * ONE))
    hedge(rig)
    ((first, _),) = [shot.orders for shot in requote(rig)]
    assert first.size_e6 == 10 * ONE
    rig.fill(first)
    rig.fill(fires(rig.seen)[-1].orders[1])
    assert requote(rig) == []


def test_pairs_own_size_cap_counts() -> None:
    rig = Rig(pair=make_pair(size_e6_max=7 * ONE))
    assert fire(rig)[0].size_e6 == 7 * ONE


def test_opposite_direction_of_a_held_pair_is_only_ever_a_sale_of_it() -> None:
    rig = Rig()
    first, second = hedge(rig)
    rig.direction = Direction.KALSHI_NO
    (shot,) = requote(rig, 5_000)
    sold = [(order.venue, order.outcome, order.side) for order in shot.orders]
    assert sold == [(leg.venue, leg.outcome, Side.SELL) for leg in (first, second)]
    assert all(order.size_e6 <= first.size_e6 for order in shot.orders)


def test_direction_of_a_held_pair_is_added_to() -> None:
    rig = Rig()
    hedge(rig)
    (shot,) = requote(rig, 5_000)
    assert {order.side for order in shot.orders} == {Side.BUY}


def test_opposite_direction_is_refused_on_another_pair_of_the_same_kalshi_market() -> None:
    rig = Rig()
    rig.send(MarketChanged(polymarket_market(P2)))
    second = make_pair(pair_id=PairId("pair-b"), polymarket=P2)
    rig.send(PairsChanged((rig.pair, second)))
    hedge(rig)
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_NO)
    rig.pass_ms(5_000)
    rig.send(rig.book(P, [], []))
    rig.send(rig.book(K, *kalshi))
    # Buying NO on Kalshi is selling the YES that hedges the first pair.
    assert fires(rig.send(rig.book(P2, *polymarket))) == []


def test_holding_found_at_start_is_not_bought_against() -> None:
    rig = Rig(direction=Direction.KALSHI_NO, limits=structs.replace(EASY, exit_gain_micros_min=ONE))
    rig.send(PositionReported(K, 50 * ONE, 0))
    rig.send(PositionReported(P, 0, 50 * ONE))
    rig.send(PositionReported(MarketId("kalshi:other"), ONE, 0))
    assert rig.engine.carry_e6(PAIR_ID) == 0
    assert fires(rig.quote()) == []


def test_unhedged_pair_is_refused_and_alarmed_once() -> None:
    rig = Rig()
    rig.send(PositionReported(K, 50 * ONE, 0))
    assert alarms(rig.quote()) == ["pair_unhedged"]
    rig.pass_ms(10)
    assert rig.quote() == []


def test_edge_too_good_is_alarmed_once_and_not_fired() -> None:
    rig = Rig(limits=structs.replace(EASY, edge_micros_max=10_000))
    assert alarms(rig.quote()) == ["edge_too_good"]
    assert requote(rig) == []
    assert alarms(rig.seen) == ["edge_too_good"]


@pytest.mark.parametrize("state", [state for state in PairState if state is not PairState.ARMED])
def test_pair_that_is_not_armed_is_not_traded(state: PairState) -> None:
    assert fires(Rig(pair=make_pair(state=state)).quote()) == []


@pytest.mark.parametrize(
    ("kalshi", "polymarket"),
    [
        (kalshi_market(seconds_delay=3), polymarket_market(seconds_delay=3)),
        (kalshi_market(is_tradable=False), polymarket_market()),
        (kalshi_market(), polymarket_market(is_tradable=False)),
    ],
)
def test_market_that_cannot_be_traded_and_two_that_delay_are_left_alone(
    kalshi: Market, polymarket: Market
) -> None:
    assert fires(Rig(kalshi=kalshi, polymarket=polymarket).quote()) == []


def test_pair_with_an_unknown_market_waits_for_it() -> None:
    rig = Rig()
    rig.send(PairsChanged((make_pair(polymarket=P2),)))
    assert fires(rig.quote()) == []
    rig.send(MarketChanged(polymarket_market(P2)))
    _, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    assert len(fires(rig.send(rig.book(P2, *polymarket)))) == 1


def test_new_limits_hold_from_now_on() -> None:
    rig = Rig()
    rig.send(LimitsChanged(structs.replace(EASY, edge_micros_min=90_000)))
    assert fires(rig.quote()) == []
    rig.send(LimitsChanged(structs.replace(EASY, size_e6_max=8 * ONE)))
    assert requote(rig)[0].orders[0].size_e6 == 8 * ONE


def test_grid_change_in_flight_voids_and_alarms() -> None:
    rig = Rig()
    fire(rig)
    actions = rig.send(GridChanged(K, PriceGrid.uniform(10)))
    assert alarms(actions) == ["grid_changed_in_flight"]
    assert only(actions, Resync)[0].reason == "grid_changed"


def test_grid_change_at_rest_only_voids() -> None:
    actions = Rig().send(GridChanged(K, PriceGrid.uniform(10)))
    assert alarms(actions) == []
    assert len(only(actions, Resync)) == 1


def test_grid_told_again_in_flight_is_no_alarm() -> None:
    rig = Rig()
    fire(rig)
    assert rig.send(GridChanged(K, rig.kalshi.grid)) == []


def test_last_trade_reaches_the_book() -> None:
    rig = Rig(hash_every=1)
    rig.send(LastTrade(P, "0.5"))
    assert rig.engine.books().books[P].last_trade_price == "0.5"


# -- depth that we took ---------------------------------------------------------------------


def test_taken_depth_stays_subtracted_until_a_book_event_later_than_the_answer() -> None:
    # Half of the depth is allowed: twenty of forty, then ten of the twenty that are left.
    rig = Rig(limits=structs.replace(EASY, depth_share_e4=5_000, exit_depth_share_e4_min=0))
    kalshi: Sides = ([], [(4_800, 40 * ONE)])
    polymarket: Sides = ([(5_500, 40 * ONE)], [])
    rig.send(rig.book(K, *kalshi))
    (shot,) = fires(rig.send(rig.book(P, *polymarket)))
    first, second = shot.orders
    assert first.size_e6 == 20 * ONE
    answered_ms = T0_MS + rig.now_ns // ONE + 40
    rig.pass_ms(50)
    for order in (first, second):
        rig.answer(order, FILLED, order.size_e6, order.limit_e4 * 2_000, ts_event_ms=answered_ms)
        rig.book_fill(order, order.size_e6, order.limit_e4 * 2_000)
    # Frames that were on their way before the fill show the old depth.
    stale_ns = rig.now_ns - 12 * ONE
    late = structs.replace(rig.book(K, *kalshi), ts_event_ms=T0_MS + stale_ns // ONE)
    (again,) = fires(rig.send(late))
    assert again.orders[0].size_e6 == 10 * ONE


def test_taken_depth_comes_back_when_the_venue_refused_the_order() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.answer(first, AnswerStatus.NOT_SENT)
    rig.answer(second, REJECTED)
    for name in (K, P):
        book = rig.engine.books().books[name]
        assert sum(size for _, size in book.ladder(Outcome.YES, Side.BUY, 9)) == 200 * ONE


def test_refused_rollback_does_not_bring_back_what_the_leg_took() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.answer(second, MISSED)
    rig.send(VenueStateChanged(Venue.POLYMARKET, is_open=False, reason="paused"))
    (unwind,) = fires(rig.fill(first))
    assert unwind.orders[0].market.id == K
    rig.answer(unwind.orders[0], REJECTED)
    book = rig.engine.books().books[K]
    offered = sum(size for _, size in book.ladder(Outcome.YES, Side.BUY, 9))
    assert offered == 200 * ONE - first.size_e6


def test_delayed_order_keeps_its_depth_whatever_the_feed_shows_meanwhile() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    rig.answer(second, AnswerStatus.DELAYED)
    rig.pass_ms(500)
    rig.quote()
    book = rig.engine.books().books[P]
    left = sum(size for _, size in book.ladder(second.outcome, Side.BUY, 9))
    assert left == 200 * ONE - second.size_e6


# -- judging the legs -----------------------------------------------------------------------


def test_both_filled_is_hedged_and_ends() -> None:
    rig = Rig()
    first, second = hedge(rig, fee_micros=100)
    (closed,) = notes(rig.seen, NoteKind.EXECUTION_CLOSED)
    assert closed["closed_as"] == "hedged"
    spent = first.limit_e4 * 20 * 100 + second.limit_e4 * second.size_e6 // 10_000 + 200
    assert closed["net_micros"] == min(first.size_e6, second.size_e6) - spent
    assert rig.engine.tally.hedged == 1


def test_both_missed_is_a_miss_and_nothing_is_booked() -> None:
    rig = Rig()
    for order in fire(rig):
        rig.answer(order, MISSED)
    assert (rig.engine.tally.missed, rig.engine.open_executions) == (1, 0)
    assert only(rig.seen, SettleMoney) == []


def test_lone_leg_is_rolled_back_at_once() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    (unwind,) = fires(rig.answer(second, MISSED))
    (order,) = unwind.orders
    assert (order.purpose, order.size_e6) == (Purpose.ROLLBACK, first.size_e6)
    rig.fill(order)
    (closed,) = notes(rig.seen, NoteKind.EXECUTION_CLOSED)
    assert (closed["closed_as"], closed["rollback_orders"]) == ("rolled_back", 1)


def test_partner_of_an_unknown_leg_is_left_alone_until_the_venue_has_told() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    actions = rig.answer(second, UNKNOWN)
    assert fires(actions) == []
    assert only(actions, LookUp) == [LookUp(1, 1)]
    rig.fill(second)
    assert rig.engine.tally.hedged == 1


def test_unknown_look_up_is_tried_again_by_timer() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    rig.answer(second, UNKNOWN)
    actions = rig.answer(second, UNKNOWN)
    assert alarms(actions) == ["outcome_still_unknown"]
    (timer,) = timers(actions)
    rig.now_ns = timer.at_ns
    assert rig.send(TimerFired(timer.key)) == [LookUp(1, 1)]
    rig.fill(second)
    assert rig.send(TimerFired(timer.key)) == []


def test_fill_that_outruns_its_answer_counts_once() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.answer(second, UNKNOWN)
    rig.send(FillBooked(1, 1, make_fill(second, second.size_e6, ONE)))
    rig.fill(first)
    assert rig.engine.open_executions == 1
    rig.answer(second, FILLED, second.size_e6, ONE)
    rig.send(MoneySettled(1, 1, second.size_e6, ONE, 0))
    assert rig.engine.tally.hedged == 1
    assert "late_fill" not in alarms(rig.seen)


def test_answer_that_tells_less_than_the_fills_does_not_take_them_back() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.send(FillBooked(1, 1, make_fill(second, second.size_e6, ONE)))
    actions = rig.answer(second, MISSED)
    assert only(actions, SettleMoney) == [SettleMoney(1, 1, second.size_e6, -1)]
    rig.fill(first)
    rig.send(MoneySettled(1, 1, second.size_e6, ONE, 0))
    assert rig.engine.tally.hedged == 1


def test_late_fill_after_the_close_reopens_and_is_rolled_back() -> None:
    rig = Rig()
    first, second = fire(rig)
    for order in (first, second):
        rig.answer(order, MISSED)
    assert rig.engine.open_executions == 0
    actions = rig.send(FillBooked(1, 0, make_fill(first, 5 * ONE, 2_400_000)))
    assert alarms(actions) == ["late_fill"]
    assert only(actions, SettleMoney) == [SettleMoney(1, 0, 5 * ONE, -1)]
    assert fires(actions) == []
    (unwind,) = fires(all_told(rig))
    assert unwind.orders[0].size_e6 == 5 * ONE
    assert set(rig.executions.busy) == {K, P}
    rig.send(MoneySettled(1, 0, 5 * ONE, 2_400_000, 0))
    rig.fill(unwind.orders[0])
    tally = rig.engine.tally
    assert (tally.missed, tally.rolled_back, tally.executions) == (0, 1, 1)


def test_late_order_of_several_trades_is_closed_as_one() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    rig.send(BooksVoid((K, P), "disconnected"))
    rig.answer(second, MISSED)
    rig.quote()
    for number in range(2):
        # What the first one leaves open is what the second one covers.
        half_e6 = first.size_e6 // 2
        fill = make_fill(second, half_e6, second.limit_e4 * half_e6 // 10_000, key=f"late{number}")
        assert fires(rig.send(FillBooked(1, 1, fill))) == []
        rig.pass_ms(10)
    assert fires(all_told(rig)) == []
    rig.send(MoneySettled(1, 1, first.size_e6, second.limit_e4 * first.size_e6 // 10_000, 0))
    assert (rig.engine.open_executions, rig.engine.carry_e6(PAIR_ID)) == (0, 0)


def test_late_answer_after_the_close_reopens_too() -> None:
    rig = Rig()
    first, second = fire(rig)
    for order in (first, second):
        rig.answer(order, MISSED)
    assert alarms(rig.answer(first, FILLED, 5 * ONE)) == ["late_fill"]
    assert rig.engine.open_executions == 1


def test_money_that_comes_late_and_tells_more_reopens_too() -> None:
    rig = Rig()
    first, _ = hedge(rig)
    actions = rig.send(MoneySettled(1, 0, first.size_e6 + 5 * ONE, 12 * ONE, 0))
    assert len(fires(actions)) == 1
    assert rig.engine.open_executions == 1
    assert set(rig.executions.busy) == {K, P}


def test_money_told_again_after_the_close_changes_nothing() -> None:
    rig = Rig()
    hedge(rig)
    state = rig.executions._closed[1].order(0)
    rig.executions.breaker.failed(0, "later", rig.now_ns)
    event = MoneySettled(
        1, 0, state.booked_e6, state.booked_notional_micros, state.booked_fee_micros
    )
    assert only(rig.send(event), Fire) == []
    assert len(notes(rig.seen, NoteKind.EXECUTION_CLOSED)) == 1
    assert rig.executions.breaker.failures == 1


def test_money_corrected_after_the_close_corrects_the_result() -> None:
    rig = Rig()
    hedge(rig)
    before, cash = rig.engine.tally.net_micros, rig.executions.funds.free(rig.kalshi)
    state = rig.executions._closed[1].order(0)
    rig.send(MoneySettled(1, 0, state.booked_e6, state.booked_notional_micros, 777))
    assert rig.engine.tally.net_micros == before - 777
    assert rig.executions.funds.free(rig.kalshi) == cash - 777
    assert rig.engine.tally.hedged == 1


def test_voided_fill_reopens_the_other_leg() -> None:
    rig = Rig()
    _, second = hedge(rig)
    notional = second.limit_e4 * second.size_e6 // 10_000
    actions = rig.void_fill(second, second.size_e6, notional)
    assert "fill_voided" in alarms(actions)
    (unwind,) = fires(actions)
    assert unwind.orders[0].size_e6 == 20 * ONE
    assert rig.executions.breaker.failures == 1
    rig.fill(unwind.orders[0])
    assert (rig.engine.tally.hedged, rig.engine.tally.rolled_back) == (0, 1)


def test_voided_part_of_a_fill_is_settled_again_for_what_is_left() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    rig.answer(second, FILLED, second.size_e6, ONE)
    part = second.size_e6 - 5_000
    rig.send(FillBooked(1, 1, make_fill(second, part, ONE, key="a")))
    rig.send(FillBooked(1, 1, make_fill(second, 5_000, 1, key="b")))
    actions = rig.void_fill(second, 5_000, 1)
    # The money of the whole order was asked for; nobody could tell it any more.
    assert only(actions, SettleMoney) == [SettleMoney(1, 1, part, -1)]
    rig.send(MoneySettled(1, 1, part, ONE, 0))
    assert rig.engine.open_executions == 0


def test_more_voided_than_filled_is_a_broken_invariant() -> None:
    rig = Rig()
    _, second = fire(rig)
    with pytest.raises(InvariantBroken, match="more voided than filled"):
        rig.void_fill(second, ONE, ONE)


def test_answer_of_an_execution_that_never_was_is_a_broken_invariant() -> None:
    answer = LegAnswer(status=MISSED)
    with pytest.raises(InvariantBroken, match="there is no execution 7"):
        Rig().send(OrderAnswered(7, 0, answer, 0))


def test_reopened_execution_keeps_its_markets_when_a_younger_one_closes() -> None:
    rig = Rig()
    first, second = fire(rig)
    for order in (first, second):
        rig.answer(order, MISSED)
    ((younger, partner),) = [shot.orders for shot in requote(rig, 5_000)]
    # The older one's fill turns up while the younger is in flight, and cannot be closed yet.
    rig.send(VenueStateChanged(Venue.KALSHI, is_open=False, reason="paused"))
    rig.send(VenueStateChanged(Venue.POLYMARKET, is_open=False, reason="paused"))
    rig.send(FillBooked(1, 0, make_fill(first, 5 * ONE, 2_400_000)))
    for order in (younger, partner):
        rig.answer(order, MISSED)
    assert rig.engine.open_executions == 1
    assert rig.executions.busy == {K: 1, P: 1}


def test_closed_executions_are_kept_until_no_news_of_them_can_come() -> None:
    # However often they miss, the prior weighs more.
    rig = Rig(limits=structs.replace(EASY, prior_tries=1_000_000))
    first, second = fire(rig)
    rig.fill(first)
    actions = [*rig.fill(second)]
    assert only(actions, ExecutionEnded) == [ExecutionEnded(1)]
    for _ in range(1_000):
        rig.pass_ms(10)
        (shot,) = fires(rig.quote())
        for order in shot.orders:
            rig.answer(order, MISSED)
    # A fill that was provisional all that time fails on chain: the other leg stands alone.
    notional = second.limit_e4 * second.size_e6 // 10_000
    rig.void_fill(second, second.size_e6, notional)
    assert rig.engine.open_executions == 1
    rig.send(ExecutionForgotten(2))
    with pytest.raises(InvariantBroken):
        rig.executions._find(2)
    # What is open again is not forgotten, whoever says so.
    rig.send(ExecutionForgotten(1))
    assert rig.executions._find(1).execution_no == 1


def test_dust_goes_into_the_next_executions_size() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    rig.fill(second, size_e6=second.size_e6 + 9_000)
    assert abs(rig.engine.carry_e6(PAIR_ID)) < LOT
    carried = -rig.engine.carry_e6(PAIR_ID)
    assert carried > 0
    (shot,) = requote(rig, 5_000)
    size, shares = shot.orders[0].size_e6, shot.orders[1].size_e6
    assert size == (shares + carried) // LOT * LOT
    rig.fill(shot.orders[0])
    rig.fill(shot.orders[1])
    assert abs(rig.engine.carry_e6(PAIR_ID)) < LOT


@pytest.mark.parametrize(
    ("venue", "carry_e6"), [(Venue.KALSHI, 5 * LOT), (Venue.POLYMARKET, -5 * LOT)]
)
def test_few_carried_lots_are_netted_by_the_next_execution(venue: Venue, carry_e6: int) -> None:
    rig = Rig()
    kalshi_e6, polymarket_e6 = (5 * LOT if each is venue else 0 for each in Venue)
    rig.send(PositionReported(K, kalshi_e6, 0))
    rig.send(PositionReported(P, 0, polymarket_e6))
    assert rig.engine.carry_e6(PAIR_ID) == carry_e6
    (shot,) = fires(rig.quote())
    first, second = shot.orders
    assert first.size_e6 == (second.size_e6 - carry_e6) // LOT * LOT
    for order in shot.orders:
        rig.fill(order)
    assert rig.engine.open_executions == 0
    assert abs(rig.engine.carry_e6(PAIR_ID)) < LOT


def test_more_than_a_few_carried_lots_bar_the_pair_with_an_alarm() -> None:
    rig = Rig()
    rig.send(PositionReported(K, 5 * LOT + 1, 0))
    assert alarms(rig.quote()) == ["pair_unhedged"]


# -- holding --------------------------------------------------------------------------------


def test_residual_that_cannot_be_closed_is_held_alarmed_and_tried_again() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    rig.send(BooksVoid((K, P), "disconnected"))
    actions = rig.answer(second, MISSED)
    for waited in range(4):
        # Snapshots may be on their way: no alarm for that before a second is over.
        assert (alarms(actions), fires(actions)) == ([], [])
        assert rig.executions.breaker.state is BreakerState.CLOSED
        (timer,) = timers(actions)
        assert timer.at_ns == rig.now_ns + 250 * ONE, waited
        rig.now_ns = timer.at_ns
        actions = rig.send(TimerFired(timer.key))
    assert (alarms(actions), fires(actions)) == (["residual_held"], [])
    assert rig.executions.breaker.state is BreakerState.OPEN
    assert rig.quote() == []
    (unwind,) = fires(rig.send(TimerFired(timer.key)))
    rig.fill(unwind.orders[0])
    assert rig.engine.open_executions == 0


def test_residual_held_too_long_is_alarmed_again() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    rig.send(BooksVoid((K, P), "disconnected"))
    (timer,) = timers(rig.answer(second, MISSED))
    rig.pass_ms(60_001)
    assert alarms(rig.send(TimerFired(timer.key))) == ["residual_held"]


def test_rollback_orders_are_bounded_then_spaced() -> None:
    rig = Rig(limits=structs.replace(EASY, rollback_attempts_max=2))
    first, second = fire(rig)
    rig.fill(first)
    actions = rig.answer(second, MISSED)
    for _ in range(2):
        (shot,) = fires(actions)
        actions = rig.answer(shot.orders[0], MISSED)
    assert fires(actions) == []
    (timer,) = timers(actions)
    assert timer.at_ns == rig.now_ns + 4 * 250 * ONE
    rig.now_ns = timer.at_ns
    assert len(fires(rig.send(TimerFired(timer.key)))) == 1


def test_refused_way_is_not_tried_again_before_the_pause() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    ways = []
    actions = rig.answer(second, MISSED)
    while shots := fires(actions):
        (order,) = shots[0].orders
        ways.append((order.venue, order.side))
        actions = rig.answer(order, REJECTED)
    assert len(ways) == len(set(ways)) == 2
    assert rig.executions._open[1].state is ExecutionState.HOLDING


def test_rollback_avoids_a_venue_that_is_paused() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.answer(second, MISSED)
    rig.send(VenueStateChanged(Venue.KALSHI, is_open=False, reason="paused"))
    (complete,) = fires(rig.fill(first))
    assert complete.orders[0].venue is Venue.POLYMARKET


@pytest.mark.parametrize("key", ["retry:99", "lookup:99/0", "cash:", "retry:1", "lookup:1/0"])
def test_timer_without_anything_to_do_does_nothing(key: str) -> None:
    rig = Rig()
    fire(rig)
    assert list(rig.send(TimerFired(key))) == []


# -- breaker, venue states, cash -------------------------------------------------------------


def failing(rig: Rig) -> None:
    """An execution whose first leg was UNKNOWN and never landed."""
    rig.pass_ms(5_000)
    (shot,) = fires(rig.quote())
    first, second = shot.orders
    rig.answer(first, UNKNOWN)
    rig.answer(second, MISSED)
    rig.answer(first, MISSED)


def test_five_failures_open_the_breaker_and_a_probe_closes_it() -> None:
    rig = Rig()
    for _ in range(5):
        failing(rig)
    assert notes(rig.seen, NoteKind.BREAKER_CHANGED)[-1]["state"] == "open"
    assert requote(rig, 40_000) == []
    rig.pass_ms(60_000)
    actions = list(rig.quote())
    assert notes(actions, NoteKind.BREAKER_CHANGED)[0]["state"] == "half_open"
    for order in fires(actions)[0].orders:
        rig.fill(order)
    assert rig.engine.breaker_state is BreakerState.CLOSED
    assert notes(rig.seen, NoteKind.BREAKER_CHANGED)[-1]["state"] == "closed"


def test_unavailable_venue_is_a_failure_and_gets_no_order_for_a_doubling_while() -> None:
    rig = Rig()
    for pause_ms in (1_000, 2_000, 4_000):
        (shot,) = requote(rig)
        answer_unavailable(rig, shot)
        assert requote(rig, pause_ms - 20) == []
        rig.pass_ms(20)
    assert rig.executions.breaker.failures == 3
    # That it is back is a guess: it is asked first, and alone.
    (shot,) = requote(rig)
    (order,) = shot.orders
    assert order.venue is Venue.KALSHI
    rig.answer(order, MISSED)
    # It answered: from now on both legs go at once, and the doubling starts again.
    (shot,) = requote(rig)
    assert len(shot.orders) == 2
    answer_unavailable(rig, shot)
    assert len(requote(rig, 1_000)) == 1


def answer_unavailable(rig: Rig, shot: Fire) -> None:
    """Kalshi cannot be reached; where Polymarket was asked too, it missed."""
    rig.answer(shot.orders[0], AnswerStatus.NOT_SENT, is_unavailable=True)
    for order in shot.orders[1:]:
        rig.answer(order, MISSED)


def test_unavailable_answer_does_not_open_a_venue_that_closed_by_its_own_word() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.send(VenueStateChanged(Venue.KALSHI, is_open=False, reason="trading_is_paused"))
    rig.answer(first, AnswerStatus.NOT_SENT, is_unavailable=True)
    rig.answer(second, MISSED)
    assert requote(rig, 10_000) == []


def test_market_that_rejects_legs_rests_for_a_doubling_while() -> None:
    rig = Rig()
    for pause_ms in (1_000, 2_000, 4_000):
        (shot,) = requote(rig)
        rig.answer(shot.orders[0], REJECTED)
        rig.answer(shot.orders[1], MISSED)
        assert requote(rig, pause_ms - 20) == []
        rig.pass_ms(20)
    assert rig.executions.breaker.failures == 0


def test_voided_fill_stays_void_when_a_late_answer_still_counts_it() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.answer(first, MISSED)
    rig.answer(second, UNKNOWN)
    rig.send(FillBooked(1, 1, make_fill(second, second.size_e6, ONE)))
    rig.void_fill(second, second.size_e6, ONE)
    rig.answer(second, FILLED, second.size_e6, ONE)
    assert (rig.engine.open_executions, rig.engine.tally.missed) == (0, 1)


def test_delayed_order_that_becomes_unknown_is_a_failure() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.answer(first, MISSED)
    rig.answer(second, AnswerStatus.DELAYED)
    assert rig.executions.breaker.failures == 0
    rig.answer(second, UNKNOWN)
    assert rig.executions.breaker.failures == 1


def test_invariant_reported_from_outside_trips_the_breaker() -> None:
    rig = Rig()
    actions = rig.send(InvariantReported("books disagree"))
    assert notes(actions, NoteKind.BREAKER_CHANGED) == [
        {"state": "open", "reason": "books disagree", "failures": 0}
    ]
    assert fires(rig.quote()) == []


def test_cash_is_read_once_the_venues_are_quiet() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.answer(first, MISSED)
    (timer,) = only(rig.answer(second, MISSED), SetTimer)
    rig.now_ns = timer.at_ns
    assert rig.send(TimerFired(timer.key)) == [ReadCash(venue) for venue in Venue]
    requote(rig)
    assert list(rig.send(TimerFired(timer.key))) == []


def test_cash_reported_in_flight_is_neither_before_nor_after_and_is_left_alone() -> None:
    rig = Rig()
    fire(rig)
    before = rig.executions.funds.free(rig.kalshi)
    rig.send(CashReported(Venue.KALSHI, ((0, 1),)))
    assert rig.executions.funds.free(rig.kalshi) == before


def test_position_read_while_an_execution_is_open_counts_its_fills_once() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.answer(first, FILLED, first.size_e6, ONE)
    rig.send(PositionReported(K, first.size_e6, 0))
    rig.book_fill(first, first.size_e6, ONE)
    rig.fill(second)
    assert abs(rig.engine.carry_e6(PAIR_ID)) < LOT


# -- restart --------------------------------------------------------------------------------


def found(*answers: LegAnswer | None) -> ExecutionFound:
    first, second = fire(Rig())
    pair = make_pair()
    return ExecutionFound(
        40,
        pair,
        Direction.KALSHI_YES,
        tuple(
            (structs.replace(spec, execution_no=40), answer)
            for spec, answer in zip((first, second), answers, strict=True)
        ),
    )


def test_restart_asks_for_exactly_the_orders_that_never_answered() -> None:
    rig = Rig()
    known = LegAnswer(status=FILLED, filled_e6=20 * ONE, notional_micros=9 * ONE)
    actions = rig.send(found(known, None))
    assert only(actions, LookUp) == [LookUp(40, 1)]
    assert only(actions, SettleMoney) == [SettleMoney(40, 0, 20 * ONE, 9 * ONE)]
    assert fires(actions) == []
    assert rig.executions.busy == {K: 40, P: 40}
    rig.send(rig.book(K, [(4_700, 100 * ONE)], [(4_800, 100 * ONE)]))
    (unwind,) = fires(rig.answer(found(known, None).orders[1][0], MISSED))
    assert unwind.orders[0].size_e6 == 20 * ONE


def test_restart_counts_executions_on_from_the_found_one() -> None:
    rig = Rig()
    missed = LegAnswer(status=MISSED)
    rig.send(found(missed, missed))
    assert rig.engine.open_executions == 0
    (shot,) = fires(rig.quote())
    assert shot.execution_no == 41


def test_restart_knows_the_markets_of_what_it_finds() -> None:
    event = found(None, None)
    fresh = Rig(
        pair=make_pair(kalshi=K2, polymarket=P2),
        kalshi=kalshi_market(K2),
        polymarket=polymarket_market(P2),
    )
    fresh.send(event)
    fresh.answer(event.orders[0][0], FILLED, 20 * ONE, 9 * ONE)
    fresh.answer(event.orders[1][0], MISSED)
    fresh.pass_ms(1_000)
    assert alarms(fresh.send(TimerFired("retry:40")))[-1] == "residual_held"


# -- determinism -----------------------------------------------------------------------------


def test_same_events_twice_ask_for_the_same() -> None:
    seen = []
    for _ in range(2):
        rig = Rig(limits=Limits(breaker=BreakerLimits(failures_max=2), edge_stable_ms=0))
        first, second = fire(rig)
        rig.answer(first, UNKNOWN)
        rig.answer(second, FILLED, second.size_e6, 9 * ONE)
        rig.answer(first, MISSED)
        requote(rig)
        seen.append(rig.seen)
    assert seen[0] == seen[1]
