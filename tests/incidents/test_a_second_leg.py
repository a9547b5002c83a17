"""Incidents A1, A3, A4, A5, A9: a leg that missed, and what closes the other one.

The rest of section A is in `test_a_second_leg_size.py` and `test_a_second_leg_market.py`. Each test
is named after its incident and tells it. Where the wire is part of it both simulated venues and the
whole daemon run over real sockets; where all directions count, the engine alone, against a scripted
venue that keeps its own ledger.
"""

from fractions import Fraction
from itertools import chain, repeat
from typing import Any

import pytest
from msgspec import structs

from tests.incidents.legs import TWENTY, YES, exits_at_wire, is_sale, legs_of, one_order, take_away
from tests.support.core import (
    LOT,
    ONE,
    Rig,
    alarms,
    exact_fee,
    kalshi_market,
    make_pair,
    notes,
    order_spec,
    polymarket_market,
    timers,
)
from tests.support.core import K as K_MARKET
from tests.support.core import P as P_MARKET
from tests.support.daemon import K, P, Run, Scene
from tests.support.scenes import MakeScene
from tests.support.scripted import Script, ScriptedVenues
from twoleg.core.actions import Note, NoteKind
from twoleg.core.breaker import BreakerState
from twoleg.core.events import (
    AnswerStatus,
    BooksVoid,
    TimerFired,
)
from twoleg.core.execution import Execution, OrderState
from twoleg.core.market import (
    Direction,
    FeeSchedule,
    Outcome,
    Polarity,
    Side,
    Venue,
)
from twoleg.core.orders import Purpose
from twoleg.core.residual import Exit
from twoleg.core.specs import exit_spec
from twoleg.errors import InvariantBroken
from twoleg.storage.records import AnswerRecorded, FillRecorded, IntentRecorded, NoteRecorded

MISSED, REJECTED = AnswerStatus.MISSED, AnswerStatus.REJECTED
SIM_KALSHI = FeeSchedule(rate_e6=70_000)
SIM_POLYMARKET = FeeSchedule(rate_e6=50_000)
"""What both simulators charge on the scene's markets."""


def name_of(note: Note) -> str:
    """What a note is called: its event, else its kind."""
    return str(dict(note.fields).get("event", note.kind.value))


# -- A1 ----------------------------------------------------------------------------------------


def sale_cost(bought: Fraction, sold: Fraction) -> Fraction:
    """Dollars that a Kalshi contract loses which is bought at one price and sold at another."""
    return bought - sold + sum(exact_fee(SIM_KALSHI, at, Fraction(1)) for at in (bought, sold))


def completion_cost(bought: Fraction, other: Fraction) -> Fraction:
    """Dollars that a Kalshi contract loses whose other side is bought; below zero it gains."""
    fees = exact_fee(SIM_KALSHI, bought, Fraction(1)) + exact_fee(
        SIM_POLYMARKET, other, Fraction(1)
    )
    return bought + other + fees - 1


@pytest.mark.parametrize(("left_e4", "way"), [(5_800, "complete"), (6_500, "unwind_sale")])
async def test_a1_missed_leg_is_decided_by_exact_cost_at_once(
    scene_of: MakeScene, left_e4: int, way: str
) -> None:
    """More than a third of the hedges missed, and the bot took its time to notice, then guessed.

    The answer that tells of the miss is followed by nothing but the order that closes what the
    other leg filled. Completing at what is left of the book and selling at the bid are both priced
    with their exact fees, and the cheaper one goes.
    """
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        take_away(scene, run, P, (left_e4, 200))
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        cost = {
            "complete": completion_cost(Fraction(4, 10), Fraction(left_e4, 10_000)),
            "unwind_sale": sale_cost(Fraction(40, 100), Fraction(39, 100)),
        }
        assert min(cost, key=cost.__getitem__) == way
        names = [name_of(note) for note in run.notes]
        last_answer = [n for n, name in enumerate(names) if name == "leg_answered"][1]
        (begun,) = [n for n, name in enumerate(names) if name.endswith("_started")]
        assert begun == last_answer + 1
        fields = dict(run.notes[begun].fields)
        assert str(fields["way"]).partition("@")[0] == way
        # Fees are rounded up to a hundredth of a cent.
        assert 0 <= int(fields["cost_micros"]) - cost[way] * TWENTY <= 100
        assert -closing["net_micros"] == fields["cost_micros"]
        # Between the miss and the exit's intent the journal has only what was thought of it.
        kinds = [type(record) for record in run.records if not isinstance(record, FillRecorded)]
        answered = [n for n, kind in enumerate(kinds) if kind is AnswerRecorded][1]
        intent = [n for n, kind in enumerate(kinds) if kind is IntentRecorded][1]
        assert set(kinds[answered + 1 : intent]) == {NoteRecorded}
        (exit_order,) = exits_at_wire(scene)
        assert exit_order.venue is (P if way == "complete" else K)
        assert scene.held(YES) == ((TWENTY, TWENTY) if way == "complete" else (0, 0))


