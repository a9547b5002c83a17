import asyncio
import json
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tests.unit.venues.kalshi.support import (
    FakeClock,
    FakeEntropy,
    LoopNetwork,
    ScriptedKalshi,
    closed_port,
    hang_up,
    kalshi_orders,
    ref,
    spec,
)
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.market import Outcome, Side, TimeInForce
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.errors import InvariantBroken, VenueUnavailable
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.transport import HttpExchange, make_session

ORDERS = "/portfolio/events/orders"
HISTORY = "/portfolio/orders"
FILLS = "/portfolio/fills"
S = AnswerStatus


def created(fill: str = "0.00", **changes: Any) -> tuple[int, Any]:
    body = {"order_id": "o-1", "fill_count": fill, "remaining_count": "0.00", "ts_ms": 5}
    return 201, body | changes


def refused(http_status: int, code: str) -> tuple[int, Any]:
    return http_status, {"error": {"code": code, "message": code}}


EXISTS = refused(409, "order_already_exists")


def row(status: str, filled: str, key: str = "key-1", order_id: str = "o-1") -> dict[str, str]:
    return {
        "order_id": order_id,
        "client_order_id": key,
        "ticker": spec().market.native_id,
        "status": status,
        "fill_count_fp": filled,
    }


def orders_page(*rows: dict[str, str], cursor: str = "") -> tuple[int, Any]:
    return 200, {"orders": list(rows), "cursor": cursor}


def fill_row(trade_id: str, count: str, price: str = "0.5700") -> dict[str, Any]:
    return {
        "trade_id": trade_id,
        "order_id": "o-1",
        "yes_price_dollars": price,
        "count_fp": count,
        "fee_cost": "0.100000",
        "book_side": "bid",
        "ts": 1_790_000_000,
    }


def fills_page(*rows: dict[str, Any], cursor: str = "") -> tuple[int, Any]:
    return 200, {"fills": list(rows), "cursor": cursor}


async def send(venue: ScriptedKalshi, order: OrderSpec | None = None) -> LegAnswer:
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        return await orders.send(orders.prepare(order or spec()))


async def look_up(
    venue: ScriptedKalshi, order: OrderRef | None = None, clock: FakeClock | None = None
) -> LegAnswer:
    async with kalshi_orders(venue, clock=clock or FakeClock()) as orders:
        return await orders.look_up(order or ref())


async def test_send_posts_exactly_the_prepared_bytes_signed() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, created("25.00"))
    clock = FakeClock()
    async with kalshi_orders(venue, clock=clock) as orders:
        prepared = orders.prepare(spec())
        answer = await orders.send(prepared)
    assert (answer.status, answer.filled_e6, answer.venue_order_id) == (S.FILLED, 25_000_000, "o-1")
    assert venue.bodies() == [json.loads(prepared.body)]
    assert prepared.order_key == venue.bodies()[0]["client_order_id"]
    assert prepared.prepared_wall_ms == clock.wall_ns() // 1_000_000
    assert venue.headers[0]["KALSHI-ACCESS-TIMESTAMP"] == str(clock.wall_ns() // 1_000_000)
    assert venue.headers[0]["Content-Type"] == "application/json"


async def test_prepare_off_the_grid_is_our_bug() -> None:
    async with kalshi_orders(ScriptedKalshi(), clock=FakeClock()) as orders:
        with pytest.raises(InvariantBroken):
            orders.prepare(spec(limit_e4=5_701))


async def test_send_lost_connection_is_unknown_and_sent_once() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, hang_up)
    answer = await send(venue)
    assert (answer.status, answer.filled_e6) == (S.UNKNOWN, 0)
    assert len(venue.bodies()) == 1


