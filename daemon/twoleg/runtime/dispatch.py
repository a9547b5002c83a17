"""The way of one tick: an event in, decisions out, and everything that they set going.

Plain calls from the event to the last action: nothing is awaited between reading a book and
deciding on it. What is journalled is journalled here, before the act that it announces.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final

import structlog

from twoleg.core.actions import (
    Action,
    ExecutionEnded,
    Fire,
    LookUp,
    Note,
    NoteKind,
    ReadCash,
    Resync,
    SetTimer,
    SettleMoney,
)
from twoleg.core.engine import Engine
from twoleg.core.events import (
    AnswerStatus,
    BookSnapshot,
    Event,
    InvariantReported,
    LevelDelta,
    LevelsSet,
    OrderAnswered,
    StopRequested,
)
from twoleg.core.market import Venue
from twoleg.errors import StorageError
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.archive import ArchivePort
from twoleg.runtime.ends import RESULTS_DIFFER
from twoleg.runtime.executor import Executor
from twoleg.runtime.feeds import Feeds
from twoleg.runtime.guard import Guard
from twoleg.runtime.keeper import Keeper, MakeWork, tell_failure
from twoleg.runtime.kit import Kit, Seams
from twoleg.runtime.logs import log_context
from twoleg.runtime.owed import Owed
from twoleg.runtime.recovery import Recovered
from twoleg.runtime.stats import Stats
from twoleg.runtime.timers import Timers
from twoleg.runtime.tracker import Tracker
from twoleg.runtime.watch import Watch
from twoleg.storage.journal import Journal
from twoleg.storage.records import AnyRecord, FillRecorded, NoteRecorded

LOOK_AGAIN_NS: Final = 1_000_000_000
"""After a difference of balances was seen; the venue's figure may only lag behind."""

log = structlog.get_logger(__name__)
BOOK_EVENTS: Final = (BookSnapshot, LevelDelta, LevelsSet)

LASTING: Final = frozenset((NoteKind.EXECUTION_CLOSED, NoteKind.BREAKER_CHANGED, NoteKind.ALARM))
"""Notes that must not be lost for lack of room: how something ended, what stands, what is wrong.
Others tell steps on the way; a full journal may leave them out."""

CRITICAL: Final = frozenset({RESULTS_DIFFER})
"""Alarms after which somebody must look at once: a pair was none."""


