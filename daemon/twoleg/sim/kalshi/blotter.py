"""Kalshi's record of members' orders: which rest, what became of each, who is told.

Every change of an order goes through `publish`, so that the reads and the WebSocket never miss one.
"""

from random import Random
from typing import Literal, Protocol
from uuid import UUID

from twoleg.sim.exchange import Match, Side
from twoleg.sim.flow import Clock
from twoleg.sim.kalshi.ledger import PRECISION_MICROS, Account, OrderFees
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.orders import Fill, NewOrder, UserOrder
from twoleg.sim.kalshi.reads import ReadModel, Row
from twoleg.sim.kalshi.text import count_text, money_text, time_text

GroupEvent = Literal["created", "triggered", "reset", "deleted", "limit_updated"]


class Announcer(Protocol):
    """Who tells the outside world, frame by frame."""

    def user_order(self, order: UserOrder) -> None:
        """Announce an order's new state to its owner."""
        ...

    def fill(self, fill: Fill) -> None:
        """Announce a fill to its owner."""
        ...

    def trade(self, market: MarketState, trade_id: str, taker_side: Side, match: Match) -> None:
        """Announce an execution to everyone."""
        ...

    def ticker(self, market: MarketState) -> None:
        """Announce a market's new top or last price to everyone."""
        ...

    def order_group(
        self, account: str, event_type: GroupEvent, group_id: str, limit_e6: int | None
    ) -> None:
        """Announce what happened to an order group to its owner; the limit only where it is set."""
        ...


class Blotter:
    """All members' orders. `resting` holds those on a book, oldest first."""

    def __init__(
        self,
        *,
        clock: Clock,
        rng: Random,
        reads: ReadModel,
        announcer: Announcer,
        partial_ioc_status: Literal["canceled", "executed"],
    ) -> None:
        self.announcer = announcer
        self._clock = clock
        self._rng = rng
        self._reads = reads
        # How an immediate-or-cancel order that filled in part ends: the documents do not say.
        self._partial_ioc_status: Literal["canceled", "executed"] = partial_ioc_status
        self.resting: dict[str, UserOrder] = {}
        # Orders that filled completely; a change of one may be refused by its own name.
        self.filled: dict[str, UserOrder] = {}
        # Numbers orders and fills together, in the order in which they came to be.
        self._numbers = 0

    def open(self, account: Account, market: MarketState, new: NewOrder, size_e6: int) -> UserOrder:
        """Return a new order that is not yet known to anyone."""
        now_us = self.now_us()
        return UserOrder(
            number=self.next_number(),
            order_id=self.new_id(),
            account=account,
            shard=market.shard,
            event_ticker=market.pair.kalshi.event_ticker,
            request=new,
            initial_e6=new.size_e6,
            remaining_e6=size_e6,
            fees=OrderFees(PRECISION_MICROS[account.member]),
            created_us=now_us,
            updated_us=now_us,
        )

    def resting_of(self, account: Account | None = None) -> list[UserOrder]:
        """Return the resting orders (of one account or subaccount), oldest first."""
        return [o for o in self.resting.values() if account is None or o.account is account]

    def resting_by(self, name: str, subaccount: int | None = None) -> list[UserOrder]:
        """Return a member's resting orders, of all its subaccounts or of one, oldest first."""
        return [
            order
            for order in self.resting.values()
            if order.account.name == name and subaccount in (None, order.account.subaccount)
        ]

    def finish(self, order: UserOrder, reason: str | None) -> None:
        """End an order; what it had left is gone."""
        self.resting.pop(order.order_id, None)
        if reason == "Trade":
            order.status = "executed"
            self.filled[order.order_id] = order
        elif order.filled_e6 and order.request.time_in_force == "immediate_or_cancel":
            order.status = self._partial_ioc_status
        else:
            order.status = "canceled"
        order.remaining_e6 = 0
        self.publish(order, reason)

    def publish(self, order: UserOrder, reason: str | None = None) -> None:
        """Make an order's new state readable and announce it."""
        order.updated_us = self.now_us()
        order.update_reason = reason
        row = Row(
            order.number,
            order.ticker,
            order.event_ticker,
            order.order_id,
            order.shard,
            order.created_us // 1_000_000,
            order.status,
            order.to_json(),
            order.account.subaccount,
            order.updated_us // 1_000_000,
        )
        self._reads.put_order(order.account.name, row)
        self.announcer.user_order(order)

    def publish_fill(self, fill: Fill) -> None:
        """Make a fill readable and announce it."""
        order = fill.order
        row = Row(
            fill.number,
            order.ticker,
            order.event_ticker,
            order.order_id,
            order.shard,
            fill.ts_us // 1_000_000,
            "",
            fill.to_json(),
            order.account.subaccount,
        )
        self._reads.put_fill(order.account.name, row)
        self.announcer.fill(fill)

    def publish_position(
        self, market: MarketState, account: Account, *, is_settled: bool = False
    ) -> None:
        """Make an account's position in a market readable."""
        position, now_us = account.positions[market.ticker], self.now_us()
        json: dict[str, object] = {
            "ticker": market.ticker,
            "exchange_index": market.shard,
            "position_fp": count_text(position.size_e6),
            "market_exposure_dollars": money_text(position.exposure_micros),
            "total_traded_dollars": money_text(position.traded_micros),
            "realized_pnl_dollars": money_text(position.realized_micros),
            "fees_paid_dollars": money_text(position.fees_micros),
            "last_updated_ts": time_text(now_us),
        }
        row = Row(
            self.next_number(),
            market.ticker,
            market.pair.kalshi.event_ticker,
            "",
            market.shard,
            now_us // 1_000_000,
            "settled" if is_settled else "unsettled",
            json,
            account.subaccount,
        )
        self._reads.put_position(account.name, row)

    def next_number(self) -> int:
        """Return the next number of an order or fill."""
        self._numbers += 1
        return self._numbers

    def new_id(self) -> str:
        """Return a random UUID from the seeded generator."""
        return str(UUID(int=self._rng.getrandbits(128), version=4))

    def now_us(self) -> int:
        """Return wall time in microseconds."""
        return self._clock.now_ns() // 1_000

    def now_s(self) -> int:
        """Return wall time in seconds."""
        return self._clock.now_ns() // 1_000_000_000
