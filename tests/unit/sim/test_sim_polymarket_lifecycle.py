"""Markets from their creation to their end, and the kinds of markets beside the pairs."""

import contextlib
import json
from typing import Any

import pytest

from tests.unit.sim.test_sim_polymarket_kit import (
    NEG,
    PLAIN,
    Kit,
    receive,
    running,
    subscribe,
    until_pong,
)
from twoleg.sim.polymarket.extras import extra_markets
from twoleg.sim.world import FlowWorld, PolymarketMarket

NOW_S = 1_790_000_000
QUESTION = "Will it rain in Dublin on Friday?"


def usd(units: float) -> int:
    return round(units * 1_000_000)


async def create(kit: Kit, **more: Any) -> dict[str, Any]:
    body = {"question": QUESTION, **more}
    status, market = await kit.admin("/_sim/polymarket/market", body)
    assert status == 200
    return dict(market)


async def test_new_market_is_discovered_before_it_can_be_traded() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN), custom_feature_enabled=True)
        plain = await subscribe(kit, stack, kit.token(PLAIN))
        market = await create(kit, ready_after_ms=60_000, tick_e4=10, category="Weather")
        told = await receive(ws, "new_market")
        token = market["token_ids"][0]
        assert (told["condition_id"], told["clob_token_ids"]) == (
            market["condition_id"],
            market["token_ids"],
        )
        assert (told["question"], told["outcomes"], told["active"]) == (
            QUESTION,
            ["Yes", "No"],
            True,
        )
        assert (told["order_price_min_tick_size"], told["fees_enabled"]) == ("0.001", True)
        assert told["fee_schedule"] == {
            "exponent": "1", "rate": "0.04", "taker_only": True, "rebate_rate": "0.25",
        }  # fmt: skip
        assert [frame for frame in await until_pong(plain) if isinstance(frame, dict)] == []
        _, found = await kit.get("gamma", "/markets/keyset", slug=market["slug"])
        assert [row["acceptingOrders"] for row in found["markets"]] == [False]
        assert not found["markets"][0]["closed"]
        paths = (
            f"/book?token_id={token}",
            f"/markets/{market['condition_id']}",
            f"/clob-markets/{market['condition_id']}",
            f"/markets-by-token/{token}",
        )
        assert [(await kit.get("clob", path))[0] for path in paths] == [404] * 4
        assert (await kit.client.post(token, "BUY", cash=usd(5), shares=usd(10)))[0] == 404
        # Who listens early gets the book as soon as there is one.
        await ws.send(json.dumps({"operation": "subscribe", "assets_ids": [token]}))
        assert await until_pong(ws) == [[]]
        await kit.clock.advance(60_000)
        book = await receive(ws, "book")
        assert (book["asset_id"], book["bids"], book["asks"]) == (token, [], [])
        assert [(await kit.get("clob", path))[0] for path in paths] == [200] * 4
        status, answer = await kit.client.post(token, "BUY", cash=usd(5), shares=usd(10))
        assert (status, answer["status"]) == (200, "live")
        change = await receive(ws, "price_change")
        assert change["price_changes"][0]["asset_id"] == token


@pytest.mark.parametrize(
    "more",
    [
        {"question": 5},
        {"tick_e4": 7},
        {"outcomes": ["Yes"]},
        {"neg_risk": "no"},
        {"ready_after_ms": -1},
    ],
)
async def test_market_that_makes_no_sense_is_not_created(more: dict[str, Any]) -> None:
    async with running() as kit:
        known = list(kit.sim.markets)
        body = {"question": QUESTION, **more}
        assert (await kit.admin("/_sim/polymarket/market", body))[0] == 400
        assert list(kit.sim.markets) == known


async def test_market_is_created_once() -> None:
    async with running() as kit:
        market = await create(kit)
        assert market["status"] == "open"
        status, body = await kit.admin("/_sim/polymarket/market", {"question": QUESTION})
        assert (status, body) == (
            400,
            {"error": f"there is a market {market['condition_id']} already"},
        )


