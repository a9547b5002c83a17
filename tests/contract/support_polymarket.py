"""The real Polymarket client at the simulator's door, in a world where time jumps: what went over
the wire, what the client made of it, and what truly happened at the venue."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from msgspec.structs import replace
from multidict import CIMultiDictProxy

from tests.support.virtual import SeededEntropy, VirtualClock, VirtualNetwork
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.market import Market, Outcome, Side, TimeInForce
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.errors import VenueError
from twoleg.seams import Network
from twoleg.sim.faults import Faults
from twoleg.sim.polymarket import PolymarketSim
from twoleg.sim.polymarket_ledger import Wallet
from twoleg.sim.world import FlowWorld
from twoleg.venues.polymarket.account import PolymarketAccount
from twoleg.venues.polymarket.auth import ApiCredentials, RequestSigner
from twoleg.venues.polymarket.catalogue import PolymarketCatalogue
from twoleg.venues.polymarket.contracts import exchange_for
from twoleg.venues.polymarket.gate import TradingState
from twoleg.venues.polymarket.keys import obtain_credentials
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.orders import PolymarketOrders
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.sign import OrderFields, OrderSigner
from twoleg.venues.ports import CancelAnswer, PreparedOrder
from twoleg.venues.ratelimit import TokenBucket
from twoleg.venues.transport import HttpExchange, make_session

# In the seeded world: pair 0 is neg-risk, 1 crypto, 2 has tick 0.001, 3 sports, 4 free of fees.
NEG, CRYPTO, FINE, SPORTS, FREE, PLAIN = range(6)
OTHER_KEY = "0x" + "42" * 32
SHARE = 1_000_000
GTC: dict[str, Any] = {"tif": TimeInForce.GTC, "spend_micros": 0}


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is different at the venue: nothing, where nothing is said.

    `statuses` are those of the orders that it has taken since, in their order; `gone` counts
    earlier ones that rest no more.
    """

    statuses: tuple[str, ...] = ()
    trades: int = 0
    gone: int = 0


NOTHING = Truth()
FILLED = Truth(statuses=("MATCHED",), trades=1)
RESTS = Truth(statuses=("LIVE",))


@dataclass(frozen=True)
class Wire:
    """One answer as it came."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    text: str


class Door(HttpExchange):
    """The client's transport, which remembers what it was answered."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__(session, venue="polymarket")
        self.wires: list[Wire] = []
        self.agent = ""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_ms: int,
    ) -> tuple[int, CIMultiDictProxy[str], bytes]:
        if self.agent:
            headers = {**headers, "User-Agent": self.agent}
        status, told, answer = await super().request(
            method, url, headers=headers, body=body, timeout_ms=timeout_ms
        )
        self.wires.append(Wire(method, urlsplit(url).path, status, told, answer.decode()))
        return status, told, answer


class OffsetClock(VirtualClock):
    """A clock whose wall time may be wrong by `offset_s`."""

    offset_s = 0

    def wall_ns(self) -> int:
        return super().wall_ns() + self.offset_s * 1_000_000_000


@dataclass(frozen=True)
class Site:
    """A running simulator, and how its accounts reach it."""

    sim: PolymarketSim
    door: Door
    urls: PolymarketUrls
    options: PolymarketOptions
    clock: OffsetClock


