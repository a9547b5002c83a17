"""What a run left behind: its journal and its database, read after the processes have ended."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.processes import Running, start, until
from tests.unit.storage.support import RealClock, SeededEntropy
from twoleg.cli.summary import (
    VenueLedger,
    deposit_wallet_of,
    derive_ledger,
    difference_micros,
    pair_net_e6,
    read_venue_ledger,
)
from twoleg.core.market import Market, MarketId, Pair, Venue
from twoleg.settings import load_pairs
from twoleg.sim.world import FlowWorld
from twoleg.storage.cursor import JournalRecord
from twoleg.storage.database import Database
from twoleg.storage.embedded import EmbeddedPostgres
from twoleg.storage.journal import Journal
from twoleg.storage.records import MarketSeen, NoteRecorded

EXECUTION: Final = re.compile(r"^ *\d+  pair-\d\d ", re.MULTILINE)
COUNT_RECORDS: Final = "SELECT count(*) FROM twoleg.journal_record WHERE journal_uuid = $1"
LIST_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'twoleg' ORDER BY 1"


@contextmanager
def open_journal(state: Path, mode: str = "sim") -> Iterator[Journal]:
    journal = Journal.open(
        state / mode / "journal",
        sync="process",
        clock=RealClock(),
        entropy=SeededEntropy(),
        mode=mode,
    )
    try:
        yield journal
    finally:
        journal.close()


def read_records(state: Path, mode: str = "sim") -> list[JournalRecord]:
    with open_journal(state, mode) as journal:
        return [record for _, record in journal.read()]


def count_closed(records: Sequence[JournalRecord]) -> int:
    return sum(isinstance(one, NoteRecorded) and one.kind == "execution_closed" for one in records)


def assert_all_shipped(state: Path, mode: str = "sim", *, dsn: str = "") -> None:
    """Every record of the journal stands in Postgres."""
    with open_journal(state, mode) as journal:
        journal_uuid, last_seq = journal.journal_uuid, journal.last_seq

    async def count(dsn: str) -> int:
        connection = await Database(dsn).connect()
        try:
            return int(await connection.fetchval(COUNT_RECORDS, journal_uuid))
        finally:
            await connection.close()

    assert last_seq > 0
    assert (asyncio.run(count(dsn)) if dsn else with_postgres(state, mode, count)) == last_seq


def dump(state: Path, mode: str = "sim") -> str:
    """All rows of all our tables as text."""

    async def read(dsn: str) -> str:
        connection = await Database(dsn).connect()
        try:
            tables = [row["tablename"] for row in await connection.fetch(LIST_TABLES)]
            texts: list[str] = []
            for table in tables:
                rows = await connection.fetch(f"SELECT row_to_json(t)::text FROM twoleg.{table} t")
                texts += [row[0] for row in rows]
            return "\n".join(texts)
        finally:
            await connection.close()

    return str(with_postgres(state, mode, read))


def with_postgres(state: Path, mode: str, work: Any) -> Any:
    """Run `work(dsn)` with the embedded server of a run that is over."""

    async def run() -> Any:
        server = EmbeddedPostgres(state / mode, RealClock(), SeededEntropy())
        await server.start()
        try:
            return await work(server.dsn)
        finally:
            await server.stop()

    return asyncio.run(run())


def executions_shown(running: Running) -> int:
    return len(EXECUTION.findall(running.stdout()))


# -- the daemon between two simulators that the test owns ------------------------------------------


@dataclass(frozen=True, slots=True)
class Venues:
    """Two simulated venues, what they told, and the settings that point at them."""

    told: dict[Venue, dict[str, Any]]
    config: Path
    pairs: tuple[Pair, ...]
    environment: dict[str, str]

    def ledgers(self) -> dict[Venue, VenueLedger]:
        accounts = {
            Venue.KALSHI: "default",
            Venue.POLYMARKET: funder_of(self.told[Venue.POLYMARKET]),
        }
        return {
            venue: read_venue_ledger(read_json(f"{admin_url(told)}/_sim/ledger"), accounts[venue])
            for venue, told in self.told.items()
        }


def funder_of(told: dict[str, Any]) -> str:
    return deposit_wallet_of(read_json(f"{admin_url(told)}/_sim/ledger"))


def admin_url(told: dict[str, Any]) -> str:
    urls = told["urls"]
    return str(urls.get("clob") or urls["rest"].removesuffix("/trade-api/v2"))


def read_json(url: str, body: object = None, method: str | None = None) -> Any:
    """Ask a simulator; never through a proxy of the environment."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    data = None if body is None else json.dumps(body).encode()
    with opener.open(urllib.request.Request(url, data=data, method=method), timeout=10) as answer:
        return json.loads(answer.read())


