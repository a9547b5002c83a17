"""`python -m tests.simulation --seeds A:B`: the seeded world; `… feeds`: a day of both feeds."""

import argparse
import os
import sys
from collections.abc import Sequence

from tests.simulation import runner, soak


def _seeds(text: str) -> range:
    first, is_range, end = text.partition(":")
    seeds = range(int(first), int(end) if is_range else int(first) + 1)
    if not seeds or seeds[0] < 0:
        raise argparse.ArgumentTypeError("no seed from 0 on is meant")
    return seeds


def _entries(text: str) -> frozenset[int]:
    return frozenset(int(number) for number in text.split(",") if number)


def main(arguments: Sequence[str]) -> int:
    """1 if a promise was broken, 2 if a floor of a long run was missed."""
    if arguments[:1] == ["feeds"]:
        return soak.main(arguments[1:])
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument(
        "--seeds", type=_seeds, default=range(100), help="A:B, B not included, or one number"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--without",
        type=_entries,
        default=frozenset(),
        help="schedule entries to leave away: N,N,…",
    )
    parser.add_argument("--trace", action="store_true", help="print all that happened")
    parser.add_argument("--no-shrink", action="store_true", help="leave a failure as it is")
    parser.add_argument("--keep-going", action="store_true", help="do not stop at a failure")
    parser.add_argument("--no-checks", action="store_true", help="run without checkers")
    wanted = parser.parse_args(arguments)
    order = runner.Order(
        seeds=wanted.seeds,
        jobs=max(1, wanted.jobs),
        without=wanted.without,
        is_traced=wanted.trace,
        shrinks=not wanted.no_shrink,
        keeps_going=wanted.keep_going,
        is_checked=not wanted.no_checks,
    )
    return runner.run(order)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets of text must not differ from run to run.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # What crashes left behind would complain once more while the interpreter takes it apart.
    os._exit(code)
