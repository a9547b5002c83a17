"""Terms of Kalshi markets: grid, fees, shard, tradability. Public reads, no signature."""

from collections.abc import AsyncIterator
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from twoleg.core.market import Market, Venue
from twoleg.errors import MalformedMessage, VenueRejected
from twoleg.seams import Clock
from twoleg.venues.kalshi.crawl import KalshiCrawl
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.terms import (
    FeeChange,
    KalshiTerms,
    WireEvent,
    WireMarket,
    WireSeries,
    build_terms,
    end_payouts_e4,
)

T = TypeVar("T")
CACHE_ENTRIES_MAX: Final = 1_024
CREATED_RETRY_MS_MIN: Final = 250


class MarketBody(msgspec.Struct, frozen=True):
    """`GET /markets/{ticker}`."""

    market: WireMarket


class EventBody(msgspec.Struct, frozen=True):
    """`GET /events/{event_ticker}`."""

    event: WireEvent


class SeriesBody(msgspec.Struct, frozen=True):
    """`GET /series/{series_ticker}`."""

    series: WireSeries


class EventKnown(msgspec.Struct, frozen=True):
    """An event, and the changes of its fee that were scheduled shortly before it was read."""

    event: WireEvent
    changes: tuple[FeeChange, ...]


class SeriesKnown(msgspec.Struct, frozen=True):
    """A series, and the changes of its fee that were scheduled shortly before it was read."""

    series: WireSeries
    changes: tuple[FeeChange, ...]


class KalshiCatalogue:
    """The catalogue port of Kalshi; events, series and fee changes are remembered for a minute."""

    venue = Venue.KALSHI

    def __init__(
        self, *, http: KalshiHttp, clock: Clock, options: KalshiOptions | None = None
    ) -> None:
        self._http = http
        self._clock = clock
        self._options = options or KalshiOptions()
        self._crawl = KalshiCrawl(http=http)
        # Path -> (read at, body): the markets of one event share it.
        self._cache: dict[str, tuple[int, object]] = {}

    async def read_market(self, native_id: str) -> Market:
        """Terms of one market as the core knows them; raises as `read_terms`."""
        return (await self.read_terms(native_id)).market

    async def read_end(self, native_id: str) -> tuple[int, int] | None:
        """What (YES, NO) of a market pay in 1/10 000 dollar; None while that is not determined.

        Raises as `read_terms`.
        """
        path = f"/markets/{quote(native_id, safe='')}"
        market = (await self._http.get(path, MarketBody, private=False)).market
        try:
            return end_payouts_e4(market)
        except MalformedMessage as error:
            raise VenueRejected(VENUE, "unreadable_terms", error.reason) from error

    async def read_terms(self, native_id: str) -> KalshiTerms:
        """All terms of one market.

        Raises:
            VenueRejected: no such market, an unknown fee type, or terms that cannot be read.
            VenueUnavailable: the venue cannot be asked.
        """
        path = f"/markets/{quote(native_id, safe='')}"
        market = (await self._http.get(path, MarketBody, private=False)).market
        event = await self._event(market.event_ticker)
        series = await self._series(event.event.series_ticker)
        if market.ticker != native_id:
            raise VenueRejected(VENUE, "other_market", market.ticker[:100])
        try:
            return build_terms(
                market,
                event.event,
                series.series,
                (*series.changes, *event.changes),
                now_ms=self._http.timestamp_ms(),
                options=self._options,
            )
        except MalformedMessage as error:
            raise VenueRejected(VENUE, "unreadable_terms", error.reason) from error

    async def await_terms(self, native_id: str) -> KalshiTerms:
        """Terms of a market that was announced just now: reads may not know it for a moment.

        Raises as `read_terms`, the refusal of an unknown market only after `created_wait_ms_max`
        (Kalshi API docs, market lifecycle, 2026).
        """
        end_ns = self._clock.monotonic_ns() + self._options.created_wait_ms_max * 1_000_000
        delay_ms = CREATED_RETRY_MS_MIN
        while True:
            try:
                return await self.read_terms(native_id)
            except VenueRejected as error:
                is_late = self._clock.monotonic_ns() + delay_ms * 1_000_000 > end_ns
                if error.http_status != 404 or is_late:
                    raise
            await self._clock.sleep(delay_ms / 1_000)
            delay_ms *= 2

    def forget(self) -> None:
        """Read events, series and fees anew: the venue said that some changed."""
        self._cache.clear()

    # A change that takes effect between two reads must stand in one of them: first the list of what
    # is scheduled, then what holds. Both are remembered as one.

    async def _event(self, ticker: str) -> EventKnown:
        path = f"/events/{quote(ticker, safe='')}"
        known = self._known(path, EventKnown)
        if known is None:
            changes = await _listed(self._crawl.event_fee_changes(ticker))
            body = await self._http.get(path, EventBody, private=False)
            known = self._keep(path, EventKnown(body.event, changes))
        return known

    async def _series(self, ticker: str) -> SeriesKnown:
        path = f"/series/{quote(ticker, safe='')}"
        known = self._known(path, SeriesKnown)
        if known is None:
            changes = await _listed(self._crawl.series_fee_changes(ticker))
            body = await self._http.get(path, SeriesBody, private=False)
            known = self._keep(path, SeriesKnown(body.series, changes))
        return known

    def _known(self, key: str, shape: type[T]) -> T | None:
        entry = self._cache.get(key)
        cached_ns = self._options.terms_cached_ms * 1_000_000
        if entry is None or self._clock.monotonic_ns() - entry[0] >= cached_ns:
            return None
        assert isinstance(entry[1], shape)
        return entry[1]

    def _keep(self, key: str, body: T) -> T:
        if len(self._cache) >= CACHE_ENTRIES_MAX:
            self._cache.clear()
        self._cache[key] = (self._clock.monotonic_ns(), body)
        return body


async def _listed(changes: AsyncIterator[FeeChange]) -> tuple[FeeChange, ...]:
    """Scheduled changes; a list that is not there announces nothing."""
    try:
        return tuple([change async for change in changes])
    except VenueRejected as error:
        if error.http_status != 404:
            raise
        return ()
