"""Two executions of one pair: one buys, an early exit sells what it brought."""

from collections.abc import Iterable

from tests.support.core import ONE, Rig, event_sign, fires
from tests.support.exits import fire
from twoleg.core.actions import Action
from twoleg.core.execution import Execution
from twoleg.core.market import LegMode, Side
from twoleg.core.opportunity import Opportunity
from twoleg.core.orders import OrderSpec

SIZE = 20 * ONE


def cost(spec: OrderSpec, size_e6: int) -> int:
    """What a fill of this size costs, or brings, in micro-dollars."""
    return spec.limit_e4 * size_e6 // 10_000


def hedge(rig: Rig) -> tuple[OrderSpec, OrderSpec]:
    """Both legs filled, and the execution closed."""
    orders = fire(rig)
    for order in orders:
        rig.fill(order, size_e6=SIZE)
    return orders


def exit_early(
    rig: Rig, size_e6: int = SIZE, mode: LegMode = LegMode.CONCURRENT
) -> list[OrderSpec]:
    """The sales that are fired at once, of what the rig's direction bought."""
    found = Opportunity(
        pair=rig.pair,
        direction=rig.direction,
        size_e6=size_e6,
        kalshi_limit_e4=5_500,
        polymarket_limit_e4=4_800,
        spend_micros=0,
        shares_e6=size_e6,
        shares_e6_min=size_e6,
        kalshi_cost_micros=ONE,
        polymarket_cost_micros=ONE,
        net_micros=300_000,
        net_limit_micros=0,
        expected_micros=100,
        mode=mode,
        is_close=True,
    )
    return orders_of(rig.executions.start(found, rig.now_ns))


def orders_of(actions: Iterable[Action]) -> list[OrderSpec]:
    """All orders that are sent."""
    return [order for shot in fires(actions) for order in shot.orders]


def payouts_e6(executions: Iterable[Execution]) -> tuple[int, int]:
    """(if NO, if YES): what all fills of these executions pay if the Kalshi market ends so."""
    if_no = if_yes = 0
    for execution in executions:
        for order in execution.orders:
            spec = order.spec
            size_e6 = order.filled_e6 if spec.side is Side.BUY else -order.filled_e6
            if event_sign(execution.pair.polarity, spec.venue, spec.outcome, Side.BUY) > 0:
                if_yes += size_e6
            else:
                if_no += size_e6
    return if_no, if_yes
