"""Clocks, entropy, a loopback network and a scripted CLOB for the tests of the client."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.unit.venues.polymarket.vectors import API_KEY, PASSPHRASE, PRIVATE_KEY, SECRET
from twoleg.core.market import (
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
from twoleg.venues.polymarket.account import PolymarketAccount
from twoleg.venues.polymarket.auth import ApiCredentials, RequestSigner
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.orders import PolymarketOrders
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.sign import OrderSigner
from twoleg.venues.ratelimit import TokenBucket
from twoleg.venues.transport import HttpExchange, make_session

CONDITION = "0x" + "ab" * 32
YES = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
NO = "52114319501245915516055106046884209969926127482827954674443846427813813222426"
MARKET_ID = MarketId(f"polymarket:{CONDITION}")
CREDENTIALS = ApiCredentials(API_KEY, SECRET, PASSPHRASE)
WALL_NS = 1_790_000_000_000_000_000


class FakeClock:
    """Time that passes only by `sleep` and `advance_ms`."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000

    def monotonic_ns(self) -> int:
        return self.now_ns

    def wall_ns(self) -> int:
        return WALL_NS + self.now_ns

    def advance_ms(self, ms: int) -> None:
        self.now_ns += ms * 1_000_000

    async def sleep(self, seconds: float) -> None:
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
        return "00000000-0000-4000-8000-000000000000"

    def below(self, bound: int) -> int:
        self.count += 1
        return (479_249_096_353 + self.count - 1) % bound

    def jitter(self) -> float:
        return 0.5


class LoopNetwork:
    """The running loop's own connections."""

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
    ) -> tuple[asyncio.BaseTransport, Any]:
        return await asyncio.get_running_loop().create_connection(
            protocol_factory, host, port, ssl=tls, server_hostname=server_hostname
        )

    def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> Awaitable[asyncio.Server]:
        return asyncio.get_running_loop().create_server(protocol_factory, host, port)


def market(**changes: Any) -> Market:
    values: dict[str, Any] = {
        "id": MARKET_ID,
        "venue": Venue.POLYMARKET,
        "native_id": CONDITION,
        "grid": PriceGrid.uniform(100),
        "fees": FeeSchedule(rate_e6=50_000, quantum_micros=10),
        "size_e6_min": 5_000_000,
        "notional_micros_min": 1_000_000,
        "yes_token": YES,
        "no_token": NO,
    }
    return Market(**(values | changes))


def spec(**changes: Any) -> OrderSpec:
    values: dict[str, Any] = {
        "execution_no": 1,
        "order_no": 2,
        "purpose": Purpose.ARB,
        "market": market(),
        "outcome": Outcome.YES,
        "side": Side.BUY,
        "size_e6": 100_000_000,
        "limit_e4": 5_200,
        "tif": TimeInForce.FOK,
        "spend_micros": 52_000_000,
        "size_e6_min": 100_000_000,
    }
    return OrderSpec(**(values | changes))


def resting(**changes: Any) -> OrderSpec:
    """A GTC BUY of 100 YES at 0.52."""
    values: dict[str, Any] = {"tif": TimeInForce.GTC, "spend_micros": 0, "size_e6_min": 0}
    return spec(**(values | changes))


def ref(order_key: str = "0xhash", **changes: Any) -> OrderRef:
    sent_wall_ms = changes.pop("sent_wall_ms", WALL_NS // 1_000_000 + 1_000)
    return OrderRef(spec=spec(**changes), order_key=order_key, sent_wall_ms=sent_wall_ms)


Reply = tuple[int, bytes | str] | tuple[int, bytes | str, dict[str, str]]
Responder = Callable[[web.Request, bytes], Reply | Awaitable[Reply]]


@asynccontextmanager
async def serving(respond: Responder) -> AsyncIterator[str]:
    """A loopback HTTP server that answers as told; yields its base URL."""

    async def answer(request: web.Request) -> web.Response:
        reply = respond(request, await request.read())
        status, body, *rest = await reply if isinstance(reply, Awaitable) else reply
        raw = body.encode() if isinstance(body, str) else body
        headers = {"Content-Type": "application/json"} | (rest[0] if rest else {})
        return web.Response(status=status, body=raw, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Client:
    """The client's parts, wired to one base URL."""

    def __init__(
        self, url: str, http: HttpExchange, options: PolymarketOptions, *, bucket: int
    ) -> None:
        self.clock = FakeClock()
        self.url = url
        self.http = http
        self.options = options
        self.signer = OrderSigner(PRIVATE_KEY, 137, 0)
        self.bucket = TokenBucket(clock=self.clock, capacity=bucket, refill_per_s=1, reserved=2)
        self.rest = ClobRest(
            http=http,
            clock=self.clock,
            signer=RequestSigner(self.signer.address, CREDENTIALS),
            base_url=url,
            options=options,
        )
        self.account = PolymarketAccount(rest=self.rest, signature_type=0, options=options)
        self.expected_cash: tuple[int, int] | None = None
        self.orders = PolymarketOrders(
            rest=self.rest,
            signer=self.signer,
            clock=self.clock,
            entropy=FakeEntropy(),
            bucket=self.bucket,
            account=self.account,
            options=options,
            expected_cash=lambda: self.expected_cash,
        )


@asynccontextmanager
async def client_of(
    respond: Responder, options: PolymarketOptions | None = None, *, bucket: int = 4
) -> AsyncIterator[Client]:
    """A client of a scripted server."""
    async with serving(respond) as url, make_session(LoopNetwork()) as session:
        http = HttpExchange(session, venue="polymarket")
        yield Client(url, http, options or PolymarketOptions(), bucket=bucket)
