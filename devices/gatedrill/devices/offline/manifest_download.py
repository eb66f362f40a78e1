"""A copy of an event's tickets, fetched from a Supabase-style service.

Tables are read by their keys, page after page, so that nothing is left out or doubled when rows
come and go meanwhile. What changed since is asked for by `updated_at`; a service whose tables lack
that column is copied whole each time.
"""

from collections.abc import Callable, Mapping
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from gatedrill.contract import service
from gatedrill.contract.attempt import AskKind
from gatedrill.contract.errors import PeerError
from gatedrill.contract.outcome import REASONS
from gatedrill.devices.answers import OK, UNREADABLE, problem_code
from gatedrill.devices.connection import ServiceAnswer, ServiceConnection, ServiceRequest
from gatedrill.devices.offline.cached_ticket import (
    ManifestReservation,
    ManifestRows,
    ManifestTicket,
)
from gatedrill.devices.offline.service_time import instant_text

PAGE: Final = 1000
OVERLAP_NS: Final = 5_000_000_000
"""A change may be seen so much later than it says it was made."""

_OPEN: Final = ("confirmed", "checked_in")
_NO_SUCH_COLUMN: Final = "42703"


class _TicketRow(msgspec.Struct, frozen=True):
    id: str
    event_id: str
    status: str
    qr_token: str | None = None
    vip_reservation_id: str | None = None


class _PassRow(msgspec.Struct, frozen=True):
    id: str
    reservation_id: str
    status: str
    qr_token: str | None = None


class _ReservationRow(msgspec.Struct, frozen=True):
    id: str
    status: str


R = TypeVar("R", _TicketRow, _PassRow, _ReservationRow)


class _Table(NamedTuple, Generic[R]):
    name: str
    rows: msgspec.json.Decoder[list[R]]
    columns: str
    has_event: bool


_TICKETS = _Table(
    service.TICKETS_TABLE,
    msgspec.json.Decoder(list[_TicketRow]),
    ",".join(_TicketRow.__struct_fields__),
    has_event=True,
)
_PASSES = _Table(
    service.VIP_PASSES_TABLE,
    msgspec.json.Decoder(list[_PassRow]),
    ",".join(_PassRow.__struct_fields__),
    has_event=False,
)
_RESERVATIONS = _Table(
    service.VIP_RESERVATIONS_TABLE,
    msgspec.json.Decoder(list[_ReservationRow]),
    ",".join(_ReservationRow.__struct_fields__),
    has_event=True,
)


class _NoChangeTimesError(Exception):
    """The service's tables do not say when a row was changed."""


def _nobody(_rows: int) -> None:
    """Nobody wants to know."""


async def download(
    connection: ServiceConnection,
    event_id: str,
    *,
    since_ns: int | None = None,
    progress: Callable[[int], None] = _nobody,
) -> ManifestRows:
    """The tickets, passes and reservations of one event; PeerError when they are not to be had.

    With `since_ns`, the `as_of_ns` of an earlier copy, only what has changed since, where the
    service can tell. `progress` is told how many rows have come so far.
    """
    since = None if since_ns is None else instant_text(since_ns - OVERLAP_NS)
    try:
        return await _Download(connection, event_id, since, progress).rows()
    except _NoChangeTimesError:
        rows = await _Download(connection, event_id, None, progress).rows()
        return msgspec.structs.replace(rows, as_of_ns=None)


class _Download:
    """One copy in the making."""

    def __init__(
        self,
        connection: ServiceConnection,
        event_id: str,
        since: str | None,
        progress: Callable[[int], None],
    ) -> None:
        self._connection = connection
        self._event_id = event_id
        self._since = since
        self._progress = progress
        self._count = 0

    async def rows(self) -> ManifestRows:
        # Asked first: what changes from its answer on is not missed next time.
        key, as_of_ns = await self._key()
        reservations = await self._table(_RESERVATIONS)
        passes = await self._table(_PASSES)
        tickets = await self._table(_TICKETS)
        return ManifestRows(
            event_id=self._event_id,
            tickets=(*map(_ticket, tickets), *(_pass(each, self._event_id) for each in passes)),
            reservations=tuple(
                ManifestReservation(each.id, each.status in _OPEN) for each in reservations
            ),
            qr_key=key,
            as_of_ns=as_of_ns,
            is_whole=self._since is None,
        )

    async def _key(self) -> tuple[str | None, int | None]:
        """What codes are signed with, None if the service does not say; and its time of day."""
        what = "the key of the codes"
        answer = await self._get(service.QR_KEY_PATH, {}, what)
        as_of_ns = None if answer.stated is None else answer.stated.at_ns
        if answer.http_status != OK:
            return None, as_of_ns
        try:
            return msgspec.json.decode(answer.body, type=service.QrKey).key, as_of_ns
        except UNREADABLE:
            raise self._failed(what, "an answer that is not of the contract") from None

    async def _table(self, table: _Table[R]) -> list[R]:
        rows: list[R] = []
        while page := await self._page(table, rows[-1].id if rows else None):
            if rows and page[-1].id == rows[-1].id:
                raise self._failed(f"table {table.name}", "it tells the same rows again and again")
            rows += page
            self._count += len(page)
            self._progress(self._count)
        return rows

    async def _page(self, table: _Table[R], after: str | None) -> list[R]:
        query = {"select": table.columns, "order": "id", "limit": str(PAGE)}
        if table.has_event:
            query["event_id"] = f"eq.{self._event_id}"
        if self._since is not None:
            query["updated_at"] = f"gte.{self._since}"
        if after is not None:
            query["id"] = f"gt.{after}"
        what = f"table {table.name}"
        answer = await self._get(service.TABLE_PATH.format(table=table.name), query, what)
        try:
            return table.rows.decode(answer.body)
        except UNREADABLE as error:
            raise self._failed(what, str(error)) from None

    async def _get(self, path: str, query: Mapping[str, str], what: str) -> ServiceAnswer:
        request = ServiceRequest(AskKind.LOOKUP, path, query=query)
        answer = await self._connection.send(request, _itself)
        if answer.http_status is None:
            why = REASONS[answer.failure].meaning if answer.failure else "no answer"
            raise self._failed(what, why)
        is_none = path == service.QR_KEY_PATH and answer.http_status == 404
        if answer.http_status == OK or is_none:
            return answer
        if self._since is not None and problem_code(answer.body) == _NO_SUCH_COLUMN:
            raise _NoChangeTimesError
        raise self._failed(what, f"status {answer.http_status} {problem_code(answer.body)}".strip())

    def _failed(self, what: str, why: str) -> PeerError:
        return PeerError(
            f"cannot copy the tickets of event {self._event_id}: {what}: {why} "
            f"(after {self._count} rows)"
        )


def _itself(answer: ServiceAnswer) -> ServiceAnswer:
    return answer


def _ticket(row: _TicketRow) -> ManifestTicket:
    return ManifestTicket(
        row.id, "ticket", row.event_id, row.qr_token, row.status, row.vip_reservation_id
    )


def _pass(row: _PassRow, event_id: str) -> ManifestTicket:
    return ManifestTicket(
        row.id, "vip_pass", event_id, row.qr_token, row.status, row.reservation_id
    )
