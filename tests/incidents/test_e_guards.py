"""Incidents E1 to E11: guards that were there and did not guard.

Each test is named after its incident and tells it. What is asserted is what came over the wire,
what stands in the venues' ledgers, and that no further order leaves.
"""

import json
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from msgspec import structs

from tests.incidents.acts import (
    ONE,
    TWENTY,
    AheadClock,
    ask,
    blocked,
    breaker_of,
    cash_micros,
    down,
    execute,
    kalshi_of,
    lost_micros,
    nothing_leaves,
    payouts_e6,
    polymarket_of,
    tick,
    why,
)
from tests.support.core import K as KALSHI_ID
from tests.support.core import P as POLYMARKET_ID
from tests.support.core import Rig, alarms, fires, kalshi_market, order_spec, polymarket_market
from tests.support.daemon import K, P, Run
from tests.support.scenes import MakeScene
from twoleg.core.actions import NoteKind
from twoleg.core.breaker import BreakerState
from twoleg.core.events import OperatorAct
from twoleg.core.fingerprint import rules_fingerprint
from twoleg.core.market import Direction, Polarity, Venue
from twoleg.errors import StorageError
from twoleg.runtime import guard, kalshi_kit, operators, watch
from twoleg.sim.kalshi.errors import refuse
from twoleg.storage.embedded import EmbeddedPostgres
from twoleg.storage.records import AnswerRecorded, IntentRecorded, NoteRecorded, PairSeen
from twoleg.venues.kalshi.answers import judge as judge_kalshi
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.polymarket.answers import read_answer as judge_polymarket

# Several executions, none of which may open the breaker but for the reason of the test.
ROOMY: dict[str, Any] = {
    "trading.edge_stable_ms": 0,
    "trading.position_contracts_max": 200,
    "breaker.failures_max": 1_000,
    "breaker.open_seconds": Decimal(3_600),
}


LEG_ERRORS = [
    (K, "drop_after"),
    (P, "drop_after"),
    (K, "http_503"),
    (P, "http_429"),
    (P, "kill"),
]


@pytest.mark.parametrize(("venue", "kind"), LEG_ERRORS)
async def test_e1_leg_error_at_the_wire_reaches_the_breaker(
    scene_of: MakeScene, venue: Venue, kind: str
) -> None:
    """Errors of a leg were caught and logged below the breaker, which never counted one.

    Whatever goes wrong at the wire, on either venue, counts: with one failure allowed the first
    opens the breaker, what is open is still brought to its end, and no order leaves after it.
    """
    async with scene_of(**{**ROOMY, "breaker.failures_max": 1}) as scene:
        run = scene.start()
        await run.started()
        scene.fault(venue, kind)
        scene.open_edge()
        await run.poked(lambda: run.closings)
        assert run.app.engine.breaker_state is BreakerState.OPEN
        assert len(run.closings) == 1
        await nothing_leaves(run)
        await run.stop()


async def test_e2_unwind_losses_are_booked_and_add_up_to_the_days_limit(
    scene_of: MakeScene,
) -> None:
    """A limit on the day's loss was configured; losses of unwinds were never booked against it.

    Each unwind's loss is counted as what the venues' ledgers lost by it, and the one that exceeds
    the limit is the last: waiting does not help, as the breaker's time is over at once here.
    """
    limits = {"breaker.loss_dollars_max": Decimal("1.2"), "breaker.open_seconds": Decimal("0.001")}
    async with scene_of(**{**ROOMY, **limits}) as scene:
        run = scene.start()
        await run.started()
        before = cash_micros(scene)
        losses: list[int] = []
        while not why(run):
            scene.fault(P, "kill")
            closing = await execute(scene, run)
            losses.append(-closing["net_micros"])
            assert lost_micros(run) == sum(losses) == before - cash_micros(scene)
        # The limit is on the sum; no loss alone exceeds it.
        assert len(losses) > 1
        assert max(losses) < sum(losses[:-1]) + 1 <= 1_200_001 < sum(losses) + 1
        assert "lost within 24 h" in why(run)
        await nothing_leaves(run)
        await run.stop()
        assert scene.held(Direction.KALSHI_YES) == (0, 0)


