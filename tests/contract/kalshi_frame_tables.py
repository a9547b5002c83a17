"""What every WebSocket frame of Kalshi is made of: {frame: {field: kind}}.

Written from Kalshi docs, asyncapi 2.0.0, 2026-10. Fields that are deprecated are still required:
`side`, `action`, `taker_side`, `is_yes`, `purchased_side` and the times beside `ts_ms`.
"""

from typing import Any, Final

from tests.contract.kalshi_kinds import (
    BID_ASK,
    COUNT,
    FEE_TYPE,
    ID,
    MONEY,
    NUMBER,
    PRICE,
    RANGE,
    RETURN_TYPE,
    SIGNED,
    TEXT,
    TIME,
    TIME_MS,
    YES_NO,
    Field,
    Kind,
    Sometimes,
    Table,
    When,
    words,
)


def frame(kind: str, msg: Kind, *, has_seq: bool = False, **more: Field) -> Table:
    """Return the table of a frame of a subscription."""
    seq: Table = {"seq": int} if has_seq else {}
    return {"type": words(kind), "sid": int, **seq, "sending_ts_ms": int, "msg": msg, **more}


def lifecycle(event_type: str, **more: Field) -> Table:
    """Return the table of a frame about a market's life."""
    msg: Table = {"event_type": words(event_type), "market_ticker": ID, **more}
    return frame("market_lifecycle_v2", msg, has_seq=True)


MARKET: Final[Table] = {"market_ticker": ID, "market_id": ID}
LEVELS: Final[Kind] = [[PRICE, COUNT]]
STRUCTURE: Final[Table] = {"price_level_structure": ID, "price_ranges": [RANGE]}


def is_limited(message: dict[str, Any]) -> bool:
    """Tell whether an event of an order group speaks of its limit."""
    return message["event_type"] in ("created", "limit_updated")


def is_expiring(message: dict[str, Any]) -> bool:
    """Tell whether this is the one order of the world that expires, and has a group."""
    return message["client_order_id"] in ("full", "again")


TICKER: Final[Table] = {
    **MARKET,
    "price_dollars": PRICE,
    "yes_bid_dollars": PRICE,
    "yes_ask_dollars": PRICE,
    "yes_bid_size_fp": COUNT,
    "yes_ask_size_fp": COUNT,
    "last_trade_size_fp": COUNT,
    "volume_fp": COUNT,
    "open_interest_fp": COUNT,
    "dollar_volume": int,
    "dollar_open_interest": int,
    "ts_ms": int,
    "ts": int,
    "time": TIME,
}
TRADE: Final[Table] = {
    "trade_id": ID,
    "market_ticker": ID,
    "yes_price_dollars": PRICE,
    "no_price_dollars": PRICE,
    "count_fp": COUNT,
    "taker_outcome_side": YES_NO,
    "taker_book_side": BID_ASK,
    "taker_side": YES_NO,
    "is_block_trade": bool,
    "ts_ms": int,
    "ts": int,
}
FILL: Final[Table] = {
    "trade_id": ID,
    "order_id": ID,
    "client_order_id": Sometimes(ID),
    "market_ticker": ID,
    "exchange_index": int,
    "is_taker": bool,
    "yes_price_dollars": PRICE,
    "count_fp": COUNT,
    "fee_cost": MONEY,
    "post_position_fp": SIGNED,
    "outcome_side": YES_NO,
    "book_side": BID_ASK,
    "ts_ms": int,
    "subaccount": int,
    "side": YES_NO,
    "action": words("buy", "sell", "sell_partial", "sell_to_close", ""),
    "purchased_side": YES_NO,
    "ts": int,
}
USER_ORDER: Final[Table] = {
    "order_id": ID,
    "user_id": ID,
    "ticker": ID,
    "exchange_index": int,
    "status": words("resting", "canceled", "executed"),
    "outcome_side": YES_NO,
    "book_side": BID_ASK,
    "yes_price_dollars": PRICE,
    "fill_count_fp": COUNT,
    "remaining_count_fp": COUNT,
    "initial_count_fp": COUNT,
    "taker_fill_cost_dollars": MONEY,
    "maker_fill_cost_dollars": MONEY,
    "taker_fees_dollars": MONEY,
    "maker_fees_dollars": MONEY,
    "client_order_id": TEXT,
    "order_group_id": When(ID, is_expiring),
    "self_trade_prevention_type": words("taker_at_cross", "maker"),
    "created_ts_ms": int,
    "last_updated_ts_ms": int,
    "expiration_ts_ms": When(int, is_expiring),
    "last_update_reason": Sometimes(
        words("Trade", "Amend", "Decrease", "CloseCancel", "SelfTradeCancel")
    ),
    "subaccount_number": int,
    "side": YES_NO,
    "is_yes": bool,
    "created_time": TIME_MS,
    "last_update_time": TIME_MS,
    "expiration_time": When(TIME_MS, is_expiring),
}
POSITION: Final[Table] = {
    "user_id": ID,
    "market_ticker": ID,
    "position_fp": SIGNED,
    "position_cost_dollars": MONEY,
    "realized_pnl_dollars": MONEY,
    "fees_paid_dollars": MONEY,
    "position_fee_cost_dollars": MONEY,
    "volume_fp": COUNT,
    "subaccount": int,
}
METADATA: Final[Table] = {
    "name": TEXT,
    "title": TEXT,
    "yes_sub_title": TEXT,
    "no_sub_title": TEXT,
    "rules_primary": TEXT,
    "rules_secondary": TEXT,
    "can_close_early": bool,
    "event_ticker": ID,
    "expected_expiration_ts": int,
    "strike_type": ID,
}
SUBSCRIPTION: Final[Table] = {"channel": ID, "sid": int}

