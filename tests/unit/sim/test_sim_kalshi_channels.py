import asyncio
from typing import Any

import aiohttp
import pytest

from tests.unit.sim.kalshi_client import Harness, Socket, running

GTC = "good_till_canceled"
THIRD = {"blind": {"account": "default", "scopes": ["write::trade"]}}


async def book(kalshi: Harness, socket: Socket, **params: Any) -> Any:
    await socket.subscribe("orderbook_delta", market_tickers=[kalshi.ticker], **params)
    return await socket.read()


async def code_of(socket: Socket) -> Any:
    frame = await socket.read()
    assert frame["type"] == "error"
    return frame["msg"]["code"]


# -- channels ----------------------------------------------------------------------------------


async def test_market_positions_follow_every_fill() -> None:
    async with running() as kalshi, kalshi.socket() as socket, kalshi.socket("other") as theirs:
        await socket.subscribe("market_positions")
        await theirs.subscribe("market_positions")
        await kalshi.rest("ask", 4000, 10)
        await kalshi.create("bid", "0.4000", "10.00")
        frame = await socket.read()
        assert frame["type"] == "market_position"
        assert "seq" not in frame
        assert frame["msg"] == {
            "user_id": frame["msg"]["user_id"],
            "market_ticker": kalshi.ticker,
            "position_fp": "10.00",
            "position_cost_dollars": "4.000000",
            "realized_pnl_dollars": "0.000000",
            "fees_paid_dollars": "0.168000",
            "position_fee_cost_dollars": "0.168000",
            "volume_fp": "10.00",
            "subaccount": 0,
        }
        await kalshi.rest("bid", 5000, 10)
        await kalshi.create("ask", "0.5000", "10.00")
        closed = (await socket.read())["msg"]
        assert (closed["position_fp"], closed["volume_fp"]) == ("0.00", "20.00")
        assert closed["realized_pnl_dollars"] == "1.000000"
        assert closed["position_fee_cost_dollars"] == "0.000000"
        # The other account has heard of nothing: the next it hears is its own.
        await kalshi.rest("ask", 4000, 1)
        await kalshi.create("bid", "0.4000", "1.00", account="other")
        assert (await theirs.read())["msg"]["position_fp"] == "1.00"


async def test_order_groups_are_told_to_their_owner_in_sequence() -> None:
    async with running() as kalshi, kalshi.socket() as socket, kalshi.socket("other") as theirs:
        await socket.subscribe("order_group_updates")
        await theirs.subscribe("order_group_updates")
        path = "/portfolio/order_groups"
        made = await kalshi.call("POST", f"{path}/create", json={"contracts_limit_fp": "7.00"})
        group_id = made.json["order_group_id"]
        await kalshi.call("PUT", f"{path}/{group_id}/trigger", json={})
        await kalshi.call("PUT", f"{path}/{group_id}/reset", json={})
        frames = [await socket.read() for _ in range(3)]
        assert [frame["msg"]["event_type"] for frame in frames] == ["created", "triggered", "reset"]
        assert [frame["seq"] for frame in frames] == [1, 2, 3]
        assert frames[0]["msg"]["contracts_limit_fp"] == "7.00"
        assert all(frame["msg"]["order_group_id"] == group_id for frame in frames)
        await theirs.send("list_subscriptions")
        assert (await theirs.read())["type"] == "ok"


async def test_ticker_shows_its_state_first_and_takes_market_ids() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        market_id = kalshi.sim.markets[kalshi.ticker].market_id
        await socket.subscribe("ticker", market_ids=[market_id], send_initial_snapshot=True)
        frame = await socket.read()
        assert frame["msg"]["market_ticker"] == kalshi.ticker
        assert frame["msg"]["dollar_volume"] == 0
        await socket.send(
            "update_subscription", sid=1, action="add_markets", market_ticker=kalshi.crypto
        )
        assert (await socket.read())["type"] == "ok"
        assert (await socket.read())["msg"]["market_ticker"] == kalshi.crypto


async def test_skip_ticker_ack_leaves_the_list_out() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("ticker", market_ticker=kalshi.ticker, skip_ticker_ack=True)
        await socket.send(
            "update_subscription", sid=1, action="add_markets", market_ticker=kalshi.crypto
        )
        assert (await socket.read())["msg"] == {}


async def test_open_interest_counts_contracts_not_volume() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await kalshi.rest("ask", 4000, 10)
        await kalshi.create("bid", "0.4000", "10.00")
        await kalshi.rest("bid", 4500, 10)
        await kalshi.create("ask", "0.4500", "10.00")
        await socket.subscribe("ticker", market_ticker=kalshi.ticker, send_initial_snapshot=True)
        message = (await socket.read())["msg"]
        assert (message["volume_fp"], message["open_interest_fp"]) == ("20.00", "0.00")


