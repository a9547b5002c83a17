"""What every way out of a residual costs, which is taken, and that its loss stays in the cap."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.core import (
    CENT,
    FREE,
    KALSHI_FEES,
    K,
    P,
    event_sign,
    exact_fee,
    kalshi_market,
    make_pair,
    order_spec,
    polymarket_market,
)
from twoleg.core.book import Book
from twoleg.core.events import ASK, BID, AnswerStatus, LegAnswer, Level
from twoleg.core.execution import Execution, OrderState
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, FeeSchedule, Market, Outcome, Polarity, Side, Venue
from twoleg.core.orders import OrderSpec
from twoleg.core.residual import Cost, Exit, Place, Terms, Verdict, Way, judge_residual
from twoleg.core.specs import exit_spec
from twoleg.errors import InvariantBroken

ONE = 1_000_000
LIMITS = Limits()
TERMS = Terms(LIMITS, tolerance_e4=200)


def choose_exit(
    execution: Execution, around: tuple[Place, ...], terms: Terms = TERMS
) -> Exit | None:
    return judge_residual(execution, around, terms).order


def filled(spec: OrderSpec, size_e6: int, price_e4: int = 0) -> OrderState:
    order = OrderState(spec)
    notional = price_e4 * size_e6 // 10_000 if price_e4 else -1
    order.answer = LegAnswer(
        status=AnswerStatus.FILLED, filled_e6=size_e6, notional_micros=notional
    )
    order.filled_e6 = size_e6
    return order


def one_leg(
    market: Market,
    outcome: Outcome,
    size_e6: int = 10 * ONE,
    *,
    price_e4: int = 4_800,
    polarity: Polarity = Polarity.SAME,
) -> Execution:
    execution = Execution(1, make_pair(polarity), Direction.KALSHI_YES, 0)
    execution.orders.append(filled(order_spec(market, outcome), size_e6, price_e4))
    return execution


def place(market: Market, bids: list[Level], asks: list[Level]) -> Place:
    book = Book(market.id, market.grid)
    book.replace(bids, asks)
    return Place(market, book)


KALSHI, POLYMARKET = kalshi_market(fees=FREE), polymarket_market(fees=FREE)


def places(
    kalshi: tuple[list[Level], list[Level]], polymarket: tuple[list[Level], list[Level]]
) -> tuple[Place, Place]:
    return place(KALSHI, *kalshi), place(POLYMARKET, *polymarket)


DEEP = 100 * ONE


def test_residual_is_sold_where_that_brings_more() -> None:
    around = places(([(4_700, DEEP)], [(4_800, DEEP)]), ([(4_500, DEEP)], [(4_600, DEEP)]))
    found = choose_exit(one_leg(KALSHI, Outcome.YES), around)
    assert found is not None
    assert (found.market.id, found.outcome, found.side) == (K, Outcome.YES, Side.SELL)
    assert (found.size_e6, found.is_unwind) == (10 * ONE, True)
    # Two cents of room below the walked price, so that a moving book is still hit.
    assert found.limit_e4 == 4_500


def test_residual_is_completed_where_that_costs_less() -> None:
    around = places(([(4_000, DEEP)], [(4_800, DEEP)]), ([(5_300, DEEP)], [(5_400, DEEP)]))
    found = choose_exit(one_leg(KALSHI, Outcome.YES), around)
    assert found is not None
    assert (found.market.id, found.outcome, found.side) == (P, Outcome.NO, Side.BUY)
    assert not found.is_unwind
    # NO is offered at 1 − 0.53.
    assert found.spend_micros == 4_700_000
    assert found.size_e6_min == found.spend_micros * 10_000 // found.limit_e4


def test_completing_reads_an_inverse_pair_the_other_way_round() -> None:
    around = places(([(4_000, DEEP)], [(4_800, DEEP)]), ([(4_600, DEEP)], [(4_700, DEEP)]))
    execution = one_leg(KALSHI, Outcome.YES, polarity=Polarity.INVERSE)
    found = choose_exit(execution, around)
    assert found is not None
    # Inverse: Polymarket YES covers Kalshi YES.
    assert (found.market.id, found.outcome, found.side) == (P, Outcome.YES, Side.BUY)


def test_polymarket_residual_may_buy_the_complement_when_selling_is_barred() -> None:
    around = places(([], []), ([(4_700, DEEP)], [(4_800, DEEP)]))
    execution = one_leg(POLYMARKET, Outcome.YES)
    execution.barred[Venue.POLYMARKET, Side.SELL] = "refused"
    found = choose_exit(execution, around)
    assert found is not None
    assert (found.outcome, found.side, found.is_unwind) == (Outcome.NO, Side.BUY, True)


def test_kalshi_residual_is_never_bought_away() -> None:
    around = places(([(4_700, DEEP)], [(4_800, DEEP)]), ([], []))
    execution = one_leg(KALSHI, Outcome.YES)
    execution.barred[Venue.KALSHI, Side.SELL] = "refused"
    assert choose_exit(execution, around) is None


def test_sale_is_reduce_only_on_kalshi_and_never_on_polymarket() -> None:
    for market in (KALSHI, POLYMARKET):
        around = (place(market, [(4_700, DEEP)], [(4_800, DEEP)]),)
        execution = one_leg(market, Outcome.YES)
        found = choose_exit(execution, around)
        assert found is not None
        spec = exit_spec(execution, found)
        assert (spec.side, spec.reduce_only) == (Side.SELL, market is KALSHI)


def test_exit_takes_what_the_book_holds_in_whole_lots() -> None:
    around = places(([(4_700, 3 * ONE + 5_555)], [(4_800, DEEP)]), ([], []))
    found = choose_exit(one_leg(KALSHI, Outcome.YES), around)
    assert found is not None
    assert found.size_e6 == 3 * ONE


def test_exit_leaves_dust_that_is_less_than_a_lot() -> None:
    around = places(([(4_700, 9_999)], [(4_800, DEEP)]), ([], []))
    assert choose_exit(one_leg(KALSHI, Outcome.YES), around) is None


def test_exit_walks_several_levels_down_to_its_limit() -> None:
    around = places(([(4_700, 6 * ONE), (4_650, DEEP)], [(4_800, DEEP)]), ([], []))
    found = choose_exit(one_leg(KALSHI, Outcome.YES), around)
    assert found is not None
    assert found.limit_e4 == 4_500


def test_residual_beyond_the_loss_cap_is_not_closed() -> None:
    around = places(([(3_700, DEEP)], [(4_800, DEEP)]), ([(3_700, DEEP)], [(4_600, DEEP)]))
    assert choose_exit(one_leg(KALSHI, Outcome.YES), around) is None


def test_residual_without_any_book_is_not_closed() -> None:
    assert choose_exit(one_leg(KALSHI, Outcome.YES), ()) is None


def test_purchase_below_the_venues_minimum_is_tried_where_nothing_else_is_left() -> None:
    tiny = one_leg(KALSHI, Outcome.YES, 4 * ONE)
    around = places(([], []), ([(5_300, DEEP)], [(5_400, DEEP)]))
    found = choose_exit(tiny, around)
    # The venue may refuse four shares, but it is asked.
    assert found is not None
    assert (found.market.id, found.side, found.size_e6) == (P, Side.BUY, 4 * ONE)
    # A dearer way that nobody refuses for its size goes first.
    around = places(([(4_300, DEEP)], []), ([(5_300, DEEP)], [(5_400, DEEP)]))
    found = choose_exit(tiny, around)
    assert found is not None
    assert (found.market.id, found.side) == (K, Side.SELL)


def test_limit_does_not_put_a_purchase_below_the_venues_minimum() -> None:
    """The venue reads a purchase as what it buys at its limit: 2.44 dollars at 0.49 are 4.98."""
    around = places(([], []), ([(5_300, DEEP)], [(5_400, DEEP)]))
    found = choose_exit(one_leg(KALSHI, Outcome.YES, 5_200_000), around)
    assert found is not None
    assert found.spend_micros == 2_440_000
    assert found.size_e6_min >= POLYMARKET.size_e6_min == 5 * ONE
    assert 4_700 <= found.limit_e4 < 4_900


def test_sale_below_the_venues_minimum_is_tried() -> None:
    own = one_leg(POLYMARKET, Outcome.YES, 4 * ONE)
    found = choose_exit(own, (place(POLYMARKET, [(4_700, DEEP)], []),))
    assert found is not None
    assert found.side is Side.SELL


def test_purchase_below_a_cent_is_none() -> None:
    market = polymarket_market(fees=FREE, size_e6_min=0, notional_micros_min=0)
    around = (place(market, [(9_900, DEEP)], []),)
    assert choose_exit(one_leg(KALSHI, Outcome.YES, 10_000), around) is None


def test_leg_without_told_money_counts_at_its_limit() -> None:
    around = places(([(4_100, DEEP)], []), ([], []))
    execution = Execution(1, make_pair(), Direction.KALSHI_YES, 0)
    execution.orders.append(filled(order_spec(KALSHI, limit_e4=5_200), 10 * ONE))
    assert choose_exit(execution, around) is None
    execution.orders[0] = filled(order_spec(KALSHI, limit_e4=5_000), 10 * ONE)
    assert choose_exit(execution, around) is not None


def test_selling_more_than_the_own_fill_is_a_broken_invariant() -> None:
    execution = one_leg(KALSHI, Outcome.YES, 3 * ONE)
    exit_ = Exit(
        market=KALSHI,
        outcome=Outcome.YES,
        side=Side.SELL,
        size_e6=3 * ONE + 10_000,
        limit_e4=4_000,
        spend_micros=0,
        size_e6_min=0,
        is_unwind=True,
    )
    with pytest.raises(InvariantBroken, match="would sell 3010000 of 3000000"):
        exit_spec(execution, exit_)


LEVELS = st.lists(
    st.tuples(
        st.integers(1, 99).map(lambda cents: cents * 100),
        st.integers(1, 2_000).map(lambda n: n * 10_000),
    ),
    max_size=5,
)


@given(
    polarity=st.sampled_from(Polarity),
    venue=st.sampled_from(Venue),
    outcome=st.sampled_from(Outcome),
    lots=st.integers(1, 3_000),
    price_e4=st.integers(5, 95).map(lambda cents: cents * 100),
    rate=st.sampled_from((0, 70_000)),
    books=st.tuples(LEVELS, LEVELS, LEVELS, LEVELS),
)
def test_exit_reduces_the_exposure_within_the_loss_cap(
    *,
    polarity: Polarity,
    venue: Venue,
    outcome: Outcome,
    lots: int,
    price_e4: int,
    rate: int,
    books: tuple[list[Level], list[Level], list[Level], list[Level]],
) -> None:
    fees = FeeSchedule(rate_e6=rate, quantum_micros=10)
    kalshi, polymarket = kalshi_market(fees=fees), polymarket_market(fees=fees)
    around = (place(kalshi, books[0], books[1]), place(polymarket, books[2], books[3]))
    around = tuple(each for each in around if each.book.is_live)  # type: ignore[assignment]  # 0 to 2
    market = kalshi if venue is Venue.KALSHI else polymarket
    execution = one_leg(market, outcome, lots * 10_000, price_e4=price_e4, polarity=polarity)
    found = choose_exit(execution, around)
    if found is None:
        return
    spec = exit_spec(execution, found)
    before = execution.exposure_e6()
    change = event_sign(polarity, spec.venue, spec.outcome, spec.side) * spec.size_e6
    assert abs(before + change) < abs(before)
    assert spec.size_e6 % 10_000 == 0
    assert spec.market.grid.holds(spec.limit_e4)
    if spec.venue is Venue.POLYMARKET and spec.side is Side.BUY:
        assert spec.spend_micros % 10_000 == 0
        assert spec.spend_micros <= spec.size_e6
    if spec.side is Side.SELL:
        assert spec.size_e6 <= execution.own_e6(spec.venue, spec.outcome)
    # What a contract costs in all against what it brings at the worst price of the order.
    entry = Fraction(price_e4, 10_000)
    cost = entry + exact_fee(fees, entry, Fraction(1))
    limit = Fraction(spec.limit_e4, 10_000)
    brings = (limit if spec.side is Side.SELL else 1 - limit) - exact_fee(fees, limit, Fraction(1))
    # One price step and the rounding of the entry's fee; a few lots may lose five cents in all.
    most = max(Fraction(LIMITS.rollback_loss_micros_max + 2, ONE), Fraction(5, lots))
    assert cost - brings <= most


def test_exit_counts_its_own_fee_against_the_loss_cap() -> None:
    market = kalshi_market(fees=KALSHI_FEES)
    execution = one_leg(market, Outcome.YES, price_e4=5_000)
    # Cost 0.5175; at 0.42 nine and a half cents are lost before the exit's fee, eleven after it.
    assert choose_exit(execution, (place(market, [(4_200, DEEP)], []),)) is None
    found = choose_exit(execution, (place(market, [(4_400, DEEP)], []),))
    assert found is not None
    assert found.limit_e4 >= 4_400


def test_book_of_the_exit_is_left_as_it_was() -> None:
    around = places(([(4_700, DEEP)], [(4_800, DEEP)]), ([], []))
    choose_exit(one_leg(KALSHI, Outcome.YES), around)
    assert around[0].book.levels(BID) == [(4_700, DEEP)]
    assert around[0].book.levels(ASK) == [(4_800, DEEP)]
    assert around[0].book.grid == CENT


@pytest.mark.parametrize(
    ("size_e6", "is_closed"), [(10_138, True), (100_000, True), (110_000, False)]
)
def test_few_lots_are_closed_although_a_contract_would_lose_more_than_the_cap(
    size_e6: int, *, is_closed: bool
) -> None:
    # Bought at 0.60, the bid is 0.10: fifty cents a contract, five cents of ten lots.
    execution = one_leg(KALSHI, Outcome.YES, size_e6, price_e4=6_000)
    found = judge_residual(execution, (place(KALSHI, [(1_000, DEEP)], []),), TERMS)
    assert (found.order is not None) is is_closed


def test_few_lots_are_closed_rather_than_held_even_if_fees_eat_it_all() -> None:
    fees = structs.replace(KALSHI_FEES, quantum_micros=10_000)
    market = kalshi_market(fees=fees)
    execution = one_leg(market, Outcome.YES, 10_000, price_e4=500)
    verdict = judge_residual(execution, (place(market, [(400, DEEP)], []),), TERMS)
    assert verdict.chosen is not None
    assert verdict.chosen.way is Way.UNWIND_SALE
    assert named(verdict)["hold"].barred == "small"


# -- what the ways cost, worked by hand ------------------------------------------------------------

NET = [(4_700, 6 * ONE), (4_600, DEEP)]
OFFERED = [(5_300, 4 * ONE), (5_200, DEEP)]


def named(verdict: Verdict) -> dict[str, Cost]:
    return {cost.name: cost for cost in verdict.costs}


def test_every_way_is_priced_to_the_micro_dollar() -> None:
    kalshi = kalshi_market(fees=KALSHI_FEES)
    polymarket = polymarket_market()
    execution = one_leg(kalshi, Outcome.YES, price_e4=4_800)
    around = (place(kalshi, NET, [(4_900, DEEP)]), place(polymarket, OFFERED, [(5_500, DEEP)]))
    verdict = judge_residual(execution, around, TERMS)
    # 0.48 and a fee of 0.07 * 0.48 * 0.52 = 0.017472 a contract.
    assert verdict.basis_micros == 497_472
    ways = named(verdict)
    # Sale: 6 at 0.47 and 4 at 0.46 bring 4.66. Fees: 6 * 0.07 * 0.47 * 0.53 = 0.104622, up to
    # 0.1047; 4 * 0.07 * 0.46 * 0.54 = 0.069552, up to 0.0696.
    sale = ways["unwind_sale@kalshi"]
    assert sale.cost_micros == 4_974_720 - 4_660_000 + 104_700 + 69_600
    # NO costs 0.47 for 4 and 0.48 for 6: 4.76, so the pair brings 5.24. Fees:
    # 4 * 0.04 * 0.47 * 0.53 = 0.039856 to 0.03986; 6 * 0.04 * 0.48 * 0.52 = 0.059904 to 0.05990.
    complete = ways["complete@polymarket"]
    assert complete.cost_micros == 4_974_720 - 5_240_000 + 39_860 + 59_900
    assert verdict.chosen == min(
        (ways["complete@polymarket"], sale), key=lambda cost: cost.total_micros
    )
    assert ways["hold"].cost_micros == 4_974_720
    assert ways["hold"].barred == "worst_case_above_loss_cap"


def test_what_a_way_leaves_over_counts_at_the_loss_cap() -> None:
    # Four contracts lose nothing here, ten lose two cents each there: 0 + 6 * 0.10 against 0.20.
    around = places(([(4_800, 4 * ONE)], []), ([(4_600, DEEP)], []))
    verdict = judge_residual(one_leg(KALSHI, Outcome.YES), around, TERMS)
    ways = named(verdict)
    sale, complete = ways["unwind_sale@kalshi"], ways["complete@polymarket"]
    assert (sale.size_e6, sale.cost_micros, sale.total_micros) == (4 * ONE, 0, 600_000)
    assert (complete.size_e6, complete.cost_micros) == (10 * ONE, 200_000)
    assert verdict.chosen == complete


def test_every_way_that_is_barred_says_why() -> None:
    execution = one_leg(POLYMARKET, Outcome.YES)
    execution.barred[Venue.POLYMARKET, Side.SELL] = "refused"
    kalshi, polymarket = places(([(3_000, DEEP)], [(3_100, DEEP)]), ([], []))
    ways = named(judge_residual(execution, (kalshi, polymarket), TERMS))
    assert {name: cost.barred for name, cost in ways.items()} == {
        "complete@kalshi": "above_loss_cap",
        "unwind_sale@polymarket": "refused",
        "unwind_purchase@polymarket": "no_depth",
        "hold": "worst_case_above_loss_cap",
    }
    shut = Place(kalshi.market, kalshi.book, "venue_closed")
    barred = [cost.barred for cost in judge_residual(execution, (shut,), TERMS).costs]
    assert barred == ["nothing_to_sell", "venue_closed", "worst_case_above_loss_cap"]


def test_what_is_cheaper_than_the_cap_may_be_held_under_the_unhedged_cap() -> None:
    penny = one_leg(KALSHI, Outcome.YES, price_e4=300)
    verdict = judge_residual(penny, (), TERMS)
    assert verdict.chosen is not None
    assert (verdict.chosen.way, verdict.order, verdict.loss_micros) == (Way.HOLD, None, 300_000)
    others = LIMITS.unhedged_micros_max - 299_999
    full = judge_residual(penny, (), Terms(LIMITS, unhedged_micros=others))
    assert full.chosen is None
    assert named(full)["hold"].barred == "unhedged_cap"
    assert full.loss_micros == 300_000


@pytest.mark.parametrize(("tolerance_e4", "limit_e4"), [(0, 4_700), (50, 4_700), (100, 4_600),
                                                        (200, 4_500), (-1, 3_800)])  # fmt: skip
def test_limit_is_as_far_below_the_walk_as_the_step_allows(
    tolerance_e4: int, limit_e4: int
) -> None:
    around = places(([(4_700, DEEP)], [(4_800, DEEP)]), ([], []))
    found = choose_exit(
        one_leg(KALSHI, Outcome.YES), around, Terms(LIMITS, tolerance_e4=tolerance_e4)
    )
    assert found is not None
    # The loss cap: 0.48 less ten cents.
    assert found.limit_e4 == limit_e4


def sold(market: Market, outcome: Outcome, size_e6: int, price_e4: int) -> OrderState:
    return filled(order_spec(market, outcome, Side.SELL), size_e6, price_e4)


def test_early_exit_of_which_one_leg_sold_sells_the_other_or_buys_back() -> None:
    execution = Execution(1, make_pair(), Direction.KALSHI_YES, 0)
    execution.inventory_e6 = {
        (Venue.KALSHI, Outcome.YES): 10 * ONE,
        (Venue.POLYMARKET, Outcome.NO): 10 * ONE,
    }
    execution.orders.append(sold(KALSHI, Outcome.YES, 10 * ONE, 6_000))
    # Polymarket bids 0.39 for NO (YES offered at 0.61); Kalshi offers YES at 0.62.
    around = places(([(5_900, DEEP)], [(6_200, DEEP)]), ([(6_000, DEEP)], [(6_100, DEEP)]))
    verdict = judge_residual(execution, around, TERMS)
    # Who sold at 0.60 stands as who holds NO at 0.40.
    assert verdict.basis_micros == 400_000
    ways = {name: cost.cost_micros for name, cost in named(verdict).items() if not cost.barred}
    assert ways == {"unwind_purchase@kalshi": 200_000, "complete@polymarket": 100_000}
    found = verdict.order
    assert found is not None
    assert (found.market.id, found.outcome) == (P, Outcome.NO)
    assert found.side is Side.SELL
    assert not found.is_unwind


# -- all directions, all polarities, against all single ways ----------------------------------------


def brute_force(execution: Execution, around: tuple[Place, ...], limits: Limits) -> list[Fraction]:
    """Total cost in micros of every way at every size, in fractions and without its walk."""
    residual = execution.exposure_e6()
    basis = judge_residual(execution, around, TERMS).basis_micros
    cap = limits.rollback_loss_micros_max
    totals: list[Fraction] = []
    for each in around:
        for outcome in Outcome:
            sign = event_sign(execution.pair.polarity, each.market.venue, outcome, Side.BUY)
            if sign * residual < 0:
                continue
            gone, brings, paid = 0, Fraction(0), Fraction(0)
            is_sale = execution.own_e6(each.market.venue, outcome) > 0
            for price_e4, level_e6 in each.book.ladder(outcome, Side.SELL, 20):
                fee = exact_fee(each.market.fees, Fraction(price_e4, 10_000), Fraction(1)) * ONE
                net = price_e4 * 100 - fee
                if basis - net > cap:
                    break
                part = min(level_e6, abs(residual) - gone) // 10_000 * 10_000
                gone += part
                brings += net * part / ONE
                rest = Fraction((abs(residual) - gone) * min(cap, basis), ONE)
                paid += Fraction((10_000 - price_e4) * part, 10_000)
                # No purchase for less than a cent can be told to Polymarket, which takes dollars.
                is_cents = each.market.venue is Venue.POLYMARKET and not is_sale
                if part and not (is_cents and paid < 10_000):
                    totals.append(Fraction(basis * gone, ONE) - brings + rest)
    return totals


@example(
    polarity=Polarity.SAME,
    venue=Venue.KALSHI,
    outcome=Outcome.YES,
    lots=1_000,
    price_e4=2_000,
    books=([], [], [(1_000, 10_000)], []),
)
@given(
    polarity=st.sampled_from(Polarity),
    venue=st.sampled_from(Venue),
    outcome=st.sampled_from(Outcome),
    lots=st.integers(1_000, 3_000),
    price_e4=st.integers(20, 80).map(lambda cents: cents * 100),
    books=st.tuples(LEVELS, LEVELS, LEVELS, LEVELS),
)
def test_no_other_single_way_is_cheaper(
    *,
    polarity: Polarity,
    venue: Venue,
    outcome: Outcome,
    lots: int,
    price_e4: int,
    books: tuple[list[Level], list[Level], list[Level], list[Level]],
) -> None:
    free = polymarket_market(fees=FREE, size_e6_min=0, notional_micros_min=0)
    around = (place(KALSHI, books[0], books[1]), place(free, books[2], books[3]))
    around = tuple(each for each in around if each.book.is_live)  # type: ignore[assignment]  # 0 to 2
    market = KALSHI if venue is Venue.KALSHI else free
    execution = one_leg(market, outcome, lots * 10_000, price_e4=price_e4, polarity=polarity)
    verdict = judge_residual(execution, around, TERMS)
    totals = brute_force(execution, around, LIMITS)
    if not totals:
        assert verdict.order is None
        return
    assert verdict.chosen is not None
    # Each level of a walk is rounded against us by less than a micro-dollar.
    assert verdict.chosen.total_micros - min(totals) < 25
    assert all(cost.barred or cost.order or cost.way is Way.HOLD for cost in verdict.costs)
