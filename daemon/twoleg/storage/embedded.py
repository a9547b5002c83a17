"""A Postgres of our own: made, started, watched and stopped by the daemon.

The server is a direct child and dies with the daemon, also if that is killed. It listens on a unix
socket in a private folder only. As root everything runs as an unprivileged user; no user is
created and no foreign folder is opened.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import quote

import structlog

from twoleg.errors import DatabaseUnavailable, PostgresMissing, StorageError
from twoleg.seams import Clock, Entropy
from twoleg.storage.binaries import (
    Binaries,
    ServerUser,
    choose_user,
    find_binaries,
    make_reachable,
    read_data_major,
)
from twoleg.storage.places import (
    PORT,
    choose_home,
    choose_socket_folder,
    make_home,
    make_socket_folder,
)
from twoleg.storage.processes import POLL_SECONDS, find_holders, spawn, wait_exit

SUPERUSER: Final = "twoleg"
INITDB_SECONDS: Final = 120
START_SECONDS: Final = 600
"""Crash recovery replays the log first, which can take minutes."""
STOP_SECONDS: Final = 30
ORPHAN_SECONDS: Final = 20
BACKOFF_SECONDS_MIN: Final = 0.1
BACKOFF_SECONDS_MAX: Final = 30.0
LOG_BYTES_MAX: Final = 8 << 20
log = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """One server over one data folder, below `state_dir` or, for root, where it can be reached.

    Call `start` and `run` from the main thread's loop: the kernel ends the server when the thread
    that started it ends.
    """

    def __init__(
        self,
        state_dir: Path,
        clock: Clock,
        entropy: Entropy,
        *,
        pg_bin: Path | None = None,
        data_home: Path | None = None,
        initdb_options: tuple[str, ...] = (),
        server_settings: tuple[str, ...] = (),
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self._pg_bin = pg_bin
        self._initdb_options = initdb_options
        self._server_settings = server_settings
        self.home = data_home or choose_home(state_dir)
        self.data_folder = self.home / "data"
        self.log_path = state_dir / "postgres.log"
        self.socket_folder = choose_socket_folder(self.home)
        # The running server; None before `start` and after `stop`.
        self._process: subprocess.Popen[bytes] | None = None
        # Pid of the last server that became ready.
        self._ready_pid: int | None = None
        self._is_stopping = False

    @property
    def dsn(self) -> str:
        """Address for the driver; over the unix socket, without a password."""
        host = quote(os.fspath(self.socket_folder), safe="")
        return f"postgresql://{SUPERUSER}@/postgres?host={host}&port={PORT}"

    @property
    def pid(self) -> int | None:
        """Pid of the server; None if it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def is_ready(self) -> bool:
        """Whether the running server has taken connections."""
        return self._ready_pid is not None and self._ready_pid == self.pid

    async def start(self) -> None:
        """Make the data folder if needed, start the server, return when it takes connections.

        Raises:
            PostgresMissing: no binaries; says what to install.
            StorageError: wrong version, no user, folders that cannot be used, a server that is
                still running on the same data, or one that ends while starting.
        """
        if self.pid is not None:
            return
        self._is_stopping = False
        user = choose_user(self.data_folder)
        try:
            self._make_folders(user)
            binaries = find_binaries(self._pg_bin, read_data_major(self.data_folder))
            binaries = make_reachable(binaries, user, self.home)
            await self._wait_for_orphan()
            if read_data_major(self.data_folder) is None:
                await self._make_data(binaries, user)
            await self._launch(binaries, user)
        except OSError as error:
            raise StorageError(f"{self.home}: {error}") from error

    async def run(self) -> None:
        """Keep the server up until `stop`: one that dies is started again, with back-off."""
        backoff_seconds = BACKOFF_SECONDS_MIN
        while not self._is_stopping:
            if self.pid is not None:
                backoff_seconds = BACKOFF_SECONDS_MIN
                await self._watch()
                continue
            try:
                await self.start()
            except PostgresMissing:
                raise
            except StorageError as error:
                log.warning("postgres_not_started", reason=str(error))
                await self._clock.sleep(backoff_seconds * (0.5 + self._entropy.jitter() / 2))
                backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is kept.

        Idempotent. A server that does not end in time is ended harder; it then recovers at the
        next start.
        """
        self._is_stopping = True
        process = self._process
        if process is not None:
            await self._end(process)
            self._process = None

    async def _end(self, process: subprocess.Popen[bytes]) -> None:
        for number, seconds in (
            (signal.SIGINT, STOP_SECONDS),
            (signal.SIGQUIT, 5),
            (signal.SIGKILL, 5),
        ):
            if process.poll() is None:
                process.send_signal(number)
            if await wait_exit(process, self._clock, seconds):
                return
            log.error("postgres_stop_timed_out", pid=process.pid, signal=number.name)
        raise DatabaseUnavailable(f"the server (pid {process.pid}) cannot be ended")

    async def _watch(self) -> None:
        process = self._process
        while process is not None and process is self._process and process.poll() is None:
            await self._clock.sleep(0.1)
        if process is not None and not self._is_stopping:
            log.error("postgres_died", pid=process.pid, exit_code=process.returncode)

    def _make_folders(self, user: ServerUser) -> None:
        # First: what is made on the way to the home must let the server's user pass.
        make_home(self.home, user)
        self.log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_socket_folder(self.socket_folder, user)

    async def _make_data(self, binaries: Binaries, user: ServerUser) -> None:
        """Run initdb beside the final place, so that a half-made folder is never taken for one."""
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        os.chown(draft, user.uid, user.gid)
        command: list[str | Path] = [
            binaries.folder / "initdb",
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            *self._initdb_options,
        ]
        with self.log_path.open("ab") as output:
            process = spawn(command, user, cwd=self.home, log=output)
        try:
            if not await wait_exit(process, self._clock, INITDB_SECONDS) or process.returncode:
                raise StorageError(f"initdb failed:\n{self._read_log_end()}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.data_folder.exists():
            # Only an empty folder has no PG_VERSION and can be replaced; rmdir sees to that.
            self.data_folder.rmdir()
        draft.rename(self.data_folder)

    async def _launch(self, binaries: Binaries, user: ServerUser) -> None:
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.socket_folder}",
            "unix_socket_permissions=0700",
            f"port={PORT}",
            "max_connections=20",
            "log_checkpoints=off",
            *self._server_settings,
        )
        options = [part for setting in settings for part in ("-c", setting)]
        if self._is_stopping:
            raise StorageError("the server was stopped while it was being started")
        command: list[str | Path] = [
            binaries.folder / "postgres",
            "-D",
            self.data_folder.resolve(),
            *options,
        ]
        self._rotate_log()
        with self.log_path.open("ab") as output:
            process = spawn(command, user, cwd=self.home, log=output)
        # From here on `stop` finds it, also when this start is cancelled.
        self._process = process
        try:
            await self._wait_ready(process)
        except StorageError:
            await self._end(process)
            self._process = None
            raise
        self._ready_pid = process.pid
        log.info("postgres_started", pid=process.pid, version=binaries.major)

    async def _wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline_ns = self._clock.monotonic_ns() + START_SECONDS * 10**9
        while True:
            lines = _read_lines(self.data_folder / "postmaster.pid")
            if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return
            if process.poll() is not None:
                raise StorageError(f"the server ended while starting:\n{self._read_log_end()}")
            if self._clock.monotonic_ns() > deadline_ns:
                raise StorageError(f"the server is not ready after {START_SECONDS} s")
            await self._clock.sleep(POLL_SECONDS / 4)

    async def _wait_for_orphan(self) -> None:
        """Let the server of a killed daemon end; forget a pid file that names a foreign process.

        Postgres itself sees through a dead pid, but refuses one that another process of the same
        user has been given since.
        """
        deadline_ns = self._clock.monotonic_ns() + ORPHAN_SECONDS * 10**9
        pid_file = self.data_folder / "postmaster.pid"
        while holders := find_holders(self.data_folder, recorded_pid=_read_pid(pid_file)):
            if self._clock.monotonic_ns() > deadline_ns:
                raise StorageError(
                    f"{self.data_folder}: another server (pid {holders[0]}) works on this data"
                )
            await self._clock.sleep(POLL_SECONDS)
        self._forget_pids()

    def _forget_pids(self) -> None:
        """Nobody works on the data, so whatever has a recorded pid now is no server of it.

        A pid that nobody has is left to Postgres, which then looks for shared memory in use too.
        """
        if not Path("/proc/self").exists():
            return
        lock = self.socket_folder / f".s.PGSQL.{PORT}.lock"
        for path in (self.data_folder / "postmaster.pid", lock):
            pid = _read_pid(path)
            if pid is not None and Path(f"/proc/{pid}").exists():
                log.warning("stale_pid_file_removed", path=str(path), pid=pid)
                path.unlink()

    def _rotate_log(self) -> None:
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_BYTES_MAX:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))

    def _read_log_end(self) -> str:
        return self.log_path.read_text("utf-8", "replace")[-2000:].strip()


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []


def _read_pid(path: Path) -> int | None:
    lines = _read_lines(path)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None
