"""Residuals of open executions: when to act on one, how far to go down, when to hold and alarm.

The chosen way is taken down a ladder: each step gives more price away than the one before, for its
time or until an order of it brought nothing. After the last step, and shortly before a market
closes, only the loss cap bounds the price.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from twoleg.core.access import Access
from twoleg.core.actions import Action, SetTimer
from twoleg.core.books import Books
from twoleg.core.breaker import Breaker
from twoleg.core.events import NO_TOKENS
from twoleg.core.execution import Execution, OrderState, Row, Signal, move
from twoleg.core.limits import Limits
from twoleg.core.market import MarketId
from twoleg.core.notes import alarm, breaker_note, exit_note, held_note
from twoleg.core.orders import Purpose
from twoleg.core.outcomes import outcome_of
from twoleg.core.residual import Place, Terms, Verdict, judge_residual
from twoleg.core.risk import Funds
from twoleg.core.specs import exit_spec, fire_orders
from twoleg.core.worst import costs_to_come, unhedged_micros

TAKEN_NS_MAX: Final = 2_000_000_000
"""How long a held residual spares the depth that its own orders aimed at and no event confirmed."""
HURRY_MS: Final = 30_000
"""So long before a market closes the ladder must be over."""
ROLLBACKS_A_MINUTE: Final = 30
"""Most rollback orders of one execution within a minute, whatever speaks for more of them."""
MINUTE_NS: Final = 60_000_000_000
VOID_GRACE_NS: Final = 1_000_000_000
"""How long books may be without a snapshot before a residual that waits for them alone is told as
held: a reconnect and the snapshots after it take a few hundred milliseconds."""
TIRED: Final = 4
"""How many times the pause is longer once an execution has used up its rollback orders."""
HELD: Final = "residual_held"
NS_PER_MS: Final = 1_000_000


class Exits:
    """Decides on residuals and remembers which of them are held. Owned by `Executions`."""

    __slots__ = (
        "_access",
        "_books",
        "_breaker",
        "_funds",
        "_held",
        "_limits",
        "_rows",
        "held_markets",
        "wall_offset_ns",
    )

    def __init__(
        self,
        limits: Limits,
        books: Books,
        access: Access,
        breaker: Breaker,
        *,
        funds: Funds,
        rows: Counter[Row],
    ) -> None:
        self._limits = limits
        self._books = books
        self._access = access
        self._breaker = breaker
        self._funds = funds
        self._rows = rows
        # Executions that hold a residual now, by number.
        self._held: dict[int, Execution] = {}
        # Markets whose books may let a held residual out; asked on every tick.
        self.held_markets: dict[MarketId, None] = {}
        # Wall clock less monotonic clock, by the last answer; 0: not known yet.
        self.wall_offset_ns = 0

    def change_limits(self, limits: Limits) -> None:
        """Take new limits for everything decided from now on."""
        self._limits = limits

    # -- acting ----------------------------------------------------------------------------

    def act(self, execution: Execution, now_ns: int) -> list[Action]:
        """Send the order that closes the residual best, or hold."""
        verdict = self._judge(execution, now_ns)
        order = verdict.order
        is_tired = execution.attempts >= self._limits.rollback_attempts_max
        is_unsure = now_ns < execution.unsure_until_ns
        if order is None or is_tired or is_unsure or self._is_storm(execution, now_ns):
            return self._hold(execution, verdict, now_ns)
        self._let_go(execution)
        execution.waiting_since_ns = 0
        execution.attempts += 1
        execution.sent_ns.append(now_ns)
        execution.rolled_back = True
        execution.next_try_ns = now_ns + self._limits.rollback_retry_ms * NS_PER_MS
        spec = exit_spec(execution, order)
        fire = fire_orders(self._books, execution, (spec,), 0)
        # What it buys is at stake, and its cash no longer free.
        number, costs = execution.execution_no, costs_to_come(execution)
        self._funds.hold(number, costs, unhedged_micros(execution))
        return [exit_note(execution, verdict), fire]

    def judge_answer(self, execution: Execution, order: OrderState) -> list[Action]:
        """Remember what a rollback order did, and bar a way that brings nothing for a pause."""
        assert order.answer is not None
        outcome, way = outcome_of(order.answer), (order.spec.venue, order.spec.side)
        if order.filled_e6:
            execution.fruitless = 0
            execution.misses.pop(way, None)
            return []
        if outcome.bars_way:
            execution.barred[way] = "refused"
            execution.fruitless += 1
        if not outcome.is_evidence:
            return []
        # What was shown at that price is not there: no use to wait for the step's end.
        execution.exit_steps += 1
        execution.fruitless += 1
        count = execution.misses[way] = execution.misses.get(way, 0) + 1
        last = len(self._limits.rollback_ladder) + 1
        if count < last:
            return []
        # Even bounded by the loss cap alone it brought nothing: the book shows what is not for us.
        execution.barred[way] = "missed"
        fields = (("venue", way[0].value), ("side", way[1].value), ("misses", count))
        return [alarm(execution, "exit_missed", fields)] if count == last else []

    def due(self, execution: Execution, now_ns: int) -> list[Action]:
        """A held residual's pause is over: ways that were refused may be tried again."""
        execution.barred.clear()
        if now_ns - execution.held_since_ns >= TAKEN_NS_MAX:
            # No order is out, and a quiet feed may never confirm that none took anything.
            for market_id in (execution.pair.kalshi, execution.pair.polymarket):
                self._books.books[market_id].forget_taken()
        return self._retry(execution, now_ns)

    def changed(self, execution: Execution, now_ns: int) -> list[Action]:
        """A fill changed a held residual: decide anew at once."""
        is_other = execution.exposure_e6() != execution.judged_e6
        return self._retry(execution, now_ns) if is_other else []

    def book_changed(self, market_id: MarketId, now_ns: int) -> list[Action]:
        """A book changed: try held residuals of its market again, where there is a way out now.

        At most one try per execution and pause, so that a storm of changes sends no storm of
        orders.
        """
        actions: list[Action] = []
        for execution in tuple(self._held.values()):
            is_its = market_id in (execution.pair.kalshi, execution.pair.polymarket)
            if not is_its or now_ns < execution.next_try_ns:
                continue
            execution.next_try_ns = now_ns + self._limits.rollback_retry_ms * NS_PER_MS
            if self._judge(execution, now_ns).order is not None:
                actions += self._retry(execution, now_ns)
        return actions

    @staticmethod
    def _is_storm(execution: Execution, now_ns: int) -> bool:
        """Whether it sent as many rollback orders within a minute as it may."""
        sent_ns = execution.sent_ns
        while sent_ns and now_ns - sent_ns[0] >= MINUTE_NS:
            del sent_ns[0]
        return len(sent_ns) >= ROLLBACKS_A_MINUTE

    def _retry(self, execution: Execution, now_ns: int) -> list[Action]:
        move(execution, Signal.RETRY, self._rows)
        execution.attempts = min(execution.attempts, self._limits.rollback_attempts_max - 1)
        return self.act(execution, now_ns)

    # -- judging ---------------------------------------------------------------------------

    def _judge(self, execution: Execution, now_ns: int) -> Verdict:
        residual_e6 = execution.exposure_e6()
        if execution.exit_since_ns == 0 or execution.judged_e6 * residual_e6 < 0:
            # A new residual, or one to the other side: down the ladder from its top.
            execution.exit_since_ns = now_ns
            execution.exit_steps = 0
        execution.judged_e6 = residual_e6
        places = [
            self._place(market_id, now_ns)
            for market_id in (execution.pair.kalshi, execution.pair.polymarket)
        ]
        others = sum(held.marked_micros for held in self._held.values() if held is not execution)
        terms = Terms(self._limits, self._tolerance(execution, places, now_ns), others)
        verdict = judge_residual(execution, places, terms)
        execution.marked_micros = verdict.loss_micros
        return verdict

    def _place(self, market_id: MarketId, now_ns: int) -> Place:
        market, book = self._books.markets[market_id], self._books.books[market_id]
        barred = self._access.why_not(market.venue, Purpose.ROLLBACK, now_ns)
        return Place(market, book, barred or ("" if book.is_live else "book_void"))

    def _tolerance(self, execution: Execution, places: list[Place], now_ns: int) -> int:
        """How far below the walked price an exit may fill now; −1: down to the loss cap."""
        ladder = self._limits.rollback_ladder
        wall_ms = max(place.book.ts_event_ms for place in places)
        if self.wall_offset_ns:
            wall_ms = max(wall_ms, (self.wall_offset_ns + now_ns) // NS_PER_MS)
        closes_ms = [place.market.close_ts_ms for place in places if place.market.close_ts_ms]
        hurry_ms = HURRY_MS + sum(step_ms for _, step_ms in ladder)
        if closes_ms and min(closes_ms) - wall_ms < hurry_ms:
            return -1
        step, left_ms = 0, (now_ns - execution.exit_since_ns) // NS_PER_MS
        while step < len(ladder) and left_ms >= ladder[step][1]:
            left_ms -= ladder[step][1]
            step += 1
        step = max(step, execution.exit_steps)
        return ladder[step][0] if step < len(ladder) else -1

    # -- holding ---------------------------------------------------------------------------

    def _hold(self, execution: Execution, verdict: Verdict, now_ns: int) -> list[Action]:
        move(execution, Signal.BARRED, self._rows)
        self._held[execution.execution_no] = execution
        self._funds.stake(execution.execution_no, unhedged_micros(execution))
        for market_id in (execution.pair.kalshi, execution.pair.polymarket):
            self.held_markets[market_id] = None
        if now_ns < execution.unsure_until_ns:
            at_ns = execution.next_try_ns = execution.unsure_until_ns
            return [SetTimer(f"retry:{execution.execution_no}", at_ns)]
        if verdict.waits_for_tokens or self._is_brief(execution, verdict, now_ns):
            return self._pause(execution, verdict, now_ns)
        actions: list[Action] = []
        overdue_ns = self._limits.hold_ms_max * NS_PER_MS
        is_first = execution.held_since_ns == 0
        if is_first or now_ns - execution.held_alarm_ns >= overdue_ns:
            execution.held_since_ns = execution.held_since_ns or now_ns
            execution.held_alarm_ns = now_ns
            actions.append(alarm(execution, HELD, held_note(verdict)))
            # Past its deadline the breaker does not cool down before the residual is gone.
            opened = (self._breaker.trip if is_first else self._breaker.hold_open)(HELD, now_ns)
            actions += [breaker_note(self._breaker)] if opened else []
        return [*actions, *self._pause(execution, verdict, now_ns)]

    @staticmethod
    def _is_brief(execution: Execution, verdict: Verdict, now_ns: int) -> bool:
        """Whether it only waits for snapshots, and not for long yet."""
        if execution.held_since_ns or not verdict.waits_for_books:
            return False
        execution.waiting_since_ns = execution.waiting_since_ns or now_ns
        return now_ns - execution.waiting_since_ns < VOID_GRACE_NS

    def _let_go(self, execution: Execution) -> None:
        """It is not held any more."""
        if self._held.pop(execution.execution_no, None) is None:
            return
        self.held_markets.clear()
        for held in self._held.values():
            for market_id in (held.pair.kalshi, held.pair.polymarket):
                self.held_markets[market_id] = None

    def _pause(self, execution: Execution, verdict: Verdict, now_ns: int) -> list[Action]:
        limits = self._limits
        pause_ns = limits.rollback_retry_ms * NS_PER_MS
        if execution.attempts >= limits.rollback_attempts_max:
            pause_ns *= TIRED
        execution.next_try_ns = now_ns + pause_ns
        # A market where every way out is refused or missed is asked ever more rarely.
        most_ns = limits.hold_ms_max * NS_PER_MS
        pause_ns = max(pause_ns, min(pause_ns << min(execution.fruitless // 4, 16), most_ns))
        at_ns = now_ns + pause_ns
        if len(execution.sent_ns) >= ROLLBACKS_A_MINUTE:
            at_ns = execution.next_try_ns = execution.sent_ns[0] + MINUTE_NS
        if execution.held_since_ns:
            # Not past the time at which it must be told again.
            at_ns = min(at_ns, execution.held_alarm_ns + most_ns)
        elif execution.waiting_since_ns:
            at_ns = min(at_ns, execution.waiting_since_ns + VOID_GRACE_NS)
        if verdict.waits_for_tokens:
            ready_ns = [
                self._access.ready_at_ns(cost.venue, Purpose.ROLLBACK)
                for cost in verdict.costs
                if cost.venue and cost.barred == NO_TOKENS
            ]
            at_ns = execution.next_try_ns = min(ready_ns)
        return [SetTimer(f"retry:{execution.execution_no}", at_ns)]

    def ended(self, execution: Execution, open_ones: Iterable[Execution], now_ns: int) -> None:
        """No residual is left of this execution: what was remembered of it is over."""
        self._let_go(execution)
        overdue_ns = self._limits.hold_ms_max * NS_PER_MS
        execution.exit_since_ns = execution.exit_steps = execution.marked_micros = 0
        execution.held_since_ns = execution.held_alarm_ns = execution.waiting_since_ns = 0
        execution.fruitless = 0
        execution.barred.clear()
        execution.misses.clear()
        is_overdue = any(
            other.held_since_ns and now_ns - other.held_since_ns > overdue_ns for other in open_ones
        )
        if not is_overdue:
            self._breaker.let_go(HELD)
