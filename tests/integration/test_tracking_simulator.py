"""Tracking against both simulators over real sockets, the private stream failing in every way."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest

from tests.integration.test_kalshi_simulator import OPTIONS as KALSHI_OPTIONS
from tests.integration.test_kalshi_simulator import Client, client
from tests.integration.test_polymarket_simulator import Rig, feeding, running
from tests.support.runtime import CountedEntropy
from tests.unit.venues.kalshi.support import FakeEntropy, LoopNetwork
from twoleg.core.actions import Fire, LookUp, Note, SettleMoney
from twoleg.core.events import AnswerStatus, Event, Fill, FillBooked, MoneySettled, OrderAnswered
from twoleg.core.market import Direction, Market, Outcome, PairId, Side, TimeInForce, Venue
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.runtime.executor import Executor
from twoleg.runtime.tracker import Tracker
from twoleg.seams import Clock
from twoleg.storage.records import AnyRecord, FillRecorded
from twoleg.venues.kalshi.feed import KalshiFeed
from twoleg.venues.ports import OrderPort

K, P = Venue.KALSHI, Venue.POLYMARKET
TEN = 10_000_000
PATIENCE_S = 30
STREAMS = {K: "ws", P: "ws /ws/user"}
ORDERS = {K: "POST /trade-api/v2/portfolio/events/orders", P: "POST /order"}
HASTE = 100
"""How many times faster the tracker's durations pass than real ones."""


