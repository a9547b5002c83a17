"""Limits of the Kalshi client, each with its unit in its name."""

from typing import Literal

import msgspec


class KalshiOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Defaults fit an account of the Basic tier (Kalshi API docs, rate limits, 2026-09-22).

    Token costs: an order 10, a read 10; the balance has a bucket of its own, one call a second.
    """

    subaccount: int = 0
    balance_quantum_micros: int = 100
    """100 for direct members, 10 000 for accounts at a broker (docs, fee rounding)."""

    self_trade_prevention: Literal["taker_at_cross", "maker"] = "taker_at_cross"
    """What happens when an order of ours would meet another of ours.

    `taker_at_cross` stops the incoming one and leaves what rests: an arbitrage leg that would
    trade with ourselves locks nothing in, so it should miss. `maker` takes the resting one off
    the book and goes on: for a quoter whose newest price is the one that counts.
    """
    cancel_order_on_pause: bool = False
    """Whether orders that rest are taken off the book when a trading pause begins."""

    order_timeout_ms: int = 2_500
    read_timeout_ms: int = 5_000
    look_up_ms_max: int = 8_000
    read_lag_ms_max: int = 3_000
    """How long fills are re-read for an order whose filled size is known (measured lag ≤ 2 s)."""
    look_up_window_s: int = 120
    """Orders are searched from this long before the send: our clock and theirs may differ."""
    kill_margin_ms: int = 2_000
    """The reads must be this much fresher than the 409 that they are to explain."""
    takes_unlisted_for_killed: bool = False
    """Whether an id that is consumed, and whose order fresh reads rule out, counts as killed.

    Off: such an order stays UNKNOWN. On: MISSED, by `OrderHistory.rules_out`.
    """
    signature_ms_max: int = 60_000
    """A request signed longer ago than this is refused (measured: 30 s is too old, 2026-06)."""
    reread_ms_min: int = 150
    reread_ms_max: int = 1_000
    pages_max: int = 20
    rollback_wait_ms_max: int = 400
    host_return_ms: int = 60_000
    """How long a host that failed is left alone before it is preferred again."""
    transfer_wait_ms_max: int = 30_000
    """How long a transfer is watched until it is complete, or until it is known to have landed."""
    read_wait_ms_max: int = 3_000

    write_capacity: int = 100
    write_refill_per_s: int = 100
    write_reserved: int = 40
    """Four orders: both sides of a rollback, and its second attempt."""
    read_capacity: int = 600
    read_refill_per_s: int = 200
    read_reserved: int = 100

    open_timeout_ms: int = 10_000
    ping_interval_ms: int = 10_000
    silence_ms_max: int = 15_000
    snapshot_ms_max: int = 5_000
    """A snapshot that was asked for and does not come: the socket is replaced."""
    frame_bytes_max: int = 4 * 1024 * 1024
    queue_frames_max: int = 4_096
    frames_per_yield: int = 64
    resync_gap_ms: int = 250
    audit_every_ms: int = 60_000
    """How often every book is compared with what REST shows of it; 0: never."""
    audit_books_per_call: int = 25
    """Books per audit call, of 100 that the venue takes; a call costs one read, whatever it holds.
    An answer is decoded in one go, and ticks wait for that long."""
    audit_gap_ms: int = 5_000
    """Time between the two looks of an audit: more than a public read may lag (up to a second was
    measured of private ones, 2026)."""
    audit_margin_ms: int = 2_000
    """How much later than the second look the stream must be: both clocks agree but roughly."""
    audit_wait_ms_max: int = 30_000
    """How long an audit waits for the stream; then this round proves nothing."""
    lag_ms_max: int = 10_000
    """Frames that arrive this much later than the venue says it sent them: another socket."""
    connections: int = 1
    """1 to 3 sockets that carry the same books; more than one are merged."""
    backoff_ms_min: int = 250
    backoff_ms_max: int = 30_000

    pause_hold_ms: int = 15_000
    """How long a shard counts as closed after it refused an order as paused."""

    terms_cached_ms: int = 60_000
    created_wait_ms_max: int = 5_000
    """How long a market that was just created may be unknown to reads."""
    fee_change_lead_ms: int = 3_600_000
    """A scheduled fee that is higher counts from this long before it takes effect."""
    honours_fee_waivers: bool = False
    """Whether a market's fee waiver means no fee. Not confirmed, so by default the fee is due."""