@pytest.mark.parametrize("legacy", [True, False])
async def test_deprecated_fields_may_be_gone(*, legacy: bool) -> None:
    async with running(legacy_fields=legacy) as kalshi, kalshi.socket() as socket:
        await socket.subscribe(
            "fill", "user_orders", "trade", "ticker", "orderbook_delta", market_ticker=kalshi.ticker
        )
        await kalshi.rest("ask", 4000, 1)
        await kalshi.create("bid", "0.4", "1")
        fields: dict[str, set[str]] = {}
        while {"fill", "user_order", "trade", "ticker"} - set(fields):
            frame = await socket.read()
            fields[frame["type"]] = set(frame["msg"])
        assert "side" in fields["orderbook_delta"]
        for kind, gone in (
            ("fill", {"side", "action", "purchased_side", "ts"}),
            ("user_order", {"side", "is_yes", "created_time"}),
            ("trade", {"taker_side", "ts"}),
            ("ticker", {"time", "ts"}),
        ):
            assert fields[kind] & gone == (gone if legacy else set())
            assert "ts_ms" in fields[kind] or kind == "user_order"
        for path, name, gone in (
            ("/portfolio/orders", "orders", {"side", "action"}),
            ("/portfolio/fills", "fills", {"side", "action"}),
            ("/markets/trades", "trades", {"taker_side"}),
        ):
            [row] = (await kalshi.get(path)).json[name]
            assert set(row) & gone == (gone if legacy else set())
            assert {"book_side", "taker_book_side"} & set(row)


# -- books -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("default", "price"), [(False, "0.5600"), (True, "0.4400")])
async def test_the_default_unit_of_no_levels_can_flip(*, default: bool, price: str) -> None:
    async with running(yes_price_default=default) as kalshi, kalshi.socket() as socket:
        await kalshi.rest("ask", 4400, 17)
        assert (await book(kalshi, socket))["msg"]["no_dollars_fp"] == [[price, "17.00"]]
        # An explicit flag counts whatever the default.
        explicit = await book(kalshi, socket, use_yes_price=True)
        assert explicit["msg"]["no_dollars_fp"] == [["0.4400", "17.00"]]


async def test_deltas_of_one_action_share_their_clock() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await kalshi.rest("ask", 4400, 1)
        await kalshi.rest("ask", 4500, 1)
        snapshot = await book(kalshi, socket)
        await kalshi.create("bid", "0.4500", "2.00")
        one, two = await socket.read(), await socket.read()
        assert one["msg"]["clock"] == two["msg"]["clock"] == snapshot["msg"]["clock"] + 1
        assert two["seq"] == one["seq"] + 1


async def test_the_clock_may_be_absent() -> None:
    async with running(has_clock=False) as kalshi, kalshi.socket() as socket:
        snapshot = await book(kalshi, socket)
        await kalshi.rest("ask", 4400, 1)
        assert "clock" not in snapshot["msg"]
        assert "clock" not in (await socket.read())["msg"]


@pytest.mark.parametrize("best", ["last", "first"])
async def test_levels_come_in_either_order(best: str) -> None:
    async with running(best_level=best) as kalshi, kalshi.socket() as socket:
        await kalshi.rest("bid", 4100, 10)
        await kalshi.rest("bid", 4200, 13)
        frame = await book(kalshi, socket)
        prices = [price for price, _ in frame["msg"]["yes_dollars_fp"]]
        assert (prices[-1] if best == "last" else prices[0]) == "0.4200"
        rest = (await kalshi.get(f"/markets/{kalshi.ticker}/orderbook")).json["orderbook_fp"]
        assert [price for price, _ in rest["yes_dollars"]] == prices


async def test_redundant_sessions_of_one_account_see_the_same_clock() -> None:
    async with running() as kalshi, kalshi.socket() as one, kalshi.socket() as two:
        await book(kalshi, one)
        await kalshi.rest("bid", 4100, 1)
        await book(kalshi, two)
        await kalshi.rest("bid", 4200, 1)
        await one.read()
        first, second = await one.read(), await two.read()
        assert first["msg"] == second["msg"]
        assert (first["seq"], second["seq"]) == (3, 2)


@pytest.mark.parametrize("mode", ["new_sid", "extend"])
async def test_a_second_subscribe_opens_or_extends(mode: str) -> None:
    async with running(resubscribe=mode) as kalshi, kalshi.socket() as socket:
        await book(kalshi, socket)
        [ack] = await socket.subscribe("orderbook_delta", market_tickers=[kalshi.crypto])
        snapshot = await socket.read()
        assert snapshot["msg"]["market_ticker"] == kalshi.crypto
        assert (ack["msg"]["sid"], snapshot["seq"]) == ((2, 1) if mode == "new_sid" else (1, 2))
        await kalshi.rest("bid", 4100, 1)
        assert (await socket.read())["sid"] == 1


