"""From a listing to its card: the families are asked in turn, the most special first."""

from collections import OrderedDict

import msgspec

from twoleg.matching.card import CONTESTS, Card, Family
from twoleg.matching.families import claims, contests, golf
from twoleg.matching.families.denied import denial
from twoleg.matching.families.limits import read_rules, rules_against_title
from twoleg.matching.families.rules import has_death_rule, rules_text, sources, tail_rules
from twoleg.matching.listing import Listing, fingerprint

CARDS_MAX = 400_000
"""Most cards kept by a cache; the oldest go first. Both venues together list some 200,000."""

_DENIED_FAMILIES = {"weather": Family.WEATHER, "price index": Family.PRICE}
_NO_DEATHS = CONTESTS | {Family.GOLF}


def parse(listing: Listing) -> Card:
    """The card of a listing; never raises on any text."""
    card = golf.read(listing) or contests.read(listing) or claims.read(listing)
    text = rules_text(listing)
    rules = read_rules(text)
    is_contest = card.family in _NO_DEATHS
    against = () if is_contest else rules_against_title(card, rules)
    is_game = card.family in CONTESTS and len(card.sides) == 2 and bool(card.sport)
    reason = denial(listing, is_game=is_game)
    return msgspec.structs.replace(
        card,
        denial=reason,
        family=_DENIED_FAMILIES.get(reason, card.family),
        tails=tail_rules(text),
        sources=sources(listing, text),
        limits=() if is_contest else rules.limits,
        since=() if is_contest else rules.since,
        rule_lines=() if is_contest else rules.lines,
        scope=rules.scope if is_contest else (),
        observed=() if is_contest else rules.observed,
        unread=(*card.unread, *against),
        death_rule=card.death_rule or (not is_contest and has_death_rule(text)),
    )


class CardCache:
    """Cards by the fingerprint of their texts: a changed text is parsed again, nothing else is."""

    def __init__(self, cards_max: int = CARDS_MAX) -> None:
        # Fingerprint -> card, oldest first.
        self._cards: OrderedDict[str, Card] = OrderedDict()
        self._cards_max = cards_max

    def card(self, listing: Listing) -> Card:
        """The card of a listing, parsed at most once while it stays in the cache."""
        key = fingerprint(listing)
        card = self._cards.get(key)
        if card is None:
            card = self._cards[key] = parse(listing)
            if len(self._cards) > self._cards_max:
                self._cards.popitem(last=False)
        return card
