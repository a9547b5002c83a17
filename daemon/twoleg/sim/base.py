"""What both simulated venues share: HTTP server, faults of requests, crowd, admin surface.

A venue subclasses `VenueSim`, registers its own routes and books what is traded. The admin surface
(`/_sim/…`, see `twoleg.sim.admin`) is no part of a venue's protocol.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from functools import lru_cache
from random import Random
from typing import Final, Protocol, TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

from twoleg.sim.admin import add_admin_routes
from twoleg.sim.catalogue.options import CatalogueOptions
from twoleg.sim.exchange import Exchange, Order, Side, Walk
from twoleg.sim.faults import PPM, SPOILING_KINDS, Faults, Rule
from twoleg.sim.flow import LOT_E6, Clock, Sleep, VenueFlow
from twoleg.sim.grid import Grid
from twoleg.sim.prices import STEP_MS_DEFAULT, PriceWorld, Venue
from twoleg.sim.sockets import Socket
from twoleg.sim.world import FlowWorld

# All other people, as one account of the ledger.
CROWD: Final = "crowd"
LOOPBACK: Final = "127.0.0.1"
ADMIN_PREFIX: Final = "/_sim/"
SHUTDOWN_TIMEOUT_S: Final = 0.2

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OptionsT = TypeVar("OptionsT", bound="CommonOptions")


class CommonOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of either venue; a venue's own struct inherits these."""

    # Wall time of step 0 of the price path, and a step's length.
    epoch_ms: int = 0
    step_ms: int = STEP_MS_DEFAULT
    # Whether the crowd trades from the start.
    flow: bool = True
    # Where keys are kept between runs; None keeps them in memory.
    key_dir: str | None = None
    # Invented markets listed beside the traded ones; `{"markets": N, "seed": S}`.
    catalogue: CatalogueOptions = CatalogueOptions()


def read_options(kind: type[OptionsT], raw: Mapping[str, object]) -> OptionsT:
    """Validate a plain mapping; ValueError names the unknown or ill-typed option."""
    try:
        return msgspec.convert(dict(raw), kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"simulator options: {error}") from error


