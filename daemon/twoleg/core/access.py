"""When venues take orders and markets new executions, as far as their answers tell."""

from collections.abc import Iterable
from typing import Final

from twoleg.core.events import NO_TOKENS, AnswerStatus, LegAnswer
from twoleg.core.market import MarketId, Venue
from twoleg.core.orders import Purpose
from twoleg.core.outcomes import Strain, outcome_of, strain_of

UNAVAILABLE_NS: Final = 1_000_000_000
"""How long a venue gets no order after it could not be asked; doubles up to 32 times."""
REJECTED_NS: Final = 1_000_000_000
"""How long a market that rejected a leg gets no new execution; doubles up to 64 times."""
TOKENS_MS: Final = 200
"""How long a venue is left alone after our rate tokens were used up, where the answer does not say.

The slowest bucket, Kalshi's writes of a basic member, refills two orders in that time (ten tokens
each, a hundred a second; Kalshi docs, rate limits, read 2026-11-22).
"""
SIGNS_OF_LIFE: Final = frozenset(
    {
        AnswerStatus.FILLED,
        AnswerStatus.PARTIAL,
        AnswerStatus.MISSED,
        AnswerStatus.DELAYED,
        AnswerStatus.RESTING,
    }
)
"""Answers that only a venue that matches orders gives."""


class Access:
    """Which venues and markets may be asked now. Time is an argument."""

    __slots__ = ("_ready_at_ns", "_rests", "_unavailable", "closed_until_ns", "unproven")

    def __init__(self) -> None:
        # Consecutive answers by which a venue was unavailable.
        self._unavailable: dict[Venue, int] = {}
        # Consecutive rejections of a market's legs, and until when it rests for that.
        self._rests: dict[MarketId, tuple[int, int]] = {}
        # A venue gets no order before this monotonic time.
        self.closed_until_ns: dict[Venue, int] = {}
        # Venues that were closed and are only assumed to be open again (a dict keeps the order).
        self.unproven: dict[Venue, None] = {}
        # When our rate tokens for a venue are back; rollbacks have some of their own.
        self._ready_at_ns: dict[tuple[Venue, Purpose], int] = {}

    def is_open(self, venue: Venue, now_ns: int) -> bool:
        """Whether a venue takes new executions, and we have tokens for them."""
        return not self.why_not(venue, Purpose.ARB, now_ns)

    def why_not(self, venue: Venue, purpose: Purpose, now_ns: int) -> str:
        """Why a venue gets no order for a purpose now: `venue_closed`, `no_tokens`, or empty."""
        if now_ns < self.closed_until_ns.get(venue, 0):
            return "venue_closed"
        return NO_TOKENS if now_ns < self.ready_at_ns(venue, purpose) else ""

    def ready_at_ns(self, venue: Venue, purpose: Purpose) -> int:
        """When tokens for a purpose are back; what bars rollbacks bars everything."""
        rollback_ns = self._ready_at_ns.get((venue, Purpose.ROLLBACK), 0)
        return max(rollback_ns, self._ready_at_ns.get((venue, purpose), 0))

    def is_resting(self, market_id: MarketId, now_ns: int) -> bool:
        """Whether a market rejected a leg only just now: it would reject the next one too."""
        return now_ns < self._rests.get(market_id, (0, 0))[1]

    def mark_venue(self, venue: Venue, purpose: Purpose, answer: LegAnswer, now_ns: int) -> None:
        """Learn from an answer whether its venue can be asked."""
        strain = strain_of(answer)
        if strain is Strain.NONE and answer.status in SIGNS_OF_LIFE:
            self.unproven.pop(venue, None)
        if strain is Strain.NO_TOKENS or answer.retry_after_ms:
            wait_ms = answer.retry_after_ms or TOKENS_MS
            self._ready_at_ns[venue, purpose] = now_ns + wait_ms * 1_000_000
        if strain is Strain.NO_TOKENS:
            return
        if strain is Strain.NONE:
            self._unavailable[venue] = 0
        else:
            count = min(self._unavailable.get(venue, 0), 5)
            self._unavailable[venue] = count + 1
            until_ns = now_ns + (UNAVAILABLE_NS << count)
            # A venue that was closed by its own word stays closed until it opens by it.
            self.closed_until_ns[venue] = max(self.closed_until_ns.get(venue, 0), until_ns)
            # That it takes orders again after the pause is a guess.
            self.unproven[venue] = None

    def told(self, venue: Venue, closed_until_ns: int, *, is_assumed: bool) -> None:
        """Somebody who looked tells until when a venue is closed (0: open), or that it may be."""
        self.closed_until_ns[venue] = closed_until_ns
        if is_assumed:
            self.unproven[venue] = None
        else:
            self.unproven.pop(venue, None)

    def leave(self, market_ids: Iterable[MarketId]) -> None:
        """Forget markets that nobody follows any more."""
        for market_id in market_ids:
            self._rests.pop(market_id, None)

    def mark_market(self, market_id: MarketId, answer: LegAnswer, now_ns: int) -> None:
        """Learn from a leg's answer whether its market takes such orders."""
        outcome = outcome_of(answer)
        if outcome.rests_market:
            count = self._rests.get(market_id, (0, 0))[0]
            self._rests[market_id] = (min(count + 1, 6), now_ns + (REJECTED_NS << count))
        elif outcome.is_evidence:
            self._rests.pop(market_id, None)
