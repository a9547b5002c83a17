"""The answer to `POST /orders`, taken apart. Pure.

Up to 15 orders go in one request (docs.polymarket.com post-orders, read 2026-11-22). The answer is
a list in the order of the request, with refusals of single orders inside a 200. It is believed for
an order only where that is beyond doubt: by its id, or by its place in a list that is complete and
in order. Everything else is UNKNOWN and gets looked up.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.venues.polymarket.answer_rows import Meaning, Operation
from twoleg.venues.polymarket.answers import Accepted, error_text, read_accepted, refused
from twoleg.venues.polymarket.gate import STATES
from twoleg.venues.polymarket.meanings import find_row
from twoleg.venues.ports import PreparedOrder

ORDERS_MAX: Final = 15
WHOLE_CODES: Final = frozenset(
    {
        "invalid_payload",
        "too_many_orders",
        "unauthorized",
        "forbidden",
        "region_restricted",
        "address_banned",
        "rate_limited",
    }
)
"""Refusals of a whole request. Another text in front of a whole batch is about one of its orders,
and says nothing of those that were taken before it. So does a restart, or another state of the
venue: it may have begun in the middle of the batch, or let those through that are post-only."""


def read_batch(
    orders: Sequence[PreparedOrder], http_status: int, body: bytes
) -> tuple[LegAnswer, ...]:
    """One answer per order, in their order."""
    if http_status != 200:
        return (_read_refusal(http_status, body, count=len(orders)),) * len(orders)
    try:
        items = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return (_unknown("unreadable_answer"),) * len(orders)
    answers = [_decode(bytes(item)) for item in items]
    by_place = _by_place(orders, answers)
    by_id = {answer.order_id.lower(): answer for answer in answers if answer is not None}
    return tuple(
        _read_one(order, by_id.get(order.order_key) or placed)
        for order, placed in zip(orders, by_place, strict=True)
    )


def _by_place(
    orders: Sequence[PreparedOrder], answers: Sequence[Accepted | None]
) -> tuple[Accepted | None, ...]:
    """Elements without an id, where the list is as long as the request and nowhere out of order."""
    is_in_order = len(answers) == len(orders) and all(
        answer is None or answer.order_id.lower() in {"", order.order_key}
        for order, answer in zip(orders, answers, strict=True)
    )
    if not is_in_order:
        return (None,) * len(orders)
    return tuple(answers)


def _read_one(order: PreparedOrder, told: Accepted | None) -> LegAnswer:
    if told is None:
        return _unknown("not_in_answer")
    try:
        return read_accepted(order.spec, order.order_key, told)
    except ValueError:
        return _unknown("unreadable_answer")


def _read_refusal(http_status: int, body: bytes, *, count: int) -> LegAnswer:
    text = error_text(body)
    row = find_row(Operation.ORDER, http_status, text)
    is_whole = count == 1 or row.code in WHOLE_CODES
    if row.meaning is not Meaning.DID_NOT_HAPPEN or is_whole:
        return refused(row, text)
    if row.code in STATES:
        # The code tells the gate that the venue is closed, whatever became of the orders.
        return _unknown(row.code, text, is_unavailable=True)
    return _unknown("batch_" + row.code, text)


def _decode(item: bytes) -> Accepted | None:
    try:
        return msgspec.json.decode(item, type=Accepted)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _unknown(code: str, detail: str = "", *, is_unavailable: bool = False) -> LegAnswer:
    return LegAnswer(
        status=AnswerStatus.UNKNOWN, code=code, detail=detail, is_unavailable=is_unavailable
    )
