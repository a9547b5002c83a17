"""The naive tick decides what one would by hand."""

import json
from decimal import Decimal
from typing import Any

from benchmarks.naive import NaiveLimits, NaivePair, NaiveTick, kalshi_fee, polymarket_fee

PAIR = NaivePair(id="p", ticker="KXA-1", yes_token="11", no_token="22")


def kalshi_snapshot(yes: list[list[str]], no: list[list[str]]) -> bytes:
    msg: dict[str, Any] = {"market_ticker": "KXA-1", "market_id": "m"}
    # A side without levels is absent, as the venue does it.
    if yes:
        msg["yes_dollars_fp"] = yes
    if no:
        msg["no_dollars_fp"] = no
    return json.dumps({"type": "orderbook_snapshot", "sid": 1, "seq": 1, "msg": msg}).encode()


def kalshi_delta(price: str, delta: str, side: str) -> bytes:
    msg = {"market_ticker": "KXA-1", "price_dollars": price, "delta_fp": delta, "side": side}
    return json.dumps({"type": "orderbook_delta", "sid": 1, "seq": 2, "msg": msg}).encode()


def token_book(token: str, bids: dict[str, str], asks: dict[str, str]) -> dict[str, Any]:
    return {
        "event_type": "book",
        "market": "0x1",
        "asset_id": token,
        "bids": [{"price": p, "size": s} for p, s in bids.items()],
        "asks": [{"price": p, "size": s} for p, s in asks.items()],
    }


def books(tick: NaiveTick, yes_bid: str, yes_ask: str, size: str = "100") -> Any:
    """Feed both books of a Polymarket market with one level a side."""
    mirror = {p: str(1 - Decimal(p)) for p in (yes_bid, yes_ask)}
    events = [
        token_book("11", {yes_bid: size}, {yes_ask: size}),
        token_book("22", {mirror[yes_ask]: size}, {mirror[yes_bid]: size}),
    ]
    return tick.on_frame("polymarket", json.dumps(events).encode())


def test_no_edge_decides_nothing() -> None:
    tick = NaiveTick([PAIR])
    assert books(tick, "0.49", "0.51") is None
    assert (
        tick.on_frame("kalshi", kalshi_snapshot([["0.4900", "50.00"]], [["0.5100", "50.00"]]))
        is None
    )


def test_yes_on_kalshi_and_no_on_polymarket_when_kalshi_is_cheap() -> None:
    tick = NaiveTick([PAIR])
    books(tick, "0.55", "0.57")
    decision = tick.on_frame("kalshi", kalshi_snapshot([["0.4000", "9.00"]], [["0.4500", "60.00"]]))
    assert decision is not None
    assert decision.direction == "kalshi_yes"
    # Half of 60 on Kalshi binds before half of 100 on Polymarket.
    assert decision.size == Decimal(30)
    assert (decision.kalshi_limit, decision.polymarket_limit) == (Decimal("0.45"), Decimal("0.45"))
    fees = kalshi_fee(Decimal(1), Decimal(30), Decimal("0.45"))
    fees += polymarket_fee(Decimal("0.04"), Decimal(30), Decimal("0.45"))
    assert decision.edge == 30 * Decimal("0.10") - fees


def test_inverse_pair_buys_the_same_outcome_on_both() -> None:
    pair = NaivePair(id="p", ticker="KXA-1", yes_token="11", no_token="22", polarity="inverse")
    tick = NaiveTick([pair])
    books(tick, "0.40", "0.42")
    decision = tick.on_frame("kalshi", kalshi_snapshot([["0.4000", "9.00"]], [["0.4500", "60.00"]]))
    assert decision is not None
    assert (decision.direction, decision.polymarket_limit) == ("kalshi_yes", Decimal("0.42"))


def test_no_on_kalshi_when_its_bid_is_high() -> None:
    tick = NaiveTick([PAIR])
    books(tick, "0.40", "0.42")
    decision = tick.on_frame(
        "kalshi", kalshi_snapshot([["0.5500", "60.00"]], [["0.5600", "60.00"]])
    )
    assert decision is not None
    assert decision.direction == "kalshi_no"
    assert (decision.kalshi_limit, decision.polymarket_limit) == (Decimal("0.45"), Decimal("0.42"))


def test_walk_takes_the_second_level_while_it_pays_and_respects_the_cap() -> None:
    tick = NaiveTick([PAIR], NaiveLimits(size_max=Decimal(40)))
    books(tick, "0.55", "0.57")
    asks = [["0.4500", "60.00"], ["0.4700", "60.00"], ["0.5400", "500.00"]]
    decision = tick.on_frame("kalshi", kalshi_snapshot([], asks))
    assert decision is not None
    assert (decision.size, decision.kalshi_limit) == (Decimal(40), Decimal("0.47"))


def test_delta_removes_the_level_and_the_decision() -> None:
    tick = NaiveTick([PAIR])
    books(tick, "0.55", "0.57")
    assert tick.on_frame("kalshi", kalshi_snapshot([], [["0.4500", "60.00"]])) is not None
    assert tick.on_frame("kalshi", kalshi_delta("0.4500", "-60.00", "no")) is None
    assert tick.on_frame("kalshi", kalshi_delta("0.4400", "10.00", "no")) is not None


def price_change(size: str) -> bytes:
    changes = [
        {"asset_id": "11", "price": "0.53", "size": size, "side": "BUY"},
        {"asset_id": "22", "price": "0.47", "size": size, "side": "SELL"},
    ]
    return json.dumps({"event_type": "price_change", "price_changes": changes}).encode()


def test_price_change_sets_the_level_on_both_tokens() -> None:
    tick = NaiveTick([PAIR])
    books(tick, "0.46", "0.51")
    assert tick.on_frame("kalshi", kalshi_snapshot([], [["0.4500", "60.00"]])) is None
    decision = tick.on_frame("polymarket", price_change("20"))
    assert decision is not None
    assert (decision.size, decision.polymarket_limit) == (Decimal(10), Decimal("0.47"))
    assert tick.on_frame("polymarket", price_change("0")) is None


def test_size_cap_finer_than_a_lot_ends_the_walk() -> None:
    tick = NaiveTick([PAIR], NaiveLimits(size_max=Decimal("1.005")))
    books(tick, "0.55", "0.57")
    decision = tick.on_frame("kalshi", kalshi_snapshot([], [["0.4500", "60.00"]]))
    assert decision is not None
    assert decision.size == Decimal("1.00")


def test_other_frames_are_ignored() -> None:
    tick = NaiveTick([PAIR])
    assert tick.on_frame("kalshi", b'{"type":"ticker","msg":{}}') is None
    assert tick.on_frame("polymarket", b"[]") is None
    assert tick.on_frame("kalshi", kalshi_delta("0.4500", "1.00", "no")) is None


def test_fees_match_the_venues_examples() -> None:
    assert kalshi_fee(Decimal(1), Decimal(10), Decimal("0.56")) == Decimal("0.1725")
    assert kalshi_fee(Decimal(1), Decimal(25), Decimal("0.57")) == Decimal("0.4290")
    assert polymarket_fee(Decimal("0.05"), Decimal(100), Decimal("0.50")) == Decimal("1.25")
