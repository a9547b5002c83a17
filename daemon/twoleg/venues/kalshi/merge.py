"""Several sockets that carry the same books, merged into one stream. Pure: no I/O, no clock.

Every healthy line (no gap in its numbers since a snapshot) delivers, market by market, a beginning
of one and the same row of changes. A place in that row is (exchange clock, how many changes of that
clock), because the changes of one act share a clock and keep their order. The merged book is the
longest beginning that a healthy line has delivered: a change is taken exactly if it lies beyond,
and then it is the next one. AsyncAPI 2.0.0 of 2026-10-26, orderbook channel.

Where frames carry no clock (it is optional), places cannot be compared. One line leads each book,
the others keep a copy, and the copy takes over when the leader is lost.
"""

from collections.abc import Callable, Iterable
from typing import Final

from twoleg.core.events import (
    ASK,
    BID,
    BookSnapshot,
    BooksVoid,
    Event,
    GridChanged,
    Level,
    LevelDelta,
    SequenceSeen,
    Subscribed,
)
from twoleg.core.market import MarketId, PriceGrid
from twoleg.core.sequence import Sequences, SequenceVerdict
from twoleg.venues.ports import EventSink

WHOLE: Final = 1 << 62
"""As a count of changes: all of that clock, as a snapshot has them."""
CLOCK_RESET_MS: Final = 1_000
"""A clock may go down over a maintenance. Frames that are this much newer and carry a lower clock
say that it did; less is what lines lag behind each other."""
NOBODY: Final = -1


class Track:
    """How far one line has brought one book."""

    __slots__ = ("clock", "count", "floor", "is_healthy", "recv_ns", "shadow")

    def __init__(self) -> None:
        # Whether everything since a snapshot has arrived.
        self.is_healthy = False
        # The place in the row of changes.
        self.clock = 0
        self.count = 0
        # While not healthy: no snapshot of a lower clock will do, changes beyond it were seen.
        self.floor = 0
        # When the snapshot arrived.
        self.recv_ns = 0
        # The line's own copy where there are no clocks and another line leads.
        self.shadow: Shadow | None = None

    def break_off(self) -> None:
        """Something is missing: a snapshot is needed."""
        self.is_healthy = False
        self.floor = self.clock
        self.shadow = None


class Shadow:
    """A copy of a book that nobody looks at yet."""

    __slots__ = ("last", "sides")

    def __init__(self, snapshot: BookSnapshot) -> None:
        self.sides: tuple[dict[int, int], dict[int, int]] = (
            dict(snapshot.bids),
            dict(snapshot.asks),
        )
        # The frame that changed it last; tells its age.
        self.last: BookSnapshot | LevelDelta = snapshot

    def add(self, delta: LevelDelta) -> bool:
        """Apply a change; False if the book cannot have held it."""
        side, price_e4 = self.sides[delta.side], delta.price_e4
        size_e6 = side.get(price_e4, 0) + delta.delta_e6
        self.last = delta
        if size_e6 > 0:
            side[price_e4] = size_e6
        else:
            side.pop(price_e4, None)
        return size_e6 >= 0

    def snapshot(self) -> BookSnapshot:
        """The copy as a snapshot of its own."""
        last = self.last
        bids, asks = _levels(self.sides[BID]), _levels(self.sides[ASK])
        return BookSnapshot(last.market_id, bids, asks, last.ts_event_ms, last.ts_recv_ns)


class Merged:
    """How far the merged book is."""

    __slots__ = ("clock", "count", "is_live", "leader", "ts_event_ms")

    def __init__(self) -> None:
        self.is_live = False
        self.clock = 0
        self.count = 0
        self.ts_event_ms = 0
        # Without clocks: whose frames are passed on.
        self.leader = NOBODY


