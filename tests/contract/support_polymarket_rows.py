"""The real Polymarket client at the simulator's door, in a world where time jumps: what came over
the wire, what the client made of it, and what truly happened at the venue."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.contract.support_polymarket_client import (
    OTHER_KEY,
    PLAIN,
    SHARE,
    Door,
    OffsetClock,
    Site,
    Trader,
    Wire,
)
from tests.support.virtual import VirtualClock, VirtualNetwork
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.errors import VenueError
from twoleg.seams import Network
from twoleg.sim.faults import Faults
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.sim.world import FlowWorld
from twoleg.venues.polymarket.auth import ApiCredentials
from twoleg.venues.polymarket.gate import TradingState
from twoleg.venues.polymarket.keys import obtain_credentials
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.sign import OrderSigner
from twoleg.venues.ports import CancelAnswer, PreparedOrder
from twoleg.venues.transport import make_session


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
            yield World(Site(sim, Door(session), addresses, options, clock, links))
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
