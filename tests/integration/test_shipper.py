import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.unit.storage.support import (
    EXECUTION,
    KALSHI,
    SMALL,
    RealClock,
    SeededEntropy,
    a_trade,
    booked,
    fill,
    note,
    open_journal,
    run_started,
)
from twoleg.core.events import Fill
from twoleg.core.market import Side, Venue
from twoleg.errors import DatabaseUnavailable, StorageError
from twoleg.storage.database import Database
from twoleg.storage.embedded import EmbeddedPostgres
from twoleg.storage.journal import Journal, JournalLimits
from twoleg.storage.migrate import migrate
from twoleg.storage.records import PositionOpened
from twoleg.storage.segment import encode_frame
from twoleg.storage.shipper import Shipper

BIG = JournalLimits(segment_bytes=1 << 20, reserve_bytes=1 << 10)


def make_shipper(journal: Journal, database: Database, **options: int) -> Shipper:
    return Shipper(journal, database, RealClock(), SeededEntropy(), **options)


@asynccontextmanager
async def running(coroutine: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(coroutine)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ship(journal: Journal, database: Database, **options: int) -> Shipper:
    shipper = make_shipper(journal, database, **options)
    async with running(shipper.run()):
        assert await shipper.drain(20), shipper.state
    return shipper


async def fetch(database: Database, sql: str, *args: object) -> list[tuple[Any, ...]]:
    async with database.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(sql, *args)]


