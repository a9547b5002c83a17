"""Gamma (discovery) and the Data API (positions) of the simulated Polymarket.

Fields and habits: docs.polymarket.com gamma pages (2026-08-21) and live samples of 2026-10: string
arrays are JSON inside a string, `next_cursor` is missing on the last page, `offset` is refused.
"""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket_ledger import Ledger
from twoleg.sim.polymarket_public import guarded
from twoleg.sim.polymarket_state import Market
from twoleg.sim.polymarket_wire import Refused, number, price_text

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 100
FEE_TYPES: Final = {"Crypto": "crypto_fees_v2", "Sports": "sports_fees_v3"}
REBATE_RATES_E4: Final = {"Crypto": 2_000, "Sports": 1_500}


class GammaApi:
    """Serves discovery under `gamma_prefix` and positions under `data_prefix`."""

    def __init__(
        self,
        markets: Mapping[str, Market],
        ledger: Ledger,
        *,
        gamma_prefix: str,
        data_prefix: str,
    ) -> None:
        # In ascending order of Gamma's own id.
        self._markets = sorted(markets.values(), key=lambda market: int(market.spec.market_id))
        self._ledger = ledger
        self._gamma_prefix = gamma_prefix
        self._data_prefix = data_prefix

    def add_routes(self, app: web.Application) -> None:
        """Register the endpoints."""
        routes: dict[str, Callable[[web.Request], Awaitable[object]]] = {
            f"{self._gamma_prefix}/markets/keyset": self._keyset_markets,
            f"{self._gamma_prefix}/events/keyset": self._keyset_events,
            f"{self._gamma_prefix}/markets/slug/{{slug}}": self._market_by_slug,
            f"{self._gamma_prefix}/events/slug/{{slug}}": self._event_by_slug,
            f"{self._gamma_prefix}/markets/{{market_id}}": self._market_by_id,
            f"{self._gamma_prefix}/markets": self._list_markets,
            f"{self._data_prefix}/positions": self._positions,
        }
        for path, handler in routes.items():
            app.router.add_get(path, guarded(handler))

    async def _keyset_markets(self, request: web.Request) -> object:
        markets, cursor = self._page(request)
        return _keyset("markets", [_market_json(market) for market in markets], cursor)

    async def _keyset_events(self, request: web.Request) -> object:
        markets, cursor = self._page(request)
        events = [{**_event_json(market), "markets": [_bare(market)]} for market in markets]
        return _keyset("events", events, cursor)

    async def _list_markets(self, request: web.Request) -> object:
        return [_market_json(market) for market in self._filtered(request)][:LIMIT_MAX]

    async def _market_by_id(self, request: web.Request) -> object:
        return _market_json(self._only("market_id", request.match_info["market_id"]))

    async def _market_by_slug(self, request: web.Request) -> object:
        return _market_json(self._only("slug", request.match_info["slug"]))

    async def _event_by_slug(self, request: web.Request) -> object:
        market = self._only("slug", request.match_info["slug"])
        return {**_event_json(market), "markets": [_bare(market)]}

    async def _positions(self, request: web.Request) -> object:
        wallet = self._ledger.get(request.query.get("user", ""))
        if wallet is None:
            return []
        return [
            _position_json(wallet.address, market, token, size_e6)
            for market in self._markets
            for token, token_id in enumerate(market.spec.token_ids)
            if (size_e6 := wallet.tokens_e6.get(token_id, 0)) > 0
        ]

    def _only(self, name: str, value: str) -> Market:
        for market in self._markets:
            if getattr(market.spec, name) == value:
                return market
        raise Refused(404, "not found", extra={"type": "not found error"})

    def _filtered(self, request: web.Request) -> list[Market]:
        query = request.query
        closed = query.get("closed", "false") == "true"
        conditions = _listed(query.getall("condition_ids", []))
        tokens = _listed(query.getall("clob_token_ids", []))
        ids = _listed(query.getall("id", []))
        slugs = _listed(query.getall("slug", []))
        return [
            market
            for market in self._markets
            if _is_closed(market) == closed
            and (not conditions or market.condition_id in conditions)
            and (not tokens or tokens & set(market.spec.token_ids))
            and (not ids or market.spec.market_id in ids)
            and (not slugs or market.spec.slug in slugs)
        ]

    def _page(self, request: web.Request) -> tuple[list[Market], str | None]:
        if "offset" in request.query:
            raise Refused(422, "offset is not supported, use after_cursor")
        text = request.query.get("limit", str(LIMIT_DEFAULT))
        limit = min(int(text), LIMIT_MAX) if text.isdecimal() and int(text) else LIMIT_DEFAULT
        markets = self._filtered(request)
        last_id = _read_cursor(request.query.get("after_cursor"))
        markets = [market for market in markets if int(market.spec.market_id) > last_id]
        if len(markets) <= limit:
            return markets, None
        last = markets[limit - 1].spec.market_id
        return markets[:limit], base64.urlsafe_b64encode(last.encode()).decode()


