"""Book what Kalshi's markets execute: cash, positions, fees, fills, and the orders they touch."""

from twoleg.sim.exchange import Match, Side, Walk, opposite
from twoleg.sim.kalshi.blotter import Blotter
from twoleg.sim.kalshi.cash import MAKER, TAKER, Till
from twoleg.sim.kalshi.groups import OrderGroups
from twoleg.sim.kalshi.ledger import Account, cash_change_micros, cost_micros
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.orders import Fill, UserOrder, own_price_e4


class Booking:
    """Turns walks into fills of both sides. The crowd's side is one account without orders."""

    def __init__(self, blotter: Blotter, till: Till, groups: OrderGroups, crowd: Account) -> None:
        self._blotter = blotter
        self._till = till
        self._groups = groups
        self._crowd = crowd

    def book(
        self, market: MarketState, side: Side, walk: Walk, taker: UserOrder | None = None
    ) -> None:
        """Book a walk for taker (None: the crowd) and makers, and announce it."""
        touched: dict[str, UserOrder] = {}
        for match in walk.matches:
            trade_id = self._blotter.new_id()
            market.last_price_e4, market.last_size_e6 = match.price_e4, match.size_e6
            market.volume_e6 += match.size_e6
            maker = self._blotter.resting.get(match.maker_order_id)
            self._book_side(market, side, match, trade_id=trade_id, order=taker, role=TAKER)
            self._book_side(
                market, opposite(side), match, trade_id=trade_id, order=maker, role=MAKER
            )
            if maker is not None:
                touched[maker.order_id] = maker
            self._blotter.announcer.trade(market, trade_id, side, match)
        for order in walk.canceled:
            self._blotter.finish(self._blotter.resting[order.order_id], "SelfTradeCancel")
        for maker in touched.values():
            if maker.remaining_e6 == 0:
                self._blotter.finish(maker, "Trade")
            else:
                self._blotter.publish(maker, "Trade")
        self._blotter.announcer.ticker(market)

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
            self._crowd.apply(ticker, shard, side, size_e6=size_e6, price_e4=price_e4, fee_micros=0)
            return
        account = order.account
        fee = order.fees.charge(
            cash_change_micros(account.position_e6(ticker), side, size_e6, price_e4),
            self._till.trade_fee(market, size_e6, price_e4, role),
        )
        account.apply(ticker, shard, side, size_e6=size_e6, price_e4=price_e4, fee_micros=fee)
        cost = cost_micros(size_e6, own_price_e4(side, price_e4))
        order.filled_e6 += size_e6
        order.remaining_e6 -= size_e6
        order.notional_micros += cost_micros(size_e6, price_e4)
        if role == TAKER:
            order.taker_cost_micros += cost
            order.taker_fees_micros += fee
        else:
            order.maker_cost_micros += cost
            order.maker_fees_micros += fee
        self._groups.note_fill(order.request.order_group_id, size_e6)
        fill = Fill(
            number=self._blotter.next_number(),
            trade_id=trade_id,
            order=order,
            size_e6=size_e6,
            price_e4=price_e4,
            is_taker=role == TAKER,
            fee_micros=fee,
            position_after_e6=account.position_e6(ticker),
            ts_us=self._blotter.now_us(),
        )
        self._blotter.publish_fill(fill)
        self._blotter.publish_position(market, account)