async def eventually(condition: Callable[[], Awaitable[bool] | bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            result = condition()
            if result if isinstance(result, bool) else await result:
                return
            await asyncio.sleep(0.01)


TABLES = [
    "journal",
    "journal_record",
    "market",
    "matched_market_pair",
    "arbitrage_trade",
    "leg",
    "fill",
    "position_opened",
    "position",
    "cash_flow",
    "trade_audit_log",
    "breaker_event",
]


async def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    shown = {}
    for table in TABLES:
        rows = await fetch(database, f"SELECT t::text FROM twoleg.{table} AS t ORDER BY 1")
        # When it was shipped is all that a replay may change.
        shown[table] = rows if table != "journal" else [(len(rows),)]
    return shown


async def test_a_trade_is_found_in_all_tables(tmp_path: Path, database: Database) -> None:
    journal = open_journal(tmp_path, limits=BIG)
    for record in a_trade():
        journal.append(record)
    shipper = await ship(journal, database)
    state = shipper.state
    assert (state.shipped_seq, state.lag, state.unprojected) == (len(a_trade()), 0, 0)
    assert await fetch(
        database,
        "SELECT execution_id::text, state, stage, closed_as, realised_micros, kalshi_size_e6, polymarket_size_e6, kalshi_account FROM twoleg.arbitrage_trade",
    ) == [(EXECUTION, "closed", "closed", "hedged", 1_000, 10_000_000, 10_000_000, "k-main")]
    assert await fetch(
        database,
        "SELECT account, status, filled_e6, booked_e6, booked_notional_micros, fee_micros, venue_order_id, purpose FROM twoleg.leg ORDER BY venue",
    ) == [
        ("k-main", "filled", 10_000_000, 10_000_000, 4_400_000, 100_000, "v1", "arb"),
        ("p-main", "filled", 10_000_000, 10_000_000, 4_400_000, 100_000, "v1", "arb"),
    ]
    assert await fetch(
        database,
        "SELECT fill_id, status, execution_id::text, is_fee_modelled FROM twoleg.fill ORDER BY fill_id",
    ) == [
        ("f1", "final", EXECUTION, False),
        ("f2", "final", EXECUTION, True),
        ("f3", "void", EXECUTION, True),
    ]
    # Kalshi nets: 3 NO were held, 10 YES were bought.
    assert await fetch(
        database, "SELECT venue, owner, yes_e6, no_e6 FROM twoleg.position ORDER BY venue"
    ) == [
        ("kalshi", "arb", 7_000_000, 0),
        ("polymarket", "arb", 0, 10_000_000),
    ]
    assert await fetch(
        database, "SELECT kind, venue, shard, amount_micros FROM twoleg.cash_flow ORDER BY seq"
    ) == [
        ("opening", "kalshi", 2, 50_000_000),
        ("fill", "kalshi", 2, -4_500_000),
        ("fill", "polymarket", 0, -4_500_000),
        ("fill", "polymarket", 0, -4_500_000),
        ("fill_void", "polymarket", 0, 4_500_000),
        ("fee_adjustment", "polymarket", 0, -7),
        ("deposit", "kalshi", 2, 5_000_000),
        # A difference that the operator accepted.
        ("withdrawal", "kalshi", 2, -7),
    ]
    kinds = await fetch(
        database, "SELECT kind, execution_id::text FROM twoleg.trade_audit_log ORDER BY seq"
    )
    assert kinds == [
        ("execution_opened", EXECUTION),
        ("answer", EXECUTION),
        ("answer", EXECUTION),
        ("execution_changed", EXECUTION),
        ("execution_closed", EXECUTION),
        ("breaker_changed", None),
        ("operator_acted", None),
        ("stranger", None),
        ("compared", None),
        ("cash_flow", None),
        ("accepted", None),
    ]
    assert await fetch(database, "SELECT state, reason FROM twoleg.breaker_event ORDER BY seq") == [
        ("open", "loss"),
        ("halt", "rules"),
    ]
    assert await fetch(
        database, "SELECT pair_id, polarity, state FROM twoleg.matched_market_pair"
    ) == [("pair-1", "same", "armed")]
    journal.close()


@pytest.mark.parametrize("batch_max", [1, 4])
async def test_a_replay_changes_nothing(tmp_path: Path, database: Database, batch_max: int) -> None:
    journal = open_journal(tmp_path, limits=BIG)
    for record in a_trade():
        journal.append(record)
    await ship(journal, database, batch_max=batch_max)
    before = await dump(database)
    for back_to in (0, 7, 12):
        async with database.acquire() as connection:
            await connection.execute("UPDATE twoleg.journal SET shipped_seq = $1", back_to)
        await ship(journal, database)
        assert await dump(database) == before
    journal.close()


async def test_the_run_is_found_again_after_a_restart(tmp_path: Path, database: Database) -> None:
    journal = open_journal(tmp_path, limits=BIG)
    journal.append(run_started(kalshi="first"))
    journal.append(booked(fill(Venue.KALSHI, fill_id="a")))
    await ship(journal, database)
    journal.append(booked(fill(Venue.KALSHI, fill_id="b")))
    journal.append(run_started(kalshi="second"))
    journal.append(booked(fill(Venue.KALSHI, fill_id="c")))
    await ship(journal, database)
    assert await fetch(database, "SELECT fill_id, account FROM twoleg.fill ORDER BY seq") == [
        ("a", "first"),
        ("b", "first"),
        ("c", "second"),
    ]
    journal.close()


async def test_owners_are_told_apart_and_openings_count_once(
    tmp_path: Path, database: Database
) -> None:
    journal = open_journal(tmp_path, limits=BIG)

    def sold(fill_id: str, size_e6: int) -> Fill:
        raw = fill(Venue.KALSHI, fill_id=fill_id)
        return type(raw)(
            **{
                **{name: getattr(raw, name) for name in raw.__struct_fields__},
                "side": Side.SELL,
                "size_e6": size_e6,
            }
        )

    journal.append(run_started())
    journal.append(booked(fill(Venue.KALSHI, fill_id="a"), "arb"))
    journal.append(booked(fill(Venue.KALSHI, fill_id="b"), "ann"))
    # The account holds 20 YES: 10 are ann's.
    journal.append(run_started())
    journal.append(
        PositionOpened(
            wall_ns=2 * 10**18, venue=Venue.KALSHI, market_id=KALSHI, yes_e6=20_000_000, no_e6=0
        )
    )
    journal.append(booked(sold("c", 4_000_000), "ann"))
    journal.append(booked(sold("d", 1_000_000), "arb"))
    journal.append(booked(sold("d", 1_000_000), "arb"))
    await ship(journal, database)
    assert await fetch(
        database, "SELECT owner, yes_e6, no_e6 FROM twoleg.position ORDER BY owner"
    ) == [("ann", 6_000_000, 0), ("arb", 9_000_000, 0)]
    journal.close()


async def test_records_are_shipped_as_they_come(tmp_path: Path, database: Database) -> None:
    journal = open_journal(tmp_path)
    shipper = make_shipper(journal, database)
    async with running(shipper.run()):
        for number in range(1, 400):
            journal.append(note(number, text="x" * 50))
            shipper.notify()
            if number % 100 == 0:
                await eventually(lambda: shipper.state.lag == 0)
        assert await shipper.drain(20)
        connected = [shipper.state.is_connected]
    connected.append(shipper.state.is_connected)
    assert connected == [True, False]
    assert len(journal.segments) > 2
    assert await fetch(database, "SELECT count(*), max(seq) FROM twoleg.journal_record") == [
        (399, 399)
    ]
    journal.close()


async def test_the_audit_log_only_grows(tmp_path: Path, database: Database) -> None:
    journal = open_journal(tmp_path)
    journal.append(note())
    await ship(journal, database)
    async with database.acquire() as connection:
        for change in (
            "UPDATE twoleg.trade_audit_log SET kind = ''",
            "DELETE FROM twoleg.trade_audit_log",
            "TRUNCATE twoleg.trade_audit_log",
        ):
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                await connection.execute(change)
    assert await fetch(database, "SELECT count(*) FROM twoleg.trade_audit_log") == [(1,)]
    journal.close()


async def test_a_record_that_cannot_be_projected_stops_nothing(
    tmp_path: Path, database: Database
) -> None:
    journal = open_journal(tmp_path, limits=BIG)
    good = fill(Venue.KALSHI, fill_id="good")
    fields = {name: getattr(good, name) for name in good.__struct_fields__}
    journal.append(run_started())
    journal.append(booked(Fill(**{**fields, "fill_id": "huge", "size_e6": 2**63})))
    journal.append(booked(Fill(**{**fields, "fill_id": "off", "price_e4": 10_001})))
    journal.append(booked(good))
    shipper = await ship(journal, database)
    assert shipper.state.unprojected == 2
    assert await fetch(database, "SELECT fill_id FROM twoleg.fill") == [("good",)]
    faults = await fetch(
        database,
        "SELECT seq, projection_error FROM twoleg.journal_record WHERE projection_error IS NOT NULL ORDER BY seq",
    )
    assert [seq for seq, _ in faults] == [2, 3]
    assert "fill_price_e4_check" in faults[1][1]
    journal.close()


async def test_unknown_records_and_nul_bytes_are_kept_raw(
    tmp_path: Path, database: Database
) -> None:
    journal = open_journal(tmp_path)
    journal.append(note(1, text="a\0b"))
    end = journal.tail_position
    journal.close()
    path = journal.segments[0].path
    content = bytearray(path.read_bytes())
    frame = encode_frame(2, b'{"t":"teleported","wall_ns":1000}')
    content[end : end + len(frame)] = frame
    path.write_bytes(content)
    journal = open_journal(tmp_path)
    journal.append(note(3))
    await ship(journal, database)
    rows = await fetch(
        database,
        "SELECT kind, payload #>> '{fields,text}', projection_error FROM twoleg.journal_record ORDER BY seq",
    )
    assert rows[0] == ("note", "a\ufffdb", None)
    assert rows[1][0] == "teleported"
    assert rows[1][2].startswith("unknown: ")
    assert rows[2][0] == "note"
    journal.close()


@pytest.mark.parametrize("later", [0, 3])
async def test_a_journal_that_lost_shipped_records_is_refused(
    tmp_path: Path, database: Database, later: int
) -> None:
    journal = open_journal(tmp_path)
    for number in range(5):
        journal.append(note(number))
    cut = journal.tail_position
    journal.append(note(5, text="lost"))
    await ship(journal, database)
    journal.close()
    path = journal.segments[0].path
    os.truncate(path, cut)
    journal = open_journal(tmp_path)
    for number in range(later):
        journal.append(note(number, text="again"))
    shipper = make_shipper(journal, database)
    async with running(shipper.run()):
        await eventually(lambda: "lost locally" in shipper.state.last_error)
        assert not await shipper.drain(0.01)
    assert await fetch(database, "SELECT count(*) FROM twoleg.journal_record") == [(6,)]
    journal.close()


async def test_without_a_schema_the_reason_is_told(
    tmp_path: Path, make_database: Callable[[], Awaitable[Database]]
) -> None:
    database = await make_database()
    journal = open_journal(tmp_path)
    journal.append(note())
    shipper = make_shipper(journal, database)
    async with running(shipper.run()):
        await eventually(lambda: "UndefinedTable" in shipper.state.last_error)
        connection = await database.connect()
        await migrate(connection)
        await connection.close()
        assert await shipper.drain(20)
    assert shipper.state.last_error == ""
    journal.close()


async def test_every_record_is_there_once_after_the_server_was_killed(
    own_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    server = own_server
    database = Database(lambda: server.dsn)
    connection = await database.connect()
    await migrate(connection)
    await connection.close()
    journal = open_journal(tmp_path, limits=SMALL)
    shipper = make_shipper(journal, database, batch_max=20)
    async with running(server.run()), running(shipper.run()):
        for round_no in range(3):
            for number in range(150):
                journal.append(note(number, text="y" * (number % 40)))
            shipper.notify()
            wanted = round_no * 150 + 1
            await eventually(lambda wanted=wanted: shipper.state.shipped_seq >= wanted)  # type: ignore[misc]
            pid = server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            journal.append(note())
            await eventually(lambda pid=pid: server.pid not in {None, pid})  # type: ignore[misc]
        assert await shipper.drain(30), shipper.state
    total = journal.last_seq
    assert await fetch(
        database, "SELECT count(*), min(seq), max(seq) FROM twoleg.journal_record"
    ) == [(total, 1, total)]
    assert await fetch(database, "SELECT count(*) FROM twoleg.trade_audit_log") == [(total,)]
    journal.close()
    await database.close()


async def test_an_unreachable_server_is_unavailable_and_its_password_is_not_shown(
    tmp_path: Path,
) -> None:
    database = Database(f"postgresql://me:geheim@/db?host={tmp_path}")
    with pytest.raises(DatabaseUnavailable) as caught:
        await database.connect()
    assert "geheim" not in f"{caught.value} {database!r}"
    with pytest.raises(DatabaseUnavailable):
        async with database.acquire():
            pass
    with pytest.raises(StorageError) as refused:
        await Database("mysql://me:geheim@host/db").connect()
    assert "geheim" not in str(refused.value)
    await database.close()
