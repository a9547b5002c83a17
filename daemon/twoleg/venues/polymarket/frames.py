"""Frames of the market channel as the venue writes them; only what is used is required.

Schema: docs.polymarket.com market-channel, polymarket-client 0.14.0 and live frames of 2026-08
and 2026-10, read 2026-11-22. Numbers are strings there.
"""

from typing import Final, Literal

import msgspec


class WireLevel(msgspec.Struct, gc=False):
    """One level of a `book` frame."""

    price: str
    size: str


class BookFrame(msgspec.Struct, tag_field="event_type", tag="book", gc=False):
    """A whole book; replaces what was known."""

    market: str
    asset_id: str
    timestamp: int
    bids: list[WireLevel]
    asks: list[WireLevel]
    hash: str = ""
    tick_size: str | None = None
    last_trade_price: str | None = None


class ChangeEntry(msgspec.Struct, gc=False):
    """The new aggregate size at one level of one token; 0 removes the level."""

    asset_id: str
    price: str
    size: str
    side: Literal["BUY", "SELL"]
    hash: str = ""
    best_bid: str | None = None
    best_ask: str | None = None


class PriceChangeFrame(msgspec.Struct, tag_field="event_type", tag="price_change", gc=False):
    """Changes of one market, each told for both of its tokens."""

    market: str
    timestamp: int
    price_changes: list[ChangeEntry]


class LastTradeFrame(msgspec.Struct, tag_field="event_type", tag="last_trade_price", gc=False):
    """A trade; only its price matters here (it is an input of the book hash)."""

    market: str
    asset_id: str
    price: str


class TickSizeFrame(msgspec.Struct, tag_field="event_type", tag="tick_size_change", gc=False):
    """A new price grid."""

    market: str
    asset_id: str
    new_tick_size: str


class ResolvedFrame(msgspec.Struct, tag_field="event_type", tag="market_resolved", gc=False):
    """A market has an outcome."""

    market: str


class BestFrame(msgspec.Struct, tag_field="event_type", tag="best_bid_ask", gc=False):
    """Repeats what `price_change` tells; its order relative to that is not promised."""

    market: str


class NewMarketFrame(msgspec.Struct, tag_field="event_type", tag="new_market", gc=False):
    """A market was created."""

    market: str = ""


Frame = (
    BookFrame
    | PriceChangeFrame
    | LastTradeFrame
    | TickSizeFrame
    | ResolvedFrame
    | BestFrame
    | NewMarketFrame
)
KNOWN_EVENTS: Final = frozenset(
    (
        "book",
        "price_change",
        "last_trade_price",
        "tick_size_change",
        "market_resolved",
        "best_bid_ask",
        "new_market",
    )
)
