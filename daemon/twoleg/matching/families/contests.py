"""Games, matches, fights and maps: two sides, a start, a period, a metric, perhaps a line.

The reader takes market phrases out of the title one by one; what remains must be the two sides and
harmless tags (a league, a stage). Anything else is unread, and an unread card pairs with nothing:
side bets are phrased without end.
"""

import re
from typing import NamedTuple

from twoleg.matching.card import E6, Card, Family, Line, Op
from twoleg.matching.dates import Start, near, parse_day, slug_day, ticker_start
from twoleg.matching.families.common import asked_year, end_year
from twoleg.matching.families.contest_rules import day_fault, rules_fault
from twoleg.matching.families.fields import series_fault, slug_fault
from twoleg.matching.families.phrases import Phrase, take_phrases
from twoleg.matching.families.titles import (
    DRAWS,
    Parts,
    is_side_danger,
    kalshi_league,
    league_fault,
    numbered,
    plain_side,
    playoffs_league,
    polymarket_league,
    sport_from,
    title_parts,
)
from twoleg.matching.lines import structured, whole
from twoleg.matching.listing import (
    KalshiListing,
    Listing,
    PolymarketListing,
    event_key,
    fingerprint,
    starts_at,
)
from twoleg.matching.names import Likeness, league_of, person, team
from twoleg.matching.tables import ESPORTS, SPORT_UNITS
from twoleg.matching.texts import fold, spoken

PERSON_SPORTS = frozenset({"tennis", "mma", "boxing"})

# Series whose bare title "A vs B" means the winner of the whole contest.
_PLAIN_SERIES = re.compile(r"^[A-Z0-9]*(?:GAME|MATCH|FIGHT|BOUT|BOXING)-", re.IGNORECASE)


_OF_TWO = re.compile(r"G\d$")
"""How the event of a double-header's game ends (`KXMLBGAME-26JUL18OAKELMG2`)."""


class Sides(NamedTuple):
    """The sides of one market as it names them, and how names of its sport are compared."""

    names: tuple[str, ...]
    sport: str
    league: str


def read(listing: Listing) -> Card | None:
    """The card of a contest, or None where the listing is no contest."""
    if isinstance(listing, KalshiListing):
        parts = title_parts(listing.title, listing.event_title, allow_at=True)
        return None if parts is None else _kalshi(listing, parts)
    parts = title_parts(listing.question, listing.event_title, allow_at=False)
    return None if parts is None else _polymarket(listing, parts)


def side_likeness(one: str, other: str, sport: str, league: str = "") -> Likeness:
    """Compare two sides the way their sport names them."""
    return person(one, other) if sport in PERSON_SPORTS else team(one, other, league)


def _kalshi(listing: KalshiListing, parts: Parts) -> Card | None:
    league = kalshi_league(listing.ticker)
    sport = sport_from(league, parts)
    start = ticker_start(listing.event_ticker or listing.ticker)
    if (instant := starts_at(listing)) is not None:
        start = Start(instant=instant)
    if start == Start() and not parts.phrases:
        return None
    is_either = sport == "baseball" and start.instant is None
    said_day = parse_day(parts.day)
    begins = [*start.days, *([start.instant.date()] if start.instant else [])]
    said = spoken(fold(listing.yes_sub_title or listing.subtitle))
    said_text, said_phrases, said_subject = take_phrases(said)
    subject = parts.subject
    phrases = parts.phrases
    unread = [*parts.unread, *league_fault(league, parts.tags)]
    if said_day and any(not near(said_day, day, 1) for day in begins):
        unread.append("day of the title against the start")
    if said in DRAWS or subject in DRAWS:
        phrases, subject = (*phrases, Phrase("draw")), ""
    elif said_phrases and not said_text.strip(" .:-"):
        phrases, subject = phrases + said_phrases, subject or said_subject
    elif said not in {"", "yes", "no"}:
        subject = subject or said
    metric, period, line, more = _meaning(phrases, sport)
    unread += more
    line, fault = _with_strike(line, listing, metric)
    unread += fault
    if not league and start.days:
        unread.append("league of the ticker")
    if is_either and _OF_TWO.search(listing.event_ticker or listing.ticker.rpartition("-")[0]):
        unread.append("game of a double-header without its hour")
    if not parts.phrases and metric == "win" and not _PLAIN_SERIES.search(listing.ticker):
        unread.append("series of the ticker")
    if bad := series_fault(listing.ticker, league, metric, period):
        unread.append(bad)
    sides = tuple(plain_side(side) for side in parts.sides)
    if metric in {"win", "spread"}:
        pays, fault_text = _own_side(subject, Sides(sides, sport, league))
        unread += fault_text
        sides = _by_full_name(sides, (pays,), sport, league)
    else:
        pays = "draw" if metric == "draw" else "yes"
    is_whole = metric == "win" and period == "match"
    unread += _rules(listing, Sides(sides, sport, league), pays, start, is_whole=is_whole)
    return Card(
        venue="kalshi", market_id=listing.ticker, fingerprint=fingerprint(listing),
        event=event_key(listing), family=_family(metric), unread=tuple(unread),
        words=numbered(parts.tags), sport=sport, league=league, sides=sides,
        full=_fuller(parts, sides),
        start=start, metric=metric, period=period, line=line, subject=pays,
        year_guess=asked_year(listing), ends=listing.close_time,
        labels=("yes",), pays=(pays,),
    )  # fmt: skip


