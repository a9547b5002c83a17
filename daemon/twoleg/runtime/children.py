"""The crawl of both catalogues and their matching: child processes beside the trading, at its rest.

Both are heavy (half a gigabyte, all of a core), so they run at low priority in a process of their
own and meet the daemon in Postgres alone. One at a time; they die with the daemon; what they log is
logged here; one that fails is tried again after a growing pause.
"""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import msgspec
import structlog

from twoleg.core.market import MarketId
from twoleg.seams import Clock
from twoleg.settings import KEY_VARIABLES
from twoleg.storage.processes import spawn_low, wait_exit

RETRY_S_MIN: Final = 60.0
RETRY_S_MAX: Final = 3_600.0
RUN_S_MAX: Final = 7_200.0
"""A crawl of both catalogues takes minutes; what hangs for hours is ended, and goes on later."""
STOP_S: Final = 5.0
HEAR_S: Final = 60.0
"""Markets come in bunches, and a child takes a second to start."""
HEARD_MAX: Final = 100
BUSY: Final = 3
"""Exit code of a child that found another process at the same work."""
LOOK_S: Final = 1.0
NEVER_NS: Final = 1 << 62
LINE_BYTES_MAX: Final = 8_192
READ_BYTES: Final = 65_536
NS_PER_S: Final = 1_000_000_000
CHANGES: Final = ("new", "changed", "gone")
"""Figures that a sync reports; where all are 0, no pair can have come or gone."""
EVENT: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
LEVELS: Final = frozenset({"debug", "info", "warning", "error", "critical"})
OURS: Final = frozenset({"child", "timestamp", "logger", "event", "level"})
"""Fields of a line that this process tells itself."""

log = structlog.get_logger(__name__)


class Task(Enum):
    """What a child does."""

    SYNC = "sync"
    """Read all open markets of both venues."""
    UPDATE = "update"
    """Read the markets that the venues' streams named, or all that changed since."""
    MATCH = "match"
    """Look for pairs among them."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long after its last run a child is begun anew, in seconds; 0: never by the clock."""

    sync_s: float
    match_s: float


@dataclass(frozen=True, slots=True)
class Program:
    """How this program is started again: the words before a command, and its switches.

    `environment` is ours without the keys to the accounts: the children need the same settings, and
    read what anybody may. Where the database is comes with it, never on a command line, which every
    user of the machine can read.
    """

    environment: Mapping[str, str]
    switches: tuple[str, ...] = ()
    words: tuple[str, ...] = (sys.executable, "-m", "twoleg")

    def command(self, task: Task, heard: Sequence[MarketId]) -> tuple[str, ...]:
        """The whole command line of a child; an update without names is one of all that changed."""
        if task is Task.UPDATE:
            named = (word for market_id in heard for word in ("--market", market_id))
            words = ("sync", "--json", *(named if heard else ("--updated",)))
        else:
            words = ("sync", "--json") if task is Task.SYNC else ("match",)
        return (*self.words, *words, *self.switches)


@dataclass(slots=True)
class _Plan:
    """When a task is due, and how often it failed since it last went well."""

    due_ns: int
    failures: int = 0


@dataclass(slots=True)
class Lines:
    """Cuts a stream of bytes into lines; of a longer one than `LINE_BYTES_MAX` the rest is left."""

    _part: bytearray = field(default_factory=bytearray)

    def take(self, data: bytes) -> list[bytes]:
        """The lines that are whole now."""
        *whole, rest = data.split(b"\n")
        found: list[bytes] = []
        for line in whole:
            self._add(line)
            found.append(bytes(self._part))
            self._part.clear()
        self._add(rest)
        return found

    def _add(self, data: bytes) -> None:
        self._part += data[: LINE_BYTES_MAX - len(self._part)]


