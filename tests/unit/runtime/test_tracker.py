import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec
import pytest

from tests.support.runtime import ONE, Desk, fill_of, ref_of, spec_of
from twoleg.core.events import (
    ExecutionForgotten,
    FillBooked,
    FillConfirmed,
    FillStatus,
    FillVoided,
    MoneySettled,
)
from twoleg.core.market import Outcome, Side, Venue
from twoleg.errors import VenueUnavailable
from twoleg.runtime.tracker import CLOSED_KEPT, CLOSED_NS
from twoleg.runtime.tracking.booked import in_terms_of
from twoleg.runtime.tracking.unclaimed import KEPT_MAX
from twoleg.storage.records import (
    FeeAdjusted,
    FillFinalRecorded,
    FillRecorded,
    FillVoidRecorded,
)

K, P = Venue.KALSHI, Venue.POLYMARKET
PROVISIONAL, FINAL, VOID = FillStatus.PROVISIONAL, FillStatus.FINAL, FillStatus.VOID


def test_fill_told_twice_is_booked_once() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    for _ in range(3):
        desk.tracker.on_fill(fill_of(spec))
    assert len(desk.recorded(FillRecorded)) == len(desk.told(FillBooked)) == 1
    assert desk.tracker.size_e6(1, 0) == 10 * ONE


def test_fill_is_journalled_before_the_engine_is_told() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec))
    assert desk.story == ["journal FillRecorded", "tell FillBooked"]


def test_fills_of_two_venues_with_one_id_are_two() -> None:
    desk = Desk()
    for spec in (spec_of(K), spec_of(P)):
        desk.tracker.register(ref_of(spec))
        desk.tracker.on_fill(fill_of(spec, "same"))
    assert [event.order_no for event in desk.told(FillBooked)] == [0, 1]


def test_fill_before_order_id_waits_and_is_claimed_once() -> None:
    desk, spec = Desk(), spec_of(K)
    early = fill_of(spec, order_key="", venue_order_id="v1")
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(early)
    desk.tracker.on_fill(early)
    assert (desk.tracker.unclaimed, desk.events) == (1, [])
    desk.tracker.learn_order_id(1, 0, "v1")
    desk.tracker.learn_order_id(1, 0, "v1")
    assert (desk.tracker.unclaimed, len(desk.told(FillBooked))) == (0, 1)
    desk.tracker.on_fill(early)
    assert len(desk.recorded(FillRecorded)) == 1


def test_order_without_an_id_claims_nothing() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, order_key="other", venue_order_id=""))
    desk.tracker.learn_order_id(1, 0, "")
    assert desk.events == []


def test_unclaimed_fills_are_bounded() -> None:
    desk, spec = Desk(), spec_of(K)
    for number in range(KEPT_MAX + 5):
        desk.tracker.on_fill(fill_of(spec, f"f{number}", venue_order_id="v"))
    assert desk.tracker.unclaimed == KEPT_MAX


async def test_unclaimed_fill_that_was_told_makes_room_and_is_told_once() -> None:
    desk, spec = Desk(), spec_of(K)
    fills = [fill_of(spec, f"f{n}", order_key="", venue_order_id=f"v{n}") for n in range(KEPT_MAX)]
    fresh = fill_of(spec, "fresh", order_key="", venue_order_id="fresh")
    for news in (fills, [fresh, fills[0]]):
        for fill in news:
            desk.tracker.on_fill(fill)
        await tell_unclaimed(desk)
    assert desk.handed_over == [*fills, fresh]
    assert desk.tracker.unclaimed == KEPT_MAX


async def tell_unclaimed(desk: Desk) -> None:
    async def run(_name: str, work: Coroutine[Any, Any, None]) -> None:
        await work

    works = desk.tracker.make_side_work(run).values()
    tasks = [asyncio.create_task(make_work()) for make_work in works]
    await desk.clock.pass_ms(40_000)
    for task in tasks:
        task.cancel()


