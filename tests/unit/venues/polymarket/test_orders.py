import asyncio
import json
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tests.unit.venues.polymarket.support import (
    CONDITION,
    CREDENTIALS,
    NO,
    WALL_NS,
    YES,
    Reply,
    client_of,
    market,
    ref,
    spec,
)
from tests.unit.venues.polymarket.vectors import ADDRESS, API_KEY, FIRST_BODY
from twoleg.core.events import AnswerStatus, FillStatus
from twoleg.core.market import Outcome, Side, TimeInForce, Venue
from twoleg.core.orders import Purpose
from twoleg.errors import InvariantBroken, VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.auth import RequestSigner
from twoleg.venues.polymarket.options import PolymarketOptions

KEY = "0x" + "ab" * 32


def nothing(_request: web.Request, _body: bytes) -> Reply:
    return 500, "unused"


def matched(order_id: str, **changes: Any) -> bytes:
    fields = {
        "success": True,
        "errorMsg": "",
        "orderID": order_id,
        "status": "matched",
        "makingAmount": "52",
        "takingAmount": "100",
        "tradeIDs": ["t1"],
    }
    return json.dumps(fields | changes).encode()


async def test_prepare_body_is_the_published_one_but_for_type_and_time() -> None:
    async with client_of(nothing) as client:
        prepared = client.orders.prepare(spec())
        body = json.loads(prepared.body)
        published = json.loads(FIRST_BODY)
        assert list(body) == list(published)
        assert list(body["order"]) == list(published["order"])
        assert body["order"].pop("timestamp") == str((WALL_NS + client.clock.now_ns) // 1_000_000)
        assert body["order"].pop("signature") != published["order"].pop("signature")
        published["order"].pop("timestamp")
        assert body == published | {"orderType": "FOK"}
        assert b" " not in prepared.body
        assert prepared.order_key not in repr(prepared.body)
        assert "signature" not in repr(prepared)


async def test_prepare_twice_gives_two_orders() -> None:
    async with client_of(nothing) as client:
        one, two = client.orders.prepare(spec()), client.orders.prepare(spec())
        assert one.order_key != two.order_key
        assert json.loads(one.body)["order"]["salt"] <= 2**53 - 1


async def test_prepare_sell_of_no_as_fak_names_side_token_and_type() -> None:
    async with client_of(nothing) as client:
        order = spec(side=Side.SELL, outcome=Outcome.NO, size_e6=25_500_000, tif=TimeInForce.IOC)
        body = json.loads(client.orders.prepare(order).body)
        assert body["orderType"] == "FAK"
        assert (body["order"]["side"], body["order"]["tokenId"]) == ("SELL", NO)
        assert (body["order"]["makerAmount"], body["order"]["takerAmount"]) == (
            "25500000",
            "13260000",
        )


@pytest.mark.parametrize(
    "changes", [{"yes_token": ""}, {"yes_token": "x"}, {"venue": Venue.KALSHI}]
)
async def test_prepare_without_a_token_is_our_bug(changes: dict[str, Any]) -> None:
    async with client_of(nothing) as client:
        with pytest.raises(InvariantBroken):
            client.orders.prepare(spec(market=market(**changes)))


async def test_send_signs_and_sends_exactly_the_prepared_bytes() -> None:
    got: list[tuple[web.Request, bytes]] = []

    def respond(request: web.Request, body: bytes) -> Reply:
        got.append((request, body))
        return 200, matched(prepared.order_key)

    async with client_of(respond) as client:
        prepared = client.orders.prepare(spec())
        answer = await client.orders.send(prepared)
        timestamp_s = client.clock.wall_ns() // 1_000_000_000
    assert (answer.status, answer.filled_e6) == (AnswerStatus.FILLED, 100_000_000)
    assert answer.venue_order_id == prepared.order_key
    ((request, body),) = got
    assert (request.method, request.path, body) == ("POST", "/order", prepared.body)
    expected = RequestSigner(ADDRESS, CREDENTIALS).headers(timestamp_s, "POST", "/order", body)
    assert {name: request.headers[name] for name in expected} == expected
    assert request.headers["User-Agent"].startswith("twoleg")


async def test_send_without_rate_tokens_is_not_sent_but_rollbacks_have_a_reserve() -> None:
    sent: list[bytes] = []

    def respond(_request: web.Request, body: bytes) -> Reply:
        sent.append(body)
        return 400, '{"error":"order couldn\'t be fully filled"}'

    async with client_of(respond) as client:
        arbs = [await client.orders.send(client.orders.prepare(spec())) for _ in range(3)]
        rollback = client.orders.prepare(spec(purpose=Purpose.ROLLBACK))
        exits = [await client.orders.send(rollback) for _ in range(3)]
    missed, not_sent = AnswerStatus.MISSED, AnswerStatus.NOT_SENT
    assert [answer.status for answer in arbs] == [missed, missed, not_sent]
    assert [answer.status for answer in exits] == [missed, missed, not_sent]
    assert len(sent) == 4


async def test_send_429_empties_the_bucket() -> None:
    async with client_of(lambda _request, _body: (429, "Too Many Requests")) as client:
        answer = await client.orders.send(client.orders.prepare(spec()))
        assert (answer.status, answer.is_unavailable) == (AnswerStatus.REJECTED, True)
        assert client.bucket.available == 0


async def test_send_to_a_closed_port_is_not_sent() -> None:
    async with client_of(nothing) as client:
        client.rest._base_url = "http://127.0.0.1:1"
        answer = await client.orders.send(client.orders.prepare(spec()))
    assert (answer.status, answer.is_unavailable) == (AnswerStatus.NOT_SENT, True)


async def test_send_unanswered_is_unknown_and_sent_once() -> None:
    posts = 0
    release = asyncio.Event()

    async def respond(_request: web.Request, _body: bytes) -> Reply:
        nonlocal posts
        posts += 1
        await release.wait()
        return 200, "{}"

    async with client_of(respond, PolymarketOptions(order_timeout_ms=50)) as client:
        answer = await client.orders.send(client.orders.prepare(spec()))
        release.set()
    assert (answer.status, posts) == (AnswerStatus.UNKNOWN, 1)


async def test_send_connection_cut_after_the_request_is_unknown() -> None:
    posts = 0

    async def respond(request: web.Request, _body: bytes) -> Reply:
        nonlocal posts
        posts += 1
        assert request.transport is not None
        request.transport.close()
        return 200, ""

    async with client_of(respond) as client:
        answer = await client.orders.send(client.orders.prepare(spec()))
    assert (answer.status, posts) == (AnswerStatus.UNKNOWN, 1)


@pytest.mark.parametrize(
    ("body", "is_right"),
    [('{"version":2}', True), ('{"version":3}', True), ('{"version":4}', False), ("{}", False)],
)
async def test_check_version_fails_closed(body: str, *, is_right: bool) -> None:
    async with client_of(lambda _request, _body: (200, body)) as client:
        if is_right:
            await client.orders.check_version()
            return
        with pytest.raises(VenueRejected):
            await client.orders.check_version()


def trade(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"t{number}",
        "taker_order_id": KEY,
        "market": CONDITION,
        "asset_id": YES,
        "side": "BUY",
        "size": "50",
        "price": "0.52",
        "status": "TRADE_STATUS_MATCHED",
        "match_time": "1790000000",
        "trader_side": "TAKER",
        "maker_orders": [],
    } | changes


class Book:
    """A scripted CLOB whose reads change from look to look."""

    def __init__(self) -> None:
        # Per look: the order (None: 404) and the trades.
        self.looks: list[tuple[dict[str, Any] | None, list[dict[str, Any]]]] = [(None, [])]
        self.balance = "100000000"
        self.requests: list[web.Request] = []
        self.look = 0
        self.page_size = 100
        self.fails: set[str] = set()

    def __call__(self, request: web.Request, _body: bytes) -> Reply:
        self.requests.append(request)
        path = request.path
        order, trades = self.looks[min(self.look, len(self.looks) - 1)]
        if path in self.fails:
            return 502, "<html>"
        if path.startswith("/data/order/"):
            return (
                (404, '{"error":"order not found"}') if order is None else (200, json.dumps(order))
            )
        if path == "/data/orders":
            return 200, '{"data":[],"next_cursor":"LTE=","count":0,"limit":100}'
        if path == "/data/trades":
            return 200, self._page(trades, request.query["next_cursor"])
        if path == "/balance-allowance/update":
            return 200, ""
        return 200, json.dumps({"balance": self.balance, "allowances": {}})

    def _page(self, trades: list[dict[str, Any]], cursor: str) -> str:
        start = 0 if cursor == "MA==" else int(cursor)
        end = start + self.page_size
        if end >= len(trades):
            self.look += 1
        following = "LTE=" if end >= len(trades) else str(end)
        return json.dumps({"data": trades[start:end], "next_cursor": following})


async def test_look_up_finds_trades_over_all_pages() -> None:
    book = Book()
    book.page_size = 1
    others = [trade(7, taker_order_id="0xother"), trade(8, taker_order_id="0xother")]
    book.looks = [(None, [*others, trade(1, taker_order_id=KEY.upper()), trade(2)])]
    async with client_of(book) as client:
        answer = await client.orders.look_up(ref(KEY))
    assert (answer.status, answer.filled_e6) == (AnswerStatus.FILLED, 100_000_000)
    assert answer.trade_ids == ("t1", "t2")
    query = next(request.query for request in book.requests if request.path == "/data/trades")
    assert (query["market"], query["asset_id"]) == (CONDITION, YES)
    assert int(query["after"]) == ref(KEY).sent_wall_ms // 1_000 - 60


async def test_look_up_waits_for_trades_that_appear_one_by_one() -> None:
    book = Book()
    book.looks = [(None, []), (None, [trade(1)]), (None, [trade(1)]), (None, [trade(1), trade(2)])]
    async with client_of(book) as client:
        answer = await client.orders.look_up(ref(KEY))
    assert (answer.status, answer.filled_e6) == (AnswerStatus.FILLED, 100_000_000)


async def test_look_up_absent_only_after_its_time() -> None:
    book = Book()
    async with client_of(book) as client:
        started_ns = client.clock.now_ns
        answer = await client.orders.look_up(ref(KEY))
        # Whatever ended the wait for its answer: it may arrive for five seconds after its send.
        assert client.clock.now_ns - started_ns >= 7_500_000_000
    assert (answer.status, answer.code) == (AnswerStatus.MISSED, "absent")
    assert {request.path for request in book.requests} == {
        f"/data/order/{KEY}",
        "/data/orders",
        "/data/trades",
    }


async def test_look_up_of_an_order_that_lands_after_its_answer_was_given_up_finds_it() -> None:
    book = Book()
    book.looks = [(None, [])] * 13 + [(None, [trade(1), trade(2)])]
    options = PolymarketOptions(order_timeout_ms=500)
    async with client_of(book, options=options) as client:
        answer = await client.orders.look_up(ref(KEY))
    assert (answer.status, answer.filled_e6) == (AnswerStatus.FILLED, 100_000_000)


async def test_look_up_of_an_order_of_long_ago_still_takes_two_looks() -> None:
    book = Book()
    async with client_of(book) as client:
        answer = await client.orders.look_up(ref(KEY, sent_wall_ms=0))
    assert (answer.code, book.look) == ("absent", 2)


async def test_look_up_absent_on_a_delayed_market_waits_for_the_delay_too() -> None:
    async with client_of(Book()) as client:
        started_ns = client.clock.now_ns
        answer = await client.orders.look_up(ref(KEY, market=market(seconds_delay=3)))
        assert client.clock.now_ns - started_ns >= 10_500_000_000
    assert answer.code == "absent"


@pytest.mark.parametrize(
    ("balance", "status", "code"),
    [
        ("100000000", AnswerStatus.MISSED, "absent"),
        ("99999999", AnswerStatus.UNKNOWN, "balance_moved"),
        ("48000000", AnswerStatus.UNKNOWN, "balance_moved"),
    ],
)
async def test_look_up_absent_needs_an_unmoved_balance(
    balance: str, status: AnswerStatus, code: str
) -> None:
    book = Book()
    book.balance = balance
    async with client_of(book) as client:
        client.expected_cash = (100_000_010, 10)
        answer = await client.orders.look_up(ref(KEY))
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(("sent_s_ago", "code"), [(26, "balance_moved"), (36, "absent")])
async def test_look_up_of_what_nobody_shows_ends_whatever_moved_the_balance(
    sent_s_ago: int, code: str
) -> None:
    book = Book()
    book.balance = "48000000"
    async with client_of(book) as client:
        client.expected_cash = (100_000_000, 0)
        sent_wall_ms = client.clock.wall_ns() // 1_000_000 - sent_s_ago * 1_000
        answer = await client.orders.look_up(ref(KEY, sent_wall_ms=sent_wall_ms))
    assert answer.code == code


async def test_look_up_that_takes_long_asks_ever_more_rarely() -> None:
    book = Book()
    book.balance = "48000000"
    async with client_of(book) as client:
        client.expected_cash = (100_000_000, 0)
        sent_wall_ms = client.clock.wall_ns() // 1_000_000 - 10_000
        await client.orders.look_up(ref(KEY, sent_wall_ms=sent_wall_ms))
    asked = [request for request in book.requests if request.path == "/balance-allowance"]
    # After 0 and 0.25 s and then twice a second; the first look alone proves nothing.
    assert (book.look, len(asked)) == (18, 17)


async def test_look_up_unanswered_balance_keeps_the_order_unknown() -> None:
    book = Book()
    book.fails = {"/balance-allowance"}
    async with client_of(book) as client:
        client.expected_cash = (1, 0)
        answer = await client.orders.look_up(ref(KEY))
    assert answer.status is AnswerStatus.UNKNOWN


@pytest.mark.parametrize("path", [f"/data/order/{KEY}", "/data/orders", "/data/trades"])
async def test_look_up_reads_that_fail_prove_nothing(path: str) -> None:
    book = Book()
    book.fails = {path}
    async with client_of(book) as client:
        started_ns = client.clock.now_ns
        answer = await client.orders.look_up(ref(KEY))
        assert 8_000_000_000 <= client.clock.now_ns - started_ns < 9_000_000_000
    assert (answer.status, answer.code) == (AnswerStatus.UNKNOWN, "not_told")


async def test_look_up_resting_order_stays_unknown_with_its_sure_fills() -> None:
    book = Book()
    book.looks = [({"id": KEY, "status": "LIVE", "size_matched": "50"}, [trade(1)])]
    async with client_of(book) as client:
        answer = await client.orders.look_up(ref(KEY))
    assert (answer.status, answer.filled_e6) == (AnswerStatus.UNKNOWN, 50_000_000)


async def test_look_up_unknown_trade_status_stays_unknown() -> None:
    book = Book()
    book.looks = [(None, [trade(1, size="100", status="MELTED")])]
    async with client_of(book) as client:
        answer = await client.orders.look_up(ref(KEY))
    assert (answer.status, answer.filled_e6) == (AnswerStatus.UNKNOWN, 0)


async def test_read_fills_tells_each_trade_with_price_fee_and_status() -> None:
    book = Book()
    makers = [
        {"order_id": "0x1", "matched_amount": "20", "price": "0.48", "asset_id": NO, "side": "BUY"},
        {
            "order_id": "0x2",
            "matched_amount": "30",
            "price": "0.5",
            "asset_id": YES,
            "side": "SELL",
        },
    ]
    trades = [
        trade(1, maker_orders=makers, price="0.508"),
        trade(2, status="TRADE_STATUS_CONFIRMED"),
        trade(3, status="FAILED"),
    ]
    book.looks = [(None, trades)]
    async with client_of(book) as client:
        fills = await client.orders.read_fills(ref(KEY))
    assert [
        (fill.fill_id, fill.price_e4, fill.notional_micros, fill.fee_micros) for fill in fills
    ] == [
        ("t1", 5_080, 25_400_000, 624_600),
        ("t2", 5_200, 26_000_000, 624_000),
        ("t3", 5_200, 26_000_000, 624_000),
    ]
    assert [fill.status for fill in fills] == [
        FillStatus.PROVISIONAL,
        FillStatus.FINAL,
        FillStatus.VOID,
    ]
    assert all(fill.fee_modelled and fill.order_key == KEY for fill in fills)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "nonsense"),
        (200, '{"data":[{"id":"t1"}]}'),
        (502, ""),
        (200, json.dumps({"data": [trade(1, size="x")], "next_cursor": "LTE="})),
    ],
)
async def test_read_fills_that_cannot_be_read_is_unavailable(status: int, body: str) -> None:
    async with client_of(lambda _request, _body: (status, body)) as client:
        with pytest.raises(VenueUnavailable):
            await client.orders.read_fills(ref(KEY))


