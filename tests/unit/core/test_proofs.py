"""Doubts about Polymarket books: hidden inputs of the hash, order of frames, REST audits."""

import pytest
from msgspec import structs

from tests.support.core import (
    T0_MS,
    K,
    P,
    Rig,
    crossing_books,
    fires,
    notes,
    only,
    polymarket_market,
)
from twoleg.core.actions import Action, NoteKind, Resync, SetTimer
from twoleg.core.book import Book
from twoleg.core.bookhash import book_hash, trade_candidates
from twoleg.core.books import Books
from twoleg.core.events import (
    ASK,
    BID,
    BookAudited,
    BookSnapshot,
    BooksVoid,
    LastTrade,
    LevelsSet,
    TimerFired,
)
from twoleg.core.market import Direction, Polarity, Venue

NS = T0_MS * 1_000_000
MARKET = polymarket_market()
BIDS = ((4_000, 10_000),)
ASKS = ((4_200, 10_000),)
TRADE = "0.850"
Change = tuple[int, int, int]


class Truth:
    """The venue's own book; writes each frame with the hash of what is left after it."""

    def __init__(self) -> None:
        self.book = Book(P, MARKET.grid)
        self.book.replace(BIDS, ASKS)
        self.trade = TRADE
        self.ts_ms = T0_MS

    def hash(self) -> str:
        return book_hash(MARKET, self.book, self.ts_ms, self.trade)

    def dump(self) -> BookSnapshot:
        bids, asks = (tuple(self.book.levels(side)) for side in (BID, ASK))
        return BookSnapshot(
            P, bids, asks, self.ts_ms, NS, hash=self.hash(), last_trade_price=self.trade
        )

    def change(self, *changes: Change, after_ms: int = 10) -> LevelsSet:
        self.ts_ms += after_ms
        for change in changes:
            self.book.set_level(*change)
        return LevelsSet(P, changes, -1, -1, self.ts_ms, NS, self.hash())

    def audit(self) -> BookAudited:
        bids, asks = (tuple(self.book.levels(side)) for side in (BID, ASK))
        return BookAudited(P, bids, asks, self.ts_ms)


def begun(hash_every: int = 1) -> tuple[Truth, Books, Book]:
    truth, books = Truth(), Books(hash_every)
    books.change_market(MARKET)
    assert books.snapshot(truth.dump()) == []
    return truth, books, books.books[P]


def state(book: Book) -> tuple[bool, bool]:
    return book.is_live, book.is_doubted


def reasons(actions: list[Action]) -> list[str]:
    return [action.reason for action in only(actions, Resync)]


def doubts(actions: list[Action]) -> list[object]:
    return [fields["reason"] for fields in notes(actions, NoteKind.BOOK_DOUBTED)]


@pytest.mark.parametrize(
    ("last", "candidates"),
    [
        ("", ("",)),
        ("0.85", ("0.85", "0.850", "0.8500", "0.150", "0.1500")),
        ("0.024", ("0.024", "0.0240", "0.976", "0.9760")),
        ("1", ("1", "1.000", "1.0000", "0.000", "0.0000")),
        ("0.12345", ("0.12345", "0.87655")),
        ("1.5", ("1.5",)),
        ("-0.5", ("-0.5",)),
        ("²", ("²",)),
    ],
)
def test_trade_candidates_are_both_sides_with_three_and_four_decimals(
    last: str, candidates: tuple[str, ...]
) -> None:
    assert trade_candidates(last) == candidates


def test_hash_of_a_trade_that_is_told_later_is_in_doubt_until_then() -> None:
    truth, books, book = begun()
    truth.trade = "0.976"
    assert doubts(books.levels(truth.change((BID, 4_100, 20_000)))) == ["hash_differs"]
    assert state(book) == (True, True)
    assert not books.last_trade(LastTrade(P, "0.5"))
    assert state(book) == (True, True)
    assert books.last_trade(LastTrade(P, "0.024"))
    assert state(book) == (True, False)
    assert books.doubt_due(P) == []


