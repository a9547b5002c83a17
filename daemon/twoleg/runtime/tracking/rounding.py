"""What an order's exact money differs from the sum of its fills by: rounding, and on record."""

from twoleg.core.market import Side
from twoleg.runtime.tracking.booked import Booked
from twoleg.runtime.tracking.outlets import Outlets
from twoleg.storage.records import FeeAdjusted


def adjust(outlets: Outlets, booked: Booked, notional_micros: int) -> None:
    """Add so many micro-dollars to the notional of an order, and journal what cash that moves."""
    spec = booked.ref.spec
    booked.adjusted_micros += notional_micros
    outlets.record(
        FeeAdjusted(
            wall_ns=outlets.clock.wall_ns(),
            venue=spec.venue,
            shard=spec.market.shard,
            micros=-notional_micros if spec.side is Side.BUY else notional_micros,
            fills=0,
            execution_no=spec.execution_no,
            order_no=spec.order_no,
        )
    )


def take_back(outlets: Outlets, booked: Booked) -> None:
    """A fill of an order never was: what was rounded over all its fills goes with it."""
    if booked.adjusted_micros:
        adjust(outlets, booked, -booked.adjusted_micros)
