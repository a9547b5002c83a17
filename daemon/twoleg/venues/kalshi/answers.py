"""What Kalshi's answer to an order means: a table of status and code. Pure.

Kalshi API docs, orders v2 and rate limits, 2026-09-22, and the errors seen on the wire. An order
is judged by its fill counts; an error by its code first, because one status means opposite things.
"""

from typing import Final, NamedTuple

import msgspec

from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.orders import OrderSpec
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.numbers import parse_size
from twoleg.venues.kalshi.rest import CreateAnswer, decode

ORDER_EXISTS: Final = "order_already_exists"
RATE_LIMITED: Final = "rate_limited"
_DETAIL_CHARS_MAX: Final = 300


class Rule(NamedTuple):
    """One row: an HTTP status (0: any 4xx), a prefix of the code, and what they mean."""

    http_status: int
    code_prefix: str
    status: AnswerStatus
    is_unavailable: bool = False


_MISSED, _REJECTED, _UNKNOWN = AnswerStatus.MISSED, AnswerStatus.REJECTED, AnswerStatus.UNKNOWN

RULES: Final = (
    # Codes can carry a suffix (`user_not_found:_<uuid>`), hence prefixes. First match counts.
    Rule(409, "fill_or_kill_insufficient_resting_volume", _MISSED),
    # The id is consumed, by a fill as well as by a kill: only a look-up can tell.
    Rule(0, ORDER_EXISTS, _UNKNOWN),
    Rule(0, "trading_is_paused", _REJECTED, is_unavailable=True),
    Rule(0, "exchange_is_paused", _REJECTED, is_unavailable=True),
    # "Unconfirmed" in the FIX vocabulary (docs, fix/order-entry).
    Rule(0, "exchange_unavailable", _UNKNOWN, is_unavailable=True),
    Rule(409, "market_inactive", _REJECTED),
    Rule(409, "market_already_closed", _REJECTED),
    Rule(409, "self_cross_attempt", _REJECTED),
    Rule(429, "", _REJECTED, is_unavailable=True),
    Rule(400, "", _REJECTED),
    Rule(401, "", _REJECTED),
    Rule(403, "", _REJECTED),
    Rule(404, "", _REJECTED),
    Rule(405, "", _REJECTED),
    Rule(410, "", _REJECTED),
    Rule(413, "", _REJECTED),
    Rule(415, "", _REJECTED),
    Rule(422, "", _REJECTED),
    Rule(503, "", _UNKNOWN, is_unavailable=True),
)
"""Anything without a row is UNKNOWN: other 409, other 4xx, 3xx, 5xx."""


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


def judge(http_status: int, body: bytes, spec: OrderSpec, order_key: str) -> LegAnswer:
    """The outcome of a create that was answered."""
    if 200 <= http_status < 300:
        return _judge_created(body, spec, order_key)
    code, detail = parse_error(body)
    word = code or (RATE_LIMITED if http_status == 429 else f"http_{http_status}")
    for rule in RULES:
        is_status = rule.http_status == http_status
        is_any_refusal = rule.http_status == 0 and 400 <= http_status < 500
        if (is_status or is_any_refusal) and code.startswith(rule.code_prefix):
            return LegAnswer(
                status=rule.status, code=word, detail=detail, is_unavailable=rule.is_unavailable
            )
    return LegAnswer(status=AnswerStatus.UNKNOWN, code=word, detail=detail)


def _judge_created(body: bytes, spec: OrderSpec, order_key: str) -> LegAnswer:
    """Decide by the fill count; a 2xx without order id or count proves nothing."""
    try:
        answer = decode(body, CreateAnswer)
    except MalformedMessage as error:
        return unknown("unreadable_answer", error.reason)
    venue_order_id = answer.order_id
    if not venue_order_id:
        return unknown("no_order_id", body[:200].decode("utf-8", "replace"))
    if answer.client_order_id not in {"", order_key}:
        return unknown("foreign_order", f"answer names {answer.client_order_id[:60]}")
    try:
        filled_e6 = parse_size(answer.fill_count)
        resting_e6 = parse_size(answer.remaining_count) if answer.remaining_count else 0
    except MalformedMessage as error:
        return unknown("unreadable_answer", error.reason, venue_order_id)
    if not 0 <= filled_e6 <= spec.size_e6 or resting_e6:
        counts = f"filled {answer.fill_count}, remaining {answer.remaining_count}"
        return unknown("contradictory_counts", counts, venue_order_id)
    return decided(filled_e6, spec, venue_order_id, ts_event_ms=answer.ts_ms or 0)


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
    """The answer for a finished order that filled this much.

    The notional stays untold on an acknowledgement: its average price is rounded to 4 decimals.
    """
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


def unknown(code: str, detail: str = "", venue_order_id: str = "") -> LegAnswer:
    """An answer that tells nothing."""
    return LegAnswer(
        status=AnswerStatus.UNKNOWN, code=code, detail=detail, venue_order_id=venue_order_id
    )
