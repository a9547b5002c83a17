"""Pairs that leave a running daemon, and what of their markets is left at the venues."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
import pytest

from tests.support.daemon import K, P, Run, Scene, make_pairs
from tests.support.table import DISARMED, MakeTable, Table
from twoleg.core.actions import NoteKind
from twoleg.core.events import PairsLeft
from twoleg.core.market import Direction, MarketId, Outcome, PairState, Polarity, Venue
from twoleg.runtime import leaving
from twoleg.runtime import tracker as tracking
from twoleg.runtime.feeds import Feeds
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.venue import PolymarketSim

ONE = 1_000_000


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "LOOK_S", 0.05)
    monkeypatch.setattr(leaving, "AFTER_S", 0.2)


def subscribed(scene: Scene) -> set[MarketId]:
    """Markets whose books somebody streams, as the venues have it."""
    kalshi, polymarket = scene.venues[K], scene.venues[P]
    assert isinstance(kalshi, KalshiSim)
    assert isinstance(polymarket, PolymarketSim)
    tickers = {
        ticker
        for session in kalshi.hub.sessions
        for each in session.subscriptions.values()
        if each.channel == "orderbook_delta"
        for ticker in each.tickers or ()
    }
    tokens = polymarket.market_channel._subscribers.keys()
    conditions = {
        native_id
        for native_id, market in polymarket.markets.items()
        if not tokens.isdisjoint(market.spec.token_ids)
    }
    named = ((K, tickers), (P, conditions))
    return {MarketId(f"{venue.value}:{name}") for venue, names in named for name in names}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        is_so = condition()
        while not is_so:
            # What is looked at has no event of its own.
            await asyncio.sleep(0.02)
            is_so = condition()


async def is_subscribed(scene: Scene, wanted: set[MarketId]) -> None:
    await until(lambda: subscribed(scene) == wanted)


def markets_of(*pairs: Any) -> set[MarketId]:
    return {pair.market_on(venue) for pair in pairs for venue in Venue}


@dataclass
class Looks:
    """What left, and how often it was looked."""

    count: int = 0
    left: list[PairsLeft] = field(default_factory=list[PairsLeft])
    # Done at once when something leaves, before any venue can hear of it.
    act: Callable[[], None] = lambda: None

    async def pass_by(self, more: int = 20) -> None:
        wanted = self.count + more
        await until(lambda: self.count >= wanted)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    looks = Looks()
    look, leave = leaving.Leaving.look, Feeds.leave

    def watched_look(self: leaving.Leaving) -> None:
        look(self)
        looks.count += 1

    def watched_leave(self: Feeds, event: PairsLeft) -> None:
        leave(self, event)
        looks.left.append(event)
        looks.act()

    monkeypatch.setattr(leaving.Leaving, "look", watched_look)
    monkeypatch.setattr(Feeds, "leave", watched_leave)
    return looks


def shaken(scene: Scene) -> None:
    """Frames of both books."""
    for venue in Venue:
        scene.poke(venue)


async def has_left(table: Table, run: Run) -> None:
    await table.move(DISARMED)
    await run.until(lambda: table.state_in(run) is None, "the pair gone")


async def test_pair_armed_no_more_leaves_with_its_streams_and_comes_back_whole(
    table_of: MakeTable, looks: Looks
) -> None:
    async with table_of() as table:
        scene = table.scene
        run = await table.started()
        stays, comes = markets_of(*scene.more_pairs), markets_of(scene.pair)
        await table.joined(run)
        assert subscribed(scene) == stays | comes
        looks.act = partial(shaken, scene)
        for _ in range(2):
            await has_left(table, run)
            # Their frames were on the way when it left.
            ticks = run.app.stats.ticks
            await is_subscribed(scene, stays)
            assert run.app.stats.ticks == ticks
            assert run.app.markets.keys() == run.app.engine.books().books.keys() == stays
            # What happens there while nobody looks is in the next snapshot.
            scene.offer(P, Outcome.NO, 9_700, 3)
            await table.armed(run)
            await is_subscribed(scene, stays | comes)
        scene.open_edge()
        (closing,) = await run.closed()
        assert closing["closed_as"] == "hedged"
        await run.stop()
        assert run.alarms() == []
        assert run.of(NoteKind.BOOK_VOID) == []
        for kit in run.app._kits:
            feed = run.app._feeds._feeds[kit.venue]
            strange = {"gap", "malformed", "error", "oversized"}
            counts: Any = feed.counts  # type: ignore[attr-defined]  # either venue's
            counts = getattr(counts, "by_kind", counts)
            assert strange.isdisjoint(counts)
            assert counts.get("connections", 1) <= 2


async def test_market_of_two_pairs_stays_as_long_as_one_needs_it(
    table_of: MakeTable, looks: Looks
) -> None:
    async with table_of() as table:
        scene = table.scene
        run = await table.started()
        await table.joined(run)
        (third, *_) = make_pairs(Polarity.INVERSE)
        other = msgspec.structs.replace(third, kalshi=scene.pair.kalshi)
        await table.joined(run, other)
        stays = markets_of(*scene.more_pairs)
        await has_left(table, run)
        await is_subscribed(scene, stays | markets_of(other))
        assert looks.left[-1].market_ids == (scene.pair.polymarket,)
        assert table.has_all_books(run)
        await table.move(DISARMED, other)
        await run.until(lambda: table.state_in(run, other) is None, "the other gone")
        await is_subscribed(scene, stays)
        await run.kill()


async def test_pair_that_is_held_stays_until_it_is_settled(
    table_of: MakeTable, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nor is it kept by its execution for long.
    monkeypatch.setattr(tracking, "CLOSED_NS", 0)
    monkeypatch.setattr(tracking, "TELL_S", 0.05)
    async with table_of() as table:
        scene = table.scene
        run = await table.started()
        await table.joined(run)
        scene.open_edge()
        await run.closed()
        await run.calmed()
        assert scene.held(Direction.KALSHI_YES) == (20 * ONE, 20 * ONE)
        await table.move(DISARMED)
        await run.until(lambda: table.state_in(run) is DISARMED, "the pair disarmed")
        await run.until(lambda: not run.app.engine.execution_markets(), "nothing in memory")
        await looks.pass_by()
        assert table.state_in(run) is PairState.DISARMED
        kalshi = scene.venues[K]
        assert isinstance(kalshi, KalshiSim)
        kalshi.lifecycle.determine(scene.native(K), "yes", None)
        scene.venues[P].set_status(scene.native(P), "resolved:0")
        await run.until(lambda: run.alarms().count("market_resolved") == 2, "both ends")
        await looks.pass_by()
        # Kalshi has yet to pay.
        assert table.state_in(run) is PairState.DISARMED
        kalshi.lifecycle.settle(scene.native(K))
        await run.app._reconcile.look()
        await run.until(lambda: table.state_in(run) is None, "the pair gone")
        await is_subscribed(scene, markets_of(*scene.more_pairs))
        await run.kill()


async def test_pair_with_a_residual_or_a_late_fill_to_come_stays(
    table_of: MakeTable, looks: Looks
) -> None:
    async with table_of() as table:
        scene = table.scene
        run = await table.started()
        await table.joined(run)
        scene.fault(K, "kill")
        scene.open_edge()
        (closing,) = await run.closed()
        assert closing["closed_as"] == "rolled_back"
        await run.calmed()
        assert scene.held(Direction.KALSHI_YES) == (0, 0)
        await table.move(DISARMED)
        await run.until(lambda: table.state_in(run) is DISARMED, "the pair disarmed")
        await looks.pass_by()
        assert (table.state_in(run), looks.left) == (PairState.DISARMED, [])
        await run.stop()