def _polymarket(listing: PolymarketListing, parts: Parts) -> Card | None:
    league = polymarket_league(listing.slug or listing.event_slug)
    league = league or league_of(parts.sides) or playoffs_league(parts.tags)
    sport = sport_from(league, parts)
    # An unknown league may be the women's or the youth's of the same names.
    unknown = ("league of the slug",) if not league and slug_day(listing.slug) else ()
    unknown = (*unknown, *league_fault(league, parts.tags))
    metric, period, line, unread = _meaning(parts.phrases, sport)
    start, said_day = Start(), parse_day(parts.day)
    if (instant := starts_at(listing)) is not None:
        start = Start(instant=instant)
        if said_day and not near(said_day, instant.date(), 1):
            unread = (*unread, "day of the title against the start")
        if (day := slug_day(listing.slug)) and not near(day, instant.date(), 1):
            unread = (*unread, "day of the slug against the start")
    else:
        days = [slug_day(listing.slug) or slug_day(listing.event_slug) or said_day]
        days += [parse_day(day) for day in listing.game_days] if days == [None] else []
        start = Start(days=tuple(day for day in days if day is not None))
    if start == Start() and not parts.phrases:
        return None
    if line is not None and listing.line is not None:
        # Who gives the goals of a spread stands in the title; the field's sign says nothing more.
        value = abs(listing.line) if metric == "spread" else listing.line
        fields = whole(Line(Op.GT, round(value * 1_000_000), unit=line.unit))
        unread = (*unread, "line field") if fields != line else unread
    if bad := slug_fault(listing, metric, period):
        unread = (*unread, bad)
    if metric in {"total", "spread"} and {fold(label) for label in listing.outcomes} != {
        "yes",
        "no",
    }:
        unread = (*unread, *_push(parts))
    sides = tuple(plain_side(side) for side in parts.sides)
    pays, fault = _label_pays(listing.outcomes, metric, parts.subject, Sides(sides, sport, league))
    if metric in {"win", "spread"}:
        named = tuple(pay for pay in pays if not pay.startswith("not "))
        sides = _by_full_name(sides, named, sport, league)
    is_whole = metric == "win" and period == "match"
    fault = [*fault, *_rules(listing, Sides(sides, sport, league), "", start, is_whole=is_whole)]
    return Card(
        venue="polymarket", market_id=listing.market_id, fingerprint=fingerprint(listing),
        event=event_key(listing),
        family=_family(metric), unread=(*parts.unread, *unknown, *unread, *fault),
        words=numbered(parts.tags), sport=sport,
        league=league, sides=sides, full=_fuller(parts, sides), start=start, metric=metric,
        period=period, line=line,
        subject=_giver(metric, parts.subject, pays, sport, league),
        year_guess=end_year(listing), ends=listing.end_time,
        labels=listing.outcomes, pays=pays, tokens=listing.token_ids,
    )  # fmt: skip


def _rules(
    listing: Listing, sides: Sides, subject: str, start: Start, *, is_whole: bool
) -> list[str]:
    """Where the rule text speaks of another day, or of less than a contest as a whole."""

    def names(one: str, other: str) -> Likeness:
        return side_likeness(one, other, sides.sport, sides.league)

    faults = [day_fault(listing, start)]
    # In e-sports the whole match is a series of maps, in the rules of both venues.
    if is_whole and sides.sport not in ESPORTS:
        faults.append(rules_fault(listing, sides.names, subject, names))
    return [fault for fault in faults if fault]


def _push(parts: Parts) -> tuple[str, ...]:
    """A fault where a two-way line may be met exactly: it then pays both, a threshold one."""
    lines = [phrase.line for phrase in parts.phrases if phrase.line is not None]
    is_met = any(line.low_e6 % E6 == 0 for line in lines)
    return ("line that may be met exactly",) if is_met else ()


def _family(metric: str) -> Family:
    return Family.CONTEST if metric == "win" else Family.SIDE_LINE


def _giver(metric: str, subject: str, pays: tuple[str, ...], sport: str, league: str) -> str:
    """Whom the title is about, by the name its outcome carries."""
    if metric != "spread":
        return pays[0] if pays else ""
    named = [
        pay for pay in pays if side_likeness(pay, subject, sport, league) is not Likeness.OTHER
    ]
    return named[0] if len(named) == 1 else ""


