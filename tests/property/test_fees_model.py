"""Fees against exact fractions."""

from fractions import Fraction
from math import ceil, floor

from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.core import CENT, STRUCTURES, exact_fee, kalshi_market, polymarket_market
from twoleg.core.fees import fee_bound, fee_ceil, fee_half_up, fee_table, fill_fee
from twoleg.core.market import FeeSchedule, PriceGrid
from twoleg.core.units import LOT_E6

SCHEDULES = st.builds(
    FeeSchedule,
    rate_e6=st.sampled_from((0, 17_500, 35_000, 40_000, 70_000, 140_000, 250_000)),
    exponent=st.sampled_from((1, 2)),
    quantum_micros=st.sampled_from((1, 10, 100)),
    balance_quantum_micros=st.sampled_from((1, 100, 10_000)),
)
PRICES = st.integers(0, 10_000)
LOTS = st.integers(1, 100_000).map(lambda lots: lots * LOT_E6)
GRIDS = st.sampled_from([*STRUCTURES.values(), CENT])


def micros(schedule: FeeSchedule, price_e4: int, size_e6: int) -> Fraction:
    """The unrounded fee in micro-dollars."""
    return 1_000_000 * exact_fee(schedule, Fraction(price_e4, 10_000), Fraction(size_e6, 10**6))


@given(SCHEDULES, PRICES, st.integers(0, 10**12))
def test_fee_ceil_is_the_exact_fee_rounded_up_to_the_quantum(
    schedule: FeeSchedule, price_e4: int, size_e6: int
) -> None:
    quantum = schedule.quantum_micros
    expected = ceil(micros(schedule, price_e4, size_e6) / quantum) * quantum
    assert fee_ceil(schedule, price_e4, size_e6) == expected


@given(SCHEDULES, PRICES, st.integers(0, 10**12))
def test_fee_half_up_is_the_exact_fee_to_the_nearest_quantum_or_nothing(
    schedule: FeeSchedule, price_e4: int, size_e6: int
) -> None:
    quantum = schedule.quantum_micros
    exact = micros(schedule, price_e4, size_e6)
    expected = 0 if exact < quantum else floor(exact / quantum + Fraction(1, 2)) * quantum
    assert fee_half_up(schedule, price_e4, size_e6) == expected


@given(SCHEDULES)
def test_fee_table_is_the_fee_of_one_contract_rounded_up(schedule: FeeSchedule) -> None:
    table = fee_table(schedule)
    assert len(table) == 10_001
    for price_e4 in (0, 1, 100, 2_537, 5_000, 7_100, 9_999, 10_000):
        assert table[price_e4] == ceil(micros(schedule, price_e4, 1_000_000))


def kalshi_buy(schedule: FeeSchedule, price_e4: int, size_e6: int) -> Fraction:
    """Fee and rounding fee of one buying fill: the balance is floored after both."""
    trade_fee = ceil(micros(schedule, price_e4, size_e6) / schedule.quantum_micros)
    change = -Fraction(price_e4 * size_e6, 10_000) - trade_fee * schedule.quantum_micros
    quantum = schedule.balance_quantum_micros
    return -floor(change / quantum) * quantum - Fraction(price_e4 * size_e6, 10_000)


@given(SCHEDULES, PRICES, LOTS)
def test_fill_fee_on_kalshi_takes_what_the_balance_loses(
    schedule: FeeSchedule, price_e4: int, size_e6: int
) -> None:
    market = kalshi_market(fees=schedule)
    assert fill_fee(market, price_e4, size_e6) == kalshi_buy(schedule, price_e4, size_e6)


@given(SCHEDULES, PRICES, LOTS)
def test_fill_fee_on_polymarket_is_modelled_half_up(
    schedule: FeeSchedule, price_e4: int, size_e6: int
) -> None:
    market = polymarket_market(fees=schedule)
    assert fill_fee(market, price_e4, size_e6) == fee_half_up(schedule, price_e4, size_e6)


@example(
    # A fee finer than the balance it is taken from: the balance rounds it up.
    schedule=FeeSchedule(rate_e6=17_500, exponent=1, quantum_micros=1, balance_quantum_micros=100),
    grid=PriceGrid.uniform(100),
    ends=(0, 0),
    fills=[(0, 10_000)],
    spare=0,
)
@given(
    SCHEDULES,
    GRIDS,
    st.tuples(PRICES, PRICES),
    st.lists(st.tuples(PRICES, LOTS), min_size=1, max_size=8),
    st.integers(0, 3),
)
def test_fee_bound_covers_any_split_into_fills_between_best_and_limit(
    schedule: FeeSchedule,
    grid: PriceGrid,
    ends: tuple[int, int],
    fills: list[tuple[int, int]],
    spare: int,
) -> None:
    best, limit = (max(grid.floor(end), grid.ceil(1)) for end in ends)
    low, high = min(best, limit), max(best, limit)
    market = kalshi_market(grid=grid, fees=schedule)
    total_size, total_fee = 0, 0
    for price, size in fills:
        # Every fill is at a price of the grid between both ends.
        at = max(low, grid.floor(low + price % (high - low + 1)))
        total_size += size
        total_fee += fill_fee(market, at, size)
    assert fee_bound(market, best, limit, total_size, len(fills) + spare) >= total_fee
