"""The private part of Polymarket's admin surface: how the venue treats accounts and orders.

POST   /_sim/polymarket/answers    {"name", "on"?, "when"?, "count"?}: script an answer, see
                                   `twoleg.sim.polymarket.scripts`; GET lists, DELETE removes all
POST   /_sim/polymarket/version    {"version": 2 | 3}: what orders must be signed for from now on
POST   /_sim/polymarket/standing   {"owner", "standing"?: normal | closed_only | banned,
                                   "tier"?, "allow"?: true}: of an EOA; `allow` lets it trade
                                   for itself where deposit wallets are required
POST   /_sim/polymarket/order      {"id", "status"}: end a resting order as the venue does
POST   /_sim/polymarket/allowance  {"wallet", "exchange": standard | neg_risk | positions,
                                   "cash_micros"?, "tokens"?: true | false}: an approval
POST   /_sim/polymarket/chain      {"wallet", "market", "act": split | merge | redeem, "size_e6"?}
POST   /_sim/polymarket/reward     {"wallet", "cash_micros"}: pay a reward, as the venue does daily
"""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web
from eth_utils.address import is_address

from twoleg.sim.polymarket.admin_body import Body, flag_of, market_of, text_of, whole_of
from twoleg.sim.polymarket.chain import approve, move
from twoleg.sim.polymarket.ledger import Wallet
from twoleg.sim.polymarket.wire import answer

if TYPE_CHECKING:
    from twoleg.sim.polymarket.venue import PolymarketSim

PREFIX: Final = "/_sim/polymarket"

Act = Callable[["PolymarketSim", Body], object]


def add_private_controls(app: web.Application, sim: "PolymarketSim") -> None:
    """Register the routes."""
    for method, name, act in _ROUTES:
        app.router.add_route(method, f"{PREFIX}/{name}", _serve(sim, act))


def _serve(sim: "PolymarketSim", act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        try:
            text = await request.text()
            body = json.loads(text) if text else {}
            return answer(act(sim, body if isinstance(body, dict) else {}))
        except ValueError as error:
            return answer({"error": str(error)}, status=400)

    return serve


def _list_answers(sim: "PolymarketSim", _body: Body) -> object:
    return sim.engine.scripts.report()


def _add_answer(sim: "PolymarketSim", body: Body) -> object:
    sim.engine.scripts.add(body)
    return sim.engine.scripts.report()


def _clear_answers(sim: "PolymarketSim", _body: Body) -> object:
    sim.engine.scripts.clear()
    return sim.engine.scripts.report()


def _set_version(sim: "PolymarketSim", body: Body) -> object:
    sim.gate.set_version(whole_of(body, "version"))
    return {"version": sim.gate.version}


def _set_standing(sim: "PolymarketSim", body: Body) -> object:
    owner = text_of(body, "owner")
    if not is_address(owner):
        raise ValueError("owner must be an address")
    if "standing" in body:
        sim.gate.set_standing(owner, text_of(body, "standing"))
    if "tier" in body:
        sim.buckets.set_tier(owner.lower(), text_of(body, "tier"))
    if flag_of(body, "allow"):
        sim.engine.admission.allow(owner)
    return {"standing": sim.gate.standing_of(owner), "tier": sim.buckets.tier_of(owner.lower())}


def _end_order(sim: "PolymarketSim", body: Body) -> object:
    order_id, status = text_of(body, "id"), text_of(body, "status")
    sim.engine.end_by_venue(order_id, status)
    return {"id": order_id, "status": status}


def _approve(sim: "PolymarketSim", body: Body) -> object:
    address = approve(
        _wallet(sim, body),
        text_of(body, "exchange"),
        chain_id=sim.options.chain_id,
        cash_micros=whole_of(body, "cash_micros") if "cash_micros" in body else None,
        tokens=flag_of(body, "tokens") if "tokens" in body else None,
    )
    return {"exchange": address}


def _move(sim: "PolymarketSim", body: Body) -> object:
    market = sim.markets[market_of(sim, body)]
    wallet = _wallet(sim, body)
    act = text_of(body, "act")
    cash_micros = move(wallet, market, act, whole_of(body, "size_e6", 0))
    sim.note_act(wallet, act.upper(), market.condition_id, cash_micros)
    return {"wallet": wallet.address, "cash_micros": cash_micros}


def _reward(sim: "PolymarketSim", body: Body) -> object:
    wallet, cash_micros = _wallet(sim, body), whole_of(body, "cash_micros")
    wallet.cash_micros += cash_micros
    sim.note_act(wallet, "REWARD", "", cash_micros)
    return {"wallet": wallet.address, "cash_micros": cash_micros}


def _wallet(sim: "PolymarketSim", body: Body) -> Wallet:
    address = text_of(body, "wallet")
    wallet = sim.wallets.get(address)
    if wallet is None:
        raise ValueError(f"no wallet {address!r}")
    return wallet


_ROUTES: Final[tuple[tuple[str, str, Act], ...]] = (
    ("GET", "answers", _list_answers),
    ("POST", "answers", _add_answer),
    ("DELETE", "answers", _clear_answers),
    ("POST", "version", _set_version),
    ("POST", "standing", _set_standing),
    ("POST", "order", _end_order),
    ("POST", "allowance", _approve),
    ("POST", "chain", _move),
    ("POST", "reward", _reward),
)
