"""Each gate by itself: it alone stops an execution, and the same scene without it fires."""

from collections.abc import Callable, Sequence

import pytest
from msgspec import structs

from tests.support.core import (
    EASY,
    MS,
    PAIR_ID,
    T0_MS,
    K,
    P,
    Rig,
    alarms,
    crossing_books,
    fires,
    kalshi_market,
    make_pair,
    only,
    polymarket_market,
)
from twoleg.core.actions import Action, SetTimer
from twoleg.core.events import (
    AnswerStatus,
    BooksVoid,
    CashReported,
    InvariantReported,
    MarketBarred,
    MarketChanged,
    PairsChanged,
    PositionReported,
    StopRequested,
    TimerFired,
    VenueStateChanged,
)
from twoleg.core.gates import AFTER, BEFORE, NO_SIZE, is_book_void
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, Market, MarketId, PairId, Polarity, Venue

ONE = 1_000_000
YEAR_MS = 365 * 86_400_000
P2 = MarketId("polymarket:0xb")
PAIR_B = PairId("pair-b")


def quote(rig: Rig) -> Sequence[Action]:
    return rig.quote()


def second_pair_in_flight(rig: Rig) -> None:
    """An execution of another pair on the same Kalshi market, not answered yet."""
    second = make_pair(pair_id=PAIR_B, polymarket=P2)
    rig.send(MarketChanged(polymarket_market(P2)))
    rig.send(PairsChanged((rig.pair, second)))
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    rig.send(rig.book(K, *kalshi))
    assert fires(rig.send(rig.book(P2, *polymarket)))


def second_pair_held(rig: Rig) -> None:
    """The other pair holds NO of the Kalshi market."""
    second = make_pair(pair_id=PAIR_B, polymarket=P2)
    rig.send(MarketChanged(polymarket_market(P2)))
    rig.send(PairsChanged((second,)))
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_NO)
    rig.send(rig.book(K, *kalshi))
    (shot,) = fires(rig.send(rig.book(P2, *polymarket)))
    for order in shot.orders:
        rig.fill(order)
    assert rig.engine.open_executions == 0
    rig.send(PairsChanged((rig.pair, second)))
    rig.pass_ms(5_000)


def rejected(rig: Rig) -> None:
    (shot,) = fires(rig.quote())
    for order in shot.orders:
        rig.answer(order, AnswerStatus.REJECTED)
    assert rig.engine.open_executions == 0


def doubted(rig: Rig) -> None:
    _, polymarket = crossing_books(rig.polarity, rig.direction)
    rig.send(rig.book(P, *polymarket))
    rig.engine.books().books[P].is_doubted = True


def kalshi_only(rig: Rig) -> Sequence[Action]:
    kalshi, _ = crossing_books(rig.polarity, rig.direction)
    return rig.send(rig.book(K, *kalshi))


def kalshi_lags(rig: Rig, *, lag_ms: int) -> Sequence[Action]:
    """The side that is taken from: the Polymarket book is on time."""
    kalshi, polymarket = crossing_books(rig.polarity, rig.direction)
    rig.send(rig.book(P, *polymarket))
    return rig.send(rig.book(K, *kalshi, lag_ms=lag_ms))


Prepare = Callable[[Rig], object]
BY_EVENT: dict[str, Prepare] = {
    "stopping": lambda rig: rig.send(StopRequested()),
    "market_busy": second_pair_in_flight,
    "market_resting": rejected,
    "market_barred": lambda rig: rig.send(MarketBarred(P, "orphan", is_barred=True)),
    "venue_closed": lambda rig: rig.send(
        VenueStateChanged(Venue.POLYMARKET, is_open=False, reason="paused")
    ),
    "opposite_held": second_pair_held,
    "pair_unhedged": lambda rig: rig.send(PositionReported(K, 50 * ONE, 0)),
    "cash_short": lambda rig: rig.send(CashReported(Venue.KALSHI, ((0, 5 * ONE),))),
    "breaker_open": lambda rig: rig.send(InvariantReported("a test")),
}
BY_LIMITS: dict[str, dict[str, object]] = {
    "edge_young": {"edge_stable_ms": 50},
    "executions_max": {"executions_max": 0},
    "position_full": {"position_e6_max": 9_999},
    "edge_too_good": {"edge_micros_max": 10_000},
    # Ten times the size stands under either leg.
    "exit_thin": {"exit_depth_share_e4_min": 100_001},
    "unhedged_cap": {"unhedged_micros_max": 9_000_000},
    # A rate worth trading on exists, but only below the least size.
    NO_SIZE: {"fill_curve": ((100, 10_000), (5_000, 1_000))},
}
BY_MARKET: dict[str, Market] = {
    "market_closing": structs.replace(kalshi_market(), close_ts_ms=T0_MS + 100_000),
    # 4.2 cents on 93 for a year, where one half is asked for.
    "below_hurdle": structs.replace(kalshi_market(), close_ts_ms=T0_MS + YEAR_MS),
}
BY_LAG: tuple[tuple[str, int, int], ...] = (
    ("legs_skewed", 800, 5),
    ("legs_skewed", 5, 800),
    ("feed_late", 1_100, 400),
    ("feed_late", 400, 1_100),
)
"""Why, and how late (ms) the frames of Kalshi and of Polymarket are."""


