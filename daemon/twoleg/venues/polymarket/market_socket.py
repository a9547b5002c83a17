"""One socket of the market channel: up to 200 tokens, replaced whenever it cannot be trusted."""

import asyncio
from collections.abc import Callable, Iterable

import msgspec
from websockets.asyncio.client import ClientConnection

from twoleg.core.events import BookSnapshot, BooksVoid, Event, GridChanged
from twoleg.core.market import Market, MarketId
from twoleg.errors import MalformedMessage
from twoleg.venues.backoff import FrameCounts, run_replacing, watch_silence
from twoleg.venues.polymarket.dumps import Dumps
from twoleg.venues.polymarket.frames import News
from twoleg.venues.polymarket.sockets import SocketSource, log_unknown, send
from twoleg.venues.polymarket.wire import NO_BOOKS, PONG, VENUE, MarketDecoder
from twoleg.venues.ports import EventSink

_NS_PER_MS = 1_000_000


class MarketSocket:
    """Streams the books of its markets into a sink.

    Books are void from the loss of a socket until the dump that follows the next subscription.
    It is never run without a market: the venue closes a socket that subscribes to nothing.
    """

    def __init__(
        self,
        *,
        source: SocketSource,
        on_event: EventSink,
        on_news: Callable[[News], None],
        on_bookless: Callable[[MarketId], None],
    ) -> None:
        self._source = source
        self._clock = source.clock
        self._options = source.options
        self._on_event = on_event
        self._on_news = on_news
        self._on_bookless = on_bookless
        self._decoder = MarketDecoder()
        self._markets: dict[MarketId, Market] = {}
        # Markets to subscribe afresh and those to leave; insertion-ordered, no set order.
        self._wanted: dict[MarketId, None] = {}
        self._dropped: list[Market] = []
        self._changed = asyncio.Event()
        self._dumps = Dumps()
        # What the present socket carries; empty without one.
        self._subscribed: dict[MarketId, None] = {}
        self._last_frame_ns = 0
        self._last_data_ns = 0
        # Which market the next probe of a mute socket asks for.
        self._probes = 0
        self._counts = dict.fromkeys(("messages", "connections", "resyncs", "late_dumps"), 0)
        self._strange = FrameCounts(VENUE)

    @property
    def market_ids(self) -> tuple[MarketId, ...]:
        """The markets of this socket."""
        return tuple(self._markets)

    @property
    def bookless(self) -> tuple[MarketId, ...]:
        """Markets of this socket that have no book at the venue."""
        return self._dumps.bookless

    @property
    def counts(self) -> dict[str, int]:
        """What was seen and done so far."""
        return {**self._counts, **self._decoder.counts, **self._strange.by_kind}

    def watch(self, market: Market) -> None:
        """Stream this market's book from now on."""
        self._decoder.watch(market)
        is_new = market.id not in self._markets
        self._markets[market.id] = market
        if is_new:
            self._want(market.id)

    def forget(self, market_id: MarketId) -> None:
        """Stop streaming this market."""
        market = self._markets.pop(market_id, None)
        if market is None:
            return
        self._decoder.forget(market.native_id)
        self._dumps.forget(market_id)
        self._wanted.pop(market_id, None)
        if market_id in self._subscribed:
            del self._subscribed[market_id]
            self._dropped.append(market)
            self._changed.set()

    def resync(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for fresh dumps; without a socket they come with the next one."""
        for market_id in market_ids:
            if market_id in self._markets:
                self._want(market_id)

    async def run(self) -> None:
        """Stream until cancelled."""
        await run_replacing(
            venue=VENUE,
            clock=self._clock,
            backoff=self._source.backoff(),
            run_connection=self._run_connection,
            on_lost=self._on_lost,
        )

    async def _run_connection(self) -> None:
        async with self._source.open() as connection:
            self._counts["connections"] += 1
            now_ns = self._clock.monotonic_ns()
            self._last_frame_ns = self._last_data_ns = now_ns
            await send(connection, self._subscription(now_ns))
            async with asyncio.TaskGroup() as tasks:
                reading = self._source.read(connection, self._take, self._strange)
                tasks.create_task(reading, name="polymarket-market-read")
                tasks.create_task(self._source.ping(connection), name="polymarket-market-ping")
                tasks.create_task(self._send_changes(connection), name="polymarket-market-send")
                tasks.create_task(self._check_dumps(), name="polymarket-market-dumps")
                tasks.create_task(self._watch_frames(), name="polymarket-market-silence")
                tasks.create_task(self._watch_data(), name="polymarket-market-mute")

    def _subscription(self, now_ns: int) -> str:
        self._subscribed = dict.fromkeys(self._markets)
        self._dropped.clear()
        self._wanted.clear()
        self._changed.clear()
        self._dumps.lose()
        self._dumps.ask(self._markets, now_ns)
        return _render(
            {
                "type": "market",
                "assets_ids": _tokens(self._markets.values()),
                "custom_feature_enabled": True,
                "initial_dump": True,
                "level": 2,
            }
        )

    def _take(self, raw: bytes, now_ns: int) -> None:
        self._last_frame_ns = now_ns
        if raw == PONG:
            return
        self._last_data_ns = now_ns
        self._counts["messages"] += 1
        counts = self._decoder.counts
        known = len(counts)
        try:
            events = self._decoder.decode(raw, self._clock.wall_ns())
        except MalformedMessage as error:
            self._strange.log_once("malformed", error.reason, error.head)
            if not error.market:
                # It may have concerned any book of this socket.
                raise
            lost = BooksVoid(market_ids=(MarketId(error.market),), reason=error.reason)
            events = [lost]
        if len(counts) > known:
            log_unknown(self._strange, counts, known, raw)
        for event in events:
            self._note(event)
            self._on_event(event)
        for news in self._decoder.take_news():
            self._on_news(news)
        if not events and raw == NO_BOOKS:
            self._take_nothing(now_ns)

    def _take_nothing(self, now_ns: int) -> None:
        for market_id in self._dumps.take_nothing(now_ns):
            self._on_event(BooksVoid(market_ids=(market_id,), reason="no book at the venue"))
            self._on_bookless(market_id)

    def _note(self, event: Event) -> None:
        """Keep track of whose dump is due."""
        if isinstance(event, BookSnapshot):
            self._dumps.take(event.market_id)
            self._wanted.pop(event.market_id, None)
        elif isinstance(event, GridChanged):
            # Void until a snapshot; one in the same frame takes this back.
            self._want(event.market_id)
        elif isinstance(event, BooksVoid):
            self.resync(event.market_ids)

    async def _send_changes(self, connection: ClientConnection) -> None:
        """Send subscriptions and their ends; a burst becomes one operation each."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            dropped, self._dropped = self._dropped, []
            wanted = [self._markets[market_id] for market_id in self._wanted]
            self._wanted.clear()
            self._counts["resyncs"] += len(wanted)
            # What was never subscribed must not be unsubscribed: it could be refused.
            left = [*dropped, *(market for market in wanted if market.id in self._subscribed)]
            self._subscribed.update((market.id, None) for market in wanted)
            if left:
                await send(connection, _operation("unsubscribe", left))
            if wanted:
                self._dumps.ask((market.id for market in wanted), self._clock.monotonic_ns())
                await send(connection, _operation("subscribe", wanted))
            await self._clock.sleep(self._options.resync_gap_ms / 1_000)

    async def _check_dumps(self) -> None:
        """Ask again for dumps that did not come, and probe a socket that carries no data.

        A quiet market must not look like a mute socket: the probe's dump is its proof of life.
        Markets without a book are asked for now and then: they may get one.
        """
        dump_ns = self._options.dump_ms_max * _NS_PER_MS
        bookless_ns = self._options.bookless_retry_ms * _NS_PER_MS
        quiet_ns = self._options.data_silence_ms_max * _NS_PER_MS // 2
        while True:
            await self._clock.sleep(self._options.dump_ms_max / 4_000)
            now_ns = self._clock.monotonic_ns()
            late = self._dumps.late(now_ns, dump_ns)
            self._counts["late_dumps"] += len(late)
            self.resync(late)
            self.resync(self._dumps.stale_bookless(now_ns, bookless_ns))
            market_ids = self.market_ids
            if market_ids and now_ns - self._last_data_ns >= quiet_ns:
                self._probes += 1
                self.resync((market_ids[self._probes % len(market_ids)],))

    async def _watch_frames(self) -> None:
        await watch_silence(
            venue=VENUE,
            clock=self._clock,
            last_frame_ns=lambda: self._last_frame_ns,
            silence_ms_max=self._options.silence_ms_max,
        )

    async def _watch_data(self) -> None:
        # PONGs keep coming from sockets that have gone mute (py-clob-client#292).
        await watch_silence(
            venue=VENUE,
            clock=self._clock,
            last_frame_ns=lambda: self._last_data_ns,
            silence_ms_max=self._options.data_silence_ms_max,
        )

    def _on_lost(self, reason: str) -> None:
        self._subscribed.clear()
        self._dumps.lose()
        self._on_event(BooksVoid(market_ids=self.market_ids, reason=reason))

    def _want(self, market_id: MarketId) -> None:
        self._wanted[market_id] = None
        self._changed.set()


def _operation(name: str, markets: Iterable[Market]) -> str:
    fields: dict[str, object] = {"operation": name, "assets_ids": _tokens(markets)}
    if name == "subscribe":
        fields["custom_feature_enabled"] = True
    return _render(fields)


def _tokens(markets: Iterable[Market]) -> list[str]:
    return [token for market in markets for token in (market.yes_token, market.no_token)]


def _render(fields: dict[str, object]) -> str:
    return msgspec.json.encode(fields).decode()
