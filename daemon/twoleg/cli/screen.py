"""What the demo shows: one line per execution, and a status line that stays alive."""

import os
import sys
from typing import TextIO

from twoleg.core.actions import Note, NoteKind
from twoleg.runtime.app import App

STATUS_EVERY_S = 0.5
PLAIN_EVERY_S = 10.0
HEADER = (
    "   no  pair       direction   Kalshi            Polymarket          fees $     net $  ended as"
)
"""Above the lines of the executions: contracts @ average price of the two legs as first sent."""


def dollars(micros: int) -> str:
    """Signed dollars with four decimals."""
    sign = "-" if micros < 0 else ""
    whole, part = divmod(abs(micros), 1_000_000)
    return f"{sign}{whole}.{part // 100:04d}"


def contracts(size_e6: int) -> str:
    """Contracts with two decimals, rounded toward zero."""
    sign = "-" if size_e6 < 0 else ""
    whole, part = divmod(abs(size_e6), 1_000_000)
    return f"{sign}{whole}.{part // 10_000:02d}"


def exactly(micros: int) -> str:
    """Signed dollars (or contracts) to the last of their six decimals."""
    sign = "-" if micros < 0 else ""
    whole, part = divmod(abs(micros), 1_000_000)
    return f"{sign}{whole}.{part:06d}"


def average_price(notional_micros: int, size_e6: int) -> str:
    """Average price per contract, or a dash where nothing filled."""
    if not size_e6:
        return "     -"
    whole, part = divmod(notional_micros * 10_000 // size_e6, 10_000)
    return f"{whole}.{part:04d}"


class Screen:
    """Prints to a terminal with a living status line, or plain lines to anything else."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stdout if out is None else out
        self._is_terminal = self._out.isatty()
        self._status = ""
        # Nobody reads any more, as with `twoleg demo | head`.
        self.is_gone = False

    @property
    def status_every_s(self) -> float:
        """How often the status is worth printing."""
        return STATUS_EVERY_S if self._is_terminal else PLAIN_EVERY_S

    def line(self, text: str) -> None:
        """Print a line above the status."""
        self._write(f"{self._eraser()}{text}\n{self._status}")

    def execution(self, note: Note) -> None:
        """Print the line of a closed execution; other notes are not for this screen."""
        if note.kind is NoteKind.BREAKER_CHANGED:
            fields = dict(note.fields)
            self.line(f"       breaker {fields['state']}: {fields['reason']}")
        if note.kind is NoteKind.EXECUTION_CLOSED:
            self.line(closed_line(note))

    def status(self, app: App, elapsed_s: float) -> None:
        """Replace the status line."""
        tally, stats = app.engine.tally, app.stats
        now_ns = app.seams.clock.monotonic_ns()
        self.show(
            f"{elapsed_s:5.0f} s  net ${dollars(tally.net_micros)}{_residuals(app)}  "
            f"executions {tally.executions} ({tally.open} open)  "
            f"breaker {app.engine.why_closed(now_ns) or app.engine.breaker_state.value}  "
            f"{app.engine.live_books()} books  "
            f"{stats.rate(now_ns)} ticks/s  "
            f"decision {stats.percentile_us(50)} us, p99 {stats.percentile_us(99)} us"
        )

    def show(self, text: str) -> None:
        """Put this text in the place of the status line."""
        if self._is_terminal:
            eraser = self._eraser()
            # A line that wraps could not be erased again.
            self._status = text[: self._columns() - 1]
            self._write(eraser + self._status)
        else:
            self._write(text + "\n")

    def end_status(self) -> None:
        """Leave the status line behind."""
        if self._status:
            self._status = ""
            self._write("\n")

    def _eraser(self) -> str:
        return "\r\x1b[2K" if self._status else ""

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._out.fileno()).columns or 80
        except OSError:
            return 80

    def _write(self, text: str) -> None:
        """Never fails: trading must not hang on whether somebody reads."""
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            self.is_gone = True
            # What is still buffered, and all that follows, has to go somewhere.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._out.fileno())
            os.close(nowhere)


def _residuals(app: App) -> str:
    """What legs that stand alone would lose if they left now; the net knows only what is closed."""
    marked_micros = app.engine.marked_micros
    return f" and ${dollars(-marked_micros)} in open legs" if marked_micros else ""


def closed_line(note: Note) -> str:
    """One execution in one line: pair, direction, sizes, prices, fees, net, and how it ended."""
    fields = dict(note.fields)
    number = {key: int(value) for key, value in fields.items() if isinstance(value, int)}
    fees = number["kalshi_fee_micros"] + number["polymarket_fee_micros"]
    kalshi = average_price(number["kalshi_notional_micros"], number["kalshi_filled_e6"])
    polymarket = average_price(number["polymarket_notional_micros"], number["polymarket_filled_e6"])
    return (
        f"{note.execution_no:5d}  {fields['pair_id']!s:<10} {fields['direction']!s:<10}  "
        f"{contracts(number['kalshi_filled_e6']):>7} @ {kalshi}  "
        f"{contracts(number['polymarket_filled_e6']):>7} @ {polymarket}  "
        f"{dollars(fees):>8}  {dollars(number['net_micros']):>8}  {_ending(fields, number)}"
    )


def _ending(fields: dict[str, str | int | bool], number: dict[str, int]) -> str:
    parts = [str(fields["closed_as"]).replace("_", " ")]
    if number["completed_e6"]:
        parts.append(f"completed {contracts(number['completed_e6'])}")
    if number["unwound_e6"]:
        parts.append(f"unwound {contracts(number['unwound_e6'])}")
    if number["unknown_landed"]:
        parts.append("an unknown leg had landed")
    if number["unknown_absent"]:
        parts.append("an unknown leg was absent")
    return ", ".join(parts)
