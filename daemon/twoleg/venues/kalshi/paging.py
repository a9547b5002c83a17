"""Lists that Kalshi hands out page by page. One page is held at a time."""

from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol, TypeVar

from twoleg.errors import VenueUnavailable
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.numbers import VENUE

PAGE_ROWS: Final = 1_000


class Page(Protocol):
    """A page; an empty cursor ends the list (Kalshi API docs, pagination, 2026)."""

    @property
    def cursor(self) -> str | None:
        """Where the next page begins."""
        ...


P = TypeVar("P", bound=Page)


async def read_pages(
    http: KalshiHttp,
    path: str,
    shape: type[P],
    params: Mapping[str, str | int],
    *,
    pages_max: int,
    private: bool = True,
) -> AsyncIterator[P]:
    """All pages of a list; the filters go with every cursor, as the venue wants them repeated.

    Raises:
        VenueUnavailable: the venue cannot be asked, a cursor comes twice in a row (a cursor that
            is not understood silently begins at the first page), or there are too many pages.
        VenueRejected: it refuses.
    """
    asked = dict(params)
    for _ in range(pages_max):
        page = await http.get(path, shape, params=asked, private=private)
        yield page
        if not page.cursor:
            return
        if page.cursor == asked.get("cursor"):
            raise VenueUnavailable(VENUE, "cursor_repeats", path)
        asked["cursor"] = page.cursor
    raise VenueUnavailable(VENUE, "too_many_pages", path)
