"""The user channel: our fills, and where our orders stand, as the venue reports them.

It has neither replay nor snapshot: whatever happened while it was down is found by REST only, so
each new socket says so (`on_up`).
"""

import asyncio
from collections.abc import Callable, Mapping

import msgspec
from websockets.asyncio.client import ClientConnection

from twoleg.core.events import Fill
from twoleg.core.market import Market
from twoleg.errors import MalformedMessage
from twoleg.venues.backoff import FrameCounts, run_replacing, watch_silence
from twoleg.venues.polymarket.auth import ApiCredentials
from twoleg.venues.polymarket.order_updates import OrderSink, order_update, unreadable_update
from twoleg.venues.polymarket.sockets import SocketSource, log_unknown, send
from twoleg.venues.polymarket.trades import fill_status, maker_fills, taker_fills
from twoleg.venues.polymarket.user_wire import OrderEvent, TradeEvent, UserDecoder
from twoleg.venues.polymarket.wire import PONG, VENUE
from twoleg.venues.ports import FillSink


class UserSocket:
    """Streams our fills and orders into sinks.

    `markets` maps condition ids and is shared with the feed, which says when it changed.
    """

    def __init__(
        self,
        *,
        source: SocketSource,
        credentials: ApiCredentials,
        markets: Mapping[str, Market],
        on_fill: FillSink,
        on_order: OrderSink,
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        self._source = source
        self._credentials = credentials
        self._markets = markets
        self._on_fill = on_fill
        self._on_order = on_order
        self._on_up = on_up
        self._on_down = on_down
        self._decoder = UserDecoder()
        # With a filter: what the present socket listens to, and whether that is out of date.
        self._subscribed: dict[str, None] = {}
        self._changed = asyncio.Event()
        self._last_frame_ns = 0
        self._counts = dict.fromkeys(("messages", "connections", "unwatched", "unreadable"), 0)
        self._strange = FrameCounts(VENUE)

    @property
    def counts(self) -> dict[str, int]:
        """What was seen and done so far."""
        return {**self._counts, **self._decoder.counts, **self._strange.by_kind}

    def change_markets(self) -> None:
        """The followed markets are others now."""
        self._changed.set()

    async def run(self) -> None:
        """Stream until cancelled."""
        await run_replacing(
            venue=VENUE,
            clock=self._source.clock,
            backoff=self._source.backoff(),
            run_connection=self._run_connection,
            on_lost=self._on_down,
        )

    async def _run_connection(self) -> None:
        while self._is_filtered and not self._markets:
            # A subscription without markets means all of them.
            self._changed.clear()
            await self._changed.wait()
        async with self._source.open() as connection:
            self._counts["connections"] += 1
            self._last_frame_ns = self._source.clock.monotonic_ns()
            await send(connection, self._subscription())
            self._on_up()
            async with asyncio.TaskGroup() as tasks:
                reading = self._source.read(connection, self._take, self._strange)
                tasks.create_task(reading, name="polymarket-user-read")
                tasks.create_task(self._source.ping(connection), name="polymarket-user-ping")
                tasks.create_task(self._watch_silence(), name="polymarket-user-silence")
                if self._is_filtered:
                    changes = self._send_changes(connection)
                    tasks.create_task(changes, name="polymarket-user-send")

    @property
    def _is_filtered(self) -> bool:
        return self._source.options.user_filters_markets

    def _subscription(self) -> str:
        fields: dict[str, object] = {
            "type": "user",
            "auth": {
                "apiKey": self._credentials.key,
                "secret": self._credentials.secret,
                "passphrase": self._credentials.passphrase,
            },
        }
        if self._is_filtered:
            self._changed.clear()
            self._subscribed = dict.fromkeys(self._markets)
            fields["markets"] = list(self._subscribed)
        return msgspec.json.encode(fields).decode()

    async def _send_changes(self, connection: ClientConnection) -> None:
        """Keep the filter equal to the followed markets; a burst becomes one operation each."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            wanted = dict.fromkeys(self._markets)
            new = [native_id for native_id in wanted if native_id not in self._subscribed]
            left = [native_id for native_id in self._subscribed if native_id not in wanted]
            self._subscribed = wanted
            for operation, native_ids in (("subscribe", new), ("unsubscribe", left)):
                if native_ids:
                    fields = {"operation": operation, "markets": native_ids}
                    await send(connection, msgspec.json.encode(fields).decode())
            await self._source.clock.sleep(self._source.options.resync_gap_ms / 1_000)

    def _take(self, raw: bytes, now_ns: int) -> None:
        self._last_frame_ns = now_ns
        if raw == PONG:
            return
        self._counts["messages"] += 1
        known = len(self._decoder.counts)
        try:
            events = self._decoder.decode(raw)
        except MalformedMessage as error:
            self._log_once("malformed", error.reason, raw)
            # A fill may have been in it: the next socket's `on_up` has it found by REST.
            raise
        log_unknown(self._strange, self._decoder.counts, known, raw, hide=self._credentials.key)
        for event in events:
            if isinstance(event, TradeEvent):
                self._take_trade(event, raw)
            else:
                self._take_order(event, raw)

    def _take_order(self, event: OrderEvent, raw: bytes) -> None:
        market = self._markets.get(event.market)
        if market is None:
            self._counts["unwatched"] += 1
            return
        try:
            update = order_update(event, market)
        except ValueError as error:
            # Not worth the socket: it moves no money, and the sink looks the order up.
            self._counts["unreadable"] += 1
            self._log_once("malformed", f"user order: {error}", raw)
            update = unreadable_update(event, market)
        self._on_order(update)

    def _take_trade(self, trade: TradeEvent, raw: bytes) -> None:
        market = self._markets.get(trade.market)
        if market is None:
            self._counts["unwatched"] += 1
            return
        if fill_status(trade.status) is None:
            # Counted and logged already. Neither filled nor void: only REST and time can tell.
            return
        try:
            fills = self._fills(trade, market)
        except ValueError as error:
            self._counts["unreadable"] += 1
            malformed = MalformedMessage(VENUE, f"user trade: {error}", raw, market.id)
            self._log_once("malformed", malformed.reason, raw)
            raise malformed from error
        for fill in fills:
            self._on_fill(fill)

    def _fills(self, trade: TradeEvent, market: Market) -> tuple[Fill, ...]:
        if trade.is_made_by(self._credentials.key):
            return maker_fills(trade, market, self._credentials.key)
        return taker_fills(trade, market)

    def _log_once(self, kind: str, what: str, raw: bytes) -> None:
        self._strange.log_once(kind, what, raw, hide=self._credentials.key)

    async def _watch_silence(self) -> None:
        await watch_silence(
            venue=VENUE,
            clock=self._source.clock,
            last_frame_ns=lambda: self._last_frame_ns,
            silence_ms_max=self._source.options.silence_ms_max,
        )
