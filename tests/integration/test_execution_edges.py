"""The engine where answers, fills and refusals come in an order that only a venue can think of."""

from collections.abc import Sequence

from msgspec import structs

from tests.support.core import MS, ONE, K, P, Rig, alarms, fires, make_fill, make_pair, only
from twoleg.core.actions import Action, LookUp, SetTimer, SettleMoney
from twoleg.core.events import (
    AnswerStatus,
    BooksVoid,
    ExecutionFound,
    FillBooked,
    LegAnswer,
    TimerFired,
)
from twoleg.core.market import Direction, Side, TimeInForce, Venue
from twoleg.core.orders import OrderSpec, Purpose

S = AnswerStatus


def fired(rig: Rig) -> tuple[OrderSpec, OrderSpec]:
    (fire,) = fires(rig.quote())
    kalshi, polymarket = fire.orders
    return kalshi, polymarket


def test_answer_after_a_void_does_not_count_the_fill_that_never_was() -> None:
    rig = Rig()
    kalshi, polymarket = fired(rig)
    rig.answer(polymarket, S.UNKNOWN)
    notional = polymarket.spend_micros
    fill = make_fill(polymarket, polymarket.size_e6, notional)
    rig.send(FillBooked(polymarket.execution_no, polymarket.order_no, fill))
    assert "fill_voided" in alarms(rig.void_fill(polymarket, polymarket.size_e6, notional))
    rig.fill(kalshi)
    # The look-up still shows the order as matched.
    actions = rig.answer(polymarket, S.FILLED, polymarket.size_e6, notional)
    (fire,) = fires(actions)
    assert [order.purpose for order in fire.orders] == [Purpose.ROLLBACK]
    assert only(actions, SettleMoney) == []


def test_second_answer_after_a_void_is_no_late_fill() -> None:
    rig = Rig()
    _, polymarket = fired(rig)
    notional = polymarket.spend_micros
    rig.answer(polymarket, S.FILLED, polymarket.size_e6, notional)
    rig.book_fill(polymarket, polymarket.size_e6, notional)
    rig.void_fill(polymarket, polymarket.size_e6, notional)
    actions = rig.answer(polymarket, S.FILLED, polymarket.size_e6, notional)
    assert "late_fill" not in alarms(actions)


def reject(rig: Rig, venue: Venue) -> None:
    for order in fired(rig):
        rig.answer(order, S.REJECTED if order.venue is venue else S.MISSED)


def test_market_that_rejected_rests_twice_as_long_each_time() -> None:
    for venue in Venue:
        rig = Rig()
        reject(rig, venue)
        for rest_ms in (1_000, 2_000, 4_000):
            rig.pass_ms(rest_ms - 1)
            assert fires(rig.quote()) == []
            rig.pass_ms(1)
            reject(rig, venue)


def test_market_that_takes_an_order_again_has_rested_enough() -> None:
    rig = Rig()
    reject(rig, Venue.KALSHI)
    rig.pass_ms(1_000)
    for order in fired(rig):
        rig.answer(order, S.MISSED)
    reject(rig, Venue.KALSHI)
    rig.pass_ms(1_000)
    assert len(fires(rig.quote())) == 1


def test_rejected_rollback_does_not_close_the_market_to_the_next_exit() -> None:
    rig = Rig()
    kalshi, polymarket = fired(rig)
    rig.fill(kalshi)
    (fire,) = fires(rig.answer(polymarket, S.MISSED))
    (exit_order,) = fire.orders
    actions = rig.answer(exit_order, S.REJECTED)
    # Another way out is tried at once.
    assert fires(actions)


def test_claim_of_an_undecided_answer_gives_way_to_one_that_decides() -> None:
    rig = Rig()
    kalshi, polymarket = fired(rig)
    rig.answer(polymarket, S.UNKNOWN, polymarket.size_e6, polymarket.spend_micros)
    rig.fill(kalshi)
    actions = rig.answer(polymarket, S.MISSED)
    # Nothing filled there after all: no money is waited for, and Kalshi's leg stands alone.
    assert only(actions, SettleMoney) == []
    (fire,) = fires(actions)
    assert [order.size_e6 for order in fire.orders] == [kalshi.size_e6]


def test_booked_fills_outlive_the_answer_that_decides_for_less() -> None:
    rig = Rig()
    _, polymarket = fired(rig)
    rig.answer(polymarket, S.UNKNOWN)
    fill = make_fill(polymarket, polymarket.size_e6, polymarket.spend_micros)
    rig.send(FillBooked(polymarket.execution_no, polymarket.order_no, fill))
    actions = rig.answer(polymarket, S.PARTIAL, polymarket.size_e6 // 2)
    assert only(actions, SettleMoney)[0].filled_e6 == polymarket.size_e6


def test_order_that_was_never_journalled_leaves_a_gap_in_the_numbers() -> None:
    rig = Rig()
    kalshi, polymarket = fired(Rig())
    exit_order = structs.replace(
        kalshi, order_no=3, purpose=Purpose.ROLLBACK, side=Side.SELL, tif=TimeInForce.IOC
    )
    filled = LegAnswer(status=S.FILLED, filled_e6=kalshi.size_e6)
    orders = ((kalshi, filled), (polymarket, LegAnswer(status=S.MISSED)), (exit_order, None))
    actions = rig.send(ExecutionFound(1, make_pair(), Direction.KALSHI_YES, orders))
    assert only(actions, LookUp) == [LookUp(1, 3)]
    rig.quote()
    # The next order must not take the number of the one that is known.
    (fire,) = fires(rig.answer(exit_order, S.MISSED))
    assert [order.order_no for order in fire.orders] == [4]


def lone_leg(rig: Rig) -> OrderSpec:
    """Kalshi filled, Polymarket missed and its book is void; returns the only way out."""
    kalshi, polymarket = fired(rig)
    rig.fill(kalshi)
    rig.send(BooksVoid((P,), "disconnected"))
    # Just enough to sell what filled, and then the market is quiet.
    rig.send(rig.book(K, [(4_700, kalshi.size_e6)], [(4_800, 100 * ONE)]))
    (fire,) = fires(rig.answer(polymarket, S.MISSED))
    return fire.orders[0]


def retry(rig: Rig, actions: Sequence[Action]) -> tuple[int, Sequence[Action]]:
    """Let the timer of a held residual come due; returns how long it took in ms."""
    (timer,) = (timer for timer in only(actions, SetTimer) if timer.key.startswith("retry:"))
    waited_ms = (timer.at_ns - rig.now_ns) // MS
    rig.now_ns = timer.at_ns
    return waited_ms, rig.send(TimerFired(timer.key))


def test_quiet_book_does_not_hide_its_depth_from_a_held_residual_for_ever() -> None:
    rig = Rig()
    actions = rig.answer(lone_leg(rig), S.MISSED)
    waited_ms = 0
    while not fires(actions):
        more_ms, actions = retry(rig, actions)
        waited_ms += more_ms
        assert waited_ms < 10_000
    # Not at once: the feed may yet show that somebody else took it.
    assert waited_ms >= 2_000


def test_market_that_refuses_every_way_out_is_asked_ever_more_rarely() -> None:
    rig = Rig()
    actions = rig.answer(lone_leg(rig), S.REJECTED)
    waits_ms: list[int] = []
    while len(waits_ms) < 200:
        waited_ms, actions = retry(rig, actions)
        waits_ms.append(waited_ms)
        for fire in fires(actions):
            actions = rig.answer(fire.orders[0], S.REJECTED)
    assert waits_ms[0] == 250
    assert waits_ms[-1] == max(waits_ms) == 60_000
