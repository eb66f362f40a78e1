"""Reading what the service has on record of a plan.

A service that was built for something else may not let its tables be read. Then the records say so
and the verdict rests on the history alone.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from gatedrill.contract import service
from gatedrill.orchestrator.plan import Plan, PlannedLink
from gatedrill.orchestrator.records import UNREAD, Logs, Records, Snapshot
from gatedrill.orchestrator.service_client import ServiceClient, in_words

_CHARACTERS_A_READ = 3_900
"""Of ids in a URL: a hundred UUIDs. Some servers take no request line of more than 8 KiB."""

Row = TypeVar("Row", bound=msgspec.Struct)


class _Table(NamedTuple, Generic[Row]):
    """What is read of a table, by which column. No more than a verdict needs: a service made by
    others hardly has every column of the reference backend.

    `offline` are columns that are read besides where devices may decide without the service, if it
    has them.
    """

    name: str
    key: str
    columns: str
    row: type[Row]
    may_be_empty: bool = False
    offline: str = ""


_TICKETS = _Table(
    service.TICKETS_TABLE,
    "id",
    "id,event_id,ticket_type,status,scanned_at,scanned_by,device_id",
    service.TicketRow,
    offline="nonce",
)
_PASSES = _Table(
    service.VIP_PASSES_TABLE,
    "id",
    "id,reservation_id,guest_number,qr_token,status",
    service.VipPassRow,
)
_RESERVATIONS = _Table(
    service.VIP_RESERVATIONS_TABLE,
    "id",
    "id,event_id,total_guests,checked_in_guests,status",
    service.VipReservationRow,
)
_LINKED_TICKETS = _Table(
    service.TICKETS_TABLE,
    "vip_reservation_id",
    "id,event_id,ticket_type,status,vip_reservation_id",
    service.TicketRow,
    may_be_empty=True,
)
_SLOTS = _Table(service.SLOTS_TABLE, "id", "id,event_id,capacity,available", service.SlotRow)
_SCAN_LOGS = _Table(
    service.SCAN_LOGS_TABLE,
    "ticket_id",
    "id,ticket_id,scanned_by,device_id,scan_method,result,scanned_at",
    service.ScanLogRow,
    may_be_empty=True,
    offline="nonce,flag",
)
_VIP_SCAN_LOGS = _Table(
    service.VIP_SCAN_LOGS_TABLE,
    "pass_id",
    "id,asked_for,pass_id,reservation_id,scanned_by,entry_type,error,scanned_at",
    service.VipScanLogRow,
    may_be_empty=True,
    offline="nonce",
)
_CHECKOUTS = _Table(
    service.CHECKOUTS_TABLE,
    "slot_id",
    "id,slot_id,guests,status,session_id,created_at",
    service.CheckoutRow,
    may_be_empty=True,
)
_PAYMENT_SESSIONS = _Table(
    service.PAYMENT_SESSIONS_TABLE,
    "slot_id",
    "id,checkout_id,slot_id,guests,slots_reserved,created_at",
    service.PaymentSessionRow,
    may_be_empty=True,
)
_AUDIT_LOGS = _Table(
    service.AUDIT_LOGS_TABLE,
    "slot_id",
    "id,type,slot_id,checkout_id,guests,slots_rolled_back,message,created_at",
    service.AuditLogRow,
    may_be_empty=True,
)


class _UnreadableError(Exception):
    """A table of the service cannot be read; the message says why."""


class RecordReader:
    """Reads, before and after a run, the rows that its plan is about."""

    def __init__(self, client: ServiceClient, plan: Plan) -> None:
        self._client = client
        self._reads_offline = not plan.is_online_only
        known = [ticket for ticket in plan.tickets if ticket.status != "unknown"]
        self._tickets = [ticket.id for ticket in known if ticket.kind == "ticket"]
        self._scanned = [
            ticket.id for ticket in plan.tickets if ticket.kind == "ticket" or self._reads_offline
        ]
        # What a device turned away without knowing its ticket is logged by what stood in the code.
        self._symbols = [each.symbol for each in plan.tickets if each.symbol != each.id]
        self._passes = [ticket.id for ticket in known if ticket.kind == "vip_pass"]
        self._reservations = [row.id for row in plan.reservations]
        self._linked = sorted(
            {
                planned.reservation
                for step in plan.steps
                for planned in step.attempts
                if isinstance(planned, PlannedLink)
            }
        )
        self._slots = [row.id for row in plan.slots]
        self._late = frozenset(plan.late)
        self._before: Snapshot | None = None
        self._unreadable: list[str] = []
        self._is_gone = False

    async def read_before(self) -> None:
        """Read the rows as they stand before the run."""
        known = [each for each in self._tickets if each not in self._late]
        self._before = await self._snapshot(known)

    async def read_after(self, *, complete: bool) -> Records:
        """All that was read, now that the run has ended; `complete` logs hold every call.

        Nothing is read of a run that ended before its rows stood there: they would be another's.
        """
        if self._before is None:
            return UNREAD
        self._is_gone = False
        after = await self._snapshot(self._tickets)
        # A log that may lack rows accuses nobody of one that is not there, and who keeps it may
        # take ids of another kind.
        symbols = self._symbols if complete and self._reads_offline else []
        logs = Logs(
            scan_logs=await self._rows(_SCAN_LOGS, [*self._scanned, *symbols]),
            vip_scan_logs=await self._rows(_VIP_SCAN_LOGS, self._passes),
            checkouts=await self._rows(_CHECKOUTS, self._slots),
            payment_sessions=await self._rows(_PAYMENT_SESSIONS, self._slots),
            audit_logs=await self._rows(_AUDIT_LOGS, self._slots),
        )
        unreadable = tuple(dict.fromkeys(self._unreadable))
        return Records(self._before, after, logs, complete, unreadable)

    async def _snapshot(self, tickets: Sequence[str]) -> Snapshot:
        return Snapshot(
            tickets=await self._rows(_TICKETS, tickets),
            vip_passes=await self._rows(_PASSES, self._passes),
            vip_reservations=await self._rows(_RESERVATIONS, self._reservations),
            linked_tickets=await self._rows(_LINKED_TICKETS, self._linked),
            slots=await self._rows(_SLOTS, self._slots),
        )

    async def _rows(self, table: _Table[Row], ids: Sequence[str]) -> tuple[Row, ...] | None:
        """The rows with these ids; None if there is none to ask for, or they cannot be read.

        Where row-level security hides a table, the answer is an empty one: not a single row counts
        as unreadable, but for a log, which may be empty.
        """
        if not ids or self._is_gone:
            return None
        found: list[Row] = []
        try:
            for some in _batches(ids):
                found += await self._read(table, some)
        except _UnreadableError as why:
            self._unreadable.append(f"table {table.name}: {why}")
            return None
        if not found and not table.may_be_empty:
            self._unreadable.append(
                f"table {table.name}: shows nothing of the plan: none of it exists there, or the "
                "key may not read it"
            )
            return None
        return tuple(found)

    async def _read(self, table: _Table[Row], ids: Sequence[str]) -> list[Row]:
        response = await self._ask(table, ids, table.offline if self._reads_offline else "")
        if response.status_code == httpx.codes.BAD_REQUEST and self._reads_offline:
            response = await self._ask(table, ids, "")
        if response.is_error:
            raise _UnreadableError(f"HTTP {response.status_code}")
        try:
            return msgspec.json.decode(response.content, type=list[table.row])  # type: ignore[name-defined]
        except msgspec.DecodeError as error:
            raise _UnreadableError(f"not of the contract: {error}") from error

    async def _ask(self, table: _Table[Row], ids: Sequence[str], more: str) -> httpx.Response:
        columns = ",".join(filter(None, (table.columns, more)))
        query = {"select": columns, table.key: f"in.({','.join(map(_quoted, ids))})"}
        try:
            return await self._client.read_table(table.name, query)
        except httpx.HTTPError as error:
            self._is_gone = True  # nobody waits for it once a table
            raise _UnreadableError(in_words(error)) from error


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    """These ids, as many at a time as fit into a URL."""
    batch: list[str] = []
    left = _CHARACTERS_A_READ
    for each in ids:
        length = len(quote(f"{_quoted(each)},", safe=""))
        if batch and length > left:
            yield batch
            batch, left = [], _CHARACTERS_A_READ
        batch.append(each)
        left -= length
    if batch:
        yield batch


def _quoted(value: str) -> str:
    """As PostgREST wants a value in a list, which may hold what its language is made of."""
    if re.fullmatch(r"[\w-]+", value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
