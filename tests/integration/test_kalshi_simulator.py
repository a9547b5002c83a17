"""The Kalshi client against the Kalshi simulator, over real sockets."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from tests.unit.sim.kalshi_client import Harness
from tests.unit.sim.kalshi_client import running as simulator
from tests.unit.venues.kalshi.support import FakeEntropy, LoopNetwork, RealClock
from tests.unit.venues.kalshi.test_feed import Log
from twoleg.core.events import AnswerStatus, BookSnapshot, BooksVoid, LevelDelta, Subscribed
from twoleg.core.market import Market, Outcome, Side, TimeInForce
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.errors import VenueRejected
from twoleg.venues.kalshi.account import KalshiAccount
from twoleg.venues.kalshi.catalogue import KalshiCatalogue
from twoleg.venues.kalshi.feed import KalshiFeed
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.kalshi.sign import KalshiSigner
from twoleg.venues.ports import CancelStatus, PreparedOrder
from twoleg.venues.transport import HttpExchange, make_session

S = AnswerStatus
# The simulator's clock stands still here, so its reads are never fresher than its answers.
OPTIONS = KalshiOptions(
    look_up_ms_max=1_500,
    reread_ms_min=20,
    reread_ms_max=50,
    takes_unlisted_for_killed=True,
    kill_margin_ms=0,
)


class SimWall(RealClock):
    """The simulator's wall clock, our own passage of time."""

    def __init__(self, sim: Harness) -> None:
        self._sim = sim

    def wall_ns(self) -> int:
        return self._sim.clock.now_ns()


class Client:
    def __init__(self, sim: Harness, http: KalshiHttp, options: KalshiOptions) -> None:
        self.sim = sim
        self.http = http
        self.clock = SimWall(sim)
        self.orders = KalshiOrders(
            http=http, clock=self.clock, entropy=FakeEntropy(), options=options
        )
        self.account = KalshiAccount(http=http, options=options)
        self.catalogue = KalshiCatalogue(http=http, clock=self.clock)

    async def market(self) -> Market:
        return await self.catalogue.read_market(self.sim.ticker)

    async def prepare(self, **changes: Any) -> PreparedOrder:
        values: dict[str, Any] = {
            "execution_no": 1,
            "order_no": 1,
            "purpose": Purpose.ARB,
            "market": await self.market(),
            "outcome": Outcome.YES,
            "side": Side.BUY,
            "size_e6": 10_000_000,
            "limit_e4": 5_200,
            "tif": TimeInForce.FOK,
        }
        return self.orders.prepare(OrderSpec(**(values | changes)))


def ref(prepared: PreparedOrder, venue_order_id: str = "") -> OrderRef:
    return OrderRef(
        spec=prepared.spec,
        order_key=prepared.order_key,
        sent_wall_ms=prepared.prepared_wall_ms,
        venue_order_id=venue_order_id,
    )


@asynccontextmanager
async def client(
    key: str = "default", client_options: KalshiOptions = OPTIONS, **options: Any
) -> AsyncGenerator[Client]:
    async with simulator(**options) as sim, make_session(LoopNetwork()) as session:
        http = KalshiHttp(
            exchange=HttpExchange(session, venue="kalshi"),
            base_url=sim.urls["rest"],
            clock=SimWall(sim),
            signer=KalshiSigner(key_id=sim.sim.api_key_id(key), key=sim.sim.private_keys[key]),
        )
        yield Client(sim, http, client_options)


async def test_catalogue_reads_terms() -> None:
    async with client() as kalshi:
        market = await kalshi.market()
        assert market.native_id == kalshi.sim.ticker
        assert (market.fees.rate_e6, market.shard, market.is_tradable) == (70_000, 0, True)
        assert market.grid.holds(5_200)
        assert market.close_ts_ms > 0
        with pytest.raises(VenueRejected):
            await kalshi.catalogue.read_market("KXNONE-1")


async def test_filled_order_its_fills_cash_and_position() -> None:
    async with client() as kalshi:
        await kalshi.sim.rest("ask", 5_100, 4)
        await kalshi.sim.rest("ask", 5_200, 20)
        prepared = await kalshi.prepare()
        answer = await kalshi.orders.send(prepared)
        assert (answer.status, answer.filled_e6) == (S.FILLED, 10_000_000)
        fills = await kalshi.orders.read_fills(ref(prepared, answer.venue_order_id))
        assert sorted((fill.price_e4, fill.size_e6) for fill in fills) == [
            (5_100, 4_000_000),
            (5_200, 6_000_000),
        ]
        assert await kalshi.orders.read_fills(ref(prepared)) == fills
        spent = sum(fill.notional_micros + fill.fee_micros for fill in fills)
        cash = dict((await kalshi.account.read_cash()).cash_micros)
        assert cash[0] == 1_000_000_000 - spent
        market = prepared.spec.market
        assert await kalshi.account.read_positions([market]) == ((market.id, 10_000_000, 0),)


