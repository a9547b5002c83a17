import pytest

from tests.unit.sim.kalshi_client import ORDERS, running


async def test_decrease_by_and_to_keep_the_place() -> None:
    async with running() as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00", client_order_id="mine")
        await kalshi.rest("bid", 4000, 5)
        answer = await kalshi.decrease(mine, reduce_by="3.00")
        assert answer.status == 200
        assert answer.json == {
            "order_id": mine,
            "client_order_id": "mine",
            "remaining_count": "7.00",
            "ts_ms": 1_790_000_000_000,
        }
        answer = await kalshi.decrease(mine, reduce_to="2.50")
        assert answer.json["remaining_count"] == "2.50"
        row = await kalshi.read(mine)
        assert (row["status"], row["remaining_count_fp"]) == ("resting", "2.50")
        queue = await kalshi.get(f"/portfolio/orders/{mine}/queue_position")
        assert queue.json == {"queue_position_fp": "0.00"}


@pytest.mark.parametrize(
    "body", [{"reduce_to": "0.00"}, {"reduce_by": "10.00"}, {"reduce_by": "99"}]
)
async def test_decrease_to_nothing_cancels(body: dict) -> None:
    async with running() as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00")
        async with kalshi.socket() as socket:
            await socket.subscribe("user_orders")
            assert (await kalshi.decrease(mine, **body)).json["remaining_count"] == "0.00"
            message = (await socket.read_until("user_order"))["msg"]
            assert (message["status"], message["last_update_reason"]) == ("canceled", "Decrease")
        assert (await kalshi.decrease(mine, **body)).code == "not_found"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "missing_parameters"),
        ({"reduce_by": "1.00", "reduce_to": "1.00"}, 400, "invalid_parameters"),
        ({"reduce_by": "0.00"}, 400, "invalid_order_size"),
        ({"reduce_by": "1.001"}, 400, "invalid_parameters"),
        ({"reduce_to": "10.01"}, 400, "invalid_order_size"),
        ({"reduce_by": 1}, 400, "bad_request"),
        ({"reduce_by": "1.00", "exchange_index": 2}, 404, "not_found"),
        ({"reduce_by": "1.00", "exchange_index": -1}, 400, "missing_parameters"),
        ({"reduce_by": "1.00", "exchange_index": -2}, 400, "invalid_parameters"),
        ({"reduce_by": "1.00", "market_ticker": "KXNONE"}, 404, "market_not_found"),
    ],
)
async def test_decrease_refuses(body: dict, status: int, code: str) -> None:
    async with running() as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00")
        answer = await kalshi.decrease(mine, **body)
        assert (answer.status, answer.code) == (status, code)
        assert (await kalshi.read(mine))["remaining_count_fp"] == "10.00"


@pytest.mark.parametrize(
    ("changes", "ahead"),
    [
        ({"price": "0.4000", "count": "10.00", "expiration_time": 1_790_000_100}, "0.00"),
        ({"price": "0.4000", "count": "4.00"}, "0.00"),
        ({"price": "0.4000", "count": "10.01"}, "5.00"),
        ({"price": "0.4100", "count": "4.00"}, "0.00"),
        ({"price": "0.3900", "count": "10.00"}, "5.00"),
    ],
)
async def test_amend_keeps_or_loses_the_place_in_the_queue(changes: dict, ahead: str) -> None:
    async with running() as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00")
        await kalshi.rest("bid", 4000, 5)
        await kalshi.rest("bid", 3800, 9)
        answer = await kalshi.amend(mine, **changes)
        assert answer.status == 200
        assert answer.json == {
            "order_id": mine,
            "remaining_count": changes["count"],
            "fill_count": None,
            "average_fill_price": None,
            "average_fee_paid": None,
            "ts_ms": 1_790_000_000_000,
        }
        queue = await kalshi.get(f"/portfolio/orders/{mine}/queue_position")
        assert queue.json == {"queue_position_fp": ahead}
        row = await kalshi.read(mine)
        assert row["yes_price_dollars"] == changes["price"]
        assert row["remaining_count_fp"] == changes["count"]


async def test_amend_count_is_filled_plus_wanted() -> None:
    async with running() as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00")
        await kalshi.rest("ask", 4000, 4)
        answer = await kalshi.amend(mine, price="0.4000", count="9.00")
        assert answer.json["remaining_count"] == "5.00"
        row = await kalshi.read(mine)
        assert (row["fill_count_fp"], row["initial_count_fp"]) == ("4.00", "9.00")
        short = await kalshi.amend(mine, price="0.4000", count="4.00")
        assert (short.status, short.code) == (400, "invalid_amend_qty_for_order")


