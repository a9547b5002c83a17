"""Kalshi websocket frames to core events. Pure: bytes and a receive time in, one value out.

AsyncAPI 2.0.0 of 2026-10-26. Books are subscribed with `use_yes_price: true`, so NO levels arrive
at YES prices: they are the asks of the one book. Unknown fields are ignored, unknown types are
reported as such, and everything that cannot be read is a `MalformedMessage`.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from twoleg.core.events import ASK, BID, BookSnapshot, Level, LevelDelta, SequenceSeen
from twoleg.core.market import MarketId, Venue
from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.channels import (
    EventFeeFrame,
    EventFrame,
    FillFrame,
    LifecycleFrame,
    OrderFrame,
    PositionFrame,
    TickerFrame,
    TradeFrame,
)
from twoleg.venues.kalshi.frames import (
    ControlFrame,
    DeltaFrame,
    DeltaMsg,
    ErrorFrame,
    Frame,
    Header,
    OkFrame,
    SnapshotFrame,
    SnapshotMsg,
    SubscribedFrame,
    UnsubscribedFrame,
)
from twoleg.venues.kalshi.numbers import VENUE, parse_price, parse_size, parse_time_ms
from twoleg.venues.kalshi.pushes import (
    Push,
    event_fees_seen,
    event_seen,
    fill_seen,
    lifecycle_seen,
    order_seen,
    position_seen,
    ticker_seen,
    trade_seen,
)

HINTS: Final = frozenset(
    {"user_order", "market_position", "trade", "ticker", "event_lifecycle", "event_fee_update"}
)
"""Types that nothing hangs on: one that cannot be read is counted, and the stream goes on."""
KNOWN_TYPES: Final = frozenset(
    {
        "orderbook_snapshot",
        "orderbook_delta",
        "fill",
        "market_lifecycle_v2",
        "subscribed",
        "ok",
        "unsubscribed",
        "error",
        *HINTS,
    }
)


class Acknowledged(msgspec.Struct, frozen=True):
    """A channel is subscribed under `sid`, in answer to command `command_id`."""

    command_id: int
    channel: str
    sid: int


class Refused(msgspec.Struct, frozen=True):
    """An error frame; consumes a sequence number if `sid` and `seq` are not 0."""

    command_id: int
    code: int
    text: str
    sid: int
    seq: int
    tickers: tuple[str, ...] = ()


class Ignored(msgspec.Struct, frozen=True):
    """A frame that says nothing to us: an unknown type, or a market that we do not follow."""

    kind: str
    is_unknown: bool = False


Decoded = BookSnapshot | LevelDelta | SequenceSeen | Push | Acknowledged | Refused | Ignored


class KalshiDecoder:
    """Decodes the frames of one socket; `markets` maps tickers to the ids that we follow."""

    def __init__(
        self, markets: Mapping[str, MarketId], *, frame_bytes_max: int = 4 * 1024 * 1024
    ) -> None:
        self._markets = dict(markets)
        self._frame_bytes_max = frame_bytes_max
        self._decoder = msgspec.json.Decoder(Frame)
        self._header = msgspec.json.Decoder(Header)
        # The last frame that was read and when it came: what `lag_ms` is told from.
        self._last: Frame | None = None
        self._last_recv_ns = 0

    @property
    def lag_ms(self) -> int:
        """How long the last frame was under way by both clocks; 0 if it did not say."""
        sent_ms = self.sent_ms
        return self._last_recv_ns // 1_000_000 - sent_ms if sent_ms > 0 else 0

    @property
    def sent_ms(self) -> int:
        """When the venue sent the last frame, by its clock; 0 if it did not say."""
        return self._last.sending_ts_ms if self._last is not None else 0

    def follow(self, markets: Mapping[str, MarketId]) -> None:
        """Know other markets from now on; frames of the rest only consume their numbers."""
        self._markets = dict(markets)

    def decode(self, raw: bytes, ts_recv_ns: int) -> Decoded:
        """Read one frame.

        Raises:
            MalformedMessage: `market` names the ticker concerned, "" if it may be any.
        """
        if len(raw) > self._frame_bytes_max:
            raise MalformedMessage(VENUE, f"oversized: {len(raw)} bytes", raw)
        try:
            frame = self._decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return self._unreadable(raw, str(error))
        self._last, self._last_recv_ns = frame, ts_recv_ns
        try:
            return self._convert(frame, ts_recv_ns)
        except MalformedMessage as error:
            raise MalformedMessage(VENUE, error.reason, raw, self._ticker(raw)) from error

    def _convert(self, frame: Frame, ts_recv_ns: int) -> Decoded:
        # Most frequent first: this is the hot path.
        if isinstance(frame, DeltaFrame):
            return self._delta(frame, frame.msg, ts_recv_ns)
        if isinstance(frame, SnapshotFrame):
            return self._snapshot(frame, frame.msg, ts_recv_ns)
        if isinstance(frame, FillFrame):
            return fill_seen(frame)
        if isinstance(frame, LifecycleFrame):
            is_followed = frame.msg.market_ticker in self._markets
            return lifecycle_seen(frame, is_followed=is_followed)
        if isinstance(frame, ControlFrame):
            return _control(frame)
        return _hint(frame)

    def _delta(self, frame: DeltaFrame, msg: DeltaMsg, ts_recv_ns: int) -> Decoded:
        market_id = self._markets.get(msg.market_ticker)
        price_e4 = parse_price(msg.price_dollars)
        delta_e6 = parse_size(msg.delta_fp)
        if market_id is None or not 0 < price_e4 < ONE_DOLLAR_E4:
            # 0 and 1 are no quotes, but the frame has consumed its number.
            return SequenceSeen(Venue.KALSHI, frame.sid, frame.seq)
        return LevelDelta(
            market_id,
            BID if msg.side == "yes" else ASK,
            price_e4,
            delta_e6,
            msg.ts_ms or parse_time_ms(msg.ts or "") or frame.sending_ts_ms,
            ts_recv_ns,
            frame.sid,
            frame.seq,
            msg.clock or 0,
            msg.client_order_id or "",
            msg.subaccount,
        )

    def _snapshot(self, frame: SnapshotFrame, msg: SnapshotMsg, ts_recv_ns: int) -> Decoded:
        market_id = self._markets.get(msg.market_ticker)
        if market_id is None:
            return SequenceSeen(Venue.KALSHI, frame.sid, frame.seq)
        return BookSnapshot(
            market_id,
            levels_of(msg.yes_dollars_fp),
            levels_of(msg.no_dollars_fp),
            msg.ts_ms or frame.sending_ts_ms,
            ts_recv_ns,
            frame.sid,
            frame.seq,
            clock=msg.clock or 0,
        )

    def _unreadable(self, raw: bytes, reason: str) -> Decoded:
        if not raw.strip():
            return Ignored("blank")
        try:
            header = self._header.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise MalformedMessage(VENUE, f"not a frame: {reason}", raw) from None
        if header.type in KNOWN_TYPES - HINTS:
            raise MalformedMessage(VENUE, f"{header.type}: {reason}", raw, self._ticker(raw))
        if header.sid and header.seq:
            return SequenceSeen(Venue.KALSHI, header.sid, header.seq)
        return Ignored(header.type[:40], is_unknown=True)

    def _ticker(self, raw: bytes) -> str:
        """The followed ticker that a bad frame names, "" if there is none or more than one."""
        text = raw[: self._frame_bytes_max]
        named = [ticker for ticker in self._markets if f'"{ticker}"'.encode() in text]
        return named[0] if len(named) == 1 else ""


def levels_of(rows: list[tuple[str, str]] | None) -> tuple[Level, ...]:
    """Levels that are quotes, in the order and the prices that were told; MalformedMessage."""
    levels: list[Level] = []
    for price_text, size_text in rows or ():
        price_e4, size_e6 = parse_price(price_text), parse_size(size_text)
        if size_e6 < 0:
            raise MalformedMessage(VENUE, f"level of size {size_text[:40]!r}")
        # An unopened market shows 0.0000, 1.0000 and size 0: no quote, not a free YES.
        if 0 < price_e4 < ONE_DOLLAR_E4 and size_e6:
            levels.append((price_e4, size_e6))
    return tuple(levels)


def _control(frame: ControlFrame) -> Decoded:
    match frame:
        case SubscribedFrame(msg=msg):
            return Acknowledged(frame.id, msg.channel, msg.sid)
        case ErrorFrame(msg=msg):
            tickers = (msg.market_ticker, *(msg.market_tickers or ()))
            named = tuple(ticker for ticker in tickers if ticker)
            return Refused(frame.id, msg.code, msg.msg, frame.sid, frame.seq, named)
        case OkFrame() | UnsubscribedFrame():
            # Control frames of a numbered subscription consume a number too (AsyncAPI 2.0.0).
            if frame.sid and frame.seq:
                return SequenceSeen(Venue.KALSHI, frame.sid, frame.seq)
            return Ignored("control")


HintFrame = OrderFrame | PositionFrame | TradeFrame | TickerFrame | EventFrame | EventFeeFrame


def _hint(frame: HintFrame) -> Decoded:
    try:
        return _hinted(frame)
    except MalformedMessage as error:
        if isinstance(frame, TradeFrame) and frame.sid and frame.seq:
            return SequenceSeen(Venue.KALSHI, frame.sid, frame.seq)
        return Ignored(f"{type(frame).__name__}: {error.reason}"[:80], is_unknown=True)


def _hinted(frame: HintFrame) -> Push:
    match frame:
        case OrderFrame(msg=order):
            return order_seen(order)
        case PositionFrame(msg=position):
            return position_seen(position)
        case TradeFrame():
            return trade_seen(frame)
        case TickerFrame(msg=ticker):
            return ticker_seen(ticker)
        case EventFrame():
            return event_seen(frame)
        case EventFeeFrame():
            return event_fees_seen(frame)
