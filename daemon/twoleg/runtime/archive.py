"""The Postgres side of a run: one server (ours or the operator's), its schema, and the shipper."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from twoleg.errors import PostgresMissing, StorageError
from twoleg.runtime.kit import Seams
from twoleg.runtime.owner import Claim, Owner, account_keys
from twoleg.settings import Settings
from twoleg.storage.database import Database
from twoleg.storage.embedded import EmbeddedPostgres
from twoleg.storage.journal import Journal
from twoleg.storage.migrate import migrate
from twoleg.storage.reopen import JournalLimits
from twoleg.storage.shipper import Shipper, ShipperState

BACKOFF_S_MIN = 0.25
BACKOFF_S_MAX = 15.0
MIB = 1 << 20

log = structlog.get_logger(__name__)


class ArchivePort(Protocol):
    """Where the journal is copied to, as far as a run depends on it."""

    # Set once the copy can be written: from then on new executions may start.
    is_ready: asyncio.Event

    @property
    def database(self) -> Database | None:
        """Where it is; None: nowhere that could be asked."""
        ...

    @property
    def state(self) -> ShipperState:
        """How far the copy is."""
        ...

    def notify(self) -> None:
        """Something was journalled."""
        ...

    def on_claim(self, tell: Callable[[Claim], None]) -> None:
        """Tell from now on whether our accounts are ours alone, whenever that changes."""
        ...

    async def run(self) -> None:
        """Copy until cancelled."""
        ...

    async def drain(self, seconds: float) -> bool:
        """Wait until the copy has all; False if it did not get there in time."""
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...


MakeArchive = Callable[[Settings, Seams, Journal], ArchivePort]


class Archive:
    """Ships the journal to Postgres for as long as the process lives; never holds up trading."""

    def __init__(self, settings: Settings, seams: Seams, journal: Journal) -> None:
        self._seams = seams
        url = settings.database.url.reveal()
        self.server: EmbeddedPostgres | None = None
        if not url:
            self.server = EmbeddedPostgres(
                settings.state_dir, seams.clock, seams.entropy, pg_bin=settings.database.pg_bin
            )
        self.database = Database(url or self._embedded_dsn)
        self._shipper = Shipper(journal, self.database, seams.clock, seams.entropy)
        # Our own server is nobody else's: only one that hosts share can tell of another.
        keys = account_keys(settings) if url else ()
        grace_s = settings.database.owner_grace_seconds
        self._owner = Owner(self.database, keys, clock=seams.clock, grace_s=grace_s)
        # Set once the database took its schema, and it is known whether the accounts are ours.
        self.is_ready = asyncio.Event()

    def _embedded_dsn(self) -> str:
        assert self.server is not None
        return self.server.dsn

    @property
    def state(self) -> ShipperState:
        """How far the copy is."""
        return self._shipper.state

    def notify(self) -> None:
        """Something was journalled."""
        self._shipper.notify()

    def on_claim(self, tell: Callable[[Claim], None]) -> None:
        """Tell from now on whether our accounts are ours alone, whenever that changes."""
        self._owner.listen(tell)

    async def run(self) -> None:
        """Bring the server and its schema up, then ship until cancelled.

        Raises:
            PostgresMissing: there is no server and none can be started here.
        """
        async with asyncio.TaskGroup() as group:
            if self.server is not None:
                await self._start_server(self.server)
                group.create_task(self.server.run(), name="postgres")
            await self._migrate()
            group.create_task(self._owner.run(), name="owner")
            await self._owner.is_decided.wait()
            self.is_ready.set()
            group.create_task(self._shipper.run(), name="shipper")

    async def drain(self, seconds: float) -> bool:
        """Wait until the database has all; False if it did not get there in time."""
        return self.is_ready.is_set() and await self._shipper.drain(seconds)

    async def close(self) -> None:
        """Stop our server, close what is open."""
        await self.database.close()
        if self.server is not None:
            await self.server.stop()

    async def _start_server(self, server: EmbeddedPostgres) -> None:
        pause_s = BACKOFF_S_MIN
        while True:
            try:
                await server.start()
            except PostgresMissing:
                raise
            except StorageError as error:
                log.warning("postgres_not_started", reason=str(error))
                await self._seams.clock.sleep(pause_s)
                pause_s = min(2 * pause_s, BACKOFF_S_MAX)
            else:
                return

    async def _migrate(self) -> None:
        pause_s = BACKOFF_S_MIN
        while True:
            try:
                connection = await self.database.connect()
                try:
                    applied = await migrate(connection)
                finally:
                    await connection.close()
            except StorageError as error:
                log.warning("database_not_ready", reason=str(error))
                await self._seams.clock.sleep(pause_s)
                pause_s = min(2 * pause_s, BACKOFF_S_MAX)
            else:
                log.info("database_ready", migrations_applied=len(applied))
                return


def open_journal(settings: Settings, seams: Seams) -> Journal:
    """The journal of this mode; raises StorageError, JournalCorrupt, JournalFull."""
    daemon, wanted = settings.daemon, settings.journal
    journal = Journal.open(
        settings.state_dir / "journal",
        sync=wanted.sync.value,
        clock=seams.clock,
        entropy=seams.entropy,
        mode=daemon.mode.value,
        member=daemon.member,
        limits=JournalLimits(
            segment_bytes=wanted.segment_mib * MIB, reserve_bytes=wanted.reserve_mib * MIB
        ),
    )
    if journal.torn_bytes:
        log.warning("journal_tail_was_torn", bytes=journal.torn_bytes)
    return journal
