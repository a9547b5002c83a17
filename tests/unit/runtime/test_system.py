"""The real seams: they fit their protocols, and servers stay on this machine."""

import asyncio
import ssl
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from twoleg.errors import InvariantBroken
from twoleg.runtime.system import SocketNetwork, SystemClock, SystemEntropy
from twoleg.seams import Clock, Entropy, Network


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Client(asyncio.Protocol):
    def __init__(self) -> None:
        self.received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.received.set_result(data)


def test_real_seams_fit_the_protocols() -> None:
    clock: Clock = SystemClock()
    entropy: Entropy = SystemEntropy()
    network: Network = SocketNetwork()
    assert all((clock, entropy, network))


async def test_clock_tells_the_time_and_sleeps() -> None:
    clock = SystemClock()
    start = clock.monotonic_ns()
    await clock.sleep(0)
    assert clock.monotonic_ns() >= start
    assert abs(clock.wall_ns() - time.time_ns()) < 5 * 10**9


def test_entropy_is_in_range_and_does_not_repeat() -> None:
    entropy = SystemEntropy()
    ids = {entropy.uuid4() for _ in range(100)}
    assert len(ids) == 100
    assert all(str(uuid.UUID(text)) == text for text in ids)
    assert {entropy.below(3) for _ in range(200)} == {0, 1, 2}
    assert all(0 <= entropy.jitter() < 1 for _ in range(100))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_server_and_connection_meet_on_loopback(host: str) -> None:
    network = SocketNetwork()
    server = await network.create_server(Echo, host, 0)
    address, port = server.sockets[0].getsockname()[:2]
    assert address == "127.0.0.1"
    # A name without TLS is dropped, as there is nothing to check it against.
    transport, client = await network.create_connection(Client, address, port, server_hostname="x")
    assert isinstance(transport, asyncio.Transport)
    transport.write(b"ping")
    assert await client.received == b"ping"
    transport.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "192.168.1.1", "example.com", "127.0.0.1.example.com"]
)
async def test_server_off_loopback_is_refused(host: str) -> None:
    with pytest.raises(InvariantBroken, match="loopback"):
        await SocketNetwork().create_server(Echo, host, 0)


async def test_connection_hands_tls_and_name_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    async def create(
        factory: Callable[[], Client], host: str, port: int, **options: Any
    ) -> tuple[None, Client]:
        seen.update(options, host=host, port=port)
        return None, factory()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", create)
    tls = ssl.create_default_context()
    await SocketNetwork().create_connection(Client, "h", 443, tls=tls, server_hostname="venue")
    assert seen == {"ssl": tls, "server_hostname": "venue", "host": "h", "port": 443}
