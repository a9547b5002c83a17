"""How far a sync is: a line that rewrites itself on a terminal, events in the log elsewhere."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol, TextIO

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
    """One line with a bar for each venue, drawn again and again, never wider than the terminal.

    `columns` is asked each time: windows change. A line that wraps could not be taken back.
    """

    def __init__(self, stream: TextIO, clock: Clock, columns: Callable[[], int]) -> None:
        self._stream = stream
        self._clock = clock
        self._columns = columns
        # How far each venue is.
        self._marks: dict[str, _Mark] = {}
        self._drawn_ns = -DRAW_NS
        self._is_shown = False

    def moved(self, crawl: Crawl, expected: int) -> None:
        """Draw the line, unless it was drawn a moment ago."""
        known = crawl.rows if crawl.is_at_end else expected
        self._marks[crawl.venue.value] = _Mark(crawl.venue.value, crawl.part, crawl.rows, known)
        now_ns = self._clock.monotonic_ns()
        if crawl.is_at_end or now_ns - self._drawn_ns >= DRAW_NS:
            self._drawn_ns = now_ns
            marks = [self._marks[venue] for venue in sorted(self._marks)]
            self._stream.write(CLEAR + fitted(marks, self._columns() - 1))
            self._stream.flush()
            self._is_shown = True

    def hide(self) -> None:
        """Leave the line to others; the next page draws it below what they say."""
        if self._is_shown:
            self._is_shown = False
            self._stream.write(CLEAR)
            self._stream.flush()

    def ended(self) -> None:
        """Leave the line."""
        self.hide()


class _Mark(NamedTuple):
    """How far a list of a venue is; `expected` rows are guessed to be in it, 0: no idea."""

    venue: str
    part: str
    rows: int
    expected: int


def fitted(marks: Sequence[_Mark], width: int) -> str:
    """The line with as much as there is room for: bars, or shares in their place, or a cut."""
    line = ""
    for form in (_long, _middling, _short, _shortest):
        line = "   ".join(form(mark) for mark in marks)
        if len(line) <= width:
            return line
    return line[: max(width, 0)]


def _long(mark: _Mark, cells: int = BAR_CELLS) -> str:
    what = f"{mark.venue} {mark.part} {mark.rows:,}"
    if not mark.expected:
        return what
    full = min(cells, cells * mark.rows // mark.expected)
    return f"{what} [{'#' * full}{'.' * (cells - full)}]"


def _middling(mark: _Mark) -> str:
    return _long(mark, BAR_CELLS // 2)


def _short(mark: _Mark) -> str:
    return f"{mark.venue} {mark.rows:,}{_share(mark)}"


def _shortest(mark: _Mark) -> str:
    return f"{mark.venue[:1].upper()}{_share(mark) or f' {mark.rows:,}'}"


def _share(mark: _Mark) -> str:
    return f" {min(100 * mark.rows // mark.expected, 100)}%" if mark.expected else ""
