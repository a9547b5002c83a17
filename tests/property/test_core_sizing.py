"""No opportunity loses at its limits, and none breaks a rule of a venue or of ours."""

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.core import (
    CENT,
    STRUCTURES,
    event_sign,
    exact_fee,
    kalshi_market,
    make_pair,
    polymarket_market,
    snapshot,
)
from twoleg.core.books import Books
from twoleg.core.events import Level
from twoleg.core.evidence import Evidence
from twoleg.core.limits import FILL_CURVE, Limits
from twoleg.core.market import (
    Direction,
    FeeSchedule,
    Market,
    Outcome,
    Polarity,
    PriceGrid,
    Side,
)
from twoleg.core.opportunity import Legs, Opportunity, Room, look
from twoleg.core.sizing import least_edge, plan
from twoleg.core.spread import PairView, unit_edge

ONE = 1_000_000
CERTAIN = ((1_000, 10_000), (2_500, 10_000), (5_000, 9_000), (10_000, 8_000))

LADDERS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(100, 30_000).map(lambda lots: lots * 10_000)),
    min_size=1,
    max_size=10,
)
LIMITS = st.builds(
    Limits,
    edge_micros_min=st.sampled_from((0, 1_000, 5_000, 20_000)),
    depth_share_e4=st.sampled_from((1_000, 2_500, 5_000, 6_600, 10_000)),
    price_e4_min=st.sampled_from((100, 200, 1_000)),
    price_e4_max=st.sampled_from((9_900, 9_800, 9_000)),
    fill_curve=st.sampled_from((FILL_CURVE, CERTAIN)),
)
CASH = st.integers(5, 400).map(lambda dollars: dollars * 1_000_003)
ROOMS = st.builds(
    Room,
    size_e6=st.integers(500, 20_000).map(lambda lots: lots * 10_000),
    kalshi_cash_micros=CASH,
    polymarket_cash_micros=CASH,
    carry_e6=st.integers(-9_999, 9_999),
)
GRIDS = st.sampled_from(list(STRUCTURES.values()))


@st.composite
def scenes(draw: st.DrawFn) -> Legs:
    """Two books of any polarity, read in any direction, the tops near each other."""
    polarity, direction = draw(st.sampled_from(Polarity)), draw(st.sampled_from(Direction))
    fees = st.sampled_from((0, 35_000, 70_000))
    quantum = draw(st.sampled_from((1, 100, 10_000)))
    kalshi = kalshi_market(
        grid=draw(GRIDS),
        fees=FeeSchedule(rate_e6=draw(fees), balance_quantum_micros=quantum),
    )
    polymarket = polymarket_market(
        grid=draw(st.sampled_from((CENT, PriceGrid.uniform(10), PriceGrid.uniform(50)))),
        fees=FeeSchedule(rate_e6=draw(fees), quantum_micros=10),
    )
    top = draw(st.integers(100, 9_500))
    edge = draw(st.one_of(st.integers(-300, 300), st.integers(300, 1_500)))
    books = Books(0)
    for market in (kalshi, polymarket):
        books.change_market(market)
    kalshi_outcome = direction.kalshi_outcome
    polymarket_outcome = direction.polymarket_outcome(polarity)
    _offer(books, kalshi, kalshi_outcome, top, draw(LADDERS))
    _offer(books, polymarket, polymarket_outcome, 10_000 - top - edge, draw(LADDERS))
    view = PairView(
        make_pair(polarity),
        (kalshi, books.books[kalshi.id]),
        (polymarket, books.books[polymarket.id]),
    )
    return look(view, direction, 0)


def _offer(
    books: Books, market: Market, outcome: Outcome, top_e4: int, steps: list[tuple[int, int]]
) -> None:
    """Offers of `outcome` at and above `top_e4`, one bid two cents below."""
    offers: dict[int, int] = {}
    for up, size in steps:
        price = market.grid.ceil(max(1, top_e4 + up))
        if 0 < price < 10_000:
            offers[price] = size
    if not offers:
        offers[market.grid.floor(9_900)] = ONE
    bid = market.grid.floor(max(0, min(offers) - 200))
    bids: list[Level] = [(bid, 50 * ONE)] if bid else []
    asks = list(offers.items())
    if outcome is Outcome.NO:
        bids, asks = (
            [(10_000 - price, size) for price, size in asks],
            [(10_000 - price, size) for price, size in bids],
        )
    books.snapshot(snapshot(market.id, bids, asks))