def first_line(running: Running) -> dict[str, Any]:
    until(lambda: "\n" in running.stdout(), why="the simulator tells", running=running)
    told: dict[str, Any] = json.loads(running.stdout().splitlines()[0])
    return told


@contextmanager
def venues(folder: Path, *, mode: str, seed: int = 3, pairs: int = 6) -> Iterator[Venues]:
    """Both simulators, and settings and pairs for a daemon between them."""
    switches = ["--seed", seed, "--pairs", pairs, "--key-dir", folder / "keys"]
    with (
        start(["sim", "kalshi", *switches], folder=folder, name="kalshi") as kalshi,
        start(["sim", "polymarket", *switches], folder=folder, name="polymarket") as polymarket,
    ):
        told = {Venue.KALSHI: first_line(kalshi), Venue.POLYMARKET: first_line(polymarket)}
        config = folder / "twoleg.toml"
        config.write_text(config_text(folder, mode, told), "utf-8")
        (folder / "pairs.toml").write_text(pairs_text(FlowWorld(seed, pairs)), "utf-8")
        yield Venues(
            told, config, load_pairs(folder / "pairs.toml"), keys_of(told, has_wallet=mode == "sim")
        )


def keys_of(told: dict[Venue, dict[str, Any]], *, has_wallet: bool) -> dict[str, str]:
    kalshi, polymarket = told[Venue.KALSHI], told[Venue.POLYMARKET]
    wallet = {
        "POLYMARKET_PRIVATE_KEY": polymarket["wallet_key"],
        "POLYMARKET_FUNDER": funder_of(polymarket),
    }
    return {
        "KALSHI_API_KEY_ID": kalshi["api_key_id"],
        "KALSHI_PRIVATE_KEY_PATH": kalshi["private_key_path"],
        **(wallet if has_wallet else {}),
    }


def config_text(folder: Path, mode: str, told: dict[Venue, dict[str, Any]]) -> str:
    kalshi, polymarket = told[Venue.KALSHI]["urls"], told[Venue.POLYMARKET]["urls"]
    lines = [
        "[daemon]",
        f'mode = "{mode}"',
        'environment = "simulated"',
        f'state_dir = "{folder / "state"}"',
        "[trading]",
        # The simulated markets close years ahead: no edge of theirs would be worth the wait.
        "hurdle_percent_per_year = 0",
        "[kalshi]",
        *(f'{name}_url = "{kalshi[name]}"' for name in ("rest", "ws")),
        "order_timeout_ms = 1500",
        "[polymarket]",
        *(
            f'{name}_url = "{polymarket[name]}"'
            for name in ("clob", "gamma", "data", "ws_market", "ws_user")
        ),
        "order_timeout_ms = 1500",
        "[journal]",
        "segment_mib = 16",
        "reserve_mib = 4",
    ]
    return "\n".join(lines) + "\n"


def pairs_text(world: FlowWorld) -> str:
    return "\n".join(
        f"""[[pair]]
id = "pair-{spec.index + 1:02d}"
kalshi = "{spec.kalshi.ticker}"
polymarket = "{spec.polymarket.condition_id}"
polarity = "{spec.polarity}"
state = "armed"
polymarket_yes_label = "{spec.polymarket.outcomes[0]}"
polymarket_no_label = "{spec.polymarket.outcomes[1]}"
"""
        for spec in world.pairs
    )


def assert_account_balances(state: Path, found: Venues) -> None:
    """The journal's cash and positions are the venues' own, and every pair is covered."""
    ledgers = found.ledgers()
    with open_journal(state) as journal:
        ledger = derive_ledger(journal)
        markets: dict[MarketId, Market] = {
            record.market.id: record.market
            for _, record in journal.read()
            if isinstance(record, MarketSeen)
        }
    difference = difference_micros(ledger, list(markets.values()), ledgers)
    assert difference == 0, f"{ledger.cash_micros} {ledger.held_e6}\nvenues: {ledgers}"
    nets = {pair.id: pair_net_e6(pair, markets, ledgers) for pair in found.pairs}
    assert max(map(abs, nets.values())) < 10_000, nets
