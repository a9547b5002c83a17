import asyncio
import json
import os
import signal
import sys
import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession

from tests.unit.sim.kalshi_client import sign
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.prices import Venue
from twoleg.sim.run import CREDENTIALS, SystemClock, greeting, make_venue, run_venue

NS_PER_MS = 1_000_000
NOW_MS = 1_790_000_000_000
BALANCE = "/trade-api/v2/portfolio/balance"


def test_make_venue_passes_seed_epoch_and_faults_on(tmp_path: Path) -> None:
    sim = make_venue(
        "kalshi",
        seed=4,
        pairs=3,
        epoch_ms=60_000,
        key_dir=str(tmp_path),
        faults=[{"on": "GET /", "kind": "http_503"}],
        options={"key_kind": "ed25519", "flow": False},
    )
    assert (sim.world.seed, len(sim.exchanges), sim.prices.epoch_ms) == (4, 3, 60_000)
    line = greeting(sim, {"rest": "r", "ws": "w"})
    assert set(line) == {"venue", "urls", *CREDENTIALS}
    assert line["private_key_path"] == str(tmp_path / "kalshi-default.pem")
    assert line["wallet_key"] is None


def test_system_clock_tells_time() -> None:
    before_ns = time.time_ns()
    now_ns = SystemClock(epoch_ms=60_000).now_ns()
    assert before_ns <= now_ns <= time.time_ns()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The machine's clocks, standing still: wall and monotonic time in ns."""
    ns = {"wall": NOW_MS * NS_PER_MS, "monotonic": 500}
    monkeypatch.setattr(time, "time_ns", lambda: ns["wall"])
    monkeypatch.setattr(time, "monotonic_ns", lambda: ns["monotonic"])
    return ns


def test_fast_clock_runs_from_the_epoch_or_else_from_the_start(machine: dict[str, int]) -> None:
    from_start = SystemClock(60)
    from_epoch = SystemClock(60, epoch_ms=NOW_MS - 2_000)
    assert (from_start.now_ns(), from_start.monotonic_ns()) == (NOW_MS * NS_PER_MS, 500)
    assert from_epoch.now_ns() == (NOW_MS - 2_000 + 120_000) * NS_PER_MS
    machine["wall"] += 1_000 * NS_PER_MS
    machine["monotonic"] += 7
    # One that starts a second later, with the same epoch, agrees.
    assert SystemClock(60, epoch_ms=NOW_MS - 2_000).now_ns() == from_epoch.now_ns()
    assert from_start.now_ns() == (NOW_MS + 60_000) * NS_PER_MS
    assert from_start.monotonic_ns() == 500 + 7 * 60


async def test_fast_clock_sleeps_so_much_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    slept_s: list[float] = []

    async def sleep(seconds: float) -> None:
        slept_s.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    await SystemClock(8).sleep(2)
    await SystemClock().sleep(2)
    assert slept_s == [0.25, 2]


@pytest.mark.parametrize("venue", ["kalshi", "polymarket"])
async def test_a_fast_venue_lives_an_hour_in_a_second(
    venue: Venue, machine: dict[str, int]
) -> None:
    sim = make_venue(venue, pairs=2, speed=3_600, options={"flow": False})
    loop = asyncio.get_running_loop()
    urls = await sim.start(loop.create_server, "127.0.0.1", 0)
    url = urls["rest"] + "/exchange/status" if venue == "kalshi" else urls["clob"] + "/time"
    dates: list[datetime] = []
    try:
        async with ClientSession() as session:
            for _ in range(2):
                async with session.get(url) as response:
                    assert response.status == 200
                    dates.append(parsedate_to_datetime(response.headers["Date"]))
                machine["wall"] += 1_000 * NS_PER_MS
    finally:
        await sim.stop()
    assert [date.timestamp() * 1_000 for date in dates] == [NOW_MS, NOW_MS + 3_600_000]


@pytest.mark.parametrize(("speed", "status"), [(1, 401), (1_000, 200)])
async def test_only_at_another_speed_the_age_of_signatures_is_not_judged(
    speed: int, status: int, machine: dict[str, int], tmp_path: Path
) -> None:
    sim = make_venue(
        "kalshi", speed=speed, key_dir=str(tmp_path), options={"flow": False, "key_kind": "ed25519"}
    )
    assert isinstance(sim, KalshiSim)
    url = (await sim.start(asyncio.get_running_loop().create_server, "127.0.0.1", 0))["rest"]
    headers = {
        "KALSHI-ACCESS-KEY": sim.api_key_id("default"),
        "KALSHI-ACCESS-TIMESTAMP": str(NOW_MS),
        "KALSHI-ACCESS-SIGNATURE": sign(sim.private_keys["default"], f"{NOW_MS}GET{BALANCE}"),
    }
    machine["wall"] += 60_000 * NS_PER_MS
    try:
        async with (
            ClientSession() as session,
            session.get(url + "/portfolio/balance", headers=headers) as response,
        ):
            assert response.status == status
    finally:
        await sim.stop()


async def test_every_key_is_told_by_its_name(tmp_path: Path) -> None:
    sim = make_venue(
        "kalshi",
        pairs=2,
        key_dir=str(tmp_path),
        options={
            "key_kind": "ed25519",
            "accounts": {"ann": {"0": 5}, "bob": {"0": 7}},
            "keys": {"reader": {"account": "bob", "scopes": ["read"]}},
        },
    )
    assert isinstance(sim, KalshiSim)
    line = greeting(sim, {})
    urls = await sim.start(asyncio.get_running_loop().create_server, "127.0.0.1", 0)
    try:
        admin = urlsplit(urls["rest"])._replace(path="/_sim/keys").geturl()
        async with ClientSession() as session, session.get(admin) as response:
            told = await response.json()
    finally:
        await sim.stop()
    assert told == {
        name: {
            "api_key_id": sim.api_key_id(name),
            "private_key_path": str(tmp_path / f"kalshi-{name}.pem"),
        }
        for name in ("ann", "bob", "reader")
    }
    assert line["api_key_id"] == sim.api_key_id("ann")
    assert len({sim.api_key_id(name) for name in ("ann", "bob", "reader")}) == 3


async def test_run_venue_prints_one_line_and_ends_on_sigterm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stdout:
        def __init__(self) -> None:
            self.text = ""
            self.flushed = asyncio.Event()

        def write(self, text: str) -> None:
            self.text += text

        def flush(self) -> None:
            self.flushed.set()

    stdout = Stdout()
    monkeypatch.setattr(sys, "stdout", stdout)
    options = {"key_kind": "ed25519"}
    async with asyncio.TaskGroup() as group:
        group.create_task(run_venue("kalshi", pairs=2, key_dir=str(tmp_path), options=options))
        await asyncio.wait_for(stdout.flushed.wait(), 5)
        os.kill(os.getpid(), signal.SIGTERM)
    monkeypatch.undo()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)
    line = json.loads(stdout.text)
    assert stdout.text.count("\n") == 1
    assert line["venue"] == "kalshi"
    assert line["urls"]["rest"].startswith("http://127.0.0.1:")
    assert line["urls"]["ws"].endswith("/trade-api/ws/v2")
