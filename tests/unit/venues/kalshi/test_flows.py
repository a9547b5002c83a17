"""Money that moves in a Kalshi account without a trade, and orders that rest there."""

from typing import Any

import pytest

from tests.unit.venues.kalshi.support import FakeClock, ScriptedKalshi, kalshi_http
from twoleg.core.flows import FlowKind
from twoleg.core.market import MarketId
from twoleg.errors import VenueUnavailable
from twoleg.venues.kalshi.flows import flow_of_settlement, open_order_of, read_payments
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.portfolio import RestingOrder, Settlement

DEPOSITS, WITHDRAWALS = "/portfolio/deposits", "/portfolio/withdrawals"
TRANSFERS = "/portfolio/intra_exchange_instance_transfers"
SINCE_MS = 1_790_000_000_500
ONE = 1_000_000


def settlement(**changes: Any) -> Settlement:
    told: dict[str, Any] = {
        "market_id": MarketId("kalshi:KXA"),
        "shard": 2,
        "settled_time": "2026-11-22T00:00:00Z",
        "settled_ms": 5,
        "event": "KX",
        "result": "yes",
        "yes_e6": 1_230_000,
        "no_e6": 0,
        "yes_cost_micros": 0,
        "no_cost_micros": 0,
        "revenue_micros": 1_230_000,
        "fee_micros": 0,
    }
    return Settlement(**{**told, **changes})


@pytest.mark.parametrize(
    ("changes", "micros", "margin"),
    [
        ({}, 1_230_000, 0),
        ({"result": "no", "revenue_micros": 0}, 0, 0),
        ({"yes_e6": 0, "no_e6": 3 * ONE, "result": "no", "revenue_micros": 3 * ONE}, 3 * ONE, 0),
        # Whole cents are told; the value shows what was cut off.
        ({"result": "scalar", "value_micros": 500_000, "revenue_micros": 610_000}, 615_000, 0),
        # The value itself was cut off: the revenue is nearer.
        ({"result": "scalar", "value_micros": 330_000, "revenue_micros": 430_000}, 430_000, 10_000),
        ({"result": "scalar", "revenue_micros": 610_000}, 610_000, 10_000),
    ],
)
def test_settlement_pays_its_value(changes: dict[str, Any], micros: int, margin: int) -> None:
    flow = flow_of_settlement(settlement(**changes))
    assert (flow.micros, flow.margin_micros) == (micros, margin)
    assert (flow.kind, flow.shard, flow.market_id) == (FlowKind.SETTLEMENT, 2, "kalshi:KXA")
    assert flow.reference == "2/kalshi:KXA/2026-11-22T00:00:00Z"


@pytest.mark.parametrize(("book_side", "cost_micros"), [("bid", 660_000), ("ask", 1_340_000)])
def test_resting_order_may_cost_its_own_side_s_price(book_side: str, cost_micros: int) -> None:
    order = RestingOrder(
        market_id=MarketId("kalshi:KXA"),
        venue_order_id="v1",
        order_key="k1",
        shard=None,
        book_side=book_side,
        price_e4=3_300,
        remaining_e6=2 * ONE,
        filled_e6=0,
    )
    told = open_order_of(order)
    assert (told.cost_micros, told.shard, told.order_key) == (cost_micros, 0, "k1")


TRANSFER: dict[str, Any] = {
    "transfer_id": "t1",
    "source_exchange_shard": 1,
    "destination_exchange_shard": 2,
    "amount": "2.5000",
    "status": "complete",
    "created_ts": SINCE_MS,
}


def payment(**changes: Any) -> dict[str, Any]:
    told = {
        "id": "p1",
        "status": "applied",
        "type": "ach",
        "amount_cents": 500,
        "fee_cents": 20,
        "created_ts": 1_789_000_000,
        "finalized_ts": 1_790_000_000,
    }
    return told | changes


async def payments(
    deposits: Any = (), withdrawals: Any = (), transfers: Any = (), *, subaccount: int = 0
) -> tuple[Any, ScriptedKalshi]:
    venue = ScriptedKalshi()
    venue.script(DEPOSITS, (200, {"deposits": list(deposits), "cursor": ""}))
    venue.script(WITHDRAWALS, (200, {"withdrawals": list(withdrawals), "cursor": ""}))
    # The last page of these has no cursor at all.
    venue.script(TRANSFERS, (200, {"transfers": list(transfers)}))
    options = KalshiOptions(subaccount=subaccount)
    async with kalshi_http(venue, clock=FakeClock(), options=options) as http:
        return await read_payments(http, SINCE_MS, options), venue


async def test_payments_are_signed_and_their_fees_taken_off() -> None:
    found, _ = await payments([payment()], [payment(id="p2", exchange_index=3)])
    told = [(flow.kind, flow.micros, flow.shard, flow.reference) for flow in found]
    assert told == [
        (FlowKind.DEPOSIT, 4_800_000, 0, "deposit/p1"),
        (FlowKind.WITHDRAWAL, -5_200_000, 3, "withdrawal/p2"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "pending"},
        {"status": "a word we do not know"},
        {"finalized_ts": 1_789_999_999},
        {"finalized_ts": None},
    ],
)
async def test_payment_that_is_not_final_or_is_older_does_not_count(
    changes: dict[str, Any],
) -> None:
    found, _ = await payments([payment(**changes)])
    assert found == ()


@pytest.mark.parametrize(
    ("status", "moved"),
    [
        ("complete", [(1, -2_500_000, ""), (2, 2_500_000, "")]),
        ("pending", [(1, -2_500_000, "")]),
        # Back where it came from, if it was seen to leave.
        ("failed", [(1, 2_500_000, "transfer/t1/out")]),
        ("a word we do not know", []),
    ],
)
async def test_transfer_leaves_at_once_and_arrives_when_complete(
    status: str, moved: list[tuple[int, int, str]]
) -> None:
    row = TRANSFER | {"status": status}
    found, _ = await payments(transfers=[row, row | {"created_ts": SINCE_MS - 1}])
    assert [(flow.shard, flow.micros, flow.undoes) for flow in found] == moved
    assert len({flow.reference for flow in found}) == len(moved)


async def test_subaccount_is_told_of_no_payments() -> None:
    found, venue = await payments([payment()], subaccount=4)
    assert (found, venue.requests) == ((), [])


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("refused", [DEPOSITS, WITHDRAWALS, TRANSFERS])
async def test_key_that_may_not_see_some_payments_is_told_the_others(
    refused: str, status: int
) -> None:
    venue = ScriptedKalshi()
    answers = {
        DEPOSITS: {"deposits": [payment()]},
        WITHDRAWALS: {"withdrawals": [payment()]},
        TRANSFERS: {"transfers": [TRANSFER]},
    }
    for path, answer in answers.items():
        is_refused = path == refused
        venue.script(path, (status, {"error": {"code": "no"}}) if is_refused else (200, answer))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        found = await read_payments(http, SINCE_MS, KalshiOptions())
    kinds = {DEPOSITS: "deposit", WITHDRAWALS: "withdrawal", TRANSFERS: "transfer"}
    del kinds[refused]
    assert {flow.kind.value for flow in found} == set(kinds.values())


async def test_payment_without_a_time_is_told_without_one() -> None:
    untimed = payment(created_ts=0, finalized_ts=None)
    found, _ = await payments([untimed], transfers=[TRANSFER | {"created_ts": 0}])
    assert [flow.ts_ms for flow in found] == [0, 0, 0]


async def test_amount_that_cannot_be_read_is_unavailable() -> None:
    with pytest.raises(VenueUnavailable):
        await payments(transfers=[TRANSFER | {"amount": "much"}])
