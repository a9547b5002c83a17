"""Closing a residual: what every way out costs on the books as they are, and the least of them.

An excess of exposure is closed by acting against it on either venue. On the venue that filled too
much that is an *unwind*, on the other one a *complete*; either is a sale of what the execution
itself holds there, or a purchase of the complement. All are priced alike: what the excess cost to
get, less what it brings there after the fee. What a way leaves over is counted at the loss cap, the
most at which it may be closed later. *Hold* costs all that the excess cost: its worst case.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final

import msgspec

from twoleg.core.book import Book
from twoleg.core.events import NO_TOKENS, Level
from twoleg.core.execution import Execution, OrderState, exposure_sign
from twoleg.core.fees import fee_table, fill_fee
from twoleg.core.limits import Limits
from twoleg.core.market import Market, Outcome, Side, Venue
from twoleg.core.units import (
    CENT_MICROS,
    LOT_E6,
    ONE_CONTRACT_E6,
    ceil_div,
    floor_to,
    proceeds_floor,
)

LEVELS_MAX: Final = 20
SMALL_MICROS: Final = 50_000
"""What closing a residual may always lose at its prices, in all: five cents.

A few lots may not be worth a cent, while venues charge fees in quanta of up to one and order sizes
in steps. Left open they would bar their pair for the sake of the cap per contract.
"""
BRIEF: Final = frozenset({"book_void", "nothing_to_sell", "is_a_sale"})
"""What bars a way only until its book has a snapshot, or because it is another way's business."""


class Way(Enum):
    """How a residual may end."""

    COMPLETE = "complete"
    """Act on the venue that filled too little: buy the missing side, or sell what is left there."""
    UNWIND_SALE = "unwind_sale"
    """Sell what filled too much."""
    UNWIND_PURCHASE = "unwind_purchase"
    """Buy the complement of what filled too much; both together pay a dollar."""
    HOLD = "hold"
    """Keep it to its settlement, or until another way opens."""


class Place(msgspec.Struct, frozen=True):
    """A market where a residual may be closed, its book, and why not to go there now (else "")."""

    market: Market
    book: Book
    barred: str = ""


