"""The Polymarket client against the Polymarket simulator, over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from tests.unit.venues.polymarket.support import LoopNetwork, RealClock
from twoleg.core.events import AnswerStatus, BookSnapshot, BooksVoid, Event, Fill, LevelsSet
from twoleg.core.market import Market, Outcome, Side, TimeInForce
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.runtime.system import SystemEntropy
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.sim.run import make_venue
from twoleg.venues.polymarket.account import PolymarketAccount
from twoleg.venues.polymarket.auth import ApiCredentials, RequestSigner
from twoleg.venues.polymarket.catalogue import PolymarketCatalogue
from twoleg.venues.polymarket.feed import PolymarketFeed
from twoleg.venues.polymarket.keys import obtain_credentials
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.orders import PolymarketOrders
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.sign import OrderSigner
from twoleg.venues.ports import CancelStatus, PreparedOrder
from twoleg.venues.ratelimit import TokenBucket
from twoleg.venues.transport import HttpExchange, make_session

OPTIONS = PolymarketOptions(
    order_timeout_ms=1_500,
    look_up_ms_max=2_500,
    absent_after_ms=100,
    flight_ms_max=100,
    look_up_poll_ms=20,
    resync_gap_ms=1,
)
# In the seeded world pair 0 is neg-risk, pair 2 has tick 0.001, pair 4 is free of fees.
NEG, FINE, PLAIN = 0, 2, 5


class Rig:
    """A running simulator without a crowd, and a whole client of its default account."""

    def __init__(self, sim: PolymarketSim, http: HttpExchange, urls: dict[str, str]) -> None:
        self.sim = sim
        self.http = http
        granted: dict[str, Any] = sim.credentials()
        keys = granted["api_creds"]
        self.credentials = ApiCredentials(keys["apiKey"], keys["secret"], keys["passphrase"])
        self.wallet_key: str = granted["wallet_key"]
        self.deposit_wallet: str = granted["deposit_wallet"]
        self.urls = PolymarketUrls(
            clob=urls["clob"],
            gamma=urls["gamma"],
            market_ws=urls["ws_market"],
            user_ws=urls["ws_user"],
        )
        self.clock = RealClock()
        self.catalogue = PolymarketCatalogue(http=http, urls=self.urls, options=OPTIONS)
        self.trade_as(0)

    def trade_as(self, signature_type: int) -> None:
        funder = self.deposit_wallet if signature_type == 3 else ""
        self.signer = OrderSigner(self.wallet_key, 137, signature_type, funder)
        rest = ClobRest(
            http=self.http,
            clock=self.clock,
            signer=RequestSigner(self.signer.address, self.credentials),
            base_url=self.urls.clob,
            options=OPTIONS,
        )
        self.account = PolymarketAccount(rest=rest, signature_type=signature_type, options=OPTIONS)
        self.expected_cash: tuple[int, int] | None = None
        self.orders = PolymarketOrders(
            rest=rest,
            signer=self.signer,
            clock=self.clock,
            entropy=SystemEntropy(),
            bucket=TokenBucket(clock=self.clock, capacity=40, refill_per_s=40, reserved=8),
            account=self.account,
            options=OPTIONS,
            expected_cash=lambda: self.expected_cash,
        )

    def condition(self, pair: int = PLAIN) -> str:
        return self.sim.world.pairs[pair].polymarket.condition_id

    async def market(self, pair: int = PLAIN) -> Market:
        return await self.catalogue.read_market(self.condition(pair))

    def place(self, side: Any, price_e4: int, shares: int, pair: int = PLAIN) -> None:
        self.sim.place(self.condition(pair), side, price_e4, shares * 1_000_000)

    async def prepare(self, pair: int = PLAIN, **changes: Any) -> PreparedOrder:
        values: dict[str, Any] = {
            "execution_no": 1,
            "order_no": 1,
            "purpose": Purpose.ARB,
            "market": await self.market(pair),
            "outcome": Outcome.YES,
            "side": Side.BUY,
            "size_e6": 20_000_000,
            "limit_e4": 5_200,
            "tif": TimeInForce.FOK,
            "spend_micros": 10_400_000,
        }
        return self.orders.prepare(OrderSpec(**(values | changes)))


def ref(prepared: PreparedOrder) -> OrderRef:
    return OrderRef(
        spec=prepared.spec,
        order_key=prepared.order_key,
        sent_wall_ms=prepared.prepared_wall_ms,
    )


@asynccontextmanager
async def running(faults: Sequence[dict[str, object]] = (), **options: Any) -> AsyncIterator[Rig]:
    sim = make_venue(
        "polymarket", seed=7, pairs=6, faults=faults, options={"flow": False, **options}
    )
    assert isinstance(sim, PolymarketSim)
    urls = await sim.start(asyncio.get_running_loop().create_server, "127.0.0.1", 0)
    try:
        async with make_session(LoopNetwork()) as session:
            yield Rig(sim, HttpExchange(session, venue="polymarket"), urls)
    finally:
        await sim.stop()


@pytest.mark.parametrize("signature_type", [0, 3])
@pytest.mark.parametrize("pair", [PLAIN, NEG])
async def test_fok_buy_fills_on_both_exchanges_for_both_wallets(
    pair: int, signature_type: int
) -> None:
    async with running() as rig:
        rig.trade_as(signature_type)
        await rig.orders.check_version()
        rig.place("ask", 5_200, 50, pair)
        cash = (await rig.account.read_cash()).cash_micros
        prepared = await rig.prepare(pair)
        answer = await rig.orders.send(prepared)
        assert (answer.status, answer.code) == (AnswerStatus.FILLED, "")
        assert (answer.filled_e6, answer.notional_micros) == (20_000_000, 10_400_000)
        assert answer.venue_order_id == prepared.order_key
        fills = await rig.orders.read_fills(ref(prepared))
        assert sum(fill.size_e6 for fill in fills) == 20_000_000
        assert sum(fill.notional_micros for fill in fills) == 10_400_000
        fees = sum(fill.fee_micros for fill in fills)
        after = (await rig.account.read_cash()).cash_micros
        assert cash[0][1] - after[0][1] == 10_400_000 + fees
        assert await rig.account.read_positions([prepared.spec.market]) == (
            (prepared.spec.market.id, 20_000_000, 0),
        )


async def test_buy_of_no_takes_the_yes_bids_and_better_prices_give_more_shares() -> None:
    async with running() as rig:
        rig.place("bid", 5_000, 50)
        prepared = await rig.prepare(outcome=Outcome.NO)
        answer = await rig.orders.send(prepared)
        assert (answer.status, answer.notional_micros) == (AnswerStatus.FILLED, 10_400_000)
        assert answer.filled_e6 == 20_800_000
        fills = await rig.orders.read_fills(ref(prepared))
        assert {(fill.outcome, fill.price_e4) for fill in fills} == {(Outcome.NO, 5_000)}


async def test_fine_ticks_are_read_and_traded() -> None:
    async with running() as rig:
        rig.place("ask", 3_330, 100, FINE)
        prepared = await rig.prepare(FINE, limit_e4=3_330, spend_micros=10_000_000)
        assert prepared.spec.market.grid.bands[0].step_e4 == 10
        answer = await rig.orders.send(prepared)
        assert (answer.status, answer.detail) == (AnswerStatus.FILLED, "")


async def test_fok_without_depth_and_fak_without_match_are_misses() -> None:
    async with running() as rig:
        rig.place("ask", 5_200, 10)
        killed = await rig.orders.send(await rig.prepare())
        assert (killed.status, killed.code) == (AnswerStatus.MISSED, "fok_killed")
        fak = await rig.prepare(tif=TimeInForce.IOC, limit_e4=4_000, spend_micros=10_000_000)
        unmatched = await rig.orders.send(fak)
        assert (unmatched.status, unmatched.code) == (AnswerStatus.MISSED, "fak_unmatched")
        assert (await rig.orders.look_up(ref(fak))).status is AnswerStatus.MISSED


async def test_fak_partial_then_sell_of_exactly_what_filled() -> None:
    async with running() as rig:
        rig.place("ask", 5_200, 10)
        fak = await rig.prepare(tif=TimeInForce.IOC)
        answer = await rig.orders.send(fak)
        assert (answer.status, answer.filled_e6) == (AnswerStatus.PARTIAL, 10_000_000)
        looked_up = await rig.orders.look_up(ref(fak))
        assert (looked_up.status, looked_up.filled_e6) == (AnswerStatus.PARTIAL, 10_000_000)
        rig.place("bid", 5_000, 30)
        unwind = await rig.prepare(
            purpose=Purpose.ROLLBACK,
            side=Side.SELL,
            size_e6=10_000_000,
            limit_e4=4_900,
            spend_micros=0,
        )
        sold = await rig.orders.send(unwind)
        assert (sold.status, sold.filled_e6, sold.notional_micros) == (
            AnswerStatus.FILLED,
            10_000_000,
            5_000_000,
        )


@pytest.mark.parametrize("kind", ["http_500", "drop_after"])
async def test_lost_answer_of_a_filled_order_is_found(kind: str) -> None:
    rule: dict[str, object] = {"on": "POST /order", "kind": kind, "count": 1}
    if kind == "http_500":
        rule["when"] = "after"
    async with running([rule]) as rig:
        rig.place("ask", 5_200, 50)
        prepared = await rig.prepare()
        assert (await rig.orders.send(prepared)).status is AnswerStatus.UNKNOWN
        found = await rig.orders.look_up(ref(prepared))
        assert (found.status, found.filled_e6) == (AnswerStatus.FILLED, 20_000_000)


@pytest.mark.parametrize("kind", ["http_500", "drop_before"])
async def test_order_that_never_arrived_is_absent(kind: str) -> None:
    rule: dict[str, object] = {"on": "POST /order", "kind": kind, "count": 1}
    async with running([rule]) as rig:
        rig.place("ask", 5_200, 50)
        rig.expected_cash = ((await rig.account.read_cash()).cash_micros[0][1], 0)
        prepared = await rig.prepare()
        assert (await rig.orders.send(prepared)).status is AnswerStatus.UNKNOWN
        found = await rig.orders.look_up(ref(prepared))
        assert (found.status, found.code) == (AnswerStatus.MISSED, "absent")


async def test_same_bytes_again_are_duplicated_and_stay_unknown() -> None:
    async with running() as rig:
        rig.place("ask", 5_200, 50)
        prepared = await rig.prepare()
        assert (await rig.orders.send(prepared)).status is AnswerStatus.FILLED
        again = await rig.orders.send(prepared)
        assert (again.status, again.code) == (AnswerStatus.UNKNOWN, "duplicated")


async def test_credentials_are_obtained_by_wallet_signature() -> None:
    async with running() as rig:
        credentials = await obtain_credentials(
            http=rig.http,
            clock=rig.clock,
            signer=rig.signer,
            base_url=rig.urls.clob,
            options=OPTIONS,
        )
        assert credentials == rig.credentials


class Sink:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.fills: list[Fill] = []
        self.ups = 0
        self._changed = asyncio.Event()

    def event(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def fill(self, fill: Fill) -> None:
        self.fills.append(fill)
        self._changed.set()

    def up(self) -> None:
        self.ups += 1
        self._changed.set()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


async def test_feed_follows_book_and_fills() -> None:
    async with running() as rig:
        rig.place("ask", 5_200, 50)
        market = await rig.market()
        sink = Sink()
        async with feeding(rig, sink) as feed:
            await sink.until(lambda: bool(sink.of(BookSnapshot)) and sink.ups == 1)
            (snapshot,) = sink.of(BookSnapshot)
            assert snapshot.asks == ((5_200, 50_000_000),)
            rig.place("bid", 5_000, 30)
            await sink.until(lambda: bool(sink.of(LevelsSet)))
            change = sink.of(LevelsSet)[0]
            assert change.changes == ((0, 5_000, 30_000_000),)
            assert (change.best_bid_e4, change.best_ask_e4) == (5_000, 5_200)
            prepared = await rig.prepare()
            assert (await rig.orders.send(prepared)).status is AnswerStatus.FILLED
            await sink.until(lambda: bool(sink.fills))
            assert {fill.order_key for fill in sink.fills} == {prepared.order_key}
            by_rest = await rig.orders.read_fills(ref(prepared))
            assert {fill.fill_id for fill in sink.fills} == {fill.fill_id for fill in by_rest}
            feed.resync([market.id])
            seen = len(sink.of(BookSnapshot))
            await sink.until(lambda: len(sink.of(BookSnapshot)) > seen)
            assert not sink.of(BooksVoid)
            assert feed.counts.get("malformed", 0) == 0


async def test_feed_cut_by_the_venue_voids_the_book_until_the_next_dump() -> None:
    rule: dict[str, object] = {"on": "ws /ws/market", "kind": "ws_disconnect", "count": 1}
    async with running([rule]) as rig:
        rig.place("ask", 5_200, 50)
        sink = Sink()
        async with feeding(rig, sink):
            await sink.until(lambda: bool(sink.of(BookSnapshot)))
            kinds = [type(event) for event in sink.events]
            assert kinds.index(BooksVoid) < kinds.index(BookSnapshot)


@asynccontextmanager
async def feeding(rig: Rig, sink: Sink) -> AsyncIterator[PolymarketFeed]:
    feed = PolymarketFeed(
        network=LoopNetwork(),
        clock=rig.clock,
        entropy=SystemEntropy(),
        markets=[await rig.market()],
        on_event=sink.event,
        on_fill=sink.fill,
        on_up=sink.up,
        credentials=rig.credentials,
        urls=rig.urls,
        options=PolymarketOptions(backoff_ms_min=1, backoff_ms_max=2, resync_gap_ms=1),
    )
    task = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_resting_order_is_cancelled_once_and_a_filled_one_is_not_resting() -> None:
    async with running() as rig:
        prepared = await rig.prepare()
        # Ours never rest; the order type is not signed, so these bytes do, to be cancelled.
        body = prepared.body.replace(b'"orderType":"FOK"', b'"orderType":"GTC"')
        status, _, answer = await rig.orders._rest.write("POST", "/order", body)
        assert (status, json.loads(answer)["status"]) == (200, "live")
        told = await rig.orders.cancel(ref(prepared))
        assert told.status is CancelStatus.CANCELED
        again = await rig.orders.cancel(ref(prepared))
        assert again.status is CancelStatus.NOT_RESTING
        rig.place("ask", 5_200, 50)
        filled = await rig.prepare()
        assert (await rig.orders.send(filled)).status is AnswerStatus.FILLED
        assert (await rig.orders.cancel(ref(filled))).status is CancelStatus.NOT_RESTING
