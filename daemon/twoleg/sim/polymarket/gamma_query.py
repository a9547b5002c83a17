"""What a Gamma request asks for: filters, order, page.

Parameters: docs.polymarket.com gamma pages (2026-08-21) and live reports of 2026-10. Unknown ones
are ignored, as are `active` and `archived`; Refused (422) for what the venue cannot read.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket.gamma_shapes import Row, sort_value
from twoleg.sim.polymarket.shapes import START_TS_S, event_id, tags_of
from twoleg.sim.polymarket.state import Market
from twoleg.sim.polymarket.wire import Refused

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 100
CONDITIONS_MAX: Final = 100
OFFSET_MAX: Final = 2_000
# Names to sort by are those of the JSON; snake_case is refused.
ORDERS: Final = frozenset(
    {
        "id", "slug", "question", "title", "volume", "volumeNum", "volume24hr", "liquidity",
        "liquidityNum", "startDate", "endDate", "createdAt", "updatedAt", "bestBid", "bestAsk",
        "spread", "lastTradePrice",
    }
)  # fmt: skip

Test = Callable[[Market], bool]


@dataclass(frozen=True, slots=True)
class Page:
    """How rows are ordered, and which of them are wanted."""

    order: tuple[str, ...]
    is_ascending: bool
    limit: int
    # Key of the last row seen (keyset), or how many rows are skipped (legacy).
    after: tuple[object, ...] | None = None
    offset: int = 0

    def key(self, row: Row) -> tuple[object, ...]:
        """Return what the row is sorted by; the id makes it unique."""
        return (*(_plain(sort_value(row, name)) for name in self.order), int(str(row["id"])))

    def select(self, rows: Iterable[Row]) -> tuple[list[Row], str | None]:
        """Return the rows of the page in order, and the cursor of the next, if there is one."""
        ordered = sorted(rows, key=self.key, reverse=not self.is_ascending)
        if self.after is not None:
            after = self.after
            if self.is_ascending:
                ordered = [row for row in ordered if self.key(row) > after]
            else:
                ordered = [row for row in ordered if self.key(row) < after]
        chosen = ordered[self.offset : self.offset + self.limit]
        if self.offset + self.limit >= len(ordered):
            return chosen, None
        return chosen, self.cursor(chosen[-1])

    def cursor(self, row: Row) -> str:
        """Return the cursor of what comes behind a row."""
        return base64.urlsafe_b64encode(json.dumps(self.key(row)).encode()).decode()


def read_keyset_page(request: web.Request) -> Page:
    """Read order, limit and after_cursor; an offset is refused."""
    if "offset" in request.query:
        raise Refused(422, "offset is not supported, use after_cursor")
    cursor = request.query.get("after_cursor")
    order, is_ascending = _order(request)
    after: tuple[object, ...] | None = None
    if cursor:
        try:
            key = json.loads(base64.urlsafe_b64decode(cursor))
        except ValueError as error:
            raise Refused(422, "invalid after_cursor") from error
        if not isinstance(key, list) or len(key) != len(order) + 1:
            raise Refused(422, "invalid after_cursor")
        after = tuple(key)
    return Page(order, is_ascending, _limit(request), after)


def read_offset_page(request: web.Request) -> Page:
    """Read order, limit and offset of a legacy list."""
    text = request.query.get("offset", "0")
    if not text.isdecimal() or int(text) > OFFSET_MAX:
        raise Refused(422, f"offset must be from 0 to {OFFSET_MAX}")
    order, is_ascending = _order(request)
    return Page(order, is_ascending, _limit(request), offset=int(text))


def read_market_filter(request: web.Request) -> Test:
    """Return the test that a market must pass to be listed by itself."""
    query = request.query
    tests: list[Test] = [
        _is_active,
        partial(_has_closed, query.get("closed", "false") == "true"),
        *_common_tests(request),
    ]
    sets: dict[str, Callable[[Market], set[str]]] = {
        "id": lambda m: {m.spec.market_id},
        "slug": lambda m: {m.spec.slug},
        "question_ids": lambda m: {m.spec.question_id},
        "clob_token_ids": lambda m: set(m.spec.token_ids) if m.spec.version == "v1" else set(),
        "position_ids": lambda m: set(m.spec.token_ids) if m.spec.version == "v2" else set(),
        "condition_ids": lambda m: {m.condition_id},
        "game_id": lambda m: {event_id(m)} if m.spec.sports_type else set(),
        "sports_market_types": lambda m: {m.spec.sports_type},
        "uma_resolution_status": lambda m: {m.uma_status},
        "version": lambda m: {m.spec.version},
    }
    if len(listed(request, "condition_ids")) > CONDITIONS_MAX:
        raise Refused(422, f"condition_ids holds more than {CONDITIONS_MAX}")
    for name, values_of in sets.items():
        wanted = listed(request, name)
        if wanted:
            tests.append(partial(_meets, wanted, values_of))
    return lambda market: all(test(market) for test in tests)


def read_event_filter(
    request: web.Request, *, with_closed: bool = False
) -> Callable[[list[Market]], bool]:
    """Return the test that an event's markets must pass; one that fits brings the event.

    `with_closed` lets closed and open events pass alike.
    """
    query = request.query
    closed = query.get("closed", "false") == "true"
    title = query.get("title_search", "").lower()
    tests = _common_tests(request)
    sets: dict[str, Callable[[Market], set[str]]] = {
        "id": lambda m: {event_id(m)},
        "slug": lambda m: {m.spec.slug if m.spec.event is None else m.spec.event.slug},
        "series_id": lambda m: {"" if m.spec.event is None else m.spec.event.series_id},
        "tag_slug": lambda m: {slug for _, _, slug in tags_of(m)},
    }
    for name, values_of in sets.items():
        wanted = listed(request, name)
        if wanted:
            tests.append(partial(_meets, wanted, values_of))
    excluded = listed(request, "exclude_tag_id")
    if excluded:
        tests.append(lambda market: not _meets(excluded, _tag_ids, market))

    def passes(markets: list[Market]) -> bool:
        named = [m for m in markets if not m.spec.is_placeholder]
        spec = markets[0].spec
        text = spec.question if spec.event is None else spec.event.title
        return (
            (with_closed or all(m.is_closed for m in named) == closed)
            and title in text.lower()
            and any(all(test(m) for test in tests) for m in named)
        )

    return passes


def _common_tests(request: web.Request) -> list[Test]:
    tests: list[Test] = []
    tags = listed(request, "tag_id")
    if tags:
        tests.append(partial(_meets, tags, _tag_ids))
    numbers: dict[str, Callable[[Market], int]] = {
        "liquidity_num": lambda m: 50_000 - m.rank,
        "volume_num": lambda m: 250_000 - m.rank,
    }
    for name, value_of in numbers.items():
        tests += _bounds(name, value_of, _numbers(request, name))
    dates: dict[str, Callable[[Market], int]] = {
        "start_date": lambda _: START_TS_S,
        "end_date": lambda m: m.spec.close_ts_s,
    }
    for name, value_of in dates.items():
        tests += _bounds(name, value_of, _dates(request, name))
    return tests


def _bounds(
    name: str, value_of: Callable[[Market], int], bounds: Mapping[str, Decimal]
) -> list[Test]:
    tests: list[Test] = []
    if f"{name}_min" in bounds:
        tests.append(partial(_is_between, value_of, bounds[f"{name}_min"], None))
    if f"{name}_max" in bounds:
        tests.append(partial(_is_between, value_of, None, bounds[f"{name}_max"]))
    return tests


def _numbers(request: web.Request, name: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for each in (f"{name}_min", f"{name}_max"):
        if each in request.query:
            try:
                found[each] = Decimal(request.query[each])
            except InvalidOperation as error:
                raise Refused(422, f"{each} is no number") from error
    return found


def _dates(request: web.Request, name: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for each in (f"{name}_min", f"{name}_max"):
        if each in request.query:
            try:
                moment = datetime.fromisoformat(request.query[each])
            except ValueError as error:
                raise Refused(422, f"{each} is no RFC 3339 date") from error
            if moment.tzinfo is None:
                raise Refused(422, f"{each} is no RFC 3339 date")
            found[each] = Decimal(int(moment.timestamp()))
    return found


def _order(request: web.Request) -> tuple[tuple[str, ...], bool]:
    names = tuple(part for part in request.query.get("order", "").split(",") if part)
    unknown = [name for name in names if name not in ORDERS]
    if unknown:
        raise Refused(422, "order fields are not valid", extra={"type": "validation error"})
    return names, request.query.get("ascending", "true") != "false"


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", str(LIMIT_DEFAULT))
    return min(int(text), LIMIT_MAX) if text.isdecimal() and int(text) else LIMIT_DEFAULT


def listed(request: web.Request, name: str) -> set[str]:
    """Return the values of a parameter that may be repeated or hold commas."""
    values = request.query.getall(name, [])
    return {part for value in values for part in value.split(",") if part}


def _plain(value: int | Decimal | str | bool) -> int | float | str:  # noqa: FBT001 - a JSON value
    # A cursor is JSON: only there does a number become a float, and both sides of a comparison do.
    return float(value) if isinstance(value, Decimal) else value


def _tag_ids(market: Market) -> set[str]:
    return {number for number, _, _ in tags_of(market)}


def _meets(wanted: set[str], values_of: Callable[[Market], set[str]], market: Market) -> bool:
    return bool(wanted & values_of(market))


def _is_active(market: Market) -> bool:
    return not market.spec.is_placeholder


def _has_closed(closed: bool, market: Market) -> bool:  # noqa: FBT001 - bound by partial
    return market.is_closed == closed


def _is_between(
    value_of: Callable[[Market], int],
    smallest: Decimal | None,
    largest: Decimal | None,
    market: Market,
) -> bool:
    value = value_of(market)
    return (smallest is None or value >= smallest) and (largest is None or value <= largest)
