import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.polymarket.support import (
    CONDITION,
    MARKET_ID,
    NO,
    YES,
    market,
    resting,
    spec,
)
from tests.unit.venues.polymarket.vectors import FEES
from twoleg.core.events import Fill, FillStatus
from twoleg.core.fees import fee_half_up
from twoleg.core.market import FeeSchedule, Outcome, Side, Venue
from twoleg.errors import MalformedMessage
from twoleg.venues.polymarket.numbers import parse_fixed
from twoleg.venues.polymarket.trades import (
    MakerOrder,
    TradeRecord,
    fill_status,
    maker_fills,
    order_fills,
    taker_fills,
)
from twoleg.venues.polymarket.user_wire import OrderEvent, TradeEvent, UserDecoder


def trade(**changes: Any) -> TradeRecord:
    values: dict[str, Any] = {
        "id": "t1",
        "market": CONDITION,
        "asset_id": YES,
        "side": "BUY",
        "size": "10",
        "price": "0.5",
        "status": "MATCHED",
        "taker_order_id": "0xABC",
        "trader_side": "TAKER",
        "match_time": "1790000000",
    }
    return TradeRecord(**(values | changes))


def test_taker_fill_without_makers_comes_from_the_top_level() -> None:
    assert taker_fills(trade(), market()) == (
        Fill(
            venue=Venue.POLYMARKET,
            market_id=MARKET_ID,
            fill_id="t1",
            order_key="0xabc",
            venue_order_id="0xabc",
            outcome=Outcome.YES,
            side=Side.BUY,
            price_e4=5_000,
            size_e6=10_000_000,
            notional_micros=5_000_000,
            fee_micros=125_000,
            fee_modelled=True,
            status=FillStatus.PROVISIONAL,
            ts_event_ms=1_790_000_000_000,
        ),
    )


MIXED = (
    MakerOrder(matched_amount="4", price="0.49", asset_id=YES, side="SELL"),
    MakerOrder(matched_amount="5", price="0.49", asset_id=NO, side="BUY"),
    MakerOrder(matched_amount="1", price="0.48", side="BUY"),
)


def test_taker_fill_of_mixed_makers_sums_their_money_in_our_tokens_price() -> None:
    (fill,) = taker_fills(trade(price="0.502", maker_orders=MIXED), market())
    assert (fill.fill_id, fill.outcome, fill.side) == ("t1", Outcome.YES, Side.BUY)
    money = 4 * 490_000 + 5 * 510_000 + 1 * 520_000
    assert (fill.size_e6, fill.notional_micros, fill.price_e4) == (10_000_000, money, 5_030)
    fees = market().fees
    assert fill.fee_micros == (
        fee_half_up(fees, 4_900, 4_000_000)
        + fee_half_up(fees, 5_100, 5_000_000)
        + fee_half_up(fees, 5_200, 1_000_000)
    )


def test_taker_fill_has_one_id_however_many_makers_a_record_lists() -> None:
    told = [trade(maker_orders=makers) for makers in (None, (), MIXED[:1], MIXED[:2], MIXED)]
    fills = [fill for record in told for fill in taker_fills(record, market())]
    assert {(fill.fill_id, fill.size_e6) for fill in fills} == {("t1", 10_000_000)}


def test_taker_fills_of_an_incomplete_maker_list_fall_back_to_the_whole() -> None:
    makers = (MakerOrder(matched_amount="4", price="0.49", asset_id=YES),)
    (fill,) = taker_fills(trade(maker_orders=makers), market())
    assert (fill.fill_id, fill.size_e6, fill.price_e4) == ("t1", 10_000_000, 5_000)


def test_taker_fill_id_of_a_single_maker_is_the_trades_own() -> None:
    makers = (MakerOrder(matched_amount="10", price="0.51", asset_id=NO),)
    (fill,) = taker_fills(trade(asset_id=NO, side="SELL", maker_orders=makers), market())
    assert (fill.fill_id, fill.price_e4, fill.outcome, fill.side) == (
        "t1",
        5_100,
        Outcome.NO,
        Side.SELL,
    )


