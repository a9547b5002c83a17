from typing import Any

import pytest

from tests.unit.venues.kalshi.support import (
    TICKER,
    FakeClock,
    ScriptedKalshi,
    hang_up,
    kalshi_orders,
    ref,
)
from twoleg.core.market import Outcome, TimeInForce
from twoleg.core.orders import OrderRef
from twoleg.venues.kalshi.amend import ChangeAnswer, ChangeStatus
from twoleg.venues.kalshi.options import KalshiOptions

AMEND = "/portfolio/events/orders/o-1/amend"
DECREASE = "/portfolio/events/orders/o-1/decrease"
C = ChangeStatus


def resting(
    *, venue_order_id: str = "o-1", tif: TimeInForce = TimeInForce.GTC, **changes: Any
) -> OrderRef:
    return ref(venue_order_id=venue_order_id, tif=tif, **changes)


def changed(**changes: Any) -> tuple[int, Any]:
    return 200, {"order_id": "o-1", "remaining_count": "20.00", "ts_ms": 7} | changes


async def amend(venue: ScriptedKalshi, order: OrderRef | None = None, **terms: Any) -> ChangeAnswer:
    options = KalshiOptions(subaccount=3)
    wanted: dict[str, Any] = {"limit_e4": 5_600, "size_e6": 20_000_000} | terms
    async with kalshi_orders(venue, clock=FakeClock(), options=options) as orders:
        return await orders.amend(order or resting(), **wanted)


async def decrease(venue: ScriptedKalshi, **terms: Any) -> ChangeAnswer:
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        return await orders.decrease(resting(), **terms)


AMENDED = {
    "ticker": TICKER,
    "side": "bid",
    "price": "0.5600",
    "count": "20.00",
    "client_order_id": "key-1",
    "exchange_index": 2,
}


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, {}),
        ({"expires_s": 0}, {"expiration_time": 0}),
        ({"expires_s": 1_790_000_600}, {"expiration_time": 1_790_000_600}),
        ({"new_order_key": "key-2"}, {"updated_client_order_id": "key-2"}),
    ],
)
async def test_amend_names_the_order_and_all_its_terms(
    terms: dict[str, Any], expected: dict[str, Any]
) -> None:
    venue = ScriptedKalshi()
    venue.script(AMEND, changed())
    answer = await amend(venue, **terms)
    assert answer == ChangeAnswer(status=C.CHANGED, remaining_e6=20_000_000, ts_event_ms=7)
    assert venue.requests == [("POST", AMEND, {"subaccount": "3"}, AMENDED | expected)]


async def test_amend_of_a_no_order_is_sent_in_yes() -> None:
    venue = ScriptedKalshi()
    venue.script(AMEND, changed())
    await amend(venue, resting(outcome=Outcome.NO, limit_e4=4_300), limit_e4=4_400)
    assert (venue.bodies()[0]["side"], venue.bodies()[0]["price"]) == ("ask", "0.5600")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"fill_count": "5.00", "remaining_count": "15.00"},
            (C.CHANGED, 15_000_000, 5_000_000, ""),
        ),
        ({"fill_count": None, "remaining_count": None}, (C.CHANGED, -1, -1, "")),
        ({"client_order_id": "key-1"}, (C.CHANGED, 20_000_000, -1, "")),
        ({"client_order_id": "key-2"}, (C.CHANGED, 20_000_000, -1, "")),
        ({"client_order_id": None}, (C.CHANGED, 20_000_000, -1, "")),
        ({"client_order_id": "key-3"}, (C.UNKNOWN, -1, -1, "foreign_order")),
        ({"order_id": "o-2"}, (C.UNKNOWN, -1, -1, "foreign_order")),
        ({"remaining_count": "x"}, (C.UNKNOWN, -1, -1, "unreadable_answer")),
        ({"order_id": 5}, (C.UNKNOWN, -1, -1, "unreadable_answer")),
    ],
)
async def test_amend_answer_is_trusted_only_about_this_order(
    change: dict[str, Any], expected: tuple[C, int, int, str]
) -> None:
    venue = ScriptedKalshi()
    venue.script(AMEND, changed(**change))
    answer = await amend(venue, new_order_key="key-2")
    assert (answer.status, answer.remaining_e6, answer.filled_e6, answer.code) == expected


