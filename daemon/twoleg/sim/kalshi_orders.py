"""Orders and fills of the simulated Kalshi: what a create request says, what the venue tells.

Kalshi docs, openapi 3.34.0 (CreateOrderV2Request, Order, Fill), 2026-10.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from twoleg.sim.exchange import ONE_E4, Side
from twoleg.sim.kalshi_errors import refuse, refuse_json
from twoleg.sim.kalshi_ledger import Account, OrderFees
from twoleg.sim.kalshi_text import (
    count_text,
    money_text,
    parse_count,
    parse_price,
    price_text,
    time_text,
)

TimeInForce = Literal["fill_or_kill", "immediate_or_cancel", "good_till_canceled"]
SelfTradePrevention = Literal["taker_at_cross", "maker"]
Status = Literal["resting", "canceled", "executed"]

_REQUIRED: Final = (
    "ticker",
    "side",
    "count",
    "price",
    "time_in_force",
    "self_trade_prevention_type",
)
_STRINGS: Final = (*_REQUIRED, "client_order_id", "order_group_id")
_BOOLS: Final = ("post_only", "reduce_only", "cancel_order_on_pause")
_INTS: Final = ("expiration_time", "subaccount", "exchange_index")
_ENUMS: Final = {
    "side": ("bid", "ask"),
    "time_in_force": ("fill_or_kill", "immediate_or_cancel", "good_till_canceled"),
    "self_trade_prevention_type": ("taker_at_cross", "maker"),
}
# A dot was refused once with invalid_parameters (observed 2026); the length is a guess.
_CLIENT_ORDER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GO_KINDS: Final[dict[type, str]] = {
    bool: "bool",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A well-formed create request; nothing about it has been checked against the market."""

    ticker: str
    side: Side
    size_e6: int
    price_e4: int
    time_in_force: TimeInForce
    self_trade_prevention: SelfTradePrevention
    client_order_id: str = ""
    expiration_ts_s: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_on_pause: bool = False
    order_group_id: str = ""
    exchange_index: int | None = None


def parse_new_order(body: object, *, now_s: int) -> NewOrder:
    """Read a create request or raise the refusal that Kalshi would answer to its form."""
    if not isinstance(body, dict):
        raise refuse_json("json: cannot unmarshal into Go value of type CreateOrderV2Request")
    _check_types(body)
    missing = [name for name in _REQUIRED if not body.get(name)]
    if missing:
        raise refuse(400, "missing_parameters", ", ".join(missing))
    for name, allowed in _ENUMS.items():
        if body[name] not in allowed:
            raise refuse(400, "invalid_parameters", f"{name} must be one of {', '.join(allowed)}")
    client_order_id = body.get("client_order_id") or ""
    if client_order_id and not _CLIENT_ORDER_ID.fullmatch(client_order_id):
        raise refuse(400, "invalid_parameters", "client_order_id")
    size_e6 = parse_count(body["count"])
    if not size_e6:
        raise refuse(400, "invalid_parameters", "count")
    price_e4 = parse_price(body["price"])
    if price_e4 is None:
        raise refuse(400, "invalid_price")
    order = NewOrder(
        ticker=body["ticker"],
        side=body["side"],
        size_e6=size_e6,
        price_e4=price_e4,
        time_in_force=body["time_in_force"],
        self_trade_prevention=body["self_trade_prevention_type"],
        client_order_id=client_order_id,
        expiration_ts_s=body.get("expiration_time"),
        post_only=bool(body.get("post_only")),
        reduce_only=bool(body.get("reduce_only")),
        cancel_on_pause=bool(body.get("cancel_order_on_pause")),
        order_group_id=body.get("order_group_id") or "",
        exchange_index=body.get("exchange_index"),
    )
    _check_combinations(order, subaccount=body.get("subaccount") or 0, now_s=now_s)
    return order


def _check_types(body: Mapping[str, object]) -> None:
    for names, kind, go in ((_STRINGS, str, "string"), (_BOOLS, bool, "bool"), (_INTS, int, "int")):
        for name in names:
            value = body.get(name)
            if value is not None and type(value) is not kind:
                found = _GO_KINDS[type(value)]
                raise refuse_json(
                    f"json: cannot unmarshal {found} into Go struct field "
                    f"CreateOrderV2Request.{name} of type {go}"
                )


def _check_combinations(order: NewOrder, *, subaccount: int, now_s: int) -> None:
    if order.expiration_ts_s is not None:
        if order.time_in_force != "good_till_canceled":
            raise refuse(400, "invalid_parameters", "expiration_time needs good_till_canceled")
        if order.expiration_ts_s <= now_s:
            raise refuse(400, "invalid_parameters", "expiration_time must be in the future")
    if order.reduce_only and order.time_in_force != "immediate_or_cancel":
        raise refuse(400, "invalid_order", "reduce only needs immediate_or_cancel")
    if subaccount != 0:
        raise refuse(400, "invalid_parameters", "subaccount does not exist")


