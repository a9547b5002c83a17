"""Random walks: whatever comes in whatever order, no state machine meets a signal it has no row for."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core import LOT, P, Rig, make_fill, notes
from twoleg.core.actions import Fire, LookUp, NoteKind, SetTimer
from twoleg.core.events import (
    AnswerStatus,
    BooksVoid,
    FillBooked,
    FillVoided,
    MoneySettled,
    TimerFired,
    VenueStateChanged,
)
from twoleg.core.execution import ExecutionState, OrderState
from twoleg.core.market import Direction, Polarity, Side, Venue
from twoleg.core.orders import OrderSpec

FINAL = (
    AnswerStatus.FILLED,
    AnswerStatus.PARTIAL,
    AnswerStatus.MISSED,
    AnswerStatus.REJECTED,
    AnswerStatus.NOT_SENT,
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *("answer", "answer", "answer", "settle", "settle", "late", "void", "timer"),
                *("quote", "again", "book_void", "venue", "fill_first"),
            )
        ),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    max_size=60,
)


class Walk:
    """An engine under arbitrary, but never self-contradicting, facts."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.specs: list[OrderSpec] = []
        self.fills: list[tuple[OrderSpec, int, int]] = []
        self.timers: list[str] = []
        self.pending: list[OrderSpec] = []

    def send(self, event: object) -> None:
        self.rig.pass_ms(3)
        self.take(list(self.rig.send(event)))

    def take(self, actions: list[object]) -> None:
        for action in actions:
            if isinstance(action, Fire):
                self.specs += action.orders
                self.pending += action.orders
                self.check_orders(action)
            elif isinstance(action, SetTimer):
                self.timers.append(action.key)
            elif isinstance(action, LookUp):
                assert self.state(action.execution_no, action.order_no).is_unresolved

    def check_orders(self, fire: Fire) -> None:
        execution = self.rig.executions._find(fire.execution_no)
        for spec in fire.orders:
            if spec.side is Side.SELL:
                assert spec.size_e6 <= execution.own_e6(spec.venue, spec.outcome)

    def state(self, execution_no: int, order_no: int) -> OrderState:
        return self.rig.executions._find(execution_no).order(order_no)

    def step(self, kind: str, which: int, how: int) -> None:
        rig = self.rig
        if kind == "quote":
            rig.pass_ms(50)
            self.take(list(rig.quote()))
        elif kind == "timer" and self.timers:
            self.send(TimerFired(self.timers.pop(which % len(self.timers))))
        elif kind == "book_void":
            self.send(BooksVoid((P,), "silent"))
        elif kind == "venue":
            self.send(VenueStateChanged(list(Venue)[which % 2], how % 3 > 0, "told"))
        elif self.specs:
            self.step_order(kind, self.specs[which % len(self.specs)], how)

    def step_order(self, kind: str, spec: OrderSpec, how: int) -> None:
        order = self.state(spec.execution_no, spec.order_no)
        is_waiting = order.is_out or order.is_unresolved
        if kind == "answer" and self.pending:
            self.answer(self.pending.pop(how % len(self.pending)), how)
        elif kind == "again" and not is_waiting:
            status = AnswerStatus.FILLED if order.filled_e6 else AnswerStatus.MISSED
            self.take(list(self.rig.answer(spec, status, order.filled_e6)))
        elif kind == "settle" and not is_waiting:
            self.settle(spec, order)
        elif kind == "late" or (kind == "fill_first" and is_waiting):
            self.book(spec, LOT * (1 + how % 50))
        elif kind == "void" and self.fills:
            index = how % len(self.fills)
            of, size, notional = self.fills[index]
            if self.state(of.execution_no, of.order_no).filled_e6 >= size:
                del self.fills[index]
                fill = make_fill(of, size, notional)
                self.send(FillVoided(of.execution_no, of.order_no, fill))

    def answer(self, spec: OrderSpec, how: int) -> None:
        order = self.state(spec.execution_no, spec.order_no)
        if how % 4 == 0:
            self.pending.append(spec)
            status = (AnswerStatus.UNKNOWN, AnswerStatus.DELAYED)[how % 8 == 0]
            self.take(list(self.rig.answer(spec, status)))
            return
        status = FINAL[how % len(FINAL)]
        filled = {AnswerStatus.FILLED: spec.size_e6, AnswerStatus.PARTIAL: spec.size_e6 // 2}
        told = max(filled.get(status, 0), order.filled_e6)
        notional = spec.limit_e4 * told // 10_000
        unavailable = status is AnswerStatus.NOT_SENT and how > 50
        self.take(list(self.rig.answer(spec, status, told, notional, is_unavailable=unavailable)))

    def book(self, spec: OrderSpec, size: int) -> None:
        notional = spec.limit_e4 * size // 10_000
        self.fills.append((spec, size, notional))
        self.send(FillBooked(spec.execution_no, spec.order_no, make_fill(spec, size, notional)))

    def settle(self, spec: OrderSpec, order: OrderState) -> None:
        missing = order.filled_e6 - order.booked_e6
        if missing > 0:
            self.book(spec, missing)
        event = MoneySettled(
            spec.execution_no,
            spec.order_no,
            order.booked_e6,
            order.booked_notional_micros,
            order.booked_fee_micros,
        )
        self.send(event)

    def finish(self) -> None:
        """Answer, book and retry until nothing moves."""
        for _ in range(6):
            self.answer_all()
            keys, self.timers = sorted(set(self.timers)), []
            for key in keys:
                self.rig.pass_ms(1_000)
                self.send(TimerFired(key))
        self.answer_all()

    def answer_all(self) -> None:
        while self.pending:
            spec = self.pending.pop()
            told = self.state(spec.execution_no, spec.order_no).filled_e6
            status = AnswerStatus.FILLED if told else AnswerStatus.MISSED
            self.take(list(self.rig.answer(spec, status, told)))
        for spec in list(self.specs):
            order = self.state(spec.execution_no, spec.order_no)
            if order.filled_e6 and not order.is_booked:
                self.settle(spec, order)


@settings(max_examples=150)
@given(st.sampled_from(Polarity), st.sampled_from(Direction), STEPS)
def test_walk_through_any_facts_meets_no_missing_row_and_comes_to_rest(
    polarity: Polarity, direction: Direction, steps: list[tuple[str, int, int]]
) -> None:
    walk = Walk(Rig(polarity=polarity, direction=direction))
    walk.take(list(walk.rig.quote()))
    for step in steps:
        walk.step(*step)
    walk.finish()
    executions = walk.rig.executions
    for execution in executions._open.values():
        assert execution.state is ExecutionState.HOLDING
        assert abs(execution.exposure_e6()) >= LOT
    for execution in executions._closed.values():
        assert execution.state is ExecutionState.CLOSED
        assert all(order.is_booked for order in execution.orders)
    assert set(executions.busy.values()) <= set(executions._open)
    tally = walk.rig.engine.tally
    assert tally.open == len(executions._open)
    if not executions._open:
        assert tally.executions == tally.hedged + tally.rolled_back + tally.missed
        assert tally.net_micros == sum(each.net_micros() for each in executions._closed.values())
        assert executions.funds._reservations == {}
        assert notes(walk.rig.seen, NoteKind.EXECUTION_CLOSED)


@settings(max_examples=50)
@given(st.sampled_from(Polarity), st.sampled_from(Direction), STEPS)
def test_walk_taken_twice_asks_for_the_same(
    polarity: Polarity, direction: Direction, steps: list[tuple[str, int, int]]
) -> None:
    seen = []
    for _ in range(2):
        walk = Walk(Rig(polarity=polarity, direction=direction))
        walk.take(list(walk.rig.quote()))
        for step in steps:
            walk.step(*step)
        seen.append(walk.rig.seen)
    assert seen[0] == seen[1]
