"""The composition root: one process, one journal, one engine, both venues.

Task groups are nested so that a dying feed never cancels a leg in flight: executions outermost,
then the archive and other side work, the feeds innermost. Start-up is recovery: the journal is
read, the venues are asked for every unresolved order, cash and holdings are read, and only then
does anything new start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from contextvars import Context
from typing import Any, Final

import structlog
from msgspec.structs import replace

from twoleg.core.actions import (
    Action,
    Fire,
    LookUp,
    Note,
    NoteKind,
    ReadCash,
    Resync,
    SetTimer,
    SettleMoney,
)
from twoleg.core.book import Book
from twoleg.core.engine import Engine
from twoleg.core.events import (
    AnswerStatus,
    BookSnapshot,
    Event,
    InvariantReported,
    LevelDelta,
    LevelsSet,
    OrderAnswered,
    PairsChanged,
    StopRequested,
    TimerFired,
)
from twoleg.core.market import Market, MarketId, Pair, PairState, Venue
from twoleg.errors import StorageError
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.archive import Archive, open_journal
from twoleg.runtime.executor import Executor
from twoleg.runtime.feeds import Feeds
from twoleg.runtime.joining import Joining
from twoleg.runtime.kit import Hints, Kit, Seams, Sinks
from twoleg.runtime.kits import choose_ports, open_kits
from twoleg.runtime.logs import log_context
from twoleg.runtime.pushes import Pushes
from twoleg.runtime.recovery import Recovered, read_journal
from twoleg.runtime.startup import Startup
from twoleg.runtime.stats import Stats
from twoleg.runtime.terms import Terms
from twoleg.runtime.timers import Timers
from twoleg.runtime.tracker import Tracker
from twoleg.runtime.watch import Watch
from twoleg.settings import Settings
from twoleg.storage.journal import Journal
from twoleg.storage.records import AnyRecord, NoteRecorded

DRAIN_S: Final = 20.0
"""How long open executions get to end after a stop was asked for."""
SHIP_S: Final = 15.0
READS_SETTLE_S: Final = 2.0
"""The venues' reads lag behind their matching by up to a second (measured on Kalshi, 2026-07)."""
LOOK_AGAIN_NS: Final = 1_000_000_000
"""After a difference of balances was seen; the venue's figure may only lag behind."""

log = structlog.get_logger(__name__)
BOOK_EVENTS: Final = (BookSnapshot, LevelDelta, LevelsSet)


def _ignore(note: Note) -> None:
    """See a note and do nothing about it."""
    del note


