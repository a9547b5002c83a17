"""`twoleg sync` as a process: killed in the middle it loses nothing, and doubles nothing."""

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Running, start, until
from tests.system.support import Venues, admin_url, read_json, venues
from twoleg.core.market import Venue
from twoleg.storage.database import Database
from twoleg.storage.embedded import EmbeddedPostgres

PAIRS = 250
CONTENT = """
    SELECT to_jsonb(m) - 'first_seen_time' - 'changed_time' AS row
    FROM twoleg.catalogue_market m ORDER BY venue, native_id"""


@pytest.fixture
def ground(folder: Path) -> Iterator[Venues]:
    with venues(folder, mode="sim", pairs=PAIRS) as found:
        yield found


def ask(dsn: str, statement: str) -> list[Any]:
    async def run() -> list[Any]:
        connection = await Database(dsn).connect()
        try:
            rows: list[Any] = await connection.fetch(statement)
            return rows
        finally:
            await connection.close()

    return asyncio.run(run())


@contextmanager
def syncing(found: Venues, folder: Path, dsn: str, *words: str) -> Iterator[Running]:
    arguments = ["sync", "--config", found.config, *words]
    with start(arguments, folder=folder, name="sync", environment={"DATABASE_URL": dsn}) as running:
        yield running


def sync(found: Venues, folder: Path, dsn: str) -> dict[str, Any]:
    with syncing(found, folder, dsn, "--json") as running:
        assert running.end() == 0, running.told()
        told: dict[str, Any] = json.loads(running.stdout())
        return told


def slow_down(found: Venues, delay_ms: int) -> None:
    """Have each page of Gamma wait; 0: no more."""
    url = f"{admin_url(found.told[Venue.POLYMARKET])}/_sim/faults"
    if not delay_ms:
        read_json(url, method="DELETE")
        return
    read_json(url, {"on": "GET /gamma/markets/keyset", "kind": "delay", "delay_ms": delay_ms})


def pages_stored(dsn: str) -> int:
    rows = ask(dsn, "SELECT to_regclass('twoleg.catalogue_crawl') IS NOT NULL")
    if not rows[0][0]:
        return 0
    found = ask(dsn, "SELECT pages FROM twoleg.catalogue_crawl WHERE venue = 'polymarket'")
    return int(found[0][0]) if found else 0


def test_killed_in_mid_sync_the_next_one_ends_with_the_same_content(
    ground: Venues, folder: Path, server: EmbeddedPostgres
) -> None:
    for name in ("sync_killed", "sync_quiet"):
        ask(server.dsn, f"CREATE DATABASE {name}")
    killed, quiet = (
        server.dsn.replace("/postgres?", f"/{name}?") for name in ("sync_killed", "sync_quiet")
    )
    slow_down(ground, 400)
    with syncing(ground, folder, killed) as running:
        until(lambda: pages_stored(killed) >= 1, why="a page is stored", running=running)
        running.send(signal.SIGKILL)
        running.end()
    slow_down(ground, 0)
    stored = ask(killed, "SELECT count(*) FROM twoleg.catalogue_market WHERE venue = 'polymarket'")
    assert 100 <= stored[0][0] < PAIRS
    again = sync(ground, folder, killed)
    polymarket = again["venues"]["polymarket"]
    assert (polymarket["resumed"], polymarket["new"]) == (True, PAIRS - stored[0][0])
    assert (polymarket["changed"], polymarket["gone"]) == (0, 0)
    sync(ground, folder, quiet)
    assert ask(killed, CONTENT) == ask(quiet, CONTENT)
    assert len(ask(killed, CONTENT)) == 2 * PAIRS
