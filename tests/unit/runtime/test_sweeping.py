"""A sweep reads all that happened since the account was last heard whole, and says when it was."""

import asyncio
from collections.abc import Iterable

import pytest

from tests.support.runtime import WALL_NS, fill_of, spec_of
from tests.unit.runtime.test_tracking import Account
from twoleg.core.market import Venue
from twoleg.errors import VenueUnavailable
from twoleg.runtime.tracker import Tracker
from twoleg.runtime.tracking.sweep import LOOK_BACK_MS_MAX, LOOK_BACK_MS_MIN, OVERLAP_MS
from twoleg.storage.records import AccountHeard, AnyRecord

K, P = Venue.KALSHI, Venue.POLYMARKET
WALL_MS = WALL_NS // 1_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Listening(Account):
    """A desk that keeps what its tracker tells of how far it has heard, and whose clock is set."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[AnyRecord] = []
        self.tracker = Tracker(
            orders=dict(self.venues),
            clock=self.clock,
            record=self._record,
            emit=self._emit,
            hear=self.heard.append,
        )

    def heard_ms(self) -> list[tuple[Venue, int]]:
        assert all(isinstance(record, AccountHeard) for record in self.heard)
        return [(record.venue, record.begun_ms - WALL_MS) for record in self.heard]  # type: ignore[union-attr]

    def look_back(self, ms: int, floor_ms: int | None = None) -> None:
        floor_ms = ms + OVERLAP_MS if floor_ms is None else floor_ms
        self.tracker.look_back(K, WALL_MS - ms, WALL_MS - floor_ms)


@pytest.mark.parametrize(
    ("heard_ms", "asked_ms"),
    [
        (600_000, 600_000 + OVERLAP_MS),
        # A weekend, and longer than an order can be named.
        (3 * DAY_MS, 3 * DAY_MS + OVERLAP_MS),
        (10**12, LOOK_BACK_MS_MAX),
        # Told by a clock that was ahead.
        (-HOUR_MS, LOOK_BACK_MS_MAX),
    ],
)
async def test_first_list_reaches_back_to_where_the_account_was_heard(
    heard_ms: int, asked_ms: int
) -> None:
    desk = Listening()
    desk.look_back(heard_ms)
    await desk.sweep()
    assert desk.at(K).asked_since == [WALL_MS - asked_ms]


async def test_list_reaches_no_further_than_the_account_is_ours() -> None:
    desk = Listening()
    desk.look_back(HOUR_MS, HOUR_MS)
    await desk.sweep()
    assert desk.at(K).asked_since == [WALL_MS - HOUR_MS]


async def test_list_that_began_before_the_look_back_does_not_end_it() -> None:
    desk = Listening()
    venue = desk.at(K)
    venue.shows.clear()
    early = asyncio.create_task(desk.tracker.sweep(K))
    await desk.clock.pass_ms(10)
    desk.look_back(HOUR_MS)
    venue.shows.set()
    await desk.sweep()
    await early
    assert venue.asked_since == [WALL_MS, WALL_MS - HOUR_MS - OVERLAP_MS]
    assert desk.heard_ms() == [(K, 10)]


async def test_call_during_a_sweep_waits_for_one_that_began_after_it() -> None:
    desk = Listening()
    venue = desk.at(K)
    venue.shows.clear()
    sweeps = [asyncio.create_task(desk.tracker.sweep(K))]
    await desk.clock.pass_ms(10)
    sweeps += [asyncio.create_task(desk.tracker.sweep(K)) for _ in range(3)]
    await desk.clock.pass_ms(10)
    assert not any(sweep.done() for sweep in sweeps)
    venue.shows.set()
    await desk.clock.pass_ms(10)
    await asyncio.gather(*sweeps)
    # One more for the three that came while the first one ran.
    assert len(venue.asked_since) == 2


async def test_call_that_waits_reads_by_itself_if_the_sweep_is_given_up() -> None:
    desk = Listening()
    venue = desk.at(K)
    venue.shows.clear()
    first, second = (asyncio.create_task(desk.tracker.sweep(K)) for _ in range(2))
    await desk.clock.pass_ms(10)
    first.cancel()
    venue.shows.set()
    await desk.clock.pass_ms(10)
    await second
    assert len(venue.asked_since) == 2


async def test_account_is_heard_by_lists_that_came_whole_alone() -> None:
    desk = Listening()
    desk.look_back(HOUR_MS)
    desk.at(K).account_errors = [VenueUnavailable("kalshi", "timeout")] * 2
    for _ in range(3):
        await desk.sweep()
    # Each lasts 20 seconds; the account of the other venue was not read.
    assert desk.heard_ms() == [(K, 40_000)]


async def test_it_is_told_at_most_once_a_minute() -> None:
    desk = Listening()
    desk.look_back(HOUR_MS)
    for _ in range(5):
        await desk.sweep()
    assert desk.heard_ms() == [(K, 0), (K, 60_000)]


async def test_nothing_is_told_before_it_is_known_where_earlier_processes_stopped() -> None:
    desk = Listening()
    await desk.sweep()
    assert desk.heard == []


async def test_nothing_is_told_while_a_fill_may_be_of_an_order_of_ours() -> None:
    desk = Listening()
    desk.look_back(HOUR_MS)
    venue = desk.at(K)
    venue.account = (fill_of(spec_of(K), order_key="", venue_order_id="v9"),)
    await desk.sweep()
    assert desk.heard == []
    venue.names = {"v9": "theirs"}
    await desk.sweep()
    assert desk.heard_ms() == [(K, 20_000)]


@pytest.mark.parametrize(
    ("steps_ms", "asked_ms"),
    [
        # Put back: what was read by the wrong clock is asked for by the right one.
        ((HOUR_MS, 0), 20_000 + OVERLAP_MS),
        # The machine slept: the monotonic clock stood still.
        ((0, HOUR_MS), HOUR_MS + 20_000 + OVERLAP_MS),
    ],
)
async def test_wall_clock_that_jumps_hides_no_fills(
    steps_ms: Iterable[int], asked_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Listening()
    desk.look_back(2 * HOUR_MS)
    clock, now_ms = desk.clock, 0
    for step_ms in steps_ms:
        now_ms = WALL_MS + clock.now_ns // 1_000_000 + step_ms
        offset_ns = WALL_NS + step_ms * 1_000_000
        monkeypatch.setattr(clock, "wall_ns", lambda at=offset_ns: at + clock.now_ns)
        await desk.sweep()
    assert now_ms - desk.at(K).asked_since[-1] == asked_ms


async def test_list_that_is_too_long_is_asked_for_less_far_back() -> None:
    desk = Listening()
    desk.look_back(10 * DAY_MS)
    venue = desk.at(K)
    venue.account_errors = [VenueUnavailable("kalshi", "too_many_pages")] * 12
    for _ in range(14):
        await desk.sweep()
    ages_ms = [WALL_MS + 20_000 * turn - asked for turn, asked in enumerate(venue.asked_since)]
    assert ages_ms[:3] == [
        10 * DAY_MS + OVERLAP_MS,
        LOOK_BACK_MS_MAX // 2,
        LOOK_BACK_MS_MAX // 4,
    ]
    assert ages_ms[11:] == [LOOK_BACK_MS_MIN, LOOK_BACK_MS_MIN, 20_000 + OVERLAP_MS]
