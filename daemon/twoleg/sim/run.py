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
from typing import Final

from twoleg.sim.base import LOOPBACK, VenueSim
from twoleg.sim.faults import Faults
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.sim.prices import Venue
from twoleg.sim.world import FlowWorld

NS_PER_MS: Final = 1_000_000
# What the line holds besides "venue" and "urls"; null where it does not apply.
CREDENTIALS = (
    "chain_id",
    "api_key_id",
    "private_key_path",
    "wallet_key",
    "api_creds",
)
# At another speed a client signs with a time that is ever further in the venue's past: unless told
# otherwise, its age is not judged then.
ANY_AGE: Final[Mapping[Venue, Mapping[str, object]]] = {
    "kalshi": {"skew_past_ms_max": 1 << 62},
    "polymarket": {"timestamp_skew_s": 0},
}


class SystemClock:
    """The machine's own time, or one that runs `speed` times as fast.

    A fast clock starts from the machine's time at `epoch_ms`, so that two venues with the same
    epoch agree; without one (0) it starts from the machine's time now.
    """

    def __init__(self, speed: int = 1, epoch_ms: int = 0) -> None:
        self._speed = speed
        self._wall_start_ns = epoch_ms * NS_PER_MS or time.time_ns()
        self._monotonic_start_ns = time.monotonic_ns()

    def now_ns(self) -> int:
        """Return wall time since the Unix epoch."""
        return _faster(time.time_ns(), self._wall_start_ns, self._speed)

    def monotonic_ns(self) -> int:
        """Return a time that never goes back."""
        return _faster(time.monotonic_ns(), self._monotonic_start_ns, self._speed)

    async def sleep(self, seconds: float) -> None:
        """Wait until so much of this clock's time has passed."""
        await asyncio.sleep(seconds / self._speed)


def _faster(now_ns: int, start_ns: int, speed: int) -> int:
    return start_ns + (now_ns - start_ns) * speed


def make_venue(
    venue: Venue,
    *,
    seed: int = 1,
    pairs: int = 10,
    epoch_ms: int = 0,
    key_dir: str | None = None,
    faults: Sequence[Mapping[str, object]] = (),
    options: Mapping[str, object] | None = None,
    speed: int = 1,
) -> VenueSim:
    """Compose a venue on the machine's clock; ValueError names what is wrong with the input.

    Two venues form one world if seed, pairs, epoch and speed agree. All that the venue times runs
    `speed` times as fast: prices, expiries, settlement, dead-man switches, rate limits.
    """
    clock = SystemClock(speed, epoch_ms)
    any_age = ANY_AGE[venue] if speed > 1 else {}
    kind = {"kalshi": KalshiSim, "polymarket": PolymarketSim}[venue]
    return kind(
        world=FlowWorld(seed, pairs),
        clock=clock,
        rng=Random(f"{venue}:{seed}"),
        faults=Faults(faults, rng=Random(f"{venue}:{seed}:faults")),
        sleep=clock.sleep,
        options={"epoch_ms": epoch_ms, "key_dir": key_dir, **any_age, **(options or {})},
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
    speed: int = 1,
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
        speed=speed,
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
