import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.polymarket.support import CONDITION, MARKET_ID, NO, YES, market
from twoleg.core.events import (
    ASK,
    BID,
    BookSnapshot,
    BooksVoid,
    GridChanged,
    LastTrade,
    LevelsSet,
    MarketChanged,
)
from twoleg.core.market import PriceGrid
from twoleg.errors import MalformedMessage
from twoleg.venues.polymarket.frames import NewMarketFrame, ResolvedFrame
from twoleg.venues.polymarket.wire import MarketDecoder, format_e4


def decoder() -> MarketDecoder:
    made = MarketDecoder()
    made.watch(market())
    return made


def encode(frame: Any) -> bytes:
    return json.dumps(frame).encode()


def book(**changes: Any) -> dict[str, Any]:
    return {
        "event_type": "book",
        "market": CONDITION,
        "asset_id": YES,
        "timestamp": "1790908667676",
        "hash": "9e4f",
        "bids": [{"price": "0.01", "size": "112689"}, {"price": "0.03", "size": "41666.32"}],
        "asks": [{"price": "0.99", "size": "37677.02"}, {"price": "0.97", "size": "8960.67"}],
        "tick_size": "0.01",
        "last_trade_price": "0.140",
    } | changes


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "asset_id": YES,
        "price": "0.85",
        "size": "503.32",
        "side": "BUY",
        "hash": "52a1",
        "best_bid": "0.85",
        "best_ask": "0.86",
    } | changes


def mirror(**changes: Any) -> dict[str, Any]:
    return {
        "asset_id": NO,
        "price": "0.15",
        "size": "503.32",
        "side": "SELL",
        "hash": "4e76",
        "best_bid": "0.14",
        "best_ask": "0.15",
    } | changes


def change(*entries: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_type": "price_change",
        "market": CONDITION,
        "timestamp": "1778204225252",
        "price_changes": list(entries),
    }


SNAPSHOT = BookSnapshot(
    market_id=MARKET_ID,
    bids=((100, 112_689_000_000), (300, 41_666_320_000)),
    asks=((9_900, 37_677_020_000), (9_700, 8_960_670_000)),
    ts_event_ms=1_790_908_667_676,
    ts_recv_ns=7,
    hash="9e4f",
    last_trade_price="0.140",
)


def test_book_of_the_yes_token_becomes_a_snapshot() -> None:
    assert decoder().decode(encode(book()), 7) == [SNAPSHOT]


def test_dump_counts_liquidity_once() -> None:
    seen = decoder()
    assert seen.decode(encode([book(asset_id=NO), book()]), 7) == [SNAPSHOT]
    assert seen.counts == {"mirror_book": 1}


def test_book_without_quotes_keeps_no_level_at_zero_one_or_size_zero() -> None:
    frame = book(
        bids=[{"price": "0", "size": "5"}, {"price": "0.5", "size": "0"}],
        asks=[{"price": "1", "size": "5"}],
        last_trade_price="",
        tick_size="",
    )
    (event,) = decoder().decode(encode(frame), 0)
    assert isinstance(event, BookSnapshot)
    assert (event.bids, event.asks, event.last_trade_price) == ((), (), "")


def test_price_change_sets_levels_from_the_yes_entry_alone() -> None:
    for entries in ((entry(), mirror()), (mirror(), entry()), (entry(),)):
        assert decoder().decode(encode(change(*entries)), 7) == [
            LevelsSet(
                market_id=MARKET_ID,
                changes=((BID, 8_500, 503_320_000),),
                best_bid_e4=8_500,
                best_ask_e4=8_600,
                ts_event_ms=1_778_204_225_252,
                ts_recv_ns=7,
                hash="52a1",
            )
        ]


def test_price_change_of_several_levels_tells_the_tops_and_hash_of_the_last() -> None:
    frame = change(
        entry(),
        mirror(),
        entry(price="0.9", side="SELL", size="0", hash="aa", best_bid="0.8", best_ask="0.95"),
        mirror(price="0.1", side="BUY", size="0"),
    )
    (event,) = decoder().decode(encode(frame), 7)
    assert isinstance(event, LevelsSet)
    assert event.changes == ((BID, 8_500, 503_320_000), (ASK, 9_000, 0))
    assert (event.best_bid_e4, event.best_ask_e4, event.hash) == (8_000, 9_500, "aa")


