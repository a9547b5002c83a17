"""Frames as Kalshi documents them (AsyncAPI 2.0.0 of 2026-10-26), written for these tests.

One full frame of each type, and from it: each optional field left out or null, each word of an
enumeration, and the spellings that are documented beside the usual one.
"""

import copy
from collections.abc import Iterator
from typing import Any, Final

Frame = dict[str, Any]

TICKER: Final = "KXRAIN-26DEC31-T5"
OTHER: Final = "KXSNOW-26DEC31-B2.5"
MARKET_IDS: Final = {
    TICKER: "5f0c8a52-0000-4000-8000-000000000001",
    OTHER: "5f0c8a52-0000-4000-8000-000000000002",
}
SENT_MS: Final = 1_790_000_000_500
TS_MS: Final = 1_790_000_000_456
TS: Final = 1_790_000_000
RFC_3339: Final = "2026-09-21T14:13:20.456Z"

FULL: Final[dict[str, Frame]] = {
    "orderbook_snapshot": {
        "type": "orderbook_snapshot",
        "id": 4,
        "sid": 1,
        "seq": 1,
        "sending_ts_ms": SENT_MS,
        "msg": {
            "market_ticker": TICKER,
            "market_id": MARKET_IDS[TICKER],
            "clock": 4_182_057,
            "yes_dollars_fp": [["0.4100", "10.00"], ["0.4200", "13.07"], ["0.0010", "0.01"]],
            "no_dollars_fp": [["0.5600", "17.00"], ["0.9990", "1000000.00"]],
        },
    },
    "orderbook_delta": {
        "type": "orderbook_delta",
        "sid": 1,
        "seq": 2,
        "sending_ts_ms": SENT_MS,
        "msg": {
            "market_ticker": TICKER,
            "market_id": MARKET_IDS[TICKER],
            "clock": 4_182_061,
            "price_dollars": "0.4200",
            "delta_fp": "-3.05",
            "side": "yes",
            "ts": RFC_3339,
            "ts_ms": TS_MS,
            "client_order_id": "0f6f2f8e-6a54-4f53-9f1f-0b1c1f9f4e11",
            "subaccount": 0,
        },
    },
    "ticker": {
        "type": "ticker",
        "sid": 3,
        "sending_ts_ms": SENT_MS,
        "msg": {
            "market_id": MARKET_IDS[TICKER],
            "market_ticker": TICKER,
            "price_dollars": "0.4810",
            "yes_bid_dollars": "0.4500",
            "yes_ask_dollars": "0.5300",
            "yes_bid_size_fp": "300.00",
            "yes_ask_size_fp": "150.25",
            "last_trade_size_fp": "25.00",
            "volume_fp": "33896.00",
            "open_interest_fp": "20422.50",
            "dollar_volume": 16_948,
            "dollar_open_interest": 10_211,
            "ts": TS,
            "ts_ms": TS_MS,
            "time": RFC_3339,
        },
    },
    "trade": {
        "type": "trade",
        "sid": 5,
        "seq": 12,
        "sending_ts_ms": SENT_MS,
        "msg": {
            "trade_id": "d91bc706-0000-4000-8000-000000000003",
            "market_ticker": TICKER,
            "yes_price_dollars": "0.3605",
            "no_price_dollars": "0.6395",
            "count_fp": "136.40",
            "taker_side": "no",
            "taker_outcome_side": "no",
            "taker_book_side": "ask",
            "is_block_trade": False,
            "ts": TS,
            "ts_ms": TS_MS,
        },
    },
    "fill": {
        "type": "fill",
        "sid": 4,
        "sending_ts_ms": SENT_MS,
        "msg": {
            "trade_id": "b1c2d3e4-0000-4000-8000-000000000004",
            "order_id": "c6b1a2f3-0000-4000-8000-000000000005",
            "client_order_id": "0f6f2f8e-6a54-4f53-9f1f-0b1c1f9f4e11",
            "market_ticker": TICKER,
            "exchange_index": 2,
            "is_taker": True,
            "side": "no",
            "action": "buy",
            "purchased_side": "no",
            "outcome_side": "no",
            "book_side": "ask",
            "yes_price_dollars": "0.5700",
            "count_fp": "25.00",
            "fee_cost": "0.429001",
            "post_position_fp": "-25.00",
            "ts": TS,
            "ts_ms": TS_MS,
            "subaccount": 3,
        },
    },
    "user_order": {
        "type": "user_order",
        "sid": 6,
        "sending_ts_ms": SENT_MS,
        "msg": {
            "order_id": "c6b1a2f3-0000-4000-8000-000000000005",
            "user_id": "a1b2c3d4-0000-4000-8000-000000000006",
            "ticker": TICKER,
            "exchange_index": 2,
            "status": "resting",
            "side": "yes",
            "is_yes": True,
            "outcome_side": "yes",
            "book_side": "bid",
            "yes_price_dollars": "0.3500",
            "fill_count_fp": "2.50",
            "remaining_count_fp": "7.50",
            "initial_count_fp": "10.00",
            "taker_fill_cost_dollars": "0.875000",
            "maker_fill_cost_dollars": "0.000001",
            "taker_fees_dollars": "0.039900",
            "maker_fees_dollars": "0.000000",
            "client_order_id": "0f6f2f8e-6a54-4f53-9f1f-0b1c1f9f4e11",
            "order_group_id": "og_7",
            "self_trade_prevention_type": "taker_at_cross",
            "created_time": "2026-09-21T14:13:20.000Z",
            "created_ts_ms": 1_790_000_000_000,
            "last_update_time": RFC_3339,
            "last_updated_ts_ms": TS_MS,
            "expiration_time": "2026-09-21T15:13:20.000Z",
            "expiration_ts_ms": 1_790_003_600_000,
            "last_update_reason": "Trade",
            "subaccount_number": 0,
        },
    },
    "market_position": {
        "type": "market_position",
        "sid": 7,
        "sending_ts_ms": SENT_MS,
        "msg": {
            "user_id": "a1b2c3d4-0000-4000-8000-000000000006",
            "market_ticker": TICKER,
            "position_fp": "-100.25",
            "position_cost_dollars": "50.0025",
            "realized_pnl_dollars": "-10.000001",
            "fees_paid_dollars": "1.0000",
            "position_fee_cost_dollars": "0.5000",
            "volume_fp": "115.00",
            "subaccount": 0,
        },
    },
    "market_lifecycle_v2": {
        "type": "market_lifecycle_v2",
        "sid": 8,
        "seq": 3,
        "sending_ts_ms": SENT_MS,
        "msg": {
            "event_type": "created",
            "market_ticker": OTHER,
            "exchange_index": 0,
            "open_ts": 1_790_000_000,
            "close_ts": 1_798_700_000,
            "price_level_structure": "tapered_deci_cent",
            "price_ranges": [
                {"start": "0.0000", "end": "0.1000", "step": "0.0010"},
                {"start": "0.1000", "end": "0.9000", "step": "0.0100"},
                {"start": "0.9000", "end": "1.0000", "step": "0.0010"},
            ],
            "additional_metadata": {
                "name": "2.5 to 5 inches",
                "title": "How much snow in December?",
                "yes_sub_title": "2.5 to 5 inches",
                "no_sub_title": "not 2.5 to 5 inches",
                "rules_primary": "If at least 2.5 and at most 5 inches fall, then Yes.",
                "rules_secondary": "",
                "can_close_early": True,
                "event_ticker": "KXSNOW-26DEC31",
                "expected_expiration_ts": 1_798_800_000,
                "strike_type": "between",
                "floor_strike": 2.5,
                "cap_strike": 5,
                "functional_strike": "x",
                "custom_strike": {"Place": "Zürich"},
            },
        },
    },
    "event_lifecycle": {
        "type": "event_lifecycle",
        "sid": 8,
        "seq": 8,
        "sending_ts_ms": SENT_MS,
        "msg": {
            "event_ticker": "KXSNOW-26DEC31",
            "series_ticker": "KXSNOW",
            "exchange_index": 0,
            "title": "How much snow in December?",
            "subtitle": "Before 2027",
            "collateral_return_type": "MECNET",
            "strike_date": 1_798_700_000,
            "strike_period": "month",
        },
    },
    "event_fee_update": {
        "type": "event_fee_update",
        "sid": 8,
        "seq": 9,
        "sending_ts_ms": SENT_MS,
        "msg": {
            "event_ticker": "KXSNOW-26DEC31",
            "fee_type_override": "quadratic_with_maker_fees",
            "fee_multiplier_override": 0.5,
        },
    },
    "subscribed": {
        "type": "subscribed",
        "id": 1,
        "sending_ts_ms": SENT_MS,
        "msg": {"channel": "orderbook_delta", "sid": 1},
    },
    "ok": {
        "type": "ok",
        "id": 3,
        "sid": 1,
        "seq": 42,
        "sending_ts_ms": SENT_MS,
        "msg": {"market_tickers": [TICKER, OTHER]},
    },
    "unsubscribed": {
        "type": "unsubscribed",
        "id": 5,
        "sid": 2,
        "seq": 7,
        "sending_ts_ms": SENT_MS,
    },
    "error": {
        "type": "error",
        "id": 9,
        "sid": 1,
        "seq": 43,
        "sending_ts_ms": SENT_MS,
        "msg": {"code": 11, "msg": "Invalid parameter", "market_tickers": [TICKER, OTHER]},
    },
}
OPTIONAL: Final[dict[str, tuple[str, ...]]] = {
    "orderbook_snapshot": ("id", "market_id", "clock", "yes_dollars_fp", "no_dollars_fp"),
    "orderbook_delta": ("market_id", "clock", "ts", "ts_ms", "client_order_id", "subaccount"),
    "ticker": tuple(name for name in FULL["ticker"]["msg"] if name != "market_ticker"),
    "trade": (
        "no_price_dollars",
        "taker_side",
        "taker_outcome_side",
        "taker_book_side",
        "is_block_trade",
        "ts",
        "ts_ms",
    ),
    "fill": (
        "client_order_id",
        "exchange_index",
        "is_taker",
        "side",
        "action",
        "purchased_side",
        "outcome_side",
        "book_side",
        "post_position_fp",
        "ts",
        "ts_ms",
        "subaccount",
    ),
    "user_order": tuple(
        name for name in FULL["user_order"]["msg"] if name not in {"order_id", "status", "ticker"}
    ),
    "market_position": tuple(
        name
        for name in FULL["market_position"]["msg"]
        if name not in {"market_ticker", "position_fp"}
    ),
    "market_lifecycle_v2": (
        "exchange_index",
        "open_ts",
        "close_ts",
        "price_level_structure",
        "price_ranges",
        "additional_metadata",
    ),
    "event_lifecycle": tuple(
        name for name in FULL["event_lifecycle"]["msg"] if name != "event_ticker"
    ),
    "event_fee_update": ("fee_type_override", "fee_multiplier_override"),
    "ok": ("msg",),
    "error": ("market_tickers",),
}
WORDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "orderbook_delta": {"side": ("yes", "no")},
    "user_order": {
        "status": ("resting", "canceled", "executed", "unknown", "a_new_status"),
        "self_trade_prevention_type": ("taker_at_cross", "maker", "a_new_type"),
        "last_update_reason": (
            *("Decrease", "Amend", "MarginCancel", "SelfTradeCancel", "ExpiryCancel"),
            *("CloseCancel", "HaltCancel", "Trade", "PostOnlyCrossCancel", "ReduceOnlyCancel"),
            *("SettlementBoundsCancel", "ANewReason"),
        ),
    },
    "fill": {"action": ("buy", "sell", "sell_partial", "sell_to_close", "")},
    "market_lifecycle_v2": {
        "price_level_structure": (
            *("linear_cent", "deci_cent", "tapered_deci_cent", "banded_centi_cent"),
            *("center_centi_edge_centi_cent", "a_new_structure", ""),
        ),
    },
    "event_lifecycle": {"collateral_return_type": ("MECNET", "DIRECNET", "")},
    "event_fee_update": {
        "fee_type_override": (
            *("quadratic", "quadratic_with_maker_fees", "quadratic_with_combo_maker_fees"),
            *("flat", "a_new_type"),
        ),
    },
    "subscribed": {
        "channel": (
            *("orderbook_delta", "ticker", "trade", "fill", "user_orders", "market_positions"),
            *("market_lifecycle_v2", "order_group_updates"),
        )
    },
}
SIDES: Final = {"yes": "bid", "no": "ask"}
ERROR_CODES: Final = (*range(1, 6), *range(7, 16), *range(18, 29), 99)
LIFE: Final[dict[str, Frame]] = {
    "activated": {},
    "deactivated": {"is_deactivated": True},
    "close_date_updated": {"close_ts": 1_798_600_000},
    "determined yes": {"result": "yes", "determination_ts": TS, "settlement_value": "1.0000"},
    "determined no": {"result": "no", "determination_ts": TS, "settlement_value": "0.0000"},
    "determined scalar": {"result": "scalar", "determination_ts": TS, "settlement_value": "0.3125"},
    "settled": {"settled_ts": TS, "result": "no"},
    "price_level_structure_updated": {
        "price_level_structure": "deci_cent",
        "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}],
    },
    "metadata_updated strikes": {
        "strike_type": "between",
        "floor_strike": 95_000,
        "cap_strike": 95_250.5,
    },
    "metadata_updated words": {
        "name": "x",
        "title": "Above?",
        "yes_sub_title": "above $95,000",
        "no_sub_title": "at most $95,000",
        "rules_primary": "Rule 1",
        "rules_secondary": "Rule 2",
        "functional_strike": "f",
        "custom_strike": {"Team": "A"},
    },
    "metadata_updated nested": {"additional_metadata": {"yes_sub_title": "above $95,000"}},
    "a_new_event_type": {},
}