class Children:
    """Runs `twoleg sync` and `twoleg match`, one at a time.

    `dsn` is asked before each start: a server can move. `on_end` hears that a child went well.
    """

    def __init__(
        self,
        program: Program,
        *,
        schedule: Schedule,
        dsn: Callable[[], str],
        clock: Clock,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._program = program
        self._schedule = schedule
        self._dsn = dsn
        self._on_end = on_end
        self._clock = clock
        now_ns = clock.monotonic_ns()
        # What the catalogue holds from an earlier run is matched once it is up to date.
        self._plans = {
            Task.SYNC: _Plan(now_ns if schedule.sync_s else NEVER_NS),
            Task.UPDATE: _Plan(NEVER_NS),
            Task.MATCH: _Plan(now_ns + self._pause_ns(Task.MATCH)),
        }
        # Markets that the venues' streams named since they were read last; None: too many.
        self._heard: dict[MarketId, None] | None = {}

    def hear(self, market_id: MarketId) -> None:
        """A venue's stream names a market that is new, or changed: it is read a little later."""
        plan, now_ns = self._plans[Task.UPDATE], self._clock.monotonic_ns()
        if not self._schedule.sync_s:
            return
        plan.due_ns = min(plan.due_ns, now_ns + int(HEAR_S * NS_PER_S))
        if self._heard is not None:
            self._heard[market_id] = None
            if len(self._heard) > HEARD_MAX:
                self._heard = None

    async def run(self) -> None:
        """Run what is due until cancelled; a child that runs then is ended first."""
        while True:
            task = min(self._plans, key=lambda each: self._plans[each].due_ns)
            wait_ns = self._plans[task].due_ns - self._clock.monotonic_ns()
            if wait_ns > 0:
                await self._clock.sleep(min(wait_ns / NS_PER_S, LOOK_S))
            else:
                await self._run_one(task)

    async def _run_one(self, task: Task) -> None:
        plan, began_ns = self._plans[task], self._clock.monotonic_ns()
        told, heard = Told(), self._heard
        if task is Task.UPDATE:
            # Named while it runs counts: by then it may be past it.
            plan.due_ns, self._heard = NEVER_NS, {}
        code = await self._supervise(self._program.command(task, tuple(heard or ())), task, told)
        took_ms = (self._clock.monotonic_ns() - began_ns) // 1_000_000
        if code == 0:
            log.info("child_ended", child=task.value, ms=took_ms)
            plan.failures = 0
            self._go_on(task, began_ns, told)
            self._on_end()
            return
        if code == BUSY:
            log.info("child_put_off", child=task.value, reason="another process does the same")
        else:
            log.error("child_failed", child=task.value, exit_code=code, ms=took_ms)
        if task is Task.UPDATE:
            # Which ones they were is not worth keeping: whatever changed since is read then.
            self._heard = None
        pause_s = min(RETRY_S_MIN * 2 ** min(plan.failures, 16), RETRY_S_MAX)
        plan.failures += code != BUSY
        plan.due_ns = self._clock.monotonic_ns() + int(pause_s * NS_PER_S)

    def _go_on(self, task: Task, began_ns: int, told: "Told") -> None:
        """Plan what follows a child that went well."""
        if task is not Task.UPDATE:
            self._plans[task].due_ns = began_ns + self._pause_ns(task)
        if task is not Task.MATCH and told.has_changes and self._schedule.match_s:
            self._plans[Task.MATCH].due_ns = self._clock.monotonic_ns()

    async def _supervise(self, command: Sequence[str], task: Task, told: "Told") -> int | None:
        """Run a child to its end and log what it says; its exit code, None if it took too long."""
        environment = {
            **self._program.environment,
            "DATABASE_URL": self._dsn(),
            # Read here, line by line.
            "TWOLEG_LOGS__FORMAT": "json",
        }
        try:
            process = spawn_low(command, environment)
        except OSError as error:
            log.error("child_not_started", child=task.value, reason=str(error))
            return -1
        log.info("child_started", child=task.value, pid=process.pid)
        try:
            async with asyncio.timeout(RUN_S_MAX):
                await _relay(task, process, told)
                while not await wait_exit(process, self._clock, RUN_S_MAX):
                    pass
        except TimeoutError:
            return None
        finally:
            await self._end(process)
        return process.returncode

    async def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Nothing that it does must be finished: the next one goes on where it was."""
        if process.poll() is None:
            process.terminate()
            if not await wait_exit(process, self._clock, STOP_S):
                process.kill()
                await wait_exit(process, self._clock, STOP_S)

    def _pause_ns(self, task: Task) -> int:
        seconds = self._schedule.sync_s if task is Task.SYNC else self._schedule.match_s
        return int(seconds * NS_PER_S) or NEVER_NS


@dataclass(slots=True)
class Told:
    """What a child told of its work, as far as it matters here."""

    has_changes: bool = True
    """Until it tells otherwise, something may have changed."""

    def hear(self, report: Mapping[str, Any]) -> None:
        """Take what a sync reports: figures by venue."""
        venues = report.get("venues")
        if isinstance(venues, dict):
            figures = [each for each in venues.values() if isinstance(each, dict)]
            self.has_changes = any(each.get(name) != 0 for each in figures for name in CHANGES)


async def _relay(task: Task, process: subprocess.Popen[bytes], told: Told) -> None:
    """Log what a child writes until it closes its end."""
    assert process.stdout is not None
    reader, lines = asyncio.StreamReader(limit=READ_BYTES), Lines()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), process.stdout
    )
    try:
        while data := await reader.read(READ_BYTES):
            for line in lines.take(data):
                pass_on(task, line, told)
        for line in lines.take(b"\n"):
            pass_on(task, line, told)
    finally:
        transport.close()


def pass_on(task: Task, line: bytes, told: Told) -> None:
    """Log one line of a child as its own event, or as what it said where it is none."""
    text = line.decode("utf-8", "backslashreplace").strip()
    if not text:
        return
    facts = _facts(line)
    event, level = facts.pop("event", None), facts.pop("level", "info")
    if facts and event is None:
        told.hear(facts)
        log.info("child_reported", child=task.value, report=facts)
        return
    if not isinstance(event, str) or EVENT.fullmatch(event) is None:
        log.info("child_said", child=task.value, text=_shown(text))
        return
    say = getattr(log, level if level in LEVELS else "info")
    rest = {key: _shown(value) for key, value in facts.items() if key not in OURS}
    say(event, child=task.value, **rest)


def _facts(line: bytes) -> dict[str, Any]:
    """The fields of a line of our own log in JSON; nothing if it is none."""
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _shown(value: object) -> object:
    """Texts of markets are anybody's: nothing of them may move a terminal's cursor."""
    if not isinstance(value, str):
        return value
    return "".join(each if each.isprintable() else "\ufffd" for each in value)


def program_of(switches: Sequence[str]) -> Program:
    """This program, with the environment that it was started with but for the accounts' keys."""
    environment = {name: text for name, text in os.environ.items() if name not in KEY_VARIABLES}
    return Program(environment=environment, switches=tuple(switches))
