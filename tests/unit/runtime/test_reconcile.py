"""The look at both accounts: quiet markets only, twice, and repaired only by what is proven."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.support.runtime import KALSHI, ONE, POLYMARKET, Desk, FakeVenue, fill_of, ref_of, spec_of
from tests.unit.runtime.support import Told
from twoleg.core.events import CashReported, ExposureFound, FillStatus, MarketBarred
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Market, MarketId, Outcome, Venue
from twoleg.errors import VenueUnavailable
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.flows import READ_EVERY_MS
from twoleg.runtime.ledger import Ledger
from twoleg.runtime.reconcile import Reconcile
from twoleg.storage.records import AnyRecord, CashFlowSeen, FillRecorded, FlowsRead, MarketSeen
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
        # Whether what is open there is only held: no money moves.
        self.is_held = False
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
            activity=lambda: self.ledger.moves if self.is_held or not self.busy else None,
        )
        self.tasks: list[asyncio.Task[None]] = []
        self.reconcile = Reconcile(
            accounts=self.accounts,
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


@pytest.mark.parametrize("ms", [0, 1_000, 4_000])
async def test_market_that_left_during_the_look_is_not_judged(office: Office, ms: int) -> None:
    office.hold(K, ONE)
    office.hold(P, 0, ONE)
    asked = office.venues[K].read_positions
    waits = asyncio.Event()

    async def read_positions(markets: Any) -> Any:
        await waits.wait()
        return await asked(markets)

    office.venues[K].read_positions = read_positions  # type: ignore[method-assign]  # slow once
    task = asyncio.create_task(office.reconcile.look())
    await asyncio.sleep(0)
    if ms:
        waits.set()
        await office.clock.pass_ms(ms)
    del office.markets[KALSHI.id]
    waits.set()
    await office.clock.pass_ms(LOOK_MS)
    await task
    barred = [e.market_id for e in office.told.events if isinstance(e, MarketBarred)]
    assert barred == ([POLYMARKET.id] if ms < 4_000 else [KALSHI.id, POLYMARKET.id])


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
    other = MarketId("kalshi:other")
    elsewhere = msgspec.structs.replace(strange, market_id=other, venue_order_id="v10")
    office.venues[K].orders = (strange, ours, elsewhere)
    # One in a market that is not followed keeps cash back as well.
    office.pay(K, -800)
    assert await office.look() == ["stranger_order_found", "stranger_order_found"]
    assert ExposureFound(KALSHI.id, 0, 0, 400) in office.told.events
    assert ExposureFound(elsewhere.market_id, 0, 0, 400) in office.told.events
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
    for _ in range(3):
        office.reconcile.hurry()
    assert len(office.tasks) == 1
    await office.clock.pass_ms(LOOK_MS)
    assert office.told.alarms() == ["holding_difference"]
    # What hurried came too late for that look: there was one more.
    assert len(office.tasks) == 2
    running.cancel()
    await asyncio.gather(running, *office.tasks, return_exceptions=True)


# -- flows, read by our own clock --------------------------------------------------------------


def rebate(number: int, ts_ms: int = AFTER_MS) -> CashFlow:
    return flow(FlowKind.REBATE, 1_000, P, reference=f"reward/{number}", ts_ms=ts_ms)


@pytest.mark.parametrize("ts_ms", [AFTER_MS * 1_000, 0])
async def test_flow_without_a_usable_time_is_booked_now_and_alarmed_once(
    office: Office, ts_ms: int
) -> None:
    office.venues[P].flows = (rebate(0, ts_ms),)
    office.pay(P, 1_000)
    assert await office.look() == ["flow_time_unusable"]
    office.venues[P].flows += (rebate(1), rebate(2))
    office.pay(P, 2_000)
    assert await office.look() == []
    assert [told.reference for told in office.flows()] == ["reward/0", "reward/1", "reward/2"]


async def test_how_far_flows_were_read_is_journalled_at_most_once_an_hour(office: Office) -> None:
    def marks() -> list[int]:
        return [r.upto_ms for r in office.records if isinstance(r, FlowsRead) and r.venue is P]

    begun_ms = office.clock.wall_ns() // 1_000_000
    for _ in range(5):
        await office.look()
    assert marks() == [begun_ms]
    await office.clock.pass_ms(READ_EVERY_MS)
    office.venues[P].news_errors = [VenueUnavailable("polymarket", "timeout")]
    await office.accounts.book_flows(P)
    assert marks() == [begun_ms]
    later_ms = office.clock.wall_ns() // 1_000_000
    await office.accounts.book_flows(P)
    assert marks() == [begun_ms, later_ms]


async def test_flow_that_is_not_booked_is_told_once(office: Office) -> None:
    office.buy(K)
    office.venues[K].flows = (
        flow(FlowKind.DEPOSIT, 5, ts_ms=1_000, reference="old"),
        flow(FlowKind.TRANSFER, 5, reference="t/back", undoes="t/out"),
        flow(FlowKind.SETTLEMENT, 5, reference="other", market_id=KALSHI.id, yes_e6=5, no_e6=0),
    )
    with capture_logs() as lines:
        for _ in range(3):
            await office.accounts.book_flows(K)
    assert office.flows() == []
    told = [line["event"] for line in lines if line["event"].startswith("flow_")]
    assert sorted(told) == ["flow_not_proven", "flow_too_old", "flow_undoes_nothing"]


async def test_transfer_that_left_and_failed_comes_back_once(office: Office) -> None:
    left = flow(FlowKind.TRANSFER, -500, reference="t/out")
    office.venues[K].flows = (left,)
    await office.accounts.book_flows(K)
    back = flow(FlowKind.TRANSFER, 500, reference="t/back", undoes="t/out")
    office.venues[K].flows = (back,)
    for _ in range(2):
        await office.accounts.book_flows(K)
    assert [told.micros for told in office.flows()] == [-500, 500]


async def test_settlement_of_what_only_strangers_held_is_booked(office: Office) -> None:
    paid = flow(FlowKind.SETTLEMENT, ONE, market_id=KALSHI.id, yes_e6=ONE, no_e6=0)
    office.venues[K].flows = (paid,)
    office.pay(K, ONE)
    assert await office.look() == []
    assert office.flows() == [paid]


# -- holdings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [False, True])
async def test_accounts_are_compared_only_once_holdings_were_read(
    office: Office, *, second: bool
) -> None:
    async def fails(markets: Any) -> Any:
        asked.append(markets)
        if second and len(asked) == 1:
            return ((KALSHI.id, ONE, 0),)
        raise VenueUnavailable("kalshi", "http_503")

    asked: list[Any] = []
    read, office.venues[K].read_positions = office.venues[K].read_positions, fails  # type: ignore[method-assign]
    await office.look()
    assert (office.accounts.is_compared, bool(asked)) == (False, True)
    office.venues[K].read_positions = read  # type: ignore[method-assign]
    await office.look()
    assert office.accounts.is_compared
    office.accounts.forget_compared()
    assert not office.accounts.is_compared


async def test_busy_markets_do_not_keep_the_accounts_from_being_compared(office: Office) -> None:
    office.busy.update(office.markets)
    office.is_held = True
    await office.look()
    assert office.accounts.is_compared


async def test_look_that_began_before_it_was_forgotten_marks_nothing(office: Office) -> None:
    for venue in office.venues.values():
        venue.cash_micros = ((0, CASH + 7),)
        venue.positions = (((KALSHI if venue.venue is K else POLYMARKET).id, 7, 0),)
    task = asyncio.create_task(office.reconcile.look())
    for _ in range(4):
        # Between both sights of holdings, and of cash.
        await office.clock.pass_ms(2_999)
        office.accounts.forget_compared()
    await office.clock.pass_ms(LOOK_MS)
    await task
    assert not office.accounts.is_compared
    await office.look()
    assert office.accounts.is_compared


@pytest.mark.parametrize("venue", Venue)
async def test_stranger_s_holding_that_left_is_forgotten(venue: Venue) -> None:
    office, market = Office(), KALSHI if venue is K else POLYMARKET
    office.hold(venue, -3 * ONE if venue is K else 3 * ONE)
    await office.accounts.open(office.markets.values())
    office.accounts.tell(office.ledger, office.markets.values())
    assert office.told.alarms() == ["stranger_found"]
    office.buy(venue)
    assert await office.look() == ["stranger_gone"]
    assert office.ledger.strangers_e6 == {}
    assert MarketBarred(market.id, "stranger", is_barred=False) in office.told.events
    assert await office.look() == []


class WholeVenue(NewsVenue):
    """A venue that tells all that the account holds."""

    async def read_all_positions(self) -> tuple[tuple[MarketId, int, int], ...]:
        return await self.read_positions(())


async def test_holding_in_a_market_that_is_not_followed_is_told_once_and_exposure() -> None:
    office, other = Office(), MarketId("kalshi:other")
    whole = WholeVenue(K, [])
    whole.cash_micros = ((0, CASH),)
    office.venues[K] = office.accounts.ports[K] = whole  # type: ignore[index]
    await office.accounts.open(office.markets.values())
    whole.positions = ((other, -2 * ONE, 0),)
    for told in (["stranger_found"], []):
        assert await office.look() == told
    assert ExposureFound(other, -2 * ONE, 0, 0) in office.told.events
    whole.positions = ()
    assert await office.look() == ["stranger_gone"]
    assert office.told.events[-1] == CashReported(P, ((0, CASH),))
    assert ExposureFound(other, 0, 0, 0) in office.told.events
