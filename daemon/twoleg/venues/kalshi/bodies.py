"""The bodies of Kalshi's order requests, built from order specs. Pure.

OpenAPI 3.34.0 (2026-10-26) and Kalshi API docs, orders v2: one book, quoted in YES dollars; counts
and prices are JSON strings.
"""

from typing import Final

import msgspec

from twoleg.core.market import Outcome, Side, TimeInForce, Venue
from twoleg.core.orders import OrderSpec
from twoleg.core.units import LOT_E6, ONE_DOLLAR_E4
from twoleg.errors import InvariantBroken
from twoleg.venues.kalshi.numbers import format_count, format_price
from twoleg.venues.kalshi.options import KalshiOptions

TIF_WORDS: Final = {
    TimeInForce.FOK: "fill_or_kill",
    TimeInForce.IOC: "immediate_or_cancel",
    TimeInForce.GTC: "good_till_canceled",
    # There is no word of its own: an expiration time makes the difference.
    TimeInForce.GTD: "good_till_canceled",
}


class CreateOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of `POST /portfolio/events/orders`."""

    ticker: str
    client_order_id: str
    side: str
    count: str
    price: str
    time_in_force: str
    self_trade_prevention_type: str
    exchange_index: int
    expiration_time: int = 0
    post_only: bool = False
    reduce_only: bool = False
    cancel_order_on_pause: bool = False
    order_group_id: str = ""
    subaccount: int = 0


def is_bid(spec: OrderSpec) -> bool:
    """Whether an order is a bid on the one book, which is quoted in YES."""
    return (spec.outcome is Outcome.YES) == (spec.side is Side.BUY)


def yes_price(spec: OrderSpec) -> int:
    """The order's limit as a YES price."""
    return spec.limit_e4 if spec.outcome is Outcome.YES else ONE_DOLLAR_E4 - spec.limit_e4


def fault_of(spec: OrderSpec) -> str:
    """Which rule of the venue a spec breaks, "" if none."""
    market, price_e4 = spec.market, yes_price(spec)
    lot_e6 = max(market.lot_e6, LOT_E6)
    rests = spec.tif.rests
    faults = (
        (market.venue is not Venue.KALSHI, "is not a Kalshi market"),
        (
            not (0 < price_e4 < ONE_DOLLAR_E4 and market.grid.holds(price_e4)),
            f"YES price {price_e4} is off the grid",
        ),
        (
            spec.size_e6 <= 0 or spec.size_e6 % lot_e6 != 0,
            f"size {spec.size_e6} is not in lots",
        ),
        (
            spec.reduce_only and spec.tif is not TimeInForce.IOC,
            "reduce_only needs immediate-or-cancel",
        ),
        (spec.post_only and not rests, "post_only needs an order that rests"),
        (
            (spec.tif is TimeInForce.GTD) != (spec.expires_s > 0),
            "an expiry goes with good-till-date, and only with it",
        ),
    )
    return next((words for is_broken, words in faults if is_broken), "")


def build_order(
    spec: OrderSpec,
    *,
    client_order_id: str,
    options: KalshiOptions,
    order_group_id: str = "",
) -> bytes:
    """The exact body of an order; of the options only what an order says is used.

    Raises:
        InvariantBroken: a rule of the venue that the spec breaks; see `fault_of`.
    """
    fault = fault_of(spec)
    if fault:
        raise InvariantBroken(f"{spec.market.id}: {fault}")
    return msgspec.json.encode(
        CreateOrder(
            ticker=spec.market.native_id,
            client_order_id=client_order_id,
            side="bid" if is_bid(spec) else "ask",
            count=format_count(spec.size_e6),
            price=format_price(yes_price(spec)),
            time_in_force=TIF_WORDS[spec.tif],
            self_trade_prevention_type=options.self_trade_prevention,
            # Without it the venue routes by ticker, and bills the buckets of several shards.
            exchange_index=spec.market.shard,
            expiration_time=spec.expires_s,
            post_only=spec.post_only,
            reduce_only=spec.reduce_only,
            cancel_order_on_pause=spec.tif.rests and options.cancel_order_on_pause,
            order_group_id=order_group_id,
            subaccount=options.subaccount,
        )
    )


def fence_spec(spec: OrderSpec) -> OrderSpec:
    """The harmless twin of a taker's order: 0.01 contract at the grid's worst price for trading.

    A bid at the lowest price and an ask at the highest meet nobody but a giver of gifts.
    """
    grid = spec.market.grid
    price_e4 = grid.worst_sell_e4 if is_bid(spec) else grid.worst_buy_e4
    limit_e4 = price_e4 if spec.outcome is Outcome.YES else ONE_DOLLAR_E4 - price_e4
    return msgspec.structs.replace(
        spec, size_e6=LOT_E6, limit_e4=limit_e4, tif=TimeInForce.IOC, reduce_only=False
    )
