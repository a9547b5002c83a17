from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.unit.venues.kalshi.support import (
    FakeClock,
    FakeEntropy,
    ScriptedKalshi,
    kalshi_http,
    kalshi_orders,
    spec,
)
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.costs import Costs, Endpoint
from twoleg.venues.kalshi.http import BucketLimits, KalshiHttp
from twoleg.venues.kalshi.meanings import Operation, find
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.kalshi.watch import KINDS_MAX, REPEAT_NS, AnswerWatch

STATUS = "/exchange/status"
ORDERS = "/portfolio/events/orders"


@pytest.mark.parametrize(
    ("method", "body", "sent"),
    [("POST", b"", {}), ("PUT", b"", {}), ("POST", b'{"a":1}', {"a": 1}), ("DELETE", b"", None)],
)
async def test_post_and_put_always_carry_a_body(method: str, body: bytes, sent: Any) -> None:
    venue = ScriptedKalshi()
    venue.script("/x", (200, {}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        await http.write(method, "/x", body=body, timeout_ms=1_000)
    assert venue.requests == [(method, "/x", {}, sent)]
    assert ("Content-Type" in venue.headers[0]) is (sent is not None)


async def test_limits_of_the_account_replace_the_defaults() -> None:
    async with kalshi_http(ScriptedKalshi(), clock=FakeClock()) as http:
        before = http.writes(0)
        http.apply_limits(BucketLimits(300, 300), BucketLimits(900, 300), balance_per_s=5)
        assert (before.wait_ns(900, reserved=True) > 0, http.writes(3).available) == (True, 900)
        assert http.writes(0) is before


async def test_stated_limits_meter_reads_and_the_balance() -> None:
    venue = ScriptedKalshi()
    venue.script(STATUS, (200, {}))
    clock = FakeClock()
    async with kalshi_http(venue, clock=clock) as http:
        http.apply_limits(BucketLimits(30, 100), BucketLimits(100, 100), balance_per_s=5)
        for _ in range(3):
            await http.get(STATUS, dict[str, int], is_balance=True)
        assert clock.slept_s == [0.2, 0.2]
        for _ in range(4):
            await http.get(STATUS, dict[str, int], reserved=True)
    assert clock.slept_s == [0.2, 0.2, 0.1]


@pytest.mark.parametrize("read", [BucketLimits(0, 10), BucketLimits(10, -1)])
async def test_limits_that_make_no_sense_change_nothing(read: BucketLimits) -> None:
    async with kalshi_http(ScriptedKalshi(), clock=FakeClock()) as http:
        with pytest.raises(VenueUnavailable):
            http.apply_limits(read, BucketLimits(900, 300))
        assert http.writes(0).available == 100


async def test_small_limits_keep_no_more_than_half_for_rollbacks() -> None:
    async with kalshi_http(ScriptedKalshi(), clock=FakeClock()) as http:
        http.apply_limits(BucketLimits(30, 30), BucketLimits(30, 30))
        assert [http.writes(1).try_take(10) for _ in range(2)] == [True, False]


async def test_costs_of_the_venue_are_what_requests_take() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, (201, {"order_id": "o", "fill_count": "25.00"}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        http.apply_costs({("post", "/trade-api/v2/portfolio/events/orders"): 25})
        assert http.costs.of(Endpoint.CREATE) == 25
        http.apply_costs({("POST", ORDERS): 60})
        orders = KalshiOrders(http=http, clock=FakeClock(), entropy=FakeEntropy())
        answers = [await orders.send(orders.prepare(spec())) for _ in range(2)]
    assert [answer.code for answer in answers] == ["", "no_tokens"]


@pytest.mark.parametrize(
    ("stated", "endpoint", "tokens"),
    [
        ({}, Endpoint.CREATE, 10),
        ({}, Endpoint.CANCEL, 2),
        ({}, Endpoint.READ_ORDER, 2),
        ({("DELETE", "/portfolio/events/orders/{order_id}"): 4}, Endpoint.CANCEL, 4),
        ({("DELETE", "/portfolio/events/orders/:order_id"): 4}, Endpoint.CANCEL, 4),
        ({("POST", "/trade-api/v2/portfolio/events/orders/{id}/amend"): 3}, Endpoint.AMEND, 3),
        ({("DELETE", "/portfolio/events/orders"): 5}, Endpoint.CANCEL_ALL, 5),
        ({("GET", "/portfolio/orders/{order_id}"): 0}, Endpoint.READ_ORDER, 2),
        ({("POST", "/portfolio/events/orders"): 99_999}, Endpoint.CREATE, 10),
        ({("GET", "/cfbenchmarks"): 150}, Endpoint.OTHER_READ, 10),
    ],
)
def test_costs_are_the_documented_ones_until_stated(
    stated: dict[tuple[str, str], int], endpoint: Endpoint, tokens: int
) -> None:
    costs = Costs()
    costs.apply(stated)
    assert costs.of(endpoint) == tokens


async def test_rate_limit_answer_to_a_read_drains_the_bucket_of_reads() -> None:
    venue = ScriptedKalshi()
    venue.script(STATUS, (429, {"error": "too many requests"}))
    clock = FakeClock()
    async with kalshi_http(venue, clock=clock) as http:
        with pytest.raises(VenueUnavailable, match="rate_limited"):
            await http.get(STATUS, dict[str, int])
        assert clock.slept_s == []
        venue.script(STATUS, (200, {}))
        await http.get(STATUS, dict[str, int], reserved=True)
        # Ten tokens at two hundred a second.
        assert clock.slept_s == [0.05]
        assert http.writes(0).available == 100


async def read(http: KalshiHttp) -> None:
    with pytest.raises(VenueRejected):
        await http.get(STATUS, dict[str, int])


async def test_trouble_with_the_key_calls_a_person_once_in_ten_minutes() -> None:
    venue = ScriptedKalshi()
    error = {"code": "authentication_error", "details": "NOT_FOUND"}
    venue.script(STATUS, (401, {"error": error}))
    clock = FakeClock()
    async with kalshi_http(venue, clock=clock) as http:
        with capture_logs() as logs:
            await read(http)
            await read(http)
            clock.now_ns += REPEAT_NS
            await read(http)
    told = [entry for entry in logs if entry["event"] == "person_needed"]
    assert [entry["log_level"] for entry in told] == ["error", "error"]
    assert (told[0]["operation"], told[0]["http_status"]) == ("read", 401)
    assert "key id is not known" in told[0]["reason"]


async def test_unknown_answer_is_told_once_for_each_code_and_without_its_words() -> None:
    venue = ScriptedKalshi()
    secret = {"error": {"code": "something_new:_me", "message": "token abc"}}
    venue.script(ORDERS, (409, secret), (409, secret), (409, {"error": {"code": "newer"}}))
    with capture_logs() as logs:
        async with kalshi_orders(venue, clock=FakeClock()) as orders:
            for _ in range(3):
                await orders.send(orders.prepare(spec()))
    told = [entry for entry in logs if entry["event"] == "unknown_answer"]
    assert [entry["code"] for entry in told] == ["something_new", "newer"]
    assert "abc" not in str(told)


def test_peer_that_invents_codes_does_not_fill_the_memory() -> None:
    watch = AnswerWatch(clock=FakeClock())
    with capture_logs() as logs:
        for number in range(2 * KINDS_MAX):
            watch.note(find(Operation.CREATE, 409, f"new_{number}", ""))
            watch.note(find(Operation.CREATE, 403, f"new_{number}", ""))
    assert sum(entry["event"] == "unknown_answer" for entry in logs) == KINDS_MAX


async def test_known_answers_are_not_told() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, (409, {"error": {"code": "trading_is_paused"}}), (503, b""))
    with capture_logs() as logs:
        async with kalshi_orders(venue, clock=FakeClock()) as orders:
            for _ in range(2):
                await orders.send(orders.prepare(spec()))
    assert not {entry["event"] for entry in logs} & {"unknown_answer", "person_needed"}


async def test_process_that_has_just_begun_counts_on_little() -> None:
    clock = FakeClock()
    async with kalshi_http(ScriptedKalshi(), clock=clock) as http:
        http.begin_cautiously()
        # What is kept for rollbacks, and no entry.
        assert (http.writes(0).available, http.writes(0).try_take(10)) == (40, False)
        assert http.writes(0).try_take(10, reserved=True)
        clock.now_ns += 1_000_000_000
        # A shard that is written to for the first time has had its second as well.
        assert http.writes(3).available == 100


async def test_skew_is_as_old_as_the_last_signed_answer() -> None:
    clock = FakeClock()
    venue = ScriptedKalshi()
    venue.script(STATUS, (200, {}))
    async with kalshi_http(venue, clock=clock) as http:
        assert http.skew_age_ms > 1 << 60
        await http.get(STATUS, dict[str, object], private=False)
        assert http.skew_age_ms > 1 << 60
        await http.get(STATUS, dict[str, object])
        clock.now_ns += 7_000_000_000
        assert http.skew_age_ms == 7_000
