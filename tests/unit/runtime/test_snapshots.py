"""A journal that is read from its snapshot gives what the whole of it gives."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.runtime import WALL_NS, HeldClock
from tests.unit.storage.support import a_trade, note, open_journal
from twoleg.core.events import OperatorAct
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import MarketId, Venue
from twoleg.errors import JournalFull
from twoleg.runtime.recovery import Reading, Recovered, read_journal
from twoleg.runtime.snapshots import EXECUTIONS_PER_PART, Snapshots, snapshot_of
from twoleg.storage.journal import Journal
from twoleg.storage.records import (
    AnyRecord,
    CashFlowSeen,
    OperatorRecorded,
    SnapshotBegun,
    SnapshotEnded,
    SnapshotPart,
    StrangerSeen,
)

DEPOSIT = CashFlow(
    kind=FlowKind.DEPOSIT, venue=Venue.KALSHI, shard=2, micros=5_000_000, reference="d1", ts_ms=1
)


def history(executions: int = 3) -> list[AnyRecord]:
    """A run of several trades, a loss, a halt, a flow and a stranger's holding."""
    records: list[AnyRecord] = []
    for number in range(1, executions + 1):
        for record in a_trade():
            if isinstance(record, SnapshotBegun | SnapshotPart | SnapshotEnded):
                continue
            has_number = hasattr(record, "execution_no")
            records.append(
                msgspec.structs.replace(record, execution_no=number) if has_number else record
            )
    loss = note(1, kind="execution_closed", net_micros=-70_000)
    halt = OperatorRecorded(wall_ns=WALL_NS + 5, act=OperatorAct.HALT, reason="why", actor="ops")
    stranger = StrangerSeen(
        wall_ns=WALL_NS,
        venue=Venue.POLYMARKET,
        market_id=MarketId("polymarket:0x1"),
        yes_e6=5,
        no_e6=0,
    )
    return [*records, loss, halt, CashFlowSeen(wall_ns=WALL_NS, flow=DEPOSIT), stranger]


def facts(found: Recovered) -> object:
    """All that a start uses."""
    ledger = found.ledger
    return (
        found.next_execution_no,
        found.executions,
        found.pairs,
        found.rules,
        ledger.dump(),
        found.guarded.restored(WALL_NS + 10**9),
        found.written_wall_ns,
        found.unknown_records,
    )


def fold(records: list[AnyRecord]) -> Recovered:
    found, reading = Recovered(), Reading()
    for record in records:
        # As they come out of a file.
        read = msgspec.json.decode(msgspec.json.encode(record), type=AnyRecord)
        found = reading.take(found, read)
    return found


RECORDS = history()


@pytest.mark.parametrize("at", range(len(RECORDS) + 1))
def test_snapshot_and_tail_give_what_the_whole_gives(at: int) -> None:
    head, tail = RECORDS[:at], RECORDS[at:]
    snapshot = list(snapshot_of(fold(head), WALL_NS))
    whole = facts(fold(RECORDS))
    assert facts(fold([*snapshot, *tail])) == whole
    assert facts(fold([*head, *snapshot, *tail])) == whole


@given(at=st.integers(0, len(RECORDS)), cut=st.integers(0, 2))
def test_snapshot_cut_off_anywhere_counts_for_nothing(at: int, cut: int) -> None:
    head, tail = RECORDS[:at], RECORDS[at:]
    snapshot = list(snapshot_of(fold(head), WALL_NS))
    kept = snapshot[: min(cut, len(snapshot) - 1)]
    assert facts(fold([*head, *kept, *tail])) == facts(fold(RECORDS))


def test_snapshot_of_many_executions_has_parts() -> None:
    known = fold(history(EXECUTIONS_PER_PART + 1))
    records = list(snapshot_of(known, WALL_NS))
    assert [type(record) for record in (records[0], records[-1])] == [SnapshotBegun, SnapshotEnded]
    assert len(records) == 4
    assert facts(fold(records)) == facts(known)


def test_snapshot_with_a_part_missing_counts_for_nothing() -> None:
    records = list(snapshot_of(fold(RECORDS), WALL_NS))
    assert facts(fold([records[0], records[-1]])) == facts(Recovered())


class Keeper:
    """A journal in small segments and what keeps it bounded."""

    def __init__(self, folder: Path) -> None:
        self.journal: Journal = open_journal(folder)
        self.clock = HeldClock()
        self.known = Recovered()
        self.shipped_seq = 0
        self.is_quiet = True
        self.snapshots = Snapshots(
            self.journal,
            self.known,
            clock=self.clock,
            append=self.append,
            shipped_seq=lambda: self.shipped_seq,
            is_quiet=lambda: self.is_quiet,
        )

    def append(self, record: AnyRecord, reserve: bool = False) -> None:  # noqa: FBT001, FBT002
        self.journal.append(record, reserve=reserve)
        self.known.apply(record)

    def fill_segment(self) -> None:
        segments = len(self.journal.segments)
        while len(self.journal.segments) == segments:
            self.append(note())

    def snapshots_written(self) -> int:
        records = [record for _, record in self.journal.read(self.journal.first_seq)]
        return sum(isinstance(record, SnapshotEnded) for record in records)


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "journal")


def test_snapshot_is_written_once_a_segment_is_full(keeper: Keeper) -> None:
    keeper.snapshots.look()
    assert keeper.snapshots_written() == 0
    keeper.fill_segment()
    for _ in range(3):
        keeper.snapshots.look()
    assert keeper.snapshots_written() == 1


def test_snapshot_waits_until_nothing_is_open_and_not_for_ever(keeper: Keeper) -> None:
    keeper.is_quiet = False
    keeper.fill_segment()
    keeper.snapshots.look()
    assert keeper.snapshots_written() == 0
    keeper.clock.now_ns += 60 * 10**9
    keeper.snapshots.look()
    assert keeper.snapshots_written() == 1


def test_segments_go_when_shipped_and_behind_a_snapshot(keeper: Keeper) -> None:
    for record in history(1):
        keeper.append(record)
    keeper.fill_segment()
    keeper.snapshots.look()
    assert keeper.journal.first_seq == 1
    whole = facts(read_journal(keeper.journal))
    keeper.shipped_seq = keeper.journal.last_seq
    keeper.snapshots.look()
    assert keeper.journal.first_seq > 1
    assert facts(read_journal(keeper.journal)) == whole


def test_segments_stay_while_the_database_has_not_got_them(keeper: Keeper) -> None:
    keeper.fill_segment()
    keeper.shipped_seq = 1
    keeper.snapshots.look()
    assert keeper.journal.first_seq == 1


def test_snapshot_that_finds_no_room_is_tried_again(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.fill_segment()
    with monkeypatch.context() as patch:
        patch.setattr("twoleg.storage.journal.Journal._find_room", _no_room)
        keeper.snapshots.look()
    assert keeper.snapshots_written() == 0
    keeper.snapshots.look()
    assert keeper.snapshots_written() == 1


def _no_room(*_args: object, **_more: object) -> None:
    raise JournalFull("no room")
