"""The daemon between both simulators: what the venues say beside books and fills is heeded."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from tests.support.daemon import K, P, Run, Scene
from twoleg.core.actions import NoteKind
from twoleg.errors import CredentialError, VenueRejected
from twoleg.runtime import joining
from twoleg.sim.kalshi.errors import refuse
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.chain import EXCHANGES, approve
from twoleg.sim.polymarket.venue import PolymarketSim

MakeScene = Callable[..., AbstractAsyncContextManager[Scene]]


def kalshi_of(scene: Scene) -> KalshiSim:
    sim = scene.venues[K]
    assert isinstance(sim, KalshiSim)
    return sim


def polymarket_of(scene: Scene) -> PolymarketSim:
    sim = scene.venues[P]
    assert isinstance(sim, PolymarketSim)
    return sim


def rate_e6(run: Run) -> int:
    """The Kalshi fee that the next decision counts with; −1 while nothing may be decided."""
    market = run.app.engine.books().markets[run.scene.pair.kalshi]
    return market.fees.rate_e6 if market.is_tradable else -1


async def ticked(run: Run, count: int) -> None:
    """Let the daemon decide on so many further ticks."""
    ticks = run.app.stats.ticks
    await run.poked(lambda: run.app.stats.ticks >= ticks + count)


# -- terms -------------------------------------------------------------------------------------


async def test_fees_change_while_running_next_decision_uses_them(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        before_e6 = rate_e6(run)
        # Ten cents of edge, and seventeen cents of fee.
        kalshi_of(scene).lifecycle.change_fees(
            scene.native(K),
            "event",
            fee_type="quadratic",
            multiplier_e4=100_000,
            scheduled_ts_s=None,
        )
        await run.until(lambda: rate_e6(run) == 700_000, "the dearer fee")
        assert 0 < before_e6 < 700_000
        scene.open_edge()
        await ticked(run, 10)
        await run.stop()
        assert run.of(NoteKind.EXECUTION_OPENED) == []
        assert scene.keys_at_wire() == set()


async def test_deactivated_market_gets_no_order_until_it_is_active(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.venues[K].set_status(scene.native(K), "inactive")
        await run.until(lambda: rate_e6(run) == -1, "the halt")
        scene.open_edge()
        await ticked(run, 5)
        assert scene.keys_at_wire() == set()
        scene.venues[K].set_status(scene.native(K), "active")
        await run.until(lambda: rate_e6(run) > 0, "the end of the halt")
        # Reactivation cancelled what rested.
        scene.open_edge()
        await run.poked(lambda: run.closings)
        await run.stop()
        assert run.closings[0]["closed_as"] == "hedged"


async def test_resolved_market_is_noted_and_traded_no_more(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        polymarket_of(scene).set_status(scene.native(P), "resolved:0")
        await run.until(lambda: "market_resolved" in run.alarms(), "the resolution")
        (note,) = [n for n in run.of(NoteKind.ALARM) if n["event"] == "market_resolved"]
        token = polymarket_of(scene).markets[scene.native(P)].spec.token_ids[0]
        assert f"{token}=10000" in note["payouts"]
        assert not run.app.engine.books().markets[scene.pair.polymarket].is_tradable
        await run.stop()


async def test_market_that_is_not_ready_joins_later(
    scene_of: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "RETRY_S", 0.2)
    async with scene_of() as scene:
        market = polymarket_of(scene).markets[scene.native(P)]
        market.is_listed = False
        run = scene.start()
        await asyncio.wait_for(run.app.has_started.wait(), 15)
        market.is_listed = True
        await run.until(lambda: run.app.engine.live_books() == 2, "both books")
        scene.open_edge()
        await run.poked(lambda: run.closings)
        await run.stop()
        assert run.closings[0]["closed_as"] == "hedged"


# -- a venue that is closed --------------------------------------------------------------------


async def test_order_refused_as_paused_is_not_tried_again(scene_of: MakeScene) -> None:
    """The status says open all the while; hundreds of equal refusals were seen once."""
    async with scene_of(**{"trading.position_contracts_max": 200}) as scene:
        run = scene.start()
        await run.started()
        kalshi_of(scene).desk.scripted.add("create", refuse(409, "trading_is_paused"), 50)
        scene.open_edge()
        await run.until(lambda: "venue_closed" in run.alarms(), "the pause")
        (closed,) = [n for n in run.of(NoteKind.ALARM) if n["event"] == "venue_closed"]
        assert closed["venue"] == "kalshi"
        assert " until " in closed["reason"]
        await run.closed()
        opened = len(run.of(NoteKind.EXECUTION_OPENED))
        await ticked(run, 20)
        await run.settled()
        assert len(run.of(NoteKind.EXECUTION_OPENED)) == opened == 1
        await run.stop()


async def test_polymarket_restarting_is_waited_for(scene_of: MakeScene) -> None:
    async with scene_of(**{"trading.position_contracts_max": 200}) as scene:
        run = scene.start()
        await run.started()
        polymarket_of(scene).gate.set_mode("cancel_only", None)
        scene.open_edge()
        await run.until(lambda: "venue_closed" in run.alarms(), "the closed gate")
        (closed,) = [n for n in run.of(NoteKind.ALARM) if n["event"] == "venue_closed"]
        assert closed["reason"] == "the venue is cancel_only"
        polymarket_of(scene).gate.set_mode("normal", None)
        await run.until(lambda: "venue_opened" in run.alarms(), "the open gate")
        await run.settled()
        await run.stop()


# -- hosts -------------------------------------------------------------------------------------


class Door:
    """A front door: passes bytes on to a port until it is shut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def shut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, far_writer}
        passing = (self._pass(reader, far_writer), self._pass(far_reader, writer))
        await asyncio.gather(*passing)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()


