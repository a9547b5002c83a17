"""`twoleg check-config`: read the settings and the pairs, tell every fault at once."""

import argparse
import os
import sys
from pathlib import Path

from twoleg.core.market import Pair, PairState
from twoleg.errors import ConfigError, CredentialError, TwolegError
from twoleg.settings import (
    Secret,
    Settings,
    describe,
    kalshi_key_variable,
    kalshi_private_key,
    load_pairs,
    load_settings,
)
from twoleg.venues.kalshi.sign import load_private_key


def read(path: Path | None, *, needs_keys: bool = False) -> Settings:
    """Settings of a file and the environment; raises ConfigError, CredentialError."""
    return load_settings(path, os.environ, needs_keys=needs_keys)


def check(arguments: argparse.Namespace) -> int:
    """Print the effective settings, secrets hidden; the faults of all that was read are raised."""
    settings = read(arguments.config, needs_keys=True)
    errors: list[TwolegError] = []
    pairs: tuple[Pair, ...] = ()
    try:
        pairs = load_pairs(settings.pairs.file) if settings.pairs.file.exists() else ()
    except ConfigError as error:
        errors.append(error)
    pem = Secret()
    try:
        pem = kalshi_private_key(settings.kalshi)
        if pem:
            load_private_key(pem.reveal(), variable=kalshi_key_variable(settings.kalshi))
    except CredentialError as error:
        errors.append(error)
    if errors:
        raise ExceptionGroup("the settings cannot be used", errors)
    for section, values in describe(settings).items():
        sys.stdout.write(f"[{section}]\n")
        for key, text in values.items():
            sys.stdout.write(f"{key} = {text}\n")
    armed = sum(pair.state is PairState.ARMED for pair in pairs)
    found = "" if settings.pairs.file.exists() else " (there is no such file)"
    sys.stdout.write(f"\n{len(pairs)} pairs in {settings.pairs.file}{found}, {armed} armed\n")
    for venue, has_key in (
        ("Kalshi", bool(settings.kalshi.key_id and pem)),
        ("Polymarket", bool(settings.polymarket.private_key)),
    ):
        sys.stdout.write(f"{venue} key: {'set' if has_key else 'not set'}\n")
    return 0
