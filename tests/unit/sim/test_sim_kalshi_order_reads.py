import pytest

from tests.unit.sim.kalshi_client import Harness, running

GTC = "good_till_canceled"
ACCOUNTS = {"default": {"0": 10**9, "2": 10**9}, "other": {"0": 10**9}}
# The fields that the schema requires of every order, fill and position.
ORDER_FIELDS = {
    "order_id", "user_id", "client_order_id", "ticker", "outcome_side", "book_side", "type", "status",
    "yes_price_dollars", "no_price_dollars", "fill_count_fp", "remaining_count_fp", "initial_count_fp",
    "taker_fees_dollars", "maker_fees_dollars", "taker_fill_cost_dollars", "maker_fill_cost_dollars",
    "exchange_index",
}  # fmt: skip
FILL_FIELDS = {
    "fill_id", "trade_id", "order_id", "ticker", "market_ticker", "outcome_side", "book_side",
    "count_fp", "yes_price_dollars", "no_price_dollars", "is_taker", "fee_cost", "exchange_index",
}  # fmt: skip
MARKET_POSITION_FIELDS = {
    "ticker", "exchange_index", "position_fp", "market_exposure_dollars", "total_traded_dollars",
    "realized_pnl_dollars", "fees_paid_dollars", "last_updated_ts",
}  # fmt: skip
EVENT_POSITION_FIELDS = {
    "event_ticker", "total_cost_dollars", "total_cost_shares_fp", "event_exposure_dollars",
    "realized_pnl_dollars", "fees_paid_dollars",
}  # fmt: skip


async def trade_some(kalshi: Harness) -> tuple[str, str, str]:
    """Leave one order resting, one canceled and one executed, each in a second of its own."""
    resting = await kalshi.place("bid", "0.4000", client_order_id="r")
    kalshi.clock.advance(1)
    canceled = (await kalshi.create("bid", "0.4000", ticker=kalshi.crypto)).json["order_id"]
    kalshi.clock.advance(1)
    await kalshi.rest("ask", 5000, 10)
    executed = (await kalshi.create("bid", "0.5000", "4.00")).json["order_id"]
    return resting, canceled, executed


async def ids(kalshi: Harness, **params: str) -> list[str]:
    answer = await kalshi.get("/portfolio/orders", **params)
    assert answer.status == 200, answer.text
    return [row["order_id"] for row in answer.json["orders"]]


async def test_every_required_field_is_there() -> None:
    async with running(accounts=ACCOUNTS) as kalshi:
        await trade_some(kalshi)
        for row in (await kalshi.get("/portfolio/orders")).json["orders"]:
            assert row.keys() >= ORDER_FIELDS
        [fill] = (await kalshi.get("/portfolio/fills")).json["fills"]
        assert fill.keys() >= FILL_FIELDS
        assert (fill["fill_id"], fill["ticker"]) == (fill["trade_id"], fill["market_ticker"])
        positions = (await kalshi.get("/portfolio/positions")).json
        assert positions["market_positions"][0].keys() == MARKET_POSITION_FIELDS
        assert positions["event_positions"][0].keys() == EVENT_POSITION_FIELDS


async def test_orders_are_filtered_by_every_documented_parameter() -> None:
    async with running(accounts=ACCOUNTS) as kalshi:
        resting, canceled, executed = await trade_some(kalshi)
        event = kalshi.sim.markets[kalshi.ticker].pair.kalshi.event_ticker
        crypto = kalshi.sim.markets[kalshi.crypto].pair.kalshi.event_ticker
        start_s = 1_790_000_000
        for params, expected in (
            ({}, [executed, canceled, resting]),
            ({"status": "resting"}, [resting]),
            ({"status": "canceled"}, [canceled]),
            ({"status": "executed"}, [executed]),
            ({"ticker": kalshi.crypto}, [canceled]),
            ({"event_ticker": event}, [executed, resting]),
            ({"event_ticker": f"{event},{crypto}"}, [executed, canceled, resting]),
            ({"exchange_index": "2"}, [canceled]),
            ({"min_ts": str(start_s + 1)}, [executed, canceled]),
            ({"max_ts": str(start_s + 1)}, [canceled, resting]),
            ({"subaccount": "0"}, [executed, canceled, resting]),
            ({"subaccount": "1"}, []),
        ):
            assert await ids(kalshi, **params) == expected, params


@pytest.mark.parametrize("path", ["orders", "fills", "positions"])
@pytest.mark.parametrize(
    "params",
    [
        {"limit": "1001"},
        {"limit": "0"},
        {"limit": "x"},
        {"subaccount": "64"},
        {"exchange_index": "-2"},
        {"min_ts": "yesterday"},
        {"ticker": ",".join(f"T{n}" for n in range(101))},
    ],
)
async def test_parameter_out_of_range_is_refused(path: str, params: dict) -> None:
    async with running() as kalshi:
        answer = await kalshi.get(f"/portfolio/{path}", **params)
        assert answer.status == 400
        [text] = answer.json.values()
        operation = {"orders": "GetOrders", "fills": "GetFills", "positions": "GetPositions"}[path]
        assert answer.json == {"msg": text}
        assert text.startswith(f"Parameter validation failed for {operation}: ")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("orders", {"status": "open"}),
        ("positions", {"count_filter": "resting_orders_count"}),
        ("positions", {"settlement_status": "maybe"}),
        ("orders", {"event_ticker": ",".join(f"T{n}" for n in range(101))}),
    ],
)
async def test_word_outside_its_list_is_refused(path: str, params: dict) -> None:
    async with running() as kalshi:
        answer = await kalshi.get(f"/portfolio/{path}", **params)
        assert (answer.status, list(answer.json)) == (400, ["msg"])


