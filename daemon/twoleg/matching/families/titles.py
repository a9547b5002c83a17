"""Titles of contests cut into sides, market phrases, tags, and what could not be read."""

import re
from functools import lru_cache
from typing import NamedTuple

from twoleg.matching.dates import slug_day, take_moments, without_marks
from twoleg.matching.families.phrases import Phrase, take_phrases
from twoleg.matching.tables import (
    BASKETBALL_SLUGS,
    LEAGUES,
    ONE_LEAGUE,
    SOCCER_SLUGS,
    STATES,
    TEAMS,
    TITLE_SPORTS,
)
from twoleg.matching.texts import fold, spoken, without_parentheses, words

_VERSUS = re.compile(r"^(?P<a>.+?) (?:vs\.?|v\.?|@) (?P<b>.+)$")
_AT = re.compile(
    r"^(?!(?:will|who|whom|what|which|how|when|where|does|did|is|are|has|have|can)\b)"
    r"(?P<a>.+?) at (?P<b>.+)$"
)
_IN_STATE = re.compile(rf"(?<=\w) \(({'|'.join(STATES)})\)")
"""The state by which two colleges of one name are told apart: "Miami (OH)"."""

_SEGMENT = re.compile(r"\s*(?:[:?|](?:\s|$)|\s-\s|\s-$|^-\s)\s*")
_BEST_OF = re.compile(r"\(bo\d\) - [^:|()-]+$")
"""How a whole match ends its title: the tournament stands after the length of the series."""

DRAWS = frozenset({"tie", "draw", "the tie", "a tie", "a draw"})
_TAG_STAGES = frozenset({
    "season", "stage", "playoffs", "playoff", "group", "round", "rounds", "week", "day", "split",
    "league", "cup", "final", "finals", "semifinal", "semifinals", "quarterfinal", "quarterfinals",
    "bracket", "qualifier", "qualifiers", "bo1", "bo3", "bo5", "rd", "bo", "tour", "challengers",
    "masters", "more", "markets",
})  # fmt: skip
_TAG_DANGERS = frozenset({
    "completed", "complete", "exact", "correct", "handicap", "spread", "spreads", "total", "totals",
    "odd", "even", "kill", "kills", "dragon", "baron", "tower", "roshan", "barracks", "toss",
    "double", "doubles", "triple", "pistol", "knife", "ace", "player", "players", "goalscorer",
    "scorer", "assist", "assists", "corner", "corners", "cards", "points", "rebounds", "threes",
    "method", "distance", "ko", "tko", "submission", "decision", "half", "halftime", "quarter",
    "inning", "innings", "period", "set", "sets", "map", "game", "leader", "lead", "leading",
    "margin", "any", "first", "last", "both", "most", "top", "over", "under", "series", "qualify",
    "qualifies", "advance", "advances", "penalty", "penalties", "overtime", "extra", "who", "what",
    "which", "will", "yes", "no", "than", "goals", "goal", "runs", "run", "strikeouts", "hits",
    "home", "shots", "saves", "win", "wins", "winner", "score", "scores", "draw", "tie", "props",
    "prop", "1h", "2h", "1q", "2q", "3q", "4q", "1st", "2nd", "3rd", "4th",
    "aces", "faults", "tiebreak", "tiebreaks", "breaks", "fouls", "offsides", "bookings", "booked",
    "yellow", "red", "tackles", "sacks", "touchdown", "touchdowns", "yards", "blocks", "steals",
    "turnovers", "wickets", "sixes", "fours", "boundaries", "powerplay", "knockdown", "knockdowns",
    "takedowns", "strikes", "headshots", "plants", "eliminations", "bet", "bets", "race", "mvp",
    "best", "longest", "fastest", "highest", "attendance", "duration", "minutes", "time", "opening",
    "exactly", "least", "combo", "parlay", "special", "specials", "regulation", "reg",
    "ot", "aet", "90", "60", "minute", "min", "mins", "excluding", "excl", "including", "incl",
    "without", "aggregate", "agg", "shootout", "shootouts", "dnb", "void", "voids",
    "leg", "legs", "team", "1p", "2p", "3p", "f3", "f5", "f7", "doubleheader",
})  # fmt: skip
_SIDE_DANGERS = re.compile(
    r"\b(?:1st|2nd|3rd|4th|half|halftime|innings?|quarters?|periods?|winners?|totals?|handicap"
    r"|spread"
    r"|score[sd]?|over|under|o/u|completed?|series|sets|maps|goals|runs|points|kills|corners|cards"
    r"|wins?|lead|leads|leading|who|which|will|be|either|both|any|map \d|set \d|game \d|round \d"
    r"|regulation|overtime|extra|penalties|shootout|sweep"
    r"|draw|tie|not|never|neither|nor|no|fails?|without|except|loses?|beats?"
    r"|\d+(?:\.\d+)? ?\+)(?![\w])|\d\.\d|[?:%$]"
)
_NARROW = re.compile(
    r"\b(?:half|1h|2h|[1-4]q|quarters?|innings?|periods?|sets?|maps?|rounds?|overtime|corners|cards"
    r"|series|women|womens|u\d\d|doubleheader|double-header|game \d|regulation|aggregate)\b"
)
_OTHER_CONTEST = re.compile(
    r"\bsummer league\b|\bg[- ]league\b|\b2k\d*\b|\bsimulat\w+|\bcyber\b|\benba\b"
    r"|\bcoin (?:flip|toss)\b|\bjump ball\b|\bkick-?off\b|\btip-?off\b"
)
"""What two teams of these names play, or what is won, beside their game."""

