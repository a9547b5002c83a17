"""Incidents B1 to B11: what an unanswered, late, strange or lagging answer has cost.

Each test is named after its incident and tells it; the venues' ledgers, the wire and the journal
are what it asserts.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.daemon import K, P, Run, Scene, make_pairs
from tests.support.scenes import MakeScene
from tests.support.wire import Asked
from twoleg.core.events import AnswerStatus, FillStatus
from twoleg.core.market import Direction, Outcome, TimeInForce, Venue
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.storage.records import (
    AnswerRecorded,
    FillFinalRecorded,
    FillRecorded,
    FillVoidRecorded,
    IntentRecorded,
)

ONE = 1_000_000
TWENTY = 20 * ONE
YES = Direction.KALSHI_YES
ORDER_NO = {K: 0, P: 1}
# Below every minimum size: what is open is dealt with, and nothing new can start.
TOO_SMALL = {
    "trading.size_contracts_max": Decimal("0.01"),
    "trading.position_contracts_max": Decimal("0.01"),
}
# Soon given up, so that an answer need not be long in coming to be late.
IMPATIENT = {"kalshi.order_timeout_ms": 500, "polymarket.order_timeout_ms": 500}
POLYMARKET_CONDITION = make_pairs()[0].polymarket.partition(":")[2]


def keys(orders: list[Asked]) -> list[str]:
    return [order.key for order in orders]


def booked(run: Run) -> list[FillRecorded]:
    return [record for record in run.records if isinstance(record, FillRecorded)]


def booked_e6(run: Run, venue: Venue) -> int:
    return sum(record.fill.size_e6 for record in booked(run) if record.fill.venue is venue)


def polymarket_of(scene: Scene) -> PolymarketSim:
    sim = scene.venues[P]
    assert isinstance(sim, PolymarketSim)
    return sim


@pytest.mark.parametrize("venue", Venue)
async def test_b1_timeout_is_not_zero_fill(scene_of: MakeScene, venue: Venue) -> None:
    """An order timed out, was taken for unfilled and sent again under a new id: filled twice.

    Silence is an interval, not zero: nothing is sent for this leg again but Kalshi's fence, under
    the same id, and nothing is done about the other leg until the venue has told.
    """
    async with scene_of(**IMPATIENT) as scene:
        run = scene.start()
        await run.started()
        # It fills at once, and the answer comes after we gave up waiting for it.
        scene.fault(venue, "delay", delay_ms=700, when="after")
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert run.answers(ORDER_NO[venue]) == ["unknown", "filled"]
        orders = scene.wire.orders()
        assert sorted(order.venue.value for order in orders) == ["kalshi", "polymarket"]
        (own,) = scene.wire.orders(venue)
        assert all(fence.key == own.key for fence in scene.wire.fences())
        assert bool(scene.wire.fences()) is (venue is K)
        assert closing["closed_as"] == "hedged"
        assert scene.held(YES) == (TWENTY, TWENTY)
        # Told of the silence, the record says "not known", never "nothing".
        (first, *_) = [
            record.answer
            for record in run.records
            if isinstance(record, AnswerRecorded) and record.order_no == ORDER_NO[venue]
        ]
        assert first.status is AnswerStatus.UNKNOWN


@pytest.mark.parametrize(
    ("delay_ms", "answers"),
    [(2_000, ["unknown", "filled"]), (4_800, ["unknown", "missed"])],
    ids=["while it is looked for", "after it was given up"],
)
async def test_b2_order_that_lives_on_after_its_timeout_is_adopted(
    scene_of: MakeScene, delay_ms: int, answers: list[str]
) -> None:
    """The promise timed out, the request lived on and filled later; nobody looked any more.

    As long as it may be on its way it is looked for, and the fill is its answer. A fill that comes
    later still belongs to the execution that sent it: it is booked there, the execution opens
    again, and what it has too much then is worked off.
    """
    async with scene_of(**IMPATIENT) as scene:
        run = scene.start()
        await run.started()
        scene.fault(P, "delay", delay_ms=delay_ms)
        scene.open_edge()
        await run.until(lambda: run.answers(ORDER_NO[P])[:2] == answers, "the end of the look-up")
        if answers[1] == "missed":
            await run.until(lambda: "late_fill" in run.alarms(), "the late fill")
        await run.settled()
        await run.stop()
        (intent, *_) = [record for record in run.records if isinstance(record, IntentRecorded)]
        late_key = intent.orders[1].order_key
        adopted = [record for record in booked(run) if record.fill.order_key == late_key]
        assert sum(record.fill.size_e6 for record in adopted) == TWENTY
        assert {(record.execution_no, record.order_no) for record in adopted} == {(1, 1)}
        assert keys(scene.wire.orders(P)).count(late_key) == 1
        held_kalshi_e6, held_polymarket_e6 = scene.held(YES)
        assert abs(held_kalshi_e6 - held_polymarket_e6) < 10_000


async def test_b2_kalshi_order_that_arrives_after_its_fence_cannot_fill(
    scene_of: MakeScene,
) -> None:
    """The same on Kalshi: there the fence has used up the id, so the late request is refused."""
    async with scene_of(**IMPATIENT) as scene:
        run = scene.start()
        await run.started()
        scene.fault(K, "delay", delay_ms=900)
        run.on("outcome_resolved", scene.close_edge)
        scene.open_edge()
        await run.closed()
        await scene.wire.until(lambda: scene.wire.orders(K)[0].status)
        await run.stop()
        late = scene.wire.orders(K)[0]
        assert late.status == 409
        assert late.answer["error"]["code"] == "order_already_exists"
        assert run.answers(ORDER_NO[K])[:2] == ["unknown", "missed"]
        assert scene.held(YES)[0] == scene.held(YES)[1]


@pytest.mark.parametrize("is_killed", [False, True])
async def test_b3_order_already_exists_is_no_failure(
    scene_of: MakeScene,
    is_killed: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Kalshi answered 409 `order_already_exists` to a repeated order; it was booked as failed.

    The code says that the id is used up, by a fill or by a kill: orders and fills decide.
    """
    async with scene_of(tif=TimeInForce.IOC) as scene:
        run = scene.start()
        await run.started()
        if is_killed:
            scene.fault(K, "kill")
        scene.fault(K, "drop_after")
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        (fence, *_) = scene.wire.fences()
        assert (fence.status, fence.answer["error"]["code"]) == (409, "order_already_exists")
        assert scene.wire.of(K, "GET", "/portfolio/orders")
        if is_killed:
            assert run.answers(ORDER_NO[K]) == ["unknown", "missed"]
            assert closing["kalshi_filled_e6"] == 0
            assert scene.held(YES)[0] == scene.held(YES)[1]
        else:
            assert run.answers(ORDER_NO[K]) == ["unknown", "filled"]
            assert closing["closed_as"] == "hedged"
            assert scene.held(YES) == (TWENTY, TWENTY)


