"""Writes Kalshi's frames again from nothing but what the client made of them.

Written from the schema (AsyncAPI 2.0.0 of 2026-10-26); shares no code with the client.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from twoleg.core.events import ASK, BookSnapshot, LevelDelta, SequenceSeen
from twoleg.core.market import MarketId, Outcome
from twoleg.venues.kalshi.pushes import (
    EventFeesSeen,
    EventSeen,
    FillSeen,
    LifecycleSeen,
    OrderSeen,
    PositionSeen,
    TickerSeen,
    TradeSeen,
)
from twoleg.venues.kalshi.wire import Acknowledged, Decoded, Ignored, KalshiDecoder, Refused

Fields = dict[str, Any]

DROPPED: Final[dict[str, dict[str, str]]] = {
    "orderbook_snapshot": {"id": "our own number of the get_snapshot; the book says all"},
    "ticker": {"sid": "the channel has no sequence numbers, nothing is counted by subscription"},
    "fill": {
        "sid": "the channel has no sequence numbers, nothing is counted by subscription",
        "msg.action": "deprecated, and wrong if combined with the side of a fill",
    },
    "user_order": {"sid": "the channel has no sequence numbers"},
    "market_position": {"sid": "the channel has no sequence numbers"},
    "ok": {
        "type": "of all control frames only the number that they consume matters",
        "id": "our own number of a command that succeeded; only errors are acted on",
        "msg": "repeats what we asked for",
    },
    "unsubscribed": {
        "type": "of all control frames only the number that they consume matters",
        "id": "our own number of a command that succeeded; only errors are acted on",
    },
}
"""Frame type → field → why the client lets go of it."""
NEVER_DROPPED: Final = re.compile(
    r"dollars|_fp$|price|size|count|cost|fee|seq|status|time|ts$|ts_ms$|clock|ticker|value|result"
    r"|(order|trade|market|user|group)_id$|subaccount|exchange_index|reason|position|volume"
)
UNTOLD: Final = (None, "")
_LEVELS: Final = {"yes_dollars_fp", "no_dollars_fp"}
_QUOTES: Final = {"price_dollars", "yes_bid_dollars", "yes_ask_dollars"}
_AMOUNT: Final = re.compile(
    r"(_dollars|_fp|fee_cost|settlement_value|multiplier_override|_strike)$"
)
_TEXT_TIMES: Final = {
    "created_time": "created_ts_ms",
    "last_update_time": "last_updated_ts_ms",
    "expiration_time": "expiration_ts_ms",
}


class Codec:
    """Decodes as the socket does, and writes the frame again."""

    def __init__(self, market_ids: dict[str, str]) -> None:
        self.decoder = KalshiDecoder(
            {ticker: MarketId(f"kalshi:{ticker}") for ticker in market_ids}
        )
        # Ticker → the venue's other id of the market: one stands for the other.
        self._market_ids = market_ids

    def decode(self, raw: bytes, recv_ms: int) -> Decoded:
        return self.decoder.decode(raw, recv_ms * 1_000_000)

    def encode(self, decoded: Decoded, recv_ms: int) -> tuple[Fields, Fields]:
        """The fields that were told, and those that repeat others; by path."""
        envelope, told, derived = _fields(decoded)
        lag_ms = self.decoder.lag_ms
        if lag_ms:
            envelope["sending_ts_ms"] = recv_ms - lag_ms
        for name in ("sid", "seq"):
            number = getattr(decoded, name, 0)
            if number and not isinstance(decoded, Acknowledged):
                envelope[name] = number
        if isinstance(decoded, BookSnapshot | LevelDelta | TickerSeen):
            derived["market_id"] = self._market_ids[told["market_ticker"]]
        return (
            plain(envelope | {f"msg.{name}": value for name, value in told.items()}),
            plain({f"msg.{name}": value for name, value in derived.items()}),
        )


def read(frame: Fields) -> Fields:
    """The original by path, numbers exact, and times where their successor is missing."""
    msg = frame.get("msg")
    inner: Fields = dict(msg) if isinstance(msg, dict) else {}
    kind = frame["type"]
    told = _without_quotes(kind, {name: v for name, v in inner.items() if v not in UNTOLD})
    sent_ms = frame.get("sending_ts_ms", 0)
    if kind == "user_order":
        for text, number in _TEXT_TIMES.items():
            if text in told:
                told[text] = _ms(told[text])
                told.setdefault(number, told[text])
        told.setdefault("fill_count_fp", "0")
    if kind == "orderbook_delta":
        if "ts" in told:
            told["ts"] = _ms(told["ts"])
        told.setdefault("ts_ms", told.get("ts") or sent_ms)
    if kind == "orderbook_snapshot":
        told.setdefault("ts_ms", sent_ms)
    if kind == "fill":
        told.setdefault("ts_ms", told.get("ts", 0) * 1_000 or sent_ms)
        told.setdefault("book_side", {"yes": "bid", "no": "ask"}[told.get("outcome_side", "no")])
    if kind in {"ticker", "trade"}:
        if "time" in told:
            told["time"] = _ms(told["time"])
        told.setdefault("ts_ms", told.get("time") or told.get("ts", 0) * 1_000)
    if kind == "error" and "market_ticker" in told:
        told["market_tickers"] = [told.pop("market_ticker"), *told.get("market_tickers", [])]
    outer = {name: value for name, value in frame.items() if name != "msg"}
    if kind in {"ok", "unsubscribed"}:
        return plain(outer | ({"msg": msg} if msg else {}))
    return plain(outer | {f"msg.{name}": value for name, value in told.items()})


def plain(fields: Fields) -> Fields:
    """Without what tells nothing; numbers as exact decimals, whatever they are written as."""
    return {
        path: _value(path.rpartition(".")[2], value)
        for path, value in fields.items()
        if value not in (*UNTOLD, [], {}, ()) and (value != 0 or _counts(path, value))
    }


def _counts(path: str, zero: Any) -> bool:
    """Whether a 0 is a value there; a time or a number of a frame of 0 is none."""
    return zero is False or not re.search(r"(^|_|\.)(ts|ms|sid|seq|id|clock|date)$|time$", path)


def _value(name: str, value: Any) -> Any:
    if name in _LEVELS:
        return [(Decimal(price), Decimal(size)) for price, size in value]
    if name == "price_ranges":
        return [{edge: Decimal(text) for edge, text in band.items()} for band in value]
    if name == "additional_metadata":
        return {key: _value(key, item) for key, item in value.items() if item not in UNTOLD}
    if name == "custom_strike" or isinstance(value, bool):
        return value
    return Decimal(str(value)) if _AMOUNT.search(name) and name != "functional_strike" else value


def _without_quotes(kind: str, told: Fields) -> Fields:
    """0 and 1 dollar are no quotes, nor is a size of 0: an empty side may be written with them."""
    if kind == "ticker":
        return {n: v for n, v in told.items() if n not in _QUOTES or 0 < Decimal(v) < 1}
    if kind == "orderbook_snapshot":
        return {n: _quoted(v) if n in _LEVELS else v for n, v in told.items()}
    return told


def _quoted(levels: list[list[str]]) -> list[list[str]]:
    return [level for level in levels if 0 < Decimal(level[0]) < 1 and Decimal(level[1])]


def _dollars(price_e4: int | None) -> Decimal | None:
    return None if price_e4 is None else Decimal(price_e4).scaleb(-4)


def _units(millionths: int | None) -> Decimal | None:
    return None if millionths is None else Decimal(millionths).scaleb(-6)


def _native(market_id: str) -> str:
    return market_id.removeprefix("kalshi:")


def _ms(text: str) -> int:
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000 + moment.microsecond // 1_000


def _side(book_side: str) -> str:
    return "yes" if book_side == "bid" else "no"


def _book(book: BookSnapshot) -> Fields:
    return {
        "market_ticker": _native(book.market_id),
        "clock": book.clock,
        "yes_dollars_fp": [(_dollars(price), _units(size)) for price, size in book.bids],
        "no_dollars_fp": [(_dollars(price), _units(size)) for price, size in book.asks],
        "ts_ms": book.ts_event_ms,
    }


def _delta(delta: LevelDelta) -> tuple[Fields, Fields]:
    told = {
        "market_ticker": _native(delta.market_id),
        "clock": delta.clock,
        "price_dollars": _dollars(delta.price_e4),
        "delta_fp": _units(delta.delta_e6),
        "side": "no" if delta.side == ASK else "yes",
        "ts_ms": delta.ts_event_ms,
        "client_order_id": delta.order_key,
        "subaccount": delta.subaccount,
    }
    return told, {"ts": delta.ts_event_ms}


def _fill(seen: FillSeen) -> tuple[Fields, Fields]:
    fill = seen.fill
    is_yes = fill.outcome is Outcome.YES
    assert fill.notional_micros * 10_000 == fill.price_e4 * fill.size_e6
    told = {
        "trade_id": fill.fill_id,
        "order_id": fill.venue_order_id,
        "client_order_id": fill.order_key,
        "market_ticker": _native(fill.market_id),
        "exchange_index": seen.shard,
        "is_taker": seen.is_taker,
        "book_side": "bid" if is_yes else "ask",
        "yes_price_dollars": _dollars(fill.price_e4 if is_yes else 10_000 - fill.price_e4),
        "count_fp": _units(fill.size_e6),
        "fee_cost": _units(fill.fee_micros),
        "post_position_fp": _units(seen.position_e6),
        "ts_ms": fill.ts_event_ms,
        "subaccount": seen.subaccount,
    }
    sides = dict.fromkeys(("outcome_side", "side", "purchased_side"), "yes" if is_yes else "no")
    return told, {**sides, "ts": fill.ts_event_ms // 1_000}


def _order(order: OrderSeen) -> tuple[Fields, Fields]:
    told = {
        "order_id": order.venue_order_id,
        "user_id": order.user_id,
        "client_order_id": order.order_key,
        "ticker": _native(order.market_id),
        "exchange_index": order.shard,
        "status": order.status,
        "outcome_side": order.outcome_side,
        "book_side": order.book_side,
        "yes_price_dollars": _dollars(order.price_e4),
        "fill_count_fp": _units(order.filled_e6),
        "remaining_count_fp": _units(order.remaining_e6),
        "initial_count_fp": _units(order.initial_e6),
        "taker_fill_cost_dollars": _units(order.taker_cost_micros),
        "maker_fill_cost_dollars": _units(order.maker_cost_micros),
        "taker_fees_dollars": _units(order.taker_fees_micros),
        "maker_fees_dollars": _units(order.maker_fees_micros),
        "order_group_id": order.order_group_id,
        "self_trade_prevention_type": order.self_trade_prevention,
        "created_ts_ms": order.created_ms,
        "last_updated_ts_ms": order.updated_ms,
        "expiration_ts_ms": order.expires_ms,
        "last_update_reason": order.reason,
        "subaccount_number": order.subaccount,
    }
    side = order.outcome_side or (_side(order.book_side) if order.book_side else "")
    derived: Fields = {"side": side, "is_yes": side == "yes" if side else None}
    return told, derived | {text: told[number] for text, number in _TEXT_TIMES.items()}


def _position(seen: PositionSeen) -> Fields:
    return {
        "user_id": seen.user_id,
        "market_ticker": _native(seen.market_id),
        "position_fp": _units(seen.position_e6),
        "position_cost_dollars": _units(seen.cost_micros),
        "realized_pnl_dollars": _units(seen.realized_micros),
        "fees_paid_dollars": _units(seen.fees_micros),
        "position_fee_cost_dollars": _units(seen.position_fees_micros),
        "volume_fp": _units(seen.volume_e6),
        "subaccount": seen.subaccount,
    }


def _trade(trade: TradeSeen) -> tuple[Fields, Fields]:
    side = trade.taker_outcome_side or _side(trade.taker_book_side)
    told = {
        "trade_id": trade.trade_id,
        "market_ticker": _native(trade.market_id),
        "yes_price_dollars": _dollars(trade.price_e4),
        "count_fp": _units(trade.size_e6),
        "taker_outcome_side": trade.taker_outcome_side,
        "taker_book_side": trade.taker_book_side,
        "is_block_trade": trade.is_block,
        "ts_ms": trade.ts_event_ms,
    }
    derived = {"no_price_dollars": _dollars(10_000 - trade.price_e4), "taker_side": side}
    return told, {**derived, "ts": trade.ts_event_ms // 1_000}


def _ticker(ticker: TickerSeen) -> tuple[Fields, Fields]:
    told = {
        "market_ticker": _native(ticker.market_id),
        "price_dollars": _dollars(ticker.last_price_e4),
        "yes_bid_dollars": _dollars(ticker.bid_e4),
        "yes_ask_dollars": _dollars(ticker.ask_e4),
        "yes_bid_size_fp": _units(ticker.bid_size_e6),
        "yes_ask_size_fp": _units(ticker.ask_size_e6),
        "last_trade_size_fp": _units(ticker.last_size_e6),
        "volume_fp": _units(ticker.volume_e6),
        "open_interest_fp": _units(ticker.open_interest_e6),
        "dollar_volume": ticker.dollar_volume,
        "dollar_open_interest": ticker.dollar_open_interest,
        "ts_ms": ticker.ts_event_ms,
    }
    return told, {"ts": ticker.ts_event_ms // 1_000, "time": ticker.ts_event_ms}


_TEXTS: Final = (
    *("name", "title", "yes_sub_title", "no_sub_title", "rules_primary", "rules_secondary"),
    *("strike_type", "floor_strike", "cap_strike", "functional_strike", "custom_strike"),
)


def _life(life: LifecycleSeen) -> Fields:
    bands = life.grid.bands if life.grid else ()
    described = {
        name: getattr(life.metadata, name, None)
        for name in (*_TEXTS, "can_close_early", "event_ticker", "expected_expiration_ts")
    }
    return {
        "event_type": life.what,
        "market_ticker": _native(life.market_id),
        "exchange_index": life.shard,
        "open_ts": life.open_ms // 1_000,
        "close_ts": life.close_ms // 1_000,
        "determination_ts": life.determined_ms // 1_000,
        "settled_ts": life.settled_ms // 1_000,
        "result": life.result,
        "settlement_value": _dollars(life.settlement_e4),
        "is_deactivated": life.is_deactivated,
        "price_level_structure": life.structure,
        "price_ranges": [
            {"start": _dollars(b.start_e4), "end": _dollars(b.end_e4), "step": _dollars(b.step_e4)}
            for b in bands
        ],
        "additional_metadata": {n: v for n, v in described.items() if v not in (*UNTOLD, 0)},
        **{name: getattr(life.edited, name, None) for name in _TEXTS},
    }


def _event(event: EventSeen) -> Fields:
    return {
        "event_ticker": event.event,
        "series_ticker": event.series,
        "exchange_index": event.shard,
        "title": event.title,
        "subtitle": event.subtitle,
        "collateral_return_type": event.collateral_return,
        "strike_date": event.strike_ms // 1_000,
        "strike_period": event.strike_period,
    }


def _fees(fees: EventFeesSeen) -> Fields:
    return {
        "event_ticker": fees.event,
        "fee_type_override": fees.fee_type,
        "fee_multiplier_override": fees.multiplier,
    }


_PUSHES: Final[dict[type[Any], tuple[str, Callable[[Any], Fields | tuple[Fields, Fields]]]]] = {
    BookSnapshot: ("orderbook_snapshot", _book),
    LevelDelta: ("orderbook_delta", _delta),
    FillSeen: ("fill", _fill),
    OrderSeen: ("user_order", _order),
    PositionSeen: ("market_position", _position),
    TradeSeen: ("trade", _trade),
    TickerSeen: ("ticker", _ticker),
    LifecycleSeen: ("market_lifecycle_v2", _life),
    EventSeen: ("event_lifecycle", _event),
    EventFeesSeen: ("event_fee_update", _fees),
}


def _fields(decoded: Decoded) -> tuple[Fields, Fields, Fields]:
    """Envelope, what was told, and what repeats it."""
    match decoded:
        case Acknowledged():
            told: Fields = {"channel": decoded.channel, "sid": decoded.sid}
            return {"type": "subscribed", "id": decoded.command_id}, told, {}
        case Refused():
            told = {"code": decoded.code, "msg": decoded.text}
            told["market_tickers"] = list(decoded.tickers)
            return {"type": "error", "id": decoded.command_id}, told, {}
        case SequenceSeen() | Ignored():
            return {}, {}, {}
        case _:
            pass
    kind, writer = _PUSHES[type(decoded)]
    written = writer(decoded)
    told, derived = written if isinstance(written, tuple) else (written, {})
    return {"type": kind}, told, derived


def write(fields: Fields) -> bytes:
    """A frame out of fields by path, numbers as the venue writes them."""
    frame: Fields = {}
    for path, value in fields.items():
        outer, _, name = path.rpartition(".")
        place = frame.setdefault(outer, {}) if outer else frame
        place[name] = _json(name, value)
    return json.dumps(frame).encode()


def _json(name: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        is_number = name.endswith(("multiplier_override", "_strike"))
        return float(value) if is_number else f"{value:f}"
    if isinstance(value, list | tuple):
        return [_json("", item) for item in value]
    if isinstance(value, dict):
        return {key: _json(key, item) for key, item in value.items()}
    return value
