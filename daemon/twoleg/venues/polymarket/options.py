"""Addresses and knobs of the Polymarket client."""

import msgspec


class PolymarketUrls(msgspec.Struct, frozen=True, kw_only=True):
    """Where the venue lives; production by default (polymarket-client 0.14.0, 2026-11-22)."""

    clob: str = "https://clob.polymarket.com"
    gamma: str = "https://gamma-api.polymarket.com"
    market_ws: str = "wss://ws-subscriptions-clob.polymarket.com/ws/market"
    user_ws: str = "wss://ws-subscriptions-clob.polymarket.com/ws/user"


class PolymarketOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How patient the client is, and how much it takes at once."""

    order_timeout_ms: int = 5_000
    request_timeout_ms: int = 5_000
    look_up_ms_max: int = 8_000
    """After this a look-up ends as UNKNOWN; a market's own taker delay comes on top."""
    look_up_poll_ms: int = 250
    absent_after_ms: int = 2_500
    """An order that nobody knows counts as absent only this long after its send, and after its
    market's own taker delay. Reads lag behind matches by up to a second."""
    trades_lookback_s: int = 60
    """How far before the send trades are asked for: our clock may run ahead of the venue's."""
    pages_max: int = 20
    update_balance_first: bool = True
    """Ask the venue to refresh its balance cache before reading it."""
    ping_interval_ms: int = 10_000
    silence_ms_max: int = 30_000
    """Without any frame, PONG included, the socket counts as dead."""
    data_silence_ms_max: int = 120_000
    """Without any data frame the market socket is replaced: some stay open and mute. After half
    of it one book is asked for anew, so that quiet markets give a sign of life."""
    dump_ms_max: int = 10_000
    """A book whose dump has not come by then is asked for again."""
    resync_gap_ms: int = 250
    """Pause after each resubscription; what is asked for meanwhile goes out as one."""
    tokens_per_socket_max: int = 200
    frames_per_turn_max: int = 64
    turn_ns_max: int = 1_000_000
    backoff_ms_min: int = 250
    backoff_ms_max: int = 30_000
    websocket_ping_ms: int = 0
    """Protocol-level pings of our own; 0 is off: users report that they cause close code 1011."""
