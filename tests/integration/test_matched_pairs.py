"""Pairs that are armed in the database: they join the running daemon, trade, and leave."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.daemon import CONFIG, K, P, Run, Scene
from tests.support.table import ARMED, DISARMED, MakeTable
from twoleg.core.actions import NoteKind
from twoleg.core.fingerprint import rules_fingerprint
from twoleg.core.market import Direction
from twoleg.errors import DatabaseUnavailable
from twoleg.runtime import pair_keeper
from twoleg.runtime.children import Program, Task
from twoleg.runtime.pairing import Upkeep
from twoleg.settings import Declared
from twoleg.sim.kalshi.venue import KalshiSim

REWRITTEN = "If it rains in Paris, then the market resolves to Yes."
OTHER_QUESTION = {
    "title": "Will the Federal Reserve cut rates by 50bps at its March 2027 meeting?",
    "yes_sub_title": "Cut 50bps",
    "rules": "If the upper bound of the federal funds target range is lowered by exactly 50 basis "
    "points at the March 2027 FOMC meeting, the market resolves to Yes.",
}
"""As it stands on the other venue, but of another meeting."""


def kalshi_of(scene: Scene) -> KalshiSim:
    sim = scene.venues[K]
    assert isinstance(sim, KalshiSim)
    return sim


async def ticked(run: Run, count: int) -> None:
    """Let the daemon decide on so many further ticks."""
    ticks = run.app.stats.ticks
    await run.poked(lambda: run.app.stats.ticks >= ticks + count)


# -- joining and leaving -----------------------------------------------------------------------


async def test_pair_armed_in_the_table_joins_and_trades_until_it_is_disarmed(
    table_of: MakeTable,
) -> None:
    async with table_of(**{"trading.position_contracts_max": 200}) as table:
        run = await table.started()
        await table.joined(run)
        table.scene.open_edge()
        (closing,) = await run.closed()
        assert closing["closed_as"] == "hedged"
        await run.calmed()
        await table.move(DISARMED)
        await run.until(lambda: table.state_in(run) is DISARMED, "the pair disarmed")
        sent, closed = table.scene.keys_at_wire(), len(run.closings)
        table.scene.open_edge()
        await ticked(run, 10)
        assert table.scene.keys_at_wire() == sent
        await table.move(ARMED)
        await run.until(lambda: table.state_in(run) is ARMED, "the pair armed again")
        await run.poked(lambda: run.has_closed_since(closed))
        await run.stop()
        assert run.alarms() == []


async def test_run_without_a_pair_in_the_file_trades_what_joins(table_of: MakeTable) -> None:
    async with table_of() as table:
        table.scene.more_pairs = ()
        run = await table.started()
        await table.joined(run)
        table.scene.open_edge()
        (closing,) = await run.closed()
        assert closing["closed_as"] == "hedged"
        await run.stop()


async def test_candidate_is_not_followed_and_a_pair_waits_for_its_own_edge(
    table_of: MakeTable,
) -> None:
    async with table_of() as table:
        run = await table.started()
        await table.propose(run, edge_micros_min=300_000)
        await ticked_without(run)
        assert table.state_in(run) is None
        await table.move(ARMED)
        await run.until(lambda: table.state_in(run) is ARMED, "the pair in the run")
        await run.until(lambda: run.app.engine.live_books() == 4, "its books")
        table.scene.open_edge()
        await ticked(run, 10)
        await run.stop()
        assert table.scene.keys_at_wire() == set()


async def ticked_without(run: Run) -> None:
    """Let the keeper read the table at least once more."""
    run.app.pairing._keeper._moved.set()
    for _ in range(20):
        await asyncio.sleep(0.005)


async def ticked_until(condition: Callable[[], object], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        is_so = condition()
        while not is_so:
            # The keeper's sessions have no event of their own.
            await asyncio.sleep(0.02)
            is_so = condition()


async def test_couple_of_the_file_is_left_to_the_file(table_of: MakeTable) -> None:
    async with table_of() as table:
        table.scene.is_declared = True
        run = await table.started()
        with capture_logs() as logs:
            await table.propose(run)
            await table.move(ARMED)
            await run.until(lambda: _told(logs, "pair_is_in_the_file"), "the word on it")
            await table.move(DISARMED)
            await table.move(ARMED)
            await ticked_without(run)
        assert len(_told(logs, "pair_is_in_the_file")) == 1
        assert table.state_in(run) is None
        await run.stop()


def _told(logs: list[Any], event: str) -> list[Any]:
    return [entry for entry in logs if entry["event"] == event]


# -- what the daemon finds ---------------------------------------------------------------------


async def test_changed_text_disarms_at_once_here_and_in_the_table_until_approved_anew(
    table_of: MakeTable,
) -> None:
    async with table_of() as table:
        run = await table.started()
        await table.joined(run)
        kalshi_of(table.scene).lifecycle.set_texts(table.scene.native(K), {"rules": REWRITTEN})
        await run.until(lambda: "rules_changed" in run.alarms(), "the changed text")
        assert table.state_in(run) is DISARMED
        await table.row_is("disarmed", "rules_changed")
        table.scene.open_edge()
        await ticked(run, 10)
        assert table.scene.keys_at_wire() == set()
        # As `twoleg pairs approve` after the texts were read again.
        await run.calmed()
        market = await run.app._kits[0].read_market(table.scene.pair)
        await table.connection.execute(
            "UPDATE twoleg.matched_market_pair SET kalshi_fingerprint = $1 WHERE pair_id = $2",
            rules_fingerprint(market),
            table.id,
        )
        await table.move(ARMED)
        await run.until(lambda: table.state_in(run) is ARMED, "the pair armed anew")
        table.scene.open_edge()
        await run.poked(lambda: run.closings)
        await run.stop()


async def test_text_that_is_not_the_approved_one_never_trades(table_of: MakeTable) -> None:
    async with table_of() as table:
        run = await table.started()
        await table.propose(run, polymarket_fingerprint="sha256:other")
        await table.move(ARMED)
        await table.row_is("disarmed", "rules_changed")
        table.scene.open_edge()
        await ticked(run, 10)
        await run.stop()
        assert table.scene.keys_at_wire() == set()


async def test_token_that_is_not_the_one_of_the_row_disarms(table_of: MakeTable) -> None:
    async with table_of() as table:
        run = await table.started()
        await table.propose(run, yes_token="1234")
        await table.move(ARMED)
        await table.row_is("disarmed", "token_changed")
        table.scene.open_edge()
        await ticked(run, 10)
        await run.stop()
        assert table.scene.keys_at_wire() == set()


async def test_prices_apart_for_long_disarm_the_pair(table_of: MakeTable) -> None:
    wanted = {"quarantine.gap_minutes": 1, "quarantine.opposite_seconds": 1}
    async with table_of() as table:
        run = await table.started(**wanted)
        await table.joined(run)
        scene = table.scene
        for venue, mid_e4 in ((K, 8_000), (P, 2_000)):
            outcome = scene.bought(Direction.KALSHI_YES, venue)
            yes_e4 = mid_e4 if outcome.value == "yes" else 10_000 - mid_e4
            scene.bid(venue, outcome, yes_e4 - 100, 50)
            scene.offer(venue, outcome, yes_e4 + 100, 50)
        await run.until(lambda: "polarity_contradicted" in run.alarms(), "the contradiction")
        assert table.state_in(run) is DISARMED
        await table.row_is("disarmed", "polarity_contradicted")
        (told,) = [n for n in run.of(NoteKind.ALARM) if n["event"] == "polarity_contradicted"]
        assert (told["kalshi_yes_e4"], told["polymarket_yes_e4"]) == (8_000, 2_000)
        await run.stop()


# -- what a sync finds -------------------------------------------------------------------------


def crawling(scene: Scene, dsn: str) -> Program:
    """The real program, with the settings of a scene."""
    names = {
        K: {"REST_URL": "rest"},
        P: {"CLOB_URL": "clob", "GAMMA_URL": "gamma", "DATA_URL": "data"},
    }
    urls = {
        f"TWOLEG_{venue.name}__{key}": scene.urls[venue][name]
        for venue, keys in names.items()
        for key, name in keys.items()
    }
    state = {"TWOLEG_DAEMON__STATE_DIR": str(scene.folder / "state"), "DATABASE_URL": dsn}
    return Program({**os.environ, **urls, **state}, ("--config", str(CONFIG)))


async def test_rule_text_that_a_sync_finds_changed_disarms_before_any_order(
    table_of: MakeTable,
) -> None:
    """The venue's push is lost, and the next reading of the terms is minutes away."""
    async with table_of(**{"catalogue.match_minutes": 0}) as table:
        scene = table.scene
        scene.upkeep = Upkeep(crawling(scene, "postgres://not-this-one"))
        with capture_logs() as logs:
            run = await table.started()
            # A child gives way to everything else on the machine.
            await ticked_until(lambda: len(_told(logs, "child_ended")) == 1, 90)
            known = await table.connection.fetch(
                "SELECT venue, rules_fingerprint FROM twoleg.catalogue_market"
                " WHERE native_id = ANY($1)",
                [scene.native(K), scene.native(P)],
            )
            # What a sync has stored is what the running daemon compares with.
            await table.joined(run, **{f"{row[0]}_fingerprint": row[1] for row in known})
            assert "rules_changed" not in run.alarms()
            market = kalshi_of(scene).markets[scene.native(K)]
            market.describe(replace(market.pair.kalshi, rules=REWRITTEN), kalshi_of(scene).now_s())
            children = run.app.pairing._children
            assert children is not None
            children._plans[Task.SYNC].due_ns = 0
            await ticked_until(lambda: len(_told(logs, "child_ended")) == 2, 60)
            await run.until(lambda: table.state_in(run) is DISARMED, "the pair disarmed")
            assert await table.row() == ("disarmed", "rules_changed")
            scene.open_edge()
            await ticked(run, 10)
        assert _told(logs, "child_failed") == []
        await run.stop()
        assert scene.keys_at_wire() == set()


