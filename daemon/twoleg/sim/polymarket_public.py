"""The CLOB's public endpoints: status, books, prices and market parameters.

Shapes: docs.polymarket.com API reference (2026-08-21) and the OpenAPI file of the CLOB.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from twoleg.sim.flow import Clock
from twoleg.sim.polymarket_engine import NO_BOOK
from twoleg.sim.polymarket_state import Market
from twoleg.sim.polymarket_wire import (
    NS_PER_MS,
    NS_PER_S,
    Refused,
    answer,
    decimal_text,
    number,
    price_text,
)

BOOKS_MAX: Final = 500
# Shown as base fee of markets with fees: a cap in basis points, not the fee.
FEE_CAP_BPS: Final = 1_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(handler: Callable[[web.Request], Awaitable[object]]) -> Handler:
    """Turn what a handler returns into JSON, and Refused into the venue's error."""

    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            return answer(await handler(request))
        except Refused as refused:
            return refused.response()

    return serve


class PublicApi:
    """Serves what anyone may ask."""

    def __init__(
        self,
        markets: Mapping[str, Market],
        tokens: Mapping[str, tuple[Market, int]],
        clock: Clock,
    ) -> None:
        self._markets = markets
        self._tokens = tokens
        self._clock = clock

    def add_routes(self, app: web.Application) -> None:
        """Register the endpoints."""
        routes: dict[str, Callable[[web.Request], Awaitable[object]]] = {
            "/ok": self._ok,
            "/time": self._time,
            "/version": self._version,
            "/book": self._book,
            "/price": self._price,
            "/midpoint": self._midpoint,
            "/spread": self._spread,
            "/last-trade-price": self._last_trade_price,
            "/tick-size": self._tick_size,
            "/neg-risk": self._neg_risk,
            "/fee-rate": self._fee_rate,
            "/markets-by-token/{token_id}": self._market_by_token,
            "/clob-markets/{condition_id}": self._clob_market,
            "/markets/{condition_id}": self._market,
        }
        for path, handler in routes.items():
            app.router.add_get(path, guarded(handler))
        app.router.add_post("/books", guarded(self._books))

    async def _ok(self, _request: web.Request) -> object:
        return "OK"

    async def _time(self, _request: web.Request) -> object:
        return self._clock.now_ns() // NS_PER_S

    async def _version(self, _request: web.Request) -> object:
        return {"version": 2}

    async def _book(self, request: web.Request) -> object:
        market, token = self._named(request)
        return market.book.summary(token, self._now_ms())

    async def _books(self, request: web.Request) -> object:
        try:
            asked = json.loads(await request.text())
        except ValueError as error:
            raise Refused(400, "Invalid payload") from error
        if not isinstance(asked, list) or not all(isinstance(item, dict) for item in asked):
            raise Refused(400, "Invalid payload")
        if len(asked) > BOOKS_MAX:
            raise Refused(400, "Payload exceeds the limit")
        # Tokens without a book are left out, and the order is the venue's own.
        wanted = {str(item.get("token_id", "")) for item in asked}
        return [
            market.book.summary(token, self._now_ms())
            for token_id, (market, token) in self._tokens.items()
            if token_id in wanted and _has_book(market)
        ]

    async def _price(self, request: web.Request) -> object:
        market, token = self._named(request)
        side = request.query.get("side", "").upper()
        if side not in ("BUY", "SELL"):
            raise Refused(400, "Invalid side")
        bid_e4, ask_e4 = market.book.top(token)
        # What one pays or gets: a BUY meets the lowest ask.
        price_e4 = ask_e4 if side == "BUY" else bid_e4
        return {"price": price_text(price_e4 or 0)}

    async def _midpoint(self, request: web.Request) -> object:
        bid_e4, ask_e4 = self._tops(request)
        return {"mid": decimal_text((bid_e4 + ask_e4) * 5, 5)}

    async def _spread(self, request: web.Request) -> object:
        bid_e4, ask_e4 = self._tops(request)
        return {"spread": price_text(ask_e4 - bid_e4)}

    async def _last_trade_price(self, request: web.Request) -> object:
        market, _ = self._named(request)
        last_e4 = market.book.last_trade_e4
        # The venue's placeholder while nothing has traded.
        return {"price": "0.5" if last_e4 is None else price_text(last_e4), "side": ""}

    async def _tick_size(self, request: web.Request) -> object:
        return {"minimum_tick_size": number(self._named(request)[0].book.tick_e4, 4)}

    async def _neg_risk(self, request: web.Request) -> object:
        return {"neg_risk": self._named(request)[0].spec.neg_risk}

    async def _fee_rate(self, request: web.Request) -> object:
        return {"base_fee": _fee_cap(self._named(request)[0])}

    async def _market_by_token(self, request: web.Request) -> object:
        market, _ = self._tokens.get(request.match_info["token_id"], (None, 0))
        if market is None:
            raise Refused(404, "market not found")
        first, second = market.spec.token_ids
        return {
            "condition_id": market.condition_id,
            "primary_token_id": first,
            "secondary_token_id": second,
        }

    async def _clob_market(self, request: web.Request) -> object:
        market = self._by_condition(request)
        spec = market.spec
        body: dict[str, object] = {
            "c": market.condition_id,
            "t": [
                {"t": token, "o": outcome}
                for token, outcome in zip(spec.token_ids, spec.outcomes, strict=True)
            ],
            "mos": number(market.book.min_size_e6, 6),
            "mts": number(market.book.tick_e4, 4),
            "mbf": _fee_cap(market),
            "tbf": _fee_cap(market),
            "ao": market.status == "open",
            "cbos": False,
            "itode": market.taker_delay_ms > 0,
            "v": "v1",
        }
        if spec.neg_risk:
            body["nr"] = True
        if spec.fee_rate_e4:
            body["fd"] = {"r": number(spec.fee_rate_e4, 4), "e": 1, "to": True}
        return body

    async def _market(self, request: web.Request) -> object:
        market = self._by_condition(request)
        spec = market.spec
        return {
            "condition_id": market.condition_id,
            "question_id": spec.question_id,
            "question": spec.question,
            "description": spec.description,
            "market_slug": spec.slug,
            "active": True,
            "closed": not _has_book(market),
            "archived": False,
            "accepting_orders": market.status == "open",
            "enable_order_book": True,
            "minimum_order_size": number(market.book.min_size_e6, 6),
            "minimum_tick_size": number(market.book.tick_e4, 4),
            "seconds_delay": market.delay_s,
            "neg_risk": spec.neg_risk,
            "maker_base_fee": _fee_cap(market),
            "taker_base_fee": _fee_cap(market),
            "tokens": [
                {
                    "token_id": token_id,
                    "outcome": spec.outcomes[index],
                    "price": number(market.book.top(index)[0] or 0, 4),
                    "winner": market.winner == index,
                }
                for index, token_id in enumerate(spec.token_ids)
            ],
        }

    def _tops(self, request: web.Request) -> tuple[int, int]:
        market, token = self._named(request)
        bid_e4, ask_e4 = market.book.top(token)
        if bid_e4 is None or ask_e4 is None:
            raise Refused(404, NO_BOOK)
        return bid_e4, ask_e4

    def _named(self, request: web.Request) -> tuple[Market, int]:
        token_id = request.query.get("token_id", "")
        if not token_id.isdecimal():
            raise Refused(400, "Invalid token id")
        market, token = self._tokens.get(token_id, (None, 0))
        if market is None or not _has_book(market):
            raise Refused(404, NO_BOOK)
        return market, token

    def _by_condition(self, request: web.Request) -> Market:
        market = self._markets.get(request.match_info["condition_id"])
        if market is None:
            raise Refused(404, "market not found")
        return market

    def _now_ms(self) -> int:
        return self._clock.now_ns() // NS_PER_MS


def _has_book(market: Market) -> bool:
    return market.status in ("open", "paused")


def _fee_cap(market: Market) -> int:
    return FEE_CAP_BPS if market.spec.fee_rate_e4 else 0
