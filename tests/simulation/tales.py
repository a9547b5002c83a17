"""Histories that are right, and histories in which one promise is broken."""

from collections.abc import Callable

from msgspec.structs import replace

from tests.simulation.checkers.answers import AnswersTrue
from tests.simulation.checkers.balances import ProfitTrue, RecordTrue, RepairsProven
from tests.simulation.checkers.barred import Barred, BreakerOpens, VenueLeftAlone
from tests.simulation.checkers.facts import Rule
from tests.simulation.checkers.fills import FillsAccounted, FillsTrue
from tests.simulation.checkers.limits import CashReserved, LimitsKept
from tests.simulation.checkers.logs import LogsClean
from tests.simulation.checkers.pricing import BooksReal, EntriesSound
from tests.simulation.checkers.residual import ResidualAttended, RollbackReduces
from tests.simulation.checkers.selling import ForeignUntouched, SellsOwnOnly
from tests.simulation.checkers.sending import Announced, SentOnce
from tests.simulation.histories import SIZE_E6, History, K, P, key_of
from tests.simulation.sightings import BookStates, fingerprint_of
from twoleg.core.actions import NoteKind
from twoleg.core.events import AnswerStatus, OperatorAct
from twoleg.core.limits import Limits
from twoleg.core.market import Outcome, Side
from twoleg.core.orders import Purpose
from twoleg.sim.exchange import Change
from twoleg.storage.records import FeeAdjusted, OperatorRecorded, RunStarted

LIMITS = Limits(unhedged_micros_max=10_000_000, executions_max=2, size_e6_max=SIZE_E6)
Tale = Callable[[History], object]


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


def _too_large(history: History) -> None:
    history.begin().fire(size_e6=2 * SIZE_E6)


def _over_position(history: History) -> None:
    history.facts.limits = Limits(position_e6_max=SIZE_E6)
    history.fill(*history.begin().fire())
    history.close()
    history.step(1)
    history.fire(2)


def _too_many(history: History) -> None:
    history.begin()
    for number in (1, 2, 3):
        history.intend(history.spec(K, number=number, native_id=f"K{number}"))


def _market_busy(history: History) -> None:
    history.begin().fire()
    history.step(1)
    history.fire(2)


def _over_cap(history: History) -> None:
    history.begin().fire()
    history.step(1)
    specs = (
        history.spec(K, number=2, native_id="K2", limit_e4=6_000),
        history.spec(P, number=2, native_id="P2", limit_e4=3_000),
    )
    history.intend(*specs)


def _over_cash(history: History) -> None:
    leg = history.begin().fire()[0]
    history.venues.pending.add(key_of(leg))
    other = history.spec(K, number=2, native_id="K2")
    history.intend(other)
    history.send(other, cash_micros=7_000_000)


def _while(kind: NoteKind, **fields: str | int | bool) -> Tale:
    def tale(history: History) -> None:
        history.begin().note(kind, **fields)
        history.step(1)
        history.fire()

    return tale


def _while_halted(history: History) -> None:
    act = OperatorAct.HALT
    history.write(OperatorRecorded(wall_ns=history.now, act=act, reason="", actor=""))
    history.begin().fire()


def _two_probes(history: History) -> None:
    history.begin().note(NoteKind.BREAKER_CHANGED, state="half_open")
    history.fire()
    history.fire(2)


def _before_balances(history: History) -> None:
    history.write(
        RunStarted(wall_ns=history.now, run_id="r", mode="sim", version="", member="", accounts={})
    )
    history.fire()


def _before_recovered(history: History) -> None:
    history.begin().fire()
    history.begin().fire(2)


def _failing_on(history: History) -> None:
    history.begin()
    for number in range(1, 7):
        leg = history.fire(number)[0]
        history.answer(leg, AnswerStatus.UNKNOWN)
        history.step(1)


def _refused_again(history: History) -> None:
    history.begin()
    for number in range(1, 14):
        leg = history.fire(number)[0]
        history.answer(leg, AnswerStatus.REJECTED)
        history.step(1)


def _sells(size_e6: int, *, of_own_e6: int, held_e6: int, reduce_only: bool = True) -> Tale:
    """A Kalshi unwind."""

    def tale(history: History) -> None:
        leg = history.begin().fire()[0]
        if of_own_e6:
            history.trade(leg, of_own_e6)
        history.step(1)
        spec = history.spec(
            K,
            order_no=2,
            side=Side.SELL,
            size_e6=size_e6,
            purpose=Purpose.ROLLBACK,
            reduce_only=reduce_only,
        )
        history.intend(spec)
        history.send(spec, held_e6=held_e6)

    return tale


