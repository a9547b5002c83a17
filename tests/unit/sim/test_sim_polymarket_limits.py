"""Limits per signer with their headers, and the dead-man switch."""

from typing import Any

import pytest

from tests.unit.sim.polymarket_people import NOW_S, join, usd
from tests.unit.sim.test_sim_polymarket_kit import PLAIN, Client, Kit, running

BEAT = "/v1/heartbeats"
TERMS: dict[str, Any] = {"cash": usd(5), "shares": usd(10)}


async def answered(client: Client, method: str, path: str) -> tuple[int, dict[str, str]]:
    """Return status and headers of a private call without a body."""
    headers = client.headers(method, path, "")
    url = client.kit.urls["clob"] + path
    async with client.http.request(method, url, headers=headers) as response:
        told = {k: v for k, v in response.headers.items() if k.startswith(("Poly", "Retry"))}
        return response.status, told


async def test_limits_that_are_off_say_nothing() -> None:
    async with running(signer_limits="off") as kit:
        assert await answered(kit.client, "DELETE", "/cancel-all") == (200, {})


async def test_standard_tier_is_enforced_unless_told_otherwise() -> None:
    async with running() as kit:
        ids = [f"0x{number:x}" for number in range(121)]
        assert (await kit.client.call("DELETE", "/orders", ids))[0] == 429
        assert (await kit.client.call("DELETE", "/orders", ids[1:]))[0] == 200


async def test_cancel_all_takes_all_at_once_and_owes_for_what_it_found() -> None:
    async with running(orders_per_s=15) as kit:
        bodies = [kit.client.body(kit.token(PLAIN), "BUY", **TERMS) for _ in range(45)]
        for start in range(0, 45, 15):
            assert (await kit.client.call("POST", "/orders", bodies[start : start + 15]))[0] == 200
            await kit.clock.advance(1_000)
        # 45 cancel tokens are there; one lets it in, and 45 orders are found.
        status, told = await answered(kit.client, "DELETE", "/cancel-all")
        assert (status, told["Poly-RateLimit-Remaining"]) == (200, "-1")
        assert await kit.client.call("GET", "/data/orders") == (
            200,
            {"limit": 100, "next_cursor": "LTE=", "count": 0, "data": []},
        )
        assert (await answered(kit.client, "DELETE", "/cancel-all"))[0] == 429


async def test_bucket_counts_down_refuses_and_fills_again() -> None:
    async with running(signer_limits="enforce", orders_per_s=1) as kit:
        seen = [await answered(kit.client, "DELETE", "/cancel-all") for _ in range(4)]
        assert [status for status, _ in seen] == [200, 200, 200, 429]
        assert [told["Poly-RateLimit-Remaining"] for _, told in seen] == ["2", "1", "0", "0"]
        assert seen[3][1] == {
            "Retry-After": "1",
            "Poly-RateLimit-Remaining": "0",
            "Poly-RateLimit-Reset": str(NOW_S + 1),
            "Poly-RateLimit-Tier": "Standard",
        }
        await kit.clock.advance(500)
        assert (await answered(kit.client, "DELETE", "/cancel-all"))[0] == 200


async def test_warning_mode_lets_through_what_it_would_refuse() -> None:
    async with running(signer_limits="warn", orders_per_s=1) as kit:
        seen = [await answered(kit.client, "DELETE", "/cancel-all") for _ in range(4)]
        assert [status for status, _ in seen] == [200] * 4
        assert [told.get("Poly-RateLimit-Warning") for _, told in seen] == [
            None,
            None,
            None,
            "true",
        ]


async def test_batches_are_all_or_nothing_and_buckets_are_per_signer_and_kind() -> None:
    async with running(signer_limits="enforce", orders_per_s=2) as kit:
        other = await join(kit)

        async def post(client: Client, count: int) -> int:
            bodies = [client.body(kit.token(PLAIN), "BUY", **TERMS) for _ in range(count)]
            return (await client.call("POST", "/orders", bodies))[0]

        assert [await post(kit.client, count) for count in (4, 3, 1)] == [429, 200, 429]
        assert (await kit.client.call("DELETE", "/cancel-all"))[0] == 200
        assert await post(other, 3) == 200


