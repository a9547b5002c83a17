"""What operators and the guards outside the engine do to the breaker."""

from collections.abc import Sequence
from typing import Final, assert_never

from twoleg.core.actions import Action, Note, NoteKind
from twoleg.core.breaker import Breaker
from twoleg.core.events import (
    GuardCleared,
    GuardsRestored,
    GuardTripped,
    OperatorAct,
    OperatorActed,
)
from twoleg.core.notes import breaker_note

GuardEvent = OperatorActed | GuardTripped | GuardCleared | GuardsRestored
GUARD_EVENTS: Final = (OperatorActed, GuardTripped, GuardCleared, GuardsRestored)


def take_guard(breaker: Breaker, event: GuardEvent, now_ns: int) -> Sequence[Action]:
    """Carry out an operator's act, a guard's trip or its end, or what a restart restores."""
    match event:
        case OperatorActed():
            _operate(breaker, event.act, event.reason)
            return [_alarm("operator_acted", (("act", event.act.value), ("reason", event.reason)))]
        case GuardTripped():
            act = breaker.hold_open if event.stands else breaker.trip
            opened = act(event.reason, now_ns)
            told = _alarm("guard_tripped", (("reason", event.reason), ("detail", event.detail)))
            return [told, breaker_note(breaker)] if opened else [told]
        case GuardCleared():
            was_held = breaker.let_go(event.reason)
            return [_alarm("guard_cleared", (("reason", event.reason),))] if was_held else ()
        case GuardsRestored():
            return _restore(breaker, event, now_ns)
        case _:
            assert_never(event)


def _operate(breaker: Breaker, act: OperatorAct, reason: str) -> None:
    match act:
        case OperatorAct.PAUSE:
            breaker.pause()
        case OperatorAct.RESUME:
            breaker.resume()
        case OperatorAct.HALT:
            breaker.halt(reason)
        case OperatorAct.CLEAR_HALT:
            breaker.clear_halt()
        case _:
            assert_never(act)


def _restore(breaker: Breaker, event: GuardsRestored, now_ns: int) -> Sequence[Action]:
    if event.paused:
        breaker.pause()
    if event.halt:
        breaker.halt(event.halt)
    told: list[Action] = []
    if event.paused or event.halt:
        told.append(_alarm("guards_restored", (("halt", event.halt), ("paused", event.paused))))
    if breaker.restore_losses(event.losses, now_ns):
        told.append(breaker_note(breaker))
    return told


def _alarm(name: str, fields: tuple[tuple[str, str | int | bool], ...]) -> Note:
    return Note(NoteKind.ALARM, 0, (("event", name), *fields))
