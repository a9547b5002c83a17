"""Taker fees of both venues in integers: bounds before a trade, exact per fill after it.

Kalshi: `ceil_to_$0.0001(rate · C · p(1−p))` per fill, then the balance change is floored to the
account's precision (Kalshi docs, fee rounding, read 2026-11-22).
Polymarket: `C · rate · (p(1−p))^exponent`, 5 decimals, smaller than 0.00001 is nothing
(Polymarket docs, fees, read 2026-11-22); its direction of rounding is not documented, so a fee is
decided with rounded up and booked rounded half-up.
"""

from functools import lru_cache
from typing import Final

from twoleg.core.market import FeeSchedule, Market, Venue
from twoleg.core.units import ceil_div, ceil_to, half_up_div

FILLS_PER_LEVEL: Final = 4
"""Fills expected of one price level when a fee is bounded; each may be rounded up by itself."""
TABLE_SIZE_E6: Final = 1_000_000


def _fraction(schedule: FeeSchedule, price_e4: int, size_e6: int) -> tuple[int, int]:
    """Exact fee in micro-dollars as (numerator, denominator)."""
    assert 0 <= price_e4 <= 10_000
    assert size_e6 >= 0
    curve = (price_e4 * (10_000 - price_e4)) ** schedule.exponent
    return schedule.rate_e6 * size_e6 * curve, 1_000_000 * 100_000_000**schedule.exponent


def fee_ceil(schedule: FeeSchedule, price_e4: int, size_e6: int) -> int:
    """Fee of one fill in micros, rounded up to the venue's quantum."""
    numerator, denominator = _fraction(schedule, price_e4, size_e6)
    return ceil_to(ceil_div(numerator, denominator), schedule.quantum_micros)


def fee_half_up(schedule: FeeSchedule, price_e4: int, size_e6: int) -> int:
    """Fee of one fill in micros, rounded half-up to the quantum; nothing below one quantum."""
    numerator, denominator = _fraction(schedule, price_e4, size_e6)
    quantum = schedule.quantum_micros
    if numerator < denominator * quantum:
        return 0
    return half_up_div(numerator, denominator * quantum) * quantum


def fill_fee(market: Market, price_e4: int, size_e6: int) -> int:
    """The fee as we would book it for one fill: exact on Kalshi, modelled on Polymarket."""
    if market.venue is Venue.POLYMARKET:
        return fee_half_up(market.fees, price_e4, size_e6)
    fee = fee_ceil(market.fees, price_e4, size_e6)
    quantum = market.fees.balance_quantum_micros
    spent = price_e4 * size_e6 // 10_000 + fee
    return fee + ceil_to(spent, quantum) - spent


def fee_bound(market: Market, best_e4: int, limit_e4: int, size_e6: int, fills: int) -> int:
    """Most that the fee of an order can be, for any prices from `best_e4` to `limit_e4`.

    The curve p(1−p) peaks at one half, so the dearest price is the one nearest to it. Each of
    `fills` fills may round up by itself.
    """
    assert fills >= 1
    low, high = min(best_e4, limit_e4), max(best_e4, limit_e4)
    dearest = min(max(5_000, low), high)
    schedule = market.fees
    if schedule.rate_e6 == 0:
        return _balance_rounding(market, fills)
    per_fill = schedule.quantum_micros * (fills - 1)
    return fee_ceil(schedule, dearest, size_e6) + per_fill + _balance_rounding(market, fills)


def _balance_rounding(market: Market, fills: int) -> int:
    """What flooring the balance to the account's precision can take, over all fills.

    At cent ticks and whole lots a direct member's cost already has four decimals.
    """
    quantum = market.fees.balance_quantum_micros
    is_whole_cents = all(band.step_e4 % 100 == 0 for band in market.grid.bands)
    is_exact = quantum <= 100 and is_whole_cents and market.fees.quantum_micros % quantum == 0
    return 0 if quantum == 1 or is_exact else quantum * fills


@lru_cache(maxsize=64)
def fee_table(schedule: FeeSchedule) -> tuple[int, ...]:
    """Fee of one whole contract in micros, rounded up, at each price from 0 to 10 000."""
    return tuple(
        ceil_div(*_fraction(schedule, price_e4, TABLE_SIZE_E6)) for price_e4 in range(10_001)
    )
