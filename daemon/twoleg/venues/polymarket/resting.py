"""Which orders of ours rest, or may: what heartbeats, reservations and look-ups go by."""

import asyncio
from typing import Final

from twoleg.core.orders import OrderRef

NEVER_S: Final = 1 << 62


class RestingOrders:
    """A set of orders by their id. An order that was sent and not answered counts as resting."""

    def __init__(self) -> None:
        self._refs: dict[str, OrderRef] = {}
        # Set while the set is not empty.
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._refs)

    def add(self, ref: OrderRef) -> None:
        """An order rests, or may."""
        self._refs[ref.order_key] = ref
        self._some.set()

    def drop(self, order_key: str) -> None:
        """An order rests no more; nothing happens if it was not known."""
        self._refs.pop(order_key, None)
        if not self._refs:
            self._some.clear()

    def refs(self) -> tuple[OrderRef, ...]:
        """All of them, in the order in which they were added."""
        return tuple(self._refs.values())

    def drop_expired(self, now_s: int) -> None:
        """Forget GTD orders whose time is over: the venue has dropped them by itself."""
        expiries = {key: ref.spec.expires_s or NEVER_S for key, ref in self._refs.items()}
        for key, expires_s in expiries.items():
            # A minute late: the venue drops them up to one after their time.
            if expires_s + 60 < now_s:
                self.drop(key)

    async def wait_some(self) -> None:
        """Return as soon as something rests."""
        await self._some.wait()