async def test_b4_created_without_fills_is_not_filled(scene_of: MakeScene) -> None:
    """Kalshi's 201 to an immediate-or-cancel order said 0 filled, 0 left; it was booked as filled.

    The counts decide, not the status of the request.
    """
    async with scene_of(tif=TimeInForce.IOC) as scene:
        run = scene.start()
        await run.started()
        scene.fault(K, "kill")
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        (first, *_) = scene.wire.orders(K)
        assert (first.status, first.answer["fill_count"]) == (201, "0.00")
        assert first.answer["remaining_count"] == "0.00"
        assert run.answers(ORDER_NO[K]) == ["missed"]
        assert booked_e6(run, K) == closing["completed_e6"]
        assert closing["kalshi_filled_e6"] == 0


@pytest.mark.parametrize("has_landed", [True, False])
async def test_b4_success_without_an_order_id_is_not_known(
    scene_of: MakeScene,
    has_landed: bool,  # noqa: FBT001 - a parameter
) -> None:
    """A 2xx without `order_id` was booked as a pending order that nobody could find again.

    Without the id nothing is proven: it is UNKNOWN, and the venue is asked.
    """
    async with scene_of(tif=TimeInForce.IOC) as scene:
        run = scene.start()
        await run.started()
        if not has_landed:
            scene.fault(K, "kill")
        scene.wire.alter(
            K, "POST", "/orders", lambda body: {k: v for k, v in body.items() if k != "order_id"}
        )
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert run.answers(ORDER_NO[K]) == ["unknown", "filled" if has_landed else "missed"]
        assert len(scene.wire.fences()) >= 1
        assert closing["kalshi_filled_e6"] == (TWENTY if has_landed else 0)
        assert scene.held(YES)[0] == scene.held(YES)[1]


