"""From two books to an opportunity: size, leg mode, limit prices and expected value.

The size and mode with the greatest expected value are taken within depth share, cash on both
venues, caps, lots and minimum sizes. A leg's fill rate is judged by the share of the displayed
depth that it takes and by how long that has stood; a leg left alone costs the expected unwind.
Limit prices are the worst at which the pair still nets the minimum edge, the slack shared by what
a miss of each leg costs.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain

import msgspec
from msgspec import structs

from twoleg.core.counts import LegTry
from twoleg.core.events import Level
from twoleg.core.evidence import Evidence
from twoleg.core.fees import FILLS_PER_LEVEL, fee_bound
from twoleg.core.holdings import CARRY_E6_MAX
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, LegMode, Market, Pair, Side, Venue
from twoleg.core.odds import Odds, Stakes, allowed_modes, least_worth
from twoleg.core.spread import PairView, Walk, depth_within, unit_edge, walk_size, walk_spend
from twoleg.core.units import (
    CENT_MICROS,
    LOT_E6,
    ONE_CONTRACT_E6,
    ceil_div,
    ceil_to,
    cost_ceil,
    floor_to,
)

LEVELS_MAX = 8
CASH_TRIES = 5
"""How often a size is cut to what the cash pays for; fees make the first cut inexact."""


class Room(msgspec.Struct, frozen=True):
    """What is left to use: size under all caps, free cash per leg, carried Polymarket excess.

    `is_probe`: only the least size that both venues take.
    """

    size_e6: int
    kalshi_cash_micros: int
    polymarket_cash_micros: int
    carry_e6: int = 0
    is_probe: bool = False


class Opportunity(msgspec.Struct, frozen=True, kw_only=True):
    """A direction, sizes, a leg mode, two limits and the edges, as of two book versions.

    The Polymarket leg spends `spend_micros` and returns `shares_e6` on the book as it stands, at
    least `shares_e6_min` at its limit. `net_micros` is what the walk nets after fee bounds,
    `net_limit_micros` what is left if both legs fill at their limits. Where `is_close`, what the
    direction bought is sold: sizes are exact, `spend_micros` is 0, limits are least prices, and
    the nets are what the sales bring beyond what the pair would pay.
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
    mode: LegMode = LegMode.CONCURRENT
    """Which leg goes first; never AUTO."""
    is_close: bool = False
    """True: both outcomes are held, and sold."""
    tries: tuple[LegTry, LegTry] = (LegTry(0, 0), LegTry(0, 0))
    """What each leg (Kalshi, Polymarket) is tried against."""


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
    kalshi_age_ms: int = 0
    """How long the best level that the leg would hit has stood."""
    polymarket_age_ms: int = 0
    unproven: tuple[Venue, ...] = ()
    """Venues that are only assumed to be open: their leg is fired first, alone."""


def look(
    view: PairView, direction: Direction, wall_ns: int, unproven: Iterable[Venue] = ()
) -> Legs:
    """Read both ladders of a direction at a wall time."""
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
        view.kalshi_book.age_ms(kalshi_outcome, Side.BUY, wall_ns),
        view.polymarket_book.age_ms(polymarket_outcome, Side.BUY, wall_ns),
        tuple(unproven),
    )


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
            least_e6 = _least_size(legs, scales, deepest)
            sizes = [least_e6] if sizes and least_e6 <= sizes[0] else []
        for size_e6 in sizes:
            if most.micros(size_e6) <= (best.expected_micros if best else 0):
                # A lesser one may take so little of the depth that it fills more often.
                continue
            found = _affordable(legs, scales, room, size_e6, deepest)
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


def share_of(size_e6: int, depth_e6: int) -> int:
    """Share of a displayed depth in 1/10 000, rounded up; beyond all of it where there is none."""
    return ceil_div(size_e6 * 10_000, depth_e6) if depth_e6 > 0 else 10_001


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


