from typing import Any

import pytest

from tests.unit.sim.kalshi_client import Answer, Harness, running

GROUPS = "/portfolio/order_groups"


async def create_group(kalshi: Harness, **body: Any) -> Answer:
    return await kalshi.call("POST", f"{GROUPS}/create", json=body)


async def group_of(kalshi: Harness, limit: int = 10, **body: Any) -> str:
    answer = await create_group(kalshi, contracts_limit=limit, **body)
    assert answer.status == 201
    return str(answer.json["order_group_id"])


async def put(kalshi: Harness, group_id: str, act: str, **body: Any) -> Answer:
    return await kalshi.call("PUT", f"{GROUPS}/{group_id}/{act}", json=body)


async def test_group_is_created_listed_read_and_deleted() -> None:
    async with running() as kalshi:
        answer = await create_group(kalshi, contracts_limit_fp="10.50", exchange_index=2)
        group_id = answer.json["order_group_id"]
        assert answer.json == {"order_group_id": group_id, "subaccount": 0, "exchange_index": 2}
        described = {
            "is_auto_cancel_enabled": True,
            "contracts_limit_fp": "10.50",
            "exchange_index": 2,
        }
        listed = (await kalshi.get(GROUPS)).json
        assert listed == {"order_groups": [{"id": group_id, **described}]}
        assert (await kalshi.get(GROUPS, exchange_index="0")).json == {"order_groups": []}
        assert (await kalshi.get(f"{GROUPS}/{group_id}")).json == {**described, "orders": []}
        foreign = await kalshi.call("GET", f"{GROUPS}/{group_id}", account="other")
        assert (foreign.status, foreign.code) == (404, "order_group_not_found")
        assert (await kalshi.call("DELETE", f"{GROUPS}/{group_id}")).status == 200
        assert (await kalshi.get(GROUPS)).json == {"order_groups": []}
        assert (await put(kalshi, group_id, "reset")).code == "order_group_not_found"


async def test_group_that_fills_beyond_its_limit_is_canceled_until_its_reset() -> None:
    async with running() as kalshi:
        group = {"order_group_id": await group_of(kalshi, 10)}
        first = await kalshi.place("bid", "0.4100", "8.00", **group)
        second = await kalshi.place("bid", "0.4000", "8.00", **group)
        loose = await kalshi.place("bid", "0.3900", "8.00")
        await kalshi.rest("ask", 4100, 8)
        assert (await kalshi.read(second))["status"] == "resting"
        await kalshi.rest("ask", 4000, 2)
        # Ten of ten do not exceed the limit; one more does.
        assert (await kalshi.read(second))["status"] == "resting"
        await kalshi.rest("ask", 4000, 1)
        row = await kalshi.read(second)
        assert (row["status"], row["fill_count_fp"]) == ("canceled", "3.00")
        assert (await kalshi.read(first))["status"] == "executed"
        assert (await kalshi.read(loose))["status"] == "resting"
        refused = await kalshi.create("bid", "0.3000", **group)
        assert (refused.status, refused.code) == (409, "exceeded_order_group_risk_limit")
        kalshi.clock.advance(20)
        assert (await kalshi.create("bid", "0.3000", **group)).status == 409
        assert (await put(kalshi, group["order_group_id"], "reset")).status == 200
        assert (await kalshi.create("bid", "0.3000", **group)).status == 201


async def test_only_the_last_fifteen_seconds_count() -> None:
    async with running() as kalshi:
        group = {"order_group_id": await group_of(kalshi, 10)}
        mine = await kalshi.place("bid", "0.4000", "30.00", **group)
        for _ in range(3):
            await kalshi.rest("ask", 4000, 10)
            kalshi.clock.advance(15)
        assert (await kalshi.read(mine))["status"] == "executed"


async def test_taker_of_a_group_does_not_rest_what_is_left() -> None:
    async with running() as kalshi:
        group = {"order_group_id": await group_of(kalshi, 10)}
        await kalshi.rest("ask", 4000, 11)
        answer = await kalshi.create(
            "bid", "0.4000", "20.00", time_in_force="good_till_canceled", **group
        )
        assert (answer.json["fill_count"], answer.json["remaining_count"]) == ("11.00", "0.00")


async def test_trigger_and_delete_cancel_the_orders_of_the_group_alone() -> None:
    async with running() as kalshi:
        group_id = await group_of(kalshi)
        mine = await kalshi.place("bid", "0.4000", order_group_id=group_id)
        loose = await kalshi.place("bid", "0.3900")
        assert (await kalshi.read(mine))["order_group_id"] == group_id
        assert (await kalshi.get(f"{GROUPS}/{group_id}")).json["orders"] == [mine]
        assert (await put(kalshi, group_id, "trigger")).json == {}
        assert (await kalshi.read(mine))["status"] == "canceled"
        await put(kalshi, group_id, "reset")
        later = await kalshi.place("bid", "0.4000", order_group_id=group_id)
        assert (await kalshi.call("DELETE", f"{GROUPS}/{group_id}")).json == {}
        assert (await kalshi.read(later))["status"] == "canceled"
        assert (await kalshi.read(loose))["status"] == "resting"


