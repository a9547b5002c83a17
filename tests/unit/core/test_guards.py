"""The loss window against a naive sum, and shares of the latest events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.core.guards import BUCKET_NS, DAY_NS, LatestShare, LossWindow

HOUR_NS = 3_600_000_000_000


def test_loss_counts_for_a_day_and_a_bucket_at_most() -> None:
    window = LossWindow()
    window.add(7, 10 * HOUR_NS)
    assert window.lost_micros(10 * HOUR_NS + DAY_NS) == 7
    assert window.lost_micros(10 * HOUR_NS + DAY_NS + BUCKET_NS) == 0


def test_loss_taken_back_counts_no_more_and_never_below_zero() -> None:
    window = LossWindow()
    window.add(7, 0)
    window.add(-7, 1)
    assert window.lost_micros(1) == 0
    window.add(-5, 2)
    assert window.lost_micros(2) == 0


def test_mark_is_replaced_and_a_gain_in_it_counts_as_nothing() -> None:
    window = LossWindow()
    window.add(10, 0)
    window.mark(5)
    assert window.lost_micros(0) == 15
    window.mark(3)
    assert window.lost_micros(0) == 13
    window.mark(-100)
    assert window.lost_micros(0) == 10


@given(
    st.lists(st.tuples(st.integers(-50, 500), st.integers(-DAY_NS, 3 * DAY_NS)), max_size=60),
    st.integers(3 * DAY_NS, 4 * DAY_NS),
)
def test_window_holds_at_least_the_day_and_at_most_a_bucket_more(
    losses: list[tuple[int, int]], now_ns: int
) -> None:
    window = LossWindow()
    for micros, at_ns in losses:
        window.add(micros, at_ns)
    oldest = (now_ns - DAY_NS) // BUCKET_NS
    # Naive: all that is not in an older bucket than the day's first.
    kept = [(micros, at_ns) for micros, at_ns in losses if at_ns // BUCKET_NS >= oldest]
    assert window.lost_micros(now_ns) == max(0, sum(micros for micros, _ in kept))
    assert {at_ns for _, at_ns in losses if at_ns >= now_ns - DAY_NS} <= {at for _, at in kept}


def test_window_keeps_no_more_than_a_day_of_buckets() -> None:
    window = LossWindow()
    for number in range(2_000):
        window.add(1, number * BUCKET_NS)
        window.lost_micros(number * BUCKET_NS)
    assert window.lost_micros(1_999 * BUCKET_NS) == DAY_NS // BUCKET_NS + 1


def test_share_needs_a_full_window() -> None:
    share = LatestShare(3)
    share.tell(1, is_bad=True)
    share.tell(2, is_bad=True)
    assert not share.is_over(0)
    share.tell(3, is_bad=False)
    assert share.is_over(6_666)
    assert not share.is_over(6_667)


def test_share_forgets_the_oldest_and_counts_a_number_once() -> None:
    share = LatestShare(2)
    share.tell(1, is_bad=True)
    share.tell(2, is_bad=False)
    share.tell(2, is_bad=True)
    share.tell(2, is_bad=False)
    assert share.is_over(9_999), "what was bad once stays bad"
    share.tell(3, is_bad=False)
    assert not share.is_over(5_000)
    share.clear()
    assert not share.is_over(0)


def test_smaller_window_keeps_the_latest() -> None:
    share = LatestShare(4)
    for number, is_bad in enumerate((True, True, False, False)):
        share.tell(number, is_bad=is_bad)
    share.resize(2)
    assert not share.is_over(0)


def test_window_of_nothing_is_an_assertion() -> None:
    with pytest.raises(AssertionError):
        LatestShare(0)
