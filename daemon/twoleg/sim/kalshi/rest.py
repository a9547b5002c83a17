"""Kalshi's REST routes: check the signature, bill the bucket, answer in the documented shape.

Kalshi docs, openapi 3.34.0, 2026-10. Market data needs no key; everything under portfolio does.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from twoleg.sim.kalshi.account_routes import AccountRoutes, endpoint_costs
from twoleg.sim.kalshi.call import Call, Private, Route
from twoleg.sim.kalshi.errors import KalshiRefusal
from twoleg.sim.kalshi.group_routes import GroupRoutes
from twoleg.sim.kalshi.history import HistoryReads
from twoleg.sim.kalshi.legacy import modern_answer
from twoleg.sim.kalshi.order_reads import OrderReads
from twoleg.sim.kalshi.order_routes import OrderRoutes
from twoleg.sim.kalshi.public import KalshiPublic
from twoleg.sim.kalshi.subaccounts import SubaccountRoutes

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim


class KalshiRest:
    """The private routes; the public ones are `KalshiPublic`'s."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Register all routes under the prefix."""
        KalshiPublic(self._sim).add_routes(app, prefix)
        routes: tuple[Route, ...] = (
            *OrderRoutes(self._sim).routes(),
            *OrderReads(self._sim).routes(),
            *HistoryReads(self._sim).routes(),
            *GroupRoutes(self._sim).routes(),
            *SubaccountRoutes(self._sim).routes(),
            *AccountRoutes(self._sim).routes(),
        )
        for method, path, answer in routes:
            app.router.add_route(method, prefix + path, self._serve(answer, prefix))
        app.router.add_get(f"{prefix}/account/endpoint_costs", endpoint_costs)
        app.router.add_route("*", f"{prefix}/{{path:.*}}", _no_such_path)

    def _serve(
        self, answer: Private, prefix: str
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            sim = self._sim
            try:
                key = sim.keys.verify(
                    request.method,
                    request.rel_url.raw_path,
                    request.headers,
                    now_ms=sim.now_ms(),
                )
                path = request.path.removeprefix(prefix)
                await sim.gate.admit(key, request, path, now_s=sim.now_s())
                name = key.account
                body = await answer(Call(request, sim.accounts[name], sim.limits[name], key))
            except KalshiRefusal as refusal:
                return refusal.response()
            if isinstance(body, web.Response):
                return body
            return web.json_response(body if sim.options.legacy_fields else modern_answer(body))

        return serve


async def _no_such_path(_request: web.Request) -> web.Response:
    # Plain text, as seen in 2026: it never comes as far as the exchange.
    return web.Response(status=404, text="404 page not found")
