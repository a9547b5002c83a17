"""Kalshi's public reads: exchange status, markets, books, events, series.

Kalshi docs, openapi 3.34.0, 2026-10. No key is needed; a known key's own bucket is billed.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web

from twoleg.sim.kalshi_errors import KalshiRefusal, refuse, refuse_query
from twoleg.sim.kalshi_markets import STATUS_FILTERS, MarketState, event_json, series_json
from twoleg.sim.kalshi_pages import LIMIT_DEFAULT, LIMIT_MAX, Query, read_cursor, write_cursor

if TYPE_CHECKING:
    from twoleg.sim.kalshi import KalshiSim

EVENTS_LIMIT_MAX: Final = 200
BOOKS_MAX: Final = 100
DEPTH_MAX: Final = 100
_SHARD_NAMES: Final = {0: "Default", 1: "Combos", 2: "Crypto", 3: "Sports"}

Answer = Callable[[web.Request, Query], dict[str, object]]


class KalshiPublic:
    """The routes that answer without a signature."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Register all routes under the prefix."""
        routes: tuple[tuple[str, Answer], ...] = (
            ("/exchange/status", self._status),
            ("/markets", self._markets),
            ("/markets/orderbooks", self._books),
            ("/markets/{ticker}", self._market),
            ("/markets/{ticker}/orderbook", self._book),
            ("/events", self._events),
            ("/events/{event_ticker}", self._event),
            ("/series", self._series_list),
            ("/series/{series_ticker}", self._series),
        )
        for path, answer in routes:
            app.router.add_get(prefix + path, self._serve(answer))

    def _serve(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            name = self._sim.keys.owner(request.headers.get("KALSHI-ACCESS-KEY", ""))
            try:
                self._sim.limits[name or ""].bill_read()
                return web.json_response(answer(request, Query(request.query)))
            except KalshiRefusal as refusal:
                return refusal.response()

        return serve

    def _status(self, _request: web.Request, _query: Query) -> dict[str, object]:
        statuses = {
            index: {
                "exchange_active": shard.exchange_active,
                "trading_active": shard.exchange_active and shard.trading_active,
                "intra_exchange_transfers_active": shard.exchange_active,
            }
            for index, shard in sorted(self._sim.desk.shards.items())
        }
        return {
            **statuses[0],  # the top level is about shard 0 only
            "exchange_estimated_resume_time": None,
            "exchange_index_statuses": [
                {"exchange_index": index, "description": _SHARD_NAMES.get(index, ""), **status}
                for index, status in statuses.items()
            ],
        }

    def _markets(self, _request: web.Request, query: Query) -> dict[str, object]:
        limit = query.whole("limit", "GetMarkets", least=0, most=LIMIT_MAX) or LIMIT_DEFAULT
        if query.choice("mve_filter", "GetMarkets", ("only", "exclude")) == "only":
            return {"markets": [], "cursor": ""}
        markets = self._chosen(query, "GetMarkets")
        tickers = query.text("tickers")
        if tickers is not None:
            named = set(tickers.split(","))
            markets = [market for market in markets if market.ticker in named]
        event_ticker = query.text("event_ticker")
        if event_ticker is not None:
            markets = [m for m in markets if m.pair.kalshi.event_ticker == event_ticker]
        start = read_cursor(query.text("cursor")) or 0
        page = markets[start : start + limit]
        is_last = start + limit >= len(markets)
        return {
            "markets": [self._json(market) for market in page],
            "cursor": "" if is_last else write_cursor(start + limit),
        }

    def _market(self, request: web.Request, _query: Query) -> dict[str, object]:
        return {"market": self._json(self._named(request))}

    def _book(self, request: web.Request, query: Query) -> dict[str, object]:
        market = self._named(request)
        depth = query.whole("depth", "GetMarketOrderbook", least=0, most=DEPTH_MAX) or 0
        return {"orderbook_fp": market.book_json(depth)}

    def _books(self, request: web.Request, _query: Query) -> dict[str, object]:
        tickers = request.query.getall("tickers", [])
        if not 1 <= len(tickers) <= BOOKS_MAX:
            raise refuse_query("GetMarketOrderbooks", f"tickers must be 1 to {BOOKS_MAX}")
        unknown = [ticker for ticker in tickers if ticker not in self._sim.markets]
        if unknown:
            raise refuse(404, "market_not_found")
        return {
            "orderbooks": [
                {"ticker": ticker, "orderbook_fp": self._sim.markets[ticker].book_json()}
                for ticker in tickers
            ]
        }

    def _events(self, _request: web.Request, query: Query) -> dict[str, object]:
        limit = query.whole("limit", "GetEvents", least=1, most=EVENTS_LIMIT_MAX)
        limit = limit or EVENTS_LIMIT_MAX
        grouped: dict[str, list[MarketState]] = {}
        for market in self._chosen(query, "GetEvents"):
            grouped.setdefault(market.pair.kalshi.event_ticker, []).append(market)
        tickers = query.text("tickers")
        if tickers is not None:
            named = set(tickers.split(","))
            grouped = {ticker: group for ticker, group in grouped.items() if ticker in named}
        start = read_cursor(query.text("cursor")) or 0
        page = list(grouped.values())[start : start + limit]
        is_nested = query.text("with_nested_markets") == "true"
        return {
            "events": [self._event_json(group, is_nested=is_nested) for group in page],
            "cursor": "" if start + limit >= len(grouped) else write_cursor(start + limit),
        }

    def _event(self, request: web.Request, query: Query) -> dict[str, object]:
        event_ticker = request.match_info["event_ticker"]
        group = [
            market
            for market in self._sim.markets.values()
            if market.pair.kalshi.event_ticker == event_ticker
        ]
        if not group:
            raise refuse(404, "not_found")
        is_nested = query.text("with_nested_markets") == "true"
        answer: dict[str, object] = {"event": self._event_json(group, is_nested=is_nested)}
        if not is_nested and query.text("exclude_markets") != "true":
            answer["markets"] = [self._json(market) for market in group]
        return answer

    def _series_list(self, _request: web.Request, query: Query) -> dict[str, object]:
        category = query.text("category")
        series = {
            market.pair.kalshi.series_ticker: series_json(market.pair)
            for market in self._sim.markets.values()
            if category in (None, market.pair.kalshi.category)
        }
        return {"series": list(series.values())}

    def _series(self, request: web.Request, _query: Query) -> dict[str, object]:
        series_ticker = request.match_info["series_ticker"]
        for market in self._sim.markets.values():
            if market.pair.kalshi.series_ticker == series_ticker:
                return {"series": series_json(market.pair)}
        raise refuse(404, "not_found")

    def _chosen(self, query: Query, operation: str) -> list[MarketState]:
        word = query.choice("status", operation, tuple(STATUS_FILTERS))
        statuses = None if word is None else STATUS_FILTERS[word]
        series_ticker, now_s = query.text("series_ticker"), self._sim.now_s()
        return [
            market
            for market in self._sim.markets.values()
            if (statuses is None or market.status(now_s) in statuses)
            and series_ticker in (None, market.pair.kalshi.series_ticker)
        ]

    def _named(self, request: web.Request) -> MarketState:
        market = self._sim.markets.get(request.match_info["ticker"])
        if market is None:
            raise refuse(404, "market_not_found")
        return market

    def _event_json(self, group: list[MarketState], *, is_nested: bool) -> dict[str, object]:
        event = event_json(group[0].pair)
        if is_nested:
            event["markets"] = [self._json(market) for market in group]
        return event

    def _json(self, market: MarketState) -> dict[str, object]:
        accounts = (*self._sim.accounts.values(), self._sim.crowd)
        held = sum(max(0, account.position_e6(market.ticker)) for account in accounts)
        return market.to_json(self._sim.now_s(), held)
