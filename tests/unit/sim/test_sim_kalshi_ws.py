import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.unit.sim.kalshi_client import ORDERS, Harness, Socket, running
from twoleg.sim import sockets

GTC = "good_till_canceled"


async def book_socket(kalshi: Harness, socket: Socket, **params: Any) -> tuple[dict, dict]:
    params = {"market_tickers": [kalshi.ticker], "use_yes_price": True, **params}
    [ack] = await socket.subscribe("orderbook_delta", **params)
    return ack, await socket.read()


async def test_subscribe_acknowledges_then_sends_a_snapshot_per_market() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await kalshi.rest("bid", 4100, 10)
        await kalshi.rest("bid", 4200, 13)
        await kalshi.rest("ask", 4400, 17)
        [ack] = await socket.subscribe(
            "orderbook_delta",
            market_tickers=[kalshi.ticker, kalshi.crypto],
            use_yes_price=False,
        )
        assert ack["id"] == 1
        assert ack["type"] == "subscribed"
        assert ack["msg"] == {"channel": "orderbook_delta", "sid": 1}
        assert ack["sending_ts_ms"] == 1_790_000_000_000
        first, second = await socket.read(), await socket.read()
        assert (first["type"], first["sid"], first["seq"]) == ("orderbook_snapshot", 1, 1)
        assert first["msg"]["yes_dollars_fp"] == [["0.4100", "10.00"], ["0.4200", "13.00"]]
        assert first["msg"]["no_dollars_fp"] == [["0.5600", "17.00"]]
        assert first["msg"]["clock"] == 3
        # An empty side has no key.
        assert second["seq"] == 2
        assert sorted(second["msg"]) == ["clock", "market_id", "market_ticker"]


async def test_yes_prices_apply_to_snapshot_and_deltas() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await kalshi.rest("ask", 4400, 17)
        _, snapshot = await book_socket(kalshi, socket)
        assert snapshot["msg"]["no_dollars_fp"] == [["0.4400", "17.00"]]
        await kalshi.rest("ask", 4500, 2)
        delta = await socket.read()
        assert (delta["type"], delta["seq"]) == ("orderbook_delta", 2)
        assert delta["msg"]["price_dollars"] == "0.4500"
        assert delta["msg"]["delta_fp"] == "2.00"
        assert delta["msg"]["side"] == "no"
        assert delta["msg"]["clock"] > snapshot["msg"]["clock"]
        assert "client_order_id" not in delta["msg"]


async def test_no_prices_are_the_default() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await book_socket(kalshi, socket, use_yes_price=False)
        await kalshi.rest("ask", 4500, 2)
        assert (await socket.read())["msg"]["price_dollars"] == "0.5500"


async def test_only_the_causing_account_sees_its_client_order_id() -> None:
    async with running() as kalshi, kalshi.socket() as mine, kalshi.socket("other") as theirs:
        await kalshi.rest("ask", 4400, 17)
        await book_socket(kalshi, mine)
        await book_socket(kalshi, theirs)
        await kalshi.create("bid", "0.4400", "5.00", client_order_id="me")
        assert (await mine.read())["msg"]["client_order_id"] == "me"
        delta = await theirs.read()
        assert delta["msg"]["delta_fp"] == "-5.00"
        assert "client_order_id" not in delta["msg"]


