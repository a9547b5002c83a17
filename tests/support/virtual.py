"""A world without waiting: an event loop whose clock jumps, and a network inside the process.

Real servers, real clients and real protocol code run in it unchanged; only time and sockets are
ours. A day of streaming takes as long as its work takes. Everything random comes from one seed.
"""

import asyncio
import selectors
import ssl
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any, Final, TypeVar, cast
from uuid import UUID

P = TypeVar("P", bound=asyncio.BaseProtocol)
T = TypeVar("T")
EPOCH_NS: Final = 1_790_000_000_000_000_000
NS_PER_S: Final = 1_000_000_000
HIGH_WATER_BYTES: Final = 256 * 1024
LOW_WATER_BYTES: Final = 64 * 1024
FIRST_PORT: Final = 20_000
DEAD_PEER_S: Final = 5.0


class WorldStandsStill(RuntimeError):
    """Every task waits for something that nothing in this world will ever bring about."""


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for a timeout it lets the loop's clock jump over it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None:
            raise WorldStandsStill("no timer is left, and no task can go on")
        self.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which time passes only when nobody has anything left to do."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a world of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class VirtualClock:
    """The loop's time, for both the daemon's and the simulators' seams."""

    def monotonic_ns(self) -> int:
        return int(asyncio.get_running_loop().time() * NS_PER_S)

    def wall_ns(self) -> int:
        return EPOCH_NS + self.monotonic_ns()

    def now_ns(self) -> int:
        return self.wall_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SeededEntropy:
    """The daemon's randomness from a seed."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def uuid4(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))

    def below(self, bound: int) -> int:
        return self._rng.randrange(bound)

    def jitter(self) -> float:
        return self._rng.random()


class _End:
    """What ends a direction: an orderly end, or a reset."""


_EOF: Final = _End()
_RESET: Final = _End()


class _MemoryTransport(asyncio.Transport):
    """One end of a connection; what is written arrives at the other end after the link's delay."""

    def __init__(
        self,
        network: "VirtualNetwork",
        extra: Mapping[str, object],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(extra=dict(extra))
        self._network = network
        self._loop = loop
        self._protocol: asyncio.BaseProtocol
        self.peer: _MemoryTransport
        self.port = 0
        # What is on its way to us: when it arrives, and what.
        self._arriving: deque[tuple[float, bytes | _End]] = deque()
        self._arriving_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_reading = True
        self._is_closing = False
        self._is_lost = False
        self._has_ended = False
        self._is_write_paused = False

    def open(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol
        protocol.connection_made(self)

    def accept(self, make_protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        """Open the far end, in the listener's own loop: that may be another process's."""
        if self._loop is asyncio.get_running_loop():
            self.open(make_protocol())
        else:
            self._loop.call_soon(lambda: self.open(make_protocol()))

    def belongs_to(self, loop: asyncio.AbstractEventLoop) -> bool:
        return self._loop is loop

    def die(self, *, loses_sent: bool) -> None:
        """End with the process: nothing is read or written any more, the peer sees a reset.

        `loses_sent`: what is on its way is lost, and the peer sees nothing at all.
        """
        self._is_lost = self._is_closing = self._has_ended = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._arriving.clear()
        self._network.forget(self)
        if loses_sent:
            self.peer.lose_arriving()
        else:
            self.peer.arrive(_RESET)

    def lose_arriving(self) -> None:
        self._arriving.clear()
        self._arriving_bytes = 0
        # Keep-alives of the peer find out some seconds later that nobody is there.
        self._arriving.append((self._loop.time() + DEAD_PEER_S, _RESET))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._schedule()

    # -- writing ---------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._is_closing or self._has_ended or not data:
            return
        self.peer.arrive(bytes(data))
        if not self._is_write_paused and self.peer.backlog > HIGH_WATER_BYTES:
            self._is_write_paused = True
            self._protocol.pause_writing()

    def write_eof(self) -> None:
        if not self._has_ended and not self._is_closing:
            self._has_ended = True
            self.peer.arrive(_EOF)

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return self.peer.backlog

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return LOW_WATER_BYTES, HIGH_WATER_BYTES

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def resume_peer_writing(self) -> None:
        if self._is_write_paused and not self._is_lost:
            self._is_write_paused = False
            self._protocol.resume_writing()

    # -- reading ---------------------------------------------------------------------------------

    @property
    def backlog(self) -> int:
        return self._arriving_bytes

    def arrive(self, what: bytes | _End) -> None:
        if self._is_lost:
            return
        due_s = self._network.due_s(self.port)
        if self._arriving:
            due_s = max(due_s, self._arriving[-1][0])
        if isinstance(what, bytes):
            self._arriving_bytes += len(what)
        self._arriving.append((due_s, what))
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is None and self._arriving and self._is_reading and not self._is_lost:
            self._timer = self._loop.call_at(self._arriving[0][0], self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        held_s = self._network.held_until_s(self.port)
        if held_s > self._loop.time():
            self._timer = self._loop.call_at(held_s, self._deliver)
            return
        while self._arriving and self._is_reading and not self._is_lost:
            if self._arriving[0][0] > self._loop.time():
                break
            _, what = self._arriving.popleft()
            if isinstance(what, bytes):
                self._receive(what)
            else:
                self._end(what)
        self._schedule()

    def _receive(self, data: bytes) -> None:
        self._arriving_bytes -= len(data)
        if not self._is_closing:
            cast("asyncio.Protocol", self._protocol).data_received(data)
        if self._arriving_bytes < LOW_WATER_BYTES:
            self.peer.resume_peer_writing()

    def _end(self, how: _End) -> None:
        if how is _RESET:
            self._lose(ConnectionResetError(104, "connection reset by peer"))
        elif not self._is_closing and not cast("asyncio.Protocol", self._protocol).eof_received():
            self.close()

    def pause_reading(self) -> None:
        self._is_reading = False

    def resume_reading(self) -> None:
        self._is_reading = True
        self._schedule()

    def is_reading(self) -> bool:
        return self._is_reading

    # -- ending ----------------------------------------------------------------------------------

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if self._is_closing:
            return
        self.write_eof()
        self._is_closing = True
        self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        if self._is_lost:
            return
        self._is_closing = True
        self.peer.arrive(_RESET)
        self._loop.call_soon(self._lose, None)

    def _lose(self, error: Exception | None) -> None:
        if self._is_lost:
            return
        self._is_lost = self._is_closing = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._arriving.clear()
        self._arriving_bytes = 0
        self.peer.resume_peer_writing()
        self._network.forget(self)
        self._protocol.connection_lost(error)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol


class _VirtualServer:
    """A listening port, as far as those who listen look at it."""

    def __init__(self, network: "VirtualNetwork", host: str, port: int) -> None:
        self._network = network
        self._port = port
        self.sockets = (SimpleNamespace(getsockname=lambda: (host, port)),)

    def close(self) -> None:
        self._network.listeners.pop(self._port, None)

    async def wait_closed(self) -> None:
        pass

    def is_serving(self) -> bool:
        return self._port in self._network.listeners


@dataclass(slots=True)
class VirtualNetwork:
    """The daemon's and the simulators' network seam; links to a port can lag, hold, and break."""

    rng: Random
    delay_s: tuple[float, float] = (0.001, 0.02)
    listeners: dict[int, Callable[[], asyncio.BaseProtocol]] = field(default_factory=dict)
    # Whose loop each listener lives in.
    loops: dict[int, asyncio.AbstractEventLoop] = field(default_factory=dict)
    connections_opened: int = 0
    _down: set[int] = field(default_factory=set)
    _held: dict[int, float] = field(default_factory=dict)
    _open: list[_MemoryTransport] = field(default_factory=list)
    _next_port: int = FIRST_PORT

    async def create_connection(
        self,
        protocol_factory: Callable[[], P],
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
    ) -> tuple[asyncio.BaseTransport, P]:
        assert tls is None, f"no TLS in this world ({server_hostname})"
        await asyncio.sleep(self.rng.uniform(*self.delay_s))
        make_server = self.listeners.get(port)
        if make_server is None or port in self._down:
            raise ConnectionRefusedError(111, f"nobody listens on {host}:{port}")
        self.connections_opened += 1
        loops = asyncio.get_running_loop(), self.loops[port]
        near, far = (
            _MemoryTransport(self, {"peername": (host, there), "sockname": (host, here)}, loop)
            for (here, there), loop in zip(((0, port), (port, 0)), loops, strict=True)
        )
        near.peer, far.peer = far, near
        near.port = far.port = port
        self._open += [near, far]
        protocol = protocol_factory()
        far.accept(make_server)
        near.open(protocol)
        return near, protocol

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> asyncio.Server:
        if port == 0:
            self._next_port += 1
            port = self._next_port
        if port in self.listeners:
            raise OSError(98, f"port {port} is taken")
        self.listeners[port] = protocol_factory
        self.loops[port] = asyncio.get_running_loop()
        return cast("asyncio.Server", _VirtualServer(self, host, port))

    def break_links(self, port: int) -> int:
        """Reset every connection to a port, as a dying router does; how many there were."""
        ends = [end for end in self._open if end.port == port]
        for end in ends:
            end.abort()
        return len(ends) // 2

    def kill(self, loop: asyncio.AbstractEventLoop, *, loses_sent: bool = False) -> None:
        """Let all connections of a loop die with its process."""
        for end in [end for end in self._open if end.belongs_to(loop)]:
            end.die(loses_sent=loses_sent)

    def refuse(self, port: int, *, is_down: bool) -> None:
        """Whether new connections to a port are refused."""
        (self._down.add if is_down else self._down.discard)(port)

    def hold(self, port: int, seconds: float) -> None:
        """Deliver nothing to and from a port for so long; then everything, in order."""
        self._held[port] = asyncio.get_running_loop().time() + seconds

    def due_s(self, port: int) -> float:
        del port
        return asyncio.get_running_loop().time() + self.rng.uniform(*self.delay_s)

    def held_until_s(self, port: int) -> float:
        return self._held.get(port, 0.0)

    def forget(self, end: _MemoryTransport) -> None:
        if end in self._open:
            self._open.remove(end)