@pytest.mark.parametrize("entries", [(mirror(),), (entry(price="0.84"), mirror())])
def test_price_change_whose_mirror_lacks_its_counterpart_voids_the_book(entries: Any) -> None:
    seen = decoder()
    (event,) = seen.decode(encode(change(*entries)), 7)
    assert isinstance(event, BooksVoid)
    assert event.market_ids == (MARKET_ID,)
    assert seen.counts == {"incomplete": 1}


@pytest.mark.parametrize(
    ("bid", "ask"), [("", ""), ("0", "1"), (None, None), ("0.00", "1.0"), ("1", "0")]
)
def test_price_change_empty_sides_are_untold(bid: str | None, ask: str | None) -> None:
    frame = change(entry(best_bid=bid, best_ask=ask), mirror())
    (event,) = decoder().decode(encode(frame), 7)
    assert isinstance(event, LevelsSet)
    assert (event.best_bid_e4, event.best_ask_e4) == (-1, -1)


def test_tick_size_change_is_told_once() -> None:
    seen = decoder()
    frames = [
        {
            "event_type": "tick_size_change",
            "market": CONDITION,
            "asset_id": token,
            "old_tick_size": "0.01",
            "new_tick_size": "0.001",
            "timestamp": "1",
        }
        for token in (YES, NO)
    ]
    expected = GridChanged(market_id=MARKET_ID, grid=PriceGrid.uniform(10))
    assert seen.decode(encode(frames), 7) == [expected]
    assert seen.decode(encode(book(tick_size="0.001")), 7) == [SNAPSHOT]


def test_book_with_another_tick_tells_the_grid_first() -> None:
    events = decoder().decode(encode(book(tick_size="0.0025")), 7)
    assert events == [GridChanged(market_id=MARKET_ID, grid=PriceGrid.uniform(25)), SNAPSHOT]


def test_grid_change_that_a_malformed_neighbour_swallowed_is_told_again() -> None:
    seen = decoder()
    with pytest.raises(MalformedMessage):
        seen.decode(encode([book(tick_size="0.001"), change(entry(price="x"))]), 7)
    assert seen.decode(encode(book(tick_size="0.001")), 7)[0] == GridChanged(
        market_id=MARKET_ID, grid=PriceGrid.uniform(10)
    )


@pytest.mark.parametrize(
    ("token", "text", "price"),
    [(YES, "0.024", "0.024"), (NO, "0.976", "0.024"), (NO, "0.5", "0.5")],
)
def test_last_trade_price_is_told_in_yes_terms(token: str, text: str, price: str) -> None:
    frame = {
        "event_type": "last_trade_price",
        "market": CONDITION,
        "asset_id": token,
        "price": text,
        "size": "5",
        "side": "BUY",
        "fee_rate_bps": "",
        "timestamp": "1",
    }
    assert decoder().decode(encode(frame), 7) == [LastTrade(market_id=MARKET_ID, price=price)]


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_format_e4_keeps_the_decimals(price_e4: int, places: int) -> None:
    text = format_e4(price_e4, places)
    assert len(text.partition(".")[2]) == places
    assert int(text.replace(".", "").ljust(5, "0")) == price_e4 // 10 ** (4 - places) * 10 ** (
        4 - places
    )


def test_last_trade_that_cannot_be_read_is_counted_and_costs_no_book() -> None:
    seen = decoder()
    frame = {
        "event_type": "last_trade_price",
        "market": CONDITION,
        "asset_id": YES,
        "price": "0.976190476",
        "fee_rate_bps": 0,
        "timestamp": 1790908667676,
        "transaction_hash": "0x1",
    }
    assert seen.decode(encode(frame), 7) == []
    assert seen.counts == {"unreadable:last_trade_price": 1}


