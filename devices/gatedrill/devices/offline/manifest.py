"""A device's copy of the event's tickets: looked up by what stands in a code, and kept fresh."""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from gatedrill.contract.outcome import Outcome, Reason
from gatedrill.contract.qr import (
    PlainToken,
    SignedPayload,
    Tampered,
    parse_symbol,
    verify_payload,
)
from gatedrill.devices.answers import refused
from gatedrill.devices.checkin import Entitlement, Ticket, VipPass
from gatedrill.devices.offline.cached_ticket import (
    CachedTicket,
    Kind,
    ManifestReservation,
    ManifestRows,
    ManifestTicket,
)
from gatedrill.devices.offline.database import Database, Row, Writing
from gatedrill.devices.supabase_checkin import VipArgument

# What is an id and what a token is as in `supabase_checkin`.

_FIND: Final = """
    SELECT id, kind, event_id, token, status, reservation,
        EXISTS (SELECT 1 FROM reservations
            WHERE reservations.id = tickets.reservation AND is_open),
        EXISTS (SELECT 1 FROM scans
            WHERE edition = (SELECT edition FROM copy) AND ticket = tickets.id AND (
                outcome IN ('admitted', 'readmitted')
                OR authority <> 'offline' AND reason IN ('already_used', 'lost_race')))
    FROM tickets
    WHERE kind = ? AND {column} = ?
"""
_INSERT: Final = {
    "tickets": "INSERT OR REPLACE INTO tickets VALUES (?, ?, ?, ?, ?, ?)",
    "reservations": "INSERT OR REPLACE INTO reservations VALUES (?, ?)",
}
# A service's table of passes does not say of which event they are; their reservations do.
_FORGET_STRANGERS: Final = """
    DELETE FROM tickets WHERE kind = 'vip_pass'
    AND NOT EXISTS (SELECT 1 FROM reservations WHERE reservations.id = tickets.reservation)
"""


class CopyInfo(NamedTuple):
    """Which tickets the copy is of, and how fresh it is; as in `ManifestRows`."""

    edition: str
    event_id: str
    as_of_ns: int | None
    has_key: bool
    tickets: int


class Found(NamedTuple):
    """A ticket or pass that the copy has.

    `used_here`: by the journal, its bearer was let in, or the service or the registrar told this
    device that he was; the copy may be older than that.
    """

    entitlement: Entitlement
    ticket: CachedTicket
    used_here: bool


class Manifest:
    """The copy in a device's file. It has one edition at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._qr_key: str | None = None
        self._has_read_key = False

    async def info(self) -> CopyInfo | None:
        """What the copy is; None as long as there is none."""
        rows = await self._database.read(
            "SELECT edition, event_id, as_of_ns, qr_key IS NOT NULL, "
            "(SELECT count(*) FROM tickets) FROM copy"
        )
        for edition, event_id, as_of_ns, has_key, tickets in rows:
            at_ns = None if as_of_ns is None else int(as_of_ns)
            return CopyInfo(str(edition), str(event_id), at_ns, bool(has_key), int(tickets or 0))
        return None

    async def find(
        self, symbol: str, event_id: str, vip_argument: VipArgument = "p_pass_id"
    ) -> Found | Outcome:
        """What `symbol` stands for at the gate of this event, or the refusal that settles the scan.

        It is looked for as it is at the service. A signature is verified here; where the key is not
        known, no signed code stands for anything.
        """
        match parse_symbol(symbol):
            case Tampered():
                found: Found | Outcome | None = refused(Reason.TAMPERED)
            case SignedPayload() as payload:
                found = await self._find_signed(payload, vip_argument)
            case PlainToken(token) as plain if plain.is_ticket_id:
                found = await self._look_up("ticket", "id", token.lower(), vip_argument)
            case PlainToken(token):
                found = await self._find_token(token, vip_argument)
        if found is None:
            return refused(Reason.OFFLINE_UNKNOWN)
        if isinstance(found, Found) and found.ticket.event_id != event_id:
            return refused(Reason.WRONG_EVENT)
        return found

    async def _find_signed(
        self, payload: SignedPayload, vip_argument: VipArgument
    ) -> Found | Outcome | None:
        key = await self._key()
        if key is None:
            return None
        if not verify_payload(payload, key):
            return refused(Reason.TAMPERED)
        if payload.is_pass:
            return await self._look_up("vip_pass", "token", payload.token, vip_argument)
        return await self._find_token(payload.token, vip_argument)

    async def _find_token(self, token: str, vip_argument: VipArgument) -> Found | None:
        return await self._look_up("ticket", "token", token, vip_argument) or await self._look_up(
            "vip_pass", "token", token, vip_argument
        )

    async def _look_up(
        self, kind: Kind, column: Literal["id", "token"], value: str, vip_argument: VipArgument
    ) -> Found | None:
        rows = await self._database.read(_FIND.format(column=column), (kind, value))
        return _found(rows[0], vip_argument) if len(rows) == 1 else None

    async def _key(self) -> str | None:
        if not self._has_read_key:
            rows = await self._database.read("SELECT qr_key FROM copy")
            self._qr_key = str(rows[0][0]) if rows and rows[0][0] is not None else None
            self._has_read_key = True
        return self._qr_key

    async def replace(self, edition: str, rows: ManifestRows) -> None:
        """Forget the copy that is there and have this one; all or nothing."""
        async with self._database.transaction() as writing:
            for statement in ("DELETE FROM copy", "DELETE FROM tickets"):
                await writing.write(statement)
            await writing.write("DELETE FROM reservations")
            await writing.write(
                "INSERT INTO copy VALUES (1, ?, ?, ?, ?)",
                (edition, rows.event_id, rows.qr_key, rows.as_of_ns),
            )
            await _insert(writing, rows)
        self._has_read_key = False

    async def apply(self, changes: ManifestRows) -> None:
        """Take what has changed since into the copy that is there; all or nothing.

        What the service has deleted meanwhile stays until the next whole copy.
        """
        async with self._database.transaction() as writing:
            await writing.write(
                "UPDATE copy SET qr_key = ?, as_of_ns = ?", (changes.qr_key, changes.as_of_ns)
            )
            await _insert(writing, changes)
        self._has_read_key = False


async def _insert(writing: Writing, rows: ManifestRows) -> None:
    await writing.write_many(_INSERT["reservations"], _reservation_values(rows.reservations))
    await writing.write_many(_INSERT["tickets"], _ticket_values(rows.tickets))
    await writing.write(_FORGET_STRANGERS)


def _ticket_values(tickets: Iterable[ManifestTicket]) -> Iterator[Row]:
    for each in tickets:
        yield each.id, each.kind, each.event_id, each.token, each.status, each.reservation


def _reservation_values(reservations: Iterable[ManifestReservation]) -> Iterator[Row]:
    for each in reservations:
        yield each.id, int(each.is_open)


def _found(row: Row, vip_argument: VipArgument) -> Found:
    id_, kind, event_id, token, status, reservation, is_open, used_here = row
    ticket = CachedTicket(
        id=str(id_),
        kind="vip_pass" if kind == "vip_pass" else "ticket",
        event_id=str(event_id),
        token=None if token is None else str(token),
        status=str(status),
        reservation=None if reservation is None else str(reservation),
        reservation_open=bool(is_open),
    )
    return Found(_entitlement(ticket, vip_argument), ticket, bool(used_here))


def _entitlement(ticket: CachedTicket, vip_argument: VipArgument) -> Entitlement:
    if ticket.kind == "ticket":
        return Ticket(ticket.id)
    return VipPass(ticket.id if vip_argument == "p_pass_id" else ticket.token or ticket.id)