@pytest.mark.parametrize("word", ["proposed", "disputed"])
async def test_resolution_under_way_takes_the_book_without_closing(word: str) -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        kit.rest(PLAIN, "bid", 5_000, 5)
        await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        await receive(ws, "book")
        user = await kit.client.user_channel(stack)
        await kit.set_status(PLAIN, word)
        event = await receive(user, "CANCELLATION", "type")
        assert event["status"] == "CANCELED_MARKET_RESOLVED"
        change = await receive(ws, "price_change")
        assert change["price_changes"][0]["size"] != "10"
        assert (await kit.get("clob", "/book", token_id=kit.token(PLAIN)))[0] == 404
        _, page = await kit.get("gamma", "/markets/keyset", uma_resolution_status=word)
        (row,) = page["markets"]
        assert (row["conditionId"], row["closed"], row["acceptingOrders"]) == (
            kit.market(PLAIN),
            False,
            False,
        )
        status, _ = await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        assert status == 404
        late = await subscribe(kit, stack, kit.token(PLAIN))
        assert await until_pong(late) == [[]]
        # A rejected proposal opens it again.
        await kit.set_status(PLAIN, "open")
        status, _ = await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        assert status == 200


@pytest.mark.parametrize("tells", [True, False])
async def test_resolution_names_the_winner_and_may_never_be_told(*, tells: bool) -> None:
    async with running(resolved_event=tells) as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN), custom_feature_enabled=True)
        await receive(ws, "book")
        await kit.set_status(PLAIN, "resolved:1")
        frames = await until_pong(ws)
        assert [frame["winning_outcome"] for frame in frames] == (["No"] if tells else [])
        _, page = await kit.get("gamma", "/markets/keyset", closed="true")
        (row,) = page["markets"]
        assert (json.loads(row["outcomePrices"]), row["umaResolutionStatus"]) == (
            ["0", "1"],
            "resolved",
        )


async def test_paused_market_keeps_its_book() -> None:
    async with running() as kit:
        kit.rest(PLAIN, "bid", 5_000, 5)
        await kit.set_status(PLAIN, "paused")
        _, book = await kit.get("clob", "/book", token_id=kit.token(PLAIN))
        assert book["bids"] == [{"price": "0.5", "size": "5"}]
        _, page = await kit.get("gamma", "/markets/keyset", condition_ids=kit.market(PLAIN))
        (row,) = page["markets"]
        assert (row["acceptingOrders"], row["closed"], row["active"]) == (False, False, True)


async def test_book_is_cleared_when_the_game_starts() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        kit.rest(PLAIN, "ask", 6_000, 5)
        _, answer = await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        await receive(ws, "book")
        game = {"market": kit.market(PLAIN), "start_in_s": 30}
        await kit.admin("/_sim/polymarket/game", {**game, "start_in_s": 10})
        await kit.admin("/_sim/polymarket/game", game)
        _, page = await kit.get("gamma", "/markets/keyset", condition_ids=kit.market(PLAIN))
        assert page["markets"][0]["gameStartTime"] == "2026-09-21T14:13:50Z"
        # The start was moved: at the old one nothing happens.
        await kit.clock.advance(29_999)
        assert await until_pong(ws) == []
        await kit.clock.advance(1)
        book = await receive(ws, "book")
        assert (book["bids"], book["asks"]) == ([], [])
        _, order = await kit.client.call("GET", f"/data/order/{answer['orderID']}")
        assert order["status"] == "CANCELED"
        status, _ = await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        assert status == 200


async def test_order_entry_follows_a_finer_tick() -> None:
    async with running(auto_tick=True) as kit, contextlib.AsyncExitStack() as stack:
        ws = await subscribe(kit, stack, kit.token(PLAIN))
        fine = {"cash": usd(97.15), "shares": usd(100)}
        status, answer = await kit.client.post(kit.token(PLAIN), "BUY", **fine)
        assert (status, "breaks minimum tick size rule: 0.01" in answer["error"]) == (400, True)
        kit.rest(PLAIN, "ask", 300, 5)
        event = await receive(ws, "tick_size_change")
        assert (event["asset_id"], event["new_tick_size"]) == (kit.token(PLAIN), "0.001")
        kit.sim.clear(kit.market(PLAIN))
        status, _ = await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(97.1), shares=usd(100))
        assert status == 200


# -- markets beside the pairs ----------------------------------------------------------------------


def extra(word: str) -> PolymarketMarket:
    return next(market for market in extra_markets(7) if word in market.question)