async def test_tier_decides_the_rate_and_is_told() -> None:
    async with running(signer_limits="enforce") as kit:
        assert await kit.client.call("GET", "/v1/user/rate-limit-tier") == (
            200,
            {"tier": "Standard", "order_rate": 40, "order_burst": 60, "cancel_rate": 80, "cancel_burst": 120},
        )  # fmt: skip
        body = {"owner": kit.client.address, "tier": "Diamond"}
        assert (await kit.admin("/_sim/polymarket/standing", body))[0] == 200
        _, told = await kit.client.call("GET", "/v1/user/rate-limit-tier")
        assert (told["tier"], told["order_rate"], told["cancel_burst"]) == ("Diamond", 525, 1_575)
        _, headers = await answered(kit.client, "DELETE", "/cancel-all")
        assert headers["Poly-RateLimit-Tier"] == "Diamond"
        assert (await kit.admin("/_sim/polymarket/standing", {**body, "tier": "Tin"}))[0] == 400


async def test_balance_updates_are_limited_per_address_too() -> None:
    async with running(ip_limits="reject") as kit:
        params = {"asset_type": "COLLATERAL"}
        path = "/balance-allowance/update"
        seen = [(await kit.client.call("GET", path, params=params))[0] for _ in range(51)]
        assert seen == [200] * 50 + [429]
        assert (await kit.client.call("GET", "/balance-allowance", params=params))[0] == 200


async def beat(kit: Kit, beat_id: str) -> tuple[int, Any]:
    return await kit.client.call("POST", BEAT, {"heartbeat_id": beat_id})


@pytest.mark.parametrize("is_chained", [True, False])
async def test_each_beat_names_the_next_id_new_or_the_same(*, is_chained: bool) -> None:
    async with running(chains_heartbeats=is_chained) as kit:
        first = (await beat(kit, ""))[1]["heartbeat_id"]
        second = (await beat(kit, first))[1]["heartbeat_id"]
        assert (second == first) is not is_chained
        assert await beat(kit, "x") == (
            400,
            {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": second},
        )  # fmt: skip
        assert (await beat(kit, second))[0] == 200


async def test_refused_beat_does_not_feed_the_switch() -> None:
    async with running() as kit:
        await beat(kit, "")
        await kit.client.post(kit.token(PLAIN), "BUY", **TERMS)
        await kit.clock.advance(9_000)
        assert (await beat(kit, "x"))[0] == 400
        await kit.clock.advance(1_000)
        assert (await kit.client.call("GET", "/data/orders"))[1]["data"] == []


async def test_silence_cancels_the_orders_of_that_key_only() -> None:
    async with running() as kit:
        other = await join(kit)
        await beat(kit, "")
        for client in (kit.client, other):
            await client.post(kit.token(PLAIN), "BUY", **TERMS)
        await kit.clock.advance(10_000)
        counts = [
            (await client.call("GET", "/data/orders"))[1]["count"] for client in (kit.client, other)
        ]
        assert counts == [0, 1]
        # The switch is off until the next beat starts it.
        await kit.client.post(kit.token(PLAIN), "BUY", **TERMS)
        await kit.clock.advance(60_000)
        assert (await kit.client.call("GET", "/data/orders"))[1]["count"] == 1


async def test_older_call_feeds_the_switch_without_an_id() -> None:
    async with running() as kit:
        await kit.client.post(kit.token(PLAIN), "BUY", **TERMS)
        for _ in range(3):
            assert await kit.client.call("POST", "/heartbeats") == (200, {"status": "ok"})
            await kit.clock.advance(9_000)
        assert (await kit.client.call("GET", "/data/orders"))[1]["count"] == 1
        # The expected id is empty after it, and a beat with that one starts the chain.
        assert (await beat(kit, "x"))[1]["heartbeat_id"] == ""
        assert (await beat(kit, ""))[1]["heartbeat_id"]
        await kit.clock.advance(10_000)
        assert (await kit.client.call("GET", "/data/orders"))[1]["count"] == 0
