"""All books: gaps, best prices, hashes, grids, lag."""

import hashlib
import json
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.core import (
    T0_MS,
    K,
    P,
    kalshi_market,
    notes,
    only,
    polymarket_market,
    snapshot,
)
from twoleg.core.actions import Action, NoteKind, Resync
from twoleg.core.bookhash import book_hash, decimal_text
from twoleg.core.books import Books
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
from twoleg.core.market import Market, MarketId, Outcome, PriceGrid, Side, Venue

K2 = MarketId("kalshi:KXB")
K3 = MarketId("kalshi:KXC")
BOOK = ([(4_000, 10_000)], [(4_200, 10_000)])
NS = T0_MS * 1_000_000


def kalshi_books() -> Books:
    """Two markets on subscription 1, a third on subscription 2, all live."""
    books = Books(0)
    for name in (K, K2, K3):
        books.change_market(kalshi_market(name))
    books.subscribed(Subscribed(Venue.KALSHI, 1, (K, K2)))
    books.subscribed(Subscribed(Venue.KALSHI, 2, (K3,)))
    books.snapshot(snapshot(K, *BOOK, sid=1, seq=1))
    books.snapshot(snapshot(K2, *BOOK, sid=1, seq=2))
    books.snapshot(snapshot(K3, *BOOK, sid=2, seq=1))
    return books


def polymarket_books(hash_every: int = 0) -> Books:
    books = Books(hash_every)
    books.change_market(polymarket_market())
    books.snapshot(snapshot(P, *BOOK))
    return books


def delta(
    seq: int, *, market: MarketId = K, side: int = BID, price: int = 4_000, size: int = 10_000
) -> LevelDelta:
    return LevelDelta(market, side, price, size, T0_MS, NS, 1, seq)


def live(books: Books) -> list[MarketId]:
    return [name for name, book in books.books.items() if book.is_live]


def reasons(actions: list[Action]) -> list[str]:
    return [action.reason for action in only(actions, Resync)]


# -- numbered frames -----------------------------------------------------------------------


def test_sequence_gap_voids_every_book_of_the_subscription_and_asks_for_snapshots() -> None:
    books = kalshi_books()
    actions = books.delta(delta(5))
    assert live(books) == [K3]
    assert only(actions, Resync) == [Resync(Venue.KALSHI, (K, K2), "sequence_gap")]
    assert notes(actions, NoteKind.BOOK_VOID) == [
        {"reason": "sequence_gap", "markets": f"{K},{K2}"}
    ]


def test_sequence_gap_at_a_control_frame_voids_too() -> None:
    books = kalshi_books()
    assert reasons(books.saw_sequence(SequenceSeen(Venue.KALSHI, 1, 9))) == ["sequence_gap"]
    assert live(books) == [K3]


def test_control_frames_consume_numbers_so_no_false_gap() -> None:
    books = kalshi_books()
    books.saw_sequence(SequenceSeen(Venue.KALSHI, 1, 3))
    assert books.delta(delta(4)) == []
    assert books.books[K].size_at(BID, 4_000) == 20_000


def test_duplicate_delta_is_applied_once() -> None:
    books = kalshi_books()
    books.delta(delta(3))
    books.delta(delta(3))
    assert books.books[K].size_at(BID, 4_000) == 20_000


def test_duplicate_snapshot_is_dropped() -> None:
    books = kalshi_books()
    books.snapshot(snapshot(K2, [], [], sid=1, seq=2))
    assert books.books[K2].best_bid_e4 == 4_000


def test_snapshot_behind_a_gap_is_taken_and_its_neighbours_stay_void() -> None:
    books = kalshi_books()
    assert reasons(books.snapshot(snapshot(K, *BOOK, sid=1, seq=8))) == ["sequence_gap"]
    assert live(books) == [K, K3]


