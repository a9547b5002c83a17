"""Two golf markets compared: player, level, tournament, year."""

import msgspec

from twoleg.matching.card import Card, Facet, Family, Verdict, compare, judged
from twoleg.matching.names import Likeness, adds_surname, person

_GENERIC = frozenset({
    "championship", "championships", "open", "classic", "tournament", "invitational", "cup",
    "masters", "challenge", "trophy", "players", "national", "pro", "am", "proam", "international",
})  # fmt: skip
"""Words that half of all tournaments share."""

_OTHER_TOURS = frozenset({
    "women", "womens", "senior", "seniors", "ladies", "junior", "amateur", "girls", "boys",
})  # fmt: skip


def golf_facets(kalshi: Card, polymarket: Card) -> tuple[tuple[Facet, ...], int | None]:
    """All facets of two golf markets and the index of the outcome paid with Kalshi YES."""
    kalshi, polymarket = _as_golf(kalshi), _as_golf(polymarket)
    names = kalshi.subject, polymarket.subject
    same_player = person(*names) is Likeness.SAME or adds_surname(*names)
    facets = (
        compare("level", kalshi.metric, polymarket.metric),
        judged("player", same_player, kalshi.subject, polymarket.subject),
        _tournament(kalshi.words, polymarket.words),
        year_facet(kalshi, polymarket),
    )
    paying = polymarket.pays.index("yes") if "yes" in polymarket.pays else None
    return facets, paying


def year_facet(kalshi: Card, polymarket: Card) -> Facet:
    """Years said on both sides must be the same; one said and one guessed must agree too."""
    left = set(kalshi.years) or ({kalshi.year_guess} if kalshi.year_guess else set())
    right = set(polymarket.years) or ({polymarket.year_guess} if polymarket.year_guess else set())
    texts = " ".join(map(str, sorted(left))), " ".join(map(str, sorted(right)))
    if not left or not right:
        return Facet("year", Verdict.MISSING, *texts)
    return judged("year", left == right, *texts)


def _as_golf(card: Card) -> Card:
    """A title claim read as golf: "win the X" has the level win and the tournament X."""
    if card.family is Family.GOLF or "win" not in card.words:
        return card
    words = tuple(word for word in card.words if word != "win")
    return msgspec.structs.replace(card, metric="win", words=words)


def _tournament(left: tuple[str, ...], right: tuple[str, ...]) -> Facet:
    """The same words, or one name with its sponsor's before it."""
    short, long = sorted((left, right), key=len)
    sponsor = set(long[: len(long) - len(short)])
    telling = [word for word in short if word not in _GENERIC]
    # One generic word alone ("open") is nobody's name; two of them are ("open championship").
    is_named = bool(telling) or (len(short) > 1 and not sponsor) or short == ("masters",)
    agrees = is_named and long[len(long) - len(short) :] == short
    if sponsor:
        agrees = agrees and len(telling) >= 2 and not sponsor & _OTHER_TOURS and len(sponsor) <= 2
    return judged("tournament", agrees, " ".join(left), " ".join(right))
