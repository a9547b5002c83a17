"""One execution: its orders, what certainly filled, and the state machine over both legs.

The machine is data: after every event the execution's numbers are judged into one `Signal`, and
`TRANSITIONS` says what follows. Exposure is one signed number in "event" terms: +1 contract pays a
dollar if the Kalshi market settles YES. A hedged execution has exposure 0, whatever its legs are
called, so no leg can be taken for the other.
"""

from collections import Counter
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Final, assert_never

from twoleg.core.counts import LegTry
from twoleg.core.events import LegAnswer, OrderBooked
from twoleg.core.market import Direction, MarketId, Outcome, Pair, Polarity, Side, Venue
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.core.outcomes import outcome_of
from twoleg.core.units import LOT_E6
from twoleg.errors import IllegalTransition, InvariantBroken


class ExecutionState(Enum):
    """Where an execution stands."""

    FIRING = "firing"
    """Orders are out; at least one has not answered."""
    RESOLVING = "resolving"
    """Every order answered, but for some only the venue's records can tell what became of them."""
    ROLLING_BACK = "rolling_back"
    """A residual is being completed or unwound."""
    HOLDING = "holding"
    """A residual that cannot be closed now: on record, alarmed, tried again."""
    SETTLING = "settling"
    """Exposure is flat; the fills' money is being booked."""
    CLOSED = "closed"
    """Flat and booked. Only a late or voided fill opens it again."""


class Signal(Enum):
    """What the numbers of an execution say after an event."""

    AWAITING = "awaiting"
    """An order is out."""
    UNRESOLVED = "unresolved"
    """No order is out, one is UNKNOWN or DELAYED."""
    FLAT = "flat"
    """All is known, and less than a lot is uncovered."""
    RESIDUAL = "residual"
    """All is known, and a lot or more is uncovered."""
    BARRED = "barred"
    """No order can close the residual now."""
    RETRY = "retry"
    """Time to try a held residual again."""
    BOOKED = "booked"
    """All is known and flat, and every fill's money is booked."""


Row = tuple[ExecutionState, Signal]
_S, _G = ExecutionState, Signal
TRANSITIONS: Final[dict[tuple[ExecutionState, Signal], ExecutionState]] = {
    (_S.FIRING, _G.AWAITING): _S.FIRING,
    (_S.FIRING, _G.UNRESOLVED): _S.RESOLVING,
    (_S.FIRING, _G.FLAT): _S.SETTLING,
    (_S.FIRING, _G.RESIDUAL): _S.ROLLING_BACK,
    # Nothing filled: nothing to book either.
    (_S.FIRING, _G.BOOKED): _S.CLOSED,
    # The look-up itself may end without an answer: asked again, never guessed.
    (_S.RESOLVING, _G.UNRESOLVED): _S.RESOLVING,
    (_S.RESOLVING, _G.FLAT): _S.SETTLING,
    (_S.RESOLVING, _G.RESIDUAL): _S.ROLLING_BACK,
    (_S.RESOLVING, _G.BOOKED): _S.CLOSED,
    (_S.ROLLING_BACK, _G.AWAITING): _S.ROLLING_BACK,
    # A rollback order may itself time out.
    (_S.ROLLING_BACK, _G.UNRESOLVED): _S.RESOLVING,
    (_S.ROLLING_BACK, _G.RESIDUAL): _S.ROLLING_BACK,
    (_S.ROLLING_BACK, _G.FLAT): _S.SETTLING,
    (_S.ROLLING_BACK, _G.BOOKED): _S.CLOSED,
    (_S.ROLLING_BACK, _G.BARRED): _S.HOLDING,
    (_S.HOLDING, _G.RETRY): _S.ROLLING_BACK,
    # A late fill may change or cover what is held; then it is decided on anew.
    (_S.HOLDING, _G.RESIDUAL): _S.HOLDING,
    (_S.HOLDING, _G.FLAT): _S.SETTLING,
    (_S.HOLDING, _G.BOOKED): _S.CLOSED,
    (_S.SETTLING, _G.FLAT): _S.SETTLING,
    (_S.SETTLING, _G.BOOKED): _S.CLOSED,
    # A fill that comes late or is voided on chain opens the residual of the other leg again.
    (_S.SETTLING, _G.RESIDUAL): _S.ROLLING_BACK,
    (_S.CLOSED, _G.RESIDUAL): _S.ROLLING_BACK,
    (_S.CLOSED, _G.FLAT): _S.SETTLING,
    (_S.CLOSED, _G.BOOKED): _S.CLOSED,
}
IMPOSSIBLE: Final[dict[tuple[ExecutionState, Signal], str]] = {
    **{
        (state, signal): "orders are out or unresolved only in the three states before"
        for state in (_S.HOLDING, _S.SETTLING, _S.CLOSED)
        for signal in (_G.AWAITING, _G.UNRESOLVED)
    },
    (_S.RESOLVING, _G.AWAITING): "it is entered when no order is out, and sends none",
    **{
        (state, _G.BARRED): "only a rollback looks for a way out"
        for state in _S
        if state is not _S.ROLLING_BACK
    },
    **{
        (state, _G.RETRY): "only what is held is tried again"
        for state in _S
        if state is not _S.HOLDING
    },
}
"""Why these never happen; each pair of state and signal is in exactly one of both tables."""


