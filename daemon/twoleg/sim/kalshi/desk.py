"""Kalshi's order entry: checks an order, matches it, and takes orders off the books again.

Synchronous throughout: between the first check and the last booking nothing else happens. The order
of the checks is a choice; the docs do not say it. Sources: Kalshi docs, openapi 3.34.0 and
market_lifecycle, 2026-10; error bodies as captured in 2026.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from twoleg.sim.exchange import Order, Side, Walk
from twoleg.sim.flow import Clock
from twoleg.sim.kalshi.admission import Admission
from twoleg.sim.kalshi.blotter import Announcer, Blotter
from twoleg.sim.kalshi.booking import Booking
from twoleg.sim.kalshi.cash import SELF_TRADE, Till, closable
from twoleg.sim.kalshi.errors import refuse
from twoleg.sim.kalshi.groups import OrderGroup, OrderGroups
from twoleg.sim.kalshi.ledger import Account
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.options import KalshiOptions
from twoleg.sim.kalshi.orders import NewOrder, UserOrder
from twoleg.sim.kalshi.reads import ReadModel
from twoleg.sim.kalshi.scripted import ScriptedRefusals

BeforeMatch = Callable[[int], None]
_NS: Final = 1_000_000_000


class Desk:
    """Order entry over all markets. `cause` is the member's order whose action is going on."""

    def __init__(
        self,
        markets: Mapping[str, MarketState],
        crowd: Account,
        *,
        clock: Clock,
        rng: Random,
        reads: ReadModel,
        announcer: Announcer,
        options: KalshiOptions,
    ) -> None:
        self.markets = markets
        self.options = options
        self._clock = clock
        self.blotter = Blotter(
            clock=clock,
            rng=rng,
            reads=reads,
            announcer=announcer,
            partial_ioc_status=options.partial_ioc_status,
        )
        self.admission = Admission(markets, self.blotter, options)
        self.shards = self.admission.shards
        self.till = Till(self.blotter, options)
        self.groups = OrderGroups(clock, announcer, options.order_groups_max)
        self._booking = Booking(self.blotter, self.till, self.groups, crowd)
        self.scripted = ScriptedRefusals()
        # Monotonic time until which new resting orders are canceled at once, per member and
        # subaccount (None: all of them).
        self._cancel_all_until: dict[tuple[str, int | None], int] = {}
        self.cause: UserOrder | None = None

    # -- entry -------------------------------------------------------------------------------------

    def create(self, member: Account, new: NewOrder, *, before_match: BeforeMatch) -> UserOrder:
        """Accept and match an order of a member, or raise its refusal.

        `before_match` is called with the size after all checks and just before matching, when other
        people may still act.
        """
        self.scripted.meet("create")
        market = self.admission.market_of(new)
        account = self.admission.account_of(member, market, new)
        self.admission.check_trading(market)
        if new.order_group_id:
            self.groups.check_entry(account, market.shard, new.order_group_id)
        self.admission.check_id(account.name, new.client_order_id)
        self.admission.check_open_orders(account, new)
        size_e6 = self._size_allowed(account, new)
        self.till.check(account, market, new, size_e6)
        before_match(size_e6)
        walk = self.till.check(account, market, new, size_e6)
        is_crossing = new.post_only and market.exchange.would_cross(new.side, new.price_e4)
        if not is_crossing or self.options.post_only_consumes_id:
            self.admission.claim_id(account.name, new.client_order_id)
        if is_crossing:
            raise refuse(400, "invalid_order", "post only cross")
        if new.time_in_force == "fill_or_kill" and walk.size_e6 < size_e6:
            raise refuse(409, "fill_or_kill_insufficient_resting_volume")
        order = self.blotter.open(account, market, new, size_e6)
        self.match(market, order)
        return order

    def cancel(self, order: UserOrder, reason: str | None = None) -> int:
        """Take a resting order off the book; return the size it had left."""
        left_e6 = order.remaining_e6
        self.pull(order)
        self.blotter.finish(order, reason)
        self.blotter.announcer.ticker(self.markets[order.ticker])
        return left_e6

    def cancel_all(self, member: Account, subaccount: int | None = None) -> None:
        """Cancel a member's resting orders, and those it places in the next minute.

        What rests where not even cancels are let in stays; an option refuses the whole instead.
        """
        if self.options.cancel_all_in_pause == "refuses":
            self.admission.check_instances()
        tail_ns = self.options.cancel_all_tail_s * _NS
        self._cancel_all_until[member.name, subaccount] = self._clock.monotonic_ns() + tail_ns
        orders = self.blotter.resting_by(member.name, subaccount)
        for order in orders[: self.options.cancel_all_max]:
            if self.admission.cancel_refusal(self.markets[order.ticker]) is None:
                self.cancel(order)

    def sweep_cancel_all(self, order: UserOrder) -> None:
        """Cancel an order that was accepted within the tail of a cancel-all."""
        name, now_ns = order.account.name, self._clock.monotonic_ns()
        until_ns = max(
            self._cancel_all_until.get((name, subaccount), 0)
            for subaccount in (None, order.account.subaccount)
        )
        if order.order_id in self.blotter.resting and now_ns < until_ns:
            self.cancel(order)

    def resting_of(self, account: Account | None = None) -> list[UserOrder]:
        """Return the resting orders (of one account or subaccount), oldest first."""
        return self.blotter.resting_of(account)

    def expire(self) -> None:
        """Cancel resting orders whose expiration has come or whose market has closed."""
        now_s = self.blotter.now_s()
        for order in self.resting_of():
            expiration_ts_s = order.request.expiration_ts_s
            if self.markets[order.ticker].is_over(now_s):
                self.cancel(order, "CloseCancel")
            elif expiration_ts_s and expiration_ts_s + self.options.expiry_lag_s <= now_s:
                self.cancel(order, "ExpiryCancel")

    def pause(self, tickers: set[str]) -> None:
        """Cancel the orders in these markets that asked for it, as trading has paused."""
        for order in self.resting_of():
            if order.ticker in tickers and order.request.cancel_on_pause:
                self.cancel(order, "HaltCancel")

    def check_cancel(self, market: MarketState) -> None:
        """Raise the refusal if the market does not even let cancels in."""
        self.admission.check_cancel(market)

    def available_micros(self, account: Account, shard: int) -> int:
        """Return the cash on a shard that no resting order has locked."""
        return self.till.available_micros(account, shard)

    def book(
        self, market: MarketState, side: Side, walk: Walk, taker: UserOrder | None = None
    ) -> None:
        """Book a walk for taker (None: the crowd) and makers, and announce it."""
        makers = [self.blotter.resting.get(match.maker_order_id) for match in walk.matches]
        self._booking.book(market, side, walk, taker)
        self._trigger_exceeded()
        for maker in makers:
            if maker is not None:
                self._cover(maker.account, market.shard)

    # -- groups ------------------------------------------------------------------------------------

    def trigger(self, group: OrderGroup) -> None:
        """Cancel a group's orders and let no more in until its reset."""
        self.groups.trigger(group)
        self.cancel_group(group)

    def set_group_limit(self, group: OrderGroup, limit_e6: int) -> None:
        """Change a group's limit; one below what has filled in the window triggers it."""
        self.groups.set_limit(group, limit_e6)
        self._trigger_exceeded()

    def cancel_group(self, group: OrderGroup) -> None:
        """Cancel the resting orders of a group."""
        for order in self.resting_in(group):
            self.cancel(order)

    def resting_in(self, group: OrderGroup) -> list[UserOrder]:
        """Return the resting orders of a group, oldest first."""
        return [
            order
            for order in self.resting_of(group.account)
            if order.request.order_group_id == group.group_id
        ]

    # -- what changes of orders need too -----------------------------------------------------------

    def pull(self, order: UserOrder) -> None:
        """Take an order out of the book without ending it."""
        self.cause, outer = order, self.cause
        try:
            self.markets[order.ticker].exchange.cancel(order.order_id)
        finally:
            self.cause = outer
        self.blotter.resting.pop(order.order_id, None)

    def match(self, market: MarketState, order: UserOrder, reason: str | None = None) -> None:
        """Trade what crosses; then end the order or rest it behind all others of its price."""
        self.cause, outer = order, self.cause
        try:
            self._match(market, order, reason)
        finally:
            self.cause = outer

    # -- steps -------------------------------------------------------------------------------------

    def _cover(self, account: Account, shard: int) -> None:
        # A maker's fee is not locked beforehand; the youngest orders make room for it.
        for order in reversed(self.resting_of(account)):
            if self.available_micros(account, shard) >= 0:
                return
            if order.shard == shard:
                self.cancel(order, "MarginCancel")

    def _trigger_exceeded(self) -> None:
        for group in self.groups.take_exceeded():
            self.trigger(group)

    def _match(self, market: MarketState, order: UserOrder, reason: str | None) -> None:
        new = order.request
        walk = Walk(())
        if order.remaining_e6 > 0:
            walk = market.exchange.take(
                new.side,
                new.price_e4,
                account=order.account.name,
                size_e6=order.remaining_e6,
                self_trade=SELF_TRADE[new.self_trade_prevention],
            )
            self.book(market, new.side, walk, order)
        if order.remaining_e6 == 0 and order.filled_e6 > 0:
            self.blotter.finish(order, "Trade")
        elif new.time_in_force != "good_till_canceled" or walk.is_self_stopped:
            self.blotter.finish(order, _why_ended(order, walk))
        elif self.groups.is_triggered(new.order_group_id):
            self.blotter.finish(order, None)
        else:
            self._rest(market, order, reason)

    def _rest(self, market: MarketState, order: UserOrder, reason: str | None) -> None:
        self.blotter.resting[order.order_id] = order
        name, price_e4 = order.account.name, order.request.price_e4
        market.exchange.add(Order(order.order_id, name, order.side, price_e4, order.remaining_e6))
        self.blotter.publish(order, reason)
        self.blotter.announcer.ticker(market)

    def _size_allowed(self, account: Account, new: NewOrder) -> int:
        if not new.reduce_only:
            return new.size_e6
        return min(new.size_e6, closable(account.position_e6(new.ticker), new.side))


def _why_ended(order: UserOrder, walk: Walk) -> str | None:
    if walk.is_self_stopped:
        return "SelfTradeCancel"
    if order.request.reduce_only and order.filled_e6 < order.initial_e6:
        return "ReduceOnlyCancel"
    return None
