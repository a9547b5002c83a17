import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.kalshi.support import TICKER
from twoleg.core.events import ASK, BID, BookSnapshot, Fill, LevelDelta, SequenceSeen
from twoleg.core.market import Band, MarketId, Outcome, Side, Venue
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.pushes import (
    EventFeesSeen,
    EventSeen,
    FillSeen,
    LifecycleSeen,
    OrderSeen,
    PositionSeen,
    TickerSeen,
    TradeSeen,
)
from twoleg.venues.kalshi.wire import KNOWN_TYPES, Acknowledged, Ignored, KalshiDecoder, Refused

ID = MarketId(f"kalshi:{TICKER}")
DECODER = KalshiDecoder({TICKER: ID, "KXB-2": MarketId("kalshi:KXB-2")}, frame_bytes_max=5_000)

SNAPSHOT: dict[str, Any] = {
    "type": "orderbook_snapshot",
    "sid": 1,
    "seq": 1,
    "sending_ts_ms": 1_790_000_000_010,
    "msg": {
        "market_ticker": TICKER,
        "market_id": "5f0c",
        "clock": 4_182_057,
        "yes_dollars_fp": [["0.4100", "10.00"], ["0.4200", "13.50"]],
        "no_dollars_fp": [["0.4400", "17.00"]],
    },
}
DELTA: dict[str, Any] = {
    "type": "orderbook_delta",
    "sid": 1,
    "seq": 2,
    "sending_ts_ms": 1_790_000_000_020,
    "msg": {
        "market_ticker": TICKER,
        "price_dollars": "0.4200",
        "delta_fp": "-3.00",
        "side": "yes",
        "ts": "2026-09-21T13:33:20.019Z",
        "ts_ms": 1_790_000_000_019,
    },
}
FILL: dict[str, Any] = {
    "type": "fill",
    "sid": 4,
    "sending_ts_ms": 1_790_000_000_500,
    "msg": {
        "trade_id": "b1",
        "order_id": "c6",
        "client_order_id": "0f6f",
        "market_ticker": TICKER,
        "exchange_index": 0,
        "is_taker": True,
        "side": "no",
        "action": "buy",
        "outcome_side": "no",
        "book_side": "ask",
        "yes_price_dollars": "0.5700",
        "count_fp": "25.00",
        "fee_cost": "0.429000",
        "ts_ms": 1_790_000_000_456,
    },
}
ORDER: dict[str, Any] = {
    "type": "user_order",
    "sid": 5,
    "sending_ts_ms": 1_790_000_000_600,
    "msg": {
        "order_id": "c6",
        "user_id": "u",
        "ticker": TICKER,
        "exchange_index": 2,
        "status": "resting",
        "outcome_side": "yes",
        "book_side": "bid",
        "side": "yes",
        "is_yes": True,
        "yes_price_dollars": "0.4200",
        "fill_count_fp": "2.50",
        "remaining_count_fp": "7.50",
        "initial_count_fp": "10.00",
        "taker_fill_cost_dollars": "0.000000",
        "maker_fill_cost_dollars": "1.050000",
        "taker_fees_dollars": "0.000000",
        "maker_fees_dollars": "0.010700",
        "client_order_id": "0f6f",
        "order_group_id": "g1",
        "self_trade_prevention_type": "maker",
        "created_ts_ms": 1_790_000_000_100,
        "last_updated_ts_ms": 1_790_000_000_590,
        "expiration_ts_ms": 1_790_000_060_000,
        "last_update_reason": "Trade",
        "subaccount_number": 3,
    },
}
POSITION: dict[str, Any] = {
    "type": "market_position",
    "sid": 6,
    "msg": {
        "user_id": "u",
        "market_ticker": TICKER,
        "position_fp": "-25.00",
        "position_cost_dollars": "10.750000",
        "realized_pnl_dollars": "-0.100000",
        "fees_paid_dollars": "0.429000",
        "position_fee_cost_dollars": "0.400000",
        "volume_fp": "30.00",
        "subaccount": 0,
    },
}
TRADE: dict[str, Any] = {
    "type": "trade",
    "sid": 7,
    "seq": 1,
    "msg": {
        "trade_id": "t1",
        "market_ticker": TICKER,
        "yes_price_dollars": "0.3600",
        "no_price_dollars": "0.6400",
        "count_fp": "136.00",
        "taker_side": "no",
        "taker_outcome_side": "no",
        "taker_book_side": "ask",
        "is_block_trade": False,
        "ts": 1_790_000_000,
    },
}
TICK: dict[str, Any] = {
    "type": "ticker",
    "sid": 8,
    "sending_ts_ms": 1_790_000_000_000,
    "msg": {
        "market_ticker": TICKER,
        "market_id": "5f0c",
        "price_dollars": "0.4800",
        "yes_bid_dollars": "0.0000",
        "yes_ask_dollars": "0.5300",
        "yes_bid_size_fp": "0.00",
        "yes_ask_size_fp": "300.00",
        "last_trade_size_fp": "1.25",
        "volume_fp": "33896.00",
        "open_interest_fp": "20422.00",
        "dollar_volume": 16_948,
        "dollar_open_interest": 10_211,
        "ts_ms": 1_790_000_000_001,
    },
}
LIFECYCLE: dict[str, Any] = {
    "type": "market_lifecycle_v2",
    "sid": 9,
    "seq": 1,
    "msg": {
        "event_type": "determined",
        "market_ticker": TICKER,
        "determination_ts": 1_790_000_100,
        "result": "yes",
        "settlement_value": "1.0000",
        "additional_metadata": {"title": "Will it?", "floor_strike": 5.5, "new_field": []},
    },
}
EVENT: dict[str, Any] = {
    "type": "event_lifecycle",
    "sid": 9,
    "seq": 2,
    "msg": {"event_ticker": "KXE", "series_ticker": "KX", "strike_date": 1_790_000_000},
}
EVENT_FEES: dict[str, Any] = {
    "type": "event_fee_update",
    "sid": 9,
    "seq": 3,
    "msg": {"event_ticker": "KXE", "fee_type_override": None, "fee_multiplier_override": 0.5},
}


