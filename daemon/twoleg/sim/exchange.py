"""Match orders of one market by price, then time, in YES terms.

A `bid` buys YES; an `ask` sells YES, which is the same as buying NO at one minus the price. This
module knows no money, no venue, no clock: it keeps the resting orders, walks them and reports level
changes.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

ONE_E4 = 10_000

Side = Literal["bid", "ask"]
# What to do when a taker would meet a resting order of its own account:
#   allow   trade with oneself
#   stop    end the walk there; what was executed before stands
#   cancel  cancel the resting order and go on
#   skip    leave the resting order and go on behind it
SelfTrade = Literal["allow", "stop", "cancel", "skip"]


def opposite(side: Side) -> Side:
    """Return the side that a taker on `side` trades against."""
    return "ask" if side == "bid" else "bid"


@dataclass(slots=True)
class Order:
    """A resting order. `size_e6` is what is left; `arrival` is set by `Exchange.add`."""

    order_id: str
    account: str
    side: Side
    price_e4: int
    size_e6: int
    arrival: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """One execution against one resting order, at that order's YES price.

    `maker_left_e6` is what the resting order has left afterwards (0: it is gone).
    """

    maker_order_id: str
    maker_account: str
    price_e4: int
    size_e6: int
    maker_left_e6: int


class Change(NamedTuple):
    """A level's new total size (0: the level is gone) and by how much it changed."""

    side: Side
    price_e4: int
    size_e6: int
    delta_e6: int


@dataclass(frozen=True, slots=True)
class Walk:
    """What a taker gets: its matches in order, and why the walk ended early, if it did.

    `canceled` holds the taker's own resting orders that the policy `cancel` removed.
    """

    matches: tuple[Match, ...]
    is_self_stopped: bool = False
    canceled: tuple[Order, ...] = ()

    @property
    def size_e6(self) -> int:
        """Return the total size of the matches."""
        return sum(match.size_e6 for match in self.matches)


@dataclass(slots=True)
class _Level:
    """The orders at one price, first come first served."""

    # Insertion order of the dict is time priority.
    orders: dict[str, Order] = field(default_factory=dict)
    size_e6: int = 0


