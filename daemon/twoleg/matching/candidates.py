"""Which pairs are worth a decision: for each market, the other venue's most alike by rare words.

A sparse product of words weighted by how few markets hold them (IDF), over the rarest words of each
market. It only proposes: what it leaves out is a missed pair, what it adds is decided like any
other.
"""

from array import array
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

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

_CHUNK_ENTRIES = 4_000_000
"""Most entries of one product: some 50 MB, whatever the size of the catalogues."""

Counts = NDArray[Any]
Matrix = Any
_sparse: Any = sparse  # scipy carries no types

_STOP = frozenset({
    "will", "the", "a", "an", "of", "in", "at", "on", "to", "be", "vs", "win", "winner", "by",
    "and", "or",
})  # fmt: skip


def index_words(listing: Listing, card: Card) -> tuple[str, ...]:
    """The words a market is found by: its texts, its sides in full, what its card makes of them.

    The card's words are one for all spellings (`rba`, `fed`, `cut rates`), so that two texts meet
    that share no rare word as they are written.
    """
    texts: tuple[str, ...]
    if isinstance(listing, KalshiListing):
        texts = (listing.title, listing.yes_sub_title, listing.subtitle, listing.event_title)
    else:
        texts = (listing.question, listing.group_item_title, listing.event_title)
    found = {word for text in texts for word in words(spoken(fold(text)))}
    for side in (*card.sides, card.subject):
        full = in_league(side, card.league) if card.league in TEAMS else ""
        found.update(words(fold(full or side)))
    found.update(card.words)
    found -= _STOP
    days = set(card.start.days)
    if card.start.instant is not None:
        days |= {local_day(card.start.instant), card.start.instant.date()}
    if len(days) == 1 and card.venue == "kalshi":
        days.add(next(iter(days)) + timedelta(days=1))
    found.update(f"day:{day.isoformat()}" for day in days)
    found.update(f"period:{card.period}" for _ in [0] if card.period)
    found.update(f"metric:{card.metric}" for _ in [0] if card.metric)
    for name in ("office", "district", "party"):
        found.update(f"{name}:{word}" for word in getattr(card, name))
    found.update(f"until:{moment.year}-{moment.month}" for moment in card.deadlines)
    return tuple(sorted(found))


def candidates(
    queries: Iterable[Iterable[str]], documents: Iterable[Iterable[str]], top: int = TOP
) -> Iterator[tuple[int, int]]:
    """Pairs (query, document) by their places, at most `top` for a query, the most alike first.

    Both are read once and not kept: neither they nor the pairs need to be in memory as a whole.
    """
    vocabulary: dict[str, int] = {}
    index = _index(documents, vocabulary)
    if not index.shape[0] or not vocabulary:
        return
    found_in = np.bincount(index.indices, minlength=len(vocabulary))
    weights = np.log((index.shape[0] + 1) / found_in) ** 2
    # What a document's own length takes from each of its words.
    lengths = np.sqrt(index @ weights)
    index.data = weights[index.indices].astype(np.float32)
    index = _sparse.diags_array(1 / np.where(lengths > 0, lengths, 1.0)).astype(np.float32) @ index
    by_word = index.T.tocsr()
    known = _rare(_rows(queries, vocabulary), found_in)
    for first, last in _chunks(known, found_in):
        scores = known[first:last] @ by_word
        for row in range(last - first):
            span = slice(scores.indptr[row], scores.indptr[row + 1])
            for document in _best(scores.indices[span], scores.data[span], top):
                yield first + row, document


def _index(documents: Iterable[Iterable[str]], vocabulary: dict[str, int]) -> Matrix:
    """Rows of documents over the words they hold, each once; fills the vocabulary."""
    places, ends = array("i"), array("q", [0])
    for document in documents:
        places.extend(sorted({vocabulary.setdefault(w, len(vocabulary)) for w in document}))
        ends.append(len(places))
    return _matrix(places, ends, len(vocabulary))


def _rows(queries: Iterable[Iterable[str]], vocabulary: dict[str, int]) -> Matrix:
    """Rows of queries over known words."""
    places, ends = array("i"), array("q", [0])
    for query in queries:
        places.extend(sorted({vocabulary[word] for word in query if word in vocabulary}))
        ends.append(len(places))
    return _matrix(places, ends, len(vocabulary))


def _matrix(places: "array[int]", ends: "array[int]", width: int) -> Matrix:
    indices = np.frombuffer(places, dtype=np.int32) if places else np.zeros(0, dtype=np.int32)
    data = np.ones(len(indices), dtype=np.float32)
    ends_array = np.frombuffer(ends, dtype=np.int64).astype(np.int32)
    return _sparse.csr_array((data, indices, ends_array), shape=(len(ends) - 1, width))


def _rare(queries: Matrix, found_in: Counts) -> Matrix:
    """The queries with their rarest words: as many as `POSTINGS_MAX` entries hold, one at least.

    What is left out is common: it can only reorder what the rare words have found.
    """
    sizes = np.diff(queries.indptr)
    rows = np.repeat(np.arange(queries.shape[0]), sizes)
    order = np.lexsort((found_in[queries.indices], rows))
    read = np.cumsum(found_in[queries.indices[order]])
    before = np.concatenate(([0], read))[queries.indptr[:-1]]
    is_first = np.zeros(len(order), dtype=bool)
    is_first[queries.indptr[:-1][sizes > 0]] = True
    kept = (read - np.repeat(before, sizes) <= POSTINGS_MAX) | is_first
    chosen = queries.indices[order[kept]]
    ends = np.concatenate(([0], np.cumsum(np.bincount(rows[kept], minlength=len(sizes)))))
    data = np.ones(len(chosen), dtype=np.float32)
    return _sparse.csr_array((data, chosen, ends), shape=queries.shape)


def _chunks(queries: Matrix, found_in: Counts) -> Iterator[tuple[int, int]]:
    """Spans of queries whose product stays small."""
    read = np.cumsum(found_in[queries.indices])
    until = np.concatenate(([0], read))[queries.indptr[1:]]
    first = done = 0
    while first < queries.shape[0]:
        last = max(first + 1, int(np.searchsorted(until, done + _CHUNK_ENTRIES, side="right")))
        yield first, last
        first, done = last, int(until[last - 1])


def _best(found: Counts, scores: Counts, top: int) -> list[int]:
    if len(found) > top:
        kept = np.argpartition(-scores, top - 1)[:top]
        found, scores = found[kept], scores[kept]
    order = np.lexsort((found, -scores))
    return [int(place) for place in found[order]]
