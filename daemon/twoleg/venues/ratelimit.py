"""A token bucket in integers, with a slice that only rollbacks may spend. Never sleeps itself."""

from typing import Final

from twoleg.seams import Clock

MICRO: Final = 1_000_000


class TokenBucket:
    """Tokens refill continuously up to `capacity`; `reserved` of them are kept for rollbacks.

    Kept in micro-tokens, so that no refill is lost to rounding over many small steps.
    """

    def __init__(
        self, *, clock: Clock, capacity: int, refill_per_s: int, reserved: int = 0
    ) -> None:
        assert capacity > 0
        assert refill_per_s > 0
        assert 0 <= reserved < capacity
        self._clock = clock
        self._capacity_micro = capacity * MICRO
        self._refill_per_s = refill_per_s
        self._reserved_micro = reserved * MICRO
        # What is there as of `_at_ns`.
        self._level_micro = self._capacity_micro
        self._at_ns = clock.monotonic_ns()

    @property
    def available(self) -> int:
        """Whole tokens that are there now, the reserve included."""
        self._refill()
        return self._level_micro // MICRO

    @property
    def largest(self) -> int:
        """Most tokens that can ever be taken at once without the reserve; at least one."""
        return max(1, (self._capacity_micro - self._reserved_micro) // MICRO)

    def try_take(self, cost: int, *, reserved: bool = False) -> bool:
        """Take `cost` tokens if they are there; only `reserved` traffic may go into the reserve."""
        self._refill()
        floor_micro = 0 if reserved else self._reserved_micro
        if self._level_micro - cost * MICRO < floor_micro:
            return False
        self._level_micro -= cost * MICRO
        return True

    def wait_ns(self, cost: int, *, reserved: bool = False) -> int:
        """Nanoseconds until `try_take` would succeed if nobody else took; −1: never."""
        self._refill()
        wanted_micro = cost * MICRO + (0 if reserved else self._reserved_micro)
        if wanted_micro > self._capacity_micro:
            return -1
        missing_micro = wanted_micro - self._level_micro
        if missing_micro <= 0:
            return 0
        # refill_per_s tokens a second = refill_per_s / 1000 micro-tokens a nanosecond.
        return -(-missing_micro * 1_000 // self._refill_per_s)

    def wait_ms(self, cost: int, *, reserved: bool = False) -> int:
        """As `wait_ns`, in whole ms rounded up; 0: there are enough, or there never will be."""
        return max(0, -(-self.wait_ns(cost, reserved=reserved) // 1_000_000))

    def count_on(self, tokens: int, *, since_ns: int | None = None) -> None:
        """Count on no more than so many, as of `since_ns` (now if not told).

        For a process that does not know what an earlier one has spent.
        """
        self._refill()
        if since_ns is not None:
            self._at_ns = since_ns
        self._level_micro = min(self._level_micro, tokens * MICRO)

    def drain(self) -> None:
        """Forget all tokens: the venue has said that its own bucket is empty."""
        self._refill()
        self._level_micro = min(self._level_micro, 0)

    def resize(self, *, capacity: int, refill_per_s: int) -> None:
        """Take over the limits that the venue states; the level is cut to the new capacity."""
        assert capacity > 0
        assert refill_per_s > 0
        self._refill()
        self._capacity_micro = capacity * MICRO
        self._refill_per_s = refill_per_s
        self._reserved_micro = min(self._reserved_micro, self._capacity_micro // 2)
        self._level_micro = min(self._level_micro, self._capacity_micro)

    def _refill(self) -> None:
        now_ns = self._clock.monotonic_ns()
        elapsed_ns = now_ns - self._at_ns
        gained_micro = elapsed_ns * self._refill_per_s // 1_000
        if gained_micro <= 0:
            return
        if self._level_micro + gained_micro >= self._capacity_micro:
            self._level_micro = self._capacity_micro
            self._at_ns = now_ns
            return
        self._level_micro += gained_micro
        # Advance only by the time that these micro-tokens stand for; the rest counts next time.
        self._at_ns -= -gained_micro * 1_000 // self._refill_per_s
        assert self._at_ns <= now_ns