async def test_a1_missed_leg_with_every_way_barred_is_held_with_alarm_and_breaker_open(
    scene_of: MakeScene,
) -> None:
    """The third end: no bid, no offer. Nothing is sent in despair, and nothing is forgotten.

    It is held on record with an alarm and an open breaker, and leaves by the first bid.
    """
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.fault(P, "kill")

        def go_away() -> None:
            for venue in Venue:
                scene.venues[venue].clear(scene.native(venue))
            scene.offer(K, Outcome.YES, 4_000, 20)

        run.on("execution_opened", go_away)
        scene.open_edge()
        await run.until(lambda: "residual_held" in run.alarms(), "the alarm")
        assert run.app.engine.breaker_state is BreakerState.OPEN
        assert run.app.engine.open_executions == 1
        assert scene.held(YES) == (TWENTY, 0)
        asked = len(scene.wire.orders())
        # An edge again, but none to take while a residual is held.
        scene.offer(K, Outcome.YES, 4_000, 200)
        scene.bid(K, Outcome.YES, 3_900, 200)
        (closing,) = await run.closed()
        await run.stop()
        assert closing["closed_as"] == "rolled_back"
        assert scene.held(YES) == (0, 0)
        assert len(run.of(NoteKind.EXECUTION_OPENED)) == 1
        assert all(order.venue is K for order in scene.wire.orders()[asked:])


# -- A3 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", Venue)
async def test_a3_unwind_has_tokens_that_no_entry_may_use(
    scene_of: MakeScene, venue: Venue
) -> None:
    """Unwinding took 5 s in the middle and 15.7 s at the worst: it queued behind everything else.

    When all rate tokens are used up that anybody may use, the exit goes all the same, at once: some
    are kept for rollbacks alone. An entry would not get one of these.
    """
    # Few tokens a second: what was used up stays so until the order leaves.
    settings = {"polymarket.write_tokens_per_second": 12}
    async with scene_of(**settings) as scene:
        run = scene.start()
        await run.started()
        take_away(scene, run, venue.other)
        bucket, cost = write_bucket(run, scene, venue)
        left: list[bool] = []

        def use_up() -> None:
            while bucket.try_take(1):
                pass
            left.append(bucket.try_take(cost))

        # Decided and told, not sent yet.
        run.on("unwind_started", use_up)
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert left == [False]
        (exit_order,) = exits_at_wire(scene)
        assert exit_order.venue is venue
        assert run.answers(2) == ["filled"]
        assert (closing["closed_as"], closing["unwound_e6"]) == ("rolled_back", TWENTY)
        assert scene.held(YES) == (0, 0)
        # From the answer of the miss to that of the exit: nothing was waited for.
        walls = [record.wall_ns for record in run.records if isinstance(record, AnswerRecorded)]
        assert walls[2] - walls[1] < 1_000_000_000


def write_bucket(run: Run, scene: Scene, venue: Venue) -> tuple[Any, int]:
    """What orders on a venue take their tokens from, and how many each."""
    port: Any = run.app._executor._orders[venue]
    if venue is P:
        return port.buckets.orders, 1
    return port._http.writes(run.app.markets[scene.pair.kalshi].shard), 10


# -- A4 ----------------------------------------------------------------------------------------

BOUGHT = {
    (Polarity.SAME, Direction.KALSHI_YES): (Outcome.YES, Outcome.NO),
    (Polarity.SAME, Direction.KALSHI_NO): (Outcome.NO, Outcome.YES),
    (Polarity.INVERSE, Direction.KALSHI_YES): (Outcome.YES, Outcome.YES),
    (Polarity.INVERSE, Direction.KALSHI_NO): (Outcome.NO, Outcome.NO),
}
"""What is bought on (Kalshi, Polymarket), written out."""


