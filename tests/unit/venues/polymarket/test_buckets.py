import pytest
import structlog

from tests.unit.venues.polymarket.support import WALL_NS, FakeClock
from twoleg.venues.polymarket.buckets import TIERS, SignerBucket, SignerBuckets
from twoleg.venues.ratelimit import TokenBucket


def bucket(clock: FakeClock, capacity: int = 40) -> SignerBucket:
    tokens = TokenBucket(clock=clock, capacity=capacity, refill_per_s=capacity, reserved=10)
    return SignerBucket(clock, tokens)


def test_batch_takes_all_its_tokens_or_none() -> None:
    one = bucket(FakeClock())
    assert one.try_take(15)
    assert one.try_take(15)
    assert not one.try_take(15)
    assert one.tokens.available == 10
    assert one.try_take(10, reserved=True)


def test_remaining_header_takes_away_but_never_gives() -> None:
    one = bucket(FakeClock())
    one.note(200, {"Poly-RateLimit-Remaining": "25"}, 0)
    assert one.tokens.available == 25
    one.note(200, {"Poly-RateLimit-Remaining": "60"}, 0)
    assert one.tokens.available == 25
    one.note(200, {"Poly-RateLimit-Remaining": "-3.5"}, 0)
    assert one.tokens.available == 0
    one.note(200, {"Poly-RateLimit-Remaining": "many"}, 0)


@pytest.mark.parametrize(
    ("headers", "retry_after_s", "wait_s"),
    [
        ({}, 0, 0),
        ({}, 3, 3),
        ({"Poly-RateLimit-Reset": str(WALL_NS // 1_000_000_000 + 6)}, 0, 5),
        ({"Poly-RateLimit-Reset": "1"}, 0, 0),
        ({"Poly-RateLimit-Reset": "never"}, 0, 0),
        ({}, 10_000, 60),
    ],
)
def test_429_empties_the_bucket_and_waits_as_told(
    headers: dict[str, str], retry_after_s: int, wait_s: int
) -> None:
    clock = FakeClock()
    one = bucket(clock)
    one.note(429, headers, retry_after_s)
    assert one.tokens.available == 0
    # A second refills the bucket: what still holds back is the venue's word.
    waited_s = 0
    while not one.try_take(1):
        clock.advance_ms(1_000)
        waited_s += 1
    assert waited_s == max(1, wait_s)


@pytest.mark.parametrize("name", [*TIERS, "Gold", "unheard-of"])
def test_tier_sizes_both_buckets(name: str) -> None:
    clock = FakeClock()
    tokens = TokenBucket(clock=clock, capacity=40, refill_per_s=40, reserved=10)
    both = SignerBuckets(clock=clock, orders=tokens)
    with structlog.testing.capture_logs() as logs:
        both.adopt(name)
    tier = TIERS.get(name.lower(), TIERS["standard"])
    clock.advance_ms(3_600_000)
    assert both.orders.tokens.available == tier.order_burst
    assert both.cancels.tokens.available == tier.cancel_burst
    assert tier.order_burst == tier.order_per_s * 3 // 2
    assert tier.cancel_per_s == 2 * tier.order_per_s
    assert bool(logs) is (name == "unheard-of")


def test_own_limit_below_the_tier_is_kept() -> None:
    clock = FakeClock()
    tokens = TokenBucket(clock=clock, capacity=20, refill_per_s=20, reserved=5)
    both = SignerBuckets(clock=clock, orders=tokens, order_per_s_max=20)
    both.adopt("elite")
    clock.advance_ms(3_600_000)
    assert both.orders.tokens.available == 20


def test_warning_of_the_limiter_is_told() -> None:
    with structlog.testing.capture_logs() as logs:
        bucket(FakeClock()).note(200, {"Poly-RateLimit-Warning": "true"}, 0)
    assert [line["event"] for line in logs] == ["rate_limit_warned"]