async def test_amend_crosses_fills_and_rests_the_rest() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 4500, 4)
        mine = await kalshi.place("bid", "0.4000", "10.00")
        async with kalshi.socket() as socket:
            await socket.subscribe("user_orders")
            answer = await kalshi.amend(mine, price="0.5000", count="10.00")
            message = (await socket.read_until("user_order"))["msg"]
            assert (message["status"], message["last_update_reason"]) == ("resting", "Amend")
        assert answer.json["remaining_count"] == "6.00"
        assert answer.json["fill_count"] == "4.00"
        assert answer.json["average_fill_price"] == "0.4500"
        assert answer.json["average_fee_paid"] == "0.0173"
        whole = await kalshi.amend(mine, price="0.5000", count="11.00")
        assert (whole.json["remaining_count"], whole.json["fill_count"]) == ("7.00", None)
        await kalshi.rest("ask", 5500, 50)
        done = await kalshi.amend(mine, price="0.6000", count="11.00")
        assert (done.json["remaining_count"], done.json["fill_count"]) == ("0.00", "7.00")
        assert done.json["average_fill_price"] == "0.5500"
        assert (await kalshi.read(mine))["status"] == "executed"


async def test_amend_of_the_expiration_keeps_clears_and_sets_it() -> None:
    async with running() as kalshi:
        now_s = kalshi.sim.now_s()
        same = {"price": "0.4000", "count": "10.00"}
        mine = await kalshi.place("bid", "0.4000", "10.00", expiration_time=now_s + 5)
        await kalshi.amend(mine, **same)
        assert "expiration_time" in await kalshi.read(mine)
        await kalshi.amend(mine, **same, expiration_time=0)
        assert "expiration_time" not in await kalshi.read(mine)
        kalshi.clock.advance(10)
        assert (await kalshi.read(mine))["status"] == "resting"
        past = await kalshi.amend(mine, **same, expiration_time=now_s + 10)
        assert (past.status, past.code) == (400, "invalid_parameters")
        async with kalshi.socket() as socket:
            await socket.subscribe("user_orders")
            await kalshi.amend(mine, **same, expiration_time=now_s + 11)
            assert (await socket.read_until("user_order"))["msg"]["status"] == "resting"
            kalshi.clock.advance(2)
            message = (await socket.read_until("user_order"))["msg"]
            assert message["last_update_reason"] == "ExpiryCancel"


async def test_amend_renames_the_order_and_uses_up_the_new_id() -> None:
    async with running() as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00", client_order_id="old")
        same = {"price": "0.4000", "count": "10.00"}
        answer = await kalshi.amend(
            mine, **same, client_order_id="old", updated_client_order_id="new"
        )
        assert answer.json["client_order_id"] == "new"
        assert (await kalshi.read(mine))["client_order_id"] == "new"
        again = await kalshi.amend(mine, **same, updated_client_order_id="old")
        assert (again.status, again.code) == (409, "order_already_exists")
        assert (await kalshi.create(client_order_id="new")).code == "order_already_exists"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"side": "ask"}, 400, "order_side_mismatch"),
        ({"client_order_id": "other"}, 400, "order_id_and_client_order_id_mismatch"),
        ({"price": "0.4050"}, 400, "invalid_price"),
        ({"price": "1.0000"}, 400, "invalid_price"),
        ({"price": None}, 400, "missing_parameters"),
        ({"count": "0.00"}, 400, "invalid_order_size"),
        ({"count": 10}, 400, "bad_request"),
        ({"count": "9000.00"}, 400, "insufficient_balance"),
        ({"price": "0.5500"}, 400, "invalid_order"),
        ({"updated_client_order_id": "a.b"}, 400, "invalid_parameters"),
        ({"ticker": "KXNONE"}, 404, "market_not_found"),
        ({"exchange_index": 3}, 404, "not_found"),
        ({"subaccount": 4}, 404, "not_found"),
    ],
)
async def test_amend_refuses_and_changes_nothing(changes: dict, status: int, code: str) -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5500, 1)
        order = {"client_order_id": "mine", "post_only": True}
        mine = await kalshi.place("bid", "0.4000", "10.00", **order)
        before = await kalshi.read(mine)
        answer = await kalshi.amend(mine, **{"price": "0.4000", **changes})
        assert (answer.status, answer.code) == (status, code)
        assert await kalshi.read(mine) == before


