import asyncio
from collections.abc import Coroutine

import pytest
from msgspec import structs
from structlog.contextvars import get_contextvars

from tests.support.runtime import (
    ONE,
    Desk,
    FakeVenue,
    answered,
    fill_of,
    fire_of,
    settle_down,
    spec_of,
)
from twoleg.core.actions import LookUp, SettleMoney
from twoleg.core.events import (
    AnswerStatus,
    FillStatus,
    InvariantReported,
    LegAnswer,
    MoneySettled,
    OrderAnswered,
)
from twoleg.core.market import Venue
from twoleg.core.orders import Purpose
from twoleg.errors import InvariantBroken, VenueUnavailable
from twoleg.runtime.executor import EXECUTION_IDS_MAX
from twoleg.storage.records import AnswerRecorded, FillRecorded, IntentRecorded
from twoleg.venues.ports import PreparedOrder

K, P = Venue.KALSHI, Venue.POLYMARKET
S = AnswerStatus


def both() -> Desk:
    desk = Desk()
    desk.executor.fire(fire_of(spec_of(K), spec_of(P)))
    return desk


async def test_intent_is_journalled_before_anything_is_sent() -> None:
    desk = both()
    assert desk.story == ["prepare kalshi", "prepare polymarket", "journal IntentRecorded"]
    await settle_down()
    assert desk.story[3:] == ["send kalshi", "send polymarket"]
    (intent,) = desk.recorded(IntentRecorded)
    assert [ref.order_key for ref in intent.orders] == ["kalshi-1", "polymarket-1"]
    assert intent.execution_id == desk.executor.execution_id(1)


async def test_orders_are_known_to_the_tracker_before_they_leave() -> None:
    desk = both()
    desk.tracker.on_fill(fill_of(spec_of(P), order_key="polymarket-1"))
    assert desk.tracker.size_e6(1, 1) == 10 * ONE


async def test_first_answer_is_told_while_the_other_leg_is_out() -> None:
    desk = both()
    await settle_down()
    desk.venues[P].answers[0].set_result(answered(filled_e6=10 * ONE))
    await settle_down()
    assert [event.order_no for event in desk.told(OrderAnswered)] == [1]
    desk.venues[K].answers[0].set_result(answered(S.MISSED))
    await settle_down()
    assert [event.order_no for event in desk.told(OrderAnswered)] == [1, 0]


async def test_answer_is_journalled_before_it_is_judged() -> None:
    desk = both()
    await settle_down()
    desk.story.clear()
    answer = answered(filled_e6=10 * ONE, venue_order_id="v1")
    desk.venues[K].answers[0].set_result(answer)
    await settle_down()
    assert desk.story == ["journal AnswerRecorded", "tell OrderAnswered"]
    (record,) = desk.recorded(AnswerRecorded)
    assert (record.order_key, record.venue, record.answer) == ("kalshi-1", K, answer)
    assert desk.tracker.ref(1, 0).venue_order_id == "v1"


class SigningVenue(FakeVenue):
    """A venue that takes nothing but the second signature."""

    def resign(self, prepared: PreparedOrder, answer: LegAnswer) -> PreparedOrder | None:
        return self.prepare(prepared.spec) if answer.code == "sign_anew" else None


def signing_desk() -> Desk:
    desk = Desk(SigningVenue)
    desk.executor.fire(fire_of(spec_of(P)))
    return desk


async def test_order_signed_anew_is_journalled_before_it_is_sent_and_judged_alone() -> None:
    desk = signing_desk()
    await settle_down()
    desk.story.clear()
    refusal = answered(S.REJECTED, code="sign_anew")
    desk.venues[P].answers[0].set_result(refusal)
    await settle_down()
    assert desk.story == [
        "prepare polymarket",
        "journal AnswerRecorded",
        "journal IntentRecorded",
        "send polymarket",
    ]
    assert desk.tracker.ref(1, 1).order_key == "polymarket-2"
    # Once: a second refusal of the kind is the end.
    desk.venues[P].answers[1].set_result(refusal)
    await settle_down()
    answers = [(record.order_key, record.answer) for record in desk.recorded(AnswerRecorded)]
    assert answers == [("polymarket-1", refusal), ("polymarket-2", refusal)]
    assert [event.answer for event in desk.told(OrderAnswered)] == [refusal]
    assert len(desk.venues[P].answers) == 2


