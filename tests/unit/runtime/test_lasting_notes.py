"""Notes in a full journal: which are written from its reserve or owed, and which are left out."""

from contextlib import suppress
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from structlog.testing import capture_logs

from tests.support.runtime import HeldClock
from tests.unit.storage.support import note, open_journal
from twoleg.core.actions import Action, Note, NoteKind
from twoleg.core.engine import Engine
from twoleg.core.events import InvariantReported, StopRequested, VenueStateChanged
from twoleg.core.limits import Limits
from twoleg.core.market import Venue
from twoleg.errors import JournalFull
from twoleg.runtime.dispatch import Dispatch
from twoleg.runtime.kit import Seams
from twoleg.storage.records import NoteRecorded

LASTING = (NoteKind.ALARM, NoteKind.BREAKER_CHANGED, NoteKind.EXECUTION_CLOSED)
STEPS = tuple(kind for kind in NoteKind if kind not in LASTING)
FILLER = "filler"


class Desk:
    """A dispatch whose journal gets no new segment until it is told so."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.noted: list[Note] = []
        self.dispatch = Dispatch(Seams(HeldClock(), MagicMock(), MagicMock()), self.noted.append)
        self.dispatch.journal = self.journal = open_journal(folder)
        self.dispatch.archive = MagicMock()
        self.dispatch._sentry = MagicMock()
        self.dispatch._executor = MagicMock()
        self.dispatch._executor.execution_id.return_value = "e1"
        self.is_full = True
        rotate = self.journal._rotate

        def rotate_if_there_is_room() -> bool:
            if self.is_full:
                self.journal._blocked_ns = 0
                return False
            return rotate()

        monkeypatch.setattr(self.journal, "_rotate", rotate_if_there_is_room)

    def fill_up(self, *, reserve: bool) -> None:
        """Until no further record fits: none but those for the reserve, or none at all."""
        with suppress(JournalFull):
            while True:
                self.journal.append(note(kind=FILLER), reserve=reserve)

    def make_room(self) -> None:
        self.is_full = False
        assert self.journal.make_room()

    def decide(self, *actions: Action) -> None:
        """The engine decides on these at its next event."""
        self.dispatch.engine = MagicMock()
        self.dispatch.engine.on_event.return_value = actions
        self.dispatch.feed(StopRequested())

    def journalled(self) -> list[str]:
        return [
            record.kind
            for _, record in self.journal.read()
            if isinstance(record, NoteRecorded) and record.kind != FILLER
        ]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path / "journal", monkeypatch)


def note_of(kind: NoteKind) -> Note:
    net = ("net_micros", 5)
    return Note(kind, 1, (net,) if kind is NoteKind.EXECUTION_CLOSED else (("event", "it_is"),))


@pytest.mark.parametrize("kind", NoteKind)
def test_note_of_any_kind_is_written_while_there_is_room(desk: Desk, kind: NoteKind) -> None:
    desk.decide(note_of(kind))
    assert desk.journalled() == [kind.value]


@pytest.mark.parametrize("kind", LASTING)
def test_note_that_lasts_is_written_from_the_reserve(desk: Desk, kind: NoteKind) -> None:
    desk.fill_up(reserve=False)
    desk.decide(note_of(kind))
    assert desk.journalled() == [kind.value]
    assert len(desk.dispatch._owed) == 0


@pytest.mark.parametrize("kind", LASTING)
def test_note_that_lasts_is_owed_where_the_reserve_is_used_up(desk: Desk, kind: NoteKind) -> None:
    desk.fill_up(reserve=True)
    with capture_logs() as lines:
        desk.decide(note_of(kind))
    assert [line["event"] for line in lines if line["log_level"] == "error"] == [
        "fact_not_journalled"
    ]
    assert desk.journalled() == []
    desk.make_room()
    desk.dispatch.append(note(2), False)
    # Before what came later.
    assert desk.journalled() == [kind.value, "alarm"]


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize("is_used_up", [False, True])
def test_step_on_the_way_is_left_out_of_a_full_journal(
    desk: Desk, kind: NoteKind, *, is_used_up: bool
) -> None:
    desk.fill_up(reserve=is_used_up)
    with capture_logs() as lines:
        desk.decide(note_of(kind))
    assert "record_not_journalled" in [line["event"] for line in lines]
    # Whoever watches is told all the same.
    assert desk.noted == [note_of(kind)]
    desk.make_room()
    desk.dispatch.append(note(2), False)
    assert desk.journalled() == ["alarm"]


@pytest.mark.parametrize("is_used_up", [False, True])
def test_what_the_engine_tells_stands_in_its_order(desk: Desk, *, is_used_up: bool) -> None:
    desk.fill_up(reserve=is_used_up)
    desk.decide(*(note_of(kind) for kind in NoteKind))
    desk.dispatch.engine = Engine(Limits())
    desk.dispatch.feed(VenueStateChanged(Venue.KALSHI, is_open=False, reason="paused"))
    desk.dispatch.feed(InvariantReported("a task failed"))
    desk.make_room()
    desk.dispatch.append(note(2, kind="after"), False)
    lasting = [kind.value for kind in NoteKind if kind in LASTING]
    assert desk.journalled() == [*lasting, "alarm", "breaker_changed", "after"]
