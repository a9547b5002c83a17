"""Both WebSocket channels, and the life of trades, over real sockets."""

import contextlib
import hashlib
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.unit.sim.test_sim_polymarket_kit import (
    FREE,
    NEG,
    PLAIN,
    receive,
    running,
    subscribe,
)


def usd(units: float) -> int:
    return round(units * 1_000_000)


class Mirror:
    """A client's book of one token, built only from frames."""

    def __init__(self, *, neg_risk: bool) -> None:
        self.neg_risk = neg_risk
        self.levels: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
        self.head: dict[str, str] = {}

    def load(self, event: dict[str, Any]) -> None:
        for side in ("bids", "asks"):
            self.levels[side] = {level["price"]: level["size"] for level in event[side]}
        self.head = {k: event[k] for k in ("market", "asset_id", "tick_size", "last_trade_price")}

    def change(self, entry: dict[str, str]) -> None:
        levels = self.levels["bids" if entry["side"] == "BUY" else "asks"]
        if entry["size"] == "0":
            del levels[entry["price"]]
        else:
            levels[entry["price"]] = entry["size"]

    def best(self) -> tuple[str, str]:
        return (
            max(self.levels["bids"], key=float, default="0"),
            min(self.levels["asks"], key=float, default="1"),
        )

    def hash(self, timestamp: str) -> str:
        def rows(side: str, *, reverse: bool) -> list[dict[str, str]]:
            prices = sorted(self.levels[side], key=float, reverse=reverse)
            return [{"price": price, "size": self.levels[side][price]} for price in prices]

        book = {
            "market": self.head["market"],
            "asset_id": self.head["asset_id"],
            "timestamp": timestamp,
            "hash": "",
            "bids": rows("bids", reverse=False),
            "asks": rows("asks", reverse=True),
            "min_order_size": "5",
            "tick_size": self.head["tick_size"],
            "neg_risk": self.neg_risk,
            "last_trade_price": self.head["last_trade_price"],
        }
        return hashlib.sha1(json.dumps(book, separators=(",", ":")).encode()).hexdigest()


@pytest.mark.parametrize("pair", [NEG, PLAIN])
async def test_every_change_of_both_tokens_carries_the_hash_of_the_book_after_it(pair: int) -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        for price_e4, shares in ((6_000, 10), (6_100, 20), (6_300, 7)):
            kit.rest(pair, "ask", price_e4, shares)
        kit.rest(pair, "bid", 5_500, 11)
        tokens = [kit.token(pair), kit.token(pair, 1)]
        ws = await subscribe(kit, stack, *tokens)
        mirrors = {token: Mirror(neg_risk=pair == NEG) for token in tokens}
        for event in json.loads(await ws.recv()):
            mirrors[event["asset_id"]].load(event)
            assert mirrors[event["asset_id"]].hash(event["timestamp"]) == event["hash"]
        assert list(mirrors[tokens[1]].levels["asks"]) == ["0.45"]
        # One taker sweeps two levels and a half, then other people change their minds.
        await kit.clock.advance(7)
        status, _ = await kit.client.post(
            tokens[0], "BUY", cash=usd(20.72), shares=usd(32.8888), kind="FOK", neg_risk=pair == NEG
        )
        assert status == 200
        order_id = kit.rest(pair, "bid", 5_700, 4)
        kit.sim.cancel(kit.market(pair), order_id)
        changes = books = 0
        while changes < 5 or books < 2:
            event = json.loads(await ws.recv())
            if event["event_type"] == "book":
                mirrors[event["asset_id"]].load(event)
                assert mirrors[event["asset_id"]].hash(event["timestamp"]) == event["hash"]
                books += 1
            elif event["event_type"] == "price_change":
                changes += 1
                assert [entry["asset_id"] for entry in event["price_changes"]] == tokens
                for entry in event["price_changes"]:
                    mirror = mirrors[entry["asset_id"]]
                    mirror.change(entry)
                    assert mirror.best() == (entry["best_bid"], entry["best_ask"])
                    assert mirror.hash(event["timestamp"]) == entry["hash"]


async def test_trade_is_announced_with_the_takers_side_and_price() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        kit.rest(FREE, "bid", 6_000, 10)
        ws = await subscribe(kit, stack, kit.token(FREE, 1))
        await receive(ws, "book")
        await kit.client.post(kit.token(FREE, 1), "BUY", cash=usd(4), shares=usd(10), kind="FOK")
        event = await receive(ws, "last_trade_price")
        assert (event["price"], event["size"], event["side"]) == ("0.4", "10", "BUY")
        book = await receive(ws, "book")
        assert (book["asks"], book["last_trade_price"]) == ([], "0.600")


