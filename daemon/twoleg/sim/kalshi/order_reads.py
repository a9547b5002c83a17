"""Kalshi's reads of a member's orders, fills, positions and places in the queue.

Kalshi docs, openapi 3.34.0, 2026-10. All lag behind the writes, except places in the queue.
"""

from typing import TYPE_CHECKING, Final

from twoleg.sim.kalshi.call import Answer, Call, Route
from twoleg.sim.kalshi.errors import refuse, refuse_query
from twoleg.sim.kalshi.ledger import SUBACCOUNT_MAX
from twoleg.sim.kalshi.limits import COST_GET_ORDER
from twoleg.sim.kalshi.orders import UserOrder
from twoleg.sim.kalshi.pages import event_positions, page_of, select_rows
from twoleg.sim.kalshi.reads import Row
from twoleg.sim.kalshi.text import count_text

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim

_STATUSES: Final = ("resting", "canceled", "executed")
# What `count_filter` may ask to be different from zero, and the fields that tell.
_COUNTS: Final = {"position": "position_fp", "total_traded": "total_traded_dollars"}


class OrderReads:
    """Orders, fills, positions and queue positions of the caller."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim

    def routes(self) -> tuple[Route, ...]:
        """Return the routes; fixed paths come before those with an order id."""
        return (
            ("GET", "/portfolio/orders", self._orders),
            ("GET", "/portfolio/orders/queue_positions", self._queue_positions),
            ("GET", "/portfolio/orders/{order_id}", self._order),
            ("GET", "/portfolio/orders/{order_id}/queue_position", self._queue_position),
            ("GET", "/portfolio/fills", self._fills),
            ("GET", "/portfolio/positions", self._positions),
        )

    async def _orders(self, call: Call) -> Answer:
        call.limits.bill_read()
        query = call.query
        status = query.choice("status", "GetOrders", _STATUSES)
        rows = [r for r in self._sim.reads.orders(call.account.name) if self._is_live(r)]
        rows = select_rows(rows, query, "GetOrders", status=status)
        page, cursor = page_of(rows, query, "GetOrders")
        return {"orders": [row.json for row in page], "cursor": cursor}

    async def _order(self, call: Call) -> Answer:
        call.limits.bill_read(COST_GET_ORDER)
        row = self._sim.reads.order(call.account.name, call.request.match_info["order_id"])
        if row is None or not self._is_live(row):
            raise refuse(404, "not_found")
        return {"order": row.json}

    async def _fills(self, call: Call) -> Answer:
        call.limits.bill_read()
        live_s = self._sim.cutoffs.trades_s
        rows = [r for r in self._sim.reads.fills(call.account.name) if r.ts_s >= live_s]
        rows = select_rows(rows, call.query, "GetFills")
        page, cursor = page_of(rows, call.query, "GetFills")
        return {"fills": [row.json for row in page], "cursor": cursor}

    async def _positions(self, call: Call) -> Answer:
        call.limits.bill_read()
        query = call.query
        settlement = query.choice(
            "settlement_status", "GetPositions", ("unsettled", "settled", "all")
        )
        status = None if settlement == "all" else settlement or "unsettled"
        counts = query.words("count_filter", "GetPositions") or set()
        is_old = self._sim.cutoffs.is_old_position
        if not counts <= _COUNTS.keys():
            raise refuse_query("GetPositions", f"count_filter must be of {', '.join(_COUNTS)}")
        rows = select_rows(
            [r for r in self._sim.reads.positions(call.account.name) if not is_old(r)],
            query,
            "GetPositions",
            status=status,
            subaccount_default=0,
        )
        if counts:
            rows = [row for row in rows if any(_is_nonzero(row, name) for name in counts)]
        page, cursor = page_of(sorted(rows, key=lambda r: -r.number), query, "GetPositions")
        return {
            "market_positions": [row.json for row in page],
            "event_positions": event_positions(page),
            "cursor": cursor,
        }

    async def _queue_positions(self, call: Call) -> Answer:
        call.limits.bill_read()
        query, operation = call.query, "GetOrderQueuePositions"
        tickers = query.words("market_tickers", operation)
        event_ticker = query.text("event_ticker")
        subaccount = query.whole("subaccount", operation, least=0, most=SUBACCOUNT_MAX) or 0
        return {
            "queue_positions": [
                {
                    "order_id": order.order_id,
                    "market_ticker": order.ticker,
                    "queue_position_fp": count_text(self._ahead_e6(order)),
                }
                for order in self._sim.desk.blotter.resting_by(call.account.name, subaccount)
                if (tickers is None or order.ticker in tickers)
                and event_ticker in (None, order.event_ticker)
            ]
        }

    async def _queue_position(self, call: Call) -> Answer:
        call.limits.bill_read()
        order = self._sim.desk.blotter.resting.get(call.request.match_info["order_id"])
        if order is None or order.account.name != call.account.name:
            raise refuse(404, "not_found")
        return {"queue_position_fp": count_text(self._ahead_e6(order))}

    def _is_live(self, row: Row) -> bool:
        return not self._sim.cutoffs.is_old_order(row)

    def _ahead_e6(self, order: UserOrder) -> int:
        # Contracts that must trade first: those at better prices, and earlier ones at the same.
        exchange = self._sim.markets[order.ticker].exchange
        price_e4, own = order.request.price_e4, exchange.get(order.order_id)
        assert own is not None  # what rests on the blotter rests in the book
        better = sum(
            size_e6
            for level_e4, size_e6 in exchange.levels(order.side)
            if (level_e4 > price_e4 if order.side == "bid" else level_e4 < price_e4)
        )
        earlier = sum(
            other.size_e6
            for other in exchange.orders()
            if other.side == own.side
            and other.price_e4 == own.price_e4
            and other.arrival < own.arrival
        )
        return better + earlier


def _is_nonzero(row: Row, count: str) -> bool:
    return any(digit in "123456789" for digit in str(row.json[_COUNTS[count]]))
