from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.numbers import (
    format_count,
    format_price,
    parse_fixed,
    parse_micros,
    parse_price,
    parse_size,
)


def test_every_price_survives_in_each_spelling() -> None:
    for price_e4 in range(10_001):
        text = format_price(price_e4)
        assert parse_price(text) == price_e4
        assert parse_price(text.rstrip("0").rstrip(".") or "0") == price_e4
        assert parse_price(text + "00") == price_e4


@given(st.integers(-(10**12) + 1, 10**12 - 1), st.integers(0, 6))
def test_parsing_agrees_with_fractions(value: int, decimals: int) -> None:
    text = format(Decimal(value).scaleb(-decimals), "f")
    expected = Fraction(text) * 1_000_000
    assert parse_size(text) == expected
    assert parse_micros(text) == expected


@given(st.integers(0, 10**13))
def test_count_survives(lots: int) -> None:
    assert parse_size(format_count(lots * 10_000)) == lots * 10_000


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "-", ".5", "5.", "1e2", "+1", " 1", "1 ", "1_0", "0x1", "nan", "inf", "--1",
        "1.-5", "1.5.5", "1,5", "١", "1.٢", "²", "1" * 13, "0.12345", "1.0001", "-0.1", "2",
    ],
)  # fmt: skip
def test_bad_price_is_malformed(text: str) -> None:
    with pytest.raises(MalformedMessage):
        parse_price(text)


def test_size_finer_than_the_raster_is_malformed() -> None:
    assert parse_size("0.0000010") == 1
    with pytest.raises(MalformedMessage):
        parse_size("0.0000001")


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_malformed(text: str) -> None:
    for decimals in (4, 6):
        try:
            value = parse_fixed(text, decimals)
        except MalformedMessage:
            continue
        assert Fraction(text) * 10**decimals == value


def test_zeros_without_end_do_not_fill_the_memory() -> None:
    for length in range(40_000, 40_010):
        assert parse_price("0.5" + "0" * length) == 5_000