async def test_b5_not_found_on_cancel_is_no_proof_of_no_fill(scene_of: MakeScene) -> None:
    """A cancel was answered 404 although the order had filled 40 ms before: booked as unfilled.

    404 on a cancel proves that nothing rests, and no more. Takers are cancelled here only where a
    read shows one as resting, which is how the daemon comes to meet the answer.
    """
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.fault(K, "drop_after")

        def show_as_resting(body: Any) -> Any:
            for order in body["orders"]:
                order.update(status="resting", fill_count_fp="0.00", remaining_count_fp="20.00")
            return body

        scene.wire.alter(K, "GET", "/portfolio/orders", show_as_resting)
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        (cancel, *_) = scene.wire.of(K, "DELETE")
        assert cancel.status == 404
        assert run.answers(ORDER_NO[K]) == ["unknown", "filled"]
        assert (closing["closed_as"], closing["kalshi_filled_e6"]) == ("hedged", TWENTY)
        assert scene.held(YES) == (TWENTY, TWENTY)


async def test_b6_status_mined_is_a_fill(scene_of: MakeScene) -> None:
    """Trades in status "mined" were in no list: 76 of 79 quarantined pairs were in fact hedged.

    Matched and mined are provisional, confirmed is final; all three count.
    """
    async with scene_of(polymarket={"confirmed_after_ms": 60_000}) as scene:
        run = scene.start()
        await run.started()
        # Nothing but the look-up's reads tells of this order, and all of them say "mined".
        scene.fault(P, "drop_after")
        scene.fault(P, "ws_mute", on="ws /ws/user", count=1_000)

        def show_as_mined(body: Any) -> Any:
            for trade in body["data"]:
                trade["status"] = "TRADE_STATUS_MINED"
            return body

        scene.wire.alter(P, "GET", "/data/trades", show_as_mined, count=1_000)
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert run.answers(ORDER_NO[P]) == ["unknown", "filled"]
        assert closing["closed_as"] == "hedged"
        fills = [record.fill for record in booked(run) if record.fill.venue is P]
        assert {fill.status for fill in fills} == {FillStatus.PROVISIONAL}
        assert sum(fill.size_e6 for fill in fills) == TWENTY


async def test_b6_status_in_no_list_is_not_known(
    scene_of: MakeScene, capsys: pytest.CaptureFixture[str]
) -> None:
    """A word that no table holds is neither a fill nor a miss: UNKNOWN, aloud, and asked again."""
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.fault(P, "drop_after")
        scene.fault(P, "ws_mute", on="ws /ws/user", count=1_000)

        def rename(body: Any) -> Any:
            for trade in body["data"]:
                trade["status"] = "TRADE_STATUS_SETTLING"
            return body

        scene.wire.alter(P, "GET", "/data/trades", rename, count=1_000)
        scene.open_edge()
        await scene.wire.until(lambda: len(scene.wire.of(P, "GET", "/data/trades")) > 3)
        # Neither covered nor given up while nobody knows the word.
        assert run.closings == []
        assert len(scene.wire.orders()) == 2
        scene.wire.stop_altering()
        (closing,) = await run.closed()
        await run.stop()
        assert "missed" not in run.answers(ORDER_NO[P])
        assert run.answers(ORDER_NO[P])[-1] == "filled"
        assert closing["closed_as"] == "hedged"
        told = capsys.readouterr().out
        assert "unknown_answer" in told
        assert "TRADE_STATUS_SETTLING" in told


