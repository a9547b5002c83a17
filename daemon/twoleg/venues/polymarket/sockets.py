"""What the market and the user socket share: connecting, reading, pinging, closing, logging.

Keep-alive is the text PING every 10 s, answered by the text PONG
(docs.polymarket.com wss-overview, read 2026-11-22).
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from twoleg.errors import FeedError
from twoleg.seams import Clock, Entropy, Network
from twoleg.venues.backoff import Backoff, FrameCounts
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.wire import PING, VENUE
from twoleg.venues.transport import is_too_big, open_websocket


class SocketSource:
    """Opens sockets to one address, and does what is the same on each of them."""

    def __init__(
        self,
        *,
        network: Network,
        clock: Clock,
        entropy: Entropy,
        url: str,
        options: PolymarketOptions,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._network = network
        self._entropy = entropy
        self._url = url
        self._tls = tls
        self.clock = clock
        self.options = options

    def backoff(self) -> Backoff:
        """Delays between two sockets."""
        return Backoff(
            entropy=self._entropy,
            delay_ms_min=self.options.backoff_ms_min,
            delay_ms_max=self.options.backoff_ms_max,
        )

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[ClientConnection, None]:
        """Connect; VenueUnavailable if that fails."""
        connection = await open_websocket(
            self._network,
            self._url,
            venue=VENUE,
            tls=self._tls,
            ping_interval_ms=self.options.websocket_ping_ms or None,
        )
        try:
            yield connection
        finally:
            # No closing handshake: books must be void now, not in a second.
            connection.transport.abort()
            await connection.wait_closed()

    async def read(
        self,
        connection: ClientConnection,
        take: Callable[[bytes, int], None],
        counts: FrameCounts,
    ) -> None:
        """Hand each message and its monotonic time to `take`; FeedError when the socket closes."""
        clock, frames_max = self.clock, self.options.frames_per_turn_max
        frames, turn_ns = 0, clock.monotonic_ns()
        while True:
            try:
                raw = await connection.recv(decode=False)
            except ConnectionClosed as error:
                if is_too_big(error):
                    counts.add("oversized", "oversized message", b"")
                raise FeedError(VENUE, f"closed: {error}") from error
            now_ns = clock.monotonic_ns()
            take(raw, now_ns)
            frames += 1
            # recv() does not suspend while frames are queued: other tasks would starve.
            if frames >= frames_max or now_ns - turn_ns >= self.options.turn_ns_max:
                await asyncio.sleep(0)
                frames, turn_ns = 0, clock.monotonic_ns()

    async def ping(self, connection: ClientConnection) -> None:
        """Send PING for ever; never before the subscription, which would close the socket."""
        while True:
            await self.clock.sleep(self.options.ping_interval_ms / 1_000)
            await send(connection, PING)


async def send(connection: ClientConnection, text: str) -> None:
    """Send one text frame; FeedError if the socket is closed."""
    try:
        await connection.send(text)
    except ConnectionClosed as error:
        raise FeedError(VENUE, f"closed: {error}") from error


def log_unknown(
    frames: FrameCounts, counts: Mapping[str, int], known: int, raw: bytes, *, hide: str = ""
) -> None:
    """Log the frame that brought a decoder its first of a strange kind; it had `known` counts."""
    for kind in tuple(counts)[known:]:
        if kind.startswith(("unknown", "unreadable")):
            frames.log_once("unknown", kind, raw, hide=hide)
