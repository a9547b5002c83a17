"""Halts, pauses and losses as the journal tells them at a start."""

import pytest

from tests.support.runtime import WALL_NS
from twoleg.core.events import GuardsRestored, OperatorAct
from twoleg.core.guards import DAY_NS
from twoleg.runtime.guarded import LOST_KEPT, Guarded
from twoleg.storage.records import NoteRecorded, OperatorRecorded

HALT, PAUSE, RESUME, CLEAR = (
    OperatorAct.HALT,
    OperatorAct.PAUSE,
    OperatorAct.RESUME,
    OperatorAct.CLEAR_HALT,
)


def closed(
    number: int, net_micros: int, age_ns: int, kind: str = "execution_closed"
) -> NoteRecorded:
    return NoteRecorded(
        wall_ns=WALL_NS - age_ns,
        execution_no=number,
        execution_id="x",
        pair_id="p",
        kind=kind,
        fields={"net_micros": net_micros},
    )


@pytest.mark.parametrize(
    ("acts", "halt", "is_paused"),
    [
        ((), "", False),
        ((HALT,), "why 0", False),
        ((HALT, HALT), "why 1", False),
        ((HALT, RESUME), "why 0", False),
        ((HALT, CLEAR), "", False),
        ((PAUSE, CLEAR), "", True),
        ((PAUSE, HALT, CLEAR), "", True),
        ((PAUSE, HALT, RESUME), "why 1", False),
    ],
)
def test_acts_in_force_are_those_that_nothing_ended(
    acts: tuple[OperatorAct, ...], halt: str, *, is_paused: bool
) -> None:
    guarded = Guarded()
    for number, act in enumerate(acts):
        record = OperatorRecorded(wall_ns=1, act=act, reason=f"why {number}", actor="me")
        guarded.apply(record)
    assert guarded.restored(WALL_NS) == GuardsRestored((), halt, is_paused)


def test_losses_of_the_last_day_are_told_with_their_age() -> None:
    guarded = Guarded()
    for record in (
        closed(1, -9, DAY_NS + 1),
        closed(2, -7, DAY_NS),
        closed(3, 50, 10),
        closed(4, -3, 5),
        closed(5, -100, 4, kind="alarm"),
    ):
        guarded.apply(record)
    assert guarded.restored(WALL_NS).losses == ((DAY_NS, 7), (5, 3))


def test_execution_that_closed_again_counts_what_changed() -> None:
    guarded = Guarded()
    for record in (closed(1, -9, 30), closed(1, -4, 20), closed(1, -4, 15), closed(1, 6, 10)):
        guarded.apply(record)
    assert guarded.restored(WALL_NS).losses == ((30, 9), (20, -5), (10, -4))


def test_what_is_kept_is_bounded_by_the_day_and_by_the_executions() -> None:
    guarded = Guarded()
    hour_ns = DAY_NS // 24
    for number in range(2 * LOST_KEPT):
        guarded.apply(closed(number, -9, -number * hour_ns))
    assert len(guarded.losses) == 25
    assert list(guarded.lost_micros) == list(range(LOST_KEPT, 2 * LOST_KEPT))


def test_execution_that_closed_again_is_remembered_longer() -> None:
    guarded = Guarded()
    for number in range(LOST_KEPT):
        guarded.apply(closed(number, -9, 0))
    guarded.apply(closed(0, -10, 0))
    guarded.apply(closed(LOST_KEPT, -9, 0))
    assert guarded.lost_micros[0] == 10
    assert 1 not in guarded.lost_micros


def test_record_from_a_clock_ahead_of_ours_has_no_age() -> None:
    guarded = Guarded()
    guarded.apply(closed(1, -9, -100))
    assert guarded.restored(WALL_NS).losses == ((0, 9),)
