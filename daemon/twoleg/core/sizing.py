"""From two books to an opportunity: the size and leg mode with the greatest expected value.

Taken within depth share, cash on both venues, caps, lots and minimum sizes.
"""

from collections.abc import Sequence
from itertools import accumulate, chain

from twoleg.core.evidence import Evidence
from twoleg.core.holdings import CARRY_E6_MAX
from twoleg.core.limits import Limits
from twoleg.core.odds import Odds, Stakes, allowed_modes, least_worth
from twoleg.core.opportunity import Legs, Opportunity, Room
from twoleg.core.pricing import affordable, least_size
from twoleg.core.spread import depth_within, unit_edge
from twoleg.core.units import LOT_E6, ONE_CONTRACT_E6, floor_to


def plan(legs: Legs, limits: Limits, room: Room, evidence: Evidence) -> Opportunity | None:
    """The best opportunity of a direction, or None where none has a positive expected value."""
    best: Opportunity | None = None
    scales = (limits, evidence)
    most = Most(legs, limits, evidence)
    ends = frontier(legs, limits)
    for deepest in ends:
        most.reach(ends, deepest)
        sizes = sizes_within(legs, limits, room.size_e6, deepest)
        if room.is_probe:
            least_e6 = least_size(legs, scales, deepest)
            sizes = [least_e6] if sizes and least_e6 <= sizes[0] else []
        for size_e6 in sizes:
            if most.micros(size_e6) <= (best.expected_micros if best else 0):
                # A lesser one may take so little of the depth that it fills more often.
                continue
            found = affordable(legs, scales, room, size_e6, deepest)
            if found and (best is None or found.expected_micros > best.expected_micros):
                best = found
    return best if best and best.expected_micros > 0 else None


def least_edge(limits: Limits, evidence: Evidence) -> int:
    """Net edge per contract in micros at both best prices below which no size can be worth it.

    It is least at the best rates that any leg has, in the mode that asks least of the edge, with
    the least loss of a leg left alone. So most ticks that cross by a little need no walk.
    """
    missed = least_worth(
        limits.unwind_loss_micros,
        evidence.best_e4(is_second=False),
        evidence.best_e4(is_second=True),
    )
    # An edge is rounded down to a micro, and each leg's fee up to one.
    return max(limits.edge_micros_min, missed) - 2


def sizes_within(legs: Legs, limits: Limits, most_e6: int, deepest: tuple[int, int]) -> list[int]:
    """Sizes worth pricing, greatest first: where either leg ends a step of the curve, or a level.

    Between two of them the rates and the prices stay, so the value is greatest at an end. A level
    further is dearer, and its fills are rounded by themselves: it may be worth less than none.
    """
    shares = [share for share, _ in limits.fill_curve if share <= limits.depth_share_e4]
    if not shares:
        return []
    ends = [
        list(accumulate(size_e6 for price_e4, size_e6 in ladder if price_e4 <= worst_e4))
        for ladder, worst_e4 in (
            (legs.kalshi_ladder, deepest[0]),
            (legs.polymarket_ladder, deepest[1]),
        )
    ]
    cap_e6 = min(most_e6, min(each[-1] for each in ends) * shares[-1] // 10_000)
    steps = [each[-1] * share // 10_000 for each in ends for share in shares]
    found = {floor_to(min(cap_e6, size_e6), LOT_E6) for size_e6 in chain(steps, *ends)}
    return sorted(found, reverse=True)


def frontier(legs: Legs, limits: Limits) -> list[tuple[int, int]]:
    """For each Kalshi level, the deepest Polymarket level that still nets the minimum edge."""
    pairs: list[tuple[int, int]] = []
    for kalshi_e4, _ in legs.kalshi_ladder:
        deepest = 0
        for polymarket_e4, _ in legs.polymarket_ladder:
            edge = unit_edge(legs.kalshi, kalshi_e4, legs.polymarket, polymarket_e4)
            if edge < limits.edge_micros_min:
                break
            deepest = polymarket_e4
        if not deepest:
            break
        pairs.append((kalshi_e4, deepest))
    return pairs


class Most:
    """What sizes of a direction are worth at most: told before one is priced, at a tenth of it."""

    __slots__ = ("_depths_e6", "_firsts", "_legs", "_limits", "_modes", "_seconds", "_top")

    def __init__(self, legs: Legs, limits: Limits, evidence: Evidence) -> None:
        self._legs = legs
        self._limits = limits
        self._modes = allowed_modes(legs.pair, legs.kalshi, legs.polymarket, legs.unproven)
        # Rates that no leg exceeds, by its share of the depth.
        self._firsts = evidence.ceilings(is_second=False)
        self._seconds = evidence.ceilings(is_second=True)
        # Micros a contract at both best prices, and the depths that limits can reach.
        self._top = 0
        self._depths_e6 = (0, 0)

    def reach(self, ends: Sequence[tuple[int, int]], deepest: tuple[int, int]) -> None:
        """Bound sizes that count on these levels, one of the frontier's ends.

        Limits give away the slack, but never so much that the edge is below its least: so what
        either limit reaches is on the frontier as well.
        """
        legs = self._legs
        prices = legs.kalshi_ladder[0][0], legs.polymarket_ladder[0][0]
        # An edge is rounded down to a micro, and each leg's fee up to one.
        self._top = unit_edge(legs.kalshi, prices[0], legs.polymarket, prices[1]) + 2
        farthest_e4 = max(kalshi_e4 for kalshi_e4, end_e4 in ends if end_e4 == deepest[1])
        self._depths_e6 = (
            depth_within(legs.kalshi_ladder, farthest_e4),
            depth_within(legs.polymarket_ladder, deepest[1]),
        )

    def micros(self, size_e6: int, more_micros: int = 0) -> int:
        """What this size is worth at most; `more_micros` comes on top of its edge."""
        # What is carried may be taken off a size, or added to it.
        least_e6 = max(0, size_e6 - CARRY_E6_MAX)
        net = (size_e6 + CARRY_E6_MAX) * self._top // ONE_CONTRACT_E6 + 1 + more_micros
        loss = least_e6 * self._limits.unwind_loss_micros // ONE_CONTRACT_E6
        kalshi, polymarket = (self._step(least_e6, depth_e6) for depth_e6 in self._depths_e6)
        odds = Odds(
            self._firsts[kalshi],
            self._firsts[polymarket],
            self._seconds[kalshi],
            self._seconds[polymarket],
        )
        # Each mode's value is linear in either rate: greatest with both at their best, or nothing.
        return max(0, odds.best(self._modes, Stakes(net, loss, loss))[1] + 1)

    def _step(self, size_e6: int, depth_e6: int) -> int:
        """The step of the curve that a share of this depth falls into, at least."""
        curve = self._limits.fill_curve
        for step, (upper_e4, _) in enumerate(curve):
            if size_e6 * 10_000 <= depth_e6 * upper_e4:
                return step
        return len(curve) - 1
