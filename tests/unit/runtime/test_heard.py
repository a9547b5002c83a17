"""A start looks back to where each account was last heard whole, whatever was written since."""

from collections.abc import Iterable
from typing import Any, cast

import msgspec
import pytest

from tests.support.runtime import WALL_NS, HeldClock, fill_of, spec_of
from tests.unit.storage.support import SeededEntropy, a_trade
from twoleg.core.events import Fill
from twoleg.core.market import Venue
from twoleg.runtime.executor import Executor
from twoleg.runtime.kit import Seams
from twoleg.runtime.recovery import Reading, Recovered
from twoleg.runtime.snapshots import snapshot_of
from twoleg.runtime.startup import Startup
from twoleg.runtime.tracker import Tracker
from twoleg.runtime.tracking.sweep import OVERLAP_MS
from twoleg.settings import Settings
from twoleg.storage.records import (
    AccountCompared,
    AccountHeard,
    AnyRecord,
    CashOpened,
    FillRecorded,
    IntentRecorded,
    NoteRecorded,
    RunStarted,
)

K, P = Venue.KALSHI, Venue.POLYMARKET
MS = 1_000_000
WALL_MS = WALL_NS // MS
HOUR_MS = 3_600_000


def run_started(wall_ms: int) -> RunStarted:
    return RunStarted(
        wall_ns=wall_ms * MS, run_id="r", mode="sim", version="1", member="", accounts={}
    )


def compared(wall_ms: int) -> list[AnyRecord]:
    return [AccountCompared(wall_ns=wall_ms * MS, venue=venue) for venue in Venue]


def heard(wall_ms: int, venue: Venue = K) -> AccountHeard:
    return AccountHeard(wall_ns=(wall_ms + 5) * MS, venue=venue, begun_ms=wall_ms)


def opened(wall_ms: int) -> list[AnyRecord]:
    return [
        CashOpened(wall_ns=wall_ms * MS, venue=venue, shard=0, cash_micros=1, shards=(0,))
        for venue in Venue
    ]


def noted(wall_ms: int) -> NoteRecorded:
    return NoteRecorded(
        wall_ns=wall_ms * MS, execution_no=0, execution_id="", pair_id="", kind="alarm", fields={}
    )


HISTORIES: dict[str, tuple[list[AnyRecord], dict[Venue, int]]] = {
    "no run": ([], {}),
    "a run whose lists failed": ([run_started(10), *compared(20), noted(90)], {}),
    "one venue alone": ([*compared(20), heard(30), noted(90)], {K: 30}),
    "both, one later": ([heard(30), heard(40, P), heard(50), noted(90)], {K: 50, P: 40}),
    "a start after it that was killed": ([heard(30), run_started(80), *compared(90)], {K: 30}),
    "a clock that was put right": ([heard(90), heard(30)], {K: 30}),
}


def fold(records: Iterable[AnyRecord]) -> Recovered:
    found, reading = Recovered(), Reading()
    for record in records:
        found = reading.take(found, record)
    return found


@pytest.mark.parametrize("name", HISTORIES)
def test_only_lists_that_came_whole_move_the_time(name: str) -> None:
    records, begun_ms = HISTORIES[name]
    assert fold(records).heard.begun_ms == begun_ms


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("later", [[noted(200)], [run_started(200), heard(210)]])
def test_snapshot_keeps_it(name: str, later: list[AnyRecord]) -> None:
    records, _ = HISTORIES[name]
    snapshot = snapshot_of(fold(records), 100)
    whole, short = fold([*records, *later]), fold([*snapshot, *later])
    assert short.heard.begun_ms == whole.heard.begun_ms


class _Recalls:
    """Takes the place of a tracker: what it is told of earlier runs."""

    def __init__(self) -> None:
        self.fills: list[Fill] = []
        self.back_ms: dict[Venue, tuple[int, int]] = {}

    def recall(self, fills: Iterable[Fill]) -> None:
        self.fills = list(fills)

    def look_back(self, venue: Venue, heard_ms: int, floor_ms: int) -> None:
        self.back_ms[venue] = heard_ms, floor_ms


def test_start_looks_back_behind_its_own_records() -> None:
    """One venue was heard an hour ago, the other never: since its account was opened."""
    heard_ms, opened_ms = WALL_MS - HOUR_MS, WALL_MS - 3 * HOUR_MS
    fill = fill_of(spec_of(K), "f1")
    known = fold([*opened(opened_ms), *_a_finished_trade(fill), heard(heard_ms)])
    tracker = _Recalls()
    startup = Startup(
        kits={},
        markets={},
        seams=Seams(HeldClock(), SeededEntropy(), cast(Any, None)),
        append=lambda record, _reserve: known.apply(record),
        emit=lambda _event: None,
        patience=cast(Any, None),
        approvals=cast(Any, None),
    )
    startup.record_run(Settings())
    for record in compared(WALL_MS):
        known.apply(record)
    startup.adopt(known, cast(Executor, None), cast(Tracker, tracker))
    assert tracker.back_ms == {K: (heard_ms, heard_ms - OVERLAP_MS), P: (opened_ms, opened_ms)}
    assert fill in tracker.fills


def _a_finished_trade(fill: Fill) -> list[AnyRecord]:
    intent = next(one for one in a_trade() if isinstance(one, IntentRecorded))
    return [
        msgspec.structs.replace(intent, wall_ns=1, execution_no=1),
        FillRecorded(wall_ns=2, execution_no=1, order_no=0, owner="arb", fill=fill),
        NoteRecorded(
            wall_ns=3,
            execution_no=1,
            execution_id="",
            pair_id="",
            kind="execution_closed",
            fields={},
        ),
    ]