def test_deltas_of_a_void_book_wait_for_its_snapshot() -> None:
    books = kalshi_books()
    books.void(BooksVoid((K,), "disconnected"))
    assert books.delta(delta(3)) == []
    assert not books.books[K].is_live
    books.snapshot(snapshot(K, *BOOK, sid=1, seq=4))
    assert books.books[K].size_at(BID, 4_000) == 10_000


def test_market_added_to_a_subscription_is_suspect_at_its_gap() -> None:
    books = kalshi_books()
    books.subscribed(Subscribed(Venue.KALSHI, 1, (K, K3), is_new=False))
    assert books.delta(delta(3)) == []
    assert only(books.delta(delta(5)), Resync)[0].market_ids == (K, K3)


# -- the exchange clock ----------------------------------------------------------------------


def clocked(seq: int, clock: int, *, late_ns: int = 0) -> LevelDelta:
    return structs.replace(delta(seq), clock=clock, ts_recv_ns=NS + late_ns)


def clocked_books() -> Books:
    """One market with a snapshot of clock 100."""
    books = kalshi_books()
    books.snapshot(structs.replace(snapshot(K, *BOOK, sid=1, seq=3), clock=100, ts_recv_ns=NS))
    return books


def test_change_that_the_snapshot_contains_is_not_applied_again() -> None:
    books = clocked_books()
    assert books.delta(clocked(4, 99)) == []
    assert books.delta(clocked(5, 100)) == []
    assert books.books[K].size_at(BID, 4_000) == 10_000
    books.delta(clocked(6, 101))
    books.delta(clocked(7, 101))
    assert books.books[K].size_at(BID, 4_000) == 30_000


def test_clock_that_was_set_back_voids_the_book_until_a_snapshot() -> None:
    books = clocked_books()
    assert reasons(books.delta(clocked(4, 7, late_ns=2_000_000_000))) == ["clock_set_back"]
    assert K not in live(books)
    books.snapshot(structs.replace(snapshot(K, *BOOK, sid=1, seq=5), clock=7, ts_recv_ns=NS))
    assert K in live(books)


def test_snapshot_older_than_the_changes_it_should_contain_is_asked_for_again() -> None:
    books = clocked_books()
    books.delta(clocked(6, 105))
    assert K not in live(books)
    behind = structs.replace(snapshot(K, *BOOK, sid=1, seq=7), clock=104)
    assert reasons(books.snapshot(behind)) == ["snapshot_behind"]
    assert K not in live(books)
    assert books.snapshot(structs.replace(behind, seq=8, clock=105)) == []
    assert K in live(books)


def test_old_snapshot_does_not_take_changes_back_and_a_new_connection_starts_afresh() -> None:
    books = clocked_books()
    books.delta(clocked(4, 105))
    old = structs.replace(snapshot(K, [], [], sid=1, seq=5), clock=104)
    assert books.snapshot(old) == []
    assert books.books[K].size_at(BID, 4_000) == 20_000
    books.void(BooksVoid((K,), "disconnected"))
    assert books.snapshot(structs.replace(old, seq=6)) == []
    assert K in live(books)


def test_frames_of_an_unknown_market_consume_their_numbers() -> None:
    books, other = kalshi_books(), MarketId("kalshi:KXZ")
    books.delta(delta(3, market=other))
    books.snapshot(snapshot(other, *BOOK, sid=1, seq=4))
    assert books.delta(delta(5)) == []
    assert live(books) == [K, K2, K3]


def test_gap_of_a_subscription_that_nobody_announced_still_voids_the_market_at_hand() -> None:
    books = kalshi_books()
    actions = books.delta(LevelDelta(K3, BID, 4_000, 10_000, T0_MS, NS, 77, 5))
    assert K3 not in live(books)
    assert only(actions, Resync) == [Resync(Venue.KALSHI, (K3,), "sequence_gap")]


def test_gap_with_markets_that_are_not_known_yet_voids_the_others() -> None:
    books = kalshi_books()
    books.subscribed(Subscribed(Venue.KALSHI, 1, (K, MarketId("kalshi:later"))))
    books.delta(delta(2))
    assert live(books) == [K2, K3]


