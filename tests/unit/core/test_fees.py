"""The worked examples of both venues."""

import pytest

from tests.support.core import KALSHI_FEES, POLYMARKET_FEES, kalshi_market, polymarket_market
from twoleg.core.fees import fee_bound, fee_ceil, fee_half_up, fill_fee
from twoleg.core.market import FeeSchedule, PriceGrid

ONE = 1_000_000


@pytest.mark.parametrize(
    ("price_e4", "contracts", "micros"),
    [
        (5_000, 100, 1_750_000),
        (5_600, 10, 172_500),
        (5_700, 25, 429_000),
        (5_200, 1, 17_500),
        (9_900, 1, 700),
        (7_100, 1, 14_500),
        (9_290, 1, 4_700),
        (2_700, 1, 13_800),
        (700, 1, 4_600),
    ],
)
def test_kalshi_fee_equals_the_published_and_the_observed_ones(
    price_e4: int, contracts: int, micros: int
) -> None:
    assert fee_ceil(KALSHI_FEES, price_e4, contracts * ONE) == micros
    assert fill_fee(kalshi_market(), price_e4, contracts * ONE) == micros


@pytest.mark.parametrize(
    ("rate_e6", "price_e4", "size_e6", "micros"),
    [
        (70_000, 5_000, 100_000_000, 1_750_000),
        (70_000, 1_000, 100_000_000, 630_000),
        (50_000, 5_000, 100_000_000, 1_250_000),
        (40_000, 3_000, 100_000_000, 840_000),
        (70_000, 9_700, 15_463_900, 31_500),
        (70_000, 9_800, 33_400, 50),
        # Below 0.00001 there is no fee.
        (40_000, 100, 10_000, 0),
        (0, 5_000, 100_000_000, 0),
    ],
)
def test_polymarket_fee_equals_the_published_ones(
    rate_e6: int, price_e4: int, size_e6: int, micros: int
) -> None:
    schedule = FeeSchedule(rate_e6=rate_e6, quantum_micros=10)
    assert fee_half_up(schedule, price_e4, size_e6) == micros
    assert fill_fee(polymarket_market(fees=schedule), price_e4, size_e6) == micros


def test_fee_with_exponent_two_follows_the_squared_curve() -> None:
    schedule = FeeSchedule(rate_e6=250_000, exponent=2, quantum_micros=10)
    # 100 · 0.25 · (0.5 · 0.5)² = 1.5625
    assert fee_half_up(schedule, 5_000, 100 * ONE) == 1_562_500


def test_fee_for_an_account_at_a_broker_is_rounded_to_the_cent() -> None:
    broker = FeeSchedule(rate_e6=70_000, quantum_micros=100, balance_quantum_micros=10_000)
    # 1 at 0.52: fee 0.0175, spent 0.5375, so the balance falls by 0.54.
    assert fill_fee(kalshi_market(fees=broker), 5_200, ONE) == 20_000


def test_fee_bound_of_fills_that_never_cross_one_half_uses_the_nearer_end() -> None:
    assert fee_bound(kalshi_market(), 7_000, 8_000, 100 * ONE, 1) == 1_470_000
    assert fee_bound(kalshi_market(), 2_000, 3_000, 100 * ONE, 1) == 1_470_000
    assert fee_bound(kalshi_market(), 4_000, 6_000, 100 * ONE, 1) == 1_750_000


def test_fee_bound_adds_one_quantum_for_every_further_fill() -> None:
    one = fee_bound(kalshi_market(), 5_000, 5_000, 100 * ONE, 1)
    assert fee_bound(kalshi_market(), 5_000, 5_000, 100 * ONE, 4) == one + 300


def test_fee_bound_counts_balance_rounding_only_where_the_tick_is_finer_than_a_cent() -> None:
    fine = kalshi_market(grid=PriceGrid.uniform(10))
    assert (
        fee_bound(fine, 5_000, 5_000, ONE, 2) - fee_bound(kalshi_market(), 5_000, 5_000, ONE, 2)
        == 2 * 100
    )


def test_fee_bound_of_a_free_market_is_its_balance_rounding() -> None:
    free = FeeSchedule(rate_e6=0, balance_quantum_micros=10_000)
    assert fee_bound(kalshi_market(fees=free), 5_000, 5_000, ONE, 3) == 30_000
    assert fee_bound(polymarket_market(fees=FeeSchedule(rate_e6=0)), 5_000, 5_000, ONE, 3) == 0


def test_fee_bound_on_polymarket_knows_no_balance_rounding() -> None:
    fee = fee_bound(polymarket_market(), 5_000, 5_000, 100 * ONE, 1)
    assert fee == fee_ceil(POLYMARKET_FEES, 5_000, 100 * ONE) == 1_000_000
