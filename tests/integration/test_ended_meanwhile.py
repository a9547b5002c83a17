"""Markets in which something is held, and that ended while no daemon ran."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.support.daemon import K, P, Run, Scene, make_pairs
from tests.support.table import DISARMED, MakeTable, Table
from twoleg.core.actions import NoteKind
from twoleg.core.books import Books
from twoleg.core.events import PositionReported
from twoleg.core.flows import FlowKind
from twoleg.core.holdings import Holdings
from twoleg.core.market import Direction, MarketId, PairId, PairState, Venue
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.storage.records import CashFlowSeen

ONE = 1_000_000
MakeScene = Callable[..., AbstractAsyncContextManager[Scene]]


def end(scene: Scene, venue: Venue, *, yes_wins: bool = True, pays: bool = True) -> None:
    """A market is resolved; Kalshi pays at once, or later."""
    kalshi = scene.venues[K]
    assert isinstance(kalshi, KalshiSim)
    if venue is P:
        scene.venues[P].set_status(scene.native(P), f"resolved:{0 if yes_wins else 1}")
        return
    kalshi.lifecycle.determine(scene.native(K), "yes" if yes_wins else "no", None)
    if pays:
        kalshi.lifecycle.settle(scene.native(K))


def ends(run: Run) -> list[str]:
    told = [note for note in run.of(NoteKind.ALARM) if note["event"] == "market_resolved"]
    return sorted(str(note["market_id"]) for note in told)


def state_of(run: Run, scene: Scene) -> PairState | None:
    pairs = run.app.pairing.followed()
    return next((pair.state for pair in pairs if pair.id == scene.pair.id), None)


async def holding(table: Table) -> None:
    """A first run buys both legs of the scene's pair, and ends."""
    run = await table.started()
    await table.joined(run)
    table.scene.open_edge()
    await run.closed()
    await run.calmed()
    assert table.scene.held(Direction.KALSHI_YES) == (20 * ONE, 20 * ONE)
    await run.stop()
    # It is armed no more, as where a crawl finds its markets closed.
    await table.move(DISARMED)


async def test_held_pair_whose_markets_both_ended_is_told_and_paid(table_of: MakeTable) -> None:
    async with table_of() as table:
        scene = table.scene
        await holding(table)
        for venue in Venue:
            end(scene, venue)
        run = scene.start()
        await run.until(lambda: len(ends(run)) == 2, "both ends")
        assert ends(run) == sorted([scene.pair.kalshi, scene.pair.polymarket])
        assert "results_differ" not in run.alarms()
        owned = run.app.known.ledger.owned_e6
        await run.until(lambda: owned(scene.pair.kalshi) == (0, 0), "the payout")
        flows = [
            record.flow.kind
            for _, record in run.app.journal.read(1)
            if isinstance(record, CashFlowSeen)
        ]
        assert flows == [FlowKind.SETTLEMENT]
        assert owned(scene.pair.polymarket) == (0, 20 * ONE)
        await run.until(lambda: table.state_in(run) is DISARMED, "the held pair")
        run.app.stop()
        await run.task
        assert (run.app.is_broken, run.difference_micros) == (False, 0)
        # What is on record is over: the next start takes nothing up.
        again = scene.start()
        await again.until(again.app.has_started.is_set, "the next start")
        assert again.app.pairing.standing() == ()
        assert ends(again) == []
        await again.kill()


async def test_results_that_differ_are_found_although_both_came_unheard(
    table_of: MakeTable,
) -> None:
    async with table_of() as table:
        await holding(table)
        end(table.scene, K, yes_wins=True)
        end(table.scene, P, yes_wins=False)
        run = table.scene.start()
        await run.until(lambda: "results_differ" in run.alarms(), "the difference")
        await run.kill()


