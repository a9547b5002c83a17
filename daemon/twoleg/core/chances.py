"""How likely the legs of a size are to fill, what it is worth then, and which leg goes first.

A leg's fill rate is judged by the share of the displayed depth that it takes and by how long that
has stood; a leg left alone costs the expected unwind.
"""

from twoleg.core.counts import LegTry
from twoleg.core.evidence import Evidence
from twoleg.core.limits import Limits
from twoleg.core.market import LegMode, Venue
from twoleg.core.odds import Odds, Stakes, allowed_modes
from twoleg.core.opportunity import Legs
from twoleg.core.spread import depth_within
from twoleg.core.units import ONE_CONTRACT_E6, ceil_div


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


def share_of(size_e6: int, depth_e6: int) -> int:
    """Share of a displayed depth in 1/10 000, rounded up; beyond all of it where there is none."""
    return ceil_div(size_e6 * 10_000, depth_e6) if depth_e6 > 0 else 10_001
