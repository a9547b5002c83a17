import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.kalshi.support import TICKER
from twoleg.core.events import ASK, BID, BookSnapshot, Fill, GridChanged, LevelDelta, SequenceSeen
from twoleg.core.market import Band, MarketId, Outcome, Side, Venue
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.wire import (
    KNOWN_TYPES,
    Acknowledged,
    Ignored,
    KalshiDecoder,
    OrderSeen,
    Refused,
    TermsTouched,
)

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
    ask = decode(frame(DELTA, side="no", ts_ms=None, delta_fp="1.25"))
    assert ask == LevelDelta(ID, ASK, 4_200, 1_250_000, 1_790_000_000_020, 7, 1, 2)


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
    assert decode(frame(FILL)) == Fill(
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
    assert isinstance(decoded, Fill)
    assert (decoded.outcome, decoded.price_e4) == (Outcome.YES, 5_700)
    assert (decoded.order_key, decoded.market_id) == ("", "kalshi:KXZ")


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
    assert control(type="ticker", sid=2, msg={}) == Ignored("ticker", is_unknown=True)
    assert control(type="novelty", sid=1, seq=9) == SequenceSeen(Venue.KALSHI, 1, 9)
    assert decode(b"\n") == Ignored("blank")


def test_orders_are_read_leniently() -> None:
    order = {"order_id": "o", "client_order_id": "k", "status": "weird", "fill_count_fp": "1.50"}
    assert control(type="user_order", msg=order) == OrderSeen("k", "o", "weird", 1_500_000)
    ignored = Ignored("user_order", is_unknown=True)
    assert control(type="user_order", msg=order | {"fill_count_fp": "?"}) == ignored
    assert control(type="user_order", msg=[]) == ignored


def test_lifecycle_tells_grids_and_touched_terms() -> None:
    def lifecycle(**msg: Any) -> object:
        return control(type="market_lifecycle_v2", sid=9, seq=3, msg=msg)

    ranges = [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]
    changed = lifecycle(
        event_type="price_level_structure_updated", market_ticker=TICKER, price_ranges=ranges
    )
    assert isinstance(changed, GridChanged)
    assert changed.grid.bands == (Band(0, 10_000, 10),)
    touched = lifecycle(event_type="deactivated", market_ticker=TICKER)
    assert touched == TermsTouched(ID, "deactivated")
    other = lifecycle(event_type="created", market_ticker="KXNEW")
    assert other == Ignored("market_lifecycle_v2")
    with pytest.raises(MalformedMessage):
        lifecycle(
            event_type="price_level_structure_updated",
            market_ticker=TICKER,
            price_ranges=[{"start": "0.0", "end": "1.0", "step": "0.0"}],
        )


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
FIELDS = sorted({*SNAPSHOT["msg"], *DELTA["msg"], *FILL["msg"], "code", "channel", "sid"})


@given(
    st.sampled_from([*sorted(KNOWN_TYPES), "novelty"]),
    st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, max_size=6),
    st.dictionaries(st.sampled_from(["id", "sid", "seq", "msg"]), JSON_VALUES, max_size=4),
    st.sampled_from([SNAPSHOT["msg"], DELTA["msg"], FILL["msg"], {}]),
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
