import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import structlog
from aiohttp import web

from tests.unit.venues.polymarket.support import Client, Reply, client_of, ref
from twoleg.core.orders import OrderRef

FIRST, SECOND = "0x1", "0x2"


class Switch:
    """The venue's side: hands out ids, or does what `script` says for each heartbeat in turn."""

    def __init__(self, *script: Reply | str) -> None:
        self.script = list(script)
        # Ids that came, and how many seconds had passed by the client's clock.
        self.ids: list[str] = []
        self.at_s: list[int] = []
        self.came = asyncio.Event()
        self.client: Client | None = None

    async def __call__(self, request: web.Request, body: bytes) -> Reply:
        assert (request.method, request.path) == ("POST", "/v1/heartbeats")
        assert self.client is not None
        self.ids.append(json.loads(body)["heartbeat_id"])
        self.at_s.append(self.client.clock.now_ns // 1_000_000_000)
        step = self.script.pop(0) if self.script else "ok"
        self.came.set()
        if step == "cut":
            assert request.transport is not None
            request.transport.close()
            return 200, ""
        if isinstance(step, tuple):
            return step
        return 200, json.dumps({"heartbeat_id": f"id{len(self.ids)}"})

    async def until(self, count: int) -> None:
        while len(self.ids) < count:
            self.came.clear()
            await self.came.wait()


class Beating:
    """A running heartbeat, and what it has asked to be looked up."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.gaps: list[list[str]] = []
        self.gap_seen = asyncio.Event()

    async def on_gap(self, refs: tuple[OrderRef, ...]) -> None:
        self.gaps.append([one.order_key for one in refs])
        self.gap_seen.set()


@asynccontextmanager
async def beating(switch: Switch) -> AsyncGenerator[Beating]:
    async with client_of(switch) as client:
        switch.client = client
        world = Beating(client)
        task = asyncio.ensure_future(client.orders.make_heartbeat(world.on_gap).run())
        try:
            # The fake clock never idles, so that nothing else would end a test that waits in vain.
            async with asyncio.timeout(20):
                yield world
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_heartbeat_runs_while_something_rests_and_only_then() -> None:
    switch = Switch()
    async with beating(switch) as world:
        for _ in range(20):
            await asyncio.sleep(0)
        assert switch.ids == []
        world.client.orders.resting.add(ref(FIRST))
        await switch.until(4)
        world.client.orders.resting.drop(FIRST)
        sent = len(switch.ids)
        for _ in range(50):
            await asyncio.sleep(0)
        # One may have been on its way when the last order went.
        assert len(switch.ids) <= sent + 1
        assert world.gaps == []
    assert switch.ids[:4] == ["", "id1", "id2", "id3"]
    assert [
        later - sooner for sooner, later in zip(switch.at_s, switch.at_s[1:4], strict=False)
    ] == [5, 5, 5]


async def test_heartbeat_continues_with_the_id_that_the_venue_expects() -> None:
    expected = (400, '{"error_msg":"Invalid Heartbeat ID","heartbeat_id":"right"}')
    switch = Switch("ok", expected)
    async with beating(switch) as world:
        world.client.orders.resting.add(ref(FIRST))
        await switch.until(4)
    assert switch.ids[:4] == ["", "id1", "right", "id3"]
    # At once, not after a pause.
    assert switch.at_s[2] == switch.at_s[1]


@pytest.mark.parametrize("lost", ["cut", (500, ""), (200, "odd"), (401, "no"), (400, "strange")])
async def test_heartbeat_unanswered_for_ten_seconds_has_orders_looked_up_once(
    lost: Reply | str,
) -> None:
    switch = Switch("ok", *([lost] * 12))
    with structlog.testing.capture_logs() as logs:
        async with beating(switch) as world:
            world.client.orders.resting.add(ref(FIRST))
            world.client.orders.resting.add(ref(SECOND))
            await world.gap_seen.wait()
            assert len(switch.ids) <= 10
            await switch.until(15)
            # Nothing is assumed: they rest until somebody has looked.
            assert len(world.client.orders.resting) == 2
    assert world.gaps == [[FIRST, SECOND], [FIRST, SECOND]]
    told = [line["event"] for line in logs if line["event"].startswith("heartbeat_")]
    assert told.count("heartbeat_lost") == 1
    assert told.count("heartbeat_resumed") == 1
    # One second apart while it fails, five when it works.
    assert {
        later - sooner for sooner, later in zip(switch.at_s[1:12], switch.at_s[2:13], strict=True)
    } <= {0, 1}


async def test_heartbeat_never_acknowledged_never_armed_the_switch() -> None:
    switch = Switch(*([(500, "")] * 20))
    async with beating(switch) as world:
        world.client.orders.resting.add(ref(FIRST))
        await switch.until(19)
        assert world.gaps == []


async def test_heartbeat_first_answer_lost_may_have_armed_the_switch() -> None:
    switch = Switch("cut", *([(500, "")] * 20))
    async with beating(switch) as world:
        world.client.orders.resting.add(ref(FIRST))
        await world.gap_seen.wait()
    assert world.gaps == [[FIRST]]


async def test_heartbeat_resumed_after_a_rest_has_new_orders_looked_up() -> None:
    # While nothing rests none is sent, and the switch falls some time after the last one: an order
    # placed at that very moment may be gone.
    switch = Switch()
    async with beating(switch) as world:
        orders = world.client.orders
        orders.resting.add(ref(FIRST))
        await switch.until(2)
        orders.resting.drop(FIRST)
        for _ in range(50):
            await asyncio.sleep(0)
        world.client.clock.advance_ms(12_000)
        orders.resting.add(ref(SECOND))
        await world.gap_seen.wait()
    assert world.gaps == [[SECOND]]