def test_doubt_is_settled_by_the_next_hash_that_agrees() -> None:
    truth, books, book = begun()
    odd = structs.replace(truth.change((BID, 4_100, 20_000)), hash="1" * 40)
    books.levels(odd)
    assert book.is_doubted
    assert books.levels(truth.change((BID, 4_100, 30_000))) == []
    assert not book.is_doubted


def test_doubt_is_told_once_and_settled_by_a_snapshot() -> None:
    truth, books, book = begun()
    truth.change((BID, 4_100, 20_000))
    assert doubts(books.levels(truth.change((BID, 3_900, 1_000)))) == ["hash_differs"]
    assert books.levels(truth.change((BID, 3_900, 2_000))) == []
    assert book.is_doubted
    books.snapshot(truth.dump())
    assert not book.is_doubted


def test_hash_of_a_market_becomes_provable_again_with_the_first_that_agrees() -> None:
    truth, books, book = begun()
    books.snapshot(structs.replace(truth.dump(), hash="1" * 40))
    lost = truth.change((BID, 4_100, 20_000))
    books.levels(structs.replace(lost, hash="2" * 40))
    assert not book.is_doubted
    for number in range(10):
        books.levels(truth.change((BID, 4_100, 30_000 + number)))
    books.levels(structs.replace(truth.change((BID, 4_100, 40_000)), hash="3" * 40))
    assert book.is_doubted


def test_book_is_proven_before_it_is_traded_on() -> None:
    truth, books, book = begun(hash_every=100)
    assert books.prove_unproven(P) == []
    books.levels(truth.change((BID, 4_100, 20_000)))
    assert books.prove_unproven(P) == []
    truth.change((BID, 3_900, 1_000))
    books.levels(truth.change((BID, 4_100, 30_000)))
    assert not book.is_doubted
    assert doubts(books.prove_unproven(P)) == ["hash_differs"]


def test_change_without_a_hash_leaves_nothing_to_prove() -> None:
    truth, books, book = begun(hash_every=100)
    books.levels(structs.replace(truth.change((BID, 4_100, 20_000)), hash=""))
    assert books.prove_unproven(P) == []
    assert not book.is_doubted


# -- the order of frames --------------------------------------------------------------------


def test_change_older_than_the_snapshot_is_contained_in_it() -> None:
    truth, books, book = begun()
    late = truth.change((BID, 4_100, 20_000))
    truth.change((BID, 4_100, 0))
    books.snapshot(truth.dump())
    assert books.levels(late) == []
    assert book.size_at(BID, 4_100) == 0


def test_change_that_a_snapshot_wrongly_seems_to_contain_is_found_by_the_next_hash() -> None:
    truth, books, _ = begun(hash_every=100)
    # A dump that carries its own time, not that of the book's last change.
    truth.ts_ms += 15
    books.snapshot(truth.dump())
    truth.ts_ms -= 15
    assert books.levels(truth.change((BID, 4_100, 20_000))) == []
    assert doubts(books.levels(truth.change((BID, 3_900, 1_000)))) == ["hash_differs"]


def test_change_of_the_snapshots_millisecond_is_applied_only_if_it_is_not_in_it() -> None:
    truth, books, book = begun(hash_every=100)
    first = truth.change((BID, 4_100, 20_000))
    books.snapshot(truth.dump())
    assert books.levels(first) == []
    assert books.levels(truth.change((BID, 4_100, 30_000), after_ms=0)) == []
    assert (book.size_at(BID, 4_100), book.is_doubted) == (30_000, False)


def test_change_of_the_snapshots_millisecond_without_a_hash_is_applied() -> None:
    truth, books, book = begun(hash_every=0)
    books.levels(truth.change((BID, 4_100, 30_000), after_ms=0))
    assert book.size_at(BID, 4_100) == 30_000


