"""From an opportunity, or a chosen exit, to the orders that carry it out."""

from twoleg.core.execution import Execution
from twoleg.core.market import Market, Side, TimeInForce, Venue
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.core.rollback import Exit
from twoleg.core.sizing import Opportunity
from twoleg.core.units import LOT_E6
from twoleg.errors import InvariantBroken


def leg_specs(
    execution: Execution, found: Opportunity, kalshi: Market, polymarket: Market
) -> tuple[OrderSpec, OrderSpec]:
    """Both legs; order 0 is Kalshi's, order 1 Polymarket's."""
    pair = found.pair
    return (
        OrderSpec(
            execution_no=execution.execution_no,
            order_no=0,
            purpose=Purpose.ARB,
            market=kalshi,
            outcome=found.direction.kalshi_outcome,
            side=Side.BUY,
            size_e6=found.size_e6,
            size_e6_min=found.size_e6,
            limit_e4=found.kalshi_limit_e4,
            tif=pair.tif,
        ),
        OrderSpec(
            execution_no=execution.execution_no,
            order_no=1,
            purpose=Purpose.ARB,
            market=polymarket,
            outcome=found.direction.polymarket_outcome(pair.polarity),
            side=Side.BUY,
            size_e6=found.shares_e6,
            size_e6_min=found.shares_e6_min,
            spend_micros=found.spend_micros,
            limit_e4=found.polymarket_limit_e4,
            tif=pair.tif,
        ),
    )


def exit_spec(execution: Execution, found: Exit) -> OrderSpec:
    """A rollback order; never sells more than the execution's own, unsold fill."""
    if found.side is Side.SELL:
        own_e6 = execution.own_e6(found.market.venue, found.outcome)
        if not LOT_E6 <= found.size_e6 <= own_e6:
            raise InvariantBroken(
                f"execution {execution.execution_no}: would sell {found.size_e6} of {own_e6}"
            )
    return OrderSpec(
        execution_no=execution.execution_no,
        order_no=execution.next_order_no(),
        purpose=Purpose.ROLLBACK,
        market=found.market,
        outcome=found.outcome,
        side=found.side,
        size_e6=found.size_e6,
        size_e6_min=found.size_e6_min,
        spend_micros=found.spend_micros,
        limit_e4=found.limit_e4,
        tif=TimeInForce.IOC,
        reduce_only=found.side is Side.SELL and found.market.venue is Venue.KALSHI,
        is_unwind=found.is_unwind,
    )
