"""Whatever is told of a fill, in whatever order and by whom: it is booked once, or never was."""

import asyncio
from collections.abc import Mapping
from itertools import permutations, product
from typing import Any

import msgspec
import pytest

from tests.support.runtime import (
    KALSHI,
    ONE,
    WALL_NS,
    Desk,
    FakeVenue,
    fill_of,
    ref_of,
    settle_down,
    spec_of,
)
from twoleg.core.events import Fill, FillBooked, FillConfirmed, FillStatus, FillVoided, MoneySettled
from twoleg.core.market import Market, MarketId, Venue
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.runtime.tracker import TELL_S, TELLS_PER_SWEEP
from twoleg.runtime.tracking.money import SLOW_READ_MS
from twoleg.runtime.tracking.sweep import OPEN_MAX, OVERLAP_MS, RECENT_MAX
from twoleg.runtime.tracking.unclaimed import KEPT_MAX
from twoleg.storage.records import FillFinalRecorded, FillRecorded, FillVoidRecorded

K, P = Venue.KALSHI, Venue.POLYMARKET
PROVISIONAL, FINAL, VOID = FillStatus.PROVISIONAL, FillStatus.FINAL, FillStatus.VOID
WALL_MS = WALL_NS // 1_000_000
SWEEP_MS = round(TELL_S * TELLS_PER_SWEEP * 1_000)
POLL_MS = 30_000


class AccountVenue(FakeVenue):
    """A venue that shows all fills of its account, and who sent an order."""

    def __init__(self, venue: Venue, story: list[str]) -> None:
        super().__init__(venue, story)
        self.account: tuple[Fill, ...] = ()
        self.asked_since: list[int] = []
        self.asked_markets: list[set[MarketId]] = []
        self.account_errors: list[Exception] = []
        self.names: dict[str, str | Exception] = {}
        # While it is not set, the list is kept back.
        self.shows = asyncio.Event()
        self.shows.set()

    async def read_fills_since(
        self, since_ms: int, markets: Mapping[MarketId, Market]
    ) -> tuple[Fill, ...]:
        self.asked_since.append(since_ms)
        self.asked_markets.append(set(markets))
        await self.shows.wait()
        if self.account_errors:
            raise self.account_errors.pop(0)
        return self.account

    async def name_order(self, venue_order_id: str) -> str:
        self.story.append(f"name {venue_order_id}")
        found = self.names.get(venue_order_id, "")
        if isinstance(found, Exception):
            raise found
        return found


class Account(Desk):
    """A desk whose venues show their accounts."""

    def __init__(self) -> None:
        super().__init__(AccountVenue)

    def at(self, venue: Venue) -> AccountVenue:
        found = self.venues[venue]
        assert isinstance(found, AccountVenue)
        return found

    async def sweep(self, venue: Venue = K) -> None:
        sweeping = asyncio.create_task(self.tracker.sweep(venue))
        await self.clock.pass_ms(20_000)
        await sweeping

    async def track(self, ms: int) -> None:
        """Let the side work run for a while."""

        async def run(_name: str, work: Any) -> None:
            await work

        works = self.tracker.make_side_work(run)
        tasks = [asyncio.create_task(make()) for make in works.values()]
        await self.clock.pass_ms(ms)
        for task in tasks:
            task.cancel()
        await settle_down()


# -- every order of news -----------------------------------------------------------------------


@pytest.mark.parametrize("statuses", list(product(FillStatus, repeat=3)))
def test_news_of_a_fill_in_any_order_books_it_at_most_once(
    statuses: tuple[FillStatus, ...],
) -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    for status in statuses:
        desk.tracker.on_fill(fill_of(spec, status=status))
    was_void = VOID in statuses
    assert desk.tracker.size_e6(1, 1) == (0 if was_void else 10 * ONE)
    booked = len(desk.told(FillBooked))
    assert booked == len(desk.recorded(FillRecorded)) == (statuses[0] is not VOID)
    voided = booked if was_void else 0
    assert len(desk.told(FillVoided)) == len(desk.recorded(FillVoidRecorded)) == voided
    is_confirmed = statuses[0] is PROVISIONAL and FINAL in statuses
    is_final_first = not was_void or (FINAL in statuses[: statuses.index(VOID)])
    finals = int(is_confirmed and is_final_first)
    assert len(desk.recorded(FillFinalRecorded)) == len(desk.told(FillConfirmed)) == finals


