"""What the simulated Polymarket remembers: markets, orders, trades; and how it shows them."""

from collections import deque
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal

from twoleg.sim.base import CROWD
from twoleg.sim.exchange import ONE_E4, Exchange, Side
from twoleg.sim.polymarket.accounts import ApiKey
from twoleg.sim.polymarket.book import PublishedBook
from twoleg.sim.polymarket.ledger import Entry
from twoleg.sim.polymarket.orders import OrderSide, PostedOrder
from twoleg.sim.polymarket.wire import NS_PER_MS, NS_PER_S, price_text, size_text
from twoleg.sim.world import PolymarketMarket

MarketStatus = Literal["open", "paused", "closed", "resolved"]
# Resolution by the oracle; anything but "" means that the book is gone.
UmaStatus = Literal["", "proposed", "disputed", "resolved"]
# Samples kept of a market's price; older ones are dropped.
SAMPLES_MAX: Final = 10_000


@dataclass(slots=True)
class Market:
    """One market as it stands. `spec.token_ids[0]` is the book's YES."""

    spec: PolymarketMarket
    # Place in the order of listing; ranks the invented volumes.
    rank: int
    exchange: Exchange
    book: PublishedBook
    # Seconds a marketable order waits after its answer ("delayed"), milliseconds before it.
    delay_s: int
    taker_delay_ms: int
    status: MarketStatus = "open"
    winner: int | None = None
    # The token that the latest order named: it comes first in price changes.
    named: int = 0
    uma_status: UmaStatus = ""
    # False right after creation: discovery shows the market, the CLOB does not know it yet.
    is_listed: bool = True
    game_start_ts_s: int | None = None
    # (wall second, price of token 0), oldest first, one a second at most.
    samples: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=SAMPLES_MAX))

    @property
    def condition_id(self) -> str:
        """Return the market's identifier."""
        return self.spec.condition_id

    @property
    def has_book(self) -> bool:
        """Tell whether the CLOB shows a book."""
        return self.status in ("open", "paused")

    @property
    def is_closed(self) -> bool:
        """Tell whether discovery calls it closed: a resolution under way is not the end."""
        is_pending = self.uma_status in ("proposed", "disputed") or not self.is_listed
        return not self.has_book and not is_pending and not self.spec.is_placeholder

    def sample(self, now_s: int) -> None:
        """Remember the middle price, or the last trade's where a side is empty."""
        bid_e4, ask_e4 = self.book.top(0)
        if bid_e4 is not None and ask_e4 is not None:
            price_e4 = (bid_e4 + ask_e4) // 2
        elif self.book.last_trade_e4 is not None:
            price_e4 = self.book.last_trade_e4
        else:
            return
        if self.samples and self.samples[-1][0] == now_s:
            self.samples.pop()
        self.samples.append((now_s, price_e4))


