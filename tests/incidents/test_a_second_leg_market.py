"""Incidents A10, A12, A13: what is too small, already taken, or somebody else's on a market.

Each test is named after its incident and tells it. Where the wire is part of it both simulated
venues and the whole daemon run over real sockets; the rest is the engine alone.
"""

import json
from decimal import Decimal
from functools import partial

import pytest
from msgspec import structs

from tests.incidents.legs import (
    TWENTY,
    YES,
    exits_at_wire,
    is_sale,
    kalshi_of,
    legs_of,
    take_away,
)
from tests.support.core import (
    EASY,
    LOT,
    ONE,
    PAIR_ID,
    Rig,
    fires,
    kalshi_market,
    make_pair,
    order_spec,
    polymarket_market,
)
from tests.support.core import K as K_MARKET
from tests.support.core import P as P_MARKET
from tests.support.daemon import K, P, Run, Scene
from tests.support.scenes import MakeScene
from twoleg.core.actions import NoteKind
from twoleg.core.events import (
    AnswerStatus,
    MarketChanged,
    PairsChanged,
)
from twoleg.core.market import (
    Direction,
    MarketId,
    Outcome,
    PairId,
    Side,
    TimeInForce,
    Venue,
)
from twoleg.sim.kalshi.bodies import parse_new_order
from twoleg.venues.kalshi.bodies import build_order
from twoleg.venues.kalshi.options import KalshiOptions

DEPTH = 1_000 * ONE

# -- A10 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_minimum", [True, False])
async def test_a10_exit_below_the_minimum_is_tried_and_stops_nothing(
    scene_of: MakeScene, *, has_minimum: bool
) -> None:
    """A hedge of less than the venue's least size raised an error, and the bot stopped.

    Two shares are too many, and five is the minimum. They are offered all the same: the venue may
    take them. If it refuses they are held and told of, and leave as soon as there is a way.
    """
    options = {"min_size_on_market_orders": has_minimum}
    async with scene_of(tif=TimeInForce.IOC, polymarket=options) as scene:
        run = scene.start()
        await run.started()
        # Nothing of Kalshi's offer will be left: only Polymarket has a way out.
        take_away(scene, run, K, (4_000, 18))
        scene.open_edge()
        if has_minimum:
            await run.until(lambda: "residual_held" in run.alarms(), "the alarm")
            assert scene.held(YES) == (18 * ONE, TWENTY)
            assert {order.status for order in exits_at_wire(scene)} == {400}
            assert not run.task.done()
            scene.offer(K, Outcome.YES, 4_100, 200)
        (closing,) = await run.closed()
        await run.stop()
        first, *_ = exits_at_wire(scene)
        assert first.venue is P
        assert is_sale(first)
        assert closing["completed_e6" if has_minimum else "unwound_e6"] == 2 * ONE
        assert abs(scene.held(YES)[0] - scene.held(YES)[1]) < LOT


async def test_a10_dust_is_carried_reported_and_stops_nothing(scene_of: MakeScene) -> None:
    """Less than a lot cannot be traded anywhere: it is on record, and the next execution goes on."""
    async with scene_of(**{"trading.position_contracts_max": 60}) as scene:
        run = scene.start()
        await run.started()
        run.on("execution_opened", lambda: scene.offer(P, Outcome.NO, 4_690, 200))
        scene.open_edge(spread_e4=500)
        await run.closed()
        kalshi_e6, polymarket_e6 = scene.held(YES)
        dust_e6 = kalshi_e6 - polymarket_e6
        assert 0 < abs(dust_e6) < LOT
        assert run.closings[0]["dust_e6"] == run.app.engine.carry_e6(scene.pair.id) == dust_e6
        scene.open_edge(spread_e4=500)
        await run.poked(lambda: len(run.closings) > 1)
        await run.stop()
        kalshi_e6, polymarket_e6 = scene.held(YES)
        assert run.app.engine.carry_e6(scene.pair.id) == kalshi_e6 - polymarket_e6
        assert "pair_unhedged" not in run.alarms()


