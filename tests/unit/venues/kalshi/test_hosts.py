from typing import Any

import pytest

from tests.unit.venues.kalshi.support import (
    FakeClock,
    FakeEntropy,
    LoopNetwork,
    ScriptedKalshi,
    hang_up,
    ref,
    spec,
    two_hosts,
)
from twoleg.core.events import AnswerStatus
from twoleg.errors import ConfigError, OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.hosts import Hosts
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.transport import HttpExchange, make_session

STATUS = "/exchange/status"
ORDERS = "/portfolio/events/orders"
MINUTE_NS = 60 * 1_000_000_000
S = AnswerStatus


def venue_with(path: str, *replies: Any) -> ScriptedKalshi:
    venue = ScriptedKalshi()
    venue.script(path, *replies)
    return venue


def created(filled: str) -> tuple[int, Any]:
    return 201, {"order_id": "o-1", "fill_count": filled, "remaining_count": "0.00"}


def orders_of(http: KalshiHttp, clock: FakeClock) -> KalshiOrders:
    return KalshiOrders(http=http, clock=clock, entropy=FakeEntropy())


async def read(http: KalshiHttp) -> dict[str, int]:
    return await http.get(STATUS, dict[str, int])


@pytest.mark.parametrize(
    "failures",
    [
        [(503, {"trading_active": False})],
        [(502, b"<html>")],
        # The library itself repeats a read once on a connection that breaks.
        [hang_up, hang_up],
    ],
)
async def test_read_goes_on_to_the_other_host_and_stays_there_for_a_while(
    failures: list[Any],
) -> None:
    bad = venue_with(STATUS, *failures, (200, {"at": 1}))
    good = venue_with(STATUS, (200, {"at": 2}))
    clock = FakeClock()
    async with two_hosts(bad, good, clock=clock) as http:
        assert await read(http) == {"at": 2}
        assert await read(http) == {"at": 2}
        clock.now_ns += MINUTE_NS
        assert await read(http) == {"at": 1}
    assert (len(bad.requests), len(good.requests)) == (len(failures) + 1, 2)


async def test_read_that_both_hosts_refuse_to_answer_is_unavailable_after_two_attempts() -> None:
    first, second = venue_with(STATUS, (500, b"")), venue_with(STATUS, (504, b""))
    async with two_hosts(first, second, clock=FakeClock()) as http:
        with pytest.raises(VenueUnavailable) as caught:
            await read(http)
    assert caught.value.http_status == 504
    assert (len(first.requests), len(second.requests)) == (1, 1)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ((404, {"error": {"code": "not_found"}}), VenueRejected),
        ((401, {"error": {"code": "authentication_error"}}), VenueRejected),
        ((429, {"error": "too many requests"}), VenueUnavailable),
        ((200, b"<html>"), VenueUnavailable),
    ],
)
async def test_answer_that_is_no_fault_of_the_host_stays_with_it(
    reply: Any, error: type[Exception]
) -> None:
    first, second = venue_with(STATUS, reply), venue_with(STATUS, (200, {}))
    async with two_hosts(first, second, clock=FakeClock()) as http:
        with pytest.raises(error):
            await read(http)
    assert second.requests == []


async def test_order_that_never_left_goes_to_the_other_host_under_the_same_id() -> None:
    good = venue_with(ORDERS, created("25.00"))
    clock = FakeClock()
    async with two_hosts(None, good, clock=clock) as http:
        orders = orders_of(http, clock)
        prepared = orders.prepare(spec())
        answer = await orders.send(prepared)
    assert answer.status is S.FILLED
    assert [body["client_order_id"] for body in good.bodies()] == [prepared.order_key]


async def test_order_that_reaches_no_host_was_not_sent() -> None:
    clock = FakeClock()
    async with two_hosts(None, None, clock=clock) as http:
        orders = orders_of(http, clock)
        answer = await orders.send(orders.prepare(spec()))
    assert (answer.status, answer.is_unavailable) == (S.NOT_SENT, True)


@pytest.mark.parametrize("reply", [hang_up, (502, b"<html>"), (503, b"")])
async def test_order_that_may_have_arrived_is_never_resent_but_fenced_at_the_other_host(
    reply: Any,
) -> None:
    bad, good = venue_with(ORDERS, reply), venue_with(ORDERS, created("0.00"))
    clock = FakeClock()
    async with two_hosts(bad, good, clock=clock) as http:
        orders = orders_of(http, clock)
        prepared = orders.prepare(spec())
        assert (await orders.send(prepared)).status is S.UNKNOWN
        assert (len(bad.requests), len(good.requests)) == (1, 0)
        answer = await orders.look_up(ref(prepared.order_key))
    assert (answer.status, answer.code) == (S.MISSED, "fenced_absent")
    assert [body["client_order_id"] for body in good.bodies()] == [prepared.order_key]
    assert good.bodies()[0]["count"] == "0.01"


async def test_write_that_may_have_arrived_raises_and_is_not_repeated() -> None:
    bad, good = venue_with("/x", hang_up), venue_with("/x", (200, {}))
    async with two_hosts(bad, good, clock=FakeClock()) as http:
        with pytest.raises(OutcomeUnknown):
            await http.write("POST", "/x", timeout_ms=1_000)
        assert await http.write("POST", "/x", timeout_ms=1_000) == (200, b"{}")


async def test_signature_covers_the_path_and_both_hosts_take_it() -> None:
    good = venue_with(STATUS, (200, {}))
    async with two_hosts(None, good, clock=FakeClock()) as http:
        await read(http)
        lone = http.websocket_headers("/trade-api/v2" + STATUS)
    assert good.headers[0]["KALSHI-ACCESS-SIGNATURE"] == lone["KALSHI-ACCESS-SIGNATURE"]


def test_host_that_failed_longest_ago_is_tried_when_all_have_failed() -> None:
    clock = FakeClock()
    hosts = Hosts(("a", "b"), clock=clock, return_ms=60_000)
    hosts.report_failure("a", "x")
    clock.now_ns += 1
    assert (hosts.current(), hosts.spare("a"), hosts.spare("b")) == ("b", "b", None)
    hosts.report_failure("b", "x")
    assert (hosts.current(), hosts.spare("b")) == ("a", "a")
    hosts.report_answer("b")
    assert hosts.current() == "b"


async def test_every_host_must_be_safe() -> None:
    async with make_session(LoopNetwork()) as session:
        with pytest.raises(ConfigError, match=r"b\.example"):
            KalshiHttp(
                exchange=HttpExchange(session, venue="kalshi"),
                base_urls=("https://a.example/trade-api/v2", "http://b.example/trade-api/v2"),
                clock=FakeClock(),
            )
