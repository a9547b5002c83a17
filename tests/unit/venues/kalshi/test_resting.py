from typing import Any

import msgspec
import pytest

from tests.unit.venues.kalshi.support import (
    FakeClock,
    ScriptedKalshi,
    kalshi_orders,
    ref,
)
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.market import TimeInForce
from twoleg.core.orders import OrderRef
from twoleg.venues.kalshi.options import KalshiOptions

CREATE = "/portfolio/events/orders"
LIST = "/portfolio/orders"
ONE = "/portfolio/orders/o-1"
FILLS = "/portfolio/fills"
STAMP = "/exchange/user_data_timestamp"
S = AnswerStatus


def row(status: str, filled: str, **changes: Any) -> dict[str, Any]:
    return {
        "order_id": "o-1",
        "client_order_id": "key-1",
        "ticker": ref().spec.market.native_id,
        "status": status,
        "fill_count_fp": filled,
        **changes,
    }


def page(*rows: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"orders": list(rows), "cursor": ""}


def one(status: str, filled: str, **changes: Any) -> tuple[int, Any]:
    return 200, {"order": row(status, filled, **changes)}


def fills(*counts: str) -> tuple[int, Any]:
    rows = [
        {
            "trade_id": f"t-{number}",
            "order_id": "o-1",
            "yes_price_dollars": "0.5700",
            "count_fp": count,
            "fee_cost": "0.000000",
            "book_side": "bid",
        }
        for number, count in enumerate(counts)
    ]
    return 200, {"fills": rows, "cursor": ""}


def resting_ref(
    *, venue_order_id: str = "", tif: TimeInForce = TimeInForce.GTC, **changes: Any
) -> OrderRef:
    return ref(venue_order_id=venue_order_id, tif=tif, **changes)


async def look_up(
    venue: ScriptedKalshi, order: OrderRef | None = None, *, clock: FakeClock | None = None
) -> LegAnswer:
    async with kalshi_orders(venue, clock=clock or FakeClock()) as orders:
        return await orders.look_up(order or resting_ref())


@pytest.mark.parametrize("terms", [{}, {"tif": TimeInForce.GTD, "expires_s": 1_800_000_000}])
@pytest.mark.parametrize("venue_order_id", ["", "o-1"])
@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [
        ("resting", "0.00", (S.RESTING, 0, 0)),
        ("resting", "4.00", (S.RESTING, 4_000_000, -1)),
        ("executed", "25.00", (S.FILLED, 25_000_000, 14_250_000)),
        ("executed", "4.00", (S.PARTIAL, 4_000_000, 2_280_000)),
        ("canceled", "4.00", (S.PARTIAL, 4_000_000, 2_280_000)),
        ("canceled", "0.00", (S.MISSED, 0, 0)),
    ],
)
async def test_order_that_may_rest_is_found_by_reads_and_left_alone(
    terms: dict[str, Any],
    venue_order_id: str,
    status: str,
    filled: str,
    expected: tuple[S, int, int],
) -> None:
    venue = ScriptedKalshi()
    venue.script(LIST, page(row("executed", "1.00", client_order_id="other"), row(status, filled)))
    venue.script(ONE, one(status, filled))
    venue.script(FILLS, fills(filled))
    answer = await look_up(venue, resting_ref(venue_order_id=venue_order_id, **terms))
    assert (answer.status, answer.filled_e6, answer.notional_micros) == expected
    assert (answer.code, answer.venue_order_id) == (f"found_{status}", "o-1")
    assert {method for method, _, _, _ in venue.requests} == {"GET"}
    assert (ONE in venue.paths()) is bool(venue_order_id)


async def test_order_that_is_not_shown_by_its_id_yet_is_found_in_the_list() -> None:
    venue = ScriptedKalshi()
    venue.script(LIST, page(), page(row("resting", "0.00")))
    answer = await look_up(venue, resting_ref(venue_order_id="o-1"))
    assert (answer.status, venue.paths()) == (S.RESTING, [ONE, LIST, ONE, LIST])


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (page(), "not_found"),
        (page(row("executed", "0.00")), "found_executed"),
        (page(row("resting", "25.00")), "found_resting"),
        (page(row("canceled", "26.00")), "found_canceled"),
        (page(row("frozen", "1.00")), "found_frozen"),
        (page(row("resting", "x")), "unreadable_answer"),
        (page(row("resting", "0.00", ticker="KXB")), "foreign_order"),
        ((500, b""), "http_500"),
        ((403, b""), "http_403"),
    ],
)
async def test_reads_that_do_not_tell_leave_it_unknown_in_bounded_time(
    reply: tuple[int, Any], code: str
) -> None:
    venue = ScriptedKalshi()
    venue.script(LIST, reply)
    clock = FakeClock()
    started_ns = clock.now_ns
    answer = await look_up(venue, clock=clock)
    assert (answer.status, answer.code) == (S.UNKNOWN, code)
    assert clock.now_ns - started_ns <= KalshiOptions().look_up_ms_max * 1_000_000
    assert CREATE not in venue.paths()
    assert STAMP not in venue.paths()


