"""The real Kalshi client at the simulator's door: what went over the wire, what the client made of
it, and what truly happened at the venue."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDictProxy

from tests.unit.sim.kalshi_client import Harness
from tests.unit.sim.kalshi_client import running as simulator
from tests.unit.venues.kalshi.support import FakeEntropy, LoopNetwork, RealClock
from twoleg.core.events import LegAnswer
from twoleg.core.market import Market, Outcome, Side, TimeInForce
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.errors import VenueError
from twoleg.venues.kalshi.amend import ChangeAnswer
from twoleg.venues.kalshi.catalogue import KalshiCatalogue
from twoleg.venues.kalshi.groups import KalshiGroups
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.meanings import Operation, Row, find
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.kalshi.sign import KalshiSigner
from twoleg.venues.kalshi.transfers import KalshiTransfers, TransferAnswer
from twoleg.venues.ports import CancelAnswer, PreparedOrder
from twoleg.venues.transport import HttpExchange, make_session

LOT = 10_000_000
# One more key of the default account that may only read, one that may only write.
KEYS = {
    "reader": {"scopes": ["read"]},
    "writer": {"scopes": ["write"]},
    "locked": {"subaccount": 1},
}
# The client believes in larger buckets than it has: its own must never be the reason.
CLIENT = {
    "look_up_ms_max": 1_500,
    "reread_ms_min": 1,
    "reread_ms_max": 5,
    "takes_unlisted_for_killed": True,
    # The simulator's clock stands still, so its reads are never fresher than its answers.
    "kill_margin_ms": 0,
    "transfer_wait_ms_max": 200,
    "write_capacity": 100_000,
    "read_capacity": 100_000,
}


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is different at the venue: nothing, where nothing is said."""

    orders: int = 0
    fills: int = 0
    rested: int = 0
    gone: int = 0
    changed: int = 0
    groups: int = 0
    moved_micros: int = 0
    is_allocated: bool = False


NOTHING = Truth()
FILLED = Truth(orders=1, fills=1)


@dataclass(frozen=True)
class Wire:
    """One answer as it came."""

    method: str
    path: str
    status: int
    body: bytes

    @property
    def code(self) -> str:
        """The venue's code; for bodies without one, the name of their shape."""
        try:
            parsed = json.loads(self.body) if self.body else {}
        except ValueError:
            return "html" if self.body.startswith(b"<") else "text"
        error = parsed.get("error", parsed)
        if isinstance(error, str):
            return f"error={error}"
        return "msg" if "msg" in error else str(error.get("code", ""))

    @property
    def items(self) -> list[str]:
        """The codes of a batch's items, "" for those that went well."""
        return [row.get("error", {}).get("code", "") for row in json.loads(self.body)["orders"]]


class Door(HttpExchange):
    """The client's transport, which remembers what it was answered and can lose a header."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__(session, venue="kalshi")
        self.wires: list[Wire] = []
        self.loses_content_type = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_ms: int,
    ) -> tuple[int, CIMultiDictProxy[str], bytes]:
        if self.loses_content_type:
            headers = {name: text for name, text in headers.items() if name != "Content-Type"}
        status, told, answer = await super().request(
            method, url, headers=headers, body=body, timeout_ms=timeout_ms
        )
        self.wires.append(Wire(method, urlsplit(url).path, status, answer))
        return status, told, answer


class SimWall(RealClock):
    """The simulator's wall clock, wrong by `offset_s`; our own passage of time."""

    def __init__(self, sim: Harness) -> None:
        self._sim = sim
        self.offset_s = 0

    def wall_ns(self) -> int:
        return self._sim.clock.now_ns() + self.offset_s * 1_000_000_000


