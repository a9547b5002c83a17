"""What each answer of Kalshi's write side means, as one table. Pure data and its look-up.

Kalshi API docs, orders v2, errors and rate limits, 2026-09-22; OpenAPI 3.34.0 (2026-10-26); codes
seen on the wire 2026-06 to 2026-10. The engine's own reasons are published for FIX only (docs,
fix/order-entry); their REST spelling is taken to be the same words in lower case (UNCERTAIN).
An answer without a row is not known, and somebody should look at it.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple


class Operation(Enum):
    """What was asked for."""

    CREATE = "create"
    AMEND = "amend"
    DECREASE = "decrease"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel_all"
    BATCH_CREATE = "batch_create"
    """The request as a whole; each of its items is a create."""
    BATCH_CANCEL = "batch_cancel"
    """The request as a whole; each of its items is a cancel."""
    GROUP = "group"
    TRANSFER = "transfer"
    ALLOCATION = "allocation"
    READ = "read"


class Meaning(Enum):
    """What an answer says about the thing that was asked for."""

    DID_NOT_HAPPEN = "did_not_happen"
    MISSED = "missed"
    """Taken as sent, traded nothing, and is gone: no failure."""
    NOT_RESTING = "not_resting"
    """Nothing rests under this id, so nothing was changed; it may have filled before."""
    HAPPENED = "happened"
    PARTLY = "partly"
    PENDING = "pending"
    """Taken, and not finished: it rests, or is on its way."""
    NOT_KNOWN = "not_known"


ANY_CODE: Final = "*"
NO_CODE: Final = ""
ANY_REFUSAL: Final = 0


class Row(NamedTuple):
    """One row: which answer, and what it means.

    `http_status` 0 stands for any 4xx. `code_prefix` is the code up to a colon, since codes can
    carry a suffix (`user_not_found:_<uuid>`); "" is an answer without a code, "*" any answer.
    `detail_part` must occur in the venue's words, in whatever case. `is_unavailable`: wait for the
    venue. `needs_person`: it will go on until somebody changes a key, a setting or the client.
    """

    operation: Operation
    http_status: int
    code_prefix: str
    detail_part: str
    meaning: Meaning
    is_unavailable: bool
    needs_person: bool
    words: str


class Verdict(NamedTuple):
    """An answer and its row; without one it is not known, and a case for a person."""

    operation: Operation
    http_status: int | None
    code: str
    detail: str
    row: Row | None

    @property
    def meaning(self) -> Meaning:
        """What it says; NOT_KNOWN without a row."""
        return self.row.meaning if self.row else Meaning.NOT_KNOWN

    @property
    def is_unavailable(self) -> bool:
        """Whether to wait for the venue."""
        return self.row is not None and self.row.is_unavailable

    @property
    def is_item(self) -> bool:
        """Whether it is an item of a batch, which has no HTTP status of its own."""
        return self.http_status is None


def find(operation: Operation, http_status: int | None, code: str, detail: str) -> Verdict:
    """The first row that fits; `http_status` None for an item of a batch.

    An item is found by its code alone: its request was answered 2xx, whatever became of it.
    """
    for row in ROWS:
        if row.operation is operation and _fits(row, http_status, code, detail):
            return Verdict(operation, http_status, code, detail, row)
    return Verdict(operation, http_status, code, detail, None)


def _fits(row: Row, http_status: int | None, code: str, detail: str) -> bool:
    if row.detail_part.lower() not in detail.lower():
        return False
    is_coded = row.code_prefix not in {ANY_CODE, NO_CODE}
    if http_status is None:
        return is_coded and row.http_status < 500 and _has_code(row, code)
    if row.http_status == ANY_REFUSAL:
        if not 400 <= http_status < 500:
            return False
    elif row.http_status != http_status:
        return False
    if is_coded:
        return _has_code(row, code)
    return row.code_prefix == ANY_CODE or not code


def _has_code(row: Row, code: str) -> bool:
    """Whether it is the row's code, and not one that only begins with the same words."""
    return code.partition(":")[0] == row.code_prefix


class Counts(Enum):
    """How the counts of an accepted order stand to what was ordered."""

    FILLED = "filled"
    PARTLY = "partly"
    NOTHING = "nothing"
    RESTING = "resting"
    CONTRADICTORY = "contradictory"


class CreatedRow(NamedTuple):
    """What a 201 means by its counts, for an order that may rest or may not."""

    may_rest: bool
    counts: Counts
    meaning: Meaning
    code: str
    words: str


