"""Everything the engine may ask of the outside: orders, look-ups, timers, notes for the record."""

from enum import Enum

import msgspec

from twoleg.core.market import (
    Direction,
    MarketId,
    PairId,
    Venue,
)
from twoleg.core.orders import OrderSpec


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


class ExecutionEnded(msgspec.Struct, frozen=True):
    """An execution is closed; `ExecutionForgotten` tells when no news of its orders can come."""

    execution_no: int


class NoteKind(Enum):
    """What a note for the record is about."""

    EXECUTION_OPENED = "execution_opened"
    EXECUTION_CHANGED = "execution_changed"
    EXECUTION_CLOSED = "execution_closed"
    BREAKER_CHANGED = "breaker_changed"
    BOOK_VOID = "book_void"
    BOOK_DOUBTED = "book_doubted"
    ALARM = "alarm"


class Note(msgspec.Struct, frozen=True):
    """A fact for the journal and the log: event name in the past tense and its fields."""

    kind: NoteKind
    execution_no: int
    fields: tuple[tuple[str, str | int | bool], ...]


Action = Fire | LookUp | SettleMoney | SetTimer | Resync | ReadCash | ExecutionEnded | Note
