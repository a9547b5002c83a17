"""Addresses and knobs of the Polymarket client."""

import msgspec


class PolymarketUrls(msgspec.Struct, frozen=True, kw_only=True):
    """Where the venue lives; production by default (polymarket-client 0.14.0, 2026-11-22)."""

    clob: str = "https://clob.polymarket.com"
    gamma: str = "https://gamma-api.polymarket.com"
    market_ws: str = "wss://ws-subscriptions-clob.polymarket.com/ws/market"
    user_ws: str = "wss://ws-subscriptions-clob.polymarket.com/ws/user"
    data: str = "https://data-api.polymarket.com"
    geoblock: str = "https://polymarket.com/api/geoblock"


class PolymarketOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How patient the client is, and how much it takes at once."""

    order_timeout_ms: int = 5_000
    request_timeout_ms: int = 5_000
    look_up_ms_max: int = 8_000
    """After this a look-up ends as UNKNOWN; a market's own taker delay comes on top."""
    look_up_poll_ms: int = 250
    look_up_poll_ms_max: int = 500
    """The pause after the first look, and what it doubles up to: each look is up to three reads."""
    flight_ms_max: int = 5_000
    """How long after its send an order that was not answered may still arrive, whatever became of
    its connection; `order_timeout_ms` where that is longer. Nobody documents it: an order that was
    seen to need more is adopted late, with an alarm."""
    absent_after_ms: int = 2_500
    """An order that nobody knows counts as absent only this long after it must have arrived, and
    after its market's own taker delay: reads lag behind matches by up to a second."""
    absent_anyway_ms: int = 30_000
    """After so long it counts as absent even if the balance is not what we expect: thirty times the
    lag of the reads, and deposits and withdrawals, of which the venue tells nothing, move the
    balance too, while the other leg stands alone. What then still shows up is adopted late."""
    trades_lookback_s: int = 60
    """How far before the send trades are asked for: our clock may run ahead of the venue's."""
    trades_by_wallet: bool = True
    """Ask for the trades of an order that rests by its wallet's address. The venue's own text calls
    that required, its own client leaves it out: UNCERTAIN. Off, all trades of the market come."""
    pages_max: int = 20
    update_balance_first: bool = True
    """Ask the venue to refresh its balance cache before reading it; left out where its limit of 50
    in 10 seconds is used up."""
    order_tokens_per_s_max: int = 0
    """Never more orders per second than this, whatever the account's tier allows; 0: the tier."""
    ping_interval_ms: int = 10_000
    silence_ms_max: int = 30_000
    """Without any frame, PONG included, the socket counts as dead."""
    data_silence_ms_max: int = 120_000
    """Without any data frame the market socket is replaced: some stay open and mute. After half
    of it one book is asked for anew, so that quiet markets give a sign of life."""
    dump_ms_max: int = 10_000
    """A book whose dump has not come by then is asked for again."""
    bookless_retry_ms: int = 60_000
    """How often a market that has no book at the venue is asked for again."""
    resync_gap_ms: int = 250
    """Pause after each resubscription; what is asked for meanwhile goes out as one."""
    tokens_per_socket_max: int = 200
    audit_every_ms: int = 60_000
    """How often every book is compared with what REST shows of it; 0: never."""
    audit_tokens_per_call: int = 25
    """Books per audit call; the venue takes 500, but an answer is decoded in one go, and ticks
    wait for that long."""
    user_filters_markets: bool = False
    """Subscribe the user socket to the followed markets only. Without it the venue tells of all:
    nothing of ours can be missed because of a list that came too late."""
    frames_per_turn_max: int = 64
    turn_ns_max: int = 1_000_000
    backoff_ms_min: int = 250
    backoff_ms_max: int = 30_000
    websocket_ping_ms: int = 0
    """Protocol-level pings of our own; 0 is off: users report that they cause close code 1011."""
