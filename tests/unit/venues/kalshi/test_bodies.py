import json
from typing import Any

import msgspec
import pytest

from tests.unit.venues.kalshi.support import TICKER, market, spec
from twoleg.core.market import Outcome, Side, TimeInForce, Venue
from twoleg.core.orders import OrderSpec
from twoleg.errors import InvariantBroken
from twoleg.venues.kalshi.bodies import build_order, fence_spec, is_bid
from twoleg.venues.kalshi.options import KalshiOptions


def body_of(order: OrderSpec, *, order_group_id: str = "", **options: Any) -> dict[str, Any]:
    raw = build_order(
        order,
        client_order_id="key-1",
        options=KalshiOptions(**options),
        order_group_id=order_group_id,
    )
    told: dict[str, Any] = json.loads(raw)
    return told


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
    assert body_of(order) == {
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
    body = body_of(exit_order, subaccount=3)
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
        {"reduce_only": True, "tif": TimeInForce.GTC},
        {"post_only": True},
        {"post_only": True, "tif": TimeInForce.IOC},
        {"expires_s": 1_790_000_600},
        {"expires_s": 1_790_000_600, "tif": TimeInForce.GTC},
        {"tif": TimeInForce.GTD},
        {"market": msgspec.structs.replace(market(), venue=Venue.POLYMARKET)},
    ],
)
def test_order_that_breaks_a_rule_is_our_bug(change: dict[str, Any]) -> None:
    with pytest.raises(InvariantBroken):
        body_of(spec(**change))


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("side", list(Side))
def test_fence_is_on_the_same_side_at_the_price_that_cannot_trade(
    outcome: Outcome, side: Side
) -> None:
    order = spec(outcome=outcome, side=side, limit_e4=5_000, reduce_only=False)
    fence = fence_spec(order)
    body = body_of(fence)
    assert is_bid(fence) == is_bid(order)
    assert body["price"] == ("0.0100" if is_bid(order) else "0.9900")
    assert (body["count"], body["time_in_force"]) == ("0.01", "immediate_or_cancel")


RESTING_BODY = {
    "ticker": TICKER,
    "client_order_id": "key-1",
    "side": "bid",
    "count": "25.00",
    "price": "0.5700",
    "time_in_force": "good_till_canceled",
    "self_trade_prevention_type": "taker_at_cross",
    "exchange_index": 2,
}


@pytest.mark.parametrize(
    ("terms", "options", "expected"),
    [
        ({"tif": TimeInForce.GTC}, {}, {}),
        ({"tif": TimeInForce.GTD, "expires_s": 1_790_000_600}, {}, {"expiration_time": 1_790_000_600}),
        ({"tif": TimeInForce.GTC, "post_only": True}, {}, {"post_only": True}),
        ({"tif": TimeInForce.GTC}, {"cancel_order_on_pause": True}, {"cancel_order_on_pause": True}),
        ({"tif": TimeInForce.GTC}, {"self_trade_prevention": "maker"}, {"self_trade_prevention_type": "maker"}),
        ({"tif": TimeInForce.GTC}, {"subaccount": 63}, {"subaccount": 63}),
    ],
)  # fmt: skip
def test_order_that_rests_says_how(
    terms: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert body_of(spec(**terms), **options) == RESTING_BODY | expected


def test_order_joins_its_group() -> None:
    body = body_of(spec(tif=TimeInForce.GTC), order_group_id="g-1")
    assert body == RESTING_BODY | {"order_group_id": "g-1"}


def test_taker_is_not_marked_for_pauses() -> None:
    assert "cancel_order_on_pause" not in body_of(spec(), cancel_order_on_pause=True)