@pytest.mark.parametrize("sold", Outcome)
def test_kalshi_sale_told_as_purchase_of_the_other_outcome(sold: Outcome) -> None:
    desk, spec = Desk(), spec_of(K, outcome=sold, side=Side.SELL)
    told = fill_of(
        spec,
        outcome=sold.other,
        side=Side.BUY,
        price_e4=6_300,
        size_e6=7 * ONE,
        notional_micros=4_410_000,
        fee_micros=123,
    )
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(told)
    (booked,) = desk.told(FillBooked)
    assert (booked.fill.outcome, booked.fill.side) == (sold, Side.SELL)
    assert (booked.fill.price_e4, booked.fill.notional_micros) == (3_700, 2_590_000)
    assert booked.fill.fee_micros == 123
    assert in_terms_of(spec, booked.fill) == booked.fill


def test_provisional_then_final_moves_no_money() -> None:
    desk, spec = Desk(), spec_of(P)
    fill = fill_of(spec, status=PROVISIONAL)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill)
    assert desk.tracker.provisional() == [(1, 1)]
    for _ in range(2):
        desk.tracker.on_fill(msgspec.structs.replace(fill, status=FINAL))
    # News from before arrives late.
    desk.tracker.on_fill(fill)
    desk.tracker.on_fill(msgspec.structs.replace(fill, status=FINAL))
    assert len(desk.recorded(FillFinalRecorded)) == 1
    assert [type(event) for event in desk.events] == [FillBooked, FillConfirmed]
    assert desk.told(FillConfirmed) == [FillConfirmed(1, 1, "f1", 10 * ONE)]
    assert desk.tracker.provisional() == []


def test_void_takes_the_fill_back_once_and_for_good() -> None:
    desk, spec = Desk(), spec_of(P)
    fill = fill_of(spec, status=PROVISIONAL)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill)
    for status in (VOID, VOID, FINAL, PROVISIONAL):
        desk.tracker.on_fill(msgspec.structs.replace(fill, status=status))
    assert desk.tracker.size_e6(1, 1) == 0
    assert desk.tracker.provisional() == []
    assert len(desk.recorded(FillVoidRecorded)) == len(desk.told(FillVoided)) == 1
    assert desk.recorded(FillFinalRecorded) == []


def test_fill_first_heard_of_as_void_never_was() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, status=VOID))
    assert (desk.records, desk.events) == ([], [])


async def test_fill_first_heard_of_as_void_is_taken_back_from_an_answer_that_counted_it() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    settling = asyncio.create_task(desk.tracker.settle(1, 1, 10 * ONE, -1))
    # The stream was down when it matched; it failed before anybody could read it.
    desk.venues[P].fills = (fill_of(spec, status=VOID),)
    await desk.clock.pass_ms(1_000)
    await settling
    assert [type(event) for event in desk.events] == [FillBooked, FillVoided, MoneySettled]
    assert len(desk.recorded(FillRecorded)) == len(desk.recorded(FillVoidRecorded)) == 1
    assert desk.told(MoneySettled)[0].filled_e6 == 0


async def test_void_fill_beyond_what_the_answer_counted_never_was() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, "a"))
    await desk.tracker.settle(1, 1, 10 * ONE, -1)
    desk.tracker.on_fill(fill_of(spec, "b", status=VOID))
    assert desk.recorded(FillVoidRecorded) == []


# -- money -------------------------------------------------------------------------------------


async def test_settle_with_all_fills_booked_tells_at_once() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, fee_micros=700))
    await desk.tracker.settle(1, 0, 10 * ONE, -1)
    assert desk.told(MoneySettled) == [MoneySettled(1, 0, 10 * ONE, 4_000_000, 700)]
    assert desk.venues[K].reads == 0


async def test_settle_waits_for_the_stream_then_reads() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    settling = asyncio.create_task(desk.tracker.settle(1, 0, 10 * ONE, -1))
    await desk.clock.pass_ms(240)
    assert desk.venues[K].reads == 0
    desk.tracker.on_fill(fill_of(spec, "a", size_e6=4 * ONE))
    desk.venues[K].fills = (
        fill_of(spec, "a", size_e6=4 * ONE),
        fill_of(spec, "b", size_e6=6 * ONE),
    )
    await desk.clock.pass_ms(20)
    await settling
    assert desk.venues[K].reads == 1
    assert [event.fill.fill_id for event in desk.told(FillBooked)] == ["a", "b"]
    assert desk.told(MoneySettled)[0].filled_e6 == 10 * ONE


