"""Timers of the engine: one pending time per key, set again replaces it."""

import asyncio
from collections.abc import Callable

from twoleg.seams import Clock


class Timers:
    """Fires `on_due(key)` at monotonic times of the injected clock; tasks live in `group`."""

    def __init__(
        self, clock: Clock, group: asyncio.TaskGroup, on_due: Callable[[str], None]
    ) -> None:
        self._clock = clock
        self._group = group
        self._on_due = on_due
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def set(self, key: str, at_ns: int) -> None:
        """Fire at `at_ns`, instead of any earlier wish under this key."""
        earlier = self._tasks.pop(key, None)
        if earlier is not None:
            earlier.cancel()
        self._tasks[key] = self._group.create_task(self._wait(key, at_ns), name=f"timer-{key}")

    def hasten(self, key: str) -> bool:
        """Fire now what is pending under this key; False if nothing is."""
        task = self._tasks.pop(key, None)
        if task is None:
            return False
        task.cancel()
        self._on_due(key)
        return True

    def close(self) -> None:
        """Drop all that is pending."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def _wait(self, key: str, at_ns: int) -> None:
        await self._clock.sleep(max(0, at_ns - self._clock.monotonic_ns()) / 1_000_000_000)
        self._tasks.pop(key, None)
        self._on_due(key)
