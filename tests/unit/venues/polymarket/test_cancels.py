import json

import pytest
from aiohttp import web

from tests.unit.venues.polymarket.support import client_of, ref
from twoleg.venues.polymarket.cancels import CancelBody, read_cancel
from twoleg.venues.ports import CancelStatus

KEY = "0xabc"


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        (CancelBody(canceled=["0xABC"]), CancelStatus.CANCELED, ""),
        (CancelBody(not_canceled={KEY: "order already matched"}), CancelStatus.NOT_RESTING, "order already matched"),
        (CancelBody(not_canceled={KEY: "Order not found or already canceled"}), CancelStatus.NOT_RESTING, None),
        (CancelBody(not_canceled={KEY: "already canceled or matched"}), CancelStatus.NOT_RESTING, None),
        (CancelBody(not_canceled={KEY: "order is delayed"}), CancelStatus.REFUSED, "order is delayed"),
        (CancelBody(canceled=["0xdef"]), CancelStatus.UNKNOWN, "order_id_missing"),
        (CancelBody(), CancelStatus.UNKNOWN, "order_id_missing"),
    ],
)  # fmt: skip
def test_cancel_lists_are_judged_for_one_order(
    told: CancelBody, status: CancelStatus, code: str | None
) -> None:
    answer = read_cancel(KEY, told)
    assert answer.status is status
    assert code is None or answer.code == code


@pytest.mark.parametrize(
    ("http_status", "body", "status"),
    [
        (200, json.dumps({"canceled": [KEY], "not_canceled": {}}), CancelStatus.CANCELED),
        (401, '{"error":"Unauthorized/Invalid api key"}', CancelStatus.REFUSED),
        (502, "<html>", CancelStatus.UNKNOWN),
        (200, "<html>", CancelStatus.UNKNOWN),
    ],
)
async def test_cancel_sends_the_order_hash_in_a_signed_body(
    http_status: int, body: str, status: CancelStatus
) -> None:
    seen: list[tuple[str, str, bytes, bool]] = []

    def respond(request: web.Request, raw: bytes) -> tuple[int, str]:
        seen.append((request.method, request.path, raw, "POLY_SIGNATURE" in request.headers))
        return http_status, body

    async with client_of(respond) as client:
        answer = await client.orders.cancel(ref(KEY))
    assert answer.status is status
    assert seen == [("DELETE", "/order", b'{"orderID":"0xabc"}', True)]


async def test_order_that_rests_against_our_word_is_cancelled_by_its_look_up() -> None:
    order = {"id": KEY, "status": "LIVE", "size_matched": "0"}
    cancels: list[bytes] = []

    def respond(request: web.Request, raw: bytes) -> tuple[int, str]:
        if request.method == "DELETE":
            cancels.append(raw)
            return 200, json.dumps({"canceled": [KEY], "not_canceled": {}})
        if request.path.startswith("/data/order/"):
            status = "ORDER_STATUS_CANCELED" if cancels else "ORDER_STATUS_LIVE"
            return 200, json.dumps({**order, "status": status})
        return 200, '{"data":[],"next_cursor":"LTE="}'

    async with client_of(respond) as client:
        answer = await client.orders.look_up(ref(KEY))
    assert answer.code == "killed"
    assert len(cancels) == 1
