"""What the answer to `POST /order` means, as one table. Pure.

Anything that could have happened after all is UNKNOWN and gets looked up; only texts that the
venue is known to write for orders that did not happen are REJECTED or MISSED.

Texts: docs.polymarket.com resources/error-codes and matching-engine, the error map of
polymarket-client 0.14.0, and issues of py-clob-client(-v2), read 2026-11-22.
"""

from typing import Final, NamedTuple

import msgspec

from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.market import Side, TimeInForce
from twoleg.core.orders import OrderSpec
from twoleg.core.units import ceil_div
from twoleg.venues.polymarket.numbers import parse_ratio

DETAIL_LENGTH_MAX: Final = 200
_MISSED: Final = AnswerStatus.MISSED
_REJECTED: Final = AnswerStatus.REJECTED
_UNKNOWN: Final = AnswerStatus.UNKNOWN


class ErrorRow(NamedTuple):
    """A text (lower case, anywhere in the message) and what it means."""

    text: str
    status: AnswerStatus
    code: str
    is_unavailable: bool = False


ERROR_ROWS: Final = (
    # Clean misses: nothing traded, nothing rests.
    ErrorRow("order couldn't be fully filled", _MISSED, "fok_killed"),
    ErrorRow("no orders found to match with fak order", _MISSED, "fak_unmatched"),
    ErrorRow("fok_order_not_filled", _MISSED, "fok_killed"),
    # Not proof of anything: look it up.
    ErrorRow("duplicated", _UNKNOWN, "duplicated"),
    ErrorRow("order match delayed", _UNKNOWN, "match_delayed"),
    ErrorRow("order timed out", _UNKNOWN, "timed_out"),
    ErrorRow("context canceled", _UNKNOWN, "context_canceled"),
    # We built it wrongly.
    ErrorRow("invalid order payload", _REJECTED, "invalid_payload"),
    ErrorRow("invalid signature", _REJECTED, "invalid_signature"),
    ErrorRow("order_version_mismatch", _REJECTED, "order_version_mismatch"),
    ErrorRow("order owner has to be the owner", _REJECTED, "owner_mismatch"),
    ErrorRow("order signer address has to be", _REJECTED, "signer_mismatch"),
    ErrorRow("invalid nonce", _REJECTED, "invalid_nonce"),
    ErrorRow("invalid expiration", _REJECTED, "invalid_expiration"),
    ErrorRow("breaks minimum tick size rule", _REJECTED, "off_tick"),
    ErrorRow("invalid_order_min_tick_size", _REJECTED, "off_tick"),
    ErrorRow("invalid amount for a marketable", _REJECTED, "below_notional_min"),
    ErrorRow("invalid amounts", _REJECTED, "invalid_amounts"),
    ErrorRow("invalid price", _REJECTED, "invalid_price"),
    ErrorRow("lower than the minimum", _REJECTED, "below_size_min"),
    ErrorRow("invalid_order_min_size", _REJECTED, "below_size_min"),
    ErrorRow("invalid post-only order", _REJECTED, "post_only_crosses"),
    ErrorRow("crosses the book", _REJECTED, "post_only_crosses"),
    ErrorRow("too many orders in payload", _REJECTED, "too_many_orders"),
    # The account or the market cannot take it.
    ErrorRow("not enough balance", _REJECTED, "insufficient_balance"),
    ErrorRow("maker address not allowed", _REJECTED, "maker_not_allowed", is_unavailable=True),
    ErrorRow("address banned", _REJECTED, "address_banned", is_unavailable=True),
    ErrorRow("closed only mode", _REJECTED, "closed_only", is_unavailable=True),
    ErrorRow("canceled in the ctf exchange contract", _REJECTED, "canceled_on_chain"),
    ErrorRow("market is not yet ready", _REJECTED, "market_not_ready"),
    ErrorRow("no orderbook exists", _REJECTED, "no_orderbook"),
    ErrorRow("market not found", _REJECTED, "market_not_found"),
    ErrorRow("unauthorized", _REJECTED, "unauthorized", is_unavailable=True),
    ErrorRow("invalid l1 request headers", _REJECTED, "unauthorized", is_unavailable=True),
    ErrorRow("invalid api key", _REJECTED, "unauthorized", is_unavailable=True),
    # The venue is paused.
    ErrorRow("cancel-only", _REJECTED, "cancel_only", is_unavailable=True),
    ErrorRow("trading is currently disabled", _REJECTED, "trading_disabled", is_unavailable=True),
    ErrorRow("post-only mode", _REJECTED, "post_only_mode", is_unavailable=True),
    ErrorRow("post_only_mode", _REJECTED, "post_only_mode", is_unavailable=True),
    ErrorRow("trading restricted", _REJECTED, "region_restricted", is_unavailable=True),
    ErrorRow("too many requests", _REJECTED, "rate_limited", is_unavailable=True),
)

