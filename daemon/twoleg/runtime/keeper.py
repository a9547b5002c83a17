"""Keeps side work going: what dies of a bug is started again, and meanwhile nothing new starts.

A part that died may be the one that takes a halt, or that finds out that an account differs. So its
failure stands as a guard of its own, until it has run for a while without another.
"""

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import structlog

from twoleg.core.events import Event, GuardCleared, GuardTripped
from twoleg.runtime.logs import describe_error
from twoleg.seams import Clock

PAUSE_S_MIN: Final = 1.0
PAUSE_S_MAX: Final = 30.0
CLEAN_S: Final = 60.0
"""How long work must go on without a failure until its guard is cleared."""
FRAMES_TOLD: Final = 8

MakeWork = Callable[[], Coroutine[Any, Any, None]]
"""Begins the work anew, each time that it is called."""

log = structlog.get_logger(__name__)


class Keeper:
    """Runs named work; tells the engine through `emit` while a part of it is not well."""

    def __init__(self, *, clock: Clock, emit: Callable[[Event], None]) -> None:
        self._clock = clock
        self._emit = emit
        # Names of the work whose guard stands.
        self._failed: set[str] = set()

    async def keep(self, name: str, make_work: MakeWork, *, may_end: bool = False) -> None:
        """Run work until it is cancelled, or until it ends well if it may end by itself."""
        pause_s = PAUSE_S_MIN
        while True:
            started_ns = self._clock.monotonic_ns()
            clearing = asyncio.create_task(self._clear_later(name), name=f"clear-{name}")
            try:
                await make_work()
                if may_end:
                    self._clear(name)
                    return
                self._fail(name, "EndedByItself")
            except Exception as error:  # noqa: BLE001 - a task's root: report, trip, start again
                self._fail(name, tell_failure(name, error))
            finally:
                clearing.cancel()
            if self._clock.monotonic_ns() - started_ns > CLEAN_S * 1e9:
                pause_s = PAUSE_S_MIN
            await self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)

    async def watch(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run work once; if it fails, its guard stands until work of that name has ended well."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a task's root: report, trip, go on
            self._fail(name, tell_failure(name, error))
        else:
            self._clear(name)

    async def _clear_later(self, name: str) -> None:
        await self._clock.sleep(CLEAN_S)
        self._clear(name)

    def _fail(self, name: str, detail: str) -> None:
        if name not in self._failed:
            self._failed.add(name)
            self._emit(GuardTripped(_reason(name), detail, stands=True))

    def _clear(self, name: str) -> None:
        if name in self._failed:
            self._failed.discard(name)
            self._emit(GuardCleared(_reason(name)))


def tell_failure(name: str, error: Exception) -> str:
    """Log what a task died of, and where; returns its type and place, without any value."""
    where = _where(error)
    log.error("task_failed", task=name, reason=describe_error(error), where=where)
    return f"{type(error).__name__} at {where[-1] if where else 'an unknown place'}"


def _reason(name: str) -> str:
    return f"task:{name}"


def _where(error: BaseException) -> list[str]:
    """The innermost frames, outermost first: files, lines and names, and nothing of what they held.

    Of a group, those of its first member: that is what failed.
    """
    while isinstance(error, BaseExceptionGroup):
        group: BaseExceptionGroup[BaseException] = error
        error = group.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_TOLD:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
