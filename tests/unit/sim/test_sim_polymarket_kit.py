"""A small Polymarket client, a virtual clock and a running simulator, for the tests beside it."""

import asyncio
import base64
import contextlib
import hashlib
import heapq
import hmac
import itertools
import json
from collections.abc import AsyncGenerator, Mapping
from random import Random
from typing import Any

import aiohttp
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils.crypto import keccak
from websockets.asyncio.client import ClientConnection, connect

from twoleg.sim.faults import Faults
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.sim.world import FlowWorld

START_NS = 1_790_000_000_000_000_000
STANDARD = "0xE111180000d2663C0091e4f400237545B87B996B"
POSITIONS = "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"
NEG_RISK = "0xe2222d279d744050d28e00520010520000310F59"
# In the seeded world: pair 2 has tick 0.001, pair 0 is neg-risk, 1 crypto, 3 sports, 4 free of fees.
NEG, CRYPTO, FINE, SPORTS, FREE, PLAIN = range(6)
ORDER_FIELDS = [
    ("salt", "uint256"), ("maker", "address"), ("signer", "address"), ("tokenId", "uint256"),
    ("makerAmount", "uint256"), ("takerAmount", "uint256"), ("side", "uint8"),
    ("signatureType", "uint8"), ("timestamp", "uint256"), ("metadata", "bytes32"),
    ("builder", "bytes32"),
]  # fmt: skip
DOMAIN_FIELDS = [
    ("name", "string"), ("version", "string"), ("chainId", "uint256"),
    ("verifyingContract", "address"),
]  # fmt: skip


class VirtualClock:
    """Time that moves only when a test says so."""

    def __init__(self) -> None:
        self._ns = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._slept = asyncio.Event()

    def now_ns(self) -> int:
        return START_NS + self._ns

    def monotonic_ns(self) -> int:
        return self._ns

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        due_ns = self._ns + round(seconds * 1e9)
        heapq.heappush(self._sleepers, (due_ns, next(self._numbers), future))
        self._slept.set()
        await future

    async def advance(self, ms: int) -> None:
        end_ns = self._ns + ms * 1_000_000
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end_ns:
            self._ns, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
            await _settle()
        self._ns = end_ns

    async def wait_for_sleeper(self, seconds: float) -> None:
        """Wait until someone sleeps for just this long."""
        while not any(due - self._ns == round(seconds * 1e9) for due, _, _ in self._sleepers):
            self._slept.clear()
            await self._slept.wait()


async def _settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


def typed(fields: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in fields]


def order_message(
    struct: Mapping[str, Any], contract: str, *, chain_id: int = 137, version: str = "2"
) -> SignableMessage:
    return encode_typed_data(
        full_message={
            "types": {"EIP712Domain": typed(DOMAIN_FIELDS), "Order": typed(ORDER_FIELDS)},
            "domain": exchange_domain(contract, chain_id, version),
            "primaryType": "Order",
            "message": dict(struct),
        }
    )


def exchange_domain(contract: str, chain_id: int = 137, version: str = "2") -> dict[str, Any]:
    return {
        "name": "Polymarket CTF Exchange",
        "version": version,
        "chainId": chain_id,
        "verifyingContract": contract,
    }


def digest(message: SignableMessage) -> str:
    return "0x" + keccak(b"\x19" + message.version + message.header + message.body).hex()


def wrapped_signature(
    struct: Mapping[str, Any], contract: str, key: str, version: str = "2"
) -> str:
    """Sign for a deposit wallet: ERC-7739 around the order's own hash."""
    inner = order_message(struct, contract, version=version)
    wallet_fields = [
        ("contents", "Order"), *DOMAIN_FIELDS, ("salt", "bytes32"),
    ]  # fmt: skip
    outer = encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": typed(DOMAIN_FIELDS),
                "Order": typed(ORDER_FIELDS),
                "TypedDataSign": typed(wallet_fields),
            },
            "domain": exchange_domain(contract, version=version),
            "primaryType": "TypedDataSign",
            "message": {
                "contents": dict(struct),
                "name": "DepositWallet",
                "version": "1",
                "chainId": 137,
                "verifyingContract": struct["signer"],
                "salt": bytes(32),
            },
        }
    )
    names = ",".join(f"{kind} {name}" for name, kind in ORDER_FIELDS)
    tail = inner.header + inner.body + f"Order({names})".encode() + b"\x00\xba"
    return "0x" + (bytes(Account.sign_message(outer, key).signature) + tail).hex()


