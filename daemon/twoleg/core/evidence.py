"""How often legs fill: our own tries over venue-wide tries over published priors. Integers only.

Rates are kept per cell: the share of the displayed depth (the steps of `Limits.fill_curve`), the
age of the level, and whether the leg was fired with or before the other one, or second. Each layer
is the prior of the one above it, worth `Limits.prior_tries` tries: the published rate, then all
tries on a venue, then those of one pair and direction on it. Rates are 1/10 000.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

import msgspec

from twoleg.core.limits import Limits
from twoleg.core.market import Direction, PairId, Venue

AGE_STEPS_MS: Final = (100, 1_000)
"""Level ages are told apart below 100 ms, below 1 s, and above."""
OLD_MISSES: Final = 6
"""0 of 6 hedges filled where the quote was over 1 s old (one public 54-hour log of 2026): counted
as six tries without a fill beside the prior. Too few to say that old levels never fill."""
TRIES_MAX: Final = 200
"""At so many tries a cell's counts are halved: old tries fade, and markets change."""
MISSES_MAX: Final = 16
"""After so many misses the greatest rate of a cell is found anew, though the old one bounds it."""
CELLS_MAX: Final = 4_096
"""Cells of pairs that are remembered; the one that was begun first goes first."""

Cell = tuple[int, int, bool]
"""(step of depth share, step of level age, fired second)"""


class LegTry(msgspec.Struct, frozen=True, gc=False):
    """What a leg was tried against: the share of the displayed depth, and the level's age.

    `share_e4` is size over displayed depth within the limit in 1/10 000, `age_ms` how long the
    best level that it aims at has stood.
    """

    share_e4: int
    age_ms: int


class Count(msgspec.Struct, gc=False):
    """Tries, and the sum of the shares of them that filled, in 1/10 000."""

    tries: int = 0
    filled_e4: int = 0

    def add(self, share_e4: int) -> bool:
        """Count one try; True if what is old was halved first, as there was enough of it."""
        is_halved = self.tries >= TRIES_MAX
        if is_halved:
            self.tries //= 2
            self.filled_e4 //= 2
        self.tries += 1
        self.filled_e4 += share_e4
        return is_halved


NOTHING: Final = Count()


