"""Kalshi's decimal strings and times to exact integers and back. Pure; no float, no Decimal.

Kalshi API docs, fixed point migration, 2026-08-17: prices have up to 4 decimals in dollars, counts
2 decimals, fees and costs up to 6.
"""

from datetime import datetime
from typing import Final

from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import MalformedMessage

VENUE: Final = "kalshi"
WHOLE_DIGITS_MAX: Final = 12
"""A trillion contracts or dollars: above it a number is garbage, not a quantity."""
_CACHE_ENTRIES_MAX: Final = 32_768
_POWERS: Final = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)

# Price text -> price_e4. There are 10 001 prices in one or two spellings each; the cap is against
# a peer that pads with zeros without end.
_prices: dict[str, int] = {}


def parse_price(text: str) -> int:
    """Dollars to 1/10 000 dollar, in [0, 10 000]; raises MalformedMessage off the raster."""
    price_e4 = _prices.get(text)
    if price_e4 is not None:
        return price_e4
    price_e4 = parse_fixed(text, 4)
    if not 0 <= price_e4 <= ONE_DOLLAR_E4:
        raise MalformedMessage(VENUE, f"price out of range: {text[:40]!r}")
    if len(_prices) < _CACHE_ENTRIES_MAX:
        _prices[text] = price_e4
    return price_e4


def parse_size(text: str) -> int:
    """Contracts, signed, to micro-contracts; raises MalformedMessage off the 1e-6 raster."""
    return parse_fixed(text, 6)


def parse_micros(text: str) -> int:
    """Dollars, signed, to micro-dollars; raises MalformedMessage off the 1e-6 raster."""
    return parse_fixed(text, 6)


def parse_fixed(text: str, decimals: int) -> int:
    """A signed decimal string times 10^decimals, exactly.

    Raises:
        MalformedMessage: not a plain decimal, too large, or finer than 10^-decimals.
    """
    whole, dot, tail = text.partition(".")
    is_negative = whole.startswith("-")
    if is_negative:
        whole = whole[1:]
    # int() alone would take "1_0", " 1", "+1" and the digits of other scripts.
    if not (text.isascii() and whole.isdigit() and (tail.isdigit() if dot else not tail)):
        raise MalformedMessage(VENUE, f"not a decimal: {text[:40]!r}")
    if len(tail) > decimals:
        if tail[decimals:].strip("0"):
            raise MalformedMessage(VENUE, f"finer than {decimals} decimals: {text[:40]!r}")
        tail = tail[:decimals]
    if len(whole) > WHOLE_DIGITS_MAX:
        raise MalformedMessage(VENUE, f"number too large: {text[:40]!r}")
    value = int(whole + tail) * _POWERS[decimals - len(tail)]
    return -value if is_negative else value


def format_price(price_e4: int) -> str:
    """Dollars with 4 decimals."""
    assert 0 <= price_e4 <= ONE_DOLLAR_E4
    return f"{price_e4 // 10_000}.{price_e4 % 10_000:04d}"


def format_count(size_e6: int) -> str:
    """Contracts with 2 decimals; `size_e6` must be whole lots of 0.01."""
    assert size_e6 >= 0
    assert size_e6 % 10_000 == 0
    return f"{size_e6 // 1_000_000}.{size_e6 // 10_000 % 100:02d}"


def parse_time_ms(text: str) -> int:
    """RFC 3339 to Unix milliseconds; 0 for an empty or unreadable one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        return 0
    # Integers: a float of seconds would lose the last milliseconds' digits.
    whole_s = int(moment.replace(microsecond=0).timestamp())
    return whole_s * 1_000 + moment.microsecond // 1_000
