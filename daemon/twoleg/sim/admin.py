"""The admin surface under `/_sim/`: what tests and the demo use to look behind a simulated venue.

    GET    /_sim/ledger    {"venue", "accounts": {name: {"opening_micros", "cash_micros",
                           "positions_e6", "fees_micros", "fills"}}}
    GET    /_sim/markets   {"markets": [{…identifiers, "market", "pair", "status", "bids", "asks"}]}
    GET    /_sim/faults    {"rules": [{…, "fired"}], "fired": {kind: n},
                           "records": [{kind, key, ts_ms}]}
    POST   /_sim/faults    one rule, or {"rules": [...]} to add several
    DELETE /_sim/faults    remove all rules
    POST   /_sim/flow      {"running": bool}
    POST   /_sim/orders    {"market", "side", "price_e4", "size_e6"} -> {"order_id", "left_e6"}
    DELETE /_sim/orders    {"market", "order_id"} -> {"canceled_e6"}
    POST   /_sim/take      {"market", "side", "price_e4", "size_e6"} -> {"taken_e6"}
    POST   /_sim/clear     {"market"} -> {"canceled"}
    POST   /_sim/market    {"market", "status"}: pause, close or reopen, in the venue's own words
    POST   /_sim/disconnect  {}: cut all WebSockets -> {"sockets"}
`market` is the venue's own identifier as in GET /_sim/markets; side, price and size are in YES
terms.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web

from twoleg.sim.exchange import Side
from twoleg.sim.grid import ONE_E4

if TYPE_CHECKING:
    from twoleg.sim.base import VenueSim

Body = Mapping[str, object]
Act = Callable[["VenueSim", Body], object]


def add_admin_routes(app: web.Application, venue: "VenueSim") -> None:
    """Register every route of the admin surface."""
    for method, path, act in _ROUTES:
        app.router.add_route(method, path, _serve(venue, act))


def _serve(venue: "VenueSim", act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        try:
            text = await request.text()
            body = json.loads(text) if text else {}
            return web.json_response(act(venue, body if isinstance(body, dict) else {}))
        except ValueError as error:  # FaultInvalid and a body that is no JSON are such
            return web.json_response({"error": str(error)}, status=400)

    return serve


def _ledger(venue: "VenueSim", _body: Body) -> object:
    return {"venue": venue.venue, "accounts": venue.ledger()}


def _markets(venue: "VenueSim", _body: Body) -> object:
    return {
        "markets": [
            {
                **venue.describe(market_id),
                "market": market_id,
                "pair": pair,
                "bids": exchange.levels("bid"),
                "asks": exchange.levels("ask"),
            }
            for pair, (market_id, exchange) in enumerate(venue.exchanges.items())
        ]
    }


def _faults(venue: "VenueSim", _body: Body) -> object:
    return venue.faults.report()


def _add_faults(venue: "VenueSim", body: Body) -> object:
    rules = body.get("rules", [body])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ValueError("rules must be a list of objects")
    venue.faults.add(rules)
    return venue.faults.report()


def _clear_faults(venue: "VenueSim", _body: Body) -> object:
    venue.faults.clear()
    return venue.faults.report()


def _set_flow(venue: "VenueSim", body: Body) -> object:
    running = body.get("running")
    if not isinstance(running, bool):
        raise ValueError("running must be true or false")  # noqa: TRY004 - answered as 400
    venue.flow.is_running = running
    return {"running": running}


def _place(venue: "VenueSim", body: Body) -> object:
    market_id, side, price_e4, size_e6 = _order(venue, body)
    order_id = venue.place(market_id, side, price_e4, size_e6)
    return {"order_id": order_id, "left_e6": venue.left_e6(market_id, order_id)}


def _cancel(venue: "VenueSim", body: Body) -> object:
    return {"canceled_e6": venue.cancel(_market(venue, body), _text(body, "order_id"))}


def _take(venue: "VenueSim", body: Body) -> object:
    market_id, side, price_e4, size_e6 = _order(venue, body)
    return {"taken_e6": venue.take(market_id, side, price_e4, size_e6)}


def _clear(venue: "VenueSim", body: Body) -> object:
    return {"canceled": venue.clear(_market(venue, body))}


def _set_market(venue: "VenueSim", body: Body) -> object:
    market_id = _market(venue, body)
    venue.set_status(market_id, _text(body, "status"))
    return venue.describe(market_id)


def _disconnect(venue: "VenueSim", _body: Body) -> object:
    sockets = list(venue.sockets)
    for socket in sockets:
        socket.abort()
    return {"sockets": len(sockets)}


def _order(venue: "VenueSim", body: Body) -> tuple[str, Side, int, int]:
    side = _text(body, "side")
    if side not in ("bid", "ask"):
        raise ValueError("side must be bid or ask")
    price_e4, size_e6 = _whole(body, "price_e4"), _whole(body, "size_e6")
    if price_e4 >= ONE_E4:
        raise ValueError("price_e4 must be below 10000")
    chosen: Side = "bid" if side == "bid" else "ask"
    return _market(venue, body), chosen, price_e4, size_e6


def _market(venue: "VenueSim", body: Body) -> str:
    market_id = _text(body, "market")
    if market_id not in venue.exchanges:
        raise ValueError(f"no market {market_id!r}")
    return market_id


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string")  # noqa: TRY004 - answered as 400
    return value


def _whole(body: Body, name: str) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError(f"{name} must be a whole number above 0")
    return value


_ROUTES: tuple[tuple[str, str, Act], ...] = (
    ("GET", "/_sim/ledger", _ledger),
    ("GET", "/_sim/markets", _markets),
    ("GET", "/_sim/faults", _faults),
    ("POST", "/_sim/faults", _add_faults),
    ("DELETE", "/_sim/faults", _clear_faults),
    ("POST", "/_sim/flow", _set_flow),
    ("POST", "/_sim/orders", _place),
    ("DELETE", "/_sim/orders", _cancel),
    ("POST", "/_sim/take", _take),
    ("POST", "/_sim/clear", _clear),
    ("POST", "/_sim/market", _set_market),
    ("POST", "/_sim/disconnect", _disconnect),
)
