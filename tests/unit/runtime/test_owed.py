"""A fact that the journal refused is written as soon as it takes records, before all else."""

import asyncio
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from structlog.testing import capture_logs

from tests.support.runtime import HeldClock, settle_down
from tests.unit.storage.support import note, open_journal
from twoleg.errors import JournalFull, StorageError
from twoleg.runtime.dispatch import Dispatch
from twoleg.runtime.kit import Seams
from twoleg.runtime.owed import EVERY_S, KEPT_MAX, TELLS_EVERY
from twoleg.storage.records import AnyRecord, NoteRecorded

TOO_LONG = "x" * (2 << 20)


class Desk:
    """A dispatch over a journal that may have no room."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = HeldClock()
        self.dispatch = Dispatch(Seams(self.clock, MagicMock(), MagicMock()), MagicMock())
        self.dispatch.journal = self.journal = open_journal(folder)
        self.dispatch.archive = MagicMock()
        self.dispatch._sentry = MagicMock()
        self.is_full = False
        find_room = self.journal._find_room

        def find(size: int, *, reserve: bool) -> None:
            if self.is_full:
                self.journal._blocked_ns = 0
                raise JournalFull("no room")
            self.journal._blocked_ns = None
            find_room(size, reserve=reserve)

        monkeypatch.setattr(self.journal, "_find_room", find)

    def record(self, *numbers: int) -> None:
        for number in numbers:
            self.dispatch.record(note(number))

    def journalled(self) -> list[int]:
        records: list[AnyRecord] = [
            record for _, record in self.journal.read() if isinstance(record, NoteRecorded)
        ]
        return [record.execution_no for record in records if isinstance(record, NoteRecorded)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path / "journal", monkeypatch)


def test_facts_come_in_order_and_before_what_is_new(desk: Desk) -> None:
    desk.record(1)
    desk.is_full = True
    desk.record(2, 3)
    with pytest.raises(StorageError):
        desk.dispatch.append(note(4), False)
    assert desk.journalled() == [1]
    # They count already, in memory.
    assert desk.dispatch.known.next_execution_no == 4
    desk.is_full = False
    desk.dispatch.append(note(5), False)
    desk.record(6)
    assert desk.journalled() == [1, 2, 3, 5, 6]


async def test_facts_are_written_when_nothing_else_is(desk: Desk) -> None:
    task = asyncio.create_task(desk.dispatch._owed.run())
    desk.is_full = True
    desk.record(1, 2)
    with capture_logs() as lines:
        await desk.clock.pass_ms(round(2 * TELLS_EVERY * EVERY_S * 1_000))
    assert [(line["event"], line["count"]) for line in lines] == [
        ("facts_wait_for_the_journal", 2)
    ] * 2
    desk.is_full = False
    await desk.clock.pass_ms(1_000)
    assert desk.journalled() == [1, 2]
    task.cancel()
    await settle_down()


def test_facts_are_written_at_the_end_or_told_as_lost(desk: Desk) -> None:
    desk.is_full = True
    desk.record(1)
    with capture_logs() as lines:
        desk.dispatch._owed.end()
    assert [(line["event"], line["count"]) for line in lines] == [("facts_lost", 1)]
    desk.is_full = False
    desk.dispatch._owed.end()
    assert desk.journalled() == [1]


def test_what_may_be_lost_is_not_kept(desk: Desk) -> None:
    desk.is_full = True
    desk.dispatch.record(note(1), reserve=False)
    desk.is_full = False
    desk.record(2)
    assert desk.journalled() == [2]


@pytest.mark.parametrize("waits", [False, True])
def test_fact_that_never_fits_keeps_no_other_back(desk: Desk, *, waits: bool) -> None:
    long = NoteRecorded(
        wall_ns=1,
        execution_no=2,
        execution_id="",
        pair_id="",
        kind="alarm",
        fields={"event": TOO_LONG},
    )
    desk.is_full = waits
    desk.record(1)
    with capture_logs() as lines:
        desk.dispatch.record(long)
        desk.record(3)
        desk.is_full = False
        desk.record(4)
    assert desk.journalled() == [1, 3, 4]
    assert [line["event"] for line in lines].count("fact_never_journalled") == 1


def test_facts_that_wait_are_bounded(desk: Desk) -> None:
    desk.is_full = True
    with capture_logs() as lines:
        desk.record(*range(1, KEPT_MAX + 2))
    assert len(desk.dispatch._owed) == KEPT_MAX
    assert lines[-1]["event"] == "fact_never_journalled"
