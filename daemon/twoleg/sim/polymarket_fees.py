"""Taker fees of Polymarket, in pUSD: shares × rate × p × (1 − p), rounded to five decimals.

Formula: docs.polymarket.com, trading/fees, read 2026-11-22. The rounding direction is undocumented.
"""

from typing import Final

from twoleg.sim.exchange import ONE_E4
from twoleg.sim.polymarket_options import FeeRounding

# 1e-5 dollar in micro-dollars: the smallest fee, and the step of all fees.
FEE_STEP_MICROS: Final = 10
# size_e6 · rate_e4 · p_e4 · (1-p)_e4 is in 1e-12 micro-dollars.
_SCALE: Final = ONE_E4**3


def taker_fee_micros(size_e6: int, price_e4: int, rate_e4: int, rounding: FeeRounding) -> int:
    """Return the fee of one trade; `price_e4` is that of the traded token (either token: same)."""
    exact = size_e6 * rate_e4 * price_e4 * (ONE_E4 - price_e4)
    unit = _SCALE * FEE_STEP_MICROS
    if rounding == "up":
        steps = -(-exact // unit)
    elif rounding == "down":
        steps = exact // unit
    else:
        steps = (2 * exact + unit) // (2 * unit)
    return steps * FEE_STEP_MICROS
