"""Executions of one pair that are open beside each other, since news reopened one of them.

Each keeps its own books, so what one bought another may have sold, and what one leaves open another
may close: together they are what the account holds.
"""

from collections.abc import Iterable, Mapping

from twoleg.core.execution import Execution, exposure_sign
from twoleg.core.market import Outcome, Side, Venue
from twoleg.core.orders import OrderSpec
from twoleg.core.units import LOT_E6


def others_of(execution: Execution, *known: Mapping[int, Execution]) -> list[Execution]:
    """The others of its pair among executions by number."""
    return [
        other
        for some in known
        for other in some.values()
        if other is not execution and other.pair.id == execution.pair.id
    ]


def net(one: Execution, other: Execution) -> bool:
    """Let the residuals of two executions cover each other; False if they do not.

    Where a purchase fails on chain, and with it the sale of what it brought, two residuals stand
    against each other while nothing is held.
    """
    size_e6 = min(abs(one.exposure_e6()), abs(other.exposure_e6()))
    if one.exposure_e6() * other.exposure_e6() >= 0 or size_e6 < LOT_E6:
        return False
    long, short = (one, other) if one.exposure_e6() > 0 else (other, one)
    # What pays on YES goes over from the long one, or what pays on NO from the short one: the
    # money is the same, and this way none is left with a debt that the other could have paid.
    on_yes = not _is_long_of_no(short)
    sign = 1 if on_yes else -1
    long.netted_e6[on_yes] -= sign * size_e6
    short.netted_e6[on_yes] += sign * size_e6
    return True


def give_back(execution: Execution, others: Iterable[Execution]) -> list[Execution]:
    """Undo what was netted against something that failed since; returns whose residual changed.

    What covered the others is gone: they own what they sold or bought, and can close it.
    """
    changed: list[Execution] = []
    for other in others:
        for column in (False, True):
            mine_e6, theirs_e6 = execution.netted_e6[column], other.netted_e6[column]
            pays = 1 if column else -1
            if mine_e6 * theirs_e6 >= 0 or mine_e6 * pays * execution.exposure_e6() <= 0:
                continue
            size_e6 = min(abs(mine_e6), abs(theirs_e6), abs(execution.exposure_e6()))
            sign = 1 if mine_e6 > 0 else -1
            execution.netted_e6[column] -= sign * size_e6
            other.netted_e6[column] += sign * size_e6
            changed.append(other)
    return changed


def take_from_others(others: Iterable[Execution], spec: OrderSpec, size_e6: int) -> None:
    """An unexpected sale took what an early exit of the pair was given to sell."""
    key = (spec.venue, spec.outcome)
    for other in others:
        if spec.side is Side.SELL and key in other.inventory_e6:
            other.inventory_e6[key] = max(0, other.inventory_e6[key] - size_e6)


def keep_what_is_left(execution: Execution, exposures_e6: Mapping[Venue, int]) -> None:
    """An early exit that is open again may sell what its pair has yet; others sold the rest."""
    for venue, outcome in execution.inventory_e6:
        sign = exposure_sign(execution.pair.polarity, venue, outcome, Side.BUY)
        left_e6 = max(0, sign * exposures_e6[venue])
        key = (venue, outcome)
        execution.inventory_e6[key] = min(execution.inventory_e6[key], left_e6)


def was_passed_on(spec: OrderSpec, *executions: Execution) -> bool:
    """Whether what an order was about is bought and sold on, by whichever of a pair."""
    is_sale = spec.side is Side.SELL
    return is_sale or any(one.has_sold(spec.venue, spec.outcome) for one in executions)


def _is_long_of_no(execution: Execution) -> bool:
    """Whether it bought, and has not sold, what pays on NO."""
    return any(
        execution.bought_e6(venue, outcome) >= LOT_E6
        for venue in Venue
        for outcome in Outcome
        if exposure_sign(execution.pair.polarity, venue, outcome, Side.BUY) < 0
    )
