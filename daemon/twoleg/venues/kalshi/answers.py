"""What Kalshi's answer to an order means, in the words of the order port. Pure.

Kalshi API docs, orders v2 and rate limits, 2026-09-22, and the errors seen on the wire. An order
is judged by its fill counts; a refusal by the table in `meanings`.
"""

from typing import Final, NamedTuple

import msgspec

from twoleg.core.events import NO_TOKENS, AnswerStatus, LegAnswer
from twoleg.core.orders import OrderSpec
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.meanings import (
    Meaning,
    Operation,
    Verdict,
    count_case,
    created_row,
    find,
)
from twoleg.venues.kalshi.numbers import parse_size
from twoleg.venues.kalshi.rest import CreateAnswer, decode
from twoleg.venues.ratelimit import TokenBucket

ORDER_EXISTS: Final = "order_already_exists"
RATE_LIMITED: Final = "rate_limited"
_DETAIL_CHARS_MAX: Final = 300

STATUSES: Final = {
    Meaning.DID_NOT_HAPPEN: AnswerStatus.REJECTED,
    Meaning.NOT_RESTING: AnswerStatus.REJECTED,
    Meaning.MISSED: AnswerStatus.MISSED,
    Meaning.HAPPENED: AnswerStatus.FILLED,
    Meaning.PARTLY: AnswerStatus.PARTIAL,
    Meaning.PENDING: AnswerStatus.RESTING,
    Meaning.NOT_KNOWN: AnswerStatus.UNKNOWN,
}
"""An order's answer by what it means."""


class ErrorBody(NamedTuple):
    """The venue's own code, "" where it gave none, and its words."""

    code: str
    detail: str


def parse_error(body: bytes) -> ErrorBody:
    """Read an error of any of the known shapes; anything else is its own detail.

    Nested `{"error": {code, message, details}}`, flat `{code, message, details}`, `{"msg": …}`,
    `{"error": "…"}`, and plain text or HTML of the CDN.
    """
    try:
        parsed: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ErrorBody("", body[:200].decode("utf-8", "replace"))
    if not isinstance(parsed, dict):
        return ErrorBody("", str(parsed)[:_DETAIL_CHARS_MAX])
    inner: object = parsed.get("error", parsed)
    if not isinstance(inner, dict):
        return ErrorBody("", str(inner)[:_DETAIL_CHARS_MAX])
    words = [str(inner[key]) for key in ("message", "details", "msg") if inner.get(key)]
    return ErrorBody(str(inner.get("code") or "")[:100], ": ".join(words)[:_DETAIL_CHARS_MAX])


def read_verdict(operation: Operation, http_status: int, body: bytes) -> Verdict:
    """What an answer means by its status and its error body; a 2xx is only looked up."""
    code, detail = parse_error(body) if http_status >= 300 else ErrorBody("", "")
    return find(operation, http_status, code, detail)


def word_of(verdict: Verdict) -> str:
    """The venue's code without its suffix, or a word for its status where it gave none."""
    if verdict.code:
        return verdict.code.partition(":")[0]
    if verdict.is_item:
        return "no_code"
    is_limit = verdict.http_status == 429
    return RATE_LIMITED if is_limit else f"http_{verdict.http_status}"


def judge(http_status: int, body: bytes, spec: OrderSpec, order_key: str) -> LegAnswer:
    """The outcome of a create that was answered."""
    if 200 <= http_status < 300:
        return judge_created(body, spec, order_key)
    return judge_refused(read_verdict(Operation.CREATE, http_status, body))


def judge_refused(verdict: Verdict) -> LegAnswer:
    """The outcome of a create that was answered with an error, alone or in a batch."""
    return LegAnswer(
        status=STATUSES[verdict.meaning],
        code=word_of(verdict),
        detail=verdict.detail,
        is_unavailable=verdict.is_unavailable,
    )


def judge_created(body: bytes, spec: OrderSpec, order_key: str) -> LegAnswer:
    """Decide by the counts; a 2xx without order id or counts proves nothing."""
    try:
        answer = decode(body, CreateAnswer)
    except MalformedMessage as error:
        return unknown("unreadable_answer", error.reason)
    venue_order_id = answer.order_id
    if not venue_order_id:
        return unknown("no_order_id", body[:200].decode("utf-8", "replace"))
    named = answer.client_order_id or order_key
    if named != order_key:
        return unknown("foreign_order", f"answer names {named[:60]}")
    may_rest = spec.tif.rests
    try:
        filled_e6 = parse_size(answer.fill_count)
        # Only an order that may rest must say how much of it does.
        is_told = bool(answer.remaining_count) or may_rest
        remaining_e6 = parse_size(answer.remaining_count) if is_told else 0
    except MalformedMessage as error:
        return unknown("unreadable_answer", error.reason, venue_order_id)
    case = count_case(filled_e6=filled_e6, remaining_e6=remaining_e6, size_e6=spec.size_e6)
    row = created_row(case, may_rest=may_rest)
    status = STATUSES[row.meaning]
    if status is AnswerStatus.UNKNOWN:
        counts = f"filled {answer.fill_count}, remaining {answer.remaining_count}"
        return unknown(row.code, counts, venue_order_id)
    return LegAnswer(
        status=status,
        filled_e6=filled_e6,
        # An acknowledgement's average price is rounded to 4 decimals: no money is claimed.
        notional_micros=-1 if filled_e6 else 0,
        venue_order_id=venue_order_id,
        code=row.code,
        ts_event_ms=answer.ts_ms or 0,
    )


def decided(
    filled_e6: int,
    spec: OrderSpec,
    venue_order_id: str,
    *,
    code: str = "",
    ts_event_ms: int = 0,
    notional_micros: int = -1,
    trade_ids: tuple[str, ...] = (),
) -> LegAnswer:
    """The answer for a finished order that filled this much."""
    if filled_e6 == 0:
        status, notional_micros = AnswerStatus.MISSED, 0
    else:
        status = AnswerStatus.FILLED if filled_e6 >= spec.size_e6 else AnswerStatus.PARTIAL
    return LegAnswer(
        status=status,
        filled_e6=filled_e6,
        notional_micros=notional_micros,
        venue_order_id=venue_order_id,
        trade_ids=trade_ids,
        code=code,
        ts_event_ms=ts_event_ms,
    )


def held_back(bucket: TokenBucket, cost: int, *, reserved: bool) -> LegAnswer:
    """The answer for an order that was not sent for lack of rate tokens."""
    return LegAnswer(
        status=AnswerStatus.NOT_SENT,
        code=NO_TOKENS,
        detail=f"{cost} tokens",
        retry_after_ms=bucket.wait_ms(cost, reserved=reserved),
    )


def unknown(code: str, detail: str = "", venue_order_id: str = "") -> LegAnswer:
    """An answer that tells nothing."""
    return LegAnswer(
        status=AnswerStatus.UNKNOWN, code=code, detail=detail, venue_order_id=venue_order_id
    )
