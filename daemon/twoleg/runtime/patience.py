"""Waits for a venue that does not answer yet: a daemon with money at risk does not give up.

What a venue says no to, and a key that is missing or refused, still ends the run at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from twoleg.errors import VenueUnavailable
from twoleg.seams import Clock, Entropy
from twoleg.venues.backoff import Backoff

DELAY_MS_MIN: Final = 500
DELAY_MS_MAX: Final = 15_000
RETRY_AFTER_MS_MAX: Final = 120_000
"""No word of a venue keeps us away for longer; Polymarket's longest known pause is two minutes."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Patience:
    """Asks again and again, with growing pauses; `stop` ends the waiting."""

    def __init__(self, *, clock: Clock, entropy: Entropy, stop: asyncio.Event) -> None:
        self._clock = clock
        self._entropy = entropy
        self._stop = stop

    async def ask(self, what: str, read: Callable[[], Awaitable[T]], *, besides: str = "") -> T:
        """What `read` gives, once it can; `what` names it in the log.

        Raises whatever else than VenueUnavailable `read` does; that too once a stop was asked
        for, and where its code is `besides`.
        """
        backoff = Backoff(
            entropy=self._entropy, delay_ms_min=DELAY_MS_MIN, delay_ms_max=DELAY_MS_MAX
        )
        while True:
            try:
                return await read()
            except VenueUnavailable as error:
                if self._stop.is_set() or (besides and error.code == besides):
                    raise
                told_ms = min(error.retry_after_s * 1_000, RETRY_AFTER_MS_MAX)
                delay_ms = max(backoff.next_ms(), told_ms)
                log.warning("venue_waited_for", what=what, reason=str(error), delay_ms=delay_ms)
                failure = error
            if await self.pause(delay_ms / 1_000):
                raise failure

    async def pause(self, seconds: float) -> bool:
        """Wait so long, or until a stop is asked for; whether it is."""
        waits = [
            asyncio.ensure_future(self._stop.wait()),
            asyncio.ensure_future(self._clock.sleep(seconds)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self._stop.is_set()
