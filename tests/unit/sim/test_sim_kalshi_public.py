import asyncio

import aiohttp
import pytest

from tests.unit.sim.kalshi_client import ORDERS, running

MARKET_REQUIRED = [
    "ticker",
    "event_ticker",
    "market_type",
    "yes_sub_title",
    "no_sub_title",
    "created_time",
    "updated_time",
    "open_time",
    "close_time",
    "latest_expiration_time",
    "settlement_timer_seconds",
    "status",
    "yes_bid_dollars",
    "yes_ask_dollars",
    "no_bid_dollars",
    "no_ask_dollars",
    "yes_bid_size_fp",
    "yes_ask_size_fp",
    "last_price_dollars",
    "previous_price_dollars",
    "previous_yes_bid_dollars",
    "previous_yes_ask_dollars",
    "volume_fp",
    "volume_24h_fp",
    "open_interest_fp",
    "notional_value_dollars",
    "result",
    "settlement_bounds_type",
    "can_close_early",
    "expiration_value",
    "rules_primary",
    "rules_secondary",
    "price_level_structure",
    "price_ranges",
    "exchange_index",
]


async def test_markets_are_complete_filtered_and_paged() -> None:
    async with running() as kalshi:
        page = (await kalshi.get("/markets", limit="4")).json
        assert len(page["markets"]) == 4
        assert all(name in page["markets"][0] for name in MARKET_REQUIRED)
        rest = (await kalshi.get("/markets", limit="100", cursor=page["cursor"])).json
        assert len(rest["markets"]) == 6
        assert rest["cursor"] == ""
        garbage = (await kalshi.get("/markets", limit="4", cursor="garbage")).json
        assert garbage["markets"] == page["markets"]
        both = f"{kalshi.ticker},{kalshi.crypto}"
        named = (await kalshi.get("/markets", tickers=both)).json["markets"]
        assert {market["ticker"] for market in named} == {kalshi.ticker, kalshi.crypto}
        one = named[0]
        for name in ("event_ticker", "series_ticker"):
            value = one["event_ticker"] if name == "event_ticker" else one["ticker"].split("-")[0]
            found = (await kalshi.get("/markets", **{name: value})).json["markets"]
            assert [market["ticker"] for market in found] == [one["ticker"]]
        assert (await kalshi.get("/markets", status="settled")).json["markets"] == []
        assert len((await kalshi.get("/markets", status="open")).json["markets"]) == 10
        assert (await kalshi.get("/markets", mve_filter="only")).json["markets"] == []


@pytest.mark.parametrize("params", [{"limit": "1001"}, {"limit": "x"}, {"status": "odd"}])
async def test_wrong_query_is_a_msg_body(params: dict) -> None:
    async with running() as kalshi:
        answer = await kalshi.get("/markets", **params)
        assert answer.status == 400
        assert answer.json["msg"].startswith("Parameter validation failed for GetMarkets: ")


async def test_empty_market_shows_zero_and_one_with_no_size() -> None:
    async with running() as kalshi:
        market = (await kalshi.get(f"/markets/{kalshi.ticker}")).json["market"]
        assert (market["yes_bid_dollars"], market["yes_bid_size_fp"]) == ("0.0000", "0.00")
        assert (market["yes_ask_dollars"], market["yes_ask_size_fp"]) == ("1.0000", "0.00")
        assert (market["no_bid_dollars"], market["no_ask_dollars"]) == ("0.0000", "1.0000")
        assert market["price_ranges"] == [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]
        missing = await kalshi.get("/markets/KXNONE")
        assert (missing.status, missing.code) == (404, "market_not_found")


async def test_orderbooks_list_bids_of_both_outcomes_best_last() -> None:
    async with running() as kalshi:
        for side, price in (("bid", 4100), ("bid", 4200), ("ask", 4400), ("ask", 5500)):
            await kalshi.rest(side, price, 10)
        book = (await kalshi.get(f"/markets/{kalshi.ticker}/orderbook")).json["orderbook_fp"]
        assert book["yes_dollars"] == [["0.4100", "10.00"], ["0.4200", "10.00"]]
        assert book["no_dollars"] == [["0.4500", "10.00"], ["0.5600", "10.00"]]
        top = (await kalshi.get(f"/markets/{kalshi.ticker}/orderbook", depth="1")).json
        assert top["orderbook_fp"]["yes_dollars"] == [["0.4200", "10.00"]]
        query = [("tickers", kalshi.ticker), ("tickers", kalshi.crypto)]
        many = await kalshi.call("GET", "/markets/orderbooks", params=query)
        assert [row["ticker"] for row in many.json["orderbooks"]] == [kalshi.ticker, kalshi.crypto]
        assert (await kalshi.get("/markets/orderbooks")).status == 400
        assert (await kalshi.get("/markets/orderbooks", tickers="KXNONE")).status == 404


