"""Query parameters, filters and cursors of Kalshi's list endpoints.

Kalshi docs, openapi 3.34.0, 2026-10: an empty cursor ends the list, a garbage cursor restarts it, a
limit above the maximum is refused rather than clamped.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeVar

from twoleg.sim.kalshi.errors import refuse_query
from twoleg.sim.kalshi.ledger import SUBACCOUNT_MAX
from twoleg.sim.kalshi.reads import Row
from twoleg.sim.kalshi.text import count_text, money4_text, money_text

LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 1_000
TICKERS_MAX: Final = 100
T = TypeVar("T")
NumberedT = TypeVar("NumberedT", bound="Numbered")


class Query:
    """The query string of a request, read by kind."""

    def __init__(self, raw: Mapping[str, str]) -> None:
        self._raw = raw

    def text(self, name: str) -> str | None:
        """Return a parameter, None when absent or empty."""
        return self._raw.get(name) or None

    def whole(
        self, name: str, operation: str, *, least: int = -1, most: int | None = None
    ) -> int | None:
        """Return a whole number within bounds, or raise the `msg` refusal."""
        value = self.text(name)
        if value is None:
            return None
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise refuse_query(operation, f"{name} must be a number")
        number = int(value)
        if number < least or (most is not None and number > most):
            raise refuse_query(operation, f"{name} is out of range")
        return number

    def names(self) -> set[str]:
        """Return the names of all parameters that were given."""
        return set(self._raw)

    def flag(self, name: str, operation: str) -> bool:
        """Return a boolean, false when absent, or raise the `msg` refusal."""
        return self.choice(name, operation, ("true", "false")) == "true"

    def choice(self, name: str, operation: str, allowed: Sequence[str]) -> str | None:
        """Return one of the allowed words, or raise the `msg` refusal."""
        value = self.text(name)
        if value is not None and value not in allowed:
            raise refuse_query(operation, f"{name} must be one of {', '.join(allowed)}")
        return value

    def words(self, name: str, operation: str) -> set[str] | None:
        """Return a comma-separated list of at most 100, None when absent."""
        value = self.text(name)
        if value is None:
            return None
        words = set(value.split(","))
        if len(words) > TICKERS_MAX:
            raise refuse_query(operation, f"{name} has more than {TICKERS_MAX} entries")
        return words


def select_rows(
    rows: list[Row],
    query: Query,
    operation: str,
    *,
    status: str | None = None,
    subaccount_default: int | None = None,
) -> list[Row]:
    """Apply the filters that orders, fills and positions share; None lets everything through."""
    tickers = query.words("ticker", operation)
    events = query.words("event_ticker", operation)
    order_id = query.text("order_id")
    min_s, max_s = query.whole("min_ts", operation), query.whole("max_ts", operation)
    shard = query.whole("exchange_index", operation)
    subaccount = query.whole("subaccount", operation, least=0, most=SUBACCOUNT_MAX)
    if subaccount is None:
        subaccount = subaccount_default
    return [
        row
        for row in rows
        if (tickers is None or row.ticker in tickers)
        and (events is None or row.event_ticker in events)
        and status in (None, row.status)
        and order_id in (None, row.order_id)
        and (min_s is None or row.ts_s >= min_s)
        and (max_s is None or row.ts_s <= max_s)
        and (shard in (None, -1) or row.shard == shard)
        and subaccount in (None, row.subaccount)
    ]


class Numbered(Protocol):
    """Something that a list shows by falling number."""

    @property
    def number(self) -> int:
        """Return the place in the list."""
        ...


def page_of(
    rows: list[NumberedT], query: Query, operation: str, *, limit_max: int = LIMIT_MAX
) -> tuple[list[NumberedT], str]:
    """Return one page of rows that come in falling number, and the cursor of the next."""
    limit = query.whole("limit", operation, least=1, most=limit_max) or LIMIT_DEFAULT
    below = read_cursor(query.text("cursor"))
    left = [row for row in rows if below is None or row.number < below]
    page = left[:limit]
    return page, write_cursor(page[-1].number) if len(left) > limit else ""


def slice_of(items: list[T], query: Query, operation: str) -> tuple[list[T], str]:
    """Return one page of things in a fixed order, and the cursor of the next."""
    limit = query.whole("limit", operation, least=0, most=LIMIT_MAX) or LIMIT_DEFAULT
    start = read_cursor(query.text("cursor")) or 0
    is_last = start + limit >= len(items)
    return items[start : start + limit], "" if is_last else write_cursor(start + limit)


def write_cursor(number: int) -> str:
    """Return an opaque cursor."""
    return base64.urlsafe_b64encode(f"n{number}".encode()).decode()


def read_cursor(cursor: str | None) -> int | None:
    """Return the cursor's number, None for no cursor and for garbage."""
    try:
        text = base64.urlsafe_b64decode((cursor or "").encode()).decode()
    except (binascii.Error, ValueError):
        return None
    return int(text[1:]) if text[:1] == "n" and text[1:].isdigit() else None


def event_positions(rows: list[Row]) -> list[dict[str, object]]:
    """Sum market positions by event."""
    by_event: dict[str, list[Row]] = {}
    for row in rows:
        by_event.setdefault(row.event_ticker, []).append(row)
    return [
        {
            "event_ticker": event_ticker,
            "total_cost_dollars": _sum_money(grouped, "market_exposure_dollars"),
            "total_cost_shares_fp": _sum_counts(grouped),
            "event_exposure_dollars": _sum_money(grouped, "market_exposure_dollars"),
            "realized_pnl_dollars": _sum_money(grouped, "realized_pnl_dollars"),
            "fees_paid_dollars": _sum_money(grouped, "fees_paid_dollars"),
        }
        for event_ticker, grouped in by_event.items()
    ]


def balance_page(available: Mapping[int, int], value_micros: int, now_s: int) -> dict[str, object]:
    """Return the balance over these shards: cents and four decimals, both truncated."""
    total = sum(available.values())
    return {
        "balance": total // 10_000,
        "balance_dollars": money4_text(total),
        "portfolio_value": value_micros // 10_000,
        "updated_ts": now_s,
        "balance_breakdown": [
            {"exchange_index": shard, "balance": money4_text(micros)}
            for shard, micros in available.items()
        ],
    }


def _sum_money(rows: list[Row], name: str) -> str:
    # Six fixed decimals: without the point, the text is the number of micro-dollars.
    return money_text(sum(int(str(row.json[name]).replace(".", "")) for row in rows))


def _sum_counts(rows: list[Row]) -> str:
    lots = sum(abs(int(str(row.json["position_fp"]).replace(".", ""))) for row in rows)
    return count_text(lots * 10_000)
