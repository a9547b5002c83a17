"""All other people: three levels a side around a wandering price, and now and then an edge."""

from random import Random
from typing import Final

from twoleg.sim.base import VenueSim
from twoleg.sim.exchange import Side
from twoleg.sim.world import FlowWorld

LEVELS: Final = 3
LOT_E6: Final = 10_000
CENT_E4: Final = 100
SHIFTS_E4: Final = (300, 500, 800, 1_400)
SIDES: Final[tuple[Side, Side]] = ("bid", "ask")


class Crowd:
    """Quotes both venues of every pair; `move` is one step of it."""

    def __init__(
        self, world: FlowWorld, venues: dict[str, VenueSim], rng: Random, dislocations: float
    ) -> None:
        self._world = world
        self._venues = venues
        self._rng = rng
        self._dislocations = dislocations
        # An edge opens in all pairs of a venue at once: they compete for the same cash.
        self.moves_together = False
        self._fair_e4 = [rng.randrange(2_500, 7_600, 100) for _ in world.pairs]
        # Books that nobody quotes now.
        self._left: set[tuple[str, int]] = set()
        # By (venue, pair): how far its quotes are off, and its orders by (side, price).
        self._shift_e4: dict[tuple[str, int], int] = {}
        self._orders: dict[tuple[str, int], dict[tuple[Side, int], tuple[str, int]]] = {
            (venue, index): {} for venue in venues for index in range(len(world.pairs))
        }

    def open(self) -> None:
        """Quote everything for the first time."""
        for venue, index in self._orders:
            self._quote(venue, index)

    def calm(self) -> None:
        """No edge any more: every book around the fair price."""
        self._dislocations = 0.0
        self._shift_e4.clear()
        self.open()

    def leave(self, venue: str, index: int) -> None:
        """All go away from a book, and stay away."""
        self._left.add((venue, index))
        self._orders[venue, index].clear()
        self._venues[venue].clear(self._market(venue, index))

    def come_back(self, venue: str, index: int) -> None:
        """Quote a book again; harmless if nobody had left."""
        if (venue, index) in self._left:
            self._left.discard((venue, index))
            self._quote(venue, index)

    def offer(self, venue: str, index: int, side: Side, price_e4: int, size_e6: int) -> None:
        """Somebody passing by quotes one price, on the cent that a taker's limit reaches."""
        down_e4 = price_e4 // CENT_E4 * CENT_E4
        wanted_e4 = down_e4 if side == "ask" else -(-price_e4 // CENT_E4) * CENT_E4
        self._venues[venue].place(self._market(venue, index), side, wanted_e4, size_e6)

    def between_e4(self, venue: str, index: int) -> int:
        """A whole cent between both sides of a book; 0 if there is none."""
        book = self._venues[venue].exchanges[self._market(venue, index)]
        bid_e4, ask_e4 = book.best("bid"), book.best("ask")
        if bid_e4 is None or ask_e4 is None:
            return 0
        price_e4 = (bid_e4 // CENT_E4 + 1) * CENT_E4
        return price_e4 if price_e4 < ask_e4 else 0

    def move(self) -> None:
        """Something happens in one market: a price moves, an edge opens or closes, a size."""
        rng = self._rng
        venue, index = rng.choice(sorted(self._orders))
        key = venue, index
        if self._shift_e4.pop(key, 0):
            self._quote(venue, index)
        elif rng.random() < self._dislocations:
            for each in self._indexes(index):
                self._shift_e4[venue, each] = rng.choice(SHIFTS_E4) * rng.choice((-1, 1))
                self._quote(venue, each)
        elif rng.random() < 0.3:
            step_e4 = rng.choice((-CENT_E4, CENT_E4))
            self._fair_e4[index] = min(max(self._fair_e4[index] + step_e4, 2_000), 8_000)
            for name in sorted(self._venues):
                self._quote(name, index)
        elif rng.random() < 0.5:
            self._take(venue, index)
        else:
            self._resize(venue, index)

    def _indexes(self, index: int) -> tuple[int, ...]:
        """The pairs that move with one."""
        return tuple(range(len(self._world.pairs))) if self.moves_together else (index,)

    # -- one book --------------------------------------------------------------------------

    def _quote(self, venue: str, index: int) -> None:
        """Bring the levels of a book to where its price is now; what stands right stays."""
        sim, market = self._venues[venue], self._market(venue, index)
        if not self._is_quoted(venue, index):
            return
        middle_e4 = self._middle_e4(venue, index)
        wanted: list[tuple[Side, int]] = [
            (side, middle_e4 + (-1 if side == "bid" else 1) * (CENT_E4 + CENT_E4 * level))
            for side in SIDES
            for level in range(LEVELS)
        ]
        orders = self._orders[venue, index]
        for place in [place for place in orders if place not in wanted]:
            sim.cancel(market, orders.pop(place)[0])
        for place in wanted:
            held = orders.get(place)
            if held is not None and sim.left_e6(market, held[0]) * 2 >= held[1]:
                continue
            if held is not None:
                sim.cancel(market, orders.pop(place)[0])
            self._place(venue, index, place)

    def _place(self, venue: str, index: int, place: tuple[Side, int]) -> None:
        contracts = self._rng.choice((8, 15, 40, 90, 200))
        size_e6 = contracts * 1_000_000
        if self._rng.random() < 0.3:
            size_e6 += self._rng.randrange(100) * LOT_E6
        sim, market = self._venues[venue], self._market(venue, index)
        order_id = sim.place(market, place[0], place[1], size_e6)
        if sim.left_e6(market, order_id):
            self._orders[venue, index][place] = order_id, size_e6

    def _resize(self, venue: str, index: int) -> None:
        sim, market = self._venues[venue], self._market(venue, index)
        orders = self._orders[venue, index]
        if not orders or not self._is_quoted(venue, index):
            return
        place = self._rng.choice(sorted(orders))
        sim.cancel(market, orders.pop(place)[0])
        self._place(venue, index, place)

    def _take(self, venue: str, index: int) -> None:
        sim, market = self._venues[venue], self._market(venue, index)
        if not self._is_quoted(venue, index):
            return
        side = self._rng.choice(SIDES)
        size_e6 = self._rng.randint(100, 3_000) * LOT_E6
        sim.take(market, side, 9_900 if side == "bid" else 100, size_e6)

    def _is_quoted(self, venue: str, index: int) -> bool:
        is_open = self._venues[venue].is_open(self._market(venue, index))
        return is_open and (venue, index) not in self._left

    def _middle_e4(self, venue: str, index: int) -> int:
        fair_e4 = self._fair_e4[index]
        if venue == "polymarket" and self._world.pairs[index].polarity == "inverse":
            fair_e4 = 10_000 - fair_e4
        return fair_e4 + self._shift_e4.get((venue, index), 0)

    def _market(self, venue: str, index: int) -> str:
        pair = self._world.pairs[index]
        return pair.kalshi.ticker if venue == "kalshi" else pair.polymarket.condition_id