async def test_b7_fill_that_fails_on_chain_reopens_the_other_leg(scene_of: MakeScene) -> None:
    """Polymarket matched, and the chain refused: 12 of 34 buys after a change of contract.

    A match is provisional until it is confirmed; FAILED takes it back, and the other leg, now
    alone, is worked off.
    """
    async with scene_of(polymarket={"mined_after_ms": 60_000}) as scene:
        run = scene.start()
        await run.started()
        scene.open_edge()
        (hedged,) = await run.closed()
        assert hedged["closed_as"] == "hedged"
        scene.close_edge()
        scene.bid(K, Outcome.YES, 3_900, 200)
        trades = polymarket_of(scene).trades
        for trade in list(trades.by_id.values()):
            trades.advance(trade, "FAILED")
        _, closing = await run.closed(2)
        await run.stop()
        voids = [record for record in run.records if isinstance(record, FillVoidRecorded)]
        assert sum(record.fill.size_e6 for record in voids) == TWENTY
        assert not [
            record
            for record in run.records
            if isinstance(record, FillFinalRecorded) and record.venue is P
        ]
        # The same execution, and its leg on Kalshi is sold by an order that can only reduce.
        assert closing["execution_no"] == hedged["execution_no"]
        (sale,) = scene.wire.orders(K)[1:]
        assert (sale.body["side"], sale.body["reduce_only"]) == ("ask", True)
        assert closing["closed_as"] == "rolled_back"
        assert closing["net_micros"] < 0
        assert scene.held(YES) == (0, 0)


@pytest.mark.parametrize("fills", [True, False])
async def test_b8_delayed_order_is_neither_filled_nor_unfilled(
    scene_of: MakeScene,
    fills: bool,  # noqa: FBT001 - a parameter
) -> None:
    """A market that holds takers back answered `delayed`: counted as unfilled here, as filled there.

    It is pending until the delay is over: nothing is sent on its account, and no cancel either.
    """
    async with scene_of(polymarket={"delay_s_by_market": {POLYMARKET_CONDITION: 1}}) as scene:
        run = scene.start()
        await run.started()
        scene.open_edge()
        await run.until(lambda: run.answers(0) + run.answers(1), "the first answer")
        (delayed,) = scene.wire.orders(P)
        assert delayed.answer["status"] == "delayed"
        if not fills:
            # Somebody takes it all while the order waits.
            polymarket_of(scene).clear(POLYMARKET_CONDITION)
        await run.until(lambda: scene.held(YES)[1] or run.closings, "the end of the delay")
        # Until then nothing else left: no hedge of what had not filled, no second try.
        before = [
            order for order in scene.wire.orders() if order.at_ns < delayed.at_ns + 900_000_000
        ]
        assert [order.key for order in before] == [delayed.key]
        (closing,) = await run.closed()
        await run.stop()
        assert scene.wire.of(P, "DELETE") == []
        if fills:
            assert closing["closed_as"] == "hedged"
            assert scene.held(YES)[0] > 0
            assert abs(scene.held(YES)[0] - scene.held(YES)[1]) < 10_000
        else:
            assert closing["closed_as"] == "missed"
            assert scene.held(YES) == (0, 0)


@pytest.mark.parametrize("kind", ["ws_mute", "ws_disconnect", "ws_duplicate"])
@pytest.mark.parametrize("venue", Venue)
async def test_b9_lost_stream_loses_no_fill(scene_of: MakeScene, venue: Venue, kind: str) -> None:
    """The stream of fills went away without a word, and nothing of it was ever replayed.

    REST finds what it did not tell, after a reconnect and on a timer, and each trade is booked
    once by its id, however often it is told.
    """
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        on = "ws" if venue is K else "ws /ws/user"
        count = 1 if kind == "ws_disconnect" else 1_000
        run.on("execution_opened", lambda: scene.fault(venue, kind, on=on, count=count))
        scene.open_edge()
        await run.closed()
        scene.venues[venue].faults.clear()
        # The end compares the record's cash and holdings with the venues' own.
        await run.stop()
        told = [record.fill.fill_id for record in booked(run)]
        assert len(told) == len(set(told))
        assert booked_e6(run, K) == booked_e6(run, P) == TWENTY


