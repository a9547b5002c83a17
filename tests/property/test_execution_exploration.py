"""Everything that can happen to one execution, to a bounded depth: no missing row, every row used."""

from collections import Counter, deque
from collections.abc import Iterator

from msgspec import structs

from tests.support.core import (
    EASY,
    LOT,
    K,
    P,
    Rig,
    crossing_books,
    fires,
    make_fill,
    polymarket_market,
)
from twoleg.core.events import (
    NO_TOKENS,
    AnswerStatus,
    BooksVoid,
    FillBooked,
    FillVoided,
    LegAnswer,
    MoneySettled,
    OrderAnswered,
    TimerFired,
)
from twoleg.core.execution import (
    TRANSITIONS,
    Execution,
    ExecutionState,
    OrderState,
    Row,
)
from twoleg.core.market import Direction, LegMode, Polarity, Side
from twoleg.core.opportunity import Opportunity

Step = tuple[str, int]
S = AnswerStatus
ANSWERS = {
    "filled": (S.FILLED, 2),
    "partial": (S.PARTIAL, 1),
    "missed": (S.MISSED, 0),
    "rejected": (S.REJECTED, 0),
    "tokens": (S.NOT_SENT, 0),
    "unknown": (S.UNKNOWN, 0),
}
STATES_MAX = 2_600
"""Different situations that are looked into; breadth first, so all short ways are among them."""
DEPTHS = {LegMode.CONCURRENT: 4, LegMode.KALSHI_FIRST: 5, LegMode.POLYMARKET_FIRST: 5}
LIMITS = structs.replace(EASY, rollback_attempts_max=2)


class Model:
    """One execution under a chosen course of events, driven through the real engine."""

    def __init__(self, mode: LegMode) -> None:
        self.rig = Rig(
            limits=LIMITS, polymarket=polymarket_market(size_e6_min=0, notional_micros_min=0)
        )
        self.show()
        self.rig.seen.clear()
        found = Opportunity(
            pair=self.rig.pair,
            direction=Direction.KALSHI_YES,
            size_e6=2 * LOT,
            kalshi_limit_e4=5_000,
            polymarket_limit_e4=5_000,
            spend_micros=10_000,
            shares_e6=2 * LOT,
            shares_e6_min=2 * LOT,
            kalshi_cost_micros=20_000,
            polymarket_cost_micros=20_000,
            net_micros=500,
            net_limit_micros=0,
            expected_micros=100,
            mode=mode,
        )
        self.rig.executions.start(found, self.rig.now_ns)

    def show(self) -> None:
        """Full books, told by the feed; nothing starts on them, as limits forbid new ones."""
        self.rig.pass_ms(1)
        books = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
        for market_id, (bids, asks) in zip((K, P), books, strict=True):
            self.rig.engine.books().snapshot(self.rig.book(market_id, bids, asks))

    @property
    def execution(self) -> Execution:
        return self.rig.executions._find(1)

    def steps(self) -> Iterator[Step]:
        """What could happen next."""
        for order in self.execution.orders:
            number = order.spec.order_no
            if order.is_out or order.is_unresolved:
                yield from ((name, number) for name in ANSWERS)
                if order.is_out:
                    yield "delayed", number
            elif order.filled_e6 and not order.is_booked:
                yield "settle", number
            if not order.is_out and order.filled_e6 < order.spec.size_e6:
                yield "late", number
            if order.booked_e6 >= LOT:
                yield "void", number
        if self.execution.state is ExecutionState.HOLDING:
            yield "retry", 0
            yield "changed", 0
        yield "dark", 0
        yield "light", 0

    def take(self, step: Step) -> None:
        name, number = step
        rig = self.rig
        rig.pass_ms(5)
        before = len(rig.seen)
        if name == "dark":
            rig.send(BooksVoid((K, P), "silent"))
        elif name == "light":
            self.show()
        elif name == "retry":
            rig.pass_ms(3_000)
            rig.send(TimerFired("retry:1"))
        elif name == "changed":
            rig.pass_ms(300)
            rig.seen += rig.executions.book_changed(K, rig.now_ns)
        else:
            self.tell(name, self.execution.order(number))
        for fire in fires(rig.seen[before:]):
            for spec in fire.orders:
                if spec.side is Side.SELL:
                    assert spec.size_e6 <= self.execution.own_e6(spec.venue, spec.outcome)

    def tell(self, name: str, order: OrderState) -> None:
        rig, spec = self.rig, order.spec
        if name == "late":
            rig.send(FillBooked(1, spec.order_no, make_fill(spec, LOT, 4_800)))
        elif name == "void":
            rig.send(FillVoided(1, spec.order_no, make_fill(spec, LOT, 4_800)))
        elif name == "settle":
            money = (order.filled_e6, order.filled_e6 * 48 // 100, 0)
            rig.send(MoneySettled(1, spec.order_no, *money))
        else:
            status, halves = (S.DELAYED, 0) if name == "delayed" else ANSWERS[name]
            told_e6 = max(spec.size_e6 * halves // 2, order.filled_e6)
            answer = LegAnswer(
                status=status,
                filled_e6=told_e6 if halves else 0,
                code=NO_TOKENS if name == "tokens" else "",
            )
            rig.send(OrderAnswered(1, spec.order_no, answer, rig.now_ns))

    def situation(self) -> tuple[object, ...]:
        """All that decides what may follow, without the times."""
        execution = self.execution
        orders = tuple(
            (
                order.spec.venue,
                order.spec.side,
                order.answer.status if order.answer else None,
                order.filled_e6,
                order.booked_e6,
                order.is_settled,
            )
            for order in execution.orders
        )
        live = all(self.rig.engine.books().books[market_id].is_live for market_id in (K, P))
        return execution.state, orders, tuple(execution.barred), execution.attempts, live

    def check(self) -> None:
        execution, executions = self.execution, self.rig.executions
        is_open = 1 in executions._open
        assert is_open is (execution.state is not ExecutionState.CLOSED)
        assert (K in executions.held_markets) is (execution.state is ExecutionState.HOLDING)
        if not is_open:
            assert all(order.is_booked for order in execution.orders)
            assert executions.funds.unhedged_micros == 0
            assert execution.marked_micros == 0
        if execution.state is ExecutionState.HOLDING:
            assert abs(execution.exposure_e6()) >= LOT


def explore(mode: LegMode) -> tuple[Counter[Row], int]:
    """Walk breadth first through every situation; returns how often each row was used."""
    rows: Counter[Row] = Counter()
    seen: set[tuple[object, ...]] = set()
    todo: deque[tuple[Step, ...]] = deque([()])
    path: tuple[Step, ...] = ()
    while todo and len(seen) < STATES_MAX:
        path = todo.popleft()
        model = Model(mode)
        for step in path:
            model.take(step)
        model.check()
        rows += model.rig.executions.rows
        situation = model.situation()
        if situation in seen:
            continue
        seen.add(situation)
        todo.extend((*path, step) for step in model.steps())
    return rows, len(path)


def test_whatever_happens_in_whatever_order_meets_a_row_and_every_row_is_met() -> None:
    met: set[Row] = set()
    for mode, depth_min in DEPTHS.items():
        rows, depth = explore(mode)
        # A missing one would have been raised as an illegal transition.
        assert rows.keys() <= TRANSITIONS.keys()
        assert depth >= depth_min
        met |= rows.keys()
    assert met == TRANSITIONS.keys()
