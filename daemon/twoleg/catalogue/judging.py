"""One couple judged: what agrees, what does not and by which name it is acknowledged. Pure.

The matcher's pairs and those declared by hand are judged alike; only what follows differs.
"""

import re
from collections.abc import Iterable

import msgspec

from twoleg.core.market import MarketId, Polarity
from twoleg.matching.card import Card, Facet, Family, Verdict
from twoleg.matching.decide import Decision, decide
from twoleg.matching.risk import grade, tails
from twoleg.storage.pair_rows import FacetRow, PairRow, TailRow, matcher_pair_id

DENIED = "denied"
_SLUG = re.compile(r"[^a-z0-9]+")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A market of the catalogue as far as pairing needs it; the texts themselves are let go."""

    native_id: str
    card: Card
    rules_fingerprint: str
    content_hash: str
    has_rules: bool

    @property
    def market_id(self) -> MarketId:
        """The market's id in the core's terms."""
        return MarketId(f"{self.card.venue}:{self.native_id}")


class Claim(msgspec.Struct, frozen=True):
    """What somebody says of a couple: the labels of Polymarket's YES and NO, and the polarity."""

    labels: tuple[str, str]
    polarity: Polarity

    @property
    def paying(self) -> str:
        """The label that would pay with Kalshi's YES."""
        return self.labels[0 if self.polarity is Polarity.SAME else 1]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A couple judged. `klass` is "auto", "review" or "deny"; the last also for a rejected one."""

    kalshi: Known
    polymarket: Known
    klass: str
    family: Family
    reason: str
    facets: tuple[FacetRow, ...]
    tails: tuple[TailRow, ...]
    grade: str
    labels: tuple[str, str]
    polarity: Polarity
    yes_token: str
    no_token: str

    def to_row(self, *, similarity_e4: int, edge_micros_min: int) -> PairRow:
        """The pair as a candidate."""
        return PairRow(
            pair_id=matcher_pair_id(self.kalshi.native_id, self.polymarket.native_id),
            kalshi=self.kalshi.market_id,
            polymarket=self.polymarket.market_id,
            polarity=self.polarity,
            kalshi_fingerprint=self.kalshi.rules_fingerprint,
            polymarket_fingerprint=self.polymarket.rules_fingerprint,
            similarity_e4=similarity_e4,
            klass=self.klass,
            family=self.family.value,
            reason=self.reason,
            facets=self.facets,
            yes_token=self.yes_token,
            no_token=self.no_token,
            yes_label=self.labels[0],
            no_label=self.labels[1],
            risk_grade=self.grade,
            edge_micros_min=edge_micros_min,
            tails=self.tails,
        )


def judge(
    kalshi: Known,
    polymarket: Known,
    decision: Decision,
    *,
    fault: str = "",
    claim: Claim | None = None,
) -> Judged:
    """Name all that stands between a couple and an approval.

    `fault` is why the whole set of pairs would not have it. `claim` is what somebody says of the
    couple; without one the decision's own polarity holds.
    """
    vetoes = _vetoes(kalshi.card, polymarket.card)
    # What else differs would otherwise be hidden behind the first reason to refuse.
    base = decide(_bare(kalshi.card), _bare(polymarket.card)) if vetoes else decision
    if fault:
        vetoes.append(fault)
    facets = [_row(facet) for facet in base.facets]
    if not base.is_accepted and all(facet.is_equal for facet in facets if facet.hard):
        vetoes.append(base.reason)
    card, paying = polymarket.card, base.yes_index
    labels = listed_labels(card)
    faults = [*_missing(kalshi, polymarket), *_labels_missing(card)]
    if claim is not None:
        faults += _claim_faults(claim, card, paying)
        labels, paying = claim.labels, _place(card, claim.paying)
        base = msgspec.structs.replace(base, yes_index=paying)
    has_tokens = len(card.tokens) == 2 and paying in {0, 1}
    return Judged(
        kalshi=kalshi,
        polymarket=polymarket,
        klass="deny" if vetoes or not decision.is_accepted else decision.klass.value,
        family=kalshi.card.family,
        reason=fault or decision.reason,
        facets=_named_once([*_denied(vetoes), *facets, *faults]),
        tails=tuple(
            TailRow(tail.name, tail.kalshi, tail.polymarket, tail.worst_payout_e4)
            for tail in tails(kalshi.card, card, base)
        ),
        grade=grade(kalshi.card, card, decision).value,
        labels=labels,
        polarity=Polarity.SAME if paying == _place(card, labels[0]) else Polarity.INVERSE,
        yes_token=card.tokens[paying] if has_tokens else "",
        no_token=card.tokens[1 - paying] if has_tokens else "",
    )


def listed_labels(card: Card) -> tuple[str, str]:
    """The labels of Polymarket's YES and NO, the same for every pair of the market.

    "Yes" and "No" are what they say. Two names stand in the order of the alphabet: which of them is
    called YES means nothing, as long as it does not hang on the order of a list. Other than two
    labels are none.
    """
    if len(card.labels) != 2:
        return "", ""
    first, second = card.labels
    if second.casefold() == "yes" or (first.casefold() != "yes" and second < first):
        return second, first
    return first, second


def slug(text: str) -> str:
    """A name to acknowledge by, of a reason in words."""
    return _SLUG.sub("_", text.partition(":")[0].casefold()).strip("_") or "reason"


def _bare(card: Card) -> Card:
    return msgspec.structs.replace(card, denial="", unread=(), death_rule=False)


def _vetoes(kalshi: Card, polymarket: Card) -> list[str]:
    """Reasons that lie in one market or in the rules, before any facet is looked at."""
    found = [card.denial for card in (kalshi, polymarket) if card.denial]
    if kalshi.unread or polymarket.unread:
        found.append("not understood: " + ", ".join((*kalshi.unread, *polymarket.unread)))
    if kalshi.death_rule or polymarket.death_rule:
        found.append("death settles apart")
    return found


def _denied(vetoes: Iterable[str]) -> list[FacetRow]:
    return [FacetRow(slug(veto), DENIED, veto, veto) for veto in dict.fromkeys(vetoes)]


def _row(facet: Facet) -> FacetRow:
    verdict, name = facet.verdict.value, slug(facet.name)
    return FacetRow(name, verdict, facet.kalshi, facet.polymarket, facet.hard)


def _missing(kalshi: Known, polymarket: Known) -> list[FacetRow]:
    names = [known.has_rules or f"no_{known.card.venue}_rules" for known in (kalshi, polymarket)]
    return [FacetRow(name, Verdict.MISSING.value) for name in names if isinstance(name, str)]


def _labels_missing(card: Card) -> list[FacetRow]:
    if len(card.labels) == len(card.tokens) == 2:
        return []
    return [FacetRow("tokens", Verdict.NOT_UNDERSTOOD.value, "", ", ".join(card.labels))]


def _claim_faults(claim: Claim, card: Card, paying: int) -> list[FacetRow]:
    """Where what is said of a couple is not what its names prove."""
    told = " / ".join(claim.labels)
    if {label.casefold() for label in card.labels} != {label.casefold() for label in claim.labels}:
        return [FacetRow("labels", Verdict.DIFFERENT.value, told, " / ".join(card.labels))]
    if paying not in {0, 1}:
        return [FacetRow("polarity", Verdict.NOT_UNDERSTOOD.value, claim.paying, "")]
    if paying != _place(card, claim.paying):
        proved = card.labels[paying]
        return [FacetRow("polarity", Verdict.DIFFERENT.value, claim.paying, proved)]
    return []


def _place(card: Card, label: str) -> int:
    folded = [known.casefold() for known in card.labels]
    return folded.index(label.casefold()) if label.casefold() in folded else -1


def _named_once(facets: Iterable[FacetRow]) -> tuple[FacetRow, ...]:
    """Facets whose names tell them apart: what is acknowledged by a name is one thing."""
    seen: dict[str, FacetRow] = {}
    for facet in facets:
        name, number = facet.name, 1
        while name in seen:
            number += 1
            name = f"{facet.name}_{number}"
        seen[name] = msgspec.structs.replace(facet, name=name)
    return tuple(seen.values())
