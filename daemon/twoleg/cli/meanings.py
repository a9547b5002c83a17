"""`twoleg meanings`: what every answer of both venues means, and what is done about it.

The page `docs/meanings.md` is what `--markdown` prints. Rows that say the same are one line.
"""

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from twoleg.venues.kalshi import meanings as kalshi
from twoleg.venues.kalshi.wserrors import Remedy, WsError, remedy_of
from twoleg.venues.polymarket import answer_rows as polymarket
from twoleg.venues.polymarket.meanings import ROWS as POLYMARKET_ROWS

WIDTH: Final = 100
INDENT: Final = "    "
LOOK_UP: Final = "look it up"
WAIT: Final = "wait for the venue"
PERSON: Final = "a person must act"
ASKED: Final = "asked for"
OUR_CODE: Final = "our code"

INTRODUCTION: Final = (
    (
        "What each answer of a venue means for the thing that was asked for. The most particular "
        "line counts: one with a text before one without. An answer in no line is not known: it is "
        "looked up, and told to the log."
    ),
    (
        f"“{LOOK_UP}”: never sent again blindly. “{WAIT}”: nothing goes there for a while. "
        f"“{PERSON}”: it goes on until a key, a setting or the program is changed."
    ),
)
REMEDIES: Final = {
    Remedy.RECONNECT: "open another socket, signed anew",
    Remedy.RESUBSCRIBE: "make the subscription again on the same socket",
    Remedy.SPLIT: "ask for half as many markets; leave out one that does not exist",
    Remedy.SLOW_DOWN: "ask again later, and slower",
    Remedy.WAIT: "a missing snapshot will tell whether it was carried out",
    Remedy.COUNT: "log it: a mistake of ours",
}


class Line(NamedTuple):
    """One line of the page. `mark` is what was asked for, or our own word for the answer."""

    answer: str
    mark: str
    means: str
    then: str
    words: str


class Section(NamedTuple):
    """Some lines under a title, and what their marks are."""

    title: str
    marks: str
    lines: tuple[Line, ...]


def command(arguments: argparse.Namespace) -> int:
    """Print the table, as text or as Markdown."""
    sys.stdout.write(to_markdown() if arguments.markdown else to_text())
    return 0


def to_markdown() -> str:
    """The page `docs/meanings.md`."""
    parts = [
        "# What the venues' answers mean",
        "Printed by `twoleg meanings --markdown`.",
        *INTRODUCTION,
    ]
    for section in sections():
        heads = ("answer", section.marks, "means", "then", "in words")
        rows = (heads, ("---",) * len(heads), *section.lines)
        # A column that says nothing anywhere is left out.
        used = [at for at in range(len(heads)) if any(line[at] for line in section.lines)]
        table = [f"| {' | '.join(_escaped(row[at]) for at in used)} |" for row in rows]
        parts += [f"## {section.title}", "\n".join(table)]
    return "\n\n".join(parts) + "\n"


def to_text() -> str:
    """The same for a terminal."""
    parts = [textwrap.fill(text, WIDTH) for text in INTRODUCTION]
    for section in sections():
        told = [_told(line) for line in section.lines]
        parts.append("\n".join([section.title, "-" * len(section.title), *told]))
    return "\n\n".join(parts).replace("`", "") + "\n"


def sections() -> Iterator[Section]:
    """Every section of the page, venue by venue."""
    yield from _kalshi_sections()
    yield from _polymarket_sections()


def _told(line: Line) -> str:
    judged = "; ".join(words for words in (line.means, line.then) if words)
    head = f"{line.answer} → {judged}"
    detail = f"{line.words} ({line.mark})" if line.mark and line.words else line.words or line.mark
    return "\n".join(
        (
            textwrap.fill(head, WIDTH, subsequent_indent=INDENT),
            textwrap.fill(detail, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT),
        )
    )


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def _words(value: str) -> str:
    return value.replace("_", " ")


def _then(*, is_unknown: bool, is_unavailable: bool, needs_person: bool) -> str:
    acts = ((is_unknown, LOOK_UP), (is_unavailable, WAIT), (needs_person, PERSON))
    return ", ".join(words for holds, words in acts if holds)


# -- Kalshi ----------------------------------------------------------------------------------------

_KalshiOps = frozenset[kalshi.Operation]
_K: Final = kalshi.Operation
_EVERY: Final[_KalshiOps] = frozenset(_K)
_SETS: Final = {
    _EVERY: "",
    _EVERY - {_K.READ}: "every write",
    _EVERY - {_K.READ, _K.GROUP, _K.TRANSFER, _K.ALLOCATION}: "everything about orders",
}
_KALSHI_TITLES: Final[tuple[tuple[str, Callable[[_KalshiOps], bool]], ...]] = (
    ("Kalshi: new orders", lambda asked: asked != _EVERY and _K.CREATE in asked),
    (
        "Kalshi: cancels, amends and decreases",
        lambda asked: (
            _K.CREATE not in asked
            and bool(asked & {_K.CANCEL, _K.CANCEL_ALL, _K.AMEND, _K.DECREASE})
        ),
    ),
    (
        "Kalshi: batches, order groups, transfers and reads",
        lambda asked: not asked & {_K.CREATE, _K.CANCEL, _K.CANCEL_ALL, _K.AMEND, _K.DECREASE},
    ),
    ("Kalshi: every request", lambda asked: asked == _EVERY),
)


