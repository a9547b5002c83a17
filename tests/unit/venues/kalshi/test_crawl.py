"""Whole lists, page by page."""

from collections.abc import AsyncIterator
from typing import Any, TypeVar

import pytest

from tests.unit.venues.kalshi.support import TICKER, FakeClock, ScriptedKalshi, kalshi_http
from tests.unit.venues.kalshi.test_catalogue import EVENT, MARKET, SERIES
from twoleg.core.market import MarketId
from twoleg.errors import InvariantBroken, VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.crawl import KalshiCrawl, MarketFilter
from twoleg.venues.kalshi.pushes import TradeSeen

T = TypeVar("T")


async def listed(rows: AsyncIterator[T]) -> list[T]:
    return [row async for row in rows]


async def test_markets_come_over_all_pages_with_the_filters_repeated() -> None:
    venue = ScriptedKalshi()
    venue.script(
        "/markets",
        (200, {"markets": [MARKET], "cursor": "c1"}),
        (200, {"markets": [MARKET | {"ticker": "KXB"}], "cursor": "c2"}),
        (200, {"markets": [], "cursor": ""}),
    )
    wanted = MarketFilter(status="open", tickers=("A", "B"), min_created_ts=5)
    async with kalshi_http(venue, clock=FakeClock()) as http:
        markets = await listed(KalshiCrawl(http=http).markets(wanted))
    assert [market.ticker for market in markets] == [TICKER, "KXB"]
    filters = {"limit": "1000", "status": "open", "tickers": "A,B", "min_created_ts": "5"}
    queries = [query for _, _, query, _ in venue.requests]
    assert queries == [filters, filters | {"cursor": "c1"}, filters | {"cursor": "c2"}]
    assert "KALSHI-ACCESS-KEY" not in venue.headers[0]


async def test_a_page_is_asked_for_only_when_its_rows_are_wanted() -> None:
    venue = ScriptedKalshi()
    venue.script("/markets", (200, {"markets": [MARKET], "cursor": "c"}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        async for _ in KalshiCrawl(http=http).markets():
            break
    assert len(venue.requests) == 1


async def test_cursor_that_repeats_does_not_crawl_for_ever() -> None:
    venue = ScriptedKalshi()
    venue.script("/markets", (200, {"markets": [MARKET], "cursor": "same"}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        with pytest.raises(VenueUnavailable, match="cursor_repeats"):
            await listed(KalshiCrawl(http=http).markets())
    assert len(venue.requests) == 2


async def test_refused_filter_is_the_venues_word() -> None:
    venue = ScriptedKalshi()
    venue.script("/events", (400, {"msg": "Parameter validation failed for GetEvents"}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        with pytest.raises(VenueRejected):
            await listed(KalshiCrawl(http=http).events(series_ticker="KXA"))
    assert venue.requests[0][2] == {"limit": "200", "series_ticker": "KXA"}


async def test_events_may_bring_their_markets() -> None:
    venue = ScriptedKalshi()
    full = EVENT | {
        "markets": [MARKET],
        "collateral_return_type": "MECNET",
        "settlement_sources": [{"name": "AP", "url": "https://ap"}],
    }
    venue.script("/events", (200, {"events": [full], "cursor": ""}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        (event,) = await listed(KalshiCrawl(http=http).events(status="open", with_markets=True))
    assert event.markets is not None
    assert (event.markets[0].ticker, event.collateral_return_type) == (TICKER, "MECNET")
    assert venue.requests[0][2]["with_nested_markets"] == "true"


async def test_series_come_in_one_answer() -> None:
    venue = ScriptedKalshi()
    venue.script("/series", (200, {"series": [SERIES, SERIES | {"ticker": "KXB"}]}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        series = await listed(KalshiCrawl(http=http).series(category="Sports"))
    assert [row.ticker for row in series] == ["KXA", "KXB"]
    assert venue.requests[0][2] == {"category": "Sports"}


async def test_trades() -> None:
    venue = ScriptedKalshi()
    row = {
        "trade_id": "t1",
        "ticker": TICKER,
        "count_fp": "1.25",
        "yes_price_dollars": "0.3600",
        "taker_outcome_side": "no",
        "taker_book_side": "ask",
        "created_time": "2026-09-21T13:33:20.5Z",
        "is_block_trade": True,
    }
    venue.script(
        "/markets/trades",
        (200, {"trades": [row], "cursor": ""}),
        (200, {"trades": [row | {"count_fp": "many"}], "cursor": ""}),
    )
    async with kalshi_http(venue, clock=FakeClock()) as http:
        crawl = KalshiCrawl(http=http)
        assert await listed(crawl.trades(TICKER, min_ts=3)) == [
            TradeSeen(
                market_id=MarketId(f"kalshi:{TICKER}"),
                trade_id="t1",
                price_e4=3_600,
                size_e6=1_250_000,
                taker_outcome_side="no",
                taker_book_side="ask",
                is_block=True,
                ts_event_ms=1_789_997_600_500,
            )
        ]
        with pytest.raises(VenueUnavailable):
            await listed(crawl.trades())
    assert venue.requests[0][2] == {"ticker": TICKER, "min_ts": "3", "limit": "1000"}


@pytest.mark.parametrize(
    "limits",
    [
        {"min_created_ts": 1, "max_close_ts": 2},
        {"min_created_ts": 1, "status": "closed"},
        {"max_settled_ts": 1, "status": "open"},
        {"min_updated_ts": 1},
        {"min_updated_ts": 1, "mve_filter": "exclude", "event_ticker": "KXA"},
        {"min_updated_ts": 1, "mve_filter": "exclude", "status": "open"},
    ],
)
def test_limits_that_the_venue_does_not_take_together(limits: dict[str, Any]) -> None:
    with pytest.raises(InvariantBroken, match="market filter"):
        MarketFilter(**limits).params()


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"min_close_ts": 1, "max_close_ts": 2, "status": "closed"},
        {"min_updated_ts": 1, "mve_filter": "exclude", "series_ticker": "KXA"},
    ],
)
def test_limits_that_go_together(limits: dict[str, Any]) -> None:
    assert MarketFilter(**limits).params() == limits


async def test_book_is_read_in_yes_prices_best_first_without_what_is_no_quote() -> None:
    venue = ScriptedKalshi()
    yes = [["0.4100", "10.00"], ["0.4200", "13.00"], ["0.0000", "5.00"]]
    no = [["0.4500", "20.00"], ["0.5600", "17.00"], ["0.5700", "0.00"]]
    path = f"/markets/{TICKER}/orderbook"
    venue.script(
        path,
        (200, {"orderbook_fp": {"yes_dollars": yes, "no_dollars": no}}),
        (200, {"orderbook_fp": {}}),
        (200, {"orderbook_fp": {"yes_dollars": [["1.5000", "1.00"]]}}),
    )
    async with kalshi_http(venue, clock=FakeClock()) as http:
        crawl = KalshiCrawl(http=http)
        book, empty = await crawl.order_book(TICKER), await crawl.order_book(TICKER)
        with pytest.raises(VenueUnavailable):
            await crawl.order_book(TICKER)
    assert book.bids == ((4_200, 13_000_000), (4_100, 10_000_000))
    assert book.asks == ((4_400, 17_000_000), (5_500, 20_000_000))
    assert (empty.bids, empty.asks) == ((), ())
