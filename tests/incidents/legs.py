"""What the tests of section A share: legs, exits and the venues' doors."""

from collections.abc import Sequence

from tests.support.core import (
    ONE,
    Rig,
    fires,
)
from tests.support.daemon import K, Run, Scene
from tests.support.wire import Asked
from twoleg.core.actions import Action
from twoleg.core.market import (
    Direction,
    Venue,
)
from twoleg.core.orders import OrderSpec
from twoleg.sim.kalshi.venue import KalshiSim

TWENTY = 20 * ONE
YES = Direction.KALSHI_YES
DELAY_MS = 150


def legs_of(rig: Rig) -> tuple[OrderSpec, OrderSpec]:
    """Let an edge appear; what is fired at it, Kalshi's first."""
    (shot,) = fires(rig.quote())
    kalshi, polymarket = shot.orders
    return kalshi, polymarket


def one_order(actions: Sequence[Action]) -> OrderSpec:
    """The only order of these actions."""
    (shot,) = fires(actions)
    (order,) = shot.orders
    return order


def exits_at_wire(scene: Scene) -> list[Asked]:
    """Orders that came after both legs."""
    return scene.wire.orders()[2:]


def is_sale(order: Asked) -> bool:
    """Whether an order at the wire gives an outcome away; on Kalshi, YES."""
    if order.venue is K:
        return bool(order.body["side"] == "ask")
    return bool(order.body["order"]["side"] == "SELL")


def take_away(scene: Scene, run: Run, venue: Venue, *left: tuple[int, int]) -> None:
    """Others are faster on a venue: at the start of an execution its offers go but these.

    Its order comes well after the frame that tells so: nobody decides on what is gone.
    """

    def go() -> None:
        scene.venues[venue].clear(scene.native(venue))
        for price_e4, contracts in left:
            scene.offer(venue, scene.bought(YES, venue), price_e4, contracts)

    scene.fault(venue, "delay", delay_ms=DELAY_MS)
    run.on("execution_opened", go)


def kalshi_of(scene: Scene) -> KalshiSim:
    """The simulated Kalshi of a scene."""
    sim = scene.venues[K]
    assert isinstance(sim, KalshiSim)
    return sim
