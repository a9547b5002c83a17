"""One tick the plain way: stdlib json, Decimal, dicts that are sorted each time.

This is what a competent author of a bot writes first, before measuring anything. It was written
before the engine and stays as it is: it is what the engine is measured against. It knows nothing
of the package, so that it can also check the package's decisions.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

ZERO = Decimal(0)
ONE = Decimal(1)
LOT = Decimal("0.01")
KALSHI_RATE = Decimal("0.07")
KALSHI_FEE_STEP = Decimal("0.0001")
POLYMARKET_FEE_STEP = Decimal("0.00001")

Ladder = list[tuple[Decimal, Decimal]]


@dataclass(frozen=True)
class NaivePair:
    """Two markets on the same event. `polarity` "same": YES is YES on both."""

    id: str
    ticker: str
    yes_token: str
    no_token: str
    polarity: str = "same"
    kalshi_multiplier: Decimal = ONE
    polymarket_rate: Decimal = Decimal("0.04")


@dataclass(frozen=True)
class NaiveLimits:
    """What a decision must respect; dollars per contract and contracts."""

    edge_min: Decimal = Decimal("0.005")
    size_max: Decimal = Decimal(100)
    depth_share: Decimal = Decimal("0.5")


@dataclass(frozen=True)
class NaiveDecision:
    """Buy `size` of the named outcomes at these limits; `edge` is dollars net of fees."""

    pair_id: str
    direction: str
    size: Decimal
    kalshi_limit: Decimal
    polymarket_limit: Decimal
    edge: Decimal


@dataclass
class NaiveBook:
    """Price to size on both sides."""

    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)

    def asks_to_buy(self) -> Ladder:
        """What buying this outcome takes, best first."""
        return sorted(self.asks.items())

    def bids_to_buy_complement(self) -> Ladder:
        """What buying the other outcome takes: a bid at q is an offer of it at 1 - q."""
        return sorted((ONE - price, size) for price, size in self.bids.items())


def kalshi_fee(multiplier: Decimal, size: Decimal, price: Decimal) -> Decimal:
    """0.07 M C P (1 - P), rounded up to 1e-4 dollar."""
    fee = KALSHI_RATE * multiplier * size * price * (ONE - price)
    return fee.quantize(KALSHI_FEE_STEP, rounding=ROUND_CEILING)


def polymarket_fee(rate: Decimal, size: Decimal, price: Decimal) -> Decimal:
    """Rate C p (1 - p) to 5 decimals; the venue does not say which way it rounds, so up."""
    fee = rate * size * price * (ONE - price)
    return fee.quantize(POLYMARKET_FEE_STEP, rounding=ROUND_CEILING)


class NaiveTick:
    """Frames in, decisions out."""

    def __init__(self, pairs: Iterable[NaivePair], limits: NaiveLimits | None = None) -> None:
        self.limits = limits or NaiveLimits()
        self.kalshi_books: dict[str, NaiveBook] = {}
        self.token_books: dict[str, NaiveBook] = {}
        self.pairs_by_ticker: dict[str, NaivePair] = {}
        self.pairs_by_token: dict[str, NaivePair] = {}
        for pair in pairs:
            self.pairs_by_ticker[pair.ticker] = pair
            self.pairs_by_token[pair.yes_token] = pair
            self.pairs_by_token[pair.no_token] = pair

    def on_frame(self, venue: str, raw: bytes) -> NaiveDecision | None:
        """Apply one frame; decide on the pairs that it touched."""
        message = json.loads(raw)
        if venue == "kalshi":
            touched = self.apply_kalshi(message)
        else:
            touched = []
            for event in message if isinstance(message, list) else [message]:
                for pair in self.apply_polymarket(event):
                    if pair not in touched:
                        touched.append(pair)
        decisions = [decision for pair in touched if (decision := self.decide(pair))]
        return max(decisions, key=lambda decision: decision.edge, default=None)

    def apply_kalshi(self, message: dict[str, Any]) -> list[NaivePair]:
        """Apply a snapshot or a delta with YES prices on both sides."""
        kind = message.get("type")
        if kind not in ("orderbook_snapshot", "orderbook_delta"):
            return []
        msg = message["msg"]
        ticker = msg["market_ticker"]
        if kind == "orderbook_snapshot":
            self.kalshi_books[ticker] = NaiveBook(
                bids={Decimal(p): Decimal(s) for p, s in msg.get("yes_dollars_fp", [])},
                asks={Decimal(p): Decimal(s) for p, s in msg.get("no_dollars_fp", [])},
            )
        elif ticker in self.kalshi_books:
            book = self.kalshi_books[ticker]
            side = book.bids if msg["side"] == "yes" else book.asks
            price = Decimal(msg["price_dollars"])
            size = side.get(price, ZERO) + Decimal(msg["delta_fp"])
            if size > 0:
                side[price] = size
            else:
                side.pop(price, None)
        pair = self.pairs_by_ticker.get(ticker)
        return [pair] if pair else []

    def apply_polymarket(self, event: dict[str, Any]) -> list[NaivePair]:
        """Apply a whole book or changed levels of a token."""
        kind = event.get("event_type")
        if kind == "book":
            token = event["asset_id"]
            self.token_books[token] = NaiveBook(
                bids={Decimal(row["price"]): Decimal(row["size"]) for row in event["bids"]},
                asks={Decimal(row["price"]): Decimal(row["size"]) for row in event["asks"]},
            )
            tokens = [token]
        elif kind == "price_change":
            tokens = [change["asset_id"] for change in event["price_changes"]]
            for change in event["price_changes"]:
                self.set_level(change)
        else:
            return []
        pairs: list[NaivePair] = []
        for token in tokens:
            pair = self.pairs_by_token.get(token)
            if pair and pair not in pairs:
                pairs.append(pair)
        return pairs

    def set_level(self, change: dict[str, Any]) -> None:
        """Set one level of a known book to its new size; 0 removes it."""
        book = self.token_books.get(change["asset_id"])
        if book is None:
            return
        side = book.bids if change["side"] == "BUY" else book.asks
        price, size = Decimal(change["price"]), Decimal(change["size"])
        if size > 0:
            side[price] = size
        else:
            side.pop(price, None)

    def decide(self, pair: NaivePair) -> NaiveDecision | None:
        """The better of the two directions, if either is worth it."""
        kalshi = self.kalshi_books.get(pair.ticker)
        yes, no = self.token_books.get(pair.yes_token), self.token_books.get(pair.no_token)
        if kalshi is None or yes is None or no is None:
            return None
        with_yes, with_no = (no, yes) if pair.polarity == "same" else (yes, no)
        found = [
            self.walk(pair, "kalshi_yes", kalshi.asks_to_buy(), with_yes.asks_to_buy()),
            self.walk(pair, "kalshi_no", kalshi.bids_to_buy_complement(), with_no.asks_to_buy()),
        ]
        worth = [decision for decision in found if decision]
        return max(worth, key=lambda decision: decision.edge, default=None)

    def walk(
        self, pair: NaivePair, direction: str, kalshi: Ladder, polymarket: Ladder
    ) -> NaiveDecision | None:
        """Take both ladders in step while the next contract still nets the least edge."""
        limits = self.limits
        kalshi = [(price, size * limits.depth_share) for price, size in kalshi]
        polymarket = [(price, size * limits.depth_share) for price, size in polymarket]
        size, edge = ZERO, ZERO
        kalshi_limit = polymarket_limit = ZERO
        i = j = 0
        while i < len(kalshi) and j < len(polymarket) and limits.size_max - size >= LOT:
            (p, p_left), (q, q_left) = kalshi[i], polymarket[j]
            step = min(p_left, q_left, limits.size_max - size).quantize(LOT, rounding=ROUND_FLOOR)
            if step > 0:
                fees = kalshi_fee(pair.kalshi_multiplier, step, p)
                fees += polymarket_fee(pair.polymarket_rate, step, q)
                gain = step * (ONE - p - q) - fees
                if gain < step * limits.edge_min:
                    break
                size, edge = size + step, edge + gain
                kalshi_limit, polymarket_limit = p, q
            kalshi[i], polymarket[j] = (p, p_left - step), (q, q_left - step)
            if kalshi[i][1] < LOT:
                i += 1
            if polymarket[j][1] < LOT:
                j += 1
        if size == 0:
            return None
        return NaiveDecision(pair.id, direction, size, kalshi_limit, polymarket_limit, edge)
