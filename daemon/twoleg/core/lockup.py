"""What is held of a pair: how much is hedged, what it cost, what is ready to be cashed. Pure.

One hedged contract pays a dollar, so a micro-contract pays a micro-dollar.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from twoleg.core.closing import YEAR_MS, hedged_e6
from twoleg.core.market import Polarity
from twoleg.core.units import ONE_CONTRACT_E6

E4: Final = 10_000


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One market of a pair: sizes of both outcomes, what they cost, and how it ended.

    `payouts_e4` is what a contract of (YES, NO) pays; None until the market is resolved.
    """

    yes_e6: int = 0
    no_e6: int = 0
    spent_micros: int = 0
    close_ms: int = 0
    payouts_e4: tuple[int, int] | None = None

    @property
    def mergeable_e6(self) -> int:
        """What is held of both outcomes: a dollar each, whatever happens."""
        return min(self.yes_e6, self.no_e6)

    @property
    def due_micros(self) -> int:
        """What a resolved market owes for what is held; 0 until it is resolved."""
        if self.payouts_e4 is None:
            return 0
        return (self.yes_e6 * self.payouts_e4[0] + self.no_e6 * self.payouts_e4[1]) // E4


class Lockup(msgspec.Struct, frozen=True, kw_only=True):
    """A pair's holdings in figures. Times are Unix ms, 0 where no close is told.

    `residual_e6` is exposure without its other leg (+: it pays if Kalshi's market settles YES).
    """

    hedged_e6: int
    residual_e6: int
    locked_micros: int
    until_ms: int
    gain_micros: int
    yield_e4_per_year: int | None


def lock_up(kalshi: Side, polymarket: Side, polarity: Polarity, now_ms: int) -> Lockup:
    """What both sides come to. The yield is None where no time is left, or nothing is locked up."""
    held_e6 = kalshi.yes_e6 - kalshi.no_e6
    there_e6 = polymarket.yes_e6 - polymarket.no_e6
    if polarity is Polarity.INVERSE:
        there_e6 = -there_e6
    residual_e6 = held_e6 + there_e6
    both_e6 = hedged_e6(held_e6, residual_e6)
    locked_micros = kalshi.spent_micros + polymarket.spent_micros
    # What is held of both outcomes of a market pays as well.
    gain_micros = both_e6 + kalshi.mergeable_e6 + polymarket.mergeable_e6 - locked_micros
    until_ms = max(kalshi.close_ms, polymarket.close_ms)
    left_ms = until_ms - now_ms
    has_yield = locked_micros > 0 and left_ms > 0 and abs(residual_e6) < ONE_CONTRACT_E6
    return Lockup(
        hedged_e6=both_e6,
        residual_e6=residual_e6,
        locked_micros=locked_micros,
        until_ms=until_ms,
        gain_micros=gain_micros,
        yield_e4_per_year=(
            gain_micros * E4 * YEAR_MS // (locked_micros * left_ms) if has_yield else None
        ),
    )


def ends_of(payouts: Mapping[str, int], yes: str, no: str) -> tuple[int, int] | None:
    """What (YES, NO) pay, by the names that a venue gives its outcomes; None: not known."""
    if yes not in payouts or no not in payouts:
        return None
    return payouts[yes], payouts[no]
