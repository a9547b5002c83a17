"""The user channel: fills of ours as the venue reports them.

It has neither replay nor snapshot: whatever happened while it was down is found by REST only, so
each new socket says so (`on_up`).
"""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from twoleg.core.events import Fill
from twoleg.core.market import Market
from twoleg.errors import MalformedMessage
from twoleg.venues.backoff import FrameCounts, run_replacing, watch_silence
from twoleg.venues.polymarket.auth import ApiCredentials
from twoleg.venues.polymarket.sockets import SocketSource, log_unknown, send
from twoleg.venues.polymarket.trades import fill_status, maker_fills, taker_fills
from twoleg.venues.polymarket.user_wire import TradeEvent, UserDecoder
from twoleg.venues.polymarket.wire import PONG, VENUE
from twoleg.venues.ports import FillSink


class UserSocket:
    """Streams our fills into a sink; `markets` maps condition ids, shared with the feed."""

    def __init__(
        self,
        *,
        source: SocketSource,
        credentials: ApiCredentials,
        markets: Mapping[str, Market],
        on_fill: FillSink,
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        self._source = source
        self._credentials = credentials
        self._markets = markets
        self._on_fill = on_fill
        self._on_up = on_up
        self._on_down = on_down
        self._decoder = UserDecoder()
        self._last_frame_ns = 0
        self._counts = dict.fromkeys(("messages", "connections", "unwatched", "unreadable"), 0)
        self._strange = FrameCounts(VENUE)

    @property
    def counts(self) -> dict[str, int]:
        """What was seen and done so far."""
        return {**self._counts, **self._decoder.counts, **self._strange.by_kind}

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
        async with self._source.open() as connection:
            self._counts["connections"] += 1
            self._last_frame_ns = self._source.clock.monotonic_ns()
            # All markets: a list would have to follow each change of the watched ones.
            subscription = {
                "type": "user",
                "auth": {
                    "apiKey": self._credentials.key,
                    "secret": self._credentials.secret,
                    "passphrase": self._credentials.passphrase,
                },
            }
            await send(connection, msgspec.json.encode(subscription).decode())
            self._on_up()
            async with asyncio.TaskGroup() as tasks:
                reading = self._source.read(connection, self._take, self._strange)
                tasks.create_task(reading, name="polymarket-user-read")
                tasks.create_task(self._source.ping(connection), name="polymarket-user-ping")
                tasks.create_task(self._watch_silence(), name="polymarket-user-silence")

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
        if trade.is_maker:
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
