"""Writes Polymarket's frames again from nothing but what the client made of them.

Written from the schema (docs.polymarket.com market-channel and user-channel, live frames until
2026-10); shares no code with the client.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from twoleg.core.events import BID, BookSnapshot, Event, GridChanged, LevelsSet
from twoleg.core.market import Market
from twoleg.venues.polymarket.frames import (
    BestFrame,
    LastTradeFrame,
    NewMarketFrame,
    News,
    ResolvedFrame,
    TickSizeFrame,
)
from twoleg.venues.polymarket.user_wire import OrderEvent, UserEvent

Fields = dict[str, Any]

DROPPED: Final[dict[str, dict[str, str]]] = {
    "book": {
        "mirror_hash": "proves the other token's book, which is this one turned over and not kept",
    },
    "price_change": {
        "mirror_hash": "proves the other token's book, which is this one turned over and not kept",
        "earlier_hash": "of the book between two changes of one frame, which nobody ever sees",
    },
}
"""Event type → what of it the client lets go of → why."""
NEVER_DROPPED: Final = (
    *("price", "size", "amount", "bid", "ask", "tick", "time", "id", "status", "side", "owner"),
    *("market", "update", "fee", "outcome", "trade", "address"),
)
_FIELDS: Final[dict[type[News], tuple[str, tuple[str, ...]]]] = {
    LastTradeFrame: (
        "last_trade_price",
        (
            "market",
            "asset_id",
            "price",
            "size",
            "side",
            "fee_rate_bps",
            "timestamp",
            "transaction_hash",
        ),
    ),
    TickSizeFrame: (
        "tick_size_change",
        ("market", "asset_id", "old_tick_size", "new_tick_size", "timestamp"),
    ),
    BestFrame: (
        "best_bid_ask",
        ("market", "asset_id", "best_bid", "best_ask", "spread", "timestamp"),
    ),
    ResolvedFrame: (
        "market_resolved",
        (
            "id",
            "market",
            "assets_ids",
            "winning_asset_id",
            "winning_outcome",
            "event_message",
            "timestamp",
            "tags",
        ),
    ),
    NewMarketFrame: (
        "new_market",
        (
            "id",
            "question",
            "market",
            "slug",
            "description",
            "assets_ids",
            "outcomes",
            "event_message",
            "timestamp",
            "tags",
            "condition_id",
            "active",
            "clob_token_ids",
            "sports_market_type",
            "line",
            "game_start_time",
            "order_price_min_tick_size",
            "group_item_title",
            "taker_base_fee",
            "fees_enabled",
            "fee_schedule",
        ),
    ),
}
_ORDER: Final = (
    *("type", "id", "owner", "order_owner", "market", "asset_id", "side", "original_size"),
    *("size_matched", "price", "associate_trades", "outcome", "order_type", "expiration"),
    *("status", "maker_address", "created_at", "timestamp"),
)
_TRADE: Final = (
    *("type", "id", "taker_order_id", "market", "asset_id", "side", "size", "price"),
    *("fee_rate_bps", "status", "match_time", "matchtime", "last_update", "timestamp", "outcome"),
    *("owner", "trade_owner", "maker_address", "transaction_hash", "bucket_index", "trader_side"),
    "maker_orders",
)
_NESTED: Final[dict[str, tuple[str, ...]]] = {
    "event_message": ("id", "ticker", "slug", "title", "description"),
    "fee_schedule": ("exponent", "rate", "taker_only", "rebate_rate"),
    "maker_orders": (
        *("order_id", "owner", "maker_address", "matched_amount", "price", "fee_rate_bps"),
        *("asset_id", "outcome", "outcome_index", "side"),
    ),
}
_DECIMALS: Final = {"exponent", "rate", "rebate_rate", "price", "size", "tick_size", "line"}
_WHOLE: Final = {"timestamp", "match_time", "matchtime", "last_update", "created_at", "expiration"}


class FeedEncoder:
    """Writes what the market channel said of one market, for both of its tokens."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._tick_e4 = market.grid.bands[0].step_e4

    def encode(self, events: Iterable[Event], news: Iterable[News]) -> list[Fields]:
        """Frames in the order of the events, then of the news, all numbers exact."""
        return [*self._of_events(events), *(_of_news(item) for item in news)]

    def _of_events(self, events: Iterable[Event]) -> Iterator[Fields]:
        for event in events:
            if isinstance(event, GridChanged):
                self._tick_e4 = event.grid.bands[0].step_e4
            elif isinstance(event, BookSnapshot):
                yield self._book(event)
                yield self._mirror(event)
            elif isinstance(event, LevelsSet):
                yield self._changes(event)

    def _book(self, book: BookSnapshot) -> Fields:
        return plain(
            {
                "event_type": "book",
                "market": self._market.native_id,
                "asset_id": self._market.yes_token,
                "timestamp": book.ts_event_ms,
                "hash": book.hash,
                "bids": [_level(*level) for level in book.bids],
                "asks": [_level(*level) for level in book.asks],
                "tick_size": dollars(self._tick_e4),
                "last_trade_price": book.last_trade_price,
            }
        )

    def _mirror(self, book: BookSnapshot) -> Fields:
        """The other token's book, but for its hash."""
        fields = self._book(book) | {
            "asset_id": self._market.no_token,
            "bids": [_level(10_000 - price, size) for price, size in book.asks],
            "asks": [_level(10_000 - price, size) for price, size in book.bids],
        }
        fields.pop("hash", None)
        return fields

    def _changes(self, event: LevelsSet) -> Fields:
        bid, ask = _top(event.best_bid_e4), _top(event.best_ask_e4)
        entries: list[Fields] = []
        for side, price_e4, size_e6 in event.changes:
            entries.append(
                {
                    "asset_id": self._market.yes_token,
                    "price": dollars(price_e4),
                    "size": Decimal(size_e6).scaleb(-6),
                    "side": "BUY" if side == BID else "SELL",
                    "best_bid": bid,
                    "best_ask": ask,
                    "hash": event.hash,
                }
            )
            entries.append(
                {
                    "asset_id": self._market.no_token,
                    "price": dollars(10_000 - price_e4),
                    "size": Decimal(size_e6).scaleb(-6),
                    "side": "SELL" if side == BID else "BUY",
                    "best_bid": None if ask is None else 1 - ask,
                    "best_ask": None if bid is None else 1 - bid,
                }
            )
        return plain(
            {
                "event_type": "price_change",
                "market": self._market.native_id,
                "timestamp": event.ts_event_ms,
                "price_changes": [plain(entry) for entry in entries],
            }
        )