# -- contents that cannot be -------------------------------------------------------------


def test_delta_below_zero_voids_the_book() -> None:
    books = kalshi_books()
    assert reasons(books.delta(delta(3, size=-20_000))) == ["level_below_zero"]
    assert live(books) == [K2, K3]


def test_delta_on_an_unknown_level_with_a_negative_size_voids_the_book() -> None:
    books = kalshi_books()
    assert reasons(books.delta(delta(3, price=3_000, size=-10_000))) == ["level_below_zero"]


def test_delta_that_crosses_the_book_voids_it() -> None:
    books = kalshi_books()
    assert reasons(books.delta(delta(3, price=4_200))) == ["book_crossed"]
    assert live(books) == [K2, K3]


def test_crossed_snapshot_is_no_book_of_one_moment() -> None:
    books = kalshi_books()
    crossed = snapshot(K, [(4_300, 10_000)], [(4_200, 10_000)], sid=1, seq=3)
    assert reasons(books.snapshot(crossed)) == ["snapshot_crossed"]
    assert live(books) == [K2, K3]


def test_levels_that_cross_void_the_book() -> None:
    books = polymarket_books()
    event = LevelsSet(P, ((BID, 4_300, 10_000),), -1, -1, T0_MS, NS)
    assert reasons(books.levels(event)) == ["book_crossed"]


@pytest.mark.parametrize("tops", [(3_900, 4_200), (4_000, 4_300), (4_100, 4_100)])
def test_best_prices_that_differ_void_the_book(tops: tuple[int, int]) -> None:
    books = polymarket_books()
    assert reasons(books.levels(LevelsSet(P, (), *tops, T0_MS, NS))) == ["best_prices_differ"]
    assert live(books) == []


@pytest.mark.parametrize("tops", [(4_000, 4_200), (-1, -1), (0, 10_000), (4_000, -1)])
def test_best_prices_that_agree_or_are_untold_change_nothing(tops: tuple[int, int]) -> None:
    books = polymarket_books()
    assert books.levels(LevelsSet(P, (), *tops, T0_MS, NS)) == []
    assert live(books) == [P]


def test_levels_of_a_void_or_unknown_book_are_ignored() -> None:
    books = polymarket_books()
    other = LevelsSet(MarketId("polymarket:0xz"), (), 1, 2, T0_MS, NS)
    books.void(BooksVoid((P, MarketId("polymarket:0xz")), "silent"))
    assert books.levels(other) == []
    assert books.levels(LevelsSet(P, ((BID, 4_100, 10_000),), -1, -1, T0_MS, NS)) == []
    assert books.books[P].best_bid_e4 == 0


# -- prices that are none -------------------------------------------------------------------


def test_snapshot_with_sentinel_quotes_0_and_1_has_no_offer() -> None:
    books = Books(0)
    books.change_market(kalshi_market())
    books.snapshot(snapshot(K, [(0, 10_000), (4_000, 0)], [(10_000, 10_000), (5_000, 0)]))
    book = books.books[K]
    assert (book.best_bid_e4, book.best_ask_e4, book.is_live) == (0, 10_000, True)
    assert book.levels(BID) == book.levels(ASK) == []


@pytest.mark.parametrize(("side", "price"), [(ASK, 0), (BID, 10_000), (BID, 0), (ASK, 10_000)])
def test_level_set_at_a_sentinel_price_is_no_quote(side: int, price: int) -> None:
    books = polymarket_books()
    assert books.levels(LevelsSet(P, ((side, price, 10_000),), -1, -1, T0_MS, NS)) == []
    book = books.books[P]
    assert (book.levels(BID), book.levels(ASK)) == BOOK