async def test_market_channel_speaks_its_protocol() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        early = await stack.enter_async_context(connect(kit.urls["ws_market"]))
        await early.send("PING")
        with pytest.raises(ConnectionClosed) as closed:
            await early.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
            1008,
            "invalid subscription payload",
        )
        ws = await subscribe(kit, stack, "123")
        assert await ws.recv() == "[]"
        await ws.send("PING")
        assert await ws.recv() == "PONG"
        await ws.send(json.dumps({"operation": "dance"}))
        assert await ws.recv() == "INVALID OPERATION"
        token = kit.token(PLAIN)
        await ws.send(json.dumps({"operation": "subscribe", "assets_ids": [token]}))
        assert (await receive(ws, "book"))["asset_id"] == token
        await ws.send(json.dumps({"operation": "unsubscribe", "assets_ids": [token]}))
        await ws.send("PING")
        assert await ws.recv() == "PONG"
        kit.rest(PLAIN, "bid", 5_000, 5)
        await ws.send("PING")
        assert await ws.recv() == "PONG"


async def test_custom_events_come_only_when_asked_for() -> None:
    async with running(auto_tick=True) as kit, contextlib.AsyncExitStack() as stack:
        token = kit.token(PLAIN)
        ws = await subscribe(kit, stack, token, custom_feature_enabled=True)
        plain = await subscribe(kit, stack, token)
        await receive(ws, "book")
        await receive(plain, "book")
        kit.rest(PLAIN, "bid", 9_700, 5)
        event = await receive(ws, "best_bid_ask")
        assert (event["best_bid"], event["best_ask"], event["spread"]) == ("0.97", "", "")
        event = await receive(ws, "tick_size_change")
        assert (event["old_tick_size"], event["new_tick_size"]) == ("0.01", "0.001")
        await kit.admin("/_sim/market", {"market": kit.market(PLAIN), "status": "resolved:1"})
        event = await receive(ws, "market_resolved")
        assert event["winning_asset_id"] == kit.token(PLAIN, 1)
        await plain.send("PING")
        seen = []
        while (frame := await plain.recv()) != "PONG":
            seen.append(json.loads(frame)["event_type"])
        # The winner is announced after the close has emptied the book.
        assert seen == ["price_change", "tick_size_change", "price_change"]


async def test_swallowed_frame_can_be_noticed_by_the_next_hash() -> None:
    rules: list[dict[str, object]] = []
    async with running(rules) as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        mirror = Mirror(neg_risk=False)
        mirror.load(await receive(ws, "book"))
        kit.sim.faults.add([{"on": "ws /ws/market", "kind": "ws_gap", "count": 1}])
        kit.rest(PLAIN, "bid", 5_000, 5)
        kit.rest(PLAIN, "bid", 4_000, 5)
        event = await receive(ws, "price_change")
        mirror.change(event["price_changes"][0])
        assert mirror.hash(event["timestamp"]) != event["price_changes"][0]["hash"]


async def test_user_channel_tells_an_order_from_placement_to_confirmation() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        _, answer = await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10))
        event = await receive(ws, "order")
        assert (event["type"], event["status"], event["size_matched"]) == ("PLACEMENT", "LIVE", "0")
        assert (event["id"], event["order_type"], event["price"]) == (
            answer["orderID"],
            "GTC",
            "0.5",
        )
        kit.sim.take(kit.market(FREE), "ask", 5_000, usd(4))
        trade = await receive(ws, "trade")
        assert (trade["status"], trade["trader_side"]) == ("MATCHED", "MAKER")
        maker = trade["maker_orders"][0]
        assert (maker["order_id"], maker["matched_amount"], maker["price"]) == (
            answer["orderID"],
            "4",
            "0.5",
        )
        event = await receive(ws, "order")
        assert (event["type"], event["size_matched"], event["associate_trades"]) == (
            "UPDATE",
            "4",
            [trade["id"]],
        )
        await kit.clock.advance(1_000)
        mined = await receive(ws, "trade")
        assert (mined["status"], mined["id"]) == ("MINED", trade["id"])
        assert mined["transaction_hash"].startswith("0x")
        _, page = await kit.client.call("GET", "/data/trades", params={"id": trade["id"]})
        assert page["data"][0]["status"] == "TRADE_STATUS_MINED"
        await kit.clock.advance(1_000)
        assert (await receive(ws, "trade"))["status"] == "CONFIRMED"
        await kit.client.call("DELETE", "/cancel-all")
        event = await receive(ws, "order")
        assert (event["type"], event["status"]) == ("CANCELLATION", "CANCELED")


async def test_user_channel_tells_why_a_fok_was_killed() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10), kind="FOK")
        event = await receive(ws, "order")
        assert event["type"] == "CANCELLATION"
        assert event["status"].startswith("CANCELED_order couldn't be fully filled")


async def test_partly_filled_fak_is_placed_updated_and_canceled() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        kit.rest(FREE, "ask", 5_000, 4)
        ws = await kit.client.user_channel(stack)
        await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10), kind="FAK")
        seen = [json.loads(await ws.recv())["type"] for _ in range(4)]
        assert seen == ["PLACEMENT", "TRADE", "UPDATE", "CANCELLATION"]


