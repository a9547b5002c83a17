"""What a rule lets pass for a reason, and what is just beyond that reason."""

from dataclasses import replace
from typing import Any, Final

from tests.simulation.checkers.balances import ProfitTrue
from tests.simulation.checkers.facts import Rule
from tests.simulation.checkers.limits import CashReserved, LimitsKept
from tests.simulation.checkers.pricing import BooksReal
from tests.simulation.checkers.residual import ResidualAttended, RollbackReduces
from tests.simulation.checkers.selling import SellsOwnOnly
from tests.simulation.checkers.watch import prompt_venues
from tests.simulation.histories import NS_PER_S, SIZE_E6, TRUTH, History, K, P, market_on
from tests.simulation.plan import Item, draw_plan
from tests.simulation.sightings import LOT_E6, BookStates
from tests.simulation.tales import Tale, fail, start
from twoleg.core.events import AnswerStatus
from twoleg.core.market import Outcome, Side, Venue
from twoleg.core.orders import OrderSpec, Purpose

HALF_E6: Final = SIZE_E6 // 2
FIFTH_E6: Final = SIZE_E6 // 5
SALE: Final[dict[str, Any]] = {"side": Side.SELL, "purpose": Purpose.ROLLBACK}


def _hold(history: History, number: int = 1, *, kalshi_e6: int, polymarket_e6: int) -> None:
    """An execution that holds so much YES on Kalshi and NO on Polymarket, all booked."""
    for spec, size_e6 in zip(history.fire(number), (kalshi_e6, polymarket_e6), strict=True):
        if size_e6:
            history.book(spec, history.trade(spec, size_e6))
        is_whole = size_e6 == spec.size_e6
        history.answer(spec, AnswerStatus.FILLED if is_whole else AnswerStatus.MISSED, size_e6)


# -- naked quantity -------------------------------------------------------------------------------


def _ended(*venues: Venue, is_end: bool = False) -> Tale:
    """More is held on Kalshi than on Polymarket, and markets end."""

    def tale(history: History) -> None:
        _hold(history.begin(), kalshi_e6=SIZE_E6, polymarket_e6=FIFTH_E6)
        history.venues.resolved = {(venue, TRUTH.market_on(venue)) for venue in venues}
        if is_end:
            history.end()
        history.step(1).step(6)

    return tale


def _long_on_both(*venues: Venue) -> Tale:
    """Two executions of a pair hold too much of the same side, on one venue each."""

    def tale(history: History) -> None:
        _hold(history.begin(), kalshi_e6=SIZE_E6, polymarket_e6=0)
        other = history.spec(P, number=2, outcome=Outcome.YES, size_e6=HALF_E6)
        history.intend(other)
        history.fill(other)
        history.venues.resolved = {(venue, TRUTH.market_on(venue)) for venue in venues}
        history.step(1).step(6)

    return tale


def _failed_before_it_was_told(seconds: float, *, told: str = "") -> Tale:
    """Polymarket's fill fails on chain before anybody booked it; its order was answered."""

    def tale(history: History) -> None:
        legs = history.begin().fire()
        history.fill(legs[0])
        traded = history.trade(legs[1])
        history.answer(legs[1], AnswerStatus.FILLED, SIZE_E6)
        history.step(1)
        fail(history, traded)
        if told == "void":
            history.void(history.book(legs[1], traded))
        elif told == "answer":
            history.answer(legs[1], AnswerStatus.MISSED, code="trades_failed")
        history.step().step(seconds)

    return tale


def _naked_at_a_start(seconds: float, *, heard_s: float = 0, began_s: float = 0) -> Tale:
    """A leg alone; the daemon starts that long after it, hears of it, and looks at it in vain."""

    def tale(history: History) -> None:
        history.begin()
        history.facts.is_running = began_s > 0
        if began_s:
            history.step()
            start(history)
            history.step(began_s)
        leg, other = history.fire()
        traded = history.trade(leg)
        history.answer(leg, AnswerStatus.FILLED, SIZE_E6)
        history.answer(other, AnswerStatus.MISSED)
        if not heard_s:
            history.book(leg, traded)
        history.step()
        if not began_s:
            start(history)
        history.step(heard_s)
        if heard_s:
            history.book(leg, traded)
        history.step().step(seconds - heard_s)

    return tale


