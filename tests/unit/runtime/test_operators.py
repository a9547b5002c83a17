"""Operators' acts: journalled before they take effect, taken from the folder in order, once."""

import asyncio
import stat
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from tests.support.runtime import WALL_NS, CountedEntropy, HeldClock, settle_down
from twoleg.core.events import Event, OperatorAct, OperatorActed
from twoleg.core.market import Venue
from twoleg.errors import StorageError
from twoleg.runtime.operators import (
    EVERY_S,
    REASON_CHARS_MAX,
    AcceptRequest,
    Operators,
    Request,
    put_request,
)
from twoleg.storage.records import AnyRecord, DifferenceAccepted, OperatorRecorded

HALT, PAUSE, RESUME, CLEAR = (
    OperatorAct.HALT,
    OperatorAct.PAUSE,
    OperatorAct.RESUME,
    OperatorAct.CLEAR_HALT,
)


class Stand:
    """What the accounts hold beside our record."""

    def __init__(self) -> None:
        self.is_compared = True
        self.micros: dict[tuple[Venue, int], int] = {}

    def standing(self, venue: Venue, shard: int) -> int | None:
        return self.micros.get((venue, shard), 0) if self.is_compared else None

    def accepted(self, venue: Venue, shard: int) -> None:
        del self.micros[venue, shard]