async def test_extra_markets_leave_the_pairs_as_they_are() -> None:
    async with running(extra_markets=True) as kit:
        pairs = [pair.polymarket.condition_id for pair in FlowWorld(7, 6).pairs]
        assert list(kit.sim.markets)[:6] == pairs
        assert len(kit.sim.markets) == 6 + len(extra_markets(7))
        assert extra_markets(7) == extra_markets(7) != extra_markets(8)
        for spec in extra_markets(7):
            status, book = await kit.get("clob", "/book", token_id=spec.token_ids[1])
            if spec.is_placeholder:
                assert status == 404
            else:
                assert book["tick_size"] == f"{spec.tick_e4 / 10_000:g}"
                assert len(book["bids"]) == len(book["asks"]) == 3


async def test_position_ids_tell_the_protocol_by_their_bits() -> None:
    async with running(extra_markets=True) as kit:
        _, page = await kit.get("gamma", "/markets/keyset", version="v2", limit="100")
        assert len(page["markets"]) == 2
        for row in page["markets"]:
            assert row["clobTokenIds"] is None
            assert row["conditionId"] == f"{int(row['positionIds'][0]):#066x}"[:-2]
            for index, token in enumerate(row["positionIds"]):
                assert int(token) & (((1 << 64) - 1) << 40) == 0
                assert int(token) & 0xFF == index
            assert int(row["positionIds"][0]) >> 248 == (2 if row["negRisk"] else 1)
            _, compact = await kit.get("clob", f"/clob-markets/{row['conditionId']}")
            assert compact["v"] == "v2"
        _, page = await kit.get("gamma", "/markets/keyset", version="v1", limit="100")
        assert all("positionIds" not in row for row in page["markets"])


async def test_primary_token_of_the_clob_is_not_always_the_first() -> None:
    async with running(extra_markets=True) as kit:
        game = extra("Hawks vs. Nets")
        _, tokens = await kit.get("clob", f"/markets-by-token/{game.token_ids[0]}")
        assert tokens["primary_token_id"] == game.token_ids[1]
        _, tokens = await kit.get("clob", f"/markets-by-token/{kit.token(NEG, 1)}")
        assert tokens["primary_token_id"] == kit.token(NEG)


async def test_game_delays_takers_and_says_when_it_starts() -> None:
    async with running(extra_markets=True) as kit:
        game = extra("O/U")
        _, row = await kit.get("gamma", f"/markets/slug/{game.slug}")
        assert (row["secondsDelay"], row["gameStartTime"], row["outcomes"]) == (
            3,
            "2035-12-30T23:59:59Z",
            '["Over", "Under"]',
        )
        _, compact = await kit.get("clob", f"/clob-markets/{game.condition_id}")
        assert (compact["gst"], compact["cbos"]) == ("2035-12-30T23:59:59Z", True)
        status, answer = await kit.client.post(
            game.token_ids[0], "BUY", cash=usd(5.5), shares=usd(10), kind="FOK"
        )
        assert (status, answer["status"]) == (200, "delayed")


async def test_neg_risk_event_nests_placeholders_that_lists_leave_out() -> None:
    async with running(extra_markets=True) as kit:
        _, event = await kit.get("gamma", "/events/slug/who-will-win-the-2031-mayoral-election")
        rows = {row["groupItemTitle"]: row for row in event["markets"]}
        assert list(rows) == ["Alice Example", "Bob Example", "Person C", "Other"]
        assert [row["active"] for row in rows.values()] == [True, True, False, True]
        assert [row["negRiskOther"] for row in rows.values()] == [False, False, False, True]
        assert {row["negRiskMarketID"] for row in rows.values()} == {event["negRiskMarketID"]}
        assert event["negRiskAugmented"]
        _, page = await kit.get("gamma", "/markets/keyset", tag_id="100")
        assert len(page["markets"]) == 3
        status, _ = await kit.get("clob", f"/markets/{rows['Person C']['conditionId']}")
        assert status == 404


async def test_crypto_market_without_yes_and_no_holds_takers_back() -> None:
    async with running(extra_markets=True) as kit:
        market = extra("Up or Down")
        _, compact = await kit.get("clob", f"/clob-markets/{market.condition_id}")
        assert (compact["itode"], [token["o"] for token in compact["t"]]) == (
            True,
            ["Up", "Down"],
        )
