"""Two witnesses: what the devices showed is what the service has on record."""

from gatedrill.contract.outcome import Certainty, Reason
from gatedrill.orchestrator.checks.check import (
    CheckResult,
    Violation,
    examine_each,
    not_judged,
    undecided,
    witness,
)
from gatedrill.orchestrator.evidence import Evidence


def records_agree(evidence: Evidence) -> CheckResult:
    """The service's records tell the same story as the history."""
    name, claim = "records agree", "the service's records tell the same story"
    if evidence.records.after is None:
        why = evidence.records.unreadable or "the records were not read"
        return not_judged(name, claim, why)
    rules = (
        _logged_once,
        _admission_is_on_record,
        _recorded_admission_was_shown,
        _every_answer_is_logged,
    )

    def examine(ticket: str) -> Violation | None:
        found = (rule(evidence, ticket) for rule in rules)
        return next((violation for violation in found if violation), None)

    tickets = evidence.by_ticket.keys() | _recorded_only(evidence)
    return examine_each(name, claim, tickets, examine)


def _recorded_only(evidence: Evidence) -> set[str]:
    """Tickets that were valid before and are not now, though no device is known to have scanned."""
    if evidence.records.before is None:
        return set()
    return {ticket for ticket, row in evidence.rows.items() if row.status == "scanned"}


def _logged_once(evidence: Evidence, ticket: str) -> Violation | None:
    rows = [row for row in evidence.log_rows.get(ticket, ()) if row.result == "success"]
    if len(rows) <= 1:
        return None
    lines = tuple(f"log row {row.id}: success at {row.device_id}" for row in rows[:2])
    return Violation(ticket, f"the service logged {len(rows)} admissions", lines)


def _admission_is_on_record(evidence: Evidence, ticket: str) -> Violation | None:
    scans = evidence.by_ticket.get(ticket, ())
    admissions = [seen for seen in scans if seen.record.outcome.admits]
    row = evidence.rows.get(ticket)
    if not admissions or (row is not None and row.status == "scanned"):
        return None
    stands = "has no such ticket" if row is None else f"has it as {row.status}"
    return Violation(ticket, f"admitted, but the service {stands}", witness(admissions[:1]))


def _recorded_admission_was_shown(evidence: Evidence, ticket: str) -> Violation | None:
    row = evidence.rows.get(ticket)
    if row is None or row.status != "scanned":
        return None
    if ticket in evidence.not_valid_before or ticket in evidence.silent_tickets:
        return None
    scans = evidence.by_ticket.get(ticket, [])
    if any(seen.record.outcome.admits or undecided(seen) for seen in scans):
        return None
    what = f"the service counts an admission at {row.device_id}, no device showed one"
    return Violation(ticket, what, witness(scans[:2]))


def _every_answer_is_logged(evidence: Evidence, ticket: str) -> Violation | None:
    if not evidence.records.complete_log or evidence.records.scan_logs is None:
        return None
    if ticket in evidence.silent_tickets:
        return None
    scans = evidence.by_ticket.get(ticket, [])
    asks = [ask for seen in scans for ask in seen.record.asks]
    answered = sum(not _indefinite(ask.reason) for ask in asks)
    logged = len(evidence.log_rows.get(ticket, ()))
    if answered <= logged <= len(asks):
        return None
    what = f"{len(asks)} questions, {answered} of them answered, but {logged} log rows"
    return Violation(ticket, what, witness(scans[:2]))


def _indefinite(reason: Reason | None) -> bool:
    return reason is not None and reason.certainty is Certainty.INDEFINITE
