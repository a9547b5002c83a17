"""Kalshi's websocket: books and fills of the followed markets over one socket, for ever.

Sequence numbers are checked by the core; this feed passes them on, and replaces the socket when it
breaks, falls silent, or carries a frame that cannot be read. Books are void from that moment until
their next snapshot.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection

from twoleg.core.events import BooksVoid
from twoleg.core.market import Market, MarketId, Venue
from twoleg.errors import VenueUnavailable
from twoleg.seams import Clock, Entropy, Network
from twoleg.venues.backoff import Backoff, FrameCounts, run_replacing
from twoleg.venues.kalshi.connection import FeedSinks, KalshiConnection
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.ports import EventSink, FillSink
from twoleg.venues.transport import open_websocket, require_safe_url


class KalshiFeed:
    """Streams books and fills to its sinks; `on_up` asks for a reconciliation of fills by REST.

    The private channel has no sequence numbers, so fills may be lost whenever the socket was down.
    `on_down` gets the reason of every connection that ended or did not come about, `on_terms` a
    market whose life or terms changed.
    """

    venue = Venue.KALSHI

    def __init__(  # noqa: PLR0913 - the composition root hands in every seam and sink
        self,
        *,
        network: Network,
        url: str,
        http: KalshiHttp,
        markets: Iterable[Market],
        clock: Clock,
        entropy: Entropy,
        on_event: EventSink,
        on_fill: FillSink,
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda _reason: None,
        on_terms: Callable[[MarketId, str], None] = lambda _market_id, _what: None,
        options: KalshiOptions | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._network = network
        self._url = require_safe_url(url, key="kalshi.ws_url")
        self._http = http
        self._clock = clock
        self._entropy = entropy
        self._sinks = FeedSinks(on_event=on_event, on_fill=on_fill, on_up=on_up, on_terms=on_terms)
        self._on_down = on_down
        self._options = options or KalshiOptions()
        self._tls = tls
        # What the next connection subscribes.
        self._tickers = {market.id: market.native_id for market in markets}
        # Set when the present connection no longer carries the wanted markets.
        self._outdated = asyncio.Event()
        # The present connection and what it carries; None while there is none.
        self._connection: KalshiConnection | None = None
        self._carried: tuple[MarketId, ...] = ()
        self.counts = FrameCounts(VENUE)

    @property
    def is_up(self) -> bool:
        """Whether the book channel is subscribed now."""
        return self._connection is not None and self._connection.book_sid != 0

    async def run(self) -> None:
        """Stream until cancelled."""
        options = self._options
        await run_replacing(
            venue=VENUE,
            clock=self._clock,
            backoff=Backoff(
                entropy=self._entropy,
                delay_ms_min=options.backoff_ms_min,
                delay_ms_max=options.backoff_ms_max,
            ),
            run_connection=self._run_connection,
            on_lost=self._lose,
        )

    def set_markets(self, markets: Iterable[Market]) -> None:
        """Follow these markets from now on; a change replaces the socket."""
        wanted = {market.id: market.native_id for market in markets}
        if wanted != self._tickers:
            self._tickers = wanted
            self._outdated.set()

    def resync(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for new snapshots of these books; without a socket they come with the next one."""
        if self._connection is not None:
            self._connection.resync(market_ids)

    async def _run_connection(self) -> None:
        self._outdated.clear()
        tickers = self._tickers
        self._carried = tuple(tickers)
        self._connection = KalshiConnection(
            socket=await self._connect(),
            tickers=tickers,
            sinks=self._sinks,
            counts=self.counts,
            clock=self._clock,
            options=self._options,
        )
        await self._connection.run(self._outdated)

    def _lose(self, reason: str) -> None:
        was_up = self.is_up
        self._connection = None
        if was_up and self._carried:
            self._sinks.on_event(BooksVoid(self._carried, reason))
        self._on_down(reason)

    async def _connect(self) -> ClientConnection:
        options = self._options
        try:
            return await open_websocket(
                self._network,
                self._url,
                venue=VENUE,
                headers=self._http.websocket_headers(urlsplit(self._url).path),
                tls=self._tls,
                open_timeout_ms=options.open_timeout_ms,
                ping_interval_ms=options.ping_interval_ms,
                # Above the decoder's own limit, so that it can say whose frame it was.
                message_bytes_max=2 * options.frame_bytes_max,
                queue_frames_max=options.queue_frames_max,
            )
        except VenueUnavailable as error:
            if error.http_status == HTTPStatus.UNAUTHORIZED:
                # Most often our clock: the next attempt signs with the corrected time.
                await self._http.measure_skew()
            raise
