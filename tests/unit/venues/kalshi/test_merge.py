"""Several lines of the same truth: the merged book is right, or it is void."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.support.core import kalshi_market
from twoleg.core.books import Books
from twoleg.core.events import (
    ASK,
    BID,
    BookSnapshot,
    BooksVoid,
    Event,
    GridChanged,
    LevelDelta,
    SequenceSeen,
    Subscribed,
)
from twoleg.core.market import MarketId, PriceGrid, Venue
from twoleg.venues.kalshi.merge import BookMerger

A, B = MarketId("kalshi:A"), MarketId("kalshi:B")
MARKETS: Final = (A, B)
LOT: Final = 10_000
SECOND_NS: Final = 1_000_000_000
Ladder = dict[int, int]
State = tuple[Ladder, Ladder]
Change = tuple[MarketId, int, int, int]
"""(market, side, price_e4, delta_e6)"""


class Truth:
    """The exchange: acts of one or more changes of one market, each act with a clock of its own."""

    def __init__(self) -> None:
        self.acts: list[tuple[int, list[Change]]] = []
        self.states: dict[MarketId, State] = {key: ({}, {}) for key in MARKETS}
        # Every state that a book was ever in, in order: what a merged book may show.
        self.history: dict[MarketId, list[State]] = {key: [({}, {})] for key in MARKETS}

    def act(self, market_id: MarketId, moves: list[tuple[int, int, int]]) -> None:
        changes: list[Change] = []
        for side, step, lots in moves:
            # Bids below 50 cents and asks above, so that no book is ever crossed.
            price_e4 = 5_000 - 100 * step if side == BID else 5_000 + 100 * step
            ladder = self.states[market_id][side]
            delta_e6 = max(lots * LOT, -ladder.get(price_e4, 0))
            if delta_e6:
                changes.append((market_id, side, price_e4, delta_e6))
                _add(ladder, price_e4, delta_e6)
                self.history[market_id].append(_copy(self.states[market_id]))
        # Clocks skip.
        self.acts.append((3 * len(self.acts) + 5, changes))

    @property
    def clock(self) -> int:
        return self.acts[-1][0] if self.acts else 1


def _add(ladder: Ladder, price_e4: int, delta_e6: int) -> None:
    ladder[price_e4] = ladder.get(price_e4, 0) + delta_e6
    if not ladder[price_e4]:
        del ladder[price_e4]


def _copy(state: State) -> State:
    return dict(state[BID]), dict(state[ASK])


class Server:
    """The venue's end of one line: a queue of numbered frames that may lag behind the truth."""

    def __init__(self, truth: Truth, *, has_clock: bool) -> None:
        self.truth = truth
        self.has_clock = has_clock
        self.queue: list[Event] = []
        self.is_connected = False
        self.published = 0
        self.seq = 0
        self.sid = 0
        # The truth as far as this line has published it.
        self.states: dict[MarketId, State] = {}

    def connect(self) -> None:
        if self.is_connected:
            return
        self.queue = []
        self.is_connected = True
        self.sid += 1
        self.seq = 0
        self.published = len(self.truth.acts)
        self.states = {key: _copy(state) for key, state in self.truth.states.items()}
        self.queue.append(Subscribed(Venue.KALSHI, self.sid, MARKETS))
        for market_id in MARKETS:
            self.snapshot(market_id)

    def publish(self) -> None:
        """Put the next act into the queue."""
        if not self.is_connected or self.published == len(self.truth.acts):
            return
        clock, changes = self.truth.acts[self.published]
        self.published += 1
        for market_id, side, price_e4, delta_e6 in changes:
            _add(self.states[market_id][side], price_e4, delta_e6)
            delta = LevelDelta(
                market_id,
                side,
                price_e4,
                delta_e6,
                1,
                1,
                self.sid,
                self._next(),
                self._clock(clock),
            )
            self.queue.append(delta)

    def snapshot(self, market_id: MarketId) -> None:
        """A snapshot in answer to a request. With clocks it may be ahead of the queue."""
        if not self.is_connected:
            return
        state = (self.truth.states if self.has_clock else self.states)[market_id]
        bids, asks = tuple(state[BID].items()), tuple(state[ASK].items())
        clock = self._clock(self.truth.clock)
        self.queue.append(
            BookSnapshot(market_id, bids, asks, 1, 1, self.sid, self._next(), clock=clock)
        )

    def control(self) -> None:
        if self.is_connected:
            self.queue.append(SequenceSeen(Venue.KALSHI, self.sid, self._next()))

    def _next(self) -> int:
        self.seq += 1
        return self.seq

    def _clock(self, clock: int) -> int:
        return clock if self.has_clock else 0