class HastyClock:
    """The venue's own wall clock; every pause takes a hundredth of its time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def monotonic_ns(self) -> int:
        return HASTE * self._clock.monotonic_ns()

    def wall_ns(self) -> int:
        return self._clock.wall_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / HASTE)


class Post:
    """A tracker and an executor on one simulated venue; takes what its feed tells."""

    def __init__(self, venue: Venue, rig: Any, port: OrderPort, market: Market) -> None:
        self.venue = venue
        self.rig = rig
        self.port = port
        self.market = market
        self.events: list[Event] = []
        self.records: list[AnyRecord] = []
        self.notes: list[Note] = []
        self.handed_over: list[Fill] = []
        self.streamed: list[Fill] = []
        self.ups = 0
        self._changed = asyncio.Event()
        self._group: asyncio.TaskGroup
        hasty = HastyClock(rig.clock)
        self.tracker = Tracker(
            orders={venue: port},
            clock=hasty,
            record=self.records.append,
            emit=self._emit,
            note=self.notes.append,
            on_unclaimed=self._hand_over,
            markets={market.id: market},
        )
        self.executor = Executor(
            orders={venue: port},
            tracker=self.tracker,
            clock=hasty,
            entropy=CountedEntropy(),
            append=lambda record, _reserve: self.records.append(record),
            emit=self._emit,
            spawn=self._spawn,
        )

    @asynccontextmanager
    async def at_work(self, *, sweeps: bool) -> AsyncGenerator["Post"]:
        """Let tasks live here; `sweeps` runs the timer too."""
        async with asyncio.TaskGroup() as self._group:
            works = self.tracker.make_side_work(self._guard).values() if sweeps else ()
            tasks = [self._group.create_task(make()) for make in works]
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()

    async def _guard(self, _name: str, work: Coroutine[Any, Any, None]) -> None:
        await work

    # What a feed is given.

    def event(self, event: Event) -> None:
        del event
        self._changed.set()

    def fill(self, fill: Fill) -> None:
        self.streamed.append(fill)
        self.tracker.on_fill(fill)
        self._changed.set()

    def up(self) -> None:
        self.ups += 1
        self._spawn("sweep", self.tracker.sweep(self.venue))
        self._changed.set()

    # What the test does.

    def fault(self, kind: str, *, on: str = "", **more: Any) -> None:
        sim = self.rig.sim.sim if self.venue is K else self.rig.sim
        sim.faults.add([{"on": on or STREAMS[self.venue], "kind": kind, **more}])

    async def offer(self) -> None:
        """Let somebody sell at our limit."""
        if self.venue is K:
            await self.rig.sim.rest("ask", 5_200, 50)
        else:
            self.rig.place("ask", 5_200, 50)

    def spec(self) -> OrderSpec:
        return OrderSpec(
            execution_no=1,
            order_no=0,
            purpose=Purpose.ARB,
            market=self.market,
            outcome=Outcome.YES,
            side=Side.BUY,
            size_e6=TEN,
            limit_e4=5_200,
            tif=TimeInForce.FOK,
            spend_micros=5_200_000 if self.venue is P else 0,
        )

    async def fill_one(self) -> OrderAnswered:
        """Fire one order into an offer, and wait for its answer."""
        await self.offer()
        self.executor.fire(Fire(1, PairId("pair"), Direction.KALSHI_YES, (self.spec(),), 0))
        await self.until(lambda: self.of(OrderAnswered))
        answered = self.of(OrderAnswered)[0]
        assert isinstance(answered, OrderAnswered)
        return answered

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def is_booked_once(self) -> bool:
        booked = self.of(FillBooked)
        return (
            sum(event.fill.size_e6 for event in booked) == TEN
            and len({event.fill.fill_id for event in booked}) == len(booked)
            and [record.fill for record in self.records if isinstance(record, FillRecorded)]
            == [event.fill for event in booked]
        )

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _emit(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def _hand_over(self, fill: Fill) -> None:
        self.handed_over.append(fill)
        self._changed.set()

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._group.create_task(work, name=name)


@asynccontextmanager
async def post_at(
    venue: Venue, *, sweeps: bool = False, streams: bool = True
) -> AsyncGenerator[Post]:
    if venue is K:
        async with client() as kalshi:
            post = Post(venue, kalshi, kalshi.orders, await kalshi.market())
            async with post.at_work(sweeps=sweeps), _kalshi_stream(kalshi, post, streams):
                yield post
    else:
        async with running() as rig:
            post = Post(venue, rig, rig.orders, await rig.market())
            async with post.at_work(sweeps=sweeps), _polymarket_stream(rig, post, streams):
                yield post


@asynccontextmanager
async def _kalshi_stream(kalshi: Client, post: Post, streams: bool) -> AsyncGenerator[None]:  # noqa: FBT001
    if not streams:
        yield
        return
    feed = KalshiFeed(
        network=LoopNetwork(),
        url=kalshi.sim.urls["ws"],
        http=kalshi.http,
        markets=[post.market],
        clock=kalshi.clock,
        entropy=FakeEntropy(),
        on_event=post.event,
        on_fill=post.fill,
        on_up=post.up,
        options=msgspec.structs.replace(KALSHI_OPTIONS, backoff_ms_min=5, backoff_ms_max=10),
    )
    task = asyncio.create_task(feed.run())
    try:
        await post.until(lambda: post.ups)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _polymarket_stream(rig: Rig, post: Post, streams: bool) -> AsyncGenerator[None]:  # noqa: FBT001
    if not streams:
        yield
        return
    sink: Any = post
    async with feeding(rig, sink):
        await post.until(lambda: post.ups)
        yield


async def settle(post: Post, answered: OrderAnswered) -> None:
    answer = answered.answer
    post.executor.settle(SettleMoney(1, 0, answer.filled_e6, answer.notional_micros))
    await post.until(lambda: post.of(MoneySettled))


@pytest.mark.parametrize("venue", Venue)
async def test_stream_that_works_brings_the_fill_and_nothing_is_booked_twice(venue: Venue) -> None:
    async with post_at(venue) as post:
        answered = await post.fill_one()
        assert answered.answer.status is AnswerStatus.FILLED
        await post.until(lambda: post.streamed)
        await settle(post, answered)
        await post.tracker.sweep(venue)
        assert post.is_booked_once()
        assert post.tracker.unclaimed == 0


@pytest.mark.parametrize("venue", Venue)
async def test_stream_that_says_everything_twice_books_each_fill_once(venue: Venue) -> None:
    async with post_at(venue) as post:
        post.fault("ws_duplicate")
        answered = await post.fill_one()
        await post.until(lambda: len(post.streamed) >= 2)
        await settle(post, answered)
        assert post.is_booked_once()


@pytest.mark.parametrize("venue", Venue)
async def test_mute_stream_fill_is_polled_for_after_the_answer(venue: Venue) -> None:
    async with post_at(venue) as post:
        post.fault("ws_mute")
        answered = await post.fill_one()
        await settle(post, answered)
        assert post.streamed == []
        assert post.is_booked_once()


@pytest.mark.parametrize("venue", Venue)
async def test_mute_stream_fill_is_found_on_the_timer(venue: Venue) -> None:
    """The execution has ended and nobody asks for money: only the timer is left."""
    async with post_at(venue, sweeps=True) as post:
        post.fault("ws_mute")
        await post.fill_one()
        post.tracker.closed(1)
        await post.until(post.is_booked_once)
        assert post.streamed == []


@pytest.mark.parametrize("venue", Venue)
async def test_stream_that_is_cut_fill_is_found_after_the_reconnect(venue: Venue) -> None:
    async with post_at(venue) as post:
        # The frame that tells the fill is the one that cuts the socket.
        post.fault("ws_disconnect", count=1)
        await post.fill_one()
        await post.until(lambda: post.ups > 1 and post.is_booked_once())
        await post.tracker.sweep(venue)
        assert post.is_booked_once()


@pytest.mark.parametrize("venue", Venue)
async def test_answer_that_is_lost_leaves_one_fill_by_look_up_stream_and_reads(
    venue: Venue,
) -> None:
    async with post_at(venue, sweeps=True) as post:
        post.fault("drop_after", on=ORDERS[venue], count=1)
        answered = await post.fill_one()
        assert answered.answer.status is AnswerStatus.UNKNOWN
        post.executor.look_up(LookUp(1, 0))
        await post.until(lambda: len(post.of(OrderAnswered)) == 2)
        answered = post.of(OrderAnswered)[1]
        assert (answered.answer.status, answered.answer.filled_e6) == (AnswerStatus.FILLED, TEN)
        await settle(post, answered)
        await post.tracker.sweep(venue)
        assert post.is_booked_once()


@pytest.mark.parametrize("is_mute", [False, True])
async def test_order_that_lives_on_after_we_gave_it_up_is_booked_once_when_it_fills(
    is_mute: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Our promise timed out and the look-up found nothing; the request arrives all the same."""
    async with post_at(P, sweeps=True) as post:
        if is_mute:
            post.fault("ws_mute")
        post.fault("delay", on=ORDERS[P], count=1, delay_ms=2_200)
        answered = await post.fill_one()
        assert answered.answer.status is AnswerStatus.UNKNOWN
        post.executor.look_up(LookUp(1, 0))
        await post.until(lambda: len(post.of(OrderAnswered)) == 2)
        assert post.of(OrderAnswered)[1].answer.status is AnswerStatus.MISSED
        await post.until(post.is_booked_once)
        await post.tracker.sweep(P)
        assert post.is_booked_once()
        assert bool(post.streamed) is not is_mute


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("venue", Venue)
async def test_fill_of_an_order_we_do_not_know_is_handed_over_and_booked_once_it_is_known(
    venue: Venue,
    streams: bool,  # noqa: FBT001 - a parameter
) -> None:
    async with post_at(venue, sweeps=True, streams=streams) as post:
        await post.offer()
        prepared = post.port.prepare(post.spec())
        answer = await post.port.send(prepared)
        await post.until(lambda: post.handed_over)
        assert [dict(note.fields)["event"] for note in post.notes] == ["fill_of_no_order"]
        assert post.of(FillBooked) == []
        ref = OrderRef(
            spec=prepared.spec,
            order_key=prepared.order_key,
            sent_wall_ms=prepared.prepared_wall_ms,
            venue_order_id=answer.venue_order_id,
        )
        post.tracker.register(ref)
        await post.tracker.sweep(venue)
        assert post.is_booked_once()
        assert len(post.handed_over) == 1


@pytest.mark.parametrize("venue", Venue)
async def test_fill_on_record_is_not_booked_again_by_the_next_process(venue: Venue) -> None:
    async with post_at(venue) as post:
        await settle(post, await post.fill_one())
        ref = post.tracker.ref(1, 0)
        fills = tuple(event.fill for event in post.of(FillBooked))
        known = Post(venue, post.rig, post.port, post.market)
        known.tracker.register(ref, fills)
        await known.tracker.sweep(venue)
        await known.tracker.refresh(1, 0)
        assert known.of(FillBooked) == []
        forgot = Post(venue, post.rig, post.port, post.market)
        forgot.tracker.register(ref)
        await forgot.tracker.sweep(venue)
        assert forgot.is_booked_once()
