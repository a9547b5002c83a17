"""Frames of the user channel: what became of our orders and trades. Pure but for counters.

Every status is in a table, with or without its prefix. A status nobody has described is counted
and reported, and never taken for a fill.

Schema: docs.polymarket.com user-channel, polymarket-client 0.14.0 `user_events.py`, read
2026-11-22. The field set has drifted before, so only what is used is required.
"""

from typing import Final

import msgspec

from twoleg.errors import MalformedMessage
from twoleg.venues.polymarket.trades import TradeRecord, fill_status
from twoleg.venues.polymarket.wire import PONG, VENUE

ORDER_STATUS_PREFIX: Final = "ORDER_STATUS_"
RESTING_STATUSES: Final = frozenset({"LIVE", "DELAYED", "UNMATCHED"})
"""`UNMATCHED` is a marketable order that found nothing after its delay and now rests."""
DEAD_STATUSES: Final = frozenset({"INVALID"})
KINDS_MAX: Final = 64


class OrderEvent(msgspec.Struct, tag_field="event_type", tag="order", frozen=True):
    """An order of ours was placed, matched further or cancelled; for the record only."""

    id: str
    market: str
    type: str = ""
    status: str | None = None
    size_matched: str | None = None


class TradeEvent(TradeRecord, tag_field="event_type", tag="trade", frozen=True):
    """A trade of ours changed its status; sent again for each."""


UserEvent = OrderEvent | TradeEvent


def plain_order_status(status: str | None) -> str:
    """An order's status without its prefix, killed FOKs and the like as CANCELED."""
    plain = (status or "").upper().removeprefix(ORDER_STATUS_PREFIX)
    return "CANCELED" if plain.startswith("CANCEL") else plain


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
            event: UserEvent = self._one.decode(item)
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
