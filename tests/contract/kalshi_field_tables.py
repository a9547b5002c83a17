"""What every REST answer of Kalshi is made of: {route: {field: kind}}.

Written from Kalshi docs, openapi 3.34.0, 2026-10. A table is complete: a field that it does not
name must not be there. Fields that were once there and are gone are in `REMOVED`.
"""

from typing import Any, Final

from tests.contract.kalshi_kinds import (
    BID_ASK,
    COUNT,
    ERROR,
    FEE_TYPE,
    HOUR,
    ID,
    INSTANCE,
    MONEY,
    MONEY4,
    NUMBER,
    PRICE,
    RANGE,
    RETURN_TYPE,
    SECOND,
    SIGNED,
    TEXT,
    TIME,
    YES_NO,
    Kind,
    Sometimes,
    Table,
    When,
    without,
    words,
)

# -- public ------------------------------------------------------------------------------------

FLAGS: Final[Table] = {
    "exchange_active": bool,
    "trading_active": bool,
    "intra_exchange_transfers_active": bool,
}


def is_determined(market: dict[str, Any]) -> bool:
    """Tell whether a market has a value."""
    return str(market["result"]) != ""


MARKET: Final[Table] = {
    "ticker": ID,
    "event_ticker": ID,
    "market_type": words("binary", "scalar"),
    "title": TEXT,
    "subtitle": TEXT,
    "yes_sub_title": TEXT,
    "no_sub_title": TEXT,
    "created_time": TIME,
    "updated_time": TIME,
    "open_time": TIME,
    "close_time": TIME,
    "latest_expiration_time": TIME,
    "expected_expiration_time": TIME,
    "fee_waiver_expiration_time": When(TIME, lambda m: m["ticker"] == "KXWAIVED-26-A"),
    "settlement_timer_seconds": int,
    "status": words("initialized", "inactive", "active", "closed", "determined", "finalized"),
    "yes_bid_dollars": PRICE,
    "yes_ask_dollars": PRICE,
    "no_bid_dollars": PRICE,
    "no_ask_dollars": PRICE,
    "yes_bid_size_fp": COUNT,
    "yes_ask_size_fp": COUNT,
    "last_price_dollars": PRICE,
    "previous_price_dollars": PRICE,
    "previous_yes_bid_dollars": PRICE,
    "previous_yes_ask_dollars": PRICE,
    "volume_fp": COUNT,
    "volume_24h_fp": COUNT,
    "open_interest_fp": COUNT,
    "notional_value_dollars": words("1.0000"),
    "result": words("yes", "no", "scalar", ""),
    "settlement_value_dollars": When(PRICE, is_determined),
    "settlement_ts": When(TIME, lambda m: m["status"] == "finalized"),
    "settlement_bounds_type": words("default", "floor"),
    "settlement_floor_dollars": When(PRICE, lambda m: m["settlement_bounds_type"] == "floor"),
    "can_close_early": bool,
    "early_close_condition": TEXT,
    "expiration_value": TEXT,
    "rules_primary": TEXT,
    "rules_secondary": TEXT,
    "strike_type": ID,
    "price_level_structure": words("linear_cent", "deci_cent", "tapered_deci_cent"),
    "price_ranges": [RANGE],
    "exchange_index": int,
}
OLD_MARKET: Final[Table] = {
    **without(MARKET, "fee_waiver_expiration_time", "settlement_floor_dollars"),
    "status": words("finalized"),
    "settlement_value_dollars": PRICE,
    "settlement_ts": TIME,
}
SOURCES: Final[Kind] = [{"name": TEXT, "url": TEXT}]
EVENT: Final[Table] = {
    "event_ticker": ID,
    "series_ticker": ID,
    "title": TEXT,
    "sub_title": TEXT,
    "collateral_return_type": RETURN_TYPE,
    "mutually_exclusive": bool,
    "settlement_sources": SOURCES,
    "category": TEXT,
    "markets": Sometimes([MARKET]),
    "last_updated_ts": TIME,
    "fee_type_override": Sometimes(FEE_TYPE),
    "fee_multiplier_override": Sometimes(NUMBER),
    "exchange_index": int,
}
SERIES: Final[Table] = {
    "ticker": ID,
    "frequency": ID,
    "title": TEXT,
    "category": TEXT,
    "categories": [TEXT],
    "tags": [TEXT],
    "settlement_sources": SOURCES,
    "contract_url": TEXT,
    "contract_terms_url": TEXT,
    "fee_type": FEE_TYPE,
    "fee_multiplier": NUMBER,
    "additional_prohibitions": [TEXT],
    "product_metadata": Sometimes({}),
    "volume_fp": Sometimes(COUNT),
    "exchange_index": int,
}
BOOK: Final[Table] = {"yes_dollars": [[PRICE, COUNT]], "no_dollars": [[PRICE, COUNT]]}
TRADE: Final[Table] = {
    "trade_id": ID,
    "ticker": ID,
    "count_fp": COUNT,
    "yes_price_dollars": PRICE,
    "no_price_dollars": PRICE,
    "taker_side": YES_NO,
    "taker_outcome_side": YES_NO,
    "taker_book_side": BID_ASK,
    "created_time": TIME,
    "is_block_trade": bool,
}
HOURS: Final[Kind] = [{"open_time": HOUR, "close_time": HOUR}]
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FEE_CHANGE: Final[Table] = {"id": ID, "series_ticker": ID, "scheduled_ts": TIME}

