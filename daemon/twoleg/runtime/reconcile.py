"""Compares both accounts with our record, on a timer and market by market.

A market on which nothing of ours is in flight is compared whatever happens on the others. What
differs is read once more before anybody believes it; what is believed is `Differences`' to tell.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import structlog

from twoleg.core.market import Market, MarketId, Venue
from twoleg.errors import VenueError
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.differences import Differences
from twoleg.runtime.tracker import Tracker
from twoleg.seams import Clock
from twoleg.venues.ports import AccountNewsPort, OpenOrder

LOOK_AGAIN_S: Final = 3.0
"""Kalshi's reads lag behind its matching by up to two seconds (its API docs, 2026; measured)."""

log = structlog.get_logger(__name__)


class Reconcile:
    """Looks every `seconds()`; `is_busy` tells whether something of ours is open on a market."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        differences: Differences,
        tracker: Tracker,
        markets: Mapping[MarketId, Market],
        is_busy: Callable[[MarketId], bool],
        clock: Clock,
        seconds: Callable[[], int],
        spawn: Callable[[str, Coroutine[Any, Any, None]], None],
    ) -> None:
        self._ports = accounts.ports
        self._accounts = accounts
        self._differences = differences
        self._tracker = tracker
        self._markets = markets
        self._is_busy = is_busy
        self._clock = clock
        self._seconds = seconds
        self._spawn = spawn
        self._is_looking = False

    async def run(self) -> None:
        """Look on the timer until cancelled."""
        while True:
            await self._clock.sleep(self._seconds())
            # In a task of its own: a venue that is slow to answer does not stretch the timer.
            self.hurry()

    def hurry(self) -> None:
        """Look now: something tells that an account moved without us."""
        if not self._is_looking:
            self._spawn("reconcile", self.look())

    async def look(self) -> None:
        """Compare everything once, and what differs twice."""
        if self._is_looking:
            return
        self._is_looking = True
        try:
            for venue in self._ports:
                await self._accounts.book_flows(venue)
                await self._look_at_orders(venue)
                await self._look_at_holdings(venue)
                if await self._accounts.compare(venue):
                    await self._clock.sleep(LOOK_AGAIN_S)
                    await self._accounts.compare(venue)
        finally:
            self._is_looking = False

    async def _look_at_orders(self, venue: Venue) -> None:
        port = self._ports[venue]
        if not isinstance(port, AccountNewsPort):
            return
        try:
            orders = await port.read_open_orders()
        except VenueError as error:
            log.warning("open_orders_not_read", venue=venue.value, reason=str(error))
            return
        strange: dict[MarketId, list[OpenOrder]] = {}
        for order in orders:
            is_ours = self._tracker.number_of(venue, order.order_key, order.venue_order_id)
            if order.market_id in self._markets and is_ours is None:
                strange.setdefault(order.market_id, []).append(order)
        self._differences.open_orders(venue, strange)

    async def _look_at_holdings(self, venue: Venue) -> None:
        known = {market.id: self._known(market) for market in self._quiet(venue)}
        first = await self._accounts.holding_differences(self._markets[key] for key in known)
        doubted: dict[MarketId, tuple[int, int]] = {}
        for market_id in self._still(known):
            difference = first.get(market_id)
            if difference == (0, 0):
                self._differences.holding(venue, market_id, (0, 0))
            elif difference is not None:
                doubted[market_id] = difference
        if not doubted:
            return
        await self._clock.sleep(LOOK_AGAIN_S)
        second = await self._accounts.holding_differences(self._markets[key] for key in doubted)
        for market_id in self._still({key: known[key] for key in doubted}):
            if second.get(market_id) == doubted[market_id]:
                self._differences.holding(venue, market_id, doubted[market_id])

    def _quiet(self, venue: Venue) -> list[Market]:
        """Markets on which nothing of ours is open, and no fill may still fail."""
        numbers = self._tracker.provisional()
        unsure = {self._tracker.ref(*number).spec.market.id for number in numbers}
        return [
            market
            for market in self._markets.values()
            if market.venue is venue and market.id not in unsure and not self._is_busy(market.id)
        ]

    def _known(self, market: Market) -> tuple[int, int]:
        return self._accounts.ledger.expected_e6(market.venue, market.id)

    def _still(self, known: Mapping[MarketId, tuple[int, int]]) -> list[MarketId]:
        """Markets on which nothing has moved since they were looked at."""
        return [
            market_id
            for market_id, sizes_e6 in known.items()
            if not self._is_busy(market_id) and self._known(self._markets[market_id]) == sizes_e6
        ]
