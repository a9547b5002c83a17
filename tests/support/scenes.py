"""A real Postgres for the tests, made once without any care for durability, and scenes on it."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Scene, make_scene
from tests.unit.storage.support import RealClock, SeededEntropy
from twoleg.storage.database import Database
from twoleg.storage.embedded import EmbeddedPostgres

MakeScene = Callable[..., AbstractAsyncContextManager[Scene]]
CARELESS = ("fsync=off", "full_page_writes=off")
"""Enough to survive a kill of the server, not one of the machine."""
_scenarios: set[str] = set()


def make_folder() -> Path:
    """A folder that an unprivileged user can enter, unlike pytest's own; in memory if it fits."""
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30
    folder = Path(tempfile.mkdtemp(prefix="twoleg-", dir=memory if is_roomy else None))
    folder.chmod(0o711)
    return folder


def make_server(home: Path, *, pg_bin: Path | None = None) -> EmbeddedPostgres:
    return EmbeddedPostgres(
        home / "state",
        RealClock(),
        SeededEntropy(),
        pg_bin=pg_bin,
        data_home=home / "pg",
        initdb_options=("--no-sync",),
        server_settings=CARELESS,
    )


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    folder = make_folder()
    server = make_server(folder)
    asyncio.run(server.start())
    yield server
    # Nobody needs these data: no shutdown checkpoint over all the databases.
    os.kill(server.pid or 0, signal.SIGQUIT)
    asyncio.run(server.stop())
    shutil.rmtree(folder)


@pytest.fixture
async def scene_of(server: EmbeddedPostgres, tmp_path: Path) -> MakeScene:
    """Scenes of the daemon on one database: the journals tell their records apart."""
    url = server.dsn.replace("/postgres?", "/scenarios?")
    if url not in _scenarios:
        connection = await Database(server.dsn).connect()
        await connection.execute("CREATE DATABASE scenarios")
        await connection.close()
        _scenarios.add(url)

    def make(**options: Any) -> AbstractAsyncContextManager[Scene]:
        return make_scene(tmp_path, url, **options)

    return make