async def test_send_timeout_is_unknown() -> None:
    async def stall(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    venue = ScriptedKalshi()
    venue.script(ORDERS, stall)
    options = KalshiOptions(order_timeout_ms=40)
    async with kalshi_orders(venue, clock=FakeClock(), options=options) as orders:
        answer = await orders.send(orders.prepare(spec()))
    assert answer.status is S.UNKNOWN


async def test_send_without_a_connection_was_not_sent() -> None:
    clock = FakeClock()
    async with make_session(LoopNetwork()) as session:
        http = KalshiHttp(
            exchange=HttpExchange(session, venue="kalshi"),
            base_url=await closed_port() + "/trade-api/v2",
            clock=clock,
        )
        orders = KalshiOrders(http=http, clock=clock, entropy=FakeEntropy())
        answer = await orders.send(orders.prepare(spec()))
    assert (answer.status, answer.is_unavailable) == (S.NOT_SENT, True)


async def test_arb_order_without_tokens_is_not_sent_and_rollback_uses_the_reserve() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, created("25.00"))
    clock = FakeClock()
    async with kalshi_orders(venue, clock=clock) as orders:
        arbs = [await orders.send(orders.prepare(spec())) for _ in range(7)]
        rollback = spec(purpose=Purpose.ROLLBACK)
        rollbacks = [await orders.send(orders.prepare(rollback)) for _ in range(5)]
    assert [answer.status for answer in arbs] == [S.FILLED] * 6 + [S.NOT_SENT]
    assert (arbs[-1].code, arbs[-1].is_unavailable) == ("no_tokens", False)
    # The fifth waited for its refill instead of giving up.
    assert [answer.status for answer in rollbacks] == [S.FILLED] * 5
    assert clock.slept_s == [0.1]


async def test_shards_have_their_own_budgets() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, created("25.00"))
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        for _ in range(6):
            await orders.send(orders.prepare(spec()))
        other = msgspec.structs.replace(spec().market, shard=3)
        answer = await orders.send(orders.prepare(spec(market=other)))
    assert answer.status is S.FILLED


@pytest.mark.parametrize(
    ("purpose", "group"), [(Purpose.ARB, "g-1"), (Purpose.BET, "g-1"), (Purpose.ROLLBACK, None)]
)
async def test_orders_join_the_group_of_their_shard_and_rollbacks_never_do(
    purpose: Purpose, group: str | None
) -> None:
    async with kalshi_orders(ScriptedKalshi(), clock=FakeClock()) as orders:
        orders.join_group(2, "g-1")
        orders.join_group(3, "g-3")
        body = json.loads(orders.prepare(spec(purpose=purpose)).body)
        assert body.get("order_group_id") == group
        orders.join_group(2, "")
        assert "order_group_id" not in json.loads(orders.prepare(spec(purpose=purpose)).body)


async def test_order_that_rests_is_answered_as_resting() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, created("5.00", remaining_count="20.00"))
    answer = await send(venue, spec(tif=TimeInForce.GTC))
    assert (answer.status, answer.filled_e6, answer.venue_order_id) == (S.RESTING, 5_000_000, "o-1")


async def test_fence_never_takes_our_own_order_off_the_book() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, created())
    options = KalshiOptions(self_trade_prevention="maker")
    async with kalshi_orders(venue, clock=FakeClock(), options=options) as orders:
        orders.join_group(2, "g-1")
        await orders.look_up(ref())
        sent = json.loads(orders.prepare(spec()).body)
    assert sent["self_trade_prevention_type"] == "maker"
    assert venue.bodies()[0]["self_trade_prevention_type"] == "taker_at_cross"
    assert "order_group_id" not in venue.bodies()[0]


async def test_rate_limit_answer_empties_our_own_bucket() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, (429, {"error": "too many requests"}), created("25.00"))
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        first = await orders.send(orders.prepare(spec()))
        second = await orders.send(orders.prepare(spec()))
    assert (first.status, first.is_unavailable) == (S.REJECTED, True)
    assert second.status is S.NOT_SENT


async def test_clock_skew_is_measured_and_the_next_signature_heals() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, refused(401, "header_timestamp_expired"), created("25.00"))
    # The fake clock stands at 2026-09-21T14:13:21Z; the venue is an hour ahead.
    venue.answer_headers = {"Date": "Mon, 21 Sep 2026 15:13:21 GMT"}
    clock = FakeClock()
    async with kalshi_orders(venue, clock=clock) as orders:
        assert (await orders.send(orders.prepare(spec()))).status is S.REJECTED
        assert (await orders.send(orders.prepare(spec()))).status is S.FILLED
    stamps = [int(headers["KALSHI-ACCESS-TIMESTAMP"]) for headers in venue.headers]
    assert stamps[1] - stamps[0] == 3_600_500


async def test_fence_that_goes_through_proves_absence() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, created())
    answer = await look_up(venue)
    assert (answer.status, answer.code) == (S.MISSED, "fenced_absent")
    (body,) = venue.bodies()
    assert (body["client_order_id"], body["count"], body["price"]) == ("key-1", "0.01", "0.0100")
    assert (body["time_in_force"], body["exchange_index"]) == ("immediate_or_cancel", 2)


