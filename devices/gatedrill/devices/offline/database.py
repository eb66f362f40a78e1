"""One connection to a device's file, whose transactions take turns."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

import aiosqlite

from gatedrill.contract.errors import UsageError
from gatedrill.devices.offline.errors import NotRecordedError

Value: TypeAlias = str | int | None
Row: TypeAlias = Sequence[Value]

# It would log every statement with its values, and so the key that codes are signed with.
logging.getLogger("aiosqlite").setLevel(logging.INFO)

_FULL: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


class Database:
    """Reads and writes, each durable when it returns. `file` is for messages.

    A statement by itself is a transaction. It waits for one that is under way, so that it is not
    undone with it.
    """

    def __init__(self, connection: aiosqlite.Connection, file: Path) -> None:
        self.file = file
        self._connection = connection
        self._turn = asyncio.Lock()

    async def read(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """The rows that a query finds; UsageError when the file is broken."""
        async with self._turn:
            try:
                return list(await self._connection.execute_fetchall(statement, values))
            except sqlite3.Error as error:
                raise UsageError(f"cannot read {self.file}: {error}") from error

    async def write(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Change something; the rows that it returns. NotRecordedError when nothing was changed."""
        async with self._turn:
            with self._recording():
                return list(await self._connection.execute_fetchall(statement, values))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Writing"]:
        """Change several things or none; NotRecordedError if it came to none."""
        async with self._turn:
            with self._recording():
                try:
                    # Whoever is cancelled here leaves the statement to the thread all the same.
                    await self._connection.execute_fetchall("BEGIN IMMEDIATE")
                    yield Writing(self._connection)
                    await self._connection.commit()
                except BaseException:
                    await self._connection.rollback()
                    raise

    async def close(self) -> None:
        """Let go of the file."""
        await self._connection.close()

    @contextmanager
    def _recording(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            is_full = error.sqlite_errorcode & 0xFF in _FULL
            cure = ": make room on its disk" if is_full else ""
            raise NotRecordedError(f"cannot write {self.file}: {error}{cure}") from error


class Writing:
    """A transaction under way."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def write(self, statement: str, values: Sequence[Value] = ()) -> None:
        """Change something."""
        await self._connection.execute_fetchall(statement, values)

    async def write_many(self, statement: str, rows: Iterable[Row]) -> None:
        """Change something once for each row of values."""
        await self._connection.executemany(statement, rows)
