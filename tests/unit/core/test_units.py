from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.core import units

NUMBERS = st.integers(-(10**15), 10**15)
STEPS = st.integers(1, 10**9)


@given(NUMBERS, STEPS)
def test_divisions_round_as_their_names_say(value: int, step: int) -> None:
    assert units.ceil_div(value, step) == ceil(Fraction(value, step))
    assert units.floor_to(value, step) == floor(Fraction(value, step)) * step
    assert units.ceil_to(value, step) == ceil(Fraction(value, step)) * step


@given(st.integers(0, 10**15), STEPS)
def test_half_up_div_takes_the_nearest_and_halves_up(value: int, step: int) -> None:
    assert units.half_up_div(value, step) == floor(Fraction(value, step) + Fraction(1, 2))


@given(st.integers(0, 10_000), st.integers(0, 10**12))
def test_money_of_a_trade_rounds_against_us(price_e4: int, size_e6: int) -> None:
    exact = Fraction(price_e4 * size_e6, 10_000)
    assert units.cost_ceil(price_e4, size_e6) == ceil(exact)
    assert units.proceeds_floor(price_e4, size_e6) == floor(exact)


@pytest.mark.parametrize(
    "divide", [units.ceil_div, units.half_up_div, units.floor_to, units.ceil_to]
)
def test_division_by_nothing_is_an_assertion(divide: object) -> None:
    with pytest.raises(AssertionError):
        divide(1, 0)  # type: ignore[operator]  # every one takes two integers


def test_half_up_div_of_a_negative_number_is_an_assertion() -> None:
    with pytest.raises(AssertionError):
        units.half_up_div(-1, 2)
