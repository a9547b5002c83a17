"""The examples of Kalshi's documents, sent as they stand, are answered as they stand there."""

from typing import Any

from tests.unit.sim.kalshi_client import Harness, running

NOW_MS = 1_790_000_000_000
TICKERS = ("KXA-1", "KXB-2", "KXC-3")
# Kalshi docs, asyncapi 2.0.0 (commands), 2026-10.
COMMANDS: tuple[dict[str, Any], ...] = (
    {
        "id": 1,
        "cmd": "subscribe",
        "params": {
            "channels": ["orderbook_delta"],
            "market_tickers": ["KXA-1", "KXB-2"],
            "use_yes_price": True,
        },
    },
    {"id": 2, "cmd": "subscribe", "params": {"channels": ["fill", "user_orders"]}},
    {
        "id": 3,
        "cmd": "update_subscription",
        "params": {"sid": 1, "action": "add_markets", "market_tickers": ["KXC-3"]},
    },
    {
        "id": 4,
        "cmd": "update_subscription",
        "params": {"sids": [1], "action": "get_snapshot", "market_tickers": ["KXA-1"]},
    },
    {"id": 5, "cmd": "unsubscribe", "params": {"sids": [1, 2]}},
    {"id": 6, "cmd": "list_subscriptions"},
    {"id": 9, "cmd": "subscribe", "params": {"channels": ["order_book"]}},
)
# Kalshi docs, openapi 3.34.0 (CreateOrderV2Request), 2026-10.
EXAMPLE = "KXEXAMPLE-26DEC31-A"
CREATE = {
    "ticker": EXAMPLE,
    "client_order_id": "0f6f2f8e-6a54-4f53-9f1f-0b1c1f9f4e11",
    "side": "ask",
    "count": "25.00",
    "price": "0.5700",
    "time_in_force": "fill_or_kill",
    "self_trade_prevention_type": "taker_at_cross",
    "exchange_index": 0,
}
BOOK = {
    "yes_dollars": [["0.4100", "10.00"], ["0.4200", "13.00"]],
    "no_dollars": [["0.4500", "20.00"], ["0.5600", "17.00"]],
}


async def list_market(kalshi: Harness, ticker: str) -> None:
    await kalshi.admin("POST", "markets", ticker=ticker, title="Will it?")


async def rest_book(kalshi: Harness, ticker: str) -> None:
    for side, price_e4, contracts in (
        ("bid", 4_100, 10),
        ("bid", 4_200, 13),
        ("ask", 5_500, 20),
        ("ask", 4_400, 17),
    ):
        await kalshi.rest(side, price_e4, contracts, ticker)


async def test_the_commands_are_answered_in_order() -> None:
    async with running(market_lag_ms=0) as kalshi, kalshi.socket() as socket:
        for ticker in TICKERS:
            await list_market(kalshi, ticker)
        for command in COMMANDS:
            await socket.ws.send_json(command)
        frames = [await socket.read() for _ in range(12)]
        books = [frame for frame in frames if frame["type"] == "orderbook_snapshot"]
        assert [
            (book.get("id"), book["sid"], book["seq"], book["msg"]["market_ticker"])
            for book in books
        ] == [
            (None, 1, 1, "KXA-1"),
            (None, 1, 2, "KXB-2"),
            (None, 1, 4, "KXC-3"),
            (4, 1, 5, "KXA-1"),
        ]
        now = {"sending_ts_ms": NOW_MS}
        assert [frame for frame in frames if frame not in books] == [
            {"id": 1, "type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": 1}, **now},
            {"id": 2, "type": "subscribed", "msg": {"channel": "fill", "sid": 2}, **now},
            {"id": 2, "type": "subscribed", "msg": {"channel": "user_orders", "sid": 3}, **now},
            {
                "id": 3,
                "sid": 1,
                "seq": 3,
                "type": "ok",
                "msg": {"market_tickers": list(TICKERS)},
                **now,
            },
            {"id": 5, "sid": 1, "seq": 6, "type": "unsubscribed", **now},
            {"id": 5, "sid": 2, "seq": 1, "type": "unsubscribed", **now},
            {"id": 6, "type": "ok", "msg": [{"channel": "user_orders", "sid": 3}], **now},
            {"id": 9, "type": "error", "msg": {"code": 8, "msg": "Unknown channel name"}, **now},
        ]