def frame(base: dict[str, Any], **msg: Any) -> bytes:
    changed = json.loads(json.dumps(base))
    for key, value in msg.items():
        if value is None:
            changed["msg"].pop(key)
        else:
            changed["msg"][key] = value
    return json.dumps(changed).encode()


def decode(raw: bytes) -> object:
    return DECODER.decode(raw, 7)


def test_snapshot_has_no_levels_as_asks_at_yes_prices() -> None:
    assert decode(frame(SNAPSHOT) + b"\n") == BookSnapshot(
        ID,
        ((4_100, 10_000_000), (4_200, 13_500_000)),
        ((4_400, 17_000_000),),
        1_790_000_000_010,
        7,
        1,
        1,
        clock=4_182_057,
    )


def test_snapshot_with_absent_sides_is_an_empty_book() -> None:
    decoded = decode(frame(SNAPSHOT, yes_dollars_fp=None, no_dollars_fp=None))
    assert isinstance(decoded, BookSnapshot)
    assert (decoded.bids, decoded.asks) == ((), ())


def test_snapshot_zero_one_and_size_zero_are_no_quotes() -> None:
    rows = [["0.0000", "5.00"], ["1.0000", "5.00"], ["0.5000", "0.00"], ["0.3000", "0.01"]]
    decoded = decode(frame(SNAPSHOT, yes_dollars_fp=rows, no_dollars_fp=rows))
    assert isinstance(decoded, BookSnapshot)
    assert decoded.bids == decoded.asks == ((3_000, 10_000),)