async def test_fence_of_an_ask_stands_at_the_highest_price() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, created())
    await look_up(venue, ref(outcome=Outcome.NO, side=Side.BUY, limit_e4=4_300))
    assert (venue.bodies()[0]["side"], venue.bodies()[0]["price"]) == ("ask", "0.9900")


async def test_fence_that_trades_is_reported_as_ours() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, created("0.01"))
    answer = await look_up(venue)
    assert (answer.status, answer.filled_e6, answer.code) == (S.PARTIAL, 10_000, "fence_filled")
    assert answer.venue_order_id == "o-1"


@pytest.mark.parametrize("status", ["executed", "canceled"])
@pytest.mark.parametrize(("filled", "verdict"), [("25.00", S.FILLED), ("10.00", S.PARTIAL)])
async def test_consumed_id_is_decided_by_the_order_found(
    status: str, filled: str, verdict: AnswerStatus
) -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, EXISTS)
    venue.script(HISTORY, orders_page(row("executed", "1.00", key="other"), row(status, filled)))
    rest = f"{float(filled) - 4:.2f}"
    venue.script(FILLS, fills_page(fill_row("t-1", "4.00"), fill_row("t-2", rest, "0.5000")))
    answer = await look_up(venue)
    assert (answer.status, answer.venue_order_id) == (verdict, "o-1")
    assert answer.trade_ids == ("t-1", "t-2")
    assert answer.notional_micros == 4 * 570_000 + int(float(rest)) * 500_000


async def test_consumed_id_of_a_killed_order_is_a_miss() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, EXISTS)
    venue.script(HISTORY, orders_page(row("canceled", "0.00")))
    answer = await look_up(venue)
    assert (answer.status, answer.code, answer.filled_e6) == (S.MISSED, "found_canceled", 0)
    assert FILLS not in venue.paths()


async def test_read_lag_is_no_evidence() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, EXISTS)
    venue.script(
        HISTORY,
        orders_page(),
        refused(503, "service_unavailable"),
        orders_page(row("resting", "0.00")),
        orders_page(row("executed", "0.00")),
        orders_page(row("executed", "25.00")),
    )
    venue.script(FILLS, fills_page(), fills_page(fill_row("t-1", "25.00")))
    answer = await look_up(venue)
    assert (answer.status, answer.trade_ids) == (S.FILLED, ("t-1",))
    assert len(venue.bodies()) == 1


async def test_orders_are_searched_through_all_pages() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, EXISTS)
    venue.script(
        HISTORY,
        orders_page(row("executed", "1.00", key="other"), cursor="next"),
        orders_page(row("canceled", "0.00")),
    )
    assert (await look_up(venue)).status is S.MISSED
    queries = [query for _, path, query, _ in venue.requests if path == HISTORY]
    assert [query.get("cursor") for query in queries] == [None, "next"]
    assert queries[1]["ticker"] == spec().market.native_id
    assert int(queries[0]["min_ts"]) == ref().sent_wall_ms // 1_000 - 120


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (orders_page(), "consumed_not_found"),
        (orders_page(row("resting", "5.00")), "found_resting"),
        (orders_page(row("executed", "26.00")), "found_executed"),
        ((200, b"<html>"), "unreadable_answer"),
    ],
)
async def test_consumed_id_that_is_never_shown_finished_stays_unknown(
    page: tuple[int, Any], code: str
) -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, EXISTS)
    venue.script(HISTORY, page)
    clock = FakeClock()
    started_ns = clock.now_ns
    answer = await look_up(venue, clock=clock)
    assert (answer.status, answer.code) == (S.UNKNOWN, code)
    assert clock.now_ns - started_ns <= 8_000_000_000
    assert len(venue.bodies()) == 1


async def test_filled_order_whose_fills_do_not_show_claims_no_money() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, EXISTS)
    venue.script(HISTORY, orders_page(row("executed", "25.00")))
    venue.script(FILLS, fills_page(fill_row("t-1", "4.00")))
    answer = await look_up(venue)
    assert (answer.status, answer.filled_e6) == (S.FILLED, 25_000_000)
    assert (answer.notional_micros, answer.trade_ids) == (-1, ())


