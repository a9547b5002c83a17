"""Running figures of the process: ticks, how long a decision took, how late frames arrive."""

from typing import Final

from twoleg.core.market import Venue

SAMPLES: Final = 8_192


class Stats:
    """Counts ticks and keeps the latest decision times (ns, from frame receipt to decision)."""

    __slots__ = (
        "_cursor",
        "_samples",
        "_since_ns",
        "_ticks_before",
        "lag_ms",
        "lag_ms_worst",
        "ticks",
    )

    def __init__(self, now_ns: int) -> None:
        self.ticks = 0
        # How late a feed's frames arrived when last looked at, and at most; 0 where not told.
        self.lag_ms = dict.fromkeys(Venue, 0)
        self.lag_ms_worst = dict.fromkeys(Venue, 0)
        self._samples: list[int] = []
        self._cursor = 0
        self._since_ns = now_ns
        self._ticks_before = 0

    def tick(self, decision_ns: int) -> None:
        """Count one book event and its decision time."""
        self.ticks += 1
        if len(self._samples) < SAMPLES:
            self._samples.append(decision_ns)
        else:
            self._samples[self._cursor] = decision_ns
            self._cursor = (self._cursor + 1) % SAMPLES

    def note_lag(self, venue: Venue, lag_ms: int) -> None:
        """Take how late a venue's frames arrive now."""
        self.lag_ms[venue] = lag_ms
        self.lag_ms_worst[venue] = max(self.lag_ms_worst[venue], lag_ms)

    def rate(self, now_ns: int) -> int:
        """Ticks per second since the last call."""
        elapsed_ns = max(1, now_ns - self._since_ns)
        rate = (self.ticks - self._ticks_before) * 1_000_000_000 // elapsed_ns
        self._since_ns, self._ticks_before = now_ns, self.ticks
        return rate

    def percentile_us(self, percent: int) -> int:
        """Decision time in microseconds below which `percent` of the latest samples lie."""
        if not self._samples:
            return 0
        ordered = sorted(self._samples)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] // 1_000