@pytest.mark.parametrize(
    ("filled", "way"),
    [
        # Kalshi nets: there the purchase of the complement is the sale.
        *((venue, way) for venue in Venue for way in ("complete", "unwind_sale")),
        (P, "unwind_purchase"),
    ],
)
@pytest.mark.parametrize(("polarity", "direction"), BOUGHT)
@pytest.mark.parametrize("is_filled_first", [True, False])
def test_a4_exit_acts_on_the_leg_that_filled(
    polarity: Polarity, direction: Direction, filled: Venue, way: str, *, is_filled_first: bool
) -> None:
    """The results came as (Kalshi, Polymarket) and were read as (YES, NO): the wrong leg was sold.

    In all four directions and polarities, whichever leg filled, whichever answered first and
    whichever way is open: what is sold is what was bought where it was bought, what completes is
    the other leg's outcome, and the venue's own ledger ends without exposure.
    """
    rig = Rig(polarity=polarity, direction=direction)
    legs = legs_of(rig)
    venues = ScriptedVenues(rig, repeat(Script.FILLED))
    bought = dict(zip(Venue, BOUGHT[polarity, direction], strict=True))
    assert {leg.venue: leg.outcome for leg in legs} == bought
    if way != "complete":
        other = P_MARKET if filled is K else K_MARKET
        rig.send(BooksVoid((other,), "disconnected"))
    by_venue = {leg.venue: leg for leg in legs}
    lone, missed = by_venue[filled], by_venue[filled.other]
    for leg in legs:
        venues.scripts = repeat(Script.FILLED if leg is lone else Script.MISSED)
        venues._place(leg)
    venues.scripts = chain(
        [Script.REJECTED] if way == "unwind_purchase" else [], repeat(Script.FILLED)
    )
    order = [lone, missed] if is_filled_first else [missed, lone]
    for leg in order:
        venues._carry_out(venues._tell(venues.placed[leg.order_no]))
    closing = venues.placed[-1].spec
    if way == "complete":
        wanted = (filled.other, bought[filled.other], Side.BUY)
    elif way == "unwind_sale":
        wanted = (filled, bought[filled], Side.SELL)
    else:
        wanted = (filled, bought[filled].other, Side.BUY)
    assert (closing.venue, closing.outcome, closing.side) == wanted
    assert closing.purpose is Purpose.ROLLBACK
    assert abs(venues.exposure_e6()) < LOT
    (closed,) = notes(rig.seen, NoteKind.EXECUTION_CLOSED)
    assert closed["net_micros"] == venues.net_micros()


@pytest.mark.parametrize(("polarity", "direction"), BOUGHT)
async def test_a4_venues_hold_nothing_after_an_unwind(
    scene_of: MakeScene, polarity: Polarity, direction: Direction
) -> None:
    """The same at the venues themselves: after a missed leg and its rollback nothing is left."""
    async with scene_of(polarity=polarity) as scene:
        run = scene.start()
        await run.started()
        scene.fault(P if direction is YES else K, "kill")
        scene.open_edge(direction)
        (closing,) = await run.closed()
        await run.stop()
        assert closing["closed_as"] == "rolled_back"
        for other in Direction:
            assert scene.held(other) == (0, 0)


# -- A5 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", Venue)
async def test_a5_rollback_sells_its_own_fill_and_no_hedged_holding(
    scene_of: MakeScene, venue: Venue
) -> None:
    """A flattener saw one naked leg, sold tokens that hedged another one: −166 dollars in a day.

    An execution's exit sells what that execution filled. The pair that was hedged before stands
    after it as it stood; there is nothing in the product that sells by what is *held*.
    """
    async with scene_of(**{"trading.position_contracts_max": 40}) as scene:
        run = scene.start()
        await run.started()
        scene.open_edge()
        await run.closed()
        scene.close_edge()
        assert scene.held(YES) == (TWENTY, TWENTY)
        scene.fault(venue.other, "kill")
        scene.open_edge()
        await run.poked(lambda: len(run.closings) > 1)
        scene.close_edge()
        await run.settled()
        await run.stop()
        assert run.closings[1]["unwound_e6"] == TWENTY
        assert scene.held(YES) == (TWENTY, TWENTY)
        sales = [order.body for order in scene.wire.orders() if is_sale(order)]
        assert len(sales) == 1
        if venue is K:
            # The venue itself would refuse to turn a sale into a position of the other side.
            assert sales[0]["reduce_only"] is True
            assert sales[0]["count"] == "20.00"
        else:
            assert int(sales[0]["order"]["makerAmount"]) == TWENTY