async def test_control_frames_consume_sequence_numbers() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await book_socket(kalshi, socket)
        await socket.send(
            "update_subscription", sid=1, action="add_markets", market_tickers=[kalshi.crypto]
        )
        added = await socket.read()
        assert (added["type"], added["id"], added["sid"], added["seq"]) == ("ok", 2, 1, 2)
        assert added["msg"] == {"market_tickers": [kalshi.ticker, kalshi.crypto]}
        assert (await socket.read())["seq"] == 3  # the new market's snapshot
        await socket.send(
            "update_subscription", sids=[1], action="get_snapshot", market_tickers=[kalshi.ticker]
        )
        snapshot = await socket.read()
        assert (snapshot["type"], snapshot["id"], snapshot["seq"]) == ("orderbook_snapshot", 3, 4)
        await socket.send("update_subscription", sid=1, action="explode")
        refused = await socket.read()
        assert (refused["type"], refused["seq"]) == ("error", 5)
        assert refused["msg"]["code"] == 13
        await socket.send(
            "update_subscription", sid=1, action="delete_markets", market_tickers=[kalshi.ticker]
        )
        assert (await socket.read())["seq"] == 6
        await kalshi.rest("bid", 4100, 10)
        await kalshi.rest("bid", 4100, 10, kalshi.crypto)
        delta = await socket.read()
        assert (delta["seq"], delta["msg"]["market_ticker"]) == (7, kalshi.crypto)
        await socket.send("unsubscribe", sids=[1])
        ended = await socket.read()
        assert (ended["type"], ended["sid"], ended["seq"], "msg" in ended) == (
            "unsubscribed",
            1,
            8,
            False,
        )
        await socket.send("list_subscriptions")
        assert (await socket.read())["msg"] == []


async def test_each_subscription_counts_for_itself() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await book_socket(kalshi, socket)
        acks = await socket.subscribe("trade", "ticker", market_tickers=[kalshi.ticker])
        assert [ack["msg"]["sid"] for ack in acks] == [2, 3]
        await kalshi.rest("ask", 4400, 17)
        await kalshi.admin(
            "POST", "take", market=kalshi.ticker, side="bid", price_e4=4400, size_e6=2_000_000
        )
        trade = await socket.read_until("trade")
        assert trade["seq"] == 1
        assert trade["msg"]["taker_book_side"] == "bid"
        assert trade["msg"]["yes_price_dollars"] == "0.4400"
        assert trade["msg"]["no_price_dollars"] == "0.5600"
        assert trade["msg"]["count_fp"] == "2.00"
        ticker = await socket.read_until("ticker")
        assert "seq" not in ticker
        assert ticker["msg"]["price_dollars"] == "0.4400"
        assert ticker["msg"]["yes_ask_size_fp"] == "15.00"
        await socket.send("list_subscriptions")
        listed = (await socket.read_until("ok"))["msg"]
        assert [row["channel"] for row in listed] == ["orderbook_delta", "trade", "ticker"]


async def test_fill_and_user_orders_tell_the_owner_without_seq() -> None:
    async with running() as kalshi, kalshi.socket() as socket, kalshi.socket("other") as theirs:
        await socket.subscribe("fill", "user_orders")
        await theirs.subscribe("fill", "user_orders")
        await kalshi.rest("bid", 5700, 25)
        await kalshi.create("ask", "0.5700", "25.00", client_order_id="me")
        fill, order = await socket.read(), await socket.read()
        assert "seq" not in fill
        assert fill["msg"]["client_order_id"] == "me"
        assert fill["msg"]["outcome_side"] == "no"
        assert fill["msg"]["book_side"] == "ask"
        assert fill["msg"]["yes_price_dollars"] == "0.5700"
        assert fill["msg"]["fee_cost"] == "0.429000"
        assert fill["msg"]["post_position_fp"] == "-25.00"
        assert fill["msg"]["is_taker"] is True
        assert order["type"] == "user_order"
        assert order["msg"]["ticker"] == kalshi.ticker
        assert order["msg"]["status"] == "executed"
        assert order["msg"]["fill_count_fp"] == "25.00"
        # The other account hears of nothing but its own.
        await kalshi.create("bid", "0.1000", "1.00", time_in_force=GTC, account="other")
        assert (await theirs.read())["msg"]["status"] == "resting"


