"""Frames as Polymarket documents and sends them (until 2026-10), written for these tests.

One full frame of each type, and from it: each optional field left out or null, each word of an
enumeration, and the spellings that were seen beside the usual one.
"""

import copy
from collections.abc import Iterator
from typing import Any, Final

Frame = dict[str, Any]

CONDITION: Final = "0x" + "8a9f" * 16
YES: Final = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
NO: Final = "52114319501245915516055106046884209969926127482827954674443846427813813222426"
TS_MS: Final = "1790908667676"
KEY: Final = "0a8f5a2e-0000-4000-8000-000000000001"
ORDER: Final = "0x" + "6d4f" * 16
WALLET: Final = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

_FEED: Final[dict[str, Frame]] = {
    "book": {
        "event_type": "book",
        "market": CONDITION,
        "asset_id": YES,
        "timestamp": TS_MS,
        "hash": "9e4f" * 10,
        "bids": [{"price": "0.01", "size": "112689"}, {"price": "0.03", "size": "41666.32"}],
        "asks": [{"price": "0.99", "size": "37677.02"}, {"price": "0.97", "size": "0.000001"}],
        "tick_size": "0.01",
        "last_trade_price": "0.140",
    },
    "price_change": {
        "event_type": "price_change",
        "market": CONDITION,
        "timestamp": TS_MS,
        "price_changes": [
            {
                "asset_id": YES,
                "price": "0.85",
                "size": "503.32",
                "side": "BUY",
                "hash": "52a1" * 10,
                "best_bid": "0.85",
                "best_ask": "0.86",
            },
            {
                "asset_id": NO,
                "price": "0.15",
                "size": "503.32",
                "side": "SELL",
                "hash": "4e76" * 10,
                "best_bid": "0.14",
                "best_ask": "0.15",
            },
        ],
    },
    "last_trade_price": {
        "event_type": "last_trade_price",
        "market": CONDITION,
        "asset_id": YES,
        "price": "0.456",
        "size": "219.217767",
        "side": "BUY",
        "fee_rate_bps": "0",
        "timestamp": TS_MS,
        "transaction_hash": "0x" + "ee" * 32,
    },
    "tick_size_change": {
        "event_type": "tick_size_change",
        "market": CONDITION,
        "asset_id": YES,
        "old_tick_size": "0.01",
        "new_tick_size": "0.001",
        "timestamp": TS_MS,
    },
    "best_bid_ask": {
        "event_type": "best_bid_ask",
        "market": CONDITION,
        "asset_id": YES,
        "best_bid": "0.73",
        "best_ask": "0.77",
        "spread": "0.04",
        "timestamp": TS_MS,
    },
    "new_market": {
        "event_type": "new_market",
        "id": "1031769",
        "question": "Will it rain in Dublin on Friday?",
        "market": "0x" + "31cb" * 16,
        "slug": "rain-in-dublin-friday",
        "description": "Resolves to Yes if at least 0.1 mm fall.\nOtherwise No.",
        "assets_ids": [YES, NO],
        "outcomes": ["Yes", "No"],
        "event_message": {
            "id": "125819",
            "ticker": "rain-friday",
            "slug": "rain-friday",
            "title": "Rain on Friday",
            "description": "Where does it rain?",
        },
        "timestamp": TS_MS,
        "tags": ["weather", "dublin"],
        "condition_id": "0x" + "31cb" * 16,
        "active": True,
        "clob_token_ids": [YES, NO],
        "sports_market_type": "totals",
        "line": "2.5",
        "game_start_time": "2026-10-02T20:00:00Z",
        "order_price_min_tick_size": "0.01",
        "group_item_title": "Friday",
        "taker_base_fee": "1000",
        "fees_enabled": True,
        "fee_schedule": {
            "exponent": "1",
            "rate": "0.05",
            "taker_only": True,
            "rebate_rate": "0.25",
        },
    },
    "market_resolved": {
        "event_type": "market_resolved",
        "id": "1031769",
        "market": CONDITION,
        "assets_ids": [YES, NO],
        "winning_asset_id": YES,
        "winning_outcome": "Yes",
        "event_message": {"id": "125819", "ticker": "t", "slug": "s", "title": "T"},
        "timestamp": TS_MS,
        "tags": [],
    },
}
_MAKER: Final[Frame] = {
    "order_id": "0x" + "11" * 32,
    "owner": "0b8f5a2e-0000-4000-8000-000000000002",
    "maker_address": "0x" + "22" * 20,
    "matched_amount": "30.5",
    "price": "0.48",
    "fee_rate_bps": "0",
    "asset_id": NO,
    "outcome": "No",
    "outcome_index": 1,
    "side": "BUY",
}
_USER: Final[dict[str, Frame]] = {
    "order": {
        "event_type": "order",
        "type": "PLACEMENT",
        "id": ORDER,
        "owner": KEY,
        "order_owner": KEY,
        "market": CONDITION,
        "asset_id": YES,
        "side": "BUY",
        "original_size": "100",
        "size_matched": "0",
        "price": "0.52",
        "associate_trades": ["t-1", "t-2"],
        "outcome": "Yes",
        "order_type": "GTC",
        "expiration": "1790999999",
        "status": "LIVE",
        "maker_address": WALLET,
        "created_at": "1790908667",
        "timestamp": TS_MS,
    },
    "trade": {
        "event_type": "trade",
        "type": "TRADE",
        "id": "7c0c5a2e-0000-4000-8000-000000000003",
        "taker_order_id": ORDER,
        "market": CONDITION,
        "asset_id": YES,
        "side": "BUY",
        "size": "50.75",
        "price": "0.52",
        "fee_rate_bps": "0",
        "status": "MATCHED",
        "match_time": "1790908667",
        "last_update": "1790908668",
        "timestamp": TS_MS,
        "outcome": "Yes",
        "owner": KEY,
        "trade_owner": KEY,
        "maker_address": WALLET,
        "transaction_hash": "0x" + "ee" * 32,
        "bucket_index": 0,
        "trader_side": "TAKER",
        "maker_orders": [
            _MAKER,
            {**_MAKER, "asset_id": YES, "outcome": "Yes", "outcome_index": 0, "side": "SELL"}
            | {"price": "0.52", "matched_amount": "20.25", "order_id": "0x" + "12" * 32},
        ],
    },
}
FULL: Final = _FEED | _USER
FEED_TYPES: Final = frozenset(_FEED)
USER_TYPES: Final = frozenset(_USER)
REQUIRED: Final = {
    "book": {"market", "asset_id", "timestamp", "bids", "asks"},
    "price_change": {"market", "timestamp", "price_changes"},
    "last_trade_price": {"market", "asset_id", "price"},
    "tick_size_change": {"market", "asset_id", "new_tick_size"},
    "best_bid_ask": {"market", "asset_id"},
    "new_market": {"market"},
    "market_resolved": {"market"},
    "order": {"id", "market", "type"},
    "trade": {"id", "market", "asset_id", "side", "size", "price", "status", "owner"}
    | {"taker_order_id", "trade_owner", "matched_amount"},
}
NEVER_NULL: Final = {"book": {"hash"}}
ORDER_STATUSES: Final = (
    *("LIVE", "MATCHED", "CANCELED", "INVALID", "CANCELED_MARKET_RESOLVED", "DELAYED"),
    *("UNMATCHED", "CANCELED_NOT_ENOUGH_BALANCE", "CANCELED_MARKET_NOT_FOUND"),
    *("CANCELED_EXPIRED_ORDER", "CANCELED_ORDER_TIMED_OUT"),
    "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed.",
)
TRADE_STATUSES: Final = (
    *("MATCHED", "MATCHED_NOT_BROADCASTED", "MINED", "CONFIRMED", "RETRYING", "FAILED"),
)