def test_same_scene_without_any_gate_fires_and_refuses_nothing() -> None:
    for act in (quote, lambda rig: kalshi_lags(rig, lag_ms=5)):
        rig = Rig()
        assert len(fires(act(rig))) == 1
        assert rig.engine.refusals == {}


@pytest.mark.parametrize("reason", BY_EVENT)
def test_gate_that_an_event_shuts_stops_the_execution(reason: str) -> None:
    rig = Rig()
    BY_EVENT[reason](rig)
    before = dict(rig.engine.refusals)
    assert fires(rig.quote()) == []
    found = {name for name, count in rig.engine.refusals.items() if count > before.get(name, 0)}
    assert found == {reason}


@pytest.mark.parametrize("reason", BY_LIMITS)
def test_gate_that_a_limit_shuts_stops_the_execution(reason: str) -> None:
    rig = Rig(limits=structs.replace(EASY, **BY_LIMITS[reason]))
    assert fires(rig.quote()) == []
    assert set(rig.engine.refusals) == {reason}


@pytest.mark.parametrize("reason", BY_MARKET)
def test_gate_that_a_market_s_close_shuts_stops_the_execution(reason: str) -> None:
    limits = structs.replace(EASY, hurdle_e4_per_year=5_000)
    rig = Rig(limits=limits, kalshi=BY_MARKET[reason])
    assert fires(rig.quote()) == []
    assert set(rig.engine.refusals) == {reason}
    # A close far enough, or near enough for the yield, is no reason.
    soon = structs.replace(kalshi_market(), close_ts_ms=T0_MS + 130_000)
    assert len(fires(Rig(limits=limits, kalshi=soon).quote())) == 1


@pytest.mark.parametrize("is_kalshi_first", [True, False])
def test_market_that_closes_first_shuts_its_pair(*, is_kalshi_first: bool) -> None:
    soon, late = T0_MS + 100_000, T0_MS + 1_000_000
    rig = Rig(
        limits=EASY,
        kalshi=structs.replace(kalshi_market(), close_ts_ms=soon if is_kalshi_first else late),
        polymarket=structs.replace(
            polymarket_market(), close_ts_ms=late if is_kalshi_first else soon
        ),
    )
    assert fires(rig.quote()) == []
    assert set(rig.engine.refusals) == {"market_closing"}


@pytest.mark.parametrize(("reason", "kalshi_ms", "polymarket_ms"), BY_LAG)
def test_gate_that_late_frames_shut_stops_the_execution(
    reason: str, kalshi_ms: int, polymarket_ms: int
) -> None:
    rig = Rig()
    kalshi, polymarket = crossing_books(rig.polarity, rig.direction)
    # How late Polymarket's frames run only those after its first snapshot tell.
    rig.send(rig.book(P, *polymarket))
    rig.pass_ms(2_000)
    rig.send(rig.book(P, *polymarket, lag_ms=polymarket_ms))
    assert fires(rig.send(rig.book(K, *kalshi, lag_ms=kalshi_ms))) == []
    assert set(rig.engine.refusals) == {reason}


def test_doubted_book_stops_the_execution() -> None:
    rig = Rig()
    doubted(rig)
    assert fires(kalshi_only(rig)) == []
    assert set(rig.engine.refusals) == {"book_doubted"}


def test_void_book_stops_even_a_sale_that_any_edge_would_be_good_for() -> None:
    rig = Rig()
    rig.quote()
    rig.send(BooksVoid((P,), "silent"))
    view = rig.engine._entry._by_pair[PAIR_ID]
    scene = rig.engine._entry._scene(view, 0, rig.now_ns)
    assert is_book_void(scene)


