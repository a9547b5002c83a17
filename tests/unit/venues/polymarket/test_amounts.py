from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.polymarket.support import market, resting, spec
from tests.unit.venues.polymarket.vectors import MARKET_AMOUNTS
from twoleg.core.market import FeeSchedule, PriceGrid, Side
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.errors import InvariantBroken
from twoleg.venues.polymarket.amounts import affordable_spend, order_amounts
from twoleg.venues.polymarket.numbers import parse_fixed

FINE = market(grid=PriceGrid.uniform(1))
limits = st.integers(1, 9_999)


def buy(spend_micros: int, limit_e4: int, purpose: Purpose = Purpose.ARB) -> OrderSpec:
    return spec(
        market=FINE,
        purpose=purpose,
        spend_micros=spend_micros,
        limit_e4=limit_e4,
        size_e6=0,
        size_e6_min=0,
    )


def sell(size_e6: int, limit_e4: int, purpose: Purpose = Purpose.ROLLBACK) -> OrderSpec:
    return spec(market=FINE, purpose=purpose, side=Side.SELL, size_e6=size_e6, limit_e4=limit_e4)


@given(st.integers(500, 100_000_000), limits)
def test_buy_price_is_a_hair_above_the_limit(spend_cents: int, limit_e4: int) -> None:
    maker, taker = order_amounts(buy(spend_cents * 10_000, limit_e4))
    price, limit = Fraction(maker, taker), Fraction(limit_e4, 10_000)
    assert maker == spend_cents * 10_000
    assert taker % 100 == 0
    assert limit <= price < limit + Fraction(1, 10_000)


@given(st.integers(1, 99), limits)
def test_buy_of_dust_never_reaches_the_next_tick(spend_cents: int, limit_e4: int) -> None:
    maker, taker = order_amounts(buy(spend_cents * 10_000, limit_e4, Purpose.ROLLBACK))
    assert taker % 100 == 0
    assert taker > 0
    assert Fraction(maker, taker) < Fraction(limit_e4 + 1, 10_000)


@given(st.integers(101, 10_000_000), limits)
def test_sell_price_is_a_hair_below_the_limit(lots: int, limit_e4: int) -> None:
    maker, taker = order_amounts(sell(lots * 10_000, limit_e4))
    price, limit = Fraction(taker, maker), Fraction(limit_e4, 10_000)
    assert maker == lots * 10_000
    assert taker % 100 == 0
    assert limit - Fraction(1, 10_000) < price <= limit


@given(st.integers(1, 100), limits)
def test_sell_of_dust_gives_away_less_than_a_hundredth_of_a_cent(lots: int, limit_e4: int) -> None:
    maker, taker = order_amounts(sell(lots * 10_000, limit_e4))
    assert taker % 100 == 0
    assert taker > 0
    assert Fraction(maker * limit_e4, 10_000) - taker < 100


# At tick 0.1 the SDK cuts to three decimals, where the venue takes four.
@pytest.mark.parametrize(
    ("tick", "side", "price", "amount", "expected"),
    [row for row in MARKET_AMOUNTS if row[0] != "0.1"],
)
def test_amounts_agree_with_the_sdk_to_the_accepted_precision(
    tick: str, side: str, price: str, amount: str, expected: tuple[int, int]
) -> None:
    grid = PriceGrid.uniform(parse_fixed(tick, 4))
    limit_e4 = parse_fixed(price, 4)
    own = market(grid=grid)
    if side == "BUY":
        # The SDK cuts the spend to cents itself, and keeps more decimals on fine ticks.
        cents = parse_fixed(amount, 3) // 10
        order = spec(market=own, spend_micros=cents * 10_000, limit_e4=limit_e4, size_e6_min=0)
    else:
        order = spec(market=own, side=Side.SELL, size_e6=parse_fixed(amount, 6), limit_e4=limit_e4)
    maker, taker = order_amounts(order)
    assert (maker, taker) == (expected[0], expected[1] // 100 * 100)


# (tick, decimals of the dollars): the official packages' rounding table.
TICKS = ((1_000, 3), (100, 4), (50, 5), (25, 6), (10, 5), (1, 6))


@given(
    st.sampled_from(TICKS), st.integers(1, 9_999), st.integers(500, 10**9), st.sampled_from(Side)
)
def test_resting_amounts_are_exactly_the_price_times_the_size(
    tick: tuple[int, int], ticks: int, lots: int, side: Side
) -> None:
    step_e4, decimals = tick
    limit_e4 = 1 + ticks % (10_000 // step_e4 - 1)
    order = resting(
        market=market(grid=PriceGrid.uniform(step_e4)),
        side=side,
        size_e6=lots * 10_000,
        limit_e4=limit_e4 * step_e4,
    )
    maker, taker = order_amounts(order)
    dollars, shares = (maker, taker) if side is Side.BUY else (taker, maker)
    assert shares == lots * 10_000
    assert Fraction(dollars, shares) == Fraction(limit_e4 * step_e4, 10_000)
    assert dollars % 10 ** (6 - decimals) == 0


@given(st.integers(1, 10**12), st.integers(1, 9_999), st.integers(0, 250_000), st.integers(1, 2))
def test_affordable_spend_leaves_room_for_its_fee_and_no_more(
    most: int, price_e4: int, rate_e6: int, exponent: int
) -> None:
    fees = FeeSchedule(rate_e6=rate_e6, exponent=exponent, quantum_micros=10)
    price = Fraction(price_e4, 10_000)
    each = Fraction(rate_e6, 1_000_000) * (price * (1 - price)) ** exponent
    spend = affordable_spend(most, most, price_e4, fees)
    assert spend * (1 + each / price) <= most < (spend + 1) * (1 + each / price)
    assert affordable_spend(spend, most, price_e4, fees) == spend


def test_buy_on_the_cent_grid_is_exact() -> None:
    assert order_amounts(spec()) == (52_000_000, 100_000_000)


@pytest.mark.parametrize(
    "changes",
    [
        {"limit_e4": 5_250},
        {"limit_e4": 0},
        {"limit_e4": 10_000},
        {"spend_micros": 52_000_001},
        {"spend_micros": 0},
        {"spend_micros": 990_000, "size_e6_min": 0},
        {"spend_micros": 2_590_000, "size_e6_min": 0},
        {"size_e6_min": 100_000_001},
        {"side": Side.SELL, "size_e6": 5_001},
        {"side": Side.SELL, "size_e6": 0},
        {"side": Side.SELL, "size_e6": 4_990_000},
    ],
)
def test_amounts_of_a_spec_that_breaks_a_rule_raise(changes: dict[str, Any]) -> None:
    with pytest.raises(InvariantBroken):
        order_amounts(spec(**changes))


def test_exits_may_be_smaller_than_the_venue_wants() -> None:
    exit_buy = spec(purpose=Purpose.ROLLBACK, spend_micros=520_000, size_e6_min=0)
    exit_sell = spec(purpose=Purpose.ROLLBACK, side=Side.SELL, size_e6=10_000)
    assert order_amounts(exit_buy) == (520_000, 1_000_000)
    assert order_amounts(exit_sell) == (10_000, 5_200)
