"""Matching a small catalogue in a real database: what is found, kept, taken back and armed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.pairing import condition, game, put, stored
from tests.support.progress import Marks
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


STATE: list[Path] = []


@pytest.fixture(autouse=True)
def _state(tmp_path: Path) -> None:
    STATE[:] = [tmp_path]


def settings(mode: Mode = Mode.PAPER, policy: PairingPolicy = PairingPolicy.MANUAL) -> Settings:
    daemon = DaemonSettings(mode=mode, state_dir=STATE[0])
    return Settings(daemon=daemon, pairing=PairingSettings(policy=policy))


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    connection = await database.connect()
    yield connection
    await connection.close()


async def match(connection: Connection, **options: Any) -> MatchReport:
    given = options.pop("settings", settings())
    return await run_match(
        connection, given, RealClock(), options.pop("progress", Marks()), **options
    )


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
    progress = Marks()
    report = await match(connection, progress=progress)
    assert changes(report) == {"created": 2}
    assert (report.kalshi, report.polymarket, report.found) == (2, 2, 2)
    assert progress == [
        ("reading", "kalshi markets", 2, 2, True), ("reading", "polymarket markets", 2, 2, True),
    ]  # fmt: skip
    assert progress.ends == 2
    row = (await rows(connection))[condition(1)]
    assert (row.state, row.klass, row.family) == (PairState.CANDIDATE, "auto", "contest")
    assert (row.yes_token, row.no_token) == ("12", "11")
    assert (row.yes_label, row.no_label) == ("Detroit Tigers", "Toronto Blue Jays")
    assert row.polarity is Polarity.SAME
    assert row.edge_micros_min == 50_000
    again = await match(connection)
    assert changes(again) == {}
    assert again.unchanged == 2


@pytest.mark.parametrize(
    ("mode", "policy", "armed"),
    [
        (Mode.PAPER, PairingPolicy.BY_MODE, 2),
        (Mode.SIM, PairingPolicy.AUTO, 2),
        (Mode.LIVE, PairingPolicy.AUTO, 2),
        (Mode.LIVE, PairingPolicy.BY_MODE, 0),
    ],
)
async def test_the_policy_arms_at_once_and_on_record(
    connection: Connection, mode: Mode, policy: PairingPolicy, armed: int
) -> None:
    await fill(connection, mode)
    chosen = settings(mode, policy)
    report = await match(connection, settings=chosen)
    assert report.armed == armed
    pairs = store(connection, mode)
    assert len(await pairs.armed()) == armed
    assert changes(await match(connection, settings=chosen)) == {}
    if armed:
        row = (await rows(connection, mode))[condition(1)]
        events = await pairs.events(row.pair_id)
        assert [(event.to_state, event.actor) for event in events] == [
            ("armed", "policy"), ("candidate", "matcher"),
        ]  # fmt: skip
        assert row.approved_by == "policy"


async def test_live_never_arms_without_both_texts(connection: Connection) -> None:
    left, right = GAMES[0]
    bare = msgspec.structs.replace(right, description="")
    await put(connection, "live", stored(left), stored(bare))
    report = await match(connection, settings=settings(Mode.LIVE, PairingPolicy.AUTO))
    assert changes(report) == {"created": 1}


async def test_a_rejected_pair_is_never_proposed_again(connection: Connection) -> None:
    await fill(connection)
    await match(connection)
    row = (await rows(connection))[condition(1)]
    await PairLife(store(connection), Mode.PAPER, "ana").reject(row.pair_id, "not the same")
    report = await match(connection, settings=settings(policy=PairingPolicy.AUTO))
    assert changes(report) == {"armed": 1}
    assert (await rows(connection))[condition(1)].state is PairState.RETIRED


async def test_a_changed_text_disarms_and_only_a_person_brings_it_back(
    connection: Connection,
) -> None:
    await fill(connection)
    chosen = settings(policy=PairingPolicy.AUTO)
    await match(connection, settings=chosen)
    _, right = GAMES[0]
    changed = msgspec.structs.replace(right, description=right.description + " Overtime counts.")
    await put(connection, "paper", stored(changed))
    row = (await rows(connection))[condition(1)]
    assert (row.state, row.state_reason) == (PairState.DISARMED, "rules_changed")
    report = await match(connection, settings=chosen)
    assert changes(report) == {"updated": 1}
    row = (await rows(connection))[condition(1)]
    assert row.state is PairState.DISARMED
    assert row.polymarket_fingerprint == stored(changed).rules_fingerprint


async def test_a_market_that_closed_takes_its_pair_out_and_back(connection: Connection) -> None:
    await fill(connection)
    await match(connection)
    await put(connection, "paper", stored(GAMES[0][0], is_open=False))
    assert changes(await match(connection)) == {"deactivated": 1}
    row = (await rows(connection))[condition(1)]
    assert (row.state, row.state_reason) == (PairState.DISARMED, "gone")
    assert changes(await match(connection)) == {}
    await put(connection, "paper", stored(GAMES[0][0]))
    await match(connection)
    assert (await rows(connection))[condition(1)].state is PairState.CANDIDATE


async def test_what_a_sync_changes_while_the_match_decides_is_left_to_the_next(
    connection: Connection, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(connection)
    left, _ = GAMES[0]
    changed = msgspec.structs.replace(left, rules_primary="Another text.")
    original = PairStore.lock_match

    async def sync_first(self: PairStore) -> None:
        async with database.acquire() as other:
            await put(other, "paper", stored(changed))
        await original(self)

    monkeypatch.setattr(PairStore, "lock_match", sync_first)
    report = await match(connection, settings=settings(policy=PairingPolicy.AUTO))
    assert changes(report) == {"created": 1, "armed": 1, "skipped": 1}
    monkeypatch.undo()
    assert changes(await match(connection)) == {"created": 1, "deactivated": 1}


async def test_a_contradiction_returns_the_family_to_review(connection: Connection) -> None:
    await fill(connection, Mode.LIVE)
    chosen = settings(Mode.LIVE, PairingPolicy.AUTO)
    assert (await match(connection, settings=chosen)).armed == 2
    await connection.execute(
        "INSERT INTO twoleg.family_settlement VALUES "
        "('live', 'x', 'contest', false, 10000, 10000, now())"
    )
    report = await match(connection, settings=chosen)
    assert (report.deactivated, report.classes) == (2, {"review": 2})
    assert "contest" not in report.auto_families


async def test_the_couples_of_the_pairs_file_are_not_proposed(connection: Connection) -> None:
    await fill(connection)
    couple = (GAMES[0][0].ticker, condition(1))
    assert changes(await match(connection, declared=[couple])) == {"created": 1}


async def test_reasons_and_barred_markets_are_counted(connection: Connection) -> None:
    await fill(connection)
    weather = msgspec.structs.replace(
        GAMES[0][0], ticker="KXHIGHNY-1", title="Will the high temperature in NYC be above 80°?"
    )
    await put(connection, "paper", stored(weather))
    report = await match(connection)
    assert report.barred == {"kalshi": {"weather": 1}, "polymarket": {}}
    assert report.rejected == {"sides: different": 2}
    assert report.peak_mb > 0


async def test_rows_of_another_mode_are_not_touched(connection: Connection) -> None:
    await fill(connection)
    await match(connection)
    report = await match(connection, settings=settings(Mode.SIM))
    assert (report.kalshi, report.found, changes(report)) == (0, 0, {})
    assert len(await rows(connection)) == 2


async def test_a_person_approves_only_what_they_were_shown(connection: Connection) -> None:
    await fill(connection)
    await match(connection)
    row = (await rows(connection))[condition(1)]
    pairs = store(connection)
    life = PairLife(pairs, Mode.PAPER, "ana")

    async def refused(names: tuple[str, ...] = row.names) -> str:
        with pytest.raises(PairRefused) as caught:
            await life.approve(row.pair_id, names, is_armed=True)
        return str(caught.value)

    assert "were not shown to ana" in await refused()
    await pairs.note_shown(row, "bob", row.texts)
    assert "were not shown to ana" in await refused()
    await pairs.note_shown(row, "ana", row.texts)
    assert "to be acknowledged by name: tails" in await refused(row.names[1:])
    assert "no such difference: bogus" in await refused((*row.names, "bogus"))
    left, _ = GAMES[0]
    changed = msgspec.structs.replace(left, rules_primary="Another text.")
    await put(connection, "paper", stored(changed))
    assert "changed since it was matched" in await refused()
    await put(connection, "paper", stored(left, is_open=False))
    assert "no longer open" in await refused()
    assert (await rows(connection))[condition(1)].state is PairState.CANDIDATE
    await put(connection, "paper", stored(left))
    approved = await life.approve(row.pair_id, row.names, is_armed=False)
    assert (approved.state, approved.approved_by) == (PairState.APPROVED, "ana")
    assert approved.acknowledged == row.names
    assert approved.approved_time is not None
    # What was acknowledged stands: arming needs no names again.
    armed = await life.approve(row.pair_id, (), is_armed=True)
    assert armed.state is PairState.ARMED
    assert "armed already" in await refused()


async def test_live_refuses_a_person_too_without_both_texts(connection: Connection) -> None:
    left, right = GAMES[0]
    await put(
        connection, "live", stored(left), stored(msgspec.structs.replace(right, description=""))
    )
    await match(connection, settings=settings(Mode.LIVE))
    row = (await rows(connection, Mode.LIVE))[condition(1)]
    pairs = store(connection, Mode.LIVE)
    await pairs.note_shown(row, "ana", row.texts)
    life = PairLife(pairs, Mode.LIVE, "ana")
    with pytest.raises(PairRefused, match="without both rule texts"):
        await life.approve(row.pair_id, row.names, is_armed=True)
    approved = await life.approve(row.pair_id, row.names, is_armed=False)
    assert approved.state is PairState.APPROVED
