"""Shapes of what Kalshi pushes beside the books (AsyncAPI 2.0.0 of 2026-10-26).

All documented fields stand here but the deprecated ones, which may vanish any day: of those only
times are read, where their successor is absent. Enumerations are plain strings, so that a new
value is no error.
"""

from decimal import Decimal

import msgspec

Number = int | None
"""An integer that the venue may leave out or send as null."""
Text = str | None
"""A string that the venue may leave out or send as null."""


class WireBand(msgspec.Struct, frozen=True):
    """One band of a price grid, in dollars."""

    start: str
    end: str
    step: str


class FillMsg(msgspec.Struct):
    """A fill of ours; `yes_price_dollars` is a YES price whichever side we took."""

    trade_id: str
    order_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    book_side: Text = ""
    outcome_side: Text = ""
    client_order_id: Text = ""
    ts_ms: Number = 0
    ts: Number = 0
    exchange_index: Number = None
    is_taker: bool | None = None
    post_position_fp: Text = None
    subaccount: Number = None


class FillFrame(msgspec.Struct, tag_field="type", tag="fill"):
    """A fill of ours; the channel has no sequence numbers."""

    msg: FillMsg
    sending_ts_ms: int = 0


class OrderMsg(msgspec.Struct):
    """An order of ours; the market stands under `ticker` here."""

    order_id: str = ""
    client_order_id: Text = ""
    status: str = ""
    ticker: str = ""
    user_id: Text = ""
    exchange_index: Number = None
    outcome_side: Text = ""
    book_side: Text = ""
    yes_price_dollars: Text = ""
    fill_count_fp: Text = ""
    remaining_count_fp: Text = ""
    initial_count_fp: Text = ""
    taker_fill_cost_dollars: Text = ""
    maker_fill_cost_dollars: Text = ""
    taker_fees_dollars: Text = ""
    maker_fees_dollars: Text = ""
    order_group_id: Text = ""
    self_trade_prevention_type: Text = ""
    created_ts_ms: Number = 0
    last_updated_ts_ms: Number = 0
    expiration_ts_ms: Number = 0
    created_time: Text = ""
    last_update_time: Text = ""
    expiration_time: Text = ""
    last_update_reason: Text = ""
    subaccount_number: Number = None


class OrderFrame(msgspec.Struct, tag_field="type", tag="user_order"):
    """An order of ours changed; no sequence numbers."""

    msg: OrderMsg
    sending_ts_ms: int = 0


class PositionMsg(msgspec.Struct):
    """Our holding of one market; + YES, − NO."""

    market_ticker: str
    position_fp: str
    user_id: Text = ""
    position_cost_dollars: Text = ""
    realized_pnl_dollars: Text = ""
    fees_paid_dollars: Text = ""
    position_fee_cost_dollars: Text = ""
    volume_fp: Text = ""
    subaccount: Number = None


class PositionFrame(msgspec.Struct, tag_field="type", tag="market_position"):
    """A holding of ours changed; no sequence numbers."""

    msg: PositionMsg
    sending_ts_ms: int = 0


class TradeMsg(msgspec.Struct):
    """A public trade."""

    trade_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    no_price_dollars: Text = ""
    taker_outcome_side: Text = ""
    taker_book_side: Text = ""
    is_block_trade: bool | None = None
    ts_ms: Number = 0
    ts: Number = 0


class TradeFrame(msgspec.Struct, tag_field="type", tag="trade"):
    """A public trade."""

    msg: TradeMsg
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class TickerMsg(msgspec.Struct):
    """Best prices and volumes of one market."""

    market_ticker: str
    market_id: Text = ""
    price_dollars: Text = ""
    yes_bid_dollars: Text = ""
    yes_ask_dollars: Text = ""
    yes_bid_size_fp: Text = ""
    yes_ask_size_fp: Text = ""
    last_trade_size_fp: Text = ""
    volume_fp: Text = ""
    open_interest_fp: Text = ""
    dollar_volume: Number = None
    dollar_open_interest: Number = None
    ts_ms: Number = 0
    ts: Number = 0
    time: Text = ""


