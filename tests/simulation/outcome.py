"""What came of one seed, and how to run it: quiet, collected, and told in numbers."""

import atexit
import gc
import logging
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import structlog

from tests.simulation.burial import collect
from tests.simulation.checking import Checker, Violation
from tests.simulation.plan import Plan, draw_plan
from tests.simulation.sightings import LOT_E6
from tests.simulation.world import World
from twoleg.core.market import Venue

NS_PER_MS: Final = 1_000_000
COLLECT_EVERY: Final = 8
OPEN_E6: Final = 2 * LOT_E6
"""What is below may be a lot that is netted with the dust of executions before."""
MakeChecker = Callable[[World], Checker]


@dataclass(slots=True)
class Outcome:
    """One seed in numbers. `violation` is (name, detail), or nothing."""

    seed: int
    real_s: float = 0.0
    """Time of the processor."""
    virtual_s: float = 0.0
    violation: tuple[str, str] = ("", "")
    trace_hash: str = ""
    trace: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    open_ms: list[int] = field(default_factory=list)
    """How long each execution had more than dust uncovered, by the venues' own trades."""
    dust_e6: int = 0
    kinds: frozenset[str] = frozenset()
    """Fault kinds that really happened."""

    @property
    def is_broken(self) -> bool:
        return self.violation[0] != ""


def run_seed(
    seed: int,
    without: frozenset[int] = frozenset(),
    *,
    make_checker: MakeChecker | None = None,
    is_traced: bool = False,
) -> Outcome:
    """Run one seed; everything that goes wrong in it is its violation."""
    return run_plan(draw_plan(seed, without), make_checker=make_checker, is_traced=is_traced)


def run_plan(
    plan: Plan, *, make_checker: MakeChecker | None = None, is_traced: bool = False
) -> Outcome:
    """Run a plan."""
    outcome = Outcome(plan.seed)
    folder = Path(tempfile.mkdtemp(prefix=f"{plan.seed}-", dir=root_folder()))
    started_s = time.process_time()
    world: World | None = None
    with _silence():
        try:
            world = World(plan, folder, make_checker)
            _logs.append(world.logs)
            world.run()
        except Violation as violation:
            outcome.violation = (violation.name, violation.detail)
        except Exception as error:  # noqa: BLE001 - the range goes on; this seed is told
            outcome.violation = ("world_failed", f"{type(error).__name__}: {error}")
        _logs.clear()
        if world is not None:
            _measure(world, outcome, is_traced=is_traced)
            _finished.append(world)
    outcome.real_s = time.process_time() - started_s
    if len(_finished) >= COLLECT_EVERY and not _is_short_lived():
        bury_worlds()
    shutil.rmtree(folder, ignore_errors=True)
    return outcome


def bury_worlds() -> None:
    """Collect what finished worlds left behind; between two worlds, never while one lives."""
    with _silence():
        collect(*_finished)
    _finished.clear()


def begin_short_life() -> None:
    """In a worker that ends after some seeds: its dead go with it, and no time on collecting."""
    _short_lived.append(os.getpid())


def _is_short_lived() -> bool:
    return os.getpid() in _short_lived


_short_lived: list[int] = []
"""Numbers of such processes; a fork takes the list along, but not the number."""
_finished: list[World] = []
"""Worlds whose dead are not collected yet: a collection for each would cost a tenth of a seed."""


def root_folder() -> Path:
    """Where the worlds of this process have their folders, and the keys that they share.

    In memory where that can be: the disk is no part of what is measured.
    """
    folder = _root() / str(os.getpid())
    folder.mkdir(exist_ok=True)
    return folder


@cache
def _root() -> Path:
    memory = Path("/dev/shm")  # the journal's durability is emulated, not the disk's
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    made = Path(tempfile.mkdtemp(prefix="twoleg-simulation-", dir=parent))
    # Forked workers use it too; only who made it takes it away.
    atexit.register(_remove_root, made, os.getpid())
    return made


def _remove_root(made: Path, maker: int) -> None:
    if os.getpid() == maker:
        shutil.rmtree(made, ignore_errors=True)


def prepare_process() -> None:
    """Quiet logs, fast signatures, and nothing old for the collector to look at."""
    os.environ.setdefault("ECC_BACKEND_CLASS", "eth_keys.backends.CoinCurveECCBackend")
    logging.disable(logging.CRITICAL)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, _take_log],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    root_folder()
    gc.collect()
    gc.freeze()


_logs: list[list[dict[str, object]]] = []
"""Where the world that runs wants its daemon's logs."""


def _take_log(_logger: object, level: str, event: MutableMapping[str, Any]) -> Any:
    if _logs:
        _logs[-1].append({"level": level, **event})
    raise structlog.DropEvent


def _measure(world: World, outcome: Outcome, *, is_traced: bool) -> None:
    outcome.virtual_s = world.clock.now_s
    outcome.counts = world.counts
    outcome.trace_hash = world.trace_hash()
    outcome.rows = world.rows
    outcome.kinds = frozenset(
        name.removeprefix("fault:") for name in world.counts if name.startswith("fault:")
    )
    outcome.open_ms = residual_times_ms(world)
    if not outcome.is_broken:
        outcome.dust_e6 = dust_e6(world)
    if is_traced or outcome.is_broken:
        outcome.trace = [f"{at_s:10.4f} {kind:9} {text}" for at_s, kind, text in world.trace]


def dust_e6(world: World) -> int:
    """What executions that ended left uncovered over all pairs: less than a lot of each.

    By the venues' own trades: what settles or comes from others changes nothing of it. A lot or
    more is a residual that is held, and told as such.
    """
    nets: Counter[str] = Counter()
    pairs = {pair.market_on(venue): pair for pair in world.witness.pairs for venue in Venue}
    for trade in world.witness.trades:
        if not trade.is_void:
            pair = pairs[trade.market]
            nets[pair.kalshi] += pair.event_sign(trade.venue) * trade.yes_e6
    return sum(abs(net) for net in nets.values() if abs(net) < LOT_E6)


def residual_times_ms(world: World) -> list[int]:
    """For each execution, how long a lot or more of it was uncovered, by the venues' trades."""
    pairs = {pair.market_on(venue): pair for pair in world.witness.pairs for venue in Venue}
    changes: dict[int, list[tuple[int, int]]] = {}
    for trade in world.witness.trades:
        _, execution_no, _ = world.intents.get(trade.key, ("", 0, 0))
        signed = pairs[trade.market].event_sign(trade.venue) * trade.yes_e6
        story = changes.setdefault(execution_no, [])
        story.append((trade.at_ns, signed))
        if trade.is_void:
            story.append((trade.void_ns, -signed))
    times: list[int] = []
    for story in changes.values():
        net, open_ns, since_ns = 0, 0, 0
        for at_ns, signed in sorted(story):
            if abs(net) >= OPEN_E6:
                open_ns += at_ns - since_ns
            net, since_ns = net + signed, at_ns
        if abs(net) >= OPEN_E6:
            open_ns += world.clock.wall_ns() - since_ns
        times.append(open_ns // NS_PER_MS)
    return times


@contextmanager
def _silence() -> Any:
    """The dead complain when they are collected: about nothing that anybody should hear."""
    was, sys.unraisablehook = sys.unraisablehook, lambda _: None
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.unraisablehook = was
        if was_collecting:
            gc.enable()
