import pytest

from tests.support.core import STRUCTURES, bands, event_sign, make_pair
from twoleg.core.execution import exposure_sign
from twoleg.core.market import Direction, Outcome, Polarity, PriceGrid, Side, Venue

# By hand from the table of structures: band borders are shared and every step divides them.
TICKS = {
    "tapered_deci_cent": [5, 10, 15, 990, 995, 1_000, 1_010, 1_100, 8_950, 9_000, 9_010, 9_990],
    "center_deci_edge_centi_cent": [1, 99, 100, 101, 110, 9_899, 9_900, 9_901, 9_999],
}
VALID = {
    "tapered_deci_cent": {10, 990, 1_000, 1_100, 9_000, 9_010, 9_990},
    "center_deci_edge_centi_cent": {1, 99, 100, 110, 9_900, 9_901, 9_999},
}


def brute(grid: PriceGrid) -> list[int]:
    """All prices that a venue with these bands takes, by trying each one."""
    return [
        price
        for price in range(1, 10_000)
        if any(
            band.start_e4 <= price <= band.end_e4 and (price - band.start_e4) % band.step_e4 == 0
            for band in grid.bands
        )
    ]


@pytest.mark.parametrize("name", STRUCTURES)
def test_grid_holds_exactly_the_prices_of_its_bands(name: str) -> None:
    grid = STRUCTURES[name]
    assert [price for price in range(-5, 10_006) if grid.holds(price)] == brute(grid)


@pytest.mark.parametrize("name", STRUCTURES)
def test_grid_floor_is_the_greatest_valid_price_below(name: str) -> None:
    grid = STRUCTURES[name]
    valid = brute(grid)
    best, index = 0, 0
    for price in range(10_001):
        while index < len(valid) and valid[index] <= price:
            best = valid[index]
            index += 1
        assert grid.floor(price) == best


@pytest.mark.parametrize("name", STRUCTURES)
def test_grid_ceil_is_the_least_valid_price_above(name: str) -> None:
    grid = STRUCTURES[name]
    valid = brute(grid)
    best, index = 10_000, len(valid) - 1
    for price in range(10_000, -1, -1):
        while index >= 0 and valid[index] >= price:
            best = valid[index]
            index -= 1
        assert grid.ceil(price) == best


@pytest.mark.parametrize("name", STRUCTURES)
def test_grid_worst_prices_are_the_outermost_valid_ones(name: str) -> None:
    grid = STRUCTURES[name]
    assert (grid.worst_sell_e4, grid.worst_buy_e4) == (brute(grid)[0], brute(grid)[-1])


@pytest.mark.parametrize("name", STRUCTURES)
def test_grid_is_its_own_mirror_so_no_prices_are_valid_yes_prices(name: str) -> None:
    grid = STRUCTURES[name]
    assert [10_000 - price for price in reversed(brute(grid))] == brute(grid)


@pytest.mark.parametrize("name", TICKS)
def test_grid_with_two_steps_agrees_with_the_table_by_hand(name: str) -> None:
    assert {price for price in TICKS[name] if STRUCTURES[name].holds(price)} == VALID[name]


@pytest.mark.parametrize("price_e4", [0, 10_000])
def test_grid_holds_neither_zero_nor_one(price_e4: int) -> None:
    assert not PriceGrid.uniform(100).holds(price_e4)


def test_grid_ceil_where_a_band_ends_early_has_no_price() -> None:
    assert bands((100, 9_950, 100)).ceil(9_920) == 10_000


@pytest.mark.parametrize("polarity", Polarity)
@pytest.mark.parametrize("direction", Direction)
def test_direction_buys_outcomes_that_cover_each_other(
    direction: Direction, polarity: Polarity
) -> None:
    first = event_sign(polarity, Venue.KALSHI, direction.kalshi_outcome, Side.BUY)
    second = event_sign(
        polarity, Venue.POLYMARKET, direction.polymarket_outcome(polarity), Side.BUY
    )
    assert first + second == 0


@pytest.mark.parametrize("polarity", Polarity)
@pytest.mark.parametrize("venue", Venue)
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("side", Side)
def test_exposure_sign_agrees_with_the_written_out_table(
    polarity: Polarity, venue: Venue, outcome: Outcome, side: Side
) -> None:
    expected = event_sign(polarity, venue, outcome, side)
    assert exposure_sign(polarity, venue, outcome, side) == expected


def test_venues_and_outcomes_have_one_other_each() -> None:
    assert [venue.other.other for venue in Venue] == list(Venue)
    assert Venue.KALSHI.other is Venue.POLYMARKET
    assert Outcome.YES.other is Outcome.NO
    assert Outcome.NO.other is Outcome.YES


def test_pair_knows_its_market_on_each_venue() -> None:
    pair = make_pair()
    assert [pair.market_on(venue) for venue in Venue] == [pair.kalshi, pair.polymarket]
