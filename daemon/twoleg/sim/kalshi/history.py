"""Where Kalshi's live reads end, and the historical reads that go on from there.

Kalshi docs, historical_data and openapi 3.34.0 (/historical/…), 2026-10: about three months are
live, of orders that no longer rest two weeks (since 2026-09-24). What is old has left the live
lists.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web

from twoleg.sim.kalshi.call import Answer, Call, Route
from twoleg.sim.kalshi.errors import refuse
from twoleg.sim.kalshi.filters import select_markets
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.pages import Query, event_positions, page_of, select_rows, slice_of
from twoleg.sim.kalshi.reads import Row

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim

_DAY_S: Final = 86_400
_LIVE_DAYS: Final = {
    "market_settled_ts": 90,
    "trades_created_ts": 90,
    "orders_updated_ts": 14,
    "market_positions_last_updated_ts": 90,
}


class Cutoffs:
    """The times from which on things are live, by the names of GET /historical/cutoff."""

    def __init__(self, now_s: Callable[[], int]) -> None:
        self._now_s = now_s

    def all(self) -> dict[str, int]:
        """Return every cutoff in Unix seconds."""
        return {name: self._now_s() - days * _DAY_S for name, days in _LIVE_DAYS.items()}

    @property
    def trades_s(self) -> int:
        """Return when the oldest live trade or fill happened at the earliest."""
        return self.all()["trades_created_ts"]

    def is_old_market(self, market: MarketState) -> bool:
        """Tell whether a market was settled too long ago for the live list."""
        settled_s = market.settled_ts_s
        return settled_s is not None and settled_s < self.all()["market_settled_ts"]

    def is_old_order(self, row: Row) -> bool:
        """Tell whether an order ended too long ago; one that rests never did."""
        return row.status != "resting" and row.updated_s < self.all()["orders_updated_ts"]

    def is_old_position(self, row: Row) -> bool:
        """Tell whether a position was settled too long ago."""
        cutoff_s = self.all()["market_positions_last_updated_ts"]
        return row.status == "settled" and row.ts_s < cutoff_s


class HistoryReads:
    """A member's old orders, fills and positions."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            ("GET", "/historical/orders", self._orders),
            ("GET", "/historical/fills", self._fills),
            ("GET", "/historical/positions", self._positions),
        )

    async def _orders(self, call: Call) -> Answer:
        rows = self._sim.reads.orders(call.account.name)
        old = [row for row in rows if self._sim.cutoffs.is_old_order(row)]
        page, cursor = self._page(call, old, "GetHistoricalOrders")
        return {"orders": [row.json for row in page], "cursor": cursor}

    async def _fills(self, call: Call) -> Answer:
        rows = self._sim.reads.fills(call.account.name)
        old = [row for row in rows if row.ts_s < self._sim.cutoffs.trades_s]
        page, cursor = self._page(call, old, "GetFillsHistorical")
        return {"fills": [row.json for row in page], "cursor": cursor}

    async def _positions(self, call: Call) -> Answer:
        rows = self._sim.reads.positions(call.account.name)
        old = [row for row in rows if self._sim.cutoffs.is_old_position(row)]
        old.sort(key=lambda row: -row.number)
        page, cursor = self._page(call, old, "GetHistoricalPositions", subaccount_default=0)
        return {
            "market_positions": [row.json for row in page],
            "event_positions": event_positions(page),
            "cursor": cursor,
        }

    def _page(
        self, call: Call, rows: list[Row], operation: str, *, subaccount_default: int | None = None
    ) -> tuple[list[Row], str]:
        call.limits.bill_read()
        if call.key.subaccount is not None:
            subaccount_default = call.key.subaccount
        found = select_rows(rows, call.query, operation, subaccount_default=subaccount_default)
        return page_of(found, call.query, operation)


class PublicHistory:
    """Old trades and markets, for everyone."""

    def __init__(
        self, sim: "KalshiSim", market_json: Callable[[MarketState], dict[str, object]]
    ) -> None:
        self._sim = sim
        self._market_json = market_json

    def trades(self, _request: web.Request, query: Query) -> dict[str, object]:
        """Answer GET /historical/trades."""
        cutoff_s = self._sim.cutoffs.trades_s
        return self._sim.tape.page(query, "GetTradesHistorical", until_s=cutoff_s)

    def markets(self, _request: web.Request, query: Query) -> dict[str, object]:
        """Answer GET /historical/markets."""
        found = select_markets(self._old(), query, self._sim.now_s())
        page, cursor = slice_of(found, query, "GetHistoricalMarkets")
        return {"markets": [self._market_json(market) for market in page], "cursor": cursor}

    def market(self, request: web.Request, _query: Query) -> dict[str, object]:
        """Answer GET /historical/markets/{ticker}."""
        for market in self._old():
            if market.ticker == request.match_info["ticker"]:
                return {"market": self._market_json(market)}
        raise refuse(404, "not_found")

    def _old(self) -> list[MarketState]:
        return [m for m in self._sim.markets.values() if self._sim.cutoffs.is_old_market(m)]
