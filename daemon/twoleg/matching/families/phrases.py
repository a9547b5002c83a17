"""The phrases by which either venue says what about a contest is traded."""

import re
from collections.abc import Callable
from typing import NamedTuple

from twoleg.matching.card import E6, Line, Op


class Phrase(NamedTuple):
    """One phrase read: metric, period, line and unit it states.

    `alone` says that it makes a contest of a text that names only one side; `sport` is set where
    the phrase exists in one sport only.
    """

    metric: str
    period: str = ""
    line: Line | None = None
    unit: str = ""
    alone: bool = False
    sport: str = ""


SERIES = "series"
"""The period of a best-of-seven round of playoffs, beside the games it is made of."""

_UNITS = r"(?P<unit>goals?|runs?|points?|games|sets|maps|rounds|corners|cards|kills)"
_ORDINAL = {"1st": "1", "2nd": "2", "3rd": "3", "4th": "4", "1": "1", "2": "2"}


def _figure(match: re.Match[str], key: str = "n") -> Line:
    whole_part, _, fraction = match[key].partition(".")
    return Line(Op.GT, int(whole_part[:9] or 0) * E6 + int((fraction + "000000")[:6]))


def _unit(match: re.Match[str]) -> str:
    unit = match.groupdict().get("unit") or ""
    return unit if not unit or unit.endswith("s") else unit + "s"


def _plain(
    metric: str, period: str = "", *, alone: bool = False, sport: str = ""
) -> Callable[[re.Match[str]], Phrase]:
    return lambda _: Phrase(metric, period, alone=alone, sport=sport)


def _half(metric: str) -> Callable[[re.Match[str]], Phrase]:
    return lambda match: Phrase(metric, f"half {_ORDINAL[match['n']]}", alone=True)


def _half_side(match: re.Match[str]) -> Phrase:
    return Phrase(match["what"], f"half {_ORDINAL[match['n']]}")


def _half_alone(match: re.Match[str]) -> Phrase:
    return Phrase("", f"half {_ORDINAL[match['n'] or match['m']]}")


def _part(match: re.Match[str]) -> Phrase:
    kind = match["kind"]
    sport = {"set": "tennis"}.get(kind, "")
    return Phrase("win", f"{kind} {match['n']}", sport=sport)


def _total(match: re.Match[str]) -> Phrase:
    return Phrase("total", line=_figure(match), unit=_unit(match))


def _total_unit(match: re.Match[str]) -> Phrase:
    return Phrase("total", unit=_unit(match))


def _spread(match: re.Match[str]) -> Phrase:
    return Phrase("spread", unit=_unit(match))


def _margin(match: re.Match[str]) -> Phrase:
    return Phrase("spread", line=_figure(match), unit=_unit(match), alone=True)


_N = r"(?P<n>\d{1,3}(?:\.\d)?)"
_SIMPLE: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Phrase]], ...] = (
    (
        re.compile(r"(?:will )?there be a run scored in the 1st inning|\b1st inning run\b"),
        _plain("run", "inning 1", sport="baseball"),
    ),
    (
        re.compile(r"\bboth teams to score in (?:the )?(?P<n>1st|2nd) half\b"),
        _half("btts"),
    ),
    (
        re.compile(r"\bboth teams to score\b|\bwill both teams score\b|\bbtts\b"),
        _plain("btts", sport="soccer"),
    ),
    (re.compile(r"\bdraw at half ?time\b"), _plain("draw", "half 1", sport="soccer")),
    (re.compile(r"\b(?P<n>1st|2nd) half (?:winner|moneyline|result)\b"), _half("win")),
    (
        re.compile(
            r"(?: 20\d\d)?(?: (?:\d(?:st|nd|rd|th) round|conference (?:semi)?finals?|finals?))?"
            r" series winner$|^series winner(?=:)|\bwho will win series(?:\?|(?= - )|$)"
        ),
        _plain("win", SERIES),
    ),
    (re.compile(r"\b(?:end|ends) in a (?:draw|tie)\b"), _plain("draw", sport="soccer")),
    (re.compile(r"\bcompleted match\b"), _plain("completed")),
    (
        re.compile(r"\b(?P<kind>map|game|set|round|quarter|period|inning) (?P<n>\d) winner\b"),
        _part,
    ),
    (re.compile(rf"\b{_UNITS} total:? o/u {_N}\b"), _total),
    (re.compile(rf"\b(?:match )?o/u {_N}(?: total)?(?: {_UNITS})?\b"), _total),
    (re.compile(rf"\btotal (?:of )?{_UNITS}:? (?:o/u|over) {_N}\b"), _total),
    (
        re.compile(rf"\b(?:will )?over {_N} {_UNITS}(?: (?:be )?(?:scored|played))?(?: in the)?\b"),
        _total,
    ),
    (re.compile(rf"\btotal {_UNITS}\b"), _total_unit),
    (re.compile(r"(?<=: )(?P<kind>map|set) (?P<n>\d)$"), _part),
    (re.compile(r"(?:\b|^)(?:match |game |fight )?winner$"), _plain("win")),
    (re.compile(r"(?<=: )(?:(?P<unit>map|set|game) )?spreads?$"), _spread),
    (re.compile(r"(?<=: )totals?$"), _plain("total")),
    (re.compile(r"(?<=: )(?P<n>1st|2nd) half (?P<what>spread|total)s?$"), _half_side),
    (re.compile(r"\b(?:(?P<n>[12])h|(?P<m>1st|2nd) half)\b"), _half_alone),
)

