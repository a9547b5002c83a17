import asyncio

import pytest
from structlog.testing import capture_logs

from tests.unit.venues.kalshi.support import FakeClock, FakeEntropy
from twoleg.errors import FeedError, FeedStale, VenueUnavailable
from twoleg.venues.backoff import Backoff, FrameCounts, run_replacing, watch_silence


class Edge(FakeEntropy):
    def __init__(self, *, top: bool) -> None:
        super().__init__()
        self.top = top

    def below(self, bound: int) -> int:
        return bound - 1 if self.top else 0


def test_delays_double_within_their_upper_half_up_to_the_cap() -> None:
    low = Backoff(entropy=Edge(top=False), delay_ms_min=100, delay_ms_max=1_000)
    high = Backoff(entropy=Edge(top=True), delay_ms_min=100, delay_ms_max=1_000)
    assert [low.next_ms() for _ in range(6)] == [50, 100, 200, 400, 500, 500]
    assert [high.next_ms() for _ in range(6)] == [100, 200, 400, 800, 1_000, 1_000]
    high.reset()
    assert (high.failures, high.next_ms()) == (0, 100)


def test_delay_after_very_many_failures_is_still_the_cap() -> None:
    backoff = Backoff(entropy=Edge(top=True), delay_ms_min=1, delay_ms_max=1_000)
    assert [backoff.next_ms() for _ in range(10_000)][-1] == 1_000


async def test_silence_raises_only_after_the_limit_since_the_last_frame() -> None:
    clock = FakeClock()
    frames = iter([clock.now_ns, clock.now_ns + 600_000_000])
    last = clock.now_ns

    def last_frame_ns() -> int:
        nonlocal last
        last = next(frames, last)
        return last

    started_ns = clock.now_ns
    with pytest.raises(FeedStale):
        await watch_silence(
            venue="kalshi", clock=clock, last_frame_ns=last_frame_ns, silence_ms_max=1_000
        )
    assert clock.now_ns - started_ns == 1_600_000_000


async def test_broken_connections_are_replaced_and_a_stable_one_resets_the_delay() -> None:
    clock = FakeClock()
    ends: list[str] = []
    lasting_s = iter([0, 0, 60, 0])

    async def run_connection() -> None:
        seconds = next(lasting_s, None)
        if seconds is None:
            raise asyncio.CancelledError
        clock.now_ns += seconds * 1_000_000_000
        if seconds:
            raise ExceptionGroup("tasks", [FeedError("kalshi", "closed")])
        raise VenueUnavailable("kalshi", "not_connected")

    backoff = Backoff(entropy=Edge(top=True), delay_ms_min=100, delay_ms_max=10_000)
    with pytest.raises((asyncio.CancelledError, BaseExceptionGroup)):
        await run_replacing(
            venue="kalshi",
            clock=clock,
            backoff=backoff,
            run_connection=run_connection,
            on_lost=ends.append,
        )
    assert ends == ["kalshi: not_connected"] * 2 + ["kalshi feed: closed", "kalshi: not_connected"]
    assert clock.slept_s == [0.1, 0.2, 0.1, 0.2]


async def test_a_bug_is_not_swallowed() -> None:
    async def run_connection() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        await run_replacing(
            venue="kalshi",
            clock=FakeClock(),
            backoff=Backoff(entropy=FakeEntropy()),
            run_connection=run_connection,
            on_lost=lambda _reason: None,
        )


async def test_a_connection_that_hangs_after_one_that_went_stale_times_out_and_is_replaced() -> (
    None
):
    """A count of cancellations that the first left behind would make 3.11.2 cancel the second."""
    ends: list[str] = []
    counts: list[int] = []

    async def go_stale() -> None:
        raise FeedStale("kalshi", "no frame")

    async def run_connection() -> None:
        task = asyncio.current_task()
        assert task is not None
        counts.append(task.cancelling())
        if not ends:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(go_stale())
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError as error:
            raise VenueUnavailable("kalshi", "not_connected") from error

    def take(reason: str) -> None:
        ends.append(reason)
        if len(ends) == 3:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        await run_replacing(
            venue="kalshi",
            clock=FakeClock(),
            backoff=Backoff(entropy=FakeEntropy()),
            run_connection=run_connection,
            on_lost=take,
        )
    assert ends == ["kalshi feed: no frame"] + ["kalshi: not_connected"] * 2
    assert counts == [0, 0, 0]


async def test_whoever_stops_the_replacing_stops_the_connection() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def run_connection() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    running = asyncio.create_task(
        run_replacing(
            venue="kalshi",
            clock=FakeClock(),
            backoff=Backoff(entropy=FakeEntropy()),
            run_connection=run_connection,
            on_lost=lambda _reason: None,
        )
    )
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()


def test_strange_frame_is_logged_once_per_sort_with_its_first_bytes_and_no_key() -> None:
    counts = FrameCounts("polymarket")
    with capture_logs() as lines:
        for raw in (b"a" * 195 + b"the-key" + b"b" * 300, b"another"):
            counts.log_once("malformed", "cannot be read", raw, hide="the-key")
    (line,) = lines
    assert (line["event"], line["kind"]) == ("frame_not_understood", "malformed")
    assert line["head"] == "a" * 195 + "...bb"
    assert counts.by_kind == {}


def test_counts_go_on_when_the_log_is_full() -> None:
    counts = FrameCounts("kalshi")
    for number in range(200):
        counts.add("unknown", f"type {number}", b"{}")
    assert counts.by_kind["unknown"] == 200
