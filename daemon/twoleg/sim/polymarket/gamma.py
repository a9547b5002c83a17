"""Gamma, the discovery service of the simulated Polymarket.

Habits: docs.polymarket.com gamma pages (2026-08-21) and live samples of 2026-10. Keyset lists have
no `next_cursor` on the last page and refuse `offset`; the older lists answer with deprecation
headers.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from twoleg.sim.flow import Clock
from twoleg.sim.polymarket.gamma_query import (
    read_event_filter,
    read_keyset_page,
    read_market_filter,
    read_offset_page,
)
from twoleg.sim.polymarket.gamma_shapes import (
    Quotes,
    Row,
    bare_market,
    event_json,
    quotes_of,
)
from twoleg.sim.polymarket.gamma_shelf import events_page, markets_page, named_page
from twoleg.sim.polymarket.options import PolymarketOptions
from twoleg.sim.polymarket.shapes import event_id
from twoleg.sim.polymarket.shelf import PolymarketShelf
from twoleg.sim.polymarket.state import Market
from twoleg.sim.polymarket.wire import NS_PER_MS, Refused, answer, guarded

CACHE_HEADERS: Final = {"Cache-Control": "public, max-age=300"}
LEGACY_HEADERS: Final = {
    **CACHE_HEADERS,
    "deprecation": "true",
    "sunset": "Fri, 01 May 2026 00:00:00 GMT",
}
SEARCH_LIMIT: Final = 10


class GammaApi:
    """Serves discovery: markets, events, search."""

    def __init__(
        self,
        markets: Mapping[str, Market],
        shelf: PolymarketShelf,
        *,
        clock: Clock,
        options: PolymarketOptions,
    ) -> None:
        self._markets = markets
        # Invented markets, listed behind the others.
        self._shelf = shelf
        self._clock = clock
        self._lag_ms = options.gamma_lag_ms
        # What was last read from a book, and when (monotonic ns), by condition id.
        self._seen: dict[str, tuple[int, Quotes]] = {}

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Register the endpoints under `prefix`."""
        routes: dict[str, Callable[[web.Request], Awaitable[object]]] = {
            "/markets/keyset": self._keyset_markets,
            "/events/keyset": self._keyset_events,
            "/markets/slug/{slug}": self._market_by_slug,
            "/events/slug/{slug}": self._event_by_slug,
            "/markets/{market_id}": self._market_by_id,
            "/events/{event_id}": self._event_by_id,
            "/markets": self._list_markets,
            "/events": self._list_events,
            "/public-search": self._search,
        }
        for path, handler in routes.items():
            app.router.add_get(f"{prefix}{path}", guarded(handler))

    # -- lists -------------------------------------------------------------------------------------

    async def _keyset_markets(self, request: web.Request) -> object:
        page = read_keyset_page(request)
        traded, is_wanted = self._market_rows(request), read_market_filter(request)
        rows, cursor = markets_page(page, traded, self._shelf, request, is_wanted)
        return answer(_keyset("markets", rows, cursor), headers=CACHE_HEADERS)

    async def _keyset_events(self, request: web.Request) -> object:
        page = read_keyset_page(request)
        traded, is_wanted = self._event_rows(request), read_event_filter(request)
        rows, cursor = events_page(page, traded, self._shelf, is_wanted)
        return answer(_keyset("events", rows, cursor), headers=CACHE_HEADERS)

    async def _list_markets(self, request: web.Request) -> object:
        page = read_offset_page(request)
        traded, is_wanted = self._market_rows(request), read_market_filter(request)
        rows = named_page(page, traded, self._shelf, request, is_wanted)
        return answer(rows, headers=LEGACY_HEADERS)

    async def _list_events(self, request: web.Request) -> object:
        page = read_offset_page(request)
        # A named event is found after its end too (PyPI pmquant 0.7.1, read 2026-11-22).
        named = "slug" in request.query and "closed" not in request.query
        rows, _ = page.select(self._event_rows(request, with_closed=named))
        return answer(rows, headers=LEGACY_HEADERS)

    async def _search(self, request: web.Request) -> object:
        words = request.query.get("q", "").lower().split()
        if not words:
            raise Refused(422, "q is required")
        limit = _count(request, "limit_per_type", SEARCH_LIMIT)
        start = (_count(request, "page", 1) - 1) * limit
        found = [
            markets
            for markets in self._events().values()
            if any(all(word in m.spec.question.lower() for word in words) for m in markets)
        ]
        body = {
            "events": [self._event_json(markets) for markets in found[start : start + limit]],
            "tags": [],
            "profiles": [],
            "pagination": {"hasMore": len(found) > start + limit, "totalResults": len(found)},
        }
        return answer(body, headers=CACHE_HEADERS)

    def _market_rows(self, request: web.Request) -> list[Row]:
        is_wanted = read_market_filter(request)
        has_tags = request.query.get("include_tag") == "true"
        events = self._events()
        return [
            self._market_json(market, events[event_id(market)], has_tags=has_tags)
            for market in self._markets.values()
            if is_wanted(market)
        ]

    def _event_rows(self, request: web.Request, *, with_closed: bool = False) -> list[Row]:
        is_wanted = read_event_filter(request, with_closed=with_closed)
        return [
            self._event_json(markets) for markets in self._events().values() if is_wanted(markets)
        ]

    # -- single ones -------------------------------------------------------------------------------

    async def _market_by_id(self, request: web.Request) -> object:
        wanted = request.match_info["market_id"]
        row = self._shelf.find_id(wanted)
        if row is not None:
            return answer(self._shelf.market_json(row), headers=CACHE_HEADERS)
        return self._only(lambda market: market.spec.market_id == wanted)

    async def _market_by_slug(self, request: web.Request) -> object:
        wanted = request.match_info["slug"]
        return self._only(lambda market: market.spec.slug == wanted)

    async def _event_by_id(self, request: web.Request) -> object:
        wanted = request.match_info["event_id"]
        return self._only_event(lambda market: event_id(market) == wanted)

    async def _event_by_slug(self, request: web.Request) -> object:
        wanted = request.match_info["slug"]
        return self._only_event(
            lambda market: (
                wanted
                == (market.spec.slug if market.spec.event is None else market.spec.event.slug)
            )
        )

    def _only(self, is_wanted: Callable[[Market], bool]) -> object:
        for market in self._markets.values():
            if is_wanted(market):
                row = self._market_json(market, self._events()[event_id(market)])
                return answer(row, headers=CACHE_HEADERS)
        raise _not_found()

    def _only_event(self, is_wanted: Callable[[Market], bool]) -> object:
        for markets in self._events().values():
            if is_wanted(markets[0]):
                return answer(self._event_json(markets), headers=CACHE_HEADERS)
        raise _not_found()

    # -- rows --------------------------------------------------------------------------------------

    def _events(self) -> dict[str, list[Market]]:
        """Return the markets by event, in order of listing: closed ones and placeholders too."""
        events: dict[str, list[Market]] = {}
        for market in self._markets.values():
            events.setdefault(event_id(market), []).append(market)
        return events

    def _market_json(
        self, market: Market, siblings: list[Market], *, has_tags: bool = False
    ) -> Row:
        bare = bare_market(market, self._quotes(market), has_tags=has_tags)
        return {**bare, "events": [event_json(siblings)]}

    def _event_json(self, markets: list[Market]) -> Row:
        nested = [bare_market(market, self._quotes(market)) for market in markets]
        return {**event_json(markets), "markets": nested}

    def _quotes(self, market: Market) -> Quotes:
        now_ns = self._clock.monotonic_ns()
        seen = self._seen.get(market.condition_id)
        if seen is None or now_ns - seen[0] >= self._lag_ms * NS_PER_MS:
            seen = self._seen[market.condition_id] = (now_ns, quotes_of(market))
        return seen[1]


def _keyset(name: str, rows: list[Row], cursor: str | None) -> dict[str, object]:
    return {name: rows} if cursor is None else {name: rows, "next_cursor": cursor}


def _count(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() and int(text) else default


def _not_found() -> Refused:
    return Refused(404, "not found", extra={"type": "not found error"})
