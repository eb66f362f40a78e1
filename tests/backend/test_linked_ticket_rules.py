import msgspec
import pytest

from gatedrill.backend.linked_ticket_rule import judge_link, tell_link
from gatedrill.contract.service import TicketRow, VipReservationRow

TICKET = TicketRow("t", "event", "general")
LINKED = TicketRow("t", "event", "general", vip_reservation_id="other")
RESERVATION = VipReservationRow("r", "event", 2, 0, "confirmed", "7", "Stage left")


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("confirmed", True),
        ("checked_in", True),
        ("pending", False),
        ("completed", False),
        ("cancelled", False),
    ],
)
def test_a_linked_ticket_may_reenter_while_its_reservation_is_open(
    status: str, allowed: bool
) -> None:
    answer = tell_link(msgspec.structs.replace(RESERVATION, status=status))

    assert msgspec.to_builtins(answer) == {
        "is_vip_linked": True,
        "allow_reentry": allowed,
        "vip_reservation_id": "r",
        "table_number": "7",
        "table_name": "Stage left",
        "reservation_status": status,
    }


def test_of_a_ticket_without_reservation_nothing_else_is_told() -> None:
    assert msgspec.to_builtins(tell_link(None)) == {"is_vip_linked": False}


@pytest.mark.parametrize(
    ("ticket", "reservation", "linked", "error"),
    [
        (TICKET, RESERVATION, 0, None),
        (TICKET, RESERVATION, 1, None),
        (TICKET, RESERVATION, 2, "RESERVATION_FULL"),
        (TICKET, RESERVATION, 3, "RESERVATION_FULL"),
        (None, RESERVATION, 0, "TICKET_NOT_FOUND"),
        (TICKET, None, 0, "RESERVATION_NOT_FOUND"),
        (LINKED, RESERVATION, 0, "ALREADY_LINKED"),
    ],
)
def test_a_reservation_takes_a_ticket_for_each_of_its_guests(
    ticket: TicketRow | None, reservation: VipReservationRow | None, linked: int, error: str | None
) -> None:
    ruling = judge_link(ticket, reservation, linked)

    assert (ruling.answer.success, ruling.answer.error) == (error is None, error)
    assert (ruling.ticket is None) == (error is not None)
    if ruling.ticket is not None:
        assert ruling.ticket.vip_reservation_id == "r"