async def test_settle_that_the_stream_completed_does_not_read() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    settling = asyncio.create_task(desk.tracker.settle(1, 0, 10 * ONE, -1))
    await desk.clock.pass_ms(100)
    desk.tracker.on_fill(fill_of(spec))
    await desk.clock.pass_ms(200)
    await settling
    assert desk.venues[K].reads == 0


async def test_settle_goes_on_through_a_venue_that_cannot_be_asked() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    desk.venues[K].read_errors = [VenueUnavailable("kalshi", "timeout") for _ in range(6)]
    desk.venues[K].fills = (fill_of(spec),)
    settling = asyncio.create_task(desk.tracker.settle(1, 0, 10 * ONE, -1))
    await desk.clock.pass_ms(60_000)
    await settling
    assert desk.venues[K].reads == 7
    assert desk.told(MoneySettled)


async def test_settle_reports_more_than_was_asked_for() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, size_e6=11 * ONE))
    await desk.tracker.settle(1, 0, 10 * ONE, 4_000_000)
    assert desk.told(MoneySettled) == [MoneySettled(1, 0, 11 * ONE, 4_400_000, 0)]


async def test_settle_does_not_wait_for_a_fill_that_failed_meanwhile() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    first = fill_of(spec, "a", size_e6=4 * ONE, status=PROVISIONAL)
    desk.tracker.on_fill(first)
    settling = asyncio.create_task(desk.tracker.settle(1, 1, 10 * ONE, -1))
    await desk.clock.pass_ms(10)
    desk.tracker.on_fill(msgspec.structs.replace(first, status=VOID))
    desk.venues[P].fills = (fill_of(spec, "b", size_e6=6 * ONE),)
    await desk.clock.pass_ms(1_000)
    await settling
    assert desk.told(MoneySettled)[0].filled_e6 == 6 * ONE


@pytest.mark.parametrize(
    ("side", "told_micros", "cash_micros"),
    [(Side.BUY, 4_000_001, -1), (Side.BUY, 3_999_999, 1), (Side.SELL, 3_999_999, -1)],
)
async def test_polymarket_rounding_is_adjusted_once(
    side: Side, told_micros: int, cash_micros: int
) -> None:
    desk, spec = Desk(), spec_of(P, side=side)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec))
    for _ in range(2):
        await desk.tracker.settle(1, 1, 10 * ONE, told_micros)
    (adjusted,) = desk.recorded(FeeAdjusted)
    assert (adjusted.micros, adjusted.fills) == (cash_micros, 0)
    assert (adjusted.execution_no, adjusted.order_no) == (1, 1)
    assert {event.notional_micros for event in desk.told(MoneySettled)} == {told_micros}


@pytest.mark.parametrize("side", Side)
async def test_rounding_goes_with_the_fill_that_failed(side: Side) -> None:
    desk, spec = Desk(), spec_of(P, side=side)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, status=PROVISIONAL))
    await desk.tracker.settle(1, 1, 10 * ONE, 4_000_001)
    for _ in range(2):
        desk.tracker.on_fill(fill_of(spec, status=VOID))
    first, back = desk.recorded(FeeAdjusted)
    assert first.micros == -back.micros != 0


async def test_polymarket_money_off_by_more_than_rounding_is_not_adjusted() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec))
    await desk.tracker.settle(1, 1, 10 * ONE, 4_000_002)
    assert desk.recorded(FeeAdjusted) == []


async def test_kalshi_money_is_that_of_its_fills() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec))
    await desk.tracker.settle(1, 0, 10 * ONE, 4_000_001)
    assert desk.recorded(FeeAdjusted) == []
    assert desk.told(MoneySettled)[0].notional_micros == 4_000_000


# -- restart -----------------------------------------------------------------------------------


async def test_restart_knows_fills_and_adjustment() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec, venue_order_id="v1"), (fill_of(spec),), 1)
    desk.tracker.on_fill(fill_of(spec, order_key="", venue_order_id="v1"))
    await desk.tracker.settle(1, 1, 10 * ONE, 4_000_001)
    assert desk.records == []
    assert desk.events == [MoneySettled(1, 1, 10 * ONE, 4_000_001, 0)]


