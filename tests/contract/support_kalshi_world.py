"""A simulated Kalshi in which every kind of object exists, and everything that it then tells."""

from collections import defaultdict
from itertools import product
from typing import Any

from tests.unit.sim.kalshi_client import START_NS, Harness, Socket, running

GROUPS = "/portfolio/order_groups"
BATCHED = "/portfolio/events/orders/batched"
TRANSFERS = "/portfolio/intra_exchange_instance_transfers"
ALLOCATION = "/portfolio/target_balance_allocation"
CHANNELS = (
    "ticker",
    "trade",
    "fill",
    "user_orders",
    "market_positions",
    "market_lifecycle_v2",
    "order_group_updates",
)
CLIENT_TRANSFER_ID = "0f6f2f8e-6a54-4f53-9f1f-0b1c1f9f4e11"
DAY_S = 86_400
NOW_S = START_NS // 1_000_000_000
OPTIONS: dict[str, Any] = {
    "market_lag_ms": 0,
    "transfer_ms": 1_000,
    "region_expiration_ts_s": {"default": NOW_S + DAY_S},
    "keys": {"locked": {"subaccount": 1}},
    "accounts": {
        "default": {"0": 1_000_000_000, "2": 1_000_000, "3": 5_000_000},
        "other": {"0": 1_000_000_000},
    },
}

# By "METHOD /path" or by type of frame, all bodies that were seen.
Told = dict[str, list[Any]]


class Witness:
    """Calls the simulator and keeps every answer under the name of its route."""

    def __init__(self, kalshi: Harness) -> None:
        self.kalshi = kalshi
        self.told: Told = defaultdict(list)

    async def call(self, route: str, *, status: int = 200, **more: Any) -> Any:
        """Call `METHOD /path`, the path's `{names}` being filled in from `more`."""
        method, _, path = route.partition(" ")
        asked = {name: more.pop(name) for name in ("json", "params", "account") if name in more}
        answer = await self.kalshi.call(method, path.format_map(more), **asked)
        assert answer.status == status, (route, answer.status, answer.text)
        self.told[route].append(answer.json)
        return answer.json

    async def create(self, *args: str, **more: Any) -> str:
        """Create an order; return its id."""
        body = self.kalshi.order(*args, **more)
        answer = await self.call("POST /portfolio/events/orders", status=201, json=body)
        return str(answer["order_id"])

    async def rest(self, *args: str, **more: Any) -> str:
        """Create an order that can rest; return its id."""
        return await self.create(*args, **{"time_in_force": "good_till_canceled", **more})


async def tell_everything() -> Told:
    """Bring about every kind of object, read everything, and return what was told."""
    async with running(**OPTIONS) as kalshi, kalshi.socket() as socket:
        witness = Witness(kalshi)
        await kalshi.rest("bid", 4_100, 10)
        await kalshi.rest("ask", 6_000, 5)
        empty = await list_markets(kalshi)
        await subscribe(socket, kalshi.ticker, empty)
        await open_accounts(witness)
        await trade(witness)
        await write_groups(witness)
        await change_markets(witness)
        await settle(witness)
        await read_account(witness)
        await read_catalogue(witness)
        await end_socket(socket, witness.told)
        await read_history(witness)
        return witness.told


# -- what exists -------------------------------------------------------------------------------


async def list_markets(kalshi: Harness) -> str:
    """List a market of each status that a new one can have; return an empty one."""
    later = {"open_ts_s": NOW_S + DAY_S}
    for ticker, more in (
        ("KXEMPTY-26-A", {}),
        ("KXUNOPENED-26-A", later),
        ("KXWAIVED-26-A", {"fee_waiver_ts_s": NOW_S + DAY_S}),
        ("KXFLOOR-26-A", {"market_type": "scalar", "settlement_floor_e4": 1_000}),
        ("KXPAUSED-26-A", {}),
        ("KXCLOSED-26-A", {}),
    ):
        await kalshi.admin("POST", "markets", ticker=ticker, title="Will it?", **more)
    for ticker, status in (("KXPAUSED-26-A", "inactive"), ("KXCLOSED-26-A", "closed")):
        await kalshi.admin("POST", "market", market=ticker, status=status)
    return "KXEMPTY-26-A"