class Evidence:
    """Fill rates by what was measured. Told by whoever judges the legs; asked when sizing."""

    __slots__ = ("_best", "_ceilings", "_limits", "_misses", "_pairs", "_unsure", "_venues")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._venues: dict[tuple[Venue, Cell], Count] = {}
        # Own cells per (venue, cell), so that all which share a prior are found together.
        self._pairs: dict[tuple[Venue, Cell], dict[tuple[PairId, Direction], Count]] = {}
        # The greatest rate of each (venue, cell) that anything was told about, and those for which
        # it has to be found anew: not while an answer waits to be acted on.
        self._best: dict[tuple[Venue, Cell], int] = {}
        self._unsure: dict[tuple[Venue, Cell], None] = {}
        # Misses since then: no rate rises by one, so that the greatest one known still bounds them.
        self._misses: dict[tuple[Venue, Cell], int] = {}
        # What `ceilings` answers until something is unsure.
        self._ceilings: dict[bool, tuple[int, ...]] = {}

    def change_limits(self, limits: Limits) -> None:
        """Take new priors; counts whose depth steps are others now are forgotten."""
        if limits.fill_curve != self._limits.fill_curve:
            self._venues.clear()
            self._pairs.clear()
        self._limits = limits
        self._best.clear()
        self._ceilings.clear()
        self._unsure = dict.fromkeys(self._venues)

    def rate_e4(
        self,
        pair_id: PairId,
        direction: Direction,
        venue: Venue,
        *,
        share_e4: int,
        age_ms: int,
        is_second: bool,
    ) -> int:
        """Expected fill rate of a leg; 0 beyond the last step of the curve.

        `is_second`: fired only after the other leg has filled.
        """
        step = self._share_step(share_e4)
        if step is None:
            return 0
        key = (venue, (step, age_step(age_ms), is_second))
        own = self._pairs.get(key)
        return self._rate(key, own.get((pair_id, direction), NOTHING) if own else NOTHING)

    def best_e4(self, *, is_second: bool) -> int:
        """A rate that no leg of any pair exceeds, at sizes that the depth share allows."""
        return next(iter(self.ceilings(is_second=is_second)), 0)

    def ceilings(self, *, is_second: bool) -> tuple[int, ...]:
        """Per step of the curve a rate that no leg of such a share or a greater one exceeds."""
        found = self._ceilings.get(is_second)
        if found is not None:
            return found
        for key in self._unsure:
            self._best[key] = self._find_best(key)
        self._unsure.clear()
        rates, most_e4 = [0] * len(self._limits.fill_curve), 0
        for step in sorted(self._allowed_steps(self._limits), reverse=True):
            keys = (
                (venue, (step, age, is_second))
                for venue, age in product(Venue, range(len(AGE_STEPS_MS) + 1))
            )
            most_e4 = rates[step] = max(most_e4, *map(self._bound, keys))
        self._ceilings[is_second] = tuple(rates)
        return self._ceilings[is_second]

    def tell(
        self,
        pair_id: PairId,
        direction: Direction,
        venue: Venue,
        leg_try: LegTry,
        *,
        is_second: bool,
        filled_e6: int,
        size_e6: int,
    ) -> None:
        """Count a leg that was decided: `filled_e6` of `size_e6`; over-fills count as full."""
        assert size_e6 > 0
        assert filled_e6 >= 0
        step = self._share_step(leg_try.share_e4)
        if step is None:
            return
        share_e4 = min(10_000, filled_e6 * 10_000 // size_e6)
        is_miss = share_e4 == 0
        key = (venue, (step, age_step(leg_try.age_ms), is_second))
        own = self._pairs.setdefault(key, {})
        if (pair_id, direction) not in own:
            self._make_room()
        own_halved = own.setdefault((pair_id, direction), Count()).add(share_e4)
        venue_halved = self._venues.setdefault(key, Count()).add(share_e4)
        misses = self._misses.get(key, 0) + 1
        if is_miss and misses < MISSES_MAX and not (own_halved or venue_halved):
            self._misses[key] = misses
        else:
            self._doubt(key)

    # -- inner workings --------------------------------------------------------------------

    def _rate(self, key: tuple[Venue, Cell], own: Count) -> int:
        """Own tries over the others' of the venue over the published rate."""
        weight = self._limits.prior_tries
        total = self._venues.get(key, NOTHING)
        # A pair's own tries are not evidence for themselves. Halved at different times, the
        # difference may be off; it is then nothing rather than below nothing.
        tries = max(0, total.tries - own.tries)
        filled_e4 = max(0, min(total.filled_e4 - own.filled_e4, tries * 10_000))
        venue_e4 = _posterior(weight, published_e4(self._limits, key[1]), tries, filled_e4)
        return _posterior(weight, venue_e4, own.tries, own.filled_e4)

    def _find_best(self, key: tuple[Venue, Cell]) -> int:
        own = self._pairs.get(key, {})
        return max(self._rate(key, count) for count in (NOTHING, *own.values()))

    def _share_step(self, share_e4: int) -> int | None:
        for step, (upper_e4, _) in enumerate(self._limits.fill_curve):
            if share_e4 <= upper_e4:
                return step
        return None

    @staticmethod
    def _allowed_steps(limits: Limits) -> Iterator[int]:
        """Steps that a size within the depth share can fall into."""
        lower_e4 = 0
        for step, (upper_e4, _) in enumerate(limits.fill_curve):
            # Rounded up, a share may be just above the greatest one that is allowed.
            if lower_e4 <= limits.depth_share_e4:
                yield step
            lower_e4 = upper_e4

    def _make_room(self) -> None:
        """Forget the cell that was begun first when there are too many."""
        if sum(map(len, self._pairs.values())) < CELLS_MAX:
            return
        key = next(key for key, own in self._pairs.items() if own)
        del self._pairs[key][next(iter(self._pairs[key]))]
        self._doubt(key)

    def _doubt(self, key: tuple[Venue, Cell]) -> None:
        """The greatest rate of a cell has to be found anew when it is asked for."""
        self._unsure[key] = None
        self._misses.pop(key, None)
        self._ceilings.clear()

    def _bound(self, key: tuple[Venue, Cell]) -> int:
        return self._best[key] if key in self._best else published_e4(self._limits, key[1])


def published_e4(limits: Limits, cell: Cell) -> int:
    """The prior of a cell, before anything of our own.

    `Limits.fill_curve`: 774 hedges of one public 54-hour log of 2026, by share of the displayed
    depth. They were fired second; for a leg fired at once they are the nearest thing published.
    `Limits.second_fill_e4` (0.633) is the mean of the same hedges: Kalshi fill-or-kill orders after
    a Polymarket fill on 15-minute bitcoin markets. A leg that waits for the other one is taken to
    fill no better than at once, and no better than that mean.
    """
    step, age, is_second = cell
    rate_e4 = limits.fill_curve[step][1]
    if is_second:
        rate_e4 = min(rate_e4, limits.second_fill_e4)
    if age == len(AGE_STEPS_MS):
        rate_e4 = _posterior(limits.prior_tries, rate_e4, OLD_MISSES, 0)
    return rate_e4


def age_step(age_ms: int) -> int:
    """Which of the three ages a level has."""
    return sum(age_ms >= edge_ms for edge_ms in AGE_STEPS_MS)


def _posterior(weight: int, prior_e4: int, tries: int, filled_e4: int) -> int:
    """(prior tries · prior rate + own filled shares) / (prior tries + own tries), rounded down."""
    if weight + tries == 0:
        return prior_e4
    return (weight * prior_e4 + filled_e4) // (weight + tries)
