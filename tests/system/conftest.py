"""A folder per test that the database's user can enter, and no process left in it."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import make_folder, processes_of, until


@pytest.fixture
def folder() -> Iterator[Path]:
    made = make_folder()
    yield made
    # Only after a test that failed is there anything left; it was started by that test.
    for pid in processes_of(made):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not processes_of(made), why="what a test left behind is gone")
    shutil.rmtree(made)
