"""The Kalshi client's reads and its merged feed against the simulator, over real sockets."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.integration.test_kalshi_simulator import Client, client
from tests.unit.venues.kalshi.support import FakeEntropy, LoopNetwork
from tests.unit.venues.kalshi.test_feed import Log
from twoleg.core.book import Book
from twoleg.core.books import Books
from twoleg.core.events import (
    ASK,
    BID,
    BookSnapshot,
    BooksVoid,
    Event,
    LevelDelta,
    SequenceSeen,
    Subscribed,
)
from twoleg.core.market import Market
from twoleg.venues.kalshi.crawl import KalshiCrawl, MarketFilter
from twoleg.venues.kalshi.feed import KalshiFeed
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.sinks import PushSinks


class BookLog(Log):
    """Keeps the books of what it hears, and every push."""

    def __init__(self, markets: list[Market]) -> None:
        super().__init__()
        self.pushed: list[Any] = []
        self.books = Books(0)
        for market in markets:
            self.books.change_market(market)

    def on_event(self, event: Event) -> None:
        keepers: dict[type, Callable[..., object]] = {
            BookSnapshot: self.books.snapshot,
            LevelDelta: self.books.delta,
            BooksVoid: self.books.void,
            SequenceSeen: self.books.saw_sequence,
            Subscribed: self.books.subscribed,
        }
        if type(event) in keepers:
            keepers[type(event)](event)
        super().on_event(event)

    def on_push(self, push: object) -> None:
        self.pushed.append(push)
        self.on_terms(self.book.market_id, "push")

    @property
    def book(self) -> Book:
        return next(iter(self.books.books.values()))

    def is_live(self) -> bool:
        return self.book.is_live

    def pushes(self) -> PushSinks:
        sink = self.on_push
        return PushSinks(on_order=sink, on_position=sink, on_trade=sink, on_ticker=sink)

    def kinds(self) -> set[str]:
        return {type(push).__name__ for push in self.pushed}


@asynccontextmanager
async def feeding(
    kalshi: Client, markets: list[Market], **options: Any
) -> AsyncGenerator[tuple[KalshiFeed, BookLog]]:
    log = BookLog(markets)
    feed = KalshiFeed(
        network=LoopNetwork(),
        url=kalshi.sim.urls["ws"],
        http=kalshi.http,
        markets=markets[:1],
        clock=kalshi.clock,
        entropy=FakeEntropy(),
        on_event=log.on_event,
        on_fill=log.on_fill,
        on_up=log.on_up,
        on_down=log.on_down,
        pushes=log.pushes(),
        options=KalshiOptions(backoff_ms_min=5, backoff_ms_max=10, resync_gap_ms=1, **options),
    )
    task = asyncio.create_task(feed.run())
    try:
        yield feed, log
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_lists_are_crawled() -> None:
    async with client() as kalshi:
        crawl = KalshiCrawl(http=kalshi.http)
        listed = {market.ticker async for market in crawl.markets(MarketFilter(status="open"))}
        assert kalshi.sim.ticker in listed
        events = [event async for event in crawl.events(with_markets=True)]
        nested = {market.ticker for event in events for market in event.markets or ()}
        assert listed <= nested
        series = {row.ticker async for row in crawl.series()}
        assert {event.series_ticker for event in events} <= series
        assert [change async for change in crawl.series_fee_changes()] == []
        assert [change async for change in crawl.event_fee_changes()] == []


@pytest.mark.parametrize("best_level", ["last", "first"])
async def test_book_that_is_read_is_the_book_that_is_streamed(best_level: str) -> None:
    async with client(best_level=best_level) as kalshi:
        for side, price_e4 in (("bid", 4_100), ("bid", 4_200), ("ask", 4_400), ("ask", 5_500)):
            await kalshi.sim.rest(side, price_e4, price_e4 // 100)
        market = await kalshi.market()
        crawl = KalshiCrawl(http=kalshi.http)
        read = await crawl.order_book(market.native_id)
        others = [ticker for ticker in kalshi.sim.sim.markets if ticker != market.native_id]
        assert read in await crawl.order_books([*others[:1], market.native_id])
        async with feeding(kalshi, [market]) as (_, log):
            await log.until(lambda _: log.is_live())
            streamed = (tuple(log.book.levels(BID)), tuple(log.book.levels(ASK)))
    assert (read.bids, read.asks) == streamed
    assert read.asks[0] == (4_400, 44_000_000)


async def test_account_tells_limits_costs_key_and_standing() -> None:
    async with client(maintenance="trading_pause") as kalshi:
        limits = await kalshi.account.read_limits()
        assert limits.read.refill_rate > 0
        assert (await kalshi.account.read_costs()).default_cost == 10
        key = await kalshi.account.read_key(kalshi.sim.sim.api_key_id("default"))
        assert (key.is_listed, key.can_trade) == (True, True)
        standing = await kalshi.account.read_standing()
        assert standing.takes_orders(0)
        assert standing.maintenance is not None
        # Thursday from three to five in New York.
        assert standing.maintenance.end_ms - standing.maintenance.start_ms == 2 * 3_600_000
        assert await kalshi.account.read_freshness_ms() > 0


async def test_holdings_follow_a_trade_and_nothing_is_settled() -> None:
    async with client() as kalshi:
        await kalshi.sim.rest("ask", 5_200, 10)
        prepared = await kalshi.prepare()
        await kalshi.orders.send(prepared)
        (held,) = await kalshi.account.read_holdings()
        assert (held.market_id, held.position_e6) == (prepared.spec.market.id, 10_000_000)
        assert held.fees_micros > 0
        assert await kalshi.account.read_settlements() == ()
        trades = [trade async for trade in KalshiCrawl(http=kalshi.http).trades(kalshi.sim.ticker)]
        assert (trades[0].price_e4, trades[0].size_e6) == (5_200, 10_000_000)


async def test_place_in_the_queue() -> None:
    async with client() as kalshi:
        market = await kalshi.market()
        await kalshi.sim.rest("bid", 4_300, 7)
        order_id = await kalshi.sim.place("bid", "0.4300", "10.00")
        (place,) = await kalshi.account.read_queue_places([market])
        assert (place.venue_order_id, place.ahead_e6) == (order_id, 7_000_000)
        assert await kalshi.account.read_queue_place(order_id) == 7_000_000


async def test_pushes_of_an_order_that_filled() -> None:
    async with client() as kalshi:
        market = await kalshi.market()
        await kalshi.sim.rest("ask", 5_200, 10)
        async with feeding(kalshi, [market]) as (_, log):
            await log.until(lambda _: log.book.is_live)
            prepared = await kalshi.prepare()
            await kalshi.orders.send(prepared)
            await log.until(lambda _: {"OrderSeen", "TradeSeen"} <= log.kinds())
        (order,) = [push for push in log.pushed if type(push).__name__ == "OrderSeen"][-1:]
        assert (order.order_key, order.filled_e6) == (prepared.order_key, 10_000_000)
        assert order.market_id == market.id


async def test_markets_come_and_go_on_a_running_feed() -> None:
    async with client() as kalshi:
        markets = [
            await kalshi.catalogue.read_market(ticker)
            for ticker in (kalshi.sim.ticker, kalshi.sim.crypto)
        ]
        async with feeding(kalshi, markets) as (feed, log):
            await log.until(lambda _: log.book.is_live)
            feed.follow(markets[1:])
            second = log.books.books[markets[1].id]
            await log.until(lambda _: second.is_live)
            assert log.is_live()
            feed.unfollow([markets[0].id])
            assert not log.is_live()
            await kalshi.sim.rest("ask", 9_900, 3, ticker=kalshi.sim.crypto)
            await log.until(lambda _: second.size_at(ASK, 9_900) >= 3_000_000)
        assert (log.downs, dict(feed.counts.by_kind)) == ([], {})


@pytest.mark.parametrize("times_out", [False, True])
@pytest.mark.parametrize("connections", [1, 2])
async def test_market_that_was_left_comes_back_whole(*, connections: int, times_out: bool) -> None:
    """Also where the venue did not carry out that it left, and so has nothing to add."""
    async with client() as kalshi:
        markets = [
            await kalshi.catalogue.read_market(ticker)
            for ticker in (kalshi.sim.ticker, kalshi.sim.crypto)
        ]
        options = {"connections": connections, "silence_ms_max": 2_000, "snapshot_ms_max": 100}
        async with feeding(kalshi, markets, **options) as (feed, log):
            await log.until(lambda _: log.book.is_live)
            feed.follow(markets[1:])
            second = log.books.books[markets[1].id]
            await log.until(lambda _: second.is_live)
            before = second.size_at(ASK, 9_900)
            if times_out:
                rule = {"on": "ws", "kind": "ws_timeout", "count": connections}
                kalshi.sim.sim.faults.add([rule])
            feed.unfollow([markets[1].id])
            assert not second.is_live
            # Of the one that left nothing is told, and what stays goes on.
            await kalshi.sim.rest("ask", 9_900, 3, ticker=kalshi.sim.crypto)
            await kalshi.sim.rest("ask", 9_900, 3)
            await log.until(lambda _: log.book.size_at(ASK, 9_900) >= 3_000_000)
            assert not second.is_live
            feed.follow(markets[1:])
            await log.until(lambda _: second.is_live)
            assert second.size_at(ASK, 9_900) == before + 3_000_000
            assert log.is_live()
        assert log.downs == []
        assert set(feed.counts.by_kind) <= ({"error"} if times_out else set())


async def test_two_lines_show_the_same_book_as_one() -> None:
    async with client() as kalshi:
        market = await kalshi.market()
        async with feeding(kalshi, [market], connections=2) as (feed, log):
            await log.until(lambda _: log.ups == 2 and log.book.is_live)
            before = log.book.size_at(ASK, 9_800)
            for size in (1, 2, 3):
                await kalshi.sim.rest("ask", 9_800, size)
            await log.until(lambda _: log.book.size_at(ASK, 9_800) >= before + 6_000_000)
            feed.resync([market.id])
            assert not log.is_live()
            await log.until(lambda _: log.book.is_live)
            assert log.book.size_at(ASK, 9_800) == before + 6_000_000
        assert (log.downs, dict(feed.counts.by_kind)) == ([], {})
