"""The Data API of markets and wallets as wholes: values, open interest, holders, price history.

Routes and fields: PyPI polymarket-client 0.14.0 (its data actions and models), read 2026-11-22.
Combos, ranks and statistics do not exist here: their lists are empty.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final

from aiohttp import web

from twoleg.sim.base import CROWD
from twoleg.sim.exchange import ONE_E4
from twoleg.sim.flow import Clock
from twoleg.sim.polymarket.data import data_page, listed, whole
from twoleg.sim.polymarket.data_shapes import Holding, Row
from twoleg.sim.polymarket.ledger import Ledger
from twoleg.sim.polymarket.shapes import event_id
from twoleg.sim.polymarket.state import Market
from twoleg.sim.polymarket.wire import NS_PER_S, Refused, guarded, number

EMPTY_PAGES: Final = (
    "activity/combos",
    "positions/combos",
    "biggest-winners",
    "builders/leaderboard",
)
# Seconds of the intervals of /v2/prices-history; others reach back to the start.
INTERVALS_S: Final[Mapping[str, int]] = {
    "1h": 3_600,
    "6h": 21_600,
    "1d": 86_400,
    "1w": 604_800,
    "1m": 2_592_000,
}
BUCKET_S: Final = 60
# The words for a resolution under way, by our own.
RESOLUTIONS: Final[Mapping[str, str]] = {
    "": "posed",
    "proposed": "proposed",
    "disputed": "disputed",
    "resolved": "resolved",
}
_NOT_BOUGHT: Final = (0, 0, 0)


class DataMarketsApi:
    """Serves what the chain knows of whole markets and wallets."""

    def __init__(
        self,
        markets: Mapping[str, Market],
        tokens: Mapping[str, tuple[Market, int]],
        *,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._markets = markets
        self._tokens = tokens
        self._ledger = ledger
        self._clock = clock

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Register the endpoints under `prefix`."""
        routes: dict[str, Callable[[web.Request], Awaitable[object]]] = {
            "/value": self._value,
            "/v2/value": self._value_v2,
            "/v2/oi": self._open_interest,
            "/v2/holders": self._holders,
            "/v2/live-volume": self._live_volume,
            "/v2/tokens": self._references,
            "/v2/resolutions": self._resolutions,
            "/v2/prices-history": self._history,
            "/v2/user-stats": self._no_stats,
            "/v2/leaderboard": self._leaderboard,
            **{f"/v2/{name}": self._empty_page for name in EMPTY_PAGES},
        }
        for path, handler in routes.items():
            app.router.add_get(f"{prefix}{path}", guarded(handler))

    # -- wallets -----------------------------------------------------------------------------------

    async def _value(self, request: web.Request) -> object:
        user = _user(request)
        return [{"user": user, "value": number(self._value_micros(user, set()), 6)}]

    async def _value_v2(self, request: web.Request) -> object:
        user = _user(request)
        value_micros = self._value_micros(user, listed(request, "condition_id"))
        return {"data": {"proxy_wallet": user, "value": number(value_micros, 6)}}

    async def _no_stats(self, request: web.Request) -> object:
        _user(request)
        return {"data": None}

    async def _leaderboard(self, request: web.Request) -> object:
        return {"data": None} if "user" in request.query else data_page(request, [])

    async def _empty_page(self, request: web.Request) -> object:
        return data_page(request, [])

    def _value_micros(self, user: str, wanted: set[str]) -> int:
        return sum(
            holding.size_e6 * holding.price_e4 // ONE_E4
            for market in self._chosen(wanted)
            for token in range(2)
            for holding in self._holdings(market, token)
            if holding.wallet.address.lower() == user.lower()
        )

    # -- markets -----------------------------------------------------------------------------------

    async def _open_interest(self, request: web.Request) -> object:
        wanted = listed(request, "condition_id")
        rows = [(m.condition_id, self._interest_e6(m)) for m in self._chosen(wanted)]
        if not wanted:
            rows = [("GLOBAL", sum(size_e6 for _, size_e6 in rows))]
        return {"data": [{"condition_id": name, "value": number(e6, 6)} for name, e6 in rows]}

    async def _holders(self, request: web.Request) -> object:
        groups: list[Row] = [
            {
                "token_id": token_id,
                "holders": [_holder_json(h) for h in self._holdings(market, token)],
            }
            for market in self._chosen(listed(request, "condition_id"))
            for token, token_id in enumerate(market.spec.token_ids)
        ]
        return data_page(request, groups)

    async def _live_volume(self, request: web.Request) -> object:
        wanted = listed(request, "event_id")
        markets = [m for m in self._markets.values() if event_id(m) in wanted]
        # Volumes are not counted here.
        rows = [{"condition_id": m.condition_id, "taker_volume": 0} for m in markets]
        return {"data": {"taker_volume_total": 0, "conditions": rows}}

    async def _references(self, request: web.Request) -> object:
        conditions = listed(request, "condition")
        named = [self._tokens[t] for t in listed(request, "token_id") if t in self._tokens]
        named += [(m, i) for c, m in self._markets.items() if c in conditions for i in (0, 1)]
        return {"data": [_reference_json(market, index) for market, index in named]}

    async def _resolutions(self, request: web.Request) -> object:
        conditions, events = listed(request, "condition_id"), listed(request, "event_id")
        question = request.query.get("question_id", "")
        return {
            "data": [
                self._resolution_json(market)
                for market in self._markets.values()
                if market.uma_status
                and (
                    market.condition_id in conditions
                    or event_id(market) in events
                    or market.spec.question_id == question
                )
            ]
        }

    async def _history(self, request: web.Request) -> object:
        query = request.query
        named = self._tokens.get(query.get("token_id", ""))
        if named is None:
            raise Refused(400, "invalid token_id")
        market, token = named
        now_s = self._clock.now_ns() // NS_PER_S
        length_s = INTERVALS_S.get(query.get("interval", ""))
        start_s = whole(request, "start", 0) if length_s is None else now_s - length_s
        end_s = whole(request, "end", now_s + 1)
        step_s = max(1, whole(request, "bucket_seconds", BUCKET_S))
        steps: dict[int, Row] = {}
        for ts_s, price_e4 in market.samples:
            if start_s <= ts_s < end_s:
                own_e4 = price_e4 if token == 0 else ONE_E4 - price_e4
                steps[ts_s // step_s] = {
                    "timestamp": ts_s,
                    "price": number(own_e4, 4),
                    "resolution_seconds": step_s,
                }
        return data_page(request, list(steps.values()))

    def _chosen(self, wanted: set[str]) -> Iterator[Market]:
        return (m for m in self._markets.values() if not wanted or m.condition_id in wanted)

    def _holdings(self, market: Market, token: int) -> Iterator[Holding]:
        token_id = market.spec.token_ids[token]
        for wallet in self._ledger.wallets.values():
            if wallet.address != CROWD and wallet.tokens_e6.get(token_id, 0) > 0:
                yield Holding(wallet, market, token, _NOT_BOUGHT)

    def _interest_e6(self, market: Market) -> int:
        return sum(holding.size_e6 for holding in self._holdings(market, 0))

    def _resolution_json(self, market: Market) -> Row:
        winner = market.winner
        return {
            "question_id": market.spec.question_id,
            "condition_id": market.condition_id,
            "status": RESOLUTIONS[market.uma_status],
            "extended_review": False,
            "was_disputed": market.uma_status == "disputed",
            "new_version_q": False,
            "last_update_timestamp": self._clock.now_ns() // NS_PER_S,
            "payouts": None if winner is None else [1_000_000 * (winner == i) for i in (0, 1)],
        }


