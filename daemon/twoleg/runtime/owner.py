"""One owner per venue account, over all hosts: advisory locks of the database that all write to.

On one host file locks see to it. A lock here lives as long as its session: when the database goes
away it can no longer be proven, and another host that still reaches it may take the accounts. So
trading goes on only for a grace; after that nothing new may start, as when somebody else has an
account. What is open is finished in either case.

Kalshi names the member behind a key only once an order of it changes (its API docs, 2026-11), which
is too late for a claim: two API keys of one member count as two accounts here.
"""

import asyncio
from collections.abc import Callable
from enum import Enum
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


class Claim(Enum):
    """Whose the accounts are, as far as the locks tell."""

    OURS = "ours"
    TAKEN = "taken"
    """Another process has one of them."""
    UNPROVEN = "unproven"
    """They were ours, and the database could not be asked for longer than the grace."""


def account_keys(settings: Settings) -> tuple[str, ...]:
    """What is locked: one key per venue account that orders go to; none on paper.

    A funder that is not set is told apart by the private key of its wallet. Only hashes leave here.
    """
    if settings.daemon.mode is Mode.PAPER:
        return ()
    kalshi, polymarket = settings.kalshi, settings.polymarket
    secret = polymarket.private_key.reveal().lower().removeprefix("0x")
    wallet = polymarket.funder.lower() or secret
    names = (
        f"kalshi|{kalshi.rest_url}|{kalshi.key_id}",
        f"polymarket|{polymarket.clob_url}|{wallet}",
    )
    return tuple(sha256(name.encode()).hexdigest() for name in names)


class Owner:
    """Claims the accounts and keeps them; `on_change` hears what becomes of the claim."""

    def __init__(
        self, database: Database, keys: tuple[str, ...], *, clock: Clock, grace_s: int
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        # 0: for ever.
        self._grace_s = grace_s
        # What was told last; None before the database answered for the first time.
        self._claim: Claim | None = None
        # When the question was asked whose answer last proved the claim.
        self._proven_ns = 0
        self._on_change: Callable[[Claim], None] = _ignore
        # Set when it is known for the first time whose the accounts are.
        self.is_decided = asyncio.Event()

    def listen(self, on_change: Callable[[Claim], None]) -> None:
        """Tell from now on when the claim changes; a first claim that succeeds is no change."""
        self._on_change = on_change
        if self._claim not in (None, Claim.OURS):
            on_change(self._claim)

    async def run(self) -> None:
        """Claim, and watch over the claim, until cancelled. A lost session changes nothing yet."""
        async with asyncio.TaskGroup() as group:
            if self._keys and self._grace_s:
                # On its own: an answer that never comes must not hold it up.
                group.create_task(self._watch_grace(), name="owner-grace")
            await self._claim_for_good()

    async def _claim_for_good(self) -> None:
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
        asked_ns = self._clock.monotonic_ns()
        for key in self._keys:
            if not await lock_accounts(connection, key):
                self._tell(Claim.TAKEN)
                return
        while True:
            self._proven_ns = asked_ns
            self._tell(Claim.OURS)
            await self._clock.sleep(CHECK_S)
            asked_ns = self._clock.monotonic_ns()
            with translate_errors():
                await connection.fetchval(query("ping"))

    async def _watch_grace(self) -> None:
        while True:
            await self._clock.sleep(CHECK_S)
            silent_ns = self._clock.monotonic_ns() - self._proven_ns
            if self._claim is Claim.OURS and silent_ns >= self._grace_s * 1_000_000_000:
                self._tell(Claim.UNPROVEN)

    def _tell(self, claim: Claim) -> None:
        before, self._claim = self._claim, claim
        if claim is not before:
            if claim is Claim.TAKEN:
                log.error("accounts_taken", remedy="stop the other daemon on these accounts")
            elif claim is Claim.UNPROVEN:
                remedy = "see to the database, or to our way to it"
                log.error("accounts_unproven", seconds=self._grace_s, remedy=remedy)
            elif before is not None:
                log.warning("accounts_ours_again")
            if claim is not Claim.OURS or before is not None:
                self._on_change(claim)
        self.is_decided.set()


def _ignore(claim: Claim) -> None:
    """Hear it and do nothing."""
    del claim
