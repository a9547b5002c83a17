"""What public client libraries ask besides the trading itself, and how they page and read it."""

import pytest

from tests.unit.sim.test_sim_polymarket_kit import (
    FREE,
    NEG,
    PLAIN,
    SPORTS,
    Kit,
    login_headers,
    running,
)

STRANGER_KEY = "0x" + "42" * 32


def usd(units: float) -> int:
    return round(units * 1_000_000)


async def buy(kit: Kit, pair: int) -> None:
    kit.rest(pair, "ask", 5_000, 20)
    status, _ = await kit.client.post(
        kit.token(pair), "BUY", cash=usd(5), shares=usd(10), kind="FOK"
    )
    assert status == 200


async def test_search_goes_on_with_the_next_page() -> None:
    async with running(extra_markets=True) as kit:
        seen: list[str] = []
        page, total = 1, 4
        while len(seen) < total:
            params = {"q": "will", "page": str(page), "limit_per_type": "3"}
            _, body = await kit.get("gamma", "/public-search", **params)
            seen += [event["id"] for event in body["events"]]
            total, page = body["pagination"]["totalResults"], page + 1
            assert body["pagination"]["hasMore"] == (len(seen) < total)
        assert len(set(seen)) == len(seen) == total > 3


async def test_last_prices_leave_out_what_has_not_traded() -> None:
    async with running() as kit:
        asked = [{"token_id": kit.token(pair)} for pair in (FREE, PLAIN)]
        assert await kit.post("/last-trades-prices", asked) == (200, [])
        await buy(kit, FREE)
        expected = [{"token_id": kit.token(FREE), "price": "0.5", "side": "BUY"}]
        assert await kit.post("/last-trades-prices", asked) == (200, expected)


async def test_closed_event_is_found_by_its_slug_in_the_legacy_list() -> None:
    async with running() as kit:
        _, (event,) = await kit.get(
            "gamma", "/events", slug=kit.sim.markets[kit.market(FREE)].spec.slug
        )
        await kit.set_status(FREE, "resolved:0")
        _, found = await kit.get("gamma", "/events", slug=event["slug"])
        assert [row["id"] for row in found] == [event["id"]]
        assert await kit.get("gamma", "/events", slug=event["slug"], closed="false") == (200, [])


async def test_markets_are_sorted_by_their_creation() -> None:
    async with running() as kit:
        status, body = await kit.get("gamma", "/markets/keyset", order="createdAt")
        assert status == 200
        assert {row["createdAt"] for row in body["markets"]} == {"2026-01-01T00:00:00Z"}


async def test_tags_and_series_are_listed_and_found() -> None:
    async with running() as kit:
        _, tags = await kit.get("gamma", "/tags")
        tag = tags[0]
        assert await kit.get("gamma", f"/tags/{tag['id']}") == (200, tag)
        assert await kit.get("gamma", f"/tags/slug/{tag['slug']}") == (200, tag)
        assert await kit.get("gamma", f"/tags/{tag['id']}/related-tags") == (200, [])
        assert (await kit.get("gamma", "/tags/slug/none"))[0] == 404
        _, cut = await kit.get("gamma", "/tags", limit="1", offset="1")
        assert cut == tags[1:2]
        _, page = await kit.get("gamma", "/markets/keyset", include_tag="true", limit="1")
        market = page["markets"][0]
        assert await kit.get("gamma", f"/markets/{market['id']}/tags") == (200, market["tags"])
        event = market["events"][0]
        assert await kit.get("gamma", f"/events/{event['id']}/tags") == (200, event["tags"])
        _, series = await kit.get("gamma", "/series")
        for row in series[:1]:
            assert await kit.get("gamma", f"/series/{row['id']}") == (200, row)
        assert (await kit.get("gamma", "/events/0/tags"))[0] == 404
        _, kinds = await kit.get("gamma", "/sports/market-types")
        assert kit.sim.world.pairs[SPORTS].polymarket.sports_type in (*kinds["marketTypes"], "")


