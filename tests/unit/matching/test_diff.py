"""Rule texts word by word, and what may be shown of them."""

import time

import pytest

from twoleg.matching.diff import Piece, Side, safe, word_diff


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("a\u202eb\u2066c\u200bd\ufeff", "abcd"),
        ("one\r\ntwo\u2028three\tfour", "one two three four"),
        ("Z" + "\u0335" * 40 + "x", "Z\u0335\u0335x"),
        ("caf\u0065\u0301 – “né”", "café – “né”"),
        ("\ud800\x00\x07\x9b", ""),
        ("abcdefghij" * 3, "abcdefghijabcdefghi…"),
    ],
)
def test_what_is_shown_is_harmless(text: str, shown: str) -> None:
    assert safe(text, 20) == shown


def test_line_breaks_stay_where_asked_for() -> None:
    assert safe(" a \n\n b\x1b\nc ", 20, lines=True) == "a\nb\nc"


def test_cut_text_says_so() -> None:
    assert safe("x" * 1_000_000, 10) == "x" * 9 + "…"
    assert safe("\u200b" * 1_000_000, 10) == "…"


def test_words_that_differ_are_found_and_others_stay() -> None:
    left = 'If the game is "cancelled", the market resolves to a fair price.'
    right = "If the game is cancelled the Market resolves 50-50."
    pieces = word_diff(left, right)
    assert [(piece.side, piece.left.strip(), piece.right.strip()) for piece in pieces] == [
        (Side.SAME, 'If the game is "cancelled", the market resolves', "If the game is cancelled the Market resolves"),
        (Side.ONLY_LEFT, "to a fair price.", ""),
        (Side.ONLY_RIGHT, "", "50-50."),
    ]  # fmt: skip
    assert "".join(piece.left for piece in pieces) == left
    assert "".join(piece.right for piece in pieces) == right


@pytest.mark.parametrize(
    ("one", "other"), [("-5", "5"), ("2.5", "25"), ("$50", "50"), ("≥5", "5"), ("5%", "5"), ("by", "before")]
)  # fmt: skip
def test_figures_and_signs_are_never_the_same(one: str, other: str) -> None:
    assert [piece.side for piece in word_diff(one, other)] == [Side.ONLY_LEFT, Side.ONLY_RIGHT]


def test_invisible_characters_hide_no_difference() -> None:
    assert {piece.side for piece in word_diff("not\u200b paid", "not paid")} == {Side.SAME}


def test_nothing_against_nothing() -> None:
    assert word_diff("", " \n ") == []


def test_hostile_texts_take_bounded_time() -> None:
    texts = [("a " * 10_000, "b a " * 5_000), (" ".join(map(str, range(4_000))), "7 " * 9_000)]
    started = time.perf_counter()
    for left, right in texts:
        pieces = word_diff(left, right)
        assert "".join(piece.left for piece in pieces) == safe(left, 20_000)
    assert time.perf_counter() - started < 20


def test_long_texts_are_compared_to_their_end() -> None:
    text = " ".join(f"word{number}" for number in range(2_200))
    assert word_diff(text, text + " more")[-1] == Piece(Side.ONLY_RIGHT, "", "more")
    [same] = word_diff(text, text)
    assert same.side is Side.SAME
    # Beyond what is compared word by word, the rest is one piece.
    pieces = word_diff(f"one {text} a", f"two {text} b")
    assert pieces[-2].left.startswith("word1999 ")
    assert pieces[-1].right.endswith("word2199 b")


@pytest.mark.parametrize("place", [0, 1_100, 2_100, 2_199])
def test_one_word_in_a_long_text_is_found_wherever_it_stands(place: int) -> None:
    ours = [f"word{number % 30}" for number in range(2_200)]
    theirs = [*ours[:place], "not", *ours[place:]]
    differing = [p for p in word_diff(" ".join(ours), " ".join(theirs)) if p.side is not Side.SAME]
    assert [(piece.left, piece.right.strip()) for piece in differing] == [("", "not")]
