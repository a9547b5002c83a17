"""Keys, private reads, public market data, Gamma and the Data API over HTTP."""

import base64
import json

from tests.unit.sim.test_sim_polymarket_kit import (
    CRYPTO,
    FREE,
    NEG,
    PLAIN,
    Client,
    login_headers,
    running,
)

OTHER_KEY = "0x" + "42" * 32
NOW_S = 1_790_000_000


def usd(units: float) -> int:
    return round(units * 1_000_000)


async def test_any_wallet_can_make_a_key_once_and_derive_it_again() -> None:
    async with running() as kit:
        http, base = kit.client.http, kit.urls["clob"]
        async with http.get(
            f"{base}/auth/derive-api-key", headers=login_headers(OTHER_KEY, NOW_S)
        ) as response:
            assert response.status == 400
        async with http.post(
            f"{base}/auth/api-key", headers=login_headers(OTHER_KEY, NOW_S)
        ) as response:
            creds = await response.json()
            assert (response.status, sorted(creds)) == (200, ["apiKey", "passphrase", "secret"])
        async with http.post(
            f"{base}/auth/api-key", headers=login_headers(OTHER_KEY, NOW_S)
        ) as response:
            assert response.status == 400
        async with http.get(
            f"{base}/auth/derive-api-key", headers=login_headers(OTHER_KEY, NOW_S)
        ) as response:
            assert await response.json() == creds
        other = Client(http, kit, OTHER_KEY, creds)
        assert await other.call("GET", "/auth/api-keys") == (200, {"apiKeys": [creds["apiKey"]]})
        funds = {"owner": other.address, "cash_micros": usd(20)}
        assert (await kit.admin("/_sim/polymarket/account", funds))[0] == 200
        # Two accounts trade with each other, and each sees its own side.
        kit.sim.wallets.fund(
            kit.sim.wallets.open(kit.client.address, ""), 0, {kit.token(FREE): usd(10)}
        )
        await kit.client.post(kit.token(FREE), "SELL", cash=usd(5), shares=usd(10))
        _, answer = await other.post(
            kit.token(FREE), "BUY", cash=usd(5), shares=usd(10), kind="FOK"
        )
        assert answer["takingAmount"] == "10"
        sides = [
            (await who.call("GET", "/data/trades"))[1]["data"][0]["trader_side"]
            for who in (other, kit.client)
        ]
        assert sides == ["TAKER", "MAKER"]
        assert kit.wallet(other.address)["cash_micros"] == usd(15)


async def test_wrong_login_is_refused() -> None:
    async with running() as kit:
        good = login_headers(OTHER_KEY, NOW_S)
        wrong = [
            {**good, "POLY_NONCE": "1"},
            {**good, "POLY_ADDRESS": kit.client.address},
            {**good, "POLY_ADDRESS": "nobody"},
            {**good, "POLY_SIGNATURE": "0x12"},
            login_headers(OTHER_KEY, NOW_S - 301),
            login_headers(OTHER_KEY, NOW_S, chain_id=1),
            {},
        ]
        for headers in wrong:
            async with kit.client.http.post(
                f"{kit.urls['clob']}/auth/api-key", headers=headers
            ) as response:
                assert (response.status, await response.json()) == (
                    401,
                    {"error": "Invalid L1 Request headers"},
                )


async def test_private_calls_need_all_five_headers_to_be_right() -> None:
    async with running() as kit:
        good = kit.client.headers("GET", "/data/orders", "")
        wrong = [
            {
                **good,
                "POLY_SIGNATURE": kit.client.headers("GET", "/data/orders?market=1", "")[
                    "POLY_SIGNATURE"
                ],
            },
            {
                **good,
                "POLY_SIGNATURE": kit.client.headers("POST", "/data/orders", "")["POLY_SIGNATURE"],
            },
            {**good, "POLY_API_KEY": "x"},
            {**good, "POLY_PASSPHRASE": "x"},
            {**good, "POLY_TIMESTAMP": str(NOW_S + 1)},
            {**good, "POLY_TIMESTAMP": "soon"},
            {**good, "POLY_ADDRESS": kit.sim.accounts.deposit_wallet},
            {},
        ]
        url = f"{kit.urls['clob']}/data/orders?market=1"
        for headers in wrong:
            async with kit.client.http.get(url, headers=headers) as response:
                assert (response.status, await response.json()) == (
                    401,
                    {"error": "Unauthorized/Invalid api key"},
                )
        async with kit.client.http.get(url, headers=good) as response:
            assert response.status == 200


