"""What a gate decides by its own copy."""

import pytest

from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.offline.cached_ticket import CachedTicket, Kind
from gatedrill.devices.offline.offline_rule import comes_back, judge

ADMITTED, READMITTED = Outcome(OutcomeKind.ADMITTED), Outcome(OutcomeKind.READMITTED)


def refused(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, reason)


def ticket(kind: Kind, status: str, reservation: str | None = None) -> CachedTicket:
    """One whose reservation is open if it is named so."""
    return CachedTicket("t", kind, "e", None, status, reservation, reservation == "open")


@pytest.mark.parametrize(
    ("kind", "status", "reservation", "used_here", "outcome"),
    [
        ("ticket", "valid", None, False, ADMITTED),
        ("ticket", "valid", None, True, refused(Reason.ALREADY_USED)),
        ("ticket", "scanned", None, False, refused(Reason.ALREADY_USED)),
        ("ticket", "cancelled", None, False, refused(Reason.CANCELLED)),
        ("ticket", "cancelled", "open", True, refused(Reason.CANCELLED)),
        ("ticket", "valid", "open", False, ADMITTED),
        ("ticket", "valid", "over", False, ADMITTED),
        ("ticket", "scanned", "open", False, READMITTED),
        ("ticket", "valid", "open", True, READMITTED),
        ("ticket", "scanned", "over", False, refused(Reason.ALREADY_USED)),
        ("vip_pass", "active", "open", False, ADMITTED),
        ("vip_pass", "active", "open", True, READMITTED),
        ("vip_pass", "checked_in", "open", False, READMITTED),
        ("vip_pass", "cancelled", "open", True, refused(Reason.CANCELLED)),
        ("vip_pass", "expired", "open", False, refused(Reason.INVALID_STATUS)),
        ("vip_pass", "active", "over", False, refused(Reason.RESERVATION_CLOSED)),
        ("vip_pass", "checked_in", "over", True, refused(Reason.RESERVATION_CLOSED)),
        ("vip_pass", "active", None, False, refused(Reason.RESERVATION_CLOSED)),
    ],
)
def test_the_copy_is_judged_as_the_service_would(
    kind: Kind, status: str, reservation: str | None, used_here: bool, outcome: Outcome
) -> None:
    assert judge(ticket(kind, status, reservation), used_here=used_here) == outcome


def test_passes_and_tickets_of_open_reservations_come_back() -> None:
    assert comes_back(ticket("vip_pass", "active"))
    assert comes_back(ticket("ticket", "valid", "open"))
    assert not comes_back(ticket("ticket", "valid", "over"))
    assert not comes_back(ticket("ticket", "valid"))
