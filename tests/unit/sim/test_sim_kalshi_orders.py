import pytest

from tests.unit.sim.kalshi_client import ORDERS, Harness, running

GTC = "good_till_canceled"
FOK = "fill_or_kill"


async def conserved(kalshi: Harness) -> None:
    """Check that cash, fees and locked dollars add up to what was put in."""
    accounts = (await kalshi.admin("GET", "ledger"))["accounts"]
    opening = sum(sum(a["opening_micros"].values()) for a in accounts.values())
    cash = sum(sum(a["cash_micros"].values()) for a in accounts.values())
    fees = sum(a["fees_micros"] for a in accounts.values())
    signed: dict[str, list[int]] = {}
    for account in accounts.values():
        for ticker, size in account["positions_e6"].items():
            signed.setdefault(ticker, []).append(size)
    assert all(sum(sizes) == 0 for sizes in signed.values())
    locked = sum(max(0, size) for sizes in signed.values() for size in sizes)
    assert cash + fees + locked == opening


async def balance(kalshi: Harness, account: str | None = None) -> dict[int, str]:
    answer = await kalshi.call("GET", "/portfolio/balance", account=account)
    return {row["exchange_index"]: row["balance"] for row in answer.json["balance_breakdown"]}


async def test_ioc_fills_at_resting_prices_and_reports_averages() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5200, 1)
        answer = await kalshi.create("bid", "0.9900", "1.00", client_order_id="one")
        assert answer.status == 201
        assert answer.json == {
            "order_id": answer.json["order_id"],
            "client_order_id": "one",
            "fill_count": "1.00",
            "remaining_count": "0.00",
            "average_fill_price": "0.5200",
            "average_fee_paid": "0.0175",
            "ts_ms": 1_790_000_000_000,
        }
        order = (await kalshi.get(f"/portfolio/orders/{answer.json['order_id']}")).json["order"]
        assert order["status"] == "executed"
        assert order["yes_price_dollars"] == "0.9900"
        assert order["taker_fill_cost_dollars"] == "0.520000"
        assert order["taker_fees_dollars"] == "0.017500"
        assert await balance(kalshi) == {0: "999.4625", 3: "5.0000"}
        await conserved(kalshi)


async def test_ioc_without_a_match_is_an_empty_201() -> None:
    async with running() as kalshi:
        answer = await kalshi.create(client_order_id="x")
        assert answer.status == 201
        assert sorted(answer.json) == [
            "client_order_id",
            "fill_count",
            "order_id",
            "remaining_count",
            "ts_ms",
        ]
        assert (answer.json["fill_count"], answer.json["remaining_count"]) == ("0.00", "0.00")


async def test_ioc_partial_is_canceled_with_its_fill() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5000, 4)
        answer = await kalshi.create("bid", "0.5000", "10.00")
        assert (answer.json["fill_count"], answer.json["remaining_count"]) == ("4.00", "0.00")
        [order] = (await kalshi.get("/portfolio/orders", status="canceled")).json["orders"]
        assert order["fill_count_fp"] == "4.00"
        assert order["remaining_count_fp"] == "0.00"
        assert order["initial_count_fp"] == "10.00"


async def test_fok_kill_is_a_409_trades_nothing_and_consumes_the_id() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5000, 4)
        fok = {"time_in_force": FOK, "client_order_id": "k"}
        answer = await kalshi.create("bid", "0.5000", "5.00", **fok)
        assert answer.status == 409
        assert answer.json == {
            "error": {
                "code": "fill_or_kill_insufficient_resting_volume",
                "message": "fill or kill insufficient resting volume",
            }
        }
        again = await kalshi.create("bid", "0.5000", "4.00", **fok)
        assert again.status == 409
        assert again.json == {
            "error": {"code": "order_already_exists", "message": "order already exists"}
        }
        assert (await kalshi.get("/portfolio/fills")).json == {"fills": [], "cursor": ""}
        filled = await kalshi.create("bid", "0.5000", "4.00", time_in_force=FOK)
        assert filled.json["fill_count"] == "4.00"


async def test_gtc_rests_reserves_cash_and_is_canceled_once() -> None:
    async with running() as kalshi:
        answer = await kalshi.create("bid", "0.4000", "10.00", time_in_force=GTC)
        assert (answer.json["fill_count"], answer.json["remaining_count"]) == ("0.00", "10.00")
        order_id = answer.json["order_id"]
        assert (await balance(kalshi))[0] == "996.0000"
        path = f"{ORDERS}/{order_id}"
        canceled = await kalshi.call("DELETE", path, params={"market_ticker": kalshi.ticker})
        assert canceled.status == 200
        assert canceled.json["reduced_by"] == "10.00"
        assert canceled.json["order_id"] == order_id
        assert (await balance(kalshi))[0] == "1000.0000"
        again = await kalshi.call("DELETE", path)
        assert again.status == 404
        assert again.json == {"error": {"code": "not_found", "message": "not found"}}