PUBLIC: Final[dict[str, Kind]] = {
    "GET /exchange/status": {
        **FLAGS,
        "exchange_estimated_resume_time": None,
        "exchange_index_statuses": [{"exchange_index": int, "description": TEXT, **FLAGS}],
    },
    "GET /exchange/schedule": {
        "schedule": {
            "standard_hours": [
                {"start_time": SECOND, "end_time": SECOND, **dict.fromkeys(DAYS, HOURS)},
            ],
            "maintenance_windows": [{"start_datetime": SECOND, "end_datetime": SECOND}],
        }
    },
    "GET /exchange/user_data_timestamp": {"as_of_time": TIME},
    "GET /historical/cutoff": {
        "market_settled_ts": TIME,
        "trades_created_ts": TIME,
        "orders_updated_ts": TIME,
        "market_positions_last_updated_ts": TIME,
    },
    "GET /markets": {"markets": [MARKET], "cursor": TEXT},
    "GET /markets/{ticker}": {"market": MARKET},
    "GET /events": {"events": [EVENT], "cursor": TEXT, "milestones": Sometimes([{}])},
    "GET /events/{name}": {
        "event": EVENT,
        "markets": [MARKET],
    },
    "GET /events/multivariate": {"events": [EVENT], "cursor": TEXT},
    "GET /series": {"series": [SERIES]},
    "GET /series/{name}": {"series": SERIES},
    "GET /series/fee_changes": {
        "series_fee_change_arr": [{**FEE_CHANGE, "fee_type": FEE_TYPE, "fee_multiplier": NUMBER}]
    },
    "GET /events/fee_changes": {
        "event_fee_changes": [
            {
                **FEE_CHANGE,
                "event_ticker": ID,
                "fee_type_override": (FEE_TYPE, None),
                "fee_multiplier_override": (*NUMBER, None),
            }
        ],
        "cursor": TEXT,
    },
    "GET /markets/{ticker}/orderbook": {"orderbook_fp": BOOK},
    "GET /markets/orderbooks": {"orderbooks": [{"ticker": ID, "orderbook_fp": BOOK}]},
    "GET /markets/trades": {"trades": [TRADE], "cursor": TEXT},
    "GET /historical/trades": {"trades": [TRADE], "cursor": TEXT},
    "GET /historical/markets": {"markets": [OLD_MARKET], "cursor": TEXT},
    "GET /historical/markets/{ticker}": {"market": OLD_MARKET},
}

# -- orders ------------------------------------------------------------------------------------


def is_filled(order: dict[str, Any]) -> bool:
    """Tell whether an acknowledgement speaks of fills."""
    return order["fill_count"] not in (None, "0.00")


