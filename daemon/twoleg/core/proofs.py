"""Whether a Polymarket book is what the venue has: order of frames, book hashes, REST audits.

Its frames carry no numbers. What speaks against a book without proving it wrong puts the book in
doubt: nothing starts on it until it is proven, replaced, or void after `DOUBT_NS_MAX`.
"""

from enum import Enum
from typing import Final

from twoleg.core.book import Book
from twoleg.core.bookhash import book_text, is_explained
from twoleg.core.events import BookAudited, LevelsSet
from twoleg.core.market import Market, MarketId

DOUBT_NS_MAX: Final = 1_000_000_000
"""How long a doubt may last. The trade that explains a hash comes milliseconds after the change
(live session of 2026-08-16), and so does a frame that REST has overtaken."""


UNPROVABLE_PAUSE: Final = 9
"""How many checks of a market are left out after one whose hash could not be reproduced at all."""


class Placing(Enum):
    """What a change is, by its venue time, to a book that was told of that time or later."""

    NEXT = "next"
    CONTAINED = "contained"
    """The snapshot has it already."""
    LATE = "late"
    """Changes after it were applied: whether it is contained cannot be told."""


class _Doubt:
    """What speaks against one book."""

    __slots__ = ("audit", "hash", "text")

    def __init__(self) -> None:
        # The book as it is hashed, and the hash told with it that no known trade explains.
        self.text = ""
        self.hash = ""
        # What REST showed of it and the stream has not caught up with.
        self.audit: BookAudited | None = None


class Proofs:
    """Puts books in doubt and clears them; the caller voids what is wrong."""

    __slots__ = ("_doubts", "_hash_every", "_provable")

    def __init__(self, hash_every: int) -> None:
        # 0: hashes are never checked; N: every Nth change of a market, and before it is traded.
        self._hash_every = hash_every
        # Markets of which a hash could be reproduced: only then is a mismatch a gap.
        self._provable: set[MarketId] = set()
        self._doubts: dict[MarketId, _Doubt] = {}

    def snapshot_taken(self, market: Market, book: Book, ts_event_ms: int, told_hash: str) -> None:
        """A snapshot replaced the book: all doubts are settled."""
        self._settle(book)
        book.told_ms = book.snapshot_ms = ts_event_ms
        book.told_hash = told_hash
        book.unproven = 0
        if not told_hash or not self._hash_every:
            return
        if is_explained(book_text(market, book, ts_event_ms), book.last_trade_price, told_hash):
            self._provable.add(market.id)
        else:
            self._provable.discard(market.id)

    def place(self, market: Market, book: Book, event: LevelsSet) -> Placing:
        """Judge a change that is older than what was told, or of the snapshot's millisecond."""
        ts_event_ms = event.ts_event_ms
        if ts_event_ms < book.snapshot_ms:
            # Should that be wrong, then the hash of the next change tells.
            book.unproven = self._hash_every
            return Placing.CONTAINED
        if ts_event_ms < book.told_ms:
            return Placing.LATE
        if ts_event_ms == book.snapshot_ms and event.hash and self._is_provable(book):
            # Before or after the snapshot within one millisecond: the hash is of the book after
            # this change, so a book that has it already holds the change.
            text = book_text(market, book, ts_event_ms)
            if is_explained(text, book.last_trade_price, event.hash):
                return Placing.CONTAINED
            book.unproven = self._hash_every
        return Placing.NEXT

    def doubt_late(self, book: Book) -> bool:
        """A change came after later ones; False if no hash can tell what that means."""
        if not self._is_provable(book):
            return False
        self._doubt(book)
        return True

    def is_unproven(self, book: Book) -> bool:
        """Whether the last change came with a hash that was not checked, and could be."""
        return bool(book.unproven and book.told_hash) and self._is_provable(book)

    def check(self, market: Market, book: Book) -> bool:
        """Compare the book with the last hash told and with an open audit; True if in doubt."""
        doubt = self._doubts.get(market.id)
        audit = doubt.audit if doubt is not None else None
        if audit is not None and book.is_same(audit.bids, audit.asks):
            self._settle(book)
        if not self._hash_every or not book.told_hash:
            return book.is_doubted
        book.unproven = 0
        text = book_text(market, book, book.told_ms)
        if is_explained(text, book.last_trade_price, book.told_hash):
            self._provable.add(market.id)
            if audit is None or book.told_ms >= audit.ts_event_ms:
                self._settle(book)
        elif market.id in self._provable:
            doubt = self._doubt(book)
            doubt.text, doubt.hash = text, book.told_hash
        else:
            # Not likely to be reproduced next time either, and dear to try.
            book.unproven = -UNPROVABLE_PAUSE * self._hash_every
        return book.is_doubted

    def traded(self, book: Book) -> bool:
        """A newer trade price is known; True if it explains the hash that was in doubt."""
        doubt = self._doubts.get(book.market_id)
        if doubt is None or doubt.audit is not None or not doubt.text:
            return False
        if not is_explained(doubt.text, book.last_trade_price, doubt.hash):
            return False
        self._settle(book)
        return True

    def audit(self, book: Book, event: BookAudited) -> bool:
        """Compare a live book with what REST shows; True if in doubt.

        A book that has moved on since says nothing. One that REST is ahead of waits for the
        stream: a frame of the time in between may be on its way.
        """
        if event.ts_event_ms < book.told_ms:
            return book.is_doubted
        if book.is_same(event.bids, event.asks):
            self._settle(book)
        else:
            self._doubt(book).audit = event
        return book.is_doubted

    def is_refuted(self, book: Book, ts_event_ms: int) -> bool:
        """Whether the stream passed the time of an open audit without showing what it showed.

        A change that did show it would have settled the doubt when it was checked.
        """
        doubt = self._doubts.get(book.market_id)
        if doubt is None or doubt.audit is None:
            return False
        return ts_event_ms > doubt.audit.ts_event_ms

    def forget(self, market_id: MarketId) -> None:
        """Know nothing of a market any more."""
        self._provable.discard(market_id)
        self._doubts.pop(market_id, None)

    def _is_provable(self, book: Book) -> bool:
        return self._hash_every > 0 and book.market_id in self._provable

    def _doubt(self, book: Book) -> _Doubt:
        book.is_doubted = True
        return self._doubts.setdefault(book.market_id, _Doubt())

    def _settle(self, book: Book) -> None:
        book.is_doubted = False
        self._doubts.pop(book.market_id, None)
