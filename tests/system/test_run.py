"""`twoleg run` and `twoleg sim` as processes of their own, talking over real sockets."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Running, found_below, processes_of, start, until
from tests.system.support import (
    admin_url,
    assert_account_balances,
    assert_all_shipped,
    count_closed,
    first_line,
    read_json,
    read_records,
    venues,
)
from twoleg.core.market import Venue
from twoleg.storage.records import IntentRecorded, RunStarted


def events(daemon: Running) -> list[dict[str, Any]]:
    """Its log so far; every line but a last half-written one is JSON."""
    return [json.loads(line) for line in daemon.stdout().splitlines(keepends=True) if "\n" in line]


def count(daemon: Running, event: str) -> int:
    return sum(line["event"] == event for line in events(daemon))


def await_event(daemon: Running, event: str) -> None:
    until(lambda: count(daemon, event) > 0, why=event, running=daemon)


def test_paper_daemon_trades_on_paper_only_and_ends_on_sigterm(folder: Path) -> None:
    with venues(folder, mode="paper") as found:
        before = found.ledgers()
        # A crawl would hold the pairs of this world against its texts, which agree by name only.
        environment = {**found.environment, "TWOLEG_CATALOGUE__BACKGROUND": "false"}
        with start(
            ["run", "--config", found.config], folder=folder, environment=environment
        ) as daemon:
            await_event(daemon, "execution_closed")
            daemon.send(signal.SIGTERM)
            assert daemon.end(10) == 0, daemon.told()
        assert found.ledgers() == before
    assert daemon.stderr() == ""
    lines = events(daemon)
    assert {"event", "level", "timestamp"} <= set.intersection(*(set(line) for line in lines))
    assert [line["mode"] for line in lines if line["event"] == "started"] == ["paper"]
    assert count(daemon, "stop_requested") == 1
    assert count_closed(read_records(folder / "state", "paper")) >= 1
    assert_all_shipped(folder / "state", "paper")
    pem = (folder / "keys/kalshi-default.pem").read_text("ascii")
    assert not [line for line in pem.splitlines() if len(line) > 30 and line in daemon.stdout()]


def test_daemon_killed_with_an_order_out_finds_what_became_of_it(folder: Path) -> None:
    """The venue executes, the answer is held back, the daemon dies; the next one asks and covers."""
    state = folder / "state"
    with venues(folder, mode="sim") as found:
        late = {"on": "POST /order", "kind": "delay", "delay_ms": 1_200, "when": "after"}
        admin = admin_url(found.told[Venue.POLYMARKET])
        read_json(f"{admin}/_sim/faults", late, "POST")
        arguments = ["run", "--config", found.config]
        with start(arguments, folder=folder, environment=found.environment) as daemon:
            until(
                lambda: any('"t":"intent"' in text for text in journal_texts(state)),
                why="an order is announced",
                running=daemon,
            )
            daemon.send(signal.SIGKILL)
            daemon.process.wait()
        until(lambda: not processes_of(state), why="its database ends too")
        closed = count_closed(read_records(state))
        read_json(f"{admin}/_sim/faults", None, "DELETE")

        with start(arguments, folder=folder, environment=found.environment, name="next") as after:
            await_event(after, "started")
            assert count(after, "execution_recovered") >= 1
            until(
                lambda: count(after, "execution_closed") > 1, why="it trades again", running=after
            )
            after.send(signal.SIGTERM)
            assert after.end(30) == 0, after.told()
        assert_account_balances(state, found)
    records = read_records(state)
    announced = {one.execution_no for one in records if isinstance(one, IntentRecorded)}
    assert count_closed(records) == len(announced) > closed
    assert sum(isinstance(record, RunStarted) for record in records) == 2
    assert_all_shipped(state)


def journal_texts(state: Path) -> list[str]:
    return [
        path.read_bytes().decode("utf-8", "replace") for path in found_below(state, "*.journal")
    ]


@pytest.mark.parametrize("venue", ["kalshi", "polymarket"])
def test_simulator_prints_one_line_and_ends_on_sigterm(folder: Path, venue: str) -> None:
    arguments = ["sim", venue, "--port", "0", "--seed", "1", "--key-dir", folder / "keys"]
    with start(arguments, folder=folder) as simulator:
        told = first_line(simulator)
        markets = read_json(f"{admin_url(told)}/_sim/markets")["markets"]
        simulator.send(signal.SIGTERM)
        assert simulator.end(10) == 0
    assert len(simulator.stdout().splitlines()) == 1
    assert simulator.stderr() == ""
    wanted = {"chain_id", "api_key_id", "private_key_path", "wallet_key", "api_creds"}
    assert told.keys() == {"venue", "urls", *wanted}
    assert told["venue"] == venue
    assert all("127.0.0.1" in url for url in told["urls"].values())
    assert len(markets) == 10
    if venue == "kalshi":
        assert Path(told["private_key_path"]).is_file()


def test_simulator_without_a_key_folder_keeps_its_key_in_one_that_ends_with_it(
    folder: Path,
) -> None:
    with start(["sim", "kalshi", "--pairs", "1"], folder=folder) as simulator:
        key = Path(first_line(simulator)["private_key_path"])
        assert key.is_file()
        assert key.parent.stat().st_mode & 0o777 == 0o700
        simulator.send(signal.SIGTERM)
        assert simulator.end(10) == 0
    assert not key.parent.exists()
