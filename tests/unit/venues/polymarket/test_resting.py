"""Orders that rest: sending them, what the venue's state lets through, and finding them again."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
import structlog
from aiohttp import web

from tests.unit.venues.polymarket.support import (
    CONDITION,
    NO,
    WALL_NS,
    YES,
    Client,
    Reply,
    client_of,
    market,
    ref,
    resting,
    spec,
)
from tests.unit.venues.polymarket.vectors import ADDRESS, API_KEY, PRIVATE_KEY
from tests.unit.venues.polymarket.vectors_more import WALLETS
from twoleg.core.events import AnswerStatus, FillStatus
from twoleg.core.market import Outcome, Side, TimeInForce
from twoleg.errors import InvariantBroken, VenueRejected
from twoleg.venues.polymarket.gate import TradingState
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.resting import RestingOrders
from twoleg.venues.polymarket.sign import OrderSigner

KEY = "0x" + "ab" * 32
NOW_S = WALL_NS // 1_000_000_000 + 1
GTD = TimeInForce.GTD


def answering(*replies: Reply) -> Any:
    """Answers one after the other, the last again and again; remembers what was asked."""
    seen: list[tuple[str, str]] = []

    def respond(request: web.Request, _body: bytes) -> Reply:
        seen.append((request.method, request.path))
        return replies[min(len(seen), len(replies)) - 1]

    respond.seen = seen  # type: ignore[attr-defined]
    return respond


def live(key: str = "", **changes: Any) -> str:
    return json.dumps({"success": True, "errorMsg": "", "orderID": key, "status": "live"} | changes)


@pytest.mark.parametrize(
    ("changes", "order_type", "expiration", "post_only"),
    [
        ({}, "GTC", "0", False),
        ({"post_only": True}, "GTC", "0", True),
        ({"tif": GTD, "expires_s": NOW_S + 600}, "GTD", str(NOW_S + 660), False),
        ({"tif": GTD, "expires_s": NOW_S + 600, "post_only": True}, "GTD", str(NOW_S + 660), True),
    ],
)
async def test_prepare_of_an_order_that_rests(
    *, changes: dict[str, Any], order_type: str, expiration: str, post_only: bool
) -> None:
    async with client_of(answering((500, ""))) as client:
        body = json.loads(client.orders.prepare(resting(**changes)).body)
    assert (body["orderType"], body["postOnly"]) == (order_type, post_only)
    assert body["order"]["expiration"] == expiration
    assert (body["order"]["makerAmount"], body["order"]["takerAmount"]) == ("52000000", "100000000")


@pytest.mark.parametrize(
    "order",
    [
        resting(size_e6=5_005_000),
        resting(size_e6=0),
        resting(size_e6=4_990_000),
        resting(limit_e4=5_250),
        resting(expires_s=NOW_S + 600),
        resting(tif=GTD),
        spec(post_only=True),
        spec(expires_s=NOW_S + 600),
    ],
)
async def test_prepare_of_an_order_that_breaks_a_rule_is_our_bug(order: Any) -> None:
    async with client_of(answering((500, ""))) as client:
        with pytest.raises(InvariantBroken):
            client.orders.prepare(order)


async def test_small_resting_buy_is_left_to_the_venue() -> None:
    # $0.05 in 5 shares: too little only if it should take, which only the venue can tell.
    async with client_of(answering((500, ""))) as client:
        body = json.loads(client.orders.prepare(resting(size_e6=5_000_000, limit_e4=100)).body)
    assert body["order"]["makerAmount"] == "50000"


@pytest.mark.parametrize(("lives_s", "is_sent"), [(119, False), (120, True)])
async def test_send_gtd_needs_two_minutes_to_live(lives_s: int, *, is_sent: bool) -> None:
    respond = answering((200, live("0x1")))
    async with client_of(respond) as client:
        prepared = client.orders.prepare(resting(tif=GTD, expires_s=NOW_S + lives_s))
        answer = await client.orders.send(prepared)
    assert bool(respond.seen) is is_sent
    assert (answer.code == "expires_too_soon") is not is_sent
    assert (answer.status is AnswerStatus.NOT_SENT) is not is_sent


@pytest.mark.parametrize(
    ("reply", "status", "may_rest"),
    [
        ((200, live("K")), AnswerStatus.RESTING, True),
        ((200, live("K", status="matched", makingAmount="52", takingAmount="100")), AnswerStatus.FILLED, False),
        ((200, live("K", status="delayed")), AnswerStatus.DELAYED, True),
        ((400, '{"error":"invalid post-only order: order crosses book"}'), AnswerStatus.REJECTED, False),
        ((500, '{"error":"could not insert order"}'), AnswerStatus.UNKNOWN, True),
        ((400, '{"error":"never heard"}'), AnswerStatus.UNKNOWN, True),
    ],
)  # fmt: skip
async def test_send_notes_what_may_rest(
    reply: tuple[int, str], status: AnswerStatus, *, may_rest: bool
) -> None:
    key = ""

    def respond(_request: web.Request, _body: bytes) -> Reply:
        # It counts as resting from before its bytes leave.
        assert len(client.orders.resting) == 1
        return reply[0], reply[1].replace('"K"', f'"{key}"')

    async with client_of(respond) as client:
        prepared = client.orders.prepare(resting())
        key = prepared.order_key
        answer = await client.orders.send(prepared)
        assert answer.status is status
        assert [one.order_key for one in client.orders.resting.refs()] == [key] * may_rest


async def test_send_of_a_taker_never_counts_as_resting() -> None:
    async with client_of(answering((500, ""))) as client:
        await client.orders.send(client.orders.prepare(spec()))
        assert len(client.orders.resting) == 0


POST_ONLY = (
    503,
    '{"error":"post-only mode: only post-only orders and cancels are allowed","code":"post_only_mode"}',
    {"Retry-After": "79"},
)


async def test_post_only_mode_holds_takers_back_and_lets_makers_and_cancels_through() -> None:
    respond = answering(POST_ONLY, (200, live("0x1")), (200, '{"canceled":["0xhash"]}'))
    async with client_of(respond, bucket=40) as client:
        orders = client.orders
        first = await orders.send(orders.prepare(spec()))
        assert (first.status, first.is_unavailable) == (AnswerStatus.REJECTED, True)
        held = await orders.send(orders.prepare(spec()))
        assert (held.status, held.code) == (AnswerStatus.NOT_SENT, "venue_post_only")
        assert held.is_unavailable
        assert orders.gate.state(client.clock.now_ns) is TradingState.POST_ONLY
        await orders.send(orders.prepare(resting(post_only=True)))
        await orders.cancel(ref())
        assert [path for _, path in respond.seen] == ["/order"] * 3
        client.clock.advance_ms(79_000)
        assert orders.gate.refusal(spec(), client.clock.now_ns) == ""


async def test_restart_backs_off_and_tries_again() -> None:
    respond = answering((425, ""))
    async with client_of(respond, bucket=40) as client:
        for pause_ms in (1_000, 2_000, 4_000):
            answer = await client.orders.send(client.orders.prepare(spec()))
            assert answer.code == "engine_restarting"
            client.clock.advance_ms(pause_ms - 1)
            held = await client.orders.send(client.orders.prepare(spec()))
            assert held.code == "venue_restarting"
            client.clock.advance_ms(1)
    assert len(respond.seen) == 3


async def test_version_mismatch_is_rejected_asked_for_and_never_resent() -> None:
    respond = answering(
        (400, '{"error":"order_version_mismatch"}'),
        (200, '{"version":2}'),
        (400, '{"error":"order couldn\'t be fully filled"}'),
    )
    async with client_of(respond, bucket=40) as client:
        first = client.orders.prepare(spec())
        assert (await client.orders.send(first)).status is AnswerStatus.REJECTED
        assert respond.seen == [("POST", "/order"), ("GET", "/version")]
        second = client.orders.prepare(spec())
        assert second.order_key != first.order_key
        assert (await client.orders.send(second)).status is AnswerStatus.MISSED


@pytest.mark.parametrize(
    ("wanted", "changes", "is_signed"),
    [
        (2, {}, False),
        (3, {}, True),
        (3, {"neg_risk": True}, True),
        # A position id goes with the third version whatever the others do.
        (3, {"yes_token": str(1 << 248)}, False),
        (4, {}, False),
    ],
)
async def test_resign_only_for_another_version_that_can_be_signed(
    wanted: int, changes: dict[str, Any], *, is_signed: bool
) -> None:
    respond = answering(
        (400, '{"error":"order_version_mismatch"}'), (200, f'{{"version":{wanted}}}')
    )
    async with client_of(respond, bucket=40) as client:
        first = client.orders.prepare(spec(market=market(**changes)))
        answer = await client.orders.send(first)
        again = client.orders.resign(first, answer)
        assert (again is not None) is is_signed
        if again is not None:
            assert (again.spec, again.signed_for) == (first.spec, "positions")
            assert again.order_key != first.order_key
        other = msgspec.structs.replace(answer, code="invalid_signature")
        assert client.orders.resign(first, other) is None
    assert respond.seen == [("POST", "/order"), ("GET", "/version")]


@pytest.mark.parametrize("version", ['{"version":1}', '{"version":4}', "{}"])
async def test_version_that_cannot_be_signed_stops_all_orders_until_it_changes(
    version: str,
) -> None:
    told = [version]
    posts = 0

    def respond(request: web.Request, _body: bytes) -> Reply:
        nonlocal posts
        if request.path == "/version":
            return 200, told[0]
        posts += 1
        return 400, '{"error":"order_version_mismatch"}'

    async with client_of(respond, bucket=40) as client:
        assert (await client.orders.send(client.orders.prepare(spec()))).code == (
            "order_version_mismatch"
        )
        held = await client.orders.send(client.orders.prepare(spec()))
        assert (held.status, held.code) == (AnswerStatus.NOT_SENT, "order_version")
        assert posts == 1
        with pytest.raises(VenueRejected):
            await client.orders.check_version()
        told[0] = '{"version":2}'
        await client.orders.check_version()
        await client.orders.send(client.orders.prepare(spec()))
        assert posts == 2


async def test_start_measures_the_clock_and_adopts_the_tier() -> None:
    def respond(request: web.Request, _body: bytes) -> Reply:
        return 200, {
            "/time": str(NOW_S + 100),
            "/version": '{"version":2}',
            "/v1/user/rate-limit-tier": '{"tier":"Gold"}',
        }[request.path]

    async with client_of(respond) as client:
        await client.orders.start()
        assert client.rest.server_clock.skew_s == 100
        client.clock.advance_ms(10_000)
        assert client.bucket.available == 600


@pytest.mark.parametrize("reply", [(404, ""), (200, '{"level":7}')])
async def test_start_without_a_tier_keeps_the_settings(reply: Reply) -> None:
    def respond(request: web.Request, _body: bytes) -> Reply:
        return (200, '{"version":2}') if request.path == "/version" else reply

    async with client_of(respond) as client:
        await client.orders.start()
        client.clock.advance_ms(60_000)
        assert client.bucket.available == 4


@pytest.mark.parametrize(
    ("signature_type", "funder", "is_told"),
    [
        (0, "", False),
        (1, WALLETS[0], False),
        (2, WALLETS[1], False),
        (3, WALLETS[2], False),
        (3, WALLETS[3], False),
        (2, WALLETS[0], True),
        (3, "0x" + "11" * 20, True),
    ],
)
async def test_start_tells_of_a_funder_that_is_no_wallet_of_the_key(
    *, signature_type: int, funder: str, is_told: bool
) -> None:
    async with client_of(answering((200, '{"version":2}'))) as client:
        client.orders._signer = OrderSigner(PRIVATE_KEY, 137, signature_type, funder)
        with structlog.testing.capture_logs() as logs:
            await client.orders.start()
    assert ("funder_not_of_this_key" in [line["event"] for line in logs]) is is_told


async def test_rate_limit_told_inside_a_200_empties_the_bucket() -> None:
    body = json.dumps({"success": False, "errorMsg": "Too Many Requests", "orderID": ""})
    async with client_of(answering((200, body))) as client:
        answer = await client.orders.send(client.orders.prepare(spec()))
        assert (answer.status, answer.code) == (AnswerStatus.REJECTED, "rate_limited")
        assert client.bucket.available == 0


def maker_trade(number: int, **changes: Any) -> dict[str, Any]:
    mine = {
        "order_id": KEY,
        "matched_amount": "10",
        "price": "0.52",
        "asset_id": YES,
        "side": "BUY",
    }
    other = {
        "order_id": "0x9",
        "matched_amount": "3",
        "price": "0.5",
        "asset_id": YES,
        "side": "BUY",
    }
    return {
        "id": f"t{number}",
        "taker_order_id": "0xforeign",
        "market": CONDITION,
        "asset_id": NO,
        "side": "BUY",
        "size": "13",
        "price": "0.48",
        "status": "TRADE_STATUS_CONFIRMED",
        "match_time": "1790000000",
        "trader_side": "MAKER",
        "maker_orders": [other, mine | changes],
    }


class Reads:
    """What the venue shows of one order and its trades."""

    def __init__(self, order: dict[str, Any] | None, trades: list[dict[str, Any]]) -> None:
        self.order, self.trades = order, trades
        self.queries: list[dict[str, str]] = []
        self.deletes = 0

    def __call__(self, request: web.Request, _body: bytes) -> Reply:
        if request.method == "DELETE":
            self.deletes += 1
            return 200, json.dumps({"canceled": [KEY]})
        if request.path.startswith("/data/order/"):
            return (200, json.dumps(self.order)) if self.order else (404, '{"error":"not found"}')
        if request.path == "/data/trades":
            self.queries.append(dict(request.query))
            return 200, json.dumps({"data": self.trades, "next_cursor": "LTE="})
        return 200, '{"data":[],"next_cursor":"LTE="}'


def record(status: str, matched: str = "0") -> dict[str, Any]:
    return {"id": KEY, "status": status, "size_matched": matched}


async def look_up(client: Client, **changes: Any) -> Any:
    order = resting(**changes)
    found = ref(KEY)
    return await client.orders.look_up(
        type(found)(spec=order, order_key=KEY, sent_wall_ms=found.sent_wall_ms)
    )


@pytest.mark.parametrize("status", ["LIVE", "ORDER_STATUS_LIVE", "UNMATCHED"])
async def test_look_up_of_a_live_order_tells_that_it_rests_and_leaves_it(status: str) -> None:
    venue = Reads(record(status, "10"), [maker_trade(1)])
    async with client_of(venue) as client:
        answer = await look_up(client)
        assert (answer.status, answer.filled_e6) == (AnswerStatus.RESTING, 10_000_000)
        assert (answer.notional_micros, answer.trade_ids) == (5_200_000, ("t1",))
        assert answer.venue_order_id == KEY
        assert len(client.orders.resting) == 1
    assert venue.deletes == 0
    (query,) = venue.queries
    assert (query["market"], query["maker_address"]) == (CONDITION, ADDRESS)
    assert "asset_id" not in query


async def test_look_up_can_leave_the_wallet_out() -> None:
    venue = Reads(record("LIVE"), [])
    async with client_of(venue, PolymarketOptions(trades_by_wallet=False)) as client:
        assert (await look_up(client)).status is AnswerStatus.RESTING
    assert set(venue.queries[0]) == {"market", "after", "next_cursor"}


@pytest.mark.parametrize("status", ["LIVE", "UNMATCHED"])
async def test_look_up_of_a_taker_that_rests_has_it_cancelled(status: str) -> None:
    venue = Reads(record(status), [])
    async with client_of(venue) as client:
        answer = await client.orders.look_up(ref(KEY))
    assert answer.status is AnswerStatus.UNKNOWN
    assert venue.deletes > 0


async def test_look_up_of_a_live_order_whose_trades_lag_tells_no_money() -> None:
    async with client_of(Reads(record("LIVE", "40"), [maker_trade(1)])) as client:
        answer = await look_up(client)
    assert (answer.filled_e6, answer.notional_micros) == (40_000_000, -1)


async def test_look_up_of_a_cancelled_order_tells_what_had_filled() -> None:
    venue = Reads(record("CANCELED_EXPIRED_ORDER", "10"), [maker_trade(1)])
    async with client_of(venue) as client:
        client.orders.resting.add(ref(KEY))
        answer = await look_up(client)
        assert (answer.status, answer.filled_e6) == (AnswerStatus.PARTIAL, 10_000_000)
        assert len(client.orders.resting) == 0


async def test_look_up_of_an_order_cancelled_untouched_is_a_miss() -> None:
    async with client_of(Reads(record("CANCELED"), [])) as client:
        answer = await look_up(client)
    assert (answer.status, answer.code) == (AnswerStatus.MISSED, "canceled")


async def test_look_up_of_a_filled_order_needs_no_record_of_it() -> None:
    trades = [maker_trade(number, matched_amount="25") for number in range(4)]
    async with client_of(Reads(None, trades)) as client:
        answer = await look_up(client)
    assert (answer.status, answer.filled_e6) == (AnswerStatus.FILLED, 100_000_000)


async def test_statuses_that_nobody_has_described_are_told_once() -> None:
    venue = Reads(record("DANCING"), [maker_trade(1, matched_amount="1") | {"status": "MELTED"}])
    async with client_of(venue) as client:
        with structlog.testing.capture_logs() as logs:
            answer = await look_up(client)
    assert (answer.status, answer.filled_e6) == (AnswerStatus.UNKNOWN, 0)
    assert [(line["code"], line["text"]) for line in logs] == [
        ("unknown_order_status", "DANCING"),
        ("unknown_trade_status", "MELTED"),
    ]


async def test_strange_answers_are_told_without_the_api_key() -> None:
    body = json.dumps({"error": f"the owner {API_KEY} is odd"})
    async with client_of(answering((400, body))) as client:
        with structlog.testing.capture_logs() as logs:
            await client.orders.send(client.orders.prepare(spec()))
    assert [(line["event"], line["text"]) for line in logs] == [
        ("unknown_answer", "the owner ... is odd")
    ]


@pytest.mark.parametrize("status", ["DELAYED", "DANCING"])
async def test_look_up_of_an_undecided_order_stays_unknown_and_counts_as_resting(
    status: str,
) -> None:
    async with client_of(Reads(record(status), [])) as client:
        answer = await look_up(client)
        assert answer.status is AnswerStatus.UNKNOWN
        assert len(client.orders.resting) == 1


@pytest.mark.parametrize(
    ("mine", "outcome", "side", "price_e4"),
    [
        ({}, Outcome.YES, Side.BUY, 5_200),
        # Listed by its complement, or by nothing at all.
        ({"asset_id": NO, "side": "SELL", "price": "0.48"}, Outcome.YES, Side.BUY, 5_200),
        ({"asset_id": "", "side": ""}, Outcome.YES, Side.BUY, 5_200),
    ],
)
async def test_read_fills_of_a_maker_are_in_the_orders_own_terms(
    mine: dict[str, str], outcome: Outcome, side: Side, price_e4: int
) -> None:
    venue = Reads(None, [maker_trade(1, **mine)])
    async with client_of(venue) as client:
        (fill,) = await client.orders.read_fills(
            type(ref())(spec=resting(), order_key=KEY, sent_wall_ms=0)
        )
    assert (fill.outcome, fill.side, fill.price_e4) == (outcome, side, price_e4)
    assert (fill.size_e6, fill.fee_micros, fill.fill_id) == (10_000_000, 0, f"t1:{KEY}")
    assert (fill.order_key, fill.status) == (KEY, FillStatus.FINAL)


def test_resting_orders_forget_what_expired_a_minute_later() -> None:
    orders = RestingOrders()
    one = ref("0x1")
    orders.add(type(one)(spec=resting(tif=GTD, expires_s=100), order_key="0x1", sent_wall_ms=0))
    orders.add(type(one)(spec=resting(), order_key="0x2", sent_wall_ms=0))
    orders.drop_expired(160)
    assert len(orders) == 2
    orders.drop_expired(161)
    assert [one.order_key for one in orders.refs()] == ["0x2"]


async def test_resting_orders_wake_who_waits_and_let_them_wait_again() -> None:
    orders = RestingOrders()
    waiting = asyncio.ensure_future(orders.wait_some())
    await asyncio.sleep(0)
    assert not waiting.done()
    orders.add(ref("0x1"))
    await waiting
    orders.drop("0x1")
    orders.drop("0x1")
    again = asyncio.ensure_future(orders.wait_some())
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()
