"""The CLOB's private endpoints that act: orders, cancels, the dead-man switch, a signer's limits.

Shapes: docs.polymarket.com API reference (2026-08-21), PyPI py-clob-client-v2 1.2.1 and
polymarket-client 0.14.0, read 2026-11-22.
"""

from collections.abc import Iterable
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket.admission import Venue
from twoleg.sim.polymarket.call import Call, Desk
from twoleg.sim.polymarket.engine import Engine
from twoleg.sim.polymarket.heartbeat import Heartbeats
from twoleg.sim.polymarket.keys import KeysApi
from twoleg.sim.polymarket.orders import PAYLOAD_INVALID
from twoleg.sim.polymarket.reads import ReadsApi
from twoleg.sim.polymarket.rewards import RewardsApi
from twoleg.sim.polymarket.scripts import QUIET, failed_answer
from twoleg.sim.polymarket.state import OrderRecord
from twoleg.sim.polymarket.wire import Refused

ORDERS_MAX: Final = 15
CANCELS_MAX: Final = 1_000


class PrivateApi:
    """Serves what needs an API key, and the making of keys."""

    def __init__(self, venue: Venue, engine: Engine, heartbeats: Heartbeats) -> None:
        self._gate = venue.gate
        self._buckets = venue.buckets
        self._engine = engine
        self._heartbeats = heartbeats
        self._desk = Desk(venue, engine.scripts)
        self._parts = (
            KeysApi(venue, self._desk),
            ReadsApi(venue, self._desk),
            RewardsApi(self._desk),
        )

    def add_routes(self, app: web.Application) -> None:
        """Register the endpoints."""
        for part in self._parts:
            part.add_routes(app)
        self._desk.add(app, "POST", "/order", self._post_order)
        self._desk.add(app, "POST", "/orders", self._post_orders)
        self._desk.add(app, "DELETE", "/order", self._cancel_order)
        self._desk.add(app, "DELETE", "/orders", self._cancel_orders)
        self._desk.add(app, "DELETE", "/cancel-all", self._cancel_all)
        self._desk.add(app, "DELETE", "/cancel-market-orders", self._cancel_market)
        self._desk.add(app, "POST", "/v1/heartbeats", self._beat)
        self._desk.add(app, "POST", "/heartbeats", self._beat_without_id)
        self._desk.add(app, "GET", "/v1/user/rate-limit-tier", self._get_tier)

    async def _post_order(self, call: Call) -> object:
        call.headers.update(self._buckets.spend(call.key.owner, "order", 1))
        return await self._engine.place(call.request, call.key, call.body)

    async def _post_orders(self, call: Call) -> object:
        if not isinstance(call.body, list):
            raise Refused(400, PAYLOAD_INVALID)
        _check_count(len(call.body), ORDERS_MAX)
        call.headers.update(self._buckets.spend(call.key.owner, "order", len(call.body)))
        answers: list[object] = []
        for order in call.body:
            try:
                answers.append(await self._engine.place(call.request, call.key, order))
            except Refused as refused:
                # How a batch is answered in whose midst the venue fails or closes is not known.
                if refused.status not in (QUIET, 400, 404):
                    raise
                answers.append(failed_answer(refused))
        return answers

    async def _cancel_order(self, call: Call) -> object:
        order_id = call.body.get("orderID") if isinstance(call.body, dict) else None
        if not isinstance(order_id, str):
            raise Refused(400, PAYLOAD_INVALID)
        return self._cancel(call, [order_id])

    async def _cancel_orders(self, call: Call) -> object:
        ids = call.body
        if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
            raise Refused(400, PAYLOAD_INVALID)
        _check_count(len(ids), CANCELS_MAX)
        return self._cancel(call, ids)

    async def _cancel_all(self, call: Call) -> object:
        orders = self._engine.open_orders(call.key.owner)
        return self._cancel_found(call, orders)

    async def _cancel_market(self, call: Call) -> object:
        wanted = call.body if isinstance(call.body, dict) else {}
        orders = [
            order
            for order in self._engine.open_orders(call.key.owner)
            if wanted.get("market") in (None, "", order.market.condition_id)
            and wanted.get("asset_id") in (None, "", order.posted.token_id)
        ]
        return self._cancel_found(call, orders)

    def _cancel_found(self, call: Call, orders: Iterable[OrderRecord]) -> object:
        order_ids = [order.order_id for order in orders]
        self._gate.check_cancel()
        spent = self._buckets.spend(call.key.owner, "cancel", 1, found=len(order_ids))
        call.headers.update(spent)
        return self._end(call.key.owner, order_ids)

    def _cancel(self, call: Call, order_ids: Iterable[str]) -> object:
        order_ids = list(dict.fromkeys(order_ids))
        self._gate.check_cancel()
        call.headers.update(self._buckets.spend(call.key.owner, "cancel", len(order_ids)))
        return self._end(call.key.owner, order_ids)

    def _end(self, owner: str, order_ids: Iterable[str]) -> object:
        reasons = {order_id: self._engine.cancel(order_id, owner) for order_id in order_ids}
        return {
            "canceled": [order_id for order_id, reason in reasons.items() if reason is None],
            "not_canceled": {k: reason for k, reason in reasons.items() if reason is not None},
        }

    async def _beat(self, call: Call) -> object:
        beat_id = call.body.get("heartbeat_id") if isinstance(call.body, dict) else None
        return {"heartbeat_id": self._heartbeats.beat(call.key, str(beat_id or ""))}

    async def _beat_without_id(self, call: Call) -> object:
        self._heartbeats.beat_without_id(call.key)
        return {"status": "ok"}

    async def _get_tier(self, call: Call) -> object:
        return self._buckets.report(call.key.owner)


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise Refused(400, f"Too many orders in payload: {count}, max allowed: {most}")
