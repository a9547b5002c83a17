"""A whole Polymarket client of one account of the simulator, and what came over its wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from msgspec.structs import replace
from multidict import CIMultiDictProxy

from tests.support.virtual import SeededEntropy, VirtualClock
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.market import Market, Outcome, Side, TimeInForce
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.sim.polymarket.ledger import Wallet
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.venues.polymarket.account import PolymarketAccount
from twoleg.venues.polymarket.auth import ApiCredentials, RequestSigner
from twoleg.venues.polymarket.catalogue import PolymarketCatalogue
from twoleg.venues.polymarket.contracts import Exchange, exchange_for
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.orders import PolymarketOrders
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.sign import OrderFields, OrderSigner
from twoleg.venues.ports import PreparedOrder
from twoleg.venues.ratelimit import TokenBucket
from twoleg.venues.transport import HttpExchange

# In the seeded world: pair 0 is neg-risk, 1 crypto, 2 has tick 0.001, 3 sports, 4 free of fees.
NEG, CRYPTO, FINE, SPORTS, FREE, PLAIN = range(6)
OTHER_KEY = "0x" + "42" * 32
SHARE = 1_000_000
GTC: dict[str, Any] = {"tif": TimeInForce.GTC, "spend_micros": 0}


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
    network: Any


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

    def forge(
        self, prepared: PreparedOrder, maker: int, taker: int, exchange: Exchange | None = None
    ) -> PreparedOrder:
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
        if exchange is None:
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


def ref(prepared: PreparedOrder) -> OrderRef:
    return OrderRef(
        spec=prepared.spec,
        order_key=prepared.order_key,
        sent_wall_ms=prepared.prepared_wall_ms,
    )
