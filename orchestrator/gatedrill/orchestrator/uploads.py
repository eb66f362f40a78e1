"""What became of the scans that devices decided by themselves: where each one is now."""

from collections.abc import Iterator
from typing import NamedTuple

from gatedrill.contract.messages import QueueEntry, QueueState
from gatedrill.contract.outcome import Reason
from gatedrill.contract.service import ScanLogRow, VipScanLogRow
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenScan
from gatedrill.orchestrator.told_journals import BY_ITSELF, is_own_decision

WAITING = (QueueState.PENDING, QueueState.SYNCING)
NOT_ON_RECORD = (*WAITING, QueueState.FAILED)
"""What a device still keeps for itself."""
_TAKEN = ("success", "synced", "took_over")
_ENTRIES = ("first_entry", "reentry")


class OwnDecision(NamedTuple):
    """A scan that a device decided by itself: what was shown of it, and what it wrote down.

    One of both may be missing.
    """

    ticket: str
    seen: SeenScan | None
    entry: QueueEntry | None

    @property
    def name(self) -> str:
        """Its name in a drill, else its own id."""
        if self.seen is not None:
            return self.seen.planned.attempt
        return "" if self.entry is None else self.entry.attempt or self.entry.nonce

    @property
    def device(self) -> str:
        """Whose decision it was."""
        if self.seen is not None:
            return self.seen.record.device
        return "" if self.entry is None else self.entry.device

    @property
    def nonce(self) -> str | None:
        """The scan's own id."""
        if self.entry is not None:
            return self.entry.nonce
        return None if self.seen is None else self.seen.record.nonce

    @property
    def admits(self) -> bool:
        """Whether somebody walked in."""
        if self.seen is not None:
            return self.seen.record.outcome.admits
        outcome = None if self.entry is None else self.entry.outcome
        return outcome is not None and outcome.admits


def own_decisions(evidence: Evidence) -> Iterator[OwnDecision]:
    """All of them, from what was shown and from journals; what could not be written is none."""
    shown: set[str] = set()
    for ticket, scans in evidence.by_ticket.items():
        for seen in scans:
            record = seen.record
            entry = evidence.journals.of_scan(record.nonce, record.attempt)
            is_own = record.authority in BY_ITSELF and not record.outcome.is_open
            if is_own and record.outcome.reason is not Reason.NOT_RECORDED:
                shown.add("" if entry is None else entry.nonce)
                yield OwnDecision(ticket, seen, entry)
    for entry in evidence.journals.entries:
        if is_own_decision(entry) and entry.nonce not in shown:
            yield OwnDecision(evidence.as_planned(entry.ticket), None, entry)


def is_on_record(evidence: Evidence, own: OwnDecision) -> bool | None:
    """Whether the service knows of it; None if nobody can tell.

    By its nonce in a log; where that is not told, by a row of its device, or, where the log may
    lack rows, by the ticket that counts as used.
    """
    if own.nonce is not None and own.nonce in evidence.rows_by_nonce:
        return True
    is_pass = own.ticket in evidence.tickets and evidence.tickets[own.ticket].kind == "vip_pass"
    is_read, has_row = (_of_pass if is_pass and own.admits else _of_ticket)(evidence, own)
    if is_read and evidence.records.complete_logs:
        return has_row and not evidence.rows_by_nonce
    if has_row:
        return True
    return _is_used(evidence, own) if own.admits else None


def _of_ticket(evidence: Evidence, own: OwnDecision) -> tuple[bool, bool]:
    """Whether the log could be read, and has a row of this ticket and device."""
    rows = evidence.records.logs.scan_logs
    wanted = (*_TAKEN, "conflict") if own.admits else ("offline_refused",)
    here = evidence.log_rows.get(own.ticket, ())
    has_row = any(row.device_id == own.device and row.result in wanted for row in here)
    return rows is not None, has_row


def _of_pass(evidence: Evidence, own: OwnDecision) -> tuple[bool, bool]:
    rows = evidence.records.logs.vip_scan_logs
    here = evidence.vip_log_rows.get(own.ticket, ())
    has_row = any(row.entry_type in _ENTRIES for row in here)
    return rows is not None, has_row


def _is_used(evidence: Evidence, own: OwnDecision) -> bool | None:
    passes = {evidence.as_planned(row.id): row for row in evidence.records.after.vip_passes or ()}
    row = evidence.rows.get(own.ticket) or passes.get(own.ticket)
    return None if row is None else row.status in ("scanned", "checked_in")


def is_taken(row: ScanLogRow | VipScanLogRow) -> bool:
    """Whether this row of a log tells of somebody who was let in."""
    if isinstance(row, ScanLogRow):
        return row.result in _TAKEN
    return row.entry_type in _ENTRIES


def row_in_words(row: ScanLogRow | VipScanLogRow) -> str:
    """A row of a log as a witness."""
    if isinstance(row, ScanLogRow):
        what, where = f"{row.result} by {row.scan_method}", f" at {row.device_id}"
    else:
        what, where = row.entry_type, ""
    nonce = "without a nonce" if row.nonce is None else f"nonce {row.nonce}"
    return f"log row {row.id}: {what}{where}, scanned at {row.scanned_at}, {nonce}"


def entry_in_words(entry: QueueEntry) -> str:
    """A scan in a journal as a witness."""
    outcome = "undecided" if entry.outcome is None else str(entry.outcome)
    by = f" by {entry.authority}" if entry.authority else ""
    at = f", scanned at {entry.scanned_at}" if entry.scanned_at else ""
    tries = f" after {entry.tries} tries" if entry.tries else ""
    error = f" ({entry.error})" if entry.error else ""
    name = entry.attempt or entry.nonce
    return f"journal of {entry.device}: {outcome}{by}{at}, {entry.state}{tries}{error} ({name})"
