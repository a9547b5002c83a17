"""The crowd of one venue: market makers around the venue's price, and small takers.

It acts through `CrowdPort`, so it knows neither protocol nor ledger. What it quotes is decided by
the shared price path; only its sizes and small trades come from its own seeded chance.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from twoleg.sim.exchange import Side
from twoleg.sim.grid import ONE_E4, Grid
from twoleg.sim.prices import PriceWorld, Venue

_SIDES: Final[tuple[Side, Side]] = ("bid", "ask")
LOT_E6: Final = 10_000
SIZE_MIN_LOTS: Final = 2_000
SIZE_MAX_LOTS: Final = 40_000
LEVELS_MIN: Final = 3
LEVELS_MAX: Final = 6
# Distance of the best quote from the middle, and between levels, at least one grid step each.
HALF_SPREAD_E4: Final = 60
LEVEL_GAP_E4: Final = 100
# Levels resized per step and market; each is two changes, so about 40 a second at 100 ms.
RESIZES_MAX: Final = 4
# A level that someone has hit comes back only after so many steps.
REFILL_STEPS: Final = (10, 30)
TAKE_PER_MILLE: Final = 30
TAKE_MAX_LOTS: Final = 2_500


class Clock(Protocol):
    """Wall and monotonic time in nanoseconds, handed in by whoever composes the program."""

    def now_ns(self) -> int:
        """Return wall time since the Unix epoch."""
        ...

    def monotonic_ns(self) -> int:
        """Return a time that never goes back."""
        ...


Sleep = Callable[[float], Awaitable[None]]


class CrowdPort(Protocol):
    """What the crowd may do on a venue, as other people: no credentials, no fees, no limits."""

    def place(self, market_id: str, side: Side, price_e4: int, size_e6: int) -> str:
        """Trade what crosses, rest the remainder; return the order's id."""
        ...

    def cancel(self, market_id: str, order_id: str) -> int | None:
        """Remove a resting order; return what was left, None when it was gone."""
        ...

    def take(self, market_id: str, side: Side, limit_price_e4: int, size_e6: int) -> int:
        """Execute immediately up to the limit; return the size traded."""
        ...

    def left_e6(self, market_id: str, order_id: str) -> int:
        """Return what is left of a resting order, 0 when it is gone."""
        ...

    def is_open(self, market_id: str) -> bool:
        """Tell whether the market trades now."""
        ...


@dataclass(slots=True)
class _Quote:
    """A maker's resting order and its size when placed."""

    order_id: str
    size_e6: int


@dataclass(slots=True)
class _MarketCrowd:
    """Everybody else on one market: what they quote, and where they were just hit."""

    market_id: str
    pair: int
    grid: Grid
    # Levels that the makers keep on each side of this market.
    depth: int
    # Own resting quotes by side and price.
    quotes: dict[tuple[Side, int], _Quote] = field(default_factory=dict)
    # Step before which a level that was hit is not quoted again.
    refill: dict[tuple[Side, int], int] = field(default_factory=dict)