async def test_amend_of_another_market_of_the_shard_is_a_ticker_mismatch() -> None:
    async with running() as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00")
        shard = kalshi.sim.markets[kalshi.ticker].shard
        other = next(
            t for t, m in kalshi.sim.markets.items() if m.shard == shard and t != kalshi.ticker
        )
        answer = await kalshi.amend(mine, ticker=other, price="0.4000")
        assert (answer.status, answer.code) == (400, "order_ticker_mismatch")
        crypto = await kalshi.amend(mine, ticker=kalshi.crypto, price="0.4000")
        assert (crypto.status, crypto.code) == (404, "not_found")


async def test_amend_may_use_the_cash_that_the_order_itself_has_locked() -> None:
    async with running(accounts={"default": {"0": 4_000_000}}) as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00")
        assert (await kalshi.amend(mine, price="0.3900", count="10.25")).status == 200
        over = await kalshi.amend(mine, price="0.4000", count="10.01")
        assert (over.status, over.code) == (400, "insufficient_balance")


async def test_amend_is_refused_in_a_pause_and_cancel_and_decrease_are_not() -> None:
    async with running() as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00")
        await kalshi.admin("POST", "exchange", exchange_index=0, trading_active=False)
        amended = await kalshi.amend(mine, price="0.4000", count="5.00")
        assert (amended.status, amended.code) == (409, "trading_is_paused")
        assert (await kalshi.decrease(mine, reduce_to="9.00")).status == 200
        await kalshi.admin("POST", "exchange", exchange_index=0, exchange_active=False)
        for answer in (
            await kalshi.amend(mine, price="0.4000", count="5.00"),
            await kalshi.decrease(mine, reduce_to="8.00"),
            await kalshi.call("DELETE", f"{ORDERS}/{mine}"),
        ):
            assert (answer.status, answer.code) == (409, "exchange_is_paused")


@pytest.mark.parametrize("code", ["not_found", "cannot_update_filled_order"])
async def test_change_of_a_filled_order_is_refused(code: str) -> None:
    async with running(filled_update_code=code) as kalshi:
        mine = await kalshi.place("bid", "0.4000", "1.00")
        await kalshi.rest("ask", 4000, 1)
        for answer in (
            await kalshi.amend(mine, price="0.4000"),
            await kalshi.decrease(mine, reduce_by="1.00"),
        ):
            assert answer.code == code
        assert (await kalshi.call("DELETE", f"{ORDERS}/{mine}")).code == "not_found"


async def test_amend_that_would_trade_with_oneself_is_canceled() -> None:
    async with running() as kalshi:
        await kalshi.place("ask", "0.5000", "5.00")
        mine = await kalshi.place("bid", "0.4000", "10.00")
        answer = await kalshi.amend(mine, price="0.5000")
        assert (answer.json["remaining_count"], answer.json["fill_count"]) == ("0.00", None)
        assert (await kalshi.read(mine))["status"] == "canceled"


async def test_scripted_people_take_the_book_before_an_amendment_crosses() -> None:
    on = "POST /trade-api/v2/portfolio/events/orders/"
    async with running(faults=[{"on": on, "kind": "kill", "count": 1}]) as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00")
        await kalshi.rest("ask", 4500, 4)
        answer = await kalshi.amend(mine, price="0.5000")
        assert (answer.json["remaining_count"], answer.json["fill_count"]) == ("10.00", None)


async def test_amendment_finds_its_order_gone_when_others_trigger_the_group() -> None:
    on = "POST /trade-api/v2/portfolio/events/orders/"
    async with running(faults=[{"on": on, "kind": "kill", "count": 1}]) as kalshi:
        body = {"contracts_limit": 1}
        created = await kalshi.call("POST", "/portfolio/order_groups/create", json=body)
        group = {"order_group_id": created.json["order_group_id"]}
        mine = await kalshi.place("bid", "0.4000", "10.00", **group)
        await kalshi.place("ask", "0.5000", "2.00", **group)
        answer = await kalshi.amend(mine, price="0.5000")
        assert (answer.status, answer.code) == (404, "not_found")
        row = await kalshi.read(mine)
        assert (row["status"], row["yes_price_dollars"]) == ("canceled", "0.4000")


@pytest.mark.parametrize(
    ("kind", "fills"), [("amendment", [None, "1.00"]), ("order", ["4.00", "5.00"])]
)
async def test_counts_of_an_amendment_are_its_own_or_the_orders(
    kind: str, fills: list[str | None]
) -> None:
    async with running(amend_tells=kind) as kalshi:
        mine = await kalshi.place("bid", "0.4000", "10.00")
        await kalshi.rest("ask", 4000, 4)
        smaller = await kalshi.amend(mine, price="0.4000", count="9.00")
        await kalshi.rest("ask", 4500, 1)
        crossing = await kalshi.amend(mine, price="0.4500", count="9.00")
        assert [smaller.json["fill_count"], crossing.json["fill_count"]] == fills
