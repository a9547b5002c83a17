"""Which pairs are worth a decision: for each market, the other venue's most alike by rare words.

An index of words weighted by how few markets hold them (IDF), read from the rarest word on. It only
proposes: what it leaves out is a missed pair, what it adds is decided like any other.
"""

import heapq
import math
from array import array
from collections.abc import Iterable, MutableSequence, Sequence
from datetime import timedelta

from twoleg.matching.card import Card
from twoleg.matching.dates import local_day
from twoleg.matching.listing import KalshiListing, Listing
from twoleg.matching.names import in_league
from twoleg.matching.tables import TEAMS
from twoleg.matching.texts import fold, spoken, words

TOP = 30
"""Candidates kept for a market (recall at 20 was 1.000 on labelled pairs, 2026-11)."""

POSTINGS_MAX = 1_500
"""Most index entries read for one market; rare words come first, so that common ones are cut."""

_STOP = frozenset({
    "will", "the", "a", "an", "of", "in", "at", "on", "to", "be", "vs", "win", "winner", "by",
    "and", "or",
})  # fmt: skip


def index_words(listing: Listing, card: Card) -> tuple[str, ...]:
    """The words a market is found by: its texts, its sides in full, and the day of a game."""
    texts: tuple[str, ...]
    if isinstance(listing, KalshiListing):
        texts = (listing.title, listing.yes_sub_title, listing.subtitle, listing.event_title)
    else:
        texts = (listing.question, listing.group_item_title, listing.event_title)
    found = {word for text in texts for word in words(spoken(fold(text)))}
    for side in (*card.sides, card.subject):
        full = in_league(side, card.league) if card.league in TEAMS else ""
        found.update(words(fold(full or side)))
    found -= _STOP
    days = set(card.start.days)
    if card.start.instant is not None:
        days |= {local_day(card.start.instant), card.start.instant.date()}
    if len(days) == 1 and card.venue == "kalshi":
        days.add(next(iter(days)) + timedelta(days=1))
    found.update(f"day:{day.isoformat()}" for day in days)
    found.update(f"period:{card.period}" for _ in [0] if card.period)
    found.update(f"metric:{card.metric}" for _ in [0] if card.metric)
    return tuple(sorted(found))


def candidates(
    queries: Sequence[Iterable[str]], documents: Sequence[Iterable[str]], top: int = TOP
) -> list[tuple[int, int]]:
    """Pairs (query, document), at most `top` for a query, the most alike first."""
    postings: dict[str, MutableSequence[int]] = {}
    for number, document in enumerate(documents):
        for word in document:
            postings.setdefault(word, array("I")).append(number)
    total = len(documents) + 1
    weights = {word: math.log(total / len(found)) ** 2 for word, found in postings.items()}
    # What a document's own length takes from each of its words.
    shares = [
        1 / (math.sqrt(sum(weights[word] for word in document)) or 1.0) for document in documents
    ]
    pairs: list[tuple[int, int]] = []
    for number, query in enumerate(queries):
        known = sorted((len(postings[word]), word) for word in query if word in postings)
        scores: dict[int, float] = {}
        read = 0
        for size, word in known:
            read += size
            if scores and read > POSTINGS_MAX:
                # What is left is common: it can only reorder what the rare words have found.
                break
            weight = weights[word]
            for found in postings[word]:
                scores[found] = scores.get(found, 0.0) + weight * shares[found]
        best = heapq.nlargest(top, scores, key=scores.__getitem__)
        pairs.extend((number, found) for found in best)
    return pairs
