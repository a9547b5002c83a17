"""How often an exit is tried: ways that miss, orders of a minute, books that are void for a moment."""

from itertools import pairwise

from msgspec import structs

from tests.support.core import EASY, LOT, MS, ONE, K, P, Rig, alarms, fires, timers
from tests.support.exits import BIDS, exit_of, fire, lone_kalshi
from twoleg.core.breaker import BreakerState
from twoleg.core.events import AnswerStatus, BooksVoid, TimerFired
from twoleg.core.market import Side, Venue

S = AnswerStatus


def test_way_that_misses_down_the_whole_ladder_is_left_alone_ever_longer() -> None:
    rig = Rig()
    first, actions = lone_kalshi(rig, BIDS)
    started_ns, sent_ms, told = rig.now_ns, [], []
    while rig.now_ns - started_ns < 600_000 * MS:
        while fires(actions):
            sent_ms.append((rig.now_ns - started_ns) // MS)
            actions = rig.answer(exit_of(actions), S.MISSED)
            told += alarms(actions)
        # The book goes on showing what is not there for us.
        rig.send(rig.book(K, BIDS, [(4_900, 100 * ONE)]))
        (timer,) = timers(actions)
        rig.now_ns = max(rig.now_ns + MS, timer.at_ns)
        actions = rig.send(TimerFired(timer.key))
        told += alarms(actions)
    assert told[:2] == ["exit_missed", "residual_held"]
    assert set(told[2:]) == {"residual_held"}
    assert len([at_ms for at_ms in sent_ms if at_ms < 60_000]) < 20
    # One try at each time at which it must be told again, and no more.
    assert [later - earlier for earlier, later in pairwise(sent_ms[-4:])] == [60_000] * 3
    assert rig.executions._open[1].exposure_e6() == first.size_e6


def test_way_that_missed_gives_room_to_another_one_and_a_fill_forgives_it() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(second)
    rig.send(BooksVoid((K,), "disconnected"))
    actions = rig.answer(first, S.MISSED)
    sides: list[Side] = []
    for _ in range(6):
        order = exit_of(actions)
        sides.append(order.side)
        actions = rig.answer(order, S.MISSED)
    assert sides == [Side.SELL] * 5 + [Side.BUY]
    order = exit_of(actions)
    rig.answer(order, S.PARTIAL, ONE, ONE // 2)
    execution = rig.executions._open[1]
    assert (Venue.POLYMARKET, Side.BUY) not in execution.misses
    assert execution.fruitless == 0


def test_rollback_orders_of_a_minute_are_bounded_whatever_they_bring() -> None:
    rig = Rig(limits=structs.replace(EASY, rollback_attempts_max=1_000))
    _, actions = lone_kalshi(rig, BIDS)
    sent = 0
    while fires(actions):
        sent += 1
        actions = rig.answer(exit_of(actions), S.PARTIAL, LOT, 4_700)
    assert sent == 30
    (timer,) = timers(actions)
    assert timer.at_ns == rig.now_ns + 60_000 * MS
    rig.now_ns = timer.at_ns
    assert fires(rig.send(TimerFired(timer.key)))


def test_grace_for_void_books_is_none_where_something_else_is_in_the_way() -> None:
    rig = Rig()
    _, actions = lone_kalshi(rig, [(3_000, 100 * ONE)])
    assert alarms(actions) == ["residual_held"]


def test_book_that_comes_back_within_the_grace_lets_the_residual_out_unalarmed() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    rig.send(BooksVoid((K, P), "disconnected"))
    actions = rig.answer(second, S.MISSED)
    assert alarms(actions) == []
    assert set(rig.executions.held_markets) == {K, P}
    rig.pass_ms(300)
    order = exit_of(rig.send(rig.book(K, BIDS, [(4_900, 100 * ONE)])))
    rig.fill(order)
    assert (rig.engine.open_executions, rig.executions.held_markets) == (0, {})
    assert alarms(rig.seen) == []
    assert rig.executions.breaker.state is BreakerState.CLOSED


def test_change_of_a_book_lets_a_held_residual_out_but_a_storm_does_not() -> None:
    rig = Rig()
    first, actions = lone_kalshi(rig, [(3_000, 100 * ONE)])
    assert alarms(actions) == ["residual_held"]
    assert set(rig.executions.held_markets) == {K, P}
    thin = rig.book(K, [(4_700, first.size_e6)], [(4_900, 100 * ONE)])
    sent_ms: list[int] = []
    for waited_ms in range(1_000):
        rig.pass_ms(1)
        told_ms = thin.ts_event_ms + waited_ms
        changed = structs.replace(thin, ts_event_ms=told_ms, ts_recv_ns=told_ms * MS)
        for shot in fires(rig.send(changed)):
            (order,) = shot.orders
            assert (order.venue, order.side) == (Venue.KALSHI, Side.SELL)
            sent_ms.append(waited_ms)
            assert fires(rig.answer(order, S.MISSED)) == []
    # Not before the pause after the hold, and a pause between any two.
    assert sent_ms[0] >= 249
    assert all(later - earlier >= 250 for earlier, later in pairwise(sent_ms))
    assert len(sent_ms) >= 3
    assert first.size_e6 == rig.executions._open[1].exposure_e6()
