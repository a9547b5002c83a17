"""What can be chosen about the public side: market data, channels, discovery and the front door.

Each default is what most sources show; the other choices are what some report instead, or what the
documentation leaves open (docs.polymarket.com and live captures of 2025-12 to 2026-10).
"""

from typing import Literal

from twoleg.sim.base import CommonOptions

# What /price means by side=BUY: what a buyer pays (lowest ask), or the resting buyers' best bid.
PriceSide = Literal["taker", "resting"]
# How a price change writes the top of an empty side: "0" and "1", or "" for both.
EmptyTop = Literal["bounds", "blank"]
# When last_trade_price comes: behind the price changes, whose hashes still have the old price
# ("after") or already the new one ("hidden"), or before them ("ahead").
TradeOrder = Literal["after", "hidden", "ahead"]
# Whose price is published as a book's last trade price: that of token 0, or of the token traded.
LastTradeOf = Literal["yes", "traded"]


class FeedOptions(CommonOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of market data, channels, Gamma and the door; PolymarketOptions inherits them."""

    # Adds markets of every odd kind beside the pairs, with standing books and no crowd.
    extra_markets: bool = False
    price_side: PriceSide = "taker"
    # Rows of a page of /markets and its kin.
    clob_page: int = 1_000
    # Whether /clob-markets leaves out all that is false, not only nr.
    compact_omits_false: bool = False
    # Market channel.
    empty_top: EmptyTop = "bounds"
    trade_order: TradeOrder = "after"
    last_trade_of: LastTradeOf = "yes"
    # last_trade_price carries a time that long before its own.
    trade_ts_lag_ms: int = 0
    # Whole books follow a trade.
    book_after_trade: bool = True
    # Whether book frames tell the last trade price.
    book_last_price: bool = True
    # Every n-th frame of one event is an array of one; 0: never.
    array_every: int = 0
    # Events are collected that long and sent as one array; 0: each on its own.
    batch_ms: int = 0
    # A connection with more tokens than this gets no dump.
    dump_tokens_max: int = 500
    # False: market_resolved never comes.
    resolved_event: bool = True
    # User channel. The code of its close on bad credentials is unknown.
    bad_auth_code: int = 1008
    # How an order without trades writes associate_trades.
    empty_trades: Literal["null", "list"] = "null"
    match_time_name: Literal["match_time", "matchtime"] = "match_time"
    # Gamma's quotes, tick and minimum size are as old as this at most; 0: always fresh.
    gamma_lag_ms: int = 0
    # The door: whether agents that call themselves Python-urllib meet a page, what the geoblock
    # probe tells, and whether limits per address apply.
    refuses_urllib: bool = True
    geo_blocked: bool = False
    geo_country: str = "IE"
    geo_region: str = "L"
    # Excess is held back, as the venue does, or refused with 429.
    ip_limits: Literal["off", "delay", "reject"] = "delay"