def _sells_tokens(history: History) -> None:
    leg = history.begin().fire()[1]
    history.trade(leg, 1_000_000)
    history.step(1)
    spec = history.spec(P, order_no=2, outcome=Outcome.NO, side=Side.SELL, purpose=Purpose.ROLLBACK)
    history.intend(spec)
    history.send(spec)


def _nets_users_holding(history: History) -> None:
    history.begin()
    spec = history.spec(K)
    history.intend(spec)
    history.send(spec, held_e6=-SIZE_E6)


def _sold_more_than_bought(history: History) -> None:
    history.begin()
    history.trade(history.spec(P, side=Side.SELL))


def _same_side(history: History) -> None:
    history.begin()
    history.intend(history.spec(K), history.spec(P, outcome=Outcome.YES, limit_e4=5_000))


def _unequal(history: History) -> None:
    history.begin()
    history.intend(
        history.spec(K, limit_e4=4_000), history.spec(P, size_e6=2 * SIZE_E6, limit_e4=2_000)
    )


def _no_edge(history: History) -> None:
    history.begin()
    history.intend(history.spec(K, limit_e4=5_000), history.spec(P, limit_e4=4_960))


def _dear(history: History) -> None:
    history.begin()
    history.intend(history.spec(K, limit_e4=9_900))


def _books(history: History, size_e6: int) -> None:
    states = history.venues.states[K, "KX"] = BookStates()
    states.apply(Change("ask", 4_000, size_e6, size_e6), history.now)


def _phantom(history: History) -> None:
    _books(history, SIZE_E6)
    spec = history.begin().spec(K)
    history.intend(spec)
    history.send(spec)


def _book_never_was(history: History) -> None:
    _books(history, 4 * SIZE_E6)
    spec = history.begin().spec(K)
    history.intend(spec)
    history.send(spec)
    history.facts.live_books = {spec.market.id: fingerprint_of({}, {4_000: 5 * SIZE_E6})}


def _logged(history: History) -> None:
    history.facts.new_logs = [{"event": "task_failed"}]


def _told_secret(history: History) -> None:
    history.facts.secrets = ("hush",)
    history.facts.new_logs = [{"event": "started", "key": "hush"}]


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
    (ResidualAttended, "residual_unattended", _left_naked),
    (ResidualAttended, "residual_left", _naked_at_end),
    (RollbackReduces, "rollback_adds", _rolled_the_wrong_way),
    (LimitsKept, "size_limit", _too_large),
    (LimitsKept, "position_limit", _over_position),
    (LimitsKept, "executions_limit", _too_many),
    (LimitsKept, "market_busy", _market_busy),
    (LimitsKept, "unhedged_limit", _over_cap),
    (CashReserved, "cash_not_reserved", _over_cash),
    (Barred, "entry_while_open", _while(NoteKind.BREAKER_CHANGED, state="open")),
    (Barred, "entry_while_closed", _while(NoteKind.ALARM, event="venue_closed", venue="kalshi")),
    (Barred, "entry_while_stopped", _while_halted),
    (Barred, "two_probes", _two_probes),
    (Barred, "entry_while_starting", _before_balances),
    (Barred, "entry_while_recovering", _before_recovered),
    (BreakerOpens, "breaker_stayed_closed", _failing_on),
    (VenueLeftAlone, "refused_again", _refused_again),
    (SellsOwnOnly, "sells_not_own", _sells(SIZE_E6, of_own_e6=10_000, held_e6=SIZE_E6)),
    (SellsOwnOnly, "sells_not_own", _sells(SIZE_E6, of_own_e6=0, held_e6=SIZE_E6)),
    (SellsOwnOnly, "sells_too_much", _sells(2 * SIZE_E6, of_own_e6=SIZE_E6, held_e6=SIZE_E6)),
    (
        SellsOwnOnly,
        "exit_not_reduce_only",
        _sells(SIZE_E6, of_own_e6=SIZE_E6, held_e6=SIZE_E6, reduce_only=False),
    ),
    (SellsOwnOnly, "sells_not_own", _sells_tokens),
    (SellsOwnOnly, "sells_not_own", _nets_users_holding),
    (ForeignUntouched, "sold_foreign", _sold_more_than_bought),
    (EntriesSound, "legs_same_side", _same_side),
    (EntriesSound, "sizes_differ", _unequal),
    (EntriesSound, "edge_too_small", _no_edge),
    (EntriesSound, "price_limit", _dear),
    (BooksReal, "phantom_depth", _phantom),
    (BooksReal, "book_never_was", _book_never_was),
    (LogsClean, "alarming_log", _logged),
    (LogsClean, "secret_logged", _told_secret),
)
