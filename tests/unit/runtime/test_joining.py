"""A pair whose market is not ready yet joins when it is."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from tests.support.core import kalshi_market, make_pair, polymarket_market
from tests.support.runtime import ONE, CountedEntropy, FakeVenue, HeldClock
from tests.unit.runtime.support import Told
from twoleg.core.events import Event, PairsChanged, PositionReported
from twoleg.core.market import Market, MarketId, Pair, PairId, PairState, Venue
from twoleg.errors import VenueError, VenueRejected, VenueUnavailable
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.approvals import Approvals
from twoleg.runtime.joining import RETRY_S, Joining
from twoleg.runtime.kit import Kit, Seams
from twoleg.runtime.ledger import Ledger
from twoleg.runtime.patience import DELAY_MS_MAX, Patience
from twoleg.runtime.startup import Startup
from twoleg.storage.records import AnyRecord, PairSeen, PositionOpened

EARLY = make_pair()
LATE = make_pair(
    kalshi=MarketId("kalshi:KXB"), polymarket=MarketId("polymarket:0xb"), pair_id=PairId("pair-b")
)
MARKETS: dict[MarketId, Market] = {
    pair.market_on(venue): make(pair.market_on(venue))
    for pair in (EARLY, LATE)
    for venue, make in ((Venue.KALSHI, kalshi_market), (Venue.POLYMARKET, polymarket_market))
}
NOT_READY = VenueUnavailable("polymarket", "not_ready")
RETRY_MS = int(RETRY_S * 1_000)


class House:
    """A daemon that has started with one pair; the venues' answers are the test's."""

    def __init__(self) -> None:
        self.clock = HeldClock()
        self.refusals: dict[MarketId, VenueError] = {LATE.polymarket: NOT_READY}
        # Called when a market is read.
        self.on_read: dict[MarketId, Callable[[], None]] = {}
        self.markets: dict[MarketId, Market] = {}
        self.ledger = Ledger()
        self.stands = Told()
        self.records: list[AnyRecord] = []
        self.events: list[Event] = []
        self.followed: list[MarketId] = []
        self.joined: list[Pair] = []
        self.pairs: tuple[Pair, ...] = (EARLY,)
        # Markets on which something is open.
        self.busy: set[MarketId] = set()
        self.venues = {venue: FakeVenue(venue, []) for venue in Venue}
        kits = {venue: self._kit(venue) for venue in Venue}
        seams = Seams(self.clock, CountedEntropy(), cast("Any", None))
        self.startup = Startup(
            kits=kits,
            markets=self.markets,
            seams=seams,
            append=lambda record, _reserve: self.records.append(record),
            emit=self.events.append,
            approvals=Approvals(
                rules=dict,
                emit=self.events.append,
                note=cast("Any", self.records.append),
            ),
            patience=Patience(clock=self.clock, entropy=CountedEntropy(), stop=asyncio.Event()),
        )
        self.joining = Joining(
            startup=self.startup,
            kits=kits,
            accounts=Accounts(
                dict(self.venues),
                ledger=self.ledger,
                clock=self.clock,
                record=self._record,
                emit=self.events.append,
                differences=self.stands.differences,
            ),
            markets=self.markets,
            clock=self.clock,
            emit=self.events.append,
            pairs=lambda: self.pairs,
            is_busy=self.busy.__contains__,
        )

    def start(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.joining.run(self._let_in))

    async def joined_all(self) -> None:
        """Wait until nobody is on the way any more."""
        task = self.start()
        await self.clock.pass_ms(RETRY_MS + 1_000)
        await asyncio.wait_for(task, 5)

    def told(self) -> list[tuple[PairState, ...]]:
        """The states of the pairs, each time that the engine was told of them."""
        return [
            tuple(pair.state for pair in event.pairs)
            for event in self.events
            if isinstance(event, PairsChanged)
        ]

    def _let_in(self, pair: Pair) -> None:
        self.joined.append(pair)
        self.pairs = (*self.pairs, pair)

    def _record(self, record: AnyRecord) -> None:
        self.records.append(record)
        self.ledger.apply(record)

    def _kit(self, venue: Venue) -> Kit:
        async def read_market(pair: Pair) -> Market:
            market_id = pair.market_on(venue)
            if market_id in self.on_read:
                self.on_read[market_id]()
            if market_id in self.refusals:
                raise self.refusals[market_id]
            return MARKETS[market_id]

        unused = cast("Any", None)
        return Kit(
            venue,
            unused,
            read_market,
            None,
            None,
            unused,
            unused,
            follow=lambda market: self.followed.append(market.id),
        )


@pytest.fixture
async def house() -> House:
    house = House()
    assert await house.startup.read_pairs((LATE, EARLY)) == (EARLY,)
    house.events.clear()
    return house


async def test_pair_joins_disarmed_then_with_its_account_then_armed(house: House) -> None:
    house.venues[Venue.KALSHI].positions = ((LATE.kalshi, 5 * ONE, 0),)
    task = house.start()
    await house.clock.pass_ms(RETRY_MS + 1_000)
    assert (house.joined, house.followed) == ([], [])
    house.refusals.clear()
    await house.clock.pass_ms(RETRY_MS + 1_000)
    await task
    armed, disarmed = PairState.ARMED, PairState.DISARMED
    assert house.told() == [(armed, disarmed), (armed, armed)]
    order = [type(e) for e in house.events if isinstance(e, PairsChanged | PositionReported)]
    assert order == [PairsChanged, PositionReported, PositionReported, PairsChanged]
    # What stood there before is a stranger's.
    assert PositionReported(LATE.kalshi, 0, 0) in house.events
    assert house.stands.alarms() == ["stranger_found"]
    assert house.followed == [LATE.kalshi, LATE.polymarket]
    assert house.joined == [LATE]
    assert [r.pair for r in house.records if isinstance(r, PairSeen)] == [EARLY, LATE]
    opened = [r.market_id for r in house.records if isinstance(r, PositionOpened)]
    assert opened == [LATE.kalshi, LATE.polymarket]


async def test_holdings_are_told_only_while_nothing_is_open_there(house: House) -> None:
    house.refusals.clear()
    house.busy.update((EARLY.kalshi, LATE.kalshi))
    task = house.start()
    await house.clock.pass_ms(RETRY_MS + 5_000)
    assert house.told() == [(PairState.ARMED, PairState.DISARMED)]
    assert not [event for event in house.events if isinstance(event, PositionReported)]
    house.busy.remove(LATE.kalshi)
    await house.clock.pass_ms(8_000)
    await task
    assert house.joined == [LATE]


async def test_pair_joins_beside_a_residual_that_is_held_elsewhere(house: House) -> None:
    house.refusals.clear()
    house.busy.update((EARLY.kalshi, EARLY.polymarket))
    task = house.start()
    await house.clock.pass_ms(RETRY_MS + 1_000)
    await task
    assert house.joined == [LATE]


async def test_busy_market_is_not_asked_for_and_a_venue_that_is_away_seldom(house: House) -> None:
    house.refusals.clear()
    house.busy.add(LATE.polymarket)
    refusals = house.venues[Venue.KALSHI].read_errors
    refusals += [VenueUnavailable("kalshi", "no_answer")] * 100
    task = house.start()
    await house.clock.pass_ms(RETRY_MS + 600_000)
    assert len(refusals) == 100
    house.busy.clear()
    await house.clock.pass_ms(600_000)
    assert 10 <= 100 - len(refusals) <= 40
    task.cancel()


async def test_joining_goes_on_with_the_pair_at_which_it_failed(house: House) -> None:
    house.refusals.clear()
    house.venues[Venue.KALSHI].read_errors = [cast("Any", ZeroDivisionError())]
    task = house.start()
    await house.clock.pass_ms(RETRY_MS + 1_000)
    with pytest.raises(ZeroDivisionError):
        await task
    await house.start()
    assert house.joined == [LATE]


async def test_account_that_cannot_be_read_is_read_again(house: House) -> None:
    house.refusals.clear()
    house.venues[Venue.POLYMARKET].read_errors = [VenueUnavailable("polymarket", "no_answer")]
    task = house.start()
    await house.clock.pass_ms(RETRY_MS + 5_000)
    await task
    assert house.joined == [LATE]


async def test_pair_whose_market_turns_out_to_be_gone_is_given_up(house: House) -> None:
    house.refusals[LATE.polymarket] = VenueRejected("polymarket", "not_found", http_status=404)
    task = house.start()
    await house.clock.pass_ms(RETRY_MS + 1_000)
    await task
    assert (house.joined, house.startup.later) == ([], [])


async def test_no_pair_is_ready_the_start_goes_on_without(house: House) -> None:
    house.startup.later.clear()
    house.markets.clear()
    house.refusals |= {EARLY.polymarket: NOT_READY}
    assert await house.startup.read_pairs((EARLY, LATE)) == ()
    assert house.startup.later == [EARLY, LATE]


async def test_venue_that_is_away_for_another_reason_is_waited_for(house: House) -> None:
    house.markets.clear()
    house.refusals[EARLY.kalshi] = VenueUnavailable("kalshi", "no_answer")
    reading = asyncio.create_task(house.startup.read_pairs((EARLY,)))
    await house.clock.pass_ms(120_000)
    assert not reading.done()
    del house.refusals[EARLY.kalshi]
    await house.clock.pass_ms(DELAY_MS_MAX)
    assert await reading == (EARLY,)


async def test_pair_that_left_may_come_back_at_once_and_one_that_was_refused_may_not(
    house: House,
) -> None:
    house.refusals.clear()
    house.startup.later.clear()
    for _ in range(2):
        house.pairs = (EARLY,)
        house.joining.add(LATE)
        assert house.joining.coming() == (LATE,)
        await house.joined_all()
    assert house.joined == [LATE, LATE]
    house.markets.clear()
    house.refusals[LATE.kalshi] = VenueRejected("kalshi", "not_found", http_status=404)
    house.joining.add(LATE)
    await house.joined_all()
    house.joining.add(LATE)
    assert house.joining.coming() == ()


async def test_markets_of_a_pair_are_needed_from_their_reading_until_it_is_in(
    house: House,
) -> None:
    """While others are read with it, and while it waits for its account."""
    third = make_pair(
        kalshi=MarketId("kalshi:KXC"), polymarket=LATE.polymarket, pair_id=PairId("pair-c")
    )
    house.refusals.clear()
    house.busy.add(LATE.kalshi)
    seen: list[tuple[PairId, ...]] = []

    def refuse() -> None:
        # The other one is read by now.
        assert LATE.kalshi in house.markets
        seen.append(tuple(pair.id for pair in house.joining.coming()))
        raise NOT_READY

    house.on_read[third.kalshi] = refuse
    house.startup.later.append(third)
    task = house.start()
    await house.clock.pass_ms(RETRY_MS + 1_000)
    assert seen
    assert all(LATE.id in ids for ids in seen)
    assert {pair.id for pair in house.joining.coming()} == {LATE.id, third.id}
    task.cancel()
