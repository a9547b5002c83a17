"""`twoleg sim`: one simulated venue as a process of its own."""

import argparse
import asyncio
import json
import signal
from pathlib import Path
from typing import TypeVar

from twoleg.cli.children import die_with
from twoleg.errors import ConfigError, ConfigFault
from twoleg.sim.faults import FaultInvalid
from twoleg.sim.run import run_venue

T = TypeVar("T")


def command(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; the first line on stdout tells how to connect."""
    if arguments.die_with:
        die_with(arguments.die_with, signal.SIGTERM)
    faults = _read(arguments.faults, list) if arguments.faults else []
    options = _read(arguments.options, dict) if arguments.options else {}
    key_dir = str(arguments.key_dir) if arguments.key_dir else None
    if arguments.key_dir:
        arguments.key_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    work = run_venue(
        arguments.venue,
        port=arguments.port,
        seed=arguments.seed,
        pairs=arguments.pairs,
        epoch_ms=arguments.epoch_ms,
        key_dir=key_dir,
        faults=faults,
        options=options,
    )
    try:
        asyncio.run(work)
    except ValueError as error:
        given = arguments.faults if isinstance(error, FaultInvalid) else arguments.options
        fault = ConfigFault(str(given or "twoleg sim"), "content", "refused", str(error))
        raise ConfigError((fault,)) from error
    return 0


def _read(path: Path, kind: type[T]) -> T:
    """A JSON file of the wanted shape; raises ConfigError naming the file."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        fault = ConfigFault(str(path), "content", type(error).__name__, f"JSON: {error}")
        raise ConfigError((fault,)) from error
    if not isinstance(content, kind):
        fault = ConfigFault(str(path), "content", type(content).__name__, f"a {kind.__name__}")
        raise ConfigError((fault,))
    return content
