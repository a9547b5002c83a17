"""Each condition that opens the breaker: a fault near the wire, and no entry order after it."""

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import K, P, Run, Scene
from twoleg.core.breaker import BreakerState
from twoleg.core.events import OperatorAct
from twoleg.core.market import Outcome
from twoleg.runtime import guard
from twoleg.runtime.operators import Request, put_request
from twoleg.runtime.system import SystemClock, SystemEntropy
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.venue import PolymarketSim

MakeScene = Callable[..., AbstractAsyncContextManager[Scene]]
ONE = 1_000_000
TICKS = 12
# Open for so long that nothing heals within a test; each condition is told by its own limit.
PATIENT: dict[str, Any] = {
    "trading.edge_stable_ms": 0,
    "trading.position_contracts_max": 200,
    "breaker.failures_max": 1_000,
    "breaker.open_seconds": Decimal(3_600),
}
AT_ONCE = {"breaker.rate_window": 1}


async def nothing_leaves(scene: Scene, run: Run) -> None:
    """Offer the edge anew and tick: no order reaches a venue."""
    await run.settled()
    before = scene.keys_at_wire()
    scene.close_edge()
    scene.open_edge()
    ticks = run.app.stats.ticks
    await run.poked(lambda: run.app.stats.ticks > ticks + TICKS)
    assert scene.keys_at_wire() == before
    assert run.app.engine.open_executions == 0


def why(run: Run) -> str:
    return run.app.engine.why_closed(run.app.seams.clock.monotonic_ns())


async def is_open(run: Run, reason: str) -> None:
    await run.until(lambda: run.app.engine.breaker_state is BreakerState.OPEN, "the open breaker")
    assert reason in why(run)


async def execute(scene: Scene, run: Run) -> None:
    """Let one more execution run to its end."""
    count = len(run.closings)
    scene.open_edge()
    await run.poked(lambda: len(run.closings) > count)
    await run.calmed()


@pytest.mark.parametrize("kind", ["http_500", "http_503", "drop_after", "drop_before"])
@pytest.mark.parametrize("venue", [K, P])
async def test_consecutive_failures_open_it(scene_of: MakeScene, venue: Any, kind: str) -> None:
    async with scene_of(**{**PATIENT, "breaker.failures_max": 2}) as scene:
        run = scene.start()
        await run.started()
        run.on_each("execution_opened", lambda: scene.fault(venue, kind))
        # Another one may begin before the edge is seen gone: two in all.
        while run.app.engine.breaker_state is BreakerState.CLOSED:
            await execute(scene, run)
        run.on_each("execution_opened", lambda: None)
        assert len(run.closings) == 2
        await is_open(run, "ms more")
        await nothing_leaves(scene, run)
        await run.stop()


async def test_loss_of_a_day_keeps_it_open_after_its_time(scene_of: MakeScene) -> None:
    limits = {"breaker.loss_dollars_max": Decimal("0.01"), "breaker.open_seconds": Decimal("0.001")}
    async with scene_of(**{**PATIENT, **limits}) as scene:
        run = scene.start()
        await run.started()
        scene.fault(K, "kill")
        await execute(scene, run)
        assert run.closings[0]["net_micros"] < -10_000
        await is_open(run, "lost within 24 h")
        await nothing_leaves(scene, run)
        await run.stop()


async def test_unwinds_above_their_rate_open_it(scene_of: MakeScene) -> None:
    limits = {**AT_ONCE, "breaker.unwind_rate_percent_max": Decimal(50)}
    async with scene_of(**{**PATIENT, **limits}) as scene:
        run = scene.start()
        await run.started()
        scene.fault(P, "kill")
        await execute(scene, run)
        await is_open(run, "unwind_rate")
        await nothing_leaves(scene, run)
        await run.stop()


async def test_fill_that_fails_on_chain_opens_it(scene_of: MakeScene) -> None:
    # What is unwound by it does not count here.
    limits = {**AT_ONCE, "breaker.unwind_rate_percent_max": Decimal(100)}
    async with scene_of(polymarket={"mined_after_ms": 60_000}, **{**PATIENT, **limits}) as scene:
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
        await run.closed(2)
        await is_open(run, "void_rate")
        await nothing_leaves(scene, run)
        await run.stop()


async def test_fee_that_its_terms_do_not_explain_opens_it(scene_of: MakeScene) -> None:
    async with scene_of(**PATIENT) as scene:
        run = scene.start()
        await run.started()
        kalshi = scene.venues[K]
        assert isinstance(kalshi, KalshiSim)
        # The series charges half as much again from now on, and nobody is told.
        described = kalshi.markets[scene.native(K)].pair.kalshi
        kalshi.fees.add(
            described, is_event=False, fee_type="quadratic", multiplier_e4=15_000, scheduled_ts_s=0
        )
        await execute(scene, run)
        await is_open(run, "fee_divergence")
        assert "guard_tripped" in run.alarms()
        await nothing_leaves(scene, run)
        await run.stop()


