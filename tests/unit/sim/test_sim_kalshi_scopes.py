from typing import Any

import pytest

from tests.unit.sim.kalshi_client import OTHER_PEM, START_NS, Answer, Harness, running
from twoleg.sim.kalshi.scopes import scope_of

GTC = "good_till_canceled"
NOW_S = START_NS // 1_000_000_000
BALANCE = "/portfolio/balance"


def key(*scopes: str, **more: Any) -> dict[str, Any]:
    return {"keys": {"tested": {"scopes": list(scopes), **more}}}


async def call(kalshi: Harness, method: str, path: str, **more: Any) -> Answer:
    return await kalshi.call(method, path, account="tested", **more)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", BALANCE, "read::portfolio_balance"),
        ("GET", "/portfolio/orders", "read"),
        ("POST", "/portfolio/events/orders", "write::trade"),
        ("DELETE", "/portfolio/events/orders/x", "write::trade"),
        ("PUT", "/portfolio/order_groups/x/reset", "write::trade"),
        ("POST", "/portfolio/intra_exchange_instance_transfer", "write::transfer"),
        ("POST", "/account/api_usage_level/upgrade", "write"),
    ],
)
def test_every_call_needs_a_scope(method: str, path: str, scope: str) -> None:
    assert scope_of(method, path) == scope


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (["read"], {"orders", "balance"}),
        (["read::portfolio_balance"], {"balance"}),
        (["write"], {"create", "transfer"}),
        (["write::trade"], {"create"}),
        (["write::transfer"], {"transfer"}),
        (["read", "write::trade"], {"orders", "balance", "create"}),
    ],
)
async def test_a_key_may_do_what_its_scopes_say(scopes: list[str], allowed: set[str]) -> None:
    async with running(**key(*scopes)) as kalshi:
        body = {
            "source": "event_contract",
            "destination": "event_contract",
            "amount": 1,
            "source_exchange_shard": 0,
            "destination_exchange_shard": 2,
        }
        answers = {
            "orders": await call(kalshi, "GET", "/portfolio/orders"),
            "balance": await call(kalshi, "GET", BALANCE),
            "create": await kalshi.create("bid", "0.1", "1", account="tested"),
            "transfer": await call(
                kalshi, "POST", "/portfolio/intra_exchange_instance_transfer", json=body
            ),
        }
        assert {name for name, answer in answers.items() if answer.status < 300} == allowed
        assert {answers[name].status for name in set(answers) - allowed} <= {403}


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("nested", {"error": {"code": "insufficient_scope", "message": "insufficient scope"}}),
        ("flat", {"code": "insufficient_scope", "message": "insufficient scope"}),
        ("text", {"error": "insufficient_scope"}),
    ],
)
async def test_the_shape_of_a_403_is_not_known(shape: str, body: dict[str, Any]) -> None:
    async with running(forbidden_shape=shape, **key("write")) as kalshi:
        answer = await call(kalshi, "GET", BALANCE)
        assert (answer.status, answer.json) == (403, body)


async def test_a_key_of_one_subaccount_may_name_no_other() -> None:
    async with running(tier="advanced", **key("read", "write", subaccount=1)) as kalshi:
        await kalshi.call("POST", "/portfolio/subaccounts", json={})
        assert (await call(kalshi, "GET", BALANCE, params={"subaccount": "1"})).status == 200
        assert (await call(kalshi, "GET", BALANCE)).status == 403
        for subaccount, status in ((None, 403), (0, 403), (2, 403), (1, 400)):
            answer = await kalshi.create(
                "bid", "0.1", "1", subaccount=subaccount, time_in_force=GTC, account="tested"
            )
            # The subaccount's own order fails later: it has no cash.
            assert answer.status == status
        batch = {"orders": [kalshi.order(subaccount=1), kalshi.order(subaccount=0)]}
        path = "/portfolio/events/orders/batched"
        assert (await call(kalshi, "POST", path, json=batch)).status == 403
        # What has no subaccount is not restricted.
        assert (await call(kalshi, "GET", "/account/limits")).status == 200