def _kalshi_sections() -> Iterator[Section]:
    asked_by: dict[tuple[object, ...], list[kalshi.Row]] = {}
    for row in kalshi.ROWS:
        # All but the operation.
        asked_by.setdefault(row[1:], []).append(row)
    merged = [(frozenset(row.operation for row in rows), rows[0]) for rows in asked_by.values()]
    created = tuple(map(_created, kalshi.CREATED_ROWS))
    yield Section("Kalshi: accepted orders", ASKED, created)
    for title, belongs in _KALSHI_TITLES:
        lines = tuple(_kalshi_line(row, asked) for asked, row in merged if belongs(asked))
        yield Section(title, ASKED, lines)
    errors = tuple(
        Line(str(code.value), "", "", REMEDIES[remedy_of(code)], _words(code.name.lower()))
        for code in WsError
    )
    yield Section("Kalshi: errors of the WebSocket", "", errors)


def _created(row: kalshi.CreatedRow) -> Line:
    unsure = row.meaning is kalshi.Meaning.NOT_KNOWN
    return Line(
        f"201, by its counts {row.counts.value}",
        "order that may rest" if row.may_rest else "order that takes",
        _words(row.meaning.value),
        LOOK_UP if unsure else "",
        row.words,
    )


def _kalshi_line(row: kalshi.Row, asked: _KalshiOps) -> Line:
    status = "4xx" if row.http_status == kalshi.ANY_REFUSAL else str(row.http_status)
    code = {
        kalshi.ANY_CODE: ", whatever it says",
        kalshi.NO_CODE: "" if row.http_status < 300 else ", without a code",
    }.get(row.code_prefix, f" `{row.code_prefix}`")
    return Line(
        f"{status}{code}" + (f" with `{row.detail_part}`" if row.detail_part else ""),
        _SETS.get(asked, ", ".join(_words(op.value) for op in _K if op in asked)),
        _words(row.meaning.value),
        _then(
            is_unknown=row.meaning is kalshi.Meaning.NOT_KNOWN,
            is_unavailable=row.is_unavailable,
            needs_person=row.needs_person,
        ),
        row.words,
    )


# -- Polymarket ------------------------------------------------------------------------------------

_PolymarketOps = tuple[polymarket.Operation, ...]
_PLACES: Final = {
    polymarket.Where.ERROR: "",
    polymarket.Where.STATUS: "status ",
    polymarket.Where.REASON: "not canceled: ",
}


def _polymarket_sections() -> Iterator[Section]:
    # What is said by one answer, but for the operation and the text by which it is known.
    texts: dict[tuple[object, ...], dict[polymarket.Operation, list[str]]] = {}
    first: dict[tuple[object, ...], polymarket.Row] = {}
    for row in POLYMARKET_ROWS:
        said = (row.where, row.http_statuses, row.code, row.words, row.is_miss)
        first.setdefault(said, row)
        texts.setdefault(said, {}).setdefault(row.operation, []).append(row.part)
    lines: dict[_PolymarketOps, list[Line]] = {}
    for key, parts_by in texts.items():
        # Operations that know it by the same texts share a line.
        asked_by: dict[tuple[str, ...], _PolymarketOps] = {}
        for operation, parts in parts_by.items():
            asked_by[tuple(parts)] = (*asked_by.get(tuple(parts), ()), operation)
        for same, asked in asked_by.items():
            lines.setdefault(asked, []).append(_polymarket_line(first[key], same))
    for asked in sorted(lines, key=len):
        every = len(asked) == len(polymarket.Operation)
        title = "every request" if every else " and ".join(f"{op.value}s" for op in asked)
        yield Section(f"Polymarket: {title}", OUR_CODE, tuple(lines[asked]))


def _polymarket_line(row: polymarket.Row, parts: Iterable[str]) -> Line:
    statuses = ", ".join(map(str, row.http_statuses))
    told = " or ".join(f"`{part}`" for part in parts if part)
    means = row.meaning.value
    if row.is_miss:
        is_order = row.operation is polymarket.Operation.ORDER
        means = kalshi.Meaning.MISSED.value if is_order else kalshi.Meaning.NOT_RESTING.value
    return Line(
        f"{statuses}: {_PLACES[row.where]}{told}" if told else f"{statuses}, whatever it says",
        f"`{row.code}`",
        _words(means),
        _then(
            is_unknown=row.meaning is polymarket.Meaning.NOT_KNOWN,
            is_unavailable=row.is_unavailable,
            needs_person=row.needs_person,
        ),
        row.words,
    )
