"""How legs filled, after a restart: counted from the journal, no try lost, none counted twice."""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.core import EASY, PAIR_ID, Rig, make_pair
from tests.support.scripted import Script, ScriptedVenues
from twoleg.core.actions import Action, Fire, Note
from twoleg.core.counts import CellCount
from twoleg.core.events import AnswerStatus, FillBooked, LegAnswer, OrderAnswered
from twoleg.core.evidence import depth_steps_e4
from twoleg.core.market import LegMode, Venue
from twoleg.core.orders import OrderRef, OrderSpec
from twoleg.core.outcomes import outcome_of
from twoleg.runtime.recovery import Reading, Recovered
from twoleg.runtime.snapshots import snapshot_of
from twoleg.storage.records import (
    AnswerRecorded,
    AnyRecord,
    FillRecorded,
    IntentRecorded,
    NoteRecorded,
    RunStarted,
)

LIMITS = structs.replace(EASY, position_e6_max=10**12)
MODES = (LegMode.CONCURRENT, LegMode.KALSHI_FIRST, LegMode.POLYMARKET_FIRST)
A, S = AnswerStatus, Script
SCRIPTS = st.lists(st.sampled_from(Script), max_size=12)
HISTORY = (
    (S.FILLED, S.MISSED, S.FILLED),
    (S.UNKNOWN_LANDED, S.PARTIAL, S.MISSED),
    (S.REJECTED, S.DELAYED_FILLED),
    (S.FILLED, S.OVER_FILLED),
)


def run_started(steps_e4: tuple[int, ...] = depth_steps_e4(LIMITS)) -> RunStarted:
    return RunStarted(
        wall_ns=1,
        run_id="r",
        mode="sim",
        version="",
        member="",
        accounts={},
        depth_steps_e4=steps_e4,
    )


class JournalledRig(Rig):
    """A rig whose orders, answers and fills are recorded in the order that the daemon does."""

    def __init__(self, mode: LegMode, records: Sequence[AnyRecord] = ()) -> None:
        self.records: list[AnyRecord] = [*records, run_started()]
        # What the engine had counted when it had taken each record.
        self.counted: list[tuple[CellCount, ...]] = []
        super().__init__(limits=LIMITS, pair=make_pair(leg_mode=mode))

    def send(self, event: object) -> Sequence[Action]:
        if isinstance(event, OrderAnswered):
            self.records.append(answer(event))
        elif isinstance(event, FillBooked):
            self.records.append(
                FillRecorded(
                    wall_ns=1,
                    execution_no=event.execution_no,
                    order_no=event.order_no,
                    owner="arb",
                    fill=event.fill,
                )
            )
        actions = super().send(event)
        for action in actions:
            if isinstance(action, Fire):
                self.records.append(intent(action))
            elif isinstance(action, Note):
                self.records.append(note(action))
        self.counted += [self.engine_counts()] * (len(self.records) - len(self.counted))
        return actions

    def engine_counts(self) -> tuple[CellCount, ...]:
        return self.engine._evidence._counts.dump()


def answer(event: OrderAnswered) -> AnswerRecorded:
    return AnswerRecorded(
        wall_ns=1,
        execution_no=event.execution_no,
        order_no=event.order_no,
        order_key="",
        venue=Venue.KALSHI,
        answer=event.answer,
    )


def intent(fire: Fire) -> IntentRecorded:
    refs = [OrderRef(spec=spec, order_key="key", sent_wall_ms=1) for spec in fire.orders]
    return IntentRecorded(
        wall_ns=1,
        execution_no=fire.execution_no,
        execution_id=str(fire.execution_no),
        pair_id=fire.pair_id,
        direction=fire.direction,
        net_micros=fire.net_micros,
        orders=tuple(refs),
    )


def note(told: Note) -> NoteRecorded:
    return NoteRecorded(
        wall_ns=1,
        execution_no=told.execution_no,
        execution_id="",
        pair_id=PAIR_ID,
        kind=told.kind.value,
        fields=dict(told.fields),
    )


class Venues(ScriptedVenues):
    """Of one execution after others: what those left over is in its rollbacks too."""

    def _judge_rollback(self, spec: OrderSpec) -> None:
        pass


def live(mode: LegMode, history: Sequence[Sequence[Script]]) -> JournalledRig:
    """One execution after the other, each with its own answers; then all of them fill."""
    rig = JournalledRig(mode)
    for scripts in history:
        venues = Venues(rig, iter([*scripts, *repeat(S.FILLED, 60)]), refresh=True)
        # Nothing starts while the market rests, the breaker is open, or a residual is held.
        rig.pass_ms(600_000)
        venues.run(list(rig.quote()))
        if rig.engine.open_executions:
            break
    return rig


def read(record: AnyRecord, *without: str) -> AnyRecord:
    """As it comes out of a file; `without` fields that an earlier version did not write."""
    plain: Any = msgspec.json.decode(msgspec.json.encode(record))
    for name in without:
        _drop(plain, name)
    found: AnyRecord = msgspec.json.decode(msgspec.json.encode(plain), type=AnyRecord)
    return found


def _drop(plain: Any, name: str) -> None:
    if isinstance(plain, dict):
        plain.pop(name, None)
        plain = list(plain.values())
    if isinstance(plain, list):
        for part in plain:
            _drop(part, name)


def fold(records: Sequence[AnyRecord]) -> Recovered:
    found, reading = Recovered(), Reading()
    for record in records:
        found = reading.take(found, read(record))
    return found


