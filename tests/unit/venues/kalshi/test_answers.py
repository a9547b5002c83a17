import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.kalshi.support import spec
from twoleg.core.events import AnswerStatus
from twoleg.core.market import TimeInForce
from twoleg.venues.kalshi.answers import ErrorBody, judge, parse_error

S = AnswerStatus
CREATED: dict[str, Any] = {
    "order_id": "o-1",
    "client_order_id": "key-1",
    "fill_count": "25.00",
    "remaining_count": "0.00",
    "average_fill_price": "0.5650",
    "ts_ms": 1_790_000_000_456,
}


def nested(code: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": code.replace("_", " ")}}).encode()


@pytest.mark.parametrize(
    ("http_status", "body", "status", "code", "is_unavailable"),
    [
        (409, nested("fill_or_kill_insufficient_resting_volume"), S.MISSED, "fill_or_kill_insufficient_resting_volume", False),
        (409, nested("order_already_exists"), S.UNKNOWN, "order_already_exists", False),
        (409, nested("trading_is_paused"), S.REJECTED, "trading_is_paused", True),
        (409, nested("exchange_is_paused"), S.REJECTED, "exchange_is_paused", True),
        (409, nested("market_inactive"), S.REJECTED, "market_inactive", False),
        (409, nested("market_already_closed"), S.REJECTED, "market_already_closed", False),
        (409, nested("self_cross_attempt"), S.UNKNOWN, "self_cross_attempt", False),
        (409, nested("something_new"), S.UNKNOWN, "something_new", False),
        (409, b"", S.UNKNOWN, "http_409", False),
        (400, nested("something_new"), S.UNKNOWN, "something_new", False),
        (400, b'{"error":{"code":"invalid_order","message":"invalid order","details":"post only cross"}}', S.REJECTED, "invalid_order", False),
        (400, nested("exceeded_per_market_risk_limit"), S.REJECTED, "exceeded_per_market_risk_limit", False),
        (409, nested("internal_error"), S.UNKNOWN, "internal_error", False),
        (400, nested("exchange_unavailable"), S.UNKNOWN, "exchange_unavailable", True),
        (400, nested("insufficient_balance"), S.REJECTED, "insufficient_balance", False),
        (400, nested("invalid_price"), S.REJECTED, "invalid_price", False),
        (400, b'{"code":"bad_request","message":"bad request","details":"json"}', S.REJECTED, "bad_request", False),
        (400, b'{"msg":"Parameter validation failed"}', S.REJECTED, "http_400", False),
        (401, b'{"error":{"code":"authentication_error","message":"authentication_error","details":"NOT_FOUND"}}', S.REJECTED, "authentication_error", False),
        (401, nested("header_timestamp_expired"), S.REJECTED, "header_timestamp_expired", False),
        (403, b"<html>forbidden</html>", S.REJECTED, "http_403", False),
        (404, nested("user_not_found:_0b1c"), S.REJECTED, "user_not_found", False),
        (404, b"404 page not found", S.REJECTED, "http_404", False),
        (405, b"", S.REJECTED, "http_405", False),
        (410, nested("deprecated_v1_order_endpoint"), S.REJECTED, "deprecated_v1_order_endpoint", False),
        (413, b"", S.REJECTED, "http_413", False),
        (415, b"", S.REJECTED, "http_415", False),
        (422, b"", S.REJECTED, "http_422", False),
        (429, b'{"error":"too many requests"}', S.REJECTED, "rate_limited", True),
        (408, b"", S.UNKNOWN, "http_408", False),
        (500, b'{"error":{"code":"service_unavailable"}}', S.UNKNOWN, "service_unavailable", False),
        (500, nested("fill_or_kill_insufficient_resting_volume"), S.UNKNOWN, "fill_or_kill_insufficient_resting_volume", False),
        (502, b"<html><h1>Bad Gateway</h1></html>", S.UNKNOWN, "http_502", False),
        (503, b"", S.UNKNOWN, "http_503", True),
        (504, b"", S.UNKNOWN, "http_504", False),
        (307, b"", S.UNKNOWN, "http_307", False),
    ],
)  # fmt: skip
def test_refusal_is_judged_by_code_then_status(
    http_status: int,
    body: bytes,
    status: S,
    code: str,
    is_unavailable: bool,  # noqa: FBT001
) -> None:
    answer = judge(http_status, body, spec(), "key-1")
    assert (answer.status, answer.code, answer.is_unavailable) == (status, code, is_unavailable)
    assert answer.filled_e6 == 0


@pytest.mark.parametrize(
    ("change", "status", "filled_e6", "code"),
    [
        ({}, S.FILLED, 25_000_000, ""),
        ({"fill_count": "10.00"}, S.PARTIAL, 10_000_000, ""),
        ({"fill_count": "0.00"}, S.MISSED, 0, ""),
        ({"client_order_id": ""}, S.FILLED, 25_000_000, ""),
        ({"client_order_id": None}, S.FILLED, 25_000_000, ""),
        ({"order_id": ""}, S.UNKNOWN, 0, "no_order_id"),
        ({"fill_count": ""}, S.UNKNOWN, 0, "unreadable_answer"),
        ({"fill_count": "many"}, S.UNKNOWN, 0, "unreadable_answer"),
        ({"fill_count": 25}, S.UNKNOWN, 0, "unreadable_answer"),
        ({"fill_count": "25.01"}, S.UNKNOWN, 0, "contradictory_counts"),
        ({"fill_count": "-1.00"}, S.UNKNOWN, 0, "contradictory_counts"),
        ({"fill_count": "0.00", "remaining_count": "25.00"}, S.UNKNOWN, 0, "contradictory_counts"),
        ({"client_order_id": "another"}, S.UNKNOWN, 0, "foreign_order"),
    ],
)
def test_created_is_judged_by_its_fill_count(
    change: dict[str, Any], status: S, filled_e6: int, code: str
) -> None:
    answer = judge(201, json.dumps(CREATED | change).encode(), spec(), "key-1")
    assert (answer.status, answer.filled_e6, answer.code) == (status, filled_e6, code)


@pytest.mark.parametrize(
    ("change", "status", "filled_e6", "code"),
    [
        ({}, S.FILLED, 25_000_000, ""),
        ({"fill_count": "0.00", "remaining_count": "25.00"}, S.RESTING, 0, ""),
        ({"fill_count": "10.00", "remaining_count": "15.00"}, S.RESTING, 10_000_000, ""),
        # It met an order of our own and was stopped there.
        ({"fill_count": "0.00"}, S.MISSED, 0, "not_rested"),
        ({"fill_count": "10.00"}, S.PARTIAL, 10_000_000, "not_rested"),
        ({"fill_count": "10.00", "remaining_count": "14.99"}, S.UNKNOWN, 0, "contradictory_counts"),
        ({"fill_count": "10.00", "remaining_count": "15.01"}, S.UNKNOWN, 0, "contradictory_counts"),
        ({"fill_count": "0.00", "remaining_count": ""}, S.UNKNOWN, 0, "unreadable_answer"),
        ({"fill_count": "0.00", "remaining_count": "x"}, S.UNKNOWN, 0, "unreadable_answer"),
    ],
)
@pytest.mark.parametrize("tif", [TimeInForce.GTC, TimeInForce.GTD])
def test_created_order_that_may_rest_is_judged_by_both_counts(
    tif: TimeInForce, change: dict[str, Any], status: S, filled_e6: int, code: str
) -> None:
    order = spec(tif=tif)
    answer = judge(201, json.dumps(CREATED | change).encode(), order, "key-1")
    assert (answer.status, answer.filled_e6, answer.code) == (status, filled_e6, code)
    assert answer.notional_micros == (-1 if filled_e6 or status is S.UNKNOWN else 0)
    assert answer.venue_order_id == "o-1"


def test_created_keeps_the_order_id_and_the_engines_time_and_claims_no_money() -> None:
    answer = judge(201, json.dumps(CREATED).encode(), spec(), "key-1")
    assert (answer.venue_order_id, answer.ts_event_ms) == ("o-1", 1_790_000_000_456)
    assert answer.notional_micros == -1
    unreadable = judge(201, json.dumps(CREATED | {"fill_count": "x"}).encode(), spec(), "key-1")
    assert unreadable.venue_order_id == "o-1"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"<html>", b'{"order":{}}', b"\xff"])
def test_created_with_garbage_is_unknown(body: bytes) -> None:
    assert judge(201, body, spec(), "key-1").status is S.UNKNOWN


@given(st.binary(max_size=200), st.integers(100, 599))
def test_no_answer_ever_raises_or_invents_a_fill(body: bytes, http_status: int) -> None:
    answer = judge(http_status, body, spec(), "key-1")
    assert answer.filled_e6 == 0
    assert answer.status in {S.UNKNOWN, S.REJECTED}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error":{"code":"a","message":"b","details":"c"}}', ErrorBody("a", "b: c")),
        (b'{"code":"a","message":"b","details":"c"}', ErrorBody("a", "b: c")),
        (b'{"msg":"wrong"}', ErrorBody("", "wrong")),
        (b'{"error":"too many requests"}', ErrorBody("", "too many requests")),
        (b"<html>", ErrorBody("", "<html>")),
        (b"[1]", ErrorBody("", "[1]")),
        (b'{"error":null}', ErrorBody("", "None")),
    ],
)
def test_error_bodies_of_every_shape(body: bytes, expected: ErrorBody) -> None:
    assert parse_error(body) == expected
