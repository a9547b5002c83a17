"""The composition root: one process, one journal, one engine, both venues.

Task groups are nested so that a dying feed never cancels a leg in flight: executions outermost,
then the archive and other side work, the feeds innermost. Start-up is recovery: the journal is
read, the venues are asked for every unresolved order, cash and holdings are read, and only then
does anything new start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

import structlog
from msgspec.structs import replace

from twoleg.core.actions import Note
from twoleg.core.book import Book
from twoleg.core.engine import Engine
from twoleg.core.events import PairsChanged, StopRequested, TimerFired
from twoleg.core.market import Market, MarketId, Pair, PairState, Venue
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.archive import Archive, MakeArchive, open_journal
from twoleg.runtime.dispatch import Dispatch
from twoleg.runtime.executor import Executor
from twoleg.runtime.feeds import Feeds
from twoleg.runtime.guard import Guard
from twoleg.runtime.joining import Joining
from twoleg.runtime.kit import Hints, Seams, Sinks
from twoleg.runtime.kits import choose_ports, open_kits
from twoleg.runtime.operators import Operators
from twoleg.runtime.pushes import Pushes
from twoleg.runtime.recovery import Recovered, read_journal
from twoleg.runtime.startup import Startup
from twoleg.runtime.terms import Terms
from twoleg.runtime.timers import Timers
from twoleg.runtime.tracker import Tracker
from twoleg.runtime.watch import Watch
from twoleg.settings import Settings
from twoleg.storage.journal import Journal

DRAIN_S: Final = 20.0
"""How long open executions get to end after a stop was asked for."""
SHIP_S: Final = 15.0
READS_SETTLE_S: Final = 2.0
"""The venues' reads lag behind their matching by up to a second (measured on Kalshi, 2026-07)."""

log = structlog.get_logger(__name__)


def _ignore(note: Note) -> None:
    """See a note and do nothing about it."""
    del note


class App(Dispatch):
    """One run of the daemon. Everything outside is handed in; `observe` sees every note."""

    def __init__(
        self,
        settings: Settings,
        pairs: tuple[Pair, ...],
        seams: Seams,
        *,
        observe: Callable[[Note], None] = _ignore,
        finish: Callable[["App"], Awaitable[None]] | None = None,
        make_archive: MakeArchive = Archive,
        make_journal: Callable[[Settings, Seams], Journal] = open_journal,
    ) -> None:
        super().__init__(seams, observe)
        self.settings = settings
        self._pairs = pairs
        # Awaited at the end, while the venues, the journal and the database are still there.
        self._finish = finish
        self._make_archive = make_archive
        self._make_journal = make_journal
        self.markets: dict[MarketId, Market] = {}
        # Set when the first execution may start.
        self.has_started = asyncio.Event()
        # Built by `run`, as the parts that `Dispatch` names.
        self._terms: Terms
        self._pushes: Pushes
        self.operators: Operators

    def stop(self) -> None:
        """Ask for the end: no new execution, open ones are finished or rolled back."""
        self._stop.set()

    @property
    def is_stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._stop.is_set()

    # -- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop`. Raises ConfigError, CredentialError, StorageError, VenueError."""
        async with AsyncExitStack() as stack:
            self.journal = self._make_journal(self.settings, self.seams)
            stack.callback(self.journal.close)
            recovered = read_journal(self.journal)
            self.engine = Engine(
                self.settings.limits,
                first_execution_no=recovered.next_execution_no,
                hash_every=self.settings.polymarket.hash_check_every_frames,
            )
            self.archive = self._make_archive(self.settings, self.seams, self.journal)
            stack.push_async_callback(self.archive.close)
            await self._open_venues(stack, recovered)
            self._make_guards()
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
                self.feed(recovered.guarded.restored(self.seams.clock.wall_ns()))
                startup.adopt(recovered, self._executor, self._tracker)
                # Holdings are read after that: until then a fill could be counted twice.
                await self._wait_idle()
                if recovered.unfinished:
                    # What was just resolved or covered must stand in what is read now.
                    await self.seams.clock.sleep(READS_SETTLE_S)
                await self.accounts.open(self.markets.values())
                await self._until_stopped(self.archive.is_ready)
                # A halt that was asked for while nothing ran counts before anything new.
                self.operators.take_requests()
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
            "guard": self._sentry.run(),
            "operators": self.operators.run(),
            **self._tracker.make_side_work(self._guard),
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
            orders=orders,
            clock=seams.clock,
            record=self.record,
            emit=self.feed,
            note=self._note,
            markets=self.markets,
            poll_ms_max=lambda: self.settings.limits.poll_ms_max,
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

    def _make_guards(self) -> None:
        """Build what may stop new executions from the outside."""
        clock = self.seams.clock
        self._sentry = Guard(
            limits=lambda: self.settings.limits.breaker,
            journal=self.journal,
            kits=self._kits,
            known=self.engine.books().markets.get,
            clock=clock,
            emit=self.feed,
        )
        self.operators = Operators(
            self.settings.state_dir, clock=clock, append=self.append, emit=self.feed
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
