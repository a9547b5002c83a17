"""The contract that every venue client fulfils.

Ports never let a third-party exception through: a failed read raises `VenueUnavailable` or
`VenueRejected`; an order never raises, it answers.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Protocol, runtime_checkable

import msgspec

from twoleg.core.events import CashReported, Event, Fill, LegAnswer
from twoleg.core.flows import CashFlow
from twoleg.core.market import Market, MarketId, Venue
from twoleg.core.orders import OrderRef, OrderSpec


class PreparedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that can be sent: both identifiers are known before a byte leaves.

    `order_key` is the Kalshi client_order_id or the Polymarket order hash (0x…, lower case);
    `body` the exact bytes of the request. The body of a Polymarket order carries a signature, so
    it never goes to a log; `repr` leaves it out. `signed_for` is the exchange that the signature is
    meant for, where the venue has several.
    """

    spec: OrderSpec
    order_key: str
    body: bytes
    prepared_wall_ms: int
    signed_for: str = ""

    def __repr__(self) -> str:
        return f"PreparedOrder({self.spec.venue.value}, {self.order_key})"


class CancelStatus(Enum):
    """What is known after a cancel."""

    CANCELED = "canceled"
    """It rested, and what was left of it is gone."""
    TAKEN = "taken"
    """The venue took the request and does not tell what came of it: look what still rests."""
    NOT_RESTING = "not_resting"
    """Nothing rests under this id; whether it filled is another question."""
    REFUSED = "refused"
    """The venue would not: paused, in its delay, rate limited. It may still rest."""
    UNKNOWN = "unknown"
    """Not answered; it may or may not rest."""


class CancelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one cancel; `canceled_e6` is what no longer rests (−1: not told)."""

    status: CancelStatus
    canceled_e6: int = -1
    code: str = ""


class OrderPort(Protocol):
    """Orders of one venue, in two steps."""

    venue: Venue

    def prepare(self, spec: OrderSpec) -> PreparedOrder:
        """Build and sign an order. Synchronous and pure but for ids and the wall clock.

        Raises:
            InvariantBroken: the spec breaks a rule of the venue that the engine must keep
                (off-grid price, size not in lots, spend not in whole cents).
        """
        ...

    async def send(self, prepared: PreparedOrder) -> LegAnswer:
        """Send once; never retries. Every failure is an answer.

        NOT_SENT only if no byte can have reached the venue; anything ambiguous (timeout, lost
        connection, 5xx, an answer that cannot be read) is UNKNOWN.
        """
        ...

    async def look_up(self, ref: OrderRef) -> LegAnswer:
        """Find out what became of an order, in bounded time; UNKNOWN if the venue won't tell.

        Kalshi is fenced by the same client_order_id; Polymarket is absent only after a bounded
        time without such an order or trade.
        """
        ...

    async def cancel(self, ref: OrderRef) -> CancelAnswer:
        """Take an order off the book. Never raises; says nothing about what filled before.

        A taker's order that rests against our word is cancelled while it is looked up.
        """
        ...

    async def read_fills(self, ref: OrderRef) -> tuple[Fill, ...]:
        """All fills of one order that the venue shows now.

        Raises:
            VenueUnavailable: the venue cannot be asked.
        """
        ...


@runtime_checkable
class ResigningPort(Protocol):
    """Orders of a venue that may ask for another signature."""

    def resign(self, prepared: PreparedOrder, answer: LegAnswer) -> PreparedOrder | None:
        """The same order signed as the venue now wants it; None if that is no remedy.

        Only after an answer by which `prepared` certainly did not happen. To the venue it is
        another order: its id is to be journalled before it is sent, and it is signed anew once.
        """
        ...


@runtime_checkable
class AccountFillsPort(Protocol):
    """Fills of a whole account, whoever sent the orders: for what a private stream lost."""

    async def read_fills_since(
        self, since_ms: int, markets: Mapping[MarketId, Market]
    ) -> tuple[Fill, ...]:
        """All fills from `since_ms` of our wall clock on (Unix ms), perhaps some from before.

        `order_key` is empty where the venue tells its own order id alone; outcome and side are
        then what was acquired. A fill in none of `markets` is left out, and told, where it takes
        the market's terms to read it. Never takes rate tokens that are kept for rollbacks.

        Raises:
            VenueUnavailable: the venue cannot be asked, or answers what cannot be read.
            VenueRejected: it refuses.
        """
        ...

    async def name_order(self, venue_order_id: str) -> str:
        """The order key of an order, "" while the venue does not tell. Raises as above."""
        ...


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that rests in our account, whoever sent it.

    `cost_micros` is the most that it may still spend, rounded up; 0 for one that only sells.
    """

    market_id: MarketId
    order_key: str
    venue_order_id: str
    shard: int
    cost_micros: int


@runtime_checkable
class AccountNewsPort(Protocol):
    """What happens in an account besides our own orders. Raises as `AccountPort.read_cash`."""

    async def read_flows(self, since_ms: int) -> tuple[CashFlow, ...]:
        """Money that moved without a trade since then (Unix ms), as far as the venue tells.

        Perhaps some from before; each has the venue's own id, the same at each reading.
        """
        ...

    async def read_open_orders(self) -> tuple[OpenOrder, ...]:
        """Whatever rests in the account now, ours or not."""
        ...


@runtime_checkable
class AllHoldingsPort(Protocol):
    """All that an account holds, also in markets that nobody follows."""

    async def read_all_positions(self) -> tuple[tuple[MarketId, int, int], ...]:
        """As `AccountPort.read_positions`, of every market that is not settled."""
        ...


class RestingOrderPort(OrderPort, Protocol):
    """Orders that may rest, many at once, and the ways to be rid of them."""

    async def send_batch(self, prepared: Sequence[PreparedOrder]) -> tuple[LegAnswer, ...]:
        """Send many in one request, once; one answer each, in their order. Not atomic.

        Judged one by one as by `send`: a request that was not answered leaves each UNKNOWN.
        """
        ...

    async def cancel_batch(self, refs: Sequence[OrderRef]) -> tuple[CancelAnswer, ...]:
        """Cancel many in one request; one answer each, in their order. Never raises."""
        ...

    async def cancel_all(self) -> CancelAnswer:
        """Cancel whatever rests in this account, ours or not; only an operator or an alarm asks.

        CANCELED if the venue says that nothing was kept back, TAKEN if it only took the request;
        sizes are not told. Never raises.
        """
        ...


class AccountPort(Protocol):
    """Cash and holdings of our account on one venue."""

    venue: Venue

    async def read_cash(self) -> CashReported:
        """Free cash per shard. Raises VenueUnavailable, VenueRejected."""
        ...

    async def read_positions(
        self, markets: Iterable[Market]
    ) -> tuple[tuple[MarketId, int, int], ...]:
        """Holdings as (market, yes_e6, no_e6), zero ones left out; raises as `read_cash`."""
        ...


class CataloguePort(Protocol):
    """Market terms of one venue."""

    venue: Venue

    async def read_market(self, native_id: str) -> Market:
        """Terms of one market: grid, fees, shard, tokens, minimum sizes.

        Raises:
            VenueRejected: no such market, or one that must not be traded (unknown fee type).
            VenueUnavailable: the venue cannot be asked.
        """
        ...


EventSink = Callable[[Event], None]
FillSink = Callable[[Fill], None]


class FeedPort(Protocol):
    """Market data and private streams of one venue; owns its sockets and their reconnects."""

    venue: Venue

    async def run(self) -> None:
        """Stream until cancelled; reconnects by itself with jittered back-off."""
        ...

    def resync(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for new snapshots of these books."""
        ...