async def subscribe(socket: Socket, ticker: str, empty: str) -> None:
    """Subscribe to everything, each unit of NO levels once."""
    book = ["orderbook_delta"]
    await socket.send("subscribe", channels=list(CHANNELS))
    await socket.send("subscribe", channels=book, market_ticker=ticker, use_yes_price=True)
    sid = len(CHANNELS) + 1
    update = {"sid": sid, "action": "add_markets", "market_tickers": [empty]}
    await socket.send("update_subscription", **update)
    snapshot = {"sids": [sid], "action": "get_snapshot", "market_tickers": [ticker]}
    await socket.send("update_subscription", **snapshot)
    # Errors: of no subscription, of one, about markets.
    await socket.send("subscribe", channels=["nonsense"])
    await socket.send("update_subscription", sid=sid, action="nonsense")
    await socket.send("subscribe", channels=book, market_tickers=["KXNONE"])


async def open_accounts(witness: Witness) -> None:
    """Earn the right to a subaccount, open it, move cash to it, and between instances."""
    await witness.create("bid", "0.2000", "1.00")
    await witness.call("POST /account/api_usage_level/upgrade", status=201, json={})
    await witness.call("POST /portfolio/subaccounts", status=201, json={})
    move = {"client_transfer_id": CLIENT_TRANSFER_ID, "from_subaccount": 0, "to_subaccount": 1}
    body = {**move, "amount_cents": 10_000}
    await witness.call("POST /portfolio/subaccounts/transfer", json=body)
    await witness.call("GET /portfolio/subaccounts/balances")
    await witness.call("GET /portfolio/subaccounts/transfers")
    body = {
        "source": "event_contract",
        "destination": "event_contract",
        "amount": 5_000,
        "source_exchange_shard": 0,
        "destination_exchange_shard": 3,
    }
    route = "POST /portfolio/intra_exchange_instance_transfer"
    for named in ({}, {"client_transfer_id": CLIENT_TRANSFER_ID}):
        transfer_id = (await witness.call(route, json=body | named))["transfer_id"]
        for _ in ("pending", "complete"):
            await witness.call(f"GET {TRANSFERS}/{{transfer_id}}", transfer_id=transfer_id)
            witness.kalshi.clock.advance(2)
    await witness.call(f"GET {TRANSFERS}")
    rows = [{"exchange_index": 0, "percent": 60}, {"exchange_index": 3, "percent": 40}]
    await witness.call(f"GET {ALLOCATION}")
    await witness.call(f"POST {ALLOCATION}", json={"allocations": rows})


async def trade(witness: Witness) -> None:
    """Make orders of every kind and status, fills of both kinds, a NO position."""
    kalshi = witness.kalshi
    # Taker: whole, in part, not at all; the next rests, with everything an order can carry.
    await witness.create("bid", "0.6000", "1.00", client_order_id="taker")
    await witness.create("bid", "0.6000", "9.00", client_order_id="part")
    await witness.create("bid", "0.2000", "1.00")
    group = await witness.call(f"POST {GROUPS}/create", status=201, json={"contracts_limit": 50})
    full = {"client_order_id": "full", "expiration_time": NOW_S + DAY_S}
    maker = await witness.rest(
        "bid", "0.5000", "7.00", order_group_id=group["order_group_id"], **full
    )
    await kalshi.rest("ask", 5_000, 2)
    await witness.rest("bid", "0.3000", "3.00", subaccount=1, cancel_order_on_pause=True)
    await witness.rest("bid", "0.2900", "3.00", post_only=True)
    # Selling more than is held opens NO.
    await witness.create("ask", "0.4100", "10.00", client_order_id="no")
    path = "/portfolio/events/orders/{order_id}"
    amend = {"ticker": kalshi.ticker, "side": "bid", "price": "0.4900", "count": "9.00"}
    await witness.call(f"POST {path}/amend", order_id=maker, json=amend)
    await kalshi.rest("ask", 5_500, 2)
    crossing = {**amend, "price": "0.5500", "count": "8.00", "updated_client_order_id": "again"}
    await witness.call(f"POST {path}/amend", order_id=maker, json=crossing)
    body = {"reduce_by": "1.00", "market_ticker": kalshi.ticker}
    await witness.call(f"POST {path}/decrease", order_id=maker, json=body)
    gone = await witness.rest("bid", "0.2500", "1.00", client_order_id="gone")
    named = {"market_ticker": kalshi.ticker}
    await witness.call(f"DELETE {path}", order_id=gone, params=named)
    await batch(witness)
    await witness.call("DELETE /portfolio/events/orders", status=204, params={"subaccount": "1"})
    await kalshi.create("bid", "0.3500", time_in_force="good_till_canceled", account="other")


