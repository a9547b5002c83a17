"""Fakes of the ports, a clock that is told how long to sleep, and builders of runtime values."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tests.support.core import kalshi_market, polymarket_market
from twoleg.core.actions import Fire, Note
from twoleg.core.events import AnswerStatus, CashReported, Event, Fill, FillStatus, LegAnswer
from twoleg.core.market import (
    Direction,
    Market,
    MarketId,
    Outcome,
    PairId,
    Side,
    TimeInForce,
    Venue,
)
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.errors import StorageError
from twoleg.runtime.executor import Executor
from twoleg.runtime.tracker import Tracker
from twoleg.storage.records import AnyRecord
from twoleg.venues.ports import CancelAnswer, CancelStatus, PreparedOrder

WALL_NS = 1_790_000_000_000_000_000
ONE = 1_000_000
KALSHI = kalshi_market()
POLYMARKET = polymarket_market()


class HeldClock:
    """Nobody wakes from a sleep until the test lets time pass."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def monotonic_ns(self) -> int:
        return self.now_ns

    def wall_ns(self) -> int:
        return WALL_NS + self.now_ns

    async def sleep(self, seconds: float) -> None:
        wakes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now_ns + round(seconds * 1e9), wakes))
        await wakes

    @property
    def sleepers(self) -> int:
        return sum(not wakes.done() for _, wakes in self._sleepers)

    async def pass_ms(self, ms: int) -> None:
        """Let time pass, waking sleepers one by one when they are due."""
        end_ns = self.now_ns + ms * 1_000_000
        await settle_down()
        while due := [entry for entry in self._sleepers if entry[0] <= end_ns]:
            entry = min(due, key=lambda entry: entry[0])
            self._sleepers.remove(entry)
            if not entry[1].done():
                self.now_ns = max(self.now_ns, entry[0])
                entry[1].set_result(None)
            await settle_down()
        self.now_ns = end_ns


async def settle_down() -> None:
    """Let all tasks run until they wait for something else than their turn."""
    for _ in range(20):
        await asyncio.sleep(0)


class CountedEntropy:
    """Ids in order: a test knows what to expect."""

    def __init__(self) -> None:
        self.made = 0

    def uuid4(self) -> str:
        self.made += 1
        return f"id-{self.made}"

    def below(self, bound: int) -> int:
        return bound - 1

    def jitter(self) -> float:
        return 0.5


class FakeVenue:
    """An order port and an account that do what they are told, and say what they were asked."""

    def __init__(self, venue: Venue, story: list[str]) -> None:
        self.venue = venue
        self.story = story
        self.prepare_error: Exception | None = None
        # Answers are futures: the test decides who answers first.
        self.answers: list[asyncio.Future[LegAnswer]] = []
        self.look_ups: list[LegAnswer | BaseException] = []
        # While it is not set, look-ups are kept waiting.
        self.answers_look_up = asyncio.Event()
        self.answers_look_up.set()
        self.asked: list[OrderRef] = []
        self.fills: tuple[Fill, ...] = ()
        self.reads = 0
        # Raised by the next reads, one each.
        self.read_errors: list[Exception] = []
        self.cash_micros: tuple[tuple[int, int], ...] = ((0, 0),)
        self.positions: tuple[tuple[MarketId, int, int], ...] = ()
        self._prepared = 0

    def prepare(self, spec: OrderSpec) -> PreparedOrder:
        if self.prepare_error is not None:
            raise self.prepare_error
        self._prepared += 1
        self.story.append(f"prepare {self.venue.value}")
        key = f"{self.venue.value}-{self._prepared}"
        return PreparedOrder(spec=spec, order_key=key, body=b"", prepared_wall_ms=0)

    async def send(self, prepared: PreparedOrder) -> LegAnswer:
        self.story.append(f"send {self.venue.value}")
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]

    async def look_up(self, ref: OrderRef) -> LegAnswer:
        self.asked.append(ref)
        await self.answers_look_up.wait()
        found = self.look_ups.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found

    async def cancel(self, ref: OrderRef) -> CancelAnswer:
        return CancelAnswer(status=CancelStatus.NOT_RESTING)

    async def read_fills(self, ref: OrderRef) -> tuple[Fill, ...]:
        self.reads += 1
        if self.read_errors:
            raise self.read_errors.pop(0)
        return self.fills

    async def read_cash(self) -> CashReported:
        if self.read_errors:
            raise self.read_errors.pop(0)
        return CashReported(self.venue, self.cash_micros)

    async def read_positions(
        self, markets: Iterable[Market]
    ) -> tuple[tuple[MarketId, int, int], ...]:
        if self.read_errors:
            raise self.read_errors.pop(0)
        return self.positions


