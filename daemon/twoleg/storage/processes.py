"""Child processes that die with us: start one, see who else holds a server's data, end it.

Needs Linux for `PR_SET_PDEATHSIG` and /proc; elsewhere a killed daemon leaves its server to be
found and refused by the next start.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from twoleg.errors import InvariantBroken
from twoleg.seams import Clock
from twoleg.storage.binaries import ServerUser

PR_SET_PDEATHSIG: Final = 1
POLL_SECONDS: Final = 0.02
_PROC: Final = Path("/proc")


def spawn(
    command: Sequence[str | Path], user: ServerUser, *, cwd: Path, log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own (a Ctrl-C in the terminal does not reach it).

    The kernel sends it SIGINT (Postgres: fast shutdown) when the *thread* that started it ends,
    so only the main thread may call this. Raises InvariantBroken elsewhere, OSError.
    """
    _check_thread()
    return subprocess.Popen(  # noqa: S603 - paths that we found ourselves
        [os.fspath(part) for part in command],
        cwd=cwd,
        env=clean_environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        process_group=0,
        user=user.uid if user.is_dropped_to else None,
        group=user.gid if user.is_dropped_to else None,
        extra_groups=() if user.is_dropped_to else None,
        # Runs after the user was dropped, which would clear the setting.
        preexec_fn=_die_with_parent(os.getpid()),  # noqa: PLW1509 - one thread: see above
    )


def spawn_low(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a child of low priority, in a process group of its own; both its outputs are one pipe.

    It is killed when the main thread ends, which alone may call this. A command that is not there
    ends with code 127. Takes a millisecond: what else is to be done is done in the child (see
    `low`). Raises InvariantBroken, OSError.
    """
    _check_thread()
    return subprocess.Popen(  # noqa: S603 - our own program
        (sys.executable, "-m", "twoleg.storage.low", str(os.getpid()), *command),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
    )


def bind_to(parent_pid: int, number: signal.Signals) -> None:
    """Let this process get a signal when its parent ends (on Linux); end now if it has ended."""
    bind = _die_with_parent(parent_pid, number)
    if bind is not None:
        bind()


def _check_thread() -> None:
    if threading.current_thread() is not threading.main_thread():
        raise InvariantBroken("a child must be started from the main thread, it dies with it")


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a server needs: no PG* setting of a shell, and no secret, reaches it."""
    kept = {name: environment[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in environment}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


async def wait_exit(process: subprocess.Popen[bytes], clock: Clock, seconds: float) -> bool:
    """Whether a child ended (and was reaped) in time."""
    deadline_ns = clock.monotonic_ns() + int(seconds * 1e9)
    while process.poll() is None:
        if clock.monotonic_ns() >= deadline_ns:
            return False
        await clock.sleep(POLL_SECONDS)
    return True


def find_holders(data_folder: Path, *, recorded_pid: int | None) -> list[int]:
    """Pids of live server processes that work in `data_folder`; a zombie holds nothing.

    Server processes have it as their working directory; where that may not be read, the command
    line of the recorded pid decides.
    """
    if not _PROC.is_dir():
        return []
    wanted = os.fspath(data_folder.resolve())
    own = os.getpid()
    return [
        pid
        for pid in _list_pids()
        if pid != own and _holds(pid, wanted, is_recorded=pid == recorded_pid)
    ]


def _list_pids() -> Iterator[int]:
    return (int(path.name) for path in _PROC.iterdir() if path.name.isdigit())


def _holds(pid: int, wanted: str, *, is_recorded: bool) -> bool:
    try:
        status = (_PROC / str(pid) / "stat").read_text("ascii", "replace")
        name, _, rest = status.partition("(")[2].rpartition(")")
        if rest.split()[0] in {"Z", "X"} or not name.startswith("postgres"):
            return False
        try:
            cwd = os.fspath((_PROC / str(pid) / "cwd").readlink())
            return cwd.removesuffix(" (deleted)") == wanted
        except PermissionError:
            command = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
            return is_recorded and os.fsencode(wanted) in command
    except (OSError, IndexError):
        # It ended while we looked.
        return False


def _die_with_parent(
    parent_pid: int, number: signal.Signals = signal.SIGINT
) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        # The parent may have died before the kernel was asked to tell.
        if os.getppid() != parent_pid:
            os._exit(1)

    return bind
