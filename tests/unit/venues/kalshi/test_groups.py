from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.unit.venues.kalshi.support import FakeClock, ScriptedKalshi, hang_up, kalshi_http
from twoleg.errors import InvariantBroken, OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.groups import KalshiGroups, OrderGroup
from twoleg.venues.kalshi.options import KalshiOptions

GROUPS = "/portfolio/order_groups"
ONE = f"{GROUPS}/g-1"
WHERE = {"subaccount": "3", "exchange_index": "2"}


@asynccontextmanager
async def groups_of(venue: ScriptedKalshi) -> AsyncGenerator[KalshiGroups]:
    options = KalshiOptions(subaccount=3)
    async with kalshi_http(venue, clock=FakeClock(), options=options) as http:
        yield KalshiGroups(http=http, options=options)


async def test_group_is_made_on_one_shard() -> None:
    venue = ScriptedKalshi()
    made = {"order_group_id": "g-1", "subaccount": 3, "exchange_index": 2}
    venue.script(f"{GROUPS}/create", (201, made))
    async with groups_of(venue) as groups:
        group = await groups.create(shard=2, limit_e6=50_500_000)
    assert group == OrderGroup(order_group_id="g-1", shard=2, limit_e6=50_500_000)
    body = {"contracts_limit_fp": "50.50", "subaccount": 3, "exchange_index": 2}
    assert venue.requests == [("POST", f"{GROUPS}/create", {}, body)]


@pytest.mark.parametrize("limit_e6", [0, 990_000, 1_005_000, 1_000_000_010_000])
async def test_limit_out_of_range_is_our_bug(limit_e6: int) -> None:
    async with groups_of(ScriptedKalshi()) as groups:
        with pytest.raises(InvariantBroken):
            await groups.create(shard=2, limit_e6=limit_e6)
        with pytest.raises(InvariantBroken):
            await groups.set_limit("g-1", shard=2, limit_e6=limit_e6)


async def test_groups_are_listed_and_read() -> None:
    venue = ScriptedKalshi()
    row = {"id": "g-1", "contracts_limit_fp": "5.00", "is_auto_cancel_enabled": True}
    venue.script(GROUPS, (200, {"order_groups": [row | {"exchange_index": 3}, {"id": "g-2"}]}))
    venue.script(ONE, (200, {"is_auto_cancel_enabled": False, "orders": ["o-1", "o-2"]}))
    async with groups_of(venue) as groups:
        listed = await groups.read_all()
        alone = await groups.read("g-1", shard=2)
    assert listed == (
        OrderGroup(order_group_id="g-1", shard=3, limit_e6=5_000_000, is_auto_cancel_enabled=True),
        OrderGroup(order_group_id="g-2"),
    )
    assert alone == OrderGroup(
        order_group_id="g-1", shard=2, is_auto_cancel_enabled=False, order_ids=("o-1", "o-2")
    )
    assert [query for _, _, query, _ in venue.requests] == [{"subaccount": "3"}, WHERE]


async def test_group_that_cannot_be_read_is_unavailable() -> None:
    venue = ScriptedKalshi()
    venue.script(ONE, (200, {"contracts_limit_fp": "many"}))
    async with groups_of(venue) as groups:
        with pytest.raises(VenueUnavailable):
            await groups.read("g-1", shard=2)


async def test_group_is_reset_triggered_limited_and_deleted_where_it_lives() -> None:
    venue = ScriptedKalshi()
    for path in (f"{ONE}/reset", f"{ONE}/trigger", f"{ONE}/limit"):
        venue.script(path, (200, {}))
    venue.script(ONE, (204, b""))
    async with groups_of(venue) as groups:
        await groups.reset("g-1", shard=2)
        await groups.trigger("g-1", shard=2)
        await groups.set_limit("g-1", shard=2, limit_e6=7_000_000)
        await groups.delete("g-1", shard=2)
    assert venue.requests == [
        ("PUT", f"{ONE}/reset", WHERE, {}),
        ("PUT", f"{ONE}/trigger", WHERE, {}),
        ("PUT", f"{ONE}/limit", WHERE, {"contracts_limit_fp": "7.00"}),
        ("DELETE", ONE, WHERE, None),
    ]


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        ((404, {"error": {"code": "not_found"}}), VenueRejected, "not_found"),
        (
            (400, {"error": {"code": "order_group_not_found"}}),
            VenueRejected,
            "order_group_not_found",
        ),
        ((403, b""), VenueRejected, "http_403"),
        ((429, {"error": "too many requests"}), VenueUnavailable, "rate_limited"),
        ((409, {"error": {"code": "exchange_is_paused"}}), VenueUnavailable, "exchange_is_paused"),
        ((409, {"error": {"code": "something_new"}}), OutcomeUnknown, "something_new"),
        ((500, b""), OutcomeUnknown, "http_500"),
        ((200, b"<html>"), OutcomeUnknown, "unreadable_answer"),
        (hang_up, OutcomeUnknown, "no_answer"),
    ],
)
async def test_command_that_fails_says_whether_it_may_have_happened(
    reply: Any, error: type[VenueRejected | VenueUnavailable | OutcomeUnknown], code: str
) -> None:
    venue = ScriptedKalshi()
    venue.script(f"{GROUPS}/create", reply)
    async with groups_of(venue) as groups:
        with pytest.raises(error) as caught:
            await groups.create(shard=2, limit_e6=5_000_000)
    assert caught.value.code == code
    assert len(venue.requests) == 1


async def test_trigger_may_use_the_tokens_of_rollbacks() -> None:
    venue = ScriptedKalshi()
    venue.script(f"{ONE}/reset", (200, {}))
    venue.script(f"{ONE}/trigger", (200, {}))
    clock = FakeClock()
    options = KalshiOptions(read_wait_ms_max=0)
    async with kalshi_http(venue, clock=clock, options=options) as http:
        groups = KalshiGroups(http=http, options=options)
        for _ in range(6):
            await groups.reset("g-1", shard=2)
        with pytest.raises(VenueUnavailable, match="rate_budget_empty"):
            await groups.reset("g-1", shard=2)
        await groups.trigger("g-1", shard=2)
