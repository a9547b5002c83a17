import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.support.runtime import (
    KALSHI,
    ONE,
    POLYMARKET,
    WALL_NS,
    FakeVenue,
    HeldClock,
    fill_of,
    spec_of,
)
from tests.unit.runtime.support import Told
from twoleg.core.events import CashReported, Event, ExposureFound, MarketBarred, PositionReported
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Side, Venue
from twoleg.errors import VenueError, VenueUnavailable
from twoleg.runtime.accounts import CLOSE_TRIES, LOOK_AGAIN_S, OPEN_TRIES, Accounts
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
from twoleg.venues.ports import OpenOrder

K, P = Venue.KALSHI, Venue.POLYMARKET
CASH = 100 * ONE
LOOK_AGAIN_NS = int(LOOK_AGAIN_S * 1_000_000_000)


class Office:
    """Accounts of both fake venues, opened; the ledger follows the journal as in the daemon."""

    def __init__(self) -> None:
        self.clock = HeldClock()
        self.ledger = Ledger()
        self.records: list[AnyRecord] = []
        self.told = Told()
        # Whether an order of ours is on its way.
        self.is_open = False
        # Sides on which fills may still fail.
        self.unsure: set[Side] = set()
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
            unsure=lambda _venue: self.unsure,
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

    async def look(self, venue: Venue = P) -> bool:
        """Compare once, long enough after the time before."""
        self.clock.now_ns += LOOK_AGAIN_NS
        return await self.accounts.compare(venue)

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
    await office.look()
    assert office.adjusted() == []
    assert office.ledger.modelled_fills[P] == 0
    assert [type(event) for event in office.events] == [CashReported]


async def test_difference_is_adjusted_when_seen_twice() -> None:
    office = await Office().opened()
    office.buy(2)
    office.drift(-2 * MODELLED_MICROS_MAX)
    await office.look()
    assert office.adjusted() == []
    await office.look()
    (adjusted,) = office.adjusted()
    assert (adjusted.micros, adjusted.fills) == (-2 * MODELLED_MICROS_MAX, 2)
    await office.look()
    assert len(office.adjusted()) == 1
    assert office.ledger.cash_micros[P, 0] == office.venues[P].cash_micros[0][1]


async def test_difference_that_changes_is_looked_at_again() -> None:
    office = await Office().opened()
    office.buy(2)
    for micros in (-5, 3):
        office.drift(micros)
        await office.look()
    assert office.adjusted() == []
    await office.look()
    assert [record.micros for record in office.adjusted()] == [-2]


@pytest.mark.parametrize("fills", [0, 1, 2])
async def test_difference_beyond_what_fees_explain_is_never_adjusted(fills: int) -> None:
    office = await Office().opened()
    office.buy(fills)
    office.drift(-(fills * MODELLED_MICROS_MAX + 1))
    for _ in range(3):
        await office.look()
    assert office.adjusted() == []


async def test_difference_on_one_shard_is_doubted_while_the_other_agrees() -> None:
    office = await Office().opened()
    office.ledger.modelled_fills[K] = 1
    office.venues[K].cash_micros = ((0, CASH - 5), (2, CASH))
    await office.look(K)
    office.ledger.modelled_fills[K] = 1
    await office.look(K)
    assert [(record.shard, record.micros) for record in office.adjusted()] == [(0, -5)]


async def test_venue_that_cannot_be_asked_changes_nothing() -> None:
    office = await Office().opened()
    office.venues[P].read_errors = [VenueUnavailable("polymarket", "timeout")]
    await office.look()
    assert (office.records, office.events) == ([], [])
    assert not office.accounts.is_compared


async def test_accounts_are_compared_once_both_were_read() -> None:
    office = await Office().opened()
    for venue in (K, K, P):
        assert not office.accounts.is_compared
        await office.look(venue)
    # What they hold belongs to it.
    for venue in (P, K):
        assert not office.accounts.is_compared
        office.accounts.mark_holdings(venue)
    assert office.accounts.is_compared
    told = [record.venue for record in office.records if isinstance(record, AccountCompared)]
    assert told == [K, P]


async def test_cash_while_an_order_is_out_is_read_and_not_judged() -> None:
    office = await Office().opened()
    office.is_open = True
    office.drift(-5_000_000)
    for _ in range(3):
        assert not await office.look()
    assert office.told.alarms() == []