ACK: Final[Table] = {
    "order_id": ID,
    "client_order_id": Sometimes(ID),
    "fill_count": COUNT,
    "remaining_count": COUNT,
    "average_fill_price": When(PRICE, is_filled),
    "average_fee_paid": When(PRICE, is_filled),
    "ts_ms": int,
}
GONE: Final[Table] = {"order_id": ID, "reduced_by": COUNT, "ts_ms": int}
ORDER: Final[Table] = {
    "order_id": ID,
    "user_id": ID,
    "client_order_id": TEXT,
    "ticker": ID,
    "outcome_side": YES_NO,
    "book_side": BID_ASK,
    "side": YES_NO,
    "action": words("buy", "sell"),
    "type": words("limit", "market"),
    "status": words("resting", "canceled", "executed"),
    "yes_price_dollars": PRICE,
    "no_price_dollars": PRICE,
    "fill_count_fp": COUNT,
    "remaining_count_fp": COUNT,
    "initial_count_fp": COUNT,
    "taker_fees_dollars": MONEY,
    "maker_fees_dollars": MONEY,
    "taker_fill_cost_dollars": MONEY,
    "maker_fill_cost_dollars": MONEY,
    "expiration_time": When(TIME, lambda order: order["client_order_id"] == "again"),
    "created_time": TIME,
    "last_update_time": TIME,
    "self_trade_prevention_type": words("taker_at_cross", "maker"),
    "order_group_id": When(ID, lambda order: order["client_order_id"] == "again"),
    "cancel_order_on_pause": bool,
    "subaccount_number": int,
    "exchange_index": int,
}
FILL: Final[Table] = {
    "fill_id": ID,
    "trade_id": ID,
    "order_id": ID,
    "ticker": ID,
    "market_ticker": ID,
    "outcome_side": YES_NO,
    "book_side": BID_ASK,
    "side": YES_NO,
    "action": words("buy", "sell"),
    "count_fp": COUNT,
    "yes_price_dollars": PRICE,
    "no_price_dollars": PRICE,
    "is_taker": bool,
    "fee_cost": MONEY,
    "exchange_index": int,
    "created_time": TIME,
    "ts": int,
    "subaccount_number": int,
}
QUEUED: Final[Table] = {"queue_position_fp": COUNT}
EVENTS_ORDERS: Final = "/portfolio/events/orders"

ORDERS: Final[dict[str, Kind]] = {
    f"POST {EVENTS_ORDERS}": ACK,
    f"DELETE {EVENTS_ORDERS}": None,
    f"DELETE {EVENTS_ORDERS}/{{order_id}}": GONE,
    f"POST {EVENTS_ORDERS}/{{order_id}}/decrease": {
        "order_id": ID,
        "client_order_id": ID,
        "remaining_count": COUNT,
        "ts_ms": int,
    },
    f"POST {EVENTS_ORDERS}/{{order_id}}/amend": {
        "order_id": ID,
        "client_order_id": ID,
        "remaining_count": (COUNT, None),
        "fill_count": (COUNT, None),
        "average_fill_price": (PRICE, None),
        "average_fee_paid": (PRICE, None),
        "ts_ms": int,
    },
    f"POST {EVENTS_ORDERS}/batched": {
        "orders": [
            (
                without(ACK, "average_fill_price", "average_fee_paid"),
                {"client_order_id": Sometimes(ID), "error": without(ERROR, "details")},
            )
        ]
    },
    f"DELETE {EVENTS_ORDERS}/batched": {
        "orders": [
            (GONE, {"order_id": ID, "reduced_by": COUNT, "error": without(ERROR, "details")})
        ]
    },
    "GET /portfolio/orders": {"orders": [ORDER], "cursor": TEXT},
    "GET /portfolio/orders/{order_id}": {"order": ORDER},
    "GET /portfolio/orders/queue_positions": {
        "queue_positions": [{"order_id": ID, "market_ticker": ID, **QUEUED}]
    },
    "GET /portfolio/orders/{order_id}/queue_position": QUEUED,
    "GET /portfolio/fills": {"fills": [FILL], "cursor": TEXT},
}

# -- account -----------------------------------------------------------------------------------

PROFIT: Final[Table] = {"realized_pnl_dollars": MONEY, "fees_paid_dollars": MONEY}
POSITIONS: Final[Table] = {
    "market_positions": [
        {
            "ticker": ID,
            "exchange_index": int,
            "position_fp": SIGNED,
            "market_exposure_dollars": MONEY,
            "total_traded_dollars": MONEY,
            **PROFIT,
            "last_updated_ts": TIME,
        }
    ],
    "event_positions": [
        {
            "event_ticker": ID,
            "total_cost_dollars": MONEY,
            "total_cost_shares_fp": COUNT,
            "event_exposure_dollars": MONEY,
            **PROFIT,
        }
    ],
    "cursor": TEXT,
}
TRANSFER: Final[Table] = {
    "transfer_id": ID,
    "client_transfer_id": Sometimes(ID),
    "source": INSTANCE,
    "destination": INSTANCE,
    "source_exchange_shard": int,
    "destination_exchange_shard": int,
    "amount": MONEY,
    "status": words("pending", "complete"),
    "created_ts": int,
}
ALLOCATION: Final[Table] = {
    "allocations": [{"exchange_index": int, "percent": int}],
    "resting_margin_reservation": words("none", "max", "sum"),
}
BUCKET: Final[Table] = {"refill_rate": int, "bucket_capacity": int}
GROUP: Final[Table] = {
    "is_auto_cancel_enabled": bool,
    "contracts_limit_fp": COUNT,
    "exchange_index": int,
}
EMPTY: Final[Table] = {}
GROUPS: Final = "/portfolio/order_groups"
TRANSFERS: Final = "/portfolio/intra_exchange_instance_transfer"

