"""How a market ended, as text for the record: `name=e4` with commas between.

A name is Polymarket's token, or yes and no on Kalshi; what stands behind it is what one contract of
that outcome pays, in 1/10 000 dollar.
"""

from collections.abc import Mapping


def write_ends(payouts: Mapping[str, int]) -> str:
    """Payouts as text."""
    return ",".join(f"{name}={payout_e4}" for name, payout_e4 in payouts.items())


def told_ends(text: str) -> dict[str, int]:
    """What `write_ends` wrote."""
    parts = (part.partition("=") for part in text.split(","))
    return {name: int(payout_e4) for name, _, payout_e4 in parts}
