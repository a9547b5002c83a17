"""Child processes of the demo: the two simulated venues, which never outlive us."""

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from twoleg.errors import VenueUnavailable

PR_SET_PDEATHSIG: Final = 1
START_S: Final = 30.0
STOP_S: Final = 5.0


def die_with(parent_pid: int, number: signal.Signals) -> None:
    """Ask the kernel to send us `number` when the process that started us ends (Linux only).

    The parent tells its pid: it may have ended while we were still being started.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent_pid:
            os.kill(os.getpid(), number)


@dataclass(frozen=True, slots=True)
class VenueProcess:
    """A simulated venue in a process of its own, and what its first line told."""

    process: asyncio.subprocess.Process
    told: Mapping[str, Any]

    @property
    def admin_url(self) -> str:
        """Where the simulator lets us look behind the venue."""
        urls = self.told["urls"]
        return str(urls.get("clob") or urls["rest"].removesuffix("/trade-api/v2"))

    async def stop(self) -> None:
        """End it, gently first."""
        if self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def start_venue(venue: str, switches: Sequence[str], log_path: Path) -> VenueProcess:
    """Start `twoleg sim VENUE` and read its first line.

    Raises:
        VenueUnavailable: it ended, or did not tell in time; names its log.
    """
    with log_path.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "twoleg",
            "sim",
            venue,
            f"--die-with={os.getpid()}",
            *switches,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
            # A Ctrl-C in the terminal is for us: the venues must outlive the last rollback.
            start_new_session=True,
        )
    assert process.stdout is not None
    line, is_up = b"", False
    try:
        async with asyncio.timeout(START_S):
            line = await process.stdout.readline()
        child = VenueProcess(process, json.loads(line))
        is_up = True
    except (TimeoutError, ValueError) as error:
        reason = f"told {line[:100]!r} at its start; see {log_path}"
        raise VenueUnavailable(venue, "simulator_not_started", reason) from error
    else:
        return child
    finally:
        if not is_up and process.returncode is None:
            # Also when we are told to end while it is starting.
            process.kill()
            await process.wait()
