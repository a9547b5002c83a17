"""Kalshi's order entry: checks an order, matches it, books what was traded, tells who must know.

Synchronous throughout: between the first check and the last booking nothing else happens. The order
of the checks is a choice; the docs do not say it. Sources: Kalshi docs, openapi 3.34.0 and
market_lifecycle, 2026-10; error bodies as captured in 2026.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol
from uuid import UUID

from twoleg.sim.exchange import Match, Order, SelfTrade, Side, Walk, opposite
from twoleg.sim.flow import Clock
from twoleg.sim.kalshi_errors import refuse
from twoleg.sim.kalshi_ledger import (
    FEE_COEFFICIENTS_E4,
    PRECISION_MICROS,
    Account,
    OrderFees,
    cash_change_micros,
    ceil_trade_fee,
    cost_micros,
)
from twoleg.sim.kalshi_markets import MarketState
from twoleg.sim.kalshi_orders import Fill, NewOrder, UserOrder, own_price_e4
from twoleg.sim.kalshi_reads import ReadModel, Row
from twoleg.sim.kalshi_text import count_text, money_text, time_text

_SELF_TRADE: Final[dict[str, SelfTrade]] = {"taker_at_cross": "stop", "maker": "cancel"}
# Cancel-all also hits orders placed during the following minute (Kalshi docs, cancel-all,
# 2026-08-27).
CANCEL_ALL_TAIL_NS: Final = 60_000_000_000
# Numbers of the fee coefficients in their pair.
_TAKER, _MAKER = 0, 1


@dataclass(slots=True)
class Shard:
    """Whether an exchange instance lets orders in and trades."""

    exchange_active: bool = True
    trading_active: bool = True


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


class Desk:
    """Order entry over all markets. `cause` is the member's order whose action is going on."""

    def __init__(
        self,
        markets: Mapping[str, MarketState],
        accounts: Mapping[str, Account],
        crowd: Account,
        *,
        clock: Clock,
        rng: Random,
        reads: ReadModel,
        announcer: Announcer,
    ) -> None:
        self.markets = markets
        self.accounts = accounts
        self.crowd = crowd
        self._clock = clock
        self._rng = rng
        self._reads = reads
        self._announcer = announcer
        self.shards = {market.shard: Shard() for market in markets.values()}
        self.shards.setdefault(0, Shard())
        # Every order that rests, by id.
        self.resting: dict[str, UserOrder] = {}
        # Client order ids ever used, per account: consumed for good.
        self._used_ids: set[tuple[str, str]] = set()
        # Monotonic time until which new resting orders are canceled at once, per account.
        self._cancel_all_until: dict[str, int] = {}
        self._numbers = 0
        self.cause: UserOrder | None = None

    # -- entry -------------------------------------------------------------------------------------

    def create(
        self, account: Account, new: NewOrder, *, before_match: Callable[[int], None]
    ) -> UserOrder:
        """Accept and match an order, or raise its refusal.

        `before_match` is called with the size after all checks and just before matching, when other
        people may still act.
        """
        market = self.market_of(new)
        if not market.grid.contains(new.price_e4):
            raise refuse(400, "invalid_price")
        if market.shard not in account.cash_micros:
            raise refuse(404, "user_not_found")
        self._check_trading(market)
        key = (account.name, new.client_order_id)
        if new.client_order_id and key in self._used_ids:
            raise refuse(409, "order_already_exists")
        size_e6 = self._size_allowed(account, new)
        self._check_cash(account, market, new, size_e6)
        before_match(size_e6)
        walk = self._check_cash(account, market, new, size_e6)
        self._used_ids.add(key)
        if new.post_only and market.exchange.would_cross(new.side, new.price_e4):
            raise refuse(400, "invalid_order", "post only cross")
        if new.time_in_force == "fill_or_kill" and walk.size_e6 < size_e6:
            raise refuse(409, "fill_or_kill_insufficient_resting_volume")
        order = self._open(account, market, new, size_e6)
        self.cause = order
        try:
            self._match(market, order)
        finally:
            self.cause = None
        return order

    def cancel(self, order: UserOrder, reason: str | None = None) -> int:
        """Take a resting order off the book; return the size it had left."""
        left_e6 = order.remaining_e6
        self.cause, outer = order, self.cause
        try:
            self.markets[order.ticker].exchange.cancel(order.order_id)
        finally:
            self.cause = outer
        self._finish(order, reason)
        self._announcer.ticker(self.markets[order.ticker])
        return left_e6

    def cancel_all(self, account: Account) -> None:
        """Cancel every resting order of an account, and those it places in the next minute."""
        self._cancel_all_until[account.name] = self._clock.monotonic_ns() + CANCEL_ALL_TAIL_NS
        for order in self.resting_of(account):
            self.cancel(order)

    def check_cancel(self, market: MarketState) -> None:
        """Raise the refusal if the market does not even let cancels in."""
        if not self.shards[market.shard].exchange_active:
            raise refuse(409, "exchange_is_paused")
        if market.status(self._now_s()) == "closed":
            raise refuse(409, "market_inactive")

    def resting_of(self, account: Account | None = None) -> list[UserOrder]:
        """Return the resting orders (of one account), oldest first."""
        return [o for o in self.resting.values() if account is None or o.account is account]

    def expire(self) -> None:
        """Cancel resting orders whose expiration has come or whose market has closed."""
        now_s = self._now_s()
        for order in self.resting_of():
            expiration_ts_s = order.request.expiration_ts_s
            if self.markets[order.ticker].status(now_s) == "closed":
                self.cancel(order, "CloseCancel")
            elif expiration_ts_s is not None and expiration_ts_s <= now_s:
                self.cancel(order, "ExpiryCancel")

    def pause(self, tickers: set[str]) -> None:
        """Cancel the orders in these markets that asked for it, as trading has paused."""
        for order in self.resting_of():
            if order.ticker in tickers and order.request.cancel_on_pause:
                self.cancel(order, "HaltCancel")

    def available_micros(self, account: Account, shard: int) -> int:
        """Return the cash on a shard that no resting order has locked."""
        return account.cash_micros[shard] - self._locked_micros(account, shard)

    def market_of(self, new: NewOrder) -> MarketState:
        """Return the market an order names; an explicit wrong shard is an unknown market."""
        market = self.markets.get(new.ticker)
        if market is None or new.exchange_index not in (None, -1, market.shard):
            raise refuse(404, "market_not_found")
        return market

    # -- booking -----------------------------------------------------------------------------------

    def book(
        self, market: MarketState, side: Side, walk: Walk, taker: UserOrder | None = None
    ) -> None:
        """Book a walk for taker (None: the crowd) and makers, and announce it."""
        touched: dict[str, UserOrder] = {}
        for match in walk.matches:
            trade_id = self.new_id()
            market.last_price_e4, market.last_size_e6 = match.price_e4, match.size_e6
            market.volume_e6 += match.size_e6
            maker = self.resting.get(match.maker_order_id)
            self._book_side(market, side, match, trade_id=trade_id, order=taker, role=_TAKER)
            self._book_side(
                market, opposite(side), match, trade_id=trade_id, order=maker, role=_MAKER
            )
            if maker is not None:
                touched[maker.order_id] = maker
            self._announcer.trade(market, trade_id, side, match)
        for order in walk.canceled:
            self._finish(self.resting[order.order_id], "SelfTradeCancel")
        for maker in touched.values():
            if maker.remaining_e6 == 0:
                self._finish(maker, "Trade")
            else:
                self.publish(maker, "Trade")
        self._announcer.ticker(market)

    def publish(self, order: UserOrder, reason: str | None = None) -> None:
        """Make an order's new state readable and announce it."""
        order.updated_us = self._now_us()
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
        )
        self._reads.put_order(order.account.name, row)
        self._announcer.user_order(order)

    def new_id(self) -> str:
        """Return a random UUID from the seeded generator."""
        return str(UUID(int=self._rng.getrandbits(128), version=4))

    def _book_side(
        self,
        market: MarketState,
        side: Side,
        match: Match,
        *,
        trade_id: str,
        order: UserOrder | None,
        role: int,
    ) -> None:
        shard, ticker = market.shard, market.ticker
        size_e6, price_e4 = match.size_e6, match.price_e4
        if order is None:
            self.crowd.apply(ticker, shard, side, size_e6=size_e6, price_e4=price_e4, fee_micros=0)
            return
        account, before_e6 = order.account, order.account.position_e6(ticker)
        fee = order.fees.charge(
            cash_change_micros(before_e6, side, size_e6, price_e4),
            self._trade_fee(market, size_e6, price_e4, role),
        )
        account.apply(ticker, shard, side, size_e6=size_e6, price_e4=price_e4, fee_micros=fee)
        cost = cost_micros(size_e6, own_price_e4(side, price_e4))
        order.filled_e6 += size_e6
        order.remaining_e6 -= size_e6
        order.notional_micros += cost_micros(size_e6, price_e4)
        if role == _TAKER:
            order.taker_cost_micros += cost
            order.taker_fees_micros += fee
        else:
            order.maker_cost_micros += cost
            order.maker_fees_micros += fee
        self._numbers += 1
        fill = Fill(
            number=self._numbers,
            trade_id=trade_id,
            order=order,
            size_e6=size_e6,
            price_e4=price_e4,
            is_taker=role == _TAKER,
            fee_micros=fee,
            position_after_e6=account.position_e6(ticker),
            ts_us=self._now_us(),
        )
        self._publish_fill(market, fill)

    def _publish_fill(self, market: MarketState, fill: Fill) -> None:
        order, ts_s = fill.order, fill.ts_us // 1_000_000
        event_ticker, shard = order.event_ticker, order.shard
        name = order.account.name
        row = Row(
            fill.number, order.ticker, event_ticker, order.order_id, shard, ts_s, "", fill.to_json()
        )
        self._reads.put_fill(name, row)
        position = order.account.positions[market.ticker]
        json: dict[str, object] = {
            "ticker": market.ticker,
            "exchange_index": shard,
            "position_fp": count_text(position.size_e6),
            "market_exposure_dollars": money_text(position.exposure_micros),
            "total_traded_dollars": money_text(position.traded_micros),
            "realized_pnl_dollars": money_text(position.realized_micros),
            "fees_paid_dollars": money_text(position.fees_micros),
            "last_updated_ts": time_text(fill.ts_us),
        }
        self._reads.put_position(
            name, Row(fill.number, market.ticker, event_ticker, "", shard, ts_s, "", json)
        )
        self._announcer.fill(fill)

    # -- matching ----------------------------------------------------------------------------------

    def _open(
        self, account: Account, market: MarketState, new: NewOrder, size_e6: int
    ) -> UserOrder:
        self._numbers += 1
        now_us = self._now_us()
        return UserOrder(
            number=self._numbers,
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

    def _match(self, market: MarketState, order: UserOrder) -> None:
        new = order.request
        walk = Walk(())
        if order.remaining_e6 > 0:
            walk = market.exchange.take(
                new.side,
                new.price_e4,
                account=order.account.name,
                size_e6=order.remaining_e6,
                self_trade=_SELF_TRADE[new.self_trade_prevention],
            )
            self.book(market, new.side, walk, order)
        if order.remaining_e6 == 0 and order.filled_e6 > 0:
            order.status = "executed"
            self.publish(order, "Trade")
        elif new.time_in_force != "good_till_canceled" or walk.is_self_stopped:
            self._finish(order, _why_ended(order, walk))
        else:
            self._rest(market, order)

    def _rest(self, market: MarketState, order: UserOrder) -> None:
        self.resting[order.order_id] = order
        market.exchange.add(
            Order(
                order.order_id,
                order.account.name,
                order.side,
                order.request.price_e4,
                order.remaining_e6,
            )
        )
        self.publish(order)
        self._announcer.ticker(market)

    def sweep_cancel_all(self, order: UserOrder) -> None:
        """Cancel an order that was accepted within the tail of a cancel-all."""
        until_ns = self._cancel_all_until.get(order.account.name, 0)
        if order.order_id in self.resting and self._clock.monotonic_ns() < until_ns:
            self.cancel(order)

    def _finish(self, order: UserOrder, reason: str | None) -> None:
        self.resting.pop(order.order_id, None)
        order.status = "executed" if reason == "Trade" else "canceled"
        order.remaining_e6 = 0
        self.publish(order, reason)

    # -- checks ------------------------------------------------------------------------------------

    def _check_trading(self, market: MarketState) -> None:
        self.check_cancel(market)
        is_active = market.status(self._now_s()) == "active"
        if not is_active or not self.shards[market.shard].trading_active:
            raise refuse(409, "trading_is_paused")

    def _size_allowed(self, account: Account, new: NewOrder) -> int:
        if not new.reduce_only:
            return new.size_e6
        return min(new.size_e6, _closable_e6(account.position_e6(new.ticker), new.side))

    def _check_cash(
        self, account: Account, market: MarketState, new: NewOrder, size_e6: int
    ) -> Walk:
        """Refuse what the available cash does not cover, at the limit or at the walk with fees."""
        walk = market.exchange.quote(
            new.side,
            new.price_e4,
            account=account.name,
            size_e6=size_e6,
            self_trade=_SELF_TRADE[new.self_trade_prevention],
        )
        closable_e6 = _closable_e6(account.position_e6(new.ticker), new.side)
        closable_e6 -= sum(
            order.remaining_e6
            for order in self.resting_of(account)
            if order.ticker == new.ticker and order.side == new.side
        )
        price_own_e4 = own_price_e4(new.side, new.price_e4)
        needed = cost_micros(size_e6 - min(size_e6, max(0, closable_e6)), price_own_e4)
        needed = max(needed, self._walk_cost(account, market, new, walk))
        if needed > 0 and needed > self.available_micros(account, market.shard):
            raise refuse(400, "insufficient_balance")
        return walk

    def _walk_cost(self, account: Account, market: MarketState, new: NewOrder, walk: Walk) -> int:
        fees = OrderFees(PRECISION_MICROS[account.member])
        position_e6 = account.position_e6(new.ticker)
        cost = 0
        for match in walk.matches:
            size_e6, price_e4 = match.size_e6, match.price_e4
            change = cash_change_micros(position_e6, new.side, size_e6, price_e4)
            trade_fee = self._trade_fee(market, size_e6, price_e4, _TAKER)
            cost += fees.charge(change, trade_fee) - change
            position_e6 += size_e6 if new.side == "bid" else -size_e6
        if new.time_in_force == "good_till_canceled":
            rest_e6 = new.size_e6 - walk.size_e6
            opened_e6 = rest_e6 - min(rest_e6, _closable_e6(position_e6, new.side))
            cost += cost_micros(opened_e6, own_price_e4(new.side, new.price_e4))
        return cost

    def _trade_fee(self, market: MarketState, size_e6: int, price_e4: int, role: int) -> int:
        described = market.pair.kalshi
        coefficient_e4 = FEE_COEFFICIENTS_E4[described.fee_type][role]
        return ceil_trade_fee(coefficient_e4, described.fee_multiplier_e4, size_e6, price_e4)

    def _locked_micros(self, account: Account, shard: int) -> int:
        # Older orders use up the holding that they would close; the rest of them opens.
        closable: dict[tuple[str, Side], int] = {}
        locked = 0
        for order in self.resting_of(account):
            if order.shard != shard:
                continue
            key = (order.ticker, order.side)
            held_e6 = _closable_e6(account.position_e6(order.ticker), order.side)
            left_e6 = closable.get(key, held_e6)
            closing_e6 = min(left_e6, order.remaining_e6)
            closable[key] = left_e6 - closing_e6
            price_own_e4 = own_price_e4(order.side, order.request.price_e4)
            locked += cost_micros(order.remaining_e6 - closing_e6, price_own_e4)
        return locked

    def _now_s(self) -> int:
        return self._clock.now_ns() // 1_000_000_000

    def _now_us(self) -> int:
        return self._clock.now_ns() // 1_000


def _closable_e6(position_e6: int, side: Side) -> int:
    return max(0, -position_e6 if side == "bid" else position_e6)


def _why_ended(order: UserOrder, walk: Walk) -> str | None:
    if walk.is_self_stopped:
        return "SelfTradeCancel"
    if order.request.reduce_only and order.filled_e6 < order.initial_e6:
        return "ReduceOnlyCancel"
    return None
