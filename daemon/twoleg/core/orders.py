"""One order as the core asks for it, and the reference by which its venue can be asked later."""

from enum import Enum

import msgspec

from twoleg.core.counts import LegTry
from twoleg.core.market import Market, Outcome, Side, TimeInForce, Venue


class Purpose(Enum):
    """Why an order is sent."""

    ARB = "arb"
    BET = "bet"
    ROLLBACK = "rollback"


class OrderSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One order, typed by venue, market, outcome and side so that no leg can be taken for another.

    `limit_e4` is the price of `outcome` (not of YES). `size_e6` is exact on Kalshi, for every SELL
    and for every order that rests. A Polymarket BUY that takes instead spends `spend_micros` (whole
    cents) at `limit_e4` or better and returns at least `size_e6_min` shares if it fills; `size_e6`
    is then what the walk expects.
    """

    execution_no: int
    order_no: int
    purpose: Purpose
    market: Market
    outcome: Outcome
    side: Side
    size_e6: int
    limit_e4: int
    tif: TimeInForce
    spend_micros: int = 0
    size_e6_min: int = 0
    reduce_only: bool = False
    post_only: bool = False
    """Refused instead of taking; only for orders that rest."""
    expires_s: int = 0
    """Unix seconds from which a GTD order is gone; 0 for all others."""
    is_unwind: bool = False
    """A rollback order that gives up what its own venue filled; else it completes."""
    leg_try: LegTry | None = None
    """A leg's, whose outcome tells how often such legs fill; None: it tells nothing of that."""

    @property
    def venue(self) -> Venue:
        """Where the order goes."""
        return self.market.venue


class OrderRef(msgspec.Struct, frozen=True, kw_only=True):
    """What a restart needs to ask the venue for exactly this order; stands in the journal."""

    spec: OrderSpec
    order_key: str
    sent_wall_ms: int
    venue_order_id: str = ""
