"""Early exit: sell both legs of a held pair where that brings more than waiting for the payout.

Selling an outcome at p is buying its complement at 1 − p, for the same fee on both venues' curves.
So what is held is closed along the ladders of the opposite direction, and is worth doing where that
direction has an edge; but sizes are exact, no cash is needed, and the orders sell.
"""

from typing import Final

from msgspec import structs

from twoleg.core.chances import judge, stakes_of, tries_of
from twoleg.core.evidence import Evidence
from twoleg.core.fees import FILLS_PER_LEVEL, fee_bound
from twoleg.core.limits import Limits
from twoleg.core.market import Direction
from twoleg.core.opportunity import Legs, Opportunity
from twoleg.core.pricing import limits_of
from twoleg.core.sizing import Most, frontier, sizes_within
from twoleg.core.spread import walk_size
from twoleg.core.units import LOT_E6, ONE_CONTRACT_E6, ceil_to, cost_ceil, floor_to

YEAR_MS: Final = 365 * 24 * 3_600 * 1_000
OPPOSITE: Final = {
    Direction.KALSHI_YES: Direction.KALSHI_NO,
    Direction.KALSHI_NO: Direction.KALSHI_YES,
}


def lock_up_micros(limits: Limits, capital_micros: int, left_ms: int) -> int:
    """What capital must earn while it is locked up for so long, rounded down; 0 if not told."""
    return capital_micros * limits.hurdle_e4_per_year * max(0, left_ms) // (10_000 * YEAR_MS)


def least_gain(limits: Limits, left_ms: int) -> int:
    """Micros per contract beyond the payout for which leaving is worth it; may be below 0.

    What the payout would earn elsewhere until the later close counts in favour of leaving.
    """
    return limits.exit_gain_micros_min - lock_up_micros(limits, ONE_CONTRACT_E6, left_ms)


def plan_close(
    legs: Legs, limits: Limits, evidence: Evidence, held_e6: int, *, left_ms: int, is_probe: bool
) -> Opportunity | None:
    """The best sale of a held pair, or None where none is worth it.

    `legs` are those of the direction opposite to the held one, `held_e6` is the hedged size held,
    `left_ms` the time to the later close (0: not told).
    """
    least_micros = least_gain(limits, left_ms)
    # Nothing is bought: the price bounds of purchases say nothing here.
    scale = structs.replace(limits, edge_micros_min=least_micros, price_e4_max=9_999)
    smallest_e6 = ceil_to(max(legs.kalshi.size_e6_min, legs.polymarket.size_e6_min), LOT_E6)
    most = Most(legs, limits, evidence)
    best: Opportunity | None = None
    ends = frontier(legs, scale)
    for deepest in ends:
        most.reach(ends, deepest)
        sizes = sizes_within(legs, limits, held_e6, deepest)
        if is_probe:
            sizes = [smallest_e6] if sizes and sizes[0] >= smallest_e6 else []
        for size_e6 in sizes:
            waits = lock_up_micros(limits, size_e6, left_ms)
            than = best.expected_micros if best else 0
            if size_e6 < smallest_e6:
                break
            if most.micros(size_e6, waits) <= than:
                continue
            found = _sale(legs, (scale, evidence), size_e6, deepest, waits)
            if found and (best is None or found.expected_micros > best.expected_micros):
                best = found
    return best if best and best.expected_micros > 0 else None


def _sale(
    legs: Legs,
    scales: tuple[Limits, Evidence],
    size_e6: int,
    deepest: tuple[int, int],
    waits_micros: int,
) -> Opportunity | None:
    """Price one size; all amounts of `legs` are costs of the complements.

    So are its fill rates: a sale takes what a purchase of the complement would take.
    """
    scale, evidence = scales
    kalshi = walk_size(legs.kalshi_ladder, size_e6)
    polymarket = walk_size(legs.polymarket_ladder, size_e6)
    if kalshi is None or polymarket is None:
        return None
    prices = limits_of(legs, scale, deepest, (kalshi, polymarket))
    if prices is None:
        return None
    fees = [
        fee_bound(market, ladder[0][0], price_e4, size_e6, walk.levels * FILLS_PER_LEVEL)
        for market, ladder, price_e4, walk in (
            (legs.kalshi, legs.kalshi_ladder, prices[0], kalshi),
            (legs.polymarket, legs.polymarket_ladder, prices[1], polymarket),
        )
    ]
    net = size_e6 - kalshi.cost_micros - polymarket.cost_micros - sum(fees)
    at_limit = cost_ceil(prices[0], size_e6) + cost_ceil(prices[1], size_e6)
    net_limit = size_e6 - at_limit - sum(fees)
    if net_limit * ONE_CONTRACT_E6 < scale.edge_micros_min * size_e6:
        return None
    tries = tries_of(legs, (size_e6, size_e6), prices)
    stakes = stakes_of(legs, scale, size_e6, net + waits_micros)
    mode, expected = judge(legs, evidence, stakes, tries)
    return Opportunity(
        pair=legs.pair,
        direction=OPPOSITE[legs.direction],
        size_e6=size_e6,
        kalshi_limit_e4=legs.kalshi.grid.ceil(10_000 - prices[0]),
        polymarket_limit_e4=legs.polymarket.grid.ceil(10_000 - prices[1]),
        spend_micros=0,
        shares_e6=size_e6,
        shares_e6_min=size_e6,
        kalshi_cost_micros=fees[0],
        polymarket_cost_micros=fees[1],
        net_micros=net,
        net_limit_micros=net_limit,
        expected_micros=expected,
        mode=mode,
        is_close=True,
        tries=tries,
    )


def hedged_e6(kalshi_e6: int, carry_e6: int) -> int:
    """Whole lots of a pair that both venues hold against each other.

    `kalshi_e6` is the signed exposure on Kalshi, `carry_e6` what both venues leave uncovered.
    """
    polymarket_e6 = carry_e6 - kalshi_e6
    if (kalshi_e6 > 0) is (polymarket_e6 > 0):
        return 0
    return floor_to(min(abs(kalshi_e6), abs(polymarket_e6)), LOT_E6)