def variant(kind: str, where: str = "msg", **changes: Any) -> Frame:
    """The full frame of a type with other values; `...` leaves a field out."""
    frame = copy.deepcopy(FULL[kind])
    place = frame[where] if where else frame
    place.update(changes)
    for name in [name for name, value in place.items() if value is ...]:
        del place[name]
    return frame


def corpus() -> Iterator[tuple[str, Frame]]:
    """(what is special about it, frame)."""
    for kind, full in FULL.items():
        yield f"{kind}: full", copy.deepcopy(full)
        yield f"{kind}: unsent", variant(kind, "", sending_ts_ms=...)
        for name in OPTIONAL.get(kind, ()):
            where = "" if name in full else "msg"
            yield f"{kind}: no {name}", variant(kind, where, **{name: ...})
            if where and kind != "ok":
                yield f"{kind}: null {name}", variant(kind, where, **{name: None})
        for name, words in WORDS.get(kind, {}).items():
            for word in words:
                yield f"{kind}: {name} {word!r}", variant(kind, **{name: word})
    yield from _sides()
    yield from _books()
    yield from _control()
    yield from _times()
    for what, fields in LIFE.items():
        frame = copy.deepcopy(FULL["market_lifecycle_v2"])
        frame["msg"] = {"event_type": what.split()[0], "market_ticker": TICKER, **fields}
        yield f"market_lifecycle_v2: {what}", frame
    yield (
        "event_fee_update: cleared",
        variant("event_fee_update", fee_type_override=None, fee_multiplier_override=None),
    )