async def batch(witness: Witness) -> None:
    """Send batches in which one item goes well and one does not."""
    order = witness.kalshi.order
    rest = {"time_in_force": "good_till_canceled"}
    items = [
        order("bid", "0.2200", "1.00", client_order_id="first", **rest),
        order("bid", "0.2200", "1.00", client_order_id="first", **rest),
        order("bid", "0.2200", "1.00", ticker="KXNONE"),
    ]
    answer = await witness.call(f"POST {BATCHED}", status=201, json={"orders": items})
    order_id = answer["orders"][0]["order_id"]
    rows = [{"order_id": one, "market_ticker": witness.kalshi.ticker} for one in (order_id, "x")]
    await witness.call(f"DELETE {BATCHED}", json={"orders": rows})


async def write_groups(witness: Witness) -> None:
    """Let everything happen to a group that can."""
    limit = {"contracts_limit_fp": "10.50"}
    created = await witness.call(f"POST {GROUPS}/create", status=201, json=limit)
    one = {"group_id": created["order_group_id"]}
    path = f"{GROUPS}/{{group_id}}"
    await witness.call(f"PUT {path}/trigger", json={}, **one)
    await witness.call(f"PUT {path}/reset", json={}, **one)
    await witness.call(f"PUT {path}/limit", json={"contracts_limit": 5}, **one)
    await witness.call(f"GET {GROUPS}")
    await witness.call(f"GET {path}", **one)
    await witness.call(f"DELETE {path}", **one)


async def change_markets(witness: Witness) -> None:
    """Change markets and fees in all ways that are announced."""
    kalshi = witness.kalshi
    waived = "KXWAIVED-26-A"
    for event, more in (
        ("metadata_updated", {"texts": {"title": "Will it really?"}}),
        ("metadata_updated", {"texts": {"yes_sub_title": "Really"}}),
        ("close_date_updated", {"close_ts_s": NOW_S + 9 * DAY_S}),
        ("price_level_structure_updated", {"price_level_structure": "tapered_deci_cent"}),
    ):
        await kalshi.admin("POST", "lifecycle", market=waived, event=event, **more)
    await kalshi.admin("POST", "market", market="KXPAUSED-26-A", status="active")
    await kalshi.admin("POST", "market", market="KXPAUSED-26-A", status="inactive")
    terms = {"fee_type": "quadratic_with_maker_fees", "fee_multiplier_e4": 5_000}
    await kalshi.admin("POST", "fees", market=waived, of="event", **terms)
    await kalshi.admin("POST", "fees", market=kalshi.ticker, of="event", **terms)
    await kalshi.admin("POST", "fees", market=kalshi.ticker, of="event")
    later = {**terms, "scheduled_ts_s": NOW_S + DAY_S}
    await kalshi.admin("POST", "fees", market=waived, of="series", **later)


async def settle(witness: Witness) -> None:
    """Hold YES or NO of markets of every result, and be paid; leave two unpaid."""
    kalshi = witness.kalshi
    for number, (result, side, is_paid) in enumerate(
        (
            ("yes", "bid", True),
            ("no", "ask", True),
            ("scalar", "bid", True),
            ("scalar", "ask", False),
        )
    ):
        ticker = f"KXDONE{number}-26-A"
        kind = "scalar" if result == "scalar" else "binary"
        await kalshi.admin("POST", "markets", ticker=ticker, title="Did it?", market_type=kind)
        await kalshi.rest("ask" if side == "bid" else "bid", 5_000, 10, ticker)
        await witness.create(side, "0.5000", "2.00", ticker=ticker)
        value = {"value_e4": 3_700} if result == "scalar" else {}
        determined = {"market": ticker, "event": "determined", "result": result, **value}
        await kalshi.admin("POST", "lifecycle", **determined)
        if is_paid:
            await kalshi.admin("POST", "lifecycle", market=ticker, event="settled")


