"""Kalshi websocket frames to core events. Pure: bytes and a receive time in, one value out.

AsyncAPI 2.0.0 of 2026-10-26. Books are subscribed with `use_yes_price: true`, so NO levels arrive
at YES prices: they are the asks of the one book. Unknown fields are ignored, unknown types are
reported as such, and everything that cannot be read is a `MalformedMessage`.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from twoleg.core.events import (
    ASK,
    BID,
    BookSnapshot,
    Fill,
    GridChanged,
    Level,
    LevelDelta,
    SequenceSeen,
)
from twoleg.core.market import MarketId, Outcome, Side, Venue
from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.frames import (
    DeltaFrame,
    DeltaMsg,
    ErrorFrame,
    FillFrame,
    Frame,
    Header,
    LifecycleFrame,
    OkFrame,
    OrderFrame,
    OrderMsg,
    SnapshotFrame,
    SnapshotMsg,
    SubscribedFrame,
    UnsubscribedFrame,
)
from twoleg.venues.kalshi.money import grid_from, notional_exact
from twoleg.venues.kalshi.numbers import VENUE, parse_micros, parse_price, parse_size

KNOWN_TYPES: Final = frozenset(
    {
        "orderbook_snapshot",
        "orderbook_delta",
        "fill",
        "user_order",
        "market_lifecycle_v2",
        "subscribed",
        "ok",
        "unsubscribed",
        "error",
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


class TermsTouched(msgspec.Struct, frozen=True):
    """A market's terms or life changed: read it again. `what` is the venue's event type."""

    market_id: MarketId
    what: str


class OrderSeen(msgspec.Struct, frozen=True):
    """An order of ours changed, as the venue pushed it; a hint, never evidence of absence."""

    order_key: str
    venue_order_id: str
    status: str
    filled_e6: int


class Ignored(msgspec.Struct, frozen=True):
    """A frame that says nothing to us: an unknown type, or a market that we do not follow."""

    kind: str
    is_unknown: bool = False


Decoded = (
    BookSnapshot
    | LevelDelta
    | SequenceSeen
    | GridChanged
    | Fill
    | OrderSeen
    | Acknowledged
    | Refused
    | TermsTouched
    | Ignored
)


class KalshiDecoder:
    """Decodes the frames of one socket; `markets` maps tickers to the ids that we follow."""

    def __init__(
        self, markets: Mapping[str, MarketId], *, frame_bytes_max: int = 4 * 1024 * 1024
    ) -> None:
        self._markets = dict(markets)
        self._frame_bytes_max = frame_bytes_max
        self._decoder = msgspec.json.Decoder(Frame)
        self._header = msgspec.json.Decoder(Header)

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
            return self._fill(frame)
        if isinstance(frame, LifecycleFrame):
            return self._lifecycle(frame)
        return _control(frame)

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
            msg.ts_ms or frame.sending_ts_ms,
            ts_recv_ns,
            frame.sid,
            frame.seq,
        )

    def _snapshot(self, frame: SnapshotFrame, msg: SnapshotMsg, ts_recv_ns: int) -> Decoded:
        market_id = self._markets.get(msg.market_ticker)
        if market_id is None:
            return SequenceSeen(Venue.KALSHI, frame.sid, frame.seq)
        return BookSnapshot(
            market_id,
            _levels(msg.yes_dollars_fp),
            _levels(msg.no_dollars_fp),
            msg.ts_ms or frame.sending_ts_ms,
            ts_recv_ns,
            frame.sid,
            frame.seq,
        )

    def _fill(self, frame: FillFrame) -> Decoded:
        msg = frame.msg
        market_id = self._markets.get(msg.market_ticker)
        if market_id is None:
            market_id = MarketId(f"{VENUE}:{msg.market_ticker}")
        yes_e4, size_e6 = parse_price(msg.yes_price_dollars), parse_size(msg.count_fp)
        if size_e6 <= 0:
            raise MalformedMessage(VENUE, f"fill of {msg.count_fp!r}")
        outcome = outcome_of(msg.book_side, msg.outcome_side)
        price_e4 = yes_e4 if outcome is Outcome.YES else ONE_DOLLAR_E4 - yes_e4
        return Fill(
            venue=Venue.KALSHI,
            market_id=market_id,
            fill_id=msg.trade_id,
            order_key=msg.client_order_id,
            venue_order_id=msg.order_id,
            outcome=outcome,
            side=Side.BUY,
            price_e4=price_e4,
            size_e6=size_e6,
            notional_micros=notional_exact(price_e4, size_e6),
            fee_micros=parse_micros(msg.fee_cost),
            ts_event_ms=msg.ts_ms or frame.sending_ts_ms,
        )

    def _lifecycle(self, frame: LifecycleFrame) -> Decoded:
        msg = frame.msg
        market_id = self._markets.get(msg.market_ticker)
        if market_id is None:
            return Ignored("market_lifecycle_v2")
        if msg.price_ranges and msg.event_type == "price_level_structure_updated":
            return GridChanged(market_id, grid_from(msg.price_ranges))
        return TermsTouched(market_id, msg.event_type)

    def _unreadable(self, raw: bytes, reason: str) -> Decoded:
        if not raw.strip():
            return Ignored("blank")
        try:
            header = self._header.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise MalformedMessage(VENUE, f"not a frame: {reason}", raw) from None
        if header.type == "user_order":
            # Only a hint, so one that cannot be read is no loss.
            return Ignored(header.type, is_unknown=True)
        if header.type in KNOWN_TYPES:
            raise MalformedMessage(VENUE, f"{header.type}: {reason}", raw, self._ticker(raw))
        if header.sid and header.seq:
            return SequenceSeen(Venue.KALSHI, header.sid, header.seq)
        return Ignored(header.type[:40], is_unknown=True)

    def _ticker(self, raw: bytes) -> str:
        """The followed ticker that a bad frame names, "" if there is none or more than one."""
        text = raw[: self._frame_bytes_max]
        named = [ticker for ticker in self._markets if f'"{ticker}"'.encode() in text]
        return named[0] if len(named) == 1 else ""


def outcome_of(book_side: str, outcome_side: str) -> Outcome:
    """Which outcome a fill of ours acquired: a bid buys YES, an ask buys NO (sells YES).

    Kalshi API docs, order direction, 2026-05-07: `action` × `side` must not be combined on fills.
    """
    if book_side == "bid" or (not book_side and outcome_side == "yes"):
        return Outcome.YES
    if book_side == "ask" or (not book_side and outcome_side == "no"):
        return Outcome.NO
    raise MalformedMessage(VENUE, f"fill on side {book_side[:20]!r}")


def _levels(rows: list[tuple[str, str]] | None) -> tuple[Level, ...]:
    levels: list[Level] = []
    for price_text, size_text in rows or ():
        price_e4, size_e6 = parse_price(price_text), parse_size(size_text)
        if size_e6 < 0:
            raise MalformedMessage(VENUE, f"level of size {size_text[:40]!r}")
        # An unopened market shows 0.0000, 1.0000 and size 0: no quote, not a free YES.
        if 0 < price_e4 < ONE_DOLLAR_E4 and size_e6:
            levels.append((price_e4, size_e6))
    return tuple(levels)


def _control(
    frame: OrderFrame | SubscribedFrame | OkFrame | UnsubscribedFrame | ErrorFrame,
) -> Decoded:
    match frame:
        case OrderFrame(msg=order):
            return _order_seen(order)
        case SubscribedFrame(msg=msg):
            return Acknowledged(frame.id, msg.channel, msg.sid)
        case ErrorFrame(msg=msg):
            return Refused(frame.id, msg.code, msg.msg, frame.sid, frame.seq)
        case OkFrame() | UnsubscribedFrame():
            # Control frames of a numbered subscription consume a number too (AsyncAPI 2.0.0).
            if frame.sid and frame.seq:
                return SequenceSeen(Venue.KALSHI, frame.sid, frame.seq)
            return Ignored("control")


def _order_seen(order: OrderMsg) -> Decoded:
    try:
        filled_e6 = parse_size(order.fill_count_fp or "0")
    except MalformedMessage:
        return Ignored("user_order", is_unknown=True)
    return OrderSeen(order.client_order_id, order.order_id, order.status, filled_e6)
