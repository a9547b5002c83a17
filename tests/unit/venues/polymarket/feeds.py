"""A scripted websocket venue and a feed that runs against it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.unit.venues.polymarket.support import (
    CONDITION,
    CREDENTIALS,
    NO,
    YES,
    FakeEntropy,
    LoopNetwork,
    RealClock,
    market,
)
from twoleg.core.events import Event, Fill
from twoleg.core.market import Market, MarketId
from twoleg.venues.polymarket.feed import PolymarketFeed, PushSinks
from twoleg.venues.polymarket.frames import NewMarketFrame, Print
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.order_updates import OrderUpdate
from twoleg.venues.polymarket.resolution import Resolution
from twoleg.venues.transport import HttpExchange

FAST = PolymarketOptions(
    ping_interval_ms=20, backoff_ms_min=1, backoff_ms_max=2, resync_gap_ms=1, dump_ms_max=10_000
)


def dump(asset_id: str = YES, **changes: Any) -> dict[str, Any]:
    return {
        "event_type": "book",
        "market": CONDITION,
        "asset_id": asset_id,
        "timestamp": "1790908667676",
        "bids": [{"price": "0.5", "size": "1"}],
        "asks": [],
        "hash": "h",
    } | changes


class Venue:
    """A scripted websocket venue: keeps what it is told, dumps on subscription."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.pings = 0
        self.sockets: list[ServerConnection] = []
        self.dumps = True
        # Tokens that have a book, all of one market.
        self.books = {YES, NO}
        self.pongs = True
        self._changed = asyncio.Event()
        self.port = 0

    async def talk(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        with suppress(ConnectionClosed):
            async for text in socket:
                if text == "PING":
                    self.pings += 1
                    if self.pongs:
                        await socket.send("PONG")
                else:
                    self.told.append(json.loads(text))
                    if self.dumps and self.told[-1].get("operation") != "unsubscribe":
                        tokens = self.told[-1].get("assets_ids", [])
                        await socket.send(json.dumps([dump(t) for t in tokens if t in self.books]))
                self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def touch(self, *_: object) -> None:
        self._changed.set()


class Rig:
    def __init__(self, venue: Venue, feed: PolymarketFeed) -> None:
        self.venue = venue
        self.feed = feed
        self.events: list[Event] = []
        self.fills: list[Fill] = []
        self.ups = 0
        self.downs: list[str] = []
        self.orders: list[OrderUpdate] = []
        self.created: list[NewMarketFrame] = []
        self.ended: list[Resolution] = []
        self.prints: list[Print] = []
        self.bookless: list[MarketId] = []

    def count(self, kind: type[Any]) -> int:
        return sum(isinstance(event, kind) for event in self.events)


@asynccontextmanager
async def running(
    *,
    options: PolymarketOptions = FAST,
    with_user: bool = False,
    markets: tuple[Market, ...] = (market(),),
    http: HttpExchange | None = None,
    clob_url: str = "http://127.0.0.1",
) -> AsyncGenerator[Rig, None]:
    venue = Venue()
    async with serve(venue.talk, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        rig: Rig
        orders: list[OrderUpdate] = []
        created: list[NewMarketFrame] = []
        ended: list[Resolution] = []
        prints: list[Print] = []
        bookless: list[MarketId] = []

        def keeping(kept: list[Any]) -> Callable[[Any], None]:
            def keep(item: Any) -> None:
                kept.append(item)
                venue.touch()

            return keep

        def on_event(event: Event) -> None:
            rig.events.append(event)
            venue.touch()

        def on_fill(fill: Fill) -> None:
            rig.fills.append(fill)
            venue.touch()

        def on_up() -> None:
            rig.ups += 1
            venue.touch()

        def on_down(reason: str) -> None:
            rig.downs.append(reason)
            venue.touch()

        feed = PolymarketFeed(
            network=LoopNetwork(),
            clock=RealClock(),
            entropy=FakeEntropy(),
            markets=() if with_user else markets,
            on_event=on_event,
            on_fill=on_fill,
            on_up=on_up,
            on_down=on_down,
            pushes=PushSinks(
                on_order=keeping(orders),
                on_new_market=keeping(created),
                on_resolved=keeping(ended),
                on_trade=keeping(prints),
                on_tick_size=keeping(prints),
                on_best=keeping(prints),
                on_bookless=keeping(bookless),
            ),
            http=http,
            credentials=CREDENTIALS if with_user else None,
            urls=PolymarketUrls(
                clob=clob_url,
                market_ws=f"ws://127.0.0.1:{port}/ws/market",
                user_ws=f"ws://127.0.0.1:{port}/ws/user",
            ),
            options=options,
        )
        rig = Rig(venue, feed)
        rig.orders, rig.created, rig.ended, rig.bookless = orders, created, ended, bookless
        rig.prints = prints
        task = asyncio.create_task(feed.run())
        try:
            yield rig
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


TRADE = {
    "event_type": "trade",
    "id": "t1",
    "taker_order_id": "0xAA",
    "market": CONDITION,
    "asset_id": YES,
    "side": "BUY",
    "size": "10",
    "price": "0.5",
    "status": "MATCHED",
    "match_time": "1790000000",
    "trader_side": "TAKER",
}


def socket_of(rig: Rig, path: str) -> ServerConnection:
    return next(
        socket
        for socket in rig.venue.sockets
        if socket.request is not None and socket.request.path == path
    )
