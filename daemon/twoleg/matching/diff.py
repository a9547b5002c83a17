"""Two rule texts word by word, and strangers' text made fit for a terminal or a log line.

Market texts are hostile input: whatever is shown of them goes through `safe` first.
"""

import enum
import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

import msgspec

from twoleg.matching.texts import fold

SHOWN_CHARS_MAX = 20_000
"""Longest text compared; listings keep no more of a text either."""

_WORDS_MAX = 2_000
"""Words compared one by one; the rest of a longer text is one piece, so that time is bounded."""

_MARKS_MAX = 2
"""Most combining marks on one letter: more pile up over the lines above it."""

_CUT = "…"
_WORD = re.compile(r"\S+\s?")
_AROUND = ".,;:!?\"'()[]"


class Side(enum.Enum):
    """On which side a piece stands."""

    SAME = "same"
    ONLY_LEFT = "only_left"
    ONLY_RIGHT = "only_right"


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run of words: as the left text writes it and as the right one does ("" where it lacks it).

    Pieces of the side SAME may differ in case, quotes and punctuation around words, never in a word
    or a figure. Each word keeps the space or line break behind it.
    """

    side: Side
    left: str
    right: str


def safe(text: str, chars_max: int, *, lines: bool = False) -> str:
    """A text that can be shown, of at most `chars_max` characters; line breaks stay if `lines`.

    Control and format characters go (escapes, bidirectional overrides, zero width), and so do
    marks piled up on one letter.
    """
    assert chars_max > 0, "room for at least the sign of a cut"
    kept: list[str] = []
    marks = 0
    # A text that is cut anyway need not be read to its end.
    for char in unicodedata.normalize("NFC", text[: chars_max * 4]):
        category = unicodedata.category(char)
        if char == "\n" or category in {"Zl", "Zp"}:
            kept.append("\n" if lines else " ")
            continue
        if char.isspace():
            kept.append(" ")
            continue
        marks = marks + 1 if category[0] == "M" else 0
        if category[0] != "C" and marks <= _MARKS_MAX:
            kept.append(char)
    plain = re.sub(r" {2,}", " ", "".join(kept))
    plain = re.sub(r" ?\n[ \n]*", "\n", plain).strip()
    if len(plain) > chars_max or len(text) > chars_max * 4:
        return plain[: chars_max - 1].rstrip() + _CUT
    return plain


def word_diff(left: str, right: str) -> list[Piece]:
    """The pieces of two texts in order; joined by side they give both texts back, made safe."""
    ours, theirs = _split(left), _split(right)
    our_keys, their_keys = [_key(word) for word in ours], [_key(word) for word in theirs]
    # Long rules often differ in a word or two: what begins and ends alike is not searched through.
    head = _alike(our_keys, their_keys)
    tail = _alike(our_keys[head:][::-1], their_keys[head:][::-1])
    a, b = len(ours) - tail, len(theirs) - tail
    pieces = _same(ours[:head], theirs[:head])
    matcher = SequenceMatcher(
        None,
        our_keys[head : min(a, head + _WORDS_MAX)],
        their_keys[head : min(b, head + _WORDS_MAX)],
    )
    inner, outer = ours[head:a], theirs[head:b]
    for kind, c, d, e, f in matcher.get_opcodes():
        if kind == "equal":
            pieces += _same(inner[c:d], outer[e:f])
        else:
            pieces += _apart(inner[c:d], outer[e:f])
    pieces += _rests(inner[_WORDS_MAX:], outer[_WORDS_MAX:])
    return pieces + _same(ours[a:], theirs[b:])


def _alike(left: Sequence[str], right: Sequence[str]) -> int:
    """How many words both begin with."""
    pairs = zip(left, right, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


def _same(left: Sequence[str], right: Sequence[str]) -> list[Piece]:
    return [Piece(Side.SAME, "".join(left), "".join(right))] if left else []


def _split(text: str) -> list[str]:
    return _WORD.findall(safe(text, SHOWN_CHARS_MAX, lines=True))


def _key(word: str) -> str:
    """What two words are compared by; a sign, a decimal point or a unit within stays."""
    folded = fold(word)
    return folded.strip(_AROUND) or folded or word


def _apart(left: Sequence[str], right: Sequence[str]) -> list[Piece]:
    pieces = [Piece(Side.ONLY_LEFT, "".join(left), "")] if left else []
    return pieces + ([Piece(Side.ONLY_RIGHT, "", "".join(right))] if right else [])


def _rests(left: Sequence[str], right: Sequence[str]) -> list[Piece]:
    if [_key(word) for word in left] == [_key(word) for word in right]:
        return _same(left, right)
    return _apart(left, right)
