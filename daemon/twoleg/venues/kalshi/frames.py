"""Shapes of Kalshi's book and control frames, as msgspec reads them (AsyncAPI 2.0.0, 2026-10-26).

Only fields that are used stand here; what the other channels push has its shapes in `channels`.
"""

from typing import Annotated, Literal

import msgspec

from twoleg.venues.kalshi.channels import ChannelFrame, Number, Text

Counter = Annotated[int, msgspec.Meta(ge=1)]
"""Books arrive numbered, and numbers begin at 1: what is not numbered cannot be trusted."""


class Header(msgspec.Struct, frozen=True, gc=False):
    """What every frame has; for types that are not known."""

    type: str
    sid: int = 0
    seq: int = 0


class DeltaMsg(msgspec.Struct, gc=False):
    """A signed change of one level, at a YES price; the clock may not be there.

    `client_order_id` and `subaccount` are there if an order of ours caused it; `ts` is RFC 3339.
    """

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: Literal["yes", "no"]
    ts_ms: Number = 0
    clock: Number = 0
    client_order_id: Text = ""
    subaccount: Number = None
    ts: Text = ""


class DeltaFrame(msgspec.Struct, tag_field="type", tag="orderbook_delta", gc=False):
    """A change of one level."""

    sid: Counter
    seq: Counter
    msg: DeltaMsg
    sending_ts_ms: int = 0


class SnapshotMsg(msgspec.Struct):
    """A whole book; a side without levels is absent."""

    market_ticker: str
    yes_dollars_fp: list[tuple[str, str]] | None = None
    no_dollars_fp: list[tuple[str, str]] | None = None
    ts_ms: Number = 0
    clock: Number = 0


class SnapshotFrame(msgspec.Struct, tag_field="type", tag="orderbook_snapshot"):
    """A whole book."""

    sid: Counter
    seq: Counter
    msg: SnapshotMsg
    sending_ts_ms: int = 0


class SubscribedMsg(msgspec.Struct):
    """Which channel got which sid."""

    channel: str
    sid: int


class SubscribedFrame(msgspec.Struct, tag_field="type", tag="subscribed"):
    """One channel is subscribed."""

    msg: SubscribedMsg
    id: int = 0
    sending_ts_ms: int = 0


class OkFrame(msgspec.Struct, tag_field="type", tag="ok"):
    """A command was carried out."""

    id: int = 0
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class UnsubscribedFrame(msgspec.Struct, tag_field="type", tag="unsubscribed"):
    """A subscription ended."""

    id: int = 0
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


class ErrorMsg(msgspec.Struct):
    """Code and text, and the markets concerned where the venue names them."""

    code: int = 0
    msg: str = ""
    market_ticker: str | None = None
    market_tickers: list[str] | None = None


class ErrorFrame(msgspec.Struct, tag_field="type", tag="error"):
    """A command or a subscription failed."""

    msg: ErrorMsg
    id: int = 0
    sid: int = 0
    seq: int = 0
    sending_ts_ms: int = 0


ControlFrame = SubscribedFrame | OkFrame | UnsubscribedFrame | ErrorFrame
Frame = DeltaFrame | SnapshotFrame | ChannelFrame | ControlFrame