async def test_cancel_without_ticker_goes_to_shard_zero() -> None:
    async with running(accounts={"default": {"2": 1_000_000_000}}) as kalshi:
        order = {"ticker": kalshi.crypto, "time_in_force": GTC}
        order_id = (await kalshi.create("bid", "0.4000", **order)).json["order_id"]
        for params in ({}, {"exchange_index": "3"}, {"market_ticker": kalshi.ticker}):
            answer = await kalshi.call("DELETE", f"{ORDERS}/{order_id}", params=params)
            assert (answer.status, answer.code) == (404, "not_found")
        answer = await kalshi.call(
            "DELETE", f"{ORDERS}/{order_id}", params={"exchange_index": "-1"}
        )
        assert (answer.status, answer.code) == (400, "missing_parameters")
        params = {"exchange_index": "2"}
        assert (await kalshi.call("DELETE", f"{ORDERS}/{order_id}", params=params)).status == 200


async def test_cancel_all_also_hits_the_following_minute() -> None:
    async with running() as kalshi:
        await kalshi.create("bid", "0.4000", time_in_force=GTC)
        assert (await kalshi.call("DELETE", ORDERS)).status == 204
        await kalshi.create("bid", "0.4000", time_in_force=GTC)
        assert (await kalshi.get("/portfolio/orders", status="resting")).json["orders"] == []
        kalshi.clock.advance(61)
        await kalshi.create("bid", "0.4000", time_in_force=GTC)
        assert len((await kalshi.get("/portfolio/orders", status="resting")).json["orders"]) == 1


@pytest.mark.parametrize("name", ["count", "price"])
async def test_numbers_instead_of_strings_are_a_flat_bad_request(name: str) -> None:
    async with running() as kalshi:
        answer = await kalshi.create(**{name: 1})
        assert answer.status == 400
        assert answer.json == {
            "code": "bad_request",
            "message": "bad request",
            "details": "json: cannot unmarshal number into Go struct field "
            f"CreateOrderV2Request.{name} of type string",
        }


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"time_in_force": None}, 400, "missing_parameters"),
        ({"self_trade_prevention_type": None}, 400, "missing_parameters"),
        ({"ticker": ""}, 400, "missing_parameters"),
        ({"time_in_force": "good_till_time"}, 400, "invalid_parameters"),
        ({"side": "yes"}, 400, "invalid_parameters"),
        ({"client_order_id": "a.b"}, 400, "invalid_parameters"),
        ({"count": "0.00"}, 400, "invalid_order_size"),
        ({"count": "1.001"}, 400, "invalid_parameters"),
        ({"price": "0.0000"}, 400, "invalid_price"),
        ({"price": "1.0000"}, 400, "invalid_price"),
        ({"price": "0.5050"}, 400, "invalid_price"),
        ({"price": "-0.5"}, 400, "invalid_price"),
        ({"ticker": "KXNONE"}, 404, "market_not_found"),
        ({"exchange_index": 2}, 404, "market_not_found"),
        ({"expiration_time": 1_790_000_100}, 400, "invalid_parameters"),
        ({"time_in_force": GTC, "expiration_time": 1}, 400, "invalid_parameters"),
        ({"time_in_force": FOK, "reduce_only": True}, 400, "invalid_order"),
        ({"time_in_force": GTC, "reduce_only": True}, 400, "invalid_order"),
        ({"subaccount": 3}, 400, "invalid_parameters"),
        ({"post_only": "yes"}, 400, "bad_request"),
        ({"count": "2000.01"}, 400, "insufficient_balance"),
    ],
)
async def test_create_refuses_what_the_rules_forbid(changes: dict, status: int, code: str) -> None:
    async with running() as kalshi:
        answer = await kalshi.create(**changes)
        assert (answer.status, answer.code) == (status, code)
        if code != "bad_request":
            assert answer.json["error"]["message"] == code.replace("_", " ")


async def test_create_needs_a_json_body() -> None:
    async with running() as kalshi:
        assert (await kalshi.call("POST", ORDERS)).code == "invalid_content_type"
        for raw in (b"{", b"[]"):
            headers = {
                **kalshi.headers("POST", "/trade-api/v2" + ORDERS),
                "Content-Type": "application/json",
            }
            answer = await kalshi.call("POST", ORDERS, data=raw, headers=headers)
            assert (answer.status, answer.code) == (400, "bad_request")


