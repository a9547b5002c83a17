"""Every answer and event of the simulated Polymarket against the table of names and types.

The world holds every kind of object: orders of each status, both sides of trades, mints, a
resolved, a neg-risk and a position-id market, a builder.
"""

import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.contract.polymarket_field_shapes import (
    BOOK,
    CANCELED,
    KEY,
    MARKET_EVENTS,
    ORDER,
    PLACED,
    PRIVATE,
    PUBLIC,
    USER_ORDER,
    USER_TRADE,
    faults,
)
from tests.unit.sim.test_sim_polymarket_kit import (
    CRYPTO,
    FREE,
    NEG,
    PLAIN,
    SPORTS,
    Kit,
    login_headers,
    receive,
    running,
    subscribe,
    until_pong,
)

BUILDER = "0x" + "ab" * 32
OTHER_KEY = "0x" + "42" * 32


def usd(units: float) -> int:
    return round(units * 1_000_000)


async def place(kit: Kit, pair: int, *, cents: int = 40, **terms: Any) -> dict[str, Any]:
    """Bid for ten shares."""
    amounts = {"cash": usd(cents / 10), "shares": usd(10), "neg_risk": pair == NEG}
    status, body = await kit.client.post(kit.token(pair), "BUY", **{**amounts, **terms})
    assert status == 200, body
    return dict(body)


