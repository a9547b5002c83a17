"""Executions from the first shot to the closed account. Owned and called by the engine alone."""

from typing import Final

import msgspec

from twoleg.core.actions import (
    Action,
    Fire,
    LookUp,
    SetTimer,
    SettleMoney,
)
from twoleg.core.books import Books
from twoleg.core.breaker import Breaker
from twoleg.core.events import (
    ASK,
    BID,
    AnswerStatus,
    ExecutionFound,
    FillBooked,
    FillVoided,
    LegAnswer,
    MoneySettled,
    OrderAnswered,
)
from twoleg.core.execution import Execution, ExecutionState, OrderState, Signal, advance
from twoleg.core.holdings import Holdings
from twoleg.core.limits import Limits
from twoleg.core.market import MarketId, Outcome, Side, Venue
from twoleg.core.notes import (
    alarm,
    answer_note,
    breaker_note,
    closed_note,
    exit_note,
    opened_note,
)
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.core.risk import Funds
from twoleg.core.rollback import Place, choose_exit
from twoleg.core.sizing import Opportunity
from twoleg.core.specs import exit_spec, leg_specs
from twoleg.errors import InvariantBroken

CLOSED_KEPT: Final = 512
"""Closed executions kept for late fills; older ones are only in the record."""
LOOK_UP_AGAIN_NS: Final = 2_000_000_000
TAKEN_NS_MAX: Final = 2_000_000_000
"""How long a held residual spares the depth that its own orders aimed at and no event confirmed."""
UNAVAILABLE_NS: Final = 1_000_000_000
"""How long a venue gets no new execution after it could not be asked; doubles up to 32 times."""
REJECTED_NS: Final = 1_000_000_000
"""How long a market that rejected a leg gets no new execution; doubles up to 64 times."""


class Tally(msgspec.Struct):
    """Counts for the status line."""

    executions: int = 0
    open: int = 0
    hedged: int = 0
    rolled_back: int = 0
    missed: int = 0
    net_micros: int = 0