async def test_buying_no_is_an_ask_and_its_fill_speaks_of_no() -> None:
    async with client() as kalshi:
        await kalshi.sim.rest("bid", 5_600, 20)
        prepared = await kalshi.prepare(outcome=Outcome.NO, limit_e4=4_500)
        answer = await kalshi.orders.send(prepared)
        assert answer.status is S.FILLED
        (fill,) = await kalshi.orders.read_fills(ref(prepared, answer.venue_order_id))
        assert (fill.outcome, fill.side, fill.price_e4) == (Outcome.NO, Side.BUY, 4_400)
        assert fill.notional_micros == 4_400_000
        market = prepared.spec.market
        assert await kalshi.account.read_positions([market]) == ((market.id, -10_000_000, 0),)


async def test_key_that_is_locked_to_a_subaccount_can_do_all_that_trading_needs() -> None:
    options = msgspec.structs.replace(OPTIONS, subaccount=1)
    keys = {"locked": {"subaccount": 1}}
    async with client("locked", options, keys=keys, tier="advanced") as kalshi:
        await kalshi.sim.call("POST", "/portfolio/subaccounts", json={})
        move = {"from_subaccount": 0, "to_subaccount": 1, "amount_cents": 5_000}
        named = {"client_transfer_id": "0f6f2f8e-6a54-4f53-9f1f-0b1c1f9f4e11", **move}
        await kalshi.sim.call("POST", "/portfolio/subaccounts/transfer", json=named)
        cash = dict((await kalshi.account.read_cash()).cash_micros)
        assert (cash[0], sum(cash.values())) == (50_000_000, 50_000_000)
        await kalshi.sim.rest("ask", 5_200, 10)
        taker = await kalshi.prepare()
        taken = await kalshi.orders.send(taker)
        assert (await kalshi.orders.look_up(ref(taker))).status is S.FILLED
        assert len(await kalshi.orders.read_fills(ref(taker, taken.venue_order_id))) == 1
        maker = await kalshi.prepare(tif=TimeInForce.GTC, limit_e4=3_000)
        rested = ref(maker, (await kalshi.orders.send(maker)).venue_order_id)
        assert (await kalshi.orders.look_up(rested)).status is S.RESTING
        (shown,) = await kalshi.account.read_resting()
        assert (shown.venue_order_id, shown.price_e4) == (rested.venue_order_id, 3_000)
        assert (await kalshi.orders.cancel_all()).status is CancelStatus.TAKEN
        assert await kalshi.account.read_resting() == ()
        assert (await kalshi.orders.look_up(rested)).status is S.MISSED


async def test_misses_and_partial_fills() -> None:
    async with client() as kalshi:
        await kalshi.sim.rest("ask", 5_200, 3)
        killed = await kalshi.orders.send(await kalshi.prepare())
        assert (killed.status, killed.code) == (
            S.MISSED,
            "fill_or_kill_insufficient_resting_volume",
        )
        partial = await kalshi.orders.send(await kalshi.prepare(tif=TimeInForce.IOC))
        assert (partial.status, partial.filled_e6) == (S.PARTIAL, 3_000_000)
        nothing = await kalshi.orders.send(await kalshi.prepare(tif=TimeInForce.IOC))
        assert (nothing.status, nothing.filled_e6) == (S.MISSED, 0)


async def test_look_up_of_an_order_that_never_landed_fences_it_out() -> None:
    async with client() as kalshi:
        await kalshi.sim.rest("ask", 5_200, 20)
        prepared = await kalshi.prepare()
        answer = await kalshi.orders.look_up(ref(prepared))
        assert (answer.status, answer.code) == (S.MISSED, "fenced_absent")
        late = await kalshi.orders.send(prepared)
        assert (late.status, late.code) == (S.UNKNOWN, "order_already_exists")
        assert await kalshi.account.read_positions([prepared.spec.market]) == ()