@pytest.mark.parametrize("venue", Venue)
async def test_other_market_of_a_pair_is_followed_to_its_end(
    table_of: MakeTable, venue: Venue
) -> None:
    async with table_of() as table:
        scene = table.scene
        await holding(table)
        end(scene, venue)
        run = scene.start()
        await run.until(lambda: len(ends(run)) == 1, "the end that came meanwhile")
        books = run.app.engine.books().books
        other = scene.pair.market_on(venue.other)
        await run.until(lambda: other in books and books[other].is_live, "the other's book")
        await run.until(lambda: table.state_in(run) is DISARMED, "the held pair")
        end(scene, venue.other)
        await run.until(lambda: len(ends(run)) == 2, "the other's end")
        assert "results_differ" not in run.alarms()
        await run.kill()


async def test_result_of_an_earlier_run_is_compared_with_one_that_comes_now(
    table_of: MakeTable,
) -> None:
    async with table_of() as table:
        scene = table.scene
        await holding(table)
        first = scene.start()
        await first.until(lambda: table.state_in(first) is DISARMED, "the held pair")
        end(scene, P, yes_wins=False)
        await first.until(lambda: ends(first), "the first end")
        await first.stop()
        end(scene, K, yes_wins=True)
        second = scene.start()
        await second.until(lambda: "results_differ" in second.alarms(), "the difference")
        assert ends(second) == [scene.pair.kalshi]
        await second.kill()


async def test_pair_that_the_file_names_no_more_is_followed_while_it_is_held(
    scene_of: MakeScene,
) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.open_edge()
        await run.closed()
        await run.calmed()
        await run.stop()
        scene.is_declared, scene.more_pairs = False, (make_pairs()[1],)
        end(scene, K)
        again = scene.start()
        await again.until(lambda: ends(again) == [scene.pair.kalshi], "the end")
        await again.until(lambda: state_of(again, scene) is DISARMED, "the pair")
        await again.kill()


async def test_found_pair_of_which_something_is_left_is_known_before_that_is_adopted(
    table_of: MakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[MarketId, bool]] = []
    report = Holdings.report
    async with table_of() as table:
        pair = table.scene.pair
        await holding(table)
        pair_id = PairId(table.id_of(pair))

        def heard(self: Holdings, event: PositionReported, books: Books) -> None:
            report(self, event, books)
            told.append((event.market_id, pair_id in self._pairs))

        monkeypatch.setattr(Holdings, "report", heard)
        again = table.scene.start()
        await again.until(again.app.has_started.is_set, "the start")
        # Told first before what is left open is adopted.
        assert next(is_known for market_id, is_known in told if market_id == pair.kalshi)
        await again.kill()


UNABLE: dict[str, Any] = {
    "trading.rollback_loss_cents_max": 0,
    "trading.rollback_ladder_cents_ms": [[0, 250]],
    "trading.rollback_attempts_max": 1,
    "trading.exit_depth_percent_min": 0,
    "trading.unwind_loss_cents": 0,
}
"""A residual is held: no way out is good enough."""


@pytest.mark.parametrize("venue", Venue)
async def test_residual_that_was_held_ends_with_the_market_that_pays_for_it(
    table_of: MakeTable, monkeypatch: pytest.MonkeyPatch, venue: Venue
) -> None:
    monkeypatch.setattr("twoleg.runtime.waiting.DRAIN_S", 0.1)
    async with table_of(**UNABLE) as table:
        scene = table.scene
        run = await table.started()
        await table.joined(run)
        scene.fault(venue.other, "kill", count=1_000)
        scene.open_edge()
        await run.poked(lambda: "residual_held" in run.alarms())
        scene.close_edge()
        await run.until(lambda: not run.app.engine.is_money_moving, "the money")
        await run.kill()
        await table.move(DISARMED)
        end(scene, venue, pays=False)
        again = scene.start()
        (closing,) = await again.closed()
        assert closing["closed_as"] == "unhedged"
        assert ends(again) == [scene.pair.market_on(venue)]
        await again.until(again.app.has_started.is_set, "the start")
        await again.kill()