async def test_order_signed_anew_that_cannot_be_journalled_is_not_sent() -> None:
    desk = signing_desk()
    await settle_down()
    desk.has_room = lambda record, _reserve: isinstance(record, AnswerRecorded)
    desk.venues[P].answers[0].set_result(answered(S.REJECTED, code="sign_anew"))
    await settle_down()
    assert len(desk.venues[P].answers) == 1
    assert [event.answer.status for event in desk.told(OrderAnswered)] == [S.REJECTED]
    assert desk.tracker.ref(1, 1).order_key == "polymarket-1"


async def test_early_fill_is_booked_with_the_answer_that_names_its_order() -> None:
    desk = both()
    await settle_down()
    desk.tracker.on_fill(fill_of(spec_of(K), order_key="", venue_order_id="v1"))
    desk.venues[K].answers[0].set_result(answered(filled_e6=10 * ONE, venue_order_id="v1"))
    await settle_down()
    assert len(desk.recorded(FillRecorded)) == 1


async def test_answer_that_cannot_be_journalled_is_still_judged() -> None:
    desk = both()
    await settle_down()
    desk.has_room = lambda _record, _reserve: False
    desk.venues[K].answers[0].set_result(answered(filled_e6=10 * ONE))
    await settle_down()
    assert len(desk.told(OrderAnswered)) == 1


@pytest.mark.parametrize("venue", Venue)
async def test_order_that_cannot_be_prepared_stops_both_and_trips(venue: Venue) -> None:
    desk = Desk()
    desk.venues[venue].prepare_error = InvariantBroken("off grid")
    desk.executor.fire(fire_of(spec_of(K), spec_of(P)))
    await settle_down()
    assert not any(line.startswith("send") for line in desk.story)
    assert desk.records == []
    told = desk.told(OrderAnswered)
    assert [(event.order_no, event.answer.status) for event in told] == [
        (0, S.NOT_SENT),
        (1, S.NOT_SENT),
    ]
    assert desk.told(InvariantReported) == [InvariantReported("off grid")]


async def test_order_that_fails_to_be_prepared_by_a_bug_is_answered_too() -> None:
    desk = Desk()
    desk.venues[K].prepare_error = AssertionError("a price of 0")
    desk.executor.fire(fire_of(spec_of(K), spec_of(P)))
    await settle_down()
    statuses = [event.answer.status for event in desk.told(OrderAnswered)]
    assert statuses == [S.NOT_SENT, S.NOT_SENT]
    assert len(desk.told(InvariantReported)) == 1


@pytest.mark.parametrize(("listed", "filled_e6"), [((), 10), (("a",), 4)])
async def test_look_up_that_left_out_a_failed_fill_is_told_as_if_it_had_not(
    listed: tuple[str, ...], filled_e6: int
) -> None:
    desk, spec = both(), spec_of(P)
    await settle_down()
    failed = fill_of(spec, "a:0", order_key="polymarket-1", size_e6=6 * ONE)
    for status in (FillStatus.PROVISIONAL, FillStatus.VOID):
        desk.tracker.on_fill(structs.replace(failed, status=status))
    found = answered(S.PARTIAL, 4 * ONE, notional_micros=1, trade_ids=("b", *listed))
    desk.venues[P].answers[0].set_result(answered(S.UNKNOWN))
    await settle_down()
    desk.venues[P].look_ups = [found]
    desk.executor.look_up(LookUp(1, 1))
    await settle_down()
    (_, event) = desk.told(OrderAnswered)
    assert event.answer.filled_e6 == filled_e6 * ONE


async def test_full_journal_nothing_leaves() -> None:
    desk = Desk()
    desk.has_room = lambda _record, _reserve: False
    desk.executor.fire(fire_of(spec_of(K), spec_of(P)))
    await settle_down()
    assert not any(line.startswith("send") for line in desk.story)
    answers = [event.answer for event in desk.told(OrderAnswered)]
    assert [(answer.status, answer.code) for answer in answers] == [
        (S.NOT_SENT, "journal_refused"),
        (S.NOT_SENT, "journal_refused"),
    ]
    # A full disk is no contradiction.
    assert desk.told(InvariantReported) == []


@pytest.mark.parametrize("purpose", [Purpose.ARB, Purpose.ROLLBACK])
async def test_reserve_is_for_rollbacks_answers_and_nothing_else(purpose: Purpose) -> None:
    desk = Desk()
    desk.has_room = lambda _record, reserve: reserve
    desk.executor.fire(fire_of(spec_of(K, purpose=purpose)))
    await settle_down()
    is_sent = "send kalshi" in desk.story
    assert is_sent is (purpose is Purpose.ROLLBACK)


