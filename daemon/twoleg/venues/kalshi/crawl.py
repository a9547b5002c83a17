"""Kalshi's public reads: lists of markets, events, series, trades, fee changes, and whole books.

Of a list one page is held at a time.

OpenAPI 3.34.0 (2026-10-26). Everything raises VenueUnavailable or VenueRejected, and nothing else.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from twoleg.core.events import Level
from twoleg.core.market import MarketId
from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import InvariantBroken, MalformedMessage, VenueUnavailable
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.numbers import VENUE, parse_price, parse_size, parse_time_ms
from twoleg.venues.kalshi.paging import PAGE_ROWS, read_pages
from twoleg.venues.kalshi.pushes import TradeSeen, market_id_of
from twoleg.venues.kalshi.terms import (
    EventFeeChange,
    SeriesFeeChange,
    WireEvent,
    WireMarket,
    WireSeries,
)
from twoleg.venues.kalshi.wire import levels_of

PAGES_MAX: Final = 10_000
"""Ten million markets: more is a cursor that never ends."""
BOOKS_PER_CALL_MAX: Final = 100
EVENT_ROWS: Final = 200
"""The most that a page of events may hold; a larger limit is refused, not cut."""
SERIES_TIMEOUT_MS: Final = 600_000
"""Sixteen megabytes in one answer, on a slow line; whoever crawls limits its silence."""
MarketStatus = Literal["", "unopened", "open", "paused", "closed", "settled"]
_FAMILIES: Final = {
    "created": ("", "unopened", "open"),
    "updated": ("",),
    "close": ("", "closed"),
    "settled": ("", "settled"),
}
"""Which statuses each pair of time limits may go with."""


class MarketFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which markets to list; 0 and "" leave a filter out. Times in Unix seconds.

    Only one of created, updated, close and settled may be limited. `updated` knows no upper end,
    and goes only with `mve_filter` "exclude".
    """

    event_ticker: str = ""
    series_ticker: str = ""
    tickers: tuple[str, ...] = ()
    status: MarketStatus = ""
    mve_filter: Literal["", "only", "exclude"] = ""
    min_created_ts: int = 0
    max_created_ts: int = 0
    min_updated_ts: int = 0
    min_close_ts: int = 0
    max_close_ts: int = 0
    min_settled_ts: int = 0
    max_settled_ts: int = 0

    def params(self) -> dict[str, str | int]:
        """The query.

        Raises:
            InvariantBroken: limits that the venue does not take together.
        """
        given = {key: value for key, value in msgspec.structs.asdict(self).items() if value}
        families = {
            family
            for family in _FAMILIES
            if given.keys() & {f"min_{family}_ts", f"max_{family}_ts"}
        }
        if len(families) > 1:
            raise InvariantBroken(f"market filter: {sorted(families)} do not go together")
        for family in families:
            if self.status not in _FAMILIES[family]:
                raise InvariantBroken(f"market filter: {family} with status {self.status!r}")
        if "updated" in families and (
            self.mve_filter != "exclude" or self.event_ticker or self.tickers
        ):
            raise InvariantBroken("market filter: updated goes with mve_filter exclude alone")
        if self.tickers:
            given["tickers"] = ",".join(self.tickers)
        return given


class MarketPage(msgspec.Struct, frozen=True):
    """A page of markets."""

    markets: list[WireMarket] | None = None
    cursor: str | None = ""


class EventPage(msgspec.Struct, frozen=True):
    """A page of events."""

    events: list[WireEvent] | None = None
    cursor: str | None = ""


class SeriesList(msgspec.Struct, frozen=True):
    """All series at once: the venue pages none of it (16 MB in 2026-08)."""

    series: list[WireSeries] | None = None


class Rows(msgspec.Struct, frozen=True):
    """Part of a list as it came, for a crawl that keeps its own place; "" ends the list."""

    rows: tuple[msgspec.Raw, ...]
    cursor: str = ""


class _RawPage(msgspec.Struct, frozen=True):
    """A page of any of the lists, its rows not yet read."""

    markets: list[msgspec.Raw] | None = None
    events: list[msgspec.Raw] | None = None
    series: list[msgspec.Raw] | None = None
    cursor: str | None = ""


