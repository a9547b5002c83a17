"""What the breaker measures: the loss of a rolling day, and shares of the latest events.

Times are monotonic nanoseconds and arguments; memory is bounded.
"""

from collections import deque
from typing import Final

DAY_NS: Final = 86_400_000_000_000
BUCKET_NS: Final = 300_000_000_000
"""Losses are summed up per five minutes: at most 289 sums, and a loss counts up to 24:05 h."""


class LossWindow:
    """What was lost within a day, in micro-dollars, and what open residuals would lose now.

    Only losses count. What a hedged pair earns is paid at its end and buys no room until then.
    """

    __slots__ = ("_buckets", "_mark_micros", "_sum_micros")

    def __init__(self) -> None:
        # [number of the bucket, micros lost in it], ascending; the sum of all of them.
        self._buckets: deque[list[int]] = deque()
        self._sum_micros = 0
        self._mark_micros = 0

    def add(self, lost_micros: int, at_ns: int) -> None:
        """Add a loss (> 0), or take back (< 0) some of one that was added before."""
        if lost_micros == 0:
            return
        number = at_ns // BUCKET_NS
        # What is told late, such as at a start, finds its place from the young end.
        index = len(self._buckets)
        while index and self._buckets[index - 1][0] > number:
            index -= 1
        if index and self._buckets[index - 1][0] == number:
            self._buckets[index - 1][1] += lost_micros
        else:
            self._buckets.insert(index, [number, lost_micros])
        self._sum_micros += lost_micros

    def mark(self, loss_micros: int) -> None:
        """Replace what the open residuals would lose at their exits; a gain there counts as 0."""
        self._mark_micros = max(0, loss_micros)

    @property
    def marked_micros(self) -> int:
        """What the open residuals would lose at their exits, as told last; never below 0."""
        return self._mark_micros

    def lost_micros(self, now_ns: int) -> int:
        """Losses of the last 24 hours and of the open residuals, together. Never below 0."""
        oldest = (now_ns - DAY_NS) // BUCKET_NS
        while self._buckets and self._buckets[0][0] < oldest:
            self._sum_micros -= self._buckets.popleft()[1]
        return max(0, self._sum_micros) + self._mark_micros


class LatestShare:
    """The share of bad ones among the latest `window` that were told; each has a number.

    Less than a full window has no share: a first bad one would be all of them.
    """

    __slots__ = ("_latest", "_window")

    def __init__(self, window: int) -> None:
        assert window > 0
        self._window = window
        self._latest: dict[int, bool] = {}

    def resize(self, window: int) -> None:
        """Look at so many from now on; the oldest give way."""
        assert window > 0
        self._window = window
        self._trim()

    def tell(self, number: int, *, is_bad: bool) -> None:
        """Count one; told again, it keeps its place, and it stays bad once it was."""
        self._latest[number] = self._latest.get(number, False) or is_bad
        self._trim()

    def is_over(self, share_e4_max: int) -> bool:
        """Whether the share of bad ones, in 1/10 000, is above a limit."""
        if len(self._latest) < self._window:
            return False
        return sum(self._latest.values()) * 10_000 > share_e4_max * len(self._latest)

    def clear(self) -> None:
        """Begin anew."""
        self._latest.clear()

    def _trim(self) -> None:
        while len(self._latest) > self._window:
            del self._latest[next(iter(self._latest))]
