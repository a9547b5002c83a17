"""Price grids: the prices a market accepts, as bands with a step each.

Kalshi publishes them as `price_ranges` (Kalshi docs, fixed_point_migration, 2026-08-17); a
Polymarket tick is a grid with one band. Bands share their edges; 0 and 1 are never prices.
"""

from dataclasses import dataclass

ONE_E4 = 10_000


@dataclass(frozen=True, slots=True)
class Band:
    """Prices start, start+step, … up to and including end, in 1/10 000 dollar."""

    start_e4: int
    end_e4: int
    step_e4: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The bands of one market, in ascending order, with Kalshi's label for them."""

    label: str
    bands: tuple[Band, ...]

    def contains(self, price_e4: int) -> bool:
        """Tell whether an order may carry this price."""
        if not 0 < price_e4 < ONE_E4:
            return False
        return any(
            band.start_e4 <= price_e4 <= band.end_e4
            and (price_e4 - band.start_e4) % band.step_e4 == 0
            for band in self.bands
        )

    def floor(self, price_e4: int) -> int:
        """Round down to the grid; below the lowest price, return the lowest."""
        best = self.lowest
        for band in self.bands:
            if price_e4 >= band.start_e4:
                inside_e4 = min(price_e4, band.end_e4) - band.start_e4
                candidate = band.start_e4 + inside_e4 // band.step_e4 * band.step_e4
                if 0 < candidate < ONE_E4:
                    best = max(best, candidate)
        return best

    def ceil(self, price_e4: int) -> int:
        """Round up to the grid; above the highest price, return the highest."""
        floor_e4 = self.floor(price_e4)
        return floor_e4 if floor_e4 >= price_e4 else self.above(floor_e4)

    def above(self, price_e4: int) -> int:
        """Return the next higher grid price, or the highest one when there is none."""
        for band in self.bands:
            if price_e4 < band.end_e4:
                steps = (max(price_e4, band.start_e4) - band.start_e4) // band.step_e4 + 1
                candidate = band.start_e4 + steps * band.step_e4
                if candidate < ONE_E4:
                    return candidate
        return self.highest

    def below(self, price_e4: int) -> int:
        """Return the next lower grid price, or the lowest one when there is none."""
        return self.floor(price_e4 - 1)

    @property
    def lowest(self) -> int:
        """Return the lowest price strictly above zero."""
        first = self.bands[0]
        return first.start_e4 if first.start_e4 > 0 else first.step_e4

    @property
    def highest(self) -> int:
        """Return the highest price strictly below one."""
        last = self.bands[-1]
        return last.end_e4 if last.end_e4 < ONE_E4 else last.end_e4 - last.step_e4


LINEAR_CENT = Grid("linear_cent", (Band(0, ONE_E4, 100),))
DECI_CENT = Grid("deci_cent", (Band(0, ONE_E4, 10),))
TAPERED_DECI_CENT = Grid(
    "tapered_deci_cent",
    (Band(0, 1_000, 10), Band(1_000, 9_000, 100), Band(9_000, ONE_E4, 10)),
)
