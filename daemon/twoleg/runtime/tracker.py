"""Books fills: each once, to the order it belongs to, until an order's money is complete.

Fills come from the private streams and from reads; both meet here. A fill that nobody claims is
kept and alarmed: it may belong to an order whose answer is still out.
"""

from collections.abc import Callable, Collection
from typing import Final

import msgspec
import structlog

from twoleg.core.events import Event, Fill, FillBooked, FillStatus, FillVoided, MoneySettled
from twoleg.core.market import Side, Venue
from twoleg.core.orders import OrderRef, OrderSpec
from twoleg.errors import VenueError
from twoleg.seams import Clock
from twoleg.storage.records import (
    AnyRecord,
    FeeAdjusted,
    FillFinalRecorded,
    FillRecorded,
    FillVoidRecorded,
)
from twoleg.venues.ports import OrderPort

FIRST_READ_MS: Final = 250
"""Private streams usually bring a fill by then; a read costs rate tokens."""
GLANCE_MS: Final = 10
"""How often the stream's fills are looked at meanwhile; both markets stay busy until then."""
READ_MS_MAX: Final = 5_000
UNCLAIMED_MAX: Final = 1_000
CLOSED_KEPT: Final = 256
"""Closed executions whose orders stay in memory for late news; older ones are in the record."""

log = structlog.get_logger(__name__)


class Booked(msgspec.Struct):
    """An order of ours and what is booked for it."""

    ref: OrderRef
    fills: dict[str, Fill]
    """By fill id; voided ones stay, marked."""
    adjusted_micros: int = 0
    """What of the order's exact money its fills did not show, already journalled."""
    awaited_e6: int = 0
    """Sum of fills, void ones included, that its answer counted."""

    def live(self) -> list[Fill]:
        """Fills that count."""
        return [fill for fill in self.fills.values() if fill.status is not FillStatus.VOID]

    @property
    def size_e6(self) -> int:
        """Sum of the fills that count."""
        return sum(fill.size_e6 for fill in self.live())

    @property
    def void_e6(self) -> int:
        """Sum of the fills that never were."""
        return sum(fill.size_e6 for fill in self.fills.values()) - self.size_e6

    @property
    def is_final(self) -> bool:
        """No fill of it can fail any more."""
        return all(fill.status is not FillStatus.PROVISIONAL for fill in self.fills.values())


