"""Whether the venue takes orders at all now: operating modes and the limits per signer.

Modes and bodies: docs.polymarket.com matching-engine and resources/error-codes, read 2026-11-22.
"""

from typing import Final, Literal, cast, get_args

from twoleg.sim.flow import Clock
from twoleg.sim.polymarket_wire import NS_PER_MS, NS_PER_S, Refused

Mode = Literal["normal", "restarting", "post_only", "cancel_only", "disabled"]
MODES: Final[tuple[str, ...]] = get_args(Mode)


class Gate:
    """The operating mode and the token buckets (a signer's orders, a signer's cancels)."""

    def __init__(self, clock: Clock, *, post_only_ms: int, orders_per_s: int) -> None:
        self._clock = clock
        self._post_only_ms = post_only_ms
        self._orders_per_s = orders_per_s
        self._mode: Mode = "normal"
        # Monotonic end of the mode; None: until changed.
        self._until_ns: int | None = None
        # (thousandths of tokens left, monotonic time of the last look) by signer and kind.
        self._buckets: dict[tuple[str, str], tuple[int, int]] = {}

    def set_mode(self, mode: str, duration_ms: int | None) -> None:
        """Enter a mode, for a while or until changed; ValueError for an unknown one."""
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}")
        self._mode = cast("Mode", mode)
        end_ns = None if duration_ms is None else duration_ms * NS_PER_MS
        self._until_ns = None if end_ns is None else self._clock.monotonic_ns() + end_ns

    @property
    def mode(self) -> Mode:
        """Return the mode in force; a restart is followed by a post-only time."""
        now_ns = self._clock.monotonic_ns()
        if self._until_ns is not None and now_ns >= self._until_ns:
            ended_ns = self._until_ns
            was_restart = self._mode == "restarting" and self._post_only_ms > 0
            self._mode = "post_only" if was_restart else "normal"
            self._until_ns = ended_ns + self._post_only_ms * NS_PER_MS if was_restart else None
            return self.mode
        return self._mode

    def check_cancel(self) -> None:
        """Refuse a cancel that the mode forbids."""
        mode = self.mode
        if mode == "restarting":
            raise Refused(425, "matching engine is restarting")
        if mode == "disabled":
            raise Refused(503, "Trading is currently disabled. Check polymarket.com for updates")

    def check_order(self, *, is_post_only: bool) -> None:
        """Refuse an order that the mode forbids."""
        self.check_cancel()
        mode = self.mode
        if mode == "cancel_only":
            raise Refused(
                503,
                "Trading is currently cancel-only. "
                "New orders are not accepted, but cancels are allowed.",
            )
        if mode == "post_only" and not is_post_only:
            seconds = self._seconds_left()
            raise Refused(
                503,
                "post-only mode: only post-only orders and cancels are allowed",
                extra={"code": "post_only_mode", "retry_after_seconds": seconds},
                headers={"Retry-After": str(seconds)},
            )

    def spend(self, signer: str, kind: Literal["order", "cancel"], cost: int = 1) -> None:
        """Take tokens from a signer's bucket, all or nothing; Refused (429) when it is short."""
        if not self._orders_per_s:
            return
        rate = self._orders_per_s * (1 if kind == "order" else 2)
        burst = rate * 1_500
        now_ns = self._clock.monotonic_ns()
        left, then_ns = self._buckets.get((signer, kind), (burst, now_ns))
        left = min(burst, left + (now_ns - then_ns) * rate * 1_000 // NS_PER_S)
        is_short = left < cost * 1_000
        if not is_short:
            left -= cost * 1_000
        self._buckets[signer, kind] = (left, now_ns)
        if is_short:
            wait_s = -(-(cost * 1_000 - left) // (rate * 1_000))
            raise Refused(
                429,
                "Too Many Requests",
                headers={
                    "Retry-After": str(wait_s),
                    "Poly-RateLimit-Remaining": str(left // 1_000),
                    "Poly-RateLimit-Reset": str(wait_s),
                    "Poly-RateLimit-Tier": "Standard",
                },
            )

    def _seconds_left(self) -> int:
        if self._until_ns is None:
            return self._post_only_ms // 1_000
        return -(-(self._until_ns - self._clock.monotonic_ns()) // NS_PER_S)