@asynccontextmanager
async def front_door(scene: Scene) -> AsyncGenerator[tuple[Door, dict[str, str]]]:
    """A first door to the scene's Kalshi, and settings that have the venue itself for second."""
    rest, ws = scene.urls[K]["rest"], scene.urls[K]["ws"]
    port = urlsplit(rest).port or 0
    door = Door(port)
    first = await door.open()
    try:
        yield (
            door,
            {
                "kalshi.rest_url": rest.replace(str(port), str(first)),
                "kalshi.ws_url": ws.replace(str(port), str(first)),
                "kalshi.rest_url_2": rest,
                "kalshi.ws_url_2": ws,
            },
        )
    finally:
        door.shut()


@pytest.mark.parametrize("connections", [1, 2])
async def test_first_host_dies_second_takes_over(scene_of: MakeScene, connections: int) -> None:
    async with scene_of() as scene, front_door(scene) as (door, urls):
        run = scene.start(**urls, **{"kalshi.connections": connections})
        await run.started()
        door.shut()
        if connections == 1:
            await run.until(lambda: run.of(NoteKind.BOOK_VOID), "void books")
            await run.until(lambda: run.app.engine.live_books() == 2, "both books")
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert closing["closed_as"] == "hedged"


# -- standing ----------------------------------------------------------------------------------


def geoblock(scene: Scene) -> dict[str, str]:
    return {"polymarket.geoblock_url": scene.urls[P]["site"] + "/api/geoblock"}


async def test_blocked_place_is_refused_at_the_start(scene_of: MakeScene) -> None:
    options = {"geo_blocked": True, "geo_country": "US", "geo_region": "NY"}
    async with scene_of(polymarket=options) as scene:
        run = scene.start(**geoblock(scene))
        with pytest.raises(VenueRejected, match=r"takes no orders from here \(blocked US-NY\)"):
            await run.task


async def test_open_place_is_traded_from(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start(**geoblock(scene))
        await run.started()
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert closing["closed_as"] == "hedged"


async def test_key_that_may_not_trade_is_refused_at_the_start(scene_of: MakeScene) -> None:
    options = {"keys": {"reader": {"scopes": ["read"]}}}
    async with scene_of(kalshi=options) as scene:
        sim = kalshi_of(scene)
        run = scene.start(
            **{
                "kalshi.key_id": sim.api_key_id("reader"),
                "kalshi.private_key_path": str(sim.cabinet.path("reader")),
            }
        )
        with pytest.raises(CredentialError, match="lacks the scope write::trade"):
            await run.task


async def test_attestation_that_ended_is_alarmed(scene_of: MakeScene) -> None:
    options = {"region_expiration_ts_s": {"default": int(time.time()) - 10}}
    async with scene_of(kalshi=options) as scene:
        with capture_logs() as lines:
            run = scene.start()
            await run.started()
            await run.stop()
        assert [line["log_level"] for line in lines if line["event"] == "region_expired"] == [
            "error"
        ]


async def test_missing_approval_is_alarmed(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        sim = polymarket_of(scene)
        wallet = sim.wallets.get(str(sim.credentials()["deposit_wallet"]))
        assert wallet is not None
        for exchange in EXCHANGES:
            approve(wallet, exchange, chain_id=137, cash_micros=0, tokens=None)
        with capture_logs() as lines:
            run = scene.start()
            await run.started()
            await run.stop()
        assert "allowance_missing" in [line["event"] for line in lines]


async def test_no_heartbeat_while_nothing_rests(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        beats = polymarket_of(scene).heartbeats
        scene.open_edge()
        await run.closed()
        await run.stop()
        assert beats._beats == {}
