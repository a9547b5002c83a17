"""A Polymarket stream that loses, repeats, delays and packs frames never leaves a wrong book.

What holds, with a venue whose hashes can be reproduced:
* checked at every change, a live book that is not in doubt is the venue's book as of the frame
  that it was told last;
* after an audit at rest, and a second for doubts, a live book is the venue's book, whatever was
  checked before;
* without a fault there is no resync, even where trades are told late.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.core import T0_MS, P, only, polymarket_market
from twoleg.core.actions import Action, Resync
from twoleg.core.books import Books
from twoleg.core.events import (
    ASK,
    BID,
    BookAudited,
    BookSnapshot,
    BooksVoid,
    LastTrade,
    LevelsSet,
)
from twoleg.venues.polymarket.wire import MarketDecoder

MARKET = polymarket_market()
Levels = dict[tuple[int, int], int]
"""(side, cents) → size in shares"""


class Fault(Enum):
    NONE = "none"
    DROP = "drop"
    REPEAT = "repeat"
    DELAY = "delay"
    REPEAT_LATE = "repeat late"
    PACK = "pack"


@dataclass(frozen=True)
class Step:
    side: int
    cents: int
    size: int
    is_trade: bool
    after_ms: int
    fault: Fault


def steps(*faults: Fault, after_ms: st.SearchStrategy[int]) -> st.SearchStrategy[list[Step]]:
    step = st.builds(
        Step,
        side=st.sampled_from((BID, ASK)),
        # Mostly below the best prices, which would give a lost change away by themselves.
        cents=st.integers(1, 5),
        size=st.integers(0, 3),
        is_trade=st.booleans(),
        after_ms=after_ms,
        fault=st.sampled_from(faults),
    )
    return st.lists(step, min_size=1, max_size=25)


def decimal(cents: int) -> str:
    return f"{cents / 100:.2f}".rstrip("0").rstrip(".")


@dataclass
class Venue:
    """The venue's own book, written as the venue writes it; remembers each book by its hash."""

    levels: Levels = field(default_factory=lambda: {(BID, 5): 5, (ASK, 95): 5})
    ts_ms: int = T0_MS
    trade_cents: int = 50
    history: dict[str, Levels] = field(default_factory=dict)

    def side(self, side: int, *, is_descending: bool = False) -> list[dict[str, str]]:
        found = sorted(
            ((cents, size) for (at, cents), size in self.levels.items() if at == side),
            reverse=is_descending,
        )
        return [{"price": decimal(cents), "size": str(size)} for cents, size in found]

    def hash(self) -> str:
        body = {
            "market": MARKET.native_id,
            "asset_id": MARKET.yes_token,
            "timestamp": str(self.ts_ms),
            "hash": "",
            "bids": self.side(BID),
            "asks": self.side(ASK, is_descending=True),
            "min_order_size": "5",
            "tick_size": "0.01",
            "neg_risk": False,
            "last_trade_price": f"{self.trade_cents / 100:.3f}",
        }
        text = json.dumps(body, separators=(",", ":"))
        digest = hashlib.sha1(text.encode()).hexdigest()
        self.history[digest] = dict(self.levels)
        return digest

    def dump(self) -> dict[str, Any]:
        return {
            "event_type": "book",
            "market": MARKET.native_id,
            "asset_id": MARKET.yes_token,
            "timestamp": str(self.ts_ms),
            "bids": self.side(BID),
            "asks": self.side(ASK, is_descending=True),
            "tick_size": "0.01",
            "last_trade_price": f"{self.trade_cents / 100:.3f}",
            "hash": self.hash(),
        }

    def step(self, step: Step) -> list[dict[str, Any]]:
        """Change the book; the trade of it is told after the change, and not in its dollars."""
        self.ts_ms += step.after_ms
        trades: list[dict[str, Any]] = []
        if step.is_trade:
            self.trade_cents = 40 + step.cents
            trades.append(
                {
                    "event_type": "last_trade_price",
                    "market": MARKET.native_id,
                    "asset_id": MARKET.no_token,
                    "price": decimal(100 - self.trade_cents),
                }
            )
        cents = step.cents if step.side == BID else 100 - step.cents
        if step.size:
            self.levels[(step.side, cents)] = step.size
        else:
            self.levels.pop((step.side, cents), None)
        bids = [cents for side, cents in self.levels if side == BID]
        asks = [cents for side, cents in self.levels if side == ASK]
        entry = {
            "asset_id": MARKET.yes_token,
            "price": decimal(cents),
            "size": str(step.size),
            "side": "BUY" if step.side == BID else "SELL",
            "hash": self.hash(),
            "best_bid": decimal(max(bids)) if bids else "0",
            "best_ask": decimal(min(asks)) if asks else "1",
        }
        change = {
            "event_type": "price_change",
            "market": MARKET.native_id,
            "timestamp": str(self.ts_ms),
            "price_changes": [entry],
        }
        return [change, *trades]

    def levels_of(self, side: int) -> tuple[tuple[int, int], ...]:
        return tuple(
            (cents * 100, size * 1_000_000)
            for (at, cents), size in self.levels.items()
            if at == side
        )


