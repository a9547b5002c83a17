"""What the daemon takes for the outcome of an order, against what the venue did with it."""

from typing import Final

from tests.simulation.checkers.facts import (
    ABSENT_NS_MIN,
    NS_PER_S,
    Facts,
    Rule,
    seconds,
    violate,
)
from tests.simulation.checkers.record import UNDECIDED, Intent, Story
from tests.simulation.sightings import Sent, Traded
from twoleg.storage.records import AnswerRecorded

ADOPTED_NS_MAX: Final = 70 * NS_PER_S
"""Fills are asked for every 30 s; what is found late is told at once."""


class AnswersTrue(Rule):
    """A decided answer is what the venue did; an order that may still fill is never decided."""

    def __init__(self) -> None:
        self._latest: dict[str, Sent] = {}

    def step(self, facts: Facts) -> None:
        for sent in facts.new_sent:
            self._latest[sent.key] = sent
        for record in facts.new_records:
            if isinstance(record, AnswerRecorded) and record.answer.status not in UNDECIDED:
                intent = facts.record.by_key.get(record.order_key)
                if intent is not None:
                    self._check(facts, intent, record)
        for trade in facts.new_trades:
            intent = facts.record.by_key.get(trade.key)
            if intent is None or not intent.is_decided:
                continue
            if trade.at_ns > intent.answered_ns and not facts.is_late(intent, trade):
                raise violate("decided_too_early", f"{intent.answer} and then {trade}")

    def _check(self, facts: Facts, intent: Intent, record: AnswerRecorded) -> None:
        trades = facts.trades_of(intent.key)
        earlier = [
            trade
            for trade in trades
            if trade.at_ns <= record.wall_ns and not facts.is_late(intent, trade)
        ]
        live_e6 = sum(trade.size_e6 for trade in earlier if not trade.is_void)
        most_e6 = sum(trade.size_e6 for trade in trades)
        if not live_e6 <= record.answer.filled_e6 <= most_e6:
            raise violate(
                "answer_untrue",
                f"{record.order_key} of execution {record.execution_no}: {record.answer}; "
                f"the venue filled {live_e6} to {most_e6}",
            )
        sent = self._latest.get(intent.key)
        if sent is None or not (sent.is_entered and sent.is_done):
            return
        if facts.venues.is_pending(sent) and not _came_late(facts, intent, sent):
            raise violate("pending_decided", f"{record.answer}, but {sent} may still fill")


def _came_late(facts: Facts, intent: Intent, sent: Sent) -> bool:
    """Whether an order reached its venue after the time in which it could be missed there.

    The venue tells of an order whose matching it delays no more than of one that never came.
    """
    is_absent = facts.is_landed_late(intent, intent.absent_ns + 1)
    return is_absent and sent.at_ns - intent.wall_ns >= ABSENT_NS_MIN


class LateAdopted(Rule):
    """What lands after its order was taken for absent raises an alarm within a bound.

    That it is booked, and its residual closed, is asked of it as of every other fill.
    """

    has_bounds = True

    def __init__(self) -> None:
        self._late: list[tuple[Intent, Traded]] = []

    def step(self, facts: Facts) -> None:
        for trade in facts.new_trades:
            intent = facts.record.by_key.get(trade.key)
            if intent is not None and facts.is_late(intent, trade):
                self._late.append((intent, trade))
        if self._late and facts.is_running:
            self._check(facts, ADOPTED_NS_MAX)

    def end(self, facts: Facts) -> None:
        self._check(facts, 0)

    def _check(self, facts: Facts, bound_ns: int) -> None:
        waiting: list[tuple[Intent, Traded]] = []
        for intent, trade in self._late:
            story = facts.record.stories.get(intent.spec.execution_no)
            if trade.is_void or (story is not None and _is_adopted(facts, story, trade)):
                continue
            if facts.now_ns - max(trade.at_ns, facts.alive_ns) > bound_ns:
                raise violate("late_fill_untold", f"{trade}, {seconds(facts, trade.at_ns)}")
            waiting.append((intent, trade))
        self._late = waiting


def _is_adopted(facts: Facts, story: Story, trade: Traded) -> bool:
    """An alarm told of it; or a process that died over it left it to the next, which closed it."""
    is_left_over = trade.at_ns < story.closer_ns
    is_closed = is_left_over and story.is_closed and facts.is_booked(trade)
    return story.late_ns >= trade.at_ns or is_closed
