"""The daemon between both simulators, one way of going right or wrong at a time."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.support.daemon import K, P, Scene
from twoleg.core.actions import NoteKind
from twoleg.core.breaker import BreakerState
from twoleg.core.market import Direction, Outcome, Polarity, TimeInForce, Venue
from twoleg.core.units import LOT_E6
from twoleg.runtime import waiting
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.storage.records import FeeAdjusted

MakeScene = Callable[..., AbstractAsyncContextManager[Scene]]
ONE = 1_000_000
# Below every minimum size: what is open is dealt with, and nothing new can start.
TOO_SMALL = {
    "trading.size_contracts_max": Decimal("0.01"),
    "trading.position_contracts_max": Decimal("0.01"),
}


@pytest.mark.parametrize("polarity", Polarity)
@pytest.mark.parametrize("direction", Direction)
async def test_both_legs_fill_ends_hedged(
    scene_of: MakeScene, polarity: Polarity, direction: Direction
) -> None:
    async with scene_of(polarity=polarity) as scene:
        run = scene.start()
        await run.started()
        scene.open_edge(direction)
        (closing,) = await run.closed()
        await run.stop()
        assert closing["closed_as"] == "hedged"
        assert scene.held(direction) == (20 * ONE, 20 * ONE)
        assert closing["net_micros"] > 0
        assert len(scene.keys_at_wire()) == 2


# -- one leg -----------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", Venue)
@pytest.mark.parametrize("polarity", Polarity)
async def test_one_leg_missed_other_is_rolled_back(
    scene_of: MakeScene, venue: Venue, polarity: Polarity
) -> None:
    async with scene_of(polarity=polarity) as scene:
        run = scene.start()
        await run.started()
        scene.fault(venue, "kill")
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert closing["closed_as"] == "rolled_back"
        assert closing[f"{venue.value}_filled_e6"] == 0
        assert closing[f"{venue.other.value}_filled_e6"] == 20 * ONE
        assert closing["unwound_e6"] == 20 * ONE
        assert scene.held(Direction.KALSHI_YES) == (0, 0)
        assert closing["net_micros"] < 0


@pytest.mark.parametrize("venue", Venue)
async def test_one_leg_partial_rest_is_rolled_back(scene_of: MakeScene, venue: Venue) -> None:
    async with scene_of(tif=TimeInForce.IOC) as scene:
        run = scene.start()
        await run.started()
        scene.fault(venue, "partial", share=0.4)
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert closing["closed_as"] == "rolled_back"
        assert closing[f"{venue.value}_filled_e6"] == 8 * ONE
        assert scene.held(Direction.KALSHI_YES) == (8 * ONE, 8 * ONE)


async def test_polymarket_over_filled_excess_is_completed(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        # A better price appears while the order is on its way: the same dollars buy more.
        run.on("execution_opened", lambda: scene.offer(P, Outcome.NO, 4_500, 200))
        # Bids far enough below not to meet it, and near enough to be an exit within the loss cap.
        scene.open_edge(spread_e4=600)
        (closing,) = await run.closed()
        await run.stop()
        assert closing["kalshi_filled_e6"] == 20 * ONE
        assert closing["polymarket_filled_e6"] == 22_222_222
        assert closing["completed_e6"] == 2_220_000
        assert closing["dust_e6"] != 0
        assert closing["net_micros"] > 0


async def test_polymarket_sweeps_levels_excess_is_covered(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.open_edge(polymarket=((4_700, 7), (4_900, 7), (5_000, 400)))
        (closing,) = await run.closed()
        await run.stop()
        held_kalshi_e6, held_polymarket_e6 = scene.held(Direction.KALSHI_YES)
        assert held_kalshi_e6 > 0
        assert abs(held_kalshi_e6 - held_polymarket_e6) < LOT_E6
        assert closing["net_micros"] > 0


@pytest.mark.parametrize("venue", Venue)
async def test_leg_rejected_by_paused_market_other_is_rolled_back(
    scene_of: MakeScene, venue: Venue
) -> None:
    words = {K: ("inactive", "active"), P: ("paused", "open")}[venue]
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        sim, market = scene.venues[venue], scene.native(venue)
        run.on("execution_opened", lambda: sim.set_status(market, words[0]))
        scene.open_edge()
        (closing,) = await run.closed()
        sim.set_status(market, words[1])
        await run.stop()
        assert run.answers(0 if venue is K else 1)[0] == "rejected"
        assert closing["closed_as"] == "rolled_back"
        assert scene.held(Direction.KALSHI_YES) == (0, 0)


async def test_leg_rejected_for_lack_of_cash_other_is_rolled_back(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        kalshi = scene.venues[K]
        assert isinstance(kalshi, KalshiSim)
        account = kalshi.accounts["default"]
        run.on("execution_opened", lambda: account.fund(0, -5_000_000_000))
        scene.open_edge()
        (closing,) = await run.closed()
        account.fund(0, 5_000_000_000)
        await run.stop()
        assert run.answers(0) == ["rejected"]
        assert closing["closed_as"] == "rolled_back"
        assert scene.held(Direction.KALSHI_YES) == (0, 0)


# -- not knowing -------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", Venue)
async def test_unknown_leg_had_landed_is_adopted(scene_of: MakeScene, venue: Venue) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.fault(venue, "drop_after")
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert run.answers(0 if venue is K else 1) == ["unknown", "filled"]
        assert (closing["closed_as"], closing["unknown_landed"]) == ("hedged", 1)
        assert scene.held(Direction.KALSHI_YES) == (20 * ONE, 20 * ONE)
        assert len(scene.keys_at_wire()) == 2


@pytest.mark.parametrize("venue", Venue)
async def test_unknown_leg_had_not_landed_other_is_rolled_back(
    scene_of: MakeScene, venue: Venue
) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.fault(venue, "drop_before")
        # The edge is gone by the time the truth is known: completing is no way out.
        run.on("outcome_resolved", scene.close_edge)
        scene.open_edge()
        (closing, *_) = await run.closed()
        await run.stop()
        assert run.answers(0 if venue is K else 1)[:2] == ["unknown", "missed"]
        assert (closing["closed_as"], closing["unknown_absent"]) == ("rolled_back", 1)
        held_kalshi_e6, held_polymarket_e6 = scene.held(Direction.KALSHI_YES)
        assert held_kalshi_e6 == held_polymarket_e6


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
@pytest.mark.parametrize("venue", Venue)
async def test_rollback_order_unknown_is_looked_up_then_finished(
    scene_of: MakeScene, venue: Venue, kind: str
) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.fault(venue, "kill")
        run.on("unwind_started", lambda: scene.fault(venue.other, kind))
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        # Landed: found and not sent again. Not landed: sent again, under another id.
        number = next(n for n in range(2, 10) if "unknown" in run.answers(n))
        found = "filled" if kind == "drop_after" else "missed"
        assert run.answers(number) == ["unknown", found]
        assert (closing["closed_as"], closing["unwound_e6"]) == ("rolled_back", 20 * ONE)
        assert scene.held(Direction.KALSHI_YES) == (0, 0)


async def test_polymarket_fill_fails_on_chain_other_leg_is_closed(scene_of: MakeScene) -> None:
    async with scene_of(polymarket={"mined_after_ms": 60_000}) as scene:
        run = scene.start()
        await run.started()
        scene.open_edge()
        await run.closed()
        scene.close_edge()
        scene.bid(K, Outcome.YES, 3_900, 200)
        polymarket = scene.venues[P]
        assert isinstance(polymarket, PolymarketSim)
        for trade in list(polymarket.trades.by_id.values()):
            polymarket.trades.advance(trade, "FAILED")
        _, closing = await run.closed(2)
        await run.stop()
        assert "fill_voided" in run.alarms()
        assert closing["closed_as"] == "rolled_back"
        assert scene.held(Direction.KALSHI_YES) == (0, 0)


# -- books and venues --------------------------------------------------------------------------


async def test_sequence_gap_nothing_decided_until_snapshot(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        live: list[int] = []
        run.on("execution_opened", lambda: live.append(run.app.engine.live_books()))
        # The bid's frame is lost; the offer's, which makes the edge, shows the gap.
        scene.fault(K, "ws_gap", on="ws")
        scene.open_edge()
        await run.closed()
        await run.stop()
        names = [note.kind for note in run.notes]
        assert names.index(NoteKind.BOOK_VOID) < names.index(NoteKind.EXECUTION_OPENED)
        assert run.of(NoteKind.BOOK_VOID)[0]["reason"] == "sequence_gap"
        assert live == [2]
        assert scene.held(Direction.KALSHI_YES) == (20 * ONE, 20 * ONE)


@pytest.mark.parametrize("venue", Venue)
async def test_sockets_cut_books_void_then_trades_again(scene_of: MakeScene, venue: Venue) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        for socket in list(scene.venues[venue].sockets):
            socket.abort()
        await run.until(lambda: run.of(NoteKind.BOOK_VOID), "void books")
        scene.open_edge()
        assert scene.keys_at_wire() == set()
        (closing,) = await run.closed()
        await run.stop()
        assert closing["closed_as"] == "hedged"


async def test_silent_socket_is_replaced(scene_of: MakeScene) -> None:
    async with scene_of(**{"kalshi.silence_ms_max": 1_000}) as scene:
        run = scene.start()
        await run.started()
        scene.fault(K, "ws_silent", on="ws", delay_ms=30_000)
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert run.of(NoteKind.BOOK_VOID)
        assert closing["closed_as"] == "hedged"


@pytest.mark.parametrize("kind", ["http_429", "http_503"])
@pytest.mark.parametrize("venue", Venue)
async def test_unavailable_venue_gets_nothing_for_a_while(
    scene_of: MakeScene, venue: Venue, kind: str
) -> None:
    async with scene_of(**{"trading.position_contracts_max": 100}) as scene:
        run = scene.start()
        await run.started()
        scene.fault(venue, kind)
        opened_ns: list[int] = []
        clock = run.app.seams.clock
        run.on("leg_answered", lambda: opened_ns.append(clock.monotonic_ns()))
        scene.open_edge()
        await run.closed()
        run.on("execution_opened", lambda: opened_ns.append(clock.monotonic_ns()))
        await run.poked(lambda: len(run.of(NoteKind.EXECUTION_OPENED)) > 1)
        await run.closed(2)
        await run.stop()
        # The venue rests for a second from the answer on, which came at most 0.3 s after the
        # first; a look-up that takes longer only moves the end.
        assert opened_ns[1] - opened_ns[0] > 700_000_000


# -- the breaker -------------------------------------------------------------------------------

FAILURES: dict[str, tuple[Venue, str]] = {
    "kalshi unknown": (K, "drop_after"),
    "polymarket unknown": (P, "drop_after"),
    "kalshi unavailable": (K, "http_503"),
    "polymarket rate limited": (P, "http_429"),
    "kalshi missed, rolled back at a loss": (K, "kill"),
    "polymarket missed, rolled back at a loss": (P, "kill"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_breaker_opens_stops_orders_and_closes_by_a_probe(
    scene_of: MakeScene, failure: str
) -> None:
    limits = {
        "trading.position_contracts_max": 200,
        "breaker.failures_max": 2,
        "breaker.open_seconds": Decimal("2.5"),
    }
    venue, kind = FAILURES[failure]
    async with scene_of(**limits) as scene:
        run = scene.start()
        await run.started()
        breaker = run.app.engine
        # One fault for each execution, armed in the moment in which it begins.
        run.on_each("execution_opened", lambda: scene.fault(venue, kind))
        while breaker.breaker_state is BreakerState.CLOSED:
            count = len(run.closings)
            scene.open_edge()
            await run.poked(partial(run.has_closed_since, count))
            await run.calmed()
        assert len(run.closings) == 2
        run.on_each("execution_opened", lambda: None)
        before = scene.keys_at_wire()
        scene.open_edge()
        ticks = run.app.stats.ticks
        while run.app.stats.ticks < ticks + 20:
            scene.poke()
            run.app.changed.clear()
            await run.app.changed.wait()
        # On a machine that was long at it the probe may be due; it was not while it is still open.
        if breaker.breaker_state is BreakerState.OPEN:
            assert scene.keys_at_wire() == before
        await run.poked(lambda: breaker.breaker_state is BreakerState.CLOSED)
        await run.stop()
        states = [fields["state"] for fields in run.of(NoteKind.BREAKER_CHANGED)]
        assert states == ["open", "half_open", "closed"]


# -- the end, and the next start ---------------------------------------------------------------


@pytest.mark.parametrize("venue", Venue)
async def test_stop_with_a_leg_in_flight_drains_it(scene_of: MakeScene, venue: Venue) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.fault(venue, "delay", delay_ms=300)
        run.on("execution_opened", run.app.stop)
        scene.open_edge()
        await run.until(run.task.done, "the end")
        await run.stop()
        (closing,) = run.closings
        assert closing["closed_as"] == "hedged"
        assert scene.held(Direction.KALSHI_YES) == (20 * ONE, 20 * ONE)


# What becomes of each leg when the process dies between send and answer.
DEATHS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "kalshi answer late": ({"kind": "delay", "delay_ms": 600, "when": "after"}, {}, "hedged"),
    "kalshi lands late": ({"kind": "delay", "delay_ms": 300}, {}, "any"),
    "polymarket lands late": ({}, {"kind": "delay", "delay_ms": 300}, "hedged"),
    "polymarket answer late": ({}, {"kind": "delay", "delay_ms": 600, "when": "after"}, "hedged"),
    "both answers late": (
        {"kind": "delay", "delay_ms": 600, "when": "after"},
        {"kind": "delay", "delay_ms": 600, "when": "after"},
        "hedged",
    ),
    "kalshi never landed": ({"kind": "drop_before"}, {}, "rolled_back"),
    "polymarket never landed": ({}, {"kind": "drop_before"}, "rolled_back"),
    "neither landed": ({"kind": "drop_before"}, {"kind": "drop_before"}, "missed"),
}


@pytest.mark.parametrize("death", DEATHS)
async def test_killed_after_send_restart_asks_for_exactly_these_orders(
    scene_of: MakeScene, death: str
) -> None:
    kalshi, polymarket, wanted = DEATHS[death]
    async with scene_of() as scene:
        first = scene.start()
        await first.started()
        for venue, rule in ((K, kalshi), (P, polymarket)):
            if rule:
                scene.fault(venue, **rule)
        scene.open_edge()
        await first.until(lambda: first.of(NoteKind.EXECUTION_OPENED), "the execution")
        sent = await first.sent(2)
        await first.kill()
        # Nothing new: only what the first process left is to be dealt with.
        second = scene.start(**TOO_SMALL)
        (closing,) = await second.closed()
        await second.started()
        await second.stop()
        assert closing["execution_no"] == 1
        if wanted != "any":
            assert closing["closed_as"] == wanted
        assert sent <= second.keys_journalled()
        held_kalshi_e6, held_polymarket_e6 = scene.held(Direction.KALSHI_YES)
        assert abs(held_kalshi_e6 - held_polymarket_e6) < LOT_E6


async def test_modelled_fee_differs_is_adjusted_to_the_balance(scene_of: MakeScene) -> None:
    async with scene_of(polymarket={"fee_rounding": "down"}) as scene:
        run = scene.start()
        await run.started()
        scene.open_edge(polymarket=((4_990, 13), (5_000, 400)))
        await run.closed()
        # The first look raises the doubt, the drain's look confirms it.
        await run.until(lambda: run.app.accounts._doubt, "a difference of cash")
        await run.stop()
        (adjusted,) = [
            record for record in run.records if isinstance(record, FeeAdjusted) and record.fills
        ]
        assert 0 < adjusted.micros <= 22


async def test_fill_fails_between_two_runs_other_leg_is_closed_by_the_second(
    scene_of: MakeScene,
) -> None:
    async with scene_of(polymarket={"mined_after_ms": 60_000}) as scene:
        first = scene.start()
        await first.started()
        scene.open_edge()
        await first.closed()
        await first.stop()
        scene.close_edge()
        scene.bid(K, Outcome.YES, 3_900, 200)
        polymarket = scene.venues[P]
        assert isinstance(polymarket, PolymarketSim)
        for trade in list(polymarket.trades.by_id.values()):
            polymarket.trades.advance(trade, "FAILED")
        second = scene.start(**TOO_SMALL)
        await second.until(lambda: scene.held(Direction.KALSHI_YES) == (0, 0), "no holdings")
        await second.settled()
        await second.stop()
        assert "fill_voided" in second.alarms()
        assert second.closings[-1]["closed_as"] == "rolled_back"


@pytest.mark.parametrize("direction", Direction)
async def test_second_run_trades_on_with_what_the_first_left(
    scene_of: MakeScene, direction: Direction
) -> None:
    async with scene_of() as scene:
        first = scene.start()
        await first.started()
        scene.open_edge(direction)
        await first.closed()
        await first.stop()
        second = scene.start(**{"trading.position_contracts_max": 30})
        await second.started()
        # The first one's may be closed once more: its fill was perhaps not final yet.
        await second.poked(lambda: [one for one in second.closings if one["execution_no"] > 1])
        await second.stop()
        assert second.closings[-1]["execution_no"] == 2
        assert scene.held(direction) == (30 * ONE, 30 * ONE)


@pytest.mark.parametrize("kind", ["drop_after", "delay"])
async def test_order_that_nobody_tells_of_does_not_hold_up_the_end(
    scene_of: MakeScene, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a look-up nor a settlement without an end keeps the process from ending."""
    monkeypatch.setattr(waiting, "DRAIN_S", 0.3)
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        # A delay of a millisecond is none: there the answer comes, and only its fills do not.
        rule: dict[str, Any] = {"delay_ms": 1} if kind == "delay" else {}
        scene.fault(P, kind, **rule)
        scene.fault(P, "http_500", on="GET /data", count=1_000)
        scene.fault(P, "ws_silent", on="ws /ws/user", delay_ms=60_000)
        scene.open_edge()
        await run.until(lambda: len(run.answers(0) + run.answers(1)) == 2, "both answers")
        run.app.stop()
        async with asyncio.timeout(5):
            await run.task
        assert run.closings == []
        # The next start finds it, and its end.
        scene.venues[P].faults.clear()
        second = scene.start(**TOO_SMALL)
        (closing,) = await second.closed()
        await second.stop()
        assert (closing["execution_no"], closing["closed_as"]) == (1, "hedged")
        assert scene.held(Direction.KALSHI_YES) == (20 * ONE, 20 * ONE)


