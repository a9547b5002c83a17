"""Frames of the market channel as the venue writes them; only what is used is required.

Schema: docs.polymarket.com market-channel, polymarket-client 0.14.0 `market_events.py` and live
frames of 2026-08 and 2026-10, read 2026-11-22. Numbers are strings there, except where a field is
a bool or says otherwise; where sources differ on text or number, both are read.
"""

from decimal import Decimal
from typing import Final, Literal

import msgspec

Text = str | int | float | None
"""What only informs, and may be written as text or number."""


class WireLevel(msgspec.Struct, gc=False):
    """One level of a `book` frame."""

    price: str
    size: str


class BookFrame(msgspec.Struct, tag_field="event_type", tag="book", gc=False):
    """A whole book; replaces what was known. Bids ascend, asks descend."""

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
    """A trade of one token; `side` is the taker's (measured live, 2026-08-16).

    `timestamp` is Unix ms and may be a little earlier than a change that was told before.
    """

    market: str
    asset_id: str
    price: str
    size: str | None = None
    side: str | None = None
    fee_rate_bps: Text = None
    timestamp: Text = None
    transaction_hash: str | None = None


class TickSizeFrame(msgspec.Struct, tag_field="event_type", tag="tick_size_change", gc=False):
    """A new price grid: a book went above 0.96 or below 0.04."""

    market: str
    asset_id: str
    new_tick_size: str
    old_tick_size: str | None = None
    timestamp: Text = None


class BestFrame(msgspec.Struct, tag_field="event_type", tag="best_bid_ask", gc=False):
    """Repeats what `price_change` tells; its order relative to that is not promised.

    An empty side is an empty text.
    """

    market: str
    asset_id: str = ""
    best_bid: str | None = None
    best_ask: str | None = None
    spread: str | None = None
    timestamp: Text = None


class EventMessage(msgspec.Struct):
    """The parent event of a market that is announced."""

    id: Text = None
    ticker: str | None = None
    slug: str | None = None
    title: str | None = None
    description: str | None = None


class AnnouncedFee(msgspec.Struct):
    """The taker fee of an announced market: rate · C · (p(1−p))^exponent."""

    exponent: Decimal | None = None
    rate: Decimal | None = None
    taker_only: bool | None = None
    rebate_rate: Decimal | None = None


class ResolvedFrame(msgspec.Struct, tag_field="event_type", tag="market_resolved", kw_only=True):
    """A market has an outcome; `market` is its condition id. Sometimes it never comes."""

    market: str
    id: Text = None
    assets_ids: list[str] | None = None
    winning_asset_id: str | None = None
    winning_outcome: str | None = None
    event_message: EventMessage | None = None
    timestamp: Text = None
    tags: list[str] | None = None


class NewMarketFrame(msgspec.Struct, tag_field="event_type", tag="new_market", kw_only=True):
    """A market was created. Its terms are to be read: tokens may be missing for some minutes."""

    market: str = ""
    id: Text = None
    condition_id: str | None = None
    question: str | None = None
    slug: str | None = None
    description: str | None = None
    assets_ids: list[str] | None = None
    clob_token_ids: list[str] | None = None
    outcomes: list[str] | None = None
    event_message: EventMessage | None = None
    timestamp: Text = None
    tags: list[str] | None = None
    active: bool | None = None
    sports_market_type: str | None = None
    line: Text = None
    game_start_time: Text = None
    order_price_min_tick_size: Text = None
    group_item_title: str | None = None
    taker_base_fee: Text = None
    fees_enabled: bool | None = None
    fee_schedule: AnnouncedFee | None = None

    @property
    def native_id(self) -> str:
        """The condition id."""
        return self.condition_id or self.market


Frame = (
    BookFrame
    | PriceChangeFrame
    | LastTradeFrame
    | TickSizeFrame
    | ResolvedFrame
    | BestFrame
    | NewMarketFrame
)
Announcement = ResolvedFrame | NewMarketFrame
"""What concerns markets whether or not their books are followed."""
Print = LastTradeFrame | TickSizeFrame | BestFrame
"""What is told of a followed market beside its book."""
News = Announcement | Print
BOOK_EVENTS: Final = frozenset(("book", "price_change", "tick_size_change"))
"""One of these that cannot be read may hide a change: its book is in doubt."""
KNOWN_EVENTS: Final = BOOK_EVENTS | {
    "last_trade_price",
    "market_resolved",
    "best_bid_ask",
    "new_market",
}