class VenueFlow:
    """Keeps one venue's books alive. Call `step` for one step, or `run` to follow the clock.

    `market_ids[i]` is the venue's identifier of pair i, `grids[i]` its price grid. The quoted price
    is in the venue's own YES terms.
    """

    def __init__(
        self,
        prices: PriceWorld,
        venue: Venue,
        port: CrowdPort,
        *,
        market_ids: list[str],
        grids: list[Grid],
        rng: Random,
        is_running: bool = True,
    ) -> None:
        self._prices = prices
        self._venue: Venue = venue
        self._port = port
        self._rng = rng
        self._markets = [
            _MarketCrowd(market_id, pair, grid, rng.randint(LEVELS_MIN, LEVELS_MAX))
            for pair, (market_id, grid) in enumerate(zip(market_ids, grids, strict=True))
        ]
        # False: step() and run() leave the books as they are.
        self.is_running = is_running

    async def run(self, clock: Clock, sleep: Sleep) -> None:
        """Step at every boundary of the price path until cancelled; missed steps are skipped."""
        while True:
            if self.is_running:
                self.step(self._prices.step_at(clock.now_ns()))
            await sleep(self._prices.step_ms / 1_000)

    def step(self, step: int) -> None:
        """Bring every open market's quotes to this step and let small takers trade."""
        if not self.is_running:
            return
        for market in self._markets:
            if self._port.is_open(market.market_id):
                self._note_hits(market, step)
                self._requote(market, step)
                self._resize(market)
                self._trade(market, step)

    def forget(self, market_id: str) -> None:
        """Drop the crowd's record of its quotes there, after someone else removed them."""
        for market in self._markets:
            if market.market_id == market_id:
                market.quotes.clear()
                market.refill.clear()

    def wanted(self, pair: int, step: int) -> dict[tuple[Side, int], None]:
        """Return the (side, price) levels that the makers want at a step; they never cross."""
        market = self._markets[pair]
        grid = market.grid
        middle_e4 = self._prices.quoted_e4(self._venue, pair, step)
        wanted: dict[tuple[Side, int], None] = {}
        bid_e4 = grid.floor(middle_e4 - HALF_SPREAD_E4)
        ask_e4 = grid.ceil(middle_e4 + HALF_SPREAD_E4)
        if bid_e4 >= ask_e4:
            return wanted
        for _ in range(market.depth):
            wanted["bid", bid_e4] = None
            wanted["ask", ask_e4] = None
            bid_e4 = grid.floor(min(bid_e4 - LEVEL_GAP_E4, grid.below(bid_e4)))
            ask_e4 = grid.ceil(max(ask_e4 + LEVEL_GAP_E4, grid.above(ask_e4)))
        return wanted

    def _note_hits(self, market: _MarketCrowd, step: int) -> None:
        for key, quote in list(market.quotes.items()):
            left_e6 = self._port.left_e6(market.market_id, quote.order_id)
            if left_e6 == 0:
                del market.quotes[key]
            if left_e6 < quote.size_e6:
                market.refill[key] = step + self._rng.randint(*REFILL_STEPS)
                quote.size_e6 = left_e6
        market.refill = {key: at for key, at in market.refill.items() if at > step}

    def _requote(self, market: _MarketCrowd, step: int) -> None:
        wanted = self.wanted(market.pair, step)
        # All cancels come first, so that a moving market never trades with its own old quotes.
        for key in [key for key in market.quotes if key not in wanted]:
            self._port.cancel(market.market_id, market.quotes.pop(key).order_id)
        for key in wanted:
            if key not in market.quotes and key not in market.refill:
                self._place(market, key)

    def _resize(self, market: _MarketCrowd) -> None:
        keys = [key for key in market.quotes if key not in market.refill]
        for key in self._rng.sample(keys, min(len(keys), self._rng.randint(0, RESIZES_MAX))):
            self._port.cancel(market.market_id, market.quotes.pop(key).order_id)
            self._place(market, key)

    def _place(self, market: _MarketCrowd, key: tuple[Side, int]) -> None:
        size_e6 = self._rng.randint(SIZE_MIN_LOTS, SIZE_MAX_LOTS) * LOT_E6
        if self._rng.random() < 0.8:  # most people trade whole contracts
            size_e6 -= size_e6 % 1_000_000
        order_id = self._port.place(market.market_id, key[0], key[1], size_e6)
        left_e6 = self._port.left_e6(market.market_id, order_id)
        if left_e6:
            market.quotes[key] = _Quote(order_id, left_e6)

    def _trade(self, market: _MarketCrowd, step: int) -> None:
        if self._rng.randrange(1_000) >= TAKE_PER_MILLE:
            return
        # Takers lean towards the undisturbed value: they correct a dislocation, but only slowly.
        fair_e4 = self._prices.fair_e4(market.pair, step)
        is_inverse = self._prices.world.pairs[market.pair].polarity == "inverse"
        if self._venue == "polymarket" and is_inverse:
            fair_e4 = ONE_E4 - fair_e4
        gap_e4 = fair_e4 - self._prices.quoted_e4(self._venue, market.pair, step)
        side: Side = _SIDES[self._rng.randrange(2)]
        if gap_e4:
            side = "bid" if gap_e4 > 0 else "ask"
        size_e6 = self._rng.randint(1, TAKE_MAX_LOTS) * LOT_E6
        limit_e4 = market.grid.highest if side == "bid" else market.grid.lowest
        self._port.take(market.market_id, side, limit_e4, size_e6)
