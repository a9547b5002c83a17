"""Token buckets per signer: orders and cancels, by the signer's tier of monthly volume.

Announced as warnings on 2026-07-24 (docs.polymarket.com rate-limits), enforced since about
2026-08-06 by one report; the simulator can do either. Headers as PyPI polymarket-client 0.14.0
reads them: `Reset` is a wall time in seconds. All read 2026-11-22.
"""

from dataclasses import dataclass
from typing import Final, Literal

from twoleg.sim.flow import Clock
from twoleg.sim.polymarket.options import SignerLimits
from twoleg.sim.polymarket.wire import NS_PER_S, Refused

Kind = Literal["order", "cancel"]
# Order tokens a second by tier. Cancels have twice as many; the burst is 1.5 times the rate.
TIERS: Final = {
    "Standard": 40,
    "Copper": 60,
    "Bronze": 80,
    "Silver": 200,
    "Gold": 400,
    "Platinum": 450,
    "Diamond": 525,
    "Elite": 600,
}
_MILLI: Final = 1_000


@dataclass(slots=True)
class _Bucket:
    """Thousandths of tokens left, and the monotonic time of the last look."""

    left: int
    seen_ns: int


class SignerBuckets:
    """Two buckets per signer, filled as time goes by."""

    def __init__(self, clock: Clock, *, limits: SignerLimits, orders_per_s: int) -> None:
        self._clock = clock
        self._limits = limits
        # In place of the tier's rate; 0: the tier's.
        self._orders_per_s = orders_per_s
        self._tiers: dict[str, str] = {}
        self._buckets: dict[tuple[str, Kind], _Bucket] = {}

    def set_tier(self, signer: str, tier: str) -> None:
        """Put a signer into a tier; ValueError for an unknown one."""
        if tier not in TIERS:
            raise ValueError(f"tier must be one of {', '.join(TIERS)}")
        self._tiers[signer] = tier

    def tier_of(self, signer: str) -> str:
        """Return the name of a signer's tier."""
        return self._tiers.get(signer, "Standard")

    def rate_of(self, signer: str, kind: Kind) -> int:
        """Return a signer's tokens a second."""
        orders_per_s = self._orders_per_s or TIERS[self.tier_of(signer)]
        return orders_per_s if kind == "order" else 2 * orders_per_s

    def spend(self, signer: str, kind: Kind, cost: int, *, found: int = 0) -> dict[str, str]:
        """Take tokens, all or none; return the answer's headers. Refused (429) when short.

        `found` is what a request without ids costs on top, by what it finds: not known before, so
        it may leave a debt. Where limits are only told, the answer that would have been a refusal
        carries a warning.
        """
        if self._limits == "off":
            return {}
        rate = self.rate_of(signer, kind)
        burst = rate * 1_500
        now_ns = self._clock.monotonic_ns()
        bucket = self._buckets.setdefault((signer, kind), _Bucket(burst, now_ns))
        bucket.left = min(
            burst, bucket.left + (now_ns - bucket.seen_ns) * rate * _MILLI // NS_PER_S
        )
        bucket.seen_ns = now_ns
        short = cost * _MILLI - bucket.left
        if short <= 0:
            bucket.left -= (cost + found) * _MILLI
            return self._headers(signer, bucket, 0)
        wait_s = -(-short // (rate * _MILLI))
        headers = self._headers(signer, bucket, wait_s)
        if self._limits == "warn":
            return {**headers, "Poly-RateLimit-Warning": "true"}
        raise Refused(429, "Too Many Requests", headers={"Retry-After": str(wait_s), **headers})

    def report(self, signer: str) -> dict[str, object]:
        """Return the body of GET /v1/user/rate-limit-tier; its shape is not documented."""
        return {
            "tier": self.tier_of(signer),
            **{
                f"{kind}_{name}": self.rate_of(signer, kind) * half // 2
                for kind in ("order", "cancel")
                for name, half in (("rate", 2), ("burst", 3))
            },
        }

    def _headers(self, signer: str, bucket: _Bucket, wait_s: int) -> dict[str, str]:
        return {
            "Poly-RateLimit-Remaining": str(bucket.left // _MILLI),
            "Poly-RateLimit-Reset": str(self._clock.now_ns() // NS_PER_S + wait_s),
            "Poly-RateLimit-Tier": self.tier_of(signer),
        }
