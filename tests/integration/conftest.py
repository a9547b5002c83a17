"""Databases of a test's own on the shared server, and servers that a test may kill."""

import itertools
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import make_pairs, make_scene
from tests.support.scenes import make_folder, make_server
from tests.support.table import MakeTable, Table
from twoleg.runtime import pair_keeper
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


@pytest.fixture
async def table_of(
    make_database: Callable[[], Awaitable[Database]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> MakeTable:
    """Scenes on a database of their own: an armed pair would join every daemon on it."""
    monkeypatch.setattr(pair_keeper, "AWAY_S", 0.2)

    @asynccontextmanager
    async def make(**options: Any) -> AsyncGenerator[Table]:
        database = await make_database()
        connection = await database.connect()
        try:
            async with make_scene(tmp_path, database.dsn, **options) as scene:
                scene.is_declared, scene.more_pairs = False, (make_pairs()[1],)
                yield Table(scene, connection, database.dsn)
        finally:
            await connection.close()

    return make