class TickerFrame(msgspec.Struct, tag_field="type", tag="ticker"):
    """Best prices and volumes; no sequence numbers."""

    msg: TickerMsg
    sending_ts_ms: int = 0


class MetadataMsg(msgspec.Struct, frozen=True):
    """What a new or edited market is about; strikes are numbers or objects, kept as they come."""

    name: Text = ""
    title: Text = ""
    yes_sub_title: Text = ""
    no_sub_title: Text = ""
    rules_primary: Text = ""
    rules_secondary: Text = ""
    can_close_early: bool | None = None
    event_ticker: Text = ""
    expected_expiration_ts: Number = 0
    strike_type: Text = ""
    floor_strike: Decimal | None = None
    cap_strike: Decimal | None = None
    functional_strike: Text = ""
    custom_strike: object = None


class LifecycleMsg(msgspec.Struct):
    """A market's life; times in Unix seconds, `price_ranges` only when the grid changed.

    `metadata_updated` names what changed beside the event type, not in `additional_metadata`
    (examples of AsyncAPI 2.0.0, 2026-10-26).
    """

    event_type: str = ""
    market_ticker: str = ""
    open_ts: Number = 0
    close_ts: Number = 0
    determination_ts: Number = 0
    settled_ts: Number = 0
    result: Text = ""
    settlement_value: Text = ""
    is_deactivated: bool | None = None
    price_level_structure: Text = ""
    price_ranges: list[WireBand] | None = None
    exchange_index: Number = None
    additional_metadata: MetadataMsg | None = None
    name: Text = ""
    title: Text = ""
    yes_sub_title: Text = ""
    no_sub_title: Text = ""
    rules_primary: Text = ""
    rules_secondary: Text = ""
    strike_type: Text = ""
    floor_strike: Decimal | None = None
    cap_strike: Decimal | None = None
    functional_strike: Text = ""
    custom_strike: object = None

    def edited(self) -> MetadataMsg | None:
        """What `metadata_updated` named, None if nothing."""
        edited = MetadataMsg(
            name=self.name,
            title=self.title,
            yes_sub_title=self.yes_sub_title,
            no_sub_title=self.no_sub_title,
            rules_primary=self.rules_primary,
            rules_secondary=self.rules_secondary,
            strike_type=self.strike_type,
            floor_strike=self.floor_strike,
            cap_strike=self.cap_strike,
            functional_strike=self.functional_strike,
            custom_strike=self.custom_strike,
        )
        return None if edited == MetadataMsg() else edited


class LifecycleFrame(msgspec.Struct, tag_field="type", tag="market_lifecycle_v2"):
    """A market's life changed."""

    msg: LifecycleMsg
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class EventMsg(msgspec.Struct):
    """An event was made."""

    event_ticker: str
    series_ticker: Text = ""
    title: Text = ""
    subtitle: Text = ""
    collateral_return_type: Text = ""
    strike_date: Number = 0
    strike_period: Text = ""
    exchange_index: Number = None


class EventFrame(msgspec.Struct, tag_field="type", tag="event_lifecycle"):
    """An event was made; comes over the markets' lifecycle channel."""

    msg: EventMsg
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class EventFeeMsg(msgspec.Struct):
    """New fee overrides of an event; null takes one away."""

    event_ticker: str
    fee_type_override: Text = None
    fee_multiplier_override: Decimal | None = None


class EventFeeFrame(msgspec.Struct, tag_field="type", tag="event_fee_update"):
    """An event's fees changed; comes over the markets' lifecycle channel."""

    msg: EventFeeMsg
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


ChannelFrame = (
    FillFrame
    | OrderFrame
    | PositionFrame
    | TradeFrame
    | TickerFrame
    | LifecycleFrame
    | EventFrame
    | EventFeeFrame
)