_HANDICAP = re.compile(
    r"(?:^(?P<half>[12])h )?\b(?P<unit>map|set|game)? ?(?:handicap|spread): (?P<a>[^()]+?)"
    r" \((?P<n>-\d{1,3}(?:\.\d)?)\)"
    r"(?: vs\.? (?P<b>[^()]+?) \(\+(?P<m>\d{1,3}(?:\.\d)?)\))?"
)
_WINS_BY = re.compile(
    r"^(?:.*[:?] (?:- )?|.* - )?(?:will )?(?P<who>[^:?]+?) wins? by (?:over|more than) "
    rf"{_N}(?: {_UNITS})?$"
)
_WINS_PART = re.compile(
    r"\bwill (?P<who>[^:?]+?) win (?:the )?(?:(?P<n>1st|2nd) half|(?P<kind>map|set|game) (?P<k>\d))"
    r"(?: in the (?=.+ vs\.? ))?"
)
_WINS_MATCH = re.compile(r"^will (?P<who>.+?) win the (?=.+? vs\.? .+)")
_WINS_ON = re.compile(r"^will (?P<who>[^:?]+?) win\s*$")
_LEADING = re.compile(r"^(?:.* - )?(?P<who>[^:?]+?) leading at half ?time$")
_KIND_TAIL = re.compile(r" (?:match|fight|game)$")


def take_phrases(text: str) -> tuple[str, tuple[Phrase, ...], str]:
    """Cut market phrases out of a folded title: the rest, the phrases, and a subject they name."""
    found: list[Phrase] = []
    subject = ""
    if match := _HANDICAP.search(text):
        unit = f"{match['unit']}s" if match["unit"] else ""
        value = _figure_of(match["n"][1:])
        rest = f"{match['a']} vs {match['b']}" if match["b"] else ""
        period = f"half {match['half']}" if match["half"] else ""
        found.append(Phrase("spread", period, line=value, unit=unit, alone=True))
        subject = match["a"].strip()
        return text[: match.start()] + rest + text[match.end() :], tuple(found), subject
    if match := _WINS_BY.match(text):
        found.append(_margin(match))
        return text[: match.start("who")], tuple(found), match["who"].strip()
    if match := _LEADING.match(text):
        found.append(Phrase("win", "half 1", alone=True, sport="soccer"))
        return text[: match.start("who")], tuple(found), match["who"].strip()
    if match := _WINS_PART.search(text):
        period = f"half {_ORDINAL[match['n']]}" if match["n"] else f"{match['kind']} {match['k']}"
        found.append(Phrase("win", period, alone=True))
        subject = match["who"].strip()
        text = text[: match.start()] + _KIND_TAIL.sub("", text[match.end() :])
    elif match := _WINS_MATCH.match(text):
        found.append(Phrase("win"))
        subject = match["who"].strip()
        text = text[match.end() :]
    elif match := _WINS_ON.match(text):
        found.append(Phrase("win", alone=True, sport="soccer"))
        return "", tuple(found), match["who"].strip()
    for pattern, make in _SIMPLE:
        if match := pattern.search(text):
            found.append(make(match))
            text = f"{text[: match.start()]} {text[match.end() :]}"
    return text, tuple(found), subject


def _figure_of(text: str) -> Line:
    whole_part, _, fraction = text.partition(".")
    return Line(Op.GT, int(whole_part[:9] or 0) * E6 + int((fraction + "000000")[:6]))