def worst_fee(market: Market, low_e4: int, high_e4: int, size: Fraction) -> Fraction:
    """Dearest unrounded fee at any price of the interval, in dollars."""
    at = min(max(5_000, low_e4), high_e4)
    return exact_fee(market.fees, Fraction(at, 10_000), size)


def walked(ladder: tuple[Level, ...], spend: Fraction) -> tuple[Fraction, int]:
    """Shares (in contracts) that `spend` dollars buy, and the last price touched."""
    shares, worst = Fraction(0), 0
    for price_e4, size_e6 in ladder:
        price, size = Fraction(price_e4, 10_000), Fraction(size_e6, ONE)
        part = min(size, spend / price)
        shares, spend, worst = shares + part, spend - part * price, price_e4
        if spend == 0:
            break
    assert spend == 0, "the ladder holds the spend"
    return shares, worst


def net_at_limits(legs: Legs, found: Opportunity) -> Fraction:
    """Dollars left if `size` contracts of both outcomes cost their limits and dearest fees."""
    size = Fraction(found.size_e6, ONE)
    kalshi_low, polymarket_low = legs.kalshi_ladder[0][0], legs.polymarket_ladder[0][0]
    bought = max(size, Fraction(found.spend_micros, ONE) / Fraction(polymarket_low, 10_000))
    return (
        size * (1 - Fraction(found.kalshi_limit_e4 + found.polymarket_limit_e4, 10_000))
        - worst_fee(legs.kalshi, kalshi_low, found.kalshi_limit_e4, size)
        - worst_fee(legs.polymarket, polymarket_low, found.polymarket_limit_e4, bought)
    )


@given(scenes(), LIMITS, ROOMS)
def test_opportunity_never_nets_less_than_the_minimum_at_its_limits(
    legs: Legs, limits: Limits, room: Room
) -> None:
    found = plan(legs, limits, room, Evidence(limits))
    assume(found is not None)
    assert found is not None
    least = Fraction(limits.edge_micros_min, ONE) * Fraction(found.size_e6, ONE)
    assert net_at_limits(legs, found) >= least
    assert found.net_limit_micros >= 0
    assert found.expected_micros > 0
    # What the engine asks of both best prices before it walks at all.
    top = unit_edge(
        legs.kalshi, legs.kalshi_ladder[0][0], legs.polymarket, legs.polymarket_ladder[0][0]
    )
    # Two fee tables, each rounded up to a micro.
    assert top + 2 >= least_edge(limits, Evidence(limits))


@given(scenes(), LIMITS, ROOMS)
def test_opportunity_respects_grids_lots_and_minimum_sizes(
    legs: Legs, limits: Limits, room: Room
) -> None:
    found = plan(legs, limits, room, Evidence(limits))
    assume(found is not None)
    assert found is not None
    assert found.size_e6 % 10_000 == 0
    assert found.size_e6 >= 10_000
    assert found.spend_micros % 10_000 == 0
    assert found.spend_micros >= legs.polymarket.notional_micros_min
    # The venue reads the order's size as what the spend buys at the limit.
    assert found.spend_micros * 10_000 // found.polymarket_limit_e4 >= legs.polymarket.size_e6_min
    assert legs.kalshi.grid.holds(found.kalshi_limit_e4)
    assert legs.polymarket.grid.holds(found.polymarket_limit_e4)
    prices = (
        legs.kalshi_ladder[0][0],
        legs.polymarket_ladder[0][0],
        found.kalshi_limit_e4,
        found.polymarket_limit_e4,
    )
    assert limits.price_e4_min <= min(prices)
    assert max(prices) <= limits.price_e4_max


