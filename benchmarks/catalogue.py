"""The catalogue end to end: two simulated venues, `twoleg sync`, `twoleg match`, and the truth.

Both venues serve an invented catalogue of many markets beside a small traded world. The commands
run as processes on an empty embedded Postgres; then the table of pairs is compared with what the
simulators know: which pairs are true, and which only look so.

    python -m benchmarks.catalogue [--kalshi N] [--polymarket N] [--seed S] [--storm] [--show N]

`--storm` breaks pages and refuses for their rate in the middle of the lists. Prints one JSON
object, and exits with 1 if a pair was accepted that is none, or the wrong way, or a market is lost.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Final, NamedTuple

from twoleg.runtime.system import SystemClock, SystemEntropy
from twoleg.sim.catalogue.world import World
from twoleg.sim.kalshi.shelf import is_combination
from twoleg.sim.world import FlowWorld
from twoleg.storage.database import Database
from twoleg.storage.embedded import EmbeddedPostgres

VENUES: Final = ("kalshi", "polymarket")
# The traded world of the simulators, which is listed too.
WORLD_SEED: Final = 1
WORLD_PAIRS: Final = 3
END_S: Final = 20
STORM: Final = (
    {"kind": "http_429", "count": 2},
    {"kind": "http_429", "count": 20, "skip": 30},
    {"kind": "cut_body", "count": 1, "skip": 2},
    {"kind": "bad_json", "count": 1, "skip": 1},
    {"kind": "http_503", "count": 2, "skip": 1},
)
LISTS: Final = {"kalshi": "GET /trade-api/v2/markets", "polymarket": "GET /gamma/markets/keyset"}
STORED: Final = """
    SELECT venue, count(*) AS rows FROM twoleg.catalogue_market WHERE is_open GROUP BY venue"""
PAIRS: Final = """
    SELECT kalshi_market_id, polymarket_market_id, yes_token, class
    FROM twoleg.matched_market_pair WHERE origin = 'matcher' AND state <> 'retired'"""

Couple = tuple[str, str]
"""Kalshi ticker and Polymarket condition id."""


class Sizes(NamedTuple):
    """How many markets the venues list, and of which world."""

    kalshi: int = 100_000
    polymarket: int = 80_000
    seed: int = 1
    is_stormy: bool = False


class Truth(NamedTuple):
    """What the simulators know of couples."""

    # True pairs: family, relation by the outcome's place, and the token that pays with YES.
    pairs: dict[Couple, tuple[str, str, str]]
    # Couples that only look like pairs, by kind of difference.
    near: dict[Couple, list[str]]
    # Pairs of the traded world: true, and not counted.
    traded: frozenset[Couple]


class Pair(NamedTuple):
    """A pair that the matching has written."""

    couple: Couple
    token: str
    klass: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it once and print the report."""
    parser = argparse.ArgumentParser(prog="benchmarks.catalogue", description=__doc__)
    parser.add_argument("--kalshi", type=int, default=Sizes().kalshi, metavar="N")
    parser.add_argument("--polymarket", type=int, default=Sizes().polymarket, metavar="N")
    parser.add_argument("--seed", type=int, default=Sizes().seed, metavar="S")
    parser.add_argument("--storm", action="store_true", help="break and refuse pages")
    parser.add_argument(
        "--show", type=int, default=20, metavar="N", help="couples listed per fault"
    )
    chosen = parser.parse_args(arguments)
    sizes = Sizes(chosen.kalshi, chosen.polymarket, chosen.seed, chosen.storm)
    # Standard output is for the report alone.
    with redirect_stdout(sys.stderr):
        report = run(sizes, show=chosen.show)
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 0 if is_right(report) else 1


def is_right(report: Mapping[str, Any]) -> bool:
    """Whether all was read, no pair accepted that is none, and none the wrong way round."""
    is_whole = not any(report["lost"].values())
    return is_whole and not report["wrong"]["accepted"] and not report["polarity"]["wrong"]


