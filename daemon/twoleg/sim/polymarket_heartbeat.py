"""The dead-man switch: once started, silence cancels every order of the API key.

docs.polymarket.com send-heartbeat, read 2026-11-22.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from twoleg.sim.flow import Clock
from twoleg.sim.polymarket_accounts import ApiKey
from twoleg.sim.polymarket_timers import Timers
from twoleg.sim.polymarket_wire import NS_PER_MS, Refused


@dataclass(slots=True)
class _Beat:
    """A started switch."""

    beat_id: str
    # Monotonic time at which the orders are cancelled.
    due_ns: int


class Heartbeats:
    """One switch per API key. `on_silence` cancels that key's orders."""

    def __init__(
        self,
        *,
        clock: Clock,
        rng: Random,
        timers: Timers,
        silence_ms: int,
        on_silence: Callable[[ApiKey], None],
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._timers = timers
        self._silence_ms = silence_ms
        self._on_silence = on_silence
        # Started switches by key id.
        self._beats: dict[str, _Beat] = {}

    def beat(self, key: ApiKey, beat_id: str) -> str:
        """Start or feed the switch; return the id. Refused, with the right id, for a wrong one."""
        beat = self._beats.get(key.key)
        due_ns = self._clock.monotonic_ns() + self._silence_ms * NS_PER_MS
        if beat is None:
            beat = self._beats[key.key] = _Beat(self._new_id(), due_ns)
            self._timers.after(self._silence_ms, lambda: self._check(key))
            return beat.beat_id
        if beat_id != beat.beat_id:
            # The docs' own body: not "error", and the id to go on with.
            raise HeartbeatRefused(beat.beat_id)
        beat.due_ns = due_ns
        return beat.beat_id

    def _check(self, key: ApiKey) -> None:
        beat = self._beats[key.key]
        left_ns = beat.due_ns - self._clock.monotonic_ns()
        if left_ns > 0:
            self._timers.after(-(-left_ns // NS_PER_MS), lambda: self._check(key))
            return
        del self._beats[key.key]
        self._on_silence(key)

    def _new_id(self) -> str:
        text = f"{self._rng.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


class HeartbeatRefused(Refused):
    """A heartbeat with a wrong id."""

    def __init__(self, expected_id: str) -> None:
        super().__init__(
            400,
            "Invalid Heartbeat ID",
            extra={"error_msg": "Invalid Heartbeat ID", "heartbeat_id": expected_id},
        )
