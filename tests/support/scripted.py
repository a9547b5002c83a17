"""A tiny venue that answers every order as a script says, and keeps its own ledger of it all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from tests.support.core import LOT, T0_MS, Rig, event_sign, make_fill
from twoleg.core.actions import Action, Fire, LookUp, SetTimer, SettleMoney
from twoleg.core.events import (
    AnswerStatus,
    FillBooked,
    LegAnswer,
    MoneySettled,
    OrderAnswered,
    TimerFired,
)
from twoleg.core.market import Outcome, Side, Venue
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.core.units import ceil_div


class Script(Enum):
    """What becomes of one order, and how its venue tells."""

    FILLED = "filled"
    OVER_FILLED = "over_filled"
    PARTIAL = "partial"
    MISSED = "missed"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNAVAILABLE = "unavailable"
    UNKNOWN_LANDED = "unknown_landed"
    UNKNOWN_ABSENT = "unknown_absent"
    UNKNOWN_TWICE = "unknown_twice"
    DELAYED_FILLED = "delayed_filled"
    DELAYED_UNKNOWN = "delayed_unknown"


U, D, A = AnswerStatus.UNKNOWN, AnswerStatus.DELAYED, AnswerStatus
TOLD: dict[Script, tuple[AnswerStatus, ...]] = {
    Script.FILLED: (A.FILLED,),
    Script.OVER_FILLED: (A.FILLED,),
    Script.PARTIAL: (A.PARTIAL,),
    Script.MISSED: (A.MISSED,),
    Script.REJECTED: (A.REJECTED,),
    Script.NOT_SENT: (A.NOT_SENT,),
    Script.UNAVAILABLE: (A.NOT_SENT,),
    Script.UNKNOWN_LANDED: (U, A.FILLED),
    Script.UNKNOWN_ABSENT: (U, A.MISSED),
    Script.UNKNOWN_TWICE: (U, U, A.FILLED),
    Script.DELAYED_FILLED: (D, A.FILLED),
    Script.DELAYED_UNKNOWN: (D, U, A.FILLED),
}
FAILING = {
    Script.UNAVAILABLE,
    Script.UNKNOWN_LANDED,
    Script.UNKNOWN_ABSENT,
    Script.UNKNOWN_TWICE,
    Script.DELAYED_UNKNOWN,
}


@dataclass
class Placed:
    """One order as the venue keeps it."""

    spec: OrderSpec
    script: Script
    size_e6: int = 0
    notional: int = 0
    fee: int = 0
    told: int = 0

    @property
    def is_known(self) -> bool:
        return self.told == len(TOLD[self.script])


@dataclass
class ScriptedVenues:
    """Drives a rig until nothing is left to do; asserts at every order what must always hold."""

    rig: Rig
    scripts: Iterator[Script]
    fill_at_best: bool = False
    refresh: bool = False
    """Whether the feed shows full books again before each timer."""
    fee_micros: int = 1_230
    placed: list[Placed] = field(default_factory=list)
    timers: list[tuple[int, str]] = field(default_factory=list)
    rollbacks: int = 0

    def run(self, actions: list[Action], *, timers_max: int = 40) -> None:
        """Carry out actions and their consequences, then timers in order of time."""
        self._carry_out(actions)
        for _ in range(timers_max):
            due = [timer for timer in self.timers if not timer[1].startswith("cash")]
            if not due or self.rig.engine.open_executions == 0:
                return
            at_ns, key = min(due)
            self.timers.remove((at_ns, key))
            self.rig.now_ns = max(self.rig.now_ns, at_ns)
            if self.refresh:
                # A held residual may go at once; nothing else starts while both markets are busy.
                shown = list(self.rig.quote())
                assert all(
                    spec.purpose is Purpose.ROLLBACK
                    for action in shown
                    if isinstance(action, Fire)
                    for spec in action.orders
                )
                self._carry_out(shown)
            self._carry_out(list(self.rig.send(TimerFired(key))))

    # -- the venue's side -----------------------------------------------------------------

    def _carry_out(self, actions: list[Action]) -> None:
        queue = list(actions)
        while queue:
            action = queue.pop(0)
            if isinstance(action, Fire):
                fresh = [self._place(spec) for spec in action.orders]
                for order in fresh:
                    queue += self._tell(order)
            elif isinstance(action, LookUp):
                queue += self._tell(self.order(action.order_no))
            elif isinstance(action, SettleMoney):
                queue += self._settle(action)
            elif isinstance(action, SetTimer):
                self.timers.append((action.at_ns, action.key))

    def order(self, order_no: int) -> Placed:
        return self.placed[order_no]

    def _place(self, spec: OrderSpec) -> Placed:
        assert spec.order_no == len(self.placed)
        if spec.purpose is Purpose.ROLLBACK:
            self.rollbacks += 1
            self._judge_rollback(spec)
        script = next(self.scripts)
        if script is Script.OVER_FILLED and (spec.venue is Venue.KALSHI or not spec.spend_micros):
            script = Script.FILLED
        order = Placed(spec, script)
        if A.FILLED in TOLD[script] or script is Script.PARTIAL:
            self._fill(order)
        self.placed.append(order)
        return order

    def _fill(self, order: Placed) -> None:
        spec, price = order.spec, order.spec.limit_e4
        if spec.spend_micros:
            # A dollar-sized buy: fewer dollars a share mean more shares.
            if self.fill_at_best or order.script is Script.OVER_FILLED:
                price = max(1, price - 300)
            spend = spec.spend_micros // (2 if order.script is Script.PARTIAL else 1)
            order.size_e6, order.notional = spend * 10_000 // price, spend
        else:
            size = spec.size_e6
            if order.script is Script.PARTIAL:
                size = size // 2 // LOT * LOT
            order.size_e6 = size
            order.notional = (
                ceil_div(price * size, 10_000) if spec.side is Side.BUY else price * size // 10_000
            )
        order.fee = self.fee_micros if order.size_e6 else 0

    def _tell(self, order: Placed) -> list[Action]:
        if order.is_known:
            # Looked up again although all is told: the same answer.
            order.told -= 1
        status = TOLD[order.script][order.told]
        order.told += 1
        is_final = status not in (U, D)
        answer = LegAnswer(
            status=status,
            filled_e6=order.size_e6 if is_final else 0,
            notional_micros=order.notional if is_final and order.size_e6 else -1,
            is_unavailable=order.script is Script.UNAVAILABLE,
        )
        self.rig.pass_ms(7)
        spec = order.spec
        recv_ns = T0_MS * 1_000_000 + self.rig.now_ns
        return list(self.rig.send(OrderAnswered(spec.execution_no, spec.order_no, answer, recv_ns)))

    def _settle(self, action: SettleMoney) -> list[Action]:
        order = self.order(action.order_no)
        assert action.filled_e6 == order.size_e6
        spec = order.spec
        fill = make_fill(spec, order.size_e6, order.notional, order.fee)
        booked = list(self.rig.send(FillBooked(spec.execution_no, spec.order_no, fill)))
        settled = MoneySettled(
            spec.execution_no, spec.order_no, order.size_e6, order.notional, order.fee
        )
        return [*booked, *self.rig.send(settled)]

    # -- what must hold at every rollback order ----------------------------------------------

    def _judge_rollback(self, spec: OrderSpec) -> None:
        assert all(order.is_known for order in self.placed), "a partner's outcome is not known"
        if spec.side is Side.SELL:
            assert spec.size_e6 <= self.own_e6(spec.venue, spec.outcome)
            assert spec.reduce_only is (spec.venue is Venue.KALSHI)
        elif spec.venue is Venue.KALSHI:
            assert self.own_e6(Venue.KALSHI, spec.outcome.other) < LOT, "it would open, not reduce"
        change = event_sign(self.rig.polarity, spec.venue, spec.outcome, spec.side)
        assert change * self.exposure_e6() < 0, "it would add to the residual"
        assert spec.size_e6 <= abs(self.exposure_e6())

    # -- the ledger --------------------------------------------------------------------------

    def own_e6(self, venue: Venue, outcome: Outcome) -> int:
        return sum(
            order.size_e6 if order.spec.side is Side.BUY else -order.size_e6
            for order in self.placed
            if (order.spec.venue, order.spec.outcome) == (venue, outcome)
        )

    def exposure_e6(self) -> int:
        polarity = self.rig.polarity
        return sum(
            event_sign(polarity, order.spec.venue, order.spec.outcome, order.spec.side)
            * order.size_e6
            for order in self.placed
        )

    def net_micros(self) -> int:
        """Cash that came back, and what the holdings pay in the worse of both outcomes."""
        cash = 0
        for order in self.placed:
            cash += order.notional if order.spec.side is Side.SELL else -order.notional
            cash -= order.fee
        pays = {1: 0, -1: 0}
        for venue in Venue:
            for outcome in Outcome:
                sign = event_sign(self.rig.polarity, venue, outcome, Side.BUY)
                pays[sign] += self.own_e6(venue, outcome)
        return cash + min(pays.values())

    @property
    def has_failure(self) -> bool:
        return any(order.script in FAILING for order in self.placed)