def test_maker_fills_are_ours_alone_with_their_own_token_and_no_fee() -> None:
    makers = (
        MakerOrder(matched_amount="4", price="0.49", owner="them", asset_id=YES, side="SELL"),
        MakerOrder(
            matched_amount="6", price="0.48", owner="us", asset_id=NO, side="BUY", order_id="0xF"
        ),
    )
    (fill,) = maker_fills(trade(trader_side="MAKER", maker_orders=makers), market(), "us")
    assert (fill.fill_id, fill.order_key, fill.outcome, fill.side) == (
        "t1:0xf",
        "0xf",
        Outcome.NO,
        Side.BUY,
    )
    assert (fill.price_e4, fill.size_e6, fill.fee_micros) == (4_800, 6_000_000, 0)
    # A record that leaves the others out tells of the same fill.
    (alone,) = maker_fills(trade(trader_side="MAKER", maker_orders=makers[1:]), market(), "us")
    assert alone == fill


@pytest.mark.parametrize(
    ("told", "outcome", "side"),
    [
        # The taker buys YES: from a seller of YES, or with a buyer of NO.
        ({}, Outcome.YES, Side.SELL),
        ({"asset_id": YES}, Outcome.YES, Side.SELL),
        ({"asset_id": NO}, Outcome.NO, Side.BUY),
        ({"side": "SELL"}, Outcome.YES, Side.SELL),
        ({"side": "BUY"}, Outcome.NO, Side.BUY),
    ],
)
def test_maker_fill_without_token_or_side_is_opposite_to_the_taker(
    told: dict[str, str], outcome: Outcome, side: Side
) -> None:
    maker = MakerOrder(matched_amount="6", price="0.48", owner="us", order_id="0xF", **told)
    (fill,) = maker_fills(trade(trader_side="MAKER", maker_orders=(maker,)), market(), "us")
    assert (fill.outcome, fill.side, fill.price_e4) == (outcome, side, 4_800)


OURS = frozenset({"0xf"})


def test_order_fills_of_a_taker_are_its_takers_fills() -> None:
    told = trade(taker_order_id="0xF")
    assert order_fills(told, spec(), OURS) == taker_fills(told, market())


def test_order_fills_of_a_maker_leave_other_orders_of_ours_alone() -> None:
    makers = (
        MakerOrder(
            matched_amount="4", price="0.49", owner="us", asset_id=YES, side="BUY", order_id="0xE"
        ),
        MakerOrder(
            matched_amount="6", price="0.48", owner="us", asset_id=NO, side="SELL", order_id="0xF"
        ),
        MakerOrder(
            matched_amount="2", price="0.52", owner="us", asset_id=YES, side="BUY", order_id="0xf"
        ),
    )
    told = trade(trader_side="MAKER", maker_orders=makers, status="TRADE_STATUS_FAILED")
    one, two = order_fills(told, resting(), OURS)
    assert (one.fill_id, one.outcome, one.side, one.price_e4) == (
        "t1:0xf",
        Outcome.YES,
        Side.BUY,
        5_200,
    )
    assert (two.fill_id, two.price_e4, two.size_e6) == ("t1:0xf:1", 5_200, 2_000_000)
    assert one.fee_micros == two.fee_micros == 0
    assert {fill.status for fill in (one, two)} == {FillStatus.VOID}
    # The user channel numbers them alike, so that one fill is booked once.
    by_push = [fill.fill_id for fill in maker_fills(told, market(), "us")]
    assert by_push == ["t1:0xe", "t1:0xf", "t1:0xf:1"]


@pytest.mark.parametrize(
    "changes", [{"asset_id": "123"}, {"price": "1.5"}, {"matched_amount": "x"}]
)
def test_order_fills_that_cannot_be_read_raise(changes: dict[str, str]) -> None:
    values = {"matched_amount": "4", "price": "0.49", "asset_id": YES, "order_id": "0xF"}
    told = trade(maker_orders=(MakerOrder(**(values | changes)),))
    with pytest.raises(ValueError, match=r"."):
        order_fills(told, spec(), OURS)


