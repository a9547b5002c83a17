"""Keeps the journal bounded: a snapshot once a segment is full, and what is behind it goes.

A snapshot is written in one go, without an await in it. One that another record came into all the
same (a write that took long is told, and journalled) counts for nothing, and is written again. Old
segments go only when the database has them and a complete snapshot stands after them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import Any, Final, TypeVar

import msgspec
import structlog

from twoleg.core.actions import Note, NoteKind
from twoleg.core.guards import DAY_NS
from twoleg.core.market import MarketId
from twoleg.errors import StorageError
from twoleg.runtime.recovery import FoundExecution, Recovered
from twoleg.seams import Clock
from twoleg.storage.journal import Journal
from twoleg.storage.records import (
    AnyRecord,
    KnownAccount,
    KnownExecution,
    SnapshotBegun,
    SnapshotEnded,
    SnapshotPart,
)

EVERY_S: Final = 1.0
PATIENCE_S: Final = 60.0
"""How long a snapshot waits for a moment in which nothing is open; then it is written anyway."""
AGAIN_S_MIN: Final = 60.0
AGAIN_S_MAX: Final = 3_600.0
"""Between two tries of a snapshot that could not be written; each longer than the one before."""
ENTRIES_PER_PART: Final = 512
PART_BYTES: Final = 1 << 15
"""Far below the longest record, also in segments of 64 KiB."""
NS_PER_S: Final = 1_000_000_000
_ENCODER: Final = msgspec.json.Encoder()

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Snapshots:
    """Looks at the journal every second; `shipped_seq` tells how far the database has it.

    `followed` are the markets that must not be forgotten, `note` takes alarms.
    """

    def __init__(
        self,
        journal: Journal,
        known: Recovered,
        *,
        clock: Clock,
        append: Callable[[AnyRecord, bool], None],
        shipped_seq: Callable[[], int],
        is_quiet: Callable[[], bool],
        followed: Callable[[], Collection[MarketId]],
        note: Callable[[Note], None],
    ) -> None:
        self._journal = journal
        self._known = known
        self._clock = clock
        self._append = append
        self._shipped_seq = shipped_seq
        self._is_quiet = is_quiet
        self._followed = followed
        self._note = note
        # The segment in which the last snapshot was written, or in which this process began.
        self._segment_seq = journal.segments[-1].first_seq
        # Where a restart may begin to read; 0: at the first kept record.
        self._needed_seq = 0
        # Why segments could not be removed at the last look; empty if they could.
        self._drop_failure = ""
        # Since when a snapshot waits; negative: none does.
        self._due_ns = -1
        # After a failure: when it is tried again, and how long to wait after the next one.
        self._again_ns = 0
        self._again_s = AGAIN_S_MIN

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
            self._drop()

    def _drop(self) -> None:
        try:
            count = self._journal.drop_shipped(
                self._shipped_seq(), needed_from_seq=self._needed_seq
            )
        except OSError as error:
            # They only take room, and the next look tries again: told once for each reason.
            if str(error) != self._drop_failure:
                self._drop_failure = str(error)
                log.warning("journal_segments_not_dropped", reason=str(error))
            return
        self._drop_failure = ""
        if count:
            log.info("journal_segments_dropped", count=count)

    def _is_due(self) -> bool:
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._again_ns:
            return False
        if self._due_ns < 0:
            self._due_ns = now_ns
        return self._is_quiet() or now_ns - self._due_ns >= PATIENCE_S * NS_PER_S

    def _take(self) -> None:
        first_seq, count = self._journal.last_seq + 1, 0
        self._known.prune(self._followed())
        try:
            for record in snapshot_of(self._known, self._clock.wall_ns()):
                self._append(record, False)
                count += 1
        except StorageError as error:
            # Without its end it counts for nothing.
            self._fail(str(error))
            return
        if self._journal.last_seq - first_seq + 1 != count:
            self._fail("another record came into it")
            return
        self._due_ns, self._again_ns, self._again_s = -1, 0, AGAIN_S_MIN
        self._segment_seq = self._journal.segments[-1].first_seq
        self._needed_seq = first_seq
        log.info("snapshot_written", first_seq=first_seq, last_seq=self._journal.last_seq)

    def _fail(self, reason: str) -> None:
        """Try again later: until then the journal grows. An alarm tells it once."""
        log.warning("snapshot_not_written", reason=reason)
        if not self._again_ns:
            fields = (("event", "snapshot_not_written"), ("reason", reason))
            self._note(Note(NoteKind.ALARM, 0, fields))
        self._again_ns = self._clock.monotonic_ns() + int(self._again_s * NS_PER_S)
        self._again_s = min(2 * self._again_s, AGAIN_S_MAX)


def snapshot_of(known: Recovered, wall_ns: int) -> Iterator[AnyRecord]:
    """The records of a snapshot, in order."""
    guarded, account = known.guarded, known.ledger.dump()
    yield SnapshotBegun(
        wall_ns=wall_ns,
        next_execution_no=known.next_execution_no,
        latest_wall_ns=known.written_wall_ns,
        heard=tuple(known.heard.begun_ms.items()),
        unknown_records=known.unknown_records,
        halt=guarded.halt,
        is_paused=guarded.is_paused,
        lost_micros=dict(guarded.lost_micros),
        # What there is one of for each market or flow follows.
        account=msgspec.structs.replace(
            account, held=(), settled=(), strangers=(), shards={}, flows=()
        ),
        depth_steps_e4=known.counts.steps_e4,
    )
    parts = 0
    for fields in chain(_executions(known), _account(account), _rest(known)):
        yield SnapshotPart(wall_ns=wall_ns, **fields)
        parts += 1
    yield SnapshotEnded(wall_ns=wall_ns, parts=parts)


Fields = dict[str, Any]
"""What one part of a snapshot tells."""


def _executions(known: Recovered) -> Iterator[Fields]:
    executions = (_known_execution(*entry) for entry in known.executions.items())
    for some in _chunks(executions):
        yield {"executions": some}


def _account(account: KnownAccount) -> Iterator[Fields]:
    for held in _chunks(account.held):
        yield {"account": KnownAccount(held=held)}
    for settled in _chunks(account.settled):
        yield {"account": KnownAccount(settled=settled)}
    for strangers in _chunks(account.strangers):
        yield {"account": KnownAccount(strangers=strangers)}
    for shards in _chunks(account.shards.items()):
        yield {"account": KnownAccount(shards=dict(shards))}
    for flows in _chunks(account.flows):
        yield {"account": KnownAccount(flows=flows)}


def _rest(known: Recovered) -> Iterator[Fields]:
    for pairs in _chunks(known.pairs.values()):
        yield {"pairs": pairs}
    for rules in _chunks(known.rules.items()):
        yield {"rules": dict(rules)}
    for ends in _chunks(known.ends.items()):
        yield {"ends": dict(ends)}
    oldest_ns = known.written_wall_ns - DAY_NS
    for losses in _chunks(loss for loss in known.guarded.losses if loss[0] >= oldest_ns):
        yield {"losses": losses}
    for counts in _chunks(known.counts.dump()):
        yield {"counts": counts}


def _chunks(entries: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """In their order; as many at once as fit into one record."""
    some: list[T] = []
    size = 0
    for entry in entries:
        length = len(_ENCODER.encode(entry))
        if some and (len(some) == ENTRIES_PER_PART or size + length > PART_BYTES):
            yield tuple(some)
            some, size = [], 0
        some.append(entry)
        size += length
    if some:
        yield tuple(some)


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