def _sides() -> Iterator[tuple[str, Frame]]:
    for outcome, book_side in SIDES.items():
        told = {"outcome_side": outcome, "book_side": book_side, "side": outcome}
        yield f"fill: {outcome}", variant("fill", **told, purchased_side=outcome)
        yield f"user_order: {outcome}", variant("user_order", **told, is_yes=outcome == "yes")
        taker = {f"taker_{name}": value for name, value in told.items()}
        yield f"trade: {outcome}", variant("trade", **taker)
    yield "fill: maker", variant("fill", is_taker=False)
    yield "trade: block", variant("trade", is_block_trade=True)
    yield "fill: finest", variant("fill", count_fp="0.01", yes_price_dollars="0.0001")
    yield "fill: two decimals", variant("fill", count_fp="1", yes_price_dollars="0.57")


def _books() -> Iterator[tuple[str, Frame]]:
    kind = "orderbook_snapshot"
    yield f"{kind}: no sides", variant(kind, yes_dollars_fp=..., no_dollars_fp=...)
    yield f"{kind}: empty sides", variant(kind, yes_dollars_fp=[], no_dollars_fp=[])
    unopened = [["0.0000", "0.00"], ["1.0000", "0.00"], ["0.5000", "0.00"]]
    yield f"{kind}: no quotes", variant(kind, yes_dollars_fp=unopened, no_dollars_fp=unopened)
    yield f"{kind}: own time", variant(kind, ts_ms=TS_MS)
    for price in ("0.0001", "0.01", "0.5", "0.9999"):
        yield f"orderbook_delta: at {price}", variant("orderbook_delta", price_dollars=price)
    for price in ("0.0000", "1.0000"):
        empty = {"yes_bid_dollars": price, "yes_ask_dollars": price, "price_dollars": price}
        sizes = {"yes_bid_size_fp": "0.00", "yes_ask_size_fp": "0.00"}
        yield f"ticker: empty at {price}", variant("ticker", **empty, **sizes)