class CreateServer(Protocol):
    """The part of `loop.create_server` that the simulators use."""

    def __call__(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> Awaitable[asyncio.Server]:
        """Listen, and return the server."""
        ...


class VenueSim(ABC):
    """A venue on loopback. `markets` lists (market id, grid) in the order of the world's pairs."""

    def __init__(
        self,
        venue: Venue,
        markets: list[tuple[str, Grid]],
        *,
        world: FlowWorld,
        clock: Clock,
        rng: Random,
        faults: Faults,
        sleep: Sleep,
        options: CommonOptions,
    ) -> None:
        self.venue: Venue = venue
        self.world = world
        self.clock = clock
        self.rng = rng
        self.faults = faults
        self.sleep = sleep
        # The book of each market, in YES terms.
        self.exchanges = {market_id: Exchange(market_id) for market_id, _ in markets}
        self.prices = PriceWorld(world, epoch_ms=options.epoch_ms, step_ms=options.step_ms)
        self.flow = VenueFlow(
            self.prices,
            venue,
            self,
            market_ids=[market_id for market_id, _ in markets],
            grids=[grid for _, grid in markets],
            rng=Random(rng.getrandbits(64)),
            is_running=options.flow,
        )
        # Open WebSockets, closed by stop().
        self.sockets: set[Socket] = set()
        # Numbers the crowd's orders.
        self._crowd_orders = 0
        # Set between start() and stop().
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._background: asyncio.Task[None] | None = None

    # -- what a venue provides -------------------------------------------------------------------

    @abstractmethod
    def add_routes(self, app: web.Application) -> None:
        """Register the venue's own REST and WebSocket routes."""

    @abstractmethod
    def book_crowd_walk(self, market_id: str, side: Side, walk: Walk) -> None:
        """Book and announce a walk that the crowd has executed as taker on `side`."""

    @abstractmethod
    def ledger(self) -> dict[str, object]:
        """Return the accounts of GET /_sim/ledger by name."""

    @abstractmethod
    def describe(self, market_id: str) -> dict[str, object]:
        """Return the venue's identifiers and status of a market, for GET /_sim/markets."""

    @abstractmethod
    def set_status(self, market_id: str, status: str) -> None:
        """Pause, close or reopen a market; ValueError when the venue knows no such status."""

    @abstractmethod
    def is_open(self, market_id: str) -> bool:
        """Tell whether the market trades now."""

    @abstractmethod
    def fault_response(self, status: int) -> web.Response:
        """Return the venue's own body for a scripted 429, 500 or 503."""

    @abstractmethod
    def credentials(self) -> dict[str, object]:
        """Return what a client needs to trade as the default account."""

    @abstractmethod
    def urls(self, host: str, port: int) -> dict[str, str]:
        """Return the venue's base addresses by name."""

    async def order_key(self, request: web.Request) -> str | None:  # noqa: ARG002 - a hook
        """Return the client order id or order hash if the request places an order."""
        return None

    # -- life ------------------------------------------------------------------------------------

    async def start(self, create_server: CreateServer, host: str, port: int) -> dict[str, str]:
        """Listen on host:port (0: any free port), start the crowd, return the addresses."""
        if self._runner is not None:
            raise RuntimeError("the simulator runs already")
        if host != LOOPBACK:
            raise ValueError(f"a simulator listens on {LOOPBACK} only, not on {host}")
        if self.flow.is_running:
            self.flow.step(self.prices.step_at(self.clock.now_ns()))
        runner = web.AppRunner(
            self._application(),
            handle_signals=False,
            access_log=None,
            shutdown_timeout=SHUTDOWN_TIMEOUT_S,
        )
        await runner.setup()
        server = runner.server
        assert server is not None  # setup() has just made it
        self._runner = runner
        self._server = await create_server(server, host, port)
        port_bound: int = self._server.sockets[0].getsockname()[1]
        self._background = asyncio.get_running_loop().create_task(
            self._run_background(), name=f"sim-{self.venue}"
        )
        return self.urls(host, port_bound)

    async def stop(self) -> None:
        """Cut all connections and stop; harmless when not running."""
        if self._background is not None:
            self._background.cancel()
            await asyncio.gather(self._background, return_exceptions=True)
            self._background = None
        if self._server is not None:
            self._server.close()
            self._server = None
        for socket in list(self.sockets):
            socket.abort()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def background(self) -> None:  # noqa: B027 - a hook
        """Run what else the venue needs in the background, until cancelled."""

    async def _run_background(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.flow.run(self.clock, self.sleep), name=f"{self.venue}-crowd")
            group.create_task(self.background(), name=f"{self.venue}-background")

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._fault_middleware()])
        app.on_response_prepare.append(self._set_date)
        add_admin_routes(app, self)
        self.add_routes(app)
        return app

    async def _set_date(self, _request: web.Request, response: web.StreamResponse) -> None:
        # Clients estimate their clock's skew from this header: it must follow the given clock.
        response.headers["Date"] = _date_text(self.clock.now_ns() // 1_000_000_000)

    # -- the crowd's side (CrowdPort) --------------------------------------------------------------

    def place(self, market_id: str, side: Side, price_e4: int, size_e6: int) -> str:
        """Trade what crosses as other people, rest the remainder; return the order's id."""
        self._crowd_orders += 1
        order_id = f"{CROWD}-{self._crowd_orders}"
        exchange = self.exchanges[market_id]
        if exchange.would_cross(side, price_e4):
            size_e6 -= self.take(market_id, side, price_e4, size_e6)
        if size_e6 > 0:
            exchange.add(Order(order_id, CROWD, side, price_e4, size_e6))
        return order_id

    def cancel(self, market_id: str, order_id: str) -> int | None:
        """Remove one of other people's orders; None when it does not rest."""
        order = self.exchanges[market_id].get(order_id)
        if order is None or order.account != CROWD:
            return None
        return self.exchanges[market_id].cancel(order_id)

    def take(self, market_id: str, side: Side, limit_price_e4: int, size_e6: int) -> int:
        """Execute as other people up to the limit; return the size traded."""
        walk = self.exchanges[market_id].take(side, limit_price_e4, account=CROWD, size_e6=size_e6)
        if walk.matches:
            self.book_crowd_walk(market_id, side, walk)
        return walk.size_e6

    def left_e6(self, market_id: str, order_id: str) -> int:
        """Return what is left of a resting order, 0 when it is gone."""
        order = self.exchanges[market_id].get(order_id)
        return 0 if order is None else order.size_e6

    def clear(self, market_id: str) -> int:
        """Remove all other people's orders of a market; return how many there were."""
        exchange = self.exchanges[market_id]
        orders = exchange.orders(CROWD)
        for order in orders:
            exchange.cancel(order.order_id)
        self.flow.forget(market_id)
        return len(orders)

    # -- faults ------------------------------------------------------------------------------------

    def apply_order_fault(
        self,
        request: web.Request,
        market_id: str,
        side: Side,
        limit_price_e4: int,
        *,
        key: str | None,
        size_e6: int | None = None,
        spend_micros: int | None = None,
    ) -> Rule | None:
        """Ask for `partial` and `kill` just before matching, and let other people act on them.

        Call it once per order, after validation, with the arguments of the coming `take`.
        Everything within the limit is taken, except that `partial` leaves `share` of what the order
        would hit (floored to 0.01 contract), at the worst of these prices.
        """
        ts_ms = self.clock.now_ns() // 1_000_000
        rule = self.faults.order(request.method, request.path, key=key, ts_ms=ts_ms)
        if rule is None:
            return None
        exchange = self.exchanges[market_id]
        hit = exchange.quote(
            side, limit_price_e4, account="", size_e6=size_e6, spend_micros=spend_micros
        )
        spared_e6 = hit.size_e6 * rule.share_ppm // PPM if rule.kind == "partial" else 0
        spared_e6 -= spared_e6 % LOT_E6
        taken_e6 = exchange.depth_e6(side, limit_price_e4) - spared_e6
        if taken_e6 > 0:
            self.take(market_id, side, limit_price_e4, taken_e6)
        return rule

    def _fault_middleware(self) -> Middleware:
        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(ADMIN_PREFIX):
                return await handler(request)
            rules = self.faults.http(request.method, request.path)
            if not rules:
                return await handler(request)
            return await self._handle_faulty(request, handler, rules)

        return middleware

    async def _handle_faulty(
        self, request: web.Request, handler: Handler, rules: list[Rule]
    ) -> web.StreamResponse:
        key = await self.order_key(request)
        if key is not None:
            for rule in rules:
                self.faults.record(rule.kind, key=key, ts_ms=self.clock.now_ns() // 1_000_000)
        spoiling = [rule for rule in rules if rule.kind in SPOILING_KINDS]
        rules = [rule for rule in rules if rule not in spoiling]
        before = [rule for rule in rules if rule.when == "before" and rule.kind != "drop_after"]
        answer = await self._act(request, before)
        if answer is not None:
            return answer
        response = await handler(request)
        answer = await self._act(request, [rule for rule in rules if rule not in before])
        if answer is None and spoiling and isinstance(response, web.Response):
            return await _spoiled(request, response, spoiling[0].kind)
        return response if answer is None else answer

    async def _act(self, request: web.Request, rules: list[Rule]) -> web.Response | None:
        for rule in rules:
            if rule.kind == "delay":
                await self.sleep(rule.delay_ms / 1_000)
            elif rule.kind.startswith("http_"):
                return self.fault_response(int(rule.kind.removeprefix("http_")))
            else:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()  # never reaches anyone: the connection is gone
        return None


async def _spoiled(request: web.Request, response: web.Response, kind: str) -> web.StreamResponse:
    """Answer with the first half of a body: whole to HTTP, or cut off in the middle."""
    body = response.body if isinstance(response.body, bytes) else b""
    half = body[: len(body) // 2]
    if kind == "bad_json":
        return web.Response(body=half, status=response.status, content_type=response.content_type)
    cut = web.StreamResponse(status=response.status)
    cut.content_type, cut.content_length = response.content_type, len(body)
    await cut.prepare(request)
    await cut.write(half)
    if request.transport is not None:
        request.transport.close()  # what was written still goes out
    return cut


@lru_cache(maxsize=64)
def _date_text(ts_s: int) -> str:
    """Write a second as the `Date` header does; many answers share one."""
    return formatdate(ts_s, usegmt=True)
