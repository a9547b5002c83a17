"""Read the bodies of Kalshi's order writes, or raise the refusal that their form would meet.

Kalshi docs, openapi 3.34.0 (CreateOrderV2Request, AmendOrderV2Request, DecreaseOrderV2Request and
their batches), 2026-10. A JSON value of the wrong type is refused flat, as a Go decoder would; what
is missing or has no meaning is refused nested.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from twoleg.sim.exchange import Side
from twoleg.sim.kalshi.errors import KalshiRefusal, refuse, refuse_json
from twoleg.sim.kalshi.ledger import SUBACCOUNT_MAX
from twoleg.sim.kalshi.orders import NewOrder
from twoleg.sim.kalshi.text import parse_count, parse_price

CREATE: Final = "CreateOrderV2Request"
AMEND: Final = "AmendOrderV2Request"
DECREASE: Final = "DecreaseOrderV2Request"
BATCH_CREATE: Final = "BatchCreateOrdersV2Request"
BATCH_CANCEL: Final = "BatchCancelOrdersV2Request"

_CREATE_REQUIRED: Final = (
    "ticker",
    "side",
    "count",
    "price",
    "time_in_force",
    "self_trade_prevention_type",
)
_AMEND_REQUIRED: Final = ("ticker", "side", "price", "count")
_STRINGS: Final = (
    *_CREATE_REQUIRED,
    "client_order_id",
    "updated_client_order_id",
    "order_group_id",
    "order_id",
    "market_ticker",
    "reduce_by",
    "reduce_to",
)
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
class Amendment:
    """A well-formed amend request; `size_e6` is what has filled plus what shall rest.

    `expiration_ts_s` is None to keep the expiration, 0 to clear it.
    """

    ticker: str
    side: Side
    size_e6: int
    price_e4: int
    client_order_id: str = ""
    updated_client_order_id: str = ""
    expiration_ts_s: int | None = None
    exchange_index: int | None = None


@dataclass(frozen=True, slots=True)
class Reduction:
    """A well-formed decrease request; exactly one of the two sizes is given."""

    by_e6: int | None
    to_e6: int | None
    market_ticker: str | None
    exchange_index: int | None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What names one order to be canceled."""

    order_id: str
    market_ticker: str | None = None
    exchange_index: int | None = None
    subaccount: int = 0


def parse_new_order(body: object, *, now_s: int, dots: bool = False) -> NewOrder:
    """Read a create request; `dots` lets a dot into a client order id."""
    fields = fields_of(body, CREATE)
    check_types(fields, CREATE)
    return read_new_order(fields, now_s=now_s, dots=dots)


def read_new_order(body: Mapping[str, Any], *, now_s: int, dots: bool) -> NewOrder:
    """Read a create request whose types have been checked."""
    _check_required(body, _CREATE_REQUIRED)
    order = NewOrder(
        ticker=body["ticker"],
        side=body["side"],
        size_e6=_read_size(body["count"]),
        price_e4=_read_price(body["price"]),
        time_in_force=body["time_in_force"],
        self_trade_prevention=body["self_trade_prevention_type"],
        client_order_id=_read_client_id(body, "client_order_id", dots=dots),
        expiration_ts_s=body.get("expiration_time"),
        post_only=bool(body.get("post_only")),
        reduce_only=bool(body.get("reduce_only")),
        cancel_on_pause=bool(body.get("cancel_order_on_pause")),
        order_group_id=body.get("order_group_id") or "",
        subaccount=read_subaccount(body.get("subaccount")),
        exchange_index=_read_shard(body),
    )
    _check_combinations(order, now_s=now_s)
    return order


def parse_amendment(body: object, *, now_s: int, dots: bool) -> Amendment:
    """Read an amend request."""
    fields = fields_of(body, AMEND)
    check_types(fields, AMEND)
    _check_required(fields, _AMEND_REQUIRED)
    expiration_ts_s = fields.get("expiration_time")
    if expiration_ts_s is not None and expiration_ts_s != 0 and expiration_ts_s <= now_s:
        raise refuse(400, "invalid_parameters", "expiration_time must be in the future")
    return Amendment(
        ticker=fields["ticker"],
        side=fields["side"],
        size_e6=_read_size(fields["count"]),
        price_e4=_read_price(fields["price"]),
        client_order_id=fields.get("client_order_id") or "",
        updated_client_order_id=_read_client_id(fields, "updated_client_order_id", dots=dots),
        expiration_ts_s=expiration_ts_s,
        exchange_index=_read_shard(fields),
    )


