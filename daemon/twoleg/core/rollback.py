"""Closing a residual: where, how much, at what limit, or that nothing may be done now.

An excess of exposure is closed by acting against it on either venue: on the venue that filled too
much that is an *unwind* (sell the own fill, or buy the complement), on the other one a *complete*.
Both are priced alike: what one contract brings there after the fee. The dearer price wins.
"""

from typing import Final

import msgspec

from twoleg.core.book import Book
from twoleg.core.events import Level
from twoleg.core.execution import Execution, exposure_sign
from twoleg.core.fees import fee_ceil, fee_table
from twoleg.core.limits import Limits
from twoleg.core.market import Market, Outcome, Side, Venue
from twoleg.core.units import (
    CENT_MICROS,
    LOT_E6,
    ONE_CONTRACT_E6,
    ceil_div,
    floor_to,
)

LEVELS_MAX: Final = 20
TOLERANCE_E4: Final = 200
"""How much worse than the walked price an exit may fill, so that a moving book is still hit."""


class Place(msgspec.Struct, frozen=True):
    """A market where a residual may be closed, with its live book."""

    market: Market
    book: Book


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """One order that closes a residual or part of it.

    `value_micros` is what it brings after fees per contract, in terms of the exposure that is
    given up: the price of a sale, or one dollar less the cost of the complement.
    """

    market: Market
    outcome: Outcome
    side: Side
    size_e6: int
    limit_e4: int
    spend_micros: int
    size_e6_min: int
    is_unwind: bool
    value_micros: int


def choose_exit(execution: Execution, places: tuple[Place, ...], limits: Limits) -> Exit | None:
    """The exit that brings most, or None where every way is barred or too dear."""
    residual_e6 = execution.exposure_e6()
    assert abs(residual_e6) >= LOT_E6
    basis_micros = _basis(execution, residual_e6)
    best: Exit | None = None
    for place in places:
        for side in (Side.SELL, Side.BUY):
            if (place.market.venue, side) in execution.barred:
                continue
            found = _exit(execution, place, side, (residual_e6, basis_micros), limits)
            if found and (best is None or found.value_micros > best.value_micros):
                best = found
    return best


def _basis(execution: Execution, residual_e6: int) -> int:
    """What a contract of the excess cost, in micros: the dearest leg on the excess side."""
    wanted = 1 if residual_e6 > 0 else -1
    dearest = 0
    for order in execution.orders:
        spec = order.spec
        if not order.filled_e6 or spec.side is Side.SELL or execution.sign_of(spec) != wanted:
            continue
        notional = order.answer.notional_micros if order.answer else -1
        if notional >= 0:
            price = ceil_div(notional * ONE_CONTRACT_E6, order.filled_e6)
        else:
            price = spec.limit_e4 * 100
        fee = fee_table(spec.market.fees)[min(10_000, price // 100)]
        dearest = max(dearest, price + fee)
    return dearest


def _exit(
    execution: Execution, place: Place, side: Side, excess: tuple[int, int], limits: Limits
) -> Exit | None:
    residual_e6, basis_micros = excess
    market = place.market
    held = _held_outcome(execution, market.venue, residual_e6)
    own_e6 = execution.own_e6(market.venue, held)
    if side is Side.SELL and own_e6 < LOT_E6:
        return None
    if side is Side.BUY and market.venue is Venue.KALSHI and own_e6 >= LOT_E6:
        # Kalshi nets YES against NO: buying the complement of what we hold *is* selling it, and
        # must be said so, reduce-only.
        return None
    wanted_e6 = abs(residual_e6) if side is Side.BUY else min(abs(residual_e6), own_e6)
    least_e4 = _least_price(market, basis_micros - limits.rollback_loss_micros_max)
    bids = [
        level for level in place.book.ladder(held, Side.SELL, LEVELS_MAX) if level[0] >= least_e4
    ]
    if not bids:
        return None
    size_e6 = floor_to(min(wanted_e6, sum(size for _, size in bids)), LOT_E6)
    if size_e6 < LOT_E6:
        return None
    return _priced(market, held, side, bids, (size_e6, least_e4, own_e6 >= LOT_E6))


def _least_price(market: Market, least_micros: int) -> int:
    """The lowest price that leaves `least_micros` a contract after the fee of the exit itself."""
    fees = fee_table(market.fees)
    price_e4 = min(max(1, ceil_div(least_micros, 100)), 10_000)
    while price_e4 < 10_000 and price_e4 * 100 - fees[price_e4] < least_micros:
        price_e4 += 1
    return price_e4


def _held_outcome(execution: Execution, venue: Venue, residual_e6: int) -> Outcome:
    """The outcome on this venue that stands for the exposure there is too much of."""
    yes = exposure_sign(execution.pair.polarity, venue, Outcome.YES, Side.BUY)
    return Outcome.YES if (yes > 0) is (residual_e6 > 0) else Outcome.NO


def _priced(
    market: Market,
    held: Outcome,
    side: Side,
    bids: list[Level],
    facts: tuple[int, int, bool],
) -> Exit | None:
    size_e6, least_e4, is_unwind = facts
    left, scaled, worst_e4 = size_e6, 0, 0
    for price_e4, level_e6 in bids:
        part = min(left, level_e6)
        scaled += part * price_e4
        left -= part
        worst_e4 = price_e4
        if not left:
            break
    proceeds = scaled // 10_000
    value = (proceeds - fee_ceil(market.fees, worst_e4, size_e6)) * ONE_CONTRACT_E6 // size_e6
    floor_e4 = max(least_e4, worst_e4 - TOLERANCE_E4)
    spend_micros = 0
    if side is Side.SELL:
        limit_e4 = min(market.grid.ceil(floor_e4), worst_e4)
        outcome = held
    else:
        limit_e4 = max(market.grid.floor(10_000 - floor_e4), 10_000 - worst_e4)
        outcome = held.other
        if market.venue is Venue.POLYMARKET:
            spend_micros = floor_to(size_e6 - proceeds, CENT_MICROS)
            shares_e6 = spend_micros * 10_000 // limit_e4
            too_small = shares_e6 < market.size_e6_min or spend_micros < market.notional_micros_min
            # A buy below the minimum is refused for certain; there are better tries.
            if too_small or spend_micros < CENT_MICROS:
                return None
    return Exit(
        market=market,
        outcome=outcome,
        side=side,
        size_e6=size_e6,
        limit_e4=limit_e4,
        spend_micros=spend_micros,
        size_e6_min=spend_micros * 10_000 // limit_e4 if spend_micros else size_e6,
        is_unwind=is_unwind,
        value_micros=value,
    )
