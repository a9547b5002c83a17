"""Taking an order off the book. Kalshi API docs, cancel order v2, read 2026-11-22.

A 404 means only "not resting": the order may have filled a moment before. The shard and the market
go along, since an id alone is looked for on shard 0. An answer about another order is not trusted.
"""

from typing import Final

import msgspec

from twoleg.core.orders import OrderRef
from twoleg.errors import MalformedMessage, OutcomeUnknown, VenueUnavailable
from twoleg.venues.kalshi.answers import parse_error
from twoleg.venues.kalshi.http import CANCEL_COST, KalshiHttp
from twoleg.venues.kalshi.numbers import parse_size
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.ports import CancelAnswer, CancelStatus

NOT_FOUND: Final = "not_found"


class CanceledBody(msgspec.Struct, frozen=True):
    """What a successful cancel answers."""

    order_id: str
    reduced_by: str


async def cancel_order(http: KalshiHttp, ref: OrderRef, options: KalshiOptions) -> CancelAnswer:
    """Cancel once; never raises."""
    if not ref.venue_order_id:
        return CancelAnswer(status=CancelStatus.UNKNOWN, code="no_order_id")
    market = ref.spec.market
    params: dict[str, str | int] = {
        "subaccount": options.subaccount,
        "exchange_index": market.shard,
        "market_ticker": market.native_id,
    }
    try:
        await http.take(
            http.writes(market.shard),
            CANCEL_COST,
            reserved=True,
            wait_ms_max=options.rollback_wait_ms_max,
        )
        status, body = await http.delete_order(
            ref.venue_order_id, params, timeout_ms=options.order_timeout_ms
        )
    except VenueUnavailable as error:
        return CancelAnswer(status=CancelStatus.REFUSED, code=error.code)
    except OutcomeUnknown as error:
        return CancelAnswer(status=CancelStatus.UNKNOWN, code=error.code)
    return read_cancel(ref.venue_order_id, status, body)


def read_cancel(order_id: str, http_status: int, body: bytes) -> CancelAnswer:
    """Judge the answer to a cancel."""
    if http_status == 200:
        try:
            told = msgspec.json.decode(body, type=CanceledBody)
            canceled_e6 = parse_size(told.reduced_by)
        except (msgspec.DecodeError, MalformedMessage, RecursionError, UnicodeDecodeError):
            return CancelAnswer(status=CancelStatus.UNKNOWN, code="unreadable_answer")
        if told.order_id != order_id:
            return CancelAnswer(status=CancelStatus.UNKNOWN, code="order_id_mismatch")
        return CancelAnswer(status=CancelStatus.CANCELED, canceled_e6=canceled_e6)
    code, _ = parse_error(body)
    if http_status == 404 and code.startswith(NOT_FOUND):
        return CancelAnswer(status=CancelStatus.NOT_RESTING, code=NOT_FOUND)
    is_refusal = 400 <= http_status < 500 and http_status != 408
    status = CancelStatus.REFUSED if is_refusal else CancelStatus.UNKNOWN
    return CancelAnswer(status=status, code=code or f"http_{http_status}")
