"""Two contests compared: sport, start, sides, metric, period, line, and who is paid."""

from datetime import date, timedelta

from twoleg.matching.card import Card, Facet, Line, Verdict, compare, judged
from twoleg.matching.dates import Start, local_day, near, parse_day
from twoleg.matching.families.contests import PERSON_SPORTS, side_likeness
from twoleg.matching.families.phrases import SERIES
from twoleg.matching.lines import whole
from twoleg.matching.names import (
    Likeness,
    adds_behind,
    called,
    in_league,
    is_named_alike,
    shares_word,
    surnames,
)
from twoleg.matching.tables import ESPORTS, LEAGUES, ONE_LEAGUE, SPORT_UNITS, TEAMS
from twoleg.matching.texts import fold, words

_SERIES_TOLERANCE = timedelta(hours=2)
"""How far apart the venues may publish one game's start where the same two meet again next day
(a tolerance of a day once paired two games of one series; settled pairs of May 2026). The games of
a double-header begin at least three hours apart."""

_REMATCH_TOLERANCE = timedelta(hours=3)
"""The same for e-sports, where two teams of a double elimination may meet twice in one day."""

_SERIES_DAYS = 45
"""How far apart the venues may end a round of playoffs; a year lies between two such rounds."""

_GOALS_MAX_E6 = 12_000_000
"""No line of a game counted in points is as low as this (basketball, American football)."""

_LONE_TOLERANCE = timedelta(hours=14)
"""The same where they meet once: tennis and fights move within their day."""


def contest_facets(kalshi: Card, polymarket: Card) -> tuple[tuple[Facet, ...], int | None]:
    """All facets of two contests and the index of the outcome paid with Kalshi YES."""
    facets = [
        _sport(kalshi, polymarket),
        _league(kalshi, polymarket),
        compare("metric", kalshi.metric, polymarket.metric),
        compare("period", kalshi.period, polymarket.period),
        (_season if kalshi.period == SERIES else _start)(kalshi, polymarket),
    ]
    if any(facet.verdict is not Verdict.EQUAL for facet in facets):
        return tuple(facets), None
    aligned = _align(kalshi, polymarket)
    sides = " / ".join(kalshi.sides), " / ".join(polymarket.sides)
    facets.append(judged("sides", aligned is not None, *sides))
    facets.append(_line(kalshi, polymarket))
    facets.append(_numbers(kalshi, polymarket))
    if aligned is None:
        return tuple(facets), None
    paying, facet = _paying(kalshi, polymarket, aligned)
    facets.append(facet)
    if kalshi.sport == "soccer" and kalshi.metric == "win" and not _is_yes_no(polymarket):
        # Kalshi's win market loses on a draw; a two-way market of the same match is void then.
        facets.append(judged("draw rule", False, "a draw loses", "two-way"))
    return tuple(facets), paying


def starts_agree(kalshi: Card, polymarket: Card) -> bool:
    """Whether two contests may begin at one time, as exactly as the venues say it."""
    league = LEAGUES.get(kalshi.league) or LEAGUES.get(polymarket.league)
    meets_daily = league[1] if league else kalshi.sport not in PERSON_SPORTS | ESPORTS | {"soccer"}
    is_local = league[2] if league else False
    one, other = kalshi.start, polymarket.start
    if one.instant and other.instant:
        tolerance = _SERIES_TOLERANCE if meets_daily else _LONE_TOLERANCE
        if kalshi.sport in ESPORTS:
            tolerance = _REMATCH_TOLERANCE
        return abs(one.instant - other.instant) <= tolerance
    if one.instant is not None:
        return any(day in _days_of(one, meets_daily, is_local) for day in other.days)
    slack = _slack(kalshi.sport, meets_daily=meets_daily)
    if other.instant is not None:
        day = local_day(other.instant)
        return any(day - own in slack for own in one.days)
    if (meets_daily and not is_local) or len(other.days) > 1:
        # Several days are already all the days it may fall on.
        slack = (timedelta(0),)
    return any(day - own in slack for own in one.days for day in other.days)


def _days_of(start: Start, meets_daily: bool, is_local: bool) -> set[date]:  # noqa: FBT001
    assert start.instant is not None, "asked for a start that is known to the minute"
    local, utc = local_day(start.instant), start.instant.date()
    if is_local and meets_daily:
        return {local}
    return {utc} if meets_daily else {local, utc}