@pytest.mark.parametrize("path", ["/sports", "/teams"])
async def test_lists_of_what_does_not_exist_are_empty(path: str) -> None:
    async with running() as kit:
        assert await kit.get("gamma", path) == (200, [])


async def test_relayer_knows_the_newest_wallets_of_key_holders_and_funded_ones() -> None:
    async with running() as kit:
        accounts = kit.sim.accounts
        owner = login_headers(STRANGER_KEY, 0)["POLY_ADDRESS"]
        newest, old = accounts.wallets_of(owner, 3)

        async def is_deployed(address: str) -> bool:
            _, body = await kit.get("relayer", "/deployed", address=address, type="WALLET")
            return bool(body["deployed"])

        assert not await is_deployed(newest)
        headers = login_headers(STRANGER_KEY, kit.clock.now_ns() // 1_000_000_000)
        async with kit.client.http.post(
            kit.urls["clob"] + "/auth/api-key", headers=headers
        ) as response:
            assert response.status == 200
        assert await is_deployed(newest)
        assert not await is_deployed(old)
        await kit.admin("/_sim/polymarket/account", {"owner": owner, "wallet": old})
        assert await is_deployed(old)
        assert (await kit.get("relayer", "/deployed"))[0] == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/notifications", None, []),
        ("DELETE", "/notifications", None, "OK"),
        ("GET", "/order-scoring", None, {"scoring": False}),
        ("POST", "/orders-scoring", ["0x12"], {"0x12": False}),
        ("GET", "/rewards/user/total", None, []),
        ("GET", "/rewards/user/percentages", None, {}),
        (
            "GET",
            "/rewards/user",
            None,
            {"limit": 100, "count": 0, "next_cursor": "LTE=", "data": []},
        ),
    ],
)
async def test_account_has_earned_and_heard_nothing(
    method: str, path: str, body: object, expected: object
) -> None:
    async with running() as kit:
        assert await kit.client.call(method, path, body) == (200, expected)
        async with kit.client.http.request(method, kit.urls["clob"] + path) as response:
            assert response.status == 401


async def test_orders_scoring_wants_a_list() -> None:
    async with running() as kit:
        assert (await kit.client.call("POST", "/orders-scoring", {}))[0] == 400


@pytest.mark.parametrize("name", ["current", "multi", "0x12"])
async def test_no_market_pays_rewards(name: str) -> None:
    async with running() as kit:
        _, body = await kit.get("clob", f"/rewards/markets/{name}")
        assert (body["data"], body["next_cursor"]) == ([], "LTE=")
        assert await kit.get("clob", "/rebates/current") == (200, [])


async def test_values_holders_and_interest_follow_what_wallets_hold() -> None:
    async with running() as kit:
        await buy(kit, FREE)
        kit.rest(FREE, "bid", 4_000, 20)
        user, market = kit.client.address, kit.market(FREE)
        assert await kit.get("data", "/v2/value", user=user) == (
            200,
            {"data": {"proxy_wallet": user, "value": 4}},
        )
        assert await kit.get("data", "/value", user=user) == (200, [{"user": user, "value": 4}])
        _, other = await kit.get("data", "/v2/value", user=user, condition_id=kit.market(NEG))
        assert other["data"]["value"] == 0
        assert (await kit.get("data", "/v2/value"))[0] == 400
        _, interest = await kit.get("data", "/v2/oi", condition_id=market)
        assert interest == {"data": [{"condition_id": market, "value": 10}]}
        _, interest = await kit.get("data", "/v2/oi")
        assert interest == {"data": [{"condition_id": "GLOBAL", "value": 10}]}
        _, groups = await kit.get("data", "/v2/holders", condition_id=market)
        assert [
            (group["token_id"], [(row["proxy_wallet"], row["amount"]) for row in group["holders"]])
            for group in groups["data"]
        ] == [(kit.token(FREE), [(user, 10)]), (kit.token(FREE, 1), [])]


