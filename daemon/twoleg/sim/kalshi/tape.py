"""The public trades of the simulated Kalshi, as `GET /markets/trades` pages through them."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from twoleg.sim.kalshi.pages import LIMIT_DEFAULT, LIMIT_MAX, Query, read_cursor, write_cursor
from twoleg.sim.kalshi.text import time_text

# Trades kept; older ones are no longer live, they would be historical.
TRADES_MAX: Final = 20_000


class Tape:
    """The last executions of all markets, newest first when read."""

    def __init__(self) -> None:
        # Number and message of the trade channel, oldest first.
        self._trades: deque[tuple[int, Mapping[str, object]]] = deque(maxlen=TRADES_MAX)
        self._numbers = 0

    def add(self, message: Mapping[str, object]) -> None:
        """Append an execution, given as the trade channel tells it."""
        self._numbers += 1
        self._trades.append((self._numbers, message))

    def page(
        self, query: Query, operation: str, *, from_s: int = 0, until_s: int | None = None
    ) -> dict[str, object]:
        """Return the page that a query asks for, of the trades within [from, until)."""
        limit = query.whole("limit", operation, least=1, most=LIMIT_MAX) or LIMIT_DEFAULT
        min_s, max_s = query.whole("min_ts", operation), query.whole("max_ts", operation)
        ticker, below = query.text("ticker"), read_cursor(query.text("cursor"))
        blocks = query.choice("is_block_trade", operation, ("true", "false"))
        found = [
            (number, trade)
            for number, trade in reversed(self._trades)
            if (below is None or number < below)
            and from_s <= _ts_s(trade)
            and (until_s is None or _ts_s(trade) < until_s)
            and ticker in (None, trade["market_ticker"])
            and (min_s is None or _ts_s(trade) >= min_s)
            and (max_s is None or _ts_s(trade) <= max_s)
            and blocks != "true"  # there are none
        ]
        page = found[:limit]
        return {
            "trades": [_row(trade) for _, trade in page],
            "cursor": write_cursor(page[-1][0]) if len(found) > limit else "",
        }


def _ts_s(trade: Mapping[str, object]) -> int:
    return int(str(trade["ts"]))


def _row(trade: Mapping[str, object]) -> dict[str, object]:
    # REST names the market `ticker` and writes the time out.
    left_out = ("market_ticker", "ts", "ts_ms")
    return {
        "ticker": trade["market_ticker"],
        **{name: value for name, value in trade.items() if name not in left_out},
        "created_time": time_text(int(str(trade["ts_ms"])) * 1_000),
    }
