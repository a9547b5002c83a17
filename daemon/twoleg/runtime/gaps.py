"""Looks at the prices of all armed pairs now and then; disarms those that they speak against."""

from collections.abc import Callable, Mapping
from typing import Final

from twoleg.core.book import Book
from twoleg.core.gap import GapLimits, Gaps, look_at
from twoleg.core.market import MarketId, Pair, PairId, PairState
from twoleg.seams import Clock

EVERY_S: Final = 5.0
"""A look costs some microseconds a pair, and none of it is on the way of a tick."""


class GapWatch:
    """`disarm` gets the pair, the reason and the figures that it rests on."""

    def __init__(
        self,
        *,
        limits: Callable[[], GapLimits],
        pairs: Callable[[], tuple[Pair, ...]],
        books: Callable[[], Mapping[MarketId, Book]],
        disarm: Callable[..., None],
        clock: Clock,
    ) -> None:
        self._limits = limits
        self._pairs = pairs
        self._books = books
        self._disarm = disarm
        self._clock = clock
        self._gaps = Gaps()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            self.look()

    def look(self) -> None:
        """Look at every armed pair once."""
        books, limits, now_ns = self._books(), self._limits(), self._clock.monotonic_ns()
        for pair in self._pairs():
            kalshi, polymarket = books.get(pair.kalshi), books.get(pair.polymarket)
            if pair.state is not PairState.ARMED or kalshi is None or polymarket is None:
                self._gaps.forget(pair.id)
                continue
            both = kalshi, polymarket
            reason = self._gaps.look(pair, both, limits, now_ns)
            if reason:
                self._gaps.forget(pair.id)
                self._tell(pair, reason, both)

    def _tell(self, pair: Pair, reason: str, books: tuple[Book, Book]) -> None:
        seen = look_at(pair, books, self._limits().spread_e4_max)
        assert seen is not None, "a book without a price speaks against nothing"
        self._disarm(
            PairId(pair.id),
            reason,
            ("kalshi_yes_e4", seen.kalshi_e4),
            # Of the outcome that stands for Kalshi's YES.
            ("polymarket_yes_e4", seen.polymarket_e4),
        )