def test_news_wait_until_they_are_taken_and_concern_also_markets_that_are_not_watched() -> None:
    seen = decoder()
    frames = [
        {"event_type": "new_market", "market": "0xnew", "line": 2.5, "active": True},
        {"event_type": "new_market", "market": CONDITION},
        {"event_type": "market_resolved", "market": "0xfar", "winning_outcome": "Yes"},
    ]
    assert seen.decode(encode(frames), 7) == []
    assert [type(news) for news in seen.take_news()] == [
        NewMarketFrame,
        NewMarketFrame,
        ResolvedFrame,
    ]
    assert seen.take_news() == []
    assert seen.counts == {}


def test_market_resolved_closes_the_market() -> None:
    frame = {
        "event_type": "market_resolved",
        "market": CONDITION,
        "id": "1",
        "assets_ids": [YES, NO],
    }
    (event,) = decoder().decode(encode(frame), 7)
    assert isinstance(event, MarketChanged)
    assert not event.market.is_tradable


def test_unknown_events_and_fields_are_counted_not_fatal() -> None:
    seen = decoder()
    frames = [
        {"event_type": "comet", "x": 1},
        book(novelty={"a": []}),
        {"event_type": "best_bid_ask", "market": CONDITION},
    ]
    assert seen.decode(encode(frames), 7) == [SNAPSHOT]
    assert seen.counts == {"undecodable": 1, "unknown:comet": 1}


def test_frames_without_content_say_nothing() -> None:
    seen = decoder()
    assert seen.decode(b"PONG", 7) == []
    assert seen.decode(b"[]", 7) == []
    assert seen.decode(encode(book(market="0xother")), 7) == []
    assert seen.counts == {"unwatched": 1}


@pytest.mark.parametrize(
    "frame",
    [
        book(bids=[{"price": "0.00001", "size": "1"}]),
        book(bids=[{"price": "1.5", "size": "1"}]),
        book(bids=[{"price": "0.5", "size": "1e3"}]),
        book(bids=[{"price": 0.5, "size": "1"}]),
        book(asset_id="123"),
        book(tick_size="0.0003"),
        book(tick_size="0"),
        change(entry(side="HOLD")),
        change(entry(asset_id="123")),
        change(entry(size="-1")),
        change(entry(best_bid="high")),
        change(entry(price="2")),
    ],
)
def test_malformed_frame_of_one_market_names_it(frame: dict[str, Any]) -> None:
    raw = encode(frame)
    with pytest.raises(MalformedMessage) as caught:
        decoder().decode(raw, 7)
    assert caught.value.market == MARKET_ID
    assert caught.value.head == raw[:200]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"INVALID OPERATION",
        b"[1]",
        b"{",
        b"\xff\xfe",
        b'{"event_type":1}',
        b"[" * 5_000,
        encode([change(entry(price="x")), book(market="0xother")]),
        encode([book(), {"event_type": "book"}]),
    ],
)
def test_malformed_frame_that_may_concern_anyone_names_nobody(raw: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        decoder().decode(raw, 7)
    assert not caught.value.market


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_malformed(raw: bytes) -> None:
    with suppress(MalformedMessage):
        decoder().decode(raw, 7)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    kind=st.sampled_from(["book", "price_change", "tick_size_change", "last_trade_price"]),
    field=st.sampled_from([*book(), *change(), *entry(), "new_tick_size"]),
    value=json_values,
    is_array=st.booleans(),
)
def test_random_fields_raise_nothing_but_malformed(
    kind: str, field: str, value: Any, *, is_array: bool
) -> None:
    base = book() | change(entry(), mirror()) | {"price": "0.5", "new_tick_size": "0.1"}
    frame = base | {"event_type": kind, field: value}
    seen = decoder()
    try:
        seen.decode(encode([frame] if is_array else frame), 7)
    except MalformedMessage:
        assert seen.counts["malformed"] == 1


def test_unknown_kinds_are_bounded() -> None:
    seen = decoder()
    for number in range(500):
        seen.decode(encode({"event_type": f"kind{number}"}), 7)
    assert len(seen.counts) <= 66
