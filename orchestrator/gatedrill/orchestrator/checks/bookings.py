"""What became of the places of a slot: which were taken, which perhaps, by history and records."""

from collections.abc import Iterable
from typing import NamedTuple

from gatedrill.contract.outcome import OutcomeKind
from gatedrill.contract.service import AuditLogRow, SlotRow
from gatedrill.orchestrator.checks.payments import Payments, Range, legacy_places, payments_of
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.plan import PlannedCheckout
from gatedrill.orchestrator.seen import SeenCheckout


class Bookings(NamedTuple):
    """One slot of the plan. `before` and `after` are its rows, None where they could not be read.

    `open_checkouts` are those that may have got their places. `audit` is what the audit log has on
    the slot, None where it does not promise to have everything.
    """

    planned: SlotRow
    before: SlotRow | None
    after: SlotRow | None
    checkouts: list[SeenCheckout]
    open_checkouts: list[PlannedCheckout]
    payments: Payments
    audit: list[AuditLogRow] | None

    @property
    def booked(self) -> list[SeenCheckout]:
        """The checkouts that got their places."""
        return [seen for seen in self.checkouts if seen.record.outcome.kind is OutcomeKind.BOOKED]

    @property
    def taken(self) -> Range:
        """How many places were taken.

        Payments for places that no checkout has reserved take theirs only now.
        """
        booked = sum(seen.planned.guests for seen in self.booked)
        wanted = sum(planned.guests for planned in self.open_checkouts)
        legacy = legacy_places(self.payments, self.audit)
        return Range(booked + legacy.least, booked + wanted + legacy.most)


def all_bookings(evidence: Evidence) -> dict[str, Bookings]:
    """The plan's slots, by id."""
    before = _rows(evidence.records.before.slots)
    after = _rows(evidence.records.after.slots)
    return {
        slot.id: Bookings(
            planned=slot,
            before=before.get(slot.id.lower()),
            after=after.get(slot.id.lower()),
            checkouts=[seen for seen in evidence.checkouts if seen.planned.slot == slot.id],
            open_checkouts=_open_checkouts(evidence, slot.id),
            payments=payments_of(evidence, slot.id),
            audit=_audit(evidence, slot.id),
        )
        for slot in evidence.plan.slots
    }


def _open_checkouts(evidence: Evidence, slot: str) -> list[PlannedCheckout]:
    open_ended = {
        seen.planned.attempt for seen in evidence.checkouts if seen.record.outcome.is_open
    } | evidence.silent_attempts
    return [
        planned
        for step in evidence.plan.steps
        for planned in step.attempts
        if isinstance(planned, PlannedCheckout)
        and planned.slot == slot
        and planned.attempt in open_ended
    ]


def _audit(evidence: Evidence, slot: str) -> list[AuditLogRow] | None:
    rows = evidence.records.logs.audit_logs
    if rows is None or not evidence.records.complete_logs:
        return None
    return [row for row in rows if row.slot_id.lower() == slot.lower()]


def _rows(rows: Iterable[SlotRow] | None) -> dict[str, SlotRow]:
    return {row.id.lower(): row for row in rows or ()}
