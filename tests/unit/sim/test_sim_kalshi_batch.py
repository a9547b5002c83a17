import pytest

from tests.unit.sim.kalshi_client import ORDERS, Answer, Harness, running

GTC = "good_till_canceled"
BATCH = f"{ORDERS}/batched"


async def create_all(kalshi: Harness, *orders: dict) -> Answer:
    return await kalshi.call("POST", BATCH, json={"orders": list(orders)})


async def cancel_all(kalshi: Harness, *items: dict) -> Answer:
    return await kalshi.call("DELETE", BATCH, json={"orders": list(items)})


async def test_batch_answers_item_by_item_and_is_not_atomic() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5000, 3)
        answer = await create_all(
            kalshi,
            kalshi.order("bid", "0.5000", "2.00", client_order_id="a"),
            kalshi.order("bid", "0.5050", client_order_id="b"),
            kalshi.order("bid", "0.5000", time_in_force="fill_or_kill", client_order_id="c"),
            kalshi.order("bid", "0.5000", client_order_id="a"),
            kalshi.order("bid", "0.4000", time_in_force=GTC),
            kalshi.order("bid", time_in_force=None),
            kalshi.order("bid", "0.4000", ticker="KXNONE", client_order_id="d"),
        )
        assert answer.status == 201
        first, off_grid, killed, repeated, rests, incomplete, unknown = answer.json["orders"]
        assert (first["client_order_id"], first["fill_count"]) == ("a", "2.00")
        assert first["average_fill_price"] == "0.5000"
        assert off_grid == {
            "client_order_id": "b",
            "error": {"code": "invalid_price", "message": "invalid price"},
        }
        assert killed["error"]["code"] == "fill_or_kill_insufficient_resting_volume"
        assert repeated["error"]["code"] == "order_already_exists"
        assert rests["remaining_count"] == "10.00"
        assert incomplete == {
            "error": {
                "code": "missing_parameters",
                "message": "missing parameters",
                "details": "time_in_force",
            }
        }
        assert unknown["error"]["code"] == "market_not_found"
        [row] = (await kalshi.get("/portfolio/orders", status="resting")).json["orders"]
        assert row["order_id"] == rests["order_id"]


async def test_batch_cancel_answers_item_by_item() -> None:
    async with running(accounts={"default": {"0": 10**9, "2": 10**9}}) as kalshi:
        one = await kalshi.place("bid", "0.4000", client_order_id="one")
        two = await kalshi.place("bid", "0.3900", "5.00", ticker=kalshi.crypto)
        answer = await cancel_all(
            kalshi,
            {"order_id": one},
            {"order_id": two},
            {"order_id": two, "market_ticker": kalshi.crypto},
            {"order_id": one},
            {"market_ticker": kalshi.ticker},
            {"order_id": one, "subaccount": 64},
        )
        assert answer.status == 200
        done, lost, routed, again, nameless, wrong = answer.json["orders"]
        assert done == {"order_id": one, "reduced_by": "10.00", "ts_ms": 1_790_000_000_000}
        gone = {"reduced_by": "0.00", "error": {"code": "not_found", "message": "not found"}}
        assert lost == {"order_id": two, **gone}
        assert routed["reduced_by"] == "5.00"
        assert again == {"order_id": one, **gone}
        assert nameless["error"]["code"] == "missing_parameters"
        assert (nameless["order_id"], nameless["reduced_by"]) == ("", "0.00")
        assert wrong["error"]["code"] == "invalid_parameters"


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    ("orders", "code"),
    [
        ([], "missing_parameters"),
        ("x", "bad_request"),
        ([1], "bad_request"),
        ([None], "bad_request"),
    ],
)
async def test_malformed_batch_is_refused_whole(method: str, orders: object, code: str) -> None:
    async with running() as kalshi:
        answer = await kalshi.call(method, BATCH, json={"orders": orders})
        assert (answer.status, answer.code) == (400, code)
        listed = await kalshi.call(method, BATCH, json=[])
        assert (listed.status, listed.code) == (400, "bad_request")


