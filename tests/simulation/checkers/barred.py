"""When nothing may start: breaker open, halted, venue closed, recovering; rollbacks always may."""

from typing import Final

from tests.simulation.checkers.facts import NS_PER_MS, NS_PER_S, Facts, Rule, violate
from tests.simulation.checkers.record import UNDECIDED, Story
from tests.simulation.sightings import LOT_E6, ONE_E4, Sent
from twoleg.core.actions import NoteKind
from twoleg.core.events import OperatorAct
from twoleg.core.market import Venue
from twoleg.core.orders import Purpose
from twoleg.core.units import CENT_MICROS, ceil_div
from twoleg.storage.records import (
    AnswerRecorded,
    FillVoidRecorded,
    IntentRecorded,
    NoteRecorded,
    OperatorRecorded,
    RunStarted,
)

LEAST_PRICE_E4: Final = 100
SLACK_E4_MAX: Final = 1_500
"""How far below a limit the first offer may be."""
REFUSED_MAX: Final = 10
REFUSED_NS: Final = 60 * NS_PER_S


class Barred(Rule):
    """No entry while the daemon itself says that nothing may start."""

    def __init__(self) -> None:
        self._breaker = ""
        self._probe: int | None = None
        self._closed: set[Venue] = set()
        # Operator's acts outlast restarts.
        self._stops: dict[OperatorAct, bool] = {}

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            match record:
                case RunStarted():
                    self._breaker, self._probe = "", None
                    self._closed.clear()
                case NoteRecorded():
                    self._note(record)
                case OperatorRecorded():
                    self._act(record.act)
                case IntentRecorded() if record.orders[0].spec.purpose is Purpose.ARB:
                    self._check(facts, record)
                case _:
                    pass

    def restart(self, facts: Facts) -> None:
        """An act that was not durable did not take effect."""
        self._stops.clear()
        for act in facts.record.acts:
            self._act(act)

    def _act(self, act: OperatorAct) -> None:
        match act:
            case OperatorAct.HALT | OperatorAct.PAUSE:
                self._stops[act] = True
            case OperatorAct.CLEAR_HALT:
                self._stops[OperatorAct.HALT] = False
            case OperatorAct.RESUME:
                self._stops[OperatorAct.PAUSE] = False

    def _note(self, record: NoteRecorded) -> None:
        event = record.fields.get("event")
        if record.kind == NoteKind.BREAKER_CHANGED.value:
            self._breaker = str(record.fields.get("state", ""))
            self._probe = None
        elif event in ("venue_closed", "venue_opened"):
            venue = Venue(str(record.fields["venue"]))
            (self._closed.add if event == "venue_closed" else self._closed.discard)(venue)

    def _check(self, facts: Facts, record: IntentRecorded) -> None:
        number = record.execution_no
        if self._breaker == "open":
            raise violate("entry_while_open", f"execution {number}")
        if any(self._stops.values()):
            raise violate("entry_while_stopped", f"execution {number}: {self._stops}")
        if self._breaker == "half_open":
            before = self._probe
            if before not in (None, number) and not facts.record.stories[before or 0].is_closed:
                raise violate("two_probes", f"execution {number} beside {before}")
            self._probe = number
            self._check_probe(facts.record.stories[number])
        for venue in self._closed:
            raise violate("entry_while_closed", f"execution {number}: {venue.value} is closed")
        if facts.record.opened != set(Venue):
            raise violate("entry_while_starting", f"execution {number}: balances were not read")
        self._check_recovered(facts, number)

    @staticmethod
    def _check_probe(story: Story) -> None:
        """The least that both venues take, by the terms and the limit of its Polymarket leg."""
        for intent in story.entries:
            spec, market = intent.spec, intent.spec.market
            if spec.venue is not Venue.POLYMARKET:
                continue
            least_e6 = market.size_e6_min
            if spec.spend_micros:
                worth = ceil_div(spec.limit_e4 * least_e6, ONE_E4)
                spend = max(worth, market.notional_micros_min) + 2 * CENT_MICROS
                # It is bound by dollars: so many buy more where the offers are below the limit.
                least_e6 = ceil_div(
                    spend * ONE_E4, max(LEAST_PRICE_E4, spec.limit_e4 - SLACK_E4_MAX)
                )
            if spec.size_e6 > least_e6 + 2 * LOT_E6:
                told = f"execution {story.number}: {spec.size_e6}, at least {least_e6}"
                raise violate("probe_too_large", told)

    @staticmethod
    def _check_recovered(facts: Facts, number: int) -> None:
        """What an earlier run left has its ends: every order's, and every residual's."""
        for story in facts.record.stories.values():
            if story.number == number or story.latest_run == facts.record.runs:
                continue
            if not story.is_closed and not story.held_ns:
                told = f"execution {number}: {story.number} of an earlier run is still open"
                raise violate("entry_while_recovering", told)
            for signed in story.orders.values():
                intent = signed[-1]
                if intent.run < facts.record.runs and not intent.is_decided:
                    told = f"execution {number}: {intent.key} of an earlier run is not resolved"
                    raise violate("entry_while_recovering", told)


