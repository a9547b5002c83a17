"""What one size costs on both venues: limits, spend, fees, and what is left of the edge.

Limit prices are the worst at which the pair still nets the minimum edge, the slack shared by what
a miss of each leg costs.
"""

from typing import Final

from msgspec import structs

from twoleg.core.chances import judge, stakes_of, tries_of
from twoleg.core.evidence import Evidence
from twoleg.core.fees import FILLS_PER_LEVEL, fee_bound
from twoleg.core.limits import Limits
from twoleg.core.opportunity import Legs, Opportunity, Room
from twoleg.core.spread import Walk, unit_edge, walk_size, walk_spend
from twoleg.core.units import (
    CENT_MICROS,
    LOT_E6,
    ONE_CONTRACT_E6,
    ceil_div,
    ceil_to,
    cost_ceil,
    floor_to,
)

CASH_TRIES: Final = 5
"""How often a size is cut to what the cash pays for; fees make the first cut inexact."""


def affordable(
    legs: Legs,
    scales: tuple[Limits, Evidence],
    room: Room,
    size_e6: int,
    deepest: tuple[int, int],
) -> Opportunity | None:
    """Price one size, or as much of it as the cash on both venues pays for."""
    for _ in range(CASH_TRIES):
        found = _candidate(legs, scales, room, size_e6, deepest)
        if found is None:
            return None
        kalshi, polymarket = found.kalshi_cost_micros, found.polymarket_cost_micros
        if kalshi <= room.kalshi_cash_micros and polymarket <= room.polymarket_cash_micros:
            return found
        by_kalshi = found.size_e6 * room.kalshi_cash_micros // kalshi
        by_polymarket = found.size_e6 * room.polymarket_cash_micros // polymarket
        size_e6 = min(by_kalshi, by_polymarket) - LOT_E6
    return None


def _candidate(
    legs: Legs,
    scales: tuple[Limits, Evidence],
    room: Room,
    size_e6: int,
    deepest: tuple[int, int],
) -> Opportunity | None:
    """Price one size; None where a rule of a venue or of ours forbids it."""
    limits, _ = scales
    aim = _polymarket_spend(legs, floor_to(size_e6, LOT_E6))
    if aim is None:
        return None
    size_e6 = floor_to(aim.size_e6 + room.carry_e6, LOT_E6)
    kalshi_walk = walk_size(legs.kalshi_ladder, size_e6)
    if kalshi_walk is None or size_e6 < legs.kalshi.size_e6_min:
        return None
    lowest_e4 = min(legs.kalshi_ladder[0][0], legs.polymarket_ladder[0][0])
    if lowest_e4 < limits.price_e4_min:
        return None
    priced = _at_limits(legs, scales, deepest, (kalshi_walk, aim))
    # The venue reads the order's size as what the spend buys at the limit.
    if priced is None or priced.shares_e6_min < legs.polymarket.size_e6_min:
        return None
    highest_e4 = max(priced.kalshi_limit_e4, priced.polymarket_limit_e4)
    return priced if highest_e4 <= limits.price_e4_max else None


def _at_limits(
    legs: Legs, scales: tuple[Limits, Evidence], deepest: tuple[int, int], walks: tuple[Walk, Walk]
) -> Opportunity | None:
    """Price both walks at the loosest limits at which the whole size nets the minimum edge.

    Fees of a size are more than a contract's own times the size: each fill is rounded, and each
    contract counts as the dearest on the way. What that takes is not given away as slack.
    """
    limits, _ = scales
    scale = limits
    for _ in range(2):
        prices = limits_of(legs, scale, deepest, walks)
        if prices is None:
            return None
        priced = _price(legs, scales, walks, prices)
        net_e6 = priced.net_limit_micros * ONE_CONTRACT_E6
        if net_e6 >= limits.edge_micros_min * priced.size_e6:
            return priced
        edge = unit_edge(legs.kalshi, prices[0], legs.polymarket, prices[1])
        kept = edge - net_e6 // priced.size_e6
        scale = structs.replace(limits, edge_micros_min=limits.edge_micros_min + kept)
    return None


def limits_of(
    legs: Legs, limits: Limits, deepest: tuple[int, int], walks: tuple[Walk, Walk]
) -> tuple[int, int] | None:
    """Both limit prices: the deepest levels counted on, plus the slack shared by miss costs."""
    base_kalshi = max(deepest[0], walks[0].worst_e4)
    base_polymarket = max(deepest[1], walks[1].worst_e4)
    edge = unit_edge(legs.kalshi, base_kalshi, legs.polymarket, base_polymarket)
    slack_e4 = (edge - limits.edge_micros_min) // 100
    if slack_e4 < 0:
        return None
    # A missed Kalshi leg leaves Polymarket to be sold back across its spread, and the reverse.
    kalshi_miss = max(1, legs.polymarket_ladder[0][0] - legs.polymarket_bid_e4)
    polymarket_miss = max(1, legs.kalshi_ladder[0][0] - legs.kalshi_bid_e4)
    # No slack beyond the price up to which we buy at all.
    top_kalshi = max(base_kalshi, limits.price_e4_max)
    top_polymarket = max(base_polymarket, limits.price_e4_max)
    while True:
        more_kalshi = slack_e4 * kalshi_miss // (kalshi_miss + polymarket_miss)
        kalshi_e4 = legs.kalshi.grid.floor(min(base_kalshi + more_kalshi, top_kalshi))
        polymarket_e4 = legs.polymarket.grid.floor(
            min(base_polymarket + slack_e4 - more_kalshi, top_polymarket)
        )
        edge = unit_edge(legs.kalshi, kalshi_e4, legs.polymarket, polymarket_e4)
        # Fees move with the price; give slack back until the edge holds at the limits themselves.
        if edge >= limits.edge_micros_min or slack_e4 == 0:
            return kalshi_e4, polymarket_e4
        slack_e4 //= 2


