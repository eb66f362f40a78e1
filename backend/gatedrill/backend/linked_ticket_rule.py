"""General tickets that belong to a VIP reservation: who may come back, how many there may be. Pure.

The scan function itself refuses the second scan of such a ticket like that of any other; the
scanner asks here and lets the guest back in.
"""

from typing import Final

import msgspec

from gatedrill.backend.vip_rule import OPEN_STATUSES
from gatedrill.contract.service import (
    LinkAnswer,
    LinkedTicketAnswer,
    LinkRefusal,
    TicketRow,
    VipReservationRow,
)

_MESSAGES: Final = {
    LinkRefusal.TICKET_NOT_FOUND: "There is no such ticket",
    LinkRefusal.RESERVATION_NOT_FOUND: "There is no such reservation",
    LinkRefusal.ALREADY_LINKED: "The ticket belongs to a reservation already",
    LinkRefusal.RESERVATION_FULL: "The reservation has a ticket for each of its guests",
}


def tell_link(reservation: VipReservationRow | None) -> LinkedTicketAnswer:
    """What there is to tell of a ticket that belongs to `reservation`, or to none."""
    if reservation is None:
        return LinkedTicketAnswer(is_vip_linked=False)
    return LinkedTicketAnswer(
        is_vip_linked=True,
        allow_reentry=reservation.status in OPEN_STATUSES,
        vip_reservation_id=reservation.id,
        table_number=reservation.table_number,
        table_name=reservation.table_name,
        reservation_status=reservation.status,
    )


class LinkRuling(msgspec.Struct, frozen=True):
    """What linking leads to; `ticket` is the row as it must stand afterwards, None if refused."""

    answer: LinkAnswer
    ticket: TicketRow | None = None


def judge_link(
    ticket: TicketRow | None, reservation: VipReservationRow | None, linked: int
) -> LinkRuling:
    """Judge whether `ticket` may be linked to `reservation`, which has `linked` tickets by now."""
    if ticket is None:
        return _refuse(LinkRefusal.TICKET_NOT_FOUND)
    if reservation is None:
        return _refuse(LinkRefusal.RESERVATION_NOT_FOUND)
    if ticket.vip_reservation_id is not None:
        return _refuse(LinkRefusal.ALREADY_LINKED)
    if linked >= reservation.total_guests:
        return _refuse(LinkRefusal.RESERVATION_FULL)
    answer = LinkAnswer(success=True, message=f"Ticket {linked + 1} of {reservation.total_guests}")
    return LinkRuling(answer, msgspec.structs.replace(ticket, vip_reservation_id=reservation.id))


def _refuse(why: LinkRefusal) -> LinkRuling:
    return LinkRuling(LinkAnswer(success=False, message=_MESSAGES[why], error=why))
