"""One line to Kalshi's websocket: one socket after the other, for ever.

Each attempt is signed anew, and goes to the other front door when the last one failed. The books
are void from the moment a socket is lost until the next one brings their snapshots.
"""

import ssl
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection

from twoleg.core.market import Market, MarketId
from twoleg.errors import VenueUnavailable
from twoleg.seams import Clock, Entropy, Network
from twoleg.venues.backoff import Backoff, FrameCounts, run_replacing
from twoleg.venues.kalshi.connection import KalshiConnection
from twoleg.venues.kalshi.hosts import Hosts
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.sinks import FeedSinks
from twoleg.venues.transport import open_websocket


class KalshiLine:
    """Runs the sockets of one line; `on_lost` gets (was up, reason) of each that ended."""

    def __init__(  # noqa: PLR0913 - every seam and sink comes from the composition root
        self,
        *,
        network: Network,
        urls: Sequence[str],
        http: KalshiHttp,
        markets: Callable[[], Iterable[Market]],
        clock: Clock,
        entropy: Entropy,
        sinks: FeedSinks,
        on_lost: Callable[[bool, str], None],
        counts: FrameCounts,
        options: KalshiOptions,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._network = network
        self._hosts = Hosts(urls, clock=clock, return_ms=options.host_return_ms)
        self._http = http
        self._markets = markets
        self._clock = clock
        self._entropy = entropy
        self._sinks = sinks
        self._on_lost = on_lost
        self._counts = counts
        self._options = options
        self._tls = tls
        # The present connection; None while there is none.
        self.connection: KalshiConnection | None = None

    @property
    def is_up(self) -> bool:
        """Whether the books are subscribed on this line now."""
        return self.connection is not None and self.connection.is_up

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

    def resync(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for snapshots; without a socket they come with the next one."""
        if self.connection is not None:
            self.connection.resync(market_ids)

    async def _run_connection(self) -> None:
        url = self._hosts.current()
        try:
            socket = await self._connect(url)
        except VenueUnavailable as error:
            self._hosts.report_failure(url, error.code)
            if error.http_status == HTTPStatus.UNAUTHORIZED:
                # Most often our clock: the next attempt signs with the corrected time.
                await self._http.measure_skew()
            raise
        self._hosts.report_answer(url)
        self.connection = KalshiConnection(
            socket=socket,
            # As of now: they may have changed while the socket was opened.
            markets=self._markets(),
            sinks=self._sinks,
            counts=self._counts,
            clock=self._clock,
            options=self._options,
            skew_ms=lambda: self._http.skew_ms,
        )
        await self.connection.run()

    def _lose(self, reason: str) -> None:
        had_books = self.connection is not None and self.connection.had_books
        self.connection = None
        self._on_lost(had_books, reason)

    async def _connect(self, url: str) -> ClientConnection:
        options = self._options
        return await open_websocket(
            self._network,
            url,
            venue=VENUE,
            headers=self._http.websocket_headers(urlsplit(url).path),
            tls=self._tls,
            open_timeout_ms=options.open_timeout_ms,
            ping_interval_ms=options.ping_interval_ms,
            # Above the decoder's own limit, so that it can say whose frame it was.
            message_bytes_max=2 * options.frame_bytes_max,
            queue_frames_max=options.queue_frames_max,
        )
