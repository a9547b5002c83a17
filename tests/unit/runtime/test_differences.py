"""What follows from a difference: a bar, exposure, an alarm, and above its limit the breaker."""

import pytest

from tests.support.runtime import KALSHI, ONE, POLYMARKET
from tests.unit.runtime.support import Told
from twoleg.core.events import ExposureFound, GuardCleared, GuardTripped, MarketBarred, PairsLeft
from twoleg.core.market import Venue
from twoleg.venues.ports import OpenOrder

K, P = Venue.KALSHI, Venue.POLYMARKET
MARKET = KALSHI.id


def rests(order_id: str = "v1", cost_micros: int = 500_000) -> OpenOrder:
    return OpenOrder(
        market_id=MARKET, order_key="", venue_order_id=order_id, shard=2, cost_micros=cost_micros
    )


@pytest.fixture
def told() -> Told:
    return Told()


def test_small_difference_bars_its_market_and_is_told_once(told: Told) -> None:
    for _ in range(2):
        told.differences.holding(K, MARKET, (ONE, 0))
    assert told.alarms() == ["holding_difference"]
    assert told.events == [
        MarketBarred(MARKET, "difference", is_barred=True),
        ExposureFound(MARKET, ONE, 0, 0),
    ]


def test_difference_is_told_to_the_micro_contract(told: Told) -> None:
    told.differences.holding(P, POLYMARKET.id, (-1, 3))
    (note,) = told.notes
    fields = dict(note.fields)
    assert (fields["market_id"], fields["yes_e6"], fields["no_e6"]) == (POLYMARKET.id, -1, 3)


@pytest.mark.parametrize("sizes_e6", [(ONE + 1, 0), (0, -ONE - 1)])
def test_difference_above_its_limit_opens_the_breaker_until_it_is_gone(
    told: Told, sizes_e6: tuple[int, int]
) -> None:
    told.differences.holding(P, POLYMARKET.id, sizes_e6)
    (trip,) = [event for event in told.events if isinstance(event, GuardTripped)]
    assert (trip.reason, trip.stands) == (f"holding_difference:{POLYMARKET.id}", True)
    told.events.clear()
    told.alarms()
    told.differences.holding(P, POLYMARKET.id, (0, 0))
    assert told.alarms() == ["holding_difference_gone"]
    assert told.events == [
        MarketBarred(POLYMARKET.id, "difference", is_barred=False),
        ExposureFound(POLYMARKET.id, 0, 0, 0),
        GuardCleared(trip.reason),
    ]


def test_accounts_that_agree_from_the_start_tell_nothing(told: Told) -> None:
    told.differences.holding(K, MARKET, (0, 0))
    told.differences.strangers(K, MARKET, (0, 0))
    told.differences.cash(K, 0, 0)
    told.differences.open_orders(K, {})
    assert (told.events, told.notes) == ([], [])


@pytest.mark.parametrize(("micros", "trips"), [(100_000, False), (-100_001, True)])
def test_cash_above_its_limit_opens_the_breaker(told: Told, micros: int, *, trips: bool) -> None:
    told.differences.cash(P, 0, micros)
    told.differences.cash(P, 0, micros)
    assert told.alarms() == ["cash_difference"]
    assert [type(event) for event in told.events] == [GuardTripped] * trips
    told.differences.cash(P, 0, 0)
    assert told.alarms() == ["cash_difference_gone"]
    assert [type(event) for event in told.events] == [GuardTripped, GuardCleared][: 2 * trips]


def test_strangers_and_differences_of_a_market_add_up_to_its_exposure(told: Told) -> None:
    told.differences.strangers(K, MARKET, (5 * ONE, 0))
    told.differences.holding(K, MARKET, (-ONE, 0))
    told.differences.open_orders(K, {MARKET: [rests()]})
    assert told.events[-1] == ExposureFound(MARKET, 4 * ONE, 0, 500_000)
    reasons = [event.reason for event in told.events if isinstance(event, MarketBarred)]
    assert reasons == ["stranger", "difference", "open_order"]


def test_stranger_s_order_bars_its_market_as_long_as_it_rests(told: Told) -> None:
    told.differences.open_orders(K, {MARKET: [rests(), rests("v2", 1)]})
    assert told.alarms() == ["stranger_order_found"] * 2
    assert told.differences.resting_micros == {(K, 2): 500_001}
    told.differences.open_orders(P, {})
    told.differences.open_orders(K, {MARKET: [rests()]})
    assert told.alarms() == []
    assert told.differences.resting_micros == {(K, 2): 500_000}
    told.differences.open_orders(K, {})
    assert told.events[-2:] == [
        MarketBarred(MARKET, "open_order", is_barred=False),
        ExposureFound(MARKET, 0, 0, 0),
    ]


def test_market_in_which_something_stands_is_told_and_not_forgotten(told: Told) -> None:
    left = PairsLeft((), (MARKET, POLYMARKET.id))
    told.differences.strangers(K, MARKET, (0, 0))
    told.differences.strangers(P, POLYMARKET.id, (0, ONE))
    assert told.differences.markets == {POLYMARKET.id}
    told.differences.leave(left)
    told.differences.strangers(P, POLYMARKET.id, (0, ONE))
    assert told.alarms() == ["stranger_found"]
    told.differences.strangers(P, POLYMARKET.id, (0, 0))
    assert told.differences.markets == set()
    told.differences.leave(left)
    assert told.differences._markets == {}
