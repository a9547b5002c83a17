"""Everything that is no contest: elections, offices, titles, awards, economy, deadlines.

A claim is taken apart: dates, lines, districts, offices, parties, the subject; the words that stay
are the rest of the claim, and two claims are one only if no word stays on one side alone.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from twoleg.matching.card import Card, Family, Line
from twoleg.matching.dates import (
    Moment,
    Start,
    last_day,
    take_hour,
    take_moments,
    take_years,
    ticker_start,
    ticker_year,
    without_marks,
)
from twoleg.matching.families.common import asked_year, end_year, outcome_pays
from twoleg.matching.families.denied import is_leader_out
from twoleg.matching.families.questions import stated
from twoleg.matching.families.titles import kalshi_league, polymarket_league
from twoleg.matching.families.vocabulary import BOILERPLATE, canonical
from twoleg.matching.lines import structured, take_figures, take_lines
from twoleg.matching.listing import (
    KalshiListing,
    Listing,
    PolymarketListing,
    event_key,
    fingerprint,
)
from twoleg.matching.names import Likeness, party_of
from twoleg.matching.names import subject as same_subject
from twoleg.matching.texts import fold, spoken, without_parentheses

_VERB = (
    r"(?:win|be|become|finish|lead|place|advance|qualify|have|say|run|announce|release|leave|clinch"
    r"|make|visit|perform|attend|host|sign|receive|get|become|reach|retire|join|return|endorse|hold"
    r"|pass|resign|acquire|launch|ipo|file|go|declare|drop|control|hit)"
)
_SUBJECT = re.compile(rf"^will (?:the )?(?P<who>[^?:]+?) (?P<verb>{_VERB})\b")
_WORK = re.compile(
    rf"^will (?P<who>\"[^\"?]+\"|[^?: ]+(?: [^?: ]+){{0,3}}: [^?:]+?) (?P<verb>{_VERB})\b"
)
# A work's name may carry a subtitle: "Will Acme: The Return win".
_BE_SUBJECT = re.compile(r"^will the next (?P<what>[^?]+?) be (?P<who>[^?]+)$")
_HOW_MANY = re.compile(
    rf"^how (?:many|much) (?P<what>[^?:]+?) will (?:the )?(?P<who>[^?:]+?) (?P<verb>{_VERB})\b"
    r"(?P<rest>[^?:]*)$"
)
_ANYONE = re.compile(r"^any(?:one|body|(?: [a-z]+){0,2} candidate)$")
_QUESTION = re.compile(r"^(?:who|which|what|when|how)\b|\bwho will\b|\bwhich\b")
_ASKED = re.compile(r"^(?:who|which|what)\b.*\b(?:will|is|are)\b")
_TURNS = re.compile(r"\b(?:not|never|neither|nor|no|both|either|fail|without|except|all|none)\b")
_MEETING = re.compile(
    r"\b(?:after|following|at|in) (?:(?:the|their|its|fed's|fomc) )*(?=[a-z]{3,9} 20\d\d meeting\b)"
)
# A decision is taken at a meeting and stands after it: the venues mean one thing.
_OR_QUOTED = re.compile(r'(?<=") or (?=")')
_AND_QUOTED = re.compile(r'(?<=") and (?=")')
_QUOTED = re.compile(r'"([^"]{1,80})"')
_TOKEN = re.compile(r"(?:office|district|party|state):[a-z0-9-]+|[a-z0-9]+(?:[.'/][a-z0-9]+)*")
_FAMILY_WORDS = (
    (Family.ECONOMY, ("fed", "cpi", "inflation", "gdp", "unemployment", "payrolls", "recession",
                      "bps", "jobs", "interest", "rate", "rates")),
)  # fmt: skip


_AWARDS = frozenset({
    "mvp", "oscar", "grammy", "emmy", "tony", "prize", "manageroftheyear", "comebackoftheyear",
    "rookieoftheyear", "defenderoftheyear", "coachoftheyear", "mip", "sixthman", "goldenglobe",
    "gameoftheyear", "trophy", "bafta",
})  # fmt: skip
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_AWARD = re.compile(
    r"\b(?:player|coach|manager|rookie|driver|album|song|record|artist) of the year\b"
    r"|\bawards?\b(?! shows?)|\btrophy\b|\bheisman\b|\bballon d'or\b|\bgolden boot\b"
)
_COMPETITIONS = frozenset({
    "playoffs", "relegated", "draftpick", "semifinal", "semifinals", "quarterfinals", "epl",
    "bundesliga", "ligue",
})  # fmt: skip
"""Words of results that come once a season, as winning does."""

_ELECTION_DAY = re.compile(
    r"\b((?:before|by|after|following|until|since) (?:the )?(?:20\d\d )?"
    r"(?:midterms?(?: elections?)?|(?<=\d )(?:\w+ )?elections?))\b"
)
"""A vote that ends a claim is no plain year: it must be named on both sides."""
_CHAMBER_AFTER = re.compile(
    r"\b(?:control|win)(?: control)?(?: of)?(?: the)?(?: us)? (?:house|senate)"
    r" (?:after|following) (?:the )?(?:20\d\d )?midterms?\b"
)
"""Who holds a chamber after the midterms is who wins it in them; of nothing else is that so."""
_OF_WOMEN = re.compile(r"[A-Z]*?(?:WWC|WOMEN)")
_CONFERENCES = frozenset({"easternconference", "westernconference"})
_WOMEN = ("women", "woman", "wnba", "ncaaw")
_DAY_ENDS = {"23:59 et": "by", "00:00 et": "before"}
"""Hours at which a day ends: the venues' own zone, so that a deadline reads as without them."""


