"""Books the fills of one venue: each once, to the order it belongs to.

Fills come from order answers, the private stream, look-ups and reads, in any order and any number
of times; all meet here. One that nobody claims is kept: its order's id may still be on its way.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import structlog

from twoleg.core.events import Fill, FillBooked, FillConfirmed, FillStatus, FillVoided
from twoleg.core.market import Venue
from twoleg.core.orders import OrderRef
from twoleg.errors import VenueError
from twoleg.runtime.tracking.booked import Booked, in_terms_of
from twoleg.runtime.tracking.outlets import Outlets
from twoleg.runtime.tracking.rounding import take_back
from twoleg.runtime.tracking.unclaimed import Unclaimed
from twoleg.storage.records import FillFinalRecorded, FillRecorded, FillVoidRecorded
from twoleg.venues.ports import OrderPort

RECALLED_MAX: Final = 16_384
"""Fills whose orders are forgotten: reads of the whole account may show them again."""
NS_PER_MS: Final = 1_000_000

log = structlog.get_logger(__name__)


class VenueTracker:
    """The orders of one venue and their fills.

    `opened` is told of each execution whose ended account a fill opens again.
    """

    def __init__(
        self, venue: Venue, port: OrderPort, outlets: Outlets, opened: Callable[[int], None]
    ) -> None:
        self.venue = venue
        self.port = port
        self.outlets = outlets
        self._opened = opened
        self._by_no: dict[tuple[int, int], Booked] = {}
        # By every id that the venue may name an order with.
        self._by_key: dict[str, Booked] = {}
        # The order that each fill is booked to.
        self._owners: dict[str, Booked] = {}
        self.unclaimed = Unclaimed()
        # Fills of earlier runs and of forgotten orders, oldest first.
        self._recalled: dict[str, FillStatus] = {}
        # Fills whose contradiction was told.
        self._contradicted: dict[str, None] = {}

    # -- orders ----------------------------------------------------------------------------

    def register(self, ref: OrderRef, fills: tuple[Fill, ...], adjusted_micros: int) -> None:
        """Know an order by its key, with what is journalled of it; claim what came early."""
        number = ref.spec.execution_no, ref.spec.order_no
        booked = self._by_no.get(number)
        if booked is None:
            booked = self._by_no[number] = Booked(ref, {}, adjusted_micros=adjusted_micros)
        # Else it goes out again under another key, or is told again: what is booked stays.
        booked.ref = ref
        for fill in fills:
            booked.fills.setdefault(fill.fill_id, fill)
            self._owners[fill.fill_id] = booked
        self._claim(booked, {ref.order_key, ref.venue_order_id} - {""})

    def learn_order_id(self, number: tuple[int, int], venue_order_id: str) -> None:
        """The venue told its own id of an order: claim what came early."""
        booked = self._by_no[number]
        if venue_order_id and venue_order_id != booked.ref.venue_order_id:
            booked.ref = msgspec.structs.replace(booked.ref, venue_order_id=venue_order_id)
            self._claim(booked, {venue_order_id})

    def forget(self, execution_no: int) -> None:
        """Drop the orders of an execution; their fills are remembered as no news."""
        for number in [number for number in self._by_no if number[0] == execution_no]:
            booked = self._by_no.pop(number)
            for key in booked.keys:
                self._by_key.pop(key, None)
            for fill in booked.fills.values():
                self._owners.pop(fill.fill_id, None)
            self.recall(booked.fills.values())

    def recall(self, fills: Iterable[Fill]) -> None:
        """Know fills that were booked and whose orders are not followed any more."""
        for fill in fills:
            self._recalled[fill.fill_id] = fill.status
        while len(self._recalled) > RECALLED_MAX:
            del self._recalled[next(iter(self._recalled))]

    def get(self, number: tuple[int, int]) -> Booked | None:
        """What is booked for an order, None if it is not known here."""
        return self._by_no.get(number)

    def find(self, *keys: str) -> Booked | None:
        """The order that goes by one of these ids."""
        return next((self._by_key[key] for key in keys if key and key in self._by_key), None)

    def all(self) -> list[Booked]:
        """Every order that is known here."""
        return list(self._by_no.values())

    def is_final(self, execution_no: int) -> bool:
        """No fill of an execution is still to be confirmed here."""
        mine = (booked for number, booked in self._by_no.items() if number[0] == execution_no)
        return all(booked.is_final for booked in mine)

    def _claim(self, booked: Booked, keys: set[str]) -> None:
        booked.keys |= keys
        for key in keys:
            self._by_key[key] = booked
        for fill in self.unclaimed.claim(keys):
            self.book(booked, fill)

    # -- fills -----------------------------------------------------------------------------

    def on_fill(self, fill: Fill) -> None:
        """Take a fill from anywhere, any number of times."""
        booked = self.find(fill.order_key, fill.venue_order_id)
        if booked is None and not self._is_old(fill) and self.outlets.claim(fill):
            booked = self.find(fill.order_key, fill.venue_order_id)
        if booked is not None:
            self.book(booked, fill)
        elif not self._is_old(fill) and self.unclaimed.add(fill, self.outlets.clock.monotonic_ns()):
            log.info("fill_unclaimed", venue=fill.venue.value, fill_id=fill.fill_id)

    def claim_again(self) -> None:
        """Ask once more whose the unclaimed fills are; an order that gets known takes its own."""
        for fill in self.unclaimed.all():
            self.outlets.claim(fill)

    def tell_unclaimed(self) -> None:
        """Alarm fills that nobody claimed in time, and hand them over; each once."""
        grace_ns = self.outlets.poll_ms_max() * NS_PER_MS
        for fill in self.unclaimed.due(self.outlets.clock.monotonic_ns() - grace_ns):
            self.outlets.alarm(
                "fill_of_no_order",
                venue=self.venue.value,
                market_id=fill.market_id,
                fill_id=fill.fill_id,
                venue_order_id=fill.venue_order_id,
                outcome=fill.outcome.value,
                size_e6=fill.size_e6,
            )
            self.outlets.on_unclaimed(fill)

    async def read(self, booked: Booked) -> bool:
        """Book all fills of an order that the venue shows now; False if it could not be asked."""
        booked.read_ns = self.outlets.clock.monotonic_ns()
        try:
            fills = await self.port.read_fills(booked.ref)
        except VenueError as error:
            log.warning("fills_not_read", venue=error.venue, reason=str(error))
            return False
        except Exception as error:  # noqa: BLE001 - a port's bug must not end the wait for money
            log.error("order_port_raised", venue=self.venue.value, reason=repr(error))
            return False
        for fill in fills:
            self.book(booked, fill)
        return True

    def book(self, booked: Booked, fill: Fill) -> None:
        """Take a fill of an order: new, confirmed, failed, or known already."""
        owner = self._owners.get(fill.fill_id, booked)
        if owner is not booked:
            self._contradict("fill_claimed_twice", booked, fill)
            return
        known = booked.fills.get(fill.fill_id)
        fill = in_terms_of(booked.ref.spec, fill)
        if known is None:
            if fill.status is FillStatus.VOID or fill.fill_id in booked.failed:
                self._book_failed(booked, fill)
            else:
                self._book_new(booked, fill)
            return
        if known.size_e6 != fill.size_e6:
            # The first report stands: it is journalled, and counted with.
            self._contradict("fill_changed_size", booked, fill)
        match known.status, fill.status:
            case ((FillStatus.PROVISIONAL | FillStatus.FINAL), FillStatus.VOID):
                self._void(booked, known)
            case FillStatus.PROVISIONAL, FillStatus.FINAL:
                self._confirm(booked, known)
            case FillStatus.VOID, FillStatus.FINAL:
                # Both are last words; what was taken back is not counted again on the second.
                self._contradict("fill_confirmed_after_it_failed", booked, fill)
            case _:
                pass

    def _book_new(self, booked: Booked, fill: Fill) -> None:
        number, order_no = booked.number
        # It opens an execution that had ended; its orders are needed until it ends again.
        self._opened(number)
        booked.fills[fill.fill_id] = fill
        self._owners[fill.fill_id] = booked
        self.outlets.record(
            FillRecorded(
                wall_ns=self.outlets.clock.wall_ns(),
                execution_no=number,
                order_no=order_no,
                owner="arb",
                fill=fill,
            )
        )
        self.outlets.emit(FillBooked(number, order_no, fill))

    def _book_failed(self, booked: Booked, fill: Fill) -> None:
        """A fill that we first hear of as failed never was, unless the answer counted it.

        Then it is booked and taken back, so that whoever counts on it learns that it is gone.
        """
        booked.failed.add(fill.fill_id)
        if booked.seen_e6 + fill.size_e6 <= booked.awaited_e6:
            self._book_new(booked, msgspec.structs.replace(fill, status=FillStatus.PROVISIONAL))
            self._void(booked, booked.fills[fill.fill_id])

    def _void(self, booked: Booked, known: Fill) -> None:
        number, order_no = booked.number
        self._opened(number)
        if known.status is FillStatus.FINAL:
            self._contradict("fill_failed_after_it_was_confirmed", booked, known)
        booked.fills[known.fill_id] = msgspec.structs.replace(known, status=FillStatus.VOID)
        self.outlets.record(
            FillVoidRecorded(
                wall_ns=self.outlets.clock.wall_ns(),
                execution_no=number,
                order_no=order_no,
                fill=known,
            )
        )
        take_back(self.outlets, booked)
        self.outlets.emit(FillVoided(number, order_no, known))

    def _confirm(self, booked: Booked, known: Fill) -> None:
        """No money moves: what it is worth was counted when it was matched."""
        booked.fills[known.fill_id] = msgspec.structs.replace(known, status=FillStatus.FINAL)
        self.outlets.record(
            FillFinalRecorded(
                wall_ns=self.outlets.clock.wall_ns(), venue=self.venue, fill_id=known.fill_id
            )
        )
        self.outlets.emit(FillConfirmed(*booked.number, known.fill_id, known.size_e6))

    def _contradict(self, event: str, booked: Booked, fill: Fill) -> None:
        """The venue said two things of one fill: alarm it, once."""
        if fill.fill_id in self._contradicted:
            return
        self._contradicted[fill.fill_id] = None
        if len(self._contradicted) > RECALLED_MAX:
            del self._contradicted[next(iter(self._contradicted))]
        self.outlets.alarm(
            event,
            booked.number[0],
            venue=self.venue.value,
            order_no=booked.number[1],
            fill_id=fill.fill_id,
            size_e6=fill.size_e6,
        )

    def _is_old(self, fill: Fill) -> bool:
        """Whether a fill was booked long ago; that it failed after all is news."""
        status = self._recalled.get(fill.fill_id)
        return status is not None and (
            fill.status is not FillStatus.VOID or status is FillStatus.VOID
        )