async def test_revoked_key_no_longer_works() -> None:
    async with running() as kit:
        assert await kit.client.call("DELETE", "/auth/api-key") == (200, "OK")
        assert (await kit.client.call("GET", "/data/orders"))[0] == 401


async def test_open_orders_are_paged_and_filtered() -> None:
    async with running(signer_limits="off") as kit:
        bodies = [
            kit.client.body(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
            for _ in range(101)
        ]
        for start in range(0, 101, 15):
            await kit.client.call("POST", "/orders", bodies[start : start + 15])
        _, other = await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10))
        _, page = await kit.client.call("GET", "/data/orders", params={"next_cursor": "MA=="})
        assert (page["limit"], page["count"], len(page["data"])) == (100, 100, 100)
        assert base64.b64decode(page["next_cursor"]) == b"100"
        _, page = await kit.client.call(
            "GET", "/data/orders", params={"next_cursor": page["next_cursor"]}
        )
        assert (page["count"], page["next_cursor"]) == (2, "LTE=")
        _, page = await kit.client.call("GET", "/data/orders", params={"market": kit.market(FREE)})
        assert [order["id"] for order in page["data"]] == [other["orderID"]]
        _, page = await kit.client.call("GET", "/data/orders", params={"next_cursor": "LTE="})
        assert page["data"] == []
        status, _ = await kit.client.call("GET", "/data/orders", params={"next_cursor": "?"})
        assert status == 400


async def test_reads_can_lag_behind_the_answer() -> None:
    async with running(read_lag_ms=500) as kit:
        kit.rest(FREE, "ask", 5_000, 20)
        _, answer = await kit.client.post(
            kit.token(FREE), "BUY", cash=usd(5), shares=usd(10), kind="FOK"
        )
        path = f"/data/order/{answer['orderID']}"
        assert (await kit.client.call("GET", path))[0] == 404
        assert (await kit.client.call("GET", "/data/trades"))[1]["data"] == []
        await kit.clock.advance(500)
        assert (await kit.client.call("GET", path))[1]["status"] == "MATCHED"
        assert len((await kit.client.call("GET", "/data/trades"))[1]["data"]) == 1


async def test_lagging_order_can_be_shown_with_nothing_matched() -> None:
    async with running(read_lag_ms=500, lagging_order="unfilled") as kit:
        kit.rest(FREE, "ask", 5_000, 20)
        _, answer = await kit.client.post(
            kit.token(FREE), "BUY", cash=usd(5), shares=usd(10), kind="FOK"
        )
        path = f"/data/order/{answer['orderID']}"
        seen = []
        for ms in (499, 1):
            await kit.clock.advance(ms)
            _, order = await kit.client.call("GET", path)
            seen.append((order["status"], order["size_matched"]))
        assert seen == [("LIVE", "0"), ("MATCHED", "10")]


async def test_finished_orders_can_be_unknown_to_reads() -> None:
    async with running(shows_finished_orders=False, prefixes_orders=True) as kit:
        _, answer = await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10))
        path = f"/data/order/{answer['orderID']}"
        assert (await kit.client.call("GET", path))[1]["status"] == "ORDER_STATUS_LIVE"
        _, page = await kit.client.call("GET", "/data/orders")
        assert page["data"][0]["status"] == "ORDER_STATUS_LIVE"
        kit.sim.take(kit.market(FREE), "ask", 5_000, usd(10))
        assert await kit.client.call("GET", path) == (404, {"error": "order not found"})


async def test_trades_are_filtered_by_time_and_address() -> None:
    async with running() as kit:
        kit.rest(FREE, "ask", 5_000, 40)
        terms = {"cash": usd(5), "shares": usd(10), "kind": "FOK"}
        await kit.client.post(kit.token(FREE), "BUY", **terms)
        await kit.clock.advance(10_000)
        _, late = await kit.client.post(kit.token(FREE), "BUY", **terms)
        for params in ({"after": str(NOW_S + 5)}, {"id": late["tradeIDs"][0]}):
            _, page = await kit.client.call("GET", "/data/trades", params=params)
            assert [trade["id"] for trade in page["data"]] == late["tradeIDs"]
        for params, count in (
            ({"before": str(NOW_S + 5)}, 1),
            ({"maker_address": kit.client.address}, 2),
            ({"maker_address": "0x" + "1" * 40}, 0),
            ({"market": kit.market(PLAIN)}, 0),
            ({"asset_id": kit.token(FREE)}, 2),
        ):
            _, page = await kit.client.call("GET", "/data/trades", params=params)
            assert page["count"] == count


