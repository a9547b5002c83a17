import json

import pytest
import structlog
from aiohttp import web

from tests.unit.venues.polymarket.support import Reply, client_of, ref
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
    assert seen[0] == ("DELETE", "/order", b'{"orderID":"0xabc"}', True)
    # A refused signature has the venue's clock read, and nothing sent again.
    assert [path for _, path, _, _ in seen[1:]] == (["/time"] if http_status == 401 else [])


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


class Desk:
    """Cancels what it knows, and remembers the requests."""

    def __init__(self, answer: str = "", status: int = 200) -> None:
        self.answer, self.status = answer, status
        self.requests: list[tuple[str, object]] = []

    def __call__(self, request: web.Request, raw: bytes) -> Reply:
        if request.path == "/time":
            return 404, ""
        ids = json.loads(raw) if raw else None
        self.requests.append((request.path, ids))
        if self.answer or self.status != 200:
            return self.status, self.answer
        return 200, json.dumps({"canceled": ids, "not_canceled": {}})


async def test_cancel_batch_goes_out_by_thousands() -> None:
    desk = Desk()
    async with client_of(desk) as client:
        client.orders.buckets.cancels.tokens.resize(capacity=3_000, refill_per_s=3_000)
        client.clock.advance_ms(1_000)
        refs = [ref(f"0x{number:x}") for number in range(2_001)]
        for one in refs:
            client.orders.resting.add(one)
        answers = await client.orders.cancel_batch(refs)
        assert len(client.orders.resting) == 0
        assert client.orders.buckets.cancels.tokens.available == 999
    assert {answer.status for answer in answers} == {CancelStatus.CANCELED}
    assert len(answers) == 2_001
    assert [(path, len(ids)) for path, ids in desk.requests if isinstance(ids, list)] == [
        ("/orders", 1_000),
        ("/orders", 1_000),
        ("/orders", 1),
    ]


async def test_cancel_batch_takes_as_many_ids_as_there_are_tokens_and_refuses_the_rest() -> None:
    desk = Desk()
    async with client_of(desk) as client:
        answers = await client.orders.cancel_batch([ref(f"0x{number:x}") for number in range(125)])
    # 120 is the burst of the Standard tier.
    assert [len(ids) for _, ids in desk.requests if isinstance(ids, list)] == [120]
    assert [answer.status for answer in answers] == (
        [CancelStatus.CANCELED] * 120 + [CancelStatus.REFUSED] * 5
    )
    assert {answer.code for answer in answers[120:]} == {"no_tokens"}


async def test_cancel_batch_judges_each_id() -> None:
    answer = {
        "canceled": ["0x1"],
        "not_canceled": {"0x2": "order already matched", "0x3": "order is delayed"},
    }
    async with client_of(Desk(json.dumps(answer))) as client:
        refs = [ref(f"0x{number}") for number in range(1, 5)]
        for one in refs:
            client.orders.resting.add(one)
        answers = await client.orders.cancel_batch(refs)
        assert [one.order_key for one in client.orders.resting.refs()] == ["0x3", "0x4"]
    assert [answer.status for answer in answers] == [
        CancelStatus.CANCELED,
        CancelStatus.NOT_RESTING,
        CancelStatus.REFUSED,
        CancelStatus.UNKNOWN,
    ]


@pytest.mark.parametrize(
    ("status", "body", "expected", "code"),
    [
        (200, '{"canceled":["0x1","0x2"],"not_canceled":{}}', CancelStatus.CANCELED, ""),
        (200, '{"canceled":null}', CancelStatus.CANCELED, ""),
        (200, '{"canceled":[],"not_canceled":{"0x1":"already canceled or matched"}}', CancelStatus.CANCELED, ""),
        (200, '{"canceled":[],"not_canceled":{"0x1":"order is in its delay"}}', CancelStatus.REFUSED, "order is in its delay"),
        (200, "odd", CancelStatus.UNKNOWN, "unreadable_answer"),
        (401, '{"error":"Unauthorized/Invalid api key"}', CancelStatus.REFUSED, "unauthorized"),
        (425, "", CancelStatus.REFUSED, "engine_restarting"),
        (429, "", CancelStatus.REFUSED, "rate_limited"),
        (500, "", CancelStatus.UNKNOWN, "http_500"),
        (502, "<html>", CancelStatus.UNKNOWN, "bad_gateway"),
        (503, '{"error":"Trading is currently disabled. Check polymarket.com for updates"}', CancelStatus.REFUSED, "trading_disabled"),
        (400, '{"error":"never heard"}', CancelStatus.UNKNOWN, "http_400"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/cancel-all", "/cancel-market-orders"])
async def test_cancel_of_everything_tells_whether_the_venue_took_it(
    *, status: int, body: str, expected: CancelStatus, code: str, path: str
) -> None:
    desk = Desk(body, status)
    async with client_of(desk) as client:
        if path == "/cancel-all":
            answer = await client.orders.cancel_all()
        else:
            answer = await client.orders.cancel_market("0xc", "12")
    assert (answer.status, answer.code) == (expected, code)
    wanted = None if path == "/cancel-all" else {"market": "0xc", "asset_id": "12"}
    assert desk.requests == [(path, wanted)]


async def test_cancel_all_forgets_what_it_cancelled_and_pays_for_it() -> None:
    async with client_of(Desk('{"canceled":["0x1","0X2"]}')) as client:
        for key in ("0x1", "0x2", "0x3"):
            client.orders.resting.add(ref(key))
        await client.orders.cancel_all()
        assert [one.order_key for one in client.orders.resting.refs()] == ["0x3"]
        assert client.orders.buckets.cancels.tokens.available == 120 - 3


async def test_cancel_kept_back_for_an_unknown_reason_may_rest_and_is_told() -> None:
    desk = Desk('{"canceled":[],"not_canceled":{"0xabc":"the stars are wrong"}}')
    async with client_of(desk) as client:
        client.orders.resting.add(ref(KEY))
        with structlog.testing.capture_logs() as logs:
            answer = await client.orders.cancel(ref(KEY))
            await client.orders.cancel(ref(KEY))
        assert len(client.orders.resting) == 1
    assert (answer.status, answer.code) == (CancelStatus.REFUSED, "the stars are wrong")
    assert [(line["event"], line["operation"], line["text"]) for line in logs] == [
        ("unknown_answer", "cancel", "the stars are wrong")
    ]


async def test_cancel_market_names_only_what_is_given() -> None:
    desk = Desk('{"canceled":[]}')
    async with client_of(desk) as client:
        await client.orders.cancel_market(token="12")
        await client.orders.cancel_market("0xc")
        with pytest.raises(ValueError, match="neither"):
            await client.orders.cancel_market()
    assert [body for _, body in desk.requests] == [{"asset_id": "12"}, {"market": "0xc"}]


async def test_cancel_without_tokens_is_refused_unsent() -> None:
    desk = Desk()
    async with client_of(desk) as client:
        client.orders.buckets.cancels.tokens.drain()
        answer = await client.orders.cancel(ref(KEY))
    assert (answer.status, answer.code, desk.requests) == (
        CancelStatus.REFUSED,
        "no_tokens",
        [],
    )


async def test_cancel_unanswered_is_unknown_and_unsent_is_refused() -> None:
    def respond(request: web.Request, _raw: bytes) -> Reply:
        assert request.transport is not None
        request.transport.close()
        return 200, ""

    async with client_of(respond) as client:
        assert (await client.orders.cancel_all()).status is CancelStatus.UNKNOWN
        client.rest._base_url = "http://127.0.0.1:1"
        assert (await client.orders.cancel_all()).status is CancelStatus.REFUSED
