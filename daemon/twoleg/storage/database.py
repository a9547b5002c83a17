"""Connections to Postgres: our own embedded server or the one of `DATABASE_URL`.

The border to the driver: its errors become DatabaseUnavailable (try again later) or StorageError
(trying again will not help). Passwords appear in neither.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import asyncpg

from twoleg.errors import DatabaseUnavailable, StorageError
from twoleg.storage.queries import query

CONNECT_SECONDS: Final = 5
COMMAND_SECONDS: Final = 30
CONNECTIONS_MAX: Final = 4
_PASSWORD: Final = re.compile(r"(://[^/@:]*):[^@]*@|(password=)[^&\s]*")
# The server or the way to it is the trouble, not what was asked: connection exceptions (08),
# insufficient resources (53), operator intervention (57), system errors (58), a transaction that
# lost against another one (40), and a server that only reads for now (25).
_PASSING_CLASSES: Final = frozenset({"08", "25", "40", "53", "57", "58"})
# Asked for by a caller whose patience ended, which another try may still satisfy.
_PASSING_STATES: Final = frozenset({"55P03"})

Connection = Any
"""An `asyncpg.Connection`; the driver ships no types."""
Dsn = str | Callable[[], str]


def hide_password(dsn: str) -> str:
    """A DSN that may be shown."""
    return _PASSWORD.sub(lambda m: f"{m[1]}:…@" if m[1] is not None else f"{m[2]}…", dsn)


def is_data_fault(error: BaseException | None) -> bool:
    """Whether a value was refused, by the driver or the server, and nothing else is wrong."""
    if isinstance(error, asyncpg.InterfaceError):
        return isinstance(error, ValueError)
    return isinstance(error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError)


@contextmanager
def translate_errors() -> Generator[None, None, None]:
    """Let no error of the driver through."""
    try:
        yield
    except asyncpg.PostgresError as error:
        state = str(getattr(error, "sqlstate", ""))
        text = f"{type(error).__name__}: {error}"
        if state[:2] in _PASSING_CLASSES or state in _PASSING_STATES:
            raise DatabaseUnavailable(text) from error
        raise StorageError(text) from error
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncio.IncompleteReadError) as error:
        if is_data_fault(error):
            raise StorageError(str(error)) from error
        raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error
    except asyncpg.InternalClientError as error:
        raise StorageError(f"{type(error).__name__}: {error}") from error


class Database:
    """Where Postgres is, single connections to it, and a small pool for readers.

    `dsn` may be a callable, asked anew for each connection, for a server that can move.
    """

    def __init__(self, dsn: Dsn) -> None:
        self._dsn = dsn
        # Opened by the first `acquire`.
        self._pool: Any = None
        self._opening = asyncio.Lock()

    @property
    def dsn(self) -> str:
        """Where to connect now; holds the password, so never for a log."""
        return self._dsn if isinstance(self._dsn, str) else self._dsn()

    def __repr__(self) -> str:
        return f"Database({hide_password(self.dsn)})"

    async def connect(self) -> Connection:
        """A connection of one's own. Raises DatabaseUnavailable, StorageError."""
        with translate_errors():
            try:
                return await asyncpg.connect(
                    self.dsn,
                    timeout=CONNECT_SECONDS,
                    command_timeout=COMMAND_SECONDS,
                    server_settings={"application_name": "twoleg"},
                )
            except ValueError as error:
                # The driver quotes the whole DSN in some of these.
                raise StorageError("DATABASE_URL is not a Postgres address") from error.__cause__

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[Connection, None]:
        """A connection from the pool, for as long as the block runs; errors are translated."""
        with translate_errors():
            async with self._opening:
                if self._pool is None:
                    self._pool = await asyncpg.create_pool(
                        self.dsn,
                        min_size=0,
                        max_size=CONNECTIONS_MAX,
                        timeout=CONNECT_SECONDS,
                        command_timeout=COMMAND_SECONDS,
                        server_settings={"application_name": "twoleg"},
                    )
            async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                yield connection

    async def close(self) -> None:
        """Close the pool. Idempotent."""
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await pool.close()
            except TimeoutError:
                pool.terminate()


async def listen(connection: Connection, channel: str, tell: Callable[[], None]) -> None:
    """Call `tell` at each notification of a channel, and when the session ends.

    Raises DatabaseUnavailable, StorageError.
    """
    with translate_errors():
        connection.add_termination_listener(lambda _connection: tell())
        await connection.add_listener(channel, lambda *_notification: tell())


async def lock_accounts(connection: Connection, accounts_key: str) -> bool:
    """Claim a set of venue accounts over all hosts; held while `connection` lives."""
    with translate_errors():
        return bool(await connection.fetchval(query("try_account_lock"), accounts_key))
