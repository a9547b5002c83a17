"""A daemon that finds its pairs itself: crawl, match, arm, join, trade, and stop at a new text."""

import json
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.processes import Running, postmaster_of, start, until
from tests.system.support import Venues, admin_url, read_json, read_records, venues
from twoleg.core.market import Venue
from twoleg.storage.records import NoteRecorded

ENDS_SOON = "This market resolves to Yes whatever happens."
FAIR_E4, CHEAP_E4 = 5_000, 4_000
"""Best bids, a cent below the asks: what is bought cheap is sold for nine cents more."""


def events(daemon: Running, name: str) -> list[dict[str, Any]]:
    lines = daemon.stdout().splitlines(keepends=True)
    told = (json.loads(line) for line in lines if line.endswith("\n"))
    return [line for line in told if line["event"] == name]


def until_told(daemon: Running, name: str, count: int = 1) -> list[dict[str, Any]]:
    return until(
        lambda: (found := events(daemon, name))[count - 1 :] and found, why=name, running=daemon
    )


@contextmanager
def finding(folder: Path, policy: str) -> Generator[tuple[Venues, Running], None, None]:
    """A daemon in mode sim without a pair of its own, between venues without a crowd."""
    with venues(folder, mode="sim") as found:
        for told in found.told.values():
            read_json(f"{admin_url(told)}/_sim/flow", {"running": False})
        (folder / "pairs.toml").write_text("", "utf-8")
        found.config.write_text(
            found.config.read_text("utf-8")
            + f'[catalogue]\nbackground = true\n[pairing]\npolicy = "{policy}"\n'
            "edge_percent_min = 1\n",
            "utf-8",
        )
        arguments = ["run", "--config", found.config]
        with start(arguments, folder=folder, environment=found.environment) as daemon:
            yield found, daemon


def quote(found: Venues, venue: Venue, market: str, bid_e4: int) -> None:
    """Nobody quotes a market but these two, a cent apart."""
    admin = admin_url(found.told[venue])
    read_json(f"{admin}/_sim/clear", {"market": market})
    for side, price_e4 in (("bid", bid_e4), ("ask", bid_e4 + 100)):
        order = {"market": market, "side": side, "price_e4": price_e4, "size_e6": 50_000_000}
        read_json(f"{admin}/_sim/orders", order)


def open_edge(found: Venues, kalshi: str, polymarket: str) -> None:
    quote(found, Venue.POLYMARKET, polymarket, FAIR_E4)
    quote(found, Venue.KALSHI, kalshi, CHEAP_E4)


def run_command(found: Venues, folder: Path, *words: str) -> str:
    """A command beside the daemon."""
    arguments = [*words, "--config", found.config]
    with start(arguments, folder=folder, name="command") as running:
        assert running.end() == 0, running.told()
        return running.stdout()


def test_found_pair_is_armed_joins_and_trades_until_its_rules_change(folder: Path) -> None:
    with finding(folder, "auto") as (found, daemon):
        [joined] = until_told(daemon, "pair_joined")
        shown = run_command(found, folder, "pairs", "show", joined["pair_id"], "--json")
        row = json.loads(shown)["pair"]
        kalshi, polymarket = (row[name].partition(":")[2] for name in ("kalshi", "polymarket"))
        open_edge(found, kalshi, polymarket)
        until_told(daemon, "execution_closed")
        change = {"market": kalshi, "event": "metadata_updated", "texts": {"rules": ENDS_SOON}}
        read_json(f"{admin_url(found.told[Venue.KALSHI])}/_sim/lifecycle", change)
        until_told(daemon, "rules_changed")
        # The edge is there again, and time enough to take it: two commands run meanwhile.
        open_edge(found, kalshi, polymarket)
        run_command(found, folder, "sync", "--market", f"kalshi:{kalshi}")
        shown = run_command(found, folder, "pairs", "show", joined["pair_id"], "--json")
        row = json.loads(shown)["pair"]
        assert (row["state"], row["state_reason"]) == ("disarmed", "rules_changed")
        daemon.send(signal.SIGTERM)
        assert daemon.end(10) == 0, daemon.told()
    notes = [one for one in read_records(folder / "state") if isinstance(one, NoteRecorded)]
    told = [str(one.fields.get("event", one.kind)) for one in notes]
    assert "execution_opened" in told
    assert "execution_opened" not in told[told.index("rules_changed") :]


def test_pair_armed_after_the_database_was_killed_joins(folder: Path) -> None:
    with finding(folder, "manual") as (found, daemon):
        until(lambda: events(daemon, "pairs_matched"), why="a match", running=daemon)
        assert not events(daemon, "pair_joined")
        killed = postmaster_of(folder)
        os.kill(killed, signal.SIGKILL)
        until_told(daemon, "postgres_started", 2)
        [pair_id] = [
            row["pair_id"]
            for row in json.loads(run_command(found, folder, "pairs", "list", "--json"))
        ]
        names = json.loads(run_command(found, folder, "pairs", "diff", pair_id, "--json"))
        flags = [part for name in names["to_acknowledge"] for part in ("--acknowledge", name)]
        run_command(found, folder, "pairs", "approve", pair_id, *flags)
        [joined] = until_told(daemon, "pair_joined")
        assert joined["pair_id"] == pair_id
        daemon.send(signal.SIGTERM)
        assert daemon.end(10) == 0, daemon.told()
