"""Limits of the Kalshi client, each with its unit in its name."""

import msgspec


class KalshiOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Defaults fit an account of the Basic tier (Kalshi API docs, rate limits, 2026-09-22).

    Token costs: an order 10, a read 10; the balance has a bucket of its own, one call a second.
    """

    subaccount: int = 0
    balance_quantum_micros: int = 100
    """100 for direct members, 10 000 for accounts at a broker (docs, fee rounding)."""

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

    Off: such an order stays UNKNOWN. On: MISSED, by `OrderHistory.proves_kill`.
    """
    reread_ms_min: int = 150
    reread_ms_max: int = 1_000
    pages_max: int = 20
    rollback_wait_ms_max: int = 400
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
    backoff_ms_min: int = 250
    backoff_ms_max: int = 30_000

    terms_cached_ms: int = 60_000
