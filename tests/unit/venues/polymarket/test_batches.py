import json
from typing import Any

import pytest
from aiohttp import web

from tests.unit.venues.polymarket.support import Client, Reply, client_of, resting, spec
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.orders import Purpose
from twoleg.venues.polymarket.batches import read_batch
from twoleg.venues.ports import PreparedOrder

FILLED, RESTING = AnswerStatus.FILLED, AnswerStatus.RESTING
REJECTED, UNKNOWN = AnswerStatus.REJECTED, AnswerStatus.UNKNOWN
NOT_SENT = AnswerStatus.NOT_SENT


def order(key: str) -> PreparedOrder:
    return PreparedOrder(spec=resting(), order_key=key, body=b"{}", prepared_wall_ms=1)


def live(key: str, **changes: Any) -> dict[str, Any]:
    return {"success": True, "errorMsg": "", "orderID": key, "status": "live"} | changes


def refused(text: str = "not enough balance / allowance", key: str = "") -> dict[str, Any]:
    return {"success": False, "errorMsg": text, "orderID": key, "status": ""}


def statuses(keys: list[str], answer: Any, http_status: int = 200) -> list[AnswerStatus]:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    answers = read_batch([order(key) for key in keys], http_status, body)
    return [told.status for told in answers]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([live("a"), live("b")], [RESTING, RESTING]),
        ([live("A"), refused()], [RESTING, REJECTED]),
        ([refused(), refused("order x is invalid. Duplicated.")], [REJECTED, UNKNOWN]),
        ([refused(key="a"), live("b")], [REJECTED, RESTING]),
        # Out of order: the ids tell, and what has none is nobody's.
        ([live("b"), live("a")], [RESTING, RESTING]),
        ([live("b"), refused()], [UNKNOWN, RESTING]),
        # Too short, too long, foreign: believed by id alone.
        ([live("b")], [UNKNOWN, RESTING]),
        ([refused()], [UNKNOWN, UNKNOWN]),
        ([live("a"), refused(), live("c")], [RESTING, UNKNOWN]),
        ([live("a"), live("x")], [RESTING, UNKNOWN]),
        ([], [UNKNOWN, UNKNOWN]),
        ({"error": "odd"}, [UNKNOWN, UNKNOWN]),
        ([live("a"), "odd"], [RESTING, UNKNOWN]),
        ([live("a", makingAmount="many"), live("b")], [UNKNOWN, RESTING]),
        # Refused without a word.
        ([live("a", success=False), live("b")], [UNKNOWN, RESTING]),
        (b"<html>", [UNKNOWN, UNKNOWN]),
    ],
)
def test_batch_is_believed_only_where_no_doubt_is_left(
    answer: Any, expected: list[AnswerStatus]
) -> None:
    assert statuses(["a", "b"], answer) == expected


@pytest.mark.parametrize(
    ("http_status", "text", "expected"),
    [
        (400, "Too many orders in payload: 16, max allowed: 15", REJECTED),
        (400, "Invalid order payload", REJECTED),
        (401, "Unauthorized/Invalid api key", REJECTED),
        (429, "Too Many Requests", REJECTED),
        # May have come over the venue in the middle of the batch.
        (425, "", UNKNOWN),
        (503, "Trading is currently cancel-only", UNKNOWN),
        # About one of its orders: those before it may have been taken.
        (400, "not enough balance / allowance", UNKNOWN),
        (400, "order couldn't be fully filled", UNKNOWN),
        (500, "could not insert order", UNKNOWN),
        (502, "", UNKNOWN),
    ],
)
def test_batch_refused_as_a_whole_says_no_only_for_reasons_of_the_whole(
    http_status: int, text: str, expected: AnswerStatus
) -> None:
    assert statuses(["a", "b"], {"error": text}, http_status) == [expected, expected]


def test_batch_of_one_is_judged_as_a_single_order() -> None:
    assert statuses(["a"], {"error": "not enough balance / allowance"}, 400) == [REJECTED]
    assert statuses(["a"], {"error": ""}, 425) == [REJECTED]


class Venue:
    """Takes what it gets and remembers the requests."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, list[Any]]] = []

    def __call__(self, request: web.Request, body: bytes) -> Reply:
        orders = json.loads(body)
        self.requests.append((request.path, orders))
        keys = self.keys[: len(orders)]
        self.keys = self.keys[len(orders) :]
        return 200, json.dumps([live(key) for key in keys])

    keys: list[str]


async def send(client: Client, venue: Venue, count: int) -> tuple[LegAnswer, ...]:
    prepared = [client.orders.prepare(resting()) for _ in range(count)]
    venue.keys = [one.order_key for one in prepared]
    return await client.orders.send_batch(prepared)


async def test_send_batch_splits_into_fifteens_and_answers_in_order() -> None:
    venue = Venue()
    async with client_of(venue, bucket=60) as client:
        answers = await send(client, venue, 32)
        assert client.bucket.available == 28
        assert len(client.orders.resting) == 32
    assert [len(orders) for _, orders in venue.requests] == [15, 15, 2]
    assert {path for path, _ in venue.requests} == {"/orders"}
    assert [answer.status for answer in answers] == [RESTING] * 32
    assert len({answer.venue_order_id for answer in answers}) == 32


async def test_send_batch_beyond_the_tokens_is_not_sent_at_all() -> None:
    venue = Venue()
    async with client_of(venue, bucket=17) as client:
        assert client.bucket.try_take(5)
        answers = await send(client, venue, 11)
        assert [(answer.status, answer.code) for answer in answers] == [
            (NOT_SENT, "no_tokens")
        ] * 11
        assert (venue.requests, len(client.orders.resting)) == ([], 0)
        # The reserve is for rollbacks, which may go to the last token.
        rollbacks = [client.orders.prepare(resting(purpose=Purpose.ROLLBACK)) for _ in range(12)]
        venue.keys = [one.order_key for one in rollbacks]
        assert {one.status for one in await client.orders.send_batch(rollbacks)} == {RESTING}


async def test_send_batch_is_cut_to_what_the_limit_ever_admits() -> None:
    venue = Venue()
    async with client_of(venue, bucket=12) as client:
        answers = await send(client, venue, 11)
    assert [len(orders) for _, orders in venue.requests] == [10]
    assert [answer.status for answer in answers] == [RESTING] * 10 + [NOT_SENT]


async def test_send_batch_holds_back_single_orders_and_sends_the_rest() -> None:
    venue = Venue()
    async with client_of(venue, bucket=60) as client:
        client.orders.gate.note(
            LegAnswer(status=REJECTED, code="post_only_mode"), spec(), 60, client.clock.now_ns
        )
        taker = client.orders.prepare(spec())
        maker = client.orders.prepare(resting(post_only=True))
        venue.keys = [maker.order_key]
        answers = await client.orders.send_batch([taker, maker])
    assert [(answer.status, answer.code) for answer in answers] == [
        (NOT_SENT, "venue_post_only"),
        (RESTING, ""),
    ]
    assert len(venue.requests) == 1


async def test_send_batch_unanswered_leaves_each_unknown_and_resting() -> None:
    async def respond(request: web.Request, _body: bytes) -> Reply:
        assert request.transport is not None
        request.transport.close()
        return 200, ""

    async with client_of(respond, bucket=60) as client:
        prepared = [client.orders.prepare(resting()) for _ in range(3)]
        answers = await client.orders.send_batch(prepared)
        assert {answer.status for answer in answers} == {UNKNOWN}
        assert len(client.orders.resting) == 3
