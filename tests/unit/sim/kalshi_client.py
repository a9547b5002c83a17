"""A Kalshi client and a clock of its own for the simulator's tests; it knows nothing of the daemon."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import aiohttp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from twoleg.sim.faults import Faults
from twoleg.sim.kalshi.auth import PrivateKey
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.world import FlowWorld

START_NS = 1_790_000_000_000_000_000
ORDERS = "/portfolio/events/orders"


class ManualClock:
    """Time that stands still until `advance`; sleepers wake when their time has come."""

    def __init__(self) -> None:
        self._now_ns = START_NS
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def now_ns(self) -> int:
        return self._now_ns

    def monotonic_ns(self) -> int:
        return self._now_ns

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now_ns + round(seconds * 1e9), future))
        await future

    def advance(self, seconds: float) -> None:
        self._now_ns += round(seconds * 1e9)
        for at_ns, future in self._sleepers:
            if at_ns <= self._now_ns and not future.done():
                future.set_result(None)
        self._sleepers = [entry for entry in self._sleepers if not entry[1].done()]


class Answer:
    """Status and JSON body of an answer."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        self.status = status
        self.text = text
        self.headers = headers
        is_json = "json" in headers.get("Content-Type", "")
        self.json: Any = json.loads(text) if text and is_json else None

    @property
    def code(self) -> str:
        error = self.json.get("error")
        return str(error["code"] if isinstance(error, dict) else self.json.get("code", error))


class Socket:
    """A WebSocket client that reads frame by frame."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self._number = 0

    async def read(self) -> Any:
        text = await asyncio.wait_for(self.ws.receive_str(), 2)
        assert text.endswith("\n")
        return json.loads(text)

    async def read_until(self, kind: str) -> Any:
        while True:
            frame = await self.read()
            if frame["type"] == kind:
                return frame

    async def send(self, cmd: str, **params: Any) -> int:
        self._number += 1
        command = {"id": self._number, "cmd": cmd, **({"params": params} if params else {})}
        await self.ws.send_json(command)
        return self._number

    async def subscribe(self, *channels: str, **params: Any) -> list[dict]:
        await self.send("subscribe", channels=list(channels), **params)
        return [await self.read() for _ in channels]


class Harness:
    """A running simulator and a signed client of one account."""

    def __init__(
        self, sim: KalshiSim, clock: ManualClock, session: aiohttp.ClientSession, urls: dict
    ) -> None:
        self.sim = sim
        self.clock = clock
        self.session = session
        self.urls = urls
        self.root = urls["rest"].removesuffix("/trade-api/v2")
        self.account = "default"
        self.tickers = list(sim.markets)
        # A market of shard 0 with whole cents and multiplier 1, and one of shard 2.
        self.ticker = next(t for t in self.tickers if t.startswith("KXFEDDECISION"))
        self.crypto = next(t for t in self.tickers if t.startswith("KXBTCMAX"))

    def headers(self, method: str, path: str, *, account: str | None = None) -> dict[str, str]:
        name = account or self.account
        timestamp = str(self.clock.now_ns() // 1_000_000)
        signature = sign(self.sim.private_keys[name], f"{timestamp}{method}{path}")
        return {
            "KALSHI-ACCESS-KEY": self.sim.api_key_id(name),
            "KALSHI-ACCESS-TIMESTAMP": timestamp,
            "KALSHI-ACCESS-SIGNATURE": signature,
        }

    async def call(self, method: str, path: str, **kwargs: Any) -> Answer:
        full = "/trade-api/v2" + path
        account = kwargs.pop("account", None)
        headers = kwargs.pop("headers", None) or self.headers(method, full, account=account)
        async with self.session.request(
            method, self.root + full, headers=headers, **kwargs
        ) as response:
            return Answer(response.status, await response.text(), response.headers)

    async def get(self, path: str, **params: Any) -> Answer:
        return await self.call("GET", path, params=params)

    async def admin(self, method: str, path: str, **body: Any) -> Any:
        async with self.session.request(method, f"{self.root}/_sim/{path}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def rest(self, side: str, price_e4: int, contracts: int, ticker: str = "") -> str:
        """Rest an order of other people."""
        body = {"side": side, "price_e4": price_e4, "size_e6": contracts * 1_000_000}
        answer = await self.admin("POST", "orders", market=ticker or self.ticker, **body)
        return str(answer["order_id"])

    def order(
        self, side: str = "bid", price: str = "0.5000", count: str = "10.00", **more: Any
    ) -> dict:
        body = {
            "ticker": self.ticker,
            "side": side,
            "price": price,
            "count": count,
            "time_in_force": "immediate_or_cancel",
            "self_trade_prevention_type": "taker_at_cross",
            **more,
        }
        return {name: value for name, value in body.items() if value is not None}

    async def create(self, *args: str, account: Any = None, **more: Any) -> Answer:
        return await self.call("POST", ORDERS, json=self.order(*args, **more), account=account)

    async def place(self, *args: str, **more: Any) -> str:
        """Rest an order of a member; return its id."""
        answer = await self.create(*args, **{"time_in_force": "good_till_canceled", **more})
        assert answer.status == 201, answer.text
        return str(answer.json["order_id"])

    async def amend(self, order_id: str, **changes: Any) -> Answer:
        """Amend an order; what is not named stays as `order` has it."""
        params = {"subaccount": changes.pop("subaccount")} if "subaccount" in changes else None
        names = ("ticker", "side", "price", "count")
        body = {name: value for name, value in self.order().items() if name in names}
        body = {n: v for n, v in {**body, **changes}.items() if v is not None}
        return await self.call("POST", f"{ORDERS}/{order_id}/amend", json=body, params=params)

    async def decrease(self, order_id: str, params: Any = None, **body: Any) -> Answer:
        return await self.call("POST", f"{ORDERS}/{order_id}/decrease", json=body, params=params)

    async def read(self, order_id: str) -> dict:
        """Return an order as GET reads it."""
        return dict((await self.get(f"/portfolio/orders/{order_id}")).json["order"])

    @asynccontextmanager
    async def socket(self, account: str | None = None) -> AsyncIterator[Socket]:
        headers = self.headers("GET", "/trade-api/ws/v2", account=account)
        async with self.session.ws_connect(self.urls["ws"], headers=headers) as ws:
            yield Socket(ws)


def sign(key: PrivateKey, text: str) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
        raw = key.sign(text.encode(), pss, hashes.SHA256())
    else:
        raw = key.sign(text.encode())
    return base64.b64encode(raw).decode()


def pem(key: PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


ED25519_PEM = pem(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER_PEM = pem(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))


@asynccontextmanager
async def running(
    *, faults: list[dict] | None = None, pairs: int = 10, **options: Any
) -> AsyncIterator[Harness]:
    """Serve a quiet Kalshi on a free port: no crowd, no lag, no rate limits unless asked for."""
    clock = ManualClock()
    sim = KalshiSim(
        world=FlowWorld(7, pairs),
        clock=clock,
        rng=Random(1),
        faults=Faults(faults or [], rng=Random(2)),
        sleep=clock.sleep,
        options={
            "flow": False,
            "rate_limits": False,
            "read_lag_ms": (0, 0),
            "private_keys": {"default": ED25519_PEM, "other": OTHER_PEM},
            "accounts": {
                "default": {"0": 1_000_000_000, "3": 5_000_000},
                "other": {"0": 1_000_000_000, "2": 1_000_000_000},
            },
            **options,
        },
    )
    urls = await sim.start(asyncio.get_running_loop().create_server, "127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            yield Harness(sim, clock, session, urls)
    finally:
        await sim.stop()
