"""Who may come back comes back: nobody of a VIP party is told that the ticket was used."""

from gatedrill.contract.attempt import AskKind
from gatedrill.contract.outcome import Authority, Certainty, OutcomeKind, Reason
from gatedrill.orchestrator.checks.beforehand import Beforehand
from gatedrill.orchestrator.checks.check import CheckResult, Violation, examine_each, witness
from gatedrill.orchestrator.checks.instants import Instants
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.lockouts import explain_refusal
from gatedrill.orchestrator.seen import SeenScan
from gatedrill.orchestrator.told_journals import BY_ITSELF

_USED = (Reason.ALREADY_USED, Reason.LOST_RACE)


def reentry_granted(evidence: Evidence) -> CheckResult:
    """A guest who was inside and may come back is let in, and a pass tells since when.

    A ticket that was linked in the run counts from the link's answer on. A refusal as used counts
    only if the service was asked about links, and answered. Who has never been let in is no matter
    of coming back. Whom a device turned away by itself while a fault explains that is reported as
    locked out.
    """
    beforehand = Beforehand(evidence)
    shown = {
        ticket: settled
        for ticket in evidence.by_ticket
        if _was_inside(evidence, beforehand, ticket)
        and (settled := _settled(evidence, beforehand, ticket))
    }

    def examine(ticket: str) -> Violation | None:
        for seen in shown[ticket]:
            if not seen.record.outcome.admits:
                what = f"told {seen.record.outcome.reason}, though its guest may come back"
                return Violation(ticket, what, witness([*_entry(evidence, ticket), seen]))
            if _lacks_last_entry(evidence, seen):
                what = "readmitted without the time of the last entry"
                return Violation(ticket, what, witness([seen]))
        return None

    return examine_each("re-entry granted", "who may come back is let in", shown, examine)


def _settled(evidence: Evidence, beforehand: Beforehand, ticket_id: str) -> list[SeenScan]:
    """The scans after the first entry that had to let their guest in."""
    ticket = evidence.tickets[ticket_id]
    first = [] if beforehand.was_used(ticket) else _first_entry(evidence, ticket_id)
    settled = [
        seen
        for seen in evidence.by_ticket[ticket_id]
        if not (seen.record.outcome.is_open or seen in first or _is_locked_out(evidence, seen))
    ]
    if ticket.kind == "vip_pass":
        return settled if beforehand.may_come_back(ticket) else []
    known = [seen for seen in settled if _links_were_told(seen)]
    if beforehand.may_come_back(ticket):
        return known
    instants = Instants(evidence)
    links = [
        link
        for link in evidence.links
        if link.planned.ticket == ticket_id
        and link.record.outcome.kind is OutcomeKind.LINKED
        and ticket.refused_as is None
        and beforehand.is_open(link.planned.reservation)
    ]
    return [seen for seen in known if any(instants.certainly_before(link, seen) for link in links)]


def _is_locked_out(evidence: Evidence, seen: SeenScan) -> bool:
    refused = not seen.record.outcome.admits and seen.record.authority in BY_ITSELF
    return refused and bool(explain_refusal(evidence, seen))


def _links_were_told(seen: SeenScan) -> bool:
    if seen.record.outcome.reason not in _USED:
        return True
    return any(
        ask.kind is AskKind.LINKED_TICKET
        and (ask.reason is None or ask.reason.certainty is Certainty.DEFINITE)
        for ask in seen.record.asks
    )


def _was_inside(evidence: Evidence, beforehand: Beforehand, ticket: str) -> bool:
    return bool(_entry(evidence, ticket)) or beforehand.was_used(evidence.tickets[ticket])


def _first_entry(evidence: Evidence, ticket: str) -> list[SeenScan]:
    """The scan that counts as the guest's first entry."""
    scans = evidence.by_ticket[ticket]
    return [seen for seen in scans if seen.record.outcome.kind is OutcomeKind.ADMITTED][:1]


def _entry(evidence: Evidence, ticket: str) -> list[SeenScan]:
    """The first scan that let its guest in."""
    return [seen for seen in evidence.by_ticket[ticket] if seen.record.outcome.admits][:1]


def _lacks_last_entry(evidence: Evidence, seen: SeenScan) -> bool:
    """Of a pass first used before the run, the service may not know it, nor who decides alone."""
    return (
        seen.record.authority is Authority.ONLINE
        and not seen.is_testimony
        and seen.record.outcome.kind is OutcomeKind.READMITTED
        and seen.record.last_entry_at is None
        and evidence.tickets[seen.planned.ticket].kind == "vip_pass"
        and seen.planned.ticket not in evidence.not_valid_before
    )
