"""From an opportunity, or a chosen exit, to the orders that carry it out."""

from twoleg.core.actions import Fire
from twoleg.core.books import Books
from twoleg.core.events import ASK, BID, OrderAnswered
from twoleg.core.execution import Execution, OrderState, exposure_sign
from twoleg.core.market import Direction, LegMode, Market, Outcome, Pair, Side, TimeInForce, Venue
from twoleg.core.opportunity import Opportunity
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.core.outcomes import outcome_of
from twoleg.core.residual import Exit
from twoleg.core.units import LOT_E6
from twoleg.errors import InvariantBroken


def leg_specs(
    execution: Execution, found: Opportunity, kalshi: Market, polymarket: Market
) -> tuple[OrderSpec, ...]:
    """The legs to fire: both, Kalshi's with the lower number, or the one that goes first.

    What a leg that goes first fills is a residual; completing it is the second leg.
    """
    tries = execution.tries
    pair, side = found.pair, Side.SELL if found.is_close else Side.BUY
    first = OrderSpec(
        execution_no=execution.execution_no,
        order_no=0,
        purpose=Purpose.ARB,
        market=kalshi,
        outcome=outcome_on(pair, found.direction, Venue.KALSHI),
        side=side,
        size_e6=found.size_e6,
        size_e6_min=found.size_e6,
        limit_e4=found.kalshi_limit_e4,
        # Kalshi takes reduce-only with immediate-or-cancel alone (its docs, orders, 2026-11-22).
        tif=TimeInForce.IOC if found.is_close else pair.tif,
        reduce_only=found.is_close,
        leg_try=tries.get(Venue.KALSHI),
    )
    second = OrderSpec(
        execution_no=execution.execution_no,
        order_no=1 if found.mode is LegMode.CONCURRENT else 0,
        purpose=Purpose.ARB,
        market=polymarket,
        outcome=outcome_on(pair, found.direction, Venue.POLYMARKET),
        side=side,
        size_e6=found.shares_e6,
        size_e6_min=found.shares_e6_min,
        spend_micros=found.spend_micros,
        limit_e4=found.polymarket_limit_e4,
        tif=pair.tif,
        leg_try=tries.get(Venue.POLYMARKET),
    )
    if found.mode is LegMode.CONCURRENT:
        tries.clear()
        return first, second
    # What is left in `tries` is the leg's that waits.
    if found.mode is LegMode.KALSHI_FIRST:
        tries.pop(Venue.KALSHI, None)
        return (first,)
    assert found.mode is LegMode.POLYMARKET_FIRST, "AUTO is decided before"
    tries.pop(Venue.POLYMARKET, None)
    return (second,)


def outcome_on(pair: Pair, direction: Direction, venue: Venue) -> Outcome:
    """The outcome that a direction buys on a venue, and an early exit sells."""
    if venue is Venue.KALSHI:
        return direction.kalshi_outcome
    return direction.polymarket_outcome(pair.polarity)


def give_inventory(execution: Execution, exposures_e6: dict[Venue, int]) -> None:
    """Let an early exit sell on both venues what its legs were to sell; read from those orders.

    And what of the pair's `exposures_e6` (signed, event terms) the other venue does not cover: a
    few lots at most, which are the execution's to close like a rest of its own.
    """
    legs = [order.spec for order in execution.orders if order.spec.purpose is Purpose.ARB]
    if not legs or legs[0].side is Side.BUY:
        return
    sizes = {spec.venue: spec.size_e6 for spec in legs}
    for venue in Venue:
        # Of a sequenced one only the first leg is there; both are of one size.
        size_e6 = sizes.get(venue, legs[0].size_e6)
        outcome = outcome_on(execution.pair, execution.direction, venue)
        sign = exposure_sign(execution.pair.polarity, venue, outcome, Side.BUY)
        excess_e6 = sign * execution.carry_in_e6
        held_e6 = sign * exposures_e6[venue]
        execution.inventory_e6[venue, outcome] = size_e6 + max(0, min(excess_e6, held_e6))


def fire_orders(
    books: Books, execution: Execution, specs: tuple[OrderSpec, ...], net_micros: int
) -> Fire:
    """Add orders to an execution, and take what they aim at off the books until they answer."""
    for spec in specs:
        execution.orders.append(OrderState(spec))
        yes_buyer = (spec.outcome is Outcome.YES) is (spec.side is Side.BUY)
        limit_e4 = spec.limit_e4 if spec.outcome is Outcome.YES else 10_000 - spec.limit_e4
        book = books.books[spec.market.id]
        book.take(ASK if yes_buyer else BID, limit_e4, spec.size_e6)
    return Fire(execution.execution_no, execution.pair.id, execution.direction, specs, net_micros)


def free_depth(books: Books, execution: Execution, order: OrderState, event: OrderAnswered) -> None:
    """What was taken counts until the feed shows it; an order that never was took nothing."""
    book, answer = books.books[order.spec.market.id], event.answer
    took_before = any(
        other.filled_e6 and other.spec.market.id == order.spec.market.id
        for other in execution.orders
    )
    if order.is_unresolved:
        # It may fill yet: no book event can be told to be later than that.
        return
    if outcome_of(answer).took_nothing and not took_before:
        book.forget_taken()
    else:
        book.answer_taken(answer.ts_event_ms or event.ts_recv_ns // 1_000_000)


def exit_spec(execution: Execution, found: Exit) -> OrderSpec:
    """A rollback order; never sells more than the execution's own, unsold fill."""
    if found.side is Side.SELL:
        own_e6 = execution.own_e6(found.market.venue, found.outcome)
        if not LOT_E6 <= found.size_e6 <= own_e6:
            raise InvariantBroken(
                f"execution {execution.execution_no}: would sell {found.size_e6} of {own_e6}"
            )
    return OrderSpec(
        execution_no=execution.execution_no,
        order_no=execution.next_order_no(),
        purpose=Purpose.ROLLBACK,
        market=found.market,
        outcome=found.outcome,
        side=found.side,
        size_e6=found.size_e6,
        size_e6_min=found.size_e6_min,
        spend_micros=found.spend_micros,
        limit_e4=found.limit_e4,
        tif=TimeInForce.IOC,
        reduce_only=found.side is Side.SELL and found.market.venue is Venue.KALSHI,
        is_unwind=found.is_unwind,
        # The first order that completes a leg that went first is the other leg.
        leg_try=None if found.is_unwind else execution.tries.pop(found.market.venue, None),
    )
