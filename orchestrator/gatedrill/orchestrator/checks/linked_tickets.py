"""Tickets linked to a VIP reservation: no more than it has guests, and on record as told."""

from collections.abc import Iterable

from gatedrill.contract.outcome import OutcomeKind
from gatedrill.contract.service import TicketRow
from gatedrill.orchestrator.checks.check import CheckResult, Violation, examine_each, witness
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenLink


def linked_tickets(evidence: Evidence) -> CheckResult:
    """A reservation has no more tickets than guests, and every ticket said to be linked is."""
    totals = {row.id: row.total_guests for row in evidence.plan.reservations}
    for row in evidence.records.before.vip_reservations or ():
        totals |= {each: row.total_guests for each in totals if each.lower() == row.id.lower()}
    wanted = {seen.planned.reservation for seen in evidence.links}

    def examine(reservation: str) -> Violation | None:
        links = _links(evidence, reservation)
        before = _linked(evidence.records.before.linked_tickets, reservation) or set()
        after = _linked(evidence.records.after.linked_tickets, reservation)
        tickets = {seen.planned.ticket.lower() for seen in links} | (after or before)
        total = totals[reservation]
        if len(tickets) > total:
            what = f"{len(tickets)} tickets belong to it, of {total} at most"
            return Violation(reservation, what, witness(links[-2:]))
        lost = [seen for seen in links if _is_missing(seen.planned.ticket, after)]
        if lost:
            what = f"{lost[0].planned.ticket} was linked, but does not belong to it"
            return Violation(reservation, what, witness(lost[:1]))
        return None

    claim = "a reservation has no more tickets than guests"
    return examine_each("linked tickets", claim, wanted, examine)


def _links(evidence: Evidence, reservation: str) -> list[SeenLink]:
    return [
        seen
        for seen in evidence.links
        if seen.planned.reservation == reservation
        and seen.record.outcome.kind is OutcomeKind.LINKED
    ]


def _linked(rows: Iterable[TicketRow] | None, reservation: str) -> set[str] | None:
    """The tickets that belong to it, by id in lowercase; None where they could not be read."""
    if rows is None:
        return None
    return {
        row.id.lower()
        for row in rows
        if (row.vip_reservation_id or "").lower() == reservation.lower()
    }


def _is_missing(ticket: str, after: set[str] | None) -> bool:
    return after is not None and ticket.lower() not in after