async def test_shards_hold_their_own_cash() -> None:
    async with running() as kalshi:
        crypto = await kalshi.create(ticker=kalshi.crypto)
        assert (crypto.status, crypto.code) == (404, "user_not_found")
        sports = next(t for t in kalshi.tickers if t.startswith("KXMLB"))
        poor = await kalshi.create("bid", "0.5000", "10.01", ticker=sports)
        assert (poor.status, poor.code) == (400, "insufficient_balance")
        assert (await kalshi.create("bid", "0.5000", "10.00", ticker=sports)).status == 201


async def test_post_only_refuses_to_cross() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5000, 4)
        order = {"time_in_force": GTC, "post_only": True}
        crossing = await kalshi.create("bid", "0.5000", **order)
        assert crossing.status == 400
        assert crossing.json["error"]["code"] == "invalid_order"
        assert crossing.json["error"]["details"] == "post only cross"
        assert (await kalshi.create("bid", "0.4900", **order)).json["remaining_count"] == "10.00"


async def test_reduce_only_is_capped_by_the_position() -> None:
    async with running() as kalshi:
        nothing = await kalshi.create("ask", "0.4000", reduce_only=True)
        assert (nothing.json["fill_count"], nothing.json["remaining_count"]) == ("0.00", "0.00")
        await kalshi.rest("ask", 5000, 3)
        await kalshi.rest("bid", 4800, 50)
        await kalshi.create("bid", "0.5000", "3.00")
        wrong_way = await kalshi.create("bid", "0.6000", "1.00", reduce_only=True)
        assert wrong_way.json["fill_count"] == "0.00"
        exit_ = await kalshi.create("ask", "0.4800", "10.00", reduce_only=True)
        assert (exit_.json["fill_count"], exit_.json["remaining_count"]) == ("3.00", "0.00")
        [row] = (await kalshi.get("/portfolio/positions")).json["market_positions"]
        assert row["position_fp"] == "0.00"
        assert row["realized_pnl_dollars"] == "-0.060000"
        await conserved(kalshi)


async def test_own_cross_with_taker_at_cross_stops_the_taker() -> None:
    async with running() as kalshi:
        resting = await kalshi.create("ask", "0.5000", "5.00", time_in_force=GTC)
        taker = await kalshi.create("bid", "0.5500", "5.00", time_in_force=GTC)
        assert (taker.json["fill_count"], taker.json["remaining_count"]) == ("0.00", "0.00")
        row = (await kalshi.get(f"/portfolio/orders/{resting.json['order_id']}")).json["order"]
        assert row["status"] == "resting"


async def test_own_cross_with_maker_cancels_the_resting_order() -> None:
    async with running() as kalshi:
        resting = await kalshi.create("ask", "0.5000", "5.00", time_in_force=GTC)
        await kalshi.rest("ask", 5100, 5)
        maker = {"self_trade_prevention_type": "maker"}
        taker = await kalshi.create("bid", "0.5500", "5.00", **maker)
        assert taker.json["average_fill_price"] == "0.5100"
        row = (await kalshi.get(f"/portfolio/orders/{resting.json['order_id']}")).json["order"]
        assert row["status"] == "canceled"


async def test_two_members_trade_with_each_other_and_money_is_conserved() -> None:
    async with running() as kalshi:
        # A series with maker fees.
        await kalshi.create("ask", "0.5000", "10.00", time_in_force=GTC, account="other")
        await kalshi.create("bid", "0.5000", "4.00")
        accounts = (await kalshi.admin("GET", "ledger"))["accounts"]
        assert accounts["default"]["positions_e6"] == {kalshi.ticker: 4_000_000}
        assert accounts["other"]["positions_e6"] == {kalshi.ticker: -4_000_000}
        assert accounts["default"]["fees_micros"] == 70_000
        assert accounts["other"]["fees_micros"] == 17_500
        assert accounts["default"]["cash_micros"]["0"] == 1_000_000_000 - 2_000_000 - 70_000
        assert accounts["other"]["cash_micros"]["0"] == 1_000_000_000 - 2_000_000 - 17_500
        assert (await balance(kalshi, "other"))[0] == "994.9825"
        await conserved(kalshi)


