"""What Kalshi's REST answers look like, and how they become core values. Pure.

OpenAPI 3.34.0 (2026-10-26). Unknown fields are ignored, deprecated ones not read.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from twoleg.core.events import Fill
from twoleg.core.market import MarketId, Outcome, Side, Venue
from twoleg.core.orders import OrderSpec
from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.bodies import is_bid
from twoleg.venues.kalshi.money import notional_exact
from twoleg.venues.kalshi.numbers import (
    VENUE,
    parse_micros,
    parse_price,
    parse_size,
    parse_time_ms,
)
from twoleg.venues.kalshi.pushes import market_id_of, outcome_of
from twoleg.venues.mending import mend

T = TypeVar("T")


class CreateAnswer(msgspec.Struct, frozen=True):
    """201 of a create; every field may be missing, the caller decides what that means."""

    order_id: str = ""
    client_order_id: str | None = ""
    fill_count: str = ""
    remaining_count: str = ""
    ts_ms: int | None = None


class OrderRow(msgspec.Struct, frozen=True):
    """An order as `GET /portfolio/orders` shows it."""

    order_id: str
    ticker: str
    status: str
    fill_count_fp: str
    client_order_id: str = ""


class OneOrder(msgspec.Struct, frozen=True):
    """`GET /portfolio/orders/{order_id}`."""

    order: OrderRow


class OrderPage(msgspec.Struct, frozen=True):
    """A page of orders; an empty cursor ends the list."""

    orders: list[OrderRow] | None = None
    cursor: str | None = ""


class FillRow(msgspec.Struct, frozen=True):
    """A fill as `GET /portfolio/fills` shows it; the client order id is not told there."""

    order_id: str
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    trade_id: str = ""
    fill_id: str = ""
    book_side: str = ""
    outcome_side: str = ""
    created_time: str | None = ""
    ts: int | None = 0
    ticker: str = ""
    market_ticker: str = ""


class FillPage(msgspec.Struct, frozen=True):
    """A page of fills."""

    fills: list[FillRow] | None = None
    cursor: str | None = ""


class ReadStamp(msgspec.Struct, frozen=True):
    """`GET /exchange/user_data_timestamp`: how fresh orders, fills and positions are."""

    as_of_time: str


class ShardBalance(msgspec.Struct, frozen=True):
    """Cash on one shard."""

    exchange_index: int
    balance: str


class Balance(msgspec.Struct, frozen=True):
    """Cash; the breakdown is missing for keys that are locked to a subaccount."""

    balance_dollars: str
    balance_breakdown: list[ShardBalance] | None = None


class PositionRow(msgspec.Struct, frozen=True):
    """A holding: + YES, − NO."""

    ticker: str
    position_fp: str


class PositionPage(msgspec.Struct, frozen=True):
    """A page of holdings."""

    market_positions: list[PositionRow] | None = None
    cursor: str | None = ""


def decode(body: bytes, shape: type[T]) -> T:
    """Read a JSON body; raises MalformedMessage."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if (mended := mend(body)) != body:
            return decode(mended, shape)
        raise MalformedMessage(VENUE, f"answer: {error}", body) from error


def fill_of(row: FillRow, spec: OrderSpec, order_key: str) -> Fill:
    """A fill in the words of the order it belongs to; raises MalformedMessage.

    The venue says bid or ask. If that is the side we sent, the fill is of the outcome and side
    of the spec; if it is not, the venue's word counts and the fill says what it acquired.
    """
    acquired = outcome_of(row.book_side, row.outcome_side)
    if (acquired is Outcome.YES) == is_bid(spec):
        return _fill(row, spec.market.id, order_key, spec.outcome, spec.side)
    return _fill(row, spec.market.id, order_key, acquired, Side.BUY)


def account_fill_of(row: FillRow) -> Fill:
    """A fill of an order that is not known, as what it acquired; raises MalformedMessage."""
    ticker = row.ticker or row.market_ticker
    if not ticker:
        raise MalformedMessage(VENUE, "fill of no market")
    acquired = outcome_of(row.book_side, row.outcome_side)
    return _fill(row, market_id_of(ticker), "", acquired, Side.BUY)


def _fill(row: FillRow, market_id: MarketId, order_key: str, outcome: Outcome, side: Side) -> Fill:
    yes_e4, size_e6 = parse_price(row.yes_price_dollars), parse_size(row.count_fp)
    price_e4 = yes_e4 if outcome is Outcome.YES else ONE_DOLLAR_E4 - yes_e4
    fill_id = row.trade_id or row.fill_id
    if size_e6 <= 0 or not fill_id:
        raise MalformedMessage(VENUE, f"fill of {row.count_fp!r} with id {fill_id!r}")
    return Fill(
        venue=Venue.KALSHI,
        market_id=market_id,
        fill_id=fill_id,
        order_key=order_key,
        venue_order_id=row.order_id,
        outcome=outcome,
        side=side,
        price_e4=price_e4,
        size_e6=size_e6,
        notional_micros=notional_exact(price_e4, size_e6),
        fee_micros=parse_micros(row.fee_cost),
        ts_event_ms=parse_time_ms(row.created_time or "") or (row.ts or 0) * 1_000,
    )


def cash_of(balance: Balance) -> tuple[tuple[int, int], ...]:
    """(shard, micros), by shard; none where there is no breakdown: the sum is over all shards."""
    shards = balance.balance_breakdown or ()
    return tuple(sorted((shard.exchange_index, parse_micros(shard.balance)) for shard in shards))


def positions_of(rows: Sequence[PositionRow]) -> dict[str, int]:
    """Ticker to signed micro-contracts of YES, zeros left out; raises MalformedMessage."""
    signed = {row.ticker: parse_size(row.position_fp) for row in rows}
    return {ticker: size_e6 for ticker, size_e6 in signed.items() if size_e6}
