"""Two witnesses: what the devices showed of a ticket is what the service has on record."""

from functools import partial

from gatedrill.contract.outcome import Authority
from gatedrill.contract.service import TICKETS_TABLE
from gatedrill.orchestrator.checks.beforehand import Beforehand
from gatedrill.orchestrator.checks.check import (
    NOTHING_THERE,
    CheckResult,
    Violation,
    examine_each,
    not_judged,
    why_unread,
    witness,
)
from gatedrill.orchestrator.checks.scan_log import answers_are_logged, logged_once
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import may_have_admitted


def records_agree(evidence: Evidence) -> CheckResult:
    """The service's records of tickets tell the same story as the history.

    Whom a device let in by itself the service need not know yet.
    """
    name, claim = "records agree", "the service's records tell the same story"
    if all(ticket.kind != "ticket" for ticket in evidence.plan.tickets):
        return not_judged(name, claim, NOTHING_THERE)
    if evidence.records.after.tickets is None:
        return not_judged(name, claim, why_unread(evidence, TICKETS_TABLE))
    beforehand = Beforehand(evidence)
    rules = (
        logged_once,
        _admission_is_on_record,
        partial(_recorded_admission_was_shown, beforehand),
        answers_are_logged,
    )

    def examine(ticket: str) -> Violation | None:
        found = (rule(evidence, ticket) for rule in rules)
        return next((violation for violation in found if violation), None)

    scanned = {ticket for ticket in evidence.by_ticket if evidence.tickets[ticket].kind == "ticket"}
    return examine_each(name, claim, scanned | _recorded_only(evidence), examine)


def _recorded_only(evidence: Evidence) -> set[str]:
    """Tickets that were valid before and are not now, though no device is known to have scanned."""
    if evidence.records.before.tickets is None:
        return set()
    return {
        ticket
        for ticket, row in evidence.rows.items()
        if row.status == "scanned" and ticket in evidence.tickets
    }


def _admission_is_on_record(evidence: Evidence, ticket: str) -> Violation | None:
    scans = evidence.by_ticket.get(ticket, ())
    admissions = [
        seen
        for seen in scans
        if seen.record.outcome.admits and seen.record.authority is Authority.ONLINE
    ]
    row = evidence.rows.get(ticket)
    if not admissions or (row is not None and row.status == "scanned"):
        return None
    stands = "has no such ticket" if row is None else f"has it as {row.status}"
    return Violation(ticket, f"admitted, but the service {stands}", witness(admissions[:1]))


def _recorded_admission_was_shown(
    beforehand: Beforehand, evidence: Evidence, ticket: str
) -> Violation | None:
    row = evidence.rows.get(ticket)
    if row is None or row.status != "scanned":
        return None
    if ticket in evidence.silent_tickets or _may_be_older(beforehand, evidence, ticket):
        return None
    scans = evidence.by_ticket.get(ticket, [])
    if any(seen.record.outcome.admits or may_have_admitted(seen) for seen in scans):
        return None
    what = f"the service counts an admission at {row.device_id}, no device showed one"
    return Violation(ticket, what, witness(scans[:2]))


def _may_be_older(beforehand: Beforehand, evidence: Evidence, ticket_id: str) -> bool:
    ticket = evidence.tickets[ticket_id]
    if beforehand.is_known(ticket):
        return beforehand.was_used(ticket)
    return ticket_id in evidence.not_valid_before
