"""`python -m tests.simulation feeds`: a day of both feeds under every fault, in virtual time."""

import argparse
import logging
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from tests.simulation.feeds import Tally, soak
from tests.support.virtual import run_virtual


def report(tally: Tally, seconds: float) -> str:
    """What the soak lived through, one line each."""
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    lines = [
        f"{seconds:.0f} s of work, peak memory {peak_mib} MiB",
        f"audits {tally.audits}, books wrong at an audit {len(tally.wrong)}",
        f"glances {tally.glances}, live books wrong at a glance {tally.wrong_at_a_glance}",
        f"of these, heard of and not in doubt {tally.wrong_though_heard}",
        f"objects at the audits: {tally.objects}",
    ]
    for name in ("events", "acts", "faults", "voids", "alarms", "resyncs"):
        counts = getattr(tally, name)
        told = ", ".join(f"{key} {counts[key]}" for key in sorted(counts))
        lines.append(f"{name}: {told}")
    return "\n".join([*lines, *tally.wrong[:20]])


def main(arguments: Sequence[str]) -> int:
    """1 if a book was wrong at an audit."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation feeds", description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connections", type=int, default=1, choices=(1, 2, 3))
    parser.add_argument("--no-clock", action="store_true", help="Kalshi's frames tell no clock")
    parser.add_argument(
        "--stale", action="store_true", help="old changes behind snapshots though no clock tells"
    )
    wanted = parser.parse_args(arguments)
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = run_virtual(
            soak(
                wanted.seed,
                Path(folder),
                pairs=wanted.pairs,
                hours=wanted.hours,
                connections=wanted.connections,
                has_clock=not wanted.no_clock,
                has_stale=wanted.stale,
            )
        )
    sys.stdout.write(report(tally, time.monotonic() - started_s) + "\n")
    return 1 if tally.wrong else 0