async def test_positions_are_filtered_by_what_they_count() -> None:
    async with running(accounts=ACCOUNTS) as kalshi:
        await kalshi.rest("ask", 5000, 10)
        await kalshi.rest("bid", 4900, 10)
        await kalshi.create("bid", "0.5000", "4.00")
        await kalshi.create("ask", "0.4900", "4.00")
        await kalshi.rest("ask", 5000, 10, kalshi.crypto)
        await kalshi.create("bid", "0.5000", "1.00", ticker=kalshi.crypto)

        async def tickers(**params: str) -> list[str]:
            page = (await kalshi.get("/portfolio/positions", **params)).json
            return [row["ticker"] for row in page["market_positions"]]

        assert await tickers() == [kalshi.crypto, kalshi.ticker]
        assert await tickers(count_filter="position") == [kalshi.crypto]
        assert await tickers(count_filter="position,total_traded") == [kalshi.crypto, kalshi.ticker]
        assert await tickers(exchange_index="0") == [kalshi.ticker]
        assert await tickers(settlement_status="settled") == []
        assert await tickers(settlement_status="all") == [kalshi.crypto, kalshi.ticker]
        first = (await kalshi.get("/portfolio/positions", limit="1")).json
        assert [row["ticker"] for row in first["market_positions"]] == [kalshi.crypto]
        rest = await kalshi.get("/portfolio/positions", limit="1", cursor=first["cursor"])
        assert [row["ticker"] for row in rest.json["market_positions"]] == [kalshi.ticker]
        assert rest.json["cursor"] == ""


async def test_queue_position_counts_better_prices_and_earlier_orders() -> None:
    async with running() as kalshi:
        await kalshi.rest("bid", 4100, 3)
        await kalshi.rest("bid", 4000, 5)
        mine = await kalshi.place("bid", "0.4000", "2.00")
        await kalshi.rest("bid", 4000, 7)
        ask = await kalshi.place("ask", "0.6000", "2.50")
        path = f"/portfolio/orders/{mine}/queue_position"
        assert (await kalshi.get(path)).json == {"queue_position_fp": "8.00"}
        await kalshi.rest("ask", 4000, 4)
        assert (await kalshi.get(path)).json == {"queue_position_fp": "4.00"}
        everything = (await kalshi.get("/portfolio/orders/queue_positions")).json
        event = kalshi.sim.markets[kalshi.ticker].pair.kalshi.event_ticker
        assert everything == {
            "queue_positions": [
                {"order_id": mine, "market_ticker": kalshi.ticker, "queue_position_fp": "4.00"},
                {"order_id": ask, "market_ticker": kalshi.ticker, "queue_position_fp": "0.00"},
            ]
        }
        for params, count in (
            ({"market_tickers": f"{kalshi.ticker},{kalshi.crypto}"}, 2),
            ({"market_tickers": kalshi.crypto}, 0),
            ({"event_ticker": event}, 2),
            ({"event_ticker": "KXNONE"}, 0),
            ({"subaccount": "1"}, 0),
        ):
            page = await kalshi.get("/portfolio/orders/queue_positions", **params)
            assert len(page.json["queue_positions"]) == count, params


async def test_queue_position_of_what_does_not_rest_is_unknown() -> None:
    async with running() as kalshi:
        foreign = (await kalshi.create("bid", "0.4", time_in_force=GTC, account="other")).json
        for order_id in ("none", foreign["order_id"]):
            answer = await kalshi.get(f"/portfolio/orders/{order_id}/queue_position")
            assert (answer.status, answer.code) == (404, "not_found")


async def test_a_member_reads_its_own_orders_alone() -> None:
    async with running() as kalshi:
        mine = await kalshi.place("bid", "0.4000", "3.00")
        theirs = await kalshi.create("ask", "0.4000", "2.00", account="other")
        assert theirs.json["fill_count"] == "2.00"
        listed = await kalshi.call("GET", "/portfolio/orders", account="other")
        assert [row["order_id"] for row in listed.json["orders"]] == [theirs.json["order_id"]]
        foreign = await kalshi.call("GET", f"/portfolio/orders/{mine}", account="other")
        assert (foreign.status, foreign.code) == (404, "not_found")
        [maker] = (await kalshi.get("/portfolio/fills")).json["fills"]
        [taker] = (await kalshi.call("GET", "/portfolio/fills", account="other")).json["fills"]
        assert maker["trade_id"] == taker["trade_id"]
        assert (maker["is_taker"], taker["is_taker"]) == (False, True)
        assert (maker["outcome_side"], taker["outcome_side"]) == ("yes", "no")


async def test_orders_that_ended_two_weeks_ago_are_no_longer_read() -> None:
    async with running(accounts=ACCOUNTS) as kalshi:
        resting, canceled, executed = await trade_some(kalshi)
        kalshi.clock.advance(14 * 86_400)
        assert await ids(kalshi) == [executed, resting]
        kalshi.clock.advance(1)
        assert await ids(kalshi) == [resting]
        for order_id in (canceled, executed):
            answer = await kalshi.get(f"/portfolio/orders/{order_id}")
            assert (answer.status, answer.code) == (404, "not_found")
