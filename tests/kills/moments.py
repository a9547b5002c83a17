"""When the daemon is killed: at random, or close to the acts that must not be lost."""

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from tests.kills.ground import Ground
from twoleg.core.market import Venue

POLL_S: Final = 0.000_3


class When(Enum):
    """What a moment is timed by."""

    RANDOM = "at random"
    INTENT = "an intent was journalled"
    ANSWER = "an answer or a fill was journalled"
    KALSHI = "kalshi has an order"
    POLYMARKET = "polymarket has an order"
    STARTING = "while starting"
    RECOVERING = "while recovering"


ANSWERS: Final = (b'"t":"answer"', b'"t":"fill"')
MARKS: Final = {
    When.INTENT: (b'"t":"intent"',),
    When.ANSWER: ANSWERS,
    # Before it may trade all that is journalled of orders is of those that it has found.
    When.RECOVERING: (*ANSWERS, b'"t":"intent"'),
}
AT: Final = {When.KALSHI: Venue.KALSHI, When.POLYMARKET: Venue.POLYMARKET}


@dataclass(frozen=True, slots=True)
class Moment:
    """`skip` triggers are let pass, then `wait_s` go by, then the process is killed."""

    when: When
    skip: int
    wait_s: float
    patience_s: float = 6.0
    """Without anything to trigger on, the moment comes at the latest then."""

    @classmethod
    def draw(cls, rng: random.Random) -> "Moment":
        when = rng.choices(list(When), weights=(4, 4, 3, 2, 2, 2, 3))[0]
        if when is When.RANDOM:
            return cls(when, 0, rng.uniform(0.0, 2.0))
        if when is When.STARTING:
            return cls(when, 0, rng.uniform(0.1, 6.0))
        # Half of them at once, the others within two round trips.
        return cls(when, rng.randrange(4), rng.choice((0.0, rng.uniform(0.0, 0.03))))

    @property
    def is_in_a_start(self) -> bool:
        """Whether it is a start that is killed, after another kill."""
        return self.when in {When.STARTING, When.RECOVERING}

    def come(self, ground: Ground) -> None:
        """Return when it has come."""
        if self.when in MARKS:
            tail = Tail(ground.record.folder, MARKS[self.when])
            self._await_count(tail.count)
        elif self.when in AT:
            venue = AT[self.when]
            known = ground.orders_seen(venue)
            self._await_count(lambda: ground.orders_seen(venue) - known)
        pass_time(self.wait_s)

    def _await_count(self, count: Callable[[], int]) -> None:
        deadline_s = time.monotonic() + self.patience_s
        while count() <= self.skip and time.monotonic() < deadline_s:
            time.sleep(POLL_S)


def draw_moments(seed: int, count: int) -> list[Moment]:
    """Moments at random, the same ones for the same seed."""
    rng = random.Random(f"moments {seed}")
    return [Moment.draw(rng) for _ in range(count)]


class Tail:
    """Counts marks in what is appended to the journal from now on."""

    def __init__(self, folder: Path, marks: tuple[bytes, ...]) -> None:
        self._folder = folder
        self._marks = marks
        self._count = 0
        self._path = self._last()
        self._position = _end_of(self._path)

    def count(self) -> int:
        path = self._last()
        if path != self._path:
            self._path, self._position = path, 0
        with self._path.open("rb") as file:
            file.seek(self._position)
            # Behind the last record stand zeros; a record is far shorter than this.
            new = file.read(1 << 16).rstrip(b"\0")
        # One pass a write: a mark is not cut in two.
        self._count += sum(new.count(mark) for mark in self._marks)
        self._position += len(new)
        return self._count

    def _last(self) -> Path:
        return max(self._folder.glob("*.journal"))


def _end_of(path: Path) -> int:
    return len(path.read_bytes().rstrip(b"\0"))


def pass_time(seconds: float) -> None:
    """The moment itself is the point: there is nothing to wait for."""
    os.sched_yield()
    if seconds:
        time.sleep(seconds)
