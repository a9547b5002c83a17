"""Exact money and price grids from Kalshi's fields. Pure."""

from collections.abc import Sequence
from typing import Final

from twoleg.core.market import Band, PriceGrid
from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.channels import WireBand
from twoleg.venues.kalshi.numbers import VENUE, parse_price

BANDS_MAX: Final = 64


def notional_exact(price_e4: int, size_e6: int) -> int:
    """Price times size in micro-dollars; counts of 0.01 contract always come out whole."""
    notional, rest = divmod(price_e4 * size_e6, ONE_DOLLAR_E4)
    if rest:
        raise MalformedMessage(VENUE, f"{price_e4} x {size_e6} is no whole micro-dollar")
    return notional


def grid_from(bands: Sequence[WireBand]) -> PriceGrid:
    """A price grid from `price_ranges`; the structure's label is never looked at.

    Kalshi API docs, fixed point migration, 2026-08-17: neighbouring bands share an edge, and both
    steps divide it.
    """
    if not 0 < len(bands) <= BANDS_MAX:
        raise MalformedMessage(VENUE, f"{len(bands)} price ranges")
    parsed = [
        Band(parse_price(band.start), parse_price(band.end), parse_price(band.step))
        for band in bands
    ]
    parsed.sort(key=lambda band: band.start_e4)
    last_end_e4 = 0
    for band in parsed:
        if band.step_e4 <= 0 or band.start_e4 >= band.end_e4 or band.start_e4 < last_end_e4:
            raise MalformedMessage(VENUE, f"price range {band}")
        last_end_e4 = band.end_e4
    return PriceGrid(tuple(parsed))
