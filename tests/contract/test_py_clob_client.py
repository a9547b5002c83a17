"""The public client library py-clob-client-v2 against the simulator, which runs as a process.

The library signs, asks and polls by itself; it computes in floats, so amounts here are ones that it
gets right. The key is the public Hardhat account 0, whose wallets are published vectors.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from py_clob_client_v2 import (  # type: ignore[import-untyped]
    ApiCreds,
    AssetType,
    BalanceAllowanceParams,
    BookParams,
    BuilderTradeParams,
    ClobClient,
    MarketOrderArgs,
    OpenOrderParams,
    OrderArgs,
    OrderMarketCancelParams,
    OrderPayload,
    OrderType,
    PartialCreateOrderOptions,
    PostOrdersV2Args,
    TradeParams,
    exceptions,
    http_helpers,
)

from tests.support.processes import make_folder, start, until

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
EOA = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
PROXY = "0x365f0CA36Ae1f641E02fE3B7743673da42A13A70"
SAFE = "0xd93B25cb943D14d0d34FBaF01Fc93a0f8b5F6E47"
DEPOSIT = "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50"
FUNDERS = {0: EOA, 1: PROXY, 2: SAFE, 3: DEPOSIT}
BUILDER = "0x" + "ab" * 32
CASH_MICROS = 1_000_000_000
# In the seeded world: pair 0 is neg-risk, 2 has tick 0.001, 4 is free of fees.
NEG, FINE, FREE, PLAIN = 0, 2, 4, 5
OPTIONS = {
    "flow": False,
    "extra_markets": True,
    "requires_deposit_wallet": True,
    "builder_fees_bps": {BUILDER: [50, 100]},
    "mined_after_ms": 20,
    "confirmed_after_ms": 20,
}


class Venue:
    """A simulator in another process, its admin surface, and clients of it."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url = url
        self._http = http
        self._keys = itertools.count(1)
        self.markets = self.admin("GET", "/_sim/markets")["markets"]
        # Those of the funded account.
        self.creds = ClobClient(url, 137, key=KEY).create_or_derive_api_key()

    def admin(self, method: str, path: str, body: object = None) -> Any:
        response = self._http.request(method, self.url + path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def market(self, pair: int) -> str:
        return str(self.markets[pair]["condition_id"])

    def token(self, pair: int, index: int = 0) -> str:
        return str(self.markets[pair]["token_ids"][index])

    def rest(self, pair: int, side: str, price_e4: int, shares: int) -> None:
        order = {"side": side, "price_e4": price_e4, "size_e6": shares * 1_000_000}
        self.admin("POST", "/_sim/orders", {"market": self.market(pair), **order})

    def clear(self) -> None:
        for market in self.markets:
            self.admin("POST", "/_sim/clear", {"market": market["condition_id"]})

    def stranger(self) -> ClobClient:
        """A client of an EOA that the venue has not seen before."""
        client = ClobClient(self.url, 137, key=f"0x{next(self._keys):064x}")
        client.set_api_creds(client.create_api_key())
        return client

    def client(self, signature_type: int) -> ClobClient:
        """A client of the funded account, which spends from one of its wallets."""
        funder = FUNDERS[signature_type]
        client = ClobClient(self.url, 137, key=KEY, signature_type=signature_type, funder=funder)
        client.set_api_creds(self.creds)
        self.admin(
            "POST",
            "/_sim/polymarket/account",
            {"owner": EOA, "wallet": funder, "cash_micros": CASH_MICROS},
        )
        return client


@pytest.fixture(scope="module")
def running() -> Iterator[Venue]:
    folder = make_folder()
    (folder / "options.json").write_text(json.dumps(OPTIONS))
    arguments = ("sim", "polymarket", "--seed", 7, "--pairs", 6, "--options", "options.json")
    # The library has one connection pool for all its clients, which nobody closes.
    pool, http_helpers.helpers._http_client = (
        http_helpers.helpers._http_client,
        httpx.Client(http2=True, timeout=20),
    )
    pool.close()
    with start(arguments, folder=folder) as process, http_helpers.helpers._http_client:
        line = until(process.stdout, why="the simulator tells its address", running=process)
        venue = Venue(json.loads(line)["urls"]["clob"], http_helpers.helpers._http_client)
        venue.admin("POST", "/_sim/polymarket/standing", {"owner": EOA, "allow": True})
        yield venue


@pytest.fixture
def venue(running: Venue) -> Venue:
    ClobClient(running.url, 137, key=KEY, creds=running.creds).cancel_all()
    running.clear()
    return running


@pytest.fixture(params=sorted(FUNDERS), ids=["eoa", "proxy", "safe", "deposit"])
def client(request: pytest.FixtureRequest, venue: Venue) -> ClobClient:
    return venue.client(request.param)


@pytest.fixture
def trader(venue: Venue) -> ClobClient:
    return venue.client(3)


def refusal(act: Callable[[], object]) -> tuple[int, Any]:
    with pytest.raises(exceptions.PolyApiException) as caught:
        act()
    return caught.value.status_code, caught.value.error_msg


def limit(venue: Venue, client: ClobClient, *, pair: int = PLAIN, **changes: Any) -> Any:
    terms: dict[str, Any] = {"price": 0.5, "size": 10, "side": "BUY"}
    kind = changes.pop("kind", OrderType.GTC)
    post_only = changes.pop("post_only", False)
    arguments = OrderArgs(**{"token_id": venue.token(pair), **terms, **changes})
    return client.create_and_post_order(arguments, order_type=kind, post_only=post_only)


def market(venue: Venue, client: ClobClient, kind: str, *, pair: int = PLAIN, **terms: Any) -> Any:
    token = venue.token(pair)
    arguments = MarketOrderArgs(token_id=token, order_type=kind, **terms)
    return client.create_and_post_market_order(arguments, order_type=kind)


def test_status_calls(venue: Venue) -> None:
    client = ClobClient(venue.url, 137)
    assert client.get_ok() == "OK"
    assert abs(int(client.get_server_time()) - time.time()) < 60
    assert client.get_version() == 2


def test_keys_are_made_derived_listed_and_revoked(venue: Venue) -> None:
    client = venue.stranger()
    creds = client.creds
    assert client.derive_api_key() == creds
    assert client.create_or_derive_api_key() == creds
    status, _ = refusal(client.create_api_key)
    assert status == 400
    second = client.create_api_key(nonce=1)
    assert client.get_api_keys() == {"apiKeys": [creds.api_key, second.api_key]}
    assert client.get_closed_only_mode() == {"closed_only": False}
    assert client.delete_api_key() == "OK"
    assert refusal(client.get_api_keys) == (401, {"error": "Unauthorized/Invalid api key"})


def test_readonly_and_builder_keys_are_managed(venue: Venue) -> None:
    client = venue.stranger()
    key = client.create_readonly_api_key()["apiKey"]
    assert client.get_readonly_api_keys() == {"readonlyApiKeys": [key]}
    assert client.delete_readonly_api_key(key) is True
    builder = client.create_builder_api_key()
    assert sorted(builder) == ["key", "passphrase", "secret"]
    assert [row["key"] for row in client.get_builder_api_keys()] == [builder["key"]]
    client.revoke_builder_api_key()
    assert client.get_builder_api_keys()[0]["revokedAt"]


def test_foreign_secret_is_unauthorized(venue: Venue, trader: ClobClient) -> None:
    trader.set_api_creds(ApiCreds(trader.creds.api_key, "AAAA", trader.creds.api_passphrase))
    assert refusal(trader.get_open_orders)[0] == 401


def test_market_parameters_and_books(venue: Venue) -> None:
    venue.rest(PLAIN, "bid", 4_800, 20)
    venue.rest(PLAIN, "ask", 5_200, 30)
    client = ClobClient(venue.url, 137)
    token = venue.token(PLAIN)
    assert client.get_tick_size(token) == "0.01"
    assert ClobClient(venue.url, 137).get_tick_size(venue.token(FINE)) == "0.001"
    assert [client.get_neg_risk(venue.token(pair)) for pair in (NEG, PLAIN)] == [True, False]
    assert client.get_fee_exponent(token) == 1
    book = client.get_order_book(token)
    assert (book["bids"], book["asks"]) == (
        [{"price": "0.48", "size": "20"}],
        [{"price": "0.52", "size": "30"}],
    )
    assert client.get_order_book_hash(book) == book["hash"]
    other = venue.token(PLAIN, 1)
    books = client.get_order_books([BookParams(token_id=token), BookParams(token_id=other)])
    assert {row["asset_id"] for row in books} == {token, other}
    assert client.get_midpoint(token) == {"mid": "0.5"}
    assert client.get_spread(token) == {"spread": "0.04"}
    assert client.get_price(token, "BUY") == {"price": "0.52"}


@pytest.mark.parametrize("pair", [PLAIN, NEG, FINE])
def test_limit_order_rests_is_read_and_canceled(
    venue: Venue, client: ClobClient, pair: int
) -> None:
    answer = limit(venue, client, pair=pair)
    assert (answer["success"], answer["status"], answer["errorMsg"]) == (True, "live", "")
    order = client.get_order(answer["orderID"])
    assert (order["status"], order["price"], order["original_size"], order["size_matched"]) == (
        "LIVE",
        "0.5",
        "10",
        "0",
    )
    rows = client.get_open_orders(OpenOrderParams(market=venue.market(pair)))
    assert [row["id"] for row in rows] == [answer["orderID"]]
    canceled = client.cancel_order(OrderPayload(orderID=answer["orderID"]))
    assert canceled == {"canceled": [answer["orderID"]], "not_canceled": {}}
    assert client.get_open_orders() == []


@pytest.mark.parametrize("kind", [OrderType.FOK, OrderType.FAK])
def test_market_buy_is_filled_with_the_hashes_of_its_transactions(
    venue: Venue, client: ClobClient, kind: str
) -> None:
    venue.rest(PLAIN, "ask", 4_000, 5)
    venue.rest(PLAIN, "ask", 5_000, 100)
    answer = market(venue, client, kind, amount=12, price=0.5, side="BUY")
    # 5 at 0.40 and 20 at 0.50: its dollars buy more than 24 shares.
    assert (answer["status"], answer["makingAmount"], answer["takingAmount"]) == (
        "matched",
        "12",
        "25",
    )
    assert len(answer["transactionsHashes"]) == len(answer["tradeIDs"]) == 2
    trades = client.get_trades(TradeParams(market=venue.market(PLAIN)))
    mine = [trade for trade in trades if trade["id"] in answer["tradeIDs"]]
    assert {trade["transaction_hash"] for trade in mine} == set(answer["transactionsHashes"])
    assert {trade["price"] for trade in mine} == {"0.4", "0.5"}
    assert {trade["trader_side"] for trade in mine} == {"TAKER"}
    page = client.get_trades_paginated(TradeParams(id=answer["tradeIDs"][0]))
    assert (page["count"], page["next_cursor"]) == (1, "LTE=")


def test_market_sell_is_exact_in_shares(venue: Venue, trader: ClobClient) -> None:
    venue.rest(FREE, "ask", 5_000, 10)
    venue.rest(FREE, "bid", 4_500, 100)
    market(venue, trader, OrderType.FOK, pair=FREE, amount=5, side="BUY")
    answer = market(venue, trader, OrderType.FAK, pair=FREE, amount=10, side="SELL")
    assert (answer["status"], answer["makingAmount"], answer["takingAmount"]) == (
        "matched",
        "10",
        "4.5",
    )


def test_killed_market_orders_say_why(venue: Venue, trader: ClobClient) -> None:
    def place(kind: str) -> object:
        return market(venue, trader, kind, amount=10, price=0.5, side="BUY")

    venue.rest(PLAIN, "ask", 5_000, 5)
    fok = "order couldn't be fully filled. FOK orders are fully filled or killed."
    assert refusal(lambda: place(OrderType.FOK)) == (400, {"error": fok})
    assert place(OrderType.FAK)["takingAmount"] == "5"  # type: ignore[index]
    status, body = refusal(lambda: place(OrderType.FAK))
    assert (status, body["error"][:22]) == (400, "no orders found to mat")
    assert body["orderID"].startswith("0x")


def test_gtd_rests_and_short_gtd_is_refused(venue: Venue, trader: ClobClient) -> None:
    now_s = int(time.time())
    answer = limit(venue, trader, kind=OrderType.GTD, expiration=now_s + 3_600)
    order = trader.get_order(answer["orderID"])
    assert (order["order_type"], order["expiration"]) == ("GTD", str(now_s + 3_600))
    short = refusal(lambda: limit(venue, trader, kind=OrderType.GTD, expiration=now_s + 60))
    assert short == (400, {"error": "invalid expiration"})


def test_post_only_rests_or_is_refused(venue: Venue, trader: ClobClient) -> None:
    venue.rest(PLAIN, "ask", 5_200, 10)
    assert limit(venue, trader, post_only=True)["status"] == "live"
    crossing = refusal(lambda: limit(venue, trader, price=0.55, post_only=True))
    assert crossing == (400, {"error": "invalid post-only order: order crosses book"})


def test_batch_answers_order_by_order(venue: Venue, trader: ClobClient) -> None:
    def args(size: int) -> PostOrdersV2Args:
        order = OrderArgs(token_id=venue.token(PLAIN), price=0.5, size=size, side="BUY")
        return PostOrdersV2Args(order=trader.create_order(order), orderType=OrderType.GTC)

    good, small = trader.post_orders([args(10), args(2)])
    assert (good["status"], good["errorMsg"]) == ("live", "")
    assert small["errorMsg"].endswith("Size (2) lower than the minimum: 5")
    assert (small["success"], small["status"]) == (True, "")


def test_cancels_of_many_of_a_market_and_of_all(venue: Venue, trader: ClobClient) -> None:
    pairs = (PLAIN, PLAIN, NEG, FREE)
    ids = [limit(venue, trader, pair=pair)["orderID"] for pair in pairs]
    assert trader.cancel_orders([ids[0], "0x12"]) == {
        "canceled": [ids[0]],
        "not_canceled": {"0x12": "Order not found or already canceled"},
    }
    payload = OrderMarketCancelParams(market=venue.market(PLAIN))
    assert trader.cancel_market_orders(payload)["canceled"] == [ids[1]]
    payload = OrderMarketCancelParams(asset_id=venue.token(NEG))
    assert trader.cancel_market_orders(payload)["canceled"] == [ids[2]]
    assert trader.cancel_all()["canceled"] == [ids[3]]


def test_balances_and_allowances_follow_the_signature_type(
    venue: Venue, client: ClobClient
) -> None:
    params = BalanceAllowanceParams(asset_type=AssetType.COLLATERAL)
    before = int(client.get_balance_allowance(params)["balance"])
    venue.rest(FREE, "ask", 5_000, 10)
    market(venue, client, OrderType.FOK, pair=FREE, amount=5, price=0.5, side="BUY")
    client.update_balance_allowance(params)
    after = client.get_balance_allowance(params)
    assert before - int(after["balance"]) == 5_000_000
    assert len(after["allowances"]) == 3
    params = BalanceAllowanceParams(asset_type=AssetType.CONDITIONAL, token_id=venue.token(FREE))
    assert int(client.get_balance_allowance(params)["balance"]) >= 10_000_000


def test_position_ids_are_signed_for_the_third_exchange(venue: Venue, client: ClobClient) -> None:
    pair = next(
        number
        for number, row in enumerate(venue.markets)
        if int(row["token_ids"][0]) & ((1 << 64) - 1) << 40 == 0
    )
    venue.rest(pair, "ask", 5_000, 20)
    position = venue.token(pair)
    arguments = MarketOrderArgs(position_id=position, amount=10, price=0.5, side="BUY")
    answer = client.create_and_post_market_order(arguments)
    assert (answer["status"], answer["takingAmount"]) == ("matched", "20")
    # The same order for the exchange of ordinary tokens has no good signature.
    order = OrderArgs(position_id=position, price=0.4, size=10, side="BUY")
    signed = client.create_order(order)
    signed.signature = client.create_order(
        OrderArgs(token_id=venue.token(PLAIN), price=0.4, size=10, side="BUY")
    ).signature
    assert refusal(lambda: client.post_order(signed)) == (400, {"error": "invalid signature"})


def test_heartbeats_go_on_with_the_id_they_are_given(venue: Venue) -> None:
    client = venue.stranger()
    first = client.post_heartbeat()["heartbeat_id"]
    second = client.post_heartbeat(first)["heartbeat_id"]
    status, body = refusal(lambda: client.post_heartbeat(first))
    assert (status, body["error_msg"], body["heartbeat_id"]) == (
        400,
        "Invalid Heartbeat ID",
        second,
    )
    assert client.post_heartbeat(second)["heartbeat_id"]


def test_eoa_that_is_not_on_the_list_must_use_a_deposit_wallet(venue: Venue) -> None:
    client = venue.stranger()
    answer = refusal(lambda: limit(venue, client))
    assert answer == (
        400,
        {"error": "maker address not allowed, please use the deposit wallet flow"},
    )


def test_changed_version_asks_for_another_signature(venue: Venue, client: ClobClient) -> None:
    assert limit(venue, client)["status"] == "live"
    venue.admin("POST", "/_sim/polymarket/version", {"version": 3})
    try:
        assert refusal(lambda: limit(venue, client)) == (400, {"error": "order_version_mismatch"})
        assert client.get_version() == 3
        order = OrderArgs(token_id=venue.token(PLAIN), price=0.5, size=10, side="BUY")
        again = client.create_order(order, PartialCreateOrderOptions(version=3))
        assert client.post_order(again)["status"] == "live"
    finally:
        venue.admin("POST", "/_sim/polymarket/version", {"version": 2})


def test_v1_order_is_refused_by_its_struct(venue: Venue) -> None:
    client = venue.client(0)
    order = OrderArgs(token_id=venue.token(PLAIN), price=0.5, size=10, side="BUY")
    old = client.create_order(order, PartialCreateOrderOptions(version=1))
    assert refusal(lambda: client.post_order(old)) == (400, {"error": "order_version_mismatch"})


def test_whole_balance_is_spent_with_the_fees_of_venue_and_builder_kept_back(
    venue: Venue,
) -> None:
    client = venue.stranger()
    owner = client.get_address()
    venue.admin("POST", "/_sim/polymarket/standing", {"owner": owner, "allow": True})
    funds = {"owner": owner, "cash_micros": 10_000_000}
    venue.admin("POST", "/_sim/polymarket/account", funds)
    venue.rest(PLAIN, "ask", 5_000, 100)
    terms: dict[str, Any] = {"amount": 10, "price": 0.5, "side": "BUY", "builder_code": BUILDER}
    status, body = refusal(lambda: market(venue, client, OrderType.FOK, **terms))
    # 20 shares at 0.50: 0.25 for the venue, 0.10 for the builder.
    assert (status, body["error"].partition("-> ")[2]) == (
        400,
        "balance: 10000000, order amount: 10350000",
    )
    answer = market(venue, client, OrderType.FOK, **terms, user_usdc_balance=10)
    assert answer["status"] == "matched"
    params = BalanceAllowanceParams(asset_type=AssetType.COLLATERAL)
    left_micros = int(client.get_balance_allowance(params)["balance"])
    assert 0 <= left_micros < 20_000
    trades = client.get_builder_trades(BuilderTradeParams(builder_code=BUILDER))["trades"]
    assert [trade["id"] for trade in trades] == answer["tradeIDs"]


def test_order_sent_again_after_an_error_of_the_server_is_a_duplicate(venue: Venue) -> None:
    client = venue.client(3)
    client.retry_on_error = True
    script = {"name": "could_not_insert", "when": "after"}
    venue.admin("POST", "/_sim/polymarket/answers", script)
    status, body = refusal(lambda: limit(venue, client))
    assert status == 400
    assert body["error"].endswith("is invalid. Duplicated.")
    (order,) = client.get_open_orders()
    assert order["id"] in body["error"]
