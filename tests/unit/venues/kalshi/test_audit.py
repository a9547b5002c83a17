"""What the audit hands over, and what it makes of failures; its judgement is a property test."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from tests.unit.venues.kalshi.support import (
    WALL_NS,
    FakeClock,
    ScriptedKalshi,
    kalshi_http,
    market,
)
from twoleg.core.events import (
    ASK,
    BID,
    BookAudited,
    BookSnapshot,
    BooksVoid,
    Event,
    Level,
    LevelDelta,
)
from twoleg.core.market import MarketId
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.audit import BookAudit
from twoleg.venues.kalshi.crawl import BookRead, KalshiCrawl
from twoleg.venues.kalshi.options import KalshiOptions

OPTIONS = KalshiOptions(audit_every_ms=60_000, audit_books_per_call=2)
ROUNDS_MAX = 3_000
MARKETS = {market(name).id: market(name) for name in ("A", "B", "C")}
A, B, C = MARKETS
BOOK: tuple[tuple[Level, ...], tuple[Level, ...]] = (((4_000, 10_000),), ((4_200, 10_000),))


class Rig:
    """An audit of three markets; `at_look` acts on each call, by its number."""

    def __init__(self, options: KalshiOptions = OPTIONS) -> None:
        self.clock = FakeClock()
        self.calls: list[tuple[str, ...]] = []
        self.singles: list[str] = []
        self.events: list[Event] = []
        self.at_look: dict[int, Callable[[], None]] = {}
        self.books = dict.fromkeys(MARKETS, BOOK)
        self.fails: list[Exception | None] = []
        self.markets = dict(MARKETS)
        # How much later than now the stream is.
        self.ahead_ms = 10_000
        self.audit = BookAudit(
            reads=self,
            clock=self.clock,
            options=options,
            markets=self.markets,
            on_event=self.events.append,
            sent_ms=lambda: self.clock.wall_ns() // 1_000_000 + self.ahead_ms,
            venue_ms=lambda: self.clock.wall_ns() // 1_000_000,
        )

    async def order_books(self, tickers: Sequence[str]) -> list[BookRead]:
        self.calls.append(tuple(tickers))
        self.at_look.get(len(self.calls), lambda: None)()
        failure = self.fails.pop(0) if self.fails else None
        if failure is not None:
            raise failure
        return [self._book(ticker) for ticker in tickers]

    async def order_book(self, ticker: str) -> BookRead:
        self.singles.append(ticker)
        if ticker == "B":
            raise VenueRejected("kalshi", "not_found", "", http_status=404)
        return self._book(ticker)

    def _book(self, ticker: str) -> BookRead:
        market_id = MarketId(f"kalshi:{ticker}")
        return BookRead(market_id, *self.books[market_id])

    def audited(self) -> dict[MarketId, BookAudited]:
        return {event.market_id: event for event in self.events if isinstance(event, BookAudited)}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(self.audit.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, holds: Callable[[], object]) -> None:
        async with self.running():
            for _ in range(ROUNDS_MAX):
                if holds():
                    return
                await asyncio.sleep(0)
        raise AssertionError("it never came about")


def delta(market_id: MarketId, side: int, price_e4: int) -> LevelDelta:
    return LevelDelta(market_id, side, price_e4, 10_000, WALL_NS // 1_000_000, WALL_NS, 0, 0)


async def test_all_books_take_their_turn_with_two_looks_each() -> None:
    rig = Rig()
    await rig.until(lambda: len(rig.calls) == 6)
    assert rig.calls == [("A", "B"), ("A", "B"), ("C",), ("C",), ("A", "B"), ("A", "B")]
    assert rig.audited()[A] == BookAudited(A, *BOOK, 0)
    assert rig.audit.counts["audit_books"] >= 3
    # Half a minute for each half of the books, then the gap between the looks.
    assert rig.clock.slept_s[:4] == [30.0, 5.0, 30.0, 5.0]


async def test_levels_that_moved_or_on_which_the_looks_differ_are_named() -> None:
    rig = Rig()

    def move() -> None:
        rig.audit.take(delta(A, BID, 4_000))
        rig.audit.take(delta(C, BID, 4_000))
        rig.books[B] = (BOOK[0], ((4_200, 20_000), (4_300, 10_000)))

    rig.at_look[2] = move
    await rig.until(lambda: len(rig.audited()) == 2)
    assert rig.audited()[A].moved == ((BID, 4_000),)
    assert rig.audited()[B].moved == ((ASK, 4_200), (ASK, 4_300))
    assert rig.audited()[B].asks == ((4_200, 20_000), (4_300, 10_000))
    # Everything went on to the core, before the verdict.
    assert rig.events[:2] == [delta(A, BID, 4_000), delta(C, BID, 4_000)]


@pytest.mark.parametrize(
    "event",
    [BookSnapshot(A, *BOOK, WALL_NS // 1_000_000, WALL_NS, 0, 0), BooksVoid((A,), "disconnected")],
)
async def test_book_that_begins_anew_between_the_looks_proves_nothing(event: Event) -> None:
    rig = Rig()
    rig.at_look[2] = lambda: rig.audit.take(event)
    await rig.until(lambda: len(rig.calls) == 3)
    assert event in rig.events
    assert list(rig.audited()) == [B]


async def test_market_that_is_left_between_the_looks_is_not_told_of() -> None:
    rig = Rig()
    rig.at_look[2] = lambda: rig.markets.__delitem__(A)
    await rig.until(lambda: len(rig.calls) == 3)
    assert list(rig.audited()) == [B]


async def test_verdict_waits_until_the_stream_has_passed_the_second_look() -> None:
    rig = Rig()
    rig.ahead_ms = -1_500
    await rig.until(rig.audited)
    # Two seconds of margin, and what the stream is late, in steps of half a second.
    assert rig.clock.slept_s[:10] == [30.0, 5.0, *(7 * [0.5]), 30.0]


async def test_stream_that_stands_still_proves_nothing() -> None:
    rig = Rig(msgspec.structs.replace(OPTIONS, audit_wait_ms_max=3_000))
    rig.ahead_ms = -1_000_000
    await rig.until(lambda: len(rig.calls) == 3)
    assert rig.audited() == {}
    assert rig.audit.counts["audit_unheard"] == 1


async def test_failed_look_is_left_to_the_next_round() -> None:
    rig = Rig()
    rig.fails = [None, VenueUnavailable("kalshi", "timeout", "")]
    await rig.until(lambda: len(rig.calls) == 5)
    assert rig.audit.counts["audit_failures"] == 1
    assert list(rig.audited()) == [C]


@pytest.mark.parametrize(
    "refusal",
    [
        VenueRejected("kalshi", "not_found", "", http_status=404),
        VenueUnavailable("kalshi", "unreadable_answer", "price"),
    ],
)
async def test_market_that_is_not_shown_keeps_no_other_from_being_audited(
    refusal: Exception,
) -> None:
    rig = Rig()
    rig.fails = [refusal, refusal]
    await rig.until(lambda: len(rig.calls) == 3)
    assert rig.singles == ["A", "B", "A", "B"]
    assert list(rig.audited()) == [A]
    assert rig.audit.counts["audit_missing"] == 2


async def test_without_markets_it_waits() -> None:
    rig = Rig()
    rig.markets.clear()
    await rig.until(lambda: len(rig.clock.slept_s) == 3)
    assert rig.calls == []
    assert rig.clock.slept_s == [60.0] * 3


async def test_several_books_are_one_read() -> None:
    venue = ScriptedKalshi()
    body: dict[str, Any] = {
        "orderbooks": [
            {"ticker": "A", "orderbook_fp": {"yes_dollars": [["0.4000", "0.01"]]}},
            {"ticker": "B", "orderbook_fp": {"no_dollars": [["0.5800", "0.01"]]}},
        ]
    }
    venue.script("/markets/orderbooks", (200, body))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        reads = await KalshiCrawl(http=http).order_books(["A", "B"])
    assert reads == [BookRead(A, BOOK[0], ()), BookRead(B, (), BOOK[1])]
    assert venue.queries[0].getall("tickers") == ["A", "B"]
    assert "KALSHI-ACCESS-KEY" not in venue.headers[0]
