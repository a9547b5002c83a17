"""The bar of a long command, and the log that shares its terminal."""

import os
import sys
from typing import TextIO, cast

from twoleg.catalogue.progress import BarProgress
from twoleg.cli.logs import prepare_logs
from twoleg.runtime.system import SystemClock
from twoleg.settings import Settings


def prepare_bar(settings: Settings, *, is_wanted: bool) -> BarProgress | None:
    """A bar on standard output if that is a terminal that can take a line back.

    What is asked for goes to standard output, the log past it: to standard error, above the bar.
    """
    bar = _bar() if is_wanted else None
    prepare_logs(settings, sys.stderr if bar is None else cast("TextIO", _AboveBar(bar)))
    return bar


class _AboveBar:
    """Standard error for a log that shares its terminal with the bar: lines go above it."""

    def __init__(self, bar: BarProgress) -> None:
        self._bar = bar

    def write(self, text: str) -> int:
        self._bar.hide()
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


def _bar() -> BarProgress | None:
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return None
    # Of the terminal itself: COLUMNS may be another one's, and a line that wraps stays.
    fd = sys.stdout.fileno()
    return BarProgress(sys.stdout, SystemClock(), lambda: os.get_terminal_size(fd).columns or 80)
