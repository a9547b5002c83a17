"""Prices that speak against a pair: how far apart, for how long, on which books."""

import pytest

from tests.support.core import K, make_pair
from twoleg.core.book import Book
from twoleg.core.gap import (
    POLARITY_CONTRADICTED,
    PRICE_GAP,
    GapLimits,
    Gaps,
    look_at,
)
from twoleg.core.market import Pair, PairId, Polarity, PriceGrid

S = 1_000_000_000
LIMITS = GapLimits()
EVERY_S = 5


def book_of(mid_e4: int, *, spread_e4: int = 200) -> Book:
    book = Book(K, PriceGrid.uniform(1))
    half = spread_e4 // 2
    book.replace([(mid_e4 - half, 10**8)], [(mid_e4 + half, 10**8)])
    return book


def pair_of(polarity: Polarity = Polarity.SAME) -> Pair:
    return make_pair(polarity)


class Watch:
    """Looks every five seconds; `seconds` until it said why, or None."""

    def __init__(self, polarity: Polarity = Polarity.SAME) -> None:
        self.gaps = Gaps()
        self.pair = pair_of(polarity)
        self.now_s = 0

    def over(self, seconds: int, kalshi: Book, polymarket: Book) -> tuple[str, int]:
        for passed_s in range(0, seconds + 1, EVERY_S):
            now_ns = (self.now_s + passed_s) * S
            reason = self.gaps.look(self.pair, (kalshi, polymarket), LIMITS, now_ns)
            if reason:
                return reason, passed_s
        self.now_s += seconds
        return "", seconds


@pytest.mark.parametrize(
    ("polarity", "kalshi_e4", "polymarket_e4", "expected"),
    [
        # Twelve cents are let be, more is not; 0.40 and 0.53 are no opposites.
        (Polarity.SAME, 4_000, 5_200, ("", 3_600)),
        (Polarity.SAME, 4_000, 5_201, (PRICE_GAP, 300)),
        (Polarity.SAME, 5_300, 4_000, (PRICE_GAP, 300)),
        (Polarity.INVERSE, 4_000, 4_800, ("", 3_600)),
        (Polarity.INVERSE, 4_000, 4_700, (PRICE_GAP, 300)),
        # YES taken for NO: 0.80 and 0.20, give or take three cents.
        (Polarity.SAME, 8_000, 2_000, (POLARITY_CONTRADICTED, 30)),
        (Polarity.SAME, 8_000, 2_300, (POLARITY_CONTRADICTED, 30)),
        (Polarity.SAME, 8_000, 2_301, (PRICE_GAP, 300)),
        (Polarity.INVERSE, 8_000, 8_000, (POLARITY_CONTRADICTED, 30)),
        (Polarity.INVERSE, 8_000, 2_000, ("", 3_600)),
        # About a half either polarity fits.
        (Polarity.SAME, 5_500, 4_500, ("", 3_600)),
    ],
)
def test_prices_that_contradict_a_pair_are_told_after_their_time(
    polarity: Polarity, kalshi_e4: int, polymarket_e4: int, expected: tuple[str, int]
) -> None:
    watch = Watch(polarity)
    assert watch.over(3_600, book_of(kalshi_e4), book_of(polymarket_e4)) == expected


def silent(kind: str) -> Book:
    """A book that tells no price, though its best levels are far from the other's."""
    book = book_of(7_000, spread_e4=1_002 if kind == "wide" else 200)
    if kind == "void":
        book.void()
    elif kind == "doubted":
        book.is_doubted = True
    elif kind in ("bids only", "asks only"):
        level = [(7_000, 10**8)]
        book.replace(level if kind == "bids only" else [], level if kind == "asks only" else [])
        assert book.is_live
    return book


@pytest.mark.parametrize("kind", ["wide", "void", "doubted", "bids only", "asks only"])
@pytest.mark.parametrize("is_kalshi", [True, False])
def test_book_that_tells_no_price_speaks_against_nothing(kind: str, *, is_kalshi: bool) -> None:
    books = (silent(kind), book_of(4_000)) if is_kalshi else (book_of(4_000), silent(kind))
    assert look_at(pair_of(), books, LIMITS.spread_e4_max) is None
    assert Watch().over(3_600, *books) == ("", 3_600)


@pytest.mark.parametrize("pause", [book_of(4_100), silent("void")])
def test_gap_counts_anew_after_a_break(pause: Book) -> None:
    watch, kalshi, apart = Watch(), book_of(4_000), book_of(6_900)
    assert watch.over(295, kalshi, apart) == ("", 295)
    assert watch.over(5, kalshi, pause) == ("", 5)
    assert watch.over(295, kalshi, apart) == ("", 295)
    assert watch.over(10, kalshi, apart) == (PRICE_GAP, 5)


def test_prices_that_cease_to_fit_the_opposite_go_on_counting_as_a_gap() -> None:
    watch, kalshi = Watch(), book_of(8_000)
    assert watch.over(25, kalshi, book_of(2_000)) == ("", 25)
    assert watch.over(250, kalshi, book_of(3_000)) == ("", 250)
    assert watch.over(25, kalshi, book_of(2_000)) == (PRICE_GAP, 25)


def test_pairs_are_counted_and_forgotten_apart() -> None:
    gaps, books = Gaps(), (book_of(8_000), book_of(3_000))
    first, second = pair_of(), make_pair(pair_id=PairId("pair-b"))
    for pair in (first, second):
        assert gaps.look(pair, books, LIMITS, 0) == ""
    gaps.forget(first.id)
    assert gaps.look(first, books, LIMITS, 300 * S) == ""
    assert gaps.look(second, books, LIMITS, 300 * S) == PRICE_GAP
