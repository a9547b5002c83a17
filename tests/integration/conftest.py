"""Databases of a test's own on the shared server, and servers that a test may kill."""

import itertools
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.support.scenes import make_folder, make_server
from twoleg.storage.database import Database
from twoleg.storage.embedded import EmbeddedPostgres
from twoleg.storage.migrate import migrate

_numbers = itertools.count(1)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def own_server(home: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A running server that a test may kill."""
    server = make_server(home)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def make_database(
    server: EmbeddedPostgres,
) -> AsyncIterator[Callable[[], Awaitable[Database]]]:
    """Makes empty databases."""
    made: list[Database] = []

    async def make() -> Database:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        connection = await Database(server.dsn).connect()
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        made.append(Database(server.dsn.replace("/postgres?", f"/{name}?")))
        return made[-1]

    yield make
    for database in made:
        await database.close()


@pytest.fixture
async def database(make_database: Callable[[], Awaitable[Database]]) -> Database:
    """An empty database with our schema."""
    database = await make_database()
    connection = await database.connect()
    await migrate(connection)
    await connection.close()
    return database
