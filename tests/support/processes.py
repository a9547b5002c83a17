"""Real processes for the system tests: start, follow, end, and see what they leave behind.

Nothing is waited for by sleeping: `until` polls a condition up to a deadline.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")
ROOT: Final = Path(__file__).resolve().parents[2]
POLL_S: Final = 0.05
WAIT_S: Final = 40.0
# What a developer's shell may hold and a test must not see.
FOREIGN: Final = ("DATABASE_URL", "KEEP", "PG_BIN", "PYTHONOPTIMIZE")
FOREIGN_PREFIXES: Final = ("KALSHI_", "POLYMARKET_", "TWOLEG_")


def make_folder() -> Path:
    """A folder that an unprivileged user can enter, unlike pytest's own; in memory if it fits."""
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30
    folder = Path(tempfile.mkdtemp(prefix="twoleg-", dir=memory if is_roomy else None))
    folder.chmod(0o711)
    return folder


def until(
    what: Callable[[], T], *, why: str, seconds: float = WAIT_S, running: "Running | None" = None
) -> T:
    """The first true answer of `what`; AssertionError after `seconds`, or if `running` ended."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        told = f"\n{running.told()}" if running else ""
        assert time.monotonic() < deadline, f"not in {seconds} s: {why}{told}"
        is_over = running is not None and running.process.poll() is not None
        assert not is_over or what(), f"the process ended before: {why}{told}"
        time.sleep(POLL_S)
    return answer


class Running:
    """A process whose output goes to files, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process = process
        self._out = out
        self._err = err

    @property
    def pid(self) -> int:
        return self.process.pid

    def stdout(self) -> str:
        return self._out.read_text("utf-8", "replace")

    def stderr(self) -> str:
        return self._err.read_text("utf-8", "replace")

    def told(self) -> str:
        return f"{self.stdout()[-3000:]}\n--- stderr\n{self.stderr()[-3000:]}"

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, seconds: float = WAIT_S) -> int:
        """Wait for the end; the exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end in {seconds} s\n{self.told()}") from None


@contextmanager
def start(
    arguments: Sequence[object],
    *,
    folder: Path,
    name: str = "twoleg",
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """`twoleg` with these arguments, working in `folder`; killed at the end if it still runs."""
    out, err = folder / f"{name}.out", folder / f"{name}.err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "twoleg", *map(str, arguments)],
            cwd=folder,
            env={**clean_environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    running = Running(process, out, err)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def clean_environment() -> dict[str, str]:
    """Ours without settings of the product, so that a developer's shell changes no test."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN and not name.startswith(FOREIGN_PREFIXES)
    }


def processes_of(folder: Path) -> dict[int, str]:
    """Live processes that name `folder` on their command line or work below it."""
    wanted = os.fspath(folder)
    return {
        pid: command
        for pid, (state, command, cwd) in _processes()
        if state not in "ZX"
        and pid != os.getpid()
        and (wanted in command or cwd == wanted or cwd.startswith(f"{wanted}/"))
    }


def found_below(folder: Path, pattern: str) -> list[Path]:
    """Files below `folder`; none while a server is moving its own about."""
    try:
        return [path for path in folder.rglob(pattern) if path.is_file()]
    except FileNotFoundError:
        return []


def postmaster_of(folder: Path) -> int:
    """The pid that the embedded server below `folder` has written down; 0 while there is none."""
    for path in found_below(folder, "postmaster.pid"):
        try:
            lines = path.read_text("ascii", "replace").splitlines()
        except FileNotFoundError:
            continue
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return int(lines[0])
    return 0


def _processes() -> Iterator[tuple[int, tuple[str, str, str]]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
            command = (
                (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            )
        except (OSError, IndexError):
            continue
        try:
            cwd = os.fspath((entry / "cwd").readlink())
        except OSError:
            cwd = ""
        yield int(entry.name), (state, command, cwd)
