"""The Kalshi simulator: accounts, markets and order entry behind Kalshi's REST and WebSocket.

It follows Kalshi docs, openapi 3.34.0 and asyncapi 2.0.0, 2026-10. Options: `KalshiOptions`.
"""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final, Literal
from uuid import NAMESPACE_URL, uuid5

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from twoleg.sim.base import CROWD, CommonOptions, VenueSim, read_options
from twoleg.sim.exchange import Change, Side, Walk
from twoleg.sim.faults import Faults
from twoleg.sim.flow import LOT_E6, Clock, Sleep
from twoleg.sim.kalshi_auth import (
    KeyRing,
    PrivateKey,
    key_id_of,
    load_key,
    load_or_make_key,
    make_key,
)
from twoleg.sim.kalshi_desk import Desk
from twoleg.sim.kalshi_errors import KalshiRefusal, refuse, too_many_requests
from twoleg.sim.kalshi_ledger import PRECISION_MICROS, Account
from twoleg.sim.kalshi_limits import RateLimits
from twoleg.sim.kalshi_markets import MarketState
from twoleg.sim.kalshi_orders import NewOrder
from twoleg.sim.kalshi_reads import ReadModel
from twoleg.sim.kalshi_rest import KalshiRest, read_client_order_id
from twoleg.sim.kalshi_ws import FAREWELL, Hub, Session
from twoleg.sim.sockets import Socket
from twoleg.sim.world import FlowWorld

REST_PREFIX: Final = "/trade-api/v2"
WS_PATH: Final = "/trade-api/ws/v2"
# Kalshi docs, websocket keep-alive, 2026-10.
PING_EVERY_S: Final = 10.0
PING_PAYLOAD: Final = b"heartbeat"
EXPIRE_EVERY_S: Final = 1.0
CROWD_CASH_MICROS: Final = 10**15
DEFAULT_ACCOUNT: Final = "default"


