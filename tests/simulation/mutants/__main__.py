"""`python -m tests.simulation.mutants`: seed each known bug into a copy; is it caught?

Each bug is one patch in a copy of `daemon` and `tests`; the fixed slice of seeds runs on it until a
checker objects. 1 if any survives, or a patch no longer fits.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.simulation.mutants.catalogue import MUTANTS
from tests.simulation.mutants.mutant import Mutant
from tests.simulation.mutants.slice import SLICE

ROOT: Final = Path(__file__).parents[3]
COPIED: Final = ("config", "daemon", "sql", "tests")
TIMEOUT_S: Final = 1_200.0


def misfit(mutant: Mutant, root: Path = ROOT) -> str:
    """Why a patch does not fit; empty if it does."""
    path = root / mutant.file
    if not path.exists():
        return f"{mutant.file} is not there"
    count = path.read_text().count(mutant.old)
    if count != 1:
        return f"its text stands {count} times in {mutant.file}"
    return "it changes nothing" if mutant.old == mutant.new else ""


def run(mutant: Mutant | None, seeds: Sequence[int] = SLICE) -> dict[str, object]:
    """What the slice says of a mutant; of the code as it is for None."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for name in COPIED:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        if mutant is not None:
            path = copy / mutant.file
            path.write_text(path.read_text().replace(mutant.old, mutant.new))
        return _run_slice(copy, seeds)


def _run_slice(copy: Path, seeds: Sequence[int]) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.simulation.mutants.slice", *map(str, seeds)]
    paths = f"{copy / 'daemon'}{os.pathsep}{copy}"
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"name": "never_ended", "seed": -1, "count": 0, "detail": f"{TIMEOUT_S:.0f} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return {"name": "crashed", "seed": -1, "count": 0, "detail": done.stderr[-300:]}
    found: dict[str, object] = json.loads(lines[-1])
    return found


def main() -> int:
    """1 if the slice has an objection to the code as it is, or none to a mutant."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=SLICE)
    parser.add_argument("--no-baseline", action="store_true", help="trust the code as it is")
    wanted = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not wanted.only or mutant.name in wanted.only]
    bad = 0
    if not wanted.no_baseline:
        healthy = run(None, wanted.seeds)
        sys.stdout.write(f"as it is: {_told(healthy)}\n")
        bad += bool(healthy["name"])
    with ThreadPoolExecutor(wanted.jobs) as jobs:
        for mutant, told, is_bad in jobs.map(lambda one: _try(one, wanted.seeds), chosen):
            sys.stdout.write(f"{mutant.name}: {told}\n")
            sys.stdout.flush()
            bad += is_bad
    sys.stdout.write(f"{len(chosen)} mutants, {bad} not caught\n")
    return 1 if bad else 0


def _try(mutant: Mutant, seeds: Sequence[int]) -> tuple[Mutant, str, bool]:
    why = misfit(mutant)
    if why:
        return mutant, f"DOES NOT FIT: {why}", True
    found = run(mutant, seeds)
    told = _told(found)
    if found["name"] and found["name"] not in mutant.expected:
        told += f" (expected {', '.join(mutant.expected)})"
    return mutant, told, not found["name"] or found["name"] == "crashed"


def _told(found: dict[str, object]) -> str:
    if not found["name"]:
        return f"SURVIVED {found['count']} seeds"
    return f"caught by {found['name']} at seed {found['seed']}, after {found['count']}"


if __name__ == "__main__":
    sys.exit(main())