def _dust(size_e6: int, *, executions: int, reopened: int) -> Tale:
    """What hedges nothing is small; some executions closed a second time."""

    def tale(history: History) -> None:
        history.begin()
        for number in range(1, executions + 1):
            naked_e6 = size_e6 if number == executions else 0
            _hold(history, number, kalshi_e6=SIZE_E6, polymarket_e6=SIZE_E6 - naked_e6)
            for _ in range(2 if number <= reopened else 1):
                history.close(number)
        history.step(1).step(6).end()

    return tale


def _sells_beside(naked_e6: int, size_e6: int) -> Tale:
    """An execution that is hedged sells what another of its pair holds alone."""

    def tale(history: History) -> None:
        history.begin()
        _hold(history, 1, kalshi_e6=SIZE_E6, polymarket_e6=SIZE_E6 - naked_e6)
        _hold(history, 2, kalshi_e6=SIZE_E6, polymarket_e6=SIZE_E6)
        sale = history.spec(K, number=2, order_no=2, size_e6=size_e6, **SALE)
        history.intend(sale)
        history.step(1)
        history.trade(sale)

    return tale


# -- what is sold ---------------------------------------------------------------------------------


def _nets(
    beyond_e6: int,
    *,
    beside: int = 0,
    closed: int = 0,
    is_held: bool = True,
    half: Venue | None = None,
) -> Tale:
    """A completing purchase of NO takes what the pair has spare, and more; others are open.

    One more of them has a leg, on `half`, and waits for the other.
    """

    def tale(history: History) -> None:
        history.begin()
        if is_held:
            _hold(history, kalshi_e6=SIZE_E6, polymarket_e6=SIZE_E6)
            history.close()
        extra = history.spec(P, number=2, size_e6=FIFTH_E6, outcome=Outcome.YES, limit_e4=5_000)
        history.intend(extra)
        history.fill(extra)
        for number in range(3, 3 + beside + closed):
            history.intend(history.spec(K, number=number))
        for number in range(3, 3 + closed):
            history.close(number)
        if half is not None:
            history.fill(history.fire(9)[0 if half is K else 1])
        history.step(1)
        size_e6 = FIFTH_E6 + beyond_e6
        more: dict[str, Any] = {"outcome": Outcome.NO, "purpose": Purpose.ROLLBACK}
        spec = history.spec(K, number=2, order_no=2, size_e6=size_e6, **more)
        history.intend(spec)
        history.send(spec, held_e6=2 * SIZE_E6)

    return tale


def _exits(venue: Venue, *sold_e6: int, set_e6: int = HALF_E6, other_e6: int = 0) -> Tale:
    """An early exit sells on a venue on which its pair has a fifth that hedges nothing.

    `set_e6` is what it set out to sell; all but its last sale filled, as did its other leg.
    """

    def tale(history: History) -> None:
        rest_e6 = SIZE_E6 - FIFTH_E6
        kalshi_e6, polymarket_e6 = (SIZE_E6, rest_e6) if venue is K else (rest_e6, SIZE_E6)
        _hold(history.begin(), kalshi_e6=kalshi_e6, polymarket_e6=polymarket_e6)
        history.close()
        other = P if venue is K else K
        specs = {one: history.spec(one, number=2, side=Side.SELL, size_e6=set_e6) for one in Venue}
        history.intend(*specs.values())
        if other_e6:
            history.trade(specs[other], other_e6)
        history.step(1)
        for order_no, size_e6 in enumerate(sold_e6, 2):
            how: dict[str, Any] = {"size_e6": size_e6, "reduce_only": venue is K, **SALE}
            spec = history.spec(venue, number=2, order_no=order_no, **how)
            history.intend(spec)
            history.send(spec, held_e6=2 * SIZE_E6)
            history.step(1)
            history.trade(spec)
            history.step(1)

    return tale


