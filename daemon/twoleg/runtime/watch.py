"""What is looked at every few seconds beside the streams: venues, provisional fills, journal."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import structlog

from twoleg.core.events import Event, VenueStateChanged
from twoleg.core.market import Market, MarketId, Venue
from twoleg.errors import StorageError, VenueError
from twoleg.runtime.kit import Kit
from twoleg.runtime.stats import Stats
from twoleg.runtime.tracker import Tracker
from twoleg.seams import Clock
from twoleg.storage.journal import Journal

EVERY_S: Final = 5.0
AGAIN_S: Final = 1.0
"""Between two looks at provisional fills while a venue cannot be read."""

log = structlog.get_logger(__name__)


class Watch:
    """Runs beside the feeds; `guard` runs a look so that its failure ends nothing else."""

    def __init__(
        self,
        *,
        kits: Sequence[Kit],
        tracker: Tracker,
        journal: Journal,
        clock: Clock,
        markets: Mapping[MarketId, Market],
        stats: Stats,
        emit: Callable[[Event], None],
        guard: Callable[[str, Coroutine[Any, Any, None]], Awaitable[None]],
    ) -> None:
        self._kits = kits
        self._tracker = tracker
        self._journal = journal
        self._clock = clock
        self._markets = markets
        self._stats = stats
        self._emit = emit
        self._guard = guard
        # Why a venue takes no orders, as it last told; empty while it does.
        self._closed: dict[Venue, str] = {}
        # Venues that are being asked right now.
        self._asked: set[Venue] = set()

    async def run(self) -> None:
        """Look around until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            await self._guard("journal", self._make_room())
            for kit in self._kits:
                self._stats.note_lag(kit.venue, kit.read_lag_ms())
                await self._guard(f"check-{kit.venue.value}", self.check_venue(kit))

    async def see_fills_through(self) -> None:
        """Read provisional fills until cancelled: the stream may not tell what became of them.

        A venue that cannot be read is asked again soon: a fill that failed meanwhile has left the
        other leg alone.
        """
        while True:
            failed: set[Venue] = set()
            for number in self._tracker.provisional():
                name = f"refresh-{number[0]}-{number[1]}"
                await self._guard(name, self._refresh(number, failed))
            await self._clock.sleep(AGAIN_S if failed else EVERY_S)

    async def _refresh(self, number: tuple[int, int], failed: set[Venue]) -> None:
        venue = self._tracker.ref(*number).spec.venue
        # One answer that does not come in a round is waited for, not one for each order.
        if venue not in failed and not await self._tracker.refresh(*number):
            failed.add(venue)

    async def _make_room(self) -> None:
        """Ask again for room in a journal that had none; a disk that fails is only reported."""
        if self._journal.is_writable:
            return
        try:
            self._journal.make_room()
        except StorageError as error:
            log.error("journal_not_writable", reason=str(error))

    async def check_venue(self, kit: Kit) -> None:
        """Ask a venue whether it takes orders; one that does not is waited for, not retried."""
        if kit.venue in self._asked:
            return
        mine = [market for market in self._markets.values() if market.venue is kit.venue]
        self._asked.add(kit.venue)
        try:
            reason = await kit.check(frozenset(market.shard for market in mine))
        except VenueError as error:
            log.warning("venue_not_checked", venue=kit.venue.value, reason=str(error))
            return
        finally:
            self._asked.discard(kit.venue)
        if reason != self._closed.get(kit.venue, ""):
            self._closed[kit.venue] = reason
            is_assumed = not reason and kit.is_assumed_open()
            self._emit(VenueStateChanged(kit.venue, not reason, reason, is_assumed))
