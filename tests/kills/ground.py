"""What lives on between two kills: both simulated venues, a database, and the daemon's folder."""

import asyncio
import json
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.kills.record import Record
from tests.support.processes import make_folder
from tests.system.support import Venues, admin_url, read_json, venues
from tests.unit.storage.support import RealClock, SeededEntropy
from twoleg.cli.faults import ORDERS
from twoleg.core.market import Venue
from twoleg.storage.embedded import EmbeddedPostgres

PAIRS: Final = 10
TAP_MS: Final = 8
"""Every order's answer is this late: the window between a venue's act and our knowing of it. The
simulator's record of the delay names the order, which makes it a tap on the wire."""
RECORDS_MAX: Final = 10_000
"""So many records a simulator keeps."""
CHANCES: Final[Mapping[str, float]] = {
    "drop_after": 0.06,
    "drop_before": 0.05,
    "http_503": 0.02,
    "kill": 0.12,
    "partial": 0.10,
}
TRADING: Final = """[trading]
size_contracts_max = 60
position_contracts_max = 100000
unhedged_dollars_max = 150
edge_stable_ms = 5
"""
BREAKER: Final = """
[breaker]
failures_max = 50
open_seconds = 1
loss_dollars_max = 100000
unwind_rate_percent_max = 100
"""
"""Trade as much as there is, whatever it loses: what is tested is the record."""


@dataclass(frozen=True, slots=True)
class Wire:
    """Ids of the orders that reached a venue, as often as they did."""

    keys: tuple[str, ...]


@dataclass(slots=True)
class Ground:
    """The world around the daemon that is killed."""

    folder: Path
    found: Venues
    dsn: str
    record: Record
    # Names the output files of one daemon after the other.
    starts: int = field(default=0)

    @property
    def environment(self) -> dict[str, str]:
        return {**self.found.environment, "DATABASE_URL": self.dsn}

    def calm(self) -> None:
        """No crowd and no new fault: what is open can come to its end."""
        for told in self.found.told.values():
            ask(told, "faults", None, "DELETE")
            ask(told, "faults", {"rules": [tap(Venue(told["venue"]))]})
            ask(told, "flow", {"running": False})

    def storm(self) -> None:
        """The crowd trades, and orders go wrong."""
        for told in self.found.told.values():
            venue = Venue(told["venue"])
            ask(told, "faults", None, "DELETE")
            ask(told, "faults", {"rules": [tap(venue), *rules(venue)]})
            ask(told, "flow", {"running": True})

    def wire(self, venue: Venue) -> Wire:
        records = read_json(f"{admin_url(self.found.told[venue])}/_sim/faults")["records"]
        assert len(records) < RECORDS_MAX, "more orders than a simulator remembers"
        taps = [one for one in records if one["kind"] == "delay" and one["key"]]
        return Wire(tuple(str(one["key"]) for one in taps))

    def orders_seen(self, venue: Venue) -> int:
        """How many order requests a venue has met so far."""
        fired = read_json(f"{admin_url(self.found.told[venue])}/_sim/faults")["fired"]
        return int(fired.get("delay", 0))


def tap(venue: Venue) -> dict[str, object]:
    return {"on": ORDERS[venue], "kind": "delay", "delay_ms": TAP_MS, "when": "after"}


def rules(venue: Venue) -> list[dict[str, object]]:
    """The faults of the storm at one venue."""
    return [
        {
            "on": ORDERS[venue],
            "kind": kind,
            "probability": chance,
            **({"share": 0.4} if kind == "partial" else {}),
        }
        for kind, chance in CHANCES.items()
    ]


def ask(told: Mapping[str, Any], path: str, body: object, method: str = "POST") -> Any:
    return read_json(f"{admin_url(dict(told))}/_sim/{path}", body, method)


@contextmanager
def ground(seed: int) -> Generator[Ground]:
    """Both venues and a database of its own; nothing is left of them at the end."""
    folder = make_folder()
    home = folder / "server"
    server = EmbeddedPostgres(
        home,
        RealClock(),
        SeededEntropy(),
        data_home=home / "pg",
        initdb_options=("--no-sync",),
        server_settings=("fsync=off", "full_page_writes=off"),
    )
    asyncio.run(server.start())
    try:
        with venues(folder, mode="sim", seed=seed, pairs=PAIRS) as found:
            told = found.config.read_text("utf-8").replace("[trading]\n", TRADING) + BREAKER
            # Segments fill up within some kills: snapshots are written, and old ones go.
            told = told.replace("segment_mib = 16", "segment_mib = 2")
            told = told.replace("reserve_mib = 4", "reserve_mib = 1")
            found.config.write_text(told, "utf-8")
            record = Record(folder / "state/sim/journal", server.dsn)
            yield Ground(folder, found, server.dsn, record)
    finally:
        asyncio.run(server.stop())
        shutil.rmtree(folder)


def log_lines(text: str) -> list[dict[str, Any]]:
    """A daemon's log; its last line may be half written."""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
