import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from twoleg.sim.run import CREDENTIALS, SystemClock, greeting, make_venue, run_venue


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
    clock = SystemClock()
    assert clock.now_ns() > 1_700_000_000_000_000_000
    assert clock.monotonic_ns() <= clock.monotonic_ns()


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
