"""What the demo shows: one line per execution, and a status line that stays alive."""

import sys
from typing import TextIO

from twoleg.core.actions import Note, NoteKind
from twoleg.runtime.app import App

STATUS_EVERY_S = 0.5
PLAIN_EVERY_S = 10.0


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


def average_price(notional_micros: int, size_e6: int) -> str:
    """Average price per contract, or a dash where nothing filled."""
    if not size_e6:
        return "     -"
    return f"0.{notional_micros * 10_000 // size_e6:04d}"


class Screen:
    """Prints to a terminal with a living status line, or plain lines to anything else."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._status = ""

    @property
    def status_every_s(self) -> float:
        """How often the status is worth printing."""
        return STATUS_EVERY_S if self._is_terminal else PLAIN_EVERY_S

    def line(self, text: str) -> None:
        """Print a line above the status."""
        self._erase()
        self._out.write(text + "\n")
        self._show()

    def execution(self, note: Note) -> None:
        """Print the line of a closed execution; other notes are not for this screen."""
        if note.kind is NoteKind.BREAKER_CHANGED:
            fields = dict(note.fields)
            self.line(f"        breaker {fields['state']}: {fields['reason']}")
        if note.kind is NoteKind.EXECUTION_CLOSED:
            self.line(closed_line(note))

    def status(self, app: App, elapsed_s: float) -> None:
        """Replace the status line."""
        tally, stats = app.engine.tally, app.stats
        text = (
            f"{elapsed_s:6.0f} s  {stats.rate(app.seams.clock.monotonic_ns()):5d} ticks/s  "
            f"decision p50 {stats.percentile_us(50)} us p99 {stats.percentile_us(99)} us  "
            f"executions {tally.executions} (open {tally.open})  net ${dollars(tally.net_micros)}  "
            f"breaker {app.engine.breaker_state.value}  books {app.engine.live_books()} live"
        )
        if self._is_terminal:
            self._erase()
            self._status = text
            self._show()
        else:
            self._out.write(text + "\n")
            self._out.flush()

    def end_status(self) -> None:
        """Leave the status line behind."""
        if self._status:
            self._out.write("\n")
            self._status = ""

    def _erase(self) -> None:
        if self._status:
            self._out.write("\r\x1b[2K")

    def _show(self) -> None:
        if self._status:
            self._out.write(self._status)
        self._out.flush()


def closed_line(note: Note) -> str:
    """One execution in one line: pair, direction, sizes, prices, fees, net, and how it ended."""
    fields = dict(note.fields)
    number = {key: int(value) for key, value in fields.items() if isinstance(value, int)}
    fees = number["kalshi_fee_micros"] + number["polymarket_fee_micros"]
    kalshi = average_price(number["kalshi_notional_micros"], number["kalshi_filled_e6"])
    polymarket = average_price(number["polymarket_notional_micros"], number["polymarket_filled_e6"])
    return (
        f"{note.execution_no:5d}  {fields['pair_id']!s:<10} {fields['direction']!s:<10} "
        f"K {contracts(number['kalshi_filled_e6']):>6} @ {kalshi}  "
        f"P {contracts(number['polymarket_filled_e6']):>6} @ {polymarket}  "
        f"fees {dollars(fees)}  net {dollars(number['net_micros']):>8}  {_ending(fields, number)}"
    )


def _ending(fields: dict[str, str | int | bool], number: dict[str, int]) -> str:
    parts = [str(fields["closed_as"])]
    if number["completed_e6"]:
        parts.append(f"completed {contracts(number['completed_e6'])}")
    if number["unwound_e6"]:
        parts.append(f"unwound {contracts(number['unwound_e6'])}")
    if number["unknown_landed"]:
        parts.append("an unknown leg had landed")
    if number["unknown_absent"]:
        parts.append("an unknown leg was absent")
    return ", ".join(parts)
