"""HTTP and websocket transport of both venues: every byte goes through one injected `Network`.

Owns how connections are opened and how failures are told apart; knows no venue's protocol.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from multidict import CIMultiDictProxy
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode
from yarl import URL

from twoleg.errors import ConfigError, ConfigFault, OutcomeUnknown, VenueUnavailable
from twoleg.seams import Network

USER_AGENT = "twoleg/0.1"
RESPONSE_BYTES_MAX = 32 * 1024 * 1024
"""The largest known answer, Kalshi's list of all series, is 16 MB (read 2026-08-11)."""
CONNECTIONS_MAX = 16
KEEPALIVE_S = 75.0
"""How long an idle connection is kept: warm for a rollback, dropped before most proxies do."""
SAFE_METHODS = frozenset({"GET", "HEAD"})
_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_CHUNK_BYTES = 1 << 20


class _Progress:
    """How far the request of an `HttpExchange` has come."""

    __slots__ = ("is_connected",)

    def __init__(self) -> None:
        self.is_connected = False


# Of the request that the running task makes. aiohttp's own traces would tell the same, at the
# price of building each address three times.
_progress: Final[ContextVar[_Progress | None]] = ContextVar("progress", default=None)


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_safe_url(url: str, *, source: str = "settings", key: str = "url") -> str:
    """Return `url` if it is TLS, or plain to loopback.

    Raises:
        ConfigError: anything else; orders and signatures never travel in the clear.
    """
    expected = ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        expected = "a URL"
    else:
        if parts.scheme not in _DEFAULT_PORTS or not host:
            expected = "an https:// or wss:// URL with a host"
        elif parts.username is not None or parts.password is not None:
            expected = "a URL without credentials"
            # The value is echoed in the fault: keep the secret out of it.
            url = f"{parts.scheme}://…@{host}"
        elif parts.scheme in {"http", "ws"} and not is_loopback(host):
            expected = "https:// or wss://; plain http and ws are for loopback hosts only"
    if expected:
        raise ConfigError((ConfigFault(source, key, url, expected),))
    return url


class NetworkConnector(aiohttp.BaseConnector):
    """An aiohttp connector that opens connections only through `Network`.

    aiohttp's own connector resolves names and creates sockets past the loop's
    `create_connection`, which a simulated network cannot intercept.
    """

    def __init__(
        self, network: Network, *, tls: ssl.SSLContext | None = None, limit: int = CONNECTIONS_MAX
    ) -> None:
        super().__init__(keepalive_timeout=KEEPALIVE_S, limit=limit)
        self._network = network
        # Built on the first https request: loading the trust store takes milliseconds.
        self._tls = tls

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> Connection:
        """Connect as aiohttp does, and note that the request may go out from here on."""
        connection = await super().connect(req, traces, timeout)
        # Requests that do not come from an `HttpExchange` are not followed.
        progress = _progress.get()
        if progress is not None:
            progress.is_connected = True
        return connection

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],  # noqa: ARG002 - aiohttp's signature
        timeout: aiohttp.ClientTimeout,  # noqa: ARG002, ASYNC109 - aiohttp's signature
    ) -> ResponseHandler:
        key = req.connection_key
        host, secure = key.host, key.is_ssl
        if not secure and not is_loopback(host):
            raise aiohttp.ClientConnectorError(key, OSError(0, "plain http to a foreign host"))
        if secure and self._tls is None:
            self._tls = ssl.create_default_context()
        try:
            _, handler = await self._network.create_connection(
                lambda: ResponseHandler(loop=self._loop),
                host,
                key.port or _DEFAULT_PORTS["https" if secure else "http"],
                tls=self._tls if secure else None,
                server_hostname=host if secure else None,
            )
        except ssl.CertificateError as error:
            raise aiohttp.ClientConnectorCertificateError(key, error) from error
        except ssl.SSLError as error:
            raise aiohttp.ClientConnectorSSLError(key, error) from error
        except OSError as error:
            raise aiohttp.ClientConnectorError(key, error) from error
        return handler


def make_session(
    network: Network, *, tls: ssl.SSLContext | None = None, limit: int = CONNECTIONS_MAX
) -> aiohttp.ClientSession:
    """Open one venue's session: warm connections, no cookies, no proxies, no own time limits.

    Must be called in a running loop; the caller closes it.
    """
    return aiohttp.ClientSession(
        connector=NetworkConnector(network, tls=tls, limit=limit),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Uncompressed answers: less latency, and no small body that unpacks into a huge one.
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None),
        trust_env=False,
    )