def _meaning(
    phrases: tuple[Phrase, ...], sport: str
) -> tuple[str, str, Line | None, tuple[str, ...]]:
    """Metric, period and line of all phrases together; contradictions are unread."""
    metrics = {phrase.metric for phrase in phrases if phrase.metric}
    if "draw" in metrics:
        metrics.discard("win")
    periods = {_period(phrase.period, sport) for phrase in phrases if phrase.period}
    lines = {phrase.line for phrase in phrases if phrase.line is not None}
    units = {phrase.unit for phrase in phrases if phrase.unit}
    unread: list[str] = []
    if len(metrics) > 1 or len(periods) > 1 or len(lines) > 1 or len(units) > 1:
        unread.append("several market phrases")
    metric = next(iter(metrics), "win")
    line = next(iter(lines), None)
    if metric in {"total", "spread"} and line is None and not units:
        unread.append(f"{metric} without a line")
    if line is not None:
        unit = next(iter(units), "") or SPORT_UNITS.get(sport, "")
        line = whole(Line(line.op, line.low_e6, line.high_e6, unit))
    elif units:
        line = Line(Op.GE, 0, unit=next(iter(units)))
    return metric, next(iter(periods), "match"), line, tuple(unread)


def _period(period: str, sport: str) -> str:
    # The venues call one map of a series "map" or "game"; only in esports are these the same.
    if sport in ESPORTS and period.startswith("game "):
        return "map " + period.removeprefix("game ")
    return period


def _with_strike(
    line: Line | None, listing: KalshiListing, metric: str
) -> tuple[Line | None, list[str]]:
    strike = structured(listing.strike_type, listing.floor_strike, listing.cap_strike)
    if strike is None:
        empty = line is not None and line.low_e6 == 0
        return line, ["no line"] if empty else []
    if metric not in {"total", "spread"}:
        return line, []
    strike = whole(Line(strike.op, strike.low_e6, strike.high_e6, line.unit if line else ""))
    if line is not None and line.low_e6 and line != strike:
        return line, ["strike fields against text"]
    return strike, []


def _own_side(subject: str, sides: Sides) -> tuple[str, list[str]]:
    """Which of a market's own sides its YES names; exactly one must answer to the name."""
    if not subject:
        return "", ["unknown side"]
    if subject not in sides.names and is_side_danger(subject):
        return "", [f"unknown side {subject}"]
    if len(sides.names) < 2:
        return subject, []
    likes = [side_likeness(subject, side, sides.sport, sides.league) for side in sides.names]
    for wanted in (Likeness.SAME, Likeness.PART):
        found = [side for side, like in zip(sides.names, likes, strict=True) if like is wanted]
        if len(found) == 1:
            # Whichever name says more is kept: a fuller one is safer to compare later.
            return max(found[0], subject, key=len), []
        if found:
            break
    return "", [f"unknown side {subject}"]


def _by_full_name(
    sides: tuple[str, ...], names: tuple[str, ...], sport: str, league: str
) -> tuple[str, ...]:
    """The sides with each named in full where an outcome does so.

    "Jones vs Costa" leaves open which Jones; its outcome "Craig Jones" does not.
    """
    full = list(sides)
    for name in names:
        found = [
            place
            for place, side in enumerate(sides)
            if name.endswith(side) and side_likeness(name, side, sport, league) is Likeness.PART
        ]
        if len(found) == 1:
            full[found[0]] = name
    return tuple(full)


def _fuller(parts: Parts, sides: tuple[str, ...]) -> tuple[str, ...]:
    """The sides that the title itself does not name so."""
    titled = {plain_side(side) for side in parts.sides}
    return tuple(side for side in sides if side not in titled)


def _label_pays(
    outcomes: tuple[str, ...], metric: str, subject: str, sides: Sides
) -> tuple[tuple[str, ...], list[str]]:
    """What each outcome label pays on; by label alone, never by position."""
    labels = [fold(label) for label in outcomes]
    if len(labels) != 2 or labels[0] == labels[1]:
        return (), ["outcome labels"]
    if set(labels) == {"yes", "no"}:
        claims = {"draw": "draw", "btts": "yes", "run": "yes", "total": "yes"}
        claim = subject if metric in {"win", "spread"} else claims.get(metric, "")
        pays = tuple(claim if label == "yes" else "not " + claim for label in labels)
        return (pays, []) if claim else ((), ["unknown side"])
    kinds = [re.sub(r"[\d.\s]+$", "", label) for label in labels]
    if set(kinds) == {"over", "under"} and metric == "total":
        return tuple("yes" if kind == "over" else "no" for kind in kinds), []
    named = [_own_side(label, sides) for label in labels]
    has_fault = any(fault for _, fault in named) or named[0][0] == named[1][0]
    if metric not in {"win", "spread"} or has_fault:
        return (), ["outcome labels against sides"]
    return tuple(name for name, _ in named), []
