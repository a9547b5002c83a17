"""The seams between the program and its world: clock, entropy, network.

The composition root hands these in, so that the same program runs on real sockets and in a
seeded, virtual-clock world. Nothing below `runtime` reaches for the real ones.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

P = TypeVar("P", bound=asyncio.BaseProtocol)


class Clock(Protocol):
    """Time. Monotonic for durations and deadlines, wall for signatures and records."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back."""
        ...

    def wall_ns(self) -> int:
        """Unix time in nanoseconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Suspend the calling task."""
        ...


class Entropy(Protocol):
    """Ids and randomness. Ids are never made from counters."""

    def uuid4(self) -> str:
        """A random UUID in its canonical text form."""
        ...

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound)."""
        ...

    def jitter(self) -> float:
        """A uniform number in [0, 1) for back-off."""
        ...


class Network(Protocol):
    """The only way to open a connection or a server."""

    async def create_connection(
        self,
        protocol_factory: Callable[[], P],
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
    ) -> tuple[asyncio.BaseTransport, P]:
        """Open a TCP (or TLS) connection."""
        ...

    def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> Awaitable[asyncio.Server]:
        """Listen on loopback."""
        ...