async def test_maker_hears_of_a_crowd_trade() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("fill", "user_orders", market_tickers=[kalshi.ticker])
        ack = await kalshi.create("bid", "0.5000", "10.00", time_in_force=GTC)
        await socket.read()
        await kalshi.rest("ask", 4900, 4)
        fill, order = await socket.read(), await socket.read()
        assert fill["msg"]["is_taker"] is False
        assert fill["msg"]["order_id"] == ack.json["order_id"]
        assert fill["msg"]["yes_price_dollars"] == "0.5000"
        assert order["msg"]["remaining_count_fp"] == "6.00"
        assert order["msg"]["last_update_reason"] == "Trade"


async def test_lifecycle_of_a_halt() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("market_lifecycle_v2")
        await kalshi.admin("POST", "market", market=kalshi.ticker, status="inactive")
        await kalshi.admin("POST", "market", market=kalshi.ticker, status="active")
        events = [await socket.read(), await socket.read()]
        assert [e["msg"]["event_type"] for e in events] == ["deactivated", "activated"]
        assert [e["seq"] for e in events] == [1, 2]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("{", 1),
        ("[]", 1),
        ('{"id":1,"cmd":"subscribe"}', 2),
        ('{"id":1,"cmd":"subscribe","params":{"market_ticker":"x"}}', 3),
        ('{"id":1,"cmd":"unsubscribe","params":{"x":1}}', 4),
        ('{"id":1,"cmd":"dance"}', 5),
        ('{"id":1,"cmd":"unsubscribe","params":{"sids":[9]}}', 7),
        ('{"id":1,"cmd":"update_subscription","params":{"sid":9,"action":"add_markets"}}', 7),
        ('{"id":1,"cmd":"subscribe","params":{"channels":["news"]}}', 8),
        ('{"id":1,"cmd":"subscribe","params":{"channels":["trade"],"market_ticker":"KXNO"}}', 11),
        ('{"id":1,"cmd":"update_subscription","params":{"sids":[1,2],"action":"x"}}', 12),
        ('{"id":1,"cmd":"subscribe","params":{"channels":["orderbook_delta"]}}', 14),
    ],
)
async def test_wrong_commands_get_the_documented_code(command: str, code: int) -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.ws.send_str(command)
        frame = await socket.read()
        assert (frame["type"], frame["msg"]["code"]) == ("error", code)
        assert frame.get("id") == (None if code == 1 else 1)


async def test_update_errors_are_scoped_to_the_subscription() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await book_socket(kalshi, socket)
        for params, code in (
            ({"sid": 1}, 15),
            ({"sid": 1, "action": "add_markets"}, 14),
            ({"sid": 1, "action": "add_markets", "market_tickers": ["KXNO"]}, 11),
            ({"sid": 1, "action": "get_snapshot", "market_tickers": [kalshi.crypto]}, 11),
        ):
            await socket.send("update_subscription", **params)
            frame = await socket.read()
            assert (frame["sid"], frame["msg"]["code"]) == (1, code)
        assert frame["seq"] == 5


async def test_server_pings_every_ten_seconds() -> None:
    async with running() as kalshi:
        headers = kalshi.headers("GET", "/trade-api/ws/v2")
        async with kalshi.session.ws_connect(
            kalshi.urls["ws"], headers=headers, autoping=False
        ) as ws:
            # An answered command proves that the server's side, pinger included, is up.
            await ws.send_json({"id": 1, "cmd": "list_subscriptions"})
            await ws.receive_str()
            kalshi.clock.advance(10)
            message = await ws.receive(timeout=2)
            assert message.type is aiohttp.WSMsgType.PING
            assert bytes(message.data) == b"heartbeat"


async def test_a_swallowed_delta_leaves_a_hole_in_the_sequence() -> None:
    rule = {"on": "ws", "kind": "ws_gap", "count": 1}
    async with running(faults=[rule]) as kalshi, kalshi.socket() as socket:
        _, snapshot = await book_socket(kalshi, socket)
        assert snapshot["seq"] == 1
        await kalshi.rest("bid", 4100, 1)
        await kalshi.rest("bid", 4200, 1)
        assert (await socket.read())["seq"] == 3