def test_a10_carried_dust_is_netted_by_the_next_execution() -> None:
    """What is carried counts: half a lot and half a lot make one, and that is traded away."""
    rig = Rig(limits=structs.replace(EASY, position_e6_max=1_000 * ONE))
    for number in (1, 2):
        rig.pass_ms(5_000)
        kalshi, polymarket = legs_of(rig)
        rig.fill(kalshi)
        short_e6 = polymarket.size_e6 - kalshi.size_e6 + 6_000
        rig.fill(polymarket, size_e6=polymarket.size_e6 - short_e6)
        if number == 1:
            assert rig.engine.carry_e6(PAIR_ID) == 6_000
            assert fires(rig.seen[-1:]) == []
    exits = [order for shot in fires(rig.seen) for order in shot.orders if order.order_no > 1]
    assert [order.size_e6 for order in exits] == [LOT]
    rig.fill(exits[0])
    assert rig.engine.carry_e6(PAIR_ID) == 2_000


# -- A12 ---------------------------------------------------------------------------------------


async def test_a12_displayed_liquidity_is_taken_once(scene_of: MakeScene) -> None:
    """The feed lagged behind the fills, and the same forty contracts were fired at again.

    Kalshi's feed says nothing any more. However often the other book ticks, all that is ever asked
    for of the forty that it shows are forty, and never two executions at once on the market.
    """
    settings = {"trading.position_contracts_max": 200, "trading.cash_reserve_dollars": 5}
    async with scene_of(**settings) as scene:
        run = scene.start()
        await run.started()
        scene.bid(K, Outcome.YES, 3_900, 400)
        scene.offer(K, Outcome.YES, 4_000, 40)
        await run.until(lambda: offered_e6(run, scene) == 40 * ONE, "the offer")
        scene.fault(K, "ws_mute", on="ws", count=100_000)
        # Somebody sells as much again, which nobody is told: sent for, it would be filled.
        scene.offer(K, Outcome.YES, 4_000, 400)
        scene.bid(P, Outcome.NO, 4_900, 400)
        scene.offer(P, Outcome.NO, 5_000, 400)
        busy: list[int] = []
        run.on_each("execution_opened", lambda: busy.append(run.app.engine.open_executions))
        await run.closed()
        asked = -1
        while asked != len(scene.wire.orders(K)):
            asked = len(scene.wire.orders(K))
            for _ in range(10):
                scene.poke(P)
                run.app.changed.clear()
                await run.app.changed.wait()
            await run.settled()
        scene.venues[K].faults.clear()
        await run.stop()
        contracts = [Decimal(order.body["count"]) for order in scene.wire.orders(K)]
        assert contracts[0] == 20
        assert sum(contracts) <= 40
        assert set(busy) == {1}


def offered_e6(run: Run, scene: Scene) -> int:
    book = run.app.engine.books().books[scene.pair.kalshi]
    return sum(size for _, size in book.ladder(Outcome.YES, Side.BUY, 20))


@pytest.mark.parametrize("venue", Venue)
def test_a12_one_execution_in_flight_per_market_whatever_its_pairs(venue: Venue) -> None:
    """Two pairs share a market: while one takes from its book, the other does not start."""
    rig = Rig(limits=structs.replace(EASY, unhedged_micros_max=10_000 * ONE))
    name = MarketId("polymarket:0xb" if venue is K else "kalshi:KXB")
    mine = {"kalshi": K_MARKET, "polymarket": P_MARKET, venue.other.value: name}
    other = make_pair(
        pair_id=PairId("pair-b"), kalshi=mine["kalshi"], polymarket=mine["polymarket"]
    )
    rig.send(MarketChanged(polymarket_market(name) if venue is K else kalshi_market(name)))
    rig.send(PairsChanged((rig.pair, other)))
    prices = (5_500, 5_700) if venue is K else (4_600, 4_800)
    book = rig.book(name, [(prices[0], DEPTH)], [(prices[1], DEPTH)])
    assert fires(rig.send(book)) == []
    legs = legs_of(rig)
    assert fires(rig.send(book)) == []
    for leg in legs:
        rig.answer(leg, AnswerStatus.MISSED)
    # Free again: the other pair's tick may start it.
    (shot,) = fires(rig.send(rig.book(name, [(prices[0], DEPTH)], [(prices[1], DEPTH)])))
    assert shot.pair_id == other.id


