"""What the reference backend is given before a run. Pure."""

from collections.abc import Collection

from gatedrill.contract.service import (
    LateTickets,
    PaymentBehaviour,
    Population,
    TicketRow,
    VipPassRow,
)
from gatedrill.fixtures.codes import qr_secret
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator.plan import Plan


def population(plan: Plan, event_starts_at: str | None = None) -> Population:
    """Everything that the plan's attempts are about, as it stands before the first of them.

    Tickets that are sold later are not there yet. `event_starts_at` (ISO 8601) is when the gates
    open; None where nobody is to look at that.
    """
    late = frozenset(plan.late)
    known = [each for each in plan.tickets if each.status != "unknown" and each.id not in late]
    payment = plan.scenario.payment
    return Population(
        tickets=tuple(_ticket_row(ticket) for ticket in known if ticket.kind == "ticket"),
        vip_reservations=plan.reservations,
        vip_passes=tuple(_pass_row(ticket) for ticket in known if ticket.kind == "vip_pass"),
        slots=plan.slots,
        payment=PaymentBehaviour(payment.outcome, payment.delay_ms),
        qr_secret=qr_secret(plan.seed),
        event_starts_at=event_starts_at,
    )


def late_tickets(plan: Plan, ids: Collection[str]) -> LateTickets:
    """The plan's tickets with these ids, sold amid the run."""
    wanted = frozenset(ids)
    return LateTickets(tuple(_ticket_row(each) for each in plan.tickets if each.id in wanted))


def _ticket_row(ticket: Ticket) -> TicketRow:
    return TicketRow(
        id=ticket.id,
        event_id=ticket.event_id,
        ticket_type=ticket.type,
        status="cancelled" if ticket.status == "cancelled" else "valid",
        qr_token=ticket.token,
        vip_reservation_id=ticket.reservation,
    )


def _pass_row(ticket: Ticket) -> VipPassRow:
    return VipPassRow(
        id=ticket.id,
        reservation_id=ticket.reservation or "",
        guest_number=ticket.guest_number or 0,
        qr_token=ticket.token or "",
        status="cancelled" if ticket.status == "cancelled" else "active",
    )
