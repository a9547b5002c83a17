"""What the journal says at start: executions that never closed, the account, and the guards.

The same folding runs on while the daemon does, so that a snapshot can be written at any time: a
journal that is read from its snapshot gives what the whole of it gives.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from twoleg.core.account import tell_leg
from twoleg.core.actions import NoteKind
from twoleg.core.counts import Counts
from twoleg.core.events import (
    AnswerStatus,
    EvidenceRestored,
    ExecutionFound,
    Fill,
    FillStatus,
    LegAnswer,
    OrderBooked,
)
from twoleg.core.fingerprint import rules_fingerprint
from twoleg.core.market import Direction, MarketId, Pair, PairId, Side, Venue
from twoleg.core.orders import OrderRef
from twoleg.runtime.guarded import Guarded
from twoleg.runtime.heard import Heard
from twoleg.runtime.ledger import Ledger
from twoleg.storage.cursor import UnknownRecord
from twoleg.storage.journal import Journal
from twoleg.storage.records import (
    AnswerRecorded,
    AnyRecord,
    FeeAdjusted,
    FillFinalRecorded,
    FillRecorded,
    FillVoidRecorded,
    IntentRecorded,
    KnownExecution,
    MarketSeen,
    NoteRecorded,
    PairSeen,
    RunStarted,
    SnapshotBegun,
    SnapshotEnded,
    SnapshotPart,
)

MARKET_RESOLVED: Final = "market_resolved"
"""The alarm by which the end of a market goes on record."""
CLOSED_KEPT: Final = 512
"""Finished executions that a late fill can open again; older ones are only in the record."""
UNRESOLVED: Final = (AnswerStatus.UNKNOWN, AnswerStatus.DELAYED, AnswerStatus.RESTING)


@dataclass(slots=True)
class FoundExecution:
    """An execution as the journal tells it."""

    execution_id: str
    pair_id: PairId
    direction: Direction
    orders: list[OrderRef] = field(default_factory=list[OrderRef])
    answers: dict[int, LegAnswer] = field(default_factory=dict[int, LegAnswer])
    fills: dict[int, dict[str, Fill]] = field(default_factory=dict[int, dict[str, Fill]])
    """By order and fill id; voided ones stay, marked, so that nobody books them again."""
    adjusted: dict[int, int] = field(default_factory=dict[int, int])
    """What of an order's exact money its fills did not show, in the order's own terms."""
    is_closed: bool = False

    @property
    def is_unfinished(self) -> bool:
        """Not closed; or a fill of it may still fail on chain, and open it again."""
        return not self.is_closed or any(
            fill.status is FillStatus.PROVISIONAL
            for fills in self.fills.values()
            for fill in fills.values()
        )

    def found(self, execution_no: int, pair: Pair, *, is_accounted: bool = False) -> ExecutionFound:
        """The event that lets the engine adopt it."""
        numbers = [ref.spec.order_no for ref in self.orders]
        orders = tuple((ref.spec, self.known(ref.spec.order_no)) for ref in self.orders)
        return ExecutionFound(
            execution_no,
            pair,
            self.direction,
            orders,
            was_closed=self.is_closed,
            booked=tuple(map(self._booked, numbers)),
            is_accounted=is_accounted,
        )

    def _booked(self, order_no: int) -> OrderBooked:
        known = self.fills_of(order_no)
        fills = [fill for fill in known if fill.status is not FillStatus.VOID]
        size_e6 = sum(fill.size_e6 for fill in fills)
        notional_micros = sum(fill.notional_micros for fill in fills)
        return OrderBooked(
            size_e6=size_e6,
            notional_micros=notional_micros + self.adjusted.get(order_no, 0),
            fee_micros=sum(fill.fee_micros for fill in fills),
            void_e6=sum(fill.size_e6 for fill in known) - size_e6,
        )

    def fills_of(self, order_no: int) -> tuple[Fill, ...]:
        """All fills of an order, voided ones marked."""
        return tuple(self.fills.get(order_no, {}).values())

    def all_fills(self) -> Iterator[Fill]:
        """All fills of all its orders, voided ones marked."""
        for fills in self.fills.values():
            yield from fills.values()

    def known(self, order_no: int) -> LegAnswer | None:
        """The last answer, corrected by what the fills told after it."""
        answer = self.answers.get(order_no)
        if answer is None or answer.status in UNRESOLVED:
            return answer
        fills = self.fills_of(order_no)
        void_e6 = sum(fill.size_e6 for fill in fills if fill.status is FillStatus.VOID)
        booked_e6 = sum(fill.size_e6 for fill in fills) - void_e6
        filled_e6 = max(answer.filled_e6 - void_e6, booked_e6)
        if filled_e6 == answer.filled_e6:
            return answer
        return msgspec.structs.replace(answer, filled_e6=filled_e6, notional_micros=-1)


@dataclass(slots=True)
class Recovered:
    """The journal, reduced to what a start needs; goes on with every record that is written."""

    next_execution_no: int = 1
    executions: dict[int, FoundExecution] = field(default_factory=dict[int, FoundExecution])
    """Unfinished ones, and the latest of the others: a late fill opens those again."""
    pairs: dict[PairId, Pair] = field(default_factory=dict[PairId, Pair])
    rules: dict[MarketId, str] = field(default_factory=dict[MarketId, str])
    """Fingerprints of the rules as approved last, or else as seen first."""
    ends: dict[MarketId, str] = field(default_factory=dict[MarketId, str])
    """Payouts of markets that are resolved, as `Hints.on_end` has them."""
    ledger: Ledger = field(default_factory=Ledger)
    guarded: Guarded = field(default_factory=Guarded)
    counts: Counts = field(default_factory=Counts)
    """How the legs filled that were tried; the engine goes on from there."""
    unknown_records: int = 0
    written_wall_ns: int = 0
    """When the latest record was written; 0: there is none."""
    heard: Heard = field(default_factory=Heard)

    @property
    def unfinished(self) -> dict[int, FoundExecution]:
        """Executions that the engine must adopt, in the order of their numbers."""
        return {
            number: execution
            for number, execution in sorted(self.executions.items())
            if execution.is_unfinished
        }

    def settled_ledger(self) -> Ledger:
        """The account without what the unfinished executions moved: the engine books that anew."""
        fills: list[Fill] = []
        adjusted: list[tuple[Venue, int, int]] = []
        for execution in self.unfinished.values():
            fills += execution.all_fills()
            for ref in execution.orders:
                spec = ref.spec
                micros = _cash_sign(spec.side) * execution.adjusted.get(spec.order_no, 0)
                adjusted.append((spec.venue, spec.market.shard, micros))
        settled = Ledger()
        settled.load(self.ledger.dump())
        settled.take_back(fills, adjusted)
        return settled

    def evidence(self) -> EvidenceRestored:
        """What the engine must know of the legs of earlier processes."""
        return EvidenceRestored(self.counts.steps_e4, self.counts.dump())

    def prune(self, followed: Iterable[MarketId]) -> None:
        """Forget pairs and texts of markets that are not followed and of which nothing is left.

        Needed are those of the executions that are kept, and those of which anything is held.
        """
        kept = self.ledger.prune({*followed, *self._markets_of(self.executions)})
        for pair in list(self.pairs.values()):
            if kept.isdisjoint(map(pair.market_on, Venue)):
                del self.pairs[pair.id]
        for market_id in [market_id for market_id in self.rules if market_id not in kept]:
            del self.rules[market_id]
        # Against the end of a market that was paid for the other one's is to be held.
        kept.update(pair.market_on(venue) for pair in self.pairs.values() for venue in Venue)
        for market_id in [market_id for market_id in self.ends if market_id not in kept]:
            del self.ends[market_id]

    def standing(self) -> tuple[Pair, ...]:
        """Pairs of which something is left: not finished, or held in a market that is not over.

        Kalshi pays by itself. On Polymarket an end that is on record is all that is waited for.
        """
        open_ids = {execution.pair_id for execution in self.unfinished.values()}
        held = {market_id for (market_id, _), size_e6 in self.ledger.held_e6.items() if size_e6}

        def is_held(pair: Pair) -> bool:
            is_over = pair.polymarket not in held or pair.polymarket in self.ends
            return pair.kalshi in held or not is_over

        return tuple(pair for pair in self.pairs.values() if pair.id in open_ids or is_held(pair))

    def unfinished_markets(self) -> set[MarketId]:
        """Markets of the executions that are not finished."""
        return set(self._markets_of(self.unfinished))

    def _markets_of(self, executions: Mapping[int, FoundExecution]) -> Iterator[MarketId]:
        for execution in executions.values():
            for ref in execution.orders:
                yield ref.spec.market.id
            if execution.pair_id in self.pairs:
                yield from map(self.pairs[execution.pair_id].market_on, Venue)

    def apply(self, record: AnyRecord) -> None:
        """Take the next record."""
        self.ledger.apply(record)
        self.guarded.apply(record)
        self.heard.apply(record)
        self.written_wall_ns = max(self.written_wall_ns, record.wall_ns)
        if isinstance(record, RunStarted) and record.depth_steps_e4:
            self.counts.change_steps(record.depth_steps_e4)
        _apply(self, record)


def read_journal(journal: Journal) -> Recovered:
    """Read a journal from its first kept record, or its last snapshot, to its last."""
    found, reading = Recovered(), Reading()
    for _, record in journal.read(journal.first_seq):
        if isinstance(record, UnknownRecord):
            found.unknown_records += 1
        else:
            found = reading.take(found, record)
    return found


class Reading:
    """Folds the records of a journal; a snapshot that is complete replaces what came before it."""

    def __init__(self) -> None:
        # What a snapshot has told so far, and how many parts.
        self._begun: Recovered | None = None
        self._parts = 0

    def take(self, found: Recovered, record: AnyRecord) -> Recovered:
        """The next record; returns what is known now."""
        match record:
            case SnapshotBegun():
                self._begun, self._parts = _begin(record), 0
            case SnapshotPart():
                if self._begun is not None:
                    self._parts += 1
                    _add(self._begun, record)
            case SnapshotEnded():
                begun, self._begun = self._begun, None
                if begun is not None and self._parts == record.parts:
                    return begun
            case _:
                # A snapshot that was cut off by the end of its process.
                self._begun = None
                found.apply(record)
        return found


def _begin(record: SnapshotBegun) -> Recovered:
    found = Recovered(
        next_execution_no=record.next_execution_no,
        pairs={pair.id: pair for pair in record.pairs},
        rules=dict(record.rules),
        unknown_records=record.unknown_records,
        written_wall_ns=record.latest_wall_ns,
        guarded=Guarded(
            record.halt, record.is_paused, list(record.losses), dict(record.lost_micros)
        ),
        counts=Counts(record.depth_steps_e4),
        heard=Heard(dict(record.heard)),
    )
    found.ledger.load(record.account)
    return found


def _add(found: Recovered, part: SnapshotPart) -> None:
    for known in part.executions:
        found.executions[known.execution_no] = _found_execution(known)
    found.counts.load(part.counts)
    found.pairs.update({pair.id: pair for pair in part.pairs})
    found.rules.update(part.rules)
    found.ends.update(part.ends)
    found.guarded.losses += part.losses
    if part.account is not None:
        found.ledger.load(part.account)


def _found_execution(known: KnownExecution) -> FoundExecution:
    return FoundExecution(
        execution_id=known.execution_id,
        pair_id=known.pair_id,
        direction=known.direction,
        orders=list(known.orders),
        answers=dict(known.answers),
        fills={
            order_no: {fill.fill_id: fill for fill in fills}
            for order_no, fills in known.fills.items()
        },
        adjusted=dict(known.adjusted),
        is_closed=known.is_closed,
    )


def _apply(found: Recovered, record: AnyRecord) -> None:
    match record:
        case PairSeen():
            _pair(found, record.pair)
        case MarketSeen():
            if record.market.id not in found.rules:
                found.rules[record.market.id] = rules_fingerprint(record.market)
        case IntentRecorded():
            _intent(found, record)
        case AnswerRecorded():
            _answer(found, record)
        case FillRecorded():
            _put(found, record.execution_no, record.order_no, record.fill)
        case FillVoidRecorded():
            void = msgspec.structs.replace(record.fill, status=FillStatus.VOID)
            _put(found, record.execution_no, record.order_no, void)
        case FillFinalRecorded():
            _finalise(found, record)
        case FeeAdjusted():
            _adjust(found, record)
        case NoteRecorded():
            _note(found, record)
        case _:
            pass


def _pair(found: Recovered, pair: Pair) -> None:
    found.pairs[pair.id] = pair
    for venue in Venue:
        if approved := pair.fingerprint_on(venue):
            found.rules[pair.market_on(venue)] = approved


def _intent(found: Recovered, record: IntentRecorded) -> None:
    number = record.execution_no
    found.next_execution_no = max(found.next_execution_no, number + 1)
    execution = found.executions.setdefault(
        number, FoundExecution(record.execution_id, record.pair_id, record.direction)
    )
    for ref in record.orders:
        _replace(execution, ref)
    execution.is_closed = False


def _replace(execution: FoundExecution, ref: OrderRef) -> None:
    """Add an order; one of its number was refused, and this one was signed in its place."""
    order_no = ref.spec.order_no
    orders = {known.spec.order_no: known for known in execution.orders}
    # In its place: the number of the last one tells what the next is called.
    orders[order_no] = _without_texts(ref)
    execution.orders = list(orders.values())
    execution.answers.pop(order_no, None)


def _answer(found: Recovered, record: AnswerRecorded) -> None:
    execution = found.executions.get(record.execution_no)
    if execution is None:
        return
    before = execution.answers.get(record.order_no)
    execution.answers[record.order_no] = record.answer
    if before is None or before.status in UNRESOLVED:
        _count(found.counts, execution, record)
    if record.answer.venue_order_id:
        execution.orders = [
            _with_venue_id(ref, record.answer.venue_order_id)
            if ref.spec.order_no == record.order_no
            else ref
            for ref in execution.orders
        ]


def _count(counts: Counts, execution: FoundExecution, record: AnswerRecorded) -> None:
    """Count a leg as the engine did: at the first answer that decides it, by what it told."""
    answer, whose = execution.known(record.order_no), (execution.pair_id, execution.direction)
    for ref in execution.orders:
        if ref.spec.order_no == record.order_no and answer is not None:
            tell_leg(counts, whose, ref.spec, answer, answer.filled_e6)


def _put(found: Recovered, execution_no: int, order_no: int, fill: Fill) -> None:
    execution = found.executions.get(execution_no)
    if execution is not None:
        execution.fills.setdefault(order_no, {})[fill.fill_id] = fill
        # After its end: late, or void. Either way the other leg may stand alone now.
        execution.is_closed = False


def _finalise(found: Recovered, record: FillFinalRecorded) -> None:
    for execution in found.executions.values():
        for fills in execution.fills.values():
            fill = fills.get(record.fill_id)
            if fill is not None and fill.venue is record.venue:
                fills[record.fill_id] = msgspec.structs.replace(fill, status=FillStatus.FINAL)


def _adjust(found: Recovered, record: FeeAdjusted) -> None:
    execution = found.executions.get(record.execution_no)
    if execution is None:
        return
    for ref in execution.orders:
        if ref.spec.order_no == record.order_no:
            # Cash that a purchase takes is its notional, what a sale brings is its notional.
            sign = _cash_sign(ref.spec.side)
            known = execution.adjusted.get(record.order_no, 0)
            execution.adjusted[record.order_no] = known + sign * record.micros


def _note(found: Recovered, record: NoteRecorded) -> None:
    fields = record.fields
    if fields.get("event") == MARKET_RESOLVED and fields.get("payouts"):
        found.ends[MarketId(str(fields.get("market_id")))] = str(fields["payouts"])
    # Also of executions whose orders never left: their numbers are used up.
    found.next_execution_no = max(found.next_execution_no, record.execution_no + 1)
    execution = found.executions.get(record.execution_no)
    if execution is None or record.kind != NoteKind.EXECUTION_CLOSED.value:
        return
    execution.is_closed = True
    if len(found.executions) <= CLOSED_KEPT:
        return
    finished = [number for number, entry in found.executions.items() if not entry.is_unfinished]
    for number in finished[: max(0, len(finished) - CLOSED_KEPT)]:
        del found.executions[number]


def _with_venue_id(ref: OrderRef, venue_order_id: str) -> OrderRef:
    return OrderRef(
        spec=ref.spec,
        order_key=ref.order_key,
        sent_wall_ms=ref.sent_wall_ms,
        venue_order_id=venue_order_id,
    )


def _without_texts(ref: OrderRef) -> OrderRef:
    """Rules and titles are for people; they are the greater part of an order's size."""
    market = msgspec.structs.replace(ref.spec.market, title="", rules="")
    return msgspec.structs.replace(ref, spec=msgspec.structs.replace(ref.spec, market=market))


def _cash_sign(side: Side) -> int:
    return -1 if side is Side.BUY else 1
