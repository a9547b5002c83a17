"""The CLOB's private endpoints: keys, orders, cancels, reads, balances, the dead-man switch.

Shapes: docs.polymarket.com API reference (2026-08-21), PyPI py-clob-client-v2 1.2.1 and
polymarket-client 0.14.0, read 2026-11-22.
"""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket_accounts import ApiKey
from twoleg.sim.polymarket_engine import Engine, Venue
from twoleg.sim.polymarket_heartbeat import Heartbeats
from twoleg.sim.polymarket_orders import PAYLOAD_INVALID
from twoleg.sim.polymarket_public import guarded
from twoleg.sim.polymarket_sign import EXCHANGE_NEG_RISK, EXCHANGE_STANDARD, UINT256_MAX
from twoleg.sim.polymarket_state import OrderRecord, Trade
from twoleg.sim.polymarket_wire import NS_PER_MS, NS_PER_S, Refused

ORDERS_MAX: Final = 15
CANCELS_MAX: Final = 1_000
PAGE: Final = 100
CURSOR_END: Final = "LTE="

Private = Callable[[web.Request, ApiKey, object], Awaitable[object]]


class PrivateApi:
    """Serves what needs an API key, and the making of keys."""

    def __init__(self, venue: Venue, engine: Engine, heartbeats: Heartbeats) -> None:
        self._venue = venue
        self._engine = engine
        self._heartbeats = heartbeats

    def add_routes(self, app: web.Application) -> None:
        """Register the endpoints."""
        app.router.add_post("/auth/api-key", guarded(self._create_key))
        app.router.add_get("/auth/derive-api-key", guarded(self._derive_key))
        routes: tuple[tuple[str, str, Private], ...] = (
            ("GET", "/auth/api-keys", self._list_keys),
            ("DELETE", "/auth/api-key", self._delete_key),
            ("GET", "/auth/ban-status/closed-only", self._ban_status),
            ("POST", "/order", self._post_order),
            ("POST", "/orders", self._post_orders),
            ("DELETE", "/order", self._cancel_order),
            ("DELETE", "/orders", self._cancel_orders),
            ("DELETE", "/cancel-all", self._cancel_all),
            ("DELETE", "/cancel-market-orders", self._cancel_market),
            ("POST", "/v1/heartbeats", self._beat),
            ("GET", "/data/order/{order_id}", self._get_order),
            ("GET", "/data/orders", self._get_orders),
            ("GET", "/data/trades", self._get_trades),
            ("GET", "/balance-allowance", self._get_balance),
            ("GET", "/balance-allowance/update", self._get_balance),
        )
        for method, path, handler in routes:
            app.router.add_route(method, path, guarded(self._signed(handler)))

    def _signed(self, handler: Private) -> Callable[[web.Request], Awaitable[object]]:
        async def serve(request: web.Request) -> object:
            text = await request.text()
            # The path is signed without its query.
            key = self._venue.accounts.authenticate(
                request.headers, request.method, request.path, text, self._now_s()
            )
            try:
                body = json.loads(text) if text else None
            except ValueError as error:
                raise Refused(400, PAYLOAD_INVALID) from error
            return await handler(request, key, body)

        return serve

    async def _create_key(self, request: web.Request) -> object:
        return self._venue.accounts.create(request.headers, self._now_s()).to_json()

    async def _derive_key(self, request: web.Request) -> object:
        return self._venue.accounts.derive(request.headers, self._now_s()).to_json()

    async def _list_keys(self, _request: web.Request, key: ApiKey, _body: object) -> object:
        return {"apiKeys": self._venue.accounts.keys_of(key.owner)}

    async def _delete_key(self, _request: web.Request, key: ApiKey, _body: object) -> object:
        self._venue.accounts.drop(key)
        return "OK"

    async def _ban_status(self, _request: web.Request, _key: ApiKey, _body: object) -> object:
        return {"closed_only": False}

    async def _post_order(self, request: web.Request, key: ApiKey, body: object) -> object:
        self._venue.gate.spend(key.owner, "order")
        return await self._engine.place(request, key, body)

    async def _post_orders(self, request: web.Request, key: ApiKey, body: object) -> object:
        if not isinstance(body, list):
            raise Refused(400, PAYLOAD_INVALID)
        if len(body) > ORDERS_MAX:
            raise Refused(
                400, f"Too many orders in payload: {len(body)}, max allowed: {ORDERS_MAX}"
            )
        self._venue.gate.spend(key.owner, "order", len(body))
        answers: list[object] = []
        for order in body:
            try:
                answers.append(await self._engine.place(request, key, order))
            except Refused as refused:
                if refused.status not in (400, 404):
                    raise
                answers.append(_failed(refused))
        return answers

    async def _cancel_order(self, _request: web.Request, key: ApiKey, body: object) -> object:
        order_id = body.get("orderID") if isinstance(body, dict) else None
        if not isinstance(order_id, str):
            raise Refused(400, PAYLOAD_INVALID)
        return self._cancel(key, [order_id])

    async def _cancel_orders(self, _request: web.Request, key: ApiKey, body: object) -> object:
        if not isinstance(body, list) or not all(isinstance(item, str) for item in body):
            raise Refused(400, PAYLOAD_INVALID)
        if len(body) > CANCELS_MAX:
            raise Refused(
                400, f"Too many orders in payload: {len(body)}, max allowed: {CANCELS_MAX}"
            )
        return self._cancel(key, body)

    async def _cancel_all(self, _request: web.Request, key: ApiKey, _body: object) -> object:
        orders = self._engine.open_orders(key.owner)
        return self._cancel(key, [order.order_id for order in orders], extra=1)

    async def _cancel_market(self, _request: web.Request, key: ApiKey, body: object) -> object:
        wanted = body if isinstance(body, dict) else {}
        orders = [
            order
            for order in self._engine.open_orders(key.owner)
            if wanted.get("market") in (None, "", order.market.condition_id)
            and wanted.get("asset_id") in (None, "", order.posted.token_id)
        ]
        return self._cancel(key, [order.order_id for order in orders], extra=1)

    def _cancel(self, key: ApiKey, order_ids: Iterable[str], extra: int = 0) -> object:
        order_ids = list(dict.fromkeys(order_ids))
        self._venue.gate.check_cancel()
        self._venue.gate.spend(key.owner, "cancel", len(order_ids) + extra)
        reasons = {order_id: self._engine.cancel(order_id, key.owner) for order_id in order_ids}
        return {
            "canceled": [order_id for order_id, reason in reasons.items() if reason is None],
            "not_canceled": {k: reason for k, reason in reasons.items() if reason is not None},
        }

    async def _beat(self, _request: web.Request, key: ApiKey, body: object) -> object:
        beat_id = body.get("heartbeat_id") if isinstance(body, dict) else None
        return {"heartbeat_id": self._heartbeats.beat(key, str(beat_id or ""))}

    async def _get_order(self, request: web.Request, key: ApiKey, _body: object) -> object:
        record = self._engine.orders.get(request.match_info["order_id"])
        seen = None if record is None else record.as_of(self._seen_ns())
        if record is None or seen is None or record.key.owner != key.owner:
            raise Refused(404, "order not found")
        return record.to_rest(*seen)

    async def _get_orders(self, request: web.Request, key: ApiKey, _body: object) -> object:
        query = request.query
        rows: list[object] = []
        for record in self._engine.orders.values():
            seen = record.as_of(self._seen_ns())
            if (
                record.key.owner == key.owner
                and seen is not None
                and seen[0] == "LIVE"
                and _is_wanted(record, query.get("id"), query.get("market"), query.get("asset_id"))
            ):
                rows.append(record.to_rest(*seen))
        return _page(rows, query.get("next_cursor"))

    async def _get_trades(self, request: web.Request, key: ApiKey, _body: object) -> object:
        query = request.query
        after_s, before_s = _second(query.get("after")), _second(query.get("before"))
        rows: list[object] = []
        for trade in reversed(self._venue.trades.by_id.values()):
            roles = trade.parties_of(key.owner)
            match_s = trade.match_ns // NS_PER_S
            if (
                roles
                and trade.match_ns <= self._seen_ns()
                and (after_s is None or match_s >= after_s)
                and (before_s is None or match_s <= before_s)
                and _is_trade_wanted(trade, dict(query))
            ):
                rows.append(trade.to_rest(roles[0]))
        return _page(rows, query.get("next_cursor"))

    async def _get_balance(self, request: web.Request, key: ApiKey, _body: object) -> object:
        text = request.query.get("signature_type", "0")
        address = self._venue.accounts.wallet_of(key.owner, int(text) if text.isdecimal() else 0)
        wallet = None if address is None else self._venue.ledger.get(address)
        balance = 0
        if wallet is not None and request.query.get("asset_type") == "COLLATERAL":
            balance = max(0, wallet.cash_micros)
        elif wallet is not None:
            token_id = request.query.get("token_id", "")
            balance = wallet.visible_e6(token_id, self._venue.clock.now_ns())
        allowance = str(UINT256_MAX)
        return {
            "balance": str(balance),
            "allowances": {EXCHANGE_STANDARD: allowance, EXCHANGE_NEG_RISK: allowance},
        }

    def _seen_ns(self) -> int:
        lag_ns = self._venue.options.read_lag_ms * NS_PER_MS
        return self._venue.clock.now_ns() - lag_ns

    def _now_s(self) -> int:
        return self._venue.clock.now_ns() // NS_PER_S