async def test_public_endpoints_answer_in_the_venues_shapes() -> None:
    async with running() as kit:
        kit.rest(PLAIN, "bid", 5_100, 10)
        kit.rest(PLAIN, "ask", 5_400, 20)
        yes, no = kit.token(PLAIN), kit.token(PLAIN, 1)
        expected = [
            ("/ok", {}, "OK"),
            ("/time", {}, NOW_S),
            ("/version", {}, {"version": 2}),
            ("/price", {"token_id": yes, "side": "BUY"}, {"price": "0.54"}),
            ("/price", {"token_id": no, "side": "BUY"}, {"price": "0.49"}),
            ("/midpoint", {"token_id": yes}, {"mid": "0.525"}),
            ("/spread", {"token_id": no}, {"spread": "0.03"}),
            ("/tick-size", {"token_id": yes}, {"minimum_tick_size": 0.01}),
            ("/neg-risk", {"token_id": kit.token(NEG)}, {"neg_risk": True}),
            ("/fee-rate", {"token_id": yes}, {"base_fee": 1000}),
            ("/fee-rate", {"token_id": kit.token(FREE)}, {"base_fee": 0}),
            ("/last-trade-price", {"token_id": yes}, {"price": "0.5", "side": ""}),
        ]  # fmt: skip
        for path, params, body in expected:
            assert await kit.get("clob", path, **params) == (200, body)
        _, tokens = await kit.get("clob", f"/markets-by-token/{no}")
        assert tokens == {
            "condition_id": kit.market(PLAIN),
            "primary_token_id": yes,
            "secondary_token_id": no,
        }
        _, compact = await kit.get("clob", f"/clob-markets/{kit.market(CRYPTO)}")
        assert (compact["fd"], compact["itode"], compact["mts"]) == (
            {"r": 0.07, "e": 1, "to": True},
            True,
            0.01,
        )
        _, compact = await kit.get("clob", f"/clob-markets/{kit.market(FREE)}")
        assert "fd" not in compact
        _, market = await kit.get("clob", f"/markets/{kit.market(PLAIN)}")
        assert [token["token_id"] for token in market["tokens"]] == [yes, no]
        status, body = await kit.get("clob", "/markets/0x12")
        assert (status, body) == (404, {"error": "market not found"})


async def test_books_are_served_one_by_one_and_in_bulk() -> None:
    async with running() as kit:
        kit.rest(PLAIN, "bid", 5_100, 10)
        _, book = await kit.get("clob", "/book", token_id=kit.token(PLAIN, 1))
        assert (book["bids"], book["asks"]) == ([], [{"price": "0.49", "size": "10"}])
        assert (book["min_order_size"], book["tick_size"], book["neg_risk"]) == ("5", "0.01", False)
        assert await kit.get("clob", "/book", token_id="abc") == (
            400,
            {"error": "Invalid token id"},
        )
        assert (await kit.get("clob", "/book", token_id="123"))[0] == 404
        asked = [{"token_id": token} for token in (kit.token(PLAIN), "123", kit.token(FREE))]
        async with kit.client.http.post(f"{kit.urls['clob']}/books", json=asked) as response:
            books = await response.json()
        assert {book["asset_id"] for book in books} == {kit.token(PLAIN), kit.token(FREE)}
        async with kit.client.http.post(
            f"{kit.urls['clob']}/books", json=asked[:1] * 501
        ) as response:
            assert (response.status, await response.json()) == (
                400,
                {"error": "Payload exceeds the limit"},
            )


async def test_closed_market_has_no_book_and_its_orders_end() -> None:
    async with running() as kit:
        _, answer = await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        await kit.admin("/_sim/market", {"market": kit.market(PLAIN), "status": "paused"})
        status, _ = await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        assert status == 400
        await kit.admin("/_sim/market", {"market": kit.market(PLAIN), "status": "closed"})
        assert (await kit.get("clob", "/book", token_id=kit.token(PLAIN)))[0] == 404
        _, order = await kit.client.call("GET", f"/data/order/{answer['orderID']}")
        assert order["status"] == "CANCELED_MARKET_RESOLVED"
        _, page = await kit.get("gamma", "/markets/keyset", closed="true")
        assert [market["conditionId"] for market in page["markets"]] == [kit.market(PLAIN)]


