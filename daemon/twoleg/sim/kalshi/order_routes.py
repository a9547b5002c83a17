"""Kalshi's order writes over REST: route, bill, carry out, acknowledge.

Kalshi docs, openapi 3.34.0 (the V2 paths under /portfolio/events/orders), 2026-10. The former paths
answer 410 since 2026-06.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from twoleg.sim.kalshi.amend import amend, decrease
from twoleg.sim.kalshi.bodies import (
    BATCH_CANCEL,
    BATCH_CREATE,
    Cancellation,
    parse_amendment,
    parse_batch,
    parse_new_order,
    parse_reduction,
    read_cancellation,
    read_new_order,
)
from twoleg.sim.kalshi.call import Answer, Call, Route, read_json
from twoleg.sim.kalshi.errors import KalshiRefusal, refuse
from twoleg.sim.kalshi.ledger import SUBACCOUNT_MAX, Account
from twoleg.sim.kalshi.limits import COST_CANCEL, COST_DEFAULT, UNSCOPED
from twoleg.sim.kalshi.orders import NewOrder, UserOrder
from twoleg.sim.kalshi.routing import Destination, Locator, destination
from twoleg.sim.kalshi.text import count_text

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim

ORDERS: Final = "/portfolio/events/orders"
_LEGACY: Final = "/portfolio/orders"
_LEGACY_DETAILS: Final = "https://docs.kalshi.com/api-reference/orders/create-order-v2"


class OrderRoutes:
    """Create, cancel, decrease and amend, one by one or in batches."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim
        self._desk = sim.desk
        self._locator = Locator(sim.desk.blotter, sim.markets, sim.options.filled_update_code)

    def routes(self) -> tuple[Route, ...]:
        """Return the routes; fixed paths come before those with an order id."""
        return (
            ("POST", ORDERS, self._create),
            ("DELETE", ORDERS, self._cancel_all),
            ("POST", f"{ORDERS}/batched", self._create_batch),
            ("DELETE", f"{ORDERS}/batched", self._cancel_batch),
            ("DELETE", f"{ORDERS}/{{order_id}}", self._cancel),
            ("POST", f"{ORDERS}/{{order_id}}/decrease", self._decrease),
            ("POST", f"{ORDERS}/{{order_id}}/amend", self._amend),
            ("POST", _LEGACY, self._legacy),
            ("POST", f"{_LEGACY}/batched", self._legacy),
            ("DELETE", f"{_LEGACY}/batched", self._legacy),
            ("DELETE", f"{_LEGACY}/{{order_id}}", self._legacy),
            ("POST", f"{_LEGACY}/{{order_id}}/decrease", self._legacy),
            ("POST", f"{_LEGACY}/{{order_id}}/amend", self._legacy),
        )

    # -- one by one --------------------------------------------------------------------------------

    async def _create(self, call: Call) -> Answer:
        body = await read_json(call.request)
        shard = body.get("exchange_index") if isinstance(body, dict) else None
        is_explicit = type(shard) is int and shard >= 0
        call.limits.bill_write(shard if is_explicit else None)
        options = self._sim.options
        new = parse_new_order(body, now_s=self._sim.now_s(), dots=options.client_order_id_dots)
        return web.json_response(self._enter(call, new), status=201)

    async def _cancel(self, call: Call) -> Answer:
        query = call.query
        cancellation = Cancellation(
            call.request.match_info["order_id"],
            query.text("market_ticker"),
            query.whole("exchange_index", "CancelOrder"),
            query.whole("subaccount", "CancelOrder", least=0, most=SUBACCOUNT_MAX) or 0,
        )
        where = destination(cancellation.exchange_index, cancellation.market_ticker)
        call.limits.bill_write(where.shard, COST_CANCEL)
        return self._take_off(call.account, cancellation, where)

    async def _cancel_all(self, call: Call) -> Answer:
        subaccount = call.query.whole("subaccount", "CancelAllOrders", least=0, most=SUBACCOUNT_MAX)
        call.limits.bill_write(UNSCOPED, COST_CANCEL)
        self._desk.scripted.meet("cancel")
        self._desk.cancel_all(call.account, subaccount)
        return web.Response(status=204)

    async def _decrease(self, call: Call) -> Answer:
        reduction = parse_reduction(await read_json(call.request))
        where = destination(reduction.exchange_index, reduction.market_ticker)
        call.limits.bill_write(where.shard)
        order = self._changeable(call, where, "DecreaseOrder")
        remaining_e6 = decrease(self._desk, order, reduction)
        return {**_names(order), "remaining_count": count_text(remaining_e6), **self._now()}

    async def _amend(self, call: Call) -> Answer:
        options, now_s = self._sim.options, self._sim.now_s()
        body = await read_json(call.request)
        amendment = parse_amendment(body, now_s=now_s, dots=options.client_order_id_dots)
        where = destination(amendment.exchange_index, amendment.ticker)
        call.limits.bill_write(where.shard)
        order = self._changeable(call, where, "AmendOrder")

        def before_match(new: NewOrder, size_e6: int) -> None:
            self._sim.apply_faults_to(call.request, new, size_e6)

        traded = amend(self._desk, order, amendment, before_match=before_match)
        if options.amend_tells == "order":
            traded = order.traded
        answer: dict[str, object] = {
            **_names(order),
            "remaining_count": count_text(order.remaining_e6),
            "fill_count": None,
            "average_fill_price": None,
            "average_fee_paid": None,
        }
        if traded.size_e6:
            answer["fill_count"] = count_text(traded.size_e6)
            answer.update(traded.averages(options.average_fee))
        return {**answer, **self._now()}

    async def _legacy(self, call: Call) -> Answer:
        call.limits.bill_write(UNSCOPED)
        raise refuse(
            410,
            "deprecated_v1_order_endpoint",
            _LEGACY_DETAILS,
            message="Please switch to the V2 endpoints",
        )

    # -- batches -----------------------------------------------------------------------------------

    async def _create_batch(self, call: Call) -> Answer:
        items = await _read_batch(call, BATCH_CREATE, COST_DEFAULT)
        answers = [self._create_item(call, item) for item in items]
        return web.json_response({"orders": answers}, status=201)

    def _create_item(self, call: Call, item: Mapping[str, Any]) -> dict[str, object]:
        try:
            dots = self._sim.options.client_order_id_dots
            return self._enter(call, read_new_order(item, now_s=self._sim.now_s(), dots=dots))
        except KalshiRefusal as refusal:
            client_order_id = item.get("client_order_id")
            names = {"client_order_id": client_order_id} if client_order_id else {}
            return {**names, "error": refusal.body["error"]}

    async def _cancel_batch(self, call: Call) -> Answer:
        items = await _read_batch(call, BATCH_CANCEL, COST_CANCEL)
        return {"orders": [self._cancel_item(call, item) for item in items]}

    def _cancel_item(self, call: Call, item: Mapping[str, Any]) -> dict[str, object]:
        try:
            cancellation = read_cancellation(item)
            where = destination(cancellation.exchange_index, cancellation.market_ticker)
            return self._take_off(call.account, cancellation, where)
        except KalshiRefusal as refusal:
            # Id and size are required even here (openapi, BatchCancelOrdersV2Response).
            names = {"order_id": item.get("order_id") or "", "reduced_by": count_text(0)}
            return {**names, "error": refusal.body["error"]}

    # -- steps -------------------------------------------------------------------------------------

    def _enter(self, call: Call, new: NewOrder) -> dict[str, object]:
        order = self._desk.create(
            call.account,
            new,
            before_match=lambda size_e6: self._sim.apply_faults_to(call.request, new, size_e6),
        )
        ack = order.to_ack(order.created_us // 1_000, self._sim.options.average_fee)
        self._desk.sweep_cancel_all(order)
        return ack

    def _take_off(
        self, member: Account, cancellation: Cancellation, where: Destination
    ) -> dict[str, object]:
        self._desk.scripted.meet("cancel")
        order = self._locator.resting(member, cancellation.order_id, where, cancellation.subaccount)
        self._desk.check_cancel(self._sim.markets[order.ticker])
        left_e6 = self._desk.cancel(order)
        is_named = self._sim.options.cancel_tells_client_order_id
        names = _names(order) if is_named else {"order_id": order.order_id}
        return {**names, "reduced_by": count_text(left_e6), **self._now()}

    def _changeable(self, call: Call, where: Destination, operation: str) -> UserOrder:
        subaccount = call.query.whole("subaccount", operation, least=0, most=SUBACCOUNT_MAX)
        order_id = call.request.match_info["order_id"]
        return self._locator.changeable(call.account, order_id, where, subaccount or 0)

    def _now(self) -> dict[str, object]:
        return {"ts_ms": self._sim.now_ms()}


def read_client_order_id(raw: bytes) -> str | None:
    """Return the client order id of a create body, None when there is none to be read."""
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    value = body.get("client_order_id") if isinstance(body, dict) else None
    return value if isinstance(value, str) else None


async def _read_batch(call: Call, struct: str, cost: int) -> list[dict[str, Any]]:
    # The whole batch must fit into the unscoped bucket; one that is malformed pays for one item.
    body = await read_json(call.request)
    orders = body.get("orders") if isinstance(body, dict) else None
    count = len(orders) if isinstance(orders, list) else 1
    call.limits.bill_write(UNSCOPED, cost * max(1, count))
    return parse_batch(body, struct)


def _names(order: UserOrder) -> dict[str, object]:
    names: dict[str, object] = {"order_id": order.order_id}
    if order.request.client_order_id:
        names["client_order_id"] = order.request.client_order_id
    return names