def user_fields(event: UserEvent) -> Fields:
    """An order or trade event again."""
    is_order = isinstance(event, OrderEvent)
    kind, names = ("order", _ORDER) if is_order else ("trade", _TRADE)
    return plain({"event_type": kind} | _pick(event, names))


def read_user(frame: Fields) -> Fields:
    """The original."""
    return plain(frame)


def read(frame: Fields, market: Market) -> Fields:
    """The original: numbers exact, empty tops left out, what may be dropped gone."""
    kind = frame["event_type"]
    if kind == "book":
        sides = {side: _quotes(frame[side]) for side in ("bids", "asks")}
        fields = plain(frame | sides)
        if frame["asset_id"] == market.no_token:
            fields.pop("hash", None)
        return fields
    if kind == "price_change":
        return plain(frame | {"price_changes": _entries(frame["price_changes"], market)})
    return plain(frame)


def _entries(entries: list[Fields], market: Market) -> list[Fields]:
    """In pairs of YES and NO; the last of a token's hashes and tops is that after the frame."""
    ours = [entry for entry in entries if entry["asset_id"] == market.yes_token]
    mirrors = [entry for entry in entries if entry["asset_id"] == market.no_token]
    kept: list[Fields] = []
    for entry, mirror in zip(ours, mirrors, strict=True):
        kept.append(_entry(entry | {"hash": ours[-1].get("hash")}))
        kept.append(_entry(mirror | {"hash": None}))
    return [entry for entry in kept if 0 < entry["price"] < 1]


def _entry(entry: Fields) -> Fields:
    tops = {
        name: None if entry.get(name) in (None, "", "0", "1") else entry[name]
        for name in ("best_bid", "best_ask")
    }
    return plain(entry | tops | {name: entry[name] for name in ("price", "size")})


def _quotes(levels: list[Fields]) -> list[Fields]:
    """0 and 1 dollar are no quotes, nor is a size of 0."""
    return [row for row in levels if 0 < Decimal(row["price"]) < 1 and Decimal(row["size"])]


def plain(fields: Fields) -> Fields:
    """Without what tells nothing; decimals and times as exact numbers."""
    return {name: _value(name, value) for name, value in fields.items() if value not in (None, "")}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [plain(item) if isinstance(item, dict) else item for item in value]
    if isinstance(value, dict):
        return plain(value)
    if name in _WHOLE:
        return int(value)
    is_decimal = name in _DECIMALS or name.endswith(
        ("_bid", "_ask", "_size", "_matched", "_amount")
    )
    # An id is compared as text whatever it came as; a bool is a bool.
    if is_decimal:
        return Decimal(str(value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _of_news(news: News) -> Fields:
    kind, names = _FIELDS[type(news)]
    return plain({"event_type": kind} | _pick(news, names))


def _pick(source: object, names: Iterable[str]) -> Fields:
    return {name: _nested(name, getattr(source, name)) for name in names}


def _nested(name: str, value: Any) -> Any:
    names = _NESTED.get(name)
    if names is None or value is None:
        return list(value) if isinstance(value, tuple) else value
    if isinstance(value, tuple | list):
        return [_pick(item, names) for item in value]
    return _pick(value, names)


def _level(price_e4: int, size_e6: int) -> Fields:
    return {"price": dollars(price_e4), "size": Decimal(size_e6).scaleb(-6)}


def _top(price_e4: int) -> Decimal | None:
    return None if price_e4 < 0 else dollars(price_e4)


def dollars(price_e4: int) -> Decimal:
    """A price, exact."""
    return Decimal(price_e4).scaleb(-4)


def to_json(value: Any) -> Any:
    """Fields as the venue would send them: every number a text."""
    if isinstance(value, dict):
        return {name: to_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