def _sells_again(told_e6: int, again_e6: int, *, is_before: bool = True) -> Tale:
    """Of a sale in two halves one fails on chain, before or after its answer; then the other.

    It is told to be unknown, a part, or whole.
    """
    statuses = {0: AnswerStatus.UNKNOWN, HALF_E6: AnswerStatus.PARTIAL}

    def tale(history: History) -> None:
        leg = history.begin().fire()[1]
        history.fill(leg)
        sale = history.spec(P, order_no=2, **SALE)
        history.intend(sale)
        history.send(sale)
        halves = [history.trade(sale, HALF_E6) for _ in range(2)]
        history.step(1)
        if is_before:
            fail(history, halves[0])
            history.step(1)
        history.answer(sale, statuses.get(told_e6, AnswerStatus.FILLED), told_e6)
        for half in halves[is_before:]:
            history.step(1)
            fail(history, half)
        history.step(1)
        again = history.spec(P, order_no=3, size_e6=again_e6, **SALE)
        history.intend(again)
        history.send(again)

    return tale


def _sells_what_failed(seconds: float, size_e6: int, *, told_e6: int = SIZE_E6) -> Tale:
    """A purchase in two halves fails on chain before it is booked; the answer may tell of less."""

    def tale(history: History) -> None:
        leg = history.begin().fire()[1]
        for half in [history.trade(leg, HALF_E6) for _ in range(2)]:
            history.step(1)
            fail(history, half)
        history.answer(leg, AnswerStatus.PARTIAL, told_e6)
        history.step(seconds)
        sale = history.spec(P, order_no=2, size_e6=size_e6, **SALE)
        history.intend(sale)
        history.send(sale)

    return tale


# -- what landed late -----------------------------------------------------------------------------


def _taken_for_absent(
    history: History, spec: OrderSpec, seconds: float, code: str = "absent"
) -> None:
    history.intend(spec)
    history.answer(spec, AnswerStatus.UNKNOWN)
    history.step(seconds)
    history.answer(spec, AnswerStatus.MISSED, code=code)
    history.step(1)


def _arrives(seconds: float, *, venue: Venue = P, code: str = "absent") -> Tale:
    """An order arrives after it was taken for absent, and its cash was used otherwise."""

    def tale(history: History) -> None:
        spec = history.begin().spec(venue, limit_e4=5_000)
        _taken_for_absent(history, spec, seconds, code)
        history.send(spec, cash_micros=4_000_000)

    return tale


def _next_after_late(
    seconds: float = 8, *, cash_micros: int = 10_500_000, is_told: bool = False
) -> Tale:
    """An order that was taken for absent costs five dollars after all; the next one costs ten."""

    def tale(history: History) -> None:
        history.begin()
        history.venues.cash[P, 0] = cash_micros
        leg = history.spec(P, limit_e4=5_000)
        _taken_for_absent(history, leg, seconds)
        traded = history.trade(leg)
        history.venues.cash[P, 0] -= 5_000_000
        if is_told:
            history.book(leg, traded)
        history.intend(
            history.spec(K, number=2, size_e6=2 * SIZE_E6),
            history.spec(P, number=2, size_e6=2 * SIZE_E6, limit_e4=5_000),
        )

    return tale


def _stands_alone(limit_e4: int, other_e4: int, side: Side = Side.SELL) -> Tale:
    """A leg fills alone, and an entry with nine dollars at stake begins; ten are allowed."""

    def tale(history: History) -> None:
        legs = (
            history.begin().spec(K, side=side, limit_e4=limit_e4),
            history.spec(P, side=side, limit_e4=other_e4),
        )
        history.intend(*legs)
        history.fill(legs[0])
        history.answer(legs[1], AnswerStatus.MISSED)
        history.step(1)
        history.intend(history.spec(K, number=2, native_id="K2", limit_e4=9_000))

    return tale