REFUSALS = [
    ((404, {"error": {"code": "not_found"}}), C.NOT_RESTING, "not_found", False),
    ((400, {"error": {"code": "cannot_update_filled_order"}}), C.NOT_RESTING, "cannot_update_filled_order", False),
    ((400, {"error": {"code": "invalid_amend_qty_for_order"}}), C.REFUSED, "invalid_amend_qty_for_order", False),
    ((400, {"error": {"code": "order_side_mismatch"}}), C.REFUSED, "order_side_mismatch", False),
    ((409, {"error": {"code": "trading_is_paused"}}), C.REFUSED, "trading_is_paused", True),
    ((429, {"error": "too many requests"}), C.REFUSED, "rate_limited", True),
    ((409, {"error": {"code": "something_new"}}), C.UNKNOWN, "something_new", False),
    ((500, b""), C.UNKNOWN, "http_500", False),
    ((201, {"order_id": "o-1"}), C.UNKNOWN, "http_201", False),
    (hang_up, C.UNKNOWN, "no_answer", False),
]  # fmt: skip


@pytest.mark.parametrize("path", [AMEND, DECREASE])
@pytest.mark.parametrize(("reply", "status", "code", "is_unavailable"), REFUSALS)
async def test_change_that_is_refused_or_not_answered(
    path: str,
    reply: Any,
    status: C,
    code: str,
    is_unavailable: bool,  # noqa: FBT001
) -> None:
    venue = ScriptedKalshi()
    venue.script(path, reply)
    answer = await (amend(venue) if path == AMEND else decrease(venue, reduce_to_e6=0))
    told = (answer.status, answer.code, answer.is_unavailable)
    assert told == (status, code, is_unavailable)
    assert len(venue.requests) == 1


@pytest.mark.parametrize(
    ("order", "terms", "code"),
    [
        (resting(venue_order_id=""), {}, "no_order_id"),
        (resting(tif=TimeInForce.IOC), {}, "does_not_rest"),
        (resting(), {"limit_e4": 5_601}, "bad_terms"),
        (resting(), {"size_e6": 0}, "bad_terms"),
        (resting(), {"size_e6": 15_000}, "bad_terms"),
    ],
)
async def test_amend_that_cannot_be_right_is_not_sent(
    order: OrderRef, terms: dict[str, Any], code: str
) -> None:
    venue = ScriptedKalshi()
    answer = await amend(venue, order, **terms)
    assert (answer.status, answer.code, venue.requests) == (C.DENIED, code, [])


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"reduce_by_e6": 5_000_000}, {"reduce_by": "5.00"}),
        ({"reduce_to_e6": 20_000_000}, {"reduce_to": "20.00"}),
        ({"reduce_to_e6": 0}, {"reduce_to": "0.00"}),
    ],
)
async def test_decrease_says_how_much_in_one_way(
    terms: dict[str, int], expected: dict[str, str]
) -> None:
    venue = ScriptedKalshi()
    venue.script(DECREASE, changed())
    answer = await decrease(venue, **terms)
    assert (answer.status, answer.remaining_e6) == (C.CHANGED, 20_000_000)
    body = {"market_ticker": TICKER, "exchange_index": 2} | expected
    assert venue.requests == [("POST", DECREASE, {"subaccount": "0"}, body)]


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"reduce_by_e6": 10_000, "reduce_to_e6": 10_000},
        {"reduce_by_e6": 0},
        {"reduce_by_e6": 15_000},
        {"reduce_to_e6": -10_000},
    ],
)
async def test_decrease_that_cannot_be_right_is_not_sent(terms: dict[str, int]) -> None:
    venue = ScriptedKalshi()
    answer = await decrease(venue, **terms)
    assert (answer.status, answer.code, venue.requests) == (C.DENIED, "bad_terms", [])


async def test_change_without_tokens_is_not_sent() -> None:
    venue = ScriptedKalshi()
    venue.script(DECREASE, changed())
    async with kalshi_orders(venue, clock=FakeClock()) as orders:
        answers = [await orders.decrease(resting(), reduce_to_e6=0) for _ in range(7)]
    assert [answer.status for answer in answers] == [C.CHANGED] * 6 + [C.NOT_SENT]
    assert (answers[-1].code, answers[-1].is_unavailable) == ("rate_budget_empty", False)
