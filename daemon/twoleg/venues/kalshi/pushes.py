"""What Kalshi pushes beside the books, as typed values: orders, holdings, trades, market lives.

Pure. Units as everywhere: 1/10 000 dollar, micro-contracts, micro-dollars, Unix ms. `None` (or "",
0 for texts and times) is what the venue did not tell; texts of enumerations are the venue's own.
AsyncAPI 2.0.0 of 2026-10-26.
"""

from decimal import Decimal

import msgspec

from twoleg.core.events import Fill
from twoleg.core.market import MarketId, Outcome, PriceGrid, Side, Venue
from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.channels import (
    EventFeeFrame,
    EventFrame,
    FillFrame,
    LifecycleFrame,
    MetadataMsg,
    OrderMsg,
    PositionMsg,
    TickerMsg,
    TradeFrame,
)
from twoleg.venues.kalshi.money import grid_from, notional_exact
from twoleg.venues.kalshi.numbers import VENUE, parse_micros, parse_price, parse_size, parse_time_ms


class FillSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A fill of ours and what only the push tells; `position_e6` is the signed holding after it."""

    fill: Fill
    shard: int | None = None
    is_taker: bool | None = None
    position_e6: int | None = None
    subaccount: int | None = None


class OrderSeen(msgspec.Struct, frozen=True):
    """An order of ours changed, as the venue pushed it; a hint, never evidence of absence.

    `status` is resting, canceled, executed, unknown or a new word; `reason` why it changed last:
    Trade, Amend, Decrease, SelfTradeCancel, ExpiryCancel, CloseCancel, HaltCancel, ... Money in
    micro-dollars. `price_e4` is the limit as a YES price.
    """

    order_key: str
    venue_order_id: str
    status: str
    filled_e6: int
    remaining_e6: int | None = None
    initial_e6: int | None = None
    reason: str = ""
    market_id: MarketId = MarketId("")
    shard: int | None = None
    outcome_side: str = ""
    book_side: str = ""
    price_e4: int | None = None
    taker_cost_micros: int | None = None
    maker_cost_micros: int | None = None
    taker_fees_micros: int | None = None
    maker_fees_micros: int | None = None
    order_group_id: str = ""
    self_trade_prevention: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    expires_ms: int = 0
    subaccount: int | None = None
    user_id: str = ""


class PositionSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Our holding of one market changed: + YES, − NO."""

    market_id: MarketId
    position_e6: int
    cost_micros: int | None = None
    realized_micros: int | None = None
    fees_micros: int | None = None
    position_fees_micros: int | None = None
    volume_e6: int | None = None
    subaccount: int | None = None
    user_id: str = ""


class TradeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A public trade at a YES price; `taker_book_side` bid: the taker bought YES."""

    market_id: MarketId
    trade_id: str
    price_e4: int
    size_e6: int
    taker_outcome_side: str = ""
    taker_book_side: str = ""
    is_block: bool | None = None
    ts_event_ms: int = 0
    sid: int = 0
    seq: int = 0


class TickerSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Best prices and volumes of one market; a price of 0 or 1 dollar is no quote (None here)."""

    market_id: MarketId
    last_price_e4: int | None = None
    bid_e4: int | None = None
    ask_e4: int | None = None
    bid_size_e6: int | None = None
    ask_size_e6: int | None = None
    last_size_e6: int | None = None
    volume_e6: int | None = None
    open_interest_e6: int | None = None
    dollar_volume: int | None = None
    dollar_open_interest: int | None = None
    ts_event_ms: int = 0


class LifecycleSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A market's life or terms changed; `what` is created, activated, deactivated, determined, ...

    `is_followed` tells whether its book is one of ours; `grid` is set where the venue told bands.
    `metadata` is the whole description, `edited` what alone is new in it.
    """

    market_id: MarketId
    what: str
    is_followed: bool
    grid: PriceGrid | None = None
    open_ms: int = 0
    close_ms: int = 0
    determined_ms: int = 0
    settled_ms: int = 0
    result: str = ""
    settlement_e4: int | None = None
    is_deactivated: bool | None = None
    structure: str = ""
    shard: int | None = None
    metadata: MetadataMsg | None = None
    edited: MetadataMsg | None = None
    sid: int = 0
    seq: int = 0


class EventSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An event was made."""

    event: str
    series: str = ""
    title: str = ""
    subtitle: str = ""
    collateral_return: str = ""
    strike_ms: int = 0
    strike_period: str = ""
    shard: int | None = None
    sid: int = 0
    seq: int = 0


class EventFeesSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An event's fee overrides changed; None: the series' own holds again."""

    event: str
    fee_type: str | None = None
    multiplier: Decimal | None = None
    sid: int = 0
    seq: int = 0


Push = (
    OrderSeen
    | PositionSeen
    | TradeSeen
    | TickerSeen
    | FillSeen
    | LifecycleSeen
    | EventSeen
    | EventFeesSeen
)


def market_id_of(ticker: str) -> MarketId:
    """Our id of a market of this venue."""
    return MarketId(f"{VENUE}:{ticker}")


def outcome_of(book_side: str, outcome_side: str) -> Outcome:
    """Which outcome a fill of ours acquired: a bid buys YES, an ask buys NO (sells YES).

    Kalshi API docs, order direction, 2026-05-07: `action` × `side` must not be combined on fills.
    """
    if book_side == "bid" or (not book_side and outcome_side == "yes"):
        return Outcome.YES
    if book_side == "ask" or (not book_side and outcome_side == "no"):
        return Outcome.NO
    raise MalformedMessage(VENUE, f"fill on side {book_side[:20]!r}")


def fill_seen(frame: FillFrame) -> FillSeen:
    """A fill; raises MalformedMessage. What stands beside the money may be unreadable."""
    msg = frame.msg
    yes_e4, size_e6 = parse_price(msg.yes_price_dollars), parse_size(msg.count_fp)
    if size_e6 <= 0:
        raise MalformedMessage(VENUE, f"fill of {msg.count_fp!r}")
    outcome = outcome_of(msg.book_side or "", msg.outcome_side or "")
    price_e4 = yes_e4 if outcome is Outcome.YES else ONE_DOLLAR_E4 - yes_e4
    return FillSeen(
        fill=Fill(
            venue=Venue.KALSHI,
            market_id=market_id_of(msg.market_ticker),
            fill_id=msg.trade_id,
            order_key=msg.client_order_id or "",
            venue_order_id=msg.order_id,
            outcome=outcome,
            side=Side.BUY,
            price_e4=price_e4,
            size_e6=size_e6,
            notional_micros=notional_exact(price_e4, size_e6),
            fee_micros=parse_micros(msg.fee_cost),
            ts_event_ms=msg.ts_ms or _ms(msg.ts) or frame.sending_ts_ms,
        ),
        shard=msg.exchange_index,
        is_taker=msg.is_taker,
        position_e6=_known(msg.post_position_fp),
        subaccount=msg.subaccount,
    )


def order_seen(msg: OrderMsg) -> OrderSeen:
    """An order's state; raises MalformedMessage if what it filled cannot be read."""
    return OrderSeen(
        msg.client_order_id or "",
        msg.order_id,
        msg.status,
        parse_size(msg.fill_count_fp or "0"),
        remaining_e6=_known(msg.remaining_count_fp),
        initial_e6=_known(msg.initial_count_fp),
        reason=msg.last_update_reason or "",
        market_id=market_id_of(msg.ticker) if msg.ticker else MarketId(""),
        shard=msg.exchange_index,
        outcome_side=msg.outcome_side or "",
        book_side=msg.book_side or "",
        price_e4=_known_price(msg.yes_price_dollars),
        taker_cost_micros=_known(msg.taker_fill_cost_dollars),
        maker_cost_micros=_known(msg.maker_fill_cost_dollars),
        taker_fees_micros=_known(msg.taker_fees_dollars),
        maker_fees_micros=_known(msg.maker_fees_dollars),
        order_group_id=msg.order_group_id or "",
        self_trade_prevention=msg.self_trade_prevention_type or "",
        created_ms=msg.created_ts_ms or parse_time_ms(msg.created_time or ""),
        updated_ms=msg.last_updated_ts_ms or parse_time_ms(msg.last_update_time or ""),
        expires_ms=msg.expiration_ts_ms or parse_time_ms(msg.expiration_time or ""),
        subaccount=msg.subaccount_number,
        user_id=msg.user_id or "",
    )


