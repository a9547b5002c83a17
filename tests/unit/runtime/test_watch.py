"""The looks around that no stream makes superfluous."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.runtime import (
    CountedEntropy,
    FakeVenue,
    HeldClock,
    fill_of,
    ref_of,
    settle_down,
    spec_of,
)
from twoleg.core.events import Event, FillStatus, VenueStateChanged
from twoleg.core.market import Venue
from twoleg.errors import StorageError, VenueUnavailable
from twoleg.runtime.kit import Kit
from twoleg.runtime.stats import Stats
from twoleg.runtime.tracker import Tracker
from twoleg.runtime.watch import Watch
from twoleg.storage.journal import Journal


async def run_plainly(_name: str, work: Coroutine[Any, Any, None]) -> None:
    await work


class Around:
    """A watch over one venue whose answers the test gives."""

    def __init__(self, folder: Path) -> None:
        self.events: list[Event] = []
        self.answers: list[str | Exception] = []
        self.asked: list[frozenset[int]] = []
        self.lag_ms = 0
        # While it is not set, the venue keeps its answer back.
        self.answers_now = asyncio.Event()
        self.answers_now.set()
        clock = self.clock = HeldClock()
        story: list[str] = []
        ports = self.ports = {venue: FakeVenue(venue, story) for venue in Venue}
        self.tracker = Tracker(
            orders=dict(ports.items()),
            clock=clock,
            record=lambda _record: None,
            emit=self.events.append,
        )
        self.journal = Journal.open(
            folder, sync="process", clock=clock, entropy=CountedEntropy(), mode="sim"
        )
        self.stats = Stats(clock.monotonic_ns())
        self.kit = Kit(
            venue=Venue.KALSHI,
            session=cast("Any", None),
            read_market=cast("Any", None),
            orders=None,
            account=None,
            make_feed=cast("Any", None),
            check=self._check,
            read_lag_ms=lambda: self.lag_ms,
        )
        self.watch = Watch(
            kits=[self.kit],
            tracker=self.tracker,
            journal=self.journal,
            clock=clock,
            markets={},
            stats=self.stats,
            emit=self.events.append,
            guard=cast("Callable[[str, Coroutine[Any, Any, None]], Awaitable[None]]", run_plainly),
        )

    async def _check(self, shards: frozenset[int]) -> str:
        self.asked.append(shards)
        await self.answers_now.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def around(tmp_path: Path) -> Around:
    return Around(tmp_path / "journal")


async def test_paused_venue_is_told_once_and_again_when_it_opens(around: Around) -> None:
    around.answers = ["", "shard 2 takes no orders", "shard 2 takes no orders", ""]
    for _ in range(4):
        await around.watch.check_venue(around.kit)
    assert around.events == [
        VenueStateChanged(Venue.KALSHI, is_open=False, reason="shard 2 takes no orders"),
        VenueStateChanged(Venue.KALSHI, is_open=True, reason=""),
    ]
    around.journal.close()


async def test_venue_that_only_waited_opens_as_an_assumption(around: Around) -> None:
    around.answers = ["it restarts", ""]
    kit = replace(around.kit, is_assumed_open=lambda: True)
    for _ in range(2):
        await around.watch.check_venue(kit)
    assert around.events == [
        VenueStateChanged(Venue.KALSHI, is_open=False, reason="it restarts"),
        VenueStateChanged(Venue.KALSHI, is_open=True, reason="", is_assumed=True),
    ]
    around.journal.close()


async def test_venue_that_cannot_be_asked_changes_nothing(around: Around) -> None:
    around.answers = ["closed", VenueUnavailable("kalshi", "no_answer"), ""]
    for _ in range(3):
        await around.watch.check_venue(around.kit)
    assert [event.is_open for event in around.events if isinstance(event, VenueStateChanged)] == [
        False,
        True,
    ]
    around.journal.close()


async def test_disk_that_fails_ends_no_watch(
    around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_journal: Journal) -> bool:
        raise StorageError("input/output error")

    monkeypatch.setattr(Journal, "is_writable", property(lambda _journal: False))
    monkeypatch.setattr(Journal, "make_room", fail)
    around.answers = ["", "paused"]
    watching = asyncio.create_task(around.watch.run())
    await around.clock.pass_ms(11_000)
    watching.cancel()
    assert len(around.events) == 1
    around.journal.close()


async def test_venue_that_is_being_asked_is_not_asked_again(around: Around) -> None:
    around.answers = ["paused", "paused"]
    around.answers_now.clear()
    first = asyncio.create_task(around.watch.check_venue(around.kit))
    await settle_down()
    await around.watch.check_venue(around.kit)
    assert len(around.asked) == 1
    around.answers_now.set()
    await first
    await around.watch.check_venue(around.kit)
    assert (len(around.asked), len(around.events)) == (2, 1)
    around.journal.close()


async def test_lag_of_the_feed_is_looked_at(around: Around) -> None:
    around.answers = ["", ""]
    around.lag_ms = 12
    watching = asyncio.create_task(around.watch.run())
    await around.clock.pass_ms(11_000)
    watching.cancel()
    assert around.stats.lag_ms[Venue.KALSHI] == 12
    around.journal.close()


# -- provisional fills -------------------------------------------------------------------------


def hold_provisional(around: Around, venue: Venue, count: int) -> FakeVenue:
    """Let so many orders of a venue have a fill that may still fail."""
    for number in range(1, count + 1):
        spec = spec_of(venue, execution_no=number)
        key = f"{venue.value}-{number}"
        around.tracker.register(ref_of(spec, key))
        status = FillStatus.PROVISIONAL
        around.tracker.on_fill(fill_of(spec, f"fill-{key}", order_key=key, status=status))
    return around.ports[venue]


async def test_provisional_fills_are_looked_at_soon_after_a_venue_is_back(around: Around) -> None:
    port = hold_provisional(around, Venue.POLYMARKET, 1)
    port.read_errors = [VenueUnavailable("polymarket", "not_connected")] * 8
    looking = asyncio.create_task(around.watch.see_fills_through())
    await around.clock.pass_ms(7_900)
    assert port.reads == 8
    await around.clock.pass_ms(100)
    assert port.reads == 9
    # It answers: from now on as often as ever.
    await around.clock.pass_ms(4_900)
    assert port.reads == 9
    looking.cancel()
    around.journal.close()


async def test_venue_that_cannot_be_read_costs_one_read_a_round_and_none_of_the_other(
    around: Around,
) -> None:
    broken = hold_provisional(around, Venue.POLYMARKET, 5)
    broken.read_errors = [VenueUnavailable("polymarket", "no_answer")]
    spec = spec_of(Venue.KALSHI, execution_no=9)
    around.tracker.register(ref_of(spec, "other"))
    status = FillStatus.PROVISIONAL
    around.tracker.on_fill(fill_of(spec, "fill-other", order_key="other", status=status))
    looking = asyncio.create_task(around.watch.see_fills_through())
    await settle_down()
    assert (broken.reads, around.ports[Venue.KALSHI].reads) == (1, 1)
    looking.cancel()
    around.journal.close()
