"""An execution of which one leg stands alone, and the exits that it sends."""

from collections.abc import Sequence

from tests.support.core import ONE, K, P, Rig, fires
from twoleg.core.actions import Action
from twoleg.core.events import AnswerStatus, BooksVoid
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


def exit_of(actions: Sequence[Action]) -> OrderSpec:
    (shot,) = fires(actions)
    (order,) = shot.orders
    return order