def parse_reduction(body: object) -> Reduction:
    """Read a decrease request: exactly one of reduce_by and reduce_to."""
    fields = fields_of(body, DECREASE)
    check_types(fields, DECREASE)
    by, to = fields.get("reduce_by"), fields.get("reduce_to")
    if by is None and to is None:
        raise refuse(400, "missing_parameters", "reduce_by or reduce_to")
    if by is not None and to is not None:
        raise refuse(400, "invalid_parameters", "either reduce_by or reduce_to, not both")
    return Reduction(
        by_e6=None if by is None else _read_size(by, "reduce_by"),
        to_e6=None if to is None else _read_size(to, "reduce_to", least_e6=0),
        market_ticker=fields.get("market_ticker"),
        exchange_index=_read_shard(fields),
    )


def parse_batch(body: object, struct: str) -> list[dict[str, Any]]:
    """Return the items of a batch; one ill-typed field spoils the whole body.

    No number is too large here: the write bucket, and the size of a body, bound it.
    """
    items = fields_of(body, struct).get("orders")
    if not items:
        raise refuse(400, "missing_parameters", "orders")
    if not isinstance(items, list):
        raise _ill_typed(items, f"{struct}.orders", "slice")
    for item in items:
        if not isinstance(item, dict):
            raise _ill_typed(item, f"{struct}.orders", "object")
        check_types(item, f"{struct}.orders")
    return items


def read_cancellation(item: Mapping[str, Any]) -> Cancellation:
    """Read one item of a batch of cancels."""
    _check_required(item, ("order_id",))
    return Cancellation(
        order_id=item["order_id"],
        market_ticker=item.get("market_ticker"),
        exchange_index=_read_shard(item),
        subaccount=read_subaccount(item.get("subaccount")),
    )


def read_subaccount(number: int | None) -> int:
    """Return a subaccount's number within 0 to 63; the primary account when absent."""
    number = number or 0
    if not 0 <= number <= SUBACCOUNT_MAX:
        raise refuse(400, "invalid_parameters", f"subaccount must be 0 to {SUBACCOUNT_MAX}")
    return number


def fields_of(body: object, struct: str) -> dict[str, Any]:
    """Return a JSON object's fields, or raise the flat refusal of anything else."""
    if not isinstance(body, dict):
        raise refuse_json(f"json: cannot unmarshal into Go value of type {struct}")
    return body


def check_types(
    body: Mapping[str, object],
    struct: str,
    *,
    strings: tuple[str, ...] = _STRINGS,
    ints: tuple[str, ...] = _INTS,
) -> None:
    """Raise the flat refusal of the first field whose JSON type is not the schema's."""
    for names, kind, go in ((strings, str, "string"), (_BOOLS, bool, "bool"), (ints, int, "int")):
        for name in names:
            value = body.get(name)
            if value is not None and type(value) is not kind:
                raise _ill_typed(value, f"{struct}.{name}", go)


def _ill_typed(value: object, field: str, go: str) -> KalshiRefusal:
    found = _GO_KINDS[type(value)] if value is not None else "null"
    return refuse_json(f"json: cannot unmarshal {found} into Go struct field {field} of type {go}")


def _check_required(body: Mapping[str, object], required: tuple[str, ...]) -> None:
    missing = [name for name in required if not body.get(name)]
    if missing:
        raise refuse(400, "missing_parameters", ", ".join(missing))
    for name, allowed in _ENUMS.items():
        if name in required and body[name] not in allowed:
            raise refuse(400, "invalid_parameters", f"{name} must be one of {', '.join(allowed)}")


def _read_size(text: str, name: str = "count", *, least_e6: int = 1) -> int:
    size_e6 = parse_count(text)
    if size_e6 is None:
        raise refuse(400, "invalid_parameters", name)
    if size_e6 < least_e6:
        raise refuse(400, "invalid_order_size", name)
    return size_e6


def _read_price(text: str) -> int:
    price_e4 = parse_price(text)
    if price_e4 is None:
        raise refuse(400, "invalid_price")
    return price_e4


def _read_client_id(body: Mapping[str, Any], name: str, *, dots: bool) -> str:
    value: str = body.get(name) or ""
    plain = value.replace(".", "") if dots else value
    if value and not _CLIENT_ORDER_ID.fullmatch(plain):
        raise refuse(400, "invalid_parameters", name)
    return value


def _read_shard(body: Mapping[str, Any]) -> int | None:
    shard: int | None = body.get("exchange_index")
    if shard is not None and shard < -1:
        raise refuse(400, "invalid_parameters", "exchange_index")
    return shard


def _check_combinations(order: NewOrder, *, now_s: int) -> None:
    if order.expiration_ts_s is not None:
        if order.time_in_force != "good_till_canceled":
            raise refuse(400, "invalid_parameters", "expiration_time needs good_till_canceled")
        if order.expiration_ts_s <= now_s:
            raise refuse(400, "invalid_parameters", "expiration_time must be in the future")
    if order.reduce_only and order.time_in_force != "immediate_or_cancel":
        raise refuse(400, "invalid_order", "reduce only needs immediate_or_cancel")
