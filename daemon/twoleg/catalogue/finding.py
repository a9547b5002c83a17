"""Finds the pairs among two halves of a catalogue: candidates, decisions, the set as a whole. Pure.

What it holds of a market is its card and its words; the texts are read once and let go.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from twoleg.catalogue.judging import Claim, Judged, Known, judge
from twoleg.catalogue.progress import Mark, Progress
from twoleg.matching.candidates import candidates
from twoleg.matching.card import Family
from twoleg.matching.decide import Decision, decide
from twoleg.matching.whole import checked

REASONS_MAX: Final = 200
"""Most reasons counted apart; the texts of markets are strangers' and may make up any number."""
REASON_CHARS_MAX: Final = 60
OTHER: Final = "other reasons"
STEP_ROWS: Final = 256
"""Markets between two looks at the clock."""

Couple = tuple[str, str]
"""Kalshi ticker and Polymarket condition id."""


class Half:
    """The open markets of one venue; those in `wanted` are kept even if they can pair with none."""

    def __init__(self, wanted: Iterable[str] = ()) -> None:
        self._wanted = frozenset(wanted)
        # Market id of the card -> what is known of it.
        self.known: dict[str, Known] = {}
        # Native id -> market id of the card; Polymarket has two numbers for a market.
        self.ids: dict[str, str] = {}
        # Those that may pair, and the words they are found by, place by place.
        self.pairable: list[Known] = []
        self.words: list[tuple[str, ...]] = []
        self._places: dict[str, int] = {}
        # Why the others may not, and how many there are.
        self.barred: Counter[str] = Counter()
        self.total = 0

    def add(self, known: Known, words: tuple[str, ...]) -> None:
        """Take one market in, with the words that it is found by."""
        self.total += 1
        card = known.card
        reason = card.denial or ("not understood" if card.unread else "")
        if reason:
            self.barred[reason] += 1
        else:
            self._places[known.native_id] = len(self.pairable)
            self.pairable.append(known)
            # Markets share most of their words: each is kept once.
            self.words.append(tuple(map(sys.intern, words)))
        if not reason or known.native_id in self._wanted:
            self.known[card.market_id] = known
            self.ids[known.native_id] = card.market_id

    def words_of(self, native_id: str) -> frozenset[str]:
        """The words that a market is found by; none if it may not pair."""
        place = self._places.get(native_id)
        return frozenset() if place is None else frozenset(self.words[place])

    def find(self, native_id: str) -> Known | None:
        """A market that was taken in."""
        return self.known.get(self.ids.get(native_id, ""))


@dataclass(frozen=True, slots=True)
class Found:
    """What came of it: the couples that are accepted, and of those asked for the refused ones."""

    candidates: int
    accepted: Mapping[Couple, Judged]
    refused: Mapping[Couple, Judged]
    # How alike the words of the accepted ones are, in ten-thousandths: told, and decides nothing.
    similarity_e4: Mapping[Couple, int]
    # How many candidates were rejected, by reason.
    rejected: Counter[str]


def find(
    kalshi: Half,
    polymarket: Half,
    auto: frozenset[Family],
    claims: Mapping[Couple, Claim],
    progress: Progress,
) -> Found:
    """Decide on all candidates, and on every couple in `claims`: those somebody once accepted."""
    rejected: Counter[str] = Counter()
    accepted: dict[Couple, Decision] = {}
    refused: dict[Couple, Judged] = {}
    count = 0
    for left, right in _couples(kalshi, polymarket, claims, progress):
        count += 1
        couple = left.native_id, right.native_id
        decision = decide(left.card, right.card, auto)
        if decision.is_accepted:
            accepted[couple] = decision
            continue
        _count(rejected, decision.reason)
        if couple in claims:
            refused[couple] = judge(left, right, decision, claim=claims[couple])
    kept, faults = checked(
        tuple(accepted.values()),
        [known.card for known in kalshi.known.values()],
        [known.card for known in polymarket.known.values()],
    )
    for decision, fault in faults:
        left, right = kalshi.known[decision.kalshi_id], polymarket.known[decision.polymarket_id]
        couple = left.native_id, right.native_id
        _count(rejected, fault)
        if couple in claims:
            refused[couple] = judge(left, right, decision, fault=fault, claim=claims[couple])
    good: dict[Couple, Judged] = {}
    for decision in kept:
        left, right = kalshi.known[decision.kalshi_id], polymarket.known[decision.polymarket_id]
        good[left.native_id, right.native_id] = judge(left, right, decision)
    alike = {couple: _similarity_e4(kalshi, polymarket, couple) for couple in good}
    return Found(count, good, refused, alike, rejected)


def _couples(
    kalshi: Half, polymarket: Half, claims: Mapping[Couple, Claim], progress: Progress
) -> Iterator[tuple[Known, Known]]:
    """Candidates, and then the couples asked for that are not among them."""
    missing, total, seen = set(claims), len(kalshi.pairable), 0
    for i, j in candidates(kalshi.words, polymarket.words):
        if i - seen >= STEP_ROWS:
            seen = i
            progress.moved(Mark("comparing", "kalshi markets", seen, total))
        left, right = kalshi.pairable[i], polymarket.pairable[j]
        missing.discard((left.native_id, right.native_id))
        yield left, right
    for couple in sorted(missing):
        asked = kalshi.find(couple[0]), polymarket.find(couple[1])
        if asked[0] is not None and asked[1] is not None:
            yield asked[0], asked[1]


def _similarity_e4(kalshi: Half, polymarket: Half, couple: Couple) -> int:
    """Twice the words that both have, as a share of all words of both."""
    left, right = kalshi.words_of(couple[0]), polymarket.words_of(couple[1])
    both = len(left) + len(right)
    return 20_000 * len(left & right) // both if both else 0


def _count(reasons: Counter[str], reason: str) -> None:
    short = reason.partition(" (")[0][:REASON_CHARS_MAX]
    reasons[short if short in reasons or len(reasons) < REASONS_MAX else OTHER] += 1
