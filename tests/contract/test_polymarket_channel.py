"""Every status of orders as the user channel tells it."""

from typing import Any

import pytest

from tests.contract.polymarket_order_cases import FAK_TEXT, FOK_TEXT
from tests.contract.polymarket_steps import LIMIT_PRICE, empty_book
from tests.contract.polymarket_taken_cases import delayed
from tests.contract.support_polymarket_client import GTC, SHARE, ref
from tests.contract.support_polymarket_ears import Ears, listening, tell
from tests.contract.support_polymarket_rows import World, world_of
from tests.support.virtual import run_virtual
from twoleg.core.market import Outcome, Side, TimeInForce
from twoleg.sim.polymarket.engine import ENDS
from twoleg.venues.polymarket.order_updates import OrderState, OrderUpdate, UpdateKind
from twoleg.venues.ports import PreparedOrder

YES, BUY = Outcome.YES, Side.BUY
LARGE: dict[str, Any] = {"size_e6": 60 * SHARE, "spend_micros": 31_200_000}
"""More than the book of 50 holds."""


def last(ears: Ears, prepared: PreparedOrder) -> OrderUpdate:
    return [update for update in ears.orders if update.order_key == prepared.order_key][-1]


async def place_live(world: World) -> PreparedOrder:
    return await world.rest_order()


async def place_matched(world: World) -> PreparedOrder:
    return await world.send()


async def place_delayed(world: World) -> PreparedOrder:
    await delayed(world)
    return await world.send()


async def place_unmatched(world: World) -> PreparedOrder:
    await delayed(world)
    prepared = await world.send(**GTC)
    empty_book(world)
    await world.clock.sleep(4)
    return prepared


async def place_killed(world: World) -> PreparedOrder:
    return await world.send(**LARGE)


async def place_unmatched_fak(world: World) -> PreparedOrder:
    empty_book(world)
    return await world.send(tif=TimeInForce.IOC)


ORDERS: dict[str, tuple[Any, OrderState, UpdateKind, str]] = {
    "LIVE": (place_live, OrderState.RESTING, UpdateKind.PLACED, ""),
    "MATCHED": (place_matched, OrderState.MATCHED, UpdateKind.MATCHED, ""),
    "DELAYED": (place_delayed, OrderState.DELAYED, UpdateKind.PLACED, ""),
    "UNMATCHED": (place_unmatched, OrderState.RESTING, UpdateKind.MATCHED, ""),
    "CANCELED_FOK": (
        place_killed,
        OrderState.CANCELED,
        UpdateKind.CANCELED,
        FOK_TEXT,
    ),
    "CANCELED_FAK": (
        place_unmatched_fak,
        OrderState.CANCELED,
        UpdateKind.CANCELED,
        FAK_TEXT,
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_channel_tells_where_an_order_stands(name: str) -> None:
    place, state, kind, reason = ORDERS[name]

    async def play() -> None:
        async with world_of() as world, listening(world) as ears:
            world.place("ask", 5_200, 50)
            prepared = await place(world)
            await world.clock.sleep(0.5)
            update = last(ears, prepared)
            assert (update.state, update.kind, update.reason) == (state, kind, reason)
            assert (update.outcome, update.side) == (YES, BUY)
            record = world.sim.engine.orders[prepared.order_key]
            assert (update.filled_e6, update.size_e6) == (
                record.matched_e6,
                record.posted.shares_e6,
            )

    run_virtual(play())


@pytest.mark.parametrize("prefix", ["ORDER_STATUS_", ""])
@pytest.mark.parametrize("status", [*ENDS, "CANCELED_BY_TOMORROW"])
def test_channel_tells_every_end_of_an_order(status: str, prefix: str) -> None:
    async def play() -> None:
        async with world_of() as world, listening(world) as ears:
            prepared = await world.rest_order()
            record = world.sim.engine.orders[prepared.order_key]
            if status in ENDS and not prefix:
                await world.admin("order", id=prepared.order_key, status=status)
                await world.clock.sleep(1)
            else:
                event = record.to_event("CANCELLATION", world.sim.clock.now_ns())
                await tell(world, {**event, "status": prefix + status})
            update = last(ears, prepared)
            dead = OrderState.DEAD if status == "INVALID" else OrderState.CANCELED
            assert (update.state, update.kind) == (dead, UpdateKind.CANCELED)
            assert update.reason == status.partition("_")[2]

    run_virtual(play())


@pytest.mark.parametrize("prefix", ["ORDER_STATUS_", ""])
@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("LIVE", OrderState.RESTING),
        ("UNMATCHED", OrderState.RESTING),
        ("DELAYED", OrderState.DELAYED),
        ("MATCHED", OrderState.MATCHED),
        ("TOMORROW", OrderState.UNKNOWN),
    ],
)
def test_channel_may_write_states_with_a_prefix(
    status: str, state: OrderState, prefix: str
) -> None:
    async def play() -> None:
        async with world_of() as world, listening(world) as ears:
            prepared = await world.rest_order(**LIMIT_PRICE)
            record = world.sim.engine.orders[prepared.order_key]
            event = record.to_event("UPDATE", world.sim.clock.now_ns())
            await tell(world, {**event, "status": prefix + status})
            assert last(ears, prepared).state is state

    run_virtual(play())


@pytest.mark.parametrize("options", [{"tells_fak_update": True}, {"tells_fak_update": False}])
def test_channel_tells_what_a_fill_and_kill_got_before_it_ends(options: dict[str, Any]) -> None:
    async def play() -> None:
        async with world_of(options) as world, listening(world) as ears:
            world.place("ask", 5_200, 50)
            prepared = await world.send(**{**LARGE, "tif": TimeInForce.IOC})
            await world.clock.sleep(0.5)
            kinds = [update.kind for update in ears.orders]
            middle = [UpdateKind.MATCHED] if options["tells_fak_update"] else []
            assert kinds == [UpdateKind.PLACED, *middle, UpdateKind.CANCELED]
            update = last(ears, prepared)
            assert (update.state, update.filled_e6) == (OrderState.CANCELED, 50 * SHARE)
            assert sum(fill.size_e6 for fill in ears.fills) == 50 * SHARE

    run_virtual(play())


SPELLINGS = (
    {"empty_trades": "null", "match_time_name": "match_time"},
    {"empty_trades": "list", "match_time_name": "matchtime"},
)


@pytest.mark.parametrize("options", SPELLINGS)
def test_channel_may_spell_its_fields_otherwise(options: dict[str, Any]) -> None:
    async def play() -> None:
        async with world_of(options) as world, listening(world) as ears:
            prepared = await world.rest_order()
            await world.clock.sleep(0.5)
            assert last(ears, prepared).trade_ids == ()
            world.place("ask", 4_000, 7)
            await world.clock.sleep(0.5)
            (fill,) = await world.orders.read_fills(ref(prepared))
            assert ears.fills == [fill]
            assert fill.ts_event_ms > 0
            assert last(ears, prepared).trade_ids == (fill.fill_id.partition(":")[0],)

    run_virtual(play())