async def test_keys_are_listed_with_their_scopes() -> None:
    more = {"private_key": OTHER_PEM, "subaccount": 3}
    options: dict[str, Any] = {
        "private_keys": {},
        "key_kind": "ed25519",
        **key("read", "write::trade", **more),
    }
    async with running(region_expiration_ts_s={"default": NOW_S + 5}, **options) as kalshi:
        body = (await kalshi.get("/api_keys")).json
        assert body["api_key_region_expiration_ts"] == NOW_S + 5
        main, tested = body["api_keys"]
        assert main == {
            "api_key_id": kalshi.sim.api_key_id("default"),
            "name": "main",
            "scopes": ["read", "write"],
        }
        assert tested == {
            "api_key_id": kalshi.sim.api_key_id("tested"),
            "name": "tested",
            "scopes": ["read", "write::trade"],
            "subaccount": 3,
        }
        others = await kalshi.call("GET", "/api_keys", account="other")
        assert len(others.json["api_keys"]) == 1
        assert "api_key_region_expiration_ts" not in others.json


async def test_without_attestation_some_categories_cannot_be_traded() -> None:
    expiring = {"default": NOW_S + 10, "other": NOW_S + 1_000}
    async with running(region_expiration_ts_s=expiring) as kalshi:
        [music] = [t for t in kalshi.tickers if t.startswith("KXSTREAMING")]
        order = {"ticker": music, "time_in_force": GTC}
        placed = await kalshi.create("bid", "0.1", "1", **order)
        assert placed.status == 201
        kalshi.clock.advance(10)
        assert (await kalshi.create("bid", "0.1", "1", **order)).status == 403
        batch = {"orders": [kalshi.order(), kalshi.order(ticker=music)]}
        path = "/portfolio/events/orders"
        assert (await kalshi.call("POST", f"{path}/batched", json=batch)).status == 403
        # Other categories, other accounts and leaving are still possible.
        assert (await kalshi.create("bid", "0.1", "1")).status == 201
        assert (await kalshi.create("bid", "0.1", "1", **order, account="other")).status == 201
        gone = f"{path}/{placed.json['order_id']}"
        params = {"market_ticker": music}
        assert (await kalshi.call("DELETE", gone, params=params)).status == 200


async def test_a_body_that_is_no_json_is_refused_as_such() -> None:
    expired = {"default": NOW_S - 1}
    async with running(region_expiration_ts_s=expired) as kalshi:
        headers = kalshi.headers("POST", "/trade-api/v2/portfolio/events/orders")
        headers["Content-Type"] = "application/json"
        answer = await kalshi.call("POST", "/portfolio/events/orders", data="{", headers=headers)
        assert (answer.status, answer.code) == (400, "bad_request")


@pytest.mark.parametrize(("past_ms", "future_ms"), [(5_000, 30_000), (29_999, 1_000)])
async def test_the_window_of_timestamps_is_an_option(past_ms: int, future_ms: int) -> None:
    async with running(skew_past_ms_max=past_ms, skew_future_ms_max=future_ms) as kalshi:
        for limit_ms, sign in ((past_ms, 1), (future_ms, -1)):
            for late_ms, status in ((limit_ms, 200), (limit_ms + 1, 401)):
                headers = kalshi.headers("GET", f"/trade-api/v2{BALANCE}")
                kalshi.clock.advance(sign * late_ms / 1_000)
                answer = await kalshi.call("GET", BALANCE, headers=headers)
                kalshi.clock.advance(-sign * late_ms / 1_000)
                assert answer.status == status


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"default": {}}, "taken"),
        ({"x": {"account": "nobody"}}, "account"),
        ({"x": {"scopes": ["fly"]}}, "no scope 'fly'"),
    ],
)
async def test_keys_must_make_sense(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        async with running(keys=keys):
            pass


async def test_a_handshake_meets_every_401() -> None:
    async with running() as kalshi:
        path = "/trade-api/ws/v2"
        good = kalshi.headers("GET", path)
        wrong = kalshi.headers("GET", "/elsewhere")["KALSHI-ACCESS-SIGNATURE"]
        old = str(int(good["KALSHI-ACCESS-TIMESTAMP"]) - 30_000)
        for changes, told in (
            ({"KALSHI-ACCESS-KEY": "nobody"}, "NOT_FOUND"),
            ({"KALSHI-ACCESS-SIGNATURE": wrong}, "INCORRECT_API_KEY_SIGNATURE"),
            ({"KALSHI-ACCESS-SIGNATURE": ""}, "signature_is_missing_from_headers"),
            ({"KALSHI-ACCESS-TIMESTAMP": old}, "header_timestamp_expired"),
            ({"KALSHI-ACCESS-TIMESTAMP": "now"}, "header_timestamp_expired"),
        ):
            async with kalshi.session.get(kalshi.root + path, headers=good | changes) as response:
                assert response.status == 401
                assert told in await response.text()
