from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from twoleg.errors import StorageError
from twoleg.storage.database import Database, lock_accounts
from twoleg.storage.migrate import Migration, load_migrations, migrate
from twoleg.storage.queries import find_sql_folder, load_queries

MakeDatabase = Callable[[], Awaitable[Database]]

CATALOG = {
    "columns": """
        SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'twoleg'::regnamespace AND c.relkind IN ('r', 'v', 'p') AND NOT a.attisdropped
        ORDER BY 1, 2""",
    "tables": """
        SELECT relname, relkind, obj_description(oid) FROM pg_class
        WHERE relnamespace = 'twoleg'::regnamespace ORDER BY 1""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'twoleg'::regnamespace ORDER BY 1, 2""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'twoleg' ORDER BY 1, 2",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger
        WHERE NOT tgisinternal ORDER BY 1, 2""",
    "functions": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'twoleg'::regnamespace ORDER BY 1""",
}


async def read_catalog(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: [tuple(row) for row in await connection.fetch(sql)] for name, sql in CATALOG.items()
    }


async def test_the_schema_file_is_what_the_migrations_make(make_database: MakeDatabase) -> None:
    migrated = await (await make_database()).connect()
    await migrate(migrated)
    direct = await (await make_database()).connect()
    await direct.execute((find_sql_folder() / "schema.sql").read_text("utf-8"))
    left, right = await read_catalog(migrated), await read_catalog(direct)
    assert left == right
    assert all(left.values())
    undescribed = [row[0] for row in left["tables"] if row[1] == b"r" and not row[2]]
    assert undescribed == []
    await migrated.close()
    await direct.close()


async def test_every_query_prepares(database: Database) -> None:
    connection = await database.connect()
    for name, statement in load_queries().items():
        try:
            await connection.prepare(statement)
        except asyncpg.PostgresError as error:
            pytest.fail(f"{name}: {error}")
    await connection.close()


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    connection = await database.connect()
    assert await migrate(connection) == ()
    await connection.close()


async def test_migrations_are_applied_in_order_and_named(make_database: MakeDatabase) -> None:
    connection = await (await make_database()).connect()
    later = Migration("0002_more", "CREATE TABLE twoleg.more (id bigint)")
    assert await migrate(connection) == (
        "0001_init",
        "0002_orders_that_rest",
        "0003_flows_beside_trades",
        "0004_catalogue",
        "0005_market_ends",
    )
    assert await migrate(connection, (*load_migrations(), later)) == ("0002_more",)
    await connection.close()


async def test_a_failing_migration_leaves_nothing_behind(database: Database) -> None:
    connection = await database.connect()
    broken = Migration("0002_more", "CREATE TABLE twoleg.more (id bigint); SELECT 1/0")
    with pytest.raises(StorageError, match="DivisionByZero"):
        await migrate(connection, (*load_migrations(), broken))
    assert await connection.fetchval("SELECT to_regclass('twoleg.more')") is None
    assert await migrate(connection) == ()
    await connection.close()


async def test_a_changed_migration_is_refused(database: Database) -> None:
    connection = await database.connect()
    [first, *rest] = load_migrations()
    with pytest.raises(StorageError, match="0001_init was changed"):
        await migrate(connection, (Migration(first.name, first.text + "\n"), *rest))
    await connection.close()


async def test_a_newer_database_is_refused(database: Database) -> None:
    connection = await database.connect()
    await migrate(connection, (*load_migrations(), Migration("0002_more", "SELECT 1")))
    with pytest.raises(StorageError, match="newer than this program: it has 0002_more"):
        await migrate(connection)
    await connection.close()


async def test_a_skipped_migration_is_refused(database: Database) -> None:
    connection = await database.connect()
    inserted = (Migration("0000_before", "SELECT 1"), *load_migrations())
    with pytest.raises(StorageError, match="lacks a migration"):
        await migrate(connection, inserted)
    await connection.close()


def test_migration_files_are_numbered_without_a_gap(tmp_path: Path) -> None:
    (tmp_path / "0002_x.sql").write_text("")
    with pytest.raises(StorageError, match="0001_"):
        load_migrations(tmp_path)


async def test_one_session_holds_the_accounts(database: Database) -> None:
    first, second = await database.connect(), await database.connect()
    assert await lock_accounts(first, "live:k:p")
    assert not await lock_accounts(second, "live:k:p")
    assert await lock_accounts(second, "live:k:other")
    await first.close()
    await second.close()
