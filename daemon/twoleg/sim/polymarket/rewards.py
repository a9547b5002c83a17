"""Rewards, rebates and notices: nothing is ever paid or told here, in the venue's own shapes.

Routes and shapes: PyPI py-clob-client-v2 1.2.1 and polymarket-client 0.14.0, read 2026-11-22.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket.call import Call, Desk
from twoleg.sim.polymarket.orders import PAYLOAD_INVALID
from twoleg.sim.polymarket.pages import page_of
from twoleg.sim.polymarket.wire import Refused, guarded

PAGE: Final = 100
PUBLIC_PAGES: Final = (
    "/rewards/markets/current",
    "/rewards/markets/multi",
    "/rewards/markets/{condition_id}",
)
PRIVATE_PAGES: Final = ("/rewards/user", "/rewards/user/markets")


class RewardsApi:
    """Serves what resting orders earn, which is nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_routes(self, app: web.Application) -> None:
        """Register the endpoints."""
        for path in PUBLIC_PAGES:
            app.router.add_get(path, guarded(self._public_page))
        app.router.add_get("/rebates/current", guarded(self._no_rebates))
        for path in PRIVATE_PAGES:
            self._desk.add(app, "GET", path, self._page)
        self._desk.add(app, "GET", "/rewards/user/total", _always([]))
        self._desk.add(app, "GET", "/rewards/user/percentages", _always({}))
        self._desk.add(app, "GET", "/notifications", _always([]))
        self._desk.add(app, "DELETE", "/notifications", _always("OK"))
        self._desk.add(app, "GET", "/order-scoring", _always({"scoring": False}))
        self._desk.add(app, "POST", "/orders-scoring", self._orders_scoring)

    async def _public_page(self, request: web.Request) -> object:
        return page_of([], request.query.get("next_cursor"), PAGE)

    async def _no_rebates(self, _request: web.Request) -> object:
        return []

    async def _page(self, call: Call) -> object:
        return page_of([], call.request.query.get("next_cursor"), PAGE)

    async def _orders_scoring(self, call: Call) -> object:
        if not isinstance(call.body, list):
            raise Refused(400, PAYLOAD_INVALID)
        return {str(order_id): False for order_id in call.body}


def _always(body: object) -> Callable[[Call], Awaitable[object]]:
    async def serve(_call: Call) -> object:
        return body

    return serve
