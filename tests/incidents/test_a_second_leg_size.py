"""Incidents A2, A6, A7, A8, A11: how much is fired at, in which order, and from what cash.

Each test is named after its incident and tells it. Figures are recomputed here in fractions; where
the wire is part of it both simulated venues and the whole daemon run over real sockets.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from msgspec import structs

from tests.incidents.acts import execute
from tests.incidents.legs import TWENTY, YES, legs_of, one_order
from tests.support.core import (
    CENT,
    EASY,
    FREE,
    KALSHI_FEES,
    LOT,
    ONE,
    PAIR_ID,
    POLYMARKET_FEES,
    Rig,
    alarms,
    exact_fee,
    fires,
    kalshi_market,
    make_pair,
    notes,
    polymarket_market,
)
from tests.support.core import K as K_MARKET
from tests.support.core import P as P_MARKET
from tests.support.daemon import K, P, Run
from tests.support.scenes import MakeScene
from twoleg.core.actions import NoteKind
from twoleg.core.counts import CellCount, LegTry
from twoleg.core.events import (
    AnswerStatus,
    CashReported,
    Level,
    MarketChanged,
    PairsChanged,
)
from twoleg.core.evidence import Evidence
from twoleg.core.limits import Limits
from twoleg.core.market import (
    LegMode,
    MarketId,
    Outcome,
    PairId,
    Side,
    Venue,
)
from twoleg.core.odds import Odds, Stakes
from twoleg.core.opportunity import Legs, Opportunity, Room
from twoleg.core.orders import OrderSpec
from twoleg.core.sizing import plan
from twoleg.storage.records import AnswerRecorded, IntentRecorded

# -- A2 ----------------------------------------------------------------------------------------

PUBLISHED = ((1_000, 79), (2_500, 63), (5_000, 57), (6_600, 49))


def ladders(
    kalshi: tuple[Level, ...], polymarket: tuple[Level, ...], *, ages_ms: tuple[int, int] = (0, 0)
) -> Legs:
    """Books without fees on which the bids are a cent below."""
    return Legs(
        make_pair(),
        YES,
        kalshi_market(fees=FREE),
        kalshi,
        kalshi[0][0] - 100,
        polymarket_market(fees=FREE),
        polymarket,
        polymarket[0][0] - 100,
        *ages_ms,
    )


RICH = Room(10_000 * ONE, 10_000 * ONE, 10_000 * ONE)
DEPTH = 1_000 * ONE
PLAIN = Limits(
    edge_micros_min=0, size_e6_max=10_000 * ONE, depth_share_e4=6_600, unwind_loss_micros=25_300
)


def sized(legs: Legs, limits: Limits = PLAIN) -> Opportunity | None:
    return plan(legs, limits, RICH, Evidence(limits))


@pytest.mark.parametrize(("share_e4", "percent"), PUBLISHED)
def test_a2_fill_rate_falls_with_the_share_of_the_depth_as_it_was_measured(
    share_e4: int, percent: int
) -> None:
    """Sized by the smaller of two displayed depths: from 79 % filled down to 49 %, the more it took.

    Those figures are where our rates begin, before anything of our own is known; beyond the last of
    them nothing is counted on at all.
    """
    evidence = Evidence(Limits())

    def rate(share_e4: int, age_ms: int = 0) -> int:
        return evidence.rate_e4(PAIR_ID, YES, K, share_e4=share_e4, age_ms=age_ms, is_second=False)

    assert rate(share_e4) == percent * 100
    assert rate(share_e4 - 1) == percent * 100
    assert rate(6_601) == 0
    # 0 of 6 where the quote was over a second old.
    assert rate(share_e4, 999) > rate(share_e4, 1_000) > 0


@pytest.mark.parametrize("cents", [Fraction(n, 2) for n in range(1, 25)])
def test_a2_size_is_that_of_greatest_expected_value(cents: Fraction) -> None:
    """The size is not what is displayed, but what is worth most at the rates that it would have.

    Recomputed for each step of the curve: with both legs at rate p, an edge e and a loss u, a size
    is worth size · (p² · e − 2 · p · (1 − p) · u). Where no size is worth anything: nothing.
    """
    edge_e4 = int(cents * 100)
    # A tenth of a cent is the grid here.
    grid = CENT.uniform(10)
    legs = ladders(((4_500, DEPTH),), ((5_500 - edge_e4, DEPTH),))
    legs = structs.replace(legs, polymarket=polymarket_market(fees=FREE, grid=grid))
    found = sized(legs)
    worth = {
        share: share * (rate * rate * edge_e4 - 2 * rate * (1 - rate) * 253)
        for share, rate in ((share, Fraction(percent, 100)) for share, percent in PUBLISHED)
    }
    best = max(worth, key=worth.__getitem__)
    if worth[best] <= 0:
        assert found is None
        return
    assert found is not None
    assert found.size_e6 < DEPTH
    assert abs(found.size_e6 - DEPTH * best // 10_000) <= 3 * LOT
    assert found.size_e6 * 10_000 <= DEPTH * best


def test_a2_old_quote_is_worth_less_and_late_side_stops_all() -> None:
    """Six hedges aimed at quotes over a second old, and none of them filled.

    Where a level has stood for over a second the same edge is worth a smaller size or nothing; and
    a side that *arrived* late, on either venue, the one that we exit into included, stops all.
    """
    young = sized(ladders(((4_500, DEPTH),), ((5_000, DEPTH),)))
    old = sized(ladders(((4_500, DEPTH),), ((5_000, DEPTH),), ages_ms=(2_000, 2_000)))
    assert young is not None
    assert old is None or old.expected_micros < young.expected_micros
    for market_id, lag_ms in product((K_MARKET, P_MARKET), (999, 1_001)):
        rig = Rig()
        # The other side is late enough to be no reason by itself, nor by its distance.
        lags_ms = {K_MARKET: 600, P_MARKET: 600, market_id: lag_ms}
        rig.send(rig.book(K_MARKET, [(4_600, DEPTH)], [(4_800, DEPTH)], lag_ms=lags_ms[K_MARKET]))
        # A first Polymarket book was asked for: only a second one tells how late its feed is.
        rig.send(rig.book(P_MARKET, [(5_000, DEPTH)], [(5_700, DEPTH)], lag_ms=5_000))
        book = rig.book(P_MARKET, [(5_500, DEPTH)], [(5_700, DEPTH)], lag_ms=lags_ms[P_MARKET])
        assert len(fires(rig.send(book))) == (lag_ms < 1_000)


# -- A6 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("poor", Venue)
async def test_a6_no_leg_leaves_where_one_venue_lacks_the_cash(
    scene_of: MakeScene, poor: Venue
) -> None:
    """206 of 310 first legs were bought before it was known that the second could be paid.

    Where either venue lacks the cash for its leg, neither gets an order.
    """
    # A dollar above what is kept back for rollbacks: less than any leg costs.
    options: dict[str, Any] = {"kalshi": {"accounts": {"default": {"0": 6_000_000}}}}
    if poor is P:
        options = {"polymarket": {"cash_micros": 6_000_000}}
    async with scene_of(**options) as scene:
        run = scene.start()
        await run.started()
        scene.open_edge()
        await run.poked(lambda: run.app.engine.refusals.get("no_positive_value", 0) > 3)
        await run.stop()
        assert scene.wire.orders() == []


EXACT_FEES = {K: KALSHI_FEES, P: POLYMARKET_FEES}


@pytest.mark.parametrize("cash_dollars", [9, 11, 13, 15, 17, 25, 1_000])
@pytest.mark.parametrize("poor", Venue)
def test_a6_cash_is_reserved_jointly_with_fees_before_the_first_leg(
    poor: Venue, cash_dollars: int
) -> None:
    """44 of 284 second legs failed for cash that another order had taken meanwhile.

    Two pairs that cross at once share two purses: with both executions in flight, all four legs at
    their limits and with their fees are covered by what the purses hold beyond the reserve.
    """
    limits = structs.replace(EASY, unhedged_micros_max=10_000 * ONE)
    cash = dict.fromkeys(Venue, 1_000 * ONE) | {poor: cash_dollars * ONE}
    rig = Rig(limits=limits, cash_micros=(cash[K], cash[P]))
    second = (MarketId("kalshi:KXB"), MarketId("polymarket:0xb"))
    other = make_pair(pair_id=PairId("pair-b"), kalshi=second[0], polymarket=second[1])
    rig.send(MarketChanged(kalshi_market(second[0])))
    rig.send(MarketChanged(polymarket_market(second[1])))
    rig.send(PairsChanged((rig.pair, other)))
    actions = list(rig.quote())
    for market_id, bid, ask in ((second[0], 4_600, 4_800), (second[1], 5_500, 5_700)):
        actions += rig.send(rig.book(market_id, [(bid, DEPTH)], [(ask, DEPTH)]))
    orders = [order for shot in fires(actions) for order in shot.orders]
    assert len(orders) % 2 == 0
    for venue in Venue:
        worst = sum(worst_cost(order) for order in orders if order.venue is venue)
        assert worst <= max(0, cash[venue] - limits.cash_reserve_micros)
    if cash_dollars == 1_000:
        assert len(orders) == 4
    # Neither venue's figure is taken anew while an order may or may not be in it.
    rig.send(CashReported(poor, ((0, 1_000 * ONE),)))
    free = rig.executions.funds.free(rig.kalshi if poor is K else rig.polymarket)
    assert not orders or free < 1_000 * ONE


def worst_cost(order: OrderSpec) -> Fraction:
    """Micros that a leg may take at most with its exact fee, at any price from 0.43 on."""
    worst = Fraction(0)
    for price_e4 in range(4_300, order.limit_e4 + 1, 100):
        price, spend = Fraction(price_e4, 10_000), Fraction(order.spend_micros, ONE)
        size = spend / price if spend else Fraction(order.size_e6, ONE)
        fee = exact_fee(EXACT_FEES[order.venue], price, size)
        worst = max(worst, (price * size + fee) * ONE)
    return worst


# -- A7 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("prices", [(2_000, 7_000), (7_000, 2_000)])
async def test_a7_legs_are_equal_in_contracts_whatever_they_cost(
    scene_of: MakeScene, prices: tuple[int, int]
) -> None:
    """Equal dollars went into both legs, so a 20-cent leg was three times a 70-cent one.

    Payouts are per contract: both venues end with the same number of contracts.
    """
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.open_edge(kalshi=((prices[0], 200),), polymarket=((prices[1], 200),))
        (closing,) = await run.closed()
        await run.stop()
        assert scene.held(YES) == (TWENTY, TWENTY)
        dollars = closing["kalshi_notional_micros"], closing["polymarket_notional_micros"]
        assert dollars == (prices[0] * 2_000, prices[1] * 2_000)


# -- A8 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "got"), [("8", "8.53"), ("6.00", "6.09")])
def test_a8_over_fill_is_ordinary_and_hedged_on_the_reported_amount(asked: str, got: str) -> None:
    """Eight shares were asked for in dollars and 8.53 came; 6.00, and 6.09 came.

    The dollars were right, so nothing failed: Kalshi is brought up to what was reported, to the
    lot, without an alarm and without a failure for the breaker.
    """
    wanted_e6, got_e6 = int(Decimal(asked) * ONE), int(Decimal(got) * ONE)
    rig = Rig(limits=structs.replace(EASY, size_e6_max=wanted_e6))
    kalshi, polymarket = legs_of(rig)
    assert abs(polymarket.size_e6 - wanted_e6) < 3 * LOT
    got_e6 += polymarket.size_e6 - wanted_e6
    rig.fill(kalshi, 4_800)
    order = one_order(rig.answer(polymarket, AnswerStatus.FILLED, got_e6, polymarket.spend_micros))
    assert (order.venue, order.side, order.outcome) == (K, Side.BUY, kalshi.outcome)
    assert 0 <= got_e6 - kalshi.size_e6 - order.size_e6 < LOT
    rig.book_fill(polymarket, got_e6, polymarket.spend_micros)
    rig.fill(order, 4_800)
    (closed,) = notes(rig.seen, NoteKind.EXECUTION_CLOSED)
    assert abs(int(closed["dust_e6"])) < LOT
    assert alarms(rig.seen) == []
    assert rig.executions.breaker.failures == 0


@pytest.mark.parametrize("levels", [((4_900, 401),), ((4_700, 7), (4_900, 7), (5_300, 403))])
def test_a8_dollar_buy_is_a_range_and_the_other_leg_lies_in_it(
    levels: tuple[tuple[int, int], ...],
) -> None:
    """A buy is whole cents and a limit, and fills between `spend / limit` and what it walks to.

    Recomputed share by share: the plan holds that range, Kalshi's size lies in it, and the cash set
    aside covers the whole spend.
    """
    polymarket = tuple((price, size * ONE) for price, size in levels)
    found = sized(ladders(((4_000, DEPTH),), polymarket), structs.replace(PLAIN, size_e6_max=30))
    assert found is not None
    assert found.spend_micros % 10_000 == 0
    left, shares = Fraction(found.spend_micros), Fraction(0)
    for price_e4, size_e6 in polymarket:
        part = min(left, Fraction(price_e4 * size_e6, 10_000))
        left -= part
        shares += part * 10_000 / price_e4
    assert left == 0
    assert 0 <= shares - found.shares_e6 <= len(levels)
    assert found.shares_e6_min == found.spend_micros * 10_000 // found.polymarket_limit_e4
    assert found.shares_e6_min <= found.size_e6 <= found.shares_e6
    assert found.polymarket_cost_micros >= found.spend_micros


async def test_a8_better_price_in_flight_over_fills_and_is_covered(scene_of: MakeScene) -> None:
    """The same at the venue: the dollars meet a better price on their way, and buy more shares."""
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        run.on("execution_opened", lambda: scene.offer(P, Outcome.NO, 4_690, 200))
        scene.open_edge(spread_e4=500)
        (closing,) = await run.closed()
        await run.stop()
        # 10.00 dollars at 0.469 instead of 0.50.
        assert closing["polymarket_notional_micros"] == 10_000_000
        kalshi_e6, polymarket_e6 = scene.held(YES)
        assert polymarket_e6 > TWENTY
        assert 0 <= polymarket_e6 - kalshi_e6 < LOT
        assert "residual_held" not in run.alarms()


# -- A11 ---------------------------------------------------------------------------------------

U = 25_300
SECOND = 6_330
POLYMARKET_FIRST, CONCURRENT = LegMode.POLYMARKET_FIRST, LegMode.CONCURRENT


def naked(odds: Odds, mode: LegMode) -> Fraction:
    return Fraction(sum(odds.naked_e8(mode, venue) for venue in Venue), 10**8)


def test_a11_naked_legs_at_the_measured_rates() -> None:
    """Both legs were always fired together, with a first leg that filled in 40 of 100 tries.

    At once, 53 % of the attempts leave one leg alone; one after the other, 14.6 %.
    """
    odds = Odds(SECOND, 4_000, SECOND, 0)
    assert naked(odds, CONCURRENT) == Fraction(4, 10) * Fraction(367, 1_000) + Fraction(
        6, 10
    ) * Fraction(633, 1_000)
    assert round(float(naked(odds, CONCURRENT)), 2) == 0.53
    assert naked(odds, POLYMARKET_FIRST) == Fraction(4, 10) * Fraction(367, 1_000)
    assert 0.146 <= float(naked(odds, POLYMARKET_FIRST)) < 0.147


@pytest.mark.parametrize(
    ("first_e4", "second_e4", "edge_micros", "mode"),
    [
        # Even a perfect hedge needs an edge above 7.8 cents.
        (4_000, 10_000, 77_000, POLYMARKET_FIRST),
        (4_000, 10_000, 79_000, CONCURRENT),
        # At four cents and pB = 0.9 the switch lies at pA = 0.57.
        (5_600, 9_000, 40_000, POLYMARKET_FIRST),
        (5_750, 9_000, 40_000, CONCURRENT),
    ],
)
def test_a11_leg_mode_switches_where_the_inequality_does(
    first_e4: int, second_e4: int, edge_micros: int, mode: LegMode
) -> None:
    """Concurrent wins iff pA·(pB − pB')·(e + u) > pB·(1 − pA)·u, at the published figures."""
    p_a, p_b, p_b2 = (Fraction(rate, 10_000) for rate in (first_e4, second_e4, SECOND))
    gain = p_a * (p_b - p_b2) * (edge_micros + U)
    assert (gain > p_b * (1 - p_a) * U) is (mode is CONCURRENT)
    stakes = Stakes(1_000 * edge_micros, 1_000 * U, 1_000 * U)
    chosen, _ = Odds(second_e4, first_e4, SECOND, 0).best((POLYMARKET_FIRST, CONCURRENT), stakes)
    assert chosen is mode


@pytest.mark.parametrize(
    ("polymarket", "kalshi", "mode"),
    [(0.4, 1.0, POLYMARKET_FIRST), (1.0, 0.4, LegMode.KALSHI_FIRST), (1.0, 1.0, CONCURRENT)],
)
def test_a11_engine_chooses_the_mode_from_what_it_measured(
    polymarket: float, kalshi: float, mode: LegMode
) -> None:
    """The engine's own tries of a pair decide, not a setting: the leg that misses goes first."""
    pair = make_pair(leg_mode=LegMode.AUTO)
    rig = Rig(pair=pair, limits=structs.replace(EASY, prior_tries=1))
    evidence = rig.engine._evidence
    for venue, share in ((P, polymarket), (K, kalshi)):
        for number, is_second in product(range(100), (False, True)):
            evidence.tell(
                pair.id,
                YES,
                venue,
                LegTry(1_000, 0),
                is_second=is_second,
                filled_e6=ONE if number < 100 * share else 0,
                size_e6=ONE,
            )
    (shot,) = fires(rig.quote())
    first = {POLYMARKET_FIRST: (P,), LegMode.KALSHI_FIRST: (K,), CONCURRENT: (K, P)}[mode]
    assert tuple(order.venue for order in shot.orders) == first


@pytest.mark.parametrize("mode", [POLYMARKET_FIRST, LegMode.KALSHI_FIRST])
@pytest.mark.parametrize("fills", [True, False])
async def test_a11_second_leg_waits_for_the_first(
    scene_of: MakeScene, mode: LegMode, *, fills: bool
) -> None:
    """Sequenced at the wire: the second order leaves after the first one's answer, or never."""
    first = P if mode is POLYMARKET_FIRST else K
    async with scene_of() as scene:
        scene.pair = structs.replace(scene.pair, leg_mode=mode)
        run = scene.start()
        await run.started()
        if fills:
            scene.fault(first, "delay", delay_ms=60)
        else:
            scene.fault(first, "kill")
        scene.open_edge()
        (closing,) = await run.closed()
        if not fills:
            scene.close_edge()
        await run.stop()
        orders = scene.wire.orders()
        if not fills:
            assert [order.venue for order in orders] == [first]
            assert closing["closed_as"] == "missed"
            assert run.of(NoteKind.BREAKER_CHANGED) == []
            return
        assert [order.venue for order in orders] == [first, first.other]
        answered = next(r for r in run.records if isinstance(r, AnswerRecorded))
        intents = [record for record in run.records if isinstance(record, IntentRecorded)]
        assert [len(intent.orders) for intent in intents] == [1, 1]
        assert intents[1].wall_ns >= answered.wall_ns
        assert closing["closed_as"] == "hedged"
        kalshi_e6, polymarket_e6 = scene.held(YES)
        assert kalshi_e6 > 0
        assert abs(kalshi_e6 - polymarket_e6) < LOT


@pytest.mark.parametrize("is_answered", [True, False], ids=["answered", "unanswered"])
async def test_a11_what_was_measured_survives_a_kill(
    scene_of: MakeScene, *, is_answered: bool
) -> None:
    """A daemon that is restarted every day must not begin with the published figures every day.

    Legs that were out when the process was killed count too, once the next one knows of them.
    """
    async with scene_of() as scene:
        first = scene.start()
        await first.started()
        if is_answered:
            scene.fault(P, "kill")
            await execute(scene, first)
        else:
            for venue in Venue:
                scene.fault(venue, "delay", delay_ms=500, when="after")
            scene.open_edge()
            await first.until(lambda: scene.held(YES) == (TWENTY, TWENTY), "both fills")
        measured = counted(first)
        await first.kill()
        scene.close_edge()
        second = scene.start()
        await second.started()
        assert second.app.known.counts.tries == 2
        rates = {cell.venue: cell.filled_e4 for cell in counted(second)}
        assert rates == {K: 10_000, P: 0 if is_answered else 10_000}
        if is_answered:
            assert counted(second) == measured
        await second.stop()


def counted(run: Run) -> tuple[CellCount, ...]:
    """What the engine goes by."""
    return run.app.engine._evidence._counts.dump()
