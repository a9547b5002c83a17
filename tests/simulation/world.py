"""The seeded world: both simulated venues and the daemon on one virtual clock, in one process.

Real wire bytes go through memory instead of sockets. The venues, the crowd and what goes wrong live
in one loop; each incarnation of the daemon has a loop of its own, and a crash is a loop that is
never stepped again. A seed fixes everything; the same seed gives the same trace.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.simulation.checking import Checker, Violation
from tests.simulation.crowd import Crowd
from tests.simulation.found import PairTable
from tests.simulation.incarnation import Incarnation
from tests.simulation.making import (
    ChosenWorld,
    TailedNetwork,
    VenueClock,
    make_kalshi,
    make_pairs,
    make_polymarket,
    make_settings,
)
from tests.simulation.mischief import Mischief
from tests.simulation.plan import ACTIVE_S, DISARMED, FIRST, Item, Plan
from tests.simulation.sightings import Sent, Traded
from tests.simulation.telling import brief, leaves, told_order, told_trade
from tests.simulation.witness import Witness
from tests.support.clockwork import Clockwork, spawn
from tests.support.virtual import SeededEntropy, WorldStandsStill
from twoleg.core.actions import Note, NoteKind
from twoleg.core.events import OperatorAct
from twoleg.core.execution import ExecutionState
from twoleg.core.market import Venue
from twoleg.errors import InvariantBroken, TwolegError
from twoleg.runtime.app import App
from twoleg.runtime.kit import Seams
from twoleg.runtime.operators import Request, put_request
from twoleg.settings import Settings
from twoleg.sim.base import VenueSim
from twoleg.storage.records import AnyRecord, IntentRecorded

K, P = Venue.KALSHI, Venue.POLYMARKET
LOOK_S: Final = 0.1
SETTLE_S_MAX: Final = 400.0
"""What the slowest defence needs after the last fault: a mute socket, a long back-off, twice."""
CALM_S: Final = 20.0
STOP_S_MAX: Final = 120.0
RESTART_S: Final = 2.0
RESTART_S_MIN: Final = 0.02
FORCE_CRASH_S: Final = 20.0
EXITS_MAX: Final = 200


class World:
    """One seed, run by `run`. What checkers look at are the public attributes.

    `app` is the living incarnation (None while none lives), `apps` all that ever lived; `venues`
    the simulators with their ledgers; `witness` what came to them over the wire and what they
    executed (`wire`: the orders of it); `records` every record on disk, of all incarnations, with
    its number; `intents` the purpose of each order key; `external` what happened to our accounts
    beside the daemon; `trace` all of it in order; `logs` what the daemon logged as a warning or worse.
    """

    def __init__(
        self, plan: Plan, folder: Path, make_checker: Callable[["World"], Checker] | None = None
    ) -> None:
        self.plan = plan
        self.seed = plan.seed
        self.folder = folder
        self._folder_name = str(folder)
        self.clock = Clockwork()
        self.network = TailedNetwork(plan.rng("network"), plan, self.clock)
        self.flow = ChosenWorld(plan.seed, plan.themes)
        self.trace: list[tuple[float, str, str]] = []
        clocks = {venue: VenueClock(self.clock) for venue in Venue}
        kalshi = make_kalshi(plan, self.flow, clocks[K], folder.parent)
        polymarket = make_polymarket(plan, self.flow, clocks[P], folder.parent)
        self.venues: dict[Venue, VenueSim] = {K: kalshi, P: polymarket}
        self.crowd = Crowd(
            self.flow,
            {venue.value: sim for venue, sim in self.venues.items()},
            plan.rng("flow"),
            plan.dislocations,
        )
        self.mischief = Mischief(
            self.venues,
            {},
            self.network,
            tell=self.tell,
            set_archive=self._set_archive,
            crowd=self.crowd,
            clocks=clocks,
            operate=self._operate,
            now_ns=self.clock.now_ns,
        )
        for item in plan.schedule:
            if item.kind in FIRST:
                self.mischief.prepare(item)
        self.witness = Witness(kalshi, polymarket)
        # True time, whatever the venues' clocks say.
        vars(self.witness)["now_ns"] = self.clock.now_ns
        self.witness.on_entered = self._on_entered
        self.records: list[tuple[int, int, AnyRecord]] = []
        self.intents: dict[str, tuple[str, int, int]] = {}
        self.logs: list[dict[str, object]] = []
        self.apps: list[App] = []
        self.counts: Counter[str] = Counter()
        self.lives: list[Incarnation] = []
        self.is_ending = False
        # Records that were written are gone: what rests on them is no promise any more.
        self.has_lost_tail = False
        kinds = {item.kind for item in plan.schedule}
        # Notes may be missing in a journal that has no room.
        self.expected_logs = {"fact_not_journalled"} if "journal_full" in kinds else set[str]()
        self.is_archive_up = True
        self.mischief.attach()
        self.external = self.mischief.external
        pairs = make_pairs(plan, self.flow)
        self.table = PairTable(pairs, self.clock.now_ns, self.counts)
        self.declared = tuple(pair for pair in pairs if pair not in self.table.pairs)
        self.settings: Settings
        self._entropy = SeededEntropy(plan.rng("entropy"))
        self._operator = SeededEntropy(plan.rng("operator"))
        self._life: Incarnation | None = None
        # The last one that died.
        self._buried: Incarnation | None = None
        # Set when a process is gone; and once nobody shall start it again.
        self._gone = asyncio.Event()
        self.is_over = False
        self._seen_sent = self._seen_trades = 0
        self._looked_s = -1.0
        self._is_changed = False
        self._failure: BaseException | None = None
        self._main = self.clock.make_loop("venues")
        self._tasks: list[asyncio.Task[Any]] = []
        self.clock.on_turn = self._on_turn
        self.clock.on_death = self._on_loop_death
        self.checker: Checker | None = make_checker(self) if make_checker is not None else None

    # -- what checkers look at -------------------------------------------------------------

    @property
    def app(self) -> App | None:
        """The daemon that lives now; its parts are there as far as it has come."""
        return self._life.app if self._life is not None else None

    @property
    def wire(self) -> list[Sent]:
        """Orders as they arrived at the venues' doors."""
        return self.witness.sent

    @property
    def journal_folder(self) -> Path:
        return self.settings.state_dir / "journal"

    @property
    def crashes(self) -> int:
        return self.counts["crash"]

    @property
    def rows(self) -> Counter[str]:
        """How often each row of the state table was used, by all incarnations."""
        total: Counter[str] = Counter()
        for life in self.lives:
            engine = getattr(life.app, "engine", None)
            if engine is not None:
                for (state, signal), count in engine._executions.rows.items():
                    total[f"{state.value}/{signal.value}"] += count
        return total

    def trace_hash(self) -> str:
        """The same for the same seed, whatever process runs it."""
        digest = sha256()
        for at_s, kind, text in self.trace:
            digest.update(f"{at_s:.9f} {kind} {text}\n".encode())
        return digest.hexdigest()

    def tell(self, kind: str, text: str) -> None:
        """Put an event into the trace."""
        # The folder has another name in every run; the trace must be the same.
        self.trace.append((self.clock.now_s, kind, text.replace(self._folder_name, "…")))

    # -- running ---------------------------------------------------------------------------

    def run(self) -> None:
        """Live through the seed. Raises Violation; what else it raises is a bug of the world."""
        main = spawn(self._main, self._live(), "world")
        try:
            self.clock.run_until(lambda: main.done() or self._failure is not None)
            if self._failure is not None:
                raise self._failure
            main.result()
        except WorldStandsStill as error:
            raise Violation("world_stands_still", str(error)) from error
        finally:
            self.mischief.count()
            self.counts.update({f"fault:{k}": n for k, n in self.mischief.fired.items() if n})
            self._dispose()

    async def _live(self) -> None:
        urls = await self._open_venues()
        self.settings = make_settings(self.plan, self.folder, self.venues, urls)
        self.crowd.open()
        self._boot()
        self._spawn(self._run_crowd(), "crowd")
        self._spawn(self._run_schedule(), "schedule")
        self._spawn(self._keep_alive(), "supervisor")
        if self.table.pairs:
            self._spawn(self.table.show(lambda: self._life), "table")
        await asyncio.sleep(ACTIVE_S)
        await self._end()

    async def _end(self) -> None:
        """The quiet end: nothing fails any more; all must settle, then stop in order."""
        self.is_ending = True
        self.tell("world", "faults end")
        self.mischief.end()
        self.network.tail_chance = 0.0
        if self._life is not None:
            self._life.crash = None
            self._life.loop.dies_after = 0
        self.crowd.calm()
        end_s = self.clock.now_s + SETTLE_S_MAX
        calm_since_s = self.clock.now_s
        while self.clock.now_s < calm_since_s + CALM_S:
            await asyncio.sleep(0.5)
            if not self._is_settled():
                calm_since_s = self.clock.now_s
            if self.clock.now_s > end_s:
                break
        if self._life is None or not self._has_started():
            raise Violation("never_started", f"not within {SETTLE_S_MAX:.0f} s without faults")
        self._check_settled()
        await self._stop_daemon()

    def _check_settled(self) -> None:
        """A residual may be held for good reasons; nothing else may stay open without faults."""
        assert self.app is not None
        for execution in self.app.engine._executions._open.values():
            if execution.state is not ExecutionState.HOLDING:
                raise Violation(
                    "never_settled",
                    f"execution {execution.execution_no} is {execution.state.value} after "
                    f"{SETTLE_S_MAX:.0f} s without faults",
                )

    def _is_settled(self) -> bool:
        app = self.app
        return app is not None and self._has_started() and app.engine.open_executions == 0

    def _has_started(self) -> bool:
        return self.app is not None and self.app.has_started.is_set()

    async def _stop_daemon(self) -> None:
        life = self._life
        assert life is not None
        assert life.app is not None
        self.counts["open_at_end"] += life.app.engine.open_executions
        self.tell("world", f"stop, {life.app.engine.open_executions} executions open")
        self.is_over = True
        life.app.stop()
        end_s = self.clock.now_s + STOP_S_MAX
        while not life.task.done():
            if self.clock.now_s > end_s:
                raise Violation("never_stopped", f"not within {STOP_S_MAX:.0f} s")
            await asyncio.sleep(0.05)
        self._judge_exit(life)
        if self.checker is not None:
            self.checker.on_end(self)

    async def _open_venues(self) -> dict[Venue, dict[str, str]]:
        urls: dict[Venue, dict[str, str]] = {}
        for venue, sim in self.venues.items():
            urls[venue] = await sim.start(self.network.create_server, "127.0.0.1", 0)
            self.mischief.ports[venue] = urlsplit(next(iter(urls[venue].values()))).port or 0
        return urls

    async def _run_crowd(self) -> None:
        rng = self.plan.rng("moves")
        while True:
            await asyncio.sleep(rng.uniform(*self.plan.step_s))
            self.crowd.move()

    async def _run_schedule(self) -> None:
        for item in self.plan.schedule:
            if item.kind in FIRST:
                continue
            await asyncio.sleep(max(0.0, item.at_s - self.clock.now_s))
            perform = {"crash": self._crash, DISARMED: self.table.disarm}.get(item.kind)
            self._spawn((perform or self.mischief.perform)(item), item.kind)

    # -- lives of the daemon ---------------------------------------------------------------

    def _boot(self) -> None:
        life = Incarnation(
            len(self.lives),
            self.clock,
            self.network,
            folder=self.folder,
            segment_kib=self.plan.segment_kib,
            is_disk_full=lambda: self.mischief.is_disk_full,
            on_record=self._on_record,
            on_death=self._on_life_death,
        )
        self.lives.append(life)
        self._life = life
        self.tell("world", f"incarnation {life.number} begins")
        life.begin(
            self.settings,
            self.declared,
            Seams(self.clock, self._entropy, self.network),
            observe=self._on_note,
            is_archive_up=lambda: self.is_archive_up,
        )
        life.task.add_done_callback(lambda _: self._on_exit(life))

    async def _crash(self, item: Item) -> None:
        life = self._life
        if self.is_ending or life is None or life.crash is not None:
            return
        self.tell("crash", f"armed: {item}")
        life.arm(item)
        await asyncio.sleep(FORCE_CRASH_S)
        if not self.is_ending:
            life.force()

    async def _keep_alive(self) -> None:
        """As a service manager does: a process that is gone is started again."""
        while True:
            await self._gone.wait()
            self._gone.clear()
            life = self._life or self._buried
            assert life is not None
            if not life.is_dead:
                await self._bury_exited(life)
                continue
            down_s = life.died_of.seconds if life.died_of is not None else RESTART_S
            if self.checker is not None:
                self.checker.on_restart(self)
            await asyncio.sleep(max(RESTART_S_MIN, down_s))
            self._boot()

    async def _bury_exited(self, life: Incarnation) -> None:
        self._judge_exit(life)
        self.clock.bury(life.loop)
        self.network.kill(life.loop)
        self.counts["exit"] += 1
        if self.counts["exit"] > EXITS_MAX:
            raise Violation("cannot_start", f"{EXITS_MAX} exits; see the trace")
        self._life = None
        await asyncio.sleep(RESTART_S)
        self._boot()

    def _on_exit(self, life: Incarnation) -> None:
        """The daemon's process has come to its own end."""
        if not life.is_dead and not self.is_over:
            self._main.call_soon(self._gone.set)

    def _judge_exit(self, life: Incarnation) -> None:
        """An outside failure may end a start; a broken invariant or a bug may not."""
        error = life.task.exception()
        for leaf in leaves(error):
            self.tell("world", f"incarnation {life.number} ended: {type(leaf).__name__}: {leaf}")
            if isinstance(leaf, InvariantBroken) or not isinstance(leaf, TwolegError):
                raise Violation("daemon_failed", repr(leaf)) from leaf
        if life.app is not None and life.app.is_broken:
            raise Violation("invariant_broken", f"incarnation {life.number} ended broken")

    def _on_life_death(self, life: Incarnation) -> None:
        self.counts["crash"] += 1
        self.counts[f"crash:{life.died_of.on if life.died_of else ''}"] += 1
        self.tell("crash", f"incarnation {life.number} died: {life.died_of}")
        if life.lost_records:
            self.counts["lost_tail"] += 1
            self.tell("crash", f"the last {life.lost_records} records are lost")
            self.has_lost_tail = True
        self._is_changed = True
        self._life = None
        self._buried = life
        self._main.call_soon(self._gone.set)

    def _on_loop_death(self, loop: object) -> None:
        for life in self.lives:
            if life.loop is loop:
                life.die()

    def _operate(self, act: OperatorAct) -> None:
        """An operator's hand, from outside of the process."""
        self.tell("operator", act.value)
        request = Request(act=act, reason="as scheduled", actor="operator")
        put_request(self.settings.state_dir, request, self.clock, self._operator)

    def _set_archive(self, is_up: bool) -> None:  # noqa: FBT001 - a callback
        self.is_archive_up = is_up
        if self._life is not None and self._life.archive is not None:
            self._life.archive.set_up(is_up=is_up)

    # -- what happens ----------------------------------------------------------------------

    def _on_record(self, record: AnyRecord, seq: int) -> None:
        self.records.append((len(self.lives) - 1, seq, record))
        tag = str(record.__struct_config__.tag)
        if isinstance(record, IntentRecorded):
            for ref in record.orders:
                number = record.execution_no, ref.spec.order_no
                self.intents[ref.order_key] = (ref.spec.purpose.value, *number)
                self.counts[f"order:{ref.spec.purpose.value}"] += 1
        if tag in ("intent", "answer", "fill", "fill_void", "fee_adjusted"):
            self.tell(tag, brief(record))
        self._is_changed = True

    def _on_note(self, note: Note) -> None:
        fields = dict(note.fields)
        name = str(fields.get("event", note.kind.value))
        self.counts[f"note:{name}"] += 1
        if note.kind is NoteKind.EXECUTION_CLOSED:
            self.counts[f"closed:{fields.get('closed_as', '')}"] += 1
        if name == "leg_answered":
            self.counts[f"answer:{fields.get('status', '')}"] += 1
        if "way" in fields:
            self.counts[f"way:{str(fields['way']).partition('@')[0]}"] += 1
        self.tell("note", f"{note.execution_no} {name} {fields}")
        if name == "invariant_broken":
            self._fail(Violation("invariant_broken", str(fields)))

    def _on_turn(self) -> None:
        """After each turn in which anything ran: let the checker look where something changed."""
        witness = self.witness
        if len(witness.sent) != self._seen_sent:
            for sent in witness.sent[self._seen_sent :]:
                purpose = self.intents.get(sent.key, ("unknown", 0, 0))
                self.tell("wire", f"{purpose} {told_order(sent)}")
            self._seen_sent = len(witness.sent)
            self._is_changed = True
        if len(witness.trades) != self._seen_trades:
            for trade in witness.trades[self._seen_trades :]:
                self.tell("trade", told_trade(trade))
                self._main.call_soon(self._spring, trade)
            self._seen_trades = len(witness.trades)
            self._is_changed = True
        if self.checker is None or self._failure is not None or not self.lives:
            return
        if self._is_changed or self.clock.now_s >= self._looked_s + LOOK_S:
            self._is_changed = False
            self._looked_s = self.clock.now_s
            try:
                self.checker.on_step(self)
            except BaseException as error:  # noqa: BLE001 - ends the run, whatever it is
                self._fail(error)

    def _on_entered(self, sent: Sent) -> None:
        if not self.is_ending:
            self.mischief.on_entry(sent, self.intents.get(sent.key, ("", 0, 0))[0])

    def _spring(self, trade: Traded) -> None:
        if not self.is_ending:
            self._spawn(self.mischief.on_trade(trade), "trap")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do something beside; its failure ends the run."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._on_done)
        self._tasks.append(task)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(next(iter(leaves(error))))

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error

    # -- parts -----------------------------------------------------------------------------

    def free(self) -> None:
        """Let go of everything that leads to a dead process."""
        for life in self.lives:
            life.app = None
        self.checker = None
        self.clock.on_turn = self.clock.loops.clear

    def _dispose(self) -> None:
        for life in self.lives:
            life.dispose()
        for task in asyncio.all_tasks(self._main):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._tasks.clear()
        self._main.dispose()
        self._life = None