async def test_gamma_pages_markets_and_encodes_arrays_as_strings() -> None:
    async with running() as kit:
        seen = []
        params: dict[str, str] = {"limit": "4"}
        while True:
            _, page = await kit.get("gamma", "/markets/keyset", **params)
            seen += page["markets"]
            if "next_cursor" not in page:
                break
            params["after_cursor"] = page["next_cursor"]
        assert len({market["conditionId"] for market in seen}) == len(seen) == 6
        assert [int(market["id"]) for market in seen] == sorted(
            int(market["id"]) for market in seen
        )
        market = next(market for market in seen if market["conditionId"] == kit.market(PLAIN))
        assert json.loads(market["clobTokenIds"]) == [kit.token(PLAIN), kit.token(PLAIN, 1)]
        assert json.loads(market["outcomes"]) == ["Yes", "No"]
        assert market["feeSchedule"] == {
            "rate": 0.05,
            "exponent": 1,
            "takerOnly": True,
            "rebateRate": 0.25,
        }
        assert (market["orderMinSize"], market["orderPriceMinTickSize"]) == (5, 0.01)
        assert market["endDate"].endswith("Z")
        assert market["events"][0]["slug"] == market["slug"]
        for path in (f"/markets/{market['id']}", f"/markets/slug/{market['slug']}"):
            assert (await kit.get("gamma", path))[1]["conditionId"] == kit.market(PLAIN)
        _, found = await kit.get("gamma", "/markets", condition_ids=kit.market(PLAIN))
        assert [row["conditionId"] for row in found] == [kit.market(PLAIN)]
        _, events = await kit.get("gamma", "/events/keyset", limit="100")
        assert len(events["events"]) == 6
        assert (await kit.get("gamma", "/markets/keyset", offset="1"))[0] == 422
        assert (await kit.get("gamma", "/markets/1"))[0] == 404


async def test_positions_show_what_a_wallet_holds_and_what_can_be_redeemed() -> None:
    async with running() as kit:
        kit.rest(FREE, "ask", 5_000, 20)
        await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10), kind="FOK")
        _, rows = await kit.get("data", "/positions", user=kit.client.address)
        assert [(row["asset"], row["size"], row["redeemable"]) for row in rows] == [
            (kit.token(FREE), 10, False)
        ]
        await kit.admin("/_sim/market", {"market": kit.market(FREE), "status": "resolved:0"})
        _, rows = await kit.get("data", "/positions", user=kit.client.address)
        assert (rows[0]["redeemable"], rows[0]["curPrice"]) == (True, 1)
        assert await kit.get("data", "/positions", user="0x12") == (200, [])


async def test_admin_refuses_nonsense() -> None:
    async with running() as kit:
        for path, body in (
            ("/_sim/polymarket/mode", {"mode": "party"}),
            ("/_sim/polymarket/tick", {"market": kit.market(PLAIN), "tick_e4": 7}),
            ("/_sim/polymarket/delay", {"market": "x", "seconds": 1}),
            ("/_sim/polymarket/trade", {"id": "x", "status": "FAILED"}),
            ("/_sim/polymarket/account", {"owner": "x"}),
            ("/_sim/market", {"market": kit.market(PLAIN), "status": "gone"}),
        ):
            assert (await kit.admin(path, body))[0] == 400


async def test_crowd_keeps_books_two_sided_and_hashes_right() -> None:
    async with running(flow=True, hash_every=3) as kit:
        await kit.clock.advance(2_000)
        for market_id, exchange in kit.sim.exchanges.items():
            market = kit.sim.markets[market_id]
            fresh = type(market.book)(
                market_id,
                market.book.token_ids,
                tick_e4=market.book.tick_e4,
                min_size_e6=market.book.min_size_e6,
                is_neg_risk=market.book.is_neg_risk,
            )
            fresh.last_trade_e4 = market.book.last_trade_e4
            fresh.load(exchange)
            assert fresh.hash(0, 1) == market.book.hash(0, 1)
            assert fresh.hash(1, 1) == market.book.hash(1, 1)
            assert market.book.levels(0)[0]
            assert market.book.levels(0)[1]
