"""Whatever each leg answers, in all directions and polarities: flat, or held with an alarm."""

from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.support.core import EASY, LOT, K, P, Rig, alarms, kalshi_market, notes, polymarket_market
from tests.support.scripted import Script, ScriptedVenues
from twoleg.core.actions import NoteKind
from twoleg.core.execution import ExecutionState
from twoleg.core.market import Direction, Polarity, Side, Venue
from twoleg.core.orders import Purpose

LEG = st.sampled_from(Script)
MICROS = 1_000 * 1_000_000


def run(
    polarity: Polarity,
    direction: Direction,
    scripts: list[Script],
    *,
    at_best: bool = False,
    refresh: bool = False,
    depth_e6: int = 100_000_000,
) -> ScriptedVenues:
    rig = Rig(polarity=polarity, direction=direction)
    # One failure stands already, so that success, miss and failure leave different counts.
    rig.executions.breaker.failed(0, "earlier", rig.now_ns)
    told = chain(scripts, repeat(Script.FILLED))
    venues = ScriptedVenues(rig, told, fill_at_best=at_best, refresh=refresh)
    actions = list(rig.quote(size_e6=depth_e6))
    venues.run(actions)
    assert len(venues.placed) >= 2, "the books cross, so legs were fired"
    return venues


def check(venues: ScriptedVenues) -> None:
    """What must be true at the end, by the scripted venue's own ledger."""
    rig, executions = venues.rig, venues.rig.executions
    closed = notes(rig.seen, NoteKind.EXECUTION_CLOSED)
    if rig.engine.open_executions:
        (execution,) = executions._open.values()
        assert execution.state is ExecutionState.HOLDING
        assert execution.exposure_e6() == venues.exposure_e6()
        assert abs(venues.exposure_e6()) >= LOT
        assert "residual_held" in alarms(rig.seen)
        assert set(executions.busy) == {K, P}
        assert not closed
        return
    assert abs(venues.exposure_e6()) < LOT
    assert executions.busy == {}
    assert executions.funds._reservations == {}
    assert len(closed) == 1
    net = venues.net_micros()
    assert closed[0]["net_micros"] == net == rig.engine.tally.net_micros
    assert closed[0]["dust_e6"] == venues.exposure_e6() == rig.engine.carry_e6(rig.pair.id)
    check_cash(venues)
    filled = any(order.size_e6 for order in venues.placed)
    is_failure = venues.has_failure or (venues.rollbacks > 0 and net < 0)
    # A residual that was held for a while opened the breaker: no success of its own closes that.
    was_held = "residual_held" in alarms(rig.seen)
    expected = 2 if is_failure else 0 if filled and not was_held else 1
    assert executions.breaker.failures == expected
    expected_end = "rolled_back" if venues.rollbacks else "hedged"
    assert closed[0]["closed_as"] == (expected_end if filled else "missed")


def check_cash(venues: ScriptedVenues) -> None:
    """What may be used again is what there was, less what the venue took."""
    for venue, market in (
        (Venue.KALSHI, venues.rig.kalshi),
        (Venue.POLYMARKET, venues.rig.polymarket),
    ):
        took = sum(
            order.fee + (order.notional if order.spec.side is Side.BUY else -order.notional)
            for order in venues.placed
            if order.spec.venue is venue
        )
        assert venues.rig.executions.funds.free(market) == MICROS - took


@pytest.mark.parametrize("polarity", Polarity)
@pytest.mark.parametrize("direction", Direction)
@settings(max_examples=100)
@given(
    legs=st.tuples(LEG, LEG),
    rollbacks=st.lists(LEG, max_size=12),
    at_best=st.booleans(),
    refresh=st.booleans(),
)
def test_execution_whatever_its_legs_answer_ends_flat_or_held(
    polarity: Polarity,
    direction: Direction,
    legs: tuple[Script, Script],
    rollbacks: list[Script],
    *,
    at_best: bool,
    refresh: bool,
) -> None:
    check(run(polarity, direction, [*legs, *rollbacks], at_best=at_best, refresh=refresh))


@pytest.mark.parametrize("polarity", Polarity)
@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("first", Script)
@pytest.mark.parametrize("second", Script)
def test_execution_of_every_pair_of_answers_ends_flat_when_rollbacks_fill(
    polarity: Polarity, direction: Direction, first: Script, second: Script
) -> None:
    venues = run(polarity, direction, [first, second])
    assert venues.rig.engine.open_executions == 0
    check(venues)


@pytest.mark.parametrize("polarity", Polarity)
@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("script", [Script.REJECTED, Script.MISSED, Script.UNAVAILABLE])
def test_execution_whose_rollbacks_all_fail_is_held_with_an_alarm(
    polarity: Polarity, direction: Direction, script: Script
) -> None:
    venues = run(polarity, direction, [Script.FILLED, Script.MISSED, *[script] * 200])
    assert venues.rig.engine.open_executions == 1
    check(venues)


def test_legs_are_fired_together_and_typed_by_venue() -> None:
    venues = run(Polarity.SAME, Direction.KALSHI_YES, [])
    first, second = venues.placed[0].spec, venues.placed[1].spec
    assert (first.venue, second.venue) == (Venue.KALSHI, Venue.POLYMARKET)
    assert first.purpose is second.purpose is Purpose.ARB
    assert {first.side, second.side} == {Side.BUY}


def test_thin_books_leave_a_residual_that_is_closed_in_parts() -> None:
    venues = run(
        Polarity.SAME, Direction.KALSHI_YES, [Script.FILLED, Script.MISSED], depth_e6=12_000_000
    )
    check(venues)


def test_grids_and_fees_of_other_markets_end_flat_as_well() -> None:
    fees = structs.replace(kalshi_market().fees, rate_e6=35_000)
    rig = Rig(
        limits=EASY,
        kalshi=kalshi_market(fees=fees, shard=3),
        polymarket=polymarket_market(),
    )
    rig.executions.breaker.failed(0, "earlier", rig.now_ns)
    venues = ScriptedVenues(rig, chain([Script.PARTIAL, Script.OVER_FILLED], repeat(Script.FILLED)))
    venues.run(list(rig.quote()))
    assert venues.placed
    check(venues)
