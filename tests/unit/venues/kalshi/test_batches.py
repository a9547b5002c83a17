import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.kalshi.support import (
    FakeClock,
    FakeEntropy,
    ScriptedKalshi,
    hang_up,
    kalshi_http,
    kalshi_orders,
    spec,
)
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.market import TimeInForce
from twoleg.core.orders import Purpose
from twoleg.venues.kalshi.items import read_items
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.ports import RestingOrderPort

BATCHED = "/portfolio/events/orders/batched"
S = AnswerStatus
KEYS = [FakeEntropy().uuid4()[:-1] + str(number) for number in range(1, 10)]


def done(
    number: int, filled: str = "0.00", remaining: str = "25.00", **changes: Any
) -> dict[str, Any]:
    return {
        "order_id": f"o-{number}",
        "client_order_id": KEYS[number],
        "fill_count": filled,
        "remaining_count": remaining,
        "ts_ms": 5,
        **changes,
    }


def failed(number: int, code: str, **changes: Any) -> dict[str, Any]:
    return {"client_order_id": KEYS[number], "error": {"code": code, "message": code}, **changes}


async def send(
    venue: ScriptedKalshi, count: int, *, options: KalshiOptions | None = None, **terms: Any
) -> tuple[LegAnswer, ...]:
    order = spec(**({"tif": TimeInForce.GTC} | terms))
    async with kalshi_orders(venue, clock=FakeClock(), options=options) as orders:
        return await orders.send_batch([orders.prepare(order) for _ in range(count)])


async def test_client_speaks_the_port_of_resting_orders() -> None:
    async with kalshi_http(ScriptedKalshi(), clock=FakeClock()) as http:
        port: RestingOrderPort = KalshiOrders(http=http, clock=FakeClock(), entropy=FakeEntropy())
    assert await port.send_batch([]) == ()


async def test_batch_sends_the_prepared_bytes_and_judges_each_item_like_a_create() -> None:
    venue = ScriptedKalshi()
    items = [
        done(0),
        done(1, "25.00", "0.00"),
        done(2, "10.00", "15.00", error=None),
        failed(3, "insufficient_balance"),
        failed(4, "order_already_exists"),
        failed(5, "trading_is_paused"),
    ]
    venue.script(BATCHED, (201, {"orders": items}))
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        prepared = [orders.prepare(spec(tif=TimeInForce.GTC)) for _ in range(6)]
        answers = await orders.send_batch(prepared)
    assert [(answer.status, answer.filled_e6, answer.is_unavailable) for answer in answers] == [
        (S.RESTING, 0, False),
        (S.FILLED, 25_000_000, False),
        (S.RESTING, 10_000_000, False),
        (S.REJECTED, 0, False),
        (S.UNKNOWN, 0, False),
        (S.REJECTED, 0, True),
    ]
    assert venue.bodies() == [{"orders": [json.loads(order.body) for order in prepared]}]
    assert answers[0].venue_order_id == "o-0"


@pytest.mark.parametrize(
    ("items", "codes"),
    [
        ([done(0)], ["", "missing_item"]),
        ([done(1)], ["missing_item", ""]),
        ([done(0), done(1, client_order_id="other")], ["", "missing_item"]),
        # Without a name an item is known by its place, as long as none is missing.
        ([done(0, client_order_id=None), done(1)], ["", ""]),
        ([done(0), 7], ["", "missing_item"]),
        ([done(0, order_id=7), done(1)], ["missing_item", ""]),
        ([done(0, fill_count=None), done(1)], ["unreadable_answer", ""]),
        ([{**done(0), "client_order_id": ""}, done(1)], ["", ""]),
        ([done(0, order_id=""), done(1, "1.00", "1.00")], ["no_order_id", "contradictory_counts"]),
        (
            [failed(0, "something_new"), failed(1, "exchange_unavailable")],
            ["something_new", "exchange_unavailable"],
        ),
        ([], ["missing_item", "missing_item"]),
        (None, ["missing_item", "missing_item"]),
        ([1, 2], ["missing_item", "missing_item"]),
    ],
)
async def test_item_that_is_missing_foreign_or_unreadable_is_unknown(
    items: Any, codes: list[str]
) -> None:
    venue = ScriptedKalshi()
    venue.script(BATCHED, (201, {"orders": items}))
    answers = await send(venue, 2)
    assert [answer.code for answer in answers] == codes
    assert [answer.status is S.UNKNOWN for answer in answers] == [bool(code) for code in codes]


@pytest.mark.parametrize(
    ("reply", "status", "code", "is_unavailable"),
    [
        (hang_up, S.UNKNOWN, "no_answer", False),
        ((502, b"<html>"), S.UNKNOWN, "http_502", False),
        ((503, b""), S.UNKNOWN, "http_503", True),
        ((200, {"orders": []}), S.UNKNOWN, "http_200", False),
        ((400, {"msg": "no"}), S.REJECTED, "http_400", False),
        ((403, b""), S.REJECTED, "http_403", False),
        ((429, {"error": "too many requests"}), S.REJECTED, "rate_limited", True),
    ],
)
async def test_request_that_fails_whole_is_told_of_each(
    reply: Any,
    status: S,
    code: str,
    is_unavailable: bool,  # noqa: FBT001
) -> None:
    venue = ScriptedKalshi()
    venue.script(BATCHED, reply)
    answers = await send(venue, 2)
    told = {(answer.status, answer.code, answer.is_unavailable) for answer in answers}
    assert (told, len(answers)) == ({(status, code, is_unavailable)}, 2)
    assert len(venue.requests) == 1


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["orders", "order_id", "client_order_id", "error", "code"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(["order_id", "client_order_id"]))
def test_items_of_any_answer_can_be_read(answer: Any, key: str) -> None:
    for body in (answer, {"orders": answer}, {"orders": [answer, answer]}):
        items = read_items(json.dumps(body).encode(), ["a", "b"], key=key)
        assert len(items) == 2


async def test_batch_must_fit_the_bucket_of_shard_0_whatever_its_shard() -> None:
    venue = ScriptedKalshi()
    venue.script(BATCHED, (201, {"orders": []}))
    # 100 tokens, 40 of them kept for rollbacks: six orders, and ten for a rollback.
    assert {answer.code for answer in await send(venue, 7)} == {"batch_too_large"}
    assert venue.requests == []
    assert {answer.code for answer in await send(venue, 6)} == {"missing_item"}
    answers = await send(venue, 10, purpose=Purpose.ROLLBACK)
    assert {answer.code for answer in answers} == {"missing_item"}


async def test_batch_without_tokens_now_is_not_sent() -> None:
    venue = ScriptedKalshi()
    venue.script(BATCHED, (201, {"orders": [done(0)]}))
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        await orders.send_batch([orders.prepare(spec()) for _ in range(4)])
        answers = await orders.send_batch([orders.prepare(spec()) for _ in range(4)])
    assert {(answer.status, answer.code) for answer in answers} == {(S.NOT_SENT, "no_tokens")}
    assert len(venue.requests) == 1
