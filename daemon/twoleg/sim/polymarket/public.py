"""The CLOB's public prices: status, books, quotes, last trades, and parameters of a token.

Shapes: docs.polymarket.com API reference (2026-08-21) and the OpenAPI file of the CLOB; the lists
by token are those of py-clob-client-v2 1.2.1. `twoleg.sim.polymarket.lists` has the markets.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from twoleg.sim.exchange import ONE_E4
from twoleg.sim.flow import Clock
from twoleg.sim.polymarket.admission import NO_BOOK
from twoleg.sim.polymarket.door import Geo
from twoleg.sim.polymarket.gate import Gate
from twoleg.sim.polymarket.options import PolymarketOptions
from twoleg.sim.polymarket.shapes import fee_cap_bps
from twoleg.sim.polymarket.state import Market
from twoleg.sim.polymarket.wire import (
    NS_PER_MS,
    NS_PER_S,
    Refused,
    decimal_text,
    guarded,
    number,
    price_text,
)

BOOKS_MAX: Final = 500
PAYLOAD_INVALID: Final = "Invalid payload"
# Seconds of the intervals of /prices-history; all and max: without limit.
INTERVALS_S: Final[Mapping[str, int | None]] = {
    "1h": 3_600,
    "6h": 21_600,
    "1d": 86_400,
    "1w": 604_800,
    "1m": 2_592_000,
    "all": None,
    "max": None,
}

# A token by name: its market and its index there.
Named = tuple[Market, int]


class PublicApi:
    """Serves what anyone may ask of a token."""

    def __init__(
        self,
        tokens: Mapping[str, Named],
        *,
        clock: Clock,
        options: PolymarketOptions,
        geo: Geo,
        gate: Gate,
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._options = options
        self._geo = geo
        self._gate = gate

    def add_routes(self, app: web.Application) -> None:
        """Register the endpoints."""
        reads: dict[str, Callable[[web.Request], Awaitable[object]]] = {
            "/ok": self._ok,
            "/time": self._time,
            "/version": self._version,
            "/api/geoblock": self._geoblock,
            "/book": self._book,
            "/books": self._books_by_get,
            "/price": self._price,
            "/midpoint": self._midpoint,
            "/spread": self._spread,
            "/last-trade-price": self._last_trade_price,
            "/tick-size": self._tick_size,
            "/neg-risk": self._neg_risk,
            "/fee-rate": self._fee_rate,
            "/prices-history": self._prices_history,
            "/markets-by-token/{token_id}": self._market_by_token,
        }
        posts: dict[str, Callable[[web.Request], Awaitable[object]]] = {
            "/books": self._books,
            "/prices": self._prices,
            "/midpoints": self._midpoints,
            "/spreads": self._spreads,
            "/last-trades-prices": self._last_trades_prices,
        }
        for path, handler in reads.items():
            app.router.add_get(path, guarded(handler))
        for path, handler in posts.items():
            app.router.add_post(path, guarded(handler))

    async def _ok(self, _request: web.Request) -> object:
        return "OK"

    async def _time(self, _request: web.Request) -> object:
        return self._clock.now_ns() // NS_PER_S

    async def _version(self, _request: web.Request) -> object:
        return {"version": self._gate.version}

    async def _geoblock(self, request: web.Request) -> object:
        return self._geo.to_json(request.remote or "")

    # -- books and quotes --------------------------------------------------------------------------

    async def _book(self, request: web.Request) -> object:
        market, token = self._named(request)
        return market.book.summary(token, self._now_ms())

    async def _books_by_get(self, _request: web.Request) -> object:
        raise Refused(400, PAYLOAD_INVALID)

    async def _books(self, request: web.Request) -> object:
        wanted = {str(item.get("token_id", "")) for item in await _asked(request)}
        # Tokens without a book are left out, and the order is the venue's own.
        return [
            market.book.summary(token, self._now_ms())
            for token_id, (market, token) in self._tokens.items()
            if token_id in wanted and market.has_book
        ]

    async def _price(self, request: web.Request) -> object:
        named = self._named(request)
        side = request.query.get("side", "").upper()
        if side not in ("BUY", "SELL"):
            raise Refused(400, "Invalid side")
        return {"price": self._price_text(named, side)}

    async def _prices(self, request: web.Request) -> object:
        found: dict[str, dict[str, str]] = {}
        for item, named in self._with_books(await _asked(request)):
            side = str(item.get("side", "")).upper()
            # Without a side, both are told.
            for each in (side,) if side in ("BUY", "SELL") else ("BUY", "SELL"):
                found.setdefault(_token_id(named), {})[each] = self._price_text(named, each)
        return found

    async def _midpoint(self, request: web.Request) -> object:
        return {"mid": _midpoint_text(self._named(request))}

    async def _midpoints(self, request: web.Request) -> object:
        asked = self._with_books(await _asked(request))
        return {_token_id(named): _midpoint_text(named) for _, named in asked if _is_quoted(named)}

    async def _spread(self, request: web.Request) -> object:
        return {"spread": _spread_text(self._named(request))}

    async def _spreads(self, request: web.Request) -> object:
        asked = self._with_books(await _asked(request))
        return {_token_id(named): _spread_text(named) for _, named in asked if _is_quoted(named)}

    async def _last_trade_price(self, request: web.Request) -> object:
        return _last_trade(self._named(request)[0])

    async def _last_trades_prices(self, request: web.Request) -> object:
        # Tokens that have not traded are left out: a placeholder's empty side is none here
        # (PyPI polymarket-client 0.14.0, read 2026-11-22).
        return [
            {"token_id": _token_id(named), **_last_trade(named[0])}
            for _, named in self._with_books(await _asked(request))
            if named[0].book.last_trade_e4 is not None
        ]

    async def _prices_history(self, request: web.Request) -> object:
        query = request.query
        token_id = query.get("market", "")
        if not token_id.isdecimal():
            raise Refused(400, "Invalid token id")
        market, token = self._tokens.get(token_id, (None, 0))
        now_s = self._clock.now_ns() // NS_PER_S
        start_s, end_s = _whole(query.get("startTs")), _whole(query.get("endTs"))
        interval = query.get("interval")
        if interval is not None:
            if interval not in INTERVALS_S:
                raise Refused(400, "invalid interval")
            length_s = INTERVALS_S[interval]
            start_s, end_s = (None if length_s is None else now_s - length_s), now_s
        elif start_s is None or end_s is None:
            raise Refused(400, "interval or startTs and endTs are required")
        step_s = 60 * max(1, _whole(query.get("fidelity")) or 1)
        # The last sample of each step stands for it.
        steps: dict[int, tuple[int, int]] = {}
        for ts_s, price_e4 in market.samples if market is not None else ():
            if (start_s is None or ts_s >= start_s) and ts_s <= end_s:
                steps[ts_s // step_s] = (ts_s, price_e4 if token == 0 else ONE_E4 - price_e4)
        return {"history": [{"t": ts_s, "p": number(p_e4, 4)} for ts_s, p_e4 in steps.values()]}

    # -- parameters --------------------------------------------------------------------------------

    async def _tick_size(self, request: web.Request) -> object:
        return {"minimum_tick_size": number(self._named(request)[0].book.tick_e4, 4)}

    async def _neg_risk(self, request: web.Request) -> object:
        return {"neg_risk": self._named(request)[0].spec.neg_risk}

    async def _fee_rate(self, request: web.Request) -> object:
        return {"base_fee": fee_cap_bps(self._named(request)[0])}

    async def _market_by_token(self, request: web.Request) -> object:
        market, _ = self._tokens.get(request.match_info["token_id"], (None, 0))
        if market is None or not market.is_listed:
            raise Refused(404, "market not found")
        primary = market.spec.primary
        return {
            "condition_id": market.condition_id,
            "primary_token_id": market.spec.token_ids[primary],
            "secondary_token_id": market.spec.token_ids[1 - primary],
        }

    # -- what is asked for -------------------------------------------------------------------------

    def _named(self, request: web.Request) -> Named:
        token_id = request.query.get("token_id", "")
        if not token_id.isdecimal():
            raise Refused(400, "Invalid token id")
        market, token = self._tokens.get(token_id, (None, 0))
        if market is None or not market.has_book:
            raise Refused(404, NO_BOOK)
        return market, token

    def _with_books(self, asked: list[dict[str, object]]) -> list[tuple[dict[str, object], Named]]:
        found = [(item, self._tokens.get(str(item.get("token_id", "")))) for item in asked]
        return [(item, named) for item, named in found if named is not None and named[0].has_book]

    def _price_text(self, named: Named, side: str) -> str:
        bid_e4, ask_e4 = named[0].book.top(named[1])
        # Prose says that BUY is what one pays, the lowest ask; the OpenAPI file says the best bid.
        is_ask = (side == "BUY") == (self._options.price_side == "taker")
        return price_text((ask_e4 if is_ask else bid_e4) or 0)

    def _now_ms(self) -> int:
        return self._clock.now_ns() // NS_PER_MS


async def _asked(request: web.Request) -> list[dict[str, object]]:
    try:
        asked = json.loads(await request.text())
    except ValueError as error:
        raise Refused(400, PAYLOAD_INVALID) from error
    if not isinstance(asked, list) or not all(isinstance(item, dict) for item in asked):
        raise Refused(400, PAYLOAD_INVALID)
    if len(asked) > BOOKS_MAX:
        raise Refused(400, "Payload exceeds the limit")
    return asked


def _token_id(named: Named) -> str:
    return named[0].spec.token_ids[named[1]]


def _is_quoted(named: Named) -> bool:
    return None not in named[0].book.top(named[1])


def _tops(named: Named) -> tuple[int, int]:
    bid_e4, ask_e4 = named[0].book.top(named[1])
    if bid_e4 is None or ask_e4 is None:
        raise Refused(404, NO_BOOK)
    return bid_e4, ask_e4


def _midpoint_text(named: Named) -> str:
    return decimal_text(sum(_tops(named)) * 5, 5)


def _spread_text(named: Named) -> str:
    bid_e4, ask_e4 = _tops(named)
    return price_text(ask_e4 - bid_e4)


def _last_trade(market: Market) -> dict[str, str]:
    last_e4 = market.book.last_trade_e4
    if last_e4 is None:
        # The venue's placeholder while nothing has traded.
        return {"price": "0.5", "side": ""}
    return {"price": price_text(last_e4), "side": market.book.last_trade_side}


def _whole(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise Refused(400, "a time or fidelity is not a whole number")
    return int(text)
