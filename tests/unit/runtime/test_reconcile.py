"""The look at both accounts: quiet markets only, twice, and repaired only by what is proven."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec
import pytest

from tests.support.runtime import KALSHI, ONE, POLYMARKET, Desk, FakeVenue, fill_of, ref_of, spec_of
from tests.unit.runtime.support import Told
from twoleg.core.events import ExposureFound, FillStatus, MarketBarred
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Market, MarketId, Outcome, Venue
from twoleg.errors import VenueUnavailable
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.ledger import Ledger
from twoleg.runtime.reconcile import Reconcile
from twoleg.storage.records import AnyRecord, CashFlowSeen, FillRecorded, MarketSeen
from twoleg.venues.ports import OpenOrder

K, P = Venue.KALSHI, Venue.POLYMARKET
CASH = 100 * ONE
LOOK_MS = 20_000
AFTER_MS = 1_790_000_001_000


class NewsVenue(FakeVenue):
    """A venue that tells of flows and resting orders too."""

    def __init__(self, venue: Venue, story: list[str]) -> None:
        super().__init__(venue, story)
        self.flows: tuple[CashFlow, ...] = ()
        self.orders: tuple[OpenOrder, ...] = ()
        self.news_errors: list[Exception] = []

    async def read_flows(self, since_ms: int) -> tuple[CashFlow, ...]:
        if self.news_errors:
            raise self.news_errors.pop(0)
        return self.flows

    async def read_open_orders(self) -> tuple[OpenOrder, ...]:
        if self.news_errors:
            raise self.news_errors.pop(0)
        return self.orders


class Office:
    """Both accounts, begun with nothing in their markets, and who compares them."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.clock = self.desk.clock
        self.venues = {venue: NewsVenue(venue, []) for venue in Venue}
        for venue in self.venues.values():
            venue.cash_micros = ((0, CASH),)
        self.told = Told()
        self.ledger = Ledger()
        self.records: list[AnyRecord] = []
        self.busy: set[MarketId] = set()
        self.markets: dict[MarketId, Market] = {m.id: m for m in (KALSHI, POLYMARKET)}
        for market in self.markets.values():
            self.record(MarketSeen(wall_ns=1, market=market))
        self.accounts = Accounts(
            dict(self.venues),
            ledger=self.ledger,
            clock=self.clock,
            record=self.record,
            emit=self.told.events.append,
            differences=self.told.differences,
            activity=lambda: None if self.busy else self.ledger.moves,
        )
        self.tasks: list[asyncio.Task[None]] = []
        self.reconcile = Reconcile(
            accounts=self.accounts,
            differences=self.told.differences,
            tracker=self.desk.tracker,
            markets=self.markets,
            is_busy=self.busy.__contains__,
            clock=self.clock,
            seconds=lambda: 60,
            spawn=self._spawn,
        )

    def record(self, record: AnyRecord) -> None:
        self.records.append(record)
        self.ledger.apply(record)

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(work, name=name))

    async def look(self) -> list[str]:
        """One look; the alarms that it raised."""
        task = asyncio.create_task(self.reconcile.look())
        await self.clock.pass_ms(LOOK_MS)
        await task
        return self.told.alarms()

    def buy(self, venue: Venue, size_e6: int = 10 * ONE) -> None:
        """A purchase of YES for 40 cents each; the venue's account follows."""
        fill = msgspec.structs.replace(
            fill_of(spec_of(venue), size_e6=size_e6), status=FillStatus.FINAL, fee_modelled=False
        )
        self.record(FillRecorded(wall_ns=2, execution_no=1, order_no=0, owner="arb", fill=fill))
        self.hold(venue, size_e6)
        self.venues[venue].cash_micros = ((0, self.ledger.cash_micros[venue, 0]),)

    def hold(self, venue: Venue, yes_e6: int, no_e6: int = 0) -> None:
        market = KALSHI if venue is K else POLYMARKET
        self.venues[venue].positions = ((market.id, yes_e6, no_e6),)

    def pay(self, venue: Venue, micros: int) -> None:
        ((shard, cash),) = self.venues[venue].cash_micros
        self.venues[venue].cash_micros = ((shard, cash + micros),)

    def flows(self) -> list[CashFlow]:
        return [record.flow for record in self.records if isinstance(record, CashFlowSeen)]