class BreakerOpens(Rule):
    """Consecutive failures, counted here, keep entries away for as long as the breaker is open."""

    def __init__(self) -> None:
        self._failed: set[int] = set()
        self._ended: set[int] = set()
        self._failures = 0
        self._opened_ns = 0

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            match record:
                case RunStarted():
                    self._failed.clear()
                    self._ended.clear()
                    self._failures = self._opened_ns = 0
                case AnswerRecorded() if _is_failure(record):
                    self._fail_once(facts, record.execution_no, record.wall_ns)
                case FillVoidRecorded() if record.execution_no in facts.record.stories:
                    self._fail_once(facts, record.execution_no, record.wall_ns)
                case NoteRecorded() if record.kind == NoteKind.EXECUTION_CLOSED.value:
                    story = facts.record.stories.get(record.execution_no)
                    if story is not None:
                        self._close(facts, story, record.wall_ns)
                case IntentRecorded() if record.orders[0].spec.purpose is Purpose.ARB:
                    self._check(facts, record)
                case _:
                    pass

    def _fail_once(self, facts: Facts, number: int, wall_ns: int) -> None:
        """Each execution of this run counts once, whatever went wrong with it."""
        run = facts.record.stories[number].intents[0].run
        if run == facts.record.runs and number not in self._failed:
            self._fail(facts, number, wall_ns)

    def _fail(self, facts: Facts, number: int, wall_ns: int) -> None:
        self._failed.add(number)
        self._failures += 1
        if self._failures >= facts.limits.breaker.failures_max:
            self._opened_ns = wall_ns

    def _close(self, facts: Facts, story: Story, wall_ns: int) -> None:
        if story.number in self._ended or story.intents[0].run < facts.record.runs:
            return
        self._ended.add(story.number)
        filled = bool(facts.trades_in(story))
        closed_as = story.closing.get("closed_as")
        is_loss = int(story.closing.get("net_micros", 0)) < 0 and closed_as == "rolled_back"
        if story.number in self._failed:
            return
        if is_loss:
            self._fail(facts, story.number, wall_ns)
        elif filled:
            self._failures = 0

    def _check(self, facts: Facts, record: IntentRecorded) -> None:
        open_ns = facts.limits.breaker.open_ms * NS_PER_MS
        if self._opened_ns and record.wall_ns - self._opened_ns < open_ns - NS_PER_S:
            told = f"execution {record.execution_no} after {self._failures} failures in a row"
            raise violate("breaker_stayed_closed", told)


class VenueLeftAlone(Rule):
    """A venue that refuses because it is paused is not sent entry after entry."""

    def __init__(self) -> None:
        self._refused: dict[str, list[Sent]] = {}

    def step(self, facts: Facts) -> None:
        for sent in facts.new_sent:
            intent = facts.record.by_key.get(sent.key)
            is_entry = intent is not None and intent.spec.purpose is Purpose.ARB
            if not is_entry or sent.is_fence:
                continue
            recent = [
                one
                for one in self._refused.get(sent.market, [])
                if sent.at_ns - one.at_ns < REFUSED_NS and not facts.trades_of(one.key)
            ]
            self._refused[sent.market] = [*recent, sent]
            answers = [facts.record.by_key[one.key].answer for one in recent]
            count = sum(
                answer is not None and answer.status.value == "rejected" for answer in answers
            )
            if count > REFUSED_MAX:
                raise violate("refused_again", f"{count} entries were refused within a minute")


def _is_failure(record: AnswerRecorded) -> bool:
    unknown = record.answer.status in UNDECIDED and record.answer.status.value == "unknown"
    return unknown or record.answer.is_unavailable
