"""The Kalshi simulator: accounts, markets and order entry behind Kalshi's REST and WebSocket.

It follows Kalshi docs, openapi 3.34.0 and asyncapi 2.0.0, 2026-10. Options: `KalshiOptions`.
"""

from collections.abc import Mapping
from random import Random
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from aiohttp import web

from twoleg.sim.base import CROWD, VenueSim, read_options
from twoleg.sim.catalogue.changes import add_catalogue_admin
from twoleg.sim.exchange import Change, Side, Walk
from twoleg.sim.faults import Faults
from twoleg.sim.flow import LOT_E6, Clock, Sleep
from twoleg.sim.kalshi.admin import add_kalshi_admin
from twoleg.sim.kalshi.admission import Shard
from twoleg.sim.kalshi.desk import Desk
from twoleg.sim.kalshi.errors import KalshiRefusal, failure
from twoleg.sim.kalshi.fee_schedule import FeeSchedule
from twoleg.sim.kalshi.history import Cutoffs
from twoleg.sim.kalshi.keys import KeyCabinet
from twoleg.sim.kalshi.ledger import PRECISION_MICROS, Account
from twoleg.sim.kalshi.lifecycle import Lifecycle
from twoleg.sim.kalshi.limits import RateLimits
from twoleg.sim.kalshi.markets import Listing, MarketState
from twoleg.sim.kalshi.options import KalshiOptions
from twoleg.sim.kalshi.order_routes import read_client_order_id
from twoleg.sim.kalshi.orders import NewOrder
from twoleg.sim.kalshi.reads import ReadModel
from twoleg.sim.kalshi.rest import KalshiRest
from twoleg.sim.kalshi.scopes import Gate
from twoleg.sim.kalshi.settlement import Settlements
from twoleg.sim.kalshi.shelf import KalshiShelf
from twoleg.sim.kalshi.tape import Tape
from twoleg.sim.kalshi.transfers import Transfers
from twoleg.sim.kalshi.ws import Hub
from twoleg.sim.world import FlowWorld