@given(st.integers(1, 10**12), st.integers(0, 10**6))
def test_notional_is_size_times_price_rounded_half_up(size_e6: int, price_e6: int) -> None:
    size, price = f"{Decimal(size_e6) / 10**6:f}", f"{Decimal(price_e6) / 10**6:f}"
    (fill,) = taker_fills(trade(size=size, price=price), market())
    assert fill.notional_micros == (2 * size_e6 * price_e6 + 10**6) // (2 * 10**6)


@pytest.mark.parametrize(
    "changes",
    [
        {"size": "ten"},
        {"price": "1.01"},
        {"side": "HOLD"},
        {"asset_id": "123"},
        {"maker_orders": (MakerOrder(matched_amount="10", price="1.5", asset_id=NO),)},
    ],
)
def test_unreadable_trade_raises_value_error(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        taker_fills(trade(**changes), market())


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("MATCHED", FillStatus.PROVISIONAL),
        ("TRADE_STATUS_MATCHED_NOT_BROADCASTED", FillStatus.PROVISIONAL),
        ("MINED", FillStatus.PROVISIONAL),
        ("RETRYING", FillStatus.PROVISIONAL),
        ("TRADE_STATUS_CONFIRMED", FillStatus.FINAL),
        ("confirmed", FillStatus.FINAL),
        ("FAILED", FillStatus.VOID),
        ("SETTLED", None),
        ("", None),
    ],
)
def test_fill_status_of_every_trade_status(text: str, status: FillStatus | None) -> None:
    assert fill_status(text) is status


@pytest.mark.parametrize(("shares", "rate", "price", "exponent", "fee"), FEES)
def test_modelled_fee_vector_is_reproduced(
    shares: str, rate: str, price: str, exponent: int, fee: str
) -> None:
    schedule = FeeSchedule(rate_e6=parse_fixed(rate, 6), exponent=exponent, quantum_micros=10)
    modelled = fee_half_up(schedule, parse_fixed(price, 4), parse_fixed(shares, 6))
    assert modelled == parse_fixed(fee, 6)


ORDER_EVENT = {
    "event_type": "order",
    "type": "PLACEMENT",
    "id": "0x1",
    "market": CONDITION,
    "status": "LIVE",
    "associate_trades": None,
    "size_matched": "0",
    "created_at": "1",
}
TRADE_EVENT = json.loads(msgspec.json.encode(trade())) | {
    "event_type": "trade",
    "type": "TRADE",
    "timestamp": "1790000000123",
}


def test_user_channel_orders_and_trades_are_typed() -> None:
    seen = UserDecoder()
    (order,) = seen.decode(json.dumps(ORDER_EVENT).encode())
    (told,) = seen.decode(json.dumps([TRADE_EVENT]).encode())
    assert isinstance(order, OrderEvent)
    assert isinstance(told, TradeEvent)
    assert taker_fills(told, market()) == taker_fills(trade(), market())
    assert seen.counts == {"order": 1, "trade": 1}


def test_user_channel_unknown_events_and_statuses_are_counted() -> None:
    seen = UserDecoder()
    frames = [
        {"event_type": "party"},
        ORDER_EVENT | {"status": "DANCING"},
        ORDER_EVENT | {"status": "CANCELED_order couldn't be fully filled"},
        ORDER_EVENT | {"status": "ORDER_STATUS_MATCHED"},
        TRADE_EVENT | {"status": "MELTED"},
    ]
    assert len(seen.decode(json.dumps(frames).encode())) == 4
    assert seen.counts["unknown_event:party"] == 1
    assert seen.counts["unknown_order_status:DANCING"] == 1
    assert seen.counts["unknown_trade_status:MELTED"] == 1
    assert len([kind for kind in seen.counts if kind.startswith("unknown")]) == 3


@given(st.binary(max_size=200))
def test_user_channel_random_bytes_raise_nothing_but_malformed(raw: bytes) -> None:
    with suppress(MalformedMessage):
        UserDecoder().decode(raw)


def test_user_channel_trade_without_its_core_fields_is_malformed() -> None:
    with pytest.raises(MalformedMessage):
        UserDecoder().decode(b'{"event_type":"trade","id":"t1"}')
    assert UserDecoder().decode(b"PONG") == []