@pytest.mark.parametrize(("side", "price"), [(ASK, 0), (BID, 10_000), (BID, 0), (ASK, 10_000)])
def test_delta_at_a_sentinel_price_is_no_quote(side: int, price: int) -> None:
    books = kalshi_books()
    assert books.delta(delta(3, side=side, price=price)) == []
    assert books.delta(delta(4, side=side, price=price, size=-20_000)) == []
    book = books.books[K]
    assert (book.levels(BID), book.levels(ASK)) == BOOK


def test_no_liquidity_is_counted_once_as_the_mirror_of_yes() -> None:
    book = kalshi_books().books[K]
    assert book.ladder(Outcome.NO, Side.BUY, 9) == [(6_000, 10_000)]
    assert book.ladder(Outcome.YES, Side.SELL, 9) == [(4_000, 10_000)]


def test_ladder_stops_at_the_levels_asked_for() -> None:
    books = kalshi_books()
    books.delta(delta(3, side=ASK, price=4_500))
    assert len(books.books[K].ladder(Outcome.YES, Side.BUY, 1)) == 1


# -- epochs and lag -------------------------------------------------------------------------


def test_grid_change_begins_an_epoch_and_voids_until_a_snapshot() -> None:
    books = kalshi_books()
    actions = books.change_grid(GridChanged(K, PriceGrid.uniform(10)))
    book = books.books[K]
    assert reasons(actions) == ["grid_changed"]
    assert (book.epoch, book.is_live, book.grid) == (1, False, PriceGrid.uniform(10))
    assert books.markets[K].grid == PriceGrid.uniform(10)
    books.snapshot(snapshot(K, *BOOK, sid=1, seq=3))
    assert book.is_live


def test_grid_told_again_or_of_an_unknown_market_changes_nothing() -> None:
    books = kalshi_books()
    assert books.change_grid(GridChanged(K, books.markets[K].grid)) == []
    assert books.change_grid(GridChanged(MarketId("kalshi:none"), PriceGrid.uniform(1))) == []
    assert books.books[K].epoch == 0


def test_market_read_again_with_the_same_grid_keeps_its_book() -> None:
    books = kalshi_books()
    again = structs.replace(kalshi_market(), title="read again")
    assert books.change_market(again) == []
    assert books.books[K].is_live
    assert books.markets[K] is again


def test_lag_is_kept_per_side_by_the_venues_own_time() -> None:
    books = kalshi_books()
    late = LevelDelta(K, ASK, 4_300, 10_000, T0_MS - 4_000, NS, 1, 3)
    books.delta(late)
    assert books.books[K].lag_ms == [5, 4_000]
    books.delta(LevelDelta(K, BID, 3_900, 10_000, T0_MS - 1, NS, 1, 4))
    assert books.books[K].lag_ms == [1, 4_000]


def test_lag_of_a_frame_without_venue_time_is_left_alone() -> None:
    books = kalshi_books()
    books.delta(LevelDelta(K, ASK, 4_300, 10_000, 0, NS, 1, 3))
    assert books.books[K].lag_ms == [5, 5]


def test_version_grows_with_every_change() -> None:
    books = kalshi_books()
    versions = [books.books[K].version]
    for seq, size in enumerate((10_000, -10_000, -10_000), start=3):
        books.delta(delta(seq, size=size))
        versions.append(books.books[K].version)
    books.void(BooksVoid((K,), "x"))
    versions.append(books.books[K].version)
    assert all(late > early for early, late in pairwise(versions))


# -- the hash -------------------------------------------------------------------------------


