"""Facts about executions and the breaker, put into notes for the journal and the log."""

from twoleg.core.actions import Note, NoteKind
from twoleg.core.breaker import Breaker
from twoleg.core.execution import Execution, OrderState
from twoleg.core.market import Venue
from twoleg.core.opportunity import Opportunity
from twoleg.core.residual import Cost, Verdict


def closed_note(execution: Execution, now_ns: int) -> Note:
    """The whole of a closed execution in one record."""
    legs: list[tuple[str, int]] = []
    for venue in Venue:
        orders = execution.leg_orders(venue)
        name = venue.value
        legs += [
            (f"{name}_filled_e6", sum(order.filled_e6 for order in orders)),
            (f"{name}_notional_micros", sum(order.booked_notional_micros for order in orders)),
            (f"{name}_fee_micros", sum(order.booked_fee_micros for order in orders)),
        ]
    unknown = [order for order in execution.orders if order.was_unknown]
    fields: tuple[tuple[str, str | int | bool], ...] = (
        ("pair_id", execution.pair.id),
        ("direction", execution.direction.value),
        ("closed_as", execution.closed_as()),
        *legs,
        ("rollback_orders", execution.rollback_orders()),
        ("completed_e6", execution.rolled_e6(is_unwind=False)),
        ("unwound_e6", execution.rolled_e6(is_unwind=True)),
        ("unknown_landed", sum(order.filled_e6 > 0 for order in unknown)),
        ("unknown_absent", sum(order.filled_e6 == 0 for order in unknown)),
        ("dust_e6", execution.exposure_e6()),
        # What others of its pair took over of it, or it of them, by what that pays on.
        ("netted_no_e6", execution.netted_e6[False]),
        ("netted_yes_e6", execution.netted_e6[True]),
        ("payout_micros", execution.payout_micros()),
        ("spent_micros", execution.spent_micros()),
        ("net_micros", execution.net_micros()),
        ("duration_us", (now_ns - execution.opened_ns) // 1_000),
    )
    return Note(NoteKind.EXECUTION_CLOSED, execution.execution_no, fields)


def breaker_note(breaker: Breaker) -> Note:
    """The breaker's state for the record."""
    fields = (
        ("state", breaker.state.value),
        ("reason", breaker.last_reason),
        ("failures", breaker.failures),
    )
    return Note(NoteKind.BREAKER_CHANGED, 0, fields)


def answer_note(execution: Execution, order: OrderState) -> Note:
    """What a venue said about one order."""
    assert order.answer is not None
    fields = (
        ("event", "leg_answered"),
        ("pair_id", execution.pair.id),
        ("order_no", order.spec.order_no),
        ("venue", order.spec.venue.value),
        ("status", order.answer.status.value),
        ("filled_e6", order.answer.filled_e6),
        ("code", order.answer.code),
    )
    return Note(NoteKind.EXECUTION_CHANGED, execution.execution_no, fields)


def alarm(
    execution: Execution, name: str, fields: tuple[tuple[str, str | int | bool], ...]
) -> Note:
    """Something an operator must see."""
    facts = (("event", name), ("pair_id", execution.pair.id), *fields)
    return Note(NoteKind.ALARM, execution.execution_no, facts)


def opened_note(execution: Execution, found: Opportunity) -> Note:
    """An execution begins: what it is after."""
    fields = (
        ("pair_id", execution.pair.id),
        ("direction", found.direction.value),
        ("size_e6", found.size_e6),
        ("net_micros_planned", found.net_micros),
        ("net_limit_micros", found.net_limit_micros),
    )
    return Note(NoteKind.EXECUTION_OPENED, execution.execution_no, fields)


def exit_note(execution: Execution, verdict: Verdict) -> Note:
    """A residual is being closed: how, and what every way would have cost."""
    order, chosen = verdict.order, verdict.chosen
    assert order is not None
    assert chosen is not None
    fields = (
        ("event", "unwind_started" if order.is_unwind else "complete_started"),
        ("pair_id", execution.pair.id),
        ("residual_e6", verdict.residual_e6),
        ("venue", order.market.venue.value),
        ("way", chosen.name),
        ("size_e6", order.size_e6),
        ("cost_micros", chosen.cost_micros),
        ("ways", ways_text(verdict.costs)),
    )
    return Note(NoteKind.EXECUTION_CHANGED, execution.execution_no, fields)


def held_note(verdict: Verdict) -> tuple[tuple[str, str | int | bool], ...]:
    """Why a residual is held: what bars every way, or that holding costs least."""
    return (
        ("residual_e6", verdict.residual_e6),
        ("worst_micros", verdict.basis_micros * abs(verdict.residual_e6) // 1_000_000),
        ("ways", ways_text(verdict.costs)),
    )


def ways_text(costs: tuple[Cost, ...]) -> str:
    """Every way with its cost in micros for its size, or what bars it."""
    return "; ".join(
        f"{cost.name}: {cost.barred}"
        if cost.barred
        else f"{cost.name}: {cost.cost_micros} for {cost.size_e6}"
        for cost in costs
    )