class Desk:
    """A tracker and an executor between fake venues; all they do ends up in one story."""

    def __init__(self, make_venue: type[FakeVenue] = FakeVenue) -> None:
        self.story: list[str] = []
        self.records: list[AnyRecord] = []
        self.events: list[Event] = []
        self.notes: list[Note] = []
        # Fills that the tracker could not place.
        self.handed_over: list[Fill] = []
        self.clock = HeldClock()
        self.venues = {venue: make_venue(venue, self.story) for venue in Venue}
        # Tells whether a record fits; by default all do.
        self.has_room: Callable[[AnyRecord, bool], bool] = lambda _record, _reserve: True
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.tracker = Tracker(
            orders=dict(self.venues),
            clock=self.clock,
            record=self._record,
            emit=self._emit,
            note=self.notes.append,
            on_unclaimed=self.handed_over.append,
        )
        self.executor = Executor(
            orders=dict(self.venues),
            tracker=self.tracker,
            clock=self.clock,
            entropy=CountedEntropy(),
            append=self._append,
            emit=self._emit,
            spawn=self._spawn,
        )

    def _record(self, record: AnyRecord) -> None:
        self.records.append(record)
        self.story.append(f"journal {type(record).__name__}")

    def _append(self, record: AnyRecord, reserve: bool) -> None:  # noqa: FBT001 - a port's shape
        if not self.has_room(record, reserve):
            raise StorageError("no room")
        self._record(record)

    def _emit(self, event: Event) -> None:
        self.events.append(event)
        self.story.append(f"tell {type(event).__name__}")

    def _spawn(self, name: str, work: Any) -> None:
        self.tasks[name] = asyncio.get_running_loop().create_task(work, name=name)

    def recorded(self, kind: type) -> list[Any]:
        return [record for record in self.records if isinstance(record, kind)]

    def alarms(self) -> list[str]:
        return [str(dict(note.fields)["event"]) for note in self.notes]

    def told(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def spec_of(
    venue: Venue,
    *,
    execution_no: int = 1,
    order_no: int | None = None,
    purpose: Purpose = Purpose.ARB,
    outcome: Outcome = Outcome.YES,
    side: Side = Side.BUY,
    size_e6: int = 10 * ONE,
    limit_e4: int = 4_000,
    tif: TimeInForce = TimeInForce.FOK,
    spend_micros: int = 0,
    market: Market | None = None,
) -> OrderSpec:
    number = (0 if venue is Venue.KALSHI else 1) if order_no is None else order_no
    return OrderSpec(
        execution_no=execution_no,
        order_no=number,
        purpose=purpose,
        market=market or (KALSHI if venue is Venue.KALSHI else POLYMARKET),
        outcome=outcome,
        side=side,
        size_e6=size_e6,
        limit_e4=limit_e4,
        tif=tif,
        spend_micros=spend_micros,
    )


def ref_of(spec: OrderSpec, order_key: str = "key", venue_order_id: str = "") -> OrderRef:
    return OrderRef(spec=spec, order_key=order_key, sent_wall_ms=1, venue_order_id=venue_order_id)


def fire_of(*specs: OrderSpec) -> Fire:
    return Fire(specs[0].execution_no, PairId("pair-a"), Direction.KALSHI_YES, specs, 5)


def fill_of(
    spec: OrderSpec,
    fill_id: str = "f1",
    *,
    order_key: str = "key",
    venue_order_id: str = "",
    size_e6: int = 10 * ONE,
    price_e4: int = 4_000,
    fee_micros: int = 0,
    status: FillStatus = FillStatus.FINAL,
    **changes: Any,
) -> Fill:
    fill = Fill(
        venue=spec.venue,
        market_id=spec.market.id,
        fill_id=fill_id,
        order_key=order_key,
        venue_order_id=venue_order_id,
        outcome=spec.outcome,
        side=spec.side,
        price_e4=price_e4,
        size_e6=size_e6,
        notional_micros=price_e4 * size_e6 // 10_000,
        fee_micros=fee_micros,
        fee_modelled=spec.venue is Venue.POLYMARKET,
        status=status,
    )
    return msgspec.structs.replace(fill, **changes)


def answered(
    status: AnswerStatus = AnswerStatus.FILLED, filled_e6: int = 0, **more: Any
) -> LegAnswer:
    return LegAnswer(status=status, filled_e6=filled_e6, **more)
