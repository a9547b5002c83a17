"""What each answer and event of Polymarket must hold: names and types, route by route.

Transcribed from the venue's documented and captured answers (docs.polymarket.com 2026-08-21, live
frames of 2026-10, PyPI polymarket-client 0.14.0), independently of simulator and clients. A kind is
a word of `KINDS`, several of them joined by "|", an object of kinds, or a list with the kind of all
its items (of which there must be one). A name that ends in "?" may be missing.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Shape = Any


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_encoded_list(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    inner = json.loads(value)
    return isinstance(inner, list) and all(isinstance(item, str) for item in inner)


KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "str": lambda value: isinstance(value, str),
    "text": lambda value: isinstance(value, str) and value != "",
    "blank": lambda value: value == "",
    "null": lambda value: value is None,
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "num": _is_number,
    "strs": lambda value: isinstance(value, list) and all(isinstance(x, str) for x in value),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "encoded": _is_encoded_list,
    "digits": _matches(r"\d+"),
    "decimal": _matches(r"\d+(\.\d+)?"),
    "address": _matches(r"0x[0-9a-fA-F]{40}"),
    "hash": _matches(r"0x[0-9a-fA-F]{64}"),
    # 31 bytes where tokens are position ids, else 32.
    "condition": _matches(r"0x[0-9a-fA-F]{62}([0-9a-fA-F]{2})?"),
    "sha1": _matches(r"[0-9a-f]{40}"),
    "uuid": _matches(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "date": _matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
    "side": lambda value: value in ("BUY", "SELL"),
}


def faults(shape: Shape, value: Any, place: str) -> list[str]:
    """Return what is missing or of another type, each with its place; [] when all is right."""
    if isinstance(shape, str):
        fits = any(KINDS[kind](value) for kind in shape.split("|"))
        return [] if fits else [f"{place}: {value!r} is no {shape}"]
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return [f"{place}: {value!r} is no list with items"]
        return [f for i, item in enumerate(value) for f in faults(shape[0], item, f"{place}[{i}]")]
    if not isinstance(value, dict):
        return [f"{place}: {value!r} is no object"]
    found: list[str] = []
    for name, inner in shape.items():
        key = name.removesuffix("?")
        if key in value:
            found += faults(inner, value[key], f"{place}.{key}")
        elif key == name:
            found.append(f"{place}.{key}: missing")
    return found


LEVEL: Final = {"price": "decimal", "size": "decimal"}
BOOK: Final = {
    "market": "condition", "asset_id": "digits", "timestamp": "digits", "hash": "sha1", "bids": [LEVEL],
    "asks": [LEVEL], "min_order_size": "decimal", "tick_size": "decimal", "neg_risk": "bool",
    "last_trade_price": "decimal|blank",
}  # fmt: skip
ORDER: Final = {
    "id": "hash", "status": "text", "owner": "uuid", "maker_address": "address", "market": "condition",
    "asset_id": "digits", "side": "side", "original_size": "decimal", "size_matched": "decimal",
    "price": "decimal", "outcome": "text", "expiration": "digits", "order_type": "text",
    "associate_trades": "strs", "created_at": "int",
}  # fmt: skip
MAKER_ORDER: Final = {
    "order_id": "hash", "owner": "uuid", "maker_address": "address", "matched_amount": "decimal",
    "price": "decimal", "fee_rate_bps": "decimal|blank", "asset_id": "digits", "outcome": "text",
    "outcome_index": "int", "side": "side",
}  # fmt: skip
TRADE: Final = {
    "id": "uuid", "taker_order_id": "hash", "market": "condition", "asset_id": "digits", "side": "side",
    "size": "decimal", "fee_rate_bps": "decimal|blank", "price": "decimal", "status": "text",
    "match_time": "digits", "last_update": "digits", "outcome": "text", "bucket_index": "int",
    "owner": "uuid", "maker_address": "address", "transaction_hash": "hash|blank",
    "trader_side": "text", "maker_orders": [MAKER_ORDER],
}  # fmt: skip
CLOB_MARKET: Final = {
    "condition_id": "condition", "question_id": "hash", "question": "text", "description": "text",
    "market_slug": "text", "active": "bool", "closed": "bool", "accepting_orders": "bool",
    "minimum_order_size": "num", "minimum_tick_size": "num", "neg_risk": "bool",
    "tokens": [{"token_id": "digits", "outcome": "text", "price": "num", "winner": "bool"}],
}  # fmt: skip
SIMPLE_MARKET: Final = {
    name: CLOB_MARKET[name]
    for name in ("condition_id", "active", "closed", "accepting_orders", "tokens")
}
FEE_SCHEDULE: Final = {"rate": "num", "exponent": "num", "takerOnly": "bool", "rebateRate": "num"}
GAMMA_EVENT: Final = {
    "id": "digits", "slug": "text", "title": "text", "negRisk": "bool", "enableNegRisk": "bool",
    "negRiskAugmented": "bool", "negRiskMarketID": "str", "series": "list",
}  # fmt: skip
GAMMA_NESTED: Final = {
    "id": "digits", "conditionId": "condition", "questionID": "hash", "slug": "text", "question": "text",
    "groupItemTitle": "str", "description": "text", "resolutionSource": "str", "endDate": "date",
    "outcomes": "encoded", "outcomePrices": "encoded", "clobTokenIds": "encoded|null",
    "positionIds?": "strs", "version": "text", "active": "bool", "closed": "bool",
    "archived": "bool", "acceptingOrders": "bool", "enableOrderBook": "bool",
    "umaResolutionStatus": "str", "negRisk": "bool", "negRiskMarketID": "str",
    "negRiskOther": "bool", "orderMinSize": "num", "orderPriceMinTickSize": "num",
    "bestBid": "num", "bestAsk": "num", "spread": "num", "lastTradePrice": "num",
    "liquidityNum": "num", "volumeNum": "num", "volume24hr": "num", "feesEnabled": "bool",
    "feeType?": "text", "feeSchedule?": FEE_SCHEDULE, "takerBaseFee": "num", "makerBaseFee": "num",
    "secondsDelay": "int", "gameStartTime?": "date", "restricted": "bool",
}  # fmt: skip
GAMMA_MARKET: Final = {**GAMMA_NESTED, "events": [GAMMA_EVENT]}
GAMMA_WHOLE_EVENT: Final = {**GAMMA_EVENT, "markets": [GAMMA_NESTED]}
CANCELED: Final = {"canceled": "strs", "not_canceled": "object"}
PLACED: Final = {
    "success": "bool", "errorMsg": "str", "orderID": "hash|blank", "status": "str",
    "makingAmount": "decimal|blank", "takingAmount": "decimal|blank", "tradeIDs": "strs",
    "transactionsHashes?": "strs",
}  # fmt: skip
KEY: Final = {"apiKey": "uuid", "secret": "text", "passphrase": "text"}
DATA_PAGE: Final = {"has_more": "bool", "next_cursor": "text|null"}


def listed(shape: Shape) -> Shape:
    """Return the page of a CLOB list."""
    return {"limit": "int", "count": "int", "next_cursor": "text", "data": [shape]}


# "service path": the shape of a GET's answer. {names} are those of the world that is asked.
PUBLIC: Final[Mapping[str, Shape]] = {
    "clob /ok": "text",
    "clob /time": "int",
    "clob /version": {"version": "int"},
    "clob /book?token_id={token}": BOOK,
    "clob /price?token_id={token}&side=BUY": {"price": "decimal"},
    "clob /midpoint?token_id={token}": {"mid": "decimal"},
    "clob /spread?token_id={token}": {"spread": "decimal"},
    "clob /last-trade-price?token_id={token}": {"price": "decimal", "side": "side"},
    "clob /last-trade-price?token_id={quiet}": {"price": "decimal", "side": "blank"},
    "clob /tick-size?token_id={token}": {"minimum_tick_size": "num"},
    "clob /neg-risk?token_id={neg_token}": {"neg_risk": "bool"},
    "clob /fee-rate?token_id={token}": {"base_fee": "int"},
    "clob /markets-by-token/{token}": {
        "condition_id": "condition", "primary_token_id": "digits", "secondary_token_id": "digits",
    },
    "clob /clob-markets/{neg_market}": {
        "c": "condition", "t": [{"t": "digits", "o": "text"}], "mos": "num", "mts": "num", "mbf": "num",
        "tbf": "num", "ao": "bool", "nr": "bool", "fd": {"r": "num", "e": "num", "to": "bool"},
        "itode": "bool", "cbos": "bool", "oas": "num", "rfqe": "bool", "ibce": "bool",
        "aot": "date", "v": "text",
    },
    "clob /markets": listed(CLOB_MARKET),
    "clob /sampling-markets": listed(CLOB_MARKET),
    "clob /simplified-markets": listed(SIMPLE_MARKET),
    "clob /sampling-simplified-markets": listed(SIMPLE_MARKET),
    "clob /markets/{resolved_market}": CLOB_MARKET,
    "clob /prices-history?market={token}&interval=1d": {"history": [{"t": "int", "p": "num"}]},
    "clob /builder/trades?builder_code={builder}": listed({"id": "uuid", "sizeUsdc": "decimal"}),
    "clob /fees/builder-fees/{builder}": {
        "builder_maker_fee_rate_bps": "int", "builder_taker_fee_rate_bps": "int",
    },
    "site /api/geoblock": {"blocked": "bool", "ip": "str", "country": "str", "region": "str"},
    "gamma /markets/keyset?limit=3": {"markets": [GAMMA_MARKET], "next_cursor": "text"},
    "gamma /markets/keyset?closed=true&limit=100": {"markets": [GAMMA_MARKET]},
    "gamma /markets/keyset?version=v2&limit=100": {
        "markets": [{**GAMMA_MARKET, "positionIds": "strs", "clobTokenIds": "null"}]
    },
    "gamma /events/keyset?limit=3": {"events": [GAMMA_WHOLE_EVENT], "next_cursor": "text"},
    "gamma /markets?limit=3": [GAMMA_MARKET],
    "gamma /events?limit=3": [GAMMA_WHOLE_EVENT],
    "gamma /markets/slug/{slug}": GAMMA_MARKET,
    "gamma /markets/{market_id}": GAMMA_MARKET,
    "gamma /events/slug/{event_slug}": GAMMA_WHOLE_EVENT,
    "gamma /public-search?q=will": {"events": [GAMMA_WHOLE_EVENT], "tags": "list"},
    "data /positions?user={address}": [
        {
            "proxyWallet": "address", "asset": "digits", "conditionId": "condition", "size": "num",
            "avgPrice": "num", "currentValue": "num", "redeemable": "bool", "mergeable": "bool",
            "outcome": "text", "outcomeIndex": "int", "negativeRisk": "bool",
        }
    ],
    "data /trades?user={address}": [
        {
            "proxyWallet": "address", "side": "side", "asset": "digits", "conditionId": "condition",
            "size": "num", "price": "num", "timestamp": "int", "transactionHash": "hash|blank",
        }
    ],
    "data /v2/positions?user={address}": {
        "data": [{"proxy_wallet": "address", "token_id": "digits", "current_size": "num"}],
        "pagination": DATA_PAGE,
    },
    "data /v2/trades?user={address}": {
        "data": [{"proxy_wallet": "address", "side": "side", "size": "num", "price": "num"}],
        "pagination": DATA_PAGE,
    },
}  # fmt: skip

# The same of calls that need an API key.
PRIVATE: Final[Mapping[str, Shape]] = {
    "/auth/api-keys": {"apiKeys": ["uuid"]},
    "/auth/ban-status/closed-only": {"closed_only": "bool"},
    "/data/orders": listed(ORDER),
    "/data/trades": listed(TRADE),
    "/balance-allowance?asset_type=COLLATERAL&signature_type=0": {
        "balance": "digits", "allowances": "object",
    },
    "/balance-allowance?asset_type=CONDITIONAL&token_id={token}&signature_type=0": {
        "balance": "digits", "allowances": "object",
    },
    "/balance-allowance?asset_type=CONDITIONAL-V2&token_id={position}&signature_type=0": {
        "balance": "digits", "allowances": "object",
    },
    "/v1/user/rate-limit-tier": {"tier": "text"},
}  # fmt: skip

USER_ORDER: Final = {
    **ORDER,
    "event_type": "text", "type": "text", "order_owner": "uuid", "associate_trades": "strs|null",
    "created_at": "digits", "timestamp": "digits",
}  # fmt: skip
USER_TRADE: Final = {
    **TRADE,
    "event_type": "text", "type": "text", "trade_owner": "uuid", "timestamp": "digits",
}  # fmt: skip
_OF_TOKEN: Final = {"market": "condition", "asset_id": "digits", "timestamp": "digits"}
MARKET_EVENTS: Final[Mapping[str, Shape]] = {
    "book": {
        **_OF_TOKEN,
        "hash": "sha1", "bids": "list", "asks": "list", "tick_size": "decimal",
        "last_trade_price?": "decimal|blank",
    },
    "price_change": {
        "market": "condition", "timestamp": "digits",
        "price_changes": [
            {
                "asset_id": "digits", "price": "decimal", "size": "decimal", "side": "side",
                "hash": "sha1", "best_bid": "decimal|blank", "best_ask": "decimal|blank",
            }
        ],
    },
    "last_trade_price": {
        **_OF_TOKEN,
        "price": "decimal", "size": "decimal", "side": "side", "fee_rate_bps": "decimal|blank",
        "transaction_hash?": "hash|blank",
    },
    "tick_size_change": {**_OF_TOKEN, "old_tick_size": "decimal", "new_tick_size": "decimal"},
    "best_bid_ask": {
        **_OF_TOKEN,
        "best_bid": "decimal|blank", "best_ask": "decimal|blank", "spread": "decimal|blank",
    },
    "new_market": {
        "id": "digits", "question": "text", "market": "condition", "slug": "text",
        "description": "text", "assets_ids": ["digits"], "outcomes": ["text"],
        "event_message": {
            "id": "digits", "ticker": "text", "slug": "text", "title": "text",
            "description": "text",
        },
        "timestamp": "digits", "tags": "strs", "condition_id": "condition", "active": "bool",
        "clob_token_ids": ["digits"], "sports_market_type": "str", "line": "str",
        "game_start_time": "str", "order_price_min_tick_size": "decimal",
        "group_item_title": "str", "taker_base_fee": "decimal", "fees_enabled": "bool",
        "fee_schedule": {
            "exponent": "decimal", "rate": "decimal", "taker_only": "bool",
            "rebate_rate": "decimal",
        },
    },
    "market_resolved": {
        "id": "digits", "market": "condition", "assets_ids": ["digits"], "winning_asset_id": "digits",
        "winning_outcome": "text", "timestamp": "digits", "tags": "strs",
    },
}  # fmt: skip
