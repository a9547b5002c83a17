"""Facts that the journal did not take: they are kept, and written before anything else is.

What is in memory and not in the journal is lost at the next start; a later record that stands where
they should does not make sense without them.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from twoleg.errors import StorageError
from twoleg.seams import Clock
from twoleg.storage.records import AnyRecord

EVERY_S: Final = 1.0
TELLS_EVERY: Final = 60
"""How many rounds lie between two words of it in the log."""
KEPT_MAX: Final = 4_096
"""Some megabytes; by then nothing new has begun for long."""

log = structlog.get_logger(__name__)


class Owed:
    """Facts in their order. `write` journals one, from the room that is kept for facts.

    `is_writable` tells whether the journal takes records at all: if it does and still refuses one,
    that one never fits.
    """

    def __init__(
        self, write: Callable[[AnyRecord], None], is_writable: Callable[[], bool], clock: Clock
    ) -> None:
        self._write = write
        self._is_writable = is_writable
        self._clock = clock
        self._waiting: deque[AnyRecord] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def keep(self, record: AnyRecord, reason: str) -> None:
        """A fact was refused, for this reason."""
        name = type(record).__name__
        if not self._waiting and self._is_writable():
            log.error("fact_never_journalled", record=name, reason=reason)
        elif len(self._waiting) >= KEPT_MAX:
            log.error("fact_never_journalled", record=name, reason="too many wait")
        else:
            log.error("fact_not_journalled", record=name, reason=reason)
            self._waiting.append(record)

    def pay(self) -> None:
        """Write all that wait, in order; raises StorageError while the journal takes none."""
        while self._waiting:
            try:
                self._write(self._waiting[0])
            except StorageError as error:
                if not self._is_writable():
                    raise
                self._give_up(error)
            else:
                self._waiting.popleft()
                if not self._waiting:
                    log.warning("facts_journalled_late")

    async def run(self) -> None:
        """Try again until cancelled, and tell while some wait."""
        rounds = 0
        while True:
            await self._clock.sleep(EVERY_S)
            if not self._waiting:
                rounds = 0
            elif self._is_refused() and rounds % TELLS_EVERY == 0:
                log.error("facts_wait_for_the_journal", count=len(self._waiting))
            rounds += 1

    def end(self) -> None:
        """The process ends in order: once more, then they are lost."""
        if self._is_refused():
            log.error("facts_lost", count=len(self._waiting))

    def _is_refused(self) -> bool:
        try:
            self.pay()
        except StorageError:
            return True
        return False

    def _give_up(self, error: StorageError) -> None:
        record = self._waiting.popleft()
        log.error("fact_never_journalled", record=type(record).__name__, reason=str(error))
