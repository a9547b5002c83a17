import asyncio

from tests.support.runtime import HeldClock
from twoleg.runtime.timers import Timers

MS = 1_000_000


async def test_timers_fire_in_order_of_their_times() -> None:
    clock, due = HeldClock(), list[str]()
    async with asyncio.TaskGroup() as group:
        timers = Timers(clock, group, due.append)
        timers.set("late", 20 * MS)
        timers.set("early", 10 * MS)
        await clock.pass_ms(9)
        assert due == []
        await clock.pass_ms(20)
    assert due == ["early", "late"]


async def test_timer_set_again_replaces_the_earlier() -> None:
    clock, due = HeldClock(), list[tuple[str, int]]()
    async with asyncio.TaskGroup() as group:
        timers = Timers(clock, group, lambda key: due.append((key, clock.now_ns // MS)))
        timers.set("key", 10 * MS)
        timers.set("key", 30 * MS)
        await clock.pass_ms(100)
    assert due == [("key", 30)]


async def test_timer_of_the_past_fires_at_once() -> None:
    clock, due = HeldClock(), list[str]()
    clock.now_ns = 50 * MS
    async with asyncio.TaskGroup() as group:
        Timers(clock, group, due.append).set("key", 10 * MS)
        await clock.pass_ms(0)
    assert due == ["key"]


async def test_timer_may_set_itself_again() -> None:
    clock, due = HeldClock(), list[str]()
    async with asyncio.TaskGroup() as group:

        def again(key: str) -> None:
            due.append(key)
            if len(due) < 3:
                timers.set(key, clock.now_ns + 10 * MS)

        timers = Timers(clock, group, again)
        timers.set("key", 10 * MS)
        await clock.pass_ms(100)
    assert len(due) == 3


async def test_close_drops_what_is_pending() -> None:
    clock, due = HeldClock(), list[str]()
    async with asyncio.TaskGroup() as group:
        timers = Timers(clock, group, due.append)
        timers.set("key", 10 * MS)
        await clock.pass_ms(0)
        timers.close()
    assert due == []


async def test_hastened_timer_fires_now_and_not_again() -> None:
    clock, due = HeldClock(), list[str]()
    async with asyncio.TaskGroup() as group:
        timers = Timers(clock, group, due.append)
        timers.set("key", 10 * MS)
        assert timers.hasten("key")
        assert due == ["key"]
        assert not timers.hasten("key")
        await clock.pass_ms(100)
    assert due == ["key"]