def decided_legs(records: Sequence[AnyRecord]) -> int:
    """Legs whose answer is evidence, by the records alone; each once."""
    legs: dict[tuple[int, int], OrderSpec] = {}
    decided: dict[tuple[int, int], bool] = {}
    for record in records:
        if isinstance(record, IntentRecorded):
            specs = [ref.spec for ref in record.orders]
            legs |= {(spec.execution_no, spec.order_no): spec for spec in specs if spec.leg_try}
        elif isinstance(record, AnswerRecorded):
            outcome = outcome_of(record.answer)
            if outcome.is_decided:
                decided.setdefault((record.execution_no, record.order_no), outcome.is_evidence)
    return sum(is_evidence for number, is_evidence in decided.items() if number in legs)


@given(st.sampled_from(MODES), st.lists(SCRIPTS, min_size=1, max_size=5))
def test_whatever_legs_answer_a_crash_at_any_record_leaves_what_was_counted_then(
    mode: LegMode, history: list[list[Script]]
) -> None:
    rig = live(mode, history)
    found, reading = Recovered(), Reading()
    for record, counted in zip(rig.records, rig.counted, strict=True):
        found = reading.take(found, read(record))
        assert found.counts.dump() == counted
    assert found.counts.tries == decided_legs(rig.records)


@pytest.mark.parametrize("mode", MODES)
def test_history_has_tries_of_each_kind(mode: LegMode) -> None:
    """Else the tests of this file could not fail."""
    rig = live(mode, HISTORY)
    assert rig.engine.tally.executions == len(HISTORY)
    cells = rig.engine_counts()
    assert {cell.venue for cell in cells} == set(Venue)
    assert any(cell.cell[2] for cell in cells) is (mode is not LegMode.CONCURRENT)
    assert any(0 < cell.filled_e4 < cell.tries * 10_000 for cell in cells)


@pytest.mark.parametrize("mode", MODES)
def test_answer_that_is_told_again_counts_once(mode: LegMode) -> None:
    rig = live(mode, HISTORY)
    counted = rig.engine_counts()
    answers = [record for record in rig.records if isinstance(record, AnswerRecorded)]
    for record in answers:
        if outcome_of(record.answer).is_evidence:
            rig.send(OrderAnswered(record.execution_no, record.order_no, record.answer, 1))
    assert rig.engine_counts() == fold(rig.records).counts.dump() == counted


def restarted(mode: LegMode, records: Sequence[AnyRecord]) -> JournalledRig:
    """A process that finds these records, and asks for what they left open: all of it filled."""
    found = fold(records)
    rig = JournalledRig(mode, records)
    rig.send(found.evidence())
    open_orders = [
        spec
        for number, execution in found.unfinished.items()
        for spec, known in execution.found(number, rig.pair).orders
        if known is None or not outcome_of(known).is_decided
    ]
    for number, execution in found.unfinished.items():
        rig.send(execution.found(number, rig.pair))
    for spec in open_orders:
        filled = LegAnswer(status=A.FILLED, filled_e6=spec.size_e6, notional_micros=1)
        rig.send(OrderAnswered(spec.execution_no, spec.order_no, filled, 1))
    return rig


@pytest.mark.parametrize("mode", MODES)
def test_process_after_a_crash_at_any_record_counts_on_and_nothing_twice(mode: LegMode) -> None:
    records = live(mode, HISTORY).records
    for at in range(1, len(records) + 1):
        rig = restarted(mode, records[:at])
        found = fold(rig.records)
        assert found.counts.dump() == rig.engine_counts()
        assert found.counts.tries == decided_legs(rig.records)


@pytest.mark.parametrize("mode", MODES)
def test_snapshot_anywhere_carries_the_counts_over(mode: LegMode) -> None:
    rig = live(mode, HISTORY)
    for at in range(len(rig.records) + 1):
        head, tail = rig.records[:at], rig.records[at:]
        snapshot = list(snapshot_of(fold(head), 1))
        for records in ([*snapshot, *tail], [*head, *snapshot, *tail]):
            assert fold(records).counts.dump() == rig.engine_counts()


def test_steps_of_a_later_run_that_are_others_begin_the_counts_anew() -> None:
    records = live(LegMode.CONCURRENT, HISTORY).records
    assert fold([*records, run_started()]).counts.tries == decided_legs(records)
    assert fold([*records, run_started((500, 5_000))]).evidence().cells == ()


def test_run_of_an_earlier_version_leaves_the_counts_alone() -> None:
    records = live(LegMode.CONCURRENT, HISTORY).records
    old = read(run_started(), "depth_steps_e4")
    assert fold([*records, old]).evidence() == fold(records).evidence()


def test_journal_of_an_earlier_version_is_read_and_counted_on() -> None:
    records = live(LegMode.CONCURRENT, HISTORY).records
    whole = [*records, *snapshot_of(fold(records), 1)]
    old = [read(record, "leg_try", "depth_steps_e4", "counts") for record in whole]
    found = fold(old)
    assert found.evidence().cells == ()
    assert found.next_execution_no == fold(whole).next_execution_no
    later = [
        structs.replace(record, execution_no=record.execution_no + len(HISTORY))
        if isinstance(record, IntentRecorded | AnswerRecorded | FillRecorded | NoteRecorded)
        else record
        for record in records
    ]
    assert fold([*old, *later]).evidence() == fold(records).evidence()
