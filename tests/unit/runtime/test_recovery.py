from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.support.core import make_pair
from tests.support.runtime import ONE, answered, fill_of, ref_of, spec_of
from tests.unit.storage.support import open_journal
from twoleg.core.events import AnswerStatus, Fill, FillStatus, LegAnswer
from twoleg.core.market import Direction, MarketId, Outcome, PairId, Side, Venue
from twoleg.core.orders import OrderRef, Purpose
from twoleg.runtime.recovery import CLOSED_KEPT, FoundExecution, Recovered, read_journal
from twoleg.storage.journal import Journal
from twoleg.storage.records import (
    AnswerRecorded,
    AnyRecord,
    FeeAdjusted,
    FillFinalRecorded,
    FillRecorded,
    FillVoidRecorded,
    IntentRecorded,
    NoteRecorded,
    PairSeen,
)

K, P = Venue.KALSHI, Venue.POLYMARKET
S = AnswerStatus
KALSHI_LEG, POLYMARKET_LEG = spec_of(K), spec_of(P)


def intent(*refs: OrderRef, number: int = 1) -> IntentRecorded:
    return IntentRecorded(
        wall_ns=1,
        execution_no=number,
        execution_id=f"execution-{number}",
        pair_id=PairId("pair-a"),
        direction=Direction.KALSHI_YES,
        net_micros=1,
        orders=refs or (ref_of(KALSHI_LEG, "k1"), ref_of(POLYMARKET_LEG, "p1")),
    )


def answer(order_no: int, given: LegAnswer, number: int = 1) -> AnswerRecorded:
    return AnswerRecorded(
        wall_ns=2,
        execution_no=number,
        order_no=order_no,
        order_key="?",
        venue=P if order_no else K,
        answer=given,
    )


def booked(fill: Fill, order_no: int = 1, number: int = 1) -> FillRecorded:
    return FillRecorded(wall_ns=3, execution_no=number, order_no=order_no, owner="arb", fill=fill)


def voided(fill: Fill, order_no: int = 1, number: int = 1) -> FillVoidRecorded:
    return FillVoidRecorded(wall_ns=4, execution_no=number, order_no=order_no, fill=fill)


def final(fill: Fill) -> FillFinalRecorded:
    return FillFinalRecorded(wall_ns=4, venue=fill.venue, fill_id=fill.fill_id)


def note(kind: str, number: int = 1) -> NoteRecorded:
    return NoteRecorded(
        wall_ns=5, execution_no=number, execution_id="", pair_id="pair-a", kind=kind, fields={}
    )


CLOSED = note("execution_closed")
PROVISIONAL = fill_of(POLYMARKET_LEG, order_key="p1", status=FillStatus.PROVISIONAL)


@pytest.fixture
def recover(tmp_path: Path) -> Callable[..., Recovered]:
    def read(*records: AnyRecord) -> Recovered:
        journal: Journal = open_journal(tmp_path / "journal")
        try:
            for record in records:
                journal.append(record)
            return read_journal(journal)
        finally:
            journal.close()

    return read


Recover = Callable[..., Recovered]


def only(found: Recovered) -> FoundExecution:
    (execution,) = found.unfinished.values()
    return execution


def known(found: Recovered) -> list[LegAnswer | None]:
    return [answer for _, answer in only(found).found(1, make_pair()).orders]


def test_empty_journal_begins_with_execution_one(recover: Recover) -> None:
    found = recover()
    assert (found.next_execution_no, found.unfinished, found.pairs) == (1, {}, {})


def test_intent_without_answers_is_found_with_its_ids(recover: Recover) -> None:
    found = recover(PairSeen(wall_ns=1, pair=make_pair()), intent())
    execution = only(found)
    assert found.next_execution_no == 2
    assert execution.execution_id == "execution-1"
    assert [ref.order_key for ref in execution.orders] == ["k1", "p1"]
    assert known(found) == [None, None]
    assert found.pairs[PairId("pair-a")] == make_pair()


def test_last_word_of_the_earlier_process_and_all_its_fills_are_known(recover: Recover) -> None:
    found = recover(intent(), booked(PROVISIONAL), voided(PROVISIONAL), CLOSED)
    assert found.written_wall_ns == CLOSED.wall_ns
    (fill,) = found.executions[1].all_fills()
    assert (fill.fill_id, fill.status) == (PROVISIONAL.fill_id, FillStatus.VOID)
    assert recover().written_wall_ns == CLOSED.wall_ns


