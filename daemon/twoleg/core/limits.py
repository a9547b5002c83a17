"""What the operator allows: every limit of the engine, with its unit in its name."""

from typing import Final

import msgspec

FILL_CURVE: Final = ((1_000, 7_900), (2_500, 6_300), (5_000, 5_700), (6_600, 4_900))
"""Prior of a leg's fill rate by its share of the displayed depth, both in 1/10 000.

774 hedges of one public 54-hour log of 2026: 79 % below a tenth of the displayed size, 63 % up to
a quarter, 57 % up to a half, 49 % up to two thirds.
"""


class BreakerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When the breaker opens, and for how long."""

    failures_max: int = 5
    """Consecutive failures that open it."""
    open_ms: int = 60_000
    """How long it stays open before one execution may probe."""
    loss_micros_max: int = 50_000_000
    """Loss over a rolling day that opens it: realised, plus open residuals marked to their exit."""
    unwind_rate_e4_max: int = 5_000
    """Share of the latest executions that filled anything and had to be unwound, in 1/10 000."""
    void_rate_e4_max: int = 2_000
    """Share of the latest provisional fills that failed on chain, in 1/10 000."""
    rate_window: int = 20
    """How many latest executions, or fills, both rates are taken of; fewer never open it."""
    fee_micros_tolerance: int = 10
    """How far a venue's fee of one fill may be from the fee recomputed for it."""
    difference_micros_max: int = 100_000
    """Unexplained difference of cash, twice seen, above which it opens."""
    difference_e6_max: int = 1_000_000
    """Unexplained difference of a holding, twice seen, above which it opens."""
    journal_stall_ms_max: int = 2_000
    """Longest that one write of the journal may take."""
    clock_skew_ms_max: int = 1_000
    """Greatest difference between our wall clock and a venue's."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the engine. Per-contract amounts are micro-dollars per whole contract."""

    edge_micros_min: int = 5_000
    """Least net edge per contract at both limit prices and fee bounds."""
    edge_micros_max: int = 150_000
    """Net edge per contract above which something is wrong with the pair, not lucky."""
    size_e6_max: int = 100_000_000
    """Greatest size of one execution."""
    position_e6_max: int = 500_000_000
    """Greatest hedged size held per pair."""
    depth_share_e4: int = 5_000
    """Greatest part of the displayed depth that one leg may take."""
    unhedged_micros_max: int = 100_000_000
    """Greatest cost of all filled quantity without its other leg, legs in flight counted."""
    cash_reserve_micros: int = 5_000_000
    """Cash kept back on each venue for rollbacks."""
    executions_max: int = 4
    """Executions in flight at once."""
    feed_lag_ms_max: int = 1_000
    """Oldest a side of a book may have been, by the venue's own time, when it arrived."""
    price_e4_min: int = 200
    """No leg is bought below this price."""
    price_e4_max: int = 9_800
    """No leg is bought above this price."""
    fill_curve: tuple[tuple[int, int], ...] = FILL_CURVE
    """(share of displayed depth, fill rate), both in 1/10 000, ascending by share."""
    unwind_loss_micros: int = 25_300
    """Expected loss per contract of a leg whose partner missed: 2.53 cents in the same log."""
    rollback_loss_micros_max: int = 100_000
    """Greatest loss per contract at which a residual is completed or unwound; else it is held."""
    rollback_attempts_max: int = 8
    """Rollback orders of one execution before it holds and alarms."""
    rollback_retry_ms: int = 250
    """Pause before a rollback is priced again when nothing could be done."""
    hold_ms_max: int = 60_000
    """How long a residual may be held before the alarm is repeated."""
    rollback_ladder: tuple[tuple[int, int], ...] = ((0, 250), (50, 500), (100, 1_000), (200, 2_000))
    """(tolerance below the walked price in 1/10 000 dollar, how long it is tried in ms), in order.

    After the last step only the loss cap bounds the price.
    """
    feed_skew_ms_max: int = 750
    """Greatest difference between the lags of the two books' sides that an execution buys from."""
    edge_stable_ms: int = 50
    """How long an edge must have stood before it is fired at; 0: at once."""
    exit_depth_share_e4_min: int = 10_000
    """Bids within the loss cap under each leg, as a share of its size in 1/10 000."""
    close_ms_min: int = 120_000
    """No execution starts so shortly before either market closes."""
    hurdle_e4_per_year: int = 500
    """Least yield on the cash that a pair locks up until the later close, in 1/10 000 a year."""
    exit_gain_micros_min: int = 5_000
    """Least gain per contract for which a held pair is sold before it pays."""
    prior_tries: int = 20
    """How many own tries the published fill rates weigh as much as."""
    second_fill_e4: int = 6_330
    """Prior of the second leg's fill rate after the first one filled, in 1/10 000.

    774 Kalshi fill-or-kill orders sent after a Polymarket fill, 15-minute bitcoin markets, 2026.
    """
    poll_ms_max: int = 30_000
    """How long an order's fills are polled for before that is an alarm."""
    breaker: BreakerLimits = BreakerLimits()
