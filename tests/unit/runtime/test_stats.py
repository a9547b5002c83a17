from twoleg.core.market import Venue
from twoleg.runtime.stats import SAMPLES, Stats

SECOND = 1_000_000_000


def test_percentiles_are_of_the_latest_samples() -> None:
    stats = Stats(0)
    assert stats.percentile_us(99) == 0
    for us in range(1, 101):
        stats.tick(us * 1_000)
    assert (stats.percentile_us(0), stats.percentile_us(50), stats.percentile_us(99)) == (
        1,
        51,
        100,
    )
    assert stats.percentile_us(100) == 100
    for _ in range(SAMPLES):
        stats.tick(7_000)
    assert (stats.percentile_us(0), stats.percentile_us(100)) == (7, 7)
    assert stats.ticks == 100 + SAMPLES


def test_rate_counts_since_the_last_call() -> None:
    stats = Stats(0)
    for _ in range(30):
        stats.tick(1)
    assert stats.rate(2 * SECOND) == 15
    assert stats.rate(3 * SECOND) == 0
    # Called twice at one time: no division by zero.
    assert stats.rate(3 * SECOND) == 0


def test_lag_is_the_latest_and_the_worst_of_each_venue() -> None:
    stats = Stats(0)
    for lag_ms in (3, 40, 7):
        stats.note_lag(Venue.KALSHI, lag_ms)
    assert (stats.lag_ms[Venue.KALSHI], stats.lag_ms_worst[Venue.KALSHI]) == (7, 40)
    assert (stats.lag_ms[Venue.POLYMARKET], stats.lag_ms_worst[Venue.POLYMARKET]) == (0, 0)
