import asyncio

import pytest

from tests.support.runtime import (
    KALSHI,
    ONE,
    POLYMARKET,
    CountedEntropy,
    HeldClock,
    ref_of,
    spec_of,
)
from twoleg.core.book import Book
from twoleg.core.events import AnswerStatus, LegAnswer, Level
from twoleg.core.fees import fill_fee
from twoleg.core.market import Market, Outcome, Side, TimeInForce, Venue
from twoleg.core.orders import OrderSpec
from twoleg.runtime.ledger import Ledger
from twoleg.runtime.paper import PaperAccount, PaperVenue
from twoleg.storage.records import CashOpened, FillRecorded, MarketSeen

K, P = Venue.KALSHI, Venue.POLYMARKET
S = AnswerStatus
FOK, IOC = TimeInForce.FOK, TimeInForce.IOC
CASH = 100 * ONE
BIDS: tuple[Level, ...] = ((3_900, 5 * ONE), (3_800, 50 * ONE))
ASKS: tuple[Level, ...] = ((4_000, 6 * ONE), (4_100, 50 * ONE))


class Paper:
    """A paper venue over one book."""

    def __init__(self, market: Market = KALSHI) -> None:
        self.clock = HeldClock()
        self.book: Book | None = Book(market.id, market.grid)
        self.book.replace(BIDS, ASKS)
        self.venue = PaperVenue(
            market.venue,
            book_of=lambda _: self.book,
            clock=self.clock,
            entropy=CountedEntropy(),
            latency_ms=150,
        )
        self.ledger = Ledger()
        self.account = PaperAccount(market.venue, self.ledger, {0: CASH})
        self.key = ""

    async def send(self, spec: OrderSpec) -> LegAnswer:
        prepared = self.venue.prepare(spec)
        self.key = prepared.order_key
        sending = asyncio.create_task(self.venue.send(prepared))
        await self.clock.pass_ms(150)
        return await sending

    async def cash(self) -> int:
        ((_, micros),) = (await self.account.read_cash()).cash_micros
        return micros


def buy(size: int = 10, limit_e4: int = 4_100, tif: TimeInForce = FOK) -> OrderSpec:
    return spec_of(K, size_e6=size * ONE, limit_e4=limit_e4, tif=tif)


async def test_order_fills_at_the_book_as_it_stands_after_the_latency() -> None:
    paper = Paper()
    sending = asyncio.create_task(paper.venue.send(paper.venue.prepare(buy())))
    await paper.clock.pass_ms(149)
    assert not sending.done()
    assert paper.book is not None
    paper.book.replace(BIDS, ((4_050, 50 * ONE),))
    await paper.clock.pass_ms(1)
    assert (await sending).notional_micros == 4_050_000


async def test_fill_or_kill_sweeps_levels_within_its_limit() -> None:
    paper = Paper()
    answer = await paper.send(buy())
    assert (answer.status, answer.filled_e6) == (S.FILLED, 10 * ONE)
    assert answer.notional_micros == 6 * 400_000 + 4 * 410_000
    fills = await paper.venue.read_fills(ref_of(buy(), paper.key))
    assert [(fill.price_e4, fill.size_e6) for fill in fills] == [
        (4_000, 6 * ONE),
        (4_100, 4 * ONE),
    ]
    assert answer.trade_ids == tuple(fill.fill_id for fill in fills)


async def test_fill_or_kill_that_cannot_be_whole_takes_nothing() -> None:
    paper = Paper()
    answer = await paper.send(buy(limit_e4=4_000))
    assert (answer.status, answer.filled_e6) == (S.MISSED, 0)
    assert (await paper.venue.look_up(ref_of(buy(), paper.key))).status is S.MISSED


async def test_immediate_or_cancel_takes_what_there_is() -> None:
    paper = Paper()
    spec = buy(limit_e4=4_000, tif=IOC)
    answer = await paper.send(spec)
    assert (answer.status, answer.filled_e6) == (S.PARTIAL, 6 * ONE)
    assert await paper.venue.look_up(ref_of(spec, paper.key)) == answer


