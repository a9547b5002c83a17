"""Games, matches, fights and maps: two sides, a start, a period, a metric, perhaps a line.

The reader takes market phrases out of the title one by one; what remains must be the two sides and
harmless tags (a league, a stage). Anything else is unread, and an unread card pairs with nothing:
side bets are phrased without end.
"""

import re
from typing import NamedTuple

from twoleg.matching.card import Card, Family, Line, Op
from twoleg.matching.dates import (
    Start,
    near,
    parse_day,
    slug_day,
    take_moments,
    ticker_start,
    without_marks,
)
from twoleg.matching.families.phrases import Phrase, take_phrases
from twoleg.matching.lines import structured, whole
from twoleg.matching.listing import (
    KalshiListing,
    Listing,
    PolymarketListing,
    event_key,
    fingerprint,
    starts_at,
)
from twoleg.matching.names import Likeness, in_league, league_of, person, team
from twoleg.matching.tables import (
    ESPORTS,
    LEAGUES,
    SOCCER_SLUGS,
    TITLE_SPORTS,
)
from twoleg.matching.texts import fold, spoken, without_parentheses, words

PERSON_SPORTS = frozenset({"tennis", "mma", "boxing"})

_VERSUS = re.compile(r"^(?P<a>.+?) (?:vs\.?|v\.?|@) (?P<b>.+)$")
_AT = re.compile(r"^(?P<a>.+?) at (?P<b>.+)$")
_SEGMENT = re.compile(r"\s*(?:[:?|](?:\s|$)|\s-\s|\s-$|^-\s)\s*")
# Series whose bare title "A vs B" means the winner of the whole contest.
_PLAIN_SERIES = re.compile(r"^[A-Z0-9]*(?:GAME|MATCH|FIGHT|BOUT|BOXING)-", re.IGNORECASE)
_DRAWS = frozenset({"tie", "draw", "the tie", "a tie", "a draw"})
_TAG_STAGES = frozenset(
    "season stage playoffs playoff group round rounds week day split league cup final finals"
    " semifinal semifinals quarterfinal quarterfinals bracket qualifier qualifiers bo1 bo3 bo5"
    " rd bo tour challengers masters more markets".split()
)
_TAG_DANGERS = frozenset(
    "completed complete exact correct handicap spread spreads total totals odd even kill kills"
    " dragon baron tower roshan barracks toss double doubles triple pistol knife ace player players"
    " goalscorer scorer assist assists corner corners cards points rebounds threes method"
    " distance ko tko submission decision half halftime quarter inning innings period set sets map"
    " game leader lead leading margin any first last both most top over under series qualify"
    " qualifies advance advances penalty penalties overtime extra who what which will yes no"
    " than goals goal runs run strikeouts hits home shots saves win wins winner score scores draw"
    " tie props prop 1h 2h 1q 2q 3q 4q 1st 2nd 3rd 4th".split()
)
_SIDE_DANGERS = re.compile(
    r"\b(?:1st|2nd|3rd|4th|half|halftime|innings?|quarters?|periods?|winners?|totals?|handicap|spread"
    r"|score[sd]?|over|under|o/u|completed?|series|sets|maps|goals|runs|points|kills|corners|cards"
    r"|wins?|lead|leads|leading|who|which|will|be|either|both|any|map \d|set \d|game \d|round \d"
    r"|draw|tie|not|never|neither|nor|no|fails?|without|except|loses?|beats?|\d+(?:\.\d+)? ?\+)(?![\w])|\d\.\d|[?:%$]"
)
_OTHER_SQUADS = frozenset("women womens ladies youth reserves u17 u18 u19 u20 u21 u23 girls".split())
_SPORT_WORDS = (
    ("cs2", "cs2"), ("counter-strike", "cs2"), ("league of legends", "lol"), ("valorant", "valorant"),
    ("dota 2", "dota2"), ("mma", "mma"), ("ufc", "mma"), ("call of duty", "cod"),
    ("tennis", "tennis"), ("boxing", "boxing"),
)  # fmt: skip


class Parts(NamedTuple):
    """What the texts of a contest gave: its sides, phrases, tags and what was not read."""

    sides: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    tags: tuple[str, ...]
    subject: str
    unread: tuple[str, ...]
    day: str


