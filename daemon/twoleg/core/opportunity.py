"""What sizing looks at and finds: both ladders of a direction, the room, an opportunity."""

from collections.abc import Iterable
from typing import Final

import msgspec

from twoleg.core.counts import LegTry
from twoleg.core.events import Level
from twoleg.core.market import Direction, LegMode, Market, Pair, Side, Venue
from twoleg.core.spread import PairView

LEVELS_MAX: Final = 8
"""Price levels of a book that are looked at."""


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
