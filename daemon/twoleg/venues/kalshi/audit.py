"""Compares streamed books with what REST shows of them, in turn and slowly.

A book read by REST has neither clock nor time (OpenAPI 3.34.0, 2026-10-26), it may lag, and changes
are on their way. So each book is looked at twice, and the core is told once the stream has passed
the second look. A level that our stream left alone all that time stood as it is when the second
look was taken, unless REST lags by more than the gap; that both looks agree on it speaks against a
longer lag. All other levels prove nothing this time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import structlog

from twoleg.core.events import ASK, BID, BookAudited, BookSnapshot, BooksVoid, Event, LevelDelta
from twoleg.core.market import Market, MarketId
from twoleg.errors import VenueError, VenueRejected
from twoleg.seams import Clock
from twoleg.venues.kalshi.crawl import BOOKS_PER_CALL_MAX, BookRead
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.ports import EventSink

HEARD_STEP_S: Final = 0.5
"""How often an audit looks whether the stream has come far enough."""

log = structlog.get_logger(__name__)


class BookReads(Protocol):
    """What an audit reads by; see `KalshiCrawl`."""

    async def order_book(self, ticker: str) -> BookRead:
        """One whole book."""
        ...

    async def order_books(self, tickers: Sequence[str]) -> list[BookRead]:
        """Several whole books in one call."""
        ...


class BookAudit:
    """Reads the books of the followed markets, a few per call, all of them per round.

    Stands in the way of the feed's events, for it must know which levels moved: the feed calls
    `take`, and everything goes on to `on_event`. `sent_ms` tells the venue's time up to which all
    of the stream has arrived (0: nobody knows), `venue_ms` the venue's time now.
    """

    def __init__(
        self,
        *,
        reads: BookReads,
        clock: Clock,
        options: KalshiOptions,
        markets: Mapping[MarketId, Market],
        on_event: EventSink,
        sent_ms: Callable[[], int],
        venue_ms: Callable[[], int],
    ) -> None:
        self._reads = reads
        self._clock = clock
        self._options = options
        # The feed's own.
        self._markets = markets
        self._on_event = on_event
        self._sent_ms = sent_ms
        self._venue_ms = venue_ms
        # Books under audit, and their levels (side, price_e4) that moved since it began.
        self._moved: dict[MarketId, set[tuple[int, int]]] = {}
        # What became of the last call, so that only changes are logged.
        self._is_failing = False
        self.counts: dict[str, int] = dict.fromkeys(
            ("audit_books", "audit_missing", "audit_unheard", "audit_failures"), 0
        )

    def take(self, event: Event) -> None:
        """Pass an event on, and note what it moves of the books under audit."""
        if self._moved:
            if isinstance(event, LevelDelta):
                moved = self._moved.get(event.market_id)
                if moved is not None:
                    moved.add((event.side, event.price_e4))
            elif isinstance(event, BookSnapshot):
                # All of it is new.
                self._moved.pop(event.market_id, None)
            elif isinstance(event, BooksVoid):
                for market_id in event.market_ids:
                    self._moved.pop(market_id, None)
        self._on_event(event)

    async def run(self) -> None:
        """Audit round after round until cancelled; a call that fails is left to the next round."""
        size = min(self._options.audit_books_per_call, BOOKS_PER_CALL_MAX)
        while True:
            markets = tuple(self._markets.values())
            parts = [markets[start : start + size] for start in range(0, len(markets), size)]
            pause_s = self._options.audit_every_ms / 1_000 / max(1, len(parts))
            for part in parts:
                await self._clock.sleep(pause_s)
                await self._audit(part)
            if not parts:
                await self._clock.sleep(pause_s)

    async def _audit(self, markets: Sequence[Market]) -> None:
        self._moved = {market.id: set() for market in markets}
        try:
            first = await self._look(markets)
            await self._clock.sleep(self._options.audit_gap_ms / 1_000)
            second = await self._look(markets)
            self._is_failing = False
            if await self._hears_past_now():
                self._hand_over(first, second)
            else:
                self.counts["audit_unheard"] += 1
        except VenueError as error:
            self.counts["audit_failures"] += 1
            if not self._is_failing:
                log.warning("audit_failed", venue=VENUE, reason=str(error))
            self._is_failing = True
        finally:
            self._moved = {}

    async def _look(self, markets: Sequence[Market]) -> dict[MarketId, BookRead]:
        """The books that REST shows; one that it does not show keeps no other from being shown."""
        try:
            reads = await self._reads.order_books([market.native_id for market in markets])
        except VenueError as error:
            if not _is_of_one_market(error):
                raise
            reads = await self._look_singly(markets)
        found = {read.market_id: read for read in reads}
        self.counts["audit_missing"] += sum(market.id not in found for market in markets)
        return found

    async def _look_singly(self, markets: Sequence[Market]) -> list[BookRead]:
        found: list[BookRead] = []
        for market in markets:
            try:
                found.append(await self._reads.order_book(market.native_id))
            except VenueError as error:
                if not _is_of_one_market(error):
                    raise
        return found

    async def _hears_past_now(self) -> bool:
        """Wait until the stream is later than this moment; False if that takes too long."""
        options = self._options
        wanted_ms = self._venue_ms() + options.audit_margin_ms
        deadline_ns = self._clock.monotonic_ns() + options.audit_wait_ms_max * 1_000_000
        while self._sent_ms() < wanted_ms:
            if self._clock.monotonic_ns() >= deadline_ns:
                return False
            await self._clock.sleep(HEARD_STEP_S)
        return True

    def _hand_over(
        self, first: Mapping[MarketId, BookRead], second: Mapping[MarketId, BookRead]
    ) -> None:
        for market_id, moved in tuple(self._moved.items()):
            before, read = first.get(market_id), second.get(market_id)
            # It may have been left meanwhile.
            if before is None or read is None or market_id not in self._markets:
                continue
            unsteady = moved | _changed(before, read)
            self.counts["audit_books"] += 1
            self._on_event(
                BookAudited(market_id, read.bids, read.asks, 0, moved=tuple(sorted(unsteady)))
            )


def _is_of_one_market(error: VenueError) -> bool:
    """Whether a call may have failed for one of its markets: unknown, or its book unreadable."""
    return isinstance(error, VenueRejected) or error.code == "unreadable_answer"


def _changed(before: BookRead, after: BookRead) -> set[tuple[int, int]]:
    """Levels (side, price_e4) that two looks do not agree on."""
    sides = ((BID, before.bids, after.bids), (ASK, before.asks, after.asks))
    return {
        (side, price_e4)
        for side, then, now in sides
        for price_e4, _ in set(then).symmetric_difference(now)
    }