def _slack(sport: str, *, meets_daily: bool) -> tuple[timedelta, ...]:
    """How many days a Polymarket date may lie after a Kalshi one (tennis: one to either side)."""
    if meets_daily:
        return (timedelta(0),)
    days = (-1, 0, 1) if sport in PERSON_SPORTS else (0, 1)
    return tuple(timedelta(days=day) for day in days)


def _sport(kalshi: Card, polymarket: Card) -> Facet:
    facet = compare("sport", kalshi.sport, polymarket.sport)
    if not kalshi.sport and not polymarket.sport:
        return Facet("sport", Verdict.NOT_UNDERSTOOD, "", "")
    if facet.verdict is not Verdict.MISSING:
        return facet
    if all(in_league(side, kalshi.league) for side in polymarket.sides):
        # The league's own table knows both sides: that says the sport.
        return Facet("sport", Verdict.EQUAL, kalshi.sport, kalshi.league)
    if kalshi.sport == "soccer" and kalshi.metric in {"total", "btts", "draw", "spread"}:
        line = polymarket.line
        if line is None or line.low_e6 < _GOALS_MAX_E6:
            return Facet("sport", Verdict.EQUAL, kalshi.sport, "by its line")
    if kalshi.period.startswith("set "):
        return Facet("sport", Verdict.EQUAL, kalshi.sport, "by its period")
    return facet


def _league(kalshi: Card, polymarket: Card) -> Facet:
    """Leagues whose sides share names (men and women, America and Korea) must be the same."""
    names = ONE_LEAGUE.get(kalshi.league, ""), ONE_LEAGUE.get(polymarket.league, "")
    texts = kalshi.league, polymarket.league
    return judged("league", not all(names) or names[0] == names[1], *texts)


def _season(kalshi: Card, polymarket: Card) -> Facet:
    """A round of playoffs has no start: in one league and year two teams meet in one."""
    ends = parse_day(kalshi.ends), parse_day(polymarket.ends)
    texts = kalshi.ends[:10], polymarket.ends[:10]
    leagues = {ONE_LEAGUE.get(card.league, "") for card in (kalshi, polymarket)}
    years = {kalshi.year_guess, polymarket.year_guess}
    is_one = len(leagues) == len(years) == 1 and all(leagues) and all(years)
    is_near = bool(ends[0] and ends[1] and near(ends[0], ends[1], _SERIES_DAYS))
    return judged("season", is_one and is_near, *texts)


def _start(kalshi: Card, polymarket: Card) -> Facet:
    texts = kalshi.start.text(), polymarket.start.text()
    if kalshi.start == Start() or polymarket.start == Start():
        return Facet("start", Verdict.MISSING, *texts)
    return judged("start", starts_agree(kalshi, polymarket), *texts)


def _align(kalshi: Card, polymarket: Card) -> dict[str, str] | None:
    """Which Polymarket side each Kalshi side is; None unless exactly one way fits."""
    left, right = kalshi.sides, polymarket.sides
    if not left or not right:
        return None
    table = {(a, b): _likeness(a, b, kalshi, polymarket) for a in left for b in right}
    fits = [
        [(a, b) for a, b in zip(left, order, strict=False)]
        for order in (right, right[::-1])
        if len(left) == len(right) == 2
    ]
    if len(left) != 2 or len(right) != 2:
        fits = [[(a, b)] for a in left for b in right]
    found = [pairs for pairs in fits if all(table[pair] is not Likeness.OTHER for pair in pairs)]
    same = [pairs for pairs in found if all(table[pair] is Likeness.SAME for pair in pairs)]
    if not found and _plays_once_a_day(kalshi, polymarket):
        found = [pairs for pairs in fits if len(pairs) == 2 and _is_by_opponent(pairs, table)]
    if len(found) != 1 and len(left) != len(right):
        # Founding years count for nothing, but here they may tell the one from the other.
        same = [pairs for pairs in same if all(is_named_alike(*pair) for pair in pairs)]
    if len(found) != 1 and len(same) != 1:
        return None
    return dict((same if len(same) == 1 else found)[0])


def _own(name: str, card: Card) -> str:
    """Which side of its own market a name means: itself if it is one, else the only one like it.

    Of two sides that are both like it ("CSKA", "CSKA 1948") it may be the one it is the same as.
    """
    if name in card.sides:
        return name
    likes = {side: side_likeness(name, side, card.sport, card.league) for side in card.sides}
    found = [side for side, like in likes.items() if like is not Likeness.OTHER]
    same = [side for side in found if likes[side] is Likeness.SAME]
    named = found if len(found) == 1 else same
    return named[0] if len(named) == 1 else ""


