"""Fees of Polymarket, in pUSD: the venue's, and those of a builder whose code an order carries.

The venue charges takers shares × rate × (p × (1 − p)) ** exponent, rounded to five decimals; a
builder charges basis points of the notional. Formula: docs.polymarket.com, trading/fees, read
2026-11-22. The rounding direction is undocumented, that of builders too.
"""

from collections.abc import Mapping
from typing import Final

from twoleg.sim.exchange import ONE_E4
from twoleg.sim.polymarket.options import FeeRounding

# 1e-5 dollar in micro-dollars: the smallest fee, and the step of all fees.
FEE_STEP_MICROS: Final = 10
# Most that a builder may charge (docs.polymarket.com, builders/fees).
BUILDER_MAKER_BPS_MAX: Final = 50
BUILDER_TAKER_BPS_MAX: Final = 100
_BPS: Final = 10_000


def taker_fee_micros(
    size_e6: int, price_e4: int, rate_e4: int, rounding: FeeRounding, exponent: int = 1
) -> int:
    """Return the fee of one trade; `price_e4` is that of the traded token (either token: same).

    `exponent` is a whole number of 1 or more: 1 on nearly all markets, 2 seen on one.
    """
    curve = (price_e4 * (ONE_E4 - price_e4)) ** exponent
    return _round(size_e6 * rate_e4 * curve, ONE_E4 * ONE_E4 ** (2 * exponent), rounding)


def builder_fee_micros(notional_micros: int, bps: int, rounding: FeeRounding) -> int:
    """Return a builder's part of one trade."""
    return _round(notional_micros * bps, _BPS, rounding)


def check_builders(fees_bps: Mapping[str, tuple[int, int]]) -> None:
    """Raise ValueError for a builder code or fee that the venue would not register."""
    for code, (maker, taker) in fees_bps.items():
        if len(code) != 66 or not code.startswith("0x"):
            raise ValueError(f"simulator options: builder code {code!r} is not 0x and 64 digits")
        if not (0 <= maker <= BUILDER_MAKER_BPS_MAX and 0 <= taker <= BUILDER_TAKER_BPS_MAX):
            raise ValueError(f"simulator options: builder {code} charges more than (50, 100) bps")


def _round(amount: int, scale: int, rounding: FeeRounding) -> int:
    """Round amount / scale micro-dollars to the step of all fees."""
    unit = scale * FEE_STEP_MICROS
    if rounding == "up":
        steps = -(-amount // unit)
    elif rounding == "down":
        steps = amount // unit
    else:
        steps = (2 * amount + unit) // (2 * unit)
    return steps * FEE_STEP_MICROS