class Run:
    """The venue, a line with faults, and the client's decoder and books behind it."""

    def __init__(self, hash_every: int) -> None:
        self.venue = Venue()
        self.decoder = MarketDecoder()
        self.decoder.watch(MARKET)
        self.books = Books(hash_every)
        self.books.change_market(MARKET)
        self.line: list[dict[str, Any]] = []
        self.held: list[dict[str, Any]] = []
        self.resyncs = 0
        self.is_strict = hash_every == 1
        self.deliver([self.venue.dump()])

    def step(self, step: Step) -> None:
        frames = self.venue.step(step)
        if step.fault is Fault.DROP:
            return
        if step.fault is Fault.DELAY:
            self.held += frames
            return
        if step.fault is Fault.REPEAT_LATE:
            self.held += frames
        self.line += frames * (2 if step.fault is Fault.REPEAT else 1)
        if step.fault is not Fault.PACK:
            self.drain()

    def drain(self) -> None:
        frames, self.line = [*self.line, *self.held[:1]], []
        del self.held[:1]
        if frames:
            self.deliver(frames)

    def deliver(self, frames: list[dict[str, Any]]) -> None:
        raw = json.dumps(frames[0] if len(frames) == 1 else frames).encode()
        for event in self.decoder.decode(raw, T0_MS * 1_000_000):
            actions: Sequence[Action] = ()
            if isinstance(event, BookSnapshot):
                actions = self.books.snapshot(event)
            elif isinstance(event, LevelsSet):
                actions = self.books.levels(event)
            elif isinstance(event, LastTrade):
                self.books.last_trade(event)
            self.follow_up(actions)
            self.judge()

    def follow_up(self, actions: Sequence[Action]) -> None:
        if only(actions, Resync):
            self.resyncs += 1
            self.line.append(self.venue.dump())

    def judge(self) -> None:
        book = self.books.books[P]
        if self.is_strict and book.is_live and not book.is_doubted:
            assert self.own() == self.venue.history[book.told_hash]

    def own(self) -> Levels:
        book = self.books.books[P]
        return {
            (side, price // 100): size // 1_000_000
            for side in (BID, ASK)
            for price, size in book.levels(side)
        }

    def arrive(self) -> None:
        """Deliver all that is on its way."""
        while self.line or self.held:
            self.drain()

    def settle(self) -> None:
        """Deliver all that is on its way, then audit, and give a doubt its time."""
        self.arrive()
        truth = self.venue
        self.follow_up(
            self.books.audit(
                BookAudited(P, truth.levels_of(BID), truth.levels_of(ASK), truth.ts_ms)
            )
        )
        self.follow_up(self.books.doubt_due(P))


@pytest.mark.parametrize("hash_every", [0, 1, 3])
@given(script=steps(*Fault, after_ms=st.integers(0, 3)))
def test_faults_never_leave_a_wrong_book_after_an_audit(
    script: list[Step], hash_every: int
) -> None:
    run = Run(hash_every)
    for step in script:
        run.step(step)
    run.settle()
    book = run.books.books[P]
    if book.is_live:
        assert not book.is_doubted
        assert run.own() == run.venue.levels
    # What was void comes back with the next dump, and then is right.
    run.books.void(BooksVoid((P,), "again"))
    run.deliver([run.venue.dump()])
    assert run.own() == run.venue.levels


@given(
    script=steps(Fault.NONE, Fault.PACK, after_ms=st.integers(1, 3)), hash_every=st.integers(0, 3)
)
def test_without_faults_the_book_follows_and_nothing_is_asked_for_again(
    script: list[Step], hash_every: int
) -> None:
    run = Run(hash_every)
    for step in script:
        run.step(step)
    run.arrive()
    assert run.resyncs == 0
    assert not run.books.books[P].is_doubted
    assert run.own() == run.venue.levels


@given(script=steps(Fault.NONE, Fault.REPEAT, after_ms=st.just(0)))
def test_changes_of_one_millisecond_are_applied_once_and_in_order(script: list[Step]) -> None:
    run = Run(1)
    for step in script:
        run.step(step)
    run.arrive()
    assert run.own() == run.venue.levels
