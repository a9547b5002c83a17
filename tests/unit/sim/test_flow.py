from itertools import pairwise
from random import Random

import pytest

from twoleg.sim.exchange import Exchange, Order, Side
from twoleg.sim.flow import VenueFlow
from twoleg.sim.grid import DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT, Grid
from twoleg.sim.prices import FAIR_MAX_E4, FAIR_MIN_E4, PriceWorld, Venue
from twoleg.sim.world import FlowWorld

STEP = 17_900_000_000


class Books:
    """A crowd's port on bare exchanges."""

    def __init__(self, market_ids: list[str]) -> None:
        self.exchanges = {market_id: Exchange(market_id) for market_id in market_ids}
        self.open = True
        self.changes = 0
        self.traded_e6 = 0
        self._orders = 0
        for exchange in self.exchanges.values():
            exchange.on_change(lambda _: self._count())

    def _count(self) -> None:
        self.changes += 1

    def place(self, market_id: str, side: Side, price_e4: int, size_e6: int) -> str:
        self._orders += 1
        assert not self.exchanges[market_id].would_cross(side, price_e4)
        self.exchanges[market_id].add(Order(f"o{self._orders}", "c", side, price_e4, size_e6))
        return f"o{self._orders}"

    def cancel(self, market_id: str, order_id: str) -> int | None:
        return self.exchanges[market_id].cancel(order_id)

    def take(self, market_id: str, side: Side, limit_price_e4: int, size_e6: int) -> int:
        walk = self.exchanges[market_id].take(side, limit_price_e4, account="t", size_e6=size_e6)
        self.traded_e6 += walk.size_e6
        return walk.size_e6

    def left_e6(self, market_id: str, order_id: str) -> int:
        order = self.exchanges[market_id].get(order_id)
        return 0 if order is None else order.size_e6

    def is_open(self, market_id: str) -> bool:
        return self.open

    def state(self) -> dict:
        return {m: (e.levels("bid"), e.levels("ask")) for m, e in self.exchanges.items()}


def crowd(venue: Venue = "kalshi", seed: int = 5, pairs: int = 10) -> tuple[VenueFlow, Books]:
    world = FlowWorld(seed, pairs)
    grids: list[Grid] = [getattr(pair, venue).grid for pair in world.pairs]
    market_ids = [f"m{pair.index}" for pair in world.pairs]
    books = Books(market_ids)
    flow = VenueFlow(
        PriceWorld(world), venue, books, market_ids=market_ids, grids=grids, rng=Random(seed)
    )
    return flow, books


def test_world_is_a_function_of_seed_and_size() -> None:
    assert FlowWorld(5, 12).pairs == FlowWorld(5, 12).pairs
    assert FlowWorld(5, 12).pairs[:10] == FlowWorld(5, 10).pairs
    assert FlowWorld(5).pairs != FlowWorld(6).pairs


def test_world_has_distinct_identifiers_and_the_promised_variety() -> None:
    pairs = FlowWorld(9, 60).pairs
    for of in (
        {p.kalshi.ticker for p in pairs},
        {p.kalshi.market_id for p in pairs},
        {p.polymarket.condition_id for p in pairs},
        {t for p in pairs for t in p.polymarket.token_ids},
        {p.polymarket.slug for p in pairs},
    ):
        assert len(of) in (60, 120)
    ten = pairs[:10]
    assert sum(p.polarity == "same" for p in ten) == 7
    assert {p.kalshi.exchange_index for p in ten} == {0, 2, 3}
    assert {p.kalshi.fee_multiplier_e4 for p in ten} == {10_000, 5_000}
    assert {p.kalshi.grid.label for p in ten} == {"linear_cent", "deci_cent", "tapered_deci_cent"}
    assert {p.polymarket.fee_rate_e4 for p in ten} == {0, 400, 500, 700}
    assert {p.polymarket.tick_e4 for p in ten} == {100, 10}
    assert any(p.polymarket.neg_risk for p in ten)


@pytest.mark.parametrize("pairs", [0, 501])
def test_world_refuses_sizes_out_of_range(pairs: int) -> None:
    with pytest.raises(ValueError, match="pairs must be"):
        FlowWorld(1, pairs)


