"""The book against a naive one: a dict of sizes, sorted whenever somebody looks."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.core import CENT, T0_MS, K, P, kalshi_market, polymarket_market
from twoleg.core.book import Book
from twoleg.core.books import Books
from twoleg.core.events import (
    ASK,
    BID,
    BookSnapshot,
    BooksVoid,
    LevelDelta,
    LevelsSet,
    SequenceSeen,
    Subscribed,
)
from twoleg.core.market import Outcome, Side, Venue

PRICES = st.integers(0, 100).map(lambda cents: cents * 100)
SIZES = st.integers(0, 5).map(lambda lots: lots * 10_000)
# A venue tells each level once.
LEVELS = st.lists(st.tuples(PRICES, SIZES), max_size=6, unique_by=lambda level: level[0])
SIDES = st.sampled_from((BID, ASK))


class Naive:
    """What a reader of the venue's documentation would write."""

    def __init__(self) -> None:
        self.sizes: dict[tuple[int, int], int] = {}
        self.live = False

    def snapshot(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        self.sizes = {(BID, price): size for price, size in bids}
        self.sizes.update({(ASK, price): size for price, size in asks})
        self.live = not self.is_crossed()

    def is_crossed(self) -> bool:
        bids, asks = self.side(BID), self.side(ASK)
        return bool(bids and asks and max(bids)[0] >= min(asks)[0])

    def side(self, side: int) -> list[tuple[int, int]]:
        """Levels with a size at a price that is one, ascending."""
        return sorted(
            (price, size)
            for (at, price), size in self.sizes.items()
            if at == side and size > 0 and 0 < price < 10_000
        )

    def void(self) -> None:
        self.sizes, self.live = {}, False


class KalshiFeed:
    """One method per kind of frame; each goes to the books and to the naive model."""

    def __init__(self) -> None:
        self.books, self.naive, self.seq = Books(0), Naive(), 0
        self.books.change_market(kalshi_market())
        self.books.subscribed(Subscribed(Venue.KALSHI, 7, (K,)))

    def send_delta(self, side: int, price: int, delta: int) -> None:
        self.books.delta(LevelDelta(K, side, price, delta, T0_MS, T0_MS * 10**6, 7, self.seq))

    def snapshot(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        self.seq += 1
        sides = (tuple(bids), tuple(asks))
        self.books.snapshot(BookSnapshot(K, *sides, T0_MS, T0_MS * 10**6, 7, self.seq))
        self.naive.snapshot(bids, asks)

    def delta(self, side: int, price: int, delta: int) -> None:
        self.seq += 1
        self.send_delta(side, price, delta)
        # A price of 0 or 1 is no quote: nothing rests there.
        if self.naive.live and 0 < price < 10_000:
            size = self.naive.sizes.get((side, price), 0) + delta
            self.naive.sizes[side, price] = size
            if size < 0 or self.naive.is_crossed():
                self.naive.void()

    def control(self) -> None:
        self.seq += 1
        assert self.books.saw_sequence(SequenceSeen(Venue.KALSHI, 7, self.seq)) == []

    def duplicate(self) -> None:
        if self.seq:
            self.send_delta(BID, 100, 10_000)

    def gap(self, missing: int) -> None:
        self.seq += missing
        self.send_delta(BID, 100, 10_000)
        self.naive.void()

    def backwards(self, back: int) -> None:
        if self.seq > back:
            self.gap(-back)

    def void(self) -> None:
        self.books.void(BooksVoid((K,), "disconnected"))
        self.naive.void()


def assert_same(book: Book, naive: Naive) -> None:
    assert book.is_live == naive.live
    if not naive.live:
        return
    bids, asks = naive.side(BID), naive.side(ASK)
    assert book.levels(BID) == bids[::-1]
    assert book.levels(ASK) == asks
    assert book.best_bid_e4 == (bids[-1][0] if bids else 0)
    assert book.best_ask_e4 == (asks[0][0] if asks else 10_000)
    mirrored = [(10_000 - price, size) for price, size in bids[::-1]]
    assert book.ladder(Outcome.YES, Side.BUY, 99) == asks
    assert book.ladder(Outcome.YES, Side.SELL, 99) == bids[::-1]
    assert book.ladder(Outcome.NO, Side.BUY, 99) == mirrored
    assert book.ladder(Outcome.NO, Side.SELL, 99) == [
        (10_000 - price, size) for price, size in asks
    ]
    assert book.bid_for(Outcome.NO) == 10_000 - book.best_ask_e4
    assert book.bid_for(Outcome.YES) == book.best_bid_e4


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("snapshot"), LEVELS, LEVELS),
            st.tuples(
                st.just("delta"),
                SIDES,
                PRICES,
                st.integers(-5, 5).filter(bool).map(lambda lots: lots * 10_000),
            ),
            st.tuples(st.just("control")),
            st.tuples(st.just("duplicate")),
            st.tuples(st.just("gap"), st.integers(2, 9)),
            st.tuples(st.just("backwards"), st.integers(1, 3)),
            st.tuples(st.just("void")),
        ),
        max_size=40,
    )
)
def test_kalshi_book_under_any_frames_equals_the_naive_one(frames: list[tuple]) -> None:
    feed = KalshiFeed()
    for kind, *rest in frames:
        getattr(feed, kind)(*rest)
        assert_same(feed.books.books[K], feed.naive)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("snapshot"), LEVELS, LEVELS),
            st.tuples(st.just("levels"), st.lists(st.tuples(SIDES, PRICES, SIZES), max_size=4)),
            st.tuples(st.just("wrong_top"), SIDES),
            st.tuples(st.just("void")),
        ),
        max_size=40,
    )
)
def test_polymarket_book_under_any_frames_equals_the_naive_one(frames: list[tuple]) -> None:
    books, naive = Books(0), Naive()
    books.change_market(polymarket_market())
    book = books.books[P]
    for kind, *rest in frames:
        if kind == "snapshot":
            bids, asks = rest
            books.snapshot(BookSnapshot(P, tuple(bids), tuple(asks), T0_MS, T0_MS * 10**6))
            naive.snapshot(bids, asks)
        elif kind == "levels":
            if naive.live:
                for side, price, size in rest[0]:
                    naive.sizes[side, price] = size
                if naive.is_crossed():
                    naive.void()
            bids, asks = naive.side(BID), naive.side(ASK)
            best_bid = bids[-1][0] if bids else -1
            best_ask = asks[0][0] if asks else -1
            stamp = (T0_MS, T0_MS * 10**6)
            books.levels(LevelsSet(P, tuple(rest[0]), best_bid, best_ask, *stamp))
        elif kind == "wrong_top":
            top = (book.best_bid_e4 + 100, -1) if rest[0] == BID else (-1, book.best_ask_e4 - 100)
            if 0 < max(top) < 10_000:
                books.levels(LevelsSet(P, (), *top, T0_MS, T0_MS * 10**6))
                naive.void()
        else:
            books.void(BooksVoid((P,), "silent"))
            naive.void()
        assert_same(book, naive)


