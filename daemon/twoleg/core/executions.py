"""Executions from the first shot to the closed account. Owned and called by the engine alone."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from twoleg.core.access import Access
from twoleg.core.account import Account, Tally
from twoleg.core.actions import Action, ExecutionEnded, LookUp, SetTimer, SettleMoney
from twoleg.core.books import Books
from twoleg.core.breaker import Breaker
from twoleg.core.events import (
    AnswerStatus,
    ExecutionForgotten,
    ExecutionFound,
    ExposureFound,
    FillBooked,
    FillConfirmed,
    FillStatus,
    FillVoided,
    LegAnswer,
    MarketResolved,
    MoneySettled,
    OrderAnswered,
    OrderBooked,
    PairsLeft,
)
from twoleg.core.evidence import Evidence
from twoleg.core.execution import Execution, ExecutionState, OrderState, Row, Signal, move
from twoleg.core.exits import Exits
from twoleg.core.holdings import Holdings
from twoleg.core.limits import Limits
from twoleg.core.market import MarketId, Venue
from twoleg.core.notes import alarm, answer_note, breaker_note, opened_note
from twoleg.core.opportunity import Opportunity
from twoleg.core.orders import Purpose
from twoleg.core.outcomes import outcome_of
from twoleg.core.risk import Funds
from twoleg.core.siblings import (
    give_back,
    keep_what_is_left,
    net,
    others_of,
    take_from_others,
    was_passed_on,
)
from twoleg.core.specs import fire_orders, free_depth, give_inventory, leg_specs
from twoleg.core.worst import costs_to_come, unhedged_micros
from twoleg.errors import InvariantBroken

LOOK_UP_AGAIN_NS: Final = 2_000_000_000
LATE_NS: Final = 300_000_000
"""An order that comes late may fill in several trades, and each is told by itself: what closes the
first one alone would be too much or too little as soon as the next is known."""


class Executions:
    """All executions in flight, the markets they occupy, and what they leave behind."""

    __slots__ = (
        "_account",
        "_books",
        "_closed",
        "_exits",
        "_limits",
        "_next_no",
        "_open",
        "_resolved",
        "access",
        "breaker",
        "busy",
        "funds",
        "holdings",
        "rows",
    )

    def __init__(self, limits: Limits, books: Books, first_no: int, evidence: Evidence) -> None:
        self._limits = limits
        self._books = books
        self._next_no = first_no
        self._open: dict[int, Execution] = {}
        self._closed: dict[int, Execution] = {}
        self.access = Access()
        self._resolved: set[MarketId] = set()
        # How often each row of the table was used.
        self.rows: Counter[Row] = Counter()
        self.breaker = Breaker(limits.breaker)
        self.funds = Funds()
        self._exits = Exits(
            limits, books, self.access, self.breaker, funds=self.funds, rows=self.rows
        )
        self._account = Account(self.breaker, evidence)
        self.busy: dict[MarketId, int] = {}
        self.holdings = Holdings()

    @property
    def tally(self) -> Tally:
        """Counts for the status line."""
        return self._account.tally

    @property
    def open_count(self) -> int:
        """Executions that are not closed."""
        return len(self._open)

    @property
    def moving_count(self) -> int:
        """Executions that are neither closed nor at rest with a residual that is held."""
        states = (execution.state for execution in self._open.values())
        return sum(state is not ExecutionState.HOLDING for state in states)

    @property
    def is_money_moving(self) -> bool:
        """Whether an order is out, undecided, or filled and not booked: no balance is final."""
        orders = (order for execution in self._open.values() for order in execution.orders)
        return any(not (order.is_decided and order.is_booked) for order in orders)

    def change_limits(self, limits: Limits) -> None:
        """Take new limits for everything decided from now on."""
        self._limits = limits
        self.breaker.change_limits(limits.breaker)
        self._exits.change_limits(limits)

    @property
    def held_markets(self) -> dict[MarketId, None]:
        """Markets on which a residual is held: `book_changed` wants to know of their books."""
        return self._exits.held_markets

    def mark_accounted(self, market_id: MarketId) -> None:
        """A holding was just told: fills of executions that are open on that market are in it."""
        for execution in self._open.values():
            if market_id in (execution.pair.kalshi, execution.pair.polymarket):
                self.holdings.mark_accounted(execution)

    @property
    def markets(self) -> set[MarketId]:
        """Markets of all executions that are open, or that late news may open again."""
        known = (*self._open.values(), *self._closed.values())
        return {execution.pair.market_on(venue) for execution in known for venue in Venue}

    def leave(self, event: PairsLeft) -> None:
        """Forget pairs and markets that nobody follows any more."""
        stays = self.markets.intersection(event.market_ids)
        if stays:
            raise InvariantBroken(f"markets left with executions on them: {sorted(stays)}")
        self.holdings.leave(event.pair_ids)
        self.access.leave(event.market_ids)
        self._resolved.difference_update(event.market_ids)

    # -- opening ---------------------------------------------------------------------------

    def start(self, found: Opportunity, now_ns: int) -> list[Action]:
        """Reserve on both venues, occupy both markets, fire both legs or the first."""
        pair = found.pair
        execution = Execution(self._next_no, pair, found.direction, now_ns, self._resolved)
        self._next_no += 1
        self._carry(execution)
        execution.net_micros_planned = found.net_micros
        if not found.is_close:
            # How often sales fill is no evidence for purchases.
            execution.tries = dict(zip(Venue, found.tries, strict=True))
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
        fire = fire_orders(self._books, execution, specs, found.net_micros)
        give_inventory(execution, self.holdings.without_e6(execution))
        return [opened_note(execution, found), fire]

    def restore(self, event: ExecutionFound, now_ns: int) -> list[Action]:
        """Adopt an execution that an earlier process left open: ask for each of its orders."""
        whose = (event.execution_no, event.pair, event.direction)
        execution = Execution(*whose, now_ns, self._resolved)
        execution.has_failed = True
        execution.state = ExecutionState.RESOLVING
        execution.is_quiet = event.was_closed
        if event.was_closed and not event.is_accounted:
            # What it stood against when it closed may be told next.
            execution.unsure_until_ns = now_ns + LATE_NS
        self._next_no = max(self._next_no, event.execution_no + 1)
        actions: list[Action] = []
        for number, (spec, known) in enumerate(event.orders):
            if spec.market.id not in self._books.markets:
                # It may have left the catalogue meanwhile; its orders have not.
                self._books.change_market(spec.market)
            order = OrderState(spec)
            order.answer = known or LegAnswer(status=AnswerStatus.UNKNOWN, code="restarted")
            order.was_unknown = order.is_unresolved
            order.recall(event.booked[number] if event.booked else OrderBooked())
            if event.is_accounted:
                order.accounted_micros = order.cash_micros
            self._spend(execution, order)
            execution.orders.append(order)
            execution.rolled_back |= spec.purpose is Purpose.ROLLBACK
            actions += self._settle(execution, order)
            if order.is_unresolved:
                actions.append(LookUp(execution.execution_no, order.spec.order_no))
        if event.is_accounted:
            self.holdings.mark_accounted(execution)
        give_inventory(execution, self.holdings.without_e6(execution))
        self._carry(execution)
        self._reserve(execution)
        self._occupy(execution)
        return [*actions, *self._proceed(execution, now_ns)]

    def _reserve(self, execution: Execution) -> None:
        """Set aside what an execution that was not started here, or is open again, may cost."""
        costs = costs_to_come(execution)
        self.funds.hold(execution.execution_no, costs, unhedged_micros(execution))

    def _carry(self, execution: Execution) -> None:
        execution.carry_in_e6 = self.holdings.left_for(execution, others_of(execution, self._open))

    def _wake(self, execution: Execution) -> None:
        """There is news of one that was found closed: from now on it looks after itself."""
        if execution.is_quiet:
            self._carry(execution)
        execution.is_quiet = False

    def _occupy(self, execution: Execution) -> None:
        self._open[execution.execution_no] = execution
        self._keep_busy(execution)
        self.tally.open = len(self._open)

    def _keep_busy(self, execution: Execution) -> None:
        for market_id in (execution.pair.kalshi, execution.pair.polymarket):
            self.busy.setdefault(market_id, execution.execution_no)

    # -- what happens to it ----------------------------------------------------------------

    def answered(self, event: OrderAnswered, now_ns: int) -> list[Action]:
        """An order's answer, or the end of its look-up."""
        execution = self._find(event.execution_no)
        order = execution.order(event.order_no)
        answer = event.answer
        self._exits.wall_offset_ns = event.ts_recv_ns - now_ns
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
        free_depth(self._books, execution, order, event)
        actions: list[Action] = [answer_note(execution, order)]
        self.access.mark_venue(order.spec.venue, order.spec.purpose, answer, now_ns)
        if order.spec.purpose is not Purpose.ROLLBACK:
            self.access.mark_market(order.spec.market.id, answer, now_ns)
        if order.is_unresolved:
            return [*actions, *self._unresolved(execution, order, now_ns, is_first=is_first)]
        if failure := outcome_of(answer).failure:
            actions += self._account.failure(execution, failure, now_ns)
        self._account.tell_leg(execution, order)
        if order.spec.purpose is Purpose.ROLLBACK:
            actions += self._exits.judge_answer(execution, order)
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
        self._spend(execution, order)
        if order.is_decided and order.booked_e6 > order.filled_e6:
            execution.unsure_until_ns = now_ns + LATE_NS
        return self._adopt_late(execution, order, order.booked_e6, now_ns)

    def money_settled(self, event: MoneySettled, now_ns: int) -> list[Action]:
        """The books of an order are complete."""
        execution = self._find(event.execution_no)
        order = execution.order(event.order_no)
        told = (event.filled_e6, event.notional_micros, event.fee_micros)
        known = (order.booked_e6, order.booked_notional_micros, order.booked_fee_micros)
        if execution.state is ExecutionState.CLOSED and told == known:
            return []
        if order.is_settled and told != known:
            self._wake(execution)
        order.booked_e6 = event.filled_e6
        order.booked_notional_micros = event.notional_micros
        order.booked_fee_micros = event.fee_micros
        order.is_settled = True
        order.filled_e6 = max(order.filled_e6, event.filled_e6)
        self._spend(execution, order)
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
        if order.booked_e6 == 0:
            # What the order's own money was rounded to never was either.
            order.booked_notional_micros = order.booked_fee_micros = 0
        self._spend(execution, order)
        if order.filled_e6 < 0:
            raise InvariantBroken(f"execution {event.execution_no}: more voided than filled")
        self._wake(execution)
        if was_passed_on(order.spec, execution, *others_of(execution, self._open, self._closed)):
            # Tokens that never came were not sold either: that sale is about to fail as well.
            execution.unsure_until_ns = now_ns + LATE_NS
        # On chain it was said to be final, and is void all the same: that is worth its own name.
        was_final = event.fill.status is FillStatus.FINAL
        name = "final_fill_voided" if was_final else "fill_voided"
        opened = self.breaker.fill_ended(is_void=True, now_ns=now_ns)
        return [
            alarm(execution, name, (("size_e6", event.fill.size_e6),)),
            *([breaker_note(self.breaker)] if opened else []),
            *self._account.failure(execution, "fill_voided", now_ns),
            # Money that was asked for before the fill was void would be waited for in vain.
            *self._settle(execution, order),
            *self._reopen(execution, now_ns),
        ]

    def forgotten(self, event: ExecutionForgotten, now_ns: int) -> list[Action]:
        """No news of a closed execution can come any more."""
        del now_ns
        if self._closed.pop(event.execution_no, None) is not None:
            self.holdings.forget(event.execution_no)
        return []

    def fill_confirmed(self, event: FillConfirmed, now_ns: int) -> list[Action]:
        """A provisional fill is final: evidence about how often they fail."""
        del event
        opened = self.breaker.fill_ended(is_void=False, now_ns=now_ns)
        return [breaker_note(self.breaker)] if opened else []

    def exposure_found(self, event: ExposureFound, now_ns: int) -> list[Action]:
        """Somebody else's holdings or orders in our account count against the unhedged cap."""
        del now_ns
        self.funds.found(event)
        return []

    def market_resolved(self, event: MarketResolved, now_ns: int) -> list[Action]:
        """A market pays: what is held of it is no residual any more."""
        self._resolved.add(event.market_id)
        return [
            action
            for execution in tuple(self._open.values())
            if execution.state is ExecutionState.HOLDING and execution.is_paid
            for action in self._proceed(execution, now_ns)
        ]

    def book_changed(self, market_id: MarketId, now_ns: int) -> Sequence[Action]:
        """A book on which a residual is held changed: maybe there is a way out now."""
        actions = self._exits.book_changed(market_id, now_ns)
        return [*actions, *self._account.mark(self._open.values(), now_ns)]

    def timer(self, kind: str, number: str, now_ns: int) -> list[Action]:
        """A timer that was set here came due."""
        execution_no, _, order_no = number.partition("/")
        execution = self._open.get(int(execution_no))
        if execution is None:
            return []
        if kind == "retry" and execution.state is ExecutionState.HOLDING:
            return [
                *self._exits.due(execution, now_ns),
                *self._account.mark(self._open.values(), now_ns),
            ]
        if kind == "lookup" and execution.order(int(order_no)).is_unresolved:
            return [LookUp(execution.execution_no, int(order_no))]
        return []

    # -- inner workings --------------------------------------------------------------------

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
        failure = outcome_of(order.answer).failure
        if failure and not order.was_unknown:
            order.was_unknown = True
            actions += self._account.failure(execution, failure, now_ns)
        return [*actions, *self._proceed(execution, now_ns)]

    def _adopt_late(
        self, execution: Execution, order: OrderState, filled_e6: int, now_ns: int
    ) -> list[Action]:
        if order.answer is None or order.is_unresolved or filled_e6 <= order.filled_e6:
            # Nothing new; or the fill outran the answer or look-up that will tell the whole.
            order.filled_e6 = max(order.filled_e6, filled_e6)
            return []
        take_from_others(others_of(execution, self._open), order.spec, filled_e6 - order.filled_e6)
        order.filled_e6 = filled_e6
        order.is_settled = False
        self._wake(execution)
        late = alarm(execution, "late_fill", (("filled_e6", filled_e6),))
        return [late, *self._settle(execution, order), *self._reopen(execution, now_ns)]

    def _reopen(self, execution: Execution, now_ns: int) -> list[Action]:
        if execution.state is ExecutionState.CLOSED:
            self._closed.pop(execution.execution_no, None)
            self._carry(execution)
            keep_what_is_left(execution, self.holdings.without_e6(execution))
            self._occupy(execution)
            self._reserve(execution)
        return self._proceed(execution, now_ns)

    def _net(self, execution: Execution, now_ns: int) -> list[Action]:
        """A residual that another of its pair, held, stands against needs no order."""
        others = others_of(execution, self._open)
        changed = give_back(execution, others)
        changed += [
            other
            for other in others
            if other.state is ExecutionState.HOLDING and net(execution, other)
        ]
        return [action for other in changed for action in self._proceed(other, now_ns)]

    def _settle(self, execution: Execution, order: OrderState) -> list[Action]:
        if order.answer is None or order.is_unresolved or not order.filled_e6 or order.is_settled:
            return []
        notional = order.answer.notional_micros
        if order.answer.filled_e6 != order.filled_e6:
            notional = -1
        number = execution.execution_no
        return [SettleMoney(number, order.spec.order_no, order.filled_e6, notional)]

    def _proceed(self, execution: Execution, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        signal = execution.judge()
        if signal is Signal.RESIDUAL:
            actions += self._net(execution, now_ns)
            signal = execution.judge()
        move(execution, signal, self.rows)
        if signal is Signal.RESIDUAL:
            execution.is_quiet = False
            if execution.state is ExecutionState.HOLDING:
                actions += self._exits.changed(execution, now_ns)
            else:
                actions += self._exits.act(execution, now_ns)
        elif signal in (Signal.FLAT, Signal.BOOKED):
            self._exits.ended(execution, self._open.values(), now_ns)
        # What the residual lost counts from now on as realised, and not twice.
        actions += self._account.mark(self._open.values(), now_ns)
        if execution.state is ExecutionState.CLOSED:
            actions += self._close(execution, now_ns)
        return actions

    def _close(self, execution: Execution, now_ns: int) -> list[Action]:
        number = execution.execution_no
        self._open.pop(number, None)
        self._closed[number] = execution
        for market_id in (execution.pair.kalshi, execution.pair.polymarket):
            if self.busy.get(market_id) == number:
                del self.busy[market_id]
        for other in self._open.values():
            # One that was reopened meanwhile has waited for these markets.
            self._keep_busy(other)
        for order in execution.orders:
            self._spend(execution, order)
        self.funds.release(number)
        self.holdings.account(execution)
        self.tally.open = len(self._open)
        if execution.is_quiet:
            # Closed before the restart, and as it was: it is in the record, and counted there.
            execution.counted_net_micros = execution.net_micros()
            return [ExecutionEnded(number)]
        return [*self._account.conclude(execution, now_ns), ExecutionEnded(number)]

    def _spend(self, execution: Execution, order: OrderState) -> None:
        """What an order took is gone at once, however long its execution stays open."""
        taken_micros = order.cash_micros - order.accounted_micros
        self.funds.spend(execution.execution_no, order.spec.market, taken_micros)
        order.accounted_micros = order.cash_micros