def test_restart_does_not_book_a_void_fill_again() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec), (fill_of(spec, status=VOID),))
    desk.tracker.on_fill(fill_of(spec, status=PROVISIONAL))
    assert (desk.records, desk.tracker.size_e6(1, 1)) == ([], 0)


async def test_refresh_sees_a_provisional_fill_through() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, status=PROVISIONAL))
    desk.venues[P].read_errors = [VenueUnavailable("polymarket", "timeout")]
    desk.venues[P].fills = (fill_of(spec, status=VOID),)
    await desk.tracker.refresh(1, 1)
    assert desk.told(FillVoided) == []
    await desk.tracker.refresh(1, 1)
    assert len(desk.told(FillVoided)) == 1


# -- forgetting --------------------------------------------------------------------------------


def close_many(desk: Desk, first: int) -> None:
    for number in range(first, first + CLOSED_KEPT):
        desk.tracker.register(ref_of(spec_of(K, execution_no=number), f"k{number}"))
        desk.tracker.closed(number)


def test_closed_executions_are_forgotten_after_many_others() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    desk.tracker.closed(1)
    close_many(desk, 2)
    desk.tracker.on_fill(fill_of(spec))
    assert desk.tracker.unclaimed == 1
    assert desk.events == [ExecutionForgotten(1)]


@pytest.mark.parametrize(("status", "forgotten"), [(FINAL, [1]), (PROVISIONAL, [])])
async def test_execution_that_ended_long_ago_is_forgotten_unless_a_fill_may_fail(
    status: FillStatus, forgotten: list[int]
) -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, status=status))
    desk.tracker.closed(1)
    await tell_unclaimed(desk)
    assert desk.told(ExecutionForgotten) == []
    desk.clock.now_ns += CLOSED_NS
    await tell_unclaimed(desk)
    assert [event.execution_no for event in desk.told(ExecutionForgotten)] == forgotten


def test_execution_with_a_provisional_fill_is_not_forgotten() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, status=PROVISIONAL))
    desk.tracker.closed(1)
    close_many(desk, 2)
    assert desk.tracker.provisional() == [(1, 1)]
    desk.tracker.on_fill(fill_of(spec, status=VOID))
    assert len(desk.told(FillVoided)) == 1


def test_execution_that_was_opened_again_is_not_forgotten() -> None:
    desk = Desk()
    desk.tracker.register(ref_of(spec_of(K)))
    desk.tracker.closed(1)
    desk.tracker.register(ref_of(spec_of(K, order_no=2), "rollback"))
    close_many(desk, 2)
    assert desk.tracker.ref(1, 2).order_key == "rollback"


def test_closed_execution_that_a_late_fill_opened_again_is_not_forgotten() -> None:
    desk = Desk()
    desk.tracker.register(ref_of(spec_of(K)))
    desk.tracker.closed(1)
    # Its residual is held, so that it sends nothing for long.
    desk.tracker.on_fill(fill_of(spec_of(K)))
    close_many(desk, 2)
    assert desk.tracker.size_e6(1, 0) == 10 * ONE


async def test_order_forgotten_while_its_refresh_waited_is_passed_over() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, status=PROVISIONAL))
    desk.tracker.closed(1)
    (number,) = desk.tracker.provisional()
    desk.tracker.on_fill(fill_of(spec, status=FINAL))
    close_many(desk, 2)
    await desk.tracker.refresh(*number)
    assert desk.venues[P].reads == 0


def test_order_is_found_by_either_of_its_ids_on_its_own_venue() -> None:
    desk = Desk()
    desk.tracker.register(ref_of(spec_of(K, execution_no=7), "key"))
    assert desk.tracker.number_of(K, "", "v1") is None
    desk.tracker.learn_order_id(7, 0, "v1")
    assert desk.tracker.number_of(K, "", "v1") == (7, 0)
    assert desk.tracker.number_of(K, "key", "") == (7, 0)
    assert desk.tracker.number_of(P, "key", "v1") is None
    assert desk.tracker.number_of(K, "", "") is None
