"""When a residual is acted on, how far an exit goes down, when it is held, and what that tells."""

from collections.abc import Sequence
from itertools import product

import pytest
from msgspec import structs

from tests.support.core import (
    EASY,
    LOT,
    MS,
    ONE,
    PAIR_ID,
    K,
    P,
    Rig,
    alarms,
    event_sign,
    fires,
    make_fill,
    make_pair,
    notes,
    timers,
)
from tests.support.exits import BIDS, all_told, exit_of, fire, lone_kalshi
from twoleg.core.actions import Action, NoteKind
from twoleg.core.breaker import BreakerState
from twoleg.core.counts import LegTry
from twoleg.core.events import (
    NO_TOKENS,
    AnswerStatus,
    BooksVoid,
    ExecutionFound,
    ExposureFound,
    FillBooked,
    FillConfirmed,
    FillStatus,
    FillVoided,
    LegAnswer,
    MoneySettled,
    OrderAnswered,
    TimerFired,
    VenueStateChanged,
)
from twoleg.core.execution import ExecutionState
from twoleg.core.market import (
    Direction,
    LegMode,
    Outcome,
    Polarity,
    Side,
    TimeInForce,
    Venue,
)
from twoleg.core.opportunity import Opportunity
from twoleg.core.orders import OrderSpec, Purpose

S = AnswerStatus
SIZE = 10 * ONE


# -- the ladder ------------------------------------------------------------------------------------


def test_exits_go_down_the_ladder_by_time() -> None:
    rig = Rig()
    first, actions = lone_kalshi(rig, BIDS)
    limits_e4: list[int] = []
    order = exit_of(actions)
    for waited_ms in (250, 500, 1_000, 2_000, 0):
        limits_e4.append(order.limit_e4)
        rig.pass_ms(waited_ms)
        # A part filled; the rest goes on.
        order = exit_of(part(rig, order))
        assert order.size_e6 < first.size_e6
    # The last one: the loss cap, ten cents below what the leg cost with its fee.
    assert limits_e4[:4] == [4_700, 4_700, 4_600, 4_500]
    assert 3_900 <= limits_e4[4] < 4_500


def part(rig: Rig, order: OrderSpec) -> Sequence[Action]:
    return rig.answer(order, S.PARTIAL, ONE, order.limit_e4 * 100)


def test_exit_that_brought_nothing_goes_a_step_further_at_once() -> None:
    rig = Rig()
    _, actions = lone_kalshi(rig, BIDS)
    limits_e4: list[int] = []
    for _ in range(5):
        order = exit_of(actions)
        limits_e4.append(order.limit_e4)
        actions = rig.answer(order, S.MISSED)
    assert limits_e4[:4] == [4_700, 4_700, 4_600, 4_500]
    assert limits_e4[4] < 4_500


@pytest.mark.parametrize(("closes_in_ms", "is_hurried"), [(33_000, True), (600_000, False)])
def test_ladder_is_over_before_a_market_closes(closes_in_ms: int, *, is_hurried: bool) -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    market = structs.replace(
        rig.kalshi, close_ts_ms=1_790_000_000_000 + rig.now_ns // MS + closes_in_ms
    )
    rig.engine.books().change_market(market)
    rig.send(BooksVoid((P,), "disconnected"))
    rig.send(rig.book(K, BIDS, [(4_900, 100 * ONE)]))
    order = exit_of(rig.answer(second, S.MISSED))
    assert (order.limit_e4 < 4_500) is is_hurried


# -- deciding anew ---------------------------------------------------------------------------------


def test_fill_that_changes_a_held_residual_is_decided_on_anew() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    rig.send(BooksVoid((K, P), "disconnected"))
    rig.answer(second, S.MISSED)
    assert rig.executions._open[1].state is ExecutionState.HOLDING
    books = rig.engine.books()
    books.snapshot(rig.book(K, BIDS, [(4_900, 100 * ONE)]))
    rig.send(FillBooked(1, 1, make_fill(second, 4 * ONE, 2 * ONE)))
    assert exit_of(all_told(rig)).size_e6 == first.size_e6 - 4 * ONE


# -- holding ---------------------------------------------------------------------------------------


def is_moving(rig: Rig) -> bool:
    return rig.engine.is_money_moving


