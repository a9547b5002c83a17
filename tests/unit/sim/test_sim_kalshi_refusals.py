from typing import Any

import pytest

from tests.unit.sim.kalshi_client import ORDERS, running
from tests.unit.sim.test_sim_kalshi_orders import conserved

GTC = "good_till_canceled"
ON = "POST /trade-api/v2/portfolio/events/orders"


@pytest.mark.parametrize(("is_consumed", "status"), [(True, 409), (False, 201)])
async def test_id_of_a_refused_post_only_order(*, is_consumed: bool, status: int) -> None:
    async with running(post_only_consumes_id=is_consumed) as kalshi:
        await kalshi.rest("ask", 5000, 4)
        order = {"time_in_force": GTC, "post_only": True, "client_order_id": "one"}
        assert (await kalshi.create("bid", "0.5000", **order)).code == "invalid_order"
        assert (await kalshi.create("bid", "0.4900", **order)).status == status


@pytest.mark.parametrize("status", ["canceled", "executed"])
async def test_partly_filled_ioc_reads_as_told(status: str) -> None:
    async with running(partial_ioc_status=status) as kalshi:
        await kalshi.rest("ask", 5000, 4)
        partial = await kalshi.create("bid", "0.5000", "10.00")
        empty = await kalshi.create("bid", "0.4000", "10.00")
        assert (await kalshi.read(partial.json["order_id"]))["status"] == status
        assert (await kalshi.read(empty.json["order_id"]))["status"] == "canceled"


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({}, 409, "market_inactive"),
        ({"closed_market_status": 400}, 400, "market_inactive"),
        ({"closed_market_code": "market_already_closed"}, 409, "market_already_closed"),
    ],
)
async def test_closed_market_refuses_every_operation(options: Any, status: int, code: str) -> None:
    async with running(**options) as kalshi:
        mine = await kalshi.place("bid", "0.4000")
        close_ts_s = kalshi.sim.markets[kalshi.ticker].pair.close_ts_s
        # The sweep has not come yet: the clock is at the close, no background has run.
        kalshi.clock._now_ns = close_ts_s * 1_000_000_000
        for answer in (
            await kalshi.create(),
            await kalshi.amend(mine, price="0.3900"),
            await kalshi.decrease(mine, reduce_by="1.00"),
            await kalshi.call("DELETE", f"{ORDERS}/{mine}"),
        ):
            assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize("status", [404, 400])
@pytest.mark.parametrize("is_suffixed", [True, False])
async def test_user_not_found_on_an_unfunded_shard(*, status: int, is_suffixed: bool) -> None:
    options: Any = {"user_not_found_status": status, "user_not_found_suffix": is_suffixed}
    async with running(**options) as kalshi:
        answer = await kalshi.create(ticker=kalshi.crypto)
        user_id = kalshi.sim.accounts["default"].user_id
        suffix = f":_{user_id}" if is_suffixed else ""
        assert (answer.status, answer.code) == (status, f"user_not_found{suffix}")
        assert answer.json["error"]["message"] == answer.code.replace("_", " ")


@pytest.mark.parametrize("code", ["insufficient_balance", "available_balance_too_low"])
async def test_cash_locked_by_resting_orders(code: str) -> None:
    async with running(locked_cash_code=code, accounts={"default": {"0": 5_000_000}}) as kalshi:
        await kalshi.place("bid", "0.4000", "10.00")
        locked = await kalshi.create("bid", "0.4000", "10.00")
        assert (locked.status, locked.code) == (400, code)
        beyond = await kalshi.create("bid", "0.4000", "20.00")
        assert (beyond.status, beyond.code) == (400, "insufficient_balance")


@pytest.mark.parametrize("is_told", [True, False])
async def test_client_order_id_of_a_cancel(*, is_told: bool) -> None:
    async with running(cancel_tells_client_order_id=is_told) as kalshi:
        mine = await kalshi.place("bid", "0.4000", client_order_id="mine")
        answer = await kalshi.call("DELETE", f"{ORDERS}/{mine}")
        assert answer.json.get("client_order_id") == ("mine" if is_told else None)


@pytest.mark.parametrize(("kind", "fee"), [("truncated", "0.0172"), ("rounded", "0.0173")])
async def test_average_fee_is_cut_off_or_rounded(kind: str, fee: str) -> None:
    async with running(average_fee=kind) as kalshi:
        await kalshi.rest("ask", 5600, 50)
        # 10 at 0.56: 0.1725 in all.
        answer = await kalshi.create("bid", "0.5600", "10.00")
        assert answer.json["average_fee_paid"] == fee


