"""`twoleg demo`: both venues simulated in processes of their own, the daemon trading between them.

It ends with a table read back from Postgres, and with a check: cash and positions derived from the
journal alone must equal the simulators' own ledgers to the micro-dollar.
"""

import argparse
import asyncio
import fcntl
import json
import os
import shutil
import time
from collections.abc import Generator, Mapping
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import structlog

from twoleg.cli.children import VenueProcess, start_venue
from twoleg.cli.faults import fault_rules
from twoleg.cli.logs import prepare_logs
from twoleg.cli.run import real_world, run_until_signal
from twoleg.cli.screen import HEADER, STATUS_EVERY_S, Screen, contracts, dollars, exactly
from twoleg.cli.summary import (
    VenueLedger,
    deposit_wallet_of,
    derive_ledger,
    difference_micros,
    open_anew,
    pair_net_e6,
    read_executions,
    read_venue_ledger,
    summarise,
)
from twoleg.core.market import MarketId, Pair, PairId, Polarity, TimeInForce, Venue
from twoleg.core.units import LOT_E6
from twoleg.errors import StorageError
from twoleg.runtime.app import App
from twoleg.runtime.archive import Archive, open_journal
from twoleg.runtime.kits import Seams
from twoleg.runtime.recovery import read_journal
from twoleg.runtime.system import SocketNetwork
from twoleg.settings import Secret, Settings, load_demo, load_settings
from twoleg.sim.world import FlowWorld
from twoleg.storage.binaries import choose_user
from twoleg.storage.places import choose_home
from twoleg.storage.queries import find_sql_folder
from twoleg.venues.transport import make_session

SEED_BOUND: Final = 1_000_000
IOC_EVERY: Final = 3
"""Every third pair takes what there is (IOC) instead of all or nothing, so that partials occur."""
SEED_FILE: Final = "seed"
MARK: Final = ".twoleg-demo"
"""Stands in a state folder that the demo made, and may wipe; locked by the demo that uses it."""
QUIET_S: Final = 3.0
"""So long the start may take before the screen tells what it waits for."""

log = structlog.get_logger(__name__)


def command(arguments: argparse.Namespace) -> int:
    """Run the demo; 1 if the record and the venues' ledgers differ."""
    return asyncio.run(_Demo(arguments).run())