async def test_denial_is_told_after_fire_returned() -> None:
    """The engine is in the middle of an event when it fires: nothing may reach it meanwhile."""
    desk = Desk()
    desk.venues[K].prepare_error = InvariantBroken("off grid")
    desk.executor.fire(fire_of(spec_of(K)))
    assert desk.events == []


async def test_port_that_raises_is_unknown_and_spares_the_other_leg() -> None:
    desk = both()
    await settle_down()
    desk.venues[K].answers[0].set_exception(RuntimeError("a bug"))
    desk.venues[P].answers[0].set_result(answered(filled_e6=10 * ONE))
    await settle_down()
    told = {event.order_no: event.answer for event in desk.told(OrderAnswered)}
    assert (told[0].status, told[0].code) == (S.UNKNOWN, "port_raised")
    assert told[1].status is S.FILLED
    assert len(desk.recorded(AnswerRecorded)) == 2


# -- finding out -------------------------------------------------------------------------------


async def look_up(desk: Desk, *found: LegAnswer | BaseException) -> LegAnswer:
    await settle_down()
    desk.venues[K].answers[0].set_result(answered(S.UNKNOWN))
    await settle_down()
    desk.venues[K].look_ups = list(found)
    desk.executor.look_up(LookUp(1, 0))
    await settle_down()
    answer = desk.told(OrderAnswered)[-1].answer
    assert isinstance(answer, LegAnswer)
    return answer


async def test_look_up_asks_for_the_journalled_ids_and_is_journalled() -> None:
    desk = both()
    answer = await look_up(desk, answered(S.MISSED))
    assert answer.status is S.MISSED
    assert [ref.order_key for ref in desk.venues[K].asked] == ["kalshi-1"]
    assert desk.recorded(AnswerRecorded)[-1].answer == answer


async def test_order_that_rests_is_told_as_it_is_with_what_it_filled() -> None:
    """The engine goes on asking; the port takes a taker's order off the book meanwhile."""
    desk = both()
    answer = await look_up(desk, answered(S.RESTING, 4 * ONE, venue_order_id="v1"))
    assert (answer.status, answer.filled_e6) == (S.RESTING, 4 * ONE)
    assert desk.recorded(AnswerRecorded)[-1].answer == answer
    assert desk.tracker.ref(1, 0).venue_order_id == "v1"


async def test_look_up_contradicted_by_fills_stays_unknown() -> None:
    desk = both()
    desk.tracker.on_fill(fill_of(spec_of(K), order_key="kalshi-1"))
    answer = await look_up(desk, answered(S.MISSED))
    assert (answer.status, answer.code) == (S.UNKNOWN, "contradicted_by_fills")


async def test_look_up_that_agrees_with_fills_is_told_as_it_is() -> None:
    desk = both()
    desk.tracker.on_fill(fill_of(spec_of(K), order_key="kalshi-1"))
    assert (await look_up(desk, answered(filled_e6=10 * ONE))).status is S.FILLED


@pytest.mark.parametrize(
    "error",
    [RuntimeError("a bug"), VenueUnavailable("kalshi", "timeout"), asyncio.CancelledError()],
)
async def test_look_up_that_raises_is_unknown_so_that_it_is_asked_again(
    error: BaseException,
) -> None:
    desk = both()
    answer = await look_up(desk, error)
    assert (answer.status, answer.code) == (S.UNKNOWN, "port_raised")
    again = desk.venues[K].look_ups = [answered(S.MISSED)]
    desk.executor.look_up(LookUp(1, 0))
    await settle_down()
    assert again == []


async def test_look_up_that_is_ended_with_its_task_tells_nothing() -> None:
    desk = both()
    desk.venues[K].answers_look_up = asyncio.Event()
    await settle_down()
    desk.venues[K].answers[0].set_result(answered(S.UNKNOWN))
    await settle_down()
    told = len(desk.told(OrderAnswered))
    desk.executor.look_up(LookUp(1, 0))
    await settle_down()
    desk.tasks["look-up-1-0"].cancel()
    await settle_down()
    assert desk.tasks["look-up-1-0"].cancelled()
    assert len(desk.told(OrderAnswered)) == told


async def test_order_is_looked_up_once_at_a_time() -> None:
    desk = both()
    gate = desk.venues[K].answers_look_up = asyncio.Event()
    await settle_down()
    desk.venues[K].answers[0].set_result(answered(S.UNKNOWN))
    desk.venues[K].look_ups = [answered(S.UNKNOWN), answered(S.MISSED)]
    await settle_down()
    for _ in range(3):
        desk.executor.look_up(LookUp(1, 0))
        await settle_down()
    assert len(desk.venues[K].asked) == 1
    gate.set()
    await settle_down()
    desk.executor.look_up(LookUp(1, 0))
    await settle_down()
    assert [event.answer.status for event in desk.told(OrderAnswered)] == [
        S.UNKNOWN,
        S.UNKNOWN,
        S.MISSED,
    ]


