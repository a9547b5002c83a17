import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from structlog.testing import capture_logs
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.unit.venues.polymarket.support import (
    CONDITION,
    CREDENTIALS,
    MARKET_ID,
    NO,
    YES,
    FakeEntropy,
    LoopNetwork,
    RealClock,
    market,
)
from twoleg.core.events import BookSnapshot, BooksVoid, Event, Fill, FillStatus, GridChanged
from twoleg.core.market import Market, MarketId
from twoleg.venues.polymarket.feed import PolymarketFeed
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls

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
                        await socket.send(json.dumps([dump(t) for t in tokens if t in {YES, NO}]))
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

    def count(self, kind: type[Any]) -> int:
        return sum(isinstance(event, kind) for event in self.events)


@asynccontextmanager
async def running(
    *,
    options: PolymarketOptions = FAST,
    with_user: bool = False,
    markets: tuple[Market, ...] = (market(),),
) -> AsyncIterator[Rig]:
    venue = Venue()
    async with serve(venue.talk, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        rig: Rig

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
            credentials=CREDENTIALS if with_user else None,
            urls=PolymarketUrls(
                market_ws=f"ws://127.0.0.1:{port}/ws/market",
                user_ws=f"ws://127.0.0.1:{port}/ws/user",
            ),
            options=options,
        )
        rig = Rig(venue, feed)
        task = asyncio.create_task(feed.run())
        try:
            yield rig
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_feed_subscribes_at_once_and_dumps_become_snapshots() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1 and rig.venue.pings > 0)
        assert rig.venue.told == [
            {
                "type": "market",
                "assets_ids": [YES, NO],
                "custom_feature_enabled": True,
                "initial_dump": True,
                "level": 2,
            }
        ]
        agent = rig.venue.sockets[0].request
        assert agent is not None
        assert agent.headers["User-Agent"].startswith("twoleg")


async def test_feed_resync_unsubscribes_and_subscribes_both_tokens() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        rig.feed.resync([MARKET_ID, MarketId("polymarket:0xother")])
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.venue.told[1:] == [
            {"operation": "unsubscribe", "assets_ids": [YES, NO]},
            {"operation": "subscribe", "assets_ids": [YES, NO], "custom_feature_enabled": True},
        ]
        assert len(rig.venue.sockets) == 1


async def test_feed_lost_socket_voids_the_books_and_is_replaced() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        await rig.venue.sockets[0].close()
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        kinds = [type(event) for event in rig.events]
        assert kinds == [BookSnapshot, BooksVoid, BookSnapshot]
        assert rig.feed.counts["connections"] == 2


async def test_feed_undecodable_frame_voids_all_books_and_replaces_the_socket() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        await rig.venue.sockets[0].send("INVALID OPERATION")
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.count(BooksVoid) == 1
        assert len(rig.venue.sockets) == 2


async def test_feed_malformed_frame_of_one_market_voids_and_resyncs_it_alone() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        await rig.venue.sockets[0].send(json.dumps(dump(bids=[{"price": "9", "size": "1"}])))
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        (void,) = [event for event in rig.events if isinstance(event, BooksVoid)]
        assert void.market_ids == (MARKET_ID,)
        assert len(rig.venue.sockets) == 1


async def test_feed_unknown_kind_of_frame_is_logged_once_and_changes_nothing() -> None:
    with capture_logs() as lines:
        async with running() as rig:
            await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
            for _ in range(2):
                await rig.venue.sockets[0].send('{"event_type":"comet","tail":1}')
            await rig.venue.until(lambda: rig.feed.counts.get("unknown:comet") == 2)
            assert (rig.count(BooksVoid), len(rig.venue.sockets)) == (0, 1)
    (line,) = [line for line in lines if line["event"] == "frame_not_understood"]
    assert (line["kind"], line["what"]) == ("unknown", "unknown:comet")
    assert line["head"] == '{"event_type":"comet","tail":1}'


async def test_feed_message_that_is_too_big_is_counted_and_voids_the_books() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        await rig.venue.sockets[0].send("x" * (16 * 1024 * 1024 + 1))
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.count(BooksVoid) == 1
        assert rig.feed.counts["oversized"] == 1


async def test_feed_grid_change_asks_for_a_snapshot() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        frame = {
            "event_type": "tick_size_change",
            "market": CONDITION,
            "asset_id": YES,
            "new_tick_size": "0.001",
        }
        await rig.venue.sockets[0].send(json.dumps(frame))
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.count(GridChanged) == 1


async def test_feed_silent_socket_is_replaced() -> None:
    async with running(options=FAST_SILENCE) as rig:
        rig.venue.pongs = False
        await rig.venue.until(lambda: rig.count(BookSnapshot) >= 2)
        void = next(event for event in rig.events if isinstance(event, BooksVoid))
        assert "no frame" in void.reason


FAST_SILENCE = PolymarketOptions(
    ping_interval_ms=5, silence_ms_max=40, backoff_ms_min=1, backoff_ms_max=2, resync_gap_ms=1
)


