"""The looks around that no stream makes superfluous."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.runtime import CountedEntropy, FakeVenue, HeldClock
from twoleg.core.events import Event, VenueStateChanged
from twoleg.core.market import Venue
from twoleg.errors import StorageError, VenueUnavailable
from twoleg.runtime.kits import Kit
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
        clock = self.clock = HeldClock()
        story: list[str] = []
        ports = {venue: FakeVenue(venue, story) for venue in Venue}
        self.journal = Journal.open(
            folder, sync="process", clock=clock, entropy=CountedEntropy(), mode="sim"
        )
        self.kit = Kit(
            venue=Venue.KALSHI,
            session=cast("Any", None),
            read_market=cast("Any", None),
            orders=None,
            account=None,
            make_feed=cast("Any", None),
            check=self._check,
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
            emit=self.events.append,
            guard=cast("Callable[[str, Coroutine[Any, Any, None]], Awaitable[None]]", run_plainly),
        )

    async def _check(self, shards: frozenset[int]) -> str:
        self.asked.append(shards)
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
