"""Two claims compared: subject, office, district, party, line, deadlines, years, every word."""

import re
from collections.abc import Iterator

import msgspec

from twoleg.matching.card import Card, Facet, Family, Verdict, compare, judged
from twoleg.matching.compare_golf import year_facet
from twoleg.matching.dates import near, parse_day
from twoleg.matching.families.vocabulary import short_names
from twoleg.matching.names import Likeness, adds_surname, in_league, is_couple, subject, team
from twoleg.matching.tables import TEAMS
from twoleg.matching.texts import fold, words

_NEXT_DAYS = 45
"""How far the ends of two "who is next" markets may lie apart: further, the next one may differ."""

_NAMED = frozenset({Family.OUTRIGHT, Family.OFFICE, Family.NOMINEE, Family.SEAT})
"""Families in which a subject is asked about one title or office."""

_OF_PEOPLE = frozenset({Family.OFFICE, Family.NOMINEE})
"""Families whose subjects are candidates: one may be called by one family name or by both."""

_KIND = re.compile(r"(?:an?|any|some|one|no)\b")
_WORKS = frozenset({
    "best", "oscar", "grammy", "emmy", "goldenglobe", "bafta", "tony", "gameoftheyear", "album",
    "song", "movie", "film", "picture", "show", "grossing", "prize", "book",
})  # fmt: skip
"""What is won by works and people: a name that says more is another's."""

_TITLED = frozenset({"picture", "movie", "film", "album", "song", "gameoftheyear"})
"""What only works are: words within their titles are no middle names."""

_PERFORMING = frozenset({
    "actor", "actress", "director", "artist", "singer", "writer", "songwriter", "producer",
    "composer", "performer", "host",
})  # fmt: skip
"""Whose award is a person's, whatever its giver is called ("Film Critics")."""

_OF_SEATS = frozenset({"parliamentary", "legislative", "general"})
"""What an election of seats is called, or not: most seats are won in no other."""

_ANYWHERE = frozenset({"annual"})
"""Words that say the same wherever they stand ("annual inflation", "inflation year over year")."""

_STEM = 4
"""Letters of a word by which a name that begins alike is no abbreviation ("Chennaiyin")."""

_SPLIT_SEASONS = frozenset({"nfl", "nfltitle", "ncaaf", "ncaaftitle", "cfb"})
"""Whose season is named by the year it begins in, and by the year of its playoffs."""

_SEASON_DAYS = 200
"""Most days between the ends of two markets on one such season."""

_DEADLINE_DAYS = 2
"""Slack of deadlines: time zones move one by a day. It is told: "by July 1" may mean before it."""


def claim_facets(kalshi: Card, polymarket: Card) -> tuple[tuple[Facet, ...], int | None]:
    """The facets of two claims, up to the first that rejects, and the index paid with YES.

    The cheap ones come first: most candidates end at one of them.
    """
    facets: list[Facet] = []
    if bool(kalshi.subject) is not bool(polymarket.subject):
        kalshi, polymarket = _in_one(kalshi), _in_one(polymarket)
    for facet in _facets(kalshi, polymarket):
        facets.append(facet)
        if facet.hard and facet.verdict is not Verdict.EQUAL:
            return tuple(facets), None
    paying = polymarket.pays.index("yes") if "yes" in polymarket.pays else None
    return tuple(facets), paying


def _facets(kalshi: Card, polymarket: Card) -> Iterator[Facet]:
    yield compare("office", " ".join(kalshi.office), " ".join(polymarket.office))
    yield compare("district", " ".join(kalshi.district), " ".join(polymarket.district))
    yield compare("party", " ".join(kalshi.party), " ".join(polymarket.party))
    yield _line(kalshi, polymarket)
    yield compare("figures", kalshi.metric, polymarket.metric)
    yield compare("hour", kalshi.hour, polymarket.hour)
    yield _words(kalshi, polymarket)
    yield _deadline(kalshi, polymarket)
    yield _year(kalshi, polymarket)
    yield _subject(kalshi, polymarket)


def _in_one(card: Card) -> Card:
    """A claim with its subject among its words: "Will Acme be sold" reads as "Acme sold"."""
    if not card.subject or not card.named:
        return card
    order = tuple(dict.fromkeys((*card.named, *card.order)))
    return msgspec.structs.replace(card, subject="", words=tuple(sorted(set(order))), order=order)


