"""Lays words out in columns of a terminal: widths, wrapping, colours or marks. Pure.

Only printable words come in here: what strangers wrote is made safe before it becomes words.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import groupby, zip_longest
from typing import Final, NamedTuple

BREAK: Final = "\n"
_WORD: Final = re.compile(r"\S+|\n")
_RESET: Final = "\x1b[0m"


class Ink(Enum):
    """What a word is, and so how it looks."""

    PLAIN = ""
    HEAD = "1"
    DIM = "2"
    GOOD = "32"
    BAD = "1;31"
    LEFT = "31"
    RIGHT = "36"
    LEFT_KEY = "1;4;31"
    RIGHT_KEY = "1;4;36"


_MARKS: Final = {
    Ink.LEFT: ("[-", "-]"),
    Ink.LEFT_KEY: ("[-", "-]"),
    Ink.RIGHT: ("{+", "+}"),
    Ink.RIGHT_KEY: ("{+", "+}"),
}
"""How words of one side alone look where there is no colour."""


class Word(NamedTuple):
    """A word and its ink; BREAK ends a line."""

    text: str
    ink: Ink = Ink.PLAIN


Line = list[Word]


class Column(NamedTuple):
    """Words to be wrapped into `width` cells; `lead` is drawn before each of its lines."""

    words: Sequence[Word]
    width: int
    lead: str = ""


def cells(text: str) -> int:
    """How many cells of a terminal a text takes: wide letters two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf", "Cc"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def words(text: str, ink: Ink = Ink.PLAIN) -> list[Word]:
    """The words of a text, its line breaks kept."""
    return [Word(word, ink) for word in _WORD.findall(text)]


class Paper:
    """Draws lines of words: with colours, or with marks around what differs."""

    def __init__(self, *, width: int, is_coloured: bool) -> None:
        assert width > 0, "room for something"
        self.width = width
        self._is_coloured = is_coloured

    def wrap(self, given: Iterable[Word], width: int) -> list[Line]:
        """Lines no wider than `width` cells as drawn; a word that is too long is cut."""
        lines: list[Line] = []
        line: Line = []
        used = 0
        for word in given:
            if word.text == BREAK:
                lines.append(line)
                line, used = [], 0
                continue
            for part in self._cut(word, width):
                wanted = self._added(line, part)
                if line and used + wanted > width:
                    lines.append(line)
                    line, used = [], 0
                    wanted = self._added(line, part)
                line.append(part)
                used += wanted
        return [*lines, line] if line or not lines else lines

    def draw(self, line: Line, width: int = 0) -> str:
        """One line, filled up with blanks to `width` cells."""
        drawn = " ".join(
            self._dressed(" ".join(word.text for word in run), ink) for ink, run in self._runs(line)
        )
        return drawn + " " * (width - self._cells(line))

    def row(self, columns: Sequence[Column]) -> list[str]:
        """Columns beside each other, as many lines as the longest needs."""
        wrapped = [self.wrap(column.words, column.width) for column in columns]
        return [
            "".join(
                column.lead + self.draw(line, column.width)
                for column, line in zip(columns, lines, strict=True)
            ).rstrip()
            for lines in zip_longest(*wrapped, fillvalue=[])
        ]

    def _cut(self, word: Word, width: int) -> Iterator[Word]:
        room = max(width - self._extra(word.ink), 2)
        if cells(word.text) <= room:
            yield word
            return
        part, used = "", 0
        for char in word.text:
            size = _cells_of(char)
            if used + size > room:
                yield Word(part, word.ink)
                part, used = "", 0
            part += char
            used += size
        yield Word(part, word.ink)

    def _added(self, line: Line, word: Word) -> int:
        """How many cells a word takes behind those of a line."""
        is_run = bool(line) and self._look(line[-1]) == self._look(word)
        return cells(word.text) + bool(line) + (0 if is_run else self._extra(word.ink))

    def _cells(self, line: Line) -> int:
        spaces = max(len(line) - 1, 0)
        marks = sum(self._extra(ink) for ink, _ in self._runs(line))
        return sum(cells(word.text) for word in line) + spaces + marks

    def _extra(self, ink: Ink) -> int:
        return 0 if self._is_coloured else sum(map(len, _MARKS.get(ink, ())))

    def _runs(self, line: Line) -> list[tuple[Ink, Line]]:
        """Neighbours that are drawn as one."""
        groups = (list(run) for _, run in groupby(line, self._look))
        return [(run[0].ink, run) for run in groups]

    def _look(self, word: Word) -> object:
        """What makes words look alike: their ink, or without colours their marks."""
        return word.ink if self._is_coloured else _MARKS.get(word.ink)

    def _dressed(self, text: str, ink: Ink) -> str:
        if self._is_coloured:
            return f"\x1b[{ink.value}m{text}{_RESET}" if ink.value else text
        before, after = _MARKS.get(ink, ("", ""))
        return f"{before}{text}{after}"
