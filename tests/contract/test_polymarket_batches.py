"""Orders that rest, one by one and many at once; and what is lost on the way.

The first test lives on real sockets and in real time, all others where time jumps.
"""

from collections.abc import Sequence

import pytest

from tests.contract.polymarket_steps import LIMIT_PRICE, now_s
from tests.contract.polymarket_taken_cases import delayed
from tests.contract.support_polymarket_client import GTC, SHARE, ref
from tests.contract.support_polymarket_rows import FILLED, NOTHING, RESTS, Truth, World, world_of
from tests.support.virtual import run_virtual
from tests.unit.venues.polymarket.support import LoopNetwork
from twoleg.core.events import AnswerStatus
from twoleg.core.market import TimeInForce
from twoleg.venues.polymarket.gate import STATES
from twoleg.venues.ports import CancelStatus, PreparedOrder

REJECTED, RESTING, UNKNOWN = AnswerStatus.REJECTED, AnswerStatus.RESTING, AnswerStatus.UNKNOWN
MISSED = AnswerStatus.MISSED
CASH = 10_000_000_000


async def prices(world: World, count: int) -> list[PreparedOrder]:
    """BUYs of 20 YES, a cent apart from 0.10 upwards."""
    return [await world.prepare(**{**GTC, "limit_e4": 1_000 + 100 * i}) for i in range(count)]


async def test_orders_rest_fill_are_looked_up_and_cancelled_over_real_sockets() -> None:
    async with world_of(
        {}, {"absent_after_ms": 100, "flight_ms_max": 100, "look_up_poll_ms": 10}, LoopNetwork()
    ) as world:
        await world.orders.start()
        market = await world.market()
        assert await world.account.missing_allowances([market]) == ()
        resting = await world.rest_order(limit_e4=5_200)
        assert (await world.account.read_cash()).cash_micros == ((0, CASH - 10_400_000),)
        assert await world.account.read_balance() == CASH
        world.place("ask", 5_200, 5)
        assert (await world.verify(resting)).filled_e6 == 5 * SHARE
        assert (await world.account.read_cash()).cash_micros == ((0, CASH - 10_400_000),)
        orders = await prices(world, 17)
        answers = await world.orders.send_batch(orders)
        assert [answer.status for answer in answers] == [RESTING] * 17
        post_only = await world.rest_order(limit_e4=1_000, post_only=True)
        expires_s = now_s(world) + 150
        gtd = await world.rest_order(tif=TimeInForce.GTD, expires_s=expires_s, limit_e4=1_000)
        assert len(world.orders.resting) == 20
        told = await world.orders.cancel_batch([ref(order) for order in orders[:3]])
        assert [one.status for one in told] == [CancelStatus.CANCELED] * 3
        assert (await world.orders.cancel_market(market.native_id)).status is CancelStatus.CANCELED
        assert len(world.orders.resting) == 0
        for order in (*orders[:4], post_only, gtd):
            assert (await world.verify(order)).status is MISSED
        found = await world.verify(resting)
        assert (found.status, found.filled_e6) == (AnswerStatus.PARTIAL, 5 * SHARE)
        assert (await world.orders.cancel_all()).status is CancelStatus.CANCELED


def test_refusals_of_single_orders_stand_among_the_answers_of_a_batch() -> None:
    async def play() -> None:
        async with world_of() as world:
            world.place("ask", 5_200, 50)
            orders = [
                await world.prepare(**GTC),
                await world.prepare(**GTC, post_only=True),
                await world.prepare(**LIMIT_PRICE),
                await world.prepare(size_e6=90 * SHARE, spend_micros=46_800_000),
                await world.prepare(**{**LIMIT_PRICE, "size_e6": 100_000 * SHARE}),
                await world.prepare(tif=TimeInForce.IOC),
            ]
            orders.insert(3, orders[2])
            answers = await world.ask(world.orders.send_batch(orders))
            assert [(answer.status, answer.code) for answer in answers] == [
                (AnswerStatus.FILLED, ""),
                (REJECTED, "post_only_crosses"),
                (RESTING, ""),
                (RESTING, ""),
                (MISSED, "fok_killed"),
                (REJECTED, "insufficient_balance"),
                (AnswerStatus.FILLED, ""),
            ]
            assert world.wires[0].status == 200
            assert world.truth.trades == 2
            for order in orders:
                await world.verify(order)

    run_virtual(play())


