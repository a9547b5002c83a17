"""How Gamma's lists go on behind the traded markets with those of the invented catalogue."""

from collections.abc import Callable, Iterator
from itertools import islice

from aiohttp import web

from twoleg.sim.catalogue.identity import EVENT_ID_FROM, MARKET_ID_FROM
from twoleg.sim.polymarket.gamma_query import Page, listed
from twoleg.sim.polymarket.gamma_shapes import Row
from twoleg.sim.polymarket.shelf import PolymarketShelf
from twoleg.sim.polymarket.state import Market

# Orders in which rows of the catalogue come one by one behind all that trades, when falling.
_BY_RANK = frozenset({"volume24hr", "volumeNum", "liquidityNum"})


def markets_page(
    page: Page,
    traded: list[Row],
    shelf: PolymarketShelf,
    request: web.Request,
    is_wanted: Callable[[Market], bool],
) -> tuple[list[Row], str | None]:
    """Return a page of market rows and the cursor of the next.

    By id, and by falling volume, rows are made as they are needed. Any other order needs all of
    them, which takes seconds where there are many.
    """
    named = named_rows(shelf, request)
    if named is not None:
        return page.select([*traded, *(row for _, row in _found(shelf, named, is_wanted))])
    follows = page.is_ascending if not page.order else set(page.order) <= _BY_RANK
    if page.order and page.is_ascending:
        follows = False
    if not follows:
        rows = (shelf.market_json(row) for row, _ in shelf.after(0, is_wanted))
        return page.select([*traded, *rows])
    start = _after(page, MARKET_ID_FROM)
    rows = (shelf.market_json(row) for row, _ in shelf.after(start, is_wanted))
    return _continued(page, traded, rows)


def events_page(
    page: Page,
    traded: list[Row],
    shelf: PolymarketShelf,
    is_wanted: Callable[[list[Market]], bool],
) -> tuple[list[Row], str | None]:
    """Return a page of events and the cursor of the next; as `markets_page`, by id alone."""
    if page.order or not page.is_ascending:
        return page.select([*traded, *(row for _, row in shelf.events_after(0, is_wanted))])
    start = shelf.event_start(_after(page, EVENT_ID_FROM))
    return _continued(page, traded, (row for _, row in shelf.events_after(start, is_wanted)))


def named_rows(shelf: PolymarketShelf, request: web.Request) -> list[int] | None:
    """Return the rows that a request names by condition id or id; None when it names none."""
    conditions, ids = listed(request, "condition_ids"), listed(request, "id")
    if not conditions and not ids:
        return None
    found = {shelf.find(condition) for condition in conditions}
    found |= {shelf.find_id(number) for number in ids}
    return sorted(row for row in found if row is not None)


def named_page(
    page: Page,
    traded: list[Row],
    shelf: PolymarketShelf,
    request: web.Request,
    is_wanted: Callable[[Market], bool],
) -> list[Row]:
    """Return a page of the older market list, which shows the catalogue only where it is named."""
    named = named_rows(shelf, request) or []
    rows, _ = page.select([*traded, *(row for _, row in _found(shelf, named, is_wanted))])
    return rows


def _found(
    shelf: PolymarketShelf, named: list[int], is_wanted: Callable[[Market], bool]
) -> Iterator[tuple[int, Row]]:
    for row in named:
        if is_wanted(shelf.market(row)):
            yield row, shelf.market_json(row)


def _continued(page: Page, traded: list[Row], more: Iterator[Row]) -> tuple[list[Row], str | None]:
    rows, cursor = page.select(traded)
    if cursor is not None:
        return rows, cursor
    # One more than there is room for tells whether another page follows.
    rows += islice(more, page.limit - len(rows) + 1)
    if len(rows) <= page.limit:
        return rows, None
    del rows[page.limit :]
    return rows, page.cursor(rows[-1])


def _after(page: Page, first_id: int) -> int:
    last_id = page.after[-1] if page.after else None
    return max(0, last_id - first_id + 1) if isinstance(last_id, int) else 0