async def test_close_looks_again_while_in_doubt_and_not_for_ever() -> None:
    office = await Office().opened()
    office.buy()
    office.drift(-100)
    closing = asyncio.create_task(office.accounts.close())
    await office.clock.pass_ms(CLOSE_TRIES * LOOK_AGAIN_NS // 1_000_000)
    await closing
    assert office.adjusted() == []


async def test_close_adjusts_on_the_second_look() -> None:
    office = await Office().opened()
    office.buy()
    office.drift(-5)
    closing = asyncio.create_task(office.accounts.close())
    await office.clock.pass_ms(CLOSE_TRIES * LOOK_AGAIN_NS // 1_000_000)
    await closing
    assert [record.micros for record in office.adjusted()] == [-5]


async def test_second_look_is_asked_for_once_per_difference() -> None:
    office = await Office().opened()
    office.buy()
    assert not await office.look()
    office.drift(-5_000_000)
    looks = [await office.look() for _ in range(3)]
    assert looks == [True, False, False]


async def test_money_that_moved_without_us_is_expected_once_it_stood_twice() -> None:
    office = await Office().opened()
    before, _ = office.accounts.expected(P)
    office.drift(7 * ONE)
    await office.look()
    assert office.accounts.expected(P)[0] == before
    await office.look()
    assert office.accounts.expected(P)[0] == before + 7 * ONE
    office.drift(-7 * ONE)
    await office.look()
    assert office.accounts.expected(P)[0] == before


# -- what may be compared ----------------------------------------------------------------------


async def test_two_looks_at_once_are_one_sight() -> None:
    office = await Office().opened()
    office.buy()
    office.drift(4 * ONE)
    looks = await asyncio.gather(*(office.accounts.compare(P) for _ in range(3)))
    assert (looks, office.told.alarms()) == ([True] * 3, [])
    assert await office.look() is False
    assert office.told.alarms() == ["cash_difference"]


class NewsVenue(FakeVenue):
    """A venue that tells of flows, and during whose telling something happens."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__(P, [])
        self.meanwhile = meanwhile

    async def read_flows(self, since_ms: int) -> tuple[CashFlow, ...]:
        assert since_ms == WALL_NS // 1_000_000
        self.meanwhile()
        ts_ms = since_ms + 1
        return (
            CashFlow(
                kind=FlowKind.REBATE, venue=P, shard=0, micros=1_000, reference="r1", ts_ms=ts_ms
            ),
        )

    async def read_open_orders(self) -> tuple[OpenOrder, ...]:
        return ()


async def office_with_news(meanwhile: Callable[["Office"], None]) -> Office:
    office = Office()
    news = NewsVenue(lambda: meanwhile(office))
    news.cash_micros = ((0, CASH),)
    office.venues[P] = office.accounts.ports[P] = news  # type: ignore[index]
    await office.opened()
    return office


def nothing(office: Office) -> None:
    del office


def a_trade(office: Office) -> None:
    fill = fill_of(spec_of(P), "f9", fee_micros=50)
    office.record(FillRecorded(wall_ns=2, execution_no=1, order_no=1, owner="arb", fill=fill))


def a_beginning(office: Office) -> None:
    office.is_open = True


async def test_cash_is_told_once_the_flows_that_explain_it_are_booked() -> None:
    office = await office_with_news(nothing)
    office.drift(1_000)
    assert not await office.look()
    assert [event for event in office.events if isinstance(event, CashReported)] == [
        CashReported(P, ((0, office.ledger.cash_micros[P, 0]),))
    ]


@pytest.mark.parametrize("meanwhile", [a_trade, a_beginning])
async def test_execution_while_the_flows_are_read_makes_the_figure_too_old(
    meanwhile: Callable[[Office], None],
) -> None:
    office = await office_with_news(meanwhile)
    office.drift(5 * ONE)
    for _ in range(2):
        assert not await office.look()
    assert (office.events, office.told.alarms()) == ([], [])


@pytest.mark.parametrize(
    ("side", "micros", "is_told"),
    [(Side.BUY, ONE, False), (Side.BUY, -ONE, True), (Side.SELL, -ONE, True), (None, ONE, True)],
)
async def test_figure_above_ours_waits_while_purchases_may_still_fail(
    side: Side | None, micros: int, *, is_told: bool
) -> None:
    office = await Office().opened()
    office.unsure = {side} if side else set()
    office.drift(micros)
    for _ in range(2):
        await office.look()
    is_explained = side is (Side.BUY if micros > 0 else Side.SELL)
    assert office.told.alarms() == ([] if is_explained else ["cash_difference"])
    assert bool(office.events) is is_told
    office.unsure.clear()
    for _ in range(2):
        await office.look()
    assert office.told.alarms() == (["cash_difference"] if is_explained else [])


# -- beginnings that were torn -----------------------------------------------------------------


class DiedError(Exception):
    """The process is gone."""


@pytest.mark.parametrize("before", [CashOpened, StrangerSeen, PositionOpened])
@pytest.mark.parametrize("count", [1, 2, 3])
async def test_account_that_was_begun_in_part_is_begun_anew(
    before: type[AnyRecord], count: int
) -> None:
    office = Office()
    office.venues[K].positions = ((KALSHI.id, -7 * ONE, 0),)
    left = [count]

    def record(one: AnyRecord) -> None:
        office.record(one)
        left[0] -= isinstance(one, before)
        if isinstance(one, before) and left[0] == 0:
            raise DiedError

    dying = Accounts(
        dict(office.venues),
        ledger=office.ledger,
        clock=office.clock,
        record=record,
        emit=office.events.append,
        differences=office.told.differences,
    )
    with suppress(DiedError):
        await dying.open((KALSHI, POLYMARKET))
    await office.accounts.open((KALSHI, POLYMARKET))
    assert office.ledger.cash_micros == {(K, 0): CASH, (K, 2): CASH, (P, 0): CASH}
    assert set(office.ledger.opened_wall_ns) == {K, P}
    assert office.ledger.strangers_e6 == {KALSHI.id: (-7 * ONE, 0)}
    assert all(office.ledger.is_opened(market.id) for market in (KALSHI, POLYMARKET))


# -- rounding of flows -------------------------------------------------------------------------


@pytest.mark.parametrize(("micros", "is_adjusted"), [(9_999, True), (10_001, False), (-1, False)])
async def test_rounding_of_a_flow_is_adjusted_within_its_margin(
    micros: int, *, is_adjusted: bool
) -> None:
    office = await Office().opened()
    office.ledger.margin_micros[P, 0] = 10_000
    office.drift(micros)
    for _ in range(2):
        await office.look()
    assert [(record.micros, record.fills) for record in office.adjusted()] == (
        [(micros, 0)] if is_adjusted else []
    )
    assert bool(office.told.alarms()) is not is_adjusted


# -- what an operator may accept ---------------------------------------------------------------


async def test_difference_stands_once_it_was_seen_twice_and_until_it_is_accepted() -> None:
    office = await Office().opened()
    for venue in (K, P):
        await office.look(venue)
        assert office.accounts.standing(P, 0) is None
        office.accounts.mark_holdings(venue)
    office.drift(7 * ONE)
    await office.look()
    assert office.accounts.standing(P, 0) == 0
    await office.look()
    assert office.accounts.standing(P, 0) == 7 * ONE
    office.told.alarms()
    office.accounts.accepted(P, 0)
    assert office.accounts.standing(P, 0) == 0
    assert office.told.alarms() == ["cash_difference_gone"]


# -- what is waited for ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has_ended", "pays", "awaited"),
    [
        (False, False, {KALSHI.id, POLYMARKET.id}),
        (True, False, set()),
        # Kalshi pays by itself; who redeems on Polymarket may do so whenever he likes.
        (True, True, {KALSHI.id}),
    ],
)
async def test_what_is_held_is_waited_for_until_it_is_over(
    *, has_ended: bool, pays: bool, awaited: set[str]
) -> None:
    office = await Office().opened()
    if pays:
        office.accounts.ports[K] = NewsVenue(lambda: None)  # type: ignore[index]
    assert office.accounts.awaiting(lambda _: False) == set()
    for venue in Venue:
        fill = fill_of(spec_of(venue))
        office.record(FillRecorded(wall_ns=2, execution_no=1, order_no=0, owner="arb", fill=fill))
    assert office.accounts.awaiting(lambda _: has_ended) == awaited
