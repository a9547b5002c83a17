"""Which pairs leave, when, and which markets go with them."""

import pytest
from msgspec import structs

from tests.support.core import kalshi_market, make_pair, polymarket_market
from tests.support.runtime import HeldClock
from twoleg.core.events import Event, PairsChanged, PairsLeft
from twoleg.core.market import Market, MarketId, Origin, Pair, PairId, PairState, Venue
from twoleg.runtime import leaving
from twoleg.runtime.leaving import AFTER_S, Leaving
from twoleg.runtime.roster import Roster

ARMED, DISARMED = PairState.ARMED, PairState.DISARMED


def found(number: int, *, kalshi: int = -1, state: PairState = DISARMED) -> Pair:
    """A pair of the matcher, on markets of its own unless another Kalshi market is named."""
    pair = make_pair(
        pair_id=PairId(f"m-{number}"),
        kalshi=MarketId(f"kalshi:{number if kalshi < 0 else kalshi}"),
        polymarket=MarketId(f"polymarket:0x{number}"),
    )
    return structs.replace(pair, origin=Origin.MATCHER, state=state)


class House:
    """A run with these pairs; what tells, tells `events`."""

    def __init__(self, *pairs: Pair) -> None:
        self.clock = HeldClock()
        self.events: list[Event] = []
        self.roster = Roster(
            tuple(pair for pair in pairs if pair.origin is Origin.FILE), self.events.append
        )
        for pair in pairs:
            if pair.origin is Origin.MATCHER:
                self.roster.let_in(pair)
        self.roster.arm()
        self.events.clear()
        self.coming: list[Pair] = []
        self.needed: set[MarketId] = set()
        self.markets: dict[MarketId, Market] = {}
        for pair in pairs:
            self.markets[pair.kalshi] = kalshi_market(pair.kalshi)
            self.markets[pair.polymarket] = polymarket_market(pair.polymarket)
        self.leaving = Leaving(
            roster=self.roster,
            coming=lambda: self.coming,
            markets=self.markets,
            needed=lambda: set(self.needed),
            tell=(self.events.append,),
            clock=self.clock,
        )

    def wait(self, seconds: float = AFTER_S) -> list[PairsLeft]:
        """What leaves at the end of so long, with a look at its beginning."""
        self.leaving.look()
        self.clock.now_ns += int(seconds * 1_000_000_000)
        self.leaving.look()
        return [event for event in self.events if isinstance(event, PairsLeft)]


def test_pair_that_is_armed_no_more_leaves_after_a_while_with_its_markets() -> None:
    house = House(found(1), found(2, state=ARMED))
    assert house.wait(AFTER_S - 0.001) == []
    markets = MarketId("kalshi:1"), MarketId("polymarket:0x1")
    assert house.wait(0.001) == [PairsLeft((PairId("m-1"),), markets)]
    # The engine is told of the pairs that stay before it is told of those that left.
    assert isinstance(house.events[0], PairsChanged)
    assert [pair.id for pair in house.roster.pairs] == ["m-2"]
    assert set(house.markets) == {"kalshi:2", "polymarket:0x2"}


STAYS: dict[str, Pair] = {
    "armed": found(1, state=ARMED),
    "of the file": structs.replace(found(1), origin=Origin.FILE),
}


@pytest.mark.parametrize("why", STAYS)
def test_pair_that_is_armed_or_of_the_file_stays(why: str) -> None:
    assert House(STAYS[why]).wait() == []


@pytest.mark.parametrize("venue", Venue)
def test_pair_stays_while_one_of_its_markets_is_needed_and_a_while_after(venue: Venue) -> None:
    pair = found(1)
    house = House(pair)
    house.needed.add(pair.market_on(venue))
    assert house.wait() == []
    house.needed.clear()
    assert house.wait(AFTER_S - 1) == []
    assert len(house.wait(1)) == 1


def test_pair_that_is_armed_again_meanwhile_begins_to_wait_anew() -> None:
    house = House(found(1))
    house.wait(AFTER_S - 1)
    for state in (ARMED, DISARMED):
        house.roster.change({PairId("m-1"): found(1, state=state)})
        assert house.wait(1) == []
    assert house.wait(AFTER_S - 3) == []
    assert len(house.wait(3)) == 1


@pytest.mark.parametrize("is_in", [True, False])
def test_market_of_two_pairs_goes_with_the_last(is_in: bool) -> None:  # noqa: FBT001 - a case
    other = found(2, kalshi=1, state=ARMED)
    house = House(found(1), *([other] if is_in else []))
    house.coming = [] if is_in else [other]
    assert [event.market_ids for event in house.wait()] == [("polymarket:0x1",)]
    house.coming.clear()
    house.roster.change({other.id: found(2, kalshi=1)})
    gone = {key for event in house.wait()[1:] for key in event.market_ids}
    assert gone == ({"kalshi:1", "polymarket:0x2"} if is_in else {"kalshi:1"})


def test_market_that_no_pair_names_goes_once_nothing_needs_it() -> None:
    house = House()
    house.markets[MarketId("kalshi:9")] = kalshi_market(MarketId("kalshi:9"))
    house.needed.add(MarketId("kalshi:9"))
    assert house.wait() == []
    house.needed.clear()
    assert house.wait() == [PairsLeft((), (MarketId("kalshi:9"),))]


def test_many_leave_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "PAIRS_MAX", 2)
    house = House(*(found(number) for number in range(5)))
    assert [len(event.pair_ids) for event in house.wait()] == [2]
    house.leaving.look()
    assert [len(event.market_ids) for event in house.wait(0)] == [4, 4, 2]
    assert (house.roster.pairs, house.markets) == ((), {})
