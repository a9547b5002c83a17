"""The composition root: one process, one journal, one engine, both venues.

Task groups are nested so that a dying feed never cancels a leg in flight: executions outermost,
then the archive and other side work, the feeds innermost. Start-up is recovery: the journal is
read, the venues are asked for every unresolved order, cash and holdings are read, and only then
does anything new start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import structlog

from twoleg.core.actions import Note
from twoleg.core.book import Book
from twoleg.core.engine import Engine
from twoleg.core.events import (
    Fill,
    StopRequested,
    TimerFired,
)
from twoleg.core.market import Market, MarketId, Pair, Venue
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.archive import Archive, MakeArchive, open_journal
from twoleg.runtime.claims import Claims
from twoleg.runtime.differences import Differences
from twoleg.runtime.executor import Executor
from twoleg.runtime.feeds import Feeds
from twoleg.runtime.finished import Finished
from twoleg.runtime.guard import Guard
from twoleg.runtime.hostlock import accounts_held
from twoleg.runtime.joining import Joining
from twoleg.runtime.keeper import MakeWork
from twoleg.runtime.kit import Hints, Seams, Sinks
from twoleg.runtime.kits import choose_ports, open_kits
from twoleg.runtime.leaving import Leaving
from twoleg.runtime.operators import Operators
from twoleg.runtime.pairing import NOTHING_BESIDE, Pairing, Upkeep
from twoleg.runtime.patience import Patience
from twoleg.runtime.pushes import Pushes
from twoleg.runtime.reconcile import Reconcile, unsure_sides
from twoleg.runtime.recovery import Recovered, read_journal
from twoleg.runtime.snapshots import Snapshots
from twoleg.runtime.startup import Startup
from twoleg.runtime.terms import Terms
from twoleg.runtime.timers import Timers
from twoleg.runtime.tracker import Tracker
from twoleg.runtime.waiting import Waiting
from twoleg.runtime.watch import Watch
from twoleg.settings import Settings
from twoleg.storage.journal import Journal
from twoleg.storage.records import MarketSeen
from twoleg.venues.ports import AccountPort

SHIP_S: Final = 15.0
READS_SETTLE_S: Final = 2.0
"""The venues' reads lag behind their matching by up to a second (measured on Kalshi, 2026-07)."""

log = structlog.get_logger(__name__)


def _ignore(note: Note) -> None:
    """See a note and do nothing about it."""
    del note