class Read(NamedTuple):
    """One text taken apart."""

    moments: tuple[Moment, ...]
    lines: tuple[Line, ...]
    figures: tuple[str, ...]
    hour: str
    tokens: tuple[str, ...]


def read(listing: Listing) -> Card:
    """The card of any market as a claim."""
    if isinstance(listing, KalshiListing):
        return _kalshi(listing)
    return _polymarket(listing)


def _kalshi(listing: KalshiListing) -> Card:
    title, inner = without_parentheses(fold(listing.title).rstrip("? "))
    said = fold(listing.yes_sub_title or listing.subtitle)
    title, said = stated(_this_year(title, listing), said, listing.ticker)
    rest, subject = _parsed(title)
    unread = _negated(subject)
    threshold = _read(said) if said not in {"", "yes"} else Read((), (), (), "", ())
    is_name = bool(threshold.tokens)
    if subject and is_name and not _says(title, said) and not _is_same(subject, said):
        # "Will Prime Minister of X leave first?" under the name of its holder: two names, so the
        # claim is no longer this title's alone.
        unread.append(f"subject {subject} against {said}")
    whole = _read(title)
    unread += _ticker_faults(listing, whole.tokens)
    if not subject and is_name and not (_says(title, said) or _covers(whole, threshold)):
        subject, rest = said, title
        if not (_QUESTION.search(title) or _is_noun_phrase(title)):
            unread.append(f"subject {said} beside a whole question")
    main = _read(rest)
    main = main._replace(tokens=main.tokens + _ticker_words(listing.ticker, main.tokens))
    is_award = _AWARDS.intersection(main.tokens) or _AWARD.search(title)
    if subject == said and _is_noun_phrase(title) and is_award and not _ASKED.search(title):
        # An award named alone is asked for its winner.
        main = main._replace(tokens=tuple(dict.fromkeys(("win", *main.tokens))))
    moments = _merged(main.moments, threshold.moments)
    if not moments:
        moments = tuple(m for text in inner for m in _read(text).moments)
    known = set(whole.tokens)
    if not all(_explains(text, title) or not set(_read(text).tokens) - known for text in inner):
        unread.append("parentheses")
    lines = tuple(dict.fromkeys((*main.lines, *threshold.lines)))
    lines, fault = _with_strike(lines, listing)
    year_guess = asked_year(listing)
    faults = (*unread, *fault)
    return _card(
        listing, subject, main, moments, lines, unread=faults, year_guess=year_guess,
    )  # fmt: skip


