"""What the reference backend is given before a run. Pure."""

from gatedrill.contract.service import PaymentBehaviour, Population, TicketRow, VipPassRow
from gatedrill.fixtures.codes import qr_secret
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator.plan import Plan


def population(plan: Plan) -> Population:
    """Everything that the plan's attempts are about, as it stands before the first of them."""
    known = [ticket for ticket in plan.tickets if ticket.status != "unknown"]
    payment = plan.scenario.payment
    return Population(
        tickets=tuple(_ticket_row(ticket) for ticket in known if ticket.kind == "ticket"),
        vip_reservations=plan.reservations,
        vip_passes=tuple(_pass_row(ticket) for ticket in known if ticket.kind == "vip_pass"),
        slots=plan.slots,
        payment=PaymentBehaviour(payment.outcome, payment.delay_ms),
        qr_secret=qr_secret(plan.seed),
    )


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