@pytest.mark.parametrize(("is_open", "status"), [(True, 201), (False, 400)])
async def test_dot_in_a_client_order_id(*, is_open: bool, status: int) -> None:
    async with running(client_order_id_dots=is_open) as kalshi:
        answer = await kalshi.create(client_order_id="a.b")
        assert answer.status == status
        assert (await kalshi.create(client_order_id="a b")).code == "invalid_parameters"


@pytest.mark.parametrize(("is_multiplied", "fee"), [(True, "0.002200"), (False, "0.004400")])
async def test_multiplier_of_makers_fees(*, is_multiplied: bool, fee: str) -> None:
    async with running(maker_fee_multiplied=is_multiplied) as kalshi:
        kalshi.sim.fees.add(
            kalshi.sim.markets[kalshi.ticker].pair.kalshi,
            is_event=False,
            fee_type="quadratic_with_maker_fees",
            multiplier_e4=5_000,
            scheduled_ts_s=0,
        )
        await kalshi.place("bid", "0.5000", "1.00")
        await kalshi.rest("ask", 5000, 1)
        [fill] = (await kalshi.get("/portfolio/fills")).json["fills"]
        # 0.0175 × 0.25, and half of it: both rounded up.
        assert fill["fee_cost"] == fee


async def test_category_that_is_not_allowed_is_forbidden() -> None:
    async with running() as free:
        category = free.sim.markets[free.ticker].pair.kalshi.category
    async with running(refused_categories=[category]) as kalshi:
        answer = await kalshi.create()
        assert (answer.status, answer.code) == (403, "forbidden")


async def test_resting_orders_are_limited_per_member() -> None:
    async with running(open_orders_max=2) as kalshi:
        await kalshi.place("bid", "0.4000")
        await kalshi.create("bid", "0.4000", time_in_force=GTC, account="other")
        last = await kalshi.place("bid", "0.3900")
        over = await kalshi.create("bid", "0.3800", time_in_force=GTC)
        assert (over.status, over.code) == (400, "invalid_order")
        assert (await kalshi.create("bid", "0.3800")).status == 201
        await kalshi.call("DELETE", f"{ORDERS}/{last}")
        assert (await kalshi.create("bid", "0.3800", time_in_force=GTC)).status == 201


async def test_expired_orders_may_linger() -> None:
    async with running(expiry_lag_s=120) as kalshi:
        mine = await kalshi.place("bid", "0.4000", expiration_time=kalshi.sim.now_s() + 1)
        kalshi.clock.advance(100)
        kalshi.sim.desk.expire()
        assert (await kalshi.read(mine))["status"] == "resting"
        kalshi.clock.advance(21)
        kalshi.sim.desk.expire()
        assert (await kalshi.read(mine))["status"] == "canceled"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("self_cross_attempt", 409),
        ("exceeded_per_market_risk_limit", 409),
        ("exchange_unavailable", 503),
        ("internal_error", 500),
    ],
)
@pytest.mark.parametrize("operation", ["create", "cancel", "decrease", "amend"])
async def test_engine_reasons_are_scripted(operation: str, code: str, status: int) -> None:
    async with running() as kalshi:
        mine = await kalshi.place("bid", "0.4000", client_order_id="mine")
        rule = {
            "operation": operation,
            "code": code,
            "status": status,
            "details": "why",
            "count": 1,
        }
        await kalshi.admin("POST", "refuse", **rule)

        async def run() -> Any:
            if operation == "create":
                return await kalshi.create(client_order_id="next")
            if operation == "decrease":
                return await kalshi.decrease(mine, reduce_by="1.00")
            if operation == "amend":
                return await kalshi.amend(mine, price="0.3900")
            return await kalshi.call("DELETE", f"{ORDERS}/{mine}")

        refused = await run()
        assert (refused.status, refused.code) == (status, code)
        assert refused.json["error"]["details"] == "why"
        # It was refused before anything happened: the same again goes through.
        assert (await run()).status in (200, 201)


@pytest.mark.parametrize(
    "body", [{"operation": "create"}, {"operation": "pay", "code": "x"}, {"code": "x"}]
)
async def test_script_that_means_nothing_is_refused(body: dict) -> None:
    async with running() as kalshi:
        url = f"{kalshi.root}/_sim/refuse"
        async with kalshi.session.post(url, json=body) as response:
            assert response.status == 400
            assert set(await response.json()) == {"error"}


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("http_429", 429, "too many requests"),
        ("http_500", 500, "internal_server_error"),
        ("http_503", 503, "service_unavailable"),
        ("http_504", 504, "gateway_timeout"),
    ],
)
async def test_scripted_failures_have_their_bodies(kind: str, status: int, code: str) -> None:
    async with running(faults=[{"on": ON, "kind": kind, "count": 1}]) as kalshi:
        answer = await kalshi.create(client_order_id="one")
        assert (answer.status, answer.code) == (status, code)
        assert (await kalshi.create(client_order_id="one")).status == 201


