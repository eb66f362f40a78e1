"""All that is known of a VIP reservation: its counter, and who of its guests came in when."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from gatedrill.contract.messages import QueueState
from gatedrill.contract.outcome import Authority, OutcomeKind
from gatedrill.contract.service import VipReservationRow
from gatedrill.orchestrator.checks.instants import Instants
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenScan, may_have_admitted
from gatedrill.orchestrator.told_journals import BY_ITSELF


class VipParty:
    """One reservation. `before` and `after` are its counter, None where it could not be read.

    `first` are the scans by which the service let a guest in for the first time, one a pass;
    `perhaps` counts the other passes of which an answer is open, or missing as a device is silent.
    So does an entry that a device decided by itself, as the service counts it when it hears of it;
    `uploaded` are those of them of which it has heard.
    """

    def __init__(
        self,
        evidence: Evidence,
        planned: VipReservationRow,
        before: VipReservationRow | None,
        after: VipReservationRow | None,
    ) -> None:
        self.id = planned.id
        self.total = (before or planned).total_guests
        self.before = None if before is None else before.checked_in_guests
        self.after = None if after is None else after.checked_in_guests
        passes = [
            ticket.id
            for ticket in evidence.plan.tickets
            if ticket.kind == "vip_pass" and ticket.reservation == planned.id
        ]
        scans = [seen for each in passes for seen in evidence.by_ticket.get(each, ())]
        self.scans = sorted(scans, key=lambda seen: seen.record.decided_ns)
        first: dict[str, SeenScan] = {}
        for seen in filter(_is_first_entry, self.scans):
            if seen.record.authority is Authority.ONLINE:
                first.setdefault(seen.planned.ticket, seen)
        self.first = list(first.values())
        may_be_first = [seen for seen in scans if _may_be_first(seen)]
        open_passes = {seen.planned.ticket for seen in may_be_first} - first.keys()
        silent = (evidence.silent_tickets & set(passes)) - first.keys()
        self.perhaps = len(open_passes | silent)
        self.uploaded = len(
            {seen.planned.ticket for seen in scans if _is_synced(evidence, seen)} - first.keys()
        )
        self._silent = len(silent - open_passes)
        self._instants = Instants(evidence)
        self._answers_ns = sorted(map(self._instants.latest_answer_ns, self.first))
        self._asked_ns = self._earliest_ns([*may_be_first, *self.first])

    @property
    def is_told_of(self) -> bool:
        """Whether any number was told of it, by the service's records or to a guest."""
        told = any(self.number_told(seen) is not None for seen in self.scans)
        return bool(self.scans) and (told or self.after is not None)

    def number_told(self, seen: SeenScan) -> int | None:
        """How many had come in, as the service told; None if it did not."""
        is_services = seen.record.authority is Authority.ONLINE
        return seen.record.checked_in_guests if is_services else None

    @property
    def may_be_complete(self) -> bool:
        """Whether the counter may have had more first entries than it has guests."""
        return self.before is None or self.before + len(self.first) + self.perhaps > self.total

    def entered_before(self, seen: SeenScan) -> int:
        """First entries that were answered when this scan was sent, and itself if it is one."""
        is_one = any(each is seen for each in self.first)
        return is_one + bisect_left(self._answers_ns, self._instants.earliest_sent_ns(seen))

    def asked_by_then(self, seen: SeenScan) -> int:
        """Passes whose first entry may have been asked for when this scan was answered."""
        asked = bisect_right(self._asked_ns, self._instants.latest_answer_ns(seen))
        return asked + self._silent

    def _earliest_ns(self, scans: Sequence[SeenScan]) -> list[int]:
        """When the first entry of each pass may have been asked for."""
        earliest_ns: dict[str, int] = {}
        for seen in scans:
            sent_ns = self._instants.earliest_sent_ns(seen)
            known_ns = earliest_ns.get(seen.planned.ticket, sent_ns)
            earliest_ns[seen.planned.ticket] = min(known_ns, sent_ns)
        return sorted(earliest_ns.values())


def _may_be_first(seen: SeenScan) -> bool:
    """Whether the service may count it as a first entry, without having said so."""
    return may_have_admitted(seen) or seen.record.authority in BY_ITSELF


def _is_synced(evidence: Evidence, seen: SeenScan) -> bool:
    """Whether the service has taken an entry that a device decided by itself."""
    entry = evidence.journals.of_scan(seen.record.nonce, seen.record.attempt)
    is_taken = entry is not None and entry.state is QueueState.SYNCED
    return is_taken and seen.record.outcome.admits and seen.record.authority in BY_ITSELF


def _is_first_entry(seen: SeenScan) -> bool:
    """Whether the guest came in for the first time."""
    return seen.record.outcome.kind is OutcomeKind.ADMITTED


def vip_parties(evidence: Evidence) -> dict[str, VipParty]:
    """The plan's reservations, by id."""
    before = _rows(evidence.records.before.vip_reservations)
    after = _rows(evidence.records.after.vip_reservations)
    return {
        row.id: VipParty(evidence, row, before.get(row.id.lower()), after.get(row.id.lower()))
        for row in evidence.plan.reservations
    }


def _rows(rows: Iterable[VipReservationRow] | None) -> dict[str, VipReservationRow]:
    return {row.id.lower(): row for row in rows or ()}