def _price(
    legs: Legs,
    scales: tuple[Limits, Evidence],
    walks: tuple[Walk, Walk],
    prices: tuple[int, int],
) -> Opportunity:
    limits, evidence = scales
    kalshi_walk, aim = walks
    kalshi_e4, polymarket_e4 = prices
    size_e6 = kalshi_walk.size_e6
    best_e4 = legs.kalshi_ladder[0][0], legs.polymarket_ladder[0][0]
    fills = kalshi_walk.levels * FILLS_PER_LEVEL, aim.levels * FILLS_PER_LEVEL
    kalshi_fee = fee_bound(legs.kalshi, best_e4[0], kalshi_e4, size_e6, fills[0])
    # A dollar-sized buy gets more shares the better the price, up to these.
    most_e6 = max(aim.size_e6, ceil_div(aim.cost_micros * 10_000, best_e4[1]))
    polymarket_fee = fee_bound(legs.polymarket, best_e4[1], polymarket_e4, most_e6, fills[1])
    hedged_e6 = min(size_e6, aim.size_e6)
    net = hedged_e6 - kalshi_walk.cost_micros - aim.cost_micros - kalshi_fee - polymarket_fee
    tries = tries_of(legs, (size_e6, aim.size_e6), prices)
    stakes = stakes_of(legs, limits, size_e6, net)
    mode, expected = judge(legs, evidence, stakes, tries)
    at_limit = cost_ceil(kalshi_e4, size_e6) + cost_ceil(polymarket_e4, size_e6)
    return Opportunity(
        pair=legs.pair,
        direction=legs.direction,
        size_e6=size_e6,
        kalshi_limit_e4=kalshi_e4,
        polymarket_limit_e4=polymarket_e4,
        spend_micros=aim.cost_micros,
        shares_e6=aim.size_e6,
        shares_e6_min=aim.cost_micros * 10_000 // polymarket_e4,
        kalshi_cost_micros=cost_ceil(kalshi_e4, size_e6) + kalshi_fee,
        polymarket_cost_micros=aim.cost_micros + polymarket_fee,
        net_micros=net,
        net_limit_micros=size_e6 - at_limit - kalshi_fee - polymarket_fee,
        expected_micros=expected,
        mode=mode,
        tries=tries,
    )


def _polymarket_spend(legs: Legs, size_e6: int) -> Walk | None:
    """Whole cents that buy about `size_e6`, and what they buy on the book as it stands."""
    if size_e6 < legs.polymarket.size_e6_min:
        return None
    wanted = walk_size(legs.polymarket_ladder, size_e6)
    if wanted is None:
        return None
    spend_micros = floor_to(wanted.cost_micros, CENT_MICROS)
    if spend_micros < max(CENT_MICROS, legs.polymarket.notional_micros_min):
        return None
    aim = walk_spend(legs.polymarket_ladder, spend_micros)
    return aim if aim and aim.size_e6 >= legs.polymarket.size_e6_min else None


def least_size(legs: Legs, scales: tuple[Limits, Evidence], deepest: tuple[int, int]) -> int:
    """About the least size that both venues take at the limits it would have."""
    size_e6 = max(legs.kalshi.size_e6_min, legs.polymarket.size_e6_min)
    walks = _walks(legs, size_e6)
    prices = limits_of(legs, scales[0], deepest, walks) if walks else None
    walks = _walks(legs, _least_at(legs, prices[1])) if prices else None
    priced = _at_limits(legs, scales, deepest, walks) if walks else None
    return _least_at(legs, priced.polymarket_limit_e4) if priced else 0


def _least_at(legs: Legs, limit_e4: int) -> int:
    """About the least size that both venues take at a limit on Polymarket."""
    market, best_e4 = legs.polymarket, legs.polymarket_ladder[0][0]
    # The venue counts what the spend buys at the limit, and a cent is lost to whole cents.
    spend_micros = max(cost_ceil(limit_e4, market.size_e6_min), market.notional_micros_min)
    by_spend_e6 = ceil_div((spend_micros + CENT_MICROS) * 10_000, best_e4)
    return ceil_to(max(legs.kalshi.size_e6_min, market.size_e6_min, by_spend_e6), LOT_E6)


def _walks(legs: Legs, size_e6: int) -> tuple[Walk, Walk] | None:
    """Both ladders walked for a size; None where either does not hold it."""
    kalshi = walk_size(legs.kalshi_ladder, size_e6)
    polymarket = walk_size(legs.polymarket_ladder, size_e6)
    return (kalshi, polymarket) if kalshi and polymarket else None
