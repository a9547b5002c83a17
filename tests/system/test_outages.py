"""The demo loses its database, or its life: nothing is lost, and nothing stays behind."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.support.processes import (
    Running,
    found_below,
    postmaster_of,
    processes_of,
    start,
    until,
)
from tests.system.support import (
    assert_all_shipped,
    executions_shown,
    open_journal,
    read_records,
)
from tests.unit.storage.support import RealClock, SeededEntropy
from twoleg.runtime.recovery import read_journal
from twoleg.storage.embedded import EmbeddedPostgres
from twoleg.storage.records import RunStarted


def await_executions(demo: Running, more: int) -> None:
    wanted = executions_shown(demo) + more
    until(lambda: executions_shown(demo) >= wanted, why="more executions", running=demo)


def interrupt(demo: Running) -> None:
    demo.send(signal.SIGINT)
    assert demo.end(40) == 0, demo.told()


def test_killed_database_is_started_again_and_gets_every_record(folder: Path) -> None:
    state = folder / "state"
    with start(["demo", "--seed", "3", "--state", state], folder=folder) as demo:
        await_executions(demo, 1)
        first = postmaster_of(state)
        os.kill(first, signal.SIGKILL)
        until(
            lambda: postmaster_of(state) not in (0, first),
            why="a new server is ready",
            running=demo,
        )
        await_executions(demo, 1)
        interrupt(demo)
    assert "postgres_died" in (state / "daemon.log").read_text("utf-8")
    assert processes_of(state) == {}
    assert_all_shipped(state)


def test_database_of_the_operator_may_be_away_for_a_while(folder: Path) -> None:
    state, home = folder / "state", folder / "server"
    server = EmbeddedPostgres(home, RealClock(), SeededEntropy(), data_home=home / "pg")
    asyncio.run(server.start())
    try:
        with start(
            ["demo", "--seed", "3", "--state", state],
            folder=folder,
            environment={"DATABASE_URL": server.dsn},
        ) as demo:
            await_executions(demo, 1)
            asyncio.run(server.stop())
            # Trading goes on meanwhile.
            await_executions(demo, 1)
            asyncio.run(server.start())
            interrupt(demo)
        assert not list(state.rglob("PG_VERSION"))
        assert "shipping_failed" in (state / "daemon.log").read_text("utf-8")
        assert_all_shipped(state, dsn=server.dsn)
    finally:
        asyncio.run(server.stop())
        until(lambda: not processes_of(home), why="the test's own server ended")


def test_database_that_does_not_answer_is_told_and_nothing_is_traded(folder: Path) -> None:
    address = "postgresql://somebody:hunter2-secret@127.0.0.1:1/twoleg"
    with start(
        ["demo", "--seed", "3", "--state", folder / "state"],
        folder=folder,
        environment={"DATABASE_URL": address},
    ) as demo:
        until(lambda: "waiting for the database" in demo.stdout(), why="it is told", running=demo)
        demo.send(signal.SIGINT)
        assert demo.end(20) == 1
    log = (folder / "state/daemon.log").read_text("utf-8")
    assert "nothing was traded" in demo.stdout()
    assert "database_not_ready" in log
    assert "hunter2" not in demo.told() + log


def test_killed_demo_leaves_no_process_and_the_next_goes_on_from_its_record(folder: Path) -> None:
    """The venues of the next demo are new ones, so the kill comes while nothing is open.

    What a kill does to an order that is out is shown with venues that live on, in test_run.
    """
    state = folder / "state"
    with start(["demo", "--seed", "3", "--state", state], folder=folder) as demo:
        until(lambda: stops_idle(demo, state), why="all that began has ended", running=demo)
        demo.send(signal.SIGKILL)
        demo.process.wait()
    until(lambda: not processes_of(state), why="simulators and database end too")
    known = read_records(state)
    tear_tail(state)
    arguments = ["demo", "--seed", "3", "--state", state, "--keep", "--seconds", "3"]
    with start(arguments, folder=folder, name="next") as after:
        assert after.end() == 0, after.told()
    assert "journal_tail_was_torn" in (state / "daemon.log").read_text("utf-8")
    records = read_records(state)
    assert records[: len(known)] == known
    assert sum(isinstance(record, RunStarted) for record in records) == 2
    assert "difference $0.000000" in after.stdout()
    assert_all_shipped(state)


def stops_idle(demo: Running, state: Path) -> bool:
    """Freeze the process, and let it go on if something is open: nothing begins after the look."""
    if not looks_idle(state):
        return False
    demo.send(signal.SIGSTOP)
    os.waitpid(demo.pid, os.WUNTRACED)
    if is_settled(state):
        return True
    demo.send(signal.SIGCONT)
    return False


def looks_idle(state: Path) -> bool:
    """Whether as many executions ended as began, and some did: cheap, for a first look."""
    data = b"".join(path.read_bytes() for path in found_below(state, "*.journal"))
    opened = data.count(b'"kind":"execution_opened"')
    return 0 < opened <= data.count(b'"kind":"execution_closed"')


def is_settled(state: Path) -> bool:
    """Whether nothing is open by the daemon's own reading, and no fill may still fail.

    Reads a copy: opening the journal itself is for its owner alone.
    """
    copy = state.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(state / "sim/journal", copy / "sim/journal")
    with open_journal(copy) as journal:
        return not read_journal(journal).unfinished


def tear_tail(state: Path) -> None:
    """Leave half a record at the end, as a write that was cut short does."""
    with open_journal(state) as journal:
        path, position = journal.segments[-1].path, journal.tail_position
        journal.append(
            RunStarted(wall_ns=1, run_id="", mode="", version="", member="", accounts={})
        )
        length = journal.tail_position - position
    with path.open("r+b") as file:
        file.seek(position + length // 2)
        file.write(bytes(length - length // 2))


def test_demo_is_not_kept_over_a_kill_that_left_something_open(folder: Path) -> None:
    """Its venues are gone, and nothing could ever tell what became of the order: it says so."""
    state = folder / "state"
    with start(["demo", "--seed", "3", "--state", state], folder=folder) as demo:
        until(lambda: stops_open(demo, state), why="something is open", running=demo)
        demo.send(signal.SIGKILL)
        demo.process.wait()
    until(lambda: not processes_of(state), why="simulators and database end too")
    arguments = ["demo", "--seed", "3", "--state", state, "--keep", "--seconds", "3"]
    with start(arguments, folder=folder, name="next") as after:
        assert after.end() != 0
    assert "not settled" in after.stderr()
    assert "Traceback" not in after.told()
    assert processes_of(state) == {}


def stops_open(demo: Running, state: Path) -> bool:
    """Freeze the process, and let it go on if nothing is open."""
    if not any(b'"t":"intent"' in path.read_bytes() for path in found_below(state, "*.journal")):
        return False
    demo.send(signal.SIGSTOP)
    os.waitpid(demo.pid, os.WUNTRACED)
    if not is_settled(state):
        return True
    demo.send(signal.SIGCONT)
    return False


@pytest.mark.parametrize("delay_s", [0.2, 0.6, 1.0, 1.5])
def test_demo_killed_while_starting_leaves_no_process(folder: Path, delay_s: float) -> None:
    """The simulators must notice even if they were not up yet when their parent died."""
    state = folder / "state"
    with start(["demo", "--seed", "3", "--state", state], folder=folder) as demo:
        # The moment is the point here, and there is nothing to wait for.
        with pytest.raises(AssertionError):
            until(lambda: False, why="the moment has come", seconds=delay_s)
        demo.send(signal.SIGKILL)
        demo.process.wait()
    until(lambda: not processes_of(state), why="whatever had been started ends", seconds=15)