# -- A13 ---------------------------------------------------------------------------------------


async def test_a13_position_that_is_not_ours_bars_its_market(scene_of: MakeScene) -> None:
    """A user's bet on YES and an arbitrage leg on NO netted each other out on one Kalshi market.

    There are no bets here yet. What holds without them: a position on a market of ours that no
    journal of ours explains is told of, and nothing starts there; it is neither used nor sold.
    """
    async with scene_of() as scene:
        account, ticker = kalshi_of(scene).accounts["default"], scene.native(K)
        scene.offer(K, Outcome.YES, 4_000, 10)
        bet(scene, "bid")
        assert account.position_e6(ticker) == 10 * ONE
        run = scene.start()
        await run.started()
        for direction in Direction:
            scene.open_edge(direction)
            await run.poked(partial(is_refused_more, run, refused(run) + 3))
            scene.close_edge()
        assert {"pair_unhedged", "market_barred"} & set(run.alarms())
        run.app.stop()
        await run.task
        assert run.of(NoteKind.EXECUTION_OPENED) == []
        assert scene.wire.orders() == []
        assert account.position_e6(ticker) == 10 * ONE


def bet(scene: Scene, side: str, *, subaccount: int = 0) -> None:
    """Somebody takes ten contracts for our account, from elsewhere."""
    kalshi = kalshi_of(scene)
    body = {
        "ticker": scene.native(K),
        "client_order_id": "a-bet",
        "side": side,
        "count": "10.00",
        "price": "0.4000",
        "time_in_force": "fill_or_kill",
        "self_trade_prevention_type": "taker_at_cross",
        "subaccount": subaccount,
    }
    new = parse_new_order(body, now_s=kalshi.clock.now_ns() // 1_000_000_000)
    kalshi.desk.create(kalshi.accounts["default"], new, before_match=lambda _: None)


def refused(run: Run) -> int:
    """How often somebody else's position stopped what the books called for."""
    refusals = run.app.engine.refusals
    return refusals.get("pair_unhedged", 0) + refusals.get("market_barred", 0)


def is_refused_more(run: Run, often: int) -> bool:
    return refused(run) > often


async def test_a13_position_in_another_subaccount_is_not_ours_and_stays(
    scene_of: MakeScene,
) -> None:
    """Bets will live in a subaccount of their own: Kalshi nets within one, not across two.

    A bet on NO there neither stops nor shrinks our YES leg on the same market, and is not touched:
    all that we ask and order names our own subaccount.
    """
    async with scene_of() as scene:
        account = kalshi_of(scene).accounts["default"]
        bets = account.open_subaccount()
        assert bets is not None
        account.move(bets, 0, 100 * ONE)
        ticker = scene.native(K)
        scene.bid(K, Outcome.YES, 4_000, 10)
        bet(scene, "ask", subaccount=1)
        assert bets.position_e6(ticker) == -10 * ONE
        run = scene.start()
        await run.started()
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert closing["closed_as"] == "hedged"
        assert scene.held(YES) == (TWENTY, TWENTY)
        assert bets.position_e6(ticker) == -10 * ONE
        reads = scene.wire.of(K, "GET", "/portfolio/positions")
        assert reads
        assert {read.query.get("subaccount") for read in reads} == {"0"}
        # The primary account is the one that an order means which names none.
        assert {order.body.get("subaccount", 0) for order in scene.wire.orders(K)} == {0}


@pytest.mark.parametrize("subaccount", [0, 7])
def test_a13_kalshi_order_carries_its_subaccount(subaccount: int) -> None:
    """Given a subaccount, each order names it; the venue takes none for the primary account."""
    body = json.loads(
        build_order(
            order_spec(kalshi_market()),
            client_order_id="id",
            options=KalshiOptions(subaccount=subaccount),
        )
    )
    assert body.get("subaccount", 0) == subaccount
