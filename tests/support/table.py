"""The table of pairs, as the matcher and an operator write it, and a daemon beside it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from tests.support.daemon import K, P, Run, Scene
from tests.unit.storage.support import RealClock
from twoleg.core.fingerprint import rules_fingerprint
from twoleg.core.market import Pair, PairState
from twoleg.storage.database import Connection
from twoleg.storage.pair_rows import PairRow, matcher_pair_id
from twoleg.storage.pairs import PairStore

MODE: Final = "sim"
ARMED, DISARMED = PairState.ARMED, PairState.DISARMED
MakeTable = Callable[..., AbstractAsyncContextManager["Table"]]


class Table:
    """The table of pairs, as the matcher and an operator write it, and a daemon beside it.

    The file declares another pair than the scene's own, which is in the table; other pairs that a
    test puts there are named.
    """

    def __init__(self, scene: Scene, connection: Connection, dsn: str) -> None:
        self.scene = scene
        self.dsn = dsn
        self.connection = connection
        self.store = PairStore(connection, MODE, RealClock())
        self.id = self.id_of(scene.pair)

    def id_of(self, pair: Pair) -> str:
        return matcher_pair_id(pair.kalshi.partition(":")[2], pair.polymarket.partition(":")[2])

    async def started(self, **overrides: object) -> Run:
        run = self.scene.start(**overrides)
        await run.started()
        return run

    async def propose(self, run: Run, pair: Pair | None = None, **changes: Any) -> None:
        """As `twoleg match` does."""
        pair = pair or self.scene.pair
        given = {
            f"{kit.venue.value}_fingerprint": rules_fingerprint(await kit.read_market(pair))
            for kit in run.app._kits
        }
        values: dict[str, Any] = {
            "pair_id": self.id_of(pair),
            "kalshi": pair.kalshi,
            "polymarket": pair.polymarket,
            "polarity": pair.polarity,
            "similarity_e4": 9_000,
            "klass": "auto",
            "family": "contest",
            "yes_label": pair.polymarket_labels[0],
            "no_label": pair.polymarket_labels[1],
            "edge_micros_min": 10_000,
            **given,
            **changes,
        }
        await self.store.propose([PairRow(**values)])

    async def move(self, to: PairState, pair: Pair | None = None) -> None:
        pair_id = self.id_of(pair or self.scene.pair)
        await self.store.move(pair_id, to, "me", reason="a test")

    async def joined(self, run: Run, pair: Pair | None = None, **changes: Any) -> None:
        """Propose and arm; wait until the daemon may trade it."""
        await self.propose(run, pair, **changes)
        await self.armed(run, pair)

    async def armed(self, run: Run, pair: Pair | None = None) -> None:
        await self.move(ARMED, pair)
        await run.until(lambda: self.state_in(run, pair) is ARMED, "the pair in the run")
        await run.until(lambda: self.has_all_books(run), "its books")

    def has_all_books(self, run: Run) -> bool:
        """Whether each market of the run's pairs has a live book, and there is no other."""
        followed = run.app.pairing.followed()
        wanted = {pair.market_on(venue) for pair in followed for venue in (K, P)}
        books = run.app.engine.books().books
        return books.keys() == wanted and all(book.is_live for book in books.values())

    def state_in(self, run: Run, pair: Pair | None = None) -> PairState | None:
        pair_id = self.id_of(pair or self.scene.pair)
        pairs = run.app.pairing.followed()
        return next((each.state for each in pairs if each.id == pair_id), None)

    async def row(self) -> tuple[str, str]:
        row = await self.store.get(self.id)
        assert row is not None
        return row.state.value, row.state_reason

    async def row_is(self, state: str, reason: str) -> None:
        async with asyncio.timeout(15):
            row = await self.row()
            while row != (state, reason):
                # Rows have no event; the shipper is some milliseconds behind.
                await asyncio.sleep(0.02)
                row = await self.row()