class _RawSeries(msgspec.Struct, frozen=True):
    """`GET /series/{series_ticker}`, not yet read."""

    series: msgspec.Raw


class TradeRow(msgspec.Struct, frozen=True):
    """A public trade as `GET /markets/trades` shows it."""

    trade_id: str
    ticker: str
    count_fp: str
    yes_price_dollars: str
    taker_outcome_side: str | None = ""
    taker_book_side: str | None = ""
    created_time: str | None = ""
    is_block_trade: bool | None = None


class TradePage(msgspec.Struct, frozen=True):
    """A page of trades."""

    trades: list[TradeRow] | None = None
    cursor: str | None = ""


class WireBook(msgspec.Struct, frozen=True):
    """A book as REST shows it: bids of both outcomes, each in prices of its own outcome."""

    yes_dollars: list[tuple[str, str]] | None = None
    no_dollars: list[tuple[str, str]] | None = None


class BookBody(msgspec.Struct, frozen=True):
    """`GET /markets/{ticker}/orderbook`."""

    orderbook_fp: WireBook


class NamedBook(msgspec.Struct, frozen=True):
    """A book among several."""

    ticker: str
    orderbook_fp: WireBook


class BooksBody(msgspec.Struct, frozen=True):
    """`GET /markets/orderbooks`."""

    orderbooks: list[NamedBook] | None = None


class BookRead(msgspec.Struct, frozen=True):
    """A book as it was read, in YES prices, best first; it has neither clock nor time."""

    market_id: MarketId
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class SeriesFeeBody(msgspec.Struct, frozen=True):
    """`GET /series/fee_changes`."""

    series_fee_change_arr: list[SeriesFeeChange] | None = None


class EventFeePage(msgspec.Struct, frozen=True):
    """A page of `GET /events/fee_changes`."""

    event_fee_changes: list[EventFeeChange] | None = None
    cursor: str | None = ""


