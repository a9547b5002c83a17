"""What rule texts say of time, comparator and scope: deadlines with their zone, windows, lines.

Only the sentences that say when YES is paid count; the rest of a rule text names other dates (when
a market closes, when a source must have published).
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from twoleg.matching.card import Card, Line
from twoleg.matching.dates import (
    NEW_YORK,
    Moment,
    last_day,
    parse_day,
    take_hour,
    take_moments,
    take_years,
)
from twoleg.matching.lines import take_lines, turns_on_the_line

_ZONES = {
    "et": NEW_YORK,
    "pt": ZoneInfo("America/Los_Angeles"),
    "ct": ZoneInfo("America/Chicago"),
    "utc": ZoneInfo("UTC"),
    "gmt": ZoneInfo("UTC"),
}
_LATER = {"pt": 3, "ct": 1}
"""How many hours New York is ahead, all year."""

_SENTENCE = re.compile(r"(?<=[a-z0-9)\"'])[.;]\s+|\n")
_PAYS = re.compile(
    r"\bresolves?(?: (?:to|as))?:? \"?yes\b|\bwill resolve (?:according )?to the\b|\bpays? yes\b"
)
_UNDECIDED = re.compile(r"\b(?:if|should) (?:no|neither|the .{0,60}? (?:is|are|has|have) not)\b")
_DATE = r"[a-z0-9][a-z0-9 ,:]{2,44}?"
_WINDOW = re.compile(
    rf"\b(?:between|from) (?P<a>{_DATE}) ?(?:,? ?\([^)]*\))? ?(?:and|to|through|until) "
    r"(?P<b>[a-z0-9][^();]{3,60})"
)
_SINCE = re.compile(
    rf"\b(?:after|since|starting|beginning)(?: on)? (?P<a>{_DATE})(?=$|[.;()]| and )"
)
_SCOPES = (
    (
        "regulation only",
        re.compile(
            r"\b(?:90|ninety) minutes\b|\bregulation(?: time)?,? only\b|\bregular (?:play|time)\b"
            r"|\bonly (?:the )?regulation\b"
            r"|\b(?:excluding|not includ\w+|without|before) (?:any )?(?:overtime|extra)\b"
            r"|\b(?:overtime|extra time)[^.]{0,40} (?:not|excluded)\b|\bend of regulation\b"
        ),
    ),
    (
        "with overtime",
        re.compile(
            r"\bincluding (?:any |potential )?(?:overtime|extra|penalt|shootout)"
            r"|\b(?:overtime|extra (?:time|innings))[^.]{0,40}(?<!not )(?:counts?|included)\b"
        ),
    ),
)


_SLACK = timedelta(days=2)


class Rules(NamedTuple):
    """What a rule text says of a claim.

    The first instants too late, the first days that count, lines, a contest's scope, and the hours
    of the day at which something is looked at.
    """

    limits: tuple[datetime, ...] = ()
    since: tuple[date, ...] = ()
    lines: tuple[Line, ...] = ()
    scope: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()


def read_rules(text: str) -> Rules:
    """Read a folded rule text; what is not said, or has no year, is absent."""
    limits: set[datetime] = set()
    since: set[date] = set()
    lines: list[Line] = []
    observed: set[str] = set()
    for sentence in _SENTENCE.split(text):
        if _PAYS.search(sentence) and not _UNDECIDED.search(sentence):
            ends, starts, rest = _times(sentence)
            limits |= ends
            since |= starts
            observed |= set() if ends else _hours(rest)
            lines += take_lines(take_years(rest)[0])[1]
    return Rules(
        tuple(sorted(limits)),
        tuple(sorted(since)),
        tuple(dict.fromkeys(lines)),
        tuple(name for name, pattern in _SCOPES if pattern.search(text)),
        tuple(sorted(observed)),
    )


def rules_against_title(card: Card, rules: Rules) -> tuple[str, ...]:
    """Where a market's rules and its own title disagree: by deadline, or on the line itself."""
    found = []
    said = [moment for moment in card.deadlines if moment.relation in {"by", "on"} and moment.day]
    titled = [instant for moment in said if (instant := _instant(moment, "")) is not None]
    if titled and rules.limits and abs(titled[-1] - rules.limits[-1]) > _SLACK:
        found.append("deadline of the rules against the title")
    if any(turns_on_the_line(card.line, line) for line in rules.lines):
        found.append("line of the rules against the title")
    return tuple(found)


def _times(sentence: str) -> tuple[set[datetime], set[date], str]:
    limits: set[datetime] = set()
    since: set[date] = set()
    if (window := _WINDOW.search(sentence)) is not None:
        ends = _limits(f"by {window['b']}")
        if ends:
            limits |= ends
            since |= _days(window["a"], max(ends))
            sentence = sentence[: window.start()] + " " + sentence[window.end() :]
    if (after := _SINCE.search(sentence)) is not None:
        since |= _days(after["a"], None)
    rest, _ = take_moments(sentence)
    return limits | _limits(sentence), since, rest


def _hours(text: str) -> set[str]:
    """The hour of the day that a sentence names, in New York time if its zone allows."""
    _, hour = take_hour(text)
    clock, _, zone = hour.partition(" ")
    if zone in _LATER:
        hours, _, minutes = clock.partition(":")
        return {f"{(int(hours) + _LATER[zone]) % 24:02}:{minutes} et"}
    return {hour} if hour else set()


def _days(text: str, end: datetime | None) -> set[date]:
    """The days of a text; one without a year is the last such day before `end`."""
    found: set[date] = set()
    for moment in take_moments(text)[1]:
        years = [moment.year] if moment.year else [end.year, end.year - 1] if end else []
        days = (parse_day(f"{year:04}-{moment.month:02}-{moment.day or 1:02}") for year in years)
        fitting = (day for day in days if day and (end is None or day < end.date()))
        found.update(day for day in [next(fitting, None)] if day is not None)
    return found


def _limits(sentence: str) -> set[datetime]:
    """The first instants at which it is too late, of the dates led to by "by" or "before"."""
    rest, moments = take_moments(sentence)
    _, hour = take_hour(rest)
    _, years = take_years(rest)
    dated = [moment for moment in moments if moment.relation in {"by", "before"}]
    dated = dated or [moment for moment in years if moment.relation in {"by", "before"}]
    found = (_instant(moment, hour if moment.day else "") for moment in dated if moment.year)
    return {instant for instant in found if instant is not None}


def _instant(moment: Moment, hour: str) -> datetime | None:
    clock, _, zone = hour.partition(" ")
    if clock:
        day = parse_day(f"{moment.year:04}-{moment.month:02}-{moment.day:02}")
        if day is None or day.year > 9_990:
            return None
        hours, minutes = map(int, clock.split(":"))
        local = datetime(day.year, day.month, day.day, hours, minutes, tzinfo=_ZONES[zone])
        # The last minute of a day is meant whole.
        return local.astimezone(UTC) + timedelta(minutes=minutes == 59)
    last = last_day(moment, moment.year, "by")
    day = parse_day(f"{last.year:04}-{last.month:02}-{last.day:02}")
    if day is None or day.year > 9_990:
        return None
    following = day + timedelta(days=1)
    local = datetime(following.year, following.month, following.day, tzinfo=NEW_YORK)
    return local.astimezone(UTC)
