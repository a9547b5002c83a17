"""Frames of the market channel to core events. Pure but for caches and counters.

A market has two tokens whose books mirror each other (NO at q is YES at 1−q). The book is built
from the YES token's entries alone; the NO token's entries only prove that a frame is complete.
"""

from typing import Final

import msgspec

from twoleg.core.events import (
    ASK,
    BID,
    BookSnapshot,
    BooksVoid,
    Event,
    GridChanged,
    LastTrade,
    Level,
    LevelsSet,
    MarketChanged,
)
from twoleg.core.market import Market, MarketId, PriceGrid
from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import MalformedMessage
from twoleg.venues.polymarket.frames import (
    BOOK_EVENTS,
    KNOWN_EVENTS,
    Announcement,
    BookFrame,
    ChangeEntry,
    Frame,
    LastTradeFrame,
    News,
    PriceChangeFrame,
    ResolvedFrame,
    TickSizeFrame,
    WireLevel,
)
from twoleg.venues.polymarket.numbers import FixedCache

VENUE: Final = "polymarket"
PING: Final = "PING"
PONG: Final = b"PONG"
INVALID_OPERATION: Final = b"INVALID OPERATION"
NO_BOOKS: Final = b"[]"
"""The dump of a subscription to tokens without a book, closed or unknown (live, 2026-10-02)."""
UNTOLD: Final = -1


class _Watched:
    """What the decoder knows of one market."""

    __slots__ = ("market", "market_id", "no_token", "tick_e4", "yes_token")

    def __init__(self, market: Market) -> None:
        self.market = market
        self.market_id: MarketId = market.id
        self.yes_token = market.yes_token
        self.no_token = market.no_token
        # The step of the grid that was last announced; tells a change from its repetition.
        self.tick_e4 = market.grid.bands[0].step_e4


