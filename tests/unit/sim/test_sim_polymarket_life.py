"""The life of orders and trades: every status, and the stimulus that brings it about."""

import asyncio
import contextlib
import json
from typing import Any

import pytest

from tests.unit.sim.polymarket_people import join, usd
from tests.unit.sim.test_sim_polymarket_kit import CRYPTO, FREE, PLAIN, Kit, receive, running
from twoleg.sim.polymarket.engine import ENDS
from twoleg.sim.world import FlowWorld

BUY: dict[str, Any] = {"cash": usd(5), "shares": usd(10)}


async def delayed(kit: Kit, **terms: Any) -> str:
    """Post an order that would trade into a market that holds takers for three seconds."""
    await kit.admin("/_sim/polymarket/delay", {"market": kit.market(FREE), "seconds": 3})
    kit.rest(FREE, "ask", 5_000, 50)
    _, answer = await kit.client.post(kit.token(FREE), "BUY", **{**BUY, **terms})
    assert (answer["status"], answer["makingAmount"], answer["tradeIDs"]) == ("delayed", "", [])
    return str(answer["orderID"])


async def status_of(kit: Kit, order_id: str) -> str:
    return str((await kit.client.call("GET", f"/data/order/{order_id}"))[1]["status"])


@pytest.mark.parametrize("status", ENDS)
async def test_resting_order_can_end_in_every_way_the_venue_knows(status: str) -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        _, answer = await kit.client.post(kit.token(PLAIN), "BUY", **BUY)
        body = {"id": answer["orderID"], "status": status}
        assert (await kit.admin("/_sim/polymarket/order", body))[0] == 200
        assert (await receive(ws, "CANCELLATION", "type"))["status"] == status
        told = "CANCELED" if status.startswith("CANCELED") else "INVALID"
        told = status if status == "CANCELED_MARKET_RESOLVED" else told
        assert await status_of(kit, answer["orderID"]) == told
        assert kit.wallet(kit.client.address)["held"] == {}
        assert (await kit.admin("/_sim/polymarket/order", body))[0] == 400
        assert (await kit.admin("/_sim/polymarket/order", {**body, "status": "GONE"}))[0] == 400


async def test_delayed_order_is_matched_and_the_user_channel_tells() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        order_id = await delayed(kit)
        assert (await receive(ws, "order"))["status"] == "DELAYED"
        assert await status_of(kit, order_id) == "DELAYED"
        await kit.clock.advance(3_000)
        assert (await receive(ws, "trade"))["status"] == "MATCHED"
        event = await receive(ws, "order")
        assert (event["type"], event["status"], event["size_matched"]) == (
            "UPDATE",
            "MATCHED",
            "10",
        )


async def test_delayed_limit_order_that_finds_nothing_is_unmatched_and_rests() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        order_id = await delayed(kit)
        kit.sim.clear(kit.market(FREE))
        await kit.clock.advance(3_000)
        assert (await receive(ws, "UNMATCHED", "status"))["type"] == "UPDATE"
        assert await status_of(kit, order_id) == "LIVE"
        _, answer = await kit.client.call("DELETE", "/order", {"orderID": order_id})
        assert answer["canceled"] == [order_id]


async def test_delayed_order_ends_with_its_market_or_its_money() -> None:
    async with running() as kit:
        order_id = await delayed(kit)
        await kit.set_status(FREE, "paused")
        await kit.clock.advance(3_000)
        assert kit.sim.engine.orders[order_id].status == "CANCELED_MARKET_NOT_FOUND"
    async with running() as kit:
        order_id = await delayed(kit)
        kit.sim.wallets.open(kit.client.address, "").cash_micros = usd(4)
        await kit.clock.advance(3_000)
        assert kit.sim.engine.orders[order_id].status == "CANCELED_NOT_ENOUGH_BALANCE"


async def test_order_whose_liquidity_goes_before_its_turn_is_answered_unmatched() -> None:
    async with running([{"on": "POST /order", "kind": "kill", "count": 1}]) as kit:
        kit.rest(FREE, "ask", 5_000, 50)
        _, answer = await kit.client.post(kit.token(FREE), "BUY", **BUY)
        assert (answer["status"], answer["makingAmount"]) == ("unmatched", "")
        assert await status_of(kit, answer["orderID"]) == "LIVE"