def read(listing: Listing) -> Card | None:
    """The card of a contest, or None where the listing is no contest."""
    if isinstance(listing, KalshiListing):
        parts = _parts(listing.title, listing.event_title, allow_at=True)
        return None if parts is None else _kalshi(listing, parts)
    parts = _parts(listing.question, listing.event_title, allow_at=False)
    return None if parts is None else _polymarket(listing, parts)


def kalshi_league(ticker: str) -> str:
    """The league a Kalshi series ticker begins with (`KXMLBGAME`), or ""."""
    series = ticker.split("-", 1)[0].casefold().removeprefix("kx")
    found = [name for name in LEAGUES if series.startswith(name)]
    return max(found, key=len) if found else ""


def polymarket_league(slug: str) -> str:
    """The league a Polymarket game slug begins with, or ""."""
    head = slug.split("-", 1)[0].casefold()
    if slug_day(slug) is None:
        return ""
    if head in LEAGUES:
        return head
    if head in SOCCER_SLUGS:
        return "soccer:" + head
    return next((group for group in ("bk", "cric") if head.startswith(group)), "")


def sport_of(league: str) -> str:
    """The sport of a league name as the two functions above give it, or ""."""
    if league.startswith("soccer:"):
        return "soccer"
    return LEAGUES[league][0] if league in LEAGUES else ""


def side_likeness(one: str, other: str, sport: str, league: str = "") -> Likeness:
    """Compare two sides the way their sport names them."""
    return person(one, other) if sport in PERSON_SPORTS else team(one, other, league)


def _parts(title: str, event_title: str, *, allow_at: bool) -> Parts | None:
    own = _split(title, allow_at=allow_at)
    if own.sides and len(own.sides) == 2:
        return own
    context = _split(event_title, allow_at=allow_at) if event_title else None
    if context is not None and len(context.sides) == 2:
        if not own.phrases:
            return None
        return own._replace(sides=context.sides, tags=own.tags + context.tags)
    # Without the other side, only phrases that exist nowhere but in contests make one.
    return own if own.sides and any(phrase.alone for phrase in own.phrases) else None


def _split(title: str, *, allow_at: bool) -> Parts:
    text = spoken(fold(title)).rstrip("?! ")
    text, moments = take_moments(text)
    day = next((m.text()[-10:] for m in moments if m.year and m.day), "")
    limits = [m.text() for m in moments if m.relation in {"by", "before", "after"}]
    text = without_marks(text)
    text, phrases, subject = take_phrases(text)
    text, inner = without_parentheses(text)
    segments = [part for part in (p.strip(" .,-") for p in _SEGMENT.split(text)) if words(part)]
    sides: tuple[str, ...] = ()
    rest: list[str] = []
    before = True
    unread = limits
    for segment in segments:
        match = _VERSUS.match(segment)
        if match is None and allow_at and not sides:
            match = _AT.match(segment)
        if match is not None and not sides:
            sides = (_side(match["a"]), _side(match["b"]))
            before = False
            continue
        rest.append(segment)
        if not _is_tag(segment, strict=not before):
            unread.append(segment)
    unread += [text for text in inner if not _is_tag(text, strict=False)]
    if not sides and subject:
        sides = (subject,)
        # A lone side has no "before": the text around it must be read in full.
        unread = [part for part in unread if part != subject]
    unread += [side for side in sides if _SIDE_DANGERS.search(side) and side not in _DRAWS]
    return Parts(sides, phrases, tuple(rest) + inner, subject, tuple(unread), day)


def _side(text: str) -> str:
    return re.sub(r"^(?:the winner of )?(?:will )?", "", text).strip(" .,")


def _is_tag(segment: str, *, strict: bool) -> bool:
    parts = words(segment)
    if any(part in _TAG_DANGERS for part in parts):
        return False
    if _OTHER_SQUADS.intersection(parts) and "weight" not in segment:
        return False
    return not strict or any(part in _TAG_STAGES for part in parts) or segment in TITLE_SPORTS