class MarketDecoder:
    """Decodes frames of the market channel for the markets it watches."""

    def __init__(self) -> None:
        self._watched: dict[str, _Watched] = {}
        self._prices = FixedCache(4)
        self._sizes = FixedCache(6)
        self._one = msgspec.json.Decoder(Frame, strict=False)
        self._many = msgspec.json.Decoder(list[Frame], strict=False)
        # Kind of frame or oddity → how often it was seen.
        self.counts: dict[str, int] = {}
        # New and resolved markets, watched or not, and trades, tops and ticks of the watched ones,
        # until somebody takes them.
        self._news: list[News] = []

    def watch(self, market: Market) -> None:
        """Decode frames of this market from now on."""
        self._watched[market.native_id] = _Watched(market)

    def forget(self, native_id: str) -> None:
        """Ignore frames of this market from now on."""
        self._watched.pop(native_id, None)

    def take_news(self) -> list[News]:
        """What was told of markets beside their books since the last call, as the venue put it."""
        news, self._news = self._news, []
        return news

    def decode(self, raw: bytes, ts_recv_ns: int) -> list[Event]:
        """Read one websocket message; what it says of markets as such waits in `take_news`.

        Raises:
            MalformedMessage: it cannot be read; `market` is set if it concerned that one alone,
                else every book of the socket is in doubt.
        """
        if raw == PONG:
            return []
        try:
            frames = self._many.decode(raw) if raw[:1] == b"[" else [self._one.decode(raw)]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            frames = self._decode_leniently(raw, error)
        events: list[Event] = []
        try:
            for frame in frames:
                self._emit(frame, ts_recv_ns, events)
        except ValueError as error:
            self._forget_ticks(events)
            raise self._malformed(raw, str(error), _sole_market(frames)) from error
        return events

    def _forget_ticks(self, events: list[Event]) -> None:
        """Events that are dropped were not told: the next tick must be told again."""
        lost = {event.market_id for event in events if isinstance(event, GridChanged)}
        for watched in self._watched.values():
            if watched.market_id in lost:
                watched.tick_e4 = 0

    def _emit(self, frame: Frame, ts_recv_ns: int, events: list[Event]) -> None:
        watched = self._watched.get(frame.market)
        if watched is None:
            if isinstance(frame, Announcement):
                self._news.append(frame)
            else:
                self._count("unwatched")
        elif isinstance(frame, PriceChangeFrame):
            self._emit_changes(watched, frame, ts_recv_ns, events)
        elif isinstance(frame, BookFrame):
            self._emit_book(watched, frame, ts_recv_ns, events)
        elif isinstance(frame, LastTradeFrame):
            self._emit_trade(watched, frame, events)
        elif isinstance(frame, TickSizeFrame):
            self._emit_tick(watched, frame.new_tick_size, events)
            self._news.append(frame)
        else:
            if isinstance(frame, ResolvedFrame):
                closed = msgspec.structs.replace(watched.market, is_tradable=False)
                events.append(MarketChanged(market=closed))
            self._news.append(frame)

    def _emit_changes(
        self, watched: _Watched, frame: PriceChangeFrame, ts_recv_ns: int, events: list[Event]
    ) -> None:
        changes: list[tuple[int, int, int]] = []
        mirrors: list[tuple[int, int, int]] = []
        last: ChangeEntry | None = None
        for entry in frame.price_changes:
            side = BID if entry.side == "BUY" else ASK
            price = self._price(entry.price)
            size = self._sizes[entry.size]
            if entry.asset_id == watched.yes_token:
                # 0 and 1 are no prices but are seen on empty markets.
                if 0 < price < ONE_DOLLAR_E4:
                    changes.append((side, price, size))
                last = entry
            elif entry.asset_id == watched.no_token:
                if 0 < price < ONE_DOLLAR_E4:
                    mirrors.append((1 - side, ONE_DOLLAR_E4 - price, size))
            else:
                raise ValueError("an entry names a token of another market")
        if any(mirror not in changes for mirror in mirrors):
            self._count("incomplete")
            reason = "price_change: an entry of the NO token has no counterpart"
            events.append(BooksVoid(market_ids=(watched.market_id,), reason=reason))
            return
        if last is None:
            return
        events.append(
            LevelsSet(
                market_id=watched.market_id,
                changes=tuple(changes),
                best_bid_e4=self._best(last.best_bid),
                best_ask_e4=self._best(last.best_ask),
                ts_event_ms=frame.timestamp,
                ts_recv_ns=ts_recv_ns,
                hash=last.hash,
            )
        )

    def _emit_book(
        self, watched: _Watched, frame: BookFrame, ts_recv_ns: int, events: list[Event]
    ) -> None:
        if frame.asset_id != watched.yes_token:
            if frame.asset_id != watched.no_token:
                raise ValueError("a book names a token of another market")
            self._count("mirror_book")
            return
        if frame.tick_size:
            self._emit_tick(watched, frame.tick_size, events)
        events.append(
            BookSnapshot(
                market_id=watched.market_id,
                bids=read_levels(frame.bids, self._prices, self._sizes),
                asks=read_levels(frame.asks, self._prices, self._sizes),
                ts_event_ms=frame.timestamp,
                ts_recv_ns=ts_recv_ns,
                hash=frame.hash,
                last_trade_price=frame.last_trade_price or "",
            )
        )

    def _emit_tick(self, watched: _Watched, text: str, events: list[Event]) -> None:
        tick_e4 = self._price(text)
        if tick_e4 <= 0 or ONE_DOLLAR_E4 % tick_e4:
            raise ValueError("a tick size that does not divide a dollar")
        if tick_e4 == watched.tick_e4:
            return
        watched.tick_e4 = tick_e4
        grid = PriceGrid.uniform(tick_e4)
        watched.market = msgspec.structs.replace(watched.market, grid=grid)
        events.append(GridChanged(market_id=watched.market_id, grid=grid))

    def _price(self, text: str) -> int:
        price = self._prices[text]
        if price > ONE_DOLLAR_E4:
            raise ValueError("a price above one dollar")
        return price

    def _best(self, text: str | None) -> int:
        # An empty side is written as "", "0" or "1", or left out.
        if not text:
            return UNTOLD
        price = self._price(text)
        return price if 0 < price < ONE_DOLLAR_E4 else UNTOLD

    def _emit_trade(self, watched: _Watched, frame: LastTradeFrame, events: list[Event]) -> None:
        try:
            price = self._price(frame.price)
        except ValueError:
            # No book hangs on it: the next hash that it should explain puts its book in doubt.
            self._count("unreadable:last_trade_price")
            return
        text = frame.price
        if frame.asset_id == watched.no_token:
            # A trade of NO at 0.976 leaves "0.024" on both books: same decimals, other side.
            text = format_e4(ONE_DOLLAR_E4 - price, len(text.partition(".")[2]))
        events.append(LastTrade(market_id=watched.market_id, price=text))
        self._news.append(frame)

    def _decode_leniently(self, raw: bytes, error: Exception) -> list[Frame]:
        """Leave out unknown kinds, and news that cannot be read; a book event is malformed."""
        self._count("undecodable")
        if raw.strip() == INVALID_OPERATION:
            raise self._malformed(raw, "the venue refused an operation") from error
        try:
            parts = msgspec.json.decode(raw, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
            items = [raw] if isinstance(parts, dict) else [bytes(part) for part in parts]
            return [frame for item in items if (frame := self._known(item)) is not None]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as again:
            raise self._malformed(raw, _reason(again), _named_market(raw)) from again

    def _known(self, item: bytes) -> Frame | None:
        head = msgspec.json.decode(item, type=dict[str, msgspec.Raw])
        kind = msgspec.json.decode(head.get("event_type", msgspec.Raw(b'""')), type=str)
        if kind in KNOWN_EVENTS:
            try:
                frame: Frame = self._one.decode(item)
            except msgspec.ValidationError:
                if kind in BOOK_EVENTS:
                    raise
                self._count("unreadable:" + kind)
                return None
            return frame
        # Bounded: a stranger chooses these names.
        self._count("unknown:" + kind[:32] if len(self.counts) < 64 else "unknown")
        return None

    def _malformed(self, raw: bytes, reason: str, native_id: str = "") -> MalformedMessage:
        self._count("malformed")
        watched = self._watched.get(native_id)
        return MalformedMessage(VENUE, reason, raw, watched.market_id if watched else "")

    def _count(self, kind: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1


def read_levels(
    levels: list[WireLevel], prices: FixedCache, sizes: FixedCache
) -> tuple[Level, ...]:
    """Levels as integers, without 0, 1 and size 0, which are no quotes; ValueError if unusable."""
    read = [(prices[level.price], sizes[level.size]) for level in levels]
    if any(price > ONE_DOLLAR_E4 for price, _ in read):
        raise ValueError("a price above one dollar")
    return tuple(level for level in read if 0 < level[0] < ONE_DOLLAR_E4 and level[1])


def format_e4(price_e4: int, places: int) -> str:
    """Write a price with a number of decimals."""
    whole, fraction = divmod(price_e4, ONE_DOLLAR_E4)
    return f"{whole}.{fraction:04d}".ljust(places + 2, "0")[: places + 2] if places else str(whole)


def _sole_market(frames: list[Frame]) -> str:
    names = {frame.market for frame in frames}
    return names.pop() if len(names) == 1 else ""


def _named_market(raw: bytes) -> str:
    try:
        head = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        return msgspec.json.decode(head.get("market", msgspec.Raw(b'""')), type=str)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""


def _reason(error: Exception) -> str:
    return f"cannot be read: {error}"[:200]