class Trader:
    """A whole client of one account."""

    def __init__(self, site: Site, wallet_key: str, credentials: ApiCredentials) -> None:
        self.site = site
        self.sim = site.sim
        self.clock = site.clock
        self.wallet_key = wallet_key
        self.credentials = credentials
        self.entropy = SeededEntropy(Random(wallet_key))
        self.catalogue = PolymarketCatalogue(http=site.door, urls=site.urls, options=site.options)
        self.markets: dict[int, Market] = {}
        self.sent: list[PreparedOrder] = []
        self.trade_as(0)

    def trade_as(self, signature_type: int, funder: str = "") -> None:
        """Build the client anew for one kind of wallet."""
        site = self.site
        if signature_type == 3 and not funder:
            funder = self.sim.accounts.deposit_wallet
        self.signer = OrderSigner(self.wallet_key, 137, signature_type, funder)
        self.rest = ClobRest(
            http=site.door,
            clock=site.clock,
            signer=RequestSigner(self.signer.address, self.credentials),
            base_url=site.urls.clob,
            options=site.options,
        )
        self.account = PolymarketAccount(
            rest=self.rest, signature_type=signature_type, options=site.options
        )
        self.expected_cash: tuple[int, int] | None = None
        self.orders = PolymarketOrders(
            rest=self.rest,
            signer=self.signer,
            clock=site.clock,
            entropy=self.entropy,
            bucket=TokenBucket(clock=site.clock, capacity=1_000, refill_per_s=1_000),
            account=self.account,
            options=site.options,
            expected_cash=lambda: self.expected_cash,
        )

    def sign_requests_as(self, **changes: str) -> None:
        """Sign requests with other credentials: `key`, `secret` or `passphrase`."""
        parts = {name: getattr(self.credentials, name) for name in ("key", "secret", "passphrase")}
        self.rest._signer = RequestSigner(
            self.signer.address, ApiCredentials(**{**parts, **changes})
        )

    # -- orders ------------------------------------------------------------------------------

    def condition(self, pair: int = PLAIN) -> str:
        return self.sim.world.pairs[pair].polymarket.condition_id

    async def market(self, pair: int = PLAIN) -> Market:
        if pair not in self.markets:
            self.markets[pair] = await self.catalogue.read_market(self.condition(pair))
        return self.markets[pair]

    async def prepare(self, pair: int = PLAIN, **changes: Any) -> PreparedOrder:
        """Sign an order: a FOK BUY of 20 YES at 0.52 where nothing else is said."""
        values: dict[str, Any] = {
            "execution_no": 1,
            "order_no": 1,
            "purpose": Purpose.ARB,
            "market": changes.pop("market", None) or await self.market(pair),
            "outcome": Outcome.YES,
            "side": Side.BUY,
            "size_e6": 20 * SHARE,
            "limit_e4": 5_200,
            "tif": TimeInForce.FOK,
            "spend_micros": 10_400_000,
        }
        return self.orders.prepare(OrderSpec(**(values | changes)))

    def forge(self, prepared: PreparedOrder, maker: int, taker: int) -> PreparedOrder:
        """The same order with other amounts, signed anew: what the client itself would not do."""
        spec = prepared.spec
        token = spec.market.yes_token if spec.outcome is Outcome.YES else spec.market.no_token
        order = OrderFields(
            salt=self.entropy.below(1 << 50),
            token=int(token),
            maker_amount=maker,
            taker_amount=taker,
            side=0 if spec.side is Side.BUY else 1,
            timestamp_ms=prepared.prepared_wall_ms,
        )
        exchange = exchange_for(order.token, neg_risk=spec.market.neg_risk)
        signed = self.signer.sign_order(order, exchange)
        body = self.orders._renderer.render(spec, order, signed.signature)
        return replace(prepared, order_key=signed.order_hash, body=body)

    async def rest_order(self, pair: int = PLAIN, **changes: Any) -> PreparedOrder:
        """Rest a BUY of 20 YES at 0.40, where nothing else is said."""
        prepared = await self.prepare(pair, **{**GTC, "limit_e4": 4_000, **changes})
        answer = await self.orders.send(prepared)
        assert answer.status is AnswerStatus.RESTING, answer
        return prepared

    # -- the venue's truth -------------------------------------------------------------------

    @property
    def wallet(self) -> Wallet:
        return self.sim.wallets.open(self.signer.maker, self.signer.address)

    async def verify(self, prepared: PreparedOrder) -> LegAnswer:
        """Look an order up; what is told must be the venue's own truth, to the share."""
        found = await self.orders.look_up(ref(prepared))
        record = self.sim.engine.orders.get(prepared.order_key)
        matched_e6 = record.matched_e6 if record is not None else 0
        assert found.filled_e6 == matched_e6, found
        fills = await self.orders.read_fills(ref(prepared))
        assert sum(fill.size_e6 for fill in fills) == matched_e6
        if record is not None and self.sim.engine.is_live(record):
            assert found.status is AnswerStatus.RESTING, found
        elif matched_e6:
            assert found.status in {AnswerStatus.FILLED, AnswerStatus.PARTIAL}, found
        else:
            assert found.status is AnswerStatus.MISSED, found
        return found