def advance(state: ExecutionState, signal: Signal) -> ExecutionState:
    """The state that follows; raises IllegalTransition where the table has no row."""
    target = TRANSITIONS.get((state, signal))
    if target is None:
        raise IllegalTransition("execution", state, signal)
    return target


def move(execution: "Execution", signal: Signal, rows: Counter[Row]) -> None:
    """Advance an execution and count the row that was used."""
    rows[execution.state, signal] += 1
    execution.state = advance(execution.state, signal)


class OrderState:
    """What is known of one order, and how much of its money is booked."""

    __slots__ = (
        "accounted_micros",
        "answer",
        "booked_e6",
        "booked_fee_micros",
        "booked_notional_micros",
        "filled_e6",
        "is_settled",
        "look_ups",
        "spec",
        "voided_e6",
        "was_unknown",
    )

    def __init__(self, spec: OrderSpec) -> None:
        self.spec = spec
        # None while the order is out.
        self.answer: LegAnswer | None = None
        self.filled_e6 = 0
        # What of its fills failed on chain.
        self.voided_e6 = 0
        self.booked_e6 = 0
        self.booked_notional_micros = 0
        self.booked_fee_micros = 0
        self.is_settled = False
        # What of its cash the engine's funds know: all that is booked, but while it is restored.
        self.accounted_micros = 0
        self.look_ups = 0
        self.was_unknown = False

    def recall(self, booked: OrderBooked) -> None:
        """Take over what is on record of its fills; its answer may not know of them."""
        assert self.answer is not None
        self.booked_e6 = booked.size_e6
        self.booked_notional_micros = booked.notional_micros
        self.booked_fee_micros = booked.fee_micros
        self.voided_e6 = booked.void_e6
        self.filled_e6 = max(self.answer.filled_e6, booked.size_e6)

    @property
    def is_out(self) -> bool:
        """Sent, and no answer yet."""
        return self.answer is None

    @property
    def is_unresolved(self) -> bool:
        """Answered without telling what happened: counts as the interval [0, size]."""
        return self.answer is not None and not outcome_of(self.answer).is_decided

    @property
    def is_decided(self) -> bool:
        """The venue told what it filled; only a late fill or a void changes that."""
        return not (self.is_out or self.is_unresolved)

    @property
    def cash_micros(self) -> int:
        """Cash that the booked fills took, fees included; negative if they brought some."""
        bought = self.spec.side is Side.BUY
        notional = self.booked_notional_micros
        return self.booked_fee_micros + (notional if bought else -notional)

    @property
    def is_booked(self) -> bool:
        """Nothing is missing in the accounts for what filled."""
        return self.filled_e6 == 0 or (self.is_settled and self.booked_e6 == self.filled_e6)


def exposure_sign(polarity: Polarity, venue: Venue, outcome: Outcome, side: Side) -> int:
    """+1 if one contract more pays when the Kalshi market settles YES, −1 if when NO."""
    sign = 1 if outcome is Outcome.YES else -1
    if venue is Venue.POLYMARKET and polarity is Polarity.INVERSE:
        sign = -sign
    if side is Side.BUY:
        return sign
    if side is Side.SELL:
        return -sign
    assert_never(side)


