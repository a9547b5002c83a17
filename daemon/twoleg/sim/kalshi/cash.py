"""What Kalshi's members can afford: cash that resting orders lock, and what a new order would need.

Kalshi docs, 2026-10: buying YES at p locks p, selling YES at p locks 1 − p, closing an opposite
holding needs nothing. Balances are kept per shard and subaccount.
"""

from twoleg.sim.exchange import SelfTrade, Side, Walk
from twoleg.sim.kalshi.blotter import Blotter
from twoleg.sim.kalshi.errors import refuse
from twoleg.sim.kalshi.ledger import (
    FEE_COEFFICIENTS_E4,
    PRECISION_MICROS,
    Account,
    OrderFees,
    cash_change_micros,
    ceil_trade_fee,
    cost_micros,
)
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.options import KalshiOptions
from twoleg.sim.kalshi.orders import NewOrder, UserOrder, own_price_e4

SELF_TRADE: dict[str, SelfTrade] = {"taker_at_cross": "stop", "maker": "cancel"}
# Numbers of the fee coefficients in their pair.
TAKER, MAKER = 0, 1
# A multiplier of one, in 1/10 000.
_ONE_E4 = 10_000


class Till:
    """Tells what an account has free on a shard and whether an order is covered."""

    def __init__(self, blotter: Blotter, options: KalshiOptions) -> None:
        self._blotter = blotter
        self._options = options

    def available_micros(
        self, account: Account, shard: int, *, without: UserOrder | None = None
    ) -> int:
        """Return the cash that no resting order has locked; `without` is left out of account."""
        return account.cash_micros.get(shard, 0) - self._locked_micros(account, shard, without)

    def check(
        self,
        account: Account,
        market: MarketState,
        new: NewOrder,
        size_e6: int,
        *,
        without: UserOrder | None = None,
    ) -> Walk:
        """Return what the order would execute now, or refuse it for want of cash.

        It must be covered at its limit, and at the prices it meets with their fees. `without` is
        the resting order that it replaces.
        """
        walk = market.exchange.quote(
            new.side,
            new.price_e4,
            account=account.name,
            size_e6=size_e6,
            self_trade=SELF_TRADE[new.self_trade_prevention],
        )
        closable_e6 = closable(account.position_e6(new.ticker), new.side)
        closable_e6 -= sum(
            order.remaining_e6
            for order in self._blotter.resting_of(account)
            if order.ticker == new.ticker and order.side == new.side and order is not without
        )
        price_own_e4 = own_price_e4(new.side, new.price_e4)
        needed = cost_micros(size_e6 - min(size_e6, max(0, closable_e6)), price_own_e4)
        needed = max(needed, self._walk_cost(account, market, new, size_e6, walk))
        available = self.available_micros(account, market.shard, without=without)
        if needed > 0 and needed > available:
            is_locked = needed <= account.cash_micros.get(market.shard, 0)
            # Which of the two codes means what is not documented.
            code = self._options.locked_cash_code if is_locked else "insufficient_balance"
            raise refuse(400, code)
        return walk

    def trade_fee(self, market: MarketState, size_e6: int, price_e4: int, role: int) -> int:
        """Return the trade fee of a fill; whether makers' fees are multiplied is an option."""
        fee_type, multiplier_e4 = market.fee_terms(
            self._blotter.now_s(), waiver_is_free=self._options.waiver_is_free
        )
        if role == MAKER and multiplier_e4 and not self._options.maker_fee_multiplied:
            multiplier_e4 = _ONE_E4
        coefficient_e4 = FEE_COEFFICIENTS_E4[fee_type][role]
        return ceil_trade_fee(coefficient_e4, multiplier_e4, size_e6, price_e4)

    def _walk_cost(
        self, account: Account, market: MarketState, new: NewOrder, size_e6: int, walk: Walk
    ) -> int:
        fees = OrderFees(PRECISION_MICROS[account.member])
        position_e6 = account.position_e6(new.ticker)
        cost = 0
        for match in walk.matches:
            change = cash_change_micros(position_e6, new.side, match.size_e6, match.price_e4)
            trade_fee = self.trade_fee(market, match.size_e6, match.price_e4, TAKER)
            cost += fees.charge(change, trade_fee) - change
            position_e6 += match.size_e6 if new.side == "bid" else -match.size_e6
        if new.time_in_force == "good_till_canceled":
            rest_e6 = size_e6 - walk.size_e6
            opened_e6 = rest_e6 - min(rest_e6, closable(position_e6, new.side))
            cost += cost_micros(opened_e6, own_price_e4(new.side, new.price_e4))
        return cost

    def _locked_micros(self, account: Account, shard: int, without: UserOrder | None) -> int:
        # Older orders use up the holding that they would close; the rest of them opens.
        closing_left_e6: dict[tuple[str, Side], int] = {}
        locked = 0
        for order in self._blotter.resting_of(account):
            if order.shard != shard or order is without:
                continue
            key = (order.ticker, order.side)
            held_e6 = closable(account.position_e6(order.ticker), order.side)
            left_e6 = closing_left_e6.get(key, held_e6)
            closing_e6 = min(left_e6, order.remaining_e6)
            closing_left_e6[key] = left_e6 - closing_e6
            price_own_e4 = own_price_e4(order.side, order.request.price_e4)
            locked += cost_micros(order.remaining_e6 - closing_e6, price_own_e4)
        return locked


def closable(position_e6: int, side: Side) -> int:
    """Return how much of a position an order on this side would close."""
    return max(0, -position_e6 if side == "bid" else position_e6)
