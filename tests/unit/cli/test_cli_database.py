"""`twoleg migrate` against our own server and one of the operator's."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import make_folder
from tests.unit.cli.conftest import Run
from tests.unit.storage.support import RealClock, SeededEntropy
from twoleg.storage.embedded import EmbeddedPostgres


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_folder()
    yield folder
    shutil.rmtree(folder)


def test_migrate_makes_the_schema_in_our_own_server_once(run: Run, home: Path) -> None:
    config = home / "twoleg.toml"
    config.write_text(f'[daemon]\nstate_dir = "{home / "state"}"\n', "utf-8")
    first = run("migrate", "--config", config)
    assert (first.code, first.err) == (0, "")
    assert "applied 0001" in first.out
    second = run("migrate", "--config", config)
    assert second.code == 0
    assert "nothing: the schema is up to date" in second.out
    assert list(home.rglob("postmaster.pid")) == []


def test_migrate_uses_the_server_that_database_url_names(run: Run, home: Path) -> None:
    server = EmbeddedPostgres(home / "log", RealClock(), SeededEntropy(), data_home=home / "pg")
    asyncio.run(server.start())
    try:
        state = {"DATABASE_URL": server.dsn, "TWOLEG_DAEMON__STATE_DIR": str(home / "state")}
        assert "applied 0001" in run("migrate", **state).out
        assert "nothing" in run("migrate", **state).out
    finally:
        asyncio.run(server.stop())
    assert not (home / "state").exists()


def test_migrate_says_plainly_that_the_database_cannot_be_reached(run: Run) -> None:
    address = "postgresql://somebody:hunter2@127.0.0.1:1/twoleg"
    ended = run("migrate", DATABASE_URL=address)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("twoleg: ")
    assert "hunter2" not in ended.err
    assert "Traceback" not in ended.err


def test_migrate_refuses_an_address_that_is_none_without_showing_it(run: Run) -> None:
    ended = run("migrate", DATABASE_URL="mysql://somebody:hunter2@localhost/twoleg")
    assert ended.code == 2
    assert "DATABASE_URL" in ended.err
    assert "hunter2" not in ended.err
