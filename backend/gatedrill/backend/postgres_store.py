"""The store in a PostgreSQL database, in a schema of its own.

Rows are locked as the functions that this service stands in for lock theirs: a scan that finds its
ticket's row held by another one does not wait.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from functools import cache
from itertools import groupby
from typing import Final, Self, TypeAlias
from urllib.parse import urlsplit

import asyncpg
import msgspec

from gatedrill.backend import statements, tables
from gatedrill.backend.calm import Calm
from gatedrill.backend.changes import Changes
from gatedrill.backend.instants import utc_now
from gatedrill.backend.postgres_migrations import Connection, migrate
from gatedrill.backend.store import DuplicateError, Lock, R, Row, RowBusyError
from gatedrill.backend.table_query import TableQuery
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.service import Population

SCHEMA: Final = "gatedrill"
"""All tables are in it: a population replaces them, and must never meet those of anybody else."""

_CONNECTIONS: Final = 16
"""As many scans can meet at one row; more than that wait for their turn to begin."""
_CONNECT_TIMEOUT_S: Final = 5.0
_CLOSE_TIMEOUT_S: Final = 0.5
_FORM: Final = "postgresql://user:password@host:port/database"

_LOCKS: Final = {
    Lock.NONE: "",
    Lock.WAIT: " FOR UPDATE",
    Lock.NO_WAIT: " FOR UPDATE NOWAIT",
}

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class PostgresStore:
    """A `Store` on a pool of connections, whose transactions run side by side (read committed)."""

    def __init__(self, pool: Pool, changes: Changes) -> None:
        self._pool = pool
        self._changes = changes
        self._calm = Calm()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, guarded: bool = True, now: Callable[[], str] = utc_now
    ) -> AsyncIterator[Self]:
        """The store at `url`, its schema made if there is none.

        `guarded` False takes the unique indexes off the logs, for a planted fault; `now` dates the
        changes. Raises
        UsageError when the URL or the database cannot be used, PeerError when nobody answers there
        or the credentials are refused; neither tells the password.
        """
        where = place_of(url)
        pool = await _connect(url, where)
        try:
            async with pool.acquire() as connection:
                await _prepare(connection, where, guarded=guarded)
            yield cls(pool, Changes(now))
        finally:
            with suppress(TimeoutError):  # then the pool has broken its connections off
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_Records"]:
        """A transaction beside others."""
        async with self._changing() as connection:
            yield _Records(connection, self._changes)

    async def replace_population(self, population: Population) -> None:
        """Forget every row, then hold exactly this."""
        rows = map(self._changes.added, statements.population_rows(population))
        async with self._changing() as connection:
            await connection.execute(f"TRUNCATE {', '.join(tables.ALL)} RESTART IDENTITY")
            for row_type, of_type in groupby(rows, type):
                await connection.copy_records_to_table(
                    tables.table_of(row_type),
                    schema_name=SCHEMA,
                    columns=statements.inserted_columns(row_type),
                    records=map(statements.inserted_values, of_type),
                )

    async def read(self, query: TableQuery) -> list[Row]:
        """The rows that `query` asks for."""
        statement, values = statements.select_rows(query)
        async with self._pool.acquire() as connection, self._looking(query):
            rows = await connection.fetch(_numbered(statement), *values)
        return [dict(zip(query.columns, row.values(), strict=True)) for row in rows]

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[Connection]:
        # Who waits for his turn to begin has a connection, but holds no row that others wait for.
        acquiring = self._pool.acquire()
        async with acquiring as connection, self._calm.change(), connection.transaction():
            yield connection

    def _looking(self, query: TableQuery) -> AbstractAsyncContextManager[None]:
        """Whoever asks what is new must not miss a change that is under way."""
        asks_what_is_new = any(each.column == "updated_at" for each in query.filters)
        return self._calm.look() if asks_what_is_new else nullcontext()


class _Records:
    """A `Transaction` on one connection."""

    def __init__(self, connection: Connection, changes: Changes) -> None:
        self._connection = connection
        self._changes = changes

    async def find(
        self, row_type: type[R], value: str, *, by: str = "id", lock: Lock = Lock.WAIT
    ) -> R | None:
        statement = _numbered(statements.find_row(row_type, by) + _LOCKS[lock])
        try:
            row = await self._connection.fetchrow(statement, value)
        except asyncpg.LockNotAvailableError as error:
            raise RowBusyError(str(error)) from error
        return None if row is None else row_type(*row.values())

    async def count(self, row_type: type[msgspec.Struct], *, column: str, value: str) -> int:
        statement = _numbered(statements.count_rows(row_type, column))
        number: int = await self._connection.fetchval(statement, value)
        return number

    async def insert(self, row: msgspec.Struct) -> None:
        statement = _numbered(statements.insert_row(type(row)))
        values = statements.inserted_values(self._changes.added(row))
        try:
            await self._connection.execute(statement, *values)
        except asyncpg.UniqueViolationError as error:
            raise DuplicateError(str(error)) from error

    async def update(self, row: msgspec.Struct) -> None:
        statement = _numbered(statements.update_row(type(row)))
        values = statements.updated_values(self._changes.changed(row))
        await self._connection.execute(statement, *values)


@cache
def _numbered(statement: str) -> str:
    """The statement with `$1`, `$2`… in the places of `?`."""
    first, *rest = statement.split("?")
    return first + "".join(f"${number}{text}" for number, text in enumerate(rest, start=1))


def place_of(url: str) -> str:
    """Host, port and database of `url`, without its secrets; UsageError if it is no such URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:
        raise UsageError(f"the store's URL cannot be read: it must look like {_FORM}") from None
    if parts.scheme not in ("postgresql", "postgres") or not parts.hostname:
        raise UsageError(f"the store's URL is not one of PostgreSQL: it must look like {_FORM}")
    return f"{parts.hostname}:{port}{parts.path}"