def plain(value: Decimal) -> str:
    text = format(value.normalize(), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def own_hash(market: Market, bids: list, asks: list, stamp: str, trade: str) -> str:
    """As the reference describes it: a compact JSON object in this key order, SHA-1 of it."""

    def level(price_e4: int, size_e6: int) -> dict[str, str]:
        return {
            "price": plain(Decimal(price_e4) / 10_000),
            "size": plain(Decimal(size_e6) / 1_000_000),
        }

    obj = {
        "market": market.native_id,
        "asset_id": market.yes_token,
        "timestamp": stamp,
        "hash": "",
        "bids": [level(*entry) for entry in sorted(bids)],
        "asks": [level(*entry) for entry in sorted(asks, reverse=True)],
        "min_order_size": plain(Decimal(market.size_e6_min) / 1_000_000),
        "tick_size": plain(Decimal(market.grid.bands[0].step_e4) / 10_000),
        "neg_risk": market.neg_risk,
        "last_trade_price": trade,
    }
    return hashlib.sha1(json.dumps(obj, separators=(",", ":")).encode()).hexdigest()


LADDER = st.dictionaries(st.integers(1, 4_999), st.integers(1, 10**12), max_size=5)


@given(bids=LADDER, asks=LADDER, step=st.sampled_from((100, 10, 1, 50)), neg_risk=st.booleans())
def test_book_hash_equals_the_sha1_of_the_documented_json(
    bids: dict[int, int], asks: dict[int, int], step: int, *, neg_risk: bool
) -> None:
    market = structs.replace(polymarket_market(grid=PriceGrid.uniform(step)), neg_risk=neg_risk)
    books = Books(0)
    books.change_market(market)
    up = [(10_000 - price, size) for price, size in asks.items()]
    books.snapshot(snapshot(P, bids.items(), up))
    expected = own_hash(market, list(bids.items()), up, "17", "0.5")
    assert book_hash(market, books.books[P], 17, "0.5") == expected


def test_book_hash_of_the_published_example() -> None:
    # py-clob-client's own example book, hashed with the formula that reproduces live frames.
    market = structs.replace(
        polymarket_market(size_e6_min=100_000_000),
        native_id="0xbd31dc8a20211944f6b70f31557f1001557b59905b7738480ca09bd4532f84af",
        yes_token="52114319501245915516055106046884209969926127482827954674443846427813813222426",
    )
    books = Books(0)
    books.change_market(market)
    bids = [(1_500, 100_000_000), (3_100, 148_560_000), (3_300, 58_000_000), (5_000, 100_000_000)]
    books.snapshot(snapshot(P, bids, []))
    found = book_hash(market, books.books[P], 123_456_789, "")
    assert found == "59fc94e9c13126e69673ddc51d7897a121063805"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 4, "0"),
        (10_000, 4, "1"),
        (5_000, 4, "0.5"),
        (1, 4, "0.0001"),
        (41_666_320_000, 6, "41666.32"),
    ],
)
def test_decimal_text_writes_no_trailing_zeros(value: int, decimals: int, text: str) -> None:
    assert decimal_text(value, decimals) == text


def hashed(books: Books, changes: tuple, trade: str, *, stamp: int = T0_MS) -> LevelsSet:
    """A change as the venue sends it: with the hash of the whole book after it."""
    sides: list[dict[int, int]] = [dict(books.books[P].levels(side)) for side in (BID, ASK)]
    for side, price, size in changes:
        sides[side][price] = size
    bids, asks = ([(p, s) for p, s in side.items() if s] for side in sides)
    digest = own_hash(books.markets[P], bids, asks, str(stamp), trade)
    return LevelsSet(P, changes, -1, -1, stamp, NS, digest)


def checked_books(*, trade: str = "0.850", every: int = 1) -> Books:
    """A book whose snapshot hash could be reproduced."""
    books = Books(every)
    market = polymarket_market()
    books.change_market(market)
    digest = own_hash(market, *BOOK, str(T0_MS), trade)
    frame = BookSnapshot(P, tuple(BOOK[0]), tuple(BOOK[1]), T0_MS, NS, hash=digest)
    books.snapshot(structs.replace(frame, last_trade_price=trade))
    return books


CHANGE = ((BID, 4_100, 30_000),)


def test_hash_that_agrees_changes_nothing() -> None:
    books = checked_books()
    assert books.levels(hashed(books, CHANGE, "0.850")) == []


