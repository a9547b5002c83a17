"""Matching a small catalogue in a real database: what is found, kept, taken back and armed."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from tests.support.pairing import condition, game, put, stored
from tests.unit.storage.support import RealClock
from twoleg.catalogue.life import PairLife
from twoleg.catalogue.matching_run import MatchReport, run_match
from twoleg.core.market import PairState, Polarity
from twoleg.errors import PairRefused
from twoleg.settings import DaemonSettings, Mode, PairingPolicy, PairingSettings, Settings
from twoleg.storage.database import Connection, Database
from twoleg.storage.pair_rows import PairRow
from twoleg.storage.pairs import PairStore

GAMES = (
    game(1, "Detroit Tigers", "Toronto Blue Jays"),
    game(2, "New York Yankees", "Boston Red Sox"),
)
CHANGES = ("created", "updated", "deactivated", "armed", "skipped")


def settings(mode: Mode = Mode.PAPER, policy: PairingPolicy = PairingPolicy.MANUAL) -> Settings:
    return Settings(daemon=DaemonSettings(mode=mode), pairing=PairingSettings(policy=policy))


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    connection = await database.connect()
    yield connection
    await connection.close()


async def match(connection: Connection, **options: Any) -> MatchReport:
    return await run_match(connection, options.pop("settings", settings()), RealClock(), **options)


def changes(report: MatchReport) -> dict[str, int]:
    return {name: getattr(report, name) for name in CHANGES if getattr(report, name)}


def store(connection: Connection, mode: Mode = Mode.PAPER) -> PairStore:
    return PairStore(connection, mode.value, RealClock())


async def fill(connection: Connection, mode: Mode = Mode.PAPER) -> None:
    await put(connection, mode.value, *(stored(one) for couple in GAMES for one in couple))


async def rows(connection: Connection, mode: Mode = Mode.PAPER) -> dict[str, PairRow]:
    return {row.condition_id: row for row in await store(connection, mode).read()}


async def test_a_match_proposes_what_agrees_and_a_second_one_changes_nothing(
    connection: Connection,
) -> None:
    await fill(connection)
    report = await match(connection)
    assert changes(report) == {"created": 2}
    assert (report.kalshi, report.polymarket, report.found) == (2, 2, 2)
    row = (await rows(connection))[condition(1)]
    assert (row.state, row.klass, row.family) == (PairState.CANDIDATE, "auto", "contest")
    assert (row.yes_token, row.no_token) == ("12", "11")
    assert (row.yes_label, row.no_label) == ("Detroit Tigers", "Toronto Blue Jays")
    assert row.polarity is Polarity.SAME
    assert row.edge_micros_min == 50_000
    again = await match(connection)
    assert changes(again) == {}
    assert again.unchanged == 2