async def test_crypto_order_whose_market_closes_meanwhile_is_invalid() -> None:
    async with running() as kit:
        kit.rest(CRYPTO, "ask", 5_000, 50)
        body = kit.client.body(kit.token(CRYPTO), "BUY", **BUY)
        task = asyncio.ensure_future(kit.client.call("POST", "/order", body))
        await kit.clock.wait_for_sleeper(0.05)
        await kit.set_status(CRYPTO, "paused")
        await kit.clock.advance(50)
        assert (await task)[0] == 404
        (order_id,) = kit.sim.engine.orders
        assert await status_of(kit, order_id) == "INVALID"


async def test_deferred_order_is_answered_before_it_is_matched() -> None:
    async with running() as kit:
        kit.rest(FREE, "ask", 5_000, 50)
        _, answer = await kit.client.post(kit.token(FREE), "BUY", deferred=True, **BUY)
        assert answer["status"] == "delayed"
        await kit.clock.advance(0)
        assert await status_of(kit, answer["orderID"]) == "MATCHED"


async def test_deferred_post_only_order_that_has_come_to_cross_is_invalid() -> None:
    async with running() as kit:
        _, answer = await kit.client.post(
            kit.token(FREE), "BUY", deferred=True, post_only=True, **BUY
        )
        kit.rest(FREE, "ask", 5_000, 50)
        await kit.clock.advance(0)
        assert await status_of(kit, answer["orderID"]) == "INVALID"


@pytest.mark.parametrize("status", ["matched", "live"])
async def test_partly_filled_limit_order_is_called_one_or_the_other(status: str) -> None:
    async with running(partly_filled_status=status) as kit:
        kit.rest(FREE, "ask", 5_000, 4)
        _, answer = await kit.client.post(kit.token(FREE), "BUY", **BUY)
        assert (answer["status"], answer["takingAmount"]) == (status, "4")
        kit.rest(FREE, "ask", 5_000, 6)
        kit.rest(FREE, "ask", 5_000, 10)
        # A whole fill is matched either way.
        _, answer = await kit.client.post(kit.token(FREE), "BUY", **BUY)
        assert answer["status"] == "matched"


async def test_rest_of_a_fak_can_go_without_an_update() -> None:
    async with running(tells_fak_update=False) as kit, contextlib.AsyncExitStack() as stack:
        kit.rest(FREE, "ask", 5_000, 4)
        ws = await kit.client.user_channel(stack)
        await kit.client.post(kit.token(FREE), "BUY", kind="FAK", **BUY)
        seen = [json.loads(await ws.recv())["type"] for _ in range(3)]
        assert seen == ["PLACEMENT", "TRADE", "CANCELLATION"]


async def test_reasons_not_to_cancel_can_be_one() -> None:
    async with running(merges_cancel_reasons=True) as kit:
        ids = []
        for _ in range(2):
            _, answer = await kit.client.post(kit.token(FREE), "BUY", **BUY)
            ids.append(answer["orderID"])
        await kit.client.call("DELETE", "/order", {"orderID": ids[0]})
        kit.sim.take(kit.market(FREE), "ask", 5_000, usd(10))
        _, answer = await kit.client.call("DELETE", "/orders", [*ids, "0x12"])
        over = "already canceled or matched"
        unknown = "Order not found or already canceled"
        assert answer["not_canceled"] == {ids[0]: over, ids[1]: over, "0x12": unknown}


async def test_cancels_are_limited_to_a_thousand() -> None:
    async with running(signer_limits="off") as kit:
        ids = [f"0x{number:x}" for number in range(1_001)]
        assert await kit.client.call("DELETE", "/orders", ids) == (
            400,
            {"error": "Too many orders in payload: 1001, max allowed: 1000"},
        )
        _, answer = await kit.client.call("DELETE", "/orders", ids[1:])
        assert len(answer["not_canceled"]) == 1_000


