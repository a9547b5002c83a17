"""`twoleg sim`: one simulated venue as a process of its own."""

import argparse
import asyncio
import json
import signal
import tempfile
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

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
    with ExitStack() as stack:
        work = run_venue(
            arguments.venue,
            port=arguments.port,
            seed=arguments.seed,
            pairs=arguments.pairs,
            epoch_ms=arguments.epoch_ms,
            key_dir=str(_key_dir(arguments.key_dir, stack)),
            faults=faults,
            options=options,
            speed=arguments.speed,
        )
        _serve(work, arguments)
    return 0


def _key_dir(wanted: Path | None, stack: ExitStack) -> Path:
    """A private folder for the account's key: the one wanted, else one that ends with us."""
    if wanted is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twoleg-sim-")))
    wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    return wanted.resolve()


def _serve(work: Coroutine[Any, Any, None], arguments: argparse.Namespace) -> None:
    try:
        asyncio.run(work)
    except ValueError as error:
        given = arguments.faults if isinstance(error, FaultInvalid) else arguments.options
        fault = ConfigFault(str(given or "twoleg sim"), "content", "refused", str(error))
        raise ConfigError((fault,)) from error


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
