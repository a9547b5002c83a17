"""Copy the journal to Postgres: in order, idempotently, and again after any outage.

Reads the journal's files and writes to the database; the hot path never waits for either. The
place to go on from is kept in the database, in the transaction that brings the records.
"""

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog

from twoleg.errors import DatabaseUnavailable, StorageError
from twoleg.seams import Clock, Entropy
from twoleg.storage.cursor import Cursor
from twoleg.storage.database import Connection, Database, is_data_fault, translate_errors
from twoleg.storage.journal import Journal
from twoleg.storage.projection import RunContext, to_time
from twoleg.storage.queries import query
from twoleg.storage.records import RunStarted
from twoleg.storage.shipment import Item, drop_nul, prepare_items

BATCH_MAX: Final = 500
LINGER_SECONDS: Final = 0.05
"""After a wake-up, so that a burst becomes one transaction; a drain does not linger."""
POLL_SECONDS: Final = 1.0
"""How long an append that nobody announced can go unseen."""
BACKOFF_SECONDS_MIN: Final = 0.1
BACKOFF_SECONDS_MAX: Final = 10.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ShipperState:
    """How far the copy is. `unprojected` counts records since the start that only stand raw."""

    shipped_seq: int
    lag: int
    is_connected: bool
    last_error: str
    unprojected: int