@dataclass(slots=True)
class UserOrder:
    """An accepted order of a member, resting or done."""

    number: int
    order_id: str
    account: Account
    shard: int
    event_ticker: str
    request: NewOrder
    initial_e6: int
    remaining_e6: int
    fees: OrderFees
    created_us: int
    updated_us: int
    status: Status = "resting"
    filled_e6: int = 0
    # Sum of size times YES price over the fills; for the average.
    notional_micros: int = 0
    taker_cost_micros: int = 0
    maker_cost_micros: int = 0
    taker_fees_micros: int = 0
    maker_fees_micros: int = 0
    update_reason: str | None = None

    @property
    def ticker(self) -> str:
        """Return the market's ticker."""
        return self.request.ticker

    @property
    def side(self) -> Side:
        """Return the side of the YES book."""
        return self.request.side

    def to_ack(self, ts_ms: int) -> dict[str, object]:
        """Return the flat 201 body; averages exist only with fills, truncated to four decimals."""
        ack: dict[str, object] = {"order_id": self.order_id}
        if self.request.client_order_id:
            ack["client_order_id"] = self.request.client_order_id
        ack["fill_count"] = count_text(self.filled_e6)
        ack["remaining_count"] = count_text(self.remaining_e6)
        if self.filled_e6:
            fees = self.taker_fees_micros + self.maker_fees_micros
            ack["average_fill_price"] = price_text(self.notional_micros * ONE_E4 // self.filled_e6)
            ack["average_fee_paid"] = price_text(fees * ONE_E4 // self.filled_e6)
        ack["ts_ms"] = ts_ms
        return ack

    def to_json(self) -> dict[str, object]:
        """Return the Order of the REST reads."""
        request = self.request
        order: dict[str, object] = {
            **self._common(),
            "user_id": self.account.user_id,
            "type": "limit",
            "no_price_dollars": price_text(ONE_E4 - request.price_e4),
            "action": "buy" if self.side == "bid" else "sell",
            "side": "yes",
            "created_time": time_text(self.created_us),
            "last_update_time": time_text(self.updated_us),
            "cancel_order_on_pause": request.cancel_on_pause,
        }
        if request.expiration_ts_s is not None:
            order["expiration_time"] = time_text(request.expiration_ts_s * 1_000_000)
        return order

    def to_ws(self) -> dict[str, object]:
        """Return the message of the user_orders channel."""
        order: dict[str, object] = {
            **self._common(),
            "user_id": self.account.user_id,
            "side": "yes" if self.side == "bid" else "no",
            "is_yes": self.side == "bid",
            "created_time": time_text(self.created_us),
            "created_ts_ms": self.created_us // 1_000,
            "last_updated_ts_ms": self.updated_us // 1_000,
        }
        if self.request.expiration_ts_s is not None:
            order["expiration_ts_ms"] = self.request.expiration_ts_s * 1_000
        if self.update_reason is not None:
            order["last_update_reason"] = self.update_reason
        return order

    def _common(self) -> dict[str, object]:
        common: dict[str, object] = {
            "order_id": self.order_id,
            "client_order_id": self.request.client_order_id,
            "ticker": self.ticker,
            "status": self.status,
            "outcome_side": "yes" if self.side == "bid" else "no",
            "book_side": self.side,
            "yes_price_dollars": price_text(self.request.price_e4),
            "fill_count_fp": count_text(self.filled_e6),
            "remaining_count_fp": count_text(self.remaining_e6),
            "initial_count_fp": count_text(self.initial_e6),
            "taker_fees_dollars": money_text(self.taker_fees_micros),
            "maker_fees_dollars": money_text(self.maker_fees_micros),
            "taker_fill_cost_dollars": money_text(self.taker_cost_micros),
            "maker_fill_cost_dollars": money_text(self.maker_cost_micros),
            "self_trade_prevention_type": self.request.self_trade_prevention,
            "subaccount_number": 0,
            "exchange_index": self.shard,
        }
        if self.request.order_group_id:
            common["order_group_id"] = self.request.order_group_id
        return common


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of a member's order; `price_e4` is the YES price, fee the whole fee."""

    number: int
    trade_id: str
    order: UserOrder
    size_e6: int
    price_e4: int
    is_taker: bool
    fee_micros: int
    position_after_e6: int
    ts_us: int

    def to_json(self) -> dict[str, object]:
        """Return the Fill of the REST reads: no client order id (removed 2026-03-30)."""
        return {
            **self._common(),
            "fill_id": self.trade_id,
            "ticker": self.order.ticker,
            "no_price_dollars": price_text(ONE_E4 - self.price_e4),
            "created_time": time_text(self.ts_us),
        }

    def to_ws(self) -> dict[str, object]:
        """Return the message of the fill channel."""
        outcome = "yes" if self.order.side == "bid" else "no"
        message = {
            **self._common(),
            "purchased_side": outcome,
            "post_position_fp": count_text(self.position_after_e6),
            "ts_ms": self.ts_us // 1_000,
            "subaccount": 0,
        }
        if self.order.request.client_order_id:
            message["client_order_id"] = self.order.request.client_order_id
        return message

    def _common(self) -> dict[str, object]:
        outcome = "yes" if self.order.side == "bid" else "no"
        return {
            "trade_id": self.trade_id,
            "order_id": self.order.order_id,
            "market_ticker": self.order.ticker,
            "exchange_index": self.order.shard,
            "is_taker": self.is_taker,
            "outcome_side": outcome,
            "book_side": self.order.side,
            "side": outcome,
            "action": "buy",
            "yes_price_dollars": price_text(self.price_e4),
            "count_fp": count_text(self.size_e6),
            "fee_cost": money_text(self.fee_micros),
            "ts": self.ts_us // 1_000_000,
        }


def own_price_e4(side: Side, price_e4: int) -> int:
    """Return what a contract costs whoever is on this side at a YES price."""
    return price_e4 if side == "bid" else ONE_E4 - price_e4