def flow(kind: FlowKind, micros: int, venue: Venue = K, **more: Any) -> CashFlow:
    told: dict[str, Any] = {"reference": kind.value, "ts_ms": AFTER_MS, "shard": 0, **more}
    return CashFlow(kind=kind, venue=venue, micros=micros, **told)


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.accounts.open(office.markets.values())
    return office


async def test_accounts_that_agree_are_left_alone(office: Office) -> None:
    await office.look()
    office.buy(K)
    before = len(office.records)
    assert await office.look() == []
    assert len(office.records) == before


@pytest.mark.parametrize("venue", Venue)
async def test_holding_that_differs_twice_bars_its_market_until_it_agrees(
    office: Office, venue: Venue
) -> None:
    office.buy(venue)
    office.hold(venue, 10 * ONE + 7)
    assert await office.look() == ["holding_difference"]
    market = KALSHI if venue is K else POLYMARKET
    assert MarketBarred(market.id, "difference", is_barred=True) in office.told.events
    assert ExposureFound(market.id, 7, 0, 0) in office.told.events
    office.hold(venue, 10 * ONE)
    assert await office.look() == ["holding_difference_gone"]


async def test_holding_that_was_only_late_is_no_difference(office: Office) -> None:
    office.buy(K)
    office.hold(K, 0)
    task = asyncio.create_task(office.reconcile.look())
    await office.clock.pass_ms(1_000)
    office.hold(K, 10 * ONE)
    await office.clock.pass_ms(LOOK_MS)
    await task
    assert office.told.alarms() == []


async def test_market_in_flight_is_not_compared_and_the_quiet_one_is(office: Office) -> None:
    office.hold(K, ONE)
    office.hold(P, 0, ONE)
    office.busy.add(KALSHI.id)
    assert await office.look() == ["holding_difference"]
    assert [e.market_id for e in office.told.events if isinstance(e, MarketBarred)] == [
        POLYMARKET.id
    ]


async def test_market_that_began_to_trade_between_both_looks_is_not_judged(office: Office) -> None:
    office.hold(K, ONE)
    task = asyncio.create_task(office.reconcile.look())
    await office.clock.pass_ms(1_000)
    office.busy.add(KALSHI.id)
    await office.clock.pass_ms(LOOK_MS)
    await task
    assert office.told.alarms() == []


async def test_market_with_a_fill_that_may_fail_is_not_judged(office: Office) -> None:
    fill = fill_of(spec_of(P), order_key="key", status=FillStatus.PROVISIONAL)
    office.desk.tracker.register(ref_of(spec_of(P), "key"), (fill,))
    office.hold(P, ONE)
    assert await office.look() == []


async def test_cash_that_differs_twice_is_told(office: Office) -> None:
    office.pay(K, -30)
    assert await office.look() == ["cash_difference"]
    office.pay(K, 30)
    assert await office.look() == ["cash_difference_gone"]


async def test_cash_while_an_order_is_out_is_not_compared(office: Office) -> None:
    office.busy.add(MarketId("kalshi:other"))
    office.pay(K, -30)
    assert await office.look() == []


@pytest.mark.parametrize(
    ("kind", "micros"),
    [
        (FlowKind.DEPOSIT, 5_000_000),
        (FlowKind.WITHDRAWAL, -2_000_000),
        (FlowKind.REBATE, 1_234_567),
        (FlowKind.TRANSFER, -7_000_000),
    ],
)
async def test_flow_is_booked_once_by_its_id(office: Office, kind: FlowKind, micros: int) -> None:
    office.venues[K].flows = (flow(kind, micros),)
    office.pay(K, micros)
    for _ in range(2):
        assert await office.look() == []
    assert [told.micros for told in office.flows()] == [micros]
    assert office.ledger.cash_micros[K, 0] == CASH + micros


