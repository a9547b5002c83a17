"""Whether the rule text of a contest says another contest, part or winner than its title.

A title that reads as the whole game may be settled on a half of it, and a text may name the other
side. Only plain contradictions count: what a rule text leaves out says nothing. Forms: Kalshi
`rules_primary` ("If A wins the A vs B ... game originally scheduled for May 10, 2026, then ...")
and Gamma `description` ("In the upcoming NBA game, scheduled for May 10 at 7:05 PM ET: If the As
win, the market will resolve to "As"."), public rows of 2026.
"""

import re
from collections.abc import Callable

from twoleg.matching.dates import Start, near, take_moments
from twoleg.matching.listing import KalshiListing, Listing
from twoleg.matching.names import Likeness
from twoleg.matching.texts import RULES_CHARS_MAX, fold

_PART = (
    r"(?:(?:first|second|third|fourth|1st|2nd|3rd|4th|opening) (?:\w+ )?"
    r"(?:half|quarter|period|set|map|innings?)|half-?time|(?:set|map) \d|doubleheader)"
)
_IF = re.compile(
    r"^if (?P<who>.{2,80}?) (?P<does>wins?|loses?|leads?|does not|fails)\b(?P<what>[^.]*)"
)
_PARTIAL = re.compile(rf"\b{_PART}\b|^ (?:the|this|their|its) (?:\w+ )?series\b(?! game)")
_MARGIN = re.compile(r"\b(?:by (?:more than|over|at least)|both|or more)\b")
_REFERS = re.compile(
    rf"\b(?:refers?|relates?|applies|resolves? to the team)\b[^.]{{0,60}}\b{_PART}\b"
)
_PAYS = re.compile(
    r"\bif (?:the )?(?P<who>[^,.:]{2,60}?) wins?\b[^.:]{0,80}? resolves? to "
    r"[\"']?(?P<label>[^\"'.]{2,60})"
)
_LOSER = re.compile(
    r"\bteam (?:that|which) (?:loses|does not win|scores|covers|leads|wins the series)\b"
)
_WINS = re.compile(
    r"\bif (?:the )?(?P<who>[^,.:]{2,60}?) (?P<does>wins?|loses?|leads?|scores?|covers?)\b"
    r"(?P<what>[^,.:]{0,120})"
)
_LESS = re.compile(
    r"^ (?:the |this |their )?(?:\w+ )?(?:tip|coin|jump)|\bin regulation\b"
    r"|\b(?<!world )series\b(?! game)"
)
"""What is won where it is less, or more, than the game."""

_SCHEDULED = re.compile(r"\bscheduled (?:for|on) (?P<day>[a-z]{3,9}\.? \d{1,2}(?:,? 20\d\d)?)\b")

Names = Callable[[str, str], Likeness]
"""Compares two sides as their sport names them."""


def rules_fault(listing: Listing, sides: tuple[str, ...], subject: str, names: Names) -> str:
    """Why a rule text is not that of this whole contest, won by `subject`, or ""."""
    if not isinstance(listing, KalshiListing):
        text = fold(listing.description, RULES_CHARS_MAX)
        if _REFERS.search(text) or _LOSER.search(text):
            return "rules against the title"
        if any(_is_narrow(match, sides, names) for match in _WINS.finditer(text)):
            return "rules against the title"
        crossed = any(_is_crossed(match, sides, names) for match in _PAYS.finditer(text))
        return "winner of the rules against its outcome" if crossed else ""
    match = _IF.match(fold(listing.rules_primary, RULES_CHARS_MAX))
    if match is None:
        return ""
    is_win = match["does"].startswith("win") and not _LESS.search(match["what"])
    if not is_win or _PARTIAL.search(match["what"]) or _MARGIN.search(match["what"]):
        return "rules against the title"
    others = [side for side in sides if names(side, subject) is Likeness.OTHER]
    is_swapped = names(match["who"], subject) is Likeness.OTHER and any(
        names(match["who"], side) is not Likeness.OTHER for side in others
    )
    return "winner of the rules against the side" if is_swapped else ""


def _is_narrow(match: re.Match[str], sides: tuple[str, ...], names: Names) -> bool:
    """Whether a text pays for a side that does something else than win the game."""
    if all(names(match["who"], side) is Likeness.OTHER for side in sides):
        return False
    what = match["what"]
    is_less = _PARTIAL.search(what) or _MARGIN.search(what) or _LESS.search(what)
    return not match["does"].startswith("win") or bool(is_less)


def _is_crossed(match: re.Match[str], sides: tuple[str, ...], names: Names) -> bool:
    """Whether "if A win, it resolves to B" names two different sides."""
    named = [
        [side for side in sides if names(match[key], side) is not Likeness.OTHER]
        for key in ("who", "label")
    ]
    return len(named[0]) == len(named[1]) == 1 and named[0] != named[1]


def day_fault(listing: Listing, start: Start) -> str:
    """Why the day a rule text schedules is not that of the start, or ""."""
    text = listing.rules_primary if isinstance(listing, KalshiListing) else listing.description
    days = [*start.days, *([start.instant.date()] if start.instant else [])]
    match = _SCHEDULED.search(fold(text, RULES_CHARS_MAX))
    if match is None or not days:
        return ""
    _, moments = take_moments(match["day"])
    said = [moment for moment in moments if moment.month and moment.day]
    if len(said) != 1:
        return ""
    (when,) = said
    try:
        day = days[0].replace(year=when.year or days[0].year, month=when.month, day=when.day)
    except ValueError:
        return "day of the rules"
    return "" if any(near(day, own, 1) for own in days) else "day of the rules against the start"
