"""What a leg mode is worth: chances of both legs, of one alone, and the expected value.

With pA and pB the fill rates of the legs fired at once, pB' that of the second leg fired after the
first one filled, e the edge and u the loss of a leg that is left alone:

* concurrent: pA·pB·e − (pA·(1 − pB) + (1 − pA)·pB)·u
* sequenced:  pA·pB'·e − pA·(1 − pB')·u

so concurrent is better exactly where pA·(pB − pB')·(e + u) > pB·(1 − pA)·u. Chances are counted in
1/100 000 000, so that nothing is rounded before the value itself, which is rounded down.
"""

from collections.abc import Collection
from typing import Final, assert_never

import msgspec

from twoleg.core.market import LegMode, Market, Pair, Venue

SURE_E4: Final = 10_000
SURE_E8: Final = SURE_E4 * SURE_E4
ALL_MODES: Final = (LegMode.CONCURRENT, LegMode.KALSHI_FIRST, LegMode.POLYMARKET_FIRST)
"""What AUTO chooses from. The first wins where two are worth the same."""


FIRST: Final = {
    Venue.KALSHI: LegMode.KALSHI_FIRST,
    Venue.POLYMARKET: LegMode.POLYMARKET_FIRST,
}
"""The mode in which a venue's leg goes first."""


class Stakes(msgspec.Struct, frozen=True, gc=False):
    """What is at stake for a size: the net edge if both fill, the loss of either leg alone."""

    net_micros: int
    kalshi_loss_micros: int
    polymarket_loss_micros: int


class Odds(msgspec.Struct, frozen=True, gc=False):
    """Fill rates in 1/10 000: of each leg fired at once, and of each fired second."""

    kalshi_e4: int
    polymarket_e4: int
    kalshi_second_e4: int
    polymarket_second_e4: int

    def both_e8(self, mode: LegMode) -> int:
        """Chance that both legs fill."""
        if mode is LegMode.KALSHI_FIRST:
            return self.kalshi_e4 * self.polymarket_second_e4
        if mode is LegMode.POLYMARKET_FIRST:
            return self.polymarket_e4 * self.kalshi_second_e4
        assert mode is LegMode.CONCURRENT
        return self.kalshi_e4 * self.polymarket_e4

    def naked_e8(self, mode: LegMode, venue: Venue) -> int:
        """Chance that the leg on this venue fills and the other one does not."""
        if venue is Venue.KALSHI:
            filled_e4, second = self.kalshi_e4, LegMode.POLYMARKET_FIRST
        else:
            filled_e4, second = self.polymarket_e4, LegMode.KALSHI_FIRST
        if mode is second:
            # Fired only after the other leg has filled.
            return 0
        return filled_e4 * SURE_E4 - self.both_e8(mode)

    def expected_micros(self, mode: LegMode, stakes: Stakes) -> int:
        """Expected value of firing in this order."""
        lost = (
            self.naked_e8(mode, Venue.KALSHI) * stakes.kalshi_loss_micros
            + self.naked_e8(mode, Venue.POLYMARKET) * stakes.polymarket_loss_micros
        )
        return (self.both_e8(mode) * stakes.net_micros - lost) // SURE_E8

    def best(self, modes: tuple[LegMode, ...], stakes: Stakes) -> tuple[LegMode, int]:
        """The mode with the greatest expected value, and that value in micros."""
        values = [(mode, self.expected_micros(mode, stakes)) for mode in modes]
        return max(values, key=lambda entry: entry[1])


def allowed_modes(
    pair: Pair, kalshi: Market, polymarket: Market, unproven: Collection[Venue] = ()
) -> tuple[LegMode, ...]:
    """The orders in which a pair's legs may be fired; empty where none may.

    A market that delays its takers goes first, whatever the pair says: its answer comes seconds
    later, and the other leg would stand alone meanwhile. Two that delay cannot be traded. After
    that a venue that is only assumed to be open goes first: its refusal costs nothing then.
    """
    delays = [market.venue for market in (polymarket, kalshi) if market.seconds_delay > 0]
    if len(delays) > 1:
        return ()
    for venue in (*delays, *unproven):
        return (FIRST[venue],)
    match pair.leg_mode:
        case LegMode.AUTO:
            return ALL_MODES
        case LegMode.CONCURRENT | LegMode.KALSHI_FIRST | LegMode.POLYMARKET_FIRST:
            return (pair.leg_mode,)
        case _:
            assert_never(pair.leg_mode)


def least_worth(loss_micros: int, at_once_e4: int, second_e4: int) -> int:
    """The edge above which some mode may have a positive value, rounded down.

    All figures are per contract; the rates are ones that no leg exceeds, `loss_micros` one that no
    leg left alone falls below. Concurrent needs u·(1/pA + 1/pB − 2), sequenced u·(1/pB' − 1).
    """
    found = [
        loss_micros * times * (SURE_E4 - rate_e4) // rate_e4
        for times, rate_e4 in ((2, at_once_e4), (1, second_e4))
        if rate_e4 > 0
    ]
    return min(found, default=SURE_E8)