async def test_events_and_series() -> None:
    async with running() as kalshi:
        events = (await kalshi.get("/events", with_nested_markets="true")).json["events"]
        assert sum(len(event["markets"]) for event in events) == 10
        ticker = events[0]["event_ticker"]
        one = (await kalshi.get(f"/events/{ticker}")).json
        assert one["event"]["event_ticker"] == ticker
        assert one["markets"]
        assert (await kalshi.get("/events/KXNONE")).status == 404
        chosen = (await kalshi.get("/events", tickers=ticker, limit="1")).json
        assert [event["event_ticker"] for event in chosen["events"]] == [ticker]
        series = (await kalshi.get("/series")).json["series"]
        assert len(series) == 10
        assert {row["fee_multiplier"] for row in series} == {1, 0.5}
        one = (await kalshi.get("/series/KXMLBGAME")).json["series"]
        assert (one["fee_type"], one["fee_multiplier"]) == ("quadratic", 0.5)
        assert (await kalshi.get("/series/KXNONE")).status == 404
        assert len((await kalshi.get("/series", category="Crypto")).json["series"]) == 2


async def test_status_limits_costs_and_data_timestamp() -> None:
    async with running() as kalshi:
        status = (await kalshi.get("/exchange/status")).json
        assert status["trading_active"] is True
        assert [row["exchange_index"] for row in status["exchange_index_statuses"]] == [0, 2, 3]
        limits = (await kalshi.get("/account/limits")).json
        assert limits == {
            "usage_tier": "basic",
            "read": {"refill_rate": 200, "bucket_capacity": 600},
            "write": {"refill_rate": 100, "bucket_capacity": 100},
            "grants": [],
        }
        costs = (await kalshi.get("/account/endpoint_costs")).json
        assert costs["default_cost"] == 10
        stamp = (await kalshi.get("/exchange/user_data_timestamp")).json["as_of_time"]
        assert stamp == "2026-09-21T14:13:20.000000Z"


async def test_public_reads_need_no_key_but_spend_the_shared_bucket() -> None:
    async with running(rate_limits=True) as kalshi:
        url = kalshi.urls["rest"] + "/exchange/status"
        statuses = []
        for _ in range(61):
            async with kalshi.session.get(url) as response:
                statuses.append(response.status)
        assert statuses == [200] * 60 + [429]


async def test_http_faults_answer_in_the_venues_own_shapes() -> None:
    rules = [
        {"on": "GET /", "kind": kind, "count": 1} for kind in ("http_429", "http_500", "http_503")
    ]
    async with running(faults=rules) as kalshi:
        answers = [await kalshi.get("/exchange/status") for _ in range(4)]
        assert [answer.status for answer in answers] == [429, 500, 503, 200]
        assert answers[0].json == {"error": "too many requests"}
        assert answers[2].code == "service_unavailable"


@pytest.mark.parametrize(("kind", "filled"), [("drop_before", 0), ("drop_after", 1)])
async def test_dropped_requests_get_no_answer(kind: str, filled: int) -> None:
    rule = {"on": f"POST /trade-api/v2{ORDERS}", "kind": kind, "count": 1}
    async with running(faults=[rule]) as kalshi:
        await kalshi.rest("ask", 5000, 10)
        with pytest.raises(aiohttp.ClientError):
            await kalshi.create("bid", "0.5", "1", client_order_id="lost")
        assert len((await kalshi.get("/portfolio/fills")).json["fills"]) == filled
        [record] = (await kalshi.admin("GET", "faults"))["records"]
        assert record == {"kind": kind, "key": "lost", "ts_ms": 1_790_000_000_000}
        again = await kalshi.create("bid", "0.5", "1", client_order_id="lost")
        assert again.status == (409 if filled else 201)


async def test_an_error_after_execution_loses_the_acknowledgement() -> None:
    rule = {"on": "POST /", "kind": "http_503", "when": "after", "count": 1}
    async with running(faults=[rule]) as kalshi:
        await kalshi.rest("ask", 5000, 10)
        assert (await kalshi.create("bid", "0.5", "1")).status == 503
        assert len((await kalshi.get("/portfolio/fills")).json["fills"]) == 1


async def test_delay_sleeps_on_the_given_clock() -> None:
    async with running() as kalshi:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            if seconds != 0.25:
                await kalshi.clock.sleep(seconds)

        kalshi.sim.sleep = sleep
        await kalshi.admin("POST", "faults", on="GET /trade-api", kind="delay", delay_ms=250)
        assert (await kalshi.get("/exchange/status")).status == 200
        assert slept.count(0.25) == 1
        await kalshi.admin("DELETE", "faults")
        await kalshi.get("/exchange/status")
        assert slept.count(0.25) == 1


