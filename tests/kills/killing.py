"""One daemon after the other on the same record, each ended by SIGKILL at a chosen moment."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from tests.kills.checks import Account, Cut, account, cut_of
from tests.kills.ground import Ground, ground, log_lines
from tests.kills.moments import Moment, When, pass_time
from tests.support.processes import Running, start, until

START_S: Final = 40.0
STARTS_MAX: Final = 8
SUPERVISOR_S: Final = 1.0
"""A daemon that gives up while starting is started again, as a supervisor does, after a pause."""
STORY_CHARS: Final = 4_000
CALM_S: Final = 25.0
"""So long after a start all that was open has come to an end, or stays open with an alarm."""
CALM_CHANCE: Final = 0.5
"""In the other half of the restarts the crowd and the faults go on through the recovery."""


@dataclass(slots=True)
class Tally:
    """What some moments showed."""

    moments: int = 0
    executions: int = 0
    by_when: Counter[str] = field(default_factory=Counter[str])
    cut_executions: int = 0
    cut_orders: int = 0
    moments_with_cuts: int = 0
    ends: Counter[str] = field(default_factory=Counter[str])
    faults: list[str] = field(default_factory=list[str])
    restart_worst_s: float = 0.0
    left_open: int = 0
    # What daemons said that gave up while starting.
    gave_up: Counter[str] = field(default_factory=Counter[str])

    def add(self, other: "Tally") -> None:
        self.moments += other.moments
        self.executions += other.executions
        self.by_when += other.by_when
        self.cut_executions += other.cut_executions
        self.cut_orders += other.cut_orders
        self.moments_with_cuts += other.moments_with_cuts
        self.ends += other.ends
        self.faults += other.faults
        self.restart_worst_s = max(self.restart_worst_s, other.restart_worst_s)
        self.left_open += other.left_open
        self.gave_up += other.gave_up

    def line(self) -> str:
        """The summary, one line."""
        ends = ", ".join(f"{count} {how}" for how, count in sorted(self.ends.items()))
        gave_up = "".join(f" ({count} × {why})" for why, count in sorted(self.gave_up.items()))
        whens = ", ".join(f"{count} {how}" for how, count in sorted(self.by_when.items()))
        return (
            f"{self.moments} moments ({whens}); {self.executions} executions; open at a kill: "
            f"{self.cut_executions} executions, {self.cut_orders} orders without an end, "
            f"at {self.moments_with_cuts} moments; they ended: {ends or 'none'}; "
            f"still open after {CALM_S:.0f} s: {self.left_open}; "
            f"starts given up {self.gave_up.total()}{gave_up}; "
            f"worst restart {self.restart_worst_s:.1f} s; differences {len(self.faults)}"
        )


def run_moments(seed: int, moments: int, tell: Callable[[str], None] = lambda line: None) -> Tally:
    """Kill so many times; stops early only when a daemon does not start."""
    rng = random.Random(seed)
    tally = Tally()
    known: list[str] = []
    with ground(seed) as made:
        killing = _Killing(made, rng, tally)
        killing.begin()
        while tally.moments < moments:
            moment = Moment.draw(rng)
            told = killing.one(moment)
            tally.moments += 1
            tally.by_when[moment.when.value] += 1
            label = f"seed {seed} moment {tally.moments} ({moment})"
            # What is wrong stays wrong: it is told once, at the moment that brought it.
            tally.faults += [f"{label}: {one}" for one in told.faults if one not in known]
            known = told.faults
            tally.executions = told.executions
            tally.ends += told.ends
            tell(f"{label}: {dict(told.ends)} {told.faults or ''} {told.story}")
        killing.end()
    return tally


class _Killing:
    """The daemon of the moment, and the ground that it stands on."""

    def __init__(self, made: Ground, rng: random.Random, tally: Tally) -> None:
        self._ground = made
        self._rng = rng
        self._tally = tally
        self._stack = ExitStack()
        self._daemon: Running

    def begin(self) -> None:
        self._ground.storm()
        self._restart()

    def one(self, moment: Moment) -> Account:
        """Load, kill, restart, wait for calm, compare, and let go on."""
        if moment.when is When.STARTING:
            self._kill()
            self._start()
        moment.come(self._ground)
        self._kill()
        found, _ = self._ground.read()
        cut = cut_of(found)
        self._count(cut)
        if self._rng.random() < CALM_CHANCE:
            self._ground.calm()
        self._restart()
        self._ground.calm()
        told = self._compare(cut)
        self._ground.storm()
        return told

    def end(self) -> None:
        self._daemon.send(signal.SIGTERM)
        code = self._daemon.end()
        if code:
            self._tally.faults.append(f"the last daemon ended with {code}: {self._daemon.told()}")
        self._stack.close()

    def _start(self) -> None:
        self._ground.starts += 1
        self._daemon = self._stack.enter_context(
            start(
                ["run", "--config", self._ground.found.config],
                folder=self._ground.folder,
                name=f"daemon-{self._ground.starts}",
                environment=self._ground.environment,
            )
        )

    def _restart(self) -> None:
        """Start, again where a start gives up, until it may trade."""
        since_s = time.monotonic()
        for _ in range(STARTS_MAX):
            self._start()
            until(self._has_started_or_ended, why="it starts", seconds=START_S)
            if self._has_started():
                self._tally.restart_worst_s = max(
                    self._tally.restart_worst_s, time.monotonic() - since_s
                )
                return
            self._tally.gave_up[self._daemon.stderr().strip()[-300:]] += 1
            pass_time(SUPERVISOR_S)
        raise AssertionError(f"no start in {STARTS_MAX}: {self._daemon.told()}")

    def _has_started(self) -> bool:
        return any(line["event"] == "started" for line in log_lines(self._daemon.stdout()))

    def _has_started_or_ended(self) -> bool:
        return self._has_started() or self._daemon.process.poll() is not None

    def _kill(self) -> None:
        self._daemon.send(signal.SIGKILL)
        self._daemon.process.wait()
        self._stack.close()

    def _count(self, cut: Cut) -> None:
        self._tally.cut_executions += len(cut.executions)
        self._tally.cut_orders += cut.orders
        self._tally.moments_with_cuts += bool(cut.executions)

    def _compare(self, cut: Cut) -> Account:
        """With the daemon frozen while nothing is open; after CALM_S as things are."""
        deadline = time.monotonic() + CALM_S
        while True:
            until(
                lambda: self._looks_calm() or time.monotonic() > deadline,
                why="nothing is open",
                seconds=CALM_S + 1,
                running=self._daemon,
            )
            self._daemon.send(signal.SIGSTOP)
            os.waitpid(self._daemon.pid, os.WUNTRACED)
            found, records = self._ground.read()
            if not found.unfinished or time.monotonic() > deadline:
                break
            self._daemon.send(signal.SIGCONT)
        told = account(self._ground, records, found, cut)
        self._tally.left_open += len(found.unfinished)
        if told.faults:
            told.story = self._daemon.stdout()[-STORY_CHARS:]
        self._daemon.send(signal.SIGCONT)
        return told

    def _looks_calm(self) -> bool:
        found, _ = self._ground.read()
        return not found.unfinished
