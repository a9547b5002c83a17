"""Shapes of Kalshi's websocket frames, as msgspec reads them (AsyncAPI 2.0.0 of 2026-10-26).

Only fields that are used stand here; deprecated ones (`action`, `purchased_side`, `taker_side`)
may vanish any day and are not relied on.
"""

from typing import Literal

import msgspec

Number = int | None
"""An integer that the venue may leave out or send as null."""


class WireBand(msgspec.Struct, frozen=True):
    """One band of a price grid, in dollars."""

    start: str
    end: str
    step: str


class Header(msgspec.Struct, frozen=True, gc=False):
    """What every frame has; for types that are not known."""

    type: str
    sid: int = 0
    seq: int = 0


class DeltaMsg(msgspec.Struct, gc=False):
    """A signed change of one level, at a YES price."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: Literal["yes", "no"]
    ts_ms: Number = 0


class DeltaFrame(msgspec.Struct, tag_field="type", tag="orderbook_delta", gc=False):
    """A change of one level."""

    sid: int
    seq: int
    msg: DeltaMsg
    sending_ts_ms: int = 0


class SnapshotMsg(msgspec.Struct):
    """A whole book; a side without levels is absent."""

    market_ticker: str
    yes_dollars_fp: list[tuple[str, str]] | None = None
    no_dollars_fp: list[tuple[str, str]] | None = None
    ts_ms: Number = 0


class SnapshotFrame(msgspec.Struct, tag_field="type", tag="orderbook_snapshot"):
    """A whole book."""

    sid: int
    seq: int
    msg: SnapshotMsg
    sending_ts_ms: int = 0


class FillMsg(msgspec.Struct):
    """A fill of ours; `yes_price_dollars` is a YES price whichever side we took."""

    trade_id: str
    order_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    book_side: str = ""
    outcome_side: str = ""
    client_order_id: str = ""
    ts_ms: Number = 0


class FillFrame(msgspec.Struct, tag_field="type", tag="fill"):
    """A fill of ours; the channel has no sequence numbers."""

    msg: FillMsg
    sending_ts_ms: int = 0


class OrderMsg(msgspec.Struct):
    """An order of ours; read leniently, it is only a hint."""

    order_id: str = ""
    client_order_id: str = ""
    status: str = ""
    fill_count_fp: str = ""


class OrderFrame(msgspec.Struct, tag_field="type", tag="user_order"):
    """An order of ours changed."""

    msg: OrderMsg


class LifecycleMsg(msgspec.Struct):
    """A market's life; `price_ranges` only when the grid changed."""

    event_type: str = ""
    market_ticker: str = ""
    price_ranges: list[WireBand] | None = None


class LifecycleFrame(msgspec.Struct, tag_field="type", tag="market_lifecycle_v2"):
    """A market's life changed."""

    msg: LifecycleMsg


class SubscribedMsg(msgspec.Struct):
    """Which channel got which sid."""

    channel: str
    sid: int


class SubscribedFrame(msgspec.Struct, tag_field="type", tag="subscribed"):
    """One channel is subscribed."""

    msg: SubscribedMsg
    id: int = 0


class OkFrame(msgspec.Struct, tag_field="type", tag="ok"):
    """A command was carried out."""

    id: int = 0
    sid: int = 0
    seq: int = 0


class UnsubscribedFrame(msgspec.Struct, tag_field="type", tag="unsubscribed"):
    """A subscription ended."""

    id: int = 0
    sid: int = 0
    seq: int = 0


class ErrorMsg(msgspec.Struct):
    """Code and text."""

    code: int = 0
    msg: str = ""


class ErrorFrame(msgspec.Struct, tag_field="type", tag="error"):
    """A command or a subscription failed."""

    msg: ErrorMsg
    id: int = 0
    sid: int = 0
    seq: int = 0


Frame = (
    DeltaFrame
    | SnapshotFrame
    | FillFrame
    | OrderFrame
    | LifecycleFrame
    | SubscribedFrame
    | OkFrame
    | UnsubscribedFrame
    | ErrorFrame
)
