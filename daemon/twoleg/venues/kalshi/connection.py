"""One Kalshi socket from its subscription to its end.

Kalshi API docs, websockets (AsyncAPI 2.0.0, 2026-10-26). Ends by a `FeedError`; whoever runs it
declares the books void and opens the next one.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from twoleg.core.events import (
    BookSnapshot,
    Fill,
    GridChanged,
    LevelDelta,
    SequenceSeen,
    Subscribed,
)
from twoleg.core.market import MarketId, Venue
from twoleg.errors import FeedError, FeedStale, MalformedMessage
from twoleg.seams import Clock
from twoleg.venues.backoff import FrameCounts, watch_silence
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.wire import (
    Acknowledged,
    Decoded,
    Ignored,
    KalshiDecoder,
    Refused,
    TermsTouched,
)
from twoleg.venues.ports import EventSink, FillSink
from twoleg.venues.transport import is_too_big

BOOK_CHANNEL: Final = "orderbook_delta"
BOOK_COMMAND: Final = 1
TERMINAL_CODES: Final = frozenset({7, 10, 25})
"""Unknown sid, channel error, buffer overflow: the subscription is gone (docs, ws errors)."""
YIELD_NS: Final = 1_000_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSinks:
    """Where a feed's events go; none of these may block or raise."""

    on_event: EventSink
    on_fill: FillSink
    on_up: Callable[[], None]
    on_terms: Callable[[MarketId, str], None]


