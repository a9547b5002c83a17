"""Fuzz one target until libFuzzer's own switches say stop."""

import importlib
import sys
from typing import Any


def main() -> None:
    """Arguments: the target's name, then libFuzzer's."""
    # Installed for `make fuzz` alone, so nothing here is known of it beforehand.
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["twoleg"]):
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, targets[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
