"""A push makes us look; it is never booked, and never taken for more than a hint."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.runtime import KALSHI, ONE, Desk, answered, ref_of, spec_of
from twoleg.core.events import OrderAnswered
from twoleg.core.market import MarketId, Venue
from twoleg.runtime.ledger import Ledger
from twoleg.runtime.pushes import Pushes
from twoleg.runtime.timers import Timers
from twoleg.storage.records import PositionOpened

K, P = Venue.KALSHI, Venue.POLYMARKET
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS


class Ear:
    """Pushes between the fakes of a desk."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.ledger = Ledger()
        # Markets on which something of ours is open.
        self.busy: set[MarketId] = set()
        self.due: list[str] = []
        # How often the accounts were to be compared.
        self.hurried = 0
        # Built by `listening`.
        self.timers: Timers
        self.pushes: Pushes
        self._group: asyncio.TaskGroup

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Ear"]:
        async with asyncio.TaskGroup() as self._group:
            self.timers = Timers(self.desk.clock, self._group, self.due.append)
            self.pushes = Pushes(
                tracker=self.desk.tracker,
                executor=self.desk.executor,
                ledger=self.ledger,
                timers=self.timers,
                clock=self.desk.clock,
                is_busy=self.busy.__contains__,
                hurry=self._hurry,
                spawn=self._spawn,
            )
            yield self
            self.timers.close()

    def hold(self, yes_e6: int) -> None:
        """What the record says of the Kalshi market."""
        self.ledger.apply(
            PositionOpened(wall_ns=1, venue=K, market_id=KALSHI.id, yes_e6=yes_e6, no_e6=0)
        )

    def _hurry(self) -> None:
        self.hurried += 1

    def _spawn(self, name: str, work: Any) -> None:
        self._group.create_task(work, name=name)


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    async with Ear().listening() as ear:
        yield ear


# -- orders ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", [("key", ""), ("", "v1"), ("other", "v1")])
async def test_unresolved_order_is_looked_up_as_soon_as_it_changes(
    ear: Ear, ids: tuple[str, str]
) -> None:
    ear.desk.tracker.register(ref_of(spec_of(K), "key", "v1"))
    ear.timers.set("lookup:1/0", MINUTE_NS)
    ear.pushes.on_order(K, *ids)
    assert ear.due == ["lookup:1/0"]


async def test_order_that_nobody_waits_for_is_left_alone(ear: Ear) -> None:
    ear.desk.tracker.register(ref_of(spec_of(K), "key"))
    ear.pushes.on_order(K, "key", "")
    ear.timers.set("lookup:1/0", MINUTE_NS)
    ear.pushes.on_order(K, "", "")
    ear.pushes.on_order(K, "of somebody else", "")
    ear.pushes.on_order(P, "key", "")
    assert ear.due == []


async def test_pushes_that_a_look_up_causes_bring_no_flood(ear: Ear) -> None:
    ear.desk.tracker.register(ref_of(spec_of(K), "key"))
    for _ in range(20):
        ear.timers.set("lookup:1/0", ear.desk.clock.now_ns + MINUTE_NS)
        ear.pushes.on_order(K, "key", "")
        await ear.desk.clock.pass_ms(100)
    assert len(ear.due) == 2


async def test_private_stream_is_back_all_that_is_unresolved_is_looked_up(ear: Ear) -> None:
    for number in (1, 3):
        ear.desk.tracker.register(ref_of(spec_of(K, execution_no=number), f"key-{number}"))
    ear.desk.tracker.register(ref_of(spec_of(P), "0xkey"))
    for key in ("lookup:1/0", "retry:2", "lookup:3/0", "lookup:1/1"):
        ear.timers.set(key, MINUTE_NS)
    ear.pushes.on_up(K)
    assert ear.due == ["lookup:1/0", "lookup:3/0"]
    await ear.desk.clock.pass_ms(1_000)
    assert (ear.desk.venues[K].reads, ear.desk.venues[P].reads) == (2, 0)


async def test_silence_of_ours_every_order_in_doubt_is_looked_up_and_reported(ear: Ear) -> None:
    known, unknown = ref_of(spec_of(P), "0xkey"), ref_of(spec_of(P), "0xother")
    ear.desk.tracker.register(known)
    ear.desk.venues[P].look_ups.append(answered(filled_e6=ONE))
    with capture_logs() as lines:
        await ear.pushes.on_gap((known, unknown))
    await ear.desk.tasks["look-up-1-1"]
    assert [line["order_key"] for line in lines] == ["0xkey", "0xother"]
    assert ear.desk.venues[P].asked == [known]
    assert len(ear.desk.told(OrderAnswered)) == 1


# -- holdings ----------------------------------------------------------------------------------


async def test_holding_that_contradicts_the_record_lets_the_accounts_be_compared(ear: Ear) -> None:
    ear.hold(10 * ONE)
    for position_e6 in (3 * ONE, 4 * ONE):
        ear.pushes.on_position(KALSHI.id, position_e6)
    assert ear.hurried == 2


async def test_holding_while_something_is_open_on_its_market_means_nothing(ear: Ear) -> None:
    ear.hold(10 * ONE)
    ear.busy.add(KALSHI.id)
    ear.pushes.on_position(KALSHI.id, 3 * ONE)
    assert ear.hurried == 0


async def test_holding_as_on_record_or_elsewhere_is_not_compared(ear: Ear) -> None:
    ear.hold(10 * ONE)
    ear.pushes.on_position(KALSHI.id, 10 * ONE)
    ear.pushes.on_position(MarketId("kalshi:KXOTHER"), 3 * ONE)
    assert ear.hurried == 0
