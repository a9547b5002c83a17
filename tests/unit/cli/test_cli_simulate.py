"""`twoleg sim`: what its switches hand on, and that its page names all there is to choose."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tests.support.processes import ROOT
from tests.unit.cli.conftest import Run
from twoleg.cli import simulate
from twoleg.sim.admin import add_admin_routes
from twoleg.sim.base import ADMIN_PREFIX
from twoleg.sim.faults import KINDS
from twoleg.sim.kalshi.options import KalshiOptions
from twoleg.sim.polymarket.options import PolymarketOptions
from twoleg.sim.prices import Venue
from twoleg.sim.run import make_venue

PAGE = (ROOT / "docs" / "simulators.md").read_text("utf-8")
# `name` | `default` of a row about an option.
OPTION = re.compile(r"^\| `(\w+)` \| `(.+?)` \|", re.MULTILINE)


def test_switches_are_handed_on(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, Mapping[str, Any]]] = []

    async def run_venue(venue: str, **given: Any) -> None:
        asked.append((venue, given))

    monkeypatch.setattr(simulate, "run_venue", run_venue)
    faults, options = tmp_path / "faults.json", tmp_path / "options.json"
    faults.write_text('[{"on": "ws", "kind": "ws_gap"}]', "utf-8")
    options.write_text('{"flow": false}', "utf-8")
    switches = ["--port=7", "--seed=2", "--pairs=3", "--epoch-ms=4", "--speed=600"]
    files = [f"--faults={faults}", f"--options={options}", f"--key-dir={tmp_path / 'keys'}"]
    assert run("sim", "kalshi", *switches, *files).code == 0
    assert asked == [
        (
            "kalshi",
            {
                "port": 7,
                "seed": 2,
                "pairs": 3,
                "epoch_ms": 4,
                "speed": 600,
                "key_dir": str(tmp_path / "keys"),
                "faults": [{"on": "ws", "kind": "ws_gap"}],
                "options": {"flow": False},
            },
        )
    ]
    assert run("sim", "polymarket").code == 0
    assert (asked[1][0], asked[1][1]["speed"]) == ("polymarket", 1)


def test_help_names_the_page_and_every_kind_of_fault(run: Run) -> None:
    told = " ".join(run("sim", "--help").out.split())
    assert "docs/simulators.md" in told
    assert ADMIN_PREFIX in told
    assert [kind for kind in KINDS if kind not in told] == []


@pytest.mark.parametrize(
    ("title", "options"), [("Kalshi", KalshiOptions()), ("Polymarket", PolymarketOptions())]
)
def test_page_tells_every_option_and_its_default(title: str, options: msgspec.Struct) -> None:
    part = PAGE.split(f"## Options of {title}\n")[1].split("\n## ")[0]
    told = {name: json.loads(default) for name, default in OPTION.findall(part)}
    assert told == json.loads(msgspec.json.encode(options))


def test_page_tells_every_kind_of_fault() -> None:
    part = PAGE.split("## Faults\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", "".join(rows))) == sorted(KINDS)


@pytest.mark.parametrize("venue", ["kalshi", "polymarket"])
def test_page_tells_every_admin_call(venue: Venue) -> None:
    app = web.Application()
    sim = make_venue(venue, pairs=1, options={"flow": False})
    add_admin_routes(app, sim)
    sim.add_routes(app)
    paths = {(r.method, r.resource.canonical) for r in app.router.routes() if r.resource}
    calls = {f"`{method} {path}`" for method, path in paths if path.startswith(ADMIN_PREFIX)}
    calls = {call for call in calls if not call.startswith("`HEAD")}
    assert sorted(call for call in calls if call not in PAGE) == []
    assert len(calls) > 10
