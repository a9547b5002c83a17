"""The items of a batch's answer, matched with what was asked. Pure.

Kalshi API docs, batches v2, 2026-06: one 2xx can hold failures; each item has the shape of a single
answer, or an `error`. A batch is not atomic, bills shard 0's bucket, and must fit into it whole.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.answers import ErrorBody, parse_error
from twoleg.venues.kalshi.rest import decode

UNSCOPED: Final = 0
"""The shard whose bucket all requests share that name no shard of their own."""
_NULL: Final = b"null"


class Item(msgspec.Struct, frozen=True):
    """One item: its own bytes, and its error if it has one."""

    raw: bytes
    error: ErrorBody | None


class _Batch(msgspec.Struct, frozen=True):
    """The answer to a batch."""

    orders: list[msgspec.Raw]


class _Head(msgspec.Struct, frozen=True):
    """What of an item tells which one it is and whether it failed."""

    client_order_id: str | None = None
    order_id: str | None = None
    error: msgspec.Raw = msgspec.Raw(_NULL)

    def name(self, key: str) -> str:
        return (self.client_order_id if key == "client_order_id" else self.order_id) or ""


def read_items(body: bytes, ids: Sequence[str], *, key: str) -> list[Item | None]:
    """One item for each id asked for, in their order; None where it cannot be told.

    `key` is the field that names an item: "client_order_id" or "order_id". Items come in the order
    of the request. One that names another id is nobody's; one that names none is taken by its
    place, but only while no item is missing.
    """
    try:
        raws = [bytes(raw) for raw in decode(body, _Batch).orders]
    except MalformedMessage:
        return [None] * len(ids)
    heads = [_head(raw) for raw in raws]
    by_place = len(raws) == len(ids)
    named: dict[str, int] = {}
    for place, head in enumerate(heads):
        if head is not None:
            named.setdefault(head.name(key), place)
    found: list[Item | None] = []
    for place, wanted in enumerate(ids):
        at = place if by_place else named.get(wanted, -1)
        head = heads[at] if at >= 0 else None
        if head is None or head.name(key) not in {"", wanted}:
            found.append(None)
            continue
        is_failed = bytes(head.error) != _NULL
        found.append(Item(raws[at], parse_error(raws[at]) if is_failed else None))
    return found


def _head(raw: bytes) -> _Head | None:
    try:
        return decode(raw, _Head)
    except MalformedMessage:
        return None
