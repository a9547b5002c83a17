"""Terms of Kalshi markets: grid, fees, shard, tradability. Public reads, no signature.

Kalshi API docs, markets, series and fee rounding (OpenAPI 3.34.0, 2026-10-26): the fee is the
event's override if it has one, else the series'.
"""

from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from twoleg.core.market import FeeSchedule, Market, MarketId, Venue
from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import MalformedMessage, VenueRejected
from twoleg.seams import Clock
from twoleg.venues.kalshi.frames import WireBand
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.money import grid_from
from twoleg.venues.kalshi.numbers import VENUE, parse_price
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.rest import parse_time_ms

T = TypeVar("T")
TAKER_RATE_E6: Final = 70_000
"""0.07 for takers under each of the quadratic fee types (docs, fees; confirmed by fills)."""
QUADRATIC_TYPES: Final = frozenset(
    {
        "quadratic",
        "quadratic_with_maker_fees",
        "quadratic_with_combo_maker_fees",
    }
)
MULTIPLIER_MAX: Final = 10
"""None above 1 was ever seen; more than this is an error of somebody's."""
FEE_QUANTUM_MICROS: Final = 100
CACHE_ENTRIES_MAX: Final = 1_024


class WireMarket(msgspec.Struct, frozen=True):
    """What is used of a market."""

    ticker: str
    event_ticker: str
    market_type: str
    status: str
    price_ranges: list[WireBand]
    title: str = ""
    yes_sub_title: str = ""
    rules_primary: str = ""
    rules_secondary: str = ""
    close_time: str = ""
    settlement_bounds_type: str = "default"
    notional_value_dollars: str = "1.0000"
    exchange_index: int | None = None


class WireEvent(msgspec.Struct, frozen=True):
    """What is used of an event."""

    event_ticker: str
    series_ticker: str
    title: str = ""
    sub_title: str = ""
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
    exchange_index: int | None = None


class WireSeries(msgspec.Struct, frozen=True):
    """What is used of a series."""

    ticker: str
    fee_type: str
    fee_multiplier: Decimal
    exchange_index: int | None = None


class MarketBody(msgspec.Struct, frozen=True):
    """`GET /markets/{ticker}`."""

    market: WireMarket


class EventBody(msgspec.Struct, frozen=True):
    """`GET /events/{event_ticker}`."""

    event: WireEvent


class SeriesBody(msgspec.Struct, frozen=True):
    """`GET /series/{series_ticker}`."""

    series: WireSeries


class KalshiCatalogue:
    """The catalogue port of Kalshi; events and series are remembered for a minute."""

    venue = Venue.KALSHI

    def __init__(
        self, *, http: KalshiHttp, clock: Clock, options: KalshiOptions | None = None
    ) -> None:
        self._http = http
        self._clock = clock
        self._options = options or KalshiOptions()
        # Path -> (read at, body): the markets of one event share it.
        self._cache: dict[str, tuple[int, EventBody | SeriesBody]] = {}

    async def read_market(self, native_id: str) -> Market:
        """Terms of one market.

        Raises:
            VenueRejected: no such market, an unknown fee type, or terms that cannot be read.
            VenueUnavailable: the venue cannot be asked.
        """
        path = f"/markets/{quote(native_id, safe='')}"
        market = (await self._http.get(path, MarketBody, private=False)).market
        event = (await self._cached("events", market.event_ticker, EventBody)).event
        series = (await self._cached("series", event.series_ticker, SeriesBody)).series
        if market.ticker != native_id:
            raise VenueRejected(VENUE, "other_market", market.ticker[:100])
        try:
            return _build(market, event, series, self._options.balance_quantum_micros)
        except MalformedMessage as error:
            raise VenueRejected(VENUE, "unreadable_terms", error.reason) from error

    async def _cached(self, kind: str, ticker: str, shape: type[T]) -> T:
        path = f"/{kind}/{quote(ticker, safe='')}"
        now_ns = self._clock.monotonic_ns()
        entry = self._cache.get(path)
        if entry is not None and now_ns - entry[0] < self._options.terms_cached_ms * 1_000_000:
            body = entry[1]
            assert isinstance(body, shape)
            return body
        fresh = await self._http.get(path, shape, private=False)
        assert isinstance(fresh, EventBody | SeriesBody)
        if len(self._cache) >= CACHE_ENTRIES_MAX:
            self._cache.clear()
        self._cache[path] = (now_ns, fresh)
        return fresh


def fee_rate_e6(fee_type: str, multiplier: Decimal) -> int:
    """The taker's coefficient in millionths, exactly; raises VenueRejected if not known."""
    if fee_type not in QUADRATIC_TYPES:
        # `flat` has no published table; trading it blind is worse than not trading it.
        raise VenueRejected(VENUE, "unknown_fee_type", fee_type[:60])
    if not multiplier.is_finite() or not 0 <= multiplier <= MULTIPLIER_MAX:
        raise VenueRejected(VENUE, "bad_fee_multiplier", str(multiplier)[:60])
    rate = TAKER_RATE_E6 * multiplier
    if rate != int(rate):
        raise VenueRejected(VENUE, "bad_fee_multiplier", str(multiplier)[:60])
    return int(rate)


def _build(
    market: WireMarket, event: WireEvent, series: WireSeries, balance_quantum_micros: int
) -> Market:
    multiplier = event.fee_multiplier_override
    if multiplier is None:
        multiplier = series.fee_multiplier
    rate_e6 = fee_rate_e6(event.fee_type_override or series.fee_type, multiplier)
    rules = [text for text in (market.rules_primary, market.rules_secondary) if text]
    return Market(
        id=MarketId(f"{VENUE}:{market.ticker}"),
        venue=Venue.KALSHI,
        native_id=market.ticker,
        grid=grid_from(market.price_ranges),
        fees=FeeSchedule(
            rate_e6=rate_e6,
            quantum_micros=FEE_QUANTUM_MICROS,
            balance_quantum_micros=balance_quantum_micros,
        ),
        shard=_first_known(market.exchange_index, event.exchange_index, series.exchange_index),
        event=market.event_ticker,
        series=event.series_ticker,
        title=_title(market, event),
        rules="\n".join(rules),
        close_ts_ms=parse_time_ms(market.close_time),
        is_tradable=_is_tradable(market),
    )


def _is_tradable(market: WireMarket) -> bool:
    """Active, yes/no, and paying one dollar: scalar and floored markets do not."""
    return (
        market.status == "active"
        and market.market_type == "binary"
        and market.settlement_bounds_type == "default"
        and parse_price(market.notional_value_dollars) == ONE_DOLLAR_E4
    )


def _title(market: WireMarket, event: WireEvent) -> str:
    title = market.title or event.title
    outcome = market.yes_sub_title
    return f"{title}: {outcome}" if outcome and outcome not in title else title


def _first_known(*shards: int | None) -> int:
    return next((shard for shard in shards if shard is not None), 0)
