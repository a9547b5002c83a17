"""The real clock, the real randomness and the real sockets behind the seams."""

import asyncio
import secrets
import ssl
import time
import uuid
from collections.abc import Callable
from typing import TypeVar

from twoleg.errors import InvariantBroken
from twoleg.settings import is_loopback

P = TypeVar("P", bound=asyncio.BaseProtocol)


class SystemClock:
    """The machine's clocks."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back."""
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        """Unix time in nanoseconds."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Suspend the calling task."""
        await asyncio.sleep(seconds)


class SystemEntropy:
    """The kernel's randomness: ids cannot be guessed, and never repeat after a restart."""

    def __init__(self) -> None:
        self._random = secrets.SystemRandom()

    def uuid4(self) -> str:
        """A random UUID in its canonical text form."""
        return str(uuid.uuid4())

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound)."""
        return secrets.randbelow(bound)

    def jitter(self) -> float:
        """A uniform number in [0, 1) for back-off."""
        return self._random.random()


class SocketNetwork:
    """TCP and TLS through the running loop."""

    async def create_connection(
        self,
        protocol_factory: Callable[[], P],
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
    ) -> tuple[asyncio.BaseTransport, P]:
        """Open a TCP (or TLS) connection. Raises OSError; the caller owns the deadline."""
        loop = asyncio.get_running_loop()
        # The loop refuses a server name where there is no TLS to check it against.
        name = server_hostname if tls is not None else None
        return await loop.create_connection(
            protocol_factory, host, port, ssl=tls, server_hostname=name
        )

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> asyncio.Server:
        """Listen on loopback.

        Raises:
            InvariantBroken: the host is not loopback; an empty one would be every interface.
        """
        if not is_loopback(host):
            raise InvariantBroken(f"servers listen on loopback only, not on {host!r}")
        # By address: the name need not mean this machine in the hosts file.
        address = "127.0.0.1" if host == "localhost" else host
        return await asyncio.get_running_loop().create_server(protocol_factory, address, port)
