"""Books kept the plain way, from the venues' documents: json, Decimal, dicts; for comparison.

Shares no code with the clients. A book that this reading cannot vouch for is None: then the
client's must be void as well.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

Levels = dict[Decimal, Decimal]
Sides = tuple[Levels, Levels]
ONE: Final = Decimal(1)
CENT: Final = Decimal("0.01")
LARGEST: Final = Decimal(10) ** 18
PRICE_STEP: Final = Decimal("0.0001")
KALSHI_SIZE_STEP: Final = Decimal("0.000001")
POLYMARKET_SIZE_STEP: Final = Decimal("0.000001")


class Unreadable(Exception):
    """A frame that concerns a book and cannot be interpreted."""


def number(value: Any, step: Decimal) -> Decimal:
    """A decimal string on a grid."""
    if not isinstance(value, str):
        raise Unreadable(f"{value!r} is no string")
    try:
        parsed = Decimal(value)
    except InvalidOperation:
        raise Unreadable(f"{value!r} is no number") from None
    if not parsed.is_finite() or abs(parsed) > LARGEST or parsed % step:
        raise Unreadable(f"{value!r} is finer than {step}")
    return parsed


def whole(value: Any) -> int:
    """A whole number as a string, however it is written."""
    parsed = number(value, ONE) if isinstance(value, str) else None
    if parsed is None:
        raise Unreadable(f"{value!r} is no time")
    return int(parsed)


def price(value: Any) -> Decimal:
    """A price from nothing to the whole payout; both ends are no quotes."""
    parsed = number(value, PRICE_STEP)
    if not 0 <= parsed <= ONE:
        raise Unreadable(f"{value!r} is no price")
    return parsed


def quotes(levels: Levels) -> Levels:
    """Levels that somebody can trade at."""
    return {at: size for at, size in levels.items() if 0 < at < ONE and size > 0}


def parse(raw: bytes) -> Any:
    """JSON, as leniently as it can be meant; Unreadable otherwise.

    Broken UTF-8 in what nobody looks at is no reason to doubt the rest.
    """
    try:
        return json.loads(raw.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error


class KalshiReference:
    """Books of one subscription (`sid`), quoted in YES prices on both sides."""

    def __init__(self, sid: int, tickers: list[str]) -> None:
        self._sid = sid
        self._seq = 0
        # The exchange's clock of each market's last snapshot: older changes are contained in it.
        self._clocks: dict[str, int] = {}
        self.books: dict[str, Sides | None] = dict.fromkeys(tickers)

    def void(self) -> None:
        """Nothing is certain any more."""
        for ticker in self.books:
            self.books[ticker] = None

    def take(self, raw: bytes) -> None:
        """Apply one frame."""
        if not raw.strip():
            return
        try:
            frame = parse(raw)
        except Unreadable:
            frame = None
        if not isinstance(frame, dict):
            self.void()
            return
        if frame.get("sid") == self._sid and frame.get("seq"):
            if not self._is_next(frame["seq"]):
                return
        elif frame.get("type") in ("orderbook_snapshot", "orderbook_delta"):
            # Not of this subscription: nobody knows whether it is whole.
            self._touch(frame, None)
            return
        message: Any = frame.get("msg")
        try:
            if frame.get("type") == "orderbook_snapshot":
                self._touch(frame, self._snapshot(message))
                self._clocks[message["market_ticker"]] = message.get("clock") or 0
            elif frame.get("type") == "orderbook_delta":
                self._delta(message)
        except (Unreadable, KeyError, TypeError, ValueError, AttributeError):
            self._touch(frame, None)

    def _is_next(self, seq: Any) -> bool:
        if not isinstance(seq, int):
            self.void()
            return False
        if seq == self._seq + 1:
            self._seq = seq
            return True
        if seq != self._seq:
            # A gap, or a counter that went back: whatever was missed, a snapshot must tell.
            self.void()
            self._seq = seq
            return True
        return False

    def _touch(self, frame: dict[str, Any], sides: Sides | None) -> None:
        message = frame.get("msg")
        ticker = message.get("market_ticker") if isinstance(message, dict) else None
        if isinstance(ticker, str) and ticker in self.books:
            self.books[ticker] = sides
        elif sides is None and not isinstance(ticker, str):
            self.void()

    @staticmethod
    def _snapshot(message: dict[str, Any]) -> Sides:
        sides: Sides = ({}, {})
        for levels, key in zip(sides, ("yes_dollars_fp", "no_dollars_fp"), strict=True):
            for level in message.get(key) or ():
                at, size = level
                levels[price(at)] = number(size, KALSHI_SIZE_STEP)
        return quotes(sides[0]), quotes(sides[1])

    def _delta(self, message: dict[str, Any]) -> None:
        ticker = message["market_ticker"]
        book = self.books.get(ticker)
        if book is None or 0 < (message.get("clock") or 0) <= self._clocks.get(ticker, 0):
            return
        side = ("yes", "no").index(message["side"])
        at = price(message["price_dollars"])
        size = book[side].pop(at, Decimal(0)) + number(message["delta_fp"], KALSHI_SIZE_STEP)
        if size < 0 and 0 < at < ONE:
            raise Unreadable("a level below zero")
        if size > 0 and 0 < at < ONE:
            book[side][at] = size


class PolymarketReference:
    """The books of YES tokens, by condition id; merged with snapshots by their times."""

    def __init__(self, yes_tokens: dict[str, str]) -> None:
        self._yes_tokens = yes_tokens
        # When the book last changed, and when its snapshot was taken, by what the frames say.
        self._told_ms: dict[str, int] = {}
        self._dumped_ms: dict[str, int] = {}
        self._ticks = dict.fromkeys(yes_tokens, CENT)
        self.books: dict[str, Sides | None] = dict.fromkeys(yes_tokens)

    def void(self, condition: str = "") -> None:
        """Nothing is certain any more, of one market or of all."""
        for known in self.books if not condition else (condition,):
            self.books[known] = None

    def take(self, raw: bytes) -> None:
        """Apply one message: a frame, or a list of them."""
        try:
            frames = parse(raw)
        except Unreadable:
            self.void()
            return
        for frame in frames if isinstance(frames, list) else [frames]:
            condition = frame.get("market") if isinstance(frame, dict) else None
            if not isinstance(condition, str) or condition not in self.books:
                continue
            try:
                self._apply(condition, frame)
            except (Unreadable, KeyError, TypeError, ValueError, AttributeError):
                self.books[condition] = None

    def _apply(self, condition: str, frame: dict[str, Any]) -> None:
        token, kind = self._yes_tokens[condition], frame.get("event_type")
        if kind == "tick_size_change":
            self._change_tick(condition, frame["new_tick_size"])
        elif kind == "book" and frame["asset_id"] == token:
            self._change_tick(condition, frame.get("tick_size"))
            at_ms = whole(frame["timestamp"])
            sides = self._levels(frame["bids"]), self._levels(frame["asks"])
            if self.books[condition] is None or at_ms >= self._told_ms.get(condition, 0):
                self.books[condition] = sides
                self._told_ms[condition] = self._dumped_ms[condition] = at_ms
                self._refuse_crossed(sides)
        elif kind == "price_change" and self.books[condition] is not None:
            at_ms = whole(frame["timestamp"])
            if at_ms < self._dumped_ms[condition]:
                return
            if at_ms < self._told_ms[condition]:
                raise Unreadable("a change out of order")
            self._told_ms[condition] = at_ms
            self._change(condition, token, frame["price_changes"])

    def _change_tick(self, condition: str, tick: Any) -> None:
        """Another tick, another book: the old one says nothing any more."""
        if tick and price(tick) != self._ticks[condition]:
            self._ticks[condition] = price(tick)
            self.books[condition] = None

    def _change(self, condition: str, token: str, changes: list[dict[str, Any]]) -> None:
        sides = self.books[condition]
        for change in changes:
            if change["asset_id"] != token or sides is None:
                continue
            levels = sides[("BUY", "SELL").index(change["side"])]
            at, size = price(change["price"]), number(change["size"], POLYMARKET_SIZE_STEP)
            levels.pop(at, None)
            if size > 0 and 0 < at < ONE:
                levels[at] = size
        ours = [change for change in changes if change["asset_id"] == token]
        if sides is not None and ours:
            self._compare_best(sides, ours[-1])

    @staticmethod
    def _compare_best(sides: Sides, told: dict[str, Any]) -> None:
        """What the frame says of both best prices must be so; an empty side is told in any way."""
        PolymarketReference._refuse_crossed(sides)
        best = max(sides[0], default=None), min(sides[1], default=None)
        for own, name in zip(best, ("best_bid", "best_ask"), strict=True):
            text = told.get(name)
            if text and 0 < price(text) < ONE and price(text) != own:
                raise Unreadable(f"{name} is not {own}")

    @staticmethod
    def _refuse_crossed(sides: Sides) -> None:
        """No book of one moment is crossed."""
        if max(sides[0], default=Decimal(0)) >= min(sides[1], default=ONE):
            raise Unreadable("a crossed book")

    @staticmethod
    def _levels(wire: list[dict[str, Any]]) -> Levels:
        return quotes({price(e["price"]): number(e["size"], POLYMARKET_SIZE_STEP) for e in wire})
