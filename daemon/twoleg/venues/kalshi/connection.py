"""One Kalshi socket from its subscription to its end.

Kalshi API docs, websockets (AsyncAPI 2.0.0, 2026-10-26). Repairs its subscriptions where the venue
lets it, and else ends by a `FeedError`; whoever runs it declares the books void and opens the next.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from twoleg.core.events import BookSnapshot, GridChanged, LevelDelta, SequenceSeen, Subscribed
from twoleg.core.market import Market, MarketId, Venue
from twoleg.core.sequence import Sequences, SequenceVerdict
from twoleg.errors import FeedError, FeedStale, MalformedMessage
from twoleg.seams import Clock
from twoleg.venues.backoff import FrameCounts, watch_silence
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.pushes import (
    EventFeesSeen,
    EventSeen,
    FillSeen,
    LifecycleSeen,
    OrderSeen,
    PositionSeen,
    TickerSeen,
    TradeSeen,
)
from twoleg.venues.kalshi.sinks import LIFECYCLE, FeedSinks, give
from twoleg.venues.kalshi.subscriptions import (
    NOT_SUBSCRIBABLE,
    UNFOLLOWED,
    BookNews,
    Subscriptions,
)
from twoleg.venues.kalshi.wire import Acknowledged, Decoded, Ignored, KalshiDecoder, Refused
from twoleg.venues.kalshi.wserrors import name_of
from twoleg.venues.transport import is_too_big

YIELD_NS: Final = 1_000_000
GRID_CHANGED: Final = "price_level_structure_updated"
SLOW_DOWNS_MAX: Final = 6

log = structlog.get_logger(__name__)


class KalshiConnection:
    """Subscribes, reads and tends one socket for the followed markets."""

    def __init__(
        self,
        *,
        socket: ClientConnection,
        markets: Iterable[Market],
        sinks: FeedSinks,
        counts: FrameCounts,
        clock: Clock,
        options: KalshiOptions,
        skew_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        self._socket = socket
        self._markets = {market.id: market for market in markets}
        self._sinks = sinks
        self._counts = counts
        self._clock = clock
        self._options = options
        self._skew_ms = skew_ms
        tickers = {market.id: market.native_id for market in self._markets.values()}
        self.subscriptions = Subscriptions(tickers, sinks.pushes.channels())
        self._decoder = KalshiDecoder({}, frame_bytes_max=options.frame_bytes_max)
        self._know(tickers)
        self._last_frame_ns = clock.monotonic_ns()
        self._wake = asyncio.Event()
        self._was_up = False
        # Whether any book was ever subscribed here, so may be live.
        self.had_books = False
        # Numbers of the channels beside the books; a gap among market lives hides a change.
        self._numbers = Sequences()
        # Channels that were subscribed on this socket before.
        self._acknowledged: set[str] = set()
        # Which market the next probe of a quiet socket asks for.
        self._probes = 0

    @property
    def is_up(self) -> bool:
        """Whether the books are subscribed now."""
        return self.subscriptions.is_up

    @property
    def lag_ms(self) -> int:
        """How late the last frame arrived, by the venue's clock as well as we know it; 0 untold."""
        lag_ms = self._decoder.lag_ms
        return lag_ms + self._skew_ms() if lag_ms else 0

    @property
    def sent_ms(self) -> int:
        """When the venue sent the last frame that arrived, by its own clock; 0 untold."""
        return self._decoder.sent_ms

    async def run(self) -> None:
        """Stream until the socket breaks, falls silent or cannot be repaired.

        Raises:
            ExceptionGroup: of FeedErrors.
        """
        self.subscriptions.start()
        self._wake.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(), name="kalshi-read")
                tasks.create_task(self._send_commands(), name="kalshi-commands")
                tasks.create_task(self._watch(), name="kalshi-watch")
                tasks.create_task(self._watch_silence(), name="kalshi-silence")
        finally:
            # No closing handshake: the books must be void now, not in a second.
            self._socket.transport.abort()
            await self._socket.wait_closed()

    def resync(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for new snapshots of these books; before the subscription they come with it."""
        if self.subscriptions.books:
            self.subscriptions.ask_snapshots(market_ids)
            self._stir()

    def follow(self, markets: Iterable[Market]) -> None:
        """Follow further markets on this socket."""
        new = {market.id: market for market in markets}
        self._markets |= new
        news = self.subscriptions.follow({key: market.native_id for key, market in new.items()})
        self._know(self.subscriptions.tickers)
        self._tell(news)

    def unfollow(self, market_ids: Iterable[MarketId]) -> None:
        """Follow these markets no longer; their books are void at once."""
        gone = tuple(market_ids)
        news = self.subscriptions.unfollow(gone)
        for market_id in gone:
            self._markets.pop(market_id, None)
        self._know(self.subscriptions.tickers)
        self._tell(news)

    def _know(self, tickers: Mapping[MarketId, str]) -> None:
        self._decoder.follow({ticker: market_id for market_id, ticker in tickers.items()})

    def _tell(self, news: Iterable[BookNews]) -> None:
        """Pass on what became of subscriptions, and send what it takes to mend them."""
        for event in news:
            self._sinks.on_event(event)
            if isinstance(event, Subscribed):
                self.had_books = True
                continue
            if event.reason == NOT_SUBSCRIBABLE:
                for market_id in event.market_ids:
                    self._sinks.on_terms(market_id, event.reason)
            if event.reason != UNFOLLOWED:
                log.warning("books_lost", venue=VENUE, reason=event.reason)
        self._stir()
        is_up = self.subscriptions.is_up
        if is_up and not self._was_up:
            books = self.subscriptions.books
            log.info("feed_up", venue=VENUE, sids=sorted(books), markets=len(self._markets))
            self._sinks.on_up()
        self._was_up = is_up

    def _stir(self) -> None:
        if self.subscriptions.has_commands:
            self._wake.set()

    # -- reading ---------------------------------------------------------------------------

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
            if decoded.sid not in self.subscriptions.retired:
                self._sinks.on_event(decoded)
        elif isinstance(decoded, BookSnapshot):
            if decoded.sid not in self.subscriptions.retired:
                self.subscriptions.saw_snapshot(decoded.market_id)
                self._sinks.on_event(decoded)
        elif isinstance(decoded, FillSeen):
            self._give_fill(decoded)
        elif isinstance(decoded, SequenceSeen):
            self._pass_sequence(decoded.sid, decoded.seq)
        elif isinstance(decoded, Acknowledged):
            self._acknowledge(decoded)
        elif isinstance(decoded, Refused):
            self._refuse(decoded, raw)
        elif isinstance(decoded, Ignored):
            if decoded.is_unknown:
                self._counts.add("unknown", decoded.kind, raw)
        else:
            self._push(decoded)

    def _give_fill(self, seen: FillSeen) -> None:
        # Fills of our other subaccounts come too: their money is not this one's.
        if seen.subaccount in {None, self._options.subaccount}:
            self._sinks.on_fill(seen.fill)
        give(self._sinks.pushes.on_fill_seen, seen)

    def _push(
        self,
        push: OrderSeen
        | PositionSeen
        | TradeSeen
        | TickerSeen
        | LifecycleSeen
        | EventSeen
        | EventFeesSeen,
    ) -> None:
        pushes = self._sinks.pushes
        match push:
            case OrderSeen():
                give(pushes.on_order, push)
            case PositionSeen():
                give(pushes.on_position, push)
            case TickerSeen():
                give(pushes.on_ticker, push)
            case TradeSeen():
                self._pass_sequence(push.sid, push.seq)
                give(pushes.on_trade, push)
            case LifecycleSeen() | EventSeen() | EventFeesSeen():
                self._pass_sequence(push.sid, push.seq)
                self._change_terms(push)
                give(pushes.on_lifecycle, push)

    def _change_terms(self, push: LifecycleSeen | EventSeen | EventFeesSeen) -> None:
        if isinstance(push, EventFeesSeen):
            for market in tuple(self._markets.values()):
                if market.event == push.event:
                    self._sinks.on_terms(market.id, "event_fee_update")
        elif isinstance(push, LifecycleSeen) and push.is_followed:
            if push.what == GRID_CHANGED and push.grid is not None:
                self._sinks.on_event(GridChanged(push.market_id, push.grid))
                self.resync((push.market_id,))
            else:
                self._sinks.on_terms(push.market_id, push.what)

    def _pass_sequence(self, sid: int, seq: int) -> None:
        if sid in self.subscriptions.books:
            self._sinks.on_event(SequenceSeen(Venue.KALSHI, sid, seq))
        elif sid in self.subscriptions.channels:
            # Other channels number their frames too; the books do not hang on those.
            verdict = self._numbers.check(sid, seq)
            channel = self.subscriptions.channels[sid]
            if verdict is SequenceVerdict.GAP:
                self._counts.log_once("gap", f"gap in {channel}", b"")
                if channel == LIFECYCLE:
                    self._doubt_terms()

    def _doubt_terms(self) -> None:
        for market_id in tuple(self._markets):
            self._sinks.on_terms(market_id, "lifecycle_gap")

    def _acknowledge(self, answer: Acknowledged) -> None:
        is_again = answer.channel in self._acknowledged
        self._acknowledged.add(answer.channel)
        self._numbers.begin(answer.sid, ())
        self._tell(self.subscriptions.acknowledge(answer))
        if is_again and answer.channel == "fill":
            # Subscribed anew: fills may have passed meanwhile.
            self._sinks.on_up()
        elif is_again and answer.channel == LIFECYCLE:
            self._doubt_terms()

    def _refuse(self, refused: Refused, raw: bytes) -> None:
        self._pass_sequence(refused.sid, refused.seq)
        self._counts.add("error", f"error {refused.code} {name_of(refused.code)}", raw)
        self._tell(self.subscriptions.refuse(refused))

    # -- tending ---------------------------------------------------------------------------

    async def _send_commands(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            commands = self.subscriptions.take_commands(self._clock.monotonic_ns())
            for command in commands:
                await self._send(command.encode())
            slow_downs = min(self.subscriptions.slow_downs, SLOW_DOWNS_MAX)
            if slow_downs or any(command.cmd != "subscribe" for command in commands):
                # A burst of gaps becomes one command.
                await self._clock.sleep((self._options.resync_gap_ms << slow_downs) / 1_000)

    async def _watch(self) -> None:
        """Watch overdue snapshots and lag, and probe a quiet socket: quiet markets are no death.

        A probe asks for one book in turn. Its answer comes over the very subscription whose life
        is in doubt, and re-checks a book.
        """
        options = self._options
        step_ms = options.silence_ms_max // 4
        while True:
            await self._clock.sleep(step_ms / 1_000)
            now_ns = self._clock.monotonic_ns()
            overdue_ns = now_ns - options.snapshot_ms_max * 1_000_000
            self._tell(self.subscriptions.judge_overdue(overdue_ns, now_ns))
            if self.lag_ms > options.lag_ms_max:
                raise FeedStale(VENUE, f"frames arrive {self.lag_ms} ms late")
            market_ids = tuple(self._markets)
            if market_ids and now_ns - self._last_frame_ns >= step_ms * 1_000_000:
                self._probes += 1
                self.resync((market_ids[self._probes % len(market_ids)],))

    async def _watch_silence(self) -> None:
        await watch_silence(
            venue=VENUE,
            clock=self._clock,
            last_frame_ns=lambda: self._last_frame_ns,
            silence_ms_max=self._options.silence_ms_max,
        )

    async def _send(self, text: bytes) -> None:
        try:
            await self._socket.send(text, text=True)
        except ConnectionClosed as error:
            raise self._closed(error) from error

    def _closed(self, error: ConnectionClosed) -> FeedError:
        if is_too_big(error):
            self._counts.add("oversized", "oversized message", b"")
        return FeedError(VENUE, f"closed: {error}")