class Execution:
    """One attempt at an opportunity. Mutated by the engine alone."""

    __slots__ = (
        "attempts",
        "barred",
        "carry_in_e6",
        "counted_as",
        "counted_net_micros",
        "direction",
        "execution_no",
        "exit_since_ns",
        "exit_steps",
        "fruitless",
        "has_failed",
        "held_alarm_ns",
        "held_since_ns",
        "inventory_e6",
        "is_quiet",
        "judged_e6",
        "marked_micros",
        "misses",
        "net_micros_planned",
        "netted_e6",
        "next_try_ns",
        "opened_ns",
        "orders",
        "pair",
        "resolved",
        "rolled_back",
        "sent_ns",
        "state",
        "tries",
        "unsure_until_ns",
        "waiting_since_ns",
        "was_counted",
    )

    def __init__(
        self,
        execution_no: int,
        pair: Pair,
        direction: Direction,
        opened_ns: int,
        resolved: AbstractSet[MarketId] = frozenset(),
    ) -> None:
        self.execution_no = execution_no
        self.pair = pair
        self.direction = direction
        self.opened_ns = opened_ns
        self.state = ExecutionState.FIRING
        self.orders: list[OrderState] = []
        # Dust of earlier executions of this pair, taken over to be netted (signed, event terms).
        self.carry_in_e6 = 0
        # What other executions of this pair took over, by what it pays on: [NO, YES], signed.
        self.netted_e6 = [0, 0]
        self.net_micros_planned = 0
        # Rollback orders so far, when those of the last minute were sent, and how many in a row
        # brought nothing.
        self.attempts = 0
        self.sent_ns: list[int] = []
        self.fruitless = 0
        # Ways (venue, side) that are closed until the next pause is over, and why; and how often in
        # a row each one missed what its book showed.
        self.barred: dict[tuple[Venue, Side], str] = {}
        self.misses: dict[tuple[Venue, Side], int] = {}
        self.rolled_back = False
        # The residual that was judged last, since when one of its sign is open (0: none is), how
        # many exits of the ladder brought nothing, and what it would lose as judged last.
        self.judged_e6 = 0
        self.exit_since_ns = 0
        self.exit_steps = 0
        self.marked_micros = 0
        # Since when it is held (0: it is not), when that was told last, and when it may be tried
        # again at a change of a book.
        self.held_since_ns = 0
        self.held_alarm_ns = 0
        self.next_try_ns = 0
        # An order that had been decided filled all the same: until then more of it may be told.
        self.unsure_until_ns = 0
        # Since when nothing but books without a snapshot stands in the way (0: it does not).
        self.waiting_since_ns = 0
        # An early exit sells what the pair held before: how much of it this execution may.
        self.inventory_e6: dict[tuple[Venue, Outcome], int] = {}
        # Markets that pay and trade no more; those who open it keep them for all executions.
        self.resolved = resolved
        # What the legs are tried against, by venue, until their order is made.
        self.tries: dict[Venue, LegTry] = {}
        # Found closed at the start: told again only if something changes.
        self.is_quiet = False
        # The breaker counts one execution once.
        self.has_failed = False
        self.was_counted = False
        # How it stands in the tally, so that a reopened one is counted once.
        self.counted_as = ""
        self.counted_net_micros = 0

    def order(self, order_no: int) -> OrderState:
        """One of this execution's orders; raises InvariantBroken for a number it never sent."""
        for order in self.orders:
            if order.spec.order_no == order_no:
                return order
        raise InvariantBroken(f"execution {self.execution_no} has no order {order_no}")

    def next_order_no(self) -> int:
        """The number of its next order.

        Not their count: an order that could not be journalled is unknown after a restart, and
        leaves a gap.
        """
        return self.orders[-1].spec.order_no + 1 if self.orders else 0

    def sign_of(self, spec: OrderSpec) -> int:
        """Direction of an order's exposure."""
        return exposure_sign(self.pair.polarity, spec.venue, spec.outcome, spec.side)

    def exposure_e6(self, venue: Venue | None = None) -> int:
        """Signed exposure of what certainly filled, on one venue or on both with the carry."""
        total = 0 if venue else self.taken_over_e6
        for order in self.orders:
            if venue is None or order.spec.venue is venue:
                total += self.sign_of(order.spec) * order.filled_e6
        return total

    @property
    def taken_over_e6(self) -> int:
        """Signed exposure that others of its pair had, and this one looks after; or the reverse."""
        return self.carry_in_e6 + self.netted_e6[True] - self.netted_e6[False]

    def own_e6(self, venue: Venue, outcome: Outcome) -> int:
        """What it may sell of an outcome at most: its own, unsold fill.

        An early exit owns beside that the part of the pair's holding that it was given to sell.
        """
        return self.inventory_e6.get((venue, outcome), 0) + self.bought_e6(venue, outcome)

    def has_sold(self, venue: Venue, outcome: Outcome) -> bool:
        """Whether a sale of an outcome filled."""
        return any(
            order.filled_e6
            for order in self.orders
            if (order.spec.venue, order.spec.outcome, order.spec.side)
            == (venue, outcome, Side.SELL)
        )

    def bought_e6(self, venue: Venue, outcome: Outcome) -> int:
        """Size of an outcome that it bought and did not sell; < 0 if it sold what others bought."""
        total = 0
        for order in self.orders:
            if order.spec.venue is venue and order.spec.outcome is outcome:
                bought = order.spec.side is Side.BUY
                total += order.filled_e6 if bought else -order.filled_e6
        return total

    @property
    def filled_anything(self) -> bool:
        """Whether any order of it filled."""
        return any(order.filled_e6 for order in self.orders)

    def judge(self) -> Signal:
        """Reduce the numbers to one signal."""
        if any(order.is_out for order in self.orders):
            return Signal.AWAITING
        if any(order.is_unresolved for order in self.orders):
            return Signal.UNRESOLVED
        has_part = self.filled_anything or any(self.netted_e6)
        if has_part and abs(self.exposure_e6()) >= LOT_E6 and not self.is_paid:
            return Signal.RESIDUAL
        if all(order.is_booked for order in self.orders):
            return Signal.BOOKED
        return Signal.FLAT

    @property
    def is_paid(self) -> bool:
        """Whether the market of the leg that is too long pays: no order can change that any more.

        If only the other leg's does, the long one is still there to be sold. An early exit is long
        where it has yet to sell.
        """
        sizes = {venue: self.exposure_e6(venue) for venue in Venue}
        for (venue, outcome), size_e6 in self.inventory_e6.items():
            sizes[venue] += exposure_sign(self.pair.polarity, venue, outcome, Side.BUY) * size_e6
        sign = 1 if self.exposure_e6() > 0 else -1
        long = max(Venue, key=lambda venue: sign * sizes[venue])
        return self.pair.market_on(long) in self.resolved

    def spent_micros(self) -> int:
        """Cash that left for booked fills, fees included; sales count against it."""
        return sum(order.cash_micros for order in self.orders)

    def payout_micros(self) -> int:
        """What its fills pay for certain, whichever way the event goes; < 0 for an early exit.

        That one gives up holdings that would have paid. What others took over pays them.
        """
        if_no, if_yes = self.netted_e6
        for venue in Venue:
            for outcome in Outcome:
                own_e6 = self.bought_e6(venue, outcome)
                if exposure_sign(self.pair.polarity, venue, outcome, Side.BUY) > 0:
                    if_yes += own_e6
                else:
                    if_no += own_e6
        return min(if_yes, if_no)

    def net_micros(self) -> int:
        """Result at settlement value; an uncovered remainder counts as worth nothing."""
        return self.payout_micros() - self.spent_micros()

    @property
    def is_sequenced(self) -> bool:
        """Whether one leg went first alone: what completes it is the other leg."""
        return sum(order.spec.purpose is Purpose.ARB for order in self.orders) == 1

    def leg_orders(self, venue: Venue) -> list[OrderState]:
        """The orders that make up the leg on a venue; of a sequenced one, those that complete."""
        return [
            order
            for order in self.orders
            if order.spec.venue is venue
            and (
                order.spec.purpose is Purpose.ARB
                or (self.is_sequenced and not order.spec.is_unwind)
            )
        ]

    def closed_as(self) -> str:
        """hedged, rolled_back or missed; unhedged where the venue paid before it was covered."""
        if not self.filled_anything:
            return "missed"
        if abs(self.exposure_e6()) >= LOT_E6:
            return "unhedged"
        is_leg = self.is_sequenced and self.rolled_e6(is_unwind=True) == 0
        return "rolled_back" if self.rolled_back and not is_leg else "hedged"

    def rolled_e6(self, *, is_unwind: bool) -> int:
        """Size that rollback orders unwound, or completed."""
        return sum(
            order.filled_e6
            for order in self.orders
            if order.spec.purpose is Purpose.ROLLBACK and order.spec.is_unwind is is_unwind
        )

    def rollback_orders(self) -> int:
        """How many rollback orders were sent."""
        return sum(order.spec.purpose is Purpose.ROLLBACK for order in self.orders)