STATUS_ROWS: Final = {
    401: ErrorRow("", _REJECTED, "unauthorized", is_unavailable=True),
    403: ErrorRow("", _REJECTED, "forbidden", is_unavailable=True),
    425: ErrorRow("", _REJECTED, "engine_restarting", is_unavailable=True),
    429: ErrorRow("", _REJECTED, "rate_limited", is_unavailable=True),
}
"""Statuses that mean the same whatever the text."""
TEXT_STATUSES: Final = frozenset({200, 400, 404, 503})
"""Statuses whose text decides; a 500 with a familiar text proves nothing."""


class _Accepted(msgspec.Struct, frozen=True):
    """The body of a 200; amounts are decimal units, not base units."""

    success: bool
    order_id: str = msgspec.field(name="orderID", default="")
    error: str | None = msgspec.field(name="errorMsg", default=None)
    status: str = ""
    making: str | int | None = msgspec.field(name="makingAmount", default=None)
    taking: str | int | None = msgspec.field(name="takingAmount", default=None)
    trade_ids: tuple[str, ...] | None = msgspec.field(name="tradeIDs", default=None)


def read_answer(spec: OrderSpec, order_key: str, http_status: int, body: bytes) -> LegAnswer:
    """Turn any HTTP answer to `POST /order` into what is known about the order."""
    if http_status != 200:
        return _read_error(http_status, body)
    try:
        accepted = msgspec.json.decode(body, type=_Accepted)
        return _read_accepted(spec, order_key, accepted)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return LegAnswer(status=_UNKNOWN, code="unreadable_answer", detail=_text(body))


def classify(http_status: int, text: str) -> ErrorRow:
    """What an error means."""
    if http_status in TEXT_STATUSES:
        folded = text.lower().replace("’", "'")
        for row in ERROR_ROWS:
            if row.text in folded:
                return row
    return STATUS_ROWS.get(http_status) or ErrorRow(
        "", _UNKNOWN, f"http_{http_status}", is_unavailable=http_status > 500
    )


def error_text(body: bytes) -> str:
    """The venue's own words, or the head of whatever came instead."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        for name in ("error", "errorMsg", "error_msg", "message"):
            if name in fields:
                return msgspec.json.decode(fields[name], type=str)[:DETAIL_LENGTH_MAX]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    return _text(body)


def _read_error(http_status: int, body: bytes) -> LegAnswer:
    text = error_text(body)
    row = classify(http_status, text)
    return LegAnswer(
        status=row.status, code=row.code, detail=text, is_unavailable=row.is_unavailable
    )


def _read_accepted(spec: OrderSpec, order_key: str, accepted: _Accepted) -> LegAnswer:
    filled_e6, notional = _amounts(spec, accepted)
    if accepted.error or not accepted.success:
        row = classify(200, accepted.error or "")
        if filled_e6 or not accepted.error:
            # Filled and refused, or refused without a word: believe neither.
            row = ErrorRow("", _UNKNOWN, "contradictory_answer")
        return LegAnswer(
            status=row.status,
            filled_e6=filled_e6,
            code=row.code,
            detail=(accepted.error or "")[:DETAIL_LENGTH_MAX],
            is_unavailable=row.is_unavailable,
        )
    status, code = _status(spec, accepted, filled_e6, notional)
    if not accepted.order_id:
        status, code = _UNKNOWN, "no_order_id"
    elif accepted.order_id.lower() != order_key and not code:
        # The amounts still hold, but look-ups by our own hash would find nothing.
        code = "order_id_mismatch"
    return LegAnswer(
        status=status,
        filled_e6=filled_e6,
        notional_micros=notional if filled_e6 else -1,
        venue_order_id=accepted.order_id.lower(),
        trade_ids=accepted.trade_ids or (),
        code=code,
    )


def _status(
    spec: OrderSpec, accepted: _Accepted, filled_e6: int, notional: int
) -> tuple[AnswerStatus, str]:
    venue_status = accepted.status.lower()
    if venue_status == "delayed":
        return AnswerStatus.DELAYED, "delayed"
    if venue_status != "matched":
        # `live` and `unmatched` would rest, which a taker order cannot.
        return _UNKNOWN, f"unexpected_status:{venue_status[:32]}"
    if not filled_e6 or not notional:
        return _UNKNOWN, "matched_without_amounts"
    is_whole = notional >= spec.spend_micros if spec.side is Side.BUY else filled_e6 >= spec.size_e6
    if is_whole or spec.tif is TimeInForce.FOK:
        return AnswerStatus.FILLED, ""
    return AnswerStatus.PARTIAL, ""


def _amounts(spec: OrderSpec, accepted: _Accepted) -> tuple[int, int]:
    """(shares e6, pUSD micros); against us where the venue were finer than a millionth."""
    making = parse_ratio(str(accepted.making or "0"))
    taking = parse_ratio(str(accepted.taking or "0"))
    if spec.side is Side.BUY:
        shares, dollars = taking, making
        return _floor_e6(shares), ceil_div(dollars[0] * 1_000_000, dollars[1])
    return _floor_e6(making), _floor_e6(taking)


def _floor_e6(ratio: tuple[int, int]) -> int:
    return ratio[0] * 1_000_000 // ratio[1]


def _text(body: bytes) -> str:
    return body[:DETAIL_LENGTH_MAX].decode("utf-8", "replace")
