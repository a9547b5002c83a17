"""The looks around that no stream makes superfluous."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.runtime import CountedEntropy, FakeVenue, HeldClock, settle_down
from twoleg.core.events import Event, VenueStateChanged
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
        ports = {venue: FakeVenue(venue, story) for venue in Venue}
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
            tracker=Tracker(
                orders=dict(ports.items()),
                clock=clock,
                record=lambda _record: None,
                emit=self.events.append,
            ),
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
