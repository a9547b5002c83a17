"""The venue's token buckets per signer: one for orders, one for cancels, sized by its tier.

An order costs 1 and each cancelled id 1; a batch is admitted whole or not at all. 429 means that
nothing was done; its headers say when to come back. Announced on 2026-07-24 as warnings, enforced
later (docs.polymarket.com trading-rate-limits, read 2026-11-22; the date is UNCERTAIN, so the
limits are kept in any case). Limits per address of the network are far wider and not counted.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import structlog

from twoleg.seams import Clock
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.ratelimit import TokenBucket

NS_PER_S: Final = 1_000_000_000
BLOCK_S_MAX: Final = 60
REMAINING_HEADER: Final = "Poly-RateLimit-Remaining"
RESET_HEADER: Final = "Poly-RateLimit-Reset"
WARNING_HEADER: Final = "Poly-RateLimit-Warning"
TIER_PATH: Final = "/v1/user/rate-limit-tier"

log = structlog.get_logger(__name__)


class Tier(NamedTuple):
    """Tokens per second and at once, of orders and of cancels."""

    order_per_s: int
    order_burst: int
    cancel_per_s: int
    cancel_burst: int


TIERS: Final = {
    "standard": Tier(40, 60, 80, 120),
    "copper": Tier(60, 90, 120, 180),
    "bronze": Tier(80, 120, 160, 240),
    "silver": Tier(200, 300, 400, 600),
    "gold": Tier(400, 600, 800, 1_200),
    "platinum": Tier(450, 675, 900, 1_350),
    "diamond": Tier(525, 787, 1_050, 1_575),
    "elite": Tier(600, 900, 1_200, 1_800),
}
"""By name in lower case; a burst is one and a half times the rate."""
STANDARD: Final = TIERS["standard"]


class SignerBucket:
    """One bucket, and until when the venue wants nothing of its sort."""

    def __init__(self, clock: Clock, tokens: TokenBucket) -> None:
        self._clock = clock
        self.tokens = tokens
        # Monotonic time until which a 429 has asked us to wait.
        self._blocked_until_ns = 0

    def try_take(self, count: int, *, reserved: bool = False) -> bool:
        """Take tokens for `count` orders or ids, all or none."""
        is_free = self._clock.monotonic_ns() >= self._blocked_until_ns
        return is_free and self.tokens.try_take(count, reserved=reserved)

    def wait_ms(self, count: int, *, reserved: bool = False) -> int:
        """How long until `try_take` may succeed, in ms; 0: now, or never."""
        blocked_ns = self._blocked_until_ns - self._clock.monotonic_ns()
        blocked_ms = max(0, -(-blocked_ns // 1_000_000))
        return max(blocked_ms, self.tokens.wait_ms(count, reserved=reserved))

    def note(self, http_status: int, headers: Mapping[str, str], retry_after_s: int) -> None:
        """Learn from an answer: the venue's count is the one that counts."""
        if headers.get(WARNING_HEADER, "").lower() == "true":
            log.warning("rate_limit_warned", venue=VENUE)
        remaining = headers.get(REMAINING_HEADER, "").split(".")[0]
        if remaining.removeprefix("-").isdecimal():
            # May be negative; it never gives us tokens that we do not count ourselves.
            surplus = self.tokens.available - max(0, int(remaining))
            if surplus > 0:
                self.tokens.try_take(surplus, reserved=True)
        if http_status == HTTPStatus.TOO_MANY_REQUESTS:
            # The venue counts differently: stop spending what is not there.
            self.tokens.drain()
            wait_s = min(retry_after_s or self._until_reset_s(headers), BLOCK_S_MAX)
            self._blocked_until_ns = self._clock.monotonic_ns() + wait_s * NS_PER_S

    def _until_reset_s(self, headers: Mapping[str, str]) -> int:
        text = headers.get(RESET_HEADER, "").split(".")[0]
        if not text.isdecimal() or len(text) > 12:
            return 0
        # Unix seconds (polymarket-client 0.14.0 `rate_limit.py`, read 2026-11-22).
        return max(0, int(text) - self._clock.wall_ns() // NS_PER_S)


class SignerBuckets:
    """Both buckets of one signer.

    `orders` comes as the settings want it, with its reserve for rollbacks. Cancels have no
    reserve: each takes risk away. `order_per_s_max` keeps us below the tier; 0: no such wish.
    """

    def __init__(self, *, clock: Clock, orders: TokenBucket, order_per_s_max: int = 0) -> None:
        cancels = TokenBucket(
            clock=clock, capacity=STANDARD.cancel_burst, refill_per_s=STANDARD.cancel_per_s
        )
        self.orders = SignerBucket(clock, orders)
        self.cancels = SignerBucket(clock, cancels)
        self._order_per_s_max = order_per_s_max

    def adopt(self, name: str) -> None:
        """Take over the tier that the venue names; an unknown one counts as Standard."""
        tier = TIERS.get(name.strip().lower())
        if tier is None:
            log.warning("rate_limit_tier_unknown", venue=VENUE, tier=name[:40])
            tier = STANDARD
        rate, burst = tier.order_per_s, tier.order_burst
        if self._order_per_s_max:
            rate, burst = min(rate, self._order_per_s_max), min(burst, self._order_per_s_max)
        self.orders.tokens.resize(capacity=burst, refill_per_s=rate)
        self.cancels.tokens.resize(capacity=tier.cancel_burst, refill_per_s=tier.cancel_per_s)