class Terms(msgspec.Struct, frozen=True):
    """What bounds the exits now.

    `tolerance_e4` is how far below the walked price an order may fill; −1: as far as the loss cap
    lets it. `unhedged_micros` is what else stands unhedged, against the cap for holding.
    """

    limits: Limits
    tolerance_e4: int = 0
    unhedged_micros: int = 0


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """One order that closes a residual or part of it."""

    market: Market
    outcome: Outcome
    side: Side
    size_e6: int
    limit_e4: int
    spend_micros: int
    size_e6_min: int
    is_unwind: bool


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """One way priced, or why it is barred.

    `cost_micros` is what closing `size_e6` loses against what that much of the excess cost (< 0:
    gains), fees included. `total_micros` adds the rest at the loss cap: this is what is compared.
    """

    way: Way
    venue: Venue | None = None
    size_e6: int = 0
    cost_micros: int = 0
    total_micros: int = 0
    barred: str = ""
    order: Exit | None = None

    @property
    def name(self) -> str:
        """For the record: the way, and where it is gone."""
        return f"{self.way.value}@{self.venue.value}" if self.venue else self.way.value


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Every way out of a residual with its cost, and the one that is taken."""

    residual_e6: int
    basis_micros: int
    """What a contract of the excess cost."""
    costs: tuple[Cost, ...]
    chosen: Cost | None
    """None: every way is barred; then it is held all the same, with an alarm."""

    @property
    def order(self) -> Exit | None:
        """The order to send; None to hold."""
        return self.chosen.order if self.chosen else None

    @property
    def loss_micros(self) -> int:
        """What the residual would lose at its present exit, or at worst if it has none."""
        if self.chosen:
            return max(0, self.chosen.total_micros)
        return self.basis_micros * abs(self.residual_e6) // ONE_CONTRACT_E6

    @property
    def waits_for_books(self) -> bool:
        """Whether nothing but books that wait for their snapshots stands in the way."""
        reasons = [cost.barred for cost in self.costs if cost.way is not Way.HOLD]
        return "book_void" in reasons and all(reason in BRIEF for reason in reasons)

    @property
    def waits_for_tokens(self) -> bool:
        """Whether nothing but our own rate budget stands in the way."""
        return self.order is None and any(cost.barred == NO_TOKENS for cost in self.costs)


class _Excess(msgspec.Struct, frozen=True):
    """What there is too much of: signed size, and cost per contract at most and at the cap."""

    residual_e6: int
    basis_micros: int
    least_micros: int
    rest_micros: int


def judge_residual(execution: Execution, places: Sequence[Place], terms: Terms) -> Verdict:
    """Price every way out of an execution's residual and choose the least cost within the cap.

    Purchases below a venue's minimum are chosen only where nothing else is left: there the venue
    may still take them, and if it refuses nothing is lost.
    """
    residual_e6 = execution.exposure_e6()
    assert abs(residual_e6) >= LOT_E6
    basis_micros = basis_of(execution, residual_e6)
    small_micros = SMALL_MICROS * ONE_CONTRACT_E6 // abs(residual_e6)
    cap_micros = max(terms.limits.rollback_loss_micros_max, small_micros)
    excess = _Excess(
        residual_e6, basis_micros, basis_micros - cap_micros, min(cap_micros, basis_micros)
    )
    costs = [cost for place in places for cost in _costs(execution, place, excess, terms)]
    costs.append(_hold(excess, terms))
    open_costs = [cost for cost in costs if not cost.barred]
    return Verdict(
        residual_e6=residual_e6,
        basis_micros=basis_micros,
        costs=tuple(costs),
        chosen=min(open_costs, key=_rank, default=None),
    )


def basis_of(execution: Execution, residual_e6: int) -> int:
    """What a contract of the excess cost, in micros: the dearest fill on the excess side.

    A sale on that side counts as its opposite: who sells at 0.60 stands as who buys the other
    outcome at 0.40.
    """
    wanted = 1 if residual_e6 > 0 else -1
    dearest = 0
    for order in execution.orders:
        spec = order.spec
        if not order.filled_e6 or execution.sign_of(spec) != wanted:
            continue
        notional = _notional_of(order)
        if notional < 0:
            price = spec.limit_e4 * 100
        elif spec.side is Side.BUY:
            price = ceil_div(notional * ONE_CONTRACT_E6, order.filled_e6)
        else:
            price = notional * ONE_CONTRACT_E6 // order.filled_e6
        fee = fee_table(spec.market.fees)[min(10_000, price // 100)]
        cost = price if spec.side is Side.BUY else ONE_CONTRACT_E6 - price
        dearest = max(dearest, cost + fee)
    return dearest


def _notional_of(order: OrderState) -> int:
    """What all that filled of an order cost or brought, before fees; −1 where it is not told.

    Its booked fills tell where its answer does not; Kalshi's answers never do.
    """
    if order.booked_e6 == order.filled_e6:
        return order.booked_notional_micros
    if order.answer and order.answer.filled_e6 == order.filled_e6:
        return order.answer.notional_micros
    return -1


def _rank(cost: Cost) -> tuple[bool, int]:
    """Order of preference; `min` keeps the first of equals."""
    return (cost.order is not None and is_below_minimum(cost.order), cost.total_micros)


def is_below_minimum(order: Exit) -> bool:
    """Whether its venue's published minimum is above this purchase; sales have none here."""
    market = order.market
    if order.side is Side.SELL:
        return False
    return order.size_e6_min < market.size_e6_min or (
        0 < order.spend_micros < market.notional_micros_min
    )


def _hold(excess: _Excess, terms: Terms) -> Cost:
    worst = ceil_div(excess.basis_micros * abs(excess.residual_e6), ONE_CONTRACT_E6)
    over = terms.unhedged_micros + worst > terms.limits.unhedged_micros_max
    # Below the loss cap per contract holding cannot lose more than an exit may; above it, holding
    # is what remains when every exit is barred, and not a choice.
    dear = excess.basis_micros > terms.limits.rollback_loss_micros_max
    barred = "unhedged_cap" if over else "worst_case_above_loss_cap" if dear else ""
    if worst <= SMALL_MICROS:
        # Any exit is better than to keep both markets busy for it.
        barred = "small"
    return Cost(way=Way.HOLD, cost_micros=worst, total_micros=worst, barred=barred)


def _costs(execution: Execution, place: Place, excess: _Excess, terms: Terms) -> list[Cost]:
    """Both ways of one venue: the sale of what is held there, and the purchase against it."""
    market = place.market
    held = _held_outcome(execution, market.venue, excess.residual_e6)
    own_e6 = execution.own_e6(market.venue, held)
    is_unwind = execution.exposure_e6(market.venue) * excess.residual_e6 > 0
    found: list[Cost] = []
    for side in (Side.SELL, Side.BUY):
        way = Way.COMPLETE
        if is_unwind:
            way = Way.UNWIND_SALE if side is Side.SELL else Way.UNWIND_PURCHASE
        barred = place.barred
        if side is Side.SELL and own_e6 < LOT_E6:
            barred = "nothing_to_sell"
        elif side is Side.BUY and market.venue is Venue.KALSHI and own_e6 >= LOT_E6:
            # Kalshi nets YES against NO: buying the complement of what we hold *is* selling it,
            # and must be said so, reduce-only.
            barred = "is_a_sale"
        elif (market.venue, side) in execution.barred:
            barred = barred or execution.barred[market.venue, side]
        if barred:
            found.append(Cost(way=way, venue=market.venue, barred=barred))
            continue
        size_e6 = abs(excess.residual_e6)
        wanted_e6 = size_e6 if side is Side.BUY else min(size_e6, own_e6)
        found.append(_priced(place, (way, held, side, wanted_e6), excess, terms))
    return found


