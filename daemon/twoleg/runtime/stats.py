"""Running figures of the process: ticks, and how long a decision took after its frame arrived."""

from typing import Final

SAMPLES: Final = 8_192


class Stats:
    """Counts ticks and keeps the latest decision times (ns, from frame receipt to decision)."""

    __slots__ = ("_cursor", "_samples", "_since_ns", "_ticks_before", "ticks")

    def __init__(self, now_ns: int) -> None:
        self.ticks = 0
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