@given(
    levels=LEVELS,
    takes=st.lists(st.tuples(SIDES, PRICES, SIZES), max_size=5),
    forgets=st.booleans(),
)
def test_taken_depth_is_subtracted_once_and_comes_back_when_forgotten(
    levels: list[tuple[int, int]], takes: list[tuple[int, int, int]], *, forgets: bool
) -> None:
    book = Book(K, CENT)
    bids = [(price // 2, size) for price, size in levels]
    asks = [(5_100 + price // 4, size) for price, size in levels]
    book.replace(bids, asks)
    naive = {BID: dict(book.levels(BID)), ASK: dict(book.levels(ASK))}
    for side, limit, size in takes:
        book.take(side, limit, size)
        left = size
        for price in sorted(naive[side], reverse=side == BID):
            within = price >= limit if side == BID else price <= limit
            part = min(left, naive[side][price]) if within else 0
            naive[side][price] -= part
            left -= part
    if forgets:
        book.forget_taken()
        naive = {BID: dict(book.levels(BID)), ASK: dict(book.levels(ASK))}
    for side, outcome in ((BID, Side.SELL), (ASK, Side.BUY)):
        shown = sorted((price, size) for price, size in naive[side].items() if size > 0)
        assert sorted(book.ladder(Outcome.YES, outcome, 99)) == shown
