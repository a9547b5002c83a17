"""What runs beside the feeds: it goes on after a failure, and who owns the accounts is heeded."""

from typing import Any

import pytest

from tests.support.daemon import K, P, Run
from tests.support.scenes import MakeScene
from twoleg.core.actions import NoteKind
from twoleg.core.events import OperatorAct
from twoleg.errors import DatabaseUnavailable
from twoleg.runtime import keeper
from twoleg.runtime.archive import Archive
from twoleg.runtime.operators import Operators, Request, put_request
from twoleg.runtime.reconcile import Reconcile
from twoleg.runtime.snapshots import Snapshots
from twoleg.runtime.stats import Stats
from twoleg.runtime.tracking.venue import VenueTracker
from twoleg.storage.database import Connection

HALT = Request(act=OperatorAct.HALT, reason="stop it", actor="me")
BRISK = {"breaker.open_seconds": 1}


def why(run: Run) -> str:
    return run.app.engine.why_closed(run.app.seams.clock.monotonic_ns())


@pytest.mark.parametrize(
    ("part", "method", "name"),
    [
        (Operators, "take_requests", "operators"),
        (Snapshots, "look", "snapshots"),
        (Stats, "note_lag", "watch"),
        (VenueTracker, "tell_unclaimed", "track-"),
        (Reconcile, "_look_at_orders", "reconcile"),
    ],
)
async def test_side_work_that_failed_once_holds_entries_back_and_goes_on(
    scene_of: MakeScene,
    part: type,
    method: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A halt that is asked for after the failure counts, whatever it was that had failed."""
    monkeypatch.setattr(keeper, "CLEAN_S", 6.0)
    async with scene_of(**BRISK, **{"trading.reconcile_seconds": 5}) as scene:
        run = scene.start()
        await run.started()
        original = getattr(part, method)
        calls = 0

        def once(*arguments: Any) -> object:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise RuntimeError("once")
            return original(*arguments)

        monkeypatch.setattr(part, method, once)
        await run.until(lambda: "guard_tripped" in run.alarms(), "the failure")
        assert f"task:{name}" in why(run)
        await run.until(lambda: "guard_cleared" in run.alarms(), "its end")
        assert calls > 1
        seams = run.app.seams
        put_request(run.app.settings.state_dir, HALT, seams.clock, seams.entropy)
        await run.until(lambda: "operator_acted" in run.alarms(), "the halt")
        scene.open_edge()
        await run.settled()
        assert run.of(NoteKind.EXECUTION_OPENED) == []
        await run.stop()


async def test_accounts_that_cannot_be_proven_ours_stop_entries_until_they_were_looked_at(
    scene_of: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_of(**BRISK, **{"database.owner_grace_seconds": 1}) as scene:
        run = scene.start()
        await run.started()
        assert isinstance(run.app.archive, Archive)
        database = run.app.archive.database
        connection = await database.connect()
        looks: list[str] = []
        with monkeypatch.context() as away:
            away.setattr(database, "connect", _refuse)
            await connection.execute(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d"
                " ON d.oid = l.database WHERE l.locktype = 'advisory'"
                " AND d.datname = current_database()"
            )
            await run.until(lambda: "guard_tripped" in run.alarms(), "the doubt")
            assert "accounts_unproven" in why(run)
            scene.open_edge()
            await run.settled()
            assert run.of(NoteKind.EXECUTION_OPENED) == []
            look = run.app.accounts.compare

            async def compare(*arguments: Any) -> bool:
                looks.append(why(run))
                return await look(*arguments)

            monkeypatch.setattr(run.app.accounts, "compare", compare)
        await connection.close()
        await run.until(lambda: "guard_cleared" in run.alarms(), "the locks")
        assert len(looks) >= len((K, P))
        assert all("accounts_unproven" in reason for reason in looks)
        scene.open_edge()
        await run.poked(lambda: run.closings)
        await run.stop()


async def _refuse() -> Connection:
    raise DatabaseUnavailable("no way there")