def _numbered(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Numbered names in tags ("ufc 328", "stage 1")."""
    found = [match for tag in tags for match in re.findall(r"\b([a-z]{3,} \d{1,4})\b", tag)]
    return tuple(sorted(set(found)))


def _sport(league: str, parts: Parts) -> str:
    if sport := sport_of(league):
        return sport
    text = " ".join(parts.tags)
    for tag in parts.tags:
        if tag in TITLE_SPORTS:
            return TITLE_SPORTS[tag]
    for word, sport in _SPORT_WORDS:
        if re.search(rf"\b{re.escape(word)}\b", text):
            return sport
    return next((phrase.sport for phrase in parts.phrases if phrase.sport), "")


def _kalshi(listing: KalshiListing, parts: Parts) -> Card | None:
    league = kalshi_league(listing.ticker)
    sport = _sport(league, parts)
    start = ticker_start(listing.event_ticker or listing.ticker)
    if (instant := starts_at(listing)) is not None:
        start = Start(instant=instant)
    if start == Start() and not parts.phrases:
        return None
    said_day = parse_day(parts.day)
    begins = [*start.days, *([start.instant.date()] if start.instant else [])]
    said = spoken(fold(listing.yes_sub_title or listing.subtitle))
    said_text, said_phrases, _ = take_phrases(said)
    subject = parts.subject
    phrases = parts.phrases
    unread = list(parts.unread)
    if said_day and any(not near(said_day, day, 1) for day in begins):
        unread.append("day of the title against the start")
    if said in _DRAWS or subject in _DRAWS:
        phrases, subject = (*phrases, Phrase("draw")), ""
    elif said_phrases and not said_text.strip(" .:-"):
        phrases = phrases + said_phrases
    elif said not in {"", "yes", "no"}:
        subject = subject or said
    metric, period, line, more = _meaning(phrases, sport)
    unread += more
    line, fault = _with_strike(line, listing, metric)
    unread += fault
    if not parts.phrases and metric == "win" and not _PLAIN_SERIES.search(listing.ticker):
        unread.append("series of the ticker")
    sides = tuple(_plain_side(side, parts, sport) for side in parts.sides)
    if metric in {"win", "spread"}:
        pays, fault_text = _own_side(subject, sides, sport, league)
        unread += fault_text
    else:
        pays = "draw" if metric == "draw" else "yes"
    return Card(
        venue="kalshi", market_id=listing.ticker, fingerprint=fingerprint(listing),
        event=event_key(listing),
        family=Family.CONTEST, unread=tuple(unread), words=_numbered(parts.tags), sport=sport, league=league, sides=sides,
        start=start, metric=metric, period=period, line=line, subject=pays,
        ends=listing.close_time, labels=("yes",), pays=(pays,),
    )  # fmt: skip


def _polymarket(listing: PolymarketListing, parts: Parts) -> Card | None:
    league = polymarket_league(listing.slug or listing.event_slug)
    league = league or league_of(parts.sides)
    sport = _sport(league, parts)
    metric, period, line, unread = _meaning(parts.phrases, sport)
    start, said_day = Start(), parse_day(parts.day)
    if (instant := starts_at(listing)) is not None:
        start = Start(instant=instant)
        if said_day and not near(said_day, instant.date(), 1):
            unread = (*unread, "day of the title against the start")
    else:
        days = [slug_day(listing.slug) or slug_day(listing.event_slug) or said_day]
        days += [parse_day(day) for day in listing.game_days] if days == [None] else []
        start = Start(days=tuple(day for day in days if day is not None))
    if start == Start() and not parts.phrases:
        return None
    if line is not None and listing.line is not None and metric != "spread":
        fields = whole(Line(Op.GT, round(listing.line * 1_000_000), unit=line.unit))
        unread = (*unread, "line field") if fields != line else unread
    if metric == "win" and period == "match" and not _is_moneyline(listing):
        unread = (*unread, "market type against text")
    sides = tuple(_plain_side(side, parts, sport) for side in parts.sides)
    pays, fault = _label_pays(listing, metric, parts.subject, sides, sport, league)
    return Card(
        venue="polymarket", market_id=listing.market_id, fingerprint=fingerprint(listing),
        event=event_key(listing),
        family=Family.CONTEST, unread=(*parts.unread, *unread, *fault),
        words=_numbered(parts.tags), sport=sport,
        league=league, sides=sides, start=start, metric=metric, period=period, line=line,
        subject=_giver(metric, parts.subject, pays, sport, league), ends=listing.end_time,
        labels=listing.outcomes, pays=pays, tokens=listing.token_ids,
    )  # fmt: skip


def _is_moneyline(listing: PolymarketListing) -> bool:
    """Whether slug and market type allow a market of the whole contest's winner."""
    kind = listing.sports_market_type
    if kind and "moneyline" not in kind and "winner" not in kind:
        return False
    tail = re.split(r"20\d\d-\d\d-\d\d", listing.slug, maxsplit=1)[-1] if listing.slug else ""
    return not re.search(
        r"half|set|game\d|map|total|spread|btts|score|nrfi|completed|handicap|toss|first", tail
    )


def _giver(metric: str, subject: str, pays: tuple[str, ...], sport: str, league: str) -> str:
    """Whom the title is about, by the name its outcome carries."""
    if metric != "spread":
        return pays[0] if pays else ""
    named = [pay for pay in pays if side_likeness(pay, subject, sport, league) is not Likeness.OTHER]
    return named[0] if len(named) == 1 else ""


def _plain_side(side: str, parts: Parts, sport: str) -> str:
    """Cut a trailing sport or kind of contest off a side ("The Mongolz CS2 match")."""
    text = re.sub(r"\s+(?:professional )?(?:match|fight|game|bout|series)(?: scheduled.*)?$", "", side)
    for word, _ in _SPORT_WORDS:
        text = text.removesuffix(f" {word}").removesuffix(" professional")
    return text.strip()


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
        unit = next(iter(units), "") or _SPORT_UNITS.get(sport, "")
        line = whole(Line(line.op, line.low_e6, line.high_e6, unit))
    elif units:
        line = Line(Op.GE, 0, unit=next(iter(units)))
    return metric, next(iter(periods), "match"), line, tuple(unread)


_SPORT_UNITS = {
    "soccer": "goals", "baseball": "runs", "basketball": "points", "hockey": "goals",
    "football": "points", "tennis": "games",
}  # fmt: skip


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


def _own_side(
    subject: str, sides: tuple[str, ...], sport: str, league: str
) -> tuple[str, list[str]]:
    """Which of a market's own sides its YES names; exactly one must answer to the name."""
    if not subject:
        return "", ["unknown side"]
    if len(sides) < 2:
        return subject, []
    likes = [side_likeness(subject, side, sport, league) for side in sides]
    for wanted in (Likeness.SAME, Likeness.PART):
        found = [side for side, like in zip(sides, likes, strict=True) if like is wanted]
        if len(found) == 1:
            # Whichever name says more is kept: a fuller one is safer to compare later.
            return found[0] if len(found[0]) >= len(subject) else subject, []
        if found:
            break
    return "", [f"unknown side {subject}"]


def _label_pays(  # noqa: PLR0913
    listing: PolymarketListing,
    metric: str,
    subject: str,
    sides: tuple[str, ...],
    sport: str,
    league: str,
) -> tuple[tuple[str, ...], list[str]]:
    """What each outcome label pays on; by label alone, never by position."""
    labels = [fold(label) for label in listing.outcomes]
    if len(labels) != 2 or labels[0] == labels[1]:
        return (), ["outcome labels"]
    if set(labels) == {"yes", "no"}:
        claim = {"draw": "draw", "btts": "yes", "run": "yes"}.get(metric, "")
        if metric in {"win", "spread"}:
            claim = subject
        if metric == "total":
            claim = "yes"
        if not claim:
            return (), ["unknown side"]
        return tuple(claim if label == "yes" else "not " + claim for label in labels), []
    kinds = [re.sub(r"[\d.\s]+$", "", label) for label in labels]
    if set(kinds) == {"over", "under"} and metric == "total":
        return tuple("yes" if kind == "over" else "no" for kind in kinds), []
    if metric not in {"win", "spread"}:
        return (), ["outcome labels"]
    named = [_own_side(label, sides, sport, league) for label in labels]
    if any(fault for _, fault in named) or named[0][0] == named[1][0]:
        return (), ["outcome labels against sides"]
    return tuple(name for name, _ in named), []


def full_name(side: str, league: str) -> str:
    """The table's full name of a side, or the side as it stands."""
    return in_league(side, league) or side