def run(sizes: Sizes, *, show: int = 20) -> dict[str, Any]:
    """Start everything, sync, match, compare; RuntimeError names a command that failed."""
    with _folder() as folder, _server(folder) as dsn, _venues(folder, sizes) as told:
        config = folder / "twoleg.toml"
        config.write_text(_config(folder, told), "utf-8")
        environment = {**os.environ, "DATABASE_URL": dsn}
        sync = _command(["sync", "--config", str(config), "--json"], environment)
        match = _command(["match", "--config", str(config), "--json"], environment)
        again = _command(["match", "--config", str(config), "--json"], environment)
        truth = _truth(told)
        stored, pairs = asyncio.run(_read(dsn))
        return {
            "markets": {"kalshi": sizes.kalshi, "polymarket": sizes.polymarket},
            "lost": {venue: rows - stored[venue] for venue, rows in _expected(sizes).items()},
            "sync": sync,
            "match": match,
            "match_again": {name: again[name] for name in ("seconds", "peak_mb", "told")},
            **compared(truth, pairs, show=show),
        }


def compared(truth: Truth, pairs: Sequence[Pair], *, show: int = 20) -> dict[str, Any]:
    """What of the truth was found, and what was found that is not true."""
    planted, found = Counter[str](), Counter[str]()
    accepted = {pair.couple: pair for pair in pairs}
    missed: dict[str, list[Couple]] = defaultdict(list)
    reversed_: list[Couple] = []
    for couple, (family, _, token) in truth.pairs.items():
        planted[family] += 1
        pair = accepted.get(couple)
        if pair is None:
            missed[family].append(couple)
            continue
        found[family] += 1
        if pair.token != token:
            reversed_.append(couple)
    wrong = sorted(accepted.keys() - truth.pairs.keys() - truth.traded)
    kinds = Counter(kind for couple in wrong for kind in truth.near.get(couple, ["not planted"]))
    return {
        "pairs": {
            "planted": planted.total(),
            "found": found.total(),
            "missed": planted.total() - found.total(),
            "relations": dict(Counter(one[1] for one in truth.pairs.values())),
            "classes": dict(Counter(pair.klass for pair in pairs)),
        },
        "families": {
            family: {"planted": planted[family], "found": found[family]}
            for family in sorted(planted)
        },
        "near_misses": dict(
            sorted(Counter(kind for kinds in truth.near.values() for kind in kinds).items())
        ),
        "wrong": {"accepted": len(wrong), "kinds": dict(kinds), "couples": wrong[:show]},
        "polarity": {
            "right": found.total() - len(reversed_),
            "wrong": len(reversed_),
            "couples": reversed_[:show],
        },
        "missed": {family: couples[:show] for family, couples in sorted(missed.items())},
    }


# -- processes -------------------------------------------------------------------------------------