async def test_position_tells_what_it_has_cost() -> None:
    async with running() as kit:
        await buy(kit, FREE)
        kit.rest(FREE, "bid", 4_000, 20)
        _, (row,) = await kit.get("data", "/positions", user=kit.client.address)
        assert {
            name: row[name]
            for name in ("avgPrice", "initialValue", "cashPnl", "percentPnl", "totalBought")
        } == {
            "avgPrice": 0.5,
            "initialValue": 5,
            "cashPnl": -1,
            "percentPnl": -20,
            "totalBought": 10,
        }


async def test_tokens_and_resolutions_are_described() -> None:
    async with running() as kit:
        market = kit.market(NEG)
        _, before = await kit.get("data", "/v2/tokens", token_id=kit.token(NEG, 1))
        assert [(row["outcome_index"], row["final_price"]) for row in before["data"]] == [(1, None)]
        assert await kit.get("data", "/v2/resolutions", condition_id=market) == (200, {"data": []})
        await kit.set_status(NEG, "resolved:1")
        _, after = await kit.get("data", "/v2/tokens", condition=market)
        assert [(row["token_id"], row["final_price"]) for row in after["data"]] == [
            (kit.token(NEG), 0),
            (kit.token(NEG, 1), 1),
        ]
        _, rows = await kit.get("data", "/v2/resolutions", condition_id=market)
        assert [(row["status"], row["payouts"]) for row in rows["data"]] == [
            ("resolved", [0, 1_000_000])
        ]


async def test_price_history_of_a_token_is_paged_in_steps() -> None:
    async with running() as kit:
        kit.rest(PLAIN, "bid", 4_000, 20)
        kit.rest(PLAIN, "ask", 6_000, 20)
        await kit.clock.advance(120_000)
        kit.rest(PLAIN, "bid", 5_000, 20)
        params = {"token_id": kit.token(PLAIN, 1), "interval": "1h", "limit": "1"}
        _, page = await kit.get("data", "/v2/prices-history", **params)
        assert [(row["price"], row["resolution_seconds"]) for row in page["data"]] == [(0.5, 60)]
        cursor = page["pagination"]["next_cursor"]
        _, page = await kit.get("data", "/v2/prices-history", **params, cursor=cursor)
        assert [row["price"] for row in page["data"]] == [0.45]
        assert (await kit.get("data", "/v2/prices-history", token_id="1"))[0] == 400


@pytest.mark.parametrize("path", ["/v2/activity/combos", "/v2/positions/combos", "/v2/leaderboard"])
async def test_pages_of_what_does_not_exist_are_empty(path: str) -> None:
    async with running() as kit:
        empty = {"data": [], "pagination": {"has_more": False, "next_cursor": None}}
        assert await kit.get("data", path) == (200, empty)


async def test_builder_sees_its_trades_in_its_own_words() -> None:
    code = "0x" + "ab" * 32
    async with running(builder_fees_bps={code: [0, 100]}) as kit:
        kit.rest(FREE, "ask", 5_000, 20)
        terms = {
            "cash": usd(5),
            "shares": usd(10),
            "kind": "FOK",
            "builder": bytes.fromhex("ab" * 32),
        }
        _, bought = await kit.client.post(kit.token(FREE), "BUY", **terms)
        _, page = await kit.get("clob", "/builder/trades", builder_code=code)
        (row,) = page["data"]
        assert (row["id"], row["takerOrderHash"]) == (bought["tradeIDs"][0], bought["orderID"])
        names = ("tradeType", "builder", "assetId", "size", "sizeUsdc", "price", "feeUsdc", "maker")
        assert [row[name] for name in names] == [
            "TAKER", code, kit.token(FREE), "10", "5", "0.5", "0.05", kit.client.address,
        ]  # fmt: skip
