"""What executions leave behind: the tally, the evidence, and what the breaker is told of them."""

from collections.abc import Iterable

import msgspec

from twoleg.core.actions import Action
from twoleg.core.breaker import Breaker
from twoleg.core.counts import Counts
from twoleg.core.events import LegAnswer
from twoleg.core.evidence import Evidence
from twoleg.core.execution import Execution, OrderState
from twoleg.core.market import Direction, PairId
from twoleg.core.notes import breaker_note, closed_note
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.core.outcomes import outcome_of


class Tally(msgspec.Struct):
    """Counts for the status line."""

    executions: int = 0
    open: int = 0
    hedged: int = 0
    rolled_back: int = 0
    missed: int = 0
    unhedged: int = 0
    net_micros: int = 0


class Account:
    """Counts each execution once, however often it closes. Owned by `Executions`."""

    __slots__ = ("_evidence", "_marked_micros", "breaker", "tally")

    def __init__(self, breaker: Breaker, evidence: Evidence) -> None:
        self.breaker = breaker
        self._evidence = evidence
        self.tally = Tally()
        # What all open residuals would lose, as told to the breaker last.
        self._marked_micros = 0

    def tell_leg(self, execution: Execution, order: OrderState) -> None:
        """What an order filled, now that it is decided."""
        assert order.answer is not None
        whose = (execution.pair.id, execution.direction)
        tell_leg(self._evidence, whose, order.spec, order.answer, order.filled_e6)

    def failure(self, execution: Execution, reason: str, now_ns: int) -> list[Action]:
        """Something of an execution failed: the breaker counts it once."""
        execution.has_failed = True
        if execution.was_counted:
            return []
        execution.was_counted = True
        opened = self.breaker.failed(execution.execution_no, reason, now_ns)
        return [breaker_note(self.breaker)] if opened else []

    def mark(self, open_ones: Iterable[Execution], now_ns: int) -> list[Action]:
        """Tell the breaker what all open residuals would lose, where that changed."""
        marked_micros = sum(execution.marked_micros for execution in open_ones)
        if marked_micros == self._marked_micros:
            return []
        self._marked_micros = marked_micros
        opened = self.breaker.mark_residuals(marked_micros, now_ns)
        return [breaker_note(self.breaker)] if opened else []

    def conclude(self, execution: Execution, now_ns: int) -> list[Action]:
        """Put the end on record and let the breaker judge it."""
        number, net_micros = execution.execution_no, execution.net_micros()
        change_micros = net_micros - execution.counted_net_micros
        self._count(execution)
        actions: list[Action] = [closed_note(execution, now_ns)]
        if execution.rolled_back and net_micros < 0:
            actions += self.failure(execution, "rolled_back_at_a_loss", now_ns)
        is_success = execution.filled_anything and not execution.has_failed
        turned = is_success and self.breaker.succeeded(number, now_ns)
        turned |= self.breaker.closed(
            number,
            net_micros=net_micros,
            change_micros=change_micros,
            filled_anything=execution.filled_anything,
            was_unwound=execution.rolled_e6(is_unwind=True) > 0,
            now_ns=now_ns,
        )
        if turned:
            actions.append(breaker_note(self.breaker))
        self.breaker.ended(number)
        return actions

    def _count(self, execution: Execution) -> None:
        closed_as, net = execution.closed_as(), execution.net_micros()
        if execution.counted_as:
            setattr(self.tally, execution.counted_as, getattr(self.tally, execution.counted_as) - 1)
        setattr(self.tally, closed_as, getattr(self.tally, closed_as) + 1)
        self.tally.net_micros += net - execution.counted_net_micros
        execution.counted_as, execution.counted_net_micros = closed_as, net


def tell_leg(
    counts: Evidence | Counts,
    whose: tuple[PairId, Direction],
    spec: OrderSpec,
    answer: LegAnswer,
    filled_e6: int,
) -> None:
    """Count what an order filled when it was decided, if it was a leg and that is evidence.

    A second leg's rate is its own. The engine and the reading of the journal both count by this,
    once per order: at the answer that decides it.
    """
    if spec.leg_try is None or not outcome_of(answer).is_evidence:
        return
    counts.tell(
        *whose,
        spec.venue,
        spec.leg_try,
        is_second=spec.purpose is Purpose.ROLLBACK,
        filled_e6=filled_e6,
        size_e6=spec.size_e6,
    )
