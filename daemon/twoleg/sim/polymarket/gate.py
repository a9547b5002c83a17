"""Whether the venue takes orders now, from whom, and of which version.

Modes and bodies: docs.polymarket.com matching-engine and resources/error-codes, read 2026-11-22.
"""

from typing import Final, Literal, cast, get_args

from eth_utils.address import to_checksum_address

from twoleg.sim.flow import Clock
from twoleg.sim.polymarket.options import OrderVersion
from twoleg.sim.polymarket.wire import NS_PER_MS, NS_PER_S, Refused

Mode = Literal["normal", "restarting", "post_only", "cancel_only", "disabled"]
MODES: Final[tuple[str, ...]] = get_args(Mode)
# What the venue lets an EOA do: everything, only sell what it has, or nothing.
Standing = Literal["normal", "closed_only", "banned"]
STANDINGS: Final[tuple[str, ...]] = get_args(Standing)
VERSIONS: Final[tuple[int, ...]] = get_args(OrderVersion)


class Gate:
    """The operating mode, the order version in force, and the standing of each EOA."""

    def __init__(self, clock: Clock, *, post_only_ms: int, version: OrderVersion) -> None:
        self._clock = clock
        self._post_only_ms = post_only_ms
        # What GET /version says.
        self.version: OrderVersion = version
        self._mode: Mode = "normal"
        # Monotonic end of the mode; None: until changed.
        self._until_ns: int | None = None
        # By EOA in lower case; the others are normal.
        self._standings: dict[str, Standing] = {}

    def set_mode(self, mode: str, duration_ms: int | None) -> None:
        """Enter a mode, for a while or until changed; ValueError for an unknown one."""
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}")
        self._mode = cast("Mode", mode)
        end_ns = None if duration_ms is None else duration_ms * NS_PER_MS
        self._until_ns = None if end_ns is None else self._clock.monotonic_ns() + end_ns

    def set_version(self, version: int) -> None:
        """Demand orders of another version from now on; ValueError for an unknown one."""
        if version not in VERSIONS:
            raise ValueError(f"version must be one of {VERSIONS}")
        self.version = cast("OrderVersion", version)

    def set_standing(self, owner: str, standing: str) -> None:
        """Ban an EOA, let it only close, or let it trade again; ValueError for another word."""
        if standing not in STANDINGS:
            raise ValueError(f"standing must be one of {', '.join(STANDINGS)}")
        self._standings[owner.lower()] = cast("Standing", standing)

    def standing_of(self, owner: str) -> Standing:
        """Return what an EOA may do."""
        return self._standings.get(owner.lower(), "normal")

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

    def check_trader(self, owner: str, *, is_buy: bool) -> None:
        """Refuse an order of an EOA that may not place it."""
        standing = self.standing_of(owner)
        if standing == "banned":
            raise Refused(400, f"'{to_checksum_address(owner)}' address banned")
        if standing == "closed_only" and is_buy:
            raise Refused(400, f"'{to_checksum_address(owner)}' address in closed only mode")

    def _seconds_left(self) -> int:
        if self._until_ns is None:
            return self._post_only_ms // 1_000
        return -(-(self._until_ns - self._clock.monotonic_ns()) // NS_PER_S)