def _stands_against(passed_e6: int, *, pair: str = "pair") -> Tale:
    """A leg stands alone, and an older one that landed late left it NO; nine dollars follow."""

    def tale(history: History) -> None:
        late = history.begin().spec(P)
        history.intend(late, pair=pair)
        history.answer(late, AnswerStatus.MISSED, code="absent")
        history.close()
        history.step(1)
        legs = history.spec(K, number=2, limit_e4=9_000), history.spec(P, number=2, limit_e4=900)
        history.intend(*legs)
        history.fill(legs[0], late)
        history.answer(legs[1], AnswerStatus.MISSED)
        history.close(netted_no_e6=-passed_e6, netted_yes_e6=0)
        history.step(1)
        history.intend(history.spec(K, number=3, native_id="K2", limit_e4=9_000))

    return tale


# -- what was earned ------------------------------------------------------------------------------


def _netted(
    given_e6: int = SIZE_E6, net_micros: int = 6_000_000, *, dies: str = "", is_open: bool = False
) -> Tale:
    """One bought YES, another NO: they cover each other, so the second gives the first its NO."""

    def tale(history: History) -> None:
        history.begin()
        if dies == "before":
            start(history.step(1))
        _hold(history, 1, kalshi_e6=SIZE_E6, polymarket_e6=0)
        _hold(history, 2, kalshi_e6=0, polymarket_e6=SIZE_E6)
        taken: dict[str, int] = {"netted_no_e6": SIZE_E6, "netted_yes_e6": 0}
        history.close(1, net_micros=net_micros, **taken)
        history.step(1)
        if dies == "between":
            start(history)
        given: dict[str, int] = {"netted_no_e6": -given_e6, "netted_yes_e6": 0}
        history.close(2, net_micros=-5_000_000, **given)
        if is_open:
            history.intend(history.spec(K, number=2, order_no=2, **SALE))
        history.step(1).end()

    return tale


# -- how old a book may be ------------------------------------------------------------------------


def _old_book(kind: str, seconds: float, venue: Venue = P, tail_chance: float = 0.0) -> Tale:
    """An entry is announced on a book that was another one for so long, beside a fault."""

    def tale(history: History) -> None:
        item = Item(at_s=1.0, kind=kind, venue=venue.value)
        plan = replace(draw_plan(0), schedule=(item,), tail_chance=tail_chance)
        history.facts.prompt = prompt_venues(plan)
        states = history.venues.states[P, TRUTH.polymarket] = BookStates()
        history.begin().facts.live_books = {market_on(P).id: 1}
        states.seen.extend([(history.now, 1), (history.now + NS_PER_S, 2)])
        history.step(1 + seconds)
        history.intend(history.spec(K))

    return tale