async def test_read_fills_of_endless_pages_ends() -> None:
    pages = 0

    def respond(_request: web.Request, _body: bytes) -> Reply:
        nonlocal pages
        pages += 1
        return 200, json.dumps({"data": [], "next_cursor": f"c{pages}"})

    async with client_of(respond, PolymarketOptions(pages_max=3)) as client:
        with pytest.raises(VenueUnavailable, match="too_many_pages"):
            await client.orders.read_fills(ref(KEY))
    assert pages == 3


async def test_private_reads_sign_the_path_without_its_query() -> None:
    book = Book()
    async with client_of(book) as client:
        await client.orders.read_fills(ref(KEY))
        timestamp_s = client.clock.wall_ns() // 1_000_000_000
    expected = RequestSigner(ADDRESS, CREDENTIALS).headers(timestamp_s, "GET", "/data/trades")
    headers = book.requests[0].headers
    assert {name: headers[name] for name in expected} == expected
    assert headers["POLY_API_KEY"] == API_KEY


async def test_account_reads_cash_and_positions() -> None:
    queries: list[tuple[str, dict[str, str]]] = []

    def respond(request: web.Request, _body: bytes) -> Reply:
        queries.append((request.path, dict(request.query)))
        balance = {YES: "12340000", NO: "0"}.get(request.query.get("token_id", ""), "4893500")
        return 200, json.dumps({"balance": balance})

    async with client_of(respond, PolymarketOptions(update_balance_first=False)) as client:
        assert (await client.account.read_cash()).cash_micros == ((0, 4_893_500),)
        empty = market(id="polymarket:0x1", yes_token=NO, no_token=NO)
        positions = await client.account.read_positions([market(), empty])
    assert positions == ((market().id, 12_340_000, 0),)
    assert queries[0] == ("/balance-allowance", {"asset_type": "COLLATERAL", "signature_type": "0"})
    assert queries[1][1] == {"asset_type": "CONDITIONAL", "token_id": YES, "signature_type": "0"}


async def test_account_refresh_that_fails_is_no_obstacle() -> None:
    def respond(request: web.Request, _body: bytes) -> Reply:
        return (500, "") if request.path.endswith("/update") else (200, '{"balance":"7"}')

    async with client_of(respond) as client:
        assert (await client.account.read_cash()).cash_micros == ((0, 7),)


@pytest.mark.parametrize("body", ['{"balance":"-1"}', '{"balance":"1.5"}', "{}", "[]"])
async def test_account_unreadable_balance_is_unavailable(body: str) -> None:
    async with client_of(lambda _request, _body: (200, body)) as client:
        with pytest.raises(VenueUnavailable):
            await client.account.read_cash()


async def test_account_refused_is_rejected() -> None:
    async with client_of(
        lambda _request, _body: (401, msgspec.json.encode({"error": "no"}))
    ) as client:
        with pytest.raises(VenueRejected):
            await client.account.read_cash()
