"""`twoleg states`: the execution's state table as text, Markdown, or a diagram.

The page `docs/execution.md` is what `--markdown` prints. All of it is read from the tables that the
engine runs on.
"""

import argparse
import inspect
import sys
import textwrap
from collections.abc import Iterable
from enum import Enum
from itertools import pairwise, product
from typing import Final

from twoleg.core.execution import IMPOSSIBLE, TRANSITIONS, ExecutionState, Signal
from twoleg.core.outcomes import OUTCOMES, Outcome, Strain
from twoleg.core.residual import Way

WIDTH: Final = 100
INDENT: Final = "    "
INTRODUCTION: Final = (
    "An execution is one attempt at an opportunity: its legs, and the orders that close what one "
    "leg filled and the other did not. After every event its numbers are judged into one signal, "
    "and this table says what follows. A pair of state and signal that is not in it cannot happen, "
    "for the reason given."
)
WAYS: Final = (
    "What one leg filled beyond the other is a residual. Each way out is priced on both live "
    "books, with the exact fee of each level: what the excess cost to get, less what it brings. "
    "What a way leaves over is counted at the loss cap. The least cost within the cap is taken, "
    "down a ladder of prices; it is decided anew at every fill and at every change of a book."
)
SECOND: Final = (
    "What an order's answer counts as. A second answer to a decided order (late, or of a look-up "
    "that crossed the first) has no line: only a fill that it tells in addition counts, as a late "
    "fill, and opens the execution again."
)


def command(arguments: argparse.Namespace) -> int:
    """Print the table, as text, as Markdown, or as a diagram."""
    if arguments.mermaid:
        text = to_mermaid()
    elif arguments.dot:
        text = to_dot()
    else:
        text = to_markdown() if arguments.markdown else to_text()
    sys.stdout.write(text)
    return 0


def to_markdown() -> str:
    """The page `docs/execution.md`."""
    parts = [
        "# How an execution goes",
        "Printed by `twoleg states --markdown`.",
        INTRODUCTION,
        f"```mermaid\n{to_mermaid()}```",
        "## States",
        _table(("state", "what it is"), _words_of(ExecutionState)),
        "## Signals",
        _table(("signal", "what the numbers say"), _words_of(Signal)),
        "## The table",
        _table(("state", "signal", "next"), _rows()),
        "## What cannot happen",
        _table(("state", "signal", "why"), _impossible()),
        "## Outcomes of an order",
        SECOND,
        _table(("status", "venue", "counts as", "breaker", "also", "in words"), _outcomes()),
        "## Ways out of a residual",
        WAYS,
        _table(("way", "what it is"), _words_of(Way)),
    ]
    return "\n\n".join(parts) + "\n"


def to_text() -> str:
    """The same for a terminal."""
    lines = [textwrap.fill(INTRODUCTION, WIDTH), ""]
    for title, kind in (("States", ExecutionState), ("Signals", Signal)):
        told = [_hanging(f"{name}: {meaning}") for name, meaning in _words_of(kind)]
        lines += [*_heading(title), *told, ""]
    lines += _heading("The table")
    lines += [f"{state:<13} {signal:<11} -> {target}" for state, signal, target in _rows()]
    lines += ["", *_heading("What cannot happen")]
    lines += [_hanging(f"{state}, {signal}: {why}") for state, signal, why in _impossible()]
    lines += ["", *_heading("Outcomes of an order"), textwrap.fill(SECOND, WIDTH)]
    for status, venue, *marks, words in _outcomes():
        judged = "; ".join(mark for mark in marks if mark)
        lines.append(_hanging(f"{status}{f' ({venue})' if venue else ''}: {judged}. {words}"))
    lines += ["", *_heading("Ways out of a residual"), textwrap.fill(WAYS, WIDTH)]
    lines += [_hanging(f"{name}: {meaning}") for name, meaning in _words_of(Way)]
    return "\n".join(lines) + "\n"


def to_mermaid() -> str:
    """The table as a Mermaid state diagram; several signals of one arrow share its label."""
    lines = ["stateDiagram-v2", f"    [*] --> {ExecutionState.FIRING.value}"]
    lines += [
        f"    {source} --> {target}: {', '.join(signals)}"
        for (source, target), signals in _arrows().items()
    ]
    return "\n".join(lines) + "\n"


def to_dot() -> str:
    """The table as a Graphviz graph."""
    lines = ["digraph execution {", "    rankdir=LR;"]
    lines += [
        f'    {source} -> {target} [label="{", ".join(signals)}"];'
        for (source, target), signals in _arrows().items()
    ]
    return "\n".join((*lines, "}")) + "\n"


def _arrows() -> dict[tuple[str, str], list[str]]:
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, signal, target in _rows():
        arrows.setdefault((state, target), []).append(signal)
    return arrows


def _rows() -> list[tuple[str, str, str]]:
    return [
        (state.value, signal.value, target.value)
        for state, signal in product(ExecutionState, Signal)
        if (target := TRANSITIONS.get((state, signal))) is not None
    ]


def _impossible() -> list[tuple[str, str, str]]:
    return [
        (state.value, signal.value, IMPOSSIBLE[state, signal])
        for state, signal in product(ExecutionState, Signal)
        if (state, signal) in IMPOSSIBLE
    ]


def _outcomes() -> list[tuple[str, str, str, str, str, str]]:
    return [
        (
            _spoken(status.value),
            "" if strain is Strain.NONE else _spoken(strain.value),
            "what filled" if row.is_decided else "[filled, size], looked up",
            _spoken(row.failure) or "no failure",
            ", ".join(_also(row)),
            row.words,
        )
        for (status, strain), row in OUTCOMES.items()
    ]


def _also(row: Outcome) -> Iterable[str]:
    if row.is_evidence:
        yield "evidence"
    if row.rests_market:
        yield "the market rests"
    if row.bars_way:
        yield "bars a rollback's way"


def _words_of(kind: type[Enum]) -> list[tuple[str, str]]:
    """Each member with the docstring that stands under it in the source."""
    told: list[tuple[str, str]] = []
    values = {f'{member.name} = "{member.value}"': member for member in kind}
    lines = [line.strip() for line in inspect.getsource(kind).splitlines()]
    for line, below in pairwise(lines):
        if line in values:
            told.append((values[line].value, below.strip('"')))
    return told


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _heading(title: str) -> list[str]:
    return [title, "-" * len(title)]


def _hanging(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=INDENT)