async def test_extending_by_everything_lifts_the_filter() -> None:
    async with running(resubscribe="extend") as kalshi, kalshi.socket() as socket:
        await socket.subscribe("ticker", market_tickers=[kalshi.ticker])
        await socket.subscribe("trade", market_tickers=[kalshi.ticker])
        await socket.subscribe("trade")
        await kalshi.rest("ask", 4400, 1, kalshi.crypto)
        kalshi.sim.take(kalshi.crypto, "bid", 4400, 1_000_000)
        assert (await socket.read())["msg"]["market_ticker"] == kalshi.crypto


# -- faults ------------------------------------------------------------------------------------


async def test_a_delta_may_come_behind_a_snapshot_that_contains_it() -> None:
    rule = {"on": "ws", "kind": "ws_stale", "count": 1}
    async with running(faults=[rule]) as kalshi, kalshi.socket() as socket:
        await kalshi.rest("bid", 4100, 3)
        snapshot = await book(kalshi, socket)
        stale = await socket.read()
        assert (stale["type"], stale["seq"]) == ("orderbook_delta", snapshot["seq"] + 1)
        assert stale["msg"]["delta_fp"] == "3.00"
        assert snapshot["msg"]["yes_dollars_fp"] == [["0.4100", "3.00"]]
        assert stale["msg"]["clock"] <= snapshot["msg"]["clock"]


async def test_a_market_without_changes_has_nothing_stale() -> None:
    rule = {"on": "ws", "kind": "ws_stale", "count": 1}
    async with running(faults=[rule]) as kalshi, kalshi.socket() as socket:
        await book(kalshi, socket)
        assert kalshi.sim.faults.report()["fired"] == {}


@pytest.mark.parametrize(("kind", "seqs"), [("ws_duplicate", [2, 2, 3]), ("ws_late", [3, 2, 4])])
async def test_frames_may_come_twice_or_backwards(kind: str, seqs: list[int]) -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await book(kalshi, socket)
        await kalshi.admin("POST", "faults", on="ws", kind=kind, count=1)
        for price in (4100, 4200, 4300):
            await kalshi.rest("bid", price, 1)
        assert [(await socket.read())["seq"] for _ in range(3)] == seqs


async def test_an_overflow_can_be_scripted() -> None:
    rule = {"on": "ws", "kind": "ws_overflow", "count": 1}
    async with running(faults=[rule]) as kalshi, kalshi.socket() as socket:
        await socket.send("subscribe", channels=["trade", "ticker"])
        frames = [await socket.read() for _ in range(2)]
        assert [(frame["sid"], frame["msg"]["code"]) for frame in frames] == [(1, 25), (2, 25)]
        assert frames[0]["seq"] == 1
        assert "seq" not in frames[1]


async def test_a_command_may_time_out() -> None:
    rule = {"on": "ws", "kind": "ws_timeout", "count": 1}
    async with running(faults=[rule]) as kalshi, kalshi.socket() as socket:
        await socket.send("subscribe", channels=["trade"])
        assert await code_of(socket) == 18
        await socket.subscribe("trade")


async def test_a_failing_channel_ends_its_subscriptions() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await book(kalshi, socket)
        answer = await kalshi.admin("POST", "channel_error", channel="orderbook_delta")
        assert answer == {"subscriptions": 1}
        frame = await socket.read()
        assert (frame["sid"], frame["seq"], frame["msg"]["code"]) == (1, 2, 10)
        await kalshi.rest("bid", 4100, 1)
        await socket.send("list_subscriptions")
        assert (await socket.read())["msg"] == []
        body = {"channel": "news"}
        async with kalshi.session.post(f"{kalshi.root}/_sim/channel_error", json=body) as response:
            assert response.status == 400


# -- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"channels": ["orderbook_delta"], "market_ids": ["x"]}, 11),
        ({"channels": ["ticker"], "market_ids": ["x"]}, 11),
        ({"channels": ["ticker"], "market_ticker": "A", "market_tickers": ["A"]}, 11),
        ({"channels": ["trade"], "market_tickers": "A"}, 11),
        ({"channels": ["trade"], "use_yes_price": 1}, 11),
        ({"channels": [["trade"]]}, 8),
        ({"channels": ["communications"], "shard_key": 0}, 20),
        ({"channels": ["communications"], "shard_key": 0, "shard_factor": 0}, 19),
        ({"channels": ["communications"], "shard_key": 0, "shard_factor": 101}, 22),
        ({"channels": ["communications"], "shard_key": 2, "shard_factor": 2}, 21),
        ({"channels": ["cfbenchmarks_value"]}, 24),
        ({"channels": ["pyth_value"]}, 28),
    ],
)
async def test_subscribe_refuses(params: dict[str, Any], code: int) -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.send("subscribe", **params)
        assert await code_of(socket) == code


