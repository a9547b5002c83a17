"""The command line called in this process; its environment is put back."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import ROOT, clean_environment
from twoleg.cli import main


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command gave back and told."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run one command; the environment holds nothing of the product but what is given."""
    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object, **environment: str) -> Ended:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as error:
            # Wrong usage ends in argparse.
            code = int(error.code or 0)
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    return call


@pytest.fixture
def shipped_config() -> Path:
    """The settings file as it is shipped."""
    return ROOT / "config/twoleg.toml"