_OTHER_SQUADS = frozenset({
    "women", "womens", "ladies", "youth", "reserves", "u17", "u18", "u19", "u20", "u21", "u23",
    "girls",
})  # fmt: skip
_OTHER_LEAGUE = re.compile(
    r"w(?=game|match|spread|total|btts|adv|[12][hq]|$)|women|youth|girls|u\d\d|gleague|nextpro"
)
"""What follows a league in a series of other squads of its clubs (`ucl` in `KXUCLWGAME`)."""
_KIND_OF_CONTEST = re.compile(
    r"\s+(?:professional )?(?:match|fight|game|bout|series)(?: scheduled.*)?$"
)
_SPORT_WORDS = (
    ("cs2", "cs2"), ("counter-strike", "cs2"), ("league of legends", "lol"),
    ("valorant", "valorant"), ("dota 2", "dota2"), ("mma", "mma"), ("ufc", "mma"),
    ("call of duty", "cod"), ("tennis", "tennis"), ("boxing", "boxing"),
)  # fmt: skip


_OF_ONE_SIDE = "of one side:"


class Parts(NamedTuple):
    """What the texts of a contest gave: its sides, phrases, tags and what was not read."""

    sides: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    tags: tuple[str, ...]
    subject: str
    unread: tuple[str, ...]
    day: str


def title_parts(title: str, event_title: str, *, allow_at: bool) -> Parts | None:
    """The parts of a title; its event's title gives what the title leaves out."""
    own = split_title(title, allow_at=allow_at)
    context = split_title(event_title, allow_at=allow_at) if event_title else None
    if context is not None and len(context.sides) != 2:
        context = None
    if len(own.sides) == 2:
        if context is not None:
            own = own._replace(sides=_fuller(own.sides, context.sides))
        is_bare = all(phrase == Phrase("win") for phrase in own.phrases)
        if context is not None and is_bare:
            # A bare title under "...: First 5 Innings" means less than the whole contest.
            said = [phrase.metric for phrase in context.phrases if phrase.metric != "win"]
            return own._replace(unread=own.unread + _narrowing(context) + tuple(said))
        if context is not None:
            return own._replace(unread=own.unread + _narrowed(own, context))
        return own
    if context is not None:
        if not own.phrases:
            return None
        periods = tuple(Phrase("", phrase.period) for phrase in context.phrases if phrase.period)
        return own._replace(
            sides=context.sides,
            tags=own.tags + context.tags,
            phrases=own.phrases + periods,
            unread=own.unread + _narrowing(context),
        )
    # Without the other side, only phrases that exist nowhere but in contests make one.
    return own if own.sides and any(phrase.alone for phrase in own.phrases) else None


@lru_cache(maxsize=16_384)
def split_title(title: str, *, allow_at: bool) -> Parts:
    """The parts of one title; `allow_at` reads "A at B" as two sides, as Kalshi writes them."""
    text = _IN_STATE.sub(r" \1", spoken(fold(title)).rstrip("?! "))
    text, moments = take_moments(text)
    day = next((m.text()[-10:] for m in moments if m.year and m.day), "")
    limits = [m.text() for m in moments if m.relation in {"by", "before", "after"}]
    text = without_marks(text)
    text, phrases, subject = take_phrases(text)
    series = _BEST_OF.search(text)
    text, inner = without_parentheses(text)
    segments = [part for part in (p.strip(" .,-") for p in _SEGMENT.split(text)) if words(part)]
    tournament = segments[-1] if series is not None and segments else ""
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
        if not _is_tag(segment, strict=not before and segment != tournament):
            unread.append(segment)
    unread += [text for text in inner if not _is_tag(text, strict=False)]
    if not sides:
        # Without "A vs B" no segment stands before it: each must be a known stage or sport.
        unread += [part for part in rest if not _is_tag(part, strict=True) and part not in unread]
    own_words = [set(words(side)) for side in sides]
    unread += [
        f"{_OF_ONE_SIDE} {part}"
        for part in (*rest, *inner)
        if any(_is_of(part, names) for names in own_words)
    ]
    if not sides and subject:
        sides = (subject,)
        unread = [part for part in unread if part != subject]
    unread += [side for side in sides if _SIDE_DANGERS.search(side) and side not in DRAWS]
    return Parts(sides, phrases, tuple(rest) + inner, subject, tuple(unread), day)


def _is_of(part: str, side: set[str]) -> bool:
    """Whether a part of a title speaks of one side alone ("Oakline", "Oakline Team Total")."""
    said = set(words(part))
    named = said - _TAG_DANGERS
    return side.issuperset(said) or bool(named and side.issuperset(named))


