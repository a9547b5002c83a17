"""Kalshi's REST routes: check the signature, bill the bucket, answer in the documented shape.

Kalshi docs, openapi 3.34.0, 2026-10. Market data needs no key; everything under portfolio does.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from twoleg.sim.kalshi_errors import KalshiRefusal, refuse, refuse_json
from twoleg.sim.kalshi_ledger import Account
from twoleg.sim.kalshi_limits import (
    COST_CANCEL,
    COST_DEFAULT,
    COST_GET_ORDER,
    UNSCOPED,
    RateLimits,
)
from twoleg.sim.kalshi_orders import UserOrder, parse_new_order
from twoleg.sim.kalshi_pages import (
    Query,
    balance_page,
    event_positions,
    page_of,
    select_rows,
)
from twoleg.sim.kalshi_public import KalshiPublic
from twoleg.sim.kalshi_text import count_text, time_text

if TYPE_CHECKING:
    from twoleg.sim.kalshi import KalshiSim

_LEGACY_DETAILS: Final = "https://docs.kalshi.com/api-reference/orders/create-order-v2"
_COSTS: Final = (
    ("DELETE", "/portfolio/events/orders/{order_id}", COST_CANCEL),
    ("DELETE", "/portfolio/events/orders", COST_CANCEL),
    ("GET", "/portfolio/orders/{order_id}", COST_GET_ORDER),
)


@dataclass(frozen=True, slots=True)
class Call:
    """A verified request: who asks, and whose buckets pay."""

    request: web.Request
    account: Account
    limits: RateLimits

    @property
    def query(self) -> Query:
        """Return the query parameters."""
        return Query(self.request.query)


Answer = dict[str, object] | web.Response
Private = Callable[[Call], Awaitable[Answer]]


class KalshiRest:
    """The private routes; the public ones are `KalshiPublic`'s."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Register all routes under the prefix."""
        KalshiPublic(self._sim).add_routes(app, prefix)
        routes: tuple[tuple[str, str, Private], ...] = (
            ("POST", "/portfolio/events/orders", self._create),
            ("DELETE", "/portfolio/events/orders", self._cancel_all),
            ("DELETE", "/portfolio/events/orders/{order_id}", self._cancel),
            ("GET", "/portfolio/orders", self._orders),
            ("GET", "/portfolio/orders/{order_id}", self._order),
            ("GET", "/portfolio/fills", self._fills),
            ("GET", "/portfolio/positions", self._positions),
            ("GET", "/portfolio/balance", self._balance),
            ("GET", "/account/limits", self._limits),
            ("GET", "/exchange/user_data_timestamp", self._data_timestamp),
            ("POST", "/portfolio/orders", self._legacy),
            ("DELETE", "/portfolio/orders/{order_id}", self._legacy),
        )
        for method, path, answer in routes:
            app.router.add_route(method, prefix + path, self._serve(answer))
        app.router.add_get(f"{prefix}/account/endpoint_costs", self._costs)

    def _serve(self, answer: Private) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            sim = self._sim
            try:
                name = sim.keys.verify(
                    request.method,
                    request.rel_url.raw_path,
                    request.headers,
                    now_ms=sim.now_ms(),
                )
                body = await answer(Call(request, sim.accounts[name], sim.limits[name]))
            except KalshiRefusal as refusal:
                return refusal.response()
            return body if isinstance(body, web.Response) else web.json_response(body)

        return serve

    # -- writes ------------------------------------------------------------------------------------

    async def _create(self, call: Call) -> Answer:
        desk, now_s = self._sim.desk, self._sim.now_s()
        body = await _read_json(call.request)
        shard = body.get("exchange_index") if isinstance(body, dict) else None
        is_explicit = type(shard) is int and shard >= 0
        call.limits.bill_write(shard if is_explicit else None)
        new = parse_new_order(body, now_s=now_s)
        order = desk.create(
            call.account,
            new,
            before_match=lambda size_e6: self._sim.apply_faults_to(call.request, new, size_e6),
        )
        ack = order.to_ack(order.created_us // 1_000)
        desk.sweep_cancel_all(order)
        return web.json_response(ack, status=201)

    async def _cancel(self, call: Call) -> Answer:
        query = call.query
        ticker = query.text("market_ticker")
        shard = query.whole("exchange_index", "CancelOrder")
        is_routed = shard == -1 or (shard is None and ticker is not None)
        if shard == -1 and ticker is None:
            raise refuse(400, "missing_parameters", "market_ticker")
        call.limits.bill_write(None if is_routed else shard or UNSCOPED, COST_CANCEL)
        order = self._resting(call, ticker, None if is_routed else shard or UNSCOPED)
        self._sim.desk.check_cancel(self._sim.markets[order.ticker])
        left_e6 = self._sim.desk.cancel(order)
        return {
            "order_id": order.order_id,
            "reduced_by": count_text(left_e6),
            "ts_ms": self._sim.now_ms(),
        }

    def _resting(self, call: Call, ticker: str | None, shard: int | None) -> UserOrder:
        # An order id alone locates nothing: routed by ticker, or looked up on one shard only.
        order = self._sim.desk.resting.get(call.request.match_info["order_id"])
        is_found = (
            order is not None
            and order.account is call.account
            and (ticker is None or order.ticker == ticker)
            and (shard is None or order.shard == shard)
        )
        if order is None or not is_found:
            raise refuse(404, "not_found")
        return order

    async def _cancel_all(self, call: Call) -> Answer:
        call.limits.bill_write(UNSCOPED, COST_CANCEL)
        self._sim.desk.cancel_all(call.account)
        return web.Response(status=204)

    async def _legacy(self, call: Call) -> Answer:
        call.limits.bill_write(UNSCOPED)
        raise refuse(
            410,
            "deprecated_v1_order_endpoint",
            _LEGACY_DETAILS,
            message="Please switch to the V2 endpoints",
        )

    # -- reads -------------------------------------------------------------------------------------

    async def _orders(self, call: Call) -> Answer:
        call.limits.bill_read()
        query = call.query
        query.choice("status", "GetOrders", ("resting", "canceled", "executed"))
        rows = select_rows(self._sim.reads.orders(call.account.name), query, "GetOrders")
        page, cursor = page_of(rows, query, "GetOrders")
        return {"orders": [row.json for row in page], "cursor": cursor}

    async def _order(self, call: Call) -> Answer:
        call.limits.bill_read(COST_GET_ORDER)
        row = self._sim.reads.order(call.account.name, call.request.match_info["order_id"])
        if row is None:
            raise refuse(404, "not_found")
        return {"order": row.json}

    async def _fills(self, call: Call) -> Answer:
        call.limits.bill_read()
        query = call.query
        rows = select_rows(self._sim.reads.fills(call.account.name), query, "GetFills")
        page, cursor = page_of(rows, query, "GetFills")
        return {"fills": [row.json for row in page], "cursor": cursor}

    async def _positions(self, call: Call) -> Answer:
        call.limits.bill_read()
        query = call.query
        rows = select_rows(self._sim.reads.positions(call.account.name), query, "GetPositions")
        if "position" in (query.text("count_filter") or "").split(","):
            rows = [row for row in rows if row.json["position_fp"] != "0.00"]
        if query.text("settlement_status") == "settled":
            rows = []
        page, cursor = page_of(sorted(rows, key=lambda r: -r.number), query, "GetPositions")
        return {
            "market_positions": [row.json for row in page],
            "event_positions": event_positions(page),
            "cursor": cursor,
        }

    async def _balance(self, call: Call) -> Answer:
        call.limits.bill_balance()
        account, desk = call.account, self._sim.desk
        only = call.query.whole("exchange_index", "GetBalance")
        available = {
            shard: desk.available_micros(account, shard)
            for shard in sorted(account.cash_micros)
            if only in (None, shard)
        }
        value = sum(
            position.exposure_micros
            for ticker, position in account.positions.items()
            if self._sim.markets[ticker].shard in available
        )
        return balance_page(available, value, self._sim.now_s())

    async def _limits(self, call: Call) -> Answer:
        call.limits.bill_read()
        return {
            "usage_tier": call.limits.tier,
            "read": {
                "refill_rate": call.limits.read.refill_per_s,
                "bucket_capacity": call.limits.read.capacity,
            },
            "write": {
                "refill_rate": call.limits.write.refill_per_s,
                "bucket_capacity": call.limits.write.capacity,
            },
            "grants": [],
        }

    async def _data_timestamp(self, call: Call) -> Answer:
        call.limits.bill_read()
        lag_us = self._sim.reads.lag_ms[1] * 1_000
        return {"as_of_time": time_text(self._sim.clock.now_ns() // 1_000 - lag_us)}

    async def _costs(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "default_cost": COST_DEFAULT,
                "endpoint_costs": [
                    {"method": method, "path": f"/trade-api/v2{path}", "cost": cost}
                    for method, path, cost in _COSTS
                ],
            }
        )


def read_client_order_id(raw: bytes) -> str | None:
    """Return the client order id of a create body, None when there is none to be read."""
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    value = body.get("client_order_id") if isinstance(body, dict) else None
    return value if isinstance(value, str) else None


async def _read_json(request: web.Request) -> object:
    raw = await request.read()
    if not raw or request.content_type != "application/json":
        raise refuse(400, "invalid_content_type")
    try:
        body: object = json.loads(raw)
    except ValueError as error:
        raise refuse_json(f"json: {error}") from error
    return body