def test_delta_is_signed_and_timed_by_the_venue() -> None:
    expected = LevelDelta(ID, BID, 4_200, -3_000_000, 1_790_000_000_019, 7, 1, 2)
    assert decode(frame(DELTA)) == expected
    ask = decode(frame(DELTA, side="no", ts_ms=None, ts=None, delta_fp="1.25"))
    assert ask == LevelDelta(ID, ASK, 4_200, 1_250_000, 1_790_000_000_020, 7, 1, 2)
    clocked = decode(frame(DELTA, clock=4_182_061))
    assert isinstance(clocked, LevelDelta)
    assert clocked.clock == 4_182_061


@pytest.mark.parametrize("change", [{"price_dollars": "1.0000"}, {"market_ticker": "KXOTHER"}])
def test_delta_without_use_still_consumes_its_number(change: dict[str, str]) -> None:
    assert decode(frame(DELTA, **change)) == SequenceSeen(Venue.KALSHI, 1, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"price_dollars": "0.42001"},
        {"price_dollars": 0.42},
        {"price_dollars": "1.2"},
        {"price_dollars": None},
        {"delta_fp": "3.0000001"},
        {"delta_fp": "lots"},
        {"side": "maybe"},
    ],
)
def test_bad_delta_is_malformed_and_names_its_market(change: dict[str, Any]) -> None:
    raw = frame(DELTA, **change)
    with pytest.raises(MalformedMessage) as caught:
        decode(raw)
    assert caught.value.market == TICKER
    assert caught.value.head == raw[:200]


def test_bad_snapshots_are_malformed() -> None:
    for rows in ([["0.5", "-1.00"]], [["0.5"]], [["0.5", "1", "2"]], [[0.5, 1]], "none"):
        with pytest.raises(MalformedMessage):
            decode(frame(SNAPSHOT, no_dollars_fp=rows))


def test_fill_of_an_ask_acquired_no_at_the_complement() -> None:
    decoded = decode(frame(FILL, post_position_fp="-25.00", subaccount=3))
    assert isinstance(decoded, FillSeen)
    assert (decoded.shard, decoded.is_taker) == (0, True)
    assert (decoded.position_e6, decoded.subaccount) == (-25_000_000, 3)
    assert decoded.fill == Fill(
        venue=Venue.KALSHI,
        market_id=ID,
        fill_id="b1",
        order_key="0f6f",
        venue_order_id="c6",
        outcome=Outcome.NO,
        side=Side.BUY,
        price_e4=4_300,
        size_e6=25_000_000,
        notional_micros=10_750_000,
        fee_micros=429_000,
        ts_event_ms=1_790_000_000_456,
    )


def test_fill_without_book_side_goes_by_the_outcome_and_foreign_markets_keep_their_name() -> None:
    raw = frame(FILL, book_side=None, outcome_side="yes", client_order_id=None, market_ticker="KXZ")
    decoded = decode(raw)
    assert isinstance(decoded, FillSeen)
    fill = decoded.fill
    assert (fill.outcome, fill.price_e4) == (Outcome.YES, 5_700)
    assert (fill.order_key, fill.market_id) == ("", "kalshi:KXZ")
    assert decoded.position_e6 is None


@pytest.mark.parametrize("change", [{"book_side": "up"}, {"count_fp": "0.00"}, {"fee_cost": "x"}])
def test_bad_fill_is_malformed(change: dict[str, str]) -> None:
    with pytest.raises(MalformedMessage):
        decode(frame(FILL, **change))


def control(**fields: Any) -> object:
    return decode(json.dumps(fields).encode())


def test_control_frames() -> None:
    acknowledged = control(id=1, type="subscribed", msg={"channel": "orderbook_delta", "sid": 3})
    assert acknowledged == Acknowledged(1, "orderbook_delta", 3)
    seen = SequenceSeen(Venue.KALSHI, 1, 42)
    assert control(id=3, sid=1, seq=42, type="ok", msg={"market_tickers": ["A"]}) == seen
    assert control(id=6, type="ok", msg=[{"channel": "fill", "sid": 1}]) == Ignored("control")
    assert control(id=5, sid=1, seq=42, type="unsubscribed") == seen
    refused = control(id=9, type="error", msg={"code": 8, "msg": "Unknown channel name"})
    assert refused == Refused(9, 8, "Unknown channel name", 0, 0)
    numbered = control(sid=1, seq=4, type="error", msg={"code": 25, "msg": "overflow", "x": 1})
    assert numbered == Refused(0, 25, "overflow", 1, 4)