def _keyset(name: str, rows: list[dict[str, object]], cursor: str | None) -> dict[str, object]:
    return {name: rows} if cursor is None else {name: rows, "next_cursor": cursor}


def _read_cursor(cursor: str | None) -> int:
    if not cursor:
        return -1
    try:
        return int(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError) as error:
        raise Refused(422, "invalid after_cursor") from error


def _listed(values: list[str]) -> set[str]:
    return {part for value in values for part in value.split(",") if part}


def _market_json(market: Market) -> dict[str, object]:
    return {**_bare(market), "events": [_event_json(market)]}


def _bare(market: Market) -> dict[str, object]:
    spec = market.spec
    bid_e4, ask_e4 = market.book.top(0)
    middle_e4 = 5_000 if bid_e4 is None or ask_e4 is None else (bid_e4 + ask_e4) // 2
    return {
        "id": spec.market_id,
        "conditionId": market.condition_id,
        "questionID": spec.question_id,
        "slug": spec.slug,
        "question": spec.question,
        "groupItemTitle": "",
        "description": spec.description,
        "resolutionSource": "",
        "endDate": _rfc3339(market.pair.close_ts_s),
        "outcomes": json.dumps(spec.outcomes),
        "outcomePrices": json.dumps([price_text(middle_e4), price_text(10_000 - middle_e4)]),
        "clobTokenIds": json.dumps(spec.token_ids),
        "version": "v1",
        "category": spec.category,
        "active": True,
        "closed": _is_closed(market),
        "archived": False,
        "restricted": False,
        "acceptingOrders": market.status == "open",
        "enableOrderBook": True,
        "umaResolutionStatus": "resolved" if market.status == "resolved" else "",
        "negRisk": spec.neg_risk,
        "negRiskMarketID": spec.question_id if spec.neg_risk else "",
        "negRiskOther": False,
        "orderMinSize": number(market.book.min_size_e6, 6),
        "orderPriceMinTickSize": number(market.book.tick_e4, 4),
        "bestBid": number(bid_e4 or 0, 4),
        "bestAsk": number(10_000 if ask_e4 is None else ask_e4, 4),
        "lastTradePrice": number(market.book.last_trade_e4 or 0, 4),
        "secondsDelay": market.delay_s,
        "volumeNum": 250_000 - market.pair.index,
        "volume24hr": 25_000 - market.pair.index,
        "liquidityNum": 50_000 - market.pair.index,
        **_fees_json(market),
    }


def _fees_json(market: Market) -> dict[str, object]:
    rate_e4 = market.spec.fee_rate_e4
    if not rate_e4:
        return {"feesEnabled": False, "takerBaseFee": 0, "makerBaseFee": 0}
    category = market.spec.category
    return {
        "feesEnabled": True,
        "feeType": FEE_TYPES.get(category, "general_fees"),
        "feeSchedule": {
            "rate": number(rate_e4, 4),
            "exponent": 1,
            "takerOnly": True,
            "rebateRate": number(REBATE_RATES_E4.get(category, 2_500), 4),
        },
        "takerBaseFee": 1_000,
        "makerBaseFee": 1_000,
    }


def _event_json(market: Market) -> dict[str, object]:
    spec = market.spec
    return {
        "id": str(10_000 + market.pair.index),
        "ticker": spec.slug,
        "slug": spec.slug,
        "title": spec.question,
        "description": spec.description,
        "category": spec.category,
        "endDate": _rfc3339(market.pair.close_ts_s),
        "active": True,
        "closed": _is_closed(market),
        "negRisk": spec.neg_risk,
        "enableNegRisk": spec.neg_risk,
        "negRiskAugmented": False,
        "negRiskMarketID": spec.question_id if spec.neg_risk else "",
        "series": [],
    }


def _position_json(user: str, market: Market, token: int, size_e6: int) -> dict[str, object]:
    bid_e4, _ = market.book.top(token)
    price_e4 = bid_e4 or 0
    if market.winner is not None:
        price_e4 = 10_000 if market.winner == token else 0
    return {
        "proxyWallet": user,
        "asset": market.spec.token_ids[token],
        "conditionId": market.condition_id,
        "size": number(size_e6, 6),
        "curPrice": number(price_e4, 4),
        "currentValue": number(size_e6 * price_e4, 10),
        "redeemable": market.winner is not None,
        "mergeable": False,
        "title": market.spec.question,
        "slug": market.spec.slug,
        "outcome": market.spec.outcomes[token],
        "outcomeIndex": token,
        "oppositeOutcome": market.spec.outcomes[1 - token],
        "oppositeAsset": market.spec.token_ids[1 - token],
        "endDate": _rfc3339(market.pair.close_ts_s)[:10],
        "negativeRisk": market.spec.neg_risk,
    }


def _is_closed(market: Market) -> bool:
    return market.status in ("closed", "resolved")


def _rfc3339(ts_s: int) -> str:
    return datetime.fromtimestamp(ts_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