async def test_order_whose_answer_is_out_is_not_looked_up() -> None:
    """A fence that overtook the order would consume its id."""
    desk = both()
    await settle_down()
    desk.executor.look_up(LookUp(1, 0))
    await settle_down()
    assert desk.venues[K].asked == []
    desk.venues[K].answers[0].set_result(answered(filled_e6=10 * ONE))
    await settle_down()
    assert [event.answer.status for event in desk.told(OrderAnswered)] == [S.FILLED]


async def test_leg_whose_port_was_cancelled_alone_is_unknown_and_spares_the_other() -> None:
    desk = both()
    await settle_down()
    desk.venues[K].answers[0].cancel()
    await settle_down()
    desk.venues[P].answers[0].set_result(answered(filled_e6=10 * ONE))
    await settle_down()
    told = {event.order_no: event.answer for event in desk.told(OrderAnswered)}
    assert (told[0].status, told[0].code) == (S.UNKNOWN, "port_raised")
    assert told[1].status is S.FILLED


async def test_fire_of_one_order_sends_and_answers_it_alone() -> None:
    desk = Desk()
    desk.executor.fire(fire_of(spec_of(P)))
    await settle_down()
    desk.venues[P].answers[0].set_result(answered(filled_e6=10 * ONE))
    await settle_down()
    desk.executor.fire(fire_of(spec_of(K, order_no=2)))
    await settle_down()
    desk.venues[K].answers[0].set_result(answered(S.MISSED))
    await settle_down()
    told = [(event.order_no, event.answer.status) for event in desk.told(OrderAnswered)]
    assert told == [(1, S.FILLED), (2, S.MISSED)]


async def test_late_answer_of_a_look_up_adds_to_the_record_and_doubles_no_fill() -> None:
    """The promise timed out, the order lived on: the stream and the look-up tell one fill."""
    desk = both()
    await settle_down()
    desk.venues[K].answers[0].set_result(answered(S.UNKNOWN, code="no_answer"))
    await settle_down()
    late = fill_of(spec_of(K), order_key="", venue_order_id="v1")
    desk.tracker.on_fill(late)
    desk.venues[K].look_ups = [answered(filled_e6=10 * ONE, venue_order_id="v1")]
    desk.executor.look_up(LookUp(1, 0))
    await settle_down()
    desk.tracker.on_fill(late)
    assert len(desk.recorded(FillRecorded)) == 1
    assert desk.told(OrderAnswered)[-1].answer.filled_e6 == 10 * ONE


async def test_settle_books_through_the_tracker() -> None:
    desk = both()
    desk.tracker.on_fill(fill_of(spec_of(K), order_key="kalshi-1"))
    desk.executor.settle(SettleMoney(1, 0, 10 * ONE, -1))
    await settle_down()
    assert desk.told(MoneySettled)[0].filled_e6 == 10 * ONE


# -- ids ---------------------------------------------------------------------------------------


def test_execution_keeps_its_id_and_an_adopted_one_its_own() -> None:
    desk = Desk()
    assert desk.executor.execution_id(1) == desk.executor.execution_id(1)
    assert desk.executor.execution_id(1) != desk.executor.execution_id(2)
    desk.executor.adopt(3, "from-before", "pair")
    assert desk.executor.execution_id(3) == "from-before"


def test_execution_ids_are_bounded() -> None:
    desk = Desk()
    for number in range(EXECUTION_IDS_MAX + 10):
        desk.executor.execution_id(number)
    assert len(desk.executor._execution_ids) == EXECUTION_IDS_MAX


def test_tasks_of_an_execution_are_born_with_its_name_and_its_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    born: dict[str, dict[str, object]] = {}

    def spawn(name: str, work: Coroutine[object, object, None]) -> None:
        work.close()
        born[name] = get_contextvars()

    desk = Desk()
    monkeypatch.setattr(desk.executor, "_spawn", spawn)
    desk.executor.fire(fire_of(spec_of(K), spec_of(P)))
    desk.executor.settle(SettleMoney(1, 0, 0, -1))
    desk.executor.look_up(LookUp(1, 0))
    (intent,) = desk.recorded(IntentRecorded)
    bound = {"execution_id": intent.execution_id, "pair_id": intent.pair_id}
    assert born == dict.fromkeys(("execution-1", "settle-1-0", "look-up-1-0"), bound)
    assert get_contextvars() == {}
