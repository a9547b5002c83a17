"""Finds by REST what a private stream lost: after each reconnect, and on a timer.

The account's latest fills are read as one list, which shows those of orders we do not know too;
then the orders that may still change are read one by one. Those of executions that have ended are
in the list, which reaches back further than any read lags; they are read where there was none.
"""

from collections.abc import Callable, Iterable
from typing import Final

import structlog

from twoleg.core.market import Market, MarketId
from twoleg.errors import VenueError
from twoleg.runtime.tracking.booked import Booked
from twoleg.runtime.tracking.venue import NS_PER_MS, VenueTracker
from twoleg.venues.ports import AccountFillsPort

OVERLAP_MS: Final = 120_000
"""How far back before the last list the next one begins: read sides lag, clocks differ."""
LOOK_BACK_MS_MAX: Final = 24 * 3_600 * 1_000
"""Longest that one list may reach back, after a long pause of ours or of the venue."""
RECENT_NS: Final = 600 * 1_000_000_000
"""How long the orders of an ended execution are still read."""
OPEN_MAX: Final = 32
RECENT_MAX: Final = 8
"""Orders read by one sweep; those that were not read for longest come first."""
PAUSE_MS: Final = 100
"""Between two reads of a sweep: at ten a second, half of the slowest tier's tokens are left."""
NAMES_MAX: Final = 16
"""Orders of unclaimed fills whose own id is asked for by one sweep."""

log = structlog.get_logger(__name__)


class Sweep:
    """Sweeps one venue; one at a time. `ended_ns` tells when an execution ended, None if open."""

    def __init__(
        self,
        tracker: VenueTracker,
        *,
        markets: Callable[[], Iterable[Market]],
        ended_ns: Callable[[int], int | None],
    ) -> None:
        self._tracker = tracker
        self._markets = markets
        self._ended_ns = ended_ns
        self._clock = tracker.outlets.clock
        # Our wall clock before which every fill was seen in a list.
        self._since_ms = self._clock.wall_ns() // NS_PER_MS
        # What happened before this is none of ours.
        self._floor_ms = self._since_ms
        self._is_running = False
        # Asked for again while it ran: what it has read may be from before.
        self._is_wanted = False

    def look_back(self, wall_ms: int) -> None:
        """An earlier process of ours wrote last then: nobody listened since."""
        self._since_ms = min(self._since_ms, wall_ms)
        self._floor_ms = self._since_ms - OVERLAP_MS

    async def run(self) -> None:
        """Read all that may be news; asked for while it runs, it runs once more."""
        self._is_wanted = True
        if self._is_running:
            return
        self._is_running = True
        try:
            while self._is_wanted:
                self._is_wanted = False
                was_read = await self._read_account()
                await self._read_orders(lately_ended=not was_read)
        finally:
            self._is_running = False

    async def _read_account(self) -> bool:
        """Read the account's latest fills; whether all of them came."""
        port = self._tracker.port
        if not isinstance(port, AccountFillsPort):
            # On paper there is no account beside our orders.
            return False
        begun_ms = self._clock.wall_ns() // NS_PER_MS
        reach_ms = max(self._floor_ms, begun_ms - LOOK_BACK_MS_MAX)
        since_ms = max(self._since_ms - OVERLAP_MS, reach_ms)
        try:
            fills = await port.read_fills_since(since_ms, self._known_markets())
        except VenueError as error:
            log.warning("account_fills_not_read", venue=error.venue, reason=str(error))
            return False
        for fill in fills:
            self._tracker.on_fill(fill)
        self._since_ms = begun_ms
        await self._name_orders(port)
        return True

    async def _name_orders(self, port: AccountFillsPort) -> None:
        """Ask which orders of ours the unclaimed fills may belong to."""
        for venue_order_id in self._tracker.unclaimed.nameless()[:NAMES_MAX]:
            try:
                order_key = await port.name_order(venue_order_id)
            except VenueError as error:
                log.warning("order_not_named", venue=error.venue, reason=str(error))
                continue
            booked = self._tracker.find(order_key)
            if booked is not None:
                self._tracker.learn_order_id(booked.number, venue_order_id)
            elif order_key:
                self._tracker.unclaimed.name(venue_order_id)
            await self._clock.sleep(PAUSE_MS / 1_000)

    async def _read_orders(self, *, lately_ended: bool) -> None:
        for booked in self._chosen(lately_ended=lately_ended):
            if not await self._tracker.read(booked):
                # It could not be asked: those behind it are asked first next time.
                return
            await self._clock.sleep(PAUSE_MS / 1_000)

    def _chosen(self, *, lately_ended: bool) -> list[Booked]:
        """Orders that may still change, then those that lately could, unless a list showed them."""
        now_ns = self._clock.monotonic_ns()
        unsure: list[Booked] = []
        recent: list[Booked] = []
        for booked in sorted(self._tracker.all(), key=lambda booked: booked.read_ns):
            ended_ns = self._ended_ns(booked.number[0])
            if ended_ns is None or not booked.is_final:
                unsure.append(booked)
            elif now_ns - ended_ns <= RECENT_NS:
                recent.append(booked)
        return [*unsure[:OPEN_MAX], *(recent[:RECENT_MAX] if lately_ended else ())]

    def _known_markets(self) -> dict[MarketId, Market]:
        mine = (booked.ref.spec.market for booked in self._tracker.all())
        return {
            market.id: market
            for market in (*mine, *self._markets())
            if market.venue is self._tracker.venue
        }