class Office:
    """The operators of one state folder, and what came of their acts, in order."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.clock = HeldClock()
        self.entropy = CountedEntropy()
        self.story: list[AnyRecord | Event] = []
        self.fails = False
        self.stand = Stand()
        self.operators = Operators(
            state_dir,
            accounts=cast("Any", self.stand),
            clock=self.clock,
            append=self._append,
            emit=self.story.append,
        )

    def _append(self, record: AnyRecord, reserve: bool) -> None:  # noqa: FBT001 - a port's shape
        assert reserve
        if self.fails:
            raise StorageError("no room")
        self.story.append(record)

    def ask(self, act: OperatorAct, reason: str = "why") -> Path:
        self.clock.now_ns += 1
        request = Request(act=act, reason=reason, actor="me")
        return put_request(self.state_dir, request, self.clock, self.entropy)

    def ask_to_accept(self, micros: int) -> Path:
        self.clock.now_ns += 1
        request = AcceptRequest(
            venue=Venue.POLYMARKET, shard=0, micros=micros, reason=" gift ", actor="me"
        )
        return put_request(self.state_dir, request, self.clock, self.entropy)

    def acts(self) -> list[OperatorAct]:
        return [event.act for event in self.story if isinstance(event, OperatorActed)]

    def files(self) -> list[str]:
        return sorted(path.suffix for path in (self.state_dir / "operator").iterdir())


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "sim")


def test_act_is_journalled_before_it_takes_effect(office: Office) -> None:
    office.operators.operate(HALT, " rules changed ", "me")
    record = OperatorRecorded(wall_ns=WALL_NS, act=HALT, reason="rules changed", actor="me")
    assert office.story == [record, OperatorActed(HALT, "rules changed", "me")]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("", "no reason given"), ("  ", "no reason given"), ("x" * 600, "x" * REASON_CHARS_MAX)],
)
def test_reason_is_never_empty_and_bounded(office: Office, given: str, kept: str) -> None:
    office.operators.operate(HALT, given, "me")
    assert office.story[1] == OperatorActed(HALT, kept, "me")


@pytest.mark.parametrize(("act", "takes_effect"), [(HALT, 1), (PAUSE, 1), (RESUME, 0), (CLEAR, 0)])
def test_journal_that_fails_stops_but_does_not_let_go(
    office: Office, act: OperatorAct, takes_effect: int
) -> None:
    office.fails = True
    with pytest.raises(StorageError):
        office.operators.operate(act, "why", "me")
    assert len(office.acts()) == takes_effect


def test_requests_are_taken_in_order_and_once(office: Office) -> None:
    for act in (HALT, CLEAR, PAUSE):
        office.ask(act)
    office.operators.take_requests()
    office.operators.take_requests()
    assert office.acts() == [HALT, CLEAR, PAUSE]
    assert office.files() == []


def test_no_folder_is_no_request(office: Office) -> None:
    office.operators.take_requests()
    assert office.story == []


async def test_running_daemon_looks_every_second(office: Office) -> None:
    task = asyncio.create_task(office.operators.run())
    await settle_down()
    office.ask(HALT)
    await office.clock.pass_ms(int(EVERY_S * 1_000))
    assert office.acts() == [HALT]
    task.cancel()


def test_request_that_cannot_be_removed_is_taken_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_path: Path, **_options: object) -> None:
        raise PermissionError("read-only")

    office.ask(HALT)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", fail)
        for _ in range(3):
            office.operators.take_requests()
    assert (office.acts(), office.files()) == ([HALT], [".act"])
    office.ask(PAUSE)
    office.operators.take_requests()
    assert office.acts() == [HALT, PAUSE]


def test_request_that_cannot_be_put_aside_is_refused_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_path: Path, _target: Path) -> None:
        raise PermissionError("read-only")

    office.ask(HALT).write_bytes(b"{}")
    monkeypatch.setattr(Path, "rename", fail)
    with capture_logs() as logs:
        for _ in range(3):
            office.operators.take_requests()
    told = [entry["event"] for entry in logs]
    assert told == ["operator_request_refused", "operator_request_not_read"]


def test_request_that_is_not_journalled_stays_for_the_next_look(office: Office) -> None:
    office.ask(CLEAR)
    office.fails = True
    office.operators.take_requests()
    assert (office.acts(), office.files()) == ([], [".act"])
    office.fails = False
    office.operators.take_requests()
    assert (office.acts(), office.files()) == ([CLEAR], [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b'{"act":"stop","reason":"x","actor":"y"}',
        b'{"act":"halt","reason":"x"}',
        b'{"act":"halt","reason":"x","actor":"y","more":1}',
        b'{"act":"halt","reason":"' + b"x" * 9_000 + b'","actor":"y"}',
    ],
)
def test_request_that_cannot_be_read_is_put_aside_and_stops_no_other(
    office: Office, content: bytes
) -> None:
    office.ask(HALT).write_bytes(content)
    office.ask(PAUSE)
    office.operators.take_requests()
    assert (office.acts(), office.files()) == ([PAUSE], [".refused"])


def test_half_written_request_is_not_taken(office: Office) -> None:
    path = office.ask(HALT)
    path.rename(path.with_suffix(".part"))
    office.operators.take_requests()
    assert office.acts() == []


def test_only_the_user_may_ask(office: Office) -> None:
    office.ask(HALT)
    mode = (office.state_dir / "operator").stat().st_mode
    assert stat.S_IMODE(mode) == 0o700


def test_folder_that_cannot_be_written_is_an_error_that_names_it(office: Office) -> None:
    office.state_dir.parent.mkdir(parents=True, exist_ok=True)
    office.state_dir.write_text("a file", encoding="utf-8")
    with pytest.raises(StorageError, match="operator: cannot leave the request"):
        office.ask(HALT)
    # A daemon says so and goes on.
    office.operators.take_requests()
    assert office.acts() == []


# -- differences that are accepted -------------------------------------------------------------

POT: tuple[Venue, int] = (Venue.POLYMARKET, 0)


@pytest.mark.parametrize("micros", [7, -7])
def test_difference_of_exactly_that_size_is_accepted_and_journalled(
    office: Office, micros: int
) -> None:
    office.stand.micros = {POT: micros}
    office.ask_to_accept(micros)
    office.operators.take_requests()
    office.operators.take_requests()
    (record,) = office.story
    assert isinstance(record, DifferenceAccepted)
    assert (record.micros, record.reason, record.actor) == (micros, "gift", "me")
    assert (office.stand.micros, office.files()) == ({}, [])


@pytest.mark.parametrize(
    ("stands", "micros"), [({}, 7), ({}, 0), ({POT: 8}, 7), ({POT: -7}, 7), ({(*POT[:1], 1): 7}, 7)]
)
def test_difference_that_does_not_stand_so_is_refused(
    office: Office, stands: dict[tuple[Venue, int], int], micros: int
) -> None:
    office.stand.micros = dict(stands)
    office.ask_to_accept(micros)
    office.operators.take_requests()
    assert (office.story, office.stand.micros, office.files()) == ([], stands, [".refused"])


def test_acceptance_waits_until_the_accounts_were_compared_and_journalled(office: Office) -> None:
    office.stand.is_compared = False
    office.ask_to_accept(7)
    office.operators.take_requests()
    assert (office.story, office.files()) == ([], [".accept"])
    office.stand.is_compared, office.stand.micros, office.fails = True, {POT: 7}, True
    office.operators.take_requests()
    assert (office.story, office.files()) == ([], [".accept"])
    assert office.stand.micros == {POT: 7}
    office.fails = False
    office.operators.take_requests()
    assert (len(office.story), office.files()) == (1, [])
