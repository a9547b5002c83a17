import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.support.virtual import VirtualNetwork, run_virtual
from tests.unit.venues.kalshi.support import LoopNetwork, serving
from twoleg.errors import ConfigError, OutcomeUnknown, VenueUnavailable
from twoleg.venues.transport import HttpExchange, make_session, open_websocket, require_safe_url

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(talk: Talk) -> AsyncIterator[str]:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.split(b":")[1]))
    return head


async def post(
    url: str, *, timeout_ms: int = 2_000, method: str = "POST"
) -> tuple[int, object, bytes]:
    async with make_session(LoopNetwork()) as session:
        exchange = HttpExchange(session, venue="kalshi", response_bytes_max=1_000)
        return await exchange.request(method, url, headers={}, body=b"{}", timeout_ms=timeout_ms)


async def test_request_returns_any_status_with_its_body() -> None:
    async def teapot(request: web.Request) -> web.Response:
        return web.Response(status=418, text=f"{request.path_qs} {request.headers['User-Agent']}")

    async with serving(teapot) as origin:
        status, _, body = await post(f"{origin}/a?b=c%2Fd")
    assert (status, body) == (418, b"/a?b=c%2Fd twoleg/0.1")


async def test_request_connection_refused_was_not_sent() -> None:
    async with raw_server(lambda _r, _w: asyncio.sleep(0)) as origin:
        pass
    with pytest.raises(VenueUnavailable) as caught:
        await post(origin)
    assert caught.value.code == "not_connected"


async def test_request_closed_after_reading_is_unknown_and_the_post_is_not_resent() -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))

    async with raw_server(talk) as origin:
        with pytest.raises(OutcomeUnknown):
            await post(origin)
    assert len(seen) == 1


async def test_request_post_on_a_warm_connection_that_dies_is_not_resent() -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        seen.append(await read_request(reader))

    network = LoopNetwork()
    async with raw_server(talk) as origin, make_session(network) as session:
        exchange = HttpExchange(session, venue="kalshi")
        await exchange.request("GET", origin, headers={}, timeout_ms=2_000)
        with pytest.raises(OutcomeUnknown):
            await exchange.request("POST", origin, headers={}, body=b"{}", timeout_ms=2_000)
    assert [line.split(b" ")[0] for line in seen] == [b"GET", b"POST"]
    assert len(network.opened) == 1


async def test_request_timeout_after_send_is_unknown() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await reader.read()

    async with raw_server(talk) as origin:
        with pytest.raises(OutcomeUnknown):
            await post(origin, timeout_ms=50)


async def test_request_get_without_answer_changed_nothing() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    async with raw_server(talk) as origin:
        with pytest.raises(VenueUnavailable) as caught:
            await post(origin, method="GET")
    assert caught.value.code == "no_answer"


async def test_request_timeout_while_connecting_was_not_sent() -> None:
    class Stuck(LoopNetwork):
        async def create_connection(
            self,
            protocol_factory: Callable[[], Any],
            host: str,
            port: int,
            *,
            tls: ssl.SSLContext | None = None,
            server_hostname: str | None = None,
        ) -> tuple[asyncio.BaseTransport, Any]:
            await asyncio.Event().wait()
            raise AssertionError

    async with make_session(Stuck()) as session:
        exchange = HttpExchange(session, venue="kalshi")
        with pytest.raises(VenueUnavailable) as caught:
            await exchange.request(
                "POST", "http://127.0.0.1:1/", headers={}, body=b"", timeout_ms=30
            )
    assert caught.value.code == "not_connected"


