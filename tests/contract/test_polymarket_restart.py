"""The venue's dead man's switch and its restarts, with their own times: nobody has to wait here."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.polymarket_steps import LIMIT_PRICE
from tests.contract.support_polymarket_client import GTC, SHARE, ref
from tests.contract.support_polymarket_rows import World, world_of
from tests.support.virtual import run_virtual
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.orders import OrderRef
from twoleg.venues.polymarket.gate import TradingState
from twoleg.venues.ports import CancelStatus

PATH = "/v1/heartbeats"


class Beating:
    """A running heartbeat. `found` is what look-ups of orders told after a silence."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.found: list[LegAnswer] = []

    async def on_gap(self, refs: tuple[OrderRef, ...]) -> None:
        for one in refs:
            self.found.append(await self.world.orders.look_up(one))

    def beats(self) -> list[tuple[int, str]]:
        """Status and text of every heartbeat's answer so far."""
        return [(w.status, w.text) for w in self.world.site.door.wires if w.path == PATH]


@asynccontextmanager
async def beating(world: World) -> AsyncIterator[Beating]:
    beating = Beating(world)
    task = asyncio.create_task(world.orders.make_heartbeat(beating.on_gap).run())
    try:
        yield beating
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def live(world: World) -> int:
    return len(world.sim.engine.open_orders(world.signer.address.lower()))


def test_heartbeats_are_sent_while_an_order_rests_and_only_then() -> None:
    async def play() -> None:
        async with world_of() as world, beating(world) as switch:
            world.place("ask", 5_200, 50)
            assert (await world.orders.send(await world.prepare())).status is AnswerStatus.FILLED
            await world.clock.sleep(60)
            assert switch.beats() == []
            prepared = await world.rest_order()
            await world.clock.sleep(61)
            # At once, and then every 5 seconds.
            assert [status for status, _ in switch.beats()] == [200] * 13
            assert live(world) == 1
            assert (await world.orders.cancel(ref(prepared))).status is CancelStatus.CANCELED
            await world.clock.sleep(60)
            assert len(switch.beats()) == 13
            # The switch has fallen meanwhile, with nothing on the book; it is armed anew.
            again = await world.rest_order()
            await world.clock.sleep(61)
            assert len(switch.beats()) == 26
            # It could have fallen onto the new order: that one was looked up, and rests.
            assert [found.status for found in switch.found] == [AnswerStatus.RESTING]
            assert live(world) == 1
            assert (await world.verify(again)).status is AnswerStatus.RESTING

    run_virtual(play())


@pytest.mark.parametrize("chains", [True, False])
def test_wrong_heartbeat_id_is_answered_with_the_right_one_which_is_used(*, chains: bool) -> None:
    async def play() -> None:
        async with world_of({"chains_heartbeats": chains}) as world, beating(world) as switch:
            await world.rest_order()
            await world.clock.sleep(1)
            key = world.sim.accounts.default_key
            # Another process of ours, by the older call, which knows no ids.
            world.sim.heartbeats.beat_without_id(key)
            await world.clock.sleep(120)
            beats = switch.beats()
            assert [status for status, _ in beats[:3]] == [200, 400, 200]
            assert beats[1][1].startswith('{"error_msg":"Invalid Heartbeat ID","heartbeat_id":"')
            assert {status for status, _ in beats[3:]} == {200}
            assert (live(world), switch.found) == (1, [])

    run_virtual(play())


def test_silence_of_ten_seconds_cancels_everything_and_look_ups_find_out() -> None:
    async def play() -> None:
        async with world_of() as world, beating(world) as switch:
            prepared = [await world.rest_order() for _ in range(3)]
            await world.clock.sleep(20)
            await world.answer("other", on=f"POST {PATH}", status=500, error="busy", count=0)
            await world.clock.sleep(9)
            assert (live(world), switch.found) == (3, [])
            await world.clock.sleep(30)
            assert live(world) == 0
            assert [found.status for found in switch.found] == [AnswerStatus.MISSED] * 3
            assert {found.code for found in switch.found} == {"canceled"}
            assert len(world.orders.resting) == 0
            for order in prepared:
                await world.verify(order)

    run_virtual(play())


def test_network_that_holds_heartbeats_back_is_no_proof_of_a_cancel() -> None:
    async def play() -> None:
        async with world_of() as world, beating(world) as switch:
            prepared = await world.rest_order()
            await world.clock.sleep(20)
            port = urlsplit(world.site.urls.clob).port
            world.site.network.hold(port, 16)
            await world.clock.sleep(15)
            # The venue has cancelled; nobody can have told us, and we do not assume it.
            assert (live(world), len(world.orders.resting), switch.found) == (0, 1, [])
            await world.clock.sleep(25)
            assert [found.code for found in switch.found] == ["not_told", "canceled"]
            assert len(world.orders.resting) == 0
            await world.verify(prepared)
            again = await world.rest_order()
            await world.clock.sleep(60)
            assert (await world.verify(again)).status is AnswerStatus.RESTING

    run_virtual(play())