async def test_ambiguous_fence_is_repeated_under_the_same_id() -> None:
    venue = ScriptedKalshi()
    venue.script(
        ORDERS, hang_up, (502, b"<html>"), (429, {"error": "too many requests"}), created()
    )
    answer = await look_up(venue)
    assert (answer.status, answer.code) == (S.MISSED, "fenced_absent")
    assert [body["client_order_id"] for body in venue.bodies()] == ["key-1"] * 4


async def test_fence_that_is_never_answered_stays_unknown_within_the_bound() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, (502, b"bad gateway"))
    clock = FakeClock()
    started_ns = clock.now_ns
    answer = await look_up(venue, clock=clock)
    assert (answer.status, answer.code) == (S.UNKNOWN, "http_502")
    assert clock.now_ns - started_ns <= 8_000_000_000
    assert len(venue.bodies()) > 3


@pytest.mark.parametrize(
    "reply", [refused(409, "trading_is_paused"), refused(400, "something_new"), (502, b"<html>")]
)
async def test_fence_refused_for_another_reason_says_nothing_but_the_reads_may(
    reply: tuple[int, Any],
) -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, reply)
    venue.script(HISTORY, orders_page(), orders_page(row("executed", "25.00")))
    venue.script(FILLS, fills_page(fill_row("t-1", "25.00")))
    assert (await look_up(venue)).status is S.FILLED


async def test_fence_refused_and_nothing_shown_is_never_absence() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, refused(400, "insufficient_balance"))
    venue.script(HISTORY, orders_page())
    answer = await look_up(venue)
    assert (answer.status, answer.code) == (S.UNKNOWN, "insufficient_balance")


async def test_read_fills_follows_pages_drops_repeats_and_foreign_rows() -> None:
    venue = ScriptedKalshi()
    foreign = fill_row("t-9", "1.00") | {"order_id": "o-2"}
    venue.script(
        FILLS,
        fills_page(fill_row("t-1", "4.00"), foreign, cursor="more"),
        fills_page(fill_row("t-1", "4.00"), fill_row("t-2", "0.01", "0.3333")),
    )
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        fills = await orders.read_fills(ref(venue_order_id="o-1"))
    assert [(fill.fill_id, fill.notional_micros) for fill in fills] == [
        ("t-1", 2_280_000),
        ("t-2", 3_333),
    ]
    assert {fill.fee_micros for fill in fills} == {100_000}
    assert venue.requests[0][2]["order_id"] == "o-1"


async def test_read_fills_without_the_venues_id_finds_it_first() -> None:
    venue = ScriptedKalshi()
    venue.script(HISTORY, orders_page(), orders_page(row("executed", "25.00")))
    venue.script(FILLS, fills_page(fill_row("t-1", "25.00")))
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        assert await orders.read_fills(ref()) == ()
        assert len(await orders.read_fills(ref())) == 1


@pytest.mark.parametrize(
    "reply",
    [
        refused(401, "authentication_error"),
        (500, b""),
        (429, {"error": "too many requests"}),
        (200, b"{"),
        fills_page(fill_row("t-1", "x")),
        fills_page(cursor="for ever"),
    ],
)
async def test_read_fills_that_cannot_be_had_is_unavailable(reply: tuple[int, Any]) -> None:
    venue = ScriptedKalshi()
    venue.script(FILLS, reply)
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        with pytest.raises(VenueUnavailable):
            await orders.read_fills(ref(venue_order_id="o-1"))


STAMP = "/exchange/user_data_timestamp"
TRUSTING = KalshiOptions(takes_unlisted_for_killed=True)
FRESH = (200, {"as_of_time": "2026-09-21T14:13:30Z"})
STALE = (200, {"as_of_time": "2026-09-21T14:13:21Z"})


async def look_up_unlisted(venue: ScriptedKalshi, order: OrderRef | None = None) -> LegAnswer:
    venue.script(ORDERS, EXISTS)
    async with kalshi_orders(venue, clock=FakeClock(), options=TRUSTING) as orders:
        return await orders.look_up(order or ref())


async def test_unlisted_order_counts_as_killed_once_the_reads_are_fresh_enough() -> None:
    venue = ScriptedKalshi()
    venue.script(HISTORY, orders_page(row("executed", "4.00", key="other")))
    venue.script(FILLS, fills_page(fill_row("t-1", "4.00")))
    venue.script(STAMP, STALE, FRESH)
    answer = await look_up_unlisted(venue)
    assert (answer.status, answer.code) == (S.MISSED, "consumed_without_order")
    assert venue.paths().count(STAMP) == 2


