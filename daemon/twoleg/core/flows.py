"""Money and holdings that move beside our trades, as the venues tell them. Pure."""

from enum import Enum

import msgspec

from twoleg.core.market import MarketId, Venue


class FlowKind(Enum):
    """Why cash moved without a trade of ours."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    REBATE = "rebate"
    SETTLEMENT = "settlement"
    REDEMPTION = "redemption"
    TRANSFER = "transfer"


class CashFlow(msgspec.Struct, frozen=True, kw_only=True):
    """One such movement, with the venue's own id of it: by that it is booked once.

    `ts_ms` is the venue's time of it (Unix ms), 0 if it cannot be read.
    `micros` > 0 came to us. A settlement or redemption ends the holding of `market_id`: `yes_e6`
    and `no_e6` are what the venue paid for (−1: not told, the money alone must prove it).
    """

    kind: FlowKind
    venue: Venue
    shard: int
    micros: int
    reference: str
    ts_ms: int
    market_id: MarketId = MarketId("")
    yes_e6: int = -1
    no_e6: int = -1
    margin_micros: int = 0
    """How much too small `micros` may be: a venue that tells whole cents cuts off the rest."""
    undoes: str = ""
    """The flow that this one takes back; nothing moved where that one was never booked."""
