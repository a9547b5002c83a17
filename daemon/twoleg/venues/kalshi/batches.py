"""Many orders in one request. Kalshi API docs, batches v2 and rate limits, 2026-09-22.

Not atomic and without a discount: n orders cost n times one, all from shard 0's bucket, and a
batch that does not fit is refused whole.
"""

from collections.abc import Sequence

from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.orders import Purpose
from twoleg.errors import OutcomeUnknown, VenueUnavailable
from twoleg.venues.kalshi.answers import (
    RATE_LIMITED,
    held_back,
    judge_created,
    judge_refused,
    read_verdict,
    unknown,
    word_of,
)
from twoleg.venues.kalshi.costs import Endpoint
from twoleg.venues.kalshi.http import ORDERS_PATH, KalshiHttp
from twoleg.venues.kalshi.items import UNSCOPED, Item, read_items
from twoleg.venues.kalshi.meanings import Meaning, Operation, find
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.ports import PreparedOrder

BATCHED_PATH = f"{ORDERS_PATH}/batched"


async def send_batch(
    http: KalshiHttp, prepared: Sequence[PreparedOrder], options: KalshiOptions
) -> tuple[LegAnswer, ...]:
    """Send many orders once, in one request; one answer each, in their order. Never raises.

    NOT_SENT with `batch_too_large` if the bucket could never hold so many. Only a batch that holds
    nothing but rollbacks may use the reserve, and waits for tokens.
    """
    if not prepared:
        return ()
    answer = await _request(http, prepared, options)
    if isinstance(answer, LegAnswer):
        return (answer,) * len(prepared)
    keys = [order.order_key for order in prepared]
    items = read_items(answer, keys, key="client_order_id")
    return tuple(
        _judge_item(http, order, item) for order, item in zip(prepared, items, strict=True)
    )


async def _request(
    http: KalshiHttp, prepared: Sequence[PreparedOrder], options: KalshiOptions
) -> LegAnswer | bytes:
    """The answer's body, or what is known of every order alike."""
    bucket = http.writes(UNSCOPED)
    cost = http.costs.of(Endpoint.BATCH_CREATE) * len(prepared)
    reserved = all(order.spec.purpose is Purpose.ROLLBACK for order in prepared)
    if bucket.wait_ns(cost, reserved=reserved) < 0:
        return LegAnswer(
            status=AnswerStatus.NOT_SENT, code="batch_too_large", detail=f"{cost} tokens"
        )
    wait_ms_max = options.rollback_wait_ms_max if reserved else 0
    try:
        await http.take(bucket, cost, reserved=reserved, wait_ms_max=wait_ms_max)
    except VenueUnavailable:
        return held_back(bucket, cost, reserved=reserved)
    # The prepared bytes themselves: what was journalled is what is sent.
    body = b'{"orders":[' + b",".join(order.body for order in prepared) + b"]}"
    try:
        status, answer = await http.write(
            "POST", BATCHED_PATH, body=body, timeout_ms=options.order_timeout_ms
        )
    except VenueUnavailable as error:
        return LegAnswer(
            status=AnswerStatus.NOT_SENT,
            code=error.code,
            detail=error.detail,
            is_unavailable=True,
        )
    except OutcomeUnknown as error:
        return unknown(error.code, error.detail)
    verdict = read_verdict(Operation.BATCH_CREATE, status, answer)
    http.note(verdict)
    if word_of(verdict) == RATE_LIMITED:
        bucket.drain()
    return answer if verdict.meaning is Meaning.PARTLY else judge_refused(verdict)


def _judge_item(http: KalshiHttp, order: PreparedOrder, item: Item | None) -> LegAnswer:
    if item is None:
        return unknown("missing_item")
    if item.error is None:
        return judge_created(item.raw, order.spec, order.order_key)
    verdict = find(Operation.CREATE, None, item.error.code, item.error.detail)
    http.note(verdict)
    return judge_refused(verdict)