@dataclass(slots=True)
class OrderRecord:
    """An accepted order of an API key. Prices are those of its own token."""

    order_id: str
    key: ApiKey
    posted: PostedOrder
    market: Market
    token: int
    created_ns: int
    matched_e6: int = 0
    status: str = "LIVE"
    trade_ids: list[str] = field(default_factory=list)
    # (wall ns, status, matched_e6) after every change, for reads that lag.
    history: list[tuple[int, str, int]] = field(default_factory=list)

    @property
    def wallet(self) -> str:
        """Return the address whose money it is."""
        return self.posted.struct.maker

    @property
    def yes_side(self) -> Side:
        """Return the side in YES terms: buying NO is selling YES."""
        return "bid" if self.posted.is_buy == (self.token == 0) else "ask"

    @property
    def yes_limit_e4(self) -> int:
        """Return the limit in YES terms."""
        limit_e4 = self.posted.limit_e4
        return limit_e4 if self.token == 0 else ONE_E4 - limit_e4

    @property
    def spend_micros(self) -> int | None:
        """Return the dollars that a market BUY spends; None for an order bound by shares."""
        return self.posted.cash_micros if self.posted.is_market and self.posted.is_buy else None

    @property
    def size_e6(self) -> int | None:
        """Return the shares that bound the order; None for one bound by dollars."""
        return None if self.spend_micros is not None else self.posted.shares_e6

    def note(self, now_ns: int, status: str) -> None:
        """Enter a status and remember when."""
        self.status = status
        self.history.append((now_ns, status, self.matched_e6))

    def as_of(self, when_ns: int) -> tuple[str, int] | None:
        """Return (status, matched_e6) as they were, or None when it did not exist yet."""
        seen = [entry for entry in self.history if entry[0] <= when_ns]
        return seen[-1][1:] if seen else None

    def to_rest(self, status: str, matched_e6: int) -> dict[str, object]:
        """Return the order as GET /data/order shows it."""
        is_plain = status == "CANCELED_MARKET_RESOLVED" or not status.startswith("CANCELED")
        return {
            **self._common(matched_e6),
            "status": status if is_plain else "CANCELED",
            "associate_trades": self.trade_ids,
            "created_at": self.created_ns // NS_PER_S,
        }

    def to_event(self, kind: str, now_ns: int) -> dict[str, object]:
        """Return the user-channel event of kind PLACEMENT, UPDATE or CANCELLATION."""
        return {
            "event_type": "order",
            "type": kind,
            **self._common(self.matched_e6),
            "order_owner": self.key.key,
            "associate_trades": self.trade_ids or None,
            "status": self.status,
            "created_at": str(self.created_ns // NS_PER_S),
            "timestamp": str(now_ns // NS_PER_MS),
        }

    def _common(self, matched_e6: int) -> dict[str, object]:
        return {
            "id": self.order_id,
            "owner": self.key.key,
            "maker_address": self.wallet,
            "market": self.market.condition_id,
            "asset_id": self.posted.token_id,
            "side": self.posted.struct.side,
            "original_size": size_text(self.posted.shares_e6),
            "size_matched": size_text(matched_e6),
            "price": price_text(self.posted.limit_e4),
            "outcome": self.market.spec.outcomes[self.token],
            "expiration": str(self.posted.expiration_s),
            "order_type": self.posted.order_type,
        }


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a trade. `record` is None for other people."""

    order_id: str
    wallet: str
    token: int
    side: OrderSide
    price_e4: int
    record: OrderRecord | None = None

    @property
    def owner(self) -> str:
        """Return the API key id; other people get an id of their own."""
        if self.record is not None:
            return self.record.key.key
        return "00000000-0000-4000-a000-000000000000"

    @property
    def address(self) -> str:
        """Return the wallet's address; other people share an invented one."""
        return "0x" + "c" * 40 if self.wallet == CROWD else self.wallet


def crowd_party(order_id: str, token: int, side: OrderSide, price_e4: int) -> Party:
    """Return other people's side of a trade, with an order id of the right shape."""
    order_hash = "0x" + sha256(order_id.encode()).hexdigest()
    return Party(order_hash, CROWD, token, side, price_e4)


@dataclass(slots=True)
class Trade:
    """A match of one taker with one maker order. Price and size are those of the taker's token."""

    trade_id: str
    market: Market
    taker: Party
    maker: Party
    size_e6: int
    match_ns: int
    entries: tuple[Entry, Entry]
    status: str = "MATCHED"
    updated_ns: int = 0
    transaction_hash: str = ""

    def parties_of(self, owner: str) -> list[str]:
        """Return the roles (TAKER, MAKER) in which an EOA took part."""
        roles = (("TAKER", self.taker), ("MAKER", self.maker))
        return [
            role
            for role, party in roles
            if party.record is not None and party.record.key.owner == owner
        ]

    def to_json(self, role: str) -> dict[str, object]:
        """Return the fields that REST and the user channel share, as seen in one role."""
        return {
            "id": self.trade_id,
            "taker_order_id": self.taker.order_id,
            "market": self.market.condition_id,
            "asset_id": self.market.spec.token_ids[self.taker.token],
            "side": self.taker.side,
            "size": size_text(self.size_e6),
            "fee_rate_bps": "0",
            "price": price_text(self.taker.price_e4),
            "status": self.status,
            "match_time": str(self.match_ns // NS_PER_S),
            "last_update": str(self.updated_ns // NS_PER_S),
            "outcome": self.market.spec.outcomes[self.taker.token],
            "bucket_index": 0,
            "owner": self.taker.owner,
            "maker_address": self.taker.address,
            "transaction_hash": self.transaction_hash,
            "trader_side": role,
            "maker_orders": [self._maker_order()],
        }

    def to_event(self, role: str) -> dict[str, object]:
        """Return the user-channel event."""
        party = self.taker if role == "TAKER" else self.maker
        return {
            "event_type": "trade",
            "type": "TRADE",
            **self.to_json(role),
            "trade_owner": party.owner,
            "timestamp": str(self.updated_ns // NS_PER_MS),
        }

    def _maker_order(self) -> dict[str, object]:
        maker = self.maker
        return {
            "order_id": maker.order_id,
            "owner": maker.owner,
            "maker_address": maker.address,
            "matched_amount": size_text(self.size_e6),
            "price": price_text(maker.price_e4),
            "fee_rate_bps": "0",
            "asset_id": self.market.spec.token_ids[maker.token],
            "outcome": self.market.spec.outcomes[maker.token],
            "outcome_index": maker.token,
            "side": maker.side,
        }
