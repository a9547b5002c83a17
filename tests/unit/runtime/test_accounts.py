import asyncio

import pytest

from tests.support.runtime import KALSHI, ONE, POLYMARKET, FakeVenue, HeldClock, fill_of, spec_of
from tests.unit.runtime.support import Told
from twoleg.core.events import CashReported, Event, ExposureFound, MarketBarred, PositionReported
from twoleg.core.market import Venue
from twoleg.errors import VenueError, VenueUnavailable
from twoleg.runtime.accounts import CLOSE_TRIES, OPEN_TRIES, Accounts
from twoleg.runtime.ledger import MODELLED_MICROS_MAX, Ledger
from twoleg.storage.records import (
    AccountCompared,
    AnyRecord,
    CashOpened,
    FeeAdjusted,
    FillRecorded,
    MarketSeen,
    PositionOpened,
    StrangerSeen,
)

K, P = Venue.KALSHI, Venue.POLYMARKET
CASH = 100 * ONE


class Office:
    """Accounts of both fake venues, opened; the ledger follows the journal as in the daemon."""

    def __init__(self) -> None:
        self.clock = HeldClock()
        self.ledger = Ledger()
        self.records: list[AnyRecord] = []
        self.told = Told()
        # Whether an order of ours is on its way.
        self.is_open = False
        self.events: list[Event] = []
        self.venues = {venue: FakeVenue(venue, []) for venue in Venue}
        self.venues[K].cash_micros = ((0, CASH), (2, CASH))
        self.venues[P].cash_micros = ((0, CASH),)
        for market in (KALSHI, POLYMARKET):
            self.record(MarketSeen(wall_ns=1, market=market))
        self.accounts = Accounts(
            dict(self.venues),
            ledger=self.ledger,
            clock=self.clock,
            record=self.record,
            emit=self.events.append,
            differences=self.told.differences,
            activity=lambda: None if self.is_open else self.ledger.moves,
        )

    def record(self, record: AnyRecord) -> None:
        self.records.append(record)
        self.ledger.apply(record)

    async def opened(self) -> "Office":
        await self.accounts.open((KALSHI, POLYMARKET))
        self.records.clear()
        self.events.clear()
        return self

    def buy(self, count: int = 1) -> None:
        """Fills with a modelled fee of 50; the venue's cash follows to the micro-dollar."""
        for number in range(count):
            fill = fill_of(spec_of(P), f"f{number}", fee_micros=50)
            self.record(FillRecorded(wall_ns=2, execution_no=1, order_no=1, owner="arb", fill=fill))
        self.venues[P].cash_micros = ((0, self.ledger.cash_micros[P, 0]),)

    def drift(self, micros: int) -> None:
        ((shard, cash),) = self.venues[P].cash_micros
        self.venues[P].cash_micros = ((shard, cash + micros),)

    def adjusted(self) -> list[FeeAdjusted]:
        return [record for record in self.records if isinstance(record, FeeAdjusted)]


async def test_first_look_opens_cash_per_shard_and_every_market_with_nothing_of_ours() -> None:
    office = Office()
    office.venues[K].positions = ((KALSHI.id, -7 * ONE, 0),)
    await office.accounts.open((KALSHI, POLYMARKET))
    cash = [record for record in office.records if isinstance(record, CashOpened)]
    assert [(record.venue, record.shard) for record in cash] == [(K, 0), (K, 2), (P, 0)]
    held = [record for record in office.records if isinstance(record, PositionOpened)]
    assert [(entry.market_id, entry.yes_e6, entry.no_e6) for entry in held] == [
        (KALSHI.id, 0, 0),
        (POLYMARKET.id, 0, 0),
    ]
    (stranger,) = [record for record in office.records if isinstance(record, StrangerSeen)]
    assert (stranger.market_id, stranger.yes_e6, stranger.no_e6) == (KALSHI.id, -7 * ONE, 0)


async def test_later_start_takes_nothing_over_from_the_venues() -> None:
    office = await Office().opened()
    office.venues[K].cash_micros = ((0, 5), (3, 7))
    office.venues[K].positions = ((KALSHI.id, 9 * ONE, 0),)
    await office.accounts.open((KALSHI, POLYMARKET))
    assert office.records == []
    assert office.ledger.cash_micros[K, 0] == CASH


async def test_engine_is_told_what_is_ours_and_what_a_stranger_s() -> None:
    office = Office()
    office.venues[P].positions = ((POLYMARKET.id, 3 * ONE, 0),)
    await office.accounts.open((KALSHI, POLYMARKET))
    office.accounts.tell(office.ledger, (KALSHI, POLYMARKET))
    assert office.events == [
        PositionReported(KALSHI.id, 0, 0),
        PositionReported(POLYMARKET.id, 0, 0),
        CashReported(K, ((0, CASH), (2, CASH))),
        CashReported(P, ((0, CASH),)),
    ]
    assert office.told.events == [
        MarketBarred(POLYMARKET.id, "stranger", is_barred=True),
        ExposureFound(POLYMARKET.id, 3 * ONE, 0, 0),
    ]


@pytest.mark.parametrize("failures", [1, OPEN_TRIES - 1])
async def test_open_asks_again_for_cash_and_holdings(failures: int) -> None:
    office = Office()
    office.venues[K].read_errors = [VenueUnavailable("kalshi", "http_503")] * failures
    opening = asyncio.create_task(office.accounts.open((KALSHI, POLYMARKET)))
    await office.clock.pass_ms(60_000)
    await opening
    assert office.ledger.cash_micros[K, 0] == CASH


