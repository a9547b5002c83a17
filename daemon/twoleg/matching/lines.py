"""Thresholds and buckets in texts and structured fields, with their units and inclusiveness."""

import math
import re

from twoleg.matching.card import E6, Line, Op

_SCALE = {
    "": 1, "k": 10**3, "m": 10**6, "mn": 10**6, "mm": 10**6, "million": 10**6, "b": 10**9,
    "bn": 10**9, "billion": 10**9, "t": 10**12, "tn": 10**12, "trillion": 10**12,
    "thousand": 10**3,
}  # fmt: skip
_FIGURE = (
    r"(?<![\d.,])(?P<{0}sign>-)?(?P<{0}cur>[$€£])?"
    r"(?P<{0}num>\d[\d,]{{0,20}}(?:\.\d{{1,9}})?|\.\d{{1,9}})(?![\d])"
    r"(?: ?(?P<{0}scale>trillion|billion|million|thousand|tn|bn|mn|mm|[kmbt])(?![a-z]))?"
    r" ?(?P<{0}unit>%|percent(?:age points)?|bps|basis points|°[cf]?|degrees)?"
)
_A, _B = _FIGURE.format("a"), _FIGURE.format("b")
_PATTERNS: tuple[tuple[re.Pattern[str], Op], ...] = (
    (re.compile(rf"(?:\bbetween |\bfrom )?{_A} ?(?:-|\bto\b|\band\b) ?{_B}"), Op.BETWEEN),
    (re.compile(rf"(?:>=|≥|\bat least |\bno less than |\bminimum of ){_A}"), Op.GE),
    (re.compile(rf"(?:<=|≤|\bat most |\bno more than |\bup to ){_A}"), Op.LE),
    (re.compile(rf"{_A} ?(?:\+|\bor (?:more|above|higher|greater|over)\b)"), Op.GE),
    (re.compile(rf"{_A} ?\bor (?:less|below|lower|fewer|under)\b"), Op.LE),
    (
        re.compile(
            rf"(?:>|\b(?:above|over|more than|greater than|higher than|exceeds?|surpass(?:es)?"
            rf"|over/under|o/u) ){_A}"
        ),
        Op.GT,
    ),
    (
        re.compile(rf"(?:<|\b(?:below|under|less than|fewer than|lower than) ){_A}"),
        Op.LT,
    ),
    (re.compile(rf"\bexactly {_A}"), Op.EQ),
    (re.compile(rf"\b(?:hits?|reach(?:es)?) {_A}"), Op.GE),
)
_MONEY = re.compile(rf"(?<![\w.]){_A}(?![\w])")
_STRIKES = {
    "greater": Op.GT,
    "greater_or_equal": Op.GE,
    "less": Op.LT,
    "less_or_equal": Op.LE,
    "between": Op.BETWEEN,
}
_INCLUSIVE = (frozenset({Op.GT, Op.GE}), frozenset({Op.LT, Op.LE}))

_NAMED_UNITS = {"percent": "%", "percentage points": "%", "basis points": "bps", "degrees": "°"}


def take_lines(text: str) -> tuple[str, tuple[Line, ...]]:
    """Cut thresholds and buckets out of a folded text without dates: the rest, and the lines."""
    found: list[Line] = []
    for pattern, op in _PATTERNS:
        while len(found) < 8:
            match = pattern.search(text)
            if match is None or (line := _line(match, op)) is None:
                break
            found.append(line)
            text = f"{text[: match.start()]} {text[match.end() :]}"
    return text, tuple(found)


def take_figures(text: str) -> tuple[str, tuple[str, ...]]:
    """Cut out figures with a currency, a scale or a unit but no comparator: the rest, and them."""
    found: list[str] = []

    def cut(match: re.Match[str]) -> str:
        if not (match["acur"] or match["ascale"] or match["aunit"]):
            return match[0]
        value, unit = _value(match, "a")
        # All digits: rounded ones would make near figures one.
        found.append(f"{value // E6}.{value % E6:06}{unit}")
        return " "

    return _MONEY.sub(cut, text), tuple(found)


def structured(strike_type: str, floor: float | None, cap: float | None) -> Line | None:
    """The line of a Kalshi market's strike fields, unit unknown; None if it has none."""
    op = _STRIKES.get(strike_type)
    low = cap if op in {Op.LT, Op.LE} else floor
    if op is None or low is None or not math.isfinite(low):
        return None
    high = cap if op is Op.BETWEEN else None
    if op is Op.BETWEEN and (high is None or not math.isfinite(high)):
        return None
    return Line(op, round(low * E6), round(high * E6) if high is not None else 0)


def whole(line: Line) -> Line:
    """The same line for a count of whole things: over 1.5, more than 1 and 2 or more are one."""
    if line.op is Op.GT:
        return Line(Op.GE, (line.low_e6 // E6 + 1) * E6, unit=line.unit)
    if line.op is Op.GE:
        return Line(Op.GE, -(-line.low_e6 // E6) * E6, unit=line.unit)
    if line.op is Op.LE:
        return Line(Op.LT, (line.low_e6 // E6 + 1) * E6, unit=line.unit)
    if line.op is Op.LT:
        return Line(Op.LT, -(-line.low_e6 // E6) * E6, unit=line.unit)
    return line


def turns_on_the_line(one: Line | None, other: Line | None) -> bool:
    """Whether two lines differ only where the figure falls on them: above 60 and 60 or more."""
    if one is None or other is None or one.op is other.op:
        return False
    figures = (one.low_e6, one.unit) == (other.low_e6, other.unit)
    return figures and frozenset({one.op, other.op}) in _INCLUSIVE


def _line(match: re.Match[str], op: Op) -> Line | None:
    low, unit = _value(match, "a")
    if op is not Op.BETWEEN:
        return Line(op, low, unit=unit)
    high, high_unit = _value(match, "b")
    if match["ascale"] is None and match["bscale"] is not None:
        low *= _SCALE[match["bscale"]]
    if high <= low:
        return None
    return Line(op, low, high, unit or high_unit)


def _value(match: re.Match[str], key: str) -> tuple[int, str]:
    number = match[f"{key}num"].replace(",", "")
    whole_part, _, fraction = number.partition(".")
    value = int(whole_part[:15] or "0") * E6 + int((fraction + "000000")[:6])
    value *= _SCALE[match[f"{key}scale"] or ""]
    unit = match[f"{key}unit"] or match[f"{key}cur"] or ""
    unit = _NAMED_UNITS.get(unit, unit)
    # Only the bucket pattern has a second figure, whose dash is no sign.
    return value, "°" if unit.startswith("°") else unit