def test_closed_execution_is_finished(recover: Recover) -> None:
    found = recover(intent(), CLOSED, intent(number=2))
    assert list(found.unfinished) == [2]


def test_answers_and_venue_ids_are_known_by_order(recover: Recover) -> None:
    filled = answered(filled_e6=10 * ONE, venue_order_id="v1")
    unknown = answered(S.UNKNOWN)
    found = recover(intent(), answer(0, filled), answer(1, unknown))
    assert known(found) == [filled, unknown]
    assert [ref.venue_order_id for ref in only(found).orders] == ["v1", ""]


def test_last_answer_counts(recover: Recover) -> None:
    found = recover(intent(), answer(1, answered(S.UNKNOWN)), answer(1, answered(S.MISSED)))
    assert known(found)[1] == answered(S.MISSED)


def test_order_signed_anew_stands_in_place_of_the_refused_one(recover: Recover) -> None:
    refused = answer(1, answered(S.REJECTED))
    (found,) = recover(intent(), refused, intent(ref_of(POLYMARKET_LEG, "p2"))).unfinished.values()
    assert [ref.order_key for ref in found.orders] == ["k1", "p2"]
    # Whether it happened is not known: the venue is to be asked.
    assert found.answers == {}


def test_rollback_orders_follow_the_legs(recover: Recover) -> None:
    rollback = spec_of(K, order_no=2, side=Side.SELL, purpose=Purpose.ROLLBACK)
    found = recover(intent(), intent(ref_of(rollback, "r1")))
    assert [ref.order_key for ref in only(found).orders] == ["k1", "p1", "r1"]


def test_numbers_of_executions_that_never_left_are_used_up(recover: Recover) -> None:
    found = recover(note("execution_opened", 7), note("execution_closed", 7))
    assert (found.next_execution_no, found.unfinished) == (8, {})


def test_fill_that_came_before_its_answer_leaves_the_order_to_be_asked_for(
    recover: Recover,
) -> None:
    found = recover(intent(), booked(PROVISIONAL))
    assert known(found) == [None, None]
    assert only(found).fills_of(1) == (PROVISIONAL,)


def test_fill_states_are_those_last_journalled(recover: Recover) -> None:
    others = msgspec.structs.replace(PROVISIONAL, fill_id="f2")
    found = recover(intent(), booked(PROVISIONAL), booked(others), final(PROVISIONAL))
    assert [fill.status for fill in only(found).fills_of(1)] == [
        FillStatus.FINAL,
        FillStatus.PROVISIONAL,
    ]


def test_void_fill_is_taken_off_the_answer(recover: Recover) -> None:
    other = msgspec.structs.replace(PROVISIONAL, fill_id="f2", size_e6=4 * ONE)
    found = recover(
        intent(),
        answer(1, answered(filled_e6=14 * ONE, notional_micros=5)),
        booked(PROVISIONAL),
        booked(other),
        voided(PROVISIONAL),
    )
    (_, told) = known(found)
    assert told is not None
    assert (told.filled_e6, told.notional_micros) == (4 * ONE, -1)
    assert only(found).fills_of(1)[0].status is FillStatus.VOID


def test_late_fill_of_a_missed_order_counts(recover: Recover) -> None:
    found = recover(intent(), answer(1, answered(S.MISSED)), booked(PROVISIONAL))
    (_, told) = known(found)
    assert told is not None
    assert told.filled_e6 == 10 * ONE


@pytest.mark.parametrize(
    ("side", "cash_micros", "missing"), [(Side.BUY, -1, 1), (Side.BUY, 1, -1), (Side.SELL, -1, -1)]
)
def test_adjustment_is_in_the_order_s_own_terms(
    recover: Recover, side: Side, cash_micros: int, missing: int
) -> None:
    spec = spec_of(P, side=side)
    adjusted = FeeAdjusted(
        wall_ns=3, venue=P, shard=0, micros=cash_micros, fills=0, execution_no=1, order_no=1
    )
    found = recover(intent(ref_of(KALSHI_LEG, "k1"), ref_of(spec, "p1")), adjusted)
    assert only(found).adjusted == {1: missing}


# -- after the end -----------------------------------------------------------------------------


def test_closed_execution_with_a_provisional_fill_is_watched_on(recover: Recover) -> None:
    records = [intent(), answer(0, answered(S.MISSED)), booked(PROVISIONAL), CLOSED]
    assert list(recover(*records).unfinished) == [1]


