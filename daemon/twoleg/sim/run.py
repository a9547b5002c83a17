"""Run one simulated venue as a process: the composition root of the simulators.

This is the only module here that knows the machine's clock and signals. It prints one JSON line
with everything a client needs, then serves until SIGINT or SIGTERM.
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from random import Random

from twoleg.sim.base import LOOPBACK, VenueSim
from twoleg.sim.faults import Faults
from twoleg.sim.kalshi import KalshiSim
from twoleg.sim.polymarket import PolymarketSim
from twoleg.sim.prices import Venue
from twoleg.sim.world import FlowWorld

# What the line holds besides "venue" and "urls"; null where it does not apply.
CREDENTIALS = (
    "chain_id",
    "api_key_id",
    "private_key_path",
    "wallet_key",
    "api_creds",
)


class SystemClock:
    """The machine's own time."""

    def now_ns(self) -> int:
        """Return wall time since the Unix epoch."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return a time that never goes back."""
        return time.monotonic_ns()


def make_venue(
    venue: Venue,
    *,
    seed: int = 1,
    pairs: int = 10,
    epoch_ms: int = 0,
    key_dir: str | None = None,
    faults: Sequence[Mapping[str, object]] = (),
    options: Mapping[str, object] | None = None,
) -> VenueSim:
    """Compose a venue on the machine's clock; ValueError names what is wrong with the input.

    Two venues form one world if seed, pairs and epoch agree.
    """
    kind = {"kalshi": KalshiSim, "polymarket": PolymarketSim}[venue]
    return kind(
        world=FlowWorld(seed, pairs),
        clock=SystemClock(),
        rng=Random(f"{venue}:{seed}"),
        faults=Faults(faults, rng=Random(f"{venue}:{seed}:faults")),
        sleep=asyncio.sleep,
        options={"epoch_ms": epoch_ms, "key_dir": key_dir, **(options or {})},
    )


async def run_venue(  # noqa: PLR0913 - one per switch of the command line
    venue: Venue,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    seed: int = 1,
    pairs: int = 10,
    epoch_ms: int = 0,
    key_dir: str | None = None,
    faults: Sequence[Mapping[str, object]] = (),
    options: Mapping[str, object] | None = None,
) -> None:
    """Serve a venue until SIGINT or SIGTERM, after printing one JSON line about it."""
    sim = make_venue(
        venue,
        seed=seed,
        pairs=pairs,
        epoch_ms=epoch_ms,
        key_dir=key_dir,
        faults=faults,
        options=options,
    )
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    urls = await sim.start(loop.create_server, host, port)
    try:
        sys.stdout.write(json.dumps(greeting(sim, urls)) + "\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await sim.stop()


def greeting(sim: VenueSim, urls: Mapping[str, str]) -> dict[str, object]:
    """Return the content of the line that a started venue prints."""
    credentials = sim.credentials()
    return {
        "venue": sim.venue,
        "urls": dict(urls),
        **{name: credentials.get(name) for name in CREDENTIALS},
    }