def slow(pauses_s: Sequence[float]) -> Talk:
    """A server that sends a letter of its answer after each pause."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(pauses_s) - 1}\r\n\r\n".encode()
        for part, pause_s in zip((head, *(b"x" for _ in pauses_s[1:])), pauses_s, strict=True):
            await asyncio.sleep(pause_s)
            writer.write(part)

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    return closing


def ask_slowly(pauses_s: Sequence[float], *, silence_s: int, limit_s: int) -> bytes:
    """What a client gets, in virtual time, from a server with these pauses."""

    async def run() -> bytes:
        network = VirtualNetwork(Random(1))

        def accept() -> asyncio.StreamReaderProtocol:
            reader = asyncio.StreamReader()
            return asyncio.StreamReaderProtocol(reader, slow(pauses_s))

        await network.create_server(accept, "127.0.0.1", 80)
        async with make_session(network) as session:
            exchange = HttpExchange(session, venue="kalshi", silence_ms_max=silence_s * 1_000)
            _, _, body = await exchange.request(
                "GET", "http://127.0.0.1/", headers={}, timeout_ms=limit_s * 1_000
            )
        return body

    return run_virtual(run())


def test_answer_that_moves_may_take_longer_than_silence_may() -> None:
    assert ask_slowly([40.0] * 8, silence_s=45, limit_s=600) == b"x" * 7


@pytest.mark.parametrize("stalls_at", [0, 1, 5])
def test_answer_that_stalls_is_given_up_long_before_its_limit(stalls_at: int) -> None:
    pauses_s = [40.0] * 8
    pauses_s[stalls_at] = 50.0
    with pytest.raises(VenueUnavailable, match=r"no_answer.*silent for 45") as caught:
        ask_slowly(pauses_s, silence_s=45, limit_s=600)
    assert caught.value.code == "no_answer"


def test_answer_that_moves_for_ever_meets_its_limit() -> None:
    with pytest.raises(VenueUnavailable, match=r"limit 300000 ms"):
        ask_slowly([40.0] * 8, silence_s=45, limit_s=300)


async def test_request_half_an_answer_and_garbage_are_unknown() -> None:
    for answer in (
        b"HTTP/1.1 201 Created\r\nContent-Length: 90\r\n\r\n{",
        b"\x00\x01garbage\r\n\r\n",
    ):

        async def talk(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes = answer
        ) -> None:
            await read_request(reader)
            writer.write(answer)

        async with raw_server(talk) as origin:
            with pytest.raises(OutcomeUnknown):
                await post(origin)


async def test_request_too_large_an_answer_is_unknown() -> None:
    async def flood(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(2_000))

    async with serving(flood) as origin:
        with pytest.raises(OutcomeUnknown):
            await post(origin)


async def test_request_redirect_is_an_answer_and_not_followed() -> None:
    paths: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with serving(redirect) as origin:
        status, _, _ = await post(origin + "/orders")
    assert (status, paths) == (307, ["/orders"])


async def test_session_refuses_plain_http_to_a_foreign_host() -> None:
    network = LoopNetwork()
    async with make_session(network) as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get("http://example.com/")
    assert network.opened == []


def make_certificate(folder: Path) -> tuple[str, str]:
    certificate, key = str(folder / "cert.pem"), str(folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


async def test_session_speaks_tls_and_checks_the_certificate(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(certificate, key)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "localhost", 0, ssl=server_tls)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
    trusting = ssl.create_default_context(cafile=certificate)
    async with make_session(LoopNetwork(), tls=trusting) as session:
        exchange = HttpExchange(session, venue="kalshi")
        status, _, body = await exchange.request("GET", url, headers={}, timeout_ms=2_000)
        assert (status, body) == (200, b"ok")
    async with make_session(LoopNetwork()) as session:
        exchange = HttpExchange(session, venue="kalshi")
        with pytest.raises(VenueUnavailable):
            await exchange.request("POST", url, headers={}, body=b"{}", timeout_ms=2_000)
    server.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://external-api.kalshi.com/trade-api/v2",
        "wss://external-api-ws.kalshi.com/trade-api/ws/v2",
        "http://127.0.0.1:8000",
        "ws://[::1]:8000/ws",
        "http://localhost",
    ],
)
def test_safe_url_passes(url: str) -> None:
    assert require_safe_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://external-api.kalshi.com/trade-api/v2",
        "ws://10.0.0.1/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "ftp://127.0.0.1/",
        "https:///path",
        "http://[::1",
        "https://host:notaport/",
        "",
    ],
)
def test_unsafe_url_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError):
        require_safe_url(url)


def test_url_with_credentials_is_refused_without_repeating_them() -> None:
    with pytest.raises(ConfigError) as caught:
        require_safe_url("https://user:hunter2@example.com/")
    assert "hunter2" not in str(caught.value)


@asynccontextmanager
async def websocket_server(
    talk: Callable[[ServerConnection], Awaitable[None]],
) -> AsyncIterator[str]:
    async with serve(talk, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/ws"


async def test_websocket_goes_through_the_network_with_headers_and_without_compression() -> None:
    async def talk(connection: ServerConnection) -> None:
        assert connection.request is not None
        headers = connection.request.headers
        text = f"{headers['X-Key']} {headers.get('Sec-WebSocket-Extensions')}"
        await connection.send(text + " " + headers["User-Agent"])

    network = LoopNetwork()
    async with websocket_server(talk) as url:
        socket = await open_websocket(network, url, venue="kalshi", headers={"X-Key": "k"})
        assert await socket.recv(decode=False) == b"k None twoleg/0.1"
        await socket.close()
    assert len(network.opened) == 1


async def test_websocket_message_above_the_limit_closes() -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.send(bytes(1_000))
        await connection.wait_closed()

    async with websocket_server(talk) as url:
        socket = await open_websocket(LoopNetwork(), url, venue="kalshi", message_bytes_max=500)
        with pytest.raises(ConnectionClosed) as caught:
            await socket.recv()
    assert caught.value.sent is not None
    assert caught.value.sent.code == 1009


async def test_websocket_refused_handshake_tells_the_status() -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=401, text="header_timestamp_expired")

    async with serving(refuse) as origin:
        with pytest.raises(VenueUnavailable) as caught:
            await open_websocket(
                LoopNetwork(), origin.replace("http", "ws") + "/ws", venue="kalshi"
            )
    assert caught.value.http_status == 401
    assert "header_timestamp_expired" in caught.value.detail


async def test_websocket_redirect_is_refused() -> None:
    calls: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        calls.append(request.path)
        return web.Response(status=302, headers={"Location": "/other"})

    async with serving(redirect) as origin:
        with pytest.raises(VenueUnavailable):
            await open_websocket(LoopNetwork(), origin.replace("http", "ws"), venue="kalshi")
    assert calls == ["/"]


async def test_websocket_plain_to_a_foreign_host_is_a_config_error() -> None:
    with pytest.raises(ConfigError):
        await open_websocket(LoopNetwork(), "ws://example.com/", venue="kalshi")


async def test_websocket_that_cannot_connect_is_unavailable() -> None:
    async with raw_server(lambda _r, _w: asyncio.sleep(0)) as origin:
        pass
    with pytest.raises(VenueUnavailable) as caught:
        await open_websocket(LoopNetwork(), origin.replace("http", "ws"), venue="kalshi")
    assert (caught.value.code, caught.value.http_status) == ("not_connected", 0)
