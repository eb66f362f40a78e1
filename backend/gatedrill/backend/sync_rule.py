"""What the upload of an offline admission leads to: the first scan wins. Pure."""

import msgspec

from gatedrill.backend.claimed_time import ClaimedTime
from gatedrill.contract.service import ScanResult, SyncRow, TicketRow


class Upload(msgspec.Struct, frozen=True):
    """An admission that a device decided by itself, and when that was."""

    ticket_id: str
    scanned_by: str
    device_id: str | None
    nonce: str | None
    time: ClaimedTime


class SyncRuling(msgspec.Struct, frozen=True):
    """What one upload leads to.

    `answer` goes to the device, `result` into the log, or nothing where that is None; `ticket` is
    the row as it must stand afterwards, None when it stays as it is.
    """

    answer: SyncRow
    result: ScanResult | None
    ticket: TicketRow | None = None


def judge_sync(ticket: TicketRow | None, upload: Upload) -> SyncRuling:
    """Judge the upload of a scan of `ticket`, which is None when nobody knows it.

    The scan that stands may be the one that is uploaded: its online attempt had reached us, and
    only our answer was lost on the way.
    """
    if ticket is not None and _stands(ticket, upload):
        return SyncRuling(SyncRow(success=True, conflict_resolved=False), None)
    return judge_new_sync(ticket, upload)


def judge_new_sync(ticket: TicketRow | None, upload: Upload) -> SyncRuling:
    """Judge an upload that is not of the scan that stands."""
    flag = upload.time.flag
    if ticket is None:
        return SyncRuling(SyncRow(success=False, conflict_resolved=False, flag=flag), "not_found")
    if ticket.status == "cancelled":
        return SyncRuling(SyncRow(success=False, conflict_resolved=False, flag=flag), "cancelled")
    if ticket.status == "valid":
        answer = SyncRow(success=True, conflict_resolved=False, flag=flag)
        return SyncRuling(answer, "synced", _scanned(ticket, upload))
    if _came_first(ticket, upload):
        answer = SyncRow(success=True, conflict_resolved=True, flag=flag)
        return SyncRuling(answer, "took_over", _scanned(ticket, upload))
    return SyncRuling(_lost(ticket, upload), "conflict")


def _stands(ticket: TicketRow, upload: Upload) -> bool:
    """Whether the ticket's scan is this one: by its nonce, or else by device and time."""
    if ticket.status != "scanned":
        return False
    if upload.nonce is not None:
        return ticket.nonce == upload.nonce
    standing = (ticket.device_id, ticket.scanned_at)
    return upload.device_id is not None and standing == (upload.device_id, upload.time.claimed_at)


def _came_first(ticket: TicketRow, upload: Upload) -> bool:
    """Whether it was before the ticket's scan; one whose time nobody believes never was."""
    if upload.time.flag is not None or ticket.scanned_at is None:
        return False
    return upload.time.counts_from < ticket.scanned_at


def _scanned(ticket: TicketRow, upload: Upload) -> TicketRow:
    return msgspec.structs.replace(
        ticket,
        status="scanned",
        scanned_at=upload.time.counts_from,
        scanned_by=upload.scanned_by,
        device_id=upload.device_id,
        nonce=upload.nonce,
    )


def _lost(ticket: TicketRow, upload: Upload) -> SyncRow:
    return SyncRow(
        success=False,
        conflict_resolved=True,
        winner_device=ticket.device_id,
        winner_time=ticket.scanned_at,
        flag=upload.time.flag,
    )