ACCOUNT: Final[dict[str, Kind]] = {
    "GET /portfolio/positions": POSITIONS,
    "GET /historical/positions": POSITIONS,
    "GET /portfolio/balance": {
        "balance": int,
        "balance_dollars": MONEY4,
        "portfolio_value": int,
        "updated_ts": int,
        # Keys that are locked to a subaccount do not see it.
        "balance_breakdown": Sometimes([{"exchange_index": int, "balance": MONEY4}]),
    },
    "GET /portfolio/settlements": {
        "settlements": [
            {
                "ticker": ID,
                "exchange_index": int,
                "event_ticker": ID,
                "market_result": words("yes", "no", "scalar"),
                "yes_count_fp": COUNT,
                "yes_total_cost_dollars": MONEY,
                "no_count_fp": COUNT,
                "no_total_cost_dollars": MONEY,
                "revenue": int,
                "settled_time": TIME,
                "fee_cost": MONEY,
                "value": int,
            }
        ],
        "cursor": TEXT,
    },
    "GET /portfolio/summary/total_resting_order_value": {
        "total_resting_order_value": int,
        "resting_order_value_breakdown": [{"exchange_index": int, "balance": MONEY4}],
    },
    "GET /portfolio/deposits": {"deposits": [{}], "cursor": TEXT},
    "GET /portfolio/withdrawals": {"withdrawals": [{}], "cursor": TEXT},
    "GET /historical/orders": {"orders": [ORDER], "cursor": TEXT},
    "GET /historical/fills": {"fills": [FILL], "cursor": TEXT},
    f"POST {TRANSFERS}": {"transfer_id": ID},
    f"GET {TRANSFERS}s": {"transfers": [TRANSFER]},
    f"GET {TRANSFERS}s/{{transfer_id}}": {"transfer": TRANSFER},
    "GET /portfolio/target_balance_allocation": ALLOCATION,
    "POST /portfolio/target_balance_allocation": ALLOCATION,
    "GET /api_keys": {
        "api_keys": [
            {"api_key_id": ID, "name": TEXT, "scopes": [ID], "subaccount": Sometimes(int)}
        ],
        "api_key_region_expiration_ts": int,
    },
    "GET /account/limits": {
        "usage_tier": words("advanced"),
        "read": BUCKET,
        "write": BUCKET,
        "grants": [{"exchange_instance": INSTANCE, "level": ID, "source": words("manual")}],
    },
    "GET /account/endpoint_costs": {
        "default_cost": int,
        "endpoint_costs": [
            {"method": words("GET", "POST", "PUT", "DELETE"), "path": TEXT, "cost": int}
        ],
    },
    "POST /account/api_usage_level/upgrade": EMPTY,
    f"POST {GROUPS}/create": {"order_group_id": ID, "subaccount": int, "exchange_index": int},
    f"GET {GROUPS}": {"order_groups": [{"id": ID, **GROUP}]},
    f"GET {GROUPS}/{{group_id}}": {**GROUP, "orders": [ID]},
    f"PUT {GROUPS}/{{group_id}}/trigger": EMPTY,
    f"PUT {GROUPS}/{{group_id}}/reset": EMPTY,
    f"PUT {GROUPS}/{{group_id}}/limit": EMPTY,
    f"DELETE {GROUPS}/{{group_id}}": EMPTY,
    "POST /portfolio/subaccounts": {"subaccount_number": int},
    "POST /portfolio/subaccounts/transfer": EMPTY,
    "GET /portfolio/subaccounts/balances": {
        "subaccount_balances": [
            {
                "subaccount_number": int,
                "exchange_index": int,
                "balance": MONEY4,
                "updated_ts": int,
            }
        ]
    },
    "GET /portfolio/subaccounts/transfers": {
        "transfers": [
            {
                "transfer_id": ID,
                "from_subaccount": int,
                "to_subaccount": int,
                "amount_cents": int,
                "created_ts": int,
                "exchange_index": int,
            }
        ],
        "cursor": TEXT,
    },
}