async def test_feed_mute_socket_is_probed_then_replaced() -> None:
    options = PolymarketOptions(
        ping_interval_ms=5,
        data_silence_ms_max=80,
        dump_ms_max=40,
        backoff_ms_min=1,
        backoff_ms_max=2,
        resync_gap_ms=1,
    )
    async with running(options=options) as rig:
        await rig.venue.until(lambda: len(rig.venue.told) >= 3)
        assert len(rig.venue.sockets) == 1
        rig.venue.dumps = False
        await rig.venue.until(lambda: len(rig.venue.sockets) >= 2)
        assert rig.count(BooksVoid) >= 1


async def test_feed_dump_that_does_not_come_is_asked_for_again() -> None:
    options = PolymarketOptions(dump_ms_max=20, backoff_ms_min=1, resync_gap_ms=1)
    async with running(options=options) as rig:
        rig.venue.dumps = False
        await rig.venue.until(lambda: len(rig.venue.told) >= 3)
        rig.venue.dumps = True
        await rig.venue.until(lambda: rig.count(BookSnapshot) >= 1)
        assert rig.feed.counts["late_dumps"] >= 1


async def test_feed_set_markets_follows_and_leaves_without_a_new_socket() -> None:
    other = market(id="polymarket:0x2", native_id="0x2", yes_token="21", no_token="22")
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        rig.feed.set_markets([other])
        await rig.venue.until(lambda: len(rig.venue.told) == 3)
        assert rig.venue.told[1:] == [
            {"operation": "unsubscribe", "assets_ids": [YES, NO]},
            {"operation": "subscribe", "assets_ids": ["21", "22"], "custom_feature_enabled": True},
        ]
        # A book that was left says nothing; a followed one after it does.
        await rig.venue.sockets[0].send(json.dumps(dump()))
        followed = dump(market="0x2", asset_id="21")
        await rig.venue.sockets[0].send(json.dumps(followed))
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.feed.counts["unwatched"] == 1


async def test_feed_markets_are_spread_over_sockets() -> None:
    many = tuple(
        market(id=f"polymarket:0x{n}", native_id=f"0x{n}", yes_token=f"{n}1", no_token=f"{n}2")
        for n in range(1, 6)
    )
    options = PolymarketOptions(tokens_per_socket_max=4)
    async with running(options=options, markets=many) as rig:
        await rig.venue.until(lambda: len(rig.venue.told) == 3)
        assert sorted(len(told["assets_ids"]) for told in rig.venue.told) == [2, 4, 4]
        extra = market(id="polymarket:0x9", native_id="0x9", yes_token="91", no_token="92")
        more = market(id="polymarket:0x8", native_id="0x8", yes_token="81", no_token="82")
        rig.feed.set_markets([*many, extra, more])
        await rig.venue.until(lambda: len(rig.venue.told) == 5)
        assert len(rig.venue.sockets) == 4


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


async def test_user_socket_authenticates_and_tells_fills_of_every_status() -> None:
    async with running(with_user=True) as rig:
        rig.feed.set_markets([market()])
        await rig.venue.until(lambda: rig.ups == 1 and len(rig.venue.told) == 2)
        subscription = next(told for told in rig.venue.told if told["type"] == "user")
        assert subscription["auth"] == {
            "apiKey": CREDENTIALS.key,
            "secret": CREDENTIALS.secret,
            "passphrase": CREDENTIALS.passphrase,
        }
        user = socket_of(rig, "/ws/user")
        for status in ("MATCHED", "MELTED", "CONFIRMED", "FAILED"):
            await user.send(json.dumps(TRADE | {"status": status}))
        await rig.venue.until(lambda: len(rig.fills) == 3)
        assert [fill.status for fill in rig.fills] == [
            FillStatus.PROVISIONAL,
            FillStatus.FINAL,
            FillStatus.VOID,
        ]
        assert {(fill.fill_id, fill.order_key) for fill in rig.fills} == {("t1", "0xaa")}
        assert rig.feed.counts["user:unknown_trade_status:MELTED"] == 1


async def test_user_socket_unreadable_trade_replaces_it_and_asks_for_reconciliation() -> None:
    async with running(with_user=True) as rig:
        rig.feed.set_markets([market()])
        await rig.venue.until(lambda: rig.ups == 1)
        await socket_of(rig, "/ws/user").send(json.dumps(TRADE | {"size": "ten"}))
        await rig.venue.until(lambda: rig.ups == 2)
        assert len(rig.downs) == 1
        assert rig.fills == []


async def test_user_socket_trade_of_another_market_is_counted() -> None:
    async with running(with_user=True) as rig:
        rig.feed.set_markets([market()])
        await rig.venue.until(lambda: rig.ups == 1)
        user = socket_of(rig, "/ws/user")
        await user.send(json.dumps(TRADE | {"market": "0xother"}))
        await user.send(json.dumps(TRADE))
        await rig.venue.until(lambda: len(rig.fills) == 1)
        assert rig.feed.counts["user:unwatched"] == 1


def socket_of(rig: Rig, path: str) -> ServerConnection:
    return next(
        socket
        for socket in rig.venue.sockets
        if socket.request is not None and socket.request.path == path
    )
