"""What both WebSocket channels of Polymarket share: subscribers, commands, keep-alive.

The keep-alive is the text PING, answered by PONG, and only after the subscription: before it, it
closes the socket (docs.polymarket.com market-channel, 2026-08-21; reports of 2026).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from twoleg.sim.faults import Faults
from twoleg.sim.flow import Sleep
from twoleg.sim.polymarket.accounts import ApiKey
from twoleg.sim.polymarket.timers import Timers
from twoleg.sim.sockets import Socket

SUBSCRIPTION_INVALID: Final = b"invalid subscription payload"
OPERATION_INVALID: Final = "INVALID OPERATION"


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a channel needs to serve sockets. `sockets` holds the open ones of the venue."""

    faults: Faults
    sleep: Sleep
    timers: Timers
    sockets: set[Socket]
    # Every n-th frame of one event is an array of one; 0: never.
    array_every: int = 0
    # Events are collected that long and sent as one array; 0: each on its own.
    batch_ms: int = 0


@dataclass(eq=False, slots=True)
class Subscriber:
    """One socket and what it listens to."""

    socket: Socket
    wiring: Wiring
    # Whether the first message has come, and whether it asked for the custom events.
    is_subscribed: bool = False
    is_custom: bool = False
    # Market channel: tokens, in order of subscription.
    tokens: dict[str, None] = field(default_factory=dict)
    # User channel: condition ids (None: all), those taken out again, and whose orders it tells.
    markets: set[str] | None = None
    muted: set[str] = field(default_factory=set)
    key: ApiKey | None = None
    # Events not sent yet, and whether one of them carries book state.
    _waiting: list[str] = field(default_factory=list)
    _is_state_waiting: bool = False
    # Events told, for array_every.
    _told: int = 0

    def tell(self, text: str, *, is_sequenced: bool = False) -> None:
        """Send one event: as an object, as an array of one, or later with others."""
        if self.wiring.batch_ms:
            self._is_state_waiting = self._is_state_waiting or is_sequenced
            self._waiting.append(text)
            if len(self._waiting) == 1:
                self.wiring.timers.after(self.wiring.batch_ms, self.flush)
            return
        self._told += 1
        is_array = self.wiring.array_every and self._told % self.wiring.array_every == 0
        self.socket.offer(f"[{text}]" if is_array else text, is_sequenced=is_sequenced)

    def flush(self) -> None:
        """Send what has been collected."""
        if self._waiting:
            text = f"[{','.join(self._waiting)}]"
            self._waiting.clear()
            self.socket.offer(text, is_sequenced=self._is_state_waiting)
            self._is_state_waiting = False


async def serve_socket(
    request: web.Request,
    wiring: Wiring,
    *,
    on_text: Callable[[Subscriber, str], None],
    on_end: Callable[[Subscriber], None],
) -> web.StreamResponse:
    """Serve one connection until it closes; PING is answered here once subscribed."""
    socket = Socket(request, faults=wiring.faults, sleep=wiring.sleep)
    subscriber = Subscriber(socket, wiring)

    def receive(text: str) -> None:
        if text == "PING" and subscriber.is_subscribed:
            socket.offer("PONG", is_keepalive=True)
        else:
            on_text(subscriber, text)

    wiring.sockets.add(socket)
    try:
        return await socket.run(receive)
    finally:
        wiring.sockets.discard(socket)
        on_end(subscriber)


def parse_command(text: str) -> Mapping[str, object]:
    """Return a command's fields, none for what is no JSON object."""
    try:
        command = json.loads(text)
    except ValueError:
        return {}
    return command if isinstance(command, dict) else {}


def strings(value: object) -> list[str] | None:
    """Return a list of strings without repetitions, None for anything else."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return list(dict.fromkeys(value))
