"""What the answer to `POST /order` says about an order. Pure.

Refusals are judged by the table in `meanings`; accepted orders by their amounts, not by the word
`status`. Anything that could have happened after all is UNKNOWN and gets looked up.
"""

from typing import Final

import msgspec

from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.market import Side, TimeInForce
from twoleg.core.orders import OrderSpec
from twoleg.core.units import ceil_div, cost_ceil
from twoleg.venues.polymarket.answer_rows import Meaning, Operation, Row, Where
from twoleg.venues.polymarket.meanings import find_row
from twoleg.venues.polymarket.numbers import parse_ratio

DETAIL_LENGTH_MAX: Final = 200
_UNKNOWN: Final = AnswerStatus.UNKNOWN


class Accepted(msgspec.Struct, frozen=True):
    """The body of a 200, one per order; amounts are decimal units, not base units."""

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
        text = error_text(body)
        return refused(find_row(Operation.ORDER, http_status, text), text)
    try:
        accepted = msgspec.json.decode(body, type=Accepted)
        return read_accepted(spec, order_key, accepted)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return LegAnswer(status=_UNKNOWN, code="unreadable_answer", detail=_text(body))


def refused(row: Row, text: str, filled_e6: int = 0) -> LegAnswer:
    """An answer by a row of the table."""
    status = _UNKNOWN
    if row.meaning is Meaning.DID_NOT_HAPPEN:
        status = AnswerStatus.MISSED if row.is_miss else AnswerStatus.REJECTED
    return LegAnswer(
        status=status,
        filled_e6=filled_e6,
        code=row.code,
        detail=text[:DETAIL_LENGTH_MAX],
        is_unavailable=row.is_unavailable,
    )


def read_accepted(spec: OrderSpec, order_key: str, accepted: Accepted) -> LegAnswer:
    """Judge one order of a 200; ValueError if its amounts cannot be read."""
    filled_e6, notional = _amounts(spec, accepted)
    if accepted.error or not accepted.success:
        row = find_row(Operation.ORDER, 200, accepted.error or "")
        if filled_e6 or not accepted.error:
            # Filled and refused, or refused without a word: believe neither.
            return LegAnswer(
                status=_UNKNOWN,
                filled_e6=filled_e6,
                code="contradictory_answer",
                detail=(accepted.error or "")[:DETAIL_LENGTH_MAX],
            )
        return refused(row, accepted.error)
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


def is_whole(spec: OrderSpec, filled_e6: int, notional_micros: int) -> bool:
    """Whether nothing of an order is left: all shares of a SELL, all dollars of a BUY.

    A BUY that rests ends at its size or its dollars, whichever comes first: whether the venue gives
    more shares or takes fewer dollars at better prices is not documented.
    """
    if spec.side is Side.SELL:
        return filled_e6 >= spec.size_e6
    if spec.tif.rests:
        spend = cost_ceil(spec.limit_e4, spec.size_e6)
        return filled_e6 >= spec.size_e6 or notional_micros >= spend
    return notional_micros >= spec.spend_micros


def _status(
    spec: OrderSpec, accepted: Accepted, filled_e6: int, notional: int
) -> tuple[AnswerStatus, str]:
    word = accepted.status.lower()
    row = find_row(Operation.ORDER, 200, word, Where.STATUS)
    if row.meaning is Meaning.PENDING:
        return AnswerStatus.DELAYED, row.code
    if row.meaning is Meaning.NOT_KNOWN or (word != "matched" and not spec.tif.rests):
        # `live` and `unmatched` rest, which a taker's order cannot.
        return _UNKNOWN, f"unexpected_status:{word[:32]}"
    if spec.tif.rests:
        return _resting_status(spec, word, filled_e6, notional)
    if not filled_e6 or not notional:
        return _UNKNOWN, "matched_without_amounts"
    if is_whole(spec, filled_e6, notional) or spec.tif is TimeInForce.FOK:
        return AnswerStatus.FILLED, ""
    return AnswerStatus.PARTIAL, ""


def _resting_status(
    spec: OrderSpec, word: str, filled_e6: int, notional: int
) -> tuple[AnswerStatus, str]:
    """Partly filled ones come as `live` and as `matched`: the remainder rests either way."""
    if word == "matched" and not filled_e6:
        return _UNKNOWN, "matched_without_amounts"
    if filled_e6 and is_whole(spec, filled_e6, notional):
        return AnswerStatus.FILLED, ""
    return AnswerStatus.RESTING, ""


def _amounts(spec: OrderSpec, accepted: Accepted) -> tuple[int, int]:
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
