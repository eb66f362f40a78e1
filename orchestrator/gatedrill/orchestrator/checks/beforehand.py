"""How things stood before the run, by the service's records, and who may therefore come in."""

from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator.evidence import Evidence

_USED = ("scanned", "checked_in")
_OPEN = ("confirmed", "checked_in")


class Beforehand:
    """What the records of before say of tickets, passes and reservations."""

    def __init__(self, evidence: Evidence) -> None:
        before = evidence.records.before
        self._evidence = evidence
        self._read = {
            kind
            for kind, rows in (("ticket", before.tickets), ("vip_pass", before.vip_passes))
            if rows is not None
        }
        self._statuses: dict[str, str] = {
            **{row.id.lower(): row.status for row in before.tickets or ()},
            **{row.id.lower(): row.status for row in before.vip_passes or ()},
        }
        self._reservations: dict[str, str] = {
            row.id.lower(): row.status
            for row in (*evidence.plan.reservations, *(before.vip_reservations or ()))
        }

    def is_known(self, ticket: Ticket) -> bool:
        """Whether the records could be read that would tell of this ticket or pass."""
        return ticket.kind in self._read

    def was_used(self, ticket: Ticket) -> bool:
        """Whether its guest had come in before the run."""
        return self._statuses.get(ticket.id.lower()) in _USED

    def may_come_back(self, ticket: Ticket) -> bool:
        """Whether a guest who was inside may come in again by plan and records.

        A ticket that is linked to a reservation in the course of the run is not one of them.
        """
        if ticket.reservation is None or not self.is_open(ticket.reservation):
            return False
        refused = ticket.id in self._evidence.not_valid_before and not self.was_used(ticket)
        return ticket.refused_as is None and not refused

    def is_open(self, reservation: str) -> bool:
        """Whether this reservation lets guests in."""
        return self._reservations.get(reservation.lower()) in _OPEN
