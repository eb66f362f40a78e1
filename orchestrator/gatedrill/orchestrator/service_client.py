"""Reading the service's records over HTTP, and resetting the one service that allows it.

A service that was built for something else may not let its tables be read. Then the records say so
and the verdict rests on the history alone.
"""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Generic, NamedTuple, TypeVar

import httpx
import msgspec

from gatedrill.contract import service
from gatedrill.contract.errors import PeerError
from gatedrill.contract.service import ScanLogRow, TicketRow
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator.records import Records

_IDS_A_READ = 100
_TIMEOUT_S = 10.0

Row = TypeVar("Row", bound=msgspec.Struct)


class _Table(NamedTuple, Generic[Row]):
    """What is read of a table, by which column. No more than a verdict needs: a service made by
    others hardly has every column of the reference backend.
    """

    name: str
    key: str
    columns: str
    row: type[Row]


_TICKETS = _Table(
    service.TICKETS_TABLE,
    "id",
    "id,event_id,ticket_type,status,scanned_at,scanned_by,device_id",
    TicketRow,
)
_SCAN_LOGS = _Table(
    service.SCAN_LOGS_TABLE,
    "ticket_id",
    "id,ticket_id,scanned_by,device_id,scan_method,result,scanned_at",
    ScanLogRow,
)


class UnreadableError(Exception):
    """A table of the service cannot be read; the message says why."""


class ServiceRecords:
    """Reads (and, at the reference backend, resets) a check-in service. Async context manager."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"apikey": key, "authorization": f"Bearer {key}"},
            timeout=_TIMEOUT_S,
            trust_env=False,
        )

    async def __aenter__(self) -> "ServiceRecords":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def about(self) -> service.About | None:
        """What answers at the target; None if it is not the reference backend.

        Raises PeerError when nothing answers, or when the credentials are refused. Writes nothing.
        """
        response = await self._get(service.ABOUT_PATH)
        try:
            about = msgspec.json.decode(response.content, type=service.About)
        except msgspec.DecodeError:
            about = None
        if about is not None and about.service == service.SERVICE_NAME:
            return about
        await self._get(_path(service.TICKETS_TABLE), {"select": "id", "limit": "1"})
        return None

    async def populate(self, tickets: Iterable[Ticket]) -> None:
        """Make the reference backend forget everything and hold exactly these tickets."""
        rows = tuple(TicketRow(ticket.id, ticket.event_id, ticket.type) for ticket in tickets)
        body = msgspec.json.encode(service.Population(rows))
        try:
            response = await self._client.put(service.POPULATION_PATH, content=body)
        except httpx.HTTPError as error:
            raise PeerError(f"cannot reach the service at {self._url}: {error}") from error
        if response.is_error:
            raise PeerError(
                f"{self._url} refused its population with HTTP {response.status_code}: "
                f"{response.text[:200]}"
            )

    async def tickets(self, ids: Sequence[str]) -> tuple[TicketRow, ...]:
        """The rows of these tickets; raises UnreadableError.

        Not a single row counts as unreadable: where row-level security hides a table, the answer is
        an empty one.
        """
        rows = await self._rows(_TICKETS, ids)
        if ids and not rows:
            raise UnreadableError(
                f"table {service.TICKETS_TABLE}: shows none of the plan's tickets: none exists "
                "there, or the key may not read them"
            )
        return rows

    async def read_before(self, ids: Sequence[str]) -> Records:
        """The tickets as they stand before a run."""
        try:
            return Records(before=await self.tickets(ids), after=None, scan_logs=None)
        except UnreadableError as why:
            return Records(before=None, after=None, scan_logs=None, unreadable=str(why))

    async def read_after(self, earlier: Records, ids: Sequence[str], *, complete: bool) -> Records:
        """`earlier`, completed by what the service has on these tickets now."""
        unreadable = earlier.unreadable
        after = scan_logs = None
        try:
            after = await self.tickets(ids)
            scan_logs = await self._rows(_SCAN_LOGS, ids)
        except UnreadableError as why:
            unreadable = str(why)
        return Records(earlier.before, after, scan_logs, complete, unreadable)

    async def _rows(self, table: _Table[Row], ids: Sequence[str]) -> tuple[Row, ...]:
        found: list[Row] = []
        for start in range(0, len(ids), _IDS_A_READ):
            found += await self._read(table, ids[start : start + _IDS_A_READ])
        return tuple(found)

    async def _read(self, table: _Table[Row], ids: Sequence[str]) -> list[Row]:
        query = {"select": table.columns, table.key: f"in.({','.join(ids)})"}
        try:
            response = await self._client.get(_path(table.name), params=query)
        except httpx.HTTPError as error:
            raise UnreadableError(f"table {table.name}: {error or type(error).__name__}") from error
        if response.is_error:
            raise UnreadableError(f"table {table.name}: HTTP {response.status_code}")
        try:
            return msgspec.json.decode(response.content, type=list[table.row])  # type: ignore[name-defined]
        except msgspec.DecodeError as error:
            raise UnreadableError(f"table {table.name}: not of the contract: {error}") from error

    async def _get(self, path: str, query: dict[str, str] | None = None) -> httpx.Response:
        try:
            response = await self._client.get(path, params=query)
        except httpx.HTTPError as error:
            raise PeerError(
                f"cannot reach the service at {self._url}: {error or type(error).__name__}"
            ) from error
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise PeerError(
                f"{self._url} refused the credentials (HTTP {response.status_code}): "
                "set SUPABASE_SERVICE_ROLE_KEY to its key"
            )
        return response


def _path(name: str) -> str:
    return service.TABLE_PATH.format(table=name)