@pytest.mark.parametrize(
    "params",
    [
        {"channels": ["communications"]},
        {"channels": ["communications"], "shard_factor": 2},
        {"channels": ["communications"], "shard_factor": 100, "shard_key": 99},
        {"channels": ["cfbenchmarks_value"], "index_ids": ["BRTI"]},
    ],
)
async def test_channels_that_are_not_simulated_stay_silent(params: dict[str, Any]) -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.send("subscribe", **params)
        assert (await socket.read())["type"] == "subscribed"


async def test_private_channels_need_a_key_that_may_read() -> None:
    async with running(keys=THIRD) as kalshi, kalshi.socket("blind") as socket:
        await socket.send("subscribe", channels=["trade", "fill"])
        assert await code_of(socket) == 9
        await socket.subscribe("trade")


async def test_a_key_of_one_subaccount_hears_of_no_other() -> None:
    key = {"account": "default", "subaccount": 0, "private_key": None}
    lone = {"account": "default", "subaccount": 1}
    async with (
        running(keys={"primary": key, "first": lone}) as kalshi,
        kalshi.socket("primary") as primary,
        kalshi.socket("first") as first,
    ):
        await primary.subscribe("user_orders")
        await first.subscribe("user_orders")
        await kalshi.create("bid", "0.1000", "1.00", time_in_force=GTC)
        assert (await primary.read())["type"] == "user_order"
        await first.send("list_subscriptions")
        assert (await first.read())["type"] == "ok"


async def test_markets_per_subscription_are_limited() -> None:
    async with running(subscription_markets_max=1) as kalshi, kalshi.socket() as socket:
        both = [kalshi.ticker, kalshi.crypto]
        await socket.send("subscribe", channels=["orderbook_delta"], market_tickers=both)
        assert await code_of(socket) == 26
        await book(kalshi, socket)
        params = {"sid": 1, "action": "add_markets", "market_tickers": [kalshi.crypto]}
        await socket.send("update_subscription", **params)
        frame = await socket.read()
        assert (frame["sid"], frame["seq"], frame["msg"]["code"]) == (1, 2, 26)


async def test_commands_per_second_are_limited() -> None:
    async with running(commands_per_s_max=2) as kalshi, kalshi.socket() as socket:
        for _ in range(3):
            await socket.send("list_subscriptions")
        assert [(await socket.read())["type"] for _ in range(3)] == ["ok", "ok", "error"]
        kalshi.clock.advance(1)
        await socket.send("list_subscriptions")
        assert (await socket.read())["type"] == "ok"


async def test_get_snapshot_takes_a_list_only() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await book(kalshi, socket)
        params = {"sid": 1, "action": "get_snapshot", "market_ticker": kalshi.ticker}
        await socket.send("update_subscription", **params)
        assert await code_of(socket) == 11


@pytest.mark.parametrize("params", [{"action": "add_markets"}, {"sids": 1}])
async def test_an_update_names_its_subscription(params: dict[str, Any]) -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.send("update_subscription", **params)
        assert await code_of(socket) == 4


async def test_an_unfiltered_subscription_cannot_be_narrowed() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("trade")
        params = {"sid": 1, "action": "add_markets", "market_tickers": [kalshi.ticker]}
        await socket.send("update_subscription", **params)
        assert await code_of(socket) == 11


# -- connection --------------------------------------------------------------------------------


async def test_a_server_may_send_no_pings() -> None:
    async with running(pings=False) as kalshi, kalshi.socket() as socket:
        await socket.send("list_subscriptions")
        await socket.read()
        assert [task for task in asyncio.all_tasks() if task.get_name() == "sim-ws-pinger"] == []


@pytest.mark.parametrize("offered", [True, False])
async def test_deflate_is_agreed_to_if_the_option_lets_it(*, offered: bool) -> None:
    async with running(deflate=offered) as kalshi:
        headers = kalshi.headers("GET", "/trade-api/ws/v2")
        async with kalshi.session.ws_connect(kalshi.urls["ws"], headers=headers, compress=15) as ws:
            assert bool(ws.compress) is offered
            await ws.send_json({"id": 1, "cmd": "list_subscriptions"})
            assert (await ws.receive()).type is aiohttp.WSMsgType.TEXT