@pytest.mark.parametrize("name", ["could_not_insert", "match_delayed", "not_ready"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_answer_in_front_of_a_whole_batch_leaves_each_order_to_its_look_up(
    name: str, when: str
) -> None:
    async def play() -> None:
        async with world_of() as world:
            orders = await prices(world, 3)
            await world.answer(name, on="POST /orders", when=when)
            answers = await world.ask(world.orders.send_batch(orders))
            assert {answer.status for answer in answers} == {UNKNOWN}
            assert len(world.truth.statuses) == (3 if when == "after" else 0)
            assert len(world.orders.resting) == 3
            for order in orders:
                await world.verify(order)
            assert len(world.orders.resting) == len(world.truth.statuses)

    run_virtual(play())


def test_error_in_the_middle_of_a_batch_leaves_what_was_placed_before() -> None:
    async def play() -> None:
        async with world_of() as world:
            orders = await prices(world, 3)
            await world.answer("timed_out")
            await world.answer("could_not_insert", when="after")
            answers = await world.ask(world.orders.send_batch(orders))
            assert {(answer.status, answer.code) for answer in answers} == {
                (UNKNOWN, "server_error")
            }
            found = [(await world.verify(order)).status for order in orders]
            assert found == [MISSED, RESTING, MISSED]

    run_virtual(play())


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("restarting", "engine_restarting"),
        ("cancel_only", "cancel_only"),
        ("disabled", "trading_disabled"),
        ("post_only", "post_only_mode"),
    ],
)
def test_paused_venue_takes_nothing_of_a_batch_but_only_a_look_up_is_sure(
    mode: str, code: str
) -> None:
    async def play() -> None:
        async with world_of() as world:
            await world.admin("mode", mode=mode)
            orders = await prices(world, 16)
            answers = await world.ask(world.orders.send_batch(orders))
            assert [(answer.status, answer.code) for answer in answers] == (
                [(UNKNOWN, code)] * 15 + [(REJECTED, code)]
            )
            assert {answer.is_unavailable for answer in answers} == {True}
            assert (world.truth, world.state) == (NOTHING, STATES[code])
            assert len(world.orders.resting) == 15
            assert (await world.verify(orders[0])).status is MISSED
            assert len(world.orders.resting) == 14

    run_virtual(play())


def test_batch_that_post_only_mode_stops_half_way_leaves_what_it_let_through() -> None:
    async def play() -> None:
        async with world_of() as world:
            await world.admin("mode", mode="post_only")
            orders = [await world.prepare(**GTC, post_only=is_first) for is_first in (True, False)]
            answers = await world.ask(world.orders.send_batch(orders))
            assert {(answer.status, answer.code) for answer in answers} == {
                (UNKNOWN, "post_only_mode")
            }
            assert world.truth == RESTS
            found = [(await world.verify(order)).status for order in orders]
            assert found == [RESTING, MISSED]

    run_virtual(play())

    run_virtual(play())


LOSSES: Sequence[tuple[str, Truth]] = (("drop_before", NOTHING), ("drop_after", FILLED))


@pytest.mark.parametrize(("kind", "truth"), LOSSES)
def test_order_without_an_answer_is_found_or_absent(kind: str, truth: Truth) -> None:
    async def play() -> None:
        async with world_of() as world:
            world.place("ask", 5_200, 50)
            world.add_fault("POST /order", kind)
            prepared = await world.send()
            assert (world.told, world.truth) == ((UNKNOWN, "no_answer", False), truth)
            found = await world.verify(prepared)
            assert found.status is (AnswerStatus.FILLED if truth is FILLED else MISSED)

    run_virtual(play())


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_resting_order_without_an_answer_counts_as_resting_until_it_is_looked_up(
    kind: str,
) -> None:
    async def play() -> None:
        async with world_of() as world:
            world.add_fault("POST /order", kind)
            prepared = await world.send(**LIMIT_PRICE)
            assert world.truth == (RESTS if kind == "drop_after" else NOTHING)
            assert len(world.orders.resting) == 1
            found = await world.verify(prepared)
            assert found.status is (RESTING if kind == "drop_after" else MISSED)
            assert len(world.orders.resting) == (1 if kind == "drop_after" else 0)

    run_virtual(play())


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_cancel_without_an_answer_says_nothing(kind: str) -> None:
    async def play() -> None:
        async with world_of() as world:
            prepared = await world.rest_order()
            # The transport tries a DELETE again when a warm connection is cut.
            world.add_fault("DELETE /order", kind, count=2)
            await world.ask(world.orders.cancel(ref(prepared)))
            assert world.told == (CancelStatus.UNKNOWN, "no_answer")
            assert world.truth.gone == (1 if kind == "drop_after" else 0)
            assert len(world.orders.resting) == 1
            found = await world.verify(prepared)
            assert found.status is (MISSED if kind == "drop_after" else RESTING)

    run_virtual(play())


def test_order_that_is_too_slow_is_unknown_and_found_when_it_has_happened() -> None:
    async def play() -> None:
        async with world_of() as world:
            world.place("ask", 5_200, 50)
            world.add_fault("POST /order", "delay", delay_ms=6_000)
            prepared = await world.send()
            assert world.told == (UNKNOWN, "no_answer", False)
            found = await world.verify(prepared)
            assert (found.status, world.sim.trades.by_id != {}) == (AnswerStatus.FILLED, True)

    run_virtual(play())


def test_delayed_order_is_not_cancellable_and_is_told_by_its_look_up() -> None:
    async def play() -> None:
        async with world_of() as world:
            world.place("ask", 5_200, 50)
            await delayed(world)
            prepared = await world.send(**GTC)
            assert (await world.orders.cancel(ref(prepared))).status is CancelStatus.REFUSED
            began_ns = world.clock.monotonic_ns()
            assert (await world.verify(prepared)).status is AnswerStatus.FILLED
            assert 2.5e9 < world.clock.monotonic_ns() - began_ns < 4e9

    run_virtual(play())