async def test_flow_from_before_the_account_began_is_in_its_opening(office: Office) -> None:
    office.venues[K].flows = (flow(FlowKind.DEPOSIT, 5, ts_ms=1_000),)
    assert await office.look() == []
    assert office.flows() == []


async def test_settlement_that_fits_our_holding_is_booked_and_ends_it(office: Office) -> None:
    office.buy(K)
    paid = flow(FlowKind.SETTLEMENT, 10 * ONE, market_id=KALSHI.id, yes_e6=10 * ONE, no_e6=0)
    office.venues[K].flows = (paid,)
    office.hold(K, 0)
    office.pay(K, 10 * ONE)
    assert await office.look() == []
    assert office.ledger.held_e6[KALSHI.id, Outcome.YES] == 0
    assert office.ledger.cash_micros[K, 0] == office.venues[K].cash_micros[0][1]


async def test_settlement_of_another_holding_is_not_proven(office: Office) -> None:
    office.buy(K)
    paid = flow(FlowKind.SETTLEMENT, 9 * ONE, market_id=KALSHI.id, yes_e6=9 * ONE, no_e6=0)
    office.venues[K].flows = (paid,)
    office.hold(K, 0)
    office.pay(K, 9 * ONE)
    assert await office.look() == ["holding_difference", "cash_difference"]
    assert office.flows() == []


@pytest.mark.parametrize(("micros", "is_proven"), [(10 * ONE, True), (5 * ONE, True), (3, False)])
async def test_redemption_must_pay_what_our_holding_is_worth(
    office: Office, micros: int, *, is_proven: bool
) -> None:
    office.buy(P)
    office.venues[P].flows = (flow(FlowKind.REDEMPTION, micros, P, market_id=POLYMARKET.id),)
    office.hold(P, 0)
    office.pay(P, micros)
    alarms = await office.look()
    assert bool(office.flows()) is is_proven
    assert ("holding_difference" in alarms) is not is_proven


async def test_order_that_nobody_sent_is_a_stranger_s_and_may_keep_cash_back(
    office: Office,
) -> None:
    strange = OpenOrder(
        market_id=KALSHI.id, order_key="", venue_order_id="v9", shard=0, cost_micros=400
    )
    office.desk.tracker.register(ref_of(spec_of(K), "ours", "v1"))
    ours = msgspec.structs.replace(strange, order_key="ours", venue_order_id="v1")
    elsewhere = msgspec.structs.replace(strange, market_id=MarketId("kalshi:other"))
    office.venues[K].orders = (strange, ours, elsewhere)
    office.pay(K, -400)
    assert await office.look() == ["stranger_order_found"]
    assert ExposureFound(KALSHI.id, 0, 0, 400) in office.told.events
    office.pay(K, -1)
    assert await office.look() == ["cash_difference"]


async def test_venue_that_cannot_be_asked_changes_nothing(office: Office) -> None:
    office.hold(K, ONE)
    error = VenueUnavailable("kalshi", "timeout")
    office.venues[K].news_errors = [error, error]
    office.venues[K].read_errors = [error, error]
    assert await office.look() == []
    assert await office.look() == ["holding_difference"]


async def test_look_comes_by_the_timer_and_one_at_a_time(office: Office) -> None:
    running = asyncio.create_task(office.reconcile.run())
    await office.clock.pass_ms(59_000)
    assert office.tasks == []
    office.hold(K, ONE)
    await office.clock.pass_ms(1_500)
    office.reconcile.hurry()
    assert len(office.tasks) == 1
    await office.clock.pass_ms(LOOK_MS)
    assert office.told.alarms() == ["holding_difference"]
    running.cancel()
    await asyncio.gather(running, *office.tasks, return_exceptions=True)
