"""The circuit breaker: closed lets executions start, open does not, half-open lets one probe.

A failure is an UNKNOWN, an unavailable venue, a broken invariant or a rollback at a loss; a clean
miss is neither failure nor success. What opens it, and what lets it half-open again:

* consecutive failures, a rate above its limit, a trip that is over once it is told: time;
* losses of a rolling day above the limit: time, but not before they are below it again;
* a trip that stands (a residual held too long, a clock that is wrong): its own end, then time.

The operator's halt and pause stand beside it: they end by the operator alone. Nothing here ever
stops a rollback: only what may *start* is asked about.
"""

from enum import Enum
from typing import Final

from twoleg.core.guards import LatestShare, LossWindow
from twoleg.core.limits import BreakerLimits
from twoleg.errors import IllegalTransition

NS_PER_MS: Final = 1_000_000


class BreakerState(Enum):
    """Whether executions may start."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerSignal(Enum):
    """What moves the breaker."""

    LIMIT_REACHED = "limit_reached"
    """So many failures in a row."""
    TRIPPED = "tripped"
    """One thing that is enough by itself: a loss, a rate, a guard, a contradiction."""
    COOLED_DOWN = "cooled_down"
    PROBE_SUCCEEDED = "probe_succeeded"
    PROBE_FAILED = "probe_failed"


TRANSITIONS: Final[dict[tuple[BreakerState, BreakerSignal], BreakerState]] = {
    (BreakerState.CLOSED, BreakerSignal.LIMIT_REACHED): BreakerState.OPEN,
    (BreakerState.CLOSED, BreakerSignal.TRIPPED): BreakerState.OPEN,
    (BreakerState.OPEN, BreakerSignal.COOLED_DOWN): BreakerState.HALF_OPEN,
    # A failure of an execution that began before the breaker opened: stay open, cool down anew.
    (BreakerState.OPEN, BreakerSignal.LIMIT_REACHED): BreakerState.OPEN,
    (BreakerState.OPEN, BreakerSignal.TRIPPED): BreakerState.OPEN,
    # One that began before fails too: what the pause was for is not over.
    (BreakerState.HALF_OPEN, BreakerSignal.LIMIT_REACHED): BreakerState.OPEN,
    (BreakerState.HALF_OPEN, BreakerSignal.PROBE_SUCCEEDED): BreakerState.CLOSED,
    (BreakerState.HALF_OPEN, BreakerSignal.PROBE_FAILED): BreakerState.OPEN,
    (BreakerState.HALF_OPEN, BreakerSignal.TRIPPED): BreakerState.OPEN,
}
IMPOSSIBLE: Final[dict[tuple[BreakerState, BreakerSignal], str]] = {
    (BreakerState.CLOSED, BreakerSignal.COOLED_DOWN): "only an open breaker cools down",
    (BreakerState.CLOSED, BreakerSignal.PROBE_SUCCEEDED): "nothing probes a closed breaker",
    (BreakerState.CLOSED, BreakerSignal.PROBE_FAILED): "nothing probes a closed breaker",
    (BreakerState.OPEN, BreakerSignal.PROBE_SUCCEEDED): "opening forgets the probe",
    (BreakerState.OPEN, BreakerSignal.PROBE_FAILED): "opening forgets the probe",
    (BreakerState.HALF_OPEN, BreakerSignal.COOLED_DOWN): "it has cooled down already",
}
"""Why these never happen; each pair of state and signal is in exactly one of both tables."""


class Breaker:
    """Counts failures, losses, rates. Time is an argument (monotonic ns); nothing runs by itself.

    Methods that may open it return True where they did.
    """

    __slots__ = (
        "_failures",
        "_fills",
        "_fills_told",
        "_halt",
        "_is_paused",
        "_limits",
        "_losses",
        "_opened_ns",
        "_probe_no",
        "_standing",
        "_unwinds",
        "last_reason",
        "state",
    )

    def __init__(self, limits: BreakerLimits) -> None:
        self._limits = limits
        self._failures = 0
        self._opened_ns = 0
        # Execution that probes while half-open; 0 if none is in flight.
        self._probe_no = 0
        # Why the operator halted it; None while it is not halted.
        self._halt: str | None = None
        self._is_paused = False
        # Reasons that are still so, in the order in which they came (a dict keeps it).
        self._standing: dict[str, None] = {}
        self._losses = LossWindow()
        # Executions that filled anything, and provisional fills that became final or void.
        self._unwinds = LatestShare(limits.rate_window)
        self._fills = LatestShare(limits.rate_window)
        self._fills_told = 0
        self.state = BreakerState.CLOSED
        # What opened it last, or made it stay open longer.
        self.last_reason = ""

    @property
    def failures(self) -> int:
        """Consecutive failures so far."""
        return self._failures

    def change_limits(self, limits: BreakerLimits) -> None:
        """Take new values; what was counted stays counted."""
        self._limits = limits
        self._unwinds.resize(limits.rate_window)
        self._fills.resize(limits.rate_window)

    # -- may an execution start? -----------------------------------------------------------

    def allows(self, now_ns: int) -> bool:
        """Whether an execution may start now; an open breaker that has cooled down half-opens."""
        if self._is_barred or self.lost_micros(now_ns) > self._limits.loss_micros_max:
            return False
        if self.state is BreakerState.OPEN:
            if self._left_ns(now_ns) > 0:
                return False
            self._advance(BreakerSignal.COOLED_DOWN, now_ns)
        return self.state is BreakerState.CLOSED or self._probe_no == 0

    def why_closed(self, now_ns: int) -> str:
        """What keeps executions from starting, for people; empty if nothing here does."""
        lost, most = self.lost_micros(now_ns), self._limits.loss_micros_max
        reason = ""
        if self._halt is not None:
            reason = f"halted by an operator: {self._halt or 'no reason given'}"
        elif self._is_paused:
            reason = "paused by an operator"
        elif self._standing:
            reason = f"open as long as this stands: {', '.join(self._standing)}"
        elif lost > most:
            reason = f"open: {lost} micro-dollars lost within 24 h, at most {most} may be"
        elif self.state is BreakerState.OPEN and (left_ns := self._left_ns(now_ns)) > 0:
            reason = f"open for {-(-left_ns // NS_PER_MS)} ms more: {self.last_reason}"
        elif self.state is BreakerState.HALF_OPEN and self._probe_no:
            reason = f"half open: execution {self._probe_no} probes"
        return reason

    def started(self, execution_no: int) -> None:
        """An execution began; while half-open it is the probe."""
        assert self.state is not BreakerState.OPEN
        assert not self._is_barred
        if self.state is BreakerState.HALF_OPEN:
            assert self._probe_no == 0
            self._probe_no = execution_no

    # -- what became of executions and fills -----------------------------------------------

    def failed(self, execution_no: int, reason: str, now_ns: int) -> bool:
        """An execution failed; True if the breaker opened by it."""
        self._failures += 1
        before = self.state
        if before is BreakerState.HALF_OPEN and execution_no == self._probe_no:
            self._open(BreakerSignal.PROBE_FAILED, reason, now_ns)
        elif self._failures >= self._limits.failures_max:
            self._open(BreakerSignal.LIMIT_REACHED, reason, now_ns)
        return before is not BreakerState.OPEN and self.state is BreakerState.OPEN

    def succeeded(self, execution_no: int, now_ns: int) -> bool:
        """An execution ended well; True if the breaker closed by it."""
        if self.state is BreakerState.CLOSED:
            self._failures = 0
            return False
        if self.state is BreakerState.HALF_OPEN and execution_no == self._probe_no:
            self._advance(BreakerSignal.PROBE_SUCCEEDED, now_ns)
            self._failures = 0
            return True
        return False

    def ended(self, execution_no: int) -> None:
        """An execution is over, however it went: a probe that missed makes room for another."""
        if execution_no == self._probe_no:
            self._probe_no = 0

    def closed(
        self,
        execution_no: int,
        *,
        net_micros: int,
        change_micros: int,
        filled_anything: bool,
        was_unwound: bool,
        now_ns: int,
    ) -> bool:
        """An execution closed, maybe again: count its loss and whether it had to be unwound.

        `change_micros` is the change of its net since it was told last.
        """
        before_micros = net_micros - change_micros
        self._losses.add(min(0, before_micros) - min(0, net_micros), now_ns)
        if filled_anything:
            self._unwinds.tell(execution_no, is_bad=was_unwound)
        opened = self._judge_loss(now_ns)
        if self._unwinds.is_over(self._limits.unwind_rate_e4_max):
            # While open nothing would change the rate: it is taken anew from here on.
            self._unwinds.clear()
            opened |= self.trip("unwind_rate", now_ns)
        return opened

    def fill_ended(self, *, is_void: bool, now_ns: int) -> bool:
        """A provisional fill became final, or failed on chain."""
        self._fills_told += 1
        self._fills.tell(self._fills_told, is_bad=is_void)
        if not self._fills.is_over(self._limits.void_rate_e4_max):
            return False
        self._fills.clear()
        return self.trip("void_rate", now_ns)

    def mark_residuals(self, loss_micros: int, now_ns: int) -> bool:
        """All open residuals together would lose so much at their present exits (replaces)."""
        self._losses.mark(loss_micros)
        return self._judge_loss(now_ns)

    def lost_micros(self, now_ns: int) -> int:
        """What was lost within a day, open residuals included."""
        return self._losses.lost_micros(now_ns)

    @property
    def marked_micros(self) -> int:
        """What all open residuals together would lose at their exits, as told last."""
        return self._losses.marked_micros

    def restore_losses(self, losses: tuple[tuple[int, int], ...], now_ns: int) -> bool:
        """Take the (age_ns, micros lost) of earlier runs."""
        for age_ns, micros in losses:
            self._losses.add(micros, now_ns - age_ns)
        return self._judge_loss(now_ns)

    # -- trips and operators ---------------------------------------------------------------

    def trip(self, reason: str, now_ns: int) -> bool:
        """Open at once, whatever was counted; True if it was not open."""
        before = self.state
        self._open(BreakerSignal.TRIPPED, reason, now_ns)
        return before is not BreakerState.OPEN

    def hold_open(self, reason: str, now_ns: int) -> bool:
        """Open, and do not cool down before `let_go` tells the same reason."""
        self._standing[reason] = None
        return self.trip(reason, now_ns)

    def let_go(self, reason: str) -> bool:
        """What held it open is over; True if it did. The time since the trip has gone on."""
        return self._standing.pop(reason, reason) is None

    def halt(self, reason: str) -> None:
        """Start nothing until `clear_halt`, restarts included."""
        self._halt = reason

    def clear_halt(self) -> None:
        """End a halt. The breaker's own state is untouched by it, and so is a pause."""
        self._halt = None

    def pause(self) -> None:
        """Start nothing until `resume`."""
        self._is_paused = True

    def resume(self) -> None:
        """End a pause; a halt stays."""
        self._is_paused = False

    # -- inner workings --------------------------------------------------------------------

    @property
    def _is_barred(self) -> bool:
        """Whether something keeps executions from starting that time alone does not end."""
        return self._halt is not None or self._is_paused or bool(self._standing)

    def _judge_loss(self, now_ns: int) -> bool:
        if self.lost_micros(now_ns) <= self._limits.loss_micros_max:
            return False
        if self.state is BreakerState.OPEN:
            # It cannot close while that is so; telling it again would only start its time anew.
            return False
        return self.trip("loss", now_ns)

    def _open(self, signal: BreakerSignal, reason: str, now_ns: int) -> None:
        """Open, or stay open for the whole time again."""
        self.last_reason = reason
        self._advance(signal, now_ns)

    def _left_ns(self, now_ns: int) -> int:
        """How much of the time to stay open is left."""
        return self._opened_ns + self._limits.open_ms * NS_PER_MS - now_ns

    def _advance(self, signal: BreakerSignal, now_ns: int) -> None:
        target = TRANSITIONS.get((self.state, signal))
        if target is None:
            raise IllegalTransition("breaker", self.state, signal)
        self.state = target
        if target is BreakerState.OPEN:
            self._opened_ns = now_ns
            self._probe_no = 0