def stakes_of(legs: Legs, limits: Limits, size_e6: int, net_micros: int) -> Stakes:
    """What a size may win or lose.

    A leg left alone loses the usual unwind, or the spread of its own book where that is greater.
    """
    kalshi = (legs.kalshi_ladder[0][0] - legs.kalshi_bid_e4) * 100
    polymarket = (legs.polymarket_ladder[0][0] - legs.polymarket_bid_e4) * 100
    usual = limits.unwind_loss_micros
    return Stakes(
        net_micros,
        ceil_div(max(usual, kalshi) * size_e6, ONE_CONTRACT_E6),
        ceil_div(max(usual, polymarket) * size_e6, ONE_CONTRACT_E6),
    )


def judge(
    legs: Legs, evidence: Evidence, stakes: Stakes, tries: tuple[LegTry, LegTry]
) -> tuple[LegMode, int]:
    """The leg mode of greatest expected value by the measured rates, and that value."""

    def rate(venue: Venue, leg_try: LegTry, *, is_second: bool) -> int:
        return evidence.rate_e4(
            legs.pair.id,
            legs.direction,
            venue,
            share_e4=leg_try.share_e4,
            age_ms=leg_try.age_ms,
            is_second=is_second,
        )

    kalshi, polymarket = tries
    modes = allowed_modes(legs.pair, legs.kalshi, legs.polymarket, legs.unproven)
    at_once = (
        rate(Venue.KALSHI, kalshi, is_second=False),
        rate(Venue.POLYMARKET, polymarket, is_second=False),
    )
    if modes == (LegMode.CONCURRENT,):
        # No leg waits for the other: what one would fill then is not asked.
        return Odds(*at_once, 0, 0).best(modes, stakes)
    odds = Odds(
        *at_once,
        rate(Venue.KALSHI, kalshi, is_second=True),
        rate(Venue.POLYMARKET, polymarket, is_second=True),
    )
    return odds.best(modes, stakes)


def tries_of(
    legs: Legs, sizes_e6: tuple[int, int], prices: tuple[int, int]
) -> tuple[LegTry, LegTry]:
    """What (Kalshi, Polymarket) legs of these sizes and limits are tried against."""
    kalshi_e6 = depth_within(legs.kalshi_ladder, prices[0])
    polymarket_e6 = depth_within(legs.polymarket_ladder, prices[1])
    return (
        LegTry(share_of(sizes_e6[0], kalshi_e6), legs.kalshi_age_ms),
        LegTry(share_of(sizes_e6[1], polymarket_e6), legs.polymarket_age_ms),
    )


def _least_size(legs: Legs, scales: tuple[Limits, Evidence], deepest: tuple[int, int]) -> int:
    """About the least size that both venues take at the limits it would have."""
    size_e6 = max(legs.kalshi.size_e6_min, legs.polymarket.size_e6_min)
    walks = _walks(legs, size_e6)
    prices = limits_of(legs, scales[0], deepest, walks) if walks else None
    walks = _walks(legs, _least_at(legs, prices[1])) if prices else None
    priced = _at_limits(legs, scales, deepest, walks) if walks else None
    return _least_at(legs, priced.polymarket_limit_e4) if priced else 0


def _walks(legs: Legs, size_e6: int) -> tuple[Walk, Walk] | None:
    """Both ladders walked for a size; None where either does not hold it."""
    kalshi = walk_size(legs.kalshi_ladder, size_e6)
    polymarket = walk_size(legs.polymarket_ladder, size_e6)
    return (kalshi, polymarket) if kalshi and polymarket else None


def _least_at(legs: Legs, limit_e4: int) -> int:
    """About the least size that both venues take at a limit on Polymarket."""
    market, best_e4 = legs.polymarket, legs.polymarket_ladder[0][0]
    # The venue counts what the spend buys at the limit, and a cent is lost to whole cents.
    spend_micros = max(cost_ceil(limit_e4, market.size_e6_min), market.notional_micros_min)
    by_spend_e6 = ceil_div((spend_micros + CENT_MICROS) * 10_000, best_e4)
    return ceil_to(max(legs.kalshi.size_e6_min, market.size_e6_min, by_spend_e6), LOT_E6)


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


def _affordable(
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
