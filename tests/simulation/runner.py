"""Runs a range of seeds over some processes, sums it up, and shrinks what fails."""

import gc
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.simulation.checkers.watch import WorldWatch
from tests.simulation.outcome import (
    Outcome,
    begin_short_life,
    bury_worlds,
    prepare_process,
    run_seed,
)
from tests.simulation.plan import KINDS, draw_plan
from twoleg.core.execution import TRANSITIONS

ROW_FLOOR: Final = 100
KIND_FLOOR_PERCENT: Final = 5
CRASH_FLOOR_PERCENT: Final = 50
FLOORS_FROM_SEEDS: Final = 5_000
"""A shorter run shows how far it is from the floors, and is not judged by them."""
ENDS: Final = ("hedged", "rolled_back", "missed")
WAYS: Final = ("complete", "unwind_sale", "unwind_purchase")
TRACE_LINES: Final = 120
PROGRESS_S: Final = 10.0
SEEDS_A_WORKER: Final = 20
"""What a worker leaves behind ends with it, uncollected; a seed leaves some ten megabytes."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    seeds: range
    jobs: int = 1
    without: frozenset[int] = frozenset()
    is_traced: bool = False
    shrinks: bool = True
    keeps_going: bool = False
    is_checked: bool = True


@dataclass(slots=True)
class Sum:
    """All seeds together."""

    seeds: int = 0
    real_s: float = 0.0
    virtual_s: float = 0.0
    worst_real_s: float = 0.0
    crashed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    open_ms: list[int] = field(default_factory=list)
    dust_e6: int = 0
    broken: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.real_s += outcome.real_s
        self.worst_real_s = max(self.worst_real_s, outcome.real_s)
        self.virtual_s += outcome.virtual_s
        self.crashed += outcome.counts["crash"] > 0
        self.counts.update(outcome.counts)
        self.rows.update(outcome.rows)
        self.kinds.update(outcome.kinds)
        self.open_ms += [ms for ms in outcome.open_ms if ms]
        self.dust_e6 += outcome.dust_e6
        if outcome.is_broken:
            self.broken.append(outcome)

    def missed_floors(self) -> list[str]:
        """What happened too seldom to prove anything."""
        rows = {_row_name(row): self.rows[_row_name(row)] for row in TRANSITIONS}
        missed = [f"row {row}: {n} times" for row, n in rows.items() if n < ROW_FLOOR]
        for kind in sorted({kind for kind, _ in KINDS}):
            percent = 100 * self.kinds[kind] / max(1, self.seeds)
            if percent < KIND_FLOOR_PERCENT:
                missed.append(f"fault {kind}: in {percent:.1f} % of the seeds")
        percent = 100 * self.crashed / max(1, self.seeds)
        if percent < CRASH_FLOOR_PERCENT:
            missed.append(f"crash: in {percent:.1f} % of the seeds")
        return missed


def run(order: Order) -> int:
    """Run, print, judge: 1 if a promise was broken, 2 if a floor of a long run was missed."""
    started_s = time.monotonic()
    total = Sum()
    told_s = started_s
    for outcome in _outcomes(order):
        total.add(outcome)
        if order.is_traced:
            _say("\n".join(outcome.trace))
        if outcome.is_broken:
            _say(f"seed {outcome.seed}: {outcome.violation[0]}: {outcome.violation[1][:400]}")
            if not order.keeps_going:
                break
        if time.monotonic() - told_s > PROGRESS_S:
            told_s = time.monotonic()
            _say(f"… {total.seeds} of {len(order.seeds)} seeds")
    for outcome in total.broken[:1]:
        _tell_failure(outcome, order)
    missed = total.missed_floors()
    _say(_summary(total, missed, time.monotonic() - started_s))
    bury_worlds()
    if total.broken:
        return 1
    return 2 if missed and total.seeds >= FLOORS_FROM_SEEDS else 0


def _outcomes(order: Order) -> Iterator[Outcome]:
    work = partial(
        run_seed,
        without=order.without,
        make_checker=WorldWatch if order.is_checked else None,
        is_traced=order.is_traced,
    )
    prepare_process()
    # The dead are collected by `bury_worlds` alone, where nobody hears them.
    gc.disable()
    if order.jobs == 1 or len(order.seeds) == 1:
        yield from map(work, order.seeds)
        return
    fork = multiprocessing.get_context("fork")
    with fork.Pool(order.jobs, begin_short_life, maxtasksperchild=SEEDS_A_WORKER) as pool:
        yield from pool.imap_unordered(work, order.seeds, chunksize=1)


# -- failures ----------------------------------------------------------------------------------


def shrink(
    seed: int, name: str, without: frozenset[int], is_checked: Callable[[], bool] = lambda: True
) -> frozenset[int]:
    """Leave away as much of the schedule as can be, so that the same promise still breaks."""
    everything = range(len(draw_plan(seed).schedule))
    left = [number for number in everything if number not in without]
    size = max(1, len(left) // 2)

    def still_fails(kept: Sequence[int]) -> bool:
        away = frozenset(number for number in everything if number not in kept)
        make = WorldWatch if is_checked() else None
        return run_seed(seed, away, make_checker=make).violation[0] == name

    while size:
        position = 0
        while position < len(left):
            fewer = left[:position] + left[position + size :]
            if still_fails(fewer):
                left = fewer
            else:
                position += size
        size //= 2
    return frozenset(number for number in everything if number not in left)


def _tell_failure(outcome: Outcome, order: Order) -> None:
    without = order.without
    if order.shrinks:
        _say(f"seed {outcome.seed}: looking for the shortest schedule that still fails …")
        without = shrink(outcome.seed, outcome.violation[0], without, lambda: order.is_checked)
        make = WorldWatch if order.is_checked else None
        outcome = run_seed(outcome.seed, without, make_checker=make, is_traced=True)
    schedule = draw_plan(outcome.seed, without).schedule
    away = ",".join(str(number) for number in sorted(without))
    _say("\n".join(["", f"trace of seed {outcome.seed}, its end:", *outcome.trace[-TRACE_LINES:]]))
    _say("\n".join(["", "schedule:", *map(str, schedule)]) if schedule else "\nschedule: empty")
    _say(f"\nseed {outcome.seed} broke {outcome.violation[0]}: {outcome.violation[1]}")
    _say(
        f"replay: python -m tests.simulation --seeds {outcome.seed} --trace"
        + (f" --without {away}" if away else "")
        + "\n"
    )


# -- telling -----------------------------------------------------------------------------------


def _summary(total: Sum, missed: list[str], seconds: float) -> str:
    counts = total.counts
    times = sorted(total.open_ms) or [0]
    p99_ms = times[min(len(times) - 1, len(times) * 99 // 100)]
    hours = total.virtual_s / 3_600
    pace = f"{hours:.1f} simulated hours, {hours / max(seconds, 0.001):.3f} per second"
    cost = f"{total.real_s / max(1, total.seeds):.2f} s, the slowest {total.worst_real_s:.2f} s"
    ends = ", ".join(f"{how.replace('_', ' ')} {counts['closed:' + how]}" for how in ENDS)
    ways = ", ".join(f"{way.replace('_', ' ')} {counts['way:' + way]}" for way in WAYS)
    worst = f"{times[-1] / 1_000:.2f} s at worst, p99 {p99_ms / 1_000:.2f} s of {len(times)}"
    held = f"{counts['open_at_end']} held at the end"
    lost = f"{counts['lost_tail']} of them lost the end of the journal"
    seeds = sorted(outcome.seed for outcome in total.broken)
    lines = [
        f"{total.seeds} seeds in {seconds:.0f} s: {pace}; processor time a seed: {cost}",
        f"executions {counts['note:execution_opened']}: {ends}; UNKNOWN {counts['answer:unknown']}",
        f"rollbacks: {ways}, hold {counts['note:residual_held']}",
        f"a residual stayed open {worst}; {held}; dust {total.dust_e6 / 1_000_000:.6f} contracts",
        f"crashes {counts['crash']} in {total.crashed} seeds, {lost}; refused starts {counts['exit']}",
        f"pairs that were found joined {counts['pair:joined']} times, left {counts['pair:left']}",
        "floors: all reached" if not missed else "floors not reached: " + "; ".join(missed),
        f"violations: {len(seeds)}" + (f" in seeds {seeds}" if seeds else ""),
    ]
    names = Counter(outcome.violation[0] for outcome in total.broken)
    if names:
        lines.append("broken: " + ", ".join(f"{name} {n}" for name, n in names.most_common()))
    return "\n".join(lines)


def _row_name(row: tuple[object, object]) -> str:
    return "/".join(str(getattr(part, "value", part)) for part in row)


def _say(text: str) -> None:
    sys.stdout.write(text + os.linesep)
    sys.stdout.flush()