class _Demo:
    """One demo run."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._seconds: int | None = arguments.seconds
        self._seed = _choose_seed(arguments)
        self._json: Path | None = arguments.json
        self._keep: bool = arguments.keep
        self._state: Path = arguments.state.resolve()
        self._config: Path = arguments.config or find_sql_folder().parent / "config/demo.toml"
        self._world = FlowWorld(self._seed, arguments.pairs)
        self._screen = Screen()
        self._venues: dict[Venue, VenueProcess] = {}
        # Our deposit wallet; the simulator's ledger names it.
        self._funder = ""
        self._summary: dict[str, Any] = {}

    async def run(self) -> int:
        """Start everything, trade, stop everything, account for it."""
        self._check_json()
        seams = real_world()
        async with AsyncExitStack() as stack:
            self._prepare_state(stack)
            await self._start_venues(stack)
            settings = self._settings()
            daemon_log = stack.enter_context(
                (self._state / "daemon.log").open("a", encoding="utf-8")
            )
            prepare_logs(settings, daemon_log)
            await self._check_kept(settings, seams)
            app = App(
                settings,
                self._pairs(),
                seams,
                observe=self._screen.execution,
                finish=lambda app: self._account(app, seams),
            )
            status = asyncio.create_task(self._show_status(app), name="status")
            try:
                await run_until_signal(app)
            finally:
                status.cancel()
                with suppress(asyncio.CancelledError):
                    await status
                self._screen.end_status()
        if self._json:
            self._json.write_text(json.dumps(self._summary, indent=2) + "\n", "utf-8")
        is_equal = self._summary.get("difference_micros") == 0
        is_whole = self._summary.get("records_not_shipped") == 0
        return 0 if is_equal and is_whole and not app.is_broken else 1

    def _check_json(self) -> None:
        """A summary that cannot be written should be known before, not after."""
        if self._json is None:
            return
        if not self._json.resolve().parent.is_dir():
            raise FileNotFoundError(f"--json {self._json}: there is no such folder")
        if self._json.is_dir():
            raise IsADirectoryError(f"--json {self._json}: is a folder; name a file in it")
        if not os.access(self._json if self._json.exists() else self._json.parent, os.W_OK):
            raise PermissionError(f"--json {self._json}: may not be written")

    def _prepare_state(self, stack: AsyncExitStack) -> None:
        """A state folder of our own, wiped unless asked to keep it; never somebody else's."""
        mark = self._state / MARK
        if self._state.exists() and any(self._state.iterdir()) and not mark.exists():
            raise FileExistsError(f"{self._state} is not empty and was not made by the demo")
        self._state.mkdir(parents=True, exist_ok=True)
        stack.enter_context(hold(mark))
        seed_file = self._state / SEED_FILE
        if not self._keep:
            self._wipe_state()
        elif seed_file.exists() and seed_file.read_text("ascii") != str(self._seed):
            raise FileExistsError(
                f"{self._state} holds a run of seed {seed_file.read_text('ascii')}, another world: "
                "give that seed, or leave KEEP=1 (--keep) away"
            )
        seed_file.write_text(str(self._seed), "ascii")
        if choose_user(self._state / "sim/postgres/data").is_dropped_to:
            # The database's user must be able to pass through; its own folder stays private.
            self._state.chmod(0o711)

    async def _check_kept(self, settings: Settings, seams: Seams) -> None:
        """Let a kept record go on at new venues, if nothing of it was left open at the old ones.

        What a killed demo left open died with its simulators: nobody can tell how it ended.
        """
        if not self._keep:
            return
        ledgers, _ = await self._read_venues(seams)
        with closing(open_journal(settings, seams)) as journal:
            known = read_journal(journal)
            if known.unfinished:
                raise StorageError(
                    f"{self._state}: the last demo was cut off with {len(known.unfinished)} "
                    "executions not settled, and its venues are gone with it; leave KEEP=1 "
                    "(--keep) away"
                )
            for record in open_anew(known.ledger, ledgers, seams.clock.wall_ns()):
                journal.append(record)

    def _wipe_state(self) -> None:
        home = choose_home(self._state / "sim")
        for path in self._state.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != MARK:
                path.unlink()
        if not home.is_relative_to(self._state):
            shutil.rmtree(home, ignore_errors=True)

    async def _start_venues(self, stack: AsyncExitStack) -> None:
        """Both at once; each takes a second or two to come up."""
        faults = load_demo(self._config)
        epoch_ms = int(time.time() * 1_000)
        stack.push_async_callback(self._stop_venues)
        async with asyncio.TaskGroup() as group:
            for venue in Venue:
                path = self._state / f"faults-{venue.value}.json"
                path.write_text(json.dumps(fault_rules(venue, faults)), "utf-8")
                switches = [
                    f"--seed={self._seed}",
                    f"--pairs={len(self._world.pairs)}",
                    f"--epoch-ms={epoch_ms}",
                    f"--key-dir={self._state / 'keys'}",
                    f"--faults={path}",
                ]
                group.create_task(self._start_venue(venue, switches), name=venue.value)
        async with make_session(SocketNetwork()) as session:
            url = f"{self._venues[Venue.POLYMARKET].admin_url}/_sim/ledger"
            async with session.get(url) as answer:
                self._funder = deposit_wallet_of(await answer.json())

    async def _start_venue(self, venue: Venue, switches: list[str]) -> None:
        log_path = self._state / f"{venue.value}.log"
        self._venues[venue] = await start_venue(venue.value, switches, log_path)

    async def _stop_venues(self) -> None:
        await asyncio.gather(*(child.stop() for child in self._venues.values()))

    def _settings(self) -> Settings:
        kalshi, polymarket = (self._venues[venue].told for venue in Venue)
        overrides: dict[str, object] = {
            "daemon.state_dir": str(self._state),
            "kalshi.rest_url": kalshi["urls"]["rest"],
            "kalshi.ws_url": kalshi["urls"]["ws"],
            "kalshi.key_id": kalshi["api_key_id"],
            "kalshi.private_key_path": kalshi["private_key_path"],
            "polymarket.clob_url": polymarket["urls"]["clob"],
            "polymarket.gamma_url": polymarket["urls"]["gamma"],
            "polymarket.data_url": polymarket["urls"]["data"],
            "polymarket.ws_market_url": polymarket["urls"]["ws_market"],
            "polymarket.ws_user_url": polymarket["urls"]["ws_user"],
            "polymarket.geoblock_url": f"{polymarket['urls']['site']}/api/geoblock",
            "polymarket.private_key": Secret(polymarket["wallet_key"]),
            "polymarket.funder": self._funder,
        }
        # Of the environment only the database is of interest: no real key reaches the demo.
        environ = {key: os.environ[key] for key in ("DATABASE_URL",) if key in os.environ}
        return load_settings(self._config, environ, overrides=overrides)

    def _pairs(self) -> tuple[Pair, ...]:
        return tuple(
            Pair(
                id=PairId(f"pair-{spec.index + 1:02d}"),
                kalshi=MarketId(f"kalshi:{spec.kalshi.ticker}"),
                polymarket=MarketId(f"polymarket:{spec.polymarket.condition_id}"),
                polarity=Polarity(spec.polarity),
                polymarket_labels=spec.polymarket.outcomes,
                tif=TimeInForce.IOC if spec.index % IOC_EVERY == 0 else TimeInForce.FOK,
            )
            for spec in self._world.pairs
        )

    async def _show_status(self, app: App) -> None:
        """Show how it goes, and end the demo when its time is over or this fails."""
        try:
            await self._follow(app)
        finally:
            app.stop()

    async def _follow(self, app: App) -> None:
        clock = app.seams.clock
        started_ns = clock.monotonic_ns()
        await self._await_start(app)
        if not app.is_stopping:
            self._screen.line(
                f"seed {self._seed}, {len(self._world.pairs)} pairs, state in {self._state}; "
                f"ready after {(clock.monotonic_ns() - started_ns) / 1e9:.1f} s"
                f"{'' if self._seconds else '; Ctrl-C ends it'}\n{HEADER}"
            )
        started_ns = clock.monotonic_ns()
        shown_s = -self._screen.status_every_s
        while not app.is_stopping:
            elapsed_s = (clock.monotonic_ns() - started_ns) / 1e9
            left_s = self._seconds - elapsed_s if self._seconds else STATUS_EVERY_S
            if left_s <= 0 or self._screen.is_gone:
                app.stop()
            if left_s <= 0 or elapsed_s - shown_s >= self._screen.status_every_s:
                self._screen.status(app, elapsed_s)
                shown_s = elapsed_s
            await clock.sleep(min(STATUS_EVERY_S, max(0.01, left_s)))
        while app.engine.tally.open:
            self._screen.show(f"stopping: {app.engine.tally.open} executions are still open")
            await clock.sleep(self._screen.status_every_s)

    async def _await_start(self, app: App) -> None:
        """Wait for the start; tell what it waits for if that takes long."""
        try:
            async with asyncio.timeout(QUIET_S):
                await app.has_started.wait()
        except TimeoutError:
            whom = "the venues" if app.archive.is_ready.is_set() else "the database"
            self._screen.line(f"waiting for {whom}; see {self._state / 'daemon.log'}")
            await app.has_started.wait()

    # -- the account -----------------------------------------------------------------------

    async def _account(self, app: App, seams: Seams) -> None:
        """Read Postgres back, compare the journal with the venues' own ledgers, print both."""
        if not app.archive.is_ready.is_set():
            self._screen.line("stopped before the database was ready: nothing was traded")
            return
        ledgers, faulty_keys = await self._read_venues(seams)
        assert isinstance(app.archive, Archive)  # the demo hands no other one in
        connection = await app.archive.database.connect()
        try:
            executions = await read_executions(connection, app.journal.journal_uuid)
        finally:
            await connection.close()
        ledger = derive_ledger(app.journal)
        nets_e6 = {pair.id: pair_net_e6(pair, app.markets, ledgers) for pair in self._pairs()}
        self._summary = {
            "seed": self._seed,
            **summarise(executions, faulty_keys),
            "dust_e6": sum(abs(net) for net in nets_e6.values()),
            "pair_net_e6_max": max(abs(net) for net in nets_e6.values()),
            "difference_micros": difference_micros(ledger, list(app.markets.values()), ledgers),
            "records_not_shipped": app.archive.state.lag,
            "decision_p50_us": app.stats.percentile_us(50),
            "decision_p99_us": app.stats.percentile_us(99),
            "ticks": app.stats.ticks,
            "feed_lag_ms_worst": max(app.stats.lag_ms_worst.values()),
        }
        self._print_table(executions, nets_e6)

    async def _read_venues(self, seams: Seams) -> tuple[dict[Venue, VenueLedger], set[str]]:
        names = {
            Venue.KALSHI: "default",
            Venue.POLYMARKET: self._funder,
        }
        ledgers: dict[Venue, VenueLedger] = {}
        keys: set[str] = set()
        async with make_session(seams.network) as session:
            for venue, child in self._venues.items():
                bodies: list[Mapping[str, Any]] = []
                for path in ("ledger", "faults"):
                    async with session.get(f"{child.admin_url}/_sim/{path}") as answer:
                        bodies.append(await answer.json())
                ledgers[venue] = read_venue_ledger(bodies[0], names[venue])
                keys |= {record["key"] for record in bodies[1]["records"] if record["key"]}
        return ledgers, keys

    def _print_table(self, executions: list[dict[str, Any]], nets_e6: Mapping[PairId, int]) -> None:
        lines = [
            "\nread back from Postgres:",
            "  pair        executions  hedged  rolled back  missed  open      net $  dust",
        ]
        for pair_id, net_e6 in nets_e6.items():
            mine = summarise([row for row in executions if row["pair_id"] == pair_id], set())
            lines.append(f"{table_row(pair_id, mine)}  {dust_text(net_e6)}")
        total = self._summary
        lines += [
            table_row("all", total),
            faults_text(total),
            f"journal against venues' ledgers: difference ${exactly(total['difference_micros'])}",
        ]
        if total["records_not_shipped"]:
            lines.append(f"{total['records_not_shipped']} records did not reach Postgres in time")
        self._screen.end_status()
        self._screen.line("\n".join(lines))


