"""The engine where answers, fills and refusals come in an order that only a venue can think of."""

from tests.support.core import Rig, alarms, fires, make_fill, only
from twoleg.core.actions import SettleMoney
from twoleg.core.events import AnswerStatus, FillBooked
from twoleg.core.market import Venue
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
    fired(rig)


def test_rejected_rollback_does_not_close_the_market_to_the_next_exit() -> None:
    rig = Rig()
    kalshi, polymarket = fired(rig)
    rig.fill(kalshi)
    (fire,) = fires(rig.answer(polymarket, S.MISSED))
    (exit_order,) = fire.orders
    actions = rig.answer(exit_order, S.REJECTED)
    # Another way out is tried at once.
    assert fires(actions)