async def test_admin_places_cancels_and_clears_other_peoples_orders() -> None:
    async with running() as kalshi:
        order_id = await kalshi.rest("bid", 4100, 10)
        await kalshi.rest("ask", 4400, 10)
        rows = (await kalshi.admin("GET", "markets"))["markets"]
        row = next(row for row in rows if row["market"] == kalshi.ticker)
        assert row["bids"] == [[4100, 10_000_000]]
        assert row["asks"] == [[4400, 10_000_000]]
        assert (row["exchange_index"], row["status"]) == (0, "active")
        body = {"market": kalshi.ticker, "order_id": order_id}
        assert await kalshi.admin("DELETE", "orders", **body) == {"canceled_e6": 10_000_000}
        assert await kalshi.admin("DELETE", "orders", **body) == {"canceled_e6": None}
        await kalshi.create("bid", "0.3000", time_in_force="good_till_canceled")
        assert await kalshi.admin("POST", "clear", market=kalshi.ticker) == {"canceled": 1}
        book = kalshi.sim.exchanges[kalshi.ticker]
        assert book.levels("bid") == [(3000, 10_000_000)]
        assert book.levels("ask") == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("orders", {"market": "KXNO", "side": "bid", "price_e4": 1, "size_e6": 10_000}),
        ("orders", {"market": "", "side": "up", "price_e4": 1, "size_e6": 10_000}),
        ("orders", {"side": "bid", "price_e4": 10_000, "size_e6": 10_000}),
        ("orders", {"side": "bid", "price_e4": 5_000, "size_e6": 1}),
        ("orders", {"side": "bid", "price_e4": 5_000, "size_e6": -1}),
        ("faults", {"on": "GET /", "kind": "none"}),
        ("faults", {"rules": 1}),
        ("flow", {"running": 1}),
        ("market", {"status": "odd"}),
        ("exchange", {"exchange_index": 9}),
    ],
)
async def test_admin_refuses_nonsense(path: str, body: dict) -> None:
    async with running() as kalshi:
        body = {"market": kalshi.ticker, **body} if path in ("orders", "market") else body
        async with kalshi.session.post(f"{kalshi.root}/_sim/{path}", json=body) as response:
            assert response.status == 400
            assert "error" in await response.json()


def apply(books: dict[str, dict[tuple[str, str], int]], delta: dict) -> None:
    book = books[delta["market_ticker"]]
    key = (delta["side"], delta["price_dollars"])
    book[key] = book.get(key, 0) + lots(delta["delta_fp"])
    assert book[key] >= 0


def lots(count: str) -> int:
    return int(count.replace(".", ""))


async def test_flow_fills_the_books_and_moves_with_the_clock() -> None:
    async with running(flow=True) as kalshi, kalshi.socket() as socket:
        await socket.subscribe("orderbook_delta", market_tickers=kalshi.tickers, use_yes_price=True)
        books: dict[str, dict[tuple[str, str], int]] = {}
        for _ in kalshi.tickers:
            frame = await socket.read()
            assert len(frame["msg"]["yes_dollars_fp"]) >= 3
            books[frame["msg"]["market_ticker"]] = {
                (side, price): lots(size)
                for side in ("yes", "no")
                for price, size in frame["msg"][f"{side}_dollars_fp"]
            }
        seqs = [frame["seq"]]
        for _ in range(5):
            kalshi.clock.advance(0.1)
            # Ten markets change more than five levels in any step.
            for _ in range(5):
                frame = await socket.read()
                apply(books, frame["msg"])
                seqs.append(frame["seq"])
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        accounts = (await kalshi.admin("GET", "ledger"))["accounts"]
        assert accounts["default"]["fills"] == 0


async def test_start_refuses_other_hosts_and_a_second_start() -> None:
    async with running() as kalshi:
        create_server = asyncio.get_running_loop().create_server
        with pytest.raises(RuntimeError, match="runs already"):
            await kalshi.sim.start(create_server, "127.0.0.1", 0)
        await kalshi.sim.stop()
        with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
            await kalshi.sim.start(create_server, "0.0.0.0", 0)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"speed": 1}, "speed"),
        ({"tier": "gold"}, "tier 'gold'"),
        ({"accounts": {"crowd": {}}}, "crowd"),
        ({"read_lag_ms": 5}, "read_lag_ms"),
    ],
)
async def test_options_are_validated(options: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        async with running(**options):
            pass