def test_closed_execution_whose_fills_are_final_is_finished(recover: Recover) -> None:
    found = recover(intent(), booked(PROVISIONAL), CLOSED, final(PROVISIONAL))
    assert found.unfinished == {}


def test_fill_voided_after_the_end_opens_the_execution(recover: Recover) -> None:
    found = recover(
        intent(),
        answer(1, answered(filled_e6=10 * ONE)),
        booked(PROVISIONAL),
        CLOSED,
        voided(PROVISIONAL),
    )
    (_, told) = known(found)
    assert told is not None
    assert told.filled_e6 == 0


def test_late_fill_after_the_end_opens_the_execution(recover: Recover) -> None:
    fill = fill_of(KALSHI_LEG, order_key="k1")
    found = recover(
        intent(),
        answer(0, answered(S.MISSED)),
        answer(1, answered(S.MISSED)),
        CLOSED,
        booked(fill, order_no=0),
    )
    assert [entry and entry.filled_e6 for entry in known(found)] == [10 * ONE, 0]


def test_rollback_of_a_reopened_execution_stands_with_its_legs(recover: Recover) -> None:
    """Alone, the sale would look like a residual of its own, and be bought back."""
    rollback = spec_of(K, order_no=2, side=Side.SELL, purpose=Purpose.ROLLBACK)
    found = recover(
        intent(),
        answer(0, answered(filled_e6=10 * ONE)),
        answer(1, answered(filled_e6=10 * ONE)),
        booked(PROVISIONAL),
        CLOSED,
        voided(PROVISIONAL),
        intent(ref_of(rollback, "r1")),
    )
    event = only(found).found(1, make_pair())
    assert [spec.order_no for spec, _ in event.orders] == [0, 1, 2]
    assert [entry and entry.filled_e6 for _, entry in event.orders] == [10 * ONE, 0, None]


def test_reopened_execution_is_finished_by_its_second_end(recover: Recover) -> None:
    found = recover(intent(), booked(PROVISIONAL), CLOSED, voided(PROVISIONAL), CLOSED)
    assert found.unfinished == {}


def test_finished_executions_are_kept_in_bounded_number(recover: Recover) -> None:
    records: list[AnyRecord] = [intent(), booked(PROVISIONAL), CLOSED]
    for number in range(2, CLOSED_KEPT + 12):
        records += [intent(number=number), note("execution_closed", number)]
    found = recover(*records)
    assert len(found.executions) == CLOSED_KEPT + 1
    # Old, but its fill may still fail.
    assert list(found.unfinished) == [1]


# -- pairs of which something is left ----------------------------------------------------------

PAIR = make_pair(pair_id=PairId("pair-a"))


@pytest.mark.parametrize(
    ("held", "ended", "is_open", "stands"),
    [
        ((), (), False, False),
        ((), (), True, True),
        ((PAIR.kalshi,), (), False, True),
        ((PAIR.polymarket,), (), False, True),
        # It pays by itself, and has not yet.
        ((PAIR.kalshi,), (PAIR.kalshi,), False, True),
        ((PAIR.polymarket,), (PAIR.kalshi,), False, True),
        ((PAIR.polymarket,), (PAIR.polymarket,), False, False),
        ((PAIR.kalshi, PAIR.polymarket), (PAIR.kalshi, PAIR.polymarket), False, True),
    ],
)
def test_pair_stands_until_nothing_of_it_is_open_held_or_to_be_told(
    held: tuple[MarketId, ...], ended: tuple[MarketId, ...], *, is_open: bool, stands: bool
) -> None:
    known = Recovered()
    known.apply(PairSeen(wall_ns=1, pair=PAIR))
    for market_id in held:
        known.ledger.held_e6[market_id, Outcome.NO] = ONE
    for market_id in ended:
        known.apply(alarm(event="market_resolved", market_id=market_id, payouts="a=10000,b=0"))
    if is_open:
        known.apply(intent())
    assert known.standing() == ((PAIR,) if stands else ())


def alarm(**fields: str) -> NoteRecorded:
    given = {"execution_no": 0, "execution_id": "", "pair_id": PairId(""), "kind": "alarm"}
    return NoteRecorded(wall_ns=1, **given, fields=dict(fields))  # type: ignore[arg-type]  # as named
