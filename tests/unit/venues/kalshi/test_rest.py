from typing import Any

import pytest

from tests.unit.venues.kalshi.support import TICKER, market, spec
from twoleg.core.events import Fill
from twoleg.core.market import Outcome, Side, Venue
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.numbers import parse_time_ms
from twoleg.venues.kalshi.rest import (
    Balance,
    FillRow,
    PositionRow,
    ShardBalance,
    cash_of,
    fill_of,
    positions_of,
)


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
    # The sum is over all shards: whose it is is not told.
    assert cash_of(Balance("99.0186")) == ()


def test_positions_are_signed_and_zeros_left_out() -> None:
    rows = [PositionRow(TICKER, "-25.50"), PositionRow("KXB", "1.00"), PositionRow("KXC", "0.00")]
    assert positions_of(rows) == {TICKER: -25_500_000, "KXB": 1_000_000}


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
