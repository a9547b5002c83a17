"""What each answer of the CLOB to a write means: one table, as data.

`ROWS` is the whole knowledge. What stands in no row is not known, never "no": it gets looked up
and raises an alarm. Within one operation the first row that matches counts, so texts that hold
another text stand before it, and rows without a text last.

Sources: docs.polymarket.com resources/error-codes, matching-engine, cancel-order, send-heartbeat
and trading-rate-limits; the error map of polymarket-client 0.14.0; issues of py-clob-client(-v2)
and rs-clob-client; read 2026-11-22.
"""

from typing import Final

import msgspec

from twoleg.venues.polymarket.answer_rows import (
    AUTH,
    NOT_FOUND,
    PAUSE,
    REGION,
    Meaning,
    Operation,
    Row,
    Where,
    no_row,
    reason_row,
    unknown_row,
)
from twoleg.venues.polymarket.order_rows import ORDER_ROWS

_VENUE_ROWS: Final = (
    no_row(
        "unauthorized",
        "unauthorized",
        "The API key or its signature is refused: check the credentials and the clock.",
        http=AUTH,
        is_unavailable=True,
        needs_person=True,
    ),
    no_row(
        "invalid l1 request headers",
        "unauthorized",
        "The wallet's signature of an API key request is refused: check the key and the clock.",
        http=AUTH,
        is_unavailable=True,
        needs_person=True,
    ),
    no_row(
        "invalid api key",
        "unauthorized",
        "The API key is refused: check the credentials.",
        http=AUTH,
        is_unavailable=True,
        needs_person=True,
    ),
    no_row(
        "trading restricted",
        "region_restricted",
        "The venue does not serve this address: trading from here is not allowed.",
        http=REGION,
        is_unavailable=True,
        needs_person=True,
    ),
    no_row(
        "too many requests",
        "rate_limited",
        "Too many requests: nothing was done, wait as the headers say.",
        http=(200, 400, 429),
        is_unavailable=True,
    ),
    no_row(
        "trading is currently disabled",
        "trading_disabled",
        "The venue takes neither orders nor cancels.",
        http=PAUSE,
        is_unavailable=True,
    ),
    no_row(
        "",
        "unauthorized",
        "The API key or its signature is refused: check the credentials and the clock.",
        http=(401,),
        is_unavailable=True,
        needs_person=True,
    ),
    no_row(
        "",
        "forbidden",
        "Refused before the exchange saw it: a block of the region, the address or the agent.",
        http=(403,),
        is_unavailable=True,
        needs_person=True,
    ),
    no_row(
        "",
        "engine_restarting",
        "The matching engine restarts: wait and try again, 1 to 30 seconds apart.",
        http=(425,),
        is_unavailable=True,
    ),
    no_row(
        "",
        "rate_limited",
        "Too many requests: nothing was done, wait as the headers say.",
        http=(429,),
        is_unavailable=True,
    ),
    unknown_row(
        "",
        "bad_gateway",
        "Something in front of the exchange failed; the exchange may have got the request.",
        http=(502, 504, 520, 521, 522, 523, 524),
        is_unavailable=True,
    ),
)
"""Answers that say the same whatever was asked for."""


def _rows_for(operation: Operation) -> tuple[Row, ...]:
    return tuple(msgspec.structs.replace(row, operation=operation) for row in _VENUE_ROWS)


_CANCEL_ROWS: Final = (
    reason_row("already matched", "already_matched", "It filled before."),
    reason_row("not found", "not_found", "Nothing rests under this id."),
    reason_row("already canceled", "already_canceled", "It was cancelled before, or filled."),
    reason_row("delay", "in_delay", "Not cancellable while its market delays it.", is_miss=False),
    # Another 404 speaks of the path, or comes from whatever stands in front of the exchange.
    no_row(
        "order not found",
        "not_found",
        "Nothing rests under this id.",
        http=NOT_FOUND,
        operation=Operation.CANCEL,
        is_miss=True,
    ),
    no_row(
        "invalid order payload",
        "invalid_payload",
        "The body is malformed: a bug of ours.",
        operation=Operation.CANCEL,
    ),
    no_row(
        "invalid orderid",
        "invalid_payload",
        "The id is malformed: a bug of ours.",
        operation=Operation.CANCEL,
    ),
    no_row(
        "too many orders in payload",
        "too_many_orders",
        "More than 1 000 ids in one request: nothing was cancelled.",
        operation=Operation.CANCEL,
    ),
    *_rows_for(Operation.CANCEL),
)

_HEARTBEAT_ROWS: Final = (
    no_row(
        "invalid heartbeat id",
        "heartbeat_id_mismatch",
        "Another heartbeat came in between: continue with the id that the answer names.",
        http=(400,),
        operation=Operation.HEARTBEAT,
    ),
    *_rows_for(Operation.HEARTBEAT),
)

ROWS: Final = (*ORDER_ROWS, *_VENUE_ROWS, *_CANCEL_ROWS, *_HEARTBEAT_ROWS)


def find_row(operation: Operation, http_status: int, text: str, where: Where = Where.ERROR) -> Row:
    """The row that an answer falls under; for one in no row, a row of its own: not known.

    `text` in any case; the code of what is in no row is `http_<status>`, or `reason` or `status`.
    """
    folded = text.lower().replace("’", "'")
    for row in ROWS:
        if row.operation is operation and row.where is where and http_status in row.http_statuses:
            is_whole_word = where is Where.STATUS
            if folded == row.part if is_whole_word else row.part in folded:
                return row
    return Row(
        operation=operation,
        http_statuses=(http_status,),
        part="",
        meaning=Meaning.NOT_KNOWN,
        code=f"http_{http_status}" if where is Where.ERROR else f"unknown_{where.value}",
        words="Not in the table.",
        where=where,
        # A plain 500 is about one order; those above are about the venue.
        is_unavailable=http_status > 500,
    )


def row_of_code(operation: Operation, code: str) -> Row | None:
    """The first row with this code; None for one that stands in no row."""
    return next((row for row in ROWS if row.operation is operation and row.code == code), None)