async def test_order_read_by_id_under_another_name_is_not_ours() -> None:
    venue = ScriptedKalshi()
    venue.script(ONE, one("resting", "0.00", client_order_id="other"))
    answer = await look_up(venue, resting_ref(venue_order_id="o-1"))
    assert (answer.status, answer.code, answer.venue_order_id) == (
        S.UNKNOWN,
        "foreign_order",
        "o-1",
    )


async def test_read_lag_is_waited_out() -> None:
    venue = ScriptedKalshi()
    venue.script(
        LIST, page(), (503, b""), page(row("executed", "0.00")), page(row("executed", "25.00"))
    )
    venue.script(FILLS, fills("20.00"), fills("20.00", "5.00"))
    answer = await look_up(venue)
    assert (answer.status, answer.trade_ids) == (S.FILLED, ("t-0", "t-1"))


def stamp(seconds_after: int) -> tuple[int, Any]:
    moment = f"2026-09-21T14:{13 + (20 + seconds_after) // 60}:{(20 + seconds_after) % 60:02d}Z"
    return 200, {"as_of_time": moment}


def late_clock() -> FakeClock:
    clock = FakeClock()
    # The order was sent a minute and a bit ago: its signature is no longer taken.
    clock.now_ns = 62 * 1_000_000_000
    return clock


def late_venue() -> ScriptedKalshi:
    venue = ScriptedKalshi()
    venue.answer_headers = {"Date": "Mon, 21 Sep 2026 14:14:22 GMT"}
    return venue


async def test_order_that_never_landed_is_a_miss_once_its_signature_has_expired() -> None:
    venue = late_venue()
    venue.script(LIST, page())
    venue.script(FILLS, (200, {"fills": [], "cursor": ""}))
    venue.script(STAMP, stamp(61), stamp(62))
    answer = await look_up(venue, clock=late_clock())
    assert (answer.status, answer.code) == (S.MISSED, "never_landed")
    assert venue.paths().count(STAMP) == 2
    assert CREATE not in venue.paths()


async def test_order_is_searched_for_at_the_venues_time_when_our_clock_is_ahead() -> None:
    venue = ScriptedKalshi()
    # An hour behind ours: by our own time every order would be older than the search.
    venue.answer_headers = {"Date": "Mon, 21 Sep 2026 13:13:21 GMT"}
    venue.script(LIST, page(), page(row("resting", "0.00")))
    assert (await look_up(venue)).status is S.RESTING
    queries = [query for _, path, query, _ in venue.requests if path == LIST]
    sent_s = resting_ref().sent_wall_ms // 1_000
    assert int(queries[1]["min_ts"]) == sent_s - 3_600 - 120


async def test_order_may_still_land_when_our_clock_is_behind() -> None:
    venue = ScriptedKalshi()
    # Two minutes ahead of ours, in which the order was sent a second ago.
    venue.answer_headers = {"Date": "Mon, 21 Sep 2026 14:15:21 GMT"}
    venue.script(LIST, page())
    venue.script(FILLS, (200, {"fills": [], "cursor": ""}))
    venue.script(STAMP, stamp(600))
    answer = await look_up(venue)
    assert (answer.status, answer.code) == (S.UNKNOWN, "not_found")
    assert STAMP not in venue.paths()


@pytest.mark.parametrize("venue_order_id", ["", "o-1"])
async def test_order_that_may_still_show_stays_unknown(venue_order_id: str) -> None:
    venue = late_venue()
    venue.script(LIST, page())
    # A fill whose order is not listed: the list is behind.
    venue.script(FILLS, fills("1.00"))
    venue.script(STAMP, stamp(70))
    order = resting_ref(venue_order_id=venue_order_id)
    answer = await look_up(venue, order, clock=late_clock())
    assert (answer.status, answer.code) == (S.UNKNOWN, "not_found")


async def test_order_of_days_ago_is_still_found_by_the_venues_id() -> None:
    venue = ScriptedKalshi()
    venue.script(ONE, one("resting", "3.00"))
    order = resting_ref(venue_order_id="o-1")
    old = msgspec.structs.replace(order, sent_wall_ms=order.sent_wall_ms - 9 * 86_400_000)
    assert (await look_up(venue, old)).filled_e6 == 3_000_000
