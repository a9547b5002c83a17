"""One owner per venue account, over all hosts: advisory locks of the database that all write to.

On one host the lock of the state folder sees to it. A lock here lives as long as its session: when
the database goes away trading goes on, and the lock is taken again. When somebody else has it
meanwhile, nothing new may start here; what is open is finished.
"""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import structlog

from twoleg.errors import StorageError
from twoleg.seams import Clock
from twoleg.settings import Mode, Settings
from twoleg.storage.database import Connection, Database, lock_accounts, translate_errors
from twoleg.storage.queries import query

CHECK_S: Final = 5.0
"""How often the session is asked whether it lives, and somebody else's lock whether it is free."""

log = structlog.get_logger(__name__)


def account_keys(settings: Settings) -> tuple[str, ...]:
    """What is locked: one key per venue account that orders go to; none on paper.

    A funder that is not set is told apart by the private key of its wallet. Only hashes leave here.
    """
    if settings.daemon.mode is Mode.PAPER:
        return ()
    kalshi, polymarket = settings.kalshi, settings.polymarket
    wallet = polymarket.funder.lower() or polymarket.private_key.reveal()
    names = (
        f"kalshi|{kalshi.rest_url}|{kalshi.key_id}",
        f"polymarket|{polymarket.clob_url}|{wallet}",
    )
    return tuple(sha256(name.encode()).hexdigest() for name in names)


class Owner:
    """Claims the accounts and keeps them; `on_change` hears whether somebody else has them."""

    def __init__(self, database: Database, keys: tuple[str, ...], *, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        # Whether somebody else had one of the accounts at the last try; None before the first.
        self._is_rival: bool | None = None
        self._on_change: Callable[[bool], None] = _ignore
        # Set when it is known for the first time whose the accounts are.
        self.is_decided = asyncio.Event()

    def listen(self, on_change: Callable[[bool], None]) -> None:
        """Tell from now on when somebody else has an account (True), and when no longer."""
        self._on_change = on_change
        if self._is_rival:
            on_change(True)

    async def run(self) -> None:
        """Claim, and watch over the claim, until cancelled. A lost session changes nothing yet."""
        while True:
            connection: Any = None
            try:
                connection = await self._database.connect()
                await self._hold(connection)
            except StorageError as error:
                log.warning("owner_lock_lost", reason=str(error))
            finally:
                if connection is not None:
                    # Closing the session lets its locks go at once.
                    connection.terminate()
            await self._clock.sleep(CHECK_S)

    async def _hold(self, connection: Connection) -> None:
        """Returns when an account is somebody else's; raises when the session ends."""
        for key in self._keys:
            if not await lock_accounts(connection, key):
                self._tell(is_rival=True)
                return
        self._tell(is_rival=False)
        while True:
            await self._clock.sleep(CHECK_S)
            with translate_errors():
                await connection.fetchval(query("ping"))

    def _tell(self, *, is_rival: bool) -> None:
        if is_rival is not self._is_rival:
            before, self._is_rival = self._is_rival, is_rival
            if is_rival:
                log.error("accounts_taken", remedy="stop the other daemon on these accounts")
            elif before is not None:
                log.warning("accounts_ours_again")
            if is_rival or before is not None:
                self._on_change(is_rival)
        self.is_decided.set()


def _ignore(is_rival: bool) -> None:  # noqa: FBT001 - a callback's shape
    """Hear it and do nothing."""
    del is_rival