@contextmanager
def hold(mark: Path) -> Generator[None, None, None]:
    """Be the only demo on a state folder; the lock goes with the process, however it ends.

    Raises:
        StorageError: another demo runs on it; names its pid.
    """
    with mark.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read(16).strip() or "unknown"
            text = f"{mark.parent}: another demo (pid {pid}) is using this folder; give --state"
            raise StorageError(text) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def table_row(name: str, counts: Mapping[str, int]) -> str:
    """One line of the table, without its dust."""
    return (
        f"  {name:<10} {counts['executions']:>11} {counts['hedged']:>7} "
        f"{counts['rolled_back']:>12} {counts['missed']:>7} {counts['open_residuals']:>5} "
        f"{dollars(counts['net_micros']):>10}"
    )


def faults_text(counts: Mapping[str, int]) -> str:
    """What went wrong on the way, in one line."""
    return (
        f"hit by a fault {counts['hit_by_fault']}, completed {counts['completed']}, "
        f"unwound {counts['unwound']}, unknown legs: {counts['unknown_landed']} had landed, "
        f"{counts['unknown_absent']} had not"
    )


def dust_text(net_e6: int) -> str:
    """What a pair's venues do not cover of each other: dust, or the size of a residual."""
    return exactly(net_e6) if abs(net_e6) < LOT_E6 else f"RESIDUAL {contracts(net_e6)}"


def _choose_seed(arguments: argparse.Namespace) -> int:
    """The seed that was given, else that of the run which is kept, else any."""
    if arguments.seed is not None:
        return int(arguments.seed)
    kept = arguments.state / SEED_FILE
    if arguments.keep and kept.is_file():
        return int(kept.read_text("ascii"))
    return _random_seed()


def _random_seed() -> int:
    return int.from_bytes(os.urandom(4), "big") % SEED_BOUND
