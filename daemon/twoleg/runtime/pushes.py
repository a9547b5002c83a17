"""What the venues push beside books and fills, and what is read because of it.

A push is a hint: it makes us look sooner, or compare. What it says is never booked, and that it did
not come means nothing.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import structlog

from twoleg.core.actions import LookUp
from twoleg.core.market import Market, MarketId, Venue
from twoleg.core.orders import OrderRef
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.executor import Executor
from twoleg.runtime.timers import Timers
from twoleg.runtime.tracker import Tracker
from twoleg.seams import Clock

HASTE_NS_MIN: Final = 1_000_000_000
"""Between two look-ups of one order that pushes brought forward: look-ups cause pushes too."""
HASTE_KEPT_MAX: Final = 1_024
POSITION_LOOKS: Final = 2
POSITION_PAUSE_S: Final = 1.0
"""A fill may still be on its way: only a difference that stands so long is compared."""

log = structlog.get_logger(__name__)


class Pushes:
    """Takes hints. `is_quiet` tells whether nothing of ours is open; `spawn` starts a task."""

    def __init__(
        self,
        *,
        tracker: Tracker,
        executor: Executor,
        accounts: Accounts,
        timers: Timers,
        markets: Mapping[MarketId, Market],
        clock: Clock,
        is_quiet: Callable[[], bool],
        spawn: Callable[[str, Coroutine[Any, Any, None]], None],
    ) -> None:
        self._tracker = tracker
        self._executor = executor
        self._accounts = accounts
        self._timers = timers
        self._markets = markets
        self._clock = clock
        self._is_quiet = is_quiet
        self._spawn = spawn
        # When a look-up of each order was brought forward last.
        self._hastened_ns: dict[tuple[int, int], int] = {}
        # Holdings that are being compared.
        self._compared: set[MarketId] = set()

    def on_order(self, venue: Venue, order_key: str, venue_order_id: str) -> None:
        """An order changed: if its outcome is waited for, it is looked up now, not later."""
        number = self._tracker.number_of(venue, order_key, venue_order_id)
        if number is None:
            return
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._hastened_ns.get(number, -HASTE_NS_MIN) < HASTE_NS_MIN:
            return
        # Pending only between two look-ups of an order that is still unresolved.
        if self._timers.hasten(f"lookup:{number[0]}/{number[1]}"):
            if len(self._hastened_ns) >= HASTE_KEPT_MAX:
                self._hastened_ns.clear()
            self._hastened_ns[number] = now_ns

    def on_position(self, market_id: MarketId, position_e6: int) -> None:
        """A holding changed: one that contradicts our record while nothing is open is read."""
        if market_id not in self._markets or market_id in self._compared or not self._is_quiet():
            return
        if self._accounts.ledger.kalshi_yes_e6(market_id) != position_e6:
            self._compared.add(market_id)
            work = self._compare(self._markets[market_id])
            self._spawn(f"position-{market_id}", work)

    def on_up(self, venue: Venue) -> None:
        """A private stream was away: fills, and the ends of orders, may have been missed."""
        self._spawn(f"sweep-{venue.value}", self._tracker.sweep(venue))
        for number, order_no in self._tracker.orders_on(venue):
            self._timers.hasten(f"lookup:{number}/{order_no}")

    async def on_gap(self, refs: tuple[OrderRef, ...]) -> None:
        """A silence of ours may have let the venue cancel these: each is looked up."""
        for ref in refs:
            number = self._tracker.number_of(ref.spec.venue, ref.order_key, ref.venue_order_id)
            log.warning(
                "order_in_doubt", venue=ref.spec.venue.value, order_key=ref.order_key, why="gap"
            )
            if number is not None:
                self._executor.look_up(LookUp(*number))

    async def _compare(self, market: Market) -> None:
        difference_e6 = 0
        try:
            for _ in range(POSITION_LOOKS):
                await self._clock.sleep(POSITION_PAUSE_S)
                if not self._is_quiet():
                    return
                difference_e6 = await self._accounts.position_difference_e6(market)
                if not self._is_quiet() or not difference_e6:
                    return
            self._accounts.alarm_position(market, difference_e6)
        finally:
            self._compared.discard(market.id)
