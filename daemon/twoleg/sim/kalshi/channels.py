"""Kalshi's WebSocket channels, subscriptions and error codes.

Kalshi docs, asyncapi 2.0.0, 2026-10. Codes 6, 16 and 17 were retired on 2026-09-10; 23 belongs to
a channel that is not documented and is never sent.
"""

from dataclasses import dataclass
from typing import Final

# What only the owner of an order or a position hears.
PRIVATE: Final = frozenset({"fill", "user_orders", "market_positions", "order_group_updates"})
# Accepted, and silent: quotes on request, combos and reference prices are not simulated.
SILENT: Final = frozenset(
    {
        "communications",
        "multivariate_market_lifecycle",
        "cfbenchmarks_value",
        "cfbenchmarks_value_5hz",
        "pyth_value",
    }
)
CHANNELS: Final = (
    frozenset({"orderbook_delta", "ticker", "trade", "market_lifecycle_v2"}) | PRIVATE | SILENT
)
SEQUENCED: Final = frozenset(
    {"orderbook_delta", "trade", "market_lifecycle_v2", "order_group_updates"}
)
# Always about everything: a filter given with these is ignored.
UNFILTERED: Final = frozenset({"market_lifecycle_v2", "order_group_updates"}) | SILENT
# Frames whose loss is a loss of data; losing an acknowledgement would be no gap.
DATA_KINDS: Final = frozenset(
    {
        "orderbook_delta",
        "trade",
        "market_lifecycle_v2",
        "event_lifecycle",
        "event_fee_update",
        "order_group_updates",
    }
)
ERRORS: Final = {
    1: "Unable to process message",
    2: "Params required",
    3: "Channels required",
    4: "Subscription IDs required",
    5: "Unknown command",
    7: "Unknown subscription ID",
    8: "Unknown channel name",
    9: "Authentication required",
    10: "Channel error",
    11: "Invalid parameter",
    12: "Exactly one subscription ID is required",
    13: "Unsupported action",
    14: "Market Ticker required",
    15: "Action required",
    18: "Command timeout",
    19: "shard_factor must be > 0",
    20: "shard_factor is required when shard_key is set",
    21: "shard_key must be >= 0 and < shard_factor",
    22: "shard_factor must be <= 100",
    24: "Index IDs required",
    25: "Subscription buffer overflow",
    26: "Subscription market limit exceeded",
    27: "Too many requests",
    28: "Underlying tickers required",
}


class CommandRefused(Exception):
    """A command that gets an `error` frame; `sid` scopes it to a subscription."""

    def __init__(
        self, code: int, *, sid: int | None = None, tickers: list[str] | None = None
    ) -> None:
        super().__init__(code, sid, tickers)
        self.code = code
        self.sid = sid
        self.tickers = tickers


@dataclass(slots=True)
class Subscription:
    """One channel of one session. `tickers` is None when it is not filtered."""

    sid: int
    channel: str
    tickers: dict[str, None] | None
    use_yes_price: bool = False
    # Whether a market of the ticker channel shows its state as soon as it is added.
    is_snapshot_first: bool = False
    # Whether an `ok` leaves out the list of markets.
    skips_tickers: bool = False
    seq: int = 0
    # Set by an error that ends the subscription.
    is_over: bool = False

    def wants(self, ticker: str) -> bool:
        """Tell whether the subscription covers this market."""
        return self.tickers is None or ticker in self.tickers
