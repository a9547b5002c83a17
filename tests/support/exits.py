"""An execution of which one leg stands alone, and the exits that it sends."""

from collections.abc import Sequence

from tests.support.core import ONE, K, P, Rig, fires
from twoleg.core.actions import Action
from twoleg.core.events import AnswerStatus, BooksVoid, TimerFired
from twoleg.core.orders import OrderSpec

BIDS = [(4_700, 1_000 * ONE)]


def fire(rig: Rig) -> tuple[OrderSpec, OrderSpec]:
    (shot,) = fires(rig.quote())
    first, second = shot.orders
    return first, second


def lone_kalshi(rig: Rig, bids: list[tuple[int, int]]) -> tuple[OrderSpec, Sequence[Action]]:
    """Kalshi's leg filled, Polymarket's missed and its book is gone."""
    first, second = fire(rig)
    rig.fill(first)
    rig.send(BooksVoid((P,), "disconnected"))
    rig.send(rig.book(K, bids, [(4_900, 100 * ONE)]))
    return first, rig.answer(second, AnswerStatus.MISSED)


def all_told(rig: Rig) -> Sequence[Action]:
    """So long after a late fill that no other trade of its order can be on its way."""
    rig.pass_ms(300)
    return rig.send(TimerFired("retry:1"))


def exit_of(actions: Sequence[Action]) -> OrderSpec:
    (shot,) = fires(actions)
    (order,) = shot.orders
    return order