class World:
    """Two servers, a merger, and the core's books behind it, checked after every event."""

    def __init__(self, *, has_clock: bool = True) -> None:
        self.truth = Truth()
        self.servers = [Server(self.truth, has_clock=has_clock) for _ in range(2)]
        self.books = Books(0)
        for market_id in MARKETS:
            self.books.change_market(kalshi_market(market_id))
        self.has_clock = has_clock
        # How far each merged book has come in its history.
        self.places = dict.fromkeys(MARKETS, 0)
        self.events: list[Event] = []
        self.merger = BookMerger(lines=2, on_event=self.on_event, ask=self.ask)

    def ask(self, line: int, market_ids: tuple[MarketId, ...]) -> None:
        for market_id in market_ids:
            self.servers[line].snapshot(market_id)

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, BookSnapshot):
            assert self.books.snapshot(event) == []
        elif isinstance(event, LevelDelta):
            assert self.books.books[event.market_id].is_live
            assert self.books.delta(event) == []
        elif isinstance(event, BooksVoid):
            self.books.void(event)
        self.check()

    def check(self) -> None:
        """Every live book is a state that its market was once in; it goes back only by a void."""
        for market_id in MARKETS:
            book = self.books.books[market_id]
            if not book.is_live:
                self.places[market_id] = 0
                continue
            shown = (dict(book.levels(BID)), dict(book.levels(ASK)))
            # Without clocks, a copy that takes over may be behind the leader that was lost.
            start = self.places[market_id] if self.has_clock else 0
            history = self.truth.history[market_id]
            assert shown in history[start:]
            self.places[market_id] = history.index(shown, start)

    def deliver(self, line: int, *, lost: bool = False, twice: bool = False) -> None:
        server = self.servers[line]
        if not server.queue:
            return
        event = server.queue.pop(0)
        if lost and not isinstance(event, Subscribed):
            return
        for _ in range(2 if twice and not isinstance(event, Subscribed) else 1):
            self.merger.take(line, event)

    def flow(self, line: int, count: int) -> None:
        """Publish and deliver some frames."""
        for _ in range(count):
            self.servers[line].publish()
            self.deliver(line)

    def disconnect(self, line: int) -> None:
        if self.servers[line].is_connected:
            self.servers[line].is_connected = False
            self.servers[line].queue = []
            self.merger.lose(line, "closed")

    def settle(self) -> None:
        """Everything is published and delivered; a last frame reveals what was lost."""
        for line, server in enumerate(self.servers):
            server.connect()
            for _ in range(3):
                while server.published < len(self.truth.acts):
                    server.publish()
                server.control()
                while server.queue:
                    self.deliver(line)
        for line, server in enumerate(self.servers):
            while server.queue:
                self.deliver(line)


MOVES = st.lists(
    st.tuples(st.sampled_from([BID, ASK]), st.integers(1, 3), st.integers(-3, 4)),
    min_size=1,
    max_size=3,
)
LINE = st.integers(0, 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("act"), st.sampled_from(MARKETS), MOVES),
        st.tuples(st.just("act"), st.sampled_from(MARKETS), MOVES),
        st.tuples(st.just("flow"), LINE, st.integers(1, 5)),
        st.tuples(st.just("flow"), LINE, st.integers(1, 5)),
        st.tuples(st.just("publish"), LINE),
        st.tuples(st.just("deliver"), LINE),
        st.tuples(st.just("lose"), LINE),
        st.tuples(st.just("twice"), LINE),
        st.tuples(st.just("ask"), LINE, st.sampled_from(MARKETS)),
        st.tuples(st.just("control"), LINE),
        st.tuples(st.just("disconnect"), LINE),
        st.tuples(st.just("connect"), LINE),
        st.tuples(st.just("reset"), st.sampled_from(MARKETS)),
    ),
    max_size=80,
)


@pytest.mark.parametrize("has_clock", [True, False])
@given(steps=STEPS)
@settings(max_examples=300)
def test_merged_book_is_right_or_void(*, has_clock: bool, steps: list[tuple[Any, ...]]) -> None:
    world = ready(has_clock=has_clock)
    doings: dict[Any, Callable[..., None]] = {
        "act": world.truth.act,
        "publish": lambda line: world.servers[line].publish(),
        "flow": world.flow,
        "deliver": world.deliver,
        "lose": lambda line: world.deliver(line, lost=True),
        "twice": lambda line: world.deliver(line, twice=True),
        "ask": lambda line, market_id: world.servers[line].snapshot(market_id),
        "control": lambda line: world.servers[line].control(),
        "disconnect": world.disconnect,
        "connect": lambda line: world.servers[line].connect(),
        "reset": lambda market_id: world.merger.reset((market_id,)),
    }
    for name, *arguments in steps:
        doings[name](*arguments)
        world.check()
    world.settle()
    for market_id in MARKETS:
        book = world.books.books[market_id]
        assert book.is_live
        assert (dict(book.levels(BID)), dict(book.levels(ASK))) == world.truth.states[market_id]


