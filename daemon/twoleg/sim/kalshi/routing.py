"""Where an order write goes on Kalshi's exchange instances, and whose write buckets pay for it.

Kalshi docs, exchange_sharding, 2026-09-03, and rate_limits, 2026-09-22: an explicit index goes
straight there, −1 or a ticker alone is routed by the ticker and billed to every bucket, neither
means instance 0. An order id alone locates nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from twoleg.sim.kalshi.blotter import Blotter
from twoleg.sim.kalshi.errors import refuse
from twoleg.sim.kalshi.ledger import Account
from twoleg.sim.kalshi.limits import UNSCOPED
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.orders import UserOrder


@dataclass(frozen=True, slots=True)
class Destination:
    """The shard that a write names; None when it is routed by its ticker."""

    shard: int | None
    ticker: str | None


def destination(exchange_index: int | None, ticker: str | None) -> Destination:
    """Return where a write goes; −1 without a ticker has no answer."""
    if exchange_index is not None and exchange_index >= 0:
        return Destination(exchange_index, ticker)
    if ticker:
        return Destination(None, ticker)
    if exchange_index is not None:
        raise refuse(400, "missing_parameters", "market_ticker")
    return Destination(UNSCOPED, None)


class Locator:
    """Finds the order that a write is about, on the shard that the write has reached."""

    def __init__(
        self,
        blotter: Blotter,
        markets: Mapping[str, MarketState],
        filled_code: Literal["not_found", "cannot_update_filled_order"],
    ) -> None:
        self._blotter = blotter
        self._markets = markets
        # How a change of a filled order is refused: the second name is known from FIX only.
        self._filled_code = filled_code

    def resting(
        self, member: Account, order_id: str, where: Destination, subaccount: int
    ) -> UserOrder:
        """Return a member's resting order, or refuse.

        What is unknown, done, on another shard or in another subaccount is the same `not_found`.
        """
        order = self._blotter.resting.get(order_id)
        if not self._is_there(order, member, where, subaccount) or order is None:
            raise refuse(404, "not_found")
        return order

    def changeable(
        self, member: Account, order_id: str, where: Destination, subaccount: int
    ) -> UserOrder:
        """Return a member's resting order like `resting`; a filled one may be refused by name."""
        filled = self._blotter.filled.get(order_id)
        is_filled = filled is not None and self._is_there(filled, member, where, subaccount)
        if is_filled and self._filled_code != "not_found":
            raise refuse(400, self._filled_code)
        return self.resting(member, order_id, where, subaccount)

    def _is_there(
        self, order: UserOrder | None, member: Account, where: Destination, subaccount: int
    ) -> bool:
        shard = where.shard
        if shard is None:
            market = self._markets.get(where.ticker or "")
            if market is None:
                raise refuse(404, "market_not_found")
            shard = market.shard
        return (
            order is not None
            and order.account.name == member.name
            and order.account.subaccount == subaccount
            and order.shard == shard
        )