@pytest.mark.parametrize("more_e6", [LOT, TWENTY])
@pytest.mark.parametrize("venue", Venue)
def test_a5_order_to_sell_more_than_the_own_fill_cannot_be_made(venue: Venue, more_e6: int) -> None:
    """The last line: whatever decided it, a sale beyond the execution's own unsold fill is a bug."""
    market = kalshi_market() if venue is K else polymarket_market()
    execution = Execution(1, make_pair(), YES, 0)
    leg = OrderState(order_spec(market, size_e6=TWENTY))
    leg.filled_e6 = 6 * ONE
    execution.orders.append(leg)
    sale = Exit(
        market=market,
        outcome=Outcome.YES,
        side=Side.SELL,
        size_e6=6 * ONE,
        limit_e4=4_000,
        spend_micros=0,
        size_e6_min=6 * ONE,
        is_unwind=True,
    )
    assert exit_spec(execution, sale).size_e6 == 6 * ONE
    with pytest.raises(InvariantBroken, match="would sell"):
        exit_spec(execution, structs.replace(sale, size_e6=6 * ONE + more_e6))
    with pytest.raises(InvariantBroken, match="would sell"):
        exit_spec(execution, structs.replace(sale, outcome=Outcome.NO))


# -- A9 ----------------------------------------------------------------------------------------


async def test_a9_sale_refused_before_settlement_becomes_a_purchase_of_the_complement(
    scene_of: MakeScene,
) -> None:
    """Tokens bought a moment ago could not be sold: "not enough balance / allowance".

    That is neither fatal nor proof of being flat. The complement is bought, which needs only cash
    and takes the same orders; both together pay a dollar.
    """
    async with scene_of(polymarket={"conditional_lag_ms": 60_000}) as scene:
        run = scene.start()
        await run.started()
        take_away(scene, run, K)
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        sale, purchase = exits_at_wire(scene)
        assert sale.answer["error"].startswith("not enough balance / allowance")
        assert is_sale(sale)
        assert not is_sale(purchase)
        bought = scene.wire.orders(P)[0]
        assert purchase.body["order"]["tokenId"] != bought.body["order"]["tokenId"]
        assert run.answers(2) == ["rejected"]
        assert (closing["closed_as"], closing["unwound_e6"]) == ("rolled_back", TWENTY)
        assert both_tokens(scene) == (TWENTY, TWENTY)
        assert scene.held(YES)[0] == 0
        assert closing["payout_micros"] == TWENTY


def both_tokens(scene: Scene) -> tuple[int, int]:
    """Holdings of the Polymarket outcomes that both directions buy."""
    return scene.held(YES)[1], scene.held(Direction.KALSHI_NO)[1]


def test_a9_refused_both_ways_it_waits_and_tries_again() -> None:
    """Where the complement is refused too, the residual is held, never called flat, and retried."""
    rig = Rig()
    kalshi, polymarket = legs_of(rig)
    rig.fill(polymarket)
    rig.send(BooksVoid((K_MARKET,), "disconnected"))
    sale = one_order(rig.answer(kalshi, MISSED))
    purchase = one_order(rig.answer(sale, REJECTED))
    assert (purchase.venue, purchase.outcome, purchase.side) == (
        P,
        polymarket.outcome.other,
        Side.BUY,
    )
    actions = rig.answer(purchase, REJECTED)
    assert "residual_held" in alarms(actions)
    assert rig.engine.open_executions == 1
    (timer,) = timers(actions)
    rig.now_ns = timer.at_ns
    again = one_order(rig.send(TimerFired(timer.key)))
    assert (again.venue, again.side, again.size_e6) == (P, Side.SELL, sale.size_e6)
    rig.fill(again)
    assert rig.engine.open_executions == 0
