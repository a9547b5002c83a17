"""Kalshi's token buckets: per account one for reads, one for writes per shard, one for balances.

Kalshi docs, rate_limits, 2026-09-22: rates per tier, depth of one or three seconds, costs per call.
"""

from typing import Final

from twoleg.sim.flow import Clock
from twoleg.sim.kalshi.errors import too_many_requests

# Tokens per second: read, write.
TIERS: Final[dict[str, tuple[int, int]]] = {
    "basic": (200, 100),
    "advanced": (300, 300),
    "expert": (600, 600),
    "premier": (1_200, 1_200),
    "paragon": (2_400, 2_400),
    "prime": (4_800, 4_800),
    "prestige": (12_000, 9_600),
}
COST_DEFAULT: Final = 10
COST_CANCEL: Final = 2
COST_GET_ORDER: Final = 2
COST_UPGRADE: Final = 30
# The body of GET /account/endpoint_costs (captured 2026-06): what does not cost the default. The
# balance has a bucket of its own.
COSTS: Final = {
    "default_cost": COST_DEFAULT,
    "endpoint_costs": [
        {"method": method, "path": f"/trade-api/v2{path}", "cost": cost}
        for method, path, cost in (
            ("DELETE", "/portfolio/events/orders/{order_id}", COST_CANCEL),
            ("DELETE", "/portfolio/events/orders", COST_CANCEL),
            ("DELETE", "/portfolio/events/orders/batched", COST_CANCEL),
            ("GET", "/portfolio/orders/{order_id}", COST_GET_ORDER),
            ("POST", "/account/api_usage_level/upgrade", COST_UPGRADE),
        )
    ],
}
# The bucket of a write that names no shard; auto-routed writes bill all others too.
UNSCOPED: Final = 0
_NS: Final = 1_000_000_000


class TokenBucket:
    """Tokens that refill continuously up to a capacity; it starts full."""

    def __init__(self, refill_per_s: int, capacity: int, now_ns: int) -> None:
        self.refill_per_s = refill_per_s
        self.capacity = capacity
        # Billionths of a token, so that refilling by nanoseconds stays exact.
        self._level = capacity * _NS
        self._at_ns = now_ns

    def has(self, tokens: int, now_ns: int) -> bool:
        """Tell whether so many tokens are there now."""
        self._level = min(
            self.capacity * _NS, self._level + (now_ns - self._at_ns) * self.refill_per_s
        )
        self._at_ns = now_ns
        return self._level >= tokens * _NS

    def take(self, tokens: int) -> None:
        """Remove tokens that `has` has just found."""
        self._level -= tokens * _NS


class RateLimits:
    """The buckets of one account (or of all keyless callers). A refusal takes nothing."""

    def __init__(self, tier: str, shards: list[int], clock: Clock, *, is_enforced: bool) -> None:
        if tier not in TIERS:
            raise ValueError(f"tier {tier!r} is none of {', '.join(TIERS)}")
        self._clock = clock
        self._is_enforced = is_enforced
        # What was granted beyond the sign-up.
        self._grants: list[dict[str, object]] = []
        self._set_tier(tier, shards)

    def upgrade(self, tier: str) -> None:
        """Raise the tier; a tier as high or higher stays."""
        tiers = list(TIERS)
        if tiers.index(tier) > tiers.index(self.tier):
            self._grants = [
                {"exchange_instance": "event_contract", "level": tier, "source": "manual"}
            ]
            self._set_tier(tier, list(self._writes))

    def add_shard(self, shard: int) -> None:
        """Give a new exchange instance its write bucket."""
        self._writes.setdefault(shard, self._write_bucket())

    def to_json(self) -> dict[str, object]:
        """Return the body of GET /account/limits."""
        return {
            "usage_tier": self.tier,
            **{
                name: {"refill_rate": bucket.refill_per_s, "bucket_capacity": bucket.capacity}
                for name, bucket in (("read", self.read), ("write", self.write))
            },
            "grants": self._grants,
        }

    def _set_tier(self, tier: str, shards: list[int]) -> None:
        self.tier = tier
        now_ns = self._clock.monotonic_ns()
        read, _ = TIERS[tier]
        self.read = TokenBucket(read, read * (3 if tier in ("basic", "advanced") else 1), now_ns)
        # The write bucket of every shard; shard 0's is the unscoped one.
        self._writes = {shard: self._write_bucket() for shard in sorted({UNSCOPED, *shards})}
        calls_per_s = 1 if tier in ("basic", "advanced") else 5
        self._balance = TokenBucket(calls_per_s, 1, now_ns)

    def _write_bucket(self) -> TokenBucket:
        _, write = TIERS[self.tier]
        seconds = 1 if self.tier == "basic" else 3
        return TokenBucket(write, write * seconds, self._clock.monotonic_ns())

    @property
    def write(self) -> TokenBucket:
        """Return the unscoped write bucket."""
        return self._writes[UNSCOPED]

    def bill_read(self, cost: int = COST_DEFAULT) -> None:
        """Take from the read bucket, or raise the 429."""
        self._bill([self.read], cost)

    def bill_balance(self) -> None:
        """Take one call from the balance bucket, or raise the 429."""
        self._bill([self._balance], 1)

    def bill_write(self, shard: int | None, cost: int = COST_DEFAULT) -> None:
        """Take from a shard's write bucket; without a shard (auto-routed) from all of them."""
        if shard is None:
            self._bill(list(self._writes.values()), cost)
        else:
            self._bill([self._writes.get(shard, self.write)], cost)

    def _bill(self, buckets: list[TokenBucket], cost: int) -> None:
        if not self._is_enforced:
            return
        now_ns = self._clock.monotonic_ns()
        if not all(bucket.has(cost, now_ns) for bucket in buckets):
            raise too_many_requests()
        for bucket in buckets:
            bucket.take(cost)