def _polymarket(listing: PolymarketListing) -> Card:
    title, inner = without_parentheses(fold(listing.question).rstrip("? "))
    rest, subject = _parsed(title)
    main = _read(rest)
    unread = [] if all(_explains(text, title) for text in inner) else ["parentheses"]
    unread += _negated(subject)
    if listing.game_start_time or listing.sports_market_type or polymarket_league(listing.slug):
        unread.append("a game's market without its sides")
    return _card(
        listing, subject, main, main.moments, main.lines, unread=tuple(unread),
        year_guess=end_year(listing),
    )  # fmt: skip


def _card(
    listing: Listing,
    subject: str,
    main: Read,
    moments: tuple[Moment, ...],
    lines: tuple[Line, ...],
    *,
    unread: tuple[str, ...],
    year_guess: int,
) -> Card:
    kept = [token for token in main.tokens if ":" not in token]
    pays, label_fault = (
        (("yes",), ()) if isinstance(listing, KalshiListing) else outcome_pays(listing)
    )
    many = ("several lines",) if len(lines) > 1 else ()
    subject_party = party_of(subject)
    return Card(
        venue="kalshi" if isinstance(listing, KalshiListing) else "polymarket",
        market_id=listing.market_id, fingerprint=fingerprint(listing),
        event=event_key(listing),
        family=_family(main.tokens, subject), unread=(*unread, *label_fault, *many),
        league=_league(listing, main.tokens), subject=subject_party or subject,
        named=() if subject_party else _named(subject),
        line=lines[0] if lines else None, metric=" ".join(sorted(main.figures)),
        office=_kind(main.tokens, "office"), district=_kind(main.tokens, "district", "state"),
        party=_kind(main.tokens, "party"), words=tuple(sorted(set(kept))),
        order=tuple(kept),
        deadlines=_deadlines(moments, year_guess), years=_years(moments), year_guess=year_guess,
        hour=main.hour, ends=_ends(listing),
        death_rule=is_leader_out(_title(listing)),
        labels=("yes",) if isinstance(listing, KalshiListing) else listing.outcomes,
        pays=pays, tokens=() if isinstance(listing, KalshiListing) else listing.token_ids,
    )  # fmt: skip


def _parsed(title: str) -> tuple[str, str]:
    """The title and its subject as taken apart below.

    A measure ("Will growth be above 2 %") is the claim itself and nobody's name.
    """
    rest, subject = _subject(title)
    is_name = subject != "there" and not _ANYONE.match(subject) and bool(_read(rest).tokens)
    return (rest, subject) if not subject or is_name else (title, "")


def _named(subject: str) -> tuple[str, ...]:
    """The words of a subject; () where offices or places among them would change their place."""
    tokens = _read(subject).tokens
    return () if any(":" in token for token in tokens) else tokens


def _subject(title: str) -> tuple[str, str]:
    """The title without its subject, and the subject, where it asks whether somebody does it."""
    if match := _BE_SUBJECT.match(title):
        return f"next {match['what']}", match["who"]
    if match := _HOW_MANY.match(title):
        return f"{match['verb']} {match['what']}{match['rest']}", match["who"]
    head, _, tail = title.rpartition(": ")
    match = _SUBJECT.match(title) or _WORK.match(title) or _SUBJECT.match(tail)
    if match is None:
        return title, ""
    source = title if match.string == title else tail
    prefix = "" if source is title else f"{head} "
    return prefix + source[match.start("verb") :], match["who"]


