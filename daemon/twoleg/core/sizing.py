"""From two books to an opportunity: size, limit prices and expected value.

The size with the greatest expected value is taken within depth share, cash on both venues, caps,
lots and minimum sizes. A leg's fill rate is judged by the share of the displayed depth that it
takes; a miss costs the expected unwind. Limit prices are the worst at which the pair still nets
the minimum edge, the slack shared by what a miss of each leg costs.
"""

from collections.abc import Sequence

import msgspec

from twoleg.core.events import Level
from twoleg.core.fees import FILLS_PER_LEVEL, fee_bound
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, Market, Pair, Side
from twoleg.core.spread import PairView, Walk, depth_within, unit_edge, walk_size, walk_spend
from twoleg.core.units import (
    CENT_MICROS,
    LOT_E6,
    ONE_CONTRACT_E6,
    ONE_DOLLAR_MICROS,
    ceil_div,
    cost_ceil,
    floor_to,
)

LEVELS_MAX = 8
CASH_TRIES = 3
"""How often a size is cut to what the cash pays for; fees make the first cut inexact."""


class Room(msgspec.Struct, frozen=True):
    """What is left to use: size under all caps, free cash per leg, carried Polymarket excess."""

    size_e6: int
    kalshi_cash_micros: int
    polymarket_cash_micros: int
    carry_e6: int = 0


class Opportunity(msgspec.Struct, frozen=True, kw_only=True):
    """A direction, sizes, two limits and the edges, as of two book versions.

    The Polymarket leg spends `spend_micros` and returns `shares_e6` on the book as it stands, at
    least `shares_e6_min` at its limit. `net_micros` is what the walk nets after fee bounds,
    `net_limit_micros` what is left if both legs fill at their limits.
    """

    pair: Pair
    direction: Direction
    size_e6: int
    kalshi_limit_e4: int
    polymarket_limit_e4: int
    spend_micros: int
    shares_e6: int
    shares_e6_min: int
    kalshi_cost_micros: int
    """Worst case with fees: what is reserved."""
    polymarket_cost_micros: int
    net_micros: int
    net_limit_micros: int
    expected_micros: int


class Legs(msgspec.Struct, frozen=True):
    """Both sides of a direction: markets, books, and the ladders it would walk."""

    pair: Pair
    direction: Direction
    kalshi: Market
    kalshi_ladder: tuple[Level, ...]
    kalshi_bid_e4: int
    polymarket: Market
    polymarket_ladder: tuple[Level, ...]
    polymarket_bid_e4: int


def look(view: PairView, direction: Direction) -> Legs:
    """Read both ladders of a direction."""
    kalshi_outcome = direction.kalshi_outcome
    polymarket_outcome = direction.polymarket_outcome(view.pair.polarity)
    return Legs(
        view.pair,
        direction,
        view.kalshi,
        tuple(view.kalshi_book.ladder(kalshi_outcome, Side.BUY, LEVELS_MAX)),
        view.kalshi_book.bid_for(kalshi_outcome),
        view.polymarket,
        tuple(view.polymarket_book.ladder(polymarket_outcome, Side.BUY, LEVELS_MAX)),
        view.polymarket_book.bid_for(polymarket_outcome),
    )


