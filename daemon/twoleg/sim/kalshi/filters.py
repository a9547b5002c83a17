"""Which markets a `GET /markets` asks for, with the rules on what may be combined.

Kalshi docs, openapi 3.34.0 (GetMarkets), 2026-10: the families of time filters exclude each other,
and each goes with some statuses only.
"""

from typing import Final

from twoleg.sim.kalshi.errors import refuse_query
from twoleg.sim.kalshi.markets import STATUS_FILTERS, MarketState
from twoleg.sim.kalshi.pages import Query

_OPERATION: Final = "GetMarkets"
# Statuses with which a family of time filters may be combined; "" is no status filter.
_FAMILIES: Final = {
    "created": ("unopened", "open", ""),
    "updated": ("",),
    "close": ("closed", ""),
    "settled": ("settled", ""),
}
# All that may stand beside the filters by update time.
_WITH_UPDATED: Final = frozenset(
    {"min_updated_ts", "max_updated_ts", "mve_filter", "series_ticker", "limit", "cursor"}
)


def select_markets(markets: list[MarketState], query: Query, now_s: int) -> list[MarketState]:
    """Return the markets that pass every filter, or raise the `msg` refusal."""
    word = query.choice("status", _OPERATION, tuple(STATUS_FILTERS)) or ""
    family, least_s, most_s = _time_filter(query, word)
    if query.choice("mve_filter", _OPERATION, ("only", "exclude")) == "only":
        return []  # there are no combos
    events, series = query.words("event_ticker", _OPERATION), query.text("series_ticker")
    if events is not None and len(events) > 1:
        raise refuse_query(_OPERATION, "event_ticker must be one event")
    tickers = query.text("tickers")
    named = None if tickers is None else set(tickers.split(","))
    return [
        market
        for market in markets
        if (not word or market.status(now_s) in STATUS_FILTERS[word])
        and (named is None or market.ticker in named)
        and (events is None or market.pair.kalshi.event_ticker in events)
        and series in (None, market.pair.kalshi.series_ticker)
        and _is_within(_time_of(market, family), least_s, most_s)
    ]


def _time_filter(query: Query, word: str) -> tuple[str, int | None, int | None]:
    given = [
        family
        for family in _FAMILIES
        if query.text(f"min_{family}_ts") or query.text(f"max_{family}_ts")
    ]
    if not given:
        return "", None, None
    if len(given) > 1:
        raise refuse_query(_OPERATION, f"{given[0]} and {given[1]} filters exclude each other")
    [family] = given
    if word not in _FAMILIES[family]:
        raise refuse_query(_OPERATION, f"{family} filters cannot go with status {word}")
    if family == "updated":
        others = sorted(query.names() - _WITH_UPDATED)
        if others or query.text("mve_filter") != "exclude":
            raise refuse_query(_OPERATION, "updated filters need mve_filter=exclude alone")
    least_s = query.whole(f"min_{family}_ts", _OPERATION)
    return family, least_s, query.whole(f"max_{family}_ts", _OPERATION)


def _time_of(market: MarketState, family: str) -> int | None:
    return {
        "created": market.created_ts_s,
        "updated": market.updated_ts_s,
        "close": market.pair.close_ts_s,
        "settled": market.settled_ts_s,
    }.get(family)


def _is_within(ts_s: int | None, least_s: int | None, most_s: int | None) -> bool:
    if least_s is None and most_s is None:
        return True
    if ts_s is None:
        return False
    return (least_s is None or ts_s >= least_s) and (most_s is None or ts_s <= most_s)