def test_unknown_types_are_told_apart_and_consume_their_number() -> None:
    assert control(type="pyth_value", sid=2, msg={}) == Ignored("pyth_value", is_unknown=True)
    assert control(type="novelty", sid=1, seq=9) == SequenceSeen(Venue.KALSHI, 1, 9)
    assert decode(b"\n") == Ignored("blank")


def test_orders_are_read_leniently() -> None:
    order = {"order_id": "o", "client_order_id": "k", "status": "weird", "fill_count_fp": "1.50"}
    assert control(type="user_order", msg=order) == OrderSeen("k", "o", "weird", 1_500_000)
    unread = control(type="user_order", msg=order | {"fill_count_fp": "?"})
    assert isinstance(unread, Ignored)
    assert unread.is_unknown
    assert control(type="user_order", msg=[]) == Ignored("user_order", is_unknown=True)


def test_lifecycle_tells_grids_and_touched_terms() -> None:
    def lifecycle(**msg: Any) -> object:
        return control(type="market_lifecycle_v2", sid=9, seq=3, msg=msg)

    ranges = [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]
    changed = lifecycle(
        event_type="price_level_structure_updated", market_ticker=TICKER, price_ranges=ranges
    )
    assert isinstance(changed, LifecycleSeen)
    assert changed.grid is not None
    assert changed.grid.bands == (Band(0, 10_000, 10),)
    touched = lifecycle(event_type="deactivated", market_ticker=TICKER)
    assert touched == LifecycleSeen(
        market_id=ID, what="deactivated", is_followed=True, sid=9, seq=3
    )
    other = lifecycle(event_type="created", market_ticker="KXNEW")
    assert other == LifecycleSeen(
        market_id=MarketId("kalshi:KXNEW"), what="created", is_followed=False, sid=9, seq=3
    )
    with pytest.raises(MalformedMessage):
        lifecycle(
            event_type="price_level_structure_updated",
            market_ticker=TICKER,
            price_ranges=[{"start": "0.0", "end": "1.0", "step": "0.0"}],
        )


def test_order_update_tells_everything() -> None:
    assert decode(frame(ORDER)) == OrderSeen(
        "0f6f",
        "c6",
        "resting",
        2_500_000,
        remaining_e6=7_500_000,
        initial_e6=10_000_000,
        reason="Trade",
        market_id=ID,
        shard=2,
        outcome_side="yes",
        book_side="bid",
        price_e4=4_200,
        taker_cost_micros=0,
        maker_cost_micros=1_050_000,
        taker_fees_micros=0,
        maker_fees_micros=10_700,
        order_group_id="g1",
        self_trade_prevention="maker",
        created_ms=1_790_000_000_100,
        updated_ms=1_790_000_000_590,
        expires_ms=1_790_000_060_000,
        subaccount=3,
        user_id="u",
    )
    nulls = frame(ORDER, created_ts_ms=None, last_update_reason=None, remaining_count_fp="?")
    sparse = decode(nulls)
    assert isinstance(sparse, OrderSeen)
    assert (sparse.created_ms, sparse.reason, sparse.remaining_e6) == (0, "", None)


