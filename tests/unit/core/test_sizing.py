"""Sizing by hand: cash, minimum sizes, price bounds, carried dust, fill curve."""

import pytest
from msgspec import structs

from tests.support.core import CENT, FREE, K, kalshi_market, make_pair, polymarket_market
from twoleg.core.events import Level
from twoleg.core.evidence import Evidence
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, FeeSchedule, PriceGrid
from twoleg.core.opportunity import Legs, Opportunity, Room
from twoleg.core.sizing import plan as plan_by
from twoleg.core.spread import depth_within, unit_edge, walk_size, walk_spend

ONE = 1_000_000
RICH = Room(100 * ONE, 1_000 * ONE, 1_000 * ONE)
CERTAIN = ((10_000, 10_000),)
FULL = Limits(fill_curve=CERTAIN, depth_share_e4=10_000, edge_micros_min=0)


def plan(legs: Legs, limits: Limits, room: Room) -> Opportunity | None:
    """By the published rates alone."""
    return plan_by(legs, limits, room, Evidence(limits))


def make_legs(
    kalshi: list[Level],
    polymarket: list[Level],
    *,
    bids: tuple[int, int] = (0, 0),
    fees: FeeSchedule = FREE,
    grid: PriceGrid = CENT,
    size_e6_min: int = 5 * ONE,
) -> Legs:
    return Legs(
        make_pair(),
        Direction.KALSHI_YES,
        kalshi_market(K, fees=fees, grid=grid),
        tuple(kalshi),
        bids[0],
        polymarket_market(fees=fees, size_e6_min=size_e6_min),
        tuple(polymarket),
        bids[1],
    )


def test_size_is_all_that_room_leaves_where_fills_are_certain() -> None:
    found = plan(make_legs([(4_800, 50 * ONE)], [(4_500, 80 * ONE)]), FULL, RICH)
    assert found is not None
    assert (found.size_e6, found.shares_e6, found.spend_micros) == (50 * ONE, 50 * ONE, 22_500_000)
    # 50 · (1 − 0.48 − 0.45)
    assert found.net_micros == found.expected_micros == 3_500_000


def test_kalshi_cash_that_pays_for_half_halves_the_size() -> None:
    room = Room(100 * ONE, 12 * ONE, 1_000 * ONE)
    found = plan(make_legs([(4_800, 50 * ONE)], [(4_500, 80 * ONE)]), FULL, room)
    assert found is not None
    assert found.kalshi_cost_micros <= 12 * ONE
    assert 20 * ONE <= found.size_e6 <= 25 * ONE


def test_polymarket_cash_must_pay_for_the_fee_too_and_the_size_yields() -> None:
    fees = FeeSchedule(rate_e6=70_000, quantum_micros=10)
    room = Room(100 * ONE, 1_000 * ONE, 12 * ONE)
    found = plan(make_legs([(4_500, 50 * ONE)], [(4_500, 80 * ONE)], fees=fees), FULL, room)
    assert found is not None
    assert 11 * ONE <= found.polymarket_cost_micros <= 12 * ONE


@pytest.mark.parametrize("cash", [(-ONE, 1_000 * ONE), (1_000 * ONE, -ONE), (ONE, ONE), (0, 0)])
def test_cash_that_pays_for_no_minimum_size_leaves_nothing(cash: tuple[int, int]) -> None:
    room = Room(100 * ONE, *cash)
    assert plan(make_legs([(4_800, 50 * ONE)], [(4_500, 80 * ONE)]), FULL, room) is None


def test_limit_that_leaves_fewer_shares_than_the_minimum_is_no_order() -> None:
    # Five shares at 0.45, but 2.25 dollars at the limit of 0.48 or more buy fewer than five.
    legs = make_legs([(4_800, 5 * ONE)], [(4_500, 5 * ONE)])
    assert plan(legs, FULL, RICH) is None
    looser = make_legs([(4_800, 5 * ONE)], [(4_500, 5 * ONE)], size_e6_min=4 * ONE)
    found = plan(looser, FULL, RICH)
    assert found is not None
    assert found.shares_e6_min < 5 * ONE


def test_a_polymarket_leg_below_one_dollar_is_no_order() -> None:
    assert plan(make_legs([(8_500, 6 * ONE)], [(1_000, 6 * ONE)]), FULL, RICH) is None
    assert plan(make_legs([(8_500, 20 * ONE)], [(1_000, 20 * ONE)]), FULL, RICH) is not None