class KalshiOptions(CommonOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be chosen about a simulated Kalshi."""

    # Opening cash per account and shard, in micro-dollars. A shard left out is never funded.
    accounts: dict[str, dict[str, int]] = msgspec.field(
        default_factory=lambda: {
            DEFAULT_ACCOUNT: {"0": 5_000_000_000, "2": 2_500_000_000, "3": 2_500_000_000}
        }
    )
    # Private keys as PEM text by account; the others are read from key_dir or made.
    private_keys: dict[str, str] = msgspec.field(default_factory=dict)
    key_kind: Literal["rsa", "ed25519"] = "rsa"
    tier: str = "basic"
    rate_limits: bool = True
    # Range of the lag after which reads show a write; [0, 0] shows it at once.
    read_lag_ms: tuple[int, int] = (10, 50)
    member: Literal["direct", "non_direct"] = "direct"


class KalshiSim(VenueSim):
    """A Kalshi on loopback. Construct, `start`, trade, `stop`."""

    def __init__(
        self,
        *,
        world: FlowWorld,
        clock: Clock,
        rng: Random,
        faults: Faults,
        sleep: Sleep,
        options: Mapping[str, object],
    ) -> None:
        chosen = read_options(KalshiOptions, options)
        super().__init__(
            "kalshi",
            [(pair.kalshi.ticker, pair.kalshi.grid) for pair in world.pairs],
            world=world,
            clock=clock,
            rng=rng,
            faults=faults,
            sleep=sleep,
            options=chosen,
        )
        self.options = chosen
        self.markets = {
            ticker: MarketState(world.by_ticker[ticker], exchange)
            for ticker, exchange in self.exchanges.items()
        }
        self.shards = sorted({0, *(market.shard for market in self.markets.values())})
        self.keys = KeyRing()
        self.accounts = {name: self._account(name) for name in chosen.accounts}
        self.private_keys: dict[str, PrivateKey] = {}
        for name in self.accounts:
            self.private_keys[name] = self._private_key(name)
            self.keys.add(name, self.private_keys[name].public_key())
        crowd = Account(CROWD, CROWD)
        for shard in self.shards:
            crowd.fund(shard, CROWD_CASH_MICROS)
        self.crowd = crowd
        self.hub = Hub(clock)
        self.reads = ReadModel(clock, Random(rng.getrandbits(64)), chosen.read_lag_ms)
        self.desk = Desk(
            self.markets,
            self.accounts,
            crowd,
            clock=clock,
            rng=Random(rng.getrandbits(64)),
            reads=self.reads,
            announcer=self.hub,
        )
        # Buckets per account; "" is everyone without a key.
        self.limits = {
            name: RateLimits(chosen.tier, self.shards, clock, is_enforced=chosen.rate_limits)
            for name in ("", *self.accounts)
        }
        for market in self.markets.values():
            self._listen(market)

    # -- VenueSim ----------------------------------------------------------------------------------

    def add_routes(self, app: web.Application) -> None:
        """Register REST, WebSocket and Kalshi's part of the admin surface."""
        KalshiRest(self).add_routes(app, REST_PREFIX)
        app.router.add_get(WS_PATH, self._serve_ws)
        app.router.add_post("/_sim/exchange", self._set_exchange)

    def book_crowd_walk(self, market_id: str, side: Side, walk: Walk) -> None:
        """Book and announce a walk that the crowd has executed as taker on `side`."""
        self.desk.book(self.markets[market_id], side, walk)

    def ledger(self) -> dict[str, object]:
        """Return every account, the crowd's included."""
        return {a.name: a.to_json() for a in (*self.accounts.values(), self.crowd)}

    def describe(self, market_id: str) -> dict[str, object]:
        """Return ticker, shard and status."""
        market = self.markets[market_id]
        return {
            "ticker": market.ticker,
            "exchange_index": market.shard,
            "status": market.status(self.now_s()),
        }

    def set_status(self, market_id: str, status: str) -> None:
        """Set active, inactive (a pause) or closed.

        Going from inactive to active cancels all resting orders; closing sweeps them (Kalshi docs,
        market_lifecycle, 2026-10).
        """
        market = self.markets[market_id]
        if status not in ("active", "inactive", "closed"):
            raise ValueError("status must be active, inactive or closed")
        was, market.status_set = market.status_set, status
        market.updated_ts_s = self.now_s()
        if status == "inactive":
            self.desk.pause({market_id})
            self.hub.lifecycle(market, "deactivated")
        elif status == "closed" or was == "inactive":
            for order in self.desk.resting_of():
                if order.ticker == market_id:
                    reason = "CloseCancel" if status == "closed" else "HaltCancel"
                    self.desk.cancel(order, reason)
            self.clear(market_id)
            if status == "active":
                self.hub.lifecycle(market, "activated")

    def is_open(self, market_id: str) -> bool:
        """Tell whether the market trades now."""
        market = self.markets[market_id]
        shard = self.desk.shards[market.shard]
        is_running = shard.exchange_active and shard.trading_active
        return is_running and market.status(self.now_s()) == "active"

    def place(self, market_id: str, side: Side, price_e4: int, size_e6: int) -> str:
        """Place for the crowd; sizes are whole lots of 0.01 contract."""
        self._check_lots(size_e6)
        return super().place(market_id, side, price_e4, size_e6)

    def take(self, market_id: str, side: Side, limit_price_e4: int, size_e6: int) -> int:
        """Take for the crowd; sizes are whole lots of 0.01 contract."""
        self._check_lots(size_e6)
        return super().take(market_id, side, limit_price_e4, size_e6)

    def fault_response(self, status: int) -> web.Response:
        """Return Kalshi's own body for a scripted 429, 500 or 503."""
        if status == 429:
            return too_many_requests().response()
        code = "service_unavailable" if status == 503 else "internal_server_error"
        return refuse(status, code).response()

    async def order_key(self, request: web.Request) -> str | None:
        """Return the client order id of a create request."""
        if request.method != "POST" or request.path != f"{REST_PREFIX}/portfolio/events/orders":
            return None
        return read_client_order_id(await request.read())

    async def background(self) -> None:
        """Expire resting orders."""
        while True:
            await self.sleep(EXPIRE_EVERY_S)
            self.desk.expire()

    def urls(self, host: str, port: int) -> dict[str, str]:
        """Return the REST base and the WebSocket address."""
        return {
            "rest": f"http://{host}:{port}{REST_PREFIX}",
            "ws": f"ws://{host}:{port}{WS_PATH}",
        }

    def credentials(self) -> dict[str, object]:
        """Return key id and key file of the first account."""
        name = next(iter(self.accounts))
        path = self._key_path(name)
        return {
            "api_key_id": self.api_key_id(name),
            "private_key_path": None if path is None else str(path),
        }

    # -- own ---------------------------------------------------------------------------------------

    def api_key_id(self, account: str) -> str:
        """Return the key id of an account."""
        return key_id_of(self.private_keys[account].public_key())

    def now_s(self) -> int:
        """Return wall time in seconds."""
        return self.clock.now_ns() // 1_000_000_000

    def apply_faults_to(self, request: web.Request, new: NewOrder, size_e6: int) -> None:
        """Let scripted other people act just before an order matches."""
        self.apply_order_fault(
            request,
            new.ticker,
            new.side,
            new.price_e4,
            key=new.client_order_id or None,
            size_e6=size_e6,
        )

    def _listen(self, market: MarketState) -> None:
        def on_change(change: Change) -> None:
            market.clock += 1
            self.hub.delta(market, change, self.desk.cause)
            self.hub.ticker(market)

        market.exchange.on_change(on_change)

    def _account(self, name: str) -> Account:
        if name == CROWD:
            raise ValueError(f"no account may be called {CROWD}")
        user_id = user_id_of(self.world.seed, name)
        assert self.options.member in PRECISION_MICROS
        account = Account(name, user_id, self.options.member)
        for shard, micros in self.options.accounts[name].items():
            account.fund(int(shard), micros)
        return account

    def _private_key(self, name: str) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
        given = self.options.private_keys.get(name)
        if given is not None:
            return load_key(given.encode())
        path = self._key_path(name)
        if path is not None:
            return load_or_make_key(path, self.options.key_kind)
        return make_key(self.options.key_kind)

    def _key_path(self, name: str) -> Path | None:
        key_dir = self.options.key_dir
        return None if key_dir is None else Path(key_dir) / f"kalshi-{name}.pem"

    async def _serve_ws(self, request: web.Request) -> web.StreamResponse:
        try:
            account = self.keys.verify(
                "GET", request.rel_url.raw_path, request.headers, now_ms=self.now_ms()
            )
        except KalshiRefusal as refusal:
            return refusal.response()
        socket = Socket(request, faults=self.faults, sleep=self.sleep, farewell=FAREWELL)
        session = Session(
            account,
            socket,
            markets=self.markets,
            clock=self.clock,
            ticker_frame=self.hub.ticker_message,
        )
        self.sockets.add(socket)
        self.hub.sessions.add(session)
        try:
            return await socket.run(
                session.on_text, ping_every_s=PING_EVERY_S, ping_payload=PING_PAYLOAD
            )
        finally:
            self.hub.sessions.discard(session)
            self.sockets.discard(socket)

    def now_ms(self) -> int:
        """Return wall time in milliseconds."""
        return self.clock.now_ns() // 1_000_000

    async def _set_exchange(self, request: web.Request) -> web.Response:
        # POST /_sim/exchange {"exchange_index", "exchange_active"?, "trading_active"?}
        body = await request.json()
        shard = self.desk.shards.get(body.get("exchange_index"))
        if shard is None:
            return web.json_response({"error": "no such exchange_index"}, status=400)
        shard.exchange_active = bool(body.get("exchange_active", shard.exchange_active))
        shard.trading_active = bool(body.get("trading_active", shard.trading_active))
        if not (shard.exchange_active and shard.trading_active):
            index = body["exchange_index"]
            self.desk.pause({m.ticker for m in self.markets.values() if m.shard == index})
        return web.json_response({"ok": True})

    def _check_lots(self, size_e6: int) -> None:
        if size_e6 % LOT_E6:
            raise ValueError(f"size_e6 must be a multiple of {LOT_E6}")


def user_id_of(seed: int, name: str) -> str:
    """Return a stable UUID for an account of a world."""
    return str(uuid5(NAMESPACE_URL, f"{seed}:{name}"))