async def test_a_silent_socket_speaks_again_after_its_time() -> None:
    rule = {"on": "ws", "kind": "ws_silent", "delay_ms": 5_000, "count": 1}
    async with running(faults=[rule]) as kalshi, kalshi.socket() as socket:
        await socket.send("list_subscriptions")
        while not kalshi.sim.faults.report()["fired"]:
            await kalshi.get("/exchange/status")
        kalshi.clock.advance(5)
        assert (await socket.read())["type"] == "ok"


async def test_a_scripted_disconnect_cuts_the_socket() -> None:
    rule = {"on": "ws", "kind": "ws_disconnect"}
    async with running(faults=[rule]) as kalshi, kalshi.socket() as socket:
        await socket.send("list_subscriptions")
        message = await socket.ws.receive(timeout=2)
        assert message.type is not aiohttp.WSMsgType.TEXT


async def test_admin_disconnect_cuts_all_sockets() -> None:
    async with running() as kalshi, kalshi.socket() as one, kalshi.socket() as two:
        assert await kalshi.admin("POST", "disconnect") == {"sockets": 2}
        for socket in (one, two):
            message = await socket.ws.receive(timeout=2)
            assert message.type is not aiohttp.WSMsgType.TEXT


@pytest.mark.parametrize("overflow", ["subscriptions", "connection"])
async def test_a_slow_reader_is_told_so_and_loses(
    monkeypatch: pytest.MonkeyPatch, overflow: str
) -> None:
    monkeypatch.setattr(sockets, "OUTBOX_MAX", 5)
    async with running(overflow=overflow) as kalshi, kalshi.socket() as socket:
        await book_socket(kalshi, socket)
        # Many deltas at once, without a turn for the writer in between.
        for number in range(10):
            kalshi.sim.place(kalshi.ticker, "bid", 4_000, (number + 1) * 1_000_000)
        frame = await socket.read_until("error")
        assert frame["msg"]["code"] == 25
        if overflow == "connection":
            assert (await socket.ws.receive(timeout=2)).type is aiohttp.WSMsgType.CLOSE
            return
        # The subscription is over; the connection is not.
        assert frame["sid"] == 1
        await socket.send("list_subscriptions")
        assert (await socket.read())["msg"] == []


async def test_an_overflow_ends_all_subscriptions_of_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "OUTBOX_MAX", 5)
    async with running() as kalshi, kalshi.socket() as socket:
        for _ in range(2):
            await book_socket(kalshi, socket)
        # The sixth frame is one too many, whichever subscription it is for.
        for number in range(4):
            kalshi.sim.place(kalshi.ticker, "bid", 4_000, (number + 1) * 1_000_000)
        ends = [await socket.read_until("error") for _ in range(2)]
        assert [frame["sid"] for frame in ends] == [1, 2]
        # What was queued is gone, and nothing comes after the end.
        await socket.send("list_subscriptions")
        assert (await socket.read())["type"] == "ok"


async def test_cancel_delta_carries_the_owner_id() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await book_socket(kalshi, socket)
        resting = {"time_in_force": GTC, "client_order_id": "mine"}
        order_id = (await kalshi.create("bid", "0.4000", "3.00", **resting)).json["order_id"]
        await kalshi.call("DELETE", f"{ORDERS}/{order_id}")
        up, down = (await socket.read())["msg"], (await socket.read())["msg"]
        assert (up["delta_fp"], up["client_order_id"]) == ("3.00", "mine")
        assert (down["delta_fp"], down["client_order_id"]) == ("-3.00", "mine")


async def test_a_ping_that_cannot_be_answered_is_no_error_of_the_server(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answered = asyncio.Event()

    async def pong(*_: object) -> None:
        answered.set()
        raise ConnectionResetError("Cannot write to closing transport")

    monkeypatch.setattr(web.WebSocketResponse, "pong", pong)
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.ws.ping()
        await asyncio.wait_for(answered.wait(), 2)
        assert (await socket.ws.receive(timeout=2)).type is not aiohttp.WSMsgType.TEXT
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
