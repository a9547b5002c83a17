import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twoleg.sim.exchange import Change, Exchange, Order, Side

C = 1_000_000


def book(*orders: tuple[str, str, int, int]) -> Exchange:
    exchange = Exchange()
    for number, (account, side, price_e4, contracts) in enumerate(orders):
        exchange.add(Order(f"o{number}", account, as_side(side), price_e4, contracts * C))
    return exchange


def as_side(text: str) -> Side:
    return "bid" if text == "bid" else "ask"


def test_take_fills_best_price_first_then_oldest() -> None:
    exchange = book(("a", "ask", 5200, 5), ("b", "ask", 5100, 5), ("c", "ask", 5100, 5))
    walk = exchange.take("bid", 5200, account="t", size_e6=12 * C)
    assert [
        (m.maker_account, m.price_e4, m.size_e6 // C, m.maker_left_e6 // C) for m in walk.matches
    ] == [
        ("b", 5100, 5, 0),
        ("c", 5100, 5, 0),
        ("a", 5200, 2, 3),
    ]
    assert exchange.levels("ask") == [(5200, 3 * C)]


def test_take_stops_at_limit_and_rests_nothing() -> None:
    exchange = book(("a", "bid", 4000, 5), ("a", "bid", 3900, 5))
    walk = exchange.take("ask", 4000, account="t", size_e6=9 * C)
    assert walk.size_e6 == 5 * C
    assert exchange.levels("bid") == [(3900, 5 * C)]
    assert exchange.levels("ask") == []


def test_take_by_spend_floors_size_so_that_cost_stays_within() -> None:
    exchange = book(("a", "ask", 3000, 100))
    walk = exchange.take("bid", 3000, account="t", spend_micros=1_000_000)
    assert walk.size_e6 == 3_333_333
    assert walk.size_e6 * 3000 <= 1_000_000 * 10_000


def test_take_by_spend_buying_no_pays_one_minus_price() -> None:
    exchange = book(("a", "bid", 7000, 2), ("a", "bid", 6000, 100))
    walk = exchange.take("ask", 6000, account="t", spend_micros=1_000_000)
    # Two at 0.30, then 0.40 left for contracts at 0.40.
    assert [match.size_e6 for match in walk.matches] == [2 * C, C]


@pytest.mark.parametrize(("size", "spend"), [(None, None), (1, 1)])
def test_quote_needs_exactly_one_bound(size: int | None, spend: int | None) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        book().quote("bid", 5000, account="t", size_e6=size, spend_micros=spend)


def test_quote_changes_nothing() -> None:
    exchange = book(("a", "ask", 5100, 5))
    assert exchange.quote("bid", 5100, account="t", size_e6=3 * C).size_e6 == 3 * C
    assert exchange.levels("ask") == [(5100, 5 * C)]


def test_self_trade_stop_keeps_earlier_matches_and_own_order() -> None:
    exchange = book(("a", "ask", 5000, 1), ("t", "ask", 5100, 1), ("a", "ask", 5200, 1))
    walk = exchange.take("bid", 5300, account="t", size_e6=3 * C, self_trade="stop")
    assert walk.is_self_stopped
    assert walk.size_e6 == C
    assert exchange.levels("ask") == [(5100, C), (5200, C)]


def test_self_trade_cancel_removes_own_order_and_goes_on() -> None:
    exchange = book(("t", "ask", 5100, 1), ("a", "ask", 5200, 1))
    walk = exchange.take("bid", 5300, account="t", size_e6=C, self_trade="cancel")
    assert [order.order_id for order in walk.canceled] == ["o0"]
    assert walk.size_e6 == C
    assert exchange.levels("ask") == []


def test_self_trade_skip_and_allow() -> None:
    exchange = book(("t", "ask", 5100, 1), ("a", "ask", 5200, 1))
    assert exchange.quote("bid", 5300, account="t", size_e6=C).matches[0].maker_account == "t"
    skipped = exchange.take("bid", 5300, account="t", size_e6=C, self_trade="skip")
    assert skipped.matches[0].maker_account == "a"
    assert exchange.levels("ask") == [(5100, C)]


def test_changes_are_reported_once_per_level_with_totals() -> None:
    exchange = Exchange()
    seen: list[Change] = []
    exchange.on_change(seen.append)
    exchange.add(Order("a", "x", "ask", 5100, 2 * C))
    exchange.add(Order("b", "y", "ask", 5100, 3 * C))
    exchange.take("bid", 5100, account="t", size_e6=4 * C)
    exchange.cancel("b")
    assert seen == [
        ("ask", 5100, 2 * C, 2 * C),
        ("ask", 5100, 5 * C, 3 * C),
        ("ask", 5100, C, -4 * C),
        ("ask", 5100, 0, -C),
    ]


def test_cancel_and_reduce_of_unknown_orders_return_none() -> None:
    exchange = book(("a", "bid", 4000, 5))
    assert exchange.cancel("nothing") is None
    assert exchange.reduce("nothing", 1) is None
    assert exchange.cancel("o0") == 5 * C
    assert exchange.cancel("o0") is None


def test_reduce_keeps_time_priority() -> None:
    exchange = book(("a", "bid", 4000, 5), ("b", "bid", 4000, 5))
    assert exchange.reduce("o0", 4 * C) == C
    assert exchange.quote("ask", 4000, account="t", size_e6=C).matches[0].maker_account == "a"
    assert exchange.reduce("o0", 9 * C) == 0
    assert exchange.get("o0") is None


@pytest.mark.parametrize("order", [("x", 0, 1), ("x", 10_000, 1), ("x", 5000, 0), ("o0", 5000, 1)])
def test_add_refuses_what_cannot_rest(order: tuple[str, int, int]) -> None:
    exchange = book(("a", "bid", 4000, 5))
    with pytest.raises(ValueError, match="order"):
        exchange.add(Order(order[0], "a", "bid", order[1], order[2]))


def test_depth_and_crossing() -> None:
    exchange = book(("a", "bid", 4000, 5), ("b", "bid", 3900, 5), ("b", "ask", 4200, 1))
    assert exchange.depth_e6("ask", 3900) == 10 * C
    assert exchange.depth_e6("ask", 3950) == 5 * C
    assert exchange.would_cross("ask", 4000)
    assert not exchange.would_cross("ask", 4001)
    assert exchange.would_cross("bid", 4200)
    assert not book().would_cross("bid", 9999)
    assert [order.order_id for order in exchange.orders("b")] == ["o1", "o2"]


class NaiveMatcher:
    """A list of orders, searched from scratch each time."""

    def __init__(self) -> None:
        self.orders: list[list] = []

    def add(self, order_id: str, side: str, price: int, size: int) -> None:
        self.orders.append([order_id, side, price, size])

    def cancel(self, order_id: str) -> None:
        self.orders = [order for order in self.orders if order[0] != order_id]

    def take(self, side: str, limit: int, size: int | None, spend: int | None) -> list[tuple]:
        budget = None if spend is None else spend * 10_000
        found: list[tuple] = []
        while True:
            others = [
                o
                for o in self.orders
                if o[1] != side and (o[2] <= limit if side == "bid" else o[2] >= limit)
            ]
            if not others:
                return found
            sign = 1 if side == "bid" else -1
            best = min(others, key=lambda o: (sign * o[2], self.orders.index(o)))
            cost = best[2] if side == "bid" else 10_000 - best[2]
            want = size if budget is None else budget // cost
            if want == 0:
                return found
            fill = min(want, best[3])
            found.append((best[0], best[2], fill))
            best[3] -= fill
            if size is not None:
                size -= fill
            if budget is not None:
                budget -= fill * cost
            if best[3] == 0:
                self.orders.remove(best)

    def levels(self, side: str) -> dict[int, int]:
        levels: dict[int, int] = {}
        for _, own, price, size in self.orders:
            if own == side:
                levels[price] = levels.get(price, 0) + size
        return levels


sides = st.sampled_from(["bid", "ask"])
prices = st.integers(4_950, 5_050)
sizes = st.integers(1, 30 * C)
acts = st.one_of(
    st.tuples(st.just("add"), sides, prices, sizes),
    st.tuples(st.just("take"), sides, prices, sizes),
    st.tuples(st.just("spend"), sides, prices, sizes),
    st.tuples(st.just("cancel"), sides, st.integers(0, 30), sizes),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(acts, max_size=40))
def test_exchange_agrees_with_a_naive_matcher(script: list[tuple[str, str, int, int]]) -> None:
    exchange, naive = Exchange(), NaiveMatcher()
    mirror: dict[tuple[str, int], int] = {}
    exchange.on_change(lambda c: mirror.__setitem__((c.side, c.price_e4), c.size_e6))
    for number, (act, text, price, size) in enumerate(script):
        side = as_side(text)
        if act == "add" and not exchange.would_cross(side, price):
            exchange.add(Order(f"o{number}", "a", side, price, size))
            naive.add(f"o{number}", side, price, size)
        elif act == "cancel":
            exchange.cancel(f"o{price}")
            naive.cancel(f"o{price}")
        elif act in ("take", "spend"):
            shares, spend = (size, None) if act == "take" else (None, size)
            walk = exchange.take(side, price, account="t", size_e6=shares, spend_micros=spend)
            found = [(m.maker_order_id, m.price_e4, m.size_e6) for m in walk.matches]
            assert found == naive.take(side, price, shares, spend)
        for each in ("bid", "ask"):
            levels = exchange.levels(as_side(each))
            assert dict(levels) == naive.levels(each)
            assert dict(levels) == {p: s for (d, p), s in mirror.items() if d == each and s}
            assert [p for p, _ in levels] == sorted(dict(levels), reverse=each == "bid")