def _user(request: web.Request) -> str:
    user = request.query.get("user", "")
    if not user:
        raise Refused(400, "user is required")
    return user


def _holder_json(holding: Holding) -> Row:
    return {
        "proxy_wallet": holding.wallet.address,
        "token_id": holding.token_id,
        "amount": number(holding.size_e6, 6),
        "outcome_index": holding.token,
        "display_username_public": False,
        "verified": True,
    }


def _reference_json(market: Market, index: int) -> Row:
    spec, winner = market.spec, market.winner
    module = "v1_ctf"
    if spec.version == "v2":
        module = "neg_risk" if spec.neg_risk else "binary"
    group = spec.event.neg_risk_market_id if spec.event is not None else ""
    return {
        "token_id": spec.token_ids[index],
        "condition_id": market.condition_id,
        "structural_condition_id": None,
        "module": module,
        "outcome_index": index,
        "clob_index": index,
        "outcome": spec.outcomes[index],
        "opposite_token_id": spec.token_ids[1 - index],
        "resolved": winner is not None,
        "final_price": None if winner is None else int(winner == index),
        "title": spec.question,
        "market_slug": spec.slug,
        "closed": market.is_closed,
        "neg_risk": spec.neg_risk,
        "neg_risk_market_id": (group or None) if spec.neg_risk else None,
        "question_index": None,
        "event_id": int(event_id(market)),
        "event_slug": spec.slug if spec.event is None else spec.event.slug,
    }
