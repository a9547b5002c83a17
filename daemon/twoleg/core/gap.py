"""Prices that speak against a pair: too far apart for too long, or those of the other polarity.

Two markets on the same event may differ by an edge for a while, and by a few cents for long where
cash is locked up. What differs by more for minutes, on live books that anybody could trade on, is
no luck: the rules differ, or what is YES on one is NO on the other. Pure: looks come with time.
"""

from typing import Final

import msgspec

from twoleg.core.book import Book
from twoleg.core.market import Pair, PairId, Polarity

PRICE_GAP: Final = "price_gap"
POLARITY_CONTRADICTED: Final = "polarity_contradicted"


class GapLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When prices speak against a pair."""

    gap_e4: int = 1_200
    """Difference of both mid prices, in the pair's polarity, above which they contradict it."""
    gap_ns: int = 300 * 1_000_000_000
    """How long they must do so without a break."""
    fit_e4: int = 300
    """How near they must be to each other in the opposite polarity for that to be the reason."""
    fit_ns: int = 30 * 1_000_000_000
    """How long that must be so; much shorter, as it loses on every trade."""
    spread_e4_max: int = 1_000
    """A book whose best prices are further apart tells no price."""


class Look(msgspec.Struct, frozen=True):
    """What the books of a pair show: mid prices of Kalshi's YES, by either venue, in 1/10 000."""

    kalshi_e4: int
    polymarket_e4: int

    @property
    def gap_e4(self) -> int:
        """How far they are apart."""
        return abs(self.kalshi_e4 - self.polymarket_e4)

    @property
    def opposite_e4(self) -> int:
        """How far they would be apart were the polarity the other one."""
        return abs(self.kalshi_e4 - (10_000 - self.polymarket_e4))


class Gaps:
    """Watches pairs; `look` tells why one is to be disarmed."""

    __slots__ = ("_apart_ns", "_opposite_ns")

    def __init__(self) -> None:
        # Since when a pair's prices have been apart, and those of the opposite polarity.
        self._apart_ns: dict[PairId, int] = {}
        self._opposite_ns: dict[PairId, int] = {}

    def look(self, pair: Pair, books: tuple[Book, Book], limits: GapLimits, now_ns: int) -> str:
        """Why the prices of (Kalshi, Polymarket) speak against a pair; empty if they do not yet.

        Where a book tells no price, what was seen before is not confirmed: it counts from anew.
        """
        seen = look_at(pair, books, limits.spread_e4_max)
        if seen is None or seen.gap_e4 <= limits.gap_e4:
            self.forget(pair.id)
            return ""
        since_ns = self._apart_ns.setdefault(pair.id, now_ns)
        if seen.opposite_e4 <= limits.fit_e4:
            fits_ns = self._opposite_ns.setdefault(pair.id, now_ns)
            if now_ns - fits_ns >= limits.fit_ns:
                return POLARITY_CONTRADICTED
        else:
            self._opposite_ns.pop(pair.id, None)
        return PRICE_GAP if now_ns - since_ns >= limits.gap_ns else ""

    def forget(self, pair_id: PairId) -> None:
        """Begin anew with a pair."""
        self._apart_ns.pop(pair_id, None)
        self._opposite_ns.pop(pair_id, None)


def look_at(pair: Pair, books: tuple[Book, Book], spread_e4_max: int) -> Look | None:
    """Both mid prices of Kalshi's YES; None while a book tells none."""
    mids = [_mid(book, spread_e4_max) for book in books]
    if None in mids:
        return None
    kalshi_e4, polymarket_e4 = (mid for mid in mids if mid is not None)
    if pair.polarity is Polarity.INVERSE:
        polymarket_e4 = 10_000 - polymarket_e4
    return Look(kalshi_e4, polymarket_e4)


def _mid(book: Book, spread_e4_max: int) -> int | None:
    """The mid of a live, two-sided book that is not too wide; None of any other."""
    bid_e4, ask_e4 = book.best_bid_e4, book.best_ask_e4
    is_two_sided = 0 < bid_e4 < ask_e4 < 10_000
    if not book.is_live or book.is_doubted or not is_two_sided or ask_e4 - bid_e4 > spread_e4_max:
        return None
    return (bid_e4 + ask_e4) // 2
