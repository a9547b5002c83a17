"""The dead-man switch: once started, silence cancels every order of the API key.

docs.polymarket.com send-heartbeat and PyPI polymarket-client 0.14.0 (a refused beat does not feed
the switch; after a beat of the old kind the expected id is empty), read 2026-11-22.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from aiohttp import web

from twoleg.sim.flow import Clock
from twoleg.sim.polymarket.accounts import ApiKey
from twoleg.sim.polymarket.timers import Timers
from twoleg.sim.polymarket.wire import NS_PER_MS, Refused, answer


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
        is_chained: bool,
        on_silence: Callable[[ApiKey], None],
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._timers = timers
        self._silence_ms = silence_ms
        # Whether each beat is answered with a new id; sources do not say.
        self._is_chained = is_chained
        self._on_silence = on_silence
        # Started switches by key id.
        self._beats: dict[str, _Beat] = {}

    def beat(self, key: ApiKey, beat_id: str) -> str:
        """Start or feed the switch; return the next id. Refused, with that id, for a wrong one."""
        beat = self._beats.get(key.key)
        if beat is None:
            return self._start(key, self._new_id()).beat_id
        if beat_id != beat.beat_id:
            raise HeartbeatRefused(beat.beat_id)
        beat.due_ns = self._due_ns()
        if self._is_chained or not beat.beat_id:
            beat.beat_id = self._new_id()
        return beat.beat_id

    def beat_without_id(self, key: ApiKey) -> None:
        """Start or feed the switch by the older call, which knows no ids."""
        beat = self._beats.get(key.key) or self._start(key, "")
        beat.due_ns, beat.beat_id = self._due_ns(), ""

    def _start(self, key: ApiKey, beat_id: str) -> _Beat:
        beat = self._beats[key.key] = _Beat(beat_id, self._due_ns())
        self._timers.after(self._silence_ms, lambda: self._check(key))
        return beat

    def _due_ns(self) -> int:
        return self._clock.monotonic_ns() + self._silence_ms * NS_PER_MS

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
        super().__init__(400, "Invalid Heartbeat ID")
        self.expected_id = expected_id

    def response(self) -> web.Response:
        """Return the docs' own body: no "error", and the id to go on with."""
        body = {"error_msg": self.message, "heartbeat_id": self.expected_id}
        return answer(body, status=self.status)