def _subject(kalshi: Card, polymarket: Card) -> Facet:
    texts = short_names(kalshi.subject), short_names(polymarket.subject)
    if not all(texts):
        return compare("subject", *texts)
    if subject(*texts) is Likeness.SAME and not _is_other_work(*texts, kalshi, polymarket):
        return judged("subject", True, *texts)
    if any(_KIND.match(text) or "'s " in text for text in texts):
        # "A German", "a team from Group A": of a kind; "Jane Doe's party": not Jane Doe.
        return judged("subject", False, *texts)
    is_candidate = kalshi.family in _OF_PEOPLE and adds_surname(*texts)
    if is_candidate or kalshi.named == polymarket.named != ():
        return judged("subject", True, *texts)
    league = next((c.league for c in (kalshi, polymarket) if c.league in TEAMS), "")
    if league:
        full = in_league(texts[0], league), in_league(texts[1], league)
        return judged("subject", bool(full[0]) and full[0] == full[1], *texts)
    is_title = kalshi.family is polymarket.family is Family.OUTRIGHT
    is_title = is_title and not _WORKS.intersection(kalshi.words)
    return judged("subject", is_title and _club(*texts), *texts)


def _is_other_work(one: str, other: str, kalshi: Card, polymarket: Card) -> bool:
    """Whether a claim about a work is made of two titles that do not read alike."""
    named = {*kalshi.words, *polymarket.words}
    if not _TITLED & named or _PERFORMING & named:
        return False
    articles = {"the", "a", "an"}
    titles = [[part for part in words(fold(name)) if part not in articles] for name in (one, other)]
    return titles[0] != titles[1]


def _club(one: str, other: str) -> bool:
    """Clubs of one competition: the same name but for legal forms, or two of its words and more."""
    like = team(one, other)
    if like is Likeness.SAME:
        return True
    if is_couple(one) is not is_couple(other):
        return False  # "South Korea and Iran" are not South Korea.
    short = min(words(one), words(other), key=len)
    is_american = any(
        name.startswith(" ".join(short)) for table in TEAMS.values() for name in table
    )
    is_initials = len(short) == 1 and not any(
        short[0].startswith(word[:_STEM]) for word in words(one if short == words(other) else other)
    )
    return like is Likeness.PART and (len(short) >= 2 or is_initials) and not is_american


def _line(kalshi: Card, polymarket: Card) -> Facet:
    one, other = kalshi.line, polymarket.line
    texts = one.text() if one else "", other.text() if other else ""
    if one is None and other is None:
        return Facet("line", Verdict.EQUAL, *texts)
    if one is None or other is None:
        return Facet("line", Verdict.MISSING, *texts)
    return judged("line", one == other, *texts)


def _deadline(kalshi: Card, polymarket: Card) -> Facet:
    left, right = kalshi.deadlines, polymarket.deadlines
    texts = "; ".join(m.text() for m in left), "; ".join(m.text() for m in right)
    if len(left) != len(right):
        verdict = Verdict.DIFFERENT if left and right else Verdict.MISSING
        return Facet("deadline", verdict, *texts)
    for one, other in zip(left, right, strict=True):
        if one == other:
            continue
        days = [parse_day(f"{m.year:04}-{m.month:02}-{m.day:02}") for m in (one, other)]
        if one.relation != other.relation or days[0] is None or days[1] is None:
            return Facet("deadline", Verdict.DIFFERENT, *texts)
        if one.relation != "by" or not near(days[0], days[1], _DEADLINE_DAYS):
            return Facet("deadline", Verdict.DIFFERENT, *texts)
    if left != right:
        return Facet("deadline", Verdict.DIFFERENT, *texts, hard=False)
    return Facet("deadline", Verdict.EQUAL, *texts)