async def test_one_ill_typed_field_spoils_the_whole_batch() -> None:
    async with running() as kalshi:
        good = kalshi.order("bid", "0.4000", time_in_force=GTC)
        answer = await create_all(kalshi, good, {**good, "count": 1})
        assert answer.json == {
            "code": "bad_request",
            "message": "bad request",
            "details": "json: cannot unmarshal number into Go struct field "
            "BatchCreateOrdersV2Request.orders.count of type string",
        }
        assert (await kalshi.get("/portfolio/orders")).json["orders"] == []


async def test_whole_batch_must_fit_into_the_unscoped_bucket() -> None:
    async with running(rate_limits=True, accounts={"default": {"0": 10**9, "3": 10**9}}) as kalshi:
        sports = next(t for t in kalshi.tickers if t.startswith("KXMLB"))
        order = kalshi.order("bid", "0.4000", "0.01", ticker=sports, time_in_force=GTC)
        explicit = {**order, "exchange_index": 3}
        over = await create_all(kalshi, *[explicit] * 11)
        assert (over.status, over.json) == (429, {"error": "too many requests"})
        # A refusal takes nothing: ten still fit, and they leave the shard's own bucket alone.
        full = await create_all(kalshi, *[explicit] * 10)
        assert [("error" in item) for item in full.json["orders"]] == [False] * 10
        assert (await kalshi.create("bid", "0.4000", "0.01", exchange_index=0)).status == 429
        own = await kalshi.create("bid", "0.4000", "0.01", ticker=sports, exchange_index=3)
        assert own.status == 201
        items = [{"order_id": i["order_id"], "exchange_index": 3} for i in full.json["orders"]]
        assert (await cancel_all(kalshi, *items)).status == 429
        kalshi.clock.advance(0.2)
        assert (await cancel_all(kalshi, *items)).status == 200


async def test_cancel_all_catches_a_batch_of_the_following_minute() -> None:
    async with running() as kalshi:
        assert (await kalshi.call("DELETE", ORDERS)).status == 204
        answer = await create_all(kalshi, kalshi.order("bid", "0.4000", time_in_force=GTC))
        assert answer.json["orders"][0]["remaining_count"] == "10.00"
        assert (await kalshi.get("/portfolio/orders", status="resting")).json["orders"] == []


@pytest.mark.parametrize("tail_s", [0, 10])
async def test_tail_of_a_cancel_all_is_an_option(tail_s: int) -> None:
    async with running(cancel_all_tail_s=tail_s) as kalshi:
        await kalshi.call("DELETE", ORDERS)
        early = await kalshi.place("bid", "0.4000")
        assert (await kalshi.read(early))["status"] == ("canceled" if tail_s else "resting")
        kalshi.clock.advance(tail_s)
        assert (await kalshi.read(await kalshi.place("bid", "0.4000")))["status"] == "resting"


async def test_cancel_all_takes_at_most_its_limit_and_leaves_paused_shards() -> None:
    accounts = {"default": {"0": 10**9, "2": 10**9}}
    async with running(accounts=accounts, cancel_all_max=2) as kalshi:
        for price in ("0.4000", "0.3900", "0.3800"):
            await kalshi.place("bid", price)
        await kalshi.call("DELETE", ORDERS)
        assert len((await kalshi.get("/portfolio/orders", status="resting")).json["orders"]) == 1
        kalshi.clock.advance(61)
        crypto = await kalshi.place("bid", "0.4000", ticker=kalshi.crypto)
        await kalshi.admin("POST", "exchange", exchange_index=2, exchange_active=False)
        await kalshi.call("DELETE", ORDERS)
        [row] = (await kalshi.get("/portfolio/orders", status="resting")).json["orders"]
        assert row["order_id"] == crypto
