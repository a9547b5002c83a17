"""How far a sync is: a line that rewrites itself on a terminal, events in the log elsewhere."""

from typing import Final, Protocol, TextIO

import structlog

from twoleg.seams import Clock
from twoleg.storage.catalogue import Crawl

LOG_NS: Final = 5_000_000_000
DRAW_NS: Final = 100_000_000
BAR_CELLS: Final = 16
CLEAR: Final = "\r\x1b[K"

log = structlog.get_logger(__name__)


class Progress(Protocol):
    """Is told of every page."""

    def moved(self, crawl: Crawl, expected: int) -> None:
        """A page was stored; `expected` rows are guessed to be in the list, 0: no idea."""
        ...

    def ended(self) -> None:
        """Nothing more will come."""
        ...


class LogProgress:
    """An event for each part now and then, and one at its end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # When each part was last told of.
        self._told_ns: dict[tuple[str, str], int] = {}

    def moved(self, crawl: Crawl, expected: int) -> None:
        """Tell of a page, unless another was told of a moment ago."""
        key, now_ns = (crawl.venue.value, crawl.part), self._clock.monotonic_ns()
        if not crawl.is_at_end and now_ns - self._told_ns.get(key, -LOG_NS) < LOG_NS:
            return
        self._told_ns[key] = now_ns
        log.info(
            "crawl_moved",
            venue=crawl.venue.value,
            part=crawl.part,
            pages=crawl.pages,
            rows=crawl.rows,
            expected=expected,
        )

    def ended(self) -> None:
        """Nothing is left to be told."""


class BarProgress:
    """One line with a bar for each venue, drawn again and again."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        # What is shown of each venue.
        self._cells: dict[str, str] = {}
        self._drawn_ns = -DRAW_NS

    def moved(self, crawl: Crawl, expected: int) -> None:
        """Draw the line, unless it was drawn a moment ago."""
        self._cells[crawl.venue.value] = _cell(crawl, expected)
        now_ns = self._clock.monotonic_ns()
        if crawl.is_at_end or now_ns - self._drawn_ns >= DRAW_NS:
            self._drawn_ns = now_ns
            self._stream.write(CLEAR + "   ".join(self._cells[key] for key in sorted(self._cells)))
            self._stream.flush()

    def ended(self) -> None:
        """Leave the line."""
        if self._cells:
            self._stream.write(CLEAR)
            self._stream.flush()


def _cell(crawl: Crawl, expected: int) -> str:
    if crawl.is_at_end:
        expected = crawl.rows
    told = f"{crawl.venue.value} {crawl.part} {crawl.rows:,}"
    if not expected:
        return told
    full = min(BAR_CELLS, BAR_CELLS * crawl.rows // expected)
    return f"{told} [{'#' * full}{'.' * (BAR_CELLS - full)}]"
