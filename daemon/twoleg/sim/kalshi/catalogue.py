"""Kalshi's public reads about events and series, and what they will charge.

Kalshi docs, openapi 3.34.0 (EventData, Series, fee_changes), 2026-10.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web

from twoleg.sim.kalshi.errors import refuse, refuse_query
from twoleg.sim.kalshi.markets import STATUS_FILTERS, MarketState, event_json, series_json
from twoleg.sim.kalshi.pages import LIMIT_DEFAULT, LIMIT_MAX, Query, read_cursor, write_cursor
from twoleg.sim.kalshi.shelf import ROWS_FROM, Wanted
from twoleg.sim.kalshi.text import count_text

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim

EVENTS_LIMIT_MAX: Final = 200

Answer = Callable[[web.Request, Query], dict[str, object] | web.Response]


class Catalogue:
    """Events are the markets that share an event ticker; series likewise."""

    def __init__(
        self, sim: "KalshiSim", market_json: Callable[[MarketState], dict[str, object]]
    ) -> None:
        self._sim = sim
        self._market_json = market_json

    def routes(self) -> tuple[tuple[str, Answer], ...]:
        """Return path and answer of every route; more special paths come first."""
        return (
            ("/events", self._events),
            ("/events/fee_changes", self._event_fees),
            ("/events/multivariate", self._combos),
            ("/events/{event_ticker}", self._event),
            ("/series", self._series_list),
            ("/series/fee_changes", self._series_fees),
            ("/series/{series_ticker}", self._series),
        )

    def _events(self, _request: web.Request, query: Query) -> dict[str, object]:
        limit = query.whole("limit", "GetEvents", least=1, most=EVENTS_LIMIT_MAX)
        limit = limit or EVENTS_LIMIT_MAX
        found = list(self._grouped(query).values())
        start = read_cursor(query.text("cursor")) or 0
        is_nested = query.flag("with_nested_markets", "GetEvents")
        rows = [self._json(group, is_nested=is_nested) for group in found[start : start + limit]]
        cursor = "" if start + limit >= len(found) else write_cursor(start + limit)
        if not cursor and len(self._sim.shelf):
            more, cursor = self._shelved(query, limit - len(rows), is_nested=is_nested)
            rows += more
        page: dict[str, object] = {"events": rows, "cursor": cursor}
        if query.flag("with_milestones", "GetEvents"):
            page["milestones"] = []
        return page

    def _shelved(
        self, query: Query, limit: int, *, is_nested: bool
    ) -> tuple[list[dict[str, object]], str]:
        """Return the catalogue's events that fill a page, and the cursor of the next."""
        start = max(0, (read_cursor(query.text("cursor")) or 0) - ROWS_FROM)
        word, events = query.text("status"), query.words("tickers", "GetEvents")
        span = None
        for family in ("close", "updated"):
            least_s = query.whole(f"min_{family}_ts", "GetEvents")
            span = span if least_s is None else (family, least_s, None)
        wanted = Wanted(
            statuses=None if word is None else STATUS_FILTERS[word],
            events=None if events is None else frozenset(events),
            series=query.text("series_ticker"),
            time=span,
        )
        rows, following = self._sim.shelf.events(start, limit, wanted, is_nested=is_nested)
        return rows, "" if following is None else write_cursor(ROWS_FROM + following)

    def _grouped(self, query: Query) -> dict[str, list[MarketState]]:
        # The status filter is about child markets, not about the event.
        word = query.choice("status", "GetEvents", tuple(STATUS_FILTERS))
        statuses = None if word is None else STATUS_FILTERS[word]
        series, now_s = query.text("series_ticker"), self._sim.now_s()
        min_close_s = query.whole("min_close_ts", "GetEvents")
        min_updated_s = query.whole("min_updated_ts", "GetEvents")
        tickers = query.words("tickers", "GetEvents")
        grouped: dict[str, list[MarketState]] = {}
        for market in self._readable():
            described = market.pair.kalshi
            if (
                (statuses is None or market.status(now_s) in statuses)
                and series in (None, described.series_ticker)
                and (tickers is None or described.event_ticker in tickers)
                and (min_close_s is None or market.pair.close_ts_s >= min_close_s)
                and (min_updated_s is None or market.updated_ts_s >= min_updated_s)
            ):
                grouped.setdefault(described.event_ticker, []).append(market)
        return grouped

    def _event(self, request: web.Request, query: Query) -> dict[str, object]:
        event_ticker = request.match_info["event_ticker"]
        group = [m for m in self._readable() if m.pair.kalshi.event_ticker == event_ticker]
        rows = None if group else self._sim.shelf.find_event(event_ticker)
        if not group and rows is None:
            raise refuse(404, "not_found")
        is_nested = query.flag("with_nested_markets", "GetEvent")
        is_bare = query.flag("exclude_markets", "GetEvent")
        if is_nested and is_bare:
            raise refuse_query("GetEvent", "exclude_markets cannot go with with_nested_markets")
        if rows is not None:
            shelf = self._sim.shelf
            apart = [] if is_nested or is_bare else [shelf.market_json(row) for row in rows]
            return {"event": shelf.event_json(rows, is_nested=is_nested), "markets": apart}
        # The outer list is deprecated, and required: empty where it is not asked for.
        beside = [] if is_nested or is_bare else group
        return {
            "event": self._json(group, is_nested=is_nested),
            "markets": [self._market_json(market) for market in beside],
        }

    def _combos(self, _request: web.Request, _query: Query) -> dict[str, object]:
        return {"events": [], "cursor": ""}  # there are none

    def _series_list(self, _request: web.Request, query: Query) -> dict[str, object]:
        # One answer without pages. The category is compared as it is written.
        category, tags = query.text("category"), query.text("tags")
        min_updated_s = query.whole("min_updated_ts", "GetSeriesList")
        rows: dict[str, dict[str, object]] = {}
        for market in self._readable():
            is_asked = category in (None, market.pair.kalshi.category) and tags is None
            if is_asked and (min_updated_s is None or market.updated_ts_s >= min_updated_s):
                row = self._series_json(market, query)
                rows.setdefault(market.pair.kalshi.series_ticker, row)
        if len(self._sim.shelf) and tags is None and min_updated_s is None:
            for name, row in self._sim.shelf.series().items():
                if category in (None, row["category"]):
                    rows.setdefault(name, row)
        return {"series": list(rows.values())}

    def _series(self, request: web.Request, query: Query) -> dict[str, object]:
        for market in self._readable():
            if market.pair.kalshi.series_ticker == request.match_info["series_ticker"]:
                return {"series": self._series_json(market, query)}
        shelved = self._sim.shelf.find_series(request.match_info["series_ticker"])
        if shelved is not None:
            return {"series": shelved}
        raise refuse(404, "not_found")

    def _series_fees(self, _request: web.Request, query: Query) -> dict[str, object]:
        is_all = query.flag("show_historical", "GetSeriesFeeChanges")
        series_ticker = query.text("series_ticker")
        rows = self._sim.fees.rows(of_events=False, after_s=None if is_all else self._sim.now_s())
        return {
            "series_fee_change_arr": [
                row.to_json() for row in rows if series_ticker in (None, row.series_ticker)
            ]
        }

    def _event_fees(self, _request: web.Request, query: Query) -> dict[str, object]:
        operation = "GetEventFeeChanges"
        limit = query.whole("limit", operation, least=1, most=LIMIT_MAX) or LIMIT_DEFAULT
        event_ticker, after = query.text("event_ticker"), read_cursor(query.text("cursor")) or 0
        rows = [
            row
            for row in self._sim.fees.rows(of_events=True, after_s=None)
            if event_ticker in (None, row.event_ticker) and row.number > after
        ]
        page = rows[:limit]
        return {
            "event_fee_changes": [row.to_json() for row in page],
            "cursor": write_cursor(page[-1].number) if len(rows) > limit else "",
        }

    def _readable(self) -> list[MarketState]:
        now_ns = self._sim.clock.monotonic_ns()
        return [m for m in self._sim.markets.values() if m.readable_ns <= now_ns]

    def _json(self, group: list[MarketState], *, is_nested: bool) -> dict[str, object]:
        event = event_json(group[0], self._sim.now_s())
        if is_nested:
            event["markets"] = [self._market_json(market) for market in group]
        return event

    def _series_json(self, market: MarketState, query: Query) -> dict[str, object]:
        series = series_json(market, self._sim.now_s())
        if query.flag("include_product_metadata", "GetSeriesList"):
            series["product_metadata"] = {}
        if query.flag("include_volume", "GetSeriesList"):
            name = market.pair.kalshi.series_ticker
            series["volume_fp"] = count_text(
                sum(m.volume_e6 for m in self._readable() if m.pair.kalshi.series_ticker == name)
            )
        return series