class Shipper:
    """The one writer of a journal's rows. Run it as a task; it ends only by cancellation."""

    def __init__(
        self,
        journal: Journal,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        *,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._journal = journal
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._batch_max = batch_max
        # Set when something was appended.
        self._wake = asyncio.Event()
        # Set when something was shipped.
        self._moved = asyncio.Event()
        self._drains = 0
        self._shipped_seq = 0
        self._is_connected = False
        self._last_error = ""
        self._unprojected = 0
        self._backoff_seconds = BACKOFF_SECONDS_MIN
        # What the last RunStarted before the next record said.
        self._run = RunContext(journal.journal_uuid, journal.mode, journal.member)

    @property
    def state(self) -> ShipperState:
        """Where the shipper is; `shipped_seq` is 0 until the database was reached once."""
        return ShipperState(
            shipped_seq=self._shipped_seq,
            lag=self._journal.last_seq - self._shipped_seq,
            is_connected=self._is_connected,
            last_error=self._last_error,
            unprojected=self._unprojected,
        )

    def notify(self) -> None:
        """Something was appended."""
        self._wake.set()

    async def run(self) -> None:
        """Ship for ever; an outage or a refusal is kept in `state` and tried again."""
        while True:
            try:
                connection = await self._database.connect()
                try:
                    await self._ship_all(connection)
                finally:
                    self._is_connected = False
                    connection.terminate()
            except Exception as error:  # noqa: BLE001 - a task's root: trading goes on without it
                self._report(error)
            await self._clock.sleep(self._backoff_seconds * (0.5 + self._entropy.jitter() / 2))
            self._backoff_seconds = min(self._backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    async def drain(self, timeout_seconds: float) -> bool:
        """Wait until all that stands in the journal now is shipped; False if time ran out.

        Needs `run` as a task beside it.
        """
        wanted = self._journal.last_seq
        self._drains += 1
        self.notify()
        try:
            async with asyncio.timeout(timeout_seconds):
                # Before the first connection 0 means unknown, not nothing.
                while self._shipped_seq < wanted:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return False
        finally:
            self._drains -= 1
        return True

    def _report(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        if text != self._last_error:
            log.warning("shipping_failed", reason=text, lag=self.state.lag)
        self._last_error = text

    async def _ship_all(self, connection: Connection) -> None:
        cursor = await self._find_start(connection)
        try:
            self._is_connected = True
            self._last_error = ""
            self._moved.set()
            while True:
                batch = cursor.take(self._batch_max)
                if batch:
                    await self._ship_batch(connection, batch)
                else:
                    await self._wait(connection)
        finally:
            cursor.close()

    async def _wait(self, connection: Connection) -> None:
        # All is shipped: the next outage starts with short waits again.
        self._backoff_seconds = BACKOFF_SECONDS_MIN
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
            if not self._drains:
                await self._clock.sleep(LINGER_SECONDS)
        except TimeoutError:
            pass
        self._wake.clear()
        if connection.is_closed():
            raise DatabaseUnavailable("the server closed the connection")

    async def _find_start(self, connection: Connection) -> Cursor:
        """The cursor behind the last shipped record, and the run that goes on there."""
        journal = self._journal
        now = to_time(self._clock.wall_ns())
        run = RunContext(journal.journal_uuid, journal.mode, journal.member)
        with translate_errors():
            await connection.execute(
                query("upsert_journal"), run.journal_uuid, run.mode, run.member, now
            )
            row = await connection.fetchrow(query("read_shipped"), run.journal_uuid)
            shipped_seq: int = row["shipped_seq"]
            started = await connection.fetchval(
                query("read_last_run"), run.journal_uuid, shipped_seq
            )
        if started is not None:
            run = run.started(msgspec.json.decode(started, type=RunStarted))
        self._check_lineage(shipped_seq, row["payload_crc32"])
        self._run = run
        self._shipped_seq = shipped_seq
        return journal.cursor(shipped_seq + 1)

    def _check_lineage(self, shipped_seq: int, checksum: int | None) -> None:
        """Refuse a journal that lost records which the database has: numbers would be reused."""
        journal = self._journal
        if shipped_seq > journal.last_seq:
            raise StorageError(
                f"{journal.folder}: the journal ends at record {journal.last_seq}, "
                f"the database has it up to {shipped_seq}: records were lost locally; "
                "move the journal away to begin a new one"
            )
        if checksum is None or shipped_seq < journal.first_seq:
            return
        cursor = journal.cursor(shipped_seq)
        try:
            [(_, payload)] = cursor.take(1)
        finally:
            cursor.close()
        if zlib.crc32(payload) != checksum:
            raise StorageError(
                f"{journal.folder}: record {shipped_seq} is not the one in the database: records "
                "were lost locally; move the journal away to begin a new one"
            )

    async def _ship_batch(self, connection: Connection, batch: list[tuple[int, bytes]]) -> None:
        items, run = prepare_items(batch, self._run)
        try:
            await self._write(connection, items)
        except StorageError as error:
            if not is_data_fault(error.__cause__):
                raise
            items = await self._write_apart(connection, items)
        self._run = run
        self._shipped_seq = items[-1].seq
        self._moved.set()
        self._unprojected += self._log_faults(items)

    async def _write(self, connection: Connection, items: Sequence[Item]) -> None:
        """A whole batch in one transaction."""
        with translate_errors():
            async with connection.transaction():
                await self._write_raw(connection, items)
                for item in items:
                    for name, args in item.statements:
                        await connection.execute(query(name), *args)

    async def _write_apart(self, connection: Connection, items: Sequence[Item]) -> list[Item]:
        """The same where a record cannot be projected: that one stays raw, with the reason."""
        with translate_errors():
            async with connection.transaction():
                written = [await self._try_item(connection, item) for item in items]
                await self._write_raw(connection, written)
        return written

    async def _try_item(self, connection: Connection, item: Item) -> Item:
        try:
            with translate_errors():
                async with connection.transaction():
                    for name, args in item.statements:
                        await connection.execute(query(name), *args)
        except StorageError as error:
            if not is_data_fault(error.__cause__):
                raise
            return Item(item.seq, item.payload, item.kind, item.wall_ns, [], str(error))
        return item

    async def _write_raw(self, connection: Connection, items: Sequence[Item]) -> None:
        journal_uuid = self._journal.journal_uuid
        rows = [
            (
                journal_uuid,
                item.seq,
                item.kind,
                to_time(item.wall_ns),
                zlib.crc32(item.payload),
                drop_nul(item.payload).decode(),
                item.fault,
            )
            for item in items
        ]
        await connection.executemany(query("insert_record"), rows)
        now = to_time(self._clock.wall_ns())
        await connection.execute(query("advance_shipped"), journal_uuid, items[-1].seq, now)

    def _log_faults(self, items: Sequence[Item]) -> int:
        faults = [item for item in items if item.fault is not None]
        for item in faults:
            log.error("record_not_projected", seq=item.seq, kind=item.kind, reason=item.fault)
        return len(faults)
