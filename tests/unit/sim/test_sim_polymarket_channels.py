"""What the WebSocket channels can be told to do: spellings, orders of frames, and faults."""

import contextlib
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.unit.sim.test_sim_polymarket_feeds import Mirror
from tests.unit.sim.test_sim_polymarket_kit import (
    FREE,
    PLAIN,
    Kit,
    receive,
    running,
    subscribe,
    until_pong,
)


def usd(units: float) -> int:
    return round(units * 1_000_000)


def kinds(frames: list[Any]) -> list[str]:
    return [frame["event_type"] for frame in frames]


async def sell_to(kit: Kit, pair: int, price_e4: int) -> None:
    """Let other people rest a bid, and others sell into it."""
    kit.rest(pair, "bid", price_e4, 10)
    kit.sim.take(kit.market(pair), "ask", price_e4, usd(4))


async def opened(ws: ClientConnection) -> None:
    """Read the dump."""
    await ws.recv()


@pytest.mark.parametrize("word", ["market", "MARKET"])
async def test_subscription_type_may_be_upper_case_and_a_dump_can_be_declined(word: str) -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN), type=word, initial_dump=False, level=2)
        assert await until_pong(ws) == []


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"type":"user","assets_ids":[]}', '{"type":"market"}', '{"assets_ids":["1"]}'],
)
async def test_first_message_that_is_no_subscription_closes_the_socket(text: str) -> None:
    async with running() as kit, connect(kit.urls["ws_market"]) as ws:
        await ws.send(text)
        with pytest.raises(ConnectionClosed) as closed:
            await ws.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize(("most", "dumps"), [(2, 1), (1, 0)])
async def test_crowded_connection_gets_no_dump(most: int, dumps: int) -> None:
    async with running(dump_tokens_max=most) as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN), kit.token(PLAIN, 1))
        assert len(await until_pong(ws)) == dumps


@pytest.mark.parametrize(("spelling", "tops"), [("bounds", ("0", "1")), ("blank", ("", ""))])
async def test_top_of_an_empty_side_is_spelled_as_told(
    spelling: str, tops: tuple[str, str]
) -> None:
    async with running(empty_top=spelling) as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        await opened(ws)
        order_id = kit.rest(PLAIN, "bid", 5_000, 5)
        kit.sim.cancel(kit.market(PLAIN), order_id)
        await receive(ws, "price_change")
        event = await receive(ws, "price_change")
        for entry in event["price_changes"]:
            assert (entry["best_bid"], entry["best_ask"]) == tops


@pytest.mark.parametrize(
    ("order", "expected", "has_new_price"),
    [
        ("after", ["price_change", "last_trade_price", "book"], False),
        ("hidden", ["price_change", "last_trade_price", "book"], True),
        ("ahead", ["last_trade_price", "price_change", "book"], True),
    ],
)
async def test_trade_may_come_before_or_after_the_change_whose_hash_knows_it(
    order: str, expected: list[str], *, has_new_price: bool
) -> None:
    async with running(trade_order=order) as kit, contextlib.AsyncExitStack() as stack:
        kit.rest(PLAIN, "bid", 6_000, 10)
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        mirror = Mirror(neg_risk=False)
        mirror.load(await receive(ws, "book"))
        kit.sim.take(kit.market(PLAIN), "ask", 6_000, usd(4))
        frames = await until_pong(ws)
        assert kinds(frames) == expected
        change = next(frame for frame in frames if frame["event_type"] == "price_change")
        entry = change["price_changes"][0]
        mirror.change(entry)
        hashes = []
        for price in ("", "0.600"):
            mirror.head["last_trade_price"] = price
            hashes.append(mirror.hash(change["timestamp"]))
        assert entry["hash"] == hashes[has_new_price]


