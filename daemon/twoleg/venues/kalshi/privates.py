"""What several lines tell alike, passed on once: fills, orders, holdings, trades, tickers."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from typing import Final

from twoleg.core.events import Fill
from twoleg.core.market import MarketId
from twoleg.venues.kalshi.pushes import (
    FillSeen,
    OrderSeen,
    PositionSeen,
    TickerSeen,
    TradeSeen,
)
from twoleg.venues.kalshi.sinks import FeedSinks, give

KEYS_KEPT_MAX: Final = 16_384
"""How many are remembered of each sort; the lines are seconds apart at most."""


class Recent:
    """The latest keys, oldest forgotten first."""

    def __init__(self, keys_max: int = KEYS_KEPT_MAX) -> None:
        self._keys: OrderedDict[Hashable, None] = OrderedDict()
        self._keys_max = keys_max

    def is_new(self, key: Hashable) -> bool:
        """Whether a key was not seen lately; it is from now on."""
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > self._keys_max:
            self._keys.popitem(last=False)
        return True


class FirstOnly:
    """Passes on the first of what several lines push.

    Fills and trades have ids. An order's update is known by its own time and sizes, and one older
    than the last is dropped. Holdings have neither: only one that differs from the last is passed
    on, so a slow line may show an old holding for a moment; they are hints. The life of a market is
    told by every line: the same words may rightly come twice, and reading terms twice is no harm.
    """

    def __init__(self, sinks: FeedSinks) -> None:
        self._sinks = sinks
        self._fills = Recent()
        self._fills_seen = Recent()
        self._trades = Recent()
        # Order -> when it was last updated, and all that was said of it then.
        self._orders: OrderedDict[str, OrderSeen] = OrderedDict()
        self._positions: dict[tuple[MarketId, int | None], PositionSeen] = {}
        self._tickers: dict[MarketId, TickerSeen] = {}

    def sinks(self) -> FeedSinks:
        """The sinks for each of the lines."""
        sinks, pushes = self._sinks, self._sinks.pushes
        return replace(
            sinks,
            on_fill=self._on_fill,
            pushes=replace(
                pushes,
                on_order=pushes.on_order and self._on_order,
                on_position=pushes.on_position and self._on_position,
                on_trade=pushes.on_trade and self._on_trade,
                on_ticker=pushes.on_ticker and self._on_ticker,
                on_fill_seen=pushes.on_fill_seen and self._on_fill_seen,
            ),
        )

    def _on_fill(self, fill: Fill) -> None:
        if self._fills.is_new(fill.fill_id):
            self._sinks.on_fill(fill)

    def _on_fill_seen(self, seen: FillSeen) -> None:
        if self._fills_seen.is_new(seen.fill.fill_id):
            give(self._sinks.pushes.on_fill_seen, seen)

    def _on_trade(self, trade: TradeSeen) -> None:
        if self._trades.is_new(trade.trade_id):
            give(self._sinks.pushes.on_trade, trade)

    def _on_order(self, order: OrderSeen) -> None:
        last = self._orders.get(order.venue_order_id)
        if last == order or (last is not None and order.updated_ms < last.updated_ms):
            return
        self._orders[order.venue_order_id] = order
        if len(self._orders) > KEYS_KEPT_MAX:
            self._orders.popitem(last=False)
        give(self._sinks.pushes.on_order, order)

    def _on_position(self, position: PositionSeen) -> None:
        key = (position.market_id, position.subaccount)
        if self._positions.get(key) != position:
            self._positions[key] = position
            give(self._sinks.pushes.on_position, position)

    def _on_ticker(self, ticker: TickerSeen) -> None:
        last = self._tickers.get(ticker.market_id)
        if last == ticker or (last is not None and ticker.ts_event_ms < last.ts_event_ms):
            return
        self._tickers[ticker.market_id] = ticker
        give(self._sinks.pushes.on_ticker, ticker)