@pytest.mark.parametrize("stamp", [STALE, (200, {"as_of_time": "soon"}), (404, b"")])
async def test_unlisted_order_stays_unknown_while_the_reads_may_lag(
    stamp: tuple[int, Any],
) -> None:
    venue = ScriptedKalshi()
    venue.script(HISTORY, orders_page())
    venue.script(FILLS, fills_page())
    venue.script(STAMP, stamp)
    assert (await look_up_unlisted(venue)).status is S.UNKNOWN


async def test_unlisted_order_stays_unknown_while_a_fill_has_no_listed_order() -> None:
    venue = ScriptedKalshi()
    venue.script(HISTORY, orders_page(row("executed", "4.00", key="other", order_id="o-7")))
    venue.script(FILLS, fills_page(fill_row("t-1", "4.00")))
    venue.script(STAMP, FRESH)
    assert (await look_up_unlisted(venue)).status is S.UNKNOWN


@pytest.mark.parametrize(
    "reply", [refused(409, "market_inactive"), refused(409, "trading_is_paused"), (500, b"")]
)
@pytest.mark.parametrize(
    ("ago_ms", "expected"),
    [(0, (S.UNKNOWN, "")), (90_000, (S.MISSED, "expired_without_order"))],
)
async def test_unlisted_order_that_no_fence_is_let_in_for_is_absent_once_it_has_expired(
    reply: tuple[int, Any], ago_ms: int, expected: tuple[S, str]
) -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, reply)
    venue.script(HISTORY, orders_page())
    venue.script(FILLS, fills_page())
    venue.script(STAMP, FRESH)
    sent = msgspec.structs.replace(ref(), sent_wall_ms=ref().sent_wall_ms - ago_ms)
    async with kalshi_orders(venue, clock=FakeClock(), options=TRUSTING) as orders:
        answer = await orders.look_up(sent)
    assert answer.status is expected[0]
    assert answer.code.startswith(expected[1])


async def test_id_whose_refusal_has_a_suffix_is_consumed() -> None:
    venue = ScriptedKalshi()
    venue.script(ORDERS, refused(409, "order_already_exists:_0b1c"))
    venue.script(HISTORY, orders_page())
    venue.script(FILLS, fills_page())
    venue.script(STAMP, FRESH)
    async with kalshi_orders(venue, clock=FakeClock(), options=TRUSTING) as orders:
        answer = await orders.look_up(ref())
    assert (answer.status, answer.code) == (S.MISSED, "consumed_without_order")
    assert venue.paths().count(ORDERS) == 1


async def test_reads_of_orders_and_fills_ask_for_our_subaccount() -> None:
    venue = ScriptedKalshi()
    venue.script(HISTORY, orders_page(row("executed", "25.00")))
    venue.script(FILLS, fills_page(fill_row("t-1", "25.00")))
    options = KalshiOptions(subaccount=7)
    async with kalshi_orders(venue, clock=FakeClock(), options=options) as orders:
        await orders.read_fills(ref())
    assert [query["subaccount"] for _, _, query, _ in venue.requests] == ["7", "7"]


@pytest.mark.parametrize(("key", "expected"), [("other", S.MISSED), ("key-1", S.UNKNOWN)])
async def test_fill_of_an_order_that_has_rested_since_before_is_none_of_ours(
    key: str, expected: S
) -> None:
    venue = ScriptedKalshi()
    venue.script(HISTORY, orders_page())
    venue.script(FILLS, fills_page(fill_row("t-1", "4.00"), fill_row("t-2", "1.00")))
    venue.script(f"{HISTORY}/o-1", (200, {"order": row("resting", "5.00", key=key)}))
    venue.script(STAMP, FRESH)
    assert (await look_up_unlisted(venue)).status is expected


@pytest.mark.parametrize(("days", "expected"), [(12, S.MISSED), (14, S.UNKNOWN)])
async def test_unlisted_order_is_ruled_out_as_long_as_the_reads_reach_back(
    days: int, expected: S
) -> None:
    venue = ScriptedKalshi()
    venue.script(HISTORY, orders_page())
    venue.script(FILLS, fills_page())
    venue.script(STAMP, FRESH)
    old = msgspec.structs.replace(ref(), sent_wall_ms=ref().sent_wall_ms - days * 86_400_000)
    assert (await look_up_unlisted(venue, old)).status is expected