async def test_b10_restart_asks_for_what_was_sent_before_it_trades(scene_of: MakeScene) -> None:
    """A process died between send and answer; the next one began to trade and knew of nothing.

    The next start asks both venues for exactly the ids in the journal, and only then trades.
    """
    limits = {"trading.position_contracts_max": 60, "trading.edge_stable_ms": 0}
    async with scene_of(**limits) as scene:
        first = scene.start()
        await first.started()
        for venue in Venue:
            scene.fault(venue, "delay", delay_ms=500, when="after")
        scene.open_edge()
        await first.sent(2)
        await first.until(lambda: scene.held(YES) == (TWENTY, TWENTY), "both fills")
        await first.kill()
        (kalshi,), (polymarket,) = scene.wire.orders(K), scene.wire.orders(P)
        mark = len(scene.wire.asked)
        second = scene.start()
        await second.started()
        await second.poked(lambda: second.has_closed_since(1))
        await second.stop()
        later = scene.wire.asked[mark:]
        first_new = next(
            number
            for number, asked in enumerate(later)
            if asked.is_order and asked.key not in (kalshi.key, polymarket.key)
        )
        before = later[:first_new]
        # Kalshi by a fence under the same id, Polymarket by the hash; nothing was sent again.
        fences = [asked for asked in before if asked.is_fence]
        assert {fence.key for fence in fences} == {kalshi.key}
        looks = [asked for asked in before if "/data/order/" in asked.path]
        assert {asked.path.rpartition("/")[2] for asked in looks} == {polymarket.key}
        assert not [asked for asked in before if asked.is_order and not asked.is_fence]
        adopted = [closing for closing in second.closings if closing["execution_no"] == 1]
        assert adopted[0]["closed_as"] == "hedged"


LAGS: dict[str, tuple[Venue, dict[str, Any]]] = {
    "kalshi reads late": (K, {"kalshi": {"read_lag_ms": [500, 600]}}),
    "polymarket order absent": (
        P,
        {"polymarket": {"read_lag_ms": 600, "lagging_order": "absent"}},
    ),
    "polymarket order unfilled": (
        P,
        {"polymarket": {"read_lag_ms": 600, "lagging_order": "unfilled"}},
    ),
}


@pytest.mark.parametrize("lag", LAGS)
async def test_b11_read_that_lags_is_no_evidence(scene_of: MakeScene, lag: str) -> None:
    """Reads answered 404, or "resting", for up to a second after the order had filled.

    What a read does not show yet is no evidence: it is read again, for a bounded time.
    """
    venue, options = LAGS[lag]
    async with scene_of(**options) as scene:
        run = scene.start()
        await run.started()
        scene.fault(venue, "drop_after")
        # The private stream would tell at once.
        stream = "ws" if venue is K else "ws /ws/user"
        run.on("execution_opened", lambda: scene.fault(venue, "ws_mute", on=stream, count=1_000))
        scene.open_edge()
        (closing,) = await run.closed()
        await run.stop()
        assert "missed" not in run.answers(ORDER_NO[venue])
        assert run.answers(ORDER_NO[venue])[-1] == "filled"
        reads = scene.wire.of(venue, "GET", "/portfolio/orders" if venue is K else "/data/order")
        # It was not seen at first, and looked for again; not without end.
        assert 2 <= len(reads) <= 40
        assert (closing["closed_as"], closing["unknown_landed"]) == ("hedged", 1)
        assert scene.held(YES) == (TWENTY, TWENTY)
        assert len(scene.wire.orders()) == 2