async def test_declared_pair_that_the_catalogue_speaks_against_is_disarmed_before_it_is_armed(
    table_of: MakeTable,
) -> None:
    async with table_of(**{"catalogue.match_minutes": 0}) as table:
        scene = table.scene
        scene.is_declared = True
        kalshi_of(scene).lifecycle.set_texts(scene.native(K), OTHER_QUESTION)
        first = await table.started(**{"catalogue.sync_hours": 1})
        await first.stop()
        program = crawling(scene, "")
        sync = await asyncio.create_subprocess_exec(
            *program.command(Task.SYNC, ()),
            env={**program.environment, "DATABASE_URL": table.dsn},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await sync.wait() == 0
        both = ("deadline", "polarity")
        for acknowledged, state in (((), DISARMED), (both[:1], DISARMED), (both, ARMED)):
            scene.upkeep = Upkeep(None, (Declared(scene.pair, acknowledged),))
            run = await table.started()
            pairs = {pair.id: pair.state for pair in run.app.pairing.followed()}
            assert pairs[scene.pair.id] is state
            missing = ", ".join(name for name in both if name not in acknowledged)
            told = [n["vetoes"] for n in run.of(NoteKind.ALARM) if n["event"] == "vetoed"]
            assert told == ([missing] if missing else [])
            if state is DISARMED:
                scene.open_edge()
                await ticked(run, 10)
                assert scene.keys_at_wire() == set()
                scene.close_edge()
            await run.stop()


# -- the database away, and restarts -----------------------------------------------------------


class Away:
    """A database that can be away for the keeper; the shipper still reaches it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_away = False
        self.asked = 0
        original = pair_keeper._read_armed

        async def read(*arguments: Any) -> Any:
            self.asked += 1
            if self.is_away:
                raise DatabaseUnavailable("a test")
            return await original(*arguments)

        monkeypatch.setattr(pair_keeper, "_read_armed", read)


async def test_database_that_goes_away_changes_nothing_and_is_told_once(
    table_of: MakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away(monkeypatch)
    async with table_of() as table:
        run = await table.started()
        await table.joined(run)
        with capture_logs() as logs:
            away.is_away, asked = True, away.asked
            await table.move(DISARMED)
            await ticked_until(lambda: away.asked >= asked + 3)
            assert table.state_in(run) is ARMED
            table.scene.open_edge()
            await run.closed()
            away.is_away = False
            await run.until(lambda: table.state_in(run) is DISARMED, "the pair disarmed")
        assert len(_told(logs, "pairs_not_read")) == 1
        await run.stop()


async def test_restart_follows_what_is_held_disarmed_until_the_table_says_armed(
    table_of: MakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away(monkeypatch)
    async with table_of(**{"trading.position_contracts_max": 200}) as table:
        run = await table.started()
        await table.joined(run)
        table.scene.open_edge()
        await run.closed()
        await run.calmed()
        await run.stop()
        away.is_away = True
        again = table.scene.start()
        await again.until(lambda: table.state_in(again) is not None, "the held pair")
        assert table.state_in(again) is DISARMED
        await again.until(lambda: again.app.engine.live_books() == 4, "its books")
        sent = table.scene.keys_at_wire()
        table.scene.open_edge()
        await ticked(again, 10)
        assert table.scene.keys_at_wire() == sent
        away.is_away = False
        await again.until(lambda: table.state_in(again) is ARMED, "the pair armed")
        await again.poked(lambda: again.closings)
        await again.stop()


async def test_disarmed_by_a_process_that_died_stays_so_although_the_row_says_armed(
    table_of: MakeTable,
) -> None:
    """The note may reach the table only after the next process has begun to read it."""
    async with table_of() as table:
        run = await table.started()
        await table.joined(run)
        shipper = run.app.archive._shipper  # type: ignore[attr-defined]  # the real one
        shipper._ship_batch = _never
        kalshi_of(table.scene).lifecycle.set_texts(table.scene.native(K), {"rules": REWRITTEN})
        await run.until(lambda: "rules_changed" in run.alarms(), "the changed text")
        await run.kill()
        assert await table.row() == ("armed", "a test")
        again = await table.started()
        await table.row_is("disarmed", "rules_changed")
        await ticked_without(again)
        assert table.state_in(again) is not ARMED
        table.scene.open_edge()
        # Nobody follows the scene's pair: there is nothing to compare at an orderly end.
        await again.kill()
        assert table.scene.keys_at_wire() == set()


async def _never(*_: Any) -> None:
    await asyncio.Event().wait()