def ready(*, has_clock: bool = True) -> World:
    """Both lines connected, every book live with one bid of one lot."""
    world = World(has_clock=has_clock)
    for market_id in MARKETS:
        world.truth.act(market_id, [(BID, 1, 1)])
    for line in range(2):
        world.servers[line].connect()
        while world.servers[line].queue:
            world.deliver(line)
    return world


def live(world: World) -> list[MarketId]:
    return [market_id for market_id in MARKETS if world.books.books[market_id].is_live]


def bid_lots(world: World) -> int:
    return world.books.books[A].size_at(BID, 4_900) // LOT


@pytest.mark.parametrize("has_clock", [True, False])
def test_each_change_counts_once_whichever_line_is_first(*, has_clock: bool) -> None:
    world = ready(has_clock=has_clock)
    for first, second in ((0, 1), (1, 0)):
        world.truth.act(A, [(BID, 1, 1), (BID, 1, 1)])
        for line in (first, second):
            world.servers[line].publish()
            world.deliver(line)
            world.deliver(line)
    assert bid_lots(world) == 5


@pytest.mark.parametrize("has_clock", [True, False])
def test_lost_line_voids_nothing_while_the_other_has_the_books(*, has_clock: bool) -> None:
    world = ready(has_clock=has_clock)
    world.disconnect(0)
    assert live(world) == [A, B]
    world.truth.act(A, [(BID, 1, 1)])
    world.servers[1].publish()
    world.deliver(1)
    assert bid_lots(world) == 2
    world.disconnect(1)
    assert live(world) == []
    assert world.events[-1] == BooksVoid((A, B), "closed")


def test_gap_has_all_books_of_its_subscription_asked_for_on_its_line() -> None:
    world = ready()
    world.merger.take(0, delta(world.truth.clock + 3, world.servers[0].seq + 2))
    told = [event.market_id for event in world.servers[0].queue if isinstance(event, BookSnapshot)]
    assert (told, world.servers[1].queue) == ([A, B], [])


def test_new_socket_may_begin_with_lower_clocks() -> None:
    world = ready()
    world.disconnect(0)
    world.disconnect(1)
    world.servers[0].connect()
    world.deliver(0)
    (snapshot, *_) = world.servers[0].queue
    assert isinstance(snapshot, BookSnapshot)
    world.merger.take(0, structs.replace(snapshot, clock=2))
    # Believed at once: nothing is asked for a second time.
    assert (live(world), len(world.servers[0].queue)) == ([A], 2)


@pytest.mark.parametrize("has_clock", [True, False])
def test_gap_on_one_line_is_healed_by_the_other(*, has_clock: bool) -> None:
    world = ready(has_clock=has_clock)
    world.truth.act(A, [(BID, 1, 1), (BID, 1, 1)])
    for line in range(2):
        world.servers[line].publish()
    world.deliver(0, lost=True)
    world.deliver(0)
    assert live(world) == [A, B]
    world.deliver(1)
    world.deliver(1)
    assert bid_lots(world) == 3


def test_act_that_one_line_brought_by_half_is_finished_by_the_other() -> None:
    world = ready()
    world.truth.act(A, [(BID, 1, 1), (BID, 1, 1)])
    for line in range(2):
        world.servers[line].publish()
    world.deliver(0)
    world.disconnect(0)
    world.deliver(1)
    assert bid_lots(world) == 2
    world.deliver(1)
    assert bid_lots(world) == 3


def delta(clock: int, seq: int, *, recv_ns: int = 1) -> LevelDelta:
    return LevelDelta(A, BID, 4_900, LOT, 1, recv_ns, 1, seq, clock)


def test_clock_that_was_set_back_begins_the_book_anew_on_all_lines() -> None:
    world = ready()
    clock, seq = world.truth.clock, world.servers[0].seq
    world.merger.take(0, delta(clock - 1, seq + 1))
    world.merger.take(0, delta(clock, seq + 2))
    # At once after the snapshot these are in it.
    assert (live(world), bid_lots(world)) == ([A, B], 1)
    world.merger.take(0, delta(2, seq + 3, recv_ns=2 * SECOND_NS))
    assert world.events[-1] == BooksVoid((A,), "clock_set_back")
    world.servers[0].seq += 3
    world.settle()
    assert live(world) == [A, B]


