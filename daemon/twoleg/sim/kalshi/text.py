"""Write and read Kalshi's numbers and times: fixed-point strings, never floats.

Kalshi docs, openapi 3.34.0 (FixedPointDollars, FixedPointCount), 2026-10: prices leave with four
decimals, money with six, counts with two; a request may carry up to four and two.
"""

import re
from datetime import UTC, datetime
from typing import Final

LOT_E6: Final = 10_000
_PRICE: Final = re.compile(r"(\d{1,4})(?:\.(\d{1,4}))?")
_COUNT: Final = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?")


def price_text(price_e4: int) -> str:
    """Write 5700 as "0.5700"."""
    return f"{price_e4 // 10_000}.{price_e4 % 10_000:04d}"


def count_text(size_e6: int) -> str:
    """Write 25_000_000 as "25.00"; sizes on this venue are whole lots of 0.01."""
    sign, lots = ("-" if size_e6 < 0 else ""), abs(size_e6) // LOT_E6
    return f"{sign}{lots // 100}.{lots % 100:02d}"


def money_text(micros: int) -> str:
    """Write 429_000 as "0.429000"."""
    sign, value = ("-" if micros < 0 else ""), abs(micros)
    return f"{sign}{value // 1_000_000}.{value % 1_000_000:06d}"


def money4_text(micros: int) -> str:
    """Write money with four decimals, truncated toward zero."""
    return money_text(micros)[:-2]


def parse_price(text: str) -> int | None:
    """Read a price string into 1/10 000 dollar; None when it has another form."""
    match = _PRICE.fullmatch(text)
    return None if match is None else int(match[1] + (match[2] or "").ljust(4, "0"))


def parse_count(text: str) -> int | None:
    """Read a count string into micro-contracts; None when it has another form."""
    match = _COUNT.fullmatch(text)
    return None if match is None else int(match[1] + (match[2] or "").ljust(2, "0")) * LOT_E6


def time_text(ts_us: int) -> str:
    """Write a time in microseconds as RFC 3339 in UTC."""
    moment = datetime.fromtimestamp(ts_us // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ts_us % 1_000_000:06d}Z"


def time_ms_text(ts_ms: int) -> str:
    """Write a time in milliseconds as RFC 3339 in UTC, as the frames of user_orders do."""
    return f"{time_text(ts_ms * 1_000)[:-4]}Z"
