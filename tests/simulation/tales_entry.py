"""Histories in which an entry or an exit should not have been, or is not what it should be."""

from typing import Any, Final

from msgspec.structs import replace

from tests.simulation.checkers.barred import Barred, BreakerOpens, VenueLeftAlone
from tests.simulation.checkers.facts import Rule
from tests.simulation.checkers.limits import CashReserved, LimitsKept
from tests.simulation.checkers.logs import LogsClean
from tests.simulation.checkers.pricing import BooksReal, EntriesSound, ExitsCapped
from tests.simulation.checkers.selling import ForeignUntouched, SellsOwnOnly
from tests.simulation.histories import SIZE_E6, History, K, P, key_of, market_on
from tests.simulation.sightings import BookStates, fingerprint_of
from tests.simulation.tales import Tale, fail
from twoleg.core.actions import NoteKind
from twoleg.core.events import AnswerStatus, OperatorAct
from twoleg.core.limits import Limits
from twoleg.core.market import Outcome, Side, Venue
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.sim.exchange import Change
from twoleg.storage.records import OperatorRecorded, RunStarted


def _too_large(history: History) -> None:
    history.begin().fire(size_e6=2 * SIZE_E6)


def _over_position(history: History) -> None:
    history.facts.limits = Limits(position_e6_max=SIZE_E6)
    history.fill(*history.begin().fire())
    history.close()
    history.step(1)
    history.fire(2)


def _over_position_at_the_venue(history: History) -> None:
    history.facts.limits = Limits(position_e6_max=SIZE_E6)
    spec = history.begin().spec(K)
    history.intend(spec)
    history.send(spec, held_e6=10_000)
    history.step()
    history.send(replace(spec, execution_no=2), key=key_of(spec), held_e6=20_000)


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


def _two_at_once(history: History) -> None:
    """Each could be paid; both together cannot, and neither has reached its venue."""
    history.begin()
    history.venues.cash[P, 0] = 9_000_000
    history.intend(*_legs(history, 1))
    history.step()
    history.intend(*_legs(history, 2))


def _second_leg_unpaid(history: History) -> None:
    """Only first legs are announced; the second ones have no cash on their venue."""
    history.begin()
    history.venues.cash[P, 0] = 8_000_000
    for number in (1, 2):
        history.intend(history.spec(K, number=number, native_id=""))
        history.step()