def _fuller(own: tuple[str, ...], context: tuple[str, ...]) -> tuple[str, ...]:
    """The sides by their event's fuller names, if each own name is part of one of them."""
    for order in (context, context[::-1]):
        pairs = list(zip(own, order, strict=True))
        if all(set(words(short)) <= set(words(long)) for short, long in pairs):
            return order
    return own


def _narrowed(own: Parts, context: Parts) -> tuple[str, ...]:
    """What an event's title says of period and side that the market's own title does not."""
    periods = {_number_of(phrase.period) for phrase in own.phrases if phrase.period}
    said = {phrase.period for phrase in context.phrases if phrase.period}
    unread = tuple(sorted(period for period in said if _number_of(period) not in periods))
    own_side = tuple(part for part in context.unread if part.startswith(_OF_ONE_SIDE))
    return unread + (own_side if periods else _narrowing(context))


def _number_of(period: str) -> str:
    """The venues call one part of a series "map" or "game"."""
    return period.replace("game ", "map ")


def is_side_danger(side: str) -> bool:
    """Whether a name of a side carries a condition ("Oakline in extra innings")."""
    return _SIDE_DANGERS.search(side) is not None


def _narrowing(context: Parts) -> tuple[str, ...]:
    """Unread parts of an event's title that speak of less than the whole contest."""
    return tuple(
        part
        for part in context.unread
        if part.startswith(_OF_ONE_SIDE) or _NARROW.search(part) or _OTHER_CONTEST.search(part)
    )


def _side(text: str) -> str:
    return re.sub(r"^(?:the winner of )?(?:will )?", "", text).strip(" .,")


def _is_tag(segment: str, *, strict: bool) -> bool:
    parts = words(segment)
    if any(part in _TAG_DANGERS for part in parts) or _OTHER_CONTEST.search(segment):
        return False
    if _OTHER_SQUADS.intersection(parts) and "weight" not in segment:
        return False
    return not strict or any(part in _TAG_STAGES for part in parts) or segment in TITLE_SPORTS


def numbered(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Numbered names in tags ("ufc 328", "stage 1")."""
    found = [match for tag in tags for match in re.findall(r"\b([a-z]{3,} \d{1,4})\b", tag)]
    return tuple(sorted(set(found)))


def sport_from(league: str, parts: Parts) -> str:
    """The sport of a contest: by its league, a tag of its title, or a phrase only one sport has."""
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


def playoffs_league(tags: tuple[str, ...]) -> str:
    """The league whose playoffs a tag names ("NBA Playoffs"), or ""."""
    heads = (tag.removesuffix(" playoffs") for tag in tags if tag.endswith(" playoffs"))
    return next((head for head in heads if head in TEAMS), "")


def league_fault(league: str, tags: tuple[str, ...]) -> tuple[str, ...]:
    """Tags that name another league or sport than the ticker or slug does."""
    sport, one = sport_of(league), ONE_LEAGUE.get(league, "")
    return tuple(
        f"league {tag}"
        for tag in tags
        if tag in LEAGUES
        and sport
        and (LEAGUES[tag][0] != sport or (one and ONE_LEAGUE.get(tag, one) != one))
    )


def plain_side(side: str) -> str:
    """Cut a trailing sport or kind of contest off a side ("The Mongolz CS2 match")."""
    text = re.sub(
        r"\s+(?:professional )?(?:match|fight|game|bout|series)(?: scheduled.*)?$", "", side
    )
    for word, _ in _SPORT_WORDS:
        text = text.removesuffix(f" {word}").removesuffix(" professional")
    return text.strip()


def kalshi_league(ticker: str) -> str:
    """The league a Kalshi series ticker begins with (`KXMLBGAME`), or ""."""
    return _series_league(ticker.split("-", 1)[0].casefold().removeprefix("kx"))


@lru_cache(maxsize=8_192)
def _series_league(series: str) -> str:
    found = [name for name in LEAGUES if series.startswith(name)]
    league = max(found, key=len) if found else ""
    rest = series.removeprefix(league)
    # The same clubs play in the league of the women; persons of one tour are named as elsewhere.
    is_other = bool(_OTHER_LEAGUE.match(rest)) and sport_of(league) != "tennis"
    return "" if is_other else league


def polymarket_league(slug: str) -> str:
    """The league a Polymarket game slug begins with, or ""."""
    head = slug.split("-", 1)[0].casefold()
    if slug_day(slug) is None:
        return ""
    if head in LEAGUES:
        return head
    if head in SOCCER_SLUGS:
        return "soccer:" + head
    if head in BASKETBALL_SLUGS:
        return BASKETBALL_SLUGS[head]
    groups = (group for group in ("bk", "cric") if head.startswith(group))
    return next((group for group in groups if not head.startswith(f"{group}w")), "")


def sport_of(league: str) -> str:
    """The sport of a league name as the two functions above give it, or ""."""
    if league.startswith("soccer:"):
        return "soccer"
    return LEAGUES[league][0] if league in LEAGUES else ""
