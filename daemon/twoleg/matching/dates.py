"""Dates, deadlines and windows as they stand in titles, tickers, slugs and venue fields.

All instants are UTC. A Kalshi ticker's date and hour are New York time; a Polymarket slug's date is
local for the large American leagues and UTC elsewhere (both venues' settled games, 2026-05).
"""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

MARK = "§"
"""Stands where a date was cut out of a text."""

NEW_YORK = ZoneInfo("America/New_York")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY_OF = re.compile(rf"\b{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}}))?")
_OF_DAY = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? (\d{{4}}))?\b")
_ISO = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)\b")
_MONTH_YEAR = re.compile(rf"\b{_MONTH},? (20\d\d)\b")
_MONTH_ALONE = re.compile(rf"\b(?:in|of|by|before|during|end of|through) {_MONTH}(?= |$|\?)")
_SEASON = re.compile(r"\b(20\d\d) ?[-/] ?(?:20)?(\d\d)\b(?!-)")
_YEAR = re.compile(r"(?<![\d.,$-])(?:19[5-9]\d|20\d\d|21\d\d)(?![\d%.]*\d|%)")
_HOUR = re.compile(
    r"\b(\d{1,2})(?::([0-5]\d))? ?(am|pm) ?(et|edt|est|utc|pt|pdt|pst|ct|cdt|cst|gmt)?\b"
    r"|\b(noon|midnight)\b"
)
_TICKER_DAY = re.compile(
    r"^(\d\d)(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)(\d\d)(?:(\d{4})(?=[A-Z0-9]|$))?"
)
_TICKER_YEAR = re.compile(r"-(\d\d)[A-Z]?(?=-|$)")
_TICKER_NAMED_YEAR = re.compile(r"-(?:\d\d?)?[A-Z]+(\d\d)(?=-|$)")
_TICKER_WHOLE_YEAR = re.compile(r"-20(\d\d)(?=-|$)")
_TICKER_DATED = re.compile(
    r"-[A-Z]*?(\d\d)(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)(?=\d|-|$)"
)
_MARKED = re.compile(
    r"(?:\b(?:(?:by|before|until|through|in|on|during|at|for|from|of|as of|following)"
    r"(?: the)?(?: end of)?(?: the)?|end of(?: the)?|of)\s+)?§[\s,§]*"
)
_RELATION = re.compile(
    r"\b(by the end of|by end of|by|before|until|through|in|on|during|end of|after|following|at)"
    r"(?: the)?(?: end of)?\s*$"
)


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A date of a text: what stands there, no more (year or day 0: not said), and the word before.

    `relation` is one of by, before, in, on, end, after or "" (not said).
    """

    year: int = 0
    month: int = 0
    day: int = 0
    relation: str = ""

    def text(self) -> str:
        """For reasons: "by 2026-05-31", with ? for what is not said."""
        parts = [str(self.year or "?")]
        parts += [f"{self.month:02}"] if self.month else []
        parts += [f"{self.day:02}"] if self.day else []
        return f"{self.relation} {'-'.join(parts)}".strip()


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a contest begins: an exact instant, or else the days (as dates) it may fall on."""

    instant: datetime | None = None
    days: tuple[date, ...] = ()

    def text(self) -> str:
        """For reasons."""
        if self.instant is not None:
            return self.instant.strftime("%Y-%m-%d %H:%M UTC")
        return " or ".join(day.isoformat() for day in self.days) or "unknown"


def month_number(name: str) -> int:
    """1 to 12 for a folded month name or its beginning; 0 if it is none."""
    return MONTHS.index(name[:3]) + 1 if name[:3] in MONTHS else 0


def take_moments(text: str) -> tuple[str, tuple[Moment, ...]]:
    """Cut the dates out of a folded text: the rest, and the dates in order of appearance."""
    found: list[tuple[int, Moment]] = []

    def cut(match: re.Match[str], year: str | None, month: str, day: str | None) -> str:
        number = int(month) if month.isdigit() else month_number(month)
        moment = _moment(year, number, day, _relation(text, match.start()))
        if moment is None:
            return match[0]
        found.append((match.start(), moment))
        return MARK.ljust(match.end() - match.start())

    # The length of the text is kept, so that positions stay true for the word before.
    text = _ISO.sub(lambda m: cut(m, m[1], m[2], m[3]), text)
    text = _DAY_OF.sub(lambda m: cut(m, m[3], m[1], m[2]), text)
    text = _OF_DAY.sub(lambda m: cut(m, m[3], m[2], m[1]), text)
    text = _MONTH_YEAR.sub(lambda m: cut(m, m[2], m[1], None), text)
    text = _MONTH_ALONE.sub(lambda m: cut_month(m, found, text), text)
    return text, tuple(moment for _, moment in sorted(found, key=lambda item: item[0]))


def cut_month(match: re.Match[str], found: list[tuple[int, Moment]], text: str) -> str:
    """Take a month that only its preposition shows to be one ("in May")."""
    relation = _relation(text, match.start(1))
    found.append((match.start(1), Moment(month=month_number(match[1]), relation=relation)))
    return match[0][: match.start(1) - match.start()] + MARK.ljust(match.end() - match.start(1))


