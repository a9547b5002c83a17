"""`twoleg migrate`: bring the database to the schema of this version."""

import argparse
import asyncio
import sys

from twoleg.cli.config import read
from twoleg.runtime.system import SystemClock, SystemEntropy
from twoleg.settings import Settings
from twoleg.storage.database import Database
from twoleg.storage.embedded import EmbeddedPostgres
from twoleg.storage.migrate import migrate


def migrate_now(arguments: argparse.Namespace) -> int:
    """Apply what is missing; says what was done."""
    applied = asyncio.run(_migrate(read(arguments.config)))
    done = ", ".join(applied) if applied else "nothing: the schema is up to date"
    sys.stdout.write(f"applied {done}\n")
    return 0


async def _migrate(settings: Settings) -> tuple[str, ...]:
    url = settings.database.url.reveal()
    if url:
        return await _apply(url)
    server = EmbeddedPostgres(
        settings.state_dir, SystemClock(), SystemEntropy(), pg_bin=settings.database.pg_bin
    )
    await server.start()
    try:
        return await _apply(server.dsn)
    finally:
        await server.stop()


async def _apply(dsn: str) -> tuple[str, ...]:
    connection = await Database(dsn).connect()
    try:
        return await migrate(connection)
    finally:
        await connection.close()
