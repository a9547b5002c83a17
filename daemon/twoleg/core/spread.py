"""The edge of a pair: a quick test of both tops, then a walk along both ladders.

A ladder is a list of (price_e4, size_e6), best first, in the prices of the outcome that is bought.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from twoleg.core.book import Book
from twoleg.core.events import Level
from twoleg.core.fees import fee_table
from twoleg.core.market import Direction, Market, Pair, Polarity
from twoleg.core.units import ONE_DOLLAR_MICROS, ceil_div


class Walk(msgspec.Struct, frozen=True):
    """What buying `size_e6` along a ladder takes: cost without fee (rounded up), worst price."""

    size_e6: int
    cost_micros: int
    worst_e4: int
    levels: int


UNSEEN: Final = -1


class PairView:
    """A pair with its markets, books and fee tables at hand: what runs on every tick.

    `edge_least` and `since_ns` hold one figure per direction, in the order of the enum: the edge at
    the tops worth looking at, and since when (monotonic) it has been there without a break.
    """

    __slots__ = (
        "_is_same",
        "_kalshi_fees",
        "_polymarket_fees",
        "_voids",
        "due_ns",
        "edge_least",
        "kalshi",
        "kalshi_book",
        "pair",
        "polymarket",
        "polymarket_book",
        "since_ns",
        "told_no",
    )

    def __init__(
        self, pair: Pair, kalshi: tuple[Market, Book], polymarket: tuple[Market, Book]
    ) -> None:
        self.pair = pair
        self.kalshi, self.kalshi_book = kalshi
        self.polymarket, self.polymarket_book = polymarket
        self._is_same = pair.polarity is Polarity.SAME
        self._kalshi_fees = fee_table(self.kalshi.fees)
        self._polymarket_fees = fee_table(self.polymarket.fees)
        # How often both books were void when an edge was seen last.
        self._voids = 0
        # Which of the news that decide on that it knows.
        self.told_no = 0
        # Until it is told what is worth looking at, nothing is.
        self.edge_least = [ONE_DOLLAR_MICROS, ONE_DOLLAR_MICROS]
        self.since_ns = [UNSEEN, UNSEEN]
        # When the timer that looks again at a young edge comes due; UNSEEN without one.
        self.due_ns = UNSEEN

    def see_edge(self, index: int, now_ns: int) -> None:
        """An edge is there; it is a new one if a book was void since it was seen last."""
        voids = self.kalshi_book.voids + self.polymarket_book.voids
        if voids != self._voids:
            self._voids = voids
            self.since_ns = [UNSEEN, UNSEEN]
        if self.since_ns[index] == UNSEEN:
            self.since_ns[index] = now_ns

    @property
    def closes_ms(self) -> tuple[int, ...]:
        """When (Unix ms) either market closes, as far as told; ascending."""
        told = (self.kalshi.close_ts_ms, self.polymarket.close_ts_ms)
        return tuple(sorted(close for close in told if close > 0))

    def top_edge(self, direction: Direction) -> int:
        """Net edge per contract in micros at both best prices; < 0 if a side has no offer."""
        buys_yes = direction is Direction.KALSHI_YES
        kalshi_e4 = (
            self.kalshi_book.best_ask_e4 if buys_yes else 10_000 - self.kalshi_book.best_bid_e4
        )
        # `same` buys the opposite outcome on Polymarket, `inverse` the equally named one.
        polymarket_e4 = (
            10_000 - self.polymarket_book.best_bid_e4
            if buys_yes is self._is_same
            else self.polymarket_book.best_ask_e4
        )
        return (
            ONE_DOLLAR_MICROS
            - (kalshi_e4 + polymarket_e4) * 100
            - self._kalshi_fees[kalshi_e4]
            - self._polymarket_fees[polymarket_e4]
        )


def unit_edge(kalshi: Market, kalshi_e4: int, polymarket: Market, polymarket_e4: int) -> int:
    """Net edge in micros of one contract bought at these two prices."""
    fees = fee_table(kalshi.fees)[kalshi_e4] + fee_table(polymarket.fees)[polymarket_e4]
    return ONE_DOLLAR_MICROS - (kalshi_e4 + polymarket_e4) * 100 - fees


def walk_size(ladder: Sequence[Level], size_e6: int) -> Walk | None:
    """Take exactly `size_e6`; None if the ladder does not hold it."""
    left, scaled_cost = size_e6, 0
    for count, (price_e4, level_e6) in enumerate(ladder, start=1):
        part = min(left, level_e6)
        scaled_cost += part * price_e4
        left -= part
        if left == 0:
            return Walk(size_e6, ceil_div(scaled_cost, 10_000), price_e4, count)
    return None


def walk_spend(ladder: Sequence[Level], spend_micros: int) -> Walk | None:
    """Spend whole `spend_micros` (shares floored to 1e-6); None if the ladder cannot take it."""
    left, size_e6 = spend_micros, 0
    for count, (price_e4, level_e6) in enumerate(ladder, start=1):
        affordable_e6 = left * 10_000 // price_e4
        if affordable_e6 <= level_e6:
            return Walk(size_e6 + affordable_e6, spend_micros, price_e4, count)
        size_e6 += level_e6
        left -= ceil_div(level_e6 * price_e4, 10_000)
    return None


def depth_within(ladder: Sequence[Level], limit_e4: int) -> int:
    """Displayed size at `limit_e4` or better (buying: at or below it)."""
    return sum(size_e6 for price_e4, size_e6 in ladder if price_e4 <= limit_e4)
