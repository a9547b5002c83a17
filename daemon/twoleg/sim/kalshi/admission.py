"""What Kalshi lets in: states of shards and markets, members, client order ids, numbers of orders.

Sources: Kalshi docs, openapi 3.34.0 and market_lifecycle, 2026-10; error bodies as captured in
2026.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from twoleg.sim.kalshi.blotter import Blotter
from twoleg.sim.kalshi.errors import KalshiRefusal, refuse
from twoleg.sim.kalshi.ledger import Account
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.options import KalshiOptions
from twoleg.sim.kalshi.orders import NewOrder


@dataclass(slots=True)
class Shard:
    """Whether an exchange instance lets orders in and trades."""

    exchange_active: bool = True
    trading_active: bool = True


class Admission:
    """Refuses what may not enter, before anybody looks at cash or the book."""

    def __init__(
        self, markets: Mapping[str, MarketState], blotter: Blotter, options: KalshiOptions
    ) -> None:
        self._markets = markets
        self._blotter = blotter
        self._options = options
        self.shards = {market.shard: Shard() for market in markets.values()}
        self.shards.setdefault(0, Shard())
        # Client order ids ever used, per member: consumed for good.
        self._used_ids: set[tuple[str, str]] = set()

    def market_of(self, new: NewOrder) -> MarketState:
        """Return the market an order names; an explicit wrong shard is an unknown market."""
        market = self._markets.get(new.ticker)
        if market is None or new.exchange_index not in (None, -1, market.shard):
            raise refuse(404, "market_not_found")
        if market.pair.kalshi.category in self._options.refused_categories:
            raise refuse(403, "forbidden", "market category not allowed")
        if not market.grid.contains(new.price_e4):
            raise refuse(400, "invalid_price")
        return market

    def account_of(self, member: Account, market: MarketState, new: NewOrder) -> Account:
        """Return the subaccount an order names; a member never funded there is unknown."""
        if market.shard not in member.cash_micros:
            suffix = f": {member.user_id}" if self._options.user_not_found_suffix else ""
            raise refuse(
                self._options.user_not_found_status,
                f"user_not_found{suffix.replace(' ', '_')}",
                message=f"user not found{suffix}",
            )
        account = member.sub(new.subaccount)
        if account is None:
            raise refuse(400, "invalid_parameters", "subaccount does not exist")
        return account

    def check_trading(self, market: MarketState) -> None:
        """Raise the refusal if the market does not let new orders and changes in."""
        self.check_cancel(market)
        is_active = market.status(self._blotter.now_s()) == "active"
        if not is_active or not self.shards[market.shard].trading_active:
            raise refuse(409, "trading_is_paused")

    def check_cancel(self, market: MarketState) -> None:
        """Raise the refusal if the market does not even let cancels in."""
        refusal = self.cancel_refusal(market)
        if refusal is not None:
            raise refusal

    def check_instances(self) -> None:
        """Raise the refusal of cancels if any exchange instance is paused."""
        if not all(shard.exchange_active for shard in self.shards.values()):
            raise refuse(409, "exchange_is_paused")

    def cancel_refusal(self, market: MarketState) -> KalshiRefusal | None:
        """Return what a cancel would meet; None when cancels are let in."""
        if not self.shards[market.shard].exchange_active:
            return refuse(409, "exchange_is_paused")
        if market.is_over(self._blotter.now_s()):
            return refuse(self._options.closed_market_status, self._options.closed_market_code)
        return None

    def check_id(self, name: str, client_order_id: str) -> None:
        """Raise the refusal if a client order id has been used."""
        if (name, client_order_id) in self._used_ids:
            raise refuse(409, "order_already_exists")

    def claim_id(self, name: str, client_order_id: str) -> None:
        """Use up a client order id for good, or raise the refusal if it has been used."""
        self.check_id(name, client_order_id)
        if client_order_id:
            self._used_ids.add((name, client_order_id))

    def check_open_orders(self, account: Account, new: NewOrder) -> None:
        """Refuse a resting order too many; the limit is documented (2026-06), its refusal not."""
        limit = self._options.open_orders_max
        if new.time_in_force != "good_till_canceled" or len(self._blotter.resting) < limit:
            return
        if len(self._blotter.resting_by(account.name)) >= limit:
            raise refuse(400, "invalid_order", f"more than {limit} open orders")