def test_orders_that_outlive_a_silence_are_not_taken_for_cancelled() -> None:
    async def play() -> None:
        # Here the venue waits longer than it says.
        async with world_of({"heartbeat_ms": 60_000}) as world, beating(world) as switch:
            await world.rest_order()
            await world.clock.sleep(6)
            await world.answer("disabled", on=f"POST {PATH}", count=0)
            await world.clock.sleep(20)
            assert [found.status for found in switch.found] == [AnswerStatus.RESTING]
            assert (live(world), len(world.orders.resting)) == (1, 1)

    run_virtual(play())


@pytest.mark.parametrize(
    ("name", "status"),
    [("restarting", 425), ("disabled", 503), ("too_many_requests", 429), ("geoblocked", 403)],
)
def test_heartbeat_refused_once_is_sent_again_before_the_switch_falls(
    name: str, status: int
) -> None:
    async def play() -> None:
        async with world_of() as world, beating(world) as switch:
            await world.rest_order()
            await world.clock.sleep(1)
            await world.answer(name, on=f"POST {PATH}", count=2)
            await world.clock.sleep(60)
            statuses = [told for told, _ in switch.beats()]
            assert statuses[:4] == [200, status, status, 200]
            assert (live(world), switch.found) == (1, [])

    run_virtual(play())


async def send(world: World, **changes: Any) -> tuple[str, int]:
    """What an order was answered, and how many requests it took."""
    prepared = await world.prepare(**changes)
    before = len(world.site.door.wires)
    answer = await world.orders.send(prepared)
    return answer.code or answer.status.value, len(world.site.door.wires) - before


def test_restart_backs_off_then_takes_post_only_orders_and_cancels_for_two_minutes() -> None:
    async def play() -> None:
        async with world_of() as world:
            world.place("ask", 5_200, 500)
            resting = await world.rest_order()
            await world.admin("mode", mode="restarting", duration_ms=40_000)
            began_s = world.clock.monotonic_ns() // 1_000_000_000
            asked: list[int] = []
            while True:
                code, requests = await send(world)
                if requests:
                    asked.append(world.clock.monotonic_ns() // 1_000_000_000 - began_s)
                    if code != "engine_restarting":
                        break
                else:
                    assert code == "venue_restarting"
                await world.clock.sleep(0.5)
            # Twice as long each time: 1, 2, 4, 8, 16 s.
            assert [b - a for a, b in itertools.pairwise(asked)] == [1, 2, 4, 8, 16, 30]
            assert (code, world.state) == ("post_only_mode", TradingState.POST_ONLY)
            until_s = (world.orders.gate.until_ns - world.clock.monotonic_ns()) / 1e9
            assert abs(160 + began_s - world.clock.monotonic_ns() / 1e9 - until_s) < 1.5
            assert await send(world) == ("venue_post_only", 0)
            assert await send(world, **GTC) == ("venue_post_only", 0)
            assert await send(world, **LIMIT_PRICE, post_only=True) == ("resting", 1)
            assert (await world.orders.cancel(ref(resting))).status is CancelStatus.CANCELED
            assert await send(world) == ("venue_post_only", 0)
            await world.clock.sleep(until_s + 0.1)
            assert await send(world) == ("filled", 1)
            assert world.state is TradingState.OPEN

    run_virtual(play())


def test_cancel_during_a_restart_is_tried_and_its_order_still_counts_as_resting() -> None:
    async def play() -> None:
        async with world_of() as world:
            prepared = await world.rest_order()
            await world.admin("mode", mode="restarting", duration_ms=5_000)
            assert (await send(world, **LIMIT_PRICE))[0] == "engine_restarting"
            told = await world.orders.cancel(ref(prepared))
            assert (told.status, told.code) == (CancelStatus.REFUSED, "engine_restarting")
            assert len(world.orders.resting) == 1
            await world.clock.sleep(6)
            assert (await world.orders.cancel(ref(prepared))).status is CancelStatus.CANCELED
            assert live(world) == 0

    run_virtual(play())


@pytest.mark.parametrize(
    ("mode", "state"),
    [("cancel_only", TradingState.CANCEL_ONLY), ("disabled", TradingState.DISABLED)],
)
def test_pause_without_an_end_is_asked_about_again_and_left_when_it_is_over(
    mode: str, state: TradingState
) -> None:
    async def play() -> None:
        async with world_of() as world:
            world.place("ask", 5_200, 50)
            await world.admin("mode", mode=mode)
            for pause_s in (1, 2, 4):
                assert (await send(world))[1] == 1
                assert world.state is state
                assert await send(world, size_e6=20 * SHARE) == (f"venue_{mode}", 0)
                await world.clock.sleep(pause_s + 0.01)
            await world.admin("mode", mode="normal")
            assert await send(world) == ("filled", 1)

    run_virtual(play())