def test_newer_snapshot_with_a_lower_clock_tells_that_the_clock_was_set_back() -> None:
    world = ready()
    world.disconnect(0)
    world.servers[0].connect()
    world.deliver(0)
    (snapshot, *_) = world.servers[0].queue
    assert isinstance(snapshot, BookSnapshot)
    world.merger.take(0, structs.replace(snapshot, clock=2, ts_event_ms=500))
    assert live(world) == [A, B]
    later = structs.replace(snapshot, clock=2, ts_event_ms=5_000, seq=2)
    world.merger.take(0, later)
    assert BooksVoid((A,), "clock_set_back") in world.events


def test_snapshot_that_misses_changes_seen_is_asked_for_once_more() -> None:
    world = ready()
    world.disconnect(1)
    server, seq, old = world.servers[0], world.servers[0].seq, world.truth.clock
    world.merger.take(0, SequenceSeen(Venue.KALSHI, server.sid, seq + 2))
    world.merger.take(0, delta(old + 3, seq + 3))
    server.queue.clear()
    stale = BookSnapshot(A, ((4_900, LOT),), (), 1, 1, server.sid, seq + 4, clock=old)
    world.merger.take(0, stale)
    assert (live(world), len(server.queue)) == ([], 1)
    # No newer one exists: the clock was set back.
    world.merger.take(0, structs.replace(stale, seq=seq + 5))
    assert (live(world), bid_lots(world)) == ([A], 1)


def test_old_snapshot_in_the_middle_of_an_act_takes_no_change_back() -> None:
    world = ready()
    world.disconnect(1)
    server, old = world.servers[0], world.truth.clock
    world.truth.act(A, [(BID, 1, 1), (BID, 1, 1)])
    server.publish()
    first, second = server.queue
    world.merger.take(0, first)
    stale = BookSnapshot(A, ((4_900, LOT),), (), 1, 1, server.sid, server.seq, clock=old)
    world.merger.take(0, stale)
    assert bid_lots(world) == 2
    assert isinstance(second, LevelDelta)
    world.merger.take(0, structs.replace(second, seq=server.seq + 1))
    assert bid_lots(world) == 3


def test_subscription_that_ended_is_the_business_of_its_line_alone() -> None:
    world = ready()
    world.merger.take(0, BooksVoid((A,), "resubscribed"))
    assert live(world) == [A, B]
    world.merger.take(1, BooksVoid((A,), "resubscribed"))
    assert (live(world), world.events[-1]) == ([B], BooksVoid((A,), "resubscribed"))


def test_copy_that_contradicts_itself_is_asked_for_again() -> None:
    world = ready(has_clock=False)
    server = world.servers[1]
    drained = LevelDelta(A, BID, 4_900, -5 * LOT, 1, 1, server.sid, server.seq + 1)
    world.merger.take(1, drained)
    server.seq += 1
    assert [type(event) for event in server.queue] == [BookSnapshot]
    assert live(world) == [A, B]
    # Until it comes, nobody could take over.
    world.disconnect(0)
    assert live(world) == [B]


def test_frame_of_a_market_that_the_subscription_did_not_name_is_suspect_at_its_gap() -> None:
    world = ready()
    world.disconnect(1)
    server = world.servers[0]
    world.merger.take(0, Subscribed(Venue.KALSHI, server.sid, (B,), is_new=False))
    world.merger.take(0, delta(world.truth.clock + 3, server.seq + 9))
    assert live(world) == []


def test_clocks_that_cease_are_done_without() -> None:
    world = ready()
    for server in world.servers:
        server.has_clock = False
    world.has_clock = False
    world.truth.act(A, [(BID, 1, 1)])
    for line in range(2):
        world.servers[line].publish()
        world.deliver(line)
    assert BooksVoid((A, B), "no_clock") in world.events
    world.settle()
    assert (live(world), bid_lots(world)) == ([A, B], 2)


def test_new_grid_is_told_once_and_begins_the_book_anew() -> None:
    world = ready()
    changed = GridChanged(A, PriceGrid.uniform(10))
    world.merger.take(0, changed)
    world.merger.take(1, changed)
    assert [event for event in world.events if isinstance(event, GridChanged)] == [changed]
    assert live(world) == [B]


def test_subscription_that_carries_other_markets_is_suspect_with_them() -> None:
    world = ready()
    world.disconnect(1)
    server = world.servers[0]
    world.merger.take(0, Subscribed(Venue.KALSHI, server.sid, (B,), is_new=False))
    world.merger.take(0, SequenceSeen(Venue.KALSHI, server.sid, server.seq + 5))
    assert live(world) == [A]
