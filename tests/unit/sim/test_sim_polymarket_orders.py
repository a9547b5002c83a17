"""Order entry over real sockets: checks, matching, money."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.unit.sim.test_sim_polymarket_kit import (
    CRYPTO,
    FINE,
    FREE,
    NEG,
    PLAIN,
    STANDARD,
    Kit,
    digest,
    order_message,
    running,
)

CENT = 10_000
CASH = 10_000_000_000


def usd(units: float) -> int:
    return round(units * 1_000_000)


async def test_gtc_not_crossing_rests_under_its_eip712_hash() -> None:
    async with running() as kit:
        body = kit.client.body(kit.token(PLAIN), "BUY", cash=usd(4.8), shares=usd(10))
        struct = {**body["order"], "side": 0, "metadata": bytes(32), "builder": bytes(32)}
        for name in ("tokenId", "makerAmount", "takerAmount", "timestamp"):
            struct[name] = int(struct[name])
        for name in ("expiration", "signature"):
            del struct[name]
        status, answer = await kit.client.call("POST", "/order", body)
        assert status == 200
        assert answer == {
            "success": True, "errorMsg": "", "orderID": digest(order_message(struct, STANDARD)),
            "status": "live", "makingAmount": "", "takingAmount": "", "tradeIDs": [], "transactionsHashes": [],
        }  # fmt: skip
        assert kit.sim.exchanges[kit.market(PLAIN)].levels("bid") == [(4_800, usd(10))]


@pytest.mark.parametrize("signature_type", [0, 3])
async def test_fok_buy_spends_its_dollars_and_gets_more_shares_at_a_better_price(
    signature_type: int,
) -> None:
    async with running() as kit:
        kit.rest(PLAIN, "ask", 4_000, 10)
        kit.rest(PLAIN, "ask", 5_000, 100)
        wallet = kit.client.address if signature_type == 0 else kit.sim.accounts.deposit_wallet
        status, answer = await kit.client.post(
            kit.token(PLAIN), "BUY", cash=usd(10), shares=usd(20), kind="FOK",
            signature_type=signature_type, maker=wallet,
        )  # fmt: skip
        assert status == 200, answer
        assert (answer["status"], answer["makingAmount"], answer["takingAmount"]) == (
            "matched",
            "10",
            "22",
        )
        assert len(answer["tradeIDs"]) == 2
        # 5 % of shares · p · (1 − p): 10 at 0.40, 12 at 0.50.
        fees = usd(10 * 0.05 * 0.24) + usd(12 * 0.05 * 0.25)
        held = kit.wallet(wallet)
        assert held["cash_micros"] == CASH - usd(10) - fees
        assert held["fees_micros"] == fees
        assert held["positions_e6"] == {kit.token(PLAIN): usd(22)}
        assert held["held"] == {}


async def test_dollar_buy_at_an_awkward_price_costs_exactly_what_the_answer_says() -> None:
    async with running() as kit:
        kit.rest(FINE, "ask", 330, 7)
        kit.rest(FINE, "ask", 470, 1_000)
        status, answer = await kit.client.post(
            kit.token(FINE), "BUY", cash=usd(1.01), shares=21_489_300, kind="FOK"
        )
        assert status == 200, answer
        assert answer["makingAmount"] == "1.01"
        status, page = await kit.client.call("GET", "/data/trades")
        wallet = kit.wallet(kit.client.address)
        assert CASH - wallet["cash_micros"] - wallet["fees_micros"] == usd(1.01)
        bought = wallet["positions_e6"][kit.token(FINE)]
        assert answer["takingAmount"] == f"{bought / 1e6:.6f}".rstrip("0")
        assert {trade["id"] for trade in page["data"]} == set(answer["tradeIDs"])
        assert all(len(trade["maker_orders"]) == 1 for trade in page["data"])


async def test_fok_that_cannot_spend_everything_is_killed_without_a_trade() -> None:
    async with running() as kit:
        kit.rest(PLAIN, "ask", 5_000, 19)
        body = {"cash": usd(10), "shares": usd(20), "kind": "FOK"}
        status, answer = await kit.client.post(kit.token(PLAIN), "BUY", **body)
        assert status == 400
        assert answer == {
            "error": "order couldn't be fully filled. FOK orders are fully filled or killed."
        }
        assert kit.sim.exchanges[kit.market(PLAIN)].levels("ask") == [(5_000, usd(19))]
        assert kit.wallet(kit.client.address)["cash_micros"] == CASH


async def test_fak_fills_what_it_can_and_kills_the_rest() -> None:
    async with running() as kit:
        kit.rest(FREE, "ask", 5_000, 8)
        status, answer = await kit.client.post(
            kit.token(FREE), "BUY", cash=usd(10), shares=usd(20), kind="FAK"
        )
        assert (status, answer["status"]) == (200, "matched")
        assert (answer["makingAmount"], answer["takingAmount"]) == ("4", "8")
        status, order = await kit.client.call("GET", f"/data/order/{answer['orderID']}")
        assert (order["status"], order["size_matched"]) == ("CANCELED", "8")
        assert kit.wallet(kit.client.address)["cash_micros"] == CASH - usd(4)


async def test_fak_without_a_match_is_refused_with_its_order_id() -> None:
    async with running() as kit:
        status, answer = await kit.client.post(
            kit.token(FREE), "BUY", cash=usd(10), shares=usd(20), kind="FAK"
        )
        assert status == 400
        assert answer["error"].startswith("no orders found to match with FAK order.")
        assert answer["orderID"].startswith("0x")


async def test_no_token_buy_takes_the_yes_bid_and_mints_a_pair() -> None:
    async with running() as kit:
        kit.rest(FREE, "bid", 6_000, 10)
        no_token = kit.token(FREE, 1)
        status, answer = await kit.client.post(
            no_token, "BUY", cash=usd(4), shares=usd(10), kind="FOK"
        )
        assert (status, answer["makingAmount"], answer["takingAmount"]) == (200, "4", "10")
        crowd = kit.wallet("crowd")
        assert crowd["cash_micros"] == -usd(6)
        assert crowd["positions_e6"] == {kit.token(FREE): usd(10)}
        _, page = await kit.client.call("GET", "/data/trades")
        trade = page["data"][0]
        maker = trade["maker_orders"][0]
        assert (trade["asset_id"], trade["price"], trade["trader_side"]) == (
            no_token,
            "0.4",
            "TAKER",
        )
        assert (maker["asset_id"], maker["price"], maker["side"]) == (kit.token(FREE), "0.6", "BUY")


async def test_sell_is_exact_in_shares_and_pays_its_fee_from_the_proceeds() -> None:
    async with running() as kit:
        token = kit.token(PLAIN)
        kit.sim.wallets.fund(kit.sim.wallets.open(kit.client.address, ""), 0, {token: usd(20)})
        kit.rest(PLAIN, "bid", 5_500, 5)
        kit.rest(PLAIN, "bid", 5_000, 100)
        status, answer = await kit.client.post(
            token, "SELL", cash=usd(4.5), shares=usd(9), kind="FOK"
        )
        assert (status, answer["makingAmount"], answer["takingAmount"]) == (200, "9", "4.75")
        fees = 61_880 + usd(4 * 0.05 * 0.25)  # 5 · 0.05 · 0.2475 = 0.061875, half up
        wallet = kit.wallet(kit.client.address)
        assert wallet["cash_micros"] == CASH + usd(4.75) - fees
        assert wallet["positions_e6"] == {token: usd(11)}


async def test_crossing_gtc_trades_then_rests_and_holds_back_only_the_rest() -> None:
    async with running() as kit:
        kit.rest(FREE, "ask", 4_000, 10)
        status, answer = await kit.client.post(kit.token(FREE), "BUY", cash=usd(15), shares=usd(30))
        assert (status, answer["makingAmount"], answer["takingAmount"]) == (200, "4", "10")
        wallet = kit.wallet(kit.client.address)
        assert wallet["held"] == {answer["orderID"]: ["", usd(10)]}
        assert kit.sim.take(kit.market(FREE), "ask", 5_000, usd(20)) == usd(20)
        wallet = kit.wallet(kit.client.address)
        assert wallet["held"] == {}
        assert wallet["cash_micros"] == CASH - usd(14)
        _, page = await kit.client.call("GET", "/data/trades")
        assert [t["trader_side"] for t in page["data"]] == ["MAKER", "TAKER"]


REFUSALS: list[tuple[str, int, str, dict[str, Any], str]] = [
    ("off tick", PLAIN, "BUY", {"cash": 4_810_000 + 5_000, "shares": usd(10)}, "breaks minimum tick size rule: 0.01"),
    ("too small", PLAIN, "BUY", {"cash": usd(2), "shares": usd(4)}, "Size (4) lower than the minimum: 5"),
    ("price range", PLAIN, "BUY", {"cash": usd(10), "shares": usd(10)}, "invalid price, price must be greater than 0 and less than 1"),
    ("one dollar", PLAIN, "BUY", {"cash": usd(0.9), "shares": usd(9), "kind": "FAK"}, "invalid amount for a marketable BUY order ($0.9), min size: $1"),
    ("market buy cents", PLAIN, "BUY", {"cash": 5_005_000, "shares": 10_010_000, "kind": "FOK"}, "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, taker amount a max of 4 decimals"),
    ("market buy shares", FINE, "BUY", {"cash": usd(1), "shares": 21_276_590, "kind": "FAK"}, "the market buy orders maker amount"),
    ("limit shares", PLAIN, "BUY", {"cash": 5_002_500, "shares": 10_005_000}, "invalid amounts, the buy orders maker amount supports a max accuracy of 4 decimals, taker amount a max of 2 decimals"),
    ("market sell", PLAIN, "SELL", {"cash": usd(5), "shares": 10_001_000, "kind": "FOK"}, "invalid amounts, the sell orders maker amount supports a max accuracy of 2 decimals, taker amount a max of 4 decimals"),
    ("no cash", PLAIN, "BUY", {"cash": 2 * CASH, "shares": 4 * CASH}, f"not enough balance / allowance: the balance is not enough -> balance: {CASH}, order amount: {2 * CASH}"),
    ("no tokens", PLAIN, "SELL", {"cash": usd(5), "shares": usd(10)}, "not enough balance / allowance"),
    ("short GTD", PLAIN, "BUY", {"cash": usd(5), "shares": usd(10), "kind": "GTD", "expiration": 1_790_000_179}, "invalid expiration"),
    ("post-only", PLAIN, "BUY", {"cash": usd(6), "shares": usd(10), "post_only": True}, "invalid post-only order: order crosses book"),
    ("wrong exchange", PLAIN, "BUY", {"cash": usd(5), "shares": usd(10), "neg_risk": True}, "invalid signature"),
    ("neg-risk on standard", NEG, "BUY", {"cash": usd(5), "shares": usd(10)}, "invalid signature"),
    ("foreign maker", PLAIN, "BUY", {"cash": usd(5), "shares": usd(10), "signature_type": 2, "maker": "0x" + "11" * 20}, "maker address not allowed, please use the deposit wallet flow"),
    ("foreign deposit wallet", PLAIN, "BUY", {"cash": usd(5), "shares": usd(10), "signature_type": 3, "maker": "0x" + "11" * 20}, "the order signer address has to be the address of the API KEY"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_name", "pair", "side", "terms", "text"), REFUSALS, ids=[r[0] for r in REFUSALS]
)
async def test_order_breaking_a_rule_is_refused_with_the_venues_text(
    _name: str, pair: int, side: str, terms: dict[str, Any], text: str
) -> None:
    async with running() as kit:
        kit.rest(pair, "ask", 6_000, 10)
        status, answer = await kit.client.post(kit.token(pair), side, **terms)
        assert status == 400
        assert text in answer["error"]
        assert kit.wallet(kit.client.address)["cash_micros"] == CASH


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("makerAmount", "5100000", "invalid signature"),
        ("signature", "0x" + "12" * 65, "invalid signature"),
        ("salt", "1", "Invalid order payload"),
        ("makerAmount", "-5", "Invalid order payload"),
        ("side", "buy", "Invalid order payload"),
        (
            "signer",
            "0x" + "11" * 20,
            "the order signer address has to be the address of the API KEY",
        ),
    ],
)
async def test_tampered_order_is_refused(field: str, value: str, text: str) -> None:
    async with running() as kit:
        body = kit.client.body(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        body["order"][field] = value
        assert await kit.client.call("POST", "/order", body) == (400, {"error": text})


async def test_v1_struct_owner_duplicate_and_unknown_token_are_refused() -> None:
    async with running() as kit:
        body = kit.client.body(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        assert (await kit.client.call("POST", "/order", body))[0] == 200
        status, answer = await kit.client.call("POST", "/order", body)
        assert status == 400
        assert answer["error"].endswith("is invalid. Duplicated.")
        body["owner"] = "someone"
        _, answer = await kit.client.call("POST", "/order", body)
        assert answer["error"] == "the order owner has to be the owner of the API KEY"
        old = {
            k: v for k, v in body["order"].items() if k not in ("timestamp", "metadata", "builder")
        }
        body["order"] = {**old, "nonce": "0", "feeRateBps": "0", "taker": "0x" + "0" * 40}
        assert await kit.client.call("POST", "/order", body) == (
            400,
            {"error": "order_version_mismatch"},
        )
        unknown = kit.client.body(str(2**255 + 2**70), "BUY", cash=usd(5), shares=usd(10))
        status, answer = await kit.client.call("POST", "/order", unknown)
        assert (status, answer["error"]) == (404, "No orderbook exists for the requested token id")


async def test_deposit_wallet_can_be_required() -> None:
    async with running(requires_deposit_wallet=True) as kit:
        terms = {"cash": usd(5), "shares": usd(10)}
        status, answer = await kit.client.post(kit.token(PLAIN), "BUY", **terms)
        assert (status, answer["error"].split(",")[0]) == (400, "maker address not allowed")
        wallet = kit.sim.accounts.deposit_wallet
        status, _ = await kit.client.post(
            kit.token(PLAIN), "BUY", **terms, signature_type=3, maker=wallet
        )
        assert status == 200


async def test_batch_answers_each_order_and_is_limited_to_fifteen() -> None:
    async with running() as kit:
        good = kit.client.body(kit.token(NEG), "BUY", cash=usd(5), shares=usd(10), neg_risk=True)
        bad = kit.client.body(kit.token(NEG), "BUY", cash=usd(1), shares=usd(2), neg_risk=True)
        status, answers = await kit.client.call("POST", "/orders", [good, bad])
        assert status == 200
        assert [(a["status"], bool(a["errorMsg"])) for a in answers] == [
            ("live", False),
            ("", True),
        ]
        status, answer = await kit.client.call("POST", "/orders", [good] * 16)
        assert answer == {"error": "Too many orders in payload: 16, max allowed: 15"}


async def test_cancels_answer_what_happened_and_release_the_money() -> None:
    async with running() as kit:
        ids = []
        for pair in (PLAIN, PLAIN, FREE):
            _, answer = await kit.client.post(kit.token(pair), "BUY", cash=usd(5), shares=usd(10))
            ids.append(answer["orderID"])
        first, second, third = ids
        _, answer = await kit.client.call("DELETE", "/order", {"orderID": first})
        assert answer == {"canceled": [first], "not_canceled": {}}
        _, answer = await kit.client.call("DELETE", "/orders", [first, "0x12"])
        reason = "Order not found or already canceled"
        assert answer == {"canceled": [], "not_canceled": {first: reason, "0x12": reason}}
        _, answer = await kit.client.call(
            "DELETE", "/cancel-market-orders", {"market": kit.market(PLAIN)}
        )
        assert answer["canceled"] == [second]
        kit.sim.take(kit.market(FREE), "ask", 5_000, usd(10))
        _, answer = await kit.client.call("DELETE", "/order", {"orderID": third})
        assert answer["not_canceled"] == {third: "order already matched"}
        _, answer = await kit.client.call("DELETE", "/cancel-all")
        assert answer == {"canceled": [], "not_canceled": {}}
        assert kit.wallet(kit.client.address)["held"] == {}


async def test_gtd_dies_a_minute_before_its_expiration() -> None:
    async with running(timestamp_skew_s=0) as kit:
        now_s = kit.clock.now_ns() // 1_000_000_000
        _, answer = await kit.client.post(
            kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10), kind="GTD", expiration=now_s + 180
        )
        await kit.clock.advance(119_999)
        assert kit.sim.engine.orders[answer["orderID"]].status == "LIVE"
        await kit.clock.advance(1)
        assert kit.sim.engine.orders[answer["orderID"]].status == "CANCELED_EXPIRED_ORDER"
        assert kit.wallet(kit.client.address)["held"] == {}


async def test_delayed_market_answers_delayed_and_trades_later() -> None:
    async with running() as kit:
        await kit.admin("/_sim/polymarket/delay", {"market": kit.market(FREE), "seconds": 3})
        kit.rest(FREE, "ask", 5_000, 50)
        _, answer = await kit.client.post(
            kit.token(FREE), "BUY", cash=usd(10), shares=usd(20), kind="FOK"
        )
        assert (answer["status"], answer["makingAmount"], answer["tradeIDs"]) == ("delayed", "", [])
        order_id = answer["orderID"]
        _, canceled = await kit.client.call("DELETE", "/order", {"orderID": order_id})
        assert list(canceled["not_canceled"]) == [order_id]
        await kit.clock.advance(3_000)
        _, order = await kit.client.call("GET", f"/data/order/{order_id}")
        assert (order["status"], order["size_matched"]) == ("MATCHED", "20")
        assert kit.wallet(kit.client.address)["cash_micros"] == CASH - usd(10)


async def test_delayed_fok_that_finds_nothing_releases_its_money() -> None:
    async with running() as kit:
        await kit.admin("/_sim/polymarket/delay", {"market": kit.market(FREE), "seconds": 3})
        kit.rest(FREE, "ask", 5_000, 50)
        _, answer = await kit.client.post(
            kit.token(FREE), "BUY", cash=usd(10), shares=usd(20), kind="FOK"
        )
        assert kit.wallet(kit.client.address)["held"] == {answer["orderID"]: ["", usd(10)]}
        kit.sim.clear(kit.market(FREE))
        await kit.clock.advance(3_000)
        _, order = await kit.client.call("GET", f"/data/order/{answer['orderID']}")
        assert (order["status"], order["size_matched"]) == ("CANCELED", "0")
        assert kit.wallet(kit.client.address)["held"] == {}


async def test_crypto_market_holds_a_taker_for_fifty_milliseconds() -> None:
    async with running() as kit:
        kit.rest(CRYPTO, "ask", 5_000, 50)
        task = asyncio.ensure_future(
            kit.client.post(kit.token(CRYPTO), "BUY", cash=usd(10), shares=usd(20), kind="FOK")
        )
        await kit.clock.wait_for_sleeper(0.05)
        assert not task.done()
        await kit.clock.advance(50)
        assert (await task)[1]["status"] == "matched"


async def test_bought_tokens_can_be_sold_only_after_the_lag() -> None:
    async with running(conditional_lag_ms=2_000) as kit:
        token = kit.token(FREE)
        kit.rest(FREE, "ask", 5_000, 20)
        kit.rest(FREE, "bid", 4_000, 20)
        await kit.client.post(token, "BUY", cash=usd(5), shares=usd(10), kind="FOK")
        sale = {"cash": usd(4), "shares": usd(10), "kind": "FOK"}
        params = {"asset_type": "CONDITIONAL", "token_id": token, "signature_type": "0"}
        status, answer = await kit.client.post(token, "SELL", **sale)
        assert (status, answer["error"][:22]) == (400, "not enough balance / a")
        _, balance = await kit.client.call("GET", "/balance-allowance", params=params)
        assert balance["balance"] == "0"
        await kit.clock.advance(2_000)
        _, balance = await kit.client.call("GET", "/balance-allowance/update", params=params)
        assert balance["balance"] == "10000000"
        assert (await kit.client.post(token, "SELL", **sale))[0] == 200


async def test_wrong_signature_type_shows_an_empty_balance() -> None:
    async with running() as kit:
        balances = []
        for signature_type in "0123":
            params = {"asset_type": "COLLATERAL", "signature_type": signature_type}
            _, answer = await kit.client.call("GET", "/balance-allowance", params=params)
            balances.append(answer["balance"])
        assert balances == [str(CASH), "0", "0", str(CASH)]


@pytest.mark.parametrize(
    ("kind", "share", "order_type", "making"),
    [("partial", 0.5, "FAK", "5"), ("kill", None, "FAK", None), ("partial", 0.5, "FOK", None)],
)
async def test_order_faults_take_the_liquidity_away(
    kind: str, share: float | None, order_type: str, making: str | None
) -> None:
    rule: dict[str, object] = {"on": "POST /order", "kind": kind, "count": 1}
    if share is not None:
        rule["share"] = share
    async with running([rule]) as kit:
        kit.rest(FREE, "ask", 5_000, 50)
        terms = {"cash": usd(10), "shares": usd(20), "kind": order_type}
        status, answer = await kit.client.post(kit.token(FREE), "BUY", **terms)
        assert (status, answer.get("makingAmount")) == (200 if making else 400, making)
        record = kit.sim.faults.report()["records"][0]  # type: ignore[index]
        assert record["kind"] == kind
        assert record["key"] in kit.sim.engine.orders


async def test_dropped_answer_leaves_an_order_that_can_be_found_by_its_hash() -> None:
    async with running([{"on": "POST /order", "kind": "drop_after", "count": 1}]) as kit:
        kit.rest(FREE, "ask", 5_000, 50)
        body = kit.client.body(kit.token(FREE), "BUY", cash=usd(10), shares=usd(20), kind="FOK")
        with pytest.raises(aiohttp.ClientError):
            await kit.client.call("POST", "/order", body)
        key = kit.sim.faults.report()["records"][0]["key"]  # type: ignore[index]
        _, order = await kit.client.call("GET", f"/data/order/{key}")
        assert order["size_matched"] == "20"


@pytest.mark.parametrize(
    ("mode", "status", "can_cancel"),
    [
        ("restarting", 425, False),
        ("post_only", 503, True),
        ("cancel_only", 503, True),
        ("disabled", 503, False),
    ],
)
async def test_operating_modes_refuse_what_they_should(
    mode: str, status: int, *, can_cancel: bool
) -> None:
    async with running() as kit:
        terms = {"cash": usd(5), "shares": usd(10)}
        await kit.admin("/_sim/polymarket/mode", {"mode": mode})
        assert (await kit.client.post(kit.token(PLAIN), "BUY", **terms))[0] == status
        assert ((await kit.client.call("DELETE", "/cancel-all"))[0] == 200) is can_cancel
        status_post_only, _ = await kit.client.post(
            kit.token(PLAIN), "BUY", **terms, post_only=True
        )
        assert (status_post_only == 200) is (mode == "post_only")


async def test_restart_is_followed_by_a_post_only_time() -> None:
    async with running() as kit:
        await kit.admin("/_sim/polymarket/mode", {"mode": "restarting", "duration_ms": 1_000})
        await kit.clock.advance(1_000)
        status, answer = await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        assert (status, answer["code"], answer["retry_after_seconds"]) == (
            503,
            "post_only_mode",
            120,
        )
        await kit.clock.advance(120_000)
        assert (await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10)))[
            0
        ] == 200


async def test_signer_limit_refuses_with_retry_after() -> None:
    async with running(signer_limits="enforce", orders_per_s=2) as kit:
        statuses = []
        for _ in range(4):
            status, _ = await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
            statuses.append(status)
        assert statuses == [200, 200, 200, 429]
        await kit.clock.advance(500)
        assert (await kit.client.post(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10)))[
            0
        ] == 200


async def _matched_on_both_sides(kit: Kit) -> None:
    await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10))
    await kit.client.post(kit.token(FREE, 1), "BUY", cash=usd(5), shares=usd(10))


async def test_cash_and_tokens_are_conserved_by_a_mint_with_oneself() -> None:
    async with running() as kit:
        await _matched_on_both_sides(kit)
        wallet = kit.wallet(kit.client.address)
        assert wallet["cash_micros"] == CASH - usd(10)
        assert wallet["positions_e6"] == {kit.token(FREE): usd(10), kit.token(FREE, 1): usd(10)}
