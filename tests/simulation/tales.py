"""Histories that are right, and histories in which one promise is broken."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from tests.simulation.checkers.answers import AnswersTrue
from tests.simulation.checkers.balances import FlowsTrue, ProfitTrue, RecordTrue, RepairsProven
from tests.simulation.checkers.facts import Flow, Rule
from tests.simulation.checkers.fills import FillsAccounted, FillsTrue
from tests.simulation.checkers.residual import ResidualAttended, RollbackReduces
from tests.simulation.checkers.selling import SellsOwnOnly
from tests.simulation.checkers.sending import Announced, SentOnce
from tests.simulation.histories import SIZE_E6, History, K, P, key_of
from tests.simulation.sightings import Traded
from twoleg.core.events import AnswerStatus
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.limits import Limits
from twoleg.core.market import Outcome, Side
from twoleg.core.orders import Purpose
from twoleg.storage.records import CashFlowSeen, FeeAdjusted, RunStarted

LIMITS = Limits(
    unhedged_micros_max=10_000_000, executions_max=2, size_e6_max=SIZE_E6, cash_reserve_micros=0
)
Tale = Callable[[History], object]


def start(history: History) -> None:
    """The next process begins."""
    history.write(
        RunStarted(wall_ns=history.now, run_id="n", mode="sim", version="", member="", accounts={})
    )
    history.facts.is_running, history.facts.alive_ns = True, history.now


def good(history: History) -> None:
    """One execution, both legs filled, closed; a fence that met nobody; a fair end."""
    legs = history.begin().fire()
    history.step(0.1).fill(*legs)
    history.step(0.1)
    history.send(legs[0], limit_e4=100, size_e6=10_000, tif="immediate_or_cancel")
    history.close(net_micros=SIZE_E6 - 4_000_000 - 5_000_000, closed_as="hedged")
    history.venues.cash[K, 0] -= 4_000_000
    history.venues.cash[P, 0] -= 5_000_000
    history.venues.held = {K: (SIZE_E6, 0), P: (0, SIZE_E6)}
    history.step(20).step(20).end()


# -- bad histories: (rule, violation, what happens) -----------------------------------------------


def _sent_twice(history: History) -> None:
    legs = history.begin().fire()
    history.step(1)
    history.send(legs[0])


def _two_keys(history: History) -> None:
    legs = history.begin().fire()
    history.answer(legs[0], AnswerStatus.UNKNOWN)
    history.intend(legs[0], keys=("again",))


def _journalled_late(history: History) -> None:
    spec = history.begin().spec(K)
    history.send(spec, is_journalled=False)
    history.intend(spec)


def _sent_otherwise(history: History) -> None:
    spec = history.begin().spec(K)
    history.intend(spec)
    history.send(spec, size_e6=2 * SIZE_E6)


def _wrong_answer(status: AnswerStatus, told_e6: int, filled_e6: int) -> Tale:
    def tale(history: History) -> None:
        leg = history.begin().fire()[0]
        if filled_e6:
            history.trade(leg, filled_e6)
        history.answer(leg, status, told_e6)

    return tale


def _delayed_decided(history: History) -> None:
    leg = history.begin().fire()[1]
    history.venues.pending.add(key_of(leg))
    history.answer(leg, AnswerStatus.MISSED)


def _decided_early(history: History) -> None:
    leg = history.begin().fire()[1]
    history.answer(leg, AnswerStatus.MISSED)
    history.step(1)
    history.trade(leg)


def _fill(**changes: object) -> Tale:
    def tale(history: History) -> None:
        leg = history.begin().fire()[0]
        history.book(leg, history.trade(leg), **changes)

    return tale


def _fill_twice(history: History) -> None:
    leg = history.begin().fire()[0]
    traded = history.trade(leg)
    history.book(leg, traded)
    history.step(1)
    history.book(leg, traded)


def _fill_of_other(history: History) -> None:
    legs = history.begin().fire()
    history.book(replace(legs[0], order_no=1), history.trade(legs[0]))


def _fill_lost(history: History) -> None:
    history.trade(history.begin().fire()[0])
    history.step(30).step(31)


def _void_kept(history: History) -> None:
    leg = history.begin().fire()[1]
    traded = history.trade(leg)
    history.book(leg, traded)
    traded.is_void = True
    history.end()


def _cash_off(history: History) -> None:
    history.begin()
    history.venues.cash[K, 0] -= 1
    history.end()


def _cash_off_quietly(history: History) -> None:
    history.begin()
    history.venues.cash[K, 0] -= 1
    history.step(20)


def _holding_off(history: History) -> None:
    history.begin()
    history.venues.held[P] = (10_000, 0)
    history.end()


def _flow(*micros: int, real: tuple[int, ...] = (), references: str = "abc") -> Tale:
    """The venue moved `real`; the daemon books `micros`, each under its own letter."""

    def tale(history: History) -> None:
        history.begin()
        history.facts.flows = [Flow(history.now, (K, 0), one) for one in real]
        for letter, one in zip(references, micros, strict=False):
            flow = CashFlow(
                kind=FlowKind.DEPOSIT, venue=K, shard=0, micros=one, reference=letter, ts_ms=0
            )
            history.write(CashFlowSeen(wall_ns=history.now, flow=flow))

    return tale


def _repaired(history: History) -> None:
    leg = history.begin().fire()[1]
    history.trade(leg)
    history.write(FeeAdjusted(wall_ns=history.now, venue=P, shard=0, micros=50, fills=1))


def _profit_off(history: History) -> None:
    legs = history.begin().fire()
    history.fill(*legs)
    history.close(net_micros=2_000_000, closed_as="hedged")
    history.end()


def _left_naked(history: History) -> None:
    leg = history.begin().fire()[0]
    history.fill(leg)
    history.answer(history.spec(P), AnswerStatus.MISSED)
    history.step(1).step(6)


def _naked_at_end(history: History) -> None:
    leg = history.begin().fire()[0]
    history.fill(leg)
    history.end()


def _rolled_the_wrong_way(history: History) -> None:
    leg = history.begin().fire()[0]
    history.fill(leg)
    more = history.spec(K, order_no=2, purpose=Purpose.ROLLBACK)
    history.intend(more)
    history.step(1)
    history.trade(more)


def _heard_and_left(history: History) -> None:
    """A fill that failed on chain is heard of, and nobody minds the other leg."""
    legs = history.begin().fire()
    traded = [history.trade(leg) for leg in legs]
    booked = [history.book(leg, trade) for leg, trade in zip(legs, traded, strict=True)]
    for leg in legs:
        history.answer(leg, AnswerStatus.FILLED, SIZE_E6)
    history.step(1)
    fail(history, traded[1])
    history.step(40)
    history.void(booked[1])
    history.step(4).step(2)


def _never_heard(history: History) -> None:
    legs = history.begin().fire()
    history.fill(*legs)
    history.step(1)
    fail(history, history.venues.trades[1])
    history.step().step(20).step(26)


def fail(history: History, trade: Traded) -> None:
    """A trade fails on chain."""
    trade.is_void, trade.void_ns = True, history.now
    history.venues.voids += 1


def _adds_over_two_trades(history: History) -> None:
    """Each trade of a rollback looks small; together they turn the residual around."""
    leg = history.begin().fire()[0]
    history.fill(leg)
    more = history.spec(
        K, order_no=2, side=Side.SELL, size_e6=2 * SIZE_E6, purpose=Purpose.ROLLBACK
    )
    history.intend(more)
    history.step(1)
    history.trade(more, SIZE_E6)
    history.step(1)
    history.trade(more, 20_000)


def _adds_knowing_of_a_void(history: History) -> None:
    """The failed fill was journalled before: covering it a second time is no news that was late."""
    legs = history.begin().fire()
    traded = history.trade(legs[1])
    booked = history.book(legs[1], traded)
    history.step(1)
    fail(history, traded)
    history.void(booked)
    history.step(1)
    more = history.spec(K, order_no=2, outcome=Outcome.NO, limit_e4=6_000, purpose=Purpose.ROLLBACK)
    history.intend(more)
    history.step(1)
    history.trade(more)


# -- what the daemon could not know, or may do: (rule, what happens) ------------------------------


def _sold_before_it_was_known_to_have_failed(history: History) -> None:
    leg = history.begin().fire()[1]
    traded = history.trade(leg)
    history.answer(leg, AnswerStatus.FILLED, SIZE_E6)
    booked = history.book(leg, traded)
    history.step(1)
    fail(history, traded)
    spec = history.spec(P, order_no=2, outcome=Outcome.NO, side=Side.SELL, purpose=Purpose.ROLLBACK)
    history.intend(spec)
    history.send(spec)
    history.step(1)
    history.void(booked)


def _sells_again_what_an_answer_left_unsold(history: History) -> None:
    """The sale failed on chain before anybody booked it; its look-up told of nothing else."""
    leg = history.begin().fire()[1]
    history.fill(leg)
    sale: dict[str, Any] = {"outcome": Outcome.NO, "side": Side.SELL, "purpose": Purpose.ROLLBACK}
    first = history.spec(P, order_no=2, **sale)
    history.intend(first)
    history.send(first)
    traded = history.trade(first)
    history.step(1)
    fail(history, traded)
    history.step(1)
    history.answer(first, AnswerStatus.MISSED, code="trades_failed")
    second = history.spec(P, order_no=3, **sale)
    history.intend(second)
    history.send(second)


def _nets_what_is_spare(history: History) -> None:
    history.fill(*history.begin().fire())
    history.close()
    extra = history.spec(P, number=2, size_e6=1_000_000, outcome=Outcome.YES, limit_e4=5_000)
    history.intend(extra)
    history.fill(extra)
    history.step(1)
    spec = history.spec(
        K, number=2, order_no=2, outcome=Outcome.NO, size_e6=1_000_000, purpose=Purpose.ROLLBACK
    )
    history.intend(spec)
    history.send(spec, held_e6=SIZE_E6)


def _dollars_return_more_in_two_trades(history: History) -> None:
    leg = history.begin().fire()[0]
    history.fill(leg)
    more = history.spec(P, order_no=2, purpose=Purpose.ROLLBACK, limit_e4=5_000)
    history.intend(more)
    history.step(1)
    history.trade(more, SIZE_E6 - 10_000)
    history.step(0.1)
    history.trade(more, 600_000)


def _returns(size_e6: int, filled_e6: int) -> Tale:
    """Dollars for a leg's cover bring more than they would have at their limit."""

    def tale(history: History) -> None:
        history.fill(history.begin().fire()[0])
        spec = history.spec(
            P, order_no=2, size_e6=size_e6, limit_e4=5_000, purpose=Purpose.ROLLBACK
        )
        history.intend(spec)
        history.step(1)
        history.trade(spec, filled_e6)

    return tale


