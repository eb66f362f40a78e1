"""The store in one SQLite file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final, Self

import aiosqlite
import msgspec

from gatedrill.backend.migrations import prepare_file
from gatedrill.backend.rules import Ruling, judge_scan
from gatedrill.backend.store import Row
from gatedrill.backend.table_query import Order, TableQuery, Value
from gatedrill.contract.service import Population, ScanArguments, ScanRow, TicketRow

_LOCK_TIMEOUT_S: Final = 0.5
"""How long to wait for another process that holds the file: less than the service has to stop."""

_SELECT_TICKET: Final = """
    SELECT id, event_id, ticket_type, status, scanned_at, scanned_by, device_id
    FROM tickets WHERE id = ?"""
_INSERT_TICKET: Final = """
    INSERT INTO tickets (id, event_id, ticket_type, status, scanned_at, scanned_by, device_id)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_UPDATE_TICKET: Final = """
    UPDATE tickets SET status = ?, scanned_at = ?, scanned_by = ?, device_id = ? WHERE id = ?"""
_INSERT_LOG: Final = """
    INSERT INTO scan_logs (ticket_id, scanned_by, device_id, scan_method, result, scanned_at)
    VALUES (?, ?, ?, ?, ?, ?)"""


class SqliteStore:
    """A `Store` on one connection, whose transactions take turns.

    WAL with `synchronous=NORMAL`: a commit does not wait for the disk. Killing the service loses
    nothing; a power cut may lose the last scans, but never leaves half of one. A rehearsal begins
    with a fresh population anyway, and the latencies it measures should not be those of a disk.
    """

    success_guard: ClassVar[str] = """
        CREATE UNIQUE INDEX IF NOT EXISTS one_success_a_ticket ON scan_logs (ticket_id)
        WHERE result = 'success'"""
    """No ticket has two successful log rows, whatever the code does.

    It is set up at every start, not by a migration: the file may have been used with a planted
    fault that took it away.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, file: Path) -> AsyncIterator[Self]:
        """The store in `file`, made if there is none; UsageError when it cannot be used."""
        prepare_file(file, cls.success_guard)
        connecting = aiosqlite.connect(file, timeout=_LOCK_TIMEOUT_S, isolation_level=None)
        async with connecting as connection:
            await connection.execute_fetchall("PRAGMA synchronous = NORMAL")
            yield cls(connection)

    async def scan(self, arguments: ScanArguments, scanned_at: str) -> ScanRow:
        """Do one scan in one transaction."""
        async with self._transaction():
            ticket = await self._ticket(arguments.p_ticket_id)
            ruling = judge_scan(ticket, arguments, scanned_at)
            await self._record(ruling, arguments, scanned_at)
        return ruling.answer

    async def replace_population(self, population: Population) -> None:
        """Forget everything, then hold exactly these tickets."""
        rows = [msgspec.structs.astuple(ticket) for ticket in population.tickets]
        async with self._transaction():
            await self._connection.execute_fetchall("DELETE FROM scan_logs")
            await self._connection.execute_fetchall("DELETE FROM tickets")
            await self._connection.executemany(_INSERT_TICKET, rows)

    async def read(self, query: TableQuery) -> list[Row]:
        """The rows that `query` asks for."""
        async with self._turn:
            rows = await self._connection.execute_fetchall(*_select(query))
        return [dict(zip(query.columns, row, strict=True)) for row in rows]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        async with self._turn:
            try:
                await self._connection.execute_fetchall("BEGIN IMMEDIATE")
                yield
                await self._connection.commit()
            except BaseException:
                await self._connection.rollback()
                raise

    async def _ticket(self, ticket_id: str) -> TicketRow | None:
        rows = await self._connection.execute_fetchall(_SELECT_TICKET, (ticket_id,))
        return next((TicketRow(*row) for row in rows), None)

    async def _record(self, ruling: Ruling, arguments: ScanArguments, scanned_at: str) -> None:
        if (ticket := ruling.ticket) is not None:
            change = (
                ticket.status,
                ticket.scanned_at,
                ticket.scanned_by,
                ticket.device_id,
                ticket.id,
            )
            await self._connection.execute_fetchall(_UPDATE_TICKET, change)
        log = (*msgspec.structs.astuple(arguments), ruling.result, scanned_at)
        await self._connection.execute_fetchall(_INSERT_LOG, log)


def _select(query: TableQuery) -> tuple[str, list[Value]]:
    """The statement and its parameters; every name in `query` is one of ours."""
    conditions = "".join(
        f" AND {each.column} IN ({', '.join('?' for _ in each.values)})" for each in query.filters
    )
    statement = (
        f"SELECT {', '.join(query.columns)} FROM {query.table} WHERE TRUE{conditions}"  # noqa: S608
        f" ORDER BY {', '.join(map(_order_term, query.order))} LIMIT ? OFFSET ?"
    )
    values = [value for each in query.filters for value in each.values]
    return statement, [*values, -1 if query.limit is None else query.limit, query.offset]


def _order_term(order: Order) -> str:
    return f"{order.column} {'DESC NULLS FIRST' if order.descending else 'ASC NULLS LAST'}"
