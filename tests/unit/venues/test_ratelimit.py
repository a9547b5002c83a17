import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.kalshi.support import FakeClock
from twoleg.venues.ratelimit import TokenBucket


def make(
    *, capacity: int = 100, refill_per_s: int = 100, reserved: int = 40
) -> tuple[TokenBucket, FakeClock]:
    clock = FakeClock()
    bucket = TokenBucket(
        clock=clock, capacity=capacity, refill_per_s=refill_per_s, reserved=reserved
    )
    return bucket, clock


def test_reserve_is_kept_for_rollbacks() -> None:
    bucket, _ = make()
    assert [bucket.try_take(10, reserved=False) for _ in range(7)] == [True] * 6 + [False]
    assert [bucket.try_take(10, reserved=True) for _ in range(5)] == [True] * 4 + [False]


def test_refill_is_continuous_and_capped() -> None:
    bucket, clock = make()
    while bucket.try_take(10, reserved=True):
        pass
    clock.now_ns += 99_999_999
    assert not bucket.try_take(10, reserved=True)
    clock.now_ns += 1
    assert bucket.try_take(10, reserved=True)
    clock.now_ns += 10**12
    assert bucket.available == 100


def test_wait_is_exactly_until_the_tokens_are_there() -> None:
    bucket, clock = make()
    assert bucket.wait_ns(10, reserved=False) == 0
    while bucket.try_take(10, reserved=True):
        pass
    assert bucket.wait_ns(10, reserved=True) == 100_000_000
    assert bucket.wait_ns(10, reserved=False) == 500_000_000
    clock.now_ns += 500_000_000
    assert bucket.try_take(10, reserved=False)


def test_wait_for_more_than_the_bucket_holds_is_never() -> None:
    bucket, _ = make()
    assert bucket.wait_ns(61, reserved=False) == -1
    assert bucket.wait_ns(101, reserved=True) == -1


def test_drain_and_resize() -> None:
    bucket, clock = make()
    bucket.drain()
    assert bucket.available == 0
    bucket.resize(capacity=300, refill_per_s=300)
    clock.now_ns += 500_000_000
    assert bucket.available == 150
    bucket.resize(capacity=50, refill_per_s=10)
    assert bucket.available == 50
    assert bucket.try_take(25, reserved=False)
    assert not bucket.try_take(1, reserved=False)


@given(
    st.lists(st.integers(min_value=0, max_value=3_000_000_000), max_size=60), st.integers(1, 9_999)
)
def test_many_small_steps_never_give_more_than_time_earned(
    steps_ns: list[int], refill_per_s: int
) -> None:
    bucket, clock = make(capacity=10**9, refill_per_s=refill_per_s, reserved=0)
    bucket.drain()
    for step_ns in steps_ns:
        clock.now_ns += step_ns
        _ = bucket.available
    elapsed_ns = sum(steps_ns)
    earned = elapsed_ns * refill_per_s // 1_000_000_000
    assert earned - 1 <= bucket.available <= earned


@pytest.mark.parametrize(
    ("left", "cost", "reserved", "wait_ms"),
    [
        (100, 60, False, 0),
        (60, 60, False, 400),
        (60, 60, True, 0),
        # A token and a bit is rounded up.
        (59, 60, True, 10),
        # More than there ever will be.
        (100, 61, False, 0),
    ],
)
def test_wait_is_told_in_whole_milliseconds(
    left: int,
    cost: int,
    reserved: bool,  # noqa: FBT001 - a parameter
    wait_ms: int,
) -> None:
    bucket = TokenBucket(clock=FakeClock(), capacity=100, refill_per_s=100, reserved=40)
    assert bucket.try_take(100 - left, reserved=True)
    assert bucket.wait_ms(cost, reserved=reserved) == wait_ms


def test_bucket_that_counts_on_little_refills_from_the_time_it_is_told() -> None:
    clock = FakeClock()
    begun_ns = clock.now_ns
    clock.now_ns += 300_000_000
    bucket = TokenBucket(clock=clock, capacity=100, refill_per_s=100, reserved=40)
    bucket.count_on(40, since_ns=begun_ns)
    assert bucket.available == 70
    bucket.count_on(40)
    assert bucket.available == 40
    bucket.count_on(90)
    assert bucket.available == 40