def test_held_residual_moves_no_money_once_its_fills_are_booked() -> None:
    rig = Rig()
    first, second = fire(rig)
    assert is_moving(rig)
    rig.send(BooksVoid((K, P), "disconnected"))
    notional = first.size_e6 * first.limit_e4 // 10_000
    rig.answer(first, S.FILLED, first.size_e6, notional)
    rig.answer(second, S.MISSED)
    assert rig.executions._open[1].state is ExecutionState.HOLDING
    # The venue has paid, or will within a moment: what it tells may be either.
    assert is_moving(rig)
    rig.book_fill(first, first.size_e6, notional)
    assert rig.executions._open[1].state is ExecutionState.HOLDING
    assert not is_moving(rig)
    # An unknown exit moves it again.
    rig.send(rig.book(K, BIDS, [(4_900, 100 * ONE)]))
    exit_order = exit_of(rig.send(TimerFired("retry:1")))
    rig.answer(exit_order, S.UNKNOWN)
    assert is_moving(rig)


def test_held_residual_trips_once_then_keeps_the_breaker_open_until_it_is_gone() -> None:
    rig = Rig()
    first, actions = lone_kalshi(rig, [(3_000, 100 * ONE)])
    breaker = rig.executions.breaker
    (alarmed,) = notes(actions, NoteKind.ALARM)
    assert alarmed["ways"] == (
        "unwind_sale@kalshi: above_loss_cap; unwind_purchase@kalshi: is_a_sale; "
        "complete@polymarket: nothing_to_sell; complete@polymarket: book_void; "
        "hold: worst_case_above_loss_cap"
    )
    assert (breaker.state, breaker.last_reason) == (BreakerState.OPEN, "residual_held")
    # All of what it cost might be lost.
    assert breaker.lost_micros(rig.now_ns) == pytest.approx(first.size_e6 * 50 // 100, rel=0.02)
    rig.pass_ms(60_001)
    assert alarms(rig.send(TimerFired("retry:1"))) == ["residual_held"]
    rig.pass_ms(120_000)
    assert not breaker.allows(rig.now_ns)
    order = exit_of(rig.send(rig.book(K, BIDS, [(4_900, 100 * ONE)])))
    rig.fill(order)
    assert rig.engine.open_executions == 0
    assert rig.executions.held_markets == {}
    assert breaker.allows(rig.now_ns)


def test_held_residual_is_told_again_at_its_deadline_however_rarely_it_is_tried() -> None:
    rig = Rig()
    _, actions = lone_kalshi(rig, BIDS)
    order = exit_of(actions)
    actions = rig.answer(order, S.REJECTED)
    started_ns, told_ms = rig.now_ns, [0]
    while rig.now_ns - started_ns < 240_000 * MS:
        (timer,) = timers(actions)
        rig.now_ns = timer.at_ns
        actions = rig.send(TimerFired(timer.key))
        if fires(actions):
            actions = rig.answer(exit_of(actions), S.REJECTED)
        if alarms(actions) == ["residual_held"]:
            told_ms.append((rig.now_ns - started_ns) // MS)
    assert told_ms == [0, 60_000, 120_000, 180_000, 240_000]
    assert not rig.executions.breaker.allows(rig.now_ns + 600_000 * MS)


def test_own_rate_tokens_are_waited_for_without_alarm_or_failure() -> None:
    rig = Rig()
    _, actions = lone_kalshi(rig, BIDS)
    order = exit_of(actions)
    answer = LegAnswer(status=S.NOT_SENT, code=NO_TOKENS, retry_after_ms=130)
    actions = rig.send(OrderAnswered(1, order.order_no, answer, rig.now_ns))
    assert (fires(actions), alarms(actions)) == ([], [])
    (timer,) = timers(actions)
    assert timer.at_ns == rig.now_ns + 130 * MS
    assert rig.executions.breaker.state is BreakerState.CLOSED
    rig.now_ns = timer.at_ns
    assert exit_of(rig.send(TimerFired(timer.key))).side is Side.SELL
    assert rig.executions.breaker.failures == 0


def test_tokens_that_entries_lack_bar_no_rollback() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(second)
    answer = LegAnswer(status=S.NOT_SENT, code=NO_TOKENS)
    actions = rig.send(OrderAnswered(1, first.order_no, answer, rig.now_ns))
    assert fires(actions)
    assert not rig.executions.access.is_open(Venue.KALSHI, rig.now_ns)
    assert rig.executions.breaker.failures == 0
    rig.pass_ms(200)
    assert rig.executions.access.is_open(Venue.KALSHI, rig.now_ns)


def test_sale_that_was_refused_for_balance_is_allowed_again_after_the_pause() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(second)
    rig.send(BooksVoid((K,), "disconnected"))
    sale = exit_of(rig.answer(first, S.MISSED))
    purchase = exit_of(rig.answer(sale, S.REJECTED))
    assert (sale.side, purchase.side) == (Side.SELL, Side.BUY)
    held = rig.answer(purchase, S.REJECTED)
    (timer,) = timers(held)
    rig.now_ns = timer.at_ns
    assert exit_of(rig.send(TimerFired(timer.key))).side is Side.SELL


# -- one leg first ---------------------------------------------------------------------------------


def opportunity(rig: Rig, mode: LegMode, *, is_close: bool = False) -> Opportunity:
    return Opportunity(
        pair=rig.pair,
        direction=rig.direction,
        size_e6=SIZE,
        kalshi_limit_e4=4_500 if is_close else 5_000,
        polymarket_limit_e4=4_200 if is_close else 5_000,
        spend_micros=0 if is_close else 4_500_000,
        shares_e6=SIZE,
        shares_e6_min=SIZE if is_close else 9 * ONE,
        kalshi_cost_micros=5_000_000,
        polymarket_cost_micros=5_000_000,
        net_micros=500_000,
        net_limit_micros=0,
        expected_micros=100,
        mode=mode,
        is_close=is_close,
        tries=(LegTry(1_000, 50), LegTry(2_000, 60)),
    )


def show(rig: Rig, kalshi: list[tuple[int, int]], polymarket: list[tuple[int, int]]) -> None:
    """Books with these bids for what the direction holds, and offers a cent above."""
    for market_id, outcome, wanted in (
        (K, rig.direction.kalshi_outcome, kalshi),
        (P, rig.direction.polymarket_outcome(rig.pair.polarity), polymarket),
    ):
        bids, asks = wanted, [(wanted[0][0] + 100, 1_000 * ONE)]
        if outcome is Outcome.NO:
            bids, asks = (
                [(10_000 - price, size) for price, size in asks],
                [(10_000 - price, size) for price, size in bids],
            )
        rig.engine.books().snapshot(rig.book(market_id, bids, asks))


class Told:
    """Evidence that only remembers."""

    def __init__(self) -> None:
        self.rows: list[tuple[Venue, LegTry, bool, int, int]] = []

    def tell(
        self,
        pair_id: str,
        direction: Direction,
        venue: Venue,
        leg_try: LegTry,
        *,
        is_second: bool,
        filled_e6: int,
        size_e6: int,
    ) -> None:
        assert (pair_id, direction) == (PAIR_ID, Direction.KALSHI_YES)
        self.rows.append((venue, leg_try, is_second, filled_e6, size_e6))


@pytest.mark.parametrize("venue", Venue)
def test_sequenced_execution_fires_one_leg_and_completing_is_the_other(venue: Venue) -> None:
    rig = Rig()
    told = Told()
    rig.executions._account._evidence = told  # type: ignore[assignment]  # only `tell` is used
    mode = LegMode.KALSHI_FIRST if venue is Venue.KALSHI else LegMode.POLYMARKET_FIRST
    show(rig, [(4_600, 100 * ONE)], [(4_400, 100 * ONE)])
    (first,) = fires(rig.executions.start(opportunity(rig, mode), rig.now_ns))[0].orders
    assert (first.venue, first.purpose, first.order_no) == (venue, Purpose.ARB, 0)
    second = exit_of(rig.fill(first, 4_700, SIZE))
    assert (second.venue, second.side, second.is_unwind) == (venue.other, Side.BUY, False)
    rig.fill(second, size_e6=SIZE)
    (closed,) = notes(rig.seen, NoteKind.EXECUTION_CLOSED)
    assert closed["closed_as"] == "hedged"
    assert (closed["kalshi_filled_e6"], closed["polymarket_filled_e6"]) == (SIZE, SIZE)
    tries = {Venue.KALSHI: LegTry(1_000, 50), Venue.POLYMARKET: LegTry(2_000, 60)}
    assert told.rows == [
        (venue, tries[venue], False, SIZE, first.size_e6),
        (venue.other, tries[venue.other], True, SIZE, second.size_e6),
    ]


def test_sequenced_execution_is_unwound_where_the_other_book_has_gone_away() -> None:
    rig = Rig()
    show(rig, [(4_600, 100 * ONE)], [(4_400, 100 * ONE)])
    found = opportunity(rig, LegMode.POLYMARKET_FIRST)
    (first,) = fires(rig.executions.start(found, rig.now_ns))[0].orders
    show(rig, [(5_900, 100 * ONE)], [(4_400, 100 * ONE)])
    order = exit_of(rig.fill(first, 4_500, SIZE))
    assert (order.venue, order.is_unwind) == (Venue.POLYMARKET, True)


def test_refused_leg_is_no_evidence() -> None:
    rig = Rig()
    told = Told()
    rig.executions._account._evidence = told  # type: ignore[assignment]  # only `tell` is used
    first, second = fire(rig)
    rig.answer(first, S.REJECTED)
    rig.answer(second, S.NOT_SENT)
    assert told.rows == []


# -- early exit ------------------------------------------------------------------------------------

CASES = list(product(Polarity, Direction))


@pytest.mark.parametrize(("polarity", "direction"), CASES)
@pytest.mark.parametrize("mode", [LegMode.CONCURRENT, LegMode.KALSHI_FIRST])
def test_early_exit_sells_both_outcomes_that_the_pair_holds(
    polarity: Polarity, direction: Direction, mode: LegMode
) -> None:
    pair = structs.replace(make_pair(polarity), tif=TimeInForce.FOK)
    rig = Rig(polarity=polarity, direction=direction, pair=pair)
    show(rig, [(5_600, 100 * ONE)], [(4_700, 100 * ONE)])
    shot = fires(rig.executions.start(opportunity(rig, mode, is_close=True), rig.now_ns))[0]
    sent, queue = [], list(shot.orders)
    while queue:
        order = queue.pop(0)
        sent.append(order)
        price_e4 = 5_600 if order.venue is Venue.KALSHI else 4_700
        for more in fires(rig.fill(order, price_e4, SIZE, fee_micros=1_000)):
            queue += more.orders
    assert [(order.venue, order.side) for order in sent] == [(v, Side.SELL) for v in Venue]
    assert [order.reduce_only for order in sent] == [True, False]
    # A market that reduces only takes no fill-or-kill.
    assert sent[0].tif is TimeInForce.IOC
    signs = [event_sign(polarity, order.venue, order.outcome, order.side) for order in sent]
    assert sum(signs) == 0
    (closed,) = notes(rig.seen, NoteKind.EXECUTION_CLOSED)
    # 0.56 and 0.47 for what will pay a dollar.
    assert (closed["closed_as"], closed["net_micros"]) == ("hedged", 300_000 - 2_000)


@pytest.mark.parametrize(("polarity", "direction"), CASES)
@pytest.mark.parametrize("missed", Venue)
def test_early_exit_of_which_one_leg_missed_is_solved_by_the_same_solver(
    polarity: Polarity, direction: Direction, missed: Venue
) -> None:
    rig = Rig(polarity=polarity, direction=direction)
    show(rig, [(5_600, 100 * ONE)], [(4_700, 100 * ONE)])
    found = opportunity(rig, LegMode.CONCURRENT, is_close=True)
    orders = fires(rig.executions.start(found, rig.now_ns))[0].orders
    sold, other = sorted(orders, key=lambda order: order.venue is missed)
    rig.fill(sold, 5_600 if sold.venue is Venue.KALSHI else 4_700, SIZE)
    # Its book stands as it stood, so the missed leg is sold after all.
    again = exit_of(rig.answer(other, S.MISSED))
    assert (again.venue, again.outcome, again.side) == (missed, other.outcome, Side.SELL)
    assert again.size_e6 == SIZE
    # That way gone, what was sold is bought back.
    rig.send(VenueStateChanged(missed, is_open=False, reason="paused"))
    back = exit_of(rig.answer(again, S.MISSED))
    assert (back.venue, back.is_unwind) == (sold.venue, True)
    change = event_sign(polarity, back.venue, back.outcome, back.side)
    assert change == -event_sign(polarity, sold.venue, sold.outcome, sold.side)


# -- what is counted -------------------------------------------------------------------------------


def found_again(*, was_closed: bool) -> tuple[Rig, ExecutionFound, Sequence[Action]]:
    first, second = fire(Rig())
    orders = tuple(
        (spec, LegAnswer(status=S.FILLED, filled_e6=20 * ONE, notional_micros=9 * ONE))
        for spec in (first, second)
    )
    event = ExecutionFound(1, Rig().pair, Direction.KALSHI_YES, orders, was_closed)
    rig = Rig()
    rig.send(event)
    actions: list[Action] = []
    for number in (0, 1):
        actions += rig.send(MoneySettled(1, number, 20 * ONE, 9 * ONE, 0))
    return rig, event, actions


def test_execution_found_closed_is_told_again_only_if_something_changes() -> None:
    rig, event, actions = found_again(was_closed=True)
    assert rig.engine.open_executions == 0
    assert notes(actions, NoteKind.EXECUTION_CLOSED) == []
    assert (rig.engine.tally.hedged, rig.engine.tally.net_micros) == (0, 0)
    second = event.orders[1][0]
    actions = rig.void_fill(second, 20 * ONE, 9 * ONE)
    assert "fill_voided" in alarms(actions)
    assert rig.engine.open_executions == 1
    rig, _, actions = found_again(was_closed=False)
    assert len(notes(actions, NoteKind.EXECUTION_CLOSED)) == 1
    assert rig.engine.tally.hedged == 1


def test_restored_execution_reserves_what_its_orders_may_still_take() -> None:
    first, second = fire(Rig())
    rig = Rig()
    before = rig.executions.funds.free(rig.kalshi)
    known = LegAnswer(status=S.FILLED, filled_e6=20 * ONE, notional_micros=9 * ONE)
    orders = ((first, None), (second, known))
    rig.send(ExecutionFound(1, rig.pair, Direction.KALSHI_YES, orders))
    kalshi_cost = 20 * first.limit_e4 * 100
    assert before - rig.executions.funds.free(rig.kalshi) >= kalshi_cost
    # What filled is reserved until its money is known.
    polymarket_cost = 20 * second.limit_e4 * 100
    assert 1_000 * ONE - rig.executions.funds.free(rig.polymarket) >= polymarket_cost
    assert rig.executions.funds.unhedged_micros >= kalshi_cost


def test_reopened_execution_counts_its_residual_against_the_unhedged_cap() -> None:
    rig = Rig()
    first, second = fire(rig)
    for order in (first, second):
        rig.answer(order, S.MISSED)
    assert rig.executions.funds.unhedged_micros == 0
    rig.send(BooksVoid((K, P), "disconnected"))
    rig.send(FillBooked(1, 0, make_fill(first, 5 * ONE, 2_400_000)))
    assert rig.executions.funds.unhedged_micros >= 5 * first.limit_e4 * 100


def test_exposure_that_no_journal_knows_counts_against_the_unhedged_cap() -> None:
    rig = Rig()
    rig.send(ExposureFound(P, 30 * ONE, 10 * ONE, 3 * ONE))
    assert rig.executions.funds.unhedged_micros == 23 * ONE
    rig.send(ExposureFound(P, 0, 0, 0))
    assert rig.executions.funds.unhedged_micros == 0


def test_fill_that_was_final_and_is_void_all_the_same_is_voided_under_its_own_name() -> None:
    rig = Rig()
    first, second = fire(rig)
    rig.fill(first)
    rig.fill(second)
    notional = second.limit_e4 * second.size_e6 // 10_000
    fill = structs.replace(make_fill(second, second.size_e6, notional), status=FillStatus.FINAL)
    actions = rig.send(FillVoided(1, 1, fill))
    assert alarms(actions)[0] == "final_fill_voided"
    assert fires(actions)


def test_fills_that_end_are_told_to_the_breaker() -> None:
    rig = Rig()
    window = EASY.breaker.rate_window
    for number in range(window):
        rig.send(FillConfirmed(1, 1, f"fill-{number}", LOT))
    assert rig.executions.breaker.last_reason == ""
    first, second = fire(rig)
    rig.fill(first)
    for number in range(window // 2):
        rig.send(FillBooked(1, 1, make_fill(second, LOT, 4_500, key=str(number))))
        rig.void_fill(second, LOT, 4_500)
    assert rig.engine.breaker_state is BreakerState.OPEN
    assert "void_rate" in [fields["reason"] for fields in notes(rig.seen, NoteKind.BREAKER_CHANGED)]