REST_PREFIX: Final = "/trade-api/v2"
WS_PATH: Final = "/trade-api/ws/v2"
EXPIRE_EVERY_S: Final = 1.0
CROWD_CASH_MICROS: Final = 10**15


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
        self.options = chosen = read_options(KalshiOptions, options)
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
        self.fees = FeeSchedule()
        self.markets = {
            pair.kalshi.ticker: MarketState(
                Listing(pair.kalshi, pair.close_ts_s),
                self.exchanges[pair.kalshi.ticker],
                self.fees,
            )
            for pair in world.pairs
        }
        self.shards = sorted({0, *(market.shard for market in self.markets.values())})
        self.cabinet = KeyCabinet(chosen)
        self.keys = self.cabinet.ring
        self.private_keys = self.cabinet.private
        self.gate = Gate(self.markets, chosen.region_expiration_ts_s, chosen.forbidden_shape)
        self.accounts = {name: self._account(name) for name in chosen.accounts}
        crowd = Account(CROWD, CROWD)
        for shard in self.shards:
            crowd.fund(shard, CROWD_CASH_MICROS)
        self.crowd = crowd
        self.tape = Tape()
        self.hub = Hub(clock, chosen, tape=self.tape, open_interest=self.open_interest_e6)
        self.reads = ReadModel(clock, Random(rng.getrandbits(64)), chosen.read_lag_ms)
        self.desk = Desk(
            self.markets,
            crowd,
            clock=clock,
            rng=Random(rng.getrandbits(64)),
            reads=self.reads,
            announcer=self.hub,
            options=chosen,
        )
        # Buckets per account; "" is everyone without a key.
        self.limits = {
            name: RateLimits(chosen.tier, self.shards, clock, is_enforced=chosen.rate_limits)
            for name in ("", *self.accounts)
        }
        self.transfers = Transfers(
            clock,
            shards=lambda: list(self.desk.shards),
            available_micros=self.desk.available_micros,
            new_id=self.desk.blotter.new_id,
            transfer_ms=chosen.transfer_ms,
        )
        self.settlements = Settlements(self.desk.blotter, self.hub)
        self.lifecycle = Lifecycle(self)
        self.cutoffs = Cutoffs(self.now_s)
        self.shelf = KalshiShelf(chosen.catalogue, self.now_s)
        for market in self.markets.values():
            self._listen(market)

    # -- VenueSim ----------------------------------------------------------------------------------

    def add_routes(self, app: web.Application) -> None:
        """Register REST, WebSocket and Kalshi's part of the admin surface."""
        KalshiRest(self).add_routes(app, REST_PREFIX)
        app.router.add_get(WS_PATH, self._serve_ws)
        add_kalshi_admin(app, self)
        add_catalogue_admin(app, self.shelf, self.now_s)
        app.router.add_post("/_sim/refuse", self.desk.scripted.serve)

    def book_crowd_walk(self, market_id: str, side: Side, walk: Walk) -> None:
        """Book and announce a walk that the crowd has executed as taker on `side`."""
        self.desk.book(self.markets[market_id], side, walk)

    def ledger(self) -> dict[str, object]:
        """Return every account, the crowd's included; subaccounts are called name/number."""
        accounts = [a for member in self.accounts.values() for a in member.everything()]
        return {
            f"{a.name}/{a.subaccount}" if a.subaccount else a.name: a.to_json()
            for a in (*accounts, self.crowd)
        }

    def describe(self, market_id: str) -> dict[str, object]:
        """Return ticker, shard and status."""
        market = self.markets[market_id]
        return {
            "ticker": market.ticker,
            "exchange_index": market.shard,
            "status": market.status(self.now_s()),
        }

    def set_status(self, market_id: str, status: str) -> None:
        """Set active, inactive (a pause), closed or disputed; see `Lifecycle.set_status`."""
        self.lifecycle.set_status(market_id, status)

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
        """Return what Kalshi, or the server in front of it, says to a scripted 429 or 5xx."""
        return failure(status, self.options.bad_gateway_body)

    async def order_key(self, request: web.Request) -> str | None:
        """Return the client order id of a create request."""
        if request.method != "POST" or request.path != f"{REST_PREFIX}/portfolio/events/orders":
            return None
        return read_client_order_id(await request.read())

    async def background(self) -> None:
        """Expire orders, open and close markets, complete transfers: what the clock does."""
        while True:
            await self.sleep(EXPIRE_EVERY_S)
            self.desk.expire()
            self.lifecycle.tick()
            self.transfers.tick()

    def urls(self, host: str, port: int) -> dict[str, str]:
        """Return the REST base and the WebSocket address."""
        return {
            "rest": f"http://{host}:{port}{REST_PREFIX}",
            "ws": f"ws://{host}:{port}{WS_PATH}",
        }

    def credentials(self) -> dict[str, object]:
        """Return key id and key file of the first account."""
        return self.key(next(iter(self.accounts)))

    def key(self, name: str) -> dict[str, object]:
        """Return the id and the file of a key by its name; an account's first has the account's."""
        path = self.cabinet.path(name)
        return {
            "api_key_id": self.api_key_id(name),
            "private_key_path": None if path is None else str(path),
        }

    # -- own ---------------------------------------------------------------------------------------

    def api_key_id(self, name: str) -> str:
        """Return the id of an account's key, or of a further key."""
        return self.cabinet.key_id(name)

    def add_market(self, market: MarketState) -> None:
        """List a market beside those of the world; its instance may be new."""
        shard = market.shard
        self.markets[market.ticker] = market
        if shard not in self.desk.shards:
            self.desk.shards[shard] = Shard()
            for limits in self.limits.values():
                limits.add_shard(shard)
        if shard not in self.crowd.cash_micros:
            self.crowd.fund(shard, CROWD_CASH_MICROS)
        self._listen(market)

    def open_interest_e6(self, ticker: str) -> int:
        """Return how many YES contracts of a market are held, by whoever."""
        members = [a for member in self.accounts.values() for a in member.everything()]
        return sum(max(0, a.position_e6(ticker)) for a in (*members, self.crowd))

    def pay(self, kind: str, cents: int, *, fee_cents: int, account: str, shard: int) -> str:
        """Let money in (`deposits`) or out (`withdrawals`); return the payment's id. ValueError."""
        if account not in self.accounts or cents <= 0 or fee_cents < 0:
            raise ValueError("a payment needs a known account and an amount above 0")
        return self.accounts[account].pay(kind, cents, fee_cents, shard, self.now_s())

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

    async def _serve_ws(self, request: web.Request) -> web.StreamResponse:
        try:
            key = self.keys.verify(
                "GET", request.rel_url.raw_path, request.headers, now_ms=self.now_ms()
            )
        except KalshiRefusal as refusal:
            return refusal.response()
        return await self.hub.serve(
            request,
            key,
            self.markets,
            faults=self.faults,
            sleep=self.sleep,
            sockets=self.sockets,
        )

    def now_ms(self) -> int:
        """Return wall time in milliseconds."""
        return self.clock.now_ns() // 1_000_000

    def _check_lots(self, size_e6: int) -> None:
        if size_e6 % LOT_E6:
            raise ValueError(f"size_e6 must be a multiple of {LOT_E6}")


def user_id_of(seed: int, name: str) -> str:
    """Return a stable UUID for an account of a world."""
    return str(uuid5(NAMESPACE_URL, f"{seed}:{name}"))