def test_late_change_is_not_applied_and_doubted_until_the_next_hash() -> None:
    truth, books, book = begun()
    late = truth.change((BID, 4_100, 20_000))
    books.levels(late)
    books.levels(truth.change((BID, 4_100, 30_000)))
    assert doubts(books.levels(late)) == ["change_out_of_order"]
    assert books.levels(late) == []
    assert book.size_at(BID, 4_100) == 30_000
    books.levels(truth.change((BID, 4_100, 40_000)))
    assert not book.is_doubted


def test_late_change_of_a_book_that_no_hash_can_prove_voids_it() -> None:
    truth, books, book = begun(hash_every=0)
    late = truth.change((BID, 4_100, 20_000))
    books.levels(truth.change((BID, 4_100, 30_000)))
    assert reasons(books.levels(late)) == ["change_out_of_order"]
    assert not book.is_live


def test_late_snapshot_does_not_undo_later_changes() -> None:
    truth, books, book = begun()
    dump = truth.dump()
    books.levels(truth.change((BID, 4_100, 20_000)))
    assert books.snapshot(dump) == []
    assert book.size_at(BID, 4_100) == 20_000


# -- audits ---------------------------------------------------------------------------------


def test_audit_that_agrees_changes_nothing_and_settles_a_doubt() -> None:
    truth, books, book = begun()
    books.levels(structs.replace(truth.change((BID, 4_100, 20_000)), hash="1" * 40))
    assert book.is_doubted
    assert books.audit(truth.audit()) == []
    assert not book.is_doubted


def test_audit_older_than_the_stream_says_nothing() -> None:
    truth, books, book = begun()
    old = truth.audit()
    books.levels(truth.change((BID, 4_100, 20_000)))
    assert books.audit(old) == []
    assert not book.is_doubted


@pytest.mark.parametrize("hash_every", [0, 1])
def test_audit_that_is_ahead_waits_for_the_stream(hash_every: int) -> None:
    truth, books, book = begun(hash_every)
    first, second = truth.change((BID, 4_100, 20_000)), truth.change((BID, 4_100, 30_000))
    assert doubts(books.audit(truth.audit())) == ["audit_differs"]
    assert books.audit(truth.audit()) == []
    books.levels(first)
    assert book.is_doubted
    books.levels(second)
    assert (book.is_doubted, book.is_live) == (False, True)


def test_audit_that_the_stream_passes_without_showing_it_voids_the_book() -> None:
    truth, books, book = begun(hash_every=0)
    truth.change((BID, 4_100, 20_000))
    books.audit(truth.audit())
    assert reasons(books.levels(truth.change((BID, 3_900, 1_000)))) == ["audit_differs"]
    assert not book.is_live


def test_audit_that_the_stream_reaches_by_another_way_settles_before_the_next_change() -> None:
    truth, books, book = begun(hash_every=0)
    before = truth.audit()
    books.audit(structs.replace(before, bids=()))
    assert book.is_doubted
    # The venue's clock stamps answers, not changes: the same book, told again later.
    books.audit(structs.replace(before, ts_event_ms=T0_MS + 5))
    assert not book.is_doubted


def test_audit_that_stays_ahead_voids_the_book_in_the_end() -> None:
    truth, books, book = begun()
    truth.change((ASK, 4_200, 0))
    books.audit(truth.audit())
    assert book.is_live
    assert reasons(books.doubt_due(P)) == ["doubt_not_settled"]
    assert not book.is_live


def test_hash_that_agrees_before_the_time_of_the_audit_leaves_the_doubt() -> None:
    truth, books, book = begun()
    first = truth.change((BID, 4_100, 20_000))
    truth.change((BID, 4_100, 30_000))
    books.audit(truth.audit())
    books.levels(first)
    assert book.is_doubted


