"""The circuit breaker: closed lets executions start, open does not, half-open lets one probe.

A failure is an UNKNOWN, an unavailable venue, a broken invariant or a rollback at a loss; a clean
miss is neither failure nor success.
"""

from enum import Enum
from typing import Final

from twoleg.core.limits import BreakerLimits
from twoleg.errors import IllegalTransition


class BreakerState(Enum):
    """Whether executions may start."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerSignal(Enum):
    """What moves the breaker."""

    LIMIT_REACHED = "limit_reached"
    TRIPPED = "tripped"
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
    (BreakerState.HALF_OPEN, BreakerSignal.PROBE_SUCCEEDED): BreakerState.CLOSED,
    (BreakerState.HALF_OPEN, BreakerSignal.PROBE_FAILED): BreakerState.OPEN,
    (BreakerState.HALF_OPEN, BreakerSignal.TRIPPED): BreakerState.OPEN,
}


class Breaker:
    """Counts consecutive failures. Time is an argument (monotonic ns); nothing runs by itself."""

    __slots__ = ("_failures", "_limits", "_opened_ns", "_probe_no", "last_reason", "state")

    def __init__(self, limits: BreakerLimits) -> None:
        self._limits = limits
        self._failures = 0
        self._opened_ns = 0
        # Execution that probes while half-open; 0 if none is in flight.
        self._probe_no = 0
        self.state = BreakerState.CLOSED
        self.last_reason = ""

    @property
    def failures(self) -> int:
        """Consecutive failures so far."""
        return self._failures

    def change_limits(self, limits: BreakerLimits) -> None:
        """Take new values; what was counted stays counted."""
        self._limits = limits

    def allows(self, now_ns: int) -> bool:
        """Whether an execution may start now; an open breaker that has cooled down half-opens."""
        if self.state is BreakerState.OPEN:
            if now_ns - self._opened_ns < self._limits.open_ms * 1_000_000:
                return False
            self._advance(BreakerSignal.COOLED_DOWN, now_ns)
        return self.state is BreakerState.CLOSED or self._probe_no == 0

    def started(self, execution_no: int) -> None:
        """An execution began; while half-open it is the probe."""
        assert self.state is not BreakerState.OPEN
        if self.state is BreakerState.HALF_OPEN:
            assert self._probe_no == 0
            self._probe_no = execution_no

    def failed(self, execution_no: int, reason: str, now_ns: int) -> bool:
        """Count a failure; True if the breaker opened by it."""
        self._failures += 1
        self.last_reason = reason
        before = self.state
        if self.state is BreakerState.HALF_OPEN:
            if execution_no != self._probe_no:
                return False
            self._advance(BreakerSignal.PROBE_FAILED, now_ns)
        elif self._failures >= self._limits.failures_max:
            self._advance(BreakerSignal.LIMIT_REACHED, now_ns)
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

    def trip(self, reason: str, now_ns: int) -> bool:
        """Open at once, whatever was counted; True if it was not open."""
        self.last_reason = reason
        before = self.state
        self._advance(BreakerSignal.TRIPPED, now_ns)
        return before is not BreakerState.OPEN

    def _advance(self, signal: BreakerSignal, now_ns: int) -> None:
        target = TRANSITIONS.get((self.state, signal))
        if target is None:
            raise IllegalTransition("breaker", self.state, signal)
        self.state = target
        if target is BreakerState.OPEN:
            self._opened_ns = now_ns
            self._probe_no = 0
