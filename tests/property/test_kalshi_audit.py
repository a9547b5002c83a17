"""The audit of Kalshi's books against a model: a venue, a stream that is late, a REST that lags.

Whatever moves and however late it is seen, a right book raises no alarm; a level that is wrong and
that nothing sets right is found.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.core import K, kalshi_market
from tests.support.virtual import VirtualClock, run_virtual
from twoleg.core.actions import Action, Note, NoteKind, Resync
from twoleg.core.books import Books
from twoleg.core.events import (
    ASK,
    BID,
    BookAudited,
    BookSnapshot,
    Event,
    Level,
    LevelDelta,
    Subscribed,
)
from twoleg.core.market import Venue
from twoleg.venues.kalshi.audit import BookAudit
from twoleg.venues.kalshi.crawl import BookRead
from twoleg.venues.kalshi.options import KalshiOptions

LOT = 10_000
BIDS, ASKS = range(1_000, 1_500, 100), range(6_000, 6_500, 100)
FAR_BID = 500
"""A level that the crowd never touches."""
OPTIONS = KalshiOptions(audit_every_ms=10_000, audit_gap_ms=5_000, audit_margin_ms=2_000)
REST_LAG_S_MAX = 4.5
STREAM_LAG_S_MAX = 9.0
Sides = tuple[dict[int, int], dict[int, int]]


@dataclass
class World:
    """One market; its history is kept as (time, book), newest last."""

    rng: Random
    beat_s: float
    stream_lag_s: float
    truth: Sides = field(default_factory=lambda: ({FAR_BID: LOT}, {9_000: LOT}))
    history: deque[tuple[float, Sides]] = field(default_factory=deque[tuple[float, Sides]])
    books: Books = field(default_factory=lambda: Books(0))
    actions: list[Action] = field(default_factory=list[Action])
    audits: int = 0
    sent_ms: int = 0
    seq: int = 0
    _arrives_s: float = 0.0

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        market = kalshi_market()
        self.books.change_market(market)
        self.books.subscribed(Subscribed(Venue.KALSHI, 1, (K,)))
        self.audit = BookAudit(
            reads=self,
            clock=self.clock,
            options=OPTIONS,
            markets={K: market},
            on_event=self.on_event,
            sent_ms=lambda: self.sent_ms,
            venue_ms=self.now_ms,
        )

    def now_ms(self) -> int:
        return self.clock.wall_ns() // 1_000_000

    def on_event(self, event: Event) -> None:
        if isinstance(event, BookSnapshot):
            self.actions += self.books.snapshot(event)
        elif isinstance(event, LevelDelta):
            self.actions += self.books.delta(event)
        elif isinstance(event, BookAudited):
            self.audits += 1
            self.actions += self.books.audit(event)

    # -- the venue ---------------------------------------------------------------------------

    async def order_book(self, ticker: str) -> BookRead:
        del ticker
        asked_s = asyncio.get_running_loop().time()
        # The book as it was when asked, or up to so much earlier; the answer takes its time too.
        shown_s = asked_s - self.rng.uniform(0, REST_LAG_S_MAX)
        bids, asks = next(
            (book for at_s, book in reversed(self.history) if at_s <= shown_s), self.history[0][1]
        )
        await self.clock.sleep(self.rng.uniform(0, 1))
        return BookRead(K, tuple(bids.items()), tuple(asks.items()))

    async def order_books(self, tickers: Sequence[str]) -> list[BookRead]:
        return [await self.order_book(ticker) for ticker in tickers]

    def snapshot(self) -> BookSnapshot:
        self.seq += 1
        bids: tuple[Level, ...] = tuple(self.truth[BID].items())
        now_ns = self.clock.wall_ns()
        return BookSnapshot(
            K, bids, tuple(self.truth[ASK].items()), self.now_ms(), now_ns, 1, self.seq
        )

    def remember(self) -> None:
        now_s = asyncio.get_running_loop().time()
        self.history.append((now_s, (dict(self.truth[BID]), dict(self.truth[ASK]))))
        while self.history[0][0] < now_s - 30:
            self.history.popleft()

    def move(self) -> None:
        """Change a level, mostly of the few that flap between two sizes; the stream has it late."""
        side = self.rng.choice((BID, ASK))
        price_e4 = self.rng.choice(BIDS if side == BID else ASKS)
        levels = self.truth[side]
        old_e6 = levels.get(price_e4, 0)
        new_e6 = LOT * self.rng.choice((1, 2)) if not old_e6 else 0
        levels[price_e4] = new_e6
        if not new_e6:
            del levels[price_e4]
        self.remember()
        self.seq += 1
        sent_ms = self.now_ms()
        delta = LevelDelta(
            K, side, price_e4, new_e6 - old_e6, sent_ms, self.clock.wall_ns(), 1, self.seq
        )
        loop = asyncio.get_running_loop()
        lag_s = self.rng.uniform(0, self.stream_lag_s)
        # In order, as a socket has it.
        self._arrives_s = max(self._arrives_s + 1e-6, loop.time() + lag_s)
        loop.call_at(self._arrives_s, self._arrive, delta, sent_ms)

    def _arrive(self, delta: LevelDelta, sent_ms: int) -> None:
        self.sent_ms = sent_ms
        self.audit.take(delta)

    async def live(self, seconds: float) -> None:
        end_s = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end_s:
            await self.clock.sleep(self.rng.expovariate(1 / self.beat_s))
            self.move()

    # -- what came of it ---------------------------------------------------------------------

    async def run(self, seconds: float, *, is_wrong: bool) -> None:
        self.remember()
        self.audit.take(self.snapshot())
        running = asyncio.create_task(self.audit.run())
        await self.live(30)
        if is_wrong:
            self.books.books[K].set_level(BID, FAR_BID, 7 * LOT)
        await self.live(seconds)
        running.cancel()

    def alarms(self) -> list[dict[str, object]]:
        notes = [action for action in self.actions if isinstance(action, Note)]
        return [dict(note.fields) for note in notes if note.kind is NoteKind.ALARM]


WORLDS = st.builds(
    World,
    rng=st.integers(0, 1 << 32).map(Random),
    beat_s=st.sampled_from((0.05, 0.5, 3.0)),
    stream_lag_s=st.sampled_from((0.05, 1.0, STREAM_LAG_S_MAX)),
)


@given(world=WORLDS)
def test_right_book_raises_no_alarm_however_late_everything_is(world: World) -> None:
    run_virtual(world.run(200, is_wrong=False))
    assert world.actions == []
    assert world.audits > 3


@given(world=WORLDS)
def test_wrong_level_that_nothing_sets_right_is_found(world: World) -> None:
    run_virtual(world.run(60, is_wrong=True))
    assert world.alarms()[0] == {
        "event": "book_differs",
        "market_id": K,
        "levels_count": 1,
        "levels": f"bid price_e4 {FAR_BID}: size_e6 {7 * LOT} here, {LOT} at the venue",
    }
    assert not world.books.books[K].is_live
    assert Resync(Venue.KALSHI, (K,), "audit_differs") in world.actions