@pytest.mark.parametrize("what", ["halt", "loss"])
async def test_e3_halt_and_loss_of_the_day_survive_a_kill(
    scene_of: MakeScene, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process was restarted, and with it went the operator's halt and the day's loss.

    Both are in the journal. After a kill the next process is as stopped as the first was, before
    anything new may start, and only the act that ends a halt ends it.
    """
    monkeypatch.setattr(operators, "EVERY_S", 0.1)
    limits = {"breaker.loss_dollars_max": Decimal("0.1"), "breaker.open_seconds": Decimal("0.001")}
    async with scene_of(**{**ROOMY, **(limits if what == "loss" else {})}) as scene:
        first = scene.start()
        await first.started()
        if what == "halt":
            ask(scene, OperatorAct.HALT)
            await first.until(lambda: "operator_acted" in first.alarms(), "the halt")
        else:
            scene.fault(P, "kill")
            await execute(scene, first)
        lost = lost_micros(first)
        sent = scene.keys_at_wire()
        assert bool(sent) is bool(lost) is (what == "loss")
        await first.kill()
        scene.open_edge()
        second = scene.start()
        await second.started()
        assert ("halted by an operator" if what == "halt" else "lost within 24 h") in why(second)
        assert lost_micros(second) == lost
        await nothing_leaves(second)
        assert scene.keys_at_wire() == sent
        if what == "halt":
            ask(scene, OperatorAct.RESUME)
            await second.until(lambda: "operator_acted" in second.alarms(), "the other act")
            await nothing_leaves(second)
            ask(scene, OperatorAct.CLEAR_HALT)
            await second.until(lambda: why(second) == "", "the end of the halt")
            assert (await execute(scene, second))["closed_as"] == "hedged"
        await second.stop()


@pytest.mark.parametrize("state", ["trading_is_paused", "restarting"])
async def test_e4_paused_venue_is_left_alone_until_it_leaves_that_state(
    scene_of: MakeScene, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One halted market was sent the same order 335 times.

    A refusal as paused (Kalshi's code, Polymarket's 425) moves the venue into a state: it gets one
    order and no other until it has left it, and then it does get one. Kalshi says when; Polymarket
    has nothing to ask, so there the next order asks, after a pause that grows with each refusal. It
    asks alone: nothing is at stake on Kalshi before Polymarket has taken it.
    """
    venue = K if state == "trading_is_paused" else P
    # Kalshi's word of a pause is believed over its status for 15 s; here for less.
    options_of = kalshi_kit._options_of
    monkeypatch.setattr(watch, "EVERY_S", 0.2)
    monkeypatch.setattr(
        kalshi_kit,
        "_options_of",
        lambda wanted: structs.replace(options_of(wanted), pause_hold_ms=500),
    )
    async with scene_of(**ROOMY) as scene:
        run = scene.start()
        await run.started()
        shard = kalshi_of(scene).desk.shards[run.app.markets[scene.pair.kalshi].shard]
        gate = polymarket_of(scene).gate

        def shut() -> None:
            if venue is K:
                shard.trading_active = False
            else:
                gate.set_mode(state, None)

        # In the moment in which both legs leave.
        run.on("execution_opened", shut)
        scene.open_edge()
        await run.closed()
        await run.until(lambda: "venue_closed" in run.alarms(), "the state")
        # Kalshi is shut for as long as the test wants, Polymarket's first pause is short.
        await tick(run, 40 if venue is K else 5)
        (refused,) = scene.wire.orders(venue)
        assert refused.status == (409 if venue is K else 425)
        assert run.answers(0 if venue is K else 1) == ["rejected"]
        # The other venue filled its leg and took it back: nothing else.
        assert len(scene.wire.orders(venue.other)) == 2
        if venue is P:
            await asks_alone(run)
        shard.trading_active = True
        gate.set_mode("normal", None)
        await run.until(lambda: run.alarms()[-1] == "venue_opened", "the end of it")
        count, taken = len(run.closings), len(scene.wire.orders())
        await run.poked(lambda: len(run.closings) > count)
        scene.close_edge()
        assert run.closings[-1]["closed_as"] == "hedged"
        await run.settled()
        legs = sorted(scene.wire.orders(), key=lambda leg: leg.at_ns)[taken : taken + 2]
        if venue is P:
            # It was in doubt still, and came first.
            assert [leg.venue for leg in legs] == [P, K]
        await run.stop()


async def asks_alone(run: Run) -> None:
    """Polymarket is still not back when its pause is over: two more orders ask, each alone."""
    scene = run.scene
    kalshi = len(scene.wire.orders(K))
    while len(run.closings) < 3:
        count = len(run.closings)
        await run.until(lambda: run.alarms()[-1] == "venue_opened", "the end of the pause")
        await run.poked(partial(run.has_closed_since, count))
        closing = run.closings[-1]
        assert (closing["closed_as"], closing["net_micros"]) == ("missed", 0)
        await run.until(lambda: run.alarms()[-1] == "venue_closed", "the state")
    asked = scene.wire.orders(P)
    assert [one.status for one in asked] == [425, 425, 425]
    assert len(scene.wire.orders(K)) == kalshi
    # One second, then two; here every duration takes half as long.
    pauses_ns = [later.at_ns - earlier.at_ns for earlier, later in pairwise(asked)]
    assert pauses_ns[0] > 500_000_000
    assert pauses_ns[1] > 1_000_000_000


async def test_e5_unwind_has_rate_tokens_of_its_own(scene_of: MakeScene) -> None:
    """The rate limit was used up by entries, and the unwind of a lone leg was what it hit.

    All tokens that entries may use are gone when Polymarket's leg turns out to have missed: the
    unwind on Kalshi leaves at once, from the reserve, and is the only order that does.
    """
    reserve, cost = 40, 10
    settings = {"kalshi.rollback_tokens_reserve": reserve}
    async with scene_of(kalshi={"rate_limits": True}, **{**ROOMY, **settings}) as scene:
        run = scene.start()
        await run.started()
        (orders,) = [kit.orders for kit in run.app._kits if kit.venue is K]
        assert isinstance(orders, KalshiOrders)
        bucket = orders._http.writes(0)
        entries: list[bool] = []

        def use_up() -> None:
            assert bucket.try_take(bucket.available - reserve)
            entries.append(bucket.try_take(cost))

        run.on("unwind_started", use_up)
        scene.fault(P, "kill")
        closing = await execute(scene, run)
        await run.stop()
        assert entries == [False]
        assert closing["unwound_e6"] == TWENTY
        entry, unwind = scene.wire.orders(K)
        assert (entry.status, unwind.status) == (201, 201)
        # It was not held back even once, by us or by the venue.
        answers = [record for record in run.records if isinstance(record, AnswerRecorded)]
        told = [record.answer.status.value for record in answers if record.venue is K]
        assert told == ["filled", "filled"]
        assert scene.held(Direction.KALSHI_YES) == (0, 0)


FOK_KILLED = "fill_or_kill_insufficient_resting_volume"
KALSHI_CODES: list[tuple[int, str, str, bool]] = [
    (409, FOK_KILLED, "missed", False),
    (409, "order_already_exists", "unknown", False),
    (409, "trading_is_paused", "rejected", True),
    (409, "market_inactive", "rejected", False),
    (401, "authentication_error", "rejected", False),
    (401, "header_timestamp_expired", "rejected", False),
    (429, "", "rejected", True),
    (409, "never_heard_of", "unknown", False),
]
POLYMARKET_TEXTS: list[tuple[int, str, str, bool]] = [
    (
        400,
        "order couldn't be fully filled. FOK orders are fully filled or killed.",
        "missed",
        False,
    ),
    (400, "not enough balance / allowance", "rejected", False),
    (401, "Unauthorized/Invalid api key", "rejected", True),
    (425, "matching engine is restarting", "rejected", True),
    (429, "Too Many Requests", "rejected", True),
    (503, "Trading is currently disabled. Check polymarket.com for updates", "rejected", True),
    (500, "could not insert order", "unknown", False),
]


@pytest.mark.parametrize(("http_status", "code", "status", "waits"), KALSHI_CODES)
def test_e6_kalshi_refusal_is_read_by_its_code(
    http_status: int, code: str, status: str, *, waits: bool
) -> None:
    """Every 409 was read as "fill-or-kill killed", every 401 as "rate limit".

    The code decides: a kill is a clean miss, an id that exists is not known, a pause closes the
    venue, a key that is refused is no rate limit, and a word that nobody knows is not known.
    """
    body: dict[str, Any] = {"error": {"code": code, "message": code}}
    if not code:
        body = {"error": "too many requests"}
    answer = judge_kalshi(http_status, json.dumps(body).encode(), order_spec(kalshi_market()), "k")
    assert (answer.status.value, answer.is_unavailable) == (status, waits)
    assert (answer.code == "rate_limited") is (http_status == 429)


@pytest.mark.parametrize(("http_status", "text", "status", "waits"), POLYMARKET_TEXTS)
def test_e6_polymarket_refusal_is_read_by_its_text(
    http_status: int, text: str, status: str, *, waits: bool
) -> None:
    """As above, where the venue has texts instead of codes."""
    body = json.dumps({"error": text}).encode()
    answer = judge_polymarket(order_spec(polymarket_market()), "k", http_status, body)
    assert (answer.status.value, answer.is_unavailable) == (status, waits)
    assert (answer.code == "rate_limited") is (http_status == 429)


@pytest.mark.parametrize(
    ("http_status", "code", "status"),
    [(409, FOK_KILLED, "missed"), (401, "authentication_error", "rejected")],
)
async def test_e6_refusal_over_the_wire_is_read_by_its_code(
    scene_of: MakeScene, http_status: int, code: str, status: str
) -> None:
    """As above, over the wire: a kill is no failure for the breaker, a refused key is told.

    The other leg misses too: nothing but the refusal itself is there to be counted.
    """
    async with scene_of(**ROOMY) as scene:
        run = scene.start()
        await run.started()
        kalshi_of(scene).desk.scripted.add("create", refuse(http_status, code))
        scene.fault(P, "kill")
        closing = await execute(scene, run)
        await run.stop()
        assert run.answers(0) == [status]
        assert closing["closed_as"] == "missed"
        assert [asked.status for asked in scene.wire.orders(K)] == [http_status]
        assert breaker_of(run).failures == 0
        assert "venue_closed" not in run.alarms()
        assert scene.held(Direction.KALSHI_YES) == (0, 0)


async def test_e7_second_daemon_on_the_same_state_is_refused(scene_of: MakeScene) -> None:
    """Two daemons ran on one account and hedged each other's legs.

    The second one ends with an error before it has asked either venue for anything; the first
    goes on and trades.
    """
    async with scene_of(**ROOMY) as scene:
        first = scene.start()
        await first.started()
        asked = len(scene.wire.asked)
        second = scene.start()
        with pytest.raises(StorageError, match="another process"):
            await second.task
        assert not any(request.is_order for request in scene.wire.asked[asked:])
        assert (await execute(scene, first))["closed_as"] == "hedged"
        await first.stop()


async def test_e7_second_daemon_elsewhere_on_the_same_accounts_starts_nothing(
    scene_of: MakeScene,
) -> None:
    """As above, where the second one has a state folder of its own, on another host, say.

    The accounts are claimed in the database that both write to. Whoever comes second is told, and
    sends no order, however good the edge; whoever came first trades.
    """
    async with scene_of(**ROOMY) as scene:
        first = scene.start()
        await first.started()
        first.app.operators.operate(OperatorAct.PAUSE, "the other one's turn", "test")
        second = scene.start(**{"daemon.state_dir": str(scene.folder / "elsewhere")})
        await second.started()
        await nothing_leaves(second)
        assert "accounts_taken" in why(second)
        assert scene.keys_at_wire() == set()
        await second.kill()
        first.app.operators.operate(OperatorAct.RESUME, "alone", "test")
        assert (await execute(scene, first))["closed_as"] == "hedged"
        await first.stop()


REWRITTEN = "Resolves by the statement as published, not by the range that was reached."


@pytest.mark.parametrize("is_given", [True, False], ids=["approved", "first_seen"])
async def test_e8_changed_rules_disarm_the_pair_until_they_are_approved(
    scene_of: MakeScene, *, is_given: bool
) -> None:
    """The text of a market's rules was changed after its pair had been approved.

    What is read is held against the fingerprint in the pairs file, or else against what was seen
    first. A change bars the market, with an alarm that tells both; what is open is not touched. It
    is so after a restart too, however often the new text is read, and ends by its approval alone.
    """
    async with scene_of(**ROOMY) as scene:
        given = scene.pair
        first = scene.start()
        await first.started()
        approved = rules_fingerprint(first.app.markets[given.kalshi])
        if is_given:
            await first.stop()
            scene.pair = structs.replace(given, kalshi_fingerprint=approved)
            first = scene.start()
            await first.started()
        assert (await execute(scene, first))["closed_as"] == "hedged"
        kalshi_of(scene).lifecycle.set_texts(scene.native(K), {"rules": REWRITTEN})
        await first.until(lambda: "market_barred" in first.alarms(), "the bar")
        market = first.app.markets[given.kalshi]
        found = rules_fingerprint(market)
        assert market.rules == REWRITTEN
        (alarm,) = [fields for fields in first.of(NoteKind.ALARM) if "approved" in fields]
        assert (alarm["event"], alarm["pair_id"]) == ("rules_changed", given.id)
        assert (alarm["approved"], alarm["found"]) == (approved, found)
        await nothing_leaves(first)
        assert first.app.engine.refusals["market_barred"] > 0
        await first.stop()
        notes = [record.fields for record in first.records if isinstance(record, NoteRecorded)]
        assert {"event": "rules_changed"}.items() <= notes[-2].items()
        for _ in range(2):
            again = scene.start()
            await again.started()
            assert "rules_changed" in again.alarms()
            await nothing_leaves(again)
            await again.stop()
        scene.pair = structs.replace(given, kalshi_fingerprint=found)
        last = scene.start()
        await last.started()
        assert (await execute(scene, last))["closed_as"] == "hedged"
        await last.stop()
        # Once approved it is what counts, whether the file still says so or not.
        scene.pair = given
        after = scene.start()
        await after.started()
        assert (await execute(scene, after))["closed_as"] == "hedged"
        await after.stop()
        assert "rules_changed" not in last.alarms() + after.alarms()


@pytest.mark.parametrize("polarity", Polarity)
async def test_e9_polarity_holds_from_the_approved_pair_to_the_ledgers(
    scene_of: MakeScene, polarity: Polarity
) -> None:
    """Inverse polarity was known to the matching and lost on the way to the order.

    Both legs then won or lost together. What counts is what the venues' ledgers hold: whichever
    way the event goes, the same size pays, once. The polarity stands on record with the pair.
    """
    async with scene_of(polarity=polarity) as scene:
        run = scene.start()
        await run.started()
        scene.open_edge(Direction.KALSHI_NO)
        await run.closed()
        await run.stop()
        assert payouts_e6(scene) == {True: TWENTY, False: TWENTY}
        (seen,) = [record.pair for record in run.records if isinstance(record, PairSeen)]
        assert seen.polarity is polarity


@pytest.mark.parametrize("truth", Polarity)
def test_e9_prices_that_contradict_the_polarity_are_a_veto(truth: Polarity) -> None:
    """As above, where the approval itself is wrong: both venues agree on 30 % for the event.

    Read with the wrong polarity that looks like 40 cents of edge; it is refused with an alarm.
    """
    (wrong,) = [one for one in Polarity if one is not truth]
    rig = Rig(polarity=wrong)
    polymarket_e4 = 3_000 if truth is Polarity.SAME else 7_000
    rig.send(rig.book(KALSHI_ID, [(2_900, 100 * ONE)], [(3_000, 100 * ONE)]))
    book = rig.book(
        POLYMARKET_ID,
        [(polymarket_e4 - 100, 100 * ONE)],
        [(polymarket_e4, 100 * ONE)],
    )
    actions = rig.send(book)
    assert (fires(actions), alarms(actions)) == ([], ["edge_too_good"])


async def test_e10_clock_drift_is_measured_alarmed_and_healed(
    scene_of: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock drifted, every signed request got a 401, until somebody looked hours later.

    The drift is measured from answers: an alarm is raised and nothing new starts, while what is
    signed is stamped by the venue's time and accepted again. Right again, it trades, untouched.
    """
    monkeypatch.setattr(guard, "EVERY_S", 0.05)
    async with scene_of(**{**ROOMY, "breaker.open_seconds": Decimal("0.001")}) as scene:
        run = scene.start()
        await run.started()
        true_clock = scene.venues[K].clock
        scene.venues[K].clock = AheadClock(true_clock, 60)
        await run.until(lambda: "clock_skew:kalshi" in why(run), "the skew")
        assert "guard_tripped" in run.alarms()
        await nothing_leaves(run)
        # What is signed is still understood: the cash, for one, can be read.
        asked = len(scene.wire.asked)
        await run.app.accounts.compare(K)
        signed = [one.status for one in scene.wire.asked[asked:] if "/portfolio/" in one.path]
        assert set(signed) == {200}
        scene.venues[K].clock = true_clock
        await run.until(lambda: "guard_cleared" in run.alarms(), "the right clock")
        assert (await execute(scene, run))["closed_as"] == "hedged"
        await run.stop()


@pytest.mark.parametrize("trouble", ["blocked", "down"])
async def test_e11_database_that_blocks_or_is_down_costs_no_order_and_no_fill(
    scene_of: MakeScene, server: EmbeddedPostgres, trouble: str
) -> None:
    """Fills were written to the database on the order path: it blocked, and they were lost.

    The journal comes first, before any byte of an order leaves, and is all that trading waits for.
    While the database takes nothing an execution hedges and another is unwound, and afterwards
    every row is there.
    """
    url = server.dsn.replace("/postgres?", "/scenarios?")
    async with scene_of(**ROOMY) as scene:
        run = scene.start()
        await run.started()
        async with blocked(url) if trouble == "blocked" else down(server):
            shipped = run.app.archive.state.shipped_seq
            hedged = await execute(scene, run)
            scene.fault(P, "kill")
            unwound = await execute(scene, run)
            assert run.app.archive.state.shipped_seq == shipped
            assert (hedged["closed_as"], unwound["closed_as"]) == ("hedged", "rolled_back")
            assert run.app.engine.breaker_state is BreakerState.CLOSED
        # The end compares the rows with what was noted, and the journal with the venues.
        await run.stop()
        assert [row["closed_as"] for row in run.rows] == ["hedged", "rolled_back"]
        sent_ns = {order.key: order.at_ns for order in scene.wire.orders()}
        journalled = {
            ref.order_key: record.wall_ns
            for record in run.records
            if isinstance(record, IntentRecorded)
            for ref in record.orders
        }
        assert journalled.keys() == sent_ns.keys()
        assert all(journalled[key] < sent_ns[key] for key in sent_ns)