def _ticker_faults(listing: KalshiListing, tokens: tuple[str, ...]) -> list[str]:
    """Where a title says less than its ticker.

    Titles of `KXVPRESNOM` have read "presidential nomination" (public rows, 2026), and titles of a
    game's side markets may name one player and no game.
    """
    faults = []
    if "VPRES" in listing.ticker.upper() and "office:vicepresident" not in tokens:
        faults.append("vice president by ticker, not by title")
    if _OF_WOMEN.match(listing.ticker.upper()) and not any(t.startswith(_WOMEN) for t in tokens):
        faults.append("women by ticker, not by title")
    if listing.ticker.upper().startswith("KXMLS") and not _CONFERENCES.isdisjoint(tokens):
        # Of soccer, and won in a table and in a final: only a title that says so is read.
        faults.append("soccer by ticker, not by title")
    if kalshi_league(listing.ticker) and ticker_start(listing.ticker) != Start():
        faults.append("a game's market without its sides")
    return faults


def _ticker_words(ticker: str, tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Which semi-final a title leaves to its series ("EUROVISIONFIRSTSFINAL"), or whose title."""
    if ticker.upper().startswith("KXUFC") and "championship" in tokens and "ufc" not in tokens:
        return ("ufc",)
    if "semifinal" not in tokens or {"1st", "2nd"}.intersection(tokens):
        return ()
    series = ticker.upper().split("-", 1)[0]
    return tuple(word for name, word in (("FIRST", "1st"), ("SECOND", "2nd")) if name in series)


def _this_year(title: str, listing: KalshiListing) -> str:
    """A title with its ticker's year in the place of "this year"."""
    year = ticker_year(listing.ticker)
    return title.replace("this year", f"in {year}") if year else title


def _covers(title: Read, answer: Read) -> bool:
    """Whether a title says all that its answer says, in whatever words."""
    return bool(answer.tokens) and set(answer.tokens) <= set(title.tokens)


def _is_same(subject: str, said: str) -> bool:
    return same_subject(subject, said) is Likeness.SAME


def _negated(subject: str) -> list[str]:
    """A subject that is none: "Will X not ..." and "Will both X and Y ..." turn the claim."""
    return [f"subject {subject}"] if _TURNS.search(subject) else []


@lru_cache(maxsize=4_096)
def _read(text: str) -> Read:
    text = _AND_QUOTED.sub(" both ", _OR_QUOTED.sub(" ", text))
    quoted = _QUOTED.findall(text)
    plain = _MEETING.sub("at ", spoken(_QUOTED.sub(" ", text)))
    if not _CHAMBER_AFTER.search(plain):
        plain = _ELECTION_DAY.sub(r"\1 electionday", plain)
    rest, moments = take_moments(plain)
    rest, hour = take_hour(rest) if moments else (rest, "")
    if hour in _DAY_ENDS and any(moment.relation == _DAY_ENDS[hour] for moment in moments):
        # "By May 31, 11:59 PM ET" says no more than "by May 31".
        hour = ""
    rest = canonical(rest)
    rest, years = take_years(rest)
    rest = without_marks(rest)
    rest, lines = take_lines(rest)
    rest, figures = take_figures(rest)
    rest = _THOUSANDS.sub("", rest)
    found = (t.removesuffix("'s").replace("'", "") for t in _TOKEN.findall(rest))
    tokens = [token.removesuffix(".0") for token in found]
    if "nominee" in tokens:
        # To win a nomination is to be the nominee.
        tokens = [word for word in tokens if word != "win"]
    said = tuple(f"said {' '.join(quote.split())}" for quote in quoted)
    return Read(
        (*moments, *years), lines, figures, hour,
        tuple(token for token in tokens if token not in BOILERPLATE) + said,
    )  # fmt: skip


def _says(title: str, said: str) -> bool:
    """Whether a title already contains what its subtitle says."""
    left = set(_TOKEN.findall(title))
    return set(_TOKEN.findall(said)) <= left


def _explains(inner: str, title: str) -> bool:
    """Whether parentheses only abbreviate or repeat the title."""
    parts = _TOKEN.findall(inner)
    if parts in (["person"], ["party"]):
        return True  # what the answers are, where a race is asked for by both
    if inner == "u-3" and "unemployment rate" in title:
        return True  # the rate that is called so without more
    return len(parts) == 1 and (
        "".join(word[0] for word in title.split()).find(parts[0]) >= 0 or parts[0] in title
    )


def _is_noun_phrase(title: str) -> bool:
    return not re.match(r"^(?:will|does|did|is|are|can|has|have)\b", title)


def _merged(one: tuple[Moment, ...], other: tuple[Moment, ...]) -> tuple[Moment, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _with_strike(
    lines: tuple[Line, ...], listing: KalshiListing
) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    strike = structured(listing.strike_type, listing.floor_strike, listing.cap_strike)
    if strike is None:
        return lines, ()
    if not lines:
        # A ladder whose texts leave the line to the fields.
        return (strike,), ()
    said = lines[0]
    agrees = (said.op, said.low_e6, said.high_e6) == (strike.op, strike.low_e6, strike.high_e6)
    return lines, () if agrees else (f"strike fields {strike.text()} against {said.text()}",)


def _kind(tokens: tuple[str, ...], *kinds: str) -> tuple[str, ...]:
    return tuple(
        sorted({token for token in tokens if token.split(":")[0] in kinds and ":" in token})
    )


def _years(moments: tuple[Moment, ...]) -> tuple[int, ...]:
    return tuple(
        sorted(
            {
                m.year
                for m in moments
                if m.year and not m.month and m.relation not in {"by", "before", "end", "after"}
            }
        )
    )


def _deadlines(moments: tuple[Moment, ...], year_guess: int) -> tuple[Moment, ...]:
    """Deadlines, days and months as the last day they include, in one form for both venues."""
    found = []
    for moment in moments:
        if not moment.month and moment.relation not in {"by", "before", "end", "after"}:
            continue
        year = moment.year or year_guess
        relation = {"before": "by", "by the end of": "by", "by end of": "by"}.get(
            moment.relation, moment.relation
        )
        if relation in {"on", "end", ""} and (moment.day or relation == "end"):
            relation = "on"
        elif not relation:
            relation = "in"  # "the May 2026 rate" is that of May
        found.append(last_day(moment, year, relation))
    return tuple(sorted(set(found), key=lambda m: (m.relation, m.year, m.month, m.day)))


def _title(listing: Listing) -> str:
    return fold(listing.title if isinstance(listing, KalshiListing) else listing.question)


def _ends(listing: Listing) -> str:
    return listing.close_time if isinstance(listing, KalshiListing) else listing.end_time


def _league(listing: Listing, tokens: tuple[str, ...]) -> str:
    if isinstance(listing, KalshiListing) and (league := kalshi_league(listing.ticker)):
        return league
    for league in ("wnba", "nba", "mlb", "nhl", "nfl"):
        if any(token in (league, f"{league}title") for token in tokens):
            return league
    if any(token in {"nlpennant", "alpennant", "nl", "al"} for token in tokens):
        return "mlb"
    return ""


def _family(tokens: tuple[str, ...], subject: str) -> Family:
    kinds = {token for token in tokens if token.startswith("office:")}
    if "nominee" in tokens or "primary" in tokens:
        return Family.NOMINEE
    if kinds and party_of(subject):
        return Family.SEAT
    if kinds or any(token in {"primeminister", "pope", "secretarygeneral"} for token in tokens):
        return Family.OFFICE
    for family, named in _FAMILY_WORDS:
        if any(word in tokens for word in named):
            return family
    is_season = "lead" in tokens and "season" in tokens
    is_cup = "cup" in tokens and bool(
        {"reach", "advance", "advancefrom", "qualify"}.intersection(tokens)
    )
    is_chamber = "control" in tokens and bool({"house", "senate"}.intersection(tokens))
    is_title = is_season or is_cup or is_chamber or any(word in _COMPETITIONS for word in tokens)
    return Family.OUTRIGHT if is_title or "win" in tokens else Family.CLAIM
