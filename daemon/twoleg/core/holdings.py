"""What we hold per pair, as far as decisions need it: Kalshi exposure and carried dust."""

from collections.abc import Iterable
from typing import Final

from twoleg.core.books import Books
from twoleg.core.events import PositionReported
from twoleg.core.execution import Execution, exposure_sign
from twoleg.core.market import Direction, MarketId, Outcome, Pair, PairId, Side, Venue
from twoleg.core.units import LOT_E6

CARRY_E6_MAX: Final = 5 * LOT_E6
"""Up to so much of a pair that one venue does not cover on the other is dust: executions of one
contract or more net it by their size. Beyond that nothing starts but what closes it."""


class Holdings:
    """Signed exposures in event terms (+: pays if the Kalshi market settles YES)."""

    __slots__ = ("_accounted", "_exposure", "_pairs", "_sharing")

    def __init__(self) -> None:
        self._pairs: dict[PairId, Pair] = {}
        # The pairs on each Kalshi market, as all of them net there.
        self._sharing: dict[MarketId, list[PairId]] = {}
        # Exposure of each pair on each venue; hedged pairs sum to less than a lot.
        self._exposure: dict[tuple[PairId, Venue], int] = {}
        # What of an execution is already in `_exposure`, so that a reopened one counts once.
        self._accounted: dict[int, dict[Venue, int]] = {}

    def change_pairs(self, pairs: tuple[Pair, ...]) -> None:
        """Know the pairs; holdings of pairs that went away stay on record."""
        self._pairs.update((pair.id, pair) for pair in pairs)
        self._sharing.clear()
        for pair in self._pairs.values():
            self._sharing.setdefault(pair.kalshi, []).append(pair.id)

    def leave(self, pair_ids: Iterable[PairId]) -> None:
        """Forget pairs that left: nothing of them is held, or what was held is paid."""
        for pair_id in pair_ids:
            pair = self._pairs.pop(pair_id, None)
            if pair is None:
                continue
            self._sharing[pair.kalshi].remove(pair_id)
            if not self._sharing[pair.kalshi]:
                del self._sharing[pair.kalshi]
            for venue in Venue:
                self._exposure.pop((pair_id, venue), None)

    def report(self, event: PositionReported, books: Books) -> None:
        """Take a holding found at start."""
        market = books.markets.get(event.market_id)
        if market is None:
            return
        for pair in self._pairs.values():
            if pair.market_on(market.venue) == event.market_id:
                sign = exposure_sign(pair.polarity, market.venue, Outcome.YES, Side.BUY)
                key = (pair.id, market.venue)
                self._exposure[key] = sign * (event.yes_e6 - event.no_e6)

    def carry_e6(self, pair_id: PairId) -> int:
        """What the two venues do not cover of each other: dust, or worse."""
        return sum(self.exposures_e6(pair_id).values())

    def exposures_e6(self, pair_id: PairId) -> dict[Venue, int]:
        """Signed exposure of a pair on each venue."""
        return {venue: self._exposure.get((pair_id, venue), 0) for venue in Venue}

    def without_e6(self, execution: Execution) -> dict[Venue, int]:
        """Signed exposure of an execution's pair on each venue, without its own part."""
        done = self._accounted.get(execution.execution_no, {})
        held = self.exposures_e6(execution.pair.id)
        return {venue: e6 - done.get(venue, 0) for venue, e6 in held.items()}

    def held_e6(self, pair_id: PairId) -> int:
        """Signed exposure held on Kalshi; its hedge is on Polymarket."""
        return self._exposure.get((pair_id, Venue.KALSHI), 0)

    def may_add(self, pair_id: PairId, direction: Direction) -> bool:
        """Whether a direction adds to what is held; the opposite one would close it.

        Kalshi nets YES against NO, so every pair on the same Kalshi market counts.
        """
        for other_id in self._sharing[self._pairs[pair_id].kalshi]:
            held_e6 = self.held_e6(other_id)
            if abs(held_e6) >= LOT_E6 and (held_e6 > 0) is not (direction is Direction.KALSHI_YES):
                return False
        return True

    def account(self, execution: Execution) -> None:
        """Book an execution's exposure as of now; again after it was reopened."""
        done = self._accounted.setdefault(execution.execution_no, {})
        for venue in Venue:
            now_e6 = execution.exposure_e6(venue)
            key = (execution.pair.id, venue)
            self._exposure[key] = self._exposure.get(key, 0) + now_e6 - done.get(venue, 0)
            done[venue] = now_e6

    def mark_accounted(self, execution: Execution) -> None:
        """What this execution filled so far is already in the holdings."""
        exposures = {venue: execution.exposure_e6(venue) for venue in Venue}
        self._accounted[execution.execution_no] = exposures

    def left_for(self, execution: Execution, others: Iterable[Execution]) -> int:
        """What nobody of its pair looks after: that is its carry. `others` are those that are open.

        It is what the closed ones left uncovered, less what others have taken over. One that is
        quiet looks after nothing: it was found closed, and closes as it is.
        """
        left_e6 = self.carry_e6(execution.pair.id) - self._done_e6(execution)
        for other in others:
            left_e6 -= self._done_e6(other)
            if other.is_quiet:
                left_e6 += sum(other.exposure_e6(venue) for venue in Venue)
            else:
                left_e6 -= other.taken_over_e6
        return left_e6 - (execution.taken_over_e6 - execution.carry_in_e6)

    def _done_e6(self, execution: Execution) -> int:
        """What of its own is in the holdings already."""
        return sum(self._accounted.get(execution.execution_no, {}).values())

    def forget(self, execution_no: int) -> None:
        """An old execution will not be reopened any more."""
        self._accounted.pop(execution_no, None)
