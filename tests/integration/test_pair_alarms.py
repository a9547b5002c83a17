"""Alarms of a daemon that change more than the audit log: a pair's row, and how a market ended."""

from typing import Any

import pytest

from tests.unit.storage.support import WALL_NS, RealClock
from twoleg.core.actions import NoteKind
from twoleg.core.market import MarketId, Origin, Pair, PairId, PairState, Polarity
from twoleg.storage.database import Connection, Database
from twoleg.storage.pair_rows import PairRow
from twoleg.storage.pairs import PairStore
from twoleg.storage.projection import DISARMING, RunContext, project, to_time
from twoleg.storage.queries import query
from twoleg.storage.records import AnyRecord, NoteRecorded, PairSeen

UUID = "0d5f1c3e-8b1d-4c9a-9f6e-2f0a4a1b7c11"
RUN = RunContext(UUID, "sim")
ID = PairId("m-1")


class Table:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.store = PairStore(connection, "sim", RealClock())
        self.seq = 0

    async def arm(self, *, at_ns: int) -> None:
        row = PairRow(
            pair_id=ID,
            kalshi=MarketId("kalshi:KXA"),
            polymarket=MarketId("polymarket:0xa"),
            polarity=Polarity.SAME,
            kalshi_fingerprint="a",
            polymarket_fingerprint="b",
            similarity_e4=1,
        )
        await self.store.propose([row])
        await self.store.move(ID, PairState.ARMED, "me", reason="a test")
        await self.connection.execute(
            "UPDATE twoleg.matched_market_pair SET state_time = $1", to_time(at_ns)
        )

    async def ship(self, record: AnyRecord, run: RunContext = RUN) -> None:
        self.seq += 1
        for name, args in project(record, run, self.seq):
            await self.connection.execute(query(name), *args)

    async def state(self) -> tuple[str, str]:
        row = await self.store.get(ID)
        assert row is not None
        return row.state.value, row.state_reason

    async def events(self) -> list[tuple[str, str, str]]:
        return [(e.from_state, e.to_state, e.actor) for e in await self.store.events(ID)]


def alarm(event: str, **fields: str) -> NoteRecorded:
    return NoteRecorded(
        wall_ns=WALL_NS,
        execution_no=0,
        execution_id="",
        pair_id=fields.get("pair_id", ""),
        kind=NoteKind.ALARM.value,
        fields={"event": event, **fields},
    )


@pytest.mark.parametrize("reason", sorted(DISARMING))
async def test_alarm_of_a_pair_disarms_its_row_once_and_tells_who_listens(
    database: Database, reason: str
) -> None:
    connection = await database.connect()
    told: list[Any] = []
    await connection.add_listener("twoleg_pairs", lambda *given: told.append(given))
    table = Table(connection)
    await table.arm(at_ns=WALL_NS - 10**9)
    told.clear()
    await table.ship(alarm(reason, pair_id=ID))
    assert await table.state() == ("disarmed", reason)
    assert (await table.events())[0] == ("armed", "disarmed", "daemon")
    count = len(await table.events())
    await table.ship(alarm(reason, pair_id=ID))
    assert len(await table.events()) == count
    assert len(told) == 1
    await connection.close()


@pytest.mark.parametrize(
    ("at_ns", "reason", "mode"),
    [
        # Armed anew after the alarm, another alarm, another mode.
        (WALL_NS + 10**9, "price_gap", "sim"),
        (WALL_NS - 10**9, "results_differ", "sim"),
        (WALL_NS - 10**9, "price_gap", "paper"),
    ],
)
async def test_alarm_that_does_not_speak_of_what_is_armed_changes_nothing(
    database: Database, at_ns: int, reason: str, mode: str
) -> None:
    connection = await database.connect()
    table = Table(connection)
    await table.arm(at_ns=at_ns)
    await table.ship(alarm(reason, pair_id=ID), RunContext(UUID, mode))
    assert await table.state() == ("armed", "a test")
    await connection.close()


async def test_pair_of_the_matcher_that_a_daemon_follows_changes_nothing_but_its_time(
    database: Database,
) -> None:
    connection = await database.connect()
    table = Table(connection)
    pair = Pair(
        id=ID,
        kalshi=MarketId("kalshi:KXA"),
        polymarket=MarketId("polymarket:0xa"),
        polarity=Polarity.INVERSE,
        state=PairState.DISARMED,
        origin=Origin.MATCHER,
    )
    # Not there: what was lost is not made up.
    await table.ship(PairSeen(wall_ns=WALL_NS, pair=pair))
    assert await table.store.read() == []
    await table.arm(at_ns=WALL_NS)
    later_ns = WALL_NS + 10**18
    await table.ship(PairSeen(wall_ns=later_ns, pair=pair))
    (row,) = await table.store.read()
    assert (row.state, row.polarity) == (PairState.ARMED, Polarity.SAME)
    seen = await connection.fetchval("SELECT seen_time FROM twoleg.matched_market_pair")
    assert seen == to_time(later_ns)
    await connection.close()


async def test_end_of_a_market_is_kept_and_replaced_where_the_venue_takes_it_back(
    database: Database,
) -> None:
    connection = await database.connect()
    table = Table(connection)
    for payouts in ("yes=10000,no=0", "yes=10000,no=0", "yes=2600,no=7400"):
        await table.ship(alarm("market_resolved", market_id="kalshi:KXA", payouts=payouts))
    rows = await connection.fetch("SELECT market_id, payouts FROM twoleg.market_end")
    assert [tuple(row) for row in rows] == [("kalshi:KXA", "yes=2600,no=7400")]
    await connection.close()
