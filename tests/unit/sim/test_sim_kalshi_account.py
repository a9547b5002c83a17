from typing import Any
from uuid import uuid4

import pytest

from tests.unit.sim.kalshi_client import START_NS, Answer, Harness, running

GTC = "good_till_canceled"
NOW_S = START_NS // 1_000_000_000
TRANSFER = "/portfolio/intra_exchange_instance_transfer"
TARGET = "/portfolio/target_balance_allocation"


def transfer_body(**more: Any) -> dict[str, Any]:
    body = {
        "source": "event_contract",
        "destination": "event_contract",
        "amount": 5_000,
        "source_exchange_shard": 0,
        "destination_exchange_shard": 2,
        **more,
    }
    return {name: value for name, value in body.items() if value is not None}


async def transfer(kalshi: Harness, **more: Any) -> Answer:
    return await kalshi.call("POST", TRANSFER, json=transfer_body(**more))


async def breakdown(kalshi: Harness) -> dict[int, str]:
    rows = (await kalshi.get("/portfolio/balance")).json["balance_breakdown"]
    return {row["exchange_index"]: row["balance"] for row in rows}


# -- balance -----------------------------------------------------------------------------------


async def test_the_balance_has_a_bucket_of_its_own() -> None:
    async with running(rate_limits=True) as kalshi:
        assert (await kalshi.get("/portfolio/balance")).status == 200
        refused = await kalshi.get("/portfolio/balance")
        assert (refused.status, refused.json) == (429, {"error": "too many requests"})
        assert "Retry-After" not in refused.headers
        assert (await kalshi.get("/portfolio/positions")).status == 200
        kalshi.clock.advance(1)
        assert (await kalshi.get("/portfolio/balance")).status == 200


async def test_cents_are_cut_off_and_what_rests_is_locked() -> None:
    async with running(accounts={"default": {"0": 98_018_600}, "other": {}}) as kalshi:
        page = (await kalshi.get("/portfolio/balance")).json
        assert (page["balance"], page["balance_dollars"]) == (9_801, "98.0186")
        assert page["updated_ts"] == NOW_S
        await kalshi.create("bid", "0.5", "1", time_in_force=GTC)
        page = (await kalshi.get("/portfolio/balance", exchange_index="0")).json
        assert (page["balance"], page["balance_dollars"]) == (9_751, "97.5186")
        assert (await kalshi.get("/portfolio/balance", exchange_index="3")).json["balance"] == 0


async def test_the_balance_of_a_subaccount() -> None:
    async with running(tier="advanced") as kalshi:
        await kalshi.call("POST", "/portfolio/subaccounts", json={})
        page = (await kalshi.get("/portfolio/balance", subaccount="1")).json
        assert page["balance"] == 0
        assert (await kalshi.get("/portfolio/balance", subaccount="2")).status == 400


async def test_a_key_of_one_subaccount_sees_no_breakdown() -> None:
    lone = {"account": "default", "subaccount": 0}
    async with running(keys={"lone": lone}) as kalshi:
        page = (await kalshi.call("GET", "/portfolio/balance", account="lone")).json
        assert page["balance_dollars"] == "1005.0000"
        assert "balance_breakdown" not in page


# -- transfers ---------------------------------------------------------------------------------


async def test_a_transfer_moves_centi_cents_after_a_while() -> None:
    async with running(transfer_ms=2_000) as kalshi:
        answer = await transfer(kalshi)
        assert answer.status == 200
        path = f"{TRANSFER}s/{answer.json['transfer_id']}"
        pending = (await kalshi.get(path)).json["transfer"]
        assert pending == {
            "transfer_id": answer.json["transfer_id"],
            "source": "event_contract",
            "destination": "event_contract",
            "source_exchange_shard": 0,
            "destination_exchange_shard": 2,
            "amount": "0.500000",
            "status": "pending",
            "created_ts": START_NS // 1_000_000,
        }
        # In between it is nowhere.
        assert await breakdown(kalshi) == {0: "999.5000", 3: "5.0000"}
        kalshi.clock.advance(2)
        assert (await kalshi.get(path)).json["transfer"]["status"] == "complete"
        assert await breakdown(kalshi) == {0: "999.5000", 2: "0.5000", 3: "5.0000"}
        # It is paid once.
        kalshi.clock.advance(2)
        assert (await breakdown(kalshi))[2] == "0.5000"
        order = await kalshi.create("bid", "0.5", "1", ticker=kalshi.crypto, time_in_force=GTC)
        assert order.status == 201


