"""What the user channel says of our orders, in our own words. Pure.

Lifecycle: docs.polymarket.com user-channel and order-lifecycle, polymarket-client 0.14.0
`user_events.py`, read 2026-11-22. The answer to the POST is the first source of what filled, and
trades book the money: an update only tells where an order stands.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final

import msgspec

from twoleg.core.market import Market, MarketId, Outcome, Side, TimeInForce
from twoleg.core.units import ONE_DOLLAR_E4, half_up_div
from twoleg.venues.polymarket.numbers import parse_fixed, parse_ratio
from twoleg.venues.polymarket.user_wire import (
    DEAD_STATUSES,
    RESTING_STATUSES,
    OrderEvent,
    cancel_reason,
    plain_order_status,
)

UNTOLD_E6: Final = -1
_TIFS: Final = {
    "GTC": TimeInForce.GTC,
    "GTD": TimeInForce.GTD,
    "FOK": TimeInForce.FOK,
    "FAK": TimeInForce.IOC,
}


class UpdateKind(Enum):
    """What happened."""

    PLACED = "PLACEMENT"
    MATCHED = "UPDATE"
    """More of it is filled."""
    CANCELED = "CANCELLATION"
    OTHER = "other"


class OrderState(Enum):
    """Where an order stands."""

    RESTING = "resting"
    DELAYED = "delayed"
    """It takes, but only after the delay of its market; it cannot be cancelled meanwhile."""
    MATCHED = "matched"
    CANCELED = "canceled"
    DEAD = "dead"
    UNKNOWN = "unknown"
    """Told in words nobody has described, or unreadable: the order is to be looked up."""


class OrderUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One event of one order of ours.

    `order_key` is the order hash in lower case. Sizes in micro-shares, −1 where not told;
    `price_e4` is in the outcome's own terms, rounded to the nearest, 0 where not told. `reason` is
    what the venue adds to a cancel. `ts_event_ms` is the venue's time, 0 where not told.
    """

    market_id: MarketId
    order_key: str
    kind: UpdateKind
    state: OrderState
    outcome: Outcome | None = None
    side: Side | None = None
    price_e4: int = 0
    size_e6: int = UNTOLD_E6
    filled_e6: int = UNTOLD_E6
    tif: TimeInForce | None = None
    expires_s: int = 0
    trade_ids: tuple[str, ...] = ()
    reason: str = ""
    ts_event_ms: int = 0


OrderSink = Callable[[OrderUpdate], None]


def order_update(event: OrderEvent, market: Market) -> OrderUpdate:
    """Read one order event; ValueError if a number or the token in it makes no sense."""
    return OrderUpdate(
        market_id=market.id,
        order_key=event.id.lower(),
        kind=_kind(event.type),
        state=_state(event.status),
        outcome=_outcome(event.asset_id, market),
        side=_side(event.side),
        price_e4=_price_e4(event.price),
        size_e6=_size_e6(event.original_size),
        filled_e6=_size_e6(event.size_matched),
        tif=_TIFS.get((event.order_type or "").upper()),
        expires_s=_integer(event.expiration),
        trade_ids=tuple(event.associate_trades or ()),
        reason=cancel_reason(event.status),
        ts_event_ms=_integer(event.timestamp) or _integer(event.created_at) * 1_000,
    )


def unreadable_update(event: OrderEvent, market: Market) -> OrderUpdate:
    """What is left of an event whose numbers make no sense: the order is to be looked up."""
    return OrderUpdate(
        market_id=market.id,
        order_key=event.id.lower(),
        kind=_kind(event.type),
        state=OrderState.UNKNOWN,
    )


def _kind(text: str) -> UpdateKind:
    try:
        return UpdateKind(text.upper())
    except ValueError:
        return UpdateKind.OTHER


def _state(status: str | None) -> OrderState:
    plain = plain_order_status(status)
    if plain == "DELAYED":
        return OrderState.DELAYED
    if plain in RESTING_STATUSES:
        return OrderState.RESTING
    if plain in DEAD_STATUSES:
        return OrderState.DEAD
    if plain in {"MATCHED", "CANCELED"}:
        return OrderState[plain]
    return OrderState.UNKNOWN


def _outcome(token: str | None, market: Market) -> Outcome | None:
    if not token:
        return None
    if token == market.yes_token:
        return Outcome.YES
    if token == market.no_token:
        return Outcome.NO
    raise ValueError("an order names a token of another market")


def _side(text: str | None) -> Side | None:
    try:
        return Side((text or "").lower())
    except ValueError:
        return None


def _price_e4(text: str | None) -> int:
    if not text:
        return 0
    numerator, denominator = parse_ratio(text)
    return half_up_div(numerator * ONE_DOLLAR_E4, denominator)


def _size_e6(text: str | None) -> int:
    return parse_fixed(text, 6) if text else UNTOLD_E6


def _integer(value: str | int | None) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
