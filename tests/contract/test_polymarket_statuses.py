"""Every status of orders and trades as REST tells it: what a look-up and the fills make of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.contract.polymarket_steps import IOC, LIMIT_PRICE, empty_book, now_s, revoke
from tests.contract.polymarket_taken_cases import delayed, killed
from tests.contract.support_polymarket_client import GTC, SHARE, ref
from tests.contract.support_polymarket_rows import World, world_of
from tests.support.virtual import run_virtual
from twoleg.core.events import AnswerStatus
from twoleg.core.market import TimeInForce
from twoleg.sim.polymarket.engine import ENDS
from twoleg.venues.ports import CancelStatus, PreparedOrder

FILLED, PARTIAL = AnswerStatus.FILLED, AnswerStatus.PARTIAL
RESTING, MISSED = AnswerStatus.RESTING, AnswerStatus.MISSED
UNKNOWN = AnswerStatus.UNKNOWN
LARGE: dict[str, Any] = {"size_e6": 60 * SHARE, "spend_micros": 31_200_000}
READS: dict[str, dict[str, Any]] = {
    "plain": {},
    "prefixed": {"prefixes_orders": True},
    "trades without prefix": {"prefixes_trades": False},
    "no finished orders": {"shows_finished_orders": False},
    "late, absent": {"read_lag_ms": 1_000},
    "late, unfilled": {"read_lag_ms": 1_000, "lagging_order": "unfilled"},
    "late, no finished orders": {"read_lag_ms": 1_000, "shows_finished_orders": False},
}
Fate = Callable[[World], Awaitable[PreparedOrder]]


def sent(**changes: Any) -> Fate:
    async def fate(world: World) -> PreparedOrder:
        return await world.send(**changes)

    return fate


async def partly_canceled(world: World) -> PreparedOrder:
    prepared = await world.send(**{**GTC, "size_e6": 60 * SHARE})
    assert (await world.orders.cancel(ref(prepared))).status is CancelStatus.CANCELED
    return prepared


async def filled_by_others(world: World) -> PreparedOrder:
    prepared = await world.rest_order()
    world.place("ask", 4_000, 20)
    return prepared


async def partly_filled_by_others(world: World) -> PreparedOrder:
    prepared = await world.rest_order()
    world.place("ask", 4_000, 7)
    return prepared


async def expired(world: World) -> PreparedOrder:
    gtd = {**LIMIT_PRICE, "tif": TimeInForce.GTD, "expires_s": now_s(world) + 121}
    prepared = await world.send(**gtd)
    await world.clock.sleep(122)
    return prepared


async def resolved(world: World) -> PreparedOrder:
    prepared = await world.rest_order()
    world.sim.set_status(world.condition(), "resolved:1")
    return prepared


async def unmatched(world: World) -> PreparedOrder:
    killed(world)
    return await world.send(**GTC)


async def in_delay(world: World) -> PreparedOrder:
    await delayed(world)
    return await world.send()


async def in_delay_too_late(world: World) -> PreparedOrder:
    prepared = await in_delay(world)
    empty_book(world)
    return prepared


def ended(status: str, matched: int = 0) -> Fate:
    async def fate(world: World) -> PreparedOrder:
        prepared = await world.rest_order()
        if matched:
            world.place("ask", 4_000, matched)
        await world.admin("order", id=prepared.order_key, status=status)
        return prepared

    return fate


FATES: dict[str, tuple[AnswerStatus, int, Fate]] = {
    "LIVE": (RESTING, 0, sent(**LIMIT_PRICE)),
    "LIVE, partly filled at once": (RESTING, 50, sent(**{**GTC, "size_e6": 60 * SHARE})),
    "LIVE, partly filled later": (RESTING, 7, partly_filled_by_others),
    "MATCHED at once": (FILLED, 20, sent()),
    "MATCHED later": (FILLED, 20, filled_by_others),
    "CANCELED, partly filled": (PARTIAL, 50, partly_canceled),
    "CANCELED, the rest of a FAK": (PARTIAL, 50, sent(**IOC, **LARGE)),
    "CANCELED, a killed FOK": (MISSED, 0, sent(**LARGE)),
    "CANCELED_EXPIRED_ORDER": (MISSED, 0, expired),
    "CANCELED_MARKET_RESOLVED": (MISSED, 0, resolved),
    "UNMATCHED": (RESTING, 0, unmatched),
    "DELAYED, then MATCHED": (FILLED, 20, in_delay),
    "DELAYED, then killed": (MISSED, 0, in_delay_too_late),
    **{f"{status}, ended": (MISSED, 0, ended(status)) for status in ENDS},
    **{f"{status}, partly": (PARTIAL, 7, ended(status, 7)) for status in ENDS},
}


@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("name", FATES)
def test_order_is_found_as_it_is(name: str, reads: str) -> None:
    status, shares, fate = FATES[name]

    async def play() -> None:
        async with world_of(READS[reads]) as world:
            world.place("ask", 5_200, 50)
            opening_micros = world.wallet.cash_micros
            prepared = await fate(world)
            found = await world.orders.look_up(ref(prepared))
            if reads == "late, unfilled" and found.status is RESTING:
                # The venue shows it resting with nothing filled, for that second.
                await world.clock.sleep(1)
            found = await world.verify(prepared)
            assert (found.status, found.filled_e6) == (status, shares * SHARE)
            fills = await world.orders.read_fills(ref(prepared))
            spent = sum(fill.notional_micros + fill.fee_micros for fill in fills)
            assert opening_micros - world.wallet.cash_micros == spent

    run_virtual(play())


@pytest.mark.parametrize("word", ["ORDER_STATUS_TOMORROW", "TOMORROW", ""])
def test_status_that_nobody_has_described_is_neither_filled_nor_gone(word: str) -> None:
    async def play() -> None:
        async with world_of() as world:
            prepared = await world.rest_order()
            record = world.sim.engine.orders[prepared.order_key]
            record.note(world.sim.clock.now_ns(), word)
            found = await world.orders.look_up(ref(prepared))
            assert (found.status, found.filled_e6, found.code) == (UNKNOWN, 0, "not_told")
            assert len(world.orders.resting) == 1

    run_virtual(play())


REFUSED_READS = ("restarting", "too_many_requests", "disabled", "geoblocked", "cloudflare")
PATHS = ("/data/order", "/data/trades")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", [*REFUSED_READS, "could_not_insert"])
def test_look_up_that_is_refused_concludes_nothing_and_goes_on(name: str, path: str) -> None:
    async def play() -> None:
        async with world_of() as world:
            world.place("ask", 5_200, 50)
            prepared = await world.send()
            await world.answer(name, on=f"GET {path}", count=0)
            found = await world.orders.look_up(ref(prepared))
            assert (found.status, found.filled_e6, found.code) == (UNKNOWN, 0, "not_told")
            world.sim.engine.scripts.clear()
            await world.answer(name, on=f"GET {path}", count=3)
            assert (await world.verify(prepared)).status is FILLED

    run_virtual(play())


def test_look_up_with_a_revoked_key_concludes_nothing() -> None:
    async def play() -> None:
        async with world_of() as world:
            prepared = await world.send()
            revoke(world)
            found = await world.orders.look_up(ref(prepared))
            assert (found.status, found.code) == (UNKNOWN, "not_told")

    run_virtual(play())


def test_balance_that_moved_leaves_no_order_absent() -> None:
    async def play() -> None:
        # The order and its trade are shown only 20 seconds later.
        async with world_of({"read_lag_ms": 20_000}) as world:
            world.place("ask", 5_200, 50)
            await world.answer("could_not_insert", when="after")
            prepared = await world.send()
            found = await world.orders.look_up(ref(prepared))
            assert (found.status, found.code) == (UNKNOWN, "balance_moved")
            await world.clock.sleep(20)
            assert (await world.verify(prepared)).status is FILLED

    run_virtual(play())