def test_trade_price_settles_no_audit() -> None:
    truth, books, book = begun()
    truth.change((BID, 4_100, 20_000))
    books.audit(truth.audit())
    assert not books.last_trade(LastTrade(P, "0.5"))
    assert book.is_doubted


def test_audit_of_a_void_or_unknown_book_is_ignored() -> None:
    truth, books, _ = begun()
    books.void(BooksVoid((P,), "lost"))
    assert books.audit(truth.audit()) == []
    assert Books(1).audit(truth.audit()) == []
    assert Books(1).doubt_due(P) == []


# -- the engine -----------------------------------------------------------------------------


def rig_in_doubt() -> tuple[Rig, BookSnapshot, LevelsSet]:
    """A rig whose Polymarket book was proven once; what Kalshi must show, and a change that lies."""
    rig = Rig(hash_every=1_000)
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES)
    told = rig.book(P, *polymarket)
    book = Book(P, rig.polymarket.grid)
    book.replace(*polymarket)
    rig.send(structs.replace(told, hash=book_hash(rig.polymarket, book, told.ts_event_ms, "")))
    lie = LevelsSet(P, (), -1, -1, told.ts_event_ms + 1, told.ts_recv_ns, "1" * 40)
    return rig, rig.book(K, *kalshi), lie


def test_book_whose_last_hash_differs_is_not_traded_on_and_resynced_after_a_second() -> None:
    rig, kalshi, lie = rig_in_doubt()
    rig.send(lie)
    actions = rig.send(kalshi)
    assert (fires(actions), doubts(list(actions))) == ([], ["hash_differs"])
    assert only(actions, SetTimer) == [SetTimer(f"doubt:{P}", rig.now_ns + 1_000_000_000)]
    assert fires(rig.send(kalshi)) == []
    rig.pass_ms(1_000)
    late = rig.send(TimerFired(f"doubt:{P}"))
    assert only(late, Resync) == [Resync(Venue.POLYMARKET, (P,), "doubt_not_settled")]


def test_book_is_traded_on_as_soon_as_a_trade_explains_its_hash() -> None:
    rig, kalshi, lie = rig_in_doubt()
    book = rig.engine.books().books[P]
    explained = book_hash(rig.polymarket, book, lie.ts_event_ms, "0.976")
    rig.send(structs.replace(lie, hash=explained))
    assert fires(rig.send(kalshi)) == []
    assert len(fires(rig.send(LastTrade(P, "0.024")))) == 1


def test_book_that_its_hash_proves_is_traded_on() -> None:
    rig, kalshi, lie = rig_in_doubt()
    book = rig.engine.books().books[P]
    rig.send(structs.replace(lie, hash=book_hash(rig.polymarket, book, lie.ts_event_ms, "")))
    assert len(fires(rig.send(kalshi))) == 1


def test_audit_that_differs_sets_its_timer_once() -> None:
    rig, kalshi, lie = rig_in_doubt()
    ahead = BookAudited(P, (), (), lie.ts_event_ms + 5)
    assert only(rig.send(ahead), SetTimer) == [SetTimer(f"doubt:{P}", rig.now_ns + 1_000_000_000)]
    assert list(rig.send(ahead)) == []
    assert fires(rig.send(kalshi)) == []


@pytest.mark.parametrize("event", [LastTrade(P, "0.5"), TimerFired(f"doubt:{P}")])
def test_news_without_a_doubt_are_no_reason_to_act(event: object) -> None:
    rig, _, _ = rig_in_doubt()
    assert list(rig.send(event)) == []


def test_change_that_crosses_the_book_is_resynced_without_a_timer() -> None:
    rig, _, lie = rig_in_doubt()
    crossed = structs.replace(lie, changes=((BID, 9_900, 1_000_000),))
    actions = rig.send(crossed)
    assert only(actions, Resync) == [Resync(Venue.POLYMARKET, (P,), "book_crossed")]
    assert only(actions, SetTimer) == []
