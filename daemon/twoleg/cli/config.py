"""`twoleg check-config`: read the settings and the pairs, tell every fault at once."""

import argparse
import os
import sys
from pathlib import Path

from twoleg.core.market import PairState
from twoleg.settings import Settings, describe, load_pairs, load_settings


def read(path: Path | None) -> Settings:
    """Settings of a file and the environment; raises ConfigError, CredentialError."""
    return load_settings(path, os.environ)


def check(arguments: argparse.Namespace) -> int:
    """Print the effective settings, secrets hidden; faults are raised."""
    settings = read(arguments.config)
    pairs = load_pairs(settings.pairs.file) if settings.pairs.file.exists() else ()
    for section, values in describe(settings).items():
        sys.stdout.write(f"[{section}]\n")
        for key, text in values.items():
            sys.stdout.write(f"{key} = {text}\n")
    armed = sum(pair.state is PairState.ARMED for pair in pairs)
    sys.stdout.write(f"\n{len(pairs)} pairs in {settings.pairs.file}, {armed} armed\n")
    return 0
