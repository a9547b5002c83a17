"""What the venues push beside books and fills, and what is read because of it.

A push is a hint: it makes us look sooner, or compare. What it says is never booked, and that it did
not come means nothing.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from twoleg.core.actions import LookUp
from twoleg.core.market import MarketId, Venue
from twoleg.core.orders import OrderRef
from twoleg.runtime.executor import Executor
from twoleg.runtime.ledger import Ledger
from twoleg.runtime.timers import Timers
from twoleg.runtime.tracker import Tracker
from twoleg.seams import Clock

HASTE_NS_MIN: Final = 1_000_000_000
"""Between two look-ups of one order that pushes brought forward: look-ups cause pushes too."""
HASTE_KEPT_MAX: Final = 1_024

log = structlog.get_logger(__name__)


class Pushes:
    """Takes hints.

    `is_busy` tells whether something of ours is open on a market; `spawn` starts a task.
    """

    def __init__(
        self,
        *,
        tracker: Tracker,
        executor: Executor,
        ledger: Ledger,
        timers: Timers,
        clock: Clock,
        is_busy: Callable[[MarketId], bool],
        hurry: Callable[[], None],
        spawn: Callable[[str, Coroutine[Any, Any, None]], None],
    ) -> None:
        self._tracker = tracker
        self._executor = executor
        self._ledger = ledger
        self._timers = timers
        self._clock = clock
        self._is_busy = is_busy
        self._hurry = hurry
        self._spawn = spawn
        # When a look-up of each order was brought forward last.
        self._hastened_ns: dict[tuple[int, int], int] = {}

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
        """A holding changed: one that contradicts our record while nothing is open is compared."""
        if not self._ledger.is_opened(market_id) or self._is_busy(market_id):
            return
        if self._ledger.kalshi_yes_e6(market_id) != position_e6:
            self._hurry()

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
