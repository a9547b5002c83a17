"""Exact numbers out of the venue's decimal strings; no floats."""

from typing import Final

TEXT_LENGTH_MAX: Final = 40
_CACHE_MAX: Final = 65_536


def parse_fixed(text: str, decimals: int) -> int:
    """Read a non-negative decimal as an integer of 10^-decimals; ValueError unless exact."""
    numerator, places = _digits(text)
    scale: int = 10**decimals
    unit: int = 10**places
    value, rest = divmod(numerator * scale, unit)
    if rest:
        raise ValueError(f"more than {decimals} decimals")
    return value


def parse_ratio(text: str) -> tuple[int, int]:
    """Read a non-negative decimal as (numerator, power of ten), whatever its precision."""
    numerator, places = _digits(text)
    return numerator, 10**places


def _digits(text: str) -> tuple[int, int]:
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if len(text) > TEXT_LENGTH_MAX or not digits.isascii() or not digits.isdigit():
        raise ValueError("not a plain decimal")
    return int(digits), len(fraction)


class FixedCache(dict[str, int]):
    """Remembers parsed decimals: the venue repeats the same few thousand strings."""

    __slots__ = ("_decimals",)

    def __init__(self, decimals: int) -> None:
        super().__init__()
        self._decimals = decimals

    def __missing__(self, text: str) -> int:
        value = parse_fixed(text, self._decimals)
        if len(self) >= _CACHE_MAX:
            self.clear()
        self[text] = value
        return value
