"""Side work that dies is started again, and nothing new starts until it runs well."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from tests.support.runtime import HeldClock, settle_down
from twoleg.core.events import Event, GuardCleared, GuardTripped
from twoleg.runtime.keeper import CLEAN_S, PAUSE_S_MAX, Keeper

CLEAN_MS = int(CLEAN_S * 1_000)


class Shift:
    """Work that dies as often as the test wants, and then goes on."""

    def __init__(self) -> None:
        self.clock = HeldClock()
        self.events: list[Event] = []
        self.keeper = Keeper(clock=self.clock, emit=self.events.append)
        self.errors: list[Exception] = []
        # When it was begun.
        self.begun_s: list[float] = []
        self.ends = False
        self.tasks: list[asyncio.Task[None]] = []

    async def work(self) -> None:
        self.begun_s.append(self.clock.now_ns / 1e9)
        if self.errors:
            raise self.errors.pop(0)
        if not self.ends:
            await asyncio.Event().wait()

    def keep(self, *, may_end: bool = False) -> asyncio.Task[None]:
        work = self.keeper.keep("work", self.work, may_end=may_end)
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]

    def told(self) -> list[str]:
        """What happened to the guard: + tripped, - cleared."""
        signs: list[str] = []
        for event in self.events:
            if isinstance(event, GuardTripped):
                assert event.stands
                assert event.reason == "task:work"
                signs.append("+")
            else:
                assert event == GuardCleared("task:work")
                signs.append("-")
        return signs


@pytest.fixture
async def shift() -> AsyncIterator[Shift]:
    shift = Shift()
    yield shift
    for task in shift.tasks:
        task.cancel()
    await asyncio.gather(*shift.tasks, return_exceptions=True)
    await settle_down()
    assert shift.clock.sleepers == 0


async def test_work_that_died_is_begun_again_and_its_guard_ends_once_it_runs_well(
    shift: Shift,
) -> None:
    shift.errors = [OSError("no")]
    shift.keep()
    await shift.clock.pass_ms(1_500)
    assert shift.begun_s == [0, 1]
    await shift.clock.pass_ms(CLEAN_MS - 1_000)
    assert shift.told() == ["+"]
    await shift.clock.pass_ms(1_000)
    assert shift.told() == ["+", "-"]


async def test_work_that_never_died_is_never_told_of(shift: Shift) -> None:
    shift.keep()
    await shift.clock.pass_ms(3 * CLEAN_MS)
    assert shift.events == []
    assert shift.begun_s == [0]


async def test_pauses_grow_and_the_guard_stands_all_the_while(shift: Shift) -> None:
    shift.errors = [OSError("no")] * 8
    shift.keep()
    await shift.clock.pass_ms(200_000)
    begun_s = shift.begun_s
    pauses = [after - before for before, after in pairwise(begun_s)]
    assert pauses == [1, 2, 4, 8, 16, PAUSE_S_MAX, PAUSE_S_MAX, PAUSE_S_MAX]
    assert shift.told() == ["+", "-"]


async def test_failure_after_a_long_time_is_a_first_one(shift: Shift) -> None:
    async def work() -> None:
        shift.begun_s.append(shift.clock.now_ns / 1e9)
        await shift.clock.sleep(2 * CLEAN_S)
        raise OSError("no")

    shift.tasks.append(asyncio.create_task(shift.keeper.keep("work", work)))
    await shift.clock.pass_ms(int(5 * CLEAN_S * 1_000))
    assert shift.begun_s == [0, 121, 242]
    assert shift.told() == ["+", "-", "+"]


async def test_work_that_must_not_end_is_begun_again_when_it_does(shift: Shift) -> None:
    shift.ends = True
    shift.keep()
    await shift.clock.pass_ms(1_500)
    assert shift.begun_s == [0, 1]
    assert shift.told() == ["+"]


@pytest.mark.parametrize("failures", [0, 1])
async def test_work_that_may_end_ends(shift: Shift, failures: int) -> None:
    shift.ends = True
    shift.errors = [OSError("no")] * failures
    task = shift.keep(may_end=True)
    await shift.clock.pass_ms(1_500)
    assert task.done()
    assert shift.told() == ["+", "-"] * failures


async def test_one_look_that_failed_stands_until_the_next_went_well(shift: Shift) -> None:
    async def look() -> None:
        await shift.work()

    shift.ends = True
    shift.errors = [OSError("no"), OSError("no")]
    for expected in (["+"], ["+"], ["+", "-"], ["+", "-"]):
        await shift.keeper.watch("work", look())
        assert shift.told() == expected


def _grouped() -> Exception:
    return ExceptionGroup("unhandled", [KeyError("value of a key")])


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [(lambda: OSError("a value"), "OSError", "a value"), (_grouped, "ExceptionGroup", "value of")],
)
async def test_log_tells_where_and_the_guard_tells_no_value(
    shift: Shift, make: Callable[[], Exception], kind: str, said: str
) -> None:
    shift.errors = [make()]
    with capture_logs() as lines:
        shift.keep()
        await settle_down()
    (line,) = lines
    assert (line["event"], line["task"], line["log_level"]) == ("task_failed", "work", "error")
    assert said in line["reason"]
    (tripped,) = shift.events
    assert isinstance(tripped, GuardTripped)
    assert tripped.detail.startswith(f"{kind} at ")
    assert said not in tripped.detail


async def test_place_of_a_failure_is_its_innermost_frame(shift: Shift) -> None:
    shift.errors = [OSError("no")]
    with capture_logs() as lines:
        shift.keep()
        await settle_down()
    assert lines[0]["where"][-1].startswith("test_keeper.py:")
    assert lines[0]["where"][-1].endswith(" work")
