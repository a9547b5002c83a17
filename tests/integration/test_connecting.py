"""The database of a command: one that runs is used, one that does not is run for as long."""

from pathlib import Path

import pytest

from tests.unit.storage.support import RealClock, SeededEntropy
from twoleg.cli.connecting import open_database
from twoleg.errors import DatabaseUnavailable
from twoleg.settings import DaemonSettings, DatabaseSettings, Mode, Secret, Settings
from twoleg.storage.embedded import EmbeddedPostgres


def settings(home: Path, url: str = "") -> Settings:
    return Settings(
        daemon=DaemonSettings(mode=Mode.SIM, state_dir=home / "state"),
        database=DatabaseSettings(url=Secret(url)),
    )


async def count_markets(wanted: Settings) -> int:
    async with (
        open_database(wanted, RealClock(), SeededEntropy()) as database,
        database.acquire() as connection,
    ):
        return int(await connection.fetchval("SELECT count(*) FROM twoleg.catalogue_market"))


def runs_below(home: Path) -> bool:
    return any(home.rglob("postmaster.pid"))


async def test_the_embedded_server_of_a_daemon_is_used_and_left_alone(home: Path) -> None:
    wanted = settings(home)
    server = EmbeddedPostgres(
        wanted.state_dir, RealClock(), SeededEntropy(), initdb_options=("--no-sync",)
    )
    await server.start()
    pid = server.pid
    try:
        assert await count_markets(wanted) == 0
        assert server.pid == pid
    finally:
        await server.stop()
    assert not runs_below(home)
    # Nobody runs it now: it is started and stopped again.
    assert await count_markets(wanted) == 0
    assert not runs_below(home)


async def test_database_url_goes_before_it(home: Path, own_server: EmbeddedPostgres) -> None:
    assert await count_markets(settings(home, own_server.dsn)) == 0
    assert not (home / "state" / "sim").exists()
    await own_server.stop()
    with pytest.raises(
        DatabaseUnavailable, match=r"^the database postgresql://.* cannot be reached"
    ):
        await count_markets(settings(home, own_server.dsn))
