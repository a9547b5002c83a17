"""Looks at the prices of armed pairs, by the clock, and tells those that they speak against."""

import asyncio
from typing import Any

from msgspec import structs

from tests.support.core import K, P, make_pair
from tests.support.runtime import HeldClock
from twoleg.core.book import Book
from twoleg.core.gap import GapLimits
from twoleg.core.market import MarketId, Pair, PairState, PriceGrid
from twoleg.runtime.gaps import EVERY_S, GapWatch

EVERY_MS = int(EVERY_S * 1_000)


class Floor:
    """One pair, its books, and what was told of it; what is told is disarmed."""

    def __init__(self) -> None:
        self.clock = HeldClock()
        self.books: dict[MarketId, Book] = {}
        self.pair: Pair = make_pair()
        self.told: list[tuple[Any, ...]] = []
        self.watch = GapWatch(
            limits=GapLimits,
            pairs=lambda: (self.pair,),
            books=lambda: self.books,
            disarm=self._disarm,
            clock=self.clock,
        )

    def quote(self, kalshi_e4: int, polymarket_e4: int) -> None:
        for market_id, mid_e4 in ((K, kalshi_e4), (P, polymarket_e4)):
            book = self.books.setdefault(market_id, Book(market_id, PriceGrid.uniform(1)))
            book.replace([(mid_e4 - 100, 10**8)], [(mid_e4 + 100, 10**8)])

    def put(self, state: PairState) -> None:
        self.pair = structs.replace(self.pair, state=state)

    def _disarm(self, *told: Any) -> None:
        self.told.append(told)
        self.put(PairState.DISARMED)


async def test_pair_is_told_once_with_the_prices_that_speak_against_it() -> None:
    floor = Floor()
    task = asyncio.create_task(floor.watch.run())
    await floor.clock.pass_ms(10 * EVERY_MS)
    floor.quote(4_000, 5_600)
    await floor.clock.pass_ms(300_000)
    assert floor.told == []
    await floor.clock.pass_ms(EVERY_MS)
    assert floor.told == [
        (
            floor.pair.id,
            "price_gap",
            ("kalshi_yes_e4", 4_000),
            ("polymarket_yes_e4", 5_600),
        )
    ]
    await floor.clock.pass_ms(3_600_000)
    assert len(floor.told) == 1
    # Armed anew by somebody who looked at it: the time counts from then.
    floor.put(PairState.ARMED)
    await floor.clock.pass_ms(300_000)
    assert len(floor.told) == 1
    await floor.clock.pass_ms(2 * EVERY_MS)
    assert len(floor.told) == 2
    task.cancel()


async def test_pair_that_is_not_armed_or_has_no_books_is_passed_over() -> None:
    floor = Floor()
    task = asyncio.create_task(floor.watch.run())
    floor.put(PairState.DISARMED)
    floor.quote(8_000, 2_000)
    await floor.clock.pass_ms(3_600_000)
    floor.put(PairState.ARMED)
    del floor.books[P]
    await floor.clock.pass_ms(3_600_000)
    assert floor.told == []
    task.cancel()
