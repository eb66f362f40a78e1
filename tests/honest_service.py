"""A check-in service that does everything right, in memory: what a made-up run asks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from gatedrill.contract.service import (
    AuditLogRow,
    AuditType,
    CheckoutRow,
    PaymentSessionRow,
    Population,
    ScanLogRow,
    SlotRow,
    TicketRow,
    VipPassRow,
    VipReservationRow,
    VipScanLogRow,
)

SCANNER = "scanner"
NOW = "2026-11-20T12:00:00+00:00"


def time_of_day(at_ns: int) -> str:
    """The time so long after the beginning of a run."""
    began = datetime.fromisoformat(NOW)
    return (began + timedelta(microseconds=at_ns // 1000)).isoformat(timespec="microseconds")


Row = TypeVar("Row", bound=msgspec.Struct)


def changed(row: Row, **fields: object) -> Row:
    """The row with these fields instead."""
    return msgspec.convert(msgspec.structs.asdict(row) | fields, type(row))


@dataclass
class Tables:
    """The rows of all tables that a run changes, by id."""

    tickets: dict[str, TicketRow] = field(default_factory=dict)
    vip_passes: dict[str, VipPassRow] = field(default_factory=dict)
    vip_reservations: dict[str, VipReservationRow] = field(default_factory=dict)
    slots: dict[str, SlotRow] = field(default_factory=dict)

    @classmethod
    def of(cls, population: Population) -> "Tables":
        """What the service holds when it has been populated."""
        return cls(
            {row.id: row for row in population.tickets},
            {row.id: row for row in population.vip_passes},
            {row.id: row for row in population.vip_reservations},
            {
                row.id: changed(
                    row, available=row.capacity if row.available is None else row.available
                )
                for row in population.slots
            },
        )


@dataclass
class LogTables:
    """The rows of all logs, in the order in which they were written."""

    scan_logs: list[ScanLogRow] = field(default_factory=list)
    vip_scan_logs: list[VipScanLogRow] = field(default_factory=list)
    checkouts: list[CheckoutRow] = field(default_factory=list)
    payment_sessions: list[PaymentSessionRow] = field(default_factory=list)
    audit_logs: list[AuditLogRow] = field(default_factory=list)


class HonestService:
    """Answers one question after the other."""

    def __init__(self, population: Population) -> None:
        self.tables = Tables.of(population)
        self.logs = LogTables()
        self._payment = population.payment.outcome
        self._heard: set[str] = set()
        self.now = NOW
        self._told: dict[str, str] = {}

    def scan(self, ticket_id: str, device: str, nonce: str | None = None) -> str:
        """The log's word for what becomes of a ticket's scan."""
        row = self.tables.tickets.get(ticket_id)
        result = "not_found"
        if row is not None:
            result = {"scanned": "already_scanned", "cancelled": "cancelled", "valid": "success"}[
                row.status
            ]
        if row is not None and result == "success":
            self._stands(row, device, self.now, nonce)
        self.log_scan(ticket_id, result, device, nonce=nonce)
        return result

    def _stands(self, row: TicketRow, device: str, at: str, nonce: str | None) -> None:
        self.tables.tickets[row.id] = changed(
            row, status="scanned", device_id=device, scanned_at=at, nonce=nonce
        )

    def sync(self, ticket_id: str, device: str, scanned_at: str, nonce: str) -> str | None:
        """The log's word for an uploaded admission; None for one that stands already."""
        row = self.tables.tickets[ticket_id]
        if row.nonce == nonce:
            return None
        result = "conflict"
        if row.status == "valid":
            result = "synced"
        elif scanned_at < (row.scanned_at or ""):
            result = "took_over"
        if result != "conflict":
            self._stands(row, device, scanned_at, nonce)
        self.log_scan(ticket_id, result, device, "offline", nonce, scanned_at)
        return result

    def log_scan(
        self,
        ticket_id: str,
        result: str,
        device: str,
        method: str = "qr",
        nonce: str | None = None,
        scanned_at: str | None = None,
    ) -> None:
        """Write a row of `scan_logs`."""
        row = {
            "id": len(self.logs.scan_logs) + 1,
            "ticket_id": ticket_id,
            "scanned_by": SCANNER,
            "device_id": device,
            "scan_method": method,
            "result": result,
            "scanned_at": scanned_at or self.now,
            "nonce": nonce,
        }
        self.logs.scan_logs.append(msgspec.convert(row, ScanLogRow))

    def lets_back_in(self, ticket_id: str) -> bool:
        """Whether a ticket belongs to a reservation whose guests may re-enter."""
        row = self.tables.tickets.get(ticket_id)
        reservation = self.tables.vip_reservations.get((row and row.vip_reservation_id) or "")
        return reservation is not None and reservation.status in ("confirmed", "checked_in")

    def scan_pass(self, pass_id: str, nonce: str | None = None, at: str | None = None) -> str:
        """The log's word for a pass's scan, or the error for which it is refused.

        The same is told of a nonce that was let in before.
        """
        if nonce is not None and nonce in self._told:
            return self._told[nonce]
        word = self._scan_pass(pass_id, nonce, at)
        if nonce is not None and word in ("first_entry", "reentry"):
            self._told[nonce] = word
        return word

    def _scan_pass(self, pass_id: str, nonce: str | None, at: str | None) -> str:
        row = self.tables.vip_passes[pass_id]
        reservation = self.tables.vip_reservations[row.reservation_id]
        if row.status == "cancelled":
            return self._refuse_pass(pass_id, "PASS_CANCELLED")
        if reservation.status not in ("confirmed", "checked_in"):
            return self._refuse_pass(pass_id, "RESERVATION_NOT_CONFIRMED")
        if row.status == "checked_in":
            self.log_pass(pass_id, "reentry", None, nonce, at)
            return "reentry"
        self.tables.vip_passes[pass_id] = changed(row, status="checked_in", last_entry_at=NOW)
        counted = min(reservation.checked_in_guests + 1, reservation.total_guests)
        self.tables.vip_reservations[reservation.id] = changed(
            reservation, checked_in_guests=counted, status="checked_in"
        )
        self.log_pass(pass_id, "first_entry", None, nonce, at)
        return "first_entry"

    def _refuse_pass(self, pass_id: str, error: str) -> str:
        self.log_pass(pass_id, "refused", error)
        return error

    def log_pass(
        self,
        pass_id: str,
        entry_type: str,
        error: str | None = None,
        nonce: str | None = None,
        scanned_at: str | None = None,
    ) -> None:
        """Write a row of `vip_scan_logs`."""
        row = {
            "id": len(self.logs.vip_scan_logs) + 1,
            "asked_for": pass_id,
            "pass_id": pass_id,
            "reservation_id": self.tables.vip_passes[pass_id].reservation_id,
            "scanned_by": SCANNER,
            "entry_type": entry_type,
            "error": error,
            "scanned_at": scanned_at or self.now,
            "nonce": nonce,
        }
        self.logs.vip_scan_logs.append(msgspec.convert(row, VipScanLogRow))

    def counted(self, pass_id: str) -> int:
        """How many guests the pass's reservation counts now."""
        reservation = self.tables.vip_passes[pass_id].reservation_id
        return self.tables.vip_reservations[reservation].checked_in_guests

    def check_out(self, checkout: str, slot_id: str, guests: int) -> AuditType:
        """The log's word for a checkout; one that is booked has the session `cs_<checkout>`."""
        slot = self.tables.slots[slot_id]
        free = slot.available or 0
        if free < guests:
            self.audit(AuditType.FAILED, slot_id, guests)
            return AuditType.FAILED
        if self._payment != "succeed":
            self.audit(AuditType.STRIPE_ERROR, slot_id, guests, guests)
            return AuditType.STRIPE_ERROR
        self.tables.slots[slot_id] = changed(slot, available=free - guests)
        session = f"cs_{checkout}"
        self.logs.checkouts.append(CheckoutRow(checkout, slot_id, guests, "open", session, NOW))
        self.logs.payment_sessions.append(
            PaymentSessionRow(session, checkout, slot_id, guests, "true", NOW)
        )
        self.audit(AuditType.OPENED, slot_id, guests)
        return AuditType.OPENED

    def hear(self, event: str, slot_id: str, guests: int, *, is_marked: bool) -> None:
        """Hear of a payment."""
        if event in self._heard:
            return
        self._heard.add(event)
        slot = self.tables.slots[slot_id]
        free = slot.available or 0
        if not is_marked and free < guests:
            self.audit(AuditType.OVERSOLD, slot_id, guests)
            return
        if not is_marked:
            self.tables.slots[slot_id] = changed(slot, available=free - guests)
        self.audit(AuditType.COMPLETED, slot_id, guests)

    def audit(
        self, kind: AuditType, slot_id: str, guests: int, rolled_back: int | None = None
    ) -> None:
        """Write a row of `audit_logs`."""
        number = len(self.logs.audit_logs) + 1
        self.logs.audit_logs.append(
            AuditLogRow(number, kind, slot_id, None, guests, rolled_back, None, NOW)
        )

    def link(self, ticket_id: str, reservation_id: str) -> str | None:
        """Why a ticket is not linked to a reservation; None if it is."""
        linked = [
            row for row in self.tables.tickets.values() if row.vip_reservation_id == reservation_id
        ]
        ticket = self.tables.tickets[ticket_id]
        if ticket.vip_reservation_id is not None:
            return "already_linked"
        if len(linked) >= self.tables.vip_reservations[reservation_id].total_guests:
            return "full"
        self.tables.tickets[ticket_id] = changed(ticket, vip_reservation_id=reservation_id)
        return None
