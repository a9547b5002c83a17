"""What both feeds share: jittered back-off, the watch over silence, replacing broken sockets."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from twoleg.errors import FeedError, FeedStale, VenueError
from twoleg.seams import Clock, Entropy

_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
DOUBLINGS_MAX: Final = 20
LOGGED_KINDS_MAX: Final = 64
HEAD_BYTES: Final = 200

log = structlog.get_logger(__name__)


class Backoff:
    """Exponential delays, each drawn uniformly from the upper half of its step."""

    def __init__(
        self, *, entropy: Entropy, delay_ms_min: int = 250, delay_ms_max: int = 30_000
    ) -> None:
        assert 0 < delay_ms_min <= delay_ms_max
        self._entropy = entropy
        self._delay_ms_min = delay_ms_min
        self._delay_ms_max = delay_ms_max
        # How many delays were handed out since the last reset.
        self._failures = 0

    @property
    def failures(self) -> int:
        """How many delays were handed out since the last reset."""
        return self._failures

    def next_ms(self) -> int:
        """The next delay in milliseconds."""
        step_ms = min(self._delay_ms_max, self._delay_ms_min << min(self._failures, DOUBLINGS_MAX))
        self._failures += 1
        half_ms = step_ms // 2
        return half_ms + self._entropy.below(step_ms - half_ms + 1)

    def reset(self) -> None:
        """Start again from the shortest delay."""
        self._failures = 0


class FrameCounts:
    """Counts frames that were not understood; logs the first of each sort with its head."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        # By kind: malformed, unknown, oversized, error.
        self.by_kind: Counter[str] = Counter()
        # What was logged; bounded, because a peer could invent sorts without end.
        self._logged: set[str] = set()

    def add(self, kind: str, what: str, raw: bytes) -> None:
        """Count a frame of this kind; `what` tells sorts apart in the log."""
        self.by_kind[kind] += 1
        self.log_once(kind, what, raw)

    def log_once(self, kind: str, what: str, raw: bytes, *, hide: str = "") -> None:
        """Log the first frame of a sort that is counted elsewhere; `hide` is blackened in it."""
        if what in self._logged or len(self._logged) >= LOGGED_KINDS_MAX:
            return
        self._logged.add(what)
        # Hidden before it is cut, so that no half of it is left at the end.
        head = raw[: HEAD_BYTES + len(hide)]
        if hide:
            head = head.replace(hide.encode(), b"...")
        text = head[:HEAD_BYTES].decode("utf-8", "replace")
        log.warning("frame_not_understood", venue=self._venue, kind=kind, what=what, head=text)


async def watch_silence(
    *, venue: str, clock: Clock, last_frame_ns: Callable[[], int], silence_ms_max: int
) -> None:
    """Return never; watch that frames keep coming.

    A task beside the reader rather than a timeout around each read: that would cost a timer per
    frame. The library answers the venue's pings by itself, so only frames are proof of life.

    Raises:
        FeedStale: no frame for `silence_ms_max`.
    """
    silence_ns_max = silence_ms_max * _NS_PER_MS
    while True:
        quiet_ns = clock.monotonic_ns() - last_frame_ns()
        if quiet_ns >= silence_ns_max:
            raise FeedStale(venue, f"no frame for {quiet_ns // _NS_PER_MS} ms")
        await clock.sleep((silence_ns_max - quiet_ns) / _NS_PER_S)


async def run_replacing(
    *,
    venue: str,
    clock: Clock,
    backoff: Backoff,
    run_connection: Callable[[], Coroutine[Any, Any, None]],
    on_lost: Callable[[str], None],
    stable_ms_min: int = 30_000,
) -> None:
    """Run one connection after the other, for ever, until cancelled.

    `run_connection` connects and streams; it ends by a `FeedError` or `VenueError` (alone or in
    a group), or returns when it wants to be replaced. `on_lost` gets the reason each time, before
    the pause. The back-off starts again only after a connection that lasted `stable_ms_min`: one
    that is refused right after each handshake must not be retried at full speed.

    Each connection gets a task of its own: a task group that fails while its task waits at its end
    leaves a count of cancellations behind (before Python 3.13), and with one of those asyncio's
    timeouts of before 3.11.4, Debian 12's among them, cancel their task instead of timing out
    (cpython gh-102780): the next connection that hung would have been the last.
    """
    while True:
        started_ns = clock.monotonic_ns()
        reason = "connection ended"
        try:
            await asyncio.create_task(run_connection())
        except* (FeedError, VenueError) as group:
            reason = str(first_leaf(group))
        lasted_ms = (clock.monotonic_ns() - started_ns) // _NS_PER_MS
        if lasted_ms >= stable_ms_min:
            backoff.reset()
        delay_ms = backoff.next_ms()
        on_lost(reason)
        log.warning("feed_lost", venue=venue, reason=reason, lasted_ms=lasted_ms, delay_ms=delay_ms)
        await clock.sleep(delay_ms / 1_000)


def first_leaf(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first exception in a group of groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
