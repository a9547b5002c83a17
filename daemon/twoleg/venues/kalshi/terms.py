"""From Kalshi's markets, events and series to terms that orders can be priced by. Pure.

OpenAPI 3.34.0 (2026-10-26) and fee rounding: the fee is the event's override if it has one, else
the series'. All documented fields stand here but the deprecated ones.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from twoleg.core.market import FeeSchedule, Market, Venue
from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import VenueRejected
from twoleg.venues.kalshi.channels import WireBand
from twoleg.venues.kalshi.money import grid_from
from twoleg.venues.kalshi.numbers import VENUE, parse_price, parse_time_ms
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.pushes import market_id_of

TAKER_RATE_E6: Final = 70_000
"""0.07 for takers under each of the quadratic fee types (docs, fees; confirmed by fills)."""
MAKER_RATES_E6: Final = {
    "quadratic": 0,
    "quadratic_with_maker_fees": 17_500,
    "quadratic_with_combo_maker_fees": 35_000,
}
"""By secondary sources; that the multiplier scales these too is taken for granted (UNCERTAIN)."""
MULTIPLIER_MAX: Final = 10
"""None above 1 was ever seen; more than this is an error of somebody's."""
FEE_QUANTUM_MICROS: Final = 100
ENDED: Final = frozenset({"determined", "amended", "finalized"})
"""States of a market whose result stands; in a dispute it does not."""
Text = str | None


class WireMarket(msgspec.Struct, frozen=True):
    """A market; prices in dollars and sizes in contracts as text, times in RFC 3339."""

    ticker: str
    event_ticker: str
    market_type: str
    status: str
    price_ranges: list[WireBand]
    title: str = ""
    yes_sub_title: str = ""
    no_sub_title: str = ""
    rules_primary: str = ""
    rules_secondary: str = ""
    created_time: Text = ""
    updated_time: Text = ""
    open_time: Text = ""
    close_time: str = ""
    latest_expiration_time: Text = ""
    expected_expiration_time: Text = ""
    occurrence_datetime: Text = ""
    fee_waiver_expiration_time: Text = ""
    settlement_timer_seconds: int | None = None
    yes_bid_dollars: Text = ""
    yes_ask_dollars: Text = ""
    no_bid_dollars: Text = ""
    no_ask_dollars: Text = ""
    yes_bid_size_fp: Text = ""
    yes_ask_size_fp: Text = ""
    last_price_dollars: Text = ""
    previous_price_dollars: Text = ""
    previous_yes_bid_dollars: Text = ""
    previous_yes_ask_dollars: Text = ""
    volume_fp: Text = ""
    volume_24h_fp: Text = ""
    open_interest_fp: Text = ""
    notional_value_dollars: str = "1.0000"
    result: Text = ""
    settlement_value_dollars: Text = ""
    settlement_ts: Text = ""
    settlement_bounds_type: str = "default"
    settlement_floor_dollars: Text = ""
    can_close_early: bool | None = None
    early_close_condition: Text = ""
    expiration_value: Text = ""
    strike_type: Text = ""
    floor_strike: Decimal | None = None
    cap_strike: Decimal | None = None
    functional_strike: Text = ""
    custom_strike: object = None
    price_level_structure: Text = ""
    mve_collection_ticker: Text = ""
    mve_selected_legs: object = None
    primary_participant_key: Text = ""
    is_provisional: bool | None = None
    exchange_index: int | None = None


class Source(msgspec.Struct, frozen=True):
    """Who decides."""

    name: Text = ""
    url: Text = ""


class WireEvent(msgspec.Struct, frozen=True):
    """An event; `markets` only where they were asked for."""

    event_ticker: str
    series_ticker: str
    title: str = ""
    sub_title: str = ""
    collateral_return_type: Text = ""
    mutually_exclusive: bool | None = None
    settlement_sources: list[Source] | None = None
    strike_date: Text = ""
    strike_period: Text = ""
    markets: list[WireMarket] | None = None
    product_metadata: object = None
    last_updated_ts: Text = ""
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
    exchange_index: int | None = None


class WireSeries(msgspec.Struct, frozen=True):
    """A series: what its events have in common."""

    ticker: str
    fee_type: str
    fee_multiplier: Decimal
    frequency: Text = ""
    title: Text = ""
    category: Text = ""
    categories: list[str] | None = None
    tags: list[str] | None = None
    settlement_sources: list[Source] | None = None
    contract_url: Text = ""
    contract_terms_url: Text = ""
    additional_prohibitions: list[str] | None = None
    product_metadata: object = None
    volume_fp: Text = ""
    last_updated_ts: Text = ""
    exchange_index: int | None = None


class SeriesFeeChange(msgspec.Struct, frozen=True):
    """A series' fee as it will be (`GET /series/fee_changes`)."""

    series_ticker: str
    fee_type: str
    fee_multiplier: Decimal
    scheduled_ts: str | int
    id: str = ""


class EventFeeChange(msgspec.Struct, frozen=True):
    """An event's override as it will be; null takes it away (`GET /events/fee_changes`)."""

    event_ticker: str
    scheduled_ts: str | int
    series_ticker: Text = ""
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
    id: str = ""


FeeChange = SeriesFeeChange | EventFeeChange


class KalshiTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A market's terms: as the core knows it, and all that the venue says.

    `maker_rate_e6` is the coefficient for resting orders in millionths. `fee_changes` are those
    scheduled and known, soonest first; `fee_waived_until_ms` 0: no waiver.
    """

    market: Market
    listing: WireMarket
    event: WireEvent
    series: WireSeries
    maker_rate_e6: int
    fee_waived_until_ms: int
    fee_changes: tuple[FeeChange, ...]


def fee_rate_e6(fee_type: str, multiplier: Decimal, *, is_maker: bool = False) -> int:
    """The coefficient in millionths, exactly; raises VenueRejected if not known."""
    base_e6 = MAKER_RATES_E6.get(fee_type)
    if base_e6 is None:
        # `flat` has no published table; trading it blind is worse than not trading it.
        raise VenueRejected(VENUE, "unknown_fee_type", fee_type[:60])
    if not multiplier.is_finite() or not 0 <= multiplier <= MULTIPLIER_MAX:
        raise VenueRejected(VENUE, "bad_fee_multiplier", str(multiplier)[:60])
    rate = (base_e6 if is_maker else TAKER_RATE_E6) * multiplier
    if rate != int(rate):
        raise VenueRejected(VENUE, "bad_fee_multiplier", str(multiplier)[:60])
    return int(rate)


def build_terms(
    market: WireMarket,
    event: WireEvent,
    series: WireSeries,
    changes: Iterable[FeeChange],
    *,
    now_ms: int,
    options: KalshiOptions,
) -> KalshiTerms:
    """Put together what the venue says of a market.

    Raises:
        VenueRejected: the fee is not known, now or soon.
        MalformedMessage: a field cannot be read.
    """
    # Events and series are remembered for a while: one that was read before a change took effect
    # does not show it yet. Twice that long, because reads take time and clocks differ.
    since_ms = now_ms - 2 * options.terms_cached_ms
    known = _known(changes, market.event_ticker, event.series_ticker, since_ms)
    waived_until_ms = parse_time_ms(market.fee_waiver_expiration_time or "")
    is_waived = options.honours_fee_waivers and now_ms < waived_until_ms
    rate_e6 = 0 if is_waived else _taker_rate(event, series, known, now_ms, options)
    title, rules = texts_of(market, event)
    return KalshiTerms(
        market=Market(
            id=market_id_of(market.ticker),
            venue=Venue.KALSHI,
            native_id=market.ticker,
            grid=grid_from(market.price_ranges),
            fees=FeeSchedule(
                rate_e6=rate_e6,
                quantum_micros=FEE_QUANTUM_MICROS,
                balance_quantum_micros=options.balance_quantum_micros,
            ),
            shard=_first_known(market.exchange_index, event.exchange_index, series.exchange_index),
            event=market.event_ticker,
            series=event.series_ticker,
            title=title,
            rules=rules,
            close_ts_ms=parse_time_ms(market.close_time),
            is_tradable=_is_tradable(market),
        ),
        listing=market,
        event=event,
        series=series,
        maker_rate_e6=_rate(event, series, is_maker=True),
        fee_waived_until_ms=waived_until_ms,
        fee_changes=tuple(change for change in known if change_ms(change) > now_ms),
    )


def texts_of(market: WireMarket, event: WireEvent) -> tuple[str, str]:
    """Title and rules of a market: what it settles on, and what its fingerprint is made of."""
    rules = [text for text in (market.rules_primary, market.rules_secondary) if text]
    return _title(market, event), "\n".join(rules)


def end_payouts_e4(market: WireMarket) -> tuple[int, int] | None:
    """What (YES, NO) pay in 1/10 000 dollar, once the venue has determined it; else None.

    A void market is a scalar one too, at what it gives back. A dispute takes a determination back.
    Kalshi API docs, markets, 2026-09: `settlement_value_dollars` is YES's.

    Raises:
        MalformedMessage: the value cannot be read.
    """
    if market.status not in ENDED:
        return None
    yes_e4 = {"yes": ONE_DOLLAR_E4, "no": 0}.get(market.result or "")
    if yes_e4 is None and market.settlement_value_dollars:
        yes_e4 = parse_price(market.settlement_value_dollars)
    return None if yes_e4 is None else (yes_e4, ONE_DOLLAR_E4 - yes_e4)


def change_ms(change: FeeChange) -> int:
    """When a scheduled fee takes effect, Unix ms; 0 if that cannot be read."""
    when = change.scheduled_ts
    # The docs call it a date; other `_ts` fields are Unix seconds.
    return when * 1_000 if isinstance(when, int) else parse_time_ms(when)


def _rate(event: WireEvent, series: WireSeries, *, is_maker: bool = False) -> int:
    multiplier = event.fee_multiplier_override
    if multiplier is None:
        multiplier = series.fee_multiplier
    fee_type = event.fee_type_override or series.fee_type
    return fee_rate_e6(fee_type, multiplier, is_maker=is_maker)


def _taker_rate(
    event: WireEvent,
    series: WireSeries,
    known: Iterable[FeeChange],
    now_ms: int,
    options: KalshiOptions,
) -> int:
    """The rate as read, or a higher one that took effect just now or soon will.

    Terms are read again only so often.
    """
    rate_e6 = _rate(event, series)
    for change in known:
        if change_ms(change) > now_ms + options.fee_change_lead_ms:
            break
        if isinstance(change, SeriesFeeChange):
            series = msgspec.structs.replace(
                series, fee_type=change.fee_type, fee_multiplier=change.fee_multiplier
            )
        else:
            event = msgspec.structs.replace(
                event,
                fee_type_override=change.fee_type_override,
                fee_multiplier_override=change.fee_multiplier_override,
            )
        rate_e6 = max(rate_e6, _rate(event, series))
    return rate_e6


def _known(
    changes: Iterable[FeeChange], event: str, series: str, since_ms: int
) -> tuple[FeeChange, ...]:
    """Changes of this event or series that take effect after a time, soonest first."""
    ours = [
        change
        for change in changes
        if change_ms(change) > since_ms
        and (
            change.event_ticker == event
            if isinstance(change, EventFeeChange)
            else change.series_ticker == series
        )
    ]
    return tuple(sorted(ours, key=change_ms))


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
