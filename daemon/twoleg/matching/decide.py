"""The decision on two cards: by agreement of every hard facet, never by a score.

The default is to reject. A decision keeps all facets it looked at, so that the reason and the words
it rests on can be shown.
"""

import enum

import msgspec

from twoleg.matching.card import CONTESTS, Card, Facet, Family, Verdict, judged
from twoleg.matching.compare_claims import claim_facets
from twoleg.matching.compare_contests import contest_facets
from twoleg.matching.compare_golf import golf_facets
from twoleg.matching.compare_rules import (
    is_inclusive_apart,
    needs_a_person,
    rule_facets,
)
from twoleg.matching.gates import START_FAMILIES
from twoleg.matching.lines import turns_on_the_line


class Class(enum.Enum):
    """What may be done with a pair."""

    AUTO = "auto"
    REVIEW = "review"
    DENY = "deny"
    REJECT = "reject"


class Polarity(enum.Enum):
    """Which side of the Polymarket market, as listed, pays with Kalshi YES."""

    SAME = "same"
    INVERSE = "inverse"


INCLUSIVE = "inclusive against exclusive"

_CLAIMS = frozenset(
    {Family.SEAT, Family.NOMINEE, Family.OFFICE, Family.OUTRIGHT, Family.ECONOMY, Family.CLAIM}
)


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was decided on a Kalshi and a Polymarket card.

    `yes_index` is the place of the Polymarket outcome that pays with Kalshi YES, `yes_token` its
    token id and `no_token` the other's; -1 and "" unless the pair was accepted. `reason` is the
    first facet that rejects, or why the class is not AUTO.
    """

    kalshi_id: str
    polymarket_id: str
    klass: Class
    reason: str
    facets: tuple[Facet, ...] = ()
    polarity: Polarity | None = None
    yes_index: int = -1
    yes_token: str = ""
    no_token: str = ""
    family: Family = Family.CLAIM

    @property
    def is_accepted(self) -> bool:
        """Whether the two cards agree (AUTO at once, REVIEW after a person's approval)."""
        return self.klass in {Class.AUTO, Class.REVIEW}


def decide(kalshi: Card, polymarket: Card, auto: frozenset[Family] = START_FAMILIES) -> Decision:
    """Compare two cards; the answer is REJECT unless every hard facet agrees.

    `auto` are the families that need no person, by their record (`gates.auto_families`).
    """
    assert kalshi.venue == "kalshi", "the first card is Kalshi's"
    assert polymarket.venue == "polymarket", "the second card is Polymarket's"
    if kalshi.denial or polymarket.denial:
        return _refused(kalshi, polymarket, Class.DENY, kalshi.denial or polymarket.denial, ())
    unread = [f"not understood: {text}" for text in (*kalshi.unread, *polymarket.unread)]
    if unread:
        return _refused(kalshi, polymarket, Class.REJECT, unread[0], ())
    facets, paying = _facets(kalshi, polymarket)
    if _first_bad(facets) is None:
        facets = (*facets, *rule_facets(kalshi, polymarket))
    klass, reason = _objection(kalshi, polymarket, facets)
    if not reason and (paying is None or not 0 <= paying < len(polymarket.pays)):
        klass, reason = Class.REJECT, "unknown side"
    if reason or paying is None:
        return _refused(kalshi, polymarket, klass, reason, facets)
    return _accepted(kalshi, polymarket, facets, paying, auto)


def _objection(kalshi: Card, polymarket: Card, facets: tuple[Facet, ...]) -> tuple[Class, str]:
    """What the facets and the rules say against a pair, and how much; "" for nothing."""
    bad = _first_bad(facets)
    if bad is not None and bad.name == "line" and turns_on_the_line(kalshi.line, polymarket.line):
        return Class.DENY, INCLUSIVE
    if bad is not None:
        return Class.REJECT, bad.text()
    if kalshi.death_rule or polymarket.death_rule:
        return Class.DENY, "death settles apart"
    if kalshi.family not in CONTESTS and is_inclusive_apart(kalshi, polymarket):
        return Class.DENY, INCLUSIVE
    return Class.REJECT, ""


def _first_bad(facets: tuple[Facet, ...]) -> Facet | None:
    return next(
        (facet for facet in facets if facet.hard and facet.verdict is not Verdict.EQUAL), None
    )


def _facets(kalshi: Card, polymarket: Card) -> tuple[tuple[Facet, ...], int | None]:
    families = kalshi.family, polymarket.family
    if CONTESTS.issuperset(families):
        return contest_facets(kalshi, polymarket)
    if Family.GOLF in families and families[0] in _CLAIMS | {Family.GOLF}:
        return golf_facets(kalshi, polymarket)
    if families[0] in _CLAIMS and families[1] in _CLAIMS:
        return claim_facets(kalshi, polymarket)
    return (judged("family", False, families[0].value, families[1].value),), None


def _accepted(
    kalshi: Card,
    polymarket: Card,
    facets: tuple[Facet, ...],
    paying: int,
    auto: frozenset[Family],
) -> Decision:
    difference = needs_a_person(facets)
    is_auto = not difference and kalshi.family in auto and _is_complete(kalshi, polymarket)
    has_tokens = len(polymarket.tokens) == len(polymarket.pays) == 2
    return Decision(
        kalshi_id=kalshi.market_id,
        polymarket_id=polymarket.market_id,
        klass=Class.AUTO if is_auto else Class.REVIEW,
        reason="all facets agree" if is_auto else difference or "agrees; a person decides",
        facets=facets,
        polarity=Polarity.SAME if paying == 0 else Polarity.INVERSE,
        yes_index=paying,
        yes_token=polymarket.tokens[paying] if has_tokens else "",
        no_token=polymarket.tokens[1 - paying] if has_tokens else "",
        family=kalshi.family,
    )


def _is_complete(kalshi: Card, polymarket: Card) -> bool:
    """Whether nothing was inferred: an AUTO pair rests on what both cards say themselves."""
    if len(polymarket.tokens) != 2:
        return False
    if kalshi.family in CONTESTS:
        return bool(
            kalshi.start.instant
            and polymarket.start.instant
            and kalshi.sport
            and polymarket.sport
            and len(kalshi.sides) == len(polymarket.sides) == 2
        )
    return True


def _refused(
    kalshi: Card, polymarket: Card, klass: Class, reason: str, facets: tuple[Facet, ...]
) -> Decision:
    return Decision(
        kalshi_id=kalshi.market_id, polymarket_id=polymarket.market_id, klass=klass,
        reason=reason, facets=facets, family=kalshi.family,
    )  # fmt: skip
