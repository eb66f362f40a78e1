"""The store in one SQLite file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Final, Self

import aiosqlite
import msgspec

from gatedrill.backend import statements, tables
from gatedrill.backend.changes import Changes
from gatedrill.backend.instants import utc_now
from gatedrill.backend.migrations import prepare_file
from gatedrill.backend.store import DuplicateError, Lock, R, Row
from gatedrill.backend.table_query import TableQuery
from gatedrill.contract.service import Population

_LOCK_TIMEOUT_S: Final = 0.5
"""How long to wait for another process that holds the file: less than the service has to stop."""
_DUPLICATE: Final = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)


class SqliteStore:
    """A `Store` on one connection, whose transactions take turns: no row is ever busy.

    WAL with `synchronous=NORMAL`: a commit does not wait for the disk. Killing the service loses
    nothing; a power cut may lose the last scans, but never leaves half of one. A rehearsal begins
    with a fresh population anyway, and the latencies it measures should not be those of a disk.
    """

    def __init__(self, connection: aiosqlite.Connection, changes: Changes) -> None:
        self._connection = connection
        self._changes = changes
        self._records = _Records(connection, changes)
        self._turn = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, file: Path, *, guarded: bool = True, now: Callable[[], str] = utc_now
    ) -> AsyncIterator[Self]:
        """The store in `file`, made if there is none; UsageError when it cannot be used.

        `guarded` False takes the unique indexes off the logs, for a planted fault; `now` dates the
        changes.
        """
        prepare_file(file, statements.guard_statements(guarded=guarded))
        connecting = aiosqlite.connect(file, timeout=_LOCK_TIMEOUT_S, isolation_level=None)
        async with connecting as connection:
            await connection.execute_fetchall("PRAGMA synchronous = NORMAL")
            yield cls(connection, Changes(now))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_Records"]:
        """A transaction that has the file to itself."""
        async with self._turn:
            try:
                await self._connection.execute_fetchall("BEGIN IMMEDIATE")
                yield self._records
                await self._connection.commit()
            except BaseException:
                await self._connection.rollback()
                raise

    async def replace_population(self, population: Population) -> None:
        """Forget every row, then hold exactly this."""
        rows = map(self._changes.added, statements.population_rows(population))
        async with self.transaction():
            for table in tables.ALL:
                await self._connection.execute_fetchall(f"DELETE FROM {table}")  # noqa: S608
            for row_type, of_type in groupby(rows, type):
                await self._connection.executemany(
                    statements.insert_row(row_type), map(statements.inserted_values, of_type)
                )

    async def read(self, query: TableQuery) -> list[Row]:
        """The rows that `query` asks for."""
        async with self._turn:
            rows = await self._connection.execute_fetchall(*statements.select_rows(query))
        return [dict(zip(query.columns, row, strict=True)) for row in rows]


class _Records:
    """A `Transaction`: every one has the whole file, so that no row needs a lock."""

    def __init__(self, connection: aiosqlite.Connection, changes: Changes) -> None:
        self._connection = connection
        self._changes = changes

    async def find(
        self,
        row_type: type[R],
        value: str,
        *,
        by: str = "id",
        lock: Lock = Lock.WAIT,  # noqa: ARG002
    ) -> R | None:
        statement = statements.find_row(row_type, by)
        rows = await self._connection.execute_fetchall(statement, (value,))
        return next((row_type(*row) for row in rows), None)

    async def count(self, row_type: type[msgspec.Struct], *, column: str, value: str) -> int:
        statement = statements.count_rows(row_type, column)
        [[number]] = await self._connection.execute_fetchall(statement, (value,))
        return int(number)

    async def insert(self, row: msgspec.Struct) -> None:
        statement = statements.insert_row(type(row))
        values = statements.inserted_values(self._changes.added(row))
        try:
            await self._connection.execute_fetchall(statement, values)
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode in _DUPLICATE:
                raise DuplicateError(str(error)) from error
            raise

    async def update(self, row: msgspec.Struct) -> None:
        statement = statements.update_row(type(row))
        values = statements.updated_values(self._changes.changed(row))
        await self._connection.execute_fetchall(statement, values)
