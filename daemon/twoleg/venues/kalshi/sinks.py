"""Where a Kalshi feed puts what it reads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from twoleg.core.market import MarketId
from twoleg.venues.kalshi.pushes import (
    EventFeesSeen,
    EventSeen,
    FillSeen,
    LifecycleSeen,
    OrderSeen,
    PositionSeen,
    TickerSeen,
    TradeSeen,
)
from twoleg.venues.ports import EventSink, FillSink

T = TypeVar("T")
LIFECYCLE: Final = "market_lifecycle_v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSinks:
    """Who wants what Kalshi pushes beside books and fills; a channel without one is not asked for.

    None of these may block or raise. Private ones have no sequence numbers: hints, to be checked
    by reads. `on_lifecycle` gets every market of the exchange, followed or not.
    """

    on_order: Callable[[OrderSeen], None] | None = None
    on_position: Callable[[PositionSeen], None] | None = None
    on_trade: Callable[[TradeSeen], None] | None = None
    on_ticker: Callable[[TickerSeen], None] | None = None
    on_fill_seen: Callable[[FillSeen], None] | None = None
    on_lifecycle: Callable[[LifecycleSeen | EventSeen | EventFeesSeen], None] | None = None

    def channels(self) -> tuple[str, ...]:
        """The channels to subscribe beside the books; fills and market lives always."""
        wanted = (
            ("user_orders", self.on_order),
            ("market_positions", self.on_position),
            ("trade", self.on_trade),
            ("ticker", self.on_ticker),
        )
        optional = tuple(channel for channel, sink in wanted if sink is not None)
        return ("fill", LIFECYCLE, *optional)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSinks:
    """Where a feed's events go; none of these may block or raise."""

    on_event: EventSink
    on_fill: FillSink
    on_up: Callable[[], None]
    on_terms: Callable[[MarketId, str], None]
    pushes: PushSinks = PushSinks()


def give(sink: Callable[[T], None] | None, value: T) -> None:
    """Pass a value on if somebody wants it."""
    if sink is not None:
        sink(value)