@given(scenes(), LIMITS, ROOMS)
def test_opportunity_fits_caps_cash_and_depth_share(legs: Legs, limits: Limits, room: Room) -> None:
    found = plan(legs, limits, room, Evidence(limits))
    assume(found is not None)
    assert found is not None
    size, spend = Fraction(found.size_e6, ONE), Fraction(found.spend_micros, ONE)
    assert found.size_e6 <= room.size_e6
    kalshi_fee = worst_fee(legs.kalshi, legs.kalshi_ladder[0][0], found.kalshi_limit_e4, size)
    kalshi_cost = size * Fraction(found.kalshi_limit_e4, 10_000) + kalshi_fee
    best = legs.polymarket_ladder[0][0]
    most = spend / Fraction(best, 10_000)
    polymarket_cost = spend + worst_fee(legs.polymarket, best, found.polymarket_limit_e4, most)
    assert kalshi_cost * ONE <= found.kalshi_cost_micros <= room.kalshi_cash_micros
    assert polymarket_cost * ONE <= found.polymarket_cost_micros <= room.polymarket_cash_micros
    for ladder, taken in (
        (legs.kalshi_ladder, found.size_e6),
        (legs.polymarket_ladder, found.shares_e6),
    ):
        depth = sum(size_e6 for _, size_e6 in ladder)
        # One micro-contract of a cent that was rounded, never more.
        assert (taken - 1) * 10_000 <= depth * limits.depth_share_e4


@given(scenes(), LIMITS, ROOMS)
def test_opportunity_walks_what_is_displayed_within_its_limits(
    legs: Legs, limits: Limits, room: Room
) -> None:
    found = plan(legs, limits, room, Evidence(limits))
    assume(found is not None)
    assert found is not None
    left, worst = found.size_e6, 0
    for price_e4, size_e6 in legs.kalshi_ladder:
        if left <= 0:
            break
        left, worst = left - size_e6, price_e4
    assert left <= 0
    assert worst <= found.kalshi_limit_e4
    shares, last = walked(legs.polymarket_ladder, Fraction(found.spend_micros, ONE))
    assert last <= found.polymarket_limit_e4
    # Each level is floored to a micro-share and its cost rounded up to a micro-dollar.
    slack = 2 * len(legs.polymarket_ladder) * 10_000
    assert shares * ONE - slack <= found.shares_e6 <= shares * ONE
    assert found.shares_e6_min <= found.shares_e6
    assert found.shares_e6_min == found.spend_micros * 10_000 // found.polymarket_limit_e4
    hedged = found.shares_e6 + room.carry_e6
    assert hedged - 10_000 < found.size_e6 <= hedged


@given(scenes(), LIMITS, ROOMS)
def test_opportunity_is_none_when_the_tops_do_not_cross(
    legs: Legs, limits: Limits, room: Room
) -> None:
    tops = legs.kalshi_ladder[0][0] + legs.polymarket_ladder[0][0]
    found = plan(legs, limits, room, Evidence(limits))
    if tops >= 10_000:
        assert found is None


@given(scenes(), LIMITS, ROOMS)
def test_opportunity_is_the_same_every_time(legs: Legs, limits: Limits, room: Room) -> None:
    assert plan(legs, limits, room, Evidence(limits)) == plan(legs, limits, room, Evidence(limits))


def test_scenes_do_find_opportunities() -> None:
    """The properties above are not empty: a plain scene has a plan in each direction."""
    for polarity in Polarity:
        for direction in Direction:
            books = Books(0)
            kalshi, polymarket = kalshi_market(), polymarket_market()
            for market in (kalshi, polymarket):
                books.change_market(market)
            _offer(books, kalshi, direction.kalshi_outcome, 4_800, [(0, 100 * ONE)])
            outcome = direction.polymarket_outcome(polarity)
            _offer(books, polymarket, outcome, 4_500, [(0, 100 * ONE)])
            view = PairView(
                make_pair(polarity),
                (kalshi, books.books[kalshi.id]),
                (polymarket, books.books[polymarket.id]),
            )
            legs = look(view, direction, 0)
            sign = event_sign(polarity, polymarket.venue, outcome, Side.BUY)
            assert sign == -event_sign(polarity, kalshi.venue, direction.kalshi_outcome, Side.BUY)
            assert (
                plan(legs, Limits(), Room(100 * ONE, 100 * ONE, 100 * ONE), Evidence(Limits()))
                is not None
            )
