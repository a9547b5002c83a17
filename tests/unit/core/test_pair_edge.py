"""A pair's own least edge: the greater of it and the general one holds, also at the limits."""

import pytest
from msgspec import structs

from tests.support.core import EASY, PAIR_ID, Rig, fires, make_pair
from twoleg.core.events import LimitsChanged, PairsChanged
from twoleg.core.fees import fee_table
from twoleg.core.market import Pair
from twoleg.core.units import ONE_DOLLAR_MICROS


def pair_of(edge_micros_min: int) -> Pair:
    return structs.replace(make_pair(), edge_micros_min=edge_micros_min)


def edge_at_limits(rig: Rig) -> int:
    """Net of one contract at both limits of the orders that are fired, in micros; −1 if none is."""
    shots = fires(rig.quote())
    if not shots:
        return -1
    prices = [order.limit_e4 for order in shots[0].orders]
    fees = (fee_table(rig.kalshi.fees)[prices[0]], fee_table(rig.polymarket.fees)[prices[1]])
    return ONE_DOLLAR_MICROS - sum(prices) * 100 - sum(fees)


@pytest.mark.parametrize(
    ("general", "own", "holds"),
    [(5_000, 0, 5_000), (5_000, 4_000, 5_000), (5_000, 30_000, 30_000), (30_000, 5_000, 30_000)],
)
def test_greater_of_both_edges_bounds_the_limit_prices(general: int, own: int, holds: int) -> None:
    rig = Rig(limits=structs.replace(EASY, edge_micros_min=general), pair=pair_of(own))
    loosest = edge_at_limits(Rig(limits=structs.replace(EASY, edge_micros_min=holds)))
    assert edge_at_limits(rig) == loosest >= holds


def test_edge_below_the_pairs_own_starts_nothing_and_is_not_even_looked_at() -> None:
    rig = Rig(pair=pair_of(60_000))
    assert fires(rig.quote()) == []
    assert rig.engine.refusals == {}


def test_pair_told_anew_counts_by_what_it_asks_for_now() -> None:
    rig = Rig(pair=pair_of(60_000))
    rig.quote()
    rig.send(PairsChanged((pair_of(10_000),)))
    assert edge_at_limits(rig) >= 10_000


def test_new_limits_leave_a_pairs_own_edge_and_raise_it_where_they_ask_for_more() -> None:
    rig = Rig(pair=pair_of(30_000))
    rig.send(LimitsChanged(structs.replace(EASY, edge_micros_min=1_000)))
    assert edge_at_limits(rig) >= 30_000
    rig = Rig(pair=pair_of(30_000))
    rig.send(LimitsChanged(structs.replace(EASY, edge_micros_min=60_000)))
    assert fires(rig.quote()) == []


def test_held_pair_is_left_by_the_general_gain_not_by_its_own_edge() -> None:
    """What a pair must earn to be bought says nothing about when it is worth leaving."""
    sold: list[bool] = []
    for own in (0, 90_000):
        rig = Rig(pair=pair_of(0))
        (shot,) = fires(rig.quote())
        for order in shot.orders:
            rig.fill(order)
        rig.send(PairsChanged((pair_of(own),)))
        rig.pass_ms(5_000)
        kalshi = ([(6_000, 10**8)], [(6_100, 10**8)])
        polymarket = ([(4_400, 10**8)], [(4_500, 10**8)])
        rig.send(rig.book(rig.kalshi.id, *kalshi))
        shots = fires(rig.send(rig.book(rig.polymarket.id, *polymarket)))
        sold.append(bool(shots))
    assert rig.pair.id == PAIR_ID
    assert sold == [True, True]
