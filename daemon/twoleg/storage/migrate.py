"""Bring a database to the schema of this program: numbered migrations, forward only."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twoleg.errors import StorageError
from twoleg.storage.database import Connection, translate_errors
from twoleg.storage.queries import find_sql_folder, query

_NAME: Final = re.compile(r"\d{4}_\w+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step; its name carries its place."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def load_migrations(folder: Path | None = None) -> tuple[Migration, ...]:
    """All migrations in order. Raises StorageError on a gap or a file of another kind."""
    folder = folder or find_sql_folder() / "migrations"
    paths = sorted(folder.glob("*.sql"))
    for number, path in enumerate(paths, start=1):
        if not _NAME.fullmatch(path.name) or int(path.name[:4]) != number:
            raise StorageError(f"{path}: expected the migration number {number:04d}_….sql")
    return tuple(Migration(path.stem, path.read_text("utf-8")) for path in paths)


async def migrate(
    connection: Connection, migrations: tuple[Migration, ...] | None = None
) -> tuple[str, ...]:
    """Apply what is missing, each in a transaction of its own; returns the names applied.

    Waits for another process that is migrating. Idempotent.

    Raises:
        StorageError: an applied migration was changed since, or the database is newer.
        DatabaseUnavailable: the connection was lost; what was applied stays applied.
    """
    wanted = load_migrations() if migrations is None else migrations
    with translate_errors():
        await connection.execute(query("lock_migrations"))
        try:
            applied = await _read_applied(connection)
            _check_history(applied, wanted)
            missing = wanted[len(applied) :]
            for migration in missing:
                async with connection.transaction():
                    await connection.execute(migration.text)
                    await connection.execute(
                        query("record_migration"), migration.name, migration.checksum
                    )
        finally:
            if not connection.is_closed():
                await connection.execute(query("unlock_migrations"))
    return tuple(migration.name for migration in missing)


async def _read_applied(connection: Connection) -> list[tuple[str, str]]:
    if not await connection.fetchval(query("has_migrations")):
        return []
    rows = await connection.fetch(query("list_migrations"))
    return [(row["name"], row["checksum"]) for row in rows]


def _check_history(applied: list[tuple[str, str]], wanted: tuple[Migration, ...]) -> None:
    known = {migration.name: migration.checksum for migration in wanted}
    for name, checksum in applied:
        if name not in known:
            raise StorageError(f"the database is newer than this program: it has {name}")
        if known[name] != checksum:
            raise StorageError(f"the migration {name} was changed after it had been applied")
    if [name for name, _ in applied] != [migration.name for migration in wanted[: len(applied)]]:
        raise StorageError("the database lacks a migration before one that it has")
