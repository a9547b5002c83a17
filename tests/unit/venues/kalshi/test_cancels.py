from typing import Any

import pytest

from tests.unit.venues.kalshi.support import (
    FakeClock,
    ScriptedKalshi,
    hang_up,
    kalshi_orders,
    ref,
)
from twoleg.core.events import AnswerStatus
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.ports import CancelAnswer, CancelStatus

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
        (404, b"404 page not found", CancelStatus.REFUSED, "http_404", -1),
        (409, {"error": {"code": "exchange_is_paused"}}, CancelStatus.REFUSED, "exchange_is_paused", -1),
        (409, {"error": {"code": "market_inactive"}}, CancelStatus.REFUSED, "market_inactive", -1),
        (409, {"error": {"code": "something_new"}}, CancelStatus.UNKNOWN, "something_new", -1),
        (401, {"error": {"code": "authentication_error", "details": "NOT_FOUND"}}, CancelStatus.REFUSED, "authentication_error", -1),
        (429, {"error": "too many requests"}, CancelStatus.REFUSED, "rate_limited", -1),
        (503, {"error": {"code": "service_unavailable"}}, CancelStatus.UNKNOWN, "service_unavailable", -1),
        (502, b"<html>", CancelStatus.UNKNOWN, "http_502", -1),
    ],
)  # fmt: skip
async def test_cancel_answer_is_judged_by_status_and_code(
    http_status: int, body: object, status: CancelStatus, code: str, canceled_e6: int
) -> None:
    venue = ScriptedKalshi()
    venue.script(PATH, (http_status, body))
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        told = await orders.cancel(ref(venue_order_id=ORDER))
    assert told == CancelAnswer(status=status, canceled_e6=canceled_e6, code=code)


async def test_cancel_in_a_bucket_that_the_venue_calls_empty_is_not_repeated() -> None:
    venue = ScriptedKalshi()
    venue.script(PATH, (429, {"error": "too many requests"}))
    clock = FakeClock()
    async with kalshi_orders(venue, clock=clock) as orders:
        await orders.cancel(ref(venue_order_id=ORDER))
        venue.script(PATH, (200, DONE))
        told = await orders.cancel(ref(venue_order_id=ORDER))
    assert told.status is CancelStatus.CANCELED
    # Two tokens at a hundred a second.
    assert clock.slept_s == [0.02]


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


BATCHED = "/portfolio/events/orders/batched"


def done(order_id: str, **changes: Any) -> dict[str, Any]:
    return {"order_id": order_id, "reduced_by": "4.00", "ts_ms": 5, **changes}


async def cancel_batch(venue: ScriptedKalshi, *order_ids: str) -> tuple[CancelAnswer, ...]:
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        return await orders.cancel_batch([ref(venue_order_id=one) for one in order_ids])


async def test_cancel_batch_judges_each_item_and_names_market_and_shard() -> None:
    venue = ScriptedKalshi()
    gone = {"order_id": "b", "error": {"code": "not_found", "message": "not found"}}
    paused = {"order_id": "c", "error": {"code": "exchange_is_paused"}}
    venue.script(BATCHED, (200, {"orders": [done("a"), gone, paused]}))
    answers = await cancel_batch(venue, "a", "b", "", "c")
    assert [(answer.status, answer.canceled_e6) for answer in answers] == [
        (CancelStatus.CANCELED, 4_000_000),
        (CancelStatus.NOT_RESTING, -1),
        (CancelStatus.UNKNOWN, -1),
        (CancelStatus.REFUSED, -1),
    ]
    ((method, _, _, body),) = venue.requests
    market = ref().spec.market
    assert method == "DELETE"
    assert body["orders"][0] == {
        "order_id": "a",
        "market_ticker": market.native_id,
        "exchange_index": market.shard,
        "subaccount": 0,
    }
    assert [item["order_id"] for item in body["orders"]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("items", "codes"),
    [
        ([done("a")], ["", "missing_item"]),
        ([done("b")], ["missing_item", ""]),
        ([done("x"), done("b")], ["missing_item", ""]),
        ([done("a"), done("b", reduced_by="x")], ["", "unreadable_answer"]),
        ([done("a"), {"error": "broken"}], ["", "no_code"]),
        ([], ["missing_item", "missing_item"]),
    ],
)
async def test_cancel_batch_item_that_is_missing_or_foreign_is_unknown(
    items: list[Any], codes: list[str]
) -> None:
    venue = ScriptedKalshi()
    venue.script(BATCHED, (200, {"orders": items}))
    answers = await cancel_batch(venue, "a", "b")
    assert [answer.code for answer in answers] == codes
    expected = [CancelStatus.UNKNOWN if code else CancelStatus.CANCELED for code in codes]
    assert [answer.status for answer in answers] == expected


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        ((429, {"error": "too many requests"}), CancelStatus.REFUSED, "rate_limited"),
        ((502, b"<html>"), CancelStatus.UNKNOWN, "http_502"),
        ((200, b"<html>"), CancelStatus.UNKNOWN, "missing_item"),
        (hang_up, CancelStatus.UNKNOWN, "no_answer"),
    ],
)
async def test_cancel_batch_that_fails_whole_is_told_of_each(
    reply: Any, status: CancelStatus, code: str
) -> None:
    venue = ScriptedKalshi()
    venue.script(BATCHED, reply)
    answers = await cancel_batch(venue, "a", "b")
    assert answers == (CancelAnswer(status=status, code=code),) * 2


async def test_cancel_batch_of_nothing_asks_nothing() -> None:
    venue = ScriptedKalshi()
    assert await cancel_batch(venue) == ()
    assert venue.requests == []


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        ((204, b""), CancelStatus.TAKEN, ""),
        ((404, {"error": {"code": "not_found"}}), CancelStatus.NOT_RESTING, "not_found"),
        (
            (409, {"error": {"code": "exchange_is_paused"}}),
            CancelStatus.REFUSED,
            "exchange_is_paused",
        ),
        ((403, b""), CancelStatus.REFUSED, "http_403"),
        ((500, b""), CancelStatus.UNKNOWN, "http_500"),
        ((202, b""), CancelStatus.UNKNOWN, "http_202"),
        (hang_up, CancelStatus.UNKNOWN, "no_answer"),
    ],
)
async def test_cancel_all_asks_for_this_subaccount_on_all_shards(
    reply: Any, status: CancelStatus, code: str
) -> None:
    venue = ScriptedKalshi()
    venue.script("/portfolio/events/orders", reply)
    options = KalshiOptions(subaccount=7)
    async with kalshi_orders(venue, clock=FakeClock(), options=options) as orders:
        assert await orders.cancel_all() == CancelAnswer(status=status, code=code)
    assert venue.requests[0] == ("DELETE", "/portfolio/events/orders", {"subaccount": "7"}, None)
