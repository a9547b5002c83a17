"""Exact integer amounts of orders.

Takers (FAK and FOK): the venue wants pUSD with at most 2 and shares with at most 4 decimals for a
BUY, shares with at most 2 and pUSD with at most 4 decimals for a SELL, whatever the tick. The
order's price is the ratio of the two, so rounding moves it: it is moved by a hair toward the
counterparty, so that a resting order exactly at the limit still matches, and never as far as the
next possible tick.

Orders that rest (GTC and GTD): shares with at most 2 decimals, and pUSD with those of the price on
top. A price on the grid times whole lots is exactly that, so nothing is rounded. The official
clients round in floats and get many of these wrong (py-clob-client-v2 1.2.1 makes 19.99 shares
19.98); integers do not.

Precision: py-clob-client-v2#99, py-clob-client#121, #253; rounding direction: polymarket-client
0.14.0 `market.py`; minimum of $1 for marketable BUYs: py-clob-client issues; read 2026-11-22.
"""

from typing import Final, NamedTuple

from twoleg.core.market import FeeSchedule, Side, TimeInForce
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.core.units import (
    CENT_MICROS,
    LOT_E6,
    ONE_DOLLAR_E4,
    ONE_DOLLAR_MICROS,
    ceil_to,
    floor_to,
)
from twoleg.errors import InvariantBroken

SHARE_STEP_E6: Final = 100
"""4 decimals of a share."""
PUSD_STEP_MICROS: Final = 100
"""4 decimals of a dollar."""


class Amounts(NamedTuple):
    """Base units (1e-6) of what the maker gives and takes."""

    maker: int
    taker: int


def order_amounts(spec: OrderSpec) -> Amounts:
    """Amounts to sign for a spec; InvariantBroken if it breaks a rule of the venue.

    Entries must respect the venue's minimum sizes. Exits may be smaller: the venue refuses them
    or not, and a dust position must not stop the program.
    """
    if not 0 < spec.limit_e4 < ONE_DOLLAR_E4 or not spec.market.grid.holds(spec.limit_e4):
        raise InvariantBroken(f"limit {spec.limit_e4} is off the grid of {spec.market.id}")
    is_entry = spec.purpose is not Purpose.ROLLBACK
    if spec.tif.rests:
        return _resting(spec, is_entry=is_entry)
    if spec.post_only or spec.expires_s:
        raise InvariantBroken("post_only and expires_s are for orders that rest")
    if spec.side is Side.SELL:
        return _sell(spec, is_entry=is_entry)
    return _buy(spec, is_entry=is_entry)


def affordable_spend(
    spend_micros: int, max_spend_micros: int, price_e4: int, fees: FeeSchedule
) -> int:
    """What a BUY may spend, at most `spend_micros`, so that its fee fits into the maximum too.

    Floored to a micro. The fee is `rate · (price(1−price))^exponent` for each of `spend / price`
    shares and comes on top: spend · (1 + that / price) ≤ max (polymarket-client 0.14.0
    `market.py`, read 2026-11-22). py-clob-client-v2 subtracts the fee of the whole instead, which
    leaves a little less to spend.
    """
    # Both sides of the fraction scaled to integers: fee per dollar = rate · curve / price.
    curve: int = (price_e4 * (ONE_DOLLAR_E4 - price_e4)) ** fees.exponent
    scale: int = ONE_DOLLAR_MICROS * ONE_DOLLAR_E4 ** (2 * fees.exponent) * price_e4
    fee = fees.rate_e6 * curve * ONE_DOLLAR_E4
    return min(spend_micros, max_spend_micros * scale // (scale + fee))


def _resting(spec: OrderSpec, *, is_entry: bool) -> Amounts:
    """A minimum in dollars holds for marketable BUYs alone, and only the venue knows those."""
    size = spec.size_e6
    if size <= 0 or size % LOT_E6:
        raise InvariantBroken(f"size of {size} micro-shares is not in lots")
    if is_entry and size < spec.market.size_e6_min:
        raise InvariantBroken(f"{size} micro-shares are below the venue's minimum")
    if (spec.tif is TimeInForce.GTD) != (spec.expires_s > 0):
        raise InvariantBroken(f"expires_s {spec.expires_s} does not go with {spec.tif.value}")
    dollars = size * spec.limit_e4 // ONE_DOLLAR_E4
    return Amounts(dollars, size) if spec.side is Side.BUY else Amounts(size, dollars)


def _buy(spec: OrderSpec, *, is_entry: bool) -> Amounts:
    spend = spec.spend_micros
    if spend <= 0 or spend % CENT_MICROS:
        raise InvariantBroken(f"spend of {spend} micros is not in whole cents")
    if is_entry and spend < spec.market.notional_micros_min:
        raise InvariantBroken(f"spend of {spend} micros is below the venue's minimum")
    exact = spend * ONE_DOLLAR_E4 // spec.limit_e4
    if spec.size_e6_min > exact:
        raise InvariantBroken(f"spend of {spend} micros cannot buy {spec.size_e6_min}")
    shares = floor_to(exact, SHARE_STEP_E6)
    # Below one share the rounding could reach the next finest tick (0.0001): then it goes the
    # other way, which may miss an ask at the limit but can never pay more than the limit.
    if spend * ONE_DOLLAR_E4 >= shares * (spec.limit_e4 + 1):
        shares = ceil_to(spend * ONE_DOLLAR_E4, SHARE_STEP_E6 * spec.limit_e4) // spec.limit_e4
    if is_entry and shares < spec.market.size_e6_min:
        raise InvariantBroken(f"{shares} micro-shares are below the venue's minimum")
    return Amounts(spend, shares)


def _sell(spec: OrderSpec, *, is_entry: bool) -> Amounts:
    size = spec.size_e6
    if size <= 0 or size % LOT_E6:
        raise InvariantBroken(f"size of {size} micro-shares is not in lots")
    if is_entry and size < spec.market.size_e6_min:
        raise InvariantBroken(f"{size} micro-shares are below the venue's minimum")
    proceeds = floor_to(size * spec.limit_e4 // ONE_DOLLAR_E4, PUSD_STEP_MICROS)
    # Rounding down gives away less than $0.0001 on the whole order; a price of zero is invalid.
    return Amounts(size, max(proceeds, PUSD_STEP_MICROS))
