"""All books, kept from both venues' frames, with their gap detection.

Kalshi numbers its frames per subscription, so a gap makes every book of that subscription
suspect. Polymarket does not; its changes carry the best prices after them, and sampled the hash
of the whole book. A suspect book is void until a snapshot, and nothing is decided on it meanwhile.
"""

from typing import Final

import msgspec

from twoleg.core.actions import Action, Note, NoteKind, Resync
from twoleg.core.book import NO_ASK, NO_BID, Book
from twoleg.core.bookhash import book_hash, decimal_text
from twoleg.core.events import (
    ASK,
    BID,
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
from twoleg.core.sequence import Sequences, SequenceVerdict

UNTOLD: Final = -1


class Books:
    """Markets by id, one book each; every method returns the actions that it makes necessary."""

    __slots__ = ("_hash_every", "_hash_holds", "_sequences", "_unchecked", "books", "markets")

    def __init__(self, hash_every: int) -> None:
        self.markets: dict[MarketId, Market] = {}
        self.books: dict[MarketId, Book] = {}
        self._sequences = Sequences()
        # 0: the Polymarket book hash is never checked; N: every Nth change of a market.
        self._hash_every = hash_every
        # Whether the last snapshot's hash could be reproduced: only then is a mismatch a gap.
        self._hash_holds: dict[MarketId, bool] = {}
        self._unchecked: dict[MarketId, int] = {}

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

    def change_grid(self, event: GridChanged) -> list[Action]:
        """A tick changed under us: new epoch, void until a snapshot."""
        market, book = self.markets.get(event.market_id), self.books.get(event.market_id)
        if market is None or book is None or market.grid == event.grid:
            return []
        return self.change_market(msgspec.structs.replace(market, grid=event.grid))

    def subscribed(self, event: Subscribed) -> list[Action]:
        """A subscription begins: numbers start again."""
        self._sequences.begin(event.sid, event.market_ids)
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
        is_dump = not book.is_live and market.venue is Venue.POLYMARKET
        if not book.replace(event.bids, event.asks):
            return [*actions, *self._void((event.market_id,), "snapshot_crossed")]
        # Kalshi tells when it sent a snapshot. A Polymarket dump may carry the time of the book's
        # last change, which on a quiet market says nothing about how late the feed runs.
        ts_event_ms = event.ts_recv_ns // 1_000_000 if is_dump else event.ts_event_ms
        book.stamp(BID, ts_event_ms, event.ts_recv_ns)
        book.stamp(ASK, ts_event_ms, event.ts_recv_ns)
        if event.last_trade_price:
            book.last_trade_price = event.last_trade_price
        if event.hash and self._hash_every:
            own = book_hash(market, book, event.ts_event_ms, book.last_trade_price)
            self._hash_holds[market.id] = own == event.hash
        return actions

    def delta(self, event: LevelDelta) -> list[Action]:
        """Change one level by a signed size (Kalshi)."""
        fresh, actions = self._check(event.sid, event.seq, event.market_id)
        book = self.books.get(event.market_id)
        if book is None or not fresh or not book.is_live:
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
        for side, price_e4, size_e6 in event.changes:
            book.set_level(side, price_e4, size_e6)
            book.stamp(side, event.ts_event_ms, event.ts_recv_ns)
        best_bid_e4, best_ask_e4 = book.best_bid_e4, book.best_ask_e4
        if best_bid_e4 >= best_ask_e4:
            return self._void((event.market_id,), "book_crossed")
        if event.best_bid_e4 not in (UNTOLD, NO_BID, best_bid_e4) or event.best_ask_e4 not in (
            UNTOLD,
            NO_ASK,
            best_ask_e4,
        ):
            return self._void((event.market_id,), "best_prices_differ")
        return self._sample_hash(event, book) if self._hash_every and event.hash else []

    def last_trade(self, event: LastTrade) -> list[Action]:
        """Remember the hidden input of the book hash."""
        book = self.books.get(event.market_id)
        if book is not None:
            book.last_trade_price = event.price
        return []

    def void(self, event: BooksVoid) -> list[Action]:
        """The feed lost these books; it brings new snapshots by itself."""
        for market_id in event.market_ids:
            if market_id in self.books:
                self.books[market_id].void()
        return [_note(event.market_ids, event.reason)]

    def _check(
        self, sid: int, seq: int, market_id: MarketId | None = None
    ) -> tuple[bool, list[Action]]:
        """(whether the frame is to be applied, what a gap makes necessary)."""
        verdict = self._sequences.check(sid, seq)
        if verdict is SequenceVerdict.GAP:
            market_ids = self._sequences.markets(sid)
            if market_id is not None and market_id not in market_ids:
                # The frame says itself that its market hangs on this subscription.
                market_ids = (*market_ids, market_id)
            for suspect in market_ids:
                if suspect in self.books:
                    self.books[suspect].void()
            return True, [
                _note(market_ids, "sequence_gap"),
                Resync(Venue.KALSHI, market_ids, "sequence_gap"),
            ]
        return verdict is SequenceVerdict.NEXT, []

    def _void(self, market_ids: tuple[MarketId, ...], reason: str) -> list[Action]:
        for market_id in market_ids:
            self.books[market_id].void()
        venue = self.markets[market_ids[0]].venue
        return [_note(market_ids, reason), Resync(venue, market_ids, reason)]

    def _sample_hash(self, event: LevelsSet, book: Book) -> list[Action]:
        count = self._unchecked.get(event.market_id, 0) + 1
        self._unchecked[event.market_id] = count % self._hash_every
        if count < self._hash_every or not self._hash_holds.get(event.market_id, False):
            return []
        market = self.markets[event.market_id]
        for trade in _trade_candidates(book.last_trade_price):
            if book_hash(market, book, event.ts_event_ms, trade) == event.hash:
                return []
        return self._void((event.market_id,), "hash_differs")


def _trade_candidates(last: str) -> tuple[str, ...]:
    """The last trade as told, and its mirror: a trade of NO is published at either price."""
    digits = last.partition(".")[2]
    whole = last.partition(".")[0]
    if not (digits.isdigit() and whole.isdigit()):
        return (last,)
    scale = len(digits)
    mirror = 10**scale - int(whole + digits)
    if mirror < 0:
        return (last,)
    text = decimal_text(mirror, scale)
    padded = text if "." in text else text + "."
    return (last, padded.ljust(len(last), "0"))


def _note(market_ids: tuple[MarketId, ...], reason: str) -> Note:
    fields = (("reason", reason), ("markets", ",".join(market_ids)))
    return Note(NoteKind.BOOK_VOID, 0, fields)
