"""How often legs fill: our own tries over venue-wide tries over published priors. Integers only.

Rates are kept per cell: the share of the displayed depth (the steps of `Limits.fill_curve`), the
age of the level, and whether the leg was fired with or before the other one, or second. Each layer
is the prior of the one above it, worth `Limits.prior_tries` tries: the published rate, then all
tries on a venue, then those of one pair and direction on it. Rates are 1/10 000.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

from twoleg.core.counts import (
    AGE_STEPS_MS,
    NOTHING,
    Cell,
    CellCount,
    Count,
    Counts,
    Key,
    LegTry,
    age_step,
)
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, PairId, Venue

OLD_MISSES: Final = 6
"""0 of 6 hedges filled where the quote was over 1 s old (one public 54-hour log of 2026): counted
as six tries without a fill beside the prior. Too few to say that old levels never fill."""
MISSES_MAX: Final = 16
"""After so many misses the greatest rate of a cell is found anew, though the old one bounds it."""


class Evidence:
    """Fill rates by what was measured. Told by whoever judges the legs; asked when sizing."""

    __slots__ = ("_best", "_ceilings", "_counts", "_limits", "_misses", "_unsure")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._counts = Counts(depth_steps_e4(limits))
        # The greatest rate of each (venue, cell) that anything was told about, and those for which
        # it has to be found anew: not while an answer waits to be acted on.
        self._best: dict[Key, int] = {}
        self._unsure: dict[Key, None] = {}
        # Misses since then: no rate rises by one, so that the greatest one known still bounds them.
        self._misses: dict[Key, int] = {}
        # What `ceilings` answers until something is unsure.
        self._ceilings: dict[bool, tuple[int, ...]] = {}

    def change_limits(self, limits: Limits) -> None:
        """Take new priors; counts whose depth steps are others now are forgotten."""
        self._counts.change_steps(depth_steps_e4(limits))
        self._limits = limits
        self._judge_anew()

    def restore(self, steps_e4: tuple[int, ...], cells: Iterable[CellCount]) -> None:
        """Go on from what an earlier process counted, unless it counted by other steps."""
        self._counts = Counts(steps_e4)
        self._counts.load(cells)
        self._counts.change_steps(depth_steps_e4(self._limits))
        self._judge_anew()

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
        step = self._counts.step_of(share_e4)
        if step is None:
            return 0
        key = (venue, (step, age_step(age_ms), is_second))
        own = self._counts.pairs.get(key)
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
        told = self._counts.tell(
            pair_id,
            direction,
            venue,
            leg_try,
            is_second=is_second,
            filled_e6=filled_e6,
            size_e6=size_e6,
        )
        if told is None:
            return
        if told.forgotten is not None:
            self._doubt(told.forgotten)
        misses = self._misses.get(told.key, 0) + 1
        if told.is_fall and misses < MISSES_MAX:
            self._misses[told.key] = misses
        else:
            self._doubt(told.key)

    # -- inner workings --------------------------------------------------------------------

    def _rate(self, key: Key, own: Count) -> int:
        """Own tries over the others' of the venue over the published rate."""
        weight = self._limits.prior_tries
        total = self._counts.venues.get(key, NOTHING)
        # A pair's own tries are not evidence for themselves. Halved at different times, the
        # difference may be off; it is then nothing rather than below nothing.
        tries = max(0, total.tries - own.tries)
        filled_e4 = max(0, min(total.filled_e4 - own.filled_e4, tries * 10_000))
        venue_e4 = _posterior(weight, published_e4(self._limits, key[1]), tries, filled_e4)
        return _posterior(weight, venue_e4, own.tries, own.filled_e4)

    def _find_best(self, key: Key) -> int:
        own = self._counts.pairs.get(key, {})
        return max(self._rate(key, count) for count in (NOTHING, *own.values()))

    @staticmethod
    def _allowed_steps(limits: Limits) -> Iterator[int]:
        """Steps that a size within the depth share can fall into."""
        lower_e4 = 0
        for step, (upper_e4, _) in enumerate(limits.fill_curve):
            # Rounded up, a share may be just above the greatest one that is allowed.
            if lower_e4 <= limits.depth_share_e4:
                yield step
            lower_e4 = upper_e4

    def _judge_anew(self) -> None:
        self._best.clear()
        self._misses.clear()
        self._ceilings.clear()
        self._unsure = dict.fromkeys(self._counts.venues)

    def _doubt(self, key: Key) -> None:
        """The greatest rate of a cell has to be found anew when it is asked for."""
        self._unsure[key] = None
        self._misses.pop(key, None)
        self._ceilings.clear()

    def _bound(self, key: Key) -> int:
        return self._best[key] if key in self._best else published_e4(self._limits, key[1])


def depth_steps_e4(limits: Limits) -> tuple[int, ...]:
    """The upper bounds of the depth shares that are told apart, in 1/10 000."""
    return tuple(upper_e4 for upper_e4, _ in limits.fill_curve)


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


def _posterior(weight: int, prior_e4: int, tries: int, filled_e4: int) -> int:
    """(prior tries · prior rate + own filled shares) / (prior tries + own tries), rounded down."""
    if weight + tries == 0:
        return prior_e4
    return (weight * prior_e4 + filled_e4) // (weight + tries)
