from typing import Any

import pytest

from tests.unit.venues.polymarket.support import CONDITION, MARKET_ID, YES, market
from twoleg.core.market import Outcome
from twoleg.venues.polymarket.order_updates import (
    UNTOLD_E6,
    OrderState,
    OrderUpdate,
    UpdateKind,
    order_update,
)
from twoleg.venues.polymarket.user_wire import OrderEvent


def event(**changes: Any) -> OrderEvent:
    values: dict[str, Any] = {"id": "0xAA", "market": CONDITION, "type": "UPDATE"}
    return OrderEvent(**(values | changes))


@pytest.mark.parametrize("prefix", ["", "ORDER_STATUS_"])
@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        ("LIVE", OrderState.RESTING, ""),
        ("UNMATCHED", OrderState.RESTING, ""),
        ("DELAYED", OrderState.DELAYED, ""),
        ("MATCHED", OrderState.MATCHED, ""),
        ("INVALID", OrderState.DEAD, ""),
        ("CANCELED", OrderState.CANCELED, ""),
        ("CANCELED_MARKET_RESOLVED", OrderState.CANCELED, "MARKET_RESOLVED"),
        ("CANCELED_NOT_ENOUGH_BALANCE", OrderState.CANCELED, "NOT_ENOUGH_BALANCE"),
        (
            "CANCELED_order couldn't be fully filled",
            OrderState.CANCELED,
            "order couldn't be fully filled",
        ),
        ("CANCELLED", OrderState.CANCELED, ""),
        ("MELTED", OrderState.UNKNOWN, ""),
    ],
)
def test_status_tells_where_an_order_stands(
    prefix: str, status: str, state: OrderState, reason: str
) -> None:
    update = order_update(event(status=prefix + status), market())
    assert (update.state, update.reason) == (state, reason)


def test_event_without_any_detail_is_an_unknown_order() -> None:
    update = order_update(event(type="NOVELTY"), market())
    assert update == OrderUpdate(
        market_id=MARKET_ID, order_key="0xaa", kind=UpdateKind.OTHER, state=OrderState.UNKNOWN
    )
    assert (update.size_e6, update.filled_e6) == (UNTOLD_E6, UNTOLD_E6)


def test_price_off_the_grid_is_rounded_and_the_time_falls_back_on_its_creation() -> None:
    update = order_update(
        event(asset_id=YES, price="0.480049", created_at=1_725_841_741, expiration="0"), market()
    )
    assert (update.price_e4, update.outcome) == (4_800, Outcome.YES)
    assert (update.ts_event_ms, update.expires_s) == (1_725_841_741_000, 0)


@pytest.mark.parametrize(
    "changes",
    [{"asset_id": "9"}, {"price": "dear"}, {"original_size": "-1"}, {"size_matched": "?"}],
)
def test_event_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        order_update(event(**changes), market())
