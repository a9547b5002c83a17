"""Compares streamed books with what REST shows of them, in turn and slowly.

`POST /books` takes up to 500 tokens, leaves out those without a book, and answers in an order of
its own (live notes of 2026-10-06, read 2026-11-22). The books are the core's: this reads and hands
over, and the core judges by the venue's times.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import structlog

from twoleg.core.events import BookAudited
from twoleg.core.market import Market, MarketId
from twoleg.errors import VenueError
from twoleg.seams import Clock
from twoleg.venues.polymarket.frames import WireLevel
from twoleg.venues.polymarket.numbers import FixedCache
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.rest import JSON_HEADERS, decode_answer
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.polymarket.wire import read_levels
from twoleg.venues.ports import EventSink
from twoleg.venues.transport import HttpExchange, require_safe_url

TOKENS_PER_CALL_MAX: Final = 500
"""One more is refused as too large a payload (live notes, 2026-10-06)."""

log = structlog.get_logger(__name__)


class _RestBook(msgspec.Struct):
    """One book as REST shows it."""

    asset_id: str
    timestamp: int
    bids: list[WireLevel]
    asks: list[WireLevel]


class BookAudit:
    """Reads the YES books of the followed markets, a few per call, all of them per round.

    `on_missing` hears of markets that the stream follows and REST has no book of.
    """

    def __init__(
        self,
        *,
        http: HttpExchange,
        clock: Clock,
        urls: PolymarketUrls,
        options: PolymarketOptions,
        markets: Mapping[str, Market],
        on_event: EventSink,
        on_missing: Callable[[Sequence[MarketId]], None],
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = require_safe_url(urls.clob, key="polymarket.clob_url").rstrip("/") + "/books"
        self._options = options
        # Condition id → market; the feed's own.
        self._markets = markets
        self._on_event = on_event
        self._on_missing = on_missing
        self._prices = FixedCache(4)
        self._sizes = FixedCache(6)
        self._books = msgspec.json.Decoder(_RestBook, strict=False)
        # What became of the last call, so that only changes are logged.
        self._is_failing = False
        self.counts = dict.fromkeys(
            ("audit_books", "audit_missing", "audit_unreadable", "audit_failures"), 0
        )

    async def run(self) -> None:
        """Audit round after round until cancelled; a call that fails is left to the next round."""
        size = min(self._options.audit_tokens_per_call, TOKENS_PER_CALL_MAX)
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
        body = msgspec.json.encode([{"token_id": market.yes_token} for market in markets])
        try:
            status, _, answer = await self._http.request(
                "POST",
                self._url,
                headers=JSON_HEADERS,
                body=body,
                timeout_ms=self._options.request_timeout_ms,
            )
            raws = decode_answer(status, answer, list[msgspec.Raw])
        except VenueError as error:
            # Without an answer nothing is known; also OutcomeUnknown, for it is a POST.
            self.counts["audit_failures"] += 1
            if not self._is_failing:
                log.warning("audit_failed", venue=VENUE, reason=str(error))
            self._is_failing = True
            return
        self._is_failing = False
        self._hand_over(markets, raws)

    def _hand_over(self, markets: Sequence[Market], raws: list[msgspec.Raw]) -> None:
        wanted = {market.yes_token: market.id for market in markets}
        for raw in raws:
            try:
                book = self._books.decode(raw)
                if book.asset_id not in wanted:
                    continue
                event = BookAudited(
                    market_id=wanted.pop(book.asset_id),
                    bids=read_levels(book.bids, self._prices, self._sizes),
                    asks=read_levels(book.asks, self._prices, self._sizes),
                    ts_event_ms=book.timestamp,
                )
            except (msgspec.DecodeError, ValueError):
                self.counts["audit_unreadable"] += 1
                continue
            self.counts["audit_books"] += 1
            self._on_event(event)
        # A market may have been left while the answer was on its way.
        followed = {market.id for market in self._markets.values()}
        missing = [market_id for market_id in wanted.values() if market_id in followed]
        self.counts["audit_missing"] += len(missing)
        if missing:
            self._on_missing(missing)
