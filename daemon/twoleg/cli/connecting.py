"""The database of a command: the one of the settings, or the embedded one, running or not."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from twoleg.errors import DatabaseUnavailable, StorageError
from twoleg.seams import Clock, Entropy
from twoleg.settings import Settings
from twoleg.storage.database import Database, hide_password
from twoleg.storage.embedded import EmbeddedPostgres
from twoleg.storage.migrate import migrate


@asynccontextmanager
async def open_database(
    settings: Settings, clock: Clock, entropy: Entropy
) -> AsyncGenerator[Database, None]:
    """The database of this mode, with the schema of this program.

    `DATABASE_URL` if it is set. Else the embedded server: the one that a running daemon owns is
    used as it is; where none runs, one is started, and stopped at the end.

    Raises:
        StorageError: it cannot be used, or its schema is newer than this program.
        DatabaseUnavailable: it cannot be reached.
    """
    url = settings.database.url.reveal()
    if url:
        async with _ready(url) as database:
            yield database
        return
    server = EmbeddedPostgres(settings.state_dir, clock, entropy, pg_bin=settings.database.pg_bin)
    is_ours = await _start_unless_running(server)
    try:
        async with _ready(server.dsn) as database:
            yield database
    finally:
        if is_ours:
            await server.stop()


async def _start_unless_running(server: EmbeddedPostgres) -> bool:
    """Whether the server is one that we started."""
    if await _answers(server.dsn):
        return False
    try:
        await server.start()
    except StorageError:
        # A daemon that is just starting has its server on the same data.
        if not await _answers(server.dsn):
            raise
        return False
    return True


async def _answers(dsn: str) -> bool:
    try:
        connection = await Database(dsn).connect()
    except DatabaseUnavailable:
        return False
    await connection.close()
    return True


@asynccontextmanager
async def _ready(dsn: str) -> AsyncGenerator[Database, None]:
    database = Database(dsn)
    try:
        connection = await database.connect()
    except DatabaseUnavailable as error:
        where = f"the database {hide_password(dsn)} cannot be reached"
        raise DatabaseUnavailable(f"{where}: {error}") from error
    try:
        await migrate(connection)
    finally:
        await connection.close()
    try:
        yield database
    finally:
        await database.close()