def _failed(refused: Refused) -> dict[str, object]:
    # Seen live in batches: success is true although the order was refused.
    return {
        "success": True,
        "errorMsg": refused.message,
        "orderID": refused.order_id,
        "status": "",
        "makingAmount": "",
        "takingAmount": "",
        "tradeIDs": [],
        "transactionsHashes": [],
    }


def _is_wanted(
    record: OrderRecord, order_id: str | None, market: str | None, asset_id: str | None
) -> bool:
    return (
        order_id in (None, "", record.order_id)
        and market in (None, "", record.market.condition_id)
        and asset_id in (None, "", record.posted.token_id)
    )


def _is_trade_wanted(trade: Trade, query: dict[str, str]) -> bool:
    tokens = trade.market.spec.token_ids
    assets = (tokens[trade.taker.token], tokens[trade.maker.token])
    addresses = (trade.taker.address.lower(), trade.maker.address.lower())
    return (
        query.get("id", trade.trade_id) == trade.trade_id
        and query.get("market", trade.market.condition_id) == trade.market.condition_id
        and query.get("asset_id", assets[0]) in assets
        and query.get("maker_address", addresses[0]).lower() in addresses
    )


def _page(rows: list[object], cursor: str | None) -> dict[str, object]:
    start = 0
    if cursor:
        try:
            start = int(base64.b64decode(cursor, validate=True))
        except (binascii.Error, ValueError) as error:
            raise Refused(400, "invalid next_cursor") from error
    chosen = rows[start : start + PAGE] if start >= 0 else []
    end = start + PAGE
    is_last = start < 0 or end >= len(rows)
    return {
        "limit": PAGE,
        "next_cursor": CURSOR_END if is_last else base64.b64encode(str(end).encode()).decode(),
        "count": len(chosen),
        "data": chosen,
    }


def _second(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
