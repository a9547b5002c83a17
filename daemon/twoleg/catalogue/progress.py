"""How far a sync or a match is: a line that rewrites itself on a terminal, events in a log."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol, TextIO

import structlog

from twoleg.seams import Clock

LOG_NS: Final = 15_000_000_000
DRAW_NS: Final = 100_000_000
BAR_CELLS: Final = 16
CLEAR: Final = "\r\x1b[K"

log = structlog.get_logger(__name__)


class Mark(NamedTuple):
    """How far one piece of work is; `expected` rows are guessed to be in it, 0: no idea."""

    name: str
    part: str
    rows: int
    expected: int
    is_at_end: bool = False


class Progress(Protocol):
    """Is told of every step."""

    def moved(self, mark: Mark) -> None:
        """Some rows more are done."""
        ...

    def ended(self) -> None:
        """Nothing more will come of what was told so far."""
        ...


class LogProgress:
    """An event for each part now and then, and one at its end."""

    def __init__(self, clock: Clock, event: str) -> None:
        self._clock = clock
        self._event = event
        # When each part was last told of.
        self._told_ns: dict[tuple[str, str], int] = {}

    def moved(self, mark: Mark) -> None:
        """Tell of a step, unless another was told of a moment ago."""
        key, now_ns = (mark.name, mark.part), self._clock.monotonic_ns()
        if not mark.is_at_end and now_ns - self._told_ns.get(key, -LOG_NS) < LOG_NS:
            return
        self._told_ns[key] = now_ns
        log.info(
            self._event,
            of=mark.name,
            part=mark.part,
            rows=mark.rows,
            expected=_expected(mark),
        )

    def ended(self) -> None:
        """Nothing is left to be told."""


class BarProgress:
    """One line with a bar for each name, drawn again and again, never wider than the terminal.

    `columns` is asked each time: windows change. A line that wraps could not be taken back.
    """

    def __init__(self, stream: TextIO, clock: Clock, columns: Callable[[], int]) -> None:
        self._stream = stream
        self._clock = clock
        self._columns = columns
        # How far each of them is.
        self._marks: dict[str, Mark] = {}
        self._drawn_ns = -DRAW_NS
        self._is_shown = False

    def moved(self, mark: Mark) -> None:
        """Draw the line, unless it was drawn a moment ago."""
        self._marks[mark.name] = mark
        now_ns = self._clock.monotonic_ns()
        if mark.is_at_end or now_ns - self._drawn_ns >= DRAW_NS:
            self._drawn_ns = now_ns
            marks = [self._marks[name] for name in sorted(self._marks)]
            self._stream.write(CLEAR + fitted(marks, self._columns() - 1))
            self._stream.flush()
            self._is_shown = True

    def hide(self) -> None:
        """Leave the line to others; the next step draws it below what they say."""
        if self._is_shown:
            self._is_shown = False
            self._stream.write(CLEAR)
            self._stream.flush()

    def ended(self) -> None:
        """Leave the line, and begin anew with what comes."""
        self._marks.clear()
        self.hide()


def fitted(marks: Sequence[Mark], width: int) -> str:
    """The line with as much as there is room for: bars, or shares in their place, or a cut."""
    line = ""
    for form in (_long, _middling, _short, _shortest):
        line = "   ".join(form(mark) for mark in marks)
        if len(line) <= width:
            return line
    return line[: max(width, 0)]


def _long(mark: Mark, cells: int = BAR_CELLS) -> str:
    what = f"{mark.name} {mark.part} {mark.rows:,}"
    expected = _expected(mark)
    if not expected:
        return what
    full = min(cells, cells * mark.rows // expected)
    return f"{what} [{'#' * full}{'.' * (cells - full)}]"


def _middling(mark: Mark) -> str:
    return _long(mark, BAR_CELLS // 2)


def _short(mark: Mark) -> str:
    return f"{mark.name} {mark.rows:,}{_share(mark)}"


def _shortest(mark: Mark) -> str:
    return f"{mark.name[:1].upper()}{_share(mark) or f' {mark.rows:,}'}"


def _share(mark: Mark) -> str:
    expected = _expected(mark)
    return f" {min(100 * mark.rows // expected, 100)}%" if expected else ""


def _expected(mark: Mark) -> int:
    return mark.rows if mark.is_at_end else mark.expected