def _plays_once_a_day(kalshi: Card, polymarket: Card) -> bool:
    """Whether both contests are of one basketball league: a club of it meets one other a day.

    Such clubs bear their sponsors' names, which the venues write or leave out; whom the known side
    meets on that day is then one club. The large leagues have tables of their own, and colleges no
    sponsors. Esports have sponsors too, but also two squads of one name that meet a third on one
    day.
    """
    league = ONE_LEAGUE.get(kalshi.league, "")
    is_same = bool(league) and league == ONE_LEAGUE.get(polymarket.league, "")
    is_sponsored = league not in TEAMS and not league.startswith("ncaa")
    return is_same and kalshi.sport == "basketball" and is_sponsored


def _is_by_opponent(pairs: list[tuple[str, str]], table: dict[tuple[str, str], Likeness]) -> bool:
    """Whether one pair of sides is one club, and the other shares at least a word of its name."""
    return any(
        table[known] is Likeness.SAME and shares_word(*rest) for known, rest in (pairs, pairs[::-1])
    )


def _likeness(one: str, other: str, kalshi: Card, polymarket: Card) -> Likeness:
    league = kalshi.league if kalshi.league in TEAMS else ""
    sport = kalshi.sport or polymarket.sport
    like = side_likeness(one, other, sport, league)
    if sport in ESPORTS and adds_behind(one, other):
        # Sponsors stand before a name; what stands behind it makes another squad of the same owner.
        return Likeness.OTHER
    if like is Likeness.OTHER and sport in PERSON_SPORTS:
        if {one, other}.intersection((*kalshi.full, *polymarket.full)) and not called(one, other):
            # "Juan Doe" is a whole name where the title says "Doe": no two family names.
            return Likeness.OTHER
        if _are_surnames(kalshi):
            return surnames(one, other)
        if _are_surnames(polymarket):
            return surnames(other, one)
    return like


def _are_surnames(card: Card) -> bool:
    """Whether a title calls its players by family names: at least one of them has no other."""
    return bool(card.full) or any(len(words(fold(side))) == 1 for side in card.sides)


def _line(kalshi: Card, polymarket: Card) -> Facet:
    one, other = kalshi.line, polymarket.line
    if one is None and other is None:
        return Facet("line", Verdict.EQUAL, "", "")
    if one is None or other is None:
        return Facet("line", Verdict.MISSING, _text(one), _text(other))
    one, other = whole(one), whole(other)
    usual = SPORT_UNITS.get(kalshi.sport, "")
    units_agree = (one.unit or usual) == (other.unit or usual)
    agrees = units_agree and (one.op, one.low_e6) == (other.op, other.low_e6)
    if not units_agree and kalshi.sport in ESPORTS and {one.unit, other.unit} == {"maps", "games"}:
        agrees = (one.op, one.low_e6) == (other.op, other.low_e6)
    return judged("line", agrees, one.text(), other.text())


def _numbers(kalshi: Card, polymarket: Card) -> Facet:
    """Numbered tags of both ("ufc 328", "stage 1") must not contradict each other."""
    left = dict(tag.rsplit(" ", 1) for tag in kalshi.words)
    right = dict(tag.rsplit(" ", 1) for tag in polymarket.words)
    agrees = all(right.get(name, number) == number for name, number in left.items())
    return judged("numbers", agrees, ", ".join(kalshi.words), ", ".join(polymarket.words))


def _text(line: Line | None) -> str:
    return line.text() if line else ""


def _is_yes_no(card: Card) -> bool:
    return any(pay.startswith("not ") for pay in card.pays)


def _paying(kalshi: Card, polymarket: Card, aligned: dict[str, str]) -> tuple[int | None, Facet]:
    """The outcome that pays with Kalshi YES, by the names of the sides."""
    wanted = kalshi.subject
    if kalshi.metric in {"win", "spread"}:
        wanted = aligned.get(_own(kalshi.subject, kalshi), "")
    paid = [
        index
        for index, pay in enumerate(polymarket.pays)
        if not pay.startswith("not ")
        and (pay == wanted or (wanted in aligned.values() and _own(pay, polymarket) == wanted))
    ]
    agrees = len(paid) == 1
    if kalshi.metric == "spread" and agrees and not _is_yes_no(polymarket):
        # "A -1.5" and "B +1.5" are two ends of one line: ours is the side that gives the goals.
        agrees = polymarket.pays[paid[0]] == polymarket.subject
    texts = kalshi.subject, " / ".join(polymarket.pays)
    return (paid[0] if agrees else None), judged("side", agrees, *texts)
