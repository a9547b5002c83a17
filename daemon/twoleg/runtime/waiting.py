"""What a run waits for: that it is asked to stop, and that what is open comes to its end."""

import asyncio
from typing import Final

import structlog

from twoleg.runtime.dispatch import Dispatch

DRAIN_S: Final = 20.0
"""How long open executions get to end after a stop was asked for."""
TELL_OPEN_S: Final = 20.0
"""How often a start tells that it waits for what an earlier run left open."""

log = structlog.get_logger(__name__)


class Waiting(Dispatch):
    """A dispatch that can be told to stop, and that tells how far that is."""

    def stop(self) -> None:
        """Ask for the end: no new execution, open ones are finished or rolled back."""
        self._stop.set()

    @property
    def is_stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._stop.is_set()

    async def _close_residuals(self) -> None:
        """Wait until all that an earlier run left open is closed, or held with its alarm.

        However long that takes: only then does anything new start. A stop ends the waiting.
        """
        while self.engine.moving_executions and not self.is_stopping:
            try:
                async with asyncio.timeout(TELL_OPEN_S):
                    await self._until_stopped(self._at_rest)
            except TimeoutError:
                log.error("start_waits_for_executions", count=self.engine.moving_executions)

    async def _until_stopped(self, event: asyncio.Event) -> None:
        """Wait for an event, or for the stop if that comes first."""
        waits = [asyncio.ensure_future(one.wait()) for one in (event, self._stop)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _wait_idle(self) -> None:
        """Give open executions their time to end; what is still open stays on record."""
        if self.engine.open_executions == 0:
            return
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._idle.wait()
        except TimeoutError:
            log.error("executions_left_open", count=self.engine.open_executions)
