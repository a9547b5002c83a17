"""Pairs of the matcher in a world without a database: its table, and who brings it to the daemon."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from tests.simulation.incarnation import Incarnation
from tests.simulation.plan import Item
from twoleg.core.market import Origin, Pair, PairId
from twoleg.runtime.app import App
from twoleg.runtime.pair_keeper import Armed

SHOWN_EVERY_S: Final = 1.0


class PairTable:
    """Which of the found pairs are armed, and since when; a living daemon is shown it now and then.

    As a database would be that the journal reaches late: what a process disarms by itself stands
    here as armed before that.
    """

    def __init__(
        self, pairs: tuple[Pair, ...], now_ns: Callable[[], int], counts: Counter[str]
    ) -> None:
        self._now_ns = now_ns
        self._counts = counts
        # Who was shown it last, and which of the pairs it followed.
        self._followed: tuple[App | None, set[PairId]] = (None, set())
        self.pairs = tuple(pair for pair in pairs if pair.origin is Origin.MATCHER)
        self._since_ns: dict[PairId, int] = {pair.id: now_ns() for pair in self.pairs}

    async def disarm(self, item: Item) -> None:
        """Somebody disarms one of them, and arms it again some time later."""
        pair = self.pairs[int(item.share * len(self.pairs))]
        self._since_ns.pop(pair.id, None)
        await asyncio.sleep(item.seconds)
        self._since_ns[pair.id] = self._now_ns()

    async def show(self, life: Callable[[], Incarnation | None]) -> None:
        """Show it to whoever lives, for ever."""
        while True:
            await asyncio.sleep(SHOWN_EVERY_S)
            living = life()
            if living is not None and living.app is not None:
                # In its own loop: what it does by that it does as a process that may die.
                living.loop.call_soon(self._tell, living.app)

    def _tell(self, app: App) -> None:
        if not app.has_started.is_set() or app.is_stopping:
            return
        self._count(app)
        told = [
            Armed(pair, self._since_ns[pair.id]) for pair in self.pairs if pair.id in self._since_ns
        ]
        app.pairing._keeper.take(told)

    def _count(self, app: App) -> None:
        """Put on record how often pairs came and left, restarts left out."""
        before = self._followed[1] if self._followed[0] is app else set[PairId]()
        ours = {pair.id for pair in self.pairs}
        followed = {pair.id for pair in app.pairing.followed()} & ours
        self._counts["pair:joined"] += len(followed - before)
        self._counts["pair:left"] += len(before - followed)
        self._followed = app, followed