class World:
    """A simulator in which everything there can be has happened."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        # Order ids by the status they have.
        self.orders: dict[str, str] = {}
        # Answers of POST /order by status.
        self.placed: dict[str, dict[str, Any]] = {}

    async def fill(self) -> None:
        kit = self.kit
        for pair in (FREE, NEG, PLAIN):
            kit.rest(pair, "bid", 3_000, 100)
            kit.rest(pair, "ask", 6_000, 100)
        builder = bytes.fromhex("ab" * 32)
        self.placed["matched"] = await place(kit, PLAIN, cents=60, kind="FOK", builder=builder)
        self.placed["live"] = await place(kit, NEG)
        maker = await place(kit, FREE)
        # Other people sell into it.
        kit.sim.take(kit.market(FREE), "ask", 4_000, usd(10))
        canceled, invalid, resolved = [await place(kit, PLAIN) for _ in range(3)]
        self.orders = {
            "LIVE": self.placed["live"]["orderID"],
            "MATCHED": maker["orderID"],
            "CANCELED": canceled["orderID"],
            "INVALID": invalid["orderID"],
            "CANCELED_MARKET_RESOLVED": resolved["orderID"],
        }
        await kit.client.call("DELETE", "/order", {"orderID": self.orders["CANCELED"]})
        for status in ("INVALID", "CANCELED_MARKET_RESOLVED"):
            body = {"id": self.orders[status], "status": status}
            code, answer = await kit.admin("/_sim/polymarket/order", body)
            assert code == 200, answer
        await kit.set_status(CRYPTO, "resolved:0")

    def names(self) -> dict[str, str]:
        """Return what the braces of the table stand for."""
        kit = self.kit
        spec = kit.sim.markets[kit.market(NEG)].spec
        return {
            "token": kit.token(PLAIN),
            "quiet": kit.token(SPORTS),
            "neg_token": kit.token(NEG),
            "neg_market": kit.market(NEG),
            "resolved_market": kit.market(CRYPTO),
            "slug": spec.slug,
            "market_id": spec.market_id,
            "event_slug": spec.slug if spec.event is None else spec.event.slug,
            "address": kit.client.address,
            "builder": BUILDER,
            "position": next(
                token
                for market in kit.sim.markets.values()
                for token in market.spec.token_ids
                if market.spec.version == "v2"
            ),
        }


@contextlib.asynccontextmanager
async def whole_world() -> AsyncGenerator[World, None]:
    async with running(extra_markets=True, builder_fees_bps={BUILDER: [0, 10]}) as kit:
        world = World(kit)
        await world.fill()
        yield world


async def fetch(kit: Kit, place_: str) -> Any:
    service, _, path = place_.partition(" ")
    async with kit.client.http.get(kit.urls[service] + path) as response:
        assert response.status == 200, (place_, await response.text())
        return json.loads(await response.text())


async def test_public_answers_hold_every_field() -> None:
    async with whole_world() as world:
        found = [
            fault
            for call, shape in PUBLIC.items()
            for fault in faults(
                shape, await fetch(world.kit, call.format(**world.names())), call.split("?")[0]
            )
        ]
        assert found == []


async def test_lists_by_token_hold_every_field() -> None:
    async with whole_world() as world:
        token = world.kit.token(PLAIN)
        asked = [{"token_id": token, "side": "BUY"}]
        shapes: dict[str, Any] = {
            "/books": [BOOK],
            "/prices": {token: {"BUY": "decimal"}},
            "/midpoints": {token: "decimal"},
            "/spreads": {token: "decimal"},
            "/last-trades-prices": [{"token_id": "digits", "price": "decimal", "side": "side"}],
        }
        found: list[str] = []
        for path, shape in shapes.items():
            status, body = await world.kit.post(path, asked)
            assert status == 200
            found += faults(shape, body, path)
        assert found == []


async def test_private_answers_hold_every_field() -> None:
    async with whole_world() as world:
        found: list[str] = []
        for call, shape in PRIVATE.items():
            path, _, query = call.format(**world.names()).partition("?")
            params = dict(part.split("=") for part in query.split("&") if part)
            status, body = await world.kit.client.call("GET", path, params=params)
            assert status == 200, (call, body)
            found += faults(shape, body, path)
        assert found == []


async def test_orders_of_each_status_hold_every_field() -> None:
    async with whole_world() as world:
        for status, order_id in world.orders.items():
            _, body = await world.kit.client.call("GET", f"/data/order/{order_id}")
            assert (body["status"], faults(ORDER, body, status)) == (status, [])


async def test_trades_are_told_in_both_roles() -> None:
    async with whole_world() as world:
        _, page = await world.kit.client.call("GET", "/data/trades")
        assert {row["trader_side"] for row in page["data"]} == {"TAKER", "MAKER"}


async def test_answers_to_orders_and_cancels_hold_every_field() -> None:
    async with whole_world() as world:
        client = world.kit.client
        orders = [
            client.body(world.kit.token(FREE), "BUY", cash=usd(4), shares=usd(size))
            for size in (10, 2)
        ]
        _, batch = await client.call("POST", "/orders", orders)
        answers = [*world.placed.values(), *batch]
        assert {answer["status"] for answer in answers} == {"matched", "live", ""}
        assert [fault for answer in answers for fault in faults(PLACED, answer, "order")] == []
        market = {"market": world.kit.market(FREE), "asset_id": world.kit.token(FREE)}
        cancels: list[tuple[str, object]] = [
            ("/order", {"orderID": world.orders["LIVE"]}),
            ("/orders", [world.orders["MATCHED"], "0x12"]),
            ("/cancel-market-orders", market),
            ("/cancel-all", None),
        ]
        for path, body in cancels:
            _, answer = await client.call("DELETE", path, body)
            assert faults(CANCELED, answer, path) == []
        killed = client.body(
            world.kit.token(SPORTS), "BUY", cash=usd(4), shares=usd(10), kind="FAK"
        )
        _, answer = await client.call("POST", "/order", killed)
        assert faults({"error": "text", "orderID": "hash"}, answer, "killed") == []


async def test_keys_and_heartbeats_hold_every_field() -> None:
    async with running() as kit:
        url, http = kit.urls["clob"], kit.client.http
        headers = login_headers(OTHER_KEY, kit.clock.now_ns() // 1_000_000_000)
        async with http.post(url + "/auth/api-key", headers=headers) as response:
            made = await response.json()
        async with http.get(url + "/auth/derive-api-key", headers=headers) as response:
            assert await response.json() == made
        assert faults(KEY, made, "key") == []
        _, beat = await kit.client.call("POST", "/v1/heartbeats", {"heartbeat_id": ""})
        assert faults({"heartbeat_id": "uuid"}, beat, "beat") == []
        _, wrong = await kit.client.call("POST", "/v1/heartbeats", {"heartbeat_id": "x"})
        assert faults({"error_msg": "text", "heartbeat_id": "uuid"}, wrong, "wrong") == []


async def test_events_of_the_market_channel_hold_every_field() -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        tokens = [kit.token(PLAIN), kit.token(PLAIN, 1)]
        ws = await subscribe(kit, stack, *tokens, custom_feature_enabled=True)
        # What happens before the dump is not told again.
        dump = json.loads(await ws.recv())
        kit.rest(PLAIN, "bid", 4_000, 20)
        kit.rest(PLAIN, "ask", 6_000, 20)
        kit.sim.take(kit.market(PLAIN), "bid", 6_000, usd(5))
        await kit.admin("/_sim/polymarket/tick", {"market": kit.market(PLAIN), "tick_e4": 10})
        await kit.admin("/_sim/polymarket/market", {"question": "Will it be told?"})
        await kit.set_status(PLAIN, "resolved:0")
        frames = [dump, *await until_pong(ws)]
        events = [e for frame in frames for e in (frame if isinstance(frame, list) else [frame])]
        assert {event["event_type"] for event in events} == set(MARKET_EVENTS)
        found = [
            fault
            for event in events
            for fault in faults(MARKET_EVENTS[event["event_type"]], event, event["event_type"])
        ]
        assert found == []


@pytest.mark.parametrize("role", ["TAKER", "MAKER"])
async def test_events_of_the_user_channel_hold_every_field(role: str) -> None:
    async with running() as kit, contextlib.AsyncExitStack() as stack:
        ws = await kit.client.user_channel(stack)
        if role == "TAKER":
            kit.rest(PLAIN, "ask", 4_000, 20)
        order = await place(kit, PLAIN)
        if role == "MAKER":
            kit.sim.take(kit.market(PLAIN), "ask", 4_000, usd(4))
            await kit.client.call("DELETE", "/order", {"orderID": order["orderID"]})
        kinds = ("PLACEMENT", "UPDATE", "CANCELLATION") if role == "MAKER" else ("TRADE",)
        for kind in kinds:
            event = await receive(ws, kind, "type")
            shape = USER_TRADE if kind == "TRADE" else USER_ORDER
            assert faults(shape, event, kind) == []