def test_fill_that_failed_after_it_was_confirmed_is_taken_back_and_alarmed_once() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    for status in (FINAL, VOID, VOID):
        desk.tracker.on_fill(fill_of(spec, status=status))
    assert desk.alarms() == ["fill_failed_after_it_was_confirmed"]
    assert len(desk.told(FillVoided)) == 1


def test_fill_confirmed_after_it_failed_stays_void_and_is_alarmed_once() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    for status in (PROVISIONAL, VOID, FINAL, FINAL):
        desk.tracker.on_fill(fill_of(spec, status=status))
    assert desk.alarms() == ["fill_confirmed_after_it_failed"]
    assert desk.tracker.size_e6(1, 1) == 0


@pytest.mark.parametrize("order", list(permutations(("stream", "order read", "account", "answer"))))
async def test_fill_from_all_sources_in_any_order_is_booked_once(order: tuple[str, ...]) -> None:
    desk, spec = Account(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    nameless = fill_of(spec, order_key="", venue_order_id="v1")
    for source in order:
        if source == "stream":
            desk.tracker.on_fill(fill_of(spec, venue_order_id="v1"))
        elif source == "answer":
            desk.tracker.learn_order_id(1, 0, "v1")
        elif source == "order read":
            desk.venues[K].fills = (nameless,)
            await desk.tracker.refresh(1, 0)
        else:
            desk.at(K).account = (nameless,)
            desk.venues[K].fills = ()
            await desk.sweep()
    assert len(desk.recorded(FillRecorded)) == len(desk.told(FillBooked)) == 1
    assert desk.tracker.unclaimed == 0
    await desk.track(2 * POLL_MS)
    assert desk.alarms() == []


def test_fill_told_for_two_orders_counts_for_the_first_and_is_alarmed() -> None:
    desk = Desk()
    for number, key in ((0, "one"), (2, "two")):
        desk.tracker.register(ref_of(spec_of(K, order_no=number), key))
    for key in ("one", "two", "two"):
        desk.tracker.on_fill(fill_of(spec_of(K), order_key=key))
    assert (desk.tracker.size_e6(1, 0), desk.tracker.size_e6(1, 2)) == (10 * ONE, 0)
    assert desk.alarms() == ["fill_claimed_twice"]


def test_fill_that_changes_its_size_counts_as_first_told_and_is_alarmed() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec))
    desk.tracker.on_fill(fill_of(spec, status=PROVISIONAL))
    desk.tracker.on_fill(fill_of(spec, size_e6=9 * ONE))
    assert desk.tracker.size_e6(1, 1) == 10 * ONE
    assert desk.tracker.provisional() == []
    assert desk.alarms() == ["fill_changed_size"]


def test_order_that_goes_out_again_under_another_key_keeps_its_fills() -> None:
    desk, spec = Desk(), spec_of(P)
    desk.tracker.register(ref_of(spec, "first"))
    desk.tracker.on_fill(fill_of(spec, order_key="first", size_e6=ONE))
    desk.tracker.register(ref_of(spec, "second"))
    desk.tracker.on_fill(fill_of(spec, "f2", order_key="second", size_e6=2 * ONE))
    assert desk.tracker.size_e6(1, 1) == 3 * ONE


# -- polling -----------------------------------------------------------------------------------


async def test_fills_that_do_not_show_are_polled_for_alarmed_once_and_never_given_up() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    settling = asyncio.create_task(desk.tracker.settle(1, 0, 10 * ONE, -1))
    await desk.clock.pass_ms(POLL_MS - 1_000)
    assert desk.alarms() == []
    await desk.clock.pass_ms(6_000)
    assert desk.alarms() == ["fills_not_found"]
    reads = desk.venues[K].reads
    await desk.clock.pass_ms(10 * SLOW_READ_MS)
    assert desk.alarms() == ["fills_not_found"]
    assert desk.venues[K].reads == reads + 10
    assert desk.told(MoneySettled) == []
    desk.venues[K].fills = (fill_of(spec),)
    await desk.clock.pass_ms(SLOW_READ_MS)
    await settling
    assert desk.told(MoneySettled)[0].filled_e6 == 10 * ONE


async def test_polling_backs_off() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    settling = asyncio.create_task(desk.tracker.settle(1, 0, 10 * ONE, -1))
    reads: list[int] = []
    for _ in range(4):
        await desk.clock.pass_ms(2_000)
        reads.append(desk.venues[K].reads)
    settling.cancel()
    assert reads == [4, 5, 5, 6]