async def _connect(url: str, where: str) -> Pool:
    """A pool with all its connections made: a burst must not wait for them."""
    try:
        return await asyncpg.create_pool(
            url,
            min_size=_CONNECTIONS,
            max_size=_CONNECTIONS,
            max_inactive_connection_lifetime=0,
            reset=_nothing_to_reset,
            timeout=_CONNECT_TIMEOUT_S,
            server_settings={"search_path": SCHEMA, "application_name": "gatedrill"},
        )
    except (OSError, TimeoutError) as error:
        raise PeerError(f"cannot reach PostgreSQL at {where}: {_why(error)}") from None
    except asyncpg.PostgresError as error:
        raise PeerError(f"PostgreSQL at {where} refused us: {error}") from None
    except (ValueError, asyncpg.InterfaceError):
        raise UsageError(f"the store's URL cannot be used: it must look like {_FORM}") from None


def _why(error: OSError) -> str:
    """What the system calls it; of its own accord, asyncio only repeats the address."""
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    return error.strerror or type(error).__name__


async def _nothing_to_reset(_: Connection) -> None:
    """Spare a round trip after each transaction: no setting of a connection is ever changed."""


async def _prepare(connection: Connection, where: str, *, guarded: bool) -> None:
    guards = statements.guard_statements(guarded=guarded)
    try:
        async with connection.transaction():
            await migrate(connection, where, SCHEMA)
            await _execute_all(connection, guards)
    except asyncpg.UniqueViolationError:
        raise UsageError(
            f"database {where} holds several successful scans of one ticket or first entries of "
            "one pass, as a planted fault leaves them: choose another database"
        ) from None
    except asyncpg.PostgresError as error:
        raise UsageError(f"cannot prepare database {where}: {error}") from None


async def _execute_all(connection: Connection, scripts: Sequence[str]) -> None:
    for script in scripts:
        await connection.execute(script)