def position_seen(msg: PositionMsg) -> PositionSeen:
    """A holding; raises MalformedMessage if its size cannot be read."""
    return PositionSeen(
        market_id=market_id_of(msg.market_ticker),
        position_e6=parse_size(msg.position_fp),
        cost_micros=_known(msg.position_cost_dollars),
        realized_micros=_known(msg.realized_pnl_dollars),
        fees_micros=_known(msg.fees_paid_dollars),
        position_fees_micros=_known(msg.position_fee_cost_dollars),
        volume_e6=_known(msg.volume_fp),
        subaccount=msg.subaccount,
        user_id=msg.user_id or "",
    )


def trade_seen(frame: TradeFrame) -> TradeSeen:
    """A public trade; raises MalformedMessage."""
    msg = frame.msg
    return TradeSeen(
        market_id=market_id_of(msg.market_ticker),
        trade_id=msg.trade_id,
        price_e4=parse_price(msg.yes_price_dollars),
        size_e6=parse_size(msg.count_fp),
        taker_outcome_side=msg.taker_outcome_side or "",
        taker_book_side=msg.taker_book_side or "",
        is_block=msg.is_block_trade,
        ts_event_ms=msg.ts_ms or _ms(msg.ts),
        sid=frame.sid,
        seq=frame.seq,
    )


def ticker_seen(msg: TickerMsg) -> TickerSeen:
    """A ticker; an unopened or empty side shows 0 or 1 dollar, which is no quote."""
    return TickerSeen(
        market_id=market_id_of(msg.market_ticker),
        last_price_e4=_quote(msg.price_dollars),
        bid_e4=_quote(msg.yes_bid_dollars),
        ask_e4=_quote(msg.yes_ask_dollars),
        bid_size_e6=_known(msg.yes_bid_size_fp),
        ask_size_e6=_known(msg.yes_ask_size_fp),
        last_size_e6=_known(msg.last_trade_size_fp),
        volume_e6=_known(msg.volume_fp),
        open_interest_e6=_known(msg.open_interest_fp),
        dollar_volume=msg.dollar_volume,
        dollar_open_interest=msg.dollar_open_interest,
        ts_event_ms=msg.ts_ms or parse_time_ms(msg.time or "") or _ms(msg.ts),
    )


def lifecycle_seen(frame: LifecycleFrame, *, is_followed: bool) -> LifecycleSeen:
    """A change of a market's life; raises MalformedMessage if its price bands cannot be read."""
    msg = frame.msg
    return LifecycleSeen(
        market_id=market_id_of(msg.market_ticker),
        what=msg.event_type,
        is_followed=is_followed,
        grid=grid_from(msg.price_ranges) if msg.price_ranges else None,
        open_ms=_ms(msg.open_ts),
        close_ms=_ms(msg.close_ts),
        determined_ms=_ms(msg.determination_ts),
        settled_ms=_ms(msg.settled_ts),
        result=msg.result or "",
        settlement_e4=_known_price(msg.settlement_value),
        is_deactivated=msg.is_deactivated,
        structure=msg.price_level_structure or "",
        shard=msg.exchange_index,
        metadata=msg.additional_metadata,
        edited=msg.edited(),
        sid=frame.sid,
        seq=frame.seq,
    )


def event_seen(frame: EventFrame) -> EventSeen:
    """A new event."""
    msg = frame.msg
    return EventSeen(
        event=msg.event_ticker,
        series=msg.series_ticker or "",
        title=msg.title or "",
        subtitle=msg.subtitle or "",
        collateral_return=msg.collateral_return_type or "",
        strike_ms=_ms(msg.strike_date),
        strike_period=msg.strike_period or "",
        shard=msg.exchange_index,
        sid=frame.sid,
        seq=frame.seq,
    )


def event_fees_seen(frame: EventFeeFrame) -> EventFeesSeen:
    """New fee overrides of an event."""
    msg = frame.msg
    return EventFeesSeen(
        event=msg.event_ticker,
        fee_type=msg.fee_type_override or None,
        multiplier=msg.fee_multiplier_override,
        sid=frame.sid,
        seq=frame.seq,
    )


def _ms(seconds: int | None) -> int:
    return (seconds or 0) * 1_000


def _known(text: str | None) -> int | None:
    """A decimal in millionths; None if untold or unreadable: nobody's money hangs on it."""
    if not text:
        return None
    try:
        return parse_micros(text)
    except MalformedMessage:
        return None


def _known_price(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return parse_price(text)
    except MalformedMessage:
        return None


def _quote(text: str | None) -> int | None:
    price_e4 = _known_price(text)
    return price_e4 if price_e4 is not None and 0 < price_e4 < ONE_DOLLAR_E4 else None