CREATED_ROWS: Final = (
    CreatedRow(False, Counts.FILLED, Meaning.HAPPENED, "", "all of it traded"),
    CreatedRow(False, Counts.PARTLY, Meaning.PARTLY, "", "some traded, the rest is gone"),
    CreatedRow(
        False, Counts.NOTHING, Meaning.MISSED, "", "nobody to trade with, or only ourselves"
    ),
    CreatedRow(
        False, Counts.RESTING, Meaning.NOT_KNOWN, "contradictory_counts", "a taker does not rest"
    ),
    CreatedRow(
        False, Counts.CONTRADICTORY, Meaning.NOT_KNOWN, "contradictory_counts", "impossible counts"
    ),
    CreatedRow(True, Counts.FILLED, Meaning.HAPPENED, "", "it crossed, and all of it traded"),
    CreatedRow(
        True, Counts.PARTLY, Meaning.PARTLY, "not_rested", "some traded, then it met our own order"
    ),
    # Seen for takers that met an order of their own (`taker_at_cross`, 2026-06): accepted, nothing
    # traded, nothing left. An order that may rest and does not was stopped the same way: it is
    # gone for good, and so is its id.
    CreatedRow(
        True, Counts.NOTHING, Meaning.MISSED, "not_rested", "stopped before our own resting order"
    ),
    CreatedRow(True, Counts.RESTING, Meaning.PENDING, "", "what did not trade rests"),
    CreatedRow(
        True, Counts.CONTRADICTORY, Meaning.NOT_KNOWN, "contradictory_counts", "impossible counts"
    ),
)


def created_row(counts: Counts, *, may_rest: bool) -> CreatedRow:
    """The row of an accepted order."""
    return next(row for row in CREATED_ROWS if row.may_rest is may_rest and row.counts is counts)


def count_case(*, filled_e6: int, remaining_e6: int, size_e6: int) -> Counts:
    """How an accepted order's counts stand to its size."""
    told_e6 = filled_e6 + remaining_e6
    if filled_e6 < 0 or remaining_e6 < 0 or told_e6 > size_e6:
        return Counts.CONTRADICTORY
    if remaining_e6:
        return Counts.RESTING if told_e6 == size_e6 else Counts.CONTRADICTORY
    if filled_e6 == size_e6:
        return Counts.FILLED
    return Counts.PARTLY if filled_e6 else Counts.NOTHING


_O: Final = Operation
_NO, _MISSED, _GONE = Meaning.DID_NOT_HAPPEN, Meaning.MISSED, Meaning.NOT_RESTING
_YES, _PARTLY, _PENDING = Meaning.HAPPENED, Meaning.PARTLY, Meaning.PENDING
_UNSURE: Final = Meaning.NOT_KNOWN
_WAIT, _ALARM = "wait", "person"
_Operations = tuple[Operation, ...]
_Spec = tuple[_Operations, int, str, str, Meaning, str, str]

_ALL: Final[_Operations] = tuple(Operation)
_WRITES: Final[_Operations] = tuple(item for item in Operation if item is not Operation.READ)
_PRICED: Final[_Operations] = (_O.CREATE, _O.AMEND)
_BY_ID: Final[_Operations] = (_O.CANCEL, _O.AMEND, _O.DECREASE)
_CHANGES: Final[_Operations] = (_O.AMEND, _O.DECREASE)
_ORDERS: Final[_Operations] = (_O.CREATE, *_BY_ID, _O.CANCEL_ALL, _O.BATCH_CREATE, _O.BATCH_CANCEL)
_CASH: Final[_Operations] = (_O.CREATE, _O.AMEND, _O.BATCH_CREATE, _O.TRANSFER)

_SUCCESSES: Final[tuple[_Spec, ...]] = (
    ((_O.CREATE,), 201, "", "", _YES, "", "accepted; its counts tell how it ended"),
    ((_O.CANCEL,), 200, "", "", _YES, "", "what rested is gone; reduced_by says how much"),
    # In a pause of the exchange nothing is canceled, and of very many orders not all (10 000, by a
    # client library); the answer is the same.
    ((_O.CANCEL_ALL,), 204, "", "", _PENDING, "",
     "taken; what it canceled is not told, and orders of the next minute go too"),
    (_CHANGES, 200, "", "", _YES, "", "changed; an amend may also have traded"),
    ((_O.BATCH_CREATE,), 201, "", "", _PARTLY, "", "taken; each item answers for itself"),
    ((_O.BATCH_CANCEL,), 200, "", "", _PARTLY, "", "taken; each item answers for itself"),
    ((_O.GROUP, _O.ALLOCATION), 200, "", "", _YES, "", "done"),
    ((_O.GROUP, _O.ALLOCATION), 201, "", "", _YES, "", "done"),
    ((_O.GROUP, _O.ALLOCATION), 204, "", "", _YES, "", "done"),
    ((_O.TRANSFER,), 200, "", "", _PENDING, "", "taken; between shards it completes later"),
    ((_O.TRANSFER,), 201, "", "", _PENDING, "", "taken; between shards it completes later"),
    ((_O.READ,), 200, "", "", _YES, "", "what was asked for"),
)  # fmt: skip