class App:
    """One run of the daemon. Everything outside is handed in; `observe` sees every note."""

    def __init__(
        self,
        settings: Settings,
        pairs: tuple[Pair, ...],
        seams: Seams,
        *,
        observe: Callable[[Note], None] = _ignore,
        finish: Callable[["App"], Awaitable[None]] | None = None,
    ) -> None:
        self.settings = settings
        self.seams = seams
        self.stats = Stats(seams.clock.monotonic_ns())
        self.is_broken = False
        self._pairs = pairs
        self._observe = observe
        # Awaited at the end, while the venues, the journal and the database are still there.
        self._finish = finish
        self._stop = asyncio.Event()
        # Set while no execution is open.
        self._idle = asyncio.Event()
        self._kits: list[Kit] = []
        # What runs in the outermost group besides timers.
        self._tasks: set[asyncio.Task[None]] = set()
        self.markets: dict[MarketId, Market] = {}
        # Set when the first execution may start.
        self.has_started = asyncio.Event()
        # Built by `run`, in this order.
        self.journal: Journal
        self.archive: Archive
        self.engine: Engine
        self.accounts: Accounts
        self._executor: Executor
        self._tracker: Tracker
        self._feeds: Feeds
        self._watch: Watch
        self._terms: Terms
        self._pushes: Pushes
        self._timers: Timers
        self._group: asyncio.TaskGroup

    def stop(self) -> None:
        """Ask for the end: no new execution, open ones are finished or rolled back."""
        self._stop.set()

    @property
    def is_stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._stop.is_set()

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
        if self.engine.open_executions:
            self._idle.clear()
        else:
            self._idle.set()

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
        # The end of an execution must not be lost for lack of room; other notes may be.
        is_end = note.kind is NoteKind.EXECUTION_CLOSED
        self.record(record, reserve=is_end)
        if is_end:
            self._tracker.closed(note.execution_no)
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
        self.journal.append(record, reserve=reserve)
        self.accounts.ledger.apply(record)
        self.archive.notify()

    def record(self, record: AnyRecord, *, reserve: bool = True) -> None:
        """Journal a fact that is so whether it can be written or not."""
        try:
            self.append(record, reserve)
        except StorageError as error:
            log.error("fact_not_journalled", record=type(record).__name__, reason=str(error))
            self.accounts.ledger.apply(record)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the outermost group; what it raises is our bug, never a crash."""
        task = self._begin(self._group, name, work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begin(
        self, group: asyncio.TaskGroup, name: str, work: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        task = group.create_task(self._guard(name, work), name=name)
        # Cancelled before its first step it would be a coroutine that nobody ever awaited.
        task.add_done_callback(lambda _task: work.close())
        return task

    async def _guard(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a task's root: report, trip, go on
            log.error("task_failed", task=name, reason=f"{type(error).__name__}: {error}")
            self.feed(InvariantReported(f"{name}: {type(error).__name__}"))

    # -- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop`. Raises ConfigError, CredentialError, StorageError, VenueError."""
        async with AsyncExitStack() as stack:
            self.journal = open_journal(self.settings, self.seams)
            stack.callback(self.journal.close)
            recovered = read_journal(self.journal)
            self.engine = Engine(
                self.settings.limits,
                first_execution_no=recovered.next_execution_no,
                hash_every=self.settings.polymarket.hash_check_every_frames,
            )
            self.archive = Archive(self.settings, self.seams, self.journal)
            stack.push_async_callback(self.archive.close)
            await self._open_venues(stack, recovered)
            async with asyncio.TaskGroup() as self._group:
                self._timers = Timers(self.seams.clock, self._group, self._on_timer)
                self._make_listeners()
                await self._run_side_work(recovered)
                self._timers.close()
                # All had their time to end; what never would stays on record for the next start.
                for task in self._tasks:
                    task.cancel()

    async def _run_side_work(self, recovered: Recovered) -> None:
        async with asyncio.TaskGroup() as side:
            archive = side.create_task(self._keep_archive(), name="archive")
            beside = self._start_beside(side)
            startup = self._make_startup()
            startup.record_run(self.settings)
            self._pairs = await startup.read_pairs(self._pairs)
            await startup.read_found(recovered)
            await self._check_wallets()
            self._tell_pairs(armed=False)
            async with asyncio.TaskGroup() as feeds:
                tasks = self._feeds.start(feeds, self._make_sinks())
                startup.adopt(recovered, self._executor, self._tracker)
                # Holdings are read after that: until then a fill could be counted twice.
                await self._wait_idle()
                if recovered.unfinished:
                    # What was just resolved or covered must stand in what is read now.
                    await self.seams.clock.sleep(READS_SETTLE_S)
                await self.accounts.open(self.markets.values())
                await self._until_stopped(self.archive.is_ready)
                self._tell_pairs(armed=True)
                self.has_started.set()
                log.info("started", mode=self.settings.daemon.mode.value, pairs=len(self._pairs))
                tasks.append(self._begin(feeds, "joining", self._join_later(startup)))
                await self._stop.wait()
                await self._drain()
                for task in tasks:
                    task.cancel()
            for task in beside:
                task.cancel()
            if not await self.archive.drain(SHIP_S):
                log.warning("records_not_shipped", lag=self.archive.state.lag)
            if self._finish is not None:
                await self._finish(self)
            archive.cancel()

    async def _until_stopped(self, event: asyncio.Event) -> None:
        """Wait for an event, or for the stop if that comes first."""
        waits = [asyncio.ensure_future(one.wait()) for one in (event, self._stop)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    def _make_startup(self) -> Startup:
        return Startup(
            kits={kit.venue: kit for kit in self._kits},
            markets=self.markets,
            seams=self.seams,
            append=self.append,
            emit=self.feed,
        )

    def _start_beside(self, side: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Start what runs beside the feeds, as long as orders may be open."""
        works: dict[str, Coroutine[Any, Any, None]] = {
            "watch": self._watch.run(),
            "terms": self._terms.run(),
        }
        for kit in self._kits:
            works.update(kit.make_side_work(self._pushes.on_gap))
        return [self._begin(side, name, work) for name, work in works.items()]

    async def _check_wallets(self) -> None:
        for kit in self._kits:
            await kit.check_wallet([m for m in self.markets.values() if m.venue is kit.venue])

    async def _join_later(self, startup: Startup) -> None:
        """Let pairs in whose market was not ready at the start."""
        joining = Joining(
            startup=startup,
            kits={kit.venue: kit for kit in self._kits},
            accounts=self.accounts,
            markets=self.markets,
            clock=self.seams.clock,
            emit=self.feed,
            is_quiet=self._is_quiet,
        )
        await joining.run(self._pairs, self._let_in)

    def _let_in(self, pair: Pair) -> None:
        self._pairs = (*self._pairs, pair)

    def _is_quiet(self) -> bool:
        """Whether nothing of ours is open, now that what an earlier run left is dealt with."""
        return self.has_started.is_set() and self.engine.open_executions == 0

    def _make_sinks(self) -> Sinks:
        pushes, terms = self._pushes, self._terms
        hints = Hints(
            on_order=pushes.on_order,
            on_position=pushes.on_position,
            on_terms=terms.ask,
            on_end=terms.end,
        )
        return Sinks(self.feed, self._tracker.on_fill, pushes.on_up, hints)

    def _make_listeners(self) -> None:
        """Build what listens to the venues beside their books, once timers can be set."""
        clock = self.seams.clock
        self._feeds = Feeds(kits=self._kits, markets=self.markets, clock=clock, emit=self.feed)
        self._watch = Watch(
            kits=self._kits,
            tracker=self._tracker,
            journal=self.journal,
            clock=clock,
            markets=self.markets,
            stats=self.stats,
            emit=self.feed,
            guard=self._guard,
        )
        self._terms = Terms(
            kits={kit.venue: kit for kit in self._kits},
            pairs=lambda: self._pairs,
            markets=self.markets,
            known=self.engine.books().markets.get,
            clock=clock,
            record=self.record,
            emit=self.feed,
            note=self._note,
        )
        self._pushes = Pushes(
            tracker=self._tracker,
            executor=self._executor,
            accounts=self.accounts,
            timers=self._timers,
            markets=self.markets,
            clock=clock,
            is_quiet=self._is_quiet,
            spawn=self.spawn,
        )

    async def _open_venues(self, stack: AsyncExitStack, recovered: Recovered) -> None:
        seams = self.seams
        self._kits = await open_kits(self.settings, seams, stack, self._expected_cash)
        orders, accounts = choose_ports(self._kits, self.settings, seams, self._book_of)
        self.accounts = Accounts(
            accounts, ledger=recovered.ledger, clock=seams.clock, record=self.record, emit=self.feed
        )
        self._tracker = Tracker(
            orders=orders, clock=seams.clock, record=self.record, emit=self.feed
        )
        self._executor = Executor(
            orders=orders,
            tracker=self._tracker,
            clock=seams.clock,
            entropy=seams.entropy,
            append=self.append,
            emit=self._hear,
            spawn=self.spawn,
        )

    def _expected_cash(self) -> tuple[int, int] | None:
        """Polymarket's balance by our record, if only the execution that asks is in flight."""
        if not self.has_started.is_set() or self.engine.open_executions != 1:
            return None
        return self.accounts.expected(Venue.POLYMARKET)

    def _book_of(self, market_id: MarketId) -> Book | None:
        return self.engine.books().books.get(market_id)

    def _tell_pairs(self, *, armed: bool) -> None:
        """Make the pairs known; nothing new starts on them before the database answered once."""
        idle = PairState.DISARMED
        pairs = self._pairs if armed else tuple(replace(pair, state=idle) for pair in self._pairs)
        self.feed(PairsChanged(pairs))

    async def _keep_archive(self) -> None:
        """Ship; a bug there must not cancel a leg in flight, so it ends the run in order."""
        try:
            await self.archive.run()
        except Exception as error:
            if not self.has_started.is_set():
                raise
            log.error("archive_failed", reason=repr(error))
            self.is_broken = True
            self.stop()

    def _on_timer(self, key: str) -> None:
        self.feed(TimerFired(key))

    async def _wait_idle(self) -> None:
        """Give open executions their time to end; what is still open stays on record."""
        if self.engine.open_executions == 0:
            return
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._idle.wait()
        except TimeoutError:
            log.error("executions_left_open", count=self.engine.open_executions)

    async def _drain(self) -> None:
        """Let open executions end; then read the cash once more."""
        self.feed(StopRequested())
        await self._wait_idle()
        await self.accounts.close()