async def test_look_up_of_filled_partial_and_killed_orders() -> None:
    async with client() as kalshi:
        await kalshi.sim.rest("ask", 5_200, 14)
        filled = await kalshi.prepare()
        partial = await kalshi.prepare(tif=TimeInForce.IOC)
        killed = await kalshi.prepare()
        for prepared in (filled, partial, killed):
            await kalshi.orders.send(prepared)
        answers = [await kalshi.orders.look_up(ref(order)) for order in (filled, partial, killed)]
        assert [(a.status, a.filled_e6, a.notional_micros) for a in answers[:2]] == [
            (S.FILLED, 10_000_000, 5_200_000),
            (S.PARTIAL, 4_000_000, 2_080_000),
        ]
        assert (answers[2].status, answers[2].code) == (S.MISSED, "consumed_without_order")


async def test_exit_is_reduce_only_and_sells_what_is_held() -> None:
    async with client() as kalshi:
        await kalshi.sim.rest("ask", 5_200, 10)
        await kalshi.orders.send(await kalshi.prepare())
        await kalshi.sim.rest("bid", 5_000, 50)
        exit_order = await kalshi.prepare(
            side=Side.SELL,
            limit_e4=5_000,
            tif=TimeInForce.IOC,
            reduce_only=True,
            size_e6=12_000_000,
            purpose=Purpose.ROLLBACK,
        )
        answer = await kalshi.orders.send(exit_order)
        assert answer.filled_e6 == 10_000_000
        assert await kalshi.account.read_positions([exit_order.spec.market]) == ()


async def test_feed_streams_books_deltas_and_own_fills() -> None:
    async with client() as kalshi:
        market = await kalshi.market()
        await kalshi.sim.rest("ask", 5_200, 10)
        log = Log()
        feed = KalshiFeed(
            network=LoopNetwork(),
            url=kalshi.sim.urls["ws"],
            http=kalshi.http,
            markets=[market],
            clock=kalshi.clock,
            entropy=FakeEntropy(),
            on_event=log.on_event,
            on_fill=log.on_fill,
            on_up=log.on_up,
            on_down=log.on_down,
            options=msgspec.structs.replace(OPTIONS, backoff_ms_min=5, backoff_ms_max=10),
        )
        task = asyncio.create_task(feed.run())
        try:
            await log.until(lambda log: bool(log.of(BookSnapshot)))
            snapshot: BookSnapshot = log.of(BookSnapshot)[-1]
            assert (5_200, 10_000_000) in snapshot.asks
            assert all(bid[0] < ask[0] for bid in snapshot.bids for ask in snapshot.asks)
            await kalshi.sim.rest("bid", 4_800, 7)
            await log.until(lambda log: bool(log.of(LevelDelta)))
            prepared = await kalshi.prepare()
            answer = await kalshi.orders.send(prepared)
            await log.until(lambda log: bool(log.fills))
            assert log.fills[0].order_key == prepared.order_key
            assert log.fills[0].venue_order_id == answer.venue_order_id
            booked = await kalshi.orders.read_fills(ref(prepared, answer.venue_order_id))
            assert [fill.fill_id for fill in booked] == [fill.fill_id for fill in log.fills]
            feed.resync([market.id])
            await log.until(lambda log: len(log.of(BookSnapshot)) == 2)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert (log.downs, log.of(BooksVoid)) == ([], [])
        assert dict(feed.counts.by_kind) == {}
        assert len(log.of(Subscribed)) == 1
        assert isinstance(log.events[0], Subscribed)


async def test_resting_order_is_cancelled_once_and_a_filled_one_is_not_resting() -> None:
    async with client() as kalshi:
        prepared = await kalshi.prepare()
        # Ours are never good till cancelled; these bytes are, to have something to cancel.
        body = prepared.body.replace(b"fill_or_kill", b"good_till_canceled")
        status, answer = await kalshi.http.post_order(body, timeout_ms=2_000)
        assert status == 201
        order_id = json.loads(answer)["order_id"]
        told = await kalshi.orders.cancel(ref(prepared, order_id))
        assert (told.status, told.canceled_e6) == (CancelStatus.CANCELED, 10_000_000)
        again = await kalshi.orders.cancel(ref(prepared, order_id))
        assert again.status is CancelStatus.NOT_RESTING
        await kalshi.sim.rest("ask", 5_200, 20)
        filled = await kalshi.prepare()
        sent = await kalshi.orders.send(filled)
        late = await kalshi.orders.cancel(ref(filled, sent.venue_order_id))
        assert late.status is CancelStatus.NOT_RESTING