class Exchange:
    """The resting orders of one market.

    `on_change` listeners are called synchronously: once per `add`, `cancel` and `reduce`, and once
    per touched level of a `take`, after the book is already in its new state. Adding never matches:
    an order that would cross must be taken first (`would_cross`, `take`), then its rest added.
    `on_walk` listeners are called before those of the level changes that a `take` makes.
    """

    __slots__ = (
        "_arrivals",
        "_levels",
        "_listeners",
        "_orders",
        "_prices",
        "_walk_listeners",
        "actions",
        "market_id",
    )

    def __init__(self, market_id: str = "") -> None:
        self.market_id = market_id
        # Counts adds, cancels, reductions and takes, however many levels each of them changes.
        self.actions = 0
        # Counts additions; gives each order its place in time.
        self._arrivals = 0
        # Ascending prices with at least one order, per side.
        self._prices: dict[Side, list[int]] = {"bid": [], "ask": []}
        # Level of each price, per side.
        self._levels: dict[Side, dict[int, _Level]] = {"bid": {}, "ask": {}}
        # Every resting order by id.
        self._orders: dict[str, Order] = {}
        # Called after each level change.
        self._listeners: list[Callable[[Change], None]] = []
        # Called with a taker's side and what it gets, before the levels change.
        self._walk_listeners: list[Callable[[Side, Walk], None]] = []

    def on_change(self, listener: Callable[[Change], None]) -> None:
        """Call `listener` after every change of a level's total size."""
        self._listeners.append(listener)

    def on_walk(self, listener: Callable[[Side, Walk], None]) -> None:
        """Call `listener` for every take that matches, ahead of its level changes."""
        self._walk_listeners.append(listener)

    def add(self, order: Order) -> None:
        """Rest an order behind all others of its price. It must not cross the book."""
        if not 0 < order.price_e4 < ONE_E4 or order.size_e6 <= 0:
            msg = f"order {order.order_id} has no valid price and size"
            raise ValueError(msg)
        if order.order_id in self._orders:
            msg = f"order {order.order_id} rests already"
            raise ValueError(msg)
        self.actions += 1
        self._arrivals += 1
        order.arrival = self._arrivals
        self._orders[order.order_id] = order
        levels = self._levels[order.side]
        level = levels.get(order.price_e4)
        if level is None:
            level = levels[order.price_e4] = _Level()
            insort(self._prices[order.side], order.price_e4)
        level.orders[order.order_id] = order
        level.size_e6 += order.size_e6
        self._notify(order.side, order.price_e4, order.size_e6)

    def cancel(self, order_id: str) -> int | None:
        """Remove an order; return what was left of it, or None when it does not rest."""
        order = self._orders.get(order_id)
        if order is None:
            return None
        self.actions += 1
        left_e6 = order.size_e6
        self._shrink(order, left_e6)
        self._notify(order.side, order.price_e4, -left_e6)
        return left_e6

    def reduce(self, order_id: str, by_e6: int) -> int | None:
        """Shrink an order, keeping its place; return what is left (0: gone), None if unknown."""
        order = self._orders.get(order_id)
        if order is None:
            return None
        by_e6 = min(by_e6, order.size_e6)
        if by_e6 > 0:
            self.actions += 1
            self._shrink(order, by_e6)
            self._notify(order.side, order.price_e4, -by_e6)
        return order.size_e6

    def quote(
        self,
        side: Side,
        limit_price_e4: int,
        *,
        account: str,
        size_e6: int | None = None,
        spend_micros: int | None = None,
        self_trade: SelfTrade = "allow",
    ) -> Walk:
        """Return what `take` with the same arguments would execute, changing nothing."""
        if (size_e6 is None) == (spend_micros is None):
            msg = "bound the walk by exactly one of size_e6 and spend_micros"
            raise ValueError(msg)
        size_left_e6 = size_e6
        # 1e-4 micro-dollars: the unit in which size_e6 times price_e4 is exact.
        spend_left = None if spend_micros is None else spend_micros * ONE_E4
        matches: list[Match] = []
        canceled: list[Order] = []
        for order in self._walk(opposite(side), limit_price_e4):
            cost_e4 = order.price_e4 if side == "bid" else ONE_E4 - order.price_e4
            want_e6 = _wanted(size_left_e6, spend_left, cost_e4)
            if want_e6 <= 0:
                break
            if order.account == account and self_trade != "allow":
                if self_trade == "stop":
                    return Walk(tuple(matches), is_self_stopped=True)
                if self_trade == "cancel":
                    canceled.append(order)
                continue
            fill_e6 = min(want_e6, order.size_e6)
            matches.append(
                Match(
                    order.order_id,
                    order.account,
                    order.price_e4,
                    fill_e6,
                    order.size_e6 - fill_e6,
                )
            )
            if size_left_e6 is not None:
                size_left_e6 -= fill_e6
            if spend_left is not None:
                spend_left -= fill_e6 * cost_e4
        return Walk(tuple(matches), canceled=tuple(canceled))

    def take(
        self,
        side: Side,
        limit_price_e4: int,
        *,
        account: str,
        size_e6: int | None = None,
        spend_micros: int | None = None,
        self_trade: SelfTrade = "allow",
    ) -> Walk:
        """Execute as a taker on `side`, at resting prices, not worse than the limit (a YES price).

        `size_e6` bounds the walk by shares, exactly. `spend_micros` bounds it by dollars: a
        contract costs the taker p on side "bid" and 1 − p on side "ask"; the size is floored to
        1e-6 so that the cost never exceeds the spend. Exactly one of the two is given. Nothing is
        added to the book, whatever remains.
        """
        walk = self.quote(
            side,
            limit_price_e4,
            account=account,
            size_e6=size_e6,
            spend_micros=spend_micros,
            self_trade=self_trade,
        )
        for order in walk.canceled:
            self.cancel(order.order_id)
        if walk.matches:
            self.actions += 1
            for listener in self._walk_listeners:
                listener(side, walk)
        taken_e6: dict[int, int] = {}
        for match in walk.matches:
            self._shrink(self._orders[match.maker_order_id], match.size_e6)
            taken_e6[match.price_e4] = taken_e6.get(match.price_e4, 0) + match.size_e6
        for price_e4, size in taken_e6.items():
            self._notify(opposite(side), price_e4, -size)
        return walk

    def would_cross(self, side: Side, price_e4: int) -> bool:
        """Tell whether an order on `side` at this price meets the other side's best."""
        best_e4 = self.best(opposite(side))
        if best_e4 is None:
            return False
        return price_e4 >= best_e4 if side == "bid" else price_e4 <= best_e4

    def best(self, side: Side) -> int | None:
        """Return the best price of a side, or None when it is empty."""
        prices = self._prices[side]
        if not prices:
            return None
        return prices[-1] if side == "bid" else prices[0]

    def levels(self, side: Side) -> list[tuple[int, int]]:
        """Return (price_e4, size_e6) of every level, best first."""
        levels = self._levels[side]
        return [(price, levels[price].size_e6) for price in self._best_first(side)]

    def depth_e6(self, side: Side, limit_price_e4: int) -> int:
        """Return the size a taker on `side` finds up to the limit, whoever owns it."""
        return sum(order.size_e6 for order in self._walk(opposite(side), limit_price_e4))

    def size_at(self, side: Side, price_e4: int) -> int:
        """Return the total size of one level, 0 when there is none."""
        level = self._levels[side].get(price_e4)
        return 0 if level is None else level.size_e6

    def get(self, order_id: str) -> Order | None:
        """Return the resting order itself (read it, do not write it), or None."""
        return self._orders.get(order_id)

    def orders(self, account: str | None = None) -> list[Order]:
        """Return the resting orders (of one account) in order of arrival."""
        chosen = [o for o in self._orders.values() if account is None or o.account == account]
        return sorted(chosen, key=lambda order: order.arrival)

    def _best_first(self, side: Side) -> Iterator[int]:
        prices = self._prices[side]
        return reversed(prices) if side == "bid" else iter(prices)

    def _walk(self, side: Side, limit_price_e4: int) -> Iterator[Order]:
        for price_e4 in self._best_first(side):
            if price_e4 < limit_price_e4 if side == "bid" else price_e4 > limit_price_e4:
                return
            yield from self._levels[side][price_e4].orders.values()

    def _shrink(self, order: Order, by_e6: int) -> None:
        level = self._levels[order.side][order.price_e4]
        order.size_e6 -= by_e6
        level.size_e6 -= by_e6
        if order.size_e6 == 0:
            del level.orders[order.order_id]
            del self._orders[order.order_id]
        if not level.orders:
            del self._levels[order.side][order.price_e4]
            prices = self._prices[order.side]
            del prices[bisect_left(prices, order.price_e4)]

    def _notify(self, side: Side, price_e4: int, delta_e6: int) -> None:
        change = Change(side, price_e4, self.size_at(side, price_e4), delta_e6)
        for listener in self._listeners:
            listener(change)


def _wanted(size_left_e6: int | None, spend_left: int | None, cost_e4: int) -> int:
    if size_left_e6 is not None:
        return size_left_e6
    assert spend_left is not None  # quote() has checked that one bound is given
    return spend_left // cost_e4
