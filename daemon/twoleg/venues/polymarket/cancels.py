"""Taking an order off the book (Polymarket docs, cancel order, read 2026-11-22).

The answer is 200 with two lists even for a refusal: what was cancelled, and what was not, with a
reason in prose. None of the reasons says whether the order filled.
"""

from typing import Final

import msgspec

from twoleg.core.orders import OrderRef
from twoleg.errors import OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.rest import ClobRest, decode_answer
from twoleg.venues.ports import CancelAnswer, CancelStatus

NOT_RESTING: Final = ("already matched", "already canceled", "not found")
"""Parts of the reasons by which an order is off the book."""


class CancelBody(msgspec.Struct, frozen=True):
    """Ids that were cancelled, and reasons of those that were not."""

    canceled: list[str] = []
    not_canceled: dict[str, str] = {}


async def cancel_order(rest: ClobRest, ref: OrderRef) -> CancelAnswer:
    """Cancel once; never raises."""
    order_id = ref.venue_order_id or ref.order_key
    body = msgspec.json.encode({"orderID": order_id})
    try:
        status, _, answer = await rest.delete_order(body)
        return read_cancel(order_id, decode_answer(status, answer, CancelBody))
    except VenueRejected as error:
        return CancelAnswer(status=CancelStatus.REFUSED, code=error.code)
    except VenueUnavailable as error:
        # Not sent, or answered by a venue that could not say what it did.
        unsent = error.code == "not_connected"
        status_word = CancelStatus.REFUSED if unsent else CancelStatus.UNKNOWN
        return CancelAnswer(status=status_word, code=error.code)
    except OutcomeUnknown as error:
        return CancelAnswer(status=CancelStatus.UNKNOWN, code=error.code)


def read_cancel(order_id: str, told: CancelBody) -> CancelAnswer:
    """Judge the lists for one order."""
    if order_id.lower() in {canceled.lower() for canceled in told.canceled}:
        return CancelAnswer(status=CancelStatus.CANCELED)
    reasons = {name.lower(): reason for name, reason in told.not_canceled.items()}
    reason = reasons.get(order_id.lower())
    if reason is None:
        return CancelAnswer(status=CancelStatus.UNKNOWN, code="order_id_missing")
    if any(part in reason.lower() for part in NOT_RESTING):
        return CancelAnswer(status=CancelStatus.NOT_RESTING, code=reason[:60])
    return CancelAnswer(status=CancelStatus.REFUSED, code=reason[:60])