def take_years(text: str) -> tuple[str, tuple[Moment, ...]]:
    """Cut seasons and years out of a folded text; a season counts as the year it ends in."""
    found: list[Moment] = []

    def season(match: re.Match[str]) -> str:
        first, last = int(match[1]), int(match[1][:2] + match[2])
        if last != first + 1:
            return match[0]
        found.append(Moment(year=last, relation=_relation(text, match.start())))
        return MARK.ljust(len(match[0]))

    def year(match: re.Match[str]) -> str:
        found.append(Moment(year=int(match[0]), relation=_relation(text, match.start())))
        return MARK.ljust(len(match[0]))

    text = _SEASON.sub(season, text)
    text = _YEAR.sub(year, text)
    return text, tuple(found)


def without_marks(text: str) -> str:
    """The text without the marks of cut dates and the prepositions that led to them."""
    return _MARKED.sub(" ", text)


def take_hour(text: str) -> tuple[str, str]:
    """Cut an hour of the day out: the rest, and "15:00 et" or ""."""
    match = _HOUR.search(text)
    if match is None:
        return text, ""
    rest = text[: match.start()] + " " + text[match.end() :]
    if match[5]:
        return rest, "12:00 et" if match[5] == "noon" else "00:00 et"
    hour = int(match[1]) % 12 + (12 if match[3] == "pm" else 0)
    zone = (match[4] or "et").replace("dt", "t").replace("st", "t")
    return rest, f"{hour:02}:{match[2] or '00'} {zone}"


def parse_instant(text: str) -> datetime | None:
    """A venue's time stamp in any of the shapes seen; None for a date without time, or nonsense."""
    raw = text.strip().replace(" ", "T", 1)
    if len(raw) <= len("2026-05-10"):
        return None
    raw = re.sub(r"([+-]\d\d)$", r"\1:00", raw)
    try:
        moment = datetime.fromisoformat(raw)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_day(text: str) -> date | None:
    """The date a time stamp or date begins with; None if there is none."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def ticker_start(ticker: str) -> Start:
    """The date code of a Kalshi game ticker, New York time: `26MAY091915` or `26MAY09`."""
    for part in ticker.upper().split("-")[1:]:
        match = _TICKER_DAY.match(part)
        if match is None:
            continue
        day = _date(2000 + int(match[1]), month_number(match[2].casefold()), int(match[3]))
        if day is None:
            continue
        clock = match[4] or ""
        if clock and int(clock[:2]) < 24 and int(clock[2:]) < 60:
            local = datetime(
                day.year, day.month, day.day, int(clock[:2]), int(clock[2:]), tzinfo=NEW_YORK
            )
            return Start(instant=local.astimezone(UTC))
        return Start(days=(day,))
    return Start()


def ticker_year(ticker: str) -> int:
    """The year of a Kalshi ticker, as `-26-`, `26MAY31` or `-2026-`; 0 if it carries none."""
    tail = ticker.upper()
    patterns = (_TICKER_DATED, _TICKER_YEAR, _TICKER_WHOLE_YEAR, _TICKER_NAMED_YEAR)
    for pattern in patterns:
        for match in pattern.finditer(tail):
            year = 2000 + int(match[1])
            # A district ("-AL07-26") is no year; the years listed lie close ahead.
            if 2020 <= year <= 2060:
                return year
    return 0


def slug_day(slug: str) -> date | None:
    """The date in a Polymarket game slug (`mlb-tor-det-2026-05-16`)."""
    match = _ISO.search(slug)
    return _date(int(match[1]), int(match[2]), int(match[3])) if match else None


def local_day(instant: datetime) -> date:
    """The New York date of an instant."""
    try:
        return instant.astimezone(NEW_YORK).date()
    except OverflowError:
        return instant.date()


def near(one: date, other: date, days: int) -> bool:
    """Whether two dates are at most `days` apart."""
    return abs(one - other) <= timedelta(days=days)


def last_day(moment: Moment, year: int, relation: str) -> Moment:
    """The last day that a deadline, a day or a month includes ("before July" ends in June)."""
    month, day = moment.month, moment.day
    if relation == "by" and moment.relation == "before":
        if not month:
            return Moment(year - 1, 12, 31, "by")
        first = parse_day(f"{year:04}-{month:02}-{day or 1:02}")
        if first is None or first.toordinal() <= 1:
            return Moment(year, month, day, relation)
        before = first.fromordinal(first.toordinal() - 1)
        return Moment(before.year, before.month, before.day, "by")
    if relation in {"by", "on"} and not month:
        return Moment(year, 12, 31, relation)
    if relation in {"by", "on"} and not day:
        following = parse_day(f"{year + month // 12:04}-{month % 12 + 1:02}-01")
        if following is not None:
            last = following.fromordinal(following.toordinal() - 1)
            return Moment(last.year, last.month, last.day, relation)
    return Moment(year, month, day, relation)


def _moment(year: str | None, month: int, day: str | None, relation: str) -> Moment | None:
    number = int(day) if day else 0
    if number and _date(int(year) if year else 2024, month, number) is None:
        return None
    return Moment(year=int(year) if year else 0, month=month, day=number, relation=relation)


def _relation(text: str, position: int) -> str:
    match = _RELATION.search(text[max(0, position - 24) : position])
    if match is None:
        return ""
    word = match[1]
    if "end of" in match[0]:
        return "by" if word.startswith("by") else "end"
    named = {"until": "by", "through": "by", "during": "in", "following": "after", "at": "on"}
    return named.get(word, word)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
