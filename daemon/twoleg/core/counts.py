"""What was tried, and how much of it filled: counts per cell, bounded, the old ones fading.

Whoever reads the journal counts the same tries in the same order as the engine did, so that a
restart goes on from the same counts. What is made of them: `evidence`.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from twoleg.core.market import Direction, PairId, Venue

AGE_STEPS_MS: Final = (100, 1_000)
"""Level ages are told apart below 100 ms, below 1 s, and above."""
TRIES_MAX: Final = 200
"""At so many tries a cell's counts are halved: old tries fade, and markets change."""
CELLS_MAX: Final = 4_096
"""Cells of pairs that are remembered; the one that was begun first goes first."""

Cell = tuple[int, int, bool]
"""(step of depth share, step of level age, fired second)"""
Key = tuple[Venue, Cell]


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


class CellCount(msgspec.Struct, frozen=True, array_like=True):
    """What one cell holds, as a snapshot carries it: a pair's direction's, or a whole venue's."""

    venue: Venue
    cell: Cell
    tries: int
    filled_e4: int
    pair_id: PairId = PairId("")
    """Empty, as is `direction`, for all tries on the venue."""
    direction: Direction | None = None


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a try did to the counts."""

    key: Key
    is_fall: bool
    """A miss that counted beside all that was there: no rate rose by it."""
    forgotten: Key | None
    """Where a cell of a pair had to go for a new one."""


class Counts:
    """Tries per cell: of each venue, and of each pair and direction on it. Bounded; old ones fade.

    `steps_e4` are the upper bounds of the depth shares that are told apart, in 1/10 000.
    """

    __slots__ = ("pairs", "steps_e4", "venues")

    def __init__(self, steps_e4: tuple[int, ...] = ()) -> None:
        self.steps_e4 = steps_e4
        self.venues: dict[Key, Count] = {}
        # Own cells per (venue, cell), so that all which share a prior are found together.
        self.pairs: dict[Key, dict[tuple[PairId, Direction], Count]] = {}

    @property
    def tries(self) -> int:
        """How many tries all of it rests on, less those that have faded."""
        return sum(count.tries for count in self.venues.values())

    def change_steps(self, steps_e4: tuple[int, ...]) -> None:
        """Count by these steps from now on; what was counted by others is forgotten."""
        if steps_e4 != self.steps_e4:
            self.steps_e4 = steps_e4
            self.venues.clear()
            self.pairs.clear()

    def step_of(self, share_e4: int) -> int | None:
        """The step that a share of the depth falls into; None beyond the last one."""
        for step, upper_e4 in enumerate(self.steps_e4):
            if share_e4 <= upper_e4:
                return step
        return None

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
    ) -> Told | None:
        """Count a leg that was decided; None if its share is beyond the last step."""
        assert size_e6 > 0
        assert filled_e6 >= 0
        step = self.step_of(leg_try.share_e4)
        if step is None:
            return None
        share_e4 = min(10_000, filled_e6 * 10_000 // size_e6)
        key = (venue, (step, age_step(leg_try.age_ms), is_second))
        is_new = (pair_id, direction) not in self.pairs.get(key, {})
        forgotten = self._make_room() if is_new else None
        own = self.pairs.setdefault(key, {})
        own_halved = own.setdefault((pair_id, direction), Count()).add(share_e4)
        venue_halved = self.venues.setdefault(key, Count()).add(share_e4)
        is_fall = share_e4 == 0 and not (own_halved or venue_halved)
        return Told(key, is_fall, forgotten)

    def dump(self) -> tuple[CellCount, ...]:
        """All cells; `load` into counts of the same steps makes them what these are."""
        venues = (
            CellCount(venue, cell, count.tries, count.filled_e4)
            for (venue, cell), count in self.venues.items()
        )
        pairs = (
            CellCount(venue, cell, count.tries, count.filled_e4, pair_id, direction)
            for (venue, cell), own in self.pairs.items()
            for (pair_id, direction), count in own.items()
        )
        return (*venues, *pairs)

    def load(self, cells: Iterable[CellCount]) -> None:
        """Take cells of a dump, in its order."""
        for known in cells:
            key, count = (known.venue, known.cell), Count(known.tries, known.filled_e4)
            if known.direction is None:
                self.venues[key] = count
            else:
                self.pairs.setdefault(key, {})[known.pair_id, known.direction] = count

    def _make_room(self) -> Key | None:
        """Forget the cell of a pair that was begun first if there are too many; tells where."""
        if sum(map(len, self.pairs.values())) < CELLS_MAX:
            return None
        key, own = next(iter(self.pairs.items()))
        del own[next(iter(own))]
        if not own:
            del self.pairs[key]
        return key


def age_step(age_ms: int) -> int:
    """Which of the three ages a level has."""
    return sum(age_ms >= edge_ms for edge_ms in AGE_STEPS_MS)