@pytest.mark.parametrize(("whose", "price"), [("yes", "0.024"), ("traded", "0.976")])
@pytest.mark.parametrize("order", ["after", "hidden"])
async def test_last_trade_price_of_both_books_is_that_of_one_token(
    whose: str, price: str, order: str
) -> None:
    async with (
        running(last_trade_of=whose, trade_order=order) as kit,
        contextlib.AsyncExitStack() as stack,
    ):
        await kit.admin("/_sim/polymarket/tick", {"market": kit.market(FREE), "tick_e4": 10})
        kit.rest(FREE, "bid", 240, 100)
        ws = await subscribe(kit, stack, kit.token(FREE), kit.token(FREE, 1))
        await opened(ws)
        no = kit.token(FREE, 1)
        status, _ = await kit.client.post(no, "BUY", cash=usd(97.6), shares=usd(100), kind="FOK")
        assert status == 200
        books = [frame for frame in await until_pong(ws) if frame["event_type"] == "book"]
        assert [book["last_trade_price"] for book in books] == [price, price]


async def test_books_after_trades_and_their_last_price_can_be_left_out() -> None:
    async with (
        running(book_after_trade=False, book_last_price=False) as kit,
        contextlib.AsyncExitStack() as stack,
    ):
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        assert "last_trade_price" not in json.loads(await ws.recv())[0]
        await sell_to(kit, PLAIN, 6_000)
        assert kinds(await until_pong(ws)) == ["price_change", "price_change", "last_trade_price"]


async def test_trade_can_carry_an_earlier_time_than_the_change_before_it() -> None:
    async with running(trade_ts_lag_ms=3) as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        await opened(ws)
        await sell_to(kit, PLAIN, 6_000)
        change = await receive(ws, "price_change")
        trade = await receive(ws, "last_trade_price")
        assert int(trade["timestamp"]) == int(change["timestamp"]) - 3


async def test_every_nth_frame_can_be_an_array_of_one() -> None:
    async with running(array_every=2) as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        await opened(ws)
        for price_e4 in (5_000, 4_900, 4_800, 4_700):
            kit.rest(PLAIN, "bid", price_e4, 5)
        frames = await until_pong(ws)
        assert [type(frame) for frame in frames] == [dict, list, dict, list]


async def test_events_of_one_moment_can_share_a_frame() -> None:
    async with running(batch_ms=50) as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        await opened(ws)
        await sell_to(kit, PLAIN, 6_000)
        assert await until_pong(ws) == []
        await kit.clock.advance(50)
        (frame,) = await until_pong(ws)
        assert kinds(frame) == ["price_change", "price_change", "last_trade_price", "book"]
        # A new dump never overtakes what happened before it.
        kit.rest(PLAIN, "bid", 5_000, 5)
        await ws.send(json.dumps({"operation": "subscribe", "assets_ids": [kit.token(PLAIN)]}))
        changes, dump = await until_pong(ws)
        assert (kinds(changes), kinds(dump)) == (["price_change"], ["book"])


@pytest.mark.parametrize(
    ("kind", "count", "seen"),
    [
        ("ws_gap", 1, ["0.49", "0.48"]),
        ("ws_mute", None, []),
        ("ws_duplicate", 1, ["0.5", "0.5", "0.49", "0.48"]),
        ("ws_late", 1, ["0.49", "0.5", "0.48"]),
    ],
)
async def test_frames_can_be_lost_doubled_or_late_while_the_socket_answers(
    kind: str, count: int | None, seen: list[str]
) -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        await opened(ws)
        rule = {"on": "ws /ws/market", "kind": kind}
        kit.sim.faults.add([rule if count is None else {**rule, "count": count}])
        for price_e4 in (5_000, 4_900, 4_800):
            kit.rest(PLAIN, "bid", price_e4, 5)
        frames = await until_pong(ws)
        assert [frame["price_changes"][0]["price"] for frame in frames] == seen


async def test_dead_socket_answers_nothing_until_the_rule_is_gone() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        await opened(ws)
        kit.sim.faults.add([{"on": "ws /ws/market", "kind": "ws_dead", "count": 2}])
        kit.rest(PLAIN, "bid", 5_000, 5)
        await ws.send("PING")
        assert await until_pong(ws) == []
        assert kit.sim.faults.report()["fired"] == {"ws_dead": 2}


