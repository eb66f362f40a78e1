"""What a scan leads to. Pure: a ticket's row and the arguments in, the ruling out."""

from typing import Final, Literal

import msgspec

from gatedrill.backend.values import given
from gatedrill.contract.service import (
    ALREADY_SCANNED,
    BUSY,
    CANCELLED,
    LOST_INDEX,
    NOT_FOUND,
    ScanArguments,
    ScanRow,
    TicketRow,
)


class Ruling(msgspec.Struct, frozen=True):
    """What one scan leads to.

    `answer` goes to the scanner, `result` into the log; `ticket` is the row as it must stand
    afterwards, or None when it stays as it is. A repetition is of the scan that stands: it was
    written down before.
    """

    answer: ScanRow
    result: Literal["success", "already_scanned", "not_found", "cancelled", "busy", "lost_race"]
    ticket: TicketRow | None = None
    is_repetition: bool = False


def _refusal(message: str) -> ScanRow:
    return ScanRow(success=False, already_scanned=False, error_message=message)


HELD: Final = Ruling(_refusal(BUSY), "busy")
"""Another scan holds the ticket's row: nothing is decided, ask again."""

LOST: Final = Ruling(
    ScanRow(success=False, already_scanned=True, error_message=LOST_INDEX), "lost_race"
)
"""The log has a successful scan of the ticket already, though its row did not show one."""


def judge_scan(ticket: TicketRow | None, arguments: ScanArguments, scanned_at: str) -> Ruling:
    """Judge the scan of `ticket`, which is None when nobody knows the one asked for.

    `scanned_at` is the instant of this scan, ISO 8601 in UTC. Who asks with the nonce of the scan
    that stands has made that scan, and is told so again.
    """
    nonce = given(arguments.p_nonce)
    if ticket is None:
        return Ruling(_refusal(NOT_FOUND), "not_found")
    if ticket.status == "cancelled":
        return Ruling(_refusal(CANCELLED), "cancelled")
    if ticket.status == "scanned" and nonce is not None and nonce == ticket.nonce:
        return Ruling(_success(ticket), "success", is_repetition=True)
    if ticket.status == "scanned":
        return Ruling(_already_scanned(ticket), "already_scanned")
    admitted = msgspec.structs.replace(
        ticket,
        status="scanned",
        scanned_at=scanned_at,
        scanned_by=arguments.p_scanned_by,
        device_id=arguments.p_device_id,
        nonce=nonce,
    )
    return Ruling(_success(admitted), "success", admitted)


def _success(ticket: TicketRow) -> ScanRow:
    return ScanRow(
        success=True,
        already_scanned=False,
        scanned_at=ticket.scanned_at,
        scanned_by=ticket.scanned_by,
    )


def _already_scanned(ticket: TicketRow) -> ScanRow:
    return ScanRow(
        success=False,
        already_scanned=True,
        scanned_at=ticket.scanned_at,
        scanned_by=ticket.scanned_by,
        error_message=ALREADY_SCANNED,
    )