class Executions:
    """All executions in flight, the markets they occupy, and what they leave behind."""

    __slots__ = (
        "_books",
        "_closed",
        "_limits",
        "_next_no",
        "_open",
        "_rests",
        "_unavailable",
        "breaker",
        "busy",
        "closed_until_ns",
        "funds",
        "holdings",
        "tally",
    )

    def __init__(self, limits: Limits, books: Books, first_no: int) -> None:
        self._limits = limits
        self._books = books
        self._next_no = first_no
        self._open: dict[int, Execution] = {}
        self._closed: dict[int, Execution] = {}
        # Consecutive answers by which a venue was unavailable.
        self._unavailable: dict[Venue, int] = {}
        # Consecutive rejections of a market's legs, and until when it rests for that.
        self._rests: dict[MarketId, tuple[int, int]] = {}
        self.breaker = Breaker(limits.breaker)
        self.busy: dict[MarketId, int] = {}
        # A venue gets no new execution before this monotonic time.
        self.closed_until_ns: dict[Venue, int] = {}
        self.funds = Funds()
        self.holdings = Holdings()
        self.tally = Tally()

    @property
    def open_count(self) -> int:
        """Executions that are not closed."""
        return len(self._open)

    def change_limits(self, limits: Limits) -> None:
        """Take new limits for everything decided from now on."""
        self._limits = limits
        self.breaker.change_limits(limits.breaker)

    def mark_accounted(self) -> None:
        """Holdings were just read from the venues: fills of open executions are in them."""
        for execution in self._open.values():
            self.holdings.mark_accounted(execution)

    def is_open_venue(self, venue: Venue, now_ns: int) -> bool:
        """Whether a venue takes new executions."""
        return now_ns >= self.closed_until_ns.get(venue, 0)

    def is_resting(self, market_id: MarketId, now_ns: int) -> bool:
        """Whether a market rejected a leg only just now: it would reject the next one too."""
        return now_ns < self._rests.get(market_id, (0, 0))[1]

    # -- opening ---------------------------------------------------------------------------

    def start(self, found: Opportunity, now_ns: int) -> list[Action]:
        """Reserve on both venues, occupy both markets, fire both legs."""
        pair = found.pair
        execution = Execution(self._next_no, pair, found.direction, now_ns)
        self._next_no += 1
        execution.carry_in_e6 = self.holdings.carry_e6(pair.id)
        execution.net_micros_planned = found.net_micros
        kalshi, polymarket = (self._books.markets[pair.market_on(venue)] for venue in Venue)
        self.funds.reserve(
            execution.execution_no,
            (kalshi, found.kalshi_cost_micros),
            (polymarket, found.polymarket_cost_micros),
        )
        self.breaker.started(execution.execution_no)
        self._occupy(execution)
        specs = leg_specs(execution, found, kalshi, polymarket)
        self.tally.executions += 1
        return [opened_note(execution, found), self._fire(execution, specs, found.net_micros)]

    def restore(self, event: ExecutionFound, now_ns: int) -> list[Action]:
        """Adopt an execution that an earlier process left open: ask for each of its orders."""
        execution = Execution(event.execution_no, event.pair, event.direction, now_ns)
        execution.has_failed = True
        execution.state = ExecutionState.RESOLVING
        self._next_no = max(self._next_no, event.execution_no + 1)
        actions: list[Action] = []
        for spec, known in event.orders:
            if spec.market.id not in self._books.markets:
                # It may have left the catalogue meanwhile; its orders have not.
                self._books.change_market(spec.market)
            order = OrderState(spec)
            order.answer = known or LegAnswer(status=AnswerStatus.UNKNOWN, code="restarted")
            order.filled_e6 = order.answer.filled_e6
            order.was_unknown = order.is_unresolved
            execution.orders.append(order)
            execution.rolled_back |= spec.purpose is Purpose.ROLLBACK
            actions += self._settle(execution, order)
            if order.is_unresolved:
                actions.append(LookUp(execution.execution_no, order.spec.order_no))
        self._occupy(execution)
        return [*actions, *self._proceed(execution, now_ns)]

    def _occupy(self, execution: Execution) -> None:
        self._open[execution.execution_no] = execution
        self._keep_busy(execution)
        self.tally.open = len(self._open)

    def _keep_busy(self, execution: Execution) -> None:
        for market_id in (execution.pair.kalshi, execution.pair.polymarket):
            self.busy.setdefault(market_id, execution.execution_no)

    def _fire(self, execution: Execution, specs: tuple[OrderSpec, ...], net_micros: int) -> Fire:
        for spec in specs:
            execution.orders.append(OrderState(spec))
            yes_buyer = (spec.outcome is Outcome.YES) is (spec.side is Side.BUY)
            limit_e4 = spec.limit_e4 if spec.outcome is Outcome.YES else 10_000 - spec.limit_e4
            book = self._books.books[spec.market.id]
            book.take(ASK if yes_buyer else BID, limit_e4, spec.size_e6)
        return Fire(
            execution.execution_no, execution.pair.id, execution.direction, specs, net_micros
        )

    # -- what happens to it ----------------------------------------------------------------

    def answered(self, event: OrderAnswered, now_ns: int) -> list[Action]:
        """An order's answer, or the end of its look-up."""
        execution = self._find(event.execution_no)
        order = execution.order(event.order_no)
        answer = event.answer
        if order.answer is not None and not order.is_unresolved:
            # A second answer (late, or of a look-up that crossed the first): only more can be new.
            filled_e6 = answer.filled_e6 - order.voided_e6
            return self._adopt_late(execution, order, filled_e6, now_ns)
        is_first = order.answer is None
        order.answer = answer
        # What an undecided answer claimed gives way to one that decides; booked fills never do.
        known_e6 = order.filled_e6 if order.is_unresolved else order.booked_e6
        # A fill that failed on chain may still be counted in an answer that comes after it.
        order.filled_e6 = max(known_e6, answer.filled_e6 - order.voided_e6)
        self._free_depth(execution, order, event)
        actions: list[Action] = [answer_note(execution, order)]
        self._mark_venue(order.spec.venue, answer, now_ns)
        self._mark_market(order, answer, now_ns)
        if order.is_unresolved:
            return [*actions, *self._unresolved(execution, order, now_ns, is_first=is_first)]
        if answer.is_unavailable:
            actions += self._failure(execution, "venue_unavailable", now_ns)
        if order.spec.purpose is Purpose.ROLLBACK:
            self._judge_exit(execution, order)
        actions += self._settle(execution, order)
        return [*actions, *self._proceed(execution, now_ns)]

    def fill_booked(self, event: FillBooked, now_ns: int) -> list[Action]:
        """A fill was journalled; more than the answer told is a late fill, adopted here."""
        execution = self._find(event.execution_no)
        order = execution.order(event.order_no)
        if order.is_settled:
            order.is_settled = False
        order.booked_e6 += event.fill.size_e6
        order.booked_notional_micros += event.fill.notional_micros
        order.booked_fee_micros += event.fill.fee_micros
        return self._adopt_late(execution, order, order.booked_e6, now_ns)

    def money_settled(self, event: MoneySettled, now_ns: int) -> list[Action]:
        """The books of an order are complete."""
        execution = self._find(event.execution_no)
        order = execution.order(event.order_no)
        told = (event.filled_e6, event.notional_micros, event.fee_micros)
        known = (order.booked_e6, order.booked_notional_micros, order.booked_fee_micros)
        if execution.state is ExecutionState.CLOSED and told == known:
            return []
        order.booked_e6 = event.filled_e6
        order.booked_notional_micros = event.notional_micros
        order.booked_fee_micros = event.fee_micros
        order.is_settled = True
        order.filled_e6 = max(order.filled_e6, event.filled_e6)
        return self._reopen(execution, now_ns)

    def fill_voided(self, event: FillVoided, now_ns: int) -> list[Action]:
        """A provisional fill failed on chain: the other leg stands alone now."""
        execution = self._find(event.execution_no)
        order = execution.order(event.order_no)
        order.filled_e6 -= event.fill.size_e6
        order.voided_e6 += event.fill.size_e6
        order.booked_e6 -= event.fill.size_e6
        order.booked_notional_micros -= event.fill.notional_micros
        order.booked_fee_micros -= event.fill.fee_micros
        if order.filled_e6 < 0:
            raise InvariantBroken(f"execution {event.execution_no}: more voided than filled")
        return [
            alarm(execution, "fill_voided", (("size_e6", event.fill.size_e6),)),
            *self._failure(execution, "fill_voided", now_ns),
            # Money that was asked for before the fill was void would be waited for in vain.
            *self._settle(execution, order),
            *self._reopen(execution, now_ns),
        ]

    def timer(self, kind: str, number: str, now_ns: int) -> list[Action]:
        """A timer that was set here came due."""
        execution_no, _, order_no = number.partition("/")
        execution = self._open.get(int(execution_no))
        if execution is None:
            return []
        if kind == "retry" and execution.state is ExecutionState.HOLDING:
            execution.state = advance(execution.state, Signal.RETRY)
            execution.barred.clear()
            execution.attempts = min(execution.attempts, self._limits.rollback_attempts_max - 1)
            if now_ns - execution.held_since_ns >= TAKEN_NS_MAX:
                # No order is out, and a quiet feed may never confirm that none took anything.
                for market_id in (execution.pair.kalshi, execution.pair.polymarket):
                    self._books.books[market_id].forget_taken()
            return self._exit(execution, now_ns)
        if kind == "lookup" and execution.order(int(order_no)).is_unresolved:
            return [LookUp(execution.execution_no, int(order_no))]
        return []

    # -- inner workings --------------------------------------------------------------------

    def _free_depth(self, execution: Execution, order: OrderState, event: OrderAnswered) -> None:
        """What was taken counts until the feed shows it; an order that never was took nothing."""
        book, answer = self._books.books[order.spec.market.id], event.answer
        took_before = any(
            other.filled_e6 and other.spec.market.id == order.spec.market.id
            for other in execution.orders
        )
        if order.is_unresolved:
            # It may fill yet: no book event can be told to be later than that.
            return
        if answer.status in (AnswerStatus.NOT_SENT, AnswerStatus.REJECTED) and not took_before:
            book.forget_taken()
        else:
            book.answer_taken(answer.ts_event_ms or event.ts_recv_ns // 1_000_000)

    def _find(self, execution_no: int) -> Execution:
        execution = self._open.get(execution_no) or self._closed.get(execution_no)
        if execution is None:
            raise InvariantBroken(f"there is no execution {execution_no}")
        return execution

    def _unresolved(
        self, execution: Execution, order: OrderState, now_ns: int, *, is_first: bool
    ) -> list[Action]:
        number, order_no = execution.execution_no, order.spec.order_no
        assert order.answer is not None
        if is_first:
            actions: list[Action] = [LookUp(number, order_no)]
        else:
            order.look_ups += 1
            key = f"lookup:{number}/{order_no}"
            actions = [
                alarm(execution, "outcome_still_unknown", (("look_ups", order.look_ups),)),
                SetTimer(key, now_ns + LOOK_UP_AGAIN_NS),
            ]
        # A delayed order may become UNKNOWN only at its look-up.
        if order.answer.status is AnswerStatus.UNKNOWN and not order.was_unknown:
            order.was_unknown = True
            actions += self._failure(execution, "outcome_unknown", now_ns)
        return [*actions, *self._proceed(execution, now_ns)]

    def _adopt_late(
        self, execution: Execution, order: OrderState, filled_e6: int, now_ns: int
    ) -> list[Action]:
        if order.answer is None or order.is_unresolved or filled_e6 <= order.filled_e6:
            # Nothing new; or the fill outran the answer or look-up that will tell the whole.
            order.filled_e6 = max(order.filled_e6, filled_e6)
            return []
        order.filled_e6 = filled_e6
        order.is_settled = False
        late = alarm(execution, "late_fill", (("filled_e6", filled_e6),))
        return [late, *self._settle(execution, order), *self._reopen(execution, now_ns)]

    def _reopen(self, execution: Execution, now_ns: int) -> list[Action]:
        if execution.state is ExecutionState.CLOSED:
            self._closed.pop(execution.execution_no, None)
            self.holdings.reopen(execution)
            self._occupy(execution)
        return self._proceed(execution, now_ns)

    def _mark_venue(self, venue: Venue, answer: LegAnswer, now_ns: int) -> None:
        if not answer.is_unavailable:
            self._unavailable[venue] = 0
            return
        count = min(self._unavailable.get(venue, 0), 5)
        self._unavailable[venue] = count + 1
        until_ns = now_ns + (UNAVAILABLE_NS << count)
        # A venue that was closed by its own word stays closed until it opens by it.
        self.closed_until_ns[venue] = max(self.closed_until_ns.get(venue, 0), until_ns)

    def _mark_market(self, order: OrderState, answer: LegAnswer, now_ns: int) -> None:
        market_id = order.spec.market.id
        if order.spec.purpose is Purpose.ROLLBACK:
            return
        if answer.status is AnswerStatus.REJECTED and not answer.is_unavailable:
            count = self._rests.get(market_id, (0, 0))[0]
            self._rests[market_id] = (min(count + 1, 6), now_ns + (REJECTED_NS << count))
        elif answer.status in (AnswerStatus.FILLED, AnswerStatus.PARTIAL, AnswerStatus.MISSED):
            self._rests.pop(market_id, None)

    def _failure(self, execution: Execution, reason: str, now_ns: int) -> list[Action]:
        execution.has_failed = True
        if execution.was_counted:
            return []
        execution.was_counted = True
        opened = self.breaker.failed(execution.execution_no, reason, now_ns)
        return [breaker_note(self.breaker)] if opened else []

    def _settle(self, execution: Execution, order: OrderState) -> list[Action]:
        if order.answer is None or order.is_unresolved or not order.filled_e6 or order.is_settled:
            return []
        notional = order.answer.notional_micros
        if order.answer.filled_e6 != order.filled_e6:
            notional = -1
        number = execution.execution_no
        return [SettleMoney(number, order.spec.order_no, order.filled_e6, notional)]

    def _proceed(self, execution: Execution, now_ns: int) -> list[Action]:
        signal = execution.judge()
        before = execution.state
        execution.state = advance(before, signal)
        if execution.state is ExecutionState.ROLLING_BACK and signal is Signal.RESIDUAL:
            return self._exit(execution, now_ns)
        if execution.state is ExecutionState.CLOSED:
            return self._close(execution, now_ns)
        return []

    def _judge_exit(self, execution: Execution, order: OrderState) -> None:
        """Remember what a rollback order did, and which way its venue refused."""
        assert order.answer is not None
        if order.answer.status is AnswerStatus.REJECTED and not order.answer.is_unavailable:
            execution.barred.append((order.spec.venue, order.spec.side))
            execution.refusals += 1
        else:
            execution.refusals = 0

    def _exit(self, execution: Execution, now_ns: int) -> list[Action]:
        places = tuple(
            Place(self._books.markets[market_id], self._books.books[market_id])
            for market_id in (execution.pair.kalshi, execution.pair.polymarket)
            if self._books.books[market_id].is_live
            and self.is_open_venue(self._books.markets[market_id].venue, now_ns)
        )
        found = None
        if execution.attempts < self._limits.rollback_attempts_max:
            found = choose_exit(execution, places, self._limits)
        if found is None:
            return self._hold(execution, now_ns)
        execution.attempts += 1
        execution.rolled_back = True
        spec = exit_spec(execution, found)
        note = exit_note(execution, found)
        return [note, self._fire(execution, (spec,), 0)]

    def _hold(self, execution: Execution, now_ns: int) -> list[Action]:
        execution.state = advance(execution.state, Signal.BARRED)
        retry_ns = self._limits.rollback_retry_ms * 1_000_000
        if execution.attempts >= self._limits.rollback_attempts_max:
            retry_ns *= 4
        overdue_ns = self._limits.hold_ms_max * 1_000_000
        # A market that refuses every way out is asked ever more rarely.
        retry_ns = max(retry_ns, min(retry_ns << min(execution.refusals // 4, 16), overdue_ns))
        actions: list[Action] = [SetTimer(f"retry:{execution.execution_no}", now_ns + retry_ns)]
        if execution.held_since_ns == 0 or now_ns - execution.held_since_ns > overdue_ns:
            execution.held_since_ns = now_ns
            residual = (("residual_e6", execution.exposure_e6()),)
            actions.append(alarm(execution, "residual_held", residual))
        return actions

    def _close(self, execution: Execution, now_ns: int) -> list[Action]:
        number = execution.execution_no
        self._open.pop(number, None)
        self._closed[number] = execution
        while len(self._closed) > CLOSED_KEPT:
            oldest = next(iter(self._closed))
            del self._closed[oldest]
            self.holdings.forget(oldest)
        for market_id in (execution.pair.kalshi, execution.pair.polymarket):
            if self.busy.get(market_id) == number:
                del self.busy[market_id]
        for other in self._open.values():
            # One that was reopened meanwhile has waited for these markets.
            self._keep_busy(other)
        self.funds.release(number)
        for order in execution.orders:
            self.funds.spend(order.spec.market, order.cash_micros - order.accounted_micros)
            order.accounted_micros = order.cash_micros
        self.holdings.account(execution)
        self._count(execution)
        actions: list[Action] = [closed_note(execution, now_ns)]
        if execution.rolled_back and execution.net_micros() < 0:
            actions += self._failure(execution, "rolled_back_at_a_loss", now_ns)
        is_success = execution.filled_anything and not execution.has_failed
        if is_success and self.breaker.succeeded(number, now_ns):
            actions.append(breaker_note(self.breaker))
        self.breaker.ended(number)
        return actions

    def _count(self, execution: Execution) -> None:
        self.tally.open = len(self._open)
        closed_as, net = execution.closed_as(), execution.net_micros()
        if execution.counted_as:
            setattr(self.tally, execution.counted_as, getattr(self.tally, execution.counted_as) - 1)
        setattr(self.tally, closed_as, getattr(self.tally, closed_as) + 1)
        self.tally.net_micros += net - execution.counted_net_micros
        execution.counted_as, execution.counted_net_micros = closed_as, net
