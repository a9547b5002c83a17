from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.venues.polymarket.numbers import FixedCache, parse_fixed, parse_ratio


@given(st.integers(0, 10**15), st.integers(0, 6))
def test_parse_fixed_any_decimal_is_exact(value: int, places: int) -> None:
    text = f"{Decimal(value).scaleb(-places):f}"
    assert parse_fixed(text, 6) == value * 10 ** (6 - places)
    numerator, denominator = parse_ratio(text)
    assert Decimal(numerator) / denominator == Decimal(text)


@given(st.integers(0, 10_000))
def test_parse_fixed_every_price_and_its_padded_forms_agree(price_e4: int) -> None:
    text = f"{Decimal(price_e4) / 10_000:f}"
    cache = FixedCache(4)
    assert cache[text] == cache[text] == price_e4
    assert cache[text + ("00" if "." in text else ".00")] == price_e4


@pytest.mark.parametrize(
    "text", ["", ".", "-1", "+1", "1e3", "1,5", "0.00001", "NaN", " 1", "١", "1.2.3", "9" * 41]
)
def test_parse_fixed_anything_else_raises(text: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        parse_fixed(text, 4)


@given(st.text(max_size=50))
def test_parse_fixed_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert parse_fixed(text, 6) >= 0
    except ValueError:
        return
    # Not Decimal: it would round a product of more than 28 digits.
    assert Fraction(text) * 1_000_000 == parse_fixed(text, 6)
