"""Several event loops on one virtual clock, stepped by one scheduler.

Each process of a simulated world has a loop of its own. One callback runs at a time; time passes
only when no loop has anything left to do. A process that dies is a loop that is never stepped
again: nothing of it runs any more, its `finally` blocks included.
"""

import asyncio
import heapq
import threading
from asyncio import events
from collections.abc import Callable
from contextvars import Context
from itertools import count
from typing import Any, TypeVarTuple

from tests.support.virtual import EPOCH_NS, NS_PER_S, WorldStandsStill

Ts = TypeVarTuple("Ts")


class SteppedLoop(asyncio.BaseEventLoop):
    """One process's loop. It opens no sockets and starts no threads.

    It lives for thousands of seeds' worth of callbacks, so what asyncio does for safety with
    threads and for debugging is left out. Of timers for the same moment the first set is first.
    """

    _ready: Any
    _scheduled: Any

    def __init__(self, clockwork: "Clockwork", name: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call,unused-ignore]
        self.name = name
        self.is_dead = False
        # Callbacks run so far, and the number after which this process dies (0: none).
        self.callbacks = 0
        self.dies_after = 0
        self._clockwork = clockwork
        # By due time and then by number; compared as numbers, not as handles.
        self._timers: list[tuple[float, int, Any]] = []
        self._number = count().__next__
        # What `is_running` looks at.
        self._thread_id: int | None = threading.get_ident()
        self.set_exception_handler(_ignore)
        # Asked for at every future and handle.
        vars(self)["get_debug"] = False.__bool__

    def time(self) -> float:
        return self._clockwork.now_s

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, self._number(), handle))
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._clockwork.now_s + delay, callback, *args, context=context)

    def ripen(self, now_s: float) -> None:
        """Move what is due to what is ready."""
        timers, ready = self._timers, self._ready
        while timers and (timers[0][0] <= now_s or timers[0][2]._cancelled):
            handle = heapq.heappop(timers)[2]
            if not handle._cancelled:
                ready.append(handle)

    @property
    def waiting(self) -> list[object]:
        """Everything that would still be called."""
        return [*self._ready, *self._timers]

    def _write_to_self(self) -> None:
        """Wake nobody: there is one thread."""

    def dispose(self) -> None:
        """Forget everything that waits."""
        self.is_dead = True
        self._thread_id = None
        self._timers.clear()
        self.close()


def _ignore(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Callbacks that fail do so on purpose: the reader is dead, or the task tells."""
    del context


class Clockwork:
    """The scheduler, and the one clock of all seams. Loops take turns in the order of birth."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.loops: list[SteppedLoop] = []
        # Told of a loop that has died by its count of callbacks.
        self.on_death: Callable[[SteppedLoop], None] = lambda _: None
        # Called after every turn in which anything ran.
        self.on_turn: Callable[[], None] = lambda: None

    # -- the clock of all seams ------------------------------------------------------------

    def monotonic_ns(self) -> int:
        return int(self.now_s * NS_PER_S)

    def wall_ns(self) -> int:
        return EPOCH_NS + int(self.now_s * NS_PER_S)

    def now_ns(self) -> int:
        return EPOCH_NS + int(self.now_s * NS_PER_S)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    # -- stepping --------------------------------------------------------------------------

    def make_loop(self, name: str) -> SteppedLoop:
        loop = SteppedLoop(self, name)
        self.loops.append(loop)
        return loop

    def bury(self, loop: SteppedLoop) -> None:
        """Never step a loop again; harmless if it is dead already."""
        loop.is_dead = True
        if loop in self.loops:
            self.loops.remove(loop)

    def run_until(self, is_done: Callable[[], bool]) -> None:
        """Step until then. Raises WorldStandsStill when nothing is left to happen."""
        try:
            while not is_done():
                if self._turn():
                    self.on_turn()
                else:
                    self._advance()
        finally:
            events._set_running_loop(None)

    def _turn(self) -> bool:
        has_run = False
        now_s = self.now_s
        for loop in tuple(self.loops):
            timers = loop._timers
            # Most of the time nothing is due: asked here, without a call.
            if timers and (timers[0][0] <= now_s or timers[0][2]._cancelled):
                loop.ripen(now_s)
            if loop._ready and not loop.is_dead:
                has_run = True
                self._run_batch(loop)
        return has_run

    def _run_batch(self, loop: SteppedLoop) -> None:
        events._set_running_loop(loop)
        ready = loop._ready
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            try:
                handle._context.run(handle._callback, *handle._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException:  # noqa: BLE001 - the task tells, or its reader is dead
                pass
            loop.callbacks += 1
            if loop.is_dead:
                break
            if loop.callbacks == loop.dies_after:
                self.bury(loop)
                self.on_death(loop)
                break
        events._set_running_loop(None)

    def _advance(self) -> None:
        dues = [loop._timers[0][0] for loop in self.loops if loop._timers]
        if not dues:
            raise WorldStandsStill("no timer is left, and no task can go on")
        self.now_s = max(self.now_s, min(dues))


def spawn(loop: SteppedLoop, work: Any, name: str) -> asyncio.Task[Any]:
    """Start a task of a loop from outside of it."""
    return loop.create_task(work, name=name, context=Context())