class Dispatch:
    """Feeds the engine and carries out what it decides; its parts are built by the run."""

    def __init__(self, seams: Seams, observe: Callable[[Note], None]) -> None:
        self.seams = seams
        self.stats = Stats(seams.clock.monotonic_ns())
        self.is_broken = False
        self._observe = observe
        self._stop = asyncio.Event()
        # Set while no execution is open.
        self._idle = asyncio.Event()
        # Set while each open execution holds its residual, as while none is open.
        self._at_rest = asyncio.Event()
        self._kits: list[Kit] = []
        # What runs in the outermost group besides timers.
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeper = Keeper(clock=seams.clock, emit=self.feed)
        # Facts that the journal did not take yet.
        self._owed = Owed(self._write_fact, lambda: self.journal.is_writable, seams.clock)
        # What the journal says, kept up with every record.
        self.known = Recovered()
        self.journal: Journal
        self.archive: ArchivePort
        self.engine: Engine
        self.accounts: Accounts
        self._executor: Executor
        self._tracker: Tracker
        self._feeds: Feeds
        self._watch: Watch
        # `_guard` is what runs a task.
        self._sentry: Guard
        self._timers: Timers
        self._group: asyncio.TaskGroup

    # -- the way of one tick ---------------------------------------------------------------

    def feed(self, event: Event) -> None:
        """Take an event, decide, act. Plain calls: nothing is awaited in between."""
        try:
            actions = self.engine.on_event(event, self.seams.clock.monotonic_ns())
        except Exception as error:  # noqa: BLE001 - whatever a decision raises is our bug
            self._break(error)
            return
        if isinstance(event, BOOK_EVENTS):
            self.stats.tick(self.seams.clock.wall_ns() - event.ts_recv_ns)
        if not actions:
            return
        for action in actions:
            self._dispatch(action)
        _put(self._idle, is_set=not self.engine.open_executions)
        _put(self._at_rest, is_set=not self.engine.moving_executions)

    def _dispatch(self, action: Action) -> None:
        match action:
            case Fire():
                self._executor.fire(action)
            case LookUp():
                self._executor.look_up(action)
            case SettleMoney():
                self._executor.settle(action)
            case SetTimer():
                self._timers.set(action.key, action.at_ns)
            case Resync():
                self._feeds.resync(action.venue, action.market_ids)
            case ReadCash():
                self.spawn(f"cash-{action.venue.value}", self._compare_cash(action.venue))
            case ExecutionEnded():
                self._tracker.closed(action.execution_no)
            case Note():
                self._note(action)

    def _hear(self, event: Event) -> None:
        """Take what came of an order; a refusal may tell that its venue is closed."""
        self.feed(event)
        if not isinstance(event, OrderAnswered) or event.answer.status is not AnswerStatus.REJECTED:
            return
        market = self._tracker.ref(event.execution_no, event.order_no).spec.market
        for kit in self._kits:
            if kit.venue is market.venue and kit.note_refusal(event.answer, market.shard):
                name, work = f"check-{kit.venue.value}", self._watch.check_venue(kit)
                # What is told of the venue is not told of this execution.
                Context().run(self.spawn, name, work)

    async def _compare_cash(self, venue: Venue) -> None:
        if await self.accounts.compare(venue):
            # The engine asks again, unless something has begun by then.
            self._timers.set("cash:", self.seams.clock.monotonic_ns() + LOOK_AGAIN_NS)

    def _note(self, note: Note) -> None:
        fields: dict[str, str | int | bool] = dict(note.fields)
        name = str(fields.get("event", note.kind.value))
        pair_id = str(fields.get("pair_id", ""))
        execution_id = self._executor.execution_id(note.execution_no) if note.execution_no else ""
        level = log.warning if note.kind is NoteKind.ALARM else log.info
        if name in CRITICAL:
            level = log.critical
        facts = {key: value for key, value in fields.items() if key not in ("event", "pair_id")}
        with log_context(execution_id=execution_id or None, pair_id=pair_id or None):
            level(name, **facts)
        record = NoteRecorded(
            wall_ns=self.seams.clock.wall_ns(),
            execution_no=note.execution_no,
            execution_id=execution_id,
            pair_id=pair_id,
            kind=note.kind.value,
            fields=fields,
        )
        self.record(record, reserve=note.kind in LASTING)
        self._observe(note)

    def _break(self, error: Exception) -> None:
        """A contradiction: stop starting anything, finish what is open, end with an error."""
        log.error("invariant_broken", reason=f"{type(error).__name__}: {error}")
        self.is_broken = True
        self._stop.set()
        for event in (InvariantReported(str(error)), StopRequested()):
            for action in self.engine.on_event(event, self.seams.clock.monotonic_ns()):
                self._dispatch(action)

    # -- recording -------------------------------------------------------------------------

    def append(self, record: AnyRecord, reserve: bool) -> None:  # noqa: FBT001 - a port's shape
        """Journal a record; raises StorageError where it cannot be written."""
        started_ns = self.seams.clock.monotonic_ns()
        try:
            self._owed.pay()
            self.journal.append(record, reserve=reserve)
        except StorageError:
            self._sentry.look_at_journal()
            raise
        self._sentry.wrote(self.seams.clock.monotonic_ns() - started_ns)
        if isinstance(record, FillRecorded):
            self._sentry.booked(record.fill)
        self.known.apply(record)
        self.archive.notify()

    def record(self, record: AnyRecord, *, reserve: bool = True) -> None:
        """Journal a fact that is so whether it can be written or not."""
        try:
            self.append(record, reserve)
        except StorageError as error:
            if reserve:
                self._owed.keep(record, str(error))
            else:
                log.error("record_not_journalled", record=type(record).__name__, reason=str(error))
            self.known.apply(record)

    def _write_fact(self, record: AnyRecord) -> None:
        """Journal a fact that counts already."""
        self.journal.append(record, reserve=True)
        self.archive.notify()

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the outermost group; what it raises is our bug, never a crash."""
        self._own(self._begin(self._group, name, work, self._guard))

    def spawn_watched(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """As `spawn`; once it failed, nothing new starts until work of that name went well."""
        self._own(self._begin(self._group, name, work, self._keeper.watch))

    def spawn_kept(self, name: str, make_work: MakeWork) -> None:
        """As `spawn`, for work that must reach its end: it is started again if it fails."""
        self.spawn(name, self._keeper.keep(name, make_work, may_end=True))

    def _own(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _keep(
        self, group: asyncio.TaskGroup, name: str, make_work: MakeWork, *, may_end: bool = False
    ) -> asyncio.Task[None]:
        """Run side work in a group: one that dies is started again, and has nothing new start."""
        work = self._keeper.keep(name, make_work, may_end=may_end)
        return self._begin(group, name, work, self._guard)

    def _begin(
        self,
        group: asyncio.TaskGroup,
        name: str,
        work: Coroutine[Any, Any, None],
        run: Callable[[str, Coroutine[Any, Any, None]], Coroutine[Any, Any, None]],
    ) -> asyncio.Task[None]:
        task = group.create_task(run(name, work), name=name)
        # Cancelled before its first step it would be a coroutine that nobody ever awaited.
        task.add_done_callback(lambda _task: work.close())
        return task

    async def _guard(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a task's root: report, trip, go on
            tell_failure(name, error)
            self.feed(InvariantReported(f"{name}: {type(error).__name__}"))


def _put(event: asyncio.Event, *, is_set: bool) -> None:
    if is_set:
        event.set()
    else:
        event.clear()