# -- what is told ------------------------------------------------------------------------------


async def read_account(witness: Witness) -> None:
    """Read everything private."""
    orders = (await witness.call("GET /portfolio/orders"))["orders"]
    for order in orders:
        await witness.call("GET /portfolio/orders/{order_id}", order_id=order["order_id"])
    resting = next(order["order_id"] for order in orders if order["status"] == "resting")
    path = "/portfolio/orders/{order_id}/queue_position"
    await witness.call(f"GET {path}", order_id=resting)
    await witness.call("GET /portfolio/positions", params={"settlement_status": "all"})
    for route in (
        "GET /portfolio/orders/queue_positions",
        "GET /portfolio/fills",
        "GET /portfolio/settlements",
        "GET /portfolio/summary/total_resting_order_value",
        "GET /portfolio/deposits",
        "GET /portfolio/withdrawals",
        "GET /portfolio/balance",
        f"GET {ALLOCATION}",
        "GET /api_keys",
        "GET /account/limits",
        "GET /account/endpoint_costs",
        "GET /exchange/user_data_timestamp",
    ):
        await witness.call(route)
    own = {"subaccount": "1"}
    await witness.call("GET /portfolio/balance", account="locked", params=own)


async def read_catalogue(witness: Witness) -> None:
    """Read everything public, singly and in lists."""
    kalshi = witness.kalshi
    await witness.call("GET /markets", params={"limit": "3"})
    markets = (await witness.call("GET /markets"))["markets"]
    for market in markets:
        await witness.call("GET /markets/{ticker}", ticker=market["ticker"])
    events = (await witness.call("GET /events"))["events"]
    ways: tuple[dict[str, str], ...] = (
        {},
        {"exclude_markets": "true"},
        {"with_nested_markets": "true"},
    )
    for event_ticker, params in product([event["event_ticker"] for event in events], ways):
        await witness.call("GET /events/{name}", name=event_ticker, params=params)
    series_ticker = events[0]["series_ticker"]
    extras = {"include_product_metadata": "true", "include_volume": "true"}
    for more in ({}, extras):
        await witness.call("GET /series/{name}", name=series_ticker, params=more)
        await witness.call("GET /series", params=more)
    nested = {"with_nested_markets": "true", "with_milestones": "true"}
    await witness.call("GET /events", params=nested)
    await witness.call("GET /markets/{ticker}/orderbook", ticker=kalshi.ticker)
    await witness.call("GET /markets/{ticker}/orderbook", ticker="KXEMPTY-26-A")
    tickers = [("tickers", kalshi.ticker), ("tickers", "KXEMPTY-26-A")]
    await witness.call("GET /markets/orderbooks", params=tickers)
    await kalshi.admin("POST", "exchange", exchange_index=2, trading_active=False)
    for route in (
        "GET /events/multivariate",
        "GET /markets/trades",
        "GET /series/fee_changes",
        "GET /events/fee_changes",
        "GET /exchange/status",
        "GET /exchange/schedule",
        "GET /historical/cutoff",
    ):
        await witness.call(route)


async def read_history(witness: Witness) -> None:
    """Read what is no longer live a hundred days after the last order has expired."""
    witness.kalshi.clock.advance(2 * DAY_S)
    await witness.call("GET /portfolio/orders")
    witness.kalshi.clock.advance(100 * DAY_S)
    for name in ("orders", "fills", "positions", "trades"):
        await witness.call(f"GET /historical/{name}")
    for market in (await witness.call("GET /historical/markets"))["markets"]:
        await witness.call("GET /historical/markets/{ticker}", ticker=market["ticker"])


async def end_socket(socket: Socket, told: Told) -> None:
    """Ask for the subscriptions, end all, and sort the frames by their type."""
    await socket.send("list_subscriptions")
    sids = list(range(1, len(CHANNELS) + 2))
    await socket.send("unsubscribe", sids=sids)
    while len(told["unsubscribed"]) < len(sids):
        frame = await socket.read()
        kind = frame["type"]
        if kind == "ok":
            kind = "ok list" if isinstance(frame["msg"], list) else "ok update"
        elif kind == "market_lifecycle_v2":
            kind = frame["msg"]["event_type"]
        told[kind].append(frame)
