"""One tracker per venue, behind one door: every order of this process and what became of it.

The order's answer comes first, then the private stream, then polling; each fill is booked once, by
its venue and trade id, wherever it comes from. An order is known by its execution's number and its
own, or by what its venue calls it.
"""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any, Final

from twoleg.core.actions import Note
from twoleg.core.events import Event, ExecutionForgotten, Fill, FillStatus
from twoleg.core.limits import Limits
from twoleg.core.market import Market, MarketId, Venue
from twoleg.core.orders import OrderRef
from twoleg.runtime.tracking.booked import Booked
from twoleg.runtime.tracking.money import settle
from twoleg.runtime.tracking.outlets import (
    Outlets,
    claim_nothing,
    hear_alone,
    keep_unclaimed,
    tell_log,
)
from twoleg.runtime.tracking.sweep import Sweep
from twoleg.runtime.tracking.venue import VenueTracker
from twoleg.seams import Clock
from twoleg.storage.records import AnyRecord
from twoleg.venues.ports import OrderPort

CLOSED_KEPT: Final = 256
"""Closed executions whose orders stay in memory for late news; older ones are in the record."""
CLOSED_NS: Final = 3_600 * 1_000_000_000
"""For how long: no venue tells of a fill so late, and what can still fail on chain is kept."""
TELL_S: Final = 5.0
"""How often unclaimed fills are looked through."""
TELLS_PER_SWEEP: Final = 6
"""A sweep every half minute: no more of the rate limit than a stream that works is worth."""

Guard = Callable[[str, Coroutine[Any, Any, None]], Awaitable[None]]
"""Runs work so that its failure ends nothing else."""


def _default_poll_ms() -> int:
    return Limits().poll_ms_max


