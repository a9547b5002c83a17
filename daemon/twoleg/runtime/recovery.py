"""What the journal says at start: executions that never closed, and how far ids have come."""

from dataclasses import dataclass, field

from twoleg.core.events import ExecutionFound, Fill, LegAnswer
from twoleg.core.market import Direction, Pair, PairId
from twoleg.core.orders import OrderRef
from twoleg.runtime.ledger import Ledger
from twoleg.storage.cursor import UnknownRecord
from twoleg.storage.journal import Journal
from twoleg.storage.records import (
    AnswerRecorded,
    AnyRecord,
    FeeAdjusted,
    FillRecorded,
    FillVoidRecorded,
    IntentRecorded,
    NoteRecorded,
    PairSeen,
)


@dataclass(slots=True)
class OpenExecution:
    """An execution without an end in the journal."""

    execution_id: str
    pair_id: PairId
    direction: Direction
    orders: list[OrderRef] = field(default_factory=list[OrderRef])
    answers: dict[int, LegAnswer] = field(default_factory=dict[int, LegAnswer])
    fills: dict[int, list[Fill]] = field(default_factory=dict[int, list[Fill]])
    adjusted: dict[int, int] = field(default_factory=dict[int, int])

    def found(self, execution_no: int, pair: Pair) -> ExecutionFound:
        """The event that lets the engine adopt it."""
        orders = tuple((ref.spec, self.answers.get(ref.spec.order_no)) for ref in self.orders)
        return ExecutionFound(execution_no, pair, self.direction, orders)


@dataclass(slots=True)
class Recovered:
    """The journal, reduced to what a start needs."""

    next_execution_no: int = 1
    open: dict[int, OpenExecution] = field(default_factory=dict[int, OpenExecution])
    pairs: dict[PairId, Pair] = field(default_factory=dict[PairId, Pair])
    ledger: Ledger = field(default_factory=Ledger)
    unknown_records: int = 0


def read_journal(journal: Journal) -> Recovered:
    """Read a journal from its first kept record to its last."""
    found = Recovered()
    for _, record in journal.read(journal.first_seq):
        if isinstance(record, UnknownRecord):
            found.unknown_records += 1
            continue
        found.ledger.apply(record)
        _apply(found, record)
    return found


def _apply(found: Recovered, record: AnyRecord) -> None:
    match record:
        case PairSeen():
            found.pairs[record.pair.id] = record.pair
        case IntentRecorded():
            _intent(found, record)
        case AnswerRecorded():
            _answer(found, record)
        case FillRecorded() | FillVoidRecorded():
            _fill(found, record)
        case FeeAdjusted():
            if record.execution_no in found.open:
                adjusted = found.open[record.execution_no].adjusted
                adjusted[record.order_no] = adjusted.get(record.order_no, 0) - record.micros
        case NoteRecorded():
            if record.kind == "execution_closed":
                found.open.pop(record.execution_no, None)
        case _:
            pass


def _intent(found: Recovered, record: IntentRecorded) -> None:
    number = record.execution_no
    found.next_execution_no = max(found.next_execution_no, number + 1)
    execution = found.open.setdefault(
        number, OpenExecution(record.execution_id, record.pair_id, record.direction)
    )
    execution.orders.extend(record.orders)


def _answer(found: Recovered, record: AnswerRecorded) -> None:
    execution = found.open.get(record.execution_no)
    if execution is None:
        return
    execution.answers[record.order_no] = record.answer
    if record.answer.venue_order_id:
        execution.orders = [
            _with_venue_id(ref, record.answer.venue_order_id)
            if ref.spec.order_no == record.order_no
            else ref
            for ref in execution.orders
        ]


def _fill(found: Recovered, record: FillRecorded | FillVoidRecorded) -> None:
    execution = found.open.get(record.execution_no)
    if execution is None:
        return
    others = [
        fill
        for fill in execution.fills.get(record.order_no, [])
        if fill.fill_id != record.fill.fill_id
    ]
    is_new = isinstance(record, FillRecorded)
    execution.fills[record.order_no] = [*others, record.fill] if is_new else others


def _with_venue_id(ref: OrderRef, venue_order_id: str) -> OrderRef:
    return OrderRef(
        spec=ref.spec,
        order_key=ref.order_key,
        sent_wall_ms=ref.sent_wall_ms,
        venue_order_id=venue_order_id,
    )
