"""Early exit: when a held pair is sold before it pays, how much of it, and for what at least."""

import pytest
from msgspec import structs

from tests.support.core import (
    EASY,
    FREE,
    LOT,
    T0_MS,
    K,
    P,
    Rig,
    fires,
    kalshi_market,
    make_pair,
    polymarket_market,
)
from twoleg.core.actions import Action
from twoleg.core.closing import hedged_e6, least_gain, lock_up_micros, plan_close
from twoleg.core.events import Level, PositionReported
from twoleg.core.evidence import Evidence
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, FeeSchedule, LegMode, Side, Venue
from twoleg.core.opportunity import Legs, Opportunity

ONE = 1_000_000
YEAR_MS = 365 * 86_400_000
CERTAIN = Limits(fill_curve=((10_000, 10_000),), depth_share_e4=10_000, exit_gain_micros_min=10_000)


def bids(
    kalshi: list[Level], polymarket: list[Level], *, fees: FeeSchedule = FREE, spread_e4: int = 100
) -> Legs:
    """Bids for what is held, as the ladders of the direction that is its opposite."""
    complements = [
        [(10_000 - price, size) for price, size in each] for each in (kalshi, polymarket)
    ]
    return Legs(
        make_pair(),
        Direction.KALSHI_NO,
        kalshi_market(fees=fees),
        tuple(complements[0]),
        complements[0][0][0] - spread_e4,
        polymarket_market(fees=fees),
        tuple(complements[1]),
        complements[1][0][0] - spread_e4,
    )


def close(
    legs: Legs,
    held_e6: int = 30 * ONE,
    *,
    limits: Limits = CERTAIN,
    left_ms: int = 0,
    is_probe: bool = False,
) -> Opportunity | None:
    return plan_close(legs, limits, Evidence(limits), held_e6, left_ms=left_ms, is_probe=is_probe)


def test_bids_above_the_payout_sell_all_that_is_held_in_exact_sizes() -> None:
    found = close(bids([(5_300, 50 * ONE)], [(4_900, 80 * ONE)]))
    assert found is not None
    assert found.is_close
    assert found.direction is Direction.KALSHI_YES
    assert found.size_e6 == found.shares_e6 == found.shares_e6_min == 30 * ONE
    assert found.spend_micros == 0
    # 30 · (0.53 + 0.49 − 1)
    assert found.net_micros == found.expected_micros == 600_000


def test_limits_are_least_prices_that_still_gain_the_minimum_together() -> None:
    found = close(bids([(5_400, 50 * ONE)], [(4_900, 80 * ONE)]))
    assert found is not None
    # Three cents of gain, of which one must stay: either leg may give way by one.
    assert (found.kalshi_limit_e4, found.polymarket_limit_e4) == (5_300, 4_800)
    assert found.net_limit_micros == 300_000


@pytest.mark.parametrize(("polymarket_e4", "is_sold"), [(4_799, False), (4_800, True)])
def test_gain_below_the_minimum_is_waited_for(polymarket_e4: int, *, is_sold: bool) -> None:
    legs = bids([(5_300, 50 * ONE)], [(polymarket_e4, 80 * ONE)])
    assert (close(legs) is not None) is is_sold


def test_fees_of_both_sales_come_off_the_gain() -> None:
    fees = FeeSchedule(rate_e6=40_000, quantum_micros=10)
    legs = bids([(5_300, 50 * ONE)], [(4_900, 80 * ONE)], fees=fees)
    # Two cents before fees, and about one of fee on either side.
    assert close(legs) is None
    found = close(bids([(5_600, 50 * ONE)], [(4_900, 80 * ONE)], fees=fees))
    assert found is not None
    assert found.net_micros < 30 * 30_500


def test_size_never_exceeds_what_is_held_or_bid() -> None:
    deep = bids([(5_300, 50 * ONE)], [(4_900, 80 * ONE)])
    found = close(deep, 12 * ONE)
    assert found is not None
    assert found.size_e6 == 12 * ONE
    thin = bids([(5_300, 7 * ONE), (5_000, 90 * ONE)], [(4_900, 80 * ONE)])
    found = close(thin)
    assert found is not None
    assert found.size_e6 == 7 * ONE
    assert close(deep, 4 * ONE) is None


def test_probe_sells_the_least_size() -> None:
    found = close(bids([(5_300, 50 * ONE)], [(4_900, 80 * ONE)]), is_probe=True)
    assert found is not None
    assert found.size_e6 == 5 * ONE
    assert close(bids([(5_300, 4 * ONE)], [(4_900, 4 * ONE)]), is_probe=True) is None


def test_sale_that_would_leave_legs_alone_too_often_is_not_worth_it() -> None:
    rare = structs.replace(CERTAIN, fill_curve=((10_000, 4_000),))
    assert close(bids([(5_300, 50 * ONE)], [(4_900, 80 * ONE)]), limits=rare) is None