_CODES: Final[tuple[_Spec, ...]] = (
    # Orders. One HTTP status can mean opposite things here: the code decides.
    ((_O.CREATE,), 409, "fill_or_kill_insufficient_resting_volume", "", _MISSED, "",
     "not enough to fill all of it at the limit; killed, and the id is used up"),
    (_PRICED, ANY_REFUSAL, "order_already_exists", "", _UNSURE, "",
     "an order under this client order id exists or existed; only a look-up tells how it ended"),
    (_PRICED, 400, "invalid_order", "post only cross", _NO, "",
     "it would have taken, and was told not to"),
    (_PRICED, 400, "invalid_order", "", _NO, "", "the terms of the order contradict each other"),
    (_PRICED, 400, "invalid_price", "", _NO, "", "off the price grid, or 0 or 1 dollar"),
    ((*_PRICED, _O.DECREASE), ANY_REFUSAL, "invalid_order_size", "", _NO, "",
     "the size is not one the market takes"),
    (_CASH, ANY_REFUSAL, "insufficient_balance", "", _NO, "",
     "not enough cash on the market's shard"),
    (_CASH, ANY_REFUSAL, "available_balance_too_low", "", _NO, "",
     "not enough cash on the market's shard"),
    (_WRITES, ANY_REFUSAL, "user_not_found", "", _NO, _ALARM,
     "the account was never funded on this shard: move cash there first"),
    ((*_ORDERS, _O.READ), 404, "market_not_found", "", _NO, "",
     "no such market, or not on the shard that was named"),
    # What traded before it met our own order stands (docs, self-trade prevention). Over REST such
    # an order was only ever seen accepted; if it is refused after all, the fills must tell.
    (_PRICED, ANY_REFUSAL, "self_cross_attempt", "", _UNSURE, "",
     "it met an order of our own, maybe after it had traded with others"),
    (_PRICED, ANY_REFUSAL, "exceeded_order_group_risk_limit", "", _NO, "",
     "its order group traded more than its limit in 15 s; it takes orders after a reset"),
    ((*_PRICED, _O.GROUP, _O.READ), ANY_REFUSAL, "order_group_not_found", "", _NO, "",
     "no such order group on this shard and subaccount"),
    (_PRICED, ANY_REFUSAL, "exceeded_per_market_risk_limit", "", _NO, _ALARM,
     "the venue's own risk limit of this market is reached"),
    # Orders named by an id.
    (_CHANGES, ANY_REFUSAL, "invalid_amend_qty_for_order", "", _NO, "",
     "the new size is not above what has filled"),
    (_CHANGES, ANY_REFUSAL, "cannot_update_filled_order", "", _GONE, "", "it has filled"),
    (_CHANGES, ANY_REFUSAL, "order_id_and_client_order_id_mismatch", "", _NO, _ALARM,
     "the two ids belong to different orders"),
    (_CHANGES, ANY_REFUSAL, "order_side_mismatch", "", _NO, _ALARM,
     "the order is on the other side"),
    (_CHANGES, ANY_REFUSAL, "order_ticker_mismatch", "", _NO, _ALARM,
     "the order belongs to another market"),
    ((*_BY_ID, _O.CANCEL_ALL), 404, "not_found", "", _GONE, "",
     "nothing rests under this id on this shard: filled, canceled, or never there"),
    ((_O.CREATE, _O.BATCH_CREATE, _O.BATCH_CANCEL, _O.GROUP, _O.TRANSFER, _O.ALLOCATION, _O.READ),
     404, "not_found", "", _NO, "", "what was named does not exist"),
    # Pauses, closed markets and the engine's own trouble.
    (_ALL, ANY_REFUSAL, "trading_is_paused", "", _NO, _WAIT, "the market or the exchange pauses"),
    (_ALL, ANY_REFUSAL, "trading_paused", "", _NO, _WAIT, "the market or the exchange pauses"),
    (_ALL, ANY_REFUSAL, "exchange_is_paused", "", _NO, _WAIT,
     "the exchange pauses; it does not cancel either"),
    (_ALL, ANY_REFUSAL, "exchange_paused", "", _NO, _WAIT,
     "the exchange pauses; it does not cancel either"),
    # After the close even a cancel is refused; what rests is swept by the venue.
    (_ORDERS, ANY_REFUSAL, "market_inactive", "", _NO, "", "the market is halted or closed"),
    (_ORDERS, ANY_REFUSAL, "market_already_closed", "", _NO, "", "the market is closed"),
    (_WRITES, ANY_REFUSAL, "exchange_unavailable", "", _UNSURE, _WAIT,
     "the engine did not confirm: ask again under the same id"),
    # That nothing was applied is promised for FIX only; with a 5xx the same word promises nothing.
    (_WRITES, ANY_REFUSAL, "internal_error", "", _UNSURE, "", "the engine failed"),
    # UNCERTAIN: which code a duplicate carries. Pauses and cash come with codes of their own.
    ((_O.TRANSFER,), 409, ANY_CODE, "", _YES, "", "a transfer under this id was made before"),
    # Requests that are not understood: ours to mend.
    (_ALL, 400, "missing_parameters", "", _NO, _ALARM, "a field that the venue wants is missing"),
    (_ALL, 400, "invalid_parameters", "", _NO, _ALARM, "a field is not what the venue wants"),
    (_ALL, 400, "bad_request", "", _NO, _ALARM, "the body could not be read"),
    (_ALL, 400, "invalid_content_type", "", _NO, _ALARM, "the body is not marked as JSON"),
    (_ALL, 410, "deprecated_v1_order_endpoint", "", _NO, _ALARM, "this endpoint was shut"),
    # Keys and clocks.
    (_ALL, 401, "authentication_error", "INCORRECT_API_KEY_SIGNATURE", _NO, _ALARM,
     "the signature is wrong: the private key does not belong to the key id"),
    (_ALL, 401, "authentication_error", "NOT_FOUND", _NO, _ALARM,
     "the key id is not known in this environment"),
    (_ALL, 401, "authentication_error", "", _NO, _ALARM, "the key was not accepted"),
    (_ALL, 401, "signature_is_missing_from_headers", "", _NO, _ALARM, "it was sent unsigned"),
    # Heals itself: the answer's own Date corrects the next signature.
    (_ALL, 401, "header_timestamp_expired", "", _NO, "", "our clock is off, or the way was slow"),
)  # fmt: skip