class World(Trader):
    """A client of the default account, and what came of the act that a case is about."""

    def __init__(self, site: Site) -> None:
        granted: dict[str, Any] = site.sim.credentials()
        keys = granted["api_creds"]
        credentials = ApiCredentials(keys["apiKey"], keys["secret"], keys["passphrase"])
        super().__init__(site, granted["wallet_key"], credentials)
        self.told: Any = None
        self.truth = NOTHING
        self.wires: list[Wire] = []

    async def join(self, cash_micros: int = 1_000_000_000) -> Trader:
        """Another account of the same venue, with its own client."""
        credentials = await obtain_credentials(
            http=self.site.door,
            clock=self.clock,
            signer=OrderSigner(OTHER_KEY, 137, 0),
            base_url=self.site.urls.clob,
            options=self.site.options,
        )
        other = Trader(self.site, OTHER_KEY, credentials)
        self.sim.wallets.fund(other.wallet, cash_micros, {})
        return other

    def place(self, side: Any, price_e4: int, shares: int, pair: int = PLAIN) -> None:
        """Other people's order."""
        self.sim.place(self.condition(pair), side, price_e4, shares * SHARE)

    def add_fault(self, on: str, kind: str, **more: Any) -> None:
        self.sim.faults.add([{"on": on, "kind": kind, "count": 1, **more}])

    async def admin(self, act: str, **body: Any) -> None:
        """Tell the simulator what it shall do."""
        url = f"{self.site.urls.clob}/_sim/polymarket/{act}"
        text = json.dumps(body).encode()
        told = await self.site.door.request("POST", url, headers={}, body=text, timeout_ms=5_000)
        assert told[0] == 200, told

    async def answer(self, name: str, **more: Any) -> None:
        """Script an answer of the simulator."""
        await self.admin("answers", name=name, **more)

    async def send(
        self, pair: int = PLAIN, *, tamper: "Tamper | None" = None, **changes: Any
    ) -> PreparedOrder:
        """Send one order, with its bytes changed behind the client's back; the act of a case."""
        prepared = await self.prepare(pair, **changes)
        if tamper is not None:
            prepared = tamper(self, prepared)
        await self.post(prepared)
        return prepared

    async def post(self, prepared: PreparedOrder) -> None:
        """Send these bytes; the act of a case."""
        self.sent.append(prepared)
        self.expected_cash = (self.shown_micros(), 0)
        await self.ask(self.orders.send(prepared))

    async def ask(self, act: Awaitable[Any]) -> Any:
        """Do what a case is about; keep what was told, and what changed at the venue."""
        orders = list(self.sim.engine.orders)
        live = self._live()
        trades = len(self.sim.trades.by_id)
        self.site.door.wires.clear()
        answer: Any = None
        try:
            answer = await act
            self.told = told_of(answer)
        except VenueError as error:
            self.told = (type(error), error.code)
        self.wires = list(self.site.door.wires)
        self.truth = Truth(
            statuses=tuple(
                record.status
                for order_id, record in self.sim.engine.orders.items()
                if order_id not in orders
            ),
            trades=len(self.sim.trades.by_id) - trades,
            gone=len(live - self._live()),
        )
        return answer

    @property
    def state(self) -> TradingState:
        return self.orders.gate.state(self.clock.monotonic_ns())

    def shown_micros(self) -> int:
        """The balance that the venue shows for the kind of wallet that we trade as."""
        address = self.signer.address
        shown = self.sim.accounts.wallets_of(address, int(self.signer.signature_type))[0]
        return self.sim.wallets.open(shown, address).cash_micros

    def _live(self) -> set[str]:
        owner = self.signer.address.lower()
        return {record.order_id for record in self.sim.engine.open_orders(owner)}


Tamper = Callable[[World, PreparedOrder], PreparedOrder]


def ref(prepared: PreparedOrder) -> OrderRef:
    return OrderRef(
        spec=prepared.spec,
        order_key=prepared.order_key,
        sent_wall_ms=prepared.prepared_wall_ms,
    )


def told_of(answer: Any) -> Any:
    """The client's judgement in short: status, code, and whether to wait where it says so."""
    if isinstance(answer, LegAnswer):
        return answer.status, answer.code, answer.is_unavailable
    if isinstance(answer, CancelAnswer):
        return answer.status, answer.code
    if isinstance(answer, tuple):
        return tuple(told_of(item) for item in answer)
    return "done"


@asynccontextmanager
async def world_of(
    sim_options: Mapping[str, Any] | None = None,
    client_options: Mapping[str, Any] | None = None,
    network: Network | None = None,
) -> AsyncIterator[World]:
    """A simulator without a crowd, and a client; in the virtual world unless told otherwise."""
    clock = OffsetClock()
    sim = PolymarketSim(
        world=FlowWorld(7, 6),
        clock=VirtualClock(),
        rng=Random("polymarket:7"),
        faults=Faults(rng=Random("faults:7")),
        sleep=asyncio.sleep,
        options={"flow": False, **(sim_options or {})},
    )
    links = network or VirtualNetwork(Random("network:7"))
    urls = await sim.start(links.create_server, "127.0.0.1", 0)
    addresses = PolymarketUrls(
        clob=urls["clob"],
        gamma=urls["gamma"],
        market_ws=urls["ws_market"],
        user_ws=urls["ws_user"],
    )
    options = PolymarketOptions(**(client_options or {}))
    try:
        async with make_session(links) as session:
            yield World(Site(sim, Door(session), addresses, options, clock))
    finally:
        await sim.stop()


Act = Callable[[World], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: its stimulus, the answer on the wire, the client's judgement, and the truth.

    `text` stands in the wire's body. `state` is what the client takes the venue's state for.
    `found` is what a look-up of an order of unknown fate tells.
    """

    name: str
    act: Act
    status: int
    text: str
    told: Any
    truth: Truth = NOTHING
    state: TradingState = TradingState.OPEN
    found: AnswerStatus | None = None
    sim: Mapping[str, Any] = field(default_factory=dict)