def _control() -> Iterator[tuple[str, Frame]]:
    for code in ERROR_CODES:
        frame = variant("error", "", sid=..., seq=...)
        frame["msg"] = {"code": code, "msg": f"Text of {code}"}
        yield f"error: {code}", frame
    yield "error: one market", variant("error", market_tickers=..., market_ticker=TICKER)
    listed = variant("ok", "", sid=..., seq=...)
    listed["msg"] = [{"channel": "orderbook_delta", "sid": 1}, {"channel": "fill", "sid": 3}]
    yield "ok: list of subscriptions", listed
    yield "ok: skipped ticker ack", variant("ok", "", msg={})
    yield "unsubscribed: unnumbered", variant("unsubscribed", "", sid=..., seq=...)


def _times() -> Iterator[tuple[str, Frame]]:
    """Times that only a deprecated field tells."""
    for kind in ("fill", "trade", "ticker"):
        frame = variant(kind, ts_ms=...)
        del frame["sending_ts_ms"]
        yield f"{kind}: only ts", frame
    frame = variant("orderbook_delta", ts_ms=...)
    del frame["sending_ts_ms"]
    yield "orderbook_delta: only ts", frame
    untold: Frame = {"created_ts_ms": None, "last_updated_ts_ms": None, "expiration_ts_ms": ...}
    yield "user_order: only texts of times", variant("user_order", **untold)