async def test_port_that_raises_while_fills_are_awaited_is_asked_again() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    desk.venues[K].read_errors = [RuntimeError("a bug")]
    desk.venues[K].fills = (fill_of(spec),)
    settling = asyncio.create_task(desk.tracker.settle(1, 0, 10 * ONE, -1))
    await desk.clock.pass_ms(2_000)
    await settling
    assert len(desk.told(MoneySettled)) == 1


async def test_later_asking_for_the_money_takes_the_place_of_the_earlier() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    first = asyncio.create_task(desk.tracker.settle(1, 0, 4 * ONE, -1))
    await desk.clock.pass_ms(1_000)
    second = asyncio.create_task(desk.tracker.settle(1, 0, 10 * ONE, -1))
    await desk.clock.pass_ms(POLL_MS)
    desk.venues[K].fills = (fill_of(spec),)
    await desk.clock.pass_ms(POLL_MS)
    await asyncio.gather(first, second)
    assert [event.filled_e6 for event in desk.told(MoneySettled)] == [10 * ONE]


# -- fills of nobody's orders ------------------------------------------------------------------


async def test_fill_of_no_order_is_alarmed_and_handed_over_once_after_its_grace() -> None:
    desk = Account()
    fill = fill_of(spec_of(K), order_key="", venue_order_id="v9")
    desk.at(K).account = (fill,)
    await desk.sweep()
    await desk.track(5_000)
    assert (desk.alarms(), desk.handed_over) == ([], [])
    await desk.track(3 * POLL_MS)
    assert (desk.alarms(), desk.handed_over) == (["fill_of_no_order"], [fill])
    assert desk.events == []


@pytest.mark.parametrize("is_told", [False, True])
async def test_unclaimed_fill_is_booked_when_its_order_becomes_known(is_told: bool) -> None:  # noqa: FBT001 - a parameter
    desk, spec = Account(), spec_of(K)
    desk.tracker.on_fill(fill_of(spec, order_key="", venue_order_id="v1"))
    if is_told:
        await desk.track(3 * POLL_MS)
    desk.tracker.register(ref_of(spec, venue_order_id="v1"))
    assert len(desk.told(FillBooked)) == 1
    assert desk.tracker.unclaimed == 0


def test_unclaimed_fill_is_kept_in_its_latest_state() -> None:
    desk, spec = Desk(), spec_of(P)
    for status in (PROVISIONAL, VOID, FINAL):
        desk.tracker.on_fill(fill_of(spec, status=status))
    desk.tracker.register(ref_of(spec))
    assert (desk.events, desk.tracker.unclaimed) == ([], 0)