def _covered_twice_by_a_late_landing(history: History) -> None:
    """The order that replaced an absent one fills after that one came after all."""
    leg, late = history.begin().fire()
    history.fill(leg)
    history.answer(late, AnswerStatus.UNKNOWN)
    history.step(8)
    history.answer(late, AnswerStatus.MISSED, code="absent")
    more = history.spec(P, order_no=2, purpose=Purpose.ROLLBACK, limit_e4=5_000)
    history.intend(more)
    history.step(1)
    history.trade(late)
    history.step(1)
    history.trade(more)


def _covers_what_the_next_news_covers(history: History) -> None:
    """Two fills of a late order are told in one moment, and the first is acted on at once."""
    leg, late = history.begin().fire()
    history.fill(leg)
    history.answer(late, AnswerStatus.UNKNOWN)
    history.step(8)
    history.answer(late, AnswerStatus.MISSED, code="absent")
    history.step(1)
    halves = [history.trade(late, SIZE_E6 // 2) for _ in range(2)]
    history.book(late, halves[0])
    more = history.spec(
        P, order_no=2, purpose=Purpose.ROLLBACK, limit_e4=5_000, size_e6=SIZE_E6 // 2
    )
    history.intend(more)
    history.book(late, halves[1])
    history.step(1)
    history.trade(more)


def _heard_late_and_closed(history: History) -> None:
    legs = history.begin().fire()
    traded = [history.trade(leg) for leg in legs]
    booked = [history.book(leg, trade) for leg, trade in zip(legs, traded, strict=True)]
    for leg in legs:
        history.answer(leg, AnswerStatus.FILLED, SIZE_E6)
    history.step(1)
    fail(history, traded[1])
    history.step(40)
    history.void(booked[1])
    history.step(4)
    spec = history.spec(K, order_no=2, side=Side.SELL, purpose=Purpose.ROLLBACK)
    history.intend(spec)
    history.step(2)
    history.fill(spec)


def _only_fill_failed(history: History) -> None:
    leg = history.begin().fire()[1]
    traded = history.trade(leg)
    history.answer(leg, AnswerStatus.FILLED, SIZE_E6)
    fail(history, traded)
    history.close(net_micros=0, closed_as="missed")
    history.end()


def _flow_as_it_was(history: History) -> None:
    _flow(5, 5, real=(5, 5))(history)


def _held_with_a_modelled_fee(history: History) -> None:
    leg = history.begin().fire()[1]
    history.book(leg, history.trade(leg, fee=5), fee_modelled=True)
    history.venues.cash[P, 0] -= 5_000_000 + 1
    history.venues.held[P] = (0, SIZE_E6)
    history.end()


FAIR: tuple[tuple[type[Rule], Tale], ...] = (
    (SellsOwnOnly, _sold_before_it_was_known_to_have_failed),
    (SellsOwnOnly, _sells_again_what_an_answer_left_unsold),
    (SellsOwnOnly, _nets_what_is_spare),
    (RollbackReduces, _dollars_return_more_in_two_trades),
    (RollbackReduces, _returns(SIZE_E6, 3 * SIZE_E6)),
    (RollbackReduces, _returns(2 * SIZE_E6, 3 * SIZE_E6)),
    (RollbackReduces, _covered_twice_by_a_late_landing),
    (RollbackReduces, _covers_what_the_next_news_covers),
    (ResidualAttended, _heard_late_and_closed),
    (ProfitTrue, _only_fill_failed),
    (FlowsTrue, _flow_as_it_was),
    (RecordTrue, _held_with_a_modelled_fee),
)

BAD: tuple[tuple[type[Rule], str, Tale], ...] = (
    (SentOnce, "sent_twice", _sent_twice),
    (SentOnce, "two_keys", _two_keys),
    (Announced, "intent_not_journalled", _journalled_late),
    (Announced, "sent_as_not_announced", _sent_otherwise),
    (AnswersTrue, "answer_untrue", _wrong_answer(AnswerStatus.MISSED, 0, SIZE_E6)),
    (AnswersTrue, "answer_untrue", _wrong_answer(AnswerStatus.REJECTED, 0, SIZE_E6)),
    (AnswersTrue, "answer_untrue", _wrong_answer(AnswerStatus.FILLED, SIZE_E6, 0)),
    (AnswersTrue, "answer_untrue", _wrong_answer(AnswerStatus.PARTIAL, 10_000, SIZE_E6)),
    (AnswersTrue, "pending_decided", _delayed_decided),
    (AnswersTrue, "decided_too_early", _decided_early),
    (FillsTrue, "fill_unknown_to_venue", _fill(fill_id="never")),
    (FillsTrue, "fill_differs", _fill(size_e6=SIZE_E6 + 1)),
    (FillsTrue, "fill_differs", _fill(price_e4=4_001)),
    (FillsTrue, "fill_differs", _fill(notional_micros=4_000_001)),
    (FillsTrue, "fill_differs", _fill(fee_micros=1)),
    (FillsTrue, "fill_differs", _fill(fee_micros=11, fee_modelled=True)),
    (FillsTrue, "fill_differs", _fill(side=Side.SELL)),
    (FillsTrue, "fill_booked_twice", _fill_twice),
    (FillsTrue, "fill_of_other_order", _fill_of_other),
    (FillsAccounted, "fill_unaccounted", _fill_lost),
    (FillsAccounted, "fill_unaccounted", _void_kept),
    (RecordTrue, "cash_differs", _cash_off),
    (RecordTrue, "cash_differs", _cash_off_quietly),
    (RecordTrue, "holding_differs", _holding_off),
    (RepairsProven, "repaired_unproven", _repaired),
    (ProfitTrue, "profit_differs", _profit_off),
    (FlowsTrue, "flow_untrue", _flow(5)),
    (FlowsTrue, "flow_untrue", _flow(5, 5, real=(5, 6))),
    (FlowsTrue, "flow_booked_twice", _flow(5, 5, real=(5, 5), references="aa")),
    (ResidualAttended, "residual_unattended", _left_naked),
    (ResidualAttended, "residual_unattended", _heard_and_left),
    (ResidualAttended, "residual_unattended", _never_heard),
    (ResidualAttended, "residual_left", _naked_at_end),
    (RollbackReduces, "rollback_adds", _returns(2 * SIZE_E6 + 20_000, 3 * SIZE_E6)),
    (RollbackReduces, "rollback_adds", _rolled_the_wrong_way),
    (RollbackReduces, "rollback_adds", _adds_over_two_trades),
    (RollbackReduces, "rollback_adds", _adds_knowing_of_a_void),
)
