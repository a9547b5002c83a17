"""Change resting orders on Kalshi: decrease, and amend with its rules about place in the queue.

Kalshi docs, openapi 3.34.0 (AmendOrderV2, DecreaseOrderV2), 2026-10-01: a smaller size and a new
expiration keep the place; a new price or a larger size gives it up, and may cross and fill.
"""

from collections.abc import Callable
from dataclasses import replace

from twoleg.sim.kalshi.bodies import Amendment, Reduction
from twoleg.sim.kalshi.desk import Desk
from twoleg.sim.kalshi.errors import refuse
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.orders import NewOrder, Traded, UserOrder


def decrease(desk: Desk, order: UserOrder, reduction: Reduction) -> int:
    """Shrink a resting order in its place; return what rests then.

    Reducing by all that is left or more cancels it; reducing to more than is left is refused (not
    documented, both a guess).
    """
    desk.scripted.meet("decrease")
    # Whether a trading pause refuses it is open; like a cancel it only takes away.
    desk.check_cancel(desk.markets[order.ticker])
    if reduction.to_e6 is not None:
        if reduction.to_e6 > order.remaining_e6:
            raise refuse(400, "invalid_order_size", "reduce_to is above the remaining count")
        left_e6 = reduction.to_e6
    else:
        left_e6 = max(0, order.remaining_e6 - (reduction.by_e6 or 0))
    if left_e6 == 0:
        desk.cancel(order, "Decrease")
    else:
        _shrink(desk, order, left_e6, "Decrease")
    return left_e6


def amend(
    desk: Desk,
    order: UserOrder,
    amendment: Amendment,
    *,
    before_match: Callable[[NewOrder, int], None],
) -> Traded:
    """Amend a resting order, or raise its refusal; return what the amendment itself traded.

    `before_match` is called with the new request and size when the order goes to the market again.
    """
    desk.scripted.meet("amend")
    _check_identity(order, amendment)
    market = desk.markets[order.ticker]
    desk.admission.check_trading(market)
    if not market.grid.contains(amendment.price_e4):
        raise refuse(400, "invalid_price")
    left_e6 = amendment.size_e6 - order.filled_e6
    if left_e6 <= 0:
        # The name is FIX's (Kalshi docs, fix/order-entry, 2026); its form over REST is a guess.
        raise refuse(400, "invalid_amend_qty_for_order")
    request = _amended(order, amendment)
    keeps_place = amendment.price_e4 == order.request.price_e4 and left_e6 <= order.remaining_e6
    if not keeps_place:
        _check_replacement(desk, market, order, request, left_e6)
        before_match(request, left_e6)
        if desk.blotter.resting.get(order.order_id) is not order:
            raise refuse(404, "not_found")  # its group was triggered by what others did
        desk.till.check(order.account, market, request, left_e6, without=order)
    if amendment.updated_client_order_id not in ("", order.request.client_order_id):
        desk.admission.claim_id(order.account.name, amendment.updated_client_order_id)
    before = order.traded
    # What an amended order calls its initial count is not documented.
    order.initial_e6 = amendment.size_e6
    if keeps_place:
        order.request = request
        _shrink(desk, order, left_e6, "Amend")
    else:
        desk.pull(order)
        order.request, order.remaining_e6 = request, left_e6
        desk.match(market, order, "Amend")
    return order.traded.since(before)


def _amended(order: UserOrder, amendment: Amendment) -> NewOrder:
    expiration_ts_s = order.request.expiration_ts_s
    if amendment.expiration_ts_s is not None:
        expiration_ts_s = amendment.expiration_ts_s or None
    return replace(
        order.request,
        price_e4=amendment.price_e4,
        size_e6=amendment.size_e6,
        client_order_id=amendment.updated_client_order_id or order.request.client_order_id,
        expiration_ts_s=expiration_ts_s,
    )


def _check_identity(order: UserOrder, amendment: Amendment) -> None:
    # Kalshi changelog, 2026-01-26; their HTTP status is not documented.
    if amendment.ticker != order.ticker:
        raise refuse(400, "order_ticker_mismatch")
    if amendment.side != order.side:
        raise refuse(400, "order_side_mismatch")
    if amendment.client_order_id not in ("", order.request.client_order_id):
        raise refuse(400, "order_id_and_client_order_id_mismatch")


def _check_replacement(
    desk: Desk, market: MarketState, order: UserOrder, request: NewOrder, left_e6: int
) -> None:
    desk.till.check(order.account, market, request, left_e6, without=order)
    if request.post_only and market.exchange.would_cross(request.side, request.price_e4):
        raise refuse(400, "invalid_order", "post only cross")


def _shrink(desk: Desk, order: UserOrder, left_e6: int, reason: str) -> None:
    market = desk.markets[order.ticker]
    desk.cause, outer = order, desk.cause
    try:
        market.exchange.reduce(order.order_id, order.remaining_e6 - left_e6)
    finally:
        desk.cause = outer
    order.remaining_e6 = left_e6
    desk.blotter.publish(order, reason)
    desk.blotter.announcer.ticker(market)