@contextmanager
def _folder() -> Generator[Path, None, None]:
    """A folder that the database's user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="twoleg-catalogue-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path) -> Generator[str, None, None]:
    server = EmbeddedPostgres(
        folder / "state", SystemClock(), SystemEntropy(), data_home=folder / "pg"
    )
    asyncio.run(server.start())
    try:
        yield server.dsn
    finally:
        asyncio.run(server.stop())


@contextmanager
def _venues(folder: Path, sizes: Sizes) -> Generator[dict[str, Any], None, None]:
    rows = {"kalshi": sizes.kalshi, "polymarket": sizes.polymarket}
    running: list[subprocess.Popen[str]] = []
    try:
        for venue in VENUES:
            options = folder / f"{venue}.json"
            catalogue = {"markets": rows[venue], "seed": sizes.seed}
            options.write_text(json.dumps({"catalogue": catalogue, "flow": False}), "utf-8")
            switches = ["--seed", str(WORLD_SEED), "--pairs", str(WORLD_PAIRS)]
            if sizes.is_stormy:
                faults = folder / f"{venue}-faults.json"
                rules = [{"on": LISTS[venue], **rule} for rule in STORM]
                faults.write_text(json.dumps(rules), "utf-8")
                switches += ["--faults", str(faults)]
            running.append(
                subprocess.Popen(
                    [*_PROGRAM, "sim", venue, *switches, "--options", str(options)],
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        yield {
            venue: json.loads(process.stdout.readline()) if process.stdout else {}
            for venue, process in zip(VENUES, running, strict=True)
        }
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(END_S)
            if process.stdout:
                process.stdout.close()


def _command(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Run a command of ours; its time, its peak memory and what it told."""
    with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as log:
        started_s = time.perf_counter()
        process = subprocess.Popen(
            [*_PROGRAM, *arguments], env=dict(environment), stdout=told, stderr=log
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started_s
        # wait4 has taken the end that Popen would wait for.
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        log.seek(0)
        if process.returncode:
            raise RuntimeError(
                f"twoleg {arguments[0]} ended with {process.returncode}: {log.read()}"
            )
        # Linux counts in KiB, macOS in bytes (getrusage(2)).
        unit = 1e6 if sys.platform == "darwin" else 1e3
        return {
            "seconds": round(seconds, 1),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
            "peak_mb": round(usage.ru_maxrss / unit),
            "told": json.loads(told.read()),
        }


_PROGRAM: Final = (sys.executable, "-m", "twoleg")


def _config(folder: Path, told: Mapping[str, Any]) -> str:
    kalshi, polymarket = told["kalshi"]["urls"], told["polymarket"]["urls"]
    names = ("clob", "gamma", "data", "ws_market", "ws_user")
    lines = [
        "[daemon]",
        'mode = "sim"',
        'environment = "simulated"',
        f'state_dir = "{folder / "state"}"',
        "[kalshi]",
        *(f'{name}_url = "{kalshi[name]}"' for name in ("rest", "ws")),
        "[polymarket]",
        *(f'{name}_url = "{polymarket[name]}"' for name in names),
    ]
    return "\n".join(lines) + "\n"


# -- what is true, and what was found --------------------------------------------------------------


def _truth(told: Mapping[str, Any]) -> Truth:
    """What both venues tell of a couple; what only one of them lists is no couple."""
    lines = {venue: {_key(line): line for line in _lines(told[venue])} for venue in VENUES}
    pairs: dict[Couple, tuple[str, str, str]] = {}
    near: dict[Couple, list[str]] = defaultdict(list)
    for key, line in lines["kalshi"].items():
        if key not in lines["polymarket"]:
            continue
        couple = key[0], key[1]
        if line["relation"] == "different":
            near[couple].append(line["kind"])
        else:
            pairs[couple] = line["kind"], line["relation"], line["token"]
    world = FlowWorld(WORLD_SEED, WORLD_PAIRS)
    traded = frozenset((one.kalshi.ticker, one.polymarket.condition_id) for one in world.pairs)
    return Truth(pairs, dict(near), traded)


def _key(line: Mapping[str, str]) -> tuple[str, str, str]:
    return line["kalshi"], line["polymarket"], line["kind"]


def _lines(told: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    urls = told["urls"]
    root = urls["clob"] if told["venue"] == "polymarket" else urls["rest"].rpartition("/trade")[0]
    after = "0"
    while after:
        request = urllib.request.Request(f"{root}/_sim/catalogue/truth?after={after}")
        with urllib.request.urlopen(request) as answer:
            after = answer.headers["X-Next-After"]
            yield from (json.loads(line) for line in answer.read().splitlines())


def _expected(sizes: Sizes) -> dict[str, int]:
    """How many markets a sync stores: all but Kalshi's combinations."""
    world = World(sizes.seed)
    combinations = sum(is_combination(world.kalshi(row)) for row in range(sizes.kalshi))
    return {
        "kalshi": sizes.kalshi - combinations + WORLD_PAIRS,
        "polymarket": sizes.polymarket + WORLD_PAIRS,
    }


async def _read(dsn: str) -> tuple[Counter[str], list[Pair]]:
    connection = await Database(dsn).connect()
    try:
        stored = Counter({row["venue"]: row["rows"] for row in await connection.fetch(STORED)})
        rows = await connection.fetch(PAIRS)
    finally:
        await connection.close()
    return stored, [
        Pair(
            (
                row["kalshi_market_id"].partition(":")[2],
                row["polymarket_market_id"].partition(":")[2],
            ),
            row["yes_token"],
            row["class"],
        )
        for row in rows
    ]


if __name__ == "__main__":
    raise SystemExit(main())
