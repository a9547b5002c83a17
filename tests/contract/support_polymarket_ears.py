"""What the user channel tells a trader of the simulator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.contract.support_polymarket_client import Trader
from tests.contract.support_polymarket_rows import World
from twoleg.core.events import Fill
from twoleg.venues.polymarket.feed import PolymarketFeed, PushSinks
from twoleg.venues.polymarket.order_updates import OrderUpdate


class Ears:
    """What the user channel has told one trader."""

    def __init__(self) -> None:
        self.fills: list[Fill] = []
        self.orders: list[OrderUpdate] = []
        self.ups = 0

    def up(self) -> None:
        self.ups += 1


@asynccontextmanager
async def listening(trader: Trader) -> AsyncIterator[Ears]:
    """A feed of one trader, its user channel up."""
    ears, site = Ears(), trader.site
    feed = PolymarketFeed(
        network=site.network,
        clock=site.clock,
        entropy=trader.entropy,
        markets=[await trader.market()],
        on_event=lambda _event: None,
        on_fill=ears.fills.append,
        on_up=ears.up,
        pushes=PushSinks(on_order=ears.orders.append),
        credentials=trader.credentials,
        urls=site.urls,
        options=site.options,
    )
    task = asyncio.create_task(feed.run())
    try:
        await site.clock.sleep(1)
        assert ears.ups == 1
        yield ears
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def tell(world: World, event: dict[str, Any]) -> None:
    """Have the user channel say this to everybody."""
    await world.admin("event", channel="user", event=event)
    await world.clock.sleep(1)
