"""Which row type each table holds."""

from collections.abc import Mapping
from typing import Final

import msgspec

from gatedrill.contract.service import (
    AUDIT_LOGS_TABLE,
    CHECKOUTS_TABLE,
    PAYMENT_SESSIONS_TABLE,
    SCAN_LOGS_TABLE,
    SLOTS_TABLE,
    TICKETS_TABLE,
    VIP_PASSES_TABLE,
    VIP_RESERVATIONS_TABLE,
    VIP_SCAN_LOGS_TABLE,
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


class PaymentEventRow(msgspec.Struct, frozen=True):
    """A row of the table `payment_events`: one for each event that was heard."""

    id: str
    received_at: str


class SettingsRow(msgspec.Struct, frozen=True):
    """The one row of the table `settings`: how the service is to behave, as JSON."""

    id: str
    body: str


class AnswerRow(msgspec.Struct, frozen=True):
    """A row of the table `answers`: what one upload was told, as JSON.

    `id` is what tells the upload from others, so that it is told the same again.
    """

    id: str
    body: str


READABLE: Final[Mapping[str, type[msgspec.Struct]]] = {
    TICKETS_TABLE: TicketRow,
    SCAN_LOGS_TABLE: ScanLogRow,
    VIP_RESERVATIONS_TABLE: VipReservationRow,
    VIP_PASSES_TABLE: VipPassRow,
    VIP_SCAN_LOGS_TABLE: VipScanLogRow,
    SLOTS_TABLE: SlotRow,
    CHECKOUTS_TABLE: CheckoutRow,
    PAYMENT_SESSIONS_TABLE: PaymentSessionRow,
    AUDIT_LOGS_TABLE: AuditLogRow,
}
"""The tables that clients may read."""

ALL: Final[Mapping[str, type[msgspec.Struct]]] = {
    **READABLE,
    "payment_events": PaymentEventRow,
    "settings": SettingsRow,
    "answers": AnswerRow,
}
"""Every table."""

_NAMES: Final = {row_type: name for name, row_type in ALL.items()}


def table_of(row_type: type[msgspec.Struct]) -> str:
    """The name of the table with such rows."""
    return _NAMES[row_type]


def is_counted(row_type: type[msgspec.Struct]) -> bool:
    """Whether the store counts the rows of this table, and gives them their ids."""
    return row_type in (ScanLogRow, VipScanLogRow, AuditLogRow)
