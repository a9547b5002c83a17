"""Pairs in a real database: rows there and back, moves with their events, and who is told."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from tests.support.pairing import game, put, stored_both
from tests.unit.catalogue.support import row_of
from tests.unit.storage.support import RealClock
from twoleg.core.market import Origin, PairId, Venue
from twoleg.core.market import PairState as S
from twoleg.errors import IllegalTransition, PairRefused
from twoleg.storage.database import Connection, Database
from twoleg.storage.pair_rows import POLICY, Step, matcher_pair_id
from twoleg.storage.pairs import CHANNEL, MANY, PairStore

GAME = game(1, "Detroit Tigers", "Toronto Blue Jays")
ROW = row_of(GAME)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    connection = await database.connect()
    yield connection
    await connection.close()


@pytest.fixture
async def pairs(connection: Connection) -> PairStore:
    store = PairStore(connection, "paper", RealClock())
    await store.propose([ROW])
    return store


async def test_a_row_comes_back_as_it_was_put(pairs: PairStore) -> None:
    row = await pairs.get(ROW.pair_id)
    assert row is not None
    assert row.checked_time is not None
    written = {"checked_time": row.checked_time, "state_time": row.state_time}
    assert row == msgspec.structs.replace(ROW, **written)
    assert await pairs.read() == [row]


async def test_a_row_carries_the_titles_of_the_catalogue(
    pairs: PairStore, connection: Connection
) -> None:
    await put(connection, "paper", *stored_both(GAME))
    row = await pairs.get(ROW.pair_id)
    assert row is not None
    assert (row.kalshi_title, row.polymarket_title) == (GAME[0].title, GAME[1].question)


async def test_a_pair_that_is_known_is_not_proposed_over(pairs: PairStore) -> None:
    await pairs.move(ROW.pair_id, S.ARMED, "policy", reason="auto")
    await pairs.propose([msgspec.structs.replace(ROW, yes_token="999")])
    row = await pairs.get(ROW.pair_id)
    assert row is not None
    assert (row.state, row.yes_token) == (S.ARMED, ROW.yes_token)


async def test_a_move_is_on_record_with_who_and_why(pairs: PairStore) -> None:
    moved = await pairs.move(ROW.pair_id, S.ARMED, "ana", reason="approved", detail={"a": [1]})
    assert (moved.state, moved.state_reason) == (S.ARMED, "approved")
    latest, first = await pairs.events(ROW.pair_id)
    assert (latest.from_state, latest.to_state) == ("candidate", "armed")
    assert (latest.actor, latest.reason, latest.detail) == ("ana", "approved", {"a": [1]})
    assert (first.from_state, first.to_state, first.actor) == ("", "candidate", "matcher")
    assert latest.event_time == moved.state_time


async def test_many_steps_are_taken_together_each_on_record(pairs: PairStore) -> None:
    many = [
        msgspec.structs.replace(ROW, pair_id=PairId(f"m-{number:012x}")) for number in range(MANY)
    ]
    await pairs.propose(many)
    steps = [Step(row.pair_id, S.ARMED, POLICY, "auto") for row in many]
    steps.append(Step(many[0].pair_id, S.DISARMED, "matcher", "stale", {"why": "x"}))
    await pairs.move_all(steps)
    rows = {row.pair_id: row for row in await pairs.read()}
    first, second = (rows[row.pair_id] for row in many[:2])
    assert (first.state, first.state_reason) == (S.DISARMED, "stale")
    assert (second.state, second.approved_by, second.acknowledged) == (S.ARMED, POLICY, ())
    assert sum(row.state is S.ARMED for row in rows.values()) == MANY - 1
    assert [
        (event.from_state, event.to_state, event.actor, event.reason, event.detail)
        for event in await pairs.events(first.pair_id)
    ] == [
        ("armed", "disarmed", "matcher", "stale", {"why": "x"}),
        ("candidate", "armed", POLICY, "auto", {}),
        ("", "candidate", "matcher", "found", {}),
    ]


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        (Step("nobody", S.ARMED, POLICY, "auto"), PairRefused),
        (Step(ROW.pair_id, S.CANDIDATE, "matcher", "x"), IllegalTransition),
    ],
)
async def test_one_wrong_step_among_many_takes_none(
    pairs: PairStore, wrong: Step, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await pairs.move_all([Step(ROW.pair_id, S.ARMED, POLICY, "auto"), wrong])
    row = await pairs.get(ROW.pair_id)
    assert row is not None
    assert (row.state, row.approved_by) == (S.CANDIDATE, "")
    assert len(await pairs.events(ROW.pair_id)) == 1


@pytest.mark.parametrize("wanted", [S.CANDIDATE, S.APPROVED, S.ARMED])
async def test_a_move_that_the_table_lacks_changes_nothing(pairs: PairStore, wanted: S) -> None:
    await pairs.move(ROW.pair_id, S.ARMED, "policy", reason="auto")
    before = await pairs.events(ROW.pair_id)
    with pytest.raises(IllegalTransition):
        await pairs.move(ROW.pair_id, wanted, "ana", reason="no")
    row = await pairs.get(ROW.pair_id)
    assert row is not None
    assert row.state is S.ARMED
    assert await pairs.events(ROW.pair_id) == before


async def test_a_pair_that_is_not_the_matchers_is_not_moved(
    pairs: PairStore, connection: Connection
) -> None:
    await connection.execute("UPDATE twoleg.matched_market_pair SET origin = 'file'")
    for pair_id in (ROW.pair_id, "nobody"):
        with pytest.raises(PairRefused):
            await pairs.move(pair_id, S.ARMED, "ana", reason="no")
    assert await pairs.armed() == []
    row = await pairs.get(ROW.pair_id)
    assert row is not None
    assert row.origin is Origin.FILE


async def test_what_is_refreshed_keeps_its_state_and_approval(pairs: PairStore) -> None:
    await pairs.approve(ROW.pair_id, "ana", ["tails"])
    await pairs.move(ROW.pair_id, S.APPROVED, "ana", reason="approved")
    await pairs.refresh([msgspec.structs.replace(ROW, risk_grade="C", yes_token="7")])
    row = await pairs.get(ROW.pair_id)
    assert row is not None
    assert (row.risk_grade, row.yes_token) == ("C", "7")
    assert (row.state, row.approved_by, row.acknowledged) == (S.APPROVED, "ana", ("tails",))


async def test_armed_pairs_come_in_the_terms_of_the_core(pairs: PairStore) -> None:
    assert await pairs.armed() == []
    await pairs.move(ROW.pair_id, S.ARMED, "policy", reason="auto")
    (pair,) = await pairs.armed()
    assert pair == msgspec.structs.replace(ROW.to_pair(), state=S.ARMED)
    assert pair.polymarket_labels == ("Detroit Tigers", "Toronto Blue Jays")


async def test_a_listener_is_told_once_the_move_is_through(
    pairs: PairStore, database: Database
) -> None:
    listener = await database.connect()
    told = asyncio.Event()
    await listener.add_listener(CHANNEL, lambda *_: told.set())
    async with pairs.transaction():
        await pairs.move(ROW.pair_id, S.ARMED, "policy", reason="auto")
        assert not told.is_set()
    async with asyncio.timeout(20):
        await told.wait()
    await listener.close()


async def test_events_are_append_only(pairs: PairStore, connection: Connection) -> None:
    for statement in ("UPDATE twoleg.pair_event SET actor = ''", "DELETE FROM twoleg.pair_event"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement)


async def test_what_was_shown_is_remembered_per_person_and_told_once(pairs: PairStore) -> None:
    assert await pairs.last_shown(ROW.pair_id, "ana") == {}
    for _ in range(2):
        await pairs.note_shown(ROW, "ana", ROW.texts)
    assert await pairs.last_shown(ROW.pair_id, "ana") == ROW.texts
    assert await pairs.last_shown(ROW.pair_id, "bob") == {}
    assert [event.reason for event in await pairs.events(ROW.pair_id)] == ["shown", "found"]


async def test_texts_now_tells_markets_that_are_known(
    pairs: PairStore, connection: Connection
) -> None:
    left, right = stored_both(GAME)
    await put(connection, "paper", left, right)
    keys = ((Venue.KALSHI, left.native_id), (Venue.POLYMARKET, "0xno"))
    now = await pairs.texts_now(keys)
    assert set(now) == {keys[0]}
    assert now[keys[0]].rules_fingerprint == left.rules_fingerprint
    assert now[keys[0]].is_open


def test_the_id_of_a_couple_is_the_same_everywhere() -> None:
    assert matcher_pair_id("KX-1", "0xAB") == matcher_pair_id("KX-1", "0xab")
    assert matcher_pair_id("KX-1", "0xab") != matcher_pair_id("KX-2", "0xab")
    assert matcher_pair_id("KX-1", "0xab") == "m-7af5c92ef0c7"
