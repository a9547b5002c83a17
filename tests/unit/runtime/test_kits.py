"""Both venues as they are assembled: what the settings choose, over real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.runtime import ref_of, spec_of
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.market import Venue
from twoleg.runtime.kit import Hints, Kit, Seams, Sinks
from twoleg.runtime.kits import open_kalshi, open_polymarket
from twoleg.runtime.polymarket_kit import VERSION_NS, _is_over, _Polymarket
from twoleg.runtime.standing import DAY_S
from twoleg.runtime.system import SocketNetwork, SystemClock, SystemEntropy
from twoleg.settings import Secret, Settings, load_settings
from twoleg.sim.base import VenueSim
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.sim.run import make_venue
from twoleg.venues.polymarket.order_updates import OrderState, OrderUpdate, UpdateKind

SEAMS = Seams(SystemClock(), SystemEntropy(), SocketNetwork())
K, P = Venue.KALSHI, Venue.POLYMARKET


class World:
    """One venue, simulated, and settings that point at it."""

    def __init__(self, sim: VenueSim, urls: Mapping[str, str], folder: Path) -> None:
        self.sim = sim
        self.urls = urls
        self._folder = folder

    def settings(self, **more: object) -> Settings:
        told = self.sim.credentials()
        given: dict[str, object] = {
            "daemon.mode": "sim",
            "daemon.environment": "simulated",
            "daemon.state_dir": str(self._folder),
        }
        if isinstance(self.sim, KalshiSim):
            given |= {
                "kalshi.rest_url": self.urls["rest"],
                "kalshi.ws_url": self.urls["ws"],
                "kalshi.key_id": told["api_key_id"],
                "kalshi.private_key_path": told["private_key_path"],
            }
        else:
            given |= {
                "polymarket.clob_url": self.urls["clob"],
                "polymarket.gamma_url": self.urls["gamma"],
                "polymarket.ws_market_url": self.urls["ws_market"],
                "polymarket.ws_user_url": self.urls["ws_user"],
                "polymarket.geoblock_url": self.urls["site"] + "/api/geoblock",
                "polymarket.private_key": Secret(str(told["wallet_key"])),
                "polymarket.funder": told["deposit_wallet"],
            }
        return load_settings(None, {}, overrides={**given, **more})


MakeWorld = Callable[..., Any]


@pytest.fixture
async def world_of(tmp_path: Path) -> AsyncIterator[MakeWorld]:
    running: list[VenueSim] = []

    async def make(venue: Venue, **options: Any) -> World:
        quiet = {"flow": False, **({"key_kind": "ed25519"} if venue is K else {}), **options}
        sim = make_venue(
            "kalshi" if venue is K else "polymarket",
            pairs=2,
            epoch_ms=int(time.time() * 1_000),
            key_dir=str(tmp_path / "keys"),
            options=quiet,
        )
        running.append(sim)
        loop = asyncio.get_running_loop()
        return World(sim, await sim.start(loop.create_server, "127.0.0.1", 0), tmp_path)

    yield make
    for sim in running:
        await sim.stop()


async def closing(kit: Kit, why: Any) -> str:
    try:
        told: str = await why
        return told
    finally:
        await kit.close()


# -- Kalshi ------------------------------------------------------------------------------------


async def test_closed_shard_is_told_with_the_time_of_its_end(world_of: MakeWorld) -> None:
    world = await world_of(K)
    sim: KalshiSim = world.sim
    kit = open_kalshi(world.settings(), SEAMS)
    sim.lifecycle.set_exchange(0, trading_active=False)
    sim.lifecycle.resume_ts_s = 1_900_000_000
    assert await closing(kit, kit.check(frozenset({0}))) == (
        "shard 0 takes no orders until 2030-03-17 17:46:40 UTC"
    )


async def test_closed_shard_is_told_without_opening_hours_too(world_of: MakeWorld) -> None:
    world = await world_of(K)
    kit = open_kalshi(world.settings(), SEAMS)
    world.sim.lifecycle.set_exchange(0, trading_active=False)
    world.sim.faults.add([{"on": "GET /trade-api/v2/exchange/schedule", "kind": "http_500"}])
    assert await closing(kit, kit.check(frozenset({0}))) == "shard 0 takes no orders"


@pytest.mark.parametrize(
    ("code", "is_closed"), [("trading_is_paused", True), ("insufficient_balance", False)]
)
async def test_refusal_as_paused_closes_its_shard(
    world_of: MakeWorld, code: str, *, is_closed: bool
) -> None:
    world = await world_of(K)
    kit = open_kalshi(world.settings(), SEAMS)
    answer = LegAnswer(status=AnswerStatus.REJECTED, code=code)
    assert kit.note_refusal(answer, 0) is is_closed
    try:
        assert await kit.check(frozenset({2})) == ""
        assert bool(await kit.check(frozenset({0}))) is is_closed
    finally:
        await kit.close()


@pytest.mark.parametrize(("mode", "is_wanted"), [("sim", True), ("paper", False)])
async def test_private_pushes_are_heeded_only_where_orders_are_ours(
    world_of: MakeWorld, mode: str, *, is_wanted: bool
) -> None:
    world = await world_of(K)
    kit = open_kalshi(world.settings(**{"daemon.mode": mode}), SEAMS)
    is_up = asyncio.Event()
    hints = Hints(
        on_order=lambda *_: None,
        on_position=lambda *_: None,
        on_terms=lambda *_: None,
        on_end=lambda *_: None,
    )
    feed: Any = kit.make_feed(
        (), Sinks(lambda _: None, lambda _: None, lambda _: is_up.set(), hints)
    )
    running = asyncio.create_task(feed.run())
    try:
        await asyncio.wait_for(is_up.wait(), 5)
        channels = set(feed._lines[0].connection.subscriptions._wanted_channels)
        assert ({"user_orders", "market_positions"} <= channels) is is_wanted
        assert {"fill", "market_lifecycle_v2"} <= channels
    finally:
        running.cancel()
        await kit.close()


async def test_account_limits_hold_from_the_start(world_of: MakeWorld) -> None:
    world = await world_of(K, tier="premier")
    kit = open_kalshi(world.settings(), SEAMS)
    orders: Any = kit.orders
    try:
        await kit.look_around()
        bucket = orders._http.writes(0)
        assert bucket._refill_per_s == 1_200
    finally:
        await kit.close()


class DayClock(SystemClock):
    """Days pass at once, two of them; then time stands still."""

    def __init__(self) -> None:
        self.days = 0
        self.is_over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds < DAY_S:
            await super().sleep(seconds)
        elif self.days < 2:
            self.days += 1
        else:
            self.is_over.set()
            await asyncio.Event().wait()


async def test_key_is_looked_at_once_a_day(world_of: MakeWorld) -> None:
    options = {
        "keys": {"reader": {"scopes": ["read"]}},
        "region_expiration_ts_s": {"default": int(time.time()) + 3_600},
    }
    world = await world_of(K, **options)
    clock = DayClock()
    key = {
        "kalshi.key_id": world.sim.api_key_id("reader"),
        "kalshi.private_key_path": str(world.sim.cabinet.path("reader")),
    }
    kit = open_kalshi(world.settings(**key), Seams(clock, SystemEntropy(), SocketNetwork()))
    (make_work,) = kit.make_side_work(lambda _: asyncio.sleep(0)).values()
    with capture_logs() as lines:
        watching = asyncio.create_task(make_work())
        await asyncio.wait_for(clock.is_over.wait(), 5)
        watching.cancel()
        await kit.close()
    told = [line["event"] for line in lines if line["log_level"] == "error"]
    assert told == ["region_expires_soon", "key_cannot_trade"] * 2


# -- Polymarket --------------------------------------------------------------------------------


@pytest.mark.parametrize("sends", [True, False])
async def test_blocked_place_is_told_on_paper(world_of: MakeWorld, *, sends: bool) -> None:
    world = await world_of(P, geo_blocked=True)
    mode = "sim" if sends else "paper"
    kit = await open_polymarket(
        world.settings(**{"daemon.mode": mode}),
        SEAMS,
        needs_account=False,
        expected_cash=lambda: None,
    )
    with capture_logs() as lines:
        try:
            await kit.look_around()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told below
            lines.append({"event": type(error).__name__, "log_level": ""})
        finally:
            await kit.close()
    assert [line["event"] for line in lines] == ["VenueRejected" if sends else "geoblocked"]


class MovedClock(SystemClock):
    """A clock that the test moves on."""

    ahead_ns = 0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self.ahead_ns


async def test_version_that_cannot_be_signed_closes_the_venue(world_of: MakeWorld) -> None:
    world = await world_of(P)
    sim: PolymarketSim = world.sim
    clock = MovedClock()
    seams = replace(SEAMS, clock=clock)
    kit = await open_polymarket(
        world.settings(), seams, needs_account=True, expected_cash=lambda: None
    )
    try:
        assert await kit.check(frozenset({0})) == ""
        sim.gate.set_version(1)
        # Asked for now and then: an order that is refused for it has it read at once.
        assert await kit.check(frozenset({0})) == ""
        clock.ahead_ns += VERSION_NS
        assert "order_version" in await kit.check(frozenset({0}))
        # As often as there are looks, once it cannot be signed.
        sim.gate.set_version(2)
        assert await kit.check(frozenset({0})) == ""
    finally:
        await kit.close()


def update_of(state: OrderState, size_e6: int = -1, filled_e6: int = -1) -> OrderUpdate:
    spec = spec_of(P)
    return OrderUpdate(
        market_id=spec.market.id,
        order_key="0xkey",
        kind=UpdateKind.MATCHED,
        state=state,
        size_e6=size_e6,
        filled_e6=filled_e6,
    )


@pytest.mark.parametrize(
    ("update", "is_over"),
    [
        (update_of(OrderState.CANCELED), True),
        (update_of(OrderState.DEAD), True),
        (update_of(OrderState.MATCHED, 10, 10), True),
        (update_of(OrderState.MATCHED, 10, 4), False),
        (update_of(OrderState.MATCHED), False),
        (update_of(OrderState.RESTING, 10, 0), False),
        (update_of(OrderState.DELAYED), False),
        (update_of(OrderState.UNKNOWN), False),
    ],
)
async def test_order_that_certainly_rests_no_more_is_dropped_and_told(
    world_of: MakeWorld, update: OrderUpdate, *, is_over: bool
) -> None:
    assert _is_over(update) is is_over
    world = await world_of(P)
    venue = _Polymarket(world.settings(), SEAMS)
    told: list[tuple[Venue, str, str]] = []
    hints = Hints(
        on_order=lambda *hint: told.append(hint),
        on_position=lambda *_: None,
        on_terms=lambda *_: None,
        on_end=lambda *_: None,
    )
    try:
        await venue.join(lambda: None)
        assert venue._member is not None
        resting = venue._member.orders.resting
        resting.add(ref_of(spec_of(P), "0xkey"))
        on_order = venue._pushes_of(hints).on_order
        assert on_order is not None
        on_order(update)
        assert len(resting) == (0 if is_over else 1)
        assert told == [(P, "0xkey", "0xkey")]
    finally:
        await venue.session.close()
