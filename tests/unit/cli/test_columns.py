"""Columns of words: no line wider than it may be, in any script, with colours or with marks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.cli.columns import BREAK, Column, Ink, Paper, Word, cells, words

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
PLAIN = Paper(width=40, is_coloured=False)
COLOURED = Paper(width=40, is_coloured=True)
INKED = st.builds(
    Word,
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1),
    st.sampled_from(Ink),
)
WORDS = st.lists(INKED, max_size=30)


def plain(text: str) -> str:
    return ESCAPE.sub("", text)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("東京", 4),
        ("e\u0301", 1),
        ("한글", 4),
        ("ｗ", 2),
        ("a\u200bb", 2),
        ("", 0),
        ("😀", 2),
    ],
)
def test_cells_are_counted_as_a_terminal_does(text: str, width: int) -> None:
    assert cells(text) == width


@given(told=WORDS, width=st.integers(6, 50), is_coloured=st.booleans())
def test_no_line_is_wider_than_its_column(
    told: list[Word], width: int, *, is_coloured: bool
) -> None:
    paper = Paper(width=80, is_coloured=is_coloured)
    for line in paper.wrap(told, width):
        assert cells(plain(paper.draw(line))) <= width


@given(told=WORDS, width=st.integers(6, 50))
def test_no_letter_is_lost(told: list[Word], width: int) -> None:
    lines = COLOURED.wrap(told, width)
    kept = "".join(word.text for line in lines for word in line)
    assert kept == "".join(word.text for word in told)


@given(left=WORDS, right=WORDS)
def test_the_bar_between_two_columns_stands_in_one_place(
    left: list[Word], right: list[Word]
) -> None:
    lines = COLOURED.row([Column(left, 20), Column(right, 20, "│")])
    for line in map(plain, lines):
        assert cells(line.partition("│")[0]) == 20


def test_a_filled_line_has_its_width_with_marks_too() -> None:
    line = [Word("only", Ink.LEFT), Word("here", Ink.LEFT), Word("same")]
    assert PLAIN.draw(line, 20) == "[-only here-] same  "
    assert PLAIN.draw([Word("there", Ink.RIGHT)], 10) == "{+there+} "


def test_each_wrapped_line_closes_its_marks() -> None:
    told = [Word(text, Ink.RIGHT) for text in ("one", "two", "three")]
    assert [PLAIN.draw(line) for line in PLAIN.wrap(told, 12)] == ["{+one two+}", "{+three+}"]


def test_marks_do_not_tell_key_words_apart_and_colours_do() -> None:
    told = [Word("by", Ink.LEFT), Word("31", Ink.LEFT_KEY)]
    assert PLAIN.draw(told) == "[-by 31-]"
    assert COLOURED.draw(told) == "\x1b[31mby\x1b[0m \x1b[1;4;31m31\x1b[0m"


def test_line_breaks_of_a_text_are_kept() -> None:
    lines = PLAIN.wrap(words("one\n\ntwo"), 30)
    assert [[word.text for word in line] for line in lines] == [["one"], [], ["two"]]
    assert PLAIN.wrap([Word(BREAK)], 30) == [[]]


def test_a_word_longer_than_its_column_is_cut() -> None:
    lines = PLAIN.wrap([Word("x" * 25)], 10)
    assert [PLAIN.draw(line) for line in lines] == ["x" * 10, "x" * 10, "x" * 5]