@pytest.mark.parametrize(("body", "kind"), [("html", "text/html"), ("text", "text/plain")])
async def test_bad_gateway_is_no_json(body: str, kind: str) -> None:
    faults = [{"on": ON, "kind": "http_502", "count": 1}]
    async with running(faults=faults, bad_gateway_body=body) as kalshi:
        answer = await kalshi.create()
        assert answer.status == 502
        assert answer.headers["Content-Type"].startswith(kind)
        assert answer.json is None
        assert ("<html>" in answer.text) == (body == "html")


@pytest.mark.parametrize("kind", ["http_500", "http_502", "http_503", "http_504"])
async def test_failure_after_executing_hides_an_order_that_landed(kind: str) -> None:
    faults = [{"on": ON, "kind": kind, "when": "after", "count": 1}]
    async with running(faults=faults) as kalshi:
        await kalshi.rest("ask", 5000, 4)
        lost = await kalshi.create("bid", "0.5000", "1.00", client_order_id="one")
        assert lost.status == int(kind.removeprefix("http_"))
        again = await kalshi.create("bid", "0.5000", "1.00", client_order_id="one")
        assert (again.status, again.code) == (409, "order_already_exists")
        [row] = (await kalshi.get("/portfolio/orders")).json["orders"]
        assert (row["client_order_id"], row["fill_count_fp"]) == ("one", "1.00")
        await conserved(kalshi)


@pytest.mark.parametrize("path", [ORDERS, f"{ORDERS}/x/amend", f"{ORDERS}/x/decrease"])
async def test_body_without_json_is_an_invalid_content_type(path: str) -> None:
    async with running() as kalshi:
        answer = await kalshi.call("POST", path)
        assert (answer.status, answer.code) == (400, "invalid_content_type")


async def test_fees_that_are_not_covered_cancel_the_youngest_orders() -> None:
    async with running(accounts={"default": {"0": 4_000_000}}) as kalshi:
        await kalshi.place("bid", "0.3900", "10.00")
        old = await kalshi.place("bid", "0.0500", "1.00")
        young = await kalshi.place("bid", "0.0500", "1.00")
        async with kalshi.socket() as socket:
            await socket.subscribe("user_orders")
            # A maker fee of 0.0417, with all cash locked.
            await kalshi.rest("ask", 3900, 10)
            frames = [(await socket.read_until("user_order"))["msg"] for _ in range(2)]
        assert [(f["status"], f["last_update_reason"]) for f in frames] == [
            ("executed", "Trade"),
            ("canceled", "MarginCancel"),
        ]
        assert (await kalshi.read(young))["status"] == "canceled"
        assert (await kalshi.read(old))["status"] == "resting"


async def test_reduce_only_that_finds_nothing_tells_why() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("user_orders")
        await kalshi.create("ask", "0.4000", reduce_only=True)
        message = (await socket.read_until("user_order"))["msg"]
        assert (message["status"], message["last_update_reason"]) == (
            "canceled",
            "ReduceOnlyCancel",
        )


async def test_earlier_fills_of_a_taker_that_meets_itself_stand() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 4900, 2)
        own = await kalshi.place("ask", "0.5000", "5.00")
        await kalshi.rest("ask", 5100, 9)
        taker = await kalshi.create("bid", "0.5500", "9.00", time_in_force=GTC)
        assert (taker.json["fill_count"], taker.json["remaining_count"]) == ("2.00", "0.00")
        assert (await kalshi.read(own))["remaining_count_fp"] == "5.00"
        maker = await kalshi.create(
            "bid", "0.5500", "9.00", self_trade_prevention_type="maker", time_in_force=GTC
        )
        assert maker.json["fill_count"] == "9.00"
        assert (await kalshi.read(own))["status"] == "canceled"
        await conserved(kalshi)


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"client_order_id": 1}'])
async def test_failure_meets_a_body_without_an_id(raw: bytes) -> None:
    async with running(faults=[{"on": ON, "kind": "http_503", "count": 1}]) as kalshi:
        headers = {
            **kalshi.headers("POST", "/trade-api/v2" + ORDERS),
            "Content-Type": "application/json",
        }
        answer = await kalshi.call("POST", ORDERS, data=raw, headers=headers)
        assert answer.status == 503
        assert (await kalshi.admin("GET", "faults"))["records"] == []