def _priced(
    place: Place, act: tuple[Way, Outcome, Side, int], excess: _Excess, terms: Terms
) -> Cost:
    """Walk the bids for what is held (or, the same, the offers of its complement)."""
    way, held, side, wanted_e6 = act
    market = place.market
    least_e4 = _least_price(market, excess.least_micros)
    seen = place.book.ladder(held, Side.SELL, LEVELS_MAX)
    bids = [level for level in seen if level[0] >= least_e4]
    size_e6 = floor_to(min(wanted_e6, sum(size for _, size in bids)), LOT_E6)
    if size_e6 < LOT_E6:
        barred = "above_loss_cap" if seen else "no_depth"
        return Cost(way=way, venue=market.venue, barred=barred)
    proceeds, fee, worst_e4 = walk_bids(market, bids, size_e6, is_sale=side is Side.SELL)
    cost = ceil_div(excess.basis_micros * size_e6, ONE_CONTRACT_E6) - proceeds + fee
    rest_e6 = abs(excess.residual_e6) - size_e6
    floor_e4 = least_e4
    if terms.tolerance_e4 >= 0:
        floor_e4 = max(least_e4, worst_e4 - terms.tolerance_e4)
    order = _order(market, (held, side, size_e6), (floor_e4, worst_e4, proceeds), way)
    if order is None:
        return Cost(way=way, venue=market.venue, barred="below_a_cent")
    return Cost(
        way=way,
        venue=market.venue,
        size_e6=size_e6,
        cost_micros=cost,
        total_micros=cost + ceil_div(excess.rest_micros * rest_e6, ONE_CONTRACT_E6),
        order=order,
    )


def walk_bids(
    market: Market, bids: Sequence[Level], size_e6: int, *, is_sale: bool
) -> tuple[int, int, int]:
    """Micros that giving up `size_e6` brings (rounded down), the fee, and the worst price used.

    A purchase of the complement brings a dollar a contract less what it costs. The fee is taken as
    one fill per level.
    """
    left, brings, fee, worst_e4 = size_e6, 0, 0, 0
    for price_e4, level_e6 in bids:
        part_e6 = min(left, level_e6)
        if not part_e6:
            break
        brings += proceeds_floor(price_e4, part_e6)
        fee += fill_fee(market, price_e4 if is_sale else 10_000 - price_e4, part_e6)
        left -= part_e6
        worst_e4 = price_e4
    assert left == 0
    return brings, fee, worst_e4


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


def _order(
    market: Market, act: tuple[Outcome, Side, int], prices: tuple[int, int, int], way: Way
) -> Exit | None:
    """The order itself; None where a dollar-sized purchase would be less than a cent."""
    held, side, size_e6 = act
    floor_e4, worst_e4, proceeds = prices
    spend_micros = 0
    if side is Side.SELL:
        limit_e4 = min(market.grid.ceil(floor_e4), worst_e4)
    else:
        limit_e4 = max(market.grid.floor(10_000 - floor_e4), 10_000 - worst_e4)
        if market.venue is Venue.POLYMARKET:
            spend_micros = floor_to(size_e6 - proceeds, CENT_MICROS)
            if spend_micros < CENT_MICROS:
                return None
            # The venue reads a purchase as what it buys at its limit: a limit that is higher than
            # the price needs can put it below the minimum, and have it refused.
            whole_e4 = market.grid.floor(spend_micros * 10_000 // max(1, market.size_e6_min))
            if 10_000 - worst_e4 <= whole_e4 < limit_e4:
                limit_e4 = whole_e4
    return Exit(
        market=market,
        outcome=held if side is Side.SELL else held.other,
        side=side,
        size_e6=size_e6,
        limit_e4=limit_e4,
        spend_micros=spend_micros,
        size_e6_min=spend_micros * 10_000 // limit_e4 if spend_micros else size_e6,
        is_unwind=way is not Way.COMPLETE,
    )