def variant(kind: str, **changes: Any) -> Frame:
    """The full frame of a type with other values; `...` leaves a field out."""
    frame = copy.deepcopy(FULL[kind]) | changes
    return {name: value for name, value in frame.items() if value is not ...}


def corpus() -> Iterator[tuple[str, Frame]]:
    """(what is special about it, frame)."""
    for kind, full in FULL.items():
        yield f"{kind}: full", copy.deepcopy(full)
        for name in full.keys() - REQUIRED[kind] - {"event_type"}:
            yield f"{kind}: no {name}", variant(kind, **{name: ...})
            if name not in NEVER_NULL.get(kind, ()):
                yield f"{kind}: null {name}", variant(kind, **{name: None})
    yield from _books()
    yield from _changes()
    yield from _prints()
    yield from _orders()
    yield from _trades()


def _books() -> Iterator[tuple[str, Frame]]:
    yield "book: empty", variant("book", bids=[], asks=[])
    rows = [{"price": price, "size": "5"} for price in ("0", "0.5", "1")]
    yield "book: no quotes", variant("book", bids=rows, asks=[{"price": "0.6", "size": "0"}])
    yield "book: no trade yet", variant("book", last_trade_price="")
    yield "book: number of a time", variant("book", timestamp=int(TS_MS))
    for tick in ("0.1", "0.005", "0.0025", "0.001", "0.0001"):
        yield f"book: tick {tick}", variant("book", tick_size=tick)


def _changes() -> Iterator[tuple[str, Frame]]:
    kind = "price_change"
    yield f"{kind}: a level goes", change("0.85", "0", "BUY", bid="0.84", ask="0.86")
    yield f"{kind}: an ask", change("0.86", "12.5", "SELL", bid="0.84", ask="0.86")
    yield f"{kind}: fine price", change("0.8505", "1", "BUY", bid="0.8505", ask="0.86")
    for bid, ask in (("", ""), ("0", "1"), ("0.2", ""), ("0", "0.9"), (None, None)):
        yield f"{kind}: tops {bid!r} {ask!r}", change("0.5", "0", "BUY", bid=bid, ask=ask)
    two = change("0.85", "1", "BUY", bid="0.85", ask="0.86")
    more = change("0.84", "0", "BUY", bid="0.85", ask="0.86")
    two["price_changes"] += more["price_changes"]
    yield f"{kind}: two levels", two
    swapped = change("0.85", "1", "BUY", bid="0.85", ask="0.86")
    swapped["price_changes"].reverse()
    yield f"{kind}: named for the other token", swapped


