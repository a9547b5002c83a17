"""Gather with rollback: carries out what the engine asks for, and tells it what came of it.

Intent is journalled before any byte leaves; both legs are sent concurrently; every outcome goes
back to the engine as an event, and into the journal. No decision is made here.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec
import structlog

from twoleg.core.actions import Fire, LookUp, SettleMoney
from twoleg.core.events import AnswerStatus, Event, InvariantReported, LegAnswer, OrderAnswered
from twoleg.core.market import Venue
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.errors import StorageError
from twoleg.runtime.logs import log_context
from twoleg.runtime.tracker import Tracker
from twoleg.seams import Clock, Entropy
from twoleg.storage.records import AnswerRecorded, AnyRecord, IntentRecorded
from twoleg.venues.ports import OrderPort, PreparedOrder, ResigningPort

EXECUTION_IDS_MAX: Final = 4_096

log = structlog.get_logger(__name__)


class Executor:
    """Sends orders and looks them up. `spawn` starts a named task in the executions' group."""

    def __init__(
        self,
        *,
        orders: dict[Venue, OrderPort],
        tracker: Tracker,
        clock: Clock,
        entropy: Entropy,
        append: Callable[[AnyRecord, bool], None],
        emit: Callable[[Event], None],
        spawn: Callable[[str, Coroutine[Any, Any, None]], None],
    ) -> None:
        self._orders = orders
        self._tracker = tracker
        self._clock = clock
        self._entropy = entropy
        # append(record, reserve): raises StorageError when it cannot be written.
        self._append = append
        self._emit = emit
        self._spawn = spawn
        self._execution_ids: dict[int, str] = {}
        # The pair of each of them, for the log.
        self._pair_ids: dict[int, str] = {}
        # Orders whose answer is out, and orders that are looked up.
        self._sent: set[tuple[int, int]] = set()
        self._looked_up: set[tuple[int, int]] = set()

    def execution_id(self, execution_no: int) -> str:
        """The id under which an execution is known outside; random, made at its first order."""
        found = self._execution_ids.get(execution_no)
        if found is None:
            if len(self._execution_ids) >= EXECUTION_IDS_MAX:
                oldest = next(iter(self._execution_ids))
                del self._execution_ids[oldest]
                self._pair_ids.pop(oldest, None)
            found = self._execution_ids[execution_no] = self._entropy.uuid4()
        return found

    def adopt(self, execution_no: int, execution_id: str, pair_id: str) -> None:
        """Know an execution of an earlier process by its id."""
        self._execution_ids[execution_no] = execution_id
        self._pair_ids[execution_no] = pair_id

    def _bound(self, execution_no: int) -> AbstractContextManager[None]:
        """Name the execution and its pair in every line logged inside, and by tasks born there."""
        execution_id = self.execution_id(execution_no)
        return log_context(execution_id=execution_id, pair_id=self._pair_ids.get(execution_no))

    # -- firing ----------------------------------------------------------------------------

    def fire(self, action: Fire) -> None:
        """Prepare, record, send. Preparing and recording happen before this returns."""
        self._pair_ids[action.execution_no] = action.pair_id
        with self._bound(action.execution_no):
            self._fire(action)

    def _fire(self, action: Fire) -> None:
        try:
            prepared = [self._orders[spec.venue].prepare(spec) for spec in action.orders]
            self._record_intent(action, prepared)
        except Exception as error:  # noqa: BLE001 - unsent and unanswered it would wait for ever
            reason = "journal_refused" if isinstance(error, StorageError) else "not_prepared"
            log.error("orders_not_sent", execution_no=action.execution_no, reason=repr(error))
            self._spawn(f"deny-{action.execution_no}", self._deny(action, reason, error))
            return
        self._spawn(f"execution-{action.execution_no}", self._send_all(action, prepared))

    def _record_intent(self, action: Fire, prepared: list[PreparedOrder]) -> None:
        wall_ns = self._clock.wall_ns()
        refs = tuple(
            OrderRef(spec=order.spec, order_key=order.order_key, sent_wall_ms=wall_ns // 1_000_000)
            for order in prepared
        )
        is_rollback = any(spec.purpose is Purpose.ROLLBACK for spec in action.orders)
        record = IntentRecorded(
            wall_ns=wall_ns,
            execution_no=action.execution_no,
            execution_id=self.execution_id(action.execution_no),
            pair_id=action.pair_id,
            direction=action.direction,
            net_micros=action.net_micros,
            orders=refs,
        )
        self._append(record, is_rollback)
        for ref in refs:
            self._tracker.register(ref)

    async def _deny(self, action: Fire, reason: str, error: Exception) -> None:
        """Nothing left: tell the engine so, and trip the breaker if it was our own fault."""
        for spec in action.orders:
            answer = LegAnswer(status=AnswerStatus.NOT_SENT, code=reason, is_unavailable=True)
            self._emit_answer(spec, answer)
        if not isinstance(error, StorageError):
            self._emit(InvariantReported(str(error)))

    async def _send_all(self, action: Fire, prepared: list[PreparedOrder]) -> None:
        outcomes = await asyncio.gather(
            *(self._send(action, order) for order in prepared), return_exceptions=True
        )
        for order, outcome in zip(prepared, outcomes, strict=True):
            if isinstance(outcome, Exception | asyncio.CancelledError):
                # A port never raises, nor is it cancelled alone; if so, the order may have left.
                spec = order.spec
                ref = self._tracker.ref(spec.execution_no, spec.order_no)
                self._report(spec, ref.order_key, _raised(spec.venue, outcome))
            elif isinstance(outcome, BaseException):
                raise outcome

    async def _send(self, action: Fire, prepared: PreparedOrder) -> None:
        """Send one leg; its answer is judged at once, not when the other leg's is in.

        Where the venue refused the kind of signature, the leg is signed anew and sent once more.
        """
        port = self._orders[prepared.spec.venue]
        number = prepared.spec.execution_no, prepared.spec.order_no
        self._sent.add(number)
        try:
            answer = await port.send(prepared)
            again = port.resign(prepared, answer) if isinstance(port, ResigningPort) else None
            if again is not None and self._replace(action, prepared, answer, again):
                prepared, answer = again, await port.send(again)
        finally:
            self._sent.discard(number)
        self._report(prepared.spec, prepared.order_key, answer)

    def _replace(
        self, action: Fire, refused: PreparedOrder, answer: LegAnswer, again: PreparedOrder
    ) -> bool:
        """Record that an order was refused and another goes in its place; False if that fails."""
        try:
            self._append(self._answer_record(refused.spec, refused.order_key, answer), True)
            self._record_intent(action, [again])
        except StorageError as error:
            log.error("order_not_replaced", execution_no=action.execution_no, reason=str(error))
            return False
        log.warning("order_signed_anew", execution_no=action.execution_no, code=answer.code)
        return True

    # -- finding out -----------------------------------------------------------------------

    def look_up(self, action: LookUp) -> None:
        """Ask the venue what became of an order.

        Not while it is asked already, nor while its own answer is out: that one will come, and a
        fence that overtook the order would kill it.
        """
        number, order_no = action.execution_no, action.order_no
        if (number, order_no) in self._sent or (number, order_no) in self._looked_up:
            return
        self._looked_up.add((number, order_no))
        with self._bound(number):
            self._spawn(f"look-up-{number}-{order_no}", self._look_up(number, order_no))

    async def _look_up(self, execution_no: int, order_no: int) -> None:
        ref = self._tracker.ref(execution_no, order_no)
        try:
            answer = await self._ask(ref)
        finally:
            self._looked_up.discard((execution_no, order_no))
        booked_e6 = self._tracker.size_e6(execution_no, order_no)
        if answer.status is AnswerStatus.MISSED and booked_e6 > 0:
            # The private stream told of fills that the look-up denies: not known.
            log.error("look_up_contradicted", execution_no=execution_no, booked_e6=booked_e6)
            answer = msgspec.structs.replace(
                answer, status=AnswerStatus.UNKNOWN, code="contradicted_by_fills"
            )
        left_out_e6 = self._tracker.void_e6_besides(execution_no, order_no, answer.trade_ids)
        if answer.filled_e6 and left_out_e6:
            # Answers count what fails on chain; this look-up knew of it, and left it out.
            answer = msgspec.structs.replace(
                answer, filled_e6=answer.filled_e6 + left_out_e6, notional_micros=-1
            )
        self._report(ref.spec, ref.order_key, answer)

    async def _ask(self, ref: OrderRef) -> LegAnswer:
        """The port's answer; UNKNOWN, so that it is asked again, if it gives none."""
        try:
            return await self._orders[ref.spec.venue].look_up(ref)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                # We are to end: what is not known stays on record.
                raise
            return _raised(ref.spec.venue, error)
        except Exception as error:  # noqa: BLE001 - a port never raises; if one does: not known
            return _raised(ref.spec.venue, error)

    def settle(self, action: SettleMoney) -> None:
        """Book all fills of an order."""
        number, order_no = action.execution_no, action.order_no
        work = self._tracker.settle(number, order_no, action.filled_e6, action.notional_micros)
        with self._bound(number):
            self._spawn(f"settle-{number}-{order_no}", work)

    # -- reporting -------------------------------------------------------------------------

    def _report(self, spec: OrderSpec, order_key: str, answer: LegAnswer) -> None:
        """Journal an answer, then let the engine judge it."""
        try:
            self._append(self._answer_record(spec, order_key, answer), True)
        except StorageError as error:
            # The intent is on disk, so a restart will ask the venue; deciding goes on.
            log.error("answer_not_journalled", execution_no=spec.execution_no, reason=str(error))
        self._tracker.learn_order_id(spec.execution_no, spec.order_no, answer.venue_order_id)
        self._emit_answer(spec, answer)

    def _answer_record(self, spec: OrderSpec, order_key: str, answer: LegAnswer) -> AnswerRecorded:
        return AnswerRecorded(
            wall_ns=self._clock.wall_ns(),
            execution_no=spec.execution_no,
            order_no=spec.order_no,
            order_key=order_key,
            venue=spec.venue,
            answer=answer,
        )

    def _emit_answer(self, spec: OrderSpec, answer: LegAnswer) -> None:
        self._emit(OrderAnswered(spec.execution_no, spec.order_no, answer, self._clock.wall_ns()))


def _raised(venue: Venue, error: BaseException) -> LegAnswer:
    """What is known of an order whose port failed: nothing."""
    log.error("order_port_raised", venue=venue.value, reason=repr(error))
    return LegAnswer(status=AnswerStatus.UNKNOWN, code="port_raised")