async def test_sale_of_the_other_outcome_walks_the_asks_upside_down() -> None:
    paper = Paper()
    # Selling NO at 60 cents is what a buyer of YES at 40 cents would have to ask for.
    spec = spec_of(K, outcome=Outcome.NO, side=Side.SELL, size_e6=6 * ONE, limit_e4=5_900)
    answer = await paper.send(spec)
    assert (answer.status, answer.notional_micros) == (S.FILLED, 6 * 600_000)
    (sold,) = await paper.venue.read_fills(ref_of(spec, paper.key))
    assert sold.fee_micros == fill_fee(KALSHI, 6_000, 6 * ONE)


async def test_sale_stops_at_its_limit() -> None:
    paper = Paper()
    spec = spec_of(K, side=Side.SELL, size_e6=10 * ONE, limit_e4=3_900, tif=IOC)
    assert (await paper.send(spec)).filled_e6 == 5 * ONE


async def test_fees_are_those_of_each_fill() -> None:
    paper = Paper()
    await paper.send(buy())
    fills = await paper.venue.read_fills(ref_of(buy(), paper.key))
    fees = fill_fee(KALSHI, 4_000, 6 * ONE) + fill_fee(KALSHI, 4_100, 4 * ONE)
    assert sum(fill.fee_micros for fill in fills) == fees > 0


def spend(micros: int, limit_e4: int = 4_100, tif: TimeInForce = FOK) -> OrderSpec:
    return spec_of(P, size_e6=10 * ONE, limit_e4=limit_e4, tif=tif, spend_micros=micros)


async def test_dollar_order_spends_its_dollars_whatever_shares_they_buy() -> None:
    paper = Paper(POLYMARKET)
    answer = await paper.send(spend(4_450_000))
    assert answer.status is S.FILLED
    assert answer.filled_e6 == 6 * ONE + 2_050_000 * 10_000 // 4_100
    assert answer.notional_micros == 4_450_000


async def test_dollar_order_that_cannot_be_spent_is_killed_or_partial() -> None:
    paper = Paper(POLYMARKET)
    assert (await paper.send(spend(4_450_000, 4_000))).status is S.MISSED
    answer = await paper.send(spend(4_450_000, 4_000, IOC))
    assert (answer.status, answer.notional_micros) == (S.PARTIAL, 2_400_000)


@pytest.mark.parametrize("is_known", [True, False])
async def test_void_book_takes_no_orders(*, is_known: bool) -> None:
    paper = Paper()
    if paper.book is not None and is_known:
        paper.book.void()
    else:
        paper.book = None
    answer = await paper.send(buy())
    assert (answer.status, answer.is_unavailable) == (S.REJECTED, True)


async def test_account_starts_with_its_cash_and_no_holdings() -> None:
    paper = Paper()
    assert (await paper.cash(), await paper.account.read_positions((KALSHI,))) == (CASH, ())


async def test_account_holds_what_the_record_says() -> None:
    paper = Paper()
    paper.ledger.apply(CashOpened(wall_ns=1, venue=K, shard=0, cash_micros=CASH))
    paper.ledger.apply(MarketSeen(wall_ns=1, market=KALSHI))
    await paper.send(buy())
    for fill in await paper.venue.read_fills(ref_of(buy(), paper.key)):
        paper.ledger.apply(
            FillRecorded(wall_ns=1, execution_no=1, order_no=0, owner="arb", fill=fill)
        )
    assert await paper.cash() == paper.ledger.cash_micros[K, 0] < CASH
    assert await paper.account.read_positions((KALSHI,)) == ((KALSHI.id, 10 * ONE, 0),)


async def test_orders_have_ids_of_their_own() -> None:
    paper = Paper()
    keys = {paper.venue.prepare(buy()).order_key for _ in range(3)}
    assert len(keys) == 3
