"""`twoleg sync` as a process: killed in the middle it loses nothing, and doubles nothing."""

import asyncio
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Running, clean_environment, start, until
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


def on_terminal(
    found: Venues,
    folder: Path,
    dsn: str,
    command: str = "sync",
    *,
    columns: int,
    interrupt_at: bytes = b"",
    **names: str,
) -> tuple[int, str]:
    """The exit code of a command on a terminal, and every letter that it was sent.

    Ctrl-C is pressed when `interrupt_at` has been shown.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "twoleg", command, "--config", found.config],
        cwd=folder,
        env={**clean_environment(), "DATABASE_URL": dsn, "TERM": "xterm", **names},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        # Ctrl-C goes to whoever holds the terminal.
        preexec_fn=lambda: os.login_tty(theirs),  # noqa: PLW1509 - no thread runs here
    )
    os.close(theirs)
    shown = b""
    try:
        while part := _read(ours):
            shown += part
            if interrupt_at and interrupt_at in shown:
                os.write(ours, b"\x03")
                interrupt_at = b""
        return process.wait(20), shown.decode()
    finally:
        os.close(ours)
        process.kill()
        process.wait()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:
        # How Linux tells that nobody holds the other end any more.
        return b""


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


def test_on_a_terminal_the_bar_keeps_to_its_line_and_ctrl_c_ends_it(
    ground: Venues, folder: Path, server: EmbeddedPostgres
) -> None:
    ask(server.dsn, "CREATE DATABASE sync_seen")
    dsn = server.dsn.replace("/postgres?", "/sync_seen?")
    # COLUMNS says what some other terminal has.
    code, shown = on_terminal(ground, folder, dsn, columns=40, NO_COLOR="1", COLUMNS="200")
    *drawn, table = shown.split("\r\x1b[K")
    bars = [part for part in drawn if "\r\n" not in part]
    assert code == 0
    assert any("kalshi 250" in part for part in bars), drawn
    assert all(len(part) < 40 and "\x1b" not in part for part in drawn)
    assert table.startswith("kalshi: 250 markets")
    code, shown = on_terminal(ground, folder, dsn, columns=40, TERM="dumb")
    assert (code, "\x1b" in shown, "crawl_moved" in shown) == (0, False, True)
    code, shown = on_terminal(ground, folder, dsn, "match", columns=40, NO_COLOR="1")
    *drawn, told = shown.split("\r\x1b[K")
    assert (code, "read 250 Kalshi and 250 Polymarket markets" in told) == (0, True), shown
    assert all(len(part) < 40 for part in drawn if "\r\n" not in part)
    assert any("reading" in part for part in drawn), drawn
    slow_down(ground, 60_000)
    code, shown = on_terminal(ground, folder, dsn, columns=80, interrupt_at=b"kalshi markets")
    assert code == 130
    assert shown.endswith("\r\x1b[Ktwoleg: interrupted: what was read is stored, and the next sync"
                          " goes on from there\r\n")  # fmt: skip
