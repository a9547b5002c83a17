"""Things that happen later: a settlement step, an expiry, the end of a delay."""

import asyncio
from collections.abc import Callable

from twoleg.sim.flow import Sleep


class Timers:
    """Runs acts after a while, in one task group, until `run` is cancelled."""

    def __init__(self, sleep: Sleep) -> None:
        self._sleep = sleep
        # Asked for before `run` began.
        self._waiting: list[tuple[int, Callable[[], None]]] = []
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            waiting, self._waiting = self._waiting, []
            for delay_ms, act in waiting:
                self.after(delay_ms, act)
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None

    def after(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Call `act` once, `delay_ms` from now."""
        if self._group is None:
            self._waiting.append((delay_ms, act))
        else:
            self._group.create_task(self._fire(delay_ms, act), name="polymarket-timer")

    async def _fire(self, delay_ms: int, act: Callable[[], None]) -> None:
        await self._sleep(delay_ms / 1_000)
        act()
