"""Polymarket's part of the admin surface, besides what both venues share.

    POST /_sim/polymarket/mode     {"mode", "duration_ms"?}: normal, restarting (then post_only),
                                   post_only, cancel_only or disabled
    POST /_sim/polymarket/account  {"owner", "wallet"?, "signature_type"?, "cash_micros"?,
                                   "tokens_e6"?: {token: size}}: fund a wallet of an EOA; a wallet
                                   with a signature type becomes the EOA's
    POST /_sim/polymarket/delay    {"market", "seconds"}: secondsDelay of a market
    POST /_sim/polymarket/tick     {"market", "tick_e4"}: change the tick and announce it
    POST /_sim/polymarket/trade    {"id", "status"}: give a trade its next status (FAILED voids it)
`twoleg.sim.polymarket.admin_markets` adds more. Status words of POST /_sim/market are those of
`twoleg.sim.polymarket.lifecycle`: open, paused, closed, proposed, disputed, and resolved:0 or
resolved:1 with the winner's index.
"""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web
from eth_utils.address import is_address

from twoleg.sim.polymarket.admin_body import Body, market_of, whole_of
from twoleg.sim.polymarket.admin_markets import MARKET_ACTS, TICKS_E4
from twoleg.sim.polymarket.wire import answer

if TYPE_CHECKING:
    from twoleg.sim.polymarket.venue import PolymarketSim

PREFIX: Final = "/_sim/polymarket"
TRADE_STATUSES: Final = (
    "MATCHED_NOT_BROADCASTED",
    "RETRYING",
    "MINED",
    "CONFIRMED",
    "FAILED",
)

Act = Callable[["PolymarketSim", Body], object]


def add_polymarket_admin(app: web.Application, sim: "PolymarketSim") -> None:
    """Register the routes."""
    acts: dict[str, Act] = {
        "mode": _set_mode,
        "account": _fund,
        "delay": _set_delay,
        "tick": _set_tick,
        "trade": _advance_trade,
        **MARKET_ACTS,
    }
    for name, act in acts.items():
        app.router.add_post(f"{PREFIX}/{name}", _serve(sim, act))


def _serve(sim: "PolymarketSim", act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.text())
            return answer(act(sim, body if isinstance(body, dict) else {}))
        except ValueError as error:
            return answer({"error": str(error)}, status=400)

    return serve


def _set_mode(sim: "PolymarketSim", body: Body) -> object:
    duration_ms = whole_of(body, "duration_ms") if "duration_ms" in body else None
    sim.gate.set_mode(str(body.get("mode")), duration_ms)
    return {"mode": sim.gate.mode}


def _fund(sim: "PolymarketSim", body: Body) -> object:
    owner = str(body.get("owner"))
    address = str(body.get("wallet", owner))
    tokens = body.get("tokens_e6", {})
    if not is_address(owner) or not is_address(address):
        raise ValueError("owner and wallet must be addresses")
    if not isinstance(tokens, dict) or not all(t in sim.tokens for t in tokens):
        raise ValueError("tokens_e6 must hold sizes by known token")
    sizes = {token: whole_of(tokens, token) for token in tokens}
    cash_micros = whole_of(body, "cash_micros") if "cash_micros" in body else 0
    if "signature_type" in body:
        sim.accounts.register(owner, whole_of(body, "signature_type"), address)
    wallet = sim.wallets.open(address, owner)
    sim.wallets.fund(wallet, cash_micros, sizes)
    return {"wallet": wallet.address, "cash_micros": wallet.cash_micros}


def _set_delay(sim: "PolymarketSim", body: Body) -> object:
    market = market_of(sim, body)
    sim.markets[market].delay_s = whole_of(body, "seconds")
    return sim.describe(market)


def _set_tick(sim: "PolymarketSim", body: Body) -> object:
    market, tick_e4 = market_of(sim, body), whole_of(body, "tick_e4")
    if tick_e4 not in TICKS_E4:
        raise ValueError(f"tick_e4 must be one of {TICKS_E4}")
    sim.set_tick(market, tick_e4)
    return sim.describe(market)


def _advance_trade(sim: "PolymarketSim", body: Body) -> object:
    trade = sim.trades.by_id.get(str(body.get("id")))
    status = body.get("status")
    if trade is None or status not in TRADE_STATUSES:
        raise ValueError(f"id must name a trade, status be one of {TRADE_STATUSES}")
    sim.trades.advance(trade, str(status))
    return {"id": trade.trade_id, "status": trade.status}