class BookMerger:
    """Takes the book events of `lines` sockets and passes on one stream without numbers.

    `ask` requests snapshots on one line; it may do nothing, for that line then brings them with
    its next subscription.
    """

    def __init__(
        self,
        *,
        lines: int,
        on_event: EventSink,
        ask: Callable[[int, tuple[MarketId, ...]], None],
    ) -> None:
        self._lines = range(lines)
        self._on_event = on_event
        self._ask = ask
        self._sequences = [Sequences() for _ in self._lines]
        self._tracks: dict[MarketId, tuple[Track, ...]] = {}
        self._merged: dict[MarketId, Merged] = {}
        # False for good as soon as one book frame comes without a clock.
        self._has_clocks = True
        self._grids: dict[MarketId, PriceGrid] = {}

    def take(self, line: int, event: Event) -> None:
        """Take an event of one line."""
        if isinstance(event, LevelDelta):
            if self._is_fresh(line, event.sid, event.seq, event.market_id):
                self._delta(line, event)
        elif isinstance(event, BookSnapshot):
            if self._is_fresh(line, event.sid, event.seq, event.market_id):
                self._snapshot(line, event)
        elif isinstance(event, SequenceSeen):
            self._is_fresh(line, event.sid, event.seq)
        elif isinstance(event, Subscribed):
            self._subscribed(line, event)
        elif isinstance(event, BooksVoid):
            self._break_off(line, event.market_ids, event.reason)
        elif isinstance(event, GridChanged):
            self._change_grid(event)
        else:
            self._on_event(event)

    def lose(self, line: int, reason: str) -> None:
        """A line's socket is gone; books that no other line has are void."""
        self._sequences[line] = Sequences()
        self._break_off(line, tuple(self._tracks), reason)
        for tracks in self._tracks.values():
            # The next socket begins with snapshots of its own, maybe after a maintenance.
            tracks[line].clock = tracks[line].floor = 0

    def reset(self, market_ids: Iterable[MarketId], reason: str = "resync") -> None:
        """Begin these books anew on all lines: void until the first snapshot."""
        known = tuple(key for key in market_ids if key in self._tracks)
        for market_id in known:
            for track in self._tracks[market_id]:
                track.break_off()
                track.clock = track.floor = 0
        self._void(known, reason)
        for line in self._lines:
            self._ask(line, known)

    def forget(self, market_ids: Iterable[MarketId]) -> None:
        """Nobody follows these any more; one that comes back begins as if it was never there."""
        for market_id in market_ids:
            self._tracks.pop(market_id, None)
            self._merged.pop(market_id, None)
            self._grids.pop(market_id, None)

    # -- numbers ---------------------------------------------------------------------------

    def _is_fresh(self, line: int, sid: int, seq: int, market_id: MarketId | None = None) -> bool:
        """Whether the frame is to be looked at; a gap breaks all books of its subscription off."""
        sequences = self._sequences[line]
        verdict = sequences.check(sid, seq)
        if verdict in {SequenceVerdict.GAP, SequenceVerdict.STRANGE}:
            market_ids = sequences.markets(sid)
            if market_id is not None and market_id not in market_ids:
                market_ids = (*market_ids, market_id)
            self._break_off(line, market_ids, "sequence_gap")
            self._ask(line, market_ids)
        return verdict in {SequenceVerdict.NEXT, SequenceVerdict.GAP}

    def _subscribed(self, line: int, event: Subscribed) -> None:
        if event.is_new:
            self._sequences[line].begin(event.sid, event.market_ids)
            self._break_off(line, event.market_ids, "subscribed")
        else:
            self._sequences[line].carry(event.sid, event.market_ids)

    # -- books -----------------------------------------------------------------------------

    def _of(self, market_id: MarketId) -> tuple[tuple[Track, ...], Merged]:
        tracks = self._tracks.get(market_id)
        if tracks is None:
            tracks = self._tracks[market_id] = tuple(Track() for _ in self._lines)
            self._merged[market_id] = Merged()
        return tracks, self._merged[market_id]

    def _delta(self, line: int, event: LevelDelta) -> None:
        tracks, merged = self._of(event.market_id)
        track, clock = tracks[line], event.clock
        if self._has_clocks and not clock:
            self._give_up_clocks()
            return
        if not track.is_healthy:
            track.floor = clock
        elif not self._has_clocks:
            self._follow(line, track, merged, event)
        elif self._step(track, event) and (track.clock, track.count) > (merged.clock, merged.count):
            merged.clock, merged.count = track.clock, track.count
            merged.ts_event_ms = event.ts_event_ms
            self._on_event(_unnumbered(event))

    def _step(self, track: Track, event: LevelDelta) -> bool:
        """Move a line on by one change; False if its snapshot has it, or the clock went down."""
        clock = event.clock
        if clock > track.clock:
            track.clock, track.count = clock, 1
            return True
        if track.count == WHOLE:
            if event.ts_recv_ns - track.recv_ns <= CLOCK_RESET_MS * 1_000_000:
                return False
        elif clock == track.clock:
            track.count += 1
            return True
        self.reset((event.market_id,), "clock_set_back")
        return False

    def _snapshot(self, line: int, event: BookSnapshot) -> None:
        tracks, merged = self._of(event.market_id)
        track = tracks[line]
        if self._has_clocks and not event.clock:
            self._give_up_clocks()
        if not self._has_clocks:
            self._lead_or_shadow(line, track, merged, event)
            return
        if not track.is_healthy and event.clock < track.floor:
            # Once more; if the next is no newer, the clock was set back.
            track.floor = 0
            self._ask(line, (event.market_id,))
            return
        if track.is_healthy and event.clock < track.clock:
            # Older than what came before it: the line has brought more.
            return
        track.is_healthy = True
        track.clock, track.count, track.recv_ns = event.clock, WHOLE, event.ts_recv_ns
        if not merged.is_live or event.clock >= merged.clock:
            merged.is_live = True
            merged.clock, merged.count = event.clock, WHOLE
            merged.ts_event_ms = event.ts_event_ms
            self._on_event(_unnumbered_snapshot(event))
        elif event.ts_event_ms > merged.ts_event_ms + CLOCK_RESET_MS:
            self.reset((event.market_id,), "clock_set_back")

    def _change_grid(self, event: GridChanged) -> None:
        if self._grids.get(event.market_id) != event.grid:
            self._grids[event.market_id] = event.grid
            self._on_event(event)
            self.reset((event.market_id,), "grid_changed")

    def _break_off(self, line: int, market_ids: tuple[MarketId, ...], reason: str) -> None:
        """One line misses something of these books; those that no other line has are void."""
        lost: list[MarketId] = []
        heirs: list[tuple[Merged, int, Shadow]] = []
        for market_id in market_ids:
            tracks, merged = self._of(market_id)
            tracks[line].break_off()
            healthy = [other for other in self._lines if tracks[other].is_healthy]
            if not healthy:
                lost.append(market_id)
            elif merged.leader == line:
                shadow = tracks[healthy[0]].shadow
                assert shadow is not None
                tracks[healthy[0]].shadow = None
                heirs.append((merged, healthy[0], shadow))
        self._void(tuple(lost), reason)
        for merged, heir, _ in heirs:
            merged.leader = heir
        for _, _, shadow in heirs:
            self._on_event(shadow.snapshot())

    def _void(self, market_ids: tuple[MarketId, ...], reason: str) -> None:
        void = tuple(key for key in market_ids if self._merged[key].is_live)
        for market_id in market_ids:
            merged = self._merged[market_id]
            merged.is_live = False
            merged.clock = merged.count = 0
            merged.leader = NOBODY
        if void:
            self._on_event(BooksVoid(void, reason))

    # -- without clocks --------------------------------------------------------------------

    def _give_up_clocks(self) -> None:
        self._has_clocks = False
        self.reset(tuple(self._tracks), "no_clock")

    def _lead_or_shadow(self, line: int, track: Track, merged: Merged, event: BookSnapshot) -> None:
        track.is_healthy = True
        if merged.leader in {NOBODY, line}:
            merged.leader, merged.is_live = line, True
            self._on_event(_unnumbered_snapshot(event))
        else:
            track.shadow = Shadow(event)

    def _follow(self, line: int, track: Track, merged: Merged, event: LevelDelta) -> None:
        if merged.leader == line:
            self._on_event(_unnumbered(event))
        elif track.shadow is not None and not track.shadow.add(event):
            track.break_off()
            self._ask(line, (event.market_id,))


def _unnumbered(event: LevelDelta) -> LevelDelta:
    # Numbers belong to a line, and places were compared here: the core needs neither.
    return LevelDelta(
        event.market_id,
        event.side,
        event.price_e4,
        event.delta_e6,
        event.ts_event_ms,
        event.ts_recv_ns,
        0,
        0,
        order_key=event.order_key,
        subaccount=event.subaccount,
    )


def _unnumbered_snapshot(event: BookSnapshot) -> BookSnapshot:
    return BookSnapshot(
        event.market_id, event.bids, event.asks, event.ts_event_ms, event.ts_recv_ns
    )


def _levels(side: dict[int, int]) -> tuple[Level, ...]:
    return tuple(side.items())
