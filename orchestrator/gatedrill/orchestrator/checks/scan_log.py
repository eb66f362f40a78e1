"""What the log of scans must say of a ticket."""

from collections import Counter
from collections.abc import Iterable

from gatedrill.contract.attempt import Ask, AskKind
from gatedrill.contract.outcome import Reason
from gatedrill.contract.service import ScanLogRow
from gatedrill.orchestrator.checks.check import Violation, witness
from gatedrill.orchestrator.checks.log_rows import Told, find_mismatch, last_two
from gatedrill.orchestrator.evidence import Evidence

UPLOADED = "offline"
"""The `scan_method` of what a device had decided by itself."""
_LOGGED_AS = {
    None: "success",
    Reason.ALREADY_USED: "already_scanned",
    Reason.NOT_FOUND: "not_found",
    Reason.CANCELLED: "cancelled",
    Reason.BUSY: "busy",
    Reason.LOST_RACE: "lost_race",
}


def logged_once(evidence: Evidence, ticket: str) -> Violation | None:
    """No ticket has two successes in the log."""
    rows = [row for row in evidence.log_rows.get(ticket, ()) if row.result == "success"]
    if len(rows) <= 1:
        return None
    return Violation(ticket, f"the service logged {len(rows)} admissions", _lines(rows[:2]))


def answers_are_logged(evidence: Evidence, ticket: str) -> Violation | None:
    """Every answer of the scan function has one row, and it says what was answered.

    The guest who is let back in with a linked ticket was told by that function that it was used. A
    log that promises nothing may lack rows. What was uploaded is no call of that function.
    """
    if not evidence.records.complete_logs or evidence.records.logs.scan_logs is None:
        return None
    rows = [row for row in evidence.log_rows.get(ticket, ()) if row.scan_method != UPLOADED]
    logged = Counter(str(row.result) for row in rows)
    mismatch = find_mismatch(_told(evidence, ticket), logged)
    if mismatch is None:
        return None
    of_kind = [row for row in rows if row.result == mismatch.kind]
    scans = [
        seen
        for seen in evidence.by_ticket.get(ticket, ())
        if any(_LOGGED_AS.get(ask.reason) == mismatch.kind for ask in _scan_asks(seen.record.asks))
    ]
    lines = witness(scans[:2]) if mismatch.is_missing else _lines(last_two(of_kind))
    return Violation(ticket, mismatch.what, lines)


def _told(evidence: Evidence, ticket: str) -> Told:
    asks = [
        ask for seen in evidence.by_ticket.get(ticket, ()) for ask in _scan_asks(seen.record.asks)
    ]
    answers = Counter(_LOGGED_AS[ask.reason] for ask in asks if ask.reason in _LOGGED_AS)
    if ticket in evidence.unheard_tickets:
        return Told(answers, None)
    return Told(answers, len(asks) - answers.total())


def _scan_asks(asks: Iterable[Ask]) -> list[Ask]:
    return [ask for ask in asks if ask.kind is AskKind.SCAN]


def _lines(rows: Iterable[ScanLogRow]) -> tuple[str, ...]:
    return tuple(f"log row {row.id}: {row.result} at {row.device_id}" for row in rows)
