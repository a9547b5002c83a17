"""Compares both accounts with our record, on a timer and market by market.

A market on which nothing of ours is in flight is compared whatever happens on the others. What
differs is read once more before anybody believes it; what is believed is `Differences`' to tell.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog

from twoleg.core.market import Market, MarketId, Side, Venue
from twoleg.errors import VenueError
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.tracker import Tracker
from twoleg.seams import Clock
from twoleg.venues.ports import AccountNewsPort, OpenOrder

log = structlog.get_logger(__name__)


def unsure_sides(tracker: Tracker, venue: Venue) -> frozenset[Side]:
    """Sides on which orders of a venue have fills that may still fail."""
    specs = (tracker.ref(*number).spec for number in tracker.provisional())
    return frozenset(spec.side for spec in specs if spec.venue is venue)


class Reconcile:
    """Looks every `seconds()`; `is_busy` tells whether something of ours is open on a market."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        tracker: Tracker,
        markets: Mapping[MarketId, Market],
        is_busy: Callable[[MarketId], bool],
        clock: Clock,
        seconds: Callable[[], int],
        spawn: Callable[[str, Coroutine[Any, Any, None]], None],
    ) -> None:
        self._ports = accounts.ports
        self._accounts = accounts
        self._tracker = tracker
        self._markets = markets
        self._is_busy = is_busy
        self._clock = clock
        self._seconds = seconds
        self._spawn = spawn
        self._looking = asyncio.Lock()
        # Something moved while we looked, maybe after it was read.
        self._is_hurried = False

    async def run(self) -> None:
        """Look on the timer until cancelled."""
        while True:
            await self._clock.sleep(self._seconds())
            # In a task of its own: a venue that is slow to answer does not stretch the timer.
            if not self._looking.locked():
                self.hurry()

    def hurry(self) -> None:
        """Look now, or as soon as this look is over: something tells that an account moved."""
        if self._looking.locked():
            self._is_hurried = True
        else:
            self._spawn("reconcile", self.look())

    async def look(self) -> None:
        """Compare everything once, and what differs twice; after a look that is under way."""
        async with self._looking:
            self._is_hurried = False
            for venue in self._ports:
                await self._accounts.book_flows(venue)
                await self._look_at_orders(venue)
                await self._look_at_holdings(venue)
                if await self._accounts.compare(venue):
                    await self._accounts.pause()
                    await self._accounts.compare(venue)
        if self._is_hurried:
            self.hurry()

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
            if is_ours is None:
                strange.setdefault(order.market_id, []).append(order)
        self._accounts.differences.open_orders(venue, strange)

    async def _look_at_holdings(self, venue: Venue) -> None:
        forgotten = self._accounts.forgotten
        known = {market.id: self._known(market) for market in self._quiet(venue)}
        markets = [self._markets[key] for key in known]
        first = await self._accounts.holding_differences(venue, markets, self._markets)
        if first is None:
            return
        doubted: dict[MarketId, tuple[int, int]] = {}
        for market_id in self._still(known):
            if first[market_id] == (0, 0):
                self._accounts.believe_holding(self._markets[market_id], (0, 0))
            else:
                doubted[market_id] = first[market_id]
        if doubted:
            await self._accounts.pause()
            markets = [self._markets[key] for key in doubted if key in self._markets]
            second = await self._accounts.holding_differences(venue, markets, self._markets)
            if second is None:
                return
            for market_id in self._still({key: known[key] for key in doubted}):
                if second.get(market_id) == doubted[market_id]:
                    self._accounts.believe_holding(self._markets[market_id], second[market_id])
        if forgotten == self._accounts.forgotten:
            self._accounts.mark_holdings(venue)

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
        """Markets on which nothing has moved since they were looked at; some may have left."""
        return [
            market_id
            for market_id, sizes_e6 in known.items()
            if market_id in self._markets
            if not self._is_busy(market_id) and self._known(self._markets[market_id]) == sizes_e6
        ]