async def test_the_create_example_fills_at_the_average_of_its_example() -> None:
    async with running(market_lag_ms=0) as kalshi:
        await list_market(kalshi, EXAMPLE)
        for price_e4 in (5_700, 5_800):
            size = {"price_e4": price_e4, "size_e6": 12_500_000}
            await kalshi.admin("POST", "orders", market=EXAMPLE, side="bid", **size)
        answer = await kalshi.call("POST", "/portfolio/events/orders", json=CREATE)
        order_id = answer.json.pop("order_id")
        assert order_id
        assert (answer.status, answer.json) == (
            201,
            {
                "client_order_id": CREATE["client_order_id"],
                "fill_count": "25.00",
                "remaining_count": "0.00",
                "average_fill_price": "0.5750",
                "average_fee_paid": "0.0171",
                "ts_ms": NOW_MS,
            },
        )


async def test_the_fill_frame_is_that_of_its_example() -> None:
    async with running(market_lag_ms=0) as kalshi, kalshi.socket() as socket:
        await list_market(kalshi, EXAMPLE)
        await kalshi.rest("bid", 5_700, 25, EXAMPLE)
        await socket.subscribe("fill")
        await kalshi.call("POST", "/portfolio/events/orders", json=CREATE)
        frame = await socket.read_until("fill")
        for name in ("trade_id", "order_id"):
            assert frame["msg"].pop(name)
        assert frame["msg"] == {
            "client_order_id": CREATE["client_order_id"],
            "market_ticker": EXAMPLE,
            "exchange_index": 0,
            "is_taker": True,
            "side": "no",
            "action": "buy",
            "purchased_side": "no",
            "outcome_side": "no",
            "book_side": "ask",
            "yes_price_dollars": "0.5700",
            "count_fp": "25.00",
            "fee_cost": "0.429000",
            "post_position_fp": "-25.00",
            "subaccount": 0,
            "ts": NOW_MS // 1_000,
            "ts_ms": NOW_MS,
        }


async def test_the_book_is_that_of_its_example() -> None:
    async with running(market_lag_ms=0) as kalshi, kalshi.socket() as socket:
        await list_market(kalshi, "KXA-1")
        await rest_book(kalshi, "KXA-1")
        assert (await kalshi.get("/markets/KXA-1/orderbook")).json == {"orderbook_fp": BOOK}
        several = [("tickers", "KXA-1"), ("tickers", kalshi.ticker)]
        listed = (await kalshi.call("GET", "/markets/orderbooks", params=several)).json
        assert listed["orderbooks"][0] == {"ticker": "KXA-1", "orderbook_fp": BOOK}
        await socket.subscribe("orderbook_delta", market_tickers=["KXA-1"], use_yes_price=False)
        message = (await socket.read())["msg"]
        assert message.pop("market_id")
        assert message.pop("clock") > 0
        assert message == {
            "market_ticker": "KXA-1",
            "yes_dollars_fp": BOOK["yes_dollars"],
            "no_dollars_fp": BOOK["no_dollars"],
        }


async def test_the_delta_is_that_of_its_example() -> None:
    async with running(market_lag_ms=0) as kalshi, kalshi.socket() as socket:
        await list_market(kalshi, "KXA-1")
        await rest_book(kalshi, "KXA-1")
        await socket.subscribe("orderbook_delta", market_tickers=["KXA-1"])
        snapshot = await socket.read()
        await kalshi.admin(
            "POST", "take", market="KXA-1", side="ask", price_e4=4_200, size_e6=3_000_000
        )
        delta = await socket.read()
        clock = delta["msg"].pop("clock")
        assert clock > snapshot["msg"]["clock"]
        assert (delta["type"], delta["sid"], delta["seq"]) == ("orderbook_delta", 1, 2)
        assert delta["msg"] == {
            "market_ticker": "KXA-1",
            "market_id": snapshot["msg"]["market_id"],
            "price_dollars": "0.4200",
            "delta_fp": "-3.00",
            "side": "yes",
            "ts": "2026-09-21T14:13:20.000000Z",
            "ts_ms": NOW_MS,
        }


async def test_the_balance_is_cut_to_cents_as_captured() -> None:
    async with running(accounts={"default": {"0": 98_018_600}}) as kalshi:
        assert (await kalshi.get("/portfolio/balance")).json == {
            "balance": 9_801,
            "balance_dollars": "98.0186",
            "portfolio_value": 0,
            "updated_ts": NOW_MS // 1_000,
            "balance_breakdown": [{"exchange_index": 0, "balance": "98.0186"}],
        }
