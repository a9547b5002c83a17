"""Keeps the journal bounded: a snapshot once a segment is full, and what is behind it goes.

A snapshot is written in one go, without an await in it: no other record can come between its
parts. Old segments go only when the database has them and a complete snapshot stands after them.
"""

from collections.abc import Callable, Iterator
from typing import Final

import structlog

from twoleg.core.guards import DAY_NS
from twoleg.errors import StorageError
from twoleg.runtime.recovery import FoundExecution, Recovered
from twoleg.seams import Clock
from twoleg.storage.journal import Journal
from twoleg.storage.records import (
    AnyRecord,
    KnownExecution,
    SnapshotBegun,
    SnapshotEnded,
    SnapshotPart,
)

EVERY_S: Final = 1.0
PATIENCE_S: Final = 60.0
"""How long a snapshot waits for a moment in which nothing is open; then it is written anyway."""
EXECUTIONS_PER_PART: Final = 32
"""Their records stay far below the greatest length, and one write takes no millisecond."""
LOST_KEPT: Final = 1_024
"""Executions whose loss is known, so that one that closes again counts by what changed."""

log = structlog.get_logger(__name__)


class Snapshots:
    """Looks at the journal every second; `shipped_seq` tells how far the database has it."""

    def __init__(
        self,
        journal: Journal,
        known: Recovered,
        *,
        clock: Clock,
        append: Callable[[AnyRecord, bool], None],
        shipped_seq: Callable[[], int],
        is_quiet: Callable[[], bool],
    ) -> None:
        self._journal = journal
        self._known = known
        self._clock = clock
        self._append = append
        self._shipped_seq = shipped_seq
        self._is_quiet = is_quiet
        # The segment in which the last snapshot was written, or in which this process began.
        self._segment_seq = journal.segments[-1].first_seq
        # Where a restart may begin to read; 0: at the first kept record.
        self._needed_seq = 0
        # Since when a snapshot waits; negative: none does.
        self._due_ns = -1

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            self.look()

    def look(self) -> None:
        """Write a snapshot if one is due, and drop what nobody needs any more."""
        if self._journal.segments[-1].first_seq != self._segment_seq and self._is_due():
            self._take()
        if self._needed_seq and len(self._journal.segments) > 1:
            count = self._journal.drop_shipped(
                self._shipped_seq(), needed_from_seq=self._needed_seq
            )
            if count:
                log.info("journal_segments_dropped", count=count)

    def _is_due(self) -> bool:
        now_ns = self._clock.monotonic_ns()
        if self._due_ns < 0:
            self._due_ns = now_ns
        return self._is_quiet() or now_ns - self._due_ns >= PATIENCE_S * 1_000_000_000

    def _take(self) -> None:
        first_seq = self._journal.last_seq + 1
        try:
            for record in snapshot_of(self._known, self._clock.wall_ns()):
                self._append(record, False)
        except StorageError as error:
            # Without its end it counts for nothing; the next look tries again.
            log.warning("snapshot_not_written", reason=str(error))
            return
        self._due_ns = -1
        self._segment_seq = self._journal.segments[-1].first_seq
        self._needed_seq = first_seq
        log.info("snapshot_written", first_seq=first_seq, last_seq=self._journal.last_seq)


def snapshot_of(known: Recovered, wall_ns: int) -> Iterator[AnyRecord]:
    """The records of a snapshot, in order."""
    guarded = known.guarded
    oldest_ns = known.written_wall_ns - DAY_NS
    lost = list(guarded.lost_micros.items())[-LOST_KEPT:]
    yield SnapshotBegun(
        wall_ns=wall_ns,
        next_execution_no=known.next_execution_no,
        latest_wall_ns=known.written_wall_ns,
        unknown_records=known.unknown_records,
        halt=guarded.halt,
        is_paused=guarded.is_paused,
        losses=tuple(loss for loss in guarded.losses if loss[0] >= oldest_ns),
        lost_micros=dict(lost),
        account=known.ledger.dump(),
        pairs=tuple(known.pairs.values()),
        rules=known.rules,
    )
    executions = [_known_execution(*entry) for entry in known.executions.items()]
    parts = range(0, len(executions), EXECUTIONS_PER_PART)
    for start in parts:
        some = executions[start : start + EXECUTIONS_PER_PART]
        yield SnapshotPart(wall_ns=wall_ns, executions=tuple(some))
    yield SnapshotEnded(wall_ns=wall_ns, parts=len(parts))


def _known_execution(number: int, execution: FoundExecution) -> KnownExecution:
    return KnownExecution(
        execution_no=number,
        execution_id=execution.execution_id,
        pair_id=execution.pair_id,
        direction=execution.direction,
        is_closed=execution.is_closed,
        orders=tuple(execution.orders),
        answers=dict(execution.answers),
        fills={order_no: tuple(fills.values()) for order_no, fills in execution.fills.items()},
        adjusted=dict(execution.adjusted),
    )