def test_every_gate_of_the_table_is_tested_here() -> None:
    tested = {
        *BY_EVENT,
        *BY_LIMITS,
        *BY_MARKET,
        *(case[0] for case in BY_LAG),
        "book_doubted",
        "book_void",
    }
    assert {name for name, *_ in (*BEFORE, *AFTER)} | {NO_SIZE} == tested


def test_market_is_free_again_only_when_no_reason_is_left() -> None:
    rig = Rig()
    assert alarms(rig.send(MarketBarred(K, "orphan", is_barred=True))) == ["market_barred"]
    assert rig.send(MarketBarred(K, "orphan", is_barred=True)) == []
    rig.send(MarketBarred(K, "difference", is_barred=True))
    rig.send(MarketBarred(K, "orphan", is_barred=False))
    assert fires(rig.quote()) == []
    assert alarms(rig.send(MarketBarred(K, "difference", is_barred=False))) == ["market_unbarred"]
    assert rig.send(MarketBarred(K, "never told", is_barred=False)) == []
    assert len(fires(rig.quote())) == 1


def test_alarm_of_a_refusal_is_raised_once_and_counted_each_time() -> None:
    rig = Rig(limits=structs.replace(EASY, edge_micros_max=10_000))
    seen = [*rig.quote(), *rig.quote()]
    assert alarms(seen) == ["edge_too_good"]
    assert rig.engine.refusals["edge_too_good"] == 3


# -- an edge must stand ---------------------------------------------------------------------

STEADY = structs.replace(EASY, edge_stable_ms=50)


def gone(rig: Rig) -> Sequence[Action]:
    return rig.send(rig.book(K, [(6_000, 100 * ONE)], [(6_100, 100 * ONE)]))


def due(rig: Rig) -> Sequence[Action]:
    return rig.send(TimerFired(f"edge:{PAIR_ID}"))


def test_edge_that_stands_without_a_further_tick_is_fired_when_due() -> None:
    rig = Rig(limits=STEADY)
    (timer,) = only(rig.quote(), SetTimer)
    assert timer == SetTimer(f"edge:{PAIR_ID}", rig.now_ns + 50 * MS)
    rig.pass_ms(49)
    assert rig.quote() == []
    rig.pass_ms(1)
    assert len(fires(due(rig))) == 1


def test_edge_that_stands_is_fired_by_the_tick_that_comes_first() -> None:
    rig = Rig(limits=STEADY)
    rig.quote()
    rig.pass_ms(50)
    assert len(fires(kalshi_only(rig))) == 1
    assert fires(due(rig)) == []


def test_edge_that_was_gone_in_between_has_to_stand_anew() -> None:
    rig = Rig(limits=STEADY)
    rig.quote()
    rig.pass_ms(20)
    gone(rig)
    rig.pass_ms(10)
    rig.quote()
    rig.pass_ms(20)
    (timer,) = only(due(rig), SetTimer)
    assert timer.at_ns == rig.now_ns + 30 * MS
    rig.pass_ms(30)
    assert len(fires(due(rig))) == 1


def test_edge_on_a_book_that_was_void_in_between_has_to_stand_anew() -> None:
    rig = Rig(limits=STEADY)
    rig.quote()
    rig.pass_ms(40)
    rig.send(BooksVoid((P,), "silent"))
    rig.quote()
    rig.pass_ms(10)
    assert fires(due(rig)) == []
    rig.pass_ms(40)
    assert len(fires(due(rig))) == 1


def test_timer_of_an_edge_that_is_gone_or_of_no_pair_does_nothing() -> None:
    rig = Rig(limits=STEADY)
    rig.quote()
    gone(rig)
    rig.pass_ms(50)
    assert due(rig) == []
    assert due(rig) == []
    assert rig.send(TimerFired("edge:nobody")) == []


def test_half_open_breaker_probes_with_the_least_size() -> None:
    limits = structs.replace(EASY, breaker=structs.replace(EASY.breaker, open_ms=1_000))
    assert fires(Rig(limits=limits).quote())[0].orders[0].size_e6 == 20 * ONE
    rig = Rig(limits=limits)
    rig.send(InvariantReported("a test"))
    rig.pass_ms(1_000)
    (shot,) = fires(rig.quote())
    kalshi, polymarket = shot.orders
    # The venue counts what the spend buys at the limit: at least its five contracts.
    assert polymarket.size_e6_min >= 5 * ONE
    assert kalshi.size_e6 < 6 * ONE


def test_limits_of_the_daemon_let_a_plain_edge_through() -> None:
    rig = Rig(limits=Limits(edge_stable_ms=0))
    assert len(fires(rig.quote())) == 1
