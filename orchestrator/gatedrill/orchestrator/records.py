"""The service's own records: the second witness beside the history."""

import msgspec

from gatedrill.contract.service import (
    AuditLogRow,
    CheckoutRow,
    PaymentSessionRow,
    ScanLogRow,
    SlotRow,
    TicketRow,
    VipPassRow,
    VipReservationRow,
    VipScanLogRow,
)

RECORDS_VERSION = 2


class Snapshot(msgspec.Struct, frozen=True):
    """What the service had on everything that a plan is about, at one moment.

    A table is None that was not read: the plan is not about it, or it could not be.
    """

    tickets: tuple[TicketRow, ...] | None = None
    vip_passes: tuple[VipPassRow, ...] | None = None
    vip_reservations: tuple[VipReservationRow, ...] | None = None
    linked_tickets: tuple[TicketRow, ...] | None = None
    """The tickets that belong to the plan's reservations, whoever linked them."""
    slots: tuple[SlotRow, ...] | None = None


class Logs(msgspec.Struct, frozen=True):
    """What the service has written down of a run. A table is None that was not read."""

    scan_logs: tuple[ScanLogRow, ...] | None = None
    vip_scan_logs: tuple[VipScanLogRow, ...] | None = None
    checkouts: tuple[CheckoutRow, ...] | None = None
    payment_sessions: tuple[PaymentSessionRow, ...] | None = None
    audit_logs: tuple[AuditLogRow, ...] | None = None


class Records(msgspec.Struct, frozen=True):
    """What the service had before the first attempt and after the last.

    `unreadable` says of each table that could not be read why. `complete_logs` tells whether the
    logs hold a row for every call since the run began, and no others (those of the reference
    backend do, once it has been populated).
    """

    before: Snapshot
    after: Snapshot
    logs: Logs
    complete_logs: bool = False
    unreadable: tuple[str, ...] = ()
    version: int = RECORDS_VERSION


UNREAD = Records(
    Snapshot(), Snapshot(), Logs(), unreadable=("the run ended before the records were read",)
)
"""The records of a run that never came to them."""
