"""Markets that nobody follows any more: their book is dropped, and what comes late is nobody's."""

import pytest

from tests.support.core import (
    ONE,
    PAIR_ID,
    K,
    P,
    Rig,
    crossing_books,
    fires,
    kalshi_market,
    make_pair,
    notes,
    polymarket_market,
    snapshot,
)
from tests.support.exits import fire
from twoleg.core.actions import NoteKind
from twoleg.core.events import (
    ASK,
    BID,
    AnswerStatus,
    BookAudited,
    BooksVoid,
    Event,
    ExecutionForgotten,
    GridChanged,
    LastTrade,
    LevelDelta,
    LevelsSet,
    MarketBarred,
    MarketChanged,
    MarketResolved,
    PairsChanged,
    PairsLeft,
    PositionReported,
    SequenceSeen,
    Subscribed,
    TimerFired,
)
from twoleg.core.market import Direction, MarketId, PairId, Polarity, PriceGrid
from twoleg.errors import InvariantBroken

P2 = MarketId("polymarket:0xb")


def leave(rig: Rig, *market_ids: MarketId) -> None:
    rig.send(PairsChanged(()))
    assert list(rig.send(PairsLeft((PAIR_ID,), market_ids or (K, P)))) == []


def come_back(rig: Rig) -> None:
    rig.send(MarketChanged(rig.kalshi))
    rig.send(MarketChanged(rig.polymarket))
    rig.send(PairsChanged((rig.pair,)))


LATE: dict[str, Event] = {
    "delta": LevelDelta(K, BID, 4_100, ONE, 1, 1, 7, 2),
    "control frame": SequenceSeen(kalshi_market().venue, 7, 2),
    "snapshot": snapshot(P, [(4_000, ONE)], [(4_100, ONE)], now_ns=1),
    "levels": LevelsSet(P, ((ASK, 4_100, ONE),), 4_000, 4_100, 1, 1),
    "trade": LastTrade(P, "0.41"),
    "audit": BookAudited(K, ((4_000, ONE),), (), 0),
    "grid": GridChanged(P, PriceGrid.uniform(10)),
    "what its feed says of it": BooksVoid((K, P), "unfollowed"),
    "timer of a doubt": TimerFired(f"doubt:{P}"),
    "timer of an edge": TimerFired(f"edge:{PAIR_ID}"),
}


@pytest.mark.parametrize("kind", LATE)
def test_late_frame_is_ignored_and_is_no_gap(kind: str) -> None:
    rig = Rig()
    rig.send(Subscribed(kalshi_market().venue, 7, (K,)))
    rig.send(SequenceSeen(kalshi_market().venue, 7, 1))
    leave(rig)
    assert list(rig.send(LATE[kind])) == []
    books = rig.engine.books()
    assert (books.books, books.markets) == ({}, {})
    # Its number was counted: what follows on that subscription is no gap either.
    if kind in {"delta", "control frame"}:
        assert list(rig.send(SequenceSeen(kalshi_market().venue, 7, 3))) == []


def test_only_the_books_that_there_are_count_as_lost() -> None:
    rig = Rig()
    leave(rig, P)
    rig.send(BooksVoid((K, P), "disconnected"))
    assert [fields["markets"] for fields in notes(rig.seen, NoteKind.BOOK_VOID)] == [K]


def test_market_that_is_followed_again_begins_anew() -> None:
    rig = Rig()
    rig.quote(size_e6=0)
    rig.send(PositionReported(K, 5 * ONE, 0))
    rig.send(MarketBarred(K, "difference", is_barred=True))
    rig.send(MarketBarred(P, "stranger", is_barred=True))
    assert rig.engine.carry_e6(PAIR_ID) == 5 * ONE
    leave(rig)
    come_back(rig)
    assert rig.engine.carry_e6(PAIR_ID) == 0
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES, size_e6=100 * ONE)
    assert not fires(rig.send(rig.book(K, *kalshi)))
    assert fires(rig.send(rig.book(P, *polymarket)))


def test_market_of_another_pair_is_traded_on() -> None:
    rig = Rig()
    other = make_pair(polymarket=P2, pair_id=PairId("other"))
    rig.send(MarketChanged(polymarket_market(P2)))
    rig.send(PairsChanged((rig.pair, other)))
    rig.send(PairsChanged((other,)))
    rig.send(PairsLeft((PAIR_ID,), (P,)))
    kalshi, polymarket = crossing_books(Polarity.SAME, Direction.KALSHI_YES, size_e6=100 * ONE)
    rig.send(rig.book(K, *kalshi))
    (shot,) = fires(rig.send(rig.book(P2, *polymarket)))
    assert shot.pair_id == other.id


@pytest.mark.parametrize("is_open", [True, False])
def test_market_of_an_execution_is_never_left(is_open: bool) -> None:  # noqa: FBT001 - a case
    rig = Rig()
    legs = fire(rig)
    if not is_open:
        for order in legs:
            rig.answer(order, AnswerStatus.MISSED)
    assert rig.engine.execution_markets() == {K, P}
    rig.send(PairsChanged(()))
    with pytest.raises(InvariantBroken, match="markets left"):
        rig.send(PairsLeft((PAIR_ID,), (K, P)))
    if is_open:
        return
    rig.send(ExecutionForgotten(1))
    assert rig.engine.execution_markets() == set()
    leave(rig)


def test_end_of_a_market_that_left_is_forgotten() -> None:
    rig = Rig()
    rig.send(MarketResolved(K))
    leave(rig)
    assert rig.executions._resolved == set()
