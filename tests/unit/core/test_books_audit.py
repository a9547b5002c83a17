"""A Kalshi book against what REST shows of it."""

import pytest

from tests.support.core import K, kalshi_market, only, snapshot
from twoleg.core.actions import Note, NoteKind, Resync
from twoleg.core.books import LEVELS_TOLD, Books
from twoleg.core.events import ASK, BID, BookAudited, BooksVoid, Level, Subscribed
from twoleg.core.market import MarketId, Venue

BIDS, ASKS = ((4_000, 10_000), (3_900, 20_000)), ((4_200, 10_000),)


@pytest.fixture
def books() -> Books:
    books = Books(0)
    books.change_market(kalshi_market())
    books.subscribed(Subscribed(Venue.KALSHI, 1, (K,)))
    books.snapshot(snapshot(K, list(BIDS), list(ASKS), sid=1, seq=1))
    return books


def test_book_that_agrees_stays(books: Books) -> None:
    assert books.audit(BookAudited(K, BIDS[::-1], ASKS, 0)) == []
    assert books.books[K].is_live


@pytest.mark.parametrize(
    ("bids", "asks", "level", "told"),
    [
        (BIDS[:1], ASKS, (BID, 3_900), "bid price_e4 3900: size_e6 20000 here, 0 at the venue"),
        (BIDS, (*ASKS, (4_300, 1)), (ASK, 4_300), "ask price_e4 4300: size_e6 0 here, 1 at"),
        (BIDS, ((4_200, 30_000),), (ASK, 4_200), "size_e6 10000 here, 30000 at the venue"),
    ],
)
def test_level_that_differs_voids_the_book_unless_it_moved(
    books: Books,
    bids: tuple[Level, ...],
    asks: tuple[Level, ...],
    level: tuple[int, int],
    told: str,
) -> None:
    assert books.audit(BookAudited(K, bids, asks, 0, moved=(level,))) == []
    other_side = ((1 - level[0], level[1]),)
    alarm, void, resync = books.audit(BookAudited(K, bids, asks, 0, moved=other_side))
    assert isinstance(alarm, Note)
    fields = dict(alarm.fields)
    assert (alarm.kind, fields["event"], fields["market_id"]) == (
        NoteKind.ALARM,
        "book_differs",
        K,
    )
    assert told in str(fields["levels"])
    assert isinstance(void, Note)
    assert dict(void.fields) == {"reason": "audit_differs", "markets": K}
    assert resync == Resync(Venue.KALSHI, (K,), "audit_differs")
    assert not books.books[K].is_live


def test_alarm_names_some_levels_and_counts_all(books: Books) -> None:
    strange = tuple((price_e4, 1) for price_e4 in range(100, 1_100, 100))
    actions = books.audit(BookAudited(K, (*BIDS, *strange), ASKS, 0))
    fields = dict(only(actions, Note)[0].fields)
    assert fields["levels_count"] == len(strange)
    assert str(fields["levels"]).count(";") == LEVELS_TOLD - 1


def test_void_or_unknown_book_is_not_compared(books: Books) -> None:
    assert books.audit(BookAudited(MarketId("kalshi:KXNONE"), (), ASKS, 0)) == []
    books.void(BooksVoid((K,), "disconnected"))
    assert books.audit(BookAudited(K, (), ASKS, 0)) == []