async def test_bug_in_a_decision_ends_the_run_and_finishes_what_is_open(
    scene_of: MakeScene,
) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.fault(K, "delay", delay_ms=200)
        not_an_event: Any = object()
        run.on("execution_opened", lambda: run.app.feed(not_an_event))
        scene.open_edge()
        async with asyncio.timeout(5):
            await run.task
        assert run.app.is_broken
        assert [closing["closed_as"] for closing in run.closings] == ["hedged"]
        assert (run.difference_micros, run.net_e6) == (0, 0)


@pytest.mark.parametrize("venue", Venue)
async def test_market_that_rejects_is_not_tried_again_and_again(
    scene_of: MakeScene, venue: Venue
) -> None:
    words = {K: ("inactive", "active"), P: ("paused", "open")}[venue]
    async with scene_of(**{"trading.position_contracts_max": 200}) as scene:
        run = scene.start()
        await run.started()
        sim, market = scene.venues[venue], scene.native(venue)
        run.on("execution_opened", lambda: sim.set_status(market, words[0]))
        scene.open_edge()
        await run.closed()
        for _ in range(20):
            scene.poke(venue.other)
            run.app.changed.clear()
            await run.app.changed.wait()
        await run.settled()
        assert len(run.closings) == 1
        sim.set_status(market, words[1])
        await run.stop()


# -- what the venues say beside the streams ----------------------------------------------------


async def test_paused_shard_is_waited_for_and_traded_again(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        kalshi = scene.venues[K]
        assert isinstance(kalshi, KalshiSim)
        run = scene.start()
        await run.started()
        shard = kalshi.desk.shards[run.app.markets[scene.pair.kalshi].shard]
        shard.trading_active = False
        await run.until(lambda: "venue_closed" in run.alarms())
        scene.open_edge()
        ticks = run.app.stats.ticks
        await run.poked(lambda: run.app.stats.ticks > ticks + 4)
        assert scene.keys_at_wire() == set()
        shard.trading_active = True
        await run.until(lambda: "venue_opened" in run.alarms())
        await run.poked(lambda: run.closings)
        await run.stop()
        assert run.closings[0]["closed_as"] == "hedged"