class Tracker:
    """Every order of this process and its fills; `record` journals, `emit` tells the engine.

    `note` takes alarms, `on_unclaimed` a fill that belongs to no order we know, once, after
    `poll_ms_max`; before that `claim` may register its order. `markets` are those whose fills can
    be read for the whole account, besides those of our orders. `hear` journals how far the account
    was heard.
    """

    def __init__(  # noqa: PLR0913 - each way out is somebody else's
        self,
        *,
        orders: Mapping[Venue, OrderPort],
        clock: Clock,
        record: Callable[[AnyRecord], None],
        emit: Callable[[Event], None],
        note: Callable[[Note], None] = tell_log,
        on_unclaimed: Callable[[Fill], None] = keep_unclaimed,
        claim: Callable[[Fill], bool] = claim_nothing,
        hear: Callable[[AnyRecord], None] = hear_alone,
        markets: Mapping[MarketId, Market] | None = None,
        poll_ms_max: Callable[[], int] = _default_poll_ms,
    ) -> None:
        self._clock = clock
        self._emit = emit
        # Executions that ended, and when, oldest first.
        self._closed: dict[int, int] = {}
        known = markets if markets is not None else {}
        outlets = Outlets(
            clock=clock,
            record=record,
            emit=emit,
            note=note,
            on_unclaimed=on_unclaimed,
            claim=claim,
            hear=hear,
            poll_ms_max=poll_ms_max,
        )
        self._venues = {
            venue: VenueTracker(venue, port, outlets, self._opened)
            for venue, port in orders.items()
        }
        self._sweeps = {
            venue: Sweep(tracker, markets=known.values, ended_ns=self._closed.get)
            for venue, tracker in self._venues.items()
        }

    # -- orders ----------------------------------------------------------------------------

    def register(
        self, ref: OrderRef, fills: tuple[Fill, ...] = (), adjusted_micros: int = 0
    ) -> None:
        """Know an order before it is sent (or again after a restart, with what is journalled)."""
        # A closed execution that sends again was opened again.
        self._opened(ref.spec.execution_no)
        self._venues[ref.spec.venue].register(ref, fills, adjusted_micros)

    def recall(self, fills: Iterable[Fill]) -> None:
        """At start: know fills that are on record and whose orders are not registered."""
        for fill in fills:
            self._venues[fill.venue].recall((fill,))

    def look_back(self, venue: Venue, heard_ms: int, floor_ms: int) -> None:
        """At start: read what happened in an account since it was last heard; see `Sweep`."""
        self._sweeps[venue].look_back(heard_ms, floor_ms)

    def closed(self, execution_no: int) -> None:
        """An execution ended: its orders may be forgotten once many others ended after it."""
        self._closed[execution_no] = self._clock.monotonic_ns()
        if len(self._closed) <= CLOSED_KEPT:
            return
        oldest = next(iter(self._closed))
        if not self._forget(oldest):
            # It has to wait once more for its turn.
            self._closed[oldest] = self._closed.pop(oldest)

    def learn_order_id(self, execution_no: int, order_no: int, venue_order_id: str) -> None:
        """The venue told its own id of an order: claim what came early."""
        booked = self._booked(execution_no, order_no)
        self._venues[booked.ref.spec.venue].learn_order_id(booked.number, venue_order_id)

    def ref(self, execution_no: int, order_no: int) -> OrderRef:
        """What the venue can be asked with."""
        return self._booked(execution_no, order_no).ref

    def number_of(
        self, venue: Venue, order_key: str, venue_order_id: str
    ) -> tuple[int, int] | None:
        """(execution, order) of an order that is told by either of its ids; None if not ours."""
        booked = self._venues[venue].find(order_key, venue_order_id)
        return booked.number if booked is not None else None

    def orders_on(self, venue: Venue) -> list[tuple[int, int]]:
        """(execution, order) of every order that is known on a venue."""
        return [booked.number for booked in self._venues[venue].all()]

    def size_e6(self, execution_no: int, order_no: int) -> int:
        """What is booked of an order."""
        return self._booked(execution_no, order_no).size_e6

    def void_e6_besides(self, execution_no: int, order_no: int, trade_ids: Collection[str]) -> int:
        """Sum of an order's void fills that belong to none of these trades."""
        fills = self._booked(execution_no, order_no).fills.values()
        return sum(
            fill.size_e6
            for fill in fills
            if fill.status is FillStatus.VOID and fill.fill_id.partition(":")[0] not in trade_ids
        )

    # -- fills -----------------------------------------------------------------------------

    def on_fill(self, fill: Fill) -> None:
        """Take a fill from anywhere, any number of times."""
        self._venues[fill.venue].on_fill(fill)

    def claim_again(self) -> None:
        """Ask `claim` once more for all fills that belong to no order we know."""
        for tracker in self._venues.values():
            tracker.claim_again()

    @property
    def unclaimed(self) -> int:
        """Fills that belong to no order we know."""
        return sum(len(tracker.unclaimed) for tracker in self._venues.values())

    def provisional(self) -> list[tuple[int, int]]:
        """Orders with fills that are matched but not final yet."""
        return [
            booked.number
            for tracker in self._venues.values()
            for booked in tracker.all()
            if not booked.is_final
        ]

    async def settle(
        self, execution_no: int, order_no: int, filled_e6: int, notional_micros: int
    ) -> None:
        """Wait until the fills of an order sum up to what it filled; read them if none come."""
        booked = self._booked(execution_no, order_no)
        await settle(self._venues[booked.ref.spec.venue], booked, filled_e6, notional_micros)

    async def refresh(self, execution_no: int, order_no: int) -> bool:
        """Read an order's fills now, to see a provisional one through; False: could not be read."""
        for tracker in self._venues.values():
            # It may have become final, and been forgotten, while its turn was waited for.
            booked = tracker.get((execution_no, order_no))
            if booked is not None:
                return await tracker.read(booked)
        return True

    async def sweep(self, venue: Venue) -> None:
        """Find by REST what the private stream of a venue may have lost."""
        await self._sweeps[venue].run()

    def make_side_work(self, guard: Guard) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Named work that must run as long as orders may be open; ends only when cancelled."""
        return {
            f"track-{venue.value}": partial(self._track, venue, guard) for venue in self._venues
        }

    async def _track(self, venue: Venue, guard: Guard) -> None:
        """Sweep on a timer, tell of unclaimed fills, and forget what ended long ago."""
        while True:
            for _ in range(TELLS_PER_SWEEP):
                await self._clock.sleep(TELL_S)
                self._venues[venue].tell_unclaimed()
                self._forget_old()
            await guard(f"sweep-{venue.value}", self.sweep(venue))

    def _forget_old(self) -> None:
        due_ns = self._clock.monotonic_ns() - CLOSED_NS
        for number in [n for n, ended_ns in self._closed.items() if ended_ns <= due_ns]:
            self._forget(number)

    def _forget(self, execution_no: int) -> bool:
        """Forget the orders of an execution that ended; False if a fill of it may still fail."""
        if not all(tracker.is_final(execution_no) for tracker in self._venues.values()):
            return False
        del self._closed[execution_no]
        for tracker in self._venues.values():
            tracker.forget(execution_no)
        self._emit(ExecutionForgotten(execution_no))
        return True

    def _opened(self, execution_no: int) -> None:
        self._closed.pop(execution_no, None)

    def _booked(self, execution_no: int, order_no: int) -> Booked:
        for tracker in self._venues.values():
            booked = tracker.get((execution_no, order_no))
            if booked is not None:
                return booked
        raise KeyError((execution_no, order_no))
