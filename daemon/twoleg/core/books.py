"""All books, kept from both venues' frames, with their gap detection.

Kalshi numbers its frames per subscription, so a gap makes every book of that subscription
suspect. Polymarket does not; its changes carry the best prices after them and the hash of the whole
book (`Proofs`). Books of both are compared with what REST shows. A suspect book is void until a
snapshot, and nothing is decided on it meanwhile.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from twoleg.core.actions import Action, Note, NoteKind, Resync
from twoleg.core.book import NO_ASK, NO_BID, Book
from twoleg.core.events import (
    ASK,
    BID,
    BookAudited,
    BookSnapshot,
    BooksVoid,
    GridChanged,
    LastTrade,
    LevelDelta,
    LevelsSet,
    SequenceSeen,
    Subscribed,
)
from twoleg.core.market import Market, MarketId, Venue
from twoleg.core.proofs import Placing, Proofs
from twoleg.core.sequence import Sequences, SequenceVerdict

UNTOLD: Final = -1
CLOCK_RESET_NS: Final = 1_000_000_000
"""A change that its snapshot should contain comes at once after it. One that comes later tells of
a clock that went down, as it may over a maintenance (Kalshi AsyncAPI, 2026-10-26)."""
LEVELS_TOLD: Final = 5
"""How many levels of a wrong book an alarm names."""


class Books:
    """Markets by id, one book each; every method returns the actions that it makes necessary."""

    __slots__ = ("_hash_every", "_proofs", "_sequences", "books", "markets")

    def __init__(self, hash_every: int) -> None:
        self.markets: dict[MarketId, Market] = {}
        self.books: dict[MarketId, Book] = {}
        self._sequences = Sequences()
        # 0: the Polymarket book hash is never checked; N: every Nth change of a market.
        self._hash_every = hash_every
        self._proofs = Proofs(hash_every)

    def change_market(self, market: Market) -> list[Action]:
        """Take (new) terms; another grid begins a new epoch of the book."""
        known = self.markets.get(market.id)
        self.markets[market.id] = market
        if known is None:
            self.books[market.id] = Book(market.id, market.grid)
            return []
        if known.grid == market.grid:
            return []
        self.books[market.id].change_grid(market.grid)
        return [Resync(market.venue, (market.id,), "grid_changed")]

    def leave(self, market_ids: Iterable[MarketId]) -> None:
        """Drop markets that nobody follows any more; what comes of them late is nobody's."""
        for market_id in market_ids:
            self._proofs.forget(market_id)
            self.books.pop(market_id, None)
            self.markets.pop(market_id, None)

    def change_grid(self, event: GridChanged) -> list[Action]:
        """A tick changed under us: new epoch, void until a snapshot."""
        market, book = self.markets.get(event.market_id), self.books.get(event.market_id)
        if market is None or book is None or market.grid == event.grid:
            return []
        return self.change_market(msgspec.structs.replace(market, grid=event.grid))

    def subscribed(self, event: Subscribed) -> list[Action]:
        """A subscription begins, and numbers start again; or it goes on with other markets."""
        if event.is_new:
            self._sequences.begin(event.sid, event.market_ids)
        else:
            self._sequences.carry(event.sid, event.market_ids)
        return []

    def saw_sequence(self, event: SequenceSeen) -> list[Action]:
        """A control frame consumed a number."""
        return self._check(event.sid, event.seq)[1]

    def snapshot(self, event: BookSnapshot) -> list[Action]:
        """Replace a book."""
        # The frame consumed its number whether or not anybody wants its market.
        fresh, actions = self._check(event.sid, event.seq, event.market_id)
        market, book = self.markets.get(event.market_id), self.books.get(event.market_id)
        if market is None or book is None or not fresh:
            return actions
        if 0 < event.clock < book.clock_last:
            return [*actions, *self._behind(event, book)]
        is_polymarket = market.venue is Venue.POLYMARKET
        if is_polymarket and book.is_live and event.ts_event_ms < book.told_ms:
            # Later changes are in the book. That it comes now tells how late the feed runs.
            book.stamp(BID, event.ts_event_ms, event.ts_recv_ns)
            book.stamp(ASK, event.ts_event_ms, event.ts_recv_ns)
            return actions
        is_dump = is_polymarket and not book.is_live
        if not book.replace(event.bids, event.asks):
            return [*actions, *self._void((event.market_id,), "snapshot_crossed")]
        # Kalshi tells when it sent a snapshot. A Polymarket dump may carry the time of the book's
        # last change, which on a quiet market says nothing about how late the feed runs.
        ts_event_ms = event.ts_recv_ns // 1_000_000 if is_dump else event.ts_event_ms
        book.stamp(BID, ts_event_ms, event.ts_recv_ns)
        book.stamp(ASK, ts_event_ms, event.ts_recv_ns)
        book.clock_snapshot = book.clock_last = event.clock
        book.snapshot_recv_ns = event.ts_recv_ns
        if event.last_trade_price:
            book.last_trade_price = event.last_trade_price
        if is_polymarket:
            self._proofs.snapshot_taken(market, book, event.ts_event_ms, event.hash)
        return actions

    def delta(self, event: LevelDelta) -> list[Action]:
        """Change one level by a signed size (Kalshi)."""
        fresh, actions = self._check(event.sid, event.seq, event.market_id)
        book = self.books.get(event.market_id)
        if book is None or not fresh:
            return actions
        if event.clock:
            book.clock_last = event.clock
            if event.clock <= book.clock_snapshot and book.is_live:
                return [*actions, *self._contained(event, book)]
        if not book.is_live:
            # A void book waits for its snapshot; what comes before is contained in it.
            return actions
        if not book.add_to_level(event.side, event.price_e4, event.delta_e6):
            return [*actions, *self._void((event.market_id,), "level_below_zero")]
        book.stamp(event.side, event.ts_event_ms, event.ts_recv_ns)
        if book.best_bid_e4 >= book.best_ask_e4:
            return [*actions, *self._void((event.market_id,), "book_crossed")]
        return actions

    def levels(self, event: LevelsSet) -> list[Action]:
        """Set levels to new sizes (Polymarket) and compare both best prices."""
        book = self.books.get(event.market_id)
        if book is None or not book.is_live:
            return []
        ts_event_ms = event.ts_event_ms
        if ts_event_ms < book.told_ms or ts_event_ms == book.snapshot_ms:
            placing = self._proofs.place(self.markets[event.market_id], book, event)
            if placing is not Placing.NEXT:
                return self._misplaced(book, placing)
        if book.is_doubted and self._proofs.is_refuted(book, ts_event_ms):
            return self._void((event.market_id,), "audit_differs")
        for side, price_e4, size_e6 in event.changes:
            book.set_level(side, price_e4, size_e6)
            book.stamp(side, event.ts_event_ms, event.ts_recv_ns)
        best_bid_e4, best_ask_e4 = book.best_bid_e4, book.best_ask_e4
        if best_bid_e4 >= best_ask_e4:
            return self._void((event.market_id,), "book_crossed")
        # Compared first: mostly they agree, and this is done on every tick.
        if (event.best_bid_e4 != best_bid_e4 and event.best_bid_e4 not in {UNTOLD, NO_BID}) or (
            event.best_ask_e4 != best_ask_e4 and event.best_ask_e4 not in {UNTOLD, NO_ASK}
        ):
            return self._void((event.market_id,), "best_prices_differ")
        book.told_ms, book.told_hash = ts_event_ms, event.hash
        is_due = book.is_doubted
        if self._hash_every and event.hash:
            book.unproven += 1
            is_due = is_due or book.unproven >= self._hash_every
        return self.prove(event.market_id) if is_due else []

    def prove(self, market_id: MarketId) -> list[Action]:
        """Check what was last told of a book against it; a note if it came into doubt."""
        book = self.books[market_id]
        was_doubted = book.is_doubted
        is_doubted = self._proofs.check(self.markets[market_id], book)
        return [_doubted(market_id, "hash_differs")] if is_doubted and not was_doubted else []

    def prove_unproven(self, market_id: MarketId) -> list[Action]:
        """Before a book is traded on: check its last change, unless it was checked already."""
        return self.prove(market_id) if self._proofs.is_unproven(self.books[market_id]) else []

    def audit(self, event: BookAudited) -> list[Action]:
        """Compare a book with what REST shows of it; a note if it came into doubt or is wrong."""
        book = self.books.get(event.market_id)
        if book is None or not book.is_live:
            return []
        if self.markets[event.market_id].venue is Venue.KALSHI:
            return self._compare(book, event)
        was_doubted = book.is_doubted
        is_doubted = self._proofs.audit(book, event)
        return [_doubted(event.market_id, "audit_differs")] if is_doubted > was_doubted else []

    def doubt_due(self, market_id: MarketId) -> list[Action]:
        """A doubt had its time: what is not settled by now counts as a gap."""
        book = self.books.get(market_id)
        if book is None or not book.is_doubted:
            return []
        return self._void((market_id,), "doubt_not_settled")

    def _misplaced(self, book: Book, placing: Placing) -> list[Action]:
        """A change that is not applied: the snapshot has it, or nobody can tell."""
        if placing is Placing.CONTAINED:
            return []
        was_doubted = book.is_doubted
        if not self._proofs.doubt_late(book):
            return self._void((book.market_id,), "change_out_of_order")
        return [] if was_doubted else [_doubted(book.market_id, "change_out_of_order")]

    def last_trade(self, event: LastTrade) -> bool:
        """Remember the hidden input of the book hash; True if that settled a doubt."""
        book = self.books.get(event.market_id)
        if book is None:
            return False
        book.last_trade_price = event.price
        return book.is_doubted and self._proofs.traded(book)

    def void(self, event: BooksVoid) -> list[Action]:
        """The feed lost these books; it brings new snapshots by itself."""
        lost = tuple(market_id for market_id in event.market_ids if market_id in self.books)
        for market_id in lost:
            self.books[market_id].void()
            # Another subscription follows, perhaps after the clock was set back.
            self.books[market_id].clock_last = 0
        # A feed that was told to leave markets says so too: there is no book to be missed.
        return [_note(lost, event.reason)] if lost else []

    def _check(
        self, sid: int, seq: int, market_id: MarketId | None = None
    ) -> tuple[bool, list[Action]]:
        """(whether the frame is to be applied, what a gap makes necessary).

        A frame of a subscription that nobody began counts as a gap, and is not applied: what it
        missed before, and what it misses later, nobody would notice.
        """
        verdict = self._sequences.check(sid, seq)
        if verdict in (SequenceVerdict.GAP, SequenceVerdict.STRANGE):
            market_ids = self._sequences.markets(sid)
            if market_id is not None and market_id not in market_ids:
                # The frame says itself that its market hangs on this subscription.
                market_ids = (*market_ids, market_id)
            for suspect in market_ids:
                if suspect in self.books:
                    self.books[suspect].void()
            return verdict is SequenceVerdict.GAP, [
                _note(market_ids, "sequence_gap"),
                Resync(Venue.KALSHI, market_ids, "sequence_gap"),
            ]
        return verdict is SequenceVerdict.NEXT, []

    def _behind(self, event: BookSnapshot, book: Book) -> list[Action]:
        """A snapshot older than changes seen: a live book has them, a void one would miss them."""
        if book.is_live:
            return []
        # Once more; if the next is no newer, the clock was set back.
        book.clock_last = event.clock
        return [Resync(self.markets[event.market_id].venue, (event.market_id,), "snapshot_behind")]

    def _contained(self, event: LevelDelta, book: Book) -> list[Action]:
        """A change up to the snapshot's clock is in the book, unless the clock was set back."""
        if event.ts_recv_ns - book.snapshot_recv_ns <= CLOCK_RESET_NS:
            return []
        book.clock_last = 0
        return self._void((event.market_id,), "clock_set_back")

    def _compare(self, book: Book, event: BookAudited) -> list[Action]:
        """Kalshi: what differs here was not on its way, so the book is wrong, and why is a riddle.

        Sequence and clock said nothing: frames are read wrongly, or the venue lost a change.
        """
        wrong = book.differences(event.bids, event.asks, event.moved)
        if not wrong:
            return []
        fields = (
            ("event", "book_differs"),
            ("market_id", book.market_id),
            ("levels_count", len(wrong)),
            ("levels", "; ".join(_level_text(*level) for level in wrong[:LEVELS_TOLD])),
        )
        alarm = Note(NoteKind.ALARM, 0, fields)
        return [alarm, *self._void((book.market_id,), "audit_differs")]

    def _void(self, market_ids: tuple[MarketId, ...], reason: str) -> list[Action]:
        for market_id in market_ids:
            self.books[market_id].void()
        venue = self.markets[market_ids[0]].venue
        return [_note(market_ids, reason), Resync(venue, market_ids, reason)]


def _note(market_ids: tuple[MarketId, ...], reason: str) -> Note:
    fields = (("reason", reason), ("markets", ",".join(market_ids)))
    return Note(NoteKind.BOOK_VOID, 0, fields)


def _level_text(side: int, price_e4: int, ours_e6: int, theirs_e6: int) -> str:
    name = "bid" if side == BID else "ask"
    return f"{name} price_e4 {price_e4}: size_e6 {ours_e6} here, {theirs_e6} at the venue"


def _doubted(market_id: MarketId, reason: str) -> Note:
    return Note(NoteKind.BOOK_DOUBTED, 0, (("reason", reason), ("markets", market_id)))