def _year(kalshi: Card, polymarket: Card) -> Facet:
    dated = kalshi.deadlines and polymarket.deadlines
    if dated and not kalshi.years and not polymarket.years:
        return Facet("year", Verdict.EQUAL, "by deadline", "by deadline")
    if "next" in kalshi.words and "next" in polymarket.words and not polymarket.years:
        ends = parse_day(kalshi.ends), parse_day(polymarket.ends)
        texts = kalshi.ends[:10], polymarket.ends[:10]
        if ends[0] is None or ends[1] is None:
            return Facet("end", Verdict.MISSING, *texts)
        return judged("end", near(ends[0], ends[1], _NEXT_DAYS), *texts)
    if Family.CLAIM in (kalshi.family, polymarket.family) or kalshi.family is Family.ECONOMY:
        return _unguessed_year(kalshi, polymarket)
    named = {kalshi.league, polymarket.league, *kalshi.words, *polymarket.words}
    if _SPLIT_SEASONS & named and not _end_together(kalshi, polymarket, _SEASON_DAYS):
        return Facet("season", Verdict.DIFFERENT, kalshi.ends[:10], polymarket.ends[:10])
    return year_facet(kalshi, polymarket)


def _unguessed_year(kalshi: Card, polymarket: Card) -> Facet:
    """Years of claims that do not recur: said on both sides, or else both markets end together."""
    texts = " ".join(map(str, kalshi.years)), " ".join(map(str, polymarket.years))
    if any(texts):
        return compare("year", *texts)
    agrees = _end_together(kalshi, polymarket)
    return judged("end", agrees, kalshi.ends[:10], polymarket.ends[:10])


def _end_together(kalshi: Card, polymarket: Card, days: int = _DEADLINE_DAYS) -> bool:
    ends = parse_day(kalshi.ends), parse_day(polymarket.ends)
    return bool(ends[0] and ends[1] and near(ends[0], ends[1], days))


def _is_edition(only: tuple[set[str], set[str]], shared: set[str]) -> bool:
    """Whether all that one side says more is a number of a season ("Season 24"), or that word."""
    left, right = only
    if left and right:
        return False
    number = (left or right) - {"season"}
    if not number:
        return any(word.isdigit() for word in shared)
    return len(left or right) == 2 and len(number) == 1 and number.pop().isdigit()


def _is_out_of_a_group(only: tuple[set[str], set[str]], shared: set[str]) -> bool:
    """Whether one side says the group to come out of and the other what follows it.

    A team plays in one group of a World Cup, and who leaves it goes to the knockout stages.
    """
    if not {"advancefrom", "world", "cup"} <= shared:
        return False
    after, group = sorted(only, key=lambda side: "group" in side)
    letters = group - {"group"}
    return after == {"knockout"} and len(letters) == 1 and len(group) == 2 and len(*letters) == 1


def _words(kalshi: Card, polymarket: Card) -> Facet:
    left = {word for word in kalshi.words if word != kalshi.league}
    right = {word for word in polymarket.words if word != kalshi.league}
    only = _unpaired(left, right), _unpaired(right, left)
    if _is_edition(only, left & right) and _end_together(kalshi, polymarket):
        only = set(), set()
    if "seats" in left & right and not all(only) and only[0] | only[1] <= _OF_SEATS:
        only = set(), set()
    if _is_out_of_a_group(only, left & right):
        only = set(), set()
    texts = " ".join(sorted(only[0])), " ".join(sorted(only[1]))
    if not left and not right and not kalshi.office:
        return Facet("words", Verdict.NOT_UNDERSTOOD, *texts)
    if not any(only):
        return _order(kalshi, polymarket)
    return Facet("words", Verdict.DIFFERENT if all(only) else Verdict.MISSING, *texts)


def _order(kalshi: Card, polymarket: Card) -> Facet:
    """Words that agree must stand in one order: who does it to whom is said by nothing else.

    Whoever wins a title or takes an office was taken out as the subject; what remains is its name.
    """
    orders = [
        [_singular(word) for word in card.order if word not in _ANYWHERE]
        for card in (kalshi, polymarket)
    ]
    is_post = kalshi.family in _NAMED or "next" in kalshi.words
    is_named = bool(kalshi.subject and polymarket.subject) and is_post
    texts = " ".join(kalshi.order), " ".join(polymarket.order)
    if is_named or not all(orders):
        return Facet("words", Verdict.EQUAL, "", "")
    return judged("word order", orders[0] == orders[1], *texts)


def _unpaired(left: set[str], right: set[str]) -> set[str]:
    known = {_singular(word) for word in right}
    return {word for word in left if word not in right and _singular(word) not in known}


def _singular(word: str) -> str:
    """A noun's singular, or a verb without the ending of its third person: "launches"."""
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word.removesuffix("es")
    return word if word.endswith("ss") else word.removesuffix("s")
