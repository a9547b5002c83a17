"""Gamma's smaller lists: tags, series, sports; and the tags of one market or event.

Routes and fields: PyPI polymarket-client 0.14.0 (its gamma actions and models), read 2026-11-22.
Tags are unrelated to each other here, and no teams play.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket.gamma_shapes import Row, event_json, tags_json
from twoleg.sim.polymarket.shapes import event_id
from twoleg.sim.polymarket.state import Market
from twoleg.sim.polymarket.wire import Refused, guarded

LIMIT_DEFAULT: Final = 100


class TagApi:
    """Serves what markets and events are filed under."""

    def __init__(self, markets: Mapping[str, Market]) -> None:
        self._markets = markets

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Register the endpoints under `prefix`."""
        routes: dict[str, Callable[[web.Request], Awaitable[object]]] = {
            "/tags": self._tags,
            "/tags/{id}": self._tag,
            "/tags/slug/{slug}": self._tag,
            "/tags/{id}/related-tags": self._related,
            "/tags/{id}/related-tags/tags": self._related,
            "/tags/slug/{slug}/related-tags": self._related,
            "/tags/slug/{slug}/related-tags/tags": self._related,
            "/markets/{market_id}/tags": self._market_tags,
            "/events/{event_id}/tags": self._event_tags,
            "/series": self._list_series,
            "/series/{id}": self._one_series,
            "/sports": self._nothing,
            "/sports/market-types": self._sports_types,
            "/teams": self._nothing,
        }
        for path, handler in routes.items():
            app.router.add_get(f"{prefix}{path}", guarded(handler))

    async def _tags(self, request: web.Request) -> object:
        return _cut(request, list(self._all_tags().values()))

    async def _tag(self, request: web.Request) -> object:
        return _found(request, self._all_tags().values())

    async def _related(self, request: web.Request) -> object:
        _found(request, self._all_tags().values())
        return []

    async def _market_tags(self, request: web.Request) -> object:
        wanted = request.match_info["market_id"]
        return self._tags_where(lambda market: market.spec.market_id == wanted)

    async def _event_tags(self, request: web.Request) -> object:
        wanted = request.match_info["event_id"]
        return self._tags_where(lambda market: event_id(market) == wanted)

    async def _list_series(self, request: web.Request) -> object:
        return _cut(request, list(self._all_series().values()))

    async def _one_series(self, request: web.Request) -> object:
        return _found(request, self._all_series().values())

    async def _nothing(self, _request: web.Request) -> object:
        return []

    async def _sports_types(self, _request: web.Request) -> object:
        kinds = {market.spec.sports_type for market in self._markets.values()}
        return {"marketTypes": sorted(kinds - {""})}

    def _tags_where(self, is_wanted: Callable[[Market], bool]) -> list[Row]:
        for market in self._markets.values():
            if is_wanted(market):
                return tags_json(market)
        raise _unknown()

    def _all_tags(self) -> dict[str, Row]:
        return {str(tag["id"]): tag for m in self._markets.values() for tag in tags_json(m)}

    def _all_series(self) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for market in self._markets.values():
            for series in _series_of(market):
                found.setdefault(str(series["id"]), series)
        return found


def _series_of(market: Market) -> list[Row]:
    series = event_json([market])["series"]
    return series if isinstance(series, list) else []


def _found(request: web.Request, rows: Iterable[Row]) -> Row:
    name, wanted = next(iter(request.match_info.items()))
    for row in rows:
        if row[name] == wanted:
            return row
    raise _unknown()


def _cut(request: web.Request, rows: list[Row]) -> list[Row]:
    start = _whole(request, "offset", 0)
    return rows[start : start + _whole(request, "limit", LIMIT_DEFAULT)]


def _whole(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() else default


def _unknown() -> Refused:
    return Refused(404, "not found", extra={"type": "not found error"})