def _paid_one_after_the_other(history: History) -> None:
    """What the first execution cost is gone from the ledger, and not promised a second time."""
    history.begin()
    history.venues.cash[P, 0] = 9_000_000
    legs = _legs(history, 1)
    history.intend(*legs)
    for leg in legs:
        history.send(leg, cash_micros=9_000_000)
        history.trade(leg)
    history.venues.cash[P, 0] -= 5_000_000
    history.step()
    history.intend(history.spec(P, number=2, size_e6=SIZE_E6 // 2, limit_e4=5_000))


def _missed_first_leg_needs_no_second(history: History) -> None:
    history.begin()
    history.venues.cash[P, 0] = 9_000_000
    first = history.spec(K)
    history.intend(first)
    history.step()
    history.answer(first, AnswerStatus.MISSED)
    history.intend(*_legs(history, 2))


def _legs(history: History, number: int, size_e6: int = SIZE_E6) -> tuple[OrderSpec, ...]:
    return (
        history.spec(K, number=number, size_e6=size_e6),
        history.spec(P, number=number, size_e6=size_e6, limit_e4=5_000),
    )


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
    for number in (1, 2):
        history.intend(history.spec(K, number=number))


def _before_balances(history: History) -> None:
    history.write(
        RunStarted(wall_ns=history.now, run_id="r", mode="sim", version="", member="", accounts={})
    )
    history.fire()


def _before_residual_is_closed(history: History) -> None:
    history.fill(history.begin().fire()[0])
    history.answer(history.spec(P), AnswerStatus.MISSED)
    history.begin().intend(history.spec(K, number=2, native_id="K2"))


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


def _nets_more_than_is_spare(history: History) -> None:
    """A completing purchase of NO takes more of the pair's hedged YES than the pair has spare."""
    history.fill(*history.begin().fire())
    history.close()
    extra = history.spec(P, number=2, size_e6=1_000_000, outcome=Outcome.YES, limit_e4=5_000)
    history.intend(extra)
    history.fill(extra)
    history.step(1)
    spec = history.spec(
        K, number=2, order_no=2, outcome=Outcome.NO, size_e6=1_020_000, purpose=Purpose.ROLLBACK
    )
    history.intend(spec)
    history.send(spec, held_e6=SIZE_E6)


def _close_sells_more_than_it_set_out(history: History) -> None:
    history.fill(*history.begin().fire())
    history.close()
    spec = history.spec(P, number=2, order_no=0, side=Side.SELL, size_e6=1_000_000)
    history.intend(spec)
    history.step(1)
    other = history.spec(
        K,
        number=2,
        order_no=1,
        side=Side.SELL,
        size_e6=2_000_000,
        purpose=Purpose.ROLLBACK,
        reduce_only=True,
    )
    history.intend(other)
    history.send(other, held_e6=SIZE_E6)


def _sells_what_was_said_to_have_failed(history: History) -> None:
    leg = history.begin().fire()[1]
    traded = history.trade(leg)
    booked = history.book(leg, traded)
    history.step(1)
    fail(history, traded)
    history.void(booked)
    history.step(1)
    spec = history.spec(P, order_no=2, outcome=Outcome.NO, side=Side.SELL, purpose=Purpose.ROLLBACK)
    history.intend(spec)
    history.send(spec)


def _sells_after_a_late_failure(side: Side) -> Tale:
    """What was taken for absent lands, and fails on chain; nobody is told of either."""

    def tale(history: History) -> None:
        leg = history.begin().fire()[1]
        if side is Side.SELL:
            history.fill(leg)
        first = history.spec(P, order_no=2, side=side, purpose=Purpose.ROLLBACK)
        history.intend(first)
        history.answer(first, AnswerStatus.UNKNOWN)
        history.step(8)
        history.answer(first, AnswerStatus.MISSED, code="absent")
        history.step(1)
        fail(history, history.trade(first))
        history.step(1)
        again = history.spec(P, order_no=3, side=Side.SELL, purpose=Purpose.ROLLBACK)
        history.intend(again)
        history.send(again)

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


def _exits(limit_e4: int, size_e6: int = SIZE_E6, *, is_known: bool = True, **how: Any) -> Tale:
    """A leg that cost 0.40 stands alone, and is rolled back at a limit."""

    def tale(history: History) -> None:
        leg = history.begin().fire()[0]
        if is_known:
            history.trade(leg, size_e6)
        history.step(1)
        fields: dict[str, Any] = {"side": Side.SELL, **how}
        venue = fields.pop("venue", K)
        history.intend(
            history.spec(
                venue,
                order_no=2,
                purpose=Purpose.ROLLBACK,
                limit_e4=limit_e4,
                size_e6=size_e6,
                **fields,
            )
        )

    return tale


BUYS_COMPLEMENT: Final[dict[str, Any]] = {"side": Side.BUY, "outcome": Outcome.NO, "venue": P}


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


def _stale(seconds: float, *prompt: Venue) -> Tale:
    """An entry is announced on a book that was another one for so long."""

    def tale(history: History) -> None:
        history.facts.prompt = frozenset(prompt)
        states = history.venues.states[P, "0xc"] = BookStates()
        history.begin()
        states.apply(Change("ask", 4_000, SIZE_E6, SIZE_E6), history.now)
        history.facts.live_books = {market_on(P).id: states.fingerprint}
        history.step(1)
        states.apply(Change("ask", 4_000, -SIZE_E6, 0), history.now)
        states.apply(Change("ask", 6_000, SIZE_E6, SIZE_E6), history.now)
        history.step(seconds)
        history.intend(history.spec(K))

    return tale


def _logged(history: History) -> None:
    history.facts.new_logs = [{"event": "task_failed"}]


def _told_secret(history: History) -> None:
    history.facts.secrets = ("hush",)
    history.facts.new_logs = [{"event": "started", "key": "hush"}]


FAIR: tuple[tuple[type[Rule], Tale], ...] = (
    (CashReserved, _paid_one_after_the_other),
    (CashReserved, _missed_first_leg_needs_no_second),
    (SellsOwnOnly, _sells_after_a_late_failure(Side.SELL)),
    (BooksReal, _stale(29, K)),
    (BooksReal, _stale(2, K, P)),
    (ExitsCapped, _exits(3_330)),
    (ExitsCapped, _exits(6_830, **BUYS_COMPLEMENT)),
    # Five cents in all may be lost on a few lots, and dust has no price.
    (ExitsCapped, _exits(1_000, 150_000)),
    (ExitsCapped, _exits(100, is_known=False)),
)

BAD: tuple[tuple[type[Rule], str, Tale], ...] = (
    (LimitsKept, "size_limit", _too_large),
    (LimitsKept, "position_limit", _over_position),
    (LimitsKept, "position_limit", _over_position_at_the_venue),
    (LimitsKept, "executions_limit", _too_many),
    (LimitsKept, "market_busy", _market_busy),
    (LimitsKept, "unhedged_limit", _over_cap),
    (CashReserved, "cash_not_reserved", _over_cash),
    (CashReserved, "cash_not_reserved", _two_at_once),
    (CashReserved, "cash_not_reserved", _second_leg_unpaid),
    (Barred, "entry_while_open", _while(NoteKind.BREAKER_CHANGED, state="open")),
    (Barred, "entry_while_closed", _while(NoteKind.ALARM, event="venue_closed", venue="kalshi")),
    (Barred, "entry_while_stopped", _while_halted),
    (Barred, "two_probes", _two_probes),
    (Barred, "entry_while_starting", _before_balances),
    (Barred, "entry_while_recovering", _before_recovered),
    (Barred, "entry_while_recovering", _before_residual_is_closed),
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
    (SellsOwnOnly, "sells_not_own", _sells_after_a_late_failure(Side.BUY)),
    (SellsOwnOnly, "sells_not_own", _nets_users_holding),
    (SellsOwnOnly, "sells_not_own", _nets_more_than_is_spare),
    (SellsOwnOnly, "sells_not_own", _close_sells_more_than_it_set_out),
    (SellsOwnOnly, "sells_not_own", _sells_what_was_said_to_have_failed),
    (ForeignUntouched, "sold_foreign", _sold_more_than_bought),
    (EntriesSound, "legs_same_side", _same_side),
    (EntriesSound, "sizes_differ", _unequal),
    (EntriesSound, "edge_too_small", _no_edge),
    (EntriesSound, "price_limit", _dear),
    (ExitsCapped, "exit_too_dear", _exits(3_300)),
    (ExitsCapped, "exit_too_dear", _exits(6_850, **BUYS_COMPLEMENT)),
    (ExitsCapped, "exit_too_dear", _exits(1_000, 200_000)),
    (BooksReal, "phantom_depth", _phantom),
    (BooksReal, "book_never_was", _book_never_was),
    (BooksReal, "book_never_was", _stale(31)),
    (BooksReal, "book_never_was", _stale(4, K, P)),
    (LogsClean, "alarming_log", _logged),
    (LogsClean, "secret_logged", _told_secret),
)