class World:
    """One client of one simulated account. `ask` is the act that a case is about."""

    def __init__(self, sim: Harness, door: Door, changes: Mapping[str, Any]) -> None:
        self.sim = sim
        self.door = door
        self.clock = SimWall(sim)
        self.options = KalshiOptions(**{**CLIENT, **changes})
        self.http = KalshiHttp(
            exchange=door, base_url=sim.urls["rest"], clock=self.clock, options=self.options
        )
        self.use_key("default")
        http, options = self.http, self.options
        self.entropy = entropy = FakeEntropy()
        self.orders = KalshiOrders(http=http, clock=self.clock, entropy=entropy, options=options)
        self.groups = KalshiGroups(http=http, options=options)
        self.transfers = KalshiTransfers(
            http=http, clock=self.clock, entropy=entropy, options=options
        )
        self.catalogue = KalshiCatalogue(http=self.http, clock=self.clock)
        self.told: Any = None
        self.truth = NOTHING
        self.wires: list[Wire] = []

    def use_key(self, name: str, *, key_of: str = "") -> None:
        """Sign as this key, or under its id with another's private key."""
        private = self.sim.sim.private_keys[key_of or name]
        self.http._signer = KalshiSigner(key_id=self.sim.sim.api_key_id(name), key=private)

    def use_unknown_key(self) -> None:
        private = self.sim.sim.private_keys["default"]
        self.http._signer = KalshiSigner(key_id="11111111-2222-4333-8444-555555555555", key=private)

    def add_fault(self, kind: str, **more: Any) -> None:
        rule = {"on": "* /trade-api/v2", "kind": kind, "count": 1, **more}
        self.sim.sim.faults.add([rule])

    def close(self) -> None:
        """Stand at the market's close: the venue's own sweep has not come yet."""
        close_ts_s = self.sim.sim.markets[self.sim.ticker].pair.close_ts_s
        self.sim.clock._now_ns = close_ts_s * 1_000_000_000

    async def spec(self, **changes: Any) -> OrderSpec:
        market: Market = await self.catalogue.read_market(changes.pop("ticker", self.sim.ticker))
        values: dict[str, Any] = {
            "execution_no": 1,
            "order_no": 1,
            "purpose": Purpose.ARB,
            "market": market,
            "outcome": Outcome.YES,
            "side": Side.BUY,
            "size_e6": LOT,
            "limit_e4": 5_200,
            "tif": TimeInForce.FOK,
        }
        return OrderSpec(**(values | changes))

    async def prepare(self, **changes: Any) -> PreparedOrder:
        return self.orders.prepare(await self.spec(**changes))

    async def rest(self, **changes: Any) -> OrderRef:
        """Rest an order of ours; return how we know it."""
        values = {"tif": TimeInForce.GTC, "limit_e4": 4_000, **changes}
        prepared = await self.prepare(**values)
        answer = await self.orders.send(prepared)
        assert answer.venue_order_id, answer
        return self.ref(prepared, answer.venue_order_id)

    def ref(self, prepared: PreparedOrder, venue_order_id: str = "") -> OrderRef:
        return OrderRef(
            spec=prepared.spec,
            order_key=prepared.order_key,
            sent_wall_ms=prepared.prepared_wall_ms,
            venue_order_id=venue_order_id,
        )

    async def ask(self, act: Awaitable[Any]) -> Any:
        """Do what the case is about; keep what was told, and what changed at the venue."""
        before = self._state()
        self.door.wires.clear()
        answer: Any = None
        try:
            answer = await act
            self.told = told_of(answer)
        except VenueError as error:
            self.told = (type(error), error.code)
        self.wires = list(self.door.wires)
        self.truth = _differ(before, self._state())
        return answer

    def _state(self) -> dict[str, Any]:
        sim = self.sim.sim
        accounts = sim.accounts["default"].everything()
        return {
            "orders": set(sim.reads._of("default").orders),
            "fills": sum(account.fills for account in accounts),
            "resting": {
                order.order_id: (order.request, order.remaining_e6)
                for order in sim.desk.blotter.resting_by("default")
            },
            "groups": {
                (group.group_id, group.limit_e6, group.is_triggered)
                for group in sim.desk.groups.of("default")
            },
            "cash": accounts[0].cash_micros[0],
            "allocation": sim.transfers.allocation(accounts[0]),
        }


def _differ(before: dict[str, Any], after: dict[str, Any]) -> Truth:
    old, new = before["resting"], after["resting"]
    fills = after["fills"] - before["fills"]
    return Truth(
        orders=len(after["orders"] - before["orders"]),
        fills=fills,
        rested=len(new.keys() - old.keys()),
        gone=len(old.keys() - new.keys()),
        changed=sum(old[key] != new[key] for key in old.keys() & new.keys()),
        groups=len(after["groups"] ^ before["groups"]),
        moved_micros=0 if fills else before["cash"] - after["cash"],
        is_allocated=before["allocation"] != after["allocation"],
    )


def told_of(answer: Any) -> Any:
    """The client's judgement in short: status, code, and whether to wait where it says so."""
    if isinstance(answer, (LegAnswer, ChangeAnswer)):
        return answer.status, answer.code, answer.is_unavailable
    if isinstance(answer, (CancelAnswer, TransferAnswer)):
        return answer.status, answer.code
    if isinstance(answer, tuple):
        return tuple(told_of(item) for item in answer)
    return "done"


Act = Callable[[World], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: its stimulus, the answer on the wire, the client's judgement, and the truth.

    An answer without a code is named by its shape. `item` is the code of a batch's first item,
    `detail` stands in the venue's words, `stimulus` names a row of the venue's list of stimuli.
    """

    name: str
    operation: Operation
    act: Act
    status: int
    code: str = ""
    item: str = ""
    detail: str = ""
    told: Any
    truth: Truth = NOTHING
    stimulus: str = ""
    sim: Mapping[str, Any] = field(default_factory=dict)
    client: Mapping[str, Any] = field(default_factory=dict)

    @property
    def row(self) -> Row | None:
        """The row of the client's table that this answer falls under."""
        if self.item:
            return find(self.operation, None, self.item, self.detail).row
        return find(self.operation, self.status, self.venue_code, self.detail).row

    @property
    def venue_code(self) -> str:
        """The code alone, "" for an answer without one."""
        is_shape = self.code in {"html", "text", "msg"} or self.code.startswith("error=")
        return "" if is_shape else self.code


@asynccontextmanager
async def open_world(
    sim: Mapping[str, Any], client: Mapping[str, Any] | None = None
) -> AsyncIterator[World]:
    options = {"keys": KEYS, "transfer_ms": 0, **sim}
    async with simulator(**options) as harness, make_session(LoopNetwork()) as session:
        yield World(harness, Door(session), client or {})