async def test_a_client_transfer_id_is_used_once() -> None:
    async with running() as kalshi:
        one = str(uuid4())
        assert (await transfer(kalshi, client_transfer_id=one)).status == 200
        assert (await transfer(kalshi, client_transfer_id=one)).status == 409
        assert (await transfer(kalshi, client_transfer_id=str(uuid4()))).status == 200
        assert (await transfer(kalshi, client_transfer_id="one")).status == 400
        assert (await breakdown(kalshi))[0] == "999.0000"


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"amount": 10_000_001}, 400, "insufficient_balance"),
        ({"amount": 0}, 400, "invalid_parameters"),
        ({"amount": "0.50"}, 400, "bad_request"),
        ({"source_exchange_shard": None}, 400, "bad_request"),
        ({"source": "margined"}, 400, "invalid_parameters"),
        ({"destination_exchange_shard": 0}, 400, "invalid_parameters"),
        ({"destination_exchange_shard": 9}, 400, "invalid_parameters"),
    ],
)
async def test_a_transfer_is_refused(more: dict[str, Any], status: int, code: str) -> None:
    async with running() as kalshi:
        answer = await transfer(kalshi, **more)
        assert (answer.status, answer.code) == (status, code)
        assert (await breakdown(kalshi))[0] == "1000.0000"


async def test_transfers_can_be_paused_and_fail_for_a_moment() -> None:
    async with running() as kalshi:
        flag = "intra_exchange_transfers_active"
        await kalshi.admin("POST", "exchange", exchange_index=2, **{flag: False})
        rows = (await kalshi.get("/exchange/status")).json["exchange_index_statuses"]
        assert [row[flag] for row in rows] == [True, False, True]
        answer = await transfer(kalshi)
        assert (answer.status, answer.code) == (503, "service_unavailable")
        await kalshi.admin("POST", "exchange", exchange_index=2, **{flag: True})
        rule = {"on": f"POST /trade-api/v2{TRANSFER}", "kind": "http_503", "count": 1}
        await kalshi.admin("POST", "faults", **rule)
        assert (await transfer(kalshi)).status == 503
        assert (await transfer(kalshi)).status == 200


@pytest.mark.parametrize("envelope", [True, False])
async def test_a_transfer_may_come_without_envelope(*, envelope: bool) -> None:
    async with running(transfer_envelope=envelope) as kalshi:
        transfer_id = (await transfer(kalshi)).json["transfer_id"]
        body = (await kalshi.get(f"{TRANSFER}s/{transfer_id}")).json
        assert (body["transfer"] if envelope else body)["status"] == "pending"


async def test_a_transfer_is_its_accounts_own() -> None:
    async with running() as kalshi:
        transfer_id = (await transfer(kalshi)).json["transfer_id"]
        path = f"{TRANSFER}s/{transfer_id}"
        assert (await kalshi.call("GET", path, account="other")).status == 404
        answer = await kalshi.call("POST", TRANSFER, json=[])
        assert (answer.status, answer.code) == (400, "bad_request")


# -- targets -----------------------------------------------------------------------------------


async def test_a_target_moves_free_cash_every_ten_seconds() -> None:
    async with running(transfer_ms=0) as kalshi:
        empty = (await kalshi.get(TARGET)).json
        assert empty == {"allocations": [], "resting_margin_reservation": "sum"}
        await kalshi.create("bid", "0.5", "10", time_in_force=GTC)
        body = {
            "allocations": [
                {"exchange_index": 0, "percent": 50},
                {"exchange_index": 2, "percent": 50},
            ],
            "resting_margin_reservation": "max",
        }
        set_to = await kalshi.call("POST", TARGET, json=body)
        assert (set_to.status, set_to.json) == (200, body)
        assert (await kalshi.get(TARGET)).json == body
        kalshi.clock.advance(9)
        kalshi.sim.transfers.tick()
        assert (await breakdown(kalshi))[3] == "5.0000"
        kalshi.clock.advance(1)
        kalshi.sim.transfers.tick()
        # 1000 of free cash in two halves; the resting order keeps its five dollars.
        assert await breakdown(kalshi) == {0: "500.0000", 2: "500.0000", 3: "0.0000"}
        none = await kalshi.call("POST", TARGET, json={"allocations": []})
        assert none.status == 200
        kalshi.sim.accounts["default"].cash_micros[3] += 7_000_000
        kalshi.clock.advance(10)
        kalshi.sim.transfers.tick()
        assert (await breakdown(kalshi))[3] == "7.0000"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"allocations": [1]},
        {"allocations": [{"exchange_index": 0, "percent": 99}]},
        {"allocations": [{"exchange_index": 9, "percent": 100}]},
        {"allocations": [{"exchange_index": 0, "percent": 50}] * 2},
        {"allocations": [{"exchange_index": 0, "percent": "100"}]},
        {"allocations": [], "resting_margin_reservation": "some"},
    ],
)
async def test_a_target_must_make_sense(body: dict[str, Any]) -> None:
    async with running() as kalshi:
        assert (await kalshi.call("POST", TARGET, json=body)).status == 400