def change(price: str, size: str, side: str, *, bid: str | None, ask: str | None) -> Frame:
    """One level's new size, as both tokens tell it; a top of None is left out."""
    frame = variant("price_change")
    ours, mirror = frame["price_changes"]
    ours |= {"price": price, "size": size, "side": side, "best_bid": bid, "best_ask": ask}
    flipped = "SELL" if side == "BUY" else "BUY"
    tops = {"best_bid": opposite(ask), "best_ask": opposite(bid)}
    mirror |= {"price": opposite(price), "size": size, "side": flipped, **tops}
    for entry in (ours, mirror):
        for name in ("best_bid", "best_ask"):
            if entry[name] is None:
                del entry[name]
    return frame


def opposite(price: str | None) -> str | None:
    """The other token's price, with as many decimals as it needs."""
    if not price:
        return price
    places = len(price.partition(".")[2])
    rest = 10**places - int(price.replace(".", ""))
    text = f"{rest // 10**places}.{rest % 10**places:0{places}d}" if places else str(rest)
    return text.rstrip("0").rstrip(".") if places else text


def _prints() -> Iterator[tuple[str, Frame]]:
    for asset_id in (YES, NO):
        for side in ("BUY", "SELL"):
            yield (
                f"last_trade_price: {side} {asset_id[:3]}",
                variant("last_trade_price", asset_id=asset_id, side=side),
            )
        yield f"tick_size_change: {asset_id[:3]}", variant("tick_size_change", asset_id=asset_id)
        yield f"best_bid_ask: {asset_id[:3]}", variant("best_bid_ask", asset_id=asset_id)
    yield "last_trade_price: no rate", variant("last_trade_price", fee_rate_bps="")
    yield "best_bid_ask: empty", variant("best_bid_ask", best_bid="", best_ask="", spread="")
    yield "tick_size_change: back", variant("tick_size_change", new_tick_size="0.01")
    yield "market_resolved: of another", variant("market_resolved", market="0xfar")
    numbers = {"line": 2.5, "taker_base_fee": 1000, "id": 1_031_769, "timestamp": int(TS_MS)}
    yield "new_market: numbers", variant("new_market", **numbers)
    fee = {"exponent": 1, "rate": 0.05, "taker_only": False, "rebate_rate": 0.25}
    yield "new_market: fee in numbers", variant("new_market", fee_schedule=fee)
    blank = {"sports_market_type": "", "line": "", "game_start_time": "", "description": ""}
    yield "new_market: blanks", variant("new_market", **blank)


def _orders() -> Iterator[tuple[str, Frame]]:
    for kind in ("PLACEMENT", "UPDATE", "CANCELLATION", "A_NEW_TYPE"):
        yield f"order: {kind}", variant("order", type=kind, size_matched="12.345678")
    for status in (*ORDER_STATUSES, "A_NEW_STATUS"):
        yield f"order: {status}", variant("order", status=status)
        yield f"order: prefixed {status}", variant("order", status="ORDER_STATUS_" + status)
    for order_type in ("GTC", "GTD", "FOK", "FAK", "A_NEW_TYPE"):
        yield f"order: {order_type}", variant("order", order_type=order_type)
    yield "order: SELL of NO", variant("order", side="SELL", asset_id=NO, outcome="No")
    yield "order: no trades", variant("order", associate_trades=[])
    numbers = {"created_at": 1_790_908_667, "timestamp": int(TS_MS), "expiration": 0}
    yield "order: times as numbers", variant("order", **numbers)


def _trades() -> Iterator[tuple[str, Frame]]:
    for status in (*TRADE_STATUSES, "A_NEW_STATUS"):
        yield f"trade: {status}", variant("trade", status=status)
        yield f"trade: prefixed {status}", variant("trade", status="TRADE_STATUS_" + status)
    yield "trade: matchtime", variant("trade", match_time=..., matchtime="1790908667")
    yield "trade: SELL", variant("trade", side="SELL")
    for side in ("MAKER", "maker", "", "A_NEW_SIDE"):
        yield f"trade: trader_side {side!r}", variant("trade", trader_side=side)
    yield "trade: no makers", variant("trade", maker_orders=[])
    numbers = {"match_time": 1_790_908_667, "last_update": 1_790_908_668, "bucket_index": "0"}
    yield "trade: numbers and texts swapped", variant("trade", **numbers)
    for name in _MAKER.keys() - {"matched_amount", "price"}:
        maker = {key: value for key, value in _MAKER.items() if key != name}
        yield f"trade: maker without {name}", variant("trade", maker_orders=[maker])
