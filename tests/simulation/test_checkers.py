"""Each rule passes a good history, and fails on a hand-made bad one by its own name."""

from pathlib import Path

import pytest

from tests.simulation import tales, tales_entry, tales_late, tales_lenient, tales_stops
from tests.simulation.checkers.balances import RecordTrue
from tests.simulation.checkers.facts import Rule
from tests.simulation.checkers.journal import JournalEye
from tests.simulation.checkers.record import Record
from tests.simulation.checkers.residual import ResidualAttended
from tests.simulation.checkers.sending import Announced
from tests.simulation.checkers.watch import all_rules
from tests.simulation.checking import Violation
from tests.simulation.histories import CASH_MICROS, SIZE_E6, History, K, P
from tests.simulation.tales import LIMITS, Tale, good
from twoleg.core.actions import NoteKind
from twoleg.core.events import AnswerStatus
from twoleg.core.market import Outcome
from twoleg.errors import StorageError
from twoleg.runtime.system import SystemClock, SystemEntropy
from twoleg.storage.journal import Journal, JournalLimits
from twoleg.storage.records import RunStarted


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: type(rule).__name__)
def test_rule_on_a_good_history_is_content(rule: Rule) -> None:
    good(History(rule, LIMITS))


BAD = tales.BAD + tales_entry.BAD + tales_late.BAD + tales_lenient.BAD + tales_stops.BAD
FAIR = tales.FAIR + tales_entry.FAIR + tales_late.FAIR + tales_lenient.FAIR + tales_stops.FAIR


@pytest.mark.parametrize(
    ("rule", "name", "tale"), BAD, ids=[f"{name}-{tale.__name__}" for _, name, tale in BAD]
)
def test_rule_on_a_bad_history_names_what_broke(rule: type[Rule], name: str, tale: Tale) -> None:
    history = History(rule(), LIMITS)
    with pytest.raises(Violation) as caught:
        _tell(tale, history)
    assert caught.value.name == name


@pytest.mark.parametrize(("rule", "tale"), FAIR, ids=[tale.__name__ for _, tale in FAIR])
def test_what_nobody_could_know_is_no_fault(rule: type[Rule], tale: Tale) -> None:
    _tell(tale, History(rule(), LIMITS))


def _tell(tale: Tale, history: History) -> None:
    tale(history)
    history.step()


def test_intent_lost_in_a_crash_is_found() -> None:
    history = History(Announced())
    history.begin().fire()
    history.step(1)
    history.facts.record = Record()
    with pytest.raises(Violation, match="intent_not_durable"):
        history.rule.restart(history.facts)


def test_residual_with_a_lookup_or_a_hold_is_attended() -> None:
    history = History(ResidualAttended())
    leg, other = history.begin().fire()
    history.fill(leg)
    history.step(30).step(30)
    history.answer(other, AnswerStatus.MISSED)
    history.note(NoteKind.ALARM, 1, event="residual_held")
    history.step(30).step(30)
    assert history.facts.record.stories[1].held_ns


def test_voided_fill_leaves_the_books_as_they_were() -> None:
    history = History(RecordTrue())
    leg = history.begin().fire()[1]
    traded = history.trade(leg)
    booked = history.book(leg, traded)
    traded.is_void = True
    history.void(booked)
    history.end()
    assert history.facts.record.cash_micros[P, 0] == CASH_MICROS


def test_no_bought_against_yes_pays_a_dollar_at_once() -> None:
    history = History(RecordTrue())
    yes, no = history.spec(K), history.spec(K, outcome=Outcome.NO, limit_e4=5_000, order_no=2)
    history.begin().intend(yes, no)
    history.fill(yes, no)
    history.venues.cash[K, 0] += SIZE_E6 - 4_000_000 - 5_000_000
    history.end()
    assert history.facts.record.cash_micros[K, 0] == CASH_MICROS + 1_000_000


def test_journal_eye_follows_segments_and_survives_a_lost_tail(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    limits = JournalLimits(segment_bytes=1 << 16, reserve_bytes=1 << 14)
    journal = Journal.open(
        folder,
        sync="process",
        clock=SystemClock(),
        entropy=SystemEntropy(),
        mode="sim",
        limits=limits,
    )
    eye = JournalEye(folder)
    run = RunStarted(wall_ns=1, run_id="r" * 2_000, mode="sim", version="", member="", accounts={})
    try:
        counts = []
        for _ in range(60):
            journal.append(run)
            counts.append(len(eye.take()))
    except StorageError:
        pytest.fail("the journal rotates")
    finally:
        journal.close()
    assert counts == [1] * 60
    assert len(journal.segments) > 1
    assert eye.reset() == 1
    assert [seq for seq, _ in eye.take()] == list(range(1, 61))
    journal.segments[0].path.unlink()
    assert eye.reset() == journal.segments[1].first_seq
    eye.close()
