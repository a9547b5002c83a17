"""What operators, guards and a restart do to the breaker, and what is told of it."""

import pytest

from tests.support.core import Rig, fires
from twoleg.core.actions import Note
from twoleg.core.breaker import Breaker, BreakerState
from twoleg.core.events import (
    Event,
    GuardCleared,
    GuardsRestored,
    GuardTripped,
    InvariantReported,
    OperatorAct,
    OperatorActed,
)
from twoleg.core.guarding import GuardEvent, take_guard
from twoleg.core.limits import BreakerLimits

OPEN_NS = 60_000_000_000
LOSS = BreakerLimits().loss_micros_max


def told(breaker: Breaker, event: GuardEvent, now_ns: int = 0) -> list[dict[str, object]]:
    """Fields of the notes that an event leads to."""
    notes = take_guard(breaker, event, now_ns)
    return [dict(note.fields) for note in notes if isinstance(note, Note)]


def acted(breaker: Breaker, act: OperatorAct) -> list[dict[str, object]]:
    return told(breaker, OperatorActed(act, "why", "me"))


@pytest.mark.parametrize(
    ("stop", "go"),
    [(OperatorAct.PAUSE, OperatorAct.RESUME), (OperatorAct.HALT, OperatorAct.CLEAR_HALT)],
)
def test_operator_stops_and_lets_go_by_the_act_that_belongs_to_it(
    stop: OperatorAct, go: OperatorAct
) -> None:
    breaker = Breaker(BreakerLimits())
    assert acted(breaker, stop) == [{"event": "operator_acted", "act": stop.value, "reason": "why"}]
    for act in OperatorAct:
        if act not in (go, stop):
            acted(breaker, act)
    for other in ({OperatorAct.RESUME, OperatorAct.CLEAR_HALT}) - {go}:
        acted(breaker, other)
    assert not breaker.allows(0)
    acted(breaker, go)
    for other in (OperatorAct.RESUME, OperatorAct.CLEAR_HALT):
        acted(breaker, other)
    assert breaker.allows(0)


def test_trip_opens_and_cools_down() -> None:
    breaker = Breaker(BreakerLimits())
    alarm, change = told(breaker, GuardTripped("fee_divergence", "12 off"))
    assert alarm == {"event": "guard_tripped", "reason": "fee_divergence", "detail": "12 off"}
    assert (change["state"], change["reason"]) == ("open", "fee_divergence")
    assert len(told(breaker, GuardTripped("fee_divergence", "13 off"), 1)) == 1
    assert not breaker.allows(OPEN_NS)
    assert breaker.allows(OPEN_NS + 1)


def test_standing_trip_ends_by_its_clearance_alone() -> None:
    breaker = Breaker(BreakerLimits())
    told(breaker, GuardTripped("clock_skew:kalshi", "2 s", stands=True))
    assert not breaker.allows(OPEN_NS)
    assert told(breaker, GuardCleared("clock_skew:polymarket")) == []
    assert not breaker.allows(OPEN_NS)
    (note,) = told(breaker, GuardCleared("clock_skew:kalshi"))
    assert note["event"] == "guard_cleared"
    assert breaker.allows(OPEN_NS)


def test_restart_restores_halt_pause_and_losses() -> None:
    breaker = Breaker(BreakerLimits())
    alarm, change = told(breaker, GuardsRestored(((5, LOSS + 1),), "rules", paused=True), 7)
    assert alarm == {"event": "guards_restored", "halt": "rules", "paused": True}
    assert (change["state"], change["reason"]) == ("open", "loss")
    assert "halted by an operator: rules" in breaker.why_closed(7)
    breaker.clear_halt()
    assert breaker.why_closed(7) == "paused by an operator"
    assert breaker.lost_micros(7) == LOSS + 1


def test_restart_with_nothing_to_restore_changes_and_tells_nothing() -> None:
    breaker = Breaker(BreakerLimits())
    assert told(breaker, GuardsRestored((), "")) == []
    assert breaker.state is BreakerState.CLOSED
    assert breaker.allows(0)


# -- behind the engine's door ----------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        GuardTripped("reconciliation_difference", "1 dollar"),
        GuardTripped("fee_divergence", "12 off"),
        GuardTripped("journal_stall", "3 s"),
        GuardTripped("clock_skew:polymarket", "4 s", stands=True),
        GuardTripped("journal_unwritable", "no room", stands=True),
        GuardsRestored(((1, LOSS + 1),), ""),
        GuardsRestored((), "halted before"),
        GuardsRestored((), "", paused=True),
        OperatorActed(OperatorAct.HALT, "why", "me"),
        OperatorActed(OperatorAct.PAUSE, "why", "me"),
        InvariantReported("a contradiction"),
    ],
    ids=str,
)
def test_nothing_is_fired_at_an_edge_after(event: Event) -> None:
    rig = Rig()
    rig.send(event)
    assert fires(rig.quote()) == []
    # The same edge is fired at where nothing was sent before.
    assert len(fires(Rig().quote())) == 1