async def test_netting_releases_a_dollar_per_pair() -> None:
    async with running() as kalshi:
        await kalshi.rest("bid", 7000, 10)
        await kalshi.rest("ask", 7100, 10)
        await kalshi.create("ask", "0.7000", "10.00")
        after_no = (await kalshi.admin("GET", "ledger"))["accounts"]["default"]
        assert after_no["cash_micros"]["0"] == 1_000_000_000 - 3_000_000 - 147_000
        await kalshi.create("bid", "0.7100", "10.00")
        flat = (await kalshi.admin("GET", "ledger"))["accounts"]["default"]
        assert flat["positions_e6"] == {}
        assert flat["cash_micros"]["0"] == 1_000_000_000 - 100_000 - flat["fees_micros"]
        assert flat["fills"] == 2
        await conserved(kalshi)


async def test_closing_needs_no_cash() -> None:
    async with running(accounts={"default": {"0": 5_200_000}}) as kalshi:
        await kalshi.rest("ask", 5000, 10)
        await kalshi.rest("bid", 4000, 10)
        await kalshi.create("bid", "0.5000", "10.00")
        assert (await balance(kalshi))[0] == "0.0250"
        exit_ = await kalshi.create("ask", "0.4000", "10.00")
        assert exit_.json["fill_count"] == "10.00"
        await conserved(kalshi)


async def test_fees_must_be_covered_too() -> None:
    async with running(accounts={"default": {"0": 5_174_900}}) as kalshi:
        await kalshi.rest("ask", 5000, 10)
        assert (await kalshi.create("bid", "0.5000", "10.00")).code == "insufficient_balance"


async def test_half_multiplier_and_cent_rounding() -> None:
    async with running(member="non_direct") as kalshi:
        sports = next(t for t in kalshi.tickers if t.startswith("KXMLB"))
        await kalshi.rest("ask", 5000, 1, sports)
        await kalshi.create("bid", "0.5000", "1.00", ticker=sports)
        [fill] = (await kalshi.get("/portfolio/fills")).json["fills"]
        # 0.035 × 0.25 = 0.00875, up to 0.0088; the balance is floored to the cent.
        assert fill["fee_cost"] == "0.010000"
        assert (await balance(kalshi))[3] == "4.4900"


async def test_pause_close_and_reopen() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5000, 4)
        keep = {"time_in_force": GTC}
        kept = (await kalshi.create("bid", "0.4000", **keep)).json["order_id"]
        drop = await kalshi.create("bid", "0.3900", cancel_order_on_pause=True, **keep)
        await kalshi.admin("POST", "market", market=kalshi.ticker, status="inactive")
        paused = await kalshi.create()
        assert (paused.status, paused.code) == (409, "trading_is_paused")
        [row] = (await kalshi.get("/portfolio/orders", status="resting")).json["orders"]
        assert row["order_id"] == kept != drop.json["order_id"]
        await kalshi.admin("POST", "market", market=kalshi.ticker, status="active")
        assert (await kalshi.get("/portfolio/orders", status="resting")).json["orders"] == []
        await kalshi.admin("POST", "market", market=kalshi.ticker, status="closed")
        closed = await kalshi.create()
        assert (closed.status, closed.code) == (409, "market_inactive")


async def test_exchange_and_shard_pauses() -> None:
    async with running() as kalshi:
        await kalshi.admin("POST", "exchange", exchange_index=0, trading_active=False)
        assert (await kalshi.create()).code == "trading_is_paused"
        await kalshi.admin("POST", "exchange", exchange_index=0, exchange_active=False)
        assert (await kalshi.create()).code == "exchange_is_paused"
        status = (await kalshi.get("/exchange/status")).json
        assert status["exchange_active"] is False
        assert [s["exchange_active"] for s in status["exchange_index_statuses"]] == [
            False,
            True,
            True,
        ]


async def test_market_past_its_close_time_takes_no_orders_or_cancels() -> None:
    async with running() as kalshi:
        order_id = (await kalshi.create("bid", "0.4", time_in_force=GTC)).json["order_id"]
        kalshi.clock.advance(kalshi.sim.world.pairs[0].close_ts_s - kalshi.sim.now_s())
        assert (await kalshi.create()).code == "market_inactive"
        canceled = await kalshi.call("DELETE", f"{ORDERS}/{order_id}")
        assert canceled.status in (404, 409)


async def test_expired_orders_are_swept() -> None:
    async with running() as kalshi:
        expiring = {"time_in_force": GTC, "expiration_time": kalshi.sim.now_s() + 5}
        async with kalshi.socket() as socket:
            await socket.subscribe("user_orders")
            await kalshi.create("bid", "0.4000", **expiring)
            assert (await socket.read())["msg"]["status"] == "resting"
            kalshi.clock.advance(6)
            message = (await socket.read())["msg"]
            assert (message["status"], message["last_update_reason"]) == (
                "canceled",
                "ExpiryCancel",
            )


