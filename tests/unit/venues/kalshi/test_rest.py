import json
from typing import Any

import msgspec
import pytest

from tests.unit.venues.kalshi.support import TICKER, market, spec
from twoleg.core.events import Fill
from twoleg.core.market import Outcome, Side, TimeInForce, Venue
from twoleg.errors import InvariantBroken, MalformedMessage
from twoleg.venues.kalshi.rest import (
    Balance,
    FillRow,
    PositionRow,
    ShardBalance,
    build_order,
    cash_of,
    fence_spec,
    fill_of,
    is_bid,
    parse_time_ms,
    positions_of,
)


@pytest.mark.parametrize(
    ("outcome", "side", "limit_e4", "book_side", "price"),
    [
        (Outcome.YES, Side.BUY, 5_700, "bid", "0.5700"),
        (Outcome.YES, Side.SELL, 5_700, "ask", "0.5700"),
        (Outcome.NO, Side.BUY, 4_300, "ask", "0.5700"),
        (Outcome.NO, Side.SELL, 4_300, "bid", "0.5700"),
    ],
)
def test_order_maps_to_the_one_book_in_yes(
    outcome: Outcome, side: Side, limit_e4: int, book_side: str, price: str
) -> None:
    order = spec(outcome=outcome, side=side, limit_e4=limit_e4)
    assert json.loads(build_order(order, client_order_id="key-1")) == {
        "ticker": TICKER,
        "client_order_id": "key-1",
        "side": book_side,
        "count": "25.00",
        "price": price,
        "time_in_force": "fill_or_kill",
        "self_trade_prevention_type": "taker_at_cross",
        "exchange_index": 2,
    }


def test_order_shard_0_is_explicit_and_exits_are_reduce_only() -> None:
    exit_order = spec(market=market(shard=0), tif=TimeInForce.IOC, reduce_only=True, size_e6=10_000)
    body = json.loads(build_order(exit_order, client_order_id="k", subaccount=3))
    assert (body["exchange_index"], body["reduce_only"], body["subaccount"]) == (0, True, 3)
    assert (body["count"], body["time_in_force"]) == ("0.01", "immediate_or_cancel")


@pytest.mark.parametrize(
    "change",
    [
        {"limit_e4": 5_701},
        {"limit_e4": 0},
        {"limit_e4": 10_000},
        {"size_e6": 0},
        {"size_e6": 15_000},
        {"size_e6": -10_000},
        {"reduce_only": True},
        {"market": msgspec.structs.replace(market(), venue=Venue.POLYMARKET)},
    ],
)
def test_order_that_breaks_a_rule_is_our_bug(change: dict[str, Any]) -> None:
    with pytest.raises(InvariantBroken):
        build_order(spec(**change), client_order_id="k")


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("side", list(Side))
def test_fence_is_on_the_same_side_at_the_price_that_cannot_trade(
    outcome: Outcome, side: Side
) -> None:
    order = spec(outcome=outcome, side=side, limit_e4=5_000, reduce_only=False)
    fence = fence_spec(order)
    body = json.loads(build_order(fence, client_order_id="k"))
    assert is_bid(fence) == is_bid(order)
    assert body["price"] == ("0.0100" if is_bid(order) else "0.9900")
    assert (body["count"], body["time_in_force"]) == ("0.01", "immediate_or_cancel")


def row(**changes: Any) -> FillRow:
    values: dict[str, Any] = {
        "order_id": "o-1",
        "yes_price_dollars": "0.5700",
        "count_fp": "25.00",
        "fee_cost": "0.429000",
        "trade_id": "t-1",
        "book_side": "ask",
        "created_time": "2026-09-21T13:33:20.019999Z",
        "ts": 1_789_997_600,
    }
    return FillRow(**(values | changes))


def test_fill_speaks_the_words_of_its_order() -> None:
    bought = fill_of(row(), spec(outcome=Outcome.NO, limit_e4=4_300), "key-1")
    assert bought == Fill(
        venue=Venue.KALSHI,
        market_id=market().id,
        fill_id="t-1",
        order_key="key-1",
        venue_order_id="o-1",
        outcome=Outcome.NO,
        side=Side.BUY,
        price_e4=4_300,
        size_e6=25_000_000,
        notional_micros=10_750_000,
        fee_micros=429_000,
        ts_event_ms=1_789_997_600_019,
    )
    sold = fill_of(row(), spec(side=Side.SELL), "key-1")
    assert (sold.outcome, sold.side) == (Outcome.YES, Side.SELL)
    assert (sold.price_e4, sold.notional_micros) == (5_700, 14_250_000)


def test_fill_on_the_other_side_than_sent_says_what_the_venue_says() -> None:
    fill = fill_of(row(book_side="bid"), spec(outcome=Outcome.NO, limit_e4=4_300), "key-1")
    assert (fill.outcome, fill.side, fill.price_e4) == (Outcome.YES, Side.BUY, 5_700)


def test_fill_without_created_time_or_trade_id() -> None:
    fill = fill_of(row(created_time=None, trade_id="", fill_id="f-1"), spec(), "k")
    assert (fill.ts_event_ms, fill.fill_id) == (1_789_997_600_000, "f-1")
    with pytest.raises(MalformedMessage):
        fill_of(row(trade_id=""), spec(), "k")


def test_cash_per_shard_and_without_breakdown() -> None:
    shards = [ShardBalance(2, "1.000001"), ShardBalance(0, "98.0186")]
    assert cash_of(Balance("99.0186", shards)) == ((0, 98_018_600), (2, 1_000_001))
    assert cash_of(Balance("99.0186")) == ((0, 99_018_600),)


def test_positions_are_signed_and_only_of_the_asked_markets() -> None:
    rows = [PositionRow(TICKER, "-25.50"), PositionRow("KXB", "1.00"), PositionRow("KXC", "0.00")]
    markets = (market(), market("KXC"))
    assert positions_of(rows, markets) == {TICKER: -25_500_000}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01.234567Z", 1_234),
        ("1970-01-01T01:00:00+01:00", 0),
        ("2026-11-22T00:00:00", 0),
        ("", 0),
        ("yesterday", 0),
    ],
)
def test_time_is_exact_to_the_millisecond(text: str, expected: int) -> None:
    assert parse_time_ms(text) == expected
