"""What two lines push alike is passed on once."""

from dataclasses import replace
from typing import Any

from msgspec import structs

from tests.unit.venues.kalshi.test_wire import FILL, ORDER, POSITION, TICK, TRADE, decode, frame
from twoleg.venues.kalshi.privates import FirstOnly, Recent
from twoleg.venues.kalshi.pushes import (
    FillSeen,
    OrderSeen,
    PositionSeen,
    TickerSeen,
    TradeSeen,
)
from twoleg.venues.kalshi.sinks import FeedSinks, PushSinks


def collecting(got: list[Any]) -> FeedSinks:
    """The sinks of the lines; what comes through lands in `got`."""
    pushes = PushSinks(
        on_order=got.append,
        on_position=got.append,
        on_trade=got.append,
        on_ticker=got.append,
        on_fill_seen=got.append,
        on_lifecycle=got.append,
    )
    sinks = FeedSinks(
        on_event=got.append,
        on_fill=got.append,
        on_up=lambda: None,
        on_terms=lambda _market_id, _what: None,
        pushes=pushes,
    )
    return FirstOnly(sinks).sinks()


def give_twice(sink: Any, value: object) -> None:
    sink(value)
    sink(value)


def test_fills_and_trades_count_once_by_their_ids() -> None:
    got: list[Any] = []
    sinks = collecting(got)
    fill, trade = decode(frame(FILL)), decode(frame(TRADE))
    assert isinstance(fill, FillSeen)
    assert isinstance(trade, TradeSeen)
    give_twice(sinks.on_fill, fill.fill)
    give_twice(sinks.pushes.on_fill_seen, fill)
    give_twice(sinks.pushes.on_trade, trade)
    # Another line numbers it otherwise.
    give_twice(sinks.pushes.on_trade, structs.replace(trade, sid=9, seq=7))
    assert got == [fill.fill, fill, trade]


def test_order_never_goes_back() -> None:
    got: list[Any] = []
    on_order = collecting(got).pushes.on_order
    order = decode(frame(ORDER))
    assert isinstance(order, OrderSeen)
    later = structs.replace(order, filled_e6=10_000_000, updated_ms=order.updated_ms + 5)
    # Two changes within a millisecond.
    same_time = structs.replace(later, status="executed")
    for seen in (order, later, order, later, same_time, order):
        give_twice(on_order, seen)
    assert got == [order, later, same_time]


def test_holding_is_passed_on_when_it_differs() -> None:
    got: list[Any] = []
    on_position = collecting(got).pushes.on_position
    position = decode(frame(POSITION))
    assert isinstance(position, PositionSeen)
    other = structs.replace(position, position_e6=1)
    elsewhere = structs.replace(position, subaccount=5)
    for seen in (position, other, elsewhere):
        give_twice(on_position, seen)
    assert got == [position, other, elsewhere]


def test_ticker_never_goes_back() -> None:
    got: list[Any] = []
    on_ticker = collecting(got).pushes.on_ticker
    ticker = decode(frame(TICK))
    assert isinstance(ticker, TickerSeen)
    later = structs.replace(ticker, bid_e4=4_000, ts_event_ms=ticker.ts_event_ms + 1)
    for seen in (ticker, later, ticker):
        give_twice(on_ticker, seen)
    assert got == [ticker, later]


def test_what_nobody_wants_stays_unsubscribed() -> None:
    got: list[Any] = []
    plain = replace(collecting(got), pushes=PushSinks())
    channels = FirstOnly(plain).sinks().pushes.channels()
    assert channels == ("fill", "market_lifecycle_v2")


def test_old_keys_are_forgotten() -> None:
    recent = Recent(keys_max=2)
    assert [recent.is_new(key) for key in "aabca"] == [True, False, True, True, True]
