"""Kalshi's public reads: exchange status and schedule, markets, books, trades.

Kalshi docs, openapi 3.34.0, 2026-10. No key is needed; a known key's own bucket is billed.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web

from twoleg.sim.kalshi.catalogue import Answer, Catalogue
from twoleg.sim.kalshi.errors import KalshiRefusal, refuse, refuse_query
from twoleg.sim.kalshi.filters import select_markets
from twoleg.sim.kalshi.history import PublicHistory
from twoleg.sim.kalshi.legacy import modern_answer
from twoleg.sim.kalshi.maintenance import schedule_json
from twoleg.sim.kalshi.markets import MarketState, seconds_text
from twoleg.sim.kalshi.pages import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    Query,
    read_cursor,
    slice_of,
    write_cursor,
)
from twoleg.sim.kalshi.shelf import ROWS_FROM, Wanted
from twoleg.sim.kalshi.text import time_text

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim

BOOKS_MAX: Final = 100
DEPTH_MAX: Final = 100
_SHARD_NAMES: Final = {0: "Default", 1: "Combos", 2: "Crypto", 3: "Sports"}


class KalshiPublic:
    """The routes that answer without a signature."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Register all routes under the prefix."""
        history = PublicHistory(self._sim, self._json)
        routes: tuple[tuple[str, Answer], ...] = (
            ("/exchange/status", self._status),
            ("/exchange/schedule", self._schedule),
            ("/exchange/user_data_timestamp", self._data_timestamp),
            ("/historical/cutoff", self._cutoff),
            ("/historical/markets", history.markets),
            ("/historical/markets/{ticker}", history.market),
            ("/historical/trades", history.trades),
            ("/markets", self._markets),
            ("/markets/orderbooks", self._books),
            ("/markets/trades", self._trades),
            ("/markets/{ticker}", self._market),
            ("/markets/{ticker}/orderbook", self._book),
            *Catalogue(self._sim, self._json).routes(),
        )
        for path, answer in routes:
            app.router.add_get(prefix + path, self._serve(answer))

    def _serve(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            name = self._sim.keys.owner(request.headers.get("KALSHI-ACCESS-KEY", ""))
            try:
                self._sim.limits[name or ""].bill_read()
                body = answer(request, Query(request.query))
            except KalshiRefusal as refusal:
                return refusal.response()
            if isinstance(body, web.Response):
                return body
            has_legacy = self._sim.options.legacy_fields
            return web.json_response(body if has_legacy else modern_answer(body))

        return serve

    # -- exchange ----------------------------------------------------------------------------------

    def _status(self, _request: web.Request, _query: Query) -> web.Response:
        sim = self._sim
        statuses = {
            index: {
                "exchange_active": shard.exchange_active,
                "trading_active": shard.exchange_active and shard.trading_active,
                "intra_exchange_transfers_active": shard.exchange_active
                and index not in sim.transfers.paused,
            }
            for index, shard in sorted(sim.desk.shards.items())
        }
        resume_ts_s = sim.lifecycle.resume_ts_s
        status: dict[str, object] = {
            **statuses[0],  # the top level is about shard 0 only
            "exchange_estimated_resume_time": None
            if resume_ts_s is None
            else seconds_text(resume_ts_s),
        }
        if sim.options.lists_instances:
            status["exchange_index_statuses"] = [
                {"exchange_index": index, "description": _SHARD_NAMES.get(index, ""), **flags}
                for index, flags in statuses.items()
            ]
        is_running = statuses[0]["exchange_active"] and statuses[0]["trading_active"]
        code = 200 if is_running else sim.options.inactive_http_status
        return web.json_response(status, status=code)

    def _schedule(self, _request: web.Request, _query: Query) -> dict[str, object]:
        has_maintenance = self._sim.options.maintenance != "off"
        return schedule_json(self._sim.now_s(), has_maintenance=has_maintenance)

    def _data_timestamp(self, _request: web.Request, _query: Query) -> dict[str, object]:
        # How fresh the private reads are; asking takes no key.
        lag_us = self._sim.reads.lag_ms[1] * 1_000
        return {"as_of_time": time_text(self._sim.clock.now_ns() // 1_000 - lag_us)}

    def _cutoff(self, _request: web.Request, _query: Query) -> dict[str, object]:
        return {name: seconds_text(ts_s) for name, ts_s in self._sim.cutoffs.all().items()}

    # -- markets -----------------------------------------------------------------------------------

    def _markets(self, _request: web.Request, query: Query) -> dict[str, object]:
        now_ns, is_old = self._sim.clock.monotonic_ns(), self._sim.cutoffs.is_old_market
        live = [m for m in self._sim.markets.values() if m.readable_ns <= now_ns and not is_old(m)]
        found = select_markets(live, query, self._sim.now_s())
        page, cursor = slice_of(found, query, "GetMarkets")
        return self._filled([self._json(market) for market in page], cursor, query)

    def _filled(
        self, rows: list[dict[str, object]], cursor: str, query: Query
    ) -> dict[str, object]:
        """Fill a page behind the traded markets with the catalogue's."""
        shelf = self._sim.shelf
        if cursor or not len(shelf):
            return {"markets": rows, "cursor": cursor}
        limit = query.whole("limit", "GetMarkets", least=0, most=LIMIT_MAX) or LIMIT_DEFAULT
        start = max(0, (read_cursor(query.text("cursor")) or 0) - ROWS_FROM)
        wanted = Wanted.by(query, "GetMarkets")
        more, following = shelf.page(start, limit - len(rows), wanted)
        cursor = "" if following is None else write_cursor(ROWS_FROM + following)
        return {"markets": rows + more, "cursor": cursor}

    def _market(self, request: web.Request, _query: Query) -> dict[str, object]:
        ticker = request.match_info["ticker"]
        row = self._sim.shelf.find(ticker) if ticker not in self._sim.markets else None
        if row is not None:
            return {"market": self._sim.shelf.market_json(row)}
        return {"market": self._json(self._named(ticker))}

    def _book(self, request: web.Request, query: Query) -> dict[str, object]:
        market = self._named(request.match_info["ticker"])
        depth = query.whole("depth", "GetMarketOrderbook", least=0, most=DEPTH_MAX) or 0
        return {"orderbook_fp": self._book_json(market, depth)}

    def _books(self, request: web.Request, _query: Query) -> dict[str, object]:
        tickers = request.query.getall("tickers", [])
        if not 1 <= len(tickers) <= BOOKS_MAX:
            raise refuse_query("GetMarketOrderbooks", f"tickers must be 1 to {BOOKS_MAX}")
        markets = [self._named(ticker) for ticker in tickers]
        return {
            "orderbooks": [
                {"ticker": market.ticker, "orderbook_fp": self._book_json(market)}
                for market in markets
            ]
        }

    def _trades(self, _request: web.Request, query: Query) -> dict[str, object]:
        return self._sim.tape.page(query, "GetTrades", from_s=self._sim.cutoffs.trades_s)

    def _named(self, ticker: str) -> MarketState:
        market = self._sim.markets.get(ticker)
        if market is None or market.readable_ns > self._sim.clock.monotonic_ns():
            raise refuse(404, self._sim.options.unknown_market_code)
        return market

    def _book_json(self, market: MarketState, depth: int = 0) -> dict[str, object]:
        is_best_last = self._sim.options.best_level == "last"
        return market.book_json(depth, is_best_last=is_best_last)

    def _json(self, market: MarketState) -> dict[str, object]:
        return market.to_json(self._sim.now_s(), self._sim.open_interest_e6(market.ticker))