# -- limits ------------------------------------------------------------------------------------


async def test_an_upgrade_needs_an_order() -> None:
    async with running() as kalshi:
        path = "/account/api_usage_level/upgrade"
        basic = {
            "usage_tier": "basic",
            "read": {"refill_rate": 200, "bucket_capacity": 600},
            "write": {"refill_rate": 100, "bucket_capacity": 100},
            "grants": [],
        }
        assert (await kalshi.get("/account/limits")).json == basic
        assert (await kalshi.call("POST", path, json={})).status == 403
        await kalshi.create("bid", "0.1", "1")
        answer = await kalshi.call("POST", path, json={})
        assert (answer.status, answer.json) == (201, {})
        limits = (await kalshi.get("/account/limits")).json
        assert limits["usage_tier"] == "advanced"
        assert limits["write"] == {"refill_rate": 300, "bucket_capacity": 900}
        [grant] = limits["grants"]
        assert (grant["level"], grant["source"]) == ("advanced", "manual")


async def test_an_upgrade_lowers_nobody() -> None:
    async with running(tier="premier") as kalshi:
        await kalshi.create("bid", "0.1", "1")
        await kalshi.call("POST", "/account/api_usage_level/upgrade", json={})
        limits = (await kalshi.get("/account/limits")).json
        assert (limits["usage_tier"], limits["grants"]) == ("premier", [])


async def test_endpoint_costs_need_no_key() -> None:
    async with running() as kalshi:
        url = kalshi.urls["rest"] + "/account/endpoint_costs"
        async with kalshi.session.get(url) as response:
            body = await response.json()
        assert body["default_cost"] == 10
        costs = {(row["method"], row["path"]): row["cost"] for row in body["endpoint_costs"]}
        assert costs["POST", "/trade-api/v2/account/api_usage_level/upgrade"] == 30
        assert costs["GET", "/trade-api/v2/portfolio/orders/{order_id}"] == 2


async def test_user_data_is_as_old_as_the_reads() -> None:
    async with running(read_lag_ms=(0, 250)) as kalshi:
        answer = await kalshi.get("/exchange/user_data_timestamp")
        assert answer.json == {"as_of_time": "2026-09-21T14:13:19.750000Z"}


async def test_a_new_instance_gets_buckets_of_its_own() -> None:
    async with running(rate_limits=True) as kalshi:
        await kalshi.admin("POST", "markets", ticker="KXNEW-26-A", exchange_index=5)
        more = {"ticker": "KXNEW-26-A", "exchange_index": 5, "time_in_force": GTC}
        codes = [(await kalshi.create("bid", "0.1", "1", **more)).code for _ in range(10)]
        assert set(codes) == {"user_not_found"}
        assert (await kalshi.create("bid", "0.1", "1", **more)).status == 429
        # Other instances have not been billed.
        assert (await kalshi.create("bid", "0.1", "1", exchange_index=0)).status == 201


async def test_resting_orders_are_valued_at_what_they_would_cost() -> None:
    async with running() as kalshi:
        path = "/portfolio/summary/total_resting_order_value"
        await kalshi.place("bid", "0.4000", "10.00")
        await kalshi.place("ask", "0.7000", "1.50")
        assert (await kalshi.get(path)).json == {
            "total_resting_order_value": 445,
            "resting_order_value_breakdown": [
                {"exchange_index": 0, "balance": "4.4500"},
                {"exchange_index": 3, "balance": "0.0000"},
            ],
        }


async def test_transfers_are_listed_newest_first_with_the_ids_they_were_given() -> None:
    async with running() as kalshi:
        path, given = f"{TRANSFER}s", str(uuid4())
        first = (await transfer(kalshi)).json["transfer_id"]
        second = (await transfer(kalshi, client_transfer_id=given)).json["transfer_id"]
        rows = (await kalshi.get(path)).json["transfers"]
        assert [row["transfer_id"] for row in rows] == [second, first]
        assert [row.get("client_transfer_id") for row in rows] == [given, None]
        page = (await kalshi.get(path, limit="1")).json
        last = (await kalshi.get(path, cursor=page["cursor"])).json
        assert last == {"transfers": rows[1:]}
        assert (await kalshi.get(path, limit="501")).status == 400
