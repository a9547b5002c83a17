"""Text of strangers made plain: folded, capped, cut into words and numbers.

Nothing here raises on any text. Accents, dashes, quotes and invisible characters are folded first,
since both venues publish them at will and a look-alike must not pass for a difference or hide one.
"""

import re
import unicodedata
from functools import lru_cache

TITLE_CHARS_MAX = 400
"""Longest title read; both venues' longest seen are near 250 characters (public rows, 2026)."""

RULES_CHARS_MAX = 8_000
"""Longest rule text read; the rest of a longer one is not looked at."""

_FOLDS = str.maketrans(
    {
        "‘": "'", "’": "'", "´": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-",
        "−": "-", "‐": "-", "‒": "-", "\u00a0": " ", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
        "đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "ı": "i", "&": " and ",
        "º": "°",
    }
)  # fmt: skip
_WORD = re.compile(r"[a-z0-9]+(?:[.'][a-z0-9]+)*")
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_UNUSUAL = re.compile(r"[^\x00-\x7f]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")
_SPACES = re.compile(r"\s+")
_NUMBER_WORDS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
    "first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th",
    "sixth": "6th", "seventh": "7th", "eighth": "8th", "ninth": "9th", "tenth": "10th",
}  # fmt: skip
_TEMPLATE = re.compile(r"\{\{|\}\}|\|\||\$\{|<[a-z_ ]+>|\b(?:tbd|tba|xxx|placeholder)\b")
_EMPTY_SUBJECT = re.compile(r"\bwill {2,}|\bwill (?:become|be|win)\b")
_STAND_IN = re.compile(
    r"\b(?:[Pp]erson|[Pp]layer|[Ss]how|[Cc]ompany|[Cc]andidate|[Tt]eam|[Mm]ovie|[Ff]ilm|[Aa]lbum"
    r"|[Aa]rtist|[Ss]ong|[Pp]arty|[Cc]ountry|[Aa]ctor|[Aa]ctress|[Oo]ption|[Mm]odel|[Ii]ndividual"
    r"|[Bb]ook|[Nn]ominee|[Cc]lub|[Dd]river|[Ff]ighter|[Cc]oach|[Tt]itle|[Cc]hef|[Cc]ontestant|[Dd]esigner|[Hh]ost|[Ss]inger|[Tt]oken|[Hh]orse"
    r"|[Ss]chool|[Dd]irector|[Ww]riter|[Nn]ame|[Oo]ther) [A-Z]{1,2}(?![\w.'-])"
    r"(?! [A-Z])"
)
_LONE_LETTER = re.compile(
    r"^(?:[Ww]ill )?[\"']?(?:[A-Z]|A[A-HJ-Z])[\"']?(?: (?:win|be|become|finish|lead|have|place"
    r"|advance|qualify)\b.*)?$"
)


def fold(text: str, chars_max: int = TITLE_CHARS_MAX) -> str:
    """Lower case, no accents, plain dashes and quotes, single spaces; cut at `chars_max`."""
    read = text[: chars_max * 2]
    return _title_folded(read) if chars_max == TITLE_CHARS_MAX else _folded(read, chars_max)


@lru_cache(maxsize=4_096)
def _title_folded(text: str) -> str:
    # Each reader folds a market's few titles again.
    return _folded(text, TITLE_CHARS_MAX)


def _folded(text: str, chars_max: int) -> str:
    plain = text.translate(_FOLDS)
    if not plain.isascii():
        plain = _UNUSUAL.sub(_kept, unicodedata.normalize("NFKD", plain))
    plain = _CONTROLS.sub("", plain)
    return _SPACES.sub(" ", plain).strip().casefold()[:chars_max]


def _kept(match: re.Match[str]) -> str:
    """The characters of a run that are neither marks nor controls nor unassigned."""
    return "".join(char for char in match[0] if unicodedata.category(char)[0] not in "MC")


def words(text: str) -> tuple[str, ...]:
    """Words and numbers of a folded text, possessive endings cut off."""
    found = _WORD.findall(text)
    return tuple(word.removesuffix("'s").replace("'", "").strip(".") for word in found)


def spoken(text: str) -> str:
    """Number words as figures: "first round" reads as "1st round"."""
    return " ".join(_NUMBER_WORDS.get(part, part) for part in text.split(" "))


def without_parentheses(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without what stands in parentheses, and those contents."""
    inner = tuple(found[1:-1].strip() for found in _PARENTHESES.findall(text))
    return _SPACES.sub(" ", _PARENTHESES.sub(" ", text)).strip(), inner


def is_template(text: str) -> bool:
    """Whether an unfilled rule template shows through."""
    return _TEMPLATE.search(text) is not None


def is_stand_in(text: str) -> bool:
    """Whether a name or question, as published, stands for somebody still to be named.

    Polymarket lists "Person V", "Player AC" or a lone "A" to be renamed later; Kalshi has published
    titles whose subject was left out (public rows of both venues, 2026-02 to 2026-05).
    """
    return (
        _STAND_IN.search(text) is not None
        or _LONE_LETTER.match(text.strip()) is not None
        or _EMPTY_SUBJECT.match(text.casefold()) is not None
    )
