"""The file's pairs held against the catalogue: before they are armed, and after each matching."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog

from twoleg.catalogue.declared import Ruling, rule
from twoleg.core.market import PairId
from twoleg.errors import StorageError
from twoleg.seams import Clock
from twoleg.settings import Declared, Mode
from twoleg.storage.catalogue import CatalogueStore
from twoleg.storage.database import Database

VETOED: Final = "vetoed"
RETRY_S: Final = 5.0

log = structlog.get_logger(__name__)


class Vetoes:
    """Disarms declared pairs that the matcher would not have, unless that was acknowledged.

    `disarm` gets a pair, the reason and the names of what stands against it.
    """

    def __init__(
        self,
        declared: Iterable[Declared],
        *,
        mode: Mode,
        clock: Clock,
        disarm: Callable[..., None],
    ) -> None:
        self._declared = tuple(declared)
        self._mode = mode
        self._clock = clock
        self._disarm = disarm
        # Set when the catalogue may tell something else.
        self._asked = asyncio.Event()
        # What was told of each pair: once while it stays the same.
        self._told: dict[PairId, Ruling] = {}

    def ask(self) -> None:
        """The catalogue is new: judge again."""
        self._asked.set()

    async def run(self, database: Database) -> None:
        """Judge whenever that was asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            if not await self.judge(database):
                await self._clock.sleep(RETRY_S)
                self._asked.set()

    async def uphold(self, database: Database, is_stopping: Callable[[], bool]) -> None:
        """Judge once, before anything is armed; a database that is away is waited for."""
        while not (await self.judge(database) or is_stopping()):
            await self._clock.sleep(RETRY_S)

    async def judge(self, database: Database) -> bool:
        """Whether all declared pairs could be judged by what the catalogue holds now."""
        if not self._declared:
            return True
        try:
            rulings = await self._rule(database)
        except StorageError as error:
            log.warning("pairs_not_judged", reason=str(error))
            return False
        for ruling in rulings:
            self._take(ruling)
        return True

    async def _rule(self, database: Database) -> tuple[Ruling, ...]:
        connection: Any = await database.connect()
        try:
            store = CatalogueStore(connection, self._mode.value, self._clock)
            return await rule(store, self._declared, self._mode)
        finally:
            connection.terminate()

    def _take(self, ruling: Ruling) -> None:
        pair_id = ruling.pair_id
        if ruling == self._told.get(pair_id):
            return
        self._told[pair_id] = ruling
        if not ruling.is_judged:
            log.warning("pair_not_judged", pair_id=pair_id, reason="a market is not catalogued")
        elif ruling.vetoes:
            log.error("pair_vetoed", pair_id=pair_id, vetoes=ruling.vetoes)
            self._disarm(pair_id, VETOED, ("vetoes", ", ".join(sorted(ruling.vetoes))))
        elif ruling.overridden:
            log.warning("pair_veto_overridden", pair_id=pair_id, vetoes=ruling.overridden)