def test_position_trade_and_ticker() -> None:
    assert decode(frame(POSITION)) == PositionSeen(
        market_id=ID,
        position_e6=-25_000_000,
        cost_micros=10_750_000,
        realized_micros=-100_000,
        fees_micros=429_000,
        position_fees_micros=400_000,
        volume_e6=30_000_000,
        subaccount=0,
        user_id="u",
    )
    assert decode(frame(TRADE)) == TradeSeen(
        market_id=ID,
        trade_id="t1",
        price_e4=3_600,
        size_e6=136_000_000,
        taker_outcome_side="no",
        taker_book_side="ask",
        is_block=False,
        ts_event_ms=1_790_000_000_000,
        sid=7,
        seq=1,
    )
    # A bid of 0 is no quote.
    assert decode(frame(TICK)) == TickerSeen(
        market_id=ID,
        last_price_e4=4_800,
        ask_e4=5_300,
        bid_size_e6=0,
        ask_size_e6=300_000_000,
        last_size_e6=1_250_000,
        volume_e6=33_896_000_000,
        open_interest_e6=20_422_000_000,
        dollar_volume=16_948,
        dollar_open_interest=10_211,
        ts_event_ms=1_790_000_000_001,
    )


def test_market_and_event_lives() -> None:
    life = decode(frame(LIFECYCLE))
    assert isinstance(life, LifecycleSeen)
    assert (life.what, life.result, life.settlement_e4) == ("determined", "yes", 10_000)
    assert (life.determined_ms, life.is_followed) == (1_790_000_100_000, True)
    assert life.metadata is not None
    assert (life.metadata.title, life.metadata.floor_strike) == ("Will it?", Decimal("5.5"))
    assert decode(frame(EVENT)) == EventSeen(
        event="KXE", series="KX", strike_ms=1_790_000_000_000, sid=9, seq=2
    )
    fees = EventFeesSeen(event="KXE", multiplier=Decimal("0.5"), sid=9, seq=3)
    assert decode(frame(EVENT_FEES)) == fees


def test_hint_that_cannot_be_read_is_counted_and_its_number_kept() -> None:
    assert decode(frame(TRADE, count_fp="many")) == SequenceSeen(Venue.KALSHI, 7, 1)
    assert decode(frame(EVENT_FEES, event_ticker=None)) == SequenceSeen(Venue.KALSHI, 9, 3)
    for hint in (frame(POSITION, position_fp="?"), frame(POSITION, position_fp=None)):
        decoded = decode(hint)
        assert isinstance(decoded, Ignored)
        assert decoded.is_unknown


def test_lag_is_told_by_the_last_frame_that_says_when_it_was_sent() -> None:
    decoder = KalshiDecoder({TICKER: ID})
    assert decoder.lag_ms == 0
    decoder.decode(frame(DELTA), 1_790_000_000_120 * 1_000_000)
    assert decoder.lag_ms == 100


def test_oversized_frame_is_malformed() -> None:
    with pytest.raises(MalformedMessage) as caught:
        decode(b" " * 5_001)
    assert caught.value.reason.startswith("oversized")
    assert len(caught.value.head) == 200


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_malformed(raw: bytes) -> None:
    with suppress(MalformedMessage):
        decode(raw)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
BASES = [SNAPSHOT, DELTA, FILL, ORDER, POSITION, TRADE, TICK, LIFECYCLE, EVENT, EVENT_FEES]
MESSAGES = [base["msg"] for base in BASES]
FIELDS = sorted({"code", "channel", "sid", *(field for msg in MESSAGES for field in msg)})


@given(
    st.sampled_from([*sorted(KNOWN_TYPES), "novelty"]),
    st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, max_size=6),
    st.dictionaries(st.sampled_from(["id", "sid", "seq", "msg"]), JSON_VALUES, max_size=4),
    st.sampled_from([*MESSAGES, {}]),
)
def test_mangled_frames_raise_nothing_but_malformed(
    kind: str, msg: dict[str, Any], outer: dict[str, Any], base: dict[str, Any]
) -> None:
    mangled = {"type": kind, "sid": 1, "seq": 2, "msg": base | msg} | outer
    with suppress(MalformedMessage):
        decode(msgspec.json.encode(mangled))


def test_deeply_nested_frame_is_malformed() -> None:
    with pytest.raises(MalformedMessage):
        decode(b'{"type":"fill","x":' + b"[" * 4_000)
