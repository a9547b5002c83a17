"""One daemon after the other on the same record, each ended by SIGKILL at a chosen moment."""

import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.kills.checks import Account, Cut, account, cut_of
from tests.kills.evidence import keep, read_story
from tests.kills.ground import Ground, ground, log_lines
from tests.kills.moments import Moment, When, pass_time
from tests.support.processes import Running, start, until

START_S: Final = 150.0
"""A daemon that is not up by then hangs, however busy the machine."""
STARTS_MAX: Final = 8
SUPERVISOR_S: Final = 1.0
"""A daemon that gives up while starting is started again, as a supervisor does, after a pause."""
CALM_S: Final = 25.0
"""So long after a start all that was open has come to an end, or stays open with an alarm."""
CALM_S_MAX: Final = 120.0
"""What is still open may be on its way, on a busy machine: until then it must be in order too."""
AGAIN_S: Final = 1.0
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
    # Folders with all that is known of the faults.
    evidence: list[Path] = field(default_factory=list[Path])

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
        self.evidence += other.evidence

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

    def told(self) -> str:
        """All faults, and what is known of them."""
        stories = [f"kept in {folder}\n{read_story(folder)}" for folder in self.evidence]
        return "\n".join([*self.faults, *stories])


def run_moments(
    seed: int, moments: Sequence[Moment], tell: Callable[[str], None] = lambda line: None
) -> Tally:
    """Kill at each of them; ends early, with a fault, when a daemon does not start or hangs."""
    tally = Tally()
    with ground(seed) as made:
        killing = _Killing(made, random.Random(seed), tally)
        label = f"seed {seed} before the first moment"
        try:
            killing.begin()
            known: list[str] = []
            for number, moment in enumerate(moments, 1):
                label = f"seed {seed} moment {number} ({moment})"
                told = killing.one(moment, label, known)
                tally.moments += 1
                tally.by_when[moment.when.value] += 1
                known = told.faults
                tell(f"{label}: {dict(told.ends)} {told.faults or ''}")
            label = f"seed {seed} at the end"
            killing.end()
        except Exception as error:  # noqa: BLE001 - other worlds go on, and nothing gets lost
            killing.failed(label, error)
        finally:
            killing.close()
    return tally


class _Killing:
    """The daemon of the moment, and the ground that it stands on."""

    def __init__(self, made: Ground, rng: random.Random, tally: Tally) -> None:
        self._ground = made
        self._rng = rng
        self._tally = tally
        self._stack = ExitStack()
        self._daemon: Running | None = None

    def begin(self) -> None:
        self._ground.storm()
        self._restart()

    def one(self, moment: Moment, label: str, known: list[str]) -> Account:
        """Load, kill, restart, wait for calm, compare, and let go on.

        What is wrong stays wrong: faults that are `known` were told at the moment that brought
        them.
        """
        if moment.is_in_a_start:
            Moment(When.INTENT, 0, 0.0, moment.patience_s).come(self._ground)
            self._kill()
            self._start()
        moment.come(self._ground)
        self._kill()
        found, _ = self._ground.record.read()
        cut = cut_of(found)
        self._count(cut)
        if self._rng.random() < CALM_CHANCE:
            self._ground.calm()
        self._restart()
        self._ground.calm()
        told = self._compare(cut)
        self._tally.executions = told.executions
        self._tally.ends += told.ends
        if new := [one for one in told.faults if one not in known]:
            self._fault(label, new)
        self._running().send(signal.SIGCONT)
        self._ground.storm()
        return told

    def failed(self, label: str, error: Exception) -> None:
        """Something else than the record is wrong: with the daemon, or with this test."""
        if self._daemon is not None and self._daemon.process.poll() is None:
            self._kill()
        self._fault(label, ["".join(traceback.format_exception(error))])

    def close(self) -> None:
        """Leave no daemon behind."""
        self._stack.close()

    def end(self) -> None:
        """The last daemon ends in order."""
        daemon = self._running()
        daemon.send(signal.SIGTERM)
        code = daemon.end()
        assert code == 0, f"the last daemon ended with {code}"

    def _fault(self, label: str, faults: list[str]) -> None:
        self._tally.faults += [f"{label}: {one}" for one in faults]
        self._tally.evidence.append(keep(self._ground, label, "\n".join(faults)))

    def _running(self) -> Running:
        assert self._daemon is not None, "no daemon was started"
        return self._daemon

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
            self._tally.gave_up[self._running().stderr().strip()[-300:]] += 1
            pass_time(SUPERVISOR_S)
        raise AssertionError(f"no start in {STARTS_MAX}: {self._running().told()}")

    def _has_started(self) -> bool:
        lines = log_lines(self._running().stdout())
        return any(line["event"] == "started" for line in lines)

    def _has_started_or_ended(self) -> bool:
        return self._has_started() or self._running().process.poll() is not None

    def _kill(self) -> None:
        daemon = self._running()
        daemon.send(signal.SIGKILL)
        daemon.process.wait()
        self._stack.close()

    def _count(self, cut: Cut) -> None:
        self._tally.cut_executions += len(cut.executions)
        self._tally.cut_orders += cut.orders
        self._tally.moments_with_cuts += bool(cut.executions)

    def _compare(self, cut: Cut) -> Account:
        """With the daemon frozen, and left so: while nothing is open, or as things are then.

        What is wrong while nothing is open is a fault at once. While something is, an answer may
        be on its way, and a residual may not be covered yet.
        """
        since_s = time.monotonic()
        while True:
            self._await_calm(since_s + CALM_S)
            self._freeze()
            passed_s = time.monotonic() - since_s
            found, records = self._ground.record.read()
            if not found.unfinished or passed_s > CALM_S:
                told = account(self._ground, records, found, cut)
                if not (told.faults and found.unfinished) or passed_s > CALM_S_MAX:
                    self._tally.left_open += len(found.unfinished)
                    return told
            self._running().send(signal.SIGCONT)
            pass_time(AGAIN_S)

    def _await_calm(self, deadline_s: float) -> None:
        until(
            lambda: self._looks_calm() or time.monotonic() > deadline_s,
            why="nothing is open",
            seconds=CALM_S_MAX,
            running=self._running(),
        )

    def _freeze(self) -> None:
        daemon = self._running()
        daemon.send(signal.SIGSTOP)
        _, status = os.waitpid(daemon.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"the daemon ended by itself: {status}"

    def _looks_calm(self) -> bool:
        found, _ = self._ground.record.read()
        return not found.unfinished
