"""Everything the engine may ask of the outside: orders, look-ups, timers, notes for the record."""

from enum import Enum

import msgspec

from twoleg.core.market import (
    Direction,
    Market,
    MarketId,
    Outcome,
    PairId,
    Side,
    TimeInForce,
    Venue,
)


class Purpose(Enum):
    """Why an order is sent."""

    ARB = "arb"
    BET = "bet"
    ROLLBACK = "rollback"


class OrderSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One order, typed by venue, market, outcome and side so that no leg can be taken for another.

    `limit_e4` is the price of `outcome` (not of YES). `size_e6` is exact on Kalshi and for every
    SELL. A Polymarket BUY instead spends `spend_micros` (whole cents) at `limit_e4` or better and
    returns at least `size_e6_min` shares if it fills; `size_e6` is then what the walk expects.
    """

    execution_no: int
    order_no: int
    purpose: Purpose
    market: Market
    outcome: Outcome
    side: Side
    size_e6: int
    limit_e4: int
    tif: TimeInForce
    spend_micros: int = 0
    size_e6_min: int = 0
    reduce_only: bool = False

    @property
    def venue(self) -> Venue:
        """Where the order goes."""
        return self.market.venue


class OrderRef(msgspec.Struct, frozen=True, kw_only=True):
    """What a restart needs to ask the venue for exactly this order; stands in the journal."""

    spec: OrderSpec
    order_key: str
    sent_wall_ms: int
    venue_order_id: str = ""


class Fire(msgspec.Struct, frozen=True):
    """Record the intent, then send these orders at once."""

    execution_no: int
    pair_id: PairId
    direction: Direction
    orders: tuple[OrderSpec, ...]
    net_micros: int
    """Net edge at the walked prices and fee bounds, for the record."""


class LookUp(msgspec.Struct, frozen=True):
    """An order is UNKNOWN or DELAYED: find out from the venue what became of it."""

    execution_no: int
    order_no: int


class SettleMoney(msgspec.Struct, frozen=True):
    """Book all fills of an order that filled `filled_e6`."""

    execution_no: int
    order_no: int
    filled_e6: int
    notional_micros: int


class SetTimer(msgspec.Struct, frozen=True):
    """Send `TimerFired(key)` at `at_ns` of the monotonic clock that the engine is driven by."""

    key: str
    at_ns: int


class Resync(msgspec.Struct, frozen=True):
    """These books cannot be trusted: get new snapshots."""

    venue: Venue
    market_ids: tuple[MarketId, ...]
    reason: str


class ReadCash(msgspec.Struct, frozen=True):
    """Read the cash of a venue now."""

    venue: Venue


class NoteKind(Enum):
    """What a note for the record is about."""

    EXECUTION_OPENED = "execution_opened"
    EXECUTION_CHANGED = "execution_changed"
    EXECUTION_CLOSED = "execution_closed"
    BREAKER_CHANGED = "breaker_changed"
    BOOK_VOID = "book_void"
    ALARM = "alarm"


class Note(msgspec.Struct, frozen=True):
    """A fact for the journal and the log: event name in the past tense and its fields."""

    kind: NoteKind
    execution_no: int
    fields: tuple[tuple[str, str | int | bool], ...]


Action = Fire | LookUp | SettleMoney | SetTimer | Resync | ReadCash | Note
