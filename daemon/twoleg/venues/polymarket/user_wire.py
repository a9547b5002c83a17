"""Frames of the user channel: what became of our orders and trades. Pure but for counters.

Every status is in a table, with or without its prefix. A status nobody has described is counted
and reported, and never taken for a fill.

Schema: docs.polymarket.com user-channel, polymarket-client 0.14.0 `user_events.py`, read
2026-11-22. The field set has drifted before, so only what is used is required.
"""

from typing import Final

import msgspec

from twoleg.errors import MalformedMessage
from twoleg.venues.polymarket.trades import Text, TradeRecord, fill_status
from twoleg.venues.polymarket.wire import PONG, VENUE

ORDER_STATUS_PREFIX: Final = "ORDER_STATUS_"
RESTING_STATUSES: Final = frozenset({"LIVE", "DELAYED", "UNMATCHED"})
"""`UNMATCHED` is a marketable order that found nothing after its delay and now rests."""
DEAD_STATUSES: Final = frozenset({"INVALID"})
KINDS_MAX: Final = 64


class OrderEvent(msgspec.Struct, tag_field="event_type", tag="order", frozen=True):
    """An order of ours was placed, matched further or cancelled.

    `type` is PLACEMENT, UPDATE or CANCELLATION; `created_at` and `expiration` are Unix seconds,
    `timestamp` milliseconds.
    """

    id: str
    market: str
    type: str = ""
    status: str | None = None
    asset_id: str | None = None
    side: str | None = None
    price: str | None = None
    original_size: str | None = None
    size_matched: str | None = None
    order_type: str | None = None
    expiration: str | int | None = None
    created_at: str | int | None = None
    timestamp: str | int | None = None
    associate_trades: list[str] | None = None
    outcome: Text = None
    owner: Text = None
    order_owner: Text = None
    maker_address: Text = None


class TradeEvent(TradeRecord, tag_field="event_type", tag="trade", frozen=True):
    """A trade of ours changed its status; sent again for each.

    `trade_owner` is the API key of the taker, `timestamp` Unix ms.
    """

    type: Text = None
    timestamp: Text = None
    trade_owner: str = ""

    def is_made_by(self, owner: str) -> bool:
        """Whether the order of this API key was the resting one."""
        if self.trader_side:
            return self.is_maker
        # Left out at times: then whoever is listed among the makers, and did not take, made it.
        is_listed = any(maker.owner == owner for maker in self.maker_orders or ())
        return is_listed and self.trade_owner != owner


class _OrderHead(msgspec.Struct, frozen=True):
    """What must be readable of an order event: whose it is."""

    id: str
    market: str


UserEvent = OrderEvent | TradeEvent


def plain_order_status(status: str | None) -> str:
    """An order's status without its prefix, killed FOKs and the like as CANCELED."""
    plain = (status or "").upper().removeprefix(ORDER_STATUS_PREFIX)
    return "CANCELED" if plain.startswith("CANCEL") else plain


def cancel_reason(status: str | None) -> str:
    """What the venue adds to a cancel: `CANCELED_order couldn't be fully filled…` and the like."""
    text = (status or "").removeprefix(ORDER_STATUS_PREFIX)
    head, _, reason = text.partition("_")
    return reason if head.upper().startswith("CANCEL") else ""


def is_known_order_status(plain: str) -> bool:
    """Whether somebody has described this status."""
    return plain in {"MATCHED", "CANCELED"} or plain in RESTING_STATUSES or plain in DEAD_STATUSES


class UserDecoder:
    """Decodes frames of the user channel."""

    def __init__(self) -> None:
        self._one = msgspec.json.Decoder(UserEvent)
        # Kind of event or oddity → how often it was seen.
        self.counts: dict[str, int] = {}

    def decode(self, raw: bytes) -> list[UserEvent]:
        """Read one websocket message; MalformedMessage if it cannot be read."""
        if raw == PONG:
            return []
        try:
            parts = msgspec.json.decode(raw, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
            items = [raw] if isinstance(parts, dict) else [bytes(part) for part in parts]
            events = [event for item in items if (event := self._read(item)) is not None]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            self._count("malformed")
            raise MalformedMessage(VENUE, f"user channel: {error}"[:200], raw) from error
        for event in events:
            self._note_status(event)
        return events

    def _read(self, item: bytes) -> UserEvent | None:
        head = msgspec.json.decode(item, type=dict[str, msgspec.Raw])
        kind = msgspec.json.decode(head.get("event_type", msgspec.Raw(b'""')), type=str)
        if kind in {"order", "trade"}:
            self._count(kind)
            try:
                event: UserEvent = self._one.decode(item)
            except msgspec.ValidationError:
                if kind == "trade":
                    raise
                # An order is looked up by its id; no money hangs on the rest.
                known = msgspec.json.decode(item, type=_OrderHead)
                self._count("unreadable_order")
                return OrderEvent(id=known.id, market=known.market)
            return event
        self._count("unknown_event:" + kind[:32])
        return None

    def _note_status(self, event: UserEvent) -> None:
        if isinstance(event, TradeEvent):
            if fill_status(event.status) is None:
                self._count("unknown_trade_status:" + event.status[:32])
        elif event.status and not is_known_order_status(plain_order_status(event.status)):
            self._count("unknown_order_status:" + event.status[:32])

    def _count(self, kind: str) -> None:
        # Bounded: strangers choose some of these names.
        if kind not in self.counts and len(self.counts) >= KINDS_MAX:
            kind = "other"
        self.counts[kind] = self.counts.get(kind, 0) + 1
