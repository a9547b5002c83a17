"""A few moments of `python -m tests.kills`; the command itself does hundreds."""

import re
import subprocess
import sys

import pytest

from tests.support.processes import ROOT, clean_environment

MOMENTS = 10
JOBS = 5
"""A restart is waiting for the most part: five worlds side by side."""


@pytest.mark.timeout(180)
def test_record_equals_the_venues_after_each_kill() -> None:
    command = [sys.executable, "-m", "tests.kills", "--verbose", "--seed", "11"]
    command += ["--moments", str(MOMENTS), "--jobs", str(JOBS)]
    run = subprocess.run(
        command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    summary = run.stdout.splitlines()[-1]
    assert f" {MOMENTS} moments " in summary
    assert summary.endswith("differences 0")
    # It kills in the middle of something, or it shows nothing.
    cut = re.search(r"open at a kill: (\d+) executions, (\d+) orders", summary)
    assert cut
    assert int(cut[1]) > 0
