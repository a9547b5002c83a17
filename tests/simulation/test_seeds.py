"""Fixed seeds of the seeded world, and what makes any seed worth replaying."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.mutants.slice import SLICE

PART = 15
# Its run of seeds from 0 on in parts, and each of the others.
RANGES = [
    *(f"{first}:{first + PART}" for first in SLICE[::PART] if first + PART - 1 in SLICE),
    *(str(seed) for seed in SLICE if seed - 1 not in SLICE and seed),
]
ROOT = Path(__file__).parents[2]
COMMAND = (
    "from tests.simulation.outcome import prepare_process, run_seed\n"
    "prepare_process()\n"
    "print(*(run_seed(seed).trace_hash for seed in {seeds}))\n"
)


def hashes(seeds: list[int], hash_seed: str) -> list[str]:
    """Trace hashes as a process of its own finds them."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", COMMAND.format(seeds=seeds)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_the_same_seed_gives_the_same_trace_whatever_ran_before() -> None:
    forward = hashes([3, 4, 5], "0")
    assert len(set(forward)) == 3
    assert hashes([5, 4, 3], "0") == forward[::-1]


@pytest.mark.parametrize("hash_seed", ["1"])
def test_nothing_hangs_on_the_order_of_sets(hash_seed: str) -> None:
    assert hashes([4], hash_seed) == hashes([4], "0")


def test_the_ranges_are_the_slice() -> None:
    spans = [(int(first), int(end or int(first) + 1)) for first, _, end in map(split, RANGES)]
    assert [seed for first, end in spans for seed in range(first, end)] == list(SLICE)


def split(seeds: str) -> tuple[str, str, str]:
    return seeds.partition(":")


@pytest.mark.parametrize("seeds", RANGES)
def test_no_promise_is_broken(seeds: str) -> None:
    """Not under coverage: what is measured is the time of the daemon, not of the tracer."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seeds", seeds, "--jobs", "1", "--no-shrink"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