async def test_order_of_an_unclaimed_fill_is_asked_for_its_own_id_until_it_is_told() -> None:
    desk, spec = Account(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    venue = desk.at(K)
    venue.account = (fill_of(spec, order_key="", venue_order_id="v1"),)
    venue.names = {"v1": VenueRejected("kalshi", "forbidden")}
    await desk.sweep()
    venue.names = {}
    await desk.sweep()
    assert desk.events == []
    venue.names = {"v1": "key"}
    await desk.sweep()
    assert len(desk.told(FillBooked)) == 1
    assert desk.tracker.ref(1, 0).venue_order_id == "v1"


async def test_order_of_somebody_else_is_asked_for_once() -> None:
    desk = Account()
    desk.at(K).account = (fill_of(spec_of(K), order_key="", venue_order_id="v9"),)
    desk.at(K).names = {"v9": "theirs"}
    for _ in range(3):
        await desk.sweep()
    assert desk.story == ["name v9"]


def test_unclaimed_fills_of_one_venue_leave_room_for_the_other() -> None:
    desk = Desk()
    for number in range(KEPT_MAX + 1):
        desk.tracker.on_fill(fill_of(spec_of(K), f"f{number}", order_key="", venue_order_id="v"))
    desk.tracker.on_fill(fill_of(spec_of(P), order_key="", venue_order_id="v"))
    assert desk.tracker.unclaimed == KEPT_MAX + 1


@pytest.mark.parametrize(
    ("status", "is_news"), [(FINAL, False), (PROVISIONAL, False), (VOID, True)]
)
async def test_fill_on_record_is_no_news_unless_it_failed(
    status: FillStatus,
    is_news: bool,  # noqa: FBT001 - a parameter
) -> None:
    desk = Account()
    fill = fill_of(spec_of(P))
    desk.tracker.recall((fill,))
    told = msgspec.structs.replace(fill, status=status)
    desk.at(P).account = (told,)
    await desk.track(4 * POLL_MS)
    assert desk.handed_over == ([told] if is_news else [])


# -- sweeps ------------------------------------------------------------------------------------


async def test_account_is_read_from_shortly_before_the_last_list_that_came() -> None:
    desk = Account()
    venue = desk.at(K)
    venue.account_errors = [VenueUnavailable("kalshi", "timeout")]
    began_ms = [WALL_MS]
    for _ in range(3):
        await desk.clock.pass_ms(10 * OVERLAP_MS)
        began_ms.append(WALL_MS + desk.clock.now_ns // 1_000_000)
        await desk.sweep()
    # The first list failed; before the start nothing is ours.
    assert venue.asked_since == [began_ms[0], began_ms[0], began_ms[2] - OVERLAP_MS]


async def test_list_is_asked_for_with_the_markets_of_our_orders_there() -> None:
    desk = Account()
    for venue in Venue:
        desk.tracker.register(ref_of(spec_of(venue)))
    await desk.sweep()
    assert desk.at(K).asked_markets == [{KALSHI.id}]


async def test_sweep_reads_orders_that_may_change_and_some_that_lately_could() -> None:
    desk = Account()
    for number in range(1, OPEN_MAX + 5):
        desk.tracker.register(ref_of(spec_of(K, execution_no=number), f"open-{number}"))
    for number in range(100, 100 + RECENT_MAX + 5):
        desk.tracker.register(ref_of(spec_of(K, execution_no=number), f"ended-{number}"))
        desk.tracker.closed(number)
    # Those that ended are in the list of the account, unless that did not come.
    await desk.sweep()
    assert desk.venues[K].reads == OPEN_MAX
    desk.at(K).account_errors = [VenueUnavailable("kalshi", "timeout")]
    await desk.sweep()
    assert desk.venues[K].reads == 2 * OPEN_MAX + RECENT_MAX
    desk.venues[K].fills = (fill_of(spec_of(K), order_key="open-36"),)
    await desk.sweep()
    assert len(desk.told(FillBooked)) == 1


async def test_orders_that_ended_long_ago_are_not_read_but_provisional_ones_are() -> None:
    desk = Account()
    for number, key in ((1, "one"), (2, "two")):
        desk.tracker.register(ref_of(spec_of(P, execution_no=number), key))
    desk.tracker.on_fill(fill_of(spec_of(P), order_key="two", status=PROVISIONAL))
    for number in (1, 2):
        desk.tracker.closed(number)
    await desk.clock.pass_ms(700_000)
    await desk.sweep(P)
    assert desk.venues[P].reads == 1


async def test_sweep_of_a_venue_that_cannot_be_asked_ends_and_begins_behind_it() -> None:
    desk = Account()
    for number in (1, 2):
        desk.tracker.register(ref_of(spec_of(K, execution_no=number), f"key-{number}"))
    desk.venues[K].read_errors = [VenueUnavailable("kalshi", "timeout")]
    await desk.sweep()
    assert desk.venues[K].reads == 1
    await desk.sweep()
    assert desk.venues[K].reads == 3


async def test_sweeps_that_are_asked_for_while_one_runs_become_one_more() -> None:
    desk = Account()
    desk.at(K).shows.clear()
    sweeps = [asyncio.create_task(desk.tracker.sweep(K)) for _ in range(4)]
    await settle_down()
    assert len(desk.at(K).asked_since) == 1
    desk.at(K).shows.set()
    await desk.clock.pass_ms(100)
    await asyncio.gather(*sweeps)
    assert len(desk.at(K).asked_since) == 2


async def test_sweeps_come_on_a_timer_and_find_what_the_stream_lost() -> None:
    desk, spec = Account(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    desk.tracker.closed(1)
    desk.at(K).account = (fill_of(spec),)
    await desk.track(SWEEP_MS - 1)
    assert desk.at(K).asked_since == []
    await desk.track(SWEEP_MS)
    assert len(desk.told(FillBooked)) == 1
    assert len(desk.at(P).asked_since) == 1


async def test_venue_without_an_account_of_its_own_is_swept_by_its_orders_alone() -> None:
    desk, spec = Desk(), spec_of(K)
    desk.tracker.register(ref_of(spec))
    desk.venues[K].fills = (fill_of(spec),)
    sweeping = asyncio.create_task(desk.tracker.sweep(K))
    await desk.clock.pass_ms(1_000)
    await sweeping
    assert len(desk.told(FillBooked)) == 1
