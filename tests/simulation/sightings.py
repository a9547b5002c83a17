"""What can be seen at the venues: orders at the wire, trades, and the states a book has had.

Everything is in YES terms of the simulators' own markets. A pair's truth is the simulated world's,
never the daemon's: which outcome of Polymarket pays with Kalshi's YES, and what a fee costs.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from twoleg.core.market import Venue
from twoleg.sim.exchange import Change, Exchange, Side
from twoleg.sim.world import PairSpec

ONE_E4: Final = 10_000
FENCE_E6: Final = 10_000
LOT_E6: Final = 10_000
STATES_KEPT: Final = 20_000


@dataclass(frozen=True, slots=True)
class PairTruth:
    """A pair as the simulated world made it."""

    kalshi: str
    polymarket: str
    tokens: tuple[str, str]
    is_inverse: bool
    shard: int = 0
    kalshi_fee_e8: int = 7_000_000
    """Coefficient of the taker fee in 1/100 000 000."""
    polymarket_fee_e8: int = 0
    polymarket_exponent: int = 1

    @classmethod
    def of(cls, spec: PairSpec) -> "PairTruth":
        coefficients = {"flat": 0}
        e4 = coefficients.get(spec.kalshi.fee_type, 700)
        return cls(
            kalshi=spec.kalshi.ticker,
            polymarket=spec.polymarket.condition_id,
            tokens=spec.polymarket.token_ids,
            is_inverse=spec.polarity == "inverse",
            shard=spec.kalshi.exchange_index,
            kalshi_fee_e8=e4 * spec.kalshi.fee_multiplier_e4,
            polymarket_fee_e8=spec.polymarket.fee_rate_e4 * ONE_E4,
            polymarket_exponent=spec.polymarket.fee_exponent,
        )

    def market_on(self, venue: Venue) -> str:
        return self.kalshi if venue is Venue.KALSHI else self.polymarket

    def event_sign(self, venue: Venue) -> int:
        """What a bought YES of the venue's book is worth if the Kalshi market settles YES."""
        return -1 if venue is Venue.POLYMARKET and self.is_inverse else 1

    def fee_micros(self, venue: Venue, price_e4: int, size_e6: int) -> int:
        """The exact taker fee, rounded up to the micro-dollar: no venue's rounding is below it."""
        curve = price_e4 * (ONE_E4 - price_e4)
        if venue is Venue.KALSHI:
            return -(-self.kalshi_fee_e8 * size_e6 * curve // 10**16)
        scaled, scale = self.polymarket_fee_e8 * size_e6, 10**8
        for _ in range(self.polymarket_exponent):
            scaled, scale = scaled * curve, scale * 10**8
        return -(-scaled // scale)


@dataclass(slots=True)
class Sent:
    """An order request at a venue's door, read from its bytes. `side` and `limit_e4` are YES terms.

    `size_e6` is 0 and `spend_micros` above 0 for a buy of Polymarket that is bound by dollars.
    """

    no: int
    at_ns: int
    venue: Venue
    market: str
    key: str
    side: Side
    limit_e4: int
    size_e6: int
    spend_micros: int = 0
    token: int = 0
    is_buy: bool = True
    """Of the token that it names; on Kalshi always of YES if a bid."""
    tif: str = ""
    reduce_only: bool = False
    cash_micros: int = 0
    """Free cash of the pot that it draws on, when it came."""
    held_e6: int = 0
    """What the account held then: signed on Kalshi, of the named token on Polymarket."""
    is_journalled: bool = True
    is_entered: bool = False
    """Got past the door to the checks of order entry."""
    is_done: bool = False
    """Its request was served, whatever the answer."""

    @property
    def is_fence(self) -> bool:
        """Kalshi's harmless order: 0.01 contract at the price at which nobody trades."""
        far = self.limit_e4 <= 100 if self.side == "bid" else self.limit_e4 >= ONE_E4 - 100
        is_small = self.size_e6 == FENCE_E6 and self.tif == "immediate_or_cancel"
        return self.venue is Venue.KALSHI and is_small and far

    @property
    def own_limit_e4(self) -> int:
        """The limit as the price of what it buys, or of what it sells."""
        if self.venue is Venue.KALSHI:
            return self.limit_e4 if self.side == "bid" else ONE_E4 - self.limit_e4
        return self.limit_e4 if self.token == 0 else ONE_E4 - self.limit_e4

    @property
    def most_e6(self) -> int:
        """The most that it may fill, one dollar buying no more than at a price of a cent."""
        return self.size_e6 or self.spend_micros * 100

    @property
    def cost_micros(self) -> int:
        """What it takes at most, without fees; 0 for a sale on Polymarket."""
        if self.spend_micros:
            return self.spend_micros
        if self.venue is Venue.POLYMARKET and not self.is_buy:
            return 0
        return -(-self.own_limit_e4 * self.size_e6 // ONE_E4)

    @property
    def signed(self) -> int:
        """+1 if it buys YES."""
        return 1 if self.side == "bid" else -1


@dataclass(slots=True)
class Traded:
    """A trade of our account. `price_e4` is the YES price, `cash_micros` its cash without fee."""

    no: int
    at_ns: int
    venue: Venue
    market: str
    key: str
    trade_id: str
    side: Side
    price_e4: int
    size_e6: int
    cash_micros: int
    """Signed, at the trade's own price: a Kalshi sale of YES brings p and owes a dollar on NO."""
    fee_micros: int
    token: int = 0
    is_buy: bool = True
    is_void: bool = False
    void_ns: int = 0

    @property
    def yes_e6(self) -> int:
        """Signed change of the YES position."""
        return self.size_e6 if self.side == "bid" else -self.size_e6


@dataclass(slots=True)
class BookStates:
    """The states that a book has had: a fingerprint of all levels, and every change with its time."""

    levels: dict[Side, dict[int, int]] = field(default_factory=lambda: {"bid": {}, "ask": {}})
    fingerprint: int = 0
    seen: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=STATES_KEPT))
    """(wall ns from which, fingerprint)"""
    changes: deque[tuple[int, Side, int, int]] = field(
        default_factory=lambda: deque(maxlen=STATES_KEPT)
    )
    """(wall ns, side, price, signed size)"""

    def load(self, exchange: Exchange, now_ns: int) -> None:
        sides: tuple[Side, Side] = ("bid", "ask")
        for side in sides:
            for price_e4, size_e6 in exchange.levels(side):
                self.apply(Change(side, price_e4, size_e6, size_e6), now_ns)

    def apply(self, change: Change, now_ns: int) -> None:
        levels = self.levels[change.side]
        before = levels.get(change.price_e4, 0)
        after = before + change.delta_e6
        self.fingerprint ^= mark(change.side, change.price_e4, before)
        self.fingerprint ^= mark(change.side, change.price_e4, after)
        if after:
            levels[change.price_e4] = after
        else:
            levels.pop(change.price_e4, None)
        self.seen.append((now_ns, self.fingerprint))
        self.changes.append((now_ns, change.side, change.price_e4, change.delta_e6))

    def was(self, fingerprint: int, since_ns: int) -> bool:
        """Whether the book looked like this at any moment since then."""
        for began_ns, state in reversed(self.seen):
            if state == fingerprint:
                return True
            if began_ns < since_ns:
                return False
        return fingerprint == 0

    def most_depth_e6(self, side: Side, limit_e4: int, since_ns: int) -> int:
        """The greatest size that a taker on `side` could have met up to its limit since then."""
        facing: Side = "ask" if side == "bid" else "bid"

        def is_met(price_e4: int) -> bool:
            return price_e4 <= limit_e4 if side == "bid" else price_e4 >= limit_e4

        depth = most = sum(size for price, size in self.levels[facing].items() if is_met(price))
        for at_ns, changed, price_e4, delta_e6 in reversed(self.changes):
            if at_ns < since_ns:
                break
            if changed == facing and is_met(price_e4):
                depth -= delta_e6
                most = max(most, depth)
        return most


def mark(side: Side, price_e4: int, size_e6: int) -> int:
    """What one level adds to a book's fingerprint."""
    return hash((side == "bid", price_e4, size_e6)) if size_e6 else 0


def fingerprint_of(bids: Mapping[int, int], asks: Mapping[int, int]) -> int:
    """The fingerprint of a whole book."""
    result = 0
    for price_e4, size_e6 in bids.items():
        result ^= mark("bid", price_e4, size_e6)
    for price_e4, size_e6 in asks.items():
        result ^= mark("ask", price_e4, size_e6)
    return result


def read_kalshi_order(body: Any) -> dict[str, Any] | None:
    """The fields of a create request that count; None if it is none."""
    try:
        return {
            "market": str(body["ticker"]),
            "key": str(body.get("client_order_id", "")),
            "side": "bid" if body["side"] == "bid" else "ask",
            "limit_e4": _scaled(str(body["price"]), 4),
            "size_e6": _scaled(str(body["count"]), 6),
            "tif": str(body["time_in_force"]),
            "reduce_only": bool(body.get("reduce_only")),
            "is_buy": body["side"] == "bid",
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def read_polymarket_order(
    body: Any, tokens: Mapping[str, tuple[str, int]]
) -> dict[str, Any] | None:
    """The fields of a posted order that count; `tokens` tells the market and index of each."""
    try:
        order = body["order"]
        market, token = tokens[str(order["tokenId"])]
        making, taking = int(order["makerAmount"]), int(order["takerAmount"])
        is_buy = order["side"] == "BUY"
        cash, shares = (making, taking) if is_buy else (taking, making)
        own_e4 = cash * ONE_E4 // shares if is_buy else -(-cash * ONE_E4 // shares)
        is_dollars = is_buy and body["orderType"] in ("FOK", "FAK")
        return {
            "market": market,
            "token": token,
            "side": "bid" if is_buy == (token == 0) else "ask",
            "limit_e4": own_e4 if token == 0 else ONE_E4 - own_e4,
            "size_e6": 0 if is_dollars else shares,
            "spend_micros": cash if is_dollars else 0,
            "is_buy": is_buy,
            "tif": str(body["orderType"]),
        }
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def _scaled(text: str, decimals: int) -> int:
    whole, _, rest = text.partition(".")
    return int((whole or "0") + rest.ljust(decimals, "0")[:decimals])