@pytest.mark.parametrize("side", ["BUY", "SELL"])
async def test_maker_is_filled_on_the_complement_with_its_own_price_and_side(side: str) -> None:
    async with running() as kit:
        yes, no = kit.token(FREE), kit.token(FREE, 1)
        other = await join(kit)
        for client in (kit.client, other):
            wallet = kit.sim.wallets.open(client.address, "")
            kit.sim.wallets.fund(wallet, 0, {yes: usd(10), no: usd(10)})
        _, rested = await kit.client.post(yes, side, cash=usd(6), shares=usd(10))
        # Two buyers mint a pair for a dollar, two sellers merge one.
        _, answer = await other.post(no, side, cash=usd(4), shares=usd(10), kind="FOK")
        assert {answer["makingAmount"], answer["takingAmount"]} == {"4", "10"}
        _, page = await kit.client.call("GET", "/data/trades")
        (trade,) = page["data"]
        (maker,) = trade["maker_orders"]
        assert (trade["trader_side"], trade["asset_id"], trade["price"]) == ("MAKER", no, "0.4")
        assert (maker["order_id"], maker["asset_id"], maker["price"], maker["side"]) == (
            rested["orderID"],
            yes,
            "0.6",
            side,
        )
        sign = 1 if side == "BUY" else -1
        mine, theirs = (kit.wallet(client.address) for client in (kit.client, other))
        assert mine["positions_e6"].get(yes, 0) == usd(10) + sign * usd(10)
        assert theirs["positions_e6"].get(no, 0) == usd(10) + sign * usd(10)
        paid = [wallet["opening_micros"] - wallet["cash_micros"] for wallet in (mine, theirs)]
        assert paid == [sign * usd(6), sign * usd(4)]


async def fill(kit: Kit) -> str:
    kit.rest(PLAIN, "ask", 5_000, 100)
    _, answer = await kit.client.post(kit.token(PLAIN), "BUY", kind="FOK", **BUY)
    return str(answer["tradeIDs"][0])


async def trade_of(kit: Kit, trade_id: str) -> dict[str, Any]:
    _, page = await kit.client.call("GET", "/data/trades", params={"id": trade_id})
    return dict(page["data"][0])


async def test_trade_may_wait_to_be_broadcast() -> None:
    async with running(shows_not_broadcasted=True, prefixes_trades=False) as kit:
        trade_id = await fill(kit)
        seen = []
        for ms in (499, 1, 1_000, 1_000):
            await kit.clock.advance(ms)
            trade = await trade_of(kit, trade_id)
            seen.append((trade["status"], bool(trade["transaction_hash"])))
        assert seen == [
            ("MATCHED", False),
            ("MATCHED_NOT_BROADCASTED", False),
            ("MINED", True),
            ("CONFIRMED", True),
        ]


async def test_mined_trade_that_is_sent_again_gets_another_hash() -> None:
    async with running() as kit:
        trade_id = await fill(kit)
        hashes = []
        for status in ("MINED", "RETRYING", "MINED"):
            body = {"id": trade_id, "status": status}
            assert (await kit.admin("/_sim/polymarket/trade", body))[0] == 200
            hashes.append((await trade_of(kit, trade_id))["transaction_hash"])
        first, none, second = hashes
        assert none == ""
        assert first != second
        assert (await trade_of(kit, trade_id))["status"] == "TRADE_STATUS_MINED"


async def test_failed_trade_takes_back_what_it_gave() -> None:
    async with running() as kit:
        before = kit.wallet(kit.client.address)
        trade_id = await fill(kit)
        body = {"id": trade_id, "status": "FAILED"}
        await kit.admin("/_sim/polymarket/trade", body)
        after = kit.wallet(kit.client.address)
        assert (after["cash_micros"], after["positions_e6"]) == (before["cash_micros"], {})
        # A terminal status stays.
        _, told = await kit.admin("/_sim/polymarket/trade", {**body, "status": "MINED"})
        assert told["status"] == "FAILED"


async def test_delays_of_takers_can_be_set_at_the_start() -> None:
    market = FlowWorld(7, 6).pairs[FREE].polymarket.condition_id
    async with running(delay_s_by_market={market: 2}) as kit:
        assert kit.market(FREE) == market
        answers = []
        for pair in (FREE, PLAIN):
            kit.rest(pair, "ask", 5_000, 50)
            _, answer = await kit.client.post(
                kit.token(pair), "BUY", cash=usd(10), shares=usd(20), kind="FOK"
            )
            answers.append(answer)
        assert [answer["status"] for answer in answers] == ["delayed", "matched"]
        order_path = f"/data/order/{answers[0]['orderID']}"
        await kit.clock.advance(1_999)
        assert (await kit.client.call("GET", order_path))[1]["size_matched"] == "0"
        await kit.clock.advance(1)
        assert (await kit.client.call("GET", order_path))[1]["size_matched"] == "20"


async def test_post_only_time_after_a_restart_can_be_shorter() -> None:
    async with running(post_only_after_restart_ms=5_000) as kit:
        await kit.admin("/_sim/polymarket/mode", {"mode": "restarting", "duration_ms": 1_000})
        statuses = []
        for wait_ms in (1_000, 4_999, 1):
            await kit.clock.advance(wait_ms)
            order = kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
            statuses.append((await order)[0])
        assert statuses == [503, 503, 200]
