"""Kalshi's websocket: books and fills of the followed markets, for ever.

Over one line, sequence numbers are checked by the core, and this feed passes them on. Over several
lines, `BookMerger` checks them and merges the lines into one stream without numbers. What has come
of it is compared with what REST shows (`BookAudit`).
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Final

from twoleg.core.events import BooksVoid
from twoleg.core.market import Market, MarketId, Venue
from twoleg.seams import Clock, Entropy, Network
from twoleg.venues.backoff import FrameCounts
from twoleg.venues.kalshi.audit import BookAudit
from twoleg.venues.kalshi.crawl import KalshiCrawl
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.line import KalshiLine
from twoleg.venues.kalshi.merge import BookMerger
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.privates import FirstOnly
from twoleg.venues.kalshi.sinks import FeedSinks, PushSinks
from twoleg.venues.ports import EventSink, FillSink
from twoleg.venues.transport import require_safe_url

LINES_MAX: Final = 3


class KalshiFeed:
    """Streams books and fills to its sinks; `on_up` asks for a reconciliation of fills by REST.

    The private channels have no sequence numbers, so fills may be lost whenever a socket was down.
    `on_down` gets the reason of every connection that ended or did not come about, `on_terms` a
    market whose life or terms changed. `pushes` are further sinks; what nobody wants is not
    subscribed. `url` and `urls` are the front doors of one environment, the preferred first.
    """

    venue = Venue.KALSHI

    def __init__(  # noqa: PLR0913 - the composition root hands in every seam and sink
        self,
        *,
        network: Network,
        url: str = "",
        urls: tuple[str, ...] = (),
        http: KalshiHttp,
        markets: Iterable[Market],
        clock: Clock,
        entropy: Entropy,
        on_event: EventSink,
        on_fill: FillSink,
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda _reason: None,
        on_terms: Callable[[MarketId, str], None] = lambda _market_id, _what: None,
        pushes: PushSinks | None = None,
        options: KalshiOptions | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        options = options or KalshiOptions()
        doors = [require_safe_url(door, key="kalshi.ws_url") for door in urls or (url,)]
        assert 0 < options.connections <= LINES_MAX
        self._on_down = on_down
        self._clock = clock
        self._http = http
        # What the next connection subscribes; the audit reads it too.
        self._markets = {market.id: market for market in markets}
        self._audit = self._make_audit(on_event, options) if options.audit_every_ms else None
        if self._audit is not None:
            on_event = self._audit.take
        self._on_event = on_event
        self.counts = FrameCounts(VENUE)
        sinks = FeedSinks(
            on_event=on_event,
            on_fill=on_fill,
            on_up=on_up,
            on_terms=on_terms,
            pushes=pushes or PushSinks(),
        )
        # None with one line: then the core does without it.
        self._merger: BookMerger | None = None
        if options.connections > 1:
            sinks = FirstOnly(sinks).sinks()
            self._merger = BookMerger(
                lines=options.connections, on_event=on_event, ask=self._ask_line
            )
        self._lines = [
            KalshiLine(
                network=network,
                # Each line prefers another front door.
                urls=doors[index % len(doors) :] + doors[: index % len(doors)],
                http=http,
                markets=self._markets.values,
                clock=clock,
                entropy=entropy,
                sinks=self._sinks_of(index, sinks),
                on_lost=partial(self._lose, index),
                counts=self.counts,
                options=options,
                tls=tls,
            )
            for index in range(options.connections)
        ]

    @property
    def is_up(self) -> bool:
        """Whether the books are subscribed on a line now."""
        return any(line.is_up for line in self._lines)

    @property
    def lag_ms(self) -> int:
        """How late the last frame of the best line arrived, in ms; 0 if not told."""
        lags = [line.connection.lag_ms for line in self._lines if line.connection is not None]
        return min((lag for lag in lags if lag), default=0)

    @property
    def audit_counts(self) -> dict[str, int]:
        """What became of the audits of the books; empty without any."""
        return dict(self._audit.counts) if self._audit is not None else {}

    async def run(self) -> None:
        """Stream until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for index, line in enumerate(self._lines):
                tasks.create_task(line.run(), name=f"kalshi-line-{index}")
            if self._audit is not None:
                tasks.create_task(self._audit.run(), name="kalshi-audit")

    def follow(self, markets: Iterable[Market]) -> None:
        """Follow further markets, without a pause for the others."""
        new = [market for market in markets if market.id not in self._markets]
        self._markets.update((market.id, market) for market in new)
        for line in self._lines:
            if line.connection is not None and new:
                line.connection.follow(new)

    def unfollow(self, market_ids: Iterable[MarketId]) -> None:
        """Follow these markets no longer; their books are void at once."""
        gone = [market_id for market_id in market_ids if market_id in self._markets]
        for market_id in gone:
            del self._markets[market_id]
        for line in self._lines:
            if line.connection is not None and gone:
                line.connection.unfollow(gone)
        if self._merger is not None:
            self._merger.forget(gone)

    def set_markets(self, markets: Iterable[Market]) -> None:
        """Follow exactly these markets from now on."""
        wanted = {market.id: market for market in markets}
        self.unfollow([market_id for market_id in self._markets if market_id not in wanted])
        self.follow(wanted.values())

    def resync(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for new snapshots of these books; without a socket they come with the next one."""
        if self._merger is not None:
            self._merger.reset(market_ids)
        else:
            self._lines[0].resync(market_ids)

    def _make_audit(self, on_event: EventSink, options: KalshiOptions) -> BookAudit:
        return BookAudit(
            reads=KalshiCrawl(http=self._http),
            clock=self._clock,
            options=options,
            markets=self._markets,
            on_event=on_event,
            sent_ms=self._sent_ms,
            venue_ms=self._venue_ms,
        )

    def _sent_ms(self) -> int:
        """The venue's time up to which every line has brought all; 0 if a line is not telling."""
        told = [
            line.connection.sent_ms
            for line in self._lines
            if line.connection is not None and line.is_up
        ]
        return min(told, default=0)

    def _venue_ms(self) -> int:
        return self._clock.wall_ns() // 1_000_000 + self._http.skew_ms

    def _ask_line(self, index: int, market_ids: tuple[MarketId, ...]) -> None:
        self._lines[index].resync(market_ids)

    def _sinks_of(self, index: int, sinks: FeedSinks) -> FeedSinks:
        if self._merger is None:
            return sinks
        return replace(sinks, on_event=partial(self._merger.take, index))

    def _lose(self, index: int, had_books: bool, reason: str) -> None:  # noqa: FBT001 - a callback
        if self._merger is not None:
            self._merger.lose(index, reason)
        elif had_books and self._markets:
            self._on_event(BooksVoid(tuple(self._markets), reason))
        self._on_down(reason)
