"""What a device decides by its own copy of the tickets. Pure.

The meaning is that of the service's own rules, as far as a copy can know: who was inside before may
come back with a pass, or with a ticket of a reservation that is open; nobody else may.
"""

from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.answers import refused
from gatedrill.devices.offline.cached_ticket import CachedTicket

_ADMITTED = Outcome(OutcomeKind.ADMITTED)
_READMITTED = Outcome(OutcomeKind.READMITTED)
_PASS_STATUSES = ("active", "checked_in")
_USED_STATUSES = ("scanned", "checked_in")


def judge(ticket: CachedTicket, *, used_here: bool) -> Outcome:
    """May its bearer come in?

    `used_here`: by the device's journal the ticket was used, whatever the copy says; the copy may
    be older.
    """
    if ticket.status == "cancelled":
        return refused(Reason.CANCELLED)
    was_inside = used_here or ticket.status in _USED_STATUSES
    if ticket.kind == "vip_pass":
        return _judge_pass(ticket, was_inside=was_inside)
    if not was_inside:
        return _ADMITTED
    return _READMITTED if comes_back(ticket) else refused(Reason.ALREADY_USED)


def _judge_pass(ticket: CachedTicket, *, was_inside: bool) -> Outcome:
    if ticket.status not in _PASS_STATUSES:
        return refused(Reason.INVALID_STATUS)
    if not ticket.reservation_open:
        return refused(Reason.RESERVATION_CLOSED)
    return _READMITTED if was_inside else _ADMITTED


def comes_back(ticket: CachedTicket) -> bool:
    """Whether its guest may come in again: as the bearer of a pass, or of a linked ticket."""
    return ticket.kind == "vip_pass" or ticket.reservation_open
