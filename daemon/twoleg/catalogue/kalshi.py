"""Kalshi's lists: series, then events, then the open markets, whose fees and shard hang on both.

What a market needs of its series and event is kept in the database, not in memory: a crawl that is
resumed finds it there, and so does a market that is read alone. Combos (`KXMVE…`) are left out:
they pay on several questions at once, and no pair could rest on one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeVar

import msgspec

from twoleg.catalogue.source import (
    MARKETS,
    PAGE_MS_MAX,
    READ_ERRORS,
    UPDATES,
    Facts,
    Found,
    Patience,
    RawPage,
    Unread,
    make_row,
    name_of,
    shown,
)
from twoleg.core.market import Market, Venue
from twoleg.errors import MalformedMessage, VenueRejected
from twoleg.matching.listing import read_kalshi
from twoleg.storage.catalogue import CatalogueStore, Crawl, PageResult
from twoleg.storage.catalogue_rows import StoredGroup, StoredMarket
from twoleg.venues.kalshi.crawl import KalshiCrawl, MarketFilter
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.numbers import parse_time_ms
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.terms import (
    FeeChange,
    WireEvent,
    WireMarket,
    WireSeries,
    build_terms,
    texts_of,
)

SERIES: Final = "series"
EVENTS: Final = "events"
OPEN: Final = frozenset({"initialized", "inactive", "active"})
"""A market that is not there yet or paused is open: it will trade (docs, lifecycle, 2026)."""
NAMED_PER_CALL: Final = 100
"""Ids in one address: tickers have some thirty signs, and addresses some thousands."""
MISSING_MAX: Final = 2_000
"""Events and series that one page may need read one by one; more is a list that lacks them."""
KNOWN_MS: Final = 3_600_000
"""How old an event may be when its markets are read: a fee that changed meanwhile still counts."""
_TICKER: Final = re.compile(r"[!-~]{1,128}")

CRAWL_OPTIONS: Final = KalshiOptions(
    read_capacity=100,
    read_refill_per_s=100,
    read_reserved=0,
    read_wait_ms_max=10_000,
    read_timeout_ms=PAGE_MS_MAX,
    terms_cached_ms=KNOWN_MS,
)
"""Ten reads a second: half of what keyless reads are known to bear, 18 (measured, 2026-08-11), as
the daemon reads from the same address."""


T = TypeVar("T", WireEvent, WireSeries)


class Groups(NamedTuple):
    """The series and events that some markets belong to, and the fees that are going to change."""

    series: Mapping[str, WireSeries]
    events: Mapping[str, WireEvent]
    changes: tuple[FeeChange, ...]


class KalshiSource:
    """Crawls Kalshi without a key. `options` are those that orders are priced with."""

    venue: Venue = Venue.KALSHI
    parts: tuple[str, ...] = (SERIES, EVENTS, MARKETS)

    def __init__(
        self, http: KalshiHttp, patience: Patience, *, balance_quantum_micros: int = 100
    ) -> None:
        self._http = http
        self._crawl = KalshiCrawl(http=http)
        self.patience = patience
        self._options = msgspec.structs.replace(
            CRAWL_OPTIONS, balance_quantum_micros=balance_quantum_micros
        )
        # Fees that series and events will have; None until they were read.
        self._changes: tuple[FeeChange, ...] | None = None

    async def prepare(self, part: str) -> None:
        """Scheduled fees are read before what holds: one that takes effect now stands in both."""
        if part == SERIES or self._changes is None:
            self._changes = await self.patience.ask("fee_changes", self._read_changes)

    async def read_page(self, part: str, cursor: str, since_s: int = 0) -> RawPage:
        """A page of a part."""
        crawl = self._crawl
        if part == SERIES:
            rows = await crawl.series_rows()
        elif part == EVENTS:
            rows = await crawl.event_rows(status="open", cursor=cursor)
        else:
            wanted = MarketFilter(status="open", mve_filter="exclude")
            if part == UPDATES:
                # Of any status: what closed has changed too.
                wanted = MarketFilter(min_updated_ts=since_s, mve_filter="exclude")
            rows = await crawl.market_rows(wanted, cursor=cursor)
        return RawPage(rows.rows, rows.cursor)

    async def store_page(
        self, store: CatalogueStore, crawl: Crawl, page: RawPage
    ) -> tuple[PageResult, list[Unread]]:
        """Series and events as facts, markets as rows."""
        if crawl.part in (SERIES, EVENTS):
            kind = "series" if crawl.part == SERIES else "event"
            groups, unread = _read_groups(kind, page.rows)
            await store.put_groups(crawl, kind, groups, page.cursor, unreadable=len(unread))
            return PageResult(), unread
        rows, unread = await self._read_markets(store, page.rows)
        result = await store.put_page(crawl, rows, page.cursor, unread=[row.name for row in unread])
        return result, unread

    async def find(self, store: CatalogueStore, ids: Sequence[str]) -> Found:
        """Markets by ticker."""
        found = Found([], [], [])
        # Its events may have changed as well: what is kept of them is read anew.
        for chunk in _chunks(ids):
            wanted = MarketFilter(tickers=tuple(chunk))
            page = await self.patience.ask(MARKETS, partial(self._crawl.market_rows, wanted))
            rows, unread = await self._read_markets(store, page.rows, is_fresh=True)
            found.rows.extend(rows)
            found.unread.extend(unread)
        seen = {row.native_id for row in found.rows} | {row.name for row in found.unread}
        found.unknown.extend(ticker for ticker in ids if ticker not in seen)
        return found

    async def _read_markets(
        self, store: CatalogueStore, raws: Sequence[msgspec.Raw], *, is_fresh: bool = False
    ) -> tuple[list[StoredMarket], list[Unread]]:
        markets: list[tuple[msgspec.Raw, WireMarket]] = []
        unread: list[Unread] = []
        for raw in raws:
            try:
                market = msgspec.json.decode(raw, type=WireMarket)
            except READ_ERRORS as error:
                unread.append(Unread(name_of(raw, "ticker"), shown(str(error))))
                continue
            if _TICKER.fullmatch(market.ticker) and _TICKER.fullmatch(market.event_ticker):
                markets.append((raw, market))
            else:
                unread.append(Unread(shown(market.ticker), "not a ticker"))
        groups = await self._groups_of(store, [m for _, m in markets], is_fresh=is_fresh)
        rows: list[StoredMarket] = []
        for raw, market in markets:
            try:
                row = self._row(raw, market, groups)
            except READ_ERRORS as error:
                row = Unread(market.ticker, shown(str(error)))
            if isinstance(row, Unread):
                unread.append(row)
            else:
                rows.append(row)
        return rows, unread

    def _row(self, raw: msgspec.Raw, market: WireMarket, groups: Groups) -> StoredMarket | Unread:
        event = groups.events.get(market.event_ticker)
        if event is None:
            return Unread(market.ticker, f"its event is unknown: {shown(market.event_ticker)}")
        told = {"title": event.title, "sub_title": event.sub_title}
        title, rules = texts_of(market, event)
        terms = self._terms(market, event, groups)
        facts = Facts(
            native_id=market.ticker,
            event=market.event_ticker,
            series=event.series_ticker,
            status=market.status,
            is_open=market.status in OPEN,
            title=title,
            rules=rules,
            close_ts_ms=parse_time_ms(market.close_time),
            shard=terms.shard if isinstance(terms, Market) else market.exchange_index or 0,
            tokens={},
        )
        return make_row(self.venue, facts, read_kalshi(msgspec.json.decode(raw), told), terms)

    def _terms(self, market: WireMarket, event: WireEvent, groups: Groups) -> Market | str:
        series = groups.series.get(event.series_ticker)
        if series is None:
            return "unknown_series"
        try:
            terms = build_terms(
                market,
                event,
                series,
                groups.changes,
                now_ms=self._http.timestamp_ms(),
                options=self._options,
            )
        except VenueRejected as error:
            return error.code
        except MalformedMessage:
            return "unreadable_terms"
        return terms.market

    # -- series and events ---------------------------------------------------------------------

    async def _groups_of(
        self, store: CatalogueStore, markets: Iterable[WireMarket], *, is_fresh: bool
    ) -> Groups:
        await self.prepare(MARKETS)
        wanted = sorted({market.event_ticker for market in markets})
        known = {} if is_fresh else await store.read_groups(self.venue, "event", wanted)
        missing = [name for name in wanted if name not in known][:MISSING_MAX]
        events = _decode_all(known, WireEvent)
        for chunk in _chunks(missing):
            page = await self.patience.ask(EVENTS, partial(self._crawl.event_rows, tickers=chunk))
            read, _ = _read_groups("event", page.rows)
            await store.add_groups(self.venue, "event", read)
            events |= _decode_all({group.native_id: group.facts for group in read}, WireEvent)
        series = await self._series_of(store, events.values())
        changes = self._changes or ()
        names = {*events, *series}
        return Groups(series, events, tuple(c for c in changes if _names(c) & names))

    async def _series_of(
        self, store: CatalogueStore, events: Iterable[WireEvent]
    ) -> dict[str, WireSeries]:
        wanted = sorted({event.series_ticker for event in events})
        known = await store.read_groups(self.venue, "series", wanted)
        missing = [name for name in wanted if name not in known][:MISSING_MAX]
        series = _decode_all(known, WireSeries)
        for name in missing:
            try:
                raw = await self.patience.ask(SERIES, partial(self._crawl.one_series, name))
            except VenueRejected:
                # Its markets are listed without terms.
                continue
            read, _ = _read_groups("series", (raw,))
            await store.add_groups(self.venue, "series", read)
            series |= _decode_all({group.native_id: group.facts for group in read}, WireSeries)
        return series

    async def _read_changes(self) -> tuple[FeeChange, ...]:
        changes: list[FeeChange] = []
        for listed in (self._crawl.series_fee_changes(), self._crawl.event_fee_changes()):
            try:
                changes += [change async for change in listed]
            except VenueRejected as error:
                # A list that is not there announces nothing.
                if error.http_status != 404:
                    raise
        return tuple(changes)


def _read_groups(kind: str, raws: Sequence[msgspec.Raw]) -> tuple[list[StoredGroup], list[Unread]]:
    """What is kept of series or events: no lists of theirs, and no texts that are not used."""
    groups: list[StoredGroup] = []
    unread: list[Unread] = []
    for raw in raws:
        try:
            name, facts = _series_facts(raw) if kind == "series" else _event_facts(raw)
        except READ_ERRORS as error:
            key = "ticker" if kind == "series" else "event_ticker"
            unread.append(Unread(name_of(raw, key), shown(str(error))))
            continue
        if _TICKER.fullmatch(name):
            groups.append(StoredGroup(native_id=name, facts=msgspec.json.encode(facts)))
        else:
            unread.append(Unread(shown(name), "not a ticker"))
    return groups, unread


def _series_facts(raw: msgspec.Raw) -> tuple[str, dict[str, object]]:
    series = msgspec.json.decode(raw, type=WireSeries)
    names = ("ticker", "fee_type", "fee_multiplier", "exchange_index")
    return series.ticker, {name: getattr(series, name) for name in names}


def _event_facts(raw: msgspec.Raw) -> tuple[str, dict[str, object]]:
    event = msgspec.json.decode(raw, type=WireEvent)
    if not _TICKER.fullmatch(event.series_ticker):
        raise ValueError("its series is not a ticker")
    names = (
        "event_ticker",
        "series_ticker",
        "title",
        "sub_title",
        "fee_type_override",
        "fee_multiplier_override",
        "exchange_index",
    )
    return event.event_ticker, {name: getattr(event, name) for name in names}


def _decode_all(facts: Mapping[str, bytes], shape: type[T]) -> dict[str, T]:
    return {name: msgspec.json.decode(fact, type=shape) for name, fact in facts.items()}


def _names(change: FeeChange) -> set[str]:
    return {getattr(change, "event_ticker", ""), change.series_ticker or ""} - {""}


def _chunks(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[at : at + NAMED_PER_CALL] for at in range(0, len(ids), NAMED_PER_CALL)]
