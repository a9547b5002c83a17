"""`python -m tests.fuzz`: the targets in turn, guided by coverage, for so many seconds each.

What reaches new code is kept in the corpus, which the test suite replays. A finding is written
beside it as `crash-…`, and ends the run with an error.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"


def names() -> list[str]:
    """The targets' names, without importing what is to be instrumented."""
    return sorted(path.name for path in CORPUS.iterdir() if path.is_dir())


def fuzz(name: str, seconds: int, jobs_dir: Path) -> int:
    """Fuzz one target in a process of its own: libFuzzer ends the process that it runs in."""
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.one",
        name,
        str(CORPUS / name),
        f"-max_total_time={seconds}",
        f"-artifact_prefix={jobs_dir}/{name}-",
        "-max_len=8192",
        "-timeout=20",
        "-rss_limit_mb=2048",
    ]
    return subprocess.run(command, check=False).returncode


def main() -> int:
    """1 if any target found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--findings", type=Path, default=Path("/tmp"))
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(names())}; all by default")
    wanted = parser.parse_args()
    codes = {
        name: fuzz(name, wanted.seconds, wanted.findings) for name in wanted.targets or names()
    }
    for name, code in codes.items():
        sys.stdout.write(f"{name}: {'nothing found' if code == 0 else f'FAILED ({code})'}\n")
    return 1 if any(codes.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
