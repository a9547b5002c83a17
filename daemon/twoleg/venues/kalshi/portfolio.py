"""Holdings, settlements and places in the queue as Kalshi reports them. Pure.

OpenAPI 3.34.0 (2026-10-26). Deprecated fields are not read.
"""

from typing import Final

import msgspec

from twoleg.core.market import MarketId
from twoleg.venues.kalshi.numbers import parse_micros, parse_price, parse_size, parse_time_ms
from twoleg.venues.kalshi.pushes import market_id_of

MICROS_PER_CENT: Final = 10_000


class HoldingRow(msgspec.Struct, frozen=True):
    """A holding as `GET /portfolio/positions` shows it: + YES, − NO."""

    ticker: str
    position_fp: str
    exchange_index: int | None = None
    market_exposure_dollars: str = "0"
    total_traded_dollars: str = "0"
    realized_pnl_dollars: str = "0"
    fees_paid_dollars: str = "0"
    last_updated_ts: str | None = ""


class HoldingPage(msgspec.Struct, frozen=True):
    """A page of holdings."""

    market_positions: list[HoldingRow] | None = None
    cursor: str | None = ""


class SettlementRow(msgspec.Struct, frozen=True):
    """A settlement as `GET /portfolio/settlements` shows it; revenue and value are in cents."""

    ticker: str
    settled_time: str
    market_result: str
    revenue: int
    event_ticker: str = ""
    exchange_index: int = 0
    yes_count_fp: str = "0"
    no_count_fp: str = "0"
    yes_total_cost_dollars: str = "0"
    no_total_cost_dollars: str = "0"
    fee_cost: str = "0"
    value: int | None = None


class SettlementPage(msgspec.Struct, frozen=True):
    """A page of settlements."""

    settlements: list[SettlementRow] | None = None
    cursor: str | None = ""


class QueueRow(msgspec.Struct, frozen=True):
    """The place of one resting order."""

    order_id: str
    market_ticker: str
    queue_position_fp: str


class QueueBody(msgspec.Struct, frozen=True):
    """`GET /portfolio/orders/queue_positions`."""

    queue_positions: list[QueueRow] | None = None


class QueuePlaceBody(msgspec.Struct, frozen=True):
    """`GET /portfolio/orders/{order_id}/queue_position`."""

    queue_position_fp: str


class RestingRow(msgspec.Struct, frozen=True):
    """An order that rests, as `GET /portfolio/orders` shows it."""

    order_id: str
    ticker: str
    remaining_count_fp: str
    yes_price_dollars: str
    book_side: str = ""
    fill_count_fp: str = "0"
    client_order_id: str | None = ""
    exchange_index: int | None = None


class RestingPage(msgspec.Struct, frozen=True):
    """A page of orders that rest."""

    orders: list[RestingRow] | None = None
    cursor: str | None = ""


class RestingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that rests, ours or not: `book_side` bid or ask, `price_e4` as a YES price."""

    market_id: MarketId
    venue_order_id: str
    order_key: str
    shard: int | None
    book_side: str
    price_e4: int
    remaining_e6: int
    filled_e6: int


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A holding: `position_e6` micro-contracts of YES, negative for NO; money in micro-dollars."""

    market_id: MarketId
    shard: int | None
    position_e6: int
    exposure_micros: int
    traded_micros: int
    realized_micros: int
    fees_micros: int
    updated_ms: int


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """A settled holding. The venue gives it no id: `key` is what tells one from another.

    `value_micros` is what one YES paid, None where it was not told.
    """

    market_id: MarketId
    shard: int
    settled_time: str
    settled_ms: int
    event: str
    result: str
    yes_e6: int
    no_e6: int
    yes_cost_micros: int
    no_cost_micros: int
    revenue_micros: int
    fee_micros: int
    value_micros: int | None = None

    @property
    def key(self) -> tuple[int, MarketId, str]:
        """(shard, market, settled time as the venue wrote it), for removing doubles."""
        return self.shard, self.market_id, self.settled_time


class QueuePlace(msgspec.Struct, frozen=True, kw_only=True):
    """How many micro-contracts stand before a resting order; 0: it is next."""

    venue_order_id: str
    market_id: MarketId
    ahead_e6: int


def holding_of(row: HoldingRow) -> Holding:
    """Raises MalformedMessage."""
    return Holding(
        market_id=market_id_of(row.ticker),
        shard=row.exchange_index,
        position_e6=parse_size(row.position_fp),
        exposure_micros=parse_micros(row.market_exposure_dollars),
        traded_micros=parse_micros(row.total_traded_dollars),
        realized_micros=parse_micros(row.realized_pnl_dollars),
        fees_micros=parse_micros(row.fees_paid_dollars),
        updated_ms=parse_time_ms(row.last_updated_ts or ""),
    )


def settlement_of(row: SettlementRow) -> Settlement:
    """Raises MalformedMessage."""
    return Settlement(
        market_id=market_id_of(row.ticker),
        shard=row.exchange_index,
        settled_time=row.settled_time,
        settled_ms=parse_time_ms(row.settled_time),
        event=row.event_ticker,
        result=row.market_result,
        yes_e6=parse_size(row.yes_count_fp),
        no_e6=parse_size(row.no_count_fp),
        yes_cost_micros=parse_micros(row.yes_total_cost_dollars),
        no_cost_micros=parse_micros(row.no_total_cost_dollars),
        revenue_micros=row.revenue * MICROS_PER_CENT,
        fee_micros=parse_micros(row.fee_cost),
        value_micros=None if row.value is None else row.value * MICROS_PER_CENT,
    )


def queue_place_of(row: QueueRow) -> QueuePlace:
    """Raises MalformedMessage."""
    return QueuePlace(
        venue_order_id=row.order_id,
        market_id=market_id_of(row.market_ticker),
        ahead_e6=parse_size(row.queue_position_fp),
    )


def resting_of(row: RestingRow) -> RestingOrder:
    """Raises MalformedMessage."""
    return RestingOrder(
        market_id=market_id_of(row.ticker),
        venue_order_id=row.order_id,
        order_key=row.client_order_id or "",
        shard=row.exchange_index,
        book_side=row.book_side,
        price_e4=parse_price(row.yes_price_dollars),
        remaining_e6=parse_size(row.remaining_count_fp),
        filled_e6=parse_size(row.fill_count_fp),
    )