async def test_legacy_orders_are_gone() -> None:
    async with running() as kalshi:
        answer = await kalshi.call("POST", "/portfolio/orders", json={})
        assert answer.status == 410
        assert answer.json == {
            "error": {
                "code": "deprecated_v1_order_endpoint",
                "message": "Please switch to the V2 endpoints",
                "details": "https://docs.kalshi.com/api-reference/orders/create-order-v2",
            }
        }


async def test_reads_lag_behind_writes() -> None:
    async with running(read_lag_ms=(400, 400)) as kalshi:
        order_id = (await kalshi.create("bid", "0.4000", time_in_force=GTC)).json["order_id"]
        path = f"/portfolio/orders/{order_id}"
        assert (await kalshi.get(path)).status == 404
        kalshi.clock.advance(0.4)
        assert (await kalshi.get(path)).json["order"]["status"] == "resting"
        await kalshi.call("DELETE", f"{ORDERS}/{order_id}")
        assert (await kalshi.get(path)).json["order"]["status"] == "resting"
        kalshi.clock.advance(0.4)
        assert (await kalshi.get(path)).json["order"]["status"] == "canceled"


async def test_fills_and_orders_are_filtered_and_paged_newest_first() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5000, 50)
        ids = [(await kalshi.create("bid", "0.5", "1")).json["order_id"] for _ in range(5)]
        seen, cursor = [], None
        while cursor != "":
            params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
            page = (await kalshi.get("/portfolio/fills", **params)).json
            seen += [fill["order_id"] for fill in page["fills"]]
            cursor = page["cursor"]
        assert seen == ids[::-1]
        one = (await kalshi.get("/portfolio/fills", order_id=ids[1])).json["fills"]
        assert [fill["order_id"] for fill in one] == [ids[1]]
        assert "client_order_id" not in one[0]
        both = f"{kalshi.ticker},{kalshi.crypto}"
        assert len((await kalshi.get("/portfolio/orders", ticker=both)).json["orders"]) == 5
        later = str(kalshi.sim.now_s() + 1)
        assert (await kalshi.get("/portfolio/orders", min_ts=later)).json["orders"] == []
        over = await kalshi.get("/portfolio/fills", limit="1001")
        assert (over.status, list(over.json)) == (400, ["msg"])
        [event] = (await kalshi.get("/portfolio/positions")).json["event_positions"]
        assert event["total_cost_shares_fp"] == "5.00"
        assert event["event_exposure_dollars"] == "2.500000"


async def test_scripted_people_kill_and_thin_out_the_book() -> None:
    on = "POST /trade-api/v2/portfolio/events/orders"
    rules = [
        {"on": on, "kind": "kill", "count": 1},
        {"on": on, "kind": "partial", "share": 0.5, "count": 1},
    ]
    async with running(faults=rules) as kalshi:
        await kalshi.rest("ask", 5000, 10)
        killed = await kalshi.create("bid", "0.5", "4", time_in_force=FOK, client_order_id="a")
        assert killed.code == "fill_or_kill_insufficient_resting_volume"
        await kalshi.rest("ask", 5000, 10)
        thinned = await kalshi.create("bid", "0.5", "4", client_order_id="b")
        assert thinned.json["fill_count"] == "2.00"
        records = (await kalshi.admin("GET", "faults"))["records"]
        assert [(r["kind"], r["key"]) for r in records] == [("kill", "a"), ("partial", "b")]
        await conserved(kalshi)


async def test_budget_is_spent_and_refilled() -> None:
    async with running(rate_limits=True) as kalshi:
        explicit = {"exchange_index": 0, "count": "0.01"}
        answers = [await kalshi.create(**explicit) for _ in range(11)]
        assert [answer.status for answer in answers] == [201] * 10 + [429]
        assert answers[-1].json == {"error": "too many requests"}
        kalshi.clock.advance(0.1)
        assert (await kalshi.create(**explicit)).status == 201
        assert (await kalshi.get("/portfolio/balance")).status == 200
        assert (await kalshi.get("/portfolio/balance")).status == 429
        kalshi.clock.advance(1)
        assert (await kalshi.get("/portfolio/balance")).status == 200


async def test_routed_writes_bill_every_shard() -> None:
    async with running(rate_limits=True) as kalshi:
        for _ in range(10):
            assert (await kalshi.create(count="0.01")).status == 201
        sports = next(t for t in kalshi.tickers if t.startswith("KXMLB"))
        answer = await kalshi.create(ticker=sports, exchange_index=3)
        assert answer.status == 429
