"""The daemon between both simulators while its accounts move without it."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.daemon import K, P, Run, Scene
from tests.support.runtime import ONE, spec_of
from tests.support.scenes import MakeScene
from twoleg.core.actions import NoteKind
from twoleg.core.events import AnswerStatus
from twoleg.core.flows import FlowKind
from twoleg.core.market import Direction, MarketId, Side, TimeInForce, Venue
from twoleg.runtime import accounts, owner
from twoleg.runtime.operators import AcceptRequest
from twoleg.runtime.recovery import Reading, Recovered
from twoleg.runtime.snapshots import snapshot_of
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.chain import move
from twoleg.sim.polymarket.ledger import Wallet
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.storage.records import AnyRecord, CashFlowSeen, CashOpened, PositionOpened, StrangerSeen


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "LOOK_AGAIN_S", 0.2)
    monkeypatch.setattr(owner, "CHECK_S", 0.1)


def kalshi_of(scene: Scene) -> KalshiSim:
    sim = scene.venues[K]
    assert isinstance(sim, KalshiSim)
    return sim


def polymarket_of(scene: Scene) -> tuple[PolymarketSim, Wallet]:
    sim = scene.venues[P]
    assert isinstance(sim, PolymarketSim)
    wallet = sim.wallets.get(str(sim.credentials()["deposit_wallet"]))
    assert wallet is not None
    return sim, wallet


def market_of(run: Run, venue: Venue) -> MarketId:
    return run.scene.pair.market_on(venue)


async def compared(run: Run) -> None:
    await run.app._reconcile.look()


def flows(run: Run) -> list[tuple[FlowKind, int]]:
    return [
        (record.flow.kind, record.flow.micros)
        for record in run.records
        if isinstance(record, CashFlowSeen)
    ]


async def trade_behind(
    run: Run, venue: Venue, *, contracts: int, price_e4: int, **more: Any
) -> Any:
    """An order of our account that our daemon does not know: somebody else has the key."""
    kit = next(kit for kit in run.app._kits if kit.venue is venue)
    assert kit.orders is not None
    market = run.app.markets[market_of(run, venue)]
    spec = spec_of(
        venue, market=market, size_e6=contracts * ONE, limit_e4=price_e4, execution_no=9, **more
    )
    return await kit.orders.send(kit.orders.prepare(spec))


async def ended(run: Run) -> None:
    """An orderly end; what somebody else moved stays a difference between record and venues."""
    run.app.stop()
    await run.task


async def refused(run: Run) -> None:
    """An edge that would be taken is not."""
    run.scene.open_edge()
    ticks = run.app.stats.ticks
    await run.poked(lambda: run.app.stats.ticks > ticks + 6)
    assert run.of(NoteKind.EXECUTION_OPENED) == []


# -- flows -------------------------------------------------------------------------------------


async def test_deposit_and_withdrawal_are_booked_by_their_ids(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        kalshi = kalshi_of(scene)
        kalshi.pay("deposits", 12_345, fee_cents=45, account="default", shard=0)
        kalshi.pay("withdrawals", 500, fee_cents=0, account="default", shard=0)
        for _ in range(2):
            await compared(run)
        await run.stop()
        assert sorted(flows(run), key=str) == [
            (FlowKind.DEPOSIT, 123_000_000),
            (FlowKind.WITHDRAWAL, -5_000_000),
        ]
        assert (run.difference_micros, run.alarms()) == (0, [])


async def test_transfer_between_shards_is_booked_at_both_ends(scene_of: MakeScene) -> None:
    async with scene_of(kalshi={"transfer_ms": 0}) as scene:
        run = scene.start()
        await run.started()
        kalshi = kalshi_of(scene)
        source, target = sorted(kalshi.accounts["default"].cash_micros)[:2]
        kalshi.transfers.start(
            kalshi.accounts["default"],
            {
                "source": "event_contract",
                "destination": "event_contract",
                "amount": 5_000,
                "source_exchange_shard": source,
                "destination_exchange_shard": target,
            },
        )
        await compared(run)
        await compared(run)
        await run.stop()
        assert sorted(micros for _, micros in flows(run)) == [-500_000, 500_000]
        assert (run.difference_micros, run.alarms()) == (0, [])


async def test_reward_is_booked_as_a_rebate(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        sim, wallet = polymarket_of(scene)
        wallet.cash_micros += 1_234_567
        sim.note_act(wallet, "REWARD", "", 1_234_567)
        await compared(run)
        await run.stop()
        assert flows(run) == [(FlowKind.REBATE, 1_234_567)]
        assert (run.difference_micros, run.alarms()) == (0, [])


async def test_deposit_that_the_wallet_s_activity_tells_is_booked(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        sim, wallet = polymarket_of(scene)
        for kind, micros in (("DEPOSIT", 5_000_000), ("WITHDRAWAL", -2_000_000)):
            wallet.cash_micros += micros
            sim.note_act(wallet, kind, "", micros)
        await compared(run)
        await run.stop()
        assert sorted(micros for _, micros in flows(run)) == [-2_000_000, 5_000_000]
        assert (run.difference_micros, run.alarms()) == (0, [])


async def test_difference_that_an_operator_accepts_lets_trading_go_on(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        wallet = polymarket_of(scene)[1]
        wallet.cash_micros += 5_000_000
        await compared(run)
        assert "cash_difference" in run.alarms()
        now_ns = run.app.seams.clock.monotonic_ns
        assert run.app.engine.why_closed(now_ns()).startswith("open as long as")
        wanted = AcceptRequest(venue=P, shard=0, micros=5_000_000, reason="gift", actor="test")
        assert run.app.operators.accept(replace(wanted, micros=4_999_999)) is False
        assert run.app.operators.accept(wanted) is True
        # No guard stands any more: what is left ends by itself.
        assert run.app.engine.why_closed(now_ns()).startswith("open for ")
        await compared(run)
        await run.stop()
        assert run.difference_micros == 0
        assert run.alarms()[-2:] == ["cash_difference_gone", "guard_cleared"]


async def test_settlement_and_redemption_end_what_a_pair_holds(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.open_edge()
        await run.closed()
        await run.settled()
        held_kalshi_e6, held_polymarket_e6 = scene.held(Direction.KALSHI_YES)
        assert held_kalshi_e6 == held_polymarket_e6 == 20 * ONE
        scene.close_edge()
        kalshi = kalshi_of(scene)
        for status in ("inactive",):
            kalshi.set_status(scene.native(K), status)
        kalshi.lifecycle.determine(scene.native(K), "yes", None)
        kalshi.lifecycle.settle(scene.native(K))
        sim, wallet = polymarket_of(scene)
        native = scene.native(P)
        sim.set_status(native, "resolved:0")
        sim.note_act(wallet, "REDEEM", native, move(wallet, sim.markets[native], "redeem", 0))
        await run.until(lambda: not run.app._tracker.provisional(), "final fills")
        await compared(run)
        await compared(run)
        await run.stop()
        assert [kind for kind, _ in flows(run)] == [FlowKind.SETTLEMENT, FlowKind.REDEMPTION]
        assert dict(flows(run))[FlowKind.SETTLEMENT] == 20 * ONE
        assert run.difference_micros == 0
        assert "holding_difference" not in run.alarms()


# -- what nobody journalled --------------------------------------------------------------------


@pytest.mark.parametrize("venue", Venue)
async def test_trade_of_somebody_else_bars_the_market(scene_of: MakeScene, venue: Venue) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.offer(venue, scene.bought(Direction.KALSHI_YES, venue), 4_000, 10)
        outcome = scene.bought(Direction.KALSHI_YES, venue)
        more = {"spend_micros": 2_000_000} if venue is P else {}
        answer = await trade_behind(
            run, venue, contracts=5, price_e4=4_000, outcome=outcome, tif=TimeInForce.FOK, **more
        )
        assert answer.status is AnswerStatus.FILLED
        await compared(run)
        assert {"holding_difference", "market_barred", "cash_difference"} <= set(run.alarms())
        (told,) = [note for note in run.of(NoteKind.ALARM) if note["event"] == "holding_difference"]
        assert told["market_id"] == market_of(run, venue)
        assert abs(int(told["yes_e6"])) + abs(int(told["no_e6"])) == 5 * ONE
        # More than ten cents are gone as well.
        now_ns = run.app.seams.clock.monotonic_ns()
        assert "cash_difference" in run.app.engine.why_closed(now_ns)
        await refused(run)
        await ended(run)


async def test_small_trade_of_somebody_else_leaves_the_breaker_closed(scene_of: MakeScene) -> None:
    async with scene_of(**{"breaker.difference_dollars_max": 100}) as scene:
        run = scene.start()
        await run.started()
        outcome = scene.bought(Direction.KALSHI_YES, K)
        scene.offer(K, outcome, 4_000, 10)
        await trade_behind(run, K, contracts=1, price_e4=4_000, outcome=outcome)
        await compared(run)
        assert "market_barred" in run.alarms()
        assert run.app.engine.why_closed(run.app.seams.clock.monotonic_ns()) == ""
        await refused(run)
        # Whoever it was sells it again.
        scene.close_edge()
        scene.bid(K, outcome, 3_900, 10)
        await trade_behind(run, K, contracts=1, price_e4=3_900, outcome=outcome, side=Side.SELL)
        await compared(run)
        assert "market_unbarred" in run.alarms()
        await ended(run)


async def test_cash_is_compared_while_a_residual_is_held(
    scene_of: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing will close it while the end waits.
    monkeypatch.setattr("twoleg.runtime.waiting.DRAIN_S", 0.1)
    unable: dict[str, Any] = {
        "trading.rollback_loss_cents_max": 0,
        "trading.rollback_ladder_cents_ms": [[0, 250]],
        "trading.rollback_attempts_max": 1,
        "trading.exit_depth_percent_min": 0,
        "trading.unwind_loss_cents": 0,
    }
    async with scene_of(**unable) as scene:
        run = scene.start()
        await run.started()
        scene.fault(K, "kill", count=1_000)
        scene.open_edge()
        await run.poked(lambda: "residual_held" in run.alarms())
        scene.close_edge()
        wallet = polymarket_of(scene)[1]
        wallet.cash_micros -= 7_000_000
        await run.until(lambda: not run.app.engine.is_money_moving, "the money")
        await compared(run)
        assert run.app.engine.open_executions == 1
        told = [alarm for alarm in run.of(NoteKind.ALARM) if alarm["event"] == "cash_difference"]
        assert [alarm["micros"] for alarm in told] == [-7_000_000]
        await ended(run)


async def test_orphans_at_the_first_start_are_told_and_never_touched(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        sim, wallet = polymarket_of(scene)
        token = sim.markets[scene.native(P)].spec.token_ids[0]
        sim.wallets.fund(wallet, 0, {token: 7 * ONE})
        run = scene.start()
        await run.started()
        assert {"stranger_found", "market_barred"} <= set(run.alarms())
        await refused(run)
        await ended(run)
        strangers = [record for record in run.records if isinstance(record, StrangerSeen)]
        assert [record.yes_e6 + record.no_e6 for record in strangers] == [7 * ONE]
        assert wallet.tokens_e6[token] == 7 * ONE
        # The next start knows them from the journal, and takes nothing over from the venues.
        second = scene.start()
        await second.started()
        await ended(second)
        assert "stranger_found" in second.alarms()
        assert "holding_difference" not in second.alarms()
        opened = [r for r in second.records if isinstance(r, CashOpened | PositionOpened)]
        assert opened == [r for r in run.records if isinstance(r, CashOpened | PositionOpened)]


async def test_order_of_somebody_else_bars_its_market_and_stays(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        answer = await trade_behind(run, K, contracts=2, price_e4=1_000, tif=TimeInForce.GTC)
        assert answer.status is AnswerStatus.RESTING
        await compared(run)
        assert {"stranger_order_found", "market_barred"} <= set(run.alarms())
        assert "cash_difference" not in run.alarms()
        await refused(run)
        await ended(run)
        resting = kalshi_of(scene).desk.blotter.resting
        assert list(resting) == [answer.venue_order_id]


async def test_trade_behind_a_stopped_daemon_is_found_by_the_next(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        first = scene.start()
        await first.started()
        await first.stop()
        sim, wallet = polymarket_of(scene)
        wallet.cash_micros -= 1_000_000
        second = scene.start()
        await second.started()
        assert "cash_difference" in second.alarms()
        await refused(second)
        await ended(second)
        assert second.difference_micros == 1_000_000
        assert sim.wallets.get(wallet.address) is wallet


# -- one owner ---------------------------------------------------------------------------------


async def test_second_daemon_on_the_same_accounts_starts_nothing(scene_of: MakeScene) -> None:
    async with scene_of() as scene:
        first = scene.start()
        await first.started()
        other = str(scene.folder / "other")
        second = scene.start(**{"daemon.state_dir": other})
        await second.started()
        clock = second.app.seams.clock
        assert "accounts_taken" in second.app.engine.why_closed(clock.monotonic_ns())
        await first.stop()
        await second.until(
            lambda: "accounts_taken" not in second.app.engine.why_closed(clock.monotonic_ns()),
            "the accounts",
        )
        await second.stop()


# -- the journal stays bounded -----------------------------------------------------------------


def facts(records: list[AnyRecord]) -> object:
    """What a start makes of a journal."""
    found, reading = Recovered(), Reading()
    for record in records:
        found = reading.take(found, record)
    told = found.guarded.restored(records[-1].wall_ns)
    return found.next_execution_no, found.executions, found.pairs, found.ledger.dump(), told


async def test_run_is_recovered_alike_from_a_snapshot_at_any_of_its_records(
    scene_of: MakeScene,
) -> None:
    async with scene_of() as scene:
        run = scene.start(**{"trading.position_contracts_max": 40})
        await run.started()
        scene.open_edge()
        await run.poked(lambda: len(run.closings) > 1)
        await run.stop()
        records, wall_ns = run.records, run.records[-1].wall_ns
        whole = facts(records)
        for at in range(len(records)):
            known = Recovered()
            for record in records[:at]:
                known.apply(record)
            snapshot = list(snapshot_of(known, wall_ns))
            assert facts([*snapshot, *records[at:]]) == whole, at
            # The process died while the snapshot was written.
            assert facts([*records[:at], *snapshot[:-1], *records[at:]]) == whole, at