async def test_bad_credentials_close_the_user_channel() -> None:
    async with running() as kit, connect(kit.urls["ws_user"]) as ws:
        auth = {**kit.client.creds, "secret": "x"}
        await ws.send(json.dumps({"type": "user", "auth": auth}))
        with pytest.raises(ConnectionClosed):
            await ws.recv()


async def test_user_channel_can_be_narrowed_to_markets() -> None:
    async with running() as kit, connect(kit.urls["ws_user"]) as ws:
        subscription = {"type": "user", "auth": kit.client.creds, "markets": [kit.market(FREE)]}
        await ws.send(json.dumps(subscription))
        await ws.send("PING")
        assert await ws.recv() == "PONG"
        for pair in (PLAIN, FREE):
            await kit.client.post(kit.token(pair), "BUY", cash=usd(5), shares=usd(10))
        assert (await receive(ws, "order"))["market"] == kit.market(FREE)


async def test_failed_trade_voids_the_fill_in_the_ledger() -> None:
    async with running(failed_ppm=1_000_000) as kit, contextlib.AsyncExitStack() as stack:
        kit.rest(PLAIN, "ask", 5_000, 20)
        ws = await kit.client.user_channel(stack)
        before = kit.wallet(kit.client.address)
        await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10), kind="FOK")
        assert kit.wallet(kit.client.address)["positions_e6"] == {kit.token(PLAIN): usd(10)}
        assert (await receive(ws, "trade"))["status"] == "MATCHED"
        await kit.clock.advance(2_000)
        assert (await receive(ws, "trade"))["status"] == "RETRYING"
        assert (await receive(ws, "trade"))["status"] == "FAILED"
        assert kit.wallet(kit.client.address) == before
        await kit.clock.advance(60_000)


async def test_retried_trade_is_confirmed_in_the_end() -> None:
    async with running(retrying_ppm=1_000_000) as kit, contextlib.AsyncExitStack() as stack:
        kit.rest(PLAIN, "ask", 5_000, 20)
        ws = await kit.client.user_channel(stack)
        await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10), kind="FOK")
        await kit.clock.advance(3_000)
        seen = [(await receive(ws, "trade"))["status"] for _ in range(4)]
        assert seen == ["MATCHED", "RETRYING", "MINED", "CONFIRMED"]


async def test_admin_can_fail_a_single_trade() -> None:
    async with running() as kit:
        kit.rest(PLAIN, "ask", 5_000, 20)
        _, answer = await kit.client.post(
            kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10), kind="FOK"
        )
        trade_id = answer["tradeIDs"][0]
        _, trade = await kit.admin("/_sim/polymarket/trade", {"id": trade_id, "status": "FAILED"})
        assert trade == {"id": trade_id, "status": "FAILED"}
        await kit.clock.advance(5_000)
        assert kit.wallet(kit.client.address)["positions_e6"] == {}
        assert kit.sim.trades.by_id[trade_id].status == "FAILED"


async def test_sale_of_tokens_waits_for_their_purchase_and_fails_with_it() -> None:
    async with running() as kit:
        before = kit.wallet(kit.client.address)
        kit.rest(PLAIN, "ask", 5_000, 20)
        kit.rest(PLAIN, "bid", 4_900, 20)
        ids: list[str] = []
        for side in ("BUY", "SELL"):
            price = 0.5 if side == "BUY" else 0.49
            _, answer = await kit.client.post(
                kit.token(PLAIN), side, cash=usd(10 * price), shares=usd(10), kind="FOK"
            )
            ids += answer["tradeIDs"]
        bought, sold = (kit.sim.trades.by_id[one] for one in ids)
        # Retried, a purchase is late: the sale is not mined before it.
        await kit.admin("/_sim/polymarket/trade", {"id": ids[0], "status": "RETRYING"})
        assert kit.sim.trades._waits(sold)
        assert not kit.sim.trades._waits(bought)
        await kit.admin("/_sim/polymarket/trade", {"id": ids[0], "status": "FAILED"})
        assert (bought.status, sold.status) == ("FAILED", "FAILED")
        after = kit.wallet(kit.client.address)
        assert (after["cash_micros"], after["positions_e6"]) == (before["cash_micros"], {})


async def test_silence_after_a_heartbeat_cancels_everything() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        _, answer = await kit.client.call("POST", "/v1/heartbeats", {"heartbeat_id": ""})
        beat_id = answer["heartbeat_id"]
        await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        await kit.clock.advance(9_000)
        status, answer = await kit.client.call("POST", "/v1/heartbeats", {"heartbeat_id": "x"})
        assert (status, answer["error_msg"], answer["heartbeat_id"]) == (
            400,
            "Invalid Heartbeat ID",
            beat_id,
        )
        status, _ = await kit.client.call("POST", "/v1/heartbeats", {"heartbeat_id": beat_id})
        assert status == 200
        await kit.clock.advance(9_999)
        assert len(kit.sim.engine.open_orders(kit.client.address.lower())) == 1
        await kit.clock.advance(1)
        assert (await receive(ws, "CANCELLATION", "type"))["status"] == "CANCELED"