def test_a_leg_whose_best_price_is_below_the_least_one_is_not_bought() -> None:
    # Walked down to 0.03, but half of it would be bought at 0.01.
    legs = make_legs([(9_000, 100 * ONE)], [(100, 60 * ONE), (300, 60 * ONE)])
    assert plan(legs, FULL, RICH) is None


def test_limit_stops_at_the_greatest_price_although_there_is_slack() -> None:
    limits = Limits(
        fill_curve=CERTAIN, depth_share_e4=10_000, edge_micros_min=0, price_e4_max=9_600
    )
    legs = make_legs([(9_400, 50 * ONE)], [(300, 80 * ONE)], bids=(9_390, 150))
    found = plan(legs, limits, RICH)
    assert found is not None
    assert found.kalshi_limit_e4 == 9_600


def test_a_leg_above_the_greatest_price_is_not_bought() -> None:
    assert (
        plan(
            make_legs([(9_850, 50 * ONE)], [(210, 80 * ONE)], grid=PriceGrid.uniform(10)),
            FULL,
            RICH,
        )
        is None
    )


@pytest.mark.parametrize(
    ("carry_e6", "size_e6"), [(0, 20 * ONE), (9_000, 20 * ONE), (-1, 19_990_000)]
)
def test_carried_dust_goes_into_the_size_of_the_kalshi_leg(carry_e6: int, size_e6: int) -> None:
    room = Room(20 * ONE, 1_000 * ONE, 1_000 * ONE, carry_e6)
    found = plan(make_legs([(4_800, 50 * ONE)], [(4_500, 80 * ONE)]), FULL, room)
    assert found is not None
    assert found.size_e6 == size_e6


def test_slack_goes_to_the_leg_whose_miss_costs_more() -> None:
    # Missing Kalshi means selling Polymarket back across 20 cents, so Kalshi gets the slack.
    legs = make_legs([(4_800, 50 * ONE)], [(4_500, 80 * ONE)], bids=(4_700, 2_500))
    found = plan(legs, FULL, RICH)
    assert found is not None
    assert found.kalshi_limit_e4 - 4_800 > found.polymarket_limit_e4 - 4_500


def test_slack_is_given_back_where_the_fee_grows_toward_one_half() -> None:
    fees = FeeSchedule(rate_e6=250_000, quantum_micros=10)
    legs = make_legs([(1_000, 50 * ONE)], [(7_000, 80 * ONE)], fees=fees)
    found = plan(legs, FULL, RICH)
    assert found is not None
    edge = unit_edge(legs.kalshi, found.kalshi_limit_e4, legs.polymarket, found.polymarket_limit_e4)
    assert edge >= 0


def test_deeper_levels_are_taken_only_while_they_net_the_minimum() -> None:
    limits = Limits(fill_curve=CERTAIN, depth_share_e4=10_000, edge_micros_min=30_000)
    legs = make_legs([(4_800, 10 * ONE), (5_300, 90 * ONE)], [(4_500, 10 * ONE), (4_800, 90 * ONE)])
    found = plan(legs, limits, RICH)
    assert found is not None
    # 0.48 + 0.48 nets 4 cents, 0.53 + 0.45 only 2.
    assert found.size_e6 <= 10 * ONE
    assert found.kalshi_limit_e4 < 5_300


def test_low_fill_rates_make_a_thin_edge_worthless() -> None:
    limits = Limits(fill_curve=((10_000, 4_000),), depth_share_e4=10_000, edge_micros_min=0)
    assert plan(make_legs([(4_800, 50 * ONE)], [(5_000, 80 * ONE)]), limits, RICH) is None


def test_depth_share_below_the_first_step_leaves_nothing() -> None:
    limits = Limits(depth_share_e4=500)
    assert plan(make_legs([(4_000, 50 * ONE)], [(4_000, 80 * ONE)]), limits, RICH) is None


def test_an_empty_ladder_leaves_nothing() -> None:
    assert plan(make_legs([], [(4_500, ONE)]), FULL, RICH) is None
    assert plan(make_legs([(4_500, ONE)], []), FULL, RICH) is None


ROUNDED = FeeSchedule(rate_e6=0, balance_quantum_micros=10_000)
"""An account of whole cents: each of the fills that a level may take costs up to one."""


def rounded(legs: Legs) -> Legs:
    return structs.replace(legs, kalshi=structs.replace(legs.kalshi, fees=ROUNDED))