FAIR: tuple[tuple[type[Rule], Tale], ...] = (
    (ResidualAttended, _ended(K)),
    (ResidualAttended, _ended(K, is_end=True)),
    (ResidualAttended, _long_on_both(K, P)),
    (ResidualAttended, _failed_before_it_was_told(44)),
    (ResidualAttended, _naked_at_a_start(14)),
    (ResidualAttended, _naked_at_a_start(16, heard_s=12)),
    (ResidualAttended, _naked_at_a_start(4, began_s=1)),
    (ResidualAttended, _dust(LOT_E6 - 1, executions=1, reopened=0)),
    (ResidualAttended, _dust(2 * LOT_E6 - 1, executions=2, reopened=1)),
    (ResidualAttended, _dust(3 * LOT_E6 - 1, executions=3, reopened=3)),
    (RollbackReduces, _sells_beside(SIZE_E6, SIZE_E6)),
    (RollbackReduces, _sells_beside(HALF_E6, HALF_E6 + LOT_E6)),
    (SellsOwnOnly, _nets(LOT_E6)),
    (SellsOwnOnly, _nets(2 * LOT_E6, half=P)),
    (SellsOwnOnly, _nets(2 * LOT_E6, beside=1)),
    (SellsOwnOnly, _exits(K, HALF_E6 + FIFTH_E6)),
    (SellsOwnOnly, _exits(P, HALF_E6 + FIFTH_E6)),
    (SellsOwnOnly, _exits(K, HALF_E6 + FIFTH_E6, other_e6=HALF_E6)),
    (SellsOwnOnly, _exits(P, HALF_E6, FIFTH_E6, other_e6=HALF_E6)),
    (SellsOwnOnly, _exits(P, SIZE_E6, set_e6=SIZE_E6)),
    (SellsOwnOnly, _sells_again(HALF_E6, HALF_E6)),
    (SellsOwnOnly, _sells_what_failed(57, SIZE_E6)),
    (SellsOwnOnly, _sells_what_failed(1, HALF_E6, told_e6=HALF_E6)),
    (CashReserved, _arrives(8)),
    (CashReserved, _next_after_late()),
    (LimitsKept, _stands_alone(9_500, 600)),
    (LimitsKept, _stands_against(SIZE_E6 - SIZE_E6 // 10)),
    (ProfitTrue, _netted()),
    (ProfitTrue, _netted(0, dies="between")),
    (ProfitTrue, _netted(0, is_open=True)),
    (BooksReal, _old_book("money_late", 29)),
    (BooksReal, _old_book("link_hold", 29)),
    (BooksReal, _old_book("ws_silent", 29)),
    (BooksReal, _old_book("ws_disconnect", 29, tail_chance=0.002)),
    (BooksReal, _old_book("ws_disconnect", 2)),
)

BAD: tuple[tuple[type[Rule], str, Tale], ...] = (
    (ResidualAttended, "residual_unattended", _ended(P)),
    (ResidualAttended, "residual_left", _ended(P, is_end=True)),
    (ResidualAttended, "residual_unattended", _long_on_both(K)),
    (ResidualAttended, "residual_unattended", _long_on_both(P)),
    (ResidualAttended, "residual_unattended", _failed_before_it_was_told(46)),
    (ResidualAttended, "residual_unattended", _failed_before_it_was_told(6, told="void")),
    (ResidualAttended, "residual_unattended", _failed_before_it_was_told(6, told="answer")),
    (ResidualAttended, "residual_unattended", _naked_at_a_start(16)),
    (ResidualAttended, "residual_unattended", _naked_at_a_start(18, heard_s=12)),
    (ResidualAttended, "residual_unattended", _naked_at_a_start(6, began_s=1)),
    (ResidualAttended, "residual_unattended", _dust(LOT_E6, executions=1, reopened=0)),
    (ResidualAttended, "residual_unattended", _dust(2 * LOT_E6 - 1, executions=2, reopened=0)),
    (ResidualAttended, "residual_unattended", _dust(2 * LOT_E6 - 1, executions=1, reopened=1)),
    (ResidualAttended, "residual_unattended", _dust(2 * LOT_E6, executions=2, reopened=1)),
    (ResidualAttended, "residual_unattended", _dust(3 * LOT_E6, executions=4, reopened=4)),
    (RollbackReduces, "rollback_adds", _sells_beside(0, HALF_E6)),
    (RollbackReduces, "rollback_adds", _sells_beside(HALF_E6, HALF_E6 + 2 * LOT_E6)),
    (SellsOwnOnly, "sells_not_own", _nets(LOT_E6 + 1)),
    (SellsOwnOnly, "sells_not_own", _nets(2 * LOT_E6 + 1, beside=1)),
    (SellsOwnOnly, "sells_not_own", _nets(2 * LOT_E6, closed=1)),
    (SellsOwnOnly, "sells_not_own", _nets(2 * LOT_E6 + 1, half=P)),
    (SellsOwnOnly, "sells_not_own", _nets(2 * LOT_E6 + 1, half=K)),
    (SellsOwnOnly, "sells_not_own", _nets(0, is_held=False)),
    (SellsOwnOnly, "sells_not_own", _exits(K, HALF_E6 + FIFTH_E6 + LOT_E6)),
    (SellsOwnOnly, "sells_not_own", _exits(P, HALF_E6 + FIFTH_E6 + LOT_E6)),
    # What its other leg sold is not spare.
    (SellsOwnOnly, "sells_not_own", _exits(K, HALF_E6 + 2 * FIFTH_E6, other_e6=HALF_E6)),
    (SellsOwnOnly, "sells_not_own", _exits(P, HALF_E6 + 2 * FIFTH_E6, other_e6=HALF_E6)),
    # What is spare is part of what the pair holds, and is sold once.
    (SellsOwnOnly, "sells_not_own", _exits(K, SIZE_E6 + FIFTH_E6, set_e6=SIZE_E6)),
    (SellsOwnOnly, "sells_not_own", _exits(P, SIZE_E6 + FIFTH_E6, set_e6=SIZE_E6)),
    (SellsOwnOnly, "sells_not_own", _exits(P, HALF_E6 + FIFTH_E6, FIFTH_E6)),
    # What an answer told of is believed until news of it could have come.
    (SellsOwnOnly, "sells_not_own", _sells_again(HALF_E6, SIZE_E6)),
    (SellsOwnOnly, "sells_not_own", _sells_again(SIZE_E6, HALF_E6, is_before=False)),
    (SellsOwnOnly, "sells_not_own", _sells_again(0, HALF_E6)),
    (SellsOwnOnly, "sells_not_own", _sells_what_failed(61, SIZE_E6)),
    (SellsOwnOnly, "sells_not_own", _sells_what_failed(1, SIZE_E6, told_e6=HALF_E6)),
    (SellsOwnOnly, "sells_not_own", _sells_what_failed(1, LOT_E6, told_e6=0)),
    (CashReserved, "cash_not_reserved", _arrives(7)),
    (CashReserved, "cash_not_reserved", _arrives(8, code="killed")),
    (CashReserved, "cash_not_reserved", _arrives(8, venue=K)),
    (CashReserved, "cash_not_reserved", _next_after_late(7)),
    (CashReserved, "cash_not_reserved", _next_after_late(is_told=True)),
    (CashReserved, "cash_not_reserved", _next_after_late(cash_micros=9_990_000)),
    (LimitsKept, "unhedged_limit", _stands_against(SIZE_E6 - SIZE_E6 // 8)),
    (LimitsKept, "unhedged_limit", _stands_against(-SIZE_E6)),
    (LimitsKept, "unhedged_limit", _stands_against(SIZE_E6, pair="other")),
    (LimitsKept, "unhedged_limit", _stands_alone(5_000, 5_100)),
    (LimitsKept, "unhedged_limit", _stands_alone(500, 9_600)),
    (LimitsKept, "unhedged_limit", _stands_alone(9_500, 400, Side.BUY)),
    (ProfitTrue, "netted_lost", _netted(0)),
    (ProfitTrue, "netted_lost", _netted(SIZE_E6 - 1)),
    (ProfitTrue, "netted_lost", _netted(0, dies="before")),
    (ProfitTrue, "profit_differs", _netted(net_micros=-4_000_000)),
    (ProfitTrue, "profit_differs", _netted(0, net_micros=6_000_012, dies="between")),
    (BooksReal, "book_never_was", _old_book("money_late", 31)),
    (BooksReal, "book_never_was", _old_book("ws_disconnect", 4)),
    (BooksReal, "book_never_was", _old_book("ws_duplicate", 4)),
    (BooksReal, "book_never_was", _old_book("order_late", 4)),
    (BooksReal, "book_never_was", _old_book("money_late", 4, K)),
)
