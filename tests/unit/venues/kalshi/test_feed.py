import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from tests.unit.venues.kalshi.support import (
    SIGNER,
    TICKER,
    FakeEntropy,
    LoopNetwork,
    RealClock,
    market,
)
from tests.unit.venues.kalshi.test_wire import (
    DELTA,
    EVENT_FEES,
    FILL,
    LIFECYCLE,
    ORDER,
    POSITION,
    SNAPSHOT,
    TICK,
    TRADE,
    frame,
)
from twoleg.core.events import (
    BookSnapshot,
    BooksVoid,
    Event,
    Fill,
    GridChanged,
    LevelDelta,
    SequenceSeen,
    Subscribed,
)
from twoleg.core.market import MarketId, Venue
from twoleg.venues.kalshi.feed import KalshiFeed
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.pushes import (
    EventFeesSeen,
    FillSeen,
    LifecycleSeen,
    OrderSeen,
    PositionSeen,
    TickerSeen,
    TradeSeen,
)
from twoleg.venues.kalshi.sinks import PushSinks
from twoleg.venues.transport import HttpExchange, make_session

ID = market().id
Talk = Callable[[ServerConnection], Awaitable[None]]
FAST = KalshiOptions(backoff_ms_min=1, backoff_ms_max=2, resync_gap_ms=1)


class VenueTime(RealClock):
    """Wall time at the stamps of the scripted frames, so that none seems late."""

    def __init__(self) -> None:
        self._offset_ns = 1_790_000_000_000_000_000 - super().wall_ns()

    def wall_ns(self) -> int:
        return super().wall_ns() + self._offset_ns


