"""Kalshi REST bodies: built from order specs, read into core values. Pure.

OpenAPI 3.34.0 (2026-10-26). Unknown fields are ignored, deprecated ones not read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from twoleg.core.events import Fill
from twoleg.core.market import Market, Outcome, Side, TimeInForce, Venue
from twoleg.core.orders import OrderSpec
from twoleg.core.units import LOT_E6, ONE_DOLLAR_E4
from twoleg.errors import InvariantBroken, MalformedMessage
from twoleg.venues.kalshi.money import notional_exact
from twoleg.venues.kalshi.numbers import (
    VENUE,
    format_count,
    format_price,
    parse_micros,
    parse_price,
    parse_size,
)
from twoleg.venues.kalshi.wire import outcome_of

T = TypeVar("T")
TIF_WORDS: Final = {TimeInForce.FOK: "fill_or_kill", TimeInForce.IOC: "immediate_or_cancel"}


class CreateOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of `POST /portfolio/events/orders`; counts and prices are JSON strings.

    `taker_at_cross` stops and cancels what we send when it would meet an order of our own.
    """

    ticker: str
    client_order_id: str
    side: str
    count: str
    price: str
    time_in_force: str
    self_trade_prevention_type: str
    exchange_index: int
    reduce_only: bool = False
    subaccount: int = 0


class CreateAnswer(msgspec.Struct, frozen=True):
    """201 of a create; every field may be missing, the caller decides what that means."""

    order_id: str = ""
    client_order_id: str = ""
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


def is_bid(spec: OrderSpec) -> bool:
    """Whether an order is a bid on the one book, which is quoted in YES."""
    return (spec.outcome is Outcome.YES) == (spec.side is Side.BUY)


def yes_price(spec: OrderSpec) -> int:
    """The order's limit as a YES price."""
    return spec.limit_e4 if spec.outcome is Outcome.YES else ONE_DOLLAR_E4 - spec.limit_e4


def build_order(spec: OrderSpec, *, client_order_id: str, subaccount: int = 0) -> bytes:
    """The exact body of an order.

    Raises:
        InvariantBroken: off-grid price, size not in lots, reduce_only without IOC.
    """
    price_e4 = yes_price(spec)
    if spec.market.venue is not Venue.KALSHI:
        raise InvariantBroken(f"{spec.market.id} is not a Kalshi market")
    if not (0 < price_e4 < ONE_DOLLAR_E4 and spec.market.grid.holds(price_e4)):
        raise InvariantBroken(f"{spec.market.id}: YES price {price_e4} is off the grid")
    lot_e6 = max(spec.market.lot_e6, LOT_E6)
    if spec.size_e6 <= 0 or spec.size_e6 % lot_e6:
        raise InvariantBroken(f"{spec.market.id}: size {spec.size_e6} is not in lots")
    if spec.reduce_only and spec.tif is not TimeInForce.IOC:
        raise InvariantBroken(f"{spec.market.id}: reduce_only needs immediate-or-cancel")
    return msgspec.json.encode(
        CreateOrder(
            ticker=spec.market.native_id,
            client_order_id=client_order_id,
            side="bid" if is_bid(spec) else "ask",
            count=format_count(spec.size_e6),
            price=format_price(price_e4),
            time_in_force=TIF_WORDS[spec.tif],
            self_trade_prevention_type="taker_at_cross",
            # Without it the venue routes by ticker, and bills the buckets of several shards.
            exchange_index=spec.market.shard,
            reduce_only=spec.reduce_only,
            subaccount=subaccount,
        )
    )


def fence_spec(spec: OrderSpec) -> OrderSpec:
    """The harmless twin of an order: 0.01 contract at the grid's worst price for trading.

    A bid at the lowest price and an ask at the highest meet nobody but a giver of gifts.
    """
    grid = spec.market.grid
    price_e4 = grid.worst_sell_e4 if is_bid(spec) else grid.worst_buy_e4
    limit_e4 = price_e4 if spec.outcome is Outcome.YES else ONE_DOLLAR_E4 - price_e4
    return msgspec.structs.replace(
        spec, size_e6=LOT_E6, limit_e4=limit_e4, tif=TimeInForce.IOC, reduce_only=False
    )


def decode(body: bytes, shape: type[T]) -> T:
    """Read a JSON body; raises MalformedMessage."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(VENUE, f"answer: {error}", body) from error


def fill_of(row: FillRow, spec: OrderSpec, order_key: str) -> Fill:
    """A fill in the words of the order it belongs to; raises MalformedMessage.

    The venue says bid or ask. If that is the side we sent, the fill is of the outcome and side
    of the spec; if it is not, the venue's word counts and the fill says what it acquired.
    """
    acquired = outcome_of(row.book_side, row.outcome_side)
    outcome, side = acquired, Side.BUY
    if (acquired is Outcome.YES) == is_bid(spec):
        outcome, side = spec.outcome, spec.side
    yes_e4, size_e6 = parse_price(row.yes_price_dollars), parse_size(row.count_fp)
    price_e4 = yes_e4 if outcome is Outcome.YES else ONE_DOLLAR_E4 - yes_e4
    fill_id = row.trade_id or row.fill_id
    if size_e6 <= 0 or not fill_id:
        raise MalformedMessage(VENUE, f"fill of {row.count_fp!r} with id {fill_id!r}")
    return Fill(
        venue=Venue.KALSHI,
        market_id=spec.market.id,
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
    """(shard, micros), by shard; a balance without breakdown is shard 0's."""
    shards = balance.balance_breakdown
    if not shards:
        return ((0, parse_micros(balance.balance_dollars)),)
    return tuple(sorted((shard.exchange_index, parse_micros(shard.balance)) for shard in shards))


def positions_of(rows: Sequence[PositionRow], markets: Sequence[Market]) -> dict[str, int]:
    """Ticker to signed micro-contracts of YES, for these markets, zeros left out."""
    wanted = {market.native_id for market in markets}
    signed = {row.ticker: parse_size(row.position_fp) for row in rows if row.ticker in wanted}
    return {ticker: size_e6 for ticker, size_e6 in signed.items() if size_e6}


def parse_time_ms(text: str) -> int:
    """RFC 3339 to Unix milliseconds; 0 for an empty or unreadable one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        return 0
    # Integers: a float of seconds would lose the last milliseconds' digits.
    whole_s = int(moment.replace(microsecond=0).timestamp())
    return whole_s * 1_000 + moment.microsecond // 1_000