def login_headers(key: str, timestamp: int, nonce: int = 0, chain_id: int = 137) -> dict[str, str]:
    address = Account.from_key(key).address
    message = encode_typed_data(
        {"name": "ClobAuthDomain", "version": "1", "chainId": chain_id},
        {
            "ClobAuth": typed(
                [
                    ("address", "address"),
                    ("timestamp", "string"),
                    ("nonce", "uint256"),
                    ("message", "string"),
                ]
            )
        },
        {
            "address": address,
            "timestamp": str(timestamp),
            "nonce": nonce,
            "message": "This message attests that I control the given wallet",
        },
    )
    return {
        "POLY_ADDRESS": address,
        "POLY_SIGNATURE": "0x" + bytes(Account.sign_message(message, key).signature).hex(),
        "POLY_TIMESTAMP": str(timestamp),
        "POLY_NONCE": str(nonce),
    }


class Client:
    """One account against one simulator."""

    def __init__(
        self, http: aiohttp.ClientSession, kit: "Kit", wallet_key: str, creds: dict[str, str]
    ) -> None:
        self.http = http
        self.kit = kit
        self.wallet_key = wallet_key
        self.address = Account.from_key(wallet_key).address
        self.creds = creds
        self._salts = itertools.count(1)

    def headers(self, method: str, path: str, text: str) -> dict[str, str]:
        timestamp = str(self.kit.clock.now_ns() // 1_000_000_000)
        key = base64.urlsafe_b64decode(self.creds["secret"])
        message = f"{timestamp}{method}{path}{text}".encode()
        signature = base64.urlsafe_b64encode(hmac.new(key, message, hashlib.sha256).digest())
        return {
            "POLY_ADDRESS": self.address,
            "POLY_SIGNATURE": signature.decode(),
            "POLY_TIMESTAMP": timestamp,
            "POLY_API_KEY": self.creds["apiKey"],
            "POLY_PASSPHRASE": self.creds["passphrase"],
        }

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        params: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        text = "" if body is None else json.dumps(body, separators=(",", ":"))
        url = self.kit.urls["clob"] + path
        headers = self.headers(method, path, text)
        async with self.http.request(
            method, url, data=text or None, headers=headers, params=params
        ) as response:
            return response.status, await response.json()

    def body(
        self,
        token: str,
        side: str,
        *,
        cash: int,
        shares: int,
        kind: str = "GTC",
        neg_risk: bool = False,
        signature_type: int = 0,
        maker: str | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        maker = maker or self.address
        struct: dict[str, Any] = {
            "salt": next(self._salts),
            "maker": maker,
            "signer": maker if signature_type == 3 else self.address,
            "tokenId": int(token),
            "makerAmount": cash if side == "BUY" else shares,
            "takerAmount": shares if side == "BUY" else cash,
            "side": 0 if side == "BUY" else 1,
            "signatureType": signature_type,
            "timestamp": 1_790_000_000_000,
            "metadata": bytes(32),
            "builder": more.pop("builder", bytes(32)),
        }
        contract, version = NEG_RISK if neg_risk else STANDARD, "2"
        if more.pop("third", False):
            contract, version = POSITIONS, "3"
        if signature_type == 3:
            signature = wrapped_signature(struct, contract, self.wallet_key, version)
        else:
            message = order_message(struct, contract, version=version)
            signed = Account.sign_message(message, self.wallet_key)
            signature = "0x" + bytes(signed.signature).hex()
        order = {
            **struct,
            "tokenId": token,
            "makerAmount": str(struct["makerAmount"]),
            "takerAmount": str(struct["takerAmount"]),
            "timestamp": str(struct["timestamp"]),
            "side": side,
            "expiration": str(more.pop("expiration", 0)),
            "metadata": "0x" + "0" * 64,
            "builder": "0x" + struct["builder"].hex(),
            "signature": signature,
        }
        return {
            "order": order,
            "owner": self.creds["apiKey"],
            "orderType": kind,
            "deferExec": more.pop("deferred", False),
            "postOnly": more.pop("post_only", False),
        }

    async def post(self, token: str, side: str, **terms: Any) -> tuple[int, Any]:
        return await self.call("POST", "/order", self.body(token, side, **terms))

    async def user_channel(self, stack: contextlib.AsyncExitStack) -> ClientConnection:
        ws = await stack.enter_async_context(connect(self.kit.urls["ws_user"]))
        await ws.send(json.dumps({"type": "user", "auth": self.creds, "markets": []}))
        await ws.send("PING")
        assert await ws.recv() == "PONG"
        return ws


class Kit:
    """A running simulator without a crowd of its own, and the default account's client."""

    def __init__(self, sim: PolymarketSim, clock: VirtualClock, urls: dict[str, str]) -> None:
        self.sim = sim
        self.clock = clock
        self.urls = urls
        self.client: Client

    def market(self, pair: int) -> str:
        return self.sim.world.pairs[pair].polymarket.condition_id

    def token(self, pair: int, index: int = 0) -> str:
        return self.sim.world.pairs[pair].polymarket.token_ids[index]

    def rest(self, pair: int, side: str, price_e4: int, shares: int) -> str:
        assert side in ("bid", "ask")
        return self.sim.place(self.market(pair), side, price_e4, shares * 1_000_000)  # type: ignore[arg-type]

    def wallet(self, address: str) -> dict[str, Any]:
        report: dict[str, Any] = self.sim.ledger()
        return next(v for k, v in report.items() if k.lower() == address.lower())

    async def admin(self, path: str, body: object) -> tuple[int, Any]:
        async with self.client.http.post(self.urls["clob"] + path, json=body) as response:
            return response.status, await response.json()

    async def get(self, name: str, path: str, **params: str) -> tuple[int, Any]:
        async with self.client.http.get(self.urls[name] + path, params=params) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        async with self.client.http.post(self.urls["clob"] + path, json=body) as response:
            return response.status, await response.json()

    async def set_status(self, pair: int, status: str) -> None:
        body = {"market": self.market(pair), "status": status}
        assert (await self.admin("/_sim/market", body))[0] == 200


@contextlib.asynccontextmanager
async def running(
    rules: list[dict[str, object]] | None = None, **options: Any
) -> AsyncGenerator[Kit, None]:
    clock = VirtualClock()
    sim = PolymarketSim(
        world=FlowWorld(7, 6),
        clock=clock,
        rng=Random(7),
        faults=Faults(rules or (), rng=Random(8)),
        sleep=clock.sleep,
        options={"flow": False, **options},
    )
    urls = await sim.start(asyncio.get_running_loop().create_server, "127.0.0.1", 0)
    kit = Kit(sim, clock, urls)
    credentials: dict[str, Any] = sim.credentials()
    try:
        async with aiohttp.ClientSession() as http:
            kit.client = Client(http, kit, credentials["wallet_key"], credentials["api_creds"])
            yield kit
    finally:
        await sim.stop()


async def receive(ws: ClientConnection, wanted: str, field: str = "event_type") -> dict[str, Any]:
    """Read frames until an object whose field has this value."""
    while True:
        frame = json.loads(await ws.recv())
        for event in frame if isinstance(frame, list) else [frame]:
            if event.get(field) == wanted:
                return dict(event)


async def subscribe(
    kit: Kit, stack: contextlib.AsyncExitStack, *tokens: str, **more: Any
) -> ClientConnection:
    ws = await stack.enter_async_context(connect(kit.urls["ws_market"]))
    await ws.send(json.dumps({"type": "market", "assets_ids": list(tokens), **more}))
    return ws


async def until_pong(ws: ClientConnection) -> list[Any]:
    """Return every frame that comes before the answer to a PING sent now."""
    await ws.send("PING")
    frames: list[Any] = []
    while (frame := await ws.recv()) != "PONG":
        frames.append(json.loads(frame))
    return frames
