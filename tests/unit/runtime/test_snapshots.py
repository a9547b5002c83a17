"""A journal that is read from its snapshot gives what the whole of it gives."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.support.core import kalshi_market, make_pair, polymarket_market
from tests.support.runtime import WALL_NS, HeldClock
from tests.unit.storage.support import KALSHI, POLYMARKET, a_trade, note, open_journal
from twoleg.core.actions import Note
from twoleg.core.counts import LegTry
from twoleg.core.events import OperatorAct
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Direction, MarketId, PairId, Venue
from twoleg.errors import JournalFull
from twoleg.runtime.recovery import FoundExecution, Reading, Recovered, read_journal
from twoleg.runtime.snapshots import (
    AGAIN_S_MIN,
    ENTRIES_PER_PART,
    PART_BYTES,
    Snapshots,
    snapshot_of,
)
from twoleg.storage.journal import Journal
from twoleg.storage.records import (
    AnyRecord,
    CashFlowSeen,
    MarketSeen,
    OperatorRecorded,
    PairSeen,
    PositionOpened,
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
    end = note(event="market_resolved", market_id=KALSHI, payouts="yes=10000,no=0")
    return [*records, loss, halt, CashFlowSeen(wall_ns=WALL_NS, flow=DEPOSIT), stranger, end]


def facts(found: Recovered) -> object:
    """All that a start uses."""
    ledger = found.ledger
    return (
        found.next_execution_no,
        found.executions,
        found.pairs,
        found.rules,
        found.ends,
        ledger.dump(),
        found.guarded.restored(WALL_NS + 10**9),
        found.written_wall_ns,
        found.unknown_records,
        found.evidence(),
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
    known = fold(history(100))
    records = list(snapshot_of(known, WALL_NS))
    assert [type(record) for record in (records[0], records[-1])] == [SnapshotBegun, SnapshotEnded]
    parts = [record for record in records if isinstance(record, SnapshotPart)]
    assert sum(len(part.executions) for part in parts) == 100
    sizes = [len(msgspec.json.encode(part.executions)) for part in parts]
    # In as few as fit, with a comma between two.
    assert max(sizes) <= PART_BYTES + 100 < sizes[0] + sizes[1]
    assert facts(fold(records)) == facts(known)


def test_snapshot_of_many_counts_has_parts() -> None:
    known = fold(RECORDS)
    ahead = len(list(snapshot_of(known, WALL_NS)))
    for number in range(ENTRIES_PER_PART):
        known.counts.tell(
            PairId(f"pair-{number}"),
            Direction.KALSHI_YES,
            Venue.KALSHI,
            LegTry(900, 0),
            is_second=False,
            filled_e6=number % 2,
            size_e6=1,
        )
    records = list(snapshot_of(known, WALL_NS))
    assert len(records) == ahead + 1
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
        self.followed: set[MarketId] = {KALSHI, POLYMARKET}
        self.notes: list[Note] = []
        # What is journalled beside the next record, as its write takes so long.
        self.beside: list[AnyRecord] = []
        self.snapshots = Snapshots(
            self.journal,
            self.known,
            clock=self.clock,
            append=self.append,
            shipped_seq=lambda: self.shipped_seq,
            is_quiet=lambda: self.is_quiet,
            followed=lambda: self.followed,
            note=self.notes.append,
        )

    def append(self, record: AnyRecord, reserve: bool = False) -> None:  # noqa: FBT001, FBT002
        self.journal.append(record, reserve=reserve)
        self.known.apply(record)
        while self.beside:
            self.append(self.beside.pop())

    def look_again(self) -> None:
        """As it is done every second, until after the time for another try."""
        for _ in range(round(AGAIN_S_MIN) + 1):
            self.snapshots.look()
            self.clock.now_ns += 10**9

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


def test_segment_that_cannot_be_removed_is_tried_again_and_told_once(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.fill_segment()
    keeper.snapshots.look()
    keeper.shipped_seq = keeper.journal.last_seq
    with capture_logs() as lines, monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _refuse)
        keeper.snapshots.look()
        keeper.snapshots.look()
    assert [line["event"] for line in lines] == ["journal_segments_not_dropped"]
    assert keeper.journal.first_seq == 1
    keeper.snapshots.look()
    assert keeper.journal.first_seq > 1


def _refuse(path: Path, **_more: object) -> None:
    raise PermissionError(f"{path}: not permitted")


def test_segments_stay_while_the_database_has_not_got_them(keeper: Keeper) -> None:
    keeper.fill_segment()
    keeper.shipped_seq = 1
    keeper.snapshots.look()
    assert keeper.journal.first_seq == 1


def test_snapshot_that_finds_no_room_is_tried_again_later_and_told_once(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.fill_segment()
    tries: list[int] = []

    def find_no_room(*_args: object, **_more: object) -> None:
        tries.append(keeper.clock.now_ns // 10**9)
        raise JournalFull("no room")

    with monkeypatch.context() as patch:
        patch.setattr("twoleg.storage.journal.Journal._find_room", find_no_room)
        for _ in range(3):
            keeper.look_again()
    # Each time it waits for twice as long.
    assert tries == [0, 60, 180]
    assert [dict(note.fields)["event"] for note in keeper.notes] == ["snapshot_not_written"]
    for _ in range(4):
        keeper.look_again()
    assert keeper.snapshots_written() == 1


def test_snapshot_that_another_record_came_into_is_written_again(keeper: Keeper) -> None:
    for record in history(1):
        keeper.append(record)
    keeper.fill_segment()
    keeper.beside = [note()]
    keeper.shipped_seq = keeper.journal.last_seq
    whole = facts(read_journal(keeper.journal))
    keeper.snapshots.look()
    # Nothing may go: what stands there cannot be read as a snapshot.
    assert keeper.journal.first_seq == 1
    assert facts(read_journal(keeper.journal)) == whole
    keeper.look_again()
    keeper.look_again()
    assert keeper.journal.first_seq > 1
    assert facts(read_journal(keeper.journal)) == whole


# -- months of markets and flows ---------------------------------------------------------------


def months(pairs: int, flows: int) -> Recovered:
    """What is known after so many markets came and ended."""
    known = Recovered()
    for number in range(pairs):
        kalshi = MarketId(f"kalshi:KXBTC15M-26NOV{number:06d}-T100000")
        polymarket = MarketId(f"polymarket:0x{number:064x}")
        pair_id = PairId(f"pair-{number}")
        for market in (kalshi_market(kalshi), polymarket_market(polymarket)):
            known.apply(MarketSeen(wall_ns=1, market=market))
            known.apply(
                PositionOpened(
                    wall_ns=1, venue=market.venue, market_id=market.id, yes_e6=0, no_e6=0
                )
            )
        pair = make_pair(kalshi=kalshi, polymarket=polymarket, pair_id=pair_id)
        known.apply(PairSeen(wall_ns=1, pair=pair))
        payouts = ",".join(f"{side}{number:076d}={5_000}" for side in (1, 2))
        known.apply(note(event="market_resolved", market_id=polymarket, payouts=payouts))
    for number in range(flows):
        flow = msgspec.structs.replace(DEPOSIT, reference=f"REDEEM/0x{number:064x}/0x{number:064x}")
        known.apply(CashFlowSeen(wall_ns=1, flow=flow))
    return known


def test_snapshot_of_thousands_of_markets_and_flows_fits_into_records() -> None:
    known = months(3_000, 6_000)
    records = list(snapshot_of(known, WALL_NS))
    assert max(len(msgspec.json.encode(record)) for record in records) < 2 * PART_BYTES
    assert facts(fold(records)) == facts(known)


def test_snapshot_of_thousands_of_paid_markets_fits_into_records() -> None:
    """What was ours when each was paid covers the other legs after the next start as well."""
    known = months(1_500, 1)
    for pair in known.pairs.values():
        for market_id, venue, kind in (
            (pair.kalshi, Venue.KALSHI, FlowKind.SETTLEMENT),
            (pair.polymarket, Venue.POLYMARKET, FlowKind.REDEMPTION),
        ):
            known.apply(
                PositionOpened(
                    wall_ns=1, venue=venue, market_id=market_id, yes_e6=0, no_e6=5_000_000
                )
            )
            end = msgspec.structs.replace(
                DEPOSIT, kind=kind, venue=venue, market_id=market_id, reference=f"end/{market_id}"
            )
            known.apply(CashFlowSeen(wall_ns=1, flow=end))
    records = list(snapshot_of(known, WALL_NS))
    assert max(len(msgspec.json.encode(record)) for record in records) < 2 * PART_BYTES
    again = fold(records)
    assert facts(again) == facts(known)
    assert all(
        again.ledger.covering_e6(market_id) == (0, 5_000_000)
        for pair in known.pairs.values()
        for market_id in (pair.kalshi, pair.polymarket)
    )


def test_markets_that_are_not_needed_are_forgotten() -> None:
    """Kept: what is followed, what an execution stands on, what is held, by us or a stranger."""
    known = months(5, 1)
    pairs = list(known.pairs.values())
    _, executed, held, strange, followed = pairs
    known.executions[1] = FoundExecution("e", executed.id, Direction.KALSHI_YES)
    known.apply(
        PositionOpened(
            wall_ns=1, venue=Venue.KALSHI, market_id=held.kalshi, yes_e6=0, no_e6=1_000_000
        )
    )
    known.apply(
        StrangerSeen(
            wall_ns=1,
            venue=Venue.POLYMARKET,
            market_id=strange.polymarket,
            yes_e6=1_000_000,
            no_e6=0,
        )
    )
    known.prune([followed.kalshi, followed.polymarket])
    assert list(known.pairs.values()) == pairs[1:]
    both = {executed.kalshi, executed.polymarket, followed.kalshi, followed.polymarket}
    markets = both | {held.kalshi, strange.polymarket}
    assert known.rules.keys() == markets
    # Of a pair of which something is left both ends count.
    assert known.ends.keys() == {pair.polymarket for pair in pairs[1:]}
    account = known.ledger.dump()
    assert set(account.shards) == markets
    assert {market for market, _, _ in account.held} == markets
    assert len(account.flows) == 1


def test_markets_that_are_not_needed_leave_the_memory_with_a_snapshot(keeper: Keeper) -> None:
    pair = make_pair(kalshi=MarketId("kalshi:OLD"), polymarket=MarketId("polymarket:0xold"))
    keeper.append(PairSeen(wall_ns=1, pair=pair))
    keeper.followed = {pair.kalshi}
    for _ in range(2):
        keeper.fill_segment()
        keeper.snapshots.look()
        assert bool(keeper.known.pairs) is bool(keeper.followed)
        keeper.followed = set()
    assert read_journal(keeper.journal).pairs == {}


def test_snapshot_of_an_earlier_version_is_read() -> None:
    """All in its first record, and without what was not known then."""
    known = fold(RECORDS)
    begun, *parts = (
        msgspec.to_builtins(record, str_keys=True) for record in snapshot_of(known, WALL_NS)
    )
    begun["pairs"] = [msgspec.to_builtins(pair) for pair in known.pairs.values()]
    begun["rules"] = known.rules
    begun["losses"] = known.guarded.losses
    begun["account"] = msgspec.to_builtins(known.ledger.dump())
    del begun["heard"]
    new = ("account", "pairs", "rules", "losses")
    kept = [part for part in parts if part.get("executions") or part.get("counts")]
    for part in kept:
        for name in new:
            part.pop(name, None)
    end = {**parts[-1], "parts": len(kept)}
    known.ends.clear()
    records = [msgspec.convert(record, AnyRecord, str_keys=True) for record in (begun, *kept, end)]
    assert facts(fold(records)) == facts(known)