async def test_lower_limit_counts_at_once() -> None:
    async with running() as kalshi:
        group_id = await group_of(kalshi, 10)
        mine = await kalshi.place("bid", "0.4000", "20.00", order_group_id=group_id)
        await kalshi.rest("ask", 4000, 5)
        assert (await put(kalshi, group_id, "limit", contracts_limit_fp="5.00")).status == 200
        assert (await kalshi.read(mine))["status"] == "resting"
        assert (await put(kalshi, group_id, "limit", contracts_limit=4)).status == 200
        assert (await kalshi.read(mine))["status"] == "canceled"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing_parameters"),
        ({"contracts_limit": 0}, "invalid_parameters"),
        ({"contracts_limit": 1_000_001}, "invalid_parameters"),
        ({"contracts_limit_fp": "0.5"}, "invalid_parameters"),
        ({"contracts_limit_fp": "many"}, "invalid_parameters"),
        ({"contracts_limit": "10"}, "bad_request"),
        ({"contracts_limit": 10, "subaccount": 1}, "invalid_parameters"),
        ({"contracts_limit": 10, "exchange_index": 9}, "invalid_parameters"),
    ],
)
async def test_group_that_cannot_be_is_refused(body: dict, code: str) -> None:
    async with running() as kalshi:
        answer = await create_group(kalshi, **body)
        assert (answer.status, answer.code) == (400, code)


async def test_group_is_bound_to_its_shard_and_owner() -> None:
    async with running() as kalshi:
        group_id = await group_of(kalshi, exchange_index=2)
        here = await kalshi.create("bid", "0.4000", order_group_id=group_id)
        assert (here.status, here.code) == (404, "order_group_not_found")
        unknown = await kalshi.create("bid", "0.4000", order_group_id="none")
        assert (unknown.status, unknown.code) == (404, "order_group_not_found")
        for shard, status in ((0, 404), (2, 200)):
            path = f"{GROUPS}/{group_id}/reset"
            params = {"exchange_index": str(shard)}
            assert (await kalshi.call("PUT", path, json={}, params=params)).status == status


async def test_group_events_are_told_to_the_owner() -> None:
    async with running() as kalshi, kalshi.socket() as mine, kalshi.socket("other") as theirs:
        await mine.subscribe("order_group_updates")
        await theirs.subscribe("order_group_updates")
        group_id = await group_of(kalshi)
        await put(kalshi, group_id, "trigger")
        await put(kalshi, group_id, "reset")
        await put(kalshi, group_id, "limit", contracts_limit=7)
        await kalshi.call("DELETE", f"{GROUPS}/{group_id}")
        seen = [await mine.read_until("order_group_updates") for _ in range(5)]
        assert [(f["msg"]["event_type"], f["msg"].get("contracts_limit_fp")) for f in seen] == [
            ("created", "10.00"),
            ("triggered", None),
            ("reset", None),
            ("limit_updated", "7.00"),
            ("deleted", None),
        ]
        await theirs.send("list_subscriptions")
        assert (await theirs.read())["type"] == "ok"


@pytest.mark.parametrize(("is_needed", "status"), [(True, 400), (False, 200)])
async def test_write_without_fields_and_without_a_body(*, is_needed: bool, status: int) -> None:
    async with running(needs_empty_object=is_needed, tier="advanced") as kalshi:
        group_id = await group_of(kalshi)
        for act in ("trigger", "reset"):
            answer = await kalshi.call("PUT", f"{GROUPS}/{group_id}/{act}")
            assert answer.status == status
        opened = await kalshi.call("POST", "/portfolio/subaccounts")
        assert opened.status == (400 if is_needed else 201)
        if is_needed:
            assert opened.code == "invalid_content_type"


async def test_groups_are_limited_per_member() -> None:
    async with running(order_groups_max=2) as kalshi:
        await kalshi.call("POST", f"{GROUPS}/create", json={"contracts_limit": 1}, account="other")
        first = await group_of(kalshi)
        await group_of(kalshi)
        over = await create_group(kalshi, contracts_limit=1)
        assert (over.status, over.code) == (400, "invalid_parameters")
        await kalshi.call("DELETE", f"{GROUPS}/{first}")
        await group_of(kalshi)
