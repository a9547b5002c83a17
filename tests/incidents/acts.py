"""What the tests of sections D and E share: executions one at a time, ledgers, troubles."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.support.daemon import K, P, Run, Scene
from twoleg.core.breaker import Breaker
from twoleg.core.events import OperatorAct
from twoleg.core.market import Outcome, Side
from twoleg.runtime.operators import Request, put_request
from twoleg.runtime.system import SystemClock, SystemEntropy
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.storage.database import Connection, Database
from twoleg.storage.embedded import EmbeddedPostgres

ONE: Final = 1_000_000
TWENTY: Final = 20 * ONE
TICKS: Final = 12


def kalshi_of(scene: Scene) -> KalshiSim:
    sim = scene.venues[K]
    assert isinstance(sim, KalshiSim)
    return sim


def polymarket_of(scene: Scene) -> PolymarketSim:
    sim = scene.venues[P]
    assert isinstance(sim, PolymarketSim)
    return sim


def breaker_of(run: Run) -> Breaker:
    return run.app.engine._executions.breaker


def why(run: Run) -> str:
    """What keeps executions from starting."""
    return run.app.engine.why_closed(run.app.seams.clock.monotonic_ns())


def lost_micros(run: Run) -> int:
    """What the breaker counts as lost within the day."""
    return breaker_of(run).lost_micros(run.app.seams.clock.monotonic_ns())


def cash_micros(scene: Scene) -> int:
    """Our cash on both venues, all shards, by their own ledgers."""
    return sum(sum(ledger.cash_micros.values()) for ledger in scene.ledgers().values())


def payouts_e6(scene: Scene) -> dict[bool, int]:
    """What the ledgers' holdings pay if Kalshi's market ends YES, and if it ends NO.

    By the simulated world's own word for how the two markets belong together.
    """
    (spec,) = [one for one in kalshi_of(scene).world.pairs if one.kalshi.ticker == scene.native(K)]
    ledgers = scene.ledgers()
    kalshi_e6 = ledgers[K].held_e6.get(spec.kalshi.ticker, 0)
    first, second = (ledgers[P].held_e6.get(token, 0) for token in spec.polymarket.token_ids)
    paid: dict[bool, int] = {}
    for is_yes in (True, False):
        wins_first = is_yes is (spec.polarity == "same")
        kalshi_pays = max(0, kalshi_e6) if is_yes else max(0, -kalshi_e6)
        paid[is_yes] = kalshi_pays + (first if wins_first else second)
    return paid


# -- the daemon -----------------------------------------------------------------------------


async def execute(scene: Scene, run: Run) -> dict[str, Any]:
    """Let exactly one more execution run to its end; its closing note."""
    count, operators = len(run.closings), run.app.operators
    run.on("execution_opened", lambda: operators.operate(OperatorAct.PAUSE, "one", "test"))
    scene.open_edge()
    await run.poked(lambda: len(run.closings) > count)
    scene.close_edge()
    await run.settled()
    book = run.app.engine.books().books[scene.pair.kalshi]
    await run.until(lambda: not book.ladder(Outcome.YES, Side.BUY, 1), "the end of the edge")
    operators.operate(OperatorAct.RESUME, "one", "test")
    assert len(run.closings) == count + 1
    return run.closings[-1]


async def tick(run: Run, count: int = TICKS) -> None:
    """Let the daemon decide on so many further ticks."""
    ticks = run.app.stats.ticks
    await run.poked(lambda: run.app.stats.ticks > ticks + count)


async def nothing_leaves(run: Run) -> None:
    """Offer the edge anew and tick: no order reaches a venue."""
    scene = run.scene
    await run.settled()
    before = scene.keys_at_wire()
    scene.close_edge()
    scene.open_edge()
    await tick(run)
    assert scene.keys_at_wire() == before
    assert run.app.engine.open_executions == 0


def ask(scene: Scene, act: OperatorAct) -> None:
    """Leave an operator's request as the command line does."""
    request = Request(act=act, reason="by test", actor="tester")
    put_request(scene.folder / "state" / "sim", request, SystemClock(), SystemEntropy())


# -- troubles -------------------------------------------------------------------------------


class AheadClock:
    """A venue's clock, ahead of ours."""

    def __init__(self, clock: Any, ahead_s: int) -> None:
        self._clock = clock
        self._ahead_ns = ahead_s * 1_000_000_000

    def now_ns(self) -> int:
        return int(self._clock.now_ns()) + self._ahead_ns

    def monotonic_ns(self) -> int:
        return int(self._clock.monotonic_ns())


@asynccontextmanager
async def blocked(url: str) -> AsyncGenerator[None]:
    """Hold a lock that every write of the archive waits for."""
    connection = await Database(url).connect()
    await connection.execute("BEGIN")
    await connection.execute("LOCK TABLE twoleg.journal, twoleg.journal_record")
    try:
        yield
    finally:
        await connection.execute("ROLLBACK")
        await connection.close()


@asynccontextmanager
async def down(server: EmbeddedPostgres) -> AsyncGenerator[None]:
    """End every connection to the scenarios' database, and let none in."""
    connection = await Database(server.dsn).connect()
    await _allow(connection, is_allowed=False)
    try:
        yield
    finally:
        await _allow(connection, is_allowed=True)
        await connection.close()


async def _allow(connection: Connection, *, is_allowed: bool) -> None:
    await connection.execute(f"ALTER DATABASE scenarios ALLOW_CONNECTIONS {is_allowed}")
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'scenarios'"
    )
