"""The worst that an execution's orders may still cost: what is reserved for it."""

from typing import Final

from twoleg.core.execution import Execution, OrderState
from twoleg.core.fees import fee_bound
from twoleg.core.market import Market, Side, Venue
from twoleg.core.residual import basis_of
from twoleg.core.units import LOT_E6, ONE_CONTRACT_E6, ceil_div, cost_ceil

FILLS_MAX: Final = 16
"""Fills that a fee is bounded for where the book of the time is not known any more."""


def costs_to_come(execution: Execution) -> list[tuple[Market, int]]:
    """Cash that purchases may take yet, per market: undecided ones, and fills not booked so far."""
    return [
        (order.spec.market, max(0, _cost(order, _size_e6(order)) - order.accounted_micros))
        for order in execution.orders
        if order.spec.side is Side.BUY and not (order.is_decided and order.is_booked)
    ]


def unhedged_micros(execution: Execution) -> int:
    """What is naked at worst: the dearer venue's orders alone; all decided, the residual."""
    if any(order.is_out or order.is_unresolved for order in execution.orders):
        return max(_venue_cost(execution, venue) for venue in Venue)
    residual_e6 = execution.exposure_e6()
    if abs(residual_e6) < LOT_E6 or not execution.filled_anything:
        return 0
    return ceil_div(basis_of(execution, residual_e6) * abs(residual_e6), ONE_CONTRACT_E6)


def _venue_cost(execution: Execution, venue: Venue) -> int:
    return sum(
        _cost(order, _size_e6(order))
        for order in execution.orders
        if order.spec.venue is venue and order.spec.side is Side.BUY
    )


def _size_e6(order: OrderState) -> int:
    """The most that it has filled or may yet."""
    return order.filled_e6 if order.is_decided else order.spec.size_e6


def _cost(order: OrderState, size_e6: int) -> int:
    """Worst cost of a purchase of `size_e6`, fee included."""
    if not size_e6:
        return 0
    spec = order.spec
    cost = max(spec.spend_micros, cost_ceil(spec.limit_e4, size_e6))
    return cost + fee_bound(spec.market, 1, spec.limit_e4, size_e6, FILLS_MAX)