class Tracker:
    """Every order of this process and its fills; `record` journals, `emit` tells the engine."""

    def __init__(
        self,
        *,
        orders: dict[Venue, OrderPort],
        clock: Clock,
        record: Callable[[AnyRecord], None],
        emit: Callable[[Event], None],
    ) -> None:
        self._ports = orders
        self._clock = clock
        self._record = record
        self._emit = emit
        self._by_no: dict[tuple[int, int], Booked] = {}
        # Order key, and once known the venue's order id, to the order.
        self._by_key: dict[tuple[Venue, str], Booked] = {}
        # Executions that ended, oldest first.
        self._closed: dict[int, None] = {}
        # Fills that came before the order id that would claim them.
        self._unclaimed: dict[tuple[Venue, str], Fill] = {}

    # -- orders ----------------------------------------------------------------------------

    def register(
        self, ref: OrderRef, fills: tuple[Fill, ...] = (), adjusted_micros: int = 0
    ) -> None:
        """Know an order before it is sent (or again after a restart, with what is journalled)."""
        # A closed execution that sends again was opened again.
        self._closed.pop(ref.spec.execution_no, None)
        booked = Booked(ref, {fill.fill_id: fill for fill in fills}, adjusted_micros)
        self._by_no[ref.spec.execution_no, ref.spec.order_no] = booked
        self._by_key[ref.spec.venue, ref.order_key] = booked
        if ref.venue_order_id:
            self._by_key[ref.spec.venue, ref.venue_order_id] = booked

    def closed(self, execution_no: int) -> None:
        """An execution ended: its orders may be forgotten once many others ended after it."""
        self._closed[execution_no] = None
        if len(self._closed) <= CLOSED_KEPT:
            return
        oldest = next(iter(self._closed))
        del self._closed[oldest]
        mine = [number for number in self._by_no if number[0] == oldest]
        if not all(self._by_no[number].is_final for number in mine):
            # A fill of it may still fail: it has to wait once more for its turn.
            self._closed[oldest] = None
            return
        for number in mine:
            booked = self._by_no.pop(number)
            for key in (booked.ref.order_key, booked.ref.venue_order_id):
                self._by_key.pop((booked.ref.spec.venue, key), None)

    def learn_order_id(self, execution_no: int, order_no: int, venue_order_id: str) -> None:
        """The venue told its own id of an order: claim what came early."""
        booked = self._by_no[execution_no, order_no]
        if not venue_order_id or venue_order_id == booked.ref.venue_order_id:
            return
        booked.ref = msgspec.structs.replace(booked.ref, venue_order_id=venue_order_id)
        self._by_key[booked.ref.spec.venue, venue_order_id] = booked
        early = [fill for fill in self._unclaimed.values() if fill.venue_order_id == venue_order_id]
        for fill in early:
            del self._unclaimed[fill.venue, fill.fill_id]
            self._book(booked, fill)

    def ref(self, execution_no: int, order_no: int) -> OrderRef:
        """What the venue can be asked with."""
        return self._by_no[execution_no, order_no].ref

    def number_of(
        self, venue: Venue, order_key: str, venue_order_id: str
    ) -> tuple[int, int] | None:
        """(execution, order) of an order that is told by either of its ids; None if not ours."""
        for key in (order_key, venue_order_id):
            booked = self._by_key.get((venue, key)) if key else None
            if booked is not None:
                return booked.ref.spec.execution_no, booked.ref.spec.order_no
        return None

    def size_e6(self, execution_no: int, order_no: int) -> int:
        """What is booked of an order."""
        return self._by_no[execution_no, order_no].size_e6

    def void_e6_besides(self, execution_no: int, order_no: int, trade_ids: Collection[str]) -> int:
        """Sum of an order's void fills that belong to none of these trades."""
        fills = self._by_no[execution_no, order_no].fills.values()
        return sum(
            fill.size_e6
            for fill in fills
            if fill.status is FillStatus.VOID and fill.fill_id.partition(":")[0] not in trade_ids
        )

    @property
    def unclaimed(self) -> int:
        """Fills that belong to no order we know."""
        return len(self._unclaimed)

    # -- fills -----------------------------------------------------------------------------

    def on_fill(self, fill: Fill) -> None:
        """Take a fill from anywhere, any number of times."""
        booked = self._by_key.get((fill.venue, fill.order_key)) or self._by_key.get(
            (fill.venue, fill.venue_order_id)
        )
        if booked is not None:
            self._book(booked, fill)
            return
        key = (fill.venue, fill.fill_id)
        if key not in self._unclaimed and len(self._unclaimed) < UNCLAIMED_MAX:
            self._unclaimed[key] = fill
            log.info("fill_unclaimed", venue=fill.venue.value, fill_id=fill.fill_id)

    def _book(self, booked: Booked, fill: Fill) -> None:
        known = booked.fills.get(fill.fill_id)
        spec = booked.ref.spec
        fill = in_terms_of(spec, fill)
        number, order_no = spec.execution_no, spec.order_no
        wall_ns = self._clock.wall_ns()
        if known is None and fill.status is FillStatus.VOID:
            self._book_failed(booked, fill)
        elif known is None:
            # It opens an execution that had ended; its orders are needed until it ends again.
            self._closed.pop(number, None)
            booked.fills[fill.fill_id] = fill
            self._record(
                FillRecorded(
                    wall_ns=wall_ns,
                    execution_no=number,
                    order_no=order_no,
                    owner="arb",
                    fill=fill,
                )
            )
            self._emit(FillBooked(number, order_no, fill))
        elif known.status is fill.status or known.status is FillStatus.VOID:
            return
        elif fill.status is FillStatus.VOID:
            self._closed.pop(number, None)
            booked.fills[fill.fill_id] = msgspec.structs.replace(known, status=FillStatus.VOID)
            self._record(
                FillVoidRecorded(
                    wall_ns=wall_ns, execution_no=number, order_no=order_no, fill=known
                )
            )
            self._emit(FillVoided(number, order_no, known))
        elif fill.status is FillStatus.FINAL:
            booked.fills[fill.fill_id] = msgspec.structs.replace(known, status=FillStatus.FINAL)
            self._record(FillFinalRecorded(wall_ns=wall_ns, venue=fill.venue, fill_id=fill.fill_id))

    def _book_failed(self, booked: Booked, fill: Fill) -> None:
        """A fill that we first hear of as failed never was, unless the answer counted it.

        Then it is booked and taken back, so that whoever counts on it learns that it is gone.
        """
        if booked.size_e6 + booked.void_e6 + fill.size_e6 <= booked.awaited_e6:
            for status in (FillStatus.PROVISIONAL, FillStatus.VOID):
                self._book(booked, msgspec.structs.replace(fill, status=status))

    # -- money -----------------------------------------------------------------------------

    async def settle(
        self, execution_no: int, order_no: int, filled_e6: int, notional_micros: int
    ) -> None:
        """Wait until the fills of an order sum up to what it filled; read them if none come."""
        booked = self._by_no[execution_no, order_no]
        pause_ms = FIRST_READ_MS
        # A fill that fails on chain while we wait will not come again.
        seen_e6 = filled_e6 + booked.void_e6
        booked.awaited_e6 = max(booked.awaited_e6, seen_e6)
        waited_ms = 0
        while booked.size_e6 + booked.void_e6 < seen_e6 and waited_ms < FIRST_READ_MS:
            await self._clock.sleep(GLANCE_MS / 1_000)
            waited_ms += GLANCE_MS
        while booked.size_e6 + booked.void_e6 < seen_e6:
            await self._read(booked)
            if booked.size_e6 + booked.void_e6 >= seen_e6:
                break
            if pause_ms >= READ_MS_MAX:
                log.warning(
                    "fills_not_found",
                    execution_no=execution_no,
                    order_no=order_no,
                    booked_e6=booked.size_e6,
                    filled_e6=filled_e6,
                )
            await self._clock.sleep(pause_ms / 1_000)
            pause_ms = min(2 * pause_ms, READ_MS_MAX)
        if booked.size_e6 == filled_e6 and notional_micros >= 0:
            self._adjust_notional(booked, notional_micros)
        self._emit(
            MoneySettled(
                execution_no,
                order_no,
                booked.size_e6,
                self._notional(booked, filled_e6, notional_micros),
                sum(fill.fee_micros for fill in booked.live()),
            )
        )

    async def refresh(self, execution_no: int, order_no: int) -> None:
        """Read an order's fills now: after a reconnect, or to see a provisional fill through."""
        booked = self._by_no.get((execution_no, order_no))
        # It may have become final, and been forgotten, while its turn was waited for.
        if booked is not None:
            await self._read(booked)

    def provisional(self) -> list[tuple[int, int]]:
        """Orders with fills that are matched but not final yet."""
        return [number for number, booked in self._by_no.items() if not booked.is_final]

    async def _read(self, booked: Booked) -> None:
        try:
            fills = await self._ports[booked.ref.spec.venue].read_fills(booked.ref)
        except VenueError as error:
            log.warning("fills_not_read", venue=error.venue, reason=str(error))
            return
        for fill in fills:
            self._book(booked, fill)

    def _notional(self, booked: Booked, filled_e6: int, notional_micros: int) -> int:
        told = notional_micros >= 0 and booked.size_e6 == filled_e6
        if told and booked.ref.spec.venue is Venue.POLYMARKET:
            return notional_micros
        return sum(fill.notional_micros for fill in booked.live())

    def _adjust_notional(self, booked: Booked, notional_micros: int) -> None:
        """Polymarket tells an order's exact money, its trades only size and price.

        The difference is rounding, below one micro-dollar a fill; more would be a wrong reading
        and stays visible as a difference of balances.
        """
        spec, fills = booked.ref.spec, booked.live()
        if spec.venue is not Venue.POLYMARKET:
            return
        total = sum(fill.notional_micros for fill in fills) + booked.adjusted_micros
        missing = notional_micros - total
        if missing == 0:
            return
        if abs(missing) > len(fills):
            log.error("notional_contradicted", execution_no=spec.execution_no, micros=missing)
            return
        booked.adjusted_micros += missing
        cash = -missing if spec.side is Side.BUY else missing
        self._record(
            FeeAdjusted(
                wall_ns=self._clock.wall_ns(),
                venue=spec.venue,
                shard=spec.market.shard,
                micros=cash,
                fills=0,
                execution_no=spec.execution_no,
                order_no=spec.order_no,
            )
        )


def in_terms_of(spec: OrderSpec, fill: Fill) -> Fill:
    """A fill in the words of its order.

    Kalshi's stream tells which outcome was acquired: a sale of YES at p comes as a purchase of NO
    at 1−p. Both mean the same; the order's money is kept in the order's terms.
    """
    if fill.outcome is spec.outcome:
        return fill
    return msgspec.structs.replace(
        fill,
        outcome=spec.outcome,
        side=spec.side,
        price_e4=10_000 - fill.price_e4,
        notional_micros=fill.size_e6 - fill.notional_micros,
    )