def test_sale_takes_the_leg_mode_of_the_pair() -> None:
    legs = bids([(5_300, 50 * ONE)], [(4_900, 80 * ONE)])
    found = close(structs.replace(legs, pair=make_pair(leg_mode=LegMode.KALSHI_FIRST)))
    assert found is not None
    assert found.mode is LegMode.KALSHI_FIRST
    # 0.633 · 60 cents less the loss of the rest: 0.367 · 30 · 2.53 cents.
    assert found.expected_micros == 600_000 * 633 // 1_000 - 278_553


def test_remaining_lock_up_counts_in_favour_of_leaving() -> None:
    # Five per cent a year on one dollar.
    assert lock_up_micros(Limits(), ONE, YEAR_MS) == 50_000
    assert lock_up_micros(Limits(), ONE, -1) == 0
    assert least_gain(Limits(), YEAR_MS) == 5_000 - 50_000
    assert least_gain(Limits(), 0) == 5_000
    # One cent less than the payout, a year before it.
    legs = bids([(5_000, 50 * ONE)], [(4_900, 80 * ONE)])
    assert close(legs) is None
    found = close(legs, left_ms=YEAR_MS)
    assert found is not None
    assert found.net_micros == -300_000
    assert found.expected_micros == -300_000 + 30 * 50_000


@pytest.mark.parametrize(
    ("kalshi_e6", "carry_e6", "expected"),
    [
        (30 * ONE, 0, 30 * ONE),
        (-30 * ONE, 0, 30 * ONE),
        (30 * ONE, 3, 30 * ONE - LOT),
        (30 * ONE, -3, 30 * ONE),
        (30 * ONE, 30 * ONE, 0),
        (30 * ONE, 40 * ONE, 0),
        (0, 5, 0),
        (0, 0, 0),
    ],
)
def test_hedged_size_is_what_both_venues_hold_against_each_other(
    kalshi_e6: int, carry_e6: int, expected: int
) -> None:
    assert hedged_e6(kalshi_e6, carry_e6) == expected


# -- through the engine ---------------------------------------------------------------------


def held_rig(limits: Limits = EASY, *, close_ts_ms: int = 0) -> Rig:
    """Fifty of KALSHI_YES held, on markets whose books only the opposite direction crosses."""
    market = structs.replace(kalshi_market(), close_ts_ms=close_ts_ms)
    rig = Rig(direction=Direction.KALSHI_NO, limits=limits, kalshi=market)
    rig.send(PositionReported(K, 50 * ONE, 0))
    rig.send(PositionReported(P, 0, 50 * ONE))
    return rig


def test_engine_sells_both_held_outcomes_where_that_gains() -> None:
    rig = held_rig()
    (shot,) = fires(rig.quote())
    assert {order.side for order in shot.orders} == {Side.SELL}
    assert {order.outcome.value for order in shot.orders} == {"yes", "no"}
    assert all(order.size_e6 <= 50 * ONE for order in shot.orders)


def test_engine_waits_where_the_sale_gains_too_little() -> None:
    rig = held_rig(structs.replace(EASY, exit_gain_micros_min=60_000))
    assert fires(rig.quote()) == []
    assert rig.engine.refusals == {}


def test_engine_leaves_below_the_payout_where_the_close_is_far() -> None:
    limits = structs.replace(EASY, exit_gain_micros_min=60_000)
    rig = held_rig(limits, close_ts_ms=T0_MS + YEAR_MS)
    assert len(fires(rig.quote())) == 1


@pytest.mark.parametrize("venue", Venue)
def test_early_exit_sells_the_few_lots_that_the_pair_carries_as_well(venue: Venue) -> None:
    rig = held_rig()
    more_e6 = 3 * LOT
    if venue is Venue.KALSHI:
        rig.send(PositionReported(K, 50 * ONE + more_e6, 0))
    else:
        rig.send(PositionReported(P, 0, 50 * ONE + more_e6))
    (shot,) = fires(rig.quote())
    actions: list[Action] = []
    for order in shot.orders:
        actions = list(rig.fill(order))
    (last,) = fires(actions)
    (rest,) = last.orders
    assert (rest.venue, rest.side, rest.size_e6) == (venue, Side.SELL, more_e6)
    assert rest.reduce_only is (venue is Venue.KALSHI)
    rig.fill(rest)
    assert rig.engine.open_executions == 0
    assert rig.engine.carry_e6(rig.pair.id) == 0


def test_pair_without_a_hedged_holding_is_never_sold() -> None:
    rig = Rig(direction=Direction.KALSHI_NO)
    rig.send(PositionReported(K, 50 * ONE, 0))
    assert fires(rig.quote()) == []
    assert set(rig.engine.refusals) == {"pair_unhedged"}
