"""Integer units of price, size and money, and the named roundings between them.

price_e4: 1/10 000 dollar. size_e6: micro-contracts. micros: micro-dollars.
A price times a size is `price_e4 * size_e6 / 10_000` micro-dollars.
"""

from typing import Final, NewType

PriceE4 = NewType("PriceE4", int)
SizeE6 = NewType("SizeE6", int)
Micros = NewType("Micros", int)

ONE_DOLLAR_E4: Final = 10_000
ONE_CONTRACT_E6: Final = 1_000_000
ONE_DOLLAR_MICROS: Final = 1_000_000
LOT_E6: Final = 10_000
"""A lot: 0.01 contract, the finest size both venues take."""
CENT_MICROS: Final = 10_000


def ceil_div(numerator: int, denominator: int) -> int:
    """Divide toward plus infinity; `denominator` > 0."""
    assert denominator > 0
    return -(-numerator // denominator)


def half_up_div(numerator: int, denominator: int) -> int:
    """Divide to the nearest integer, halves away from zero for a non-negative numerator."""
    assert numerator >= 0
    assert denominator > 0
    return (2 * numerator + denominator) // (2 * denominator)


def floor_to(value: int, step: int) -> int:
    """Round down to a multiple of `step`."""
    assert step > 0
    return value // step * step


def ceil_to(value: int, step: int) -> int:
    """Round up to a multiple of `step`."""
    assert step > 0
    return -(-value // step) * step


def cost_ceil(price_e4: int, size_e6: int) -> int:
    """Micro-dollars that buying costs, rounded up: against us."""
    return ceil_div(price_e4 * size_e6, ONE_DOLLAR_E4)


def proceeds_floor(price_e4: int, size_e6: int) -> int:
    """Micro-dollars that selling brings, rounded down: against us."""
    return price_e4 * size_e6 // ONE_DOLLAR_E4