class Log:
    """What a feed said, with a way to wait for it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.fills: list[Fill] = []
        self.downs: list[str] = []
        self.ups = 0
        self.terms: list[tuple[MarketId, str]] = []
        self._changed = asyncio.Event()

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def on_fill(self, fill: Fill) -> None:
        self.fills.append(fill)
        self._changed.set()

    def on_up(self) -> None:
        self.ups += 1
        self._changed.set()

    def on_down(self, reason: str) -> None:
        self.downs.append(reason)
        self._changed.set()

    def on_terms(self, market_id: MarketId, what: str) -> None:
        self.terms.append((market_id, what))
        self._changed.set()

    async def until(self, holds: Callable[["Log"], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds(self):
                self._changed.clear()
                await self._changed.wait()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


async def read_commands(socket: ServerConnection, count: int = 3) -> list[dict[str, Any]]:
    return [json.loads(await socket.recv()) for _ in range(count)]


async def acknowledge(socket: ServerConnection, sid: int = 1) -> list[dict[str, Any]]:
    commands = await read_commands(socket)
    msg = {"channel": "orderbook_delta", "sid": sid}
    await socket.send(json.dumps({"id": 1, "type": "subscribed", "msg": msg}))
    return commands


@asynccontextmanager
async def running(
    talk: Talk,
    *,
    options: KalshiOptions = FAST,
    markets: tuple[str, ...] = (TICKER,),
    process_request: Callable[[ServerConnection, Request], Response | None] | None = None,
    clock: RealClock | None = None,
    pushes: PushSinks | None = None,
    spare: str = "",
) -> AsyncGenerator[tuple[KalshiFeed, Log]]:
    async with (
        serve(talk, "127.0.0.1", 0, process_request=process_request) as server,
        make_session(LoopNetwork()) as session,
    ):
        origin = f"ws://127.0.0.1:{port_of(server)}"
        url = origin + "/trade-api/ws/v2"
        clock, log = clock or VenueTime(), Log()
        http = KalshiHttp(
            exchange=HttpExchange(session, venue="kalshi"),
            base_url="http://127.0.0.1:9/trade-api/v2",
            clock=clock,
            signer=SIGNER,
        )
        feed = KalshiFeed(
            network=LoopNetwork(),
            url=url,
            # A front door to be tried before the good one.
            urls=(origin + spare, url) if spare else (),
            http=http,
            markets=[market(ticker) for ticker in markets],
            clock=clock,
            entropy=FakeEntropy(),
            on_event=log.on_event,
            on_fill=log.on_fill,
            on_up=log.on_up,
            on_down=log.on_down,
            on_terms=log.on_terms,
            pushes=pushes,
            options=options,
        )
        task = asyncio.create_task(feed.run())
        try:
            yield feed, log
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def port_of(server: Server) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


async def test_feed_subscribes_signed_and_streams_books_and_fills() -> None:
    seen: list[Any] = []

    async def talk(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.append(socket.request.headers["KALSHI-ACCESS-SIGNATURE"])
        seen.extend(await acknowledge(socket))
        await socket.send(frame(SNAPSHOT).decode() + "\n")
        await socket.send(frame(DELTA).decode())
        await socket.send('{"type":"ok","id":9,"sid":1,"seq":3}')
        await socket.send('{"type":"ok","id":9,"sid":7,"seq":1}')
        await socket.send(frame(FILL).decode())
        await socket.wait_closed()

    async with running(talk) as (feed, log):
        await log.until(lambda log: bool(log.fills))
        assert feed.is_up
    assert [type(event) for event in log.events[:4]] == [
        Subscribed,
        BookSnapshot,
        LevelDelta,
        SequenceSeen,
    ]
    assert log.events[0] == Subscribed(Venue.KALSHI, 1, (ID,))
    # The other channel's number is not the books' business.
    assert log.events[3:4] == log.of(SequenceSeen)
    assert (log.ups, log.fills[0].fill_id) == (1, "b1")
    assert seen[1]["params"] == {
        "channels": ["orderbook_delta"],
        "market_tickers": [TICKER],
        "use_yes_price": True,
    }
    assert [command["params"]["channels"] for command in seen[2:]] == [
        ["fill"],
        ["market_lifecycle_v2"],
    ]
    assert [command["id"] for command in seen[1:]] == [1, 2, 3]


async def test_broken_socket_voids_the_books_and_is_replaced() -> None:
    connections = 0

    async def talk(socket: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        await acknowledge(socket, sid=connections)
        await socket.send(frame(SNAPSHOT).decode())
        if connections == 1:
            socket.transport.abort()
        await socket.wait_closed()

    async with running(talk) as (_, log):
        await log.until(lambda log: log.ups == 2 and len(log.of(BookSnapshot)) == 2)
    kinds = [type(event) for event in log.events]
    assert kinds == [Subscribed, BookSnapshot, BooksVoid, Subscribed, BookSnapshot]
    assert log.of(BooksVoid)[0].market_ids == (ID,)
    assert len(log.downs) == 1


@pytest.mark.parametrize(
    "bad",
    [
        frame(DELTA, price_dollars="0.42001"),
        b"not json",
        b'{"type":"error","msg":{"code":9,"msg":"authentication required"}}',
        b'{"type":"error","sid":77,"seq":2,"msg":{"code":25,"msg":"buffer overflow"}}',
        b'{"type":"error","msg":{"code":10,"msg":"channel error"}}',
        b'{"id":1,"type":"error","msg":{"code":26,"msg":"too many markets"}}',
        b" " * (KalshiOptions().frame_bytes_max // 2**10 + 1),
        b" " * (KalshiOptions().frame_bytes_max // 2**9 + 1),
    ],
)
async def test_frame_that_could_matter_voids_and_replaces(bad: bytes) -> None:
    connections = 0

    async def talk(socket: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        await acknowledge(socket)
        if connections == 1:
            await socket.send(bad)
        await socket.wait_closed()

    small = KalshiOptions(
        backoff_ms_min=1, backoff_ms_max=2, frame_bytes_max=KalshiOptions().frame_bytes_max // 2**10
    )
    async with running(talk, options=small) as (feed, log):
        await log.until(lambda log: log.ups == 2)
    assert len(log.of(BooksVoid)) == 1
    assert feed.counts.by_kind.total() == 1


async def test_fills_of_our_other_subaccounts_are_not_booked() -> None:
    numbers = {"other": 0, "ours": 7, "untold": None}

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        for trade_id, subaccount in numbers.items():
            changed = {"trade_id": trade_id, "subaccount": subaccount}
            await socket.send(frame({**FILL, "msg": {**FILL["msg"], **changed}}).decode())
        await socket.wait_closed()

    seen: list[FillSeen] = []
    options = msgspec.structs.replace(FAST, subaccount=7)
    sinks = PushSinks(on_fill_seen=seen.append)
    async with running(talk, pushes=sinks, options=options) as (_, log):
        await log.until(lambda log: len(log.fills) == 2)
    assert [fill.fill_id for fill in log.fills] == ["ours", "untold"]
    assert [push.subaccount for push in seen] == [0, 7, None]


async def test_harmless_frames_are_counted_and_change_nothing() -> None:
    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await socket.send('{"type":"novelty","msg":{}}')
        await socket.send('{"id":3,"type":"error","msg":{"code":8,"msg":"Unknown channel name"}}')
        await socket.send('{"type":"user_order","msg":[]}')
        await socket.send(frame(FILL).decode())
        await socket.wait_closed()

    async with running(talk) as (feed, log):
        await log.until(lambda log: bool(log.fills))
    assert dict(feed.counts.by_kind) == {"unknown": 2, "error": 1}
    assert log.downs == []


async def test_resync_asks_for_the_snapshots_in_one_command() -> None:
    commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket, sid=5)
        async for raw in socket:
            commands.put_nowait(json.loads(raw))

    async with running(talk, markets=(TICKER, "KXB-2")) as (feed, log):
        feed.resync([ID])
        await log.until(lambda log: log.ups == 1)
        feed.resync([ID])
        feed.resync([MarketId("kalshi:KXB-2"), MarketId("kalshi:KXOTHER")])
        command = await asyncio.wait_for(commands.get(), 5)
    assert command["cmd"] == "update_subscription"
    assert command["params"] == {
        "sids": [5],
        "action": "get_snapshot",
        "market_tickers": [TICKER, "KXB-2"],
    }


async def test_changed_grid_is_told_and_the_book_asked_for_again() -> None:
    commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    ranges = [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        for what in ("deactivated", "price_level_structure_updated"):
            msg = {"event_type": what, "market_ticker": TICKER}
            if what == "price_level_structure_updated":
                msg["price_ranges"] = ranges  # type: ignore[assignment]
            await socket.send(
                json.dumps({"type": "market_lifecycle_v2", "sid": 3, "seq": 1, "msg": msg})
            )
        commands.put_nowait(json.loads(await socket.recv()))
        await socket.wait_closed()

    async with running(talk) as (_, log):
        command = await asyncio.wait_for(commands.get(), 5)
    assert command["params"]["action"] == "get_snapshot"
    assert log.terms == [(ID, "deactivated")]
    assert log.of(GridChanged)[0].grid.bands[0].step_e4 == 10


async def test_silent_socket_is_probed_and_then_replaced() -> None:
    probes: list[dict[str, Any]] = []

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        async for raw in socket:
            # One by one: the loop ends by the lost connection.
            probes.append(json.loads(raw))  # noqa: PERF401

    options = KalshiOptions(
        silence_ms_max=200, snapshot_ms_max=60_000, backoff_ms_min=1, backoff_ms_max=2
    )
    async with running(talk, options=options) as (_, log):
        await log.until(lambda log: bool(log.downs))
    assert "no frame for" in log.downs[0]
    assert len(log.of(BooksVoid)) == 1
    assert probes[0]["params"]["action"] == "get_snapshot"


async def test_quiet_market_that_answers_probes_is_kept() -> None:
    answered = asyncio.Event()

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        count = 0
        async for _ in socket:
            count += 1
            await socket.send(frame(SNAPSHOT).decode())
            if count == 6:
                answered.set()

    options = KalshiOptions(silence_ms_max=120, resync_gap_ms=1)
    async with running(talk, options=options) as (_, log):
        await asyncio.wait_for(answered.wait(), 5)
    assert log.downs == []


async def test_snapshot_that_does_not_come_replaces_the_socket() -> None:
    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        async for _ in socket:
            # Alive, but not with what was asked for.
            await socket.send('{"type":"ok","id":4}')

    options = KalshiOptions(
        silence_ms_max=120, snapshot_ms_max=40, backoff_ms_min=1, backoff_ms_max=2, resync_gap_ms=1
    )
    async with running(talk, options=options) as (_, log):
        await log.until(lambda log: bool(log.downs))
    assert "did not come" in log.downs[0]


async def test_changed_markets_are_added_and_taken_off_without_a_pause_for_the_others() -> None:
    commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    other = MarketId("kalshi:KXB-2")

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        async for raw in socket:
            commands.put_nowait(json.loads(raw))

    async with running(talk) as (feed, log):
        await log.until(lambda log: log.ups == 1)
        feed.set_markets([market()])
        feed.set_markets([market(), market("KXB-2")])
        added = await asyncio.wait_for(commands.get(), 5)
        feed.set_markets([market("KXB-2")])
        taken = await asyncio.wait_for(commands.get(), 5)
    params = {"sids": [1], "action": "add_markets", "market_tickers": ["KXB-2"]}
    assert (added["cmd"], added["params"]) == ("update_subscription", params)
    params = {"sids": [1], "action": "delete_markets", "market_tickers": [TICKER]}
    assert taken["params"] == params
    assert log.events == [
        Subscribed(Venue.KALSHI, 1, (ID,)),
        Subscribed(Venue.KALSHI, 1, (ID, other), is_new=False),
        BooksVoid((ID,), "unfollowed"),
        Subscribed(Venue.KALSHI, 1, (other,), is_new=False),
    ]
    assert log.downs == []


@pytest.mark.parametrize("code", [7, 10, 25])
async def test_subscription_that_ended_is_made_again_on_the_same_socket(code: int) -> None:
    commands: list[dict[str, Any]] = []
    subscription = {"channel": "orderbook_delta", "sid": 8}

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        error = {"type": "error", "sid": 1, "seq": 1, "msg": {"code": code, "msg": "gone"}}
        await socket.send(json.dumps(error))
        commands.extend(await read_commands(socket, 1))
        # Frames of the old one were under way.
        await socket.send(frame(DELTA).decode())
        answer = {"id": commands[0]["id"], "type": "subscribed", "msg": subscription}
        await socket.send(json.dumps(answer))
        await socket.wait_closed()

    async with running(talk) as (feed, log):
        await log.until(lambda log: log.ups == 2)
        assert feed.is_up
    assert commands[0]["cmd"] == "subscribe"
    assert commands[0]["params"]["market_tickers"] == [TICKER]
    assert log.events == [
        Subscribed(Venue.KALSHI, 1, (ID,)),
        SequenceSeen(Venue.KALSHI, 1, 1),
        BooksVoid((ID,), "resubscribed"),
        Subscribed(Venue.KALSHI, 8, (ID,)),
    ]
    assert log.downs == []


async def test_frames_that_arrive_late_replace_the_socket() -> None:
    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await socket.send(frame(SNAPSHOT).decode())
        async for _ in socket:
            await socket.send(frame(SNAPSHOT).decode())

    options = KalshiOptions(silence_ms_max=80, backoff_ms_min=1, backoff_ms_max=2)
    async with running(talk, options=options, clock=RealClock()) as (_, log):
        await log.until(lambda log: bool(log.downs))
    assert "ms late" in log.downs[0]


async def test_pushes_are_subscribed_for_whoever_wants_them() -> None:
    commands: list[dict[str, Any]] = []
    got: list[Any] = []
    done = asyncio.Event()

    def on_ticker(ticker: TickerSeen) -> None:
        got.append(ticker)
        done.set()

    async def talk(socket: ServerConnection) -> None:
        commands.extend(await read_commands(socket, 7))
        for push in (ORDER, POSITION, TRADE, LIFECYCLE, EVENT_FEES, FILL, TICK):
            await socket.send(json.dumps(push))
        await socket.wait_closed()

    sinks = PushSinks(
        on_order=got.append,
        on_position=got.append,
        on_trade=got.append,
        on_ticker=on_ticker,
        on_fill_seen=got.append,
        on_lifecycle=got.append,
    )
    async with running(talk, pushes=sinks) as (feed, log):
        await asyncio.wait_for(done.wait(), 5)
        assert feed.lag_ms != 0
    assert [type(push) for push in got] == [
        OrderSeen,
        PositionSeen,
        TradeSeen,
        LifecycleSeen,
        EventFeesSeen,
        FillSeen,
        TickerSeen,
    ]
    assert [fill.fill_id for fill in log.fills] == ["b1"]
    assert [command["params"]["channels"][0] for command in commands] == [
        "orderbook_delta",
        "fill",
        "market_lifecycle_v2",
        "user_orders",
        "market_positions",
        "trade",
        "ticker",
    ]
    filters = [command["params"].get("market_tickers") for command in commands]
    assert filters == [[TICKER], None, None, None, None, [TICKER], [TICKER]]


async def test_gap_among_market_lives_puts_all_terms_in_doubt() -> None:
    subscription = {"channel": "market_lifecycle_v2", "sid": 3}

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        answer = {"id": 3, "type": "subscribed", "msg": subscription}
        await socket.send(json.dumps(answer))
        await socket.send(json.dumps(LIFECYCLE | {"sid": 3, "seq": 1}))
        await socket.send(json.dumps(LIFECYCLE | {"sid": 3, "seq": 3}))
        await socket.wait_closed()

    async with running(talk) as (_, log):
        await log.until(lambda log: len(log.terms) == 3)
    assert log.terms == [(ID, "determined"), (ID, "lifecycle_gap"), (ID, "determined")]


async def test_fill_channel_that_ended_is_made_again_and_fills_are_read() -> None:
    commands: list[dict[str, Any]] = []

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        answer: dict[str, Any] = {"type": "subscribed", "msg": {"channel": "fill", "sid": 4}}
        await socket.send(json.dumps(answer | {"id": 2}))
        await socket.send('{"type":"error","sid":4,"msg":{"code":10,"msg":"channel error"}}')
        commands.extend(await read_commands(socket, 1))
        await socket.send(json.dumps(answer | {"id": commands[0]["id"]}))
        await socket.wait_closed()

    async with running(talk) as (_, log):
        await log.until(lambda log: log.ups == 2)
    assert commands[0]["params"] == {"channels": ["fill"]}
    assert log.of(BooksVoid) == []


async def test_lifecycle_channel_that_ended_is_made_again_and_terms_are_in_doubt() -> None:
    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        lives = {"channel": "market_lifecycle_v2", "sid": 4}
        answer: dict[str, Any] = {"type": "subscribed", "msg": lives}
        await socket.send(json.dumps(answer | {"id": 3}))
        await socket.send('{"type":"error","sid":4,"msg":{"code":10,"msg":"channel error"}}')
        (command,) = await read_commands(socket, 1)
        await socket.send(json.dumps(answer | {"id": command["id"]}))
        await socket.wait_closed()

    async with running(talk) as (_, log):
        await log.until(lambda log: bool(log.terms))
    assert log.terms == [(ID, "lifecycle_gap")]


async def test_market_that_cannot_be_subscribed_is_told() -> None:
    async def talk(socket: ServerConnection) -> None:
        await read_commands(socket)
        error = {"code": 11, "msg": "Invalid parameter", "market_tickers": ["KXB-2"]}
        await socket.send(json.dumps({"id": 1, "type": "error", "msg": error}))
        (command,) = await read_commands(socket, 1)
        books = {"channel": "orderbook_delta", "sid": 1}
        answer = {"id": command["id"], "type": "subscribed", "msg": books}
        await socket.send(json.dumps(answer))
        await socket.wait_closed()

    async with running(talk, markets=(TICKER, "KXB-2")) as (_, log):
        await log.until(lambda log: log.ups == 1)
    other = MarketId("kalshi:KXB-2")
    assert log.terms == [(other, "not_subscribable")]
    assert log.events == [
        BooksVoid((other,), "not_subscribable"),
        Subscribed(Venue.KALSHI, 1, (ID,)),
    ]


async def test_event_fees_touch_the_markets_of_the_event() -> None:
    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await read_commands(socket, 1)
        await socket.send(json.dumps(EVENT_FEES))
        await socket.wait_closed()

    async with running(talk) as (feed, log):
        await log.until(lambda log: log.ups == 1)
        feed.follow([msgspec.structs.replace(market("KXE-1"), event="KXE")])
        await log.until(lambda log: bool(log.terms))
    assert log.terms == [(MarketId("kalshi:KXE-1"), "event_fee_update")]


async def test_refused_handshake_backs_off_signs_anew_and_voids_nothing() -> None:
    stamps: list[str] = []

    def refuse(socket: ServerConnection, request: Request) -> Response | None:
        stamps.append(request.headers["KALSHI-ACCESS-TIMESTAMP"])
        return socket.respond(401, "header_timestamp_expired") if len(stamps) < 3 else None

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await socket.wait_closed()

    options = KalshiOptions(backoff_ms_min=4, backoff_ms_max=8)
    async with running(talk, options=options, process_request=refuse) as (_, log):
        await log.until(lambda log: log.ups == 1)
    assert len(log.downs) == 2
    assert log.of(BooksVoid) == []
    assert len(set(stamps)) == 3


async def test_burst_does_not_starve_other_tasks() -> None:
    total = 2_000

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        raw = frame(DELTA).decode()
        for _ in range(total):
            await socket.send(raw)
        await socket.wait_closed()

    async with running(talk) as (_, log):
        await log.until(lambda log: log.ups == 1)
        longest, last = 0, 0
        while len(log.events) <= total:
            await asyncio.sleep(0)
            longest, last = max(longest, len(log.events) - last), len(log.events)
    assert longest <= 2 * KalshiOptions().frames_per_yield


async def test_two_lines_carry_the_books_and_one_alone_keeps_them() -> None:
    sockets: asyncio.Queue[ServerConnection] = asyncio.Queue()
    release = asyncio.Event()

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await socket.send(frame(SNAPSHOT).decode())
        await socket.send(frame(DELTA, clock=4_182_061).decode())
        await socket.send(frame(FILL).decode())
        sockets.put_nowait(socket)
        await release.wait()

    options = msgspec.structs.replace(FAST, connections=2)
    async with running(talk, options=options) as (feed, log):
        first, second = [await asyncio.wait_for(sockets.get(), 5) for _ in range(2)]
        await log.until(lambda log: log.ups == 2 and len(log.fills) == 1)
        first.transport.abort()
        await log.until(lambda log: bool(log.downs))
        assert feed.is_up
        assert log.of(BooksVoid) == []
        second.transport.abort()
        await log.until(lambda log: log.ups == 4 or bool(log.of(BooksVoid)))
        release.set()
    assert len(log.of(LevelDelta)) == 1
    assert [(event.sid, event.seq) for event in log.of(LevelDelta)] == [(0, 0)]
    assert log.of(SequenceSeen) == log.of(Subscribed) == []
    assert [fill.fill_id for fill in log.fills] == ["b1"]


async def test_two_lines_are_both_asked_for_a_book_that_is_in_doubt() -> None:
    commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await socket.send(frame(SNAPSHOT).decode())
        async for raw in socket:
            commands.put_nowait(json.loads(raw))

    options = msgspec.structs.replace(FAST, connections=2)
    async with running(talk, options=options) as (feed, log):
        await log.until(lambda log: log.ups == 2 and bool(log.of(BookSnapshot)))
        feed.resync([ID])
        asked = [await asyncio.wait_for(commands.get(), 5) for _ in range(2)]
    assert [command["params"]["action"] for command in asked] == ["get_snapshot"] * 2
    assert log.of(BooksVoid) == [BooksVoid((ID,), "resync")]


async def test_handshake_that_fails_goes_to_the_other_front_door() -> None:
    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await socket.wait_closed()

    def refuse(socket: ServerConnection, request: Request) -> Response | None:
        return socket.respond(503, "down") if request.path == "/closed" else None

    async with running(talk, process_request=refuse, spare="/closed") as (_, log):
        await log.until(lambda log: log.ups == 1)
    assert len(log.downs) == 1
