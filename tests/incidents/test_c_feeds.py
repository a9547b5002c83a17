"""Incidents C2, C5, C6: how old is what a feed shows, and whether it still shows anything.

Each test is named after its incident and tells it.
"""

from functools import partial

import pytest

from tests.incidents.books import STREAMS, TWENTY, YES, book_of, is_true, names
from tests.support.daemon import K, P, Run
from tests.support.scenes import MakeScene
from twoleg.core.actions import NoteKind
from twoleg.core.market import Outcome, Venue
from twoleg.runtime import polymarket_kit
from twoleg.sim.kalshi import ws as kalshi_ws
from twoleg.venues.polymarket.options import PolymarketOptions

LATE_MS = 450
AT_MOST_250_MS = {"trading.feed_lag_ms_max": 250, "trading.feed_skew_ms_max": 60_000}


@pytest.mark.parametrize("venue", Venue)
async def test_c2_fresh_yes_side_does_not_freshen_the_no_side(
    scene_of: MakeScene, venue: Venue
) -> None:
    """Freshness was kept per contract: a tick of YES made a stale ladder of NO look fresh.

    Each side has its own age, by the venue's time stamps; one late side is enough not to trade.
    """
    async with scene_of(**AT_MOST_250_MS) as scene:
        run = scene.start()
        await run.started()
        bought = scene.bought(YES, venue)
        scene.fault(venue, "ws_silent", on=STREAMS[venue], delay_ms=LATE_MS)
        scene.offer(venue, bought, 4_500, 200)
        await run.until(lambda: is_true(scene, run, venue), "the late side")
        scene.bid(venue, bought, 4_400, 200)
        other = scene.bought(YES, venue.other)
        scene.bid(venue.other, other, 4_400, 200)
        scene.offer(venue.other, other, 4_500, 200)
        # Ticks of the other side of the same book, all of them fresh.
        for number in range(6):
            scene.bid(venue, bought, 300 + 100 * number, 1)
            await run.until(lambda: is_true(scene, run, venue), "a fresh tick")
        await run.until(lambda: run.app.engine.refusals.get("feed_late"), "a refusal")
        assert scene.wire.orders() == []
        # A fresh tick of the late side itself is what it takes.
        scene.offer(venue, bought, 4_900, 1)
        (closing,) = await run.closed()
        assert closing["closed_as"] == "hedged"


async def test_c2_quiet_level_is_not_stale(scene_of: MakeScene) -> None:
    """Age is how late the feed runs; a level that has merely stood for long may be traded."""
    async with scene_of(**AT_MOST_250_MS) as scene:
        run = scene.start()
        await run.started()
        scene.bid(K, Outcome.YES, 3_900, 200)
        scene.offer(K, Outcome.YES, 4_000, 200)
        await run.until(lambda: is_true(scene, run, K), "Kalshi's book")
        placed_ns = scene.venues[K].clock.now_ns()
        # Only the far bids move; the offer stands longer than any frame may take.
        await run.poked(lambda: scene.venues[K].clock.now_ns() - placed_ns > 500_000_000)
        scene.bid(P, Outcome.NO, 4_900, 200)
        scene.offer(P, Outcome.NO, 5_000, 200)
        (closing,) = await run.closed()
        assert closing["closed_as"] == "hedged"
        assert scene.wire.orders()[0].at_ns - placed_ns > 500_000_000


def has_void(run: Run, venue: Venue) -> bool:
    return any(venue.value in str(void["markets"]) for void in run.of(NoteKind.BOOK_VOID))


@pytest.mark.parametrize("venue", Venue)
async def test_c5_open_but_silent_socket_is_replaced(
    scene_of: MakeScene, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket stayed open, answered pings and told nothing any more; nobody noticed.

    Only data counts as life: the socket is replaced, its books are void until then.
    """
    quick = partial(PolymarketOptions, data_silence_ms_max=1_000, ping_interval_ms=100)
    monkeypatch.setattr(polymarket_kit, "PolymarketOptions", quick)
    monkeypatch.setattr(kalshi_ws, "PING_EVERY_S", 0.05)
    async with scene_of(**{"kalshi.silence_ms_max": 1_000}) as scene:
        run = scene.start()
        await run.started()
        path = "/ws/market" if venue is P else "/ws"
        sockets = len(scene.wire.of(venue, "GET", path))
        scene.fault(venue, "ws_mute", on=STREAMS[venue], count=1_000)
        scene.open_edge()
        await run.until(lambda: has_void(run, venue), "the end of the mute socket")
        assert scene.wire.orders() == []
        scene.venues[venue].faults.clear()
        await run.closed()
        assert len(scene.wire.of(venue, "GET", path)) > sockets
        assert names(run).index(NoteKind.BOOK_VOID) < names(run).index(NoteKind.EXECUTION_OPENED)
        assert scene.held(YES) == (TWENTY, TWENTY)


@pytest.mark.parametrize("venue", Venue)
async def test_c6_late_deltas_are_not_traded_on(scene_of: MakeScene, venue: Venue) -> None:
    """Deltas came 4 to 20 seconds after the fact, and were traded on as if they were news.

    The venue's own time stamp tells how late they are, and a late book starts nothing.
    """
    async with scene_of(**AT_MOST_250_MS) as scene:
        run = scene.start()
        await run.started()
        scene.fault(venue, "ws_silent", on=STREAMS[venue], delay_ms=LATE_MS)
        scene.open_edge(last=venue)
        await run.until(lambda: is_true(scene, run, venue), "the late book")
        await run.until(lambda: run.app.engine.refusals.get("feed_late"), "a refusal")
        assert min(book_of(scene, run, venue).lag_ms) > 250
        assert scene.wire.orders() == []
        bought = scene.bought(YES, venue)
        scene.bid(venue, bought, 300, 1)
        scene.offer(venue, bought, 9_000, 1)
        (closing,) = await run.closed()
        assert closing["closed_as"] == "hedged"
