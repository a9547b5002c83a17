"""What the fuzzer once found worth keeping is tried in every run."""

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_every_kept_input_is_read_safely(name: str) -> None:
    kept = sorted((CORPUS / name).iterdir())
    assert kept, f"{name} has no corpus"
    for path in kept:
        try:
            TARGETS[name](path.read_bytes())
        except Exception as error:
            error.add_note(f"on {path.name}")
            raise