class HttpExchange:
    """One request, one answer, and failures that say whether the request may have been received.

    The session must come from `make_session`: its connector tells whether a connection was there.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        venue: str,
        response_bytes_max: int = RESPONSE_BYTES_MAX,
        silence_ms_max: int = 0,
    ) -> None:
        """`silence_ms_max` ends a request earlier than its time limit if nothing moves; 0: never.

        With it a limit can be generous: an answer that is large or slow ends, a stalled one fails.
        """
        self._session = session
        self._venue = venue
        self._response_bytes_max = response_bytes_max
        self._silence_s = silence_ms_max / 1_000 or None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_ms: int,
    ) -> tuple[int, CIMultiDictProxy[str], bytes]:
        """Send once and return (status, headers, body); any status is an answer.

        `url` is sent as it stands, already percent-encoded. Redirects are not followed: a 307
        would send a POST a second time, and to a host of the redirector's choice. aiohttp itself
        resends idempotent methods on a stale connection, and never a POST.

        Raises:
            VenueUnavailable: nothing was sent, or a GET was not answered.
            OutcomeUnknown: a write was sent, or may have been, and was not answered.
        """
        progress = _Progress()
        quiet = asyncio.timeout(self._silence_s)
        token = _progress.set(progress)
        try:
            async with asyncio.timeout(timeout_ms / 1_000), quiet:
                return await self._exchange(method, url, headers, body, quiet)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # TimeoutError is an OSError; ValueError: aiohttp's word for an unusable URL or header.
            cause: Exception = error
        finally:
            _progress.reset(token)
        limit = f"limit {timeout_ms} ms"
        if quiet.expired():
            limit = f"silent for {self._silence_s} s"
        failure = f"{type(cause).__name__} ({limit}): {cause}"
        if progress.is_connected and method not in SAFE_METHODS:
            raise OutcomeUnknown(self._venue, "no_answer", failure) from cause
        code = "no_answer" if progress.is_connected else "not_connected"
        raise VenueUnavailable(self._venue, code, failure) from cause

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        quiet: asyncio.Timeout,
    ) -> tuple[int, CIMultiDictProxy[str], bytes]:
        async with self._session.request(
            method,
            URL(url, encoded=True),
            headers=headers,
            data=body,
            allow_redirects=False,
        ) as response:
            received = bytearray()
            self._heard(quiet)
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                self._heard(quiet)
                received += chunk
                if len(received) > self._response_bytes_max:
                    response.close()
                    raise aiohttp.ClientPayloadError("the answer is too large")
            return response.status, response.headers, bytes(received)

    def _heard(self, quiet: asyncio.Timeout) -> None:
        if self._silence_s is not None:
            quiet.reschedule(asyncio.get_running_loop().time() + self._silence_s)


class _NetworkConnect(connect):
    """websockets' client over `Network`; redirects are refused, they would carry our signature."""

    def __init__(
        self, uri: str, *, network: Network, tls: ssl.SSLContext | None, **options: Any
    ) -> None:
        super().__init__(uri, **options)
        self._network = network
        self._tls = tls

    async def open_tcp_connection(self) -> ClientConnection:
        uri = self.ws_uri
        tls = (self._tls or ssl.create_default_context()) if uri.secure else None
        _, connection = await self._network.create_connection(
            lambda: self.factory(uri),
            uri.host,
            uri.port,
            tls=tls,
            server_hostname=uri.host if uri.secure else None,
        )
        return connection

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def is_too_big(error: ConnectionClosed) -> bool:
    """Whether the socket was closed because a message was larger than we take."""
    frames = (frame for frame in (error.rcvd, error.sent) if frame is not None)
    return any(frame.code == CloseCode.MESSAGE_TOO_BIG for frame in frames)


async def open_websocket(  # noqa: PLR0913 - one socket has this many limits
    network: Network,
    url: str,
    *,
    venue: str,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    open_timeout_ms: int = 10_000,
    ping_interval_ms: int | None = 10_000,
    message_bytes_max: int = 16 * 1024 * 1024,
    queue_frames_max: int = 1_024,
) -> ClientConnection:
    """Open a websocket: no proxy, no compression, a bounded queue, bounded messages.

    At `queue_frames_max` unread frames the socket is no longer read, and the venue sees a slow
    consumer. A message above `message_bytes_max` closes the connection with code 1009.

    Raises:
        VenueUnavailable: no connection; `http_status` is the handshake's answer if there was one.
        ConfigError: a plain URL to a host that is not loopback.
    """
    require_safe_url(url)
    interval_s = None if ping_interval_ms is None else ping_interval_ms / 1_000
    try:
        return await _NetworkConnect(
            url,
            network=network,
            tls=tls,
            additional_headers=dict(headers or {}),
            user_agent_header=USER_AGENT,
            proxy=None,
            compression=None,
            open_timeout=open_timeout_ms / 1_000,
            ping_interval=interval_s,
            ping_timeout=interval_s,
            close_timeout=1,
            max_size=message_bytes_max,
            max_queue=queue_frames_max,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        head = bytes(error.response.body[:200]).decode("utf-8", "replace")
        code = "handshake_refused"
        if status == HTTPStatus.UNAUTHORIZED:
            code = "handshake_unauthorized"
        raise VenueUnavailable(venue, code, head, http_status=status) from error
    except (OSError, WebSocketException) as error:
        # TimeoutError is an OSError.
        failure = f"{type(error).__name__}: {error}"
        raise VenueUnavailable(venue, "not_connected", failure) from error
