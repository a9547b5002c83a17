"""`python -m tests.kills`: a real daemon, killed again and again under load.

After each restart its record must be what the venues know, to the micro-dollar.
"""

import argparse
import secrets
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor

from tests.kills.killing import Tally, run_moments
from tests.kills.moments import draw_moments


def main() -> int:
    """1 if a restart left a difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="0: a random one")
    parser.add_argument("--jobs", type=int, default=3, help="worlds side by side")
    parser.add_argument("--verbose", action="store_true", help="a line for each moment")
    wanted = parser.parse_args()
    seed = wanted.seed or 1 + secrets.randbelow(1_000_000)
    jobs = max(1, min(wanted.jobs, wanted.moments))
    shares = [len(range(job, wanted.moments, jobs)) for job in range(jobs)]
    tell = _say if wanted.verbose else _hush
    started_s = time.monotonic()
    total = Tally()
    with ProcessPoolExecutor(jobs) as pool:
        works = [
            pool.submit(run_moments, seed + job, draw_moments(seed + job, share), tell)
            for job, share in enumerate(shares)
        ]
        for job, work in enumerate(works):
            if error := work.exception():
                story = "".join(traceback.format_exception(error))
                total.faults.append(f"seed {seed + job}: no world to kill in: {story}")
            else:
                total.add(work.result())
    if total.faults:
        _say(total.told())
    _say(f"seed {seed}, {jobs} jobs, {time.monotonic() - started_s:.0f} s: {total.line()}")
    return 1 if total.faults else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _hush(line: str) -> None:
    del line


if __name__ == "__main__":
    sys.exit(main())