@pytest.mark.parametrize("body", [{"event": {"event_type": "weather"}}, {"text": "no json"}])
async def test_odd_frames_can_be_sent_to_everybody(body: dict[str, Any]) -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        market = await subscribe(kit, stack, kit.token(PLAIN))
        await opened(market)
        user = await kit.client.user_channel(stack)
        for channel, ws in (("market", market), ("user", user)):
            told = {"channel": channel, **body}
            assert (await kit.admin("/_sim/polymarket/event", told))[0] == 200
            frame = await ws.recv()
            assert frame == body.get("text") or json.loads(frame) == body["event"]


async def test_subscribing_again_brings_the_book_as_it_is_now() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        token = kit.token(PLAIN)
        ws = await subscribe(kit, stack, token)
        assert (await receive(ws, "book"))["bids"] == []
        for operation in ("unsubscribe", "subscribe"):
            await ws.send(json.dumps({"operation": operation, "assets_ids": [token, token]}))
            if operation == "unsubscribe":
                assert await until_pong(ws) == []
                kit.rest(PLAIN, "bid", 5_000, 5)
        (dump,) = await until_pong(ws)
        assert [book["bids"] for book in dump] == [[{"price": "0.5", "size": "5"}]]


# -- user channel ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1008, 4001])
async def test_bad_credentials_close_with_the_code_told(code: int) -> None:
    async with running(bad_auth_code=code) as kit, connect(kit.urls["ws_user"]) as ws:
        await ws.send(json.dumps({"type": "user", "auth": {"apiKey": "x"}}))
        with pytest.raises(ConnectionClosed) as closed:
            await ws.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code


@pytest.mark.parametrize(
    ("options", "trades", "name"),
    [
        ({}, None, "match_time"),
        ({"empty_trades": "list", "match_time_name": "matchtime"}, [], "matchtime"),
    ],
)
async def test_drifting_fields_of_user_events_are_spelled_as_told(
    options: dict[str, Any], trades: object, name: str
) -> None:
    async with running(**options) as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10))
        placed = await receive(ws, "order")
        assert placed["associate_trades"] == trades
        kit.sim.take(kit.market(FREE), "ask", 5_000, usd(4))
        trade = await receive(ws, "trade")
        assert {"match_time", "matchtime"} & set(trade) == {name}
        assert placed.keys() >= {
            "id", "owner", "order_owner", "market", "asset_id", "side", "original_size",
            "size_matched", "price", "outcome", "order_type", "expiration", "status",
            "maker_address", "created_at", "timestamp", "type",
        }  # fmt: skip


async def test_markets_can_be_left_and_entered_while_listening_to_all() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        for operation, expected in (("unsubscribe", 1), ("subscribe", 2)):
            await ws.send(json.dumps({"operation": operation, "markets": [kit.market(PLAIN)]}))
            assert await until_pong(ws) == []
            for pair in (PLAIN, FREE):
                await kit.client.post(kit.token(pair), "BUY", cash=usd(5), shares=usd(10))
            assert len(await until_pong(ws)) == expected
        await ws.send(json.dumps({"operation": "dance"}))
        assert await ws.recv() == "INVALID OPERATION"


@pytest.mark.parametrize(
    "status",
    ["CANCELED_NOT_ENOUGH_BALANCE", "CANCELED_MARKET_NOT_FOUND", "CANCELED_ORDER_TIMED_OUT"],
)
async def test_venue_may_end_an_order_for_reasons_of_its_own(status: str) -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        _, answer = await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10))
        body = {"id": answer["orderID"], "status": status}
        assert (await kit.admin("/_sim/polymarket/order", body))[0] == 200
        event = await receive(ws, "CANCELLATION", "type")
        assert (event["id"], event["status"]) == (answer["orderID"], status)
        assert (await kit.admin("/_sim/polymarket/order", body))[0] == 400


async def test_user_events_can_be_seconds_late() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        rule = {"on": "ws /ws/user", "kind": "ws_silent", "delay_ms": 4_000, "count": 1}
        kit.sim.faults.add([rule])
        await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10))
        await kit.clock.wait_for_sleeper(4.0)
        await kit.clock.advance(4_000)
        event = await receive(ws, "order")
        assert int(event["timestamp"]) == kit.clock.now_ns() // 1_000_000 - 4_000
