"""Histories of orders that reached Polymarket after they had been looked for in vain."""

from tests.simulation.checkers.answers import AnswersTrue, LateAdopted
from tests.simulation.checkers.facts import Rule
from tests.simulation.histories import History, P
from tests.simulation.tales import Tale, start
from twoleg.core.actions import NoteKind
from twoleg.core.events import AnswerStatus
from twoleg.core.orders import OrderSpec


def _landed_late(history: History) -> OrderSpec:
    """Polymarket's leg was not answered, looked for in vain, and taken for absent."""
    leg = history.begin().fire()[1]
    history.answer(leg, AnswerStatus.UNKNOWN)
    history.step(7.5)
    history.answer(leg, AnswerStatus.MISSED, code="absent")
    history.step(1)
    return leg


def _late_and_told(history: History) -> None:
    leg = _landed_late(history)
    history.book(leg, history.trade(leg))
    history.note(NoteKind.ALARM, 1, event="late_fill")
    history.step(71).end()


def _late_and_untold(history: History) -> None:
    leg = _landed_late(history)
    history.book(leg, history.trade(leg))
    history.step(71)


def _delayed_and_absent(after_s: float) -> Tale:
    """It reached the venue late, which delayed it: nobody who looked for it was told."""

    def tale(history: History) -> None:
        spec = history.begin().spec(P, limit_e4=5_000)
        history.intend(spec)
        history.answer(spec, AnswerStatus.UNKNOWN)
        history.step(after_s)
        history.venues.pending.add(history.send(spec).key)
        history.step(8 - after_s)
        history.answer(spec, AnswerStatus.MISSED, code="absent")

    return tale


def _landed_before_the_answer(after_s: float, answered_s: float) -> Tale:
    """It lands while the last look for it is under way, or before that."""

    def tale(history: History) -> None:
        leg = history.begin().fire()[1]
        history.answer(leg, AnswerStatus.UNKNOWN)
        history.step(after_s)
        history.trade(leg)
        history.step(answered_s - after_s)
        history.answer(leg, AnswerStatus.MISSED, code="absent")

    return tale


def _absent_too_early(history: History) -> None:
    leg = history.begin().fire()[1]
    history.step(1.5)
    history.answer(leg, AnswerStatus.UNKNOWN)
    history.step(5.8)
    history.answer(leg, AnswerStatus.MISSED, code="absent")
    history.step(1)
    history.trade(leg)


def _killed_and_filled(history: History) -> None:
    leg = history.begin().fire()[1]
    history.answer(leg, AnswerStatus.UNKNOWN)
    history.step(10)
    history.answer(leg, AnswerStatus.MISSED, code="killed")
    history.step(1)
    history.trade(leg)


def _kalshi_late(history: History) -> None:
    leg = history.begin().fire()[0]
    history.answer(leg, AnswerStatus.UNKNOWN)
    history.step(10)
    history.answer(leg, AnswerStatus.MISSED, code="absent")
    history.step(1)
    history.trade(leg)


def _left_over(history: History, *, books: bool = True, by: str = "next") -> None:
    """What landed late is booked and closed without an alarm, by this process or the next."""
    leg = _landed_late(history)
    if by == "its own":
        start(history)
        history.step(1)
    traded = history.trade(leg)
    history.step(1)
    if by == "next":
        start(history)
    if books:
        history.book(leg, traded)
    history.close()
    history.step(1)
    if by == "first":
        start(history)
    history.step(71).end()


def _left_unbooked(history: History) -> None:
    _left_over(history, books=False)


def _came_after_the_start(history: History) -> None:
    _left_over(history, by="its own")


def _closed_before_the_start(history: History) -> None:
    _left_over(history, by="first")


FAIR: tuple[tuple[type[Rule], Tale], ...] = (
    (LateAdopted, _late_and_told),
    (AnswersTrue, _late_and_told),
    (AnswersTrue, _delayed_and_absent(7.5)),
    (AnswersTrue, _landed_before_the_answer(7.4, 11.8)),
    (LateAdopted, _left_over),
)

BAD: tuple[tuple[type[Rule], str, Tale], ...] = (
    (AnswersTrue, "pending_decided", _delayed_and_absent(7.3)),
    (AnswersTrue, "answer_untrue", _landed_before_the_answer(7.3, 7.5)),
    (AnswersTrue, "answer_untrue", _landed_before_the_answer(7.4, 12)),
    (AnswersTrue, "decided_too_early", _absent_too_early),
    (AnswersTrue, "decided_too_early", _killed_and_filled),
    (AnswersTrue, "decided_too_early", _kalshi_late),
    (LateAdopted, "late_fill_untold", _late_and_untold),
    (LateAdopted, "late_fill_untold", _left_unbooked),
    (LateAdopted, "late_fill_untold", _came_after_the_start),
    (LateAdopted, "late_fill_untold", _closed_before_the_start),
)