def test_prices_agree_between_processes_and_stay_in_range() -> None:
    left, right = PriceWorld(FlowWorld(3)), PriceWorld(FlowWorld(3))
    for step in range(STEP, STEP + 3_000, 7):
        for pair in range(10):
            assert left.fair_e4(pair, step) == right.fair_e4(pair, step)
            assert left.dislocation(pair, step) == right.dislocation(pair, step)
            assert FAIR_MIN_E4 <= left.fair_e4(pair, step) <= FAIR_MAX_E4


def test_epoch_shifts_the_path() -> None:
    world = FlowWorld(3)
    later = PriceWorld(world, epoch_ms=60_000)
    assert later.step_at(61_000 * 1_000_000) == 10
    assert PriceWorld(world).step_at(61_000 * 1_000_000) == 610


def test_dislocations_open_about_once_a_second_and_last_as_promised() -> None:
    prices, starts, lasts, shifts = PriceWorld(FlowWorld(3)), 0, [], set()
    for pair in range(10):
        last = 0
        for step in range(STEP, STEP + 1_000):
            now = prices.dislocation(pair, step)
            if now is None:
                lasts += [last] if last else []
                last = 0
                continue
            starts += last == 0
            last += 1
            shifts.add(abs(now[1]))
    assert 90 <= starts <= 110
    assert all(8 <= last <= 40 for last in lasts)
    assert min(shifts) >= 300
    assert max(shifts) <= 900


def test_inverse_pairs_quote_the_complement_on_polymarket() -> None:
    prices = PriceWorld(FlowWorld(3))
    pair = next(p.index for p in prices.world.pairs if p.polarity == "inverse")
    quiet = next(s for s in range(STEP, STEP + 100) if prices.dislocation(pair, s) is None)
    kalshi = prices.quoted_e4("kalshi", pair, quiet)
    assert prices.quoted_e4("polymarket", pair, quiet) == 10_000 - kalshi


@pytest.mark.parametrize("venue", ["kalshi", "polymarket"])
def test_flow_is_deterministic_never_crossed_and_on_the_grid(venue: Venue) -> None:
    (one, books), (two, twin) = crowd(venue), crowd(venue)
    for step in range(STEP, STEP + 60):
        one.step(step)
        two.step(step)
        for index, exchange in enumerate(books.exchanges.values()):
            grid = getattr(one._prices.world.pairs[index], venue).grid
            bid, ask = exchange.best("bid"), exchange.best("ask")
            assert bid is None or ask is None or bid < ask
            assert all(grid.contains(p) for s in ("bid", "ask") for p, _ in exchange.levels(s))
    assert books.state() == twin.state()
    assert books.traded_e6 > 0


def test_flow_makes_a_realistic_number_of_changes() -> None:
    flow, books = crowd()
    flow.step(STEP)
    books.changes = 0
    for step in range(STEP + 1, STEP + 101):
        flow.step(step)
    per_second_and_market = books.changes / 10 / 10
    assert 20 <= per_second_and_market <= 80


def test_levels_that_were_hit_come_back_only_later() -> None:
    flow, books = crowd(pairs=1)
    flow.step(STEP)
    exchange = books.exchanges["m0"]
    books.take("m0", "bid", 9_999, exchange.depth_e6("bid", 9_999))
    flow.step(STEP)
    assert exchange.levels("ask") == []
    flow.step(STEP + 31)
    wanted = {price for side, price in flow.wanted(0, STEP + 31) if side == "ask"}
    assert {price for price, _ in exchange.levels("ask")} <= wanted
    assert exchange.levels("ask")


def test_paused_flow_and_closed_markets_stay_as_they_are() -> None:
    flow, books = crowd()
    flow.step(STEP)
    before = books.state()
    flow.is_running = False
    flow.step(STEP + 50)
    assert books.state() == before
    flow.is_running, books.open = True, False
    flow.step(STEP + 50)
    assert books.state() == before


@pytest.mark.parametrize("grid", [LINEAR_CENT, DECI_CENT, TAPERED_DECI_CENT])
def test_grid_rounds_to_its_own_prices(grid: Grid) -> None:
    valid = [price for price in range(10_001) if grid.contains(price)]
    assert (valid[0], valid[-1]) == (grid.lowest, grid.highest)
    for price in range(1, 10_000, 3):
        low, high = grid.floor(price), grid.ceil(price)
        assert grid.contains(low)
        assert grid.contains(high)
        assert low <= price or low == grid.lowest
        assert high >= price or high == grid.highest
    for here, above in pairwise(valid):
        assert grid.above(here) == above
        assert grid.below(above) == here
