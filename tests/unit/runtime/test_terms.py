"""Terms are read again when a venue says so, within bounds, and nothing starts meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, cast

import pytest
from msgspec import structs

from tests.support.core import CENT, kalshi_market, make_pair, polymarket_market
from tests.support.runtime import HeldClock
from twoleg.core.actions import Note
from twoleg.core.breaker import BreakerState
from twoleg.core.engine import Engine
from twoleg.core.events import Event, GridChanged, MarketChanged, PairsLeft
from twoleg.core.limits import Limits
from twoleg.core.market import FeeSchedule, Market, MarketId, Pair, Polarity, PriceGrid, Venue
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.runtime.kit import Kit
from twoleg.runtime.terms import AGAIN_MS, GAP_MS, ROUND_MS, Terms

PAIR = make_pair()
K, P = PAIR.kalshi, PAIR.polymarket
DEAR = FeeSchedule(rate_e6=140_000)
AWAY = VenueUnavailable("kalshi", "no_answer")
GONE = VenueRejected("kalshi", "not_found", http_status=404)


class Shelf:
    """Both venues' terms as the test has them, and what the daemon made of them."""

    def __init__(self) -> None:
        self.clock = HeldClock()
        self.told: dict[MarketId, Market | Exception] = {K: kalshi_market(), P: polymarket_market()}
        self.ends: dict[MarketId, str | Exception] = {}
        self.markets: dict[MarketId, Market] = {K: kalshi_market(), P: polymarket_market()}
        self.reads: list[tuple[MarketId, int]] = []
        self.forgotten: list[Venue] = []
        self.followed: list[Market] = []
        self.seen: list[Market] = []
        self.notes: list[Note] = []
        # Called in the middle of a reading.
        self.on_read: Callable[[], None] = lambda: None
        self.pairs = (PAIR,)
        # Ends that earlier processes put on record.
        self.recorded: dict[MarketId, str] = {}
        self.engine = Engine(Limits())
        for market in self.markets.values():
            self.emit(MarketChanged(market))
        self.terms = Terms(
            kits={venue: self._kit(venue) for venue in Venue},
            on=lambda market_id: [p for p in self.pairs if market_id in (p.kalshi, p.polymarket)],
            ends=lambda: self.recorded,
            markets=self.markets,
            known=self.engine.books().markets.get,
            clock=self.clock,
            see=lambda _before, now: self.seen.append(now),
            emit=self.emit,
            note=self.notes.append,
        )

    def emit(self, event: Event) -> None:
        self.engine.on_event(event, self.clock.monotonic_ns())

    def decides(self, market_id: MarketId) -> Market:
        """What the engine decides with."""
        return self.engine.books().markets[market_id]

    def reads_of(self, market_id: MarketId) -> list[int]:
        """When a market was read, in ms."""
        return [at_ns // 1_000_000 for read, at_ns in self.reads if read == market_id]

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(self.terms.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _kit(self, venue: Venue) -> Kit:
        async def read_market(pair: Pair) -> Market:
            market_id = pair.market_on(venue)
            self.reads.append((market_id, self.clock.now_ns))
            told = self.told[market_id]
            self.on_read()
            if isinstance(told, Exception):
                raise told
            return told

        async def read_end(market_id: MarketId) -> str:
            end = self.ends.get(market_id, "")
            if isinstance(end, Exception):
                raise end
            return end

        unused = cast("Any", None)
        return Kit(
            venue,
            unused,
            read_market,
            None,
            None,
            unused,
            unused,
            follow=self.followed.append,
            forget_terms=lambda: self.forgotten.append(venue),
            read_end=read_end,
        )


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def test_changed_fee_is_decided_with_and_nothing_starts_before(shelf: Shelf) -> None:
    async with shelf.running():
        dear = shelf.told[K] = kalshi_market(fees=DEAR)
        shelf.terms.ask(K, "event_fee_update")
        assert not shelf.decides(K).is_tradable
        await shelf.clock.pass_ms(300)
        assert shelf.decides(K) == shelf.markets[K] == dear
        assert shelf.forgotten == [Venue.KALSHI]
        assert shelf.followed == [dear]
        assert shelf.seen == [dear]


async def test_mere_doubt_lets_the_market_trade_on(shelf: Shelf) -> None:
    async with shelf.running():
        shelf.terms.ask(K, "lifecycle_gap")
        assert shelf.decides(K).is_tradable
        await shelf.clock.pass_ms(300)
        assert len(shelf.reads_of(K)) == 1
        assert shelf.seen == []


async def test_pushed_market_is_read_once_more_as_reads_lag(shelf: Shelf) -> None:
    async with shelf.running():
        shelf.terms.ask(K, "event_fee_update")
        await shelf.clock.pass_ms(300)
        shelf.told[K] = kalshi_market(fees=DEAR)
        await shelf.clock.pass_ms(AGAIN_MS + 500)
        assert shelf.decides(K).fees == DEAR
        assert len(shelf.reads_of(K)) == 2
        assert shelf.forgotten == [Venue.KALSHI] * 2
        await shelf.clock.pass_ms(10 * AGAIN_MS)
        assert len(shelf.reads_of(K)) == 2


async def test_flood_of_pushes_is_read_once_a_gap(shelf: Shelf) -> None:
    async with shelf.running():
        for _ in range(50):
            shelf.terms.ask(K, "event_fee_update")
            await shelf.clock.pass_ms(100)
        times_ms = shelf.reads_of(K)
        assert 3 <= len(times_ms) <= 6
        assert all(later - earlier >= GAP_MS for earlier, later in pairwise(times_ms))


async def test_venue_that_cannot_be_asked_is_asked_again_and_holds_up_no_other(
    shelf: Shelf,
) -> None:
    async with shelf.running():
        shelf.told[K] = AWAY
        shelf.terms.ask(K, "activated")
        shelf.terms.ask(P, "bookless")
        await shelf.clock.pass_ms(20_000)
        assert not shelf.decides(K).is_tradable
        assert len(shelf.reads_of(P)) == 2
        # After 1, 2, 4, 8 s and so on.
        assert 4 <= len(shelf.reads_of(K)) <= 6
        shelf.told[K] = kalshi_market(fees=DEAR)
        await shelf.clock.pass_ms(60_000)
        assert shelf.decides(K).fees == DEAR


async def test_terms_that_are_refused_stop_the_market_until_they_are_not(shelf: Shelf) -> None:
    async with shelf.running():
        shelf.told[K] = GONE
        shelf.terms.ask(K, "lifecycle_gap")
        await shelf.clock.pass_ms(300)
        assert not shelf.decides(K).is_tradable
        shelf.told[K] = kalshi_market()
        await shelf.clock.pass_ms(ROUND_MS)
        assert shelf.decides(K).is_tradable


async def test_change_in_the_middle_of_a_reading_is_read_anew(shelf: Shelf) -> None:
    async with shelf.running():

        def change() -> None:
            shelf.on_read = lambda: None
            shelf.told[K] = kalshi_market(fees=DEAR)
            shelf.terms.ask(K, "event_fee_update")

        shelf.on_read = change
        shelf.terms.ask(K, "activated")
        await shelf.clock.pass_ms(300)
        # What was read is older than the second push.
        assert not shelf.decides(K).is_tradable
        await shelf.clock.pass_ms(GAP_MS + 300)
        assert shelf.decides(K).fees == DEAR


async def test_suspension_keeps_the_grid_that_only_the_engine_knows(shelf: Shelf) -> None:
    fine = PriceGrid.uniform(10)
    shelf.emit(GridChanged(K, fine))
    shelf.terms.ask(K, "event_fee_update")
    assert (shelf.decides(K).grid, shelf.markets[K].grid) == (fine, CENT)


async def test_every_market_is_read_once_a_round(shelf: Shelf) -> None:
    async with shelf.running():
        shelf.told[K] = kalshi_market(fees=DEAR)
        await shelf.clock.pass_ms(ROUND_MS - 1_000)
        assert shelf.reads == []
        await shelf.clock.pass_ms(2_000)
        assert shelf.decides(K).fees == DEAR
        assert (len(shelf.reads_of(K)), len(shelf.reads_of(P))) == (1, 1)


async def test_market_nobody_follows_is_not_read(shelf: Shelf) -> None:
    async with shelf.running():
        shelf.terms.ask(MarketId("kalshi:KXOTHER"), "created")
        await shelf.clock.pass_ms(2_000)
        assert shelf.reads == []


@pytest.mark.parametrize("told", [kalshi_market(), AWAY, GONE])
async def test_market_that_left_while_it_was_read_is_read_no_more(
    shelf: Shelf, told: Market | Exception
) -> None:
    def leave() -> None:
        del shelf.markets[K]
        shelf.emit(PairsLeft((), (K,)))
        shelf.terms.leave(PairsLeft((), (K,)))

    shelf.told[K] = told
    async with shelf.running():
        shelf.terms.ask(K, "event_fee_update")
        shelf.on_read = leave
        await shelf.clock.pass_ms(ROUND_MS // 2)
    assert len(shelf.reads_of(K)) == 1
    assert K not in shelf.engine.books().markets


async def test_end_of_a_market_that_left_is_told_again_if_it_is_followed_again(
    shelf: Shelf,
) -> None:
    for _ in range(2):
        shelf.terms.end(K, "yes=10000,no=0")
        assert shelf.terms.has_ended(K)
        shelf.terms.leave(PairsLeft((), (K,)))
        assert not shelf.terms.has_ended(K)
    assert len(shelf.notes) == 2


async def test_market_that_was_closed_when_it_was_taken_up_is_read_and_its_end_polled_at_once(
    shelf: Shelf,
) -> None:
    shelf.told[K] = shelf.markets[K] = structs.replace(kalshi_market(), is_tradable=False)
    shelf.ends[K] = "yes=10000,no=0"
    async with shelf.running():
        await shelf.clock.pass_ms(ROUND_MS // 2)
    assert len(shelf.reads_of(K)) == 1
    assert (shelf.reads_of(P), len(shelf.notes)) == ([], 1)


async def test_end_that_an_earlier_process_put_on_record_reaches_the_engine_and_is_not_told_again(
    shelf: Shelf,
) -> None:
    shelf.recorded[K] = "yes=10000,no=0"
    assert shelf.terms.has_ended(K)
    for _ in range(2):
        shelf.terms.end(K, "yes=10000,no=0")
    assert shelf.engine._executions._resolved == {K}
    assert (shelf.notes, shelf.decides(K).is_tradable) == ([], False)
    # Against it the other one is held.
    shelf.terms.end(P, f"{polymarket_market().yes_token}=0,{polymarket_market().no_token}=10000")
    assert [dict(note.fields)["event"] for note in shelf.notes] == [
        "market_resolved",
        "results_differ",
    ]


async def test_resolved_market_is_noted_once_and_a_late_answer_does_not_revive_it(
    shelf: Shelf,
) -> None:
    async with shelf.running():
        for _ in range(2):
            shelf.terms.end(P, "1=10000,2=0")
        (note,) = shelf.notes
        assert dict(note.fields) == {
            "event": "market_resolved",
            "market_id": P,
            "payouts": "1=10000,2=0",
        }
        shelf.terms.ask(P, "bookless")
        await shelf.clock.pass_ms(300)
        assert not shelf.decides(P).is_tradable


async def test_result_that_is_taken_back_for_another_is_told_again(shelf: Shelf) -> None:
    async with shelf.running():
        shelf.told[K] = structs.replace(kalshi_market(), is_tradable=False)
        for number, end in enumerate(("yes=10000,no=0", "yes=10000,no=0", "yes=0,no=10000")):
            shelf.ends[K] = end
            await shelf.clock.pass_ms(ROUND_MS + 1_000)
            assert len(shelf.notes) == (1, 1, 2)[number]


@pytest.mark.parametrize("polarity", Polarity)
@pytest.mark.parametrize(
    ("kalshi", "polymarket", "agrees_with"),
    [
        ("yes=10000,no=0", "11=10000,22=0", (Polarity.SAME,)),
        ("yes=10000,no=0", "11=0,22=10000", (Polarity.INVERSE,)),
        ("yes=5000,no=5000", "22=5000,11=5000", tuple(Polarity)),
        ("yes=5000,no=5000", "11=10000,22=0", ()),
    ],
)
def test_results_of_a_pair_that_contradict_each_other_open_the_breaker(
    shelf: Shelf,
    polarity: Polarity,
    kalshi: str,
    polymarket: str,
    agrees_with: tuple[Polarity, ...],
) -> None:
    shelf.pairs = (structs.replace(PAIR, polarity=polarity),)
    assert shelf.markets[P].yes_token == "11"
    shelf.terms.end(K, kalshi)
    assert shelf.engine.breaker_state is BreakerState.CLOSED
    shelf.terms.end(P, polymarket)
    agrees = polarity in agrees_with
    assert (shelf.engine.breaker_state is BreakerState.CLOSED) is agrees
    alarms = [dict(note.fields)["event"] for note in shelf.notes]
    assert ("results_differ" in alarms) is not agrees


@pytest.mark.parametrize(
    ("end", "noted"), [("1=10000", 1), ("", 0), (VenueUnavailable("polymarket", "no_answer"), 0)]
)
async def test_end_that_is_never_pushed_is_polled_for(
    shelf: Shelf, end: str | Exception, noted: int
) -> None:
    async with shelf.running():
        shelf.told[P] = structs.replace(polymarket_market(), is_tradable=False)
        shelf.ends[P] = end
        await shelf.clock.pass_ms(ROUND_MS + 1_000)
        assert not shelf.decides(P).is_tradable
        assert len(shelf.notes) == noted