class App(Waiting):
    """One run of the daemon. Everything outside is handed in; `observe` sees every note."""

    def __init__(
        self,
        settings: Settings,
        pairs: tuple[Pair, ...],
        seams: Seams,
        *,
        observe: Callable[[Note], None] = _ignore,
        finish: Callable[["App"], Awaitable[None]] | None = None,
        upkeep: Upkeep = NOTHING_BESIDE,
        make_archive: MakeArchive = Archive,
        make_journal: Callable[[Settings, Seams], Journal] = open_journal,
    ) -> None:
        super().__init__(seams, observe)
        self.settings = settings
        # Exact and made of many decimals: computed once, not at every use.
        self._limits = settings.limits
        # Awaited at the end, while the venues, the journal and the database are still there.
        self._finish = finish
        self._upkeep = upkeep
        self._make_archive = make_archive
        self._make_journal = make_journal
        self.markets: dict[MarketId, Market] = {}
        self.pairing = Pairing(
            pairs,
            settings=settings,
            clock=seams.clock,
            markets=self.markets,
            emit=self.feed,
            note=self._note,
            record=self.record,
            known=lambda: self.known,
        )
        self._patience = Patience(clock=seams.clock, entropy=seams.entropy, stop=self._stop)
        self._claims = Claims(emit=self.feed, look=self._look_anew, spawn=self.spawn_kept)
        # Set when the first execution may start.
        self.has_started = asyncio.Event()
        # Built by `run`, as the parts that `Dispatch` names.
        self._terms: Terms
        self._pushes: Pushes
        self.operators: Operators
        self._reconcile: Reconcile
        self._finished: Finished
        self._snapshots: Snapshots

    # -- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop`. Raises ConfigError, CredentialError, StorageError, VenueError."""
        async with AsyncExitStack() as stack:
            self.journal = self._make_journal(self.settings, self.seams)
            stack.callback(self.journal.close)
            stack.callback(self._owed.end)
            stack.enter_context(accounts_held(self.settings))
            self.known = recovered = read_journal(self.journal)
            self.engine = Engine(
                self._limits,
                first_execution_no=recovered.next_execution_no,
                hash_every=self.settings.polymarket.hash_check_every_frames,
            )
            self.archive = self._make_archive(self.settings, self.seams, self.journal)
            stack.push_async_callback(self.archive.close)
            await self._open_venues(stack)
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
            self.archive.on_claim(self._claims.on_claim)
            archive = side.create_task(self._keep_archive(), name="archive")
            beside = self._start_beside(side)
            startup = self._make_startup()
            startup.record_run(self.settings)
            self.pairing.roster.pairs = await startup.read_pairs(self.pairing.roster.pairs)
            await startup.read_found(recovered)
            await self._check_wallets()
            # What is held of pairs that join later counts for what is adopted of them now.
            self.pairing.roster.tell(self.pairing.standing())
            async with asyncio.TaskGroup() as feeds:
                tasks = self._feeds.start(feeds, self._make_sinks())
                await self._recover(startup)
                await self._until_stopped(self.archive.is_ready)
                await self.pairing.prepare(self._upkeep, self.archive, self._stop.is_set)
                # A halt that was asked for while nothing ran counts before anything new.
                self.operators.take_requests()
                if not self.is_stopping:
                    self.pairing.roster.arm()
                self.has_started.set()
                log.info(
                    "started",
                    mode=self.settings.daemon.mode.value,
                    pairs=len(self.pairing.roster.pairs),
                    fill_tries=self.known.counts.tries,
                )
                joining = self._make_joining(startup)
                works = self.pairing.begin(
                    joining,
                    self.archive,
                    last_seq=self.journal.last_seq,
                    books=lambda: self.engine.books().books,
                    upkeep=self._upkeep,
                )
                works["leaving"] = self._make_leaving(joining).run
                tasks += [self._keep(feeds, name, work) for name, work in works.items()]
                tasks.append(self._keep(feeds, "reconcile-timer", self._reconcile.run))
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

    async def _recover(self, startup: Startup) -> None:
        """Go on from the journal: resolve and cover what it left open, then compare the accounts.

        Raises VenueError if an account that no journal knows cannot be read before the stop.
        """
        known = self.known
        self.feed(known.guarded.restored(self.seams.clock.wall_ns()))
        self.feed(known.evidence())
        await self._patience.ask("accounts", lambda: self.accounts.open(self.markets.values()))
        # The engine books what it adopts by itself: until then that is not in its figures.
        self.accounts.tell(known.settled_ledger(), self.markets.values())
        has_unfinished = bool(known.unfinished)
        startup.adopt(known, self._executor, self._tracker)
        self._finished.begin()
        await self._close_residuals()
        if has_unfinished:
            # What was just resolved or covered must stand in what is compared now.
            await self.seams.clock.sleep(READS_SETTLE_S)
        for venue in Venue:
            # What came while nobody listened, also of finished executions, is booked by then.
            await self._guard(f"sweep-{venue.value}", self._tracker.sweep(venue))
        await self._look_at_accounts()

    async def _look_at_accounts(self) -> bool:
        """Compare both accounts, as often as it takes to read them; False if stopped before."""
        await self._reconcile.look()
        while not (self.accounts.is_compared or self.is_stopping):
            # Nothing starts on an account that nobody could look at.
            await self.seams.clock.sleep(READS_SETTLE_S)
            await self._reconcile.look()
        return self.accounts.is_compared

    async def _look_anew(self) -> bool:
        """As at the start: somebody else may have had the accounts meanwhile."""
        await self._until_stopped(self.has_started)
        await self.seams.clock.sleep(READS_SETTLE_S)
        self.accounts.forget_compared()
        return await self._look_at_accounts()

    def _make_startup(self) -> Startup:
        return Startup(
            kits={kit.venue: kit for kit in self._kits},
            markets=self.markets,
            seams=self.seams,
            append=self.append,
            emit=self.feed,
            patience=self._patience,
            approvals=self.pairing.approvals,
            held=self.pairing.recall(),
        )

    def _start_beside(self, side: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Start what runs beside the feeds, as long as orders may be open."""
        works: dict[str, MakeWork] = {
            "watch": self._watch.run,
            "fills": self._watch.see_fills_through,
            "terms": self._terms.run,
            "guard": self._sentry.run,
            "operators": self.operators.run,
            "owed": self._owed.run,
            "snapshots": self._snapshots.run,
            **self._tracker.make_side_work(self._guard),
        }
        for kit in self._kits:
            works.update(kit.make_side_work(self._pushes.on_gap))
        return [self._keep(side, name, make_work) for name, make_work in works.items()]

    async def _check_wallets(self) -> None:
        for kit in self._kits:
            await kit.check_wallet([m for m in self.markets.values() if m.venue is kit.venue])

    def _make_joining(self, startup: Startup) -> Joining:
        """Build what lets pairs in whose market was not ready at the start."""
        return Joining(
            startup=startup,
            kits={kit.venue: kit for kit in self._kits},
            accounts=self.accounts,
            markets=self.markets,
            clock=self.seams.clock,
            emit=self.feed,
            pairs=self.pairing.followed,
            is_busy=self._is_busy,
        )

    def _make_leaving(self, joining: Joining) -> Leaving:
        """Build what lets pairs go that are armed no more, and their markets."""
        return Leaving(
            roster=self.pairing.roster,
            coming=joining.coming,
            markets=self.markets,
            needed=self._needed,
            # The engine first: what the feeds still say of those markets concerns nobody.
            tell=(
                self.feed,
                self._feeds.leave,
                self._terms.leave,
                self.pairing.leave,
                self.accounts.differences.leave,
            ),
            clock=self.seams.clock,
        )

    def _needed(self) -> set[MarketId]:
        """Markets that stay followed, armed pair or not: something of ours may move there."""
        return {
            *self.engine.execution_markets(),
            *self.known.unfinished_markets(),
            *self.accounts.awaiting(self._terms.has_ended),
            *self.accounts.differences.markets,
        }

    def _is_busy(self, market_id: MarketId) -> bool:
        """Whether something of ours is open on a market, as far as a start knows it by then."""
        return not self.has_started.is_set() or self.engine.is_busy(market_id)

    def _make_sinks(self) -> Sinks:
        pushes, terms = self._pushes, self._terms
        hints = Hints(
            on_order=pushes.on_order,
            on_position=pushes.on_position,
            on_terms=terms.ask,
            on_end=terms.end,
            on_listed=self.pairing.hear,
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
            on=self.pairing.on,
            ends=lambda: self.known.ends,
            markets=self.markets,
            known=self.engine.books().markets.get,
            clock=clock,
            see=self._see,
            emit=self.feed,
            note=self._note,
        )
        self._pushes = Pushes(
            tracker=self._tracker,
            executor=self._executor,
            ledger=self.known.ledger,
            timers=self._timers,
            clock=clock,
            is_busy=self._is_busy,
            hurry=self._reconcile.hurry,
            spawn=self.spawn,
        )

    def _see(self, before: Market, market: Market) -> None:
        """A followed market has new terms."""
        self.record(MarketSeen(wall_ns=self.seams.clock.wall_ns(), market=market))
        self.pairing.see(before, market)

    def _make_accounts(self, ports: Mapping[Venue, AccountPort]) -> None:
        """Build what keeps our record and the accounts together; needs the tracker."""
        clock = self.seams.clock
        differences = Differences(
            limits=lambda: self._limits.breaker, emit=self.feed, note=self._note
        )
        self.accounts = Accounts(
            ports,
            ledger=self.known.ledger,
            clock=clock,
            record=self.record,
            emit=self.feed,
            differences=differences,
            activity=lambda: None if self.engine.is_money_moving else self.known.ledger.moves,
            unsure=partial(unsure_sides, self._tracker),
        )
        self._reconcile = Reconcile(
            accounts=self.accounts,
            tracker=self._tracker,
            markets=self.markets,
            is_busy=self.engine.is_busy,
            clock=clock,
            seconds=lambda: self.settings.trading.reconcile_seconds,
            spawn=self.spawn_watched,
        )

    def _claim_late(self, fill: Fill) -> bool:
        """A fill of no order that was registered: maybe of one that ended before this run."""
        return self._finished.claim(fill)

    def _on_unclaimed(self, fill: Fill) -> None:
        """A fill of no order of ours: somebody else trades on this account."""
        del fill
        self._reconcile.hurry()

    async def _open_venues(self, stack: AsyncExitStack) -> None:
        seams = self.seams
        self._kits = await open_kits(
            self.settings, seams, stack, self._expected_cash, self._patience
        )
        orders, accounts = choose_ports(
            self._kits, self.settings, seams, self._book_of, self.known.ledger
        )
        self._tracker = Tracker(
            orders=orders,
            clock=seams.clock,
            record=self.record,
            emit=self.feed,
            note=self._note,
            on_unclaimed=self._on_unclaimed,
            claim=self._claim_late,
            hear=partial(self.record, reserve=False),
            markets=self.markets,
            poll_ms_max=lambda: self._limits.poll_ms_max,
        )
        self._make_accounts(accounts)
        self._executor = Executor(
            orders=orders,
            tracker=self._tracker,
            clock=seams.clock,
            entropy=seams.entropy,
            append=self.append,
            emit=self._hear,
            spawn=self.spawn,
        )
        self._finished = Finished(
            self.known,
            executor=self._executor,
            tracker=self._tracker,
            markets=self.markets,
            emit=self.feed,
        )

    def _make_guards(self) -> None:
        """Build what may stop new executions from the outside."""
        clock, pairs = self.seams.clock, self.pairing.roster.pairs
        self._sentry = Guard(
            limits=lambda: self._limits.breaker,
            journal=self.journal,
            kits=self._kits,
            known=self.engine.books().markets.get,
            clock=clock,
            emit=self.feed,
        )
        self._snapshots = Snapshots(
            self.journal,
            self.known,
            clock=clock,
            append=self.append,
            shipped_seq=lambda: self.archive.state.shipped_seq,
            is_quiet=lambda: not self.engine.is_money_moving,
            # As configured: one that is not read yet keeps what it was approved by.
            followed=lambda: {*self.markets, *(pair.market_on(v) for pair in pairs for v in Venue)},
            note=self._note,
        )
        self.operators = Operators(
            self.settings.state_dir,
            accounts=self.accounts,
            clock=clock,
            append=self.append,
            emit=self.feed,
        )

    def _expected_cash(self) -> tuple[int, int] | None:
        """Polymarket's balance by our record: as it is if nothing filled that is not booked.

        None while a start finds out what happened before it.
        """
        if not self.has_started.is_set():
            return None
        return self.accounts.expected(Venue.POLYMARKET)

    def _book_of(self, market_id: MarketId) -> Book | None:
        return self.engine.books().books.get(market_id)

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

    async def _drain(self) -> None:
        """Let open executions end; then read the cash once more."""
        self.feed(StopRequested())
        await self._wait_idle()
        await self.accounts.close()
