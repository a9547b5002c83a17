"""What opens the breaker besides failures in a row: losses of a day, and rates of what went wrong.

Counted from the journal's closings and fills, whose money other rules compare with the venues'.
"""

from collections import OrderedDict
from typing import Final

from tests.simulation.checkers.facts import NS_PER_MS, NS_PER_S, Facts, Rule, violate
from tests.simulation.checkers.record import BookedFill, Story
from twoleg.core.actions import NoteKind
from twoleg.core.orders import Purpose
from twoleg.storage.records import (
    FillFinalRecorded,
    FillVoidRecorded,
    IntentRecorded,
    NoteRecorded,
    RunStarted,
)

ONE_E4: Final = 10_000


class LossesStop(Rule):
    """No entry once a day's executions lost more than may be, restarts included.

    What one earned buys no room: a hedged pair is paid at its end. All of a world is one day.
    """

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            if not _is_entry(record):
                continue
            nets = (int(s.closing.get("net_micros", 0)) for s in facts.record.stories.values())
            lost = sum(-net for net in nets if net < 0)
            if lost > facts.limits.breaker.loss_micros_max:
                raise violate("entry_after_losses", f"{lost} micros were lost: {record}")


class _Rate:
    """Of the latest so many, how many went wrong; taken anew once that was too much."""

    def __init__(self) -> None:
        self._latest: OrderedDict[int, bool] = OrderedDict()

    def is_over(self, number: int, window: int, share_e4_max: int, *, is_bad: bool) -> bool:
        self._latest[number] = self._latest.get(number, False) or is_bad
        while len(self._latest) > window:
            self._latest.popitem(last=False)
        bad_e4 = sum(self._latest.values()) * ONE_E4
        is_over = len(self._latest) == window and bad_e4 > share_e4_max * window
        if is_over:
            self._latest.clear()
        return is_over


class RatesStop(Rule):
    """No entry for as long as the breaker is open after too many were unwound, or fills failed."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._unwinds, self._voids = _Rate(), _Rate()
        self._ends = 0
        self._opened_ns = 0

    def step(self, facts: Facts) -> None:
        if "fact_not_journalled" in facts.expected_logs:
            # Ends may be missing in a journal that has no room.
            return
        for record in facts.new_records:
            match record:
                case RunStarted():
                    self._begin()
                case NoteRecorded() if record.kind == NoteKind.EXECUTION_CLOSED.value:
                    if self._closes(facts, record.execution_no):
                        self._opened_ns = record.wall_ns
                case FillVoidRecorded() | FillFinalRecorded():
                    if self._ends_fill(facts, is_void=isinstance(record, FillVoidRecorded)):
                        self._opened_ns = record.wall_ns
                case IntentRecorded() if _is_entry(record):
                    self._check(facts, record)
                case _:
                    pass

    def _closes(self, facts: Facts, number: int) -> bool:
        fills, limits = _fills_of(facts, number), facts.limits.breaker
        if not fills:
            return False
        is_bad = _is_unwound(facts.record.stories[number], fills)
        window, most_e4 = limits.rate_window, limits.unwind_rate_e4_max
        return self._unwinds.is_over(number, window, most_e4, is_bad=is_bad)

    def _ends_fill(self, facts: Facts, *, is_void: bool) -> bool:
        limits = facts.limits.breaker
        window, most_e4 = limits.rate_window, limits.void_rate_e4_max
        self._ends += 1
        return self._voids.is_over(self._ends, window, most_e4, is_bad=is_void)

    def _check(self, facts: Facts, record: IntentRecorded) -> None:
        open_ns = facts.limits.breaker.open_ms * NS_PER_MS
        if self._opened_ns and record.wall_ns - self._opened_ns < open_ns - NS_PER_S:
            raise violate("entry_after_rate", f"execution {record.execution_no} came too soon")


def _is_entry(record: object) -> bool:
    return isinstance(record, IntentRecorded) and record.orders[0].spec.purpose is Purpose.ARB


def _fills_of(facts: Facts, execution_no: int) -> list[BookedFill]:
    booked = facts.record.fills.values()
    return [one for one in booked if one.execution_no == execution_no and not one.is_void]


def _is_unwound(story: Story, fills: list[BookedFill]) -> bool:
    """Whether any of it was closed where it had filled too much."""
    specs = {number: signed[-1].spec for number, signed in story.orders.items()}
    return any(
        one.order_no in specs
        and specs[one.order_no].purpose is Purpose.ROLLBACK
        and specs[one.order_no].is_unwind
        for one in fills
    )