_STATUSES: Final[tuple[_Spec, ...]] = (
    (_ALL, 400, NO_CODE, "", _NO, _ALARM, "a parameter is not what the venue wants"),
    (_ALL, 401, ANY_CODE, "", _NO, _ALARM, "the key was not accepted"),
    # UNCERTAIN: the wording of a 403. All of its known causes need a person.
    (_ALL, 403, ANY_CODE, "", _NO, _ALARM,
     "the key's scope, subaccount or tier, the region, or a ban forbids it"),
    (_ALL, 404, NO_CODE, "", _NO, _ALARM, "no such path: the host or the client is out of date"),
    (_ALL, 405, ANY_CODE, "", _NO, _ALARM, "no such method: the client is out of date"),
    (_ALL, 408, ANY_CODE, "", _UNSURE, "", "given up by something between us and the venue"),
    (_ALL, 410, ANY_CODE, "", _NO, _ALARM, "this endpoint was shut: the client is out of date"),
    (_ALL, 413, ANY_CODE, "", _NO, _ALARM, "the request is too large"),
    (_ALL, 415, ANY_CODE, "", _NO, _ALARM, "the body is not marked as JSON"),
    (_ALL, 422, ANY_CODE, "", _NO, _ALARM, "the request was read and makes no sense"),
    (_ALL, 429, ANY_CODE, "", _NO, _WAIT, "the rate bucket is empty"),
    (_ALL, 500, ANY_CODE, "", _UNSURE, "", "the venue failed, before or after doing it"),
    (_ALL, 502, ANY_CODE, "", _UNSURE, "", "the door failed, before or after passing it on"),
    (_ALL, 503, ANY_CODE, "", _UNSURE, _WAIT, "the venue is not available, and may have done it"),
    (_ALL, 504, ANY_CODE, "", _UNSURE, "", "the door waited in vain for the venue"),
)  # fmt: skip


def _rows(specs: tuple[_Spec, ...]) -> Iterator[Row]:
    for operations, http_status, code, detail, meaning, mark, words in specs:
        for operation in operations:
            yield Row(
                operation=operation,
                http_status=http_status,
                code_prefix=code,
                detail_part=detail,
                meaning=meaning,
                is_unavailable=mark == _WAIT,
                needs_person=mark == _ALARM,
                words=words,
            )


ROWS: Final[tuple[Row, ...]] = tuple(_rows((*_SUCCESSES, *_CODES, *_STATUSES)))
"""Every row, operation by operation within each group; the first that fits counts."""
