"""Fixed seeds of the seeded world, and what makes any seed worth replaying."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.mutants.slice import SLICE

PART = 15
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


@pytest.mark.parametrize("first", SLICE[::PART])
def test_no_promise_is_broken(first: int) -> None:
    """Not under coverage: what is measured is the time of the daemon, not of the tracer."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        environment.pop(name, None)
    seeds = f"{first}:{first + PART}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seeds", seeds, "--jobs", "1", "--no-shrink"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
