import json

import pytest

from tests.unit.venues.kalshi.support import FakeClock, ScriptedKalshi, kalshi_orders, ref
from twoleg.core.events import AnswerStatus
from twoleg.venues.kalshi.cancels import read_cancel
from twoleg.venues.ports import CancelStatus

ORDER = "order-1"
PATH = f"/portfolio/events/orders/{ORDER}"
DONE = {"order_id": ORDER, "reduced_by": "10.00", "ts_ms": 1790000000456}


@pytest.mark.parametrize(
    ("http_status", "body", "status", "code", "canceled_e6"),
    [
        (200, DONE, CancelStatus.CANCELED, "", 10_000_000),
        (200, {**DONE, "client_order_id": "c"}, CancelStatus.CANCELED, "", 10_000_000),
        # An old fault of the venue: the body described another order.
        (200, {**DONE, "order_id": "order-2"}, CancelStatus.UNKNOWN, "order_id_mismatch", -1),
        (200, {"order_id": ORDER}, CancelStatus.UNKNOWN, "unreadable_answer", -1),
        (200, {**DONE, "reduced_by": "x"}, CancelStatus.UNKNOWN, "unreadable_answer", -1),
        (404, {"error": {"code": "not_found", "message": "not found"}}, CancelStatus.NOT_RESTING, "not_found", -1),
        (409, {"error": {"code": "exchange_is_paused"}}, CancelStatus.REFUSED, "exchange_is_paused", -1),
        (429, {"error": "too many requests"}, CancelStatus.REFUSED, None, -1),
        (503, {"error": {"code": "service_unavailable"}}, CancelStatus.UNKNOWN, "service_unavailable", -1),
    ],
)  # fmt: skip
def test_cancel_answer_is_judged_by_status_and_code(
    http_status: int,
    body: dict[str, object],
    status: CancelStatus,
    code: str | None,
    canceled_e6: int,
) -> None:
    told = read_cancel(ORDER, http_status, json.dumps(body).encode())
    assert (told.status, told.canceled_e6) == (status, canceled_e6)
    assert code is None or told.code == code


async def test_cancel_names_market_and_shard_so_that_it_is_found() -> None:
    venue = ScriptedKalshi()
    venue.script(PATH, (200, DONE))
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        told = await orders.cancel(ref(venue_order_id=ORDER))
    market = ref().spec.market
    assert told.status is CancelStatus.CANCELED
    assert venue.requests == [
        (
            "DELETE",
            PATH,
            {
                "subaccount": "0",
                "exchange_index": str(market.shard),
                "market_ticker": market.native_id,
            },
            None,
        )
    ]


async def test_cancel_without_the_venues_id_is_not_sent() -> None:
    venue = ScriptedKalshi()
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        told = await orders.cancel(ref())
    assert (told.status, told.code) == (CancelStatus.UNKNOWN, "no_order_id")
    assert venue.requests == []


async def test_order_that_rests_against_our_word_is_cancelled_by_its_look_up() -> None:
    venue = ScriptedKalshi()
    row = {
        "order_id": ORDER,
        "client_order_id": "key-1",
        "ticker": ref().spec.market.native_id,
        "status": "resting",
        "fill_count_fp": "0.00",
    }
    venue.script("/portfolio/events/orders", (409, {"error": {"code": "order_already_exists"}}))
    venue.script(
        "/portfolio/orders",
        (200, {"orders": [row], "cursor": ""}),
        (200, {"orders": [{**row, "status": "canceled"}], "cursor": ""}),
    )
    venue.script(PATH, (200, DONE))
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        answer = await orders.look_up(ref())
    assert (answer.status, answer.code) == (AnswerStatus.MISSED, "found_canceled")
    assert [path for method, path, _, _ in venue.requests if method == "DELETE"] == [PATH]