async def test_clock_that_is_off_keeps_it_open_until_it_is_right(
    scene_of: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "EVERY_S", 0.05)
    limits = {"breaker.open_seconds": Decimal("0.001")}
    async with scene_of(**{**PATIENT, **limits}) as scene:
        run = scene.start()
        await run.started()
        true_clock, clock = scene.venues[K].clock, AheadClock(scene.venues[K].clock)
        scene.venues[K].clock = clock
        await run.until(lambda: "clock_skew:kalshi" in why(run), "the skew")
        await nothing_leaves(scene, run)
        scene.venues[K].clock = true_clock
        await run.until(lambda: "guard_cleared" in run.alarms(), "the right clock")
        await execute(scene, run)
        await run.stop()


class AheadClock:
    """The venue's clock, three seconds ahead of ours."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def now_ns(self) -> int:
        return int(self._clock.now_ns()) + 3_000_000_000

    def monotonic_ns(self) -> int:
        return int(self._clock.monotonic_ns())


async def test_write_of_the_journal_that_stalls_opens_it(
    scene_of: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_of(**PATIENT, **{"breaker.journal_stall_ms_max": 50}) as scene:
        run = scene.start()
        await run.started()
        write, clock = os.pwrite, run.app.seams.clock

        def stall(*arguments: Any) -> int:
            monkeypatch.setattr(os, "pwrite", write)
            begun_ns = clock.monotonic_ns()
            while clock.monotonic_ns() - begun_ns < 60_000_000:
                pass
            return write(*arguments)

        monkeypatch.setattr(os, "pwrite", stall)
        await execute(scene, run)
        await is_open(run, "journal_stall")
        await nothing_leaves(scene, run)
        await run.stop()


async def test_journal_without_room_starts_nothing_until_it_has(scene_of: MakeScene) -> None:
    async with scene_of(**PATIENT) as scene:
        run = scene.start()
        await run.started()
        run.app.journal._blocked_ns = 0
        run.app._sentry.look_at_journal()
        await is_open(run, "journal_unwritable")
        await nothing_leaves(scene, run)
        await run.stop()


async def test_paused_venue_gets_no_order(scene_of: MakeScene) -> None:
    async with scene_of(**PATIENT) as scene:
        kalshi = scene.venues[K]
        assert isinstance(kalshi, KalshiSim)
        run = scene.start()
        await run.started()
        shard = kalshi.desk.shards[run.app.markets[scene.pair.kalshi].shard]
        shard.trading_active = False
        await run.until(lambda: "venue_closed" in run.alarms())
        await nothing_leaves(scene, run)
        await run.stop()


# -- operators ------------------------------------------------------------------------------


def ask(scene: Scene, act: OperatorAct) -> Path:
    """Leave a request as the command line does."""
    request = Request(act=act, reason="by test", actor="tester")
    return put_request(scene.folder / "state" / "sim", request, SystemClock(), SystemEntropy())


@pytest.mark.parametrize(
    ("stop", "go"),
    [(OperatorAct.PAUSE, OperatorAct.RESUME), (OperatorAct.HALT, OperatorAct.CLEAR_HALT)],
)
async def test_operator_stops_entries_over_a_restart_until_the_act_that_lets_go(
    scene_of: MakeScene, stop: OperatorAct, go: OperatorAct
) -> None:
    async with scene_of(**PATIENT) as scene:
        first = scene.start()
        await first.started()
        ask(scene, stop)
        await first.until(lambda: "operator_acted" in first.alarms(), "the act")
        await nothing_leaves(scene, first)
        await first.kill()
        second = scene.start()
        await second.started()
        assert "operator" in why(second)
        await nothing_leaves(scene, second)
        ask(scene, go)
        await second.until(lambda: why(second) == "", "the end of it")
        await execute(scene, second)
        await second.stop()


async def test_halt_asked_for_while_nothing_runs_counts_from_the_start(
    scene_of: MakeScene,
) -> None:
    async with scene_of(**PATIENT) as scene:
        ask(scene, OperatorAct.HALT)
        scene.open_edge()
        run = scene.start()
        await run.started()
        assert "by test" in why(run)
        await nothing_leaves(scene, run)
        await run.stop()


async def test_halt_lets_a_rollback_through(scene_of: MakeScene) -> None:
    async with scene_of(**PATIENT) as scene:
        run = scene.start()
        await run.started()
        scene.fault(K, "kill")
        run.on(
            "execution_opened",
            lambda: run.app.operators.operate(OperatorAct.HALT, "in flight", "tester"),
        )
        scene.open_edge()
        await run.poked(lambda: run.closings)
        assert run.closings[0]["unwound_e6"] == 20 * ONE
        await nothing_leaves(scene, run)
        await run.stop()