class KalshiConnection:
    """Subscribes, reads and tends one socket; `tickers` maps the followed ids to tickers."""

    def __init__(
        self,
        *,
        socket: ClientConnection,
        tickers: Mapping[MarketId, str],
        sinks: FeedSinks,
        counts: FrameCounts,
        clock: Clock,
        options: KalshiOptions,
    ) -> None:
        self._socket = socket
        self._tickers = dict(tickers)
        self._sinks = sinks
        self._counts = counts
        self._clock = clock
        self._options = options
        self._decoder = KalshiDecoder(
            {ticker: market_id for market_id, ticker in tickers.items()},
            frame_bytes_max=options.frame_bytes_max,
        )
        # 0 until the book channel is acknowledged.
        self.book_sid = 0
        self._last_frame_ns = clock.monotonic_ns()
        # Books that need a snapshot, and those whose snapshot was asked for, since when.
        self._wanted: set[MarketId] = set()
        self._asked: dict[MarketId, int] = {}
        self._wake = asyncio.Event()
        self._commands = BOOK_COMMAND
        # Which market the next probe of a quiet socket asks for.
        self._probes = 0

    async def run(self, outdated: asyncio.Event) -> None:
        """Stream until the socket breaks or falls silent, or `outdated` is set.

        Raises:
            ExceptionGroup: of FeedErrors.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(), name="kalshi-read")
                tasks.create_task(self._subscribe(), name="kalshi-subscribe")
                tasks.create_task(self._send_resyncs(), name="kalshi-resync")
                tasks.create_task(self._probe_quiet(), name="kalshi-probe")
                tasks.create_task(self._watch_silence(), name="kalshi-silence")
                tasks.create_task(_end_when(outdated), name="kalshi-markets")
        finally:
            # No closing handshake: the books must be void now, not in a second.
            self._socket.transport.abort()
            await self._socket.wait_closed()

    def resync(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for new snapshots of these books, in one command with whatever else is due."""
        if self.book_sid:
            self._wanted |= set(market_ids) & self._tickers.keys()
        if self._wanted:
            self._wake.set()

    async def _subscribe(self) -> None:
        if self._tickers:
            params = {
                "channels": [BOOK_CHANNEL],
                "market_tickers": list(self._tickers.values()),
                # Explicit: the default is announced to flip one day.
                "use_yes_price": True,
            }
            await self._send(BOOK_COMMAND, "subscribe", params)
        for channel in ("fill", "market_lifecycle_v2"):
            # A command each: one that is refused must not take the others with it.
            await self._send(self._next_command(), "subscribe", {"channels": [channel]})

    async def _read(self) -> None:
        clock, frames_max = self._clock, self._options.frames_per_yield
        frames, batch_ns = 0, clock.monotonic_ns()
        while True:
            try:
                raw = await self._socket.recv(decode=False)
            except ConnectionClosed as error:
                raise self._closed(error) from error
            now_ns = self._last_frame_ns = clock.monotonic_ns()
            try:
                self._take(self._decoder.decode(raw, clock.wall_ns()), raw)
            except MalformedMessage as error:
                kind = "oversized" if error.reason.startswith("oversized") else "malformed"
                self._counts.add(kind, f"{kind}: {error.reason}", raw)
                raise
            frames += 1
            if frames >= frames_max or now_ns - batch_ns >= YIELD_NS:
                await asyncio.sleep(0)
                frames, batch_ns = 0, clock.monotonic_ns()

    def _take(self, decoded: Decoded, raw: bytes) -> None:
        # Most frequent first.
        if isinstance(decoded, LevelDelta):
            self._sinks.on_event(decoded)
        elif isinstance(decoded, BookSnapshot):
            self._asked.pop(decoded.market_id, None)
            self._sinks.on_event(decoded)
        elif isinstance(decoded, Fill):
            self._sinks.on_fill(decoded)
        elif isinstance(decoded, SequenceSeen):
            self._pass_sequence(decoded.sid, decoded.seq)
        elif isinstance(decoded, GridChanged):
            self._sinks.on_event(decoded)
            self.resync((decoded.market_id,))
        elif isinstance(decoded, TermsTouched):
            self._sinks.on_terms(decoded.market_id, decoded.what)
        elif isinstance(decoded, Acknowledged):
            self._acknowledge(decoded)
        elif isinstance(decoded, Refused):
            self._refuse(decoded, raw)
        elif isinstance(decoded, Ignored) and decoded.is_unknown:
            self._counts.add("unknown", decoded.kind, raw)

    def _pass_sequence(self, sid: int, seq: int) -> None:
        # Other channels number their frames too; only the books hang on this one.
        if sid and seq and sid == self.book_sid:
            self._sinks.on_event(SequenceSeen(Venue.KALSHI, sid, seq))

    def _acknowledge(self, decoded: Acknowledged) -> None:
        if decoded.channel == BOOK_CHANNEL:
            self.book_sid = decoded.sid
            self._sinks.on_event(Subscribed(Venue.KALSHI, decoded.sid, tuple(self._tickers)))
            log.info("feed_up", venue=VENUE, sid=decoded.sid, markets=len(self._tickers))
            self._sinks.on_up()

    def _refuse(self, decoded: Refused, raw: bytes) -> None:
        self._pass_sequence(decoded.sid, decoded.seq)
        self._counts.add("error", f"error {decoded.code}", raw)
        if decoded.code in TERMINAL_CODES or decoded.command_id == BOOK_COMMAND:
            raise FeedError(VENUE, f"error {decoded.code}: {decoded.text[:100]}")

    async def _send_resyncs(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            now_ns = self._clock.monotonic_ns()
            market_ids = sorted(self._wanted)
            self._wanted.clear()
            for market_id in market_ids:
                # Asking again must not renew the patience with the first answer.
                self._asked.setdefault(market_id, now_ns)
            params = {
                "sids": [self.book_sid],
                "action": "get_snapshot",
                "market_tickers": [self._tickers[market_id] for market_id in market_ids],
            }
            await self._send(self._next_command(), "update_subscription", params)
            # A burst of gaps becomes one command.
            await self._clock.sleep(self._options.resync_gap_ms / 1_000)

    async def _probe_quiet(self) -> None:
        """Ask a quiet socket for one book in turn: quiet markets must not look like a dead feed.

        The answer comes over the very subscription whose life is in doubt, and re-checks a book.
        """
        step_ms = self._options.silence_ms_max // 4
        while True:
            await self._clock.sleep(step_ms / 1_000)
            now_ns = self._clock.monotonic_ns()
            overdue_ns = now_ns - self._options.snapshot_ms_max * 1_000_000
            if any(asked_ns < overdue_ns for asked_ns in self._asked.values()):
                raise FeedStale(VENUE, "a snapshot was asked for and did not come")
            if self._tickers and now_ns - self._last_frame_ns >= step_ms * 1_000_000:
                market_ids = tuple(self._tickers)
                self._probes += 1
                self.resync((market_ids[self._probes % len(market_ids)],))

    async def _watch_silence(self) -> None:
        await watch_silence(
            venue=VENUE,
            clock=self._clock,
            last_frame_ns=lambda: self._last_frame_ns,
            silence_ms_max=self._options.silence_ms_max,
        )

    async def _send(self, command_id: int, command: str, params: Mapping[str, object]) -> None:
        text = msgspec.json.encode({"id": command_id, "cmd": command, "params": params})
        try:
            await self._socket.send(text, text=True)
        except ConnectionClosed as error:
            raise self._closed(error) from error

    def _next_command(self) -> int:
        self._commands += 1
        return self._commands

    def _closed(self, error: ConnectionClosed) -> FeedError:
        if is_too_big(error):
            self._counts.add("oversized", "oversized message", b"")
        return FeedError(VENUE, f"closed: {error}")


async def _end_when(outdated: asyncio.Event) -> None:
    await outdated.wait()
    raise FeedError(VENUE, "the followed markets changed")