def test_slack_is_kept_for_what_rounding_of_the_balance_takes_of_the_whole_size() -> None:
    # Limits of 0.49 and 0.51 would net nothing, and four fills lose up to 4 cents.
    legs = make_legs([(4_700, 10 * ONE)], [(4_900, 80 * ONE)], bids=(4_500, 4_700))
    legs = rounded(legs)
    found = plan(legs, FULL, RICH)
    assert found is not None
    assert (found.size_e6, found.kalshi_limit_e4, found.polymarket_limit_e4) == (
        10 * ONE,
        4_800,
        5_000,
    )
    # 10 · (1 − 0.48 − 0.50) − 0.04
    assert found.net_limit_micros == 160_000


def test_size_ends_with_a_level_where_the_next_one_costs_more_than_it_brings() -> None:
    limits = Limits(fill_curve=((5_000, 10_000),), edge_micros_min=0)
    rich = structs.replace(RICH, size_e6=1_000 * ONE)
    # Half the displayed depth is 20.5, of which half a contract at 0.54 brings 1 cent for 4.
    legs = rounded(make_legs([(4_800, 20 * ONE), (5_400, 21 * ONE)], [(4_400, 800 * ONE)]))
    found = plan(legs, limits, rich)
    assert found is not None
    assert found.size_e6 == 20 * ONE


def test_kalshi_fee_counts_the_contracts_bought_and_not_what_the_cost_buys_at_best() -> None:
    fees = FeeSchedule(rate_e6=70_000, quantum_micros=100)
    legs = make_legs([(1_000, 10 * ONE), (2_000, 10 * ONE)], [(7_000, 80 * ONE)])
    legs = structs.replace(legs, kalshi=structs.replace(legs.kalshi, fees=fees))
    found = plan(legs, structs.replace(FULL, price_e4_max=7_000), RICH)
    assert found is not None
    size, at = found.size_e6, found.kalshi_limit_e4
    assert size == 20 * ONE
    # 7 % of 20 · p · (1 − p) at the limit, and eight fills rounded up.
    fee = 70_000 * 20 * at * (10_000 - at) // 100_000_000
    assert 0 <= found.kalshi_cost_micros - at * 20 * 100 - fee <= 8 * 100


def test_size_is_cut_until_the_cash_pays_for_it() -> None:
    legs = make_legs([(1_600, 2 * ONE), (1_700, 2 * ONE), (1_850, 140 * ONE)], [(7_310, 180 * ONE)])
    fees = FeeSchedule(rate_e6=70_000, quantum_micros=100, balance_quantum_micros=10_000)
    legs = structs.replace(legs, kalshi=structs.replace(legs.kalshi, fees=fees))
    found = plan(legs, FULL, Room(100 * ONE, 5_000_015, 1_000 * ONE))
    assert found is not None
    assert 4_900_000 <= found.kalshi_cost_micros <= 5_000_015


# -- walks ----------------------------------------------------------------------------------

LADDER = [(4_000, 2 * ONE), (5_000, 3 * ONE)]


def test_walk_size_sums_cost_and_names_the_worst_price() -> None:
    walk = walk_size(LADDER, 3 * ONE)
    assert walk is not None
    assert (walk.cost_micros, walk.worst_e4, walk.levels) == (1_300_000, 5_000, 2)
    assert walk_size(LADDER, 6 * ONE) is None


def test_walk_spend_returns_more_shares_than_the_worst_price_would() -> None:
    walk = walk_spend(LADDER, 1_300_000)
    assert walk is not None
    assert (walk.size_e6, walk.worst_e4) == (3 * ONE, 5_000)
    assert walk.size_e6 > 1_300_000 * 10_000 // 5_000
    assert walk_spend(LADDER, 3 * ONE) is None


def test_depth_within_counts_levels_at_or_below_the_limit() -> None:
    assert [depth_within(LADDER, at) for at in (3_999, 4_000, 5_000)] == [0, 2 * ONE, 5 * ONE]


def test_carried_dust_that_the_kalshi_book_does_not_hold_leaves_nothing() -> None:
    room = Room(100 * ONE, 1_000 * ONE, 1_000 * ONE, 9_999)
    legs = make_legs([(4_800, 20 * ONE)], [(4_500, 20 * ONE + 3)])
    tight = make_legs([(4_800, 20 * ONE)], [(4_500, 20 * ONE)])
    assert plan(legs, FULL, RICH) is not None
    assert plan(tight, FULL, room) is not None


def test_a_kalshi_leg_below_its_minimum_size_is_no_order() -> None:
    legs = make_legs([(4_800, 50 * ONE)], [(4_500, 50 * ONE)])
    strict = structs.replace(legs, kalshi=structs.replace(legs.kalshi, size_e6_min=60 * ONE))
    assert plan(strict, FULL, RICH) is None
