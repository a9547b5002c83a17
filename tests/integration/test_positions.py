"""`twoleg positions`: what a daemon has traded, as the database tells it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.daemon import K, P, make_scene
from twoleg.cli.positions import Holding, list_holdings, told
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.storage.database import Connection, Database
from twoleg.storage.positions import read_pairs_of, read_positions

NOW_MS = 1_790_000_000_000
ONE = 1_000_000


async def holdings(connection: Connection) -> list[Holding]:
    held = await read_positions(connection, "sim")
    pairs = await read_pairs_of(connection, "sim", [each.market_id for each in held])
    return list_holdings(held, pairs, NOW_MS)


@pytest.mark.parametrize(("winner", "redeemable"), [(0, 0), (1, 20 * ONE)])
async def test_pair_that_was_traded_is_told_until_its_market_is_ready_to_redeem(
    make_database: Callable[[], Awaitable[Database]], tmp_path: Path, winner: int, redeemable: int
) -> None:
    database = await make_database()
    async with make_scene(tmp_path, database.dsn) as scene:
        run = scene.start()
        await run.started()
        connection = await database.connect()
        assert told(await holdings(connection)) == ["nothing is held"]
        scene.open_edge()
        (closing,) = await run.closed()
        await run.calmed()
        assert await run.app.archive.drain(15)
        (before,) = await holdings(connection)
        assert (before.pair_id, before.state) == (scene.pair.id, "armed")
        assert (before.kalshi_e6, before.polymarket_e6) == ((20 * ONE, 0), (0, 20 * ONE))
        assert (before.hedged_e6, before.residual_e6) == (20 * ONE, 0)
        assert before.locked_micros == closing["spent_micros"]
        assert before.gain_micros == closing["net_micros"]
        assert (before.redeemable_micros, before.awaited_micros) == (0, 0)
        kalshi = scene.venues[K]
        assert isinstance(kalshi, KalshiSim)
        kalshi.lifecycle.determine(scene.native(K), "no" if winner else "yes")
        scene.venues[P].set_status(scene.native(P), f"resolved:{winner}")
        await run.until(lambda: run.alarms().count("market_resolved") == 2, "both ends")
        assert await run.app.archive.drain(15)
        (after,) = await holdings(connection)
        assert after.redeemable_micros == redeemable
        assert after.awaited_micros == 20 * ONE - redeemable
        assert ("redeem 20.00 dollars" in told([after])[1]) is bool(redeemable)
        assert f"ready to redeem: {redeemable / ONE:.2f} dollars" in told([after])[-1]
        await connection.close()
        await run.kill()
