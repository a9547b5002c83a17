"""A late fill of an execution that an earlier process finished opens it again."""

from typing import Any, cast

import pytest

from tests.support.core import make_pair
from tests.support.runtime import (
    CountedEntropy,
    FakeVenue,
    HeldClock,
    answered,
    fill_of,
    ref_of,
    spec_of,
)
from twoleg.core.events import (
    Event,
    ExecutionFound,
    Fill,
    FillBooked,
    FillStatus,
    FillVoided,
    OrderBooked,
)
from twoleg.core.market import Direction, Venue
from twoleg.core.orders import OrderRef
from twoleg.runtime.executor import Executor
from twoleg.runtime.finished import Finished
from twoleg.runtime.recovery import FoundExecution, Recovered
from twoleg.runtime.tracker import Tracker

K, P = Venue.KALSHI, Venue.POLYMARKET
PAIR = make_pair()
BOOKED = fill_of(spec_of(P), "early", order_key="p1", status=FillStatus.FINAL)
LATE = fill_of(spec_of(P), "late", order_key="p1")


class House:
    """A process that has begun on a journal with one finished execution, number 1 of 2."""

    def __init__(self, *, is_closed: bool = True) -> None:
        self.events: list[Event] = []
        self.unclaimed: list[Fill] = []
        self.clock = HeldClock()
        orders = [ref_of(spec_of(K), "k1"), ref_of(spec_of(P), "p1")]
        orders[0] = OrderRef(
            spec=orders[0].spec, order_key="k1", sent_wall_ms=1, venue_order_id="venue-k1"
        )
        execution = FoundExecution("execution-1", PAIR.id, Direction.KALSHI_YES, orders)
        execution.answers = {0: answered(filled_e6=0), 1: answered(filled_e6=BOOKED.size_e6)}
        execution.fills = {1: {BOOKED.fill_id: BOOKED}}
        execution.is_closed = is_closed
        self.known = Recovered(
            next_execution_no=2, executions={1: execution}, pairs={PAIR.id: PAIR}
        )
        venues = {venue: FakeVenue(venue, []) for venue in Venue}
        self.tracker = Tracker(
            orders=dict(venues.items()),
            clock=self.clock,
            record=self.known.apply,
            emit=self.events.append,
            on_unclaimed=self.unclaimed.append,
            claim=self._claim,
        )
        self.tracker.recall([BOOKED])
        self.executor = Executor(
            orders=dict(venues.items()),
            tracker=self.tracker,
            clock=self.clock,
            entropy=CountedEntropy(),
            append=cast("Any", None),
            emit=self.events.append,
            spawn=cast("Any", None),
        )
        self.finished = Finished(
            self.known,
            executor=self.executor,
            tracker=self.tracker,
            markets={},
            emit=self.events.append,
        )

    def _claim(self, fill: Fill) -> bool:
        return self.finished.claim(fill)

    def told(self) -> list[Event]:
        kinds = (ExecutionFound, FillBooked, FillVoided)
        return [event for event in self.events if isinstance(event, kinds)]


@pytest.mark.parametrize("key", ["p1", "venue-k1"])
def test_late_fill_makes_its_execution_known_before_it_is_booked(key: str) -> None:
    house = House()
    house.finished.begin()
    venue = K if key == "venue-k1" else P
    fill = fill_of(spec_of(venue), "late", order_key="" if venue is K else key, venue_order_id=key)
    house.tracker.on_fill(fill)
    found, booked = house.told()
    assert isinstance(found, ExecutionFound)
    assert (found.execution_no, found.was_closed) == (1, True)
    # What the holdings and the cash contain already: nothing of the leg that missed.
    told = OrderBooked(BOOKED.size_e6, BOOKED.notional_micros, BOOKED.fee_micros)
    assert (found.is_accounted, found.booked) == (True, (OrderBooked(), told))
    assert isinstance(booked, FillBooked)
    assert (booked.execution_no, booked.fill.fill_id) == (1, "late")
    assert house.executor.execution_id(1) == "execution-1"


def test_further_fills_find_it_known() -> None:
    house = House()
    house.finished.begin()
    for number in range(3):
        house.tracker.on_fill(fill_of(spec_of(P), f"late-{number}", order_key="p1"))
    assert [type(event) for event in house.told()] == [ExecutionFound, *[FillBooked] * 3]


def test_fill_that_was_final_and_fails_after_all_is_taken_back() -> None:
    house = House()
    house.finished.begin()
    house.tracker.on_fill(BOOKED)
    assert house.told() == []
    void = fill_of(spec_of(P), "early", order_key="p1", status=FillStatus.VOID)
    house.tracker.on_fill(void)
    assert [type(event) for event in house.told()] == [ExecutionFound, FillVoided]


def test_fill_that_comes_before_the_engine_knows_the_holdings_waits() -> None:
    house = House()
    house.tracker.on_fill(LATE)
    assert (house.told(), house.tracker.unclaimed) == ([], 1)
    house.finished.begin()
    assert [type(event) for event in house.told()] == [ExecutionFound, FillBooked]
    assert house.tracker.unclaimed == 0


def test_unfinished_execution_is_told_by_the_start_alone() -> None:
    house = House(is_closed=False)
    house.finished.begin()
    house.tracker.on_fill(LATE)
    assert (house.told(), house.tracker.unclaimed) == ([], 1)


def test_fill_of_nobody_stays_unclaimed() -> None:
    house = House()
    house.finished.begin()
    house.tracker.on_fill(fill_of(spec_of(P), "other", order_key="somebody"))
    assert (house.told(), house.tracker.unclaimed) == ([], 1)


def test_execution_of_this_process_is_not_told_again() -> None:
    house = House()
    house.finished.begin()
    house.known.executions[2] = FoundExecution(
        "execution-2", PAIR.id, Direction.KALSHI_YES, [ref_of(spec_of(P), "p2")], is_closed=True
    )
    house.tracker.on_fill(fill_of(spec_of(P), "late", order_key="p2"))
    assert house.told() == []
