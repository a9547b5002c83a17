"""The rows of the table of meanings: what one sort of answer is made of."""

from enum import Enum
from typing import Final

import msgspec


class Operation(Enum):
    """Which write was answered."""

    ORDER = "order"
    """`POST /order`, and each element of the answer to `POST /orders`."""
    CANCEL = "cancel"
    """`DELETE /order`, `/orders`, `/cancel-all`, `/cancel-market-orders`."""
    HEARTBEAT = "heartbeat"
    """`POST /v1/heartbeats`."""


class Where(Enum):
    """Which words of the answer a row is about."""

    ERROR = "error"
    """`error` of a refusal, `errorMsg` of a 200, or the head of whatever came instead."""
    STATUS = "status"
    """The word `status` of an accepted order; a look at the amounts comes first."""
    REASON = "reason"
    """The reason beside an id in `not_canceled`."""


class Meaning(Enum):
    """What is known of the thing that was asked for."""

    DID_NOT_HAPPEN = "did not happen"
    HAPPENED = "happened"
    PARTLY = "partly"
    PENDING = "pending"
    NOT_KNOWN = "not known"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One sort of answer. `part` is lower case and may stand anywhere; empty matches any words."""

    operation: Operation
    http_statuses: tuple[int, ...]
    part: str
    meaning: Meaning
    code: str
    """Our name of it; stands in answers, logs and metrics."""
    words: str
    """What an operator should understand, and do."""
    where: Where = Where.ERROR
    is_miss: bool = False
    """An order that cleanly filled nothing; a cancel that found nothing resting."""
    is_unavailable: bool = False
    """The venue, not the order, is the reason: other orders would fare the same now."""
    needs_person: bool = False
    """Nothing gets better by itself."""


TEXT: Final = (200, 400)
"""Refusals of one order: a 400 alone, or `errorMsg` inside a 200."""
NOT_FOUND: Final = (200, 400, 404)
AUTH: Final = (200, 400, 401)
REGION: Final = (200, 400, 403)
PAUSE: Final = (200, 400, 503)


def no_row(
    part: str,
    code: str,
    words: str,
    *,
    http: tuple[int, ...] = TEXT,
    operation: Operation = Operation.ORDER,
    is_miss: bool = False,
    is_unavailable: bool = False,
    needs_person: bool = False,
) -> Row:
    """An answer by which nothing happened."""
    return Row(
        operation=operation,
        http_statuses=http,
        part=part,
        meaning=Meaning.DID_NOT_HAPPEN,
        code=code,
        words=words,
        is_miss=is_miss,
        is_unavailable=is_unavailable,
        needs_person=needs_person,
    )


def unknown_row(
    part: str,
    code: str,
    words: str,
    *,
    http: tuple[int, ...] = TEXT,
    operation: Operation = Operation.ORDER,
    is_unavailable: bool = False,
) -> Row:
    """An answer that proves nothing."""
    return Row(
        operation=operation,
        http_statuses=http,
        part=part,
        meaning=Meaning.NOT_KNOWN,
        code=code,
        words=words,
        is_unavailable=is_unavailable,
    )


def status_row(word: str, meaning: Meaning, words: str) -> Row:
    """A status of an accepted order."""
    return Row(
        operation=Operation.ORDER,
        http_statuses=(200,),
        part=word,
        meaning=meaning,
        code=word,
        words=words,
        where=Where.STATUS,
    )


def reason_row(part: str, code: str, words: str, *, is_miss: bool = True) -> Row:
    """A reason why an order was not cancelled."""
    return Row(
        operation=Operation.CANCEL,
        http_statuses=(200,),
        part=part,
        meaning=Meaning.DID_NOT_HAPPEN,
        code=code,
        words=words,
        where=Where.REASON,
        is_miss=is_miss,
    )