FRAMES: Final[dict[str, Kind]] = {
    # -- answers to commands -------------------------------------------------------------------
    "subscribed": {
        "id": int,
        "type": words("subscribed"),
        "msg": SUBSCRIPTION,
        "sending_ts_ms": int,
    },
    "ok update": frame("ok", {"market_tickers": [ID]}, has_seq=True, id=int),
    "ok list": {"id": int, "type": words("ok"), "msg": [SUBSCRIPTION], "sending_ts_ms": int},
    "unsubscribed": {
        "id": int,
        "type": words("unsubscribed"),
        "sid": int,
        "seq": int,
        "sending_ts_ms": int,
    },
    "error": {
        "id": int,
        "type": words("error"),
        "msg": {"code": int, "msg": TEXT, "market_tickers": Sometimes([ID])},
        "sending_ts_ms": int,
        # Errors of a subscription say which.
        "sid": Sometimes(int),
        "seq": Sometimes(int),
    },
    # -- books ---------------------------------------------------------------------------------
    "orderbook_snapshot": frame(
        "orderbook_snapshot",
        {
            **MARKET,
            "clock": int,
            # A side without levels has no key.
            "yes_dollars_fp": Sometimes(LEVELS),
            "no_dollars_fp": Sometimes(LEVELS),
        },
        has_seq=True,
        # Of the command, if one asked for it.
        id=Sometimes(int),
    ),
    "orderbook_delta": frame(
        "orderbook_delta",
        {
            **MARKET,
            "clock": int,
            "price_dollars": PRICE,
            "delta_fp": SIGNED,
            "side": YES_NO,
            "ts": TIME,
            "ts_ms": int,
            # Of one's own orders.
            "client_order_id": Sometimes(ID),
            "subaccount": Sometimes(int),
        },
        has_seq=True,
    ),
    # -- trading -------------------------------------------------------------------------------
    "ticker": frame("ticker", TICKER),
    "trade": frame("trade", TRADE, has_seq=True),
    "fill": frame("fill", FILL),
    "user_order": frame("user_order", USER_ORDER),
    "market_position": frame("market_position", POSITION),
    "order_group_updates": frame(
        "order_group_updates",
        {
            "event_type": words("created", "triggered", "reset", "deleted", "limit_updated"),
            "order_group_id": ID,
            "contracts_limit_fp": When(COUNT, is_limited),
            "ts_ms": int,
        },
        has_seq=True,
    ),
    # -- lifecycle -----------------------------------------------------------------------------
    "created": lifecycle(
        "created",
        open_ts=int,
        close_ts=int,
        **STRUCTURE,
        exchange_index=int,
        additional_metadata=METADATA,
    ),
    "activated": lifecycle("activated", is_deactivated=bool),
    "deactivated": lifecycle("deactivated", is_deactivated=bool),
    "close_date_updated": lifecycle("close_date_updated", close_ts=int),
    "determined": lifecycle(
        "determined",
        result=words("yes", "no", "scalar"),
        settlement_value=PRICE,
        determination_ts=int,
    ),
    "settled": lifecycle("settled", settled_ts=int),
    "price_level_structure_updated": lifecycle("price_level_structure_updated", **STRUCTURE),
    "metadata_updated": lifecycle("metadata_updated", yes_sub_title=Sometimes(TEXT)),
    "event_lifecycle": frame(
        "event_lifecycle",
        {
            "event_ticker": ID,
            "exchange_index": int,
            "series_ticker": ID,
            "title": TEXT,
            "subtitle": TEXT,
            "collateral_return_type": RETURN_TYPE,
        },
        has_seq=True,
    ),
    "event_fee_update": frame(
        "event_fee_update",
        {
            "event_ticker": ID,
            "fee_type_override": (FEE_TYPE, None),
            "fee_multiplier_override": (*NUMBER, None),
        },
        has_seq=True,
    ),
}
