"""Clocks, a real loopback network and a scripted Kalshi for the tests of the client."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from multidict import MultiMapping

from twoleg.core.market import (
    Band,
    FeeSchedule,
    Market,
    MarketId,
    Outcome,
    PriceGrid,
    Side,
    TimeInForce,
    Venue,
)
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.kalshi.sign import KalshiSigner
from twoleg.venues.transport import HttpExchange, make_session

TICKER = "KXA-26DEC31-T5.5"
WALL_NS = 1_790_000_000_000_000_000
PREFIX = "/trade-api/v2"


class FakeClock:
    """Time that passes only by `sleep` and `advance`."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000
        self.slept_s: list[float] = []

    def monotonic_ns(self) -> int:
        return self.now_ns

    def wall_ns(self) -> int:
        return WALL_NS + self.now_ns

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_ns += int(seconds * 1_000_000_000)
        await asyncio.sleep(0)


class RealClock:
    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class FakeEntropy:
    def __init__(self) -> None:
        self.count = 0

    def uuid4(self) -> str:
        self.count += 1
        return f"00000000-0000-4000-8000-{self.count:012d}"

    def below(self, bound: int) -> int:
        return bound // 2

    def jitter(self) -> float:
        return 0.5


class LoopNetwork:
    """The running loop's own connections, counted."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, int]] = []

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
    ) -> tuple[asyncio.BaseTransport, Any]:
        self.opened.append((host, port))
        loop = asyncio.get_running_loop()
        return await loop.create_connection(
            protocol_factory, host, port, ssl=tls, server_hostname=server_hostname
        )

    def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> Awaitable[asyncio.Server]:
        return asyncio.get_running_loop().create_server(protocol_factory, host, port)


def market(ticker: str = TICKER, *, shard: int = 2, step_e4: int = 100) -> Market:
    return Market(
        id=MarketId(f"kalshi:{ticker}"),
        venue=Venue.KALSHI,
        native_id=ticker,
        grid=PriceGrid((Band(0, 10_000, step_e4),)),
        fees=FeeSchedule(rate_e6=70_000),
        shard=shard,
    )


def spec(**changes: Any) -> OrderSpec:
    values: dict[str, Any] = {
        "execution_no": 1,
        "order_no": 1,
        "purpose": Purpose.ARB,
        "market": market(),
        "outcome": Outcome.YES,
        "side": Side.BUY,
        "size_e6": 25_000_000,
        "limit_e4": 5_700,
        "tif": TimeInForce.FOK,
    }
    return OrderSpec(**(values | changes))


def ref(order_key: str = "key-1", *, venue_order_id: str = "", **changes: Any) -> OrderRef:
    return OrderRef(
        spec=spec(**changes),
        order_key=order_key,
        sent_wall_ms=WALL_NS // 1_000_000,
        venue_order_id=venue_order_id,
    )


SIGNER = KalshiSigner(key_id="11111111-aaaa", key=Ed25519PrivateKey.from_private_bytes(bytes(32)))

Reply = tuple[int, Any] | Callable[[web.Request], Awaitable[web.StreamResponse]]


class ScriptedKalshi:
    """Answers each path with its queued replies; the last one is repeated."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self.headers: list[dict[str, str]] = []
        # With every value of a key that is repeated.
        self.queries: list[MultiMapping[str]] = []
        # The fake clock's own time: aiohttp would put the real one.
        self.answer_headers = {"Date": "Mon, 21 Sep 2026 14:13:21 GMT"}

    def script(self, path: str, *replies: Reply) -> None:
        self.replies[path] = list(replies)

    def bodies(self) -> list[Any]:
        return [body for method, _, _, body in self.requests if method == "POST"]

    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.requests]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        path = request.path.removeprefix(PREFIX)
        body = json.loads(raw) if raw else None
        self.requests.append((request.method, path, dict(request.query), body))
        self.headers.append(dict(request.headers))
        self.queries.append(request.query)
        queue = self.replies.get(path)
        if not queue:
            return web.json_response({"error": {"code": "not_found"}}, status=404)
        reply = queue.pop(0) if len(queue) > 1 else queue[0]
        if not isinstance(reply, tuple):
            return await reply(request)
        status, payload = reply
        if isinstance(payload, bytes):
            return web.Response(status=status, body=payload, headers=self.answer_headers)
        return web.json_response(payload, status=status, headers=self.answer_headers)


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Take a request and cut the connection instead of answering."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncGenerator[str]:
    """A real HTTP server on loopback; yields its origin."""
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def patient(options: KalshiOptions | None) -> KalshiOptions:
    """Options whose limit for orders suits a machine that is busy, unless a test has set its own."""
    options, usual = options or KalshiOptions(), KalshiOptions()
    if options.order_timeout_ms != usual.order_timeout_ms:
        return options
    return msgspec.structs.replace(options, order_timeout_ms=20_000)


@asynccontextmanager
async def kalshi_http(
    venue: ScriptedKalshi,
    *,
    clock: FakeClock,
    options: KalshiOptions | None = None,
) -> AsyncGenerator[KalshiHttp]:
    async with serving(venue.handle) as origin, make_session(LoopNetwork()) as session:
        yield KalshiHttp(
            exchange=HttpExchange(session, venue="kalshi"),
            base_url=origin + PREFIX,
            clock=clock,
            signer=SIGNER,
            options=patient(options),
        )


@asynccontextmanager
async def two_hosts(
    first: ScriptedKalshi | None,
    second: ScriptedKalshi | None,
    *,
    clock: FakeClock,
    options: KalshiOptions | None = None,
) -> AsyncGenerator[KalshiHttp]:
    """A client with two front doors; None: nobody listens there."""
    async with AsyncExitStack() as stack:
        origins = [
            await stack.enter_async_context(serving(venue.handle)) if venue else await closed_port()
            for venue in (first, second)
        ]
        session = await stack.enter_async_context(make_session(LoopNetwork()))
        yield KalshiHttp(
            exchange=HttpExchange(session, venue="kalshi"),
            base_urls=tuple(origin + PREFIX for origin in origins),
            clock=clock,
            signer=SIGNER,
            options=patient(options),
        )


async def closed_port() -> str:
    """The origin of a port that refuses connections."""
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return f"http://127.0.0.1:{port}"


@asynccontextmanager
async def kalshi_orders(
    venue: ScriptedKalshi,
    *,
    clock: FakeClock,
    options: KalshiOptions | None = None,
) -> AsyncGenerator[KalshiOrders]:
    async with kalshi_http(venue, clock=clock, options=options) as http:
        yield KalshiOrders(http=http, clock=clock, entropy=FakeEntropy(), options=options)