def plan(legs: Legs, limits: Limits, room: Room) -> Opportunity | None:
    """The best opportunity of a direction, or None where none has a positive expected value."""
    best: Opportunity | None = None
    for kalshi_e4, polymarket_e4 in _frontier(legs, limits):
        depth_e6 = min(
            depth_within(legs.kalshi_ladder, kalshi_e4),
            depth_within(legs.polymarket_ladder, polymarket_e4),
        )
        for share_e4, _ in limits.fill_curve:
            if share_e4 > limits.depth_share_e4:
                break
            size_e6 = min(room.size_e6, depth_e6 * share_e4 // 10_000)
            found = _affordable(legs, limits, room, size_e6, (kalshi_e4, polymarket_e4))
            if found and (best is None or found.expected_micros > best.expected_micros):
                best = found
    return best if best and best.expected_micros > 0 else None


def least_edge(limits: Limits) -> int:
    """Net edge per contract in micros at both best prices below which no size can be worth it.

    With fill rates f and g the expected value is above 0 only if the edge is above
    u·(1/f + 1/g − 2), u the loss of a missed leg; it is least at the best rate of the curve. So
    most ticks that cross by a little need no walk.
    """
    best_e4 = max(
        (rate for share, rate in limits.fill_curve if share <= limits.depth_share_e4), default=0
    )
    if best_e4 == 0:
        return ONE_DOLLAR_MICROS
    missed = limits.unwind_loss_micros * 2 * (10_000 - best_e4) // best_e4
    return max(limits.edge_micros_min, missed)


def fill_rate(limits: Limits, size_e6: int, depth_e6: int) -> int:
    """Expected fill rate of a leg in 1/10 000 by its share of the displayed depth; 0 beyond it."""
    if depth_e6 <= 0:
        return 0
    share_e4 = ceil_div(size_e6 * 10_000, depth_e6)
    for upper_e4, rate_e4 in limits.fill_curve:
        if share_e4 <= upper_e4:
            return rate_e4
    return 0


def _frontier(legs: Legs, limits: Limits) -> list[tuple[int, int]]:
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


def _affordable(
    legs: Legs, limits: Limits, room: Room, size_e6: int, deepest: tuple[int, int]
) -> Opportunity | None:
    """Price one size, or as much of it as the cash on both venues pays for."""
    for _ in range(CASH_TRIES):
        found = _candidate(legs, limits, room, size_e6, deepest)
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
    legs: Legs, limits: Limits, room: Room, size_e6: int, deepest: tuple[int, int]
) -> Opportunity | None:
    """Price one size; None where a rule of a venue or of ours forbids it."""
    aim = _polymarket_spend(legs, floor_to(size_e6, LOT_E6))
    if aim is None:
        return None
    size_e6 = floor_to(aim.size_e6 + room.carry_e6, LOT_E6)
    kalshi_walk = walk_size(legs.kalshi_ladder, size_e6)
    if kalshi_walk is None or size_e6 < legs.kalshi.size_e6_min:
        return None
    found = _limits_of(legs, limits, deepest, (kalshi_walk, aim))
    if found is None:
        return None
    priced = _price(legs, limits, (kalshi_walk, aim), found)
    if (
        # The venue reads the order's size as what the spend buys at the limit.
        priced.shares_e6_min < legs.polymarket.size_e6_min
        or priced.net_limit_micros * ONE_CONTRACT_E6 < limits.edge_micros_min * size_e6
    ):
        return None
    lowest_e4 = min(legs.kalshi_ladder[0][0], legs.polymarket_ladder[0][0])
    in_bounds = limits.price_e4_min <= lowest_e4
    return priced if in_bounds and max(found) <= limits.price_e4_max else None


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


def _limits_of(
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
    legs: Legs, limits: Limits, walks: tuple[Walk, Walk], prices: tuple[int, int]
) -> Opportunity:
    kalshi_walk, aim = walks
    kalshi_e4, polymarket_e4 = prices
    size_e6 = kalshi_walk.size_e6
    kalshi_fee = _fee(legs.kalshi, legs.kalshi_ladder, kalshi_walk, kalshi_e4)
    polymarket_fee = _fee(legs.polymarket, legs.polymarket_ladder, aim, polymarket_e4)
    hedged_e6 = min(size_e6, aim.size_e6)
    net = hedged_e6 - kalshi_walk.cost_micros - aim.cost_micros - kalshi_fee - polymarket_fee
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
        expected_micros=_expected(legs, limits, walks, prices, net),
    )


def _fee(market: Market, ladder: Sequence[Level], walk: Walk, limit_e4: int) -> int:
    """Fee bound of a leg anywhere between the best price and its limit.

    A dollar-sized buy gets more shares the better the price; the bound takes the most it can get.
    """
    best_e4 = ladder[0][0]
    size_e6 = max(walk.size_e6, ceil_div(walk.cost_micros * 10_000, best_e4))
    return fee_bound(market, best_e4, limit_e4, size_e6, walk.levels * FILLS_PER_LEVEL)


def _expected(
    legs: Legs, limits: Limits, walks: tuple[Walk, Walk], prices: tuple[int, int], net_micros: int
) -> int:
    """Expected value in micros: both fill, or one leg has to be unwound at the usual loss."""
    kalshi = fill_rate(limits, walks[0].size_e6, depth_within(legs.kalshi_ladder, prices[0]))
    polymarket = fill_rate(
        limits, walks[1].size_e6, depth_within(legs.polymarket_ladder, prices[1])
    )
    both = kalshi * polymarket
    one = kalshi * (10_000 - polymarket) + polymarket * (10_000 - kalshi)
    loss = limits.unwind_loss_micros * walks[0].size_e6 // ONE_CONTRACT_E6
    return (both * net_micros - one * loss) // 100_000_000