class KalshiCrawl:
    """Reads whole lists without a key, page by page, within the read budget."""

    def __init__(self, *, http: KalshiHttp) -> None:
        self._http = http

    async def markets(self, wanted: MarketFilter | None = None) -> AsyncIterator[WireMarket]:
        """Markets, by default all that are live (about three months back)."""
        params = {"limit": PAGE_ROWS, **(wanted or MarketFilter()).params()}
        pages = read_pages(
            self._http, "/markets", MarketPage, params, pages_max=PAGES_MAX, private=False
        )
        async for page in pages:
            for market in page.markets or ():
                yield market

    async def events(
        self, *, status: MarketStatus = "", series_ticker: str = "", with_markets: bool = False
    ) -> AsyncIterator[WireEvent]:
        """Events without combos; the status is that of their markets, not their own."""
        params = _given(
            limit=EVENT_ROWS,
            status=status,
            series_ticker=series_ticker,
            with_nested_markets="true" if with_markets else "",
        )
        pages = read_pages(
            self._http, "/events", EventPage, params, pages_max=PAGES_MAX, private=False
        )
        async for page in pages:
            for event in page.events or ():
                yield event

    async def series(
        self, *, category: str = "", tags: str = "", min_updated_ts: int = 0
    ) -> AsyncIterator[WireSeries]:
        """Series; one answer holds them all, so filter where it can be done."""
        params = _given(category=category, tags=tags, min_updated_ts=min_updated_ts)
        body = await self._http.get("/series", SeriesList, params=params, private=False)
        for series in body.series or ():
            yield series

    async def market_rows(self, wanted: MarketFilter | None = None, *, cursor: str = "") -> Rows:
        """One page of markets as they came.

        A cursor that the venue does not understand begins the list anew.
        """
        params = _given(cursor=cursor, limit=PAGE_ROWS)
        return await self._rows("/markets", {**params, **(wanted or MarketFilter()).params()})

    async def event_rows(
        self, *, status: MarketStatus = "", tickers: Sequence[str] = (), cursor: str = ""
    ) -> Rows:
        """One page of events as they came, all or those named (at most `EVENT_ROWS`)."""
        params = _given(limit=EVENT_ROWS, status=status, tickers=",".join(tickers), cursor=cursor)
        return await self._rows("/events", params)

    async def series_rows(self) -> Rows:
        """All series as they came: one answer, the largest there is."""
        return await self._rows("/series", {}, timeout_ms=SERIES_TIMEOUT_MS)

    async def one_series(self, ticker: str) -> msgspec.Raw:
        """One series as it came; VenueRejected if there is none."""
        path = f"/series/{quote(ticker, safe='')}"
        return (await self._http.get(path, _RawSeries, private=False)).series

    async def _rows(
        self, path: str, params: Mapping[str, str | int], *, timeout_ms: int = 0
    ) -> Rows:
        page = await self._http.get(
            path, _RawPage, params=params, private=False, timeout_ms=timeout_ms
        )
        if page.cursor and page.cursor == params.get("cursor"):
            raise VenueUnavailable(VENUE, "cursor_repeats", path)
        rows = page.markets or page.events or page.series or ()
        return Rows(tuple(rows), page.cursor or "")

    async def order_book(self, ticker: str) -> BookRead:
        """One whole book, to compare a streamed one with."""
        path = f"/markets/{quote(ticker, safe='')}/orderbook"
        body = await self._http.get(path, BookBody, private=False)
        return _book_of(ticker, body.orderbook_fp)

    async def order_books(self, tickers: Sequence[str]) -> list[BookRead]:
        """Up to `BOOKS_PER_CALL_MAX` whole books for the price of one read.

        What an unknown ticker among them does is not documented; here it may refuse the call.
        """
        body = await self._http.get(
            "/markets/orderbooks", BooksBody, params={"tickers": tickers}, private=False
        )
        return [_book_of(book.ticker, book.orderbook_fp) for book in body.orderbooks or ()]

    async def trades(
        self, ticker: str = "", *, min_ts: int = 0, max_ts: int = 0
    ) -> AsyncIterator[TradeSeen]:
        """Public trades, newest first, of one market or of all; times in Unix seconds."""
        params = _given(ticker=ticker, min_ts=min_ts, max_ts=max_ts, limit=PAGE_ROWS)
        pages = read_pages(
            self._http, "/markets/trades", TradePage, params, pages_max=PAGES_MAX, private=False
        )
        async for page in pages:
            for row in page.trades or ():
                yield _trade_of(row)

    async def series_fee_changes(self, series_ticker: str = "") -> AsyncIterator[SeriesFeeChange]:
        """Fees that series will have, of one or of all."""
        params = _given(series_ticker=series_ticker)
        body = await self._http.get(
            "/series/fee_changes", SeriesFeeBody, params=params, private=False
        )
        for change in body.series_fee_change_arr or ():
            yield change

    async def event_fee_changes(self, event_ticker: str = "") -> AsyncIterator[EventFeeChange]:
        """Overrides that events will have, of one or of all."""
        params = _given(event_ticker=event_ticker)
        pages = read_pages(
            self._http,
            "/events/fee_changes",
            EventFeePage,
            params,
            pages_max=PAGES_MAX,
            private=False,
        )
        async for page in pages:
            for change in page.event_fee_changes or ():
                yield change


def _given(**wanted: str | int) -> dict[str, str | int]:
    """The filters that are not left out."""
    return {key: value for key, value in wanted.items() if value}


def _trade_of(row: TradeRow) -> TradeSeen:
    try:
        return TradeSeen(
            market_id=market_id_of(row.ticker),
            trade_id=row.trade_id,
            price_e4=parse_price(row.yes_price_dollars),
            size_e6=parse_size(row.count_fp),
            taker_outcome_side=row.taker_outcome_side or "",
            taker_book_side=row.taker_book_side or "",
            is_block=row.is_block_trade,
            ts_event_ms=parse_time_ms(row.created_time or ""),
        )
    except MalformedMessage as error:
        raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error


def _book_of(ticker: str, book: WireBook) -> BookRead:
    try:
        # Page and schema of the docs contradict each other about the order of levels.
        bids = sorted(levels_of(book.yes_dollars), reverse=True)
        asks = sorted((ONE_DOLLAR_E4 - price, size) for price, size in levels_of(book.no_dollars))
    except MalformedMessage as error:
        raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error
    return BookRead(market_id_of(ticker), tuple(bids), tuple(asks))