def test_hash_that_differs_puts_the_book_in_doubt_and_voids_it_when_nothing_explains_it() -> None:
    books = checked_books()
    lost = hashed(books, ((ASK, 4_300, 10_000),), "0.850").hash
    event = structs.replace(hashed(books, CHANGE, "0.850"), hash=lost)
    assert notes(books.levels(event), NoteKind.BOOK_DOUBTED) == [
        {"reason": "hash_differs", "markets": P}
    ]
    assert books.books[P].is_doubted
    assert reasons(books.doubt_due(P)) == ["doubt_not_settled"]
    assert live(books) == []


@pytest.mark.parametrize(
    ("told", "used"), [("0.850", "0.150"), ("0.024", "0.976"), ("1.000", "0.000")]
)
def test_hash_explained_by_the_mirror_of_the_last_trade_is_no_gap(told: str, used: str) -> None:
    books = checked_books(trade=told)
    assert books.levels(hashed(books, CHANGE, used)) == []


def test_hash_with_a_newer_trade_price_is_reproduced_once_the_trade_is_told() -> None:
    books = checked_books(trade="0.500")
    books.last_trade(LastTrade(P, "0.490"))
    assert books.levels(hashed(books, CHANGE, "0.490")) == []


def test_hash_that_the_snapshot_could_not_reproduce_never_voids() -> None:
    books = Books(1)
    books.change_market(polymarket_market())
    books.snapshot(snapshot(P, *BOOK, hash_="0" * 40))
    event = structs.replace(hashed(books, CHANGE, ""), hash="1" * 40)
    assert books.levels(event) == []
    assert live(books) == [P]


def test_hash_is_sampled_every_nth_change() -> None:
    books = checked_books(every=3)
    changes = [hashed(books, CHANGE, "0.850", stamp=T0_MS + 1 + number) for number in range(3)]
    wrong = [structs.replace(event, hash="1" * 40) for event in changes]
    doubts = [(books.levels(event), books.books[P].is_doubted)[1] for event in wrong]
    assert doubts == [False, False, True]


@pytest.mark.parametrize("trade", ["", "none", "1", "2.5"])
def test_hash_with_a_trade_price_that_has_no_mirror_uses_it_alone(trade: str) -> None:
    books = checked_books(trade=trade)
    assert books.levels(hashed(books, CHANGE, trade)) == []


def test_change_without_a_hash_is_not_checked() -> None:
    books = checked_books()
    assert books.levels(LevelsSet(P, CHANGE, -1, -1, T0_MS, NS)) == []


def test_last_trade_of_an_unknown_market_is_ignored() -> None:
    assert not Books(1).last_trade(LastTrade(P, "0.5"))


def test_hash_goes_unchecked_when_sampling_is_off() -> None:
    books = polymarket_books()
    assert books.levels(LevelsSet(P, CHANGE, -1, -1, T0_MS, NS, "1" * 40)) == []


# -- our own takes --------------------------------------------------------------------------


def test_taken_depth_counts_until_an_event_later_than_the_answer() -> None:
    books = polymarket_books()
    book = books.books[P]
    book.take(ASK, 4_200, 10_000)
    assert book.ladder(Outcome.YES, Side.BUY, 9) == []
    books.levels(LevelsSet(P, CHANGE, -1, -1, T0_MS + 50, NS))
    book.answer_taken(T0_MS + 100)
    books.levels(LevelsSet(P, CHANGE, -1, -1, T0_MS + 100, NS))
    assert book.ladder(Outcome.YES, Side.BUY, 9) == []
    books.levels(LevelsSet(P, CHANGE, -1, -1, T0_MS + 101, NS))
    assert book.ladder(Outcome.YES, Side.BUY, 9) == [(4_200, 10_000)]


def test_answer_without_anything_taken_waits_for_nothing() -> None:
    book = polymarket_books().books[P]
    book.answer_taken(T0_MS + 100)
    book.take(ASK, 4_200, 10_000)
    book.stamp(ASK, T0_MS + 101, NS)
    assert book.ladder(Outcome.YES, Side.BUY, 9) == []