async def test_open_retries_holdings_as_well() -> None:
    class Fickle(FakeVenue):
        async def read_cash(self) -> CashReported:
            cash = await super().read_cash()
            self.read_errors = [VenueUnavailable("kalshi", "http_503")] * (self.reads == 0)
            self.reads += 1
            return cash

    office = Office()
    fickle = Fickle(K, [])
    fickle.cash_micros = ((0, CASH),)
    accounts = Accounts(
        {K: fickle},
        ledger=office.ledger,
        clock=office.clock,
        record=office.record,
        emit=office.events.append,
        differences=office.told.differences,
    )
    opening = asyncio.create_task(accounts.open((KALSHI,)))
    await office.clock.pass_ms(60_000)
    await opening
    assert office.ledger.is_opened(KALSHI.id)


async def test_open_gives_up_after_a_few_tries() -> None:
    office = Office()
    office.venues[K].read_errors = [VenueUnavailable("kalshi", "http_503")] * OPEN_TRIES
    opening = asyncio.create_task(office.accounts.open((KALSHI, POLYMARKET)))
    await office.clock.pass_ms(60_000)
    with pytest.raises(VenueError):
        await opening


async def test_equal_cash_is_told_and_clears_the_doubt() -> None:
    office = await Office().opened()
    office.buy()
    await office.accounts.compare(P)
    assert office.adjusted() == []
    assert office.ledger.modelled_fills[P] == 0
    assert [type(event) for event in office.events] == [CashReported]


async def test_difference_is_adjusted_when_seen_twice() -> None:
    office = await Office().opened()
    office.buy(2)
    office.drift(-2 * MODELLED_MICROS_MAX)
    await office.accounts.compare(P)
    assert office.adjusted() == []
    await office.accounts.compare(P)
    (adjusted,) = office.adjusted()
    assert (adjusted.micros, adjusted.fills) == (-2 * MODELLED_MICROS_MAX, 2)
    await office.accounts.compare(P)
    assert len(office.adjusted()) == 1
    assert office.ledger.cash_micros[P, 0] == office.venues[P].cash_micros[0][1]


async def test_difference_that_changes_is_looked_at_again() -> None:
    office = await Office().opened()
    office.buy(2)
    for micros in (-5, 3):
        office.drift(micros)
        await office.accounts.compare(P)
    assert office.adjusted() == []
    await office.accounts.compare(P)
    assert [record.micros for record in office.adjusted()] == [-2]


@pytest.mark.parametrize("fills", [0, 1, 2])
async def test_difference_beyond_what_fees_explain_is_never_adjusted(fills: int) -> None:
    office = await Office().opened()
    office.buy(fills)
    office.drift(-(fills * MODELLED_MICROS_MAX + 1))
    for _ in range(3):
        await office.accounts.compare(P)
    assert office.adjusted() == []


async def test_difference_on_one_shard_is_doubted_while_the_other_agrees() -> None:
    office = await Office().opened()
    office.ledger.modelled_fills[K] = 1
    office.venues[K].cash_micros = ((0, CASH - 5), (2, CASH))
    await office.accounts.compare(K)
    office.ledger.modelled_fills[K] = 1
    await office.accounts.compare(K)
    assert [(record.shard, record.micros) for record in office.adjusted()] == [(0, -5)]


async def test_venue_that_cannot_be_asked_changes_nothing() -> None:
    office = await Office().opened()
    office.venues[P].read_errors = [VenueUnavailable("polymarket", "timeout")]
    await office.accounts.compare(P)
    assert (office.records, office.events) == ([], [])
    assert not office.accounts.is_compared


async def test_accounts_are_compared_once_both_were_read() -> None:
    office = await Office().opened()
    for venue in (K, K, P):
        assert not office.accounts.is_compared
        await office.accounts.compare(venue)
    assert office.accounts.is_compared
    told = [record.venue for record in office.records if isinstance(record, AccountCompared)]
    assert told == [K, P]


async def test_cash_while_an_order_is_out_is_read_and_not_judged() -> None:
    office = await Office().opened()
    office.is_open = True
    office.drift(-5_000_000)
    for _ in range(3):
        assert not await office.accounts.compare(P)
    assert office.told.alarms() == []


async def test_close_looks_again_while_in_doubt_and_not_for_ever() -> None:
    office = await Office().opened()
    office.buy()
    office.drift(-100)
    closing = asyncio.create_task(office.accounts.close())
    await office.clock.pass_ms(CLOSE_TRIES * 1_000)
    await closing
    assert office.adjusted() == []


async def test_close_adjusts_on_the_second_look() -> None:
    office = await Office().opened()
    office.buy()
    office.drift(-5)
    closing = asyncio.create_task(office.accounts.close())
    await office.clock.pass_ms(CLOSE_TRIES * 1_000)
    await closing
    assert [record.micros for record in office.adjusted()] == [-5]


async def test_second_look_is_asked_for_once_per_difference() -> None:
    office = await Office().opened()
    office.buy()
    assert not await office.accounts.compare(P)
    office.drift(-5_000_000)
    looks = [await office.accounts.compare(P) for _ in range(3)]
    assert looks == [True, False, False]


async def test_money_that_moved_without_us_is_expected_once_it_stood_twice() -> None:
    office = await Office().opened()
    before, _ = office.accounts.expected(P)
    office.drift(7 * ONE)
    await office.accounts.compare(P)
    assert office.accounts.expected(P)[0] == before
    await office.accounts.compare(P)
    assert office.accounts.expected(P)[0] == before + 7 * ONE
    office.drift(-7 * ONE)
    await office.accounts.compare(P)
    assert office.accounts.expected(P)[0] == before
